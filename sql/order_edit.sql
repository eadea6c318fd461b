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

CREATE FUNCTION mjc.order_named(reference text) RETURNS uuid
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    canonical text := mjc.order_reference_canonical(reference);
    id uuid;
BEGIN
    IF reference IS NULL THEN
        PERFORM mjc.raise('ARGUMENT_MISSING', 'argument', 'reference');
    ELSIF canonical IS NULL THEN
        PERFORM mjc.raise('REFERENCE_INVALID');
    END IF;
    SELECT r.order_id INTO id FROM mjc.order_reference r WHERE r.reference = canonical;
    IF id IS NULL THEN
        PERFORM mjc.raise('NOT_FOUND');
    END IF;
    RETURN id;
END
$$;
COMMENT ON FUNCTION mjc.order_named(text) IS 'For staff in psql: the order of a typed reference. Errors: MJ003, MJ004, MJ401';

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
    RETURN mjc.order_annotate(who, 'psql', NULL, mjc.order_named(reference), note, NULL, NULL);
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
    RETURN mjc.order_redirect(who, 'psql', NULL, mjc.order_named(reference),
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
    PERFORM mjc.check_schema();
    PERFORM mjc.check_admin(actor, token_version, token_id);
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
    PERFORM mjc.check_schema();
    PERFORM mjc.check_admin(actor, token_version, token_id);
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
    claim record;
    place integer;
BEGIN
    PERFORM mjc.check_schema();
    PERFORM mjc.check_admin(actor, token_version, token_id);
    claim := mjc.idempotency_begin('staff_order_note_add', actor, idempotency_key, concat_ws(' ', order_id, note));
    replayed := claim.reply IS NOT NULL;
    body := claim.reply::json;
    IF NOT replayed THEN
        IF mjc.order_text(note, 'body', 500) IS NULL THEN
            PERFORM mjc.raise('ARGUMENT_MISSING', 'argument', 'body');
        END IF;
        IF mjc.order_annotate(actor, 'rest', request_id, order_id, note, NULL, NULL) IS NULL THEN
            PERFORM mjc.raise('NOT_FOUND');
        END IF;
        SELECT max(e.seq) INTO place FROM mjc.order_event e WHERE e.order_id = staff_order_note_add.order_id;
        body := json_build_object('note', mjc.order_notes(order_id, place) -> 0);
        PERFORM mjc.idempotency_end(claim.key_hash, 'order_note', order_id, body::text);
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
    PERFORM mjc.check_schema();
    PERFORM mjc.check_admin(actor, token_version, token_id);
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
