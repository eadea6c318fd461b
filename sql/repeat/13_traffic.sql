-- What visitors of the pages did, as figures: of people alone (bots are left out), by days of
-- the shop. They run with the rights of who asks, over mjc_report.event and mjc_report.visit.

CREATE OR REPLACE FUNCTION mjc_report.traffic_sources(from_on date, until_on date)
    RETURNS TABLE (source text, medium text, visits bigint, share_pct numeric, bounce_pct numeric)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    span record := mjc.report_span(from_on, until_on);
BEGIN
    RETURN QUERY
    WITH did AS (
        SELECT e.session_id, count(*) FILTER (WHERE e.kind = 'page_view') AS pages,
               count(*) FILTER (WHERE e.kind NOT IN ('page_view', 'page_duration')) AS acts
          FROM mjc_report.event e
         WHERE e.at >= span.start_at AND e.at < span.end_at + interval '1 day' AND NOT e.is_bot
         GROUP BY e.session_id)
    SELECT coalesce(v.source, 'unknown'), coalesce(v.medium, 'unknown'), count(*), round(count(*) * 100.0 / sum(count(*)) OVER (), 2),
           round(count(*) FILTER (WHERE coalesce(d.pages, 0) <= 1 AND coalesce(d.acts, 0) = 0) * 100.0 / count(*), 2)
      FROM mjc_report.visit v
      LEFT JOIN did d ON d.session_id = v.session_id
     WHERE v.started_at >= span.start_at AND v.started_at < span.end_at AND NOT v.is_bot
     GROUP BY 1, 2
     ORDER BY 3 DESC, 1, 2;
END
$$;
COMMENT ON FUNCTION mjc_report.traffic_sources(date, date) IS
    'Visits that began on these days by where they came from: number, share of all in per cent, and how many of them, in per cent, looked at one page at most and did nothing else (bounced). Errors: MJ003, MJ006, MJ741, MJ742';

-- Who did a later step did the ones before it, whether the page told or not: cards of a list put
-- into the cart without a look at the product. Orders are those of the shop, not what pages tell.
CREATE OR REPLACE FUNCTION mjc_report.conversion_funnel(from_on date, until_on date)
    RETURNS TABLE (step integer, name text, reached bigint, of_first_pct numeric, dropoff_pct numeric)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    span record := mjc.report_span(from_on, until_on);
BEGIN
    RETURN QUERY
    WITH furthest AS (
        SELECT max(mjc.event_stage(e.kind, e.path, e.product_id)) AS stage
          FROM mjc_report.event e
         WHERE e.at >= span.start_at AND e.at < span.end_at AND NOT e.is_bot AND e.kind IN ('view_item', 'page_view', 'add_to_cart', 'begin_checkout')
         GROUP BY e.session_id),
    counted AS (
        SELECT count(*) FILTER (WHERE f.stage >= 1) AS a, count(*) FILTER (WHERE f.stage >= 2) AS b, count(*) FILTER (WHERE f.stage >= 3) AS c FROM furthest f),
    sold AS (
        SELECT coalesce(sum(s.orders), 0)::bigint AS d FROM mjc_report.sales s
         WHERE s.dim = 'channel' AND s.key = 'web' AND s.on_day BETWEEN from_on AND until_on),
    steps AS (
        SELECT x.n, x.label, x.reached, lag(x.reached) OVER (ORDER BY x.n) AS before, first_value(x.reached) OVER (ORDER BY x.n) AS first
          FROM counted k CROSS JOIN sold o
         CROSS JOIN LATERAL (VALUES (1, 'Product Views', k.a), (2, 'Add to Cart', k.b), (3, 'Begin Checkout', k.c), (4, 'Complete Purchase', o.d)) x (n, label, reached))
    SELECT t.n, t.label, t.reached, round(t.reached * 100.0 / nullif(t.first, 0), 2), round(greatest(t.before - t.reached, 0) * 100.0 / nullif(t.before, 0), 2)
      FROM steps t ORDER BY t.n;
END
$$;
COMMENT ON FUNCTION mjc_report.conversion_funnel(date, date) IS
    'Visits of these days that looked at a product, put one into the cart, began to check out, and the orders of the web that were placed then and not cancelled: number, per cent of the first step, and per cent that the step before lost. Who did a later step counts in those before it. NULL per cent: nobody in the step it is of. Errors: MJ003, MJ006, MJ741, MJ742';

CREATE OR REPLACE FUNCTION mjc_report.pages(from_on date, until_on date, most integer DEFAULT 100)
    RETURNS TABLE (path text, views bigint, visits bigint, average_seconds numeric)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    span record := mjc.report_span(from_on, until_on);
BEGIN
    IF most IS NULL OR most NOT BETWEEN 1 AND 10000 THEN
        PERFORM mjc.raise(CASE WHEN most IS NULL THEN 'ARGUMENT_MISSING' ELSE 'ARGUMENT_RANGE' END, 'argument', 'most');
    END IF;
    RETURN QUERY
    SELECT e.path, count(*) FILTER (WHERE e.kind = 'page_view'), count(DISTINCT e.session_id) FILTER (WHERE e.kind = 'page_view'),
           round(avg(e.duration_ms) FILTER (WHERE e.kind = 'page_duration') / 1000.0, 1)
      FROM mjc_report.event e
     WHERE e.at >= span.start_at AND e.at < span.end_at AND NOT e.is_bot AND e.kind IN ('page_view', 'page_duration') AND e.path IS NOT NULL
     GROUP BY e.path
    HAVING count(*) FILTER (WHERE e.kind = 'page_view') > 0
     ORDER BY 2 DESC, 1
     LIMIT most;
