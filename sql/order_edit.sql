-- order_edit: what staff correct on an order besides its status: notes, the numbers of its
-- parcel, and where it goes. The order's row is locked first, as every move of it does.

CREATE FUNCTION mjc.order_event_add(id uuid, status text, actor uuid, channel text, note text) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO mjc.order_event (order_id, seq, at, kind, from_status, to_status, actor, channel, note)
    SELECT id, 1 + coalesce(max(e.seq), 0), greatest(clock_timestamp(), max(e.at)), 'note', order_event_add.status, order_event_add.status,
           order_event_add.actor, order_event_add.channel, order_event_add.note
      FROM mjc.order_event e WHERE e.order_id = id;
END
$$;
COMMENT ON FUNCTION mjc.order_event_add(uuid, text, uuid, text, text) IS
    'For rules in SQL: the next event of a locked order''s history, one that leaves its status';

CREATE FUNCTION mjc.order_text(value text, name text, max_length integer) RETURNS text
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    clean text := nullif(regexp_replace(value, '^\s+|\s+$', '', 'g'), '');
BEGIN
    IF length(clean) > max_length THEN
        PERFORM mjc.raise('ARGUMENT_RANGE', 'argument', name);
    END IF;
    RETURN clean;
END
$$;
COMMENT ON FUNCTION mjc.order_text(text, text, integer) IS 'A text of an order, trimmed; NULL when nothing is left. Errors: MJ006';

CREATE FUNCTION mjc.order_annotate(actor uuid, channel text, request_id text, id uuid, note text, tracking_number text, carrier text) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    clean_note text := mjc.order_text(note, 'notes', 500);
    number text := mjc.order_text(tracking_number, 'trackingNumber', 100);
    by_whom text := mjc.order_text(carrier, 'carrier', 100);
    found record;
BEGIN
    SELECT o.reference, o.status INTO found FROM mjc.order o WHERE o.order_id = id FOR UPDATE;
    IF found.reference IS NULL OR num_nulls(clean_note, number, by_whom) = 3 THEN
        RETURN found.reference;
    END IF;
    IF found.status IN ('CANCELLED', 'REFUNDED') AND num_nulls(number, by_whom) < 2 THEN
        PERFORM mjc.raise('ORDER_CLOSED', 'status', found.status);
    END IF;
    UPDATE mjc.order o
       SET notes = CASE WHEN clean_note IS NULL THEN o.notes ELSE concat_ws(E'\n', o.notes, clean_note) END,
           tracking_number = coalesce(number, o.tracking_number), carrier = coalesce(by_whom, o.carrier), updated_at = clock_timestamp()
     WHERE o.order_id = id;
    -- Of several parcels this says nothing.
    UPDATE mjc.shipment s SET tracking_number = coalesce(number, s.tracking_number), carrier = coalesce(by_whom, s.carrier)
     WHERE s.order_id = id AND num_nulls(number, by_whom) < 2
       AND (SELECT count(*) FROM mjc.shipment x WHERE x.order_id = id) = 1;
    PERFORM mjc.tracking_keep(id);
    PERFORM mjc.order_event_add(id, found.status, actor, channel, clean_note);
    PERFORM mjc.audit_write(actor, channel, 'order_note', 'order', found.reference, NULL, jsonb_build_object('status', found.status), request_id);
    RETURN found.reference;
END
$$;
COMMENT ON FUNCTION mjc.order_annotate(uuid, text, text, uuid, text, text, text) IS
    'Adds a note of staff to an order of any status, sets the number and the carrier of its parcel; NULL keeps. Returns the reference, NULL when there is no such order. Errors: MJ006, MJ322';

-- address: the texts of order_contact that are given; what is not stays. The price of delivery
-- is that of the wilaya the order was placed for.
CREATE FUNCTION mjc.order_redirect(actor uuid, channel text, request_id text, id uuid, address jsonb) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    given jsonb;
    found record;
    before jsonb;
    changed jsonb;
