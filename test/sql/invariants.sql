-- invariants: every rule finds what is broken by hand, and nothing else.
BEGIN;
SELECT plan(160);
\ir fixture.psql
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'a clean shop keeps its promises');

SELECT clock_timestamp() AS start \gset
SELECT pg_temp.make_stock(1, 10) \g /dev/null
SELECT pg_temp.make_stock(2, 10) \g /dev/null
SELECT pg_temp.make_product(3, 100000) \g /dev/null
SELECT ((pg_temp.buy('{1,2}', '{2,1}', key => 'invariants-1')).body) ->> 'orderNumber' AS held \gset
SELECT pg_temp.bought('{1}', '{1}') AS confirmed \gset
SELECT mjc.order_confirm(:'confirmed') \g /dev/null
SELECT pg_temp.bought('{1}', '{1}') AS shipped \gset
SELECT mjc.order_ship(:'shipped') \g /dev/null
SELECT pg_temp.bought('{1}', '{1}') AS cancelled \gset
SELECT mjc.order_cancel(:'cancelled') \g /dev/null
SELECT pg_temp.bought('{1}', '{1}') AS refunded \gset
SELECT mjc.order_ship(:'refunded') \g /dev/null
SELECT mjc.order_deliver(:'refunded') \g /dev/null
SELECT mjc.order_refund(:'refunded') \g /dev/null
INSERT INTO mjc.promotion (promotion_id, code, name, kind, scope, rate_bp, needs_coupon) VALUES ('00000000-0000-4000-e000-000000000001', 'test-ten', 'Test', 'percent', 'order', 1000, true);
SELECT mjc.pricing_changed() \g /dev/null
INSERT INTO mjc.coupon (code, promotion_id, max_uses) VALUES ('TEST-TEN', '00000000-0000-4000-e000-000000000001', 9);
SELECT credit_id AS card, code FROM mjc.gift_card_issue(100) \gset
CREATE FUNCTION pg_temp.reduced(card text) RETURNS text
    LANGUAGE sql
    AS $$ SELECT mjc.order_place(pg_temp.pids('{1}'), '{1}', 'Amina', 'Test', '0550000098', street => '1 rue du Test', city => 'Testville', region => '99', coupons => '{TEST-TEN}', gift_cards => ARRAY[card]) $$;
SELECT pg_temp.reduced(:'code') AS undone \gset
SELECT mjc.order_cancel(:'undone') \g /dev/null
SELECT pg_temp.reduced(:'code') AS reduced \gset
SELECT mjc.setting_set('delivery_days_default', '6') \g /dev/null
SELECT mjc.customer_create('{"email": "invariants@example.test", "firstName": "Karim", "lastName": "Test"}') AS karim \gset
SELECT mjc.address_write(:'karim', NULL, jsonb_build_object('type', 'SHIPPING', 'street', 'rue ' || n, 'city', 'Oran')) FROM generate_series(1, 2) n \g /dev/null
SELECT mjc.audit_seal() \g /dev/null
SELECT mjc.setting_set('delivery_days_default', '7') \g /dev/null
SELECT mjc.audit_seal() \g /dev/null
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'after orders of every kind');
SELECT is_empty(format('SELECT * FROM mjc.check_invariants(%L)', :'start'), 'and of what changed since');

-- Breaks a promise, reads which rules find it, undoes it.
CREATE FUNCTION pg_temp.found(statement text, since timestamptz DEFAULT NULL) RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    rules text;
BEGIN
    EXECUTE statement;
    SELECT string_agg(DISTINCT v.rule, ' ' ORDER BY v.rule) INTO rules FROM mjc.check_invariants(since) v;
    RAISE EXCEPTION 'undo' USING ERRCODE = 'MJX99';
EXCEPTION WHEN SQLSTATE 'MJX99' THEN
    RETURN rules;
END
$$;

-- Writes a ledger by hand, "kind qty on_hand reserved damaged|..."; with beyond, a hold of
-- what it reserves, so many units of it beyond the stock.
CREATE FUNCTION pg_temp.by_hand(id uuid, steps text, beyond integer DEFAULT NULL) RETURNS void
    LANGUAGE sql
AS $$
    INSERT INTO mjc.stock_anchor (product_id) VALUES (id);
    INSERT INTO mjc.stock_ledger (product_id, location_id, seq, kind, qty, on_hand, reserved, damaged, value_centimes, unit_cost_centimes,
                                  ref_kind, ref_id, op_id, at)
    SELECT id, 1, s.n, s.f[1], s.f[2]::integer, s.f[3]::bigint, s.f[4]::bigint, s.f[5]::bigint, 0, 0, 'hold',
           '00000000-0000-4000-9000-000000000001', 'x' || s.n, clock_timestamp()
      FROM (SELECT u.n, string_to_array(u.step, ' ') AS f FROM string_to_table(steps, '|') WITH ORDINALITY u (step, n)) s;
    INSERT INTO mjc.reservation (product_id, reservation_id, line_no, location_id, kind, qty, held_qty, backorder_qty, promised_on, expires_at,
                                 created_at, updated_at)
    SELECT id, '00000000-0000-4000-9000-000000000001', 1, 1, 'hold', g.qty, g.qty, beyond, current_date + 7, now() + interval '1 hour', now(), now()
      FROM mjc.stock_ledger g WHERE g.product_id = id AND g.kind = 'reserve' AND beyond IS NOT NULL;
