-- sale: figures by day equal a naive recount at every moment, folded or not.
BEGIN;
SELECT plan(49);
\ir fixture.psql
DO $$ BEGIN WHILE mjc.sale_fold() > 0 LOOP END LOOP; END $$;
DELETE FROM mjc.sale_day;
SELECT is_empty('SELECT * FROM mjc.sale_live', 'an empty shop has no figures');
SELECT is(mjc.sale_fold(), 0::bigint, 'and nothing to fold');

-- Of all orders that this test placed, from the tables alone, in numeric: the day is one hour before UTC.
CREATE TEMP TABLE mine (ref text PRIMARY KEY, id uuid NOT NULL);
CREATE FUNCTION pg_temp.recount() RETURNS TABLE (on_day date, orders bigint, cancelled bigint, units bigint, back bigint, total numeric, returned numeric, tax numeric, cost numeric)
    LANGUAGE sql
AS $$
    SELECT (o.placed_at AT TIME ZONE 'UTC' + interval '1 hour')::date, count(*) FILTER (WHERE o.status <> 'CANCELLED'), count(*) FILTER (WHERE o.status = 'CANCELLED'),
           coalesce(sum(l.units) FILTER (WHERE o.status <> 'CANCELLED'), 0)::bigint, coalesce(sum(l.back) FILTER (WHERE o.status <> 'CANCELLED'), 0)::bigint,
           coalesce(sum(o.total_centimes) FILTER (WHERE o.status <> 'CANCELLED'), 0),
           coalesce(sum(CASE o.status WHEN 'CANCELLED' THEN 0 WHEN 'REFUNDED' THEN o.total_centimes ELSE l.returned END), 0),
           coalesce(sum(o.tax_centimes) FILTER (WHERE o.status <> 'CANCELLED'), 0),
           coalesce(sum(l.cost) FILTER (WHERE o.status <> 'CANCELLED'), 0)
      FROM mine m
      JOIN mjc.order o ON o.order_id = m.id
      JOIN (SELECT x.order_id, sum(x.qty) AS units, sum(x.cancelled_qty + coalesce(g.back, 0)) AS back,
                   sum(round(x.total_centimes::numeric * (x.cancelled_qty + coalesce(g.back, 0)) / x.qty)) AS returned, sum(g.cost) AS cost
              FROM mjc.order_line x
              LEFT JOIN (SELECT s.ref_id, s.product_id, sum(s.qty) FILTER (WHERE s.kind LIKE 'return%') AS back,
                                sum(CASE s.kind WHEN 'ship' THEN s.qty WHEN 'return' THEN -s.qty ELSE 0 END * s.unit_cost_centimes) AS cost
                           FROM mjc.stock_ledger s WHERE s.kind IN ('ship', 'return', 'return_damaged') GROUP BY 1, 2) g
                ON g.ref_id = x.order_id::text AND g.product_id = x.product_id
             GROUP BY x.order_id) l ON l.order_id = o.order_id
     GROUP BY 1
$$;
CREATE FUNCTION pg_temp.live(wanted text DEFAULT 'all') RETURNS TABLE (on_day date, orders bigint, cancelled bigint, units bigint, back bigint, total numeric, returned numeric, tax numeric, cost numeric)
    LANGUAGE sql
AS $$
    SELECT s.on_day, sum(s.orders)::bigint, sum(s.cancelled_orders)::bigint, sum(s.units)::bigint, sum(s.returned_units)::bigint, sum(s.total_centimes), sum(s.returned_centimes),
           sum(s.tax_centimes), sum(s.cost_centimes)
      FROM mjc.sale_live s WHERE s.dim = wanted GROUP BY 1
