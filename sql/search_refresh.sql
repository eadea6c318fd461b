-- search_refresh: what the search reads of products, derived from them in the transaction that
-- changes them. Words, names and popularity may lag; jobs bring them up to date.

CREATE FUNCTION mjc.derived_version() RETURNS smallint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT 1::pg_catalog.int2 $$;
COMMENT ON FUNCTION mjc.derived_version() IS
    'Of the rules by which search rows and documents are derived from products: raised by a release that changes them; job catalogue_fill then brings what an older one derived up to date, and until it is done nothing relies on the new rules alone (mjc.search_is_derived)';

-- The least one is the first of an index.
CREATE FUNCTION mjc.search_is_derived() RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN coalesce((SELECT min(s.derived_version) FROM mjc.search_product s) >= mjc.derived_version(), true);
END
$$;
COMMENT ON FUNCTION mjc.search_is_derived() IS 'Whether every row of the search is as this version derives it';

CREATE FUNCTION mjc.search_tag(prefix text, id uuid) RETURNS text
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_search_tag_sql';
COMMENT ON FUNCTION mjc.search_tag(text, uuid) IS
    'The lexeme by which a product is found that belongs to a manufacturer (m), category (c), kind (k), or fits a boiler (b) or not (x); no word has a colon. k: alone: it has no kind';

-- Words and queries alike: what has such a word and that kind has both.
CREATE FUNCTION mjc.search_paired(words tsvector, kind_tag text) RETURNS tsvector
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_search_paired';
COMMENT ON FUNCTION mjc.search_paired(tsvector, text) IS
    'Words, each put together with the kind of the product by the last four characters of its tag (mjc.search_tag): w:1a2bgaz; other kinds may end alike. A word that becomes too long is left out. Errors: MJ006, MJ010 no such tag';

CREATE FUNCTION mjc.search_paired(query tsquery, kind_tag text) RETURNS tsquery
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_search_paired_query';
COMMENT ON FUNCTION mjc.search_paired(tsquery, text) IS
    'A text query of words for what mjc.search_paired(tsvector, text) made of them and the same kind. Errors: MJ006, MJ010';

-- b: a part fits by one of its rows and no row excludes the whole model; x: one does.
CREATE FUNCTION mjc.search_derive_boilers(product_ids uuid[], OUT product_id uuid, OUT tags text[])
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE ROWS 1000
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT f.product_id, array_agg(mjc.search_tag(CASE WHEN f.excluded THEN 'x' ELSE 'b' END, f.boiler_model_id))
      FROM (SELECT x.product_id, x.boiler_model_id, bool_or(x.fits) AS fits,
                   bool_or(NOT x.fits AND num_nonnulls(x.variant_id, x.serial, x.built, x.gas, x.power_w) = 0) AS excluded
              FROM unnest(product_ids) u (id)
              JOIN mjc.fitment x ON x.product_id = u.id
             GROUP BY x.product_id, x.boiler_model_id) f
     WHERE f.fits OR f.excluded
     GROUP BY f.product_id;
END
$$;
COMMENT ON FUNCTION mjc.search_derive_boilers(uuid[]) IS 'Tags of the boilers that products fit (b), or do not (x), going by the model alone';

CREATE FUNCTION mjc.search_derive_keys(product_ids uuid[], OUT product_id uuid, OUT kind text, OUT key text, OUT short_key text, OUT loose_key text)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE ROWS 1000
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT DISTINCT n.product_id, n.kind, mjc.part_number_key(n.number), mjc.part_number_short(n.number), mjc.part_number_loose(n.number)
      FROM (SELECT p.product_id, v.kind, v.number
              FROM unnest(product_ids) u (id)
              JOIN mjc.product p ON p.product_id = u.id
             CROSS JOIN LATERAL (VALUES ('SKU', p.sku), ('MANUFACTURER', p.manufacturer_ref), ('EAN', p.ean)) v (kind, number)
            UNION ALL
            SELECT x.product_id, x.kind, x.number
              FROM unnest(product_ids) u (id)
              JOIN mjc.cross_reference x ON x.product_id = u.id
             WHERE x.direction <> 'from_part') n
     -- Longer than any number: rows that came in past the rules must not stop those behind them.
     WHERE length(n.number) <= 200 AND mjc.part_number_key(n.number) IS NOT NULL;
