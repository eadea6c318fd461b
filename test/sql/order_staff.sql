-- order_staff: what staff do with orders: take one for a customer.
BEGIN;
SELECT plan(53);

-- Before anything is written in this session: the check is remembered once it passed.
UPDATE mjc.schema_version SET version = version || '-other';
SELECT throws_ok(s, 'MJ009', NULL, 'another schema version: ' || s)
  FROM unnest(ARRAY['SELECT mjc_api.staff_order_create(NULL, NULL, NULL, NULL, NULL, gen_random_uuid(), NULL, ARRAY[gen_random_uuid()], ''{1}'', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)']) s;
UPDATE mjc.schema_version SET version = replace(version, '-other', '');
\ir fixture.psql
SELECT pg_temp.make_stock(1, 1000, 100000) \g /dev/null
SELECT pg_temp.make_stock(2, 1000, 5000) \g /dev/null
SELECT pg_temp.make_admin('order-staff@example.test') AS admin \gset
SELECT pg_temp.make_admin('order-super@example.test', 'SUPER_ADMIN') AS super, pg_temp.make_admin('order-tech@example.test', 'TECHNICIAN') AS tech \gset

CREATE FUNCTION pg_temp.client(address text, phone text DEFAULT NULL) RETURNS uuid
    LANGUAGE plpgsql
AS $$
DECLARE
    id uuid := gen_random_uuid();
BEGIN
    INSERT INTO mjc.account (account_id, role, is_verified) VALUES (id, 'CUSTOMER', true);
    INSERT INTO mjc.account_email (email, account_id) VALUES (address, id);
    INSERT INTO mjc.customer (customer_id, kind, account_id, created_at) VALUES (id, 'registered', id, now());
    INSERT INTO mjc.customer_person (customer_id, first_name, last_name, phone, email) VALUES (id, 'Nadia', 'Cherif', client.phone, address);
    RETURN id;
END
$$;
CREATE FUNCTION pg_temp.address(who uuid, street text, region text, chosen boolean DEFAULT true, kind text DEFAULT 'SHIPPING') RETURNS uuid
    LANGUAGE sql
AS $$
    INSERT INTO mjc.address (customer_id, address_id, kind, street, city, region, is_default)
    VALUES (who, gen_random_uuid(), address.kind, address.street, 'Testville', address.region, chosen) RETURNING address_id
$$;
CREATE FUNCTION pg_temp.take(who uuid, numbers integer[] DEFAULT '{1}', quantities integer[] DEFAULT '{1}', key text DEFAULT NULL, address uuid DEFAULT NULL, phone text DEFAULT NULL,
    street text DEFAULT NULL, city text DEFAULT NULL, region text DEFAULT NULL, note text DEFAULT NULL, actor uuid DEFAULT NULL, version integer DEFAULT 0,
    mode text DEFAULT NULL, credit boolean DEFAULT NULL, OUT body json, OUT replayed boolean)
    LANGUAGE sql
AS $$
    SELECT r.body, r.replayed
      FROM mjc_api.staff_order_create(coalesce(actor, (SELECT account_id FROM mjc.account_email WHERE email = 'order-staff@example.test')), version, gen_random_uuid(), 'req-take', key, who, address,
               pg_temp.pids(numbers), quantities, phone, street, city, NULL, region, NULL, note, NULL, NULL, mode, credit) r
$$;
SELECT pg_temp.client('named@example.test', '+213660000011') AS nadia, pg_temp.client('mute-named@example.test') AS mute \gset
SELECT pg_temp.address(:'nadia', '5 rue des Roses', '99') AS home, pg_temp.address(:'nadia', '6 rue du Port', '31', false) AS other_home, pg_temp.address(:'mute', '7 rue Haute', '99') AS foreign_home \gset

