-- search: from what people type to products, best first, each with why it was found.
--
-- The stages in their order; the first that finds something answers alone:
--   exact, crossReference    the number as it is, of the part itself or given to it by others;
--   superseded               the part that replaced the one with that number
--   leadingZeros             the number with more or fewer zeros before it
--   prefix                   numbers that begin with it, four characters or more, twenty at most
--   model                    words with a boiler among them: only what fits that boiler
--   words                    all words, in whatever language
--   beginning                the same, the last word not finished
--   typo                     the same, misspelt words corrected
--   nearNumber               numbers that differ by one character, or by O for 0, I for 1
-- Words that are names alone (beside the boiler), one of them a kind's, ask for parts of that kind: what
-- another kind's part has in its texts counts only when there is none. Of parts that have no kind the texts
-- count always.
-- Rules on what is folded: extension/fold.c, part_number.c, typo.c; what words ask for: search_query.c,
-- search_meaning.c.

----------------------------------------------------------------- numbers

CREATE FUNCTION mjc.search_kind_rank(kind text) RETURNS integer
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT pg_catalog.array_position(ARRAY['SKU', 'MANUFACTURER', 'EAN', 'INTERNAL', 'OEM', 'SUPPLIER', 'OLD_OEM', 'COMPETITOR'], kind) $$;
COMMENT ON FUNCTION mjc.search_kind_rank(text) IS 'Place of a kind of number among those that match alike: the shop''s own first';

-- Old numbers sell the new part. The old one is shown beside it while there is stock of it, or where
-- either serves for the other; so are other old parts that serve as well and are in stock. Arrays
-- stand in sub-selects so that one plan serves all lengths.
CREATE FUNCTION mjc.search_resolve(found_ids uuid[], found_kinds text[], label text, OUT ids uuid[], OUT kinds text[], OUT matched text[], OUT superseded text[])
    RETURNS record
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    now_in uuid[];
    now_out uuid[];
BEGIN
    IF NOT EXISTS (SELECT FROM mjc.supersession r WHERE r.product_id = ANY ((SELECT found_ids)::uuid[])) THEN
        SELECT array_agg(u.id ORDER BY u.n), array_agg(coalesce(label, CASE WHEN u.kind IN ('SKU', 'MANUFACTURER', 'EAN') THEN 'exact' ELSE 'crossReference' END) ORDER BY u.n),
               array_agg(u.kind ORDER BY u.n), array_agg(NULL::text)
          INTO ids, kinds, matched, superseded
          FROM unnest((SELECT found_ids), (SELECT found_kinds)) WITH ORDINALITY u (id, kind, n)
          JOIN mjc.product p ON p.product_id = u.id AND p.is_active;
        RETURN;
    END IF;
    SELECT f.now_in, f.now_out INTO now_in, now_out FROM mjc.stock_flips() f;
    WITH found AS (
        SELECT u.id, u.kind, u.n, p.sku, mjc.stocked(p.product_id, p.in_stock, now_in, now_out) AS stocked
          FROM unnest((SELECT found_ids), (SELECT found_kinds)) WITH ORDINALITY u (id, kind, n) JOIN mjc.product p ON p.product_id = u.id),
    chain AS MATERIALIZED (
        SELECT f.id AS old_id, f.kind, f.n, f.sku, l.live_id, l.two_way
          FROM found f
         CROSS JOIN LATERAL mjc.supersession_live(f.id) l
          JOIN mjc.product p ON p.product_id = l.live_id AND p.is_active
         WHERE EXISTS (SELECT FROM mjc.supersession r WHERE r.product_id = f.id)),
    candidate AS (
        SELECT c.live_id AS id, 'superseded' AS kind, c.kind AS matched, c.sku AS superseded, 0 AS class, c.n FROM chain c
        UNION ALL
        SELECT f.id, coalesce(label, CASE WHEN f.kind IN ('SKU', 'MANUFACTURER', 'EAN') THEN 'exact' ELSE 'crossReference' END), f.kind, NULL,
               CASE WHEN EXISTS (SELECT FROM chain c WHERE c.old_id = f.id) THEN 2 ELSE 1 END, f.n
          FROM found f
         WHERE NOT EXISTS (SELECT FROM chain c WHERE c.old_id = f.id AND NOT c.two_way) OR f.stocked
        UNION ALL
        SELECT t.id, 'superseded', c.kind, c.sku, 3, c.n
          FROM (SELECT x.kind, x.sku, x.n, array_agg(x.live_id) AS live_ids FROM chain x WHERE x.two_way GROUP BY x.kind, x.sku, x.n) c
         CROSS JOIN LATERAL unnest(mjc.supersession_twins(c.live_ids)) t (id)
          JOIN mjc.product p ON p.product_id = t.id
         WHERE t.id <> ALL (found_ids) AND mjc.stocked(p.product_id, p.in_stock, now_in, now_out)),
    best AS (
        SELECT DISTINCT ON (c.id) c.id, c.kind, c.matched, c.superseded, c.class, c.n FROM candidate c ORDER BY c.id, c.class, c.n)
    SELECT array_agg(b.id ORDER BY b.class >= 2, b.n, b.class, b.id), array_agg(b.kind ORDER BY b.class >= 2, b.n, b.class, b.id),
           array_agg(b.matched ORDER BY b.class >= 2, b.n, b.class, b.id), array_agg(b.superseded ORDER BY b.class >= 2, b.n, b.class, b.id)
      INTO ids, kinds, matched, superseded
      FROM best b JOIN mjc.product p ON p.product_id = b.id AND p.is_active;
