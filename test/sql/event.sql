-- event: what visitors of the pages do: taken once, by what it tells, without persons.
BEGIN;
SELECT plan(220);
UPDATE mjc.schema_version SET version = version || '-other';
SELECT throws_ok(s, 'MJ009', NULL, 'another schema version: ' || s)
  FROM unnest(ARRAY[$$SELECT mjc_api.event_ingest(NULL, NULL, NULL, NULL, NULL, '{"events": []}')$$, $$SELECT mjc_api.vital_ingest(NULL, NULL, NULL, NULL, NULL, '{"name": "LCP", "value": 1}')$$,
                    $$SELECT mjc_api.client_error_ingest(NULL, NULL, NULL, NULL, NULL, '{"error": "x"}')$$]) s;
UPDATE mjc.schema_version SET version = replace(version, '-other', '');
\ir fixture.psql

CREATE FUNCTION pg_temp.sid(n integer) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$ SELECT '00000000-0000-4000-9000-' || lpad(n::text, 12, '0') $$;
-- The moment at which all of this is received.
CREATE FUNCTION pg_temp.noon() RETURNS timestamptz
    LANGUAGE sql IMMUTABLE
    AS $$ SELECT '2026-11-29 12:00:00+00'::timestamptz $$;
CREATE FUNCTION pg_temp.item(type text, data jsonb, at text DEFAULT '2026-11-29T11:59:00.000Z') RETURNS jsonb
    LANGUAGE sql
    AS $$ SELECT jsonb_strip_nulls(jsonb_build_object('type', type, 'data', data, 'timestamp', at)) $$;
CREATE FUNCTION pg_temp.view(n integer, path text DEFAULT '/fr', at text DEFAULT '2026-11-29T11:59:00.000Z') RETURNS jsonb
    LANGUAGE sql
    AS $$ SELECT pg_temp.item('page_view', jsonb_build_object('sessionId', pg_temp.sid(n), 'pagePath', path), at) $$;
CREATE FUNCTION pg_temp.act(n integer, kind text, more jsonb DEFAULT '{}', at text DEFAULT '2026-11-29T11:59:00.000Z') RETURNS jsonb
    LANGUAGE sql
    AS $$ SELECT pg_temp.item('ecommerce_event', jsonb_build_object('sessionId', pg_temp.sid(n), 'eventType', kind) || more, at) $$;
CREATE FUNCTION pg_temp.browser() RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$ SELECT 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36' $$;
CREATE FUNCTION pg_temp.send_text(batch text, customer uuid DEFAULT NULL, address text DEFAULT '203.0.113.77', agent text DEFAULT pg_temp.browser(),
    at timestamptz DEFAULT pg_temp.noon()) RETURNS json
    LANGUAGE sql
    AS $$ SELECT mjc.event_store(customer, address, agent, batch, at) $$;
CREATE FUNCTION pg_temp.send(VARIADIC items jsonb[]) RETURNS json
    LANGUAGE sql
    AS $$ SELECT pg_temp.send_text(jsonb_build_object('events', to_jsonb(items))::text) $$;
-- "processed/rejected" and the reasons of an answer.
CREATE FUNCTION pg_temp.told(answer json) RETURNS text
    LANGUAGE sql
    AS $$ SELECT concat_ws(' ', answer ->> 'eventsProcessed', coalesce(answer ->> 'eventsRejected', '0'), answer -> 'rejected') $$;
CREATE FUNCTION pg_temp.refused_send(why text, wanted text, VARIADIC items jsonb[]) RETURNS text
    LANGUAGE sql
    AS $$ SELECT is(f.code || ' ' || coalesce(f.detail ->> 'reasons', f.detail ->> 'max', ''), wanted, why)
            FROM pg_temp.failure(format('SELECT pg_temp.send(VARIADIC %L::jsonb[])', items)) f $$;

-- A batch of each kind
SELECT is(pg_temp.told(pg_temp.send(
    pg_temp.item('session_start', jsonb_build_object('sessionId', pg_temp.sid(1), 'userAgent', pg_temp.browser(), 'deviceType', 'mobile', 'browser', 'Chrome', 'os', 'Windows',
                 'startedAt', '2026-11-29T11:58:00Z', 'country', 'DZ', 'city', 'Alger', 'userId', pg_temp.sid(9)), '2026-11-29T11:58:00.250Z'),
    pg_temp.view(1, 'https://shop.example/fr/products/00000000-0000-4000-8000-000000000001?utm_source=x#top', '2026-11-29T12:58:01+01:00'),
    pg_temp.item('page_duration', jsonb_build_object('sessionId', pg_temp.sid(1), 'pagePath', '/fr/products', 'duration', 12.3456)),
    pg_temp.item('traffic_source', jsonb_build_object('sessionId', pg_temp.sid(1), 'utmSource', 'facebook', 'utmMedium', 'social', 'utmCampaign', 'hiver', 'utmTerm', 'chaudière', 'utmContent', 'a')),
    pg_temp.act(1, 'view_item', jsonb_build_object('productId', pg_temp.pid(1), 'value', 1250.5, 'currency', 'DZD')),
    pg_temp.act(1, 'add_to_cart', jsonb_build_object('productId', pg_temp.pid(1), 'quantity', 2, 'value', 2501)),
    pg_temp.act(1, 'remove_from_cart', jsonb_build_object('productId', pg_temp.pid(1), 'quantity', 1)),
    pg_temp.act(1, 'begin_checkout'), pg_temp.act(1, 'purchase', '{"value": 0}'),
    pg_temp.act(1, 'view_category', jsonb_build_object('categoryId', '00000000-0000-4000-b000-000000000001')),
    pg_temp.act(1, 'search', '{"metadata": {"query": "brûleur"}}'),
    pg_temp.act(1, 'view_item', '{"value": 1834.5, "metadata": {"type": "lcp_metric"}}'),
    pg_temp.act(1, 'view_item', '{"value": 900, "metadata": {"type": "performance_metric", "name": "TTFB"}}'),
    pg_temp.item('web_vital', jsonb_build_object('sessionId', pg_temp.sid(1), 'name', 'CLS', 'value', 0.0615, 'path', '/fr')),
    pg_temp.item('experiment', jsonb_build_object('sessionId', pg_temp.sid(1), 'experiment', 'bouton', 'variant', 'vert'))))
    , '15 0', 'a batch with one of each kind');
SELECT results_eq(format($$SELECT at, kind, path, product_id, category_id, value_centimes, qty, duration_ms, customer_id, is_bot, detail
       FROM mjc.event WHERE session_id = %L ORDER BY at, kind COLLATE "C"$$, pg_temp.sid(1)),
    format($$VALUES (timestamptz '2026-11-29 11:58:01+00', 'page_view', '/fr/products/00000000-0000-4000-8000-000000000001', NULL::uuid, NULL::uuid, NULL::bigint, NULL::integer, NULL::integer, NULL::uuid, false, NULL::jsonb),
             ('2026-11-29 11:59+00', 'add_to_cart', NULL, %1$L, NULL, 250100, 2, NULL, NULL, false, NULL),
             ('2026-11-29 11:59+00', 'begin_checkout', NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, NULL),
             ('2026-11-29 11:59+00', 'page_duration', '/fr/products', NULL, NULL, NULL, NULL, 12346, NULL, false, NULL),
             ('2026-11-29 11:59+00', 'purchase', NULL, NULL, NULL, 0, NULL, NULL, NULL, false, NULL),
             ('2026-11-29 11:59+00', 'remove_from_cart', NULL, %1$L, NULL, NULL, 1, NULL, NULL, false, NULL),
             ('2026-11-29 11:59+00', 'search', NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, '{"query": "brûleur"}'),
             ('2026-11-29 11:59+00', 'view_category', NULL, NULL, '00000000-0000-4000-b000-000000000001', NULL, NULL, NULL, NULL, false, NULL),
             ('2026-11-29 11:59+00', 'view_item', NULL, %1$L, NULL, 125050, NULL, NULL, NULL, false, NULL)$$, pg_temp.pid(1)), 'its rows');
