-- invariants: one row for every broken promise. Empty after every test, fault
-- and load; `since` looks only at what changed and is cheap enough for every minute.

CREATE FUNCTION mjc.check_stock_invariants(since timestamptz, OUT rule text, OUT subject text, OUT detail text)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    changed uuid[];
BEGIN
    IF since IS NOT NULL THEN
        SELECT coalesce(array_agg(DISTINCT c.product_id), '{}') INTO changed
          FROM mjc.stock_ledger c WHERE c.at >= since;
    END IF;

    RETURN QUERY  -- rows follow each other without a gap and each balance follows from the one before
    WITH bounds AS (
        SELECT g.product_id, g.location_id, min(g.seq) - 1 AS first_seq FROM mjc.stock_ledger g
         WHERE since IS NULL OR g.at >= since
         GROUP BY g.product_id, g.location_id),
    step AS (
        SELECT g.product_id, g.location_id, g.seq, g.kind, g.qty, g.on_hand, g.reserved, g.damaged, g.at, g.value_centimes,
               b.first_seq, lag(g.seq) OVER w AS seq_before,
               CASE WHEN g.seq = 1 THEN 0 ELSE lag(g.on_hand) OVER w END AS on_hand_before,
               CASE WHEN g.seq = 1 THEN 0 ELSE lag(g.reserved) OVER w END AS reserved_before,
               CASE WHEN g.seq = 1 THEN 0 ELSE lag(g.damaged) OVER w END AS damaged_before,
               CASE WHEN g.seq = 1 THEN 0 ELSE lag(g.value_centimes) OVER w END AS value_before,
               lag(g.at) OVER w AS at_before
          FROM bounds b
          JOIN mjc.stock_ledger g ON g.product_id = b.product_id AND g.location_id = b.location_id AND g.seq >= b.first_seq
        WINDOW w AS (PARTITION BY g.product_id, g.location_id ORDER BY g.seq))
    SELECT 'stock_ledger_step', format('product %s location %s seq %s', s.product_id, s.location_id, s.seq),
           format('%s %s: on_hand %s to %s, reserved %s to %s, damaged %s to %s, value %s to %s', s.kind, s.qty, s.on_hand_before, s.on_hand,
                  s.reserved_before, s.reserved, s.damaged_before, s.damaged, s.value_before, s.value_centimes)
      FROM step s
     -- the row before the first changed one is only there to be compared with
     WHERE NOT (s.seq = s.first_seq AND s.seq > 1 AND s.seq_before IS NULL AND since IS NOT NULL)
       AND (s.seq <> coalesce(s.seq_before, 0) + 1
        OR s.at < s.at_before
        OR (s.on_hand = 0 AND s.value_centimes <> 0)
        OR (s.on_hand = s.on_hand_before AND s.value_centimes <> s.value_before)
        OR s.on_hand - s.on_hand_before <> mjc.on_hand_change(s.kind, s.qty)
        OR s.reserved - s.reserved_before <> mjc.reserved_change(s.kind, s.qty)
        OR s.damaged - s.damaged_before <> mjc.damaged_change(s.kind, s.qty));

    RETURN QUERY  -- what the ledger calls reserved is what orders and holds keep
    SELECT 'stock_reserved_is_held', format('product %s location %s', n.product_id, n.location_id),
           format('ledger %s, reservations %s', n.reserved, coalesce(h.held, 0))
      FROM mjc.stock_now n
      LEFT JOIN (SELECT r.product_id, r.location_id, sum(r.held_qty) AS held FROM mjc.reservation r
                  WHERE r.held_qty > 0 AND (since IS NULL OR r.product_id = ANY (changed))
                  GROUP BY r.product_id, r.location_id) h ON h.product_id = n.product_id AND h.location_id = n.location_id
     WHERE (since IS NULL OR n.product_id = ANY (changed)) AND n.reserved <> coalesce(h.held, 0);

    RETURN QUERY  -- and nothing is held where the ledger knows nothing
    SELECT 'stock_reserved_is_held', format('product %s location %s', r.product_id, r.location_id), 'held without a ledger'
      FROM mjc.reservation r
     WHERE r.held_qty > 0 AND (since IS NULL OR r.product_id = ANY (changed))
       AND NOT EXISTS (SELECT FROM mjc.stock_ledger g WHERE g.product_id = r.product_id AND g.location_id = r.location_id);

    RETURN QUERY  -- what is held is held for somebody: a line of an order, or until some time
    SELECT 'reservation_owner', format('product %s reservation %s line %s', r.product_id, r.reservation_id, r.line_no),
           CASE WHEN r.kind = 'hold' THEN 'a hold without an end' ELSE 'no such line of an order' END
      FROM mjc.reservation r
     WHERE r.held_qty > 0 AND (since IS NULL OR r.product_id = ANY (changed))
       AND CASE WHEN r.kind = 'hold' THEN r.expires_at IS NULL
                ELSE NOT EXISTS (SELECT FROM mjc.order o JOIN mjc.order_line l ON l.order_id = o.order_id
                                  WHERE o.order_id = r.reservation_id AND l.line_no = r.line_no AND l.product_id = r.product_id) END;

    -- Never promised more than there was at that moment, but for the units promised beyond
    -- the stock; a later count may show less.
    RETURN QUERY
    SELECT 'stock_oversold', format('product %s location %s seq %s', g.product_id, g.location_id, g.seq),
           format('on_hand %s, reserved %s, of them beyond the stock %s', g.on_hand, g.reserved, b.allowed)
      FROM mjc.stock_ledger g
      CROSS JOIN LATERAL (SELECT coalesce(sum(r.backorder_qty), 0) AS allowed FROM mjc.reservation r
                           WHERE r.product_id = g.product_id AND r.reservation_id = mjc.uuid_or_null(g.ref_id)
                             AND r.location_id = g.location_id) b
     WHERE g.kind = 'reserve' AND g.reserved > g.on_hand AND (since IS NULL OR g.at >= since)
       AND g.reserved - g.on_hand - greatest(g.reserved - g.qty - g.on_hand, 0) > b.allowed;

    RETURN QUERY  -- the flag of the search filters; a hold that lapses sets it without being swept
    SELECT 'stock_flag', format('product %s', a.product_id),
           format('available %s, flag %s, next expiry %s', a.available, f.in_stock, f.next_expiry_at)
      FROM mjc.stock_available a LEFT JOIN mjc.stock_flag f ON f.product_id = a.product_id
     WHERE (since IS NULL OR a.product_id = ANY (changed))
       AND (a.available > 0) <> coalesce(f.in_stock OR f.next_expiry_at <= statement_timestamp(), false);
END
$$;
COMMENT ON FUNCTION mjc.check_stock_invariants(timestamptz) IS 'The part of mjc.check_invariants that concerns stock';

