-- account: staff, their sign-in, who may act.
BEGIN;
SELECT plan(153);
\ir fixture.psql
GRANT USAGE ON SCHEMA tap TO PUBLIC;
\set hash '$2b$12$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'

-- staff_create
SELECT mjc.staff_create('test_login', 'Nadia Test', ' Nadia@Example.Test ', 'ADMIN', :'hash') AS id \gset
SELECT results_eq(format('SELECT role, is_active, is_verified, token_version FROM mjc.account WHERE account_id = %L', :'id'),
    $$VALUES ('ADMIN', true, true, 0)$$, 'a member of staff with a REST account');
SELECT is((SELECT account_id FROM mjc.account_email WHERE email = 'nadia@example.test'), :'id'::uuid, 'the e-mail is trimmed and folded');
SELECT is((SELECT password_hash FROM mjc.account_secret WHERE account_id = :'id'), :'hash', 'the hash is in a table of its own');
SELECT results_eq(format('SELECT db_login, display_name, is_active FROM mjc.staff WHERE staff_id = %L', :'id'), $$VALUES ('test_login', 'Nadia Test', true)$$, 'and a row for the database login');
SELECT is((SELECT count(*) FROM mjc.audit WHERE action = 'staff_create' AND subject_id = :'id'), 1::bigint, 'audited');
SELECT is((SELECT count(*) FROM mjc.audit a WHERE a.subject_id = :'id' AND (to_jsonb(a)::text LIKE '%$2b$%' OR to_jsonb(a)::text ILIKE '%nadia%')), 0::bigint, 'without name, address and hash');
SELECT mjc.staff_create('test_psql', 'Only psql') AS psql_id \gset
SELECT is((SELECT count(*) FROM mjc.account WHERE account_id = :'psql_id'), 0::bigint, 'without an e-mail there is no REST account');
SELECT throws_ok('SELECT mjc.staff_create($$x$$, NULL)', 'MJ003', NULL, 'no name');
SELECT throws_ok(format('SELECT mjc.staff_create(NULL, %L, %L, %L, %L)', 'X', 'x@example.test', r, :'hash'), 'MJ010', NULL, format('role %s', coalesce(r, 'NULL')))
  FROM unnest(ARRAY[NULL, 'CUSTOMER', 'admin', 'ROOT']) r;
SELECT lives_ok(format('SELECT mjc.staff_create(NULL, %L, %L, %L, %L)', 'X', r || '@example.test', r, :'hash'), format('role %s', r))
  FROM unnest(ARRAY['TECHNICIAN', 'ADMIN', 'SUPER_ADMIN']) r;
SELECT throws_ok(format('SELECT mjc.staff_create(NULL, %L, %L, %L, %L)', 'X', 'x@example.test', 'ADMIN', h), 'MJ603', NULL, format('hash "%s"', left(h, 12)))
  FROM unnest(ARRAY[NULL, '', 'password', replace(:'hash', '$12$', '$10$'), replace(:'hash', '$2b$', '$1$'), :'hash' || 'a', left(:'hash', 59)]) h;
SELECT throws_ok(format('SELECT mjc.staff_create(NULL, %L, %L, %L, %L)', 'X', 'NADIA@example.test', 'ADMIN', :'hash'), 'MJ602', NULL, 'an e-mail that is taken, in any case');
SELECT lives_ok(format('SELECT mjc.staff_create(NULL, %L, %L, %L, %L)', 'X', 'cost14@example.test', 'ADMIN', replace(:'hash', '$12$', '$14$')), 'a higher cost');

