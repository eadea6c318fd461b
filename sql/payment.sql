-- payment: money of orders (extension/payment.c, payment_settle.c): what staff book, what goes back.
-- Amounts: centimes inside, DZD where people type them.

CREATE FUNCTION mjc.payment_settle(order_id uuid, checkout_id uuid, amount bigint, currency text, payment_ref text, short_of boolean) RETURNS text
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_payment_settle';
COMMENT ON FUNCTION mjc.payment_settle(uuid, uuid, bigint, text, text, boolean) IS
    'For rules: a provider says that a checkout brought money. paid; excess and twice: what is too much goes back; late: an expired order goes on; short, returned: owed to the buyer; mismatch; repeat; unknown. Errors: MJ003, MJ004, MJ201; MJ101, MJ204 to MJ206 the order cannot go on: call again with short_of';

CREATE FUNCTION mjc.payment_taken_back(order_id uuid, payment_ref text, refund_ref text, amount bigint, whole boolean, currency text) RETURNS text
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_payment_taken_back';
COMMENT ON FUNCTION mjc.payment_taken_back(uuid, text, text, bigint, boolean, text) IS
    'For rules: a provider made a refund of this name, or (no name) so many centimes of a payment went back in all; whole: that is all of it. What we did not know of pays what is owed of that payment, and the rest is booked. taken_back; beyond what came in; repeat; unknown. Errors: MJ003, MJ004, MJ201';

CREATE FUNCTION mjc.payment_book(order_id uuid, amount bigint, method text, provider text, provider_ref text, note text,
    actor uuid, channel text, request_id text, short_of boolean) RETURNS uuid
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_payment_book';
COMMENT ON FUNCTION mjc.payment_book(uuid, bigint, text, text, text, text, uuid, text, text, boolean) IS
    'For rules: staff saw money come in; an order that is paid whole is confirmed, one that had expired goes on, or its money is owed. Errors: MJ003, MJ004, MJ201, MJ501, MJ502; MJ101, MJ204 to MJ206 the order cannot go on: call again with short_of';

CREATE FUNCTION mjc.payment_refund_book(order_id uuid, amount bigint, reason text, shipment_no integer, actor uuid, channel text, request_id text) RETURNS uuid
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_payment_refund_book';
COMMENT ON FUNCTION mjc.payment_refund_book(uuid, bigint, text, integer, uuid, text, text) IS
    'For rules: staff give money back, centimes, of the newest payments first; the last refund that it makes. shipment_no: the parcel that it is for, 0 what has not left, -1 nothing; NULL the one under way, if it is one. Errors: MJ003, MJ004, MJ201, MJ332, MJ333, MJ346, MJ503';

CREATE FUNCTION mjc.refund_before(order_id uuid, value bigint, line_nos integer[], quantities integer[],
    actor uuid, channel text, request_id text, OUT amount bigint, OUT parcel integer)
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_refund_before';
COMMENT ON FUNCTION mjc.refund_before(uuid, bigint, integer[], integer[], uuid, text, text) IS
    'For rules, with the order locked: units of delivered lines come back; of their value, centimes, what staff did not give back before for their parcels, and the parcel that they were in, -1 when it may be several. Errors: MJ003, MJ010, MJ201';

CREATE FUNCTION mjc.refund_point(order_id uuid, refund_id uuid, shipment_no integer) RETURNS integer
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_refund_point';
COMMENT ON FUNCTION mjc.refund_point(uuid, uuid, integer) IS
    'For rules: what a refund is for that staff gave: a parcel, 0 what has not left, NULL nothing; what it was for. Errors: MJ003, MJ004, MJ332, MJ333, MJ346, MJ347';

CREATE FUNCTION mjc.payment_mismatch_end(order_id uuid, payment_id uuid, accept boolean, actor uuid, channel text, request_id text) RETURNS text
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_payment_mismatch_end';
COMMENT ON FUNCTION mjc.payment_mismatch_end(uuid, uuid, boolean, uuid, text, text) IS
    'For rules: money that does not fit counts, or goes back; the payment_state of the order. Errors: MJ003, MJ004, MJ507, MJ509';

------------------------------------------------------------------- rules of staff

-- A payment of a method that names the same transfer twice is booked once.
CREATE FUNCTION mjc.payment_write(id uuid, doc jsonb, actor uuid, channel text, request_id text) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    amount bigint;
    taken_by text;
    named text;
    payment uuid;
    given jsonb := jsonb_strip_nulls(doc);
