-- order_random: long random histories of orders paid in every way, by cards in part. Staff, buyers, providers,
-- carriers and jobs do anything in any order; whatever is refused is refused by a rule, and after
-- each step every promise is kept.
BEGIN;
SELECT plan(12);
\ir fixture.psql
UPDATE mjc.payment_method SET is_enabled = true;
UPDATE mjc.setting SET text_value = 'x' WHERE name ~ '^seller_' AND name IN
    ('seller_name', 'seller_legal_form', 'seller_activity', 'seller_address', 'seller_phone', 'seller_rc', 'seller_nif', 'seller_nis', 'seller_ai');
CREATE TEMP TABLE m_order (seq integer GENERATED ALWAYS AS IDENTITY, ref text NOT NULL, id uuid NOT NULL, method text NOT NULL);
CREATE TEMP TABLE m_card (n integer PRIMARY KEY, id uuid NOT NULL, code text NOT NULL);
CREATE TEMP TABLE counted (what text PRIMARY KEY, n bigint NOT NULL);
CREATE TEMP TABLE surprise (seed double precision, step integer, call text, what text);
CREATE TEMP TABLE outcome (kind text, answer text, n bigint NOT NULL DEFAULT 1, PRIMARY KEY (kind, answer));

-- A number from a to b; one of several words.
CREATE FUNCTION pg_temp.roll(a integer, b integer) RETURNS integer LANGUAGE sql VOLATILE AS $$ SELECT a + floor(random() * (b - a + 1))::integer $$;
CREATE FUNCTION pg_temp.any_of(words text[]) RETURNS text LANGUAGE sql VOLATILE AS $$ SELECT words[1 + floor(random() * cardinality(words))::integer] $$;
CREATE FUNCTION pg_temp.order_by(method text, numbers integer[], quantities integer[], cards text[]) RETURNS text
    LANGUAGE sql
AS $$
    SELECT r.body -> 'order' ->> 'orderNumber'
      FROM mjc_api.order_place_guest('req', NULL, pg_temp.pids(numbers), quantities, 'Amina', 'Test', '0550000001', NULL, NULL, '1 rue du Test', 'Testville',
                                     NULL, '99', NULL, NULL, gift_cards => cards, payment_method => method) r
$$;
-- A checkout that the provider has, if anything is asked: its id.
CREATE FUNCTION pg_temp.checkout(ref text, method text) RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    c json := mjc_api.checkout_begin('req', ref, method, '0550000001') -> 'create';
BEGIN
    IF c IS NULL THEN
        RETURN 'same';
    END IF;
    PERFORM mjc_api.checkout_finish((c ->> 'checkout_id')::uuid, (c ->> 'order_id')::uuid, 'cs_' || (c ->> 'checkout_id'), 'https://pay.example/', NULL);
    RETURN 'new';
END
$$;
-- A provider tells something, and the job applies it: what was made of it.
CREATE FUNCTION pg_temp.told(provider text, type text, object jsonb) RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    event text := gen_random_uuid();
    e record;
BEGIN
    PERFORM mjc_api.provider_event_store(provider, jsonb_build_array(jsonb_build_object('id', event, 'type', type,
        'payload', CASE provider WHEN 'stripe' THEN jsonb_build_object('data', jsonb_build_object('object', object)) ELSE jsonb_build_object('data', object) END))::text);
    PERFORM mjc.provider_event_apply();
    SELECT x.state, x.outcome, x.error INTO e FROM mjc.provider_event x WHERE x.event_id = event;
    DELETE FROM mjc.provider_event x WHERE x.event_id = event;
    IF e.error IS NOT NULL THEN
        RAISE EXCEPTION '%', e.error;
    END IF;
    RETURN e.outcome;
END
$$;
CREATE FUNCTION pg_temp.settled(c mjc.checkout, amount bigint, currency text) RETURNS text
    LANGUAGE sql
AS $$
    SELECT CASE c.provider
        WHEN 'stripe' THEN pg_temp.told('stripe', 'checkout.session.completed', jsonb_build_object('id', c.provider_ref, 'amount_total', amount, 'currency', currency,
                                'payment_status', 'paid', 'payment_intent', 'pi_' || c.checkout_id))
        ELSE pg_temp.told('chargily', 'checkout.paid', jsonb_build_object('id', c.provider_ref, 'amount', amount / 100, 'currency', currency)) END
