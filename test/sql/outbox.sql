-- outbox: messages that must be delivered at least once, in order, to whoever is reachable now.
BEGIN;
SELECT plan(87);
\ir fixture.psql
GRANT USAGE ON SCHEMA tap TO PUBLIC;
DELETE FROM mjc.outbox;
UPDATE mjc.setting SET integer_value = 10 WHERE name = 'outbox_tries_max';
SELECT mjc.staff_create('outbox_test_login', 'Test Sender', 'outbox-one@example.test', 'ADMIN', '$2b$12$' || repeat('a', 53)) AS one \gset
SELECT mjc.staff_create(NULL, 'Test Other', 'outbox-two@example.test', 'ADMIN', '$2b$12$' || repeat('a', 53)) AS two \gset

CREATE FUNCTION pg_temp.take(n integer DEFAULT 10, lease_for interval DEFAULT '1 minute') RETURNS SETOF text
    LANGUAGE sql
    AS $$ SELECT t.payload ->> 'm' || ' ' || t.attempt FROM mjc.outbox_take(n, lease_for) t $$;
CREATE FUNCTION pg_temp.number(m text) RETURNS bigint
    LANGUAGE sql
    AS $$ SELECT outbox_id FROM mjc.outbox WHERE payload ->> 'm' = m $$;
CREATE FUNCTION pg_temp.state(number bigint) RETURNS text
    LANGUAGE sql
    AS $$ SELECT state || ' ' || attempts FROM mjc_report.outbox WHERE outbox_id = number $$;
CREATE FUNCTION pg_temp.done(number bigint) RETURNS void
    LANGUAGE sql
    AS $$ SELECT mjc.outbox_done(number, (SELECT lease FROM mjc.outbox WHERE outbox_id = number)) $$;
-- What time does to leases and to messages that wait.
CREATE FUNCTION pg_temp.later(by interval) RETURNS void
    LANGUAGE sql
    AS $$ UPDATE mjc.outbox SET available_at = available_at - by, leased_until = leased_until - by WHERE done_at IS NULL $$;

-- Writing
SELECT is_empty('SELECT pg_temp.take()', 'nothing to deliver');
SELECT isnt(mjc.outbox_write('password_reset', 'account', :'one', '{"m": "a1"}'), NULL, 'a message has a number');
SELECT cmp_ok(mjc.outbox_write('password_reset', 'account', :'one', '{"m": "a2"}'), '>', pg_temp.number('a1'), 'the next a higher one');
SELECT throws_ok(format('SELECT mjc.outbox_write(%s, %s, %s, %s)', t, k, i, '''{}'''), s, NULL, what)
  FROM (VALUES ('NULL', '''account''', quote_literal(:'one'), '23502', 'a message has a topic'),
               ('''password_reset''', 'NULL', quote_literal(:'one'), '23502', 'is about a kind of thing'),
               ('''password_reset''', '''account''', 'NULL', '23502', 'about one of them'),
               ('''password_reset''', '''shop''', quote_literal(:'one'), '23514', 'of a known kind'),
               ('''Password reset''', '''account''', quote_literal(:'one'), '23514', 'and the topic is a word')) v (t, k, i, s, what);

-- Taking
SELECT mjc.outbox_write('email_verify', 'account', :'two', '{"m": "b1"}') \g /dev/null
SET LOCAL synchronous_commit = off;
SELECT pg_current_wal_insert_lsn() AS written \gset
CREATE TEMP TABLE taken AS SELECT * FROM mjc.outbox_take(10);
SET LOCAL synchronous_commit = on;
SELECT results_eq($$SELECT topic, aggregate_kind, aggregate_id, payload ->> 'm', attempt FROM taken$$,
    format($$VALUES ('password_reset', 'account', %L::uuid, 'a1', 1), ('email_verify', 'account', %L::uuid, 'b1', 1)$$, :'one', :'two'),
    'the oldest of each, the first try');
SELECT is((SELECT recipient::jsonb FROM taken WHERE payload ->> 'm' = 'a1'),
    '{"email": "outbox-one@example.test", "phone": null, "firstName": "Test Sender", "lastName": ""}', 'with the recipient as known now');