CREATE FUNCTION mjc.check_order_invariants(since timestamptz, OUT rule text, OUT subject text, OUT detail text)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY  -- amounts of the order are the sums of its lines
    SELECT 'order_totals', o.reference, format('subtotal %s, lines %s, discount %s, lines %s, tax %s, lines %s', o.subtotal_centimes,
               l.total + l.discount, o.discount_centimes, l.discount, o.tax_centimes - o.shipping_tax_centimes, l.tax)
      FROM mjc.order o
      LEFT JOIN LATERAL (SELECT coalesce(sum(x.total_centimes), 0) AS total, coalesce(sum(x.discount_centimes), 0) AS discount,
                                coalesce(sum(x.tax_centimes), 0) AS tax, count(*) AS n
                           FROM mjc.order_line x WHERE x.order_id = o.order_id) l ON true
     WHERE (since IS NULL OR o.updated_at >= since)
       AND (l.n = 0 OR l.total + l.discount <> o.subtotal_centimes OR l.discount <> o.discount_centimes
            OR l.tax <> o.tax_centimes - o.shipping_tax_centimes);

    RETURN QUERY  -- and follow from the steps that are stored with it; orders before the trace have none
    SELECT 'order_trace', o.reference, format('stored %s/%s/%s/%s/%s, by its steps %s', o.subtotal_centimes, o.discount_centimes,
               o.shipping_centimes, o.tax_centimes, o.total_centimes, r.price)
      FROM mjc.order o
      JOIN mjc.order_trace t ON t.order_id = o.order_id
     CROSS JOIN LATERAL mjc.reprice_trace(t.steps) r (price)
     WHERE (since IS NULL OR o.updated_at >= since)
       AND r.price <> jsonb_build_object('subtotal', o.subtotal_centimes, 'discount', o.discount_centimes,
               'goods', o.subtotal_centimes - o.discount_centimes, 'shipping', o.shipping_centimes, 'tax', o.tax_centimes,
               'stamp_duty', o.stamp_duty_centimes, 'rounding', o.rounding_centimes, 'total', o.total_centimes,
               'credit', o.credit_centimes, 'due', o.total_centimes - o.credit_centimes, 'differs', 0);

    -- Goods are where the order says, all of them. A placed order that nobody confirmed in
    -- time may have lost some already; one that is confirmed keeps them.
    RETURN QUERY
    SELECT 'order_reservation', o.reference, format('status %s: line %s of %s units: %s held, %s shipped, %s back', o.status, l.line_no, l.qty,
               r.held, r.shipped, r.returned)
      FROM mjc.order o
      JOIN mjc.order_line l ON l.order_id = o.order_id
      CROSS JOIN LATERAL (SELECT coalesce(sum(x.held_qty), 0) AS held, coalesce(sum(x.shipped_qty), 0) AS shipped,
                                 coalesce(sum(x.returned_qty), 0) AS returned,
                                 coalesce(bool_or(x.expires_at IS NOT NULL) FILTER (WHERE x.held_qty > 0), false) AS may_lapse
                            FROM mjc.reservation x
                           WHERE x.product_id = l.product_id AND x.reservation_id = o.order_id AND x.line_no = l.line_no) r
     WHERE (since IS NULL OR o.updated_at >= since)
       AND NOT CASE WHEN o.order_state = 'cancelled' THEN r.held = 0 AND r.shipped = r.returned
                    WHEN o.fulfilment_state IN ('shipped', 'delivered') THEN r.held = 0 AND r.shipped = l.qty - l.cancelled_qty
                    WHEN o.fulfilment_state = 'returned' THEN r.held = 0 AND r.shipped = l.qty - l.cancelled_qty AND r.returned = r.shipped
                    WHEN o.order_state = 'placed' AND o.fulfilment_state = 'unfulfilled'
                    THEN r.shipped = 0 AND (r.held = l.qty OR r.held < l.qty AND o.confirm_by_at <= statement_timestamp())
                    -- a part may have left in a parcel of its own
                    ELSE r.held + r.shipped = l.qty - l.cancelled_qty AND (r.shipped = 0 OR o.fulfilment_state = 'preparing') AND NOT r.may_lapse END;

    RETURN QUERY  -- and no unit moved for a line that does not exist; what is held is checked with the stock
    SELECT 'order_reservation', r.reservation_id::text, format('units of line %s, which the order does not have', r.line_no)
      FROM mjc.reservation r
     WHERE since IS NULL AND r.kind = 'order' AND r.held_qty = 0 AND r.shipped_qty > 0
       AND NOT EXISTS (SELECT FROM mjc.order_line l
                        WHERE l.order_id = r.reservation_id AND l.line_no = r.line_no AND l.product_id = r.product_id);

    RETURN QUERY  -- number, look-up and the customer's list name each other
    SELECT 'order_reference', o.reference, 'look-up, list or check digit does not fit'
      FROM mjc.order o
     WHERE (since IS NULL OR o.updated_at >= since)
       AND (mjc.order_reference_canonical(o.reference) IS DISTINCT FROM o.reference
            OR NOT EXISTS (SELECT FROM mjc.order_reference x WHERE x.reference = o.reference AND x.order_id = o.order_id)
            OR NOT EXISTS (SELECT FROM mjc.customer_order x WHERE x.customer_id = o.customer_id AND x.order_id = o.order_id
                              AND x.is_open = (o.status NOT IN ('DELIVERED', 'CANCELLED', 'REFUNDED')))
            OR NOT EXISTS (SELECT FROM mjc.order_contact x WHERE x.order_id = o.order_id));

    RETURN QUERY  -- the history has no gap and ends where the order stands
    SELECT 'order_event', o.reference, format('events %s, last seq %s to %s, status %s', e.n, e.last_seq, e.last_status, o.status)
      FROM mjc.order o
      LEFT JOIN LATERAL (SELECT count(*) AS n, max(x.seq) AS last_seq,
                                (array_agg(x.to_status ORDER BY x.seq DESC))[1] AS last_status
                           FROM mjc.order_event x WHERE x.order_id = o.order_id) e ON true
     WHERE (since IS NULL OR o.updated_at >= since)
       AND (e.n = 0 OR e.n <> e.last_seq OR e.last_status <> o.status);

    RETURN QUERY  -- the word stored with the order is the word of the state machine
    SELECT 'order_status', o.reference, format('%s, not %s', o.status, mjc.order_status(o.order_state, o.payment_state, o.fulfilment_state))
      FROM mjc.order o
     WHERE (since IS NULL OR o.updated_at >= since)
       AND o.status <> mjc.order_status(o.order_state, o.payment_state, o.fulfilment_state);

    RETURN QUERY  -- a stored reply belongs to something; to an order that exists, if it is one
    SELECT 'idempotency_key', encode(k.key_hash, 'hex'), format('a reply without its %s', k.subject_kind)
      FROM mjc.idempotency_key k
     WHERE (since IS NULL OR k.created_at >= since)
       AND (k.subject_id IS NULL OR k.reply IS NULL
            OR (k.subject_kind = 'order' AND NOT EXISTS (SELECT FROM mjc.order o WHERE o.order_id = k.subject_id)));

    RETURN QUERY  -- and an order has one key
    SELECT 'idempotency_key', k.subject_id::text, 'an order with two keys'
      FROM mjc.idempotency_key k
     WHERE since IS NULL AND k.subject_kind = 'order' AND k.subject_id IS NOT NULL
     GROUP BY k.subject_id HAVING count(*) > 1;
