-- customer_api: the routes of customers as the shim calls them: staff on both faces, customers on their own record.
BEGIN;
SELECT plan(169);

-- Before anything is written in this session: the check is remembered once it passed.
UPDATE mjc.schema_version SET version = version || '-other';
SELECT throws_ok(format('SELECT mjc_api.%s', s), 'MJ009', NULL, 'another schema version: ' || s)
  FROM unnest(ARRAY['staff_customer_list(NULL, NULL, NULL, ''r'', 1, 1, NULL, NULL, NULL, NULL, NULL, NULL)', 'staff_customer_export(NULL, NULL, NULL, ''r'', ''csv'', NULL, NULL, NULL, NULL)', 'staff_customer_get(NULL, NULL, NULL, ''r'', NULL)',
    'staff_customer_create(NULL, NULL, NULL, ''r'', NULL, ''a@b.dz'', ''Li'', ''Na'', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)', 'staff_customer_update(NULL, NULL, NULL, ''r'', NULL, ''{}'')', 'staff_customer_delete(NULL, NULL, NULL, ''r'', NULL)',
    'staff_customer_status_set(NULL, NULL, NULL, ''r'', NULL, ''active'')', 'staff_customer_orders(NULL, NULL, NULL, ''r'', NULL, 1, 1)', 'staff_customer_notes(NULL, NULL, NULL, ''r'', NULL)', 'staff_customer_note_add(NULL, NULL, NULL, ''r'', NULL, NULL, ''x'')',
    'customer_list(NULL, NULL, NULL, ''r'', 1, 1, NULL, NULL, NULL, NULL, NULL)', 'customer_get(NULL, NULL, NULL, ''r'', NULL)', 'customer_create(NULL, NULL, NULL, ''r'', NULL, ''a@b.dz'', ''Li'', ''Na'', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)',
    'customer_update(NULL, NULL, NULL, ''r'', NULL, ''{}'')', 'customer_activate(NULL, NULL, NULL, ''r'', NULL)', 'customer_deactivate(NULL, NULL, NULL, ''r'', NULL)', 'customer_me_set(NULL, NULL, NULL, ''r'', ''{}'')',
    'address_add(NULL, NULL, NULL, ''r'', NULL, ''BILLING'', ''rue 1'', ''Oran'', NULL, NULL, NULL, NULL, NULL)', 'address_set(NULL, NULL, NULL, ''r'', NULL, ''BILLING'', ''rue 1'', ''Oran'', NULL, NULL, NULL, NULL, NULL)', 'address_remove(NULL, NULL, NULL, ''r'', NULL)']) s;
UPDATE mjc.schema_version SET version = replace(version, '-other', '');
\ir fixture.psql
SELECT pg_temp.make_stock(1, 1000) \g /dev/null
SELECT pg_temp.make_admin('chef@example.test') AS admin \gset
SELECT pg_temp.make_admin('tech@example.test', 'TECHNICIAN') AS tech \gset

-- Calls a route of staff by name: arguments after those that each has.
CREATE FUNCTION pg_temp.staff(call text, arguments text DEFAULT '', who uuid DEFAULT NULL) RETURNS jsonb
    LANGUAGE plpgsql
AS $$
DECLARE
    reply jsonb;
BEGIN
    EXECUTE format('SELECT to_jsonb(x) FROM mjc_api.%s($1, 0, $1%s) x', call, CASE WHEN call ~ '^staff_customer_(stats|segments)$|statistics' THEN '' ELSE ', ''req-customer''' || nullif(', ' || arguments, ', ') END)
       INTO reply USING coalesce(who, (SELECT e.account_id FROM mjc.account_email e WHERE e.email = 'chef@example.test'));
    RETURN reply;
END
$$;
CREATE FUNCTION pg_temp.looks(what text) RETURNS text
    LANGUAGE sql
    AS $$ SELECT string_agg(channel || ' ' || request_id || ' ' || persons || coalesce(' ' || subject, ''), ', ' ORDER BY access_id) FROM mjc.personal_access WHERE action = what $$;

