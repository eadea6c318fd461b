-- traffic: figures of what visitors did, by hand; bots are nobody, and an empty shop invents nothing.
BEGIN;
SELECT plan(148);
\ir fixture.psql
DELETE FROM mjc.event;
DELETE FROM mjc.visit;
DELETE FROM mjc.web_vital;
DELETE FROM mjc.exposure;
SELECT pg_temp.make_admin('traffic@example.test') AS admin \gset
CREATE FUNCTION pg_temp.sid(n integer) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$ SELECT ('00000000-0000-4000-9000-' || lpad(n::text, 12, '0'))::uuid $$;
-- The day before, at noon in Algiers.
SELECT mjc.algiers_date(now()) - 1 AS day \gset
CREATE FUNCTION pg_temp.noon(plus interval DEFAULT '0') RETURNS timestamptz LANGUAGE sql STABLE
    AS $$ SELECT ((mjc.algiers_date(now()) - 1)::timestamp + interval '12 hours' + plus) AT TIME ZONE 'Africa/Algiers' $$;
CREATE FUNCTION pg_temp.visit(n integer, source text, medium text, bot boolean DEFAULT false) RETURNS void LANGUAGE sql
    AS $$ INSERT INTO mjc.visit (session_id, started_at, is_bot, source, medium) VALUES (pg_temp.sid(n), pg_temp.noon(), bot, source, medium) $$;
CREATE FUNCTION pg_temp.did(n integer, kind text, path text DEFAULT NULL, product integer DEFAULT NULL, after interval DEFAULT '0', ms integer DEFAULT NULL, bot boolean DEFAULT false) RETURNS void LANGUAGE sql
    AS $$ INSERT INTO mjc.event (session_id, event_id, at, kind, path, product_id, duration_ms, is_bot)
          VALUES (pg_temp.sid(n), gen_random_uuid(), pg_temp.noon(after), kind, path, pg_temp.pid(product), ms, bot) $$;

-- Nothing
SELECT is_empty(format('SELECT * FROM mjc_report.traffic_sources(%L, %L)', :'day', :'day'), 'no visits, no sources');
SELECT results_eq(format('SELECT step, reached, of_first_pct, dropoff_pct FROM mjc_report.conversion_funnel(%L, %L) WHERE step < 4', :'day', :'day'),
    'VALUES (1, 0::bigint, NULL::numeric, NULL::numeric), (2, 0, NULL, NULL), (3, 0, NULL, NULL)', 'a funnel of nobody');
SELECT is_empty(format('SELECT * FROM mjc_report.pages(%L, %L)', :'day', :'day'), 'no pages');
SELECT is_empty(format('SELECT * FROM mjc_report.page_speed(%L, %L)', :'day', :'day'), 'nothing measured');
SELECT is_empty(format('SELECT * FROM mjc_report.experiment_result(%L, %L, %L)', 'x', :'day', :'day'), 'no experiment');

-- 1 looks at a product, 2 puts one into the cart from a list, 3 checks out, 4 looks at one page and leaves, 5 is a bot
SELECT pg_temp.visit(1, 'google', 'organic'), pg_temp.visit(2, 'google', 'organic'), pg_temp.visit(3, 'facebook', 'social'), pg_temp.visit(4, 'google', 'organic'), pg_temp.visit(5, 'google', 'organic', true),
       pg_temp.visit(6, NULL, NULL) \g /dev/null
SELECT pg_temp.did(1, 'page_view', '/fr/products/abc'), pg_temp.did(1, 'page_view', '/fr'), pg_temp.did(1, 'page_duration', '/fr', NULL, '1 second', 30000),
       pg_temp.did(2, 'page_view', '/fr'), pg_temp.did(2, 'add_to_cart', '/fr', 1), pg_temp.did(2, 'page_duration', '/fr', NULL, '2 seconds', 15500),
       pg_temp.did(3, 'view_item', '/ar/products/abc', 1), pg_temp.did(3, 'add_to_cart', NULL, 1), pg_temp.did(3, 'page_view', '/ar/checkout', NULL, '5 minutes'),
       pg_temp.did(4, 'page_view', '/fr/products'),
       pg_temp.did(5, 'page_view', '/fr/products/abc', NULL, '0', NULL, true), pg_temp.did(5, 'begin_checkout', NULL, NULL, '0', NULL, true),
       pg_temp.did(1, 'page_view', '/fr/products/abc', NULL, '-13 hours') \g /dev/null
