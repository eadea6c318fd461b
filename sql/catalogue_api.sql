-- catalogue_api: the routes of the shop window (shim/routes.c), one function each.

-- How the statements are put together: sql/shelf.sql. A table is never read from somewhere on until enough
-- is found: what is looked for may lie at its other end.
CREATE FUNCTION mjc_api.product_list(actor uuid, token_version integer, token_id uuid,
    page integer, page_size integer, search text, category text, manufacturer text,
    categories text[], manufacturers text[], min_price bigint, max_price bigint,
    featured boolean, in_stock boolean, boiler_model text, sort_by text, sort_order text) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET enable_seqscan = off
    SET max_parallel_workers_per_gather = 0
AS $$
DECLARE
    staff boolean := actor IS NOT NULL AND mjc.is_admin(actor, token_version, token_id);
    size integer := coalesce(page_size, CASE WHEN staff THEN 100 ELSE 20 END);
    number integer := coalesce(page, 1);
    before bigint := (number - 1)::bigint * size;
    in_categories boolean := categories IS NOT NULL OR category IS NOT NULL;
    by_makers boolean := manufacturers IS NOT NULL OR manufacturer IS NOT NULL;
    wanted_categories uuid[] := mjc.category_subtree(categories || category);
    wanted_makers uuid[] := mjc.manufacturer_ids(manufacturers || manufacturer);
    wanted_model uuid := coalesce(mjc.uuid_or_null(boiler_model), mjc.no_uuid());
    pattern text := '%' || replace(replace(replace(lower(nullif(btrim(search), '')), '\', '\\'), '%', '\%'), '_', '\_') || '%';
    by_makers_too text := CASE WHEN by_makers THEN ' AND p.manufacturer_id = ANY ($2)' ELSE '' END;
    sort text := coalesce(sort_by, 'createdAt');
    ordering text := mjc.shelf_order(sort, lower(coalesce(sort_order, 'desc')) <> 'asc');
    -- By any part of its names and numbers; a description that holds the text is found by the words in it.
    found uuid[] := CASE WHEN pattern IS NOT NULL THEN mjc.search_ids(search, 1000) END;
    now_in uuid[];
    now_out uuid[];
    stock text;
    sort_key text;
    filter text;
    total bigint;
    counted bigint;
    walked boolean;
    ids uuid[];
BEGIN
    IF NOT staff AND before + size > 10000 THEN
        PERFORM mjc.raise('ARGUMENT_RANGE', 'argument', 'page');
    END IF;
    IF in_stock OR sort = 'stockQuantity' THEN
        SELECT f.now_in, f.now_out INTO now_in, now_out FROM mjc.stock_flips() f;
        stock := 'mjc.stocked(p.product_id, p.in_stock, $9, $10)';
    END IF;
    sort_key := mjc.shelf_key(sort, stock);
    IF sort_key IS NULL THEN
        PERFORM mjc.raise('ARGUMENT_INVALID', 'argument', 'sortBy');
    END IF;
    filter := by_makers_too || mjc.shelf_filter(NOT staff, boiler_model IS NOT NULL, pattern IS NOT NULL, featured, CASE WHEN in_stock THEN stock END);
    IF NOT staff AND num_nonnulls(pattern, min_price, max_price, boiler_model) = 0 AND featured IS NOT TRUE THEN
        counted := mjc.shelf_total(CASE WHEN in_categories THEN wanted_categories END, CASE WHEN by_makers THEN wanted_makers END, in_stock);
    END IF;
    -- Known without counting, and a walk soon has the page: of few, only in an order that each category has.
    total := CASE WHEN sort <> 'stockQuantity' AND (counted > 10000 OR counted > 4 * (before + size) AND NOT by_makers AND NOT (in_categories AND sort = 'updatedAt')) THEN counted END;
    walked := total IS NOT NULL;
    IF NOT walked THEN
        EXECUTE mjc.shelf_hits(mjc.shelf_rows(CASE WHEN in_categories THEN ' AND p.category_id = ANY ($1)' ELSE '' END || filter, sort_key,
                                              min_price IS NOT NULL, max_price IS NOT NULL), ordering)
           INTO total, ids
          USING wanted_categories, wanted_makers, wanted_model, pattern, min_price, max_price, size, before, now_in, now_out, found;
    END IF;
    IF total > 10000 AND sort = 'stockQuantity' THEN
        PERFORM mjc.raise('LIST_TOO_LONG');
    ELSIF walked OR total > 10000 THEN
        -- Each category has its own order by all sorts but the time of the last change.
        EXECUTE mjc.shelf_walk(CASE WHEN in_categories AND sort <> 'updatedAt' THEN 'unnest($1) c (id)' END,
                               mjc.shelf_rows(CASE WHEN NOT in_categories THEN '' WHEN sort <> 'updatedAt' THEN ' AND p.category_id = c.id'
                                                   ELSE ' AND p.category_id = ANY ($1)' END || filter, sort_key,
                                              min_price IS NOT NULL, max_price IS NOT NULL), ordering)
           INTO ids
          USING wanted_categories, wanted_makers, wanted_model, pattern, min_price, max_price, size, before, now_in, now_out, found;
    END IF;
    RETURN json_build_object('products', mjc.product_card_list(ids), 'pagination',
        CASE WHEN total <= 10000 OR counted >= total THEN mjc.pagination(number, size, greatest(total, counted))
             ELSE (mjc.pagination(number, size, total)::jsonb || '{"totalIsLowerBound": true}')::json END);
END
$$;
COMMENT ON FUNCTION mjc_api.product_list(uuid, integer, uuid, integer, integer, text, text, text, text[], text[], bigint, bigint, boolean, boolean, text, text, text) IS
    'GET /products: active products; an admin sees all, and pages past the 10 000th product. Prices in centimes. total is exact up to 10 000, and beyond for visitors without other filters than categories and manufacturers, or categories and stock; else it is 10 001 and totalIsLowerBound is there. Errors: MJ006, MJ010, MJ125';

CREATE FUNCTION mjc_api.product_featured(page_size integer) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN json_build_object('products', mjc.product_card_list(ARRAY(
        SELECT p.product_id FROM mjc.product p WHERE p.is_active AND p.is_featured
         ORDER BY p.created_at DESC, p.product_id LIMIT coalesce(page_size, 8))));
END
$$;
COMMENT ON FUNCTION mjc_api.product_featured(integer) IS 'GET /products/featured: newest first';

CREATE FUNCTION mjc_api.product_get(actor uuid, token_version integer, token_id uuid, key text, include_related boolean) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    staff boolean := actor IS NOT NULL AND mjc.is_admin(actor, token_version, token_id);
    wanted uuid := mjc.uuid_or_null(key);
    related json := '[]';
BEGIN
    IF wanted IS NULL THEN
        wanted := (SELECT p.product_id FROM mjc.product p WHERE p.slug = key);
    END IF;
    IF include_related THEN
        related := mjc.product_related(wanted);
    END IF;
    RETURN (
        SELECT json_build_object('product', mjc.card_json(coalesce(k.head, r.head), coalesce(k.rest, r.rest), p.price_centimes,
                   mjc.sale_price_at(p.sale_price_centimes, p.sale_from_at, p.sale_until_at, statement_timestamp()),
                   s.available, p.is_active, p.updated_at, c.category_id, c.name, c.slug, c.name_ar, c.name_en,
                   m.manufacturer_id, m.name, m.slug, p.rating_count, p.rating_sum,
                   json_build_object('kind', CASE WHEN t.kind_id IS NOT NULL THEN
                           json_build_object('id', t.kind_id, 'slug', t.slug, 'name', t.name, 'nameAr', t.name_ar, 'nameEn', t.name_en) END,
                       'safetyClass', p.safety_class, 'needsQualifiedInstaller', 'QUALIFIED' IN (p.safety_class, coalesce(t.safety_class, 'STANDARD')),
                       'supersededBy', CASE WHEN u.product_id IS NOT NULL THEN mjc.card_successors(u.product_id) END,
                       'relatedProducts', related),
                   n.ids, n.names))
          FROM mjc.product p
          JOIN mjc.category c ON c.category_id = p.category_id
          LEFT JOIN mjc.manufacturer m ON m.manufacturer_id = p.manufacturer_id
          LEFT JOIN mjc.part_kind t ON t.kind_id = p.kind_id
          LEFT JOIN mjc.product_card k ON k.product_id = p.product_id
          LEFT JOIN LATERAL (SELECT x.head, x.rest, x.named FROM mjc.card_render(ARRAY[p.product_id]) x WHERE k.product_id IS NULL OFFSET 0) r ON true
          LEFT JOIN mjc.supersession u ON u.product_id = p.product_id
          LEFT JOIN LATERAL (SELECT array_agg(x.id) AS ids, array_agg(x.member) AS names FROM mjc.card_name x
                              WHERE x.id = ANY (coalesce(k.named, r.named))) n ON true
          LEFT JOIN LATERAL (SELECT a.available FROM mjc.stock_available a WHERE a.product_id = p.product_id) s ON true
         WHERE p.product_id = wanted AND (p.is_active OR staff));
END
$$;
COMMENT ON FUNCTION mjc_api.product_get(uuid, integer, uuid, text, boolean) IS
    'GET /products/:idOrSlug: one product, NULL when there is none; an admin sees inactive ones';

CREATE FUNCTION mjc_api.product_batch(product_ids text[]) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF product_ids IS NULL THEN
        PERFORM mjc.raise('ARGUMENT_MISSING', 'argument', 'productIds');
    ELSIF cardinality(product_ids) > 100 THEN
        PERFORM mjc.raise('ARGUMENT_RANGE', 'argument', 'productIds');
    ELSIF EXISTS (SELECT FROM unnest(product_ids) u (id) WHERE mjc.uuid_or_null(u.id) IS NULL) THEN
        PERFORM mjc.raise('ARGUMENT_INVALID', 'argument', 'productIds');
    END IF;
    RETURN json_build_object('products', mjc.product_card_list(ARRAY(
        SELECT p.product_id
          FROM (SELECT u.id::uuid AS id, min(u.place) AS place FROM unnest(product_ids) WITH ORDINALITY u (id, place) GROUP BY u.id::uuid) w
          JOIN mjc.product p ON p.product_id = w.id AND p.is_active
         ORDER BY w.place)));
END
$$;
COMMENT ON FUNCTION mjc_api.product_batch(text[]) IS
    'POST /products/batch: active products of these, 100 at most, each once, in their order. Errors: MJ003, MJ006, MJ010';

CREATE FUNCTION mjc_api.category_list(include_products boolean) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        WITH c AS MATERIALIZED (
            SELECT r.category_id, r.parent_id, r.slug, r.name, r.sort_order, r.products, r.doc FROM mjc.category_rows() r WHERE r.is_active)
        SELECT json_build_object('categories', coalesce(json_agg(
                   c.doc || CASE WHEN include_products THEN jsonb_build_object('children', coalesce((
                       SELECT jsonb_agg(jsonb_build_object('id', d.category_id, 'name', d.name, 'slug', d.slug, 'productCount', d.products) ORDER BY d.sort_order, d.name)
                         FROM c d WHERE d.parent_id = c.category_id), '[]'::jsonb)) ELSE '{"children": []}' END
                   ORDER BY c.parent_id IS NOT NULL, c.sort_order, c.name), '[]'::json))
          FROM c);
END
$$;
COMMENT ON FUNCTION mjc_api.category_list(boolean) IS
    'GET /products/categories: active ones, roots first; counts hold active products with those of all categories below';

CREATE FUNCTION mjc_api.category_index(main boolean) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT coalesce(json_agg(c.doc ORDER BY c.name, c.category_id), '[]'::json) FROM mjc.category_rows() c
             WHERE c.is_active AND (main IS NOT TRUE OR c.parent_id IS NULL));
END
$$;
COMMENT ON FUNCTION mjc_api.category_index(boolean) IS 'GET /categories: active ones by name; main: roots alone';

CREATE FUNCTION mjc_api.category_get(key text) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT c.doc FROM mjc.category_rows() c WHERE c.is_active AND (c.category_id = mjc.uuid_or_null(key) OR c.slug = lower(key)));
END
$$;
COMMENT ON FUNCTION mjc_api.category_get(text) IS 'GET /categories/:id: by id or slug; NULL when there is none, or it is not active';

CREATE FUNCTION mjc_api.manufacturer_list() RETURNS json
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    list json;
BEGIN
    SELECT coalesce(json_agg(json_build_object('id', m.manufacturer_id, 'name', m.name, 'slug', m.slug,
               'description', m.description, 'website', m.website, 'logo', m.logo_url, 'isActive', m.is_active,
               'createdAt', mjc.iso(m.created_at), 'updatedAt', mjc.iso(m.updated_at),
               'productCount', coalesce(n.products, 0), '_count', json_build_object('products', coalesce(n.products, 0))) ORDER BY m.name), '[]'::json)
      INTO list
      FROM mjc.manufacturer m
      LEFT JOIN (SELECT s.manufacturer_id, sum(s.products)::bigint AS products FROM mjc.shelf_counts() s GROUP BY s.manufacturer_id) n
             ON n.manufacturer_id = m.manufacturer_id
     WHERE m.is_active;
    -- The list page reads `manufacturers`, the part finder `success` and `data`.
    RETURN json_build_object('manufacturers', list, 'success', true, 'data', list);
END
$$;
COMMENT ON FUNCTION mjc_api.manufacturer_list() IS 'GET /products/manufacturers: by name, in both shapes that the frontends read';
