-- report: the views of pricing that analysts read. Amounts are in dinars.
BEGIN;
SELECT plan(15);
\ir fixture.psql
UPDATE mjc.promotion SET is_active = false;
SELECT pg_temp.make_stock(1, 100, 10000) \g /dev/null
INSERT INTO mjc.promotion (promotion_id, code, name, kind, scope, rate_bp, needs_coupon, priority, min_amount_centimes, wilaya_codes, validity)
VALUES ('00000000-0000-4000-e000-000000000001', 'test-ten', 'Ten', 'percent', 'order', 1000, true, 7, 5000, '{99}', '[2020-01-01,2199-01-01)');
INSERT INTO mjc.promotion (promotion_id, code, name, kind, scope, get_qty, gift_product_id, is_active) VALUES ('00000000-0000-4000-e000-000000000002', 'test-gift', 'Gift', 'gift', 'order', 1, pg_temp.pid(1), false);
SELECT mjc.pricing_changed() \g /dev/null
INSERT INTO mjc.coupon (code, promotion_id, max_uses, max_uses_per_customer) VALUES ('TEST-TEN', '00000000-0000-4000-e000-000000000001', 5, 2), ('TEST-NEW', '00000000-0000-4000-e000-000000000001', NULL, NULL);
INSERT INTO mjc.price_list (price_list_id, code, name, kind, customer_group) VALUES ('00000000-0000-4000-d000-000000000001', 'test-b2b', 'Test', 'sale', 'b2b');
INSERT INTO mjc.price (price_id, price_list_id, product_id, qty, validity, amount_centimes)
VALUES (gen_random_uuid(), '00000000-0000-4000-d000-000000000001', pg_temp.pid(1), '[2,10)', '[2020-01-01,)', 8050), (gen_random_uuid(), '00000000-0000-4000-d000-000000000001', pg_temp.pid(1), '[10,)', '[2199-01-01,)', 7000);
SELECT credit_id AS card, code FROM mjc.gift_card_issue(100, '2199-12-31') \gset
UPDATE mjc.setting SET boolean_value = true WHERE name = 'stamp_duty_charged';
SELECT mjc.order_place(pg_temp.pids('{1}'), '{3}', 'Amina', 'Test', '0550000098', street => '1 rue du Test', city => 'Testville', region => '99', coupons => '{TEST-TEN}', gift_cards => ARRAY[:'code']) AS ref \gset

-- 300.00 less 30.00, parcel 700.00: 970.00, card 100.00, 870.00 in cash: duty 9.00
SELECT results_eq(format($$SELECT subtotal_dzd, discount_dzd, shipping_dzd, tax_included_dzd, shipping_tax_dzd, stamp_duty_dzd, rounding_dzd, total_dzd, credit_dzd, due_dzd, customer_group, coupons
                             FROM mjc_report.customer_order WHERE reference = %L$$, :'ref'),
    $$VALUES (300.00::numeric, 30.00::numeric, 700.00::numeric, 154.87::numeric, 111.76::numeric, 9.00::numeric, 0.00::numeric, 979.00::numeric, 100.00::numeric, 879.00::numeric, 'retail', '{TEST-TEN}'::text[])$$, 'customer_order');
SELECT results_eq(format('SELECT line_no, qty, list_price_dzd, unit_price_dzd, discount_dzd, total_dzd FROM mjc_report.order_line WHERE reference = %L', :'ref'),
    'VALUES (1, 3, 100.00::numeric, 100.00::numeric, 30.00::numeric, 270.00::numeric)', 'order_line');
SELECT results_eq(format('SELECT step, rule, line_no, ref, base_dzd, value_dzd, rate_bp, qty, amount_dzd FROM mjc_report.order_trace WHERE reference = %L ORDER BY step', :'ref'),
    $$VALUES (1::bigint, 'unit_price', 1, 'base', 100.00::numeric, NULL::numeric, NULL::integer, NULL::integer, 100.00::numeric), (2, 'gross', 1, NULL, 100.00, NULL, NULL, 3, 300.00), (3, 'order_percent', NULL, 'test-ten', 300.00, NULL, 1000, NULL, 30.00),
             (4, 'share', 1, 'test-ten', 300.00, NULL, NULL, NULL, 30.00), (5, 'shipping', NULL, NULL, 270.00, 700.00, NULL, NULL, 700.00), (6, 'tax_included', 1, NULL, 270.00, NULL, 1900, NULL, 43.11),
             (7, 'tax_included', NULL, NULL, 700.00, NULL, 1900, NULL, 111.76), (8, 'credit', NULL, NULL, 970.00, 100.00, NULL, NULL, 100.00), (9, 'stamp_duty', NULL, '2025-01-01', 870.00, NULL, NULL, NULL, 9.00), (10, 'total', NULL, NULL, NULL, NULL, NULL, NULL, 979.00)$$, 'order_trace');