BEGIN
    SELECT coalesce(jsonb_object_agg(e.key, btrim(e.value)), '{}') INTO given FROM jsonb_each_text(address) e WHERE btrim(e.value) <> '';
    PERFORM mjc.doc_text(given, 'street', 5, 200), mjc.doc_text(given, 'city', 2, 100), mjc.doc_text(given, 'postalCode', 3, 20),
            mjc.doc_text(given, 'region', 1, 50), mjc.doc_text(given, 'country', 2, 100);
    SELECT o.reference, o.status, o.wilaya_code INTO found FROM mjc.order o WHERE o.order_id = id FOR UPDATE;
    IF found.reference IS NULL OR given = '{}' THEN
        RETURN found.reference;
    END IF;
    SELECT jsonb_build_object('street', c.street, 'city', c.city, 'postalCode', c.postal_code, 'region', c.region, 'country', c.country) INTO before
      FROM mjc.order_contact c WHERE c.order_id = id;
    -- Pages send back the address that they show.
    SELECT jsonb_agg(e.key ORDER BY e.key) INTO changed FROM jsonb_each(given) e WHERE before -> e.key IS DISTINCT FROM e.value;
    IF changed IS NULL THEN
        PERFORM mjc.flush_seen();
        RETURN found.reference;
    END IF;
    IF found.status NOT IN ('PENDING', 'CONFIRMED', 'PROCESSING') THEN
        PERFORM mjc.flush_seen();
        PERFORM mjc.raise('ORDER_ADDRESS_FIXED', 'status', found.status);
    END IF;
    -- Another wilaya by its region, or by a city that is called as one.
    IF changed ? 'region' AND mjc.wilaya_find(given ->> 'region') IS DISTINCT FROM found.wilaya_code
       OR changed ? 'city' AND NOT given ? 'region' AND mjc.wilaya_find(given ->> 'city') <> coalesce(found.wilaya_code, '') THEN
        PERFORM mjc.raise('ORDER_ADDRESS_PRICE');
    END IF;
    UPDATE mjc.order_contact c
       SET street = coalesce(given ->> 'street', c.street), city = coalesce(given ->> 'city', c.city), postal_code = coalesce(given ->> 'postalCode', c.postal_code),
           region = coalesce(given ->> 'region', c.region), country = coalesce(given ->> 'country', c.country)
     WHERE c.order_id = id;
    UPDATE mjc.order o SET updated_at = clock_timestamp() WHERE o.order_id = id;
    PERFORM mjc.order_event_add(id, found.status, actor, channel, 'Adresse de livraison corrigée');
    PERFORM mjc.audit_write(actor, channel, 'order_address_change', 'order', found.reference, NULL, jsonb_build_object('fields', changed), request_id);
    RETURN found.reference;
END
$$;
COMMENT ON FUNCTION mjc.order_redirect(uuid, text, text, uuid, jsonb) IS
    'Corrects where an order goes, {street, city, postalCode, region, country}, before it is shipped and within its wilaya; what is not given stays. Returns the reference, NULL when there is no such order. Errors: MJ006, MJ010, MJ320, MJ321';

-------------------------------------------------------------------------- psql

CREATE FUNCTION mjc.order_note(reference text, note text) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    who uuid;
BEGIN
    PERFORM mjc.check_schema();
    who := mjc.staff_id();
    IF mjc.order_text(note, 'note', 500) IS NULL THEN
        PERFORM mjc.raise('ARGUMENT_MISSING', 'argument', 'note');
    END IF;
    RETURN mjc.order_annotate(who, 'psql', NULL, mjc.order_need(reference), note, NULL, NULL);
END
$$;
COMMENT ON FUNCTION mjc.order_note(text, text) IS
    'A note of staff on an order of any status, 1 to 500 characters; returns the reference. Errors: MJ003, MJ004, MJ006, MJ009, MJ401, MJ601';

CREATE FUNCTION mjc.order_address_change(reference text, street text DEFAULT NULL, city text DEFAULT NULL, postal_code text DEFAULT NULL,
    region text DEFAULT NULL, country text DEFAULT NULL) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    who uuid;
BEGIN
    PERFORM mjc.check_schema();
    who := mjc.staff_id();
    IF btrim(concat(street, city, postal_code, region, country)) = '' THEN
        PERFORM mjc.raise('ARGUMENT_MISSING', 'argument', 'street');
    END IF;
    RETURN mjc.order_redirect(who, 'psql', NULL, mjc.order_need(reference),
        jsonb_build_object('street', street, 'city', city, 'postalCode', postal_code, 'region', region, 'country', country));
END
$$;
COMMENT ON FUNCTION mjc.order_address_change(text, text, text, text, text, text) IS
    'Corrects where an order goes, before it is shipped; what is not given stays. Another wilaya is refused: its delivery has another price. Returns the reference. Errors: MJ003, MJ004, MJ006, MJ009, MJ320, MJ321, MJ401, MJ601';

-------------------------------------------------------------------------- REST

CREATE FUNCTION mjc_api.staff_order_update(actor uuid, token_version integer, token_id uuid, request_id text, order_id uuid,
    status text, notes text, tracking_number text, carrier text, street text, city text, postal_code text, region text, country text) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found record;
    moves boolean;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    IF num_nulls(status, notes, tracking_number, carrier, street, city, postal_code, region, country) = 9 THEN
        PERFORM mjc.raise('ARGUMENT_MISSING', 'argument', 'status');
    END IF;
    SELECT o.customer_id, o.status INTO found FROM mjc.order o WHERE o.order_id = staff_order_update.order_id FOR UPDATE;
    IF found.customer_id IS NULL THEN
        RETURN NULL;
    END IF;
    moves := upper(status) <> found.status;
    PERFORM mjc.order_redirect(actor, 'rest', request_id, order_id,
        jsonb_build_object('street', street, 'city', city, 'postalCode', postal_code, 'region', region, 'country', country));
    IF moves THEN
        -- One event: the note says why.
        PERFORM mjc_api.staff_order_status_set(actor, token_version, token_id, request_id, order_id, status, tracking_number, notes);
        UPDATE mjc.order o SET carrier = mjc.order_text(staff_order_update.carrier, 'carrier', 100)
         WHERE o.order_id = staff_order_update.order_id AND nullif(btrim(staff_order_update.carrier), '') IS NOT NULL;
        UPDATE mjc.shipment s SET carrier = coalesce(o.carrier, s.carrier), tracking_number = coalesce(o.tracking_number, s.tracking_number)
          FROM mjc.order o WHERE o.order_id = s.order_id AND s.order_id = staff_order_update.order_id
           AND (SELECT count(*) FROM mjc.shipment x WHERE x.order_id = staff_order_update.order_id) = 1;
        PERFORM mjc.tracking_keep(staff_order_update.order_id);
    ELSE
        PERFORM mjc.order_annotate(actor, 'rest', request_id, order_id, notes, tracking_number, carrier);
    END IF;
    PERFORM mjc.access_note(actor, 'rest', 'order_get', found.customer_id, NULL, request_id);
    RETURN mjc.order_doc(order_id);
