-- boiler_staff: the routes of staff for spare parts and boilers. Each item is the document of its
-- kind (supersession.sql, boiler.sql, plate.sql, fitment.sql, diagram.sql) with its id; NULL is the
-- answer for what there is not (404). A create claims the request before anything else.

-------------------------------------------------------------- cross-references

CREATE FUNCTION mjc_api.staff_cross_reference_list(actor uuid, token_version integer, token_id uuid, id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    IF NOT EXISTS (SELECT FROM mjc.product p WHERE p.product_id = id) THEN
        RETURN NULL;
    END IF;
    RETURN (SELECT json_build_object('crossReferences', coalesce(json_agg(mjc.cross_reference_doc(x.product_id, x.cross_reference_id)
                       ORDER BY x.kind, x.brand, x.number), '[]'::json)) FROM mjc.cross_reference x WHERE x.product_id = id);
END
$$;
COMMENT ON FUNCTION mjc_api.staff_cross_reference_list(uuid, integer, uuid, uuid) IS
    'GET /admin/products/:id/cross-references: NULL when there is no such product. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_cross_reference_create(actor uuid, token_version integer, token_id uuid,
    request_id text, idempotency_key text, id uuid, doc text, OUT body json, OUT replayed boolean)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    claim bytea;
    made uuid;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    IF NOT EXISTS (SELECT FROM mjc.product p WHERE p.product_id = id) THEN
        replayed := false;
        RETURN;
    END IF;
    SELECT * INTO claim, body, replayed FROM mjc.idempotency_begin('staff_cross_reference_create', actor, idempotency_key, jsonb_build_array(id, doc)::text);
    IF NOT replayed THEN
        made := mjc.cross_reference_write(actor, 'rest', id, doc::jsonb, request_id);
        body := mjc.idempotency_end(claim, 'cross_reference', made, json_build_object('crossReference', mjc.cross_reference_doc(id, made)));
    END IF;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_cross_reference_create(uuid, integer, uuid, text, text, uuid, text) IS
    'POST /admin/products/:id/cross-references: body NULL when there is no such product. Errors: MJ003, MJ006, MJ009, MJ010, MJ021, MJ022, MJ023, MJ060, MJ063, MJ064, MJ804, MJ805';

CREATE FUNCTION mjc_api.staff_cross_reference_delete(actor uuid, token_version integer, token_id uuid, request_id text, id uuid, cross_reference_id uuid) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    RETURN CASE WHEN mjc.cross_reference_remove(actor, 'rest', id, cross_reference_id, request_id) THEN json_build_object('deleted', true) END;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_cross_reference_delete(uuid, integer, uuid, text, uuid, uuid) IS
    'DELETE /admin/products/:id/cross-references/:crossReferenceId: NULL when there is none. Errors: MJ009, MJ060, MJ063, MJ064';

----------------------------------------------------------------- supersession

