-- pricing_api: the routes of staff for prices, promotions, coupons, tariffs and gift cards.
-- What documents may hold is in price_list.sql, promotion.sql, tariff.sql and credit.sql.
BEGIN;
SELECT plan(104);
\ir fixture.psql
SELECT pg_temp.make_product(1, 100000), pg_temp.make_product(2, 50000, 40000), pg_temp.make_customer(77) \g /dev/null
SELECT pg_temp.make_admin('admin@test.example') AS admin, pg_temp.make_admin('tech@test.example', 'TECHNICIAN') AS tech \gset
\set as :'admin' '::uuid, 0, mjc.uuid_v7()'

-- Who: each route refuses whoever is nobody, no admin, or signed out
CREATE TEMP TABLE route AS
SELECT p.oid, p.proname AS name, p.provolatile, p.pronargs, 'request_id' = ANY (p.proargnames) AS writes, 'idempotency_key' = ANY (p.proargnames) AS creates,
       (SELECT string_agg(format(', NULL::%s', format_type(t, NULL)), '' ORDER BY n) FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY u (t, n) WHERE n > 3) AS nulls
  FROM pg_proc p WHERE p.pronamespace = 'mjc_api'::regnamespace AND p.proname ~ '^staff_(customer_group|price|promotion|coupon|tariff|carrier_zone|credit|gift_card)_';
SELECT is((SELECT count(*) FROM route), 32::bigint, 'the routes');
SELECT is_empty($$SELECT r.name, f.code FROM route r, pg_temp.failure(format('SELECT mjc_api.%I(NULL, NULL, NULL%s)', r.name, r.nulls)) f WHERE f.code <> 'MJ060'$$, 'a visitor may use none');
SELECT is_empty(format($$SELECT r.name, f.code FROM route r, pg_temp.failure(format('SELECT mjc_api.%%I(%%L, 0, mjc.uuid_v7()%%s)', r.name, %L, r.nulls)) f WHERE f.code <> 'MJ064'$$, :'tech'), 'nor a technician');
SELECT is_empty(format($$SELECT r.name, f.code FROM route r, pg_temp.failure(format('SELECT mjc_api.%%I(%%L, 7, mjc.uuid_v7()%%s)', r.name, %L, r.nulls)) f WHERE f.code <> 'MJ063'$$, :'admin'), 'nor an old token');
SELECT is_empty($$SELECT name FROM route WHERE (provolatile = 'v') <> writes$$, 'what only reads is STABLE');
SELECT set_eq($$SELECT name::text FROM route WHERE creates$$, ARRAY['staff_price_list_create', 'staff_price_create', 'staff_promotion_create', 'staff_coupon_create', 'staff_tariff_create', 'staff_gift_card_issue'], 'the ones that create');
-- With nothing but NULLs each answers or names what is missing
SELECT is_empty(format($$SELECT r.name, f.code FROM route r, pg_temp.failure(format('SELECT mjc_api.%%I(%%L, 0, mjc.uuid_v7()%%s)', r.name, %L, r.nulls)) f WHERE f.code NOT IN ('00000', 'MJ003', 'MJ010', 'MJ216')$$, :'admin'), 'NULLs do no harm');