END
$$;
COMMENT ON FUNCTION mjc_api.staff_order_update(uuid, integer, uuid, text, uuid, text, text, text, text, text, text, text, text, text) IS
    'PATCH /admin/orders/:orderId: at least one of notes (appended), number and carrier of the parcel, status (mjc.order_change), parts of the address (mjc.order_address_change). NULL when there is no such order. Errors: MJ003, MJ006, MJ009, MJ060, MJ063, MJ064, MJ301, MJ306, MJ320, MJ321, MJ322';

CREATE FUNCTION mjc.order_notes(id uuid, seq integer DEFAULT NULL) RETURNS jsonb
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT coalesce(jsonb_agg(jsonb_build_object('id', e.seq, 'body', e.note, 'author', e.actor, 'authorName', s.display_name,
                                      'createdAt', mjc.iso(e.at)) ORDER BY e.seq DESC), '[]')
          FROM mjc.order_event e LEFT JOIN mjc.staff s ON s.staff_id = e.actor
         WHERE e.order_id = id AND e.note IS NOT NULL AND (order_notes.seq IS NULL OR e.seq = order_notes.seq));
END
$$;
COMMENT ON FUNCTION mjc.order_notes(uuid, integer) IS 'What was noted in the history of an order, newest first, or the one of that place, always as a list';

CREATE FUNCTION mjc_api.staff_order_notes(actor uuid, token_version integer, token_id uuid, request_id text, order_id uuid) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    buyer uuid;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    SELECT o.customer_id INTO buyer FROM mjc.order o WHERE o.order_id = staff_order_notes.order_id;
    IF buyer IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM mjc.access_note(actor, 'rest', 'order_notes', buyer, NULL, request_id);
    RETURN json_build_object('notes', mjc.order_notes(order_id));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_order_notes(uuid, integer, uuid, text, uuid) IS
    'GET /admin/orders/:orderId/notes: newest first; NULL when there is no such order; the look is on record. Errors: MJ009, MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_order_note_add(actor uuid, token_version integer, token_id uuid, request_id text, idempotency_key text, order_id uuid, note text,
    OUT body json, OUT replayed boolean)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    claim bytea;
    place integer;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    SELECT * INTO claim, body, replayed FROM mjc.idempotency_begin('staff_order_note_add', actor, idempotency_key, jsonb_build_array(order_id, note)::text);
    IF NOT replayed THEN
        IF mjc.order_text(note, 'body', 500) IS NULL THEN
            PERFORM mjc.raise('ARGUMENT_MISSING', 'argument', 'body');
        END IF;
        IF mjc.order_annotate(actor, 'rest', request_id, order_id, note, NULL, NULL) IS NULL THEN
            PERFORM mjc.raise('NOT_FOUND');
        END IF;
        SELECT max(e.seq) INTO place FROM mjc.order_event e WHERE e.order_id = staff_order_note_add.order_id;
        body := mjc.idempotency_end(claim, 'order_note', order_id, json_build_object('note', mjc.order_notes(order_id, place) -> 0));
    END IF;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_order_note_add(uuid, integer, uuid, text, text, uuid, text) IS
    'POST /admin/orders/:orderId/notes: 1 to 500 characters, whatever the status. Errors: MJ003, MJ004, MJ006, MJ009, MJ021, MJ022, MJ023, MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_order_tracking(actor uuid, token_version integer, token_id uuid, request_id text, order_id uuid) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    buyer uuid;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    SELECT o.customer_id INTO buyer FROM mjc.order o WHERE o.order_id = staff_order_tracking.order_id;
    IF buyer IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM mjc.access_note(actor, 'rest', 'order_tracking', buyer, NULL, request_id);
    RETURN (
        SELECT json_agg(json_strip_nulls(json_build_object('status', CASE e.to_status WHEN 'CONFIRMED' THEN 'processing' ELSE lower(e.to_status) END,
                            'statusCode', e.to_status, 'timestamp', mjc.iso(e.at), 'notes', e.note)) ORDER BY e.seq)
          FROM mjc.order_event e
         WHERE e.order_id = staff_order_tracking.order_id AND (e.seq = 1 OR e.from_status <> e.to_status));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_order_tracking(uuid, integer, uuid, text, uuid) IS
    'GET /admin/orders/:orderId/tracking: the statuses an order went through, oldest first; NULL when there is no such order; the look is on record. Errors: MJ009, MJ060, MJ063, MJ064';

