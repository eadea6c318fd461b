-- stock_access: one history, told by both ways to the tables (direct, SPI) and on tables that
-- their owner changed. Each way must leave the same rows.
BEGIN;
SELECT plan(34);
\ir fixture.psql
INSERT INTO mjc.location (location_id, code, name, priority) VALUES (22, 'test-2', 'Second', 5);

-- What happens to products base + 1 .. base + 4; refused calls give their code.
CREATE FUNCTION pg_temp.history(base integer, key text) RETURNS SETOF text
    LANGUAGE plpgsql
AS $$
DECLARE
    a uuid;
    b uuid;
    c uuid;
    web text;
    staff text;
    lapsed text;
BEGIN
    PERFORM pg_temp.make_product(base + 1, 100000, NULL, 500), pg_temp.make_product(base + 2, 100000, NULL, 700),
            pg_temp.make_product(base + 3, 100000), pg_temp.make_product(base + 4, 100000);
    RETURN NEXT mjc.stock_receive(pg_temp.pid(base + 1), 10, 1001, 'first', key || '1');
    RETURN NEXT mjc.stock_receive(pg_temp.pid(base + 1), 10, 1001, 'first', key || '1');
    RETURN NEXT mjc.stock_receive(pg_temp.pid(base + 1), 4, location_id => 22::smallint);
    RETURN NEXT mjc.stock_receive(pg_temp.pid(base + 2), 6);
    PERFORM mjc.stock_policy_set(pg_temp.pid(base + 2), 1, 3, 9);
    PERFORM mjc.stock_expected(pg_temp.pid(base + 3), date '2031-01-01', 5);
    RETURN NEXT mjc.stock_receive(pg_temp.pid(base + 3), 3);
    a := pg_temp.hold(ARRAY[base + 1, base + 2], '{12,2}', '1 hour', key || '2');
    RETURN NEXT a = pg_temp.hold(ARRAY[base + 2, base + 1], '{2,12}', '1 hour', key || '2');
    RETURN NEXT (pg_temp.failure(format('SELECT pg_temp.hold(%L, %L)', ARRAY[base + 3, base + 1], '{1,3}')))::text;
    RETURN NEXT (pg_temp.failure(format('SELECT pg_temp.hold(%L, %L)', ARRAY[base + 4], '{1}')))::text;
    RETURN NEXT mjc.stock_commit(a, pg_temp.pid(base + 1), 11, key || '3');
    RETURN NEXT mjc.stock_commit(a, pg_temp.pid(base + 1), 11, key || '3');
    RETURN NEXT mjc.stock_return(a, pg_temp.pid(base + 1), 2, true, 'torn');
    RETURN NEXT mjc.stock_return(a, pg_temp.pid(base + 1), 1, false, 'good', key || '4');
    RETURN NEXT mjc.stock_release(a);
    b := pg_temp.hold(ARRAY[base + 2], '{6}');
    web := pg_temp.bought(ARRAY[base + 2, base + 1], '{1,1}');
    RETURN NEXT (pg_temp.failure(format('SELECT pg_temp.bought(%L, %L)', ARRAY[base + 2], '{2}')))::text;
    PERFORM pg_temp.lapse(b);
    RETURN NEXT mjc.available(pg_temp.pid(base + 2));
    staff := pg_temp.sold(ARRAY[base + 2], '{7}');
    RETURN NEXT mjc.order_ship(web);
    RETURN NEXT (pg_temp.failure(format('SELECT mjc.order_ship(%L)', staff)))::text;
    RETURN NEXT mjc.stock_adjust(pg_temp.pid(base + 2), 4, 'found');
    RETURN NEXT mjc.order_ship(staff);
    RETURN NEXT mjc.order_cancel(web);
    c := pg_temp.hold(ARRAY[base + 3], '{2}');
    PERFORM pg_temp.lapse(c);
    lapsed := pg_temp.bought(ARRAY[base + 3], '{3}');
    RETURN NEXT pg_temp.held(c, base + 3);
    PERFORM pg_temp.lapse(pg_temp.order_id(lapsed));
    RETURN NEXT mjc.stock_expire(10000);
    RETURN NEXT mjc.order_confirm(lapsed);
    RETURN NEXT mjc.stock_count(pg_temp.pid(base + 3), 2);
    RETURN NEXT mjc.stock_damage(pg_temp.pid(base + 1), 1, 'fell');
    RETURN NEXT mjc.stock_scrap(pg_temp.pid(base + 1), 2, 'gone');
    RETURN NEXT mjc.stock_transfer(pg_temp.pid(base + 1), 1, 22::smallint, 1::smallint);
    c := pg_temp.hold(ARRAY[base + 1], '{1}');
    RETURN NEXT pg_temp.held(pg_temp.order_id(pg_temp.sold(ARRAY[base + 1], '{2}', c)), base + 1);
END $$;
-- The rows it left, without what differs each time.
CREATE FUNCTION pg_temp.rows_of(base integer, key text) RETURNS SETOF text
    LANGUAGE sql