$$;

-- What an order holds of a product goes back, as when it lapsed.
CREATE FUNCTION pg_temp.lose(holder uuid, id uuid) RETURNS void
    LANGUAGE sql
AS $$
    INSERT INTO mjc.stock_ledger (product_id, location_id, seq, kind, qty, on_hand, reserved, damaged, value_centimes, unit_cost_centimes,
                                  ref_kind, ref_id, op_id, at)
    SELECT g.product_id, g.location_id, g.seq + 1, 'release', g.reserved, g.on_hand, 0, g.damaged, g.value_centimes, g.unit_cost_centimes,
           'order', holder::text, 'x', clock_timestamp()
      FROM mjc.stock_ledger g WHERE g.product_id = id ORDER BY g.seq DESC LIMIT 1;
    UPDATE mjc.reservation r SET held_qty = 0 WHERE r.product_id = id AND r.reservation_id = holder;
$$;

CREATE TEMP TABLE breach (n serial, statement text, rules text, what text);
INSERT INTO breach (statement, rules, what)
SELECT replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(b.statement,
           ':p1', quote_literal(pg_temp.pid(1))), ':p2', quote_literal(pg_temp.pid(2))), ':p3', quote_literal(pg_temp.pid(3))),
           ':held', quote_literal(pg_temp.order_id(:'held'))), ':shipped', quote_literal(pg_temp.order_id(:'shipped'))),
           ':cancelled', quote_literal(pg_temp.order_id(:'cancelled'))), ':refunded', quote_literal(pg_temp.order_id(:'refunded'))),
           ':confirmed', quote_literal(pg_temp.order_id(:'confirmed'))), ':reduced', quote_literal(pg_temp.order_id(:'reduced'))),
           ':undone', quote_literal(pg_temp.order_id(:'undone'))), ':card', quote_literal(:'card')),
       b.rules, b.what
  FROM (VALUES
    -- stock
    ('UPDATE mjc.stock_ledger SET seq = seq + 1 WHERE product_id = :p2 AND seq = 2', 'stock_ledger_step', 'a gap in the ledger'),
    ('UPDATE mjc.stock_ledger SET on_hand = on_hand + 1 WHERE product_id = :p2 AND seq = 1', 'stock_ledger_step', 'a receipt of another number'),
    ('UPDATE mjc.stock_ledger SET on_hand = 12 WHERE product_id = :p2 AND seq = 2', 'stock_ledger_step', 'a balance that does not follow'),
    ('UPDATE mjc.stock_ledger SET damaged = 1 WHERE product_id = :p2 AND seq = 2', 'stock_ledger_step', 'damaged units out of nothing'),
    ('UPDATE mjc.stock_ledger SET at = ''2001-01-01'' WHERE product_id = :p2 AND seq = 2', 'stock_ledger_step', 'a movement before the one before'),
    ('UPDATE mjc.stock_ledger SET reserved = 2 WHERE product_id = :p2 AND seq = 2', 'stock_ledger_step stock_reserved_is_held', 'reserved more than was taken'),
    ('UPDATE mjc.stock_ledger SET qty = 7 WHERE product_id = :p1 AND kind = ''ship''', 'stock_ledger_step', 'a parcel of another size'),
    ('UPDATE mjc.stock_ledger SET kind = ''receive'' WHERE product_id = :p1 AND kind = ''return''', 'sale_cost', 'a return told as a receipt has the same balances'),
    ('UPDATE mjc.stock_ledger SET kind = ''release'' WHERE product_id = :p1 AND kind = ''ship''', 'sale_cost stock_ledger_step', 'another kind of movement'),
    ('INSERT INTO mjc.stock_anchor (product_id) VALUES (:p3); INSERT INTO mjc.stock_ledger VALUES (:p3, 1, 1, ''receive'', 1, 1, 0, 0, 0, 0, ''x'', ''x'', ''x1'', NULL, NULL, clock_timestamp()), (:p3, 1, 2, ''adjust'', -1, 0, 0, 0, 5, 0, ''x'', ''x'', ''x2'', NULL, NULL, clock_timestamp())',
     'stock_ledger_step', 'nothing on hand but a value'),
    ('UPDATE mjc.stock_ledger SET value_centimes = value_centimes + 1 WHERE product_id = :p2 AND seq = 2', 'stock_ledger_step', 'a reservation that changes the value'),
    ('SELECT pg_temp.by_hand(:p3, ''receive 2 2 0 0|damage 1 1 0 1|scrap 1 1 0 0''); INSERT INTO mjc.stock_flag VALUES (:p3, true, now()); INSERT INTO mjc.stock_flip VALUES (:p3, gen_random_uuid())', NULL, 'damaged units that were thrown away'),
    ('SELECT pg_temp.by_hand(:p3, ''receive 2 2 0 0|damage 1 1 0 1|scrap 1 0 0 0'')', 'stock_ledger_step', 'sound units that were thrown away'),
    ('UPDATE mjc.reservation SET qty = 5, held_qty = 5 WHERE reservation_id = :held AND product_id = :p2', 'order_reservation stock_reserved_is_held', 'a reservation of another size'),
    ('UPDATE mjc.reservation SET product_id = :p3 WHERE reservation_id = :held AND product_id = :p2', 'order_reservation reservation_owner stock_reserved_is_held', 'held without a ledger'),
    ('DELETE FROM mjc.reservation WHERE reservation_id = :held AND product_id = :p2', 'order_reservation stock_reserved_is_held', 'reserved for nobody'),
    ('UPDATE mjc.reservation SET reservation_id = gen_random_uuid() WHERE reservation_id = :held AND product_id = :p2', 'order_reservation reservation_owner', 'held for an order that does not exist'),
    ('UPDATE mjc.reservation SET line_no = 9 WHERE reservation_id = :held AND product_id = :p2', 'order_reservation reservation_owner', 'held for a line that does not exist'),
    ('ALTER TABLE mjc.reservation DROP CONSTRAINT reservation_hold_ck; UPDATE mjc.reservation SET kind = ''hold'', expires_at = NULL WHERE reservation_id = :held AND product_id = :p2', 'reservation_owner', 'a hold without an end'),
    ('SELECT pg_temp.by_hand(:p3, ''reserve 3 0 3 0'')', 'stock_oversold stock_reserved_is_held', 'sold more than there was'),
    ('SELECT pg_temp.by_hand(:p3, ''adjust 1 1 0 0|reserve 3 1 3 0'')', 'stock_oversold stock_reserved_is_held', 'the same after a correction'),
    ('SELECT pg_temp.by_hand(:p3, ''receive 1 1 0 0|reserve 3 1 3 0'', 2)', NULL, 'promised beyond the stock as far as is allowed'),
    ('SELECT pg_temp.by_hand(:p3, ''receive 1 1 0 0|reserve 3 1 3 0'', 1)', 'stock_oversold', 'and further'),
    ('SELECT pg_temp.by_hand(:p3, ''receive 5 5 0 0|reserve 3 5 3 0|count -3 2 3 0'')', 'stock_reserved_is_held', 'a later count may show less than is held'),
    ('UPDATE mjc.stock_flag SET in_stock = false, next_expiry_at = now() - interval ''1 second'' WHERE product_id = :p1', NULL, 'a flag that a lapsed hold has set'),
    ('UPDATE mjc.stock_flag SET in_stock = false, next_expiry_at = now() + interval ''1 hour'' WHERE product_id = :p1', 'stock_flag', 'and one that it will set'),
    ('UPDATE mjc.stock_anchor SET safety_qty = 100 WHERE product_id = :p1', 'stock_flag', 'a flag for stock that is not for sale'),
    ('UPDATE mjc.stock_flag SET in_stock = false WHERE product_id = :p1', 'stock_flag', 'stock that no search finds'),
    ('DELETE FROM mjc.stock_flag WHERE product_id = :p1', 'stock_flag', 'stock without a flag'),
    ('DELETE FROM mjc.stock_flip; UPDATE mjc.product SET in_stock = NOT in_stock WHERE product_id = :p1', 'product_in_stock', 'lists that know nothing of the stock'),
    ('UPDATE mjc.product SET in_stock = NOT in_stock WHERE product_id = :p1; INSERT INTO mjc.stock_flip VALUES (:p1, gen_random_uuid())', NULL, 'lists that will know'),
    -- documents
    ('SELECT mjc.product_changed(ARRAY[:p1]::uuid[]); UPDATE mjc.product SET name = name || ''x'' WHERE product_id = :p1', 'product_card search_product_is_derived', 'a document with another name'),
    ('SELECT mjc.product_changed(ARRAY[:p1]::uuid[]); INSERT INTO mjc.product_image (product_id, image_id, url) VALUES (:p1, gen_random_uuid(), ''/x.jpg'')', 'product_card', 'one without an image'),
    ('SELECT mjc.product_changed(ARRAY[:p1]::uuid[]); UPDATE mjc.product SET price_centimes = price_centimes + 100, updated_at = now() WHERE product_id = :p1', 'search_product_is_derived', 'a price that the search does not know; it is no part of a document'),
    -- orders
    ('UPDATE mjc.order SET subtotal_centimes = subtotal_centimes + 1, total_centimes = total_centimes + 1 WHERE order_id = :held', 'order_payment order_totals order_trace', 'a subtotal that is not the sum of the lines'),
    ('UPDATE mjc.order SET tax_centimes = tax_centimes + 1 WHERE order_id = :held', 'order_totals order_trace', 'a tax that is not the sum of the lines'),
    ('DELETE FROM mjc.order_line WHERE order_id = :held', 'order_totals reservation_owner', 'an order without lines'),
    ('DELETE FROM mjc.payment WHERE order_id = :held', 'order_payment', 'no payment'),
    ('INSERT INTO mjc.payment SELECT order_id, gen_random_uuid(), method, provider, NULL, 100, currency, ''paid'', created_at, updated_at, now(), NULL, 100 FROM mjc.payment WHERE order_id = :held', 'order_payment', 'money that the order does not know of'),
    ('INSERT INTO mjc.payment SELECT order_id, gen_random_uuid(), method, provider, NULL, 100, currency, ''mismatch'', created_at, updated_at, NULL, NULL, 100 FROM mjc.payment WHERE order_id = :held', NULL, 'money that waits for a decision'),
    ('UPDATE mjc.order SET payment_state = ''part_paid'' WHERE order_id = :held', 'order_payment', 'an order that is said to be paid in part'),
    ('UPDATE mjc.payment SET state = ''paid'', paid_at = now(), received_centimes = amount_centimes WHERE order_id = :cancelled', 'order_payment', 'money kept of a cancelled order'),
    ('UPDATE mjc.payment SET refunded_centimes = refunded_centimes - 1 WHERE order_id = :refunded', 'payment_refund', 'a payment that says less went back'),
    ('UPDATE mjc.refund SET shipment_no = 7 WHERE order_id = :refunded', 'refund_parcel', 'a refund for a parcel that is not there'),
    ('DELETE FROM mjc.refund WHERE order_id = :refunded', 'order_payment payment_refund', 'a refund that is not there'),
    ('UPDATE mjc.order SET payment_state = ''paid_short'' WHERE order_id = :cancelled', 'order_paid_short', 'an order that is owed nothing'),
    ('INSERT INTO mjc.checkout VALUES (:held, gen_random_uuid(), ''BANK_CARD'', ''stripe'', ''x'', ''y'', ''z'', 100, ''paid'', NULL, now(), now(), now())', 'checkout_payment', 'a checkout whose money is nowhere'),
    ('INSERT INTO mjc.provider_ref VALUES (''x'', ''stripe'', gen_random_uuid())', 'provider_ref', 'a name of nothing'),
    ('UPDATE mjc.payment SET amount_centimes = amount_centimes - 1 WHERE order_id = :held', 'order_payment', 'a payment of another amount'),
    ('UPDATE mjc.payment SET state = ''paid'', paid_at = now() WHERE order_id = :held', 'order_payment', 'a payment in another state'),
    ('DELETE FROM mjc.reservation WHERE reservation_id = :shipped', 'order_reservation sale_cost shipment_stock', 'a shipped order that holds nothing'),
    ('UPDATE mjc.reservation SET shipped_qty = 0 WHERE reservation_id = :shipped', 'order_reservation shipment_stock', 'a shipped order whose goods never left'),
    ('UPDATE mjc.reservation SET returned_qty = 1 WHERE reservation_id = :shipped', NULL, 'goods of a shipped order may come back before it is refunded'),
    ('UPDATE mjc.reservation SET returned_qty = 0 WHERE reservation_id = :refunded', 'order_reservation', 'a refunded order whose goods were never back'),
    ('DELETE FROM mjc.reservation WHERE reservation_id = :refunded', 'order_reservation sale_cost shipment_stock', 'a refunded order that never had goods'),
    ('UPDATE mjc.reservation SET shipped_qty = qty WHERE reservation_id = :cancelled', 'order_reservation shipment_stock', 'a cancelled order whose goods left'),
    ('UPDATE mjc.reservation SET shipped_qty = qty, returned_qty = qty WHERE reservation_id = :cancelled', 'shipment_stock', 'or left and came back, in no parcel'),
    ('UPDATE mjc.reservation SET held_qty = qty WHERE reservation_id = :cancelled', 'order_reservation stock_reserved_is_held', 'a cancelled order that holds its goods'),
    ('UPDATE mjc.reservation SET expires_at = now() + interval ''1 hour'' WHERE reservation_id = :confirmed', 'order_reservation', 'a confirmed order whose goods lapse'),
    ('SELECT pg_temp.lose(:held, :p2)', 'order_reservation', 'an order that lost its goods'),
    ('UPDATE mjc.order SET confirm_by_at = now() - interval ''1 minute'' WHERE order_id = :held; SELECT pg_temp.lose(:held, :p2)', NULL, 'as one may that nobody confirmed in time'),
    ('UPDATE mjc.reservation SET line_no = 9 WHERE reservation_id = :shipped', 'order_reservation shipment_stock', 'units of no line'),
    ('INSERT INTO mjc.reservation (product_id, reservation_id, line_no, location_id, kind, qty, held_qty, shipped_qty, created_at, updated_at) SELECT product_id, reservation_id, 9, location_id, kind, 1, 0, 1, created_at, updated_at FROM mjc.reservation WHERE reservation_id = :shipped', 'order_reservation', 'units of a line that the order does not have'),
    ('UPDATE mjc.shipment_line SET qty = qty + 1 WHERE order_id = :shipped', 'shipment_line shipment_stock', 'more in a parcel than was ordered'),
    ('DELETE FROM mjc.shipment_line WHERE order_id = :shipped', 'shipment_line shipment_stock', 'a parcel with nothing in it'),
    ('UPDATE mjc.shipment SET state = ''packed'', shipped_at = NULL WHERE order_id = :shipped', 'shipment_state shipment_stock', 'a shipped order whose parcel stands here'),
    ('UPDATE mjc.shipment SET remitted_centimes = 5, remitted_at = now() WHERE order_id = :shipped', 'remittance', 'cash that no remittance tells of'),
    ('UPDATE mjc.order SET taken_off_centimes = 5 WHERE order_id = :held', 'order_payment', 'something taken off for nothing'),
    ('DELETE FROM mjc.order_reference WHERE order_id = :held', 'order_reference', 'an order that nobody finds by its number'),
    ('UPDATE mjc.order_reference SET order_id = :shipped WHERE order_id = :held', 'order_reference', 'a number that leads to another order'),
    ('UPDATE mjc.order SET reference = ''MJ-2026-000123-7'' WHERE order_id = :held', 'order_reference', 'a wrong check digit'),
    ('DELETE FROM mjc.customer_order WHERE order_id = :held', 'order_reference', 'an order that the customer does not see'),
    ('UPDATE mjc.customer_order SET is_open = false WHERE order_id = :held', 'order_reference', 'an open order listed as closed'),
    ('UPDATE mjc.customer_order SET is_open = true WHERE order_id = :cancelled', 'order_reference', 'a closed order listed as open'),
    ('DELETE FROM mjc.order_contact WHERE order_id = :held', 'order_reference', 'an order without address'),
    ('DELETE FROM mjc.order_event WHERE order_id = :shipped AND seq = 1', 'order_event', 'a history with a gap'),
    ('DELETE FROM mjc.order_event WHERE order_id = :shipped AND seq = 2', 'order_event', 'a history that ends elsewhere'),
    ('DELETE FROM mjc.order_event WHERE order_id = :held', 'order_event', 'no history'),
    ('ALTER TABLE mjc.order ALTER COLUMN status DROP EXPRESSION; UPDATE mjc.order SET status = ''CONFIRMED'' WHERE order_id = :held', 'order_event order_status', 'a word that is not that of the states'),
    ('UPDATE mjc.idempotency_key SET reply = NULL WHERE subject_id = :held', 'idempotency_key', 'a key without its reply'),
    ('UPDATE mjc.idempotency_key SET subject_id = NULL WHERE subject_id = :held', 'idempotency_key', 'a key without an order'),
    ('UPDATE mjc.idempotency_key SET subject_id = gen_random_uuid() WHERE subject_id = :held', 'idempotency_key', 'a key of an order that does not exist'),
    ('UPDATE mjc.idempotency_key SET subject_id = gen_random_uuid(), subject_kind = ''product'' WHERE subject_id = :held', NULL, 'a key of something else'),
    ('UPDATE mjc.idempotency_key SET subject_id = NULL, subject_kind = ''product'' WHERE subject_id = :held', 'idempotency_key', 'of nothing at all'),
    ('INSERT INTO mjc.idempotency_key (key_hash, digest, subject_id, reply, created_at) SELECT sha256(''x''), digest, subject_id, reply, created_at FROM mjc.idempotency_key WHERE subject_id = :held', 'idempotency_key', 'two keys of one order'),
    -- coupons, credit and how prices came about
    ('UPDATE mjc.order_trace SET steps = jsonb_set(steps, ''{0,amount}'', ''1'') WHERE order_id = :reduced', 'order_trace', 'another unit price'),
    ('UPDATE mjc.order_trace SET steps = steps - 0 WHERE order_id = :reduced', 'order_trace', 'a step too few'),
    ('UPDATE mjc.order_trace SET steps = steps || (steps -> -1) WHERE order_id = :reduced', NULL, 'the same total twice says the same'),
    ('UPDATE mjc.order_trace SET steps = ''[]'' WHERE order_id = :reduced', 'order_trace', 'no step at all'),
    ('UPDATE mjc.order_trace SET steps = replace(steps::text, ''"rate_bp": 1000'', ''"rate_bp": 2000'')::jsonb WHERE order_id = :reduced', 'order_trace', 'another rate'),
    ('UPDATE mjc.order_trace SET steps = replace(steps::text, ''"value": 10000'', ''"value": 9999'')::jsonb WHERE order_id = :reduced', 'order_trace', 'a card that held less'),
    ('UPDATE mjc.order_trace SET steps = (SELECT jsonb_agg(CASE WHEN s ->> ''rule'' = ''share'' THEN s || ''{"amount": 1}'' ELSE s END ORDER BY n) FROM jsonb_array_elements(steps) WITH ORDINALITY u (s, n)) WHERE order_id = :reduced',
     'order_trace', 'shares that are not the discount'),
    ('UPDATE mjc.order_trace t SET steps = x.steps FROM mjc.order_trace x WHERE t.order_id = :reduced AND x.order_id = :held', 'order_trace', 'the steps of another order'),
    ('DELETE FROM mjc.order_trace WHERE order_id = :reduced', NULL, 'orders from before have no steps'),
    ('UPDATE mjc.order SET discount_centimes = discount_centimes - 100, total_centimes = total_centimes + 100 WHERE order_id = :reduced', 'order_payment order_totals order_trace', 'a discount that is not that of the lines'),
    ('UPDATE mjc.order SET credit_centimes = credit_centimes - 1 WHERE order_id = :reduced', 'credit_order order_payment order_trace', 'an order that a card paid less of'),
    ('UPDATE mjc.order SET credit_ids = ''{}'' WHERE order_id = :reduced', 'credit_order', 'an order that names no card'),
    ('UPDATE mjc.order SET coupons = ''{TEST-NONE}'' WHERE order_id = :reduced', 'coupon_order', 'an order with a coupon that it never used'),
    ('UPDATE mjc.order SET coupons = coupons || ''TEST-NONE''::text WHERE order_id = :undone', NULL, 'a cancelled one has used none'),
    ('UPDATE mjc.order SET coupons = ''{}'' WHERE order_id = :reduced', 'coupon_order', 'a use that its order does not name'),
    ('DELETE FROM mjc.coupon_ledger WHERE order_id = :reduced', 'coupon_order', 'a use that was wiped'),
    ('DELETE FROM mjc.coupon_ledger WHERE order_id = :undone AND change < 0', 'coupon_ledger coupon_order', 'a use that was not given back'),
    ('DELETE FROM mjc.coupon_ledger WHERE seq = 1 AND code = ''TEST-TEN''', 'coupon_ledger coupon_order', 'a ledger that begins in the middle'),
    ('UPDATE mjc.coupon_ledger SET used = used + 1 WHERE order_id = :reduced', 'coupon_ledger', 'a count that does not follow'),
    ('UPDATE mjc.coupon_ledger SET at = ''2001-01-01'' WHERE order_id = :reduced', 'coupon_ledger', 'a use before the one before'),
    ('UPDATE mjc.coupon_ledger SET order_id = :held WHERE order_id = :reduced', 'coupon_order', 'a use of another order'),
    ('INSERT INTO mjc.coupon_ledger SELECT code, seq + 1, -1, used - 1, order_id, customer_id, clock_timestamp() FROM mjc.coupon_ledger WHERE order_id = :reduced', 'coupon_order', 'a use given back to an order that stands'),
    ('INSERT INTO mjc.coupon_ledger SELECT code, seq + n, 1, used + n, gen_random_uuid(), customer_id, clock_timestamp() FROM mjc.coupon_ledger, generate_series(1, 9) n WHERE order_id = :reduced', 'coupon_limit coupon_order', 'used more often than allowed'),
    ('INSERT INTO mjc.coupon_ledger SELECT code, seq + n, 1, used + n, gen_random_uuid(), customer_id, clock_timestamp() FROM mjc.coupon_ledger, generate_series(1, 9) n WHERE order_id = :reduced; UPDATE mjc.coupon SET updated_at = clock_timestamp() WHERE code = ''TEST-TEN''',
     'coupon_order', 'used before less was allowed'),
    ('UPDATE mjc.credit_ledger SET balance_centimes = balance_centimes + 1 WHERE credit_id = :card AND seq = 1', 'credit_ledger', 'a card that was issued with more'),
    ('UPDATE mjc.credit_ledger SET amount_centimes = amount_centimes - 1 WHERE order_id = :reduced', 'credit_ledger credit_order', 'a card that lost more than was paid'),
    ('UPDATE mjc.credit_ledger SET order_id = :held WHERE order_id = :reduced', 'credit_order', 'a part of another order'),
    ('UPDATE mjc.credit_ledger SET at = ''2001-01-01'' WHERE order_id = :reduced', 'credit_ledger', 'a movement of a card before the one before'),
    ('DELETE FROM mjc.credit_ledger WHERE credit_id = :card AND seq = 2', 'credit_back credit_ledger credit_order', 'a gap in the ledger of a card'),
    ('DELETE FROM mjc.credit_ledger WHERE order_id = :undone AND kind = ''refund''', 'credit_ledger credit_order', 'a part that was not given back'),
    ('INSERT INTO mjc.credit_ledger SELECT credit_id, seq + 1, ''refund'', -amount_centimes, balance_centimes - amount_centimes, order_id, ''x'', NULL, NULL, clock_timestamp() FROM mjc.credit_ledger WHERE order_id = :reduced', 'credit_order', 'a part given back too early'),
    ('INSERT INTO mjc.credit_ledger SELECT credit_id, seq + 1, ''refund'', -2 * amount_centimes, balance_centimes - 2 * amount_centimes, order_id, ''x'', NULL, NULL, clock_timestamp() FROM mjc.credit_ledger WHERE order_id = :reduced', 'credit_back credit_order', 'more given back than was taken'),
    ('UPDATE mjc.order SET credit_back_centimes = 5 WHERE order_id = :reduced', 'credit_order', 'a part that went back to no card')
  ) b (statement, rules, what);