END
$$;
COMMENT ON FUNCTION mjc.search_derive_keys(uuid[]) IS 'The rows of mjc.search_key of these products as they should be';

CREATE FUNCTION mjc.search_derive(product_ids uuid[], OUT product_id uuid, OUT category_id uuid, OUT created_at timestamptz, OUT price_centimes bigint,
    OUT popularity smallint, OUT derived_version smallint, OUT is_active boolean, OUT in_stock boolean, OUT manufacturer_id uuid, OUT kind_id uuid,
    OUT sale_price_centimes bigint, OUT sale_from_at timestamptz, OUT sale_until_at timestamptz, OUT names tsvector, OUT words tsvector, OUT spelled text)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE ROWS 1000
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT p.product_id, p.category_id, p.created_at, p.price_centimes, p.popularity, mjc.derived_version(), p.is_active, p.in_stock, p.manufacturer_id, p.kind_id,
           p.sale_price_centimes, p.sale_from_at, p.sale_until_at, n.names,
           w.words || mjc.search_paired(w.words, w.kind) || array_to_tsvector(w.kind || k.tags || b.tags),
           concat_ws(' ', t.fr, t.ar, t.en, d.fr, d.ar, d.en)
      FROM unnest(product_ids) u (id)
      JOIN mjc.product p ON p.product_id = u.id
      -- Sets, not look-ups: a plan made while these tables were empty must not be the end of an import.
      LEFT JOIN (SELECT x.product_id, array_agg(DISTINCT lower(x.key COLLATE "C")) AS tags FROM mjc.search_derive_keys(product_ids) x GROUP BY x.product_id) k ON k.product_id = u.id
      LEFT JOIN mjc.search_derive_boilers(product_ids) b ON b.product_id = u.id
     CROSS JOIN LATERAL (SELECT mjc.search_fold(p.name) AS fr, mjc.search_fold(coalesce(p.name_ar, '')) AS ar, mjc.search_fold(coalesce(p.name_en, '')) AS en OFFSET 0) t
     -- The longest text that becomes words: nobody looks for what stands after that.
     CROSS JOIN LATERAL (SELECT mjc.search_fold(left(concat_ws(' ', p.short_description, p.description, CASE WHEN p.features <> '[]' THEN p.features::text END), 20000)) AS fr,
                                mjc.search_fold(left(concat_ws(' ', p.short_description_ar, p.description_ar), 20000)) AS ar,
                                mjc.search_fold(left(concat_ws(' ', p.short_description_en, p.description_en), 20000)) AS en OFFSET 0) d
     CROSS JOIN LATERAL (SELECT strip(to_tsvector('pg_catalog.french', t.fr) || to_tsvector('pg_catalog.arabic', t.ar) || to_tsvector('pg_catalog.english', t.en)
                                      || array_to_tsvector(array_remove(ARRAY[mjc.search_tag('m', p.manufacturer_id)], NULL))) AS names OFFSET 0) n
     CROSS JOIN LATERAL (SELECT strip(n.names || to_tsvector('pg_catalog.french', d.fr) || to_tsvector('pg_catalog.arabic', d.ar) || to_tsvector('pg_catalog.english', d.en)
                                      || array_to_tsvector(ARRAY[mjc.search_tag('c', p.category_id)])) AS words,
                                coalesce(mjc.search_tag('k', p.kind_id), 'k:') AS kind OFFSET 0) w;
END
$$;
COMMENT ON FUNCTION mjc.search_derive(uuid[]) IS
    'The rows of mjc.search_product of these products as they should be, and their folded texts';

