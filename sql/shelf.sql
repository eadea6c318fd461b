-- shelf: lists of products. A list that is not long is taken whole from an index that has all columns
-- of the filters, counted and sorted; of a long one only the page is read, in the order of an
-- index, category by category where it is of categories. Long: more than 10 000 products, or many pages of
-- which it is known how many there are (facet.sql).

-------------------------------------------------------------- what is in stock

CREATE FUNCTION mjc.stock_flips(OUT now_in uuid[], OUT now_out uuid[])
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    SELECT array_agg(t.product_id) FILTER (WHERE t.is_in), array_agg(t.product_id) FILTER (WHERE NOT t.is_in) INTO now_in, now_out
      FROM (SELECT c.product_id, coalesce(f.in_stock OR f.next_expiry_at <= statement_timestamp(), false) AS is_in
              FROM (SELECT x.product_id FROM mjc.stock_flip x
                    UNION
                    SELECT x.product_id FROM mjc.stock_flag x WHERE NOT x.in_stock AND x.next_expiry_at <= statement_timestamp()) c
              LEFT JOIN mjc.stock_flag f ON f.product_id = c.product_id) t;
END
$$;
COMMENT ON FUNCTION mjc.stock_flips() IS
    'Products for which mjc.product.in_stock may be late, because the stock changed or a hold lapsed that mjc.stock_expire did not sweep yet: those that are in stock, those that are not; NULL: none. All others are as the column says';

CREATE FUNCTION mjc.stocked(product_id uuid, in_stock boolean, now_in uuid[], now_out uuid[]) RETURNS boolean
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
    SELECT (in_stock OR coalesce(product_id OPERATOR(pg_catalog.=) ANY (now_in), false)) AND coalesce(product_id OPERATOR(pg_catalog.<>) ALL (now_out), true)
$$;
COMMENT ON FUNCTION mjc.stocked(uuid, boolean, uuid[], uuid[]) IS
    'Whether a product is in stock for filters and the order of lists: its column in_stock, and what mjc.stock_flips() tells';

-- Products that others have locked come next time.
CREATE FUNCTION mjc.stock_flip_fold(batch integer DEFAULT 500) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    due uuid[];
    folded bigint;
BEGIN
    due := ARRAY(SELECT DISTINCT x.product_id FROM (SELECT f.product_id FROM mjc.stock_flip f LIMIT batch) x);
    due := ARRAY(SELECT p.product_id FROM mjc.product p WHERE p.product_id = ANY (due) ORDER BY p.product_id FOR NO KEY UPDATE SKIP LOCKED);
    -- A statement of its own: it sees what the locks waited for.
    WITH gone AS (
        DELETE FROM mjc.stock_flip x WHERE x.product_id = ANY (due) RETURNING x.product_id),
    put AS (
        UPDATE mjc.product p SET in_stock = f.in_stock FROM mjc.stock_flag f
         WHERE p.product_id = ANY (due) AND f.product_id = p.product_id AND p.in_stock <> f.in_stock)
    SELECT count(*) INTO folded FROM gone;
    PERFORM mjc.offer_changed(due);
    RETURN folded;
END
$$;
COMMENT ON FUNCTION mjc.stock_flip_fold(integer) IS
    'Copies what changed in mjc.stock_flag into mjc.product; returns how many changes it took. What lists show does not change by it. Safe at any time, anywhere twice. Run by a job';

-------------------------------------------------------------- statements

