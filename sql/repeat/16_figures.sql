-- Technical figures: how fast and how well the shim answered. Definitions: doc/reports.md.

CREATE OR REPLACE VIEW mjc_report.http_figure AS
SELECT f.at, f.until_at, f.shim_id, f.route, f.requests, f.refused, f.failed, f.not_modified, f.cached, f.total_us, round(f.total_us / 1000.0 / f.requests, 3) AS mean_ms, f.limit_us, f.bucket
  FROM mjc.http_figure f;

CREATE OR REPLACE VIEW mjc_report.cache_figure AS
SELECT c.at, c.shim_id, c.blocks_hit, c.blocks_read FROM mjc.cache_figure c;

CREATE OR REPLACE FUNCTION mjc_report.response_times(from_on date, until_on date)
    RETURNS TABLE (route text, requests bigint, refused_pct numeric, failed_pct numeric, not_modified_pct numeric, cached_pct numeric, mean_ms numeric, p50_ms numeric, p95_ms numeric, p99_ms numeric)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    span record := mjc.report_span(from_on, until_on);
BEGIN
    RETURN QUERY
    WITH row AS MATERIALIZED (SELECT f.route, f.requests, f.refused, f.failed, f.not_modified, f.cached, f.total_us, f.limit_us, f.bucket FROM mjc_report.http_figure f WHERE f.at >= span.start_at AND f.at < span.end_at),
    total AS (SELECT r.route, sum(r.requests) AS n, sum(r.refused) AS refused, sum(r.failed) AS failed, sum(r.not_modified) AS not_modified, sum(r.cached) AS cached, sum(r.total_us) AS us FROM row r GROUP BY r.route),
    shape AS (
        SELECT b.route, b.limit_us, array_agg(b.n ORDER BY b.place) AS bucket
          FROM (SELECT r.route, r.limit_us, u.place, sum(u.n)::bigint AS n FROM row r CROSS JOIN unnest(r.bucket) WITH ORDINALITY u (n, place) GROUP BY r.route, r.limit_us, u.place) b
         GROUP BY b.route, b.limit_us)
    SELECT t.route, t.n::bigint, round(100 * t.refused / t.n, 2), round(100 * t.failed / t.n, 2), round(100 * t.not_modified / t.n, 2), round(100 * t.cached / t.n, 2), round(t.us / 1000 / t.n, 3),
           max(mjc.bucket_limit(s.bucket, s.limit_us, 0.50)) / 1000.0, max(mjc.bucket_limit(s.bucket, s.limit_us, 0.95)) / 1000.0, max(mjc.bucket_limit(s.bucket, s.limit_us, 0.99)) / 1000.0
      FROM total t JOIN shape s ON s.route = t.route
     GROUP BY t.route, t.n, t.refused, t.failed, t.not_modified, t.cached, t.us
     ORDER BY t.n DESC, t.route;
END
$$;
COMMENT ON FUNCTION mjc_report.response_times(date, date) IS
    'Requests that the shim answered on these days by route: how many; how many in per cent it refused (4xx), failed (5xx), answered by "you have it already" (304), answered from its cache; mean milliseconds, and the milliseconds that half, 95 % and 99 % of them did not pass (to the next limit of the histogram; NULL: above 5 seconds). Errors: MJ003, MJ006, MJ741, MJ742';

CREATE OR REPLACE FUNCTION mjc_report.cache_hits(from_on date, until_on date)
    RETURNS TABLE (day date, blocks_hit bigint, blocks_read bigint, hit_pct numeric)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    span record := mjc.report_span(from_on, until_on);
BEGIN
    RETURN QUERY
    WITH step AS (
        SELECT mjc.algiers_date(c.at) AS day, c.blocks_hit - lag(c.blocks_hit) OVER w AS hit, c.blocks_read - lag(c.blocks_read) OVER w AS read
          FROM mjc_report.cache_figure c WHERE c.at >= span.start_at AND c.at < span.end_at WINDOW w AS (ORDER BY c.at, c.shim_id))
    SELECT s.day, sum(s.hit)::bigint, sum(s.read)::bigint, round(100 * sum(s.hit) / nullif(sum(s.hit) + sum(s.read), 0), 2)
      FROM step s WHERE s.hit >= 0 AND s.read >= 0  -- counters begin again when PostgreSQL was not stopped in order
     GROUP BY s.day ORDER BY s.day;
END
$$;
COMMENT ON FUNCTION mjc_report.cache_hits(date, date) IS
    'Blocks (8 kB) of the database that PostgreSQL found in its own cache and that it had to read, by day, and the share found in per cent; NULL when nothing was asked for. Errors: MJ003, MJ006, MJ741, MJ742';