$$;
CREATE FUNCTION pg_temp.expired(id uuid) RETURNS bigint
    LANGUAGE plpgsql
AS $$
BEGIN
    UPDATE mjc.order SET confirm_by_at = clock_timestamp() - interval '1 minute' WHERE order_id = id AND order_state = 'placed';
    RETURN mjc.order_expire();
END
$$;

-- The next thing that happens to an order: kind and statement.
CREATE FUNCTION pg_temp.draw(o m_order, OUT kind text, OUT call text)
    LANGUAGE plpgsql
AS $$
DECLARE
    parcel integer;
    c mjc.checkout%ROWTYPE;
    p mjc.payment%ROWTYPE;
    r mjc.refund%ROWTYPE;
    t mjc.provider_task%ROWTYPE;
    asked numeric := (SELECT coalesce(sum(x.amount_centimes), 0) / 100.0 FROM mjc.payment x WHERE x.order_id = o.id AND x.state = 'pending');
    amount numeric;
    bill text;
BEGIN
    kind := pg_temp.any_of(CASE WHEN o.method IN ('CASH_ON_DELIVERY', 'BANK_TRANSFER') THEN '{}'::text[]
                                ELSE '{checkout,checkout,checkout,checkout,settle,settle,settle,settle,settle,settle_wrong,settle_wrong,settle_wrong,settle_wrong,checkout_failed,taken_back,taken_back,taken_back,mismatch}' END
        || '{record,record,refund,refund_done,task,mismatch,mismatch,pack,pack,pack,pack,unpack,ship_parcel,ship_parcel,ship_parcel,ship_parcel,deliver_parcel,deliver_parcel,refuse_parcel,return_parcel,return_damaged,remit,carrier,stock,confirm,hurry,part,part,edit,edit,cancel_rest,take_back,take_back,exchange,exchange}'::text[] || CASE WHEN random() < 0.25 THEN '{order,order,cancel,refund_order,refund_order,expire,bill,credit_note,credit_note,count,note}'::text[] ELSE '{}' END);
    -- Mostly a parcel that can go that way.
    parcel := (SELECT s.shipment_no FROM mjc.shipment s WHERE s.order_id = o.id
                         ORDER BY s.state = ANY (CASE WHEN kind IN ('unpack', 'ship_parcel') THEN '{packed}' WHEN kind = 'refuse_parcel' THEN '{shipped}' ELSE '{shipped,refused}'::text[] END) DESC,
                                  random() LIMIT 1);
    IF parcel IS NULL AND kind ~ '_parcel$|^unpack|^return_' AND random() < 0.9 THEN RETURN; END IF;
    parcel := coalesce(parcel, 1);
    SELECT * INTO c FROM mjc.checkout x WHERE x.order_id = o.id ORDER BY x.state = 'open' DESC, random() LIMIT 1;
    amount := (ARRAY[asked, asked, round((random() * 2000)::numeric, 2)])[pg_temp.roll(1, 3)];
    CASE kind
    WHEN 'checkout' THEN
        call := format('SELECT pg_temp.checkout(%L, %L)', o.ref, o.method);
    WHEN 'settle', 'settle_wrong' THEN
        IF c.provider_ref IS NULL THEN RETURN; END IF;
        call := format('SELECT pg_temp.settled(x, x.amount_centimes + %s, %L) FROM mjc.checkout x WHERE x.order_id = %L AND x.checkout_id = %L',
                       CASE kind WHEN 'settle' THEN 0 ELSE pg_temp.any_of('{0,-50000,30000}')::integer END, CASE kind WHEN 'settle' THEN 'dzd' ELSE pg_temp.any_of('{dzd,dzd,eur}') END, o.id, c.checkout_id);
    WHEN 'checkout_failed' THEN
        IF c.provider_ref IS NULL THEN RETURN; END IF;
        call := format('SELECT pg_temp.told(%L, %L, %L)', c.provider, CASE c.provider WHEN 'stripe' THEN 'checkout.session.expired' ELSE pg_temp.any_of('{checkout.failed,checkout.expired}') END,
                       jsonb_build_object('id', c.provider_ref));
    WHEN 'taken_back' THEN
        SELECT * INTO p FROM mjc.payment x WHERE x.order_id = o.id AND x.provider = 'stripe' AND x.provider_ref IS NOT NULL ORDER BY random() LIMIT 1;
        IF NOT FOUND THEN RETURN; END IF;
        amount := CASE WHEN random() < 0.5 THEN p.received_centimes ELSE floor(random() * p.received_centimes)::bigint END;
        call := CASE WHEN random() < 0.5 THEN format('SELECT pg_temp.told(%L, %L, %L)', 'stripe', 'charge.refunded', jsonb_build_object('id', 'ch_1', 'payment_intent', p.provider_ref, 'currency', 'dzd',
                                                         'amount', p.received_centimes, 'amount_refunded', amount))
                     ELSE format('SELECT pg_temp.told(%L, %L, %L)', 'stripe', 'refund.updated', jsonb_build_object('id', 're_' || pg_temp.roll(1, 6), 'payment_intent', p.provider_ref, 'currency', 'dzd',
                             'amount', amount, 'status', pg_temp.any_of('{succeeded,succeeded,failed}'), 'metadata', jsonb_build_object('refund_id',
                             (SELECT x.refund_id FROM mjc.refund x WHERE x.order_id = o.id AND random() < 0.3 ORDER BY random() LIMIT 1)))) END;
    WHEN 'record' THEN
        call := format('SELECT mjc.payment_record(%L, %s, %L, %L)', o.ref, amount, pg_temp.any_of('{BANK_TRANSFER,CASH_ON_DELIVERY}'),
                       CASE WHEN random() < 0.5 THEN 'VIR-' || pg_temp.roll(1, 100000) END);
    WHEN 'refund' THEN
        call := format('SELECT mjc.payment_refund(%L, %s, %L, %s)', o.ref, round((random() * 1500)::numeric, 2), 'x', (ARRAY['NULL', 'NULL, true', '0', parcel::text])[pg_temp.roll(1, 4)]);
    WHEN 'refund_done' THEN
        SELECT * INTO r FROM mjc.refund x WHERE x.order_id = o.id ORDER BY random() LIMIT 1;
        call := format('SELECT mjc.refund_done(%L, %L)', o.ref, coalesce(r.refund_id, o.id));
    WHEN 'task' THEN
        SELECT * INTO t FROM mjc.provider_task x WHERE x.order_id = o.id ORDER BY random() LIMIT 1;
        IF t.task_id IS NULL THEN RETURN; END IF;
        call := format('SELECT mjc_api.provider_task_done(%L, %L, %L, %L, %L, NULL)', t.task_id, t.kind, t.order_id, pg_temp.any_of('{ok,ok,refused,failed}'),
                       jsonb_build_object('id', 're_1', 'status', pg_temp.any_of('{succeeded,pending,failed}')));
    WHEN 'mismatch' THEN
        SELECT * INTO p FROM mjc.payment x WHERE x.order_id = o.id AND x.state = 'mismatch' LIMIT 1;
        IF NOT FOUND THEN RETURN; END IF;
        call := format('SELECT mjc.payment_mismatch_settle(%L, %L, %L)', o.ref, p.payment_id, random() < 0.5);
    WHEN 'pack' THEN
        call := CASE WHEN random() < 0.2 THEN format('SELECT mjc.shipment_pack(%L)', o.ref)
                     ELSE format('SELECT mjc.shipment_pack(%L, %L, %L, NULL, %L)', o.ref, ARRAY[pg_temp.roll(1, 2)], ARRAY[pg_temp.roll(1, 3)], 'TRK-' || pg_temp.roll(1, 100000)) END;
    WHEN 'unpack' THEN call := format('SELECT mjc.shipment_unpack(%L, %s)', o.ref, parcel);
    WHEN 'ship_parcel' THEN call := format('SELECT mjc.shipment_ship(%L, %s)', o.ref, parcel);
    WHEN 'deliver_parcel' THEN call := format('SELECT mjc.shipment_deliver(%L, %s)', o.ref, parcel);
    WHEN 'refuse_parcel' THEN call := format('SELECT mjc.shipment_refuse(%L, %s)', o.ref, parcel);
    WHEN 'return_parcel' THEN call := format('SELECT mjc.shipment_return(%L, %s)', o.ref, parcel);
    WHEN 'return_damaged' THEN call := format('SELECT mjc.shipment_return(%L, %s, true)', o.ref, parcel);
    WHEN 'order' THEN
        call := format('SELECT mjc.order_change(%L, %L)', o.ref, pg_temp.any_of('{PENDING,CONFIRMED,PROCESSING,SHIPPED,SHIPPED,DELIVERED,CANCELLED,REFUNDED}'));
    WHEN 'cancel' THEN call := format('SELECT mjc.order_cancel(%L)', o.ref);
    WHEN 'refund_order' THEN
        call := format('SELECT mjc.order_refund(%L)', coalesce((SELECT x.ref FROM m_order x WHERE pg_temp.status(x.ref) = 'DELIVERED' ORDER BY random() LIMIT 1), o.ref));
    WHEN 'expire' THEN call := format('SELECT pg_temp.expired(%L)', o.id);
    WHEN 'remit' THEN
        call := format('SELECT mjc.remittance_record(%L, %L, %L)', 'Yalidine', 'R-' || pg_temp.roll(1, 100000), jsonb_build_array(jsonb_build_object('parcel', o.ref, 'amount', asked)));
    WHEN 'carrier' THEN
        call := (SELECT format('SELECT pg_temp.told(%L, %L, %L)', 'yalidine', x.type, jsonb_build_object('tracking', s.tracking_number, 'status', x.status, 'payment_id', 'P' || pg_temp.roll(1, 3)))
                   FROM mjc.shipment s, (VALUES ('parcel_status_updated', 'Livré'), ('parcel_status_updated', 'Echèc livraison'), ('parcel_status_updated', 'Retourné au vendeur'), ('parcel_status_updated', 'Tentative échouée'),
                        ('parcel_payment_updated', 'payed')) x (type, status) WHERE s.order_id = o.id AND s.tracking_number IS NOT NULL ORDER BY random() LIMIT 1);
    WHEN 'bill' THEN call := pg_temp.any_of(ARRAY['SELECT mjc.issue_invoices()', format('SELECT mjc.invoice_issue(%L)', o.ref)]);
    WHEN 'credit_note' THEN
        SELECT i.number INTO bill FROM mjc.invoice i WHERE i.order_id IN (SELECT x.id FROM m_order x) AND i.kind = 'invoice' ORDER BY random() LIMIT 1;
        IF NOT FOUND THEN RETURN; END IF;
        call := CASE WHEN random() < 0.5 THEN format('SELECT mjc.credit_note_issue(%L, %L, %L, %L)', bill, 'x', '{1}', '{1}') ELSE format('SELECT mjc.credit_note_issue(%L, %L)', bill, 'x') END;
    WHEN 'stock' THEN
        call := format(pg_temp.any_of(ARRAY['SELECT mjc.stock_receive(%1$L, %2$s)', 'SELECT mjc.stock_receive(%1$L, %2$s)', 'SELECT mjc.stock_adjust(%1$L, -%2$s, ''x'')', 'SELECT mjc.stock_damage(%1$L, %2$s, ''x'')']),
                       pg_temp.pid(pg_temp.roll(1, 2)), pg_temp.roll(1, 9));
    WHEN 'count' THEN call := format('SELECT mjc.stock_count(%L, %s)', pg_temp.pid(pg_temp.roll(1, 2)), pg_temp.roll(0, 200));
    WHEN 'confirm' THEN call := format('SELECT mjc.order_confirm(%L)', o.ref);
    WHEN 'hurry' THEN call := format('SELECT mjc.order_change(%1$L, ''SHIPPED''), mjc.order_change(%1$L, ''DELIVERED'')', o.ref);
    WHEN 'part' THEN call := format('SELECT mjc.shipment_ship(%1$L, mjc.shipment_pack(%1$L, ''{1}'', ''{1}'')), mjc.order_cancel_rest(%1$L)', o.ref);
    WHEN 'edit' THEN
        call := CASE pg_temp.roll(1, 3) WHEN 1 THEN format('SELECT mjc.order_edit(%L, %L, %L)', o.ref, pg_temp.pids('{1}'), ARRAY[pg_temp.roll(1, 5)])
                     ELSE format('SELECT mjc.order_edit(%L, %L, %L)', o.ref, pg_temp.pids('{2,1}'), ARRAY[pg_temp.roll(1, 4), pg_temp.roll(1, 4)]) END;
    WHEN 'cancel_rest' THEN call := format('SELECT mjc.order_cancel_rest(%L)', o.ref);
    WHEN 'take_back' THEN
        call := format('SELECT mjc.order_return(%L, %L, %L, %L, %L, %L)', coalesce((SELECT x.ref FROM m_order x WHERE pg_temp.status(x.ref) = 'DELIVERED' ORDER BY random() LIMIT 1), o.ref),
                       ARRAY[pg_temp.roll(1, 2)], ARRAY[pg_temp.roll(1, 2)], 'retour', random() < 0.3, random() < 0.9);
    WHEN 'exchange' THEN
        call := format('SELECT mjc.order_exchange(%L, %L, %L, %L, %L, %L, %L) ->> ''exchangeNumber''', coalesce((SELECT x.ref FROM m_order x WHERE pg_temp.status(x.ref) = 'DELIVERED' ORDER BY random() LIMIT 1), o.ref),
                       ARRAY[pg_temp.roll(1, 2)], ARRAY[pg_temp.roll(1, 2)], 'retour', pg_temp.pids(ARRAY[pg_temp.roll(1, 2)]), ARRAY[pg_temp.roll(1, 3)], random() < 0.3);
    WHEN 'note' THEN call := format('SELECT mjc.order_note(%L, %L)', o.ref, 'x');
    END CASE;