CREATE FUNCTION mjc.search_refresh_keys(product_ids uuid[]) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    WITH fresh AS MATERIALIZED (
        SELECT f.product_id, f.kind, f.key, f.short_key, f.loose_key FROM mjc.search_derive_keys(product_ids) f),
    old AS MATERIALIZED (
        SELECT k.product_id, k.kind, k.key FROM unnest(product_ids) u (id) JOIN mjc.search_key k ON k.product_id = u.id),
    gone AS (
        DELETE FROM mjc.search_key k
         USING (SELECT o.key, o.product_id, o.kind FROM old o EXCEPT SELECT f.key, f.product_id, f.kind FROM fresh f) g
         WHERE k.key = g.key AND k.product_id = g.product_id AND k.kind = g.kind)
    INSERT INTO mjc.search_key (product_id, kind, key, short_key, loose_key)
    SELECT f.product_id, f.kind, f.key, f.short_key, f.loose_key FROM fresh f
     WHERE NOT EXISTS (SELECT FROM old o WHERE o.key = f.key AND o.product_id = f.product_id AND o.kind = f.kind);
END
$$;
COMMENT ON FUNCTION mjc.search_refresh_keys(uuid[]) IS 'Part of mjc.search_refresh: the numbers';

-- One statement derives, writes, notes the change of the counts and adds new words.
CREATE FUNCTION mjc.search_refresh(product_ids uuid[]) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.search_refresh_keys(product_ids);
    WITH fresh AS MATERIALIZED (
        SELECT f.* FROM mjc.search_derive(product_ids) f),
    counted AS (
        INSERT INTO mjc.catalogue_delta (delta_id, category_id, manufacturer_id, change)
        SELECT mjc.uuid_v7(), c.category_id, coalesce(c.manufacturer_id, mjc.no_uuid()), sum(c.change)
          FROM (SELECT f.category_id, f.manufacturer_id, 1 AS change FROM fresh f WHERE f.is_active
                UNION ALL
                SELECT s.category_id, s.manufacturer_id, -1 FROM unnest(product_ids) u (id) JOIN mjc.search_product s ON s.product_id = u.id WHERE s.is_active) c
         GROUP BY 2, 3 HAVING sum(c.change) <> 0),
    gone AS (
        DELETE FROM mjc.search_product s USING unnest(product_ids) u (id)
         WHERE s.product_id = u.id AND NOT EXISTS (SELECT FROM mjc.product p WHERE p.product_id = u.id)),
    written AS (
        INSERT INTO mjc.search_product AS s (product_id, category_id, created_at, price_centimes, popularity, derived_version, is_active, in_stock, manufacturer_id, kind_id,
                                             sale_price_centimes, sale_from_at, sale_until_at, names, words)
        SELECT f.product_id, f.category_id, f.created_at, f.price_centimes, f.popularity, f.derived_version, f.is_active, f.in_stock, f.manufacturer_id, f.kind_id,
               f.sale_price_centimes, f.sale_from_at, f.sale_until_at, f.names, f.words
          FROM fresh f
        ON CONFLICT (product_id) DO UPDATE
           SET category_id = EXCLUDED.category_id, created_at = EXCLUDED.created_at, price_centimes = EXCLUDED.price_centimes, popularity = EXCLUDED.popularity,
               derived_version = EXCLUDED.derived_version, is_active = EXCLUDED.is_active, in_stock = EXCLUDED.in_stock, manufacturer_id = EXCLUDED.manufacturer_id, kind_id = EXCLUDED.kind_id,
               sale_price_centimes = EXCLUDED.sale_price_centimes, sale_from_at = EXCLUDED.sale_from_at, sale_until_at = EXCLUDED.sale_until_at,
               names = EXCLUDED.names, words = EXCLUDED.words
         WHERE s IS DISTINCT FROM EXCLUDED)
    INSERT INTO mjc.search_word (word)
    SELECT n.word
      FROM (SELECT DISTINCT unnest(string_to_array(f.spelled, ' ')) AS word FROM fresh f) n
     WHERE length(n.word) BETWEEN 3 AND 40 AND n.word !~ '[0-9]' AND NOT EXISTS (SELECT FROM mjc.search_word x WHERE x.word = n.word)
     ORDER BY n.word
    ON CONFLICT (word) DO NOTHING;
END
$$;
COMMENT ON FUNCTION mjc.search_refresh(uuid[]) IS
    'Brings the rows by which the search finds these products up to date, and takes away those of products that are no more; the caller has locked the products. A part of mjc.product_changed';

