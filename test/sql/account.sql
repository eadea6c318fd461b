-- account: staff, their sign-in, who may act.
BEGIN;
SELECT plan(85);
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

SELECT is(mjc.is_admin(a, v, t), r, format('is_admin: %s', w))
  FROM (VALUES (:'id'::uuid, 0, gen_random_uuid(), true, 'an admin'), (:'id', 1, gen_random_uuid(), false, 'an older token'), (NULL, 0, gen_random_uuid(), false, 'nobody'),
               (:'id', NULL, gen_random_uuid(), false, 'no version'), (:'id', 0, NULL, false, 'no token'), (gen_random_uuid(), 0, gen_random_uuid(), false, 'an unknown account')) x (a, v, t, r, w);

-- Sign-in
SELECT results_eq($$SELECT account_id::text, password_hash, locked FROM mjc_api.staff_login_lookup(' NADIA@example.test', '192.0.2.1')$$,
    format('VALUES (%L, %L, false)', :'id', :'hash'), 'look-up by e-mail');
SELECT is_empty($$SELECT * FROM mjc_api.staff_login_lookup('nobody@example.test', '192.0.2.1')$$, 'an unknown e-mail');
SELECT is_empty($$SELECT * FROM mjc_api.staff_login_lookup(NULL, NULL)$$, 'no e-mail');
CREATE FUNCTION pg_temp.fail(times integer, address text) RETURNS bigint
    LANGUAGE sql
    AS $$ SELECT count(mjc_api.staff_login_finish(e.account_id, 'Nadia@example.test', address, false, NULL)::text)
            FROM generate_series(1, times), mjc.account_email e WHERE e.email = 'nadia@example.test' $$;
CREATE FUNCTION pg_temp.locked(address text) RETURNS boolean
    LANGUAGE sql
    AS $$ SELECT locked FROM mjc_api.staff_login_lookup('nadia@example.test', address) $$;
SELECT is(pg_temp.fail(9, '192.0.2.1'), 0::bigint, 'a failure has no answer');
SELECT is(pg_temp.locked('192.0.2.1'), false, 'nine failures do not lock');
SELECT pg_temp.fail(1, '192.0.2.1') \g /dev/null
SELECT is(pg_temp.locked('192.0.2.1'), true, 'ten do');
SELECT is(pg_temp.locked('192.0.2.2'), false, 'but not from another address: nobody locks somebody else out');
UPDATE mjc.login_failure SET since_at = since_at - interval '14 minutes 50 seconds' WHERE client_address = '192.0.2.1';
SELECT is(pg_temp.locked('192.0.2.1'), true, 'for fifteen minutes');
UPDATE mjc.login_failure SET since_at = since_at - interval '11 seconds' WHERE client_address = '192.0.2.1';
SELECT is(pg_temp.locked('192.0.2.1'), false, 'and not longer');
SELECT pg_temp.fail(1, '192.0.2.1') \g /dev/null
SELECT is((SELECT failures FROM mjc.login_failure WHERE email = 'nadia@example.test' AND client_address = '192.0.2.1'), 1, 'then counting begins again');
SELECT is(mjc_api.staff_login_finish(:'id', 'nadia@example.test', '192.0.2.1', true, 'req-1')::jsonb,
    jsonb_build_object('id', :'id', 'email', 'nadia@example.test', 'firstName', 'Nadia Test', 'lastName', '', 'role', 'ADMIN', 'isActive', true, 'isVerified', true, 'tokenVersion', 0),
    'a success answers with the user, and no secret');
SELECT is((SELECT count(*) FROM mjc.login_failure WHERE email = 'nadia@example.test' AND client_address = '192.0.2.1'), 0::bigint, 'and forgets the failures');
SELECT isnt((SELECT last_login_at FROM mjc.account WHERE account_id = :'id'), NULL, 'and is noted');
SELECT is((SELECT request_id FROM mjc.audit WHERE action = 'staff_login' AND actor = :'id'), 'req-1', 'and audited');
SELECT throws_ok(format('SELECT mjc_api.staff_login_finish(%L, %L, NULL, true, NULL)', e.account_id, e.email), 'MJ064', NULL, 'a technician does not sign in as admin')
  FROM mjc.account_email e WHERE email = 'technician@example.test';
