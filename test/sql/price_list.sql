-- price_list: customer groups, base prices and their past, price lists.
BEGIN;
SELECT plan(129);
\ir fixture.psql
GRANT USAGE ON SCHEMA tap TO PUBLIC;
SELECT pg_temp.make_product(1, 100000), pg_temp.make_product(2, 50000, 40000), pg_temp.make_customer(77) \g /dev/null
CREATE FUNCTION pg_temp.price(n integer) RETURNS text
    LANGUAGE sql
    AS $$ SELECT concat_ws(' ', price_centimes, sale_price_centimes, min_price_centimes) FROM mjc.product WHERE product_id = pg_temp.pid(n) $$;

-- Base prices
SELECT is(mjc.price_set(pg_temp.pid(1), 1200.50) ->> 'price', '1200.50', 'a price');
SELECT is(pg_temp.price(1), '120050', 'is kept in centimes');
SELECT is((SELECT count(*) FROM mjc.product_price_past WHERE product_id = pg_temp.pid(1) AND price_centimes = 100000), 1::bigint, 'the old one is past');
SELECT is((SELECT p.updated_at FROM mjc.product p WHERE p.product_id = pg_temp.pid(1)), (SELECT max(until_at) FROM mjc.product_price_past WHERE product_id = pg_temp.pid(1)), 'the new one holds from the end of the old one');
SELECT mjc.price_set(pg_temp.pid(1), 1200.50) \g /dev/null
SELECT is((SELECT count(*) FROM mjc.product_price_past WHERE product_id = pg_temp.pid(1)), 1::bigint, 'the same price again is no change');
SELECT is((SELECT count(*) FROM mjc.audit WHERE action = 'price_set' AND subject_id = pg_temp.pid(1)::text), 1::bigint, 'and not audited');
SELECT is(mjc.price_set(pg_temp.pid(1), 1200.50, 1000, '2030-01-01', '2030-02-01') ->> 'salePrice', '1000.00', 'a sale with its dates');
SELECT is(mjc.price_update(pg_temp.pid(1), '{"minPrice": 800}') ->> 'salePrice', '1000.00', 'a document changes what it names');
SELECT is((SELECT count(*) FROM mjc.product_price_past WHERE product_id = pg_temp.pid(1)), 2::bigint, 'the lowest price is no price');
SELECT is(pg_temp.price(1), '120050 100000 80000', 'it is kept');
SELECT is(mjc.price_update(pg_temp.pid(1), '{"salePrice": null}'), jsonb_build_object('price', 1200.50, 'salePrice', NULL, 'saleFrom', NULL, 'saleUntil', NULL, 'minPrice', 800), 'without a sale price its dates go');
SELECT is(mjc.price_set(pg_temp.pid(1), 0) ->> 'minPrice', '800.00', 'a price of nothing; price_set leaves the lowest price alone');
SELECT is(mjc.price_set(pg_temp.pid(1), 1000000000) ->> 'price', '1000000000.00', 'the highest price');
SELECT pg_temp.refused(format('SELECT mjc.price_update(pg_temp.pid(2), %L)', d), c, a, coalesce(d, 'NULL'))
  FROM (VALUES (NULL, 'MJ003', 'document'), ('[1]', 'MJ010', 'document'), ('{"prix": 1}', 'MJ010', 'prix'), ('{"price": null}', 'MJ003', 'price'), ('{"price": "1"}', 'MJ010', 'price'),
               ('{"price": 1.001}', 'MJ010', 'price'), ('{"price": -1}', 'MJ006', 'price'), ('{"price": 1000000000.01}', 'MJ006', 'price'), ('{"price": 400}', 'MJ006', 'salePrice'),
               ('{"salePrice": 500}', 'MJ006', 'salePrice'), ('{"salePrice": 0}', 'MJ006', 'salePrice'), ('{"minPrice": -1}', 'MJ006', 'minPrice'),
               ('{"saleFrom": "soon"}', 'MJ010', 'saleFrom'), ('{"saleFrom": "2030-01-02", "saleUntil": "2030-01-02"}', 'MJ006', 'saleUntil'),
               ('{"salePrice": null, "saleFrom": "2030-01-02"}', 'MJ003', 'salePrice')) v (d, c, a);