CREATE FUNCTION mjc.search_offer_refresh(product_ids uuid[]) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE mjc.search_product s
       SET price_centimes = p.price_centimes, sale_price_centimes = p.sale_price_centimes, sale_from_at = p.sale_from_at, sale_until_at = p.sale_until_at,
           in_stock = p.in_stock, popularity = p.popularity
      FROM mjc.product p
     WHERE p.product_id = ANY (product_ids) AND s.product_id = p.product_id
       AND (s.price_centimes, s.sale_price_centimes, s.sale_from_at, s.sale_until_at, s.in_stock, s.popularity)
           IS DISTINCT FROM (p.price_centimes, p.sale_price_centimes, p.sale_from_at, p.sale_until_at, p.in_stock, p.popularity);
END
$$;
COMMENT ON FUNCTION mjc.search_offer_refresh(uuid[]) IS
    'The part of mjc.search_refresh for prices, the stock (mjc.offer_changed) and popularity, without what words cost; the caller has locked the products';

--------------------------------------------------------------------- names

-- Vanne gaz basse pression is a vanne gaz; a joint de vanne gaz is none, nor is a gas valve gasket a gas valve.
CREATE FUNCTION mjc.search_kind_of(OUT id uuid, OUT of_id uuid) RETURNS SETOF record
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1000
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH named AS MATERIALIZED (
        SELECT k.kind_id, v.name, v.at_end
          FROM mjc.part_kind k
         CROSS JOIN LATERAL (VALUES (mjc.search_fold(k.name), false), (mjc.search_fold(k.name_ar), false), (mjc.search_fold(k.name_en), true)) v (name, at_end)
         WHERE v.name <> ''),
    part AS (
        SELECT n.kind_id, n.at_end, array_to_string(CASE WHEN n.at_end THEN w.words[i :] ELSE w.words[: i] END, ' ') AS name
          FROM named n
         CROSS JOIN LATERAL (SELECT string_to_array(n.name, ' ') AS words) w
         CROSS JOIN LATERAL generate_subscripts(w.words, 1) i)
    SELECT DISTINCT p.kind_id, n.kind_id FROM part p JOIN named n ON n.name = p.name AND n.at_end = p.at_end;
END
$$;
COMMENT ON FUNCTION mjc.search_kind_of() IS
    'Kinds of parts and those that they are of as well, each of itself: the name is that of the other with more words behind it, in French or Arabic, or before it, in English';

CREATE FUNCTION mjc.search_stem_key(name text) RETURNS text
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_search_stem_key';
COMMENT ON FUNCTION mjc.search_stem_key(text) IS
    'The stems of the words of a folded name, without those that say nothing (de, a), as a key that no spelling is: a colon before them, no space. NULL when not two say something';

CREATE FUNCTION mjc.search_derive_names(OUT key text, OUT what text, OUT id uuid) RETURNS SETOF record
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1000
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT DISTINCT n.key, n.what, n.id
      FROM (SELECT v.key, x.what, x.id
              FROM (SELECT m.name, 'manufacturer' AS what, m.manufacturer_id AS id FROM mjc.manufacturer m
                    UNION ALL
                    SELECT v.name, 'category', c.category_id FROM mjc.category c CROSS JOIN LATERAL (VALUES (c.name), (c.name_ar), (c.name_en)) v (name)
                    UNION ALL
                    SELECT v.name, 'kind', k.id FROM mjc.search_kind_of() k JOIN mjc.part_kind g ON g.kind_id = k.of_id CROSS JOIN LATERAL (VALUES (g.name), (g.name_ar), (g.name_en)) v (name)
                    UNION ALL
                    SELECT v.name, 'boiler', b.boiler_model_id
                      FROM mjc.boiler_model b LEFT JOIN mjc.boiler_range r ON r.range_id = b.range_id
                     CROSS JOIN LATERAL (VALUES (b.name), (r.name || ' ' || b.name)) v (name)
                     WHERE b.is_active
                    UNION ALL
                    SELECT c.code, 'boiler', c.boiler_model_id
                      FROM mjc.boiler_code c JOIN mjc.boiler_model b ON b.boiler_model_id = c.boiler_model_id AND b.is_active) x
             CROSS JOIN LATERAL (SELECT mjc.search_fold(x.name) AS folded OFFSET 0) f
             CROSS JOIN LATERAL (VALUES (replace(f.folded, ' ', '')), (CASE WHEN x.what IN ('kind', 'category') THEN mjc.search_stem_key(f.folded) END)) v (key)) n
     -- A boiler of one short word would take it away from everybody who means something else.
     WHERE length(n.key) BETWEEN 2 AND 200 AND (n.what <> 'boiler' OR length(n.key) >= 5 OR (length(n.key) >= 3 AND n.key ~ '[0-9]'));
