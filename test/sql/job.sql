-- job: the clockwork. A failing job stops no other; lateness shows.
BEGIN;
SELECT plan(54);
\ir fixture.psql
SELECT set_has('SELECT name FROM mjc.job', $$VALUES ('analyst_limit'), ('audit_seal'), ('cart_purge'), ('catalogue_fill'), ('event_partition'), ('event_purge'), ('idempotency_purge'), ('invariants'), ('order_expire'), ('outbox_purge'), ('personal_access_purge'), ('session_purge'), ('stock_expire')$$, 'the jobs of the shop');
-- One that is due ten times a second would come in between; one that folds or fills in what others did ends each call.
CREATE TEMP TABLE apart AS SELECT * FROM mjc.job WHERE name IN ('catalogue_fill', 'product_count', 'sale_fold', 'stock_flip');
DELETE FROM mjc.job WHERE name IN ('catalogue_fill', 'product_count', 'sale_fold', 'stock_flip');
UPDATE mjc.job SET every = interval '1 hour' WHERE every < interval '1 second';
UPDATE mjc.job SET next_at = clock_timestamp() + interval '1 hour', failures = 0, error = NULL;
SELECT is_empty($$SELECT * FROM mjc.housekeep('1 minute')$$, 'nothing is due');

-- All due, all well
SELECT mjc.audit_seal(10000) \g /dev/null
SELECT pg_temp.make_stock(1, 1000) \g /dev/null
-- There is more to count than one batch.
SELECT mjc.catalogue_fill(), mjc.search_name_refresh() \g /dev/null
SELECT mjc.search_word_count(1000000) \g /dev/null
SELECT pg_temp.bought('{1}', '{2}') AS ref \gset
UPDATE mjc.order SET confirm_by_at = now() - interval '1 minute' WHERE reference = :'ref';
SELECT pg_temp.buy('{1}', '{1}', key => 'old-' || n) FROM generate_series(1, 60) n \g /dev/null
SELECT pg_temp.buy('{1}', '{1}', key => 'new') \g /dev/null
UPDATE mjc.idempotency_key SET created_at = created_at - interval '25 hours'
 WHERE subject_id IN (SELECT order_id FROM mjc.order ORDER BY order_id DESC OFFSET 1);
INSERT INTO mjc.token_revoked (token_id, revoked_at) VALUES (gen_random_uuid(), now() - interval '11 days'), (gen_random_uuid(), now() - interval '9 days');
DELETE FROM mjc.sign_in_limit;
INSERT INTO mjc.sign_in_limit (email_hash, device, full_at) VALUES ('\x01', '', now() - interval '2 minutes'), ('\x02', '', now() + interval '2 minutes');
UPDATE mjc.job SET next_at = clock_timestamp() - interval '1 minute' - (CASE name WHEN 'audit_seal' THEN 1 ELSE 0 END) * interval '5 minutes';
SELECT cmp_ok((SELECT late_by FROM mjc_report.job WHERE name = 'audit_seal'), '>=', interval '6 minutes', 'lateness shows in the report');
SELECT cmp_ok((SELECT late_seconds FROM mjc_api.job_status() WHERE name = 'audit_seal'), '>=', 360::double precision, 'and for the metrics');
SELECT results_eq($$SELECT job, error FROM mjc.housekeep('0') $$, $$VALUES ('audit_seal', NULL::text)$$, 'without budget one job runs, the latest first');
CREATE TEMP TABLE run AS SELECT * FROM mjc.housekeep('1 minute');
SELECT is((SELECT count(*) FROM run WHERE job = 'order_expire' AND done > 0), (SELECT count(*) FROM (SELECT job FROM run OFFSET (SELECT count(*) - 1 FROM run)) l WHERE l.job = 'order_expire'), 'what took stock ends the call');
INSERT INTO run SELECT * FROM mjc.housekeep('1 minute');
SELECT set_eq($$SELECT job, error FROM run$$,
    $$VALUES ('analyst_limit', NULL::text), ('cart_purge', NULL), ('catalogue_fold', NULL), ('event_partition', NULL), ('event_purge', NULL), ('http_fold', NULL), ('idempotency_purge', NULL), ('import_purge', NULL), ('import_run', NULL), ('invariants', NULL), ('invoice_issue', NULL), ('invoice_party_purge', NULL), ('order_expire', NULL), ('outbox_purge', NULL), ('personal_access_purge', NULL), ('provider_event', NULL), ('provider_event_purge', NULL), ('search_name', NULL), ('search_popularity', NULL), ('search_word_count', NULL), ('session_purge', NULL), ('stock_expire', NULL), ('webhook_purge', NULL)$$, 'with a budget all that are due, in two calls');
