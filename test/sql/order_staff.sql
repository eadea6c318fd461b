-- order_staff: what staff do with orders: take one for a customer, correct it, look for it,
-- take it away as a file.
BEGIN;
SELECT plan(243);

-- Before anything is written in this session: the check is remembered once it passed.
UPDATE mjc.schema_version SET version = version || '-other';
SELECT throws_ok(s, 'MJ009', NULL, 'another schema version: ' || s)
  FROM unnest(ARRAY['SELECT mjc_api.staff_order_create(NULL, NULL, NULL, NULL, NULL, gen_random_uuid(), NULL, ARRAY[gen_random_uuid()], ''{1}'', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)',
    'SELECT mjc.order_note(''x'', ''x'')', 'SELECT mjc.order_address_change(''x'', ''x'')', 'SELECT mjc_api.staff_order_update(NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)',
    'SELECT mjc_api.staff_order_notes(NULL, 0, NULL, NULL, NULL)', 'SELECT mjc_api.staff_order_note_add(NULL, 0, NULL, NULL, NULL, NULL, NULL)', 'SELECT mjc_api.staff_order_tracking(NULL, 0, NULL, NULL, NULL)',
    'SELECT mjc_api.staff_order_search(NULL, 0, NULL, NULL, ''x'', 1)', 'SELECT mjc_api.staff_order_recent(NULL, 0, NULL, NULL, 1)', 'SELECT mjc_api.staff_order_delayed(NULL, 0, NULL, NULL, 1)',
    'SELECT mjc_api.staff_order_export(NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)', 'SELECT mjc_api.staff_export(NULL, 0, NULL, NULL, ''orders'', NULL, NULL, NULL, NULL)']) s;
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
    WITH made AS (INSERT INTO mjc.customer (customer_id, kind, account_id, created_at) VALUES (id, 'registered', id, now()) RETURNING 1)
    INSERT INTO mjc.customer_delta (delta_id, change, on_day) SELECT gen_random_uuid(), 1, mjc.algiers_date(now()) FROM made;
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


----------------------------------------------------------------- correcting one
CREATE FUNCTION pg_temp.edit(id uuid, doc jsonb, actor uuid DEFAULT NULL) RETURNS jsonb
    LANGUAGE sql
AS $$
    SELECT mjc_api.staff_order_update(coalesce(actor, (SELECT account_id FROM mjc.account_email WHERE email = 'order-staff@example.test')), 0, gen_random_uuid(), 'req-edit', id,
        doc ->> 'status', doc ->> 'notes', doc ->> 'tracking', doc ->> 'carrier', doc ->> 'street', doc ->> 'city', doc ->> 'postalCode', doc ->> 'region', doc ->> 'country')
$$;
CREATE FUNCTION pg_temp.last_event(id uuid) RETURNS text
    LANGUAGE sql
    AS $$ SELECT concat_ws(' ', kind, from_status, to_status, channel, note) FROM mjc.order_event WHERE order_id = id ORDER BY seq DESC LIMIT 1 $$;
CREATE FUNCTION pg_temp.audited(ref text) RETURNS text
    LANGUAGE sql
    AS $$ SELECT concat_ws(' ', action, channel, request_id, after) FROM mjc.audit WHERE subject_id = ref ORDER BY at DESC, audit_id DESC LIMIT 1 $$;
