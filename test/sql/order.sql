-- order: placing, moving on, expiry. Amounts are computed by hand; the transitions are
-- those of the REST contract, section "order status machine".
BEGIN;
SELECT plan(339);
\ir fixture.psql

-- Placing: totals. A costs 2499.00, on sale at 1999.00, 19 %; B costs 0.99, 9 %.
SELECT mjc.stock_receive(pg_temp.make_product(1, 249900, 199900, 120000), 20) \g /dev/null
SELECT mjc.stock_receive(pg_temp.make_product(2, 99, NULL, 50, 900), 20) \g /dev/null
SELECT pg_temp.make_product(3, 100000, active => false) \g /dev/null
SELECT (pg_temp.buy('{1,2}', '{2,3}', '0550 00 00 01', note => ' Sonnez deux fois ')).body AS body \gset
SELECT :'body'::json ->> 'orderNumber' AS ref, :'body'::json ->> 'id' AS id \gset
SELECT is((:'body'::json -> k)::text, v, format('reply: %s is %s', k, v))
  FROM (VALUES ('subtotal', '4000.97'),       -- 2 x 1999.00 + 3 x 0.99
               ('shipping', '700.00'), ('discount', '0.00'), ('total', '4701.00'), ('totalAmount', '4701.00'),
               ('tax', '0'), ('taxIncluded', '750.35'),  -- 638.34 of A, 0.25 of B, 111.76 of the parcel
               ('rounding', '0.03'), ('stampDuty', '0.00'), ('credit', '0.00'), ('amountDue', '4701.00'), ('deliveryMode', '"home"'),
               ('currency', '"DZD"'), ('status', '"pending"'), ('statusCode', '"PENDING"'), ('paymentStatus', '"PENDING"'),
               ('paymentMethod', '"CASH_ON_DELIVERY"'), ('customerPhone', '"+213550000001"'), ('customerName', '"Amina Test"'),
               ('customerNote', '"Sonnez deux fois"'), ('shippedAt', 'null'), ('deliveredAt', 'null'), ('trackingNumber', 'null')) e (k, v);
