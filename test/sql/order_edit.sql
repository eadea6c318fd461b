-- order_edit: lines change before an order leaves, and come back after it arrived.
BEGIN;
SELECT plan(127);
\ir fixture.psql
SELECT pg_temp.make_stock(n, 10) FROM generate_series(1, 9) n \g /dev/null
CREATE FUNCTION pg_temp.money(ref text) RETURNS text
    LANGUAGE sql
AS $$
    SELECT concat_ws(' ', o.status, o.payment_state, 'total', o.total_centimes / 100, 'asked', coalesce(sum(p.amount_centimes) FILTER (WHERE p.state = 'pending'), 0)::bigint / 100,
                     'here', sum(p.received_centimes - p.refunded_centimes)::bigint / 100)
      FROM mjc.order o JOIN mjc.payment p USING (order_id) WHERE o.order_id = pg_temp.order_id(ref) GROUP BY o.order_id
$$;
CREATE FUNCTION pg_temp.lines(ref text) RETURNS text
    LANGUAGE sql
    AS $$ SELECT string_agg(l.line_no || ':' || l.qty || 'x' || replace(l.sku, 'TEST-ONLY-', ''), ' ' ORDER BY l.line_no) FROM mjc.order_line l WHERE l.order_id = pg_temp.order_id(ref) $$;
CREATE FUNCTION pg_temp.edit(ref text, numbers integer[], quantities integer[]) RETURNS numeric
    LANGUAGE sql
    AS $$ SELECT mjc.order_edit(ref, pg_temp.pids(numbers), quantities) $$;
CREATE FUNCTION pg_temp.confirmed(numbers integer[], quantities integer[], phone text DEFAULT '0550000001') RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    ref text := pg_temp.bought(numbers, quantities, phone);
BEGIN
    PERFORM mjc.order_confirm(ref);
    RETURN ref;
END
$$;
CREATE FUNCTION pg_temp.broken() RETURNS text
    LANGUAGE sql
    AS $$ SELECT string_agg(v::text, '; ') FROM mjc.check_invariants() v $$;

-- More, less, another, none: prices, stock and money follow
SELECT pg_temp.confirmed('{1,2}', '{2,3}') AS ref \gset
SELECT is(pg_temp.money(:'ref'), 'CONFIRMED pending total 5700 asked 5700 here 0', 'as ordered');
SELECT is(pg_temp.edit(:'ref', '{1,2}', '{4,3}'), 7700.00, 'two units more');
SELECT is(pg_temp.money(:'ref') || '; ' || pg_temp.stock(1), 'CONFIRMED pending total 7700 asked 7700 here 0; 10 4', 'are asked for and held');
SELECT is(pg_temp.edit(:'ref', '{1,2}', '{1,3}'), 4700.00, 'three units less');
SELECT is(pg_temp.money(:'ref') || '; ' || pg_temp.stock(1), 'CONFIRMED pending total 4700 asked 4700 here 0; 10 1', 'are asked for no more, and free');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');
SELECT is(pg_temp.edit(:'ref', '{2,3}', '{3,1}'), 4700.00, 'one article for another');
SELECT is(pg_temp.lines(:'ref') || '; ' || pg_temp.stock(1) || '; ' || pg_temp.stock(3), '1:3x2 2:1x3; 10 0; 10 1', 'the one is free, the other held');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');
SELECT is(pg_temp.edit(:'ref', '{1,2,3}', '{1,3,1}'), 5700.00, 'and back again');
SELECT is(pg_temp.lines(:'ref') || '; ' || pg_temp.stock(1), '1:1x1 2:3x2 3:1x3; 10 1', 'beside the others');
SELECT is((SELECT bool_and(expires_at IS NULL) FROM mjc.reservation WHERE reservation_id = pg_temp.order_id(:'ref') AND held_qty > 0), true, 'nothing of it expires');
SELECT is((SELECT string_agg(note, ', ' ORDER BY seq) FROM mjc.order_event WHERE order_id = pg_temp.order_id(:'ref') AND kind = 'edit'), '5700.00 -> 7700.00 DZD, 7700.00 -> 4700.00 DZD, 4700.00 -> 4700.00 DZD, 4700.00 -> 5700.00 DZD', 'the history tells it');
SELECT is((SELECT before ->> 'lines' || ' -> ' || (after ->> 'lines') FROM mjc.audit WHERE action = 'order_edit' ORDER BY audit_id LIMIT 1), '2 x TEST-ONLY-1, 3 x TEST-ONLY-2 -> 4 x TEST-ONLY-1, 3 x TEST-ONLY-2', 'and the audit what');
SELECT is((SELECT count(*) FROM mjc.outbox WHERE aggregate_id = pg_temp.order_id(:'ref') AND topic = 'order_changed'), 4::bigint, 'the buyer hears of it');
SELECT is((pg_temp.failure(format('SELECT pg_temp.edit(%L, %L, %L)', :'ref', '{1,2,3}', '{11,3,1}'))).code, 'MJ101', 'not more than there is');
SELECT is(pg_temp.lines(:'ref') || '; ' || pg_temp.stock(1), '1:1x1 2:3x2 3:1x3; 10 1', 'and nothing changed');
SELECT is(pg_temp.edit(:'ref', '{1,2,3}', '{10,3,1}'), 14700.00, 'all there is');
SELECT mjc.order_ship(:'ref'), mjc.order_deliver(:'ref') \g /dev/null
SELECT is(pg_temp.money(:'ref') || '; ' || pg_temp.stock(1), 'DELIVERED paid total 14700 asked 0 here 14700; 0 0', 'it is delivered like any other');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