$$;
-- Three times: as it is, folded, and with nothing left to fold; by each dimension that splits orders.
CREATE FUNCTION pg_temp.holds(why text) RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    bad text;
BEGIN
    FOR turn IN 1 .. 3 LOOP
        SELECT string_agg(format('%s: %s', d.dim, x), '; ') INTO bad
          FROM (VALUES ('all'), ('wilaya'), ('channel'), ('payment_method'), ('customer_group')) d (dim)
         CROSS JOIN LATERAL ((SELECT r FROM pg_temp.recount() r EXCEPT SELECT l FROM pg_temp.live(d.dim) l)
                             UNION ALL (SELECT l FROM pg_temp.live(d.dim) l EXCEPT SELECT r FROM pg_temp.recount() r)) x;
        bad := concat_ws('; ', bad, (SELECT string_agg(v::text, '; ') FROM mjc.check_invariants() v), (SELECT string_agg(v::text, '; ') FROM mjc.check_invariants(now() - interval '1 day') v));
        EXIT WHEN bad <> '';
        PERFORM mjc.sale_fold(1);
        IF turn = 2 THEN
            WHILE mjc.sale_fold() > 0 LOOP END LOOP;
        END IF;
    END LOOP;
    RETURN is(bad, '', why);
END
$$;
CREATE FUNCTION pg_temp.sale(numbers integer[], quantities integer[]) RETURNS text
    LANGUAGE sql
AS $$
    INSERT INTO mine SELECT r, pg_temp.order_id(r) FROM pg_temp.bought(numbers, quantities) r RETURNING ref
$$;

SELECT mjc.stock_receive(pg_temp.make_product(1, 100000), 100, 60000) \g /dev/null
SELECT mjc.stock_receive(pg_temp.make_product(2, 33333), 100, 10000) \g /dev/null

-- By hand: 2 x 1 000.00 + 3 x 333.33 + 700.00 shipping, cash in whole dinars
SELECT pg_temp.sale('{1,2}', '{2,3}') AS first \gset
SELECT results_eq($$SELECT orders, cancelled_orders, units, returned_units, total_centimes, shipping_centimes, cost_centimes, sold_ht_centimes FROM mjc.sale_live WHERE dim = 'all'$$,
    'VALUES (1::bigint, 0::bigint, 5::bigint, 0::bigint, 370000::bigint, 70000::bigint, 0::bigint, 0::bigint)', 'an order counts at once');
SELECT results_eq($$SELECT key, units, total_centimes FROM mjc.sale_live WHERE dim = 'product' ORDER BY key$$,
    format('VALUES (%L, 2::bigint, 200000::bigint), (%L, 3::bigint, 99999::bigint)', pg_temp.pid(1), pg_temp.pid(2)), 'with its products');
SELECT results_eq($$SELECT dim, key FROM mjc.sale_live WHERE dim NOT IN ('all', 'product') ORDER BY dim$$,
    $$VALUES ('channel', 'web'), ('customer_group', 'retail'), ('payment_method', 'CASH_ON_DELIVERY'), ('wilaya', '99')$$, 'and where it belongs');
SELECT is((SELECT count(*) FROM mjc.sale_pending), 1::bigint, 'it is pending');
SELECT pg_temp.holds('placed');
SELECT is((SELECT count(*) FROM mjc.sale_pending), 0::bigint, 'it was folded');
SELECT results_eq($$SELECT orders, total_centimes FROM mjc.sale_day WHERE dim = 'all'$$, 'VALUES (1::bigint, 370000::bigint)', 'into its day');