END
$$;
COMMENT ON FUNCTION mjc.check_order_invariants(timestamptz) IS 'The part of mjc.check_invariants that concerns orders';

CREATE FUNCTION mjc.check_payment_invariants(since timestamptz, OUT rule text, OUT subject text, OUT detail text) RETURNS SETOF record
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 5
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- Under way: asked + came in - went back because it was too much = due. Ended: nothing is asked,
    -- and what came in went back. What staff gave back of an order under way stays theirs to decide.
    RETURN QUERY
    SELECT 'order_payment', o.reference, format('%s: due %s, asked %s in %s, came in %s, back %s', o.payment_state, o.total_centimes - o.credit_centimes - o.taken_off_centimes,
               p.asked, p.open, p.received, r.back)
      FROM mjc.order o
      LEFT JOIN LATERAL (SELECT count(*) FILTER (WHERE x.state = 'pending') AS open, count(*) AS n,
                                coalesce(sum(x.amount_centimes) FILTER (WHERE x.state = 'pending'), 0) AS asked,
                                coalesce(sum(x.received_centimes) FILTER (WHERE x.state <> 'mismatch'), 0) AS received,
                                bool_or(x.state = 'paid') AS paid
                           FROM mjc.payment x WHERE x.order_id = o.order_id) p ON true
      LEFT JOIN LATERAL (SELECT coalesce(sum(x.amount_centimes), 0) AS back, coalesce(sum(x.amount_centimes) FILTER (WHERE x.kind NOT IN ('return', 'exchange')), 0) AS over
                           FROM mjc.refund x JOIN mjc.payment y ON y.order_id = x.order_id AND y.payment_id = x.payment_id
                          WHERE x.order_id = o.order_id AND y.state <> 'mismatch') r ON true
     WHERE (since IS NULL OR o.updated_at >= since)
       AND NOT CASE WHEN o.payment_state IN ('pending', 'part_paid', 'paid')
                    THEN p.n > 0 AND p.asked + p.received - r.over = o.total_centimes - o.credit_centimes - o.taken_off_centimes AND o.order_state <> 'cancelled'
                         AND o.payment_state = CASE WHEN p.open = 0 THEN 'paid' WHEN p.received > r.over THEN 'part_paid' ELSE 'pending' END
                    WHEN o.payment_state = 'void' THEN p.n > 0 AND p.open = 0 AND p.received = 0 AND NOT p.paid
                    ELSE p.open = 0 AND p.received = r.back AND NOT p.paid END;

    RETURN QUERY  -- what went back of a payment is the sum of its refunds
    SELECT 'payment_refund', o.reference, format('payment %s: %s went back, refunds %s', p.payment_id, p.refunded_centimes, r.back)
      FROM mjc.order o
      JOIN mjc.payment p ON p.order_id = o.order_id
      LEFT JOIN LATERAL (SELECT coalesce(sum(x.amount_centimes), 0) AS back FROM mjc.refund x
                          WHERE x.order_id = p.order_id AND x.payment_id = p.payment_id) r ON true
     WHERE (since IS NULL OR o.updated_at >= since) AND p.refunded_centimes <> r.back;

    RETURN QUERY  -- an order and the one that it was exchanged for name each other, and are of one customer
    SELECT 'order_exchange', o.reference, format('exchange of %s, which does not say so', o.exchange_of)
      FROM mjc.order o
     WHERE (since IS NULL OR o.updated_at >= since) AND o.exchange_of IS NOT NULL
       AND NOT EXISTS (SELECT FROM mjc.order x WHERE x.order_id = o.exchange_of AND o.order_id = ANY (x.exchanged_by) AND x.customer_id = o.customer_id)
    UNION ALL
    SELECT 'order_exchange', o.reference, format('exchanged for %s, which does not say so', u.id)
      FROM mjc.order o CROSS JOIN LATERAL unnest(o.exchanged_by) u (id)
     WHERE (since IS NULL OR o.updated_at >= since)
       AND NOT EXISTS (SELECT FROM mjc.order x WHERE x.order_id = u.id AND x.exchange_of = o.order_id);

    RETURN QUERY  -- money that left the one paid the other
    SELECT 'order_exchange', o.reference, format('%s left it for exchanges, which took %s', r.moved, t.taken)
      FROM mjc.order o
      CROSS JOIN LATERAL (SELECT coalesce(sum(x.amount_centimes), 0) AS moved FROM mjc.refund x WHERE x.order_id = o.order_id AND x.kind = 'exchange') r
      CROSS JOIN LATERAL (SELECT coalesce(sum(l.amount_centimes), 0) AS taken
                            FROM unnest(o.exchanged_by) u (id)
                            JOIN mjc.order x ON x.order_id = u.id
                            JOIN mjc.credit_ledger l ON l.credit_id = ANY (x.credit_ids) AND l.op_id = 'exchange:' || u.id AND l.kind = 'issue') t
     WHERE (since IS NULL OR o.updated_at >= since) AND r.moved <> t.taken;

    RETURN QUERY  -- for a parcel went back at most what its goods cost, or what was to be collected for it
    SELECT 'refund_parcel', o.reference, format('parcel %s: %s went back, it is worth %s', r.shipment_no, r.back, w.worth)
      FROM mjc.order o
     CROSS JOIN LATERAL (SELECT x.shipment_no, sum(x.amount_centimes) AS back FROM mjc.refund x
                          WHERE x.order_id = o.order_id AND x.shipment_no > 0 GROUP BY x.shipment_no) r
     CROSS JOIN LATERAL (SELECT greatest(max(s.cod_centimes), sum((l.total_centimes * x.qty + l.qty - 1) / l.qty)) AS worth
                           FROM mjc.shipment s
                           JOIN mjc.shipment_line x ON x.order_id = s.order_id AND x.shipment_no = s.shipment_no
                           JOIN mjc.order_line l ON l.order_id = x.order_id AND l.line_no = x.line_no
                          WHERE s.order_id = o.order_id AND s.shipment_no = r.shipment_no) w
     WHERE (since IS NULL OR o.updated_at >= since) AND r.back > coalesce(w.worth, 0);

    RETURN QUERY  -- an order that was paid short is owed something
    SELECT 'order_paid_short', o.reference, 'nothing is owed any more'
      FROM mjc.order o
     WHERE (since IS NULL OR o.updated_at >= since) AND o.payment_state = 'paid_short'
       AND (o.order_state <> 'cancelled' OR NOT EXISTS (SELECT FROM mjc.refund r WHERE r.order_id = o.order_id AND r.state <> 'done'));

    RETURN QUERY  -- a checkout that brought money has a payment
    SELECT 'checkout_payment', o.reference, format('checkout %s is %s', c.checkout_id, c.state)
      FROM mjc.order o
      JOIN mjc.checkout c ON c.order_id = o.order_id
     WHERE (since IS NULL OR o.updated_at >= since) AND c.state IN ('paid', 'mismatch')
       AND NOT EXISTS (SELECT FROM mjc.payment p WHERE p.order_id = c.order_id AND p.provider = c.provider
                          AND p.provider_ref IS NOT DISTINCT FROM c.payment_ref);

    RETURN QUERY  -- and a name at a provider leads to something that there is
    SELECT 'provider_ref', r.ref, 'an order or checkout that does not exist'
      FROM mjc.provider_ref r
     WHERE since IS NULL
       AND (NOT EXISTS (SELECT FROM mjc.order o WHERE o.order_id = r.order_id)
            OR r.checkout_id IS NOT NULL AND NOT EXISTS (SELECT FROM mjc.checkout c WHERE c.order_id = r.order_id AND c.checkout_id = r.checkout_id));