INSERT INTO breach
SELECT 1000 + row_number() OVER (), replace(statement, ':karim', quote_literal(:'karim')), rules, what
  FROM (VALUES
    ('DROP INDEX mjc.address_default_idx; UPDATE mjc.address SET is_default = true WHERE customer_id = :karim', 'address_default', 'two default addresses of a kind'),
    ('UPDATE mjc.address SET is_default = false WHERE customer_id = :karim', 'address_default', 'no default address of a kind'),
    ('UPDATE mjc.account SET is_active = false WHERE account_id = :karim', 'customer_status', 'a closed account of an active customer'),
    ('UPDATE mjc.customer SET status = ''blocked'' WHERE customer_id = :karim', 'customer_status', 'an open account of a blocked customer'),
    ('UPDATE mjc.customer SET account_id = gen_random_uuid() WHERE customer_id = :karim', 'customer_account', 'a customer of another account'),
    ('UPDATE mjc.customer SET merged_into = gen_random_uuid() WHERE kind = ''guest'' AND customer_id = (SELECT customer_id FROM mjc.customer WHERE kind = ''guest'' LIMIT 1)', 'customer_day customer_forgotten customer_merged customer_phone', 'a guest joined to nobody'),
    ('UPDATE mjc.customer SET status = ''erased'', erased_at = clock_timestamp() WHERE customer_id = (SELECT customer_id FROM mjc.customer_phone LIMIT 1)', 'customer_day customer_forgotten customer_phone', 'an erased guest who is still there')
  ) b (statement, rules, what);
