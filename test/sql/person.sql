-- person: everything that is known of a customer in one document; no table is forgotten.
BEGIN;
SELECT plan(49);
UPDATE mjc.schema_version SET version = version || '-other';
SELECT throws_ok(s, 'MJ009', NULL, 'another schema version: ' || s)
  FROM unnest(ARRAY['SELECT mjc.person_export(NULL)', 'SELECT mjc_api.staff_customer_export_data(NULL, 0, NULL, NULL, NULL)']) s;
UPDATE mjc.schema_version SET version = replace(version, '-other', '');
\ir fixture.psql
GRANT USAGE ON SCHEMA tap TO PUBLIC;
SELECT pg_temp.make_stock(1, 1000) \g /dev/null
SELECT pg_temp.make_admin('person@example.test') AS admin \gset

-- A table whose columns name a customer, an account, an order or a person stands in the list.
SELECT set_eq($$SELECT t.table_name FROM mjc.person_tables() t$$,
    $$SELECT DISTINCT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
       WHERE c.relnamespace = 'mjc'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
         AND (a.attname ~ '^(customer|account|owner|order|subject|aggregate)_id$' OR a.attname IN ('subject', 'email', 'email_hash', 'phone', 'first_name', 'last_name', 'street')
              OR (c.relname, a.attname) IN (('reservation', 'reservation_id')))$$,
    'every table that holds something of a person is in the list');
SELECT is_empty('SELECT table_name FROM mjc.person_tables() GROUP BY 1 HAVING count(*) > 1', 'once');
SELECT is_empty('SELECT table_name FROM mjc.person_tables() WHERE num_nonnulls(part, reason) <> 1', 'with a part of the document, or a reason why it is in none');