-- The price of the day it was placed
SELECT pg_temp.confirmed('{4}', '{1}') AS ref \gset
UPDATE mjc.order SET placed_at = placed_at - interval '10 days' WHERE order_id = pg_temp.order_id(:'ref');
UPDATE mjc.customer_order SET placed_at = placed_at - interval '10 days' WHERE order_id = pg_temp.order_id(:'ref');
SELECT mjc.price_set(pg_temp.pid(4), 2000) \g /dev/null
SELECT is(pg_temp.edit(:'ref', '{4}', '{2}'), 2700.00, 'a line that stays costs what it cost');

-- Paid before: the difference is due, or goes back
SELECT pg_temp.confirmed('{5}', '{2}') AS ref \gset
SELECT mjc.payment_record(:'ref', 2700, 'BANK_TRANSFER', 'VIR-EDIT') \g /dev/null
SELECT is(pg_temp.edit(:'ref', '{5}', '{3}'), 3700.00, 'one more of a paid order');
SELECT is(pg_temp.money(:'ref'), 'CONFIRMED part_paid total 3700 asked 1000 here 2700', 'the difference is asked');
SELECT is(pg_temp.edit(:'ref', '{5}', '{1}'), 1700.00, 'two less');
SELECT is(pg_temp.money(:'ref') || (SELECT string_agg(' ' || kind || ' ' || state || ' ' || amount_centimes, '') FROM mjc.refund WHERE order_id = pg_temp.order_id(:'ref')), 'CONFIRMED paid total 1700 asked 0 here 1700 excess due 100000', 'the difference goes back');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