SELECT is((SELECT sum(done)::integer FROM run WHERE job = j), n, format('%s did %s', j, n))
  FROM (VALUES ('order_expire', 1), ('idempotency_purge', 60), ('session_purge', 2), ('invariants', 0)) v (j, n);
SELECT is(pg_temp.status(:'ref'), 'CANCELLED', 'the order expired');
SELECT is((SELECT count(*) FROM mjc.idempotency_key WHERE subject_id IN (SELECT order_id FROM mjc.order)), 1::bigint, 'old replies are gone, the new one stays');
SELECT is((SELECT count(*) FROM mjc.token_revoked WHERE revoked_at < now() - interval '10 days'), 0::bigint, 'old tokens are gone');
SELECT is((SELECT count(*) FROM mjc.sign_in_limit), 1::bigint, 'attempts that no longer count are gone');
SELECT is_empty($$SELECT name FROM mjc.job WHERE last_ok_at IS NULL OR last_started_at IS NULL OR failures > 0 OR error IS NOT NULL$$, 'every job ran well');
SELECT is((SELECT count(*) FROM run WHERE job = 'idempotency_purge'), 2::bigint, 'a job that did fifty or more is due again at once');
SELECT is_empty($$SELECT name FROM mjc.job WHERE next_at < clock_timestamp() + every - interval '1 minute' OR next_at > clock_timestamp() + every$$, 'and is due again after its time');
SELECT is_empty($$SELECT name FROM mjc_report.job WHERE late_by > interval '0'$$, 'none is late');

-- A full batch means that there is more to do at once
SELECT pg_temp.bought('{1}', '{1}') FROM generate_series(1, 55) \g /dev/null
UPDATE mjc.order SET confirm_by_at = now() - interval '1 minute' WHERE status = 'PENDING' AND order_id IN (SELECT order_id FROM mjc.order ORDER BY order_id DESC LIMIT 55);
UPDATE mjc.job SET next_at = clock_timestamp() - interval '1 second' WHERE name = 'order_expire';

SELECT results_eq($$SELECT job, done FROM mjc.housekeep('1 minute')$$, $$VALUES ('order_expire', 50::bigint)$$, 'one full batch a call');
SELECT results_eq($$SELECT job, done FROM mjc.housekeep('1 minute')$$, $$VALUES ('order_expire', 5::bigint)$$, 'the rest in the next');
SELECT is_empty($$SELECT * FROM mjc.housekeep('1 minute')$$, 'and then none');

-- A month that goes: its table is locked until the call ends
SELECT mjc.partition_make('event', '2001-01-31') \g /dev/null
UPDATE mjc.job SET next_at = clock_timestamp() - (CASE name WHEN 'event_purge' THEN 2 ELSE 1 END) * interval '1 minute' WHERE name IN ('event_purge', 'session_purge');
SELECT results_eq($$SELECT job, done FROM mjc.housekeep('1 minute')$$, $$VALUES ('event_purge', 1::bigint)$$, 'what visitors do waits for no other job');
SELECT is(to_regclass('mjc.event_2001_01'), NULL, 'the month is gone');
SELECT results_eq($$SELECT job FROM mjc.housekeep('1 minute')$$, $$VALUES ('session_purge')$$, 'which comes in the next call');