BEGIN
    PERFORM mjc.doc_check(doc, '{amount,method,reference,note}');
    PERFORM mjc.doc_need(given, '{amount,method}');
    amount := mjc.doc_centimes(given, 'amount', 1);
    named := mjc.doc_text(given, 'reference', 1, 100);
    PERFORM mjc.doc_text(given, 'note', 1, 500);
    -- One that is switched off may still be booked: a transfer that somebody made all the same.
    SELECT m.provider INTO taken_by FROM mjc.payment_method m
     WHERE m.method = mjc.doc_text(given, 'method', 1, 50) AND m.provider IN ('cod', 'bank');
    IF NOT FOUND THEN
        PERFORM mjc.raise('PAYMENT_METHOD_UNKNOWN');
    END IF;
    BEGIN
        payment := mjc.payment_book(id, amount, given ->> 'method', taken_by, named, given ->> 'note', actor, channel, request_id, false);
    EXCEPTION WHEN SQLSTATE 'MJ101' OR SQLSTATE 'MJ108' OR SQLSTATE 'MJ204' OR SQLSTATE 'MJ205' OR SQLSTATE 'MJ206' THEN
        payment := mjc.payment_book(id, amount, given ->> 'method', taken_by, named, given ->> 'note', actor, channel, request_id, true);
    END;
    IF named IS NOT NULL THEN
        INSERT INTO mjc.provider_ref (ref, provider, order_id) VALUES (named, taken_by, id) ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN
            PERFORM mjc.raise('PAYMENT_REF_KNOWN');
        END IF;
    END IF;
    PERFORM mjc.audit_write(actor, channel, 'payment_record', 'order', (SELECT o.reference FROM mjc.order o WHERE o.order_id = id),
                            NULL, given - 'note', request_id);
    RETURN payment;
END
$$;
COMMENT ON FUNCTION mjc.payment_write(uuid, jsonb, uuid, text, text) IS
    'For rules: books {amount, method, reference, note}. Errors: MJ003, MJ004, MJ006, MJ010, MJ218, MJ501, MJ502, MJ504';

CREATE FUNCTION mjc.payment_record(reference text, amount_dzd numeric, method text, provider_ref text DEFAULT NULL, note text DEFAULT NULL) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_schema();
    RETURN mjc.payment_write(mjc.order_need(payment_record.reference),
        jsonb_build_object('amount', amount_dzd, 'method', payment_record.method, 'reference', payment_record.provider_ref, 'note', payment_record.note),
        mjc.staff_id(), 'psql', NULL);
END
$$;
COMMENT ON FUNCTION mjc.payment_record(text, numeric, text, text, text) IS
    'Money came in for an order, whole or a part: DZD, method (BANK_TRANSFER, CASH_ON_DELIVERY for cash), the bank''s reference, which counts once. An order that is paid whole is confirmed; one that had expired goes on while its units are there, else the money is owed to the buyer (mjc_report.refund). Errors: MJ003, MJ004, MJ006, MJ010, MJ218, MJ401, MJ501, MJ502, MJ504, MJ601';

CREATE FUNCTION mjc.refund_write(id uuid, doc jsonb, actor uuid, channel text, request_id text) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    given jsonb := jsonb_strip_nulls(doc);
    gesture boolean;
    refund uuid;
BEGIN
    PERFORM mjc.doc_check(doc, '{amount,reason,shipmentNo,goodwill}');
    PERFORM mjc.doc_need(given, '{amount,reason}');
    gesture := mjc.doc_boolean(given, 'goodwill', false);
    IF gesture AND given ? 'shipmentNo' THEN
        PERFORM mjc.doc_refuse('goodwill');
    END IF;
    refund := mjc.payment_refund_book(id, mjc.doc_centimes(given, 'amount', 1), mjc.doc_text(given, 'reason', 1, 500),
                                      CASE WHEN gesture THEN -1 ELSE mjc.doc_integer(given, 'shipmentNo', 0, 10000) END, actor, channel, request_id);
    PERFORM mjc.audit_write(actor, channel, 'payment_refund', 'order', (SELECT o.reference FROM mjc.order o WHERE o.order_id = id),
                            NULL, given - 'reason', request_id);
    RETURN refund;