---------------------------------------------------------------- lines before it leaves

CREATE FUNCTION mjc.order_edit_core(order_id uuid, product_ids uuid[], quantities integer[], actor uuid, channel text, request_id text) RETURNS bigint
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_order_edit';
COMMENT ON FUNCTION mjc.order_edit_core(uuid, uuid[], integer[], uuid, text, text) IS
    'For rules: these are the order''s lines from now on; what is due then, centimes. Errors: MJ003, MJ004, MJ010, MJ101, MJ102, MJ104, MJ302, MJ338';

CREATE FUNCTION mjc.order_lines_text(id uuid) RETURNS text
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT string_agg(l.qty || ' x ' || l.sku, ', ' ORDER BY l.line_no) FROM mjc.order_line l WHERE l.order_id = id);
END
$$;
COMMENT ON FUNCTION mjc.order_lines_text(uuid) IS 'For the audit: what an order is of';

CREATE FUNCTION mjc.order_edited(id uuid, product_ids uuid[], quantities integer[], actor uuid, channel text, request_id text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    before text := mjc.order_lines_text(id);
    due bigint := mjc.order_edit_core(id, product_ids, quantities, actor, channel, request_id);
BEGIN
    PERFORM mjc.audit_write(actor, channel, 'order_edit', 'order', (SELECT o.reference FROM mjc.order o WHERE o.order_id = id),
                            jsonb_build_object('lines', before), jsonb_build_object('lines', mjc.order_lines_text(id)), request_id);
    RETURN due;
END
$$;
COMMENT ON FUNCTION mjc.order_edited(uuid, uuid[], integer[], uuid, text, text) IS 'For rules: mjc.order_edit_core, audited';

CREATE FUNCTION mjc.order_edit(reference text, product_ids uuid[], quantities integer[]) RETURNS numeric
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_schema();
    RETURN mjc.dzd(mjc.order_edited(mjc.order_need(order_edit.reference), product_ids, quantities, mjc.staff_id(), 'psql', NULL));
END
$$;
COMMENT ON FUNCTION mjc.order_edit(text, uuid[], integer[]) IS
    'A confirmed order of which nothing is packed or invoiced gets these lines (all of them, also those that stay), at the prices of the day it was placed; what is due more is asked of the cards that paid a part, then in money; what is due less is taken off the money, but what was given back for what has not left before (mjc.payment_refund), then given back to the cards. Returns what is due, DZD. Errors: MJ003, MJ004, MJ010, MJ101, MJ102, MJ104, MJ302, MJ338, MJ401, MJ601';

CREATE FUNCTION mjc_api.staff_order_edit(actor uuid, token_version integer, token_id uuid, request_id text,
    order_id uuid, product_ids uuid[], quantities integer[]) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    PERFORM mjc.order_edited(staff_order_edit.order_id, product_ids, quantities, actor, 'rest', request_id);
    RETURN mjc.order_doc(staff_order_edit.order_id)::json;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_order_edit(uuid, integer, uuid, text, uuid, uuid[], integer[]) IS
    'PUT /admin/orders/:orderId/items: all lines as they shall be. Errors: MJ003, MJ004, MJ009, MJ060, MJ063, MJ064, MJ101, MJ102, MJ104, MJ302, MJ338';

--------------------------------------------------------------- lines that come back

CREATE FUNCTION mjc.order_take_back(order_id uuid, line_nos integer[], quantities integer[], damaged boolean, actor uuid, channel text, request_id text) RETURNS void
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_order_take_back';
COMMENT ON FUNCTION mjc.order_take_back(uuid, integer[], integer[], boolean, uuid, text, text) IS
    'For rules, with the order locked: units of these lines that had left stand on the desk. Errors: MJ003, MJ010, MJ115, MJ331';

CREATE FUNCTION mjc.order_value_back(order_id uuid, value bigint, shipment_no integer, reason text, actor uuid, channel text, request_id text) RETURNS bigint
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_order_value_back';
COMMENT ON FUNCTION mjc.order_value_back(uuid, bigint, integer, text, uuid, text, text) IS
    'For rules, with the order and its products locked: a value (centimes) of it goes back, off what is asked, then as money, then to the cards that paid a part; what went to cards, centimes. Errors: MJ003, MJ201, MJ503';

-- What units of a line cost that come back now, after those that came back before.
CREATE FUNCTION mjc.order_return_value(id uuid, line_nos integer[], quantities integer[]) RETURNS bigint
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    total bigint := 0;
    w record;
BEGIN
    FOR w IN SELECT u.line_no, u.units, l.qty, l.total_centimes, l.cancelled_qty + coalesce((SELECT sum(r.returned_qty) FROM mjc.reservation r
                        WHERE r.product_id = l.product_id AND r.reservation_id = id AND r.line_no = l.line_no), 0)::integer AS back
               FROM unnest(line_nos, quantities) u (line_no, units)
               LEFT JOIN mjc.order_line l ON l.order_id = id AND l.line_no = u.line_no
    LOOP
        IF w.qty IS NULL OR w.units < 1 OR w.units > w.qty - w.back THEN
            PERFORM mjc.raise('RESERVATION_QTY', 'held', coalesce(w.qty - w.back, 0)::text);
        END IF;
        total := total + mjc.refund_share(w.total_centimes, w.qty, w.back, w.units);
    END LOOP;
    RETURN total;
END
$$;
COMMENT ON FUNCTION mjc.order_return_value(uuid, integer[], integer[]) IS 'For rules: value of units that come back, centimes. Errors: MJ115';

CREATE FUNCTION mjc.return_check(line_nos integer[], quantities integer[], reason text) RETURNS text
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    words text := mjc.order_text(return_check.reason, 'reason', 200);
BEGIN
    IF words IS NULL OR coalesce(cardinality(line_nos), 0) = 0 OR cardinality(line_nos) <> coalesce(cardinality(quantities), 0)
       OR (SELECT count(DISTINCT l) FROM unnest(line_nos) l) <> cardinality(line_nos) THEN
        PERFORM mjc.raise(CASE WHEN words IS NULL THEN 'ARGUMENT_MISSING' ELSE 'ARGUMENT_INVALID' END, 'argument', CASE WHEN words IS NULL THEN 'reason' ELSE 'items' END);
    END IF;
    RETURN words;
END
$$;
COMMENT ON FUNCTION mjc.return_check(integer[], integer[], text) IS 'For rules: each line once, with units; the reason, trimmed. Errors: MJ003, MJ006, MJ010';

-- An invoice that is only due is issued first: a credit note takes something back.
CREATE FUNCTION mjc.return_document(id uuid, value bigint, line_nos integer[], quantities integer[], actor uuid, channel text) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF mjc.seller_missing(mjc.seller_identity()) IS NULL AND value > 0 THEN
        PERFORM mjc.invoice_issue_core(id, actor, channel);
    END IF;
    IF mjc.invoice_live(id) IS NULL OR value = 0 THEN
        RETURN NULL;
    END IF;
    RETURN mjc.credit_note_core(mjc.invoice_live(id), actor, channel, 'Retour', line_nos, quantities, false);
END
$$;
COMMENT ON FUNCTION mjc.return_document(uuid, bigint, integer[], integer[], uuid, text) IS
    'For rules: the credit note for lines that came back, last step of the transaction; NULL when there is nothing to take back. Errors: MJ352, MJ354 a credit note took it back before';

-- Stock, money and document in one go; the document last.
CREATE FUNCTION mjc.return_write(id uuid, line_nos integer[], quantities integer[], reason text, damaged boolean, refund boolean,
    actor uuid, channel text, request_id text) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    o mjc.order%ROWTYPE;
    words text := mjc.return_check(line_nos, quantities, return_write.reason);
    value bigint;
    owed record;  -- of it, what staff did not give back before
    cards bigint := 0;
BEGIN
    SELECT x.* INTO o FROM mjc.order x WHERE x.order_id = id FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM mjc.raise('NOT_FOUND');
    ELSIF o.status <> 'DELIVERED' THEN
        PERFORM mjc.raise('ORDER_NOT_DELIVERED', 'status', o.status);
    END IF;
    value := mjc.order_return_value(id, line_nos, quantities);
    PERFORM mjc.order_take_back(id, line_nos, quantities, coalesce(damaged, false), actor, channel, request_id);
    SELECT 0::bigint AS amount, -1 AS parcel INTO owed;
    IF value > 0 THEN
        owed := mjc.refund_before(id, value, line_nos, quantities, actor, channel, request_id);
    END IF;
    -- What was given by hand is for what is back now, and not for what comes back later.
    IF NOT coalesce(refund, true) THEN
        owed.amount := 0;
    END IF;
    IF owed.amount > 0 THEN
        cards := mjc.order_value_back(id, owed.amount, owed.parcel, words, actor, channel, request_id);
    END IF;
    UPDATE mjc.order x SET updated_at = clock_timestamp() WHERE x.order_id = id;
    PERFORM mjc.order_event_add(id, o.status, actor, channel, 'Retour : ' || words);
    PERFORM mjc.audit_write(actor, channel, 'order_return', 'order', o.reference, NULL,
        jsonb_build_object('lines', line_nos, 'quantities', quantities, 'damaged', coalesce(damaged, false), 'value', mjc.dzd(value),
                           'refunded', coalesce(refund, true)), request_id);
    RETURN jsonb_build_object('orderNumber', o.reference, 'value', mjc.dzd(value), 'refunded', coalesce(refund, true) AND value > 0,
                              'refundedAmount', mjc.dzd(owed.amount), 'toCards', mjc.dzd(cards),
                              'creditNote', mjc.return_document(id, value, line_nos, quantities, actor, channel));
END
$$;
COMMENT ON FUNCTION mjc.return_write(uuid, integer[], integer[], text, boolean, boolean, uuid, text, text) IS 'For rules: see mjc.order_return';

CREATE FUNCTION mjc.order_return(reference text, line_nos integer[], quantities integer[], reason text, damaged boolean DEFAULT false, refund boolean DEFAULT true) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_schema();
    RETURN mjc.return_write(mjc.order_need(order_return.reference), line_nos, quantities, order_return.reason, order_return.damaged, order_return.refund,
                            mjc.staff_id(), 'psql', NULL);
END
$$;
COMMENT ON FUNCTION mjc.order_return(text, integer[], integer[], text, boolean, boolean) IS
    'The buyer of a delivered order brought units of some lines back: they are in stock again (or among the damaged), their value goes back (unless refund is false) but what was given back for their parcel before (mjc.payment_refund), off the money first, then to the cards that paid, and a credit note is issued. Errors: MJ003, MJ004, MJ006, MJ010, MJ115, MJ339, MJ354, MJ401, MJ503, MJ601';

CREATE FUNCTION mjc.order_line_nos(id uuid, product_ids uuid[]) RETURNS integer[]
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT array_agg(coalesce((SELECT min(l.line_no) FROM mjc.order_line l WHERE l.order_id = id AND l.product_id = u.p), 0) ORDER BY u.n)
              FROM unnest(product_ids) WITH ORDINALITY u (p, n));
