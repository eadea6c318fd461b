-- boiler: what stands on the wall. Brand (manufacturer), range, model, variant, and the numbers that
-- name them. Rules of staff; each *_write is the one way in from psql and from REST
-- (boiler_staff.sql). The parent of a row is locked first, so that of two rows of one name the second
-- is told of the first; nothing goes that something speaks of.

CREATE FUNCTION mjc.doc_manufacturer(doc jsonb, key text) RETURNS uuid
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    typed text := mjc.doc_text(doc, key, 1, 255);
BEGIN
    RETURN mjc.doc_known(key, typed, (mjc.manufacturer_ids(ARRAY[typed]))[1]);
END
$$;
COMMENT ON FUNCTION mjc.doc_manufacturer(jsonb, text) IS 'One manufacturer, by id or slug. Errors: MJ006, MJ010';

CREATE FUNCTION mjc.doc_range(doc jsonb, key text) RETURNS uuid
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    typed text := mjc.doc_text(doc, key, 1, 50);
BEGIN
    RETURN mjc.doc_known(key, typed, (SELECT t.range_id FROM mjc.boiler_range t WHERE t.range_id = mjc.uuid_or_null(typed)));
END
$$;
COMMENT ON FUNCTION mjc.doc_range(jsonb, text) IS 'One range of boilers, by id. Errors: MJ006, MJ010';

CREATE FUNCTION mjc.doc_model(doc jsonb, key text) RETURNS uuid
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    typed text := mjc.doc_text(doc, key, 1, 50);
BEGIN
    RETURN mjc.doc_known(key, typed, (SELECT t.boiler_model_id FROM mjc.boiler_model t WHERE t.boiler_model_id = mjc.uuid_or_null(typed)));
END
$$;
COMMENT ON FUNCTION mjc.doc_model(jsonb, text) IS 'One model of boilers, by id. Errors: MJ006, MJ010';

CREATE FUNCTION mjc.doc_variant(doc jsonb, key text) RETURNS uuid
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    typed text := mjc.doc_text(doc, key, 1, 50);
BEGIN
    RETURN mjc.doc_known(key, typed, (SELECT t.variant_id FROM mjc.boiler_variant t WHERE t.variant_id = mjc.uuid_or_null(typed)));
END
$$;
COMMENT ON FUNCTION mjc.doc_variant(jsonb, text) IS 'One variant of a model of boilers, by id. Errors: MJ006, MJ010';

CREATE FUNCTION mjc.doc_gas(doc jsonb, key text) RETURNS text[]
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    names text[] := mjc.doc_list(doc, key, 4);
BEGIN
    IF NOT names <@ '{G20,G25,G30,G31}' THEN
        PERFORM mjc.doc_refuse(key);
    END IF;
    RETURN (SELECT array_agg(DISTINCT n ORDER BY n) FROM unnest(names) n);
END
$$;
COMMENT ON FUNCTION mjc.doc_gas(jsonb, text) IS 'Gases: G20, G25 (natural), G30 (butane), G31 (propane), each once, in order. Errors: MJ006, MJ010';

CREATE FUNCTION mjc.doc_days(doc jsonb, from_key text, until_key text) RETURNS daterange
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    from_on date := mjc.doc_day(doc, from_key);
    until_on date := mjc.doc_day(doc, until_key);
BEGIN
    IF from_on > until_on THEN
        PERFORM mjc.doc_refuse(until_key, 'ARGUMENT_RANGE');
    END IF;
    RETURN CASE WHEN from_on IS NOT NULL OR until_on IS NOT NULL THEN daterange(from_on, until_on, '[]') END;
END
$$;
COMMENT ON FUNCTION mjc.doc_days(jsonb, text, text) IS 'The days from one key to another, both included, open where one is not there; NULL without either. Errors: MJ006, MJ010';

-- What has been joined to keys of a document so reads back as it was told.
CREATE FUNCTION mjc.days_doc(days daterange) RETURNS jsonb
    LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
    SELECT pg_catalog.jsonb_build_object('builtFrom', pg_catalog.lower(days), 'builtUntil', pg_catalog.upper(days) OPERATOR(pg_catalog.-) 1)
