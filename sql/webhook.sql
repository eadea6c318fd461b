-- webhook: other systems are told what happens to orders. mjc.outbox_write writes one delivery
-- for each endpoint in the transaction of the fact; the shim takes some, posts each, says so.
--
-- At least once, and in order within an order and endpoint: an older delivery that is not done,
-- parked ones too, holds back the younger ones. Only a list of topics goes out, and of their
-- payload only number and state: links and persons never do.
-- Locks: an endpoint before its deliveries; mjc_api.webhook_take never waits for a lock.

CREATE FUNCTION mjc.webhook_topic(topic text) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN coalesce(topic ~ '^(order|payment)_[a-z0-9_]+$' OR topic IN ('invoice_issued', 'credit_note_issued'), false);
END
$$;
COMMENT ON FUNCTION mjc.webhook_topic(text) IS 'Whether a message of this topic may go to other systems: order_..., payment_..., invoice_issued, credit_note_issued';

-- As the CHECK of mjc.webhook_endpoint.
CREATE FUNCTION mjc.webhook_url_ok(url text) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN coalesce(length(url) <= 1000 AND url !~ '[^!-~]'
        AND url ~ '^(https://[A-Za-z0-9.-]+(:[0-9]{1,5})?([/?][^[:space:]"\\<>#]*)?|http://(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?(/[^[:space:]"\\<>#]*)?)$', false);
END
$$;
COMMENT ON FUNCTION mjc.webhook_url_ok(text) IS 'Whether messages may be posted to an address: https, or http on this machine';

CREATE FUNCTION mjc.webhook_tries_max() RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT 24 $$;
COMMENT ON FUNCTION mjc.webhook_tries_max() IS 'Tries of a delivery before it is parked: with mjc.webhook_wait between them nearly four days';

CREATE FUNCTION mjc.webhook_wait(attempt integer) RETURNS interval
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN least(interval '1 minute' * power(2, greatest(least(attempt, 20), 1) - 1), interval '6 hours');
END
$$;
COMMENT ON FUNCTION mjc.webhook_wait(integer) IS 'Wait after a try that failed: 1, 2, 4 ... minutes, at most 6 hours';