--------------------------------------------------------------- who may not
SELECT throws_ok(format('SELECT pg_temp.staff(%L, %L, %L)', f, a, w), c, NULL, format('%s: %s', f, n))
  FROM (VALUES ('staff_customer_list', '1, 1, NULL, NULL, NULL, NULL, NULL, NULL'), ('staff_customer_stats', ''), ('staff_customer_segments', ''), ('staff_customer_export', '''csv'', NULL, NULL, NULL, NULL'), ('staff_customer_get', 'NULL'),
               ('staff_customer_create', 'NULL, ''a@b.dz'', ''Li'', ''Na'', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL'), ('staff_customer_update', 'NULL, ''{}'''), ('staff_customer_delete', 'NULL'), ('staff_customer_status_set', 'NULL, ''active'''),
               ('staff_customer_orders', 'NULL, 1, 1'), ('staff_customer_notes', 'NULL'), ('staff_customer_note_add', 'NULL, NULL, ''x'''), ('customer_list', '1, 1, NULL, NULL, NULL, NULL, NULL'), ('customer_statistics', ''), ('customer_get', 'NULL'),
               ('customer_create', 'NULL, ''a@b.dz'', ''Li'', ''Na'', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL'), ('customer_update', 'NULL, ''{}'''), ('customer_activate', 'NULL'), ('customer_deactivate', 'NULL')) v (f, a),
       (VALUES (:'tech'::uuid, 'MJ064', 'a technician'), (gen_random_uuid(), 'MJ063', 'nobody')) x (w, c, n);
SELECT is(pg_temp.staff(f, a), NULL, format('%s: no such customer', f))
  FROM (VALUES ('staff_customer_get', 'gen_random_uuid()'), ('staff_customer_get', 'NULL'), ('staff_customer_update', 'gen_random_uuid(), ''{}'''), ('staff_customer_delete', 'gen_random_uuid()'), ('staff_customer_status_set', 'gen_random_uuid(), ''blocked'''),
               ('staff_customer_orders', 'gen_random_uuid(), 1, 1'), ('staff_customer_notes', 'gen_random_uuid()'), ('customer_get', 'gen_random_uuid()'), ('customer_update', 'gen_random_uuid(), ''{}'''), ('customer_activate', 'gen_random_uuid()'), ('customer_deactivate', 'NULL')) v (f, a);
SELECT throws_ok($$SELECT pg_temp.staff('staff_customer_note_add', 'NULL, gen_random_uuid(), ''x''')$$, 'MJ004', NULL, 'staff_customer_note_add: no such customer');
SELECT is((SELECT count(*) FROM mjc.personal_access WHERE request_id = 'req-customer'), 0::bigint, 'who saw nobody leaves no trace');

------------------------------------------------------------ /admin/customers
CREATE FUNCTION pg_temp.made(face text, email text, key text DEFAULT NULL, first_name text DEFAULT 'Lina') RETURNS jsonb
    LANGUAGE sql
    AS $$ SELECT pg_temp.staff(face || 'customer_create', format('%L, %L, %L, ''Saïdi'', ''0770 00 00 07'', ''B2B'', ''Saïdi SARL'', ''TVA-7'', ''RC-7'', ''NIF-7'', ''NIS-7'', ''AI-7''', key, email, first_name)) $$;