END
$$;

CREATE FUNCTION pg_temp.broken() RETURNS text
    LANGUAGE sql
    AS $$ SELECT string_agg(v::text, '; ') FROM mjc.check_invariants() v $$;

-- What was paid for each order against what its buyer keeps, counted from payments, refunds, movements of cards and units alone.
-- Left out: orders of which staff gave money back of their own accord or took units back without their value, and those of
-- which a parcel came back (its shipping too may be asked no more).
CREATE FUNCTION pg_temp.miscounted() RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    bad text;
BEGIN
    CREATE TEMP TABLE book AS
    SELECT o.reference AS ref, o.status, o.credit_ids <> '{}' AS by_card, o.total_centimes
                - (SELECT sum(round(l.total_centimes * (l.cancelled_qty + coalesce((SELECT sum(r.returned_qty) FROM mjc.reservation r WHERE r.reservation_id = o.order_id
                       AND r.product_id = l.product_id AND r.line_no = l.line_no), 0)) / l.qty::numeric)) FROM mjc.order_line l WHERE l.order_id = o.order_id) AS kept,
           (SELECT coalesce(sum(p.received_centimes) FILTER (WHERE p.state <> 'mismatch'), 0) + coalesce(sum(p.amount_centimes) FILTER (WHERE p.state = 'pending'), 0)
              FROM mjc.payment p WHERE p.order_id = o.order_id) - (SELECT coalesce(sum(r.amount_centimes), 0) FROM mjc.refund r WHERE r.order_id = o.order_id) AS money,
           (SELECT coalesce(-sum(c.amount_centimes), 0) FROM mjc.credit_ledger c WHERE c.order_id = o.order_id) AS cards,
           EXISTS (SELECT FROM mjc.refund r WHERE r.order_id = o.order_id AND r.reason = 'x')
               OR EXISTS (SELECT FROM mjc.audit a WHERE a.action = 'order_return' AND a.subject_id = o.reference AND NOT (a.after ->> 'refunded')::boolean)
               OR EXISTS (SELECT FROM mjc.shipment s WHERE s.order_id = o.order_id AND s.state = 'returned') AS unclear
      FROM mjc.order o JOIN m_order m ON m.id = o.order_id;
    SELECT string_agg(format('%s %s: kept %s, money %s, cards %s', b.ref, b.status, b.kept, b.money, b.cards), '; ') INTO bad
      FROM book b
     WHERE CASE WHEN b.status IN ('CANCELLED', 'REFUNDED') THEN b.money <> 0 OR b.cards <> 0 ELSE NOT b.unclear AND b.kept <> b.money + b.cards END;
    INSERT INTO counted
    SELECT CASE WHEN b.status IN ('CANCELLED', 'REFUNDED') THEN 'ended' ELSE 'under way' END || CASE WHEN b.by_card THEN ' by card' ELSE '' END, count(*)
      FROM book b WHERE NOT b.unclear OR b.status IN ('CANCELLED', 'REFUNDED') GROUP BY 1
    ON CONFLICT (what) DO UPDATE SET n = counted.n + EXCLUDED.n;
    DROP TABLE book;
    RETURN bad;