-- staff_link
SELECT mjc.staff_create(NULL, 'Karim Test', 'karim@example.test', 'ADMIN', :'hash') AS karim \gset
SELECT is(mjc.staff_link('test_karim', 'Karim@example.test'), :'karim'::uuid, 'a login is tied to an account');
SELECT is((SELECT db_login FROM mjc.staff WHERE staff_id = :'karim'), 'test_karim', 'as said');
SELECT throws_ok($$SELECT mjc.staff_link('test_x', 'nobody@example.test')$$, 'MJ004', NULL, 'link: an unknown e-mail');
SELECT throws_ok($$SELECT mjc.staff_link(NULL, 'karim@example.test')$$, 'MJ004', NULL, 'link: no login');
SELECT throws_ok($$SELECT mjc.staff_link('test_x', NULL)$$, 'MJ004', NULL, 'link: no e-mail');
SELECT throws_ok($$SELECT mjc.staff_link('test_login', 'karim@example.test')$$, '23505', NULL, 'link: a login belongs to one person');

-- check_admin
SELECT ok(mjc.check_admin(:'id', 0, gen_random_uuid()), 'an admin may act');
SELECT throws_ok(format('SELECT mjc.check_admin(%s)', a), 'MJ060', NULL, format('check_admin(%s)', a))
  FROM unnest(ARRAY['NULL, 0, gen_random_uuid()', format('%L, NULL, gen_random_uuid()', :'id'), format('%L, 0, NULL', :'id')]) a;
SELECT throws_ok('SELECT mjc.check_admin(gen_random_uuid(), 0, gen_random_uuid())', 'MJ063', NULL, 'an unknown account');
SELECT throws_ok(format('SELECT mjc.check_admin(%L, 1, gen_random_uuid())', :'id'), 'MJ063', NULL, 'a token of another version');
SELECT throws_ok(format('SELECT mjc.check_admin(%L, 0, gen_random_uuid())', (SELECT account_id FROM mjc.account_email WHERE email = 'technician@example.test')),
                 'MJ064', NULL, 'a technician is no admin');
SELECT ok(mjc.check_admin((SELECT account_id FROM mjc.account_email WHERE email = 'super_admin@example.test'), 0, gen_random_uuid()), 'a super admin is one');
SELECT lives_ok(format('SELECT mjc.check_admin_write(%L, 0, gen_random_uuid())', :'id'), 'an admin may write');
SELECT throws_ok(format('SELECT mjc.check_admin_write(%s)', a), c, NULL, format('check_admin_write(%s)', a))
  FROM (VALUES ('NULL, 0, gen_random_uuid()', 'MJ060'), (format('%L, NULL, gen_random_uuid()', :'id'), 'MJ060'), (format('%L, 0, NULL', :'id'), 'MJ060'),
               ('gen_random_uuid(), 0, gen_random_uuid()', 'MJ063'), (format('%L, 1, gen_random_uuid()', :'id'), 'MJ063'),
               (format('%L, 0, gen_random_uuid()', (SELECT account_id FROM mjc.account_email WHERE email = 'technician@example.test')), 'MJ064')) v (a, c);

SELECT is(mjc.is_admin(a, v, t), r, format('is_admin: %s', w))
  FROM (VALUES (:'id'::uuid, 0, gen_random_uuid(), true, 'an admin'), (:'id', 1, gen_random_uuid(), false, 'an older token'), (NULL, 0, gen_random_uuid(), false, 'nobody'),
               (:'id', NULL, gen_random_uuid(), false, 'no version'), (:'id', 0, NULL, false, 'no token'), (gen_random_uuid(), 0, gen_random_uuid(), false, 'an unknown account')) x (a, v, t, r, w);