END
$$;
COMMENT ON FUNCTION mjc.search_derive_names() IS 'The rows of mjc.search_name as they should be';

CREATE FUNCTION mjc.search_name_refresh() RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    added bigint;
    removed bigint;
BEGIN
    INSERT INTO mjc.search_name (key, what, id)
    SELECT f.key, f.what, f.id FROM mjc.search_derive_names() f
     WHERE NOT EXISTS (SELECT FROM mjc.search_name n WHERE n.key = f.key AND n.what = f.what AND n.id = f.id)
     ORDER BY f.key, f.what, f.id
    ON CONFLICT (key, what, id) DO NOTHING;
    GET DIAGNOSTICS added = ROW_COUNT;
    DELETE FROM mjc.search_name n
     WHERE NOT EXISTS (SELECT FROM mjc.search_derive_names() f WHERE f.key = n.key AND f.what = n.what AND f.id = n.id);
    GET DIAGNOSTICS removed = ROW_COUNT;
    IF added > 0 THEN
        INSERT INTO mjc.search_word (word)
        SELECT DISTINCT w.word
          FROM (SELECT m.name FROM mjc.manufacturer m
                UNION ALL SELECT v.name FROM mjc.category c CROSS JOIN LATERAL (VALUES (c.name), (c.name_ar), (c.name_en)) v (name)
                UNION ALL SELECT v.name FROM mjc.part_kind k CROSS JOIN LATERAL (VALUES (k.name), (k.name_ar), (k.name_en)) v (name)
                UNION ALL SELECT b.name FROM mjc.boiler_model b) n
         CROSS JOIN LATERAL unnest(string_to_array(mjc.search_fold(n.name), ' ')) w (word)
         WHERE length(w.word) BETWEEN 3 AND 40 AND w.word !~ '[0-9]' AND NOT EXISTS (SELECT FROM mjc.search_word x WHERE x.word = w.word)
         ORDER BY w.word
        ON CONFLICT (word) DO NOTHING;
    END IF;
    RETURN added + removed;
END
$$;
COMMENT ON FUNCTION mjc.search_name_refresh() IS
    'Brings the names of manufacturers, categories, kinds and boilers that the search knows up to date; returns how many changed. Called after a change of one, and run by a job';

---------------------------------------------------------------------- jobs

-- What was put in without mjc.product_changed (by a script of the owner) is found a while later.
CREATE FUNCTION mjc.catalogue_fold(batch integer DEFAULT 5000) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    folded bigint;
BEGIN
    WITH due AS MATERIALIZED (
        SELECT d.delta_id FROM mjc.catalogue_delta d LIMIT batch FOR UPDATE SKIP LOCKED),
    gone AS (
        DELETE FROM mjc.catalogue_delta d USING due WHERE d.delta_id = due.delta_id RETURNING d.category_id, d.manufacturer_id, d.change),
    put AS (
        INSERT INTO mjc.catalogue_count AS c (category_id, manufacturer_id, products)
        SELECT g.category_id, g.manufacturer_id, sum(g.change) FROM gone g
         GROUP BY g.category_id, g.manufacturer_id ORDER BY g.category_id, g.manufacturer_id
        ON CONFLICT (category_id, manufacturer_id) DO UPDATE SET products = c.products + EXCLUDED.products)
    SELECT count(*) INTO folded FROM gone;
    RETURN folded;
END
$$;
COMMENT ON FUNCTION mjc.catalogue_fold(integer) IS
    'Adds changes to mjc.catalogue_count; the counts that people read do not change by it. Safe at any time, anywhere twice. Run by a job';

