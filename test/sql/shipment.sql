-- shipment: parcels, whole and partial; refused at the door and back on the desk; cash that
-- carriers collect and remit. Scenarios are the failures that the shop must survive.
BEGIN;
SELECT plan(245);
\ir fixture.psql
SELECT pg_temp.make_stock(n, 100) FROM generate_series(1, 9) n \g /dev/null

-- Two lines, confirmed: 5 of product n (1000.00 each) and 2 of n + 1, 700.00 for the parcel: 7700.00.
CREATE FUNCTION pg_temp.ordered(n integer, phone text DEFAULT '0550000001') RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    ref text := pg_temp.bought(ARRAY[n, n + 1], '{5,2}', phone);
BEGIN
    PERFORM mjc.order_confirm(ref);
    RETURN ref;
END
$$;
CREATE FUNCTION pg_temp.parcels(ref text) RETURNS text
    LANGUAGE sql
AS $$
    SELECT string_agg(concat_ws(' ', s.shipment_no, s.state, (SELECT string_agg(x.line_no || 'x' || x.qty, '+' ORDER BY x.line_no) FROM mjc.shipment_line x
                                                              WHERE x.order_id = s.order_id AND x.shipment_no = s.shipment_no), s.cod_centimes / 100), ', ' ORDER BY s.shipment_no)
      FROM mjc.shipment s WHERE s.order_id = pg_temp.order_id(ref)
$$;
CREATE FUNCTION pg_temp.money(ref text) RETURNS text
    LANGUAGE sql
AS $$
    SELECT o.status || ' ' || o.payment_state || ' ' || coalesce(sum(p.amount_centimes) FILTER (WHERE p.state = 'pending'), 0)::bigint / 100 || ' asked '
           || sum(p.received_centimes - p.refunded_centimes)::bigint / 100 || ' here'
      FROM mjc.order o JOIN mjc.payment p USING (order_id) WHERE o.order_id = pg_temp.order_id(ref) GROUP BY o.order_id
$$;
CREATE FUNCTION pg_temp.broken() RETURNS text
    LANGUAGE sql
    AS $$ SELECT string_agg(v::text, '; ') FROM mjc.check_invariants() v $$;

-- One parcel, as before parcels were counted
SELECT pg_temp.ordered(1) AS ref \gset
SELECT mjc.order_ship(:'ref', 'TRK-1', 'Yalidine') \g /dev/null
SELECT is(pg_temp.parcels(:'ref'), '1 shipped 1x5+2x2 7700', 'shipping an order makes one parcel of all, with the cash to collect');
SELECT is((SELECT order_id FROM mjc.tracking WHERE tracking_number = 'TRK-1'), pg_temp.order_id(:'ref'), 'found by its number');
SELECT mjc.order_change(:'ref', 'SHIPPED', tracking_number => 'TRK-1B') \g /dev/null
SELECT is((SELECT tracking_number FROM mjc.shipment WHERE order_id = pg_temp.order_id(:'ref')), 'TRK-1B', 'which may be corrected');
SELECT is((mjc.parcel_find('TRK-1B')).order_id, pg_temp.order_id(:'ref'), 'and is found by that too');
SELECT mjc.order_deliver(:'ref') \g /dev/null
SELECT is(pg_temp.parcels(:'ref') || '; ' || pg_temp.money(:'ref'), '1 delivered 1x5+2x2 7700; DELIVERED paid 0 asked 7700 here', 'delivered');

-- Scenario 12: a parcel that is unpacked leaves its units reserved for the order
SELECT pg_temp.ordered(1) AS ref \gset
SELECT pg_temp.stock(1) AS before \gset
SELECT is(mjc.shipment_pack(:'ref', '{1}', '{3}', 'Yalidine'), 1, 'scenario 12: a parcel of three');
SELECT is(pg_temp.status(:'ref') || ' ' || pg_temp.stock(1), 'PROCESSING ' || :'before', 'scenario 12: packing moves no stock');
SELECT is(mjc.shipment_unpack(:'ref', 1), 'unpacked', 'scenario 12: the pick-up is cancelled');
SELECT is(pg_temp.stock(1), :'before', 'scenario 12: the units stay reserved');
SELECT is((SELECT sum(held_qty) FROM mjc.reservation WHERE reservation_id = pg_temp.order_id(:'ref')), 7::bigint, 'scenario 12: for that order');
SELECT is(pg_temp.broken(), NULL, 'scenario 12: every promise is kept');
SELECT is((pg_temp.failure(format('SELECT mjc.shipment_ship(%L, 1)', :'ref'))).code, 'MJ332', 'an unpacked parcel does not leave');

-- Two parcels
SELECT is(mjc.shipment_pack(:'ref', '{1,2}', '{2,1}'), 2, 'another parcel');
SELECT is(mjc.shipment_ship(:'ref', 2, 'TRK-2', 'Yalidine'), 'shipped', 'leaves');
SELECT is(pg_temp.status(:'ref') || ' ' || pg_temp.parcels(:'ref'), 'PROCESSING 1 unpacked 1x3 0, 2 shipped 1x2+2x1 3700', 'a part: the order is under way, the first parcel collects the value of its goods and the shipping');
SELECT is((SELECT string_agg(concat_ws(' ', line_no, held_qty, shipped_qty), ', ' ORDER BY line_no) FROM mjc.reservation WHERE reservation_id = pg_temp.order_id(:'ref')), '1 3 2, 2 1 1', 'scenario 11: two of five left, three are held');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept in between');
SELECT is((pg_temp.failure(format('SELECT mjc.order_cancel(%L)', :'ref'))).code, 'MJ335', 'what has left in part is not cancelled as a whole');
SELECT ok(EXISTS (SELECT FROM mjc.invoice_due WHERE order_id = pg_temp.order_id(:'ref')), 'its invoice is due');
SELECT is((SELECT topic FROM mjc.outbox WHERE aggregate_id = pg_temp.order_id(:'ref') ORDER BY outbox_id DESC LIMIT 1), 'order_part_shipped', 'the buyer hears of it');
SELECT is(mjc.shipment_deliver(:'ref', 2), 'delivered', 'it arrives first');
SELECT is(pg_temp.money(:'ref'), 'PROCESSING part_paid 4000 asked 3700 here', 'its cash is there');
SELECT is(mjc.shipment_pack(:'ref'), 3, 'the rest is packed');
SELECT is((pg_temp.failure(format('SELECT mjc.shipment_pack(%L)', :'ref'))).code, 'MJ334', 'then there is nothing more to pack');
SELECT is(mjc.shipment_ship(:'ref', 3, 'TRK-3'), 'shipped', 'the last parcel');
SELECT is(pg_temp.status(:'ref') || ' ' || pg_temp.parcels(:'ref'), 'SHIPPED 1 unpacked 1x3 0, 2 delivered 1x2+2x1 3700, 3 shipped 1x3+2x1 4000', 'ships the order and collects the rest');
SELECT is(mjc.shipment_deliver(:'ref', 3) || ' ' || pg_temp.money(:'ref'), 'delivered DELIVERED paid 0 asked 7700 here', 'and delivers it');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');
SELECT is((pg_temp.failure(format('SELECT mjc.shipment_pack(%L)', :'ref'))).code, 'MJ301', 'nothing is packed of an order that is over');