END
$$;
COMMENT ON FUNCTION mjc.check_payment_invariants(timestamptz) IS 'The part of mjc.check_invariants that concerns money of orders';

CREATE FUNCTION mjc.check_shipment_invariants(since timestamptz, OUT rule text, OUT subject text, OUT detail text) RETURNS SETOF record
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 5
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY  -- what is in parcels that left is what left the stock, line by line
    SELECT 'shipment_stock', o.reference, format('line %s: %s in parcels that left, %s left the stock', l.line_no, s.units, r.units)
      FROM mjc.order o
      JOIN mjc.order_line l ON l.order_id = o.order_id
     CROSS JOIN LATERAL (SELECT coalesce(sum(x.qty), 0) AS units FROM mjc.shipment_line x
                           JOIN mjc.shipment p ON p.order_id = x.order_id AND p.shipment_no = x.shipment_no
                          WHERE x.order_id = l.order_id AND x.line_no = l.line_no AND p.state NOT IN ('packed', 'unpacked')) s
     CROSS JOIN LATERAL (SELECT coalesce(sum(x.shipped_qty), 0) AS units FROM mjc.reservation x
                          WHERE x.product_id = l.product_id AND x.reservation_id = o.order_id AND x.line_no = l.line_no) r
     WHERE (since IS NULL OR o.updated_at >= since) AND s.units <> r.units;

    RETURN QUERY  -- a parcel holds something; nobody packs more than was ordered
    SELECT 'shipment_line', o.reference, format('parcel %s is empty', p.shipment_no)
      FROM mjc.order o JOIN mjc.shipment p ON p.order_id = o.order_id
     WHERE (since IS NULL OR o.updated_at >= since)
       AND NOT EXISTS (SELECT FROM mjc.shipment_line x WHERE x.order_id = p.order_id AND x.shipment_no = p.shipment_no)
    UNION ALL
    SELECT 'shipment_line', o.reference, format('line %s: %s packed of %s', l.line_no, s.units, l.qty)
      FROM mjc.order o JOIN mjc.order_line l ON l.order_id = o.order_id
     CROSS JOIN LATERAL (SELECT coalesce(sum(x.qty), 0) AS units FROM mjc.shipment_line x
                           JOIN mjc.shipment p ON p.order_id = x.order_id AND p.shipment_no = x.shipment_no
                          WHERE x.order_id = l.order_id AND x.line_no = l.line_no AND p.state <> 'unpacked') s
     WHERE (since IS NULL OR o.updated_at >= since) AND s.units > l.qty - l.cancelled_qty;

    RETURN QUERY  -- parcels are where the order says
    SELECT 'shipment_state', o.reference, format('%s with a parcel that is %s', o.status, p.state)
      FROM mjc.order o JOIN mjc.shipment p ON p.order_id = o.order_id
     WHERE (since IS NULL OR o.updated_at >= since)
       AND CASE o.status WHEN 'SHIPPED' THEN p.state = 'packed'
                         WHEN 'DELIVERED' THEN p.state IN ('packed', 'shipped', 'refused')
                         WHEN 'CANCELLED' THEN p.state NOT IN ('unpacked', 'returned')
                         WHEN 'REFUNDED' THEN p.state NOT IN ('unpacked', 'returned')
                         WHEN 'PROCESSING' THEN false
                         ELSE p.state <> 'unpacked' END;

    RETURN QUERY  -- what a remittance says is what its lines say, and what their parcels got
    SELECT 'remittance', r.remittance_id::text, format('amount %s, lines %s', r.amount_centimes, l.amount)
      FROM mjc.remittance r
     CROSS JOIN LATERAL (SELECT coalesce(sum(x.amount_centimes), 0) AS amount FROM mjc.remittance_line x WHERE x.remittance_id = r.remittance_id) l
     WHERE since IS NULL AND r.amount_centimes <> l.amount
    UNION ALL
    SELECT 'remittance', o.reference, format('parcel %s got %s, remittances %s', p.shipment_no, p.remitted_centimes, l.amount)
      FROM mjc.order o JOIN mjc.shipment p ON p.order_id = o.order_id
     CROSS JOIN LATERAL (SELECT sum(x.amount_centimes) AS amount FROM mjc.remittance_line x WHERE x.order_id = p.order_id AND x.shipment_no = p.shipment_no) l
     WHERE since IS NULL AND p.remitted_centimes IS DISTINCT FROM l.amount;
END
$$;
COMMENT ON FUNCTION mjc.check_shipment_invariants(timestamptz) IS 'The part of mjc.check_invariants that concerns parcels and what carriers remit';

