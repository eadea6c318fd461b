-- stock_random: long random histories against a model of its own. The model is a few plain
-- numbers moved by what each call was asked for and answered; it never reads the ledger. Every
-- answer must be the one the model expects, a refusal too: nothing that fits is refused.
BEGIN;
SELECT plan(19);
\ir fixture.psql
CREATE TEMP TABLE m_product (n integer PRIMARY KEY, on_hand integer NOT NULL, damaged integer NOT NULL, safety integer NOT NULL, beyond integer NOT NULL);
CREATE TEMP TABLE m_held (id uuid, n integer, held integer NOT NULL, shipped integer NOT NULL, back integer NOT NULL, taken integer NOT NULL,
                          is_hold boolean NOT NULL, lapsed boolean NOT NULL,
                          seq integer GENERATED ALWAYS AS IDENTITY, PRIMARY KEY (id, n));
CREATE TEMP TABLE m_order (id uuid PRIMARY KEY, reference text NOT NULL, status text NOT NULL, seq integer GENERATED ALWAYS AS IDENTITY);
CREATE TEMP TABLE surprise (step integer, call text, expected text, got text);
CREATE TEMP TABLE outcome (call text, answer text);

-- What may be promised: at one location there is one rule.
CREATE FUNCTION pg_temp.m_available(which integer) RETURNS integer
    LANGUAGE sql
    AS $$ SELECT p.on_hand - p.safety - (SELECT coalesce(sum(h.held), 0)::integer FROM m_held h WHERE h.n = p.n AND NOT h.lapsed) FROM m_product p WHERE p.n = which $$;
CREATE FUNCTION pg_temp.m_fits(which integer, qty integer) RETURNS boolean
    LANGUAGE sql
    AS $$ SELECT qty <= pg_temp.m_available(p.n) + p.beyond FROM m_product p WHERE p.n = which $$;

-- A number from a to b.
CREATE FUNCTION pg_temp.roll(a integer, b integer) RETURNS integer LANGUAGE sql VOLATILE AS $$ SELECT a + floor(random() * (b - a + 1))::integer $$;

-- Runs a call: what it returned, or its code.
CREATE FUNCTION pg_temp.answer(call text) RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    value text;
BEGIN
    EXECUTE call INTO value;
    RETURN coalesce(value, '');
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;

CREATE FUNCTION pg_temp.play(seed double precision, steps integer, first integer, products integer) RETURNS void
    LANGUAGE plpgsql
AS $$
DECLARE
    h record;
    o record;
    p record;
    call text;
    expected text;
    got text;
    kind text;
    n1 integer;
    n2 integer;
    q1 integer;
    q2 integer;
    many integer;
    fits boolean;
    draw text;
