-- coupon: orders with coupons and gift cards: what is taken, once, and what comes back, once.
-- Amounts are computed by hand: part 1 costs 100.00, part 2 200.00, a parcel 700.00.
BEGIN;
SELECT plan(106);
\ir fixture.psql
UPDATE mjc.promotion SET is_active = false;
SELECT pg_temp.make_stock(1, 100, 10000), pg_temp.make_stock(2, 100, 20000), pg_temp.make_stock(3, 3, 30000), pg_temp.make_stock(4, 100, 1000) \g /dev/null
INSERT INTO mjc.promotion (promotion_id, code, name, kind, scope, rate_bp, amount_centimes, needs_coupon, exclusivity_group, product_ids)
SELECT ('00000000-0000-4000-e000-00000000000' || n)::uuid, c, c, k, 'order', r, a, true, g, p
  FROM (VALUES (1, 'test-ten', 'percent', 1000, NULL, NULL, NULL::uuid[]), (2, 'test-fifty', 'amount', NULL, 5000, NULL, NULL), (3, 'test-x1', 'percent', 500, NULL, 'test', NULL), (4, 'test-x2', 'percent', 600, NULL, 'test', NULL),
               (5, 'test-two', 'percent', 1000, NULL, NULL, ARRAY[pg_temp.pid(2)])) v (n, c, k, r, a, g, p);
SELECT mjc.pricing_changed() \g /dev/null
INSERT INTO mjc.coupon (code, promotion_id, max_uses, max_uses_per_customer, validity, is_active)
SELECT c, ('00000000-0000-4000-e000-00000000000' || n)::uuid, m, pc, v, a
  FROM (VALUES ('TEST-TEN', 1, NULL, NULL, '(,)'::tstzrange, true), ('TEST-FIFTY', 2, NULL, NULL, '(,)', true), ('TEST-TWICE', 1, 2, NULL, '(,)', true), ('TEST-EACH', 1, NULL, 1, '(,)', true), ('TEST-X1', 3, NULL, NULL, '(,)', true),
               ('TEST-X2', 4, NULL, NULL, '(,)', true), ('TEST-OVER', 1, NULL, NULL, '(,2020-01-01)', true), ('TEST-OFF', 1, NULL, NULL, '(,)', false), ('TEST-NOT', 5, NULL, NULL, '(,)', true), ('TEST-LAST', 1, 1, NULL, '(,)', true)) x (c, n, m, pc, v, a);

CREATE FUNCTION pg_temp.guest(numbers integer[], quantities integer[], coupons text[] DEFAULT NULL, cards text[] DEFAULT NULL, phone text DEFAULT '0550000001', key text DEFAULT NULL, mode text DEFAULT NULL) RETURNS text
    LANGUAGE sql
AS $$
    SELECT r.body #>> '{order,orderNumber}'
      FROM mjc_api.order_place_guest('req-test', key, pg_temp.pids(numbers), quantities, 'Amina', 'Test', phone, NULL, NULL, '1 rue du Test', 'Testville', NULL, '99', NULL, NULL, coupons, cards, mode) r
$$;
CREATE FUNCTION pg_temp.staff(numbers integer[], quantities integer[], coupons text[] DEFAULT NULL, cards text[] DEFAULT NULL, phone text DEFAULT '0550000098') RETURNS text
    LANGUAGE sql
AS $$
    SELECT mjc.order_place(pg_temp.pids(numbers), quantities, 'Amina', 'Test', phone, street => '1 rue du Test', city => 'Testville', region => '99', coupons => coupons, gift_cards => cards)
$$;
-- What an order keeps: "subtotal - discount + shipping = total - credit: payment; coupons".
CREATE FUNCTION pg_temp.figures(ref text) RETURNS text
    LANGUAGE sql
AS $$
    SELECT format('%s - %s + %s = %s - %s: %s %s', o.subtotal_centimes, o.discount_centimes, o.shipping_centimes, o.total_centimes, o.credit_centimes, p.amount_centimes, o.coupons)
      FROM mjc.order o JOIN mjc.payment p USING (order_id) WHERE o.order_id = pg_temp.order_id(ref)