-- Arguments
SELECT pg_temp.ordered(1) AS ref \gset
SELECT is((pg_temp.failure(format('SELECT mjc.shipment_pack(%s, %L, %L)', quote_nullable(r), l, q))).code, code, title)
  FROM (VALUES (NULL, '{1}', '{1}', 'MJ003', 'no order'), (:'ref', '{1}', '{6}', 'MJ331', 'more than was ordered'), (:'ref', '{1}', '{0}', 'MJ331', 'none'), (:'ref', '{1}', '{-1}', 'MJ331', 'less than none'),
               (:'ref', '{9}', '{1}', 'MJ331', 'a line that there is not'), (:'ref', '{1,1}', '{1,1}', 'MJ331', 'a line twice'), (:'ref', '{1,2}', '{1}', 'MJ010', 'lines without units'),
               (mjc.order_reference(2026, 999998), '{1}', '{1}', 'MJ004', 'a number of no order')) v (r, l, q, code, title);
SELECT is((SELECT count(*) FROM mjc.shipment WHERE order_id = pg_temp.order_id(:'ref')), 0::bigint, 'nothing was packed');
SELECT is((pg_temp.failure(format('SELECT mjc.%s(%L, %s)', f, :'ref', 'NULL'))).code, 'MJ003', f || ': NULL') FROM unnest(ARRAY['shipment_unpack', 'shipment_ship', 'shipment_deliver', 'shipment_refuse', 'shipment_return']) f;
SELECT is((pg_temp.failure(format('SELECT mjc.%s(%L, 1)', f, :'ref'))).code, 'MJ333', f || ': no such parcel') FROM unnest(ARRAY['shipment_unpack', 'shipment_ship', 'shipment_deliver', 'shipment_refuse', 'shipment_return']) f;
SELECT mjc.shipment_pack(:'ref') \g /dev/null
SELECT is((pg_temp.failure(format('SELECT mjc.%s(%L, 1)', f, :'ref'))).code, 'MJ332', f || ': not of a packed parcel') FROM unnest(ARRAY['shipment_deliver', 'shipment_refuse', 'shipment_return']) f;
SELECT mjc.order_cancel(:'ref') \g /dev/null
SELECT is(pg_temp.parcels(:'ref'), '1 unpacked 1x5+2x2 0', 'cancelled: what was packed stays here');

-- Scenario 30: refused at the door; the stock comes back with the parcel
SELECT mjc.setting_set('seller_' || f, 'Test') FROM unnest(ARRAY['legal_form', 'activity', 'address', 'phone', 'rc', 'nif', 'nis', 'ai']) f \g /dev/null
SELECT pg_temp.ordered(3, '0550000030') AS ref \gset
SELECT pg_temp.stock(3) AS reserved \gset
SELECT mjc.order_ship(:'ref', 'TRK-30', 'Yalidine'), mjc.issue_invoices(1000) \g /dev/null
SELECT pg_temp.stock(3) AS left \gset
UPDATE mjc.shipment SET shipped_at = now() - interval '9 days' WHERE order_id = pg_temp.order_id(:'ref');
SELECT is(mjc.shipment_refuse(:'ref', 1, 'Client absent'), 'refused', 'scenario 30: refused at the door after nine days');
SELECT is(pg_temp.status(:'ref') || ' ' || pg_temp.stock(3), 'SHIPPED ' || :'left', 'scenario 30: the stock does not change');
SELECT is((SELECT topic FROM mjc.outbox WHERE aggregate_id = pg_temp.order_id(:'ref') AND topic = 'order_refused'), 'order_refused', 'scenario 30: somebody hears of it');
SELECT is((SELECT refused || ' of ' || parcels FROM mjc_report.customer_refusal WHERE customer_id = (SELECT customer_id FROM mjc.order WHERE order_id = pg_temp.order_id(:'ref'))), '1 of 1', 'scenario 30: the customer''s refusals count one more');
SELECT is(mjc.shipment_return(:'ref', 1), 'returned', 'scenario 30: the parcel stands on the desk');
SELECT is(pg_temp.money(:'ref') || '; ' || pg_temp.stock(3), 'CANCELLED void 0 asked 0 here; 100 0', 'scenario 30: now the units are back and nothing is asked');
SELECT mjc.issue_invoices(1000) \g /dev/null
SELECT is((SELECT string_agg(kind, ' ' ORDER BY issued_at) FROM mjc.invoice WHERE order_id = pg_temp.order_id(:'ref')), 'invoice credit_note', 'scenario 30: the invoice is taken back by a credit note');
SELECT is((pg_temp.failure(format('SELECT mjc.shipment_return(%L, 1)', :'ref'))).code, 'MJ332', 'scenario 30: once');
SELECT is(pg_temp.broken(), NULL, 'scenario 30, 31: every promise is kept');
SELECT pg_temp.ordered(3) AS ref \gset
SELECT mjc.order_ship(:'ref'), mjc.shipment_return(:'ref', 1, damaged => true) \g /dev/null
SELECT is(pg_temp.stock(3) || ' ' || (SELECT sum(damaged) FROM (SELECT DISTINCT ON (location_id) damaged FROM mjc.stock_ledger WHERE product_id = pg_temp.pid(3) ORDER BY location_id, seq DESC) d), '95 0 5', 'scenario 13: what comes back damaged is not for sale');
SELECT is(pg_temp.status(:'ref') || coalesce(pg_temp.broken(), ''), 'CANCELLED', 'and the order is over');

-- One parcel of two comes back
SELECT pg_temp.ordered(5) AS ref \gset
SELECT mjc.shipment_pack(:'ref', '{1}', '{5}'), mjc.shipment_ship(:'ref', 1), mjc.shipment_pack(:'ref'), mjc.shipment_ship(:'ref', 2) \g /dev/null
SELECT is(pg_temp.parcels(:'ref'), '1 shipped 1x5 5700, 2 shipped 2x2 2000', 'two parcels on the road');
SELECT mjc.shipment_refuse(:'ref', 1) \g /dev/null
SELECT is(mjc.shipment_return(:'ref', 1) || ' ' || pg_temp.money(:'ref'), 'returned SHIPPED pending 2000 asked 0 here', 'one comes back: its value is asked no more');
SELECT is(pg_temp.stock(5) || ', ' || pg_temp.stock(6), '100 0, 98 0', 'its units are back, the others are not');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');
SELECT is(mjc.shipment_deliver(:'ref', 2) || ' ' || pg_temp.money(:'ref'), 'delivered DELIVERED paid 0 asked 2000 here', 'the other is delivered and paid');
SELECT is((SELECT (mjc.order_json(order_id) ->> 'amountDue') FROM mjc.order WHERE order_id = pg_temp.order_id(:'ref')), '2000.00', 'which is what is due');
SELECT pg_temp.ordered(5) AS ref \gset
SELECT mjc.payment_record(:'ref', 7700, 'BANK_TRANSFER', 'VIR-SHIP') \g /dev/null
SELECT mjc.shipment_pack(:'ref', '{1}', '{5}'), mjc.shipment_ship(:'ref', 1), mjc.shipment_pack(:'ref'), mjc.shipment_ship(:'ref', 2) \g /dev/null
SELECT is(pg_temp.parcels(:'ref'), '1 shipped 1x5 0, 2 shipped 2x2 0', 'paid before: there is nothing to collect');
SELECT mjc.shipment_deliver(:'ref', 2), mjc.shipment_refuse(:'ref', 1) \g /dev/null
SELECT is(mjc.shipment_return(:'ref', 1), 'returned', 'one arrived, the other comes back');
SELECT is(pg_temp.money(:'ref') || (SELECT string_agg(' ' || kind || ' ' || amount_centimes, '') FROM mjc.refund WHERE order_id = pg_temp.order_id(:'ref')), 'DELIVERED paid 0 asked 2700 here excess 500000', 'the order is delivered, and what came back is owed');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