CREATE FUNCTION mjc.check_pricing_invariants(since timestamptz, OUT rule text, OUT subject text, OUT detail text)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY  -- entries of a coupon follow each other without a gap, each count from the one before
    SELECT 'coupon_ledger', format('coupon %s seq %s', s.code, s.seq), format('%s used after %s and %s', s.used, s.used_before, s.change)
      FROM (SELECT l.code, l.seq, l.change, l.used, l.at, lag(l.used, 1, 0::bigint) OVER w AS used_before,
                   lag(l.seq, 1, 0::bigint) OVER w AS seq_before, lag(l.at) OVER w AS at_before
              FROM mjc.coupon_ledger l
             WHERE since IS NULL OR l.code IN (SELECT x.code FROM mjc.coupon_ledger x WHERE x.at >= since)
            WINDOW w AS (PARTITION BY l.code ORDER BY l.seq)) s
     WHERE s.seq <> s.seq_before + 1 OR s.used <> s.used_before + s.change OR s.at < s.at_before;

    RETURN QUERY  -- never used more often than allowed, in all
    SELECT 'coupon_limit', format('coupon %s', c.code), format('used %s of %s', l.used, c.max_uses)
      FROM mjc.coupon c
     CROSS JOIN LATERAL (SELECT x.used, x.change, x.at FROM mjc.coupon_ledger x WHERE x.code = c.code ORDER BY x.seq DESC LIMIT 1) l
     WHERE l.used > c.max_uses AND l.change > 0 AND l.at > c.updated_at AND (since IS NULL OR l.at >= since);

    RETURN QUERY  -- an order that stands has its uses, one that was cancelled has none
    SELECT 'coupon_order', o.reference, format('coupon %s used %s times', u.code, l.uses)
      FROM mjc.order o
     CROSS JOIN LATERAL unnest(o.coupons) u (code)
     CROSS JOIN LATERAL (SELECT coalesce(sum(x.change), 0) AS uses FROM mjc.coupon_ledger x
                          WHERE x.code = u.code AND x.order_id = o.order_id) l
     WHERE (since IS NULL OR o.updated_at >= since)
       AND l.uses <> CASE WHEN o.order_state = 'cancelled' THEN 0 ELSE 1 END;

    RETURN QUERY  -- and no order that is not there, or does not say so, used one up
    SELECT 'coupon_order', l.order_id::text, format('coupon %s used by an order that does not name it', l.code)
      FROM mjc.coupon_ledger l
     WHERE (since IS NULL OR l.at >= since) AND l.change > 0
       AND NOT EXISTS (SELECT FROM mjc.order o WHERE o.order_id = l.order_id AND l.code = ANY (o.coupons))
       AND (SELECT sum(x.change) FROM mjc.coupon_ledger x WHERE x.code = l.code AND x.order_id = l.order_id) > 0;

    RETURN QUERY  -- nor took from a card
    SELECT 'credit_order', l.order_id::text, format('credit %s paid for an order that does not name it', l.credit_id)
      FROM mjc.credit_ledger l
     WHERE (since IS NULL OR l.at >= since) AND l.kind = 'spend'
       AND NOT EXISTS (SELECT FROM mjc.order o WHERE o.order_id = l.order_id AND l.credit_id = ANY (o.credit_ids));

    RETURN QUERY  -- and no card got back from an order more than it gave
    SELECT 'credit_back', l.order_id::text, format('credit %s has %s too much', l.credit_id, sum(l.amount_centimes))
      FROM mjc.credit_ledger l
     WHERE l.order_id IS NOT NULL
       AND (since IS NULL OR l.credit_id IN (SELECT x.credit_id FROM mjc.credit_ledger x WHERE x.at >= since AND x.kind = 'refund'))
     GROUP BY l.credit_id, l.order_id
    HAVING sum(l.amount_centimes) > 0;

    RETURN QUERY  -- entries of a card follow each other, each balance from the one before
    SELECT 'credit_ledger', format('credit %s seq %s', s.credit_id, s.seq),
           format('balance %s after %s and %s', s.balance_centimes, s.balance_before, s.amount_centimes)
      FROM (SELECT l.credit_id, l.seq, l.amount_centimes, l.balance_centimes, l.at,
                   lag(l.balance_centimes, 1, 0::bigint) OVER w AS balance_before, lag(l.seq, 1, 0::bigint) OVER w AS seq_before,
                   lag(l.at) OVER w AS at_before
              FROM mjc.credit_ledger l
             WHERE since IS NULL OR l.credit_id IN (SELECT x.credit_id FROM mjc.credit_ledger x WHERE x.at >= since)
            WINDOW w AS (PARTITION BY l.credit_id ORDER BY l.seq)) s
     WHERE s.seq <> s.seq_before + 1 OR s.balance_centimes <> s.balance_before + s.amount_centimes OR s.at < s.at_before;

    RETURN QUERY  -- what cards paid of an order is what they lost for it, until it comes back
    SELECT 'credit_order', o.reference, format('paid by credit %s, of it back %s, taken from cards %s', o.credit_centimes, o.credit_back_centimes, l.taken)
      FROM mjc.order o
     CROSS JOIN LATERAL (SELECT -coalesce(sum(x.amount_centimes), 0) AS taken
                           FROM unnest(o.credit_ids) u (id)
                           JOIN mjc.credit_ledger x ON x.credit_id = u.id AND x.order_id = o.order_id) l
     WHERE (since IS NULL OR o.updated_at >= since)
       AND l.taken <> CASE WHEN o.order_state = 'cancelled' OR o.payment_state = 'refunded' THEN 0 ELSE o.credit_centimes - o.credit_back_centimes END;
END
$$;
COMMENT ON FUNCTION mjc.check_pricing_invariants(timestamptz) IS 'The part of mjc.check_invariants that concerns coupons and credit';

CREATE FUNCTION mjc.check_cart_invariants(since timestamptz, OUT rule text, OUT subject text, OUT detail text)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    limits record;
BEGIN
    SELECT * INTO limits FROM mjc.order_limits();

    RETURN QUERY  -- no more in it than an order can take
    SELECT 'cart_limits', format('cart %s', c.owner_id), format('%s lines, largest %s units, %s coupons', l.n, l.units, cardinality(c.coupons))
      FROM mjc.cart c
     CROSS JOIN LATERAL (SELECT count(*) AS n, max(x.qty) AS units FROM mjc.cart_line x WHERE x.owner_id = c.owner_id) l
     WHERE (since IS NULL OR c.updated_at >= since)
       AND (l.n > limits.max_lines OR l.units > limits.max_units OR cardinality(c.coupons) > limits.max_coupons
            OR cardinality(c.coupons) <> (SELECT count(DISTINCT k) FROM unnest(c.coupons) k));

    RETURN QUERY  -- a guest's or a customer's, kept for some time from its last change on
    SELECT 'cart_times', format('cart %s', c.owner_id), format('%s: created %s, updated %s, kept until %s', c.kind, c.created_at, c.updated_at, c.expires_at)
      FROM mjc.cart c
     WHERE (since IS NULL OR c.updated_at >= since)
       AND (c.kind NOT IN ('guest', 'customer') OR c.updated_at < c.created_at OR c.expires_at <= c.updated_at);

    RETURN QUERY  -- a line changes under the lock of its cart, which then has that time
    SELECT 'cart_line_locked', format('cart %s product %s', l.owner_id, l.product_id), format('line %s, cart %s', l.updated_at, c.updated_at)
      FROM mjc.cart_line l
      JOIN mjc.cart c ON c.owner_id = l.owner_id
     WHERE (since IS NULL OR c.updated_at >= since) AND l.updated_at > c.updated_at;
END
$$;
COMMENT ON FUNCTION mjc.check_cart_invariants(timestamptz) IS 'The part of mjc.check_invariants that concerns carts';