$$;
-- The ledger of a coupon, "+1 1, -1 0".
CREATE FUNCTION pg_temp.uses(coupon text) RETURNS text
    LANGUAGE sql
    AS $$ SELECT string_agg(to_char(l.change, 'FMSG9') || ' ' || l.used, ', ' ORDER BY l.seq) FROM mjc.coupon_ledger l WHERE l.code = coupon $$;
-- Everything that an order leaves: what a refused one must not.
CREATE FUNCTION pg_temp.traces() RETURNS text
    LANGUAGE sql
AS $$
    SELECT concat_ws(' ', (SELECT count(*) FROM mjc.order), (SELECT count(*) FROM mjc.order_line), (SELECT count(*) FROM mjc.order_trace), (SELECT count(*) FROM mjc.payment), (SELECT count(*) FROM mjc.reservation),
                          (SELECT count(*) FROM mjc.stock_ledger), (SELECT count(*) FROM mjc.coupon_ledger), (SELECT count(*) FROM mjc.credit_ledger), (SELECT count(*) FROM mjc.idempotency_key), (SELECT count(*) FROM mjc.customer))
$$;

-- A coupon of a guest and of staff
SELECT pg_temp.guest('{1,2}', '{2,1}', '{test-ten}') AS ref \gset
SELECT is(pg_temp.figures(:'ref'), '40000 - 4000 + 70000 = 106000 - 0: 106000 {TEST-TEN}', 'a guest with a coupon');
SELECT results_eq(format('SELECT line_no, total_centimes, discount_centimes FROM mjc.order_line WHERE order_id = %L ORDER BY 1', pg_temp.order_id(:'ref')), 'VALUES (1, 18000::bigint, 2000::bigint), (2, 18000, 2000)', 'its lines after the discount');
SELECT results_eq(format('SELECT l.seq, l.change, l.used, l.order_id = o.order_id AND l.customer_id = o.customer_id FROM mjc.coupon_ledger l, mjc.order o WHERE l.code = %L AND o.order_id = %L', 'TEST-TEN', pg_temp.order_id(:'ref')),
    'VALUES (1::bigint, 1::smallint, 1::bigint, true)', 'its use, taken once, for this customer');
SELECT is((mjc.order_json(pg_temp.order_id(:'ref'))::jsonb - 'items') @> '{"subtotal": 400.00, "discount": 40.00, "shipping": 700.00, "total": 1060.00, "credit": 0.00, "amountDue": 1060.00, "coupons": ["TEST-TEN"], "taxIncluded": 169.24}', true, 'its JSON');
SELECT is(mjc.reprice_trace(steps), '{"subtotal": 40000, "discount": 4000, "goods": 36000, "shipping": 70000, "tax": 16924, "stamp_duty": 0, "rounding": 0, "total": 106000, "credit": 0, "due": 106000, "differs": 0}'::jsonb, 'its steps give every figure again')
  FROM mjc.order_trace WHERE order_id = pg_temp.order_id(:'ref');
SELECT is(pg_temp.stock(1), '100 2', 'its units');
SELECT pg_temp.staff('{1,2}', '{2,1}', '{TEST-TEN, test-fifty," Test-Ten "}') AS ref \gset
SELECT is(pg_temp.figures(:'ref'), '40000 - 8500 + 70000 = 101500 - 0: 101500 {TEST-FIFTY,TEST-TEN}', 'staff with two coupons: 50.00, then a tenth');
SELECT is(pg_temp.uses('TEST-TEN') || '; ' || pg_temp.uses('TEST-FIFTY'), '+1 1, +1 2; +1 1', 'each used once, however often it was given');
SELECT is(pg_temp.figures(pg_temp.guest('{1}', '{1}', '{}', '{}')), '10000 - 0 + 70000 = 80000 - 0: 80000 {}', 'no coupon');

-- Refused: nothing stays
SELECT pg_temp.traces() AS before \gset
SELECT is((pg_temp.failure(format('SELECT pg_temp.%s(''{1}'', ''{1}'', %L)', who, k))).code, e, format('%s of %s: %s', k, who, e))
  FROM (VALUES ('{TEST-NONE}', 'MJ203'), ('{TEST-OVER}', 'MJ204'), ('{TEST-OFF}', 'MJ204'), ('{TEST-X1,TEST-X2}', 'MJ207'), ('{TEST-NOT}', 'MJ208'), ('{TEST-TEN,TEST-NONE}', 'MJ203')) v (k, e), unnest(ARRAY['guest', 'staff']) who;