------------------------------------------------------------------ taking an order
UPDATE mjc.customer SET customer_group = 'technician' WHERE customer_id = :'nadia';
SELECT mjc.cart_add(:'nadia', 'customer', pg_temp.pid(1), 3) \g /dev/null
SELECT (b).body AS body FROM pg_temp.take(:'nadia', '{1}', '{2}', note => ' Appelle après 17 h ') b \gset
SELECT :'body'::json ->> 'orderNumber' AS ref, :'body'::json ->> 'id' AS id \gset
SELECT is(:'body'::json #>> k::text[], v, format('reply: %s is %s', k, v))
  FROM (VALUES ('{customerName}', 'Nadia Cherif'), ('{customerPhone}', '+213660000011'), ('{customerId}', :'nadia'), ('{statusCode}', 'CONFIRMED'), ('{shipping}', '700.00'),
               ('{shippingAddress,street}', '5 rue des Roses'), ('{notes}', 'Appelle après 17 h'), ('{customerNote}', NULL), ('{history,0,note}', 'Appelle après 17 h')) e (k, v);
SELECT is(:'body'::jsonb, mjc.order_doc(:'id'), 'the reply is what GET shows');
SELECT is((SELECT channel || ' ' || customer_group || ' ' || order_state FROM mjc.order WHERE order_id = :'id'), 'staff technician confirmed', 'at the prices of his group, confirmed');
SELECT is(pg_temp.held(:'id', 1), '1: 2 2 0 0 0', 'its units are held');
SELECT is((SELECT count(*) FROM mjc.reservation WHERE reservation_id = :'id' AND expires_at IS NULL), 1::bigint, 'for good');
SELECT is((SELECT sum(qty) FROM mjc.cart_line WHERE owner_id = :'nadia'), 3::bigint, 'his cart stays as it is');
SELECT is((SELECT action || ' ' || actor || ' ' || request_id FROM mjc.audit WHERE subject_id = :'ref'), 'order_place ' || :'admin' || ' req-take', 'audited');
SELECT is((SELECT action || ' ' || subject FROM mjc.personal_access WHERE request_id = 'req-take'), 'order_place ' || :'nadia', 'the look is on record');
SELECT is((SELECT is_open FROM mjc.customer_order WHERE order_id = :'id'), true, 'it is one of his orders');
UPDATE mjc.setting SET boolean_value = true WHERE name = 'maintenance_mode';
SELECT lives_ok(format('SELECT pg_temp.take(%L)', :'nadia'), 'staff go on when the shop is closed');
UPDATE mjc.setting SET boolean_value = false WHERE name = 'maintenance_mode';

-- Where to
SELECT is((pg_temp.take(:'nadia', address => :'other_home')).body #>> '{shippingAddress,region}', '31', 'to an address that is named');
SELECT is((pg_temp.take(:'nadia', street => '1 rue du Test', city => 'Testville', region => '16')).body #>> '{shippingAddress,region}', '16', 'or sent');
SELECT pg_temp.refused(format('SELECT pg_temp.take(%L, address => %L)', :'nadia', a), 'MJ010', 'addressId', n) FROM (VALUES (:'foreign_home', 'not another''s'), (gen_random_uuid()::text, 'nor one that is not there')) v (a, n);
SELECT pg_temp.refused(format('SELECT pg_temp.take(%L, address => %L, street => ''1 rue du Test'', city => ''Testville'')', :'nadia', :'home'), 'MJ010', 'addressId', 'not both');
SELECT pg_temp.refused(format('SELECT pg_temp.take(%L, %I => %L)', :'nadia', f, v), c, a, format('%s alone', f))
  FROM (VALUES ('street', '1 rue du Test', 'MJ003', 'city'), ('city', 'Testville', 'MJ003', 'street'), ('region', '16', 'MJ003', 'street'), ('street', 'rue1', 'MJ006', 'street'), ('note', repeat('é', 501), 'MJ006', 'notes')) x (f, v, c, a);

-- For whom
SELECT pg_temp.refused(format('SELECT pg_temp.take(%L)', :'mute'), 'MJ003', 'phone', 'no phone anywhere');
SELECT is((pg_temp.take(:'mute', phone => '0770 00 00 19')).body ->> 'customerPhone', '+213770000019', 'the one that is sent');
SELECT pg_temp.bought('{1}', '{1}', '0551000021') AS guest_ref \gset
SELECT customer_id AS guest FROM mjc.order WHERE reference = :'guest_ref' \gset
SELECT pg_temp.refused(format('SELECT pg_temp.take(%L)', :'guest'), 'MJ003', 'shippingAddress', 'a guest has no default address');
UPDATE mjc.setting SET integer_value = 1 WHERE name IN ('guest_open_orders_max', 'guest_order_units_max');
SELECT is((pg_temp.take(:'guest', '{2}', '{9}', street => '1 rue du Test', city => 'Testville', region => '99')).body ->> 'customerPhone', '+213551000021', 'a guest, past his limits');
SELECT pg_temp.refused('SELECT pg_temp.take(NULL)', 'MJ003', 'customerId', 'nobody');
SELECT throws_ok(format('SELECT pg_temp.take(%L)', i), 'MJ004', NULL, n) FROM (VALUES (gen_random_uuid(), 'an unknown customer'), (:'admin'::uuid, 'staff are no customers')) v (i, n);
UPDATE mjc.customer SET status = 'inactive' WHERE customer_id = :'mute';
SELECT throws_ok(format('SELECT pg_temp.take(%L, phone => ''0770000019'')', :'mute'), 'MJ652', NULL, 'one who may not order');
UPDATE mjc.customer SET status = 'erased', erased_at = now() WHERE customer_id = :'mute';
SELECT throws_ok(format('SELECT pg_temp.take(%L, phone => ''0770000019'')', :'mute'), 'MJ653', NULL, 'one who was erased');
UPDATE mjc.customer SET merged_into = :'nadia' WHERE customer_id = :'guest';
SELECT throws_ok(format('SELECT pg_temp.take(%L)', :'guest'), 'MJ004', NULL, 'a guest who was joined to another');
UPDATE mjc.customer SET merged_into = NULL WHERE customer_id = :'guest';
UPDATE mjc.customer SET status = 'active', erased_at = NULL WHERE customer_id = :'mute';
SELECT throws_ok(format('SELECT pg_temp.take(%L, actor => %L, version => %s)', :'nadia', a, v), c, NULL, n)
  FROM (VALUES (:'nadia', 0, 'MJ064', 'a customer'), (:'tech', 0, 'MJ064', 'a technician'), (:'admin', 1, 'MJ063', 'an older token')) x (a, v, c, n);
SELECT throws_ok(format('SELECT pg_temp.take(%L, %L, %L)', :'nadia', n, q), c, NULL, format('lines %s %s', n, q))
  FROM (VALUES ('{77}', '{1}', 'MJ102'), ('{1}', '{0}', 'MJ104'), ('{1}', '{1,1}', 'MJ010'), ('{2}', '{999}', 'MJ101')) v (n, q, c);

-- Keys
SELECT (b).body::text AS first FROM pg_temp.take(:'nadia', key => 'take-1') b \gset
SELECT is((SELECT b.replayed::text || ' ' || (b.body::text = :'first') FROM pg_temp.take(:'nadia', key => 'take-1') b), 'true true', 'a key is one order, the same bytes');
SELECT throws_ok(format('SELECT pg_temp.take(%L, key => ''take-1'', %s)', :'nadia', d), 'MJ022', NULL, 'another request: ' || d)
  FROM unnest(ARRAY['note => ''x''', format('address => %L', :'home'), 'quantities => ''{2}''']) d;
SELECT throws_ok(format('SELECT pg_temp.take(%L, key => ''take-1'', phone => ''0770000019'')', w), 'MJ022', NULL, 'another customer') FROM unnest(ARRAY[:'mute']) w;
SELECT is((pg_temp.take(:'nadia', key => 'take-1', actor => :'super')).replayed, false, 'the key of another member of staff');

SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');
SELECT * FROM finish();
ROLLBACK;
