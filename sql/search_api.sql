-- search_api: the routes of the search, and the words that staff teach it.

CREATE FUNCTION mjc.part_kind_ids(keys text[]) RETURNS uuid[]
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT coalesce(array_agg(k.kind_id), '{}') FROM mjc.part_kind k
         WHERE k.kind_id = ANY (SELECT mjc.uuid_or_null(w) FROM unnest(keys) w)
            OR k.slug = ANY (SELECT lower(w) FROM unnest(keys) w));
END
$$;
COMMENT ON FUNCTION mjc.part_kind_ids(text[]) IS 'Kinds of parts with these ids or slugs';

-- A filter that names nothing there is leaves nothing.
CREATE FUNCTION mjc.search_filter(categories text[], manufacturers text[], kinds text[], boiler_models text[]) RETURNS tsquery
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    nothing uuid[] := ARRAY[mjc.no_uuid()];
    one tsquery;
    tags tsquery;
BEGIN
    FOREACH one IN ARRAY ARRAY[
        mjc.search_tag_query('c', coalesce(nullif(mjc.category_subtree(categories), '{}'), CASE WHEN categories IS NOT NULL THEN nothing END)),
        mjc.search_tag_query('m', coalesce(nullif(mjc.manufacturer_ids(manufacturers), '{}'), CASE WHEN manufacturers IS NOT NULL THEN nothing END)),
        mjc.search_tag_query('k', coalesce(nullif(mjc.part_kind_ids(kinds), '{}'), CASE WHEN kinds IS NOT NULL THEN nothing END)),
        mjc.search_tag_query('b', (SELECT array_agg(coalesce(mjc.uuid_or_null(w), nothing[1])) FROM unnest(boiler_models) w))] LOOP
        tags := mjc.search_and(tags, one);
    END LOOP;
    RETURN tags;
END
$$;
COMMENT ON FUNCTION mjc.search_filter(text[], text[], text[], text[]) IS
    'The tags of a filter by categories (with those below), manufacturers, kinds (ids or slugs) and boiler models (ids); NULL is no filter';

-- The product's card with why it was found put at its end.
CREATE FUNCTION mjc.search_cards(product_ids uuid[], kinds text[], matched text[], superseded text[]) RETURNS json
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT coalesce(json_agg(mjc.card_with(k.card, json_build_object('match', json_strip_nulls(json_build_object('kind', u.kind, 'on', u.matched, 'supersededFrom', u.superseded))))
                                 ORDER BY u.n), '[]'::json)
          FROM mjc.product_cards(product_ids, false) k
          JOIN unnest(product_ids, kinds, matched, superseded) WITH ORDINALITY u (id, kind, matched, superseded, n) ON u.id = k.product_id);
END
$$;
COMMENT ON FUNCTION mjc.search_cards(uuid[], text[], text[], text[]) IS 'Products as mjc.product_card_list gives them, each with match: {kind, on, supersededFrom?}';

CREATE FUNCTION mjc.search_filtered(INOUT product_ids uuid[], OUT kinds text[], OUT matched text[], OUT superseded text[])
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    n integer[] := ARRAY[cardinality(product_ids)];
BEGIN
    kinds := array_fill('filter'::text, n);
    matched := array_fill(NULL::text, n);
    superseded := array_fill(NULL::text, n);
END
$$;
COMMENT ON FUNCTION mjc.search_filtered(uuid[]) IS 'Products that a filter alone left, with that as why they were found';

CREATE FUNCTION mjc_api.search(q text, page integer, page_size integer, categories text[], manufacturers text[], kinds text[],
    min_price bigint, max_price bigint, in_stock boolean, boiler_models text[], sort text) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    size integer := coalesce(page_size, 20);
    number integer := coalesce(page, 1);
    wanted text := nullif(btrim(q), '');
    models uuid[] := (SELECT array_agg(coalesce(mjc.uuid_or_null(w), mjc.no_uuid())) FROM unnest(boiler_models) w);
    r record;