CREATE FUNCTION mjc.check_customer_invariants(since timestamptz, OUT rule text, OUT subject text, OUT detail text)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY  -- of the addresses of a kind one is the default
    SELECT 'address_default', format('customer %s', a.customer_id), format('%s default addresses of %s %s', count(*) FILTER (WHERE a.is_default), count(*), a.kind)
      FROM mjc.address a
     WHERE since IS NULL OR a.customer_id IN (SELECT x.customer_id FROM mjc.address x WHERE x.updated_at >= since)
     GROUP BY a.customer_id, a.kind HAVING count(*) FILTER (WHERE a.is_default) <> 1;

    RETURN QUERY  -- an account is open as long as its customer is active
    SELECT 'customer_status', format('customer %s', c.customer_id), format('%s, account %s', c.status, CASE WHEN a.is_active THEN 'open' ELSE 'closed' END)
      FROM mjc.customer c
      JOIN mjc.account a ON a.account_id = c.customer_id
     WHERE (since IS NULL OR greatest(a.updated_at, c.created_at) >= since) AND a.is_active <> (c.status = 'active');

    RETURN QUERY  -- a registered customer has the id of the account
    SELECT 'customer_account', format('customer %s', c.customer_id), format('of account %s', c.account_id)
      FROM mjc.customer c
     WHERE (since IS NULL OR c.created_at >= since) AND c.account_id <> c.customer_id;

    RETURN QUERY  -- who is joined was a guest, and to a registered customer
    SELECT 'customer_merged', format('customer %s', c.customer_id), format('joined to %s', c.merged_into)
      FROM mjc.customer c
     WHERE c.merged_into IS NOT NULL
       AND NOT EXISTS (SELECT FROM mjc.customer x WHERE x.customer_id = c.merged_into AND x.kind = 'registered');

    RETURN QUERY  -- who was joined or erased is nobody any more; once joined he owns nothing, once erased he has nothing under way
    WITH gone AS (
        SELECT c.customer_id, 'joined' AS how FROM mjc.customer c WHERE c.merged_into IS NOT NULL
         UNION ALL
        SELECT c.customer_id, 'erased' FROM mjc.customer c WHERE c.erased_at >= coalesce(since, '-infinity'))
    SELECT 'customer_forgotten', format('customer %s', g.customer_id), format('%s, but there is still his %s', g.how, h.what)
      FROM gone g
     CROSS JOIN LATERAL (SELECT 'person' AS what FROM mjc.customer_person p WHERE p.customer_id = g.customer_id
                          UNION ALL SELECT 'business' FROM mjc.customer_business b WHERE b.customer_id = g.customer_id
                          UNION ALL SELECT 'address' FROM mjc.address a WHERE a.customer_id = g.customer_id
                          UNION ALL SELECT 'boiler' FROM mjc.customer_boiler k WHERE k.customer_id = g.customer_id
                          UNION ALL SELECT 'note' FROM mjc.customer_note n WHERE n.customer_id = g.customer_id
                          UNION ALL SELECT 'cart' FROM mjc.cart k WHERE k.owner_id = g.customer_id
                          UNION ALL SELECT 'password' FROM mjc.account_secret s WHERE s.account_id = g.customer_id
                          UNION ALL SELECT 'order' FROM mjc.customer_order o WHERE o.customer_id = g.customer_id AND (g.how = 'joined' OR o.is_open)
                          UNION ALL SELECT 'credit' FROM mjc.credit k WHERE k.customer_id = g.customer_id AND g.how = 'joined') h;

    RETURN QUERY  -- a phone finds a guest who is there
    SELECT 'customer_phone', format('customer %s', n.customer_id), 'a phone finds nobody, or no guest'
      FROM mjc.customer_phone n
      LEFT JOIN mjc.customer c ON c.customer_id = n.customer_id
     WHERE since IS NULL AND (c.customer_id IS NULL OR c.kind <> 'guest' OR c.merged_into IS NOT NULL OR c.status = 'erased');
END
$$;
COMMENT ON FUNCTION mjc.check_customer_invariants(timestamptz) IS 'The part of mjc.check_invariants that concerns customers';

CREATE FUNCTION mjc.check_account_invariants(since timestamptz, OUT rule text, OUT subject text, OUT detail text)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY  -- an e-mail leads to an account
    SELECT 'account_email', format('account %s', e.account_id), 'an e-mail of an account that is not there'
      FROM mjc.account_email e
     WHERE since IS NULL AND NOT EXISTS (SELECT FROM mjc.account a WHERE a.account_id = e.account_id);

    RETURN QUERY  -- and an account has one person, found by the e-mail, whether staff or customer
    SELECT 'account_person', format('account %s', a.account_id),
           format('%s: of staff %s, of customers %s, found by e-mail %s', a.role, s.account_id IS NOT NULL, c.customer_id IS NOT NULL, f.account_id IS NOT NULL)
      FROM mjc.account a
      LEFT JOIN mjc.customer u ON u.customer_id = a.account_id
      LEFT JOIN mjc.account_person s ON s.account_id = a.account_id
      LEFT JOIN mjc.customer_person c ON c.customer_id = a.account_id
      LEFT JOIN mjc.account_email f ON f.email = lower(coalesce(s.email, c.email)) AND f.account_id = a.account_id
     WHERE (since IS NULL OR a.updated_at >= since) AND u.status IS DISTINCT FROM 'erased'
       AND (f.account_id IS NULL OR (s.account_id IS NOT NULL) = (c.customer_id IS NOT NULL)
            OR (a.role = 'CUSTOMER') <> (u.customer_id IS NOT NULL));

    RETURN QUERY  -- a registered customer has an account
    SELECT 'customer_account', format('customer %s', c.customer_id), 'registered, without an account'
      FROM mjc.customer c
     WHERE (since IS NULL OR c.created_at >= since) AND c.kind = 'registered' AND c.status <> 'erased'
       AND NOT EXISTS (SELECT FROM mjc.account a WHERE a.account_id = c.customer_id);

    RETURN QUERY  -- an access token lives 8 hours at most: that long its ended session is refused by name
    SELECT 'session_revoked', format('session %s', s.session_id), format('ended by %s, its tokens are not', s.revoked_why)
      FROM mjc.session s
     WHERE s.revoked_at >= greatest(since, statement_timestamp() - interval '8 hours')
       AND NOT EXISTS (SELECT FROM mjc.token_revoked t WHERE t.token_id = s.session_id);
END
$$;
COMMENT ON FUNCTION mjc.check_account_invariants(timestamptz) IS 'The part of mjc.check_invariants that concerns accounts and sessions';

