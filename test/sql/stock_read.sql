-- stock_read: what may be promised, what the reports tell, and the rules that move no unit.
BEGIN;
SELECT plan(236);
\ir fixture.psql
GRANT USAGE ON SCHEMA tap TO PUBLIC;
CREATE FUNCTION pg_temp.in_stock(n integer) RETURNS boolean
    LANGUAGE sql
    AS $$ SELECT f.in_stock FROM mjc.stock_flag f WHERE f.product_id = pg_temp.pid(n) $$;
CREATE FUNCTION pg_temp.hold(n integer, qty integer) RETURNS uuid
    LANGUAGE sql
    AS $$ SELECT mjc.stock_reserve(ARRAY[pg_temp.pid(n)], ARRAY[qty]) $$;
-- "on_hand reserved available short orderable"
CREATE FUNCTION pg_temp.promise(n integer) RETURNS text
    LANGUAGE sql
    AS $$ SELECT concat_ws(' ', a.on_hand, a.reserved, a.available, a.short_qty, a.orderable_qty) FROM mjc.stock_available a WHERE a.product_id = pg_temp.pid(n) $$;

-- Labels: nothing, half (rounded down) or less, low or less
SELECT is(mjc.stock_label(a, low), label, format('%s available, low at %s', a, low))
  FROM (VALUES (-3, 5, 'OUT_OF_STOCK'), (0, 5, 'OUT_OF_STOCK'), (1, 5, 'CRITICAL'), (2, 5, 'CRITICAL'), (3, 5, 'LOW_STOCK'), (5, 5, 'LOW_STOCK'), (6, 5, NULL),
               (5, 10, 'CRITICAL'), (6, 10, 'LOW_STOCK'), (10, 10, 'LOW_STOCK'), (11, 10, NULL), (1, 1, 'LOW_STOCK'), (2, 1, NULL), (1, 2, 'CRITICAL'),
               (0, 0, 'OUT_OF_STOCK'), (1, 0, NULL), (0, NULL, 'OUT_OF_STOCK'), (1, NULL, NULL), (NULL, 5, 'OUT_OF_STOCK'), (NULL, NULL, 'OUT_OF_STOCK'),
               (9223372036854775807, 2147483647, NULL)) v (a, low, label);

-- What a movement changes
SELECT is(concat_ws(' ', mjc.on_hand_change(k, 7), mjc.reserved_change(k, 7), mjc.damaged_change(k, 7)), r, k)
  FROM (VALUES ('receive', '7 0 0'), ('adjust', '7 0 0'), ('count', '7 0 0'), ('return', '7 0 0'), ('transfer_in', '7 0 0'), ('transfer_out', '-7 0 0'),
               ('reserve', '0 7 0'), ('release', '0 -7 0'), ('ship', '-7 -7 0'), ('damage', '-7 0 7'), ('return_damaged', '0 0 7'), ('scrap', '0 0 -7'),
               ('no such kind', '0 0 0')) v (k, r);
SELECT is(mjc.on_hand_change('adjust', -3), -3, 'a correction downwards');
SELECT is(concat_ws(' ', mjc.on_hand_change(NULL, 7), mjc.reserved_change(NULL, 7), mjc.damaged_change(NULL, 7)), '0 0 0', 'no kind, no change');
SELECT is_empty($$SELECT k FROM (SELECT (regexp_matches(pg_get_constraintdef(oid), '''(\w+)''', 'g'))[1] AS k FROM pg_constraint WHERE conname = 'stock_ledger_kind_ck') x
                   WHERE mjc.on_hand_change(k, 1) = 0 AND mjc.reserved_change(k, 1) = 0 AND mjc.damaged_change(k, 1) = 0$$, 'every kind of the ledger changes something');