BEGIN
    IF num_nonnulls(wanted, categories, manufacturers, kinds, models) = 0 THEN
        PERFORM mjc.raise('ARGUMENT_MISSING', 'argument', 'q');
    ELSIF length(wanted) > 200 THEN
        PERFORM mjc.raise('ARGUMENT_RANGE', 'argument', 'q');
    ELSIF size NOT BETWEEN 1 AND 100 THEN
        PERFORM mjc.raise('ARGUMENT_RANGE', 'argument', 'limit');
    ELSIF number < 1 OR number::bigint * size > 10000 THEN
        PERFORM mjc.raise('ARGUMENT_RANGE', 'argument', 'page');
    ELSIF sort NOT IN ('relevance', 'price_asc', 'price_desc', 'newest') THEN
        PERFORM mjc.raise('ARGUMENT_INVALID', 'argument', 'sort');
    END IF;
    IF wanted IS NOT NULL THEN
        SELECT s.product_ids, s.kinds, s.matched, s.superseded, s.total, mjc.facets_json(s.facets) AS facets, s.stage, s.corrected INTO r
          FROM mjc.search_run(wanted, mjc.search_filter(categories, manufacturers, kinds, boiler_models), min_price, max_price, in_stock, coalesce(sort, 'relevance'), number, size, true) s;
    ELSE
        SELECT f.product_ids, f.kinds, f.matched, f.superseded, p.total, p.facets, 'filter' AS stage, NULL::text AS corrected INTO r
          FROM mjc.shelf_search(mjc.category_subtree(categories), mjc.manufacturer_ids(manufacturers), mjc.part_kind_ids(kinds), models,
                                min_price, max_price, in_stock, coalesce(sort, 'relevance'), number, size) p
         CROSS JOIN LATERAL mjc.search_filtered(p.product_ids) f;
    END IF;
    RETURN json_build_object(
        'products', mjc.search_cards(r.product_ids, r.kinds, r.matched, r.superseded),
        'facets', r.facets,
        'pagination', mjc.pagination(number, size, r.total),
        'stage', r.stage, 'corrected', r.corrected);
END
$$;
COMMENT ON FUNCTION mjc_api.search(text, integer, integer, text[], text[], text[], bigint, bigint, boolean, text[], text) IS
    'GET /search: active products that q finds (200 characters), each with why; facets of all of them; a total of 10001 is more than 10000. Prices in centimes. sort: relevance, price_asc, price_desc, newest; page times limit at most 10000. Without q a filter is needed. Errors: MJ003, MJ006, MJ010';

------------------------------------------------------------- suggestions

CREATE FUNCTION mjc.suggest_numbers(typed text) RETURNS json
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wanted text COLLATE "C" := mjc.part_number_key(typed);
BEGIN
    IF length(wanted) NOT BETWEEN 3 AND 60 OR wanted !~ '[0-9]' THEN
        RETURN NULL;
    END IF;
    RETURN (
        SELECT json_agg(json_build_object('type', 'product', 'text', p.sku, 'name', p.name, 'id', p.product_id, 'slug', p.slug) ORDER BY u.n)
          FROM mjc.search_prefix(wanted) x
         CROSS JOIN LATERAL unnest(x.ids) WITH ORDINALITY u (id, n)
          JOIN mjc.product p ON p.product_id = u.id
         WHERE u.n <= 5);
END
$$;
COMMENT ON FUNCTION mjc.suggest_numbers(text) IS 'Up to five products with a number that begins with what is typed, as suggestions; NULL for none';