CREATE FUNCTION mjc.check_audit_invariants(since timestamptz, OUT rule text, OUT subject text, OUT detail text)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT 'audit_chain', format('batch %s', s.batch), 'entries, count or previous hash do not fit the seal'
      FROM mjc.audit_seal s
      LEFT JOIN mjc.audit_seal p ON p.batch = s.batch - 1
     WHERE (since IS NULL OR s.sealed_at >= since)
       AND (s.previous <> coalesce(p.hash, '\x'::bytea) OR (s.batch > 1 AND p.batch IS NULL)
            OR s.entries <> (SELECT count(*) FROM mjc.audit a WHERE a.batch = s.batch)
            OR s.hash <> mjc.audit_digest(s.previous, s.batch));
    RETURN QUERY
    SELECT 'audit_chain', format('entry %s', a.audit_id), 'names a batch that was never sealed'
      FROM mjc.audit a
     WHERE a.batch IS NOT NULL AND (since IS NULL OR a.at >= since)
       AND NOT EXISTS (SELECT FROM mjc.audit_seal s WHERE s.batch = a.batch);
END
$$;
COMMENT ON FUNCTION mjc.check_audit_invariants(timestamptz) IS 'The part of mjc.check_invariants that concerns the audit';

CREATE FUNCTION mjc.check_invoice_invariants(since timestamptz, OUT rule text, OUT subject text, OUT detail text)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY  -- only what was issued since, with the row before it
    SELECT 'invoice_chain', i.series || ' ' || i.year || ' ' || i.n, 'does not follow the document before it, or is not what was issued'
      FROM mjc.invoice i
      LEFT JOIN mjc.invoice b ON b.series = i.series AND b.year = i.year AND b.n = i.n - 1
     WHERE (since IS NULL OR i.issued_on >= mjc.algiers_date(since))
       AND ((i.n > 1) <> (b.n IS NOT NULL) OR i.previous <> coalesce(b.hash, '\x'::bytea) OR i.issued_at < b.issued_at
            OR i.hash IS DISTINCT FROM mjc.invoice_hash(i.previous, i.series, i.year, i.n, i.invoice_id, i.kind, i.order_id, i.corrects,
                                           i.issued_at, i.total_centimes, i.party_hash, i.body));

    RETURN QUERY
    SELECT 'invoice_once', format('order %s', i.order_id), format('%s invoices that count', count(*))
      FROM mjc.invoice i
     WHERE i.kind = 'invoice' AND (since IS NULL OR i.issued_on >= mjc.algiers_date(since))
       AND NOT EXISTS (SELECT FROM mjc.invoice_void v WHERE v.invoice_id = i.invoice_id)
       AND i.total_centimes > mjc.invoice_credited(i.invoice_id)
     GROUP BY i.order_id HAVING count(*) > 1;

    RETURN QUERY
    SELECT 'credit_note_total', i.number, format('%s taken back of %s', mjc.invoice_credited(i.invoice_id), i.total_centimes)
      FROM mjc.invoice i
     WHERE i.invoice_id IN (SELECT c.corrects FROM mjc.invoice c WHERE c.corrects IS NOT NULL AND (since IS NULL OR c.issued_on >= mjc.algiers_date(since)))
       AND (mjc.invoice_credited(i.invoice_id) > i.total_centimes
            OR EXISTS (SELECT FROM mjc.invoice_void v WHERE v.invoice_id = i.invoice_id) AND mjc.invoice_credited(i.invoice_id) > 0);
END
$$;
COMMENT ON FUNCTION mjc.check_invoice_invariants(timestamptz) IS 'The part of mjc.check_invariants that concerns invoices and credit notes';

CREATE FUNCTION mjc.check_webhook_invariants(since timestamptz, OUT rule text, OUT subject text, OUT detail text)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY  -- a minute: what was under way while the endpoint was added does not know it
    SELECT 'webhook_missing', format('message %s', o.outbox_id), format('endpoint %s is not told', e.endpoint_id)
      FROM mjc.webhook_endpoint e
      JOIN mjc.outbox o ON o.created_at > e.created_at + interval '1 minute'
     WHERE e.removed_at IS NULL AND o.created_at > statement_timestamp() - interval '25 days' AND (since IS NULL OR o.created_at >= since)
       AND o.aggregate_kind = 'order' AND mjc.webhook_topic(o.topic) AND (e.topics = '{}' OR o.topic = ANY (e.topics))
       AND NOT EXISTS (SELECT FROM mjc.webhook_delivery d WHERE d.outbox_id = o.outbox_id AND d.endpoint_id = e.endpoint_id);

    RETURN QUERY
    SELECT 'webhook_secret', format('endpoint %s', e.endpoint_id), 'is open without a secret'
      FROM mjc.webhook_endpoint e
     WHERE e.removed_at IS NULL AND NOT EXISTS (SELECT FROM mjc.webhook_secret s WHERE s.endpoint_id = e.endpoint_id);
END
$$;
COMMENT ON FUNCTION mjc.check_webhook_invariants(timestamptz) IS 'The part of mjc.check_invariants that concerns messages to other systems';