CREATE FUNCTION mjc.catalogue_counts(category_ids uuid[] DEFAULT NULL, OUT category_id uuid, OUT manufacturer_id uuid, OUT products bigint) RETURNS SETOF record
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1000
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT c.category_id, nullif(c.manufacturer_id, mjc.no_uuid()), sum(c.products)::bigint
      FROM (SELECT n.category_id, n.manufacturer_id, n.products FROM mjc.catalogue_count n
            UNION ALL
            SELECT d.category_id, d.manufacturer_id, d.change FROM mjc.catalogue_delta d) c
     WHERE category_ids IS NULL OR c.category_id = ANY (category_ids)
     GROUP BY c.category_id, c.manufacturer_id HAVING sum(c.products) <> 0;
END
$$;
COMMENT ON FUNCTION mjc.catalogue_counts(uuid[]) IS
    'Active products that the search knows, by category (these, NULL: all) and manufacturer (NULL: of none), exact as of now';

CREATE FUNCTION mjc.catalogue_is_counted() RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN EXISTS (SELECT FROM mjc.job j WHERE j.name = 'catalogue_fill' AND j.last_ok_at IS NOT NULL AND j.last_rows = 0);
END
$$;
COMMENT ON FUNCTION mjc.catalogue_is_counted() IS 'Whether mjc.catalogue_counts() has all products: job catalogue_fill found none that nothing was derived from';

CREATE FUNCTION mjc.catalogue_total(category_ids uuid[], manufacturer_ids uuid[]) RETURNS bigint
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT mjc.catalogue_is_counted() THEN
        RETURN NULL;
    END IF;
    RETURN (SELECT coalesce(sum(c.products), 0)::bigint FROM mjc.catalogue_counts(category_ids) c WHERE manufacturer_ids IS NULL OR c.manufacturer_id = ANY (manufacturer_ids));
END
$$;
COMMENT ON FUNCTION mjc.catalogue_total(uuid[], uuid[]) IS 'How many active products these categories and manufacturers have (NULL: all), however many, without counting them; NULL while job catalogue_fill has not yet found that all are counted';

CREATE FUNCTION mjc.search_word_count(batch integer DEFAULT 100) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    due text[] := ARRAY(SELECT w.word FROM mjc.search_word w
                         WHERE w.counted_at IS NULL OR w.counted_at < clock_timestamp() - interval '7 days'
                         ORDER BY w.counted_at NULLS FIRST LIMIT batch FOR UPDATE SKIP LOCKED);
BEGIN
    -- More than a thousand are many: the figure only sorts suggestions.
    UPDATE mjc.search_word w
       SET counted_at = clock_timestamp(),
           products = (SELECT count(*) FROM (SELECT FROM mjc.search_product s WHERE s.is_active AND s.words @@ mjc.search_word_query(w.word) LIMIT 1000) x)
     WHERE w.word = ANY (due);
    RETURN cardinality(due);
END
$$;
COMMENT ON FUNCTION mjc.search_word_count(integer) IS
    'Counts the products of words, those first that were not counted for longest, to a thousand; returns the number of words. Run by a job';

-- On a scale of logarithms, so that few rows change: 0 for no sale, 10 for 9 units, 20 for 99.
CREATE FUNCTION mjc.search_popularity(batch integer DEFAULT 500) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    changed uuid[];
BEGIN
    WITH due AS MATERIALIZED (
        SELECT p.product_id, w.popularity
          FROM mjc.product_counter c
         CROSS JOIN LATERAL (SELECT least(round(10 * log(c.popularity / 10.0 + 1)), 1000)::smallint AS popularity) w
          JOIN mjc.product p ON p.product_id = c.product_id
         WHERE p.popularity <> w.popularity
         ORDER BY p.product_id LIMIT batch FOR NO KEY UPDATE OF p SKIP LOCKED),
    put AS (
        UPDATE mjc.product p SET popularity = due.popularity FROM due WHERE p.product_id = due.product_id RETURNING p.product_id)
    SELECT coalesce(array_agg(put.product_id), '{}') INTO changed FROM put;
    PERFORM mjc.search_offer_refresh(changed);
    RETURN cardinality(changed);
END
$$;
COMMENT ON FUNCTION mjc.search_popularity(integer) IS
    'Brings the popularity by which lists are sorted up to date with what mjc.product_count counted: ten views weigh as much as a unit sold; returns how many changed. Run by a job';
