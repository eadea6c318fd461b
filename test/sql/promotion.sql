-- promotion: promotions and coupons as staff write them (what they do: pricing_vectors.sql).
BEGIN;
SELECT plan(166);
\ir fixture.psql
GRANT USAGE ON SCHEMA tap TO PUBLIC;
SELECT pg_temp.make_product(1, 100000), pg_temp.make_product(2, 50000, 40000), pg_temp.make_customer(77) \g /dev/null
INSERT INTO mjc.manufacturer (manufacturer_id, slug, name) VALUES (pg_temp.pid(50), 'test-maker', 'Test maker');
INSERT INTO mjc.wilaya (code, name, name_ar) VALUES ('98', 'Autre', 'أخرى');
CREATE FUNCTION pg_temp.set(code text, doc jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$ DECLARE id uuid := mjc.promotion_set(code, doc); BEGIN RETURN jsonb_strip_nulls(mjc.promotion_doc(id)); END $$;
SELECT version AS v0 FROM mjc.pricing_version \gset

-- Each kind, with what it implies
SELECT is(pg_temp.set('test-' || n, ('{"name": "N"}'::jsonb || d)) - '{code,name,priority,needsCoupon,firstOrder,active}'::text[], d || i, d::text)
  FROM (VALUES (1, '{"kind": "percent", "scope": "line", "percent": 10}'::jsonb, '{}'::jsonb), (2, '{"kind": "percent", "scope": "order", "percent": 0.01}', '{}'), (3, '{"kind": "percent", "scope": "shipping", "percent": 100}', '{}'),
               (4, '{"kind": "amount", "scope": "line", "amount": 0.01}', '{}'), (5, '{"kind": "amount", "scope": "shipping", "amount": 1000000000}', '{}'), (6, '{"kind": "fixed_price", "scope": "order", "amount": 0}', '{}'),
               (7, '{"kind": "buy_get", "buyQuantity": 2, "getQuantity": 1}', '{"scope": "line", "percent": 100}'), (8, '{"kind": "buy_get", "buyQuantity": 999, "getQuantity": 999, "percent": 50.25}', '{"scope": "line"}'),
               (9, format('{"kind": "gift", "giftProduct": "%s"}', pg_temp.pid(1))::jsonb, '{"scope": "order", "getQuantity": 1}')) v (n, d, i);
SELECT is(pg_temp.set('test-gift', '{"name": "Gift", "kind": "gift", "giftProduct": "TEST-ONLY-2", "getQuantity": 3}') ->> 'giftProduct', pg_temp.pid(2)::text, 'a gift by its sku');
SELECT isnt((SELECT version FROM mjc.pricing_version), :'v0'::uuid, 'sessions are told');

-- Everything
SELECT mjc.promotion_set('test-all', '{"name": "Tout", "nameAr": "الكل", "kind": "percent", "scope": "order", "percent": 12.34, "priority": 5, "exclusivityGroup": "test-group", "needsCoupon": true,
    "from": "2026-01-01T00:00:00.123456Z", "until": "2036-01-01", "minQuantity": 3, "minAmount": 1000.50, "products": ["TEST-ONLY-2", "TEST-ONLY-1", "TEST-ONLY-2"], "categories": ["test-only-parts"], "manufacturers": ["test-maker"],
    "customerGroups": ["technician", "b2b"], "wilayas": ["Épreuve", "٩٨"], "firstOrder": true, "active": false}') AS id \gset
SELECT results_eq($$SELECT name, name_ar, kind, scope, rate_bp, amount_centimes, buy_qty, get_qty, gift_product_id, priority, exclusivity_group, needs_coupon, validity, min_qty, min_amount_centimes, product_ids, category_ids,
    manufacturer_ids, customer_groups, wilaya_codes, first_order, is_active FROM mjc.promotion WHERE code = 'test-all'$$,
    $$VALUES ('Tout', 'الكل', 'percent', 'order', 1234, NULL::bigint, NULL::integer, NULL::integer, NULL::uuid, 5, 'test-group', true, '[2026-01-01 00:00:00.123456Z,2035-12-31 23:00Z)'::tstzrange, 3, 100050::bigint, pg_temp.pids('{1,2}'),
      ARRAY['00000000-0000-4000-b000-000000000001'::uuid], pg_temp.pids('{50}'), '{b2b,technician}'::text[], '{98,99}'::text[], true, false)$$, 'every key is kept, names as what they stand for');
SELECT is(mjc.promotion_set('test-all', '{"name": "Tout"}'), :'id'::uuid, 'the same code is the same promotion');
SELECT is((SELECT lower(validity) FROM mjc.promotion WHERE code = 'test-all'), '2026-01-01 00:00:00.123456Z', 'what is not named stays, to the microsecond');
SELECT is((SELECT product_ids FROM mjc.promotion WHERE code = 'test-all'), pg_temp.pids('{1,2}'), 'lists too');
SELECT is(pg_temp.set('test-all', '{"nameAr": null, "products": null, "wilayas": ["99"], "from": null, "until": null, "minAmount": null, "exclusivityGroup": null, "priority": null}') - '{name,kind,scope,code,needsCoupon,firstOrder,active}'::text[],
          '{"percent": 12.34, "priority": 100, "minQuantity": 3, "categories": ["00000000-0000-4000-b000-000000000001"], "manufacturers": ["00000000-0000-4000-8000-000000000050"], "customerGroups": ["b2b", "technician"], "wilayas": ["99"]}',
          'null clears, a list replaces a list');
SELECT is(pg_temp.set('test-all', '{"kind": "amount", "percent": null, "amount": 5}') ->> 'kind', 'amount', 'another kind with what it needs');
SELECT is(mjc.promotion_set('test-all', '{"code": "test-renamed", "firstOrder": false}'), :'id'::uuid, 'a promotion that was never on may be renamed');
SELECT is((SELECT after ->> 'code' FROM mjc.audit WHERE action = 'promotion_set' AND subject_id = :'id' ORDER BY audit_id DESC LIMIT 1), 'test-renamed', 'which the audit has');

-- Errors
SELECT pg_temp.refused(format('SELECT mjc.promotion_set(%L, %L)', 'test-bad', coalesce('{"name": "N", "kind": "percent", "scope": "line", "percent": 10}'::jsonb || d, d)), c, a, coalesce(d::text, 'NULL'))
  FROM (VALUES (NULL::jsonb, 'MJ003', 'document'), ('{"percentage": 10}', 'MJ010', 'percentage'), ('{"name": null}', 'MJ003', 'name'), ('{"name": ""}', 'MJ006', 'name'), ('{"name": 5}', 'MJ010', 'name'), ('{"nameAr": ""}', 'MJ006', 'nameAr'),
               ('{"kind": null}', 'MJ003', 'kind'), ('{"kind": "bogo"}', 'MJ010', 'kind'), ('{"scope": null}', 'MJ003', 'scope'), ('{"scope": "cart"}', 'MJ010', 'scope'), ('{"percent": 0}', 'MJ006', 'percent'), ('{"percent": 100.01}', 'MJ006', 'percent'),
               ('{"percent": 0.001}', 'MJ006', 'percent'), ('{"percent": 1.005}', 'MJ010', 'percent'), ('{"percent": "10"}', 'MJ010', 'percent'), ('{"percent": null}', 'MJ219', 'percent'), ('{"amount": 1}', 'MJ219', 'amount'),
               ('{"buyQuantity": 1}', 'MJ219', 'buyQuantity'), ('{"getQuantity": 1}', 'MJ219', 'getQuantity'), ('{"giftProduct": "TEST-ONLY-1"}', 'MJ219', 'giftProduct'),
               ('{"kind": "amount", "percent": null}', 'MJ219', 'amount'), ('{"kind": "amount", "percent": null, "amount": 0}', 'MJ006', 'amount'), ('{"kind": "fixed_price", "percent": null, "amount": -1}', 'MJ006', 'amount'),
               ('{"kind": "buy_get", "getQuantity": 1}', 'MJ219', 'buyQuantity'), ('{"kind": "buy_get", "buyQuantity": 1}', 'MJ219', 'getQuantity'), ('{"kind": "buy_get", "buyQuantity": 1000, "getQuantity": 1}', 'MJ006', 'buyQuantity'),
               ('{"kind": "buy_get", "buyQuantity": 1, "getQuantity": 0}', 'MJ006', 'getQuantity'), ('{"kind": "buy_get", "scope": "order", "buyQuantity": 1, "getQuantity": 1}', 'MJ219', 'scope'),
               ('{"kind": "gift", "percent": null, "scope": "order"}', 'MJ219', 'giftProduct'), ('{"kind": "gift", "percent": null, "giftProduct": "TEST-ONLY-1"}', 'MJ219', 'scope'),
               ('{"kind": "gift", "percent": null, "scope": "order", "giftProduct": "NO-SUCH"}', 'MJ010', 'giftProduct'), ('{"priority": -1}', 'MJ006', 'priority'), ('{"priority": 1000001}', 'MJ006', 'priority'), ('{"priority": 1.5}', 'MJ010', 'priority'),
               ('{"exclusivityGroup": "No Good"}', 'MJ010', 'exclusivityGroup'), ('{"needsCoupon": "yes"}', 'MJ010', 'needsCoupon'), ('{"from": "2030-01-01", "until": "2030-01-01"}', 'MJ006', 'until'), ('{"from": "soon"}', 'MJ010', 'from'),
               ('{"minQuantity": 0}', 'MJ006', 'minQuantity'), ('{"minAmount": -0.01}', 'MJ006', 'minAmount'), ('{"minAmount": 0.005}', 'MJ010', 'minAmount'), ('{"products": []}', 'MJ006', 'products'), ('{"products": "TEST-ONLY-1"}', 'MJ010', 'products'),
               ('{"products": ["NO-SUCH"]}', 'MJ010', 'products'), ('{"categories": ["no-such"]}', 'MJ010', 'categories'), ('{"manufacturers": ["no-such"]}', 'MJ010', 'manufacturers'), ('{"customerGroups": ["nobody"]}', 'MJ216', ''),
               ('{"wilayas": ["Atlantis"]}', 'MJ010', 'wilayas'), ('{"firstOrder": 1}', 'MJ010', 'firstOrder'), ('{"active": "true"}', 'MJ010', 'active'), ('{"code": "No Good"}', 'MJ010', 'code'), ('{"code": "test-1"}', 'MJ214', ''),
               (jsonb_build_object('products', (SELECT jsonb_agg('p' || n) FROM generate_series(1, 1001) n)), 'MJ006', 'products')) v (d, c, a);
SELECT pg_temp.refused(format('SELECT mjc.promotion_set(%L, %L)', 'test-bad', d), 'MJ010', 'document', d) FROM unnest(ARRAY['[]', '1', '"x"', 'null']) d;
SELECT pg_temp.refused($$SELECT mjc.promotion_set(NULL, '{"name": "N", "kind": "percent", "scope": "line", "percent": 10}')$$, 'MJ003', 'code', 'no code');
SELECT is(mjc.promotion_find('test-bad'), NULL, 'what is refused is not there');

-- Whatever is taken the table takes; what is not is refused by its name
SELECT is_empty($$
    WITH tried AS (
        SELECT jsonb_strip_nulls(jsonb_build_object('name', 'N', 'active', false, 'kind', k, 'scope', s, 'percent', p, 'amount', a, 'buyQuantity', b, 'getQuantity', g, 'giftProduct', i)) AS d,
               'test-any-' || row_number() OVER () AS code,
               CASE k WHEN 'percent' THEN p IS NOT NULL AND num_nonnulls(a, b, g, i) = 0
                      WHEN 'buy_get' THEN s = 'line' AND num_nulls(b, g) = 0 AND num_nonnulls(a, i) = 0
                      WHEN 'gift' THEN s = 'order' AND i IS NOT NULL AND num_nonnulls(p, a, b) = 0
                      ELSE a IS NOT NULL AND num_nonnulls(p, b, g, i) = 0 END AS good
          FROM unnest('{percent,amount,fixed_price,buy_get,gift}'::text[]) k, unnest('{line,order,shipping}'::text[]) s, unnest(ARRAY[NULL, 10]) p, unnest(ARRAY[NULL, 10]) a,
               unnest(ARRAY[NULL, 2]) b, unnest(ARRAY[NULL, 1]) g, unnest(ARRAY[NULL, 'TEST-ONLY-1']) i)
    SELECT t.d, f.code FROM tried t, pg_temp.failure(format('SELECT mjc.promotion_set(%L, %L)', t.code, t.d)) f
     WHERE f.code <> CASE WHEN t.good THEN '00000' ELSE 'MJ219' END$$, 'any combination of kind, scope and what they need');

-- Ends
SELECT is(mjc.promotion_delete('test-renamed'), true, 'a promotion that was never on goes');
SELECT is((SELECT before ->> 'code' FROM mjc.audit WHERE action = 'promotion_delete' AND subject_id = :'id'), 'test-renamed', 'which is audited');
SELECT throws_ok($$SELECT mjc.promotion_delete('test-1')$$, 'MJ215', NULL, 'one that is on does not');
SELECT throws_ok($$SELECT mjc.promotion_set('test-1', '{"code": "test-one"}')$$, 'MJ215', NULL, 'nor is it renamed');
SELECT is(mjc.promotion_set('test-1', '{"active": false}'), mjc.promotion_find('test-1'), 'it is made inactive');
SELECT throws_ok($$SELECT mjc.promotion_delete('test-1')$$, 'MJ215', NULL, 'and stays: it was on');
SELECT mjc.promotion_set('test-later', '{"name": "L", "kind": "percent", "scope": "line", "percent": 10, "from": "2100-01-01"}') \g /dev/null
SELECT is(mjc.promotion_delete('test-later'), true, 'one that has not begun goes');
SELECT throws_ok(format('SELECT mjc.promotion_delete(%L)', c), 'MJ004', NULL, 'no such promotion') FROM unnest(ARRAY[NULL, 'test-later']) c;

-- Coupons
SELECT is(mjc.coupon_key(t), k, format('"%s"', t)) FROM (VALUES ('save10', 'SAVE10'), (' Save 10 ', 'SAVE10'), ('SAVE-1_0', 'SAVE-1_0'), ('save١٠', 'SAVE10'), ('abc', 'ABC'), ('ab', NULL), (repeat('x', 40), repeat('X', 40)), (repeat('x', 41), NULL),
    ('', NULL), ('é10', NULL), ('a.b', NULL), (E'a\tb\nc', 'ABC'), (NULL, NULL), ('ıab', NULL)) v (t, k);
SELECT mjc.promotion_set('test-coupon', '{"name": "C", "kind": "percent", "scope": "order", "percent": 10, "needsCoupon": true}') AS promo \gset
SELECT is(mjc.coupon_set('test 10', '{"promotion": "test-coupon"}'), 'TEST10', 'a coupon');
SELECT is(mjc.coupon_doc('TEST10'), '{"promotion": "test-coupon", "maxUses": null, "maxUsesPerCustomer": null, "customer": null, "active": true, "from": null, "until": null}', 'without limits');
SELECT is(mjc.coupon_set('TEST10', jsonb_build_object('promotion', :'promo', 'maxUses', 5, 'maxUsesPerCustomer', 1, 'customer', pg_temp.pid(77), 'from', '2026-01-01', 'until', '2036-01-01', 'active', false)), 'TEST10', 'with all');
SELECT results_eq($$SELECT max_uses, max_uses_per_customer, customer_id, validity, is_active FROM mjc.coupon WHERE code = 'TEST10'$$,
    $$VALUES (5, 1, pg_temp.pid(77), '[2025-12-31 23:00Z,2035-12-31 23:00Z)'::tstzrange, false)$$, 'as it was told');
SELECT is(mjc.coupon_set('TEST10', '{"maxUses": null, "active": true}'), 'TEST10', 'a part');
SELECT results_eq($$SELECT max_uses, max_uses_per_customer FROM mjc.coupon WHERE code = 'TEST10'$$, 'VALUES (NULL::integer, 1)', 'null clears, the rest stays');
SELECT pg_temp.refused(format('SELECT mjc.coupon_set(%L, %L)', k, d), c, a, format('%s %s', k, d))
  FROM (VALUES ('no', '{"promotion": "test-coupon"}', 'MJ010', 'code'), (NULL, '{"promotion": "test-coupon"}', 'MJ010', 'code'), ('NEW1', NULL, 'MJ003', 'document'), ('NEW1', '{}', 'MJ003', 'promotion'), ('NEW1', '{"promotion": "no-such"}', 'MJ010', 'promotion'),
               ('NEW1', '{"promotion": "test-2"}', 'MJ010', 'promotion'), ('NEW1', '{"promotion": 5}', 'MJ010', 'promotion'), ('NEW1', '{"promotion": "test-coupon", "maxUses": 0}', 'MJ006', 'maxUses'),
               ('NEW1', '{"promotion": "test-coupon", "maxUses": 2147483648}', 'MJ006', 'maxUses'), ('NEW1', '{"promotion": "test-coupon", "maxUsesPerCustomer": 0.5}', 'MJ006', 'maxUsesPerCustomer'), ('NEW1', '{"promotion": "test-coupon", "customer": "x"}', 'MJ010', 'customer'),
               ('NEW1', '{"promotion": "test-coupon", "until": "x"}', 'MJ010', 'until'), ('NEW1', '{"promotion": "test-coupon", "active": 1}', 'MJ010', 'active'), ('NEW1', '{"promotion": "test-coupon", "uses": 1}', 'MJ010', 'uses')) v (k, d, c, a);
SELECT throws_ok($$SELECT mjc.promotion_set('test-coupon', '{"needsCoupon": false}')$$, 'MJ215', NULL, 'a promotion with coupons goes on to need them');
SELECT throws_ok($$SELECT mjc.promotion_delete('test-coupon')$$, 'MJ215', NULL, 'and is not deleted');
SELECT mjc.promotion_set('test-coupon2', '{"name": "C", "kind": "percent", "scope": "order", "percent": 20, "needsCoupon": true}') \g /dev/null
SELECT is(mjc.coupon_set('TEST10', '{"promotion": "test-coupon2"}'), 'TEST10', 'a coupon that was not used may change its promotion');
INSERT INTO mjc.coupon_ledger (code, seq, change, used, order_id, customer_id, at) VALUES ('TEST10', 1, 1, 1, pg_temp.pid(90), pg_temp.pid(77), now());
SELECT is(mjc.coupon_uses('TEST10'), 1::bigint, 'its use is counted');
SELECT throws_ok($$SELECT mjc.coupon_set('TEST10', '{"promotion": "test-coupon"}')$$, 'MJ215', NULL, 'a used one may not');
SELECT is(mjc.coupon_set('TEST10', '{"promotion": "test-coupon2", "active": false}'), 'TEST10', 'but the same is no change');
SELECT throws_ok($$SELECT mjc.coupon_delete('TEST10')$$, 'MJ215', NULL, 'nor be deleted');
INSERT INTO mjc.coupon_ledger (code, seq, change, used, order_id, customer_id, at) VALUES ('TEST10', 2, -1, 0, pg_temp.pid(90), pg_temp.pid(77), now());
SELECT is(mjc.coupon_uses('TEST10'), 0::bigint, 'a use given back');
SELECT throws_ok($$SELECT mjc.coupon_delete('TEST10')$$, 'MJ215', NULL, 'is one nevertheless');
SELECT is(mjc.coupon_set('test-x', '{"promotion": "test-coupon"}'), 'TEST-X', 'another');
SELECT is(mjc.coupon_delete('test-x'), true, 'goes');
SELECT throws_ok(format('SELECT mjc.coupon_delete(%L)', c), 'MJ004', NULL, 'no such coupon') FROM unnest(ARRAY[NULL, 'TEST-X', '?']) c;
SELECT is(mjc.coupon_uses('TEST-X'), 0::bigint, 'no use of nothing');

-- Many at once
CREATE TEMP TABLE made AS SELECT c FROM mjc.coupon_batch('test-coupon', 1000, 'box-', '{"until": "2036-01-01"}') c;
SELECT is((SELECT count(DISTINCT c) FROM made), 1000::bigint, 'a thousand coupons');
SELECT is_empty($$SELECT c FROM made WHERE c !~ '^BOX-[2-9A-HJ-NP-Z]{10}$' OR mjc.coupon_key(c) <> c$$, 'of letters that are not mistaken');
SELECT is((SELECT count(*) FROM mjc.coupon JOIN made ON c = code WHERE max_uses = 1 AND promotion_id = :'promo' AND is_active AND upper(validity) = '2035-12-31 23:00Z'), 1000::bigint, 'for one use each');
SELECT cmp_ok((SELECT count(DISTINCT substr(c, 5 + i, 1)) FROM made, generate_series(0, 9) i), '=', 32::bigint, 'every letter occurs');
SELECT cmp_ok((SELECT max(n) FROM (SELECT count(*) AS n FROM made, generate_series(0, 9) i GROUP BY i, substr(c, 5 + i, 1)) x), '<', 80::bigint, 'at every place about as often');
SELECT is((SELECT after ->> 'coupons' FROM mjc.audit WHERE action = 'coupon_batch'), '1000', 'audited once');
SELECT is((SELECT count(*) FROM mjc.coupon_batch('test-coupon', 10000)), 10000::bigint, 'ten thousand at most');
SELECT pg_temp.refused(format('SELECT mjc.coupon_batch(%L, %s, %L, %L)', p, n, x, d), c, a, format('%s %s %s %s', p, n, x, d))
  FROM (VALUES ('test-coupon', '0', '', '{}', 'MJ006', 'n'), ('test-coupon', '10001', '', '{}', 'MJ006', 'n'), ('test-coupon', 'NULL', '', '{}', 'MJ006', 'n'), ('test-2', '1', '', '{}', 'MJ010', 'promotion'), (NULL, '1', '', '{}', 'MJ003', 'promotion'),
               ('test-coupon', '1', 'a b', '{}', 'MJ010', 'prefix'), ('test-coupon', '1', repeat('x', 21), '{}', 'MJ010', 'prefix'), ('test-coupon', '1', '', '{"maxUses": 2}', 'MJ010', 'maxUses'), ('test-coupon', '1', '', NULL, 'MJ003', 'document')) v (p, n, x, d, c, a);
SELECT is(length(mjc.random_code(28)), 28, 'a random code of 28 characters');

-- Who
CREATE ROLE test_staff LOGIN IN ROLE mjc_admin;
CREATE ROLE test_nobody LOGIN IN ROLE mjc_admin;
SELECT mjc.staff_create('test_staff', 'Test Staff') AS id \gset
SET SESSION AUTHORIZATION test_staff;
SELECT is(mjc.coupon_set('STAFF', '{"promotion": "test-coupon"}'), 'STAFF', 'staff make a coupon');
SELECT throws_ok(s, '42501', NULL, s) FROM unnest(ARRAY['SELECT mjc.pricing_changed()', 'UPDATE mjc.promotion SET rate_bp = 1', 'DELETE FROM mjc.coupon', 'SELECT mjc.random_code(10)']) s;
SET SESSION AUTHORIZATION test_nobody;
SELECT throws_ok(format('SELECT mjc.%s', s), 'MJ601', NULL, format('nobody''s login: %s', s))
  FROM unnest(ARRAY[$$promotion_set('test-1', '{}')$$, $$promotion_delete('test-1')$$, $$coupon_set('STAFF', '{}')$$, $$coupon_delete('STAFF')$$, $$coupon_batch('test-coupon', 1)$$]) s;
RESET SESSION AUTHORIZATION;
SELECT is((SELECT actor FROM mjc.audit WHERE action = 'coupon_set' AND subject_id = 'STAFF'), :'id'::uuid, 'the audit knows who');
DELETE FROM mjc.coupon_ledger WHERE code = 'TEST10';  -- used by an order that never was
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');

SELECT * FROM finish();
ROLLBACK;
