-- tariff: shipping tariffs and carrier zones as staff write them (what they cost: pricing.sql).
BEGIN;
SELECT plan(88);
\ir fixture.psql
GRANT USAGE ON SCHEMA tap TO PUBLIC;
INSERT INTO mjc.wilaya (code, name, name_ar) VALUES ('98', 'Autre', 'أخرى');
SELECT mjc.algiers_date(clock_timestamp()) AS today \gset
CREATE FUNCTION pg_temp.day(n integer) RETURNS text
    LANGUAGE sql
    AS $$ SELECT (mjc.algiers_date(clock_timestamp()) + n)::text $$;
-- A tariff of place 98: "first day..last day amount", relative to today.
CREATE FUNCTION pg_temp.tariffs(place text) RETURNS text
    LANGUAGE sql
AS $$
    SELECT string_agg(concat(lower(validity) - pg_temp.day(0)::date, '..', upper(validity) - 1 - pg_temp.day(0)::date, ' ', amount_centimes, CASE WHEN is_draft THEN ' draft' END), ', ' ORDER BY validity, is_draft)
      FROM mjc.shipping_tariff WHERE place_code = place AND delivery_mode = 'home'
$$;
-- As it stands after the change.
CREATE FUNCTION pg_temp.set(doc jsonb, id uuid DEFAULT NULL) RETURNS text
    LANGUAGE plpgsql
    AS $$ BEGIN PERFORM mjc.tariff_set(doc, id); RETURN pg_temp.tariffs('98'); END $$;

SELECT is(pg_temp.set('{"place": "Autre", "amount": 450.50}'), '0.. 45050', 'a tariff from today on, for home delivery');
SELECT tariff_id AS t1 FROM mjc.shipping_tariff WHERE place_code = '98' \gset
SELECT is(mjc.tariff_doc(:'t1'), jsonb_build_object('place', '98', 'deliveryMode', 'home', 'amount', 450.50, 'includedWeight', NULL, 'stepWeight', NULL, 'stepAmount', NULL, 'from', :'today', 'until', NULL, 'draft', false), 'as a document');
SELECT throws_ok(format('SELECT mjc.tariff_set(%L)', d), 'MJ213', NULL, d::text)
  FROM (VALUES ('{"place": "98", "amount": 1}'), (format('{"place": "98", "amount": 1, "from": "%s"}', pg_temp.day(50))), (format('{"place": "98", "amount": 1, "until": "%s"}', pg_temp.day(0)))) v (d);
SELECT is(pg_temp.set(jsonb_build_object('place', '98', 'amount', 500, 'from', pg_temp.day(10), 'replace', true)), '0..9 45050, 10.. 50000', 'a new amount from a day on ends the old one the day before');
SELECT is(pg_temp.set(jsonb_build_object('place', '98', 'amount', 600, 'from', pg_temp.day(10), 'replace', true)), '0..9 45050, 10.. 60000', 'one of the same first day takes its place');
SELECT throws_ok(format('SELECT mjc.tariff_set(%L)', jsonb_build_object('place', '98', 'amount', 1, 'from', pg_temp.day(5), 'replace', true)), 'MJ213', NULL, 'what is planned for later is not replaced');
SELECT is(pg_temp.set(jsonb_build_object('place', '98', 'amount', 1, 'from', pg_temp.day(5), 'until', pg_temp.day(9), 'replace', true)), '0..4 45050, 5..9 100, 10.. 60000', 'days in between');
SELECT is(pg_temp.set('{"place": "98", "amount": 2, "draft": true}'), '0..4 45050, 0.. 200 draft, 5..9 100, 10.. 60000', 'a draft disturbs nothing');
SELECT is(pg_temp.set('{"place": "98", "amount": 2, "deliveryMode": "stop_desk", "includedWeight": 5, "stepWeight": 0.001, "stepAmount": 0}'), pg_temp.tariffs('98'), 'another mode neither');
SELECT results_eq($$SELECT included_weight_g, step_weight_g, step_centimes FROM mjc.shipping_tariff WHERE place_code = '98' AND delivery_mode = 'stop_desk'$$, 'VALUES (5000, 1, 0::bigint)', 'weights in grams');

