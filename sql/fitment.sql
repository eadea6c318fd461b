-- fitment: which part fits which boiler. extension/fitment.c judges; here are the rules of staff,
-- what is known of a boiler, and the reads.

CREATE FUNCTION mjc.fitment_state(fits boolean, variant_id uuid, serial int8range, built daterange, gas text[], power_w int4range,
    known_variant_id uuid, known_serial bigint, known_built daterange, known_gas text[], known_power_w integer) RETURNS integer
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_fitment_state';
COMMENT ON FUNCTION mjc.fitment_state(boolean, uuid, int8range, daterange, text[], int4range, uuid, bigint, daterange, text[], integer) IS
    'What a fitment row (fits, its conditions; NULL: none) says of a boiler (its facts; NULL: not known; days and gases may be known as several), as bits: 1 no, 2 no if an open condition holds, 4 yes, 8 yes if; none of these: nothing. The bits above tell each condition (mjc.fitment_conditions). NULL when fits is. Errors: MJ003, MJ006, MJ010';

CREATE FUNCTION mjc.fitment_answer(states integer[]) RETURNS text
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_fitment_answer';
COMMENT ON FUNCTION mjc.fitment_answer(integer[]) IS
    'What the states of all rows of a part say together: DOES_NOT_FIT (a row that says no holds), FITS, FITS_IF (a condition cannot be judged) or UNKNOWN. Errors: MJ003, MJ006, MJ010';

CREATE FUNCTION mjc.fitment_confidence(states integer[], confidences smallint[]) RETURNS smallint
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_fitment_confidence';
COMMENT ON FUNCTION mjc.fitment_confidence(integer[], smallint[]) IS
    'The confidence of that answer, 0 to 100, from those of the rows: the best of those that hold; where all are open the worst of them; 0 when nothing is known. Errors: MJ003, MJ006, MJ010';

CREATE FUNCTION mjc.fitment_rank_add(verdict bigint, state integer, confidence smallint) RETURNS bigint
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_fitment_rank_add';
COMMENT ON FUNCTION mjc.fitment_rank_add(bigint, integer, smallint) IS 'Transition of mjc.fitment_rank. Errors: MJ003, MJ006';

CREATE FUNCTION mjc.fitment_rank_of(verdict bigint) RETURNS integer
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_fitment_rank_of';
COMMENT ON FUNCTION mjc.fitment_rank_of(bigint) IS 'Result of mjc.fitment_rank';

CREATE AGGREGATE mjc.fitment_rank(state integer, confidence smallint) (
    SFUNC = mjc.fitment_rank_add, STYPE = bigint, FINALFUNC = mjc.fitment_rank_of, INITCOND = '0', PARALLEL = SAFE);
COMMENT ON AGGREGATE mjc.fitment_rank(integer, smallint) IS
    'Place of a part among those that fit, from the states and confidences of all its rows, the higher the better: 101 and the confidence for FITS, the confidence for FITS_IF (mjc.fitment_answer, mjc.fitment_confidence); NULL: it does not fit, or that is not known. Errors: MJ003, MJ006';

CREATE FUNCTION mjc.fitment_conditions(state integer, found text) RETURNS text[]
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_fitment_conditions';
COMMENT ON FUNCTION mjc.fitment_conditions(integer, text) IS
    'The conditions of a row (variant, serial, built, gas, power) that are met, open or failed, whichever is asked for';

CREATE FUNCTION mjc.fitment_to_ask(states integer[]) RETURNS text[]
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_fitment_to_ask';
COMMENT ON FUNCTION mjc.fitment_to_ask(integer[]) IS
    'The conditions that are open in rows on which the answer may hang: what is to be asked of the boiler. Errors: MJ003, MJ006, MJ010';

------------------------------------------------------------------------- rules

CREATE FUNCTION mjc.fitment_doc(id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT jsonb_build_object('product', f.product_id, 'model', f.boiler_model_id, 'variant', f.variant_id, 'fits', f.fits,
                       'quantity', f.qty, 'position', f.position, 'serialFrom', lower(f.serial), 'serialUntil', upper(f.serial) - 1,
                       'gas', f.gas, 'powerFromKw', mjc.kilowatts(lower(f.power_w)), 'powerUntilKw', mjc.kilowatts(upper(f.power_w) - 1),
                       'source', f.source, 'confidence', f.confidence, 'note', f.note, 'verified', f.verified_at IS NOT NULL)
                   || mjc.days_doc(f.built)
              FROM mjc.fitment f WHERE f.fitment_id = id);