-- What a parcel collects is written on it when it leaves, and is true from then on
SELECT pg_temp.ordered(5) AS ref \gset
SELECT mjc.shipment_pack(:'ref', '{1}', '{5}'), mjc.shipment_pack(:'ref'), mjc.shipment_ship(:'ref', 2), mjc.shipment_ship(:'ref', 1) \g /dev/null
SELECT is(pg_temp.parcels(:'ref'), '1 shipped 1x5 5000, 2 shipped 2x2 2700', 'the one that leaves last collects the rest, whatever its number');
SELECT mjc.shipment_deliver(:'ref', 2), mjc.shipment_deliver(:'ref', 1) \g /dev/null
SELECT is(pg_temp.money(:'ref'), 'DELIVERED paid 0 asked 7700 here', 'and all of it comes in');

-- Paid by transfer while a parcel that collects is on the road
SELECT pg_temp.ordered(5) AS ref \gset
SELECT mjc.shipment_pack(:'ref', '{1}', '{2}'), mjc.shipment_ship(:'ref', 1), mjc.payment_record(:'ref', 7700, 'BANK_TRANSFER', 'VIR-ROAD') \g /dev/null
SELECT mjc.shipment_pack(:'ref', '{1}', '{1}') \g /dev/null
SELECT is(mjc.shipment_ship(:'ref', 2) || ', ' || pg_temp.parcels(:'ref'), 'shipped, 1 shipped 1x2 2700, 2 shipped 1x1 0', 'what follows collects nothing');
SELECT is(mjc.shipment_deliver(:'ref', 1) || ' ' || pg_temp.money(:'ref'), 'delivered PROCESSING paid 0 asked 7700 here', 'what the carrier took too much is not the shop''s');
SELECT is((SELECT string_agg(kind || ' ' || state || ' ' || amount_centimes, ', ') FROM mjc.refund WHERE order_id = pg_temp.order_id(:'ref')), 'excess due 270000', 'it is owed to the buyer');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

-- A parcel comes back of which staff gave the money back before
SELECT pg_temp.ordered(5) AS ref \gset
SELECT mjc.payment_record(:'ref', 7700, 'BANK_TRANSFER', 'VIR-BACK') \g /dev/null
SELECT mjc.shipment_pack(:'ref', '{1}', '{5}'), mjc.shipment_ship(:'ref', 1), mjc.shipment_pack(:'ref'), mjc.shipment_ship(:'ref', 2), mjc.shipment_deliver(:'ref', 2), mjc.payment_refund(:'ref', 5000, 'Refusé') \g /dev/null
SELECT is(mjc.shipment_return(:'ref', 1) || ' ' || pg_temp.money(:'ref'), 'returned DELIVERED paid 0 asked 2700 here', 'it comes back: what was given back for it does not go back again');
SELECT is(pg_temp.stock(5), '92 2', 'its units are in stock');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');
SELECT pg_temp.ordered(5) AS ref \gset
SELECT mjc.payment_record(:'ref', 6700, 'BANK_TRANSFER', 'VIR-MOST') \g /dev/null
SELECT mjc.shipment_pack(:'ref', '{1}', '{5}'), mjc.shipment_ship(:'ref', 1), mjc.shipment_pack(:'ref'), mjc.shipment_ship(:'ref', 2) \g /dev/null
SELECT is(pg_temp.parcels(:'ref'), '1 shipped 1x5 1000, 2 shipped 2x2 0', 'a deposit: the first parcel collects what is asked');
SELECT mjc.shipment_return(:'ref', 2) \g /dev/null
SELECT is(pg_temp.money(:'ref'), 'SHIPPED part_paid 1000 asked 4700 here', 'the other comes back: its value goes back, the label of the first stays');
SELECT is(mjc.shipment_deliver(:'ref', 1) || ' ' || pg_temp.money(:'ref'), 'delivered DELIVERED paid 0 asked 5700 here', 'the first is delivered');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

-- Rounding: 7 units for 2.00, back one by one
SAVEPOINT rounding;
UPDATE mjc.product SET price_centimes = 50 WHERE product_id = pg_temp.pid(9);
SELECT pg_temp.bought('{8,9}', '{1,7}') AS ref \gset
UPDATE mjc.order_line SET discount_centimes = 150, total_centimes = 200 WHERE order_id = pg_temp.order_id(:'ref') AND product_id = pg_temp.pid(9);
SELECT mjc.payment_record(:'ref', 1703.50, 'BANK_TRANSFER', 'VIR-ROUND'), mjc.shipment_pack(:'ref', '{1}', '{1}'), mjc.shipment_ship(:'ref', 1) \g /dev/null
SELECT mjc.shipment_pack(:'ref', '{2}', '{1}'), mjc.shipment_ship(:'ref', n + 1), mjc.shipment_return(:'ref', n + 1) FROM generate_series(1, 6) n \g /dev/null
SELECT is((SELECT taken_off_centimes FROM mjc.order WHERE order_id = pg_temp.order_id(:'ref')), 171::bigint, 'six come back: six sevenths, not six times a seventh');
ROLLBACK TO SAVEPOINT rounding;

-- What staff gave back by hand is for a parcel, and is taken off what goes back when it returns.
-- Two parcels of an order that was paid before: 5000.00 and 2000.00, and 700.00 for the way.
CREATE FUNCTION pg_temp.two_parcels(vir text, to_door boolean DEFAULT false) RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    ref text := pg_temp.ordered(3);
BEGIN
    PERFORM mjc.payment_record(ref, 7700, 'BANK_TRANSFER', vir), mjc.shipment_pack(ref, '{1}', '{5}'), mjc.shipment_ship(ref, 1), mjc.shipment_pack(ref);
    PERFORM mjc.shipment_ship(ref, 2);
    IF to_door THEN
        PERFORM mjc.shipment_deliver(ref, 2);
    END IF;
    RETURN ref;
END
$$;
-- "kind parcel amount used" of its refunds.
CREATE FUNCTION pg_temp.refunds(ref text) RETURNS text
    LANGUAGE sql
AS $$
    SELECT string_agg(concat_ws(' ', r.kind, coalesce(r.shipment_no::text, '-'), r.amount_centimes / 100, r.used_centimes / 100), ', ' ORDER BY r.created_at, r.shipment_no NULLS LAST, r.amount_centimes)
      FROM mjc.refund r WHERE r.order_id = pg_temp.order_id(ref)
$$;
SELECT mjc.stock_receive(pg_temp.pid(n), 900) FROM generate_series(3, 4) n \g /dev/null
SELECT pg_temp.two_parcels('VIR-L1') AS ref \gset
SELECT is((pg_temp.failure(format('SELECT mjc.payment_refund(%L, 5000.01, %L, 1)', :'ref', 'x')))::text, '(MJ346,"{""left"": ""5000.00""}")', 'for a parcel goes back at most what is in it');
SELECT mjc.payment_refund(:'ref', 2000, 'Refusé', 1), mjc.payment_refund(:'ref', 1000, 'Refusé', 1) \g /dev/null
SELECT is((pg_temp.failure(format('SELECT mjc.payment_refund(%L, 2000.01, %L, 1)', :'ref', 'x')))::text, '(MJ346,"{""left"": ""2000.00""}")', 'less what went back for it');
SELECT mjc.shipment_refuse(:'ref', 1) \g /dev/null
SELECT is(mjc.shipment_return(:'ref', 1) || ' ' || pg_temp.money(:'ref'), 'returned SHIPPED paid 0 asked 2700 here', 'it comes back: the rest of its value goes back');
SELECT is(pg_temp.refunds(:'ref'), 'parcel 1 2000 2000, parcel 1 1000 1000, excess 1 2000 2000', 'three refunds, all for it');
SELECT is((SELECT mjc.order_json(order_id) ->> 'amountDue' FROM mjc.order WHERE order_id = pg_temp.order_id(:'ref')), '2700.00', 'what is due is what is left');
SELECT is((SELECT note FROM mjc.order_event WHERE order_id = pg_temp.order_id(:'ref') AND note LIKE '%before%'), '3000.00 DZD, given back before', 'the history tells it');
SELECT is((pg_temp.failure(format('SELECT mjc.payment_refund(%L, 1, %L, %s)', :'ref', 'x', n))).code, code, title)
  FROM (VALUES ('1', 'MJ332', 'it came back: nothing goes back for it any more'), ('9', 'MJ333', 'no such parcel'), ('-1', 'MJ006', 'no number'), ('2, true', 'MJ010', 'for a parcel or a gesture, not both')) v (n, code, title);
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