SELECT cmp_ok(pg_current_wal_flush_lsn(), '>=', :'written'::pg_lsn, 'what is handed out is on disk');
SELECT is_empty('SELECT pg_temp.take()', 'what is taken is not taken again, nor what stands behind it');
SELECT is(pg_temp.state(pg_temp.number('a1')), 'taken 1', 'the report tells');
SELECT throws_ok($$SELECT mjc.outbox_done(pg_temp.number('a1'), gen_random_uuid())$$, 'MJ681', NULL, 'nobody else finishes it');
SELECT throws_ok($$SELECT mjc.outbox_done(pg_temp.number('a1'), NULL)$$, 'MJ681', NULL, 'nor without a lease');
SELECT throws_ok($$SELECT mjc.outbox_done(NULL, (SELECT lease FROM taken LIMIT 1))$$, 'MJ681', NULL, 'nor without a number');
SELECT throws_ok($$SELECT mjc.outbox_done(pg_temp.number('a2'), (SELECT lease FROM taken LIMIT 1))$$, 'MJ681', NULL, 'a lease is not for what stands behind');
SELECT pg_temp.number('a1') AS a1, pg_temp.number('a2') AS a2, pg_temp.number('b1') AS b1 \gset
SELECT lives_ok(format($$SELECT mjc.outbox_done(%s, (SELECT lease FROM taken WHERE outbox_id = %1$s))$$, :a1), 'the holder does');
SELECT is((SELECT payload FROM mjc.outbox WHERE outbox_id = :a1), NULL, 'the link is forgotten');
SELECT is(pg_temp.state(:a1), 'delivered 1', 'it is delivered');
SELECT throws_ok(format($$SELECT mjc.outbox_done(%s, (SELECT lease FROM taken WHERE outbox_id = %1$s))$$, :a1), 'MJ681', NULL, 'once');
SELECT throws_ok(format($$SELECT mjc.outbox_failed(%s, (SELECT lease FROM taken WHERE outbox_id = %1$s), 'late')$$, :a1), 'MJ681', NULL, 'and does not fail later');
SELECT results_eq('SELECT pg_temp.take()', $$VALUES ('a2 1')$$, 'now the next of its account');

-- A sender dies
SELECT pg_temp.later('59 seconds') \g /dev/null
SELECT is_empty('SELECT pg_temp.take()', 'a lease lasts its time');
SELECT pg_temp.later('2 seconds') \g /dev/null
SELECT results_eq('SELECT pg_temp.take(1)', $$VALUES ('a2 2')$$, 'then another sender gets as many as it asks for, what waits longest');
SELECT results_eq('SELECT pg_temp.take(1)', $$VALUES ('b1 2')$$, 'and the next');
SELECT throws_ok(format($$SELECT mjc.outbox_done(%s, (SELECT lease FROM taken WHERE outbox_id = %1$s))$$, :b1), 'MJ681', NULL, 'the first one cannot finish it any more');
SELECT throws_ok(format($$SELECT mjc.outbox_failed(%s, (SELECT lease FROM taken WHERE outbox_id = %1$s), 'late')$$, :b1), 'MJ681', NULL, 'nor fail it');
SELECT pg_temp.done(:b1) \g /dev/null
SELECT is_empty('SELECT pg_temp.take()', 'nothing is left');

-- Failing
SELECT mjc.outbox_failed(:a2, (SELECT lease FROM mjc.outbox WHERE outbox_id = :a2),
       '550 <outbox-one@example.test>: mailbox of +213 550 12 34 56 unavailable, code 550') - clock_timestamp() AS wait \gset
SELECT ok(:'wait'::interval BETWEEN '119 seconds' AND '133 seconds', 'after the second try it waits two minutes and a little');
SELECT is((SELECT error FROM mjc_report.outbox WHERE outbox_id = :a2), '550 <...>: mailbox of ... unavailable, code 550', 'why is kept, without e-mail and phone');
SELECT is(pg_temp.state(:a2), 'waiting 2', 'it waits');
SELECT is_empty('SELECT pg_temp.take()', 'for its time');
CREATE FUNCTION pg_temp.fail_again(number bigint) RETURNS interval
    LANGUAGE plpgsql
AS $$
DECLARE
    again timestamptz;
BEGIN
    UPDATE mjc.outbox SET available_at = clock_timestamp() WHERE outbox_id = number;
    PERFORM mjc.outbox_take(10);
    again := mjc.outbox_failed(number, (SELECT lease FROM mjc.outbox WHERE outbox_id = number), repeat('x', 1000));
    RETURN date_trunc('second', again - clock_timestamp());
END
$$;
CREATE TEMP TABLE waits AS SELECT n, pg_temp.fail_again(:a2) AS wait FROM generate_series(3, 10) n;
SELECT ok(wait BETWEEN least(interval '1 minute' * (2 ^ (n - 1)), interval '6 hours') - interval '2 seconds'
                   AND least(interval '1 minute' * (2 ^ (n - 1)), interval '6 hours') * 1.1, 'try ' || n || ' waits twice as long, at most 6 hours')
  FROM waits WHERE n < 10;