-- Customer groups and base prices
SELECT is(mjc_api.staff_customer_group_set(:as, 'r1', 'test-vip', '{"name": "VIP", "nameAr": "م"}')::jsonb, '{"customerGroup": {"code": "test-vip", "name": "VIP", "nameAr": "م", "sortOrder": 0}}', 'a customer group');
SELECT is((SELECT count(*) FROM jsonb_array_elements(mjc_api.staff_customer_group_list(:as)::jsonb -> 'customerGroups') g WHERE g ->> 'code' IN ('retail', 'test-vip')), 2::bigint, 'is listed');
SELECT is(mjc_api.staff_customer_group_assign(:as, 'r1', pg_temp.pid(77), 'test-vip')::jsonb, jsonb_build_object('customerId', pg_temp.pid(77), 'customerGroup', 'test-vip'), 'a customer comes into it');
SELECT is(mjc_api.staff_customer_group_assign(:as, 'r1', pg_temp.pid(78), 'test-vip')::text, NULL, 'nobody does not');
SELECT throws_ok(format('SELECT mjc_api.staff_customer_group_assign(%L, 0, mjc.uuid_v7(), NULL, pg_temp.pid(77), %L)', :'admin', 'nobody'), 'MJ216', NULL, 'nor into nothing');
SELECT is((mjc_api.staff_price_set(:as, 'r1', pg_temp.pid(1), '{"price": 950.5, "salePrice": 900, "saleUntil": "2030-01-01T10:00:00.5Z"}')::jsonb -> 'price') - 'updatedAt',
          jsonb_build_object('productId', pg_temp.pid(1), 'price', 950.50, 'salePrice', 900.00, 'saleFrom', NULL, 'saleUntil', '2030-01-01T10:00:00.500Z', 'minPrice', NULL), 'a price');
SELECT is((SELECT price_centimes FROM mjc.product WHERE product_id = pg_temp.pid(1)), 95050::bigint, 'is the product''s');
SELECT is(mjc_api.staff_price_set(:as, 'r1', pg_temp.pid(9), '{"price": 1}')::text, NULL, 'no product has none');
SELECT results_eq($$SELECT actor, channel, request_id FROM mjc.audit WHERE action = 'price_set'$$, format($$VALUES (%L::uuid, 'rest', 'r1')$$, :'admin'), 'the audit knows who and by which request');