END
$$;
COMMENT ON FUNCTION mjc.order_line_nos(uuid, uuid[]) IS 'The line of each product of an order, 0 when it has none';

CREATE FUNCTION mjc_api.staff_order_return(actor uuid, token_version integer, token_id uuid, request_id text, idempotency_key text,
    order_id uuid, product_ids uuid[], quantities integer[], reason text, damaged boolean, refund boolean, OUT body json, OUT replayed boolean)
    RETURNS record
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    claim bytea;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    SELECT * INTO claim, body, replayed FROM mjc.idempotency_begin('staff_order_return', actor, idempotency_key, jsonb_build_array(order_id, product_ids, quantities, reason, damaged, refund)::text);
    IF NOT replayed THEN
        body := mjc.return_write(staff_order_return.order_id, mjc.order_line_nos(staff_order_return.order_id, product_ids), quantities, reason, damaged, refund, actor, 'rest', request_id);
        PERFORM mjc.idempotency_end(claim, 'return', staff_order_return.order_id, body);
    END IF;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_order_return(uuid, integer, uuid, text, text, uuid, uuid[], integer[], text, boolean, boolean) IS
    'POST /admin/orders/:orderId/returns: {items: [{productId, quantity}], reason, damaged?, refund?}. Errors: MJ003, MJ004, MJ006, MJ009, MJ010, MJ021, MJ022, MJ060, MJ063, MJ064, MJ115, MJ339, MJ354, MJ503';