SELECT is((pg_temp.failure($$SELECT pg_temp.guest('{1}', '{1}', array_fill('TEST-TEN'::text, ARRAY[11]))$$)).code, 'MJ209', 'eleven coupons');
SELECT is((pg_temp.failure($$SELECT pg_temp.guest('{1}', '{1}', '{NULL}')$$)).code, 'MJ003', 'a coupon that is none');
SELECT is((pg_temp.failure($$SELECT pg_temp.guest('{1}', '{1}', NULL, '{ABCD}')$$)).code, 'MJ210', 'a card that is none');
SELECT is((pg_temp.failure($$SELECT pg_temp.guest('{1}', '{1}', NULL, NULL, mode => 'drone')$$)).code, 'MJ217', 'a way that is none');
SELECT is((pg_temp.failure($$SELECT pg_temp.guest('{1,3}', '{1,4}', '{TEST-TEN}', key => 'coupon-short')$$)).code, 'MJ101', 'too little stock, with a good coupon');
SELECT is(pg_temp.traces(), :'before', 'no order, no use, no unit, no key, no customer');
SELECT isnt(pg_temp.guest('{1,3}', '{1,3}', '{TEST-TEN}', key => 'coupon-short'), NULL, 'its key is free for another try');

-- Limits
SELECT pg_temp.guest('{1}', '{1}', '{TEST-TWICE}') AS first \gset
SELECT pg_temp.staff('{1}', '{1}', '{TEST-TWICE}') AS second \gset
SELECT pg_temp.traces() AS before \gset
SELECT is((pg_temp.failure(format('SELECT pg_temp.%s(''{1}'', ''{1}'', ''{TEST-TWICE}'', phone => %L)', who, '0550000055'))).code, 'MJ205', format('used up, for %s', who)) FROM unnest(ARRAY['guest', 'staff']) who;
SELECT is(pg_temp.traces(), :'before', 'used up: nothing stays');
SELECT pg_temp.guest('{1}', '{1}', '{TEST-EACH}', phone => '0550000011') AS each \gset
SELECT is((pg_temp.failure(format('SELECT pg_temp.%s(''{1}'', ''{1}'', ''{TEST-EACH}'', phone => %L)', who, phone))).code, 'MJ206', format('once a customer: %s %s', who, phone)) FROM unnest(ARRAY['guest', 'staff']) who, unnest(ARRAY['0550000011', '+213 550 00 00 11']) phone;
SELECT isnt(pg_temp.guest('{1}', '{1}', '{TEST-EACH}', phone => '0550000012'), NULL, 'but another customer');
UPDATE mjc.coupon SET customer_id = (SELECT o.customer_id FROM mjc.order o WHERE o.order_id = pg_temp.order_id(:'each')) WHERE code = 'TEST-LAST';
SELECT is((pg_temp.failure($$SELECT pg_temp.guest('{1}', '{1}', '{TEST-LAST}', phone => '0550000012')$$)).code, 'MJ204', 'a coupon of somebody else');
SELECT is(pg_temp.figures(pg_temp.guest('{1}', '{1}', '{TEST-LAST}', phone => '0550000011')), '10000 - 1000 + 70000 = 79000 - 0: 79000 {TEST-LAST}', 'and its own customer');

-- Repeats
SELECT pg_temp.guest('{1}', '{1}', '{TEST-FIFTY}', key => 'coupon-key') AS ref \gset
SELECT is(pg_temp.guest('{1}', '{1}', '{TEST-FIFTY}', key => 'coupon-key'), :'ref', 'a repeat is the same order');
SELECT is(pg_temp.uses('TEST-FIFTY'), '+1 1, +1 2', 'which uses its coupon once');
SELECT is((pg_temp.failure(format('SELECT pg_temp.guest(''{1}'', ''{1}'', %L, %L, key => ''coupon-key'', mode => %L)', k, c, m))).code, 'MJ022', format('another request: %s %s %s', k, c, m))
  FROM (VALUES (NULL, NULL, NULL), ('{TEST-TEN}', NULL, NULL), ('{TEST-FIFTY,TEST-TEN}', NULL, NULL), (NULL, '{TEST-FIFTY}', NULL), ('{TEST-FIFTY}', '{TEST-FIFTY}', NULL), ('{TEST-FIFTY}', NULL, 'stop_desk')) v (k, c, m);