END
$$;
COMMENT ON FUNCTION mjc.refund_write(uuid, jsonb, uuid, text, text) IS
    'For rules: {amount, reason, shipmentNo, goodwill} goes back to the buyer. Errors: MJ003, MJ004, MJ006, MJ010, MJ201, MJ332, MJ333, MJ346, MJ503';

CREATE FUNCTION mjc.payment_refund(reference text, amount_dzd numeric, reason text, shipment_no integer DEFAULT NULL, goodwill boolean DEFAULT false) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_schema();
    RETURN mjc.refund_write(mjc.order_need(payment_refund.reference),
        jsonb_build_object('amount', amount_dzd, 'reason', payment_refund.reason, 'shipmentNo', payment_refund.shipment_no,
                           'goodwill', CASE WHEN payment_refund.goodwill THEN true END),
        mjc.staff_id(), 'psql', NULL);
END
$$;
COMMENT ON FUNCTION mjc.payment_refund(text, numeric, text, integer, boolean) IS
    'Gives back a part of what was paid on an order, in DZD; the order goes on (mjc.order_refund ends it). shipment_no: the parcel whose goods it pays back, 0 for what has not left; when that comes back or is cancelled, only what is left of its value goes back. Not told: the parcel under way, if it is one; with goodwill it is for nothing in particular. Cash is handed over at once; a card is refunded by its provider; a transfer is made by staff, who then call mjc.refund_done. Errors: MJ003, MJ004, MJ006, MJ010, MJ332, MJ333, MJ346, MJ401, MJ503, MJ601';

CREATE FUNCTION mjc.refund_for_write(id uuid, refund uuid, parcel integer, actor uuid, channel text, request_id text) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    before integer;
BEGIN
    IF parcel NOT BETWEEN 0 AND 10000 THEN
        PERFORM mjc.raise('ARGUMENT_RANGE', 'argument', 'shipment_no');
    END IF;
    before := mjc.refund_point(id, refund, parcel);
    PERFORM mjc.audit_write(actor, channel, 'refund_for', 'refund', refund::text, jsonb_build_object('shipment', before), jsonb_build_object('shipment', parcel), request_id);
END
$$;
COMMENT ON FUNCTION mjc.refund_for_write(uuid, uuid, integer, uuid, text, text) IS 'For rules: see mjc.refund_for. Errors: MJ003, MJ004, MJ006, MJ332, MJ333, MJ346, MJ347';

CREATE FUNCTION mjc.refund_for(reference text, refund_id uuid, shipment_no integer DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_schema();
    PERFORM mjc.refund_for_write(mjc.order_need(refund_for.reference), refund_for.refund_id, refund_for.shipment_no, mjc.staff_id(), 'psql', NULL);
END
$$;
COMMENT ON FUNCTION mjc.refund_for(text, uuid, integer) IS
    'What a refund is for that staff gave by hand: a parcel, 0 what has not left, NULL nothing in particular (a gesture), which also settles a refund_unused of mjc_report.payment_problem. Errors: MJ003, MJ004, MJ006, MJ332, MJ333, MJ346, MJ347, MJ401, MJ601';

-- An order that was paid short is refunded once nothing is owed any more.
CREATE FUNCTION mjc.refund_state_set(id uuid, refund uuid, new_state text, ref text, by_provider boolean) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    at timestamptz := clock_timestamp();
BEGIN
    PERFORM FROM mjc.order o WHERE o.order_id = id FOR UPDATE;
    UPDATE mjc.refund r
       SET state = new_state, provider_ref = coalesce(ref, r.provider_ref), at_provider = by_provider AND new_state = 'done', updated_at = at, done_at = CASE WHEN new_state = 'done' THEN at END
     WHERE r.order_id = id AND r.refund_id = refund AND r.state <> 'done' AND r.state <> new_state;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE mjc.order o SET payment_state = 'refunded', updated_at = at
     WHERE o.order_id = id AND o.payment_state = 'paid_short'
       AND NOT EXISTS (SELECT FROM mjc.refund r WHERE r.order_id = id AND r.state <> 'done');
    RETURN true;
END
$$;
COMMENT ON FUNCTION mjc.refund_state_set(uuid, uuid, text, text, boolean) IS 'For rules: due, refused or done, by the provider or by hand; false when it was done, or is that already, or there is none';

CREATE FUNCTION mjc.refund_done_write(id uuid, refund uuid, ref text, actor uuid, channel text, request_id text) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM mjc.refund r WHERE r.order_id = id AND r.refund_id = refund) THEN
        PERFORM mjc.raise('NOT_FOUND');
    END IF;
    PERFORM mjc.doc_text(jsonb_strip_nulls(jsonb_build_object('reference', ref)), 'reference', 1, 100);
    IF NOT mjc.refund_state_set(id, refund, 'done', ref, false) THEN
        PERFORM mjc.raise('REFUND_STATE');
    END IF;
    -- Nobody is to send it a second time.
    DELETE FROM mjc.provider_task t WHERE t.task_id = refund;
    PERFORM mjc.audit_write(actor, channel, 'refund_done', 'refund', refund::text, NULL, jsonb_strip_nulls(jsonb_build_object('reference', ref)), request_id);