$$;
COMMENT ON FUNCTION mjc.days_doc(daterange) IS 'Days of building as mjc.doc_days reads them';

CREATE FUNCTION mjc.kilowatts(watts integer) RETURNS numeric
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT pg_catalog.trim_scale(watts OPERATOR(pg_catalog./) 1000.0) $$;
COMMENT ON FUNCTION mjc.kilowatts(integer) IS 'Watts as kilowatts, without needless zeros';

------------------------------------------------------------------------ ranges

CREATE FUNCTION mjc.boiler_range_doc(id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT jsonb_build_object('manufacturer', r.manufacturer_id, 'name', r.name, 'active', r.is_active)
              FROM mjc.boiler_range r WHERE r.range_id = id);
END
$$;
COMMENT ON FUNCTION mjc.boiler_range_doc(uuid) IS 'A range of boilers as a document; NULL when there is none';

CREATE FUNCTION mjc.boiler_range_write(actor uuid, channel text, id uuid, doc jsonb, request_id text) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    made uuid := coalesce(id, mjc.uuid_v7());
    before jsonb;
    wanted jsonb;
    maker uuid;
    wanted_name text;
BEGIN
    PERFORM mjc.doc_check(doc, '{manufacturer,name,active}');
    PERFORM FROM mjc.boiler_range r WHERE r.range_id = id FOR UPDATE;
    before := mjc.boiler_range_doc(id);
    IF id IS NOT NULL AND before IS NULL THEN
        RETURN NULL;
    END IF;
    wanted := mjc.doc_merge(before, doc);
    PERFORM mjc.doc_need(wanted, '{manufacturer,name}');
    maker := mjc.doc_manufacturer(wanted, 'manufacturer');
    wanted_name := mjc.doc_text(wanted, 'name', 1, 100);
    PERFORM FROM mjc.manufacturer m WHERE m.manufacturer_id = maker FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM mjc.doc_refuse('manufacturer');
    END IF;
    -- Models of the range are of its brand.
    IF maker <> (before ->> 'manufacturer')::uuid AND EXISTS (SELECT FROM mjc.boiler_model b WHERE b.range_id = id) THEN
        PERFORM mjc.raise('BOILER_IN_USE');
    END IF;
    IF EXISTS (SELECT FROM mjc.boiler_range r WHERE r.manufacturer_id = maker AND r.name = wanted_name AND r.range_id <> made) THEN
        PERFORM mjc.raise('BOILER_EXISTS');
    END IF;
    INSERT INTO mjc.boiler_range AS r (range_id, manufacturer_id, name, is_active)
    VALUES (made, maker, wanted_name, mjc.doc_boolean(wanted, 'active', true))
    ON CONFLICT ON CONSTRAINT boiler_range_pkey DO UPDATE
       SET manufacturer_id = EXCLUDED.manufacturer_id, name = EXCLUDED.name, is_active = EXCLUDED.is_active;
    IF before ->> 'name' <> wanted_name THEN
        -- Whoever adds a fitment of them waits, or is waited for: its part shows the name too.
        PERFORM FROM mjc.boiler_model b WHERE b.range_id = made ORDER BY b.boiler_model_id FOR UPDATE;
        PERFORM mjc.check_catalogue_seen('boiler_model', b.boiler_model_id) FROM mjc.boiler_model b WHERE b.range_id = made;
    END IF;
    -- The frontends read the range's name in the model.
    UPDATE mjc.boiler_model b SET series = wanted_name, updated_at = clock_timestamp()
     WHERE b.range_id = made AND b.series IS DISTINCT FROM wanted_name;
    IF before ->> 'name' <> wanted_name THEN
        PERFORM mjc.check_catalogue_seen('boiler_range', made);
        PERFORM mjc.boiler_changed(ARRAY(SELECT b.boiler_model_id FROM mjc.boiler_model b WHERE b.range_id = made));
        PERFORM mjc.search_name_refresh();
    END IF;
    PERFORM mjc.audit_write(actor, channel, 'boiler_range_set', 'boiler_range', made::text, before, mjc.boiler_range_doc(made), request_id);
    RETURN made;