-- Somebody of whom everything is known
SELECT mjc.account_register('all@example.test', '$2b$12$' || repeat('c', 53), '{"firstName": "Zzlina", "lastName": "Zzbrahimi", "phone": "0659110002", "companyName": "Zz SARL", "customerType": "B2B", "rc": "zz-rc"}') AS her \gset
SELECT (pg_temp.buy('{1}', '{1}', '0559110001', note => 'zz sonnez')).body ->> 'orderNumber' AS ref \gset
SELECT mjc.order_ship(:'ref', 'ZZTRK', 'ZR'), mjc.order_deliver(:'ref') \g /dev/null
SELECT mjc.customer_join(:'her', '0559110001') \g /dev/null
SELECT mjc_api.address_add(:'her', 0, gen_random_uuid(), 'req', NULL, 'SHIPPING', '1 rue Zz', 'Zzville', NULL, NULL, NULL, NULL, true) \g /dev/null
SELECT mjc.customer_boiler_write(:'her', NULL, jsonb_build_object('model', b.boiler_model_id, 'label', 'zz maison', 'serial', 'ZZ 123')) FROM mjc.boiler_model b LIMIT 1 \g /dev/null
SELECT mjc.session_make(:'her', 0, gen_random_uuid(), sha256('zz')) \g /dev/null
INSERT INTO mjc.account_social (subject, provider, account_id, created_at) VALUES ('zz-subject', 'google', :'her', now());
INSERT INTO mjc.account_totp (account_id, secret, enabled_at) VALUES (:'her', repeat('z', 20)::bytea, now());
SELECT mjc.link_make(:'her', 'password_reset', '1 hour', 'password_reset') \g /dev/null
SELECT mjc.consent_note(:'her', 'terms', 1, 'fr', true, 'rest', :'her') \g /dev/null
SELECT mjc.customer_note_add(:'her', 'zz note') \g /dev/null
SELECT mjc.store_credit_add(:'her', 10, 'zz geste') \g /dev/null
SELECT mjc.promotion_set('test-only-person', '{"name": "x", "kind": "percent", "scope": "order", "percent": 10, "needsCoupon": true}') \g /dev/null
SELECT mjc.coupon_set('ZZPERSON', jsonb_build_object('promotion', 'test-only-person', 'customer', :'her')) \g /dev/null
INSERT INTO mjc.coupon_ledger (code, seq, change, used, order_id, customer_id, at) VALUES ('ZZPERSON', 1, 1, 1, pg_temp.order_id(:'ref'), :'her', now());
INSERT INTO mjc.cart (owner_id, kind, created_at, updated_at, expires_at) VALUES (:'her', 'customer', now(), now(), now() + interval '1 day');
INSERT INTO mjc.cart_line VALUES (:'her', pg_temp.pid(1), 1, 100000, now(), now());
SELECT mjc_api.staff_customer_get(:'admin', 0, gen_random_uuid(), 'req', :'her') \g /dev/null
SELECT mjc.event_store(:'her', '203.0.113.7', 'Mozilla', jsonb_build_object('eventType', 'page_view', 'eventData', jsonb_build_object('sessionId', gen_random_uuid(), 'pagePath', '/zz'))::text, now()) \g /dev/null
SELECT mjc.review_add(:'her', pg_temp.pid(1), 4, 'zz avis', 'zz bonne pièce') \g /dev/null
SELECT mjc.person_export(:'her') AS doc \gset
SELECT set_eq(format('SELECT jsonb_object_keys(%L::jsonb)', :'doc'), $$SELECT part FROM mjc.person_tables() WHERE part IS NOT NULL UNION SELECT 'exportedAt'$$, 'the document has exactly these parts');
SELECT is_empty(format($$SELECT key FROM jsonb_each(%L::jsonb) WHERE value IN ('null', '[]', '{}')$$, :'doc'), 'and none of them is empty');
SELECT is(jsonb_path_query_first(:'doc'::jsonb, p::jsonpath) #>> '{}', w, format('%s: %s', p, w))
  FROM (VALUES ('$.person.first_name', 'Zzlina'), ('$.person.email', 'all@example.test'), ('$.person.phone', '+213659110002'), ('$.business.rc', 'zz-rc'), ('$.addresses[0].street', '1 rue Zz'), ('$.notes[0].body', 'zz note'), ('$.boilers[0].serial', 'ZZ 123'),
               ('$.identities[0].subject', 'zz-subject'), ('$.orders[0].contact.note', 'zz sonnez'), ('$.orders[0].contact.street', '1 rue du Test'), ('$.orders[0].lines[0].sku', 'TEST-ONLY-1'), ('$.orders[0].payments[0].state', 'paid'),
               ('$.orders[0].shipments[0].tracking_number', 'ZZTRK'), ('$.orders[0].events[0].kind', 'placed'), ('$.credits[0].movements[0].reason', 'zz geste'), ('$.couponUses[0].code', 'ZZPERSON'),
               ('$.cart.lines[0].qty', '1'), ('$.readBy[0].who', 'staff'), ('$.consents[0].granted', 'true'), ('$.links.size()', '1'), ('$.reviews[0].comment', 'zz bonne pièce')) v (p, w);
SELECT is(:'doc'::jsonb::text ~ '\$2b\$|token_hash|"salt"|"secret"|"password_hash"|"actor"|"author"|"words"|db_login|Test Staff', false, 'no secret, no hash, nobody of the staff');
SELECT is_empty(format($$SELECT * FROM jsonb_each(%L::jsonb) WHERE value::text LIKE '%%' || %L || '%%'$$, :'doc', :'admin'), 'not even their numbers');
SELECT is((SELECT count(*) FROM mjc.personal_access WHERE subject = :'her' AND action = 'person_export' AND channel = 'psql'), 1::bigint, 'the look is on record');

-- A guest
SELECT pg_temp.bought('{1}', '{1}', '0559110003') \g /dev/null
SELECT mjc.person_export(customer_id) AS doc FROM mjc.customer_phone WHERE phone = '+213559110003' \gset
SELECT is(:'doc'::jsonb -> 'account', 'null', 'a guest has no account');
SELECT is(jsonb_array_length(:'doc'::jsonb -> 'orders') || ' ' || (:'doc'::jsonb #>> '{person,first_name}'), '1 Amina', 'but an order and a name');

-- By the shop
SELECT is(mjc_api.customer_export_self(:'her', 0, gen_random_uuid()) #>> '{person,first_name}', 'Zzlina', 'REST: she herself');
SELECT is(mjc_api.customer_export_self(:'admin', 0, gen_random_uuid()), NULL, 'REST: staff are no customers');
SELECT throws_ok(format('SELECT mjc_api.customer_export_self(%L, %s, gen_random_uuid())', a, v), e, NULL, 'REST: no session') FROM (VALUES (:'her', 1, 'MJ063'), (NULL, 0, 'MJ060')) x (a, v, e);
SELECT is(mjc_api.staff_customer_export_data(:'admin', 0, gen_random_uuid(), 'req-data', :'her') #>> '{person,first_name}', 'Zzlina', 'REST: for staff');
SELECT is((SELECT actor FROM mjc.personal_access WHERE request_id = 'req-data' AND subject = :'her'), :'admin'::uuid, 'REST: which is on record');
SELECT is(mjc_api.staff_customer_export_data(:'admin', 0, gen_random_uuid(), 'req-none', x), NULL, 'REST: nobody') FROM unnest(ARRAY[gen_random_uuid(), NULL]) x;
SELECT is((SELECT count(*) FROM mjc.personal_access WHERE request_id = 'req-none'), 0::bigint, 'REST: nobody was read');
SELECT throws_ok(format('SELECT mjc_api.staff_customer_export_data(%L, %s, gen_random_uuid(), ''req'', %L)', a, v, :'her'), e, NULL, format('REST: %s', e))
  FROM (VALUES (NULL, 0, 'MJ060'), (:'admin', 1, 'MJ063'), (:'her', 0, 'MJ064')) x (a, v, e);
SELECT throws_ok(format('SELECT mjc.person_export(%L)', x), 'MJ004', NULL, 'nobody') FROM unnest(ARRAY[gen_random_uuid(), NULL]) x;
SELECT is(mjc.person_order(x), NULL, 'no order') FROM unnest(ARRAY[gen_random_uuid(), NULL]) x;
SELECT * FROM finish();
ROLLBACK;
