-- shipment: parcels of orders (extension/shipment.c), what carriers tell of them, and the cash that
-- carriers collect and remit.

CREATE FUNCTION mjc.shipment_pack_core(order_id uuid, line_nos integer[], quantities integer[], carrier text, tracking_number text,
    actor uuid, channel text, request_id text) RETURNS integer
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_shipment_pack';
COMMENT ON FUNCTION mjc.shipment_pack_core(uuid, integer[], integer[], text, text, uuid, text, text) IS
    'For rules: a parcel of these lines, or of all that is in none; its number. Errors: MJ003, MJ004, MJ006, MJ010, MJ301, MJ331, MJ334';

CREATE FUNCTION mjc.shipment_step(order_id uuid, shipment_no integer, step text, carrier text, tracking_number text, reason text,
    actor uuid, channel text, request_id text) RETURNS text
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_shipment_step';
COMMENT ON FUNCTION mjc.shipment_step(uuid, integer, text, text, text, text, uuid, text, text) IS
    'For rules: ship, deliver, refuse, return, return_damaged or unpack a parcel; its state after it. Errors: MJ003, MJ004, MJ006, MJ010, MJ103, MJ332, MJ333';

CREATE FUNCTION mjc.tracking_keep(id uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO mjc.tracking (tracking_number, order_id, shipment_no)
    SELECT s.tracking_number, s.order_id, s.shipment_no FROM mjc.shipment s WHERE s.order_id = id AND s.tracking_number IS NOT NULL
    ON CONFLICT DO NOTHING;
END
$$;
COMMENT ON FUNCTION mjc.tracking_keep(uuid) IS 'For rules in SQL that changed the numbers of an order''s parcels: they are found by them';

CREATE FUNCTION mjc.shipment_packed(id uuid, line_nos integer[], quantities integer[], carrier text, tracking_number text,
    actor uuid, channel text, request_id text) RETURNS integer
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    number integer := mjc.shipment_pack_core(id, line_nos, quantities, carrier, tracking_number, actor, channel, request_id);
BEGIN
    PERFORM mjc.audit_write(actor, channel, 'shipment_pack', 'order', (SELECT o.reference FROM mjc.order o WHERE o.order_id = id),
                            NULL, jsonb_build_object('shipment', number), request_id);
    RETURN number;
END
$$;
COMMENT ON FUNCTION mjc.shipment_packed(uuid, integer[], integer[], text, text, uuid, text, text) IS 'For rules: mjc.shipment_pack_core, audited';

CREATE FUNCTION mjc.shipment_stepped(id uuid, number integer, step text, carrier text, tracking_number text, reason text,
    actor uuid, channel text, request_id text) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    state text := mjc.shipment_step(id, number, step, carrier, tracking_number, reason, actor, channel, request_id);
BEGIN
    PERFORM mjc.audit_write(actor, channel, 'shipment_' || step, 'order', (SELECT o.reference FROM mjc.order o WHERE o.order_id = id),
                            NULL, jsonb_build_object('shipment', number, 'state', state), request_id);
    RETURN state;
END
$$;
COMMENT ON FUNCTION mjc.shipment_stepped(uuid, integer, text, text, text, text, uuid, text, text) IS 'For rules: mjc.shipment_step, audited';

------------------------------------------------------------------- rules of staff

CREATE FUNCTION mjc.shipment_pack(reference text, line_nos integer[] DEFAULT NULL, quantities integer[] DEFAULT NULL,
    carrier text DEFAULT NULL, tracking_number text DEFAULT NULL) RETURNS integer
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_schema();
    RETURN mjc.shipment_packed(mjc.order_need(shipment_pack.reference), line_nos, quantities, carrier, tracking_number, mjc.staff_id(), 'psql', NULL);
END
$$;
COMMENT ON FUNCTION mjc.shipment_pack(text, integer[], integer[], text, text) IS
    'Packs a parcel of an order: so many units of these lines, or all that is in none; its number in the order. The units stay reserved until the carrier has them. Errors: MJ003, MJ004, MJ006, MJ010, MJ301, MJ331, MJ334, MJ401, MJ601';

CREATE FUNCTION mjc.shipment_unpack(reference text, shipment_no integer) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_schema();
    RETURN mjc.shipment_stepped(mjc.order_need(shipment_unpack.reference), shipment_no, 'unpack', NULL, NULL, NULL, mjc.staff_id(), 'psql', NULL);
END
$$;
COMMENT ON FUNCTION mjc.shipment_unpack(text, integer) IS
    'A packed parcel does not leave; its units stay reserved for the order. Errors: MJ003, MJ004, MJ332, MJ333, MJ401, MJ601';

CREATE FUNCTION mjc.shipment_ship(reference text, shipment_no integer, tracking_number text DEFAULT NULL, carrier text DEFAULT NULL) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_schema();
    RETURN mjc.shipment_stepped(mjc.order_need(shipment_ship.reference), shipment_no, 'ship', carrier, tracking_number, NULL, mjc.staff_id(), 'psql', NULL);
END
$$;
COMMENT ON FUNCTION mjc.shipment_ship(text, integer, text, text) IS
    'The carrier took a packed parcel: its units leave the stock; the last one ships the order. Errors: MJ003, MJ004, MJ006, MJ103, MJ332, MJ333, MJ401, MJ601';

CREATE FUNCTION mjc.shipment_deliver(reference text, shipment_no integer) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_schema();
    RETURN mjc.shipment_stepped(mjc.order_need(shipment_deliver.reference), shipment_no, 'deliver', NULL, NULL, NULL, mjc.staff_id(), 'psql', NULL);
END
$$;
COMMENT ON FUNCTION mjc.shipment_deliver(text, integer) IS
    'A parcel arrived and the carrier has its cash; the last one delivers the order. Errors: MJ003, MJ004, MJ332, MJ333, MJ401, MJ601';

CREATE FUNCTION mjc.shipment_refuse(reference text, shipment_no integer, reason text DEFAULT NULL) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_schema();
    RETURN mjc.shipment_stepped(mjc.order_need(shipment_refuse.reference), shipment_no, 'refuse', NULL, NULL, reason, mjc.staff_id(), 'psql', NULL);
END
$$;
COMMENT ON FUNCTION mjc.shipment_refuse(text, integer, text) IS
    'A parcel was refused at the door and is on its way back; the stock changes when it arrives (mjc.shipment_return). Errors: MJ003, MJ004, MJ006, MJ332, MJ333, MJ401, MJ601';

CREATE FUNCTION mjc.shipment_return(reference text, shipment_no integer, damaged boolean DEFAULT false) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_schema();
    RETURN mjc.shipment_stepped(mjc.order_need(shipment_return.reference), shipment_no,
        CASE WHEN shipment_return.damaged THEN 'return_damaged' ELSE 'return' END, NULL, NULL, NULL, mjc.staff_id(), 'psql', NULL);
END
$$;
COMMENT ON FUNCTION mjc.shipment_return(text, integer, boolean) IS
    'A parcel that did not reach its buyer stands on the desk: its units are back in stock (or among the damaged), and are asked for no more; an order of which nothing is with the buyer is cancelled. Errors: MJ003, MJ004, MJ332, MJ333, MJ401, MJ601';

CREATE FUNCTION mjc.shipment_cod_set(reference text, shipment_no integer, amount_dzd numeric) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    who uuid;
    id uuid;
    s mjc.shipment%ROWTYPE;
    amount bigint := mjc.doc_centimes(jsonb_strip_nulls(jsonb_build_object('amount', amount_dzd)), 'amount');
BEGIN
    PERFORM mjc.check_schema();
    who := mjc.staff_id();
    IF shipment_cod_set.shipment_no IS NULL OR amount IS NULL THEN
        PERFORM mjc.raise('ARGUMENT_MISSING', 'argument', CASE WHEN amount IS NULL THEN 'amount_dzd' ELSE 'shipment_no' END);
    END IF;
    id := mjc.order_need(shipment_cod_set.reference);
    PERFORM FROM mjc.order o WHERE o.order_id = id FOR UPDATE;
    SELECT x.* INTO s FROM mjc.shipment x WHERE x.order_id = id AND x.shipment_no = shipment_cod_set.shipment_no;
    IF NOT FOUND THEN
        PERFORM mjc.raise('SHIPMENT_UNKNOWN');
    ELSIF s.state NOT IN ('packed', 'shipped', 'refused') THEN
        PERFORM mjc.raise('SHIPMENT_STATE', 'state', s.state);
    END IF;
    UPDATE mjc.shipment x SET cod_centimes = amount WHERE x.order_id = id AND x.shipment_no = shipment_cod_set.shipment_no;
    UPDATE mjc.order o SET updated_at = clock_timestamp() WHERE o.order_id = id;
    PERFORM mjc.audit_write(who, 'psql', 'shipment_cod_set', 'order', shipment_cod_set.reference,
        jsonb_build_object('shipment', s.shipment_no, 'cod', mjc.dzd(s.cod_centimes)), jsonb_build_object('cod', mjc.dzd(amount)));
END
$$;
COMMENT ON FUNCTION mjc.shipment_cod_set(text, integer, numeric) IS
    'The carrier was told to collect another amount for a parcel that has not arrived (it was paid meanwhile), DZD. Errors: MJ003, MJ004, MJ006, MJ010, MJ332, MJ333, MJ401, MJ601';

--------------------------------------------------------------------- remittances

-- The parcel of a line: by its tracking number, else the one of an order that collected cash.
CREATE FUNCTION mjc.parcel_find(what text, OUT order_id uuid, OUT shipment_no integer)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    SELECT s.order_id, s.shipment_no INTO parcel_find.order_id, parcel_find.shipment_no
      FROM mjc.tracking t JOIN mjc.shipment s ON s.order_id = t.order_id AND s.shipment_no = t.shipment_no
     WHERE t.tracking_number = btrim(what)
     ORDER BY s.shipped_at DESC NULLS LAST LIMIT 1;
    IF NOT FOUND THEN
        SELECT s.order_id, s.shipment_no INTO parcel_find.order_id, parcel_find.shipment_no
          FROM mjc.order_reference r JOIN mjc.shipment s ON s.order_id = r.order_id
         WHERE r.reference = mjc.order_reference_canonical(what) AND s.cod_centimes > 0
         ORDER BY s.remitted_at IS NOT NULL, s.shipment_no LIMIT 1;
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.parcel_find(text) IS 'For rules: the parcel of a tracking number, or of an order''s number; NULL when there is none';

CREATE FUNCTION mjc.remittance_add(parcel_order uuid, parcel_no integer, amount bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE mjc.shipment s SET remitted_centimes = coalesce(s.remitted_centimes, 0) + amount, remitted_at = clock_timestamp()
     WHERE s.order_id = parcel_order AND s.shipment_no = parcel_no;
END
$$;
COMMENT ON FUNCTION mjc.remittance_add(uuid, integer, bigint) IS 'For rules: a carrier paid so much for a parcel';

CREATE FUNCTION mjc.remittance_open(carrier text, reference text, received_on date, actor uuid, made uuid) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    at timestamptz := clock_timestamp();
BEGIN
    INSERT INTO mjc.remittance_reference (reference, carrier, remittance_id)
    VALUES (remittance_open.reference, remittance_open.carrier, made) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN (SELECT r.remittance_id FROM mjc.remittance_reference r WHERE r.reference = remittance_open.reference AND r.carrier = remittance_open.carrier);
    END IF;
    INSERT INTO mjc.remittance (remittance_id, carrier, reference, received_on, amount_centimes, actor, created_at)
    VALUES (made, remittance_open.carrier, remittance_open.reference, coalesce(remittance_open.received_on, mjc.algiers_date(at)), 0, remittance_open.actor, at);
    RETURN made;
END
$$;
COMMENT ON FUNCTION mjc.remittance_open(text, text, date, uuid, uuid) IS 'For rules: the remittance of a carrier''s reference, made under this id when there is none';

-- lines: [{parcel, amount}]
CREATE FUNCTION mjc.remittance_write(doc jsonb, actor uuid, channel text, request_id text) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    id uuid := mjc.uuid_v7();
    given jsonb := jsonb_strip_nulls(doc);
    line record;
    parcel record;
    amount bigint;
    total bigint := 0;
BEGIN
    PERFORM mjc.doc_check(doc, '{carrier,reference,receivedOn,lines}');
    PERFORM mjc.doc_need(given, '{carrier,reference,lines}');
    IF jsonb_typeof(given -> 'lines') <> 'array' OR jsonb_array_length(given -> 'lines') NOT BETWEEN 1 AND 1000 THEN
        PERFORM mjc.doc_refuse('lines');
    END IF;
    IF mjc.remittance_open(mjc.doc_text(given, 'carrier', 1, 100), mjc.doc_text(given, 'reference', 1, 100), mjc.doc_day(given, 'receivedOn'),
                           remittance_write.actor, id) <> id THEN
        PERFORM mjc.raise('REMITTANCE_KNOWN');
    END IF;
    FOR line IN SELECT l.value AS doc, l.ordinality::integer AS n FROM jsonb_array_elements(given -> 'lines') WITH ORDINALITY l LOOP
        PERFORM mjc.doc_check(line.doc, '{parcel,amount}');
        PERFORM mjc.doc_need(line.doc, '{parcel,amount}');
        parcel := mjc.parcel_find(mjc.doc_text(line.doc, 'parcel', 1, 100));
        IF parcel.order_id IS NULL THEN
            PERFORM mjc.raise('REMITTANCE_LINE', 'line', line.n::text);
        END IF;
        amount := mjc.doc_centimes(line.doc, 'amount');
        total := total + amount;
        INSERT INTO mjc.remittance_line (remittance_id, line_no, order_id, shipment_no, amount_centimes)
        VALUES (id, line.n, parcel.order_id, parcel.shipment_no, amount);
    END LOOP;
    -- Parcels in one order, whatever the order of the lines: two remittances do not wait for each other.
    FOR parcel IN SELECT l.order_id, l.shipment_no, sum(l.amount_centimes)::bigint AS amount FROM mjc.remittance_line l
                   WHERE l.remittance_id = id GROUP BY l.order_id, l.shipment_no ORDER BY l.order_id, l.shipment_no LOOP
        PERFORM mjc.remittance_add(parcel.order_id, parcel.shipment_no, parcel.amount);
    END LOOP;
    UPDATE mjc.remittance r SET amount_centimes = total WHERE r.remittance_id = id;
    PERFORM mjc.audit_write(remittance_write.actor, channel, 'remittance_record', 'remittance', id::text, NULL,
        jsonb_build_object('carrier', given -> 'carrier', 'reference', given -> 'reference', 'amount', mjc.dzd(total)), request_id);
    RETURN id;
END
$$;
COMMENT ON FUNCTION mjc.remittance_write(jsonb, uuid, text, text) IS
    'For rules: {carrier, reference, receivedOn, lines: [{parcel, amount}]}; see mjc.remittance_record. Errors: MJ003, MJ006, MJ010, MJ336, MJ337';

CREATE FUNCTION mjc.remittance_record(carrier text, reference text, lines jsonb, received_on date DEFAULT NULL) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_schema();
    RETURN mjc.remittance_write(jsonb_build_object('carrier', carrier, 'reference', remittance_record.reference, 'receivedOn', received_on, 'lines', lines),
                                mjc.staff_id(), 'psql', NULL);
END
$$;
COMMENT ON FUNCTION mjc.remittance_record(text, text, jsonb, date) IS
    'A carrier paid over the cash of parcels: [{"parcel": tracking or order number, "amount": DZD}, ...]; its reference counts once. mjc_report.cod_receivable shows what is still owed, and what was paid short. Errors: MJ003, MJ006, MJ010, MJ336, MJ337, MJ601';

------------------------------------------------------------------ news of carriers

CREATE FUNCTION mjc.carrier_word(label text) RETURNS text
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
    SELECT pg_catalog.regexp_replace(pg_catalog.btrim(pg_catalog.lower(pg_catalog.translate(pg_catalog.left(label, 100),
               'àâäáãåçéèêëíìîïñóòôöõúùûüýÿÀÂÄÁÃÅÇÉÈÊËÍÌÎÏÑÓÒÔÖÕÚÙÛÜÝ', 'aaaaaaceeeeiiiinooooouuuuyyAAAAAACEEEEIIIINOOOOOUUUUY'))), '\s+', ' ', 'g')
$$;
COMMENT ON FUNCTION mjc.carrier_word(text) IS 'A word of a carrier as mjc.carrier_status has it: lower case, without accents; NULL for NULL';

CREATE FUNCTION mjc.carrier_time(given text, otherwise timestamptz) RETURNS timestamptz
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    p text[] := regexp_match(given, '^(20\d\d)-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[ T]([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?(?:\.\d+)?(Z|[+-](?:0\d|1[0-4]):?[0-5]\d)?$');
BEGIN
    IF p IS NULL OR p[3]::integer > date_part('day', make_date(p[1]::integer, p[2]::integer, 1) + interval '1 month' - interval '1 day') THEN
        RETURN otherwise;
    END IF;
    RETURN least(otherwise, CASE WHEN p[7] IS NULL
        THEN make_timestamptz(p[1]::integer, p[2]::integer, p[3]::integer, p[4]::integer, p[5]::integer, coalesce(p[6], '0')::integer, 'Africa/Algiers')
        ELSE make_timestamptz(p[1]::integer, p[2]::integer, p[3]::integer, p[4]::integer, p[5]::integer, coalesce(p[6], '0')::integer, 'UTC')
             - CASE WHEN p[7] = 'Z' THEN interval '0' ELSE (left(p[7], 1) || '1')::integer * make_interval(hours => substr(p[7], 2, 2)::integer, mins => right(p[7], 2)::integer) END END);
END
$$;
COMMENT ON FUNCTION mjc.carrier_time(text, timestamptz) IS
    'When something happened, as a carrier tells it (2026-01-31 10:00:00, in Algiers unless it says otherwise); not later than otherwise, which also stands for what is no time';

-- what: status, remit, or NULL: nothing to do.
CREATE FUNCTION mjc.yalidine_event(type text, payload jsonb, OUT what text, OUT tracking_number text, OUT label text, OUT reason text, OUT payment_id text)
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    it jsonb := payload -> 'data';
BEGIN
    tracking_number := it ->> 'tracking';
    label := nullif(btrim(left(it ->> 'status', 100)), '');
    reason := left(it ->> 'reason', 500);
    payment_id := it ->> 'payment_id';
    what := CASE
        WHEN type = 'parcel_status_updated' AND label IS NOT NULL THEN 'status'
        WHEN type = 'parcel_payment_updated' AND lower(label) IN ('receivable', 'payed', 'paid') AND payment_id IS NOT NULL THEN 'remit' END;
    IF tracking_number IS NULL AND what IS NOT NULL THEN
        RAISE EXCEPTION 'an event about no parcel';
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.yalidine_event(text, jsonb) IS 'What an event of Yalidine tells: a status of a parcel, or that its cash is paid over';

CREATE FUNCTION mjc.shipment_report_add(id uuid, number integer, event_id text, carrier text, label text, reason text, at timestamptz) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO mjc.shipment_report (order_id, shipment_no, event_id, carrier, label, word, reason, at, received_at)
    SELECT id, number, shipment_report_add.event_id, shipment_report_add.carrier, shipment_report_add.label, mjc.carrier_word(shipment_report_add.label),
           nullif(btrim(shipment_report_add.reason), ''), shipment_report_add.at, clock_timestamp()
     WHERE NOT EXISTS (SELECT FROM mjc.shipment_report r WHERE r.order_id = id AND r.shipment_no = number AND r.at = shipment_report_add.at
                          AND r.word = mjc.carrier_word(shipment_report_add.label))
    ON CONFLICT DO NOTHING;
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION mjc.shipment_report_add(uuid, integer, text, text, text, text, timestamptz) IS
    'For rules, with the order locked: what a carrier told of a parcel; false when it is known';

CREATE FUNCTION mjc.shipment_reports(id uuid, number integer) RETURNS jsonb
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT coalesce(jsonb_agg(jsonb_build_object('at', mjc.iso(r.at), 'status', coalesce(c.status, 'other'), 'label', r.label, 'reason', r.reason, 'receivedAt', mjc.iso(r.received_at))
                                      ORDER BY r.at, r.received_at, r.event_id), '[]')
              FROM mjc.shipment_report r LEFT JOIN mjc.carrier_status c ON c.carrier = r.carrier AND c.word = r.word
             WHERE r.order_id = id AND r.shipment_no = number);
END
$$;
COMMENT ON FUNCTION mjc.shipment_reports(uuid, integer) IS 'All that a carrier told of a parcel, oldest first, with its words and what they mean (other: nobody knows)';

-- The same news twice, or late, changes nothing. Stock comes back when staff have the parcel.
CREATE FUNCTION mjc.carrier_event_run(type text, payload jsonb, OUT id uuid, OUT outcome text)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    e record;
    parcel record;
    now_state text;
    step text;
    is_news boolean;
    remittance uuid;
BEGIN
    SELECT * INTO e FROM mjc.yalidine_event(type, payload);
    IF e.what IS NULL THEN
        outcome := 'nothing';
        RETURN;
    END IF;
    IF e.what = 'status' THEN
        SELECT c.step INTO step FROM mjc.carrier_status c WHERE c.carrier = 'yalidine' AND c.word = mjc.carrier_word(e.label);
    END IF;
    SELECT * INTO parcel FROM mjc.parcel_find(e.tracking_number);
    IF parcel.order_id IS NULL THEN
        -- Of a parcel that we do not know only what moves parcels is waited with.
        outcome := CASE WHEN e.what = 'status' AND step IS NULL THEN 'nothing' END;
        RETURN;
    END IF;
    id := parcel.order_id;
    PERFORM FROM mjc.order o WHERE o.order_id = id FOR UPDATE;
    SELECT s.state INTO now_state FROM mjc.shipment s WHERE s.order_id = id AND s.shipment_no = parcel.shipment_no;
    IF e.what = 'status' THEN
        is_news := mjc.shipment_report_add(id, parcel.shipment_no, coalesce(left(payload ->> 'event_id', 255), md5(payload::text)), 'yalidine', e.label, e.reason,
                                           mjc.carrier_time(payload ->> 'occurred_at', clock_timestamp()));
        IF step IS NULL THEN
            outcome := CASE WHEN is_news THEN 'noted' ELSE 'repeat' END;
            RETURN;
        END IF;
    END IF;
    IF now_state = 'packed' AND e.what <> 'remit' THEN
        RAISE EXCEPTION 'the parcel has not left yet';  -- by our books: tried again later
    ELSIF e.what = 'remit' THEN
        remittance := mjc.remittance_open('Yalidine', e.payment_id, NULL, NULL, mjc.uuid_v7());
        PERFORM FROM mjc.remittance r WHERE r.remittance_id = remittance FOR UPDATE;
        IF EXISTS (SELECT FROM mjc.remittance_line l WHERE l.order_id = id AND l.shipment_no = parcel.shipment_no) THEN
            outcome := 'repeat';
            RETURN;
        END IF;
        INSERT INTO mjc.remittance_line (remittance_id, line_no, order_id, shipment_no, amount_centimes)
        SELECT remittance, 1 + (SELECT count(*)::integer FROM mjc.remittance_line l WHERE l.remittance_id = remittance), id, s.shipment_no, s.cod_centimes
          FROM mjc.shipment s WHERE s.order_id = id AND s.shipment_no = parcel.shipment_no;
        PERFORM mjc.remittance_add(id, parcel.shipment_no, s.cod_centimes)
           FROM mjc.shipment s WHERE s.order_id = id AND s.shipment_no = parcel.shipment_no;
        UPDATE mjc.remittance r SET amount_centimes = (SELECT sum(l.amount_centimes) FROM mjc.remittance_line l WHERE l.remittance_id = remittance)
         WHERE r.remittance_id = remittance;
        outcome := 'remitted';
    ELSIF step = 'back' THEN
        -- the desk says when it is there
        outcome := CASE WHEN now_state = 'shipped' THEN mjc.shipment_step(id, parcel.shipment_no, 'refuse', NULL, NULL, e.reason, NULL, 'job', NULL) ELSE 'repeat' END;
    ELSIF now_state = 'shipped' OR step = 'deliver' AND now_state = 'refused' THEN
        outcome := mjc.shipment_step(id, parcel.shipment_no, step, NULL, NULL, e.reason, NULL, 'job', NULL);
    ELSE
        outcome := 'repeat';
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.carrier_event_run(text, jsonb) IS
    'For rules: applies one event of a carrier; the order and what was made of it: a state of the parcel, noted (a word that moves nothing), repeat; outcome NULL when the parcel is not known. Errors: those of mjc.shipment_step';

CREATE FUNCTION mjc.carrier_status_set(carrier text, word text, status text) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    who uuid;
    whose text := lower(mjc.order_text(carrier, 'carrier', 100));
    key text := mjc.carrier_word(mjc.order_text(word, 'word', 100));
    before text;
BEGIN
    PERFORM mjc.check_schema();
    who := mjc.staff_id();
    IF whose IS NULL OR key IS NULL OR carrier_status_set.status IS NULL THEN
        PERFORM mjc.raise('ARGUMENT_MISSING', 'argument', CASE WHEN whose IS NULL THEN 'carrier' WHEN key IS NULL THEN 'word' ELSE 'status' END);
    ELSIF carrier_status_set.status NOT IN ('preparing', 'collected', 'in_transit', 'at_hub', 'out_for_delivery', 'waiting_customer', 'at_stop_desk', 'attempt_failed',
                                            'on_hold', 'delivered', 'failed', 'returning', 'returned') THEN
        PERFORM mjc.raise('ARGUMENT_INVALID', 'argument', 'status');
    END IF;
    SELECT c.status INTO before FROM mjc.carrier_status c WHERE c.carrier = whose AND c.word = key FOR UPDATE;
    INSERT INTO mjc.carrier_status AS c (carrier, word, status) VALUES (whose, key, carrier_status_set.status)
    ON CONFLICT ON CONSTRAINT carrier_status_pkey DO UPDATE SET status = EXCLUDED.status;
    PERFORM mjc.audit_write(who, 'psql', 'carrier_status_set', 'carrier_status', whose || ' ' || key, jsonb_build_object('status', before), jsonb_build_object('status', carrier_status_set.status));
END
$$;
COMMENT ON FUNCTION mjc.carrier_status_set(text, text, text) IS
    'Says what a word of a carrier means, also in what it told before: preparing, collected, in_transit, at_hub, out_for_delivery, waiting_customer, at_stop_desk, attempt_failed, on_hold, delivered, failed, returning, returned. Which words move our parcels (delivered, refused, on the way back) stays as it is. Errors: MJ003, MJ006, MJ010, MJ601';

------------------------------------------------------------------------- routes

CREATE FUNCTION mjc.shipments_json(id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT json_build_object('orderId', o.order_id, 'orderNumber', o.reference, 'statusCode', o.status, 'shipments',
                   (SELECT coalesce(json_agg(json_build_object('shipmentNo', s.shipment_no, 'status', s.state, 'carrier', s.carrier, 'trackingNumber', s.tracking_number,
                               'cashOnDelivery', mjc.dzd(s.cod_centimes), 'remitted', mjc.dzd(s.remitted_centimes), 'packedAt', mjc.iso(s.packed_at),
                               'shippedAt', mjc.iso(s.shipped_at), 'deliveredAt', mjc.iso(s.delivered_at), 'refusedAt', mjc.iso(s.refused_at), 'refusal', s.refusal,
                               'returnedAt', mjc.iso(s.returned_at), 'failedAttempts', (SELECT count(*) FROM jsonb_array_elements(c.reports) r WHERE r ->> 'status' = 'attempt_failed'),
                               'carrierStatus', c.reports -> -1 ->> 'status', 'carrierReports', c.reports,
                               'items', (SELECT json_agg(json_build_object('line', x.line_no, 'quantity', x.qty, 'sku', l.sku, 'productName', l.product_name) ORDER BY x.line_no)
                                           FROM mjc.shipment_line x JOIN mjc.order_line l ON l.order_id = x.order_id AND l.line_no = x.line_no
                                          WHERE x.order_id = s.order_id AND x.shipment_no = s.shipment_no)) ORDER BY s.shipment_no), '[]')
                      FROM mjc.shipment s CROSS JOIN LATERAL (SELECT mjc.shipment_reports(id, s.shipment_no) AS reports) c WHERE s.order_id = id))
          FROM mjc.order o WHERE o.order_id = id);
END
$$;
COMMENT ON FUNCTION mjc.shipments_json(uuid) IS 'The parcels of an order as staff read them; NULL when there is no such order';

CREATE FUNCTION mjc_api.staff_order_shipments(actor uuid, token_version integer, token_id uuid, order_id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    RETURN mjc.shipments_json(staff_order_shipments.order_id);
END
$$;
COMMENT ON FUNCTION mjc_api.staff_order_shipments(uuid, integer, uuid, uuid) IS
    'GET /admin/orders/:orderId/shipments; NULL when there is no such order. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_shipment_pack(actor uuid, token_version integer, token_id uuid, request_id text, idempotency_key text,
    order_id uuid, doc text, OUT body json, OUT replayed boolean)
    RETURNS record
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    claim bytea;
    given jsonb := doc::jsonb;
    lines integer[];
    units integer[];
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    SELECT * INTO claim, body, replayed FROM mjc.idempotency_begin('staff_shipment_pack', actor, idempotency_key, jsonb_build_array(order_id, doc)::text, false);
    IF replayed THEN
        RETURN;
    END IF;
    PERFORM mjc.doc_check(given, '{items,carrier,trackingNumber}');
    IF given ? 'items' THEN
        IF jsonb_typeof(given -> 'items') <> 'array' OR jsonb_array_length(given -> 'items') NOT BETWEEN 1 AND 1000 THEN
            PERFORM mjc.doc_refuse('items');
        END IF;
        PERFORM mjc.doc_check(i, '{line,quantity}'), mjc.doc_need(i, '{line,quantity}') FROM jsonb_array_elements(given -> 'items') i;
        SELECT array_agg(mjc.doc_integer(i, 'line', 1, 10000) ORDER BY n), array_agg(mjc.doc_integer(i, 'quantity', 1, 1000000) ORDER BY n)
          INTO lines, units FROM jsonb_array_elements(given -> 'items') WITH ORDINALITY u (i, n);
    END IF;
    PERFORM mjc.shipment_packed(staff_shipment_pack.order_id, lines, units, mjc.doc_text(given, 'carrier', 1, 100),
                                mjc.doc_text(given, 'trackingNumber', 1, 100), actor, 'rest', request_id);
    body := mjc.shipments_json(staff_shipment_pack.order_id);
    PERFORM mjc.idempotency_end(claim, 'shipment', staff_shipment_pack.order_id, body);
END
$$;
COMMENT ON FUNCTION mjc_api.staff_shipment_pack(uuid, integer, uuid, text, text, uuid, text) IS
    'POST /admin/orders/:orderId/shipments: {items?: [{line, quantity}], carrier?, trackingNumber?}. Errors: MJ003, MJ004, MJ006, MJ009, MJ010, MJ021, MJ022, MJ060, MJ063, MJ064, MJ301, MJ331, MJ334';

CREATE FUNCTION mjc_api.staff_shipment_step(actor uuid, token_version integer, token_id uuid, request_id text,
    order_id uuid, shipment_no integer, step text, carrier text, tracking_number text, reason text, damaged boolean) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    PERFORM mjc.shipment_stepped(staff_shipment_step.order_id, staff_shipment_step.shipment_no,
        CASE WHEN staff_shipment_step.step = 'return' AND staff_shipment_step.damaged THEN 'return_damaged' ELSE staff_shipment_step.step END,
        staff_shipment_step.carrier, staff_shipment_step.tracking_number, staff_shipment_step.reason, actor, 'rest', request_id);
    RETURN mjc.shipments_json(staff_shipment_step.order_id);
END
$$;
COMMENT ON FUNCTION mjc_api.staff_shipment_step(uuid, integer, uuid, text, uuid, integer, text, text, text, text, boolean) IS
    'POST /admin/orders/:orderId/shipments/:shipmentNo: step ship, deliver, refuse, return, unpack. Errors: MJ004, MJ006, MJ009, MJ060, MJ063, MJ064, MJ103, MJ332, MJ333';

CREATE FUNCTION mjc_api.staff_remittance_record(actor uuid, token_version integer, token_id uuid, request_id text, idempotency_key text,
    doc text, OUT body json, OUT replayed boolean)
    RETURNS record
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    claim bytea;
    made uuid;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    SELECT * INTO claim, body, replayed FROM mjc.idempotency_begin('staff_remittance_record', actor, idempotency_key, doc, false);
    IF NOT replayed THEN
        made := mjc.remittance_write(doc::jsonb, actor, 'rest', request_id);
        body := (SELECT json_build_object('remittanceId', r.remittance_id, 'carrier', r.carrier, 'reference', r.reference, 'amount', mjc.dzd(r.amount_centimes),
                            'lines', (SELECT json_agg(json_build_object('orderNumber', o.reference, 'shipmentNo', l.shipment_no, 'collected', mjc.dzd(s.cod_centimes),
                                                          'amount', mjc.dzd(l.amount_centimes)) ORDER BY l.line_no)
                                        FROM mjc.remittance_line l JOIN mjc.order o ON o.order_id = l.order_id
                                        JOIN mjc.shipment s ON s.order_id = l.order_id AND s.shipment_no = l.shipment_no WHERE l.remittance_id = made))
                   FROM mjc.remittance r WHERE r.remittance_id = made);
        PERFORM mjc.idempotency_end(claim, 'remittance', made, body);
    END IF;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_remittance_record(uuid, integer, uuid, text, text, text) IS
    'POST /admin/remittances: {carrier, reference, receivedOn?, lines: [{parcel, amount}]}. Errors: MJ003, MJ006, MJ009, MJ010, MJ021, MJ022, MJ060, MJ063, MJ064, MJ336, MJ337';
