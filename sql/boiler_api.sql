-- boiler_api: what visitors ask about boilers: which there are, which one is mine, what fits it.

CREATE FUNCTION mjc_api.boiler_brand_list() RETURNS json
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        WITH counted AS (
            SELECT b.manufacturer_id, b.range_id, count(*) AS models FROM mjc.boiler_model b WHERE b.is_active GROUP BY b.manufacturer_id, b.range_id),
        brand AS (
            SELECT c.manufacturer_id, sum(c.models) AS models,
                   coalesce(json_agg(json_build_object('id', r.range_id, 'name', r.name, 'modelCount', c.models) ORDER BY r.name)
                            FILTER (WHERE r.is_active), '[]'::json) AS ranges
              FROM counted c LEFT JOIN mjc.boiler_range r ON r.range_id = c.range_id
             GROUP BY c.manufacturer_id)
        SELECT json_build_object('brands', coalesce(json_agg(json_build_object('id', m.manufacturer_id, 'name', m.name, 'slug', m.slug, 'logo', m.logo_url,
                   'modelCount', b.models, 'ranges', b.ranges) ORDER BY m.name), '[]'::json))
          FROM brand b JOIN mjc.manufacturer m ON m.manufacturer_id = b.manufacturer_id
         WHERE m.is_active);
END
$$;
COMMENT ON FUNCTION mjc_api.boiler_brand_list() IS 'GET /boilers/brands: manufacturers of active models, by name, with their ranges';

CREATE FUNCTION mjc_api.boiler_model_list(manufacturer text, search text, range_id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    most constant integer := 5000;
    wanted uuid[] := mjc.manufacturer_ids(ARRAY[boiler_model_list.manufacturer]);
    list json;
BEGIN
    SELECT coalesce(json_agg(json_build_object('id', b.boiler_model_id, 'name', b.name, 'manufacturerId', b.manufacturer_id, 'rangeId', b.range_id,
               'series', b.series, 'type', b.type, 'releaseYear', b.release_year, 'isActive', b.is_active,
               'createdAt', mjc.iso(b.created_at), 'updatedAt', mjc.iso(b.updated_at),
               'manufacturer', json_build_object('name', m.name, 'slug', m.slug)) ORDER BY b.name, b.boiler_model_id), '[]'::json)
      INTO list
      FROM (SELECT x.boiler_model_id, x.name, x.manufacturer_id, x.range_id, x.series, x.type, x.release_year, x.is_active, x.created_at, x.updated_at
              FROM mjc.boiler_model x
             WHERE x.is_active
               AND (boiler_model_list.manufacturer IS NULL OR x.manufacturer_id = ANY (wanted))
               AND (boiler_model_list.range_id IS NULL OR x.range_id = boiler_model_list.range_id)
               AND (search IS NULL OR strpos(lower(x.name), lower(btrim(search))) > 0)
             ORDER BY x.name, x.boiler_model_id LIMIT most) b
      JOIN mjc.manufacturer m ON m.manufacturer_id = b.manufacturer_id;
    -- The filter sidebar reads a body wrapped twice.
    RETURN json_build_object('success', true, 'data', json_build_object('success', true, 'data', list, 'models', list));
END
$$;
COMMENT ON FUNCTION mjc_api.boiler_model_list(text, text, uuid) IS 'GET /boilers/models: by name, at most 5000; whole body';

CREATE FUNCTION mjc_api.boiler_model_get(id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT json_build_object('model', json_build_object('id', b.boiler_model_id, 'name', b.name, 'series', b.series, 'type', b.type, 'releaseYear', b.release_year,
                   'manufacturer', json_build_object('id', m.manufacturer_id, 'name', m.name, 'slug', m.slug),
                   'range', CASE WHEN r.range_id IS NOT NULL THEN json_build_object('id', r.range_id, 'name', r.name) END,
                   'codes', (SELECT coalesce(json_agg(json_build_object('scheme', c.scheme, 'code', c.code, 'variantId', c.variant_id) ORDER BY c.scheme, c.code_key), '[]'::json)
                               FROM (SELECT x.scheme, x.code, x.code_key, x.variant_id FROM mjc.boiler_code x WHERE x.boiler_model_id = id
                                      ORDER BY x.scheme, x.code_key LIMIT 500) c),
                   'variants', (SELECT coalesce(json_agg((mjc.boiler_variant_doc(v.variant_id) - '{model,active}'::text[]) || jsonb_build_object('id', v.variant_id)
                                                         ORDER BY v.power_w, v.name), '[]'::json)
                                  FROM (SELECT x.variant_id, x.power_w, x.name FROM mjc.boiler_variant x WHERE x.boiler_model_id = id AND x.is_active
                                         ORDER BY x.power_w, x.name LIMIT 500) v)))
          FROM mjc.boiler_model b
          JOIN mjc.manufacturer m ON m.manufacturer_id = b.manufacturer_id
          LEFT JOIN mjc.boiler_range r ON r.range_id = b.range_id
         WHERE b.boiler_model_id = id AND b.is_active);
END
$$;
COMMENT ON FUNCTION mjc_api.boiler_model_get(uuid) IS 'GET /boilers/models/:id: an active model with its active variants and its codes; NULL when there is none';

CREATE FUNCTION mjc.fitting_cards(boiler_model_id uuid, variant_id uuid, serial bigint, built daterange, gas text[], power_w integer, product_ids uuid[]) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT coalesce(json_agg(mjc.card_with(k.card, json_build_object('fit', j.fit, 'quantity', j.fit -> 'quantity', 'position', j.fit -> 'position',
                                     'confidence', j.fit -> 'confidence',
                                     'compatibilityNotes', (SELECT e -> 'note' FROM jsonb_array_elements(j.fit -> 'rows') WITH ORDINALITY r (e, n)
                                                             WHERE (e -> 'fits')::boolean AND e ->> 'note' IS NOT NULL ORDER BY n LIMIT 1)))
                                 ORDER BY k.place), '[]'::json)
          FROM mjc.product_cards(product_ids, false) k
          JOIN mjc.fitments_json(product_ids, boiler_model_id, variant_id, serial, built, gas, power_w, false) j ON j.product_id = k.product_id);
