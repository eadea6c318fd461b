-- totp: second factors, from the arithmetic of RFC 6238 to the door.
BEGIN;
SELECT plan(148);

-- Before anything is written in this session: the check is remembered once it passed.
UPDATE mjc.schema_version SET version = version || '-other';
SELECT throws_ok(s, 'MJ009', NULL, 'another schema version: ' || s)
  FROM unnest(ARRAY['SELECT mjc_api.totp_begin(NULL, NULL, NULL, NULL)', 'SELECT mjc_api.totp_enable(NULL, NULL, NULL, NULL, NULL)', 'SELECT mjc_api.totp_disable(NULL, NULL, NULL, NULL, NULL)']) s;
UPDATE mjc.schema_version SET version = replace(version, '-other', '');
\ir fixture.psql
SET LOCAL timezone = 'UTC';

-- RFC 6238, appendix B (SHA-1); RFC 4226, appendix D has the first ten counters in six digits
\set secret '''\\x3132333435363738393031323334353637383930'''
SELECT is(mjc.totp_code(:secret, at::timestamptz, 8), code, format('RFC 6238 at %s', at))
  FROM (VALUES ('1970-01-01 00:00:59+00', '94287082'), ('2005-03-18 01:58:29+00', '07081804'), ('2005-03-18 01:58:31+00', '14050471'), ('2009-02-13 23:31:30+00', '89005924'),
               ('2033-05-18 03:33:20+00', '69279037'), ('2603-10-11 11:33:20+00', '65353130')) v (at, code);
SELECT is(mjc.totp_code(:secret, to_timestamp(n * 30)), code, format('RFC 4226, counter %s', n))
  FROM unnest(ARRAY['755224', '287082', '359152', '969429', '338314', '254676', '287922', '162583', '399871', '520489']) WITH ORDINALITY u (code, o), LATERAL (SELECT o - 1) x (n);
SELECT is(mjc.totp_code(:secret, '2005-03-18 01:58:29+00', d), right('07081804', d), format('%s digits', d)) FROM generate_series(6, 8) d;
SELECT is(mjc.totp_code(:secret, '2005-03-18 01:58:29+00'), '081804', 'six, with a zero in front');
SELECT throws_ok(format('SELECT mjc.totp_code(%L, now(), %s)', :secret::bytea, d), 'MJ006', NULL, format('%s digits', d)) FROM unnest(ARRAY[-1, 0, 5, 9, 2147483647]) d;
SELECT throws_ok(format('SELECT mjc.totp_code(%L, %L)', :secret::bytea, t), 'MJ006', NULL, format('at %s', t)) FROM unnest(ARRAY['infinity', '-infinity']) t;
SELECT throws_ok(format('SELECT mjc.totp_step(%L, ''123456'', %L)', :secret::bytea, t), 'MJ006', NULL, format('a step at %s', t)) FROM unnest(ARRAY['infinity', '-infinity']) t;
SELECT is(mjc.totp_code(s, t, d), NULL, 'of nothing nothing') FROM (VALUES (NULL::bytea, now(), 6), (:secret, NULL, 6), (:secret, now(), NULL)) v (s, t, d);
SELECT is(length(mjc.totp_code(s, now())), 6, format('a secret of %s bytes', length(s))) FROM (VALUES (''::bytea), ('\x00'), (decode(repeat('ff', 64), 'hex')), (decode(repeat('ff', 65), 'hex')), (decode(repeat('ff', 5000), 'hex'))) v (s);
SELECT is(mjc.totp_code(:secret, '2026-01-01 00:00:00+00'), mjc.totp_code(:secret, '2026-01-01 00:00:29.999999+00'), 'a step of thirty seconds');
SELECT isnt(mjc.totp_code(:secret, '2026-01-01 00:00:00+00'), mjc.totp_code(:secret, '2026-01-01 00:00:30+00'), 'and the next');

-- Steps
SELECT is(mjc.totp_step(:secret, mjc.totp_code(:secret, to_timestamp(1770000000 + n * 30)), to_timestamp(1770000000)), w, format('the code of %s steps away', n))
  FROM (VALUES (-2, NULL), (-1, 58999999::bigint), (0, 59000000), (1, 59000001), (2, NULL)) v (n, w);