END
$$;
COMMENT ON FUNCTION mjc.search_resolve(uuid[], text[], text) IS
    'What is shown for products found by their numbers, in that order: live parts for old ones, with the sku of the old part. label: why they match, NULL goes by the kind of number. NULL when nothing is active';

-- With several parts of one number the more popular one is first.
CREATE FUNCTION mjc.search_equal(wanted text, zeros boolean, OUT ids uuid[], OUT kinds text[])
    RETURNS record
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    SELECT array_agg(b.product_id ORDER BY b.rank, b.popularity DESC, b.product_id), array_agg(b.kind ORDER BY b.rank, b.popularity DESC, b.product_id) INTO ids, kinds
      FROM (SELECT DISTINCT ON (k.product_id) k.product_id, k.kind, mjc.search_kind_rank(k.kind) AS rank, p.popularity
              FROM ((SELECT x.product_id, x.kind FROM mjc.search_key x WHERE x.key = wanted LIMIT 200)
                    UNION ALL
                    (SELECT x.product_id, x.kind FROM mjc.search_key x WHERE zeros AND x.short_key = wanted AND x.short_key <> x.key LIMIT 200)) k
              JOIN mjc.product p ON p.product_id = k.product_id
             ORDER BY k.product_id, rank) b;
END
$$;
COMMENT ON FUNCTION mjc.search_equal(text, boolean) IS
    'Products that have a number of this key, and which number; zeros: or of this short key, with any zeros before it. NULL for none';

-- Of very many numbers with one beginning the first thousand are looked at.
CREATE FUNCTION mjc.search_prefix(wanted text, OUT ids uuid[], OUT kinds text[])
    RETURNS record
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    now_in uuid[];
    now_out uuid[];
BEGIN
    SELECT f.now_in, f.now_out INTO now_in, now_out FROM mjc.stock_flips() f;
    SELECT array_agg(b.product_id ORDER BY b.popularity DESC, b.stocked DESC, b.key, b.product_id), array_agg(b.kind ORDER BY b.popularity DESC, b.stocked DESC, b.key, b.product_id)
      INTO ids, kinds
      FROM (SELECT d.product_id, d.kind, d.key, d.popularity, d.stocked
              FROM (SELECT DISTINCT ON (p.product_id) p.product_id, k.kind, k.key, p.popularity, mjc.stocked(p.product_id, p.in_stock, now_in, now_out) AS stocked
                      FROM (SELECT x.product_id, x.kind, x.key FROM mjc.search_key x
                             WHERE x.key >= (SELECT wanted) AND x.key < (SELECT wanted || chr(1114111)) ORDER BY x.key LIMIT 1000) k
                      JOIN mjc.product p ON p.product_id = k.product_id AND p.is_active
                     ORDER BY p.product_id, k.key) d
             ORDER BY d.popularity DESC, d.stocked DESC, d.key, d.product_id LIMIT 20) b;
END
$$;
COMMENT ON FUNCTION mjc.search_prefix(text) IS
    'Active products that have a number with this beginning, twenty at most, by popularity, then stock; NULL for none';

-- All numbers that may have been meant, each looked up: what that costs does not grow with the shop.
-- A key without O and I is its own loose key.
CREATE FUNCTION mjc.search_near(wanted text, OUT ids uuid[], OUT kinds text[])
    RETURNS record
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    loose text := mjc.part_number_loose(wanted);
    variants text[];
BEGIN
    IF length(loose) NOT BETWEEN 5 AND 24 OR loose !~ '[0-9]' THEN
        RETURN;
    END IF;
    variants := mjc.one_typo_variants(loose);
    SELECT array_agg(b.product_id ORDER BY b.far, b.popularity DESC, b.product_id), array_agg(b.kind ORDER BY b.far, b.popularity DESC, b.product_id) INTO ids, kinds
      FROM (SELECT DISTINCT ON (k.product_id) k.product_id, k.kind, k.loose_key <> loose AS far, p.popularity
              FROM ((SELECT x.product_id, x.kind, x.loose_key FROM mjc.search_key x WHERE x.key = ANY ((SELECT variants)::text[]) LIMIT 50)
                    UNION ALL
                    (SELECT x.product_id, x.kind, x.loose_key FROM mjc.search_key x WHERE x.loose_key = ANY ((SELECT variants)::text[]) AND x.loose_key <> x.key LIMIT 50)) k
              JOIN mjc.product p ON p.product_id = k.product_id
             ORDER BY k.product_id, far) b;
END
$$;
COMMENT ON FUNCTION mjc.search_near(text) IS
    'Products that have a number which is this one with O for 0, I for 1, or one wrong, missing, additional or swapped character; of 5 to 24 characters with a digit among them. NULL for none';

