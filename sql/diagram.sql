-- diagram: exploded views of boilers, and what is at which place of the picture.

CREATE FUNCTION mjc.doc_diagram(doc jsonb, key text) RETURNS uuid
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    typed text := mjc.doc_text(doc, key, 1, 50);
BEGIN
    RETURN mjc.doc_known(key, typed, (SELECT d.diagram_id FROM mjc.diagram d WHERE d.diagram_id = mjc.uuid_or_null(typed)));
END
$$;
COMMENT ON FUNCTION mjc.doc_diagram(jsonb, text) IS 'One diagram, by id. Errors: MJ006, MJ010';

CREATE FUNCTION mjc.doc_image(doc jsonb, key text) RETURNS text
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    url text := mjc.doc_text(doc, key, 1, 500);
BEGIN
    -- A page shows it: nothing that a browser would run.
    IF url !~ '^(https://[^/ "''<>\\]+)?/[^ "''<>\\]*$' OR url ~ '^//' THEN
        PERFORM mjc.doc_refuse(key);
    END IF;
    RETURN url;
END
$$;
COMMENT ON FUNCTION mjc.doc_image(jsonb, text) IS 'Where a picture is: a path of this site, or https. Errors: MJ006, MJ010';

CREATE FUNCTION mjc.diagram_doc(id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT jsonb_build_object('model', d.boiler_model_id, 'variant', d.variant_id, 'name', d.name, 'nameAr', d.name_ar, 'nameEn', d.name_en,
                       'image', d.image_url, 'imageAr', d.image_url_ar, 'imageEn', d.image_url_en, 'version', d.version, 'sortOrder', d.sort_order,
                       'active', d.is_active,
                       'hotspots', (SELECT coalesce(jsonb_agg(jsonb_build_object('x', h.x_bp, 'y', h.y_bp, 'ref', h.ref_no, 'label', h.label,
                                               'product', h.product_id, 'diagram', h.sub_diagram_id, 'serialFrom', lower(h.serial),
                                               'serialUntil', upper(h.serial) - 1) ORDER BY h.hotspot_id), '[]')
                                      FROM mjc.diagram_hotspot h WHERE h.diagram_id = id))
              FROM mjc.diagram d WHERE d.diagram_id = id);
END
$$;
COMMENT ON FUNCTION mjc.diagram_doc(uuid) IS 'A diagram with its places as a document; NULL when there is none';

CREATE FUNCTION mjc.hotspot_read(doc jsonb, OUT x_bp integer, OUT y_bp integer, OUT ref_no text, OUT label text, OUT product_id uuid, OUT sub_diagram_id uuid, OUT serial int8range)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.doc_check(doc, '{x,y,ref,label,product,diagram,serialFrom,serialUntil}');
    PERFORM mjc.doc_need(jsonb_strip_nulls(doc), '{x,y,ref}');
    x_bp := mjc.doc_integer(doc, 'x', 0, 10000);
    y_bp := mjc.doc_integer(doc, 'y', 0, 10000);
    ref_no := mjc.doc_text(doc, 'ref', 1, 20);
    label := mjc.doc_text(doc, 'label', 1, 100);
    product_id := mjc.doc_product(doc, 'product');
    sub_diagram_id := mjc.doc_diagram(doc, 'diagram');
    IF num_nonnulls(product_id, sub_diagram_id) > 1 THEN
        PERFORM mjc.doc_refuse('diagram');
    END IF;
    serial := (SELECT s.serial FROM mjc.fitment_spans(jsonb_strip_nulls(jsonb_build_object('serialFrom', doc -> 'serialFrom', 'serialUntil', doc -> 'serialUntil'))) s);
END
$$;
COMMENT ON FUNCTION mjc.hotspot_read(jsonb) IS
    'One place of a diagram: {x, y: basis points from the upper left corner, ref, label, product: id or sku, or diagram: id, serialFrom, serialUntil}. Errors: MJ003, MJ006, MJ010';

