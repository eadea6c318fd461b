-- session: a refresh token is used once, two tabs share its child, a copy ends the session.
BEGIN;
SELECT plan(94);

-- Before anything is written in this session: the check is remembered once it passed.
UPDATE mjc.schema_version SET version = version || '-other';
SELECT throws_ok(s, 'MJ009', NULL, 'another schema version: ' || s)
  FROM unnest(ARRAY['SELECT mjc_api.session_refresh(NULL, NULL, NULL)', 'SELECT mjc_api.session_close(NULL, NULL, NULL)', 'SELECT mjc_api.auth_logout(NULL, NULL, NULL, NULL)',
                    'SELECT mjc_api.auth_logout_everywhere(NULL, NULL, NULL, NULL)']) s;
UPDATE mjc.schema_version SET version = replace(version, '-other', '');
\ir fixture.psql
SELECT mjc.customer_create('{"email": "amina@example.test", "firstName": "Amina", "lastName": "Test"}') AS amina \gset

-- A token is known by the hash of its word; its child is its word and a prime.
CREATE FUNCTION pg_temp.use(id uuid, word text, child text DEFAULT NULL) RETURNS text LANGUAGE sql
    AS $$ SELECT outcome || CASE WHEN account IS NULL THEN '' ELSE ' ' || (account ->> 'tokenVersion') END
            FROM mjc_api.session_refresh(id, sha256(word::bytea), sha256(coalesce(child, word || '_')::bytea)) $$;
CREATE FUNCTION pg_temp.open(account uuid, word text DEFAULT 'a') RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    id uuid := gen_random_uuid();
BEGIN
    PERFORM mjc.session_make(account, a.token_version, id, sha256(word::bytea)) FROM mjc.account a WHERE a.account_id = account;
    RETURN id;
END
$$;
CREATE FUNCTION pg_temp.pass(id uuid, seconds numeric) RETURNS void LANGUAGE sql
    AS $$ UPDATE mjc.session SET rotated_at = rotated_at - seconds * interval '1 second' WHERE session_id = id $$;
CREATE FUNCTION pg_temp.why(id uuid) RETURNS text LANGUAGE sql
    AS $$ SELECT coalesce(revoked_why, 'open') || CASE WHEN EXISTS (SELECT FROM mjc.token_revoked WHERE token_id = id) THEN ' revoked' ELSE '' END FROM mjc.session WHERE session_id = id $$;

-- Used, used again
SELECT pg_temp.open(:'amina') AS s \gset
SELECT is(pg_temp.use(:'s', 'a'), 'child 0', 'a token is used right after the sign-in');
SELECT results_eq(format('SELECT token_hash, previous_hash FROM mjc.session WHERE session_id = %L', :'s'), $$VALUES (sha256('a_'), sha256('a'))$$, 'its child holds now');
SELECT is(pg_temp.use(:'s', 'a'), 'child 0', 'a second tab with the same token gets the same child');
SELECT is(pg_temp.use(:'s', 'a_'), 'same 0', 'who comes with the child at once keeps it');
SELECT results_eq(format('SELECT token_hash, previous_hash FROM mjc.session WHERE session_id = %L', :'s'), $$VALUES (sha256('a_'), sha256('a'))$$, 'nothing rotated');
SELECT pg_temp.pass(:'s', 9) \g /dev/null
SELECT is(pg_temp.use(:'s', 'a'), 'child 0', 'nine seconds later too');
SELECT is(pg_temp.use(:'s', 'a_'), 'same 0', 'and the child');
SELECT pg_temp.pass(:'s', 1) \g /dev/null
SELECT is(pg_temp.use(:'s', 'a_'), 'child 0', 'after ten seconds it rotates');
SELECT is(pg_temp.why(:'s'), 'open', 'all of that is one session');
SELECT results_eq(format('SELECT token_hash, previous_hash FROM mjc.session WHERE session_id = %L', :'s'), $$VALUES (sha256('a__'), sha256('a_'))$$, 'two generations are known');
SELECT is(pg_temp.use(:'s', 'a_', 'forged'), 'refused', 'the parent with another child');
SELECT is(pg_temp.why(:'s'), 'replay revoked', 'is a copy: the session is over');
SELECT is(pg_temp.use(:'s', w), 'refused', format('whoever holds %s', w)) FROM unnest(ARRAY['a', 'a_', 'a__', 'a___']) w;
SELECT is((SELECT count(*) FROM mjc.audit WHERE action = 'session_replay' AND subject_id = :'amina'), 1::bigint, 'the audit knows, once');
SELECT throws_ok(format('SELECT mjc.need_account(%L, 0, %L)', :'amina', :'s'), 'MJ063', NULL, 'access tokens of the session are over, too');
SELECT is(mjc.account_active(:'amina', 0, gen_random_uuid()), true, 'those of others are not');