END
$$;
COMMENT ON FUNCTION mjc.fitting_cards(uuid, uuid, bigint, daterange, text[], integer, uuid[]) IS
    'Cards of products, in that order, each with fit (mjc.fitment_json), quantity, position, confidence and compatibilityNotes for a boiler';

CREATE FUNCTION mjc_api.boiler_model_parts(id uuid, page integer, page_size integer) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found record;
BEGIN
    IF NOT EXISTS (SELECT FROM mjc.boiler_model b WHERE b.boiler_model_id = id AND b.is_active) THEN
        RETURN NULL;
    END IF;
    found := mjc.fitting_products(id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, coalesce(page_size, 100), coalesce(page, 1));
    RETURN mjc.fitting_cards(id, NULL, NULL, NULL, NULL, NULL, found.product_ids);
END
$$;
COMMENT ON FUNCTION mjc_api.boiler_model_parts(uuid, integer, integer) IS
    'GET /boilers/models/:id/parts: active parts that fit or may fit, a page of 100; NULL for an unknown model';

CREATE FUNCTION mjc.boiler_query(actor uuid, token_version integer, token_id uuid, model text, variant text, code text, serial text, manufacturer text,
    built text, gas text, mine uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    kept jsonb := '{}';
BEGIN
    IF mine IS NOT NULL THEN
        kept := mjc.customer_boiler_facts(mjc.customer_of_account(actor, token_version, token_id), mine);
    END IF;
    RETURN kept || jsonb_strip_nulls(jsonb_build_object('model', model, 'variant', variant, 'code', code, 'serial', serial,
                                         'manufacturer', manufacturer, 'built', built, 'gas', gas));
END
$$;
COMMENT ON FUNCTION mjc.boiler_query(uuid, integer, uuid, text, text, text, text, text, text, text, uuid) IS
    'What a query says of a boiler, beside what the signed-in customer keeps of his own (mine); NULL when that is not his';

CREATE FUNCTION mjc_api.boiler_finder(actor uuid, token_version integer, token_id uuid, model text, variant text, code text, serial text, manufacturer text,
    built text, gas text, mine uuid, kind text, category text, page integer, page_size integer) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    size integer := coalesce(page_size, 20);
    query jsonb := mjc.boiler_query(actor, token_version, token_id, model, variant, code, serial, manufacturer, built, gas, mine);
    fact record;
    kind_id uuid;
    found record;
BEGIN
    IF query IS NULL THEN
        RETURN NULL;
    END IF;
    fact := mjc.boiler_facts(query);
    SELECT k.kind_id INTO kind_id FROM mjc.part_kind k WHERE k.kind_id = mjc.uuid_or_null(kind) OR k.slug = lower(kind);
    found := mjc.fitting_products(fact.boiler_model_id, fact.variant_id, fact.serial, fact.built, fact.gas, fact.power_w,
        CASE WHEN kind IS NOT NULL THEN coalesce(kind_id, mjc.no_uuid()) END, CASE WHEN category IS NOT NULL THEN mjc.category_subtree(ARRAY[category]) END, size, coalesce(page, 1));
    RETURN json_build_object('boiler', fact.shown,
        'products', mjc.fitting_cards(fact.boiler_model_id, fact.variant_id, fact.serial, fact.built, fact.gas, fact.power_w, found.product_ids),
        'pagination', mjc.pagination(coalesce(page, 1), size, found.total));
END
$$;
COMMENT ON FUNCTION mjc_api.boiler_finder(uuid, integer, uuid, text, text, text, text, text, text, text, uuid, text, text, integer, integer) IS
    'GET /boilers/finder: active parts that fit a boiler or may fit it, with the reasons; of a kind of part and a category (id or slug) if given. NULL: mine is no boiler of the customer. Errors: MJ003, MJ006, MJ010, MJ809, MJ810, MJ811';

CREATE FUNCTION mjc_api.product_fits(actor uuid, token_version integer, token_id uuid, id uuid, boiler_model text, variant text, code text, serial text,
    manufacturer text, built text, gas text, mine uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    query jsonb := mjc.boiler_query(actor, token_version, token_id, boiler_model, variant, code, serial, manufacturer, built, gas, mine);
    fact record;
BEGIN
    IF query IS NULL OR NOT EXISTS (SELECT FROM mjc.product p WHERE p.product_id = id AND p.is_active) THEN
        RETURN NULL;
    END IF;
    fact := mjc.boiler_facts(query);
    RETURN mjc.fitment_json(id, fact.boiler_model_id, fact.variant_id, fact.serial, fact.built, fact.gas, fact.power_w, true)
           || jsonb_build_object('productId', id, 'boiler', fact.shown);
END
$$;
COMMENT ON FUNCTION mjc_api.product_fits(uuid, integer, uuid, uuid, text, text, text, text, text, text, text, uuid) IS
    'GET /products/:id/fits: does this part fit that boiler: answer, confidence, reasons. NULL: no such active product, or mine is no boiler of the customer. Errors: MJ003, MJ006, MJ010, MJ809, MJ810, MJ811';

CREATE FUNCTION mjc_api.product_supersession(id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.doc_under('supersession', mjc.supersession_json(id));
END
$$;
COMMENT ON FUNCTION mjc_api.product_supersession(uuid) IS
    'GET /products/:id/supersession: what is sold instead of a product; NULL when nothing replaced it';

CREATE FUNCTION mjc.plate_found(typed text, manufacturer text) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    most constant integer := 20;
    maker uuid := mjc.doc_manufacturer(jsonb_strip_nulls(jsonb_build_object('manufacturer', manufacturer)), 'manufacturer');
BEGIN
    RETURN (
        WITH reading AS MATERIALIZED (
            SELECT r.rule_id, r.rule_name, r.manufacturer_id, r.confidence, r.built, r.article, r.article_scheme, r.number
              FROM mjc.plate_readings(maker, typed) r LIMIT most),
        hit AS (
            SELECT c.boiler_model_id, c.variant_id, c.scheme, c.code, 'code' AS by_what, NULL::text AS confidence
              FROM mjc.boilers_of_code(typed, maker, NULL) c
            UNION ALL
            SELECT c.boiler_model_id, c.variant_id, c.scheme, c.code, 'serial', r.confidence
              FROM reading r CROSS JOIN LATERAL mjc.boilers_of_code(r.article, r.manufacturer_id, r.article_scheme) c WHERE r.article IS NOT NULL)
        SELECT json_build_object(
            'readings', (SELECT coalesce(json_agg(jsonb_build_object('rule', r.rule_name, 'manufacturerId', r.manufacturer_id, 'confidence', r.confidence, 'article', r.article,
                                    'serial', r.number) || mjc.days_doc(r.built)), '[]'::json) FROM reading r),
            'boilers', (SELECT coalesce(json_agg(json_build_object('by', h.by_what, 'scheme', h.scheme, 'code', h.code, 'confidence', coalesce(h.confidence, 'HIGH'),
                                   'model', json_build_object('id', b.boiler_model_id, 'name', b.name, 'series', b.series),
                                   'manufacturer', json_build_object('id', m.manufacturer_id, 'name', m.name, 'slug', m.slug),
                                   'variant', CASE WHEN v.variant_id IS NOT NULL THEN json_build_object('id', v.variant_id, 'name', v.name) END)
                                   ORDER BY h.by_what, m.name, b.name, v.name), '[]'::json)
                          FROM (SELECT x.boiler_model_id, x.variant_id, x.scheme, x.code, x.by_what, x.confidence FROM hit x LIMIT most) h
                          JOIN mjc.boiler_model b ON b.boiler_model_id = h.boiler_model_id
                          JOIN mjc.manufacturer m ON m.manufacturer_id = b.manufacturer_id
                          LEFT JOIN mjc.boiler_variant v ON v.variant_id = h.variant_id)));
END
$$;
COMMENT ON FUNCTION mjc.plate_found(text, text) IS
    'The boilers that a number on a plate names, and what serial numbers tell, each with its confidence; empty lists when nothing is known. manufacturer: id or slug, NULL: any. Errors: MJ006, MJ010';

CREATE FUNCTION mjc_api.boiler_plate(manufacturer text, text text) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.plate_found(boiler_plate.text, manufacturer);
END
$$;
COMMENT ON FUNCTION mjc_api.boiler_plate(text, text) IS
    'GET /boilers/plate: mjc.plate_found. Errors: MJ006, MJ010';

CREATE FUNCTION mjc.plate_identify(typed text, manufacturer text DEFAULT NULL) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.plate_found(typed, manufacturer);
END
$$;
COMMENT ON FUNCTION mjc.plate_identify(text, text) IS
    'For staff: the boilers that a number on a plate names, and what it tells as a serial number. Errors: MJ006, MJ010';