SELECT results_eq(format('SELECT source, medium, visits, share_pct, bounce_pct FROM mjc_report.traffic_sources(%L, %L)', :'day', :'day'),
    $$VALUES ('google', 'organic', 3::bigint, 60.00::numeric, 33.33::numeric), ('facebook', 'social', 1, 20.00, 0.00), ('unknown', 'unknown', 1, 20.00, 100.00)$$, 'sources without bots; who saw one page and did nothing else bounced');
SELECT results_eq(format('SELECT name, reached, of_first_pct, dropoff_pct FROM mjc_report.conversion_funnel(%L, %L) WHERE step < 4', :'day', :'day'),
    $$VALUES ('Product Views', 3::bigint, 100.00::numeric, NULL::numeric), ('Add to Cart', 2, 66.67, 33.33), ('Begin Checkout', 1, 33.33, 50.00)$$, 'who went further counts before');
SELECT is((SELECT reached FROM mjc_report.conversion_funnel(:'day'::date - 1, :'day'::date - 1) WHERE step = 1), 1::bigint, 'the evening before is the day before');
SELECT results_eq(format('SELECT path, views, visits, average_seconds FROM mjc_report.pages(%L, %L) LIMIT 1', :'day', :'day'), $$VALUES ('/fr', 2::bigint, 2::bigint, 22.8::numeric)$$, 'pages');
SELECT is((SELECT count(*) FROM mjc_report.pages(:'day', :'day', 2)), 2::bigint, 'so many');

-- Orders are the shop's own
SELECT pg_temp.make_stock(1, 9) \g /dev/null
DO $$ BEGIN WHILE mjc.sale_fold() > 0 LOOP END LOOP; END $$;
DELETE FROM mjc.sale_day;
SELECT pg_temp.bought('{1}', '{1}') AS ref \gset
UPDATE mjc.order SET placed_at = pg_temp.noon() WHERE reference = :'ref';
SELECT results_eq(format('SELECT reached, of_first_pct, dropoff_pct FROM mjc_report.conversion_funnel(%L, %L) WHERE step = 4', :'day', :'day'), 'VALUES (1::bigint, 33.33::numeric, 0.00::numeric)', 'an order');
SELECT mjc.order_cancel(:'ref') \g /dev/null
SELECT is((SELECT reached FROM mjc_report.conversion_funnel(:'day', :'day') WHERE step = 4), 0::bigint, 'not one that was cancelled');

-- Web vitals: 1 to 100 ms, and a bot of 10 seconds
INSERT INTO mjc.web_vital (session_id, event_id, at, metric, value_milli, is_bot) SELECT pg_temp.sid(n), gen_random_uuid(), pg_temp.noon(), 'LCP', n * 1000, false FROM generate_series(1, 100) n;
INSERT INTO mjc.web_vital (session_id, event_id, at, metric, value_milli, is_bot) VALUES (pg_temp.sid(5), gen_random_uuid(), pg_temp.noon(), 'LCP', 10000000, true);
-- With the extensions that estimate, where they are at hand, and without.
CREATE FUNCTION pg_temp.with_estimator(name text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_available_extensions a WHERE a.name = with_estimator.name) THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE EXTENSION %I SCHEMA mjc_ext', name);
    RETURN true;
END $$;
SELECT results_eq(format('SELECT metric, measured, p50, p75, p95, is_estimate FROM mjc_report.page_speed(%L, %L)', :'day', :'day'), $$VALUES ('LCP', 100::bigint, 50::numeric, 75::numeric, 95::numeric, false)$$, 'how fast pages were');
SELECT results_eq(format('SELECT visits, is_estimate FROM mjc_report.visit_count(%L, %L)', :'day', :'day'), 'VALUES (4::bigint, false)', 'visits that did something, without the bot');
SELECT results_eq($$SELECT visits, is_estimate FROM mjc_report.visit_count('2001-01-01', '2001-01-02')$$, 'VALUES (0::bigint, false)', 'of a time without any');
SELECT pg_temp.with_estimator('hll') AS hll, pg_temp.with_estimator('tdigest') AS tdigest \gset
SELECT CASE WHEN NOT :'hll' THEN skip('the extension hll is not at hand', 2) ELSE
    (SELECT ok(v.is_estimate AND v.visits BETWEEN 3 AND 5, 'about as many') FROM mjc_report.visit_count(:'day', :'day') v)
    || E'\n' || (SELECT ok(v.is_estimate AND v.visits = 0, 'and none of none') FROM mjc_report.visit_count('2001-01-01', '2001-01-02') v) END;