-- Who am I
SELECT is(mjc_api.staff_me(:'id', 0, gen_random_uuid()) #>> '{user,email}', 'nadia@example.test', 'who am I');
SELECT throws_ok('SELECT mjc_api.staff_me(NULL, NULL, NULL)', 'MJ060', NULL, 'nobody');

-- Block
SELECT gen_random_uuid() AS token \gset
SELECT is(mjc_api.auth_logout(:'id', 0, :'token', 'req-2') ->> 'success', 'true', 'sign-out');
SELECT is((SELECT request_id FROM mjc.audit WHERE action = 'staff_logout' AND actor = :'id'), 'req-2', 'audited, of staff');
SELECT throws_ok(format('SELECT mjc.check_admin(%L, 0, %L)', :'id', :'token'), 'MJ063', NULL, 'that token is closed');
SELECT throws_ok(format('SELECT mjc_api.auth_logout(%L, 0, %L, NULL)', :'id', :'token'), 'MJ063', NULL, 'it signs out once');
SELECT ok(mjc.check_admin(:'id', 0, gen_random_uuid()), 'another is not');
SELECT is(mjc.staff_set_active('Nadia@example.test', false), false, 'blocked');
SELECT throws_ok(format('SELECT mjc.check_admin(%L, %s, gen_random_uuid())', :'id', v), 'MJ063', NULL, format('blocked: a token of version %s', v)) FROM generate_series(0, 1) v;
SELECT is(mjc_api.sign_in_finish(:'id', (SELECT token_version FROM mjc.account WHERE account_id = :'id'), 'nadia@example.test', NULL, true, true, NULL, NULL, NULL, NULL, NULL)::text, NULL, 'blocked: no sign-in');
SELECT mjc.staff_set_active('nadia@example.test', true) \g /dev/null
SELECT ok(mjc.check_admin(:'id', 2, gen_random_uuid()), 'readmitted, with new tokens only');
SELECT throws_ok(format('SELECT mjc.check_admin(%L, 0, gen_random_uuid())', :'id'), 'MJ063', NULL, 'old ones stay closed');
SELECT is((SELECT mjc.staff_set_active(db_login, true) FROM mjc.staff WHERE db_login IS NOT NULL LIMIT 1), true, 'by database login too');
SELECT is(mjc.staff_set_active('test_psql', false), false, 'and who has no REST account');
SELECT is((SELECT is_active FROM mjc.staff WHERE staff_id = :'psql_id'), false, 'as said');
SELECT mjc.customer_create('{"email": "client@example.test", "firstName": "Amina", "lastName": "Test"}') AS client \gset
SELECT throws_ok(format('SELECT mjc.staff_set_active(%s)', a), 'MJ004', NULL, format('block: %s', w))
  FROM (VALUES ('''nobody@example.test'', false', 'an unknown e-mail'), ('''nadia@example.test'', NULL', 'neither on nor off'), ('NULL, false', 'nobody'), ('''client@example.test'', false', 'a customer, who has a status')) v (a, w);

-- staff_set_role
SELECT is(mjc.staff_set_role('KARIM@example.test ', 'TECHNICIAN'), 'TECHNICIAN', 'another role');
SELECT results_eq(format('SELECT role, token_version FROM mjc.account WHERE account_id = %L', :'karim'), $$VALUES ('TECHNICIAN', 1)$$, 'he signs in again');
SELECT throws_ok(format('SELECT mjc.check_admin(%L, 0, gen_random_uuid())', :'karim'), 'MJ063', NULL, 'his tokens as an admin are closed');
SELECT throws_ok(format('SELECT mjc.check_admin(%L, 1, gen_random_uuid())', :'karim'), 'MJ064', NULL, 'and new ones are no admin''s');
SELECT is(mjc.staff_set_role('test_karim', r), r, format('by database login: %s', r)) FROM unnest(ARRAY['SUPER_ADMIN', 'ADMIN']) r;
SELECT ok(mjc.check_admin(:'karim', 3, gen_random_uuid()), 'an admin again');
SELECT results_eq(format($$SELECT before, after FROM mjc.audit WHERE action = 'staff_set_role' AND subject_id = %L ORDER BY audit_id LIMIT 1$$, :'karim'),
    $$VALUES ('{"role": "ADMIN"}'::jsonb, '{"role": "TECHNICIAN"}'::jsonb)$$, 'audited with both');
SELECT throws_ok(format('SELECT mjc.staff_set_role(''karim@example.test'', %L)', r), 'MJ609', NULL, format('no role %s', coalesce(r, 'NULL'))) FROM unnest(ARRAY[NULL, '', 'CUSTOMER', 'admin', 'ROOT']) r;
SELECT throws_ok(format('SELECT mjc.staff_set_role(%L, ''ADMIN'')', w), 'MJ004', NULL, format('no member of staff: %s', coalesce(w, 'NULL'))) FROM unnest(ARRAY[NULL, '', 'nobody@example.test', 'test_psql', 'client@example.test']) w;
SELECT is((SELECT role FROM mjc.account WHERE account_id = :'client'), 'CUSTOMER', 'nobody becomes staff that way');

-- account_password_set
SELECT is(mjc.account_password_set(' Karim@EXAMPLE.test', h), true, format('hash %s', left(h, 7)))
  FROM unnest(ARRAY[:'hash', replace(:'hash', '$2b$12', '$2a$13'), replace(:'hash', '$2b$12', '$2y$31')]) h;
SELECT is((SELECT password_hash FROM mjc.account_secret WHERE account_id = :'karim'), replace(:'hash', '$2b$12', '$2y$31'), 'the last one holds');
SELECT is((SELECT token_version FROM mjc.account WHERE account_id = :'karim'), 6, 'all sessions end each time');
SELECT is((SELECT count(*) FROM mjc.audit WHERE action = 'account_password_set' AND subject_id = :'karim' AND before IS NULL AND after IS NULL), 3::bigint, 'audited without a hash');
SELECT is(mjc.account_password_set('client@example.test', :'hash'), true, 'a customer who had none');
SELECT is((SELECT count(*) FROM mjc.account_secret WHERE account_id = :'client'), 1::bigint, 'has one');
SELECT throws_ok(format('SELECT mjc.account_password_set(%L, %L)', e, :'hash'), 'MJ004', NULL, format('password of %s', coalesce(e, 'NULL'))) FROM unnest(ARRAY[NULL, '', 'nobody@example.test']) e;
SELECT throws_ok(format('SELECT mjc.account_password_set(''karim@example.test'', %L)', h), 'MJ603', NULL, format('hash "%s"', left(h, 12)))
  FROM unnest(ARRAY[NULL, '', 'password', replace(:'hash', '$12$', '$11$'), replace(:'hash', '$12$', '$32$'), replace(:'hash', '$2b$', '$2x$'), :'hash' || 'a', left(:'hash', 59), replace(:'hash', 'aaaaa', 'aaa$a'), :'hash' || E'\n']) h;
SELECT throws_ok('SELECT mjc.password_check(NULL)', 'MJ603', NULL, 'no hash at all');
SELECT is(mjc.password_check(:'hash')::text, '', 'a hash');

-- Users
SELECT is(mjc.user_json(:'karim')::jsonb - '{createdAt,updatedAt}'::text[], jsonb_build_object('id', :'karim', 'email', 'karim@example.test', 'firstName', 'Karim Test', 'lastName', '', 'role', 'ADMIN', 'phone', NULL, 'avatar', NULL, 'isActive', true, 'isVerified', true), 'a member of staff as a user');
SELECT is(mjc.user_json(:'client')::jsonb - '{createdAt,updatedAt}'::text[], jsonb_build_object('id', :'client', 'email', 'client@example.test', 'firstName', 'Amina', 'lastName', 'Test', 'role', 'CUSTOMER', 'phone', NULL, 'avatar', NULL, 'isActive', true, 'isVerified', false), 'a customer as a user');
SELECT matches(mjc.user_json(:'client') ->> k, '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$', k) FROM unnest(ARRAY['createdAt', 'updatedAt']) k;
SELECT is(mjc.user_json(u)::text, NULL, 'nobody is no user') FROM (VALUES (NULL::uuid), (gen_random_uuid())) v (u);
SELECT is(mjc.account_email_of(u), e, format('e-mail %s', e)) FROM (VALUES (:'karim'::uuid, 'karim@example.test'), (:'client', 'client@example.test'), (NULL, NULL), (gen_random_uuid(), NULL)) v (u, e);

-- Whoever is signed in
SELECT is(mjc.need_account(:'client', 1, gen_random_uuid()), :'client'::uuid, 'a customer may act');
SELECT throws_ok(format('SELECT mjc.need_account(%s)', a), c, NULL, format('need_account: %s', w))
  FROM (VALUES ('NULL, 1, gen_random_uuid()', 'MJ060', 'nobody'), (format('%L, NULL, gen_random_uuid()', :'client'), 'MJ063', 'no version'), (format('%L, 1, NULL', :'client'), 'MJ063', 'no token'),
               (format('%L, 0, gen_random_uuid()', :'client'), 'MJ063', 'an older token'), ('gen_random_uuid(), 0, gen_random_uuid()', 'MJ063', 'an unknown account')) v (a, c, w);
SELECT throws_ok(format('SELECT mjc.check_staff_role(%L, 1, gen_random_uuid())', :'client'), 'MJ064', NULL, 'a customer is no staff');
SELECT throws_ok('SELECT mjc.check_staff_role(NULL, NULL, NULL)', 'MJ060', NULL, 'nor is nobody');
SELECT is(mjc.check_staff_role((SELECT account_id FROM mjc.account_email WHERE email = 'technician@example.test'), 0, gen_random_uuid())::text, '', 'a technician is');

-- psql: the row of the session's login, whatever role is set
SELECT is(mjc.staff_id(), NULL, 'a superuser without a row is the operator');
SELECT is(mjc.staff_writes(), NULL, 'who writes too');
CREATE ROLE test_login LOGIN IN ROLE mjc_admin;
CREATE ROLE test_other LOGIN IN ROLE mjc_admin;
GRANT EXECUTE ON FUNCTION mjc.staff_id(), mjc.staff_writes() TO mjc_admin;
GRANT test_login TO test_other;
GRANT SELECT ON mjc.staff TO mjc_admin;
SET SESSION AUTHORIZATION test_login;
SELECT is(mjc.staff_id(), :'id'::uuid, 'a login is its member of staff');
SELECT is(mjc.staff_writes(), :'id'::uuid, 'and writes as such');
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION test_other;
SET ROLE test_login;
SELECT throws_ok('SELECT mjc.staff_id()', 'MJ601', NULL, 'SET ROLE makes nobody somebody else');
SELECT throws_ok('SELECT mjc.staff_writes()', 'MJ601', NULL, 'nor does he write');
RESET SESSION AUTHORIZATION;

-- Errors by name
SELECT throws_ok($$SELECT mjc.raise('NOT_FOUND')$$, 'MJ004', 'not found', 'an error by its name');
SELECT throws_ok($$SELECT mjc.raise('ARGUMENT_INVALID', 'argument', 'x')$$, 'MJ010', 'argument "x" is not valid', 'with a place filled in');
SELECT throws_ok($$SELECT mjc.raise(NULL)$$, 'XX000', NULL, 'no error of no name');

-- What a core answers
SELECT is(mjc.found(pg_temp.pid(1)), pg_temp.pid(1), 'an id that was found');
SELECT is(mjc.found(false), false, 'false is an answer');
SELECT is(mjc.found('null'::jsonb), 'null'::jsonb, 'so is the null of JSON');
SELECT is(mjc.found(''::text), '', 'so is an empty text');
SELECT throws_ok(format('SELECT mjc.found(NULL::%s)', t), 'MJ004', NULL, format('no %s', t)) FROM unnest('{uuid,boolean,jsonb,text}'::text[]) t;
SELECT throws_ok($$SELECT mjc.found(NULL::uuid, 'PRODUCT_UNKNOWN')$$, 'MJ107', NULL, 'the error that is named');
SELECT throws_ok($$SELECT mjc.found(NULL::uuid, 'NO_SUCH_ERROR')$$, 'XX000', NULL, 'which there must be');
SELECT throws_ok('SELECT mjc.found(true, NULL)', 'MJ003', NULL, 'it must be named');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');

SELECT * FROM finish();
ROLLBACK;
