-- payment_api: the payment routes of staff (shim/routes.c), one function each. Those of buyers
-- and providers: sql/provider.sql.

CREATE FUNCTION mjc.payments_json(id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT json_build_object(
            'orderId', o.order_id, 'orderNumber', o.reference, 'paymentState', o.payment_state, 'due', mjc.dzd(o.total_centimes - o.credit_centimes - o.taken_off_centimes),
            'payments', (SELECT coalesce(json_agg(json_build_object('id', p.payment_id, 'method', p.method, 'provider', p.provider, 'reference', p.provider_ref,
                                    'status', p.state, 'amount', mjc.dzd(p.amount_centimes), 'received', mjc.dzd(p.received_centimes),
                                    'refunded', mjc.dzd(p.refunded_centimes), 'note', p.note, 'createdAt', mjc.iso(p.created_at), 'paidAt', mjc.iso(p.paid_at))
                                    ORDER BY p.created_at, p.payment_id), '[]') FROM mjc.payment p WHERE p.order_id = id),
            'refunds', (SELECT coalesce(json_agg(json_build_object('id', r.refund_id, 'paymentId', r.payment_id, 'kind', r.kind, 'status', r.state,
                                    'amount', mjc.dzd(r.amount_centimes), 'reason', r.reason, 'shipmentNo', r.shipment_no, 'used', mjc.dzd(r.used_centimes), 'reference', r.provider_ref, 'createdAt', mjc.iso(r.created_at),
                                    'doneAt', mjc.iso(r.done_at)) ORDER BY r.created_at, r.refund_id), '[]') FROM mjc.refund r WHERE r.order_id = id),
            'checkouts', (SELECT coalesce(json_agg(json_build_object('id', c.checkout_id, 'method', c.method, 'provider', c.provider, 'reference', c.provider_ref,
                                    'status', c.state, 'amount', mjc.dzd(c.amount_centimes), 'failure', c.failure, 'createdAt', mjc.iso(c.created_at),
                                    'expiresAt', mjc.iso(c.expires_at)) ORDER BY c.created_at, c.checkout_id), '[]') FROM mjc.checkout c WHERE c.order_id = id))
          FROM mjc.order o WHERE o.order_id = id);
END
$$;
COMMENT ON FUNCTION mjc.payments_json(uuid) IS 'The money of an order as staff read it; NULL when there is no such order';

CREATE FUNCTION mjc_api.staff_order_payments(actor uuid, token_version integer, token_id uuid, order_id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    RETURN mjc.payments_json(staff_order_payments.order_id);
END
$$;
COMMENT ON FUNCTION mjc_api.staff_order_payments(uuid, integer, uuid, uuid) IS
    'GET /admin/orders/:orderId/payments; NULL when there is no such order. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_payment_record(actor uuid, token_version integer, token_id uuid, request_id text, idempotency_key text,
    order_id uuid, amount bigint, method text, reference text, note text, OUT body json, OUT replayed boolean)
    RETURNS record
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    claim bytea;
    made uuid;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    SELECT * INTO claim, body, replayed FROM mjc.idempotency_begin('staff_payment_record', actor, idempotency_key, jsonb_build_array(order_id, amount, method, reference, note)::text);
    IF NOT replayed THEN
        made := mjc.payment_write(staff_payment_record.order_id, jsonb_build_object('amount', mjc.dzd(amount), 'method', staff_payment_record.method,
                    'reference', staff_payment_record.reference, 'note', staff_payment_record.note), actor, 'rest', request_id);
        body := mjc.payments_json(staff_payment_record.order_id);
        PERFORM mjc.idempotency_end(claim, 'payment', made, body);
    END IF;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_payment_record(uuid, integer, uuid, text, text, uuid, bigint, text, text, text) IS
    'POST /admin/orders/:orderId/payments: centimes that came in. Errors: MJ004, MJ006, MJ009, MJ010, MJ021, MJ022, MJ060, MJ063, MJ064, MJ218, MJ501, MJ502, MJ504';