SELECT CASE WHEN NOT :'tdigest' THEN skip('the extension tdigest is not at hand', 2) ELSE
    (SELECT ok(v.is_estimate AND v.measured = 100 AND v.p50 BETWEEN 48 AND 52 AND v.p75 BETWEEN 73 AND 77 AND v.p95 BETWEEN 93 AND 97, 'about as fast') FROM mjc_report.page_speed(:'day', :'day') v)
    || E'\n' || (SELECT is(count(*), 0::bigint, 'nothing of nothing') FROM mjc_report.page_speed('2001-01-01', '2001-01-02') v) END;

-- Nor is any setting changed, which a plan that runs in parallel may not do
SELECT CASE WHEN current_setting('server_version_num')::integer < 160000 THEN 'force_parallel_mode' ELSE 'debug_parallel_query' END AS parallel_mode \gset
SET LOCAL :parallel_mode = on;
SELECT v.visits AS parallel_visits FROM mjc_report.visit_count(:'day', :'day') v \gset
SELECT v.p50 AS parallel_p50 FROM mjc_report.page_speed(:'day', :'day') v \gset
SET LOCAL :parallel_mode = off;
SELECT ok(:parallel_visits BETWEEN 3 AND 5 AND :parallel_p50 BETWEEN 48 AND 52, 'the same from a part of a parallel plan');

-- An experiment: what was done afterwards counts
INSERT INTO mjc.exposure (session_id, experiment, variant, at) VALUES (pg_temp.sid(1), 'button', 'red', pg_temp.noon('-1 hour')), (pg_temp.sid(2), 'button', 'red', pg_temp.noon('-1 hour')),
    (pg_temp.sid(3), 'button', 'blue', pg_temp.noon('1 minute')), (pg_temp.sid(5), 'button', 'blue', pg_temp.noon('-1 hour'));
SELECT results_eq(format('SELECT variant, visits, cart_visits, checkout_visits, cart_pct, checkout_pct FROM mjc_report.experiment_result(%L, %L, %L)', 'button', :'day', :'day'),
    $$VALUES ('blue', 1::bigint, 1::bigint, 1::bigint, 100.00::numeric, 100.00::numeric), ('red', 2, 1, 0, 50.00, 0.00)$$, 'two variants');

-- A step is the same in both figures: by the kind of the event, and by the page only where it was looked at
SELECT is(mjc.event_stage(k, p, CASE WHEN n THEN pg_temp.pid(1) END), w, format('%s of %s%s is step %s', coalesce(k, 'nothing'), coalesce(p, 'no page'), CASE WHEN n THEN ' with a product' ELSE '' END, coalesce(w::text, 'none')))
  FROM (VALUES ('begin_checkout', NULL, false, 3), ('page_view', '/fr/checkout', false, 3), ('page_view', '/checkout/', false, 3), ('page_view', 'checkout', false, 3), ('page_view', '/fr/checkout/merci', false, NULL), ('page_view', '/fr/precheckout', false, NULL),
               ('add_to_cart', NULL, false, 2), ('add_to_cart', '/fr/checkout', true, 2), ('add_to_cart', '/fr/products/abc', true, 2), ('remove_from_cart', '/fr/checkout', true, NULL), ('page_duration', '/fr/checkout', false, NULL),
               ('page_duration', '/fr/products/abc', false, NULL), ('view_item', NULL, true, 1), ('view_item', '/fr/products/abc', false, NULL), ('view_item', '/fr/checkout', true, 1), ('page_view', '/fr/products/abc', false, 1), ('page_view', '/products/abc/', false, 1),
               ('page_view', '/fr/products', false, NULL), ('page_view', '/fr/products/abc/avis', false, NULL), ('page_view', NULL, true, NULL), ('purchase', '/fr/checkout', true, NULL), (NULL, '/fr/checkout', true, NULL), (NULL, NULL, false, NULL)) v (k, p, n, w);
INSERT INTO mjc.visit (session_id, started_at, is_bot) SELECT pg_temp.sid(n), timestamptz '2004-05-05 10:00+01', false FROM generate_series(70, 73) n;
INSERT INTO mjc.exposure (session_id, experiment, variant, at) SELECT pg_temp.sid(n), 'step', 'a', timestamptz '2004-05-05 10:00+01' FROM generate_series(70, 73) n;
SELECT mjc.partition_make('event', '2004-05-01') \g /dev/null
INSERT INTO mjc.event (session_id, event_id, at, kind, path, product_id, is_bot) SELECT pg_temp.sid(n), gen_random_uuid(), timestamptz '2004-05-05 11:00+01', k, p, pg_temp.pid(1), false
  FROM (VALUES (70, 'add_to_cart', '/fr/checkout'), (71, 'page_view', '/fr/checkout'), (72, 'view_item', '/fr/products/abc'), (73, 'page_view', '/fr')) v (n, k, p);
