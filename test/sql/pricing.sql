-- pricing: the price in force (P1), tax of a line (P2), shipping (P3).
BEGIN;
SELECT plan(88);
\ir fixture.psql

-- P1
SELECT is(mjc.unit_price(p, s), u, format('price %s, sale %s', p, coalesce(s::text, 'none')))
  FROM (VALUES (1000::bigint, NULL::bigint, 1000::bigint), (1000, 0, 1000), (1000, 800, 800), (1000, 1, 1), (1000, 999, 999), (1000, 1000, 1000), (1000, 1200, 1000),
               (1000, -5, 1000), (0, NULL, 0), (0, 5, 0), (NULL, 5, NULL), (NULL, NULL, NULL)) v (p, s, u);

-- P2: tax is rounded once, on the line: 3 x 0.99 at 19 % holds 0.47, not 3 x 0.16; the parcel for 700.00 holds 111.76
SELECT pg_temp.make_stock(1, 100, 99) \g /dev/null
SELECT is((pg_temp.buy('{1}', '{3}')).body ->> 'taxIncluded', '112.23', 'tax of three');
SELECT is((pg_temp.buy('{1}', '{1}')).body ->> 'taxIncluded', '111.92', 'tax of one');
SELECT mjc.stock_receive(pg_temp.make_product(2, 100000, tax => 0), 10) \g /dev/null
SELECT is((pg_temp.buy('{2}', '{1}')).body ->> 'taxIncluded', '111.76', 'a product without tax');
SELECT mjc.stock_receive(pg_temp.make_product(3, 0), 10) \g /dev/null
SELECT is((pg_temp.buy('{3}', '{1}')).body ->> 'total', '700.00', 'a product for nothing is sent for money');

-- P3: dated tariffs, a wilaya that begins on a day
INSERT INTO mjc.wilaya (code, name, name_ar, valid_from_on, split_from, delivery_days) VALUES
    ('98', 'Ancienne', 'القديمة', '1900-01-01', NULL, 2), ('97', 'Nouvelle', 'الجديدة', '2026-07-01', '98', 9);
INSERT INTO mjc.shipping_tariff (tariff_id, place_code, delivery_mode, amount_centimes, validity)
SELECT gen_random_uuid(), c, 'home', a, v::daterange
  FROM (VALUES ('98', 50000, '[2020-01-01,2026-01-01)'), ('98', 65000, '[2026-01-01,)'), ('97', 40000, '[2026-07-01,)')) t (c, a, v);
DELETE FROM mjc.shipping_tariff WHERE place_code = '*';
INSERT INTO mjc.shipping_tariff (tariff_id, place_code, delivery_mode, amount_centimes, validity) VALUES (gen_random_uuid(), '*', 'home', 60000, '[2000-01-01,2030-01-01)');
SELECT is(mjc.shipping_for(p, 100, d::date), a::bigint, format('%s on %s', p, d))
  FROM (VALUES ('98', '2019-12-31', 60000), ('98', '2020-01-01', 50000), ('98', '2025-12-31', 50000), ('98', '2026-01-01', 65000), ('98', '2099-01-01', 65000),
               ('97', '2026-06-30', 65000), ('97', '2026-07-01', 40000), ('97', '2025-06-30', 50000), ('97', '2019-06-30', 60000),
               ('Nouvelle', '2026-06-30', 65000), ('Nouvelle', '2026-07-01', 40000), ('الجديدة', '2026-07-01', 40000)) v (p, d, a);
SELECT throws_ok($$INSERT INTO mjc.shipping_tariff VALUES (gen_random_uuid(), '98', 'home', 1, '[2025-12-31,2026-01-02)')$$, '23P01', NULL, 'two tariffs never hold on one day');
SELECT is(mjc.shipping_for(p, 100, '2026-08-01'), a::bigint, format('place "%s"', p))
  FROM (VALUES ('99', 70000), (' 99 ', 70000), ('Épreuve', 70000), ('ÉPREUVE', 70000), ('épreuve', 70000), ('  Épreuve  ', 70000), ('اختبار', 70000), ('٩٩', 70000), ('۹۹', 70000),
               ('Atlantis', 60000), ('', 60000), (NULL, 60000), ('00', 60000), ('999', 60000), ('98x', 60000), ('97 rue de Paris', 60000), ('99''--', 60000)) v (p, a);
SELECT is(mjc.shipping_for('5', 0, '2026-08-01'), mjc.shipping_for('05', 0, '2026-08-01'), 'a code of one digit');
SELECT is(mjc.shipping_for('99', s, '2026-08-01'), a::bigint, format('subtotal %s', s))
  FROM (VALUES (0::bigint, 70000), (4999999, 70000), (5000000, 0), (5000001, 0), (10000000000000, 0)) v (s, a);
SELECT is((pg_temp.buy('{3}', '{1}', region => '97')).body ->> 'shipping',
          mjc.dzd(mjc.shipping_for('97', 0, mjc.algiers_date(now())))::text, 'an order pays what the function says');