CREATE FUNCTION mjc.check_sale_invariants(since timestamptz, OUT rule text, OUT subject text, OUT detail text)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    days date[];
BEGIN
    IF since IS NOT NULL THEN
        -- The days of orders that changed, from the orders alone: cheap enough for every minute.
        SELECT array_agg(DISTINCT mjc.algiers_date(o.placed_at)) INTO days FROM mjc.order o WHERE o.updated_at >= since;
        RETURN QUERY
        SELECT 'sale_day', format('day %s', d.on_day), format('live: orders %s, cancelled %s, total %s; orders: %s, %s, %s', l.orders, l.cancelled, l.total,
                   o.orders, o.cancelled, o.total)
          FROM unnest(days) d (on_day)
          LEFT JOIN (
               SELECT s.on_day, sum(s.orders) AS orders, sum(s.cancelled_orders) AS cancelled, sum(s.total_centimes) AS total
                 FROM mjc.sale_live s WHERE s.dim = 'all' AND s.on_day = ANY (days) GROUP BY s.on_day) l ON l.on_day = d.on_day
         CROSS JOIN LATERAL (
               SELECT count(*) FILTER (WHERE x.order_state <> 'cancelled') AS orders, count(*) FILTER (WHERE x.order_state = 'cancelled') AS cancelled,
                      coalesce(sum(x.total_centimes) FILTER (WHERE x.order_state <> 'cancelled'), 0) AS total
                 FROM mjc.order x
                WHERE x.placed_at >= mjc.algiers_start(d.on_day) AND x.placed_at < mjc.algiers_start(d.on_day + 1)) o
         WHERE (l.orders, l.cancelled, l.total) IS DISTINCT FROM (o.orders::numeric, o.cancelled::numeric, o.total);
        RETURN;
    END IF;

    RETURN QUERY  -- what people read, folded or not, is what all orders amount to
    SELECT 'sale_recount', format('%s %s %s', z.dim, z.on_day, z.key),
           format('told less recounted: orders %s, cancelled %s, units %s, returned %s, total %s, returned %s, tax %s, refunded %s, sold %s, cost %s',
                  z.orders, z.cancelled_orders, z.units, z.returned_units, z.total, z.returned, z.tax, z.refunded, z.sold_ht, z.cost)
      FROM (SELECT x.dim, x.on_day, x.key, sum(x.orders) AS orders, sum(x.cancelled_orders) AS cancelled_orders, sum(x.units) AS units,
                   sum(x.returned_units) AS returned_units, sum(x.total_centimes) AS total, sum(x.returned_centimes) AS returned,
                   sum(x.discount_centimes) AS discount, sum(x.shipping_centimes) AS shipping, sum(x.stamp_duty_centimes) AS stamp_duty,
                   sum(x.tax_centimes) AS tax, sum(x.returned_tax_centimes) AS returned_tax, sum(x.refunded_centimes) AS refunded,
                   sum(x.sold_ht_centimes) AS sold_ht, sum(x.cost_centimes) AS cost
              FROM (SELECT s.dim, s.on_day, s.key, s.orders, s.cancelled_orders, s.units, s.returned_units, s.total_centimes, s.returned_centimes,
                           s.discount_centimes, s.shipping_centimes, s.stamp_duty_centimes, s.tax_centimes, s.returned_tax_centimes,
                           s.refunded_centimes, s.sold_ht_centimes, s.cost_centimes
                      FROM mjc.sale_live s
                    UNION ALL
                    SELECT f.dim, f.on_day, f.key, -f.orders, -f.cancelled_orders, -f.units, -f.returned_units, -f.total_centimes, -f.returned_centimes,
                           -f.discount_centimes, -f.shipping_centimes, -f.stamp_duty_centimes, -f.tax_centimes, -f.returned_tax_centimes,
                           -f.refunded_centimes, -f.sold_ht_centimes, -f.cost_centimes
                      FROM mjc.sale_fact f) x
             GROUP BY x.dim, x.on_day, x.key) z
     WHERE (z.orders, z.cancelled_orders, z.units, z.returned_units, z.total, z.returned, z.discount, z.shipping, z.stamp_duty, z.tax,
            z.returned_tax, z.refunded, z.sold_ht, z.cost) <> (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

    RETURN QUERY
    SELECT 'sale_pending', format('order %s', p.order_id), 'is pending and does not exist'
      FROM mjc.sale_pending p WHERE NOT EXISTS (SELECT FROM mjc.order o WHERE o.order_id = p.order_id);

    RETURN QUERY
    SELECT 'customer_day', format('day %s', z.on_day), format('counted less recounted: %s', z.customers)
      FROM (SELECT x.on_day, sum(x.customers) AS customers
              FROM (SELECT l.on_day, l.customers FROM mjc.customer_live l
                    UNION ALL
                    SELECT mjc.algiers_date(c.created_at), -count(*) FROM mjc.customer c WHERE c.merged_into IS NULL AND c.status <> 'erased' GROUP BY 1) x
             GROUP BY x.on_day) z
     WHERE z.customers <> 0;

    RETURN QUERY  -- what its goods cost is what left the shelves for an order, and did not come back
    SELECT 'sale_cost', format('product %s location %s order %s', c.product_id, c.location_id, c.ref_id), format('ledger %s, reservation %s', c.cost, c.kept)
      FROM (SELECT g.product_id, g.location_id, g.ref_id, sum(g.before - g.value_centimes) AS cost,
                   (SELECT sum(r.cost_centimes) FROM mjc.reservation r
                     WHERE r.product_id = g.product_id AND r.reservation_id = mjc.uuid_or_null(g.ref_id) AND r.location_id = g.location_id) AS kept
              FROM (SELECT x.product_id, x.location_id, x.ref_kind, x.ref_id, x.kind, x.value_centimes,
                           lag(x.value_centimes, 1, 0::bigint) OVER (PARTITION BY x.product_id, x.location_id ORDER BY x.seq) AS before
                      FROM mjc.stock_ledger x) g
             WHERE g.kind IN ('ship', 'return') AND g.ref_kind = 'order'
             GROUP BY g.product_id, g.location_id, g.ref_id) c
     WHERE c.cost IS DISTINCT FROM c.kept;
END
$$;
COMMENT ON FUNCTION mjc.check_sale_invariants(timestamptz) IS 'The part of mjc.check_invariants that concerns sales figures; with since: days of orders that changed, by their orders alone';

CREATE FUNCTION mjc.check_event_invariants(since timestamptz, OUT rule text, OUT subject text, OUT detail text)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY  -- of recent ones a thousand: there may be very many
    SELECT 'event_has_visit', format('session %s', e.session_id), format('%s event(s)', count(*))
      FROM (SELECT x.session_id FROM mjc.event x WHERE since IS NULL
            UNION ALL (SELECT x.session_id FROM mjc.event x WHERE x.at >= since LIMIT 1000)) e
     WHERE NOT EXISTS (SELECT FROM mjc.visit v WHERE v.session_id = e.session_id)
     GROUP BY e.session_id;
END
$$;
COMMENT ON FUNCTION mjc.check_event_invariants(timestamptz) IS 'Part of mjc.check_invariants: every event is of a visit';

CREATE FUNCTION mjc.check_invariants(since timestamptz DEFAULT NULL, OUT rule text, OUT subject text, OUT detail text)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY SELECT * FROM mjc.check_stock_invariants(since);
    RETURN QUERY SELECT * FROM mjc.check_order_invariants(since);
    RETURN QUERY SELECT * FROM mjc.check_payment_invariants(since);
    RETURN QUERY SELECT * FROM mjc.check_shipment_invariants(since);
    RETURN QUERY SELECT * FROM mjc.check_pricing_invariants(since);
    RETURN QUERY SELECT * FROM mjc.check_cart_invariants(since);
    RETURN QUERY SELECT * FROM mjc.check_customer_invariants(since);
    RETURN QUERY SELECT * FROM mjc.check_account_invariants(since);
    RETURN QUERY SELECT * FROM mjc.check_invoice_invariants(since);
    RETURN QUERY SELECT * FROM mjc.check_audit_invariants(since);
    RETURN QUERY SELECT * FROM mjc.check_webhook_invariants(since);
    RETURN QUERY SELECT * FROM mjc.check_sale_invariants(since);
    RETURN QUERY SELECT * FROM mjc.check_event_invariants(since);
    RETURN QUERY SELECT * FROM mjc.check_catalogue_invariants(since);
    RETURN QUERY SELECT * FROM mjc.check_part_invariants(since);
    RETURN QUERY SELECT * FROM mjc.check_search_invariants(since);
    RETURN QUERY SELECT * FROM mjc.check_card_invariants(since);
    RETURN QUERY SELECT * FROM mjc.check_facet_invariants(since);
END
$$;
COMMENT ON FUNCTION mjc.check_invariants(timestamptz) IS
    'One row for every broken promise: rule, subject, detail. Empty is good. With since: only what changed after it';