SELECT mjc.session_make(:'karim', 0, pg_temp.pid(1), sha256('a')), mjc.session_end(pg_temp.pid(1), 'logout') \g /dev/null
SELECT mjc.staff_create(NULL, 'Nadia', 'invariants-staff@example.test', 'ADMIN', '$2b$12$' || repeat('a', 53)) AS nadia \gset
UPDATE mjc.account SET updated_at = clock_timestamp() WHERE account_id IN (:'karim', :'nadia');
SELECT is_empty('SELECT * FROM mjc.check_account_invariants(NULL)', 'accounts of both kinds, and a session that was ended');
INSERT INTO breach
SELECT 2000 + row_number() OVER (), replace(replace(statement, ':karim', quote_literal(:'karim')), ':nadia', quote_literal(:'nadia')), rules, what
  FROM (VALUES
    ('INSERT INTO mjc.account_email (email, account_id) VALUES (''lost@example.test'', gen_random_uuid())', 'account_email', 'an e-mail that leads nowhere'),
    ('DELETE FROM mjc.account_email WHERE account_id = :karim', 'account_person', 'a customer whom nobody finds by e-mail'),
    ('DELETE FROM mjc.account_email WHERE account_id = :nadia', 'account_person', 'a member of staff whom nobody finds'),
    ('UPDATE mjc.account_email SET email = ''other@example.test'' WHERE account_id = :karim', 'account_person', 'a customer found by another e-mail'),
    ('UPDATE mjc.account_email SET account_id = :nadia WHERE account_id = :karim', 'account_person', 'two e-mails of one account'),
    ('DELETE FROM mjc.customer_person WHERE customer_id = :karim', 'account_person', 'a customer without a person'),
    ('DELETE FROM mjc.account_person WHERE account_id = :nadia', 'account_person', 'a member of staff without a person'),
    ('INSERT INTO mjc.account_person (account_id, email, first_name, last_name) VALUES (:karim, ''invariants@example.test'', ''A'', ''B'')', 'account_person', 'a customer with two persons'),
    ('UPDATE mjc.account SET role = ''ADMIN'' WHERE account_id = :karim', 'account_person', 'a customer who became staff'),
    ('UPDATE mjc.account SET role = ''CUSTOMER'' WHERE account_id = :nadia', 'account_person', 'a member of staff who became a customer'),
    ('INSERT INTO mjc.customer (customer_id, kind, account_id, created_at) VALUES (pg_temp.pid(8), ''registered'', pg_temp.pid(8), clock_timestamp())', 'customer_account customer_day', 'a registered customer without an account'),
    ('DELETE FROM mjc.token_revoked WHERE token_id = pg_temp.pid(1)', 'session_revoked', 'a session that ended while its tokens go on'),
    ('DELETE FROM mjc.token_revoked WHERE token_id = pg_temp.pid(1); UPDATE mjc.session SET revoked_at = clock_timestamp() - interval ''8 hours 1 minute'' WHERE session_id = pg_temp.pid(1)', NULL, 'one that ended so long ago that none goes on')
  ) b (statement, rules, what);
