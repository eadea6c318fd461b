-- tariff: dated shipping tariffs and the zones of carriers are written here. Days are of
-- Africa/Algiers; people see the last day, the table keeps the day after it. What was
-- charged on a day that is over stays as it was.

CREATE FUNCTION mjc.tariff_doc(id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT jsonb_build_object('place', t.place_code, 'deliveryMode', t.delivery_mode, 'amount', mjc.dzd(t.amount_centimes),
                       'includedWeight', round(t.included_weight_g / 1000.0, 3), 'stepWeight', round(t.step_weight_g / 1000.0, 3),
                       'stepAmount', mjc.dzd(t.step_centimes), 'from', lower(t.validity), 'until', upper(t.validity) - 1, 'draft', t.is_draft)
              FROM mjc.shipping_tariff t WHERE t.tariff_id = id);
END
$$;
COMMENT ON FUNCTION mjc.tariff_doc(uuid) IS 'A tariff as a document; NULL when there is none';

CREATE FUNCTION mjc.doc_place(doc jsonb, key text) RETURNS text
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    name text := mjc.doc_text(doc, key, 1, 60);
    place text := coalesce(mjc.wilaya_find(name), CASE WHEN name = '*' THEN name END,
                           (SELECT z.zone_code FROM mjc.carrier_zone z WHERE z.zone_code = name LIMIT 1));
BEGIN
    IF name IS NOT NULL AND place IS NULL THEN
        PERFORM mjc.doc_refuse(key);
    END IF;
    RETURN place;
END
$$;
COMMENT ON FUNCTION mjc.doc_place(jsonb, text) IS
    'The place of a tariff: a wilaya by code or name, a zone that a carrier has, * for everywhere else. Errors: MJ006, MJ010';