-- Coupons are judged as if the order had not used them
SELECT mjc.promotion_set('edit-promo', '{"name": "x", "kind": "percent", "scope": "order", "percent": 10, "needsCoupon": true, "minAmount": 2000}') \g /dev/null
SELECT mjc.coupon_set('EDIT10', '{"promotion": "edit-promo", "maxUses": 1}') \g /dev/null
SELECT r.body -> 'order' ->> 'orderNumber' AS ref FROM mjc_api.order_place_guest('req', NULL, ARRAY[pg_temp.pid(6)], '{3}', 'Amina', 'Test', '0550000009', NULL, NULL, '1 rue du Test', 'Testville', NULL, '99', NULL, NULL, coupons => '{EDIT10}') r \gset
SELECT mjc.order_confirm(:'ref') \g /dev/null
SELECT is(pg_temp.money(:'ref'), 'CONFIRMED pending total 3400 asked 3400 here 0', 'ten percent off three');
SELECT is(pg_temp.edit(:'ref', '{6}', '{4}'), 4300.00, 'ten percent off four');
SELECT is((SELECT sum(change) FROM mjc.coupon_ledger WHERE code = 'EDIT10'), 1::bigint, 'one use');
SELECT is(pg_temp.edit(:'ref', '{6}', '{1}'), 1700.00, 'below what it asks for it gives nothing');
SELECT is((SELECT sum(change) FROM mjc.coupon_ledger WHERE code = 'EDIT10') || (SELECT coupons::text FROM mjc.order WHERE order_id = pg_temp.order_id(:'ref')), '0{}', 'and is free for another order');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

-- Paid by cards in part: what is less is taken off the money first, what is more is asked of its cards first
CREATE FUNCTION pg_temp.by_cards(numbers integer[], quantities integer[], cards text[]) RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    ref text := (SELECT r.body -> 'order' ->> 'orderNumber' FROM mjc_api.order_place_guest('req', NULL, pg_temp.pids(numbers), quantities, 'Amina', 'Test', '0550000011', NULL, NULL,
                     '1 rue du Test', 'Testville', NULL, '99', NULL, NULL, gift_cards => cards) r);
BEGIN
    PERFORM mjc.order_confirm(ref);
    RETURN ref;
END
$$;
-- "total: by card, due; paid state asked here; balance of each card"
CREATE FUNCTION pg_temp.purse(ref text, cards uuid[]) RETURNS text
    LANGUAGE sql
AS $$
    SELECT format('%s: %s %s; %s; %s', o.total_centimes / 100, o.credit_centimes / 100, (o.total_centimes - o.credit_centimes - o.taken_off_centimes) / 100,
               regexp_replace(pg_temp.money(ref), '^\w+ (\w+) total \d+ asked (\d+) here (\d+)$', '\1 \2 \3'), (SELECT string_agg((mjc.credit_balance(c) / 100)::text, ' ' ORDER BY n) FROM unnest(cards) WITH ORDINALITY u (c, n)))
      FROM mjc.order o WHERE o.order_id = pg_temp.order_id(ref)
$$;
SELECT pg_temp.make_stock(n, 100) FROM generate_series(11, 13) n \g /dev/null
SELECT a.credit_id AS card, a.code FROM mjc.gift_card_issue(2000) a \gset
SELECT pg_temp.by_cards('{11}', '{4}', ARRAY[:'code']) AS ref \gset
SELECT is(pg_temp.purse(:'ref', ARRAY[:'card'::uuid]), '4700: 2000 2700; pending 2700 0; 0', 'the card pays what it has');
SELECT mjc.payment_record(:'ref', 2700, 'BANK_TRANSFER', 'VIR-CARD') \g /dev/null
SELECT is(pg_temp.edit(:'ref', '{11}', '{3}'), 1700.00, 'one unit less');
SELECT is(pg_temp.purse(:'ref', ARRAY[:'card'::uuid]), '3700: 2000 1700; paid 0 1700; 0', 'goes back as money');
SELECT is(pg_temp.edit(:'ref', '{11}', '{1}'), 0.00, 'two less, more than was paid in money');
SELECT is(pg_temp.purse(:'ref', ARRAY[:'card'::uuid]), '1700: 1700 0; paid 0 0; 300', 'the rest goes back to the card');
SELECT is(pg_temp.edit(:'ref', '{11}', '{1}'), 0.00, 'the same lines once more');
SELECT is(pg_temp.purse(:'ref', ARRAY[:'card'::uuid]), '1700: 1700 0; paid 0 0; 300', 'change nothing');
SELECT is(pg_temp.edit(:'ref', '{11,12}', '{1,1}'), 700.00, 'another article');
SELECT is(pg_temp.purse(:'ref', ARRAY[:'card'::uuid]), '2700: 2000 700; pending 700 0; 0', 'is paid by the card as far as it goes');
SELECT results_eq(format('SELECT kind, amount_centimes FROM mjc.credit_ledger WHERE credit_id = %L ORDER BY seq', :'card'), $$VALUES ('issue', 200000::bigint), ('spend', -200000), ('refund', 30000), ('spend', -30000)$$, 'each movement once');
SELECT is((SELECT string_agg(note, ', ' ORDER BY seq) FROM mjc.order_event WHERE order_id = pg_temp.order_id(:'ref') AND kind = 'edit' AND note ~ 'card'), '3700.00 -> 1700.00 DZD, of it by card 2000.00 -> 1700.00, 1700.00 -> 2700.00 DZD, of it by card 1700.00 -> 2000.00', 'the history tells it');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');
SELECT mjc.order_cancel(:'ref') \g /dev/null
SELECT is(mjc.credit_balance(:'card'), 200000::bigint, 'a cancel gives back what it used then, once');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