-- Available: holds, their expiry, safety stock
SELECT is(mjc.available(pg_temp.pid(99)), 0::bigint, 'an unknown product has none');
SELECT is(mjc.available(NULL), NULL, 'no product, no answer');
SELECT pg_temp.make_stock(1, 10) \g /dev/null
SELECT is(pg_temp.promise(1), '10 0 10 0 10', 'ten on hand');
SELECT pg_temp.hold(1, 4) AS hold \gset
SELECT is(pg_temp.promise(1), '10 4 6 0 6', 'a hold of four');
SELECT pg_temp.hold(1, 6) AS second_hold \gset
SELECT is(pg_temp.promise(1), '10 10 0 0 0', 'and one of the rest');
SELECT is(pg_temp.in_stock(1), false, 'no longer in stock');
SELECT is((SELECT next_expiry_at FROM mjc.stock_flag WHERE product_id = pg_temp.pid(1)), (SELECT min(expires_at) FROM mjc.reservation WHERE product_id = pg_temp.pid(1)), 'until the first hold lapses');
SELECT pg_temp.lapse(:'hold') \g /dev/null
SELECT is(pg_temp.promise(1), '10 6 4 0 4', 'a hold past its expiry does not count');
SELECT is(mjc.available(pg_temp.pid(1)), 4::bigint, 'so says the function');
SELECT is((SELECT reserved FROM mjc.stock_now WHERE product_id = pg_temp.pid(1)), 10::bigint, 'though the ledger has it until it is swept');
SELECT is((SELECT reserved || ' ' || available FROM mjc_report.stock WHERE product_id = pg_temp.pid(1)), '6 4', 'the report has it too');
SELECT is((mjc_api.product_get(NULL, NULL, NULL, pg_temp.pid(1)::text, false) #>> '{product,stockQuantity}'), '4', 'and the shop window');
UPDATE mjc.stock_flag SET next_expiry_at = now() - interval '1 second' WHERE product_id = pg_temp.pid(1);
SELECT is(json_array_length(mjc_api.product_list(NULL, NULL, NULL, 1, 100, 'TEST-ONLY-1', NULL, NULL, NULL, NULL, NULL, NULL, NULL, true, NULL, NULL, NULL) -> 'products'), 1,
          'the filter finds what a lapsed hold set free, without a sweep');
UPDATE mjc.stock_flag SET next_expiry_at = now() + interval '1 minute' WHERE product_id = pg_temp.pid(1);
SELECT is(json_array_length(mjc_api.product_list(NULL, NULL, NULL, 1, 100, 'TEST-ONLY-1', NULL, NULL, NULL, NULL, NULL, NULL, NULL, true, NULL, NULL, NULL) -> 'products'), 0, 'and not before');
UPDATE mjc.stock_flag SET next_expiry_at = now() - interval '1 second' WHERE product_id = pg_temp.pid(1);
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken by a hold that nobody swept');
SELECT mjc.stock_policy_set(pg_temp.pid(1), safety_qty => 3) \g /dev/null
SELECT is(pg_temp.promise(1), '10 6 1 0 1', 'three are never sold');
SELECT mjc.stock_policy_set(pg_temp.pid(1), safety_qty => 4) \g /dev/null
SELECT is(pg_temp.promise(1), '10 6 0 0 0', 'four');
SELECT mjc.stock_policy_set(pg_temp.pid(1), safety_qty => 5) \g /dev/null
SELECT is(pg_temp.promise(1), '10 6 -1 0 -1', 'five: one is missing');
SELECT mjc.stock_policy_set(pg_temp.pid(1), safety_qty => 0) \g /dev/null

-- Several locations, one of them short or closed
SELECT mjc.location_set('test-b', 'Dépôt B', 5) AS b \gset
SELECT pg_temp.make_stock(2, 5) \g /dev/null
SELECT mjc.stock_receive(pg_temp.pid(2), 4, location_id => :b::smallint) \g /dev/null
SELECT is(pg_temp.promise(2), '9 0 9 0 9', 'two locations add up');
SELECT pg_temp.bought('{2}', '{5}') AS ref2 \gset
SELECT mjc.stock_adjust(pg_temp.pid(2), -3, 'lost') \g /dev/null
SELECT is(pg_temp.promise(2), '6 5 4 3 4', 'one that is short does not block the other');
SELECT mjc.location_set('test-b', is_active => false) \g /dev/null
SELECT is(pg_temp.promise(2), '6 5 -3 3 -3', 'alone it shows what is missing');
SELECT is(pg_temp.in_stock(2), false, 'closing a location brings the flags up to date');
SELECT mjc.location_set('test-b', is_active => true) \g /dev/null
SELECT is(pg_temp.in_stock(2), true, 'opening it too');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');

-- Beyond the stock
SELECT pg_temp.make_stock(3, 2) \g /dev/null
SELECT mjc.stock_policy_set(pg_temp.pid(3), 1, 5, 10) \g /dev/null
SELECT is(pg_temp.promise(3), '2 0 1 0 6', 'two on hand, one kept, five beyond');
SELECT pg_temp.hold(3, 6) AS hold3 \gset
SELECT is(pg_temp.promise(3), '2 6 -5 4 0', 'all of them promised');
SELECT is((SELECT sum(backorder_qty) FROM mjc.reservation WHERE reservation_id = :'hold3'), 5::bigint, 'five of them beyond the stock');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'as it is allowed');
SELECT mjc.stock_policy_set(pg_temp.pid(4), 2) FROM pg_temp.make_product(4, 100000) \g /dev/null
SELECT is(pg_temp.promise(4), '0 0 -2 0 -2', 'a policy before the first unit');

-- A property: the view against the rule told in other words, whatever happened
SELECT is_empty($$
    SELECT a.product_id FROM mjc.stock_available a JOIN mjc.stock_anchor k USING (product_id)
      CROSS JOIN LATERAL (
           SELECT coalesce(sum(greatest(free, 0)) FILTER (WHERE active), 0) - k.safety_qty AS f, coalesce(sum(free) FILTER (WHERE active), 0) - k.safety_qty AS all_of
             FROM (SELECT l.is_active AS active, n.on_hand - (SELECT coalesce(sum(r.held_qty), 0) FROM mjc.reservation r
                          WHERE r.product_id = n.product_id AND r.location_id = n.location_id AND (r.expires_at IS NULL OR r.expires_at > statement_timestamp())) AS free
                     FROM mjc.stock_now n JOIN mjc.location l USING (location_id) WHERE n.product_id = a.product_id) x) y
     WHERE a.available <> CASE WHEN y.f > 0 THEN y.f ELSE y.all_of END$$, 'available by the rule, for every product of the shop');

-- What it was at an instant
CREATE TEMP TABLE moment (n integer, at timestamptz, op text);
SELECT pg_temp.make_product(10, 100000, NULL, 500) \g /dev/null
SELECT clock_timestamp() AS t0, pg_sleep(0.002) \gset
SELECT mjc.stock_receive(pg_temp.pid(10), 10, 500) \g /dev/null
SELECT clock_timestamp() AS t1, pg_sleep(0.002) \gset
SELECT pg_temp.bought('{10}', '{3}') AS ref10 \gset
SELECT mjc.stock_receive(pg_temp.pid(10), 4, 500, location_id => :b::smallint) \g /dev/null
SELECT clock_timestamp() AS t2, pg_sleep(0.002) \gset
SELECT mjc.stock_damage(pg_temp.pid(10), 2, 'broken') \g /dev/null
SELECT clock_timestamp() AS t3 \gset
CREATE FUNCTION pg_temp.was(n integer, instant timestamptz) RETURNS text
    LANGUAGE sql
    AS $$ SELECT concat_ws(' ', s.on_hand, s.reserved, s.damaged, s.value_centimes) FROM mjc.stock_at(pg_temp.pid(n), instant) s $$;
SELECT is(pg_temp.was(10, :'t0'), '0 0 0 0', 'before its first movement there was nothing');
SELECT is(pg_temp.was(10, :'t1'), '10 0 0 5000', 'then ten');
SELECT is(pg_temp.was(10, :'t2'), '14 3 0 7000', 'then fourteen at two places, three of them held');
SELECT is(pg_temp.was(10, :'t3'), '12 3 2 6000', 'then two broken');
SELECT is(pg_temp.was(10, 'infinity'), '12 3 2 6000', 'and so for ever');
SELECT is(pg_temp.was(10, '-infinity'), '0 0 0 0', 'never before');
SELECT is(pg_temp.was(10, (SELECT at FROM mjc.stock_ledger WHERE product_id = pg_temp.pid(10) AND location_id = 1 AND seq = 1)), '10 0 0 5000', 'the very instant of a movement is after it');
SELECT is(pg_temp.was(10, (SELECT at - interval '1 microsecond' FROM mjc.stock_ledger WHERE product_id = pg_temp.pid(10) AND location_id = 1 AND seq = 1)), '0 0 0 0', 'a moment earlier is before it');
SELECT is(pg_temp.was(99, now()), '0 0 0 0', 'an unknown product');
SELECT is(pg_temp.was(10, NULL), '', 'no instant, no answer');

-- Random histories: as a recount of the rows says, at every movement and between
SELECT pg_temp.make_product(n, 100000) FROM generate_series(11, 14) n \g /dev/null
SELECT setseed(0.42) \g /dev/null
INSERT INTO mjc.stock_anchor (product_id) SELECT pg_temp.pid(n) FROM generate_series(11, 14) n;
INSERT INTO mjc.stock_ledger (product_id, location_id, seq, kind, qty, on_hand, reserved, damaged, value_centimes, unit_cost_centimes, ref_kind, ref_id, op_id, at)
SELECT pg_temp.pid(h.n), h.place, row_number() OVER w, 'receive', h.qty, sum(h.qty) OVER w, 0, 0, sum(h.qty * 100) OVER w, 100, 'manual', 'x', 'r' || h.i, h.at
  FROM (SELECT n, i, CASE WHEN random() < 0.6 THEN 1 ELSE :b END::smallint AS place, ceil(random() * 9)::integer AS qty,
               timestamptz '2026-01-01 00:00+00' + floor(random() * 60) * interval '1 hour' AS at
          FROM generate_series(11, 14) n, generate_series(1, CASE n WHEN 11 THEN 1 WHEN 12 THEN 2 WHEN 13 THEN 33 ELSE 257 END) i) h
WINDOW w AS (PARTITION BY h.n, h.place ORDER BY h.at, h.i);
SELECT mjc.stock_refresh(pg_temp.pid(n)) FROM generate_series(11, 14) n \g /dev/null
CREATE FUNCTION pg_temp.recount(n integer, instant timestamptz) RETURNS text
    LANGUAGE sql
AS $$
    SELECT concat_ws(' ', coalesce(sum(x.on_hand), 0), coalesce(sum(x.reserved), 0), coalesce(sum(x.damaged), 0), coalesce(sum(x.value_centimes), 0))
      FROM (SELECT DISTINCT ON (g.location_id) g.* FROM mjc.stock_ledger g WHERE g.product_id = pg_temp.pid(n) AND g.at <= instant ORDER BY g.location_id, g.seq DESC) x
$$;
SELECT is_empty($$SELECT n, t FROM generate_series(11, 14) n, generate_series(timestamptz '2025-12-31 23:30+00', '2026-01-04 00:00+00', '30 minutes') t
                   WHERE pg_temp.was(n, t) <> pg_temp.recount(n, t)$$, 'stock_at is what a recount of the movements gives, 4 histories at 198 instants');
SELECT is_empty($$SELECT g.n FROM generate_series(1, 10) g (n) WHERE pg_temp.was(g.n, clock_timestamp()) <> pg_temp.recount(g.n, clock_timestamp())$$,
                'and now it is the stock');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');
SAVEPOINT archive;
DELETE FROM mjc.stock_ledger WHERE product_id = pg_temp.pid(14) AND seq <= 40;
SELECT is_empty($$SELECT t FROM generate_series(timestamptz '2025-12-31', '2026-01-04 00:00+00', '30 minutes') t
                   WHERE (SELECT count(*) FROM mjc.location l WHERE EXISTS (SELECT FROM mjc.stock_ledger g WHERE g.product_id = pg_temp.pid(14) AND g.location_id = l.location_id AND g.at <= t)) = 2
                     AND pg_temp.was(14, t) <> pg_temp.recount(14, t)$$, 'right as well when the oldest movements went to an archive');
SELECT is(pg_temp.was(14, '2025-12-31'), '', 'and unknown before what is kept');
ROLLBACK TO archive;

-- Why is it so
SELECT results_eq(format('SELECT location, seq, kind, qty, on_hand_change, reserved_change, damaged_change, on_hand, reserved, damaged, reference, reason FROM mjc.stock_history(%L)', pg_temp.pid(10)),
    format($$VALUES ('main'::text, 3::bigint, 'damage'::text, 2, -2, 0, 2, 8::bigint, 3::bigint, 2::bigint, NULL::text, 'broken'::text),
                    ('test-b', 1, 'receive', 4, 4, 0, 0, 4, 0, 0, NULL, NULL), ('main', 2, 'reserve', 3, 0, 3, 0, 10, 3, 0, %L, NULL), ('main', 1, 'receive', 10, 10, 0, 0, 10, 0, 0, NULL, NULL)$$, :'ref10'),
    'the movements of a product, newest first');
SELECT is((SELECT count(*) FROM mjc.stock_history(pg_temp.pid(10), 2)), 2::bigint, 'as many as wanted');
SELECT is((SELECT string_agg(kind, ' ') FROM mjc.stock_history(pg_temp.pid(10), 2)), 'damage receive', 'the newest of all places');
SELECT is((SELECT count(*) FROM mjc.stock_history(pg_temp.pid(14))), 100::bigint, 'a hundred when not told');
SELECT is((SELECT count(*) FROM mjc.stock_history(pg_temp.pid(14), 100000)), 257::bigint, 'or all');
SELECT is_empty(format('SELECT * FROM mjc.stock_history(%L)', pg_temp.pid(99)), 'none of an unknown product');
SELECT throws_ok('SELECT * FROM mjc.stock_history(NULL)', 'MJ003', NULL, 'history: no product');
SELECT throws_ok(format('SELECT * FROM mjc.stock_history(%L, %s)', pg_temp.pid(10), m), 'MJ006', NULL, format('history: %s rows', m)) FROM unnest(ARRAY['0', '-1', '100001', 'NULL']) m;
SELECT is_empty($$SELECT h.seq FROM mjc_report.stock_history h LEFT JOIN mjc.stock_ledger b ON b.product_id = h.product_id AND b.location_id = h.location_id AND b.seq = h.seq - 1
                   WHERE h.on_hand <> coalesce(b.on_hand, 0) + h.on_hand_change OR h.reserved <> coalesce(b.reserved, 0) + h.reserved_change OR h.damaged <> coalesce(b.damaged, 0) + h.damaged_change$$,
                'in the report every balance is the one before and the change');
SELECT is((SELECT sum(on_hand_change) FROM mjc_report.stock_history WHERE sku = 'TEST-ONLY-10'), 12::bigint, 'and all changes together are the stock');
SELECT is((SELECT string_agg(concat_ws(' ', kind, reference), ', ' ORDER BY seq) FROM mjc_report.stock_history WHERE product_id = pg_temp.pid(10) AND location = 'main'), format('receive, reserve %s, damage', :'ref10'), 'the report names the order');
CREATE FUNCTION pg_temp.plan_of(statement text) RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    line text;
    whole text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN ' || statement LOOP
        whole := whole || line || E'\n';
    END LOOP;
    RETURN whole;
END
$$;
SELECT matches(pg_temp.plan_of(format('SELECT * FROM mjc_report.stock_history WHERE product_id = %L AND location_id = 1 ORDER BY seq DESC LIMIT 20', pg_temp.pid(14))),
    'Index Scan Backward using stock_ledger_pkey', 'the newest of one place come from the primary key');

-- The reports
SELECT results_eq($$SELECT on_hand, reserved, damaged, available, value_dzd, label, incoming, next_due_on, short FROM mjc_report.stock WHERE sku = 'TEST-ONLY-2'$$,
    $$VALUES (6::bigint, 5::bigint, 0::bigint, 4::bigint, 3600.00, 'LOW_STOCK', 0::bigint, NULL::date, 3::bigint)$$, 'stock');
SELECT results_eq($$SELECT on_hand, average_cost_dzd, value_dzd FROM mjc_report.stock_valuation WHERE sku = 'TEST-ONLY-10'$$, 'VALUES (12::bigint, 5.00, 60.00)', 'valuation');
SELECT results_eq($$SELECT on_hand, average_cost_dzd, value_dzd FROM mjc_report.stock_valuation WHERE sku = 'TEST-ONLY-4'$$, 'VALUES (0::bigint, NULL::numeric, 0.00)', 'nothing has no average cost');
SELECT is((SELECT sum(value_dzd) FROM mjc_report.stock_valuation), (SELECT mjc.dzd(sum(value_centimes)::bigint) FROM mjc.stock_now), 'all products together are worth what the ledger says');
SELECT is_empty($$SELECT product_id FROM mjc_report.stock_valuation GROUP BY 1 HAVING count(*) > 1$$, 'a product once');

-- Dead stock
SELECT is((SELECT count(*) FROM mjc_report.dead_stock WHERE sku = 'TEST-ONLY-1'), 0::bigint, 'what came in today is not dead');
UPDATE mjc.stock_ledger SET at = at - interval '179 days' WHERE product_id = pg_temp.pid(1);
SELECT is((SELECT count(*) FROM mjc_report.dead_stock WHERE sku = 'TEST-ONLY-1'), 0::bigint, 'nor after 179 days');
UPDATE mjc.stock_ledger SET at = at - interval '2 days' WHERE product_id = pg_temp.pid(1);
SELECT results_eq($$SELECT on_hand, value_dzd, last_shipped_at, days FROM mjc_report.dead_stock WHERE sku = 'TEST-ONLY-1'$$, 'VALUES (10::bigint, 6000.00, NULL::timestamptz, 181)', 'after 181 it is, if nothing left');
SELECT mjc.stock_commit(:'second_hold', pg_temp.pid(1), 1) \g /dev/null
SELECT is((SELECT count(*) FROM mjc_report.dead_stock WHERE sku = 'TEST-ONLY-1'), 0::bigint, 'one that left brings it to life');
UPDATE mjc.stock_ledger SET at = at - interval '200 days' WHERE product_id = pg_temp.pid(1);
SELECT results_eq($$SELECT on_hand, last_shipped_at IS NOT NULL, days FROM mjc_report.dead_stock WHERE sku = 'TEST-ONLY-1'$$, 'VALUES (9::bigint, true, 200)', 'for a while');
SELECT mjc.setting_set('dead_stock_days', '201') \g /dev/null
SELECT is((SELECT count(*) FROM mjc_report.dead_stock WHERE sku = 'TEST-ONLY-1'), 0::bigint, 'a setting says how long');
SELECT mjc.stock_adjust(pg_temp.pid(1), -3, 'lost') \g /dev/null
SELECT mjc.setting_set('dead_stock_days', '1') \g /dev/null
SELECT is((SELECT count(*) FROM mjc_report.dead_stock WHERE sku = 'TEST-ONLY-4'), 0::bigint, 'what is not there is not dead');

-- Short: the oldest are served first
SELECT pg_temp.make_stock(20, 10) \g /dev/null
SELECT pg_temp.bought('{20}', '{4}') AS first20 \gset
SELECT pg_temp.bought('{20}', '{3}') AS second20 \gset
SELECT pg_temp.hold(20, 3) AS hold20 \gset
SELECT is_empty($$SELECT * FROM mjc_report.short_order WHERE sku = 'TEST-ONLY-20'$$, 'all are covered');
SELECT mjc.stock_adjust(pg_temp.pid(20), -4, 'counted') \g /dev/null
CREATE FUNCTION pg_temp.short_of(n integer) RETURNS text
    LANGUAGE sql
    AS $$ SELECT coalesce(string_agg(concat_ws(' ', s.kind, s.reference, s.held_qty, s.short_qty), ', ' ORDER BY s.created_at), '') FROM mjc_report.short_order s WHERE s.sku = 'TEST-ONLY-' || n $$;
SELECT is(pg_temp.short_of(20), format('order %s 3 1, hold 3 3', :'second20'), 'the youngest go without');
SELECT is((SELECT short FROM mjc_report.stock WHERE sku = 'TEST-ONLY-20'), 4::bigint, 'by as much as the product is short');
SELECT pg_temp.lapse(:'hold20') \g /dev/null
SELECT is(pg_temp.short_of(20), format('order %s 3 1', :'second20'), 'a hold that lapsed goes without anyway');
SELECT mjc.order_ship(:'first20') \g /dev/null
SELECT is(pg_temp.short_of(20), format('order %s 3 1', :'second20'), 'when the first left, the second still lacks one');
SELECT mjc.stock_receive(pg_temp.pid(20), 1) \g /dev/null
SELECT is(pg_temp.short_of(20), '', 'until it comes');
SELECT is(pg_temp.short_of(3), 'hold 6 4', 'units beyond the stock are short as well');
SELECT is((SELECT promised_on FROM mjc_report.short_order WHERE sku = 'TEST-ONLY-3'), mjc.algiers_date(now()) + 10, 'with their day');
SELECT is_empty($$SELECT s.sku FROM (SELECT product_id, sku, sum(short_qty) AS n FROM mjc_report.short_order GROUP BY 1, 2) s FULL JOIN mjc_report.stock k USING (product_id) WHERE coalesce(s.n, 0) <> k.short$$,
                'for every product the report lists as many units as are short');

-- Reservations that are open
SELECT results_eq(format('SELECT sku, kind, reference, line_no, location, qty, held, shipped, returned, backorder, expired FROM mjc_report.reservation WHERE reservation_id = %L', pg_temp.order_id(:'second20')),
    format($$VALUES ('TEST-ONLY-20'::text, 'order'::text, %L::text, 1, 'main'::text, 3, 3, 0, 0, 0, false)$$, :'second20'), 'of an order');
SELECT results_eq(format('SELECT kind, reference, qty, held, shipped, expired FROM mjc_report.reservation WHERE reservation_id IN (%L, %L) ORDER BY sku', :'hold20', :'second_hold'),
    $$VALUES ('hold'::text, NULL::text, 6, 5, 1, false), ('hold', NULL, 3, 3, 0, true)$$, 'of holds');
SELECT is_empty(format('SELECT * FROM mjc_report.reservation WHERE reservation_id = %L', pg_temp.order_id(:'first20')), 'what has left is not open');

-- Deliveries to come
SELECT mjc.algiers_date(now()) AS today \gset
SELECT lives_ok(format('SELECT mjc.stock_expected(%L, %L, 20, $$BL 12$$)', pg_temp.pid(10), :'today'::date + 7), 'twenty in a week');
SELECT lives_ok(format('SELECT mjc.stock_expected(%L, %L, 5)', pg_temp.pid(10), :'today'::date - 1), 'five were due yesterday');
SELECT results_eq($$SELECT due_on, qty, is_late, remark FROM mjc_report.stock_incoming WHERE sku = 'TEST-ONLY-10' ORDER BY 1$$,
    format('VALUES (%L::date, 5, true, NULL::text), (%L, 20, false, $$BL 12$$)', :'today'::date - 1, :'today'::date + 7), 'the report of what is to come');
SELECT results_eq($$SELECT incoming, next_due_on FROM mjc_report.stock WHERE sku = 'TEST-ONLY-10'$$, format('VALUES (25::bigint, %L::date)', :'today'::date - 1), 'the stock shows it');
SELECT lives_ok(format('SELECT mjc.stock_expected(%L, %L, 30)', pg_temp.pid(10), :'today'::date + 7), 'thirty, after all');
SELECT results_eq($$SELECT qty, remark FROM mjc_report.stock_incoming WHERE sku = 'TEST-ONLY-10' AND NOT is_late$$, 'VALUES (30, NULL::text)', 'in place of the twenty');
SELECT mjc.stock_receive(pg_temp.pid(10), 7) \g /dev/null
SELECT results_eq($$SELECT due_on, qty FROM mjc_report.stock_incoming WHERE sku = 'TEST-ONLY-10'$$, format('VALUES (%L::date, 28)', :'today'::date + 7), 'what came in is no longer to come, the earliest first');
SELECT lives_ok(format('SELECT mjc.stock_expected(%L, %L, 0)', pg_temp.pid(10), :'today'::date + 7), 'none, after all');
SELECT is_empty($$SELECT * FROM mjc_report.stock_incoming WHERE sku = 'TEST-ONLY-10'$$, 'takes it back');
SELECT lives_ok(format('SELECT mjc.stock_expected(%L, %L, 0)', pg_temp.pid(10), :'today'::date + 7), 'twice does no harm');
SELECT lives_ok(format('SELECT mjc.stock_expected(%L, %L, 1000000, %L)', pg_temp.pid(10), :'today'::date, repeat('é', 255)), 'the most, with the longest note');
SELECT results_eq(format($$SELECT before ->> 'qty', after ->> 'qty', after ->> 'due_on' FROM mjc.audit WHERE action = 'stock_expected' AND subject_kind = 'product' AND subject_id = %L ORDER BY audit_id LIMIT 3$$, pg_temp.pid(10)),
    format($$VALUES ('0', '20', %L), ('0', '5', %L), ('20', '30', %1$L)$$, (:'today'::date + 7)::text, (:'today'::date - 1)::text), 'each is on record');
SELECT throws_ok(format('SELECT mjc.stock_expected(%s)', a), code, NULL, 'expected: ' || what)
  FROM (VALUES ('NULL, current_date, 1', 'MJ003', 'no product'), (format('%L, current_date, 1', pg_temp.pid(99)), 'MJ107', 'an unknown product'),
               (format('%L, NULL, 1', pg_temp.pid(10)), 'MJ003', 'no day'), (format('%L, current_date, NULL', pg_temp.pid(10)), 'MJ003', 'no quantity'),
               (format('%L, current_date, -1', pg_temp.pid(10)), 'MJ006', 'less than nothing'), (format('%L, current_date, 1000001', pg_temp.pid(10)), 'MJ006', 'too many'),
               (format('%L, $$infinity$$, 1', pg_temp.pid(10)), 'MJ006', 'never'), (format('%L, $$-infinity$$, 1', pg_temp.pid(10)), 'MJ006', 'before all time'),
               (format('%L, current_date, 1, %L', pg_temp.pid(10), repeat('x', 256)), 'MJ006', 'a note that is too long')) v (a, code, what);
SELECT is((pg_temp.failure(format('SELECT mjc.stock_expected(%L, NULL, 1)', pg_temp.pid(10)))).detail ->> 'argument', 'due_on', 'the error names the argument');

-- Policy
SELECT lives_ok(format('SELECT mjc.stock_policy_set(%L, 1000000, 1000000, 3650)', pg_temp.pid(11)), 'the largest policy');
SELECT is(pg_temp.in_stock(11), false, 'safety stock takes a product out of the filters');
SELECT lives_ok(format('SELECT mjc.stock_policy_set(%L, 0, 0, 0)', pg_temp.pid(11)), 'the smallest');
SELECT is(pg_temp.in_stock(11), true, 'and back');
SELECT lives_ok(format('SELECT mjc.stock_policy_set(%L, backorder_qty => 3)', pg_temp.pid(11)), 'one of them');
SELECT results_eq(format('SELECT safety_qty, backorder_qty, restock_days FROM mjc.stock_anchor WHERE product_id = %L', pg_temp.pid(11)), 'VALUES (0, 3, 0)', 'leaves the others');
SELECT is((SELECT count(*) FROM mjc.audit WHERE action = 'stock_policy_set' AND subject_id = pg_temp.pid(11)::text), 3::bigint, 'each change is on record');
SELECT lives_ok(format('SELECT mjc.stock_policy_set(%L, 0, 3)', pg_temp.pid(11)), 'what changes nothing');
SELECT lives_ok(format('SELECT mjc.stock_policy_set(%L)', pg_temp.pid(11)), 'nor says anything');
SELECT is((SELECT count(*) FROM mjc.audit WHERE action = 'stock_policy_set' AND subject_id = pg_temp.pid(11)::text), 3::bigint, 'is not');
SELECT is((SELECT after::text FROM mjc.audit WHERE action = 'stock_policy_set' AND subject_id = pg_temp.pid(11)::text ORDER BY audit_id DESC LIMIT 1),
          '{"safety_qty": 0, "restock_days": 0, "backorder_qty": 3}', 'with what it is now');
SELECT throws_ok(format('SELECT mjc.stock_policy_set(%s)', a), code, NULL, 'policy: ' || what)
  FROM (VALUES ('NULL, 1', 'MJ003', 'no product'), (format('%L, 1', pg_temp.pid(99)), 'MJ107', 'an unknown product'), (format('%L, -1', pg_temp.pid(1)), 'MJ006', 'safety below nothing'),
               (format('%L, 1000001', pg_temp.pid(1)), 'MJ006', 'too much safety'), (format('%L, NULL, -1', pg_temp.pid(1)), 'MJ006', 'backorders below nothing'),
               (format('%L, NULL, 1000001', pg_temp.pid(1)), 'MJ006', 'too many backorders'), (format('%L, NULL, NULL, -1', pg_temp.pid(1)), 'MJ006', 'days below nothing'),
               (format('%L, NULL, NULL, 3651', pg_temp.pid(1)), 'MJ006', 'too many days')) v (a, code, what);
SELECT is((pg_temp.failure(format('SELECT mjc.stock_policy_set(%L, NULL, -1)', pg_temp.pid(1)))).detail ->> 'argument', 'backorder_qty', 'the error names the argument');

-- Locations
SELECT is((SELECT concat_ws(' ', name, priority, is_active) FROM mjc.location WHERE code = 'test-b'), 'Dépôt B 5 t', 'a location as it was made');
SELECT is(mjc.location_set('test-b', name => 'Dépôt Blida'), :b::smallint, 'a new name, the same number');
SELECT is((SELECT concat_ws(' ', name, priority, is_active) FROM mjc.location WHERE code = 'test-b'), 'Dépôt Blida 5 t', 'and all else as it was');
SELECT isnt(mjc.location_set('test-c'), :b::smallint, 'another location, by its code alone');
SELECT is((SELECT concat_ws(' ', name, priority, is_active) FROM mjc.location WHERE code = 'test-c'), 'test-c 0 t', 'is called so, comes first and sells');
SELECT is((SELECT count(*) FROM mjc.audit WHERE action = 'location_set' AND subject_id = 'test-b'), 4::bigint, 'four changes of the first are on record');
SELECT mjc.location_set('test-b', name => 'Dépôt Blida') \g /dev/null
SELECT is((SELECT count(*) FROM mjc.audit WHERE action = 'location_set' AND subject_id = 'test-b'), 4::bigint, 'one that changes nothing is not');
SELECT throws_ok(format('SELECT mjc.location_set(%s)', a), code, NULL, 'location: ' || what)
  FROM (VALUES ('NULL', 'MJ003', 'no code'), ('$$$$', 'MJ010', 'an empty code'), ('$$Two$$', 'MJ010', 'a capital'), ('$$-a$$', 'MJ010', 'a hyphen first'),
               (quote_literal(repeat('a', 31)), 'MJ010', 'a long code'), ('$$a$$, $$ $$', 'MJ006', 'a blank name'), (format('$$a$$, %L', repeat('n', 101)), 'MJ006', 'a long name'),
               ('$$a$$, NULL, -1', 'MJ006', 'a priority below nothing'), ('$$a$$, NULL, 10001', 'MJ006', 'a priority too high')) v (a, code, what);
SELECT lives_ok(format('SELECT mjc.location_set(%L, %L, 10000, false)', repeat('z', 30), repeat('é', 100)), 'the longest code and name, the last to be emptied');
SELECT mjc.location_set('test-' || n) FROM generate_series((SELECT count(*) FROM mjc.location) + 1, 64) n \g /dev/null
SELECT throws_ok($$SELECT mjc.location_set('one-more')$$, 'MJ006', NULL, 'sixty-four are enough');
SELECT lives_ok($$SELECT mjc.location_set('test-c', priority => 9)$$, 'those may still be changed');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');

-- Who
CREATE ROLE test_staff LOGIN IN ROLE mjc_admin;
CREATE ROLE test_nobody LOGIN IN ROLE mjc_admin;
CREATE ROLE test_analyst LOGIN IN ROLE mjc_analyst;
SELECT mjc.staff_create('test_staff', 'Test Staff') AS staff_id \gset
SET SESSION AUTHORIZATION test_staff;
SELECT lives_ok(format('SELECT mjc.stock_policy_set(%L, 1)', pg_temp.pid(12)), 'staff set a policy');
SELECT lives_ok(format('SELECT mjc.stock_expected(%L, current_date, 1)', pg_temp.pid(12)), 'and what is expected');
SELECT lives_ok($$SELECT mjc.location_set('test-c', 'C')$$, 'and a location');
SELECT is((SELECT count(*) FROM mjc.audit WHERE actor = :'staff_id' AND db_login = 'test_staff' AND channel = 'psql'), 3::bigint, 'the audit knows who');
SELECT mjc.stock_receive(pg_temp.pid(12), 1) \g /dev/null
SELECT is((SELECT actor_name FROM mjc.stock_history(pg_temp.pid(12), 1)), 'Test Staff', 'so does the history');
SELECT is((SELECT actor_name FROM mjc_report.stock_history WHERE product_id = pg_temp.pid(12) ORDER BY at DESC LIMIT 1), 'Test Staff', 'and its report');
SELECT throws_ok('UPDATE mjc.location SET is_active = false', '42501', NULL, 'staff write no location directly');
SELECT throws_ok(format('SELECT mjc.stock_refresh(%L)', pg_temp.pid(1)), '42501', NULL, 'nor a flag');
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION test_nobody;
SELECT throws_ok(s, 'MJ601', NULL, 'nobody''s login: ' || s)
  FROM unnest(ARRAY[$$SELECT mjc.location_set('x')$$, 'SELECT mjc.stock_policy_set(gen_random_uuid(), 1)', 'SELECT mjc.stock_expected(gen_random_uuid(), current_date, 1)']) s;
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION test_analyst;
SELECT lives_ok(format('SELECT * FROM mjc_report.%I LIMIT 1', v), 'an analyst reads ' || v)
  FROM unnest(ARRAY['stock', 'stock_movement', 'stock_valuation', 'dead_stock', 'short_order', 'stock_incoming', 'reservation']) v;
SELECT throws_ok('SELECT * FROM mjc_report.stock_history', '42501', NULL, 'but not the names of staff');
SELECT is(mjc.stock_label(1, 5), 'CRITICAL', 'and uses the labels');
RESET SESSION AUTHORIZATION;

-- Alerts
SELECT pg_temp.make_admin('alerts@example.test') AS admin \gset
SELECT mjc_api.staff_inventory_alerts(:'admin', 0, gen_random_uuid()) AS alerts \gset
SELECT is((SELECT concat_ws(' ', a ->> 'currentStock', a ->> 'minimumStock', a ->> 'status', a ->> 'productName', a ->> 'productId' = a ->> 'id') FROM json_array_elements(:'alerts'::json -> 'alerts') a WHERE a ->> 'id' = pg_temp.pid(2)::text),
          '4 5 LOW_STOCK Test part 2 t', 'a product that is low');
SELECT is((SELECT concat_ws(' ', a ->> 'currentStock', a ->> 'status') FROM json_array_elements(:'alerts'::json -> 'alerts') a WHERE a ->> 'id' = pg_temp.pid(3)::text), '0 OUT_OF_STOCK', 'less than nothing is shown as none');
SELECT is((SELECT a ->> 'id' FROM json_array_elements(:'alerts'::json -> 'alerts') a LIMIT 1), (SELECT p.product_id::text FROM mjc.product p JOIN mjc.stock_available s USING (product_id) WHERE p.is_active ORDER BY s.available LIMIT 1), 'the worst first');
SELECT set_eq($$SELECT (a ->> 'id')::uuid, a ->> 'status' FROM json_array_elements($$ || quote_literal(:'alerts') || $$::json -> 'alerts') a$$,
    'SELECT s.product_id, s.label FROM mjc_report.stock s JOIN mjc.product p USING (product_id) WHERE p.is_active AND s.label IS NOT NULL', 'all that the report labels, if they are for sale');
SELECT is((:'alerts'::json ->> 'total')::integer, json_array_length(:'alerts'::json -> 'alerts'), 'and their number');
SELECT pg_temp.make_product(1000 + n, 100000) FROM generate_series(1, 510) n \g /dev/null
SELECT is(json_array_length(mjc_api.staff_inventory_alerts(:'admin', 0, gen_random_uuid()) -> 'alerts'), 500, 'five hundred at most');
SELECT cmp_ok((mjc_api.staff_inventory_alerts(:'admin', 0, gen_random_uuid()) ->> 'total')::integer, '>', 510, 'of more');
SELECT throws_ok('SELECT mjc_api.staff_inventory_alerts(NULL, NULL, NULL)', 'MJ060', NULL, 'alerts: without a token');
SELECT throws_ok(format('SELECT mjc_api.staff_inventory_alerts(%L, 1, gen_random_uuid())', :'admin'), 'MJ063', NULL, 'alerts: with an old one');
SELECT throws_ok(format('SELECT mjc_api.staff_inventory_alerts(%L, 0, gen_random_uuid())', pg_temp.make_admin('technician@example.test', 'TECHNICIAN')), 'MJ064', NULL, 'alerts: not for technicians');

-- A cart
CREATE FUNCTION pg_temp.cart(numbers integer[], quantities integer[]) RETURNS jsonb
    LANGUAGE sql
    AS $$ SELECT mjc_api.cart_validate((SELECT array_agg(pg_temp.pid(n) ORDER BY o) FROM unnest(numbers) WITH ORDINALITY u (n, o)), quantities)::jsonb $$;
SELECT is(pg_temp.cart('{2,10}', '{4,1}'), '{"valid": true, "errors": []}', 'a cart that can be ordered');
SELECT is(pg_temp.cart('{10,2}', '{1,5}') #> '{errors,0}', jsonb_build_object('productId', pg_temp.pid(2), 'availableStock', 4, 'code', 'INSUFFICIENT_STOCK',
          'values', jsonb_build_object('line', 2, 'product', 'Test part 2', 'available', 4, 'requested', 5)), 'one more than there is');