CREATE FUNCTION mjc.search_numbers(query text, OUT ids uuid[], OUT kinds text[], OUT matched text[], OUT superseded text[])
    RETURNS record
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    wanted text COLLATE "C" := mjc.part_number_key(query);
    number_like boolean := wanted ~ '[0-9]' OR query ~ '\w[-./_]\w';
    found record;
BEGIN
    IF wanted IS NULL OR length(wanted) > 60 THEN
        RETURN;
    END IF;
    found := mjc.search_equal(wanted, false);
    -- A number of letters alone that is an ordinary word as well: whoever types it means the word.
    IF found.ids IS NOT NULL AND (number_like OR NOT EXISTS (SELECT FROM mjc.search_word w WHERE w.word = mjc.search_fold(query))) THEN
        SELECT r.ids, r.kinds, r.matched, r.superseded INTO ids, kinds, matched, superseded FROM mjc.search_resolve(found.ids, found.kinds, NULL) r;
    END IF;
    IF ids IS NULL AND number_like THEN
        found := mjc.search_equal(mjc.part_number_short(query), true);
        IF found.ids IS NOT NULL THEN
            SELECT r.ids, r.kinds, r.matched, r.superseded INTO ids, kinds, matched, superseded FROM mjc.search_resolve(found.ids, found.kinds, 'leadingZeros') r;
        END IF;
    END IF;
    IF ids IS NULL AND number_like AND length(wanted) >= 4 THEN
        SELECT p.ids, p.kinds, array_fill('prefix'::text, ARRAY[cardinality(p.ids)]), array_fill(NULL::text, ARRAY[cardinality(p.ids)])
          INTO ids, matched, kinds, superseded FROM mjc.search_prefix(wanted) p WHERE p.ids IS NOT NULL;
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.search_numbers(text) IS
    'Products found by their numbers: exact, else with other zeros before, else by their beginning; with why, which number, and the sku of the old part. NULL when nothing is found';

------------------------------------------------------------------- words

CREATE FUNCTION mjc.search_word_query(word text) RETURNS tsquery
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_search_word_query';
COMMENT ON FUNCTION mjc.search_word_query(text) IS 'A folded word in any of the languages; NULL for one that says nothing (the, des)';

-- A word with digits and marks within (100-W, 7828-765) stays one: it may be a number.
CREATE FUNCTION mjc.search_units(query text) RETURNS text[]
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_search_units';
COMMENT ON FUNCTION mjc.search_units(text) IS 'The words of a query, folded, twelve at most; one that may be a number holds spaces for its marks';

CREATE FUNCTION mjc.search_unit_query(unit text, alone boolean) RETURNS tsquery
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_search_unit_query';
COMMENT ON FUNCTION mjc.search_unit_query(text, boolean) IS
    'A word of mjc.search_units: itself, or the number that it is, or its parts; alone: it is the whole query. NULL when it says nothing';

CREATE FUNCTION mjc.search_all_query(units text[]) RETURNS tsquery
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_search_all_query';
COMMENT ON FUNCTION mjc.search_all_query(text[]) IS 'All these words; NULL when none of them says anything';

CREATE FUNCTION mjc.search_tag_query(prefix text, ids uuid[]) RETURNS tsquery
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_search_tag_query';
COMMENT ON FUNCTION mjc.search_tag_query(text, uuid[]) IS 'What belongs to any of these manufacturers (m), categories (c), kinds (k) or boilers (b); NULL for no id';

CREATE FUNCTION mjc.search_spellings(units text[]) RETURNS text[]
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_search_spellings';
COMMENT ON FUNCTION mjc.search_spellings(text[]) IS
    'Each run of up to five words of a query, and again without the endings of plurals where it has some. Errors: MJ003 a NULL in the array, MJ006 more than 1000 words, MJ010 more than one dimension';

CREATE FUNCTION mjc.search_keys(spellings text[]) RETURNS text[]
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_search_keys';
COMMENT ON FUNCTION mjc.search_keys(text[]) IS
    'Each of them without spaces, as mjc.search_name has keys. Errors: MJ003 a NULL in the array, MJ006 more than a million, MJ010 more than one dimension';

CREATE FUNCTION mjc.search_stem_keys(units text[]) RETURNS text[]
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_search_stem_keys';
COMMENT ON FUNCTION mjc.search_stem_keys(text[]) IS
    'mjc.search_stem_key of each run of up to five words of a query; a colon alone for one that begins or ends with what says nothing, or has one word that says something. Errors: MJ003 a NULL in the array, MJ006 more than 1000 words, MJ010 more than one dimension';

CREATE FUNCTION mjc.search_runs(units text[], aliases text[], alias_words text[], keys text[], whats text[], ids uuid[],
    OUT first integer, OUT words integer, OUT others text[], OUT tags text[], OUT is_kind boolean, OUT boilers uuid[])
    RETURNS SETOF record
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 3
    AS 'MODULE_PATHNAME', 'mjc_search_runs';
