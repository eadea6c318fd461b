-- outbox: messages to people and machines outside. mjc.outbox_write puts one down in
-- the transaction of the fact; a sender takes some, delivers each and says so.
--
-- At least once, and in order within an aggregate: an older message that is not done,
-- parked ones too, holds back the younger ones of its aggregate (of two that were written
-- at the same time either may be the older). A lease ends by itself when a sender dies.
-- Senders look by themselves: a NOTIFY would make all who commit wait for each other.
-- Messages carry one-time links: only the shim takes them.

CREATE FUNCTION mjc.outbox_write(topic text, aggregate_kind text, aggregate_id uuid, payload jsonb) RETURNS bigint
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'mjc_outbox_write_sql';
COMMENT ON FUNCTION mjc.outbox_write(text, text, uuid, jsonb) IS
    'For rules: a message about an account, a customer or an order, delivered after this transaction commits, to endpoints (mjc.webhook_endpoint) too; its number';

CREATE FUNCTION mjc.outbox_recipient(aggregate_kind text, aggregate_id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF outbox_recipient.aggregate_kind = 'order' THEN
        RETURN (SELECT json_build_object('email', c.email, 'phone', c.phone, 'firstName', c.first_name, 'lastName', c.last_name)
                  FROM mjc.order_contact c WHERE c.order_id = outbox_recipient.aggregate_id AND c.phone IS NOT NULL);
    END IF;
    RETURN coalesce(
        (SELECT json_build_object('email', p.email, 'phone', p.phone, 'firstName', p.first_name, 'lastName', p.last_name)
           FROM mjc.customer_person p WHERE p.customer_id = outbox_recipient.aggregate_id),
        (SELECT json_build_object('email', p.email, 'phone', p.phone, 'firstName', p.first_name, 'lastName', p.last_name)
           FROM mjc.account_person p WHERE p.account_id = outbox_recipient.aggregate_id));
END
$$;
COMMENT ON FUNCTION mjc.outbox_recipient(text, uuid) IS
    'Who a message is for, as known now: email, phone, firstName, lastName; NULL when the person is gone';

CREATE FUNCTION mjc.outbox_tries_max() RETURNS bigint
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT s.integer_value FROM mjc.setting s WHERE s.name = 'outbox_tries_max');
END
$$;
COMMENT ON FUNCTION mjc.outbox_tries_max() IS 'For rules: deliveries that may fail before a message is parked';

CREATE FUNCTION mjc.outbox_take(n integer, lease_for interval DEFAULT interval '1 minute',
    OUT outbox_id bigint, OUT lease uuid, OUT topic text, OUT aggregate_kind text, OUT aggregate_id uuid, OUT payload jsonb,
    OUT recipient json, OUT attempt integer)
    RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 10
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    at timestamptz := clock_timestamp();
    handed uuid := mjc.uuid_v7();
    tries bigint := mjc.outbox_tries_max();
BEGIN
    PERFORM mjc.check_schema();
    IF n IS NULL OR n NOT BETWEEN 1 AND 1000 THEN
        PERFORM mjc.raise('ARGUMENT_RANGE', 'argument', 'n');
    END IF;
    IF lease_for IS NULL OR lease_for NOT BETWEEN interval '1 second' AND interval '1 day' THEN
        PERFORM mjc.raise('ARGUMENT_RANGE', 'argument', 'lease_for');
    END IF;
    RETURN QUERY
    WITH due AS (
        SELECT o.outbox_id, mjc.outbox_recipient(o.aggregate_kind, o.aggregate_id) AS recipient,
               o.attempts >= tries AS worn
          FROM mjc.outbox o
         WHERE o.done_at IS NULL AND o.parked_at IS NULL AND o.available_at <= at
           AND (o.leased_until IS NULL OR o.leased_until <= at)
           AND NOT EXISTS (SELECT FROM mjc.outbox b
                            WHERE b.aggregate_kind = o.aggregate_kind AND b.aggregate_id = o.aggregate_id
                              AND b.outbox_id < o.outbox_id AND b.done_at IS NULL)
         ORDER BY o.available_at, o.outbox_id
         LIMIT n
           FOR UPDATE OF o SKIP LOCKED),
    taken AS (
        UPDATE mjc.outbox o
           SET attempts = o.attempts + CASE WHEN d.worn THEN 0 ELSE 1 END,
               lease = CASE WHEN d.recipient IS NOT NULL AND NOT d.worn THEN handed END,
               leased_until = CASE WHEN d.recipient IS NOT NULL AND NOT d.worn THEN at + lease_for END,
               payload = CASE WHEN d.recipient IS NOT NULL THEN o.payload END,
               -- its senders died each time, maybe of it
               parked_at = CASE WHEN d.recipient IS NOT NULL AND d.worn THEN at END,
               done_at = CASE WHEN d.recipient IS NULL THEN at END,
               outcome = CASE WHEN d.recipient IS NULL THEN 'nobody' END
          FROM due d
         WHERE o.outbox_id = d.outbox_id
        RETURNING o.outbox_id, o.lease, o.topic, o.aggregate_kind, o.aggregate_id, o.payload, d.recipient, o.attempts)
    SELECT t.outbox_id, t.lease, t.topic, t.aggregate_kind, t.aggregate_id, t.payload, t.recipient, t.attempts
      FROM taken t WHERE t.lease IS NOT NULL
     ORDER BY t.outbox_id;
    -- What is told to the world must be on disk before; after the read, whose snapshot it covers.
    PERFORM mjc.flush_seen();