SELECT is(pg_temp.found(statement), rules, 'found: ' || what) FROM breach ORDER BY n;

-- audit
SELECT is(pg_temp.found('UPDATE mjc.audit SET after = ''{"value": "9"}'' WHERE batch = (SELECT max(batch) - 1 FROM mjc.audit_seal)'), 'audit_chain', 'found: an entry changed after its seal');
SELECT is(pg_temp.found('DELETE FROM mjc.audit WHERE audit_id = (SELECT audit_id FROM mjc.audit WHERE batch IS NOT NULL ORDER BY audit_id DESC LIMIT 1)'), 'audit_chain', 'found: an entry removed after its seal');
SELECT is(pg_temp.found('DELETE FROM mjc.audit_seal WHERE batch = (SELECT max(batch) - 1 FROM mjc.audit_seal)'), 'audit_chain', 'found: a seal removed');
SELECT is(pg_temp.found('UPDATE mjc.audit_seal SET hash = sha256(''x'') WHERE batch = (SELECT max(batch) FROM mjc.audit_seal)'), 'audit_chain', 'found: another hash');
SELECT is(pg_temp.found('UPDATE mjc.audit SET batch = 999999 WHERE batch = (SELECT max(batch) FROM mjc.audit_seal)'), 'audit_chain', 'found: entries of a batch that was never sealed');

