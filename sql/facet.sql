-- facet: how many products of a category are of each kind, of each band of prices and in stock, without
-- counting them at each read. Nothing hot is updated: who changes a product notes by how much the counts
-- change, and a job adds that up. What the clock changes (sales with dates) is counted when it is read,
-- and so is what mjc.product.in_stock does not know yet (mjc.stock_flips).

CREATE FUNCTION mjc.price_bounds() RETURNS bigint[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT '{100000,250000,500000,1000000,2500000,5000000}'::pg_catalog.int8[] $$;
COMMENT ON FUNCTION mjc.price_bounds() IS 'Where the bands of prices end, in centimes, and the next begins; the last has no end';

-- Put into the statements that call it, as all that it calls is strict.
CREATE FUNCTION mjc.price_band(price bigint) RETURNS smallint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT pg_catalog.width_bucket(price, mjc.price_bounds())::pg_catalog.int2 $$;
COMMENT ON FUNCTION mjc.price_band(bigint) IS 'The band of prices (mjc.price_bounds) that a price in centimes is in: 0 below 1 000 DZD to 6 from 50 000';

CREATE FUNCTION mjc.facet_derive(product_ids uuid[], OUT product_id uuid, OUT category_id uuid, OUT kind_id uuid, OUT price_band smallint, OUT in_stock boolean)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE ROWS 1000
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT p.product_id, p.category_id, coalesce(p.kind_id, mjc.no_uuid()),
           CASE WHEN p.sale_from_at IS NULL AND p.sale_until_at IS NULL THEN mjc.price_band(coalesce(p.sale_price_centimes, p.price_centimes)) ELSE -1::smallint END, p.in_stock
      FROM mjc.product p WHERE p.product_id = ANY (product_ids) AND p.is_active;
END
$$;
COMMENT ON FUNCTION mjc.facet_derive(uuid[]) IS 'The rows of mjc.facet_product of these products as they should be';

CREATE FUNCTION mjc.facet_refresh(product_ids uuid[]) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    WITH fresh AS MATERIALIZED (
        SELECT f.product_id, f.category_id, f.kind_id, f.price_band, f.in_stock FROM mjc.facet_derive(product_ids) f),
    -- A product that is no more cannot be locked: it goes once.
    gone AS (
        DELETE FROM mjc.facet_product o WHERE o.product_id = ANY (product_ids) AND NOT EXISTS (SELECT FROM fresh f WHERE f.product_id = o.product_id)
        RETURNING o.category_id, o.kind_id, o.price_band, o.in_stock),
    counted AS (
        INSERT INTO mjc.facet_delta (delta_id, category_id, kind_id, price_band, in_stock, change)
        SELECT mjc.uuid_v7(), c.category_id, c.kind_id, c.price_band, c.in_stock, sum(c.change)
          FROM (SELECT f.category_id, f.kind_id, f.price_band, f.in_stock, 1 AS change FROM fresh f
                UNION ALL
                SELECT g.category_id, g.kind_id, g.price_band, g.in_stock, -1 FROM gone g
                UNION ALL
                SELECT o.category_id, o.kind_id, o.price_band, o.in_stock, -1 FROM fresh f JOIN mjc.facet_product o ON o.product_id = f.product_id) c
         GROUP BY c.category_id, c.kind_id, c.price_band, c.in_stock HAVING sum(c.change) <> 0)
    INSERT INTO mjc.facet_product AS o (product_id, category_id, kind_id, price_band, in_stock)
    SELECT f.product_id, f.category_id, f.kind_id, f.price_band, f.in_stock FROM fresh f
    ON CONFLICT (product_id) DO UPDATE
       SET category_id = EXCLUDED.category_id, kind_id = EXCLUDED.kind_id, price_band = EXCLUDED.price_band, in_stock = EXCLUDED.in_stock
     WHERE (o.category_id, o.kind_id, o.price_band, o.in_stock) IS DISTINCT FROM (EXCLUDED.category_id, EXCLUDED.kind_id, EXCLUDED.price_band, EXCLUDED.in_stock);
END
$$;
COMMENT ON FUNCTION mjc.facet_refresh(uuid[]) IS
    'Counts products as they are now, also those that are no more; the caller has locked them. A part of mjc.product_changed and mjc.offer_changed';

CREATE FUNCTION mjc.facet_cells(category_id uuid, kind_id uuid, price_band smallint, in_stock boolean, OUT facet text, OUT key text) RETURNS SETOF record
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 3
    AS $$ VALUES ('kinds', kind_id::pg_catalog.text), ('prices', price_band::pg_catalog.text), ('availability', in_stock::pg_catalog.text) $$;
COMMENT ON FUNCTION mjc.facet_cells(uuid, uuid, smallint, boolean) IS 'The counts that a product of a category adds to';

CREATE FUNCTION mjc.facet_fold(batch integer DEFAULT 5000) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    folded bigint;
BEGIN
    WITH due AS MATERIALIZED (
        SELECT d.delta_id FROM mjc.facet_delta d LIMIT batch FOR UPDATE SKIP LOCKED),
    gone AS MATERIALIZED (
        DELETE FROM mjc.facet_delta d USING due WHERE d.delta_id = due.delta_id RETURNING d.category_id, d.kind_id, d.price_band, d.in_stock, d.change),
    put AS (
        INSERT INTO mjc.facet_count AS c (category_id, facet, key, products)
        SELECT g.category_id, x.facet, x.key, sum(g.change) FROM gone g CROSS JOIN LATERAL mjc.facet_cells(g.category_id, g.kind_id, g.price_band, g.in_stock) x
         GROUP BY g.category_id, x.facet, x.key ORDER BY g.category_id, x.facet, x.key
        ON CONFLICT (category_id, facet, key) DO UPDATE SET products = c.products + EXCLUDED.products)
    SELECT count(*) INTO folded FROM gone;
    RETURN folded;
END
$$;
COMMENT ON FUNCTION mjc.facet_fold(integer) IS
    'Adds changes to mjc.facet_count; the counts that people read do not change by it. Safe at any time, anywhere twice. Run by job catalogue_fold';

-- One plan is good for all arguments.
CREATE FUNCTION mjc.facet_kept(category_ids uuid[], facets text[], OUT facet text, OUT key text, OUT products bigint) RETURNS SETOF record
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE ROWS 200
    SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT c.facet, c.key, sum(c.products)::bigint
      FROM (SELECT n.facet, n.key, n.products FROM mjc.facet_count n WHERE n.category_id = ANY (category_ids) AND n.facet = ANY (facets)
            UNION ALL
            SELECT x.facet, x.key, d.change
              FROM mjc.facet_delta d CROSS JOIN LATERAL mjc.facet_cells(d.category_id, d.kind_id, d.price_band, d.in_stock) x
             WHERE d.category_id = ANY (category_ids) AND x.facet = ANY (facets)) c
     GROUP BY c.facet, c.key HAVING sum(c.products) <> 0;
END
$$;
COMMENT ON FUNCTION mjc.facet_kept(uuid[], text[]) IS 'Counts as they are kept, of these categories together: facet (kinds, prices, availability), key, active products';

CREATE FUNCTION mjc.facet_dated(category_ids uuid[], OUT key text, OUT products bigint) RETURNS SETOF record
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE ROWS 7
    SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT mjc.price_band(coalesce(mjc.sale_price_at(p.sale_price_centimes, p.sale_from_at, p.sale_until_at, statement_timestamp()), p.price_centimes))::text, count(*)
      FROM mjc.product p
     WHERE p.category_id = ANY (category_ids) AND (p.sale_from_at IS NOT NULL OR p.sale_until_at IS NOT NULL) AND p.is_active
     GROUP BY 1;
END
$$;
COMMENT ON FUNCTION mjc.facet_dated(uuid[]) IS 'Bands of prices in force of the active products with dated sales, which are few: counted now';

CREATE FUNCTION mjc.facet_late(category_ids uuid[]) RETURNS bigint
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    flips record;
BEGIN
    SELECT f.now_in, f.now_out INTO flips FROM mjc.stock_flips() f;
    IF num_nonnulls(flips.now_in, flips.now_out) = 0 THEN
        RETURN 0;
    END IF;
    RETURN (SELECT count(*) FILTER (WHERE NOT o.in_stock AND o.product_id = ANY (flips.now_in)) - count(*) FILTER (WHERE o.in_stock AND o.product_id = ANY (flips.now_out))
              FROM mjc.facet_product o
             WHERE o.product_id = ANY (coalesce(flips.now_in, '{}') || coalesce(flips.now_out, '{}')) AND o.category_id = ANY (category_ids));
END
$$;
COMMENT ON FUNCTION mjc.facet_late(uuid[]) IS 'How many products of these categories more are in stock than the kept counts know';

CREATE FUNCTION mjc.facet_counts(category_ids uuid[], OUT facet text, OUT key text, OUT products bigint) RETURNS SETOF record
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE ROWS 200
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    late bigint := mjc.facet_late(category_ids);
BEGIN
    RETURN QUERY
    SELECT c.facet, c.key, sum(c.products)::bigint
      FROM (SELECT k.facet, k.key, k.products FROM mjc.facet_kept(category_ids, '{kinds,prices,availability}') k WHERE k.key <> '-1'
            UNION ALL
            SELECT 'prices', d.key, d.products FROM mjc.facet_dated(category_ids) d
            UNION ALL
            SELECT 'availability', v.key, v.products FROM (VALUES ('true', late), ('false', - late)) v (key, products)) c
     GROUP BY c.facet, c.key HAVING sum(c.products) <> 0;
END
$$;
COMMENT ON FUNCTION mjc.facet_counts(uuid[]) IS
    'How many active products these categories have, exact as of now: by kind (of none: the zero uuid), by mjc.price_band of the price in force, and whether they are in stock (true, false)';

CREATE FUNCTION mjc.facet_in_stock(category_ids uuid[]) RETURNS bigint
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN coalesce((SELECT k.products FROM mjc.facet_kept(category_ids, '{availability}') k WHERE k.key = 'true'), 0) + mjc.facet_late(category_ids);
END
$$;
COMMENT ON FUNCTION mjc.facet_in_stock(uuid[]) IS 'How many active products of these categories are in stock, exact as of now';

CREATE FUNCTION mjc.facet_tally_add(state bytea, category_id uuid, manufacturer_id uuid, kind_id uuid, price_band smallint, in_stock boolean) RETURNS bytea
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_facet_tally_add';
COMMENT ON FUNCTION mjc.facet_tally_add(bytea, uuid, uuid, uuid, smallint, boolean) IS 'Part of the aggregate mjc.facet_tally: adds a row';

CREATE FUNCTION mjc.facet_tally_end(state bytea) RETURNS text[]
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_facet_tally_end';
COMMENT ON FUNCTION mjc.facet_tally_end(bytea) IS 'Part of the aggregate mjc.facet_tally: the result of a state';

CREATE AGGREGATE mjc.facet_tally(category_id uuid, manufacturer_id uuid, kind_id uuid, price_band smallint, in_stock boolean) (
    SFUNC = mjc.facet_tally_add, STYPE = bytea, SSPACE = 4096, FINALFUNC = mjc.facet_tally_end
);
COMMENT ON AGGREGATE mjc.facet_tally(uuid, uuid, uuid, smallint, boolean) IS
    'How many products there are of each category, manufacturer, kind, band of prices (mjc.price_band) and availability; a NULL is in none. Three rows as mjc.facets_json takes them; NULL without rows';

CREATE FUNCTION mjc.facet_json(id uuid, name text, slug text, translated boolean, name_ar text, n bigint) RETURNS json
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_facet_json';
COMMENT ON FUNCTION mjc.facet_json(uuid, text, text, boolean, text, bigint) IS
    'One count of a facet: id, name, nameAr (if translated), slug, count; NULL without id, translated or count';

CREATE FUNCTION mjc.facets_json(tally text[]) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    bounds bigint[] := 0::bigint || mjc.price_bounds();
BEGIN
    RETURN (
        WITH c AS MATERIALIZED (
            SELECT u.dim, u.key, u.n FROM unnest(tally[1:1], tally[2:2], (tally[3:3])::bigint[]) u (dim, key, n))
        SELECT json_build_object(
            'categories', (SELECT coalesce(json_agg(mjc.facet_json(g.category_id, g.name, g.slug, true, g.name_ar, c.n) ORDER BY c.n DESC, g.name), '[]'::json)
                             FROM c JOIN mjc.category g ON g.category_id = c.key::uuid WHERE c.dim = 'categories'),
            'manufacturers', (SELECT coalesce(json_agg(mjc.facet_json(m.manufacturer_id, m.name, m.slug, false, NULL, c.n) ORDER BY c.n DESC, m.name), '[]'::json)
                                FROM c JOIN mjc.manufacturer m ON m.manufacturer_id = c.key::uuid WHERE c.dim = 'manufacturers'),
            'kinds', (SELECT coalesce(json_agg(mjc.facet_json(k.kind_id, k.name, k.slug, true, k.name_ar, c.n) ORDER BY c.n DESC, k.name), '[]'::json)
                        FROM c JOIN mjc.part_kind k ON k.kind_id = c.key::uuid WHERE c.dim = 'kinds'),
            'prices', (SELECT coalesce(json_agg(json_build_object('min', mjc.dzd(bounds[c.key::integer + 1]), 'max', mjc.dzd(bounds[c.key::integer + 2]), 'count', c.n) ORDER BY c.key::integer), '[]'::json)
                         FROM c WHERE c.dim = 'prices'),
            'availability', json_build_object('inStock', coalesce((SELECT c.n FROM c WHERE c.dim = 'availability' AND c.key = 'true'), 0),
                                              'outOfStock', coalesce((SELECT c.n FROM c WHERE c.dim = 'availability' AND c.key = 'false'), 0))));
END
$$;
COMMENT ON FUNCTION mjc.facets_json(text[]) IS
    'Counts (three rows: facets, keys, counts; NULL: none; categories, manufacturers, kinds by id; prices by mjc.price_band; availability true, false) with names, most frequent first; prices in DZD: from min to below max, the last without';
