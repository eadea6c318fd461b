-- customer: reading, changing, blocking, notes, addresses, lists and CSV, as staff in psql and the shop use them.
BEGIN;
SELECT plan(322);

-- Before anything is written in this session: the check is remembered once it passed.
UPDATE mjc.schema_version SET version = version || '-other';
SELECT throws_ok(s, 'MJ009', NULL, 'another schema version: ' || s)
  FROM unnest(ARRAY['SELECT mjc.customer_create(''{}'')', 'SELECT mjc.customer_update(NULL, ''{}'')', 'SELECT mjc.customer_status_set(NULL, ''active'')', 'SELECT mjc.customer_note_add(NULL, ''x'')',
                    'SELECT mjc.customer_read(NULL)', 'SELECT mjc.customer_find(''x'')', 'SELECT mjc.customer_csv()']) s;
UPDATE mjc.schema_version SET version = replace(version, '-other', '');
\ir fixture.psql
GRANT USAGE ON SCHEMA tap TO PUBLIC;
SELECT pg_temp.make_stock(1, 1000) \g /dev/null

------------------------------------------------------------------------- pure
SELECT is(mjc.customer_words(t)::text, w, format('words of %L', t))
  FROM (VALUES ('Élodie  BEN-ALI', $$'ali':* & 'ben':* & 'elodie':*$$), ('أحمد', $$'احمد':*$$), ('c.o''neil@example.dz', $$'c':* & 'dz':* & 'example':* & 'neil':* & 'o':*$$), ('٠٥', $$'05':*$$)) v (t, w);