SELECT pg_temp.bought('{1}', '{1}', '0551000022') AS ref2 \gset
SELECT pg_temp.order_id(:'ref2') AS id2, customer_id AS guest2 FROM mjc.order WHERE reference = :'ref2' \gset
SELECT pg_temp.edit(:'id2', '{"notes": " Premier "}') AS edited \gset
SELECT is(:'edited', mjc.order_doc(:'id2'), 'the reply is what GET shows');
SELECT is(pg_temp.last_event(:'id2'), 'note PENDING PENDING rest Premier', 'a note is in the history');
SELECT is(pg_temp.audited(:'ref2'), 'order_note rest req-edit {"status": "PENDING"}', 'and in the audit, without its text');
SELECT is(pg_temp.edit(:'id2', '{"notes": "Second", "tracking": "TRK-9", "carrier": "Yalidine"}') ->> 'notes', E'Premier\nSecond', 'the next one comes below');
SELECT is((SELECT tracking_number || ' ' || carrier FROM mjc.order WHERE order_id = :'id2'), 'TRK-9 Yalidine', 'number and carrier of the parcel');
SELECT is(pg_temp.edit(:'id2', '{"street": "9 rue Neuve", "postalCode": "16000"}') -> 'shippingAddress', '{"street": "9 rue Neuve", "city": "Testville", "postalCode": "16000", "country": "Algeria", "region": "99"}', 'a part of the address');
SELECT is(pg_temp.last_event(:'id2'), 'note PENDING PENDING rest Adresse de livraison corrigée', 'is in the history');
SELECT is(pg_temp.audited(:'ref2'), 'order_address_change rest req-edit {"fields": ["postalCode", "street"]}', 'the audit knows which fields, and no address');
SELECT count(*) AS events FROM mjc.order_event WHERE order_id = :'id2' \gset
SELECT lives_ok(format('SELECT pg_temp.edit(%L, ''{"street": "9 rue Neuve"}'')', :'id2'), 'the same again');
SELECT is((SELECT count(*) FROM mjc.order_event WHERE order_id = :'id2'), :events::bigint, 'changes nothing');
SELECT is(pg_temp.edit(:'id2', d) #>> '{shippingAddress,region}', w, 'within the wilaya: ' || d::text)
  FROM (VALUES ('{"region": "Épreuve"}'::jsonb, 'Épreuve'), ('{"region": "99", "city": "épreuve"}', '99')) v (d, w);
SELECT throws_ok(format('SELECT pg_temp.edit(%L, %L)', :'id2', d), 'MJ321', NULL, 'another wilaya: ' || d)
  FROM unnest(ARRAY['{"region": "31"}', '{"region": "Oran"}', '{"city": "Oran"}', '{"region": "Atlantis"}']) d;
SELECT is((SELECT shipping_centimes || ' ' || wilaya_code FROM mjc.order WHERE order_id = :'id2'), '70000 99', 'delivery costs what it did');
SELECT throws_ok(format('SELECT pg_temp.edit(%L, %L)', :'id2', d), c, NULL, left(d, 30))
  FROM (VALUES ('{}', 'MJ003'), ('{"status": "LOST"}', 'MJ306'), ('{"status": "REFUNDED"}', 'MJ301'), ('{"street": "rue"}', 'MJ006'), (jsonb_build_object('notes', repeat('é', 501))::text, 'MJ006'),
               (jsonb_build_object('tracking', repeat('é', 101))::text, 'MJ006'), (jsonb_build_object('carrier', repeat('é', 101))::text, 'MJ006'), ('{"street": "1 rue\u0007 du Test"}', 'MJ010')) v (d, c);
SELECT is(pg_temp.edit(x, '{"notes": "x"}'), NULL, 'no such order') FROM unnest(ARRAY[gen_random_uuid(), NULL]) x;
SELECT throws_ok(format('SELECT pg_temp.edit(%L, ''{"notes": "x"}'', %L)', :'id2', a), 'MJ064', NULL, 'a customer or a technician corrects nothing') FROM unnest(ARRAY[:'nadia', :'tech']) a;
SELECT is(pg_temp.edit(:'id2', '{"status": "shipped", "notes": "Parti", "tracking": "TRK-10", "carrier": "ZR"}') ->> 'statusCode', 'SHIPPED', 'status and the rest at once');
SELECT is(pg_temp.last_event(:'id2'), 'status PENDING SHIPPED rest Parti', 'in one event');
SELECT is((SELECT s.tracking_number || ' ' || s.carrier || ' ' || o.carrier FROM mjc.shipment s JOIN mjc.order o USING (order_id) WHERE order_id = :'id2'), 'TRK-10 ZR ZR', 'the shipment knows them');
SELECT throws_ok(format('SELECT pg_temp.edit(%L, ''{"street": "10 rue Neuve"}'')', :'id2'), 'MJ320', NULL, 'on its way the address is fixed');
SELECT lives_ok(format('SELECT pg_temp.edit(%L, ''{"street": "9 rue Neuve", "region": "99", "notes": "Rien de neuf"}'')', :'id2'), 'but a page may send back the one it shows');
SELECT lives_ok(format('SELECT pg_temp.edit(%L, ''{"status": "SHIPPED", "tracking": "TRK-11"}'')', :'id2'), 'the same status and another number');
SELECT is((SELECT s.tracking_number FROM mjc.shipment s WHERE order_id = :'id2'), 'TRK-11', 'which the shipment gets');
SELECT is((mjc_api.staff_order_tracking(:'admin', 0, gen_random_uuid(), 'req-trk', :'id2')::jsonb #- '{0,timestamp}') #- '{1,timestamp}',
    '[{"status": "pending", "statusCode": "PENDING"}, {"status": "shipped", "statusCode": "SHIPPED", "notes": "Parti"}]', 'the way it took');
SELECT is(mjc_api.staff_order_tracking(:'admin', 0, gen_random_uuid(), 'r', x)::text, NULL, 'of no order') FROM unnest(ARRAY[gen_random_uuid(), NULL]) x;
SELECT is((SELECT array_agg(n ->> 'body') FROM json_array_elements(mjc_api.staff_order_notes(:'admin', 0, gen_random_uuid(), 'req-notes', :'id2') -> 'notes') n),
    '{"Rien de neuf",Parti,"Adresse de livraison corrigée","Adresse de livraison corrigée","Adresse de livraison corrigée",Second,Premier}', 'its notes, newest first');
SELECT is(mjc_api.staff_order_notes(:'admin', 0, gen_random_uuid(), 'r', gen_random_uuid())::text, NULL, 'of no order');
CREATE FUNCTION pg_temp.note(id uuid, body text, key text DEFAULT NULL) RETURNS jsonb
    LANGUAGE sql
    AS $$ SELECT to_jsonb(x) FROM mjc_api.staff_order_note_add((SELECT account_id FROM mjc.account_email WHERE email = 'order-staff@example.test'), 0, gen_random_uuid(), 'req-note', key, id, body) x $$;
SELECT mjc.order_cancel(:'ref2') \g /dev/null
SELECT pg_temp.note(:'id2', ' Remboursé en main propre ', 'note-1') AS noted \gset
SELECT is((:'noted'::jsonb) #>> '{body,note,body}' || ' ' || ((:'noted'::jsonb) #>> '{body,note,authorName}'), 'Remboursé en main propre Test Staff', 'a note on a cancelled order');
SELECT is(pg_temp.note(:'id2', ' Remboursé en main propre ', 'note-1'), jsonb_set(:'noted', '{replayed}', 'true'), 'once a key');
SELECT throws_ok(format('SELECT pg_temp.note(%L, %L, %L)', i, b, k), c, NULL, n)
  FROM (VALUES (:'id2', 'x', 'note-1', 'MJ022', 'another note with that key'), (:'id2', ' ', NULL, 'MJ003', 'an empty note'), (:'id2', NULL, NULL, 'MJ003', 'no note'), (:'id2', repeat('é', 501), NULL, 'MJ006', 'a long note'),
               (gen_random_uuid()::text, 'x', NULL, 'MJ004', 'on no order')) v (i, b, k, c, n);
SELECT lives_ok(format('SELECT pg_temp.note(%L, %L)', :'id2', repeat('é', 500)), 'five hundred characters');
SELECT throws_ok(format('SELECT pg_temp.edit(%L, %L)', :'id2', d), c, NULL, 'cancelled: ' || d) FROM (VALUES ('{"tracking": "x"}', 'MJ322'), ('{"carrier": "x"}', 'MJ322'), ('{"city": "Testville"}', 'MJ320')) v (d, c);
SELECT is((SELECT string_agg(DISTINCT action, ' ' ORDER BY action) FROM mjc.personal_access WHERE subject = :'guest2'), 'order_get order_notes order_tracking', 'each look is on record');

-- psql
SELECT pg_temp.bought('{1}', '{1}', '0551000023') AS ref3 \gset
SELECT pg_temp.order_id(:'ref3') AS id3 \gset
SELECT is(mjc.order_note(lower(replace(:'ref3', '-', ' ')), ' Vu '), :'ref3', 'a note in psql, the number in any spelling');
SELECT is(pg_temp.last_event(:'id3'), 'note PENDING PENDING psql Vu', 'kept');
SELECT is(mjc.order_address_change(:'ref3', city => 'Autreville'), :'ref3', 'an address in psql');
SELECT is((SELECT street || ', ' || city FROM mjc.order_contact WHERE order_id = :'id3'), '1 rue du Test, Autreville', 'what is not given stays');
SELECT is(pg_temp.audited(:'ref3'), 'order_address_change psql {"fields": ["city"]}', 'audited');
SELECT throws_ok(s, c, NULL, s)
  FROM (VALUES (format('SELECT mjc.order_note(%L, NULL)', :'ref3'), 'MJ003'), (format('SELECT mjc.order_note(%L, '' '')', :'ref3'), 'MJ003'), ('SELECT mjc.order_note(NULL, ''x'')', 'MJ003'), ('SELECT mjc.order_note(''x'', ''x'')', 'MJ401'),
               ('SELECT mjc.order_note(mjc.order_reference(2001, 1), ''x'')', 'MJ004'), (format('SELECT mjc.order_note(%L, repeat(''x'', 501))', :'ref3'), 'MJ006'),
               (format('SELECT mjc.order_address_change(%L)', :'ref3'), 'MJ003'), (format('SELECT mjc.order_address_change(%L, '' '', '''')', :'ref3'), 'MJ003'), ('SELECT mjc.order_address_change(NULL, ''1 rue du Test'')', 'MJ003'), ('SELECT mjc.order_address_change(''x'', ''1 rue du Test'')', 'MJ401'),
               ('SELECT mjc.order_address_change(mjc.order_reference(2001, 1), ''1 rue du Test'')', 'MJ004'), (format('SELECT mjc.order_address_change(%L, region => ''31'')', :'ref3'), 'MJ321'),
               (format('SELECT mjc.order_address_change(%L, ''rue'')', :'ref3'), 'MJ006'), (format('SELECT mjc.order_address_change(%L, ''1 rue du Test'')', :'ref2'), 'MJ320')) v (s, c);
CREATE ROLE test_order_nobody LOGIN IN ROLE mjc_admin;
GRANT USAGE ON SCHEMA tap TO PUBLIC;
SET SESSION AUTHORIZATION test_order_nobody;
SELECT throws_ok(s, 'MJ601', NULL, 'nobody of the staff: ' || s) FROM unnest(ARRAY['SELECT mjc.order_note(''x'', ''x'')', 'SELECT mjc.order_address_change(''x'', ''x'')']) s;
RESET SESSION AUTHORIZATION;

-------------------------------------------------------------------- looking for one
SELECT (pg_temp.buy('{1}', '{1}', '0551000031', first_name => 'Zoubéïda', last_name => 'Ould-Qx', email => 'zz.staff@example.test')).body ->> 'orderNumber' AS z1 \gset
SELECT (pg_temp.buy('{1}', '{1}', '0551000032', first_name => 'زبيدة', last_name => 'قكس')).body ->> 'orderNumber' AS z2 \gset
CREATE FUNCTION pg_temp.searched(q text) RETURNS text
    LANGUAGE sql
    AS $$ SELECT string_agg(o.reference, ' ' ORDER BY u.n) FROM unnest(mjc.order_search(q)) WITH ORDINALITY u (id, n) JOIN mjc.order o ON o.order_id = u.id $$;
SELECT is(pg_temp.searched(q), :'z1', format('found by %L', q))
  FROM unnest(ARRAY[:'z1', lower(replace(:'z1', '-', '')), translate(:'z1', '0123456789', '٠١٢٣٤٥٦٧٨٩'), '0551000031', '+213 551 00 00 31', '٠٥٥١٠٠٠٠٣١', 'zoubeida', 'OULD', 'qx zoub', 'zz.staff@example.test', 'ZZ.STAFF']) q;
SELECT is(pg_temp.searched('زبيدة قك'), :'z2', 'in Arabic');
SELECT is(pg_temp.searched(q), NULL, format('nothing by %L', q)) FROM unnest(ARRAY['', ' ', '%', '_', 'qx nobody', '0551999999', '''; DROP TABLE x', NULL]) q;
SELECT is(cardinality(mjc.order_search('Test', 2)), 2, 'so many at most');
SELECT is((mjc_api.staff_order_search(:'admin', 0, gen_random_uuid(), 'req-search', 'zoubeida', NULL) #>> '{0,orderNumber}'), :'z1', 'the route');
SELECT is((SELECT action || ' ' || persons FROM mjc.personal_access WHERE request_id = 'req-search'), 'order_search 1', 'on record');
SELECT is(mjc_api.staff_order_search(:'admin', 0, gen_random_uuid(), 'req-none', 'qx nobody', 5)::text, '[]', 'nothing');
SELECT is((SELECT count(*) FROM mjc.personal_access WHERE request_id = 'req-none'), 0::bigint, 'and nobody was shown');
SELECT is(json_array_length(mjc_api.staff_order_search(:'admin', 0, gen_random_uuid(), 'r', 'Test', n)), w, format('limit %s', n)) FROM (VALUES (1, 1), (2, 2)) v (n, w);
SELECT is((SELECT array_agg(o ->> 'id') FROM json_array_elements(mjc_api.staff_order_recent(:'admin', 0, gen_random_uuid(), 'req-recent', 3)) o),
    (SELECT array_agg(order_id::text) FROM (SELECT order_id FROM mjc.order ORDER BY placed_at DESC, order_id LIMIT 3) x), 'the newest');
SELECT is(json_array_length(mjc_api.staff_order_recent(:'admin', 0, gen_random_uuid(), 'r', NULL)), 10, 'ten unless told');
SELECT is((SELECT action FROM mjc.personal_access WHERE request_id = 'req-recent'), 'order_recent', 'on record');

-- Late
UPDATE mjc.order SET estimated_on = '2026-03-10' WHERE reference IN (:'z1', :'z2');
SELECT ok(NOT pg_temp.order_id(:'z1') = ANY (mjc.orders_late('2026-03-11', 1000)), 'what nobody confirmed is not late');
SELECT mjc.order_confirm(:'z1'), mjc.order_change(:'z2', 'PROCESSING') \g /dev/null
UPDATE mjc.order SET estimated_on = '2026-03-10' WHERE reference IN (:'z1', :'z2');
SELECT is(mjc.orders_late(d, 1000) @> ARRAY[pg_temp.order_id(:'z1'), pg_temp.order_id(:'z2')], w, format('late on %s: %s', d, w))
  FROM (VALUES ('2026-03-09'::date, false), ('2026-03-10', false), ('2026-03-11', true)) v (d, w);
SELECT is(cardinality(mjc.orders_late('2026-03-11', 1)), 1, 'so many at most');
SELECT is(cardinality(mjc.orders_late(NULL, 10)), 0, 'no day, none');
SELECT ok(mjc_api.staff_order_delayed(:'admin', 0, gen_random_uuid(), 'req-late', NULL)::text LIKE '%' || :'z1' || '%', 'the route');
SELECT is((SELECT action FROM mjc.personal_access WHERE request_id = 'req-late'), 'order_delayed', 'on record');
SELECT mjc.order_ship(:'z1'), mjc.order_cancel(:'z2') \g /dev/null
SELECT ok(NOT mjc.orders_late('2026-03-11', 1000) && ARRAY[pg_temp.order_id(:'z1'), pg_temp.order_id(:'z2')], 'what left or was cancelled is not');

-------------------------------------------------------------------------- trends
-- Orders of a time of their own: the last one is a second into the next day of Algiers.
SELECT pg_temp.bought('{1}', '{1}', '055100004' || n) AS r FROM generate_series(1, 4) n \g /dev/null
CREATE TEMP TABLE dated AS
SELECT o.order_id, o.total_centimes, row_number() OVER (ORDER BY c.phone) AS n FROM mjc.order o JOIN mjc.order_contact c USING (order_id) WHERE c.phone BETWEEN '+213551000041' AND '+213551000044';
UPDATE mjc.order o SET placed_at = (ARRAY['2010-03-01 12:00+01', '2010-03-01 23:59:59.999+01', '2010-03-02 00:00+01', '2010-03-02 12:00+01'])[d.n]::timestamptz FROM dated d WHERE d.order_id = o.order_id;
SELECT mjc.order_cancel(o.reference) FROM mjc.order o JOIN dated d USING (order_id) WHERE d.n = 4 \g /dev/null
SELECT is((SELECT string_agg(concat_ws(' ', e ->> 'date', e ->> 'orders', e ->> 'revenue'), ', ' ORDER BY i) FROM json_array_elements(mjc.order_trends(p, '2010-03-02 12:00+01')) WITH ORDINALITY x (e, i) WHERE e ->> 'orders' <> '0'),
          (SELECT CASE WHEN p = 'day' THEN concat('2010-03-01 2 ', mjc.dzd((sum(total_centimes) FILTER (WHERE n < 3))::bigint), ', 2010-03-02 1 ', mjc.dzd((sum(total_centimes) FILTER (WHERE n = 3))::bigint))
                       ELSE concat(d, ' 3 ', mjc.dzd((sum(total_centimes) FILTER (WHERE n < 4))::bigint)) END FROM dated), 'by ' || p)
  FROM (VALUES ('day', NULL), ('week', '2010-03-01'), ('month', '2010-03-01'), ('year', '2010-01-01')) v (p, d);
SELECT is((SELECT count(*) || ' ' || min(e ->> 'date') || ' ' || max(e ->> 'date') FROM json_array_elements(mjc.order_trends(p, '2010-03-31 23:30+01')) e), w, p || ': every one of them')
  FROM (VALUES ('day', '30 2010-03-02 2010-03-31'), ('week', '12 2010-01-11 2010-03-29'), ('month', '12 2009-04-01 2010-03-01'), ('year', '5 2006-01-01 2010-01-01')) v (p, w);
SELECT is((SELECT max(e ->> 'date') FROM json_array_elements(mjc.order_trends('day', '2010-03-31 23:30+00')) e), '2010-04-01', 'days are of Algiers');
SELECT throws_ok(format('SELECT mjc.order_trends(%L, now())', p), c, NULL, 'no such period') FROM (VALUES ('hour', 'MJ010'), (NULL, 'MJ003')) v (p, c);
SELECT is(mjc_api.staff_order_trends(:'admin', 0, gen_random_uuid(), NULL)::text, mjc.order_trends('day', now())::text, 'the route, by day unless told');
SELECT is((mjc_api.staff_order_stats(:'admin', 0, gen_random_uuid()) ->> k)::numeric, w, 'figures: ' || k)
  FROM (SELECT count(*) AS n, count(*) FILTER (WHERE status IN ('CONFIRMED', 'PROCESSING')) AS p, sum(total_centimes) FILTER (WHERE status NOT IN ('CANCELLED', 'REFUNDED')) / 100 AS r,
               round(avg(total_centimes) FILTER (WHERE status NOT IN ('CANCELLED', 'REFUNDED'))) / 100 AS a FROM mjc.order) x
 CROSS JOIN LATERAL (VALUES ('total', n), ('totalOrders', n), ('processing', p), ('totalRevenue', r), ('averageOrderValue', a)) v (k, w);

--------------------------------------------------------------------------- files
UPDATE mjc.order_contact SET first_name = '=cmd|x', last_name = 'O"Q, x' WHERE order_id = :'id3';
UPDATE mjc.order SET tracking_number = '-1' WHERE order_id = :'id3';
SELECT mjc.order_csv_head() || lines AS csv, persons FROM mjc.order_lines(ARRAY[:'id3'::uuid], 'text') \gset
SELECT is(:persons, 1, 'one person');
SELECT is(left(:'csv', 13), chr(65279) || 'orderNumber,', 'the mark of UTF-8 comes first');
SELECT is(split_part(:'csv', E'\r\n', 2), format('%s,%s,PENDING,pending,unfulfilled,web,"''=cmd|x","O""Q, x","''+213551000023",,"1 rue du Test","Autreville",,"99",1,1000.00,0.00,700.00,0.00,0.00,1700.00,0.00,CASH_ON_DELIVERY,home,"''-1",', :'ref3', mjc.iso(placed_at)), 'quoted, with no formula')
  FROM mjc.order WHERE order_id = :'id3';
SELECT is(split_part(:'csv', E'\r\n', 3), '', 'each line ends with CRLF');
SELECT is((SELECT lines::json ->> 'orderNumber' || ' ' || (lines::json ->> 'total') FROM mjc.order_lines(ARRAY[:'id3'::uuid], 'list')), :'ref3' || ' 1700.00', 'as a member of a list');
SELECT is((SELECT lines || persons FROM mjc.order_lines('{}', 'list')), '0', 'of nothing');
SELECT is((SELECT lines || persons FROM mjc.order_lines(NULL, NULL)), '0', 'or of NULL');
SELECT is(mjc.order_after(s, c, f, t, q, NULL, NULL, 100000), (SELECT coalesce(array_agg(order_id ORDER BY placed_at DESC, order_id), '{}') FROM mjc.order o
              WHERE (s IS NULL OR status = s) AND (c IS NULL OR customer_id = c) AND (f IS NULL OR placed_at >= f) AND (t IS NULL OR placed_at < t) AND (q IS NULL OR order_id = ANY (mjc.order_search(q)))), 'what the list shows: ' || n)
  FROM (VALUES (NULL, NULL::uuid, NULL::timestamptz, NULL::timestamptz, NULL, 'all'), ('CANCELLED', NULL, NULL, NULL, NULL, 'status'), (NULL, :'nadia', NULL, NULL, NULL, 'customer'),
               (NULL, NULL, '2010-03-01 00:00+01', '2010-03-02 00:00+01', NULL, 'dates'), (NULL, NULL, NULL, NULL, 'zoubeida', 'search'), (NULL, NULL, NULL, NULL, 'qx nobody', 'nothing')) v (s, c, f, t, q, n);
SELECT is(cardinality(mjc.order_after(NULL, NULL, NULL, NULL, NULL, NULL, NULL, 3)), 3, 'so many at most');
SELECT is((mjc_api.staff_order_export(:'admin', 0, gen_random_uuid(), 'req-export', NULL, NULL, NULL, '2010-03-01 00:00+01', '2010-03-03 00:00+01', NULL)).body::json ->> 'data', (SELECT mjc.order_csv_head() || lines FROM mjc.order_lines((SELECT array_agg(order_id ORDER BY placed_at DESC) FROM mjc.order JOIN dated USING (order_id)), 'text')), 'the route');
SELECT is((SELECT action || ' ' || persons FROM mjc.personal_access WHERE request_id = 'req-export'), 'order_export 4', 'on record');
CREATE FUNCTION pg_temp.export(type text, format text DEFAULT NULL, f timestamptz DEFAULT NULL, t timestamptz DEFAULT NULL, frame text DEFAULT NULL) RETURNS json
    LANGUAGE sql
    AS $$ SELECT x.body::json -> 'data' FROM mjc_api.staff_export((SELECT account_id FROM mjc.account_email WHERE email = 'order-staff@example.test'), 0, gen_random_uuid(), 'req-all', type, format, f, t, frame) x $$;
SELECT is(json_array_length(pg_temp.export('orders', 'json', frame => f)), (SELECT count(*)::integer FROM mjc.order WHERE placed_at >= CASE WHEN f IS NULL THEN '-infinity' ELSE '2020-01-01'::timestamptz END), 'orders of ' || coalesce(f, 'all times'))
  FROM unnest(ARRAY['7d', '30d', '90d', '1y', NULL]) f;
SELECT is(json_array_length(pg_temp.export('orders', 'json', '2010-03-02 00:00+01', '2010-03-03 00:00+01', '7d')), 2, 'days that are given count');
SELECT is(json_array_length(pg_temp.export('orders', 'json', t => '2010-03-02 00:00+01')), 2, 'or one of them');
SELECT is(json_array_length(pg_temp.export('customers', 'json')), (SELECT count(*)::integer FROM mjc.customer WHERE merged_into IS NULL AND status <> 'erased'), 'customers');
SELECT is(pg_temp.export('customers') #>> '{}', (SELECT csv FROM mjc.customer_export(NULL, NULL, NULL, NULL)), 'as their own list has them');
SELECT is(json_array_length(pg_temp.export('customers', 'json', t => '2001-01-01')), 0, 'of days');
SELECT throws_ok(format('SELECT pg_temp.export(%L)', t), c, NULL, 'no such type') FROM (VALUES ('stock', 'MJ010'), (NULL, 'MJ003')) v (t, c);
SELECT is((SELECT string_agg(DISTINCT action, ' ') FROM mjc.personal_access WHERE request_id = 'req-all'), 'customer_export order_export', 'on record');
SELECT throws_ok(format('SELECT mjc_api.staff_order_%s(%L, 0, gen_random_uuid(), %s)', f, a, x), c, NULL, f || ': ' || c)
  FROM (VALUES ('search', '''r'', ''x'', 1'), ('recent', '''r'', 1'), ('delayed', '''r'', 1'), ('trends', '''day'''), ('export', '''r'', NULL, NULL, NULL, NULL, NULL, NULL'), ('tracking', '''r'', NULL'), ('notes', '''r'', NULL')) v (f, x),
       (VALUES (:'nadia', 'MJ064'), (NULL, 'MJ060')) w (a, c);

-- By index, however many there are
CREATE FUNCTION pg_temp.plan_of(statement text) RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    line text;
    whole text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS off) ' || statement LOOP
        whole := whole || line || E'\n';
    END LOOP;
    RETURN whole;
END
$$;
SET LOCAL enable_seqscan = off;
SELECT is(pg_temp.plan_of(q) ~ i, true, i)
  FROM (VALUES ('SELECT order_id FROM mjc.order_contact WHERE phone = ''+213551000031''', 'order_contact_phone_idx'),
               ($$SELECT order_id FROM mjc.order_contact WHERE to_tsvector('simple', translate(lower(first_name || ' ' || last_name || ' ' || coalesce(email, '')), 'àâäáãåçéèêëíìîïñóòôöõúùûüýÿأإآىة@.-_+/&|!():*<>''"\,;#', 'aaaaaaceeeeiiiinooooouuuuyyاااية                     ')) @@ mjc.customer_words('zoubeida')$$, 'order_contact_words_idx'),
               ($$SELECT order_id FROM mjc.order WHERE order_state = 'confirmed' AND fulfilment_state IN ('unfulfilled', 'preparing') AND estimated_on < '2026-03-11' ORDER BY estimated_on, order_id LIMIT 5$$, 'order_estimated_on_idx'),
               ('SELECT status, count(*), sum(total_centimes) FROM mjc.order GROUP BY status', 'Index Only Scan using order_status_idx')) v (q, i);
RESET enable_seqscan;
SELECT ok(pg_get_functiondef('mjc.order_search(text, integer)'::regprocedure) LIKE '%' || substring(pg_get_indexdef('mjc.order_contact_words_idx'::regclass) FROM 'àâ[^<]*<') || '%', 'the search repeats the expression of its index');

-- A parcel keeps its own number when the order moves on
SELECT pg_temp.bought('{1}', '{1}', '0550000077') AS packed \gset
SELECT mjc.shipment_pack(:'packed', NULL, NULL, 'Yalidine', 'YAL-PACKED') \g /dev/null
SELECT mjc_api.staff_order_update((SELECT account_id FROM mjc.account_email WHERE email = 'order-staff@example.test'), 0, gen_random_uuid(), 'req-edit', pg_temp.order_id(:'packed'),
    'SHIPPED', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL) \g /dev/null
SELECT is((SELECT state || ' ' || carrier || ' ' || tracking_number FROM mjc.shipment WHERE order_id = pg_temp.order_id(:'packed')), 'shipped Yalidine YAL-PACKED', 'a parcel that was packed with a number keeps it when the order is shipped');

SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');
SELECT * FROM finish();
ROLLBACK;
