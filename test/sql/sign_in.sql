-- sign_in: what is tried and counted, who comes in, by password, code or somebody's word.
BEGIN;
SELECT plan(119);

-- Before anything is written in this session: the check is remembered once it passed.
UPDATE mjc.schema_version SET version = version || '-other';
SELECT throws_ok(s, 'MJ009', NULL, 'another schema version: ' || s)
  FROM unnest(ARRAY['SELECT mjc_api.sign_in_begin(NULL, NULL)', 'SELECT mjc_api.sign_in_finish(NULL, NULL, NULL, NULL, false, false, NULL, NULL, NULL, NULL, NULL)',
                    'SELECT mjc_api.social_sign_in(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)']) s;
UPDATE mjc.schema_version SET version = replace(version, '-other', '');
\ir fixture.psql
\set hash '$2b$12$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
\set other '$2b$12$bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'
UPDATE mjc.setting SET integer_value = 5 WHERE name = 'sign_in_failures_per_minute';
SELECT pg_temp.make_admin('chef@example.test') AS chef \gset
SELECT pg_temp.make_admin('technician@example.test', 'TECHNICIAN'), pg_temp.make_admin('super_admin@example.test', 'SUPER_ADMIN') \g /dev/null
SELECT (mjc_api.register('Amina@Example.test', 'Amina', 'Test', NULL, NULL, NULL, NULL, :'hash', NULL, NULL, NULL, NULL) #>> '{user,id}') AS amina \gset

CREATE FUNCTION pg_temp.begin(email text, device text DEFAULT NULL) RETURNS text LANGUAGE sql
    AS $$ SELECT concat_ws(' ', wait_seconds, account_id, password_hash) FROM mjc_api.sign_in_begin(email, device) $$;
CREATE FUNCTION pg_temp.tries(email text, times integer, device text DEFAULT NULL) RETURNS integer LANGUAGE sql
    AS $$ SELECT count(*) FILTER (WHERE (mjc_api.sign_in_begin(email, device)).wait_seconds = 0)::integer FROM generate_series(1, times) $$;
CREATE FUNCTION pg_temp.finish(account uuid, ok boolean, staff boolean DEFAULT false, totp text DEFAULT NULL, new_hash text DEFAULT NULL, session uuid DEFAULT NULL, refresh bytea DEFAULT NULL,
    email text DEFAULT 'amina@example.test', device text DEFAULT NULL, version integer DEFAULT NULL) RETURNS jsonb LANGUAGE sql
    AS $$ SELECT mjc_api.sign_in_finish(account, coalesce(version, (SELECT a.token_version FROM mjc.account a WHERE a.account_id = account)), email, device, ok, staff, totp, new_hash, session, refresh, 'req-in')::jsonb $$;
CREATE FUNCTION pg_temp.pass(email text, seconds numeric) RETURNS void LANGUAGE sql
    AS $$ UPDATE mjc.sign_in_limit SET full_at = full_at - seconds * interval '1 second' WHERE email_hash = mjc.sign_in_key(email) $$;

-- begin
SELECT is(pg_temp.begin(e), '0 ' || :'amina' || ' ' || :'hash', format('%L is found', e)) FROM unnest(ARRAY['amina@example.test', ' AMINA@example.TEST ']) e;
SELECT is(pg_temp.begin(e), '0', format('%L is not', e)) FROM unnest(ARRAY['nobody@example.test', '', 'x']) e;
SELECT is(pg_temp.begin(NULL), '0', 'nor is nobody');
SELECT mjc.customer_create('{"email": "invited@example.test", "firstName": "Karim", "lastName": "Test"}') AS invited \gset
SELECT is(pg_temp.begin('invited@example.test'), '0 ' || :'invited', 'an account without a password is found without a hash');

-- The limit: five at once, one more every twelve seconds, whoever it is
SELECT is(pg_temp.tries(e, 9), 5, format('%s: five tries at once', e)) FROM unnest(ARRAY['chef@example.test', 'unknown@example.test']) e;
SELECT is(pg_temp.begin(e), '12', format('%s: then twelve seconds to wait, and nothing is told', e)) FROM unnest(ARRAY['chef@example.test', 'Unknown@example.test']) e;
SELECT pg_temp.pass('chef@example.test', 11) \g /dev/null
SELECT is(pg_temp.begin('chef@example.test'), '1', 'eleven later there is one left');
SELECT pg_temp.pass('chef@example.test', 1) \g /dev/null
SELECT is(pg_temp.tries('chef@example.test', 3), 1, 'after twelve there is one try');
SELECT pg_temp.pass('chef@example.test', 36) \g /dev/null
SELECT is(pg_temp.tries('chef@example.test', 9), 3, 'after thirty-six there are three');
SELECT pg_temp.pass('chef@example.test', 1000) \g /dev/null
SELECT is(pg_temp.tries('chef@example.test', 9), 5, 'after a long time five and no more');
SELECT is(pg_temp.tries('chef@example.test', 9, 'known-device'), 5, 'a device that is known has a count of its own: strangers lock nobody out');
SELECT is(pg_temp.tries('chef@example.test', 1, 'other-device'), 1, 'each has');
SELECT is(pg_temp.tries('chef@example.test', 1, ''), 0, 'an unknown one is the strangers''');
SELECT is_empty($$SELECT email_hash FROM mjc.sign_in_limit WHERE length(email_hash) <> 32$$, 'e-mails are not kept');
UPDATE mjc.setting SET integer_value = 1 WHERE name = 'sign_in_failures_per_minute';
SELECT is(pg_temp.tries('one@example.test', 3), 1, 'one a minute');
SELECT is(pg_temp.begin('one@example.test'), '60', 'is a minute to wait');
UPDATE mjc.setting SET integer_value = 1000 WHERE name = 'sign_in_failures_per_minute';
SELECT is(pg_temp.tries('many@example.test', 900), 900, 'or a thousand');
UPDATE mjc.setting SET integer_value = 5 WHERE name = 'sign_in_failures_per_minute';
SELECT is(mjc.sign_in_step(), interval '12 seconds', 'the step follows the setting');
SELECT is(mjc.sign_in_key(' A@B.c'), sha256('a@b.c'), 'the key is of what is looked up');
SELECT is(mjc.sign_in_key(NULL), sha256(''), 'of nothing too');
SELECT lives_ok('SELECT mjc.sign_in_give_back(NULL, NULL), mjc.sign_in_give_back(''never@example.test'', ''x'')', 'nothing is given back of nothing');
-- Any run of tries and of time: what passed in a minute is never more than twice the figure
SELECT setseed(0.5) \g /dev/null
SELECT cmp_ok(sum(pg_temp.tries('random@example.test', n))::integer, '<=', 5 + 60 / 12, format('at most ten of %s tries in a minute of many steps', sum(n)))
  FROM (SELECT i, (random() * 4)::integer AS n, pg_temp.pass('random@example.test', 2) FROM generate_series(1, 30) i) x;

-- finish: wrong, right, given back
SELECT is(pg_temp.finish(:'amina', o), NULL, format('ok %s: no answer', coalesce(o::text, 'NULL'))) FROM unnest(ARRAY[false, NULL]) o;
SELECT is(pg_temp.finish(:'amina', true, version => 1), NULL, 'a password that was changed while it was compared');
SELECT is((SELECT token_version FROM mjc_api.sign_in_begin('amina@example.test', 'd')), (SELECT token_version FROM mjc.account WHERE account_id = :'amina'), 'the version is told beside the hash');
SELECT is(pg_temp.finish(a, true), NULL, 'an account that is not there') FROM (VALUES (NULL::uuid), (gen_random_uuid())) v (a);
SELECT is((SELECT last_login_at FROM mjc.account WHERE account_id = :'amina'), NULL, 'nothing is noted');
SELECT pg_temp.pass('amina@example.test', 1000) \g /dev/null
SELECT is(pg_temp.tries('amina@example.test', 5), 5, 'five failures');
SELECT is(pg_temp.finish(:'amina', false), NULL, 'count');
SELECT is(pg_temp.tries('amina@example.test', 1), 0, 'all of them');
SELECT is(pg_temp.finish(:'amina', true) #- '{user,createdAt}' #- '{user,updatedAt}', jsonb_build_object('tokenVersion', 0, 'user', mjc.user_json(:'amina')::jsonb - '{createdAt,updatedAt}'::text[]), 'who comes in is told who he is');
SELECT is(pg_temp.tries('amina@example.test', 2), 1, 'and his try does not count');
SELECT isnt((SELECT last_login_at FROM mjc.account WHERE account_id = :'amina'), NULL, 'the time is noted');
SELECT is((SELECT count(*) FROM mjc.audit WHERE actor = :'amina' AND action = 'staff_login'), 0::bigint, 'not in the audit, he is no staff');
SELECT pg_temp.pass('amina@example.test', 1000) \g /dev/null
SELECT is(count(*) FILTER (WHERE pg_temp.begin('amina@example.test') LIKE '0%' AND pg_temp.finish(:'amina', true) ? 'user'), 50::bigint, 'fifty sign-ins in a row are no failure') FROM generate_series(1, 50);
SELECT is((SELECT count(*) FROM mjc.session WHERE account_id = :'amina'), 0::bigint, 'no session without a refresh token');
SELECT pg_temp.finish(:'amina', true, session => s, refresh => r) FROM (VALUES (gen_random_uuid(), NULL::bytea), (NULL, sha256('a'))) v (s, r) \g /dev/null
SELECT is((SELECT count(*) FROM mjc.session WHERE account_id = :'amina'), 0::bigint, 'nor with a half of one');
SELECT gen_random_uuid() AS session \gset
SELECT pg_temp.finish(:'amina', true, session => :'session', refresh => sha256('a')) \g /dev/null
SELECT results_eq(format('SELECT session_id, token_version, token_hash, previous_hash, revoked_at, expires_at - created_at FROM mjc.session WHERE account_id = %L', :'amina'),
    format('VALUES (%L::uuid, 0, sha256(''a''), NULL::bytea, NULL::timestamptz, interval ''7 days'')', :'session'), 'a session of seven days');

-- Staff
SELECT is(pg_temp.finish(:'amina', true, staff => true), '{"refused": "FORBIDDEN"}', 'a customer is no admin');
SELECT is(pg_temp.finish((SELECT account_id FROM mjc.account_email WHERE email = 'technician@example.test'), true, staff => true), '{"refused": "FORBIDDEN"}', 'nor is a technician');
SELECT is(pg_temp.finish(:'amina', false, staff => true), NULL, 'which only the right password tells');
SELECT is(pg_temp.finish(a.account_id, true, staff => true) #>> '{user,role}', a.role, format('%s comes in', a.role))
  FROM mjc.account a JOIN mjc.account_email e ON e.account_id = a.account_id WHERE e.email IN ('chef@example.test', 'super_admin@example.test');
SELECT is(pg_temp.finish(:'chef', true, staff => s) #>> '{user,role}', 'ADMIN', 'at the door of customers too') FROM unnest(ARRAY[false, NULL]) s;
SELECT is((SELECT count(*) FROM mjc.audit WHERE actor = :'chef' AND action = 'staff_login' AND request_id = 'req-in'), 3::bigint, 'the audit knows each time');

-- A weak hash is replaced, and nothing else
SELECT pg_temp.finish(:'amina', true, new_hash => :'other') \g /dev/null
SELECT is((SELECT password_hash FROM mjc.account_secret WHERE account_id = :'amina'), :'hash', 'a hash that is strong stays: it may be of a newer password');
UPDATE mjc.account_secret SET password_hash = replace(:'hash', '$12$', '$10$') WHERE account_id = :'amina';
SELECT is(pg_temp.finish(:'amina', false, new_hash => :'other'), NULL, 'a wrong password');
SELECT is((SELECT password_hash FROM mjc.account_secret WHERE account_id = :'amina'), replace(:'hash', '$12$', '$10$'), 'changes nothing');
SELECT throws_ok(format('SELECT pg_temp.finish(%L, true, new_hash => %L)', :'amina', h), 'MJ603', NULL, format('a new hash %s', left(h, 7))) FROM unnest(ARRAY['', replace(:'other', '$12$', '$11$')]) h;
SELECT is(pg_temp.finish(:'amina', true, new_hash => :'other') ->> 'tokenVersion', '0', 'the right one');
SELECT is((SELECT password_hash FROM mjc.account_secret WHERE account_id = :'amina'), :'other', 'strengthens a weak hash, sessions go on');

-- Closed accounts
SELECT mjc.customer_status_set(:'amina', 'blocked') \g /dev/null
SELECT is(pg_temp.finish(:'amina', true, session => gen_random_uuid(), refresh => sha256('b')), NULL, 'a blocked customer hears what a wrong password hears');
SELECT is(left(pg_temp.begin('amina@example.test'), 45), '0 ' || :'amina' || ' $2b$12', 'after the same work');
SELECT mjc.customer_status_set(:'amina', 'active') \g /dev/null
SELECT is(pg_temp.finish(:'amina', true) ->> 'tokenVersion', (SELECT token_version::text FROM mjc.account WHERE account_id = :'amina'), 'and comes in again, with another version');

-- Somebody's word for it
CREATE FUNCTION pg_temp.social(subject text, email text, first_name text DEFAULT 'Nadia', last_name text DEFAULT 'Test', provider text DEFAULT 'google', session uuid DEFAULT NULL) RETURNS jsonb LANGUAGE sql
    AS $$ SELECT mjc_api.social_sign_in(provider, subject, email, first_name, last_name, session, sha256('s'), 'req-social')::jsonb $$;
SELECT gen_random_uuid() AS session \gset
SELECT pg_temp.social('g-1', ' Nadia@Example.test', session => :'session') #>> '{user,id}' AS nadia \gset
SELECT is(mjc.user_json(:'nadia')::jsonb @> '{"email": "nadia@example.test", "firstName": "Nadia", "role": "CUSTOMER", "isVerified": true}', true, 'a new customer, whose e-mail is proven');
SELECT is((SELECT count(*) FROM mjc.session WHERE session_id = :'session' AND account_id = :'nadia'), 1::bigint, 'with a session');
SELECT is((SELECT count(*) FROM mjc.account_secret WHERE account_id = :'nadia'), 0::bigint, 'and no password');
SELECT is(pg_temp.social('g-1', e) #>> '{user,id}', :'nadia', format('the same identity, now with %s', coalesce(e, 'no e-mail'))) FROM unnest(ARRAY['nadia@example.test', 'changed@example.test', NULL, 'chef@example.test']) e;
SELECT is(pg_temp.social('g-1', 'nadia@example.test', provider => 'other') #>> '{user,id}', :'nadia', 'another service vouches for the same e-mail');
SELECT is((SELECT array_agg(provider ORDER BY provider) FROM mjc.account_social WHERE account_id = :'nadia'), '{google,other}', 'both are remembered');
CREATE FUNCTION pg_temp.named(subject text, first_name text, last_name text) RETURNS text LANGUAGE sql
    AS $$ SELECT (u ->> 'firstName') || '/' || (u ->> 'lastName') FROM (SELECT pg_temp.social(subject, subject || '@example.test', first_name, last_name) -> 'user' AS u) x $$;
SELECT is(pg_temp.named(s, f, l), w, format('names %L, %L', left(f, 20), left(l, 20)))
  FROM (VALUES ('john.doe42', NULL, NULL, 'john.doe/-'), ('42', '', ' ', '-/-'), ('s1', '<b>Éric</b> 3', 'O''Neil-Ben.', 'bÉricb/O''Neil-Ben.'), ('s2', 'نادية', 'الجزائري', 'نادية/الجزائري'), ('s3', repeat('x', 300), repeat('é', 60), repeat('x', 50) || '/' || repeat('é', 50)),
               ('s4', '12345', '<>', 's/-')) v (s, f, l, w);
SELECT is(pg_temp.social('g-2', 'amina@example.test') #>> '{user,id}', :'amina', 'an account that is there is used');
SELECT is((SELECT count(*) FROM mjc.account_secret WHERE account_id = :'amina'), 0::bigint, 'but the password of whom never proved the e-mail goes');
SELECT is((SELECT token_version FROM mjc.account WHERE account_id = :'amina'), 3, 'and his sessions');
SELECT is((SELECT is_verified FROM mjc.account WHERE account_id = :'amina'), true, 'now it is proven');
SELECT mjc.account_password_set('amina@example.test', :'hash') \g /dev/null
SELECT is(pg_temp.social('g-2', 'amina@example.test') ->> 'tokenVersion', '4', 'a proven account comes in');
SELECT is((SELECT count(*) FROM mjc.account_secret WHERE account_id = :'amina'), 1::bigint, 'and keeps its password');
SELECT is(pg_temp.social('g-3', e, session => gen_random_uuid()), '{"refused": "FORBIDDEN"}', format('%s is staff', e)) FROM unnest(ARRAY['chef@example.test', 'technician@example.test', 'super_admin@example.test']) e;
SELECT is((SELECT count(*) FROM mjc.account_social WHERE subject = 'g-3'), 0::bigint, 'nothing is remembered of that');
SELECT mjc.customer_status_set(:'nadia', 'blocked') \g /dev/null
SELECT is(pg_temp.social('g-1', 'nadia@example.test'), '{"refused": "ACCOUNT_INACTIVE"}', 'a blocked one stays out');
SELECT is((SELECT count(*) FROM mjc.session WHERE account_id = :'nadia' AND token_version > 0), 0::bigint, 'without a session');
SELECT pg_temp.refused(format('SELECT pg_temp.social(%s)', a), c, k, a)
  FROM (VALUES ('NULL, NULL', 'MJ003', 'email'), ('''g-9'', ''x@example.test'', provider => NULL', 'MJ003', 'provider'), ('''g-9'', NULL', 'MJ003', 'email'), ('''g-9'', ''no-address''', 'MJ010', 'email'),
               (format('''g-9'', %L', repeat('x', 250) || '@y.dz'), 'MJ006', 'email'), (format('''g-9'', %L', E'x\x01@example.test'), 'MJ010', 'email')) v (a, c, k);
SELECT is(pg_temp.social(NULL, ' VOUCHED@example.test') #>> '{user,email}', 'vouched@example.test', 'without an id there somebody is known by the e-mail') FROM generate_series(1, 2);
SELECT is((SELECT count(*) FROM mjc.account_social x JOIN mjc.account_email e ON e.account_id = x.account_id WHERE e.email = 'vouched@example.test'), 0::bigint, 'and no identity is remembered');
SELECT is(mjc.social_account(p, s, e), w::uuid, format('social_account %s %s %s', p, s, e))
  FROM (VALUES ('google', 'g-2', NULL, :'amina'), ('google', 'g-9', 'amina@example.test', :'amina'), ('other', 'g-2', NULL, NULL), (NULL, NULL, NULL, NULL), ('google', 'g-2', 'nadia@example.test', :'amina')) v (p, s, e, w);
SELECT is(mjc.name_clean(n), w, format('name %L', n))
  FROM (VALUES ('Jean-Luc d''Été St.', 'Jean-Luc d''Été St.'), ('فاطمة الزهراء', 'فاطمة الزهراء'), (' a1b2 ', 'ab'), ('<script>', 'script'), (E'a\tb\nc', 'abc'), (U&'a\202Eb\2066c', 'abc'), (U&'a\0085b', 'ab'), ('', ''), (NULL, NULL), ('李明', '李明')) v (n, w);
SELECT is_empty($$SELECT c FROM (SELECT chr(i) AS c FROM generate_series(33, 126) i) x WHERE c !~ '[A-Za-z''.,&()`-]' AND mjc.name_clean(c) <> ''$$, 'signs are no names');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');

SELECT * FROM finish();
ROLLBACK;