SELECT pg_temp.two_parcels('VIR-L2') AS ref \gset
SELECT mjc.payment_refund(:'ref', 1000, 'Geste') \g /dev/null
SELECT is(mjc.shipment_return(:'ref', 1) || ' ' || pg_temp.money(:'ref') || ': ' || pg_temp.refunds(:'ref'), 'returned SHIPPED paid 0 asked 1700 here: return - 1000 0, excess 1 5000 5000', 'two under way: nobody guesses for which');
SELECT pg_temp.two_parcels('VIR-L3', true) AS ref \gset
SELECT mjc.payment_refund(:'ref', 200, 'Geste', goodwill => true) \g /dev/null
SELECT is(mjc.shipment_return(:'ref', 1) || ' ' || pg_temp.money(:'ref') || ': ' || pg_temp.refunds(:'ref'), 'returned DELIVERED paid 0 asked 2500 here: return - 200 0, excess 1 5000 5000', 'a gesture is taken off nothing');
SELECT pg_temp.two_parcels('VIR-L4', true) AS ref \gset
SELECT mjc.payment_refund(:'ref', 5700, 'Refusé') \g /dev/null
SELECT is(pg_temp.refunds(:'ref'), 'return 1 5000 0, return - 700 0', 'one under way: it is for that, as far as that is worth so much');
SELECT is(mjc.shipment_return(:'ref', 1) || ' ' || pg_temp.money(:'ref'), 'returned DELIVERED paid 0 asked 2000 here', 'and nothing goes back twice');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

-- What had not left
SELECT pg_temp.ordered(3) AS ref \gset
SELECT mjc.payment_record(:'ref', 7700, 'BANK_TRANSFER', 'VIR-L5'), mjc.shipment_pack(:'ref', '{1}', '{2}'), mjc.shipment_ship(:'ref', 1) \g /dev/null
SELECT is((pg_temp.failure(format('SELECT mjc.payment_refund(%L, 5000.01, %L, 0)', :'ref', 'x')))::text, '(MJ346,"{""left"": ""5000.00""}")', 'what has not left is worth five units');
SELECT mjc.payment_refund(:'ref', 3000, 'Rupture', 0), mjc.order_cancel_rest(:'ref') \g /dev/null
SELECT is(pg_temp.money(:'ref') || ': ' || pg_temp.refunds(:'ref'), 'SHIPPED paid 0 asked 2700 here: parcel 0 3000 3000, excess 0 2000 2000', 'the rest is cancelled: the rest of its value goes back');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');
SELECT pg_temp.ordered(3) AS ref \gset
SELECT mjc.payment_record(:'ref', 7700, 'BANK_TRANSFER', 'VIR-L6'), mjc.shipment_pack(:'ref', '{1}', '{2}'), mjc.shipment_ship(:'ref', 1), mjc.payment_refund(:'ref', 3000, 'Rupture', 0) \g /dev/null
SELECT mjc.shipment_pack(:'ref') \g /dev/null
SELECT is((pg_temp.failure(format('SELECT mjc.payment_refund(%L, 1, %L, 2)', :'ref', 'x'))).code, 'MJ332', 'a parcel that has not left is no parcel yet');
SELECT mjc.shipment_ship(:'ref', 2) \g /dev/null
SELECT is((SELECT problem || ' ' || detail FROM mjc_report.payment_problem WHERE order_reference = :'ref' AND problem = 'refund_unused'), 'refund_unused 3000.00 DZD', 'it left after all: staff see it');
SELECT is(mjc.shipment_return(:'ref', 2) || ' ' || pg_temp.money(:'ref'), 'returned SHIPPED paid 0 asked 2700 here', 'and it came back after all');
SELECT is_empty(format('SELECT 1 FROM mjc_report.payment_problem WHERE order_reference = %L AND problem = %L', :'ref', 'refund_unused'), 'which settles it');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

-- Delivered after all: nothing was owed
SELECT pg_temp.two_parcels('VIR-L7', true) AS ref \gset
SELECT mjc.shipment_refuse(:'ref', 1), mjc.payment_refund(:'ref', 5000, 'Refusé') AS refund \gset
SELECT is_empty(format('SELECT 1 FROM mjc_report.payment_problem WHERE order_reference = %L AND problem = %L', :'ref', 'refund_unused'), 'as long as it is on its way back all is well');
SELECT is(mjc.shipment_deliver(:'ref', 1) || ' ' || pg_temp.money(:'ref'), 'delivered DELIVERED paid 0 asked 2700 here', 'the carrier delivers it after all');
SELECT is((SELECT id || ' ' || detail FROM mjc_report.payment_problem WHERE order_reference = :'ref' AND problem = 'refund_unused'), :'refund' || ' 5000.00 DZD', 'staff see that the buyer has both');
SELECT is((SELECT count(*) FROM mjc.order_event WHERE order_id = pg_temp.order_id(:'ref') AND note = '5000.00 DZD, given back for parcel 1, which is delivered'), 1::bigint, 'the history tells it, once');
SELECT mjc.refund_for(:'ref', :'refund') \g /dev/null
SELECT is_empty(format('SELECT 1 FROM mjc_report.payment_problem WHERE order_reference = %L AND problem = %L', :'ref', 'refund_unused'), 'until they say that it was a gesture');
SELECT is((pg_temp.failure(format('SELECT mjc.refund_for(%L, %L, %s)', :'ref', r, n))).code, code, title)
  FROM (VALUES (:'refund', '2', 'MJ346', 'it is more than the other parcel is worth'), (:'refund', '9', 'MJ333', 'no parcel'), (:'refund', '-1', 'MJ006', 'no number'), (:'refund', '10001', 'MJ006', 'too large a number'),
               (pg_temp.order_id(:'ref')::text, '1', 'MJ004', 'no refund'), (NULL, '1', 'MJ003', 'none at all')) v (r, n, code, title);
SELECT mjc.refund_for(:'ref', :'refund', 1) \g /dev/null
SELECT is(pg_temp.refunds(:'ref'), 'return 1 5000 0', 'or that it was for the parcel');

-- The history tells it whichever way they arrive: one by one, or with the order
CREATE FUNCTION pg_temp.given_back(ref text) RETURNS text
    LANGUAGE sql
AS $$
    SELECT string_agg(e.note, '; ' ORDER BY e.seq) FROM mjc.order_event e WHERE e.order_id = pg_temp.order_id(ref) AND e.note LIKE '%which is delivered'