-- Cancelled: given back once
SELECT is(mjc.order_cancel(:'first'), 'CANCELLED', 'cancelled');
SELECT is(pg_temp.uses('TEST-TWICE'), '+1 1, +1 2, -1 1', 'the use is given back');
SELECT mjc.order_cancel(:'first') \g /dev/null
SELECT is(pg_temp.uses('TEST-TWICE'), '+1 1, +1 2, -1 1', 'once');
SELECT is((SELECT l.customer_id = o.customer_id AND l.order_id = o.order_id FROM mjc.coupon_ledger l, mjc.order o WHERE l.code = 'TEST-TWICE' AND l.seq = 3 AND o.order_id = pg_temp.order_id(:'first')), true, 'to whom had it');
SELECT isnt(pg_temp.guest('{1}', '{1}', '{TEST-TWICE}'), NULL, 'somebody else may have it');
SELECT is((pg_temp.failure($$SELECT pg_temp.guest('{1}', '{1}', '{TEST-TWICE}')$$)).code, 'MJ205', 'one');
SELECT mjc.order_cancel(:'each') \g /dev/null
SELECT pg_temp.guest('{1}', '{1}', '{TEST-EACH}', phone => '0550000011') AS each \gset
SELECT is(pg_temp.uses('TEST-EACH'), '+1 1, +1 2, -1 1, +1 2', 'nor is it used up for the customer');
SELECT is((pg_temp.failure($$SELECT pg_temp.guest('{1}', '{1}', '{TEST-EACH}', phone => '0550000011')$$)).code, 'MJ206', 'until he uses it again');
SELECT pg_temp.lapse(pg_temp.order_id(:'each')) \g /dev/null
SELECT is(mjc.order_expire(), 1::bigint, 'nobody confirmed it');
SELECT is(pg_temp.status(:'each') || ' ' || pg_temp.uses('TEST-EACH'), 'CANCELLED +1 1, +1 2, -1 1, +1 2, -1 1', 'given back');
SELECT mjc.order_expire(), mjc.order_cancel(:'each') \g /dev/null
SELECT is(pg_temp.uses('TEST-EACH'), '+1 1, +1 2, -1 1, +1 2, -1 1', 'once');
SELECT mjc.order_ship(:'second') \g /dev/null
SELECT is(pg_temp.uses('TEST-TWICE'), '+1 1, +1 2, -1 1, +1 2', 'a parcel that left keeps its use');
SELECT mjc.order_cancel(:'second') \g /dev/null
SELECT is(pg_temp.uses('TEST-TWICE'), '+1 1, +1 2, -1 1, +1 2, -1 1', 'one that came back gives it back');
UPDATE mjc.coupon SET is_active = false, validity = '(,2020-01-01)' WHERE code = 'TEST-FIFTY';
SELECT mjc.order_cancel(:'ref') \g /dev/null
SELECT is(pg_temp.uses('TEST-FIFTY'), '+1 1, +1 2, -1 1', 'a coupon that is over takes its use back');

-- Refunded: it was used
UPDATE mjc.coupon SET is_active = true, validity = '(,)' WHERE code = 'TEST-FIFTY';
SELECT pg_temp.guest('{1}', '{1}', '{TEST-FIFTY}') AS ref \gset
SELECT mjc.order_ship(:'ref'), mjc.order_deliver(:'ref') \g /dev/null
SELECT is(mjc.order_refund(:'ref'), 'REFUNDED', 'refunded');
SELECT is(pg_temp.uses('TEST-FIFTY'), '+1 1, +1 2, -1 1, +1 2', 'a refunded order used its coupon');

-- Scenario 20: a card of 100.00, orders of 80.00
SELECT credit_id AS card, code FROM mjc.gift_card_issue(100) \gset
CREATE FUNCTION pg_temp.balance(card uuid) RETURNS bigint
    LANGUAGE sql
    AS $$ SELECT mjc.credit_balance(card) $$;