BEGIN
    PERFORM setseed(seed);
    FOR i IN first .. first + products - 1 LOOP
        PERFORM pg_temp.make_product(i, 100000, NULL, 600 + i);
        INSERT INTO m_product VALUES (i, 0, 0, 0, 0);
    END LOOP;
    FOR step IN 1 .. steps LOOP
        n1 := pg_temp.roll(first, first + products - 1);
        n2 := pg_temp.roll(first, first + products - 1);
        q1 := pg_temp.roll(1, 6);
        q2 := pg_temp.roll(1, 4);
        draw := random();
        SELECT * INTO p FROM m_product m WHERE m.n = n1;
        SELECT * INTO h FROM m_held m WHERE m.n = n1 AND m.is_hold ORDER BY md5(m.seq::text || draw) LIMIT 1;
        SELECT * INTO o FROM m_order m WHERE EXISTS (SELECT FROM m_held x WHERE x.id = m.id AND x.n BETWEEN first AND first + products - 1)
         ORDER BY md5(m.seq::text || draw) LIMIT 1;
        kind := (ARRAY['receive', 'receive', 'adjust', 'damage', 'scrap', 'count', 'policy', 'reserve', 'reserve', 'reserve', 'release', 'commit', 'return',
                       'lapse', 'expire', 'order', 'order', 'staff_order', 'hold_order', 'confirm', 'ship', 'cancel', 'order_expire'])[pg_temp.roll(1, 23)];
        call := NULL;
        many := 0;
        CASE kind
        WHEN 'receive' THEN
            call := format('SELECT mjc.stock_receive(%L, %s, %s)', pg_temp.pid(n1), q1, pg_temp.roll(0, 2000));
            expected := p.on_hand + q1;
            UPDATE m_product SET on_hand = on_hand + q1 WHERE n = n1;
        WHEN 'adjust' THEN
            q1 := q1 - 4 + (q1 = 4)::integer;
            call := format('SELECT mjc.stock_adjust(%L, %s, %L)', pg_temp.pid(n1), q1, 'random');
            expected := CASE WHEN p.on_hand + q1 < 0 THEN 'MJ103' ELSE (p.on_hand + q1)::text END;
            UPDATE m_product SET on_hand = on_hand + q1 WHERE n = n1 AND on_hand + q1 >= 0;
        WHEN 'damage' THEN
            call := format('SELECT mjc.stock_damage(%L, %s, %L)', pg_temp.pid(n1), q2, 'random');
            expected := CASE WHEN p.on_hand < q2 THEN 'MJ103' ELSE (p.on_hand - q2)::text END;
            UPDATE m_product SET on_hand = on_hand - q2, damaged = damaged + q2 WHERE n = n1 AND on_hand >= q2;
        WHEN 'scrap' THEN
            call := format('SELECT mjc.stock_scrap(%L, %s, %L)', pg_temp.pid(n1), q2, 'random');
            expected := CASE WHEN p.damaged < q2 THEN 'MJ103' ELSE (p.damaged - q2)::text END;
            UPDATE m_product SET damaged = damaged - q2 WHERE n = n1 AND damaged >= q2;
        WHEN 'count' THEN
            q1 := greatest(p.on_hand + pg_temp.roll(-2, 2), 0);
            call := format('SELECT mjc.stock_count(%L, %s)', pg_temp.pid(n1), q1);
            expected := q1 - p.on_hand;
            UPDATE m_product SET on_hand = q1 WHERE n = n1;
        WHEN 'policy' THEN
            q1 := pg_temp.roll(0, 2);
            q2 := greatest(pg_temp.roll(-3, 4), 0);
            call := format('SELECT mjc.stock_policy_set(%L, %s, %s)', pg_temp.pid(n1), q1, q2);
            expected := '';
            UPDATE m_product SET safety = q1, beyond = q2 WHERE n = n1;
        WHEN 'reserve', 'order', 'staff_order' THEN
            fits := CASE WHEN n1 = n2 THEN pg_temp.m_fits(n1, q1 + q2) ELSE pg_temp.m_fits(n1, q1) AND pg_temp.m_fits(n2, q2) END;
            call := format('SELECT pg_temp.%s(%L, %L)', CASE kind WHEN 'reserve' THEN 'hold' WHEN 'order' THEN 'bought' ELSE 'sold' END, ARRAY[n1, n2], ARRAY[q1, q2]);
            expected := CASE WHEN fits THEN 'taken' ELSE 'MJ101' END;
        WHEN 'hold_order' THEN
            CONTINUE WHEN h IS NULL;
            -- What it holds is given up first.
            fits := q1 <= pg_temp.m_available(n1) + CASE WHEN h.lapsed THEN 0 ELSE h.held END + p.beyond;
            call := format('SELECT pg_temp.sold(%L, %L, %L)', ARRAY[n1], ARRAY[q1], h.id);
            expected := CASE WHEN fits THEN 'taken' ELSE 'MJ101' END;
        WHEN 'release', 'commit' THEN
            CONTINUE WHEN h IS NULL OR (kind = 'release' AND h.lapsed);
            many := CASE WHEN random() < 0.3 THEN NULL ELSE q2 END;
            call := format('SELECT mjc.stock_%s(%L, %L, %L)', kind, h.id, pg_temp.pid(n1), many);
            expected := CASE WHEN h.lapsed AND h.shipped < h.taken THEN 'MJ113' WHEN h.held = 0 THEN 'MJ114' WHEN many > h.held THEN 'MJ115'
                             WHEN kind = 'commit' AND coalesce(many, h.held) > p.on_hand THEN 'MJ103' ELSE coalesce(many, h.held)::text END;
            IF expected NOT LIKE 'MJ%' THEN
                UPDATE m_held SET held = held - expected::integer, shipped = shipped + CASE kind WHEN 'commit' THEN expected::integer ELSE 0 END WHERE id = h.id AND n = n1;
                UPDATE m_product SET on_hand = on_hand - expected::integer WHERE n = n1 AND kind = 'commit';
            END IF;
        WHEN 'return' THEN
            SELECT * INTO h FROM m_held m WHERE m.n = n1 ORDER BY m.shipped > m.back DESC, md5(m.seq::text || draw) LIMIT 1;
            CONTINUE WHEN h IS NULL;
            fits := random() < 0.5;
            call := format('SELECT mjc.stock_return(%L, %L, %s, %L)', h.id, pg_temp.pid(n1), q2, fits);
            expected := CASE WHEN h.shipped = h.back THEN 'MJ114' WHEN q2 > h.shipped - h.back THEN 'MJ115' ELSE q2::text END;
            IF expected NOT LIKE 'MJ%' THEN
                UPDATE m_held SET back = back + q2 WHERE id = h.id AND n = n1;
                UPDATE m_product SET on_hand = on_hand + CASE WHEN fits THEN 0 ELSE q2 END, damaged = damaged + CASE WHEN fits THEN q2 ELSE 0 END WHERE n = n1;
            END IF;
        WHEN 'lapse' THEN
            SELECT * INTO h FROM m_held m WHERE m.n = n1 AND NOT m.lapsed AND m.held > 0
               AND (m.is_hold OR EXISTS (SELECT FROM m_order x WHERE x.id = m.id AND x.status = 'PENDING')) ORDER BY md5(m.seq::text || draw) LIMIT 1;
            CONTINUE WHEN h IS NULL;
            call := format('SELECT pg_temp.lapse(%L, %L)', h.id, '1 hour');
            expected := '';
            UPDATE m_held SET lapsed = true WHERE id = h.id;
        WHEN 'expire' THEN
            call := 'SELECT mjc.stock_expire(10000) >= 0';
            expected := 'true';
        WHEN 'order_expire' THEN
            -- An order whose first line lapsed is past its time, whatever it still holds.
            SELECT count(*) INTO many FROM m_order x WHERE x.status = 'PENDING' AND EXISTS (SELECT FROM m_held y WHERE y.id = x.id AND y.lapsed);
            call := 'SELECT mjc.order_expire(1000)';
            expected := many;
            UPDATE m_order x SET status = 'CANCELLED' WHERE x.status = 'PENDING' AND EXISTS (SELECT FROM m_held y WHERE y.id = x.id AND y.lapsed);
            UPDATE m_held y SET held = 0 WHERE EXISTS (SELECT FROM m_order x WHERE x.id = y.id AND x.status = 'CANCELLED');
        WHEN 'confirm', 'ship', 'cancel' THEN
            CONTINUE WHEN o IS NULL;
            -- Confirming or shipping takes again what was lost, here all that lapsed.
            PERFORM mjc.stock_expire(10000);
            SELECT coalesce(bool_and(pg_temp.m_fits(x.n, x.taken)) FILTER (WHERE x.lapsed), true) INTO fits FROM m_held x WHERE x.id = o.id;
            call := format('SELECT mjc.order_%s(%L)', kind, o.reference);
            expected := CASE
                WHEN kind = 'confirm' AND o.status = 'PENDING' THEN CASE WHEN fits THEN 'CONFIRMED' ELSE 'MJ101' END
                WHEN kind = 'confirm' THEN CASE o.status WHEN 'CONFIRMED' THEN 'CONFIRMED' ELSE 'MJ301' END
                WHEN kind = 'ship' AND o.status IN ('PENDING', 'CONFIRMED') THEN
                     CASE WHEN NOT fits THEN 'MJ101'
                          WHEN EXISTS (SELECT FROM m_held x JOIN m_product y ON y.n = x.n WHERE x.id = o.id AND x.taken > y.on_hand) THEN 'MJ103' ELSE 'SHIPPED' END
                WHEN kind = 'ship' THEN CASE o.status WHEN 'SHIPPED' THEN 'SHIPPED' ELSE 'MJ301' END
                ELSE 'CANCELLED' END;
            IF expected NOT LIKE 'MJ%' AND expected <> o.status THEN
                IF expected <> 'CANCELLED' THEN
                    UPDATE m_held SET lapsed = false, held = taken WHERE id = o.id AND o.status = 'PENDING';
                END IF;
                IF expected = 'SHIPPED' THEN
                    UPDATE m_product y SET on_hand = y.on_hand - x.held FROM m_held x WHERE x.id = o.id AND y.n = x.n;
                    UPDATE m_held SET shipped = held, held = 0 WHERE id = o.id;
                ELSIF expected = 'CANCELLED' THEN
                    UPDATE m_product y SET on_hand = y.on_hand + x.shipped - x.back FROM m_held x WHERE x.id = o.id AND y.n = x.n;
                    UPDATE m_held SET held = 0, back = shipped WHERE id = o.id;
                END IF;
                UPDATE m_order SET status = expected WHERE id = o.id;
            END IF;
        END CASE;
        got := pg_temp.answer(call);
        INSERT INTO outcome VALUES (kind, coalesce(CASE WHEN got LIKE 'MJ___' THEN got END, 'done'));
        IF expected = 'taken' AND got NOT LIKE 'MJ___' THEN
            IF kind = 'hold_order' THEN
                UPDATE m_held SET held = 0, lapsed = lapsed WHERE id = h.id AND n = n1;
                INSERT INTO m_held (id, n, held, shipped, back, taken, is_hold, lapsed) VALUES (pg_temp.order_id(got), n1, q1, 0, 0, q1, false, false);
                INSERT INTO m_order (id, reference, status) VALUES (pg_temp.order_id(got), got, 'CONFIRMED');
            ELSE
                INSERT INTO m_held (id, n, held, shipped, back, taken, is_hold, lapsed)
                SELECT CASE kind WHEN 'reserve' THEN got::uuid ELSE pg_temp.order_id(got) END, x.n, sum(x.q), 0, 0, sum(x.q), kind = 'reserve', false
                  FROM (VALUES (n1, q1), (n2, q2)) x (n, q) GROUP BY x.n ORDER BY x.n;
                INSERT INTO m_order (id, reference, status) SELECT pg_temp.order_id(got), got, CASE kind WHEN 'order' THEN 'PENDING' ELSE 'CONFIRMED' END WHERE kind <> 'reserve';
            END IF;
            expected := got;
        END IF;
        IF got IS DISTINCT FROM expected THEN
            INSERT INTO surprise VALUES (step, call, expected, got);
            EXIT;  -- from here on the model would only be wrong
        END IF;
        -- What is said to be available is what the model has, after every call.
        INSERT INTO surprise
        SELECT step, call, format('%s available of part %s', pg_temp.m_available(x.n), x.n), mjc.available(pg_temp.pid(x.n))::text
          FROM m_product x WHERE x.n IN (n1, n2) AND mjc.available(pg_temp.pid(x.n)) <> pg_temp.m_available(x.n);
        EXIT WHEN FOUND;
    END LOOP;
