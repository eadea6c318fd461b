-- catalogue_api: the routes of the shop window (shim/routes.c), one function each.

-- The condition holds only the filters that were given, so that each finds its
-- index; it is put together from constants, the values travel as parameters.
CREATE FUNCTION mjc_api.product_list(actor uuid, token_version integer, token_id uuid,
    page integer, page_size integer, search text, category text, manufacturer text,
    categories text[], manufacturers text[], min_price bigint, max_price bigint,
    featured boolean, in_stock boolean, boiler_model text, sort_by text, sort_order text) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    staff boolean := mjc.is_admin(actor, token_version, token_id);
    size integer := coalesce(page_size, CASE WHEN staff THEN 100 ELSE 20 END);
    number integer := coalesce(page, 1);
    wanted_categories uuid[] := mjc.category_subtree(categories || category);
    wanted_manufacturers uuid[] := mjc.manufacturer_ids(manufacturers || manufacturer);
    pattern text := '%' || replace(replace(replace(lower(nullif(btrim(search), '')), '\', '\\'), '%', '\%'), '_', '\_') || '%';
    wanted_model uuid;
    source text := 'FROM mjc.product p WHERE true';
    dated boolean;
    price text;
    ordering text;
    total bigint;
    ids uuid[];
BEGIN
    IF boiler_model IS NOT NULL THEN
        wanted_model := coalesce(mjc.uuid_or_null(boiler_model), '00000000-0000-0000-0000-000000000000');
        source := source || ' AND EXISTS (SELECT FROM mjc.fitment f WHERE f.product_id = p.product_id AND f.boiler_model_id = $3)';
    END IF;
    IF NOT staff THEN
        source := source || ' AND p.is_active';
    END IF;
    IF categories IS NOT NULL OR category IS NOT NULL THEN
        source := source || ' AND p.category_id = ANY ($1)';
    END IF;
    IF manufacturers IS NOT NULL OR manufacturer IS NOT NULL THEN
        source := source || ' AND p.manufacturer_id = ANY ($2)';
    END IF;
    IF pattern IS NOT NULL THEN
        source := source || ' AND lower(p.name || '' '' || coalesce(p.name_ar, '''') || '' '' || p.sku || '' '' || coalesce(p.manufacturer_ref, '''') || '' '' || coalesce(p.description, '''')) LIKE $4';
    END IF;
    -- The index knows sale prices whatever their dates; while all of them are in force that is the
    -- price. Otherwise it still finds what may cost so little, and the price in force decides.
    dated := EXISTS (SELECT FROM mjc.product d
                      WHERE (d.sale_from_at IS NOT NULL OR d.sale_until_at IS NOT NULL)
                        AND mjc.sale_price_at(d.sale_price_centimes, d.sale_from_at, d.sale_until_at, statement_timestamp()) IS NULL);
    price := CASE WHEN dated THEN 'coalesce(mjc.sale_price_at(p.sale_price_centimes, p.sale_from_at, p.sale_until_at, statement_timestamp()), p.price_centimes)'
                  ELSE 'coalesce(p.sale_price_centimes, p.price_centimes)' END;
    IF min_price IS NOT NULL THEN
        source := source || ' AND ' || price || ' >= $5';
    END IF;
    IF max_price IS NOT NULL THEN
        source := source || ' AND coalesce(p.sale_price_centimes, p.price_centimes) <= $6 AND ' || price || ' <= $6';
    END IF;
    IF featured THEN
        source := source || ' AND p.is_featured';
    END IF;
    IF in_stock THEN
        source := source || ' AND EXISTS (SELECT FROM mjc.stock_flag s WHERE s.product_id = p.product_id AND (s.in_stock OR s.next_expiry_at <= statement_timestamp()))';
    END IF;
    ordering := CASE coalesce(sort_by, 'createdAt')
        WHEN 'createdAt' THEN 'p.created_at'
        WHEN 'updatedAt' THEN 'p.updated_at'
        WHEN 'name' THEN 'p.name'
        WHEN 'price' THEN price
        WHEN 'stockQuantity' THEN 'coalesce((SELECT a.available FROM mjc.stock_available a WHERE a.product_id = p.product_id), 0)'
    END;
    IF ordering IS NULL THEN
        PERFORM mjc.raise('ARGUMENT_INVALID', 'argument', 'sortBy');
    END IF;
    ordering := ordering || CASE lower(coalesce(sort_order, 'desc')) WHEN 'asc' THEN ' ASC' ELSE ' DESC' END || ', p.product_id';
    EXECUTE 'SELECT count(*) ' || source INTO total
        USING wanted_categories, wanted_manufacturers, wanted_model, pattern, min_price, max_price;
    EXECUTE 'SELECT coalesce(array_agg(x.product_id ORDER BY x.n), ''{}'') FROM (SELECT p.product_id, row_number() OVER (ORDER BY ' || ordering
            || ') AS n ' || source || ' ORDER BY ' || ordering || ' LIMIT $7 OFFSET $8) x' INTO ids
        USING wanted_categories, wanted_manufacturers, wanted_model, pattern, min_price, max_price,
              size, (number - 1)::bigint * size;
    RETURN json_build_object('products', mjc.product_card_list(ids), 'pagination', mjc.pagination(number, size, total));
END
$$;
COMMENT ON FUNCTION mjc_api.product_list(uuid, integer, uuid, integer, integer, text, text, text, text[], text[], bigint, bigint, boolean, boolean, text, text, text) IS
    'GET /products: active products; an admin sees all. Prices in centimes. Errors: MJ010';

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
AS $$
DECLARE
    staff boolean := actor IS NOT NULL AND mjc.is_admin(actor, token_version, token_id);
    wanted uuid := mjc.uuid_or_null(key);
    related json := '[]';
BEGIN
    IF wanted IS NULL THEN
        wanted := (SELECT p.product_id FROM mjc.product p WHERE p.slug = key);
    END IF;
    -- Here, and not in the statement below: that then costs the same for all arguments, so its plan is kept.
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

CREATE FUNCTION mjc_api.category_list(include_products boolean) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        WITH counted AS (
            SELECT c.category_id, c.parent_id, c.slug, c.name, c.name_ar, c.description, c.image_url, c.is_active,
                   c.sort_order, c.created_at, c.updated_at,
                   (SELECT count(*) FROM mjc.product p
                     WHERE p.is_active AND (p.category_id = c.category_id
                        OR p.category_id IN (SELECT d.category_id FROM mjc.category d WHERE d.parent_id = c.category_id))) AS products
              FROM mjc.category c WHERE c.is_active)
        SELECT json_build_object('categories', coalesce(json_agg(
                   json_build_object('id', c.category_id, 'name', c.name, 'nameAr', c.name_ar, 'slug', c.slug,
                       'description', c.description, 'image', c.image_url, 'parentId', c.parent_id, 'isActive', c.is_active,
                       'sortOrder', c.sort_order, 'createdAt', mjc.iso(c.created_at), 'updatedAt', mjc.iso(c.updated_at),
                       'parent', CASE WHEN p.category_id IS NOT NULL THEN json_build_object('id', p.category_id, 'name', p.name, 'slug', p.slug) END,
                       'productCount', c.products, '_count', json_build_object('products', c.products),
                       'children', CASE WHEN include_products THEN coalesce((
                           SELECT json_agg(json_build_object('id', d.category_id, 'name', d.name, 'slug', d.slug, 'productCount', d.products)
                                           ORDER BY d.sort_order, d.name)
                             FROM counted d WHERE d.parent_id = c.category_id), '[]'::json) ELSE '[]'::json END)
                   ORDER BY c.parent_id IS NOT NULL, c.sort_order, c.name), '[]'::json))
          FROM counted c LEFT JOIN mjc.category p ON p.category_id = c.parent_id);
END
$$;
COMMENT ON FUNCTION mjc_api.category_list(boolean) IS
    'GET /products/categories: roots first; counts hold active products with those of the children';

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
               'productCount', n.products, '_count', json_build_object('products', n.products)) ORDER BY m.name), '[]'::json)
      INTO list
      FROM mjc.manufacturer m
      CROSS JOIN LATERAL (SELECT count(*) AS products FROM mjc.product p
                           WHERE p.manufacturer_id = m.manufacturer_id AND p.is_active) n
     WHERE m.is_active;
    -- The list page reads `manufacturers`, the part finder `success` and `data`.
    RETURN json_build_object('manufacturers', list, 'success', true, 'data', list);
END
$$;
COMMENT ON FUNCTION mjc_api.manufacturer_list() IS 'GET /products/manufacturers: by name, in both shapes that the frontends read';

CREATE FUNCTION mjc_api.boiler_model_list(manufacturer text, search text) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wanted uuid[] := mjc.manufacturer_ids(ARRAY[manufacturer]);
    list json;
BEGIN
    SELECT coalesce(json_agg(json_build_object('id', b.boiler_model_id, 'name', b.name, 'manufacturerId', b.manufacturer_id,
               'series', b.series, 'type', b.type, 'releaseYear', b.release_year, 'isActive', b.is_active,
               'createdAt', mjc.iso(b.created_at), 'updatedAt', mjc.iso(b.updated_at),
               'manufacturer', json_build_object('name', m.name, 'slug', m.slug)) ORDER BY b.name), '[]'::json)
      INTO list
      FROM mjc.boiler_model b JOIN mjc.manufacturer m ON m.manufacturer_id = b.manufacturer_id
     WHERE b.is_active
       AND (manufacturer IS NULL OR b.manufacturer_id = ANY (wanted))
       AND (search IS NULL OR strpos(lower(b.name), lower(btrim(search))) > 0);
    -- The filter sidebar reads a body wrapped twice.
    RETURN json_build_object('success', true, 'data', json_build_object('success', true, 'data', list, 'models', list));
END
$$;
COMMENT ON FUNCTION mjc_api.boiler_model_list(text, text) IS 'GET /boilers/models: by name; whole body';

CREATE FUNCTION mjc_api.boiler_model_parts(boiler_model_id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM mjc.boiler_model b WHERE b.boiler_model_id = boiler_model_parts.boiler_model_id AND b.is_active) THEN
        RETURN NULL;
    END IF;
    RETURN (
        SELECT coalesce(json_agg(k.card::jsonb || jsonb_build_object('compatibilityNotes', f.note) ORDER BY k.place), '[]'::json)
          FROM mjc.product_cards(ARRAY(
                   SELECT p.product_id FROM mjc.fitment x JOIN mjc.product p ON p.product_id = x.product_id
                    WHERE x.boiler_model_id = boiler_model_parts.boiler_model_id AND p.is_active
                    ORDER BY p.name, p.product_id), false) k
          JOIN mjc.fitment f ON f.product_id = k.product_id AND f.boiler_model_id = boiler_model_parts.boiler_model_id);
END
$$;
COMMENT ON FUNCTION mjc_api.boiler_model_parts(uuid) IS 'GET /boilers/models/:id/parts: active parts that fit, NULL for an unknown model';