SELECT pg_temp.made('staff_', 'lina@example.test', 'key-1') AS made \gset
SELECT is((:'made'::jsonb) ->> 'replayed', 'false', 'a customer is made');
SELECT (:'made'::jsonb) #>> '{body,id}' AS lina \gset
SELECT is((:'made'::jsonb) -> 'body', mjc.customer_doc(:'lina', true), 'data is the customer');
SELECT is((:'made'::jsonb) -> 'body' @> '{"email": "lina@example.test", "phone": "+213770000007", "customerType": "B2B", "companyName": "Saïdi SARL", "vatNumber": "TVA-7", "rc": "RC-7", "nif": "NIF-7", "nis": "NIS-7", "ai": "AI-7"}', true, 'with every field');
SELECT is(pg_temp.made('staff_', 'lina@example.test', 'key-1'), jsonb_set(:'made', '{replayed}', 'true'), 'the same key is the same answer');
SELECT throws_ok($$SELECT pg_temp.made('staff_', 'lina@example.test', 'key-1', 'Nina')$$, 'MJ022', NULL, 'the key of another request');
SELECT throws_ok($$SELECT pg_temp.made('staff_', 'lina@example.test', 'key-2')$$, 'MJ602', NULL, 'an e-mail that is taken');
SELECT is((SELECT channel || ' ' || actor || ' ' || request_id FROM mjc.audit WHERE action = 'customer_create' AND subject_id = :'lina'), 'rest ' || :'admin' || ' req-customer', 'audited');
SELECT is(pg_temp.staff('staff_customer_get', quote_literal(:'lina')), mjc.customer_doc(:'lina', true), 'one customer');
SELECT is(pg_temp.looks('customer_read'), 'rest req-customer 1 ' || :'lina', 'the look is on record');
SELECT is(pg_temp.staff('staff_customer_list', '1, 20, ''lina'', NULL, NULL, NULL, NULL, NULL'), mjc.customer_list('lina', NULL, NULL, NULL, NULL, NULL, 1, 20), 'a list');
SELECT is(pg_temp.staff('staff_customer_list', 'NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL') @> '{"page": 1, "limit": 20}', true, 'of twenty, if nothing else is said');
SELECT is(pg_temp.staff('staff_customer_list', '1, 20, ''zzz'', NULL, NULL, NULL, NULL, NULL') -> 'customers', '[]', 'or of nobody');
SELECT matches(pg_temp.looks('customer_list'), '^rest req-customer 1, rest req-customer [0-9]+$', 'who was shown is on record');
SELECT throws_ok($$SELECT pg_temp.staff('staff_customer_list', '1, 20, NULL, NULL, NULL, NULL, ''rank'', NULL')$$, 'MJ010', NULL, 'no such order');
SELECT is(pg_temp.staff('staff_customer_stats'), mjc.customer_stats(), 'figures');
SELECT is(pg_temp.staff('staff_customer_segments'), mjc.customer_segments(), 'segments');
SELECT is((pg_temp.staff('staff_customer_export', '''csv'', ''lina'', ''B2B'', ''active'', ''b2b''') ->> 'body')::json ->> 'data', (SELECT csv FROM mjc.customer_export('lina', NULL, NULL, NULL)), 'CSV, as a text');
SELECT is(pg_temp.looks('customer_export'), 'rest req-customer 1', 'on record');
SELECT is((pg_temp.staff('staff_customer_export', '''csv'', ''lina'', NULL, NULL, NULL, true') ->> 'body'), (SELECT csv FROM mjc.customer_export('lina', NULL, NULL, NULL)), 'or the file itself');
SELECT is((pg_temp.staff('staff_customer_export', '''csv'', ''lina'', NULL, NULL, NULL, true') ->> 'filename'), 'customers_export_' || timezone('Africa/Algiers', now())::date || '.csv', 'with its name');
SELECT is(pg_temp.staff('staff_customer_update', format('%L, %L', :'lina', '{"phone": null, "lastName": "Saïdi-Amar"}')) @> '{"phone": null, "lastName": "Saïdi-Amar", "firstName": "Lina"}', true, 'some fields change');
SELECT throws_ok(format('SELECT pg_temp.staff(%L, %L)', 'staff_customer_update', format('%L, %L', :'lina', '{"email": "x@y.dz"}')), 'MJ010', NULL, 'others do not');
SELECT is(pg_temp.staff('staff_customer_status_set', format('%L, ''blocked''', :'lina')), jsonb_build_object('id', :'lina', 'status', 'blocked', 'isActive', false), 'blocked');
SELECT results_eq(format('SELECT is_active, token_version FROM mjc.account WHERE account_id = %L', :'lina'), 'VALUES (false, 1)', 'really');
SELECT is(pg_temp.staff('staff_customer_status_set', format('%L, ''active''', :'lina')) ->> 'isActive', 'true', 'and open again');
SELECT throws_ok(format('SELECT pg_temp.staff(%L, %L)', 'staff_customer_status_set', format('%L, %L', :'lina', 'erased')), 'MJ010', NULL, 'erased is no status to set');
SELECT pg_temp.staff('staff_customer_note_add', format('''key-n'', %L, ''Préfère le matin''', :'lina')) AS note \gset
SELECT is((:'note'::jsonb) #>> '{body,note,body}' || ((:'note'::jsonb) #>> '{body,note,authorName}'), 'Préfère le matinTest Staff', 'a note with its author');
SELECT is(pg_temp.staff('staff_customer_note_add', format('''key-n'', %L, ''Préfère le matin''', :'lina')), jsonb_set(:'note', '{replayed}', 'true'), 'once');
SELECT is(pg_temp.staff('staff_customer_notes', quote_literal(:'lina')) -> 'notes', jsonb_build_array((:'note'::jsonb) #> '{body,note}'), 'the notes');
SELECT is(pg_temp.looks('customer_notes'), 'rest req-customer 1 ' || :'lina', 'on record');
SELECT pg_temp.bought('{1}', '{1}', '0551000001') AS ref \gset
SELECT customer_id AS guest FROM mjc.customer_phone WHERE phone = '+213551000001' \gset
SELECT is(pg_temp.staff('staff_customer_orders', format('%L, NULL, NULL', :'guest')) #>> '{0,orderNumber}', :'ref', 'orders of a guest');
SELECT is(pg_temp.staff('staff_customer_orders', format('%L, 2, 1', :'guest')), '[]', 'by pages');
SELECT is(split_part(pg_temp.looks('customer_orders'), ', ', 1), 'rest req-customer 1 ' || :'guest', 'on record');

----------------------------------------------------------- /customers for staff
SELECT is(pg_temp.staff('customer_get', quote_literal(:'lina')) -> 'customer', mjc.customer_doc(:'lina', true) || '{"reviews": []}', 'the other face wraps the same document');
SELECT is(pg_temp.made('', 'nour@example.test') #> '{body,customer}' @> '{"email": "nour@example.test", "rc": "RC-7"}', true, 'making one');
SELECT is(pg_temp.staff('customer_update', format('%L, %L', :'lina', '{"firstName": "Lyna"}')) #>> '{customer,firstName}', 'Lyna', 'changing one');
SELECT is(pg_temp.staff('customer_deactivate', quote_literal(:'lina')), jsonb_build_object('id', :'lina', 'status', 'inactive', 'isActive', false), 'closing one');
SELECT is(pg_temp.staff('customer_list', format('1, 50, ''saidi'', NULL, %s, %L, ''asc''', a, s)) -> 'customers', mjc.customer_list('saidi', NULL, w, NULL, replace(s, 'user.', ''), 'asc', 1, 50) -> 'customers', format('listing: active %s by %s', a, s))
  FROM (VALUES ('NULL', NULL, NULL), ('true', 'active', 'user.email'), ('false', 'not_active', 'user.firstName'), ('NULL', NULL, 'lastName')) v (a, w, s);
SELECT is(pg_temp.staff('customer_list', '1, 50, ''saidi'', ''B2B'', false, NULL, NULL') #>> '{customers,0,id}', :'lina', 'who is not active');
SELECT is(pg_temp.staff('customer_activate', quote_literal(:'lina')) ->> 'status', 'active', 'opening one');
SELECT is(pg_temp.staff('customer_statistics') #> '{statistics}', jsonb_build_object('totalCustomers', s -> 'total', 'activeCustomers', s -> 'active', 'b2bCustomers', s -> 'b2bCustomers', 'b2cCustomers', s -> 'b2cCustomers', 'recentCustomers', s -> 'recentCustomers'), 'figures')
  FROM mjc.customer_stats() s;

------------------------------------------------------------ customers themselves
SELECT token_version AS tv FROM mjc.account WHERE account_id = :'lina' \gset
SELECT mjc_api.customer_me(:'lina', :tv, :'lina') AS me \gset
SELECT is((:'me'::jsonb) -> 'customer', mjc.customer_doc(:'lina', false), 'my record');
SELECT is((:'me'::jsonb) -> 'addresses', '[]', 'my addresses');
SELECT is(mjc_api.customer_me_set(:'lina', :tv, :'lina', 'r', '{"firstName": "Lina", "phone": "0550000009", "companyName": ""}')::jsonb -> 'customer' @> '{"firstName": "Lina", "phone": "+213550000009", "companyName": null}', true, 'I change it');
SELECT is((SELECT count(*) FROM mjc.audit WHERE action = 'customer_update' AND request_id = 'r'), 0::bigint, 'which is no change of staff');
SELECT throws_ok(format('SELECT mjc_api.customer_me_set(%L, %s, %L, NULL, %L)', :'lina', :tv, :'lina', d), c, NULL, d)
  FROM (VALUES ('{"id": "00000000-0000-0000-0000-000000000000"}', 'MJ010'), ('{"customerId": "x"}', 'MJ010'), ('{"role": "ADMIN"}', 'MJ010'), ('{"status": "active"}', 'MJ010'), ('{"isActive": true}', 'MJ010'), ('{"customerGroup": "b2b"}', 'MJ010'), ('{"totalSpent": 1}', 'MJ010'),
               ('{"email": "a@b.dz"}', 'MJ010'), ('{"firstName": null}', 'MJ003'), ('{"phone": "123"}', 'MJ305'), ('[]', 'MJ010')) v (d, c);
CREATE FUNCTION pg_temp.add(who uuid, kind text, street text, chosen boolean DEFAULT NULL, key text DEFAULT NULL) RETURNS jsonb
    LANGUAGE sql
    AS $$ SELECT to_jsonb(x) FROM mjc_api.address_add(who, (SELECT token_version FROM mjc.account WHERE account_id = who), who, 'r', key, kind, street, 'Oran', '31000', '31', NULL, 'Maison', chosen) x $$;
SELECT pg_temp.add(:'lina', 'SHIPPING', 'rue 1', NULL, 'key-a') AS a1 \gset
SELECT (:'a1'::jsonb) #>> '{body,address,id}' AS home \gset
SELECT is((:'a1'::jsonb) #> '{body,address}' @> '{"type": "SHIPPING", "street": "rue 1", "city": "Oran", "postalCode": "31000", "region": "31", "country": "Algeria", "label": "Maison", "isDefault": true}', true, 'an address');
SELECT is(pg_temp.add(:'lina', 'SHIPPING', 'rue 1', NULL, 'key-a'), jsonb_set(:'a1', '{replayed}', 'true'), 'once a key');
SELECT throws_ok(format('SELECT pg_temp.add(%L, %L, %L, true, %L)', :'lina', 'SHIPPING', 'rue 1', 'key-a'), 'MJ022', NULL, 'another address under it');
SELECT is(pg_temp.add(:'lina', 'SHIPPING', 'rue 2', true) #>> '{body,address,isDefault}', 'true', 'a new default');
SELECT is(mjc_api.customer_me(:'lina', :tv, :'lina')::jsonb #>> '{addresses,1,isDefault}', 'false', 'the old one is none any more');
SELECT is(mjc_api.address_set(:'lina', :tv, :'lina', 'r', :'home', 'BILLING', 'rue 3', 'Alger', NULL, NULL, 'Algérie', NULL, NULL)::jsonb -> 'address' @> '{"type": "BILLING", "street": "rue 3", "city": "Alger", "postalCode": null, "region": null, "country": "Algérie", "label": null, "isDefault": true}', true, 'the whole address anew');
SELECT pg_temp.made('', 'other@example.test') #>> '{body,customer,id}' AS other \gset
SELECT is(mjc_api.address_set(:'other', 0, :'other', 'r', :'home', 'BILLING', 'rue 3', 'Alger', NULL, NULL, NULL, NULL, NULL)::text, NULL, 'nobody changes another''s');
SELECT is(mjc_api.address_remove(:'other', 0, :'other', 'r', :'home')::text, NULL, 'or takes it away');
SELECT is(mjc_api.address_set(:'lina', :tv, :'lina', 'r', NULL, 'BILLING', 'rue 3', 'Alger', NULL, NULL, NULL, NULL, NULL)::text, NULL, 'no id is no new address');
SELECT is(mjc_api.address_remove(:'lina', :tv, :'lina', 'r', :'home')::jsonb, '{"deleted": true}', 'it goes');
SELECT is(mjc_api.address_remove(:'lina', :tv, :'lina', 'r', :'home')::text, NULL, 'once');
SELECT is(mjc_api.customer_order_list(:'lina', :tv, :'lina', NULL, NULL)::jsonb, '{"orders": [], "pagination": {"page": 1, "limit": 10, "total": 0, "totalPages": 0, "hasNext": false, "hasPrev": false}}', 'no orders yet');
INSERT INTO mjc.customer_order (customer_id, order_id, placed_at) SELECT :'lina', order_id, placed_at FROM mjc.order WHERE reference = :'ref';
SELECT is(mjc_api.customer_order_list(:'lina', :tv, :'lina', 1, 50)::jsonb #>> '{orders,0,orderNumber}', :'ref', 'my orders');
SELECT is(mjc_api.customer_me(:'admin', 0, :'admin')::text, NULL, 'an admin is no customer');
SELECT is(mjc_api.customer_me_set(:'admin', 0, :'admin', 'r', '{}')::text, NULL, 'and has no record to change');
SELECT throws_ok(format('SELECT pg_temp.add(%L, %L, %L)', :'admin', 'SHIPPING', 'rue 1'), 'MJ004', NULL, 'nor addresses');
SELECT throws_ok(format(s, w, v, w), CASE WHEN w IS NULL THEN 'MJ060' ELSE 'MJ063' END, NULL, format('%s: %s', n, s))
  FROM unnest(ARRAY['SELECT mjc_api.customer_me(%L, %s, %L)', 'SELECT mjc_api.customer_me_set(%L, %s, %L, NULL, ''{}'')', 'SELECT mjc_api.customer_order_list(%L, %s, %L, 1, 1)', 'SELECT mjc_api.address_add(%L, %s, %L, NULL, NULL, ''BILLING'', ''rue 1'', ''Oran'', NULL, NULL, NULL, NULL, NULL)',
                    'SELECT mjc_api.address_set(%L, %s, %L, NULL, gen_random_uuid(), ''BILLING'', ''rue 1'', ''Oran'', NULL, NULL, NULL, NULL, NULL)', 'SELECT mjc_api.address_remove(%L, %s, %L, NULL, gen_random_uuid())']) s,
       (VALUES (:'lina', 0, 'an older token'), (gen_random_uuid()::text, 0, 'nobody'), (NULL, 0, 'no token')) x (w, v, n);
SELECT is(pg_temp.staff('customer_deactivate', quote_literal(:'lina')) ->> 'status', 'inactive', 'staff close the account');
SELECT throws_ok(format('SELECT mjc_api.customer_me(%L, %s, %L)', :'lina', v, :'lina'), 'MJ063', NULL, format('the customer is out at once, token version %s', v)) FROM unnest(ARRAY[:tv, :tv + 1]) v;
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'every promise is kept');
SELECT is_empty($$SELECT audit_id FROM mjc.audit WHERE (before::text || after::text || subject_id) ~* 'lina|nour|saïdi|example\.test|\+213|rue |matin'$$, 'no person is in the audit');

SELECT * FROM finish();
ROLLBACK;