SELECT pg_temp.open(:'amina') AS s \gset
SELECT pg_temp.use(:'s', 'a'), pg_temp.pass(:'s', 10) \g /dev/null
SELECT is(pg_temp.use(:'s', 'a'), 'refused', 'a parent after ten seconds');
SELECT is(pg_temp.why(:'s'), 'replay revoked', 'is a copy');
SELECT pg_temp.open(:'amina') AS s \gset
SELECT pg_temp.use(:'s', 'a'), pg_temp.pass(:'s', 60) \g /dev/null
SELECT pg_temp.use(:'s', 'a_') \g /dev/null
SELECT is(pg_temp.use(:'s', 'a'), 'refused', 'a grandparent');
SELECT is(pg_temp.why(:'s'), 'replay revoked', 'is a copy at any time');
SELECT pg_temp.open(:'amina') AS s \gset
SELECT is(pg_temp.use(:'s', 'guessed'), 'refused', 'a token that never was');
SELECT is(pg_temp.why(:'s'), 'replay revoked', 'of a session that is: somebody has half of it');

-- Whatever two clients do, there is one newest token, and the session lives on only for its holder
CREATE FUNCTION pg_temp.walk(seed float8, steps integer, at_least integer DEFAULT 0) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    s uuid;
    held text[] := '{a,a}';
    who integer;
    said text;
    newest text := 'a';
BEGIN
    PERFORM setseed(seed);
    SELECT pg_temp.open(account_id) INTO s FROM mjc.account_email WHERE email = 'amina@example.test';
    FOR i IN 1..steps LOOP
        PERFORM pg_temp.pass(s, at_least + (random() * 8)::integer);
        who := 1 + (random() < 0.5)::integer;
        said := pg_temp.use(s, held[who]);
        IF said LIKE 'child%' THEN
            held[who] := held[who] || '_';
        ELSIF said NOT LIKE 'same%' THEN
            RETURN CASE WHEN held[who] <> newest AND pg_temp.why(s) = 'replay revoked' THEN 'one was left behind' ELSE 'the holder of the newest was refused' END;
        END IF;
        newest := CASE WHEN length(held[who]) > length(newest) THEN held[who] ELSE newest END;
        IF (SELECT token_hash FROM mjc.session WHERE session_id = s) <> sha256(newest::bytea) THEN
            RETURN 'a fork';
        END IF;
    END LOOP;
    RETURN 'both are in';
END
$$;
SELECT is_empty($$SELECT w FROM generate_series(1, 60) n, pg_temp.walk(n / 100.0, 40) w WHERE w NOT IN ('one was left behind', 'both are in')$$, 'two tabs at any pace: never a fork, and the holder of the newest is never refused');
SELECT set_eq($$SELECT pg_temp.walk(n / 100.0, 40, 10) FROM generate_series(1, 60) n$$, ARRAY['one was left behind'], 'two who are further apart than ten seconds: a thief is found');

-- Time
SELECT pg_temp.open(:'amina') AS s \gset
UPDATE mjc.session SET expires_at = clock_timestamp() + interval '1 minute' WHERE session_id = :'s';
SELECT is(pg_temp.use(:'s', 'a'), 'child 0', 'in the last minute');
SELECT is((SELECT expires_at - rotated_at FROM mjc.session WHERE session_id = :'s'), interval '7 days', 'seven days more');
SELECT pg_temp.use(:'s', 'a_') \g /dev/null
SELECT is((SELECT expires_at - rotated_at FROM mjc.session WHERE session_id = :'s'), interval '7 days', 'no more by keeping it');
UPDATE mjc.session SET expires_at = clock_timestamp() WHERE session_id = :'s';
SELECT is(pg_temp.use(:'s', w), o, format('too late: %s', w)) FROM (VALUES ('a_', 'expired'), ('a', 'expired'), ('x', 'refused')) v (w, o);
SELECT is(pg_temp.why(:'s'), 'open', 'which is no replay');