-- Price lists
SELECT r.body::jsonb #>> '{priceList,id}' AS list, r.replayed FROM mjc_api.staff_price_list_create(:as, NULL, 'key-1', '{"code": "test-list", "name": "L", "kind": "sale"}') r \gset
SELECT is(:'replayed'::text, 'f', 'a price list is made');
SELECT is(r.replayed::text || (r.body::jsonb #>> '{priceList,id}'), 'true' || :'list', 'the same request again is told the same') FROM mjc_api.staff_price_list_create(:as, NULL, 'key-1', '{"code": "test-list", "name": "L", "kind": "sale"}') r;
SELECT throws_ok(format('SELECT mjc_api.staff_price_list_create(%L, 0, mjc.uuid_v7(), NULL, %L, %L)', :'admin', k, d), c, NULL, format('%s %s', k, d))
  FROM (VALUES ('key-1', '{"code": "test-list2", "name": "L", "kind": "sale"}', 'MJ022'), (NULL, '{"code": "test-list", "name": "L", "kind": "sale"}', 'MJ214'), ('', '{}', 'MJ021'), (NULL, '{"code": "test-list2"}', 'MJ003'), (NULL, NULL, 'MJ003'), (NULL, '[]', 'MJ010')) v (k, d, c);
SELECT is(mjc_api.staff_price_list_update(:as, NULL, :'list', '{"name": "Liste"}')::jsonb #>> '{priceList,name}', 'Liste', 'it is changed');
SELECT is(mjc_api.staff_price_list_update(:as, NULL, pg_temp.pid(9), '{"name": "Liste"}')::text, NULL, 'none is not');
SELECT is(mjc_api.staff_price_list_update(:as, NULL, NULL, '{"code": "test-x", "name": "Liste", "kind": "sale"}')::text, NULL, 'no id makes no new one');
SELECT set_eq(format($$SELECT jsonb_object_keys(l) FROM jsonb_array_elements(mjc_api.staff_price_list_list(%L, 0, mjc.uuid_v7())::jsonb -> 'priceLists') l WHERE l ->> 'code' = 'test-list'$$, :'admin'),
    ARRAY['id', 'code', 'name', 'kind', 'customerGroup', 'prices', 'createdAt', 'updatedAt'], 'it is listed with its times');
SELECT r.body::jsonb #>> '{price,id}' AS price FROM mjc_api.staff_price_create(:as, NULL, 'key-2', :'list', '{"product": "TEST-ONLY-1", "amount": 5.5, "minQuantity": 2}') r \gset
SELECT is((r.body::jsonb -> 'price') - '{from,updatedAt}'::text[], jsonb_build_object('id', :'price', 'priceListId', :'list', 'product', pg_temp.pid(1), 'sku', 'TEST-ONLY-1', 'productName', 'Test part 1', 'amount', 5.50, 'minQuantity', 2, 'maxQuantity', NULL,
    'until', NULL, 'state', 'running'), 'a price of it, twice the same') FROM mjc_api.staff_price_create(:as, NULL, 'key-2', :'list', '{"product": "TEST-ONLY-1", "amount": 5.5, "minQuantity": 2}') r;
SELECT is(r.body::text, NULL, 'none of no list') FROM mjc_api.staff_price_create(:as, NULL, 'key-3', pg_temp.pid(9), '{"product": "TEST-ONLY-1", "amount": 5.5}') r;
SELECT is_empty($$SELECT key_hash FROM mjc.idempotency_key WHERE reply IS NULL$$, 'which claims no key');
SELECT isnt(r.body::text, NULL, 'another') FROM mjc_api.staff_price_create(:as, NULL, NULL, :'list', '{"product": "TEST-ONLY-2", "amount": 1, "from": "2030-01-01"}') r;
SELECT is(mjc_api.staff_price_list_prices(:as, :'list', p, 1, NULL)::jsonb -> 'pagination', jsonb_build_object('page', p, 'limit', 1, 'total', 2, 'totalPages', 2, 'hasNext', p = 1, 'hasPrev', p > 1), format('page %s', p)) FROM generate_series(1, 3) p;
SELECT is(jsonb_array_length(mjc_api.staff_price_list_prices(:as, :'list', NULL, NULL, q)::jsonb -> 'prices'), n, 'prices of one product, or all') FROM (VALUES (pg_temp.pid(1), 1), (pg_temp.pid(3), 0), (NULL, 2)) v (q, n);
SELECT is(mjc_api.staff_price_list_prices(:as, pg_temp.pid(9), NULL, NULL, NULL)::text, NULL, 'of no list none');
SELECT is(mjc_api.staff_price_end(:as, NULL, :'list', :'price')::jsonb ->> 'result', 'ended', 'a price ends');
SELECT is(mjc_api.staff_price_end(:as, NULL, pg_temp.pid(9), :'price')::text, NULL, 'not by another list');
SELECT is(mjc_api.staff_price_list_delete(:as, NULL, :'list')::jsonb ->> 'deleted', 'false', 'a list with a past stays');
SELECT is(mjc_api.staff_price_list_delete(:as, NULL, pg_temp.pid(9))::text, NULL, 'none is not deleted');

-- Promotions
SELECT r.body::jsonb #>> '{promotion,id}' AS promo FROM mjc_api.staff_promotion_create(:as, NULL, NULL, '{"code": "test-one", "name": "P", "kind": "percent", "scope": "line", "percent": 10, "needsCoupon": true, "from": "2030-01-01T00:00:00.25Z", "products": ["TEST-ONLY-1"]}') r \gset
SELECT is(mjc_api.staff_promotion_get(:as, :'promo')::jsonb -> 'promotion' ->> 'from', '2030-01-01T00:00:00.250Z', 'a promotion, its times as the contract has them');
SELECT set_eq(format($$SELECT jsonb_object_keys(mjc_api.staff_promotion_get(%L, 0, mjc.uuid_v7(), %L)::jsonb -> 'promotion')$$, :'admin', :'promo'),
    ARRAY['id', 'createdAt', 'updatedAt', 'code', 'name', 'nameAr', 'kind', 'scope', 'percent', 'amount', 'buyQuantity', 'getQuantity', 'giftProduct', 'priority', 'exclusivityGroup', 'needsCoupon', 'from', 'until', 'minQuantity', 'minAmount',
          'products', 'categories', 'manufacturers', 'customerGroups', 'wilayas', 'firstOrder', 'active'], 'with every key');
SELECT is(mjc_api.staff_promotion_get(:as, id)::text, NULL, 'none is not there') FROM unnest(ARRAY[NULL, pg_temp.pid(9)]) id;
SELECT is(mjc_api.staff_promotion_update(:as, NULL, :'promo', '{"percent": 20, "active": false}')::jsonb #>> '{promotion,percent}', '20.00', 'it is changed');
SELECT is(mjc_api.staff_promotion_update(:as, NULL, pg_temp.pid(9), '{"percent": 20}')::text, NULL, 'none is not');
SELECT is(mjc_api.staff_promotion_update(:as, NULL, NULL, '{"percent": 20}')::text, NULL, 'nor NULL');
SELECT is(EXISTS (SELECT FROM jsonb_array_elements(mjc_api.staff_promotion_list(:as, 1, 500, a)::jsonb -> 'promotions') p WHERE p ->> 'id' = :'promo'), y, format('listed as active: %s', a)) FROM (VALUES (true, false), (false, true), (NULL, true)) v (a, y);
SELECT is(mjc_api.staff_promotion_what_if(:as, pg_temp.pid(9), NULL, NULL)::text, NULL, 'no promotion changes nothing');
SELECT pg_temp.make_stock(10, 100, 100000) \g /dev/null
SELECT pg_temp.bought('{10}', '{1}'), pg_temp.bought('{10}', '{2}', '0550000002') \g /dev/null
SELECT mjc.promotion_set('test-if', '{"name": "If", "kind": "percent", "scope": "line", "percent": 10, "active": false, "products": ["TEST-ONLY-10"], "minQuantity": 2}') AS idea \gset
SELECT is(w - 'sample', jsonb_build_object('orders', jsonb_array_length(w -> 'sample') + 1, 'changed', 1, 'totalBefore', 1700.00 + 2700.00, 'totalAfter', 1700.00 + 2500.00, 'difference', -200.00), 'what a promotion would have cost')
  FROM mjc_api.staff_promotion_what_if(:as, :'idea', now() - interval '1 second', clock_timestamp() + interval '1 second') x, LATERAL (SELECT x::jsonb) y (w);

-- Coupons
SELECT is((r.body::jsonb -> 'coupon') - '{createdAt,updatedAt}'::text[], jsonb_build_object('id', 'TEST1', 'code', 'TEST1', 'promotion', 'test-one', 'promotionId', :'promo', 'maxUses', 3, 'maxUsesPerCustomer', NULL, 'customer', NULL,
    'active', true, 'from', NULL, 'until', '2029-12-31T23:00:00.000Z', 'uses', 0), 'a coupon') FROM mjc_api.staff_coupon_create(:as, NULL, 'key-4', '{"code": "test1", "promotion": "test-one", "maxUses": 3, "until": "2030-01-01"}') r;
SELECT is(r.replayed, true, 'once') FROM mjc_api.staff_coupon_create(:as, NULL, 'key-4', '{"code": "test1", "promotion": "test-one", "maxUses": 3, "until": "2030-01-01"}') r;
SELECT throws_ok(format('SELECT mjc_api.staff_coupon_create(%L, 0, mjc.uuid_v7(), NULL, NULL, %L)', :'admin', d), c, NULL, d)
  FROM (VALUES ('{"code": "TEST1", "promotion": "test-one"}', 'MJ214'), ('{"promotion": "test-one"}', 'MJ003'), ('{"code": "?", "promotion": "test-one"}', 'MJ010'), ('{"code": "test2", "promotion": "no-such"}', 'MJ010'), ('{"code": "test2"}', 'MJ003'), ('[]', 'MJ010')) v (d, c);
INSERT INTO mjc.coupon_ledger (code, seq, change, used, order_id, customer_id, at) VALUES ('TEST1', 1, 1, 1, pg_temp.pid(90), pg_temp.pid(77), now());
SELECT is(mjc_api.staff_coupon_get(:as, ' test1')::jsonb #>> '{coupon,uses}', '1', 'with its uses');
SELECT is(mjc_api.staff_coupon_get(:as, c)::text, NULL, 'none is not there') FROM unnest(ARRAY[NULL, 'TEST2', '?']) c;
SELECT is(mjc_api.staff_coupon_update(:as, NULL, 'test1', '{"maxUses": null}')::jsonb #> '{coupon,maxUses}', 'null', 'it is changed');
SELECT is(mjc_api.staff_coupon_update(:as, NULL, c, '{"maxUses": null}')::text, NULL, 'none is not made') FROM unnest(ARRAY[NULL, 'TEST2', '?']) c;
SELECT is(mjc_api.staff_coupon_list(:as, 1, 10, p)::jsonb #>> '{pagination,total}', n, 'coupons of a promotion') FROM (VALUES (:'promo'::uuid, '1'), (pg_temp.pid(9), '0')) v (p, n);
SELECT throws_ok(format('SELECT mjc_api.staff_coupon_delete(%L, 0, mjc.uuid_v7(), NULL, %L)', :'admin', 'TEST1'), 'MJ215', NULL, 'a used one is not deleted');
SELECT isnt(r.body::text, NULL, 'another') FROM mjc_api.staff_coupon_create(:as, NULL, NULL, '{"code": "test3", "promotion": "test-one"}') r;
SELECT is(mjc_api.staff_coupon_delete(:as, NULL, 'test3')::jsonb, '{"deleted": true}', 'is');
SELECT is(mjc_api.staff_coupon_delete(:as, NULL, 'test3')::text, NULL, 'once');
SELECT throws_ok(format('SELECT mjc_api.staff_promotion_delete(%L, 0, mjc.uuid_v7(), NULL, %L)', :'admin', :'promo'), 'MJ215', NULL, 'a promotion with coupons is not deleted');
SELECT is(mjc_api.staff_promotion_delete(:as, NULL, pg_temp.pid(9))::text, NULL, 'nor none');

-- Tariffs and zones
SELECT r.body::jsonb #>> '{tariff,id}' AS tariff FROM mjc_api.staff_tariff_create(:as, NULL, NULL, '{"place": "99", "deliveryMode": "stop_desk", "amount": 300, "from": "2030-01-01", "until": "2030-01-31"}') r \gset
SELECT is(mjc_api.staff_tariff_list(:as, p, m)::jsonb -> 'tariffs', t, format('tariffs of %s %s', p, m))
  FROM (SELECT jsonb_build_array(jsonb_build_object('id', :'tariff', 'place', '99', 'deliveryMode', 'stop_desk', 'amount', 300.00, 'includedWeight', NULL, 'stepWeight', NULL, 'stepAmount', NULL, 'from', '2030-01-01', 'until', '2030-01-31', 'draft', false))) x (one),
       LATERAL (VALUES ('Épreuve', 'stop_desk', x.one), ('99', 'stop_desk', x.one), ('Atlantis', NULL, '[]')) v (p, m, t);
SELECT is(mjc_api.staff_tariff_update(:as, NULL, :'tariff', '{"amount": 350}')::jsonb #>> '{tariff,amount}', '350.00', 'it is changed');
SELECT is(mjc_api.staff_tariff_update(:as, NULL, id, '{"amount": 350}')::text, NULL, 'none is not') FROM unnest(ARRAY[NULL, pg_temp.pid(9)]) id;
SELECT is(mjc_api.staff_tariff_delete(:as, NULL, :'tariff')::jsonb, '{"result": "deleted", "tariff": null}', 'deleted');
SELECT is(mjc_api.staff_tariff_delete(:as, NULL, :'tariff')::text, NULL, 'once');
SELECT is(mjc_api.staff_carrier_zone_set(:as, NULL, '{"carrier": "test-carrier", "wilaya": "99", "zone": "zone-a", "from": "2030-01-01"}')::jsonb -> 'carrierZone', '{"carrier": "test-carrier", "wilaya": "99", "zone": "zone-a", "from": "2030-01-01", "until": null}', 'a zone');
SELECT is(mjc_api.staff_carrier_zone_list(:as, 'test-carrier')::jsonb #>> '{carrierZones,0,wilayaName}', 'Épreuve', 'is listed');
SELECT is(mjc_api.staff_carrier_zone_set(:as, NULL, '{"carrier": "test-carrier", "wilaya": "99", "zone": null, "from": "2030-01-01"}')::jsonb #> '{carrierZone,zone}', 'null', 'and ended');

-- Gift cards
SELECT r.body::jsonb #>> '{giftCard,id}' AS card, r.body::jsonb #>> '{giftCard,code}' AS code FROM mjc_api.staff_gift_card_issue(:as, NULL, 'key-5', '{"amount": 100, "expiresOn": "2036-01-01"}') r \gset
SELECT is((SELECT k.credit_id FROM mjc.credit_code k WHERE k.code_hash = mjc.gift_card_hash(:'code')), :'card'::uuid, 'the answer has the code');
SELECT is(jsonb_build_object('replayed', r.replayed) || (r.body::jsonb -> 'giftCard'), jsonb_build_object('replayed', true, 'id', :'card', 'code', NULL, 'lastFour', right(:'code', 4), 'kind', 'gift_card', 'balance', 100.00, 'customer', NULL, 'active', true,
    'expiresOn', '2036-01-01', 'createdAt', r.body::jsonb #> '{giftCard,createdAt}'), 'a repeat has not') FROM mjc_api.staff_gift_card_issue(:as, NULL, 'key-5', '{"amount": 100, "expiresOn": "2036-01-01"}') r;
SELECT is_empty(format($$SELECT t.what FROM (SELECT a::text FROM mjc.audit a UNION ALL SELECT i.reply FROM mjc.idempotency_key i UNION ALL SELECT mjc_api.staff_credit_get(%1$L, 0, mjc.uuid_v7(), %2$L)::text
    UNION ALL SELECT mjc_api.staff_credit_list(%1$L, 0, mjc.uuid_v7(), 1, 500)::text) t (what) WHERE t.what ~ %3$L$$, :'admin', :'card', replace(:'code', '-', '-?')), 'nor has anything else');
SELECT is((mjc_api.staff_credit_get(:as, :'card')::jsonb #> '{credit,movements,0}') - 'at', '{"seq": 1, "kind": "issue", "amount": 100.00, "balance": 100.00, "orderId": null, "reason": null}', 'its movements');
SELECT is(mjc_api.staff_credit_get(:as, id)::text, NULL, 'none is not there') FROM unnest(ARRAY[NULL, pg_temp.pid(9)]) id;
SELECT is(mjc_api.staff_credit_close(:as, NULL, :'card')::jsonb #>> '{credit,active}', 'false', 'closed');
SELECT is(mjc_api.staff_credit_close(:as, NULL, pg_temp.pid(9))::text, NULL, 'none is not');
SELECT is((mjc_api.staff_credit_list(:as, NULL, NULL)::jsonb #>> '{credits,0,id}'), :'card', 'newest first');

-- The double-submit window
SET LOCAL mjc.double_submit_window = 30;
SELECT is(r.replayed, false, 'a tariff without a key') FROM mjc_api.staff_tariff_create(:as, NULL, NULL, '{"place": "99", "deliveryMode": "stop_desk", "amount": 300, "draft": true}') r;
SELECT is(r.replayed, true, 'twice within the window is one') FROM mjc_api.staff_tariff_create(:as, NULL, NULL, '{"place": "99", "deliveryMode": "stop_desk", "amount": 300, "draft": true}') r;
SELECT is((SELECT count(*) FROM mjc.shipping_tariff WHERE is_draft AND place_code = '99'), 1::bigint, 'one');
SELECT is_empty($$SELECT audit_id FROM mjc.audit WHERE channel = 'rest' AND actor IS NULL$$, 'every change is somebody''s');
DELETE FROM mjc.coupon_ledger WHERE code = 'TEST1';  -- used by an order that never was
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');

SELECT * FROM finish();
ROLLBACK;
