-- order_api: what customers do with their own orders: place, list, read, cancel; and the
-- messages that every order leaves in the outbox.
BEGIN;
SELECT plan(74);

-- Before anything is written in this session: the check is remembered once it passed.
UPDATE mjc.schema_version SET version = version || '-other';
SELECT throws_ok(s, 'MJ009', NULL, 'another schema version: ' || s)
  FROM unnest(ARRAY['SELECT mjc_api.order_place(NULL, NULL, NULL, NULL, NULL, ARRAY[gen_random_uuid()], ''{1}'', NULL, NULL, ''1 rue du Test'', ''Oran'', NULL, NULL, NULL, NULL)',
                    'SELECT mjc_api.order_cancel(NULL, NULL, NULL, NULL, ''x'', NULL)']) s;
UPDATE mjc.schema_version SET version = replace(version, '-other', '');
\ir fixture.psql
SELECT pg_temp.make_stock(1, 1000, 100000) \g /dev/null
SELECT pg_temp.make_stock(2, 1000, 5000) \g /dev/null

CREATE FUNCTION pg_temp.make_customer(address text, phone text DEFAULT NULL) RETURNS uuid
    LANGUAGE plpgsql
AS $$
DECLARE
    id uuid := gen_random_uuid();
BEGIN
    INSERT INTO mjc.account (account_id, role, is_verified) VALUES (id, 'CUSTOMER', true);
    INSERT INTO mjc.account_email (email, account_id) VALUES (address, id);
    WITH made AS (INSERT INTO mjc.customer (customer_id, kind, account_id, created_at) VALUES (id, 'registered', id, now()) RETURNING 1)
    INSERT INTO mjc.customer_delta (delta_id, change, on_day) SELECT gen_random_uuid(), 1, mjc.algiers_date(now()) FROM made;
    INSERT INTO mjc.customer_person (customer_id, first_name, last_name, phone, email) VALUES (id, 'Nadia', 'Cherif', make_customer.phone, address);
    RETURN id;
END
$$;
CREATE FUNCTION pg_temp.own(who uuid, numbers integer[] DEFAULT '{1}', quantities integer[] DEFAULT '{1}', key text DEFAULT NULL, phone text DEFAULT NULL,
    info_phone text DEFAULT NULL, street text DEFAULT '1 rue du Test', city text DEFAULT 'Testville', region text DEFAULT '99', note text DEFAULT NULL,
    version integer DEFAULT 0, OUT body json, OUT replayed boolean)
    LANGUAGE sql
AS $$
    SELECT r.body -> 'order', r.replayed
      FROM mjc_api.order_place(who, version, gen_random_uuid(), 'req-own', key, pg_temp.pids(numbers), quantities, phone, info_phone, street, city, NULL, region, NULL, note) r
$$;
CREATE FUNCTION pg_temp.cancel(who uuid, id text, reason text DEFAULT NULL) RETURNS json
    LANGUAGE sql
    AS $$ SELECT mjc_api.order_cancel(who, 0, gen_random_uuid(), 'req-cancel', id, reason) -> 'order' $$;
CREATE FUNCTION pg_temp.told(ref text) RETURNS text
    LANGUAGE sql
AS $$
    SELECT string_agg(o.topic || ' ' || (o.payload ->> 'status'), ', ' ORDER BY o.outbox_id) FROM mjc.outbox o
     WHERE o.aggregate_kind = 'order' AND o.aggregate_id = pg_temp.order_id(ref) AND o.payload = jsonb_build_object('orderNumber', ref, 'status', o.payload ->> 'status')
$$;
SELECT pg_temp.make_customer('nadia@example.test', '+213660000001') AS nadia \gset
SELECT pg_temp.make_customer('other@example.test', '+213660000002') AS other \gset
SELECT pg_temp.make_customer('mute@example.test') AS mute \gset
SELECT pg_temp.make_admin('order-api@example.test') AS admin \gset