-- Nothing
SELECT pg_temp.open(:'amina') AS s \gset
SELECT is((SELECT outcome FROM mjc_api.session_refresh(i, t, c)), 'refused', w)
  FROM (VALUES (NULL::uuid, sha256('a'), sha256('b'), 'no session'), (gen_random_uuid(), sha256('a'), sha256('b'), 'an unknown session'), (:'s', NULL, sha256('b'), 'no token'), (:'s', sha256('a'), NULL, 'no child')) v (i, t, c, w);
SELECT is(pg_temp.why(:'s'), 'open', 'nobody ends it by that');
SELECT is((SELECT account #>> '{user,email}' FROM mjc_api.session_refresh(:'s', sha256('a'), sha256('a_'))), 'amina@example.test', 'the user comes with it');

-- A session is of a version of the account
SELECT pg_temp.open(:'amina') AS s1, pg_temp.open(:'amina') AS s2 \gset
SELECT is(mjc_api.auth_logout_everywhere(:'amina', 0, :'s1', 'req-all') ->> 'success', 'true', 'out everywhere');
SELECT is(pg_temp.use(s, 'a'), 'refused', 'no session goes on') FROM unnest(ARRAY[:'s1', :'s2']::uuid[]) s;
SELECT throws_ok(format('SELECT mjc.need_account(%L, 0, %L)', :'amina', s), 'MJ063', NULL, 'nor does a token') FROM unnest(ARRAY[:'s1', :'s2']::uuid[]) s;
SELECT is((SELECT request_id FROM mjc.audit WHERE action = 'logout_everywhere' AND actor = :'amina'), 'req-all', 'audited');
SELECT throws_ok(format('SELECT mjc_api.auth_logout_everywhere(%s, NULL)', a), CASE WHEN a LIKE 'NULL%' THEN 'MJ060' ELSE 'MJ063' END, NULL, 'everywhere: ' || a) FROM unnest(ARRAY['NULL, NULL, NULL', format('%L, 0, %L', :'amina', :'s1'), 'gen_random_uuid(), 0, gen_random_uuid()']) a;
SELECT pg_temp.open(:'amina') AS s \gset
SELECT is(pg_temp.use(:'s', 'a'), 'child 1', 'a new sign-in is of the new version');
SELECT mjc.customer_status_set(:'amina', 'blocked') \g /dev/null
SELECT is(pg_temp.use(:'s', 'a_'), 'refused', 'a blocked customer is out');
SELECT mjc.customer_status_set(:'amina', 'active') \g /dev/null
SELECT is(pg_temp.use(:'s', 'a_'), 'refused', 'and does not come back by an old token');
SELECT is(pg_temp.why(:'s'), 'open', 'which is no replay');

-- Closing
SELECT token_version AS v FROM mjc.account WHERE account_id = :'amina' \gset
SELECT pg_temp.open(:'amina') AS s1, pg_temp.open(:'amina') AS s2, pg_temp.open(:'amina') AS s3 \gset
SELECT is(mjc_api.session_close(:'s1', sha256('x'), NULL), false, 'another token closes nothing');
SELECT is(mjc_api.session_close(i, t, NULL), false, 'nothing closes nothing') FROM (VALUES (NULL::uuid, sha256('a')), (:'s1', NULL), (gen_random_uuid(), sha256('a'))) v (i, t);
SELECT is(pg_temp.why(:'s1'), 'open', 'still open');
SELECT is(mjc_api.session_close(:'s1', sha256('a'), 'req'), true, 'its own token does');
SELECT is(pg_temp.why(:'s1'), 'logout revoked', 'signed out');
SELECT is(pg_temp.use(:'s1', 'a'), 'refused', 'it does not go on');
SELECT is(mjc_api.session_close(:'s1', sha256('a'), 'req'), true, 'a second time is as well');
SELECT pg_temp.use(:'s2', 'a') \g /dev/null
SELECT is(mjc_api.session_close(:'s2', sha256('a'), NULL), true, 'a tab that has the token before');
SELECT is(pg_temp.why(:'s2'), 'logout revoked', 'signs out too');
SELECT is(mjc_api.auth_logout(:'amina', :v, :'s3', NULL) ->> 'success', 'true', 'by access token');
SELECT is(pg_temp.why(:'s3'), 'logout revoked', 'the session is over');
SELECT is((SELECT count(*) FROM mjc.audit WHERE actor = :'amina' AND action = 'staff_logout'), 0::bigint, 'a customer is not in the audit of staff');
SELECT gen_random_uuid() AS jti \gset
SELECT is(mjc_api.auth_logout(:'amina', :v, :'jti', NULL) ->> 'success', 'true', 'a token without a session');
SELECT throws_ok(format('SELECT mjc_api.auth_logout(%s, NULL)', a), CASE WHEN a LIKE 'NULL%' THEN 'MJ060' ELSE 'MJ063' END, NULL, 'logout: ' || a)
  FROM unnest(ARRAY['NULL, NULL, NULL', format('%L, %s, %L', :'amina', :v, :'jti'), format('%L, %s, gen_random_uuid()', :'amina', :v - 1), format('%L, NULL, gen_random_uuid()', :'amina')]) a;
SELECT lives_ok(format('SELECT mjc.session_end(%L, ''replay'')', :'s1'), 'an end has one reason');
SELECT is(pg_temp.why(:'s1'), 'logout revoked', 'the first');
SELECT throws_ok(format('SELECT mjc.session_end(%L, ''boredom'')', pg_temp.open(:'amina')), '23514', NULL, 'of two');

-- What is over is forgotten, a while after
DELETE FROM mjc.sign_in_limit;
SELECT pg_temp.open(:'amina') AS old, pg_temp.open(:'amina') AS recent \gset
UPDATE mjc.session SET expires_at = clock_timestamp() - interval '10 days 1 minute' WHERE session_id = :'old';
UPDATE mjc.session SET expires_at = clock_timestamp() - interval '9 days 23 hours' WHERE session_id = :'recent';
INSERT INTO mjc.account_token (token_hash, account_id, purpose, created_at, expires_at)
SELECT sha256(n::text::bytea), :'amina', 'email_verify', now(), clock_timestamp() - n * interval '1 hour' FROM (VALUES (23), (25)) v (n);
INSERT INTO mjc.sign_in_limit (email_hash, device, full_at) SELECT sha256(n::text::bytea), '', clock_timestamp() - n * interval '1 second' FROM (VALUES (-60), (50), (70)) v (n);
INSERT INTO mjc.token_revoked (token_id, revoked_at) SELECT pg_temp.pid(n), clock_timestamp() - n * interval '1 day' FROM (VALUES (9), (11)) v (n);
SELECT is(mjc.session_purge(), 4::bigint, 'one of each is old enough');
SELECT is((SELECT count(*) FROM mjc.session WHERE session_id IN (:'old', :'recent')), 1::bigint, 'a session');
SELECT is((SELECT count(*) FROM mjc.account_token WHERE token_hash IN (sha256('23'), sha256('25'))), 1::bigint, 'a link');
SELECT is((SELECT count(*) FROM mjc.sign_in_limit), 2::bigint, 'an attempt');
SELECT is((SELECT count(*) FROM mjc.token_revoked WHERE token_id IN (pg_temp.pid(9), pg_temp.pid(11))), 1::bigint, 'a closed token');
SELECT is(mjc.session_purge(), 0::bigint, 'and no more');
SELECT is(mjc.session_purge(n), 0::bigint, 'a batch of ' || coalesce(n::text, 'NULL')) FROM (VALUES (0), (1), (NULL::integer)) v (n);
UPDATE mjc.session SET expires_at = clock_timestamp() - interval '11 days' WHERE account_id = :'amina';
SELECT is(mjc.session_purge(2), 2::bigint, 'a batch is no larger than said');

-- Nothing of a token can be read back
SELECT is_empty($$SELECT session_id FROM mjc.session WHERE length(token_hash) <> 32$$, 'hashes only');
SELECT throws_ok(format('INSERT INTO mjc.session (session_id, account_id, token_version, token_hash, rotated_at, created_at, expires_at) VALUES (gen_random_uuid(), %L, 0, %L, now(), now(), now())', :'amina', h), '23514', NULL, 'what is no hash is not stored')
  FROM unnest(ARRAY['\x', '\x00', repeat('\x61', 1)]::bytea[]) h;
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');

SELECT * FROM finish();
ROLLBACK;