SELECT is(pg_temp.cart('{2,10,2}', '{3,1,2}') #> '{errors}' -> 0 -> 'values', '{"line": 1, "product": "Test part 2", "available": 4, "requested": 5}', 'a product twice is one line, the first');
SELECT is(jsonb_array_length(pg_temp.cart('{2,10,2}', '{3,1,2}') -> 'errors'), 1, 'and one error');
SELECT is(pg_temp.cart('{99}', '{1}'), jsonb_build_object('valid', false, 'errors', jsonb_build_array(jsonb_build_object('productId', pg_temp.pid(99), 'availableStock', 0,
          'code', 'PRODUCT_UNAVAILABLE', 'values', '{"line": 1}'::jsonb))), 'a product that nobody knows');
UPDATE mjc.product SET is_active = false WHERE product_id = pg_temp.pid(10);
SELECT is(pg_temp.cart('{10}', '{1}') #>> '{errors,0,code}', 'PRODUCT_UNAVAILABLE', 'or that is off the shelf');
SELECT is(pg_temp.cart('{10}', '{1}') #>> '{errors,0,availableStock}', '0', 'whatever is there of it');
SELECT is(pg_temp.cart('{1001}', '{1}') #>> '{errors,0,values,available}', '0', 'one that never had stock');
SELECT is(pg_temp.cart('{2,99,1001,10}', '{9,1,1,1}') -> 'errors' @? '$[3]', true, 'every line that is wrong');
SELECT is((SELECT string_agg(e #>> '{values,line}', '') FROM jsonb_array_elements(pg_temp.cart('{2,99,1001,10}', '{9,1,1,1}') -> 'errors') e), '1234', 'in their order');
SELECT mjc.stock_release(:'hold3') \g /dev/null
SELECT is(pg_temp.cart('{3}', '{6}') -> 'valid', 'true', 'what may be promised beyond the stock can be ordered');
SELECT is(pg_temp.cart('{3}', '{7}') #>> '{errors,0,availableStock}', '6', 'and no more');
SELECT is((SELECT bool_and((pg_temp.cart('{2}', ARRAY[q]) ->> 'valid')::boolean = ((pg_temp.failure(format('SELECT mjc.stock_reserve(ARRAY[%L::uuid], ARRAY[%s])', pg_temp.pid(2), q))).code = '00000')) FROM (VALUES (5), (6)) v (q)), true, 'the cart says what the order will');
SELECT is(jsonb_array_length(mjc_api.cart_validate((SELECT array_agg(pg_temp.pid(99)) FROM generate_series(1, 50)), (SELECT array_agg(2147483647) FROM generate_series(1, 50)))::jsonb -> 'errors'), 1, 'fifty lines, however many units');
SELECT throws_ok(format('SELECT mjc_api.cart_validate(%s)', a), code, NULL, 'cart: ' || what)
  FROM (VALUES ('NULL, $${1}$$', 'MJ003', 'no products'), ('ARRAY[gen_random_uuid()], NULL', 'MJ003', 'no quantities'), ('$${}$$, $${}$$', 'MJ006', 'no line'),
               ('(SELECT array_agg(gen_random_uuid()) FROM generate_series(1, 51)), (SELECT array_agg(1) FROM generate_series(1, 51))', 'MJ006', 'too many lines'),
               ('ARRAY[gen_random_uuid()], $${1,1}$$', 'MJ006', 'a quantity of nothing'), ('ARRAY[gen_random_uuid()], $${0}$$', 'MJ006', 'none of something'),
               ('ARRAY[gen_random_uuid()], $${NULL}$$', 'MJ006', 'a quantity that is not said'), ('ARRAY[NULL::uuid], $${1}$$', 'MJ006', 'a product that is not said')) v (a, code, what);

SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');
SELECT * FROM finish();
ROLLBACK;
