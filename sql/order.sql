-- order: placing and moving orders (extension/order.c, order_change.c, order_state.c).
--
-- Rules in C keep their plans. A plan made while a table was nearly empty would
-- scan it until the next ANALYZE: in one session on a new shop an order went from
-- 1.0 to 2.4 ms within 4000 orders. With enable_seqscan off it stays at 0.6.

CREATE FUNCTION mjc.order_limits(OUT max_lines integer, OUT max_units integer, OUT max_coupons integer)
    LANGUAGE C IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_order_limits';
COMMENT ON FUNCTION mjc.order_limits() IS 'Most lines of an order or a cart, most units of a line, most coupons';

CREATE FUNCTION mjc.check_line_count(lines integer) RETURNS void
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_order_check_count';
COMMENT ON FUNCTION mjc.check_line_count(integer) IS 'For rules in SQL: an order has so many lines. Errors: MJ003, MJ302';

CREATE FUNCTION mjc.check_line_qty(quantity bigint) RETURNS void
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_order_check_qty';
COMMENT ON FUNCTION mjc.check_line_qty(bigint) IS 'For rules in SQL: a line has so many units. Errors: MJ003, MJ104';

CREATE FUNCTION mjc.order_status(order_state text, payment_state text, fulfilment_state text) RETURNS text
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_order_status';
COMMENT ON FUNCTION mjc.order_status(text, text, text) IS 'The one word of the frontends for the three states of an order';

CREATE FUNCTION mjc.order_transitions(OUT from_status text, OUT to_status text, OUT who text) RETURNS SETOF record
    LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 15
    AS 'MODULE_PATHNAME', 'mjc_order_transitions';
COMMENT ON FUNCTION mjc.order_transitions() IS 'Every transition that an order may take; who: customer, staff, job';

CREATE FUNCTION mjc.order_place(product_ids uuid[], quantities integer[],
    first_name text, last_name text, phone text, email text DEFAULT NULL, profession text DEFAULT NULL,
    street text DEFAULT NULL, city text DEFAULT NULL, postal_code text DEFAULT NULL, region text DEFAULT NULL,
    country text DEFAULT NULL, note text DEFAULT NULL, idempotency_key text DEFAULT NULL,
    reservation_id uuid DEFAULT NULL, coupons text[] DEFAULT NULL, gift_cards text[] DEFAULT NULL,
    delivery_mode text DEFAULT 'home', store_credit boolean DEFAULT false, payment_method text DEFAULT NULL) RETURNS text
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_order_place';
COMMENT ON FUNCTION mjc.order_place(uuid[], integer[], text, text, text, text, text, text, text, text, text, text, text, text, uuid, text[], text[], text, boolean, text) IS
    'Staff take an order, cash on delivery unless payment_method says otherwise, confirmed; returns its reference. region is a wilaya code or name; reservation_id names a hold whose units go to the order; the customer of the phone has the prices of his group. delivery_mode: home or stop_desk; store_credit: the customer''s pays too. Errors: MJ003, MJ006, MJ010, MJ021, MJ022, MJ101, MJ102, MJ104, MJ112, MJ116, MJ201 to MJ211, MJ217, MJ218, MJ302, MJ305, MJ601';

CREATE FUNCTION mjc.order_change(reference text, status text, note text DEFAULT NULL,
    tracking_number text DEFAULT NULL, carrier text DEFAULT NULL) RETURNS text
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_order_change';
COMMENT ON FUNCTION mjc.order_change(text, text, text, text, text) IS
    'Moves an order to a status (see mjc_report.order_transition) with its effects on stock and payment; returns the status. Errors: MJ003, MJ004, MJ006, MJ301, MJ306, MJ401, MJ601';

CREATE FUNCTION mjc.order_confirm(reference text, note text DEFAULT NULL) RETURNS text
    LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    AS $$ SELECT mjc.order_change(reference, 'CONFIRMED', note) $$;
COMMENT ON FUNCTION mjc.order_confirm(text, text) IS 'The customer confirmed by phone. Errors: those of mjc.order_change';

CREATE FUNCTION mjc.order_ship(reference text, tracking_number text DEFAULT NULL, carrier text DEFAULT NULL) RETURNS text
    LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    AS $$ SELECT mjc.order_change(reference, 'SHIPPED', NULL, tracking_number, carrier) $$;
COMMENT ON FUNCTION mjc.order_ship(text, text, text) IS 'The parcel left: its units leave the stock. Errors: those of mjc.order_change';

CREATE FUNCTION mjc.order_deliver(reference text) RETURNS text
    LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    AS $$ SELECT mjc.order_change(reference, 'DELIVERED') $$;
COMMENT ON FUNCTION mjc.order_deliver(text) IS 'The parcel arrived: cash on delivery is paid. Errors: those of mjc.order_change';

CREATE FUNCTION mjc.order_cancel(reference text, reason text DEFAULT NULL) RETURNS text
    LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    AS $$ SELECT mjc.order_change(reference, 'CANCELLED', reason) $$;