-- What has begun stays
SELECT throws_ok(format('SELECT mjc.tariff_set(%L, %L)', d, :'t1'), 'MJ215', NULL, format('of a tariff that holds %s is not changed', d))
  FROM unnest(ARRAY['{"amount": 1}', '{"place": "99"}', '{"deliveryMode": "stop_desk"}', '{"draft": true}', '{"includedWeight": 1, "stepWeight": 1, "stepAmount": 1}', format('{"from": "%s"}', pg_temp.day(1))]) d;
SELECT is(pg_temp.set(jsonb_build_object('until', pg_temp.day(0), 'amount', 450.5), :'t1'), '0..0 45050, 0.. 200 draft, 5..9 100, 10.. 60000', 'but its last day');
SELECT is(pg_temp.set(jsonb_build_object('until', pg_temp.day(3)), :'t1'), '0..3 45050, 0.. 200 draft, 5..9 100, 10.. 60000', 'as long as it is not over');
SELECT pg_temp.refused(format('SELECT mjc.tariff_set(%L, %L)', jsonb_build_object('until', pg_temp.day(-1)), :'t1'), 'MJ006', 'until', 'a day that is over');
SELECT throws_ok(format('SELECT mjc.tariff_set(%L, %L)', jsonb_build_object('until', pg_temp.day(5)), :'t1'), 'MJ213', NULL, 'nor over another');
INSERT INTO mjc.shipping_tariff (tariff_id, place_code, delivery_mode, amount_centimes, validity) VALUES (pg_temp.pid(1), '98', 'home', 1, daterange('2020-01-01', '2020-02-01'));
SELECT throws_ok(format('SELECT mjc.tariff_set(%L, %L)', jsonb_build_object('until', pg_temp.day(-1)), pg_temp.pid(1)), 'MJ006', NULL, 'one that is over');
SELECT throws_ok(format('SELECT mjc.tariff_set(%L, %L)', '{"until": null}', pg_temp.pid(1)), 'MJ215', NULL, 'does not begin again');

-- A draft becomes a tariff
SELECT tariff_id AS draft FROM mjc.shipping_tariff WHERE place_code = '98' AND is_draft \gset
SELECT is(pg_temp.set('{"from": "2020-06-01", "amount": 3}', :'draft'), pg_temp.tariffs('98'), 'a draft may begin in the past');
SELECT pg_temp.refused(format('SELECT mjc.tariff_set(%L, %L)', '{"draft": false}', :'draft'), 'MJ006', 'from', 'a tariff may not');
SELECT throws_ok(format('SELECT mjc.tariff_set(%L, %L)', jsonb_build_object('draft', false, 'from', pg_temp.day(20)), :'draft'), 'MJ213', NULL, 'nor be one beside another');
SELECT is(pg_temp.set(jsonb_build_object('draft', false, 'from', pg_temp.day(20), 'replace', true), :'draft'), (SELECT concat(lower(validity) - :'today'::date, '..', upper(validity) - 1 - :'today'::date, ' 1') FROM mjc.shipping_tariff WHERE tariff_id = pg_temp.pid(1))
          || ', 0..3 45050, 5..9 100, 10..19 60000, 20.. 300', 'in its place');
SELECT is(pg_temp.set(jsonb_build_object('amount', 4, 'until', pg_temp.day(30)), :'draft') LIKE '%20..30 400', true, 'what has not begun is changed as one likes');
SELECT is(mjc.shipping_for('98', 0, pg_temp.day(2)::date), 45050::bigint, 'what the shop charges follows');
SELECT is(mjc.shipping_for('98', 0, pg_temp.day(5)::date), 100::bigint, 'from day to day');