SELECT pg_temp.refused(format('SELECT mjc.price_set(pg_temp.pid(2), %s)', p), c, 'price', format('a price of %s', p))
  FROM (VALUES ('NULL', 'MJ003'), ('''NaN''', 'MJ010'), ('''Infinity''', 'MJ010'), ('0.005', 'MJ010')) v (p, c);
SELECT throws_ok(format('SELECT %s', s), 'MJ107', NULL, s) FROM unnest(ARRAY['mjc.price_set(NULL, 1)', 'mjc.price_set(pg_temp.pid(9), 1)', $$mjc.price_update(pg_temp.pid(9), '{"price": 1}')$$]) s;
SELECT is(pg_temp.price(2), '50000 40000', 'a refused change changes nothing');
SELECT is((SELECT before || after FROM mjc.audit WHERE action = 'price_set' AND subject_id = pg_temp.pid(1)::text ORDER BY audit_id LIMIT 1),
          jsonb_build_object('price', 1200.50, 'salePrice', NULL, 'saleFrom', NULL, 'saleUntil', NULL, 'minPrice', NULL), 'the audit has before and after');

-- The past: each instant has one price, whatever was written
CREATE TEMP TABLE known (at timestamptz, price bigint);
DO $$
BEGIN
    FOR i IN 1..50 LOOP
        PERFORM mjc.price_set(pg_temp.pid(2), i);
        INSERT INTO known SELECT p.updated_at, p.price_centimes FROM mjc.product p WHERE p.product_id = pg_temp.pid(2);
    END LOOP;
    -- A clock that was set back.
    INSERT INTO mjc.product_price_past (product_id, until_at, price_centimes) VALUES (pg_temp.pid(2), '2200-01-01', 5000);
    PERFORM mjc.price_set(pg_temp.pid(2), 77);
    INSERT INTO known SELECT p.updated_at, p.price_centimes FROM mjc.product p WHERE p.product_id = pg_temp.pid(2);
END
$$;
SELECT is_empty($$SELECT k.at FROM known k WHERE k.price <> coalesce(
    (SELECT x.price_centimes FROM mjc.product_price_past x WHERE x.product_id = pg_temp.pid(2) AND x.until_at > k.at ORDER BY x.until_at LIMIT 1),
    (SELECT p.price_centimes FROM mjc.product p WHERE p.product_id = pg_temp.pid(2)))$$, 'from each change on its price is found');
SELECT is((SELECT max(at) FROM known), '2200-01-01 00:00:00.000001'::timestamptz, 'a clock that goes back does not mix the past');

-- Customer groups
SELECT is(mjc.customer_group_set('test-vip', 'VIP', 'مميز'), 'test-vip', 'a group');
SELECT is(mjc.customer_group_set('test-vip', NULL, NULL, 7), 'test-vip', 'changed: NULL keeps');
SELECT results_eq($$SELECT name_fr, name_ar, sort_order FROM mjc.customer_group WHERE customer_group = 'test-vip'$$, $$VALUES ('VIP', 'مميز', 7)$$, 'as it was told');
SELECT pg_temp.refused(format('SELECT mjc.customer_group_set(%L, %L, %L)', g, f, a), c, k, format('%s %s %s', g, f, a))
  FROM (VALUES (NULL, 'A', 'B', 'MJ010', 'code'), ('Bad Code', 'A', 'B', 'MJ010', 'code'), ('x', 'A', 'B', 'MJ010', 'code'), ('test-new', NULL, 'B', 'MJ003', 'name'), ('test-new', 'A', NULL, 'MJ003', 'nameAr'),
               ('test-new', '', 'B', 'MJ006', 'name')) v (g, f, a, c, k);
