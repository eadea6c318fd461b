-- account_api: registering, passwords, links by mail, the user of the contract.
BEGIN;
SELECT plan(231);

-- Before anything is written in this session: the check is remembered once it passed.
UPDATE mjc.schema_version SET version = version || '-other';
SELECT throws_ok(s, 'MJ009', NULL, 'another schema version: ' || s)
  FROM unnest(ARRAY['SELECT mjc_api.register(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)', 'SELECT mjc_api.password_begin(NULL, NULL, NULL)',
                    'SELECT mjc_api.password_change(NULL, NULL, NULL, NULL, NULL, NULL)', 'SELECT mjc_api.password_reset_request(NULL, NULL)', 'SELECT mjc_api.password_reset(NULL, NULL, NULL)',
                    'SELECT mjc_api.email_verify(NULL, NULL)', 'SELECT mjc_api.auth_verification_resend(NULL, NULL, NULL, NULL)', 'SELECT mjc_api.auth_profile_set(NULL, NULL, NULL, NULL, NULL, NULL, NULL)',
                    'SELECT mjc.staff_set_role(NULL, NULL)', 'SELECT mjc.account_password_set(NULL, NULL)', 'SELECT mjc.staff_set_active(NULL, NULL)']) s;
UPDATE mjc.schema_version SET version = replace(version, '-other', '');
\ir fixture.psql
GRANT USAGE ON SCHEMA tap TO PUBLIC;
\set hash '$2b$12$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
\set other '$2b$12$bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'
SELECT pg_temp.make_admin('chef@example.test') AS chef \gset
SELECT gen_random_uuid() AS t \gset

CREATE FUNCTION pg_temp.join(email text DEFAULT 'x@example.test', first_name text DEFAULT 'Amina', last_name text DEFAULT 'Test', phone text DEFAULT NULL, company text DEFAULT NULL, kind text DEFAULT NULL,
    vat text DEFAULT NULL, hash text DEFAULT '$2b$12$' || repeat('a', 53), session uuid DEFAULT NULL, lang text DEFAULT NULL) RETURNS jsonb LANGUAGE sql
    AS $$ SELECT mjc_api.register(email, first_name, last_name, phone, company, kind, vat, hash, session, sha256('r'), lang, 'req-join')::jsonb $$;
-- The link of the newest message of a topic to an account, as its reader holds it; NULL for none.
CREATE FUNCTION pg_temp.link(account uuid, about text) RETURNS text LANGUAGE sql
    AS $$ SELECT payload ->> 'token' FROM mjc.outbox WHERE aggregate_kind = 'account' AND aggregate_id = account AND topic = about ORDER BY outbox_id DESC LIMIT 1 $$;
CREATE FUNCTION pg_temp.hashed(link text) RETURNS bytea LANGUAGE sql
    AS $$ SELECT sha256(decode(translate(link, '-_', '+/') || '=', 'base64')) $$;
CREATE FUNCTION pg_temp.mails(account uuid, about text) RETURNS bigint LANGUAGE sql
    AS $$ SELECT count(*) FROM mjc.outbox WHERE aggregate_id = account AND topic = about $$;
CREATE FUNCTION pg_temp.forgot(email text) RETURNS text LANGUAGE sql
    AS $$ SELECT mjc_api.password_reset_request(email, 'req-forgot')::text $$;
CREATE FUNCTION pg_temp.reset(link text, hash text) RETURNS text LANGUAGE sql
    AS $$ SELECT mjc_api.password_reset(pg_temp.hashed(link), hash, 'req-reset') ->> 'success' $$;
CREATE FUNCTION pg_temp.version(who uuid) RETURNS integer LANGUAGE sql
    AS $$ SELECT token_version FROM mjc.account WHERE account_id = who $$;
CREATE FUNCTION pg_temp.secret(account uuid) RETURNS text LANGUAGE sql
    AS $$ SELECT password_hash FROM mjc.account_secret WHERE account_id = account $$;