------------------------------------------------------------------------- placing
SELECT mjc.cart_add(:'nadia', 'customer', pg_temp.pid(1), 3) \g /dev/null
SELECT mjc.cart_add(:'nadia', 'customer', pg_temp.pid(2), 4) \g /dev/null
SELECT (b).body AS body FROM pg_temp.own(:'nadia', '{1}', '{2}', note => ' Sonnez ') b \gset
SELECT :'body'::json ->> 'orderNumber' AS ref, :'body'::json ->> 'id' AS id \gset
SELECT is(:'body'::json ->> k, v, format('reply: %s is %s', k, v))
  FROM (VALUES ('customerName', 'Nadia Cherif'), ('customerEmail', 'nadia@example.test'), ('customerPhone', '+213660000001'), ('customerId', :'nadia'),
               ('subtotal', '2000.00'), ('shipping', '700.00'), ('total', '2700.00'), ('status', 'pending'), ('customerNote', 'Sonnez')) e (k, v);
SELECT is((SELECT channel || ' ' || customer_group FROM mjc.order WHERE order_id = :'id'), 'web retail', 'the order as stored');
SELECT is((SELECT actor FROM mjc.order_event WHERE order_id = :'id'), :'nadia'::uuid, 'its history knows who');
SELECT results_eq(format('SELECT product_id, qty FROM mjc.cart_line WHERE owner_id = %L', :'nadia'), format('VALUES (%L::uuid, 4)', pg_temp.pid(2)),
    'what was ordered left the cart, the rest stays');
SELECT is((SELECT count(*) FROM mjc.audit WHERE subject_id = :'ref'), 0::bigint, 'no change by staff');
SELECT is(pg_temp.told(:'ref'), 'order_placed PENDING', 'the outbox knows');
UPDATE mjc.customer SET customer_group = 'technician' WHERE customer_id = :'nadia';
SELECT (b).body ->> 'id' AS grouped FROM pg_temp.own(:'nadia', note => 'group') b \gset
SELECT is((SELECT o.customer_group FROM mjc.order o WHERE o.order_id = :'grouped'), (SELECT customer_group FROM mjc.customer WHERE customer_id = :'nadia'), 'at the prices of his group');
UPDATE mjc.customer SET customer_group = 'retail' WHERE customer_id = :'nadia';
UPDATE mjc.setting SET integer_value = 1 WHERE name IN ('guest_open_orders_max', 'guest_order_units_max');
SELECT lives_ok(format('SELECT pg_temp.own(%L, ''{1}'', ''{9}'')', :'nadia'), 'the limits of guests are not his');
UPDATE mjc.setting SET integer_value = 100000 WHERE name = 'guest_open_orders_max';
UPDATE mjc.setting SET integer_value = 50000 WHERE name = 'guest_order_units_max';

-- Phone: the record's, else what was sent
SELECT is((pg_temp.own(:'nadia', phone => '0770 00 00 09')).body ->> 'customerPhone', '+213660000001', 'the phone is that of the record');
SELECT pg_temp.refused(format('SELECT pg_temp.own(%L)', :'mute'), 'MJ003', 'phone', 'no phone anywhere');
SELECT is((pg_temp.own(:'mute', phone => '0770 00 00 09')).body ->> 'customerPhone', '+213770000009', 'else what was sent');
SELECT is((pg_temp.own(:'mute', phone => ' ', info_phone => '0770 00 00 08')).body ->> 'customerPhone', '+213770000008', 'or sent elsewhere');
SELECT throws_ok(format('SELECT pg_temp.own(%L, phone => ''021000000'')', :'mute'), 'MJ305', NULL, 'a phone that is none');