---------------------------------------------------------------- others leave for them

-- Customer before order, as whoever erases or joins him does; he may have been joined meanwhile.
CREATE FUNCTION mjc.exchange_lock(id uuid, OUT reference text, OUT status text, OUT customer_id uuid, OUT credit_ids uuid[], OUT credit_back bigint)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    buyer uuid;
BEGIN
    LOOP
        SELECT o.customer_id INTO buyer FROM mjc.order o WHERE o.order_id = id;
        PERFORM FROM mjc.customer c WHERE c.customer_id = buyer FOR NO KEY UPDATE;
        SELECT o.reference, o.status, o.customer_id, o.credit_ids, o.credit_back_centimes INTO reference, status, customer_id, credit_ids, credit_back
          FROM mjc.order o WHERE o.order_id = id FOR UPDATE;
        EXIT WHEN exchange_lock.customer_id IS NOT DISTINCT FROM buyer;
    END LOOP;
    IF buyer IS NULL THEN
        PERFORM mjc.raise('NOT_FOUND');
    ELSIF status <> 'DELIVERED' THEN
        PERFORM mjc.raise('ORDER_NOT_DELIVERED', 'status', status);
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.exchange_lock(uuid) IS 'For rules: a delivered order and its customer, locked. Errors: MJ004, MJ339';

-- Products of both sides and what promotions may give, in one order; and all cards that may pay.
CREATE FUNCTION mjc.exchange_lock_products(id uuid, line_nos integer[], new_product_ids uuid[]) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    products uuid[] := ARRAY(SELECT l.product_id FROM mjc.order_line l WHERE l.order_id = id AND l.line_no = ANY (line_nos))
                       || new_product_ids || ARRAY(SELECT p.gift_product_id FROM mjc.promotion p WHERE p.gift_product_id IS NOT NULL AND p.is_active);
BEGIN
    PERFORM FROM mjc.stock_anchor a WHERE a.product_id = ANY (products) ORDER BY a.product_id FOR NO KEY UPDATE;
END
$$;
COMMENT ON FUNCTION mjc.exchange_lock_products(uuid, integer[], uuid[]) IS 'For rules: the products of an exchange, locked';

