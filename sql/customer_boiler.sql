-- customer_boiler: boilers that customers keep, so that nobody types a plate twice.

CREATE FUNCTION mjc.customer_boiler_json(customer uuid, id uuid DEFAULT NULL) RETURNS jsonb
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT coalesce(jsonb_agg(jsonb_build_object('id', k.boiler_id, 'label', k.label, 'serial', k.serial, 'built', k.built, 'gas', k.gas,
                   'model', jsonb_build_object('id', b.boiler_model_id, 'name', b.name, 'series', b.series),
                   'manufacturer', jsonb_build_object('id', m.manufacturer_id, 'name', m.name, 'slug', m.slug),
                   'variant', CASE WHEN v.variant_id IS NOT NULL THEN jsonb_build_object('id', v.variant_id, 'name', v.name) END,
                   'createdAt', mjc.iso(k.created_at), 'updatedAt', mjc.iso(k.updated_at)) ORDER BY k.created_at DESC, k.boiler_id), '[]')
          FROM mjc.customer_boiler k
          JOIN mjc.boiler_model b ON b.boiler_model_id = k.boiler_model_id
          JOIN mjc.manufacturer m ON m.manufacturer_id = b.manufacturer_id
          LEFT JOIN mjc.boiler_variant v ON v.variant_id = k.variant_id
         WHERE k.customer_id = customer AND (id IS NULL OR k.boiler_id = id));
END
$$;
COMMENT ON FUNCTION mjc.customer_boiler_json(uuid, uuid) IS 'The boilers of a customer, newest first, or the one of that id, always as a list';

CREATE FUNCTION mjc.customer_boiler_write(customer uuid, id uuid, doc jsonb) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    most constant integer := 20;
    made uuid := coalesce(id, mjc.uuid_v7());
    wanted jsonb := jsonb_strip_nulls(doc);
    known record;
BEGIN
    -- The same first lock as for addresses: who counts what a customer has waits for others who add.
    IF mjc.address_lock(customer) IS NULL THEN
        RETURN NULL;
    END IF;
    IF id IS NOT NULL AND NOT EXISTS (SELECT FROM mjc.customer_boiler k WHERE k.customer_id = customer AND k.boiler_id = id) THEN
        RETURN NULL;
    ELSIF id IS NULL AND (SELECT count(*) >= most FROM mjc.customer_boiler k WHERE k.customer_id = customer) THEN
        PERFORM mjc.raise('CUSTOMER_BOILER_LIMIT', 'max', most::text);
    END IF;
    -- What is kept can be asked about later: it is judged now as the finder will judge it.
    SELECT f.boiler_model_id, f.variant_id INTO known FROM mjc.boiler_facts(wanted - 'label') f;
    -- One that goes meanwhile is none.
    PERFORM FROM mjc.boiler_model b WHERE b.boiler_model_id = known.boiler_model_id FOR KEY SHARE;
    IF NOT FOUND THEN
        PERFORM mjc.raise('BOILER_UNKNOWN');
    END IF;
    PERFORM FROM mjc.boiler_variant v WHERE v.variant_id = known.variant_id FOR KEY SHARE;
    IF known.variant_id IS NOT NULL AND NOT FOUND THEN
        PERFORM mjc.raise('BOILER_UNKNOWN');
    END IF;
    INSERT INTO mjc.customer_boiler AS k (customer_id, boiler_id, label, boiler_model_id, variant_id, serial, built, gas, created_at, updated_at)
    VALUES (customer, made, mjc.doc_text(wanted, 'label', 1, 60), known.boiler_model_id, known.variant_id, mjc.doc_text(wanted, 'serial', 1, 64),
            wanted ->> 'built', wanted ->> 'gas', clock_timestamp(), clock_timestamp())
    ON CONFLICT ON CONSTRAINT customer_boiler_pkey DO UPDATE
       SET label = EXCLUDED.label, boiler_model_id = EXCLUDED.boiler_model_id, variant_id = EXCLUDED.variant_id, serial = EXCLUDED.serial,
           built = EXCLUDED.built, gas = EXCLUDED.gas, updated_at = EXCLUDED.updated_at;
    RETURN made;
END
$$;
COMMENT ON FUNCTION mjc.customer_boiler_write(uuid, uuid, jsonb) IS
    'Keeps a boiler of a customer (id NULL: a new one, at most 20) {label, model, variant, code, manufacturer, serial, built, gas}, as mjc.boiler_facts reads it; NULL when there is no such customer or boiler of his. Errors: MJ003, MJ006, MJ010, MJ653, MJ809, MJ810, MJ811, MJ814';

CREATE FUNCTION mjc.customer_boiler_facts(customer uuid, id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT jsonb_strip_nulls(jsonb_build_object('model', k.boiler_model_id, 'variant', k.variant_id, 'serial', k.serial, 'built', k.built, 'gas', k.gas))
              FROM mjc.customer_boiler k WHERE k.customer_id = customer AND k.boiler_id = id);