SELECT is(mjc.customer_group_assign(pg_temp.pid(77), 'test-vip'), 'test-vip', 'a customer comes into a group');
SELECT is((SELECT customer_group FROM mjc.customer WHERE customer_id = pg_temp.pid(77)), 'test-vip', 'he is in it');
SELECT mjc.customer_group_assign(pg_temp.pid(77), 'test-vip') \g /dev/null
SELECT is((SELECT count(*) FROM mjc.audit WHERE action = 'customer_group_assign' AND subject_id = pg_temp.pid(77)::text), 1::bigint, 'again is no change');
SELECT throws_ok($$SELECT mjc.customer_group_assign(pg_temp.pid(77), 'nobody')$$, 'MJ216', NULL, 'no such group');
SELECT throws_ok($$SELECT mjc.customer_group_assign(pg_temp.pid(77), NULL)$$, 'MJ216', NULL, 'no group');
SELECT throws_ok($$SELECT mjc.customer_group_assign(pg_temp.pid(78), 'retail')$$, 'MJ004', NULL, 'no such customer');

-- Price lists
SELECT mjc.price_list_set('test-list', '{"name": "Liste", "kind": "override", "customerGroup": "test-vip"}') AS list \gset
SELECT is(mjc.price_list_set('test-list', '{"name": "Autre"}'), :'list'::uuid, 'a list is changed by its code');
SELECT is(mjc.price_list_set('test-list', '{"kind": "sale", "customerGroup": null}'), :'list'::uuid, 'without prices in everything');
SELECT is(mjc.price_list_doc(:'list'), '{"code": "test-list", "name": "Autre", "kind": "sale", "customerGroup": null}', 'as it was told');
SELECT mjc.price_list_set('test-other', '{"name": "Other", "kind": "sale"}') AS other \gset
SELECT pg_temp.refused(format('SELECT mjc.price_list_set(%L, %L)', l, d), c, a, format('%s %s', l, d))
  FROM (VALUES ('test-new', '{"kind": "sale"}', 'MJ003', 'name'), ('test-new', '{"name": "N"}', 'MJ003', 'kind'), (NULL, '{"name": "N", "kind": "sale"}', 'MJ003', 'code'), ('Test New', '{"name": "N", "kind": "sale"}', 'MJ010', 'code'),
               ('test-new', '{"name": "N", "kind": "other"}', 'MJ010', 'kind'), ('test-new', '{"name": "N", "kind": "sale", "x": 1}', 'MJ010', 'x'), ('test-new', '[]', 'MJ010', 'document'), ('test-new', NULL, 'MJ003', 'document'),
               ('test-new', '1', 'MJ010', 'document'), ('test-new', '{"name": "N", "kind": "sale", "customerGroup": "nobody"}', 'MJ216', ''), ('test-other', '{"code": "test-list"}', 'MJ214', '')) v (l, d, c, a);

-- Their prices
CREATE FUNCTION pg_temp.prices(n integer) RETURNS text
    LANGUAGE sql
    AS $$ SELECT string_agg(format('%s%s:%s', qty, CASE WHEN upper_inf(validity) THEN '' ELSE '.' END, amount_centimes), ' ' ORDER BY qty, validity) FROM mjc.price WHERE product_id = pg_temp.pid(n) $$;
SELECT mjc.price_list_price_set('test-list', 'TEST-ONLY-1', 900, 1, 9) AS p1 \gset
SELECT mjc.price_list_price_set(:'list', pg_temp.pid(1)::text, 850.55, 10) AS p2 \gset
SELECT is(pg_temp.prices(1), '[1,10):90000 [10,):85055', 'two steps of quantity');
SELECT throws_ok(format('SELECT mjc.price_list_price_set(%L, %L, 1, %s, %s, %L)', 'test-list', 'TEST-ONLY-1', a, b, f), 'MJ212', NULL, format('%s to %s from %s overlaps', a, b, f))
  FROM (VALUES ('1', '9', NULL), ('9', '10', NULL), ('5', 'NULL', NULL), ('1', '1', '2030-01-01')) v (a, b, f);
