-- figure: technical figures that shims tell: each span once, folded by the hour, read as report.
BEGIN;
SELECT plan(39);
\ir fixture.psql
DELETE FROM mjc.http_figure;
DELETE FROM mjc.cache_figure;

CREATE FUNCTION pg_temp.shim(n integer) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$ SELECT ('00000000-0000-4000-c000-' || lpad(n::text, 12, '0'))::uuid $$;
-- One route: requests by the limits 10 ms, 100 ms and above.
CREATE FUNCTION pg_temp.route(route text, bucket integer[], refused integer DEFAULT 0, failed integer DEFAULT 0, not_modified integer DEFAULT 0, total_us bigint DEFAULT 1000, cached integer DEFAULT 0) RETURNS jsonb
    LANGUAGE sql IMMUTABLE
    AS $$ SELECT jsonb_build_object('route', route, 'requests', (SELECT sum(b) FROM unnest(bucket) b), 'refused', refused, 'failed', failed, 'not_modified', not_modified, 'cached', cached, 'total_us', total_us, 'bucket', to_jsonb(bucket)) $$;
CREATE FUNCTION pg_temp.tell(n integer, at timestamptz, VARIADIC routes jsonb[]) RETURNS void
    LANGUAGE sql
    AS $$ SELECT mjc_api.http_figures(pg_temp.shim(n), extract(epoch FROM at)::bigint, jsonb_build_object('limits', '[10000, 100000]'::jsonb, 'routes', to_jsonb(routes))) $$;
CREATE FUNCTION pg_temp.sums() RETURNS SETOF text LANGUAGE sql
    AS $$ SELECT format('%s %s %s %s %s %s', route, sum(requests), sum(refused), sum(failed), sum(not_modified), sum(total_us)) FROM mjc_report.http_figure GROUP BY route ORDER BY route COLLATE "C" $$;

-- The limit that a share does not pass
SELECT is(mjc.bucket_limit('{5,3,2}', '{10,100}', s), w, 'share ' || s)
  FROM (VALUES (0.0, 10::bigint), (0.5, 10), (0.51, 100), (0.8, 100), (0.81, NULL), (1.0, NULL)) v (s, w);
SELECT is(mjc.bucket_limit('{0,0,0}', '{10,100}', 0.5), 10::bigint, 'of nothing the first');
SELECT is(mjc.bucket_limit(NULL, '{10,100}', 0.5), NULL, 'no buckets');
SELECT is(mjc.bucket_limit('{1,1}', NULL, 0.5), NULL, 'no limits');
SELECT is(mjc.bucket_limit('{1,1}', '{10}', NULL), NULL, 'no share');

-- A span told again counts once, with the newer word
SELECT pg_temp.tell(1, '2024-03-01 10:00:05+01', pg_temp.route('GET /a', '{8,1,1}', 2, 1, 3, 50000)) \g /dev/null
SELECT results_eq('SELECT pg_temp.sums()', $$VALUES ('GET /a 10 2 1 3 50000')$$, 'told');
SELECT pg_temp.tell(1, '2024-03-01 10:00:05+01', pg_temp.route('GET /a', '{8,1,1}', 2, 1, 3, 50000)) \g /dev/null
SELECT results_eq('SELECT pg_temp.sums()', $$VALUES ('GET /a 10 2 1 3 50000')$$, 'told again: once');
SELECT pg_temp.tell(1, '2024-03-01 10:00:05+01', pg_temp.route('GET /a', '{8,2,2}', 3, 1, 3, 70000, 7), pg_temp.route('GET /b', '{1,0,0}')) \g /dev/null
SELECT results_eq('SELECT pg_temp.sums()', $$VALUES ('GET /a 12 3 1 3 70000'), ('GET /b 1 0 0 0 1000')$$, 'with what came meanwhile');
SELECT pg_temp.tell(1, '2024-03-01 10:01:05+01', pg_temp.route('GET /a', '{1,0,0}')) \g /dev/null
SELECT pg_temp.tell(2, '2024-03-01 10:00:05+01', pg_temp.route('GET /a', '{0,0,1}', 0, 1)) \g /dev/null
SELECT results_eq('SELECT pg_temp.sums()', $$VALUES ('GET /a 14 3 2 3 72000'), ('GET /b 1 0 0 0 1000')$$, 'another span and another shim add');
SELECT is((SELECT mean_ms FROM mjc_report.http_figure WHERE shim_id = pg_temp.shim(1) AND route = 'GET /a' AND until_at > at ORDER BY at LIMIT 1), round(70000 / 1000.0 / 12, 3), 'the mean of one');
SELECT lives_ok($$SELECT mjc_api.http_figures(pg_temp.shim(3), 1, '{"limits": [1], "routes": []}')$$, 'nothing was asked');
SELECT throws_ok($$SELECT mjc_api.http_figures(NULL, 1, '{"limits": [1], "routes": [{"route": "GET /x", "requests": 1, "refused": 0, "failed": 0, "not_modified": 0, "cached": 0, "total_us": 1, "bucket": [1, 0]}]}')$$, '23502', NULL, 'no shim, no figures');
SELECT throws_ok($$SELECT mjc_api.http_figures(pg_temp.shim(3), 1, '{"limits": [1], "routes": [{"route": "GET /x", "requests": 1, "refused": 0, "failed": 0, "not_modified": 0, "cached": 0, "total_us": 1, "bucket": [1]}]}')$$, '23514', NULL, 'a histogram has one bucket more than limits');
SELECT throws_ok($$SELECT mjc_api.http_figures(pg_temp.shim(3), 1, '{"limits": [1], "routes": [{"route": "GET /x", "requests": 1, "refused": 1, "failed": 1, "not_modified": 0, "cached": 0, "total_us": 1, "bucket": [1, 0]}]}')$$, '23514', NULL, 'an answer is of one kind');