END
$$;

-- n steps with a few orders. Stops at what should not be.
CREATE FUNCTION pg_temp.play(seed double precision, steps integer, every integer) RETURNS void
    LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    o m_order%ROWTYPE;
    kind text;
    call text;
    answer text;
    value text;
    bad text;
    placed text;
    wanted text;
BEGIN
    PERFORM setseed(seed);
    DELETE FROM m_order;
    PERFORM mjc.stock_receive(pg_temp.pid(n), 200) FROM generate_series(1, 2) n;
    FOR step IN 1 .. steps LOOP
        IF step % 60 IN (1, 2, 3) THEN
            wanted := pg_temp.any_of('{CASH_ON_DELIVERY,CASH_ON_DELIVERY,BANK_TRANSFER,BANK_CARD,BANK_CARD,CIB_CARD}');
            kind := 'place';
            -- Every other one by one or two cards too, which may have something left or not.
            INSERT INTO m_card SELECT coalesce((SELECT max(n) FROM m_card), 0) + 1, g.credit_id, g.code FROM mjc.gift_card_issue(pg_temp.roll(500, 4000)) g;
            call := format('SELECT pg_temp.order_by(%L, %L, %L, %L)', wanted, ARRAY[1, 2], ARRAY[pg_temp.roll(1, 3), pg_temp.roll(1, 3)],
                           CASE WHEN random() < 0.6 THEN ARRAY(SELECT c.code FROM m_card c ORDER BY c.n DESC LIMIT pg_temp.roll(1, 3)) END);
        ELSE
            SELECT * INTO o FROM m_order ORDER BY seq > (SELECT max(seq) - 3 FROM m_order) AND random() < 0.9 DESC, random() LIMIT 1;
            CONTINUE WHEN NOT FOUND;
            SELECT x.kind, x.call INTO kind, call FROM pg_temp.draw(o) x;
        END IF;
        CONTINUE WHEN call IS NULL;
        bad := NULL;
        BEGIN
            EXECUTE call INTO value;
            answer := 'done';
        EXCEPTION WHEN OTHERS THEN
            answer := CASE WHEN SQLERRM ~ 'no such order|has not left yet' THEN 'waits' WHEN SQLSTATE = 'P0001' THEN left(SQLERRM, 5) ELSE SQLSTATE END;
            IF answer !~ '^MJ|^waits' THEN
                bad := SQLSTATE || ' ' || SQLERRM;
            END IF;
        END;
        IF kind IN ('place', 'exchange') AND answer = 'done' THEN
            INSERT INTO m_order (ref, id, method) SELECT value, o.order_id, o.payment_method FROM mjc.order o WHERE o.order_id = pg_temp.order_id(value);
        END IF;
        INSERT INTO outcome VALUES (kind, CASE WHEN answer = 'done' AND kind IN ('settle', 'settle_wrong', 'taken_back', 'carrier') THEN value ELSE answer END)
        ON CONFLICT (kind, answer) DO UPDATE SET n = outcome.n + 1;
        IF random() < 0.3 THEN
            PERFORM mjc.sale_fold(pg_temp.roll(1, 4));
        END IF;
        IF bad IS NULL AND (step % every = 0 OR step = steps) THEN
            bad := pg_temp.broken();
        END IF;
        IF bad IS NULL AND step = steps THEN
            bad := pg_temp.miscounted();
        END IF;
        IF bad IS NOT NULL THEN
            INSERT INTO surprise VALUES (seed, step, call, bad);
            EXIT;
        END IF;
    END LOOP;