-- since
SELECT results_eq(
    format('SELECT what FROM breach WHERE pg_temp.found(statement) = rules AND pg_temp.found(statement, %L) IS DISTINCT FROM rules ORDER BY n', :'start'),
    $$VALUES ('a return told as a receipt has the same balances'::text), ('another kind of movement'), ('held without a ledger'), ('lists that know nothing of the stock'), ('a name of nothing'), ('a shipped order that holds nothing'), ('a refunded order that never had goods'), ('units of a line that the order does not have'), ('cash that no remittance tells of'), ('two keys of one order'), ('a guest joined to nobody'), ('an erased guest who is still there'), ('an e-mail that leads nowhere'), ('a registered customer without an account')$$,
    'since: the same rules look at what changed; the full check finds what no movement and no order tells');
SELECT is(pg_temp.found(format('UPDATE mjc.order_event SET to_status = %L WHERE order_id = %L', 'X', pg_temp.order_id(:'held')), clock_timestamp() + interval '1 hour'),
          NULL, 'since: what did not change is not looked at');
SELECT is_empty(format('SELECT * FROM mjc.check_invariants(%L)', '1970-01-01'), 'since long ago');
SELECT is_empty($$SELECT * FROM mjc.check_stock_invariants(NULL) UNION ALL SELECT * FROM mjc.check_order_invariants(NULL) UNION ALL SELECT * FROM mjc.check_pricing_invariants(NULL) UNION ALL SELECT * FROM mjc.check_cart_invariants(NULL) UNION ALL SELECT * FROM mjc.check_audit_invariants(NULL)$$,
                'each part alone is clean');

