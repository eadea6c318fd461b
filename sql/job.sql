-- job: the clockwork. mjc.housekeep takes due jobs one by one, skipping what
-- somebody else is running; each job does one small batch a call. Nothing is
-- incorrect when no job runs for a day. What a batch takes is read once, into an array: a plan
-- that reads it again for each row would skip what it has locked and take more than its limit.

CREATE FUNCTION mjc.idempotency_purge(batch integer DEFAULT 500) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    removed bigint;
    oldest timestamptz;
BEGIN
    PERFORM mjc.version();  -- loads the library, which defines the setting
    oldest := clock_timestamp() - make_interval(hours => current_setting('mjc.idempotency_ttl')::integer);
    DELETE FROM mjc.idempotency_key k
     WHERE k.key_hash = ANY (ARRAY(SELECT x.key_hash FROM mjc.idempotency_key x WHERE x.created_at < oldest
                           ORDER BY x.created_at LIMIT batch FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS removed = ROW_COUNT;
    RETURN removed;
END
$$;
COMMENT ON FUNCTION mjc.idempotency_purge(integer) IS
    'Forgets stored replies older than mjc.idempotency_ttl; returns their number. Run by a job';

CREATE FUNCTION mjc.session_purge(batch integer DEFAULT 500) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    removed bigint := 0;
    more bigint;
BEGIN
    -- An access token lives 8 hours at most; a session that ended is kept a while, so that
    -- its token is told from one that never was.
    DELETE FROM mjc.token_revoked t
     WHERE t.token_id = ANY (ARRAY(SELECT x.token_id FROM mjc.token_revoked x
                           WHERE x.revoked_at < clock_timestamp() - interval '10 days' LIMIT batch));
    GET DIAGNOSTICS removed = ROW_COUNT;
    DELETE FROM mjc.session s
     WHERE s.session_id = ANY (ARRAY(SELECT x.session_id FROM mjc.session x
                             WHERE x.expires_at < clock_timestamp() - interval '10 days' LIMIT batch FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS more = ROW_COUNT;
    removed := removed + more;
    DELETE FROM mjc.account_token t
     WHERE t.token_hash = ANY (ARRAY(SELECT x.token_hash FROM mjc.account_token x
                             WHERE x.expires_at < clock_timestamp() - interval '1 day' LIMIT batch FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS more = ROW_COUNT;
    removed := removed + more;
    WITH due AS MATERIALIZED (SELECT x.email_hash, x.device FROM mjc.sign_in_limit x
                               WHERE x.full_at < clock_timestamp() - interval '1 minute' LIMIT batch FOR UPDATE SKIP LOCKED)
    DELETE FROM mjc.sign_in_limit l USING due WHERE l.email_hash = due.email_hash AND l.device = due.device;
    GET DIAGNOSTICS more = ROW_COUNT;
    RETURN removed + more;
END
$$;
COMMENT ON FUNCTION mjc.session_purge(integer) IS
    'Forgets closed tokens, sessions and links that ended, and attempts to sign in that no longer count. Run by a job';

CREATE FUNCTION mjc.analyst_limit() RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    longest interval;
BEGIN
    PERFORM mjc.version();  -- loads the library, which defines the setting
    longest := current_setting('mjc.analyst_max')::interval;
    IF longest = interval '0' THEN
        RETURN 0;
    END IF;
    -- A block may catch its cancel, a client may not read on, and who idles in a transaction keeps
    -- its snapshot: such a session ends. A fast-path call is no statement, but runs.
    RETURN (
        SELECT count(*) FILTER (WHERE CASE WHEN a.state NOT LIKE 'idle%' AND a.query_start >= clock_timestamp() - 2 * longest
                                           THEN pg_cancel_backend(a.pid) ELSE pg_terminate_backend(a.pid) END)
          FROM pg_stat_activity a
         WHERE (a.state IN ('active', 'fastpath function call') AND a.query_start < clock_timestamp() - longest
                OR a.state LIKE 'idle in transaction%' AND a.state_change < clock_timestamp() - 10 * longest)
           AND a.datname = current_database()
           AND pg_has_role(a.usename, 'mjc_analyst', 'MEMBER')
           AND NOT pg_has_role(a.usename, 'mjc_admin', 'MEMBER')
           AND NOT pg_has_role(a.usename, 'mjc_owner', 'MEMBER'));
END
$$;
COMMENT ON FUNCTION mjc.analyst_limit() IS
    'Cancels what analysts run for longer than mjc.analyst_max, and ends their session when it still runs after twice that time or idles in a transaction for ten times as long; returns how many it met. Run by a job';

CREATE FUNCTION mjc.invariants_watch() RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    broken text;
    n bigint;
BEGIN
    SELECT count(*), min(v.rule || ': ' || v.subject) INTO n, broken
      FROM mjc.check_invariants(clock_timestamp() - interval '5 minutes') v;
    IF n > 0 THEN
        RAISE EXCEPTION '% broken promise(s), first: %', n, broken;
    END IF;
    RETURN 0;
END
$$;
COMMENT ON FUNCTION mjc.invariants_watch() IS
    'Fails, and so shows in mjc_report.job, when a recent change broke a promise. Run by a job';

CREATE FUNCTION mjc.job_run(name text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN CASE name
        WHEN 'analyst_limit' THEN mjc.analyst_limit()
        WHEN 'audit_seal' THEN mjc.audit_seal()
        WHEN 'cart_purge' THEN mjc.cart_purge()
        WHEN 'catalogue_fold' THEN mjc.catalogue_fold() + mjc.facet_fold()
        WHEN 'catalogue_fill' THEN mjc.catalogue_fill()
        WHEN 'event_partition' THEN mjc.partition_ahead()
        WHEN 'event_purge' THEN mjc.event_purge()
        WHEN 'http_fold' THEN mjc.http_fold()
        WHEN 'idempotency_purge' THEN mjc.idempotency_purge()
        WHEN 'import_purge' THEN mjc.import_purge()
        WHEN 'import_run' THEN mjc.import_job()
        WHEN 'invariants' THEN mjc.invariants_watch()
        WHEN 'invoice_issue' THEN mjc.invoice_job()
        WHEN 'invoice_party_purge' THEN mjc.invoice_party_purge()
        WHEN 'order_expire' THEN mjc.order_expire()
        WHEN 'personal_access_purge' THEN mjc.access_purge()
        WHEN 'outbox_purge' THEN mjc.outbox_purge()
        WHEN 'product_count' THEN mjc.product_count()
        WHEN 'provider_event' THEN mjc.provider_event_apply()
        WHEN 'provider_event_purge' THEN mjc.provider_event_purge()
        WHEN 'sale_fold' THEN mjc.sale_fold()
        WHEN 'search_name' THEN mjc.search_name_refresh()
        WHEN 'search_popularity' THEN mjc.search_popularity()
        WHEN 'search_word_count' THEN mjc.search_word_count()
        WHEN 'session_purge' THEN mjc.session_purge()
        WHEN 'stock_expire' THEN mjc.stock_expire()
        WHEN 'stock_flip' THEN mjc.stock_flip_fold()
        WHEN 'webhook_purge' THEN mjc.webhook_purge()
    END;
END
$$;
COMMENT ON FUNCTION mjc.job_run(text) IS 'One batch of one job by name; NULL for a name without code';

CREATE FUNCTION mjc.housekeep(budget interval DEFAULT interval '200 ms', OUT job text, OUT done bigint, OUT error text)
    RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 5
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    started timestamptz := clock_timestamp();
    due mjc.job%ROWTYPE;
    cancelled boolean := false;
BEGIN
    PERFORM mjc.check_schema();
    LOOP
        -- Once a call: a second batch of the same job would take its locks out of order.
        SELECT * INTO due FROM mjc.job j WHERE j.next_at <= started
         ORDER BY j.next_at LIMIT 1 FOR UPDATE SKIP LOCKED;
        EXIT WHEN NOT FOUND;
        job := due.name;
        error := NULL;
        UPDATE mjc.job j SET last_started_at = clock_timestamp() WHERE j.name = due.name;
        BEGIN
            done := mjc.job_run(due.name);
        EXCEPTION WHEN query_canceled THEN
            -- A statement timeout ends this job, not what others did before it.
            done := 0;
            error := left(SQLERRM, 500);
            cancelled := true;
        WHEN OTHERS THEN
            -- One bad job must not stop the others; it shows in mjc_report.job.
            done := 0;
            error := left(SQLERRM, 500);
        END;
        UPDATE mjc.job j
           SET next_at = CASE WHEN (housekeep.done >= 50 OR due.name = 'provider_event' AND housekeep.done > 0) AND housekeep.error IS NULL
                              THEN clock_timestamp()
                              ELSE clock_timestamp() + j.every END,
               last_ok_at = CASE WHEN housekeep.error IS NULL THEN clock_timestamp() ELSE j.last_ok_at END,
               last_rows = housekeep.done, error = housekeep.error,
               failures = CASE WHEN housekeep.error IS NULL THEN 0 ELSE j.failures + 1 END
         WHERE j.name = due.name;
        RETURN NEXT;
        -- What locks products, what is derived from them, orders' stock or figures, or a month of events, must commit before the
        -- next job begins: people wait for it, and a job that locks products after what is derived from them would wait for people.
        EXIT WHEN cancelled OR (job IN ('catalogue_fill', 'event_purge', 'import_run', 'order_expire', 'product_count', 'provider_event', 'sale_fold', 'search_name', 'search_popularity', 'stock_expire', 'stock_flip') AND done > 0)
               OR clock_timestamp() - started >= coalesce(budget, interval '200 ms');
    END LOOP;
END
$$;
COMMENT ON FUNCTION mjc.housekeep(interval) IS
    'Runs due jobs, one batch each, for about the given time; one row for each, none when nothing is due: call it until then. Safe anywhere, at any time, several at once';

CREATE FUNCTION mjc_api.housekeep(budget interval, OUT job text, OUT done bigint, OUT error text) RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 5
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY SELECT h.job, h.done, h.error FROM mjc.housekeep(budget) h;
END
$$;
COMMENT ON FUNCTION mjc_api.housekeep(interval) IS 'mjc.housekeep for the shim';

CREATE FUNCTION mjc_api.job_status(OUT name text, OUT late_seconds double precision, OUT failing boolean) RETURNS SETOF record
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 10
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT j.name, greatest(extract(epoch FROM clock_timestamp() - j.next_at), 0)::double precision, j.failures > 0
      FROM mjc.job j ORDER BY j.name;
END
$$;
COMMENT ON FUNCTION mjc_api.job_status() IS 'How late each job is, for the metrics of the shim';