END
$$;

-- PLAY
SELECT pg_temp.make_stock(n, 400) FROM generate_series(1, 2) n \g /dev/null
SELECT pg_temp.play(0.01 * n, 180, 6) FROM generate_series(1, 16) n \g /dev/null
SELECT is_empty('SELECT * FROM surprise', 'nothing happens that should not');
SELECT set_has($$SELECT kind FROM outcome WHERE answer NOT LIKE 'MJ%' AND answer <> 'waits'$$,
    $$SELECT unnest('{place,checkout,settle,settle_wrong,checkout_failed,taken_back,record,refund,refund_done,task,mismatch,pack,unpack,ship_parcel,deliver_parcel,refuse_parcel,return_parcel,return_damaged,order,cancel,refund_order,expire,remit,carrier,bill,credit_note,stock,count,note,confirm,hurry,part,edit,cancel_rest,take_back,exchange}'::text[])$$,
    'each step is taken at least once');
SELECT set_has($$SELECT answer FROM outcome WHERE kind IN ('settle', 'settle_wrong')$$, $$VALUES ('paid'), ('repeat'), ('mismatch')$$, 'a provider''s money meets orders in every state');
SELECT set_has('SELECT answer FROM outcome', $$VALUES ('MJ301'), ('MJ331'), ('MJ332'), ('MJ333'), ('MJ501'), ('MJ502'), ('MJ503'), ('MJ505')$$, 'and what cannot be is refused');
SELECT is((SELECT sum(n.reserved)::bigint FROM mjc.stock_now n), (SELECT coalesce(sum(r.held_qty), 0)::bigint FROM mjc.reservation r), 'what the ledger calls reserved is what orders hold');
SELECT is((SELECT count(*) FROM mjc.reservation r LEFT JOIN (SELECT x.ref_id, x.product_id, sum(x.qty) FILTER (WHERE x.kind = 'ship') AS shipped,
                                                                    sum(x.qty) FILTER (WHERE x.kind IN ('return', 'return_damaged')) AS back
                                                               FROM mjc.stock_ledger x GROUP BY 1, 2) g ON g.ref_id = r.reservation_id::text AND g.product_id = r.product_id
            WHERE (r.shipped_qty, r.returned_qty) <> (coalesce(g.shipped, 0), coalesce(g.back, 0))), 0::bigint, 'what left for an order and came back stands in the ledger once');
