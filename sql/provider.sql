-- provider: payment providers as the database sees them. A checkout is an attempt to pay there;
-- what a provider tells is stored first (provider_event) and applied by a job, each once, in any
-- order; what is to be asked of it waits in provider_task for the shim.
--
-- Sources: Stripe's events and objects (checkout.session.*, charge.refunded, refund.*), Chargily
-- Pay v2 (checkout.paid, failed, canceled, expired; whole dinars).

-------------------------------------------------------------------- reading events

CREATE FUNCTION mjc.bigint_or_null(value text) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT CASE WHEN value ~ '^-?[0-9]{1,15}$' THEN value::pg_catalog.int8 END $$;
COMMENT ON FUNCTION mjc.bigint_or_null(text) IS 'A whole number of at most 15 digits, else NULL';

-- what: paid, failed, expired, refunded, refund_done, refund_refused, or NULL: nothing to do.
CREATE FUNCTION mjc.stripe_event(type text, payload jsonb, OUT what text, OUT ref text, OUT payment_ref text, OUT order_id uuid,
    OUT checkout_id uuid, OUT refund_id uuid, OUT amount bigint, OUT taken_back bigint, OUT currency text)
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    it jsonb := CASE WHEN type = 'checkout.read' THEN payload ELSE payload #> '{data,object}' END;
    is_session boolean := type LIKE 'checkout.%';