SELECT is(mjc.customer_words(t), NULL, format('no words in %L', t)) FROM (VALUES (''), (' '), ('&|!():*<>''"\'), ('%'), (NULL)) v (t);
SELECT lives_ok(format('SELECT mjc.customer_words(%L)', t), format('whatever is typed: %L', left(t, 20)))
  FROM (VALUES ('a & !b | (c'), ('a:*'), ('''x'), ('\'), (repeat('%', 5000)), ('a <-> b'), ('http://x.y/z?a=b'), ('😀'), ('1e5 -3.14 +213')) v (t);
SELECT is(mjc.customer_segment(n, '2026-06-30 12:00+01'::timestamptz - age::interval, '2026-06-30 12:00+01'), s, format('%s orders, the newest %s ago: %s', n, age, s))
  FROM (VALUES (0, NULL, 'never_ordered'), (NULL, NULL, 'never_ordered'), (1, '0 days', 'new'), (1, '30 days', 'new'), (1, '30 days 1 second', 'active'), (2, '0 days', 'active'), (4, '180 days', 'active'),
               (5, '0 days', 'loyal'), (5, '180 days', 'loyal'), (5, '180 days 1 second', 'at_risk'), (1, '365 days', 'at_risk'), (9, '365 days 1 second', 'lost')) v (n, age, s);
SELECT is(mjc.csv_cell(t), w, format('cell of %L', t))
  FROM (VALUES (NULL, ''), ('', '""'), ('Amina', '"Amina"'), ('a"b', '"a""b"'), ('a,b', '"a,b"'), (E'a\r\nb', E'"a\r\nb"'), ('=1+1', '"''=1+1"'), ('+213', '"''+213"'), ('-x', '"''-x"'), ('@x', '"''@x"'),
               (E'\tx', E'"''\tx"'), (E'\rx', E'"''\rx"'), ('a=1', '"a=1"'), ('أمينة', '"أمينة"')) v (t, w);
SELECT is_empty($$SELECT c FROM generate_series(1, 255) i, mjc.csv_cell(chr(i) || 'x') c WHERE c ~ '^"[=+@\t\r-]'$$, 'no cell starts as a formula');

----------------------------------------------------------------------- guests
SELECT (pg_temp.buy('{1}', '{2}', '0551000001', first_name => 'Élodie', last_name => 'Ben-Ali', email => 'elodie@example.test')).body ->> 'orderNumber' AS first \gset
SELECT pg_temp.bought('{1}', '{1}', '0551000001') AS second \gset
SELECT pg_temp.bought('{1}', '{1}', '0551000001') AS third \gset
SELECT mjc.order_cancel(:'third') \g /dev/null
SELECT customer_id AS guest FROM mjc.customer_phone WHERE phone = '+213551000001' \gset
SELECT total_centimes AS total1 FROM mjc.order WHERE reference = :'first' \gset
SELECT total_centimes AS total2 FROM mjc.order WHERE reference = :'second' \gset
SELECT results_eq(format('SELECT orders, spent_centimes, last_order_at FROM mjc.customer_figures(%L)', :'guest'), format('SELECT 2::bigint, %s::bigint, placed_at FROM mjc.order WHERE reference = %L', :total1 + :total2, :'second'), 'figures leave the cancelled order out');
SELECT is(mjc.customer_figures(gen_random_uuid()), ROW(0::bigint, 0::bigint, NULL::timestamptz), 'who never ordered has none');
SELECT is(mjc.customer_figures(NULL), NULL, 'nobody has none at all');
SELECT mjc.customer_item(:'guest') AS item \gset
SELECT is((:'item'::jsonb) @> jsonb_build_object('id', :'guest', 'kind', 'guest', 'email', 'elodie@example.test', 'firstName', 'Élodie', 'lastName', 'Ben-Ali', 'phone', '+213551000001', 'status', 'active', 'customerType', 'B2C',
    'totalOrders', 2, 'totalSpent', mjc.dzd((:total1 + :total2)::bigint), 'companyName', NULL, 'segment', 'active', 'user', jsonb_build_object('email', 'elodie@example.test', 'isActive', true, 'isVerified', false),
    'address', jsonb_build_object('street', '1 rue du Test', 'city', 'Testville', 'postalCode', '', 'country', 'Algeria')), true, 'a guest as a row, at the address of the newest order');
SELECT pg_temp.make_customer(77) \g /dev/null
SELECT is(mjc.customer_item(pg_temp.pid(77)) @> '{"email": "", "firstName": "", "phone": null, "address": null, "lastOrderAt": null, "totalSpent": 0.00, "segment": "never_ordered", "user": {"email": ""}}', true, 'email is a text even where nothing is known');
SELECT is(mjc.customer_item(gen_random_uuid()), NULL, 'nobody is no row');
SELECT is(jsonb_typeof(mjc.customer_item(:'guest') -> 'totalSpent'), 'number', 'money is a number');
SELECT is(jsonb_array_length(mjc.customer_doc(:'guest', true) -> 'orders'), 3, 'staff see the orders');
SELECT is(mjc.customer_doc(:'guest', false) ?| '{segment,customerGroup,orders,notes,mergedInto}', false, 'the customer not what the shop thinks of him');
SELECT is(mjc.customer_doc(gen_random_uuid(), true), NULL, 'nobody is no document');
SELECT is(mjc.customer_orders(:'guest', p, s, true) #>> '{pagination,totalPages}' || ' ' || jsonb_array_length(mjc.customer_orders(:'guest', p, s, true) -> 'orders'), w, format('page %s of %s', p, s))
  FROM (VALUES (1, 2, '2 2'), (2, 2, '2 1'), (3, 2, '2 0'), (1, 50, '1 3')) v (p, s, w);
SELECT is(mjc.customer_orders(:'guest', 1, 1, false) #>> '{orders,0,orderNumber}', :'third', 'newest first');

------------------------------------------------------------- blocked customers
SELECT is(mjc.customer_status_set(:'guest', s), s, format('the guest is %s', s)) FROM unnest(ARRAY['blocked']) s;
SELECT throws_ok($$SELECT pg_temp.bought('{1}', '{1}', '0551000001')$$, 'MJ652', NULL, 'a blocked guest does not order');
SELECT throws_ok($$SELECT pg_temp.bought('{1}', '{1}', '+213 551 00 00 01')$$, 'MJ652', NULL, 'however the phone is typed');
SELECT throws_ok($$SELECT mjc.order_place(pg_temp.pids('{1}'), '{1}', 'Amina', 'Test', '0551000001', street => '1 rue du Test', city => 'Testville', region => '99')$$, 'MJ652', NULL, 'nor do staff for him');
SELECT is(mjc.customer_status_set(:'guest', 'inactive'), 'inactive', 'inactive');
SELECT throws_ok($$SELECT pg_temp.bought('{1}', '{1}', '0551000001')$$, 'MJ652', NULL, 'no more does an inactive one');
SELECT is(mjc.customer_status_set(:'guest', 'active'), 'active', 'active');
SELECT matches(pg_temp.bought('{1}', '{1}', '0551000001'), '^MJ-', 'he orders again');
SELECT results_eq(format($$SELECT before, after FROM mjc.audit WHERE action = 'customer_status_set' AND subject_id = %L ORDER BY audit_id$$, :'guest'),
    $$VALUES ('{"status": "active"}'::jsonb, '{"status": "blocked"}'::jsonb), ('{"status": "blocked"}', '{"status": "inactive"}'), ('{"status": "inactive"}', '{"status": "active"}')$$, 'each change is audited');
SELECT is(mjc.customer_status_set(:'guest', 'active'), 'active', 'again is no change');
SELECT is((SELECT count(*) FROM mjc.audit WHERE action = 'customer_status_set' AND subject_id = :'guest'), 3::bigint, 'and no entry');
SELECT pg_temp.refused(format('SELECT mjc.customer_status_set(%s)', a), c, k, a)
  FROM (VALUES (format('%L, NULL', :'guest'), 'MJ003', 'status'), (format('%L, %L', :'guest', 'erased'), 'MJ010', 'status'), (format('%L, %L', :'guest', 'Active'), 'MJ010', 'status'), (format('%L, %L', :'guest', ''), 'MJ010', 'status'),
               ('NULL, ''active''', 'MJ004', ''), ('gen_random_uuid(), ''active''', 'MJ004', '')) v (a, c, k);

--------------------------------------------------------------- making customers
SELECT mjc.customer_create('{"email": " Karim@Example.TEST ", "firstName": " كريم ", "lastName": "Zidane", "phone": "0661 00 00 01", "customerType": "B2B", "companyName": "Chauffage Zidane SARL", "vatNumber": "", "rc": "16/00-1234567B21", "nif": "000016001234567"}') AS karim \gset
SELECT results_eq(format('SELECT role, is_active, is_verified, token_version FROM mjc.account WHERE account_id = %L', :'karim'), $$VALUES ('CUSTOMER', true, false, 0)$$, 'a registered customer has an account');
SELECT is((SELECT account_id FROM mjc.account_email WHERE email = 'karim@example.test'), :'karim'::uuid, 'found by e-mail in small letters');
SELECT is_empty(format('SELECT account_id FROM mjc.account_secret WHERE account_id = %L', :'karim'), 'without a password');
SELECT is(mjc.customer_doc(:'karim', true) @> '{"kind": "registered", "email": "karim@example.test", "firstName": "كريم", "phone": "+213661000001", "customerType": "B2B", "companyName": "Chauffage Zidane SARL", "vatNumber": null, "rc": "16/00-1234567B21", "nif": "000016001234567", "nis": null, "ai": null, "addresses": [], "orders": [], "notes": 0}', true, 'with all that was given, in one form');
SELECT is((SELECT after FROM mjc.audit WHERE action = 'customer_create' AND subject_id = :'karim'), '{"fields": ["companyName", "customerType", "email", "firstName", "lastName", "nif", "phone", "rc", "vatNumber"]}', 'the audit names fields and no values');
SELECT mjc.customer_create('{"email": "min@example.test", "firstName": "Li", "lastName": "Na"}') AS min \gset
SELECT is(mjc.customer_item(:'min') ->> 'customerType', 'B2C', 'no more than it needs');
SELECT is_empty($$SELECT customer_id FROM mjc.customer_business b JOIN mjc.account_email e ON e.account_id = b.customer_id WHERE e.email = 'min@example.test'$$, 'no row for a business that is none');
SELECT throws_ok($$SELECT mjc.customer_create('{"email": "KARIM@example.test", "firstName": "Li", "lastName": "Na"}')$$, 'MJ602', NULL, 'an e-mail that is taken');
SELECT pg_temp.make_admin('staff@example.test') AS admin \gset
SELECT throws_ok($$SELECT mjc.customer_create('{"email": "staff@example.test", "firstName": "Li", "lastName": "Na"}')$$, 'MJ602', NULL, 'be it of staff');
SELECT pg_temp.refused(format('SELECT mjc.customer_create(%L)', '{"email": "x@example.test", "firstName": "Li", "lastName": "Na"}'::jsonb || d::jsonb), c, k, d)
  FROM (VALUES ('{"email": null}', 'MJ003', 'email'), ('{"email": ""}', 'MJ006', 'email'), ('{"email": "x"}', 'MJ006', 'email'), ('{"email": "a@b"}', 'MJ010', 'email'), ('{"email": "a b@c.dz"}', 'MJ010', 'email'), ('{"email": "a@@c.dz"}', 'MJ010', 'email'), ('{"email": "a@c."}', 'MJ010', 'email'),
               ('{"email": 7}', 'MJ010', 'email'), (format('{"email": "%s@c.dz"}', repeat('x', 250)), 'MJ006', 'email'), (format('{"email": "%s@c.dz"}', repeat('x', 65)), 'MJ010', 'email'),
               ('{"firstName": null}', 'MJ003', 'firstName'), ('{"firstName": " "}', 'MJ003', 'firstName'), ('{"firstName": "<b>"}', 'MJ010', 'firstName'), (format('{"lastName": "%s"}', repeat('x', 51)), 'MJ006', 'lastName'), ('{"lastName": "a\u0007b"}', 'MJ010', 'lastName'),
               ('{"lastName": ["x"]}', 'MJ010', 'lastName'), ('{"phone": "021000000"}', 'MJ305', ''), ('{"phone": "x"}', 'MJ305', ''), ('{"customerType": "b2b"}', 'MJ010', 'customerType'), ('{"customerType": ""}', 'MJ010', 'customerType'),
               (format('{"companyName": "%s"}', repeat('x', 201)), 'MJ006', 'companyName'), (format('{"nif": "%s"}', repeat('1', 51)), 'MJ006', 'nif'), ('{"role": "ADMIN"}', 'MJ010', 'role'), ('{"status": "active"}', 'MJ010', 'status'), ('{"id": "x"}', 'MJ010', 'id'),
               ('{"password": "secret-secret"}', 'MJ010', 'password'), ('{"<b>": 1}', 'MJ010', 'document')) v (d, c, k);
SELECT pg_temp.refused('SELECT mjc.customer_create(NULL)', 'MJ003', 'document', 'no document');
SELECT pg_temp.refused(format('SELECT mjc.customer_create(%L)', d), 'MJ010', 'document', d) FROM unnest(ARRAY['[]', '7', '"x"', 'null']) d;
SELECT is_empty($$SELECT email FROM mjc.account_email WHERE email = 'x@example.test'$$, 'what is refused takes no e-mail');

-------------------------------------------------------------- changing customers
SELECT is(mjc.customer_update(:'karim', '{"firstName": "Karim", "phone": null, "nis": "123", "companyName": "Zidane"}'), :'karim'::uuid, 'some fields');
SELECT is(mjc.customer_fields(:'karim'), '{"firstName": "Karim", "lastName": "Zidane", "customerType": "B2B", "companyName": "Zidane", "rc": "16/00-1234567B21", "nif": "000016001234567", "nis": "123"}', 'change, the others stay, null clears');
SELECT is((SELECT after FROM mjc.audit WHERE action = 'customer_update' AND subject_id = :'karim'), '{"fields": ["companyName", "firstName", "nis", "phone"]}', 'the audit names the fields');
SELECT is(mjc.customer_update(:'karim', d::jsonb), :'karim'::uuid, 'nothing new') FROM (VALUES ('{}'), ('{"firstName": " Karim "}'), ('{"phone": ""}')) v (d);
SELECT is((SELECT count(*) FROM mjc.audit WHERE action = 'customer_update' AND subject_id = :'karim'), 1::bigint, 'is no change');
SELECT is(mjc.customer_update(:'karim', '{"companyName": null, "rc": "", "nif": null, "nis": null, "customerType": "B2C"}'), :'karim'::uuid, 'no business any more');
SELECT is_empty(format('SELECT 1 FROM mjc.customer_business WHERE customer_id = %L', :'karim'), 'leaves no row');
SELECT is(mjc.customer_update(:'guest', '{"firstName": "Elodie", "phone": "0551000001"}'), :'guest'::uuid, 'a guest has a name that can be mended');
SELECT pg_temp.refused(format('SELECT mjc.customer_update(%s)', a), c, k, a)
  FROM (VALUES (format('%L, %L', :'guest', '{"phone": "0551000009"}'), 'MJ010', 'phone'), (format('%L, %L', :'guest', '{"phone": null}'), 'MJ010', 'phone'), (format('%L, %L', :'karim', '{"email": "new@example.test"}'), 'MJ010', 'email'),
               (format('%L, %L', :'karim', '{"lastName": null}'), 'MJ003', 'lastName'), (format('%L, %L', :'karim', '{"customerType": null}'), 'MJ003', 'customerType'), (format('%L, %L', :'karim', '{"lastName": "{x}"}'), 'MJ010', 'lastName'),
               (format('%L, %L', :'karim', '{"customerId": "x"}'), 'MJ010', 'customerId'), (format('%L, NULL', :'karim'), 'MJ003', 'document'), ('NULL, ''{}''', 'MJ004', ''), ('gen_random_uuid(), ''{}''', 'MJ004', '')) v (a, c, k);

--------------------------------------------------------------- status of accounts
SELECT is(mjc.customer_status_set(:'karim', 'inactive'), 'inactive', 'an account is closed with its customer');
SELECT results_eq(format('SELECT is_active, token_version FROM mjc.account WHERE account_id = %L', :'karim'), 'VALUES (false, 1)', 'at once, with every session');
SELECT is(mjc.customer_item(:'karim') #>> '{user,isActive}', 'false', 'which the row says');
SELECT is(mjc.customer_status_set(:'karim', 'blocked') || mjc.customer_status_set(:'karim', 'active'), 'blockedactive', 'blocked, and open again');
SELECT results_eq(format('SELECT is_active, token_version FROM mjc.account WHERE account_id = %L', :'karim'), 'VALUES (true, 3)', 'old sessions stay dead');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'customers and accounts agree');

------------------------------------------------------------------------- notes
SELECT mjc.customer_note_add(:'karim', E' Rappeler\nmardi ') AS note \gset
SELECT is(mjc.customer_notes(:'karim') -> 0 @> jsonb_build_object('id', :'note', 'body', E'Rappeler\nmardi'), true, 'a note, trimmed');
SELECT mjc.customer_note_add(:'karim', repeat('x', 2000)) AS note2 \gset
SELECT is(mjc.customer_notes(:'karim') -> 0 ->> 'id', :'note2', 'newest first');
SELECT is(jsonb_array_length(mjc.customer_notes(:'karim', :'note')), 1, 'or one');
SELECT is(mjc.customer_notes(:'guest'), '[]', 'none of another');
SELECT is((SELECT after FROM mjc.audit WHERE action = 'customer_note_add' AND subject_id = :'karim' ORDER BY audit_id LIMIT 1), jsonb_build_object('note', :'note'), 'audited without its text');
SELECT pg_temp.refused(format('SELECT mjc.customer_note_add(%s)', a), c, k, left(a, 60))
  FROM (VALUES (format('%L, NULL', :'karim'), 'MJ003', 'body'), (format('%L, %L', :'karim', E' \n'), 'MJ003', 'body'), (format('%L, %L', :'karim', repeat('x', 2001)), 'MJ006', 'body'), ('NULL, ''x''', 'MJ004', ''), ('gen_random_uuid(), ''x''', 'MJ004', '')) v (a, c, k);

--------------------------------------------------------------------- addresses
CREATE FUNCTION pg_temp.place(kind text, street text, chosen boolean DEFAULT NULL) RETURNS jsonb
    LANGUAGE sql
    AS $$ SELECT jsonb_build_object('type', kind, 'street', street, 'city', 'Oran', 'isDefault', chosen) $$;
-- Of a customer: "street*" for a default, by kind.
CREATE FUNCTION pg_temp.places(customer uuid) RETURNS text
    LANGUAGE sql
    AS $$ SELECT string_agg(left(kind, 1) || ' ' || street || CASE WHEN is_default THEN '*' ELSE '' END, ', ' ORDER BY kind, street) FROM mjc.address WHERE customer_id = customer $$;
SELECT mjc.address_write(:'karim', NULL, pg_temp.place('SHIPPING', 'rue 1')) AS a1 \gset
SELECT is(pg_temp.places(:'karim'), 'S rue 1*', 'the first of a kind is the default');
SELECT mjc.address_write(:'karim', NULL, pg_temp.place('SHIPPING', 'rue 2', false)) AS a2 \gset
SELECT mjc.address_write(:'karim', NULL, pg_temp.place('BILLING', 'rue 3', false)) AS a3 \gset
SELECT is(pg_temp.places(:'karim'), 'B rue 3*, S rue 1*, S rue 2', 'each kind has its own, whether asked for or not');
SELECT mjc.address_write(:'karim', NULL, pg_temp.place('SHIPPING', 'rue 4', true)) AS a4 \gset
SELECT is(pg_temp.places(:'karim'), 'B rue 3*, S rue 1, S rue 2, S rue 4*', 'a new default takes the place of the old one');
SELECT is(mjc.address_write(:'karim', :'a1', pg_temp.place('SHIPPING', 'rue 1b', true)), :'a1'::uuid, 'an old one may become it');
SELECT is(pg_temp.places(:'karim'), 'B rue 3*, S rue 1b*, S rue 2, S rue 4', 'and no two are');
SELECT is(mjc.address_write(:'karim', :'a1', pg_temp.place('SHIPPING', 'rue 1c')), :'a1'::uuid, 'without a word on it');
SELECT is(pg_temp.places(:'karim'), 'B rue 3*, S rue 1c*, S rue 2, S rue 4', 'it stays the default');
SELECT is(mjc.address_write(:'karim', :'a1', pg_temp.place('SHIPPING', 'rue 1d', false)), :'a1'::uuid, 'the default gives up');
SELECT is((SELECT count(*) FROM mjc.address WHERE customer_id = :'karim' AND kind = 'SHIPPING' AND is_default AND street <> 'rue 1d'), 1::bigint, 'another takes over');
SELECT is(mjc.address_write(:'karim', :'a3', pg_temp.place('BILLING', 'rue 3', false)), :'a3'::uuid, 'one that is alone');
SELECT is(pg_temp.places(:'karim') ~ 'B rue 3\*', true, 'stays the default');
SELECT is(mjc.address_write(:'karim', :'a3', pg_temp.place('SHIPPING', 'rue 3')), :'a3'::uuid, 'of the other kind now');
SELECT is((SELECT string_agg(DISTINCT kind, ',') || count(*) FILTER (WHERE is_default) FROM mjc.address WHERE customer_id = :'karim'), 'SHIPPING1', 'it brings no second default');
SELECT is(mjc.address_write(:'karim', :'a3', pg_temp.place('BILLING', 'rue 3')), :'a3'::uuid, 'and back');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'of each kind one');
SELECT is(mjc.address_drop(:'karim', a.address_id), true, 'the default goes') FROM (SELECT address_id FROM mjc.address WHERE customer_id = :'karim' AND kind = 'SHIPPING' AND is_default) a;
SELECT is((SELECT count(*) FILTER (WHERE is_default) || '/' || count(*) FROM mjc.address WHERE customer_id = :'karim' AND kind = 'SHIPPING'), '1/2', 'the newest that is left follows it');
SELECT is(mjc.address_drop(:'karim', :'a3'), true, 'the last of a kind goes');
SELECT is(mjc.address_drop(:'karim', :'a3'), NULL, 'once');
SELECT is(mjc.address_drop(:'guest', a.address_id), NULL, 'nobody takes another''s away') FROM (SELECT address_id FROM mjc.address WHERE customer_id = :'karim' LIMIT 1) a;
SELECT is(mjc.address_write(:'guest', a.address_id, pg_temp.place('SHIPPING', 'rue 9')), NULL, 'nor changes it') FROM (SELECT address_id FROM mjc.address WHERE customer_id = :'karim' LIMIT 1) a;
SELECT is(mjc.address_write(gen_random_uuid(), NULL, pg_temp.place('SHIPPING', 'rue 9')), NULL, 'nobody has no address');
SELECT is(mjc.address_drop(c, i), NULL, 'nothing of nobody') FROM (VALUES (NULL::uuid, gen_random_uuid()), (gen_random_uuid(), NULL)) v (c, i);
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'still of each kind one');
SELECT throws_ok(format($$UPDATE mjc.address SET is_default = true WHERE customer_id = %L$$, :'karim'), '23505', NULL, 'the index lets no two defaults stand');
SELECT mjc.address_write(:'karim', NULL, '{"type": "BILLING", "street": " 12, rue Didouche ", "city": "Alger", "postalCode": "16000", "region": "16", "country": "Algérie", "label": "Bureau"}') AS a5 \gset
SELECT is(mjc.address_json(:'karim', :'a5') -> 0
          @> '{"type": "BILLING", "street": "12, rue Didouche", "city": "Alger", "postalCode": "16000", "region": "16", "country": "Algérie", "label": "Bureau", "isDefault": true}', true, 'every field');