END
$$;
COMMENT ON FUNCTION mjc.fitment_doc(uuid) IS 'A fitment row as a document; NULL when there is none';

CREATE FUNCTION mjc.fitment_spans(doc jsonb, OUT serial int8range, OUT built daterange, OUT power_w int4range)
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    serial_from bigint := mjc.doc_scaled(doc, 'serialFrom', 1, 0, 999999999999999);
    serial_until bigint := mjc.doc_scaled(doc, 'serialUntil', 1, 0, 999999999999999);
    power_from bigint := mjc.doc_scaled(doc, 'powerFromKw', 1000, 1, 10000000);
    power_until bigint := mjc.doc_scaled(doc, 'powerUntilKw', 1000, 1, 10000000);
BEGIN
    IF serial_from > serial_until THEN
        PERFORM mjc.doc_refuse('serialUntil', 'ARGUMENT_RANGE');
    END IF;
    IF power_from > power_until THEN
        PERFORM mjc.doc_refuse('powerUntilKw', 'ARGUMENT_RANGE');
    END IF;
    IF num_nonnulls(serial_from, serial_until) > 0 THEN
        serial := int8range(serial_from, serial_until, '[]');
    END IF;
    IF num_nonnulls(power_from, power_until) > 0 THEN
        power_w := int4range(power_from::integer, power_until::integer, '[]');
    END IF;
    built := mjc.doc_days(doc, 'builtFrom', 'builtUntil');
END
$$;
COMMENT ON FUNCTION mjc.fitment_spans(jsonb) IS
    'The spans of a fitment document, both ends included, open where one is not there: serialFrom, serialUntil, builtFrom, builtUntil, powerFromKw, powerUntilKw. Errors: MJ006, MJ010';