END
$$;
COMMENT ON FUNCTION mjc.customer_boiler_facts(uuid, uuid) IS 'What mjc.boiler_facts is told of a boiler that a customer keeps; NULL when it is not his';

CREATE FUNCTION mjc_api.customer_boiler_list(actor uuid, token_version integer, token_id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    mine uuid := mjc.need_account(actor, token_version, token_id);
BEGIN
    RETURN json_build_object('boilers', mjc.customer_boiler_json(mine));
END
$$;
COMMENT ON FUNCTION mjc_api.customer_boiler_list(uuid, integer, uuid) IS 'GET /customers/boilers: newest first. Errors: MJ060, MJ063';

CREATE FUNCTION mjc_api.customer_boiler_add(actor uuid, token_version integer, token_id uuid, request_id text, idempotency_key text,
    label text, model text, variant text, code text, serial text, manufacturer text, built text, gas text, OUT body json, OUT replayed boolean)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    mine uuid;
    doc jsonb := jsonb_strip_nulls(jsonb_build_object('label', label, 'model', model, 'variant', variant, 'code', code,
        'manufacturer', manufacturer, 'serial', serial, 'built', built, 'gas', gas));
    claim bytea;
    made uuid;
BEGIN
    PERFORM mjc.check_schema();
    mine := mjc.need_account(actor, token_version, token_id);
    SELECT * INTO claim, body, replayed FROM mjc.idempotency_begin('customer_boiler_add', mine, idempotency_key, doc::text);
    IF NOT replayed THEN
        made := mjc.customer_boiler_write(mine, NULL, doc);
        IF made IS NULL THEN
            PERFORM mjc.raise('NOT_FOUND');
        END IF;
        body := mjc.idempotency_end(claim, 'boiler', mine, json_build_object('boiler', mjc.customer_boiler_json(mine, made) -> 0));
    END IF;
END
$$;
COMMENT ON FUNCTION mjc_api.customer_boiler_add(uuid, integer, uuid, text, text, text, text, text, text, text, text, text, text) IS
    'POST /customers/boilers: at most 20. Errors: MJ003, MJ004, MJ006, MJ009, MJ010, MJ021, MJ022, MJ023, MJ060, MJ063, MJ653, MJ809, MJ810, MJ811, MJ814';

CREATE FUNCTION mjc_api.customer_boiler_set(actor uuid, token_version integer, token_id uuid, request_id text, boiler_id uuid,
    label text, model text, variant text, code text, serial text, manufacturer text, built text, gas text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    mine uuid;
    doc jsonb := jsonb_strip_nulls(jsonb_build_object('label', label, 'model', model, 'variant', variant, 'code', code,
        'manufacturer', manufacturer, 'serial', serial, 'built', built, 'gas', gas));
BEGIN
    PERFORM mjc.check_schema();
    mine := mjc.need_account(actor, token_version, token_id);
    IF mjc.customer_boiler_write(mine, coalesce(boiler_id, mjc.no_uuid()), doc) IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN json_build_object('boiler', mjc.customer_boiler_json(mine, boiler_id) -> 0);
END
$$;
COMMENT ON FUNCTION mjc_api.customer_boiler_set(uuid, integer, uuid, text, uuid, text, text, text, text, text, text, text, text) IS
    'PUT /customers/boilers/:boilerId: the whole of it; NULL when it is not his. Errors: MJ003, MJ006, MJ009, MJ010, MJ060, MJ063, MJ653, MJ809, MJ810, MJ811';

CREATE FUNCTION mjc_api.customer_boiler_remove(actor uuid, token_version integer, token_id uuid, request_id text, boiler_id uuid) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    mine uuid;
BEGIN
    PERFORM mjc.check_schema();
    mine := mjc.need_account(actor, token_version, token_id);
    PERFORM mjc.replies_lock(ARRAY[mine]);
    IF mjc.address_lock(mine) IS NULL THEN
        RETURN NULL;
    END IF;
    DELETE FROM mjc.customer_boiler k WHERE k.customer_id = mine AND k.boiler_id = customer_boiler_remove.boiler_id;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    -- The reply that a repeat of its making would get names it, but tells nothing of it any more.
    UPDATE mjc.idempotency_key k SET reply = json_build_object('boiler', json_build_object('id', boiler_id))::text
     WHERE k.subject_id = mine AND k.subject_kind = 'boiler' AND k.reply::json #>> '{boiler,id}' = boiler_id::text;
    RETURN json_build_object('deleted', true);
END
$$;
COMMENT ON FUNCTION mjc_api.customer_boiler_remove(uuid, integer, uuid, text, uuid) IS
    'DELETE /customers/boilers/:boilerId: NULL when it is not his. Errors: MJ009, MJ060, MJ063, MJ653';