SELECT is(mjc.address_json(:'karim') #>> '{0,country}', 'Algérie', 'newest first');
SELECT is(mjc.customer_address(:'karim') ->> 'street', (SELECT street FROM mjc.address WHERE customer_id = :'karim' AND kind = 'SHIPPING' AND is_default), 'where a customer is: the default for parcels');
SELECT pg_temp.refused(format('SELECT mjc.address_write(%L, NULL, %L)', :'karim', pg_temp.place('SHIPPING', 'rue 9') || d::jsonb), c, k, left(d, 60))
  FROM (VALUES ('{"type": null}', 'MJ003', 'type'), ('{"type": "HOME"}', 'MJ010', 'type'), ('{"street": null}', 'MJ003', 'street'), ('{"street": "abcd"}', 'MJ006', 'street'), (format('{"street": "%s"}', repeat('x', 201)), 'MJ006', 'street'),
               ('{"city": "x"}', 'MJ006', 'city'), (format('{"city": "%s"}', repeat('x', 101)), 'MJ006', 'city'), ('{"postalCode": "12"}', 'MJ006', 'postalCode'), (format('{"postalCode": "%s"}', repeat('1', 21)), 'MJ006', 'postalCode'),
               ('{"country": "x"}', 'MJ006', 'country'), ('{"region": ""}', 'MJ006', 'region'), ('{"label": "a\u0007b"}', 'MJ010', 'label'), ('{"isDefault": "yes"}', 'MJ010', 'isDefault'), ('{"customerId": "x"}', 'MJ010', 'customerId'), ('{"id": "x"}', 'MJ010', 'id')) v (d, c, k);
SELECT pg_temp.refused(format('SELECT mjc.address_write(%L, NULL, NULL)', :'karim'), 'MJ003', 'document', 'no address');
SELECT mjc.address_write(:'karim', NULL, pg_temp.place('SHIPPING', 'rue ' || n)) FROM generate_series((SELECT count(*) + 1 FROM mjc.address WHERE customer_id = :'karim'), 50) n \g /dev/null
SELECT is((pg_temp.failure(format('SELECT mjc.address_write(%L, NULL, pg_temp.place(%L, %L))', :'karim', 'SHIPPING', 'rue 51')))::text, '(MJ654,"{""max"": ""50""}")', 'fifty and no more');
SELECT is(mjc.address_write(:'karim', :'a2', pg_temp.place('SHIPPING', 'rue 2 bis')), :'a2'::uuid, 'but each may change') WHERE EXISTS (SELECT FROM mjc.address WHERE address_id = :'a2');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'and of each kind one');