SELECT isnt(mjc.price_list_price_set('test-other', 'TEST-ONLY-1', 1, 1, 9), NULL, 'another list has prices of its own');
SELECT isnt(mjc.price_list_price_set('test-list', 'TEST-ONLY-2', 1, 1, 9), NULL, 'so has another product');
SELECT throws_ok(format('SELECT mjc.price_list_set(%L, %L)', 'test-list', d), 'MJ215', NULL, format('a list with prices does not become %s', d)) FROM unnest(ARRAY['{"kind": "override"}', '{"customerGroup": "retail"}', '{"code": "test-third"}']) d;
SELECT is(mjc.price_list_set('test-list', '{"name": "Nom", "kind": "sale"}'), :'list'::uuid, 'but may have another name');
SELECT pg_temp.refused(format('SELECT mjc.price_list_price_set(%L, %L, %s, %s, %s, %L, %L)', l, p, a, b, c, f, u), e, k, format('%s %s %s %s %s %s %s', l, p, a, b, c, f, u))
  FROM (VALUES ('test-list', NULL, '1', '1', '1', NULL, NULL, 'MJ003', 'product'), ('test-list', 'NO-SUCH', '1', '1', '1', NULL, NULL, 'MJ010', 'product'), ('test-list', 'TEST-ONLY-2', 'NULL', '1', '1', NULL, NULL, 'MJ003', 'amount'),
               ('test-list', 'TEST-ONLY-2', '-1', '1', '1', NULL, NULL, 'MJ006', 'amount'), ('test-list', 'TEST-ONLY-2', '0.001', '1', '1', NULL, NULL, 'MJ010', 'amount'), ('test-list', 'TEST-ONLY-2', '1', '0', '1', NULL, NULL, 'MJ006', 'minQuantity'),
               ('test-list', 'TEST-ONLY-2', '1', '1000000', 'NULL', NULL, NULL, 'MJ006', 'minQuantity'), ('test-list', 'TEST-ONLY-2', '1', '20', '19', NULL, NULL, 'MJ006', 'maxQuantity'), ('test-list', 'TEST-ONLY-2', '1', '20', 'NULL', '2020-01-01', NULL, 'MJ006', 'from'),
               ('test-list', 'TEST-ONLY-2', '1', '20', 'NULL', NULL, '2020-01-01', 'MJ006', 'until'), ('test-list', 'TEST-ONLY-2', '1', '20', 'NULL', '2030-01-02', '2030-01-01', 'MJ006', 'until'),
               ('no-such', 'TEST-ONLY-2', '1', '20', 'NULL', NULL, NULL, 'MJ004', ''), (NULL, 'TEST-ONLY-2', '1', '20', 'NULL', NULL, NULL, 'MJ004', '')) v (l, p, a, b, c, f, u, e, k);

-- A new price for the old one
SELECT isnt(mjc.price_list_price_set('test-list', 'TEST-ONLY-1', 880, 1, 9, replace => true), NULL, 'a new price from now on');
SELECT is(pg_temp.prices(1), '[1,10).:90000 [1,10):100 [1,10):88000 [10,):85055', 'ends the old one of these quantities and no other');
SELECT is((SELECT upper(a.validity) FROM mjc.price a WHERE a.price_id = :'p1'), (SELECT lower(b.validity) FROM mjc.price b WHERE b.amount_centimes = 88000), 'without a gap');
SELECT isnt(mjc.price_list_price_set('test-list', 'TEST-ONLY-1', 890, 1, 9, '2030-01-01', '2031-01-01', true), NULL, 'one from a later day on');
SELECT is(pg_temp.prices(1), '[1,10).:90000 [1,10):100 [1,10).:88000 [1,10).:89000 [10,):85055', 'ends the running one then');
SELECT throws_ok($$SELECT mjc.price_list_price_set('test-list', 'TEST-ONLY-1', 1, 1, 9, replace => true)$$, 'MJ212', NULL, 'what is planned for later is not replaced');
SELECT throws_ok($$SELECT mjc.price_list_price_set('test-list', 'TEST-ONLY-1', 1, 1, 12, replace => true)$$, 'MJ212', NULL, 'nor are other quantities');
SELECT isnt(mjc.price_list_price_set('test-list', 'TEST-ONLY-2', 5, 1, 9, now(), replace => true), NULL, 'now() is now, however long the transaction takes');