CREATE FUNCTION mjc.hotspots_write(id uuid, hotspots jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    most constant integer := 500;
BEGIN
    IF jsonb_typeof(hotspots) <> 'array' THEN
        PERFORM mjc.doc_refuse('hotspots');
    END IF;
    IF jsonb_array_length(hotspots) > most THEN
        PERFORM mjc.doc_refuse('hotspots', 'ARGUMENT_RANGE');
    END IF;
    IF EXISTS (SELECT FROM jsonb_array_elements(hotspots) e WHERE mjc.uuid_or_null(e ->> 'diagram') = id) THEN
        PERFORM mjc.doc_refuse('diagram');
    END IF;
    DELETE FROM mjc.diagram_hotspot h WHERE h.diagram_id = id;
    INSERT INTO mjc.diagram_hotspot (diagram_id, hotspot_id, x_bp, y_bp, ref_no, label, product_id, sub_diagram_id, serial)
    SELECT id, mjc.uuid_v7(), r.x_bp, r.y_bp, r.ref_no, r.label, r.product_id, r.sub_diagram_id, r.serial
      FROM jsonb_array_elements(hotspots) WITH ORDINALITY e (doc, n)
     CROSS JOIN LATERAL mjc.hotspot_read(e.doc) r
     ORDER BY e.n;
END
$$;
COMMENT ON FUNCTION mjc.hotspots_write(uuid, jsonb) IS 'For rules: the places of a diagram, all of them, at most 500. Errors: MJ003, MJ006, MJ010';

CREATE FUNCTION mjc.diagram_write(actor uuid, channel text, id uuid, doc jsonb, request_id text) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    made uuid := coalesce(id, mjc.uuid_v7());
    before jsonb;
    wanted jsonb;
    of_model uuid;
    of_variant uuid;
BEGIN
    PERFORM mjc.doc_check(doc, '{model,variant,name,nameAr,nameEn,image,imageAr,imageEn,version,sortOrder,active,hotspots}');
    PERFORM FROM mjc.diagram d WHERE d.diagram_id = id FOR UPDATE;
    before := mjc.diagram_doc(id);
    IF id IS NOT NULL AND before IS NULL THEN
        RETURN NULL;
    END IF;
    wanted := mjc.doc_merge(before, doc);
    PERFORM mjc.doc_need(wanted, '{model,name,image}');
    of_model := mjc.doc_model(wanted, 'model');
    of_variant := mjc.doc_variant(wanted, 'variant');
    -- One that goes meanwhile is none.
    PERFORM FROM mjc.boiler_model b WHERE b.boiler_model_id = of_model FOR KEY SHARE;
    IF NOT FOUND THEN
        PERFORM mjc.doc_refuse('model');
    END IF;
    PERFORM FROM mjc.boiler_variant v WHERE v.variant_id = of_variant AND v.boiler_model_id = of_model FOR KEY SHARE;
    IF of_variant IS NOT NULL AND NOT FOUND THEN
        PERFORM mjc.doc_refuse('variant');
    END IF;
    PERFORM mjc.media_hold(ARRAY[mjc.doc_image(wanted, 'image'), mjc.doc_image(wanted, 'imageAr'), mjc.doc_image(wanted, 'imageEn')]);
    INSERT INTO mjc.diagram AS d (diagram_id, boiler_model_id, variant_id, name, name_ar, name_en, image_url, image_url_ar, image_url_en, version, sort_order, is_active)
    VALUES (made, of_model, of_variant, mjc.doc_text(wanted, 'name', 1, 200), mjc.doc_text(wanted, 'nameAr', 1, 200), mjc.doc_text(wanted, 'nameEn', 1, 200),
            mjc.doc_image(wanted, 'image'), mjc.doc_image(wanted, 'imageAr'), mjc.doc_image(wanted, 'imageEn'),
            coalesce(mjc.doc_integer(wanted, 'version', 1, 10000), 1), coalesce(mjc.doc_integer(wanted, 'sortOrder', 0, 1000000), 0), mjc.doc_boolean(wanted, 'active', true))
    ON CONFLICT ON CONSTRAINT diagram_pkey DO UPDATE
       SET boiler_model_id = EXCLUDED.boiler_model_id, variant_id = EXCLUDED.variant_id, name = EXCLUDED.name, name_ar = EXCLUDED.name_ar,
           name_en = EXCLUDED.name_en, image_url = EXCLUDED.image_url, image_url_ar = EXCLUDED.image_url_ar, image_url_en = EXCLUDED.image_url_en,
           version = EXCLUDED.version, sort_order = EXCLUDED.sort_order, is_active = EXCLUDED.is_active, updated_at = clock_timestamp();
    IF doc ? 'hotspots' THEN
        PERFORM mjc.hotspots_write(made, coalesce(nullif(doc -> 'hotspots', 'null'), '[]'));
    END IF;
    PERFORM mjc.audit_write(actor, channel, 'diagram_set', 'diagram', made::text, before - 'hotspots', mjc.diagram_doc(made) - 'hotspots', request_id);
    RETURN made;
END
$$;
COMMENT ON FUNCTION mjc.diagram_write(uuid, text, uuid, jsonb, text) IS
    'Makes (id NULL) or changes a diagram; hotspots is taken whole. NULL when there is none of that id. Errors: MJ003, MJ006, MJ010';

CREATE FUNCTION mjc.diagram_remove(actor uuid, channel text, id uuid, request_id text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    before jsonb;
BEGIN
    PERFORM FROM mjc.diagram d WHERE d.diagram_id = id FOR UPDATE;
    before := mjc.diagram_doc(id);
    IF before IS NULL THEN
        RETURN NULL;
    END IF;
    IF EXISTS (SELECT FROM mjc.diagram_hotspot h WHERE h.sub_diagram_id = id) THEN
        PERFORM mjc.raise('BOILER_IN_USE');
    END IF;
    DELETE FROM mjc.diagram_hotspot h WHERE h.diagram_id = id;
    DELETE FROM mjc.diagram d WHERE d.diagram_id = id;
    PERFORM mjc.audit_write(actor, channel, 'diagram_delete', 'diagram', id::text, before - 'hotspots', NULL, request_id);
    RETURN true;
END
$$;
COMMENT ON FUNCTION mjc.diagram_remove(uuid, text, uuid, text) IS
    'Takes a diagram away that no other leads to; NULL when there is none. Errors: MJ807';

CREATE FUNCTION mjc.diagram_set(doc jsonb, id uuid DEFAULT NULL) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.found(mjc.diagram_write(mjc.staff_writes(), 'psql', id, doc, NULL));
END
$$;
COMMENT ON FUNCTION mjc.diagram_set(jsonb, uuid) IS
    'Makes an exploded diagram or, with its id, changes it: {model: id, variant: id, name, nameAr, nameEn, image, imageAr, imageEn, version, sortOrder, active, hotspots: [{x, y: basis points of the picture, ref, label, product: id or sku, or diagram: id, serialFrom, serialUntil}] taken whole}; a key that is not there keeps what there is, null clears. Returns the id. Errors: MJ003, MJ004, MJ006, MJ010, MJ601';

CREATE FUNCTION mjc.diagram_delete(id uuid) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.found(mjc.diagram_remove(mjc.staff_writes(), 'psql', id, NULL));
END
$$;
COMMENT ON FUNCTION mjc.diagram_delete(uuid) IS
    'Takes an exploded diagram away. Errors: MJ004, MJ601, MJ807';

------------------------------------------------------------------------- reads

CREATE FUNCTION mjc_api.boiler_model_diagrams(id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM mjc.boiler_model b WHERE b.boiler_model_id = id AND b.is_active) THEN
        RETURN NULL;
    END IF;
    RETURN (SELECT json_build_object('diagrams', coalesce(json_agg(json_build_object('id', d.diagram_id, 'name', d.name, 'nameAr', d.name_ar, 'nameEn', d.name_en,
                       'image', d.image_url, 'imageAr', d.image_url_ar, 'imageEn', d.image_url_en, 'version', d.version,
                       'variant', CASE WHEN v.variant_id IS NOT NULL THEN json_build_object('id', v.variant_id, 'name', v.name) END,
                       'hotspots', (SELECT count(*) FROM mjc.diagram_hotspot h WHERE h.diagram_id = d.diagram_id))
                       ORDER BY d.sort_order, d.name, d.diagram_id), '[]'::json))
              FROM (SELECT x.diagram_id, x.variant_id, x.name, x.name_ar, x.name_en, x.image_url, x.image_url_ar, x.image_url_en, x.version, x.sort_order
                      FROM mjc.diagram x WHERE x.boiler_model_id = id AND x.is_active ORDER BY x.sort_order, x.name, x.diagram_id LIMIT 200) d
              LEFT JOIN mjc.boiler_variant v ON v.variant_id = d.variant_id);
END
$$;
COMMENT ON FUNCTION mjc_api.boiler_model_diagrams(uuid) IS
    'GET /boilers/models/:id/diagrams: at most 200; NULL for an unknown model';

CREATE FUNCTION mjc_api.diagram_get(id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        WITH place AS MATERIALIZED (
            SELECT h.hotspot_id, h.x_bp, h.y_bp, h.ref_no, h.label, h.product_id, h.sub_diagram_id, h.serial FROM mjc.diagram_hotspot h WHERE h.diagram_id = id),
        shown AS MATERIALIZED (
            SELECT k.product_id, k.card FROM mjc.product_cards(ARRAY(SELECT DISTINCT p.product_id FROM place p JOIN mjc.product r ON r.product_id = p.product_id WHERE r.is_active), false) k)
        SELECT json_build_object('diagram', json_build_object('id', d.diagram_id, 'modelId', d.boiler_model_id, 'variantId', d.variant_id, 'name', d.name, 'nameAr', d.name_ar,
                   'nameEn', d.name_en, 'image', d.image_url, 'imageAr', d.image_url_ar, 'imageEn', d.image_url_en, 'version', d.version,
                   'hotspots', (SELECT coalesce(json_agg(json_build_object('id', p.hotspot_id, 'x', p.x_bp, 'y', p.y_bp, 'ref', p.ref_no, 'label', p.label,
                                           'serialFrom', lower(p.serial), 'serialUntil', upper(p.serial) - 1, 'product', s.card,
                                           'inStock', CASE WHEN s.product_id IS NOT NULL THEN (s.card ->> 'stockQuantity')::bigint > 0 END,
                                           'replaced', CASE WHEN p.product_id IS NOT NULL THEN EXISTS (SELECT FROM mjc.supersession x WHERE x.product_id = p.product_id AND mjc.is_from(x.effective_on, mjc.algiers_date(statement_timestamp()))) END,
                                           'diagram', CASE WHEN u.diagram_id IS NOT NULL THEN json_build_object('id', u.diagram_id, 'name', u.name) END)
                                           ORDER BY p.hotspot_id), '[]'::json)
                                  FROM place p
                                  LEFT JOIN shown s ON s.product_id = p.product_id
                                  LEFT JOIN mjc.diagram u ON u.diagram_id = p.sub_diagram_id AND u.is_active)))
          FROM mjc.diagram d WHERE d.diagram_id = id AND d.is_active);
END
$$;
COMMENT ON FUNCTION mjc_api.diagram_get(uuid) IS
    'GET /diagrams/:id: its places with cards of the parts that are sold and whether they are in stock; NULL when there is none';