SELECT results_eq(format($$SELECT started_at, customer_id, is_bot, address, device, browser, os, country, city, landing_path, source, medium, campaign, term, content FROM mjc.visit WHERE session_id = %L$$, pg_temp.sid(1)),
    $$VALUES (timestamptz '2026-11-29 11:58:00.25+00', NULL::uuid, false, inet '203.0.113.0/24', 'mobile', 'Chrome', 'Windows', 'DZ', 'Alger', '/fr/products/00000000-0000-4000-8000-000000000001',
              'facebook', 'social', 'hiver', 'chaudière', 'a')$$, 'one visit; what the page says of a user is nobody');
SELECT results_eq(format($$SELECT metric, value_milli, path, device FROM mjc.web_vital WHERE session_id = %L ORDER BY metric COLLATE "C"$$, pg_temp.sid(1)),
    $$VALUES ('CLS', 62::bigint, '/fr', 'mobile'), ('LCP', 1834500, NULL, 'mobile'), ('TTFB', 900000, NULL, 'mobile')$$, 'measured times are no views of products');
SELECT results_eq(format($$SELECT experiment, variant FROM mjc.exposure WHERE session_id = %L$$, pg_temp.sid(1)), $$VALUES ('bouton', 'vert')$$, 'the exposure');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');

-- Counted once
SELECT is(pg_temp.told(pg_temp.send(pg_temp.view(2, '/a'), pg_temp.view(2, '/b'), pg_temp.view(2, '/a'))), '3 0', 'the same event twice in a batch is taken');
SELECT is(pg_temp.told(pg_temp.send(pg_temp.view(2, '/b'), pg_temp.view(2, '/c'))), '2 0', 'a batch that was sent again too');
SELECT results_eq(format($$SELECT path FROM mjc.event WHERE session_id = %L ORDER BY 1$$, pg_temp.sid(2)), $$VALUES ('/a'), ('/b'), ('/c')$$, 'each counts once');
SELECT is((SELECT count(*) FROM (SELECT pg_temp.send(pg_temp.view(2, '/d', '2026-11-29T11:59:00.001Z'), pg_temp.view(2, '/d', '2026-11-29T11:59:00.002Z'), pg_temp.view(2, '/d', '2026-11-29T11:59:00.003Z'))) x), 1::bigint, 'the same page');
SELECT is((SELECT count(*) FROM mjc.event WHERE session_id = pg_temp.sid(2)::uuid AND path = '/d'), 3::bigint, 'at other moments counts again');
SELECT is(pg_temp.told(pg_temp.send(pg_temp.view(2, '/e') || jsonb_build_object('eventId', pg_temp.sid(77)), pg_temp.view(2, '/f') || jsonb_build_object('eventId', pg_temp.sid(77)),
    pg_temp.view(2, '/g') || '{"eventId": "abc"}', pg_temp.view(2, '/h') || '{"eventId": "abc"}')), '4 0', 'with an id of its own');
SELECT results_eq(format($$SELECT count(*), count(*) FILTER (WHERE event_id = %L) FROM mjc.event WHERE session_id = %L AND path IN ('/e', '/f', '/g', '/h')$$, pg_temp.sid(77), pg_temp.sid(2)),
    'VALUES (2::bigint, 1::bigint)', 'the id tells, a uuid or any text');
SELECT is(pg_temp.told(pg_temp.send_text(format('{"events": [%s]}', s))), '1 0', 'order and blanks')
  FROM (VALUES (format('{"type": "page_view", "timestamp": "2026-11-29T11:00:00Z", "eventId": "%s", "data": {"sessionId": "%s", "pagePath": "/i"}}', pg_temp.sid(78), pg_temp.sid(2))),
               (format('{"data":{"pagePath":"/i","sessionId":"%s"},"eventId":"%s","type":"page_view","timestamp":"2026-11-29T11:00:00Z"}', pg_temp.sid(2), pg_temp.sid(78)))) v (s);
SELECT is((SELECT count(*) FROM mjc.event WHERE session_id = pg_temp.sid(2)::uuid AND path = '/i'), 1::bigint, 'tell nothing where there is an id');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');