$$;
SELECT pg_temp.two_parcels('VIR-M1') AS other \gset
SELECT mjc.payment_refund(:'other', 2000, 'Casse', 2), mjc.payment_refund(:'other', 500, 'Casse', 1), mjc.shipment_deliver(:'other', 1) \g /dev/null
SELECT is(pg_temp.given_back(:'other'), '500.00 DZD, given back for parcel 1, which is delivered', 'the first of two');
SELECT mjc.order_deliver(:'other') \g /dev/null
SELECT is(pg_temp.given_back(:'other'), '500.00 DZD, given back for parcel 1, which is delivered; 2000.00 DZD, given back for parcel 2, which is delivered', 'the last, with the order');
SELECT pg_temp.two_parcels('VIR-M2') AS other \gset
SELECT mjc.payment_refund(:'other', 2000, 'Casse', 2), mjc.payment_refund(:'other', 500, 'Casse', 1), mjc.order_deliver(:'other') \g /dev/null
SELECT is(pg_temp.given_back(:'other'), '500.00 DZD, given back for parcel 1, which is delivered; 2000.00 DZD, given back for parcel 2, which is delivered', 'both, with the order');
-- What was given for goods that had not left is told once, with the first of them that arrives
CREATE FUNCTION pg_temp.three_parcels(vir text) RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    ref text := pg_temp.ordered(3);
BEGIN
    PERFORM mjc.payment_record(ref, 7700, 'BANK_TRANSFER', vir), mjc.shipment_pack(ref, '{1}', '{2}'), mjc.shipment_ship(ref, 1), mjc.payment_refund(ref, 1000, 'Rupture', 0);
    PERFORM mjc.shipment_pack(ref, '{1}', '{3}'), mjc.shipment_ship(ref, 2), mjc.shipment_pack(ref), mjc.shipment_ship(ref, 3);
    RETURN ref;
END
$$;
SELECT pg_temp.three_parcels('VIR-M3') AS other \gset
SELECT mjc.shipment_deliver(:'other', 1) \g /dev/null
SELECT is(pg_temp.given_back(:'other'), NULL, 'not with what had left');
SELECT mjc.shipment_deliver(:'other', 3), mjc.shipment_deliver(:'other', 2) \g /dev/null
SELECT is(pg_temp.given_back(:'other'), '1000.00 DZD, given back for parcel 3, which is delivered', 'one by one: once');
SELECT pg_temp.three_parcels('VIR-M4') AS other \gset
SELECT mjc.order_deliver(:'other') \g /dev/null
SELECT is(pg_temp.given_back(:'other'), '1000.00 DZD, given back for parcel 2, which is delivered', 'with the order: once');

-- The buyer brings back what staff gave money back for
SELECT is(mjc.order_return(:'ref', '{1}', '{2}', 'Défectueux') ->> 'refundedAmount', '0.00', 'two units come back: their value is with the buyer already');
SELECT is(mjc.order_return(:'ref', '{1,2}', '{3,1}', 'Défectueux') ->> 'refundedAmount', '1000.00', 'all of it: only the unit of the other parcel is paid');
SELECT is(pg_temp.money(:'ref') || ': ' || pg_temp.refunds(:'ref'), 'DELIVERED paid 0 asked 1700 here: return 1 5000 5000, return - 1000 1000', 'each unit once');
SELECT is((pg_temp.failure(format('SELECT mjc.refund_for(%L, %L, 2)', :'ref', :'refund'))).code, 'MJ347', 'what was counted stays what it is');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');
SELECT pg_temp.ordered(3) AS ref \gset
SELECT mjc.order_ship(:'ref'), mjc.order_deliver(:'ref'), mjc.payment_refund(:'ref', 300, 'Rayure', 1) \g /dev/null
SELECT is(mjc.order_return(:'ref', '{1}', '{1}', 'x') ->> 'refundedAmount', '700.00', 'a part of its value was given before');
SELECT is(mjc.order_return(:'ref', '{1,2}', '{4,2}', 'x') ->> 'refundedAmount', '6000.00', 'once');
SELECT is((pg_temp.failure(format('SELECT mjc.payment_refund(%L, 700.01, %L, 1)', :'ref', 'x')))::text, '(MJ346,"{""left"": ""700.00""}")', 'what is left of what was collected for it is the way');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

-- Units that came back without money now: what was given for them before is spent all the same
SELECT pg_temp.ordered(3) AS ref \gset
SELECT mjc.order_ship(:'ref'), mjc.order_deliver(:'ref'), mjc.payment_refund(:'ref', 2000, 'Cassé', 1), mjc.order_return(:'ref', '{2}', '{2}', 'Cassé', refund => false) \g /dev/null
SELECT is(pg_temp.refunds(:'ref'), 'return 1 2000 2000', 'their money was given before');
SELECT is(mjc.order_return(:'ref', '{1}', '{5}', 'x') ->> 'refundedAmount', '5000.00', 'units of another line that come back later are paid whole');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

-- What was given for what had not left is not given for its parcel again
SELECT pg_temp.ordered(3) AS ref \gset
SELECT mjc.payment_record(:'ref', 7700, 'BANK_TRANSFER', 'VIR-L9'), mjc.shipment_pack(:'ref', '{1}', '{2}'), mjc.shipment_ship(:'ref', 1) \g /dev/null
SELECT mjc.payment_refund(:'ref', 3000, 'Rupture', 0) AS refund \gset
SELECT mjc.shipment_pack(:'ref'), mjc.shipment_ship(:'ref', 2) \g /dev/null
SELECT is((pg_temp.failure(format('SELECT mjc.payment_refund(%L, 2000.01, %L, 2)', :'ref', 'x')))::text, '(MJ346,"{""left"": ""2000.00""}")', 'of 5000.00 that left after all, 3000.00 went back before');
SELECT mjc.refund_for(:'ref', :'refund', 2), mjc.payment_refund(:'ref', 2000, 'x', 2) \g /dev/null
SELECT is(pg_temp.refunds(:'ref'), 'return 2 3000 0, return 2 2000 0', 'staff may say that it is for the parcel');
SELECT is(mjc.shipment_return(:'ref', 2) || ' ' || pg_temp.money(:'ref'), 'returned SHIPPED paid 0 asked 2700 here', 'which has nothing left then');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

-- Shares of a line are worth a centime more or less: for a parcel goes back what is certain
SAVEPOINT share;
UPDATE mjc.product SET price_centimes = 67 WHERE product_id = pg_temp.pid(9);
SELECT pg_temp.bought('{8,9}', '{1,3}') AS ref \gset
UPDATE mjc.order_line SET discount_centimes = 1, total_centimes = 200 WHERE order_id = pg_temp.order_id(:'ref') AND product_id = pg_temp.pid(9);
SELECT mjc.payment_record(:'ref', 1702, 'BANK_TRANSFER', 'VIR-L8'), mjc.shipment_pack(:'ref', '{2}', '{1}'), mjc.shipment_ship(:'ref', 1), mjc.shipment_pack(:'ref', '{2}', '{1}'), mjc.shipment_ship(:'ref', 2) \g /dev/null
SELECT is((pg_temp.failure(format('SELECT mjc.payment_refund(%L, 0.67, %L, 1)', :'ref', 'x')))::text, '(MJ346,"{""left"": ""0.66""}")', 'a third of 2.00 is 0.66 for certain');
SELECT mjc.payment_refund(:'ref', 0.66, 'x', 2) \g /dev/null
SELECT mjc.shipment_return(:'ref', 1), mjc.shipment_return(:'ref', 2) \g /dev/null
SELECT is((SELECT taken_off_centimes FROM mjc.order WHERE order_id = pg_temp.order_id(:'ref')), 133::bigint, 'two thirds in all, whatever was given before');
ROLLBACK TO SAVEPOINT share;