-- What is derived from products is locked after them: no job that changes products may follow in the same call
SELECT mjc.product_changed(ARRAY[pg_temp.pid(1)]) \g /dev/null
INSERT INTO mjc.product_counter (product_id, viewed, recent, sold, popularity) VALUES (pg_temp.pid(1), 0, 90, 0, 90);
UPDATE mjc.job SET next_at = clock_timestamp() - (CASE name WHEN 'search_popularity' THEN 2 ELSE 1 END) * interval '1 minute' WHERE name IN ('search_popularity', 'import_run');
SELECT results_eq($$SELECT job, done > 0 FROM mjc.housekeep('1 minute')$$, $$VALUES ('search_popularity', true)$$, 'popularity that changed ends the call');
SELECT results_eq($$SELECT job FROM mjc.housekeep('1 minute')$$, $$VALUES ('import_run')$$, 'imports come in the next');
INSERT INTO mjc.manufacturer (manufacturer_id, slug, name) VALUES (pg_temp.pid(301), 'test-only-named', 'Zzqx');
UPDATE mjc.job SET next_at = clock_timestamp() - (CASE name WHEN 'search_name' THEN 2 ELSE 1 END) * interval '1 minute' WHERE name IN ('search_name', 'import_run');
SELECT results_eq($$SELECT job, done > 0 FROM mjc.housekeep('1 minute')$$, $$VALUES ('search_name', true)$$, 'so do new names and their words');
SELECT results_eq($$SELECT job FROM mjc.housekeep('1 minute')$$, $$VALUES ('import_run')$$, 'imports come in the next again');

-- Expired holds
SELECT mjc.stock_reserve(ARRAY[pg_temp.pid(1)], '{3}') AS hold \gset
UPDATE mjc.reservation SET expires_at = now() - interval '1 second' WHERE reservation_id = :'hold';
UPDATE mjc.job SET next_at = clock_timestamp() - (CASE name WHEN 'stock_expire' THEN 2 ELSE 1 END) * interval '1 minute' WHERE name IN ('stock_expire', 'session_purge');
SELECT results_eq($$SELECT job, done FROM mjc.housekeep('1 minute')$$, $$VALUES ('stock_expire', 1::bigint)$$, 'a hold that lapsed is swept, and what took stock ends the call');
SELECT results_eq($$SELECT job FROM mjc.housekeep('1 minute')$$, $$VALUES ('session_purge')$$, 'the others follow');
SELECT is((SELECT held_qty FROM mjc.reservation WHERE reservation_id = :'hold'), 0, 'nothing is held any more');

