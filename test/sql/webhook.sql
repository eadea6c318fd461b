-- webhook: other systems are told what happens to orders: at least once, in order, signed by a
-- secret that nobody reads again. domain.md 6, tests 15 and 16.
BEGIN;
SELECT plan(163);
\ir fixture.psql
GRANT USAGE ON SCHEMA tap TO PUBLIC;
CREATE ROLE test_hooker LOGIN IN ROLE mjc_admin;
CREATE ROLE test_nobody LOGIN IN ROLE mjc_admin;
SELECT mjc.staff_create('test_hooker', 'Test Hooker', 'hooker@example.test', 'ADMIN', '$2b$12$' || repeat('a', 53)) AS staff \gset
SELECT pg_temp.make_stock(1, 1000) \g /dev/null
UPDATE mjc.webhook_endpoint SET removed_at = now() WHERE removed_at IS NULL;
DELETE FROM mjc.webhook_delivery;

-- Messages of an order that is none of the shop's: n is its number.
CREATE FUNCTION pg_temp.order_n(n integer) RETURNS uuid LANGUAGE sql AS $$ SELECT ('00000000-0000-4000-9000-' || lpad(n::text, 12, '0'))::uuid $$;
CREATE FUNCTION pg_temp.tell(n integer, word text, topic text DEFAULT 'order_confirmed') RETURNS bigint
    LANGUAGE sql
    AS $$ SELECT mjc.outbox_write(topic, 'order', pg_temp.order_n(n), jsonb_build_object('orderNumber', n::text, 'status', word)) $$;