-- Whoever checked a row by hand checked what it said then.
CREATE FUNCTION mjc.fitment_verified(before jsonb, wanted jsonb, given jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
    SELECT CASE WHEN given ? 'verified' AND pg_catalog.jsonb_typeof(given -> 'verified') = 'boolean'
                THEN CASE WHEN (given -> 'verified')::pg_catalog.bool THEN 'now' ELSE 'no' END
                WHEN given ? 'verified' OR before IS NULL THEN 'no'
                WHEN pg_catalog.jsonb_strip_nulls(before) = wanted THEN 'as before' ELSE 'no' END
$$;
COMMENT ON FUNCTION mjc.fitment_verified(jsonb, jsonb, jsonb) IS
    'Whether a fitment row counts as checked by hand after a change: now (the change says so), as before (nothing else changed), or no';

CREATE FUNCTION mjc.fitment_write(actor uuid, channel text, id uuid, doc jsonb, request_id text) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    made uuid := coalesce(id, mjc.uuid_v7());
    before jsonb;
    wanted jsonb;
    fit mjc.fitment%ROWTYPE;
    span record;
    checked text;
BEGIN
    PERFORM mjc.doc_check(doc, '{product,model,variant,fits,quantity,position,serialFrom,serialUntil,builtFrom,builtUntil,gas,powerFromKw,powerUntilKw,source,confidence,note,verified}');
    -- Products come first in the order of locks: that of a row never changes.
    PERFORM FROM mjc.product p
      WHERE p.product_id = coalesce((SELECT f.product_id FROM mjc.fitment f WHERE f.fitment_id = id), mjc.doc_product(doc, 'product'))
      FOR NO KEY UPDATE;
    PERFORM FROM mjc.fitment f WHERE f.fitment_id = id FOR UPDATE;
    before := mjc.fitment_doc(id);
    IF id IS NOT NULL AND before IS NULL THEN
        RETURN NULL;
    END IF;
    wanted := mjc.doc_merge(before, doc);
    PERFORM mjc.doc_need(wanted, '{product,model}');
    checked := mjc.fitment_verified(before, wanted, doc);
    PERFORM mjc.doc_boolean(wanted, 'verified', false);
    SELECT x.serial, x.built, x.power_w INTO span FROM mjc.fitment_spans(wanted) x;
    SELECT made, mjc.doc_product(wanted, 'product'), mjc.doc_model(wanted, 'model'), mjc.doc_variant(wanted, 'variant'), mjc.doc_boolean(wanted, 'fits', true),
           coalesce(mjc.doc_integer(wanted, 'quantity', 1, 100), 1), mjc.doc_text(wanted, 'position', 1, 60), span.serial, span.built, mjc.doc_gas(wanted, 'gas'),
           span.power_w, coalesce(mjc.doc_word(wanted, 'source', '^(MAKER|SUPPLIER|SHOP|CUSTOMER)$'), 'SHOP'), coalesce(mjc.doc_integer(wanted, 'confidence', 0, 100), 80),
           mjc.doc_text(wanted, 'note', 1, 500)
      INTO fit.fitment_id, fit.product_id, fit.boiler_model_id, fit.variant_id, fit.fits, fit.qty, fit.position, fit.serial, fit.built, fit.gas,
           fit.power_w, fit.source, fit.confidence, fit.note;
    IF fit.product_id <> (before ->> 'product')::uuid THEN
        PERFORM mjc.doc_refuse('product');
    END IF;
    -- One that goes meanwhile is none, and a new name of it is in what is derived below.
    PERFORM FROM mjc.boiler_model b WHERE b.boiler_model_id = fit.boiler_model_id FOR SHARE;
    IF NOT FOUND THEN
        PERFORM mjc.doc_refuse('model');
    END IF;
    PERFORM FROM mjc.boiler_variant v WHERE v.variant_id = fit.variant_id AND v.boiler_model_id = fit.boiler_model_id FOR KEY SHARE;
    IF fit.variant_id IS NOT NULL AND NOT FOUND THEN
        PERFORM mjc.doc_refuse('variant');
    END IF;
    IF EXISTS (SELECT FROM mjc.fitment f
                WHERE f.product_id = fit.product_id AND f.boiler_model_id = fit.boiler_model_id AND f.fitment_id <> made AND f.fits = fit.fits
                  AND (f.variant_id, f.serial, f.built, f.gas, f.power_w, f.position)
                      IS NOT DISTINCT FROM (fit.variant_id, fit.serial, fit.built, fit.gas, fit.power_w, fit.position)) THEN
        PERFORM mjc.raise('FITMENT_EXISTS');
    END IF;
    INSERT INTO mjc.fitment AS f (fitment_id, product_id, boiler_model_id, variant_id, fits, qty, position, serial, built, gas, power_w, source,
                                  confidence, note, verified_by, verified_at)
    VALUES (made, fit.product_id, fit.boiler_model_id, fit.variant_id, fit.fits, fit.qty, fit.position, fit.serial, fit.built, fit.gas, fit.power_w,
            fit.source, fit.confidence, fit.note, CASE checked WHEN 'now' THEN actor END, CASE checked WHEN 'now' THEN clock_timestamp() END)
    ON CONFLICT ON CONSTRAINT fitment_pkey DO UPDATE
       SET boiler_model_id = EXCLUDED.boiler_model_id, variant_id = EXCLUDED.variant_id, fits = EXCLUDED.fits, qty = EXCLUDED.qty,
           position = EXCLUDED.position, serial = EXCLUDED.serial, built = EXCLUDED.built, gas = EXCLUDED.gas, power_w = EXCLUDED.power_w,
           source = EXCLUDED.source, confidence = EXCLUDED.confidence, note = EXCLUDED.note,
           verified_by = CASE WHEN checked = 'as before' THEN f.verified_by ELSE EXCLUDED.verified_by END,
           verified_at = CASE WHEN checked = 'as before' THEN f.verified_at ELSE EXCLUDED.verified_at END;
    PERFORM mjc.product_changed(ARRAY[fit.product_id]);
    PERFORM mjc.audit_write(actor, channel, 'fitment_set', 'fitment', made::text, before, mjc.fitment_doc(made), request_id);
    RETURN made;
END
$$;
COMMENT ON FUNCTION mjc.fitment_write(uuid, text, uuid, jsonb, text) IS
    'Makes (id NULL) or changes a fitment row; its product never changes. verified true: checked by the actor now; a later change without it takes that back. NULL when there is none of that id. Errors: MJ003, MJ006, MJ010, MJ808';

CREATE FUNCTION mjc.fitment_remove(actor uuid, channel text, id uuid, request_id text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    before jsonb;
BEGIN
    PERFORM FROM mjc.product p WHERE p.product_id = (SELECT f.product_id FROM mjc.fitment f WHERE f.fitment_id = id) FOR NO KEY UPDATE;
    before := mjc.fitment_doc(id);
    DELETE FROM mjc.fitment f WHERE f.fitment_id = id;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    PERFORM mjc.product_changed(ARRAY[(before ->> 'product')::uuid]);
    PERFORM mjc.audit_write(actor, channel, 'fitment_delete', 'fitment', id::text, before, NULL, request_id);
    RETURN true;
END
$$;
COMMENT ON FUNCTION mjc.fitment_remove(uuid, text, uuid, text) IS
    'Takes a fitment row away; NULL when there is none';

CREATE FUNCTION mjc.fitment_set(doc jsonb, id uuid DEFAULT NULL) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.found(mjc.fitment_write(mjc.staff_writes(), 'psql', id, doc, NULL));
END
$$;
COMMENT ON FUNCTION mjc.fitment_set(jsonb, uuid) IS
    'Makes a fitment row or, with its id, changes it: {product: id or sku, model: id, variant: id, fits: false says that it does not, quantity, position, serialFrom, serialUntil, builtFrom, builtUntil, gas, powerFromKw, powerUntilKw, source: MAKER, SUPPLIER, SHOP or CUSTOMER, confidence: 0 to 100, note, verified}; a key that is not there keeps what there is, null clears. Returns the id. Errors: MJ003, MJ004, MJ006, MJ010, MJ601, MJ808';

CREATE FUNCTION mjc.fitment_delete(id uuid) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.found(mjc.fitment_remove(mjc.staff_writes(), 'psql', id, NULL));
END
$$;
COMMENT ON FUNCTION mjc.fitment_delete(uuid) IS
    'Takes a fitment row away. Errors: MJ004, MJ601';

------------------------------------------------------- what is known of a boiler

CREATE FUNCTION mjc.boiler_named(doc jsonb, maker uuid, OUT boiler_model_id uuid, OUT variant_id uuid)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    hits record;
BEGIN
    IF doc ? 'variant' THEN
        SELECT v.boiler_model_id, v.variant_id INTO boiler_model_id, variant_id FROM mjc.boiler_variant v WHERE v.variant_id = mjc.uuid_or_null(doc ->> 'variant');
    ELSIF doc ? 'model' THEN
        boiler_model_id := mjc.uuid_or_null(doc ->> 'model');
    ELSIF doc ? 'code' THEN
        SELECT count(DISTINCT c.boiler_model_id) AS models, count(DISTINCT coalesce(c.variant_id, mjc.no_uuid())) AS variants,
               (array_agg(c.boiler_model_id))[1] AS model, (array_agg(c.variant_id))[1] AS variant
          INTO hits FROM mjc.boilers_of_code(doc ->> 'code', maker, NULL) c;
        IF hits.models > 1 THEN
            PERFORM mjc.raise('BOILER_AMBIGUOUS');
        END IF;
        boiler_model_id := hits.model;
        -- Two variants by one number: the model is sure, the variant is not.
        variant_id := CASE WHEN hits.variants = 1 THEN hits.variant END;
    ELSE
        RETURN;
    END IF;
    IF NOT EXISTS (SELECT FROM mjc.boiler_model b WHERE b.boiler_model_id = boiler_named.boiler_model_id AND b.is_active) THEN
        PERFORM mjc.raise('BOILER_UNKNOWN');
    END IF;
    IF doc ? 'model' AND boiler_named.boiler_model_id IS DISTINCT FROM mjc.uuid_or_null(doc ->> 'model') THEN
        PERFORM mjc.raise('BOILER_CONTRADICTION', 'argument', 'variant');
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.boiler_named(jsonb, uuid) IS
    'The active model, and the variant if that is sure, that {variant}, {model} or {code} names; NULLs when none of these is given. Errors: MJ809, MJ810, MJ811';

-- All readings must agree in what is taken from them.
CREATE FUNCTION mjc.boiler_of_serial(typed text, maker uuid, OUT boiler_model_id uuid, OUT variant_id uuid, OUT serial bigint, OUT built daterange, OUT confidence text)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    key text := mjc.boiler_code_key(typed);
    hits record;
BEGIN
    IF length(key) NOT BETWEEN 1 AND 64 THEN
        PERFORM mjc.doc_refuse('serial');
    END IF;
    SELECT count(DISTINCT c.boiler_model_id) AS models, count(DISTINCT coalesce(c.variant_id, mjc.no_uuid())) AS variants,
           (array_agg(c.boiler_model_id))[1] AS model, (array_agg(c.variant_id))[1] AS variant
      INTO hits
      FROM mjc.plate_readings(maker, typed) r
     CROSS JOIN LATERAL mjc.boilers_of_code(r.article, r.manufacturer_id, r.article_scheme) c
     WHERE r.article IS NOT NULL;
    IF hits.models = 1 THEN
        boiler_model_id := hits.model;
        variant_id := CASE WHEN hits.variants = 1 THEN hits.variant END;
    END IF;
    SELECT count(*) AS n, count(DISTINCT (r.built, r.number)) AS readings, (array_agg(r.built))[1] AS built, (array_agg(r.number))[1] AS number,
           (array_agg(r.confidence ORDER BY array_position('{LOW,MED,HIGH}', r.confidence)))[1] AS worst
      INTO hits FROM mjc.plate_readings(maker, typed) r;
    IF hits.readings = 1 THEN
        built := hits.built;
        serial := hits.number;
        confidence := hits.worst;
    ELSIF hits.n = 0 AND key ~ '^[0-9]{1,15}$' THEN
        -- No rule: a plain number is the serial number itself.
        serial := key::bigint;
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.boiler_of_serial(text, uuid) IS
    'What a serial number tells by the rules of a manufacturer (NULL: of all): each only where all rules that read it agree. Errors: MJ010';

CREATE FUNCTION mjc.boiler_facts(given jsonb, OUT boiler_model_id uuid, OUT variant_id uuid, OUT serial bigint, OUT built daterange, OUT gas text[], OUT power_w integer, OUT shown jsonb)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    doc jsonb := jsonb_strip_nulls(given);
    maker uuid := mjc.doc_manufacturer(doc, 'manufacturer');
    told daterange;
    plate record;
    sure text;
    kind record;
BEGIN
    SELECT n.boiler_model_id, n.variant_id INTO boiler_model_id, variant_id FROM mjc.boiler_named(doc, maker) n;
    IF doc ? 'serial' THEN
        SELECT s.boiler_model_id, s.variant_id, s.serial, s.built, s.confidence INTO plate
          FROM mjc.boiler_of_serial(doc ->> 'serial',
                   coalesce((SELECT b.manufacturer_id FROM mjc.boiler_model b WHERE b.boiler_model_id = boiler_facts.boiler_model_id), maker)) s;
        IF boiler_facts.boiler_model_id <> plate.boiler_model_id OR boiler_facts.variant_id <> plate.variant_id THEN
            PERFORM mjc.raise('BOILER_CONTRADICTION', 'argument', 'serial');
        END IF;
        boiler_model_id := coalesce(boiler_facts.boiler_model_id, plate.boiler_model_id);
        variant_id := coalesce(boiler_facts.variant_id, plate.variant_id);
        serial := plate.serial;
        built := plate.built;
        sure := plate.confidence;
    ELSIF boiler_facts.boiler_model_id IS NULL THEN
        PERFORM mjc.doc_refuse('model', 'ARGUMENT_MISSING');
    END IF;
    IF boiler_facts.boiler_model_id IS NULL THEN
        PERFORM mjc.raise('BOILER_UNKNOWN');
    END IF;
    SELECT v.name, v.power_w, nullif(v.gas, '{}') AS gas, v.built INTO kind FROM mjc.boiler_variant v WHERE v.variant_id = boiler_facts.variant_id;
    told := mjc.built_days(doc ->> 'built');
    IF doc ? 'built' AND told IS NULL THEN
        PERFORM mjc.doc_refuse('built');
    END IF;
    IF NOT told && built THEN
        PERFORM mjc.raise('BOILER_CONTRADICTION', 'argument', 'built');
    END IF;
    built := coalesce(told * built, told, built, kind.built);
    gas := CASE WHEN doc ? 'gas' THEN mjc.doc_gas(jsonb_build_object('gas', jsonb_build_array(doc -> 'gas')), 'gas') ELSE kind.gas END;
    power_w := coalesce(mjc.doc_scaled(doc, 'powerKw', 1000, 1, 10000000)::integer, kind.power_w);
    shown := (SELECT jsonb_build_object('model', jsonb_build_object('id', b.boiler_model_id, 'name', b.name, 'series', b.series),
                         'manufacturer', jsonb_build_object('id', m.manufacturer_id, 'name', m.name, 'slug', m.slug),
                         'variant', CASE WHEN boiler_facts.variant_id IS NOT NULL THEN jsonb_build_object('id', boiler_facts.variant_id, 'name', kind.name) END,
                         'serial', boiler_facts.serial, 'gas', boiler_facts.gas, 'powerKw', mjc.kilowatts(boiler_facts.power_w),
                         'serialConfidence', sure) || mjc.days_doc(boiler_facts.built)
                FROM mjc.boiler_model b JOIN mjc.manufacturer m ON m.manufacturer_id = b.manufacturer_id
               WHERE b.boiler_model_id = boiler_facts.boiler_model_id);
END
$$;
COMMENT ON FUNCTION mjc.boiler_facts(jsonb) IS
    'What is known of a boiler {model: id, variant: id, code, serial, manufacturer: id or slug, built: 2018, 2018-03 or 2018-03-05, gas, powerKw}: NULL where it is not known; shown is the same for pages. Errors: MJ003, MJ006, MJ010, MJ809, MJ810, MJ811';

------------------------------------------------------------------------- reads

CREATE FUNCTION mjc.fitment_refresh(product_ids uuid[]) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE mjc.fitment f SET is_sold = p.is_active
      FROM unnest(product_ids) u (id) JOIN mjc.product p ON p.product_id = u.id
     WHERE f.product_id = u.id AND f.is_sold <> p.is_active;
END
$$;
COMMENT ON FUNCTION mjc.fitment_refresh(uuid[]) IS 'Notes beside what products fit whether they are active; the caller has locked them. A part of mjc.product_changed';

-- Set by set: asked product by product, a page of 20 took as long as finding its products.
CREATE FUNCTION mjc.fitment_rows(product_ids uuid[], boiler_model_id uuid, variant_id uuid, serial bigint, built daterange, gas text[], power_w integer,
    OUT product_id uuid, OUT place bigint, OUT state integer, OUT confidence smallint, OUT doc jsonb) RETURNS SETOF record
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 20
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT f.product_id, row_number() OVER w, s.state, f.confidence, jsonb_build_object('id', f.fitment_id, 'fits', f.fits,
               'met', mjc.fitment_conditions(s.state, 'met'), 'open', mjc.fitment_conditions(s.state, 'open'), 'failed', mjc.fitment_conditions(s.state, 'failed'),
               'quantity', f.qty, 'position', f.position, 'note', f.note, 'source', f.source, 'confidence', f.confidence,
               'variant', CASE WHEN v.variant_id IS NOT NULL THEN jsonb_build_object('id', v.variant_id, 'name', v.name) END,
               'serialFrom', lower(f.serial), 'serialUntil', upper(f.serial) - 1, 'gas', f.gas,
               'powerFromKw', mjc.kilowatts(lower(f.power_w)), 'powerUntilKw', mjc.kilowatts(upper(f.power_w) - 1),
               'builtFrom', lower(f.built), 'builtUntil', upper(f.built) - 1, 'verifiedAt', mjc.iso(f.verified_at))
      FROM mjc.fitment f
     CROSS JOIN LATERAL (SELECT mjc.fitment_state(f.fits, f.variant_id, f.serial, f.built, f.gas, f.power_w, fitment_rows.variant_id,
                                    fitment_rows.serial, fitment_rows.built, fitment_rows.gas, fitment_rows.power_w) AS state OFFSET 0) s
      LEFT JOIN mjc.boiler_variant v ON v.variant_id = f.variant_id
     WHERE f.product_id = ANY (product_ids) AND f.boiler_model_id = fitment_rows.boiler_model_id
    -- What decides comes first.
    WINDOW w AS (PARTITION BY f.product_id ORDER BY CASE WHEN s.state & 1 > 0 THEN 1 WHEN s.state & 2 > 0 THEN 2 WHEN s.state & 4 > 0 THEN 3 WHEN s.state & 8 > 0 THEN 4 ELSE 5 END,
                 f.confidence DESC, f.fitment_id);
END
$$;
COMMENT ON FUNCTION mjc.fitment_rows(uuid[], uuid, uuid, bigint, daterange, text[], integer) IS
    'The fitment rows of products and a model, each with its place among those of its product, its state for a boiler (mjc.fitment_state) and for pages: what it asks for, which conditions are met, open or failed';

CREATE FUNCTION mjc.fitments_json(product_ids uuid[], boiler_model_id uuid, variant_id uuid, serial bigint, built daterange, gas text[], power_w integer, with_failed boolean,
    OUT product_id uuid, OUT fit jsonb) RETURNS SETOF record
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 20
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT u.id, jsonb_build_object(
               'answer', mjc.fitment_answer(coalesce(s.states, '{}')), 'confidence', mjc.fitment_confidence(coalesce(s.states, '{}'), coalesce(s.confidences, '{}')),
               'quantity', s.yes -> 'quantity', 'position', s.yes -> 'position',
               'open', to_jsonb(mjc.fitment_to_ask(coalesce(s.states, '{}'))), 'rows', coalesce(s.docs, '[]'))
      FROM unnest(product_ids) u (id)
      LEFT JOIN (
           SELECT r.product_id, array_agg(r.state) AS states, array_agg(r.confidence) AS confidences,
                  (array_agg(r.doc ORDER BY r.place) FILTER (WHERE r.state & 12 > 0))[1] AS yes,
                  jsonb_agg(r.doc ORDER BY r.place) FILTER (WHERE with_failed OR r.state & 15 > 0) AS docs
             FROM mjc.fitment_rows(product_ids, boiler_model_id, variant_id, serial, built, gas, power_w) r
            GROUP BY r.product_id) s ON s.product_id = u.id;
END
$$;
COMMENT ON FUNCTION mjc.fitments_json(uuid[], uuid, uuid, bigint, daterange, text[], integer, boolean) IS
    'Whether products fit a boiler, for pages: answer, confidence, quantity and position of the first row that says yes, what is still to be asked, and the rows; with_failed: those too that say nothing of this boiler';

CREATE FUNCTION mjc.fitment_json(product_id uuid, boiler_model_id uuid, variant_id uuid, serial bigint, built daterange, gas text[], power_w integer, with_failed boolean) RETURNS jsonb
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT j.fit FROM mjc.fitments_json(ARRAY[product_id], boiler_model_id, variant_id, serial, built, gas, power_w, with_failed) j);
END
$$;
COMMENT ON FUNCTION mjc.fitment_json(uuid, uuid, uuid, bigint, daterange, text[], integer, boolean) IS 'mjc.fitments_json of one product';

CREATE FUNCTION mjc.fitting_products(boiler_model_id uuid, variant_id uuid, serial bigint, built daterange, gas text[], power_w integer,
    kind uuid, categories uuid[], page_size integer, page integer, OUT product_ids uuid[], OUT total bigint)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    -- From one index alone: neither the rows of the model nor its parts are read.
    WITH fit AS MATERIALIZED (
        SELECT s.product_id, s.rank
          FROM (SELECT f.product_id, mjc.fitment_rank(mjc.fitment_state(f.fits, f.variant_id, f.serial, f.built, f.gas, f.power_w, fitting_products.variant_id,
                           fitting_products.serial, fitting_products.built, fitting_products.gas, fitting_products.power_w), f.confidence) AS rank
                  FROM mjc.fitment f WHERE f.boiler_model_id = fitting_products.boiler_model_id AND f.is_sold
                 GROUP BY f.product_id OFFSET 0) s
         WHERE s.rank IS NOT NULL
           AND (num_nonnulls(kind, categories) = 0 OR EXISTS (
                SELECT FROM mjc.product p WHERE p.product_id = s.product_id AND (kind IS NULL OR p.kind_id = kind) AND (categories IS NULL OR p.category_id = ANY (categories)))))
    SELECT (SELECT count(*) FROM fit),
           ARRAY(SELECT f.product_id FROM fit f ORDER BY f.rank DESC, f.product_id DESC LIMIT page_size OFFSET (page - 1)::bigint * page_size)
      INTO total, product_ids;
END
$$;
COMMENT ON FUNCTION mjc.fitting_products(uuid, uuid, bigint, daterange, text[], integer, uuid, uuid[], integer, integer) IS
    'A page of the active products that fit a boiler or may fit it, those that surely do first, then by confidence, then the newest (their ids follow time); of a kind of part and of categories, if given; and how many there are';

-------------------------------------------------------------------- for staff in psql

CREATE FUNCTION mjc.part_fits(product text, boiler jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    id uuid := mjc.product_find(product);
    fact record;
BEGIN
    IF id IS NULL THEN
        PERFORM mjc.raise('PRODUCT_UNKNOWN');
    END IF;
    fact := mjc.boiler_facts(boiler);
    RETURN mjc.fitment_json(id, fact.boiler_model_id, fact.variant_id, fact.serial, fact.built, fact.gas, fact.power_w, true)
           || jsonb_build_object('boiler', fact.shown);
END
$$;
COMMENT ON FUNCTION mjc.part_fits(text, jsonb) IS
    'Does a product (id or sku) fit a boiler {model: id, variant: id, code, serial, manufacturer: id or slug, built: 2018, 2018-03 or 2018-03-05, gas, powerKw}: answer (FITS, FITS_IF, DOES_NOT_FIT, UNKNOWN), confidence 0 to 100, what is to be asked, all rows. Errors: MJ003, MJ006, MJ010, MJ107, MJ809, MJ810, MJ811';

CREATE FUNCTION mjc.parts_for(boiler jsonb, most integer DEFAULT 100, OUT sku text, OUT name text, OUT answer text, OUT confidence integer, OUT quantity integer,
    OUT "position" text, OUT to_ask text) RETURNS SETOF record
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 100
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    fact record;
    found record;
BEGIN
    IF most IS NULL OR most NOT BETWEEN 1 AND 10000 THEN
        PERFORM mjc.doc_refuse('most', CASE WHEN most IS NULL THEN 'ARGUMENT_MISSING' ELSE 'ARGUMENT_RANGE' END);
    END IF;
    fact := mjc.boiler_facts(boiler);
    found := mjc.fitting_products(fact.boiler_model_id, fact.variant_id, fact.serial, fact.built, fact.gas, fact.power_w, NULL, NULL, most, 1);
    RETURN QUERY
    SELECT p.sku, p.name, j.fit ->> 'answer', (j.fit -> 'confidence')::integer, (j.fit -> 'quantity')::integer, j.fit ->> 'position',
           (SELECT string_agg(o, ', ' ORDER BY o) FROM jsonb_array_elements_text(j.fit -> 'open') o)
      FROM unnest(found.product_ids) WITH ORDINALITY u (id, n)
      JOIN mjc.product p ON p.product_id = u.id
      JOIN mjc.fitments_json(found.product_ids, fact.boiler_model_id, fact.variant_id, fact.serial, fact.built, fact.gas, fact.power_w, false) j ON j.product_id = u.id
     ORDER BY u.n;
END
$$;
COMMENT ON FUNCTION mjc.parts_for(jsonb, integer) IS
    'The active products that fit a boiler (as mjc.part_fits takes it) or may fit it, those that surely do first; to_ask: what would make it sure. Errors: MJ003, MJ006, MJ010, MJ809, MJ810, MJ811';