COMMENT ON FUNCTION mjc.order_cancel(text, text) IS
    'Cancels an order; held units are free again, shipped ones come back. Errors: those of mjc.order_change';

CREATE FUNCTION mjc.order_refund(reference text, reason text DEFAULT NULL) RETURNS text
    LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    AS $$ SELECT mjc.order_change(reference, 'REFUNDED', reason) $$;
COMMENT ON FUNCTION mjc.order_refund(text, text) IS
    'A delivered order came back and was refunded. Errors: those of mjc.order_change';

CREATE FUNCTION mjc.order_expire(batch integer DEFAULT 50) RETURNS bigint
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_order_expire';
COMMENT ON FUNCTION mjc.order_expire(integer) IS
    'Cancels orders that nobody confirmed in time (setting unconfirmed_order_hours); returns their number. Run by a job. Errors: MJ006';

CREATE FUNCTION mjc.order_find(id text) RETURNS uuid
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN coalesce(mjc.uuid_or_null(order_find.id),
                    (SELECT r.order_id FROM mjc.order_reference r WHERE r.reference = mjc.order_reference_canonical(order_find.id)));
END
$$;
COMMENT ON FUNCTION mjc.order_find(text) IS 'The order_id of what stands in an address, an id or an order number; NULL when it is neither';

-- The one rendering of an order. for_staff: staff notes instead of the customer's. Of an erased
-- buyer the pages still get texts where they read texts.
CREATE FUNCTION mjc.order_json(order_id uuid, for_staff boolean DEFAULT false) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT json_build_object(
                   'id', o.order_id, 'orderNumber', o.reference, 'customerId', o.customer_id,
                   'customerName', c.first_name || ' ' || c.last_name,
                   'customerEmail', c.email, 'customerPhone', coalesce(c.phone, '-'),
                   'status', CASE o.status WHEN 'CONFIRMED' THEN 'processing' ELSE lower(o.status) END,
                   'statusCode', o.status,
                   'paymentStatus', CASE o.payment_state WHEN 'pending' THEN 'PENDING' WHEN 'part_paid' THEN 'PROCESSING'
                                         WHEN 'paid' THEN 'COMPLETED' WHEN 'paid_short' THEN 'COMPLETED'
                                         WHEN 'void' THEN 'CANCELLED' ELSE 'REFUNDED' END,
                   'paymentMethod', o.payment_method,
                   'amountPaid', mjc.dzd((SELECT coalesce(sum(p.received_centimes - p.refunded_centimes), 0)::bigint
                                            FROM mjc.payment p WHERE p.order_id = o.order_id AND p.state <> 'mismatch')),
                   'subtotal', mjc.dzd(o.subtotal_centimes), 'tax', 0, 'taxIncluded', mjc.dzd(o.tax_centimes),
                   'shipping', mjc.dzd(o.shipping_centimes), 'discount', mjc.dzd(o.discount_centimes),
                   'stampDuty', mjc.dzd(o.stamp_duty_centimes), 'rounding', mjc.dzd(o.rounding_centimes),
                   'credit', mjc.dzd(o.credit_centimes), 'creditBack', mjc.dzd(o.credit_back_centimes), 'amountDue', mjc.dzd(o.total_centimes - o.credit_centimes - o.taken_off_centimes),
                   'coupons', o.coupons, 'deliveryMode', o.delivery_mode,
                   'total', mjc.dzd(o.total_centimes), 'totalAmount', mjc.dzd(o.total_centimes), 'currency', o.currency,
                   'orderDate', mjc.iso(o.placed_at), 'createdAt', mjc.iso(o.placed_at), 'updatedAt', mjc.iso(o.updated_at),
                   'shippedAt', mjc.iso(o.shipped_at), 'deliveredAt', mjc.iso(o.delivered_at),
                   'estimatedDelivery', mjc.iso(timezone('Africa/Algiers', o.estimated_on + time '12:00')),
                   'trackingNumber', o.tracking_number, 'shippingCarrier', o.carrier,
                   'exchangeOf', (SELECT json_build_object('id', x.order_id, 'orderNumber', x.reference) FROM mjc.order x WHERE x.order_id = o.exchange_of),
                   'exchangedBy', (SELECT coalesce(json_agg(json_build_object('id', x.order_id, 'orderNumber', x.reference) ORDER BY u.n), '[]')
                                     FROM unnest(o.exchanged_by) WITH ORDINALITY u (id, n) JOIN mjc.order x ON x.order_id = u.id),
                   'shipments', (SELECT coalesce(json_agg(json_build_object(
                                     'shipmentNo', s.shipment_no, 'status', s.state, 'carrier', s.carrier, 'trackingNumber', s.tracking_number,
                                     'shippedAt', mjc.iso(s.shipped_at), 'deliveredAt', mjc.iso(s.delivered_at),
                                     'carrierStatus', r.status, 'carrierLabel', r.label, 'carrierStatusAt', mjc.iso(r.at)) ORDER BY s.shipment_no), '[]')
                                   FROM mjc.shipment s
                                   LEFT JOIN LATERAL (SELECT coalesce(k.status, 'other') AS status, x.label, x.at
                                                        FROM mjc.shipment_report x LEFT JOIN mjc.carrier_status k ON k.carrier = x.carrier AND k.word = x.word
                                                       WHERE x.order_id = s.order_id AND x.shipment_no = s.shipment_no
                                                       ORDER BY x.at DESC, x.received_at DESC, x.event_id DESC LIMIT 1) r ON true
                                  WHERE s.order_id = o.order_id AND s.state <> 'unpacked'),
                   'notes', CASE WHEN for_staff THEN o.notes ELSE c.note END,
                   'customerNote', c.note,
                   'items', (SELECT json_agg(json_build_object(
                                 'id', o.order_id || '-' || l.line_no, 'productId', l.product_id, 'productName', l.product_name,
                                 'sku', l.sku, 'quantity', l.qty, 'cancelledQuantity', l.cancelled_qty, 'unitPrice', mjc.dzd(l.unit_price_centimes),
                                 'discount', mjc.dzd(l.discount_centimes), 'totalPrice', mjc.dzd(l.total_centimes),
                                 'image', (SELECT g.url FROM mjc.product_image g WHERE g.product_id = l.product_id
                                            ORDER BY g.sort_order, g.image_id LIMIT 1)) ORDER BY l.line_no)
                               FROM mjc.order_line l WHERE l.order_id = o.order_id),
                   'shippingAddress', json_build_object('street', coalesce(c.street, '-'), 'city', coalesce(c.city, '-'),
                                                        'postalCode', c.postal_code, 'country', coalesce(c.country, '-'), 'region', c.region))
          FROM mjc.order o JOIN mjc.order_contact c ON c.order_id = o.order_id
         WHERE o.order_id = order_json.order_id);