-- What carriers remit
SELECT pg_temp.ordered(7, '0550000041') AS a, pg_temp.ordered(7, '0550000042') AS b, pg_temp.ordered(7, '0550000043') AS c \gset
SELECT mjc.order_ship(:'a', 'YAL-A', 'Yalidine'), mjc.order_ship(:'b', 'YAL-B', 'Yalidine'), mjc.order_ship(:'c', 'YAL-C', 'Yalidine') \g /dev/null
SELECT mjc.order_deliver(:'a'), mjc.order_deliver(:'b'), mjc.order_deliver(:'c') \g /dev/null
SELECT is((SELECT count(*) || ' ' || sum(owed_dzd) FROM mjc_report.cod_receivable WHERE order_reference IN (:'a', :'b', :'c')), '3 23100.00', 'the carrier owes for three parcels');
SELECT mjc.remittance_record('Yalidine', 'VRS-1', jsonb_build_array(jsonb_build_object('parcel', 'YAL-A', 'amount', 7700), jsonb_build_object('parcel', :'b', 'amount', 7000))) AS remittance \gset
SELECT results_eq(format('SELECT order_reference, owed_dzd FROM mjc_report.cod_receivable WHERE order_reference IN (%L, %L, %L) ORDER BY owed_dzd', :'a', :'b', :'c'), format('VALUES (%L, 700.00), (%L, 7700.00)', :'b', :'c'), 'one is paid, one short, one not at all');
SELECT is((SELECT amount_centimes FROM mjc.remittance WHERE remittance_id = :'remittance'), 1470000::bigint, 'what it paid in all');
SELECT is((pg_temp.failure(format('SELECT mjc.remittance_record(%s, %s, %L)', quote_nullable(k), quote_nullable(r), l))).code, code, title)
  FROM (VALUES ('Yalidine', 'VRS-1', '[{"parcel": "YAL-C", "amount": 1}]', 'MJ336', 'a reference counts once'), ('Yalidine', 'VRS-2', '[{"parcel": "NONE", "amount": 1}]', 'MJ337', 'a parcel that there is not'),
               (NULL, 'VRS-2', '[{"parcel": "YAL-C", "amount": 1}]', 'MJ003', 'no carrier'), ('Yalidine', 'VRS-2', '[]', 'MJ010', 'no lines'), ('Yalidine', 'VRS-2', '[{"parcel": "YAL-C"}]', 'MJ003', 'no amount'),
               ('Yalidine', 'VRS-2', '[{"parcel": "YAL-C", "amount": -1}]', 'MJ006', 'less than nothing'), ('Yalidine', 'VRS-2', '{"parcel": "YAL-C"}', 'MJ010', 'no list')) v (k, r, l, code, title);
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

-- Rule 11 for webhooks: a carrier's batch of 50 with a bad one
SELECT pg_temp.ordered(7, '0550000044') AS d, pg_temp.ordered(7, '0550000045') AS e \gset
SELECT mjc.order_ship(:'d', 'YAL-D', 'Yalidine'), mjc.order_ship(:'e', 'YAL-E', 'Yalidine') \g /dev/null
SELECT is(mjc_api.provider_event_store('yalidine', (SELECT jsonb_agg(jsonb_build_object('id', 'y' || n, 'type', 'parcel_status_updated', 'payload', jsonb_build_object('event_id', 'y' || n, 'data',
           CASE n WHEN 17 THEN '{"status": "Livré"}' WHEN 20 THEN '{"tracking": "YAL-D", "status": "Livré"}' WHEN 21 THEN '{"tracking": "YAL-E", "status": "Echèc livraison", "reason": "Client absent"}'
                  WHEN 22 THEN '{"tracking": "YAL-D", "status": "Livré"}' WHEN 23 THEN '{"tracking": "YAL-E", "status": "Retourné au vendeur"}'
                  ELSE '{"tracking": "YAL-D", "status": "En transit"}' END::jsonb))) FROM generate_series(1, 50) n)::text), 50, '11. a batch of 50 is stored');
DO $$ BEGIN FOR i IN 1..200 LOOP EXIT WHEN mjc.provider_event_apply() = 0; END LOOP; END $$;
SELECT is((SELECT count(*) FROM mjc.provider_event WHERE provider = 'yalidine' AND state IN ('applied', 'ignored')), 49::bigint, '11. 49 are applied');
UPDATE mjc.provider_event SET attempts = 19, next_at = now() WHERE event_id = 'y17';
DO $$ BEGIN PERFORM mjc.provider_event_apply(); END $$;
SELECT is((SELECT state || ' ' || (error LIKE '%no parcel%') FROM mjc.provider_event WHERE event_id = 'y17'), 'parked true', '11. one is parked');
SELECT is(pg_temp.status(:'d') || ' ' || pg_temp.parcels(:'e'), 'DELIVERED 1 refused 1x5+2x2 7700', '11. delivered; refused, and not back before staff have it');
SELECT is((SELECT outcome FROM mjc.provider_event WHERE event_id = 'y22'), 'repeat', '11. the same news twice');
SELECT is(mjc_api.provider_event_store('yalidine', '[{"id": "yp1", "type": "parcel_payment_updated", "payload": {"data": {"tracking": "YAL-D", "status": "receivable", "payment_id": "PAY-9"}}}, {"id": "yp2", "type": "parcel_payment_updated", "payload": {"data": {"tracking": "YAL-D", "status": "payed", "payment_id": "PAY-9"}}}]'), 2, 'the carrier tells what it pays');
DO $$ BEGIN FOR i IN 1..9 LOOP EXIT WHEN mjc.provider_event_apply() = 0; END LOOP; END $$;
SELECT is((SELECT string_agg(outcome, ' ' ORDER BY event_id) FROM mjc.provider_event WHERE event_id IN ('yp1', 'yp2')), 'remitted repeat', 'once');
SELECT is((SELECT amount_centimes FROM mjc.remittance WHERE reference = 'PAY-9'), 770000::bigint, 'under its payment id');

-- All that the carrier tells of a parcel is kept, with its words and its time; only what we know moves it
CREATE FUNCTION pg_temp.told(tracking text, status text, at text, reason text DEFAULT NULL, event text DEFAULT gen_random_uuid()) RETURNS text
    LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM mjc_api.provider_event_store('yalidine', jsonb_build_array(jsonb_build_object('id', event, 'type', 'parcel_status_updated', 'payload',
        jsonb_strip_nulls(jsonb_build_object('event_id', event, 'occurred_at', at, 'data', jsonb_build_object('tracking', tracking, 'status', status, 'reason', reason)))))::text);
    FOR i IN 1..9 LOOP EXIT WHEN mjc.provider_event_apply() = 0; END LOOP;
    RETURN (SELECT e.state || coalesce(' ' || e.outcome, '') FROM mjc.provider_event e WHERE e.event_id = event);
END
$$;
CREATE FUNCTION pg_temp.history(ref text) RETURNS text
    LANGUAGE sql
    AS $$ SELECT string_agg(r.status || ' ' || r.label, ', ' ORDER BY r.at, r.received_at) FROM mjc_report.shipment_report r WHERE r.order_reference = ref $$;
CREATE FUNCTION pg_temp.latest(ref text) RETURNS text
    LANGUAGE sql
    AS $$ SELECT concat_ws(' ', x ->> 'status', x ->> 'carrierStatus', x ->> 'carrierLabel', x ->> 'carrierStatusAt') FROM json_array_elements(mjc.order_json(pg_temp.order_id(ref)) -> 'shipments') x $$;