-- The parts are constants; values travel as parameters: $1 categories, $2 manufacturers, $3 boiler model, $4
-- pattern, $5 and $6 prices, $7 size, $8 offset, $9 and $10 what mjc.stock_flips() tells, $11 what mjc.search_ids finds.
CREATE FUNCTION mjc.shelf_filter(active boolean, model boolean, typed boolean, featured boolean, stock text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN CASE WHEN active THEN ' AND p.is_active' ELSE '' END
        || CASE WHEN featured THEN ' AND p.is_featured' ELSE '' END
        || CASE WHEN stock IS NOT NULL THEN ' AND ' || stock ELSE '' END
        || CASE WHEN model THEN ' AND EXISTS (SELECT FROM mjc.fitment f WHERE f.product_id = p.product_id AND f.boiler_model_id = $3 AND f.fits)'
            -- as the product's page has it: none that a row without conditions excludes
            || ' AND NOT EXISTS (SELECT FROM mjc.fitment f WHERE f.product_id = p.product_id AND f.boiler_model_id = $3 AND NOT f.fits'
            || ' AND num_nonnulls(f.variant_id, f.serial, f.built, f.gas, f.power_w) = 0)' ELSE '' END
        || CASE WHEN typed THEN ' AND (lower(p.name || '' '' || coalesce(p.name_ar, '''') || '' '' || p.sku || '' '' || coalesce(p.manufacturer_ref, '''')) LIKE $4 OR p.product_id = ANY ($11) AND lower(p.description) LIKE $4)' ELSE '' END;
END
$$;
COMMENT ON FUNCTION mjc.shelf_filter(boolean, boolean, boolean, boolean, text) IS
    'Conditions of a list on mjc.product p but for category, maker and price; stock: the condition "in stock", or NULL';

CREATE FUNCTION mjc.shelf_key(sort_by text, stock text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN CASE sort_by
        WHEN 'createdAt' THEN 'p.created_at'
        WHEN 'updatedAt' THEN 'p.updated_at'
        WHEN 'name' THEN 'p.name'
        WHEN 'price' THEN 'price'
        WHEN 'stockQuantity' THEN 'CASE WHEN ' || stock || ' THEN (SELECT a.available FROM mjc.stock_available a WHERE a.product_id = p.product_id) ELSE 0 END'
    END;
END
$$;
COMMENT ON FUNCTION mjc.shelf_key(text, text) IS
    'What a list is sorted by (price: that of mjc.shelf_rows), NULL for a word that is none; stock: the condition "in stock"';

-- Equal ones follow by product, in the direction in which the index has them.
CREATE FUNCTION mjc.shelf_order(sort_by text, descending boolean) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN ' ORDER BY x.k' || CASE WHEN descending THEN ' DESC' ELSE '' END || ', x.product_id'
        || CASE WHEN descending = (sort_by IN ('createdAt', 'updatedAt')) THEN '' ELSE ' DESC' END;
END
$$;
COMMENT ON FUNCTION mjc.shelf_order(text, boolean) IS 'ORDER BY of statements of lists, on x (product_id, k)';

-- An index cannot know the time. Its price is right but for sales that have dates and are not on now: those
-- few are read on their own, by the price without the sale.
CREATE FUNCTION mjc.shelf_rows(filter text, sort_key text, min_price boolean, max_price boolean) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    on_sale CONSTANT text := 'mjc.sale_price_at(p.sale_price_centimes, p.sale_from_at, p.sale_until_at, statement_timestamp())';
    usual CONSTANT text := 'coalesce(p.sale_price_centimes, p.price_centimes)';
    bounds text := CASE WHEN min_price THEN ' AND price >= $5' ELSE '' END || CASE WHEN max_price THEN ' AND price <= $6' ELSE '' END;
BEGIN
    IF sort_key <> 'price' AND bounds = '' THEN
        RETURN ARRAY['SELECT p.product_id, ' || sort_key || ' AS k FROM mjc.product p WHERE true' || filter];
    END IF;
    RETURN ARRAY[
        'SELECT p.product_id, ' || CASE sort_key WHEN 'price' THEN usual ELSE sort_key END || ' AS k FROM mjc.product p WHERE true' || filter
        || replace(bounds, 'price', usual) || ' AND (p.sale_price_centimes IS NULL OR ' || on_sale || ' IS NOT NULL)',
        'SELECT p.product_id, ' || CASE sort_key WHEN 'price' THEN 'p.price_centimes' ELSE sort_key END || ' AS k FROM mjc.product p WHERE true' || filter
        || replace(bounds, 'price', 'p.price_centimes')
        || ' AND (p.sale_from_at IS NOT NULL OR p.sale_until_at IS NOT NULL) AND p.sale_price_centimes IS NOT NULL AND ' || on_sale || ' IS NULL'];
END
$$;
COMMENT ON FUNCTION mjc.shelf_rows(text, text, boolean, boolean) IS
    'Statements that together give the products (product_id, k) of a list once each; the price in force is that of mjc.sale_price_at';

CREATE FUNCTION mjc.shelf_hits(rows text[], ordering text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN 'WITH x AS MATERIALIZED (' || array_to_string(rows, ' UNION ALL ') || ' LIMIT 10001) SELECT (SELECT count(*) FROM x), ARRAY(SELECT x.product_id FROM x'
        || ordering || ' LIMIT $7 OFFSET $8)';
END
$$;
COMMENT ON FUNCTION mjc.shelf_hits(text[], text) IS 'Statement: how many products a list has, 10 001 at most, and the ids of one page';

CREATE FUNCTION mjc.shelf_walk(scope text, rows text[], ordering text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN 'SELECT ARRAY(SELECT x.product_id FROM '
        || CASE WHEN scope IS NULL THEN '' ELSE scope || ' CROSS JOIN LATERAL ' END || '('
        || (SELECT string_agg('(SELECT x.product_id, x.k FROM (' || r || ') x' || ordering || ' LIMIT $7 + $8)', ' UNION ALL ') FROM unnest(rows) r)
        || ') x' || ordering || ' LIMIT $7 OFFSET $8)';
END
$$;
COMMENT ON FUNCTION mjc.shelf_walk(text, text[], text) IS
    'Statement: the ids of one page of a long list, read in the order of an index; scope: FROM entry c (id) of which each row is read on its own, or NULL';

-- What is in stock first, then the most popular: of each category both ends are read in the order of an
-- index, and besides those of which the column is late.
CREATE FUNCTION mjc.shelf_best(category_ids uuid[], most bigint, before bigint) RETURNS uuid[]
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    now_in uuid[];
    now_out uuid[];
BEGIN
    SELECT coalesce(f.now_in, '{}'), coalesce(f.now_out, '{}') INTO now_in, now_out FROM mjc.stock_flips() f;
    RETURN ARRAY(
        SELECT x.product_id
          FROM (SELECT l.product_id, l.product_id = ANY (now_in) AS stocked, l.popularity
                  FROM mjc.product l
                 WHERE l.product_id = ANY (now_in || now_out) AND l.in_stock <> (l.product_id = ANY (now_in)) AND l.category_id = ANY (category_ids) AND l.is_active
                UNION ALL
                SELECT y.product_id, y.stocked, y.popularity
                  FROM unnest(category_ids) c (id)
                 CROSS JOIN LATERAL (
                       (SELECT p.product_id, true AS stocked, p.popularity FROM mjc.product p
                         WHERE p.category_id = c.id AND p.is_active AND p.in_stock AND p.product_id <> ALL (now_out)
                         ORDER BY p.popularity DESC, p.product_id LIMIT most + before)
                       UNION ALL
                       (SELECT p.product_id, false, p.popularity FROM mjc.product p
                         WHERE p.category_id = c.id AND p.is_active AND NOT p.in_stock AND p.product_id <> ALL (now_in)
                         ORDER BY p.popularity DESC, p.product_id LIMIT most + before)) y) x
         ORDER BY x.stocked DESC, x.popularity DESC, x.product_id LIMIT most OFFSET before);
END
$$;
COMMENT ON FUNCTION mjc.shelf_best(uuid[], bigint, bigint) IS 'A page of the active products of categories: those in stock first, then the most popular';

-------------------------------------------------------------- counts

CREATE FUNCTION mjc.shelf_counts(OUT category_id uuid, OUT manufacturer_id uuid, OUT products bigint) RETURNS SETOF record
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1000
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    IF mjc.catalogue_is_counted() THEN
        RETURN QUERY SELECT c.category_id, c.manufacturer_id, c.products FROM mjc.catalogue_counts() c;
    ELSE
        RETURN QUERY SELECT p.category_id, p.manufacturer_id, count(*) FROM mjc.product p WHERE p.is_active GROUP BY p.category_id, p.manufacturer_id;
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.shelf_counts() IS 'Active products by category and manufacturer (NULL: of none)';

CREATE FUNCTION mjc.shelf_total(category_ids uuid[], manufacturer_ids uuid[], in_stock boolean) RETURNS bigint
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF in_stock IS NOT TRUE THEN
        RETURN mjc.catalogue_total(category_ids, manufacturer_ids);
    ELSIF manufacturer_ids IS NOT NULL OR NOT mjc.catalogue_is_counted() THEN
        RETURN NULL;
    END IF;
    RETURN mjc.facet_in_stock(coalesce(category_ids, ARRAY(SELECT c.category_id FROM mjc.category c)));
END
$$;
COMMENT ON FUNCTION mjc.shelf_total(uuid[], uuid[], boolean) IS
    'How many active products these categories and manufacturers have (NULL: all), in_stock true: in stock, without counting them; NULL where that is not kept, or not yet';

-- Arrays and not rows: they go to the names that stand beside them without being taken apart.
CREATE FUNCTION mjc.shelf_facets(category_ids uuid[], OUT total bigint, OUT facets json)
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    WITH maker AS MATERIALIZED (
        SELECT c.category_id, c.manufacturer_id, c.products FROM mjc.catalogue_counts(category_ids) c),
    counted AS (
        SELECT 'categories' AS facet, m.category_id::text AS key, sum(m.products)::text AS n FROM maker m GROUP BY m.category_id
        UNION ALL SELECT 'manufacturers', m.manufacturer_id::text, sum(m.products)::text FROM maker m WHERE m.manufacturer_id IS NOT NULL GROUP BY m.manufacturer_id
        UNION ALL SELECT f.facet, f.key, f.products::text FROM mjc.facet_counts(category_ids) f)
    SELECT coalesce((SELECT sum(m.products)::bigint FROM maker m), 0),
           (SELECT mjc.facets_json(ARRAY[array_agg(c.facet), array_agg(c.key), array_agg(c.n)]) FROM counted c)
      INTO total, facets;
END
$$;
COMMENT ON FUNCTION mjc.shelf_facets(uuid[]) IS 'How many active products these categories have, and their facets (mjc.facets_json): of all of them, however many, without counting them';

CREATE FUNCTION mjc.shelf_narrow(categories boolean, manufacturers boolean, kinds boolean, models boolean) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN ' AND p.is_active'
        || CASE WHEN categories THEN ' AND p.category_id = ANY ($1)' ELSE '' END
        || CASE WHEN manufacturers THEN ' AND p.manufacturer_id = ANY ($2)' ELSE '' END
        || CASE WHEN kinds THEN ' AND p.kind_id = ANY ($3)' ELSE '' END
        -- of several boilers: what fits any of them; found from the boilers, whatever the planner thinks of the others
        || CASE WHEN models THEN ' AND p.product_id = ANY (ARRAY(SELECT f.product_id FROM mjc.fitment f WHERE f.boiler_model_id = ANY ($4) AND f.fits'
            || ' AND NOT EXISTS (SELECT FROM mjc.fitment g WHERE g.product_id = f.product_id AND g.boiler_model_id = f.boiler_model_id AND NOT g.fits'
            || ' AND num_nonnulls(g.variant_id, g.serial, g.built, g.gas, g.power_w) = 0)))' ELSE '' END;
END
$$;
COMMENT ON FUNCTION mjc.shelf_narrow(boolean, boolean, boolean, boolean) IS
    'Conditions of a search without words on mjc.product p: $1 categories, $2 manufacturers, $3 kinds, $4 boiler models';

CREATE FUNCTION mjc.shelf_sort(sort text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN CASE sort WHEN 'price_asc' THEN 'x.price, x.product_id'
                     WHEN 'price_desc' THEN 'x.price DESC, x.product_id DESC'
                     WHEN 'newest' THEN 'x.created_at DESC, x.product_id'
                     ELSE 'x.stocked DESC, x.popularity DESC, x.product_id' END;
END
$$;
COMMENT ON FUNCTION mjc.shelf_sort(text) IS 'The order of a search without words, on x (product_id, price, created_at, stocked, popularity)';

-- One pass over an index: how many, which page, and each facet. stock: the condition "in stock".
CREATE FUNCTION mjc.shelf_census(narrow text, sort text, min_price boolean, max_price boolean, in_stock boolean, stock text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN 'WITH hit AS MATERIALIZED (SELECT p.product_id, p.category_id, p.manufacturer_id, p.kind_id, p.popularity, p.created_at, y.price, ' || stock || ' AS stocked FROM mjc.product p'
        || ' CROSS JOIN LATERAL (SELECT coalesce(mjc.sale_price_at(p.sale_price_centimes, p.sale_from_at, p.sale_until_at, statement_timestamp()), p.price_centimes) AS price) y WHERE true' || narrow
        || CASE WHEN min_price THEN ' AND y.price >= $5' ELSE '' END || CASE WHEN max_price THEN ' AND y.price <= $6' ELSE '' END
        || CASE WHEN in_stock THEN ' AND ' || stock ELSE '' END || ' LIMIT 10001)'
        || ' SELECT (SELECT count(*) FROM hit), ARRAY(SELECT x.product_id FROM hit x ORDER BY ' || mjc.shelf_sort(sort) || ' LIMIT $7 OFFSET $8),'
        || ' mjc.facets_json((SELECT mjc.facet_tally(h.category_id, h.manufacturer_id, h.kind_id, mjc.price_band(h.price), h.stocked) FROM hit h))';
END
$$;
COMMENT ON FUNCTION mjc.shelf_census(text, text, boolean, boolean, boolean, text) IS
    'Statement: how many products a filter leaves, 10 001 at most, the ids of one page, and the facets of all of them; narrow: mjc.shelf_narrow';

-- Of very many the first ten thousand are no fair choice: they are walked through in the order wanted.
-- By relevance that is the most popular first.
CREATE FUNCTION mjc.shelf_stroll(filter text, sort text, min_price boolean, max_price boolean) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    sort_by text := CASE sort WHEN 'newest' THEN 'createdAt' ELSE 'price' END;
BEGIN
    IF sort <> 'relevance' THEN
        RETURN mjc.shelf_walk(NULL, mjc.shelf_rows(filter, mjc.shelf_key(sort_by, NULL), min_price, max_price), mjc.shelf_order(sort_by, sort <> 'price_asc'));
    END IF;
    RETURN mjc.shelf_walk(NULL, mjc.shelf_rows(filter, 'p.popularity', min_price, max_price), ' ORDER BY x.k DESC, x.product_id');
END
$$;
COMMENT ON FUNCTION mjc.shelf_stroll(text, text, boolean, boolean) IS 'Statement: the ids of one page of what a filter leaves, when that is more than 10 000 products';

-- The page in the order of an index; by price a sale counts while it is on.
CREATE FUNCTION mjc.shelf_page(category_ids uuid[], sort text, page integer, page_size integer, OUT total bigint, OUT product_ids uuid[], OUT facets json)
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    SET enable_seqscan = off
AS $$
#variable_conflict use_variable
DECLARE
    before bigint := (page - 1)::bigint * page_size;
    sort_by text := CASE WHEN sort = 'newest' THEN 'createdAt' ELSE 'price' END;
BEGIN
    SELECT f.total, f.facets INTO total, facets FROM mjc.shelf_facets(category_ids) f;
    IF sort = 'relevance' THEN
        product_ids := mjc.shelf_best(category_ids, page_size, before);
    ELSE
        EXECUTE mjc.shelf_walk('unnest($1) c (id)', mjc.shelf_rows(' AND p.category_id = c.id AND p.is_active', mjc.shelf_key(sort_by, NULL), false, false),
                               mjc.shelf_order(sort_by, sort <> 'price_asc'))
           INTO product_ids
          USING category_ids, NULL, NULL, NULL, NULL, NULL, page_size, before;
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.shelf_page(uuid[], text, integer, integer) IS
    'A page of the active products of categories: relevance (mjc.shelf_best), price_asc, price_desc or newest; how many there are, and their facets. Whoever calls it has seen that they are counted (mjc.catalogue_is_counted)';

CREATE FUNCTION mjc.shelf_search(category_ids uuid[], manufacturer_ids uuid[], kind_ids uuid[], model_ids uuid[], min_price bigint, max_price bigint, in_stock boolean,
    sort text, page integer, page_size integer, OUT total bigint, OUT product_ids uuid[], OUT facets json)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    SET enable_seqscan = off
    SET max_parallel_workers_per_gather = 0
AS $$
#variable_conflict use_variable
DECLARE
    before bigint := (page - 1)::bigint * page_size;
    stock boolean := coalesce(in_stock, false);
    narrow text := mjc.shelf_narrow(category_ids IS NOT NULL, manufacturer_ids IS NOT NULL, kind_ids IS NOT NULL, model_ids IS NOT NULL);
    flips record;
    stocked text;
BEGIN
    IF category_ids IS NOT NULL AND num_nonnulls(manufacturer_ids, kind_ids, model_ids, min_price, max_price) = 0 AND NOT stock AND mjc.catalogue_is_counted() THEN
        SELECT p.total, p.product_ids, p.facets INTO total, product_ids, facets FROM mjc.shelf_page(category_ids, sort, page, page_size) p;
        RETURN;
    END IF;
    SELECT f.now_in, f.now_out INTO flips FROM mjc.stock_flips() f;
    stocked := CASE WHEN num_nonnulls(flips.now_in, flips.now_out) = 0 THEN 'p.in_stock' ELSE 'mjc.stocked(p.product_id, p.in_stock, $9, $10)' END;
    EXECUTE mjc.shelf_census(narrow, sort, min_price IS NOT NULL, max_price IS NOT NULL, stock, stocked)
       INTO total, product_ids, facets
      USING category_ids, manufacturer_ids, kind_ids, model_ids, min_price, max_price, page_size, before, flips.now_in, flips.now_out;
    IF total > 10000 THEN
        EXECUTE mjc.shelf_stroll(narrow || CASE WHEN stock THEN ' AND ' || stocked ELSE '' END, sort, min_price IS NOT NULL, max_price IS NOT NULL)
           INTO product_ids
          USING category_ids, manufacturer_ids, kind_ids, model_ids, min_price, max_price, page_size, before, flips.now_in, flips.now_out;
        IF num_nonnulls(kind_ids, model_ids, min_price, max_price) = 0 THEN
            total := coalesce(mjc.shelf_total(category_ids, manufacturer_ids, stock), total);
        END IF;
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.shelf_search(uuid[], uuid[], uuid[], uuid[], bigint, bigint, boolean, text, integer, integer) IS
    'A page of what a filter leaves of the active products (NULL: any; prices in centimes), by relevance (in stock, then popular, first), price_asc, price_desc or newest; how many there are (10 001 is more than 10 000, where that is not kept), and the facets of all of them';

CREATE FUNCTION mjc.category_rows(OUT category_id uuid, OUT parent_id uuid, OUT slug text, OUT name text, OUT sort_order integer, OUT is_active boolean,
    OUT products bigint, OUT doc jsonb) RETURNS SETOF record
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH RECURSIVE up (category_id, ancestor_id, depth) AS (
        SELECT c.category_id, c.category_id, 1 FROM mjc.category c
        UNION
        SELECT u.category_id, c.parent_id, u.depth + 1 FROM up u JOIN mjc.category c ON c.category_id = u.ancestor_id
         WHERE c.parent_id IS NOT NULL AND u.depth < 10),
    counted AS (
        SELECT u.ancestor_id, sum(n.products)::bigint AS products
          FROM (SELECT DISTINCT x.category_id, x.ancestor_id FROM up x) u
          JOIN (SELECT s.category_id, sum(s.products) AS products FROM mjc.shelf_counts() s GROUP BY s.category_id) n ON n.category_id = u.category_id
         GROUP BY u.ancestor_id)
    SELECT c.category_id, c.parent_id, c.slug, c.name, c.sort_order, c.is_active, coalesce(n.products, 0),
           jsonb_build_object('id', c.category_id, 'name', c.name, 'nameAr', c.name_ar, 'nameEn', c.name_en, 'slug', c.slug,
               'description', c.description, 'descriptionAr', c.description_ar, 'descriptionEn', c.description_en,
               'image', c.image_url, 'parentId', c.parent_id, 'isActive', c.is_active, 'sortOrder', c.sort_order,
               'createdAt', mjc.iso(c.created_at), 'updatedAt', mjc.iso(c.updated_at),
               'parent', CASE WHEN p.category_id IS NOT NULL THEN jsonb_build_object('id', p.category_id, 'name', p.name, 'slug', p.slug) END,
               'productCount', coalesce(n.products, 0), '_count', jsonb_build_object('products', coalesce(n.products, 0)))
      FROM mjc.category c
      LEFT JOIN mjc.category p ON p.category_id = c.parent_id
      LEFT JOIN counted n ON n.ancestor_id = c.category_id;
END
$$;
COMMENT ON FUNCTION mjc.category_rows() IS 'Categories as the frontends read them; counts hold active products with those of all categories below';