SELECT is((SELECT count(*) FROM mjc.payment WHERE refunded_centimes > received_centimes), 0::bigint, 'nothing went back that had not come in');
SELECT is_empty($$SELECT credit_id FROM mjc.credit_ledger GROUP BY credit_id HAVING sum(amount_centimes) < 0$$, 'no card gave more than it had');
SELECT is_empty($$SELECT order_id FROM mjc.credit_ledger WHERE order_id IS NOT NULL GROUP BY order_id, credit_id HAVING sum(amount_centimes) > 0$$, 'nor got back more than it gave');
SELECT set_has('SELECT what FROM counted WHERE n >= 3', $$VALUES ('ended'), ('ended by card'), ('under way'), ('under way by card')$$, 'what was paid for orders was counted against what their buyers keep');
SELECT is_empty($$SELECT order_id, f.revenue, e.revenue FROM (SELECT x.order_id, x.total_centimes - x.returned_centimes AS revenue FROM mjc.sale_fact x WHERE x.dim = 'all') f
                    FULL JOIN (SELECT x.order_id, sum(x.revenue_centimes) AS revenue FROM mjc_report.order_entry x GROUP BY x.order_id) e USING (order_id)
                   WHERE f.revenue IS DISTINCT FROM e.revenue$$, 'figures of customers are those of days');
SELECT is(pg_temp.broken(), NULL, 'and every promise is kept');
SELECT * FROM finish();
ROLLBACK;