SELECT results_eq($$SELECT visits, cart_visits, checkout_visits FROM mjc_report.experiment_result('step', '2004-05-05', '2004-05-05')$$, 'VALUES (4::bigint, 2::bigint, 1::bigint)', 'a cart that is filled on the page of the checkout is no checkout');
SELECT results_eq($$SELECT reached FROM mjc_report.conversion_funnel('2004-05-05', '2004-05-05') WHERE step < 4 ORDER BY step$$, 'VALUES (3::bigint), (2), (1)', 'nor is it in the funnel');

-- Refusals
SELECT is((pg_temp.failure(format('SELECT * FROM mjc_report.%s', f))).code, c, f) FROM (VALUES
    ('traffic_sources(''2024-01-02'', ''2024-01-01'')', 'MJ741'), ('traffic_sources(NULL, ''2024-01-01'')', 'MJ003'), ('conversion_funnel(''2024-01-02'', ''2024-01-01'')', 'MJ741'),
    ('conversion_funnel(''2010-01-02'', ''2024-01-01'')', 'MJ742'), ('pages(''2024-01-02'', ''2024-01-01'')', 'MJ741'), ('pages(''2024-01-01'', ''2024-01-01'', 0)', 'MJ006'),
    ('pages(''2024-01-01'', ''2024-01-01'', 10001)', 'MJ006'), ('pages(''2024-01-01'', ''2024-01-01'', NULL)', 'MJ003'), ('page_speed(''2024-01-02'', ''2024-01-01'')', 'MJ741'),
    ('experiment_result(NULL, ''2024-01-01'', ''2024-01-01'')', 'MJ003'), ('visit_count(''2024-01-02'', ''2024-01-01'')', 'MJ741'), ('visit_count(NULL, NULL)', 'MJ003'), ('experiment_result(''x'', ''2024-01-02'', ''2024-01-01'')', 'MJ741')) x (f, c);
SELECT is((pg_temp.failure(format('SELECT * FROM mjc_report.%s', format(f, d, d)))).code, c, format(f, d, d))
  FROM (VALUES ('traffic_sources(%L, %L)'), ('conversion_funnel(%L, %L)'), ('pages(%L, %L)'), ('visit_count(%L, %L)'), ('page_speed(%L, %L)'), ('experiment_result(''x'', %L, %L)'), ('customers_by_period(%L, %L)'), ('cohort_retention(%L, %L)')) r (f)
 CROSS JOIN (VALUES ('300000-01-01', 'MJ006'), ('9990-01-02', 'MJ006'), ('1899-12-31', 'MJ006'), ('infinity', 'MJ006'), (NULL, 'MJ003')) v (d, c);
SELECT results_eq($$SELECT start_at, end_at FROM mjc.report_span('2024-02-28', '2024-02-29')$$, $$VALUES (timestamptz '2024-02-27 23:00+00', timestamptz '2024-02-29 23:00+00')$$, 'days from midnight to midnight in Algiers');
SELECT results_eq($$SELECT start_at, end_at FROM mjc.report_span('1977-05-05', '1977-10-20')$$, $$VALUES (timestamptz '1977-05-05 00:00+00', timestamptz '1977-10-21 00:00+01')$$, 'by the time of then: one hour more since 6 May 1977');
SELECT is(mjc.algiers_start(NULL), NULL, 'no day, no beginning');

