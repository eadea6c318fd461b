-- quote: a cart of the shop, priced. Amounts are computed by hand, in centimes.
BEGIN;
SELECT plan(293);
\ir fixture.psql
UPDATE mjc.promotion SET is_active = false;
SELECT mjc.pricing_changed() \g /dev/null
SELECT pg_temp.make_stock(1, 100, 10000), pg_temp.make_stock(2, 100, 20000), pg_temp.make_stock(3, 100, 5000), pg_temp.make_stock(4, 5, 30000), pg_temp.make_product(5, 10000, active => false),
       pg_temp.make_product(6, 2500) \g /dev/null

-- A promotion from a document whose keys are the columns.
CREATE FUNCTION pg_temp.promote(code text, kind text, scope text, doc jsonb DEFAULT '{}') RETURNS uuid
    LANGUAGE sql
AS $$
    INSERT INTO mjc.promotion
    SELECT * FROM jsonb_populate_record(NULL::mjc.promotion,
        jsonb_build_object('promotion_id', gen_random_uuid(), 'code', code, 'name', 'Test ' || code, 'kind', kind, 'scope', scope, 'priority', 100, 'needs_coupon', false,
                           'validity', '(,)', 'first_order', false, 'is_active', true, 'created_at', now(), 'updated_at', now()) || doc);
    SELECT mjc.pricing_changed();
    SELECT p.promotion_id FROM mjc.promotion p WHERE p.code = promote.code;
$$;
CREATE FUNCTION pg_temp.no_promotion() RETURNS void
    LANGUAGE sql
AS $$
    UPDATE mjc.promotion SET is_active = false WHERE is_active;
    SELECT mjc.pricing_changed();
$$;
CREATE FUNCTION pg_temp.set(name text, number bigint) RETURNS void
    LANGUAGE sql
    AS $$ UPDATE mjc.setting s SET integer_value = number WHERE s.name = set.name $$;

-- A quote in words; what: price "subtotal - discount + shipping = due", lines "product: qty x unit - discount = amount",
-- discounts "code amount", coupons "code status", total "total - credit = due: duty, rounding", shipping "place: before - discount, days".
CREATE FUNCTION pg_temp.q(what text, numbers integer[], quantities integer[], customer_group text DEFAULT 'retail', place text DEFAULT '99', mode text DEFAULT 'home',
    method text DEFAULT 'CASH_ON_DELIVERY', coupons text[] DEFAULT NULL, at timestamptz DEFAULT now(), customer uuid DEFAULT NULL, cards text[] DEFAULT NULL, strict boolean DEFAULT true) RETURNS text
    LANGUAGE sql
AS $$
    WITH x AS MATERIALIZED (SELECT * FROM mjc.quote(pg_temp.pids(numbers), quantities, customer_group, place, mode, method, coupons, at, customer, cards, strict))
    SELECT CASE what
        WHEN 'price' THEN (SELECT format('%s - %s + %s = %s', t.base_centimes, t.discount_centimes, s.amount_centimes, d.amount_centimes)
                             FROM x t, x s, x d WHERE t.section = 'total' AND s.section = 'shipping' AND d.section = 'due')
        WHEN 'lines' THEN (SELECT string_agg(format('%s: %s x %s - %s = %s', right(l.product_id::text, 2)::integer, l.qty, l.unit_centimes, l.discount_centimes, l.amount_centimes), ', ' ORDER BY l.line_no)
                             FROM x l WHERE l.section = 'line')
        WHEN 'units' THEN (SELECT string_agg(format('%s of %s %s', l.unit_centimes, l.base_centimes, l.ref), ', ' ORDER BY l.line_no) FROM x l WHERE l.section = 'line')
        WHEN 'discounts' THEN (SELECT string_agg(format('%s %s', l.ref, l.amount_centimes) || coalesce(' withheld ' || nullif(l.withheld_centimes, 0), ''), ', ') FROM x l WHERE l.section = 'discount')
        WHEN 'coupons' THEN (SELECT string_agg(format('%s %s', l.ref, l.label), ', ') FROM x l WHERE l.section = 'coupon')
        WHEN 'total' THEN (SELECT format('%s - %s = %s: %s, %s', t.amount_centimes, c.amount_centimes, d.amount_centimes, s.amount_centimes, r.amount_centimes)
                             FROM x t, x c, x d, x s, x r
                            WHERE t.section = 'total' AND c.section = 'credit' AND d.section = 'due' AND s.section = 'stamp_duty' AND r.section = 'rounding')
        WHEN 'shipping' THEN (SELECT format('%s: %s - %s, %s days', l.ref, l.base_centimes, l.discount_centimes, l.qty) FROM x l WHERE l.section = 'shipping')
        WHEN 'taxes' THEN (SELECT string_agg(format('%s: %s + %s', l.rate_bp, l.base_centimes, l.tax_centimes), ', ') FROM x l WHERE l.section = 'tax') END
$$;
-- Statements that fail, by their arguments.
CREATE FUNCTION pg_temp.refused(arguments text) RETURNS text
    LANGUAGE sql
    AS $$ SELECT f.code || coalesce(' ' || f.detail::text, '') FROM pg_temp.failure('SELECT * FROM mjc.quote(' || arguments || ')') f $$;