COMMENT ON FUNCTION mjc.search_runs(text[], text[], text[], text[], text[], uuid[]) IS
    'mjc.search_meanings of what was looked up: synonyms, each alias with its word, and names, each key with what has it and its id. Errors: MJ003 a NULL in an array, MJ006 more than 1000 units or a million of the others, MJ010 more than one dimension, arrays that should be as long as each other';

-- Runs of words that mean something: one another's synonyms, names of manufacturers, categories,
-- kinds and boilers. A plural is looked up without its ending too; what is no name so may be that of a kind or category
-- by its stems (vanne a gaz is a vanne gaz). What is looked up stands in arrays: one
-- scan of an index each, whatever the planner thinks of the tables; arrays in sub-selects, so that one plan
-- serves all lengths.
CREATE FUNCTION mjc.search_meanings(units text[], OUT first integer, OUT words integer, OUT others text[], OUT tags text[], OUT is_kind boolean, OUT boilers uuid[])
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE ROWS 3
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
AS $$
DECLARE
    spelled text[] := mjc.search_spellings(units);
    known text[];
    aliases text[];
    alias_words text[];
    found_keys text[];
    whats text[];
    ids uuid[];
BEGIN
    SELECT array_agg(x.word) INTO known FROM mjc.search_alias x WHERE x.alias = ANY ((SELECT spelled)::text[]) AND x.is_used;
    SELECT coalesce(array_agg(x.alias), '{}'), coalesce(array_agg(x.word), '{}') INTO aliases, alias_words
      FROM mjc.search_alias x WHERE x.word = ANY ((SELECT spelled || known)::text[]) AND x.is_used;
    SELECT coalesce(array_agg(x.key), '{}'), coalesce(array_agg(x.what), '{}'), coalesce(array_agg(x.id), '{}') INTO found_keys, whats, ids
      FROM mjc.search_name x WHERE x.key = ANY ((SELECT mjc.search_keys(spelled || aliases || alias_words) || mjc.search_stem_keys(units))::text[]);
    RETURN QUERY SELECT r.first, r.words, r.others, r.tags, r.is_kind, r.boilers FROM mjc.search_runs(units, aliases, alias_words, found_keys, whats, ids) r;
END
$$;
COMMENT ON FUNCTION mjc.search_meanings(text[]) IS
    'For each run of words of a query that is more than words: its place, the synonyms, the tags of what has that name, whether that is a kind of parts, the boilers of that name';

CREATE FUNCTION mjc.search_or(a tsquery, b tsquery) RETURNS tsquery
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS $$ SELECT coalesce(a OPERATOR(pg_catalog.||) b, a, b) $$;
COMMENT ON FUNCTION mjc.search_or(tsquery, tsquery) IS 'Either of two text queries; NULL is none';

CREATE FUNCTION mjc.search_and(a tsquery, b tsquery) RETURNS tsquery
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS $$ SELECT coalesce(a OPERATOR(pg_catalog.&&) b, a, b) $$;
COMMENT ON FUNCTION mjc.search_and(tsquery, tsquery) IS 'Both of two text queries; NULL is none';

-- A run of words: themselves, or its synonyms, or what has that name.
CREATE FUNCTION mjc.search_run_query(units text[], others text[], tags text[]) RETURNS tsquery
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_search_run_query';
COMMENT ON FUNCTION mjc.search_run_query(text[], text[], text[]) IS 'A row of mjc.search_meanings as text query';

-- Parts of a kind that have a word are found by both at once (mjc.search_paired); with very many kinds of one name that
-- would be longer than what it saves, and an older version may have left parts that are not paired.
CREATE FUNCTION mjc.search_of_kind(tags text[], others tsquery) RETURNS tsquery
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    tag text;
    wanted tsquery;
BEGIN
    IF others IS NULL OR cardinality(tags) > 20 OR NOT mjc.search_is_derived() THEN
        RETURN mjc.search_and(mjc.search_run_query(NULL, NULL, tags), others);
    END IF;
    FOREACH tag IN ARRAY tags LOOP
        wanted := mjc.search_or(wanted, mjc.search_run_query(NULL, NULL, ARRAY[tag]) && CASE WHEN tag LIKE 'k:%' THEN mjc.search_paired(others, tag) ELSE others END);
    END LOOP;
    RETURN wanted;
END
$$;
COMMENT ON FUNCTION mjc.search_of_kind(text[], tsquery) IS
    'The query for what has one of these tags, some of them of kinds, and the others (NULL: none) in its texts or as its maker or category';

-- From left to right, the longest run that means something first. whole: all words. named: of that kind,
-- for a query of names alone, one of them a kind's; with two it is not known which one is for the other.
-- Where a boiler is named, fitting and fitting_named: the others, without the boiler and its maker (dropped),
-- whose parts may be another maker's.
CREATE FUNCTION mjc.search_parse(units text[], dropped text[] DEFAULT NULL,
    OUT whole tsquery, OUT named tsquery, OUT fitting tsquery, OUT fitting_named tsquery, OUT boilers uuid[])
    RETURNS record
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    meaning record;
    run text[];
    one tsquery;
    words tsquery;
    others tsquery;
    kind_tags text[];
    kinds integer := 0;
    place integer := 1;
    boiler_first integer := 0;
    boiler_last integer := -1;