-- However a stream is cut into batches, and whatever of it is sent again, the rows are the same
CREATE TEMP TABLE stream AS
SELECT n, CASE n % 4 WHEN 0 THEN pg_temp.view(100 + n % 7, '/p' || n % 5, to_char(timestamp '2026-11-29 10:00' + n % 50 * interval '1 minute', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
                     WHEN 1 THEN pg_temp.act(100 + n % 7, 'add_to_cart', jsonb_build_object('quantity', n % 3))
                     WHEN 2 THEN pg_temp.item('experiment', jsonb_build_object('sessionId', pg_temp.sid(100 + n % 7), 'experiment', 'e' || n % 2, 'variant', 'v'))
                     ELSE pg_temp.item('web_vital', jsonb_build_object('sessionId', pg_temp.sid(100 + n % 7), 'name', 'INP', 'value', n % 9)) END AS item
  FROM generate_series(1, 400) n;
SELECT setseed(0.7) \g /dev/null
SELECT is((SELECT sum((pg_temp.send(VARIADIC b) ->> 'eventsProcessed')::integer)
             FROM (SELECT array_agg(item ORDER BY random()) AS b FROM (SELECT item, width_bucket(random(), 0, 1, 12) AS cut FROM (SELECT item FROM stream UNION ALL SELECT item FROM stream) s) c GROUP BY cut) x), 800::bigint,
          'a stream, all of it twice, cut anyhow');
SELECT is((SELECT count(*) FROM mjc.event WHERE session_id IN (SELECT pg_temp.sid(100 + n)::uuid FROM generate_series(0, 6) n)),
          (SELECT count(DISTINCT item) FROM stream WHERE item ->> 'type' IN ('page_view', 'ecommerce_event')), 'each different event is there once');
SELECT is((SELECT count(*) FROM mjc.web_vital WHERE session_id IN (SELECT pg_temp.sid(100 + n)::uuid FROM generate_series(0, 6) n)),
          (SELECT count(DISTINCT item) FROM stream WHERE item ->> 'type' = 'web_vital'), 'so is each measurement');
SELECT is((SELECT count(*) FROM mjc.exposure WHERE session_id IN (SELECT pg_temp.sid(100 + n)::uuid FROM generate_series(0, 6) n)),
          (SELECT count(DISTINCT item) FROM stream WHERE item ->> 'type' = 'experiment'), 'and each exposure');
SELECT is((SELECT count(*) FROM mjc.visit WHERE session_id IN (SELECT pg_temp.sid(100 + n)::uuid FROM generate_series(0, 6) n)), 7::bigint, 'in seven visits');

-- Of a visit the first wins
SELECT pg_temp.send(pg_temp.view(3, '/first')) \g /dev/null
SELECT pg_temp.send(pg_temp.item('session_start', jsonb_build_object('sessionId', pg_temp.sid(3), 'browser', 'Firefox', 'country', 'DZ')),
                    pg_temp.item('traffic_source', jsonb_build_object('sessionId', pg_temp.sid(3), 'source', 'google', 'medium', 'organic'))) \g /dev/null
SELECT pg_temp.send_text(jsonb_build_object('events', jsonb_build_array(pg_temp.view(3, '/second'), pg_temp.item('session_start', jsonb_build_object('sessionId', pg_temp.sid(3), 'browser', 'Opera', 'country', 'FR', 'city', 'Oran')),
                         pg_temp.item('traffic_source', jsonb_build_object('sessionId', pg_temp.sid(3), 'utmSource', 'bing', 'utmCampaign', 'x')),
                         pg_temp.item('experiment', jsonb_build_object('sessionId', pg_temp.sid(3), 'experiment', 'e', 'variant', 'a'))))::text, NULL, '198.51.100.9') \g /dev/null
SELECT pg_temp.send(pg_temp.item('experiment', jsonb_build_object('sessionId', pg_temp.sid(3), 'experiment', 'e', 'variant', 'b'))) \g /dev/null
SELECT results_eq(format($$SELECT landing_path, browser, country, city, source, medium, campaign, address FROM mjc.visit WHERE session_id = %L$$, pg_temp.sid(3)),
    $$VALUES ('/first', 'Firefox', 'DZ', 'Oran', 'google', 'organic', NULL, inet '203.0.113.0/24')$$, 'what is known stays, what was not is added; the source stays whole');
SELECT is((SELECT variant FROM mjc.exposure WHERE session_id = pg_temp.sid(3)::uuid), 'a', 'the first variant stays');
SELECT xmin AS visit_version FROM mjc.visit WHERE session_id = pg_temp.sid(3)::uuid \gset
SELECT pg_temp.send(pg_temp.view(3, '/third')) \g /dev/null
SELECT is((SELECT xmin::text FROM mjc.visit WHERE session_id = pg_temp.sid(3)::uuid), :'visit_version', 'a visit to which nothing is added is not written');
SELECT pg_temp.send_text(jsonb_build_object('events', jsonb_build_array(pg_temp.item('traffic_source', jsonb_build_object('sessionId', pg_temp.sid(4), 'source', 'direct', 'medium', 'none')),
    pg_temp.item('traffic_source', jsonb_build_object('sessionId', pg_temp.sid(4), 'source', 'x', 'medium', 'y'))))::text) \g /dev/null
SELECT is((SELECT source || ' ' || medium FROM mjc.visit WHERE session_id = pg_temp.sid(4)::uuid), 'direct none', 'so it is within a batch');

-- Networks, bots, devices
SELECT is(host(mjc_net.a) || '/' || masklen(mjc_net.a), w, i || ' is kept as ' || w)
  FROM (VALUES (5, '10.20.30.40', '10.20.30.0/24'), (6, '2001:db8:1:2:3:4:5:6', '2001:db8:1::/48'), (7, '::ffff:192.0.2.9', '192.0.2.0/24'), (8, 'unix', NULL), (9, NULL, NULL), (10, '1.2.3.4.5', NULL), (11, '10.0.0.1/8', NULL)) v (n, i, w)
 CROSS JOIN LATERAL (SELECT pg_temp.send_text(jsonb_build_object('events', jsonb_build_array(pg_temp.view(n)))::text, NULL, i)) s
 CROSS JOIN LATERAL (SELECT address AS a FROM mjc.visit WHERE session_id = (CASE WHEN s IS NOT NULL THEN pg_temp.sid(n) END)::uuid) mjc_net;
SELECT is(mjc.agent_is_bot(a), w, format('%s is %sa bot', coalesce(left(a, 60), 'no agent'), CASE WHEN w THEN '' ELSE 'no ' END))
  FROM (VALUES (pg_temp.browser(), false), ('Mozilla/5.0 (Linux; Android 10; CUBOT X30) AppleWebKit/537.36 Chrome/100 Mobile Safari/537.36', false), ('Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Safari/604.1', false),
               ('Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)', true), ('curl/7.88.1', true), ('python-requests/2.31', true), ('HeadlessChrome/120', true), ('', true), (NULL, false)) v (a, w);
SELECT pg_temp.send_text(jsonb_build_object('events', jsonb_build_array(pg_temp.view(12)))::text, agent => 'Googlebot/2.1'),
       pg_temp.send_text(jsonb_build_object('events', jsonb_build_array(pg_temp.item('page_view', jsonb_build_object('sessionId', pg_temp.sid(13), 'pagePath', '/', 'userAgent', pg_temp.browser())), pg_temp.view(13, '/x')))::text, agent => 'node') \g /dev/null
SELECT results_eq(format('SELECT DISTINCT v.is_bot, e.is_bot, v.device FROM mjc.visit v JOIN mjc.event e USING (session_id) WHERE session_id IN (%L, %L) ORDER BY 1', pg_temp.sid(12), pg_temp.sid(13)),
    $$VALUES (false, false, 'desktop'), (true, true, 'desktop')$$, 'bots are marked; what an event says of its program goes before who brings it');

-- Each row is of its own visit, in whatever order they are told and stored; what is refused tells nothing of it
SELECT is(pg_temp.told(pg_temp.send(pg_temp.view(2003), pg_temp.item('page_view', jsonb_build_object('sessionId', pg_temp.sid(2002), 'pagePath', '/', 'userAgent', 'Googlebot/2.1')), pg_temp.view(2001),
    pg_temp.item('web_vital', jsonb_build_object('sessionId', pg_temp.sid(2002), 'name', 'LCP', 'value', 1)), pg_temp.item('web_vital', jsonb_build_object('sessionId', pg_temp.sid(2001), 'name', 'LCP', 'value', 1)),
    pg_temp.item('session_start', jsonb_build_object('sessionId', pg_temp.sid(2001), 'deviceType', 'tablet')))), '6 0', 'three visits, the last first');
SELECT results_eq(format('SELECT right(v.session_id::text, 1), v.is_bot, e.is_bot, w.is_bot, w.device FROM mjc.visit v JOIN mjc.event e USING (session_id) LEFT JOIN mjc.web_vital w USING (session_id)
        WHERE session_id BETWEEN %L AND %L ORDER BY 1', pg_temp.sid(2001), pg_temp.sid(2003)),
    $$VALUES ('1', false, false, false, 'tablet'), ('2', true, true, true, 'desktop'), ('3', false, false, NULL, NULL)$$, 'one of them of a bot, with all its rows');
SELECT is(pg_temp.told(pg_temp.send(pg_temp.view(2004), pg_temp.item('page_view', jsonb_build_object('sessionId', pg_temp.sid(2004), 'userAgent', 'Googlebot/2.1')))), '1 1 {"EVENT_FIELD_INVALID":1}', 'a view of nothing by a bot is refused');
SELECT results_eq(format('SELECT v.is_bot, e.is_bot FROM mjc.visit v JOIN mjc.event e USING (session_id) WHERE session_id = %L', pg_temp.sid(2004)), 'VALUES (false, false)', 'and makes no bot of the visit');

-- Paths without persons
SELECT is(mjc.page_path(p), w, p || ' is kept as ' || w)
  FROM (VALUES ('/', '/'), ('', '/'), ('fr/produits', '/fr/produits'), ('https://shop.example', '/'), ('https://shop.example?x=1', '/'), ('/a?b=c', '/a'), ('/a#b', '/a'), ('//evil.example/x', '/evil.example/x'),
               ('/fr/products/chaudiere-murale-24kw', '/fr/products/chaudiere-murale-24kw'), ('/u/amina@example.dz/x', '/u/*/x'), ('/u/amina%40example.dz', '/u/*'), ('/t/0550123456', '/t/*'), ('/t/%2B213550123456', '/t/*'), ('/t/0550 12 34 56', '/t/*'),
               ('/t/+213-550-12-34-56', '/t/*'), ('/n/1234567', '/n/1234567'), ('/n/12345678', '/n/*'), ('/orders/MJ-2026-000123-7', '/orders/*'), ('/orders/00000000-0000-4000-8000-000000000001', '/orders/*'),
               ('/products/00000000-0000-4000-8000-000000000001/avis', '/products/00000000-0000-4000-8000-000000000001/avis'), ('/reset/aB3dE5fG7hI9jK1lM3nO5p', '/reset/*'), ('/r/0123456789abcdef0123', '/r/*'),
               ('/r/0123456789abcdef012', '/r/0123456789abcdef012'), ('/ar/%D8%BA%D9%84%D8%A7%D9%8A%D8%A9', '/ar/%D8%BA%D9%84%D8%A7%D9%8A%D8%A9'), ('/ar/غلاية', '/ar/غلاية')) v (p, w);
SELECT is(length(mjc.page_path('/' || repeat('é/', 500))), 200, 'a path is cut at 200 characters');
SELECT is(mjc.page_path(NULL), NULL, 'no address has no path');
SELECT pg_temp.send(pg_temp.act(14, 'search', '{"metadata": {"query": "amina@example.dz 0550123456 vanne 12"}}')) \g /dev/null
SELECT is((SELECT detail ->> 'query' FROM mjc.event WHERE session_id = pg_temp.sid(14)::uuid), '* * vanne 12', 'nor is a search a person');
-- Nor is half of one: a text is cut after persons are taken out of it
SELECT pg_temp.send(VARIADIC ARRAY(SELECT pg_temp.act(2100 + n, 'search', jsonb_build_object('query', q))
         FROM (VALUES (1, repeat('vanne ', 15) || 'gaz: 0550123456 final'), (2, repeat('vanne ', 15) || 'gaz: amina@example.dz final'), (3, repeat('vanne ', 15) || 'gaz: 0550 12 34 56 final'),
                      (4, repeat('a@b.dz ', 60)), (5, repeat('é', 98) || ' ب 0550123456'), (6, repeat('x', 95) || ' ٠٥٥٠ ١٢ ٣٤ ٥٦'), (7, repeat('x', 5000))) v (n, q))) \g /dev/null
SELECT is((SELECT detail ->> 'query' FROM mjc.event WHERE session_id = pg_temp.sid(2100 + n)::uuid), w, 'a long search is kept as ' || w)
  FROM (VALUES (1, repeat('vanne ', 15) || 'gaz: * fin'), (2, repeat('vanne ', 15) || 'gaz: * fin'), (3, repeat('vanne ', 15) || 'gaz: * fin'), (4, repeat('* ', 49) || '*'), (5, repeat('é', 98) || ' ب'), (6, repeat('x', 95) || ' *'), (7, repeat('x', 100))) v (n, w);
SELECT mjc.client_error_store(jsonb_build_object('error', repeat('vanne ', 82) || 'zz: ' || t)::text, pg_temp.noon()) FROM unnest('{0550123456,amina@example.dz,0550 12 34 56}'::text[]) t \g /dev/null
SELECT results_eq($$SELECT message, seen FROM mjc.client_error WHERE message ~ '^vanne vanne'$$, format($$VALUES (%L, 3::bigint)$$, repeat('vanne ', 82) || 'zz: *'), 'nor a message with persons where it is cut');
SELECT is(mjc.page_path('/' || repeat('a1', 996) || '/0550123456'), '/*/*', 'nor a path, however long it was');
SELECT pg_temp.send(pg_temp.item('traffic_source', jsonb_build_object('sessionId', pg_temp.sid(22), 'utmSource', 'facebook', 'utmCampaign', 'promotion2026chaudieres', 'utmTerm', '120210987654321098', 'utmContent', '+213 550123456 0550123456'))) \g /dev/null
SELECT results_eq(format('SELECT campaign, term, content FROM mjc.visit WHERE session_id = %L', pg_temp.sid(22)), $$VALUES ('promotion2026chaudieres', '120210987654321098', '* *')$$, 'the numbers of ads and long names of campaigns stay');
-- Phones as people write them: in groups
SELECT pg_temp.send(VARIADIC (SELECT array_agg(pg_temp.act(26, 'search', jsonb_build_object('query', q)) || jsonb_build_object('eventId', pg_temp.sid(900 + n)))
         FROM (VALUES (1, '0550 12 34 56'), (2, '+213 550 12 34 56'), (3, '05 50 12 34 56 vanne'), (4, 'vanne 3 0550/12/34/56.'), (5, '(0550) 12 34 56'), (6, '٠٥٥٠ ١٢ ٣٤ ٥٦'), (7, '00213 (0) 550-12-34-56'),
                      (8, 'chaudière 24 kW 230 V 50'), (9, '0550 12 34 5'), (10, '15 20 25 30 40 50'), (11, '2026-11-29 12:00'), (12, '0550 12 34 56kW')) v (n, q))) \g /dev/null
SELECT is((SELECT detail ->> 'query' FROM mjc.event WHERE session_id = pg_temp.sid(26)::uuid AND event_id = pg_temp.sid(900 + n)::uuid), w, 'a search keeps ' || w)
  FROM (VALUES (1, '*'), (2, '*'), (3, '* vanne'), (4, 'vanne 3 *.'), (5, '(*'), (6, '*'), (7, '*'), (8, 'chaudière 24 kW 230 V 50'), (9, '0550 12 34 5'), (10, '15 20 25 30 40 50'), (11, '2026-11-29 12:00'),
               (12, '0550 12 34 56kW')) v (n, w);

-- Whatever comes, it is an answer or one of our errors, and nothing of a person is kept
CREATE FUNCTION pg_temp.damaged(batch text, n integer) RETURNS text
    LANGUAGE sql
AS $$
    SELECT overlay(batch PLACING substr(E'{}[]",:\\ue01-.@?/%&amp;\tz9', 1 + (random() * 27)::integer, n % 4) FROM 1 + (random() * length(batch))::integer FOR n % 3)
$$;
CREATE TEMP TABLE attempt AS
SELECT n, f.code FROM generate_series(1, 1500) n
 CROSS JOIN LATERAL (SELECT jsonb_build_object('events', jsonb_build_array(pg_temp.view(60 + n % 20, '/u/amina@example.dz?x=1'), pg_temp.act(60 + n % 20, 'search', '{"value": 12.50, "metadata": {"query": "a@b.dz"}}'),
     pg_temp.item('web_vital', jsonb_build_object('sessionId', pg_temp.sid(60 + n % 20), 'name', 'LCP', 'value', 1.25e3))))::text AS batch) b
 CROSS JOIN LATERAL pg_temp.failure(format('SELECT pg_temp.send_text(%L)', pg_temp.damaged(pg_temp.damaged(b.batch, n), n + 1))) f;
SELECT is_empty($$SELECT code, count(*) FROM attempt WHERE code NOT IN ('00000', 'MJ002', 'MJ003', 'MJ010', 'MJ739') GROUP BY code$$, 'damaged batches are read or refused');
SELECT cmp_ok((SELECT count(DISTINCT code) FROM attempt), '>=', 3::bigint, 'in several ways');
SELECT is_empty($$SELECT path FROM mjc.event WHERE path ~ '[?#@]' UNION ALL SELECT detail ->> 'query' FROM mjc.event WHERE detail ->> 'query' ~ 'a@b'$$, 'no query, no e-mail is kept');

-- What is refused, and what stays good beside it
SELECT is(pg_temp.told(pg_temp.send(pg_temp.view(15, '/ok'),
    pg_temp.item('click', jsonb_build_object('sessionId', pg_temp.sid(15))), pg_temp.item(NULL, jsonb_build_object('sessionId', pg_temp.sid(15))), pg_temp.act(15, 'wish'), pg_temp.item('ecommerce_event', jsonb_build_object('sessionId', pg_temp.sid(15))),
    pg_temp.item('page_view', '{"pagePath": "/"}'), pg_temp.item('page_view', '{"pagePath": "/", "sessionId": "x"}'), pg_temp.item('page_view', '{"pagePath": "/", "sessionId": 5}'), pg_temp.item('page_view', NULL), pg_temp.item('page_view', '"x"'),
    pg_temp.view(15, '/future', '2026-11-29T12:05:00.001Z'), pg_temp.view(15, '/old', '2026-11-22T11:59:59.999Z'), pg_temp.view(15, NULL), pg_temp.view(15, '/big' || repeat('x', 8200)),
    pg_temp.view(15, '/t', 'yesterday'), pg_temp.view(15, '/t', '2026-02-30T10:00:00Z'), pg_temp.view(15, '/t', '2026-11-29T11:00:00'),
    pg_temp.act(15, 'add_to_cart', '{"productId": "12"}'), pg_temp.act(15, 'add_to_cart', '{"productId": 12}'), pg_temp.act(15, 'add_to_cart', '{"quantity": -1}'), pg_temp.act(15, 'add_to_cart', '{"quantity": "2"}'),
    pg_temp.act(15, 'add_to_cart', '{"quantity": 1000001}'), pg_temp.act(15, 'add_to_cart', '{"value": -0.01}'), pg_temp.act(15, 'add_to_cart', '{"value": 1000000000.01}'), pg_temp.act(15, 'view_category', '{"categoryId": "chaudieres"}'),
    pg_temp.item('page_duration', jsonb_build_object('sessionId', pg_temp.sid(15), 'pagePath', '/')), pg_temp.item('page_duration', jsonb_build_object('sessionId', pg_temp.sid(15), 'pagePath', '/', 'duration', 86400.001)),
    pg_temp.item('traffic_source', jsonb_build_object('sessionId', pg_temp.sid(15))), pg_temp.item('experiment', jsonb_build_object('sessionId', pg_temp.sid(15), 'experiment', 'x')),
    pg_temp.item('web_vital', jsonb_build_object('sessionId', pg_temp.sid(15), 'name', 'L CP', 'value', 1)), pg_temp.item('web_vital', jsonb_build_object('sessionId', pg_temp.sid(15), 'name', 'LCP')), '5', '"x"', 'null', '[]')),
    '1 34 {"EVENT_TYPE_UNKNOWN":4, "EVENT_SESSION_MISSING":5, "EVENT_FIELD_INVALID":22, "EVENT_IN_FUTURE":1, "EVENT_TOO_OLD":1, "EVENT_TOO_LARGE":1}', 'what is wrong is refused by its reason, the rest is taken');
SELECT is((SELECT count(*) FROM mjc.event WHERE session_id = pg_temp.sid(15)::uuid), 1::bigint, 'and leaves nothing');
SELECT is((SELECT count(*) FROM mjc.web_vital WHERE session_id = pg_temp.sid(15)::uuid) + (SELECT count(*) FROM mjc.exposure WHERE session_id = pg_temp.sid(15)::uuid), 0::bigint, 'anywhere');
SELECT is(pg_temp.told(pg_temp.send(pg_temp.view(16, '/a', '2026-11-29T12:05:00.000Z'), pg_temp.view(16, '/b', '2026-11-22T12:00:00.000Z'), pg_temp.act(16, 'add_to_cart', '{"quantity": 1000000, "value": 1000000000}'), pg_temp.act(16, 'add_to_cart', '{"quantity": 0, "value": 0.005, "productId": "", "categoryId": null}'),
    pg_temp.item('page_duration', jsonb_build_object('sessionId', pg_temp.sid(16), 'pagePath', '/', 'duration', 86400)), pg_temp.item('page_duration', jsonb_build_object('sessionId', upper(pg_temp.sid(16)), 'pagePath', '/', 'duration', 0)),
    pg_temp.view(16, '/c') || jsonb_build_object('timestamp', 1795953540123), pg_temp.view(16, '/d', NULL))), '8 0', 'the borders themselves are good');
SELECT set_eq(format($$SELECT kind, path, at, value_centimes, qty, duration_ms FROM mjc.event WHERE session_id = %L$$, pg_temp.sid(16)),
    $$VALUES ('page_view', '/a', timestamptz '2026-11-29 12:05+00', NULL::bigint, NULL::integer, NULL::integer), ('page_view', '/b', '2026-11-22 12:00+00', NULL, NULL, NULL), ('add_to_cart', NULL, '2026-11-29 11:59+00', 100000000000, 1000000, NULL),
             ('add_to_cart', NULL, '2026-11-29 11:59+00', 1, 0, NULL), ('page_duration', '/', '2026-11-29 11:59+00', NULL, NULL, 86400000), ('page_duration', '/', '2026-11-29 11:59+00', NULL, NULL, 0),
             ('page_view', '/c', '2026-11-29 11:59:00.123+00', NULL, NULL, NULL), ('page_view', '/d', '2026-11-29 12:00+00', NULL, NULL, NULL)$$, 'and kept as they are; without a time it is now');
SELECT pg_temp.refused_send('nothing good at all', 'MJ739 EVENT_SESSION_MISSING 1, EVENT_TOO_OLD 2', pg_temp.view(17, '/', '2020-01-01T00:00:00Z'), pg_temp.view(17, '/', '2026-11-01T00:00:00Z'), pg_temp.item('page_view', '{}'));
SELECT pg_temp.refused_send('too many', 'MJ737 200', VARIADIC ARRAY(SELECT pg_temp.view(17, '/' || n) FROM generate_series(1, 201) n));
SELECT pg_temp.refused_send('of too many sessions', 'MJ738 50', VARIADIC ARRAY(SELECT pg_temp.view(1000 + n) FROM generate_series(1, 51) n));
SELECT is((SELECT count(*) FROM mjc.visit WHERE session_id BETWEEN pg_temp.sid(1000)::uuid AND pg_temp.sid(1051)::uuid OR session_id = pg_temp.sid(17)::uuid), 0::bigint, 'leave nothing');
SELECT is(pg_temp.told(pg_temp.send(VARIADIC ARRAY(SELECT pg_temp.view(1100 + n % 50, '/' || n) FROM generate_series(1, 200) n))), '200 0', 'two hundred of fifty sessions are taken');
SELECT is(pg_temp.told(pg_temp.send_text('{"events": []}')), '0 0', 'so is none');
SELECT is(f.code || ' ' || coalesce(f.detail ->> 'argument', ''), w, left(t, 60))
  FROM (VALUES ('{}', 'MJ003 events'), ('{"events": null}', 'MJ003 events'), ('{"events": {}}', 'MJ010 events'), ('{"events": "x"}', 'MJ010 events'), ('[]', 'MJ010 body'), ('null', 'MJ010 body'), ('"x"', 'MJ010 body'), ('7', 'MJ010 body'),
               ('', 'MJ002 '), ('{', 'MJ002 '), ('{"events": []} {}', 'MJ002 '), ('{"events": ["\u0000"]}', 'MJ002 '), ('{"events": [], "events": []}', 'MJ002 '), (repeat('[', 65) || repeat(']', 65), 'MJ002 '), (repeat('[', 64) || repeat(']', 64), 'MJ010 body'), ('{"events": ["\ud800"]}', 'MJ002 '), (repeat('[', 200), 'MJ002 '), ('{"a": "' || repeat('x', 262144) || '"}', 'MJ012 ')) v (t, w)
 CROSS JOIN LATERAL pg_temp.failure(format('SELECT pg_temp.send_text(%L)', t)) f;
SELECT is(pg_temp.told(pg_temp.send_text(format('{"events": [{"type": "page_view", "data": {"sessionId": "%s", "pagePath": "/", "x": %s}}, {"type": "page_view", "data": {"sessionId": "%1$s", "pagePath": "/", "x": %s}}, {"type": "page_view", "data": {"sessionId": "%1$s", "pagePath": "/ok", "x": [[1]]}}]}',
    pg_temp.sid(18), repeat('[', 50) || repeat(']', 50), (SELECT jsonb_object_agg(n, n) FROM generate_series(1, 65) n)))), '1 2 {"EVENT_FIELD_INVALID":2}', 'what is very deep or wide is refused');
SELECT throws_ok('SELECT mjc.event_store(NULL, NULL, NULL, NULL, now())', 'MJ003', NULL, 'no batch');
SELECT throws_ok($$SELECT mjc.event_store(NULL, NULL, NULL, '{}', NULL)$$, 'MJ003', NULL, 'no time');
SELECT is(pg_temp.told(pg_temp.send_text(jsonb_build_object('events', jsonb_build_array(pg_temp.view(19)))::text, NULL, NULL, NULL)), '1 0', 'no address and no program are no obstacle');

-- One event
SELECT pg_temp.send_text(jsonb_build_object('eventType', 'page_view', 'eventData', jsonb_build_object('sessionId', pg_temp.sid(20), 'pagePath', '/seul'), 'timestamp', '2026-11-29T11:59:00Z', 'clientIP', '9.9.9.9', 'userAgent', 'x')::text) AS single \gset
SELECT is(:'single'::jsonb - 'eventId', '{"success": true, "message": "Événement reçu"}', 'a single event');
SELECT is((SELECT event_id::text FROM mjc.event WHERE session_id = pg_temp.sid(20)::uuid), :'single'::jsonb ->> 'eventId', 'has its id in the answer');
SELECT is((SELECT address FROM mjc.visit WHERE session_id = pg_temp.sid(20)::uuid), inet '203.0.113.0/24', 'the address is that of the connection, whatever the event says');
SELECT is(f.code, w, t)
  FROM (VALUES ('{"eventType": "x", "eventData": {"sessionId": "00000000-0000-4000-9000-000000000020"}}', 'MJ731'), ('{"eventType": "page_view"}', 'MJ732'), ('{"eventType": 5}', 'MJ731'),
               ('{"eventType": "page_view", "eventData": {"sessionId": "00000000-0000-4000-9000-000000000020"}}', 'MJ733')) v (t, w)
 CROSS JOIN LATERAL pg_temp.failure(format('SELECT pg_temp.send_text(%L)', t)) f;

-- Measured times alone
SELECT is(mjc.vital_store(NULL, pg_temp.browser(), d, pg_temp.noon())::jsonb - 'message', w::jsonb, left(d, 70))
  FROM (VALUES ('{"name": "LCP", "value": 1234.5678, "id": "v3-1", "url": "https://shop.example/fr?x"}', '{"success": true, "metricsProcessed": 1}'),
               ('{"sessionId": "00000000-0000-4000-9000-000000000021", "metrics": [{"name": "CLS", "value": 1e-3}, {"name": "FCP", "value": 1.5e3, "path": "/fr"}, {"name": "", "value": 1}]}', '{"success": true, "metricsProcessed": 2, "metricsRejected": 1, "rejected": {"EVENT_FIELD_INVALID": 1}}')) v (d, w);
SELECT results_eq($$SELECT metric, value_milli, path, device, is_bot FROM mjc.web_vital WHERE session_id = '00000000-0000-4000-9000-000000000021' OR (metric = 'LCP' AND path = '/fr') ORDER BY metric$$,
    $$VALUES ('CLS', 1::bigint, NULL, 'desktop', false), ('FCP', 1500000, '/fr', 'desktop', false), ('LCP', 1234568, '/fr', 'desktop', false)$$, 'in thousandths');
SELECT is((SELECT count(*) FROM mjc.visit WHERE session_id = '00000000-0000-4000-9000-000000000021'), 0::bigint, 'make no visit');
SELECT is(f.code, w, t)
  FROM (VALUES ('{}', 'MJ003'), ('{"metrics": 5}', 'MJ010'), ('{"name": "LCP", "value": -1}', 'MJ739'), ('{"name": "LCP", "value": 3600000.001}', 'MJ739'), ('{"name": "LCP", "value": 1e30}', 'MJ739'), ('x', 'MJ002')) v (t, w)
 CROSS JOIN LATERAL pg_temp.failure(format('SELECT mjc.vital_store(NULL, NULL, %L, now())', t)) f;
SELECT throws_ok('SELECT mjc.vital_store(NULL, NULL, NULL, now())', 'MJ003', NULL, 'no document');

-- Errors of the pages
SELECT is(mjc.client_error_store($${"error": "TypeError: item 51 is undefined for amina@example.dz", "stack": "TypeError: x\n at f (https://shop.example/_next/static/chunks/4bd1b696-182b6b13bdad92e3.js?dpl=abc:1:23)\n at aB3dE5fG7hI9jK1lM3nO5p", "componentStack": "in Card", "timestamp": "2026-11-29T11:00:00Z", "url": "https://shop.example/fr/cart?token=s3cret#x", "userAgent": "x"}$$, pg_temp.noon())::text,
    '{"success":true,"message":"Erreur notée"}', 'an error of a page');
SELECT mjc.client_error_store(format('{"error": "TypeError: item %s is undefined for amina@example.dz", "stack": "TypeError: x\n at f (https://shop.example/_next/static/chunks/4bd1b696-182b6b13bdad92e3.js?dpl=abc:1:99)\n at aB3dE5fG7hI9jK1lM3nO5p\n other"}', n), pg_temp.noon() + interval '1 hour') FROM unnest('{52,63}'::integer[]) n \g /dev/null
SELECT results_eq($$SELECT message, stack, component_stack, path, seen, first_at, last_at FROM mjc.client_error WHERE message LIKE 'TypeError: item%'$$,
    $$VALUES ('TypeError: item 51 is undefined for *', E'TypeError: x\n at f (https://shop.example/_next/static/chunks/4bd1b696-182b6b13bdad92e3.js:1:23)\n at *', 'in Card', '/fr/cart', 3::bigint, timestamptz '2026-11-29 12:00+00', timestamptz '2026-11-29 13:00+00')$$,
    'is kept once, without persons, queries and secrets');
SELECT mjc.client_error_store(jsonb_build_object('error', jsonb_build_object('message', 'zz objet'), 'stack', repeat('é ', 5000))::text, pg_temp.noon()) \g /dev/null
SELECT is((SELECT length(stack) FROM mjc.client_error WHERE message = 'zz objet'), 3999, 'texts are cut at 4000 characters, blanks at the end go');
SELECT is(f.code, w, t)
  FROM (VALUES ('{}', 'MJ733'), ('{"error": ""}', 'MJ733'), ('{"error": 5}', 'MJ733'), ('[]', 'MJ010'), ('x', 'MJ002')) v (t, w)
 CROSS JOIN LATERAL pg_temp.failure(format('SELECT mjc.client_error_store(%L, now())', t)) f;
SELECT throws_ok('SELECT mjc.client_error_store(NULL, now())', 'MJ003', NULL, 'no document');
INSERT INTO mjc.client_error (fingerprint, message, seen, first_at, last_at) SELECT gen_random_uuid(), 'made up', 1, pg_temp.noon(), pg_temp.noon() FROM generate_series(1, 10000);
SELECT mjc.client_error_store(format('{"error": "zz invented %s"}', w), pg_temp.noon()) FROM unnest('{a,b}'::text[]) w \g /dev/null
SELECT results_eq($$SELECT message, seen FROM mjc.client_error WHERE fingerprint = '00000000-0000-0000-0000-000000000000'$$, $$VALUES ('others', 2::bigint)$$, 'beyond ten thousand they are counted as one');
SELECT mjc.client_error_store('{"error": "zz objet"}', pg_temp.noon()) \g /dev/null
SELECT is((SELECT count(*) FROM mjc.client_error WHERE message ~ '^zz invented'), 0::bigint, 'and not kept');
DELETE FROM mjc.client_error WHERE message = 'made up';

-- Who: the token's customer, while it holds
SELECT mjc.account_register('event@example.test', '$2b$12$' || repeat('c', 53), '{"firstName": "Lina", "lastName": "Test"}') AS her \gset
SELECT pg_temp.make_admin('event-admin@example.test') AS admin \gset
SELECT mjc_api.event_ingest(:'her', 0, gen_random_uuid(), '203.0.113.5', pg_temp.browser(), jsonb_build_object('events', jsonb_build_array(pg_temp.view(30, '/mine', NULL)))::text) \g /dev/null
SELECT is((SELECT customer_id::text FROM mjc.event WHERE session_id = pg_temp.sid(30)::uuid), :'her', 'the customer of the token');
SELECT is((SELECT customer_id::text FROM mjc.visit WHERE session_id = pg_temp.sid(30)::uuid), :'her', 'also of the visit');
SELECT is(mjc.event_customer(a, v, t), w::uuid, d)
  FROM (VALUES (:'her'::uuid, 0, gen_random_uuid(), :'her', 'a customer'), (:'her'::uuid, 1, gen_random_uuid(), NULL, 'an older token'), (:'admin'::uuid, 0, gen_random_uuid(), NULL, 'staff'), (gen_random_uuid(), 0, gen_random_uuid(), NULL, 'nobody'),
               (NULL, NULL, NULL, NULL, 'no token'), (:'her'::uuid, NULL, NULL, NULL, 'half a token')) v (a, v, t, w, d);
SELECT pg_temp.send_text(jsonb_build_object('events', jsonb_build_array(pg_temp.view(31)))::text) \g /dev/null
SELECT pg_temp.send_text(jsonb_build_object('events', jsonb_build_array(pg_temp.view(31, '/in')))::text, :'her') \g /dev/null
SELECT pg_temp.send_text(jsonb_build_object('events', jsonb_build_array(pg_temp.view(31, '/out')))::text) \g /dev/null
SELECT results_eq(format($$SELECT path, customer_id IS NOT NULL FROM mjc.event WHERE session_id = %L ORDER BY path$$, pg_temp.sid(31)), $$VALUES ('/fr', false), ('/in', true), ('/out', false)$$, 'an event is hers while she is signed in');
SELECT is((SELECT customer_id::text FROM mjc.visit WHERE session_id = pg_temp.sid(31)::uuid), :'her', 'and the visit becomes hers');
SELECT is(jsonb_array_length(mjc.person_export(:'her') -> 'visits'), 2, 'she is told of her visits');
SELECT is(jsonb_path_query_array(mjc.person_export(:'her'), '$.visits[*].events[*].path') @> '["/mine", "/in"]', true, 'and of what she did');
SELECT mjc.customer_erase(:'her') \g /dev/null
SELECT is((SELECT count(*) FROM mjc.event WHERE customer_id = :'her') + (SELECT count(*) FROM mjc.visit WHERE customer_id = :'her'), 0::bigint, 'who is erased did nothing');
SELECT results_eq(format($$SELECT count(*), count(address), count(city) FROM mjc.visit WHERE session_id IN (%L, %L)$$, pg_temp.sid(30), pg_temp.sid(31)), 'VALUES (2::bigint, 0::bigint, 0::bigint)', 'visits stay as figures');
SELECT is(mjc.event_customer(:'her', 0, gen_random_uuid()), NULL, 'nor does an old token make her somebody');

-- The promise is watched
DELETE FROM mjc.visit WHERE session_id = pg_temp.sid(2)::uuid;
SELECT results_eq('SELECT rule, subject FROM mjc.check_invariants()', format($$VALUES ('event_has_visit', 'session %s')$$, pg_temp.sid(2)), 'an event without its visit is found');
SELECT is((SELECT count(*) FROM mjc.check_invariants('2026-11-29 12:00:01+00')), 0::bigint, 'of what came since, when asked for that');
SELECT is((SELECT count(*) FROM mjc.check_invariants('2026-11-29 11:59:00+00')), 1::bigint, 'or earlier');
SELECT pg_temp.send(pg_temp.view(2, '/back')) \g /dev/null

-- Months of the shop
SELECT is(mjc.partition_month(t), m::date, t || ' lies in ' || m)
  FROM (VALUES (timestamptz '2026-11-30 22:59:59.999999+00', '2026-11-01'), ('2026-11-30 23:00+00', '2026-12-01'), ('2027-12-31 23:00+00', '2028-01-01'), ('2028-02-29 12:00+00', '2028-02-01'), ('2028-02-29 23:00+00', '2028-03-01')) v (t, m);
SELECT is(mjc.partition_name('event', '2028-02-29'), 'event_2028_02', 'a name');
SELECT throws_ok(format('SELECT mjc.partition_name(%L, %L)', t, m), e, NULL, format('no partition of %s for %s', t, m))
  FROM (VALUES ('event', NULL, 'MJ006'), ('event', 'infinity', 'MJ006'), ('event', '1999-12-31', 'MJ006'), ('order', '2026-01-01', 'MJ010'), (NULL, '2026-01-01', 'MJ010'), ('event; DROP TABLE x', '2026-01-01', 'MJ010')) v (t, m, e);
SELECT throws_ok('SELECT mjc.partition_make(NULL, NULL)', 'MJ010', NULL, 'nor of nothing');
CREATE FUNCTION pg_temp.parts(parent text) RETURNS SETOF text
    LANGUAGE sql
    AS $$ SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = ('mjc.' || parent)::regclass $$;
SELECT set_has($$SELECT pg_temp.parts('event')$$, format($$SELECT format('mjc.event_%%s', to_char(mjc.algiers_date(now()) - (extract(day FROM mjc.algiers_date(now()))::integer - 1) + make_interval(months => n), 'YYYY_MM')) FROM generate_series(0, 2) n$$), 'installed with this month and the next two');
SELECT is(mjc.partition_ahead('2030-12-31 23:30+00'), 6::bigint, 'three months of two tables are made ahead');
SELECT set_has($$SELECT pg_temp.parts(p) FROM unnest(ARRAY['event', 'web_vital']) p$$, $$SELECT format('mjc.%s_%s', p, m) FROM unnest(ARRAY['event', 'web_vital']) p, unnest('{2031_01,2031_02,2031_03}'::text[]) m$$, 'over the end of a year');
SELECT is(mjc.partition_ahead('2031-01-15 00:00+00'), 0::bigint, 'once');
SELECT is(mjc.partition_make('event', '2032-02-29'), true, 'a leap day');
SELECT is((SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE oid = 'mjc.event_2032_02'::regclass),
          $$FOR VALUES FROM ('2032-01-31 23:00:00+00') TO ('2032-02-29 23:00:00+00')$$, 'lies in a February of 29 days of the shop');
SELECT is(pg_temp.told(pg_temp.send_text(jsonb_build_object('events', jsonb_build_array(pg_temp.view(40, '/feb', '2032-02-29T22:59:59.999Z'), pg_temp.view(40, '/mar', '2032-02-29T23:00:00.000Z')))::text, at => '2032-03-01 00:00+00')), '2 0', 'an event whose month is not there makes it');
SELECT results_eq(format($$SELECT path, tableoid::regclass::text FROM mjc.event WHERE session_id = %L ORDER BY path$$, pg_temp.sid(40)), $$VALUES ('/feb', 'mjc.event_2032_02'), ('/mar', 'mjc.event_2032_03')$$, 'each lies in its month');
SELECT is(mjc.vital_store(NULL, NULL, '{"name": "LCP", "value": 1, "timestamp": "2040-05-05T10:00:00Z"}', '2040-05-05 10:00+00') ->> 'metricsProcessed', '1', 'so does a measurement');
SELECT is(has_table_privilege('mjc_admin', 'mjc.event_2032_02', 'SELECT, INSERT') OR has_table_privilege('public', 'mjc.event_2032_02', 'SELECT'), false, 'nobody reads a partition past its table');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');

-- Kept for so many months
SELECT mjc.partition_make(p, m::date) FROM unnest(ARRAY['event', 'web_vital']) p, unnest('{2024-09-01,2024-10-01,2024-11-01}'::text[]) m \g /dev/null
SELECT pg_temp.send_text(jsonb_build_object('events', jsonb_build_array(pg_temp.view(50, '/sep', '2024-09-30T22:59:59Z'), pg_temp.item('experiment', jsonb_build_object('sessionId', pg_temp.sid(50), 'experiment', 'e', 'variant', 'a'), '2024-09-30T22:59:59Z'), pg_temp.view(51, '/oct', '2024-09-30T23:00:00Z'),
    pg_temp.item('experiment', jsonb_build_object('sessionId', pg_temp.sid(51), 'experiment', 'e', 'variant', 'a'), '2024-09-30T23:00:00Z'), pg_temp.view(52, '/sep', '2024-09-30T22:00:00Z'), pg_temp.view(52, '/oct', '2024-10-01T10:00:00Z')))::text, at => '2024-10-01 12:00+00') \g /dev/null
SELECT mjc.client_error_store(format('{"error": "zz %s"}', m), t) FROM (VALUES ('alt', timestamptz '2024-09-30 22:59:59+00'), ('neu', '2024-09-30 23:00+00')) v (m, t) \g /dev/null
UPDATE mjc.setting SET integer_value = 25 WHERE name = 'analytics_retention_months';
SELECT is(mjc.event_purge(500, '2026-10-31 22:59:59+00'), 0::bigint, 'in October everything since September 2024 stays');
SELECT cmp_ok(mjc.event_purge(500, '2026-10-31 23:00:00+00'), '>=', 5::bigint, 'when November begins in the shop, September 2024 goes');
SELECT is(to_regclass('mjc.event_2024_09') IS NULL AND to_regclass('mjc.web_vital_2024_09') IS NULL AND to_regclass('mjc.event_2024_10') IS NOT NULL, true, 'its partitions');
SELECT results_eq(format($$SELECT session_id::text FROM mjc.visit WHERE session_id IN (%L, %L, %L) ORDER BY 1$$, pg_temp.sid(50), pg_temp.sid(51), pg_temp.sid(52)), format('VALUES (%L), (%L)', pg_temp.sid(51), pg_temp.sid(52)), 'its visits, but for one of which an event is left');
SELECT is((SELECT string_agg(right(session_id::text, 2), ' ' ORDER BY session_id) FROM mjc.exposure WHERE session_id IN (pg_temp.sid(50)::uuid, pg_temp.sid(51)::uuid)), '51', 'its exposures');
SELECT is((SELECT string_agg(message, ' ' ORDER BY message) FROM mjc.client_error WHERE message IN ('zz alt', 'zz neu')), 'zz neu', 'its errors');
SELECT is(mjc.event_purge(500, '2026-10-31 23:00:00+00'), 0::bigint, 'and no more');
UPDATE mjc.setting SET integer_value = 26 WHERE name = 'analytics_retention_months';
SELECT is(mjc.event_purge(500, '2026-12-01 00:00:00+00'), 0::bigint, 'the setting decides');
UPDATE mjc.setting SET integer_value = 1 WHERE name = 'analytics_retention_months';
SELECT cmp_ok(mjc.event_purge(1, '2026-12-01 00:00:00+00'), '>=', 3::bigint, 'one partition of each table and one row of each kind a call');
SELECT is(to_regclass('mjc.event_2024_10') IS NULL AND to_regclass('mjc.event_2024_11') IS NOT NULL, true, 'the oldest first');
SELECT is(current_setting('lock_timeout'), '0', 'the patience of the session is as before');
SELECT is(mjc.partition_drop('event', NULL), false, 'nothing is dropped before no day');
CREATE TABLE mjc.event_older PARTITION OF mjc.event FOR VALUES FROM ('2001-01-01') TO ('2001-02-01');
SELECT isnt(mjc.partition_oldest('event'), '2001-01-01', 'a partition of the owner''s is his to drop');

-- Reports
SELECT set_eq($$SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = 'mjc_report.visit'::regclass AND a.attnum > 0$$,
    ARRAY['session_id', 'started_at', 'day', 'signed_in', 'device', 'browser', 'os', 'country', 'landing_path', 'source', 'medium', 'campaign', 'term', 'content', 'is_bot'], 'the report of visits names nobody and no place');
SELECT is_empty($$SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 WHERE c.relnamespace = 'mjc_report'::regnamespace
                   AND c.relname IN ('event', 'visit', 'web_vital', 'client_error', 'exposure') AND (col_description(c.oid, a.attnum) IS NULL OR a.attname = 'customer_id')$$, 'every column of these reports is explained, none is a customer');
SELECT results_eq(format($$SELECT day, kind, sku, value_dzd, qty, query, signed_in, is_bot FROM mjc_report.event WHERE session_id = %L AND kind IN ('add_to_cart', 'search') ORDER BY kind$$, pg_temp.sid(1)),
    $$VALUES (date '2026-11-29', 'add_to_cart', NULL::text, 2501.00, 2, NULL::text, false, false), ('2026-11-29', 'search', NULL, NULL, NULL, 'brûleur', false, false)$$, 'events in dinars');
SELECT results_eq(format($$SELECT metric, value FROM mjc_report.web_vital WHERE session_id = %L ORDER BY metric$$, pg_temp.sid(1)), $$VALUES ('CLS', 0.062), ('LCP', 1834.500), ('TTFB', 900.000)$$, 'measurements in milliseconds');
SELECT is((SELECT variant FROM mjc_report.exposure WHERE session_id = pg_temp.sid(1)::uuid), 'vert', 'exposures');
SELECT is((SELECT seen FROM mjc_report.client_error WHERE message LIKE 'TypeError: item%'), 3::bigint, 'errors');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');

SELECT * FROM finish();
ROLLBACK;