-- Every section
SELECT pg_temp.promote('test-ten', 'percent', 'order', '{"rate_bp": 1000, "needs_coupon": true}') AS ten \gset
INSERT INTO mjc.coupon (code, promotion_id) VALUES ('TEST-TEN', :'ten');
SELECT results_eq($$SELECT section, line_no, ref, label, right(product_id::text, 1), qty, unit_centimes, base_centimes, discount_centimes, amount_centimes, rate_bp, tax_centimes, withheld_centimes
                      FROM mjc.quote(pg_temp.pids('{2,1}'), '{1,2}', place => '99', coupons => '{test-ten}') WHERE section NOT IN ('trace', 'share')$$,
    $$VALUES ('line', 1, 'base', 'Test part 2', '2', 1, 20000::bigint, 20000::bigint, 2000::bigint, 18000::bigint, 1900, 2874::bigint, NULL::bigint),
             ('line', 2, 'base', 'Test part 1', '1', 2, 10000, 10000, 2000, 18000, 1900, 2874, NULL),
             ('discount', NULL, 'test-ten', 'Test test-ten', NULL, NULL, NULL, NULL, NULL, 4000, NULL, NULL, 0),
             ('coupon', NULL, 'TEST-TEN', 'APPLIED', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
             ('shipping', NULL, '99', NULL, NULL, 3, NULL, 70000, 0, 70000, 1900, 11176, NULL),
             ('tax', NULL, NULL, NULL, NULL, NULL, NULL, 89076, NULL, 106000, 1900, 16924, NULL),
             ('stamp_duty', NULL, NULL, NULL, NULL, NULL, NULL, 106000, NULL, 0, NULL, NULL, NULL),
             ('rounding', NULL, NULL, NULL, NULL, NULL, NULL, 106000, NULL, 0, NULL, NULL, NULL),
             ('total', NULL, NULL, NULL, NULL, NULL, NULL, 40000, 4000, 106000, NULL, 16924, NULL),
             ('credit', NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, 0, NULL, NULL, NULL),
             ('due', NULL, NULL, NULL, NULL, NULL, NULL, 106000, NULL, 106000, NULL, NULL, NULL)$$, 'every section and column');
SELECT results_eq($$SELECT section, line_no, ref, label, qty, unit_centimes, base_centimes, amount_centimes, rate_bp, withheld_centimes, rounding_e4
                      FROM mjc.quote(pg_temp.pids('{2,1}'), '{1,2}', place => '99', coupons => '{test-ten}') WHERE section IN ('trace', 'share')$$,
    $$VALUES ('trace', 2, 'base', 'unit_price', 0, 0::bigint, 10000::bigint, 10000::bigint, 0, 0::bigint, 0), ('trace', 2, NULL, 'gross', 2, 0, 10000, 20000, 0, 0, 0),
             ('trace', 1, 'base', 'unit_price', 0, 0, 20000, 20000, 0, 0, 0), ('trace', 1, NULL, 'gross', 1, 0, 20000, 20000, 0, 0, 0),
             ('trace', NULL, 'test-ten', 'order_percent', 0, 0, 40000, 4000, 1000, 0, 0), ('share', 2, 'test-ten', 'share', 0, 0, 20000, 2000, 0, 0, 0), ('share', 1, 'test-ten', 'share', 0, 0, 20000, 2000, 0, 0, 0),
             ('trace', NULL, NULL, 'shipping', 0, 70000, 36000, 70000, 0, 0, 0), ('trace', 2, NULL, 'tax_included', 0, 0, 18000, 2874, 1900, 0, 504), ('trace', 1, NULL, 'tax_included', 0, 0, 18000, 2874, 1900, 0, 504),
             ('trace', NULL, NULL, 'tax_included', 0, 0, 70000, 11176, 1900, 0, -4706), ('trace', NULL, NULL, 'total', 0, 0, 0, 106000, 0, 0, 0)$$, 'every step');
SELECT is(mjc.quote_json(pg_temp.pids('{2,1}'), '{1,2}', place => '99', coupons => '{TEST-TEN}')::jsonb, jsonb_build_object(
    'lines', jsonb_build_array(
        jsonb_build_object('line', 1, 'productId', pg_temp.pid(2), 'name', 'Test part 2', 'quantity', 1, 'unitPrice', 200.00, 'listPrice', 200.00, 'subtotal', 200.00, 'discount', 20.00, 'total', 180.00,
                           'taxRate', 19.00, 'tax', 28.74, 'isGift', false),
        jsonb_build_object('line', 2, 'productId', pg_temp.pid(1), 'name', 'Test part 1', 'quantity', 2, 'unitPrice', 100.00, 'listPrice', 100.00, 'subtotal', 200.00, 'discount', 20.00, 'total', 180.00,
                           'taxRate', 19.00, 'tax', 28.74, 'isGift', false)),
    'discounts', '[{"promotion": "test-ten", "name": "Test test-ten", "amount": 40.00}]'::jsonb, 'coupons', '[{"code": "TEST-TEN", "status": "APPLIED"}]'::jsonb,
    'subtotal', 400.00, 'discount', 40.00, 'goods', 360.00, 'shipping', 700.00, 'shippingDiscount', 0.00, 'deliveryDays', 3, 'taxes', '[{"rate": 19.00, "net": 890.76, "tax": 169.24}]'::jsonb,
    'taxIncluded', 169.24, 'stampDuty', 0.00, 'rounding', 0.00, 'total', 1060.00, 'credit', 0.00, 'due', 1060.00), 'as JSON');
SELECT is(mjc.quote_json(pg_temp.pids('{1}'), '{1}')::jsonb - 'lines' - 'taxes', '{"discounts": [], "coupons": [], "subtotal": 100.00, "discount": 0.00, "goods": 100.00, "shipping": 600.00, "shippingDiscount": 0.00,
    "deliveryDays": 5, "taxIncluded": 111.77, "stampDuty": 0.00, "rounding": 0.00, "total": 700.00, "credit": 0.00, "due": 700.00}'::jsonb, 'as JSON, of an unknown place');

-- Arguments
SELECT is(pg_temp.refused(a), e, format('refused: %s', a))
  FROM (VALUES ('NULL, ''{1}''', 'MJ003 {"argument": "product_ids"}'), ('pg_temp.pids(''{1}''), NULL', 'MJ003 {"argument": "quantities"}'),
               ('pg_temp.pids(''{1}''), ''{1}'', customer_group => NULL', 'MJ003 {"argument": "customer_group"}'), ('pg_temp.pids(''{1}''), ''{1}'', delivery_mode => NULL', 'MJ003 {"argument": "delivery_mode"}'),
               ('pg_temp.pids(''{1}''), ''{1}'', payment_method => NULL', 'MJ003 {"argument": "payment_method"}'), ('pg_temp.pids(''{1}''), ''{1}'', at => NULL', 'MJ003 {"argument": "at"}'),
               ('pg_temp.pids(''{1,NULL}''), ''{1,1}''', 'MJ003 {"argument": "product_ids"}'), ('pg_temp.pids(''{1,2}''), ''{1,NULL}''', 'MJ003 {"argument": "quantities"}'),
               ('pg_temp.pids(''{1}''), ''{1}'', coupons => ''{NULL}''', 'MJ003 {"argument": "coupons"}'), ('pg_temp.pids(''{1}''), ''{1}'', gift_cards => ''{NULL}''', 'MJ003 {"argument": "gift_cards"}'),
               ('pg_temp.pids(''{1}''), ''{1}'', at => ''infinity''', 'MJ006 {"argument": "at"}'), ('pg_temp.pids(''{1}''), ''{1}'', at => ''-infinity''', 'MJ006 {"argument": "at"}'),
               ('pg_temp.pids(''{1}''), ''{1,1}''', 'MJ010 {"argument": "quantities"}'), ('ARRAY[pg_temp.pids(''{1,2}''), pg_temp.pids(''{1,2}'')], ''{1,1,1,1}''', 'MJ010 {"argument": "product_ids"}'),
               ('''{}'', ''{}''', 'MJ302 {"max": 50, "min": 1}'), ('array_fill(pg_temp.pid(1), ARRAY[51]), array_fill(1, ARRAY[51])', 'MJ302 {"max": 50, "min": 1}'),
               ('pg_temp.pids(''{1}''), ''{0}''', 'MJ104 {"max": 999, "min": 1}'), ('pg_temp.pids(''{1}''), ''{-1}''', 'MJ104 {"max": 999, "min": 1}'),
               ('pg_temp.pids(''{1}''), ''{1000}''', 'MJ104 {"max": 999, "min": 1}'),
               ('pg_temp.pids(''{1,99}''), ''{1,1}''', 'MJ102 {"line": 2}'), ('pg_temp.pids(''{1,1,5}''), ''{1,1,1}''', 'MJ102 {"line": 3}'),
               ('pg_temp.pids(''{1}''), ''{1}'', customer_group => ''nobody''', 'MJ216'), ('pg_temp.pids(''{1}''), ''{1}'', customer_group => ''''', 'MJ216'), ('pg_temp.pids(''{1}''), ''{1}'', customer_group => ''RETAIL''', 'MJ216'),
               ('pg_temp.pids(''{1}''), ''{1}'', delivery_mode => ''drone''', 'MJ217'), ('pg_temp.pids(''{1}''), ''{1}'', delivery_mode => ''''', 'MJ217'),
               ('pg_temp.pids(''{1}''), ''{1}'', payment_method => ''BARTER''', 'MJ218'), ('pg_temp.pids(''{1}''), ''{1}'', payment_method => ''''', 'MJ218'),
               ('pg_temp.pids(''{1}''), ''{1}'', gift_cards => ''{NOTACARD}''', 'MJ210'), ('pg_temp.pids(''{1}''), ''{1}'', gift_cards => ''{""}''', 'MJ210'),
               ('pg_temp.pids(''{1}''), ''{1}'', gift_cards => array_fill(''x''::text, ARRAY[11])', 'MJ006 {"argument": "gift_cards"}'),
               ('pg_temp.pids(''{1}''), ''{1}'', coupons => array_fill(''TEST-TEN''::text, ARRAY[11])', 'MJ209 {"max": 10}'),
               ('pg_temp.pids(''{1}''), ''{1}'', coupons => ''{TEST-NONE}''', 'MJ203'), ('pg_temp.pids(''{1}''), ''{1}'', coupons => ''{no such thing!}''', 'MJ203'), ('pg_temp.pids(''{1}''), ''{1}'', coupons => ''{""}''', 'MJ203')) v (a, e);
SELECT throws_ok($$SELECT mjc.quote_json(pg_temp.pids('{5}'), '{1}')$$, 'MJ102', NULL, 'as JSON the same errors');
SELECT is(pg_temp.q('price', '{1}', '{1}', place => NULL), '10000 - 0 + 60000 = 70000', 'no place: the tariff of everywhere');
SELECT is(pg_temp.q('price', '{1}', '{1}', coupons => '{}', cards => '{}', strict => NULL), '10000 - 0 + 70000 = 80000', 'no coupon and no card are none');
SELECT is(pg_temp.q('lines', '{3,1,3,2}', '{1,2,3,4}'), '3: 4 x 5000 - 0 = 20000, 1: 2 x 10000 - 0 = 20000, 2: 4 x 20000 - 0 = 80000', 'a product that comes twice is one line, the lines stay in their order');
SELECT is(pg_temp.q('lines', array_fill(1, ARRAY[50]), array_fill(19, ARRAY[50])), '1: 950 x 10000 - 0 = 9500000', 'fifty times the same');
SELECT is(pg_temp.refused($$pg_temp.pids('{1,2,1}'), '{500,1,500}'$$), 'MJ104 {"max": 999, "min": 1}', 'the same twice, more than 999 in all');
SELECT is(pg_temp.q('lines', '{1,2,1}', '{500,1,499}'), '1: 999 x 10000 - 0 = 9990000, 2: 1 x 20000 - 0 = 20000', '999 in all');
SELECT lives_ok($$SELECT * FROM mjc.quote(array_fill(pg_temp.pid(1), ARRAY[50]), array_fill(1, ARRAY[50]))$$, 'fifty lines');
UPDATE mjc.product SET price_centimes = 100000000000 WHERE product_id = pg_temp.pid(6);
SELECT is(pg_temp.refused($$pg_temp.pids('{6}'), '{999}'$$), 'MJ201', 'more than ten to the thirteen centimes');
UPDATE mjc.product SET price_centimes = 2500 WHERE product_id = pg_temp.pid(6);

-- Prices: base, sale and its dates, lists by group and quantity
UPDATE mjc.product SET sale_price_centimes = 9000, sale_from_at = now(), sale_until_at = now() + interval '1 day' WHERE product_id = pg_temp.pid(1);
SELECT is(pg_temp.q('units', '{1}', '{1}', at => now() + d), e, format('a dated sale, %s', d))
  FROM (VALUES (interval '0', '9000 of 10000 sale'), ('-1 microsecond', '10000 of 10000 base'), ('1 day', '10000 of 10000 base'), ('1 day -1 microsecond', '9000 of 10000 sale')) v (d, e);
INSERT INTO mjc.price_list (price_list_id, code, name, kind, customer_group) VALUES
    ('00000000-0000-4000-d000-000000000001', 'test-b2b', 'Test', 'override', 'b2b'), ('00000000-0000-4000-d000-000000000002', 'test-steps', 'Test', 'sale', NULL),
    ('00000000-0000-4000-d000-000000000003', 'test-b2b-more', 'Test', 'override', 'b2b'), ('00000000-0000-4000-d000-000000000004', 'test-all', 'Test', 'override', NULL);
INSERT INTO mjc.price (price_id, price_list_id, product_id, qty, validity, amount_centimes)
SELECT gen_random_uuid(), ('00000000-0000-4000-d000-00000000000' || l)::uuid, pg_temp.pid(p), q::int4range, v::tstzrange, a
  FROM (VALUES (1, 2, '[1,10)', '(,)', 18000), (1, 2, '[10,)', '(,)', 15000), (3, 2, '[5,)', '(,)', 16000), (2, 2, '[20,)', '(,)', 14000),
               (1, 3, '[1,)', '(,2030-01-01)', 6000), (4, 4, '[1,)', '[2030-01-01,)', 25000), (4, 6, '[1,)', '(,)', 0)) x (l, p, q, v, a);
SELECT is(pg_temp.q('units', '{2}', ARRAY[q], customer_group => g), e, format('%s of 2 for %s', q, g))
  FROM (VALUES ('retail', 1, '20000 of 20000 base'), ('retail', 19, '20000 of 20000 base'), ('retail', 20, '14000 of 20000 list:test-steps'), ('b2b', 1, '18000 of 18000 list:test-b2b'), ('b2b', 4, '18000 of 18000 list:test-b2b'),
               ('b2b', 5, '16000 of 16000 list:test-b2b-more'), ('b2b', 9, '16000 of 16000 list:test-b2b-more'), ('b2b', 10, '15000 of 15000 list:test-b2b'), ('b2b', 20, '14000 of 15000 list:test-steps'),
               ('technician', 20, '14000 of 20000 list:test-steps'), ('technician', 5, '20000 of 20000 base')) v (g, q, e);
SELECT is(pg_temp.q('units', '{2,2}', '{5,5}', customer_group => 'b2b'), '15000 of 15000 list:test-b2b', 'the quantity is that of all lines of the product');
SELECT is(pg_temp.q('units', '{3}', '{1}', customer_group => 'b2b', at => t), e, format('an override may be dearer, and ends: %s', t))
  FROM (VALUES ('2029-12-31 23:00Z'::timestamptz, '6000 of 6000 list:test-b2b'), ('2030-01-01', '5000 of 5000 base')) v (t, e);
SELECT is(pg_temp.q('units', '{4}', '{1}', at => t), e, format('a list of everybody that begins: %s', t)) FROM (VALUES ('2029-12-31'::timestamptz, '30000 of 30000 base'), ('2030-01-01', '25000 of 25000 list:test-all')) v (t, e);
SELECT is(pg_temp.q('units', '{6}', '{1}'), '0 of 0 list:test-all', 'an override of nothing');
UPDATE mjc.product SET sale_price_centimes = 17000 WHERE product_id = pg_temp.pid(2);
SELECT is(pg_temp.q('units', '{2}', ARRAY[q], customer_group => 'b2b'), e, format('%s of 2 for b2b, with a sale', q)) FROM (VALUES (1, '17000 of 18000 sale'), (5, '16000 of 16000 list:test-b2b-more'), (20, '14000 of 15000 list:test-steps')) v (q, e);
SELECT is(p::text, e, format('price_at: %s', e)) FROM (VALUES
    (mjc.price_at(pg_temp.pid(1), 'retail', 1, now()), '(9000,10000,sale)'), (mjc.price_at(pg_temp.pid(2), 'b2b', 20, now()), '(14000,15000,list:test-steps)'), (mjc.price_at(pg_temp.pid(5), 'retail', 1, now()), '(10000,10000,base)'),
    (mjc.price_at(pg_temp.pid(3), 'b2b', 999, '2029-01-01'), '(6000,6000,list:test-b2b)')) v (p, e);
SELECT is((pg_temp.failure('SELECT mjc.price_at(' || a || ')'))::text, e, format('price_at refuses: %s', a))
  FROM (VALUES ('NULL, ''retail'', 1, now()', '(MJ003,"{""argument"": ""product_id""}")'), ('pg_temp.pid(1), NULL, 1, now()', '(MJ003,"{""argument"": ""customer_group""}")'),
               ('pg_temp.pid(1), ''retail'', NULL, now()', '(MJ003,"{""argument"": ""qty""}")'), ('pg_temp.pid(1), ''retail'', 1, NULL', '(MJ003,"{""argument"": ""at""}")'),
               ('pg_temp.pid(1), ''retail'', 1, ''infinity''', '(MJ006,"{""argument"": ""at""}")'), ('pg_temp.pid(1), ''retail'', 0, now()', '(MJ104,"{""max"": 999, ""min"": 1}")'),
               ('pg_temp.pid(1), ''retail'', 1000, now()', '(MJ104,"{""max"": 999, ""min"": 1}")'), ('pg_temp.pid(99), ''retail'', 1, now()', '(MJ107,)'), ('pg_temp.pid(1), ''nobody'', 1, now()', '(MJ216,)')) v (a, e);
UPDATE mjc.product SET sale_price_centimes = NULL, sale_from_at = NULL, sale_until_at = NULL WHERE product_id IN (pg_temp.pid(1), pg_temp.pid(2));
DELETE FROM mjc.price WHERE price_list_id::text LIKE '00000000-0000-4000-d000-%';

-- The past: prices that were set since, tariffs and scales of another day
SELECT mjc.price_set(pg_temp.pid(1), 110, 95), mjc.price_set(pg_temp.pid(1), 120) \g /dev/null
UPDATE mjc.product_price_past SET until_at = now() - CASE WHEN price_centimes = 10000 THEN interval '2 days' ELSE '1 day' END WHERE product_id = pg_temp.pid(1);
SELECT is(pg_temp.q('units', '{1}', '{1}', at => now() - d), e, format('the price %s ago', d))
  FROM (VALUES (interval '0', '12000 of 12000 base'), ('1 day', '12000 of 12000 base'), ('1 day 1 microsecond', '9500 of 11000 sale'), ('2 days', '9500 of 11000 sale'), ('2 days 1 microsecond', '10000 of 10000 base'),
               ('10 years', '10000 of 10000 base'), ('-10 years', '12000 of 12000 base')) v (d, e);
SELECT is((mjc.price_at(pg_temp.pid(1), 'retail', 1, now() - d)).source, e, format('price_at %s ago', d)) FROM (VALUES (interval '1 day 1 microsecond', 'sale'), ('1 day', 'base')) v (d, e);
SELECT mjc.price_set(pg_temp.pid(1), 100) \g /dev/null
DELETE FROM mjc.product_price_past WHERE product_id = pg_temp.pid(1);
UPDATE mjc.shipping_tariff SET validity = '[2020-01-01,)' WHERE place_code = '99';
INSERT INTO mjc.shipping_tariff (tariff_id, place_code, delivery_mode, amount_centimes, validity) VALUES (gen_random_uuid(), '99', 'home', 50000, '[1900-01-01,2020-01-01)');
SELECT is(pg_temp.q('shipping', '{1}', '{1}', at => t), e, format('the tariff of %s', t))
  FROM (VALUES ('2019-12-31 22:59:59Z'::timestamptz, '99: 50000 - 0, 3 days'), ('2019-12-31 23:00Z', '99: 70000 - 0, 3 days'), (now(), '99: 70000 - 0, 3 days')) v (t, e);
UPDATE mjc.setting SET boolean_value = true WHERE name = 'stamp_duty_charged';
SELECT is(pg_temp.q('total', '{2}', '{50}', at => t), e, format('stamp duty of %s', t))
  FROM (VALUES ('2022-12-31'::timestamptz, '1080700 - 0 = 1080700: 10700, 0'), ('2023-01-01', '1080700 - 0 = 1080700: 10700, 0'), (now(), '1080700 - 0 = 1080700: 10700, 0')) v (t, e);
SELECT is(pg_temp.q('total', '{2}', '{50}', place => NULL, at => t), e, format('stamp duty of %s, elsewhere', t)) FROM (VALUES (now(), '1070600 - 0 = 1070600: 10600, 0')) v (t, e);
SELECT is(pg_temp.q('total', '{2}', '{200}', at => t), e, format('stamp duty of four million, %s', t))
  FROM (VALUES ('2022-06-01'::timestamptz, '4110700 - 0 = 4110700: 40700, 0'), (now(), '4131100 - 0 = 4131100: 61050, 50')) v (t, e);
SELECT is(pg_temp.q('total', '{2}', '{999}', at => t), e, format('stamp duty of twenty million, %s', t))
  FROM (VALUES ('2022-06-01'::timestamptz, '20179800 - 0 = 20179800: 199800, 0'), ('2024-06-01', '20179800 - 0 = 20179800: 199800, 0'), (now(), '20379600 - 0 = 20379600: 399600, 0')) v (t, e);
SELECT results_eq($$SELECT ref, base_centimes, amount_centimes FROM mjc.quote(pg_temp.pids('{1}'), '{1}', place => '99') WHERE label = 'stamp_duty'$$, $$VALUES ('2025-01-01', 80000::bigint, 800::bigint)$$, 'its step names the scale');
SET LOCAL datestyle = 'SQL, DMY';
SELECT results_eq($$SELECT ref FROM mjc.quote(pg_temp.pids('{1}'), '{1}', place => '99') WHERE label = 'stamp_duty'$$, $$VALUES ('2025-01-01')$$, 'whatever the session''s style of dates');
RESET datestyle;
UPDATE mjc.payment_method SET is_cash = false WHERE method = 'CASH_ON_DELIVERY';
SELECT is(pg_temp.q('total', '{1}', '{1}'), '80000 - 0 = 80000: 0, 0', 'none on what is not cash');
UPDATE mjc.payment_method SET is_cash = true, is_enabled = false WHERE method = 'CASH_ON_DELIVERY';
SELECT is(pg_temp.refused($$pg_temp.pids('{1}'), '{1}'$$), 'MJ218', 'a method that is not offered');
UPDATE mjc.payment_method SET is_enabled = true WHERE method = 'CASH_ON_DELIVERY';
UPDATE mjc.setting SET boolean_value = false WHERE name = 'stamp_duty_charged';

-- Whom a promotion meets
INSERT INTO mjc.category (category_id, slug, name, parent_id) VALUES
    ('00000000-0000-4000-b000-000000000002', 'test-only-child', 'Child', '00000000-0000-4000-b000-000000000001'), ('00000000-0000-4000-b000-000000000003', 'test-only-grandchild', 'Grandchild', '00000000-0000-4000-b000-000000000002'),
    ('00000000-0000-4000-b000-000000000004', 'test-only-other', 'Other', NULL);
INSERT INTO mjc.manufacturer (manufacturer_id, slug, name) VALUES ('00000000-0000-4000-c000-000000000001', 'test-only-acme', 'Acme Test');
UPDATE mjc.product SET category_id = '00000000-0000-4000-b000-000000000003' WHERE product_id = pg_temp.pid(2);
UPDATE mjc.product SET category_id = '00000000-0000-4000-b000-000000000004', manufacturer_id = '00000000-0000-4000-c000-000000000001' WHERE product_id = pg_temp.pid(3);
UPDATE mjc.product SET manufacturer_id = '00000000-0000-4000-c000-000000000001' WHERE product_id = pg_temp.pid(4);
-- One promotion of ten percent a line with these conditions, over 1, 2, 3 and 4, one each: the products that it reduced.
CREATE FUNCTION pg_temp.met(doc jsonb, numbers integer[] DEFAULT '{1,2,3,4}', quantities integer[] DEFAULT '{1,1,1,1}', customer_group text DEFAULT 'retail', place text DEFAULT '99', customer uuid DEFAULT NULL,
    at timestamptz DEFAULT now()) RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    reduced text;
BEGIN
    PERFORM pg_temp.promote('test-met', 'percent', 'line', doc || '{"rate_bp": 1000}');
    SELECT string_agg(right(q.product_id::text, 1), '' ORDER BY q.line_no) INTO reduced
      FROM mjc.quote(pg_temp.pids(numbers), quantities, customer_group, place, at => met.at, customer_id => customer) q WHERE q.section = 'line' AND q.discount_centimes > 0;
    DELETE FROM mjc.promotion WHERE code = 'test-met';
    PERFORM mjc.pricing_changed();
    RETURN coalesce(reduced, '');
END
$$;
SELECT is(pg_temp.met(d), e, format('met by %s', d))
  FROM (VALUES ('{}'::jsonb, '1234'), (jsonb_build_object('product_ids', ARRAY[pg_temp.pid(1), pg_temp.pid(3)]), '13'), ('{"category_ids": ["00000000-0000-4000-b000-000000000001"]}', '124'),
               ('{"category_ids": ["00000000-0000-4000-b000-000000000002"]}', '2'), ('{"category_ids": ["00000000-0000-4000-b000-000000000003"]}', '2'), ('{"category_ids": ["00000000-0000-4000-b000-000000000004"]}', '3'),
               ('{"category_ids": ["00000000-0000-4000-b000-000000000002", "00000000-0000-4000-b000-000000000004"]}', '23'), ('{"category_ids": ["00000000-0000-4000-b000-000000000099"]}', ''),
               ('{"manufacturer_ids": ["00000000-0000-4000-c000-000000000001"]}', '34'),
               ('{"category_ids": ["00000000-0000-4000-b000-000000000001"], "manufacturer_ids": ["00000000-0000-4000-c000-000000000001"]}', '4'),
               (jsonb_build_object('product_ids', ARRAY[pg_temp.pid(1)], 'manufacturer_ids', ARRAY['00000000-0000-4000-c000-000000000001']), ''),
               ('{"min_qty": 4}', '1234'), ('{"min_qty": 5}', ''), ('{"min_amount_centimes": 65000}', '1234'), ('{"min_amount_centimes": 65001}', ''),
               (jsonb_build_object('product_ids', ARRAY[pg_temp.pid(1)], 'min_qty', 2), ''), (jsonb_build_object('product_ids', ARRAY[pg_temp.pid(1)], 'min_amount_centimes', 10000), '1'),
               (jsonb_build_object('product_ids', ARRAY[pg_temp.pid(1)], 'min_amount_centimes', 10001), ''), ('{"needs_coupon": true}', ''), ('{"is_active": false}', ''), ('{"first_order": true}', '1234'),
               ('{"customer_groups": ["b2b"]}', ''), ('{"customer_groups": ["b2b", "retail"]}', '1234'), ('{"wilaya_codes": ["99"]}', '1234'), ('{"wilaya_codes": ["16"]}', '')) v (d, e);
SELECT is(pg_temp.met('{"customer_groups": ["b2b"]}', customer_group => 'b2b'), '1234', 'a group of its own');
SELECT is(pg_temp.met('{"wilaya_codes": ["16", "99"]}', place => p), e, format('wilayas: "%s"', p)) FROM (VALUES ('16', '1234'), ('Alger', '1234'), ('épreuve', '1234'), ('31', ''), ('Atlantis', ''), (NULL, '')) v (p, e);
INSERT INTO mjc.wilaya (code, name, name_ar, delivery_days, split_from, valid_from_on) VALUES ('97', 'Demain', 'غدا', 9, '99', mjc.algiers_date(now()) + 1);
SELECT is(pg_temp.met('{"wilaya_codes": ["99"]}', place => '97', at => t), e, format('a wilaya of tomorrow is the one that it is split from, %s', t)) FROM (VALUES (now(), '1234'), (now() + interval '2 days', '')) v (t, e);
SELECT is(pg_temp.q('shipping', '{1}', '{1}', place => 'Demain', at => t), e, format('its parcels too, %s', t)) FROM (VALUES (now(), '99: 70000 - 0, 3 days'), (now() + interval '2 days', '97: 60000 - 0, 9 days')) v (t, e);
SELECT is(pg_temp.met('{"validity": "[2030-01-01,2030-02-01)"}', at => t), e, format('dates: %s', t)) FROM (VALUES ('2029-12-31 23:59:59'::timestamptz, ''), ('2030-01-01', '1234'), ('2030-01-31 23:59:59.999999', '1234'), ('2030-02-01', '')) v (t, e);
SELECT is(pg_temp.met('{"validity": "[2020-01-01,2020-02-01)"}', at => t), e, format('dates that are over: %s', t)) FROM (VALUES ('2020-01-15'::timestamptz, '1234'), (now(), ''), ('2020-02-01', '')) v (t, e);
SELECT is(pg_temp.met(format('{"validity": "[%s,)"}', now())::jsonb, at => now() + d), e, format('from now on, %s', d)) FROM (VALUES (interval '0', '1234'), ('-1 microsecond', '')) v (d, e);

-- First order
SELECT pg_temp.bought('{1}', '{1}', '0550000077') AS ref \gset
SELECT o.customer_id AS customer FROM mjc.order o WHERE o.order_id = pg_temp.order_id(:'ref') \gset
SELECT is(pg_temp.met('{"first_order": true}', customer => c::uuid), e, w) FROM (VALUES (:'customer', '', 'he has ordered'), (gen_random_uuid()::text, '1234', 'somebody who never did'), (NULL, '1234', 'somebody unknown')) v (c, e, w);
SELECT mjc.order_cancel(:'ref') \g /dev/null
SELECT is(pg_temp.met('{"first_order": true}', customer => :'customer'), '1234', 'a cancelled order is none');
SELECT pg_temp.bought('{1}', '{1}', '0550000077') AS ref \gset
SELECT is(pg_temp.met('{"first_order": true}', customer => :'customer'), '', 'another that stands');
SELECT mjc.order_ship(:'ref'), mjc.order_deliver(:'ref'), mjc.order_refund(:'ref') \g /dev/null
SELECT is(pg_temp.met('{"first_order": true}', customer => :'customer'), '', 'one that was refunded was an order');

-- Order of promotions, running total, exclusivity (rule R8)
SELECT pg_temp.promote('test-b', 'percent', 'line', '{"rate_bp": 5000, "min_qty": 3, "priority": 1}'), pg_temp.promote('test-c', 'percent', 'order', '{"rate_bp": 1000, "min_amount_centimes": 20000, "priority": 2}') \g /dev/null
SELECT is(pg_temp.q('discounts', '{1}', ARRAY[q]), e, format('V13: %s units', q)) FROM (VALUES (1, NULL), (2, 'test-c 2000'), (3, 'test-b 15000'), (4, 'test-b 20000, test-c 2000')) v (q, e);
UPDATE mjc.promotion SET priority = 3 WHERE code = 'test-b';
SELECT mjc.pricing_changed() \g /dev/null
SELECT is(pg_temp.q('discounts', '{1}', '{3}'), 'test-c 3000, test-b 13500', 'the other way round');
UPDATE mjc.promotion SET priority = 2 WHERE code = 'test-b';
SELECT mjc.pricing_changed() \g /dev/null
SELECT is(pg_temp.q('discounts', '{1}', '{3}'), 'test-b 15000', 'of one priority the code decides');
UPDATE mjc.promotion SET exclusivity_group = 'test' WHERE code IN ('test-b', 'test-c');
SELECT mjc.pricing_changed() \g /dev/null
SELECT is(pg_temp.q('discounts', '{1}', ARRAY[q]), e, format('one of a group: %s units', q)) FROM (VALUES (2, 'test-c 2000'), (4, 'test-b 20000')) v (q, e);
UPDATE mjc.promotion SET rate_bp = NULL, kind = 'fixed_price', amount_centimes = 10000, exclusivity_group = 'test', min_qty = NULL WHERE code = 'test-b';
SELECT mjc.pricing_changed() \g /dev/null
SELECT is(pg_temp.q('discounts', '{1}', '{2}'), 'test-c 2000', 'what took nothing off leaves its group free');
SELECT pg_temp.no_promotion() \g /dev/null

-- Kinds
CREATE FUNCTION pg_temp.one(kind text, scope text, doc jsonb, numbers integer[], quantities integer[], what text DEFAULT 'lines') RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    answer text;
BEGIN
    PERFORM pg_temp.promote('test-one', kind, scope, doc);
    answer := pg_temp.q(what, numbers, quantities);
    DELETE FROM mjc.promotion WHERE code = 'test-one';
    PERFORM mjc.pricing_changed();
    RETURN answer;
END
$$;
SELECT is(pg_temp.one(k, s, d, n, q), e, format('%s on %s: %s', k, s, d))
  FROM (VALUES ('percent', 'line', '{"rate_bp": 1500}'::jsonb, '{1,3}'::integer[], '{3,1}'::integer[], '1: 3 x 10000 - 4500 = 25500, 3: 1 x 5000 - 750 = 4250'),
               ('amount', 'line', '{"amount_centimes": 700}', '{1,3}', '{3,1}', '1: 3 x 10000 - 2100 = 27900, 3: 1 x 5000 - 700 = 4300'),
               ('amount', 'line', '{"amount_centimes": 7000}', '{1,3}', '{3,1}', '1: 3 x 10000 - 21000 = 9000, 3: 1 x 5000 - 5000 = 0'),
               ('fixed_price', 'line', '{"amount_centimes": 6000}', '{1,3}', '{3,1}', '1: 3 x 10000 - 12000 = 18000, 3: 1 x 5000 - 0 = 5000'),
               ('fixed_price', 'line', '{"amount_centimes": 0}', '{1,3}', '{3,1}', '1: 3 x 10000 - 30000 = 0, 3: 1 x 5000 - 5000 = 0'),
               ('percent', 'order', '{"rate_bp": 333}', '{1,2,3}', '{1,1,1}', '1: 1 x 10000 - 333 = 9667, 2: 1 x 20000 - 666 = 19334, 3: 1 x 5000 - 167 = 4833'),
               ('amount', 'order', '{"amount_centimes": 1000}', '{1,2,3}', '{1,1,1}', '1: 1 x 10000 - 286 = 9714, 2: 1 x 20000 - 571 = 19429, 3: 1 x 5000 - 143 = 4857'),
               ('amount', 'order', '{"amount_centimes": 99999}', '{1,3}', '{1,1}', '1: 1 x 10000 - 10000 = 0, 3: 1 x 5000 - 5000 = 0'),
               ('fixed_price', 'order', '{"amount_centimes": 12000}', '{1,3}', '{1,1}', '1: 1 x 10000 - 2000 = 8000, 3: 1 x 5000 - 1000 = 4000'),
               ('fixed_price', 'order', '{"amount_centimes": 12000}', '{1}', '{1}', '1: 1 x 10000 - 0 = 10000'),
               ('buy_get', 'line', '{"buy_qty": 2, "get_qty": 1, "rate_bp": 10000}', '{2,1,3}', '{2,2,2}', '2: 2 x 20000 - 0 = 40000, 1: 2 x 10000 - 0 = 20000, 3: 2 x 5000 - 10000 = 0'),
               ('buy_get', 'line', '{"buy_qty": 2, "get_qty": 1, "rate_bp": 5000}', '{1}', '{5}', '1: 5 x 10000 - 5000 = 45000'),
               ('buy_get', 'line', '{"buy_qty": 2, "get_qty": 1, "rate_bp": 10000}', '{1}', '{2}', '1: 2 x 10000 - 0 = 20000'),
               ('buy_get', 'line', '{"buy_qty": 1, "get_qty": 2, "rate_bp": 10000}', '{2,1}', '{1,2}', '2: 1 x 20000 - 0 = 20000, 1: 2 x 10000 - 20000 = 0')) v (k, s, d, n, q, e);
SELECT is(pg_temp.one('percent', 'order', '{"rate_bp": 333}', '{3,2,1}', '{1,1,1}'), '3: 1 x 5000 - 167 = 4833, 2: 1 x 20000 - 666 = 19334, 1: 1 x 10000 - 333 = 9667', 'the order of the lines changes no share');

-- Floors
UPDATE mjc.product SET min_price_centimes = 9000 WHERE product_id = pg_temp.pid(1);
SELECT is(pg_temp.one(k, s, d, '{1,2}', '{2,1}', w), e, format('a floor, %s of %s on %s', w, k, s))
  FROM (VALUES ('percent', 'line', '{"rate_bp": 2000}'::jsonb, 'lines', '1: 2 x 10000 - 2000 = 18000, 2: 1 x 20000 - 4000 = 16000'), ('percent', 'line', '{"rate_bp": 2000}', 'discounts', 'test-one 6000 withheld 2000'),
               ('amount', 'order', '{"amount_centimes": 10000}', 'lines', '1: 2 x 10000 - 2000 = 18000, 2: 1 x 20000 - 8000 = 12000'), ('amount', 'order', '{"amount_centimes": 10000}', 'discounts', 'test-one 10000'),
               ('amount', 'order', '{"amount_centimes": 40000}', 'lines', '1: 2 x 10000 - 2000 = 18000, 2: 1 x 20000 - 20000 = 0'), ('amount', 'order', '{"amount_centimes": 40000}', 'discounts', 'test-one 22000 withheld 18000')) v (k, s, d, w, e);
UPDATE mjc.product SET min_price_centimes = 20000 WHERE product_id = pg_temp.pid(1);
SELECT is(pg_temp.one('percent', 'line', '{"rate_bp": 2000}', '{1}', '{2}', w), e, 'a floor above the price: no reduction, no other price')
  FROM (VALUES ('lines', '1: 2 x 10000 - 0 = 20000'), ('discounts', NULL)) v (w, e);
UPDATE mjc.product SET min_price_centimes = NULL WHERE product_id = pg_temp.pid(1);

-- Gifts
SELECT is(pg_temp.one('gift', 'order', jsonb_build_object('gift_product_id', pg_temp.pid(g), 'get_qty', k) || d, n, q, w), e, format('gift: %s of %s, %s of %s x %s %s', k, g, w, n, q, d))
  FROM (VALUES (4, 1, '{}'::jsonb, '{1}'::integer[], '{2}'::integer[], 'lines', '1: 2 x 10000 - 0 = 20000, 4: 1 x 30000 - 30000 = 0'), (4, 1, '{}', '{1}', '{2}', 'discounts', 'test-one 30000'), (4, 1, '{}', '{1}', '{2}', 'price', '50000 - 30000 + 70000 = 90000'),
               (4, 1, '{}', '{1}', '{2}', 'units', '10000 of 10000 base, 30000 of 30000 gift'), (4, 1, '{}', '{1}', '{2}', 'taxes', '1900: 75631 + 14369'),
               (4, 5, '{}', '{1}', '{2}', 'lines', '1: 2 x 10000 - 0 = 20000, 4: 5 x 30000 - 150000 = 0'), (4, 6, '{}', '{1}', '{2}', 'lines', '1: 2 x 10000 - 0 = 20000'), (4, 6, '{}', '{1}', '{2}', 'discounts', NULL),
               (6, 1, '{}', '{1}', '{2}', 'lines', '1: 2 x 10000 - 0 = 20000'), (5, 1, '{}', '{1}', '{2}', 'lines', '1: 2 x 10000 - 0 = 20000'),
               (4, 2, '{}', '{1,4}', '{1,3}', 'lines', '1: 1 x 10000 - 0 = 10000, 4: 3 x 30000 - 60000 = 30000'), (4, 2, '{}', '{1,4}', '{1,1}', 'lines', '1: 1 x 10000 - 0 = 10000, 4: 1 x 30000 - 30000 = 0'),
               (4, 1, '{"min_qty": 3}', '{1}', '{2}', 'lines', '1: 2 x 10000 - 0 = 20000'), (4, 1, '{"min_amount_centimes": 20000}', '{1}', '{2}', 'discounts', 'test-one 30000'),
               (4, 1, '{"customer_groups": ["b2b"]}', '{1}', '{2}', 'discounts', NULL)) v (g, k, d, n, q, w, e);
SELECT is(pg_temp.q('lines', '{3}', '{1}'), '3: 1 x 5000 - 0 = 5000, 4: 2 x 30000 - 60000 = 0', 'a second gift of a product that is a gift already is none')
  FROM (SELECT pg_temp.promote('test-g1', 'gift', 'order', jsonb_build_object('gift_product_id', pg_temp.pid(4), 'get_qty', 2)), pg_temp.promote('test-g2', 'gift', 'order', jsonb_build_object('gift_product_id', pg_temp.pid(4), 'get_qty', 1)),
               pg_temp.promote('test-g3', 'percent', 'order', '{"rate_bp": 1000, "min_amount_centimes": 5001}')) x;
SELECT is(mjc.quote_json(pg_temp.pids('{3}'), '{1}') #>> '{lines,1,isGift}', 'true', 'as JSON it is marked');
SELECT pg_temp.no_promotion() \g /dev/null

-- Shipping: promotions, threshold, weight, zones, desks
SELECT is(pg_temp.one(k, 'shipping', d, '{1}', '{1}', w), e, format('%s on shipping, %s', k, d))
  FROM (VALUES ('percent', '{"rate_bp": 10000}'::jsonb, 'price', '10000 - 0 + 0 = 10000'), ('percent', '{"rate_bp": 10000}', 'shipping', '99: 70000 - 70000, 3 days'), ('percent', '{"rate_bp": 10000}', 'taxes', '1900: 8403 + 1597'),
               ('percent', '{"rate_bp": 5000}', 'price', '10000 - 0 + 35000 = 45000'), ('amount', '{"amount_centimes": 20000}', 'price', '10000 - 0 + 50000 = 60000'), ('amount', '{"amount_centimes": 90000}', 'price', '10000 - 0 + 0 = 10000'),
               ('fixed_price', '{"amount_centimes": 30000}', 'price', '10000 - 0 + 30000 = 40000'), ('fixed_price', '{"amount_centimes": 80000}', 'discounts', NULL), ('fixed_price', '{"amount_centimes": 0}', 'discounts', 'test-one 70000'),
               ('percent', '{"rate_bp": 10000, "min_amount_centimes": 10001}', 'discounts', NULL), ('percent', '{"rate_bp": 10000, "wilaya_codes": ["16"]}', 'discounts', NULL)) v (k, d, w, e);
SELECT is(pg_temp.q('discounts', '{1}', '{1}'), 'test-s1 35000, test-s2 17500', 'one after the other, before it or not')
  FROM (SELECT pg_temp.promote('test-s1', 'percent', 'shipping', '{"rate_bp": 5000}'), pg_temp.promote('test-s2', 'percent', 'shipping', '{"rate_bp": 5000}')) x;
SELECT pg_temp.no_promotion(), pg_temp.set('free_shipping_threshold_centimes', 20000) \g /dev/null
SELECT is(pg_temp.q('price', n, q), e, format('free shipping from 20000: %s x %s', n, q)) FROM (VALUES ('{1}'::integer[], '{2}'::integer[], '20000 - 0 + 0 = 20000'), ('{1,3}', '{1,1}', '15000 - 0 + 70000 = 85000')) v (n, q, e);
SELECT is(pg_temp.one('amount', 'order', '{"amount_centimes": 100}', '{1}', '{2}', 'price'), '20000 - 100 + 70000 = 89900', 'the threshold counts what is paid');
SELECT is(pg_temp.one('percent', 'shipping', '{"rate_bp": 5000}', '{1}', '{2}', 'discounts'), NULL, 'what is free has no reduction');
SELECT is(pg_temp.one('gift', 'order', jsonb_build_object('gift_product_id', pg_temp.pid(4), 'get_qty', 1), '{1}', '{1}', 'price'), '40000 - 30000 + 70000 = 80000', 'a gift does not count');
SELECT pg_temp.set('free_shipping_threshold_centimes', 0) \g /dev/null
SELECT is(pg_temp.q('price', '{2}', '{999}'), '19980000 - 0 + 70000 = 20050000', 'threshold 0: never free');
SELECT pg_temp.set('free_shipping_threshold_centimes', 5000000) \g /dev/null
UPDATE mjc.shipping_tariff SET included_weight_g = 1000, step_weight_g = 500, step_centimes = 3000 WHERE place_code = '99' AND upper_inf(validity);
UPDATE mjc.product SET weight_g = 250 WHERE product_id = pg_temp.pid(1);
UPDATE mjc.product SET weight_g = 1 WHERE product_id = pg_temp.pid(3);
SELECT is(pg_temp.q('shipping', n, q), e, format('weight: %s x %s', n, q))
  FROM (VALUES ('{1}'::integer[], '{1}'::integer[], '99: 70000 - 0, 3 days'), ('{1}', '{4}', '99: 70000 - 0, 3 days'), ('{1,3}', '{4,1}', '99: 73000 - 0, 3 days'), ('{1}', '{6}', '99: 73000 - 0, 3 days'), ('{1,3}', '{6,1}', '99: 76000 - 0, 3 days'),
               ('{2}', '{50}', '99: 70000 - 0, 3 days'), ('{1}', '{400}', '99: 664000 - 0, 3 days')) v (n, q, e);
UPDATE mjc.product SET weight_g = 2000 WHERE product_id = pg_temp.pid(4);
SELECT is(pg_temp.one('gift', 'order', jsonb_build_object('gift_product_id', pg_temp.pid(4), 'get_qty', 1), '{1}', '{1}', 'shipping'), '99: 79000 - 0, 3 days', 'a gift has its weight');
UPDATE mjc.shipping_tariff SET is_draft = true WHERE place_code = '99';
SELECT is(pg_temp.q('shipping', '{1}', '{1}'), '99: 60000 - 0, 3 days', 'a draft is no tariff');
INSERT INTO mjc.carrier_zone (carrier, wilaya_code, validity, zone_code) SELECT s.text_value, '99', '[2020-01-01,)', 'test-zone' FROM mjc.setting s WHERE s.name = 'shipping_carrier';
INSERT INTO mjc.carrier_zone (carrier, wilaya_code, validity, zone_code) VALUES ('test-carrier', '99', '(,)', 'test-else');
SELECT is(pg_temp.q('shipping', '{1}', '{1}'), '99: 60000 - 0, 3 days', 'a zone without a tariff');
INSERT INTO mjc.shipping_tariff (tariff_id, place_code, delivery_mode, amount_centimes, validity) VALUES
    (gen_random_uuid(), 'test-zone', 'home', 45000, '[2019-01-01,)'), (gen_random_uuid(), 'test-else', 'home', 44000, '(,)'), (gen_random_uuid(), '99', 'stop_desk', 30000, '[2020-01-01,)');
SELECT is(pg_temp.q('shipping', '{1}', '{1}', at => t), e, format('the zone of the carrier, %s', t)) FROM (VALUES (now(), '99: 45000 - 0, 3 days'), ('2019-12-31 12:00Z', '99: 60000 - 0, 3 days')) v (t, e);
UPDATE mjc.setting SET text_value = 'test-carrier' WHERE name = 'shipping_carrier';
SELECT is(pg_temp.q('shipping', '{1}', '{1}'), '99: 44000 - 0, 3 days', 'another carrier, another zone');
UPDATE mjc.shipping_tariff SET is_draft = false WHERE place_code = '99';
SELECT is(pg_temp.q('shipping', '{1}', '{1}'), '99: 70000 - 0, 3 days', 'a tariff of its own comes first');
SELECT is(pg_temp.q('shipping', '{1}', '{1}', mode => 'stop_desk'), '99: 30000 - 0, 3 days', 'a desk');
SELECT is(pg_temp.refused($$pg_temp.pids('{1}'), '{1}', place => '16', delivery_mode => 'stop_desk'$$), 'MJ202', 'no tariff for desks there');
SELECT is(pg_temp.refused($$pg_temp.pids('{1}'), '{1}', at => '1899-01-01'$$), 'MJ202', 'no tariff that long ago');
UPDATE mjc.shipping_tariff SET included_weight_g = NULL, step_weight_g = NULL, step_centimes = NULL WHERE place_code = '99';

-- Rounding to the dinar
UPDATE mjc.product SET price_centimes = p FROM (VALUES (1, 10050), (2, 20049), (3, 5051)) v (n, p) WHERE product_id = pg_temp.pid(n);
SELECT is(pg_temp.q('total', n, q), e, format('rounding: %s x %s', n, q)) FROM (VALUES ('{1}'::integer[], '{1}'::integer[], '80100 - 0 = 80100: 0, 50'), ('{2}', '{1}', '90000 - 0 = 90000: 0, -49'), ('{3}', '{1}', '75100 - 0 = 75100: 0, 49'), ('{1}', '{2}', '90100 - 0 = 90100: 0, 0')) v (n, q, e);
UPDATE mjc.setting SET boolean_value = true WHERE name = 'stamp_duty_charged';
SELECT is(pg_temp.q('total', '{1}', '{1}'), '81000 - 0 = 81000: 900, 50', 'duty on what was not rounded yet');
UPDATE mjc.product SET price_centimes = p FROM (VALUES (1, 10000), (2, 20000), (3, 5000)) v (n, p) WHERE product_id = pg_temp.pid(n);

-- Gift cards
SELECT code AS a FROM mjc.gift_card_issue(100) \gset
SELECT code AS b, credit_id AS b_id FROM mjc.gift_card_issue(300.50) \gset
SELECT code AS c FROM mjc.gift_card_issue(5000) \gset
SELECT is(pg_temp.q('total', '{1}', '{1}', cards => k), e, format('cards: %s', w))
  FROM (VALUES (ARRAY[:'a'], '80700 - 10000 = 70700: 700, 0', 'one'), (ARRAY[:'a', :'b'], '80550 - 40050 = 40500: 500, 50', 'two'), (ARRAY[:'c'], '80000 - 80000 = 0: 0, 0', 'more than the total'),
               (ARRAY[:'a', :'a'], '80700 - 10000 = 70700: 700, 0', 'one twice'), (ARRAY[lower(:'a'), replace(:'b', '-', ' ')], '80550 - 40050 = 40500: 500, 50', 'however they are typed'),
               (ARRAY[:'a', :'c', :'b'], '80000 - 80000 = 0: 0, 0', 'three')) v (k, e, w);
SELECT is(pg_temp.q('total', '{1}', '{1}', cards => ARRAY[translate(:'a', '0123456789', '٠١٢٣٤٥٦٧٨٩')]), '80700 - 10000 = 70700: 700, 0', 'cards: in Arabic digits');
SELECT results_eq(format($$SELECT section, base_centimes, amount_centimes FROM mjc.quote(pg_temp.pids('{1}'), '{1}', place => '99', gift_cards => ARRAY[%L]) WHERE section IN ('credit', 'due', 'stamp_duty')$$, :'c'),
    $$VALUES ('stamp_duty', 0::bigint, 0::bigint), ('credit', 500000, 80000), ('due', 80000, 0)$$, 'what the card holds and pays');
SELECT is(pg_temp.refused(format('pg_temp.pids(''{1}''), ''{1}'', gift_cards => ARRAY[%L, ''NOT-A-CARD'']', :'a')), 'MJ210', 'one good card and one unknown');
SELECT mjc.credit_close(:'b_id', 'test') \g /dev/null
SELECT is(pg_temp.refused(format('pg_temp.pids(''{1}''), ''{1}'', gift_cards => ARRAY[%L]', :'b')), 'MJ210', 'a closed card');
UPDATE mjc.credit SET is_active = true, expires_at = now() WHERE credit_id = :'b_id';
SELECT is(pg_temp.refused(format('pg_temp.pids(''{1}''), ''{1}'', gift_cards => ARRAY[%L]', :'b')), 'MJ210', 'an expired card');
SELECT is(pg_temp.q('total', '{1}', '{1}', cards => ARRAY[:'b'], at => now() - interval '1 microsecond'), '80550 - 30050 = 50500: 500, 50', 'its last moment');
UPDATE mjc.setting SET boolean_value = false WHERE name = 'stamp_duty_charged';

-- Coupons: each reason, strict or told
SELECT pg_temp.promote('test-five', 'percent', 'order', '{"rate_bp": 500, "needs_coupon": true, "exclusivity_group": "test-x"}') AS five \gset
SELECT pg_temp.promote('test-six', 'percent', 'order', '{"rate_bp": 600, "needs_coupon": true, "exclusivity_group": "test-x"}') AS six \gset
SELECT pg_temp.promote('test-over', 'percent', 'order', '{"rate_bp": 600, "needs_coupon": true, "validity": "(,2020-01-01)"}') AS over \gset
UPDATE mjc.promotion SET is_active = true WHERE code = 'test-ten';
SELECT pg_temp.promote('test-two', 'percent', 'order', jsonb_build_object('rate_bp', 1000, 'needs_coupon', true, 'product_ids', ARRAY[pg_temp.pid(2)])) AS two \gset
INSERT INTO mjc.coupon (code, promotion_id, max_uses, max_uses_per_customer, customer_id, validity, is_active) VALUES
    ('TEST-FIVE', :'five', NULL, NULL, NULL, '(,)', true), ('TEST-SIX', :'six', NULL, NULL, NULL, '(,)', true), ('TEST-PROMO-OVER', :'over', NULL, NULL, NULL, '(,)', true), ('TEST-TWO', :'two', NULL, NULL, NULL, '(,)', true),
    ('TEST-TEN-AGAIN', :'ten', NULL, NULL, NULL, '(,)', true), ('TEST-OLD', :'ten', NULL, NULL, NULL, '(,2020-01-01)', true), ('TEST-OFF', :'ten', NULL, NULL, NULL, '(,)', false), ('TEST-FULL', :'ten', 1, NULL, NULL, '(,)', true),
    ('TEST-ONCE', :'ten', NULL, 1, NULL, '(,)', true), ('TEST-HIS', :'ten', NULL, NULL, :'customer', '(,)', true);
INSERT INTO mjc.coupon_ledger (code, seq, change, used, order_id, customer_id, at) VALUES
    ('TEST-FULL', 1, 1, 1, gen_random_uuid(), gen_random_uuid(), now()), ('TEST-ONCE', 1, 1, 1, gen_random_uuid(), :'customer', now());
SELECT is(pg_temp.refused(format('pg_temp.pids(''{1}''), ''{1}'', coupons => %L, customer_id => %L', k, c)), e, format('coupon refused: %s', k))
  FROM (VALUES ('{TEST-OLD}', NULL, 'MJ204'), ('{TEST-OFF}', NULL, 'MJ204'), ('{TEST-PROMO-OVER}', NULL, 'MJ204'), ('{TEST-HIS}', NULL, 'MJ204'), ('{TEST-HIS}', gen_random_uuid()::text, 'MJ204'), ('{TEST-FULL}', NULL, 'MJ205'),
               ('{TEST-ONCE}', :'customer', 'MJ206'), ('{TEST-FIVE,TEST-SIX}', NULL, 'MJ207'), ('{TEST-TEN,TEST-TEN-AGAIN}', NULL, 'MJ207'), ('{TEST-TWO}', NULL, 'MJ208')) v (k, c, e);
SELECT is(pg_temp.q('coupons', '{1}', '{1}', coupons => k, customer => c, strict => false), e, format('coupon told: %s', e))
  FROM (VALUES ('{TEST-OLD,TEST-NONE,TEST-FULL}'::text[], NULL::uuid, 'TEST-OLD COUPON_EXPIRED, TEST-NONE COUPON_UNKNOWN, TEST-FULL COUPON_EXHAUSTED'), ('{TEST-ONCE,TEST-HIS}', :'customer', 'TEST-ONCE COUPON_USED_BY_CUSTOMER, TEST-HIS APPLIED'),
               ('{TEST-FIVE,TEST-SIX,TEST-TWO}', NULL, 'TEST-FIVE APPLIED, TEST-SIX COUPON_NOT_COMBINABLE, TEST-TWO COUPON_NOT_APPLICABLE'), ('{test-ten," Test-Ten ",TEST-TEN-AGAIN}', NULL, 'TEST-TEN APPLIED, TEST-TEN-AGAIN COUPON_NOT_COMBINABLE'),
               ('{"x!"}', NULL, 'x! COUPON_UNKNOWN'), ('{TEST-ONCE}', gen_random_uuid(), 'TEST-ONCE APPLIED')) v (k, c, e);
SELECT is(pg_temp.q('coupons', '{1}', '{1}', coupons => '{TEST-SIX,TEST-FIVE}', strict => false), 'TEST-SIX COUPON_NOT_COMBINABLE, TEST-FIVE APPLIED', 'of two that exclude each other the one whose promotion comes first counts, not the one that was given first');
SELECT is(pg_temp.q('price', '{1}', '{1}', coupons => '{TEST-TEN,TEST-FIVE}'), '10000 - 1450 + 70000 = 78600', 'two coupons that go together: 500 and 950');
SELECT is(pg_temp.q('coupons', '{1}', '{1}', coupons => '{TEST-OLD}', at => '2019-12-31'), 'TEST-OLD APPLIED', 'in its time it was good');
SELECT pg_temp.promote('test-xx', 'percent', 'order', '{"rate_bp": 100, "exclusivity_group": "test-x", "priority": 1}') \g /dev/null
SELECT is(pg_temp.refused($$pg_temp.pids('{1}'), '{1}', coupons => '{TEST-FIVE}'$$), 'MJ207', 'a promotion of everybody stands in its way');
SELECT pg_temp.no_promotion() \g /dev/null

-- The set of promotions that a session keeps
SELECT is(pg_temp.q('discounts', '{1}', '{1}'), NULL, 'none');
SAVEPOINT before;
SELECT pg_temp.promote('test-v', 'percent', 'order', '{"rate_bp": 1000}') \g /dev/null
SELECT is(pg_temp.q('discounts', '{1}', '{1}'), 'test-v 1000', 'one of this transaction');
SAVEPOINT changed;
UPDATE mjc.promotion SET rate_bp = 2000 WHERE code = 'test-v';
SELECT is(pg_temp.q('discounts', '{1}', '{1}'), 'test-v 1000', 'the version tells of a change: who does not write it changes nothing');
SELECT mjc.pricing_changed() \g /dev/null
SELECT is(pg_temp.q('discounts', '{1}', '{1}'), 'test-v 2000', 'changed');
ROLLBACK TO changed;
SELECT is(pg_temp.q('discounts', '{1}', '{1}'), 'test-v 1000', 'and undone');
UPDATE mjc.promotion SET rate_bp = 3000 WHERE code = 'test-v';
SELECT mjc.pricing_changed() \g /dev/null
SELECT is(pg_temp.q('discounts', '{1}', '{1}'), 'test-v 3000', 'and changed anew');
ROLLBACK TO before;
SELECT is(pg_temp.q('discounts', '{1}', '{1}'), NULL, 'and gone');
SAVEPOINT broken;
SELECT pg_temp.promote('test-v', 'percent', 'order', '{"rate_bp": 1000}') \g /dev/null
SELECT is((pg_temp.failure('SELECT pg_temp.q(''discounts'', ''{5}'', ''{1}'')')).code, 'MJ102', 'a quote that fails after it read them');
SELECT is(pg_temp.q('discounts', '{1}', '{1}'), 'test-v 1000', 'leaves a good set');
ROLLBACK TO broken;

-- Whoever may quote: visitors have no table
SELECT volatility_is('mjc', 'quote', 'stable', 'a quote changes nothing');
DELETE FROM mjc.coupon_ledger WHERE code IN ('TEST-FULL', 'TEST-ONCE');  -- of orders that never were
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');

SELECT * FROM finish();
ROLLBACK;