-- Two cards and store credit: what is used last comes back first, and what the order took it keeps
SELECT a.credit_id AS card, a.code FROM mjc.gift_card_issue(1000) a \gset a
SELECT a.credit_id AS card, a.code FROM mjc.gift_card_issue(1000) a \gset b
SELECT pg_temp.by_cards('{11}', '{1}', ARRAY[:'acode', :'bcode']) AS ref \gset
SELECT is(pg_temp.purse(:'ref', ARRAY[:'acard', :'bcard']::uuid[]), '1700: 1700 0; pending 0 0; 0 300', 'the first card, then the second');
SELECT is(pg_temp.edit(:'ref', '{11,12}', '{1,2}'), 1700.00, 'two units more');
SELECT is(pg_temp.purse(:'ref', ARRAY[:'acard', :'bcard']::uuid[]), '3700: 2000 1700; pending 1700 0; 0 0', 'take the rest of the second, then money');
SELECT mjc.credit_move(:'acard', 'adjust', 50000, NULL, 'gift', NULL, 'test') \g /dev/null
SELECT is(pg_temp.edit(:'ref', '{11,12}', '{1,2}'), 1700.00, 'a card that has something again');
SELECT is(pg_temp.purse(:'ref', ARRAY[:'acard', :'bcard']::uuid[]), '3700: 2000 1700; pending 1700 0; 500 0', 'does not take the place of money');
SELECT is(pg_temp.edit(:'ref', '{11,12,13}', '{1,2,1}'), 2200.00, 'but pays for what is more');
SELECT is(pg_temp.purse(:'ref', ARRAY[:'acard', :'bcard']::uuid[]), '4700: 2500 2200; pending 2200 0; 0 0', 'first');
SELECT mjc.credit_move(:'bcard', 'issue', 40000, NULL, 'gift', NULL, 'test'), mjc.credit_close(:'bcard', 'perdue') \g /dev/null
SELECT is(pg_temp.edit(:'ref', '{11,12,13}', '{1,2,2}'), 3200.00, 'a card that was closed pays no more than it did');
SELECT is(pg_temp.edit(:'ref', '{11}', '{1}'), 0.00, 'back to one unit');
SELECT is(pg_temp.purse(:'ref', ARRAY[:'acard', :'bcard']::uuid[]), '1700: 1700 0; paid 0 0; 0 1200', 'the money is asked no more, then the second card has its part back');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