BEGIN
    FOR meaning IN SELECT m.first, m.words, m.others, m.tags, m.boilers, m.is_kind FROM mjc.search_meanings(units) m LOOP
        IF dropped IS NULL AND meaning.boilers IS NOT NULL AND meaning.words > boiler_last - boiler_first + 1 THEN
            boilers := meaning.boilers;
            boiler_first := meaning.first;
            boiler_last := meaning.first + meaning.words - 1;
        END IF;
        CONTINUE WHEN meaning.first < place OR (meaning.others IS NULL AND meaning.tags IS NULL);
        words := mjc.search_and(words, mjc.search_all_query(units[place : meaning.first - 1]));
        place := meaning.first + meaning.words;
        CONTINUE WHEN meaning.tags && dropped;
        run := units[meaning.first : place - 1];
        IF meaning.tags IS NULL THEN
            words := mjc.search_and(words, mjc.search_run_query(run, meaning.others, NULL));
        ELSE
            one := mjc.search_run_query(run, meaning.others, meaning.tags);
            whole := mjc.search_and(whole, one);
            IF meaning.is_kind THEN
                kind_tags := meaning.tags;
                kinds := kinds + 1;
            ELSE
                others := mjc.search_and(others, one);
            END IF;
        END IF;
    END LOOP;
    words := mjc.search_and(words, CASE WHEN cardinality(units) = 1 AND place = 1 AND dropped IS NULL THEN mjc.search_unit_query(units[1], true) ELSE mjc.search_all_query(units[place :]) END);
    named := CASE WHEN kinds = 1 AND words IS NULL THEN mjc.search_of_kind(kind_tags, others) END;
    whole := mjc.search_and(whole, words);
    IF boilers IS NOT NULL THEN
        SELECT p.whole, p.named INTO fitting, fitting_named
          FROM mjc.search_parse(units[: boiler_first - 1] || units[boiler_last + 1 :],
                   ARRAY(SELECT DISTINCT mjc.search_tag('m', b.manufacturer_id) FROM mjc.boiler_model b WHERE b.boiler_model_id = ANY ((SELECT boilers)::uuid[]))) p;
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.search_parse(text[], text[]) IS
    'The words of a query, each in any language, or its synonyms, or what has that name; named: what is of the one kind that is named with nothing but names beside it; with the boilers that are named, and both for the words beside them. NULL when nothing is left. dropped: leaves out names with such a tag';

-- What a query may mean, most likely first. also: what counts with wanted (mjc.search_page).
CREATE FUNCTION mjc.search_readings(units text[], unfinished boolean, OUT stage text, OUT wanted tsquery, OUT also tsquery, OUT title tsquery) RETURNS SETOF record
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE ROWS 2
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    read record;
    fits tsquery;
BEGIN
    IF unfinished THEN
        stage := 'beginning';
        wanted := mjc.search_beginning(units);
        title := wanted;
        IF wanted IS NOT NULL THEN
            RETURN NEXT;
        END IF;
        RETURN;
    END IF;
    read := mjc.search_parse(units);
    fits := mjc.search_tag_query('b', read.boilers);
    stage := 'model';
    title := read.fitting;
    IF read.fitting_named IS NOT NULL THEN
        wanted := read.fitting_named && fits;
        also := mjc.search_of_kind('{k:}', read.fitting) && fits;
        RETURN NEXT;
    END IF;
    wanted := mjc.search_and(read.fitting, fits);
    also := NULL;
    IF fits IS NOT NULL THEN
        RETURN NEXT;
    END IF;
    stage := 'words';
    title := read.whole;
    IF read.named IS NOT NULL THEN
        wanted := read.named;
        also := mjc.search_of_kind('{k:}', read.whole);
        RETURN NEXT;
    END IF;
    -- Nothing that fits is known: what only speaks of the boiler, but for what is known not to fit.
    wanted := coalesce(read.whole && !! mjc.search_tag_query('x', read.boilers), read.whole);
    also := NULL;
    IF wanted IS NOT NULL THEN
        RETURN NEXT;
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.search_readings(text[], boolean) IS
    'The text queries that the words of a query may be, the last one not finished if unfinished: stage (model, words or beginning, see the top of this file), the query, another one that counts with it (NULL: none), the words that names of products are ranked by';

CREATE FUNCTION mjc.search_beginning(units text[]) RETURNS tsquery
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    last text COLLATE "C" := units[cardinality(units)];
    before tsquery;
    one tsquery;