SELECT is((SELECT wait FROM waits WHERE n = 10), NULL, 'after the tenth it is parked');
SELECT is(pg_temp.state(:a2), 'parked 10', 'the report tells');
SELECT is((SELECT length(error) FROM mjc.outbox WHERE outbox_id = :a2), 200, 'of an error so much is kept');
SELECT mjc.outbox_write('password_reset', 'account', :'one', '{"m": "a3"}') \g /dev/null
SELECT mjc.outbox_write('password_reset', 'account', :'two', '{"m": "b2"}') \g /dev/null
SELECT pg_temp.later('1 day') \g /dev/null
SELECT results_eq('SELECT pg_temp.take()', $$VALUES ('b2 1')$$, 'what stands behind a parked message waits, others do not');
SELECT pg_temp.done(pg_temp.number('b2')) \g /dev/null

-- A message of which senders die
SELECT mjc.outbox_write('password_reset', 'account', :'two', '{"m": "b3"}') \g /dev/null
UPDATE mjc.setting SET integer_value = 2 WHERE name = 'outbox_tries_max';
SELECT pg_temp.take() \g /dev/null
SELECT pg_temp.later('2 minutes') \g /dev/null
SELECT pg_temp.take() \g /dev/null
SELECT pg_temp.later('2 minutes') \g /dev/null
SELECT is_empty('SELECT pg_temp.take()', 'a message of which senders die is given out no more');
SELECT is(pg_temp.state(pg_temp.number('b3')), 'parked 2', 'but parked');
UPDATE mjc.setting SET integer_value = 10 WHERE name = 'outbox_tries_max';

-- Staff
SELECT throws_ok('SELECT mjc.outbox_retry(-1)', 'MJ004', NULL, 'no such message');
SELECT throws_ok('SELECT mjc.outbox_retry(NULL)', 'MJ004', NULL, 'none at all');
SELECT throws_ok(format('SELECT mjc.outbox_retry(%s)', pg_temp.number('a3')), 'MJ004', NULL, 'what is not parked is not unparked');
SELECT is(mjc.outbox_retry(:a2), :a2::bigint, 'a parked message is tried again');
SELECT results_eq('SELECT pg_temp.take()', $$VALUES ('a2 1')$$, 'at once, and counts anew');
SELECT throws_ok('SELECT mjc.outbox_drop(-1)', 'MJ004', NULL, 'nothing to drop');
SELECT throws_ok('SELECT mjc.outbox_drop(NULL)', 'MJ004', NULL, 'nothing at all');
SELECT is(mjc.outbox_drop(:a2), :a2::bigint, 'staff give a message up, even one that is with a sender');
SELECT is((SELECT payload FROM mjc.outbox WHERE outbox_id = :a2), NULL, 'its link is forgotten');
SELECT is(pg_temp.state(:a2), 'dropped 1', 'it is dropped');
SELECT throws_ok(format('SELECT mjc.outbox_drop(%s)', :a2), 'MJ004', NULL, 'once');
SELECT set_eq($$SELECT action, subject_id::bigint, channel FROM mjc.audit WHERE subject_kind = 'outbox' AND at > now()$$,
    format($$VALUES ('outbox_retry', %s::bigint, 'psql'), ('outbox_drop', %1$s, 'psql')$$, :a2), 'both are in the audit');
SELECT results_eq('SELECT pg_temp.take()', $$VALUES ('a3 1')$$, 'those behind it go on');

-- Whose recipient is gone
SELECT pg_temp.done(pg_temp.number('a3')), mjc.outbox_drop(pg_temp.number('b3')) \g /dev/null
SELECT mjc.outbox_write('account_invited', 'account', gen_random_uuid(), '{"m": "gone"}') AS gone \gset
SELECT mjc.outbox_write('account_invited', 'account', :'two', '{"m": "b4"}') \g /dev/null
SELECT results_eq('SELECT pg_temp.take()', $$VALUES ('b4 1')$$, 'a message for nobody is not handed out');
SELECT is(pg_temp.state(:gone), 'nobody 1', 'but finished');
SELECT is((SELECT payload FROM mjc.outbox WHERE outbox_id = :gone), NULL, 'and forgotten');

