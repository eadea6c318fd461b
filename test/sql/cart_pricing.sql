-- cart_pricing: what a cart says of promotions, coupons, price lists and gifts.
BEGIN;
SELECT plan(51);
\ir fixture.psql
UPDATE mjc.promotion SET is_active = false;
CREATE FUNCTION pg_temp.changed() RETURNS void LANGUAGE sql
    AS $$ UPDATE mjc.pricing_version SET version = gen_random_uuid() $$;
SELECT pg_temp.changed() \g /dev/null
SELECT pg_temp.make_stock(n, 100, n * 10000) FROM generate_series(1, 9) n \g /dev/null
CREATE FUNCTION pg_temp.token(n integer) RETURNS text LANGUAGE sql IMMUTABLE
    AS $$ SELECT rpad('priced-' || n || '_', 43, 'x') $$;
CREATE FUNCTION pg_temp.guest(n integer) RETURNS uuid LANGUAGE sql
    AS $$ SELECT mjc.cart_owner_of_token(pg_temp.token(n)) $$;
CREATE FUNCTION pg_temp.get(n integer) RETURNS jsonb LANGUAGE sql
    AS $$ SELECT mjc_api.cart_get(NULL, NULL, NULL, pg_temp.token(n))::jsonb $$;
CREATE FUNCTION pg_temp.add(n integer, product integer, qty integer) RETURNS jsonb LANGUAGE sql
    AS $$ SELECT body::jsonb FROM mjc_api.cart_add(NULL, NULL, NULL, 'req', NULL, pg_temp.token(n), pg_temp.pid(product), qty) $$;
CREATE FUNCTION pg_temp.sync(n integer, numbers integer[], quantities integer[]) RETURNS jsonb LANGUAGE sql
    AS $$ SELECT mjc_api.cart_sync(NULL, NULL, NULL, 'req', pg_temp.token(n), pg_temp.pids(numbers), quantities)::jsonb $$;
CREATE FUNCTION pg_temp.coupon(n integer, code text) RETURNS jsonb LANGUAGE sql
    AS $$ SELECT mjc_api.cart_coupon_add(NULL, NULL, NULL, 'req', pg_temp.token(n), code)::jsonb $$;
CREATE FUNCTION pg_temp.uncoupon(n integer, code text) RETURNS jsonb LANGUAGE sql
    AS $$ SELECT mjc_api.cart_coupon_remove(NULL, NULL, NULL, 'req', pg_temp.token(n), code)::jsonb $$;
CREATE FUNCTION pg_temp.coupons(answer jsonb) RETURNS text LANGUAGE sql
    AS $$ SELECT string_agg((c ->> 'code') || ' ' || (c ->> 'status'), ', ' ORDER BY o) FROM jsonb_array_elements(answer -> 'coupons') WITH ORDINALITY u (c, o) $$;
CREATE FUNCTION pg_temp.quote(n integer, numbers integer[], quantities integer[], coupons text[] DEFAULT NULL) RETURNS jsonb LANGUAGE sql
    AS $$ SELECT mjc_api.cart_quote(NULL, NULL, NULL, pg_temp.token(n), pg_temp.pids(numbers), quantities, '99', NULL, NULL, coupons)::jsonb -> 'quote' $$;

-- A promotion of everybody
INSERT INTO mjc.promotion (promotion_id, code, name, kind, scope, rate_bp, category_ids)
VALUES (gen_random_uuid(), 'test-all', 'Ten percent', 'percent', 'order', 1000, '{00000000-0000-4000-b000-000000000001}');
SELECT pg_temp.changed() \g /dev/null
SELECT is(pg_temp.sync(1, '{1,2}', '{1,2}') - 'items' - 'quote' - 'adjusted' - 'coupons', '{"itemCount": 3, "subtotal": 500.00, "discount": 50.00, "total": 450.00, "discounts": [{"promotion": "test-all", "name": "Ten percent", "amount": 50.00}]}', 'a promotion');
SELECT results_eq($$SELECT (i ->> 'price')::numeric, (i ->> 'lineTotal')::numeric, (i ->> 'discount')::numeric FROM jsonb_array_elements(pg_temp.get(1) -> 'items') i$$,
    'VALUES (100.00, 90.00, 10.00), (200.00, 360.00, 40.00)', 'its shares in the lines');
