-- event: what visitors of the pages do (extension/event.c reads and stores it). Nobody is
-- named but by an access token that holds; addresses are kept by their network only.

CREATE FUNCTION mjc.event_customer(actor uuid, token_version integer, token_id uuid) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF actor IS NULL OR NOT mjc.account_active(actor, token_version, token_id) THEN
        RETURN NULL;
    END IF;
    -- Somebody who is being erased is nobody.
    RETURN (SELECT c.customer_id FROM mjc.customer c WHERE c.customer_id = actor AND c.status <> 'erased'
               FOR KEY SHARE SKIP LOCKED);
END
$$;
COMMENT ON FUNCTION mjc.event_customer(uuid, integer, uuid) IS
    'For rules: the customer that a verified token names, for what he does on the pages; NULL: a visitor, staff, a token that was closed. He is not erased before this transaction ends';

CREATE FUNCTION mjc.event_store(customer uuid, address text, user_agent text, batch text, received_at timestamptz) RETURNS json
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'mjc_event_store';
COMMENT ON FUNCTION mjc.event_store(uuid, text, text, text, timestamptz) IS
    'For rules: stores a batch {events: [{type, data, timestamp, eventId}]} or one event {eventType, eventData, timestamp, eventId}, JSON as text; a repeated event counts once. Returns the answer of the route. Errors: MJ002, MJ003, MJ012, MJ731 to MJ739';

CREATE FUNCTION mjc.vital_store(address text, user_agent text, doc text, received_at timestamptz) RETURNS json
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'mjc_vital_store';
COMMENT ON FUNCTION mjc.vital_store(text, text, text, timestamptz) IS
    'For rules: stores one web vital {name, value, id, sessionId, path} or several {metrics: [...]}, JSON as text. Returns the answer of the route. Errors: MJ002, MJ003, MJ012, MJ733 to MJ739';

CREATE FUNCTION mjc.client_error_store(doc text, received_at timestamptz) RETURNS json
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'mjc_client_error_store';
COMMENT ON FUNCTION mjc.client_error_store(text, timestamptz) IS
    'For rules: counts an error of a page {error, stack, componentStack, url}, JSON as text; texts are cut, without query strings and what looks like a secret or a person. Returns the answer of the route. Errors: MJ002, MJ003, MJ012, MJ733';

CREATE FUNCTION mjc.page_path(url text) RETURNS text
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_page_path';
COMMENT ON FUNCTION mjc.page_path(text) IS
    'The path of an address as analytics keep it: no query, no fragment, at most 200 characters; what looks like an e-mail, a phone, an order or a secret is *; NULL for NULL';

CREATE FUNCTION mjc.agent_is_bot(user_agent text) RETURNS boolean
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_agent_is_bot_sql';
COMMENT ON FUNCTION mjc.agent_is_bot(text) IS 'Whether a User-Agent is that of a program and not of a person; an empty one is, NULL (nobody said) is not';

CREATE FUNCTION mjc.event_stage(kind text, path text, product_id uuid) RETURNS integer
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS $$ SELECT CASE WHEN kind OPERATOR(pg_catalog.=) 'begin_checkout' OR kind OPERATOR(pg_catalog.=) 'page_view' AND path OPERATOR(pg_catalog.~) '(^|/)checkout/?$' THEN 3
                      WHEN kind OPERATOR(pg_catalog.=) 'add_to_cart' THEN 2
                      WHEN kind OPERATOR(pg_catalog.=) 'view_item' AND product_id IS NOT NULL
                           OR kind OPERATOR(pg_catalog.=) 'page_view' AND path OPERATOR(pg_catalog.~) '(^|/)products/[^/]+/?$' THEN 1 END $$;
COMMENT ON FUNCTION mjc.event_stage(text, text, uuid) IS
    'The step of the way to an order that an event shows: 1 looked at a product, 2 put one into the cart, 3 began to check out; NULL for none. Views of the pages of a product and of the checkout show it too';

------------------------------------------------------------------- erasure