-- What the shim is given: "order status attempt".
CREATE FUNCTION pg_temp.take(n integer DEFAULT 10, lease integer DEFAULT 60) RETURNS SETOF text
    LANGUAGE sql
    AS $$ SELECT concat_ws(' ', t.body::json #>> '{data,orderNumber}', t.body::json #>> '{data,status}', t.attempt) FROM mjc_api.webhook_take(n, lease) t ORDER BY 1 $$;
CREATE FUNCTION pg_temp.hand(n integer, word text) RETURNS uuid
    LANGUAGE sql
    AS $$ SELECT delivery_id FROM mjc.webhook_delivery WHERE aggregate_id = pg_temp.order_n(n) AND payload ->> 'status' = word ORDER BY seq LIMIT 1 $$;
CREATE FUNCTION pg_temp.done(n integer, word text, ok boolean DEFAULT true, status integer DEFAULT 200, error text DEFAULT NULL) RETURNS void
    LANGUAGE sql
    AS $$ SELECT mjc_api.webhook_done(d.delivery_id, d.lease, done.status, done.ok, done.error) FROM mjc.webhook_delivery d WHERE d.delivery_id = pg_temp.hand(n, word) $$;
CREATE FUNCTION pg_temp.state(n integer, word text) RETURNS text
    LANGUAGE sql
    AS $$ SELECT concat_ws(' ', state, attempts, http_status, error) FROM mjc_report.webhook_delivery WHERE delivery_id = pg_temp.hand(n, word) $$;
-- What time does.
CREATE FUNCTION pg_temp.later(by interval) RETURNS void
    LANGUAGE sql
AS $$
    UPDATE mjc.webhook_delivery SET next_at = next_at - by, leased_until = leased_until - by, created_at = created_at - by, tried_at = tried_at - by, done_at = done_at - by;
    UPDATE mjc.webhook_endpoint SET failing_since = failing_since - by, last_ok_at = last_ok_at - by, probe_at = probe_at - by, paused_at = paused_at - by, created_at = created_at - by;
$$;

-- Topics and waits
SELECT is(mjc.webhook_topic(t), true, t || ' goes out') FROM unnest(ARRAY['order_placed', 'order_part_shipped', 'payment_received', 'payment_mismatch', 'invoice_issued', 'credit_note_issued']) t;
SELECT is(mjc.webhook_topic(t), false, 'not ' || to_json(coalesce(t, 'NULL')))
  FROM unnest(ARRAY['password_reset', 'email_verify', 'account_invited', 'test', '', NULL, 'order', 'order_', 'my_order_placed', 'invoice_issued2', 'order_X']) t;
SELECT results_eq('SELECT mjc.webhook_wait(n) FROM unnest(ARRAY[0, 1, 2, 9, 10, 1000000]) n', $$SELECT i::interval FROM unnest(ARRAY['1 minute', '1 minute', '2 minutes', '256 minutes', '6 hours', '6 hours']) i$$, 'waits double up to six hours');
SELECT is(mjc.webhook_wait(NULL), NULL, 'no try, no wait');
SELECT ok((SELECT sum(mjc.webhook_wait(n)) FROM generate_series(1, mjc.webhook_tries_max() - 1) n) BETWEEN '3 days' AND '4 days', '15: retries go on for 3 days and more');

-- Endpoints
SET SESSION AUTHORIZATION test_hooker;
SELECT endpoint_id AS one, secret AS secret_one FROM mjc.webhook_endpoint_add('https://one.example/hooks?key=abc') \gset
SELECT endpoint_id AS two, secret AS secret_two FROM mjc.webhook_endpoint_add('http://127.0.0.1:9/two', '{payment_received,order_shipped}') \gset
SELECT matches(:'secret_one'::text, '^whsec_[A-Za-z0-9+/]{43}=$', 'a secret of 32 bytes');
SELECT isnt(:'secret_one'::text, :'secret_two'::text, 'another for each');
SELECT throws_ok(format('SELECT mjc.webhook_endpoint_add(%s)', quote_nullable(u)), 'MJ006', NULL, 'no address: ' || to_json(left(coalesce(u, 'NULL'), 40)))
  FROM unnest(ARRAY[NULL, '', 'ftp://x.example', 'http://shop.example/', 'http://127.0.0.1.evil.example/', 'http://localhost@evil.example', 'https://', 'https://user@x.example', 'https://x.example/a b',
                    'https://x.example/#a', 'https://x.example:123456', 'https://x.example/' || chr(10) || 'y', 'https://é.example', 'https://x.example/é', 'https://x.example/"', 'https://x.example/' || repeat('a', 983)]) u;
SELECT lives_ok(format('SELECT mjc.webhook_endpoint_remove((mjc.webhook_endpoint_add(%L)).endpoint_id)', u), 'an address: ' || left(u, 40))
  FROM unnest(ARRAY['https://x.example', 'https://x.example:8443/a?b=c&d', 'http://localhost', 'http://[::1]:80/', 'https://x.example/' || repeat('a', 982)]) u;
SELECT throws_ok(format($$SELECT mjc.webhook_endpoint_add('https://x.example', %L)$$, t), 'MJ006', NULL, 'no topics: ' || t)
  FROM unnest(ARRAY['{password_reset}', '{order_placed,email_verify}', '{NULL}', '{""}']) t;
SELECT lives_ok($$SELECT mjc.webhook_endpoint_remove((mjc.webhook_endpoint_add('https://x.example', NULL)).endpoint_id)$$, 'no topics are all');
SELECT throws_ok('SELECT * FROM mjc.webhook_secret', '42501', NULL, 'staff do not read secrets');
SELECT throws_ok('SELECT * FROM mjc_api.webhook_take(1, 60)', '42501', NULL, 'nor take deliveries');
SELECT throws_ok($$UPDATE mjc.webhook_endpoint SET url = 'https://evil.example'$$, '42501', NULL, 'nor change an endpoint beside the rules');
SELECT is((SELECT count(*) FROM mjc.audit a WHERE a.action = 'webhook_endpoint_add' AND (a.before::text || a.after::text ~ 'key=|whsec' OR a.after::text ~ 'key=|whsec')), 0::bigint, 'the audit holds neither secret nor path');
RESET SESSION AUTHORIZATION;
SELECT is((SELECT count(*) FROM pg_views v WHERE v.schemaname = 'mjc_report' AND v.definition ~ 'webhook_secret'), 0::bigint, 'no report reads it');
SET SESSION AUTHORIZATION test_nobody;
SELECT throws_ok(format('SELECT mjc.%s', c), 'MJ601', NULL, c || ' is for staff')
  FROM unnest(ARRAY['webhook_endpoint_add(''https://x.example'')', 'webhook_endpoint_remove(NULL)', 'webhook_pause(NULL)', 'webhook_resume(NULL)', 'webhook_replay(NULL)', 'webhook_drop(NULL)']) c;
RESET SESSION AUTHORIZATION;

-- What is written
SELECT is_empty('SELECT pg_temp.take()', 'nothing to tell');
SELECT pg_temp.bought('{1}', '{1}', '0550123456') AS ref \gset
SELECT order_id FROM mjc.order WHERE reference = :'ref' \gset
SELECT results_eq($$SELECT endpoint_id, topic, aggregate_id, payload, attempts FROM mjc.webhook_delivery$$,
    format($$VALUES (%L::uuid, 'order_placed', %L::uuid, %L::jsonb, 0)$$, :'one', :'order_id', jsonb_build_object('orderNumber', :'ref', 'status', 'PENDING')), '15: an order tells the endpoint that wants to know, in its own transaction');
SELECT is((SELECT d.outbox_id FROM mjc.webhook_delivery d), (SELECT o.outbox_id FROM mjc.outbox o WHERE o.aggregate_id = :'order_id'), 'beside the message for the buyer');
SELECT mjc.outbox_write('password_reset', 'account', :'staff', '{"token": "secret"}'), mjc.outbox_write('order_placed', 'account', :'staff', '{"token": "secret"}'),
       mjc.outbox_write('order_link', 'order', :'order_id', '{"token": "secret", "orderNumber": "x", "phone": "0550123456"}'), mjc.outbox_write('token', 'order', :'order_id', '{"orderNumber": "x"}') \g /dev/null
SELECT results_eq('SELECT topic, payload FROM mjc.webhook_delivery ORDER BY seq', format($$VALUES ('order_placed', %L::jsonb), ('order_link', '{"orderNumber": "x"}'::jsonb)$$, jsonb_build_object('orderNumber', :'ref', 'status', 'PENDING')),
    'links and persons go nowhere, whoever writes them');
SELECT lives_ok($$SELECT mjc.outbox_write('order_odd', 'order', pg_temp.order_n(99), NULL)$$, 'a message may say nothing');
DELETE FROM mjc.webhook_delivery WHERE topic <> 'order_placed';
SELECT is((SELECT count(*) FROM mjc.webhook_delivery d WHERE d::text ~* 'amina|0550123456|213550123456'), 0::bigint, 'no person in it');

-- 16
SAVEPOINT before;
SELECT pg_temp.bought('{1}', '{1}', '0550123457') AS gone \gset
SELECT is((SELECT count(*) FROM mjc.webhook_delivery WHERE payload ->> 'orderNumber' = :'gone'), 1::bigint, '16: while it lasts it is there');
ROLLBACK TO SAVEPOINT before;
SELECT is((SELECT count(*) FROM mjc.webhook_delivery WHERE payload ->> 'orderNumber' = :'gone'), 0::bigint, '16: a rolled-back business transaction emits nothing');
SELECT results_eq(format($$SELECT body::json #>> '{data,orderNumber}' FROM mjc_api.webhook_take(100, 60)$$), format('VALUES (%L)', :'ref'), '16: and nobody is told of it');

-- Taking
UPDATE mjc.webhook_delivery SET lease = NULL, leased_until = NULL, attempts = 0, tried_at = NULL;
SET LOCAL synchronous_commit = off;
SELECT pg_current_wal_insert_lsn() AS written \gset
CREATE TEMP TABLE taken AS SELECT * FROM mjc_api.webhook_take(10, 60);
SET LOCAL synchronous_commit = on;
SELECT cmp_ok(pg_current_wal_flush_lsn(), '>=', :'written'::pg_lsn, 'what is handed out is on disk');
SELECT results_eq('SELECT url, secret, attempt FROM taken', format('VALUES (%L, %L, 1)', 'https://one.example/hooks?key=abc', :'secret_one'), 'the shim gets address and secret');
SELECT is((SELECT body::jsonb FROM taken), (SELECT jsonb_build_object('type', 'order_placed', 'timestamp', mjc.iso(created_at), 'data', jsonb_build_object('orderId', aggregate_id, 'orderNumber', :'ref', 'status', 'PENDING')) FROM mjc.webhook_delivery), 'and what to post');
SELECT is_empty('SELECT pg_temp.take()', 'what is taken is not taken again');
SELECT is((SELECT state || attempts FROM mjc_report.webhook_delivery), 'taken1', 'the log tells');
SELECT throws_ok('SELECT mjc_api.webhook_done((SELECT delivery_id FROM taken), gen_random_uuid(), 200, true, NULL)', 'MJ681', NULL, 'nobody else reports');
SELECT throws_ok('SELECT mjc_api.webhook_done((SELECT delivery_id FROM taken), NULL, 200, true, NULL)', 'MJ681', NULL, 'nor without a lease');
SELECT throws_ok('SELECT mjc_api.webhook_done(NULL, (SELECT lease FROM taken), 200, true, NULL)', 'MJ681', NULL, 'nor without a number');
SELECT lives_ok('SELECT mjc_api.webhook_done((SELECT delivery_id FROM taken), (SELECT lease FROM taken), 204, true, NULL)', 'who has it does');
SELECT throws_ok('SELECT mjc_api.webhook_done((SELECT delivery_id FROM taken), (SELECT lease FROM taken), 204, true, NULL)', 'MJ681', NULL, 'once');
SELECT results_eq('SELECT state, attempts, http_status, error, done_at IS NOT NULL FROM mjc_report.webhook_delivery', $$VALUES ('delivered', 1, 204, NULL::text, true)$$, '15: the log of deliveries can be asked');
SELECT isnt((SELECT last_ok_at FROM mjc_report.webhook_endpoint WHERE endpoint_id = :'one'), NULL, 'the endpoint listened');
SELECT throws_ok(format('SELECT * FROM mjc_api.webhook_take(%s, 60)', n), 'MJ006', NULL, 'number out of range: ' || n) FROM unnest(ARRAY['NULL', '0', '101', '-1']) n;
SELECT throws_ok(format('SELECT * FROM mjc_api.webhook_take(1, %s)', l), 'MJ006', NULL, 'lease out of range: ' || l) FROM unnest(ARRAY['NULL', '0', '86401']) l;
SELECT lives_ok('SELECT mjc_api.webhook_take(100, 86400), mjc_api.webhook_take(1, 1)', 'bounds');

-- Order
SELECT pg_temp.tell(1, 'A'), pg_temp.tell(1, 'B'), pg_temp.tell(1, 'P', 'payment_received'), pg_temp.tell(2, 'C') \g /dev/null
SELECT results_eq('SELECT pg_temp.take()', $$VALUES ('1 A 1'), ('1 P 1'), ('2 C 1')$$, '15: the oldest of each order and endpoint');
SELECT pg_temp.done(1, 'A', false, 500) \g /dev/null
SELECT is(pg_temp.state(1, 'A'), 'waiting 1 500 status 500', 'it failed');
SELECT pg_temp.done(2, 'C') \g /dev/null
SELECT is_empty('SELECT pg_temp.take()', '15: what stands behind it waits');
SELECT ok((SELECT next_at - clock_timestamp() FROM mjc.webhook_delivery WHERE delivery_id = pg_temp.hand(1, 'A')) BETWEEN '59 seconds' AND '67 seconds', 'a minute and up to a tenth more');
SELECT pg_temp.later('67 seconds') \g /dev/null
SELECT results_eq('SELECT pg_temp.take()', $$VALUES ('1 A 2'), ('1 P 2')$$, 'then it comes again, and what the shim died over');
SELECT pg_temp.done(1, 'A') \g /dev/null
SELECT results_eq('SELECT pg_temp.take()', $$VALUES ('1 B 1')$$, 'then the next');
SELECT pg_temp.tell(n, 'X') FROM generate_series(3, 8) n \g /dev/null
SELECT results_eq('SELECT pg_temp.take()', $$VALUES ('3 X 1')$$, 'two at a time to one endpoint');
SELECT pg_temp.done(1, 'B'), pg_temp.done(3, 'X') \g /dev/null
SELECT results_eq('SELECT pg_temp.take(1)', $$VALUES ('1 P 1')$$, 'as many as are asked for');
UPDATE mjc.webhook_delivery SET done_at = now(), outcome = 'dropped', lease = NULL, leased_until = NULL WHERE done_at IS NULL;

-- Until it is parked
SELECT pg_temp.tell(10, 'A'), pg_temp.tell(10, 'B') \g /dev/null
CREATE FUNCTION pg_temp.fail(n integer, word text) RETURNS interval
    LANGUAGE plpgsql
AS $$
BEGIN
    UPDATE mjc.webhook_delivery SET next_at = clock_timestamp() WHERE delivery_id = pg_temp.hand(n, word);
    -- here the endpoint fails for this message only
    UPDATE mjc.webhook_endpoint SET failures = 0, failing_since = NULL;
    PERFORM pg_temp.take();
    PERFORM pg_temp.done(n, word, false, NULL, 'timeout');
    RETURN (SELECT next_at - clock_timestamp() FROM mjc.webhook_delivery WHERE delivery_id = pg_temp.hand(n, word));
END
$$;
CREATE TEMP TABLE waits AS SELECT n, pg_temp.fail(10, 'A') AS wait FROM generate_series(1, 23) n;
SELECT is_empty($$SELECT n, wait FROM waits WHERE wait NOT BETWEEN mjc.webhook_wait(n) - interval '2 seconds' AND mjc.webhook_wait(n) * 1.1$$, 'each try waits its time, and a little more');
SELECT ok((SELECT sum(wait) FROM waits) > '3 days', '15: together more than three days');
SELECT is(pg_temp.state(10, 'A'), 'waiting 23 timeout', 'the last but one');
SELECT pg_temp.fail(10, 'A') \g /dev/null
SELECT is(pg_temp.state(10, 'A'), 'parked 24 timeout', 'then it is parked');
SELECT is((SELECT problem FROM mjc_report.webhook_endpoint WHERE endpoint_id = :'one'), 'deliveries are parked', 'staff are told');
SELECT results_eq('SELECT waiting, parked, oldest_seconds > 0, paused FROM mjc_api.webhook_status()', 'VALUES (1::bigint, 1::bigint, true, 0::bigint)', 'and the metrics');
SELECT pg_temp.later('1 day') \g /dev/null
SELECT is_empty('SELECT pg_temp.take()', 'it holds back what stands behind');

-- Staff: replay and drop
SET SESSION AUTHORIZATION test_hooker;
SELECT throws_ok(format('SELECT mjc.webhook_%s(%s)', f, i), 'MJ004', NULL, f || ': no such delivery ' || i) FROM unnest(ARRAY['replay', 'drop', 'pause', 'resume', 'endpoint_remove']) f, unnest(ARRAY['NULL', '''00000000-0000-4000-8000-000000000000''']) i;
RESET SESSION AUTHORIZATION;
SELECT pg_temp.hand(10, 'A') AS hand_a, pg_temp.hand(10, 'B') AS hand_b \gset
SET SESSION AUTHORIZATION test_hooker;
SELECT lives_ok(format('SELECT mjc.webhook_replay(%L)', :'hand_a'), '15: a parked one is replayed');
RESET SESSION AUTHORIZATION;
SELECT results_eq('SELECT pg_temp.take()', $$VALUES ('10 A 1')$$, 'at once, and counts anew');
SET SESSION AUTHORIZATION test_hooker;
SELECT throws_ok(format('SELECT mjc.webhook_replay(%L)', :'hand_a'), 'MJ004', NULL, 'not while it is under way');
SELECT lives_ok(format('SELECT mjc.webhook_drop(%L)', :'hand_a'), 'one that is under way may be dropped');
SELECT throws_ok(format('SELECT mjc.webhook_drop(%L)', :'hand_a'), 'MJ004', NULL, 'once');
RESET SESSION AUTHORIZATION;
SELECT is(pg_temp.state(10, 'A'), 'dropped 1 timeout', 'it is dropped');
SELECT results_eq('SELECT pg_temp.take()', $$VALUES ('10 B 1')$$, 'those behind it go on');
SELECT pg_temp.done(10, 'B') \g /dev/null
SET SESSION AUTHORIZATION test_hooker;
SELECT mjc.webhook_replay(d) FROM unnest(ARRAY[:'hand_a', :'hand_b']::uuid[]) d \g /dev/null
RESET SESSION AUTHORIZATION;
SELECT results_eq('SELECT delivery_id FROM mjc_api.webhook_take(10, 60)', format('VALUES (%L::uuid)', :'hand_a'), '15: what was dropped or delivered is replayed, in its order and under its number');
SELECT pg_temp.done(10, 'A') \g /dev/null
SELECT pg_temp.take() \g /dev/null
SELECT pg_temp.done(10, 'B') \g /dev/null

-- Pause by staff
SELECT pg_temp.tell(11, 'A') \g /dev/null
SELECT pg_temp.take() \g /dev/null
SELECT pg_temp.tell(12, 'A') \g /dev/null
SET SESSION AUTHORIZATION test_hooker;
SELECT mjc.webhook_pause(:'one') \g /dev/null
RESET SESSION AUTHORIZATION;
SELECT lives_ok($$SELECT pg_temp.done(11, 'A', false, 500)$$, 'what is under way ends');
SELECT pg_temp.tell(13, 'A') \g /dev/null
SELECT pg_temp.later('1 day') \g /dev/null
SELECT is_empty('SELECT pg_temp.take()', 'a paused endpoint is told nothing');
SELECT is(pg_temp.state(13, 'A'), 'paused 0', 'but what happens meanwhile is kept for it');
SELECT results_eq('SELECT state, problem, waiting FROM mjc_report.webhook_endpoint WHERE endpoint_id = ' || quote_literal(:'one'), $$VALUES ('paused', 'paused by staff', 3::bigint)$$, 'staff see it');
SELECT is((SELECT paused FROM mjc_api.webhook_status()), 1::bigint, 'the metrics too');
SET SESSION AUTHORIZATION test_hooker;
SELECT mjc.webhook_resume(:'one') \g /dev/null
RESET SESSION AUTHORIZATION;
SELECT is((SELECT count(*) FROM pg_temp.take()), 2::bigint, 'resumed, it goes on');
UPDATE mjc.webhook_delivery SET done_at = now(), outcome = 'dropped', lease = NULL, leased_until = NULL WHERE done_at IS NULL;

-- Pause by failures
SELECT pg_temp.tell(n, 'A') FROM generate_series(100, 160) n \g /dev/null
CREATE FUNCTION pg_temp.fail_next(times integer) RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    t record;
BEGIN
    FOR i IN 1 .. times LOOP
        SELECT * INTO t FROM mjc_api.webhook_take(1, 60);
        EXIT WHEN t.delivery_id IS NULL;
        PERFORM mjc_api.webhook_done(t.delivery_id, t.lease, 503, NULL, NULL);
    END LOOP;
    RETURN (SELECT concat_ws(' ', state, failures, pause_reason) FROM mjc_report.webhook_endpoint JOIN mjc.webhook_endpoint e USING (endpoint_id, failures) WHERE state <> 'removed' AND failures > 0);
END
$$;
SELECT is(pg_temp.fail_next(55), 'open 55', 'many failures within an hour');
SELECT is((SELECT problem || ', ' || error FROM mjc_report.webhook_endpoint WHERE endpoint_id = :'one'), 'fails, status 503', 'are seen');
SELECT pg_temp.later('59 minutes') \g /dev/null
SELECT is(pg_temp.fail_next(1), 'open 56', 'not yet');
SELECT pg_temp.later('2 minutes') \g /dev/null
SELECT is(pg_temp.fail_next(1), 'paused 57 failing', '15: fifty failures in a row and an hour pause an endpoint');
SELECT is((SELECT problem FROM mjc_report.webhook_endpoint WHERE endpoint_id = :'one'), 'paused: it fails', '15: with an alert');
SELECT is((SELECT paused FROM mjc_api.webhook_status()), 1::bigint, 'and a metric');
SELECT is(pg_temp.fail_next(1), 'paused 57 failing', 'nothing more goes there');
SELECT pg_temp.later('61 minutes') \g /dev/null
SELECT is(pg_temp.fail_next(3), 'paused 58 failing', 'but one an hour, to see whether it is back');
SELECT pg_temp.later('61 minutes') \g /dev/null
SELECT delivery_id, lease FROM mjc_api.webhook_take(10, 60) \gset probe_
SELECT mjc_api.webhook_done(:'probe_delivery_id', :'probe_lease', 200, true, NULL) \g /dev/null
SELECT results_eq('SELECT state, problem, failures, error FROM mjc_report.webhook_endpoint WHERE endpoint_id = ' || quote_literal(:'one'), $$VALUES ('open', NULL::text, 0, NULL::text)$$, 'it is: open again by itself');
SELECT is((SELECT count(*) FROM mjc.webhook_delivery WHERE done_at IS NULL AND next_at > clock_timestamp()), 0::bigint, 'and all that waited is due');
SELECT is((SELECT count(*) FROM pg_temp.take()), 2::bigint, 'so it goes on');
UPDATE mjc.webhook_delivery SET done_at = now(), outcome = 'dropped', lease = NULL, leased_until = NULL WHERE done_at IS NULL;
SELECT pg_temp.tell(200, 'A'), pg_temp.tell(201, 'A') \g /dev/null
SELECT is(pg_temp.fail_next(1), 'open 1', 'few messages');
SELECT pg_temp.later('23 hours') \g /dev/null
SELECT is(pg_temp.fail_next(1), 'open 2', 'and nearly a day');
SELECT pg_temp.later('61 minutes') \g /dev/null
SELECT is(pg_temp.fail_next(1), 'paused 3 failing', '15: or a day of failures');
SELECT pg_temp.later('4 days') \g /dev/null
SELECT is(pg_temp.fail_next(1), 'paused 4 failing', 'five days later');
SELECT pg_temp.later('30 days') \g /dev/null
SELECT is(pg_temp.fail_next(1), 'paused 4 failing', 'it is not tried any more');
SELECT is((SELECT problem FROM mjc_report.webhook_endpoint WHERE endpoint_id = :'one'), 'given up: mjc.webhook_resume tries again', 'and staff know what to do');
SET SESSION AUTHORIZATION test_hooker;
SELECT mjc.webhook_resume(:'one') \g /dev/null
RESET SESSION AUTHORIZATION;
SELECT is((SELECT count(*) FROM pg_temp.take()), 2::bigint, 'they do');

-- A delivery over which the shim dies each time
UPDATE mjc.webhook_delivery SET attempts = 24, lease = NULL, leased_until = NULL WHERE delivery_id = pg_temp.hand(200, 'A');
SELECT is_empty('SELECT pg_temp.take()', 'is given out no more');
SELECT is((SELECT state FROM mjc_report.webhook_delivery WHERE delivery_id = pg_temp.hand(200, 'A')), 'parked', 'but parked');

-- Removed
SELECT pg_temp.hand(200, 'A') AS hand_a \gset
SELECT lease FROM mjc.webhook_delivery WHERE delivery_id = pg_temp.hand(201, 'A') \gset
SET SESSION AUTHORIZATION test_hooker;
SELECT mjc.webhook_endpoint_remove(:'one') \g /dev/null
SELECT throws_ok(format('SELECT mjc.webhook_%s(%L)', f, :'one'), 'MJ004', NULL, 'a removed endpoint is gone: ' || f) FROM unnest(ARRAY['pause', 'resume', 'endpoint_remove']) f;
SELECT throws_ok(format('SELECT mjc.webhook_replay(%L)', :'hand_a'), 'MJ004', NULL, 'and nothing is replayed');
RESET SESSION AUTHORIZATION;
SELECT throws_ok(format('SELECT mjc_api.webhook_done(pg_temp.hand(201, ''A''), %L, 200, true, NULL)', :'lease'), 'MJ681', NULL, 'what was under way is nobody''s');
SELECT is((SELECT count(*) FROM mjc.webhook_delivery WHERE done_at IS NULL), 0::bigint, 'what waited is dropped');
SELECT is((SELECT count(*) FROM mjc.webhook_secret WHERE endpoint_id = :'one'), 0::bigint, 'the secret is forgotten');
SELECT pg_temp.tell(300, 'A') \g /dev/null
SELECT is(pg_temp.hand(300, 'A'), NULL, 'it is told nothing any more');

-- The job, the promises
INSERT INTO mjc.webhook_delivery (delivery_id, endpoint_id, outbox_id, topic, aggregate_kind, aggregate_id, payload, created_at, next_at)
VALUES (gen_random_uuid(), :'one', 1, 'order_placed', 'order', pg_temp.order_n(301), '{"status": "late"}', now(), now());
UPDATE mjc.webhook_delivery SET done_at = now() - interval '29 days' WHERE done_at IS NOT NULL;
UPDATE mjc.webhook_delivery SET done_at = now() - interval '30 days 1 minute' WHERE delivery_id IN (:'hand_a', pg_temp.hand(201, 'A'), pg_temp.hand(1, 'A'));
SELECT is(mjc.webhook_purge(1), 1::bigint, 'what is done is forgotten in batches');
SELECT is(mjc.webhook_purge(), 2::bigint, 'after thirty days');
SELECT is(mjc.webhook_purge(), 0::bigint, 'not before');
SELECT is(pg_temp.state(301, 'late'), 'dropped 0', 'what came while its endpoint was removed is dropped');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'all promises hold');
UPDATE mjc.webhook_endpoint SET created_at = now() - interval '1 hour' WHERE endpoint_id = :'two';
SELECT pg_temp.tell(302, 'A', 'order_shipped'), pg_temp.tell(303, 'A', 'order_placed') \g /dev/null
SELECT is_empty($$SELECT * FROM mjc.check_webhook_invariants(now() - interval '1 minute')$$, 'these too');
DELETE FROM mjc.webhook_delivery WHERE aggregate_id = pg_temp.order_n(302);
SELECT is((SELECT string_agg(rule, ' ') FROM mjc.check_webhook_invariants(NULL)), 'webhook_missing', 'an endpoint that was not told is found');
DELETE FROM mjc.webhook_secret;
SELECT is((SELECT count(*) FROM mjc.check_invariants() WHERE rule = 'webhook_secret'), 1::bigint, 'one without a secret too');
SELECT * FROM finish();
ROLLBACK;