SELECT is(mjc.totp_step(:secret, c, to_timestamp(0)), NULL, format('code %L', c)) FROM (VALUES (''), ('75522'), ('7552240'), ('75522a'), (' 755224'), ('-55224'), ('+55224'), ('７５５２２４'), ('000000'), (NULL)) v (c);
SELECT is(mjc.totp_step(:secret, '755224', to_timestamp(29)), 0::bigint, 'the first step there is');
SELECT is_empty(format($$SELECT n FROM generate_series(1, 2000) n WHERE mjc.totp_step(%L, mjc.totp_code(%1$L, to_timestamp(n * 7919)), to_timestamp(n * 7919)) IS DISTINCT FROM n * 7919 / 30$$, :secret::bytea), 'every code is of its step');

-- Base 32
SELECT is(mjc.base32(t::bytea), w, format('base32 %L', t)) FROM (VALUES ('', ''), ('f', 'MY'), ('fo', 'MZXQ'), ('foo', 'MZXW6'), ('foob', 'MZXW6YQ'), ('fooba', 'MZXW6YTB'), ('foobar', 'MZXW6YTBOI')) v (t, w);
SELECT is(mjc.base32('\x00ff'), 'AD7Q', 'bytes of all kinds');
SELECT is(mjc.base32(NULL), NULL, 'of nothing nothing');
SELECT is(length(mjc.base32(decode(repeat('ab', n), 'hex'))), (n * 8 + 4) / 5, format('%s bytes', n)) FROM (VALUES (10), (20), (10000)) v (n);
SELECT is(mjc.uri_part(t), w, format('uri_part %L', t)) FROM (VALUES ('a.B-c_9~', 'a.B-c_9~'), ('a@b+c.dz', 'a%40b%2Bc.dz'), ('%&#?/=', '%25%26%23%3F%2F%3D'), ('é', '%C3%A9'), ('', ''), (NULL, NULL), (E' \n', '%20%0A')) v (t, w);
SELECT is(mjc.recovery_hash(t), sha256('ABCDEFGH23456777'), format('recovery code %L', t)) FROM unnest(ARRAY['ABCD-EFGH-2345-6777', 'abcd efgh 2345 6777', 'abcdefgh23456777', ' AbCd-EfGh-2345-6777 ']) t;
SELECT is(mjc.recovery_hash(NULL), NULL, 'no code');

-- Turning it on
SELECT pg_temp.make_admin('chef&co@example.test') AS chef \gset
SELECT pg_temp.make_admin('tech@example.test', 'TECHNICIAN') AS tech \gset
SELECT gen_random_uuid() AS t \gset
SELECT mjc.customer_create('{"email": "amina@example.test", "firstName": "Amina", "lastName": "Test"}') AS amina \gset
SELECT throws_ok(format('SELECT mjc_api.totp_%s(%s, ''req''%s)', f, a, CASE WHEN f = 'begin' THEN '' ELSE ', ''123456''' END), c, NULL, format('%s: %s', f, w))
  FROM unnest(ARRAY['begin', 'enable', 'disable']) f,
       (VALUES ('NULL, NULL, NULL', 'MJ060', 'nobody'), (format('%L, 1, %L', :'chef', :'t'), 'MJ063', 'an older token'), (format('%L, 0, %L', :'amina', :'t'), 'MJ064', 'a customer')) v (a, c, w);
SELECT throws_ok(format('SELECT mjc_api.totp_%s(%L, 0, %L, NULL, ''123456'')', f, :'chef', :'t'), 'MJ608', NULL, f || ' before the beginning') FROM unnest(ARRAY['enable', 'disable']) f;
SELECT is(mjc_api.totp_begin(:'tech', 0, :'t', NULL) ->> 'secret' ~ '^[A-Z2-7]{32}$', true, 'a technician may');
SELECT mjc_api.totp_begin(:'chef', 0, :'t', NULL) AS first \gset
SELECT mjc_api.totp_begin(:'chef', 0, :'t', NULL) AS second \gset
SELECT isnt(:'first'::json ->> 'secret', :'second'::json ->> 'secret', 'each beginning has a secret of its own');
SELECT is(:'second'::json ->> 'uri', 'otpauth://totp/MJ%20Chauffage:chef%26co%40example.test?secret=' || (:'second'::json ->> 'secret') || '&issuer=MJ%20Chauffage', 'an address for authenticators');
SELECT secret AS key FROM mjc.account_totp WHERE account_id = :'chef' \gset
SELECT is(mjc.base32(:'key'), :'second'::json ->> 'secret', 'the newest secret holds');
SELECT is(length(:'key'::bytea), 20, 'of 160 bits');