BEGIN
    IF length(last) < 3 OR last ~ '[0-9 ]' THEN
        RETURN NULL;
    END IF;
    one := ('''' || last || ''':*')::tsquery;
    -- The index collects all that begins so before it looks at another word: not for a word that is whole,
    -- nor beside words that nothing has. Counted, because for one row the planner would rather read the table.
    IF cardinality(units) > 1 THEN
        IF (SELECT count(*) = 1 AND bool_or(b.word = last)
              FROM (SELECT w.word FROM mjc.search_word w WHERE w.word >= last AND w.word < last || chr(1114111) ORDER BY w.word LIMIT 2) b) THEN
            RETURN NULL;
        END IF;
        before := (SELECT p.whole FROM mjc.search_parse(trim_array(units, 1)) p);
        IF (SELECT count(*) FROM mjc.search_product s WHERE s.is_active AND s.words @@ before) = 0 AND before IS NOT NULL THEN
            RETURN NULL;
        END IF;
    END IF;
    RETURN coalesce(before && one, one);
END
$$;
COMMENT ON FUNCTION mjc.search_beginning(text[]) IS 'The words of a query, the last one not finished; NULL when that is too short, may be a number or is a word with which no longer one begins, or nothing has the others';

-- Similar by trigrams to a half, or one typing error away: that is less than a half for short words. Nobody means a
-- word that says nothing.
CREATE FUNCTION mjc.search_correct(units text[]) RETURNS text[]
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    corrected text[] := units;
    better text;
BEGIN
    FOR i IN 1 .. cardinality(units) LOOP
        CONTINUE WHEN length(units[i]) NOT BETWEEN 4 AND 40 OR units[i] ~ '[0-9 ]'
            OR EXISTS (SELECT FROM mjc.search_word w WHERE w.word = units[i]);
        SELECT w.word INTO better
          FROM mjc.search_word w
         WHERE w.word OPERATOR(mjc_ext.%) units[i]
           AND (mjc_ext.similarity(w.word, units[i]) >= 0.5 OR mjc.one_typo(w.word, units[i])) AND mjc.search_word_query(w.word) IS NOT NULL
         ORDER BY mjc.one_typo(w.word, units[i]) DESC, mjc_ext.similarity(w.word, units[i]) DESC, w.products DESC, w.word LIMIT 1;
        corrected[i] := coalesce(better, units[i]);
    END LOOP;
    RETURN CASE WHEN corrected <> units THEN corrected END;
END
$$;
COMMENT ON FUNCTION mjc.search_correct(text[]) IS 'The words of a query with those that no text has replaced by the most similar ones; NULL when there is nothing to correct';

------------------------------------------------------------------- pages

-- Of very many the first ten thousand are no fair choice: products are walked through in the order
-- wanted until the page is full, which is soon where many match. The test is written so that no index
-- takes it. By price, a sale counts from the day it was entered.
CREATE FUNCTION mjc.search_many(wanted tsquery, min_price bigint, max_price bigint, in_stock boolean, sort text, page integer, page_size integer) RETURNS uuid[]
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    ids uuid[];
BEGIN
    EXECUTE 'SELECT ARRAY(SELECT p.product_id FROM mjc.product p JOIN mjc.search_product s ON s.product_id = p.product_id CROSS JOIN mjc.stock_flips() f'
         || ' CROSS JOIN LATERAL (SELECT coalesce(mjc.sale_price_at(p.sale_price_centimes, p.sale_from_at, p.sale_until_at, statement_timestamp()), p.price_centimes) AS price) x'
         || ' WHERE p.is_active AND (s.words @@ $1) IS TRUE AND ($2 IS NULL OR x.price >= $2) AND ($3 IS NULL OR x.price <= $3)'
         || ' AND ($4 IS NOT TRUE OR mjc.stocked(p.product_id, p.in_stock, f.now_in, f.now_out)) ORDER BY '
         || CASE sort WHEN 'price_asc' THEN 'coalesce(p.sale_price_centimes, p.price_centimes), p.product_id'
                      WHEN 'price_desc' THEN 'coalesce(p.sale_price_centimes, p.price_centimes) DESC, p.product_id DESC'
                      WHEN 'newest' THEN 'p.created_at DESC, p.product_id'
                      ELSE 'p.popularity DESC, p.product_id' END
         || ' LIMIT $5 OFFSET $6)'
       INTO ids
      USING wanted, min_price, max_price, in_stock, page_size, (page - 1)::bigint * page_size;
    RETURN ids;
END
$$;
COMMENT ON FUNCTION mjc.search_many(tsquery, bigint, bigint, boolean, text, integer, integer) IS
    'A page of what matches a query that very many match: by price, the newest or (relevance) the most popular first';

-- One pass over what was found: how many, which page of it, and the counts for each filter. also: in one
-- text query with wanted the index would read what is frequent in either for all of the other.
CREATE FUNCTION mjc.search_page(wanted tsquery, title tsquery, ids uuid[], tags tsquery, min_price bigint, max_price bigint, in_stock boolean,
    sort text, page integer, page_size integer, with_facets boolean, also tsquery DEFAULT NULL,
    OUT total bigint, OUT product_ids uuid[], OUT in_name boolean[], OUT facets text[])
    RETURNS record
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    narrowed tsquery := coalesce(wanted && tags, wanted);
    narrowed_also tsquery := coalesce(also && tags, also);
    now_in uuid[];
    now_out uuid[];
BEGIN
    SELECT f.now_in, f.now_out INTO now_in, now_out FROM mjc.stock_flips() f;
    WITH hit AS MATERIALIZED (
        SELECT p.product_id, p.category_id, p.manufacturer_id, p.kind_id, p.popularity, p.created_at, x.price, p.place, p.named, x.stocked
          FROM (SELECT s.product_id, s.category_id, s.manufacturer_id, s.kind_id, s.popularity, s.created_at, s.price_centimes, s.sale_price_centimes, s.sale_from_at, s.sale_until_at,
                       s.in_stock, 0::bigint AS place, coalesce(s.names @@ title, false) AS named
                  FROM mjc.search_product s
                 WHERE s.is_active AND (s.words @@ (SELECT narrowed) OR s.words @@ (SELECT narrowed_also))
                UNION ALL
                SELECT s.product_id, s.category_id, s.manufacturer_id, s.kind_id, s.popularity, s.created_at, s.price_centimes, s.sale_price_centimes, s.sale_from_at, s.sale_until_at,
                       s.in_stock, u.place, true
                  FROM unnest((SELECT ids)) WITH ORDINALITY u (id, place)
                  JOIN mjc.search_product s ON s.product_id = u.id
                 WHERE s.is_active AND (tags IS NULL OR s.words @@ tags)) p
         CROSS JOIN LATERAL (SELECT coalesce(mjc.sale_price_at(p.sale_price_centimes, p.sale_from_at, p.sale_until_at, statement_timestamp()), p.price_centimes) AS price,
                                    mjc.stocked(p.product_id, p.in_stock, now_in, now_out) AS stocked) x
         WHERE (min_price IS NULL OR x.price >= min_price) AND (max_price IS NULL OR x.price <= max_price)
           AND (search_page.in_stock IS NOT TRUE OR x.stocked)
         LIMIT 10001),
    shown AS (
        SELECT h.product_id, h.named, row_number() OVER () AS n
          FROM (SELECT i.product_id, i.named FROM hit i
                 ORDER BY CASE sort WHEN 'price_asc' THEN i.price WHEN 'price_desc' THEN - i.price END,
                          CASE sort WHEN 'newest' THEN i.created_at END DESC NULLS LAST,
                          i.place, i.named DESC, i.stocked DESC, i.popularity DESC, i.product_id
                 LIMIT page_size OFFSET (page - 1)::bigint * page_size) h)
    SELECT (SELECT count(*) FROM hit),
           coalesce(array_agg(p.product_id ORDER BY p.n), '{}'), coalesce(array_agg(p.named ORDER BY p.n), '{}'),
           (SELECT mjc.facet_tally(h.category_id, h.manufacturer_id, h.kind_id, mjc.price_band(h.price), h.stocked) FROM hit h WHERE with_facets)
      INTO total, product_ids, in_name, facets
      FROM shown p;
    IF total > 10000 THEN
        product_ids := mjc.search_many(mjc.search_or(narrowed, narrowed_also), min_price, max_price, in_stock, sort, page, page_size);
        in_name := ARRAY(SELECT coalesce(s.names @@ title, false) FROM unnest(product_ids) WITH ORDINALITY u (id, n) JOIN mjc.search_product s ON s.product_id = u.id ORDER BY u.n);
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.search_page(tsquery, tsquery, uuid[], tsquery, bigint, bigint, boolean, text, integer, integer, boolean, tsquery) IS
    'A page of the active products that match a text query or the one in also (first those whose names match title), or are of a list (in its order), and tags; prices in centimes. total stops at 10001; facets: of all of them';

-- What finds something answers, also when filters leave nothing of it. Words are read as they are, and
-- again when they were corrected.
CREATE FUNCTION mjc.search_words(units text[], tags tsquery, min_price bigint, max_price bigint, in_stock boolean, sort text, page integer, page_size integer, with_facets boolean,
    OUT stage text, OUT corrected text, OUT total bigint, OUT product_ids uuid[], OUT in_name boolean[], OUT facets text[])
    RETURNS record
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    filtered boolean := num_nonnulls(tags, min_price, max_price, nullif(in_stock, false)) > 0;
    meant text[] := units;
    reading record;
BEGIN
    FOREACH stage IN ARRAY ARRAY['words', 'beginning', 'typo'] LOOP
        IF stage = 'typo' THEN
            meant := mjc.search_correct(units);
            corrected := array_to_string(meant, ' ');
        END IF;
        FOR reading IN SELECT r.stage, r.wanted, r.also, r.title FROM mjc.search_readings(meant, stage = 'beginning') r LOOP
            SELECT p.total, p.product_ids, p.in_name, p.facets INTO total, product_ids, in_name, facets
              FROM mjc.search_page(reading.wanted, reading.title, NULL, tags, min_price, max_price, in_stock, sort, page, page_size, with_facets, reading.also) p;
            IF total > 0 OR (filtered AND (SELECT p.total FROM mjc.search_page(reading.wanted, NULL, NULL, NULL, NULL, NULL, NULL, 'relevance', 1, 1, false, reading.also) p) > 0) THEN
                stage := CASE WHEN reading.stage = 'words' THEN stage ELSE reading.stage END;
                RETURN;
            END IF;
        END LOOP;
    END LOOP;
    stage := NULL;
    corrected := NULL;
END
$$;
COMMENT ON FUNCTION mjc.search_words(text[], tsquery, bigint, bigint, boolean, text, integer, integer, boolean) IS
    'A page of what the words of a query find: model, words, beginning or typo (see the top of this file), which are in the name; corrected: the words that were searched instead. stage NULL when nothing is found';

-- The stages (see the top), until one finds something. What filters leave of that is the answer, also
-- when it is nothing. To plan a statement anew takes longer than to run it: all below is planned once.
CREATE FUNCTION mjc.search_run(query text, tags tsquery, min_price bigint, max_price bigint, in_stock boolean, sort text, page integer, page_size integer, with_facets boolean,
    OUT stage text, OUT corrected text, OUT total bigint, OUT product_ids uuid[], OUT kinds text[], OUT matched text[], OUT superseded text[], OUT facets text[])
    RETURNS record
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_variable
DECLARE
    units text[];
    found record;
    named boolean[];
BEGIN
    SELECT n.ids, n.kinds, n.matched, n.superseded INTO found FROM mjc.search_numbers(query) n;
    IF found.ids IS NULL THEN
        units := mjc.search_units(query);
        IF cardinality(units) > 0 THEN
            SELECT w.stage, w.corrected, w.total, w.product_ids, w.in_name, w.facets INTO stage, corrected, total, product_ids, named, facets
              FROM mjc.search_words(units, tags, min_price, max_price, in_stock, sort, page, page_size, with_facets) w;
        END IF;
        IF stage IS NOT NULL THEN
            kinds := array_fill(stage, ARRAY[cardinality(product_ids)]);
            matched := ARRAY(SELECT CASE WHEN u.yes THEN 'NAME' WHEN stage = 'model' THEN 'BOILER' ELSE 'TEXT' END FROM unnest(named) WITH ORDINALITY u (yes, n) ORDER BY u.n);
            superseded := array_fill(NULL::text, ARRAY[cardinality(product_ids)]);
            RETURN;
        END IF;
        SELECT r.ids, r.kinds, r.matched, r.superseded INTO found
          FROM mjc.search_near(query) e CROSS JOIN LATERAL mjc.search_resolve(e.ids, e.kinds, 'nearNumber') r
         WHERE e.ids IS NOT NULL;
    END IF;
    SELECT p.total, p.product_ids, p.facets INTO total, product_ids, facets
      FROM mjc.search_page(NULL, NULL, coalesce(found.ids, '{}'), tags, min_price, max_price, in_stock, sort, page, page_size, with_facets) p;
    SELECT coalesce(array_agg(f.kind ORDER BY u.n), '{}'), coalesce(array_agg(f.matched ORDER BY u.n), '{}'), coalesce(array_agg(f.superseded ORDER BY u.n), '{}')
      INTO kinds, matched, superseded
      FROM unnest((SELECT product_ids)) WITH ORDINALITY u (id, n)
      JOIN unnest((SELECT found.ids), (SELECT found.kinds), (SELECT found.matched), (SELECT found.superseded)) f (id, kind, matched, superseded) ON f.id = u.id;
    stage := coalesce(kinds[1], 'none');
END
$$;
COMMENT ON FUNCTION mjc.search_run(text, tsquery, bigint, bigint, boolean, text, integer, integer, boolean) IS
    'A page of what a query finds: the products, why each (see the top of this file), by which of their numbers or texts, the sku of the old part that it replaces; corrected: the words that were searched instead. total stops at 10001';

CREATE FUNCTION mjc.search_ids(query text, most integer) RETURNS uuid[]
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN coalesce((SELECT r.product_ids FROM mjc.search_run(query, NULL, NULL, NULL, NULL, 'relevance', 1, least(greatest(most, 1), 10000), false) r), '{}');
END
$$;
COMMENT ON FUNCTION mjc.search_ids(text, integer) IS 'The active products that a query finds, best first, most at most (10 000)';

CREATE FUNCTION mjc.search_match(query text, most integer DEFAULT 20, OUT place integer, OUT product_id uuid, OUT sku text, OUT name text,
    OUT kind text, OUT matched text, OUT superseded_from text)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE ROWS 20
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT u.n::integer, p.product_id, p.sku, p.name, u.kind, u.matched, u.superseded
      FROM mjc.search_run(left(query, 200), NULL, NULL, NULL, NULL, 'relevance', 1, least(greatest(most, 1), 10000), false) r
     CROSS JOIN LATERAL unnest(r.product_ids, r.kinds, r.matched, r.superseded) WITH ORDINALITY u (id, kind, matched, superseded, n)
      JOIN mjc.product p ON p.product_id = u.id
     ORDER BY u.n;
END
$$;
COMMENT ON FUNCTION mjc.search_match(text, integer) IS
    'What customers find with a query (its first 200 characters), best first, and why: exact, crossReference, superseded, leadingZeros, prefix, model, words, beginning, typo or nearNumber; by which number (SKU, EAN, OEM...) or text; instead of which old part';