-- Stamp duty is due on what is paid in cash
UPDATE mjc.setting SET boolean_value = true WHERE name = 'stamp_duty_charged';
SELECT a.credit_id AS card, a.code FROM mjc.gift_card_issue(2000) a \gset
SELECT pg_temp.by_cards('{11}', '{4}', ARRAY[:'code']) AS ref \gset
SELECT pg_temp.edit(:'ref', '{11}', '{3}') \g /dev/null
SELECT is((SELECT stamp_duty_centimes FROM mjc.order WHERE order_id = pg_temp.order_id(:'ref')), mjc.stamp_duty(170000, mjc.algiers_date(clock_timestamp())), 'stamp duty is due on what the card does not pay');
SELECT pg_temp.edit(:'ref', '{11}', '{1}') \g /dev/null
SELECT is((SELECT stamp_duty_centimes FROM mjc.order WHERE order_id = pg_temp.order_id(:'ref')), 0::bigint, 'none when it pays all');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');
UPDATE mjc.setting SET boolean_value = false WHERE name = 'stamp_duty_charged';

-- Units of an order that cards paid in part: the money goes back first, then the cards have theirs
SELECT a.credit_id AS card, a.code FROM mjc.gift_card_issue(2000) a \gset
SELECT pg_temp.by_cards('{11}', '{3}', ARRAY[:'code']) AS ref \gset
SELECT mjc.order_ship(:'ref'), mjc.order_deliver(:'ref') \g /dev/null
SELECT is(pg_temp.purse(:'ref', ARRAY[:'card'::uuid]), '3700: 2000 1700; paid 0 1700; 0', 'three units, by card and in cash');
SELECT is(mjc.order_return(:'ref', '{1}', '{1}', 'x') ->> 'toCards', '0.00', 'a unit comes back');
SELECT is(pg_temp.purse(:'ref', ARRAY[:'card'::uuid]), '3700: 2000 1700; paid 0 700; 0', 'for money');
SELECT is(mjc.order_return(:'ref', '{1}', '{1}', 'x') ->> 'toCards', '300.00', 'another one, worth more than what is left in money');
SELECT is(pg_temp.purse(:'ref', ARRAY[:'card'::uuid]), '3700: 2000 1700; paid 0 0; 300', 'the card has the rest');
SELECT is((SELECT (mjc.order_json(order_id) ->> 'creditBack') FROM mjc.order WHERE order_id = pg_temp.order_id(:'ref')), '300.00', 'the order says so');
SELECT is((SELECT string_agg(note, ', ' ORDER BY seq) FROM mjc.order_event WHERE order_id = pg_temp.order_id(:'ref') AND kind = 'refund'), '1000.00 DZD, x, 700.00 DZD, x, 300.00 DZD, to the cards that paid', 'and its history');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');
SELECT is(mjc.order_return(:'ref', '{1}', '{1}', 'x') ->> 'toCards', '1000.00', 'the last one');
SELECT is(pg_temp.purse(:'ref', ARRAY[:'card'::uuid]), '3700: 2000 1700; paid 0 0; 1300', 'all to the card');
SELECT mjc.order_refund(:'ref') \g /dev/null
SELECT is(pg_temp.purse(:'ref', ARRAY[:'card'::uuid]), '3700: 2000 1700; refunded 0 0; 2000', 'the whole order is refunded: the card has what it gave, not more');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

-- Several cards: who paid last has it first
SELECT a.credit_id AS card, a.code FROM mjc.gift_card_issue(1500) a \gset a
SELECT a.credit_id AS card, a.code FROM mjc.gift_card_issue(1500) a \gset b
SELECT pg_temp.by_cards('{11}', '{2}', ARRAY[:'acode', :'bcode']) AS ref \gset
SELECT mjc.order_ship(:'ref'), mjc.order_deliver(:'ref'), mjc.order_return(:'ref', '{1}', '{1}', 'x') \g /dev/null
SELECT is(pg_temp.purse(:'ref', ARRAY[:'acard', :'bcard']::uuid[]), '2700: 2700 0; paid 0 0; 0 1300', 'the second card');
SELECT mjc.order_return(:'ref', '{1}', '{1}', 'x') \g /dev/null
SELECT is(pg_temp.purse(:'ref', ARRAY[:'acard', :'bcard']::uuid[]), '2700: 2700 0; paid 0 0; 800 1500', 'and when it has all, the first');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