SELECT pg_temp.ordered(3, '0550000048') AS ref \gset
SELECT is((mjc.order_json(pg_temp.order_id(:'ref')) -> 'shipments')::text, '[]', 'an order without parcels');
SELECT mjc.shipment_pack(:'ref', NULL, NULL, 'Yalidine', 'YAL-H') \g /dev/null
SELECT is(pg_temp.told('YAL-H', 'En préparation', '2026-01-05 08:00:00', event => 'yh1'), 'applied noted', 'told of a parcel that is packed');
SELECT mjc.shipment_ship(:'ref', 1) \g /dev/null
SELECT is(pg_temp.told('YAL-H', 'Sorti en livraison', '2026-01-05 12:00:00'), 'applied noted', 'it is out for delivery');
SELECT is(pg_temp.told('YAL-H', 'Tentative échouée', '2026-01-05 13:00:00', 'Client injoignable', 'yh2'), 'applied noted', 'nobody is there');
SELECT is(pg_temp.told('YAL-H', ' TENTATIVE  ÉCHOUÉE ', '2026-01-06T13:30:00+01:00', 'Client absent'), 'applied noted', 'nor the next day, by the same words written otherwise');
SELECT is(pg_temp.told('YAL-H', 'Centre', '2026-01-05 11:00'), 'applied noted', 'what comes late');
SELECT is(pg_temp.told('YAL-H', 'Mis en quarantaine', '2026-01-05 11:30:00'), 'applied noted', 'and what nobody knows');
SELECT is(pg_temp.history(:'ref'), 'preparing En préparation, at_hub Centre, other Mis en quarantaine, out_for_delivery Sorti en livraison, attempt_failed Tentative échouée, attempt_failed TENTATIVE  ÉCHOUÉE', 'stands where it belongs');
SELECT is(pg_temp.told('YAL-H', 'Tentative échouée', '2026-01-05 13:00:00'), 'applied repeat', 'the same news under another name');
SELECT is(mjc.shipment_report_add(pg_temp.order_id(:'ref'), 1, 'yh2', 'yalidine', 'Tentative échouée', NULL, '2026-01-07'), false, 'or under the same');
SELECT is(pg_temp.latest(:'ref'), 'shipped attempt_failed TENTATIVE  ÉCHOUÉE 2026-01-06T12:30:00.000Z', 'the buyer sees the latest, by the carrier''s time');
SELECT is((SELECT count(*) FROM mjc.order_event WHERE order_id = pg_temp.order_id(:'ref') AND kind = 'shipment'), 1::bigint, 'nothing of ours moved but the packing');
SELECT results_eq('SELECT order_reference, shipment_no, state, failed_attempts, last_failed_at FROM mjc_report.parcel_attempt', format($$VALUES (%L, 1, 'shipped', 2::bigint, '2026-01-06 12:30:00+00'::timestamptz)$$, :'ref'), 'staff see the attempts');
SELECT is((SELECT concat_ws(' ', x ->> 'failedAttempts', x ->> 'carrierStatus', json_array_length(x -> 'carrierReports'), x #>> '{carrierReports,4,reason}') FROM json_array_elements(mjc.shipments_json(pg_temp.order_id(:'ref')) -> 'shipments') x),
    '2 attempt_failed 6 Client injoignable', 'and all of it');
SELECT is((SELECT carrier_status || ' ' || carrier_label FROM mjc_report.shipment WHERE order_reference = :'ref'), 'attempt_failed TENTATIVE  ÉCHOUÉE', 'in the report too');
SELECT mjc.carrier_status_set('Yalidine', 'Mis en quarantaine', 'on_hold') \g /dev/null
SELECT matches(pg_temp.history(:'ref'), 'on_hold Mis en quarantaine', 'what it means is said later, also of what was told before');
SELECT mjc.carrier_status_set('yalidine', 'LIVRÉ', 'delivered') \g /dev/null
SELECT is((SELECT step FROM mjc.carrier_status WHERE carrier = 'yalidine' AND word = 'livre'), 'deliver', 'what moves a parcel stays so');
SELECT is((pg_temp.failure(format('SELECT mjc.carrier_status_set(%L, %L, %L)', k, w, m))).code, code, title)
  FROM (VALUES (NULL, 'x', 'on_hold', 'MJ003', 'whose word'), ('yalidine', ' ', 'on_hold', 'MJ003', 'which word'), ('yalidine', 'x', NULL, 'MJ003', 'what it means'),
               ('yalidine', 'x', 'other', 'MJ010', 'what nobody means'), ('yalidine', repeat('x', 101), 'on_hold', 'MJ006', 'a long word')) v (k, w, m, code, title);
SELECT is(pg_temp.told('YAL-H', 'Livré', '2026-01-07 10:00:00') || ' ' || pg_temp.latest(:'ref'), 'applied delivered delivered delivered Livré 2026-01-07T09:00:00.000Z', 'delivered');
SELECT is(pg_temp.told('YAL-H', 'Echèc livraison', '2026-01-06 18:00:00') || ' ' || pg_temp.latest(:'ref'), 'applied repeat delivered delivered Livré 2026-01-07T09:00:00.000Z', 'a failure of the day before, told too late, changes nothing');
SELECT is_empty('SELECT 1 FROM mjc_report.parcel_attempt', 'nobody is to be called any more');
SELECT is(pg_temp.told('YAL-NONE', 'Centre', NULL) || ', ' || pg_temp.told('YAL-NONE', 'Livré', NULL), 'ignored nothing, new', 'of a parcel that we do not know only what moves parcels is waited with');
SELECT is(mjc.person_order(pg_temp.order_id(:'ref')) #>> '{shipments,0,reports,4,reason}', 'Client injoignable', 'the buyer may have all of it');
SAVEPOINT forgotten;
SELECT mjc.order_person_forget(ARRAY[pg_temp.order_id(:'ref')]) \g /dev/null
SELECT is((SELECT count(reason) || ' of ' || count(*) FROM mjc.shipment_report WHERE order_id = pg_temp.order_id(:'ref')), '0 of 8', 'and what was written of him is forgotten with him');
ROLLBACK TO SAVEPOINT forgotten;
SELECT is(mjc.carrier_time(t, '2026-06-01 00:00:00+00'), coalesce(v::timestamptz, '2026-06-01 00:00:00+00'), coalesce('a time: ' || t, 'no time'))
  FROM (VALUES ('2026-01-31 10:00:00', '2026-01-31 09:00:00+00'), ('2026-01-31T10:00', '2026-01-31 09:00:00+00'), ('2026-01-31T10:00:00Z', '2026-01-31 10:00:00+00'), ('2026-01-31T10:00:00.123+01:00', '2026-01-31 09:00:00+00'),
               ('2026-01-31T10:00:00-0130', '2026-01-31 11:30:00+00'), ('2024-02-29 00:30:00', '2024-02-28 23:30:00+00'), ('2026-02-29 10:00:00', NULL), ('2026-04-31 10:00:00', NULL), ('2026-13-01 10:00:00', NULL), ('2026-01-31 24:00:00', NULL),
               ('2026-01-31', NULL), ('hier', NULL), ('', NULL), (NULL, NULL), ('2027-01-31 10:00:00', NULL)) x (t, v);
SELECT is(mjc.carrier_word(w), v, coalesce('a word: ' || w, 'no word')) FROM (VALUES ('Echèc livraison', 'echec livraison'), ('  RETOURNÉ   AU Vendeur ', 'retourne au vendeur'), ('Reçu à Wilaya', 'recu a wilaya'), ('', ''), (NULL, NULL)) x (w, v);
SELECT is_empty('SELECT c.word FROM mjc.carrier_status c WHERE c.word <> mjc.carrier_word(c.word)', 'words are seeded as they are looked for');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

-- News of a parcel that by our books is still here is not lost
SELECT pg_temp.ordered(7, '0550000046') AS f \gset
SELECT mjc.shipment_pack(:'f', NULL, NULL, 'Yalidine', 'YAL-F'), mjc.order_change(:'f', 'PROCESSING', tracking_number => 'YAL-F') \g /dev/null
SELECT mjc_api.provider_event_store('yalidine', '[{"id": "yf", "type": "parcel_status_updated", "payload": {"data": {"tracking": "YAL-F", "status": "Livré"}}}]') \g /dev/null
DO $$ BEGIN PERFORM mjc.provider_event_apply(); END $$;
SELECT is((SELECT state || ' ' || error FROM mjc.provider_event WHERE event_id = 'yf'), 'new P0001 the parcel has not left yet', 'delivered, says the carrier, before we shipped it');
SELECT mjc.shipment_ship(:'f', 1) \g /dev/null
UPDATE mjc.provider_event SET next_at = now() WHERE event_id = 'yf';
DO $$ BEGIN PERFORM mjc.provider_event_apply(); END $$;
SELECT is(pg_temp.status(:'f'), 'DELIVERED', 'shipped, and delivered at once');

-- A carrier pays for a parcel that then comes back
SELECT pg_temp.ordered(7, '0550000047') AS g \gset
SELECT mjc.order_ship(:'g', 'YAL-G', 'Yalidine'), mjc.remittance_record('Yalidine', 'VRS-G', '[{"parcel": "YAL-G", "amount": 7700}]') \g /dev/null
SELECT is_empty(format('SELECT 1 FROM mjc_report.cod_receivable WHERE order_reference = %L', :'g'), 'paid for while it is on the road');
SELECT mjc.shipment_return(:'g', 1) \g /dev/null
SELECT results_eq(format('SELECT collected_dzd, owed_dzd FROM mjc_report.cod_receivable WHERE order_reference = %L', :'g'), 'VALUES (0.00::numeric, -7700.00::numeric)', 'it comes back: the carrier paid too much');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept to the end');
-- Scenario 11: a part left, the rest is cancelled
SELECT pg_temp.ordered(7, '0550000061') AS ref \gset
SELECT pg_temp.stock(7) AS before \gset
SELECT mjc.shipment_pack(:'ref', '{1}', '{2}', 'Yalidine', 'YAL-R'), mjc.shipment_ship(:'ref', 1) \g /dev/null
SELECT is(mjc.order_cancel_rest(:'ref', 'Le client ne veut que deux pièces'), 'SHIPPED', 'scenario 11: two of five left, the rest is cancelled');
SELECT is((SELECT string_agg(concat_ws(' ', line_no, held_qty, shipped_qty), ', ' ORDER BY line_no) FROM mjc.reservation WHERE reservation_id = pg_temp.order_id(:'ref')), '1 0 2, 2 0 0', 'scenario 11: three released, two stay sold');
SELECT is(pg_temp.parcels(:'ref') || '; ' || pg_temp.money(:'ref'), '1 shipped 1x2 2700; SHIPPED pending 2700 asked 0 here', 'scenario 11: the parcel collects what is left to pay');
SELECT is(pg_temp.broken(), NULL, 'scenario 11: every promise is kept');
SELECT mjc.issue_invoices(1000) \g /dev/null
SELECT is((SELECT string_agg(kind || ' ' || total_centimes, ', ' ORDER BY issued_at) FROM mjc.invoice WHERE order_id = pg_temp.order_id(:'ref')), 'invoice 770000, credit_note 500000', 'scenario 11: the documents follow');
SELECT is(mjc.shipment_deliver(:'ref', 1) || ' ' || pg_temp.money(:'ref'), 'delivered DELIVERED paid 0 asked 2700 here', 'delivered and paid');
SELECT is((pg_temp.failure(format('SELECT mjc.order_return(%L, %L, %L, %L)', :'ref', '{1}', '{3}', 'x'))).code, 'MJ115', 'what was cancelled does not come back');
SELECT mjc.order_return(:'ref', '{1}', '{2}', 'x') \g /dev/null
SELECT is(pg_temp.money(:'ref'), 'DELIVERED paid 0 asked 700 here', 'what was delivered does');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');
SELECT pg_temp.ordered(7, '0550000062') AS ref \gset
SELECT is((pg_temp.failure(format('SELECT mjc.order_cancel_rest(%L)', :'ref'))).code, 'MJ340', 'nothing has left: cancel the order');
SELECT is((pg_temp.failure('SELECT mjc.order_cancel_rest(NULL)')).code, 'MJ003', 'no order');
SELECT mjc.payment_record(:'ref', 7700, 'BANK_TRANSFER', 'VIR-REST') \g /dev/null
SELECT mjc.shipment_pack(:'ref', '{1}', '{2}'), mjc.shipment_ship(:'ref', 1), mjc.shipment_deliver(:'ref', 1), mjc.shipment_pack(:'ref') \g /dev/null
SELECT is(mjc.order_cancel_rest(:'ref'), 'DELIVERED', 'paid before, and what left has arrived');
SELECT is(pg_temp.money(:'ref') || '; ' || pg_temp.parcels(:'ref'), 'DELIVERED paid 0 asked 2700 here; 1 delivered 1x2 0, 2 unpacked 1x3+2x2 0', 'the rest of the money goes back, what was packed stays here');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');
-- A parcel of several that comes back is taken off the invoice
SELECT pg_temp.ordered(7, '0550000063') AS ref \gset
SELECT mjc.shipment_pack(:'ref', '{1}', '{5}'), mjc.shipment_ship(:'ref', 1), mjc.shipment_pack(:'ref'), mjc.shipment_ship(:'ref', 2), mjc.issue_invoices(1000) \g /dev/null
SELECT mjc.shipment_refuse(:'ref', 1), mjc.shipment_return(:'ref', 1), mjc.issue_invoices(1000) \g /dev/null
SELECT is((SELECT string_agg(kind || ' ' || total_centimes, ', ' ORDER BY issued_at) FROM mjc.invoice WHERE order_id = pg_temp.order_id(:'ref')), 'invoice 770000, credit_note 500000', 'a parcel that came back is taken off the invoice');
SELECT is(mjc.issue_invoices(1000), 0::bigint, 'once');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept to the end');
-- Paid by transfer while the parcel is on the road with its label: what the carrier took too is owed to the buyer
SELECT pg_temp.ordered(8, '0550000064') AS ref \gset
SELECT mjc.order_ship(:'ref', 'YAL-T', 'Yalidine'), mjc.payment_record(:'ref', 7700, 'BANK_TRANSFER', 'VIR-LABEL') \g /dev/null
SELECT mjc.order_deliver(:'ref') \g /dev/null
SELECT is(pg_temp.money(:'ref') || (SELECT string_agg(' ' || kind || ' ' || state || ' ' || amount_centimes, '') FROM mjc.refund WHERE order_id = pg_temp.order_id(:'ref')), 'DELIVERED paid 0 asked 7700 here excess due 770000', 'paid twice: the second time is owed');
SELECT pg_temp.ordered(8, '0550000065') AS ref \gset
SELECT mjc.order_ship(:'ref', 'YAL-U', 'Yalidine'), mjc.payment_record(:'ref', 7700, 'BANK_TRANSFER', 'VIR-LABEL2') \g /dev/null
SELECT mjc.shipment_cod_set(:'ref', 1, 0) \g /dev/null
SELECT mjc.order_deliver(:'ref') \g /dev/null
SELECT is(pg_temp.money(:'ref') || coalesce((SELECT string_agg(kind, '') FROM mjc.refund WHERE order_id = pg_temp.order_id(:'ref')), ''), 'DELIVERED paid 0 asked 7700 here', 'the carrier was told to collect nothing');
SELECT is_empty(format('SELECT 1 FROM mjc_report.cod_receivable WHERE order_reference = %L', :'ref'), 'and owes nothing');
SELECT is((pg_temp.failure(format('SELECT mjc.shipment_cod_set(%L, 1, 5)', :'ref'))).code, 'MJ332', 'too late');
SELECT is((pg_temp.failure(format('SELECT mjc.shipment_cod_set(%L, 9, 5)', :'ref'))).code, 'MJ333', 'no such parcel');
SELECT is((pg_temp.failure(format('SELECT mjc.shipment_cod_set(%L, 1, -5)', :'ref'))).code, 'MJ006', 'less than nothing');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');
SELECT * FROM finish();
ROLLBACK;