-- Registering
SELECT gen_random_uuid() AS session \gset
SELECT pg_temp.join(' Amina@Example.TEST ', 'أمينة', 'O''Neil-Ben St.', '0661 00 00 01', 'Test SARL', 'B2B', 'FR123', session => :'session', lang => 'ar') AS reply \gset
SELECT :'reply'::jsonb #>> '{user,id}' AS amina \gset
SELECT is(:'reply'::jsonb #- '{user,createdAt}' #- '{user,updatedAt}', jsonb_build_object('tokenVersion', 0, 'user', jsonb_build_object('id', :'amina', 'email', 'amina@example.test', 'firstName', 'أمينة', 'lastName', 'O''Neil-Ben St.',
    'role', 'CUSTOMER', 'phone', '+213661000001', 'avatar', NULL, 'isActive', true, 'isVerified', false)), 'a new user, not verified');
SELECT results_eq(format('SELECT kind, customer_type, account_id, status FROM mjc.customer WHERE customer_id = %L', :'amina'), format('VALUES (%L, %L, %L::uuid, %L)', 'registered', 'B2B', :'amina', 'active'), 'a customer of the same id');
SELECT results_eq(format('SELECT company_name, vat_number FROM mjc.customer_business WHERE customer_id = %L', :'amina'), $$VALUES ('Test SARL', 'FR123')$$, 'with a company');
SELECT is(pg_temp.secret(:'amina'), :'hash', 'the hash apart');
SELECT is((SELECT count(*) FROM mjc.account_person WHERE account_id = :'amina'), 0::bigint, 'one person, a customer''s');
SELECT is((SELECT session_id FROM mjc.session WHERE account_id = :'amina'), :'session'::uuid, 'signed in');
SELECT is((SELECT request_id FROM mjc.audit WHERE action = 'register' AND actor = :'amina' AND subject_id = :'amina' AND before IS NULL AND after IS NULL), 'req-join', 'audited, without what was told');
SELECT results_eq(format($$SELECT topic, payload ->> 'lang', payload - '{token,lang,validUntil}'::text[] FROM mjc.outbox WHERE aggregate_id = %L$$, :'amina'), $$VALUES ('email_verify', 'ar', '{}'::jsonb)$$, 'a message with a link, and no address');
SELECT is(length(pg_temp.link(:'amina', 'email_verify')), 43, 'of 43 characters');
SELECT results_eq(format('SELECT token_hash, purpose, used_at, expires_at - created_at FROM mjc.account_token WHERE account_id = %L', :'amina'),
    format('VALUES (%L::bytea, ''email_verify'', NULL::timestamptz, interval ''3 days'')', pg_temp.hashed(pg_temp.link(:'amina', 'email_verify'))), 'the table knows its SHA-256 alone');
