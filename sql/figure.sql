-- figure: technical figures of the shim, kept so that people and reporting tools read them with
-- the others (mjc_report.response_times, mjc_report.http_figure, mjc_report.cache_figure).

-- The shim tells all that it counted since an instant, again and again with the same instant until
-- it hears that it was stored: the newest word of a span replaces the one before.
CREATE FUNCTION mjc_api.http_figures(shim_id uuid, since_s bigint, figures jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    since timestamptz := to_timestamp(since_s);
BEGIN
    PERFORM mjc.check_schema();
    INSERT INTO mjc.http_figure AS f (at, shim_id, route, until_at, requests, refused, failed, not_modified, cached, total_us, limit_us, bucket)
    SELECT since, http_figures.shim_id, r.route, greatest(clock_timestamp(), since), r.requests, r.refused, r.failed, r.not_modified, r.cached, r.total_us, l.limit_us, r.bucket
      FROM jsonb_to_recordset(figures -> 'routes') r (route text, requests bigint, refused bigint, failed bigint, not_modified bigint, cached bigint, total_us bigint, bucket bigint[])
     CROSS JOIN (SELECT array_agg(x.us::bigint ORDER BY x.n) AS limit_us FROM jsonb_array_elements_text(figures -> 'limits') WITH ORDINALITY x (us, n)) l
     ORDER BY r.route
    ON CONFLICT ON CONSTRAINT http_figure_pkey DO UPDATE
       SET until_at = EXCLUDED.until_at, requests = EXCLUDED.requests, refused = EXCLUDED.refused, failed = EXCLUDED.failed,
           not_modified = EXCLUDED.not_modified, cached = EXCLUDED.cached, total_us = EXCLUDED.total_us, bucket = EXCLUDED.bucket;
    INSERT INTO mjc.cache_figure (at, shim_id, blocks_hit, blocks_read)
    SELECT clock_timestamp(), http_figures.shim_id, d.blks_hit, d.blks_read FROM pg_stat_database d WHERE d.datname = current_database()
    ON CONFLICT ON CONSTRAINT cache_figure_pkey DO NOTHING;
END
$$;
COMMENT ON FUNCTION mjc_api.http_figures(uuid, bigint, jsonb) IS
    'What a shim counted since an instant (seconds of the epoch): {limits: [microseconds], routes: [{route, requests, refused, failed, not_modified, cached, total_us, bucket}]}; and the counters of PostgreSQL''s cache. Told again, the newer counts. Errors: MJ009';

CREATE FUNCTION mjc.bucket_limit(bucket bigint[], limits bigint[], share numeric) RETURNS bigint
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wanted numeric := share * (SELECT sum(n) FROM unnest(bucket) n);
    seen numeric := 0;
BEGIN
    FOR i IN 1 .. cardinality(limits) LOOP
        seen := seen + bucket[i];
        IF seen >= wanted THEN
            RETURN limits[i];
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION mjc.bucket_limit(bigint[], bigint[], numeric) IS
    'The limit that a share (0 to 1) of what buckets count does not pass; NULL when more of them lies above the last limit, or a value is missing';

CREATE FUNCTION mjc.http_fold(at timestamptz DEFAULT clock_timestamp()) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    border timestamptz := date_trunc('hour', http_fold.at - interval '3 days');
    first timestamptz;
    folded bigint;
    more bigint;
BEGIN
    -- An hour at a time: a row that spans less than one and is not the fold itself.
    SELECT min(f.at) INTO first FROM mjc.http_figure f WHERE f.at < border AND f.at > date_trunc('hour', f.at);
    first := date_trunc('hour', first);
    WITH gone AS (
        DELETE FROM mjc.http_figure f WHERE f.at >= first AND f.at < first + interval '1 hour' RETURNING f.*),
    summed AS (
        SELECT g.shim_id, g.route, g.limit_us, max(g.until_at) AS until_at, sum(g.requests)::bigint AS requests, sum(g.refused)::bigint AS refused,
               sum(g.failed)::bigint AS failed, sum(g.not_modified)::bigint AS not_modified, sum(g.cached)::bigint AS cached, sum(g.total_us)::bigint AS total_us, count(*) AS n
          FROM gone g GROUP BY g.shim_id, g.route, g.limit_us),
    kept AS (
        INSERT INTO mjc.http_figure (at, shim_id, route, until_at, requests, refused, failed, not_modified, cached, total_us, limit_us, bucket)
        SELECT first, s.shim_id, s.route, s.until_at, s.requests, s.refused, s.failed, s.not_modified, s.cached, s.total_us, s.limit_us,
               ARRAY(SELECT sum(b.n)::bigint FROM gone g CROSS JOIN unnest(g.bucket) WITH ORDINALITY b (n, place)
                      WHERE g.shim_id = s.shim_id AND g.route = s.route GROUP BY b.place ORDER BY b.place)
          FROM summed s)
    SELECT coalesce(sum(s.n), 0) INTO folded FROM summed s;
    DELETE FROM mjc.http_figure f WHERE f.at < http_fold.at - interval '400 days';
    GET DIAGNOSTICS more = ROW_COUNT;
    folded := folded + more;
    DELETE FROM mjc.cache_figure c WHERE c.at < http_fold.at - interval '400 days'
        OR c.at < border AND c.at > date_trunc('hour', c.at) + interval '2 minutes';
    RETURN folded;
END
$$;
COMMENT ON FUNCTION mjc.http_fold(timestamptz) IS
    'Folds technical figures older than three days by the hour, one hour a call, and forgets those older than 400 days. Run by a job';
