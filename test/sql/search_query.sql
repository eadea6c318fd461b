-- search_query: what the words of a query ask for, by hand; no table is read.
BEGIN;
SELECT plan(164);

-- Units
SELECT is(mjc.search_units(q), u::text[], format('units of %s', left(translate(q, E'\t\n\r', '   '), 40)))
  FROM (VALUES ('Électrode d''allumage', '{electrode,allumage}'), ('16-07', '{"16 07"}'), ('joint 16-07', '{joint,"16 07"}'), ('Vitodens 100-W', '{vitodens,"100 w"}'), ('vanne-3-voies', '{"vanne 3 voies"}'),
               ('٤٩١٧-٣٦٥', '{"4917 365"}'), ('والمضخة الجديدة', '{مضخه,جديده}'), ('saunier-duval', '{saunier,duval}'), ('a''b', '{a,b}'), ('', '{}'), (' ', '{}'), ('--- ''', '{}'), ('l''', '{}'),
               (E'\ta\nb\r', '{a,b}'), (E'1\u20032\u30003', '{1,2,3}'), (E'1\u00a02', '{"1 2"}'), ('a b c d e f g h i j k l', '{a,b,c,d,e,f,g,h,i,j,k,l}'), ('a b c d e f g h i j k l m', '{a,b,c,d,e,f,g,h,i,j,k,l}'),
               ('a b c d e f g h i j k l-m', '{a,b,c,d,e,f,g,h,i,j,k,l}'), ('a b c d e f g h i j k l-1', '{a,b,c,d,e,f,g,h,i,j,k,"l 1"}'), (repeat('x', 100000), '{' || repeat('x', 100000) || '}'), (repeat(' ', 100000) || 'x', '{x}')) v (q, u);
SELECT is(array_agg(c ORDER BY c), '{9,10,11,12,13,32,133,5760,8192,8193,8194,8195,8196,8197,8198,8200,8201,8202,8232,8233,8287,12288}', 'what is between two numbers: blanks, but for those that must not break')
  FROM generate_series(1, 65535) c WHERE c NOT BETWEEN 55296 AND 57343 AND cardinality(mjc.search_units('16' || chr(c) || '07')) = 2;
SELECT is(mjc.search_units(NULL), NULL, 'of NULL none');
SELECT is_empty($$SELECT q FROM (SELECT string_agg(chr(CASE WHEN i % 3 = 0 THEN 32 + (n * 31 + i * 7) % 95 WHEN i % 3 = 1 THEN 1536 + (n * 17 + i * 13) % 256 ELSE 128 + (n * 11 + i * 5) % 12000 END), '' ORDER BY i) AS q
                     FROM generate_series(1, 2000) n, generate_series(1, n % 60) i GROUP BY n) x CROSS JOIN LATERAL mjc.search_units(q) u
                   WHERE cardinality(u) > 12 OR '' = ANY (u) OR array_to_string(u, '') ~ '[A-Z!-/:-@]' OR EXISTS (SELECT FROM unnest(u) w WHERE w LIKE '% %' AND w !~ '[0-9]')$$,
                'whatever is typed: twelve at most, none empty, folded, with spaces only where there is a digit');

-- Words
SELECT is(mjc.search_word_query(w)::text, q, format('the word %s', left(w, 30)))
  FROM (VALUES ('joint', '''joint'''), ('electrodes', '''electrod'''), ('sprue', '''spru'' | ''sprue'''), ('قطب', '''قطب'''), ('مضخات', '''مضخات'' | ''مضخا'''), ('100', '''100'''), ('the', NULL), ('des', NULL), ('', NULL), (' ', NULL), (NULL, NULL),
               -- not folded
               ('o''neil', '''neil'' & ''o'''), ('a\b', '''a'' & ''b'' | ''b'''), ('x & !y | (z)', '''x'' & ''z'' | ''x'' & ''y'' & ''z'''), ('exemple.fr/l''eau', '''/l''''eau'' & ''exemple.fr'' & ''exemple.fr/l''''eau'''), (repeat('x', 3000), NULL)) v (w, q);