BEGIN
    what := CASE
        WHEN type IN ('checkout.session.completed', 'checkout.session.async_payment_succeeded', 'checkout.read') AND it ->> 'payment_status' = 'paid' THEN 'paid'
        WHEN type = 'checkout.session.async_payment_failed' THEN 'failed'
        WHEN type = 'checkout.session.expired' OR type = 'checkout.read' AND it ->> 'status' = 'expired' THEN 'expired'
        WHEN type = 'charge.refunded' THEN 'refunded'
        WHEN type IN ('refund.updated', 'charge.refund.updated', 'refund.failed', 'refund.created') THEN
            CASE it ->> 'status' WHEN 'succeeded' THEN 'refund_done' WHEN 'failed' THEN 'refund_refused' WHEN 'canceled' THEN 'refund_refused' END
        END;
    ref := it ->> 'id';
    payment_ref := it ->> 'payment_intent';
    order_id := mjc.uuid_or_null(it #>> '{metadata,order_id}');
    checkout_id := mjc.uuid_or_null(coalesce(it #>> '{metadata,checkout_id}', it ->> 'client_reference_id'));
    refund_id := mjc.uuid_or_null(it #>> '{metadata,refund_id}');
    amount := mjc.bigint_or_null(CASE WHEN is_session THEN it ->> 'amount_total' ELSE it ->> 'amount' END);
    taken_back := mjc.bigint_or_null(it ->> 'amount_refunded');
    currency := upper(it ->> 'currency');
END
$$;
COMMENT ON FUNCTION mjc.stripe_event(text, jsonb) IS 'What an event of Stripe, or a session that was read (checkout.read), means; amounts in centimes';

CREATE FUNCTION mjc.chargily_event(type text, payload jsonb, OUT what text, OUT ref text, OUT payment_ref text, OUT order_id uuid,
    OUT checkout_id uuid, OUT refund_id uuid, OUT amount bigint, OUT taken_back bigint, OUT currency text)
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    it jsonb := CASE WHEN type = 'checkout.read' THEN payload ELSE payload -> 'data' END;
    -- metadata is an object, or a list with one
    own jsonb := CASE jsonb_typeof(it -> 'metadata') WHEN 'array' THEN it #> '{metadata,0}' ELSE it -> 'metadata' END;
BEGIN
    what := CASE
        WHEN type = 'checkout.paid' OR type = 'checkout.read' AND it ->> 'status' = 'paid' THEN 'paid'
        WHEN type IN ('checkout.failed', 'checkout.canceled') OR type = 'checkout.read' AND it ->> 'status' IN ('failed', 'canceled') THEN 'failed'
        WHEN type = 'checkout.expired' OR type = 'checkout.read' AND it ->> 'status' = 'expired' THEN 'expired' END;
    ref := it ->> 'id';
    payment_ref := it ->> 'id';
    order_id := mjc.uuid_or_null(own ->> 'order_id');
    checkout_id := mjc.uuid_or_null(own ->> 'checkout_id');
    amount := mjc.bigint_or_null(regexp_replace(it ->> 'amount', '\.0+$', '')) * 100;
    currency := upper(it ->> 'currency');
END
$$;
COMMENT ON FUNCTION mjc.chargily_event(text, jsonb) IS 'What an event of Chargily Pay, or a checkout that was read (checkout.read), means; amounts in centimes';

-- Money for an order that can no longer be served is owed to its buyer.
CREATE FUNCTION mjc.checkout_paid(id uuid, checkout uuid, amount bigint, currency text, payment_ref text) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.payment_settle(id, checkout, amount, currency, payment_ref, false);
EXCEPTION WHEN SQLSTATE 'MJ101' OR SQLSTATE 'MJ108' OR SQLSTATE 'MJ204' OR SQLSTATE 'MJ205' OR SQLSTATE 'MJ206' THEN
    RETURN mjc.payment_settle(id, checkout, amount, currency, payment_ref, true);
END
$$;
COMMENT ON FUNCTION mjc.checkout_paid(uuid, uuid, bigint, text, text) IS
    'For rules: see mjc.payment_settle; when the units or a coupon are gone the order ends and its money is owed. Errors: MJ003, MJ004, MJ201';

-- A refund at a provider: one that we asked for, or one of its own desk.
CREATE FUNCTION mjc.provider_refund(id uuid, payment_ref text, ref text, own uuid, amount bigint, currency text, made boolean) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM FROM mjc.order o WHERE o.order_id = id FOR UPDATE;
    IF EXISTS (SELECT FROM mjc.refund r WHERE r.order_id = id AND r.refund_id = own AND r.state <> 'done'
                  AND r.amount_centimes = coalesce(provider_refund.amount, r.amount_centimes)) THEN
        -- Nobody is to send it a second time: our own call may have timed out.
        DELETE FROM mjc.provider_task t WHERE t.task_id = own AND t.order_id = id AND made;
        RETURN CASE WHEN NOT mjc.refund_state_set(id, own, CASE WHEN made THEN 'done' ELSE 'refused' END, ref, true) THEN 'repeat'
                    WHEN made THEN 'refund_done' ELSE 'refund_refused' END;
    ELSIF made AND amount > 0 AND payment_ref IS NOT NULL THEN
        RETURN mjc.payment_taken_back(id, payment_ref, ref, amount, false, coalesce(currency, 'DZD'));
    END IF;
    -- What was made and then failed is owed again: staff see it.
    UPDATE mjc.refund r SET state = 'refused', at_provider = false, done_at = NULL, updated_at = clock_timestamp()
     WHERE r.order_id = id AND r.provider_ref = ref AND r.at_provider AND r.state = 'done' AND NOT made;
    RETURN CASE WHEN FOUND THEN 'refund_refused' ELSE 'repeat' END;
END
$$;
COMMENT ON FUNCTION mjc.provider_refund(uuid, text, text, uuid, bigint, text, boolean) IS
    'For rules: a refund of a provider, by its name, ours when own is one of the order, was made or refused; refund_done, refund_refused, or what mjc.payment_taken_back makes of it. Errors: MJ004, MJ201';

-- outcome NULL: the order is not known (yet).
CREATE FUNCTION mjc.provider_event_run(provider text, type text, payload jsonb, OUT id uuid, OUT outcome text)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    e record;
    checkout uuid;
BEGIN
    IF provider_event_run.provider = 'yalidine' THEN
        SELECT r.id, r.outcome INTO id, outcome FROM mjc.carrier_event_run(type, payload) r;
        RETURN;
    ELSIF provider_event_run.provider = 'stripe' THEN
        SELECT * INTO e FROM mjc.stripe_event(type, payload);
    ELSE
        SELECT * INTO e FROM mjc.chargily_event(type, payload);
    END IF;
    IF e.what IS NULL THEN
        outcome := 'nothing';
        RETURN;
    END IF;
    -- The name that the provider gave is ours for certain; what we wrote into its record, next.
    SELECT r.order_id, r.checkout_id INTO id, checkout FROM mjc.provider_ref r
     WHERE r.ref IN (e.ref, e.payment_ref) AND r.provider = provider_event_run.provider
     ORDER BY r.checkout_id IS NULL LIMIT 1;
    IF NOT FOUND THEN
        SELECT c.order_id, c.checkout_id INTO id, checkout FROM mjc.checkout c
         WHERE c.order_id = e.order_id AND c.checkout_id = e.checkout_id AND c.provider = provider_event_run.provider;
    END IF;
    IF id IS NULL THEN
        RETURN;
    END IF;
    CASE e.what
        WHEN 'paid' THEN
            outcome := mjc.checkout_paid(id, checkout, e.amount, coalesce(e.currency, ''), e.payment_ref);
        WHEN 'failed', 'expired' THEN
            -- Late news of a checkout that was paid changes nothing.
            UPDATE mjc.checkout c SET state = e.what, updated_at = clock_timestamp()
             WHERE c.order_id = id AND c.checkout_id = checkout AND c.state IN ('new', 'open');
            outcome := CASE WHEN FOUND THEN e.what ELSE 'repeat' END;
        WHEN 'refunded' THEN
            -- Told before the payment itself: what goes back came in.
            IF EXISTS (SELECT FROM mjc.checkout c WHERE c.order_id = id AND c.checkout_id = checkout AND c.state NOT IN ('paid', 'mismatch')) THEN
                PERFORM mjc.checkout_paid(id, checkout, e.amount, coalesce(e.currency, ''), e.payment_ref);
            END IF;
            -- Older accounts are told of each refund with the total.
            PERFORM mjc.provider_refund(id, e.payment_ref, r ->> 'id', mjc.uuid_or_null(r #>> '{metadata,refund_id}'), mjc.bigint_or_null(r ->> 'amount'), e.currency, true)
               FROM jsonb_array_elements(CASE jsonb_typeof(payload #> '{data,object,refunds,data}') WHEN 'array' THEN payload #> '{data,object,refunds,data}' ELSE '[]' END) r
              WHERE r ->> 'status' = 'succeeded' AND r ->> 'id' IS NOT NULL;
            outcome := CASE WHEN e.taken_back > 0
                            THEN mjc.payment_taken_back(id, e.payment_ref, NULL, e.taken_back, e.taken_back >= e.amount, coalesce(e.currency, 'DZD')) ELSE 'nothing' END;
        ELSE
            outcome := mjc.provider_refund(id, e.payment_ref, e.ref, e.refund_id, e.amount, e.currency, e.what = 'refund_done');
    END CASE;
    IF e.payment_ref IS NOT NULL THEN
        INSERT INTO mjc.provider_ref (ref, provider, order_id, checkout_id) VALUES (e.payment_ref, provider_event_run.provider, id, checkout)
        ON CONFLICT DO NOTHING;
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.provider_event_run(text, text, jsonb) IS
    'For rules: applies one event; the order and what was made of it, outcome NULL when the order is not known. Errors: those of mjc.payment_settle';

-- Each in a subtransaction: a bad event does not stop the others. After one that touched an
-- order the batch ends, for the locks of two would be taken in no order.
CREATE FUNCTION mjc.provider_event_apply(batch integer DEFAULT 50) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    e record;
    found_id uuid;
    made text;
    failure text;
    done bigint := 0;
    at timestamptz := clock_timestamp();
BEGIN
    FOR e IN SELECT x.event_id, x.provider, x.type, x.payload, x.attempts FROM mjc.provider_event x
              WHERE x.state = 'new' AND x.next_at <= at ORDER BY x.next_at LIMIT batch FOR UPDATE SKIP LOCKED
    LOOP
        done := done + 1;
        failure := NULL;
        found_id := NULL;
        made := NULL;
        BEGIN
            SELECT r.id, r.outcome INTO found_id, made FROM mjc.provider_event_run(e.provider, e.type, e.payload) r;
        EXCEPTION WHEN query_canceled THEN
            RAISE;
        WHEN OTHERS THEN
            failure := left(SQLSTATE || ' ' || SQLERRM, 300);
        END;
        IF failure IS NULL AND made IS NULL THEN
            failure := 'no such order';
        END IF;
        UPDATE mjc.provider_event x
           SET attempts = x.attempts + 1, order_id = found_id, outcome = made, error = failure,
               -- 5, 10, 20 ... seconds, at most an hour; 20 tries are more than half a day
               next_at = at + least(interval '5 seconds' * power(2, least(x.attempts, 12)), interval '1 hour'),
               state = CASE WHEN failure IS NULL THEN CASE made WHEN 'nothing' THEN 'ignored' ELSE 'applied' END
                            WHEN x.attempts >= 19 THEN 'parked' ELSE 'new' END,
               done_at = CASE WHEN failure IS NULL OR x.attempts >= 19 THEN at END
         WHERE x.event_id = e.event_id AND x.provider = e.provider;
        EXIT WHEN found_id IS NOT NULL;
    END LOOP;
    RETURN done;
END
$$;
COMMENT ON FUNCTION mjc.provider_event_apply(integer) IS
    'Applies what providers told; the number of events that it looked at. One that fails is tried again later, 20 times, then parked. Run by a job, which calls it until there is nothing left';

CREATE FUNCTION mjc.provider_event_retry(provider text, event_id text) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    who uuid;
BEGIN
    PERFORM mjc.check_schema();
    who := mjc.staff_id();
    UPDATE mjc.provider_event e SET state = 'new', attempts = 0, next_at = clock_timestamp(), done_at = NULL, error = NULL
     WHERE e.event_id = provider_event_retry.event_id AND e.provider = provider_event_retry.provider AND e.state = 'parked';
    IF NOT FOUND THEN
        PERFORM mjc.raise('NOT_FOUND');
    END IF;
    PERFORM mjc.audit_write(who, 'psql', 'provider_event_retry', 'provider_event', provider_event_retry.event_id, NULL, NULL);
END
$$;
COMMENT ON FUNCTION mjc.provider_event_retry(text, text) IS 'A parked event (mjc_report.provider_event) is tried again. Errors: MJ004, MJ601';

CREATE FUNCTION mjc.provider_event_purge(batch integer DEFAULT 500) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    forgotten bigint;
BEGIN
    WITH due AS MATERIALIZED (SELECT x.event_id, x.provider FROM mjc.provider_event x
                               WHERE x.payload IS NOT NULL AND x.done_at < clock_timestamp() - interval '90 days' AND x.state <> 'parked'
                               ORDER BY x.done_at LIMIT batch FOR UPDATE SKIP LOCKED)
    UPDATE mjc.provider_event e SET payload = NULL FROM due WHERE e.event_id = due.event_id AND e.provider = due.provider;
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    RETURN forgotten;
END
$$;
COMMENT ON FUNCTION mjc.provider_event_purge(integer) IS
    'Forgets what stood in events that were applied 90 days ago (names, e-mails); that there was one stays known. Run by a job';

--------------------------------------------------------------- for the shim: checkouts

CREATE FUNCTION mjc.payment_word(order_status text, payment_state text, checkout_state text, is_cash boolean) RETURNS text
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
    SELECT CASE WHEN checkout_state = 'paid' OR payment_state IN ('paid', 'paid_short') THEN 'COMPLETED'
                WHEN payment_state = 'refunded' THEN 'REFUNDED'
                WHEN order_status = 'CANCELLED' OR payment_state = 'void' THEN 'CANCELLED'
                WHEN checkout_state IN ('failed', 'mismatch') THEN 'FAILED'
                WHEN checkout_state = 'expired' THEN 'EXPIRED'
                WHEN is_cash THEN 'PENDING_DELIVERY' ELSE 'PENDING' END
$$;
COMMENT ON FUNCTION mjc.payment_word(text, text, text, boolean) IS 'How a payment stands, as the pages read it';

CREATE FUNCTION mjc.checkout_json(id uuid, checkout uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT json_build_object('transactionId', 'PAY_' || c.checkout_id, 'method', c.method,
                                 'status', mjc.payment_word(o.status, o.payment_state, c.state, false),
                                 'orderNumber', o.reference, 'amount', mjc.dzd(c.amount_centimes), 'currency', 'DZD',
                                 'paymentUrl', CASE WHEN c.state = 'open' THEN c.url END, 'expiresAt', mjc.iso(c.expires_at))
          FROM mjc.checkout c JOIN mjc.order o ON o.order_id = c.order_id
         WHERE c.order_id = id AND c.checkout_id = checkout);
END
$$;
COMMENT ON FUNCTION mjc.checkout_json(uuid, uuid) IS 'A checkout as the pages read it';

-- The checkout that the buyer may still use, or a new one that the shim has to bring to the provider.
CREATE FUNCTION mjc.checkout_open(id uuid, wanted text, via text, amount bigint, pay_by timestamptz, OUT checkout uuid, OUT is_new boolean)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    at timestamptz := clock_timestamp();
BEGIN
    SELECT c.checkout_id, c.state = 'new' INTO checkout, is_new FROM mjc.checkout c
     WHERE c.order_id = id AND c.state IN ('new', 'open') AND c.method = wanted AND c.amount_centimes = amount
       -- one that the provider does not have yet is asked for with its end, and Stripe wants 30 minutes at least
       AND c.expires_at > at + CASE c.state WHEN 'new' THEN interval '30 minutes 15 seconds' ELSE interval '1 minute' END
     ORDER BY c.created_at DESC LIMIT 1;
    IF FOUND THEN
        RETURN;
    END IF;
    checkout := mjc.uuid_v7();
    is_new := true;
    INSERT INTO mjc.checkout (order_id, checkout_id, method, provider, amount_centimes, state, created_at, updated_at, expires_at)
    VALUES (id, checkout, wanted, via, amount, 'new', at, at, least(greatest(pay_by, at + interval '35 minutes'), at + interval '23 hours'));  -- Stripe wants 30 minutes to a day
    INSERT INTO mjc.provider_ref (ref, provider, order_id, checkout_id) VALUES ('PAY_' || checkout, 'shop', id, checkout);
END
$$;
COMMENT ON FUNCTION mjc.checkout_open(uuid, text, text, bigint, timestamptz) IS 'For rules, with the order locked: an attempt to pay';

CREATE FUNCTION mjc.payment_offline(id uuid, payment uuid, wanted text, is_cash boolean) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    tx text := CASE WHEN is_cash THEN 'COD_' ELSE 'TRF_' END || payment;
BEGIN
    INSERT INTO mjc.provider_ref (ref, provider, order_id) VALUES (tx, 'shop', id) ON CONFLICT DO NOTHING;
    RETURN (
        SELECT json_build_object('transactionId', tx, 'method', wanted, 'status', mjc.payment_word(o.status, o.payment_state, NULL, is_cash),
                                 'orderNumber', o.reference, 'amount', mjc.dzd(p.amount_centimes), 'currency', p.currency,
                                 'estimatedDelivery', mjc.iso(timezone('Africa/Algiers', o.estimated_on + time '12:00')),
                                 'instructions', CASE WHEN NOT is_cash THEN
                                     (SELECT nullif(s.text_value, '') FROM mjc.setting s WHERE s.name = 'seller_bank') END)
          FROM mjc.order o JOIN mjc.payment p ON p.order_id = o.order_id AND p.payment_id = payment
         WHERE o.order_id = id);
END
$$;
COMMENT ON FUNCTION mjc.payment_offline(uuid, uuid, text, boolean) IS 'For rules: cash at the door, or a transfer to the account of the seller';

CREATE FUNCTION mjc_api.checkout_begin(request_id text, order_id text, method text, phone text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    id uuid := mjc.order_find(checkout_begin.order_id);
    o mjc.order%ROWTYPE;
    p mjc.payment%ROWTYPE;
    wanted mjc.payment_method%ROWTYPE;
    attempt record;
BEGIN
    PERFORM mjc.check_schema();
    -- A number alone proves nothing; and whoever guesses is told the same of both.
    IF NOT EXISTS (SELECT FROM mjc.order_contact c WHERE c.order_id = id AND c.phone = mjc.phone_canonical(checkout_begin.phone)) THEN
        PERFORM mjc.raise('NOT_FOUND');
    END IF;
    SELECT m.* INTO wanted FROM mjc.payment_method m WHERE m.method = upper(checkout_begin.method);
    IF NOT FOUND THEN
        PERFORM mjc.raise('PAYMENT_METHOD_UNKNOWN');
    END IF;
    SELECT x.* INTO o FROM mjc.order x WHERE x.order_id = id FOR UPDATE;
    IF o.payment_method <> wanted.method THEN
        PERFORM mjc.raise('PAYMENT_METHOD_DIFFERS', 'method', o.payment_method);
    ELSIF o.status IN ('CANCELLED', 'REFUNDED') THEN
        PERFORM mjc.raise('PAYMENT_ORDER_ENDED');
    END IF;
    SELECT x.* INTO p FROM mjc.payment x WHERE x.order_id = id AND x.state = 'pending' AND x.amount_centimes > 0;
    IF NOT FOUND THEN
        PERFORM mjc.raise('PAYMENT_NOTHING_DUE');
    END IF;
    IF wanted.provider IN ('cod', 'bank') THEN
        RETURN mjc.payment_offline(id, p.payment_id, wanted.method, wanted.is_cash);
    END IF;
    IF wanted.provider = 'chargily' AND p.amount_centimes % 100 <> 0 THEN
        PERFORM mjc.raise('PAYMENT_NOT_WHOLE');
    END IF;
    attempt := mjc.checkout_open(id, wanted.method, wanted.provider, p.amount_centimes, o.confirm_by_at);
    IF NOT attempt.is_new THEN
        PERFORM mjc.flush_seen();
        RETURN mjc.checkout_json(id, attempt.checkout);
    END IF;
    RETURN mjc.checkout_json(id, attempt.checkout)::jsonb || (
        SELECT jsonb_build_object('create', jsonb_build_object(
                   'provider', c.provider, 'checkout_id', c.checkout_id, 'order_id', c.order_id, 'reference', o.reference,
                   'amount_centimes', c.amount_centimes, 'currency', 'DZD', 'method', c.method,
                   'expires_at', extract(epoch FROM c.expires_at)::bigint))
          FROM mjc.checkout c WHERE c.order_id = id AND c.checkout_id = attempt.checkout);
END
$$;
COMMENT ON FUNCTION mjc_api.checkout_begin(text, text, text, text) IS
    'POST /payments/process: order by id or number, and the phone it was placed with. With a member "create" the shim asks the provider and calls mjc_api.checkout_finish. Errors: MJ004, MJ009, MJ218, MJ501, MJ505, MJ506, MJ508';

CREATE FUNCTION mjc_api.checkout_finish(checkout_id uuid, order_id uuid, provider_ref text, url text, failure text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    c mjc.checkout%ROWTYPE;
    at timestamptz := clock_timestamp();
BEGIN
    PERFORM mjc.check_schema();
    SELECT x.* INTO c FROM mjc.checkout x
     WHERE x.order_id = checkout_finish.order_id AND x.checkout_id = checkout_finish.checkout_id FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM mjc.raise('NOT_FOUND');
    END IF;
    IF checkout_finish.failure IS NOT NULL OR checkout_finish.provider_ref IS NULL OR checkout_finish.url IS NULL THEN
        UPDATE mjc.checkout x SET failure = left(coalesce(checkout_finish.failure, 'no address'), 200), updated_at = at
         WHERE x.order_id = c.order_id AND x.checkout_id = c.checkout_id;
        RETURN NULL;
    END IF;
    INSERT INTO mjc.provider_ref (ref, provider, order_id, checkout_id)
    VALUES (checkout_finish.provider_ref, c.provider, c.order_id, c.checkout_id) ON CONFLICT DO NOTHING;
    IF c.state = 'new' THEN
        UPDATE mjc.checkout x SET state = 'open', provider_ref = checkout_finish.provider_ref, url = checkout_finish.url, failure = NULL, updated_at = at
         WHERE x.order_id = c.order_id AND x.checkout_id = c.checkout_id;
        -- News may be lost on the way: ask, in the end.
        INSERT INTO mjc.provider_task (task_id, kind, provider, order_id, request, created_at, next_at)
        VALUES (c.checkout_id, 'checkout_read', c.provider, c.order_id,
                jsonb_build_object('provider_ref', checkout_finish.provider_ref, 'expires_at', c.expires_at), at, at + interval '10 minutes')
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN mjc.checkout_json(c.order_id, c.checkout_id);
END
$$;
COMMENT ON FUNCTION mjc_api.checkout_finish(uuid, uuid, text, text, text) IS
    'For the shim: the provider''s name and address of a checkout, or why there is none (then NULL; the next attempt is the same one). Errors: MJ004, MJ009';

CREATE FUNCTION mjc_api.payment_verify(transaction_id text) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT json_build_object('success', true, 'transaction', json_build_object(
                   'id', r.ref, 'method', o.payment_method, 'orderNumber', o.reference, 'message', m.description,
                   'status', mjc.payment_word(o.status, o.payment_state, c.state, coalesce(m.is_cash, false))))
          FROM mjc.provider_ref r
          JOIN mjc.order o ON o.order_id = r.order_id
          LEFT JOIN mjc.payment_method m ON m.method = o.payment_method
          LEFT JOIN mjc.checkout c ON c.order_id = r.order_id AND c.checkout_id = r.checkout_id
         WHERE r.ref = payment_verify.transaction_id AND r.provider = 'shop');
END
$$;
COMMENT ON FUNCTION mjc_api.payment_verify(text) IS 'GET /payments/verify/:transactionId: how a payment stands; NULL when there is none';

------------------------------------------------------------- for the shim: events, tasks

CREATE FUNCTION mjc_api.provider_event_store(provider text, events text) RETURNS integer
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    list jsonb := events::jsonb;
    stored integer;
    at timestamptz := clock_timestamp();
BEGIN
    PERFORM mjc.check_schema();
    INSERT INTO mjc.provider_event (event_id, provider, type, payload, received_at, next_at)
    SELECT left(e ->> 'id', 255), provider_event_store.provider, left(coalesce(nullif(e ->> 'type', ''), '?'), 255), e -> 'payload', at, at
      FROM jsonb_array_elements(list) e
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS stored = ROW_COUNT;
    -- "We have it" must hold of what another delivery stored just now.
    IF stored < jsonb_array_length(list) THEN
        PERFORM mjc.flush_seen();
    END IF;
    RETURN stored;
END
$$;
COMMENT ON FUNCTION mjc_api.provider_event_store(text, text) IS
    'For the shim: keeps what a provider told, [{id, type, payload}], each id once; how many were new. A job applies them. Errors: MJ009';

CREATE FUNCTION mjc_api.provider_task_take(n integer, lease_seconds integer,
    OUT task_id uuid, OUT kind text, OUT provider text, OUT order_id uuid, OUT request json)
    RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 10
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    at timestamptz := clock_timestamp();
BEGIN
    PERFORM mjc.check_schema();
    RETURN QUERY
    UPDATE mjc.provider_task t SET next_at = at + make_interval(secs => lease_seconds), attempts = t.attempts + 1
     WHERE t.task_id = ANY (ARRAY(SELECT x.task_id FROM mjc.provider_task x WHERE x.next_at <= at AND x.parked_at IS NULL
                          ORDER BY x.next_at LIMIT n FOR UPDATE SKIP LOCKED))
    RETURNING t.task_id, t.kind, t.provider, t.order_id, t.request::json;
    PERFORM mjc.flush_seen();
END
$$;
COMMENT ON FUNCTION mjc_api.provider_task_take(integer, integer) IS
    'For the shim: up to n things to ask of providers, for the time of the lease: refund, checkout_read. Errors: MJ009';

CREATE FUNCTION mjc.provider_task_later(task uuid, failure text) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    at timestamptz := clock_timestamp();
BEGIN
    UPDATE mjc.provider_task t
       SET error = left(failure, 200), next_at = at + least(interval '30 seconds' * power(2, least(t.attempts, 12)), interval '6 hours'),
           parked_at = CASE WHEN t.attempts >= 20 THEN at END
     WHERE t.task_id = task;
END
$$;
COMMENT ON FUNCTION mjc.provider_task_later(uuid, text) IS 'For rules: a task is tried again later, 20 times, then parked';

CREATE FUNCTION mjc_api.provider_task_done(task_id uuid, kind text, order_id uuid, outcome text, reply text, error text) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    t mjc.provider_task%ROWTYPE;
    body jsonb := CASE WHEN outcome = 'ok' THEN reply::jsonb END;
    at timestamptz := clock_timestamp();
BEGIN
    PERFORM mjc.check_schema();
    -- The order before its tasks, as whoever ends a refund by hand has it.
    IF provider_task_done.kind = 'refund' THEN
        PERFORM FROM mjc.order o WHERE o.order_id = provider_task_done.order_id FOR UPDATE;
    END IF;
    SELECT x.* INTO t FROM mjc.provider_task x WHERE x.task_id = provider_task_done.task_id FOR UPDATE;
    IF NOT FOUND THEN
        -- Staff or the provider's desk were faster; what it made of our call all the same is known by its name.
        IF provider_task_done.kind = 'refund' AND body ->> 'status' = 'succeeded' AND body ->> 'id' IS NOT NULL THEN
            PERFORM mjc.provider_refund(provider_task_done.order_id, body ->> 'payment_intent', body ->> 'id', provider_task_done.task_id,
                                        mjc.bigint_or_null(body ->> 'amount'), upper(body ->> 'currency'), true);
        END IF;
        RETURN;
    END IF;
    IF outcome NOT IN ('ok', 'refused') THEN
        PERFORM mjc.provider_task_later(t.task_id, provider_task_done.error);
        RETURN;
    END IF;
    IF t.kind = 'refund' THEN
        DELETE FROM mjc.provider_task x WHERE x.task_id = t.task_id;
        -- "pending" stays due: the provider tells how it ends
        PERFORM mjc.refund_state_set(t.order_id, t.task_id,
            CASE WHEN outcome = 'refused' OR body ->> 'status' IN ('failed', 'canceled') THEN 'refused'
                 WHEN body ->> 'status' = 'succeeded' THEN 'done' ELSE 'due' END, body ->> 'id', true);
        RETURN;
    END IF;
    IF outcome = 'ok' THEN
        PERFORM mjc_api.provider_event_store(t.provider, jsonb_build_array(jsonb_build_object(
            'id', concat_ws(':', 'read', t.request ->> 'provider_ref', body ->> 'status', body ->> 'payment_status'),
            'type', 'checkout.read', 'payload', body))::text);
    END IF;
    UPDATE mjc.provider_task x SET next_at = at + interval '10 minutes', attempts = 0, error = NULL
     WHERE x.task_id = t.task_id AND outcome = 'ok'
       AND EXISTS (SELECT FROM mjc.checkout c WHERE c.order_id = t.order_id AND c.checkout_id = t.task_id AND c.state = 'open'
                      AND c.expires_at > at - interval '1 hour');
    IF NOT FOUND THEN
        DELETE FROM mjc.provider_task x WHERE x.task_id = t.task_id;
    END IF;
END
$$;
COMMENT ON FUNCTION mjc_api.provider_task_done(uuid, text, uuid, text, text, text) IS
    'For the shim: how a task went: ok with the provider''s reply, refused for good, or failed, and is tried again. Errors: MJ009';