-- What was never paid is asked no more
UPDATE mjc.payment_method SET is_enabled = true WHERE method = 'BANK_TRANSFER';
SELECT a.credit_id AS card, a.code FROM mjc.gift_card_issue(1000) a \gset
SELECT r.body -> 'order' ->> 'orderNumber' AS ref FROM mjc_api.order_place_guest('req', NULL, ARRAY[pg_temp.pid(11)], '{2}', 'Amina', 'Test', '0550000012', NULL, NULL, '1 rue du Test', 'Testville', NULL, '99', NULL, NULL,
    gift_cards => ARRAY[:'code'], payment_method => 'BANK_TRANSFER') r \gset
SELECT mjc.order_confirm(:'ref'), mjc.order_ship(:'ref'), mjc.order_deliver(:'ref'), mjc.order_return(:'ref', '{1}', '{1}', 'x') \g /dev/null
SELECT is(pg_temp.purse(:'ref', ARRAY[:'card'::uuid]), '2700: 1000 700; pending 700 0; 0', 'a transfer that has not come is asked less');
SELECT mjc.order_return(:'ref', '{1}', '{1}', 'x') \g /dev/null
SELECT is(pg_temp.purse(:'ref', ARRAY[:'card'::uuid]), '2700: 1000 0; paid 0 0; 300', 'then the card has its part');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

-- Staff gave money back before: what is left may be too little
SELECT pg_temp.confirmed('{11}', '{1}') AS ref \gset
SELECT mjc.order_ship(:'ref'), mjc.order_deliver(:'ref'), mjc.payment_refund(:'ref', 1200, 'geste') \g /dev/null
SELECT pg_temp.stock(11) AS before \gset
SELECT is((pg_temp.failure(format('SELECT mjc.order_return(%L, %L, %L, %L)', :'ref', '{1}', '{1}', 'x'))).code, 'MJ503', 'not more than is here');
SELECT is(pg_temp.stock(11) || '; ' || pg_temp.money(:'ref'), :'before' || '; DELIVERED paid total 1700 asked 0 here 500', 'and nothing happened');
SELECT is((pg_temp.failure(format('SELECT mjc.order_value_back(%L, %s, -1, %L, NULL, %L, NULL)', pg_temp.order_id(:'ref'), v, 'x', 'psql'))).code, c, 'a value of ' || v) FROM (VALUES ('0', 'MJ201'), ('-1', 'MJ201'), ('NULL', 'MJ003')) x (v, c);

-- The rest is cancelled: cash that a parcel on the road collects stays, the cards have theirs
SELECT a.credit_id AS card, a.code FROM mjc.gift_card_issue(3000) a \gset
SELECT pg_temp.by_cards('{11,12}', '{2,2}', ARRAY[:'code']) AS ref \gset
SELECT mjc.shipment_pack(:'ref', '{1}', '{2}'), mjc.shipment_ship(:'ref', 1) \g /dev/null
SELECT is(mjc.order_cancel_rest(:'ref'), 'SHIPPED', 'two of four units have left');
SELECT is(pg_temp.purse(:'ref', ARRAY[:'card'::uuid]), '4700: 3000 1700; pending 1700 0; 2000', 'the value of the others goes back to the card');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');
SELECT mjc.order_deliver(:'ref') \g /dev/null
SELECT is(pg_temp.purse(:'ref', ARRAY[:'card'::uuid]), '4700: 3000 1700; paid 0 1700; 2000', 'and the carrier collects what his label says');
SELECT mjc.order_refund(:'ref') \g /dev/null
SELECT is(pg_temp.purse(:'ref', ARRAY[:'card'::uuid]), '4700: 3000 1700; refunded 0 0; 3000', 'all of it comes back: each has what it gave');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