-- Customers and orders
SELECT pg_temp.make_stock(1, 10) \g /dev/null
SELECT pg_temp.bought('{1}', '{1}', '0550123456') AS ref \gset
DELETE FROM mjc.outbox WHERE topic = 'order_placed';
SELECT order_id, customer_id FROM mjc.order WHERE reference = :'ref' \gset
SELECT mjc.outbox_write('test', 'order', :'order_id', '{"m": "o"}'), mjc.outbox_write('test', 'customer', :'customer_id', '{"m": "c"}') \g /dev/null
SELECT set_eq($$SELECT payload ->> 'm' AS m, recipient ->> 'firstName' AS name, recipient ->> 'phone' AS phone FROM mjc.outbox_take(10)$$,
    $$VALUES ('o', 'Amina', mjc.phone_canonical('0550123456')), ('c', 'Amina', mjc.phone_canonical('0550123456'))$$, 'about an order: its buyer; about a customer: himself');

-- Arguments
SELECT throws_ok(format('SELECT mjc.outbox_take(%s)', n), 'MJ006', NULL, 'number out of range: ' || n) FROM unnest(ARRAY['NULL', '0', '1001']) n;
SELECT throws_ok(format('SELECT mjc.outbox_take(1, %s)', quote_nullable(l)), 'MJ006', NULL, 'lease out of range: ' || coalesce(l, 'NULL'))
  FROM unnest(ARRAY[NULL, '0', '-1 minute', '25 hours', '999 ms']) l;
SELECT lives_ok('SELECT mjc.outbox_take(1000, ''1 day''), mjc.outbox_take(1, ''1 second'')', 'bounds');

-- The shim's
SELECT mjc.outbox_write('password_reset', 'account', :'one', '{"m": "s1"}') AS s1 \gset
SET ROLE mjc_shim;
SELECT outbox_id AS got, lease FROM mjc_api.outbox_take(1, '1 minute') \gset
SELECT mjc_api.outbox_failed(:got, :'lease', 'not now') \g /dev/null
SELECT throws_ok(format('SELECT mjc_api.outbox_done(%s, %L)', :got, :'lease'), 'MJ681', NULL, 'for the shim the same rules hold');
SELECT throws_ok('SELECT mjc.outbox_take(1)', '42501', NULL, 'it takes them through its own schema only');
RESET ROLE;
SELECT is(:got::bigint, :s1::bigint, 'it got the message');
SELECT results_eq('SELECT waiting, parked, oldest_seconds >= 0 FROM mjc_api.outbox_status()', $$SELECT 4::bigint, 0::bigint, true$$, 'waiting and parked ones, for the metrics');
SET ROLE mjc_admin;
SELECT throws_ok('SELECT * FROM mjc.outbox_take(1)', '42501', NULL, 'staff get no links');
SELECT throws_ok('SELECT payload FROM mjc.outbox', '42501', NULL, 'nor read them');
SELECT lives_ok('SELECT * FROM mjc_report.outbox', 'but the report');
RESET ROLE;

-- The job
UPDATE mjc.outbox SET payload = NULL, lease = NULL, leased_until = NULL, outcome = 'delivered', done_at = now() - interval '30 days' - interval '1 minute' WHERE outbox_id IN (:a1, :a2);
UPDATE mjc.outbox SET done_at = now() - interval '29 days 23 hours' WHERE outbox_id = :b1;
SELECT is(mjc.outbox_purge(1), 1::bigint, 'what is done is forgotten in batches');
SELECT is(mjc.outbox_purge(), 1::bigint, 'after 30 days');
SELECT ok(EXISTS (SELECT FROM mjc.outbox WHERE outbox_id = :b1), 'not before');

-- Written without SQL, by SQL, and after the owner changed the table
SELECT mjc.outbox_write('way_direct', 'account', :'one', '{"m": "d"}') AS direct \gset
SET LOCAL mjc.direct_access = off;
SELECT mjc.outbox_write('way_sql', 'account', :'one', '{"m": "d"}') AS by_sql \gset
RESET mjc.direct_access;
ALTER TABLE mjc.outbox ADD COLUMN remark text DEFAULT 'owner';
SELECT mjc.outbox_write('way_changed', 'account', :'one', '{"m": "d"}') AS changed \gset
SELECT is((SELECT remark FROM mjc.outbox WHERE outbox_id = :changed), 'owner', 'a column of the owner gets its default');
ALTER TABLE mjc.outbox DROP COLUMN remark;
SELECT ok(:direct < :by_sql AND :by_sql < :changed, 'one counter for all ways');
SELECT is((SELECT count(DISTINCT to_jsonb(o) - '{outbox_id,topic,created_at,available_at}'::text[]) FROM mjc.outbox o WHERE o.topic ~ '^way_'), 1::bigint, 'the same row');
SELECT is((SELECT count(*) FROM mjc.outbox o WHERE o.topic ~ '^way_' AND o.created_at = o.available_at AND o.created_at BETWEEN now() AND clock_timestamp()), 3::bigint, 'due at once');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'all promises hold');
SELECT * FROM finish();
ROLLBACK;