-- Region: what was sent, else by the city, else the default address
SELECT pg_temp.refused(format('SELECT pg_temp.own(%L, region => NULL)', :'other'), 'MJ003', 'region', 'no region anywhere');
SELECT is((pg_temp.own(:'other', region => NULL, city => 'épreuve')).body #>> '{shippingAddress,region}', '99', 'a city that is called as its wilaya');
INSERT INTO mjc.address (customer_id, address_id, kind, street, city, region, is_default)
VALUES (:'other', gen_random_uuid(), 'BILLING', '1 rue du Test', 'Ailleurs', '31', true), (:'other', gen_random_uuid(), 'SHIPPING', '1 rue du Test', 'Testville', '16', true);
SELECT is((pg_temp.own(:'other', region => r, city => c)).body #>> '{shippingAddress,region}', w, n)
  FROM (VALUES (NULL, 'TESTVILLE', '16', 'the default address in that city'), (NULL, 'Village', '16', 'the default address'),
               (NULL, 'Épreuve', '99', 'not to another wilaya'), ('31', 'Testville', '31', 'what was sent counts')) v (r, c, w, n);

-- NULLs and bounds
SELECT pg_temp.refused(format('SELECT pg_temp.own(%L, %I => %L)', :'nadia', f, v), c, f, format('%s: %s', f, left(coalesce(v, 'NULL'), 5)))
  FROM (VALUES ('street', NULL, 'MJ003'), ('city', NULL, 'MJ003'), ('street', 'rue1', 'MJ006'), ('city', repeat('é', 101), 'MJ006'),
               ('region', repeat('é', 51), 'MJ006'), ('note', repeat('é', 501), 'MJ006')) v (f, v, c);
SELECT pg_temp.own(:'other', '{2}', '{900}') \g /dev/null
SELECT throws_ok(format('SELECT pg_temp.own(%L, %L, %L)', :'nadia', n, q), c, NULL, format('lines %s %s', n, q))
  FROM (VALUES ('{77}', '{1}', 'MJ102'), ('{1}', '{0}', 'MJ104'), ('{1}', '{1,1}', 'MJ010'), ('{2}', '{999}', 'MJ101')) v (n, q, c);

-- Who may
SELECT throws_ok('SELECT pg_temp.own(NULL)', 'MJ060', NULL, 'nobody');
SELECT throws_ok(format('SELECT pg_temp.own(%L, version => 1)', :'nadia'), 'MJ063', NULL, 'an older token');
SELECT throws_ok(format('SELECT pg_temp.own(%L)', :'admin'), 'MJ004', NULL, 'staff are no customers');
UPDATE mjc.customer SET status = 'blocked' WHERE customer_id = :'other';
SELECT throws_ok(format('SELECT pg_temp.own(%L)', :'other'), 'MJ652', NULL, 'a blocked customer');
UPDATE mjc.customer SET status = 'active' WHERE customer_id = :'other';

-- Keys
SELECT (b).body::text AS first, (b).replayed AS replayed FROM pg_temp.own(:'nadia', key => 'own-1') b \gset
UPDATE mjc.customer_person SET phone = '+213660000003' WHERE customer_id = :'nadia';
SELECT is((SELECT b.replayed::text || ' ' || (b.body::text = :'first') FROM pg_temp.own(:'nadia', key => 'own-1') b), 'true true', 'a key is one order, whatever the record says now');
SELECT throws_ok(format('SELECT pg_temp.own(%L, ''{1}'', ''{2}'', key => ''own-1'')', :'nadia'), 'MJ022', NULL, 'another request');
SELECT is((pg_temp.own(:'other', key => 'own-1')).replayed, false, 'the key of another customer');
SELECT is((pg_temp.buy('{1}', '{1}', key => 'own-1')).replayed, false, 'nor that of a guest');

------------------------------------------------------------------------- reading
SELECT is(mjc_api.order_get(:'nadia', 0, gen_random_uuid(), i) #>> '{order,id}', :'id', 'found by ' || n)
  FROM (VALUES (:'id', 'id'), (upper(:'id'), 'id in capitals'), (:'ref', 'number'), (lower(replace(:'ref', '-', '')), 'number typed otherwise')) v (i, n);
SELECT is(mjc_api.order_get(w::uuid, 0, gen_random_uuid(), i)::text, NULL, n)
  FROM (VALUES (:'other', :'id', 'not another''s'), (:'nadia', gen_random_uuid()::text, 'unknown'), (:'nadia', 'x', 'malformed'), (:'nadia', NULL, 'nothing')) v (w, i, n);
SELECT is((mjc_api.order_list(:'nadia', 0, gen_random_uuid(), NULL, NULL, NULL, NULL, NULL) #>> '{pagination,total}')::bigint,
          (SELECT count(*) FROM mjc.order WHERE customer_id = :'nadia'), 'all his orders');
SELECT is((mjc_api.order_list(:'nadia', 0, gen_random_uuid(), 1, 1, NULL, 'total', 'desc') #>> '{orders,0,total}')::numeric,
          (SELECT max(total_centimes) / 100.0 FROM mjc.order WHERE customer_id = :'nadia'), 'by total');
SELECT is(mjc_api.order_list(:'mute', 0, gen_random_uuid(), 1, 1, 'REFUNDED', NULL, NULL) ->> 'orders', '[]', 'none of that status');
SELECT pg_temp.refused(format('SELECT mjc_api.order_list(%L, 0, gen_random_uuid(), 1, 1, NULL, %L, %L)', :'nadia', b, o), 'MJ010', a, a)
  FROM (VALUES ('secret', NULL, 'sortBy'), (NULL, 'up', 'sortOrder')) v (b, o, a);

---------------------------------------------------------------------- cancelling
SELECT throws_ok(format('SELECT pg_temp.cancel(%L, %L)', w, i), c, NULL, n)
  FROM (VALUES (:'other', :'id', 'MJ004', 'cancel another''s'), (:'nadia', 'x', 'MJ004', 'cancel x'), (:'nadia', NULL, 'MJ003', 'cancel nothing'), (NULL, :'id', 'MJ060', 'nobody cancels')) v (w, i, c, n);
SELECT throws_ok(format('SELECT pg_temp.cancel(%L, %L, %L)', :'nadia', :'id', repeat('n', 501)), 'MJ006', NULL, 'a reason too long');
SELECT mjc.order_confirm(:'ref') \g /dev/null
SELECT is(pg_temp.cancel(:'nadia', :'ref', 'trouvé ailleurs') ->> 'status', 'cancelled', 'a confirmed order');
SELECT is(pg_temp.cancel(:'nadia', :'ref', 'encore') ->> 'status', 'cancelled', 'again changes nothing');
SELECT results_eq(format('SELECT kind, to_status, actor, channel, note FROM mjc.order_event WHERE order_id = %L ORDER BY seq DESC LIMIT 1', :'id'),
    format($$VALUES ('status', 'CANCELLED', %L::uuid, 'rest', 'trouvé ailleurs')$$, :'nadia'), 'the history keeps who and why');
SELECT is(pg_temp.told(:'ref'), 'order_placed PENDING, order_confirmed CONFIRMED, order_cancelled CANCELLED', 'each step was told');
SELECT reference AS late FROM mjc.order WHERE order_id = :'grouped' \gset
SELECT mjc.order_change(:'late', 'PROCESSING') \g /dev/null
SELECT throws_ok(format('SELECT pg_temp.cancel(%L, %L)', :'nadia', :'late'), 'MJ301', NULL, 'too late once it is prepared');
SELECT mjc.order_ship(:'late'), mjc.order_deliver(:'late'), mjc.order_refund(:'late') \g /dev/null
SELECT is(pg_temp.told(:'late'), 'order_placed PENDING, order_shipped SHIPPED, order_delivered DELIVERED, order_refunded REFUNDED', 'preparing is not told');
SELECT is(mjc_api.order_statistics(:'nadia', 0, gen_random_uuid())::jsonb, (SELECT jsonb_build_object('statistics', jsonb_build_object(
              'totalOrders', count(*), 'pendingOrders', count(*) FILTER (WHERE status = 'PENDING'), 'completedOrders', 0, 'cancelledOrders', 1,
              'totalRevenue', sum(total_centimes) FILTER (WHERE status = 'PENDING') / 100.0)) FROM mjc.order WHERE customer_id = :'nadia'), 'figures');
SELECT set_eq('SELECT to_status || '': '' || who FROM mjc_report.order_transition WHERE from_status IN (''PENDING'', ''CONFIRMED'') AND to_status IN (''CANCELLED'', ''SHIPPED'')',
    ARRAY['CANCELLED: customer, staff, job', 'CANCELLED: customer, staff', 'SHIPPED: staff'], 'who may');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');

SELECT * FROM finish();
ROLLBACK;