-- Errors
SELECT pg_temp.refused(format('SELECT mjc.tariff_set(%L)', coalesce('{"place": "16", "deliveryMode": "stop_desk", "amount": 1}'::jsonb || d, d)), c, a, coalesce(d::text, 'NULL'))
  FROM (VALUES (NULL::jsonb, 'MJ003', 'document'), ('{"price": 1}', 'MJ010', 'price'), ('{"place": null}', 'MJ003', 'place'), ('{"place": "Atlantis"}', 'MJ010', 'place'), ('{"place": "zone-nobody"}', 'MJ010', 'place'), ('{"place": 16}', 'MJ010', 'place'),
               ('{"deliveryMode": "drone"}', 'MJ217', ''), ('{"amount": null}', 'MJ003', 'amount'), ('{"amount": -1}', 'MJ006', 'amount'), ('{"amount": 1000000.01}', 'MJ006', 'amount'), ('{"amount": 0.001}', 'MJ010', 'amount'), ('{"amount": "1"}', 'MJ010', 'amount'),
               ('{"includedWeight": 1}', 'MJ003', 'stepWeight'), ('{"includedWeight": 1, "stepWeight": 1}', 'MJ003', 'stepAmount'), ('{"stepAmount": 1, "stepWeight": 1}', 'MJ003', 'includedWeight'), ('{"includedWeight": 0.0001, "stepWeight": 1, "stepAmount": 1}', 'MJ010', 'includedWeight'),
               ('{"includedWeight": -1, "stepWeight": 1, "stepAmount": 1}', 'MJ006', 'includedWeight'), ('{"includedWeight": 1, "stepWeight": 0, "stepAmount": 1}', 'MJ006', 'stepWeight'), ('{"includedWeight": 1, "stepWeight": 1, "stepAmount": -1}', 'MJ006', 'stepAmount'),
               ('{"from": "2020-01-01"}', 'MJ006', 'from'), ('{"from": "01/02/2030"}', 'MJ010', 'from'), ('{"from": "2030-01-02", "until": "2030-01-01"}', 'MJ006', 'until'), ('{"draft": "no"}', 'MJ010', 'draft'), ('{"replace": "no"}', 'MJ010', 'replace')) v (d, c, a);
SELECT throws_ok(format('SELECT mjc.tariff_set(%L, %L)', '{"amount": 1}', pg_temp.pid(9)), 'MJ004', NULL, 'no such tariff');
SELECT is(pg_temp.set('{"place": "*", "deliveryMode": "stop_desk", "amount": 1}') IS NOT NULL, true, 'everywhere else');

-- Ends
SELECT is(mjc.tariff_delete(:'draft'), 'deleted', 'what has not begun is deleted');
SELECT is(mjc.tariff_delete(:'t1'), 'ended', 'what holds, holds today for the last time');
SELECT is(mjc.tariff_doc(:'t1') ->> 'until', :'today', 'today');
SELECT is(mjc.tariff_delete(:'t1'), 'ended', 'again is no change');
SELECT is(mjc.tariff_delete(pg_temp.pid(1)), 'ended', 'nor is what is over');
SELECT is((SELECT upper(validity) FROM mjc.shipping_tariff WHERE tariff_id = pg_temp.pid(1)), '2020-02-01'::date, 'it ended when it ended');
SELECT is((SELECT count(*) FROM mjc.audit WHERE action = 'tariff_delete'), 2::bigint, 'two changes are audited');
SELECT throws_ok(format('SELECT mjc.tariff_delete(%L)', id), 'MJ004', NULL, 'no such tariff') FROM unnest(ARRAY[NULL, pg_temp.pid(9)]) id;

-- Zones
CREATE FUNCTION pg_temp.zones() RETURNS text
    LANGUAGE sql
AS $$
    SELECT string_agg(concat(lower(validity) - pg_temp.day(0)::date, '..', upper(validity) - 1 - pg_temp.day(0)::date, ' ', zone_code), ', ' ORDER BY validity)
      FROM mjc.carrier_zone WHERE carrier = 'test-carrier' AND wilaya_code = '98'