UPDATE mjc.shipping_tariff SET amount_centimes = 7000 WHERE place_code = '99';
SELECT pg_temp.guest('{4}', '{1}', NULL, ARRAY[:'code']) AS one \gset
SELECT pg_temp.guest('{4}', '{1}', NULL, ARRAY[lower(replace(:'code', '-', ''))], phone => '0550000002') AS two \gset
SELECT pg_temp.staff('{4}', '{1}', NULL, ARRAY[:'code']) AS three \gset
SELECT is(pg_temp.figures(r), f, format('scenario 20: %s', w))
  FROM (VALUES (:'one', '1000 - 0 + 7000 = 8000 - 8000: 0 {}', 'the card pays it all'), (:'two', '1000 - 0 + 7000 = 8000 - 2000: 6000 {}', 'what is left, and the rest is due'), (:'three', '1000 - 0 + 7000 = 8000 - 0: 8000 {}', 'nothing is left')) v (r, f, w);
SELECT results_eq(format('SELECT seq, kind, amount_centimes, balance_centimes, order_id FROM mjc.credit_ledger WHERE credit_id = %L ORDER BY seq', :'card'),
    format('VALUES (1::bigint, ''issue'', 10000::bigint, 10000::bigint, NULL::uuid), (2, ''spend'', -8000, 2000, %L), (3, ''spend'', -2000, 0, %L)', pg_temp.order_id(:'one'), pg_temp.order_id(:'two')), 'scenario 20: the ledger');
SELECT is((SELECT array_agg(cardinality(credit_ids) ORDER BY reference) FROM mjc.order WHERE reference IN (:'one', :'two', :'three')), '{1,1,0}', 'scenario 20: who used it');
SELECT mjc.order_cancel(:'two') \g /dev/null
SELECT is(pg_temp.balance(:'card'), 2000::bigint, 'cancelled: back on the card');
SELECT mjc.order_cancel(:'two') \g /dev/null
SELECT is(pg_temp.balance(:'card'), 2000::bigint, 'once');
SELECT mjc.order_ship(:'one'), mjc.order_deliver(:'one') \g /dev/null
SELECT is((SELECT payment_state FROM mjc.order WHERE order_id = pg_temp.order_id(:'one')), 'paid', 'nothing was due: paid all the same');
SELECT is(pg_temp.balance(:'card'), 2000::bigint, 'delivered: spent');
SELECT mjc.credit_close(:'card', 'lost') \g /dev/null
SELECT mjc.order_refund(:'one') \g /dev/null
SELECT is(pg_temp.balance(:'card'), 10000::bigint, 'refunded: back on the card, closed or not');
SELECT is((pg_temp.failure(format('SELECT mjc.order_refund(%L)', :'one'))).code, c, 'a second time') FROM (VALUES ('00000')) v (c);
SELECT is(pg_temp.balance(:'card'), 10000::bigint, 'no more than was on it');
SELECT is((pg_temp.failure(format('SELECT pg_temp.guest(''{4}'', ''{1}'', NULL, ARRAY[%L])', :'code'))).code, 'MJ210', 'and cannot be spent');

-- Two cards, a coupon, one order
SELECT credit_id AS a, code AS a_code FROM mjc.gift_card_issue(30) \gset
SELECT credit_id AS b, code AS b_code FROM mjc.gift_card_issue(40) \gset
UPDATE mjc.setting SET boolean_value = true WHERE name = 'stamp_duty_charged';
SELECT pg_temp.guest('{1,2}', '{1,2}', '{TEST-TEN}', ARRAY[:'b_code', :'a_code', :'b_code']) AS ref \gset
-- 50000 less 5000, parcel 7000: 52000; cards 7000: 45000 in cash, duty 5.00
SELECT is(pg_temp.figures(:'ref'), '50000 - 5000 + 7000 = 52500 - 7000: 45500 {TEST-TEN}', 'two cards and a coupon');
SELECT is(pg_temp.balance(:'a') + pg_temp.balance(:'b'), 0::bigint, 'both are empty');
SELECT is(mjc.reprice_trace(steps) ->> k, v, format('its steps: %s', k)) FROM mjc.order_trace, (VALUES ('credit', '7000'), ('stamp_duty', '500'), ('due', '45500'), ('total', '52500'), ('differs', '0')) v (k, v) WHERE order_id = pg_temp.order_id(:'ref');
UPDATE mjc.order SET confirm_by_at = clock_timestamp() - interval '1 second' WHERE order_id = pg_temp.order_id(:'ref');
SELECT is(mjc.order_expire(), 1::bigint, 'nobody confirmed it');
SELECT is(pg_temp.balance(:'a') || ' ' || pg_temp.balance(:'b'), '3000 4000', 'each card has its own again');
SELECT is((SELECT sum(change) FROM mjc.coupon_ledger WHERE order_id = pg_temp.order_id(:'ref')), 0::bigint, 'so has the coupon');
SELECT is(pg_temp.figures(pg_temp.guest('{4}', '{1}', NULL, ARRAY[:'b_code', :'a_code'])), '1000 - 0 + 7000 = 8000 - 7000: 1000 {}', 'no duty below its bracket');
UPDATE mjc.setting SET boolean_value = false WHERE name = 'stamp_duty_charged';