AS $$
    WITH product AS (SELECT n, pg_temp.pid(base + n) AS product_id FROM generate_series(1, 4) n),
    holder AS (SELECT r.reservation_id, row_number() OVER (ORDER BY min(r.created_at), min(r.product_id::text)) AS h
                 FROM mjc.reservation r JOIN product USING (product_id) GROUP BY r.reservation_id)
    SELECT format('ledger %s %s %s: %s', p.n, g.location_id, g.seq,
                  concat_ws(' ', kind, qty, on_hand, reserved, damaged, value_centimes, unit_cost_centimes, ref_kind, h.h, actor IS NULL, reason,
                            CASE WHEN ref_kind IN ('order', 'hold') THEN replace(op_id, g.ref_id, 'id') END))
      FROM product p JOIN mjc.stock_ledger g USING (product_id) LEFT JOIN holder h ON h.reservation_id::text = g.ref_id
    UNION ALL
    SELECT format('reservation %s %s %s %s: %s', p.n, h.h, r.line_no, r.location_id,
                  concat_ws(' ', kind, qty, held_qty, shipped_qty, returned_qty, backorder_qty, promised_on - mjc.algiers_date(created_at), expires_at IS NULL))
      FROM product p JOIN mjc.reservation r USING (product_id) JOIN holder h USING (reservation_id)
    UNION ALL
    SELECT format('flag %s: %s', p.n, concat_ws(' ', in_stock, next_expiry_at IS NULL)) FROM product p JOIN mjc.stock_flag f USING (product_id)
    UNION ALL
    SELECT format('available %s: %s', p.n, a::text) FROM product p JOIN LATERAL (SELECT on_hand, reserved, damaged, value_centimes, available FROM mjc.stock_available v WHERE v.product_id = p.product_id) a ON true
    ORDER BY 1
$$;
CREATE TEMP TABLE told (way text, n bigint, line text);
CREATE TEMP TABLE left_behind (way text, line text);
CREATE FUNCTION pg_temp.tell(way text, base integer) RETURNS SETOF text
    LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO told SELECT way, row_number() OVER (), regexp_replace(h, '"Test part \d+"', 'part') FROM pg_temp.history(base, way || '-') h;
    INSERT INTO left_behind SELECT way, replace(r, way || '-', '') FROM pg_temp.rows_of(base, way || '-') r;
    RETURN NEXT is((SELECT string_agg(line, E'\n' ORDER BY n) FROM told t WHERE t.way = tell.way), (SELECT string_agg(line, E'\n' ORDER BY n) FROM told t WHERE t.way = 'direct'), way || ': the same answers');
    RETURN NEXT is((SELECT string_agg(line, E'\n' ORDER BY line) FROM left_behind l WHERE l.way = tell.way), (SELECT string_agg(line, E'\n' ORDER BY line) FROM left_behind l WHERE l.way = 'direct'), way || ': the same rows');
    RETURN NEXT is_empty('SELECT * FROM mjc.check_invariants()', way || ': no promise is broken');
END $$;

-- As the tables are made
SELECT pg_temp.tell('direct', 1000);
SELECT is((SELECT string_agg(line, ' | ' ORDER BY n) FROM told WHERE way = 'direct'), concat_ws(' | ',
    '10', '10', '4', '6', '3', 'true',  -- came in; one hold for both calls
    '(MJ101,"{""line"": 2, ""product"": "part", ""available"": 2, ""requested"": 3}")',
    '(MJ101,"{""line"": 1, ""product"": "part", ""available"": 0, ""requested"": 1}")',
    '11', '11', '2', '1', '3',  -- eleven left, two and one came back, three were given up
    '(MJ101,"{""line"": 1, ""product"": "part", ""available"": 1, ""requested"": 2}")',  -- 6 - 1 safety + 3 beyond - 7
    '4', 'SHIPPED', '(MJ103,)', '9', 'SHIPPED', 'CANCELLED',
    '1: 2 0 0 0 0', '1', 'CONFIRMED', '-1',  -- swept by a buyer, by the sweeper, taken again; one is missing
    '0', '1', '1', '1: 1 1 0 0 0, 22: 1 1 0 0 0'), 'direct: the answers, by hand');

-- Without the direct way
SET LOCAL mjc.direct_access = off;
SELECT pg_temp.tell('spi', 2000);
RESET mjc.direct_access;

