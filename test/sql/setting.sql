-- setting: typed settings with history.
BEGIN;
SELECT plan(83);
\ir fixture.psql
GRANT USAGE ON SCHEMA tap TO PUBLIC;
INSERT INTO mjc.setting (name, kind, boolean_value, description) VALUES ('test_flag', 'boolean', false, 'test');
INSERT INTO mjc.setting (name, kind, text_value, description) VALUES ('test_text', 'text', 'old', 'test');
INSERT INTO mjc.setting (name, kind, integer_value, min_value, max_value, description) VALUES ('test_number', 'integer', 5, -10, 10, 'test');
CREATE FUNCTION pg_temp.value(wanted text) RETURNS text
    LANGUAGE sql
    AS $$ SELECT value FROM mjc_report.setting WHERE name = wanted $$;

SELECT set_has($$SELECT name, kind, unit FROM mjc.setting$$,
    $$VALUES ('backorder_days_default', 'integer', 'days'), ('dead_stock_days', 'integer', 'days'), ('hold_minutes', 'integer', 'minutes'), ('delivery_days_default', 'integer', 'days'), ('free_shipping_threshold_centimes', 'integer', 'centimes'), ('guest_open_orders_max', 'integer', 'orders'),
             ('guest_order_units_max', 'integer', 'units'), ('order_reference_mode', 'text', NULL), ('unconfirmed_order_hours', 'integer', 'hours')$$,
    'the settings of the shop');
SELECT is_empty($$SELECT name FROM mjc.setting WHERE kind = 'integer' AND (min_value IS NULL OR max_value IS NULL OR unit IS NULL) AND name NOT LIKE 'test%'$$, 'each number has a unit and a range');

-- Values
SELECT is(mjc.setting_set('test_number', v), v, format('number %s', v)) FROM unnest(ARRAY['7', '-10', '10', '0']) v;
SELECT is(pg_temp.value('test_number'), '0', 'the last is kept');
SELECT is(mjc.setting_set('test_flag', v), v, format('flag %s', v)) FROM unnest(ARRAY['true', 'FALSE', 'True']) v;
SELECT is(pg_temp.value('test_flag'), 'true', 'the last is kept');
SELECT is(mjc.setting_set('test_text', repeat('é', 1000)), repeat('é', 1000), 'a text of 1000 characters');
SELECT is(mjc.setting_set('test_text', ''), '', 'an empty text');
SELECT is(mjc.setting_set('order_reference_mode', v), v, format('order_reference_mode %s', v)) FROM unnest(ARRAY['scrambled', 'plain']) v;

-- History and audit
SELECT results_eq($$SELECT old_value, new_value, actor FROM mjc.setting_history WHERE name = 'test_number' ORDER BY at, history_id$$,
    $$VALUES ('"5"'::jsonb, '"7"'::jsonb, NULL::uuid), ('"7"', '"-10"', NULL), ('"-10"', '"10"', NULL), ('"10"', '"0"', NULL)$$, 'every change is kept');
SELECT is((SELECT before || after FROM mjc.audit WHERE action = 'setting_set' AND subject_id = 'test_number' ORDER BY audit_id DESC LIMIT 1), '{"value": "0"}'::jsonb, 'and audited');
SELECT is((SELECT count(*) FROM mjc.audit WHERE action = 'setting_set' AND subject_id = 'test_number'), 4::bigint, 'each once');

-- Errors
SELECT throws_ok($$SELECT mjc.setting_set('no_such_setting', '1')$$, 'MJ007', NULL, 'an unknown setting');
SELECT throws_ok($$SELECT mjc.setting_set(NULL, '1')$$, 'MJ007', NULL, 'no setting');
SELECT throws_ok(format('SELECT mjc.setting_set(%L, %L)', s, v), 'MJ010', NULL, format('%s cannot be "%s"', s, v))
  FROM (VALUES ('test_number', NULL), ('test_number', ''), ('test_number', '1.5'), ('test_number', 'x'), ('test_number', ' 1'), ('test_number', '9999999999999999'),
               ('test_flag', NULL), ('test_flag', 'yes'), ('test_flag', '1'), ('test_text', NULL), ('order_reference_mode', 'random')) v (s, v);
SELECT throws_ok(format('SELECT mjc.setting_set(%L, %L)', s, v), 'MJ006', NULL, format('%s out of range', s))
  FROM (VALUES ('test_number', '11'), ('test_number', '-11'), ('test_text', repeat('é', 1001))) v (s, v);
SELECT is(pg_temp.value('test_number'), '0', 'a refused value changes nothing');

-- Who
CREATE ROLE test_staff LOGIN IN ROLE mjc_admin;
CREATE ROLE test_nobody LOGIN IN ROLE mjc_admin;
SELECT mjc.staff_create('test_staff', 'Test Staff') AS id \gset
SET SESSION AUTHORIZATION test_staff;
SELECT is(mjc.setting_set('test_number', '3'), '3', 'staff change a setting');
RESET SESSION AUTHORIZATION;
SELECT is((SELECT actor FROM mjc.setting_history WHERE name = 'test_number' ORDER BY at DESC LIMIT 1), :'id'::uuid, 'the history knows who');
SET SESSION AUTHORIZATION test_nobody;
SELECT throws_ok($$SELECT mjc.setting_set('test_number', '4')$$, 'MJ601', NULL, 'a login that is nobody''s does not');
RESET SESSION AUTHORIZATION;

-- What a setting changes is changed at once
SELECT pg_temp.make_stock(1, 10, 100000) \g /dev/null
SELECT mjc.setting_set('free_shipping_threshold_centimes', '100000') \g /dev/null
SELECT is((pg_temp.buy('{1}', '{1}')).body ->> 'shipping', '0.00', 'free shipping from 1000 DZD');
SELECT mjc.setting_set('free_shipping_threshold_centimes', '0') \g /dev/null
SELECT is((pg_temp.buy('{1}', '{1}')).body ->> 'shipping', '700.00', '0 is never');