-- Its life
SELECT mjc.order_confirm(:'first') \g /dev/null
SELECT is((SELECT count(*) FROM mjc.sale_pending) + (SELECT count(*) FROM mjc.sale_delta), 0::bigint, 'a word of staff changes no figure');
SELECT mjc.order_edit(:'first', pg_temp.pids('{1}'), '{4}') \g /dev/null
SELECT isnt_empty('SELECT * FROM mjc.sale_delta', 'an edit takes out what was folded');
SELECT pg_temp.holds('edited');
SELECT results_eq($$SELECT units, total_centimes FROM mjc.sale_live WHERE dim = 'product' AND key = $$ || quote_literal(pg_temp.pid(2)), 'VALUES (0::bigint, 0::bigint)', 'the line that went counts as nothing');
SELECT mjc.order_ship(:'first') \g /dev/null
SELECT pg_temp.holds('shipped');
SELECT results_eq($$SELECT cost_centimes, sold_ht_centimes FROM mjc.sale_day WHERE dim = 'all'$$, 'VALUES (240000::bigint, (400000 - round(400000 * 19 / 119.0))::bigint)', 'now it is known what the goods cost: 4 x 600.00, sold for 4 000.00 with 19 %');
SELECT mjc.order_deliver(:'first') \g /dev/null
SELECT pg_temp.holds('delivered');
SELECT mjc.order_return(:'first', '{1}', '{1}', 'x') \g /dev/null
SELECT pg_temp.holds('one of four came back');
SELECT results_eq($$SELECT returned_units, returned_centimes, refunded_centimes, cost_centimes FROM mjc.sale_day WHERE dim = 'all'$$, 'VALUES (1::bigint, 100000::bigint, 100000::bigint, 180000::bigint)', 'a unit, its value, its money, its cost');
SELECT mjc.order_return(:'first', '{1}', '{1}', 'x', true) \g /dev/null
SELECT pg_temp.holds('another, damaged');
SELECT is((SELECT cost_centimes FROM mjc.sale_day WHERE dim = 'all'), 180000::bigint, 'what is damaged has cost the shop its price');
SELECT mjc.payment_refund(:'first', 50, 'x') \g /dev/null
SELECT pg_temp.holds('a gesture');
SELECT is((SELECT refunded_centimes FROM mjc.sale_day WHERE dim = 'all'), 205000::bigint, 'counts as refunded, and not as returned');
SELECT mjc.order_refund(:'first') \g /dev/null
SELECT pg_temp.holds('refunded whole');
SELECT results_eq($$SELECT total_centimes - returned_centimes, tax_centimes - returned_tax_centimes, sold_ht_centimes FROM mjc.sale_day WHERE dim = 'all'$$, 'VALUES (0::bigint, 0::bigint, 0::bigint)', 'nothing is left of it');

-- Cancelled, before and after it was folded
SELECT pg_temp.sale('{1}', '{1}') AS second \gset
SELECT mjc.order_cancel(:'second') \g /dev/null
SELECT pg_temp.holds('cancelled at once');
SELECT pg_temp.sale('{1,2}', '{1,1}') AS third \gset
SELECT pg_temp.holds('a third');
SELECT mjc.order_cancel(:'third') \g /dev/null
SELECT pg_temp.holds('cancelled when it was folded');
SELECT results_eq($$SELECT orders, cancelled_orders FROM mjc.sale_day WHERE dim = 'all'$$, 'VALUES (1::bigint, 2::bigint)', 'one order, two cancelled');

-- A part has left, the rest is not wanted
SELECT pg_temp.sale('{1,2}', '{3,2}') AS fourth \gset
SELECT mjc.order_confirm(:'fourth') \g /dev/null
SELECT mjc.shipment_pack(:'fourth', '{1}', '{2}') AS parcel \gset
SELECT mjc.shipment_ship(:'fourth', :parcel) \g /dev/null
SELECT pg_temp.holds('two of five on the road');
SELECT mjc.order_cancel_rest(:'fourth') \g /dev/null
SELECT pg_temp.holds('three will not come');
SELECT is((SELECT returned_centimes FROM mjc.sale_day WHERE dim = 'product' AND key = pg_temp.pid(1)::text), 400000 + 100000::bigint, 'the first order whole, and one unit of three');
SELECT mjc.shipment_refuse(:'fourth', :parcel) \g /dev/null
SELECT mjc.shipment_return(:'fourth', :parcel) \g /dev/null
SELECT pg_temp.holds('and the parcel came back');

-- What comes back by each way, of an order whose figures were folded before
SELECT pg_temp.sale('{1,2}', '{3,2}') AS sixth \gset
SELECT mjc.order_confirm(:'sixth') \g /dev/null
SELECT mjc.shipment_ship(:'sixth', mjc.shipment_pack(:'sixth', '{1}', '{3}')) \g /dev/null
SELECT mjc.shipment_ship(:'sixth', mjc.shipment_pack(:'sixth')) \g /dev/null
SELECT mjc.shipment_deliver(:'sixth', 1) \g /dev/null
SELECT pg_temp.holds('two parcels, one arrived');
SELECT mjc.shipment_return(:'sixth', 2) \g /dev/null
SELECT pg_temp.holds('the other came back');
SELECT updated_at AS before FROM mjc.order WHERE order_id = pg_temp.order_id(:'sixth') \gset
SELECT mjc.stock_return(pg_temp.order_id(:'sixth'), pg_temp.pid(1), 1, false, 'x', 'sixth-1') \g /dev/null
SELECT cmp_ok((SELECT updated_at FROM mjc.order WHERE order_id = pg_temp.order_id(:'sixth')), '>', :'before'::timestamptz, 'units that staff take back change the order');
SELECT pg_temp.holds('one unit, in the stockroom');
SELECT mjc.stock_return(pg_temp.order_id(:'sixth'), pg_temp.pid(1), 1, false, 'x', 'sixth-1') \g /dev/null
SELECT pg_temp.holds('told again');
INSERT INTO mine SELECT r, pg_temp.order_id(r) FROM (SELECT mjc.order_exchange(:'sixth', '{1}', '{1}', 'x', pg_temp.pids('{2}'), '{1}') ->> 'exchangeNumber') e (r);
SELECT pg_temp.holds('another, in exchange');