-- The routes
SELECT a.token_version AS tv FROM mjc.account a WHERE a.account_id = :'admin' \gset
SELECT is(mjc_api.staff_traffic_sources(:'admin', :tv, gen_random_uuid(), '7d')::jsonb, '{"success": true, "data": [{"name": "google", "value": 3, "percentage": 60}, {"name": "facebook", "value": 1, "percentage": 20}, {"name": "unknown", "value": 1, "percentage": 20}]}', 'traffic sources as the page reads them');
SELECT is(mjc_api.analytics_traffic_shares(:'admin', :tv, gen_random_uuid(), '7d', NULL, NULL)::jsonb, mjc_api.staff_traffic_sources(:'admin', :tv, gen_random_uuid(), '7d')::jsonb -> 'data', 'and wrapped once');
SELECT is(mjc_api.analytics_traffic_sources(:'admin', :tv, gen_random_uuid(), NULL, NULL, NULL)::jsonb #> '{sources,0}', '{"source": "google", "medium": "organic", "sessions": 3, "percentage": 60.00, "bounceRate": 33.33}', 'with their medium');
SELECT is(mjc_api.analytics_traffic_sources(:'admin', :tv, gen_random_uuid(), NULL, '2001-01-01', '2001-01-02')::jsonb, '{"sources": [], "totalSessions": 0}', 'of a time without visits');
SELECT is(mjc_api.analytics_conversions(:'admin', :tv, gen_random_uuid(), NULL, '2001-01-01', '2001-01-02')::jsonb - 'funnel', '{"conversionRate": 0, "averageOrderValue": 0, "totalRevenue": 0, "totalOrders": 0, "totalSessions": 0, "cartAbandonmentRate": 0}', 'conversions of nobody');
SELECT pg_temp.bought('{1}', '{1}') AS ref2 \gset
UPDATE mjc.order SET placed_at = pg_temp.noon() WHERE reference = :'ref2';
SELECT is(mjc_api.analytics_conversions(:'admin', :tv, gen_random_uuid(), NULL, timezone('Africa/Algiers', :'day'::timestamp), timezone('Africa/Algiers', :'day'::timestamp))::jsonb - 'funnel',
    '{"conversionRate": 20.00, "averageOrderValue": 1700.00, "totalRevenue": 1700.00, "totalOrders": 1, "totalSessions": 5, "cartAbandonmentRate": 50.00}', 'one order of five visits and two carts');
SELECT is(mjc_api.analytics_conversions(:'admin', :tv, gen_random_uuid(), NULL, timezone('Africa/Algiers', :'day'::timestamp), timezone('Africa/Algiers', :'day'::timestamp))::jsonb #> '{funnel,1}',
    '{"step": "Add to Cart", "count": 2, "percentage": 66.67, "dropoffRate": 33.33}', 'with the funnel');
INSERT INTO mjc.event (session_id, event_id, at, kind, path, is_bot) VALUES (pg_temp.sid(1), gen_random_uuid(), now() - interval '5 minutes', 'page_view', '/now', false), (pg_temp.sid(2), gen_random_uuid(), now() - interval '40 minutes', 'page_view', '/now', false),
    (pg_temp.sid(5), gen_random_uuid(), now(), 'page_view', '/bot', true), (pg_temp.sid(3), gen_random_uuid(), now() - interval '25 hours', 'page_view', '/old', false);
SELECT is(r -> 'activeSessions' || (r #> '{pageViews,lastHour}'), '[1, 2]', 'who is there now') FROM (SELECT mjc_api.analytics_realtime(:'admin', :tv, gen_random_uuid())::jsonb AS r) x;
-- The day of the other pages may have been less than a day ago.
SELECT is((SELECT jsonb_agg(p) FROM jsonb_array_elements(mjc_api.analytics_realtime(:'admin', :tv, gen_random_uuid())::jsonb -> 'topPages') p WHERE p ->> 'path' IN ('/now', '/bot', '/old')),
    '[{"path": "/now", "views": 2}]', 'and what is looked at');
SELECT is((SELECT count(*) FROM json_array_elements(mjc_api.analytics_session(:'admin', :tv, gen_random_uuid(), pg_temp.sid(2)) -> 'ecommerceEvents')), 1::bigint, 'a visit has its events');
SELECT is(mjc_api.analytics_session(:'admin', :tv, gen_random_uuid(), pg_temp.sid(4))::jsonb -> 'summary', '{"totalPageViews": 1, "totalEvents": 1, "sessionDuration": 0, "bounceRate": 100}', 'one that bounced');
SELECT is(mjc_api.analytics_session(:'admin', :tv, gen_random_uuid(), pg_temp.sid(3))::jsonb #> '{trafficSources,0,source}', '"facebook"', 'where it came from');
INSERT INTO mjc.visit (session_id, started_at, is_bot) VALUES (pg_temp.sid(98), pg_temp.noon(), false);
INSERT INTO mjc.event (session_id, event_id, at, kind, path, is_bot) SELECT pg_temp.sid(98), gen_random_uuid(), pg_temp.noon(n * interval '1 second'), CASE n WHEN 1100 THEN 'search' ELSE 'page_view' END, '/x', false FROM generate_series(1, 1100) n;
SELECT mjc_api.analytics_session(:'admin', :tv, gen_random_uuid(), pg_temp.sid(98))::jsonb AS long \gset
SELECT is(:'long'::jsonb -> 'summary', '{"totalPageViews": 1099, "totalEvents": 1100, "sessionDuration": 1099, "bounceRate": 0}', 'a long visit is counted whole');
SELECT is(jsonb_array_length(:'long'::jsonb -> 'pageViews'), 1000, 'and told in part');
SELECT is(mjc_api.analytics_session(:'admin', :tv, gen_random_uuid(), pg_temp.sid(6))::jsonb -> 'summary', '{"totalPageViews": 0, "totalEvents": 0, "sessionDuration": 0, "bounceRate": 100}', 'one of which no event is left has zeros');
SELECT is(mjc_api.analytics_session(:'admin', :tv, gen_random_uuid(), pg_temp.sid(99))::jsonb, NULL, 'none of that name');
-- Of them who is no admin of this shop is told nothing: nobody, somebody unknown, a customer, a session that was closed
SELECT mjc.account_register('traffic-customer@example.test', '$2b$12$' || repeat('c', 53), '{"firstName": "Lina", "lastName": "Test"}') AS customer \gset
SELECT is((pg_temp.failure(format('SELECT mjc_api.%s', format(f, who, version)))).code, c, replace(f, '%L', '') || ' for ' || name)
  FROM (VALUES ('staff_traffic_sources(%L, %L, gen_random_uuid(), NULL)'), ('analytics_traffic_shares(%L, %L, gen_random_uuid(), NULL, NULL, NULL)'), ('analytics_traffic_sources(%L, %L, gen_random_uuid(), NULL, NULL, NULL)'),
               ('analytics_conversions(%L, %L, gen_random_uuid(), NULL, NULL, NULL)'), ('analytics_realtime(%L, %L, gen_random_uuid())'), ('analytics_session(%L, %L, gen_random_uuid(), gen_random_uuid())')) r (f)
 CROSS JOIN (SELECT 'nobody', NULL::uuid, NULL::integer, 'MJ060' UNION ALL SELECT 'an unknown', pg_temp.sid(1), 0, 'MJ063' UNION ALL SELECT 'a customer', :'customer', a.token_version, 'MJ064' FROM mjc.account a WHERE a.account_id = :'customer'
             UNION ALL SELECT 'a closed session', :'admin', :tv + 1, 'MJ063') w (name, who, version, c);
SELECT ok(bool_and(has_function_privilege('mjc_analyst', f, 'EXECUTE')), 'analysts use them') FROM unnest('{mjc_report.traffic_sources(date\,date),mjc_report.conversion_funnel(date\,date),mjc_report.visit_count(date\,date),"mjc_report.pages(date,date,integer)",mjc_report.page_speed(date\,date),"mjc_report.experiment_result(text,date,date)"}'::text[]) f;
-- Pages may tell any source: more of them than a list of shares may have
INSERT INTO mjc.visit (session_id, started_at, is_bot, source, medium) SELECT gen_random_uuid(), timestamptz '2003-05-05 12:00+01', false, 's' || n, 'm' FROM generate_series(1, 10050) n;
INSERT INTO mjc.visit (session_id, started_at, is_bot, source, medium) SELECT gen_random_uuid(), timestamptz '2003-05-05 12:00+01', false, 'google', 'organic' FROM generate_series(1, 9950) n;
SELECT mjc_api.analytics_traffic_shares(:'admin', :tv, gen_random_uuid(), NULL, '2003-05-05', '2003-05-05')::jsonb AS shares \gset
SELECT is(:'shares'::jsonb -> 0, '{"name": "google", "value": 9950, "percentage": 50}', 'of twenty thousand visits from ten thousand sources the first');
SELECT is(jsonb_array_length(:'shares'::jsonb) || ' ' || (:'shares'::jsonb -> 99), '100 {"name": "other", "value": 9952, "percentage": 50}', 'the rest is one');
SELECT mjc_api.analytics_traffic_sources(:'admin', :tv, gen_random_uuid(), NULL, '2003-05-05', '2003-05-05')::jsonb AS sources \gset
SELECT is(:'sources'::jsonb #> '{sources,0,sessions}', '9950', 'the most first');
SELECT is(jsonb_array_length(:'sources'::jsonb -> 'sources') || ' of ' || (:'sources'::jsonb ->> 'totalSessions'), '100 of 20000', 'a hundred sources, all visits');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');
SELECT * FROM finish();
ROLLBACK;