SELECT results_eq($$SELECT code, kind, scope, rate_bp, amount_dzd, get_qty, gift_sku, priority, needs_coupon, until_at, min_amount_dzd, wilaya_codes, is_active, in_force FROM mjc_report.promotion WHERE code LIKE 'test-%' ORDER BY code$$,
    $$VALUES ('test-gift', 'gift', 'order', NULL::integer, NULL::numeric, 1, 'TEST-ONLY-1', 100, false, NULL::timestamptz, NULL::numeric, NULL::text[], false, false),
             ('test-ten', 'percent', 'order', 1000, NULL, NULL, NULL, 7, true, '2199-01-01', 50.00, '{99}', true, true)$$, 'promotion');
SELECT results_eq($$SELECT code, promotion, max_uses, max_uses_per_customer, used, is_active, last_used_at IS NOT NULL FROM mjc_report.coupon WHERE code LIKE 'TEST-%' ORDER BY code$$,
    $$VALUES ('TEST-NEW', 'test-ten', NULL::integer, NULL::integer, 0::bigint, true, false), ('TEST-TEN', 'test-ten', 5, 2, 1, true, true)$$, 'coupon');
SELECT results_eq($$SELECT price_list, kind, customer_group, sku, from_qty, to_qty, price_dzd, from_at, until_at, in_force FROM mjc_report.price WHERE price_list = 'test-b2b' ORDER BY from_qty$$,
    $$VALUES ('test-b2b', 'sale', 'b2b', 'TEST-ONLY-1', 2, 9, 80.50::numeric, '2020-01-01'::timestamptz, NULL::timestamptz, true), ('test-b2b', 'sale', 'b2b', 'TEST-ONLY-1', 10, NULL, 70.00, '2199-01-01', NULL, false)$$, 'price');
SELECT results_eq($$SELECT place_code, wilaya, delivery_mode, amount_dzd, included_weight_g, step_dzd, from_on, until_on, is_draft FROM mjc_report.shipping_tariff WHERE place_code = '99'$$,
    $$VALUES ('99', 'Épreuve', 'home', 700.00::numeric, NULL::integer, NULL::numeric, '1900-01-01'::date, NULL::date, false)$$, 'shipping_tariff');
SELECT results_eq(format('SELECT kind, balance_dzd, expires_at, is_active, last_moved_at IS NOT NULL FROM mjc_report.credit WHERE credit_id = %L', :'card'),
    $$VALUES ('gift_card', 0.00::numeric, '2199-12-31 23:00Z'::timestamptz, true, true)$$, 'credit');
SELECT mjc.order_cancel(:'ref') \g /dev/null
SELECT results_eq(format('SELECT balance_dzd FROM mjc_report.credit WHERE credit_id = %L', :'card'), 'VALUES (100.00::numeric)', 'credit, after the order was cancelled');
SELECT results_eq($$SELECT used FROM mjc_report.coupon WHERE code = 'TEST-TEN'$$, 'VALUES (0::bigint)', 'coupon, after it');

-- Each column of them says what it is
SELECT is_empty($$SELECT c.oid::regclass, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE c.relnamespace = 'mjc_report'::regnamespace AND a.attnum > 0
                  AND c.relname IN ('order_trace', 'promotion', 'coupon', 'price', 'shipping_tariff', 'credit') AND col_description(c.oid, a.attnum) IS NULL$$, 'each column of the reports on pricing says what it holds');
SELECT is_empty($$SELECT v FROM unnest(ARRAY['order_trace', 'promotion', 'coupon', 'price', 'shipping_tariff', 'credit']) v WHERE NOT has_table_privilege('mjc_analyst', 'mjc_report.' || v, 'SELECT')$$, 'an analyst reads them');
SELECT is_empty($$SELECT v FROM unnest(ARRAY['promotion', 'coupon', 'coupon_ledger', 'price', 'price_list', 'credit', 'credit_code', 'credit_ledger', 'order_trace', 'shipping_tariff']) v
                   WHERE has_table_privilege('mjc_analyst', 'mjc.' || v, 'SELECT')$$, 'and not the tables behind them');
SELECT is_empty($$SELECT c.oid::regclass, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE c.relnamespace = 'mjc_report'::regnamespace AND a.attnum > 0
                  AND a.attname ~ '(code_hash|last_four)'$$, 'no report tells of the code of a gift card');

-- A shop with more products than a list may have.
INSERT INTO mjc.sale_day (dim, on_day, key, orders, cancelled_orders, units, returned_units, total_centimes, returned_centimes, discount_centimes, shipping_centimes,
    stamp_duty_centimes, tax_centimes, returned_tax_centimes, refunded_centimes, sold_ht_centimes, cost_centimes)
SELECT 'product', '1999-01-01', gen_random_uuid()::text, 1, 0, 3, 1, 300, 100, 0, 0, 0, 0, 0, 0, 0, 0 FROM generate_series(1, 10001);
SELECT results_eq($$SELECT (r ->> 'soldProducts')::integer, (r ->> 'unitsSold')::integer, json_array_length(r -> 'topProducts') FROM mjc.report_products('1999-01-01', '1999-01-02') r$$,
    'VALUES (10001, 20002, 10)', 'all products that were sold are counted, ten are named');

SELECT * FROM finish();
ROLLBACK;