-- Within one transaction that is undone in part
SELECT pg_temp.sale('{1}', '{2}') AS fifth \gset
SELECT mjc.sale_fold() \g /dev/null
SAVEPOINT a;
SELECT mjc.order_cancel(:'fifth') \g /dev/null
ROLLBACK TO a;
SELECT pg_temp.holds('a cancellation that was undone');
SELECT mjc.sale_fold() \g /dev/null
SAVEPOINT b;
SELECT mjc.order_cancel(:'fifth') \g /dev/null
RELEASE b;
SELECT pg_temp.holds('one that was not');

-- The day is that of Algiers: midnight, 29 February, 31 December
CREATE TEMP TABLE moment (n integer, at timestamptz, on_day date);
INSERT INTO moment VALUES (1, '2024-02-28 22:59:59.999Z', '2024-02-28'), (2, '2024-02-28 23:00:00Z', '2024-02-29'), (3, '2024-02-29 23:00:00Z', '2024-03-01'),
    (4, '2025-12-31 22:59:59Z', '2025-12-31'), (5, '2025-12-31 23:00:00Z', '2026-01-01');
CREATE TEMP TABLE dated AS SELECT m.*, pg_temp.sale('{2}', '{1}') AS ref FROM moment m;
UPDATE mjc.order o SET placed_at = d.at FROM dated d WHERE o.order_id = pg_temp.order_id(d.ref);
SELECT results_eq($$SELECT on_day, orders FROM pg_temp.live() WHERE on_day < '2026-02-01' ORDER BY 1$$, 'SELECT on_day, 1::bigint FROM moment ORDER BY 1', 'each counts on its day');
SELECT pg_temp.holds('on five days');

-- What the checks find
SAVEPOINT broken;
UPDATE mjc.sale_day SET total_centimes = total_centimes + 1 WHERE dim = 'all' AND on_day = '2024-02-29';
SELECT results_eq('SELECT rule, subject FROM mjc.check_invariants()', $$VALUES ('sale_recount', 'all 2024-02-29 ')$$, 'a figure that is wrong is found');
SELECT is((SELECT count(*) FROM mjc.check_invariants(now() - interval '1 hour') WHERE rule = 'sale_day' AND subject = 'day 2024-02-29'), 1::bigint, 'also by the quick check');
ROLLBACK TO broken;
DELETE FROM mjc.sale_day WHERE dim = 'product' AND on_day = '2024-02-29';
SELECT is((SELECT count(*) FROM mjc.check_invariants() WHERE rule = 'sale_recount'), 1::bigint, 'so is one that is missing');
ROLLBACK TO broken;
INSERT INTO mjc.sale_pending VALUES (mjc.uuid_v7());
SELECT is((SELECT count(*) FROM mjc.check_invariants() WHERE rule = 'sale_pending'), 1::bigint, 'and a mark of nothing');
ROLLBACK TO broken;
UPDATE mjc.reservation SET cost_centimes = cost_centimes + 1 WHERE reservation_id = pg_temp.order_id(:'first');
SELECT is((SELECT count(*) FROM mjc.check_invariants() WHERE rule = 'sale_cost'), 1::bigint, 'and a cost that the ledger does not know');
ROLLBACK TO broken;
SELECT is(mjc.job_run('sale_fold'), 0::bigint, 'the job folds');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');
SELECT * FROM finish();
ROLLBACK;