CREATE FUNCTION mjc.event_forget(customer uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- In the order in which a batch adds to visits: one that names nobody is not held up by the customer's lock.
    PERFORM FROM mjc.visit v WHERE v.customer_id = customer ORDER BY v.session_id FOR UPDATE;
    UPDATE mjc.visit v SET customer_id = NULL, address = NULL, city = NULL WHERE v.customer_id = customer;
    UPDATE mjc.event e SET customer_id = NULL WHERE e.customer_id = customer;
END
$$;
COMMENT ON FUNCTION mjc.event_forget(uuid) IS
    'For rules: what a customer did on the pages is nobody''s any more; it stays in the figures';

------------------------------------------------------------------- jobs

CREATE FUNCTION mjc.event_purge(batch integer DEFAULT 500, at timestamptz DEFAULT clock_timestamp()) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    months bigint := (SELECT s.integer_value FROM mjc.setting s WHERE s.name = 'analytics_retention_months');
    first date := (mjc.partition_month(event_purge.at) - make_interval(months => months::integer))::date;
    border timestamptz := mjc.algiers_start(first);
    removed bigint;
    more bigint;
BEGIN
    -- In the order of a batch: one under way is waited for before anything is held that it still needs.
    removed := mjc.partition_drop('web_vital', first)::integer;
    removed := removed + mjc.partition_drop('event', first)::integer;
    -- A visit stays as long as something of it does.
    DELETE FROM mjc.visit v
     WHERE v.session_id = ANY (ARRAY(SELECT x.session_id FROM mjc.visit x WHERE x.started_at < border
                             AND NOT EXISTS (SELECT FROM mjc.event e WHERE e.session_id = x.session_id)
                             ORDER BY x.started_at LIMIT batch FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS more = ROW_COUNT;
    removed := removed + more;
    WITH due AS MATERIALIZED (SELECT x.session_id, x.experiment FROM mjc.exposure x WHERE x.at < border
                               ORDER BY x.at LIMIT batch FOR UPDATE SKIP LOCKED)
    DELETE FROM mjc.exposure x USING due WHERE x.session_id = due.session_id AND x.experiment = due.experiment;
    GET DIAGNOSTICS more = ROW_COUNT;
    removed := removed + more;
    DELETE FROM mjc.client_error c
     WHERE c.fingerprint = ANY (ARRAY(SELECT x.fingerprint FROM mjc.client_error x WHERE x.last_at < border
                              ORDER BY x.last_at LIMIT batch FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS more = ROW_COUNT;
    RETURN removed + more;
END
$$;
COMMENT ON FUNCTION mjc.event_purge(integer, timestamptz) IS
    'Forgets what visitors did before setting analytics_retention_months: the oldest partition of each table, visits of which no event is left, exposures, errors; returns the number of rows and partitions. Run by a job. Errors: 55P03 somebody reads the table';

------------------------------------------------------------------- REST

CREATE FUNCTION mjc_api.event_ingest(actor uuid, token_version integer, token_id uuid, address text, user_agent text, batch text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.event_store(CASE WHEN actor IS NOT NULL THEN mjc.event_customer(actor, token_version, token_id) END,
                           address, user_agent, batch, clock_timestamp());
END
$$;
COMMENT ON FUNCTION mjc_api.event_ingest(uuid, integer, uuid, text, text, text) IS
    'POST /analytics/events, /analytics/track: mjc.event_store. A token that does not hold is none. Errors: MJ002, MJ003, MJ009, MJ012, MJ731 to MJ739';

CREATE FUNCTION mjc_api.vital_ingest(actor uuid, token_version integer, token_id uuid, address text, user_agent text, doc text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.vital_store(address, user_agent, doc, clock_timestamp());
END
$$;
COMMENT ON FUNCTION mjc_api.vital_ingest(uuid, integer, uuid, text, text, text) IS
    'POST /analytics/performance: mjc.vital_store; who calls is not kept. Errors: MJ002, MJ003, MJ009, MJ012, MJ733 to MJ739';

CREATE FUNCTION mjc_api.client_error_ingest(actor uuid, token_version integer, token_id uuid, address text, user_agent text, doc text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.client_error_store(doc, clock_timestamp());
END
$$;
COMMENT ON FUNCTION mjc_api.client_error_ingest(uuid, integer, uuid, text, text, text) IS
    'POST /analytics/errors: mjc.client_error_store; who calls is not kept. Errors: MJ002, MJ003, MJ009, MJ012, MJ733';
