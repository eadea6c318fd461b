-- search_pair: words put together with the kind of the part that has them, and queries for both.
BEGIN;
SELECT plan(46);
\ir fixture.psql

SELECT is(mjc.search_paired(w::tsvector, t)::text, r, format('words %s of %s', w, t))
  FROM (VALUES ('gaz joint', 'k:00ab12', '''w:ab12gaz'' ''w:ab12joint'''), ('', 'k:00ab12', ''), ('''a''''b'' ''c\\d''', 'k:00ab12', '''w:ab12a''''b'' ''w:ab12c\\d'''),
               ('gaz:3A joint:4', 'ab12', '''w:ab12gaz'' ''w:ab12joint'''), ('gaz', 'k:', '''w:0000gaz'''), ('''m:ff'' ''c:ee''', 'k:0000ab12', '''w:ab12c:ee'' ''w:ab12m:ff'''), ('صمام', '0000', '''w:0000صمام''')) v (w, t, r);
SELECT is(mjc.search_paired(q::tsquery, t)::text, r, format('query %s of %s', q, t))
  FROM (VALUES ('gaz', 'k:00ab12', '''w:ab12gaz'''), ('gaz & !joint | ''m:ff''', 'k:00ab12', '''w:ab12gaz'' & !''w:ab12joint'' | ''w:ab12m:ff'''), ('', 'k:00ab12', ''), ('ga:*A', 'k:', '''w:0000ga'':*A'),
               ('''a''''b'' <-> c', 'ab12', '''w:ab12a''''b'' <-> ''w:ab12c'''), ('صمام', 'k:00ab12', '''w:ab12صمام''')) v (q, t, r);
SELECT is(mjc.search_paired(w, t), NULL, 'NULL words') FROM (VALUES (NULL::tsvector, 'k:'), ('gaz'::tsvector, NULL)) v (w, t);
SELECT is(mjc.search_paired(q, t), NULL, 'NULL query') FROM (VALUES (NULL::tsquery, 'k:'), ('gaz'::tsquery, NULL)) v (q, t);
SELECT is(length(mjc.search_paired(array_to_tsvector(ARRAY[repeat('x', n), 'gaz']), 'k:')), k, format('a word of %s characters', n)) FROM (VALUES (2040, 2), (2041, 1), (2046, 1)) v (n, k);
SELECT is(mjc.search_paired(array_to_tsvector(ARRAY[repeat('x', 2046)]), 'k:'), ''::tsvector, 'nothing is left of one that is too long');
SELECT is(length(mjc.search_paired(('''' || repeat('x', 2040) || '''')::tsquery, 'k:')::text), 2040 + 8, 'the longest word of a query');
SELECT pg_temp.refused(format('SELECT mjc.search_paired(''gaz''::%s, %L)', x, t), 'MJ010', 'kind_tag', format('%s: no tag: %s', x, t)) FROM unnest('{tsvector,tsquery}'::text[]) x, unnest(ARRAY['', 'k', 'm:', 'k:zzzz', 'ab1ü', 'AB12', 'k:00 1']) t;
SELECT pg_temp.refused('SELECT mjc.search_paired((quote_literal(repeat(''x'', 2041)))::tsquery, ''k:'')', 'MJ006', 'query', 'a query with a word that no paired word can be');
SELECT pg_temp.refused('SELECT mjc.search_paired((SELECT array_to_tsvector(array_agg(lpad(n::text, 2000, ''0''))) FROM generate_series(1, 523) n), ''k:'')', 'MJ006', 'words', 'more words than there is room for');

-- A query finds the same words paired as they were.
SELECT setseed(0.4);
CREATE TEMP TABLE text_of AS SELECT n, array_to_tsvector(ARRAY(SELECT DISTINCT chr(97 + floor(random() * 6)::integer) FROM generate_series(1, 1 + n % 5))) AS words FROM generate_series(1, 300) n;
CREATE TEMP TABLE query_of AS
SELECT n, (SELECT string_agg(CASE WHEN random() < 0.2 THEN '!' ELSE '' END || chr(97 + floor(random() * 6)::integer) || CASE WHEN random() < 0.1 THEN ':*' ELSE '' END, CASE WHEN random() < 0.5 THEN ' & ' ELSE ' | ' END ORDER BY m)
             FROM generate_series(1, 1 + n % 4) m)::tsquery AS query FROM generate_series(1, 300) n;
SELECT is(count(*) FILTER (WHERE (t.words @@ q.query) <> (mjc.search_paired(t.words, 'k:ab12') @@ mjc.search_paired(q.query, 'ab12'))), 0::bigint, format('%s texts and queries: the same', count(*)))
  FROM text_of t CROSS JOIN query_of q;
SELECT cmp_ok(count(*) FILTER (WHERE t.words @@ q.query), '>', 1000::bigint, 'many of which match') FROM text_of t CROSS JOIN query_of q;
SELECT is(count(*), 0::bigint, 'another kind has none of them') FROM text_of t CROSS JOIN query_of q WHERE q.query::text !~ '!' AND mjc.search_paired(t.words, 'k:ab13') @@ mjc.search_paired(q.query, 'ab12');

-- Kinds of one name, with tags that are no kind's
SELECT pg_temp.make_stock(1, 1), mjc.product_changed(ARRAY[pg_temp.pid(1)]) \g /dev/null
SELECT is(mjc.search_of_kind(t, o::tsquery)::text, r, format('of kind %s: %s', t, o))
  FROM (VALUES ('{k:00aa}'::text[], 'x | y', '''k:00aa'' & ( ''w:00aax'' | ''w:00aay'' )'), ('{k:00aa,c:00bb}', 'x', '''k:00aa'' & ''w:00aax'' | ''c:00bb'' & ''x'''), ('{k:00aa,k:00bb}', NULL, '''k:00aa'' | ''k:00bb''')) v (t, o, r);
SELECT is(mjc.search_of_kind(ARRAY(SELECT 'k:' || lpad(n::text, 4, '0') FROM generate_series(1, 21) n), 'x')::text ~ 'w:', false, 'very many kinds are not paired');
UPDATE mjc.search_product SET derived_version = 0 WHERE product_id = pg_temp.pid(1);
SELECT is(mjc.search_of_kind('{k:00aa,k:00bb}', 'x')::text, '( ''k:00aa'' | ''k:00bb'' ) & ''x''', 'nor is anything while a row of an older version is left');
SELECT * FROM finish();
ROLLBACK;