-- A parcel comes back, the other was delivered
SELECT a.credit_id AS card, a.code FROM mjc.gift_card_issue(3000) a \gset
SELECT pg_temp.by_cards('{11,12}', '{2,2}', ARRAY[:'code']) AS ref \gset
SELECT mjc.shipment_pack(:'ref', '{1}', '{2}'), mjc.shipment_pack(:'ref', '{2}', '{2}'), mjc.shipment_ship(:'ref', 1), mjc.shipment_ship(:'ref', 2) \g /dev/null
SELECT mjc.shipment_deliver(:'ref', 1), mjc.shipment_refuse(:'ref', 2), mjc.shipment_return(:'ref', 2) \g /dev/null
SELECT is(pg_temp.status(:'ref') || ' ' || pg_temp.purse(:'ref', ARRAY[:'card'::uuid]), 'DELIVERED 4700: 3000 0; paid 0 0; 300', 'the money first, then the card');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

-- What staff gave back for what has not left goes back once
SELECT pg_temp.confirmed('{6}', '{3}') AS ref \gset
SELECT mjc.payment_record(:'ref', 3700, 'BANK_TRANSFER', 'VIR-HAND'), mjc.payment_refund(:'ref', 600, 'Rupture', 0), mjc.payment_refund(:'ref', 400, 'Rupture', 0) \g /dev/null
SELECT is(pg_temp.edit(:'ref', '{6}', '{2}') || ' ' || pg_temp.money(:'ref'), '2700.00 CONFIRMED paid total 2700 asked 0 here 2700', 'a unit less, whose value was given back by hand: nothing more goes back');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');
SELECT mjc.payment_refund(:'ref', 300, 'Rupture', 0) \g /dev/null
SELECT is(pg_temp.edit(:'ref', '{6}', '{1}') || ' ' || pg_temp.money(:'ref'), '1700.00 CONFIRMED paid total 1700 asked 0 here 1700', 'of another a part was: the rest goes back');
SELECT pg_temp.edit(:'ref', '{6}', '{2}'), mjc.payment_refund(:'ref', 1000.01, 'Rupture', 0) AS hand \gset
SELECT is(pg_temp.failure(format('SELECT pg_temp.edit(%L, %L, %L)', :'ref', '{6}', '{1}'))::text, '(MJ338,"{""why"": ""REFUNDED""}")', 'more was given than it is worth less: staff say first for what');
SELECT mjc.refund_for(:'ref', :'hand') \g /dev/null
SELECT is(pg_temp.edit(:'ref', '{6}', '{1}') || ' ' || pg_temp.money(:'ref'), '1700.00 CONFIRMED paid total 1700 asked 0 here 699', 'a gesture is taken off nothing');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');
SELECT mjc.order_cancel(:'ref') \g /dev/null
SELECT is(pg_temp.broken(), NULL, 'every promise is kept to the end');

-- What cannot be edited
SELECT pg_temp.bought('{7}', '{1}') AS pending, pg_temp.confirmed('{7}', '{1}') AS packed, pg_temp.confirmed('{7}', '{1}') AS shipped \gset
SELECT mjc.shipment_pack(:'packed'), mjc.order_ship(:'shipped') \g /dev/null
SELECT is(pg_temp.failure(format('SELECT pg_temp.edit(%L, %L, %L)', r, '{7}', '{2}'))::text, '(MJ338,"{""why"": ""' || w || '""}")', w)
  FROM (VALUES (:'pending', 'PENDING'), (:'packed', 'PACKED'), (:'shipped', 'SHIPPED')) v (r, w);