CREATE FUNCTION mjc.exchange_lock_cards(customer uuid, credit_ids uuid[]) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.store_credit_open(customer);
    PERFORM FROM mjc.credit c WHERE c.credit_id = ANY (exchange_lock_cards.credit_ids || customer) ORDER BY c.credit_id FOR NO KEY UPDATE;
END
$$;
COMMENT ON FUNCTION mjc.exchange_lock_cards(uuid, uuid[]) IS 'For rules: cards that paid an order and the customer''s store credit, opened if need be, locked';

CREATE FUNCTION mjc.order_exchange_core(order_id uuid, value bigint, shipment_no integer, reason text, new_product_ids uuid[], new_quantities integer[], actor uuid, channel text, request_id text) RETURNS uuid
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_order_exchange';
COMMENT ON FUNCTION mjc.order_exchange_core(uuid, bigint, integer, text, uuid[], integer[], uuid, text, text) IS
    'For rules that hold all of it: units worth so much (centimes) are back, the order that leaves for them. Errors: MJ003, MJ010, MJ101, MJ102, MJ104, MJ201, MJ209, MJ218, MJ302, MJ341, MJ503, MJ652';

-- In dinars: what of the money went back, what stayed on cards, what the second order was paid and is due.
CREATE FUNCTION mjc.exchange_told(id uuid, made uuid, value bigint, credit_back_before bigint) RETURNS jsonb
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    first record;
    second record;
    moved bigint;
BEGIN
    SELECT o.reference, o.credit_back_centimes - credit_back_before AS cards INTO first FROM mjc.order o WHERE o.order_id = id;
    SELECT o.reference, o.customer_id, o.credit_centimes AS paid, o.total_centimes - o.credit_centimes AS due INTO second FROM mjc.order o WHERE o.order_id = made;
    moved := coalesce((SELECT l.amount_centimes FROM mjc.credit_ledger l WHERE l.credit_id = second.customer_id AND l.op_id = 'exchange:' || made), 0);
    RETURN jsonb_build_object('orderNumber', first.reference, 'value', mjc.dzd(value), 'exchangeId', made, 'exchangeNumber', second.reference,
        'paid', mjc.dzd(second.paid), 'amountDue', mjc.dzd(second.due), 'toCards', mjc.dzd(first.cards - (second.paid - moved)));
END
$$;
COMMENT ON FUNCTION mjc.exchange_told(uuid, uuid, bigint, bigint) IS 'For rules: what an exchange made of its money';

-- Units back, order placed, money and cards, history; the document last.
CREATE FUNCTION mjc.exchange_write(id uuid, line_nos integer[], quantities integer[], reason text, new_product_ids uuid[], new_quantities integer[],
    damaged boolean, actor uuid, channel text, request_id text) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    o record;
    words text := mjc.return_check(line_nos, quantities, exchange_write.reason);
    value bigint;
    owed record;  -- of it, what staff did not give back before
    made uuid;
    told jsonb;
    returned bigint;
BEGIN
    SELECT * INTO o FROM mjc.exchange_lock(id);
    value := mjc.order_return_value(id, line_nos, quantities);
    PERFORM mjc.exchange_lock_products(id, line_nos, new_product_ids);
    PERFORM mjc.order_take_back(id, line_nos, quantities, coalesce(damaged, false), actor, channel, request_id);
    PERFORM mjc.exchange_lock_cards(o.customer_id, o.credit_ids);
    returned := (SELECT coalesce(sum(r.amount_centimes), 0) FROM mjc.refund r WHERE r.order_id = id AND r.kind = 'return');
    SELECT 0::bigint AS amount, -1 AS parcel INTO owed;
    IF value > 0 THEN
        owed := mjc.refund_before(id, value, line_nos, quantities, actor, channel, request_id);
    END IF;
    made := mjc.order_exchange_core(id, owed.amount, owed.parcel, words, new_product_ids, new_quantities, actor, channel, request_id);
    told := mjc.exchange_told(id, made, value, o.credit_back);
    returned := (SELECT coalesce(sum(r.amount_centimes), 0) FROM mjc.refund r WHERE r.order_id = id AND r.kind = 'return') - returned;
    PERFORM mjc.order_event_add(id, o.status, actor, channel, 'Échange contre ' || (told ->> 'exchangeNumber') || ' : ' || words);
    PERFORM mjc.audit_write(actor, channel, 'order_exchange', 'order', o.reference, NULL,
        jsonb_build_object('lines', line_nos, 'quantities', quantities, 'damaged', coalesce(damaged, false), 'value', mjc.dzd(value),
                           'exchange', told -> 'exchangeNumber'), request_id);
    RETURN told || jsonb_build_object('refunded', mjc.dzd(returned),
                                      'creditNote', mjc.return_document(id, value, line_nos, quantities, actor, channel));
END
$$;
COMMENT ON FUNCTION mjc.exchange_write(uuid, integer[], integer[], text, uuid[], integer[], boolean, uuid, text, text) IS 'For rules: see mjc.order_exchange';