-- Prices of a group: staff's orders have them, what a guest says of himself opens none
INSERT INTO mjc.price_list (price_list_id, code, name, kind, customer_group) VALUES ('00000000-0000-4000-d000-000000000001', 'test-b2b', 'Test', 'override', 'b2b');
INSERT INTO mjc.price (price_id, price_list_id, product_id, qty, validity, amount_centimes) VALUES (gen_random_uuid(), '00000000-0000-4000-d000-000000000001', pg_temp.pid(1), '[1,)', '(,)', 8000);
SELECT pg_temp.guest('{1}', '{1}', phone => '0550000021') AS ref \gset
SELECT mjc.customer_group_assign(customer_id, 'b2b') FROM mjc.order WHERE order_id = pg_temp.order_id(:'ref') \g /dev/null
SELECT pg_temp.guest('{1}', '{1}', phone => '0550000021') AS guest, pg_temp.staff('{1}', '{1}', phone => '0550000021') AS staff \gset
SELECT is((SELECT o.customer_group || ' ' || o.subtotal_centimes FROM mjc.order o WHERE o.order_id = pg_temp.order_id(r)), e, w)
  FROM (VALUES (:'guest', 'retail 10000', 'a guest with that phone'), (:'staff', 'b2b 8000', 'staff for the customer of that phone')) v (r, e, w);

-- A gift is a line of the order with its own stock; fifty lines may have one more
INSERT INTO mjc.promotion (promotion_id, code, name, kind, scope, get_qty, gift_product_id, min_qty) VALUES (gen_random_uuid(), 'test-gift', 'Gift', 'gift', 'order', 2, pg_temp.pid(2), 50);
SELECT mjc.pricing_changed() \g /dev/null
SELECT pg_temp.stock(2) AS stock \gset
SELECT pg_temp.make_stock(n, 10, 1000) FROM generate_series(101, 150) n \g /dev/null
SELECT pg_temp.guest((SELECT array_agg(n) FROM generate_series(101, 150) n), array_fill(1, ARRAY[50])) AS ref \gset
SELECT is(pg_temp.figures(:'ref'), '90000 - 40000 + 7000 = 57000 - 0: 57000 {}', 'fifty lines and a gift');
SELECT results_eq(format('SELECT line_no, product_id, qty, list_price_centimes, unit_price_centimes, discount_centimes, total_centimes, tax_centimes FROM mjc.order_line WHERE order_id = %L AND line_no > 50', pg_temp.order_id(:'ref')),
    format('VALUES (51, %L::uuid, 2, 20000::bigint, 20000::bigint, 40000::bigint, 0::bigint, 0::bigint)', pg_temp.pid(2)), 'the gift as stored');
SELECT is(pg_temp.stock(2), split_part(:'stock', ' ', 1) || ' ' || split_part(:'stock', ' ', 2)::integer + 2, 'its units are held');
SELECT mjc.order_cancel(:'ref') \g /dev/null
SELECT is(pg_temp.stock(2), :'stock', 'and free again');