$$;
CREATE FUNCTION pg_temp.zone(zone text, n integer DEFAULT NULL) RETURNS text
    LANGUAGE plpgsql
    AS $$ BEGIN PERFORM mjc.carrier_zone_set('test-carrier', 'Autre', zone, pg_temp.day(n)::date); RETURN pg_temp.zones(); END $$;
SELECT is(pg_temp.zone('zone-a'), '0.. zone-a', 'a zone from today on');
SELECT is(pg_temp.zone('zone-b', 10), '0..9 zone-a, 10.. zone-b', 'another later');
SELECT is(pg_temp.zone('zone-c', 5), '0..4 zone-a, 5..9 zone-c, 10.. zone-b', 'one before it, up to what is known already');
SELECT is(pg_temp.zone('zone-d', 0), '0..4 zone-d, 5..9 zone-c, 10.. zone-b', 'the same day again');
SELECT is(pg_temp.zone(NULL, 7), '0..4 zone-d, 5..6 zone-c, 10.. zone-b', 'no zone');
SELECT is(pg_temp.zone(NULL, 8), '0..4 zone-d, 5..6 zone-c, 10.. zone-b', 'none of none');
SELECT is(mjc.carrier_zone_set('test-other', '98', 'zone-a'), 'zone-a', 'another carrier has zones of its own');
SELECT isnt(mjc.tariff_set('{"place": "zone-a", "amount": 1}'), NULL, 'a zone is a place');
SELECT pg_temp.refused(format('SELECT mjc.carrier_zone_set(%L, %L, %L, %L)', c, w, z, d), e, a, format('%s %s %s %s', c, w, z, d))
  FROM (VALUES (NULL, '98', 'zone-a', NULL, 'MJ003', 'carrier'), ('Bad Carrier', '98', 'zone-a', NULL, 'MJ010', 'carrier'), ('test-carrier', NULL, 'zone-a', NULL, 'MJ003', 'wilaya'), ('test-carrier', 'Atlantis', 'zone-a', NULL, 'MJ010', 'wilaya'),
               ('test-carrier', '98', '1a', NULL, 'MJ010', 'zone'), ('test-carrier', '98', 'zone-a', pg_temp.day(-1), 'MJ006', 'from')) v (c, w, z, d, e, a);
SELECT is((SELECT before ->> 'zone' FROM mjc.audit WHERE action = 'carrier_zone_set' AND subject_id = 'test-carrier 98' ORDER BY audit_id OFFSET 3 LIMIT 1), 'zone-a', 'the audit has what was');

-- Who
CREATE ROLE test_staff LOGIN IN ROLE mjc_admin;
CREATE ROLE test_nobody LOGIN IN ROLE mjc_admin;
SELECT mjc.staff_create('test_staff', 'Test Staff') AS id \gset
SET SESSION AUTHORIZATION test_staff;
SELECT isnt(mjc.tariff_set('{"place": "zone-a", "amount": 1, "deliveryMode": "stop_desk"}'), NULL, 'staff make a tariff');
SELECT throws_ok('UPDATE mjc.shipping_tariff SET amount_centimes = 1', '42501', NULL, 'not past the rule');
SET SESSION AUTHORIZATION test_nobody;
SELECT throws_ok(format('SELECT mjc.%s', s), 'MJ601', NULL, format('nobody''s login: %s', s))
  FROM unnest(ARRAY[$$tariff_set('{"place": "zone-a", "amount": 1}')$$, $$tariff_delete('00000000-0000-4000-8000-000000000001')$$, $$carrier_zone_set('test-carrier', '98', 'zone-a')$$]) s;
RESET SESSION AUTHORIZATION;
SELECT is((SELECT actor FROM mjc.audit WHERE action = 'tariff_set' ORDER BY audit_id DESC LIMIT 1), :'id'::uuid, 'the audit knows who');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');

SELECT * FROM finish();
ROLLBACK;