-- One fails
UPDATE mjc.stock_flag SET in_stock = false WHERE product_id = pg_temp.pid(1);
INSERT INTO mjc.job (name, every, next_at) VALUES ('test_no_code', '1 minute', clock_timestamp() - interval '1 hour');
UPDATE mjc.job SET next_at = clock_timestamp() - interval '1 minute' - (CASE name WHEN 'invariants' THEN 1 ELSE 0 END) * interval '5 minutes' WHERE name <> 'test_no_code';
CREATE TEMP TABLE second AS SELECT * FROM mjc.housekeep('1 minute');
SELECT is((SELECT count(DISTINCT job) FROM second), (SELECT count(*) FROM mjc.job), 'a failing job stops no other');
SELECT matches((SELECT error FROM second WHERE job = 'invariants'), '^1 broken promise\(s\), first: stock_flag', 'its error is in the answer');
SELECT is((SELECT done FROM second WHERE job = 'invariants'), 0::bigint, 'it did nothing');
SELECT is((SELECT count(*) FROM second WHERE error IS NOT NULL), 1::bigint, 'no other failed');
SELECT results_eq($$SELECT failures, error IS NOT NULL, last_ok_at < last_started_at FROM mjc.job WHERE name = 'invariants'$$, 'VALUES (1, true, true)', 'the job remembers its failure');
SELECT is((SELECT failing FROM mjc_api.job_status() WHERE name = 'invariants'), true, 'the metrics show it');
SELECT is((SELECT count(*) FROM mjc_api.job_status() WHERE failing), 1::bigint, 'and it alone');
SELECT cmp_ok((SELECT next_at FROM mjc.job WHERE name = 'invariants'), '>', clock_timestamp() + interval '50 seconds', 'it is tried again after its time, not at once');
UPDATE mjc.job SET next_at = clock_timestamp() - interval '1 second' WHERE name = 'invariants';
SELECT is((SELECT count(*) FROM mjc.housekeep('1 minute') WHERE error IS NOT NULL), 1::bigint, 'it fails again');
SELECT is((SELECT failures FROM mjc.job WHERE name = 'invariants'), 2, 'failures count');
UPDATE mjc.stock_flag SET in_stock = true WHERE product_id = pg_temp.pid(1);
UPDATE mjc.job SET next_at = clock_timestamp() - interval '1 second' WHERE name = 'invariants';
SELECT is((SELECT count(*) FROM mjc.housekeep('1 minute') WHERE error IS NOT NULL), 0::bigint, 'repaired');
SELECT results_eq($$SELECT failures, error FROM mjc.job WHERE name = 'invariants'$$, 'VALUES (0, NULL::text)', 'the failure is forgotten');

-- What a failing job did is undone, what others did is not
CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
CREATE TRIGGER test_refuse BEFORE DELETE ON mjc.sign_in_limit FOR EACH ROW EXECUTE FUNCTION pg_temp.refuse();
UPDATE mjc.token_revoked SET revoked_at = now() - interval '11 days';
UPDATE mjc.sign_in_limit SET full_at = now() - interval '2 days';
UPDATE mjc.job SET next_at = clock_timestamp() - interval '1 second' WHERE name = 'session_purge';
SELECT results_eq($$SELECT job, done, error FROM mjc.housekeep('1 minute')$$, $$VALUES ('session_purge', 0::bigint, 'no')$$, 'a job fails in its second half');
SELECT cmp_ok((SELECT count(*) FROM mjc.token_revoked), '>', 0::bigint, 'its first half is undone');
DROP TRIGGER test_refuse ON mjc.sign_in_limit;

-- Jobs by name, the shim's way in
SELECT is(mjc.job_run('no such job'), NULL, 'a name without code does nothing');
SELECT is(mjc.job_run(NULL), NULL, 'neither does no name');
SET LOCAL mjc.analyst_max = 0;
SELECT is(mjc.analyst_limit(), 0::bigint, 'analysts without limit');
SET LOCAL mjc.analyst_max = 60;
SELECT is(mjc.analyst_limit(), 0::bigint, 'no analyst is running');
UPDATE mjc.job SET next_at = clock_timestamp() - interval '1 second' WHERE name = 'audit_seal';
SELECT results_eq($$SELECT job, error FROM mjc_api.housekeep('1 minute')$$, $$VALUES ('audit_seal', NULL::text)$$, 'the shim runs what is due');
UPDATE mjc.job SET next_at = clock_timestamp() - interval '1 second' WHERE name = 'audit_seal';
SELECT lives_ok($$SELECT * FROM mjc.housekeep(NULL)$$, 'a budget of nothing is the usual one');

-- The one that was set apart
INSERT INTO mjc.job SELECT * FROM apart;
UPDATE mjc.job SET next_at = clock_timestamp() + interval '1 hour';
UPDATE mjc.job SET next_at = clock_timestamp() - CASE name WHEN 'sale_fold' THEN interval '2 minutes' ELSE interval '1 minute' END WHERE name IN ('sale_fold', 'stock_expire');
SELECT results_eq($$SELECT job, done > 0 FROM mjc.housekeep('1 minute')$$, $$VALUES ('sale_fold', true)$$, 'figures are folded, and their locks go at once');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');

SELECT * FROM finish();
ROLLBACK;