CREATE FUNCTION mjc_api.staff_payment_refund(actor uuid, token_version integer, token_id uuid, request_id text, idempotency_key text,
    order_id text, amount bigint, reason text, shipment_no integer, goodwill boolean, OUT body json, OUT replayed boolean)
    RETURNS record
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    claim bytea;
    id uuid;
    made uuid;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    id := mjc.order_find(staff_payment_refund.order_id);
    IF id IS NULL THEN
        PERFORM mjc.raise('NOT_FOUND');
    END IF;
    SELECT * INTO claim, body, replayed FROM mjc.idempotency_begin('staff_payment_refund', actor, idempotency_key, jsonb_build_array(id, amount, reason, shipment_no, goodwill)::text);
    IF NOT replayed THEN
        made := mjc.refund_write(id, jsonb_build_object('amount', mjc.dzd(amount), 'reason', staff_payment_refund.reason, 'shipmentNo', staff_payment_refund.shipment_no,
                                     'goodwill', staff_payment_refund.goodwill), actor, 'rest', request_id);
        body := mjc.payments_json(id);
        PERFORM mjc.idempotency_end(claim, 'refund', made, body);
    END IF;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_payment_refund(uuid, integer, uuid, text, text, text, bigint, text, integer, boolean) IS
    'POST /payments/refund: centimes of an order, by id or number, go back, for a parcel (mjc.payment_refund). Errors: MJ004, MJ006, MJ009, MJ010, MJ021, MJ022, MJ060, MJ063, MJ064, MJ332, MJ333, MJ346, MJ503';

CREATE FUNCTION mjc_api.staff_refund_for(actor uuid, token_version integer, token_id uuid, request_id text,
    order_id uuid, refund_id uuid, shipment_no integer) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    PERFORM mjc.refund_for_write(staff_refund_for.order_id, staff_refund_for.refund_id, staff_refund_for.shipment_no, actor, 'rest', request_id);
    RETURN mjc.payments_json(staff_refund_for.order_id);
END
$$;
COMMENT ON FUNCTION mjc_api.staff_refund_for(uuid, integer, uuid, text, uuid, uuid, integer) IS
    'POST /admin/orders/:orderId/refunds/:refundId/parcel: what a refund is for, see mjc.refund_for. Errors: MJ004, MJ006, MJ009, MJ060, MJ063, MJ064, MJ332, MJ333, MJ346, MJ347';

CREATE FUNCTION mjc_api.staff_refund_done(actor uuid, token_version integer, token_id uuid, request_id text,
    order_id uuid, refund_id uuid, reference text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    PERFORM mjc.refund_done_write(staff_refund_done.order_id, staff_refund_done.refund_id, staff_refund_done.reference, actor, 'rest', request_id);
    RETURN mjc.payments_json(staff_refund_done.order_id);
END
$$;
COMMENT ON FUNCTION mjc_api.staff_refund_done(uuid, integer, uuid, text, uuid, uuid, text) IS
    'POST /admin/orders/:orderId/refunds/:refundId/done. Errors: MJ004, MJ006, MJ009, MJ060, MJ063, MJ064, MJ511';

CREATE FUNCTION mjc_api.staff_payment_mismatch(actor uuid, token_version integer, token_id uuid, request_id text,
    order_id uuid, payment_id uuid, accept boolean) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    PERFORM mjc.mismatch_write(staff_payment_mismatch.order_id, staff_payment_mismatch.payment_id, staff_payment_mismatch.accept, actor, 'rest', request_id);
    RETURN mjc.payments_json(staff_payment_mismatch.order_id);
END
$$;
COMMENT ON FUNCTION mjc_api.staff_payment_mismatch(uuid, integer, uuid, text, uuid, uuid, boolean) IS
    'POST /admin/orders/:orderId/payments/:paymentId/mismatch: it counts, or it goes back. Errors: MJ003, MJ004, MJ009, MJ060, MJ063, MJ064, MJ507, MJ509';