-- Closed for maintenance: the database itself takes no order of a visitor, but staff's
SELECT lives_ok($$SELECT mjc.setting_set('maintenance_mode', 'true')$$, 'the shop is closed');
SELECT throws_ok($$SELECT pg_temp.buy('{1}', '{1}')$$, 'MJ074', NULL, 'a visitor cannot order');
SELECT throws_ok($$SELECT pg_temp.buy('{1}', '{1}', key => 'closed')$$, 'MJ074', NULL, 'nor with a key');
SELECT matches(mjc.order_place(ARRAY[pg_temp.pid(1)], '{1}', 'Amina', 'Test', '0550000001', street => '1 rue du Test', city => 'Testville', region => '99'), '^MJ-', 'staff take one by phone');
SELECT is((SELECT maintenance FROM mjc_api.shop_status()), true, 'the shim is told');
SELECT lives_ok($$SELECT mjc.setting_set('maintenance_mode', 'false')$$, 'it opens');
SELECT is((pg_temp.buy('{1}', '{1}', key => 'closed')).replayed, false, 'and takes orders; what was refused left no key');
SELECT is((SELECT maintenance FROM mjc_api.shop_status()), false, 'the shim is told');
SELECT lives_ok($$SELECT mjc.setting_set('maintenance_mode', 'true')$$, 'closed again');
SELECT is((pg_temp.buy('{1}', '{1}', key => 'closed')).replayed, true, 'an order that was taken before is told again');

-- Texts have a length, some a form
SELECT throws_ok(format('SELECT mjc.setting_set(%L, %L)', s, v), e, NULL, format('%s cannot be "%s"', s, v))
  FROM (VALUES ('currency', 'EUR', 'MJ010'), ('seller_email', 'nobody', 'MJ010'), ('seller_email', 'a b@c', 'MJ010'), ('site_name', E'a\tb', 'MJ010'), ('site_name', E'a\x7f', 'MJ010'),
               ('site_name', '', 'MJ006'), ('site_name', ' ', 'MJ006'), ('site_name', repeat('é', 101), 'MJ006'), ('seller_rc', repeat('1', 41), 'MJ006')) v (s, v, e);
SELECT is(mjc.setting_set(s, v), v, format('%s can be "%s"', s, v))
  FROM (VALUES ('currency', 'DZD'), ('seller_email', ''), ('seller_email', 'contact@mjchauffage.com'), ('site_name', repeat('é', 100)), ('seller_address', E'12, rue\nAlger')) v (s, v);

-- What does not change leaves no trace
SELECT mjc.setting_set('test_number', '9'), mjc.setting_set('test_number', '9'), mjc.setting_set('test_number', '09') \g /dev/null
SELECT is((SELECT count(*) FROM mjc.setting_history WHERE name = 'test_number' AND new_value = '"9"'), 1::bigint, 'the same value again is no change');
SELECT is(mjc.setting_key(n), k, format('%s is %s', n, k)) FROM (VALUES ('currency', 'currency'), ('site_name', 'siteName'), ('free_shipping_threshold_centimes', 'freeShippingThresholdCentimes'), ('', NULL), (NULL, NULL)) v (n, k);
SELECT is(mjc.setting_refused('x', 'integer', '5', NULL, NULL), NULL, 'a number without a range');

-- The routes; each error of a document over HTTP (test/http/settings.t)
SELECT mjc.staff_create(NULL, 'Boss', 'boss@example.test', 'SUPER_ADMIN', '$2b$12$' || repeat('a', 53)) AS boss \gset
SELECT mjc.staff_create(NULL, 'Admin', 'admin-of-settings@example.test', 'ADMIN', '$2b$12$' || repeat('a', 53)) AS admin \gset
SELECT is(mjc_api.staff_settings_set(:'boss', 0, gen_random_uuid(), 'req-1', '{"test_number": 2, "testFlag": false, "siteName": "Shop"}') ->> 'siteName', 'Shop', 'the route changes several');
SELECT is(mjc_api.staff_settings_get(:'boss', 0, gen_random_uuid())::jsonb - 'settings', mjc.settings_json()::jsonb - 'settings', 'and shows them');
SELECT is(pg_temp.value('test_number') || ' ' || pg_temp.value('test_flag'), '2 false', 'by both names');
SELECT throws_ok(format($$SELECT mjc_api.staff_settings_%s)$$, call), code, NULL, what)
  FROM (VALUES (format('get(%L, 0, gen_random_uuid()', :'admin'), 'MJ064', 'an admin does not see them'),
               (format($$set(%L, 0, gen_random_uuid(), NULL, '{}'$$, :'admin'), 'MJ064', 'nor change them'),
               (format('get(%L, 1, gen_random_uuid()', :'boss'), 'MJ063', 'an old session does not see them'),
               (format($$set(%L, 1, gen_random_uuid(), NULL, '{}'$$, :'boss'), 'MJ063', 'nor change them'),
               ('get(NULL, NULL, NULL', 'MJ060', 'nobody sees them'), ($$set(NULL, NULL, NULL, NULL, '{}'$$, 'MJ060', 'nor changes them'),
               (format('set(%L, 0, gen_random_uuid(), NULL, NULL', :'boss'), 'MJ010', 'no document'),
               (format($$set(%L, 0, gen_random_uuid(), NULL, '[]'$$, :'boss'), 'MJ010', 'a list')) v (call, code, what);
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');

SELECT * FROM finish();
ROLLBACK;