SELECT mjc.shipment_unpack(:'packed', 1) \g /dev/null
SELECT is(pg_temp.edit(:'packed', '{7}', '{2}'), 2700.00, 'once it is unpacked it can');
SELECT is((SELECT count(*) FROM mjc.shipment WHERE order_id = pg_temp.order_id(:'packed')), 0::bigint, 'and the parcel that never left is forgotten');
SELECT is((pg_temp.failure(format('SELECT mjc.order_edit(%s, %s, %s)', quote_nullable(r), coalesce(p, 'NULL'), coalesce(q, 'NULL')))).code, code, title)
  FROM (VALUES (NULL, 'ARRAY[pg_temp.pid(7)]', '''{1}''', 'MJ003', 'no order'), (:'packed', NULL, '''{1}''', 'MJ003', 'no products'), (:'packed', 'ARRAY[pg_temp.pid(7)]', NULL, 'MJ003', 'no units'),
               (:'packed', 'ARRAY[]::uuid[]', 'ARRAY[]::integer[]', 'MJ302', 'nothing at all'), (:'packed', 'ARRAY[pg_temp.pid(7)]', '''{0}''', 'MJ104', 'no units of a line'),
               (:'packed', 'ARRAY[gen_random_uuid()]', '''{1}''', 'MJ102', 'a product that there is not')) v (r, p, q, code, title);
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

-- Lines that come back
SELECT mjc.setting_set('seller_' || f, 'Test') FROM unnest(ARRAY['legal_form', 'activity', 'address', 'phone', 'rc', 'nif', 'nis', 'ai']) f \g /dev/null
SELECT pg_temp.confirmed('{8,9}', '{3,2}') AS ref \gset
SELECT mjc.order_ship(:'ref'), mjc.order_deliver(:'ref') \g /dev/null
SELECT mjc.order_return(:'ref', '{1}', '{2}', 'Mauvaise référence') AS back \gset
SELECT is(:'back'::jsonb ->> 'value' || ' ' || (:'back'::jsonb ->> 'refunded'), '2000.00 true', 'two units come back');
SELECT is(pg_temp.stock(8) || '; ' || pg_temp.money(:'ref'), '9 0; DELIVERED paid total 5700 asked 0 here 3700', 'into stock, and their value to the buyer');
SELECT matches(:'back'::jsonb ->> 'creditNote', '^AV-', 'with a credit note');
SELECT is((SELECT total_centimes FROM mjc.invoice WHERE number = :'back'::jsonb ->> 'creditNote'), 200000::bigint, 'of as much');
SELECT is((pg_temp.failure(format('SELECT mjc.order_return(%L, %L, %L, %L)', :'ref', l, q, r))).code, code, title)
  FROM (VALUES ('{1}', '{2}', 'x', 'MJ115', 'more than is left'), ('{3}', '{1}', 'x', 'MJ115', 'a line that there is not'), ('{1}', '{0}', 'x', 'MJ115', 'none'), ('{1,1}', '{1,1}', 'x', 'MJ010', 'a line twice'),
               ('{1,2}', '{1}', 'x', 'MJ010', 'lines without units'), ('{}', '{}', 'x', 'MJ010', 'nothing'), ('{1}', '{1}', ' ', 'MJ003', 'no reason')) v (l, q, r, code, title);
SELECT is((pg_temp.failure(format('SELECT mjc.order_return(%L, %L, %L, %L)', :'packed', '{1}', '{1}', 'x'))).code, 'MJ339', 'nothing comes back that did not arrive');
SELECT mjc.order_return(:'ref', '{2}', '{1}', 'Cassé', damaged => true, refund => false) AS back \gset
SELECT is(:'back'::jsonb ->> 'refunded' || ' ' || pg_temp.stock(9) || ' ' || (pg_temp.money(:'ref')), 'false 8 0 DELIVERED paid total 5700 asked 0 here 3700', 'an exchange: damaged, and no money back');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');
SELECT mjc.order_refund(:'ref') \g /dev/null
SELECT is(pg_temp.stock(8) || '; ' || pg_temp.money(:'ref'), '10 0; REFUNDED refunded total 5700 asked 0 here 0', 'then all of it comes back');
SELECT mjc.issue_invoices(100) \g /dev/null
SELECT is((SELECT sum(CASE kind WHEN 'invoice' THEN total_centimes ELSE -total_centimes END) FROM mjc.invoice WHERE order_id = pg_temp.order_id(:'ref')), 0::numeric, 'and the documents come to nothing');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept to the end');
SELECT * FROM finish();
ROLLBACK;