END
$$;
COMMENT ON FUNCTION mjc.outbox_take(integer, interval) IS
    'For senders: up to n messages that are due, the oldest of each aggregate only, for the time of the lease. One whose recipient is gone is finished here, one whose senders died too often is parked. Errors: MJ006, MJ009';

CREATE FUNCTION mjc.outbox_done(outbox_id bigint, lease uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_schema();
    UPDATE mjc.outbox o
       SET done_at = clock_timestamp(), outcome = 'delivered', payload = NULL, lease = NULL, leased_until = NULL, error = NULL
     WHERE o.outbox_id = outbox_done.outbox_id AND o.lease = outbox_done.lease AND o.done_at IS NULL;
    IF NOT FOUND THEN
        PERFORM mjc.raise('OUTBOX_LEASE_LOST');
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.outbox_done(bigint, uuid) IS
    'For senders: the message was delivered; its payload is forgotten. Errors: MJ009, MJ681 the lease is another''s';

CREATE FUNCTION mjc.outbox_failed(outbox_id bigint, lease uuid, error text) RETURNS timestamptz
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    at timestamptz := clock_timestamp();
    tries bigint := mjc.outbox_tries_max();
    again timestamptz;
BEGIN
    PERFORM mjc.check_schema();
    UPDATE mjc.outbox o
       SET lease = NULL, leased_until = NULL,
           -- mail servers repeat whom they were asked to reach
           error = left(regexp_replace(outbox_failed.error, '[^[:space:]<>]+@[^[:space:]<>]+|\+?[0-9][0-9 .-]{6,}[0-9]', '...', 'g'), 200),
           -- 1, 2, 4 ... minutes, at most 6 hours, and up to a tenth more so that not all come back at once
           available_at = at + least(interval '1 minute' * power(2, least(o.attempts, 20) - 1), interval '6 hours') * (1 + random() / 10),
           parked_at = CASE WHEN o.attempts >= tries THEN at END
     WHERE o.outbox_id = outbox_failed.outbox_id AND o.lease = outbox_failed.lease AND o.done_at IS NULL
    RETURNING CASE WHEN o.parked_at IS NULL THEN o.available_at END INTO again;
    IF NOT FOUND THEN
        PERFORM mjc.raise('OUTBOX_LEASE_LOST');
    END IF;
    RETURN again;
END
$$;
COMMENT ON FUNCTION mjc.outbox_failed(bigint, uuid, text) IS
    'For senders: it could not be delivered; when it is due again, NULL when it is parked now. The error is kept without e-mail addresses and phones. Errors: MJ009, MJ681';

CREATE FUNCTION mjc.outbox_retry(outbox_id bigint) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    who uuid := mjc.staff_id();
BEGIN
    PERFORM mjc.check_schema();
    UPDATE mjc.outbox o SET parked_at = NULL, attempts = 0, available_at = clock_timestamp()
     WHERE o.outbox_id = outbox_retry.outbox_id AND o.parked_at IS NOT NULL;
    IF NOT FOUND THEN
        PERFORM mjc.raise('NOT_FOUND');
    END IF;
    PERFORM mjc.audit_write(who, 'psql', 'outbox_retry', 'outbox', outbox_retry.outbox_id::text, NULL, NULL);
    RETURN outbox_retry.outbox_id;
END
$$;
COMMENT ON FUNCTION mjc.outbox_retry(bigint) IS 'A parked message is tried again. Errors: MJ004 no such parked message, MJ009, MJ601';

CREATE FUNCTION mjc.outbox_drop(outbox_id bigint) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    who uuid := mjc.staff_id();
BEGIN
    PERFORM mjc.check_schema();
    UPDATE mjc.outbox o
       SET done_at = clock_timestamp(), outcome = 'dropped', payload = NULL, parked_at = NULL, lease = NULL, leased_until = NULL
     WHERE o.outbox_id = outbox_drop.outbox_id AND o.done_at IS NULL;
    IF NOT FOUND THEN
        PERFORM mjc.raise('NOT_FOUND');
    END IF;
    PERFORM mjc.audit_write(who, 'psql', 'outbox_drop', 'outbox', outbox_drop.outbox_id::text, NULL, NULL);
    RETURN outbox_drop.outbox_id;
END
$$;
COMMENT ON FUNCTION mjc.outbox_drop(bigint) IS
    'Gives a message up: it is never delivered, and those behind it go on. Errors: MJ004 no such message, MJ009, MJ601';

CREATE FUNCTION mjc.outbox_purge(batch integer DEFAULT 500) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    removed bigint;
BEGIN
    DELETE FROM mjc.outbox o
     WHERE o.outbox_id = ANY (ARRAY(SELECT x.outbox_id FROM mjc.outbox x WHERE x.done_at < clock_timestamp() - interval '30 days'
                            ORDER BY x.done_at LIMIT batch FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS removed = ROW_COUNT;
    RETURN removed;
END
$$;
COMMENT ON FUNCTION mjc.outbox_purge(integer) IS 'Forgets messages that were done 30 days ago. Run by a job';

CREATE FUNCTION mjc_api.outbox_take(n integer, lease_for interval,
    OUT outbox_id bigint, OUT lease uuid, OUT topic text, OUT aggregate_kind text, OUT aggregate_id uuid, OUT payload jsonb,
    OUT recipient json, OUT attempt integer)
    RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 10
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT t.outbox_id, t.lease, t.topic, t.aggregate_kind, t.aggregate_id, t.payload, t.recipient, t.attempt
      FROM mjc.outbox_take(outbox_take.n, outbox_take.lease_for) t;
END
$$;
COMMENT ON FUNCTION mjc_api.outbox_take(integer, interval) IS 'mjc.outbox_take for the shim. Errors: MJ006, MJ009';

CREATE FUNCTION mjc_api.outbox_done(outbox_id bigint, lease uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.outbox_done(outbox_done.outbox_id, outbox_done.lease);
END
$$;
COMMENT ON FUNCTION mjc_api.outbox_done(bigint, uuid) IS 'mjc.outbox_done for the shim. Errors: MJ009, MJ681';

CREATE FUNCTION mjc_api.outbox_failed(outbox_id bigint, lease uuid, error text) RETURNS timestamptz
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.outbox_failed(outbox_failed.outbox_id, outbox_failed.lease, outbox_failed.error);
END
$$;
COMMENT ON FUNCTION mjc_api.outbox_failed(bigint, uuid, text) IS 'mjc.outbox_failed for the shim. Errors: MJ009, MJ681';

CREATE FUNCTION mjc_api.outbox_status(OUT waiting bigint, OUT parked bigint, OUT oldest_seconds double precision)
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    SELECT count(*) FILTER (WHERE o.parked_at IS NULL), count(*) FILTER (WHERE o.parked_at IS NOT NULL),
           coalesce(extract(epoch FROM clock_timestamp() - min(o.created_at)), 0)::double precision
      INTO waiting, parked, oldest_seconds
      FROM mjc.outbox o WHERE o.done_at IS NULL;
END
$$;
COMMENT ON FUNCTION mjc_api.outbox_status() IS 'For the metrics of the shim: messages that are not delivered and the age of the oldest';