END
$$;
COMMENT ON FUNCTION mjc.order_json(uuid, boolean) IS 'An order as the frontends read it; NULL when there is none';

CREATE FUNCTION mjc.order_doc(order_id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT mjc.order_json(order_doc.order_id, true)::jsonb || jsonb_build_object('history', (
                   SELECT jsonb_agg(jsonb_build_object('seq', e.seq, 'at', mjc.iso(e.at), 'kind', e.kind, 'from', e.from_status,
                              'to', e.to_status, 'channel', e.channel, 'note', e.note) ORDER BY e.seq)
                     FROM mjc.order_event e WHERE e.order_id = order_doc.order_id)));
END
$$;
COMMENT ON FUNCTION mjc.order_doc(uuid) IS 'An order as staff read it, with its history; NULL when there is none';

CREATE FUNCTION mjc.order_need(reference text) RETURNS uuid
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    canonical text := mjc.order_reference_canonical(reference);
    id uuid := (SELECT r.order_id FROM mjc.order_reference r WHERE r.reference = canonical);
BEGIN
    IF reference IS NULL THEN
        PERFORM mjc.raise('ARGUMENT_MISSING', 'argument', 'reference');
    ELSIF canonical IS NULL THEN
        PERFORM mjc.raise('REFERENCE_INVALID');
    ELSIF id IS NULL THEN
        PERFORM mjc.raise('NOT_FOUND');
    END IF;
    RETURN id;
END
$$;
COMMENT ON FUNCTION mjc.order_need(text) IS 'For rules: the order of a number, however it is typed. Errors: MJ003, MJ004, MJ401';

-- Staff without REST read a buyer's personal block here; each look is on record.
CREATE FUNCTION mjc.order_contact_read(reference text, OUT first_name text, OUT last_name text, OUT phone text, OUT email text,
    OUT street text, OUT city text, OUT postal_code text, OUT region text, OUT country text, OUT note text)
    RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 1
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    who uuid := mjc.staff_id();
    canonical text := mjc.order_reference_canonical(reference);
    id uuid;
    buyer uuid;
BEGIN
    PERFORM mjc.check_schema();
    IF canonical IS NULL THEN
        PERFORM mjc.raise('REFERENCE_INVALID');
    END IF;
    -- The log of the server also keeps what a rolled-back transaction looked at.
    PERFORM mjc.note('contact_read ' || canonical);
    SELECT o.order_id, o.customer_id INTO id, buyer
      FROM mjc.order_reference r JOIN mjc.order o ON o.order_id = r.order_id
     WHERE r.reference = canonical;
    PERFORM mjc.access_note(who, 'psql', 'contact_read', buyer, NULL, NULL);
    RETURN QUERY
    SELECT c.first_name, c.last_name, c.phone, c.email, c.street, c.city, c.postal_code, c.region, c.country, c.note
      FROM mjc.order_contact c
     WHERE c.order_id = id;
END
$$;
COMMENT ON FUNCTION mjc.order_contact_read(text) IS
    'Name, phone and address of an order, for staff in psql; the look is on record (mjc_report.personal_access). Errors: MJ401, MJ601';