CREATE FUNCTION mjc.check_delivery_mode(mode text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF mode NOT IN ('home', 'stop_desk') THEN
        PERFORM mjc.raise('DELIVERY_MODE_UNKNOWN');
    END IF;
    RETURN mode;
END
$$;
COMMENT ON FUNCTION mjc.check_delivery_mode(text) IS 'home, stop_desk or NULL. Errors: MJ217';

CREATE FUNCTION mjc.tariff_days(doc jsonb) RETURNS daterange
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF mjc.doc_day(doc, 'from') > mjc.doc_day(doc, 'until') THEN
        PERFORM mjc.doc_refuse('until', 'ARGUMENT_RANGE');
    END IF;
    RETURN daterange(mjc.doc_day(doc, 'from'), mjc.doc_day(doc, 'until') + 1);
END
$$;
COMMENT ON FUNCTION mjc.tariff_days(jsonb) IS 'The days of a tariff: from the first to until, the last. Errors: MJ006, MJ010';

CREATE FUNCTION mjc.tariff_check(doc jsonb) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.doc_need(doc, '{place,amount,from}');
    PERFORM mjc.doc_place(doc, 'place'), mjc.check_delivery_mode(mjc.doc_text(doc, 'deliveryMode', 1, 20)),
            mjc.doc_centimes(doc, 'amount', 0, 100000000), mjc.doc_scaled(doc, 'includedWeight', 1000, 0, 1000000000),
            mjc.doc_scaled(doc, 'stepWeight', 1000, 1, 1000000000), mjc.doc_centimes(doc, 'stepAmount', 0, 100000000),
            mjc.tariff_days(doc), mjc.doc_boolean(doc, 'draft', false);
    IF doc ?| '{includedWeight,stepWeight,stepAmount}' THEN
        PERFORM mjc.doc_need(doc, '{includedWeight,stepWeight,stepAmount}');
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.tariff_check(jsonb) IS
    'The one check of {place, deliveryMode, amount, includedWeight, stepWeight, stepAmount, from, until, draft}; of the weights all or none. Errors: MJ003, MJ006, MJ010, MJ217';

-- Makes room from a day on: tariffs of the place that hold on it end the day before.
CREATE FUNCTION mjc.tariff_make_room(place text, mode text, days daterange, id uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM mjc.shipping_tariff t
     WHERE t.place_code = place AND t.delivery_mode = mode AND NOT t.is_draft AND t.tariff_id <> id AND lower(t.validity) = lower(days);
    UPDATE mjc.shipping_tariff t SET validity = daterange(lower(t.validity), lower(days))
     WHERE t.place_code = place AND t.delivery_mode = mode AND NOT t.is_draft AND t.tariff_id <> id AND t.validity @> lower(days);
END
$$;
COMMENT ON FUNCTION mjc.tariff_make_room(text, text, daterange, uuid) IS
    'Ends the tariff that holds on the first of these days the day before; one that begins on that very day is replaced';

CREATE FUNCTION mjc.tariff_put(id uuid, doc jsonb, make_room boolean) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    place text := mjc.doc_place(doc, 'place');
    mode text := coalesce(mjc.doc_text(doc, 'deliveryMode', 1, 20), 'home');
    days daterange := mjc.tariff_days(doc);
    draft boolean := mjc.doc_boolean(doc, 'draft', false);
BEGIN
    IF NOT draft AND make_room THEN
        PERFORM mjc.tariff_make_room(place, mode, days, id);
    END IF;
    IF NOT draft AND EXISTS (SELECT FROM mjc.shipping_tariff t WHERE t.place_code = place AND t.delivery_mode = mode AND NOT t.is_draft
                                AND t.tariff_id <> id AND t.validity && days) THEN
        PERFORM mjc.raise('TARIFF_OVERLAP');
    END IF;
    INSERT INTO mjc.shipping_tariff AS t (tariff_id, place_code, delivery_mode, amount_centimes, validity, included_weight_g, step_weight_g, step_centimes, is_draft)
    VALUES (id, place, mode, mjc.doc_centimes(doc, 'amount'), days, mjc.doc_scaled(doc, 'includedWeight', 1000, 0, 1000000000)::integer,
            mjc.doc_scaled(doc, 'stepWeight', 1000, 1, 1000000000)::integer, mjc.doc_centimes(doc, 'stepAmount'), draft)
    ON CONFLICT ON CONSTRAINT shipping_tariff_pkey DO UPDATE
       SET place_code = EXCLUDED.place_code, delivery_mode = EXCLUDED.delivery_mode, amount_centimes = EXCLUDED.amount_centimes,
           validity = EXCLUDED.validity, included_weight_g = EXCLUDED.included_weight_g, step_weight_g = EXCLUDED.step_weight_g,
           step_centimes = EXCLUDED.step_centimes, is_draft = EXCLUDED.is_draft;
END
$$;
COMMENT ON FUNCTION mjc.tariff_put(uuid, jsonb, boolean) IS 'Writes a checked tariff whole. Errors: MJ213';

CREATE FUNCTION mjc.tariff_write(actor uuid, channel text, id uuid, doc jsonb, request_id text) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    tariff uuid := coalesce(id, mjc.uuid_v7());
    today date := mjc.algiers_date(clock_timestamp());
    has_begun boolean := false;
    before jsonb;
    wanted jsonb;
BEGIN
    PERFORM mjc.doc_check(doc, '{place,deliveryMode,amount,includedWeight,stepWeight,stepAmount,from,until,draft,replace}');
    -- One at a time, and in any isolation level the second sees or is told of the first.
    PERFORM mjc.pricing_changed();
    before := mjc.tariff_doc(id);
    IF id IS NOT NULL AND before IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT NOT t.is_draft AND (lower_inf(t.validity) OR lower(t.validity) <= today) INTO has_begun FROM mjc.shipping_tariff t WHERE t.tariff_id = id;
    wanted := mjc.doc_merge(coalesce(before, jsonb_build_object('from', today)), doc - 'replace');
    IF has_begun THEN
        IF wanted - 'until' <> jsonb_strip_nulls(before) - 'until' THEN
            PERFORM mjc.raise('PRICING_IN_USE');
        END IF;
        IF mjc.doc_day(wanted, 'until') < today THEN
            PERFORM mjc.doc_refuse('until', 'ARGUMENT_RANGE');
        END IF;
        IF mjc.doc_day(before, 'until') < today THEN
            PERFORM mjc.raise('PRICING_IN_USE');
        END IF;
    ELSE
        PERFORM mjc.tariff_check(wanted);
        IF mjc.doc_day(wanted, 'from') < today AND NOT mjc.doc_boolean(wanted, 'draft', false) THEN
            PERFORM mjc.doc_refuse('from', 'ARGUMENT_RANGE');
        END IF;
    END IF;
    PERFORM mjc.tariff_put(tariff, wanted, mjc.doc_boolean(doc, 'replace', false));
    PERFORM mjc.audit_write(actor, channel, 'tariff_set', 'tariff', tariff::text, before, mjc.tariff_doc(tariff), request_id);
    RETURN tariff;
END
$$;
COMMENT ON FUNCTION mjc.tariff_write(uuid, text, uuid, jsonb, text) IS
    'Makes (id NULL) or changes a tariff; of one that has begun only the last day, which is not over. NULL when there is none of that id. Errors: MJ003, MJ006, MJ010, MJ213, MJ215, MJ217';

CREATE FUNCTION mjc.tariff_set(doc jsonb, tariff_id uuid DEFAULT NULL) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.found(mjc.tariff_write(mjc.staff_writes(), 'psql', tariff_id, doc, NULL));
END
$$;
COMMENT ON FUNCTION mjc.tariff_set(jsonb, uuid) IS
    'Makes a tariff or changes that of the id: {place: wilaya (code or name), zone or *, deliveryMode: home or stop_desk, amount, includedWeight and stepWeight in kg, stepAmount, from: first day (today), until: last day, draft, replace: ends the tariff that holds on the first day the day before}; returns its id. Errors: MJ003, MJ004, MJ006, MJ010, MJ213, MJ215, MJ217, MJ601';

CREATE FUNCTION mjc.tariff_drop(actor uuid, channel text, id uuid, request_id text) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    today date := mjc.algiers_date(clock_timestamp());
    before jsonb;
    has_begun boolean;
BEGIN
    PERFORM mjc.pricing_changed();
    before := mjc.tariff_doc(id);
    IF before IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT NOT t.is_draft AND (lower_inf(t.validity) OR lower(t.validity) <= today) INTO has_begun FROM mjc.shipping_tariff t WHERE t.tariff_id = id;
    IF has_begun THEN
        UPDATE mjc.shipping_tariff t SET validity = daterange(lower(t.validity), today + 1)
         WHERE t.tariff_id = id AND (upper_inf(t.validity) OR upper(t.validity) > today + 1);
    ELSE
        DELETE FROM mjc.shipping_tariff t WHERE t.tariff_id = id;
    END IF;
    IF mjc.tariff_doc(id) IS DISTINCT FROM before THEN
        PERFORM mjc.audit_write(actor, channel, 'tariff_delete', 'tariff', id::text, before, mjc.tariff_doc(id), request_id);
    END IF;
    RETURN CASE WHEN has_begun THEN 'ended' ELSE 'deleted' END;
END
$$;
COMMENT ON FUNCTION mjc.tariff_drop(uuid, text, uuid, text) IS
    'Deletes a tariff that is a draft or has not begun; one that has holds today for the last time: deleted, ended; NULL when there is none';

CREATE FUNCTION mjc.tariff_delete(tariff_id uuid) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.found(mjc.tariff_drop(mjc.staff_writes(), 'psql', tariff_id, NULL));
END
$$;
COMMENT ON FUNCTION mjc.tariff_delete(uuid) IS
    'Deletes a tariff that is a draft or has not begun (deleted); one that has holds today for the last time (ended). Errors: MJ004, MJ601';

-------------------------------------------------------------- zones of carriers

CREATE FUNCTION mjc.carrier_zone_doc(carrier text, wilaya_code text, on_date date) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT jsonb_build_object('carrier', z.carrier, 'wilaya', z.wilaya_code, 'zone', z.zone_code, 'from', lower(z.validity),
                       'until', upper(z.validity) - 1)
              FROM mjc.carrier_zone z
             WHERE z.carrier = carrier_zone_doc.carrier AND z.wilaya_code = carrier_zone_doc.wilaya_code AND z.validity @> on_date);
END
$$;
COMMENT ON FUNCTION mjc.carrier_zone_doc(text, text, date) IS 'The zone of a wilaya on a day as a document; NULL when it is in none';

CREATE FUNCTION mjc.carrier_zone_write(actor uuid, channel text, doc jsonb, request_id text) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    today date := mjc.algiers_date(clock_timestamp());
    first_day date;
    next_day date;
    who text;
    place text;
    zone text;
    before jsonb;
BEGIN
    PERFORM mjc.doc_check(doc, '{carrier,wilaya,zone,from}');
    PERFORM mjc.doc_need(jsonb_strip_nulls(doc), '{carrier,wilaya}');
    who := mjc.doc_word(doc, 'carrier', '^[a-z0-9-]{2,40}$');
    zone := mjc.doc_word(doc, 'zone', '^[a-z][a-z0-9-]{1,39}$');
    place := mjc.wilaya_find(mjc.doc_text(doc, 'wilaya', 1, 60));
    IF place IS NULL THEN
        PERFORM mjc.doc_refuse('wilaya');
    END IF;
    first_day := coalesce(mjc.doc_day(doc, 'from'), today);
    IF first_day < today THEN
        PERFORM mjc.doc_refuse('from', 'ARGUMENT_RANGE');
    END IF;
    PERFORM mjc.pricing_changed();
    before := mjc.carrier_zone_doc(who, place, first_day);
    DELETE FROM mjc.carrier_zone z WHERE z.carrier = who AND z.wilaya_code = place AND lower(z.validity) = first_day;
    UPDATE mjc.carrier_zone z SET validity = daterange(lower(z.validity), first_day)
     WHERE z.carrier = who AND z.wilaya_code = place AND z.validity @> first_day;
    IF zone IS NOT NULL THEN
        SELECT min(lower(z.validity)) INTO next_day FROM mjc.carrier_zone z
         WHERE z.carrier = who AND z.wilaya_code = place AND lower(z.validity) > first_day;
        INSERT INTO mjc.carrier_zone (carrier, wilaya_code, validity, zone_code) VALUES (who, place, daterange(first_day, next_day), zone);
    END IF;
    PERFORM mjc.audit_write(actor, channel, 'carrier_zone_set', 'carrier_zone', who || ' ' || place, before,
        mjc.carrier_zone_doc(who, place, first_day), request_id);
    RETURN coalesce(mjc.carrier_zone_doc(who, place, first_day),
                    jsonb_build_object('carrier', who, 'wilaya', place, 'zone', NULL, 'from', first_day, 'until', NULL));
END
$$;
COMMENT ON FUNCTION mjc.carrier_zone_write(uuid, text, jsonb, text) IS
    'Puts a wilaya into a zone of a carrier, {carrier, wilaya, zone, from: today or later}: from that day to the next change known already; without a zone it is in none. Errors: MJ003, MJ006, MJ010';

CREATE FUNCTION mjc.carrier_zone_set(carrier text, wilaya text, zone text, from_on date DEFAULT NULL) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.carrier_zone_write(mjc.staff_writes(), 'psql',
        jsonb_build_object('carrier', carrier, 'wilaya', wilaya, 'zone', zone, 'from', from_on), NULL) ->> 'zone';
END
$$;
COMMENT ON FUNCTION mjc.carrier_zone_set(text, text, text, date) IS
    'Puts a wilaya (code or name) into a zone of a carrier from a day on (today), NULL: into none; what was before ends. Errors: MJ003, MJ006, MJ010, MJ601';