-- Ends
SELECT is(mjc.price_list_price_end(:'p2'), 'ended', 'a price that has begun ends');
SELECT is(mjc.price_list_price_end(:'p2'), 'ended', 'again is no change');
SELECT is((SELECT count(*) FROM mjc.audit WHERE action = 'price_end' AND before ->> 'priceId' = :'p2'), 1::bigint, 'it is audited once');
SELECT is(mjc.price_list_price_end((SELECT price_id FROM mjc.price WHERE amount_centimes = 89000)), 'deleted', 'one that has not is deleted');
SELECT throws_ok(format('SELECT mjc.price_list_price_end(%L)', id), 'MJ004', NULL, 'no such price') FROM unnest(ARRAY[NULL, pg_temp.pid(9)]) id;
SELECT isnt(mjc.price_list_price_set('test-list', 'TEST-ONLY-1', 840, 10), NULL, 'what ended is free again');
SELECT is(mjc.price_list_delete('test-list'), false, 'a list with a past stays');
SELECT is_empty(format('SELECT price_id FROM mjc.price WHERE price_list_id = %L AND (upper_inf(validity) OR upper(validity) > clock_timestamp())', :'list'), 'with nothing that holds');
SELECT mjc.price_list_set('test-empty', '{"name": "Empty", "kind": "sale"}') \g /dev/null
SELECT isnt(mjc.price_list_price_set('test-empty', 'TEST-ONLY-1', 1, from_at => '2030-01-01'), NULL, 'a price of the future');
SELECT is(mjc.price_list_delete('test-empty'), true, 'goes with its list');
SELECT is(mjc.price_list_find('test-empty'), NULL, 'which is gone');
SELECT throws_ok(format('SELECT mjc.price_list_delete(%L)', l), 'MJ004', NULL, 'no such list') FROM unnest(ARRAY[NULL, 'test-empty']) l;
SELECT is(mjc.ended('[2026-01-01 00:00Z,)', '2026-01-01 00:00Z'), '[2026-01-01 00:00:00Z,2026-01-01 00:00:00.000001Z)'::tstzrange, 'a price that ends as it begins held for an instant');
SELECT set_eq($$SELECT action FROM mjc.audit WHERE subject_kind = 'price_list'$$, ARRAY['price_list_set', 'price_list_delete', 'price_add', 'price_end'], 'every change is audited');

-- Who
CREATE ROLE test_staff LOGIN IN ROLE mjc_admin;
CREATE ROLE test_nobody LOGIN IN ROLE mjc_admin;
SELECT mjc.staff_create('test_staff', 'Test Staff') AS id \gset
SET SESSION AUTHORIZATION test_staff;
SELECT isnt(mjc.price_set('00000000-0000-4000-8000-000000000001', 55), NULL, 'staff change a price');
SELECT throws_ok($$SELECT mjc.price_write(NULL, 'psql', '00000000-0000-4000-8000-000000000001', '{"price": 1}', NULL)$$, '42501', NULL, 'but not in somebody''s name');
SELECT throws_ok('UPDATE mjc.product SET price_centimes = 1', '42501', NULL, 'nor past the rule');
SET SESSION AUTHORIZATION test_nobody;
SELECT throws_ok(format('SELECT mjc.%s', s), 'MJ601', NULL, format('nobody''s login: %s', s))
  FROM unnest(ARRAY[$$price_set('00000000-0000-4000-8000-000000000001', 1)$$, $$price_update('00000000-0000-4000-8000-000000000001', '{"price": 1}')$$, $$customer_group_set('test-x', 'A', 'B')$$,
                    $$customer_group_assign('00000000-0000-4000-8000-000000000077', 'retail')$$, $$price_list_set('test-x', '{"name": "A", "kind": "sale"}')$$, $$price_list_delete('test-list')$$,
                    $$price_list_price_set('test-list', 'TEST-ONLY-1', 1)$$, $$price_list_price_end('00000000-0000-4000-8000-000000000077')$$]) s;
RESET SESSION AUTHORIZATION;
SELECT is((SELECT actor FROM mjc.audit WHERE action = 'price_set' ORDER BY audit_id DESC LIMIT 1), :'id'::uuid, 'the audit knows who');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');

SELECT * FROM finish();
ROLLBACK;