-- The owner adds columns, triggers, an index and a constraint
CREATE TEMP TABLE noticed (t name, n integer);
CREATE FUNCTION pg_temp.notice() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO noticed VALUES (TG_TABLE_NAME, 1); RETURN NEW; END $$;
GRANT INSERT ON noticed TO mjc_owner;
ALTER TABLE mjc.stock_ledger ADD COLUMN own_mark text DEFAULT 'owner', ADD COLUMN own_number integer NOT NULL DEFAULT 7;
ALTER TABLE mjc.reservation ADD COLUMN own_mark text DEFAULT 'owner';
ALTER TABLE mjc.stock_anchor ADD COLUMN own_mark text DEFAULT 'owner';
ALTER TABLE mjc.location ADD COLUMN own_mark text DEFAULT 'owner';
SELECT pg_temp.tell('column', 3000);
SELECT is((SELECT count(*) FROM mjc.stock_ledger WHERE product_id BETWEEN pg_temp.pid(3001) AND pg_temp.pid(3004) AND own_mark = 'owner' AND own_number = 7),
          (SELECT count(*) FROM left_behind WHERE way = 'direct' AND line LIKE 'ledger%'), 'column: defaults are filled in the ledger');
SELECT is((SELECT count(*) FROM mjc.reservation WHERE product_id BETWEEN pg_temp.pid(3001) AND pg_temp.pid(3004) AND own_mark = 'owner'),
          (SELECT count(*) FROM left_behind WHERE way = 'direct' AND line LIKE 'reservation%'), 'column: and in reservations');
ALTER TABLE mjc.stock_ledger DROP COLUMN own_mark, DROP COLUMN own_number;
ALTER TABLE mjc.reservation DROP COLUMN own_mark;
ALTER TABLE mjc.stock_anchor DROP COLUMN own_mark;
ALTER TABLE mjc.location DROP COLUMN own_mark;
SELECT pg_temp.tell('dropped', 4000);
CREATE TRIGGER own BEFORE INSERT ON mjc.stock_ledger FOR EACH ROW EXECUTE FUNCTION pg_temp.notice();
CREATE TRIGGER own AFTER INSERT ON mjc.reservation FOR EACH ROW EXECUTE FUNCTION pg_temp.notice();
SELECT pg_temp.tell('trigger', 5000);
SELECT is((SELECT count(*) FROM noticed WHERE t = 'stock_ledger'), (SELECT count(*) FROM left_behind WHERE way = 'direct' AND line LIKE 'ledger%'), 'trigger: fired for each row of the ledger');
SELECT is((SELECT count(*) FROM noticed WHERE t = 'reservation'), (SELECT count(*) FROM left_behind WHERE way = 'direct' AND line LIKE 'reservation%'), 'trigger: and for each reservation');
DROP TRIGGER own ON mjc.stock_ledger;
DROP TRIGGER own ON mjc.reservation;
CREATE INDEX own_idx ON mjc.stock_ledger (reason) WHERE reason IS NOT NULL;
CREATE INDEX own_expression_idx ON mjc.stock_ledger (upper(kind));
SELECT pg_temp.tell('index', 6000);
SET LOCAL enable_seqscan = off;
SET LOCAL enable_bitmapscan = off;
SELECT is((SELECT count(*) FROM mjc.stock_ledger WHERE reason = 'torn' AND product_id = pg_temp.pid(6001)), 1::bigint, 'index: the owner''s index is filled');
SELECT is((SELECT count(*) FROM mjc.stock_ledger WHERE upper(kind) = 'SCRAP' AND product_id = pg_temp.pid(6001)), 1::bigint, 'index: one on an expression too');
RESET enable_seqscan;
RESET enable_bitmapscan;
ALTER TABLE mjc.stock_ledger ADD CONSTRAINT own_ck CHECK (qty < 500);
SELECT pg_temp.make_product(1, 100) \g /dev/null
SELECT throws_ok(format('SELECT mjc.stock_receive(%L, 500)', pg_temp.pid(1)), '23514', NULL, 'constraint: the owner''s holds, directly');
SET LOCAL mjc.direct_access = off;
SELECT throws_ok(format('SELECT mjc.stock_receive(%L, 500)', pg_temp.pid(1)), '23514', NULL, 'constraint: and by SPI');
RESET mjc.direct_access;
SELECT is(mjc.stock_receive(pg_temp.pid(1), 499), 499::bigint, 'constraint: as far as it says');
ALTER TABLE mjc.stock_ledger DROP CONSTRAINT own_ck;
SELECT is(mjc.stock_receive(pg_temp.pid(1), 500), 999::bigint, 'constraint: no longer than it stands');
ALTER TABLE mjc.reservation ADD CONSTRAINT own_ck CHECK (qty < 500);
SELECT throws_ok($$SELECT pg_temp.hold('{1}', '{500}')$$, '23514', NULL, 'constraint: of reservations');
SELECT is(pg_temp.stock(1), '999 0', 'constraint: and the refused one left nothing');
SELECT lives_ok($$SELECT pg_temp.hold('{1}', '{499}')$$, 'constraint: the next one is written');
ALTER TABLE mjc.reservation DROP CONSTRAINT own_ck;
REINDEX TABLE mjc.stock_ledger;
SELECT is(mjc.stock_adjust(pg_temp.pid(1), 1, 'x'), 1000::bigint, 'after REINDEX');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'at the end no promise is broken');

SELECT * FROM finish();
ROLLBACK;