END $$;

-- The model and a plain recount of the ledger against what the shop says.
CREATE FUNCTION pg_temp.compare(name text, first integer, last integer) RETURNS SETOF text
    LANGUAGE plpgsql
AS $$
BEGIN
    RETURN NEXT is_empty('SELECT * FROM surprise', name || ': every answer is the expected one');
    RETURN NEXT is_empty(format($q$SELECT m.n, m.on_hand, a.on_hand, m.damaged, a.damaged FROM m_product m LEFT JOIN mjc.stock_available a ON a.product_id = pg_temp.pid(m.n)
        WHERE m.n BETWEEN %s AND %s AND (m.on_hand, m.damaged)::text <> (coalesce(a.on_hand, 0), coalesce(a.damaged, 0))::text$q$, first, last), name || ': the balances are those of the model');
    RETURN NEXT is_empty(format($q$SELECT m.n, m.held, m.shipped, m.back FROM m_held m WHERE m.n BETWEEN %s AND %s AND (CASE WHEN m.lapsed THEN 0 ELSE m.held END, m.shipped, m.back)::text <>
        (SELECT (coalesce(sum(r.held_qty) FILTER (WHERE r.expires_at IS NULL OR r.expires_at > clock_timestamp() OR NOT m.lapsed), 0), coalesce(sum(r.shipped_qty), 0), coalesce(sum(r.returned_qty), 0))::text
           FROM mjc.reservation r WHERE r.reservation_id = m.id AND r.product_id = pg_temp.pid(m.n))$q$, first, last), name || ': so is what everybody holds');
    RETURN NEXT is_empty(format($q$SELECT n.product_id, n.location_id FROM mjc.stock_now n
         CROSS JOIN LATERAL (SELECT sum(CASE WHEN kind IN ('receive', 'adjust', 'count', 'return', 'transfer_in') THEN qty WHEN kind IN ('ship', 'damage', 'transfer_out') THEN -qty ELSE 0 END) AS on_hand,
                                    sum(CASE kind WHEN 'reserve' THEN qty WHEN 'release' THEN -qty WHEN 'ship' THEN -qty ELSE 0 END) AS reserved,
                                    sum(CASE kind WHEN 'damage' THEN qty WHEN 'return_damaged' THEN qty WHEN 'scrap' THEN -qty ELSE 0 END) AS damaged, count(*) AS steps
                               FROM mjc.stock_ledger g WHERE g.product_id = n.product_id AND g.location_id = n.location_id) g
        WHERE n.product_id BETWEEN pg_temp.pid(%s) AND pg_temp.pid(%s) AND (n.on_hand, n.reserved, n.damaged, n.seq) IS DISTINCT FROM (g.on_hand, g.reserved, g.damaged, g.steps)$q$, first, last),
        name || ': the newest row is the sum of all rows');
    RETURN NEXT is_empty('SELECT * FROM mjc.check_invariants()', name || ': no promise is broken');
    RETURN NEXT cmp_ok((SELECT count(*) FROM outcome), '>', 100::bigint, name || ': calls were made');
END $$;

SELECT pg_temp.play(0.17, 700, 101, 3) \g /dev/null
SELECT pg_temp.compare('direct', 101, 103);
SELECT set_has($$SELECT DISTINCT answer FROM outcome$$, $$VALUES ('done'), ('MJ101'), ('MJ103'), ('MJ113'), ('MJ114'), ('MJ115'), ('MJ301')$$, 'all kinds of answers came');
TRUNCATE outcome;
SELECT pg_temp.play(0.53, 700, 111, 3) \g /dev/null
SELECT pg_temp.compare('another history', 111, 113);
TRUNCATE outcome;
SET LOCAL mjc.direct_access = off;
SELECT pg_temp.play(0.71, 500, 121, 2) \g /dev/null
SELECT pg_temp.compare('by SPI', 121, 122);

SELECT * FROM finish();
ROLLBACK;