SELECT is(pg_temp.join('b2c@example.test') #>> '{user,phone}', NULL, 'no more than it needs');
SELECT is((SELECT customer_type FROM mjc.customer WHERE customer_id = (SELECT account_id FROM mjc.account_email WHERE email = 'b2c@example.test')), 'B2C', 'B2C unless said');
SELECT is((SELECT payload ->> 'lang' FROM mjc.outbox WHERE aggregate_id = (SELECT account_id FROM mjc.account_email WHERE email = 'b2c@example.test')), 'fr', 'in French');
SELECT is((SELECT count(*) FROM mjc.session WHERE account_id = (SELECT account_id FROM mjc.account_email WHERE email = 'b2c@example.test')), 0::bigint, 'no session that nobody asked for');
SELECT throws_ok(format('SELECT pg_temp.join(%L)', e), 'MJ602', NULL, format('%s is taken', e)) FROM unnest(ARRAY['amina@example.test', 'AMINA@example.test ', 'chef@example.test']) e;
SELECT lives_ok(format('SELECT pg_temp.join(%L, %L, %L)', 'n' || n || '@example.test', f, f), format('name %L', f))
  FROM unnest(ARRAY['A', repeat('é', 50), 'Nguyễn Thị', 'İpek', 'محمد عبد الله', '李', 'D''Arc', 'Jean-Marie', 'St. John', 'O’Neil', U&'e\0301ric']) WITH ORDINALITY u (f, n);
SELECT pg_temp.refused(format('SELECT pg_temp.join(%s)', a), c, k, left(a, 60))
  FROM (VALUES ('NULL', 'MJ003', 'email'), ('''''', 'MJ006', 'email'), ('''no-address''', 'MJ010', 'email'), ('''a@b''', 'MJ010', 'email'), ('''a b@example.test''', 'MJ010', 'email'), ('''a@@example.test''', 'MJ010', 'email'),
               ('''a@example.test, b@example.test''', 'MJ010', 'email'), ('''<a@example.test>''', 'MJ010', 'email'), (format('%L', E'a\r\nBcc: b@example.test'), 'MJ010', 'email'), (format('%L', E'a\x02@example.test'), 'MJ010', 'email'),
               (format('%L', repeat('a', 250) || '@b.dz'), 'MJ006', 'email'), (format('%L', repeat('a', 65) || '@example.test'), 'MJ010', 'email'),
               ('first_name => NULL', 'MJ003', 'firstName'), ('first_name => ''''', 'MJ003', 'firstName'), ('first_name => '' ''', 'MJ003', 'firstName'), ('last_name => NULL', 'MJ003', 'lastName'), ('first_name => NULL, last_name => NULL', 'MJ003', 'firstName'),
               ('first_name => repeat(''x'', 51)', 'MJ006', 'firstName'), ('last_name => repeat(''x'', 51)', 'MJ006', 'lastName'), ('first_name => ''<b>''', 'MJ010', 'firstName'), ('last_name => ''R2D2''', 'MJ010', 'lastName'),
               ('first_name => NULL, last_name => ''R2D2''', 'MJ010', 'lastName'), (format('first_name => %L', E'a\nb'), 'MJ010', 'firstName'), ('first_name => ''=cmd''', 'MJ010', 'firstName'), ('last_name => U&''a\202Eb''', 'MJ010', 'lastName'),
               ('phone => ''12''', 'MJ305', ''), ('phone => ''+33612345678''', 'MJ305', ''), ('kind => ''b2b''', 'MJ010', 'customerType'), ('company => repeat(''x'', 201)', 'MJ006', 'companyName'), ('vat => repeat(''x'', 51)', 'MJ006', 'vatNumber'),
               ('hash => NULL', 'MJ603', ''), ('hash => ''password''', 'MJ603', ''), (format('hash => %L', replace(:'hash', '$12$', '$11$')), 'MJ603', '')) v (a, c, k);
SELECT is((SELECT count(*) FROM mjc.account_email WHERE email = 'x@example.test'), 0::bigint, 'what is refused takes no e-mail');
SELECT is(pg_temp.join(phone => '') #>> '{user,phone}', NULL, 'an empty phone is none');
SELECT is(mjc.account_register('AMINA@example.test', NULL, '{"firstName": "A", "lastName": "B"}'), NULL, 'for rules, an e-mail that is taken is an answer');

-- Proving the e-mail
SELECT pg_temp.link(:'amina', 'email_verify') AS link \gset
SELECT is(mjc_api.account_token_check(pg_temp.hashed(:'link'), p), w, format('the link, for %s', coalesce(p, 'NULL'))) FROM (VALUES ('email_verify', true), ('password_reset', false), ('', false), (NULL, false)) v (p, w);
SELECT is(mjc_api.account_token_check(h, 'email_verify'), false, 'no link') FROM (VALUES (NULL::bytea), ('\x'), (sha256('x'))) v (h);
SELECT throws_ok(format('SELECT mjc_api.password_reset(%L, %L, NULL)', pg_temp.hashed(:'link'), :'other'), 'MJ607', NULL, 'it sets no password');
SELECT throws_ok(format('SELECT mjc_api.email_verify(%L, NULL)', h), 'MJ607', NULL, format('no link %s', left(h::text, 10))) FROM (VALUES (NULL::bytea), ('\x'), (sha256('x')), (convert_to(:'link', 'UTF8'))) v (h);
SELECT is(mjc_api.auth_verification_resend(:'amina', 0, :'t', NULL) ->> 'success', 'true', 'another one');
SELECT isnt(pg_temp.link(:'amina', 'email_verify'), :'link', 'is another');
SELECT throws_ok(format('SELECT mjc_api.email_verify(%L, NULL)', pg_temp.hashed(:'link')), 'MJ607', NULL, 'the older one does not work any more');
SELECT pg_temp.link(:'amina', 'email_verify') AS link \gset
UPDATE mjc.account_token SET expires_at = clock_timestamp() WHERE token_hash = pg_temp.hashed(:'link');
SELECT is(mjc_api.account_token_check(pg_temp.hashed(:'link'), 'email_verify'), false, 'too old');
SELECT throws_ok(format('SELECT mjc_api.email_verify(%L, NULL)', pg_temp.hashed(:'link')), 'MJ607', NULL, 'too late');
UPDATE mjc.account_token SET expires_at = clock_timestamp() + interval '1 second' WHERE token_hash = pg_temp.hashed(:'link');
SELECT mjc_api.email_verify(pg_temp.hashed(:'link'), NULL) AS reply \gset
SELECT is(:'reply'::jsonb #>> '{data,user,isVerified}', 'true', 'in the last second it is proven');
SELECT is(jsonb_typeof(:'reply'::jsonb #> '{data,ordersJoined}'), 'number', 'with a number of orders that joined');
SELECT isnt((SELECT verified_at FROM mjc.account WHERE account_id = :'amina'), NULL, 'since when is known');
SELECT throws_ok(format('SELECT mjc_api.email_verify(%L, NULL)', pg_temp.hashed(:'link')), 'MJ607', NULL, 'it works once');
SELECT is(mjc.account_join(a, NULL), 0, w || ' joins nothing') FROM (VALUES (:'amina'::uuid, 'a second proof'), (NULL, 'nobody'), (gen_random_uuid(), 'an unknown account'), (:'chef', 'a member of staff')) v (a, w);
SELECT lives_ok(format('SELECT mjc.account_verified(%L)', a), 'of nobody nothing is proven') FROM (VALUES (NULL::uuid), (gen_random_uuid())) v (a);
SELECT is(mjc.link_owner(h, p), NULL, 'such a link is nobody''s') FROM (VALUES (pg_temp.hashed(:'link'), 'email_verify'), (NULL, 'email_verify'), (sha256('x'), NULL)) v (h, p);
SELECT is(mjc_api.auth_verification_resend(:'amina', 0, :'t', NULL) ->> 'success', 'true', 'whoever proved it');
SELECT is(pg_temp.mails(:'amina', 'email_verify'), 2::bigint, 'gets no more mail');
SELECT account_id AS late FROM mjc.account_email WHERE email = 'b2c@example.test' \gset
SELECT is(count(*), 5::bigint, 'five more mails in a minute') FROM generate_series(1, 5) n, LATERAL (SELECT mjc_api.auth_verification_resend(:'late', 0, :'t', n::text)) x;
SELECT throws_ok(format('SELECT mjc_api.auth_verification_resend(%L, 0, %L, NULL)', :'late', :'t'), 'MJ020', NULL, 'and no more');
SELECT throws_ok(format('SELECT mjc_api.auth_verification_resend(%s, NULL)', a), c, NULL, 'resend: ' || a) FROM (VALUES ('NULL, NULL, NULL', 'MJ060'), (format('%L, 9, %L', :'amina', :'t'), 'MJ063')) v (a, c);

-- A forgotten password
SELECT pg_temp.forgot('amina@example.test') AS said \gset
SELECT is(:'said'::json ->> 'success', 'true', 'an answer');
SELECT mjc.customer_create('{"email": "blocked@example.test", "firstName": "Karim", "lastName": "Test"}') AS blocked \gset
SELECT mjc.customer_status_set(:'blocked', 'blocked') \g /dev/null
SELECT is(pg_temp.forgot(e), :'said', format('the same for %L', e)) FROM unnest(ARRAY['nobody@example.test', 'blocked@example.test', 'chef@example.test', '', NULL, repeat('x', 5000), 'AMINA@example.test ']) e;
SELECT is(pg_temp.mails(a, 'password_reset'), n, format('%s mails to %s', n, w)) FROM (VALUES (:'amina'::uuid, 2::bigint, 'the customer'), (:'chef', 1, 'a member of staff'), (:'blocked', 0, 'who is blocked')) v (a, n, w);
SELECT is(count(*) FILTER (WHERE pg_temp.forgot('amina@example.test') = :'said'), 9::bigint, 'nine more times the same') FROM generate_series(1, 9);
SELECT is(pg_temp.mails(:'amina', 'password_reset'), 5::bigint, 'of which a mailbox gets five in a minute');
SELECT is((SELECT count(*) FROM mjc.account_token WHERE account_id = :'amina' AND purpose = 'password_reset' AND used_at IS NULL), 1::bigint, 'one link is good');
SELECT results_eq(format($$SELECT expires_at - created_at FROM mjc.account_token WHERE token_hash = %L$$, pg_temp.hashed(pg_temp.link(:'amina', 'password_reset'))), $$VALUES (interval '1 hour')$$, 'for an hour');
SELECT pg_temp.link(:'amina', 'password_reset') AS link \gset
SELECT throws_ok(format('SELECT pg_temp.reset(%L, %L)', :'link', h), 'MJ603', NULL, format('no hash %s', left(h, 10))) FROM unnest(ARRAY[NULL, '', replace(:'other', '$12$', '$04$')]) h;
SELECT is(mjc_api.account_token_check(pg_temp.hashed(:'link'), 'password_reset'), true, 'which does not use it up');
SELECT is(pg_temp.reset(:'link', :'other'), 'true', 'a new password');
SELECT is(pg_temp.secret(:'amina') || pg_temp.version(:'amina'), :'other' || '1', 'holds, and all sessions end');
SELECT is((SELECT outcome FROM mjc_api.session_refresh(:'session', sha256('r'), sha256('c'))), 'refused', 'this one');
SELECT throws_ok(format('SELECT pg_temp.reset(%L, %L)', l, :'hash'), 'MJ607', NULL, format('link %s', left(l, 4))) FROM unnest(ARRAY[:'link', repeat('A', 43)]) l;
SELECT is(pg_temp.secret(:'amina'), :'other', 'once');
SELECT is((SELECT request_id FROM mjc.audit WHERE action = 'password_reset' AND actor = :'amina' AND before IS NULL AND after IS NULL), 'req-reset', 'audited without a hash');
SELECT is((SELECT is_verified FROM mjc.account WHERE account_id = :'late'), false, 'who never proved the e-mail');
SELECT pg_temp.forgot('b2c@example.test') \g /dev/null
SELECT pg_temp.reset(pg_temp.link(:'late', 'password_reset'), :'other') \g /dev/null
SELECT is((SELECT is_verified FROM mjc.account WHERE account_id = :'late'), true, 'has done so now');
SELECT pg_temp.reset(pg_temp.link(:'chef', 'password_reset'), :'other') \g /dev/null
SELECT is(pg_temp.secret(:'chef') || pg_temp.version(:'chef'), :'other' || '1', 'staff too');
DELETE FROM mjc.sign_in_limit;
SELECT pg_temp.forgot('amina@example.test') \g /dev/null
SELECT pg_temp.link(:'amina', 'password_reset') AS link \gset
SELECT mjc.account_password_set('amina@example.test', :'hash') \g /dev/null
SELECT throws_ok(format('SELECT pg_temp.reset(%L, %L)', :'link', :'other'), 'MJ607', NULL, 'a password that was changed meanwhile is not undone by an older link');
SELECT pg_temp.forgot('amina@example.test') \g /dev/null
SELECT pg_temp.link(:'amina', 'password_reset') AS link \gset
SELECT mjc.customer_status_set(:'amina', 'inactive') \g /dev/null
SELECT throws_ok(format('SELECT pg_temp.reset(%L, %L)', :'link', :'other'), 'MJ607', NULL, 'a closed account takes none');
SELECT mjc.customer_status_set(:'amina', 'active') \g /dev/null
SELECT pg_temp.mails(:'blocked', 'account_invited') AS invited \gset
SELECT is(:invited, 1, 'whom staff enter is invited');
SELECT mjc.customer_status_set(:'blocked', 'active') \g /dev/null
SELECT is(pg_temp.reset(pg_temp.link(:'blocked', 'account_invited'), :'hash'), 'true', 'and sets a password by that link');
SELECT is((SELECT is_verified::text FROM mjc.account WHERE account_id = :'blocked') || ' ' || pg_temp.secret(:'blocked'), 'true ' || :'hash', 'the first one');

-- Whoever proves the e-mail, in any of three ways, gets what guests ordered with it
SELECT pg_temp.make_stock(1, 100) \g /dev/null
SELECT (pg_temp.buy('{1}', '{1}', '055200000' || n, email => e)).body ->> 'orderNumber' FROM (VALUES (1, 'Late@Example.test'), (2, 'late@example.test'), (3, 'proof@example.test'), (4, 'voucher@example.test'), (5, 'else@example.test')) v (n, e) \g /dev/null
CREATE FUNCTION pg_temp.orders(address text) RETURNS bigint LANGUAGE sql
    AS $$ SELECT count(*) FROM mjc.customer_order o JOIN mjc.account_email e ON e.account_id = o.customer_id WHERE e.email = address $$;
SELECT pg_temp.join(e) FROM unnest(ARRAY['late@example.test', 'proof@example.test']) e \g /dev/null
SELECT is(pg_temp.orders(e), 0::bigint, format('%s registered, which proves nothing', e)) FROM unnest(ARRAY['late@example.test', 'proof@example.test']) e;
SELECT is(mjc_api.email_verify(pg_temp.hashed(pg_temp.link(account_id, 'email_verify')), 'req-proof') #>> '{data,ordersJoined}', '2', 'by the link to verify, which says so') FROM mjc.account_email WHERE email = 'late@example.test';
SELECT pg_temp.forgot('proof@example.test') \g /dev/null
SELECT is(pg_temp.reset(pg_temp.link(account_id, 'password_reset'), :'other'), 'true', 'by the link to reset') FROM mjc.account_email WHERE email = 'proof@example.test';
SELECT is(mjc_api.social_sign_in('google', 'v-1', 'voucher@example.test', 'A', 'B', NULL, NULL, 'req-proof') #>> '{user,isVerified}', 'true', 'by somebody''s word');
SELECT is(pg_temp.orders(e), n, format('%s has %s', e, n)) FROM (VALUES ('late@example.test', 2::bigint), ('proof@example.test', 1), ('voucher@example.test', 1), ('else@example.test', 0)) v (e, n);
SELECT is((SELECT count(*) FROM mjc.audit WHERE action = 'customer_join' AND request_id = 'req-proof'), 3::bigint, 'audited with the request');

-- A password is changed
SELECT pg_temp.version(:'amina') AS v \gset
SELECT results_eq(format('SELECT account_id, password_hash, wait_seconds FROM mjc_api.password_begin(%L, %s, %L)', :'amina', :v, :'t'), format('VALUES (%L::uuid, %L, 0)', :'amina', :'hash'), 'the hash to compare with');
SELECT is(mjc_api.password_change(:'amina', :v, :'t', NULL, o, :'other')::jsonb, '{"refused": "INVALID_CURRENT_PASSWORD"}', format('ok %s: refused', coalesce(o::text, 'NULL'))) FROM unnest(ARRAY[false, NULL]) o;
SELECT is(pg_temp.secret(:'amina') || pg_temp.version(:'amina'), :'hash' || :v, 'nothing changed');
SELECT is(count(*) FILTER (WHERE (mjc_api.password_begin(:'amina', :v, :'t')).wait_seconds = 0), 4::bigint, 'five tries, the first is counted') FROM generate_series(1, 9);
SELECT results_eq(format('SELECT account_id, password_hash, wait_seconds > 0 FROM mjc_api.password_begin(%L, %s, %L)', :'amina', :v, :'t'), 'VALUES (NULL::uuid, NULL::text, true)', 'then nothing is told');
SELECT is((SELECT wait_seconds FROM mjc_api.sign_in_begin('amina@example.test', NULL)), 0, 'which closes no door');
SELECT throws_ok(format('SELECT mjc_api.password_change(%L, %s, %L, NULL, true, %L)', :'amina', :v, :'t', h), 'MJ603', NULL, format('no hash %s', left(h, 10))) FROM unnest(ARRAY[NULL, '', replace(:'other', '$12$', '$10$')]) h;
SELECT is(mjc_api.password_change(:'amina', :v, :'t', 'req-change', true, :'other') ->> 'success', 'true', 'the right one');
SELECT is(pg_temp.secret(:'amina') || pg_temp.version(:'amina'), :'other' || :v + 1, 'is changed, all sessions end');
SELECT is((SELECT request_id FROM mjc.audit WHERE action = 'password_change' AND actor = :'amina' AND before IS NULL AND after IS NULL), 'req-change', 'audited without a hash');
SELECT is(count(*) FILTER (WHERE (mjc_api.password_begin(:'amina', :v + 1, :'t')).wait_seconds = 0), 1::bigint, 'a success gives one try back') FROM generate_series(1, 3);
SELECT throws_ok(format('SELECT mjc_api.password_begin(%s)', a), c, NULL, 'begin: ' || a) FROM (VALUES ('NULL, NULL, NULL', 'MJ060'), (format('%L, %s, %L', :'amina', :v, :'t'), 'MJ063'), ('gen_random_uuid(), 0, gen_random_uuid()', 'MJ063')) v (a, c);
SELECT throws_ok(format('SELECT mjc_api.password_change(%s, NULL, true, %L)', a, :'hash'), c, NULL, 'change: ' || a) FROM (VALUES ('NULL, NULL, NULL', 'MJ060'), (format('%L, %s, %L', :'amina', :v, :'t'), 'MJ063')) v (a, c);
SELECT results_eq(format('SELECT account_id, password_hash FROM mjc_api.password_begin(%L, 1, %L)', :'chef', :'t'), format('VALUES (%L::uuid, %L)', :'chef', :'other'), 'staff too');
DELETE FROM mjc.account_secret WHERE account_id = :'late';
SELECT results_eq(format('SELECT account_id, password_hash FROM mjc_api.password_begin(%L, %s, %L)', :'late', pg_temp.version(:'late'), :'t'), format('VALUES (%L::uuid, NULL::text)', :'late'), 'who has none has none to compare with');

-- Who am I
SELECT pg_temp.version(:'amina') AS v \gset
SELECT mjc.address_write(:'amina', NULL, '{"type": "SHIPPING", "street": "1 rue du Test", "city": "Oran"}') \g /dev/null
SELECT mjc_api.auth_me(:'amina', :v, :'t') AS me \gset
SELECT is((SELECT array_agg(k ORDER BY k COLLATE "C") FROM jsonb_object_keys(:'me'::jsonb -> 'user') k) @> '{createdAt,customer,email,firstName,id,isVerified,lastLoginAt,lastName,phone,role,technician}', true, 'the user of the contract');
SELECT is((SELECT array_agg(k ORDER BY k COLLATE "C") FROM jsonb_object_keys(:'me'::jsonb #> '{user,customer}') k), '{addresses,companyName,customerType,id,lastOrderAt,orderCount,totalSpent}', 'and the customer of it');
SELECT is((:'me'::jsonb #> '{user,customer}') - 'addresses', jsonb_build_object('id', :'amina', 'companyName', 'Test SARL', 'customerType', 'B2B', 'totalSpent', 0.00, 'orderCount', 0, 'lastOrderAt', NULL), 'numbers are numbers');
SELECT is(:'me'::jsonb #>> '{user,customer,addresses,0,street}', '1 rue du Test', 'with addresses');
SELECT is(:'me'::jsonb #> '{user,technician}', 'null', 'no technician');
SELECT is(:'me' ~* 'hash|secret|token', false, 'no secret');
SELECT is(mjc_api.auth_me(:'chef', 1, :'t')::jsonb #> '{user,customer}', 'null', 'a member of staff is no customer');
SELECT throws_ok(format('SELECT mjc_api.auth_me(%s)', a), c, NULL, 'me: ' || a) FROM (VALUES ('NULL, NULL, NULL', 'MJ060'), (format('%L, 0, %L', :'amina', :'t'), 'MJ063'), ('gen_random_uuid(), 0, gen_random_uuid()', 'MJ063')) v (a, c);

-- The profile
CREATE FUNCTION pg_temp.profile(account uuid, first_name text, last_name text, phone text DEFAULT NULL) RETURNS text LANGUAGE sql
    AS $$ SELECT concat_ws(' / ', u ->> 'firstName', u ->> 'lastName', u ->> 'phone') FROM (SELECT mjc_api.auth_profile_set(account, pg_temp.version(account), gen_random_uuid(), 'req-profile', first_name, last_name, phone) -> 'user' AS u) x $$;
SELECT is(pg_temp.profile(a, f, l, p), w, format('%s: %s', n, w))
  FROM (VALUES (1, :'amina'::uuid, 'Amina', ' Ben ', NULL, 'Amina / Ben / +213661000001'), (2, :'amina', 'Amina', 'Ben', '0770000002', 'Amina / Ben / +213770000002'), (3, :'amina', 'Amina', 'Ben', '', 'Amina / Ben'),
               (4, :'chef', 'Le', 'Chef', NULL, 'Le / Chef'), (5, :'chef', 'Le', 'Chef', '0770000003', 'Le / Chef / +213770000003'), (6, :'chef', 'La', 'Cheffe', NULL, 'La / Cheffe / +213770000003'), (7, :'chef', 'La', 'Cheffe', '', 'La / Cheffe')) v (n, a, f, l, p, w);
SELECT is((SELECT company_name FROM mjc.customer_business WHERE customer_id = :'amina'), 'Test SARL', 'the company stays');
SELECT is((SELECT count(*) FROM mjc.audit WHERE action = 'profile_set' AND actor = :'chef' AND request_id = 'req-profile' AND after IS NULL), 4::bigint, 'staff are audited, without names');
SELECT pg_temp.refused(format('SELECT pg_temp.profile(%L, %s)', a, x), c, k, format('%s: %s', CASE a WHEN :'chef' THEN 'staff' ELSE 'customer' END, left(x, 40)))
  FROM unnest(ARRAY[:'amina', :'chef']::uuid[]) a,
       (VALUES ('NULL, ''B''', 'MJ003', 'firstName'), ('''A'', NULL', 'MJ003', 'lastName'), ('''A'', ''''', 'MJ003', 'lastName'), ('''A1'', ''B''', 'MJ010', 'firstName'), ('''A'', ''<B>''', 'MJ010', 'lastName'), ('repeat(''A'', 51), ''B''', 'MJ006', 'firstName'), ('''A'', ''B'', ''1''', 'MJ305', '')) v (x, c, k);
SELECT throws_ok(format('SELECT mjc_api.auth_profile_set(%s, NULL, ''A'', ''B'', NULL)', a), c, NULL, 'profile: ' || a) FROM (VALUES ('NULL, NULL, NULL', 'MJ060'), (format('%L, 0, %L', :'amina', :'t'), 'MJ063')) v (a, c);

-- A name alone is looked at as well
SELECT pg_temp.refused(format('SELECT mjc.customer_update(%L, %L)', :'amina', d), 'MJ010', k, d) FROM (VALUES ('{"firstName": "<b>"}', 'firstName'), ('{"lastName": "=cmd"}', 'lastName')) v (d, k);

-- What others may do with it
SELECT is_empty($$SELECT a.audit_id FROM mjc.audit a WHERE to_jsonb(a)::text ~* 'example\.test|\$2b\$|\+213|Amina|Cheffe'$$, 'no person and no secret is in the audit');
CREATE ROLE test_account_staff LOGIN IN ROLE mjc_admin;
SET SESSION AUTHORIZATION test_account_staff;
SELECT throws_ok(s, '42501', NULL, 'staff may not: ' || left(s, 60))
  FROM unnest(ARRAY['SELECT mjc.account_password_set(''chef@example.test'', ''x'')', 'SELECT mjc.staff_set_role(''chef@example.test'', ''SUPER_ADMIN'')', 'SELECT mjc.staff_set_active(''chef@example.test'', false)', 'SELECT mjc.link_make(NULL, ''password_reset'', ''1 hour'', ''x'')',
                    'SELECT mjc.password_store(NULL, NULL)', 'SELECT mjc.totp_use(NULL, NULL)', 'SELECT mjc.sign_in_give_back(''x'', ''x'')', 'SELECT mjc.session_end(NULL, ''logout'')', 'SELECT * FROM mjc.session', 'SELECT * FROM mjc.account_token', 'SELECT * FROM mjc.account_totp', 'SELECT * FROM mjc.account_recovery',
                    'SELECT * FROM mjc.account_social', 'SELECT * FROM mjc.sign_in_limit', 'SELECT * FROM mjc.outbox', 'SELECT * FROM mjc.account_secret']) s;
RESET SESSION AUTHORIZATION;
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');

SELECT * FROM finish();
ROLLBACK;