---------------------------------------------------------------------- lists, CSV
CREATE FUNCTION pg_temp.ids(search text DEFAULT NULL, kind text DEFAULT NULL, status text DEFAULT NULL, segment text DEFAULT NULL, sort_by text DEFAULT NULL, sort_order text DEFAULT NULL, size integer DEFAULT 100, skip bigint DEFAULT 0) RETURNS uuid[]
    LANGUAGE sql
    AS $$ SELECT ids FROM mjc.customer_page(search, kind, status, segment, sort_by, sort_order, size, skip) $$;
SELECT is(pg_temp.ids(t), ARRAY[:'guest'::uuid], format('the guest is found by %L', t))
  FROM unnest(ARRAY['elodie ben', 'ELODIE', 'Ben-Al', 'ali elo', '0551000001', '+213 551 00 00 01', '00213551000001', '055100000', '٠٥٥١٠٠٠٠٠١', 'elodie@exam']) t;
SELECT is(pg_temp.ids(t), '{}', format('nobody is found by %L', t)) FROM unnest(ARRAY['elodie karim', 'lodie', '0551000002', '%', '''', 'elodie&', '\', 'zzz']) t WHERE t <> 'elodie&';
SELECT is(mjc.customer_update(:'karim', '{"companyName": "Société Électro-Gaz", "vatNumber": "DZ-998", "customerType": "B2B"}'), :'karim'::uuid, 'a company');
SELECT is(pg_temp.ids(t), ARRAY[:'karim'::uuid], format('the company is found by %L', t)) FROM unnest(ARRAY['electro gaz', 'societe', 'DZ-998', 'dz 99']) t;
SELECT is(pg_temp.ids(' '), pg_temp.ids(), 'blanks are no search');
SELECT is(pg_temp.ids('karim', 'B2C'), '{}', 'of a type');
SELECT is(pg_temp.ids('karim', 'B2B', 'active'), ARRAY[:'karim'::uuid], 'of a status');
SELECT is(pg_temp.ids('karim', status => 'not_active'), '{}', 'active is not not active');
SELECT is(mjc.customer_status_set(:'karim', 'blocked'), 'blocked', 'blocked');
SELECT is(pg_temp.ids('karim', status => s), ARRAY[:'karim'::uuid], format('found by %s', s)) FROM unnest(ARRAY['blocked', 'not_active']) s;
SELECT is(pg_temp.ids('elodie', segment => s), w, format('segment %s', s)) FROM (VALUES ('active', ARRAY[:'guest'::uuid]), ('loyal', '{}'), ('never_ordered', '{}'), ('b2b', '{}')) v (s, w);
SELECT is(pg_temp.ids('karim', segment => 'b2b') || pg_temp.ids('karim', segment => 'never_ordered'), ARRAY[:'karim', :'karim']::uuid[], 'b2b counts across');
SELECT is(pg_temp.ids(sort_by => s, sort_order => o, size => NULL), (SELECT array_agg(c.customer_id ORDER BY CASE WHEN o = 'asc' THEN k END NULLS LAST, CASE WHEN o = 'desc' THEN k END DESC NULLS LAST, CASE WHEN o = 'asc' THEN c.customer_id END, c.customer_id DESC)
              FROM mjc.customer c JOIN mjc.customer_person p USING (customer_id) CROSS JOIN LATERAL (SELECT CASE s WHEN 'email' THEN ARRAY[lower(p.email)] WHEN 'lastName' THEN ARRAY[lower(p.last_name), lower(p.first_name)] ELSE ARRAY[lower(p.first_name), lower(p.last_name)] END) x (ks) CROSS JOIN LATERAL (SELECT CASE WHEN s = 'email' AND p.email IS NULL THEN NULL ELSE ks END) y (k)
             WHERE c.merged_into IS NULL AND c.status <> 'erased'), format('by %s %s', s, o))
  FROM unnest(ARRAY['name', 'firstName', 'lastName', 'email']) s, unnest(ARRAY['asc', 'desc']) o;
SELECT is(pg_temp.ids(sort_by => 'createdAt', sort_order => o, size => NULL), (SELECT array_agg(c.customer_id ORDER BY CASE WHEN o = 'asc' THEN c.created_at END, CASE WHEN o = 'asc' THEN c.customer_id END DESC, c.created_at DESC, c.customer_id) FROM mjc.customer c WHERE c.merged_into IS NULL AND c.status <> 'erased'), format('by createdAt %s', o))
  FROM unnest(ARRAY['asc', 'desc']) o;
SELECT is(pg_temp.ids(size => NULL), pg_temp.ids(sort_by => 'createdAt', sort_order => 'desc', size => NULL), 'newest first, if nothing else is said');
SELECT is((SELECT array_agg(x.id ORDER BY p, x.n) FROM generate_series(0, (SELECT total FROM mjc.customer_page(s, NULL, NULL, NULL, 'lastName', 'asc', 2, 0)), 2) p, unnest(pg_temp.ids(s, sort_by => 'lastName', sort_order => 'asc', size => 2, skip => p)) WITH ORDINALITY x (id, n)), pg_temp.ids(s, sort_by => 'lastName', sort_order => 'asc', size => NULL), format('pages together are the list, search %L', s))
  FROM (VALUES (NULL), ('a'), ('e')) v (s);
SELECT is((SELECT total FROM mjc.customer_page(NULL, NULL, NULL, NULL, NULL, NULL, 1, 0)), cardinality(pg_temp.ids(size => NULL))::bigint, 'the total is of all');
SELECT pg_temp.refused(format('SELECT pg_temp.ids(%s)', a), 'MJ010', k, a) FROM (VALUES ('sort_by => ''customer_id; DROP TABLE mjc.customer''', 'sortBy'), ('sort_by => ''email'', sort_order => ''up''', 'sortOrder')) v (a, k);
SELECT is(mjc.customer_list('elodie', NULL, NULL, NULL, NULL, NULL, 1, 20) - 'customers', '{"total": 1, "page": 1, "limit": 20, "totalPages": 1, "pagination": {"page": 1, "limit": 20, "total": 1, "totalPages": 1, "hasNext": false, "hasPrev": false}}', 'a page has both forms of pagination');
SELECT is(mjc.customer_list('elodie', NULL, NULL, NULL, NULL, NULL, 1, 20) #> '{customers,0}', mjc.customer_item(:'guest'), 'and rows');
SELECT is(mjc.customer_list('elodie', NULL, NULL, NULL, NULL, NULL, 9, 20) -> 'customers', '[]', 'a page beyond the end is empty');

UPDATE mjc.customer_person SET first_name = '=cmd|x', last_name = 'Ben "Ali", أمينة' WHERE customer_id = :'guest';
SELECT csv, persons FROM mjc.customer_export('0551000001', NULL, NULL, NULL) \gset
SELECT is(:persons, 1, 'one person');
SELECT is(left(:'csv', 4), chr(65279) || 'id,', 'the mark of UTF-8 comes first');
SELECT is(split_part(:'csv', E'\r\n', 2), format('%s,"''=cmd|x","Ben ""Ali"", أمينة","elodie@example.test","''+213551000001",B2C,,,active,%s,3,%s,%s,"1 rue du Test","Testville",,"Algeria"', :'guest',
    mjc.iso(c.created_at), mjc.dzd(f.spent_centimes), mjc.iso(f.last_order_at)), 'quoted, with no formula') FROM mjc.customer c, mjc.customer_figures(c.customer_id) f WHERE c.customer_id = :'guest';
SELECT is(split_part(:'csv', E'\r\n', 3), '', 'each line ends with CRLF');
SELECT is((SELECT persons FROM mjc.customer_export('zzz', NULL, NULL, NULL)), 0, 'nobody is a head without lines');
SELECT is((SELECT count(*) - 2 FROM mjc.customer_export(NULL, NULL, NULL, NULL) x, regexp_split_to_table(x.csv, '\r\n')), cardinality(pg_temp.ids(size => NULL))::bigint, 'everybody, one a line');
SELECT is((SELECT a.csv FROM mjc.customer_export('karim', 'B2B', 'blocked', 'b2b') a) ~ '"Société Électro-Gaz","DZ-998",blocked', true, 'what the list shows');

SELECT mjc.customer_stats() AS stats \gset
SELECT is((:'stats'::jsonb) ->> k, w::text, format('stats: %s', k))
  FROM (VALUES ('total', (SELECT count(*) FROM mjc.customer)), ('totalCustomers', (SELECT count(*) FROM mjc.customer)), ('active', (SELECT count(*) FROM mjc.customer WHERE status = 'active')), ('blocked', 1), ('inactive', 0),
               ('b2bCustomers', (SELECT count(*) FROM mjc.customer WHERE customer_type = 'B2B')), ('activeCustomers', (SELECT count(DISTINCT customer_id) FROM mjc.order WHERE status NOT IN ('CANCELLED', 'REFUNDED') AND placed_at > now() - interval '30 days'))) v (k, w);
SELECT is(((:'stats'::jsonb) ->> k)::numeric, w, format('stats: %s', k))
  FROM (SELECT round(avg(total_centimes)) / 100 AS mean, round(sum(total_centimes) / count(DISTINCT customer_id)) / 100 AS life FROM mjc.order WHERE status NOT IN ('CANCELLED', 'REFUNDED')) x CROSS JOIN LATERAL (VALUES ('averageOrderValue', mean), ('lifetimeValue', life)) v (k, w);
SELECT is((SELECT sum((s ->> 'customers')::bigint) FROM jsonb_array_elements(mjc.customer_segments() -> 'segments') s WHERE s ->> 'segment' <> 'b2b'), (SELECT count(*)::numeric FROM mjc.customer), 'each customer is in one segment');
SELECT is((SELECT string_agg(s ->> 'segment', ' ') FROM jsonb_array_elements(mjc.customer_segments() -> 'segments') s), 'new active loyal at_risk lost never_ordered b2b', 'every segment is named, empty or not');
SELECT is((SELECT (s ->> 'customers')::integer FROM jsonb_array_elements(mjc.customer_segments() -> 'segments') s WHERE s ->> 'segment' = k), (mjc.customer_list(NULL, NULL, NULL, k, NULL, NULL, 1, 1) ->> 'total')::integer, format('counts are those of the list: %s', k))
  FROM unnest(ARRAY['new', 'active', 'loyal', 'never_ordered', 'b2b']) k;

------------------------------------------------------------------- joined, erased
UPDATE mjc.customer SET merged_into = :'karim' WHERE customer_id = pg_temp.pid(77);
SELECT is(pg_temp.pid(77) = ANY (pg_temp.ids(size => NULL)), false, 'who was joined to another is in no list');
SELECT throws_ok(format('SELECT mjc.customer_status_set(%L, %L)', pg_temp.pid(77), 'blocked'), 'MJ004', NULL, 'and has no status of his own');
SELECT pg_temp.make_customer(78) \g /dev/null
UPDATE mjc.customer SET status = 'erased', erased_at = now() WHERE customer_id = pg_temp.pid(78);
SELECT is(pg_temp.pid(78) = ANY (pg_temp.ids(size => NULL)), false, 'nor is who was erased');
SELECT is(pg_temp.ids(status => 'erased'), ARRAY[pg_temp.pid(78)], 'if not asked for');
SELECT throws_ok(format(s, pg_temp.pid(78)), 'MJ653', NULL, format('erased: %s', s))
  FROM unnest(ARRAY['SELECT mjc.customer_status_set(%L, ''active'')', 'SELECT mjc.customer_update(%L, ''{}'')', 'SELECT mjc.customer_note_add(%L, ''x'')', 'SELECT mjc.address_write(%L, NULL, pg_temp.place(''BILLING'', ''rue 1''))', 'SELECT mjc.address_drop(%L, gen_random_uuid())']) s;

--------------------------------------------------------------- who reads is noted
CREATE FUNCTION pg_temp.looks(what text) RETURNS text
    LANGUAGE sql
    AS $$ SELECT string_agg(channel || ' ' || persons || coalesce(' ' || subject, ''), ', ' ORDER BY access_id) FROM mjc.personal_access WHERE action = what $$;
SELECT is(mjc.customer_read(:'karim') #>> '{notes,0,id}', :'note2', 'staff read a customer with the notes');
SELECT is(pg_temp.looks('customer_read'), 'psql 1 ' || :'karim', 'which is on record');
SELECT throws_ok(format('SELECT mjc.customer_read(%s)', a), 'MJ004', NULL, 'nobody') FROM unnest(ARRAY['NULL', 'gen_random_uuid()']) a;
SELECT results_eq($$SELECT customer_id, kind, phone, status FROM mjc.customer_find('0551000001')$$, format($$VALUES (%L::uuid, 'guest', '+213551000001', 'active')$$, :'guest'), 'staff find a customer');
SELECT is_empty($$SELECT * FROM mjc.customer_find('zzz')$$, 'or none');
SELECT is(pg_temp.looks('customer_find'), 'psql 1', 'who was shown is on record, nobody is not');
SELECT pg_temp.refused(format('SELECT mjc.customer_find(%s)', a), 'MJ003', 'what', a) FROM unnest(ARRAY['NULL', ''' ''']) a;
SELECT is(mjc.customer_csv('0551000001'), :'csv', 'the same CSV in psql');
SELECT is(mjc.customer_csv(status => 'blocked', customer_type => 'B2B', segment => 'b2b') ~ 'Électro', true, 'with the filters of the list');
SELECT is(pg_temp.looks('customer_export'), 'psql 1, psql 1', 'which is on record');

-- Without a row in mjc.staff
CREATE ROLE test_customer_nobody LOGIN IN ROLE mjc_admin;
SET SESSION AUTHORIZATION test_customer_nobody;
SELECT throws_ok(s, 'MJ601', NULL, s) FROM unnest(ARRAY['SELECT mjc.customer_create(''{}'')', 'SELECT mjc.customer_update(NULL, ''{}'')', 'SELECT mjc.customer_status_set(NULL, ''active'')', 'SELECT mjc.customer_note_add(NULL, ''x'')',
    'SELECT mjc.customer_read(NULL)', 'SELECT mjc.customer_find(''x'')', 'SELECT mjc.customer_csv()']) s;
SELECT throws_ok(s, '42501', NULL, s) FROM unnest(ARRAY['SELECT mjc.customer_item(gen_random_uuid())', 'SELECT mjc.customer_doc(gen_random_uuid(), true)', 'SELECT mjc.customer_write(NULL, ''psql'', NULL, NULL, NULL)', 'SELECT mjc.customer_export(NULL, NULL, NULL, NULL)',
    'SELECT note_id FROM mjc.customer_note', 'SELECT company_name FROM mjc.customer_business', 'UPDATE mjc.customer SET status = ''active''']) s;
RESET SESSION AUTHORIZATION;

SELECT * FROM finish();
ROLLBACK;