END
$$;
COMMENT ON FUNCTION mjc.refund_done_write(uuid, uuid, text, uuid, text, text) IS 'For rules: the buyer has his money. Errors: MJ004, MJ006, MJ010, MJ511';

CREATE FUNCTION mjc.refund_done(reference text, refund_id uuid, provider_ref text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_schema();
    PERFORM mjc.refund_done_write(mjc.order_need(refund_done.reference), refund_done.refund_id, refund_done.provider_ref, mjc.staff_id(), 'psql', NULL);
END
$$;
COMMENT ON FUNCTION mjc.refund_done(text, uuid, text) IS
    'Staff made a refund that was due (mjc_report.refund), by transfer or by hand, with the bank''s reference. Errors: MJ003, MJ004, MJ006, MJ401, MJ511, MJ601';

CREATE FUNCTION mjc.mismatch_write(id uuid, payment uuid, accept boolean, actor uuid, channel text, request_id text) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    state text;
BEGIN
    IF payment IS NULL OR accept IS NULL THEN
        PERFORM mjc.raise('ARGUMENT_MISSING', 'argument', CASE WHEN payment IS NULL THEN 'payment_id' ELSE 'accept' END);
    END IF;
    state := mjc.payment_mismatch_end(id, payment, accept, actor, channel, request_id);
    PERFORM mjc.audit_write(actor, channel, 'payment_mismatch', 'order', (SELECT o.reference FROM mjc.order o WHERE o.order_id = id),
                            NULL, jsonb_build_object('accepted', accept), request_id);
    RETURN state;
END
$$;
COMMENT ON FUNCTION mjc.mismatch_write(uuid, uuid, boolean, uuid, text, text) IS 'For rules: see mjc.payment_mismatch_settle';

CREATE FUNCTION mjc.payment_mismatch_settle(reference text, payment_id uuid, accept boolean) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_schema();
    RETURN mjc.mismatch_write(mjc.order_need(payment_mismatch_settle.reference), payment_mismatch_settle.payment_id,
                              payment_mismatch_settle.accept, mjc.staff_id(), 'psql', NULL);
END
$$;
COMMENT ON FUNCTION mjc.payment_mismatch_settle(text, uuid, boolean) IS
    'Money came that is not what was asked (mjc_report.payment_problem): it counts as far as it goes (true), or it goes back (false; in another currency at the provider''s desk). Returns the order''s payment_state. Errors: MJ003, MJ004, MJ401, MJ507, MJ509, MJ601';

CREATE FUNCTION mjc.payment_method_set(method text, enabled boolean) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    who uuid;
    before boolean;
BEGIN
    PERFORM mjc.check_schema();
    who := mjc.staff_id();
    IF payment_method_set.enabled IS NULL THEN
        PERFORM mjc.raise('ARGUMENT_MISSING', 'argument', 'enabled');
    END IF;
    SELECT m.is_enabled INTO before FROM mjc.payment_method m WHERE m.method = payment_method_set.method FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM mjc.raise('PAYMENT_METHOD_UNKNOWN');
    END IF;
    IF before <> payment_method_set.enabled THEN
        UPDATE mjc.payment_method m SET is_enabled = payment_method_set.enabled WHERE m.method = payment_method_set.method;
        PERFORM mjc.audit_write(who, 'psql', 'payment_method_set', 'payment_method', payment_method_set.method,
            jsonb_build_object('enabled', before), jsonb_build_object('enabled', payment_method_set.enabled));
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.payment_method_set(text, boolean) IS
    'Offers a way to pay, or offers it no more; cards also need the provider''s keys in the shim. Errors: MJ003, MJ218, MJ601';