CREATE FUNCTION mjc_api.staff_supersession_set(actor uuid, token_version integer, token_id uuid, request_id text, id uuid, doc text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    RETURN mjc.doc_under('supersession', mjc.supersession_write(actor, 'rest', id, doc::jsonb, request_id));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_supersession_set(uuid, integer, uuid, text, uuid, text) IS
    'PUT /admin/products/:id/supersession: NULL when there is no such product. Errors: MJ003, MJ006, MJ009, MJ010, MJ060, MJ063, MJ064, MJ801, MJ802, MJ803';

CREATE FUNCTION mjc_api.staff_supersession_get(actor uuid, token_version integer, token_id uuid, id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    IF NOT EXISTS (SELECT FROM mjc.product p WHERE p.product_id = id) THEN
        RETURN NULL;
    END IF;
    RETURN json_build_object('supersession', mjc.supersession_doc(id),
        'live', (SELECT coalesce(json_agg(json_build_object('product', l.live_id, 'relation', l.relation, 'quantity', l.qty, 'twoWay', l.two_way)), '[]'::json)
                   FROM mjc.supersession_live(id) l),
        'replaces', (SELECT coalesce(json_agg(x.product_id ORDER BY x.product_id), '[]'::json)
                       FROM (SELECT p.product_id FROM mjc.supersession_part p WHERE p.successor_id = id ORDER BY p.product_id LIMIT 500) x));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_supersession_get(uuid, integer, uuid, uuid) IS
    'GET /admin/products/:id/supersession: what replaced it in one step and at the end, what it replaces in one step; NULL when there is no such product. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_supersession_drop(actor uuid, token_version integer, token_id uuid, request_id text, id uuid) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    RETURN CASE WHEN mjc.supersession_remove(actor, 'rest', id, request_id) THEN json_build_object('deleted', true) END;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_supersession_drop(uuid, integer, uuid, text, uuid) IS
    'DELETE /admin/products/:id/supersession: NULL when nothing was said to have replaced it. Errors: MJ009, MJ060, MJ063, MJ064';

------------------------------------------------------------------ boiler range

CREATE FUNCTION mjc_api.staff_boiler_range_list(actor uuid, token_version integer, token_id uuid, page integer, page_size integer, manufacturer_id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    size integer := coalesce(staff_boiler_range_list.page_size, 50);
    place integer := coalesce(staff_boiler_range_list.page, 1);
    total bigint;
    list json;
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    SELECT count(*) INTO total FROM mjc.boiler_range t WHERE (staff_boiler_range_list.manufacturer_id IS NULL OR t.manufacturer_id = staff_boiler_range_list.manufacturer_id);
    SELECT coalesce(json_agg(mjc.doc_with_id(mjc.boiler_range_doc(x.id), x.id) ORDER BY x.n), '[]'::json) INTO list
      FROM (SELECT t.range_id AS id, row_number() OVER (ORDER BY t.manufacturer_id, t.name) AS n FROM mjc.boiler_range t
             WHERE (staff_boiler_range_list.manufacturer_id IS NULL OR t.manufacturer_id = staff_boiler_range_list.manufacturer_id)
             ORDER BY t.manufacturer_id, t.name LIMIT size OFFSET (place - 1)::bigint * size) x;
    RETURN json_build_object('ranges', list, 'pagination', mjc.pagination(place, size, total));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_boiler_range_list(uuid, integer, uuid, integer, integer, uuid) IS
    'GET /admin/boilers/ranges, inactive ones too. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_boiler_range_create(actor uuid, token_version integer, token_id uuid,
    request_id text, idempotency_key text, doc text, OUT body json, OUT replayed boolean)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    claim bytea;
    made uuid;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    SELECT * INTO claim, body, replayed FROM mjc.idempotency_begin('staff_boiler_range_create', actor, idempotency_key, doc);
    IF NOT replayed THEN
        made := mjc.boiler_range_write(actor, 'rest', NULL, doc::jsonb, request_id);
        body := mjc.idempotency_end(claim, 'boiler_range', made, json_build_object('range', mjc.doc_with_id(mjc.boiler_range_doc(made), made)));
    END IF;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_boiler_range_create(uuid, integer, uuid, text, text, text) IS
    'POST /admin/boilers/ranges. Errors: MJ003, MJ006, MJ009, MJ010, MJ021, MJ022, MJ023, MJ060, MJ063, MJ064, MJ806';

CREATE FUNCTION mjc_api.staff_boiler_range_update(actor uuid, token_version integer, token_id uuid, request_id text, id uuid, doc text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    id := mjc.boiler_range_write(actor, 'rest', coalesce(id, mjc.no_uuid()), doc::jsonb, request_id);
    RETURN mjc.doc_under('range', mjc.doc_with_id(mjc.boiler_range_doc(id), id));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_boiler_range_update(uuid, integer, uuid, text, uuid, text) IS
    'PUT /admin/boilers/ranges/:id: NULL when there is none. Errors: MJ003, MJ006, MJ009, MJ010, MJ060, MJ063, MJ064, MJ806, MJ807';

CREATE FUNCTION mjc_api.staff_boiler_range_delete(actor uuid, token_version integer, token_id uuid, request_id text, id uuid) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    RETURN CASE WHEN mjc.boiler_range_remove(actor, 'rest', id, request_id) THEN json_build_object('deleted', true) END;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_boiler_range_delete(uuid, integer, uuid, text, uuid) IS
    'DELETE /admin/boilers/ranges/:id: NULL when there is none. Errors: MJ009, MJ060, MJ063, MJ064, MJ807';

------------------------------------------------------------------ boiler model

CREATE FUNCTION mjc_api.staff_boiler_model_list(actor uuid, token_version integer, token_id uuid, page integer, page_size integer, manufacturer_id uuid, range_id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    size integer := coalesce(staff_boiler_model_list.page_size, 50);
    place integer := coalesce(staff_boiler_model_list.page, 1);
    total bigint;
    list json;
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    SELECT count(*) INTO total FROM mjc.boiler_model t WHERE (staff_boiler_model_list.manufacturer_id IS NULL OR t.manufacturer_id = staff_boiler_model_list.manufacturer_id) AND (staff_boiler_model_list.range_id IS NULL OR t.range_id = staff_boiler_model_list.range_id);
    SELECT coalesce(json_agg(mjc.doc_with_id(mjc.boiler_model_doc(x.id), x.id) ORDER BY x.n), '[]'::json) INTO list
      FROM (SELECT t.boiler_model_id AS id, row_number() OVER (ORDER BY t.name, t.boiler_model_id) AS n FROM mjc.boiler_model t
             WHERE (staff_boiler_model_list.manufacturer_id IS NULL OR t.manufacturer_id = staff_boiler_model_list.manufacturer_id) AND (staff_boiler_model_list.range_id IS NULL OR t.range_id = staff_boiler_model_list.range_id)
             ORDER BY t.name, t.boiler_model_id LIMIT size OFFSET (place - 1)::bigint * size) x;
    RETURN json_build_object('models', list, 'pagination', mjc.pagination(place, size, total));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_boiler_model_list(uuid, integer, uuid, integer, integer, uuid, uuid) IS
    'GET /admin/boilers/models, inactive ones too. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_boiler_model_create(actor uuid, token_version integer, token_id uuid,
    request_id text, idempotency_key text, doc text, OUT body json, OUT replayed boolean)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    claim bytea;
    made uuid;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    SELECT * INTO claim, body, replayed FROM mjc.idempotency_begin('staff_boiler_model_create', actor, idempotency_key, doc);
    IF NOT replayed THEN
        made := mjc.boiler_model_write(actor, 'rest', NULL, doc::jsonb, request_id);
        body := mjc.idempotency_end(claim, 'boiler_model', made, json_build_object('model', mjc.doc_with_id(mjc.boiler_model_doc(made), made)));
    END IF;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_boiler_model_create(uuid, integer, uuid, text, text, text) IS
    'POST /admin/boilers/models. Errors: MJ003, MJ006, MJ009, MJ010, MJ021, MJ022, MJ023, MJ060, MJ063, MJ064, MJ806';

CREATE FUNCTION mjc_api.staff_boiler_model_update(actor uuid, token_version integer, token_id uuid, request_id text, id uuid, doc text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    id := mjc.boiler_model_write(actor, 'rest', coalesce(id, mjc.no_uuid()), doc::jsonb, request_id);
    RETURN mjc.doc_under('model', mjc.doc_with_id(mjc.boiler_model_doc(id), id));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_boiler_model_update(uuid, integer, uuid, text, uuid, text) IS
    'PUT /admin/boilers/models/:id: NULL when there is none. Errors: MJ003, MJ006, MJ009, MJ010, MJ060, MJ063, MJ064, MJ806';

CREATE FUNCTION mjc_api.staff_boiler_model_delete(actor uuid, token_version integer, token_id uuid, request_id text, id uuid) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    RETURN CASE WHEN mjc.boiler_model_remove(actor, 'rest', id, request_id) THEN json_build_object('deleted', true) END;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_boiler_model_delete(uuid, integer, uuid, text, uuid) IS
    'DELETE /admin/boilers/models/:id: NULL when there is none. Errors: MJ009, MJ060, MJ063, MJ064, MJ807';

---------------------------------------------------------------- boiler variant

CREATE FUNCTION mjc_api.staff_boiler_variant_list(actor uuid, token_version integer, token_id uuid, page integer, page_size integer, model_id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    size integer := coalesce(staff_boiler_variant_list.page_size, 50);
    place integer := coalesce(staff_boiler_variant_list.page, 1);
    total bigint;
    list json;
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    SELECT count(*) INTO total FROM mjc.boiler_variant t WHERE (staff_boiler_variant_list.model_id IS NULL OR t.boiler_model_id = staff_boiler_variant_list.model_id);
    SELECT coalesce(json_agg(mjc.doc_with_id(mjc.boiler_variant_doc(x.id), x.id) ORDER BY x.n), '[]'::json) INTO list
      FROM (SELECT t.variant_id AS id, row_number() OVER (ORDER BY t.boiler_model_id, t.name) AS n FROM mjc.boiler_variant t
             WHERE (staff_boiler_variant_list.model_id IS NULL OR t.boiler_model_id = staff_boiler_variant_list.model_id)
             ORDER BY t.boiler_model_id, t.name LIMIT size OFFSET (place - 1)::bigint * size) x;
    RETURN json_build_object('variants', list, 'pagination', mjc.pagination(place, size, total));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_boiler_variant_list(uuid, integer, uuid, integer, integer, uuid) IS
    'GET /admin/boilers/variants, inactive ones too. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_boiler_variant_create(actor uuid, token_version integer, token_id uuid,
    request_id text, idempotency_key text, doc text, OUT body json, OUT replayed boolean)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    claim bytea;
    made uuid;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    SELECT * INTO claim, body, replayed FROM mjc.idempotency_begin('staff_boiler_variant_create', actor, idempotency_key, doc);
    IF NOT replayed THEN
        made := mjc.boiler_variant_write(actor, 'rest', NULL, doc::jsonb, request_id);
        body := mjc.idempotency_end(claim, 'boiler_variant', made, json_build_object('variant', mjc.doc_with_id(mjc.boiler_variant_doc(made), made)));
    END IF;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_boiler_variant_create(uuid, integer, uuid, text, text, text) IS
    'POST /admin/boilers/variants. Errors: MJ003, MJ006, MJ009, MJ010, MJ021, MJ022, MJ023, MJ060, MJ063, MJ064, MJ806';

CREATE FUNCTION mjc_api.staff_boiler_variant_update(actor uuid, token_version integer, token_id uuid, request_id text, id uuid, doc text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    id := mjc.boiler_variant_write(actor, 'rest', coalesce(id, mjc.no_uuid()), doc::jsonb, request_id);
    RETURN mjc.doc_under('variant', mjc.doc_with_id(mjc.boiler_variant_doc(id), id));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_boiler_variant_update(uuid, integer, uuid, text, uuid, text) IS
    'PUT /admin/boilers/variants/:id: NULL when there is none. Errors: MJ003, MJ006, MJ009, MJ010, MJ060, MJ063, MJ064, MJ806';

CREATE FUNCTION mjc_api.staff_boiler_variant_delete(actor uuid, token_version integer, token_id uuid, request_id text, id uuid) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    RETURN CASE WHEN mjc.boiler_variant_remove(actor, 'rest', id, request_id) THEN json_build_object('deleted', true) END;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_boiler_variant_delete(uuid, integer, uuid, text, uuid) IS
    'DELETE /admin/boilers/variants/:id: NULL when there is none. Errors: MJ009, MJ060, MJ063, MJ064, MJ807';

--------------------------------------------------------------------- boiler code

CREATE FUNCTION mjc_api.staff_boiler_code_set(actor uuid, token_version integer, token_id uuid, request_id text, doc text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    RETURN json_build_object('code', mjc.boiler_code_write(actor, 'rest', doc::jsonb, request_id));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_boiler_code_set(uuid, integer, uuid, text, text) IS
    'PUT /admin/boilers/codes: which boiler a number names. Errors: MJ003, MJ006, MJ009, MJ010, MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_boiler_code_delete(actor uuid, token_version integer, token_id uuid, request_id text, scheme text, code text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    RETURN CASE WHEN mjc.boiler_code_remove(actor, 'rest', scheme, code, request_id) THEN json_build_object('deleted', true) END;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_boiler_code_delete(uuid, integer, uuid, text, text, text) IS
    'DELETE /admin/boilers/codes/:scheme/:code: NULL when it named nothing. Errors: MJ009, MJ060, MJ063, MJ064';

-------------------------------------------------------------------- plate rule

CREATE FUNCTION mjc_api.staff_plate_rule_list(actor uuid, token_version integer, token_id uuid, page integer, page_size integer, manufacturer_id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    size integer := coalesce(staff_plate_rule_list.page_size, 50);
    place integer := coalesce(staff_plate_rule_list.page, 1);
    total bigint;
    list json;
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    SELECT count(*) INTO total FROM mjc.plate_rule t WHERE (staff_plate_rule_list.manufacturer_id IS NULL OR t.manufacturer_id = staff_plate_rule_list.manufacturer_id);
    SELECT coalesce(json_agg(mjc.doc_with_id(mjc.plate_rule_doc(x.id), x.id) ORDER BY x.n), '[]'::json) INTO list
      FROM (SELECT t.rule_id AS id, row_number() OVER (ORDER BY t.manufacturer_id, t.sort_order, t.name) AS n FROM mjc.plate_rule t
             WHERE (staff_plate_rule_list.manufacturer_id IS NULL OR t.manufacturer_id = staff_plate_rule_list.manufacturer_id)
             ORDER BY t.manufacturer_id, t.sort_order, t.name LIMIT size OFFSET (place - 1)::bigint * size) x;
    RETURN json_build_object('rules', list, 'pagination', mjc.pagination(place, size, total));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_plate_rule_list(uuid, integer, uuid, integer, integer, uuid) IS
    'GET /admin/boilers/plate-rules, inactive ones too. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_plate_rule_create(actor uuid, token_version integer, token_id uuid,
    request_id text, idempotency_key text, doc text, OUT body json, OUT replayed boolean)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    claim bytea;
    made uuid;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    SELECT * INTO claim, body, replayed FROM mjc.idempotency_begin('staff_plate_rule_create', actor, idempotency_key, doc);
    IF NOT replayed THEN
        made := mjc.plate_rule_write(actor, 'rest', NULL, doc::jsonb, request_id);
        body := mjc.idempotency_end(claim, 'plate_rule', made, json_build_object('rule', mjc.doc_with_id(mjc.plate_rule_doc(made), made)));
    END IF;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_plate_rule_create(uuid, integer, uuid, text, text, text) IS
    'POST /admin/boilers/plate-rules. Errors: MJ003, MJ006, MJ009, MJ010, MJ021, MJ022, MJ023, MJ060, MJ063, MJ064, MJ806, MJ812, MJ813';

CREATE FUNCTION mjc_api.staff_plate_rule_update(actor uuid, token_version integer, token_id uuid, request_id text, id uuid, doc text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    id := mjc.plate_rule_write(actor, 'rest', coalesce(id, mjc.no_uuid()), doc::jsonb, request_id);
    RETURN mjc.doc_under('rule', mjc.doc_with_id(mjc.plate_rule_doc(id), id));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_plate_rule_update(uuid, integer, uuid, text, uuid, text) IS
    'PUT /admin/boilers/plate-rules/:id: NULL when there is none. Errors: MJ003, MJ006, MJ009, MJ010, MJ060, MJ063, MJ064, MJ806, MJ812, MJ813';

CREATE FUNCTION mjc_api.staff_plate_rule_delete(actor uuid, token_version integer, token_id uuid, request_id text, id uuid) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    RETURN CASE WHEN mjc.plate_rule_remove(actor, 'rest', id, request_id) THEN json_build_object('deleted', true) END;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_plate_rule_delete(uuid, integer, uuid, text, uuid) IS
    'DELETE /admin/boilers/plate-rules/:id: NULL when there is none. Errors: MJ009, MJ060, MJ063, MJ064';

----------------------------------------------------------------------- fitment

CREATE FUNCTION mjc.fitment_item(id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.fitment_doc(id) || jsonb_build_object('id', id)
        || (SELECT jsonb_build_object('verifiedBy', f.verified_by, 'verifiedAt', mjc.iso(f.verified_at)) FROM mjc.fitment f WHERE f.fitment_id = id);
END
$$;
COMMENT ON FUNCTION mjc.fitment_item(uuid) IS 'A fitment row as staff see it by REST';

CREATE FUNCTION mjc_api.staff_fitment_list(actor uuid, token_version integer, token_id uuid, page integer, page_size integer, product_id uuid, model_id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    size integer := coalesce(staff_fitment_list.page_size, 50);
    place integer := coalesce(staff_fitment_list.page, 1);
    total bigint;
    list json;
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    SELECT count(*) INTO total FROM mjc.fitment t WHERE (staff_fitment_list.product_id IS NULL OR t.product_id = staff_fitment_list.product_id) AND (staff_fitment_list.model_id IS NULL OR t.boiler_model_id = staff_fitment_list.model_id);
    SELECT coalesce(json_agg(mjc.fitment_item(x.id) ORDER BY x.n), '[]'::json) INTO list
      FROM (SELECT t.fitment_id AS id, row_number() OVER (ORDER BY t.product_id, t.boiler_model_id, t.fitment_id) AS n FROM mjc.fitment t
             WHERE (staff_fitment_list.product_id IS NULL OR t.product_id = staff_fitment_list.product_id) AND (staff_fitment_list.model_id IS NULL OR t.boiler_model_id = staff_fitment_list.model_id)
             ORDER BY t.product_id, t.boiler_model_id, t.fitment_id LIMIT size OFFSET (place - 1)::bigint * size) x;
    RETURN json_build_object('fitments', list, 'pagination', mjc.pagination(place, size, total));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_fitment_list(uuid, integer, uuid, integer, integer, uuid, uuid) IS
    'GET /admin/fitments, inactive ones too. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_fitment_create(actor uuid, token_version integer, token_id uuid,
    request_id text, idempotency_key text, doc text, OUT body json, OUT replayed boolean)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    claim bytea;
    made uuid;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    SELECT * INTO claim, body, replayed FROM mjc.idempotency_begin('staff_fitment_create', actor, idempotency_key, doc);
    IF NOT replayed THEN
        made := mjc.fitment_write(actor, 'rest', NULL, doc::jsonb, request_id);
        body := mjc.idempotency_end(claim, 'fitment', made, json_build_object('fitment', mjc.fitment_item(made)));
    END IF;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_fitment_create(uuid, integer, uuid, text, text, text) IS
    'POST /admin/fitments. Errors: MJ003, MJ006, MJ009, MJ010, MJ021, MJ022, MJ023, MJ060, MJ063, MJ064, MJ808';

CREATE FUNCTION mjc_api.staff_fitment_update(actor uuid, token_version integer, token_id uuid, request_id text, id uuid, doc text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    id := mjc.fitment_write(actor, 'rest', coalesce(id, mjc.no_uuid()), doc::jsonb, request_id);
    RETURN mjc.doc_under('fitment', mjc.fitment_item(id));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_fitment_update(uuid, integer, uuid, text, uuid, text) IS
    'PUT /admin/fitments/:id: NULL when there is none. Errors: MJ003, MJ006, MJ009, MJ010, MJ060, MJ063, MJ064, MJ808';

CREATE FUNCTION mjc_api.staff_fitment_delete(actor uuid, token_version integer, token_id uuid, request_id text, id uuid) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    RETURN CASE WHEN mjc.fitment_remove(actor, 'rest', id, request_id) THEN json_build_object('deleted', true) END;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_fitment_delete(uuid, integer, uuid, text, uuid) IS
    'DELETE /admin/fitments/:id: NULL when there is none. Errors: MJ009, MJ060, MJ063, MJ064';

----------------------------------------------------------------------- diagram

CREATE FUNCTION mjc_api.staff_diagram_list(actor uuid, token_version integer, token_id uuid, page integer, page_size integer, model_id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    size integer := coalesce(staff_diagram_list.page_size, 50);
    place integer := coalesce(staff_diagram_list.page, 1);
    total bigint;
    list json;
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    SELECT count(*) INTO total FROM mjc.diagram t WHERE (staff_diagram_list.model_id IS NULL OR t.boiler_model_id = staff_diagram_list.model_id);
    SELECT coalesce(json_agg(mjc.doc_with_id(mjc.diagram_doc(x.id), x.id) ORDER BY x.n), '[]'::json) INTO list
      FROM (SELECT t.diagram_id AS id, row_number() OVER (ORDER BY t.boiler_model_id, t.sort_order, t.name, t.diagram_id) AS n FROM mjc.diagram t
             WHERE (staff_diagram_list.model_id IS NULL OR t.boiler_model_id = staff_diagram_list.model_id)
             ORDER BY t.boiler_model_id, t.sort_order, t.name, t.diagram_id LIMIT size OFFSET (place - 1)::bigint * size) x;
    RETURN json_build_object('diagrams', list, 'pagination', mjc.pagination(place, size, total));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_diagram_list(uuid, integer, uuid, integer, integer, uuid) IS
    'GET /admin/diagrams, inactive ones too. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_diagram_create(actor uuid, token_version integer, token_id uuid,
    request_id text, idempotency_key text, doc text, OUT body json, OUT replayed boolean)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    claim bytea;
    made uuid;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    SELECT * INTO claim, body, replayed FROM mjc.idempotency_begin('staff_diagram_create', actor, idempotency_key, doc);
    IF NOT replayed THEN
        made := mjc.diagram_write(actor, 'rest', NULL, doc::jsonb, request_id);
        body := mjc.idempotency_end(claim, 'diagram', made, json_build_object('diagram', mjc.doc_with_id(mjc.diagram_doc(made), made)));
    END IF;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_diagram_create(uuid, integer, uuid, text, text, text) IS
    'POST /admin/diagrams. Errors: MJ003, MJ006, MJ009, MJ010, MJ021, MJ022, MJ023, MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_diagram_update(actor uuid, token_version integer, token_id uuid, request_id text, id uuid, doc text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    id := mjc.diagram_write(actor, 'rest', coalesce(id, mjc.no_uuid()), doc::jsonb, request_id);
    RETURN mjc.doc_under('diagram', mjc.doc_with_id(mjc.diagram_doc(id), id));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_diagram_update(uuid, integer, uuid, text, uuid, text) IS
    'PUT /admin/diagrams/:id: NULL when there is none. Errors: MJ003, MJ006, MJ009, MJ010, MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_diagram_delete(actor uuid, token_version integer, token_id uuid, request_id text, id uuid) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    RETURN CASE WHEN mjc.diagram_remove(actor, 'rest', id, request_id) THEN json_build_object('deleted', true) END;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_diagram_delete(uuid, integer, uuid, text, uuid) IS
    'DELETE /admin/diagrams/:id: NULL when there is none. Errors: MJ009, MJ060, MJ063, MJ064, MJ807';