-- Every order of this file
SELECT is_empty($$SELECT o.reference FROM mjc.order o LEFT JOIN mjc.order_trace t USING (order_id)
                   WHERE mjc.reprice_trace(t.steps) IS DISTINCT FROM jsonb_build_object('subtotal', o.subtotal_centimes, 'discount', o.discount_centimes, 'goods', o.subtotal_centimes - o.discount_centimes,
                         'shipping', o.shipping_centimes, 'tax', o.tax_centimes, 'stamp_duty', o.stamp_duty_centimes, 'rounding', o.rounding_centimes, 'total', o.total_centimes, 'credit', o.credit_centimes,
                         'due', o.total_centimes - o.credit_centimes, 'differs', 0)$$, 'the steps of each give its figures');
-- Store credit: the customer's own, spent by staff's orders alone; a card of somebody is his. 1000.00 and the parcel for 70.00
UPDATE mjc.promotion SET is_active = false;
SELECT mjc.pricing_changed() \g /dev/null
SELECT pg_temp.make_stock(990, 100, 100000) \g /dev/null
SELECT r.reference AS ref990 FROM mjc.order_place(pg_temp.pids('{990}'), '{1}', 'Amina', 'Test', '0550000990', street => '1 rue du Test', city => 'Testville', region => '99') r (reference) \gset
SELECT customer_id AS c990 FROM mjc.customer_phone WHERE phone = '+213550000990' \gset
CREATE FUNCTION pg_temp.paid(credit boolean, card text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT mjc.order_place(pg_temp.pids('{990}'), '{1}', 'Amina', 'Test', '0550000990', street => '1 rue du Test', city => 'Testville', region => '99',
                           gift_cards => CASE WHEN card IS NOT NULL THEN ARRAY[card] END, store_credit => credit) $$;
CREATE FUNCTION pg_temp.due_of(reference text) RETURNS text LANGUAGE sql AS $$
    SELECT format('%s = %s + %s', o.total_centimes, o.credit_centimes, p.amount_centimes) FROM mjc.order o JOIN mjc.payment p ON p.order_id = o.order_id WHERE o.order_id = pg_temp.order_id(due_of.reference) $$;
SELECT is(pg_temp.due_of(pg_temp.paid(true)), '107000 = 0 + 107000', 'a customer without store credit pays himself');
SELECT is(mjc.store_credit_add(:'c990', 2000, 'test'), 200000::bigint, 'he is given 2000 DZD');
SELECT is((mjc.quote_json(pg_temp.pids('{990}'), '{1}', place => '99', customer_id => :'c990', store_credit => true) ->> 'due')::numeric, 0.00, 'the quote: nothing is due');
SELECT is((mjc.quote_json(pg_temp.pids('{990}'), '{1}', place => '99', customer_id => :'c990') ->> 'due')::numeric, 1070.00, 'unless told, it stays');
SELECT throws_ok($$SELECT * FROM mjc.quote(pg_temp.pids('{990}'), '{1}', store_credit => true)$$, 'MJ003', NULL, 'store credit of nobody');
SELECT pg_temp.paid(true) AS first990 \gset
SELECT is(pg_temp.due_of(:'first990'), '107000 = 107000 + 0', 'the first order is paid whole');
SELECT is(pg_temp.due_of(pg_temp.paid(true)), '107000 = 93000 + 14000', 'the next as far as it goes');
SELECT is(mjc.credit_balance(:'c990'), 0::bigint, 'nothing is left');
SELECT mjc.order_cancel(:'first990') \g /dev/null
SELECT is(mjc.credit_balance(:'c990'), 107000::bigint, 'a cancelled order gives it back');
SELECT code AS own990 FROM mjc.gift_card_issue(500, NULL, :'c990') \gset
SELECT is(pg_temp.due_of(pg_temp.paid(false, :'own990')), '107000 = 50000 + 57000', 'a card of his');
SELECT throws_ok(format('SELECT mjc.order_place(pg_temp.pids(%L), %L, %L, %L, %L, street => %L, city => %L, region => %L, gift_cards => ARRAY[%L])', '{990}', '{1}', 'Amina', 'Test', '0550000991', '1 rue du Test', 'Testville', '99', :'own990'),
    'MJ210', NULL, 'is not somebody else''s');
SELECT throws_ok(format('SELECT * FROM mjc.quote(pg_temp.pids(%L), %L, gift_cards => ARRAY[%L])', '{990}', '{1}', :'own990'), 'MJ210', NULL, 'nor a stranger''s');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');

SELECT * FROM finish();
ROLLBACK;