SELECT is(json_array_length(:'body'::json -> 'items'), 2, 'reply: two lines');
SELECT is((:'body'::json #> '{items,0}' -> k)::text, v, format('reply: first line, %s', k))
  FROM (VALUES ('productName', '"Test part 1"'), ('sku', '"TEST-ONLY-1"'), ('quantity', '2'), ('unitPrice', '1999.00'), ('totalPrice', '3998.00')) e (k, v);
SELECT is((:'body'::json #> '{items,1}' ->> 'totalPrice'), '2.97', 'reply: second line');
SELECT is(:'body'::json #>> '{shippingAddress,region}', '99', 'reply: address');
SELECT is(mjc.order_reference_canonical(:'ref'), :'ref', 'the number is a good reference');
SELECT results_eq(format($$SELECT channel, order_state, payment_state, fulfilment_state, status, subtotal_centimes, shipping_centimes, discount_centimes,
                                  tax_centimes, total_centimes, wilaya_code, confirm_by_at - placed_at, estimated_on - mjc.algiers_date(placed_at)
                             FROM mjc.order WHERE order_id = %L$$, :'id'),
    $$VALUES ('web', 'placed', 'pending', 'unfulfilled', 'PENDING', 400097::bigint, 70000::bigint, 0::bigint, 75035::bigint, 470100::bigint, '99', '72:00'::interval, 3)$$,
    'the order as stored');
SELECT results_eq(format('SELECT line_no, product_id, qty, list_price_centimes, unit_price_centimes, total_centimes, tax_bp, tax_centimes FROM mjc.order_line WHERE order_id = %L ORDER BY 1', :'id'),
    format('VALUES (1, %L::uuid, 2, 249900::bigint, 199900::bigint, 399800::bigint, 1900, 63834::bigint), (2, %L::uuid, 3, 99::bigint, 99::bigint, 297::bigint, 900, 25::bigint)',
           pg_temp.pid(1), pg_temp.pid(2)), 'its lines');
SELECT results_eq(format('SELECT method, provider, amount_centimes, state FROM mjc.payment WHERE order_id = %L', :'id'),
    $$VALUES ('CASH_ON_DELIVERY', 'cod', 470100::bigint, 'pending')$$, 'one payment of the whole amount');
SELECT results_eq(format('SELECT seq, kind, from_status, to_status, channel FROM mjc.order_event WHERE order_id = %L', :'id'),
    $$VALUES (1, 'placed', NULL::text, 'PENDING', 'rest')$$, 'its history');
SELECT results_eq(format($$SELECT line_no, kind, qty, held_qty, shipped_qty, backorder_qty, expires_at = (SELECT confirm_by_at FROM mjc.order o WHERE o.order_id = r.reservation_id)
                             FROM mjc.reservation r WHERE reservation_id = %L ORDER BY 1$$, :'id'),
    $$VALUES (1, 'order', 2, 2, 0, 0, true), (2, 'order', 3, 3, 0, 0, true)$$, 'its units are held until it is to be confirmed');
SELECT results_eq(format('SELECT phone, first_name, note, length(salt) FROM mjc.order_contact WHERE order_id = %L', :'id'),
    $$VALUES ('+213550000001', 'Amina', 'Sonnez deux fois', 16)$$, 'its personal block, trimmed');
SELECT is(pg_temp.stock(1), '20 2', 'A: two of twenty held');
SELECT is(pg_temp.stock(2), '20 3', 'B: three of twenty held');
SELECT is((SELECT count(*) FROM mjc.audit WHERE subject_id = :'ref'), 0::bigint, 'a visitor''s order is no change by staff');

-- Shipping
SELECT is((pg_temp.buy('{2}', '{1}', region => r)).body ->> 'shipping', s, format('shipping to "%s"', r))
  FROM (VALUES ('99', '700.00'), ('épreuve', '700.00'), ('اختبار', '700.00'), (' 99 ', '700.00'), ('٩٩', '700.00')) v (r, s);
SELECT is(((pg_temp.buy('{2}', '{1}', region => 'Atlantis')).body ->> 'shipping')::numeric,
          mjc.dzd((SELECT amount_centimes FROM mjc.shipping_tariff WHERE place_code = '*' AND delivery_mode = 'home' AND validity @> mjc.algiers_date(now()))),
          'an unknown place pays the default tariff');
SELECT pg_temp.make_stock(4, 10, 5000000) \g /dev/null
SELECT pg_temp.make_stock(5, 10, 4999999) \g /dev/null
SELECT is((pg_temp.buy('{4}', '{1}')).body ->> 'shipping', '0.00', 'free from 50 000 DZD');
SELECT is((pg_temp.buy('{5}', '{1}')).body ->> 'shipping', '700.00', 'one centime below it is not');
UPDATE mjc.shipping_tariff SET validity = '[1900-01-01,1901-01-01)' WHERE place_code IN ('99', '*');
SELECT throws_ok($$SELECT pg_temp.bought('{2}', '{1}')$$, 'MJ202', NULL, 'no tariff for today');
UPDATE mjc.shipping_tariff SET validity = '[1900-01-01,)' WHERE place_code IN ('99', '*');

-- Duplicates, shortages
SELECT (pg_temp.buy('{1,2,1}', '{1,1,2}')).body AS body \gset
SELECT is(json_array_length(:'body'::json -> 'items'), 2, 'a product sent twice is one line');
SELECT is(:'body'::json #>> '{items,0,quantity}', '3', 'with the sum');
SELECT is(:'body'::json ->> 'subtotal', '5997.99', 'and the price of it');
SELECT pg_temp.make_stock(6, 5) \g /dev/null
SELECT pg_temp.make_stock(7, 5) \g /dev/null
SELECT count(*) AS orders FROM mjc.order \gset
SELECT throws_ok($$SELECT pg_temp.bought('{6,6}', '{3,3}')$$, 'MJ101', NULL, 'twice three of five: each fits, the sum does not');
SELECT is((pg_temp.failure($$SELECT pg_temp.bought('{6,6}', '{3,3}')$$)).detail,
          '{"line": 1, "product": "Test part 6", "available": 5, "requested": 6}'::jsonb, 'the DETAIL says what is missing');
SELECT is((pg_temp.failure($$SELECT pg_temp.bought('{7,7,6}', '{1,1,6}')$$)).detail,
          '{"line": 3, "product": "Test part 6", "available": 5, "requested": 6}'::jsonb, 'and names the line that was sent');
SELECT is(pg_temp.stock(6) || ', ' || pg_temp.stock(7), '5 0, 5 0', 'nothing of a refused order is held');
SELECT is((SELECT count(*) FROM mjc.order), :'orders'::bigint, 'nor stored');
SELECT lives_ok($$SELECT pg_temp.bought('{7,6}', '{5,5}')$$, 'all that there is can be sold');
SELECT throws_ok($$SELECT pg_temp.bought('{6}', '{1}')$$, 'MJ101', NULL, 'and then nothing');
SELECT pg_temp.make_product(8, 100) \g /dev/null
SELECT is((pg_temp.failure($$SELECT pg_temp.bought('{8}', '{1}')$$)).detail,
          '{"line": 1, "product": "Test part 8", "available": 0, "requested": 1}'::jsonb, 'a product that never had stock');

-- Lines
SELECT throws_ok($$SELECT pg_temp.bought('{2,77}', '{1,1}')$$, 'MJ102', NULL, 'an unknown product');
SELECT is((pg_temp.failure($$SELECT pg_temp.bought('{2,77}', '{1,1}')$$)).detail, '{"line": 2}'::jsonb, 'on the line that was sent');
SELECT throws_ok($$SELECT pg_temp.bought('{3}', '{1}')$$, 'MJ102', NULL, 'an inactive product');
SELECT throws_ok($$SELECT pg_temp.buy('{}'::integer[], '{}')$$, 'MJ003', NULL, 'no products (NULL)');
SELECT throws_ok($$SELECT mjc_api.order_place_guest(NULL, NULL, '{}', '{}', 'Amina', 'Test', '0550000001', NULL, NULL, '1 rue du Test', 'Testville', NULL, '99', NULL, NULL)$$,
                 'MJ302', NULL, 'an order without lines');
SELECT throws_ok(format($$SELECT pg_temp.bought(array_fill(2, ARRAY[51]), array_fill(1, ARRAY[51]))$$), 'MJ302', NULL, '51 lines');
SELECT is((pg_temp.failure($$SELECT pg_temp.bought(array_fill(2, ARRAY[51]), array_fill(1, ARRAY[51]))$$)).detail,
          '{"min": 1, "max": 50}'::jsonb, 'the DETAIL says how many are allowed');
SELECT pg_temp.make_stock(100 + n, 5, 100) FROM generate_series(1, 50) n \g /dev/null
SELECT lives_ok($$SELECT pg_temp.bought(ARRAY(SELECT generate_series(101, 150)), array_fill(1, ARRAY[50]))$$, '50 lines');
SELECT throws_ok(format($$SELECT pg_temp.bought('{2}', '{%s}')$$, q), 'MJ104', NULL, format('quantity %s', q))
  FROM unnest(ARRAY[0, -1, 1000, 2147483647, -2147483648]) q;
SELECT pg_temp.make_stock(9, 2000, 100) \g /dev/null
SELECT lives_ok($$SELECT pg_temp.bought('{9}', '{999}')$$, 'quantity 999');
SELECT throws_ok($$SELECT pg_temp.bought('{2,1}', '{1}')$$, 'MJ010', NULL, 'fewer quantities than products');
SELECT throws_ok($$SELECT pg_temp.bought('{2}', '{1,1}')$$, 'MJ010', NULL, 'more quantities than products');
SELECT throws_ok($$SELECT pg_temp.bought('{2}', '{NULL}')$$, 'MJ003', NULL, 'a quantity without value');
SELECT throws_ok($$SELECT pg_temp.bought('{2,NULL}', '{1,1}')$$, 'MJ003', NULL, 'a product without value');
SELECT throws_ok($$SELECT pg_temp.bought('{2}', '{{1},{1}}')$$, 'MJ010', NULL, 'quantities in two dimensions');
SELECT throws_ok($$SELECT pg_temp.bought('{2}', NULL)$$, 'MJ003', NULL, 'no quantities');
SELECT mjc.stock_receive(pg_temp.make_product(10, 100000000000), 999) \g /dev/null
SELECT throws_ok($$SELECT pg_temp.bought('{10}', '{101}')$$, 'MJ201', NULL, 'a total out of range');
SELECT throws_ok($$SELECT pg_temp.bought('{10,2}', '{100,1}')$$, 'MJ201', NULL, 'a sum of lines out of range');

-- Contact: NULL, blank, boundaries
CREATE TEMP TABLE field (name text, min integer, max integer, required boolean);
INSERT INTO field VALUES ('first_name', 2, 50, true), ('last_name', 2, 50, true), ('street', 5, 200, true), ('city', 2, 100, true),
    ('region', 1, 50, true), ('country', 2, 100, false), ('email', 3, 254, false), ('postal_code', 3, 20, false), ('note', 1, 500, false);
SELECT throws_ok(format($$SELECT pg_temp.buy('{2}', '{1}', %I => NULL)$$, name), 'MJ003', NULL, format('%s is required', name)) FROM field WHERE required;
SELECT throws_ok(format($$SELECT pg_temp.buy('{2}', '{1}', %I => ' ')$$, name), 'MJ003', NULL, format('a blank %s is none', name)) FROM field WHERE required;
SELECT throws_ok($$SELECT pg_temp.buy('{2}', '{1}', phone => NULL)$$, 'MJ003', NULL, 'phone is required');
SELECT lives_ok(format($$SELECT pg_temp.buy('{9}', '{1}', %I => NULL)$$, name), format('%s is optional', name)) FROM field WHERE NOT required;
SELECT lives_ok(format($$SELECT pg_temp.buy('{9}', '{1}', %I => %L)$$, name, repeat('é', min)), format('%s of %s characters', name, min)) FROM field;
SELECT lives_ok(format($$SELECT pg_temp.buy('{9}', '{1}', %I => %L)$$, name, repeat('é', max)), format('%s of %s characters', name, max)) FROM field;
SELECT throws_ok(format($$SELECT pg_temp.buy('{2}', '{1}', %I => %L)$$, name, repeat('é', min - 1)), 'MJ006', NULL, format('%s of %s characters', name, min - 1)) FROM field WHERE min > 1;
SELECT throws_ok(format($$SELECT pg_temp.buy('{2}', '{1}', %I => %L)$$, name, repeat('é', max + 1)), 'MJ006', NULL, format('%s of %s characters', name, max + 1)) FROM field;
SELECT throws_ok(format($$SELECT pg_temp.buy('{2}', '{1}', %L)$$, p), 'MJ305', NULL, format('"%s" is no phone', p))
  FROM unnest(ARRAY['0450000001', '12', '', '+33612345678']) p;
SELECT throws_ok($$SELECT pg_temp.buy('{2}', '{1}', profession => 'roi')$$, 'MJ010', NULL, 'an unknown profession');
SELECT lives_ok(format($$SELECT pg_temp.buy('{9}', '{1}', profession => %L)$$, p), format('profession %s', p))
  FROM unnest(ARRAY['technicien', 'particulier', 'autre']) p;

-- The customer of a phone, and the limits of guests
SELECT is((SELECT count(DISTINCT o.customer_id) FROM mjc.order o JOIN mjc.order_contact c USING (order_id) WHERE c.phone = '+213550000001'), 1::bigint,
          'all orders of a phone are of one customer');
SELECT pg_temp.buy('{9}', '{1}', p) FROM unnest(ARRAY['0550 000 002', '+213550000002', '213-550-000-002']) p \g /dev/null
SELECT is((SELECT count(*) FROM mjc.customer_order l JOIN mjc.customer_phone p USING (customer_id) WHERE p.phone = '+213550000002'), 3::bigint,
          'however it is typed');
SELECT is((SELECT kind FROM mjc.customer JOIN mjc.customer_phone USING (customer_id) WHERE phone = '+213550000002'), 'guest', 'a guest');
UPDATE mjc.setting SET integer_value = 2 WHERE name = 'guest_open_orders_max';
SELECT pg_temp.bought('{9}', '{1}', '0550000003') AS guest1 \gset
SELECT lives_ok($$SELECT pg_temp.bought('{9}', '{1}', '0550000003')$$, 'two open orders of two');
SELECT throws_ok($$SELECT pg_temp.bought('{9}', '{1}', '+213 550 00 00 03')$$, 'MJ303', NULL, 'a third is refused');
SELECT is((pg_temp.failure($$SELECT pg_temp.bought('{9}', '{1}', '0550000003')$$)).detail, '{"max": 2}'::jsonb, 'with the limit');
SELECT mjc.order_cancel(:'guest1') \g /dev/null
SELECT lives_ok($$SELECT pg_temp.bought('{9}', '{1}', '0550000003')$$, 'a cancelled one makes room');
SELECT lives_ok(format($$SELECT mjc.order_place(ARRAY[%L]::uuid[], '{1}', 'Amina', 'Test', '0550000003', street => '1 rue du Test', city => 'Testville', region => '99')$$, pg_temp.pid(9)),
                'staff take a third');
UPDATE mjc.setting SET integer_value = 100000 WHERE name = 'guest_open_orders_max';
UPDATE mjc.setting SET integer_value = 5 WHERE name = 'guest_order_units_max';
SELECT lives_ok($$SELECT pg_temp.bought('{9,2}', '{4,1}')$$, 'five units of five');
SELECT throws_ok($$SELECT pg_temp.bought('{9,2}', '{4,2}')$$, 'MJ304', NULL, 'six are refused');
SELECT is((pg_temp.failure($$SELECT pg_temp.bought('{9}', '{6}')$$)).detail, '{"max": 5}'::jsonb, 'with the limit');
SELECT lives_ok(format($$SELECT mjc.order_place(ARRAY[%L]::uuid[], '{6}', 'Amina', 'Test', '0550000003', street => '1 rue du Test', city => 'Testville', region => '99')$$, pg_temp.pid(9)),
                'staff sell six');
UPDATE mjc.setting SET integer_value = 50000 WHERE name = 'guest_order_units_max';

-- Idempotency: with a key
SELECT pg_temp.make_stock(11, 100) \g /dev/null
SELECT (b).body::text AS body1, (b).replayed AS replayed1 FROM pg_temp.buy('{11}', '{1}', '0550000004', 'key-1') b \gset
SELECT (b).body::text AS body2, (b).replayed AS replayed2 FROM pg_temp.buy('{11}', '{1}', '0550000004', 'key-1') b \gset
SELECT is(:'replayed1'::text || :'replayed2', 'ft', 'the second request with a key is a replay');
SELECT is(:'body2'::text, :'body1'::text, 'with the same body');
SELECT is(pg_temp.stock(11), '100 1', 'and one reservation');
SELECT is((pg_temp.buy('{11}', '{1}', '+213 (0) 550 00 00 04', 'key-1', first_name => ' Amina ')).replayed, true, 'the same request in other clothes is the same');
SELECT throws_ok($$SELECT pg_temp.buy('{11}', '{2}', '0550000004', 'key-1')$$, 'MJ022', NULL, 'another quantity under the same key');
SELECT throws_ok($$SELECT pg_temp.buy('{9}', '{1}', '0550000004', 'key-1')$$, 'MJ022', NULL, 'another product under the same key');
SELECT throws_ok($$SELECT pg_temp.buy('{11}', '{1}', '0550000005', 'key-1')$$, 'MJ022', NULL, 'another phone under the same key');
SELECT throws_ok($$SELECT pg_temp.buy('{11}', '{1}', '0550000004', 'key-1', note => 'x')$$, 'MJ022', NULL, 'another note under the same key');
SELECT is((pg_temp.buy('{11}', '{1}', '0550000004', 'key-2')).replayed, false, 'another key is another order');
SELECT is((pg_temp.buy('{11}', '{1}', '0550000004', 'KEY-1')).replayed, false, 'keys are told apart by case');
SELECT throws_ok($$SELECT pg_temp.buy('{6}', '{1}', '0550000004', 'key-3')$$, 'MJ101', NULL, 'a refused request');
SELECT mjc.stock_receive(pg_temp.pid(6), 1) \g /dev/null
SELECT is((pg_temp.buy('{6}', '{1}', '0550000004', 'key-3')).replayed, false, 'may be tried again with its key');
SELECT throws_ok(format($$SELECT pg_temp.buy('{11}', '{1}', key => %L)$$, k), 'MJ021', NULL, format('a key of %s characters: %s', length(k), left(k, 5)))
  FROM unnest(ARRAY['', repeat('k', 256), 'clé', E'a\tb', 'a' || chr(127)]) k;
SELECT is((pg_temp.buy('{11}', '{1}', key => repeat('k', 255))).replayed, false, 'a key of 255 characters');
SELECT is((pg_temp.buy('{11}', '{1}', key => 'k')).replayed, false, 'a key of one character');
UPDATE mjc.idempotency_key SET created_at = created_at - interval '23 hours 59 minutes';
SELECT is((pg_temp.buy('{11}', '{1}', '0550000004', 'key-1')).replayed, true, 'a key lives 24 hours');
UPDATE mjc.idempotency_key SET created_at = created_at - interval '2 minutes';
SELECT is((pg_temp.buy('{11}', '{1}', '0550000004', 'key-1')).replayed, false, 'and not longer');
SELECT is((SELECT count(*) FROM mjc.idempotency_key k WHERE k.key_hash IS NULL OR k.reply IS NULL), 0::bigint, 'every key has its reply');

-- Idempotency: without a key, within the window
SELECT pg_temp.buy('{11}', '{1}', '0550000006') \g /dev/null
SELECT is((pg_temp.buy('{11}', '{1}', '0550000006')).replayed, false, 'window 0: the same request is another order');
SET LOCAL mjc.double_submit_window = 30;
SELECT is((pg_temp.buy('{11}', '{1}', '0550000007')).replayed, false, 'window 30 s: the first');
SELECT is((pg_temp.buy('{11}', '{1}', '+213550000007')).replayed, true, 'the same again is the same order');
SELECT is((pg_temp.buy('{11}', '{2}', '0550000007')).replayed, false, 'another quantity is another order');
SELECT is((pg_temp.buy('{11}', '{1}', '0550000008')).replayed, false, 'another phone is another order');
UPDATE mjc.idempotency_key SET created_at = created_at - interval '29 seconds';
SELECT is((pg_temp.buy('{11}', '{1}', '0550000007')).replayed, true, 'after 29 seconds');
UPDATE mjc.idempotency_key SET created_at = created_at - interval '2 seconds';
SELECT is((pg_temp.buy('{11}', '{1}', '0550000007')).replayed, false, 'after 31 seconds it is another order');
SET LOCAL mjc.double_submit_window = 0;

-- Staff take orders
SELECT pg_temp.make_stock(12, 10) \g /dev/null
SELECT mjc.order_place(ARRAY[pg_temp.pid(12)], '{2}', 'Amina', 'Test', '0550000009', street => '1 rue du Test', city => 'Testville', region => '99', idempotency_key => 'staff-1') AS ref \gset
SELECT is((SELECT channel || ' ' || status || ' ' || coalesce(confirm_by_at::text, 'never') FROM mjc.order WHERE reference = :'ref'), 'staff CONFIRMED never',
          'an order that staff take is confirmed and does not expire');
SELECT is(mjc.order_place(ARRAY[pg_temp.pid(12)], '{2}', 'Amina', 'Test', '0550000009', street => '1 rue du Test', city => 'Testville', region => '99', idempotency_key => 'staff-1'),
          :'ref', 'the same key gives the same number');
SELECT is((pg_temp.buy('{12}', '{2}', '0550000009', 'staff-1')).replayed, false, 'a visitor''s key is not that of staff');
SELECT is((SELECT count(*) FROM mjc.order_contact WHERE phone = '+213550000009'), 2::bigint, 'two orders in all');
SELECT throws_ok($$SELECT mjc.order_place(NULL, '{1}', 'Amina', 'Test', '0550000009')$$, 'MJ003', NULL, 'no products');
SELECT throws_ok(format($$SELECT mjc.order_place(ARRAY[%L]::uuid[], '{1}', 'Amina', 'Test', '0550000009')$$, pg_temp.pid(12)), 'MJ003', NULL, 'no address');
SELECT throws_ok(format($$SELECT mjc.order_place(ARRAY[%L]::uuid[], '{99}', 'Amina', 'Test', '0550000009', street => '1 rue du Test', city => 'Testville', region => '99')$$, pg_temp.pid(12)),
                 'MJ101', NULL, 'staff sell no more than there is');

-- Every transition, allowed or refused. To each status by the shortest way, with 2 of 10 units.
CREATE FUNCTION pg_temp.order_in(n integer, wanted text) RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    ref text;
    step text;
BEGIN
    PERFORM pg_temp.make_stock(n, 10, 100000);
    ref := pg_temp.bought(ARRAY[n], '{2}', '0551000000');
    FOREACH step IN ARRAY CASE wanted WHEN 'PENDING' THEN '{}'::text[] WHEN 'DELIVERED' THEN '{SHIPPED,DELIVERED}'
                               WHEN 'REFUNDED' THEN '{SHIPPED,DELIVERED,REFUNDED}' ELSE ARRAY[wanted] END LOOP
        PERFORM mjc.order_change(ref, step);
    END LOOP;
    RETURN ref;
END
$$;
-- "outcome status on_hand reserved payment events" after the attempt
CREATE FUNCTION pg_temp.attempt(n integer, from_status text, to_status text) RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    ref text := pg_temp.order_in(n, from_status);
    before bigint := (SELECT count(*) FROM mjc.order_event WHERE order_id = pg_temp.order_id(ref));
    outcome text := coalesce((SELECT nullif(f.code, '00000') FROM pg_temp.failure(format('SELECT mjc.order_change(%L, %L)', ref, to_status)) f), 'ok');
BEGIN
    RETURN (SELECT concat_ws(' ', outcome, o.status, pg_temp.stock(n), o.payment_state,
                             (SELECT count(*) FROM mjc.order_event e WHERE e.order_id = o.order_id) - before)
              FROM mjc.order o WHERE o.order_id = pg_temp.order_id(ref));
END
$$;
CREATE TEMP TABLE rest AS  -- where an order of 2 of 10 rests
SELECT * FROM (VALUES (1, 'PENDING', '10 2 pending'), (2, 'CONFIRMED', '10 2 pending'), (3, 'PROCESSING', '10 2 pending'), (4, 'SHIPPED', '8 0 pending'),
                      (5, 'DELIVERED', '8 0 paid'), (6, 'CANCELLED', '10 0 void'), (7, 'REFUNDED', '10 0 refunded')) r (n, status, state);
CREATE TEMP TABLE transition AS
SELECT * FROM (VALUES ('PENDING', 'CONFIRMED'), ('PENDING', 'PROCESSING'), ('PENDING', 'SHIPPED'), ('PENDING', 'CANCELLED'),
                      ('CONFIRMED', 'PROCESSING'), ('CONFIRMED', 'SHIPPED'), ('CONFIRMED', 'CANCELLED'),
                      ('PROCESSING', 'SHIPPED'), ('PROCESSING', 'DELIVERED'), ('PROCESSING', 'CANCELLED'),
                      ('SHIPPED', 'DELIVERED'), ('SHIPPED', 'CANCELLED'), ('DELIVERED', 'REFUNDED')) t (from_status, to_status);
SELECT set_eq($$SELECT from_status, to_status FROM mjc.order_transitions() WHERE who LIKE '%staff%'$$, 'SELECT from_status, to_status FROM transition', 'the transitions of people are those of the contract');
SELECT set_eq('SELECT from_status, to_status FROM mjc_report.order_transition', $$SELECT from_status, to_status FROM transition UNION ALL VALUES ('CANCELLED', 'CONFIRMED')$$, 'and the report shows them; an order that was paid after all goes on by itself');
SELECT is(pg_temp.attempt(1000 + 10 * f.n + t.n, f.status, t.status),
          CASE WHEN x.from_status IS NOT NULL THEN 'ok ' || t.status || ' ' || t.state || ' 1'
               WHEN f.status = t.status THEN 'ok ' || f.status || ' ' || f.state || ' 0'
               ELSE 'MJ301 ' || f.status || ' ' || f.state || ' 0' END,
          format('%s to %s is %s', f.status, t.status,
                 CASE WHEN x.from_status IS NOT NULL THEN 'allowed' WHEN f.status = t.status THEN 'no change' ELSE 'refused' END))
  FROM rest f CROSS JOIN rest t LEFT JOIN transition x ON x.from_status = f.status AND x.to_status = t.status
 ORDER BY f.n, t.n;
SELECT is((pg_temp.failure(format($$SELECT mjc.order_change(%L, 'SHIPPED')$$, pg_temp.order_in(1100, 'CANCELLED')))).detail,
          '{"from": "CANCELLED", "to": "SHIPPED"}'::jsonb, 'a refused transition names both');

-- The status is a function of the three states
SELECT pg_temp.order_in(1101, 'PENDING') AS ref \gset
SAVEPOINT before_states;
CREATE FUNCTION pg_temp.stored_status(id uuid, o text, p text, f text) RETURNS text
    LANGUAGE sql
    AS $$ UPDATE mjc.order SET order_state = o, payment_state = p, fulfilment_state = f WHERE order_id = id RETURNING status $$;
SELECT is(count(*), 60::bigint, 'the stored word is that of the state machine for all 60 combinations')
  FROM unnest(ARRAY['placed', 'confirmed', 'cancelled']) o, unnest(ARRAY['pending', 'paid', 'void', 'refunded']) p,
       unnest(ARRAY['unfulfilled', 'preparing', 'shipped', 'delivered', 'returned']) f
 WHERE pg_temp.stored_status(pg_temp.order_id(:'ref'), o, p, f) = mjc.order_status(o, p, f);
SELECT is(count(*), 60::bigint, 'cancelled first, then refunded, then where the goods are, then what was agreed')
  FROM unnest(ARRAY['placed', 'confirmed', 'cancelled']) o, unnest(ARRAY['pending', 'paid', 'void', 'refunded']) p,
       unnest(ARRAY['unfulfilled', 'preparing', 'shipped', 'delivered', 'returned']) f
 WHERE mjc.order_status(o, p, f) = coalesce(CASE o WHEN 'cancelled' THEN 'CANCELLED' END, CASE p WHEN 'refunded' THEN 'REFUNDED' END,
           CASE f WHEN 'delivered' THEN 'DELIVERED' WHEN 'shipped' THEN 'SHIPPED' WHEN 'preparing' THEN 'PROCESSING' END,
           CASE o WHEN 'confirmed' THEN 'CONFIRMED' ELSE 'PENDING' END);
ROLLBACK TO before_states;
SELECT is(mjc.order_status(NULL, 'paid', 'shipped'), NULL, 'no state, no word');

-- What comes with a transition
SELECT pg_temp.order_in(1110, 'PENDING') AS ref \gset
SELECT is(mjc.order_confirm(lower(:'ref'), ' rappelée '), 'CONFIRMED', 'confirmed, by a number typed in lower case');
SELECT is(mjc.order_change(:'ref', 'processing'), 'PROCESSING', 'a status in lower case');
SELECT is(mjc.order_ship(:'ref', 'TRK-1', 'Yalidine'), 'SHIPPED', 'shipped');
SELECT is(mjc.order_change(:'ref', 'SHIPPED', 'mauvais numéro', 'TRK-2'), 'SHIPPED', 'shipped again with another tracking number');
SELECT results_eq(format('SELECT tracking_number, carrier, shipped_at IS NOT NULL, delivered_at IS NULL, notes FROM mjc.order WHERE order_id = %L', pg_temp.order_id(:'ref')),
    $$VALUES ('TRK-2', 'Yalidine', true, true, E'rappelée\nmauvais numéro')$$, 'tracking is corrected, notes are added');
SELECT results_eq(format('SELECT shipment_no, tracking_number, carrier, delivered_at IS NULL FROM mjc.shipment WHERE order_id = %L', pg_temp.order_id(:'ref')),
    $$VALUES (1, 'TRK-2', 'Yalidine', true)$$, 'one parcel');
SELECT is(pg_temp.stock(1110), '8 0', 'whose units left once');
SELECT is(mjc.order_deliver(:'ref'), 'DELIVERED', 'delivered');
SELECT is(mjc.order_deliver(:'ref'), 'DELIVERED', 'delivered twice');
SELECT results_eq(format('SELECT state, paid_at IS NOT NULL, refunded_at IS NULL FROM mjc.payment WHERE order_id = %L', pg_temp.order_id(:'ref')),
    $$VALUES ('paid', true, true)$$, 'cash on delivery is paid');
SELECT is((SELECT is_open FROM mjc.customer_order WHERE order_id = pg_temp.order_id(:'ref')), false, 'a delivered order is no longer open');
SELECT is(mjc.order_refund(:'ref', 'pièce fausse'), 'REFUNDED', 'refunded');
SELECT is(mjc.order_refund(:'ref', 'encore'), 'REFUNDED', 'refunded twice');
SELECT is(pg_temp.stock(1110), '10 0', 'its units came back once');
SELECT results_eq(format('SELECT state, paid_at IS NOT NULL, refunded_at IS NOT NULL FROM mjc.payment WHERE order_id = %L', pg_temp.order_id(:'ref')),
    $$VALUES ('refunded', true, true)$$, 'the payment is refunded');
SELECT results_eq(format('SELECT seq, kind, from_status, to_status, note FROM mjc.order_event WHERE order_id = %L ORDER BY seq', pg_temp.order_id(:'ref')),
    $$VALUES (1, 'placed', NULL, 'PENDING', NULL), (2, 'status', 'PENDING', 'CONFIRMED', 'rappelée'), (3, 'status', 'CONFIRMED', 'PROCESSING', NULL),
             (4, 'status', 'PROCESSING', 'SHIPPED', NULL), (5, 'note', 'SHIPPED', 'SHIPPED', 'mauvais numéro'), (6, 'status', 'SHIPPED', 'DELIVERED', NULL),
             (7, 'status', 'DELIVERED', 'REFUNDED', 'pièce fausse')$$, 'the history tells it all');
SELECT is((SELECT count(*) FROM mjc.audit WHERE subject_id = :'ref' AND action IN ('order_status', 'order_note')), 6::bigint, 'the audit too');
SELECT pg_temp.order_in(1111, 'SHIPPED') AS ref \gset
SELECT is(mjc.order_cancel(:'ref', 'refusé à la porte'), 'CANCELLED', 'a parcel refused at the door');
SELECT is((SELECT on_hand || ' ' || value_centimes FROM mjc.stock_available WHERE product_id = pg_temp.pid(1111)), '10 600000', 'comes back at the value it had');
SELECT isnt((SELECT cancelled_at FROM mjc.order WHERE order_id = pg_temp.order_id(:'ref')), NULL, 'and the order says when');

-- Errors of changes
SELECT throws_ok($$SELECT mjc.order_change(NULL, 'SHIPPED')$$, 'MJ003', NULL, 'no number');
SELECT throws_ok(format($$SELECT mjc.order_change(%L, NULL)$$, :'ref'), 'MJ003', NULL, 'no status');
SELECT throws_ok($$SELECT mjc.order_change('MJ-2026-000123-7', 'SHIPPED')$$, 'MJ401', NULL, 'a mistyped number');
SELECT throws_ok($$SELECT mjc.order_change(mjc.order_reference(2001, 99999999), 'SHIPPED')$$, 'MJ004', NULL, 'a number of no order');
SELECT throws_ok(format($$SELECT mjc.order_change(%L, 'LOST')$$, :'ref'), 'MJ306', NULL, 'an unknown status');
SELECT throws_ok(format($$SELECT mjc.order_change(%L, 'CANCELLED', %L)$$, :'ref', repeat('n', 501)), 'MJ006', NULL, 'a note too long');
SELECT throws_ok(format($$SELECT mjc.order_change(%L, 'SHIPPED', NULL, %L)$$, :'ref', repeat('n', 101)), 'MJ006', NULL, 'a tracking number too long');
SELECT throws_ok(format($$SELECT mjc.order_change(%L, 'SHIPPED', NULL, NULL, %L)$$, :'ref', repeat('n', 101)), 'MJ006', NULL, 'a carrier too long');
SELECT throws_ok(format('SELECT mjc.%I(NULL)', f), 'MJ003', NULL, format('%s of nothing', f))
  FROM unnest(ARRAY['order_confirm', 'order_ship', 'order_deliver', 'order_cancel', 'order_refund']) f;

-- Expiry
SELECT pg_temp.order_in(1120, 'PENDING') AS old \gset
SELECT pg_temp.order_in(1121, 'PENDING') AS older \gset
SELECT pg_temp.order_in(1122, 'CONFIRMED') AS confirmed \gset
SELECT pg_temp.order_in(1123, 'PENDING') AS fresh \gset
SELECT mjc.order_expire(1000) \g /dev/null
UPDATE mjc.order SET confirm_by_at = now() - interval '1 hour' WHERE reference IN (:'old', :'confirmed');
UPDATE mjc.order SET confirm_by_at = now() - interval '2 hours' WHERE reference = :'older';
SELECT is(mjc.order_expire(1), 1::bigint, 'one order of a batch of one expires');
SELECT is(pg_temp.status(:'older') || ' ' || pg_temp.status(:'old'), 'CANCELLED PENDING', 'the oldest first');
SELECT is(mjc.order_expire(), 1::bigint, 'then the other');
SELECT is(mjc.order_expire(), 0::bigint, 'then none');
SELECT is(pg_temp.status(:'confirmed') || ' ' || pg_temp.status(:'fresh'), 'CONFIRMED PENDING', 'confirmed and fresh orders stay');
SELECT is(pg_temp.stock(1120) || ', ' || pg_temp.stock(1122), '10 0, 10 2', 'units of expired orders are free again');
SELECT results_eq(format('SELECT kind, from_status, to_status, channel FROM mjc.order_event WHERE order_id = %L AND seq = 2', pg_temp.order_id(:'old')),
    $$VALUES ('expired', 'PENDING', 'CANCELLED', 'job')$$, 'the history says why');
SELECT throws_ok(format('SELECT mjc.order_expire(%s)', b), 'MJ006', NULL, format('a batch of %s', b)) FROM unnest(ARRAY[0, -1, 1001]) b;
SELECT throws_ok('SELECT mjc.order_expire(NULL)', 'MJ003', NULL, 'a batch of nothing');

-- Tracking and the personal block
SELECT (pg_temp.buy('{9}', '{1}', '0552000000')).body ->> 'orderNumber' AS ref \gset
SELECT is(mjc_api.order_track(:'ref', p) #>> '{order,orderNumber}', :'ref', format('tracked with %s', p))
  FROM unnest(ARRAY['0552000000', '+213 552 00 00 00', '552000000']) p;
SELECT is(mjc_api.order_track(replace(lower(:'ref'), '-', ' '), '0552000000') #>> '{order,orderNumber}', :'ref', 'tracked with a number typed otherwise');
SELECT is(mjc_api.order_track(n, p)::text, NULL, format('not tracked: %s', w))
  FROM (VALUES (:'ref', '0552000001', 'another phone'), (:'ref', NULL, 'no phone'), (NULL, '0552000000', 'no number'), ('MJ-2026-000123-7', '0552000000', 'a mistyped number'),
               (:'ref', 'x', 'no phone at all')) v (n, p, w);
SELECT is((SELECT phone || ' ' || city FROM mjc.order_contact_read(:'ref')), '+213552000000 Testville', 'staff read the buyer');
SELECT is((SELECT count(*) FROM mjc.personal_access WHERE subject = (SELECT customer_id FROM mjc.order WHERE reference = :'ref') AND action = 'contact_read' AND persons = 1), 1::bigint, 'which is on record');
SELECT throws_ok($$SELECT * FROM mjc.order_contact_read('MJ-2026-000123-7')$$, 'MJ401', NULL, 'a mistyped number');
SELECT throws_ok($$SELECT * FROM mjc.order_contact_read(NULL)$$, 'MJ401', NULL, 'no number');
SELECT is_empty($$SELECT * FROM mjc.order_contact_read(mjc.order_reference(2001, 99999999))$$, 'a number of no order');

-- REST: admins
SELECT pg_temp.make_admin('orders@example.test') AS admin \gset
SELECT pg_temp.order_in(1130, 'PENDING') AS ref \gset
SELECT pg_temp.order_id(:'ref') AS id \gset
SELECT is(mjc_api.staff_order_status_set(:'admin', 0, gen_random_uuid(), 'req-1', :'id', 'processing', NULL, 'vu') #>> '{order,statusCode}', 'PROCESSING', 'REST: status');
SELECT is(mjc_api.staff_order_ship(:'admin', 0, gen_random_uuid(), 'req-2', :'id', 'TRK-9', 'ZR') #>> '{order,trackingNumber}', 'TRK-9', 'REST: ship');
SELECT is(mjc_api.staff_order_deliver(:'admin', 0, gen_random_uuid(), 'req-3', :'id') #>> '{order,paymentStatus}', 'COMPLETED', 'REST: deliver');
SELECT is((SELECT actor::text || ' ' || channel || ' ' || request_id FROM mjc.audit WHERE subject_id = :'ref' AND after = '{"status": "DELIVERED"}'), :'admin' || ' rest req-3', 'REST: the audit knows who');
SELECT throws_ok(format('SELECT mjc_api.staff_order_cancel(%L, 0, gen_random_uuid(), NULL, %L, NULL)', :'admin', :'id'), 'MJ301', NULL, 'REST: a delivered order is not cancelled');
SELECT is(mjc_api.staff_order_cancel(:'admin', 0, gen_random_uuid(), NULL, pg_temp.order_id(pg_temp.order_in(1131, 'PENDING')), 'doublon') #>> '{order,notes}', 'doublon', 'REST: cancel');
SELECT throws_ok(format('SELECT mjc_api.staff_order_deliver(%L, 0, gen_random_uuid(), NULL, gen_random_uuid())', :'admin'), 'MJ004', NULL, 'REST: an unknown order');
SELECT throws_ok(format('SELECT mjc_api.staff_order_deliver(%L, 0, gen_random_uuid(), NULL, NULL)', :'admin'), 'MJ003', NULL, 'REST: no order');
SELECT throws_ok(format('SELECT mjc_api.staff_order_status_set(%L, 0, gen_random_uuid(), NULL, %L, NULL, NULL, NULL)', :'admin', :'id'), 'MJ003', NULL, 'REST: no status');
SELECT throws_ok(format('SELECT mjc_api.staff_order_status_set(%L, 0, gen_random_uuid(), NULL, %L, %L, NULL, NULL)', :'admin', :'id', 'x'), 'MJ306', NULL, 'REST: an unknown status');
SELECT throws_ok(format('SELECT mjc_api.staff_order_deliver(NULL, 0, gen_random_uuid(), NULL, %L)', :'id'), 'MJ060', NULL, 'REST: nobody');
SELECT throws_ok(format('SELECT mjc_api.staff_order_deliver(%L, 1, gen_random_uuid(), NULL, %L)', :'admin', :'id'), 'MJ063', NULL, 'REST: an older token');
SELECT throws_ok(format('SELECT mjc_api.staff_order_deliver(%L, 0, gen_random_uuid(), NULL, %L)', pg_temp.make_admin('tech@example.test', 'TECHNICIAN'), :'id'), 'MJ064', NULL, 'REST: a technician');
SELECT is(json_array_length(mjc_api.staff_order_get(:'admin', 0, gen_random_uuid(), 'req-get', :'id')::json -> 'history'), 4, 'REST: one order with its history');
SELECT is(mjc_api.staff_order_get(:'admin', 0, gen_random_uuid(), 'req-get', gen_random_uuid())::text, NULL, 'REST: an unknown order is nothing');
CREATE FUNCTION pg_temp.listed(admin uuid, page integer DEFAULT NULL, size integer DEFAULT NULL, status text DEFAULT NULL, search text DEFAULT NULL,
    sort_by text DEFAULT NULL, sort_order text DEFAULT NULL, date_from timestamptz DEFAULT NULL, date_to timestamptz DEFAULT NULL, customer uuid DEFAULT NULL) RETURNS json
    LANGUAGE sql
    AS $$ SELECT mjc_api.staff_order_list(admin, 0, gen_random_uuid(), 'req-list', page, size, status, customer, date_from, date_to, search, sort_by, sort_order) $$;
SELECT is(pg_temp.listed(:'admin', search => s) #>> '{pagination,total}', '1', format('REST: list finds by %s', w))
  FROM (VALUES (:'ref', 'number'), (lower(replace(:'ref', '-', '')), 'number typed otherwise'), ('0552000000', 'phone')) v (s, w);
SELECT pg_temp.buy('{9}', '{1}', '0552000009', first_name => 'Zoubida', last_name => '100%_sure') \g /dev/null
SELECT is(pg_temp.listed(:'admin', search => s) #>> '{pagination,total}', n, format('REST: %s finds %s', s, n))
  FROM (VALUES ('zoubida', '1'), ('SURE 100 zoub', '1'), ('%', '0'), ('_', '0'), ('ida', '0'), ('nobody of that name', '0')) v (s, n);
SELECT is((pg_temp.listed(:'admin') #>> '{pagination,total}')::bigint, (SELECT count(*) FROM mjc.order), 'REST: without filter all');
SELECT is((pg_temp.listed(:'admin', status => 'REFUNDED') #>> '{pagination,total}')::bigint, (SELECT count(*) FROM mjc.order WHERE status = 'REFUNDED'), 'REST: by status');
SELECT is((pg_temp.listed(:'admin', date_from => now() + interval '1 day') #>> '{pagination,total}'), '0', 'REST: from tomorrow none');
SELECT is((pg_temp.listed(:'admin', date_to => now() - interval '1 day', search => 'zoubida') #>> '{pagination,total}'), '0', 'REST: until yesterday none of these');
SELECT is((pg_temp.listed(:'admin', customer => (SELECT customer_id FROM mjc.customer_phone WHERE phone = '+213550000002')) #>> '{pagination,total}'), '3', 'REST: by customer');
SELECT is(json_array_length(pg_temp.listed(:'admin', 2, 3) -> 'orders'), 3, 'REST: second page of three');
SELECT throws_ok(format('SELECT pg_temp.listed(%L, sort_by => %L)', :'admin', 'secret'), 'MJ010', NULL, 'REST: an unknown sort');
SELECT is((SELECT array_agg((o ->> 'total')::numeric ORDER BY n) FROM json_array_elements(pg_temp.listed(:'admin', 1, 20, sort_by => 'total', sort_order => 'asc') -> 'orders') WITH ORDINALITY x (o, n)),
          (SELECT array_agg(mjc.dzd(t) ORDER BY t) FROM (SELECT total_centimes AS t FROM mjc.order ORDER BY 1 LIMIT 20) x), 'REST: sorted by total');
SELECT is((mjc_api.staff_order_stats(:'admin', 0, gen_random_uuid()) ->> 'total')::bigint, (SELECT count(*) FROM mjc.order), 'REST: stats count all');
SELECT is((mjc_api.staff_order_stats(:'admin', 0, gen_random_uuid()) ->> 'totalRevenue')::numeric,
          (SELECT sum(total_centimes) / 100.0 FROM mjc.order WHERE status NOT IN ('CANCELLED', 'REFUNDED')), 'REST: revenue leaves out what was cancelled or refunded');
SELECT throws_ok('SELECT mjc_api.staff_order_stats(NULL, NULL, NULL)', 'MJ060', NULL, 'REST: stats are not for visitors');

-- Properties over all of these orders
SELECT is_empty('SELECT order_id FROM mjc.order o WHERE total_centimes <> (SELECT sum(total_centimes) FROM mjc.order_line l WHERE l.order_id = o.order_id) + shipping_centimes + stamp_duty_centimes + rounding_centimes
                   OR total_centimes % 100 <> 0',
                'every total is the sum of its lines, shipping, stamp duty and rounding, in whole dinars');
SELECT is_empty($$SELECT product_id FROM mjc.stock_available a
                   WHERE a.on_hand <> (SELECT coalesce(sum(CASE kind WHEN 'receive' THEN qty WHEN 'adjust' THEN qty WHEN 'return' THEN qty WHEN 'ship' THEN -qty ELSE 0 END), 0)
                                         FROM mjc.stock_ledger g WHERE g.product_id = a.product_id)
                      OR a.reserved <> (SELECT coalesce(sum(held_qty), 0) FROM mjc.reservation r WHERE r.product_id = a.product_id)$$,
                'on hand is what came less what went, reserved is what orders hold');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');

SELECT * FROM finish();
ROLLBACK;