CREATE FUNCTION mjc.suggest_names(typed text) RETURNS json
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wanted text COLLATE "C" := replace(mjc.search_fold(typed), ' ', '');
BEGIN
    IF length(wanted) < 2 THEN
        RETURN NULL;
    END IF;
    RETURN (
        SELECT json_agg(json_build_object('type', s.what, 'text', s.name, 'id', s.id, 'slug', s.slug) ORDER BY s.place, s.name)
          FROM (SELECT DISTINCT ON (n.what, n.id) n.what, n.id, coalesce(c.name, m.name, k.name, b.name) AS name, coalesce(c.slug, m.slug, k.slug) AS slug,
                       array_position(ARRAY['manufacturer', 'boiler', 'category', 'kind'], n.what) AS place
                  FROM (SELECT x.what, x.id FROM mjc.search_name x WHERE x.key >= wanted AND x.key < wanted || chr(1114111) ORDER BY x.key LIMIT 50) n
                  LEFT JOIN mjc.category c ON n.what = 'category' AND c.category_id = n.id AND c.is_active
                  LEFT JOIN mjc.manufacturer m ON n.what = 'manufacturer' AND m.manufacturer_id = n.id AND m.is_active
                  LEFT JOIN mjc.part_kind k ON n.what = 'kind' AND k.kind_id = n.id
                  LEFT JOIN mjc.boiler_model b ON n.what = 'boiler' AND b.boiler_model_id = n.id
                 WHERE coalesce(c.name, m.name, k.name, b.name) IS NOT NULL
                 ORDER BY n.what, n.id) s);
END
$$;
COMMENT ON FUNCTION mjc.suggest_names(text) IS
    'Manufacturers, boilers, categories and kinds whose name begins with what is typed, as suggestions; NULL for none';

-- The last word is taken as the beginning of words that the shop has, the most frequent ones.
CREATE FUNCTION mjc.suggest_products(typed text) RETURNS json
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    units text[] := mjc.search_units(typed);
    last text COLLATE "C" := units[cardinality(units)];
    wanted tsquery;
    one tsquery;
    word text;
BEGIN
    IF length(last) < 2 OR last ~ '[0-9 ]' THEN
        wanted := (SELECT p.whole FROM mjc.search_parse(units) p);
    ELSE
        FOR word IN SELECT w.word FROM mjc.search_word w WHERE w.word >= last AND w.word < last || chr(1114111) ORDER BY w.word = last DESC, w.products DESC, w.word LIMIT 4 LOOP
            wanted := mjc.search_or(wanted, mjc.search_word_query(word));
        END LOOP;
        IF cardinality(units) > 1 AND wanted IS NOT NULL THEN
            one := (SELECT p.whole FROM mjc.search_parse(trim_array(units, 1)) p);
            wanted := coalesce(one && wanted, wanted);
        END IF;
    END IF;
    RETURN (
        SELECT json_agg(json_build_object('type', 'product', 'text', p.name, 'name', p.name, 'id', p.product_id, 'slug', p.slug) ORDER BY h.named DESC, h.popularity DESC, p.name)
          FROM (SELECT x.product_id, x.named, x.popularity
                  FROM (SELECT s.product_id, s.names @@ wanted AS named, s.popularity
                          FROM mjc.search_product s
                         WHERE s.is_active AND s.words @@ wanted LIMIT 300) x
                 ORDER BY x.named DESC, x.popularity DESC, x.product_id LIMIT 6) h
          JOIN mjc.product p ON p.product_id = h.product_id);
END
$$;
COMMENT ON FUNCTION mjc.suggest_products(text) IS 'Up to six products that have the words typed, the last one perhaps not finished, as suggestions; NULL for none';