END
$$;
COMMENT ON FUNCTION mjc_report.pages(date, date, integer) IS
    'The pages that were seen most on these days, 100 unless told (1 to 10000): views, visits, and the average time on them in seconds, NULL when none was told. Errors: MJ003, MJ006, MJ741, MJ742';

-- The extensions that estimate are named where they are (~ is their schema): no setting may change in
-- a plan that runs in parallel.
CREATE OR REPLACE FUNCTION mjc_report.visit_count(from_on date, until_on date, OUT visits bigint, OUT is_estimate boolean)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    span record := mjc.report_span(from_on, until_on);
    place text := (SELECT e.in_schema FROM mjc.estimators() e WHERE e.estimator = 'hll');
BEGIN
    is_estimate := place IS NOT NULL;
    IF NOT is_estimate THEN
        visits := (SELECT count(*) FROM (SELECT DISTINCT e.session_id FROM mjc_report.event e WHERE e.at >= span.start_at AND e.at < span.end_at AND NOT e.is_bot) d);
        RETURN;
    END IF;
    EXECUTE replace(
        'SELECT coalesce(round(~hll_cardinality(~hll_add_agg(~hll_hash_bytea(uuid_send(e.session_id))))), 0)::bigint
           FROM mjc_report.event e WHERE e.at >= $1 AND e.at < $2 AND NOT e.is_bot', '~', place || '.') INTO visits USING span.start_at, span.end_at;
END
$$;
COMMENT ON FUNCTION mjc_report.visit_count(date, date) IS
    'Visits that did something on these days: exactly, or about (2 %) where the extension hll is installed, which is_estimate tells. Errors: MJ003, MJ006, MJ741, MJ742';

CREATE OR REPLACE FUNCTION mjc_report.page_speed(from_on date, until_on date)
    RETURNS TABLE (metric text, measured bigint, p50 numeric, p75 numeric, p95 numeric, is_estimate boolean)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    span record := mjc.report_span(from_on, until_on);
    place text := (SELECT e.in_schema FROM mjc.estimators() e WHERE e.estimator = 'tdigest');
BEGIN
    IF place IS NULL THEN
        RETURN QUERY
        SELECT p.metric, p.n, p.at[1], p.at[2], p.at[3], false
          FROM (SELECT x.metric, count(*) AS n, percentile_disc(ARRAY[0.5, 0.75, 0.95]) WITHIN GROUP (ORDER BY x.value) AS at
                  FROM mjc_report.web_vital x
                 WHERE x.at >= span.start_at AND x.at < span.end_at AND NOT x.is_bot
                 GROUP BY x.metric) p
         ORDER BY p.metric;
        RETURN;
    END IF;
    RETURN QUERY EXECUTE replace(
        'SELECT p.metric, p.n, round(p.at[1]::numeric, 3), round(p.at[2]::numeric, 3), round(p.at[3]::numeric, 3), true
           FROM (SELECT x.metric, count(*) AS n, ~tdigest_percentile(x.value::double precision, 100, ARRAY[0.5, 0.75, 0.95]::double precision[]) AS at
                   FROM mjc_report.web_vital x WHERE x.at >= $1 AND x.at < $2 AND NOT x.is_bot GROUP BY x.metric) p
          ORDER BY p.metric', '~', place || '.') USING span.start_at, span.end_at;
END
$$;
COMMENT ON FUNCTION mjc_report.page_speed(date, date) IS
    'How fast pages were for visitors on these days, by metric (milliseconds; CLS has no unit): how often it was measured, the median, and what 75 and 95 per cent stayed within; exactly, or about where the extension tdigest is installed, which is_estimate tells. Errors: MJ003, MJ006, MJ741, MJ742';

CREATE OR REPLACE FUNCTION mjc_report.experiment_result(experiment text, from_on date, until_on date)
    RETURNS TABLE (variant text, visits bigint, cart_visits bigint, checkout_visits bigint, cart_pct numeric, checkout_pct numeric)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    span record := mjc.report_span(from_on, until_on);
BEGIN
    IF experiment IS NULL THEN
        PERFORM mjc.raise('ARGUMENT_MISSING', 'argument', 'experiment');
    END IF;
    RETURN QUERY
    -- Materialized: the step of a visit is looked for once, not once for every figure.
    WITH shown AS MATERIALIZED (
        SELECT x.variant, (SELECT max(mjc.event_stage(e.kind, e.path, e.product_id)) FROM mjc_report.event e
                            WHERE e.session_id = x.session_id AND e.at >= x.at) AS stage
          FROM mjc_report.exposure x
         WHERE x.experiment = experiment_result.experiment AND x.at >= span.start_at AND x.at < span.end_at AND NOT x.is_bot)
    SELECT d.variant, count(*), count(*) FILTER (WHERE d.stage >= 2), count(*) FILTER (WHERE d.stage >= 3),
           round(count(*) FILTER (WHERE d.stage >= 2) * 100.0 / count(*), 2), round(count(*) FILTER (WHERE d.stage >= 3) * 100.0 / count(*), 2)
      FROM shown d
     GROUP BY d.variant
     ORDER BY d.variant;
END
$$;
COMMENT ON FUNCTION mjc_report.experiment_result(text, date, date) IS
    'Of visits that were shown a variant of an experiment on these days: how many put something into the cart afterwards, or began to check out, also in per cent. Errors: MJ003, MJ006, MJ741, MJ742';