END
$$;
COMMENT ON FUNCTION mjc.boiler_range_write(uuid, text, uuid, jsonb, text) IS
    'Makes (id NULL) or changes a range {manufacturer, name, active}; its models carry its name. NULL when there is none of that id. Errors: MJ003, MJ006, MJ010, MJ806, MJ807';

CREATE FUNCTION mjc.boiler_range_remove(actor uuid, channel text, id uuid, request_id text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    before jsonb;
BEGIN
    PERFORM FROM mjc.boiler_range r WHERE r.range_id = id FOR UPDATE;
    before := mjc.boiler_range_doc(id);
    IF before IS NULL THEN
        RETURN NULL;
    END IF;
    IF mjc.check_catalogue_seen('boiler_range', id) > 0 THEN
        PERFORM mjc.raise('BOILER_IN_USE');
    END IF;
    DELETE FROM mjc.boiler_range r WHERE r.range_id = id;
    PERFORM mjc.audit_write(actor, channel, 'boiler_range_delete', 'boiler_range', id::text, before, NULL, request_id);
    RETURN true;
END
$$;
COMMENT ON FUNCTION mjc.boiler_range_remove(uuid, text, uuid, text) IS
    'Takes a range without models away; NULL when there is none. Errors: MJ807';

CREATE FUNCTION mjc.boiler_range_set(doc jsonb, id uuid DEFAULT NULL) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.found(mjc.boiler_range_write(mjc.staff_writes(), 'psql', id, doc, NULL));
END
$$;
COMMENT ON FUNCTION mjc.boiler_range_set(jsonb, uuid) IS
    'Makes a range of boilers or, with its id, changes it: {manufacturer: id or slug, name, active}; a key that is not there keeps what there is, null clears. Returns the id. Errors: MJ003, MJ004, MJ006, MJ010, MJ601, MJ806, MJ807';

CREATE FUNCTION mjc.boiler_range_delete(id uuid) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.found(mjc.boiler_range_remove(mjc.staff_writes(), 'psql', id, NULL));
END
$$;
COMMENT ON FUNCTION mjc.boiler_range_delete(uuid) IS
    'Takes a range of boilers away. Errors: MJ004, MJ601, MJ807';

------------------------------------------------------------------------ models

-- What a part fits is found and shown by the name of the model.
CREATE FUNCTION mjc.boiler_changed(models uuid[]) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.product_changed(ARRAY(SELECT DISTINCT f.product_id FROM mjc.fitment f WHERE f.boiler_model_id = ANY (models)));
END
$$;
COMMENT ON FUNCTION mjc.boiler_changed(uuid[]) IS 'For rules: what is derived from the parts of models follows their new names';

CREATE FUNCTION mjc.boiler_model_doc(id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT jsonb_build_object('manufacturer', b.manufacturer_id, 'range', b.range_id, 'name', b.name, 'type', b.type,
                       'releaseYear', b.release_year, 'active', b.is_active)
              FROM mjc.boiler_model b WHERE b.boiler_model_id = id);
END
$$;
COMMENT ON FUNCTION mjc.boiler_model_doc(uuid) IS 'A model of boilers as a document; NULL when there is none';

CREATE FUNCTION mjc.boiler_model_write(actor uuid, channel text, id uuid, doc jsonb, request_id text) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    made uuid := coalesce(id, mjc.uuid_v7());
    before jsonb;
    wanted jsonb;
    maker uuid;
    in_range uuid;
    range_name text;
    wanted_name text;
BEGIN
    PERFORM mjc.doc_check(doc, '{manufacturer,range,name,type,releaseYear,active}');
    PERFORM FROM mjc.boiler_model b WHERE b.boiler_model_id = id FOR UPDATE;
    before := mjc.boiler_model_doc(id);
    IF id IS NOT NULL AND before IS NULL THEN
        RETURN NULL;
    END IF;
    IF id IS NOT NULL THEN
        PERFORM mjc.check_catalogue_seen('boiler_model', id);
    END IF;
    wanted := mjc.doc_merge(before, doc);
    PERFORM mjc.doc_need(wanted, '{manufacturer,name}');
    maker := mjc.doc_manufacturer(wanted, 'manufacturer');
    in_range := mjc.doc_range(wanted, 'range');
    wanted_name := mjc.doc_text(wanted, 'name', 1, 100);
    PERFORM FROM mjc.manufacturer m WHERE m.manufacturer_id = maker FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM mjc.doc_refuse('manufacturer');
    END IF;
    SELECT r.name INTO range_name FROM mjc.boiler_range r WHERE r.range_id = in_range AND r.manufacturer_id = maker FOR SHARE;
    IF in_range IS NOT NULL AND range_name IS NULL THEN
        PERFORM mjc.doc_refuse('range');
    END IF;
    IF EXISTS (SELECT FROM mjc.boiler_model b WHERE b.manufacturer_id = maker AND b.name = wanted_name AND b.boiler_model_id <> made) THEN
        PERFORM mjc.raise('BOILER_EXISTS');
    END IF;
    INSERT INTO mjc.boiler_model AS b (boiler_model_id, manufacturer_id, range_id, series, name, type, release_year, is_active)
    VALUES (made, maker, in_range, range_name, wanted_name, mjc.doc_text(wanted, 'type', 1, 60),
            mjc.doc_integer(wanted, 'releaseYear', 1950, 2100), mjc.doc_boolean(wanted, 'active', true))
    ON CONFLICT ON CONSTRAINT boiler_model_pkey DO UPDATE
       SET manufacturer_id = EXCLUDED.manufacturer_id, range_id = EXCLUDED.range_id, series = EXCLUDED.series, name = EXCLUDED.name,
           type = EXCLUDED.type, release_year = EXCLUDED.release_year, is_active = EXCLUDED.is_active, updated_at = clock_timestamp();
    PERFORM mjc.audit_write(actor, channel, 'boiler_model_set', 'boiler_model', made::text, before, mjc.boiler_model_doc(made), request_id);
    PERFORM mjc.search_name_refresh();
    IF before - '{releaseYear,active}'::text[] <> mjc.boiler_model_doc(made) - '{releaseYear,active}'::text[] THEN
        PERFORM mjc.check_catalogue_seen('boiler_model', made);
        PERFORM mjc.boiler_changed(ARRAY[made]);
    END IF;
    RETURN made;
END
$$;
COMMENT ON FUNCTION mjc.boiler_model_write(uuid, text, uuid, jsonb, text) IS
    'Makes (id NULL) or changes a model {manufacturer, range, name, type, releaseYear, active}. NULL when there is none of that id. Errors: MJ003, MJ006, MJ010, MJ806';

CREATE FUNCTION mjc.boiler_model_remove(actor uuid, channel text, id uuid, request_id text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    before jsonb;
BEGIN
    PERFORM FROM mjc.boiler_model b WHERE b.boiler_model_id = id FOR UPDATE;
    before := mjc.boiler_model_doc(id);
    IF before IS NULL THEN
        RETURN NULL;
    END IF;
    IF mjc.check_catalogue_seen('boiler_model', id) > 0 THEN
        PERFORM mjc.raise('BOILER_IN_USE');
    END IF;
    DELETE FROM mjc.boiler_model b WHERE b.boiler_model_id = id;
    PERFORM mjc.audit_write(actor, channel, 'boiler_model_delete', 'boiler_model', id::text, before, NULL, request_id);
    PERFORM mjc.search_name_refresh();
    RETURN true;
END
$$;
COMMENT ON FUNCTION mjc.boiler_model_remove(uuid, text, uuid, text) IS
    'Takes a model away that nothing speaks of; NULL when there is none. Errors: MJ807';

CREATE FUNCTION mjc.boiler_model_set(doc jsonb, id uuid DEFAULT NULL) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.found(mjc.boiler_model_write(mjc.staff_writes(), 'psql', id, doc, NULL));
END
$$;
COMMENT ON FUNCTION mjc.boiler_model_set(jsonb, uuid) IS
    'Makes a model of boilers or, with its id, changes it: {manufacturer: id or slug, range: id, name, type, releaseYear, active}; a key that is not there keeps what there is, null clears. Returns the id. Errors: MJ003, MJ004, MJ006, MJ010, MJ601, MJ806';

CREATE FUNCTION mjc.boiler_model_delete(id uuid) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.found(mjc.boiler_model_remove(mjc.staff_writes(), 'psql', id, NULL));
END
$$;
COMMENT ON FUNCTION mjc.boiler_model_delete(uuid) IS
    'Takes a model of boilers away. Errors: MJ004, MJ601, MJ807';

---------------------------------------------------------------------- variants

CREATE FUNCTION mjc.boiler_variant_doc(id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT jsonb_build_object('model', v.boiler_model_id, 'name', v.name, 'powerKw', mjc.kilowatts(v.power_w), 'flue', v.flue,
                       'gas', nullif(v.gas, '{}'), 'hotWater', v.hot_water, 'mounting', v.mounting, 'active', v.is_active) || mjc.days_doc(v.built)
              FROM mjc.boiler_variant v WHERE v.variant_id = id);
END
$$;
COMMENT ON FUNCTION mjc.boiler_variant_doc(uuid) IS 'A variant of a model as a document; NULL when there is none';

CREATE FUNCTION mjc.boiler_variant_write(actor uuid, channel text, id uuid, doc jsonb, request_id text) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    made uuid := coalesce(id, mjc.uuid_v7());
    before jsonb;
    wanted jsonb;
    of_model uuid;
    wanted_name text;
BEGIN
    PERFORM mjc.doc_check(doc, '{model,name,powerKw,flue,gas,hotWater,mounting,builtFrom,builtUntil,active}');
    PERFORM FROM mjc.boiler_variant v WHERE v.variant_id = id FOR UPDATE;
    before := mjc.boiler_variant_doc(id);
    IF id IS NOT NULL AND before IS NULL THEN
        RETURN NULL;
    END IF;
    wanted := mjc.doc_merge(before, doc);
    PERFORM mjc.doc_need(wanted, '{model,name}');
    of_model := mjc.doc_model(wanted, 'model');
    wanted_name := mjc.doc_text(wanted, 'name', 1, 100);
    PERFORM FROM mjc.boiler_model b WHERE b.boiler_model_id = of_model FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM mjc.doc_refuse('model');
    END IF;
    -- What speaks of the variant speaks of its model too.
    IF of_model <> (before ->> 'model')::uuid THEN
        PERFORM mjc.doc_refuse('model');
    END IF;
    IF EXISTS (SELECT FROM mjc.boiler_variant v WHERE v.boiler_model_id = of_model AND v.name = wanted_name AND v.variant_id <> made) THEN
        PERFORM mjc.raise('BOILER_EXISTS');
    END IF;
    INSERT INTO mjc.boiler_variant AS v (variant_id, boiler_model_id, name, power_w, flue, gas, hot_water, mounting, built, is_active)
    VALUES (made, of_model, wanted_name, mjc.doc_scaled(wanted, 'powerKw', 1000, 1000, 10000000)::integer,
            mjc.doc_word(wanted, 'flue', '^(CHIMNEY|FANNED|CONDENSING)$'), coalesce(mjc.doc_gas(wanted, 'gas'), '{}'),
            mjc.doc_word(wanted, 'hotWater', '^(NONE|INSTANT|STORAGE)$'), mjc.doc_word(wanted, 'mounting', '^(WALL|FLOOR)$'),
            mjc.doc_days(wanted, 'builtFrom', 'builtUntil'), mjc.doc_boolean(wanted, 'active', true))
    ON CONFLICT ON CONSTRAINT boiler_variant_pkey DO UPDATE
       SET name = EXCLUDED.name, power_w = EXCLUDED.power_w, flue = EXCLUDED.flue, gas = EXCLUDED.gas, hot_water = EXCLUDED.hot_water,
           mounting = EXCLUDED.mounting, built = EXCLUDED.built, is_active = EXCLUDED.is_active, updated_at = clock_timestamp();
    PERFORM mjc.audit_write(actor, channel, 'boiler_variant_set', 'boiler_variant', made::text, before, mjc.boiler_variant_doc(made), request_id);
    RETURN made;
END
$$;
COMMENT ON FUNCTION mjc.boiler_variant_write(uuid, text, uuid, jsonb, text) IS
    'Makes (id NULL) or changes a variant {model, name, powerKw, flue, gas, hotWater, mounting, builtFrom, builtUntil, active}; it stays with its model. NULL when there is none of that id. Errors: MJ003, MJ006, MJ010, MJ806';

CREATE FUNCTION mjc.boiler_variant_remove(actor uuid, channel text, id uuid, request_id text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    before jsonb;
BEGIN
    PERFORM FROM mjc.boiler_variant v WHERE v.variant_id = id FOR UPDATE;
    before := mjc.boiler_variant_doc(id);
    IF before IS NULL THEN
        RETURN NULL;
    END IF;
    IF mjc.check_catalogue_seen('boiler_variant', id) > 0 THEN
        PERFORM mjc.raise('BOILER_IN_USE');
    END IF;
    DELETE FROM mjc.boiler_variant v WHERE v.variant_id = id;
    PERFORM mjc.audit_write(actor, channel, 'boiler_variant_delete', 'boiler_variant', id::text, before, NULL, request_id);
    RETURN true;
END
$$;
COMMENT ON FUNCTION mjc.boiler_variant_remove(uuid, text, uuid, text) IS
    'Takes a variant away that nothing speaks of; NULL when there is none. Errors: MJ807';

CREATE FUNCTION mjc.boiler_variant_set(doc jsonb, id uuid DEFAULT NULL) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.found(mjc.boiler_variant_write(mjc.staff_writes(), 'psql', id, doc, NULL));
END
$$;
COMMENT ON FUNCTION mjc.boiler_variant_set(jsonb, uuid) IS
    'Makes a variant of a model or, with its id, changes it: {model: id, name, powerKw, flue: CHIMNEY, FANNED or CONDENSING, gas: list of G20, G25, G30, G31, hotWater: NONE, INSTANT or STORAGE, mounting: WALL or FLOOR, builtFrom, builtUntil, active}; a key that is not there keeps what there is, null clears. Returns the id. Errors: MJ003, MJ004, MJ006, MJ010, MJ601, MJ806';

CREATE FUNCTION mjc.boiler_variant_delete(id uuid) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.found(mjc.boiler_variant_remove(mjc.staff_writes(), 'psql', id, NULL));
END
$$;
COMMENT ON FUNCTION mjc.boiler_variant_delete(uuid) IS
    'Takes a variant of a model away. Errors: MJ004, MJ601, MJ807';

------------------------------------------------------------------------- codes

CREATE FUNCTION mjc.boiler_code_key(code text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT pg_catalog.regexp_replace(pg_catalog.upper(mjc.fold_digits(code)), '[^0-9A-Z]', '', 'g')
$$;
COMMENT ON FUNCTION mjc.boiler_code_key(text) IS
    'A number of a plate as it is looked up: Arabic-Indic digits as Latin ones, capitals, letters and digits alone';

CREATE FUNCTION mjc.boiler_code_doc(code_scheme text, key text) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT jsonb_build_object('scheme', c.scheme, 'code', c.code, 'model', c.boiler_model_id, 'variant', c.variant_id)
              FROM mjc.boiler_code c WHERE c.scheme = code_scheme AND c.code_key = key);
END
$$;
COMMENT ON FUNCTION mjc.boiler_code_doc(text, text) IS 'A code of a boiler as a document; NULL when there is none';

CREATE FUNCTION mjc.boiler_code_write(actor uuid, channel text, doc jsonb, request_id text) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    wanted jsonb := jsonb_strip_nulls(doc);
    code_scheme text;
    key text;
    of_model uuid;
    of_variant uuid;
    before jsonb;
BEGIN
    PERFORM mjc.doc_check(doc, '{scheme,code,model,variant}');
    PERFORM mjc.doc_need(wanted, '{scheme,code}');
    code_scheme := mjc.doc_word(wanted, 'scheme', '^(MAKER|ARTICLE|GC)$');
    key := mjc.boiler_code_key(mjc.doc_text(wanted, 'code', 2, 60));
    IF key !~ '^[0-9A-Z]{2,40}$' THEN
        PERFORM mjc.doc_refuse('code');
    END IF;
    of_variant := mjc.doc_variant(wanted, 'variant');
    of_model := coalesce(mjc.doc_model(wanted, 'model'), (SELECT v.boiler_model_id FROM mjc.boiler_variant v WHERE v.variant_id = of_variant));
    IF of_model IS NULL THEN
        PERFORM mjc.doc_refuse('model', 'ARGUMENT_MISSING');
    END IF;
    PERFORM FROM mjc.boiler_model b WHERE b.boiler_model_id = of_model FOR SHARE;
    IF NOT FOUND THEN
        PERFORM mjc.doc_refuse('model');
    END IF;
    PERFORM FROM mjc.boiler_variant v WHERE v.variant_id = of_variant AND v.boiler_model_id = of_model FOR SHARE;
    IF of_variant IS NOT NULL AND NOT FOUND THEN
        PERFORM mjc.doc_refuse('variant');
    END IF;
    PERFORM FROM mjc.boiler_code c WHERE c.scheme = code_scheme AND c.code_key = key FOR UPDATE;
    before := mjc.boiler_code_doc(code_scheme, key);
    INSERT INTO mjc.boiler_code AS c (scheme, code_key, boiler_model_id, variant_id, code)
    VALUES (code_scheme, key, of_model, of_variant, btrim(wanted ->> 'code'))
    ON CONFLICT ON CONSTRAINT boiler_code_pkey DO UPDATE
       SET boiler_model_id = EXCLUDED.boiler_model_id, variant_id = EXCLUDED.variant_id, code = EXCLUDED.code;
    PERFORM mjc.audit_write(actor, channel, 'boiler_code_set', 'boiler_model', of_model::text, before, mjc.boiler_code_doc(code_scheme, key), request_id);
    PERFORM mjc.search_name_refresh();
    RETURN mjc.boiler_code_doc(code_scheme, key);
END
$$;
COMMENT ON FUNCTION mjc.boiler_code_write(uuid, text, jsonb, text) IS
    'What a code {scheme: MAKER, ARTICLE or GC, code, model, variant} names, from now on; the model of the variant when only that is given. Errors: MJ003, MJ006, MJ010';

CREATE FUNCTION mjc.boiler_code_remove(actor uuid, channel text, code_scheme text, code text, request_id text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    key text := mjc.boiler_code_key(boiler_code_remove.code);
    before jsonb := mjc.boiler_code_doc(code_scheme, key);
BEGIN
    DELETE FROM mjc.boiler_code c WHERE c.scheme = code_scheme AND c.code_key = key;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    PERFORM mjc.audit_write(actor, channel, 'boiler_code_delete', 'boiler_model', before ->> 'model', before, NULL, request_id);
    PERFORM mjc.search_name_refresh();
    RETURN true;
END
$$;
COMMENT ON FUNCTION mjc.boiler_code_remove(uuid, text, text, text, text) IS
    'A code names nothing any more; NULL when it did not';

CREATE FUNCTION mjc.boiler_code_set(doc jsonb) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.boiler_code_write(mjc.staff_writes(), 'psql', doc, NULL);
END
$$;
COMMENT ON FUNCTION mjc.boiler_code_set(jsonb) IS
    'Says which boiler a number names: {scheme: MAKER, ARTICLE or GC, code, model: id, variant: id}. Errors: MJ003, MJ006, MJ010, MJ601';

CREATE FUNCTION mjc.boiler_code_delete(scheme text, code text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.found(mjc.boiler_code_remove(mjc.staff_writes(), 'psql', scheme, code, NULL));
END
$$;
COMMENT ON FUNCTION mjc.boiler_code_delete(text, text) IS
    'A number (scheme and code, however it is punctuated) names no boiler any more. Errors: MJ004, MJ601';