CREATE FUNCTION mjc_api.search_suggest(q text, page_size integer) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    most integer := coalesce(page_size, 10);
BEGIN
    IF nullif(btrim(q), '') IS NULL THEN
        PERFORM mjc.raise('ARGUMENT_MISSING', 'argument', 'q');
    ELSIF length(q) > 200 THEN
        PERFORM mjc.raise('ARGUMENT_RANGE', 'argument', 'q');
    ELSIF most NOT BETWEEN 1 AND 10 THEN
        PERFORM mjc.raise('ARGUMENT_RANGE', 'argument', 'limit');
    END IF;
    RETURN (
        SELECT json_build_object('suggestions', coalesce(json_agg(x.suggestion ORDER BY x.source, x.n), '[]'::json))
          FROM (SELECT y.source, y.n, y.suggestion
                  FROM (SELECT DISTINCT ON (u.suggestion ->> 'id') u.source, u.n, u.suggestion
                          FROM (SELECT 1 AS source, e.n, e.suggestion FROM json_array_elements(mjc.suggest_numbers(q)) WITH ORDINALITY e (suggestion, n)
                                UNION ALL
                                SELECT 2, e.n, e.suggestion FROM json_array_elements(mjc.suggest_names(q)) WITH ORDINALITY e (suggestion, n) WHERE e.n <= 4
                                UNION ALL
                                SELECT 3, e.n, e.suggestion FROM json_array_elements(mjc.suggest_products(q)) WITH ORDINALITY e (suggestion, n)) u
                         ORDER BY u.suggestion ->> 'id', u.source, u.n) y
                 ORDER BY y.source, y.n LIMIT most) x);
END
$$;
COMMENT ON FUNCTION mjc_api.search_suggest(text, integer) IS
    'GET /search/suggest: at most ten of what q may become: products by number, names of manufacturers, boilers, categories and kinds, products by name. Errors: MJ003, MJ006';

----------------------------------------------------------------- synonyms

CREATE FUNCTION mjc.search_alias_write(actor uuid, channel text, alias text, word text, used boolean, request_id text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    folded_alias text := mjc.search_fold(alias);
    folded_word text := mjc.search_fold(word);
    changed bigint;
BEGIN
    IF alias IS NULL OR word IS NULL THEN
        PERFORM mjc.raise('ARGUMENT_MISSING', 'argument', CASE WHEN alias IS NULL THEN 'alias' ELSE 'word' END);
    ELSIF length(folded_alias) NOT BETWEEN 2 AND 80 OR length(folded_word) NOT BETWEEN 2 AND 80 THEN
        PERFORM mjc.raise('ARGUMENT_RANGE', 'argument', CASE WHEN length(folded_alias) BETWEEN 2 AND 80 THEN 'word' ELSE 'alias' END);
    ELSIF folded_alias = folded_word THEN
        PERFORM mjc.raise('ARGUMENT_INVALID', 'argument', 'alias');
    END IF;
    IF coalesce(used, true) THEN
        INSERT INTO mjc.search_alias AS a (alias, word) VALUES (folded_alias, folded_word)
        ON CONFLICT ON CONSTRAINT search_alias_pkey DO UPDATE SET is_used = true WHERE NOT a.is_used;
    ELSE
        UPDATE mjc.search_alias a SET is_used = false WHERE a.alias = folded_alias AND a.word = folded_word AND a.is_used;
    END IF;
    GET DIAGNOSTICS changed = ROW_COUNT;
    IF changed > 0 THEN
        PERFORM mjc.audit_write(actor, channel, 'search_alias_set', 'search_alias', folded_alias, NULL,
            jsonb_build_object('alias', folded_alias, 'word', folded_word, 'used', coalesce(used, true)), request_id);
    END IF;
    RETURN changed > 0;
END
$$;
COMMENT ON FUNCTION mjc.search_alias_write(uuid, text, text, text, boolean, text) IS
    'Makes two writings of one thing find each other, or no more; whether that changed anything. Errors: MJ003, MJ006, MJ010';

CREATE FUNCTION mjc.search_alias_set(alias text, word text, used boolean DEFAULT true) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.search_alias_write(mjc.staff_writes(), 'psql', alias, word, used, NULL);
END
$$;
COMMENT ON FUNCTION mjc.search_alias_set(text, text, boolean) IS
    'Makes two writings of one thing find each other in the search (used false: no more), in any script: a brand, a word for a part in another language; whether that changed anything. Errors: MJ003, MJ006, MJ010, MJ601';