CREATE FUNCTION pg_temp.code(account uuid, steps integer DEFAULT 0) RETURNS text LANGUAGE sql
    AS $$ SELECT mjc.totp_code(secret, clock_timestamp() + steps * interval '30 seconds') FROM mjc.account_totp WHERE account_id = account $$;
CREATE FUNCTION pg_temp.enter(account uuid, totp text DEFAULT NULL, staff boolean DEFAULT true) RETURNS text LANGUAGE sql
    AS $$ SELECT coalesce(r ->> 'refused', r #>> '{user,role}') FROM (SELECT mjc_api.sign_in_finish(account, (SELECT a.token_version FROM mjc.account a WHERE a.account_id = account), 'x@example.test', NULL, true, staff, totp, NULL, NULL, NULL, NULL) AS r) x $$;
CREATE FUNCTION pg_temp.again(account uuid) RETURNS void LANGUAGE sql
    AS $$ UPDATE mjc.account_totp SET last_step = 0 WHERE account_id = account $$;
-- Away from the end of a step, so that the codes below are of one step.
SELECT pg_sleep(CASE WHEN extract(epoch FROM clock_timestamp())::numeric % 30 > 20 THEN 30.1 - extract(epoch FROM clock_timestamp())::numeric % 30 ELSE 0 END) \g /dev/null
SELECT is(pg_temp.enter(:'chef'), 'ADMIN', 'a secret that is not proven asks nobody for a code');
SELECT is(mjc_api.totp_enable(:'chef', 0, :'t', NULL, c) ->> 'refused', 'TOTP_CODE_WRONG', format('not turned on by %s', w))
  FROM (VALUES (NULL, 'nothing'), ('', 'an empty text'), (pg_temp.code(:'chef', 3), 'a code of later'), (pg_temp.code(:'chef', -3), 'a code of before'), ('ABCD-EFGH-2345-6777', 'a recovery code that is none')) v (c, w);
SELECT throws_ok(format('SELECT mjc_api.totp_enable(%L, 0, %L, NULL, %L)', :'chef', :'t', pg_temp.code(:'chef')), 'MJ020', NULL, 'after five not even by the right one');
DELETE FROM mjc.sign_in_limit;
SELECT mjc_api.totp_enable(:'chef', 0, :'t', 'req-on', pg_temp.code(:'chef')) AS codes \gset
SELECT is((SELECT count(DISTINCT c) FROM json_array_elements_text(:'codes'::json -> 'recoveryCodes') c WHERE c ~ '^([A-Z2-7]{4}-){3}[A-Z2-7]{4}$'), 10::bigint, 'ten recovery codes');
SELECT is((SELECT count(*) FROM mjc.account_recovery WHERE account_id = :'chef' AND length(code_hash) = 32), 10::bigint, 'of which only hashes are kept');
SELECT is((SELECT count(*) FROM mjc.audit WHERE action = 'totp_enable' AND actor = :'chef' AND request_id = 'req-on' AND before IS NULL AND after IS NULL), 1::bigint, 'audited without a secret');
SELECT throws_ok(format('SELECT mjc_api.totp_%s(%L, 0, %L, NULL%s)', f, :'chef', :'t', a), 'MJ608', NULL, f || ' when it is on') FROM (VALUES ('begin', ''), ('enable', ', ''123456''')) v (f, a);

-- At the door
SELECT is(pg_temp.enter(:'chef', staff => s), 'TOTP_REQUIRED', format('staff %s: a code is wanted', s)) FROM unnest(ARRAY[true, false, NULL]) s;
SELECT is(pg_temp.enter(:'chef', pg_temp.code(:'chef')), 'TOTP_INVALID', 'the code that turned it on was used');
SELECT is(pg_temp.enter(:'chef', pg_temp.code(:'chef', -1)), 'TOTP_INVALID', 'and so were those before it');
SELECT is(pg_temp.enter(:'chef', pg_temp.code(:'chef', 1)), 'ADMIN', 'the next one comes in');
SELECT is(pg_temp.enter(:'chef', pg_temp.code(:'chef', 1)), 'TOTP_INVALID', 'once');
SELECT pg_temp.again(:'chef') \g /dev/null
SELECT is(pg_temp.enter(:'chef', format(f, left(pg_temp.code(:'chef'), 3), right(pg_temp.code(:'chef'), 3))), 'ADMIN', format('typed as %L', f)) FROM (VALUES ('%s %s')) v (f);
SELECT pg_temp.again(:'chef') \g /dev/null
SELECT is(pg_temp.enter(:'chef', c), 'TOTP_INVALID', format('code %L', c)) FROM unnest(ARRAY['', ' ', '123', 'abcdef', repeat('1', 5000), 'ABCD-EFGH-2345-6777']) c;
SELECT is(pg_temp.enter(:'chef', lpad(((pg_temp.code(:'chef')::integer + 1) % 1000000)::text, 6, '0')), 'TOTP_INVALID', 'one beside');
SELECT is(pg_temp.enter(:'tech', '123456', false), 'TECHNICIAN', 'who has none need not, whatever is sent');
SELECT :'codes'::json #>> '{recoveryCodes,0}' AS r0, lower(replace(:'codes'::json #>> '{recoveryCodes,1}', '-', ' ')) AS r1 \gset
SELECT is(pg_temp.enter(:'chef', c), w, format('recovery code, %s', t)) FROM (VALUES (1, :'r0', 'ADMIN', 'the first time'), (2, :'r0', 'TOTP_INVALID', 'the second'), (3, :'r1', 'ADMIN', 'another, as somebody types')) v (n, c, w, t);
SELECT is((SELECT count(*) FROM mjc.account_recovery WHERE account_id = :'chef' AND used_at IS NULL), 8::bigint, 'two are used up');
SELECT is(mjc.totp_use(:'tech', :'r0'), false, 'codes of one are no codes of another');
SELECT is(mjc.totp_use(a, c), false, 'nor of nobody') FROM (VALUES (NULL::uuid, '123456'), (gen_random_uuid(), '123456'), (:'chef', NULL)) v (a, c);
-- A wrong code counts as an attempt, a missing one does not
DELETE FROM mjc.sign_in_limit;
SELECT mjc_api.sign_in_begin('x@example.test', NULL), pg_temp.enter(:'chef') \g /dev/null
SELECT cmp_ok((SELECT full_at FROM mjc.sign_in_limit), '<=', clock_timestamp(), 'who is asked for a code has not failed');
SELECT mjc_api.sign_in_begin('x@example.test', NULL), pg_temp.enter(:'chef', '000000x') \g /dev/null
SELECT cmp_ok((SELECT full_at FROM mjc.sign_in_limit), '>', clock_timestamp(), 'who gives a wrong one has');

-- Turning it off
SELECT is(mjc_api.totp_disable(:'chef', 0, :'t', NULL, c) ->> 'refused', 'TOTP_CODE_WRONG', format('not turned off by %L', c)) FROM (VALUES (NULL), (''), ('000000x'), (:'r0')) v (c);
SELECT mjc.account_password_set('chef&co@example.test', '$2b$12$' || repeat('c', 53)) \g /dev/null
SELECT is(pg_temp.enter(:'chef'), 'TOTP_REQUIRED', 'a new password turns it off no more');
SELECT pg_temp.again(:'chef') \g /dev/null
SELECT is(mjc_api.totp_disable(:'chef', 1, :'t', 'req-off', pg_temp.code(:'chef'))::text, '{"disabled" : true}', 'off, with a code');
SELECT is((SELECT count(*) FROM mjc.account_recovery WHERE account_id = :'chef') + (SELECT count(*) FROM mjc.account_totp WHERE account_id = :'chef'), 0::bigint, 'nothing is left of it');
SELECT is(pg_temp.enter(:'chef'), 'ADMIN', 'the password alone comes in');
SELECT is((SELECT request_id FROM mjc.audit WHERE action = 'totp_disable' AND actor = :'chef'), 'req-off', 'audited');
SELECT mjc_api.totp_begin(:'chef', 1, :'t', NULL), mjc_api.totp_enable(:'chef', 1, :'t', NULL, pg_temp.code(:'chef')) \g /dev/null
SELECT is((SELECT count(*) FROM mjc.account_totp WHERE account_id = :'chef' AND enabled_at IS NOT NULL), 1::bigint, 'on again begins anew');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');

SELECT * FROM finish();
ROLLBACK;