CREATE FUNCTION mjc.webhook_write(outbox_id bigint, topic text, aggregate_kind text, aggregate_id uuid, payload jsonb, at timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF webhook_write.aggregate_kind <> 'order' OR NOT mjc.webhook_topic(webhook_write.topic) THEN
        RETURN;
    END IF;
    INSERT INTO mjc.webhook_delivery (delivery_id, endpoint_id, outbox_id, topic, aggregate_kind, aggregate_id, payload, created_at, next_at)
    SELECT mjc.uuid_v7(), e.endpoint_id, webhook_write.outbox_id, webhook_write.topic, webhook_write.aggregate_kind, webhook_write.aggregate_id,
           jsonb_strip_nulls(jsonb_build_object('orderNumber', webhook_write.payload ->> 'orderNumber', 'status', webhook_write.payload ->> 'status')),
           at, at
      FROM mjc.webhook_endpoint e
     WHERE e.removed_at IS NULL AND (e.topics = '{}' OR webhook_write.topic = ANY (e.topics));
END
$$;
COMMENT ON FUNCTION mjc.webhook_write(bigint, text, text, uuid, jsonb, timestamptz) IS
    'For mjc.outbox_write: a delivery for each endpoint that wants the topic, paused ones too';

CREATE FUNCTION mjc.webhook_body(topic text, aggregate_id uuid, payload jsonb, created_at timestamptz) RETURNS text
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN json_build_object('type', topic, 'timestamp', mjc.iso(created_at),
                             'data', jsonb_build_object('orderId', aggregate_id) || payload)::text;
END
$$;
COMMENT ON FUNCTION mjc.webhook_body(text, uuid, jsonb, timestamptz) IS 'What is posted: the same text at every try';

-- What waited for its next try is due now.
CREATE FUNCTION mjc.webhook_open(endpoint uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    at timestamptz := clock_timestamp();
BEGIN
    UPDATE mjc.webhook_endpoint e
       SET paused_at = NULL, pause_reason = NULL, probe_at = NULL, failures = 0, failing_since = NULL
     WHERE e.endpoint_id = endpoint;
    UPDATE mjc.webhook_delivery d SET next_at = at
     WHERE d.endpoint_id = endpoint AND d.done_at IS NULL AND d.parked_at IS NULL AND d.next_at > at;
END
$$;
COMMENT ON FUNCTION mjc.webhook_open(uuid) IS 'For rules: an endpoint is no longer paused, all that waits for it is due';

-------------------------------------------------------------------- for staff

CREATE FUNCTION mjc.webhook_endpoint_add(url text, topics text[] DEFAULT '{}', OUT endpoint_id uuid, OUT secret text)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    who uuid := mjc.staff_id();
    wanted text[] := coalesce(webhook_endpoint_add.topics, '{}');
BEGIN
    PERFORM mjc.check_schema();
    IF EXISTS (SELECT FROM unnest(wanted) t (topic) WHERE NOT mjc.webhook_topic(t.topic)) OR cardinality(wanted) > 100 THEN
        PERFORM mjc.raise('ARGUMENT_RANGE', 'argument', 'topics');
    END IF;
    IF NOT mjc.webhook_url_ok(webhook_endpoint_add.url) THEN
        PERFORM mjc.raise('ARGUMENT_RANGE', 'argument', 'url');
    END IF;
    endpoint_id := mjc.uuid_v7();
    -- 244 bits of the server's strong randomness, spread over 256
    secret := 'whsec_' || encode(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'base64');
    INSERT INTO mjc.webhook_endpoint (endpoint_id, url, topics, created_at)
    VALUES (webhook_endpoint_add.endpoint_id, webhook_endpoint_add.url, wanted, clock_timestamp());
    INSERT INTO mjc.webhook_secret (endpoint_id, secret) VALUES (webhook_endpoint_add.endpoint_id, webhook_endpoint_add.secret);
    -- The path of an address may be as good as a password.
    PERFORM mjc.audit_write(who, 'psql', 'webhook_endpoint_add', 'webhook_endpoint', endpoint_id::text, NULL,
                            jsonb_build_object('server', substring(url FROM '^https?://[^/?]+'), 'topics', to_jsonb(wanted)));
END
$$;
COMMENT ON FUNCTION mjc.webhook_endpoint_add(text, text[]) IS
    'A system at url (https, or http on this machine) is told of these topics, none: of all. The secret that signs is shown here once and never again. Errors: MJ006, MJ009, MJ601';

CREATE FUNCTION mjc.webhook_endpoint_remove(endpoint_id uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    who uuid := mjc.staff_id();
    at timestamptz := clock_timestamp();
BEGIN
    PERFORM mjc.check_schema();
    UPDATE mjc.webhook_endpoint e
       SET removed_at = at, paused_at = NULL, pause_reason = NULL, probe_at = NULL
     WHERE e.endpoint_id = webhook_endpoint_remove.endpoint_id AND e.removed_at IS NULL;
    IF NOT FOUND THEN
        PERFORM mjc.raise('NOT_FOUND');
    END IF;
    DELETE FROM mjc.webhook_secret s WHERE s.endpoint_id = webhook_endpoint_remove.endpoint_id;
    UPDATE mjc.webhook_delivery d
       SET done_at = at, outcome = 'dropped', parked_at = NULL, lease = NULL, leased_until = NULL
     WHERE d.endpoint_id = webhook_endpoint_remove.endpoint_id AND d.done_at IS NULL;
    PERFORM mjc.audit_write(who, 'psql', 'webhook_endpoint_remove', 'webhook_endpoint', webhook_endpoint_remove.endpoint_id::text, NULL, NULL);
END
$$;
COMMENT ON FUNCTION mjc.webhook_endpoint_remove(uuid) IS
    'A system is told nothing any more; what waited for it is dropped, its secret forgotten. Errors: MJ004, MJ009, MJ601';

CREATE FUNCTION mjc.webhook_pause(endpoint_id uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    who uuid := mjc.staff_id();
BEGIN
    PERFORM mjc.check_schema();
    UPDATE mjc.webhook_endpoint e
       SET paused_at = coalesce(e.paused_at, clock_timestamp()), pause_reason = 'staff', probe_at = NULL
     WHERE e.endpoint_id = webhook_pause.endpoint_id AND e.removed_at IS NULL;
    IF NOT FOUND THEN
        PERFORM mjc.raise('NOT_FOUND');
    END IF;
    PERFORM mjc.audit_write(who, 'psql', 'webhook_pause', 'webhook_endpoint', webhook_pause.endpoint_id::text, NULL, NULL);
END
$$;
COMMENT ON FUNCTION mjc.webhook_pause(uuid) IS 'Deliveries to an endpoint wait until mjc.webhook_resume; those under way end. Errors: MJ004, MJ009, MJ601';

CREATE FUNCTION mjc.webhook_resume(endpoint_id uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    who uuid := mjc.staff_id();
BEGIN
    PERFORM mjc.check_schema();
    PERFORM FROM mjc.webhook_endpoint e
      WHERE e.endpoint_id = webhook_resume.endpoint_id AND e.removed_at IS NULL FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM mjc.raise('NOT_FOUND');
    END IF;
    PERFORM mjc.webhook_open(webhook_resume.endpoint_id);
    PERFORM mjc.audit_write(who, 'psql', 'webhook_resume', 'webhook_endpoint', webhook_resume.endpoint_id::text, NULL, NULL);
END
$$;
COMMENT ON FUNCTION mjc.webhook_resume(uuid) IS 'Deliveries to an endpoint go on, at once. Errors: MJ004, MJ009, MJ601';

CREATE FUNCTION mjc.webhook_replay(delivery_id uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    who uuid := mjc.staff_id();
    at timestamptz := clock_timestamp();
BEGIN
    PERFORM mjc.check_schema();
    UPDATE mjc.webhook_delivery d
       SET done_at = NULL, outcome = NULL, parked_at = NULL, lease = NULL, leased_until = NULL, attempts = 0, next_at = at
     WHERE d.delivery_id = webhook_replay.delivery_id AND (d.leased_until IS NULL OR d.leased_until <= at)
       AND EXISTS (SELECT FROM mjc.webhook_endpoint e WHERE e.endpoint_id = d.endpoint_id AND e.removed_at IS NULL);
    IF NOT FOUND THEN
        PERFORM mjc.raise('NOT_FOUND');
    END IF;
    PERFORM mjc.audit_write(who, 'psql', 'webhook_replay', 'webhook_delivery', webhook_replay.delivery_id::text, NULL, NULL);
END
$$;
COMMENT ON FUNCTION mjc.webhook_replay(uuid) IS
    'Delivers again, at once: what was parked, waits, or was delivered or dropped and is still known (30 days). Errors: MJ004 none such, under way, or its endpoint is removed, MJ009, MJ601';

CREATE FUNCTION mjc.webhook_drop(delivery_id uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    who uuid := mjc.staff_id();
BEGIN
    PERFORM mjc.check_schema();
    UPDATE mjc.webhook_delivery d
       SET done_at = clock_timestamp(), outcome = 'dropped', parked_at = NULL, lease = NULL, leased_until = NULL
     WHERE d.delivery_id = webhook_drop.delivery_id AND d.done_at IS NULL;
    IF NOT FOUND THEN
        PERFORM mjc.raise('NOT_FOUND');
    END IF;
    PERFORM mjc.audit_write(who, 'psql', 'webhook_drop', 'webhook_delivery', webhook_drop.delivery_id::text, NULL, NULL);
END
$$;
COMMENT ON FUNCTION mjc.webhook_drop(uuid) IS 'Gives a delivery up, and those behind it go on. Errors: MJ004, MJ009, MJ601';

CREATE FUNCTION mjc.webhook_purge(batch integer DEFAULT 500) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    removed bigint;
    at timestamptz := clock_timestamp();
BEGIN
    -- Written while the endpoint was being removed.
    UPDATE mjc.webhook_delivery d
       SET done_at = at, outcome = 'dropped', parked_at = NULL, lease = NULL, leased_until = NULL
     WHERE d.done_at IS NULL AND d.endpoint_id IN (SELECT e.endpoint_id FROM mjc.webhook_endpoint e WHERE e.removed_at IS NOT NULL);
    DELETE FROM mjc.webhook_delivery d
     WHERE d.delivery_id = ANY (ARRAY(SELECT x.delivery_id FROM mjc.webhook_delivery x WHERE x.done_at < at - interval '30 days'
                                       ORDER BY x.done_at LIMIT batch FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS removed = ROW_COUNT;
    RETURN removed;
END
$$;
COMMENT ON FUNCTION mjc.webhook_purge(integer) IS 'Forgets deliveries that were done 30 days ago. Run by a job';

------------------------------------------------------------------ for the shim

-- Two at a time to one endpoint: a slow one leaves room for the others. One that was paused
-- because it fails gets one an hour, to learn whether it is back.
CREATE FUNCTION mjc_api.webhook_take(n integer, lease_seconds integer,
    OUT delivery_id uuid, OUT lease uuid, OUT url text, OUT secret text, OUT body text, OUT attempt integer)
    RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 10
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    at timestamptz := clock_timestamp();
    handed uuid := mjc.uuid_v7();
    tries integer := mjc.webhook_tries_max();
    room bigint := n;
    here bigint;
    e record;
BEGIN
    PERFORM mjc.check_schema();
    IF n IS NULL OR n NOT BETWEEN 1 AND 100 THEN
        PERFORM mjc.raise('ARGUMENT_RANGE', 'argument', 'n');
    END IF;
    IF lease_seconds IS NULL OR lease_seconds NOT BETWEEN 1 AND 86400 THEN
        PERFORM mjc.raise('ARGUMENT_RANGE', 'argument', 'lease_seconds');
    END IF;
    FOR e IN SELECT x.endpoint_id, x.url, x.paused_at, s.secret
               FROM mjc.webhook_endpoint x JOIN mjc.webhook_secret s ON s.endpoint_id = x.endpoint_id
              WHERE x.removed_at IS NULL AND (x.paused_at IS NULL OR x.probe_at <= at)
              ORDER BY random()
    LOOP
        EXIT WHEN room <= 0;
        SELECT least(room, 2 - count(*)) INTO here FROM mjc.webhook_delivery d
         WHERE d.endpoint_id = e.endpoint_id AND d.lease IS NOT NULL AND d.leased_until > at;
        CONTINUE WHEN here <= 0;
        IF e.paused_at IS NOT NULL THEN
            PERFORM FROM mjc.webhook_endpoint x WHERE x.endpoint_id = e.endpoint_id AND x.probe_at <= at FOR UPDATE SKIP LOCKED;
            CONTINUE WHEN NOT FOUND;
            here := 1;
        END IF;
        RETURN QUERY
        WITH due AS (
            SELECT d.delivery_id, d.attempts >= tries AS worn
              FROM mjc.webhook_delivery d
             WHERE d.endpoint_id = e.endpoint_id AND d.done_at IS NULL AND d.parked_at IS NULL AND d.next_at <= at
               AND (d.leased_until IS NULL OR d.leased_until <= at)
               AND NOT EXISTS (SELECT FROM mjc.webhook_delivery b
                                WHERE b.endpoint_id = d.endpoint_id AND b.aggregate_id = d.aggregate_id
                                  AND b.seq < d.seq AND b.done_at IS NULL)
             ORDER BY d.next_at, d.seq
             LIMIT here
               FOR UPDATE OF d SKIP LOCKED),
        taken AS (
            UPDATE mjc.webhook_delivery d
               SET attempts = d.attempts + CASE WHEN u.worn THEN 0 ELSE 1 END,
                   lease = CASE WHEN NOT u.worn THEN handed END,
                   leased_until = CASE WHEN NOT u.worn THEN at + make_interval(secs => lease_seconds) END,
                   tried_at = CASE WHEN u.worn THEN d.tried_at ELSE at END,
                   -- who delivered it died each time
                   parked_at = CASE WHEN u.worn THEN at END
              FROM due u
             WHERE d.delivery_id = u.delivery_id
            RETURNING d.delivery_id, d.lease, d.topic, d.aggregate_id, d.payload, d.created_at, d.attempts, d.seq)
        SELECT t.delivery_id, t.lease, e.url, e.secret, mjc.webhook_body(t.topic, t.aggregate_id, t.payload, t.created_at), t.attempts
          FROM taken t WHERE t.lease IS NOT NULL
         ORDER BY t.seq;
        GET DIAGNOSTICS here = ROW_COUNT;
        room := room - here;
        IF e.paused_at IS NOT NULL AND here > 0 THEN
            UPDATE mjc.webhook_endpoint x SET probe_at = at + interval '1 hour' WHERE x.endpoint_id = e.endpoint_id;
        END IF;
    END LOOP;
    -- What is told to the world must be on disk before; after the read, whose snapshot it covers.
    PERFORM mjc.flush_seen();
END
$$;
COMMENT ON FUNCTION mjc_api.webhook_take(integer, integer) IS
    'For the shim: up to n deliveries that are due, the oldest of each order and endpoint, with what to post where and what signs it. Errors: MJ006, MJ009';

-- An endpoint that fails: paused after 50 failures in a row and an hour, or after a day; one
-- success opens it again. After five days it is not tried any more until staff say so.
CREATE FUNCTION mjc_api.webhook_done(delivery_id uuid, lease uuid, http_status integer, ok boolean, error text) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    e mjc.webhook_endpoint%ROWTYPE;
    at timestamptz := clock_timestamp();
    good boolean := coalesce(webhook_done.ok, false);
    why text := left(coalesce(webhook_done.error, 'status ' || webhook_done.http_status, 'failed'), 200);
BEGIN
    PERFORM mjc.check_schema();
    SELECT x.* INTO e FROM mjc.webhook_endpoint x
     WHERE x.endpoint_id = (SELECT d.endpoint_id FROM mjc.webhook_delivery d
                             WHERE d.delivery_id = webhook_done.delivery_id AND d.lease = webhook_done.lease AND d.done_at IS NULL);
    IF NOT FOUND THEN
        PERFORM mjc.raise('OUTBOX_LEASE_LOST');
    END IF;
    -- All is well, and was a moment ago: nobody waits for the endpoint's row.
    IF NOT good OR e.failures > 0 OR e.last_ok_at IS NULL OR e.last_ok_at < at - interval '10 seconds' THEN
        SELECT x.* INTO e FROM mjc.webhook_endpoint x WHERE x.endpoint_id = e.endpoint_id FOR NO KEY UPDATE;
        IF good THEN
            UPDATE mjc.webhook_endpoint x SET last_ok_at = at, failures = 0, failing_since = NULL, error = NULL WHERE x.endpoint_id = e.endpoint_id;
            IF e.pause_reason = 'failing' THEN
                PERFORM mjc.webhook_open(e.endpoint_id);
            END IF;
        ELSE
            e.failing_since := coalesce(e.failing_since, at);
            UPDATE mjc.webhook_endpoint x
               SET failures = e.failures + 1, failing_since = e.failing_since, last_failed_at = at, error = why
             WHERE x.endpoint_id = e.endpoint_id;
            IF e.removed_at IS NULL AND e.paused_at IS NULL
               AND (e.failures + 1 >= 50 AND e.failing_since <= at - interval '1 hour' OR e.failing_since <= at - interval '1 day') THEN
                UPDATE mjc.webhook_endpoint x SET paused_at = at, pause_reason = 'failing', probe_at = at + interval '1 hour' WHERE x.endpoint_id = e.endpoint_id;
            ELSIF e.pause_reason = 'failing' AND e.failing_since <= at - interval '5 days' THEN
                UPDATE mjc.webhook_endpoint x SET probe_at = NULL WHERE x.endpoint_id = e.endpoint_id;
            END IF;
        END IF;
    END IF;
    UPDATE mjc.webhook_delivery d
       SET lease = NULL, leased_until = NULL, http_status = webhook_done.http_status,
           error = CASE WHEN NOT good THEN why END,
           done_at = CASE WHEN good THEN at END, outcome = CASE WHEN good THEN 'delivered' END,
           parked_at = CASE WHEN NOT good AND d.attempts >= mjc.webhook_tries_max() THEN at END,
           -- up to a tenth more, so that not all come back at once
           next_at = CASE WHEN good THEN d.next_at ELSE at + mjc.webhook_wait(d.attempts) * (1 + random() / 10) END
     WHERE d.delivery_id = webhook_done.delivery_id AND d.lease = webhook_done.lease AND d.done_at IS NULL;
    IF NOT FOUND THEN
        PERFORM mjc.raise('OUTBOX_LEASE_LOST');
    END IF;
END
$$;
COMMENT ON FUNCTION mjc_api.webhook_done(uuid, uuid, integer, boolean, text) IS
    'For the shim: how a delivery went. One that failed is tried again later, mjc.webhook_tries_max() times, then parked. Errors: MJ009, MJ681 the lease is another''s';

CREATE FUNCTION mjc_api.webhook_status(OUT waiting bigint, OUT parked bigint, OUT oldest_seconds double precision, OUT paused bigint)
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    SELECT count(*) FILTER (WHERE d.parked_at IS NULL), count(*) FILTER (WHERE d.parked_at IS NOT NULL),
           coalesce(extract(epoch FROM clock_timestamp() - min(d.created_at)), 0)::double precision,
           (SELECT count(*) FROM mjc.webhook_endpoint e WHERE e.paused_at IS NOT NULL)
      INTO waiting, parked, oldest_seconds, paused
      FROM mjc.webhook_delivery d WHERE d.done_at IS NULL;
END
$$;
COMMENT ON FUNCTION mjc_api.webhook_status() IS 'For the metrics of the shim: deliveries that are not done, the age of the oldest, endpoints that are paused';