SELECT is(mjc.search_unit_query(u, a)::text, q, format('the unit "%s"%s', left(u, 30), CASE WHEN a THEN ', alone' ELSE '' END))
  FROM (VALUES ('joint', false, '''joint'''), ('joint', true, '''joint'' | ''joint'''), ('16 07', false, '''16'' & ''07'' | ''1607'''), ('16 07', true, '''1607'''), ('100 w', false, '''100'' & ''w'' | ''100w'''), ('100 w', true, '''100'' & ''w'' | ''100w'''),
               ('100', true, '''100'' | ''100'''), ('the', false, NULL), ('the', true, '''the'''), ('de 1', false, '''1'' | ''de1'''), ('des le', false, '''desle'''), ('', false, NULL), ('', true, NULL), ('  ', false, NULL), ('  ', true, NULL), (' a ', false, '''a'''),
               ('a''b', true, '''a'' & ''b'' | ''b'' | ''a''''b'''), ('a\', true, '''a\\'''), (repeat('1', 2047), true, '''' || repeat('1', 2047) || ''' | ''' || repeat('1', 2047) || ''''), (NULL, true, NULL), ('a', NULL, NULL)) v (u, a, q);
SELECT throws_ok($$SELECT mjc.search_unit_query(repeat('1', 2048), true)$$, '54000', NULL, 'a number that no lexeme can be');
SELECT is(mjc.search_all_query(u::text[])::text, q, format('all of %s', u))
  FROM (VALUES ('{joint,the,electrode,"100 w"}', '''joint'' & ''electrod'' & ( ''100'' & ''w'' | ''100w'' )'), ('{}', NULL), ('{the,des}', NULL), ('{NULL}', NULL), ('{""}', NULL), ('{x1,NULL,y1}', '''x1'' & ''y1'''), (NULL, NULL),
               ('{{a1,b1},{c1,d1}}', '''a1'' & ''b1'' & ''c1'' & ''d1'''), ('[7:8]={a1,b1}', '''a1'' & ''b1''')) v (u, q);
SELECT throws_ok($$SELECT mjc.search_all_query(ARRAY(SELECT 'w' || i FROM generate_series(1, 300000) i))$$, '54000', NULL, 'more words than a text query can hold');

-- What has a name
SELECT is(mjc.search_run_query(u::text[], o::text[], t::text[])::text, q, format('%s or %s or %s', u, o, t))
  FROM (VALUES ('{joint}', '{"circuit board",the}', '{k:1,m:2}', '''joint'' | ''circuit'' & ''board'' | ''k:1'' | ''m:2'''), (NULL, NULL, '{k:1}', '''k:1'''), (NULL, '{joint}', NULL, '''joint'''), (NULL, NULL, NULL, NULL), ('{joint}', NULL, NULL, '''joint'''),
               ('{the}', '{}', '{}', NULL), ('{joint}', '{NULL}', '{NULL,k:2}', '''joint'' | ''k:2'''), ('{a1,b1}', '{{"c1 d1"},{e1}}', '{{k:1},{k:2}}', '''a1'' & ''b1'' | ''c1'' & ''d1'' | ''e1'' | ''k:1'' | ''k:2'''),
               (NULL, NULL, '{"a'' | ''b","\\",""}', '''a'''' | ''''b'' | ''\\''')) v (u, o, t, q);
SELECT is(mjc.search_tag_query(p, i::uuid[])::text, q, format('tags %s of %s', p, i))
  FROM (VALUES ('b', '{00000005-0000-4000-8000-000000000051,ABCDEF05-0000-4000-8000-000000000052,NULL}', '''b:00000005000040008000000000000051'' | ''b:abcdef05000040008000000000000052'''), ('b', '{}', NULL), ('b', '{NULL}', NULL), ('b', NULL, NULL),
               (NULL, '{00000005-0000-4000-8000-000000000051}', NULL), ('', '{00000005-0000-4000-8000-000000000051}', ''':00000005000040008000000000000051'''), ('''|''\', '{00000005-0000-4000-8000-000000000051}', '''''''|''''\\:00000005000040008000000000000051'''),
               ('k', '{{00000005-0000-4000-8000-000000000051},{00000005-0000-4000-8000-000000000052}}', '''k:00000005000040008000000000000051'' | ''k:00000005000040008000000000000052''')) v (p, i, q);
SELECT throws_ok($$SELECT mjc.search_tag_query(repeat('b', 3000), ARRAY[gen_random_uuid()])$$, '54000', NULL, 'a tag that no lexeme can be');

-- Properties
CREATE TEMP TABLE typed AS
SELECT n, mjc.search_fold(w) AS word, w
  FROM generate_series(1, 4000) n
 CROSS JOIN LATERAL (SELECT string_agg((ARRAY['chaud', 'iere', 's', 'x', 'électro', 'de', '1', '07', 'ال', 'مضخ', 'ات', '''', '\', '&', '|', '!', ':*', '(', ')', '-', ' '])[1 + abs(hashint4(n * 13 + i)) % 21], '' ORDER BY i) AS w FROM generate_series(1, 1 + n % 6) i) x;
SELECT is_empty($$SELECT w FROM typed WHERE mjc.search_word_query(w) IS NOT NULL AND NOT (to_tsvector('pg_catalog.french', w) @@ mjc.search_word_query(w) AND CASE WHEN w ~ '[؀-ۿ]' THEN to_tsvector('pg_catalog.arabic', w) ELSE to_tsvector('pg_catalog.english', w) END @@ mjc.search_word_query(w))$$,
                'a word finds itself in every language');
SELECT is_empty($$SELECT w FROM typed WHERE (mjc.search_word_query(w) IS NULL) <> (to_tsvector('pg_catalog.french', w) = '' OR CASE WHEN w ~ '[؀-ۿ]' THEN to_tsvector('pg_catalog.arabic', w) ELSE to_tsvector('pg_catalog.english', w) END = '')$$,
                'and says nothing when it says nothing in one of them');
SELECT is_empty($$SELECT a.w, b.w FROM typed a JOIN typed b ON b.n = a.n + 1 WHERE mjc.search_all_query(ARRAY[a.w, b.w]) IS DISTINCT FROM mjc.search_and(mjc.search_unit_query(a.w, false), mjc.search_unit_query(b.w, false))$$, 'all of two are both');
SELECT is_empty($$SELECT a.word, b.word FROM typed a JOIN typed b ON b.n = a.n + 1
                   WHERE mjc.search_run_query(ARRAY[a.word], ARRAY[b.word], ARRAY[a.w])::text IS DISTINCT FROM mjc.search_or(mjc.search_or(mjc.search_all_query(ARRAY[a.word]), mjc.search_all_query(string_to_array(b.word, ' '))), mjc.search_run_query(NULL, NULL, ARRAY[a.w]))::text$$,
                'a run is its words, or a synonym, or a name');
SELECT is_empty($$SELECT w FROM typed WHERE w <> '' AND NOT (numnode(mjc.search_run_query(NULL, NULL, ARRAY[w])) = 1 AND array_to_tsvector(ARRAY[w]) @@ mjc.search_run_query(NULL, NULL, ARRAY[w]))$$, 'whatever a tag holds, it is that one lexeme');
SELECT is_empty($$SELECT w, i FROM typed CROSS JOIN LATERAL (SELECT gen_random_uuid() AS i WHERE n < 200) x WHERE NOT (numnode(mjc.search_tag_query(w, ARRAY[i])) = 1 AND array_to_tsvector(ARRAY[mjc.search_tag(w, i)]) @@ mjc.search_tag_query(w, ARRAY[i]))$$, 'and the one of mjc.search_tag');

-- Spellings
SELECT is(mjc.search_spellings(u::text[]), s::text[], format('spellings of %s', u))
  FROM (VALUES ('{}', '{}'), ('{joint}', '{joint}'), ('{joints,gaz}', '{joints,joint,"joints gaz","joint gaz",gaz}'), ('{vis,tuyaux,bus}', '{vis,"vis tuyaux","vis tuyau","vis tuyaux bus","vis tuyau bus",tuyaux,tuyau,"tuyaux bus","tuyau bus",bus}'),
               ('{a,b,c,d,e,f}', '{a,"a b","a b c","a b c d","a b c d e",b,"b c","b c d","b c d e","b c d e f",c,"c d","c d e","c d e f",d,"d e","d e f",e,"e f",f}'), ('{abcss}', '{abcss,abcs}'), ('{"100 ws","axes s"}', '{"100 ws","100 ws axes s","100 ws axe s","axes s","axe s"}'),
               ('{""}', '{""}'), ('[4:5]={a,b}', '{a,"a b",b}'), (NULL, NULL)) v (u, s);
SELECT is_empty($$SELECT word FROM typed CROSS JOIN LATERAL (SELECT regexp_replace(word, '([a-z]{3})[sx](?= |$)', '\1', 'g') AS single) x WHERE mjc.search_spellings(ARRAY[word]) <> CASE WHEN single <> word THEN ARRAY[word, single] ELSE ARRAY[word] END$$,
                'a plural is a word of four letters or more that ends in s or x');
SELECT is(cardinality(mjc.search_spellings(array_fill('a'::text, ARRAY[1000]))), 4990, 'a thousand words');
SELECT is(mjc.search_keys('{"a b",c," d ","",é}'), '{ab,c,d,"",é}', 'keys have no spaces');
SELECT is(mjc.search_keys('{}'), '{}', 'of none none');
SELECT is(mjc.search_stem_key(n), k, format('the stems of %s', n))
  FROM (VALUES ('vannes gaz', ':vanngaz'), ('vanne a gaz', ':vanngaz'), ('vase d expansion', ':vasexpans'), ('gas valves', ':gasvalv'), ('صمام الغاز', ':صمامغاز'), ('de la', NULL), ('ventilateurs', NULL), ('le ventilateur', NULL), ('', NULL), ('  ', NULL), ('100 w', ':100w'), (NULL, NULL)) v (n, k);
SELECT is(mjc.search_stem_keys(u::text[]), k::text[], format('the stems of runs of %s', u))
  FROM (VALUES ('{}', '{}'), ('{vannes,a,gaz}', '{:,:,:vanngaz,:,:,:}'), ('{"100 w"}', '{:100w}'), ('{de}', '{:}'), ('{""}', '{:}'), (NULL, NULL)) v (u, k);
SELECT is(cardinality(mjc.search_stem_keys(array_fill('a'::text, ARRAY[1000]))), 4990, 'of a thousand words');
SELECT is_empty($$SELECT u.units FROM (SELECT array_agg(t.word) AS units FROM typed t WHERE t.word !~ ' ' AND mjc.search_stem_key(t.word) IS NOT NULL GROUP BY length(t.word)) u
                   WHERE mjc.search_stem_keys(u.units[:3]) @> ARRAY[mjc.search_stem_key(array_to_string(u.units[:3], ' '))] IS NOT TRUE$$, 'a run of words has the key of a name of these words');
SELECT is(mjc.search_keys(NULL), NULL, 'of NULL none');

-- Meanings of what was looked up
CREATE FUNCTION pg_temp.runs(units text[], aliases text[] DEFAULT '{}', words text[] DEFAULT '{}', keys text[] DEFAULT '{}', whats text[] DEFAULT '{}', ids uuid[] DEFAULT '{}') RETURNS text
    LANGUAGE sql
    AS $$ SELECT coalesce(string_agg(concat_ws(' ', r.first, r.words, r.others, replace(r.tags::text, '00000000000040008000', '-'), CASE WHEN r.is_kind THEN 'kind' END, replace(r.boilers::text, '00000000-0000-4000-8000-', '-')), ', ' ORDER BY r.n), '')
            FROM mjc.search_runs(units, aliases, words, keys, whats, ids) WITH ORDINALITY r (first, words, others, tags, is_kind, boilers, n) $$;
CREATE FUNCTION pg_temp.id(n integer) RETURNS uuid LANGUAGE sql AS $$ SELECT ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid $$;
SELECT is(pg_temp.runs('{a,b}'), '', 'nothing known: nothing');
SELECT is(pg_temp.runs('{}', '{a}', '{b}', '{a}', '{kind}', ARRAY[pg_temp.id(1)]), '', 'nor of no words');
SELECT is(pg_temp.runs('{x,a,b}', '{"a b",c}', '{z,z}'), '2 2 {c,z}', 'a run that is an alias: its word and the word''s other aliases');
SELECT is(pg_temp.runs('{z}', '{b,"a a",b}', '{z,z,y}'), '1 1 {"a a",b}', 'a word: its aliases, sorted');
SELECT is(pg_temp.runs('{b}', '{b,b}', '{z,y}'), '1 1 {y,z}', 'an alias of two words');
SELECT is(pg_temp.runs('{joints}', '{seal}', '{joint}'), '1 1 {seal}', 'a plural without its ending');
SELECT is(pg_temp.runs('{f,25}', keys => '{f25,f25,f}', whats => '{boiler,boiler,manufacturer}', ids => ARRAY[pg_temp.id(2), pg_temp.id(1), pg_temp.id(3)]), '1 2 {-000000000001,-000000000002}, 1 1 {m:-000000000003}', 'names, the longer run first: tags, and boilers in their order');
SELECT is(pg_temp.runs('{a}', '{b}', '{a}', '{a,b,b,b}', '{kind,manufacturer,manufacturer,boiler}', ARRAY[pg_temp.id(1), pg_temp.id(2), pg_temp.id(2), pg_temp.id(4)]), '1 1 {b} {k:-000000000001,m:-000000000002} kind {-000000000004}', 'what its synonyms are the names of, each once');
SELECT throws_ok(format('SELECT mjc.search_runs(%s)', a), e, NULL, format('runs: %s', a))
  FROM (VALUES ($$'{a,NULL}', '{}', '{}', '{}', '{}', '{}'$$, 'MJ003'), ($$'{{a},{b}}', '{}', '{}', '{}', '{}', '{}'$$, 'MJ010'), ($$'{a}', '{a}', '{}', '{}', '{}', '{}'$$, 'MJ010'), ($$'{a}', '{}', '{a}', '{}', '{}', '{}'$$, 'MJ010'),
               ($$'{a}', '{}', '{}', '{a}', '{}', '{}'$$, 'MJ010'), ($$'{a}', '{}', '{}', '{a}', '{kind}', '{}'$$, 'MJ010'), ($$'{a}', '{}', '{}', '{a}', '{kind}', '{NULL}'$$, 'MJ003'), ($$'{a}', '{NULL}', '{a}', '{}', '{}', '{}'$$, 'MJ003'),
               ($$array_fill('a'::text, '{1001}'), '{}', '{}', '{}', '{}', '{}'$$, 'MJ006')) v (a, e);
SELECT is_empty($$SELECT * FROM mjc.search_runs(NULL, '{}', '{}', '{}', '{}', '{}')$$, 'of NULL none');
SELECT throws_ok(format('SELECT mjc.%s', c), e, NULL, c)
  FROM (VALUES ($$search_spellings('{a,NULL}')$$, 'MJ003'), ($$search_spellings('{{a},{b}}')$$, 'MJ010'), ($$search_spellings(array_fill('a'::text, '{1001}'))$$, 'MJ006'), ($$search_keys('{NULL}')$$, 'MJ003'), ($$search_keys('{{a},{b}}')$$, 'MJ010'),
               ($$search_keys(array_fill('a'::text, '{1000001}'))$$, 'MJ006'), ($$search_stem_keys('{a,NULL}')$$, 'MJ003'), ($$search_stem_keys('{{a},{b}}')$$, 'MJ010'), ($$search_stem_keys(array_fill('a'::text, '{1001}'))$$, 'MJ006'), ($$search_meanings('{a,NULL}')$$, 'MJ003'), ($$search_meanings('{{a},{b}}')$$, 'MJ010'), ($$search_parse('{{a},{b}}')$$, 'MJ010')) v (c, e);
SELECT lives_ok($$SELECT mjc.search_runs('{a}', '{a}', '{b}', '{a,a,a}', ARRAY['', 'é', 'no such'], ARRAY[gen_random_uuid(), gen_random_uuid(), gen_random_uuid()])$$, 'what no name has');
-- As SQL would put it together
CREATE FUNCTION pg_temp.runs_in_sql(units text[], aliases text[], alias_words text[], keys text[], whats text[], ids uuid[]) RETURNS SETOF text
    LANGUAGE sql
AS $$
    WITH run AS (
        SELECT f AS first, n AS words, s AS spelled FROM generate_series(1, cardinality(units)) f, generate_series(1, least(5, cardinality(units) - f + 1)) n, unnest((mjc.search_spellings(units[f : f + n - 1]))) s
         WHERE s = ANY (ARRAY[array_to_string(units[f : f + n - 1], ' '), regexp_replace(array_to_string(units[f : f + n - 1], ' '), '([a-z]{3})[sx](?= |$)', '\1', 'g')])),
    member AS (SELECT w, w AS spelled FROM unnest(alias_words) w UNION SELECT w, a FROM unnest(aliases, alias_words) u (a, w)),
    every AS (
        SELECT r.first, r.words, r.spelled, true AS own FROM run r
        UNION
        SELECT r.first, r.words, o.spelled, false FROM run r JOIN member m ON m.spelled = r.spelled JOIN member o ON o.w = m.w AND o.spelled <> r.spelled)
    SELECT concat_ws('|', e.first, e.words, array_agg(DISTINCT e.spelled COLLATE "C") FILTER (WHERE NOT e.own), array_agg(DISTINCT mjc.search_tag(left(n.what, 1), n.id) COLLATE "C") FILTER (WHERE n.what <> 'boiler'),
                     coalesce(bool_or(n.what = 'kind'), false), array_agg(DISTINCT n.id) FILTER (WHERE n.what = 'boiler'))
      FROM every e LEFT JOIN unnest(keys, whats, ids) n (key, what, id) ON n.key = replace(e.spelled, ' ', '')
     WHERE NOT e.own OR n.id IS NOT NULL GROUP BY e.first, e.words ORDER BY e.first, e.words DESC
$$;
CREATE FUNCTION pg_temp.some(n integer, most integer, what integer) RETURNS text[]
    LANGUAGE sql
    AS $$ SELECT coalesce(array_agg((ARRAY['axes', 'axe', 'b', 'axes b', 'c d', 'cd', 'c', 'd', 'b c', 'é'])[1 + abs(hashint4(n * 101 + i * 7 + what)) % 10]), '{}') FROM generate_series(1, abs(hashint4(n + what)) % (most + 1)) i $$;
SELECT is_empty($$SELECT n FROM (SELECT n, pg_temp.some(n, 7, 1) AS u, pg_temp.some(n, 5, 2) AS a, pg_temp.some(n, 8, 3) AS k FROM generate_series(1, 400) n) x
                   CROSS JOIN LATERAL (SELECT coalesce(array_agg((ARRAY['axe', 'b', 'c d', 'cd'])[1 + abs(hashint4(n * 3 + i)) % 4] ORDER BY i), '{}') AS w FROM generate_series(1, cardinality(a)) i) y
                   CROSS JOIN LATERAL (SELECT coalesce(array_agg((ARRAY['kind', 'boiler', 'manufacturer', 'category'])[1 + abs(hashint4(n * 5 + i)) % 4] ORDER BY i), '{}') AS s, coalesce(array_agg(pg_temp.id(abs(hashint4(n * 11 + i)) % 5) ORDER BY i), '{}') AS ids FROM generate_series(1, cardinality(k)) i) z
                   WHERE ARRAY(SELECT concat_ws('|', r.first, r.words, r.others, r.tags, r.is_kind, r.boilers) FROM mjc.search_runs(u, a, w, mjc.search_keys(k), s, ids) WITH ORDINALITY r (first, words, others, tags, is_kind, boilers, o) ORDER BY r.o)
                      <> ARRAY(SELECT pg_temp.runs_in_sql(u, a, w, mjc.search_keys(k), s, ids))$$, 'the same as SQL would put together');
SELECT * FROM finish();
ROLLBACK;