SELECT is(mjc_api.staff_login_finish(NULL, 'nobody@example.test', '192.0.2.3', true, NULL)::text, NULL, 'nobody does not sign in');
SELECT is(mjc_api.staff_login_finish(:'id', 'nadia@example.test', '192.0.2.3', NULL, NULL)::text, NULL, 'an unknown outcome is a failure');
SELECT is((SELECT count(*) FROM mjc.login_failure WHERE client_address = '192.0.2.3'), 2::bigint, 'both counted');
SELECT is(mjc_api.staff_me(:'id', 0, gen_random_uuid()) #>> '{user,email}', 'nadia@example.test', 'who am I');
SELECT throws_ok('SELECT mjc_api.staff_me(NULL, NULL, NULL)', 'MJ060', NULL, 'nobody');

-- Sign-out, block
SELECT gen_random_uuid() AS token \gset
SELECT is(mjc_api.staff_logout(:'id', 0, :'token', 'req-2') ->> 'success', 'true', 'sign-out');
SELECT throws_ok(format('SELECT mjc.check_admin(%L, 0, %L)', :'id', :'token'), 'MJ063', NULL, 'that token is closed');
SELECT throws_ok(format('SELECT mjc_api.staff_logout(%L, 0, %L, NULL)', :'id', :'token'), 'MJ063', NULL, 'it signs out once');
SELECT ok(mjc.check_admin(:'id', 0, gen_random_uuid()), 'another is not');
SELECT is(mjc.staff_set_active('Nadia@example.test', false), false, 'blocked');
SELECT throws_ok(format('SELECT mjc.check_admin(%L, %s, gen_random_uuid())', :'id', v), 'MJ063', NULL, format('blocked: a token of version %s', v)) FROM generate_series(0, 1) v;
SELECT is(pg_temp.locked('192.0.2.9'), true, 'blocked: locked');
SELECT is(mjc_api.staff_login_finish(:'id', 'nadia@example.test', '192.0.2.9', true, NULL)::text, NULL, 'blocked: no sign-in');
SELECT mjc.staff_set_active('nadia@example.test', true) \g /dev/null
SELECT ok(mjc.check_admin(:'id', 2, gen_random_uuid()), 'readmitted, with new tokens only');
SELECT throws_ok(format('SELECT mjc.check_admin(%L, 0, gen_random_uuid())', :'id'), 'MJ063', NULL, 'old ones stay closed');
SELECT is((SELECT mjc.staff_set_active(db_login, true) FROM mjc.staff WHERE db_login IS NOT NULL LIMIT 1), true, 'by database login too');
SELECT throws_ok($$SELECT mjc.staff_set_active('nobody@example.test', false)$$, 'MJ004', NULL, 'block: an unknown e-mail');
SELECT throws_ok($$SELECT mjc.staff_set_active('nadia@example.test', NULL)$$, 'MJ004', NULL, 'block: neither on nor off');

-- psql: the row of the session's login, whatever role is set
SELECT is(mjc.staff_id(), NULL, 'a superuser without a row is the operator');
CREATE ROLE test_login LOGIN IN ROLE mjc_admin;
CREATE ROLE test_other LOGIN IN ROLE mjc_admin;
GRANT EXECUTE ON FUNCTION mjc.staff_id() TO mjc_admin;
GRANT test_login TO test_other;
GRANT SELECT ON mjc.staff TO mjc_admin;
SET SESSION AUTHORIZATION test_login;
SELECT is(mjc.staff_id(), :'id'::uuid, 'a login is its member of staff');
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION test_other;
SET ROLE test_login;
SELECT throws_ok('SELECT mjc.staff_id()', 'MJ601', NULL, 'SET ROLE makes nobody somebody else');
RESET SESSION AUTHORIZATION;

-- Errors by name
SELECT throws_ok($$SELECT mjc.raise('NOT_FOUND')$$, 'MJ004', 'not found', 'an error by its name');
SELECT throws_ok($$SELECT mjc.raise('ARGUMENT_INVALID', 'argument', 'x')$$, 'MJ010', 'argument "x" is not valid', 'with a place filled in');
SELECT throws_ok($$SELECT mjc.raise(NULL)$$, 'XX000', NULL, 'no error of no name');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');

SELECT * FROM finish();
ROLLBACK;