-- A rule that changes what products show and forgets to say so (mjc.product_changed) is seen in what
-- is recent, by what it leaves behind: the row's time or its audit; the documents stay old.
SELECT f.product_id AS fitting FROM mjc.fitment f JOIN mjc.product_card k ON k.product_id = f.product_id JOIN mjc.boiler_model b ON b.boiler_model_id = f.boiler_model_id WHERE f.fits ORDER BY 1 LIMIT 1 \gset
SELECT clock_timestamp() AS later \gset
SELECT is(pg_temp.found(replace(s, '$1', quote_literal(:'fitting')), :'later'), r, 'forgotten: ' || w)
  FROM (VALUES ('UPDATE mjc.product SET name = ''Autre'', updated_at = clock_timestamp() WHERE product_id = $1', 'product_card search_product_is_derived', 'a name, by the time of the row'),
               ('INSERT INTO mjc.cross_reference (product_id, cross_reference_id, kind, number) VALUES ($1, gen_random_uuid(), ''OEM'', ''ZZ 1''); SELECT mjc.audit_write(NULL, ''psql'', ''cross_reference_add'', ''product'', $1, NULL, NULL, NULL)', 'product_card search_key_is_derived search_product_is_derived', 'a number, which is a word too, by its audit'),
               ('DELETE FROM mjc.fitment WHERE fitment_id = (SELECT min(f.fitment_id::text)::uuid FROM mjc.fitment f WHERE f.product_id = $1); SELECT mjc.audit_write(NULL, ''psql'', ''fitment_delete'', ''fitment'', ''x'', jsonb_build_object(''product'', $1::text), NULL, NULL)', 'product_card search_product_is_derived', 'a fitment that goes, by its audit'),
               ('UPDATE mjc.product SET name = ''Autre'' WHERE product_id = $1', NULL, 'what leaves nothing behind only the full check finds')) v (s, r, w);

-- The job that watches them
SELECT is(mjc.invariants_watch(), 0::bigint, 'the watch is silent over a clean shop');
UPDATE mjc.stock_flag SET in_stock = false WHERE product_id = pg_temp.pid(1);
SELECT throws_ok('SELECT mjc.invariants_watch()', 'P0001', NULL, 'and fails over a broken promise');
UPDATE mjc.stock_flag SET in_stock = true WHERE product_id = pg_temp.pid(1);
SELECT has_function('mjc', 'check_invariants', ARRAY['timestamp with time zone'], 'one function tells all');
SELECT volatility_is('mjc', 'check_invariants', ARRAY['timestamp with time zone'], 'stable', 'which changes nothing');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');

SELECT * FROM finish();
ROLLBACK;