UPDATE mjc.setting SET integer_value = 0 WHERE name = 'free_shipping_threshold_centimes';
SELECT is(mjc.shipping_for('99', 10000000000000, '2026-08-01'), 70000::bigint, 'a threshold of 0 is none');
UPDATE mjc.setting SET integer_value = 1 WHERE name = 'free_shipping_threshold_centimes';
SELECT is(mjc.shipping_for('99', 0, '2026-08-01'), 70000::bigint, 'a subtotal of 0 is below any threshold');
UPDATE mjc.setting SET integer_value = 5000000 WHERE name = 'free_shipping_threshold_centimes';
SELECT throws_ok($$SELECT mjc.shipping_for('99', NULL, '2026-08-01')$$, 'MJ003', NULL, 'no subtotal');
SELECT throws_ok($$SELECT mjc.shipping_for('99', 0, NULL)$$, 'MJ003', NULL, 'no day');
SELECT throws_ok($$SELECT mjc.shipping_for('99', -1, '2026-08-01')$$, 'MJ201', NULL, 'a negative subtotal');
SELECT throws_ok($$SELECT mjc.shipping_for('99', 10000000000001, '2026-08-01')$$, 'MJ201', NULL, 'a subtotal out of range');
SELECT throws_ok($$SELECT mjc.shipping_for('Atlantis', 0, '2030-01-01')$$, 'MJ202', NULL, 'no tariff for that day');
SELECT is(mjc.shipping_for('99', 0, '2030-01-01'), 70000::bigint, 'a wilaya with its own tariff needs no other');

-- Delivery days
CREATE FUNCTION pg_temp.days(r text) RETURNS integer
    LANGUAGE plpgsql
    AS $$ DECLARE ref text := (pg_temp.buy('{3}', '{1}', region => r)).body ->> 'orderNumber';
          BEGIN RETURN (SELECT estimated_on - mjc.algiers_date(placed_at) FROM mjc.order WHERE reference = ref); END $$;
SELECT is(pg_temp.days('99'), 3, 'three days to the test wilaya');
SELECT is(pg_temp.days('Atlantis'), 5, 'the setting for an unknown place');
SELECT is(pg_temp.days(c), 2, format('two days to %s', c)) FROM unnest(ARRAY['16', '31', '25', '23', '09']) c;

-- Routes
UPDATE mjc.wilaya SET valid_from_on = mjc.algiers_date(now()) + 1 WHERE code = '97';
SELECT is((mjc_api.wilaya_list() ->> 'count')::bigint, (SELECT count(*) FROM mjc.wilaya WHERE valid_from_on <= mjc.algiers_date(now())), 'the wilayas of today');
SELECT is((SELECT count(*) FROM mjc.wilaya WHERE code NOT IN ('97', '98', '99')), 69::bigint, 'the demo has 69');
SELECT is((SELECT count(*) FROM json_array_elements(mjc_api.wilaya_list() -> 'data') w WHERE w ->> 'code' = '97'), 0::bigint, 'not that of tomorrow');
SELECT is((SELECT w::jsonb FROM json_array_elements(mjc_api.wilaya_list() -> 'data') w WHERE w ->> 'code' = '99'),
    '{"id": "99", "code": "99", "name": "Épreuve", "nameAr": "اختبار", "active": true, "shippingCost": 700.00, "deliveryDays": 3}'::jsonb, 'one of them');
SELECT is(mjc_api.wilaya_shipping_cost(p)::jsonb, '{"shippingCost": 700.00, "freeShippingThreshold": 50000.00}'::jsonb, format('shipping cost of "%s"', p)) FROM unnest(ARRAY['99', 'épreuve', 'اختبار', '٩٩']) p;
SELECT is(mjc_api.wilaya_shipping_cost(p)::text, NULL, format('no wilaya "%s"', p)) FROM unnest(ARRAY['00', 'Atlantis', '', NULL, '97', '999']) p;
SELECT is(mjc_api.shipping_quote('99', 4999999, NULL)::jsonb, '{"shippingCost": 700.00, "wilaya": "Épreuve"}'::jsonb, 'a quote');
SELECT is(mjc_api.shipping_quote('99', 5000000, 'home')::jsonb, '{"shippingCost": 0.00, "wilaya": "Épreuve"}'::jsonb, 'a quote from the threshold on');
SELECT is(mjc_api.shipping_quote('Atlantis', NULL, NULL)::jsonb, '{"shippingCost": 600.00, "wilaya": null}'::jsonb, 'a quote for an unknown place');
SELECT throws_ok($$SELECT mjc_api.shipping_quote('99', -1, NULL)$$, 'MJ201', NULL, 'a quote for less than nothing');
SELECT is((SELECT string_agg(m ->> 'id', ' ') FROM json_array_elements(mjc_api.payment_method_list()) m), 'CASH_ON_DELIVERY', 'one way to pay');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');

SELECT * FROM finish();
ROLLBACK;