CREATE FUNCTION mjc.order_exchange(reference text, line_nos integer[], quantities integer[], reason text, new_product_ids uuid[], new_quantities integer[],
    damaged boolean DEFAULT false) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_schema();
    RETURN mjc.exchange_write(mjc.order_need(order_exchange.reference), line_nos, quantities, order_exchange.reason, new_product_ids, new_quantities,
                              order_exchange.damaged, mjc.staff_id(), 'psql', NULL);
END
$$;
COMMENT ON FUNCTION mjc.order_exchange(text, integer[], integer[], text, uuid[], integer[], boolean) IS
    'The buyer of a delivered order brought units of some lines back and gets others: these are in stock again (or among the damaged), a confirmed order of the same customer to the same place is placed for the new ones at the prices of today, and what came back pays it. What is left of it goes back, what is missing is asked as the first order was paid; a credit note is issued. All of it or nothing. Returns {orderNumber, value, exchangeId, exchangeNumber, paid, amountDue, refunded, toCards, creditNote}, DZD. Errors: MJ003, MJ004, MJ006, MJ010, MJ101, MJ102, MJ104, MJ115, MJ209, MJ218, MJ302, MJ339, MJ341, MJ354, MJ401, MJ503, MJ601, MJ652';

CREATE FUNCTION mjc_api.staff_order_exchange(actor uuid, token_version integer, token_id uuid, request_id text, idempotency_key text,
    order_id uuid, product_ids uuid[], quantities integer[], new_product_ids uuid[], new_quantities integer[], reason text, damaged boolean,
    OUT body json, OUT replayed boolean)
    RETURNS record
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    claim bytea;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    SELECT * INTO claim, body, replayed FROM mjc.idempotency_begin('staff_order_exchange', actor, idempotency_key,
        jsonb_build_array(order_id, product_ids, quantities, new_product_ids, new_quantities, reason, damaged)::text);
    IF NOT replayed THEN
        body := mjc.exchange_write(staff_order_exchange.order_id, mjc.order_line_nos(staff_order_exchange.order_id, product_ids), quantities, reason,
                                   new_product_ids, new_quantities, damaged, actor, 'rest', request_id);
        PERFORM mjc.idempotency_end(claim, 'exchange', staff_order_exchange.order_id, body);
    END IF;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_order_exchange(uuid, integer, uuid, text, text, uuid, uuid[], integer[], uuid[], integer[], text, boolean) IS
    'POST /admin/orders/:orderId/exchanges: {items: [{productId, quantity}], newItems: [{productId, quantity}], reason, damaged?}: mjc.order_exchange. Errors: MJ003, MJ004, MJ006, MJ009, MJ010, MJ021, MJ022, MJ060, MJ063, MJ064, MJ101, MJ102, MJ104, MJ115, MJ209, MJ218, MJ302, MJ339, MJ341, MJ354, MJ503, MJ652';

---------------------------------------------------------------- the rest is cancelled

CREATE FUNCTION mjc.order_cancel_rest_core(order_id uuid, reason text, actor uuid, channel text, request_id text) RETURNS text
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_order_cancel_rest';
COMMENT ON FUNCTION mjc.order_cancel_rest_core(uuid, text, uuid, text, text) IS 'For rules: see mjc.order_cancel_rest. Errors: MJ003, MJ004, MJ006, MJ340';

CREATE FUNCTION mjc.rest_cancelled(id uuid, reason text, actor uuid, channel text, request_id text) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    status text := mjc.order_cancel_rest_core(id, reason, actor, channel, request_id);
BEGIN
    PERFORM mjc.audit_write(actor, channel, 'order_cancel_rest', 'order', (SELECT o.reference FROM mjc.order o WHERE o.order_id = id), NULL,
                            jsonb_build_object('status', status), request_id);
    RETURN status;
END
$$;
COMMENT ON FUNCTION mjc.rest_cancelled(uuid, text, uuid, text, text) IS 'For rules: mjc.order_cancel_rest_core, audited';

CREATE FUNCTION mjc.order_cancel_rest(reference text, reason text DEFAULT NULL) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_schema();
    RETURN mjc.rest_cancelled(mjc.order_need(order_cancel_rest.reference), order_cancel_rest.reason, mjc.staff_id(), 'psql', NULL);
END
$$;
COMMENT ON FUNCTION mjc.order_cancel_rest(text, text) IS
    'Of an order of which a part has left, what is still here is cancelled: its units are free, its value is asked no more or goes back, off the money first, then to the cards that paid, its invoice is taken back for these lines. Returns the status of the order. Errors: MJ003, MJ004, MJ006, MJ340, MJ401, MJ601';

CREATE FUNCTION mjc_api.staff_order_cancel_rest(actor uuid, token_version integer, token_id uuid, request_id text, order_id uuid, reason text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    PERFORM mjc.rest_cancelled(staff_order_cancel_rest.order_id, staff_order_cancel_rest.reason, actor, 'rest', request_id);
    RETURN mjc.order_doc(staff_order_cancel_rest.order_id)::json;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_order_cancel_rest(uuid, integer, uuid, text, uuid, text) IS
    'POST /admin/orders/:orderId/cancel-rest. Errors: MJ004, MJ006, MJ009, MJ060, MJ063, MJ064, MJ340';