UPDATE mjc.promotion SET is_active = false WHERE code = 'test-all';
SELECT pg_temp.changed() \g /dev/null
SELECT is(pg_temp.get(1) ->> 'total', '500.00', 'over at once');

INSERT INTO mjc.promotion (promotion_id, code, name, kind, scope, rate_bp) VALUES (gen_random_uuid(), 'test-ship', 'Free shipping', 'percent', 'shipping', 10000);
SELECT pg_temp.changed() \g /dev/null
SELECT is(pg_temp.get(1) -> 'discounts', '[]', 'what is off the shipping is not of the cart');
SELECT is(pg_temp.quote(1, NULL, NULL) #>> '{discounts,0,promotion}', 'test-ship', 'but of the quote for a place');
UPDATE mjc.promotion SET is_active = false WHERE code = 'test-ship';
SELECT pg_temp.changed() \g /dev/null

-- Coupons
INSERT INTO mjc.promotion (promotion_id, code, name, kind, scope, rate_bp, amount_centimes, product_ids, exclusivity_group, needs_coupon)
SELECT gen_random_uuid(), c, c, k, s, r, a, p, g, true
  FROM (VALUES ('test-ten', 'percent', 'order', 1000, NULL, NULL::uuid[], NULL), ('test-fifty', 'amount', 'order', NULL, 5000, NULL, NULL),
               ('test-one', 'percent', 'order', 500, NULL, NULL, 'test-group'), ('test-two', 'percent', 'order', 600, NULL, NULL, 'test-group'),
               ('test-nine', 'percent', 'line', 5000, NULL, ARRAY[pg_temp.pid(9)], NULL)) v (c, k, s, r, a, p, g);
INSERT INTO mjc.coupon (code, promotion_id, max_uses, max_uses_per_customer, validity, is_active)
SELECT c, p.promotion_id, m, mc, v, a
  FROM (VALUES ('TEST-TEN', 'test-ten', NULL, NULL, '(,)'::tstzrange, true), ('TEST-FIFTY', 'test-fifty', NULL, NULL, '(,)', true), ('TEST-ONE', 'test-one', NULL, NULL, '(,)', true),
               ('TEST-TWO', 'test-two', NULL, NULL, '(,)', true), ('TEST-NINE', 'test-nine', NULL, NULL, '(,)', true), ('TEST-OVER', 'test-ten', NULL, NULL, '(,2020-01-01)', true),
               ('TEST-EARLY', 'test-ten', NULL, NULL, '[2199-01-01,)', true), ('TEST-USED', 'test-ten', 1, NULL, '(,)', true), ('TEST-MINE', 'test-ten', NULL, 1, '(,)', true), ('TEST-OFF', 'test-ten', NULL, NULL, '(,)', false)) x (c, t, m, mc, v, a)
  JOIN mjc.promotion p ON p.code = t;
INSERT INTO mjc.coupon_ledger (code, seq, change, used, order_id, customer_id, at)
VALUES ('TEST-USED', 1, 1, 1, gen_random_uuid(), gen_random_uuid(), now()), ('TEST-MINE', 1, 1, 1, gen_random_uuid(), '00000000-0000-4000-c000-000000000001', now());
SELECT pg_temp.changed() \g /dev/null
SELECT is(pg_temp.coupons(pg_temp.coupon(1, 'TEST-TEN')), 'TEST-TEN APPLIED', 'a coupon');
SELECT is(pg_temp.get(1) ->> 'total', '450.00', 'counts');
SELECT is(pg_temp.coupons(pg_temp.coupon(1, ' test-ten ')), 'TEST-TEN APPLIED', 'once, however it is typed');
SELECT is(pg_temp.coupons(pg_temp.coupon(1, 'Test-Fifty')), 'TEST-TEN APPLIED, TEST-FIFTY APPLIED', 'another beside it');
SELECT throws_ok(format('SELECT pg_temp.coupon(1, %L)', k), c, NULL, format('coupon %s: %s', k, c))
  FROM (VALUES ('TEST-NONE', 'MJ203'), ('TEST-OVER', 'MJ204'), ('TEST-EARLY', 'MJ204'), ('TEST-USED', 'MJ205'), ('TEST-NINE', 'MJ208')) v (k, c);
SELECT is((pg_temp.failure($$SELECT pg_temp.coupon(1, 'TEST-OFF')$$)).code IN ('MJ203', 'MJ204'), true, 'coupon TEST-OFF: a coupon that was switched off');
SELECT is(pg_temp.coupons(pg_temp.get(1)), 'TEST-TEN APPLIED, TEST-FIFTY APPLIED', 'what is refused is not noted');
SELECT lives_ok($$SELECT pg_temp.coupon(1, 'TEST-ONE')$$, 'one of two that exclude each other');
SELECT throws_ok($$SELECT pg_temp.coupon(1, 'TEST-TWO')$$, 'MJ207', NULL, 'the other is refused');
SELECT is(pg_temp.coupons(pg_temp.uncoupon(1, 'test-one')), 'TEST-TEN APPLIED, TEST-FIFTY APPLIED', 'taken out');
SELECT is(pg_temp.coupons(pg_temp.uncoupon(1, 'test-one')), 'TEST-TEN APPLIED, TEST-FIFTY APPLIED', 'twice');
SELECT is(pg_temp.coupons(pg_temp.uncoupon(1, 'no such code')), 'TEST-TEN APPLIED, TEST-FIFTY APPLIED', 'or what cannot be one');
SELECT lives_ok($$SELECT pg_temp.uncoupon(77, 'TEST-ONE')$$, 'of no cart');
SELECT throws_ok($$SELECT pg_temp.uncoupon(1, NULL)$$, 'MJ003', NULL, 'no code');
UPDATE mjc.coupon SET validity = '(,2020-01-01)' WHERE code = 'TEST-TEN';
SELECT pg_temp.changed() \g /dev/null
SELECT is(pg_temp.coupons(pg_temp.get(1)), 'TEST-TEN COUPON_EXPIRED, TEST-FIFTY APPLIED', 'one that is over meanwhile stays and says so');
SELECT is(pg_temp.get(1) ->> 'total', '450.00', 'without its reduction');
SELECT is(pg_temp.coupons(pg_temp.coupon(1, 'TEST-TWO')), 'TEST-TEN COUPON_EXPIRED, TEST-FIFTY APPLIED, TEST-TWO APPLIED', 'and does not stand in the way of another');
SELECT is(pg_temp.quote(1, NULL, NULL) #>> '{coupons,0,status}', 'COUPON_EXPIRED', 'quote: the coupons of the cart need not be usable');
SELECT throws_ok($$SELECT pg_temp.quote(1, NULL, NULL, '{TEST-TEN}')$$, 'MJ204', NULL, 'quote: those that are named must');
SELECT is(pg_temp.quote(1, '{2}', '{1}', '{TEST-FIFTY}') ->> 'goods', '150.00', 'quote: and then count');
SELECT is(pg_temp.quote(1, '{2}', '{1}') ->> 'goods', '200.00', 'quote: other lines are without the coupons of the cart');
SELECT is(pg_temp.quote(1, NULL, NULL, '{}') ->> 'goods', '500.00', 'quote: so is the cart when none is wanted');
UPDATE mjc.cart SET coupons = ARRAY(SELECT 'TEST-K' || n FROM generate_series(1, 10) n) WHERE owner_id = pg_temp.guest(1);
SELECT is((pg_temp.failure($$SELECT pg_temp.coupon(1, 'TEST-FIFTY')$$))::text, '(MJ209,"{""max"": ""10""}")', 'ten coupons and no more');
SELECT is(pg_temp.coupons(mjc_api.cart_remove(NULL, NULL, NULL, NULL, pg_temp.token(2), pg_temp.pid(1))::jsonb), 'TEST-FIFTY COUPON_NOT_APPLICABLE', 'the last line is gone, the coupon waits')
  FROM (SELECT pg_temp.sync(2, '{1}', '{1}'), pg_temp.coupon(2, 'TEST-FIFTY')) x;

-- A customer: uses of his own, prices of his group, seen by quantity
INSERT INTO mjc.account (account_id, role) VALUES ('00000000-0000-4000-c000-000000000001', 'CUSTOMER'), ('00000000-0000-4000-c000-000000000002', 'CUSTOMER');
WITH made AS (INSERT INTO mjc.customer (customer_id, kind, account_id, customer_group, created_at)
VALUES ('00000000-0000-4000-c000-000000000001', 'registered', '00000000-0000-4000-c000-000000000001', 'b2b', now()) RETURNING 1)
INSERT INTO mjc.customer_delta (delta_id, change, on_day) SELECT gen_random_uuid(), 1, mjc.algiers_date(now()) FROM made;
INSERT INTO mjc.price_list (price_list_id, code, name, kind, customer_group) VALUES ('00000000-0000-4000-d000-000000000001', 'test-b2b', 'Test', 'override', 'b2b'), ('00000000-0000-4000-d000-000000000002', 'test-steps', 'Test', 'sale', NULL);
INSERT INTO mjc.price (price_id, price_list_id, product_id, qty, validity, amount_centimes)
VALUES (gen_random_uuid(), '00000000-0000-4000-d000-000000000001', pg_temp.pid(1), '[1,)', '[2020-01-01,)', 8000), (gen_random_uuid(), '00000000-0000-4000-d000-000000000002', pg_temp.pid(3), '[10,)', '[2020-01-01,)', 25000);
CREATE FUNCTION pg_temp.mine(n integer, what text, product integer DEFAULT NULL, qty integer DEFAULT NULL, text_value text DEFAULT NULL) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    id uuid := '00000000-0000-4000-c000-00000000000' || n;
BEGIN
    RETURN CASE what
        WHEN 'get' THEN mjc_api.cart_get(id, 0, id, NULL)
        WHEN 'add' THEN (SELECT body FROM mjc_api.cart_add(id, 0, id, NULL, NULL, NULL, pg_temp.pid(product), qty))
        WHEN 'coupon' THEN mjc_api.cart_coupon_add(id, 0, id, NULL, NULL, text_value)
        WHEN 'merge' THEN mjc_api.cart_merge(id, 0, id, NULL, text_value) END;
END $$;
SELECT is(pg_temp.mine(1, 'add', 1, 1) #>> '{cartItem,price}', '80.00', 'a group pays its own price');
SELECT is(pg_temp.mine(1, 'get') #>> '{items,0,priceChanged}', 'false', 'which is the one that he saw');
SELECT throws_ok($$SELECT pg_temp.mine(1, 'coupon', text_value => 'TEST-MINE')$$, 'MJ206', NULL, 'a coupon that this customer used');
SELECT is(pg_temp.coupons(pg_temp.mine(2, 'coupon', text_value => 'TEST-MINE')), 'TEST-MINE APPLIED', 'and that one did not') FROM (SELECT pg_temp.mine(2, 'add', 1, 1)) x;
UPDATE mjc.customer SET customer_group = 'retail' WHERE customer_id = '00000000-0000-4000-c000-000000000001';
SELECT is((pg_temp.mine(1, 'get') #> '{items,0}') - 'id' @> '{"price": 100.00, "priceChanged": true, "previousPrice": 80.00}', true, 'another group, another price, and he is told');
UPDATE mjc.customer SET customer_group = 'b2b' WHERE customer_id = '00000000-0000-4000-c000-000000000001';
SELECT is((pg_temp.mine(1, 'merge', text_value => pg_temp.token(3)) #> '{items,0}') - 'id' @> '{"quantity": 4, "price": 80.00, "previousPrice": 100.00}', true, 'so he is when he signs in')
  FROM (SELECT pg_temp.sync(3, '{1}', '{4}')) x;
SELECT is(pg_temp.add(4, 3, 9) #>> '{cartItem,price}', '300.00', 'nine');
SELECT is(pg_temp.add(4, 3, 1) -> 'cartItem' @> '{"price": 250.00, "lineTotal": 2500.00, "priceChanged": false}', true, 'ten are cheaper, which is no change of price');
-- Scenario 24: the list ends between cart and order
UPDATE mjc.price SET validity = '[2020-01-01,2020-02-01)' WHERE price_list_id = '00000000-0000-4000-d000-000000000002';
SELECT is(pg_temp.get(4) #> '{items,0}' @> '{"price": 300.00, "priceChanged": true, "previousPrice": 250.00}', true, 'scenario 24: the list ended, the buyer is told');

-- A gift
INSERT INTO mjc.promotion (promotion_id, code, name, kind, scope, get_qty, gift_product_id, product_ids)
VALUES (gen_random_uuid(), 'test-gift', 'Gift', 'gift', 'order', 1, pg_temp.pid(8), ARRAY[pg_temp.pid(5)]);
SELECT pg_temp.changed() \g /dev/null
SELECT is(pg_temp.sync(5, '{5}', '{2}') ->> 'itemCount', '2', 'a gift is no line of the cart');
SELECT is(pg_temp.get(5) #> '{quote,lines,1}' @> jsonb_build_object('productId', pg_temp.pid(8), 'isGift', true, 'total', 0.00), true, 'but one of the quote');
SELECT is(pg_temp.get(5) ->> 'total', '1000.00', 'and costs nothing');
SELECT is(pg_temp.sync(5, '{5,8}', '{2,3}') ->> 'total', '2600.00', 'one of three is free when it is bought');
SELECT is_empty('SELECT * FROM mjc.check_cart_invariants(NULL)', 'no promise is broken');

-- A coupon for one wilaya waits for the place
INSERT INTO mjc.promotion (promotion_id, code, name, kind, scope, rate_bp, needs_coupon, wilaya_codes)
VALUES (gen_random_uuid(), 'test-place', 'For the test wilaya', 'percent', 'order', 5000, true, '{99}');
INSERT INTO mjc.coupon (code, promotion_id) SELECT 'TESTPLACE', promotion_id FROM mjc.promotion WHERE code = 'test-place';
INSERT INTO mjc.coupon (code, promotion_id, validity) SELECT 'TESTPLACEOVER', promotion_id, '(,2020-01-01)' FROM mjc.promotion WHERE code = 'test-place';
SELECT pg_temp.changed() \g /dev/null
SELECT pg_temp.sync(77, '{1}', '{1}') \g /dev/null
SELECT is(pg_temp.coupons(pg_temp.coupon(77, 'testplace')), 'TESTPLACE COUPON_NOT_APPLICABLE', 'a coupon for some wilayas may be put into a cart');
SELECT is((mjc_api.cart_quote(NULL, NULL, NULL, pg_temp.token(77), NULL, NULL, '99', NULL, NULL, NULL) #>> '{quote,goods}')::numeric, 50.00, 'and counts where the parcel goes there');
SELECT is((mjc_api.cart_quote(NULL, NULL, NULL, pg_temp.token(77), NULL, NULL, '16', NULL, NULL, NULL) #>> '{quote,goods}')::numeric, 100.00, 'not elsewhere');
SELECT throws_ok($$SELECT pg_temp.coupon(77, 'TESTPLACEOVER')$$, 'MJ204', NULL, 'one that is over is refused all the same');

SELECT * FROM finish();
ROLLBACK;