-- The report
SELECT results_eq($$SELECT route, requests, refused_pct, failed_pct, not_modified_pct, cached_pct, mean_ms, p50_ms, p95_ms, p99_ms FROM mjc_report.response_times('2024-03-01', '2024-03-01')$$,
    $$VALUES ('GET /a', 14::bigint, round(300 / 14.0, 2), round(200 / 14.0, 2), round(300 / 14.0, 2), round(700 / 14.0, 2), round(72 / 14.0, 3), 10.0::numeric, NULL::numeric, NULL::numeric), ('GET /b', 1, 0.00, 0.00, 0.00, 0.00, 1.000, 10.0, 10.0, 10.0)$$,
    'by route: 9 of 14 within 10 ms, 11 within 100 ms, 3 above');
SELECT is_empty($$SELECT * FROM mjc_report.response_times('2024-02-29', '2024-02-29')$$, 'a day without requests has none');
SELECT pg_temp.tell(4, '2024-03-02 00:00:00+01', pg_temp.route('GET /c', '{1,0,0}')) \g /dev/null
SELECT pg_temp.tell(4, '2024-03-01 23:59:59+01', pg_temp.route('GET /d', '{1,0,0}')) \g /dev/null
SELECT set_eq($$SELECT route FROM mjc_report.response_times('2024-03-01', '2024-03-01')$$, $$VALUES ('GET /a'), ('GET /b'), ('GET /d')$$, 'a day ends at midnight in Algiers');
SELECT is((pg_temp.failure(format('SELECT * FROM mjc_report.%s(%L, %L)', f, a, b))).code, c, format('%s %s %s', f, a, b))
  FROM (VALUES ('response_times'), ('cache_hits')) r (f) CROSS JOIN (VALUES ('2024-01-02', '2024-01-01', 'MJ741'), (NULL, '2024-01-01', 'MJ003'), ('2010-01-01', '2024-01-01', 'MJ742'), ('300000-01-01', '300000-01-01', 'MJ006')) v (a, b, c);

-- Folding
CREATE TEMP TABLE before AS SELECT * FROM mjc_report.response_times('2024-03-01', '2024-03-02');
SELECT pg_temp.tell(5, '2024-03-09 10:00:01+01', pg_temp.route('GET /a', '{1,0,0}')) \g /dev/null
SELECT cmp_ok(mjc.http_fold('2024-03-10'), '>', 0::bigint, 'an hour is folded at a time');
SELECT sum(mjc.http_fold('2024-03-10')) FROM generate_series(1, 5) \g /dev/null
SELECT is(mjc.http_fold('2024-03-10'), 0::bigint, 'until nothing is left');
SELECT is((SELECT count(*) FROM mjc.http_figure WHERE at < '2024-03-03' AND at > date_trunc('hour', at)), 0::bigint, 'old rows are of hours');
SELECT is((SELECT count(*) FROM mjc.http_figure WHERE shim_id = pg_temp.shim(5)), 1::bigint, 'new ones stay as they are');
SELECT set_eq($$SELECT * FROM mjc_report.response_times('2024-03-01', '2024-03-02')$$, 'SELECT * FROM before', 'and tell the same');
INSERT INTO mjc.http_figure (at, shim_id, route, until_at, requests, refused, failed, not_modified, cached, total_us, limit_us, bucket) SELECT timestamptz '2024-03-10' - interval '401 days', shim_id, route, until_at, requests, refused, failed, not_modified, cached, total_us, limit_us, bucket FROM mjc.http_figure WHERE shim_id = pg_temp.shim(5);
SELECT cmp_ok(mjc.http_fold('2024-03-10'), '>', 0::bigint, 'what is older than 400 days');
SELECT is((SELECT count(*) FROM mjc.http_figure WHERE at < timestamptz '2024-03-10' - interval '400 days' AND shim_id = pg_temp.shim(5)), 0::bigint, 'is forgotten');

-- The cache
DELETE FROM mjc.cache_figure;
INSERT INTO mjc.cache_figure (at, shim_id, blocks_hit, blocks_read)
VALUES ('2024-03-01 10:00+01', pg_temp.shim(1), 1000, 100), ('2024-03-01 10:01+01', pg_temp.shim(1), 1900, 200), ('2024-03-01 10:02+01', pg_temp.shim(2), 50, 5), ('2024-03-01 10:03+01', pg_temp.shim(2), 150, 5);
SELECT results_eq($$SELECT * FROM mjc_report.cache_hits('2024-03-01', '2024-03-01')$$, $$VALUES (date '2024-03-01', 1000::bigint, 100::bigint, round(100000 / 1100.0, 2))$$, 'what came between two looks; counters that begin again are no step back');
SELECT is_empty($$SELECT * FROM mjc_report.cache_hits('2024-02-01', '2024-02-01')$$, 'nothing was looked at');

SELECT * FROM finish();
ROLLBACK;
