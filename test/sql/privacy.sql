-- privacy: who read personal data of whom, kept for some time.
BEGIN;
SELECT plan(34);
\ir fixture.psql
GRANT USAGE ON SCHEMA tap TO PUBLIC;
SELECT pg_temp.make_stock(1, 100) \g /dev/null
SELECT pg_temp.make_admin('privacy@example.test') AS admin \gset
SELECT pg_temp.bought('{1}', '{1}', '0551100001') AS ref \gset
SELECT pg_temp.bought('{1}', '{1}', '0551100002') AS other \gset
SELECT pg_temp.order_id(:'ref') AS id \gset
SELECT customer_id AS buyer FROM mjc.order WHERE reference = :'ref' \gset

-- The last look of a request or an action: "actor channel action subject persons".
CREATE FUNCTION pg_temp.look(request text DEFAULT NULL) RETURNS text
    LANGUAGE sql
AS $$
    SELECT format('%s %s %s %s %s', coalesce(actor::text, '-'), channel, action, coalesce(subject::text, '-'), persons)
      FROM mjc.personal_access WHERE request_id IS NOT DISTINCT FROM request ORDER BY at DESC, access_id DESC LIMIT 1
$$;

-- Noting
SELECT mjc.access_note(:'admin', 'rest', 'test', :'buyer', NULL, 'req-1') \g /dev/null
SELECT is(pg_temp.look('req-1'), format('%s rest test %s 1', :'admin', :'buyer'), 'a person is one person');
SELECT mjc.access_note(NULL, 'psql', 'test', NULL, 7, 'req-2') \g /dev/null
SELECT is(pg_temp.look('req-2'), '- psql test - 7', 'a list has a number');
SELECT mjc.access_note(NULL, 'job', 'test', NULL, NULL, 'req-3') \g /dev/null
SELECT is(pg_temp.look('req-3'), '- job test - 0', 'or none');
SELECT is((SELECT db_login FROM mjc.personal_access WHERE request_id = 'req-1'), session_user::text, 'with the login of the database');
SELECT throws_ok(s, c, NULL, s) FROM (VALUES
    ($$SELECT mjc.access_note(NULL, 'mail', 'test', NULL, 1, NULL)$$, '23514'), ($$SELECT mjc.access_note(NULL, NULL, 'test', NULL, 1, NULL)$$, '23502'),
    ($$SELECT mjc.access_note(NULL, 'rest', NULL, NULL, 1, NULL)$$, '23502'), ($$SELECT mjc.access_note(NULL, 'rest', 'test', NULL, -1, NULL)$$, '23514')) v (s, c);

-- Readers
SELECT is(mjc_api.staff_order_get(:'admin', 0, gen_random_uuid(), 'req-get', :'id') ->> 'id', :'id', 'an order is shown to an admin');
SELECT is(pg_temp.look('req-get'), format('%s rest order_get %s 1', :'admin', :'buyer'), 'which is on record');
SELECT is(mjc_api.staff_order_get(:'admin', 0, gen_random_uuid(), 'req-none', gen_random_uuid())::text, NULL, 'no order');
SELECT is(pg_temp.look('req-none'), NULL, 'shows nobody');
SELECT is(json_array_length(mjc_api.staff_order_list(:'admin', 0, gen_random_uuid(), 'req-list', 1, 2, NULL, NULL, NULL, NULL, NULL, NULL, NULL) -> 'orders'), 2, 'a page of two orders');
SELECT is(pg_temp.look('req-list'), format('%s rest order_list - 2', :'admin'), 'shows two persons');
SELECT pg_temp.bought('{1}', '{1}', '0551100001') \g /dev/null
SELECT is(json_array_length(mjc_api.staff_order_list(:'admin', 0, gen_random_uuid(), 'req-his', 1, 10, NULL, :'buyer', NULL, NULL, NULL, NULL, NULL) -> 'orders'), 2, 'two orders of one');
SELECT is(pg_temp.look('req-his'), format('%s rest order_list %s 1', :'admin', :'buyer'), 'show one person, this one');
SELECT is(json_array_length(mjc_api.staff_order_list(:'admin', 0, gen_random_uuid(), 'req-empty', 1, 10, NULL, gen_random_uuid(), NULL, NULL, NULL, NULL, NULL) -> 'orders'), 0, 'none');
SELECT is(pg_temp.look('req-empty'), NULL, 'shows nobody, and nothing is written');
SELECT throws_ok(format('SELECT mjc_api.staff_order_get(%L, %s, gen_random_uuid(), ''req-bad'', %L)', a, v, :'id'), c, NULL, format('refused: %s', c))
  FROM (VALUES (NULL, 0, 'MJ060'), (:'admin', 1, 'MJ063'), (pg_temp.make_admin('privacytech@example.test', 'TECHNICIAN')::text, 0, 'MJ064')) x (a, v, c);
SELECT is(pg_temp.look('req-bad'), NULL, 'who is refused read nothing');
SELECT is((SELECT count(*) FROM mjc.order_contact_read(:'ref')), 1::bigint, 'psql: the buyer of an order');
SELECT is(pg_temp.look(), format('- psql contact_read %s 1', :'buyer'), 'is on record');
SELECT mjc.person_export(:'buyer') IS NOT NULL AS done \g /dev/null
SELECT is(pg_temp.look(), format('- psql person_export %s 1', :'buyer'), 'and so is all of him');

-- Report
SELECT results_eq($$SELECT actor_name, channel, action, persons FROM mjc_report.personal_access WHERE request_id = 'req-list'$$, $$VALUES ('Test Staff', 'rest', 'order_list', 2)$$, 'the report names who looked');
SELECT is(has_table_privilege(r, 'mjc_report.personal_access', 'SELECT'), r = 'mjc_admin', format('for %s', r)) FROM unnest(ARRAY['mjc_admin', 'mjc_analyst', 'mjc_shim']) r;

-- Purge
UPDATE mjc.setting SET integer_value = 30 WHERE name = 'personal_access_days';
UPDATE mjc.personal_access SET at = now() - interval '31 days' WHERE request_id IN ('req-1', 'req-2', 'req-3');
UPDATE mjc.personal_access SET at = now() - interval '29 days' WHERE request_id = 'req-get';
SELECT is(mjc.access_purge(2), 2::bigint, 'so many at a time');
SELECT is(mjc.job_run('personal_access_purge'), 1::bigint, 'the rest by the clockwork');
SELECT is(mjc.access_purge(), 0::bigint, 'and no other');
SELECT is(pg_temp.look('req-get') IS NOT NULL, true, 'what is younger stays');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no broken promise');
SELECT * FROM finish();
ROLLBACK;
