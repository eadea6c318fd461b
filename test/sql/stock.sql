-- stock: what staff do to the stock by hand. Values are computed by hand at average cost.
-- Holds and orders: reservation.sql.
BEGIN;
SELECT plan(311);
\ir fixture.psql
SELECT pg_temp.make_product(1, 100000, NULL, 500) \g /dev/null
SELECT pg_temp.make_product(2, 100000) \g /dev/null

CREATE FUNCTION pg_temp.newest(n integer, OUT seq bigint, OUT kind text, OUT qty integer, OUT on_hand bigint, OUT reserved bigint,
    OUT value_centimes bigint, OUT unit_cost_centimes bigint)
    LANGUAGE sql
AS $$
    SELECT g.seq, g.kind, g.qty, g.on_hand, g.reserved, g.value_centimes, g.unit_cost_centimes
      FROM mjc.stock_ledger g WHERE g.product_id = pg_temp.pid(n) ORDER BY g.seq DESC LIMIT 1
$$;
CREATE FUNCTION pg_temp.in_stock(n integer) RETURNS boolean
    LANGUAGE sql
    AS $$ SELECT f.in_stock FROM mjc.stock_flag f WHERE f.product_id = pg_temp.pid(n) $$;

-- Receive and adjust, value at average cost
SELECT is(mjc.available(pg_temp.pid(1)), 0::bigint, 'a new product has no stock');
SELECT is(pg_temp.in_stock(1), NULL, 'and no flag');
SELECT is(mjc.stock_receive(pg_temp.pid(1), 10, 1000), 10::bigint, 'ten at 10.00');
SELECT is(pg_temp.newest(1)::text, '(1,receive,10,10,0,10000,1000)', 'value 100.00');
SELECT is(pg_temp.in_stock(1), true, 'crossing zero upwards sets the flag');
SELECT is(mjc.stock_receive(pg_temp.pid(1), 5, 1301), 15::bigint, 'five at 13.01');
SELECT is(pg_temp.newest(1)::text, '(2,receive,5,15,0,16505,1100)', '165.05 / 15 = 11.00 rounded');
SELECT is(mjc.stock_adjust(pg_temp.pid(1), -4, 'counted'), 11::bigint, 'four are missing');
SELECT is(pg_temp.newest(1)::text, '(3,adjust,-4,11,0,12104,1100)', '165.05 x 11 / 15 = 121.04 rounded once; the cost of one stays');
SELECT is(mjc.stock_adjust(pg_temp.pid(1), -10, 'counted'), 1::bigint, 'down to one');
SELECT is(pg_temp.in_stock(1), true, 'one left is in stock');
SELECT is(mjc.stock_adjust(pg_temp.pid(1), -1, 'counted'), 0::bigint, 'down to none');
SELECT is(pg_temp.newest(1)::text, '(5,adjust,-1,0,0,0,1100)', 'the last unit takes the rest of the value');
SELECT is(pg_temp.in_stock(1), false, 'crossing zero downwards clears the flag');
SELECT is(mjc.stock_adjust(pg_temp.pid(1), 3, 'found'), 3::bigint, 'three are found');
SELECT is(pg_temp.newest(1)::text, '(6,adjust,3,3,0,1500,500)', 'at the cost of the product, 5.00');
SELECT is(mjc.stock_receive(pg_temp.pid(1), 1), 4::bigint, 'a receipt without cost');
SELECT is((pg_temp.newest(1)).value_centimes, 2000::bigint, 'is at the cost of the product');
SELECT is(mjc.stock_receive(pg_temp.pid(2), 2), 2::bigint, 'a product without cost');
SELECT is((pg_temp.newest(2)).value_centimes, 0::bigint, 'is worth nothing');
SELECT is(mjc.stock_receive(pg_temp.pid(2), 1, 0), 3::bigint, 'a cost of zero is a cost');
SELECT is(mjc.available(pg_temp.pid(1)), 4::bigint, 'available is what is on hand');
SELECT results_eq(
    format('SELECT on_hand, reserved, damaged, available, value_dzd FROM mjc_report.stock WHERE product_id = %L', pg_temp.pid(1)),
    'VALUES (4::bigint, 0::bigint, 0::bigint, 4::bigint, 20.00)', 'the report shows it');

-- A movement counts once
SELECT is(mjc.stock_receive(pg_temp.pid(1), 6, 1000, 'delivery 7', 'op-1'), 10::bigint, 'a movement with its operation');
SELECT is(mjc.stock_receive(pg_temp.pid(1), 6, 1000, 'delivery 7', 'op-1'), 10::bigint, 'repeated');
SELECT is(mjc.stock_adjust(pg_temp.pid(1), -1, 'counted', 'op-2'), 9::bigint, 'another one');
SELECT is(mjc.stock_receive(pg_temp.pid(1), 6, 1000, 'delivery 7', 'op-1'), 10::bigint, 'a late repeat gives the balance that it gave then');
SELECT is(mjc.stock_adjust(pg_temp.pid(1), -1, 'counted', 'op-2'), 9::bigint, 'an adjustment repeats too');
SELECT is(pg_temp.stock(1), '9 0', 'and counted once');
SELECT throws_ok(format($$SELECT mjc.stock_adjust(%L, -5, 'lost', 'op-1')$$, pg_temp.pid(1)), 'MJ106', NULL, 'the operation of another kind of movement');
SELECT throws_ok(format($$SELECT mjc.stock_receive(%L, 7, 1000, 'delivery 7', 'op-1')$$, pg_temp.pid(1)), 'MJ106', NULL, 'and of another quantity');
SELECT is(mjc.stock_receive(pg_temp.pid(2), 6, 1000, 'delivery 7', 'op-1'), 9::bigint, 'the same operation of another product is another movement');
SELECT is(count(*), 2::bigint, 'two movements with that operation') FROM mjc.stock_ledger
 WHERE op_id = 'manual:op-1' AND product_id IN (pg_temp.pid(1), pg_temp.pid(2));
SELECT is(count(*), 1::bigint, 'one audit entry for both times')
  FROM mjc.audit WHERE subject_id = pg_temp.pid(1)::text AND action = 'stock_receive' AND after ->> 'on_hand' = '10' AND after ->> 'qty' = '6';
SELECT isnt(count(*), 0::bigint, 'the ledger notes the reason') FROM mjc.stock_ledger
 WHERE product_id = pg_temp.pid(1) AND reason = 'delivery 7' AND ref_kind = 'manual';

-- Boundaries
SELECT pg_temp.make_product(3, 100000) \g /dev/null
SELECT lives_ok(format('SELECT mjc.stock_receive(%L, 1)', pg_temp.pid(3)), 'the smallest receipt');
SELECT lives_ok(format('SELECT mjc.stock_receive(%L, 1000000)', pg_temp.pid(3)), 'the largest receipt');
SELECT lives_ok(format('SELECT mjc.stock_adjust(%L, 1000000, %L)', pg_temp.pid(3), 'x'), 'the largest adjustment, the shortest reason');
SELECT lives_ok(format('SELECT mjc.stock_adjust(%L, -1000000, %L, %L)', pg_temp.pid(3), repeat('é', 255), repeat('o', 100)),
                'the smallest adjustment, the longest reason and operation');
SELECT lives_ok(format('SELECT mjc.stock_receive(%L, 1, 10000000000000)', pg_temp.pid(3)), 'the largest cost');
SELECT throws_ok(format('SELECT mjc.stock_receive(%L, 1, 1)', pg_temp.pid(3)), 'MJ201', NULL, 'then the value of the stock is out of range');
SELECT is(pg_temp.stock(3), '1000002 0', 'the refused receipt left nothing');

-- Errors that all have: %1$L product, %2$L quantity, %3$L reason, %4$L op_id, %5$L location
INSERT INTO mjc.location (location_id, code, name, priority) VALUES (22, 'test-2', 'Second', 5), (23, 'test-3', 'Third', 9);
CREATE TEMP TABLE change (f text, call text, min integer, qty text, needs_reason boolean);
INSERT INTO change VALUES
    ('receive', 'SELECT mjc.stock_receive(%1$L, %2$L, NULL, %3$L, %4$L, %5$L)', 1, 'qty', false),
    ('adjust', 'SELECT mjc.stock_adjust(%1$L, %2$L, %3$L, %4$L, %5$L)', -1000000, 'delta', true),
    ('damage', 'SELECT mjc.stock_damage(%1$L, %2$L, %3$L, %4$L, %5$L)', 1, 'qty', true),
    ('scrap', 'SELECT mjc.stock_scrap(%1$L, %2$L, %3$L, %4$L, %5$L)', 1, 'qty', true),
    ('count', 'SELECT mjc.stock_count(%1$L, %2$L, NULL, %3$L, %4$L, %5$L)', 0, 'counted', false),
    ('transfer', 'SELECT mjc.stock_transfer(%1$L, %2$L, 1::smallint, coalesce(%5$L, 22)::smallint, %3$L, %4$L)', 1, 'qty', false);
SELECT throws_ok(format(call, NULL, 1, 'x', NULL, NULL), 'MJ003', 'argument "product_id" must not be null', f || ': no product') FROM change;
SELECT throws_ok(format(call, pg_temp.pid(1), NULL, 'x', NULL, NULL), 'MJ003', format('argument "%s" must not be null', qty), f || ': no quantity') FROM change;
SELECT throws_ok(format(call, pg_temp.pid(1), 1, NULL, NULL, NULL), 'MJ003', 'argument "reason" must not be null', f || ': no reason') FROM change WHERE needs_reason;
SELECT throws_ok(format(call, pg_temp.pid(9), 1, 'x', NULL, NULL), 'MJ107', 'there is no such product', f || ': no such product') FROM change;
SELECT throws_ok(format(call, pg_temp.pid(1), q, 'x', NULL, NULL), 'MJ104', format('the quantity must be between %s and 1000000', min), format('%s: quantity %s', f, q))
  FROM change, unnest(ARRAY[0, -1, -1000001, 1000001, 2147483647, -2147483648]) q WHERE q < min OR q > 1000000 OR (q = 0 AND min <> 0);
SELECT throws_ok(format(call, pg_temp.pid(1), 1, '', NULL, NULL), 'MJ006', 'argument "reason" is out of range', f || ': empty reason') FROM change;
SELECT throws_ok(format(call, pg_temp.pid(1), 1, repeat('r', 256), NULL, NULL), 'MJ006', 'argument "reason" is out of range', f || ': reason too long') FROM change;
SELECT throws_ok(format(call, pg_temp.pid(1), 1, 'x', '', NULL), 'MJ006', 'argument "op_id" is out of range', f || ': empty operation') FROM change;
SELECT throws_ok(format(call, pg_temp.pid(1), 1, 'x', repeat('o', 101), NULL), 'MJ006', 'argument "op_id" is out of range', f || ': operation too long') FROM change;
SELECT throws_ok(format(call, pg_temp.pid(1), 1, 'x', NULL, 99), 'MJ105', 'there is no such stock location', f || ': no such location') FROM change;
SELECT throws_ok(format(call, pg_temp.pid(1), 1, 'x', 'op-2', NULL), 'MJ106', 'this op_id was used for another movement', f || ': the operation of another movement') FROM change;
CREATE ROLE test_nobody LOGIN IN ROLE mjc_admin;
GRANT USAGE ON SCHEMA tap TO PUBLIC;
GRANT SELECT ON change TO PUBLIC;
SET SESSION AUTHORIZATION test_nobody;
SELECT throws_ok(format(call, '00000000-0000-4000-8000-000000000001', 1, 'x', NULL, NULL), 'MJ601', NULL, f || ': a login that is nobody''s') FROM change;
RESET SESSION AUTHORIZATION;

-- Errors of receive and adjust
SELECT throws_ok(format('SELECT mjc.stock_receive(%L, 1, %s)', pg_temp.pid(1), c), 'MJ201', NULL, format('receive: a cost of %s', c))
  FROM unnest(ARRAY[-1, 10000000000001, 9223372036854775807, -9223372036854775808]) c;
SELECT throws_ok(format('SELECT mjc.stock_receive(%L, 1000000, 10000000000000)', pg_temp.pid(1)), 'MJ201', NULL, 'receive: value out of range');
SELECT throws_ok(format('SELECT mjc.stock_adjust(%L, -10, %L)', pg_temp.pid(1), 'x'), 'MJ103', NULL, 'adjust: below zero');
SELECT throws_ok(format('SELECT mjc.stock_adjust(%L, -1, %L)', pg_temp.make_product(4, 1), 'x'), 'MJ103', NULL, 'adjust: a product that never had stock');
SELECT is(pg_temp.stock(1), '9 0', 'no refused movement left anything');

-- Reserved units, safety stock, a short product
SELECT pg_temp.make_stock(5, 5) \g /dev/null
SELECT pg_temp.bought('{5}', '{3}') AS ref \gset
SELECT is(pg_temp.newest(5)::text, '(2,reserve,3,5,3,300000,60000)', 'an order holds three of five');
SELECT is(mjc.available(pg_temp.pid(5)), 2::bigint, 'two are free');
SELECT is(mjc.stock_adjust(pg_temp.pid(5), -4, 'counted'), 1::bigint, 'a count below what is held is accepted');
SELECT is(mjc.available(pg_temp.pid(5)), -2::bigint, 'the product is short by two');
SELECT is(pg_temp.in_stock(5), false, 'and not in stock');
SELECT throws_ok(format('SELECT mjc.order_ship(%L)', :'ref'), 'MJ103', NULL, 'more than is there cannot be shipped');
SELECT throws_ok($$SELECT pg_temp.bought('{5}', '{1}')$$, 'MJ101', NULL, 'nothing can be sold');
SELECT is((pg_temp.failure($$SELECT pg_temp.bought('{5}', '{1}')$$)).detail -> 'available', '0', 'a shortage never tells a negative number');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'a counted shortage is no broken promise');
SELECT mjc.stock_receive(pg_temp.pid(5), 2) \g /dev/null
SELECT is(pg_temp.in_stock(5), false, 'back to nothing free is still not in stock');
SELECT lives_ok(format('SELECT mjc.order_ship(%L)', :'ref'), 'when the units are there the parcel leaves');
SELECT is(pg_temp.stock(5), '0 0', 'and all are gone');
SELECT is((pg_temp.newest(5)).value_centimes, 0::bigint, 'with their value');

SELECT pg_temp.make_stock(6, 10) \g /dev/null
SELECT mjc.stock_policy_set(pg_temp.pid(6), 2) \g /dev/null
SELECT is(mjc.available(pg_temp.pid(6)), 8::bigint, 'safety stock is not for sale');
SELECT throws_ok($$SELECT pg_temp.bought('{6}', '{9}')$$, 'MJ101', NULL, 'nine of ten with a safety stock of two');
SELECT lives_ok($$SELECT pg_temp.bought('{6}', '{8}')$$, 'eight of ten');
SELECT is(pg_temp.in_stock(6), false, 'and the flag says so');

-- Several locations
SELECT pg_temp.make_stock(7, 2) \g /dev/null
SELECT mjc.stock_receive(pg_temp.pid(7), 3, location_id => 22::smallint) \g /dev/null
SELECT is(mjc.available(pg_temp.pid(7)), 5::bigint, 'locations add up');
SELECT pg_temp.bought('{7}', '{4}') AS ref \gset
SELECT is(pg_temp.held(pg_temp.order_id(:'ref'), 7), '1: 2 2 0 0 0, 22: 2 2 0 0 0', 'an order takes by priority, from two locations');
SELECT lives_ok(format('SELECT mjc.order_cancel(%L)', :'ref'), 'cancelled');
SELECT is(pg_temp.stock(7), '5 0', 'both are released');
SELECT mjc.stock_receive(pg_temp.pid(7), 4, location_id => 23::smallint) \g /dev/null
SELECT lives_ok($$SELECT mjc.location_set('test-3', is_active => false)$$, 'a location is closed');
SELECT is(mjc.available(pg_temp.pid(7)), 5::bigint, 'and sells nothing');
SELECT throws_ok($$SELECT pg_temp.bought('{7}', '{6}')$$, 'MJ101', NULL, 'not even the sixth');
SELECT throws_ok(format(call, pg_temp.pid(7), 1, 'x', NULL, 23), 'MJ111', 'this stock location is closed', f || ': into a closed location') FROM change WHERE f IN ('receive', 'transfer');
SELECT lives_ok(format(call, pg_temp.pid(7), q, 'x', NULL, 23), f || ' at a closed location') FROM change JOIN (VALUES ('damage', 1), ('scrap', 1), ('adjust', -1), ('count', 4)) v (f, q) USING (f);
SELECT is((SELECT on_hand || ' ' || damaged FROM mjc.stock_now WHERE product_id = pg_temp.pid(7) AND location_id = 23), '4 0', 'what stands there can be put right');
SELECT lives_ok(format('SELECT mjc.stock_transfer(%L, 1, 23::smallint, 22::smallint)', pg_temp.pid(7)), 'and carried away');
SELECT lives_ok($$SELECT mjc.location_set('test-3', is_active => true)$$, 'it opens again');
SELECT is(mjc.available(pg_temp.pid(7)), 9::bigint, 'and sells again');

-- Broken and thrown away: ten at 10.00
SELECT mjc.stock_receive(pg_temp.make_product(10, 100000), 10, 1000) \g /dev/null
CREATE FUNCTION pg_temp.balance(n integer, place integer DEFAULT 1) RETURNS text
    LANGUAGE sql
    AS $$ SELECT format('%s %s %s %s %s', on_hand, reserved, damaged, value_centimes, unit_cost_centimes) FROM mjc.stock_now WHERE product_id = pg_temp.pid(n) AND location_id = place $$;
SELECT is(mjc.stock_damage(pg_temp.pid(10), 3, 'dropped', 'fall-1'), 7::bigint, 'three are broken: seven left');
SELECT is(pg_temp.balance(10), '7 0 3 7000 1000', 'three damaged, their value is gone');
SELECT is(mjc.stock_damage(pg_temp.pid(10), 3, 'dropped', 'fall-1'), 7::bigint, 'told again, counted once');
SELECT throws_ok(format($$SELECT mjc.stock_damage(%L, 2, 'dropped', 'fall-1')$$, pg_temp.pid(10)), 'MJ106', NULL, 'another number is another movement');
SELECT is(mjc.available(pg_temp.pid(10)), 7::bigint, 'broken units are not for sale');
SELECT is(mjc.stock_scrap(pg_temp.pid(10), 2, 'thrown away', 'bin-1'), 1::bigint, 'two are thrown away: one damaged left');
SELECT is(pg_temp.balance(10), '7 0 1 7000 1000', 'and nothing else changed');
SELECT throws_ok(format($$SELECT mjc.stock_scrap(%L, 2, 'x')$$, pg_temp.pid(10)), 'MJ103', NULL, 'no more than are damaged');
SELECT is(mjc.stock_scrap(pg_temp.pid(10), 1, 'thrown away'), 0::bigint, 'the last one');
SELECT is(mjc.stock_scrap(pg_temp.pid(10), 2, 'thrown away', 'bin-1'), 1::bigint, 'a late repeat gives what it gave then');
SELECT throws_ok(format($$SELECT mjc.stock_damage(%L, 8, 'x')$$, pg_temp.pid(10)), 'MJ103', NULL, 'no more break than are there');
SELECT is(mjc.stock_damage(pg_temp.pid(10), 7, 'flood'), 0::bigint, 'all break');
SELECT is(pg_temp.balance(10), '0 0 7 0 1000', 'with all the value');
SELECT is(pg_temp.in_stock(10), false, 'and the flag falls');
SELECT throws_ok(format($$SELECT mjc.stock_scrap(%L, 1, 'x')$$, pg_temp.make_product(11, 1)), 'MJ103', NULL, 'scrap of a product that never had stock');

-- Held units may break: the product is short
SELECT pg_temp.make_stock(12, 5) \g /dev/null
SELECT pg_temp.hold('{12}', '{4}') AS id \gset
SELECT is(mjc.stock_damage(pg_temp.pid(12), 3, 'dropped'), 2::bigint, 'more break than are free');
SELECT is(mjc.available(pg_temp.pid(12)), -2::bigint, 'two are missing');
SELECT throws_ok(format('SELECT mjc.stock_commit(%L)', :'id'), 'MJ103', NULL, 'four cannot leave');
SELECT is(mjc.stock_commit(:'id', pg_temp.pid(12), 2), 2::bigint, 'two can');
SELECT is(mjc.stock_release(:'id'), 2::bigint, 'the others are given up');
SELECT is(pg_temp.balance(12), '0 0 3 0 60000', 'nothing left');

-- Counting
SELECT mjc.stock_receive(pg_temp.make_product(13, 100000, NULL, 500), 10, 1000) \g /dev/null
SELECT is(mjc.stock_count(pg_temp.pid(13), 10), 0::bigint, 'a count that fits');
SELECT is(pg_temp.newest(13)::text, '(2,count,0,10,0,10000,1000)', 'is a row of the ledger all the same');
SELECT is(mjc.stock_count(pg_temp.pid(13), 7, reason => 'yearly', op_id => 'count-1'), -3::bigint, 'three are missing');
SELECT is(mjc.stock_count(pg_temp.pid(13), 9), 2::bigint, 'two are found');
SELECT is(pg_temp.newest(13)::text, '(4,count,2,9,0,8000,889)', 'at the cost of the product: 70.00 and two at 5.00');
SELECT is(mjc.stock_count(pg_temp.pid(13), 7, reason => 'yearly', op_id => 'count-1'), -3::bigint, 'a repeat gives the difference that it gave then');
SELECT throws_ok(format($$SELECT mjc.stock_count(%L, 8, reason => 'yearly', op_id => 'count-1')$$, pg_temp.pid(13)), 'MJ106', NULL, 'another count under its name');
SELECT is(pg_temp.balance(13), '9 0 0 8000 889', 'and nothing changed');
SELECT is(mjc.stock_count(pg_temp.pid(13), 0), -9::bigint, 'none are left');
SELECT is(pg_temp.balance(13), '0 0 0 0 889', 'nor any value');
SELECT is(mjc.stock_count(pg_temp.pid(13), 1000000), 1000000::bigint, 'the largest count');
SELECT is(mjc.stock_count(pg_temp.make_product(14, 1), 4), 4::bigint, 'a product that never had stock is counted');
SELECT throws_ok(format($$SELECT mjc.stock_count(%L, 1, clock_timestamp() + interval '1 minute')$$, pg_temp.pid(14)), 'MJ118', NULL, 'a count to come');
SELECT is(mjc.stock_count(pg_temp.pid(14), 3, '-infinity'), 3::bigint, 'a count from before the first movement');
SELECT is(pg_temp.stock(14), '7 0', 'is what nobody booked so far');

-- A count of a moment that is past; orders go on meanwhile
SELECT pg_temp.make_stock(15, 43) \g /dev/null
SELECT pg_temp.sold('{15}', '{4}') AS before \gset
SELECT mjc.order_ship(pg_temp.sold('{15}', '{1}')) \g /dev/null
SELECT clock_timestamp() AS t \gset
SELECT mjc.order_ship(r) FROM unnest(ARRAY[pg_temp.sold('{15}', '{2}'), pg_temp.sold('{15}', '{2}'), :'before']) r \g /dev/null
SELECT is(pg_temp.stock(15), '34 0', 'the ledger: 42 at the time of the count, 8 left since then');
SELECT is(mjc.stock_count(pg_temp.pid(15), 40, :'t', 'shelf 4'), -2::bigint, 'scenario 14: 40 counted then is two less than the ledger said then');
SELECT is(pg_temp.stock(15), '32 0', 'scenario 14: what left since then stays gone');
SELECT results_eq(format('SELECT kind, qty, on_hand, ref_kind, ref_id, reason FROM mjc.stock_ledger WHERE product_id = %L ORDER BY seq DESC LIMIT 1', pg_temp.pid(15)),
    $$VALUES ('count', -2, 32::bigint, 'count', '40', 'shelf 4')$$, 'scenario 14: the ledger shows the difference and what was counted');
SELECT throws_ok(format('SELECT mjc.stock_count(%L, 7, %L)', pg_temp.pid(15), :'t'), 'MJ103', NULL, 'a count with which less than nothing would be there now');

-- Another place
SELECT mjc.stock_receive(pg_temp.make_product(16, 100000, NULL, 500), 3, 1001) \g /dev/null
SELECT mjc.stock_receive(pg_temp.pid(16), 1, 2000, location_id => 22::smallint) \g /dev/null
SELECT is(mjc.stock_transfer(pg_temp.pid(16), 2, 1::smallint, 22::smallint, 'for the counter', 'van-1'), 3::bigint, 'two of three go to the other place');
SELECT is(pg_temp.balance(16) || ', ' || pg_temp.balance(16, 22), '1 0 0 1001 1001, 3 0 0 4002 1334', 'with their value: 20.02 of 30.03');
SELECT results_eq(format('SELECT location_id, kind, qty, ref_kind, ref_id, op_id COLLATE "default", reason FROM mjc.stock_ledger WHERE product_id = %L AND kind LIKE $$transfer%%$$ ORDER BY 1', pg_temp.pid(16)),
    $$VALUES (1::smallint, 'transfer_out', 2, 'transfer', '1:22', 'manual:van-1', 'for the counter'), (22::smallint, 'transfer_in', 2, 'transfer', '1:22', 'manual:van-1', 'for the counter')$$, 'one row for each place');
SELECT is(mjc.stock_transfer(pg_temp.pid(16), 2, 1::smallint, 22::smallint, 'for the counter', 'van-1'), 3::bigint, 'told again, counted once');
SELECT throws_ok(format($$SELECT mjc.stock_transfer(%L, %s, %s::smallint, %s::smallint, NULL, 'van-1')$$, pg_temp.pid(16), q, a, b), 'MJ106', NULL, format('the same operation: %s from %s to %s', q, a, b))
  FROM (VALUES (1, 1, 22), (2, 1, 23), (2, 22, 1)) v (q, a, b);
SELECT throws_ok(format('SELECT mjc.stock_transfer(%L, 2, 1::smallint, 22::smallint)', pg_temp.pid(16)), 'MJ103', NULL, 'no more than is there');
SELECT throws_ok(format('SELECT mjc.stock_transfer(%L, 1, 23::smallint, 22::smallint)', pg_temp.pid(16)), 'MJ103', NULL, 'nothing from a place that never had any');
SELECT throws_ok(format('SELECT mjc.stock_transfer(%L, 1, 1::smallint, 1::smallint)', pg_temp.pid(16)), 'MJ010', 'argument "to_location" is not valid', 'from a place to itself');
SELECT throws_ok(format('SELECT mjc.stock_transfer(%L, 1, NULL, 22::smallint)', pg_temp.pid(16)), 'MJ003', 'argument "from_location" must not be null', 'from nowhere');
SELECT throws_ok(format('SELECT mjc.stock_transfer(%L, 1, 1::smallint, NULL)', pg_temp.pid(16)), 'MJ003', 'argument "to_location" must not be null', 'to nowhere');
SELECT throws_ok(format('SELECT mjc.stock_transfer(%L, 1, 99::smallint, 1::smallint)', pg_temp.pid(16)), 'MJ105', NULL, 'from a place that there is not');
SELECT pg_temp.hold('{16}', '{3}') AS id \gset
SELECT is(pg_temp.held(:'id', 16), '1: 1 1 0 0 0, 22: 2 2 0 0 0', 'one unit here and two there are held');
SELECT throws_ok(format('SELECT mjc.stock_transfer(%L, 2, 22::smallint, 1::smallint)', pg_temp.pid(16)), 'MJ117', 'only 1 units there are not promised to anybody', 'held units stay where they are');
SELECT is((pg_temp.failure(format('SELECT mjc.stock_transfer(%L, 2, 22::smallint, 1::smallint)', pg_temp.pid(16)))).detail, '{"free": 1}'::jsonb, 'the DETAIL says how many may go');
SELECT is(mjc.stock_transfer(pg_temp.pid(16), 1, 22::smallint, 1::smallint), 2::bigint, 'the free one may');
SELECT is(pg_temp.balance(16) || ', ' || pg_temp.balance(16, 22), '2 1 0 2335 1168, 2 2 0 2668 1334', 'value follows: 13.34 of 40.02');
SELECT is((SELECT sum(value_centimes) FROM mjc.stock_now WHERE product_id = pg_temp.pid(16)), 5003::numeric, 'and none is made or lost');

-- What was expected from suppliers
SELECT pg_temp.make_product(17, 100000) \g /dev/null
SELECT mjc.stock_expected(pg_temp.pid(17), '2031-01-01'::date + d, q) FROM (VALUES (0, 5), (10, 3), (20, 9)) v (d, q) \g /dev/null
CREATE FUNCTION pg_temp.due(n integer) RETURNS text
    LANGUAGE sql
    AS $$ SELECT string_agg(i.due_on - date '2031-01-01' || ':' || i.qty, ' ' ORDER BY i.due_on) FROM mjc.stock_incoming i WHERE i.product_id = pg_temp.pid(n) $$;
SELECT is(pg_temp.due(17), '0:5 10:3 20:9', 'three deliveries are expected');
SELECT mjc.stock_receive(pg_temp.pid(17), 4) \g /dev/null
SELECT is(pg_temp.due(17), '0:1 10:3 20:9', 'what came in is taken off the earliest');
SELECT mjc.stock_receive(pg_temp.pid(17), 4) \g /dev/null
SELECT is(pg_temp.due(17), '20:9', 'two deliveries to the last unit');
SELECT mjc.stock_receive(pg_temp.pid(17), 12, op_id => 'more') \g /dev/null
SELECT is(pg_temp.due(17), NULL, 'and more than was expected');
SELECT mjc.stock_expected(pg_temp.pid(17), '2031-01-01', 2) \g /dev/null
SELECT mjc.stock_receive(pg_temp.pid(17), 12, op_id => 'more') \g /dev/null
SELECT mjc.stock_adjust(pg_temp.pid(17), 1, 'found') \g /dev/null
SELECT is(pg_temp.due(17), '0:2', 'a repeat or a correction is no delivery');

-- The flag by request
UPDATE mjc.stock_flag SET in_stock = false WHERE product_id = pg_temp.pid(17);
SELECT lives_ok(format('SELECT mjc.stock_refresh(%L)', pg_temp.pid(17)), 'the flag is brought up to date');
SELECT is(pg_temp.in_stock(17), true, 'as the stock is');
SELECT throws_ok('SELECT mjc.stock_refresh(NULL)', 'MJ003', NULL, 'of no product');
SELECT is(count(*), 1::bigint, 'flush_seen returns when all is on disk') FROM mjc.flush_seen();

-- REST: an admin changes the stock
SELECT pg_temp.make_admin('stock@example.test') AS admin \gset
SELECT pg_temp.make_stock(18, 10) \g /dev/null
CREATE FUNCTION pg_temp.rest(admin uuid, n integer, quantity integer, type text, reason text DEFAULT NULL, key text DEFAULT NULL, OUT body json, OUT replayed boolean)
    LANGUAGE sql
    AS $$ SELECT * FROM mjc_api.staff_inventory_change(admin, 0, '00000000-0000-4000-8000-0000000000aa', 'req-stock', key, pg_temp.pid(n), quantity, type, reason) $$;
SELECT is(r.body ->> 'oldQuantity' || ' ' || (r.body ->> 'newQuantity'), v.e, format('REST: %s %s', type, q))
  FROM (VALUES (1, 'STOCK_IN', 5, '10 15'), (2, 'STOCK_OUT', 3, '15 12'), (3, 'ADJUSTMENT', 20, '12 20'), (4, 'ADJUSTMENT', 0, '20 0'), (5, 'ADJUSTMENT', 6, '0 6'),
               (6, 'RETURN', 2, '6 8'), (7, 'DAMAGE', 3, '8 5')) v (n, type, q, e), pg_temp.rest(:'admin', 18, v.q, v.type, 'by hand') r;
SELECT is(pg_temp.balance(18), '5 0 3 300000 60000', 'REST: at the cost of the product');
SELECT is((SELECT body #>> '{product,id}' FROM pg_temp.rest(:'admin', 18, 1, 'STOCK_IN')), pg_temp.pid(18)::text, 'REST: the answer shows the product');
SELECT is((SELECT string_agg(kind || ' ' || qty, ', ' ORDER BY seq) FROM mjc.stock_ledger WHERE product_id = pg_temp.pid(18) AND actor = :'admin'),
          'receive 5, adjust -3, count 8, count -20, count 6, return 2, damage 3, receive 1', 'REST: the ledger names the movements and the admin');
SELECT is((SELECT count(*) FROM mjc.audit WHERE subject_id = pg_temp.pid(18)::text AND request_id = 'req-stock' AND actor = :'admin'), 8::bigint, 'REST: the audit too');
SELECT (r).body::text AS body1, (r).replayed AS replayed1 FROM pg_temp.rest(:'admin', 18, 1, 'STOCK_IN', 'x', 'key-s') r \gset
SELECT (r).body::text AS body2, (r).replayed AS replayed2 FROM pg_temp.rest(:'admin', 18, 1, 'STOCK_IN', 'x', 'key-s') r \gset
SELECT is(:'replayed1'::text || :'replayed2', 'ft', 'REST: a key counts once');
SELECT is(:'body2'::text, :'body1'::text, 'REST: with the same answer');
SELECT throws_ok(format($$SELECT pg_temp.rest(%L, %s, %s, %L, %L, 'key-s')$$, :'admin', n, q, t, r), 'MJ022', NULL, format('REST: the key with %s', w))
  FROM (VALUES (18, 2, 'STOCK_IN', 'x', 'another quantity'), (18, 1, 'RETURN', 'x', 'another type'), (18, 1, 'STOCK_IN', 'y', 'another reason'), (17, 1, 'STOCK_IN', 'x', 'another product')) v (n, q, t, r, w);
SELECT is(pg_temp.stock(18), '7 0', 'REST: nothing of it counted');
SET LOCAL mjc.double_submit_window = 30;
SELECT is((pg_temp.rest(:'admin', 18, 1, 'RETURN')).replayed, r, format('REST: without a key, within the window: replayed %s', r)) FROM (VALUES (1, false), (2, true)) v (i, r) ORDER BY i;
SET LOCAL mjc.double_submit_window = 0;
SELECT results_eq(format('SELECT body::text, replayed FROM pg_temp.rest(%L, 99, 1, $$STOCK_IN$$)', :'admin'), 'VALUES (NULL::text, false)', 'REST: an unknown product is nothing');
SELECT throws_ok(format('SELECT pg_temp.rest(%L, %s, %s, %L, %L, %L)', :'admin', n, q, t, r, k), code, NULL, format('REST: %s', w))
  FROM (VALUES ('18', '0', 'STOCK_IN', 'x', NULL, 'MJ104', 'none came in'), ('18', '-1', 'STOCK_OUT', 'x', NULL, 'MJ104', 'less than none went out'), ('18', '1000001', 'RETURN', 'x', NULL, 'MJ104', 'too many'),
               ('18', '-1', 'ADJUSTMENT', 'x', NULL, 'MJ104', 'less than none counted'), ('18', '1', 'LOST', 'x', NULL, 'MJ010', 'an unknown type'), ('18', '1', 'stock_in', 'x', NULL, 'MJ010', 'a type in small letters'),
               ('18', '99', 'STOCK_OUT', 'x', NULL, 'MJ103', 'more than there are'), ('18', '99', 'DAMAGE', 'x', NULL, 'MJ103', 'more break than there are'),
               ('NULL', '1', 'STOCK_IN', 'x', NULL, 'MJ003', 'no product'), ('18', 'NULL', 'STOCK_IN', 'x', NULL, 'MJ003', 'no quantity'), ('18', '1', NULL, 'x', NULL, 'MJ003', 'no type'),
               ('18', '1', 'STOCK_IN', '', NULL, 'MJ006', 'an empty reason'), ('18', '1', 'STOCK_IN', repeat('r', 256), NULL, 'MJ006', 'a reason too long'), ('18', '1', 'STOCK_IN', 'x', '', 'MJ021', 'an empty key')) v (n, q, t, r, k, code, w);
SELECT throws_ok(format('SELECT * FROM mjc_api.staff_inventory_change(%L, %L, gen_random_uuid(), NULL, NULL, %L, 1, $$STOCK_IN$$, NULL)', a, v, pg_temp.pid(18)), code, NULL, format('REST: %s', w))
  FROM (VALUES (NULL, 0, 'MJ060', 'nobody'), (:'admin', NULL, 'MJ060', 'no token'), (:'admin', 1, 'MJ063', 'an older token'), (pg_temp.make_admin('stock-tech@example.test', 'TECHNICIAN')::text, 0, 'MJ064', 'a technician')) x (a, v, code, w);
UPDATE mjc.location SET is_active = false WHERE location_id = 1;
SELECT throws_ok(format('SELECT pg_temp.rest(%L, 18, 1, $$STOCK_IN$$)', :'admin'), 'MJ111', NULL, 'REST: the place where goods come in is closed');
UPDATE mjc.location SET is_active = true WHERE location_id = 1;
SELECT is(pg_temp.balance(18), '8 0 3 480000 60000', 'REST: no refused change left anything');

-- What staff may not do in psql
SELECT mjc.staff_create('test_nobody', 'Test Staff') \g /dev/null
SET SESSION AUTHORIZATION test_nobody;
SELECT is(mjc.stock_receive('00000000-0000-4000-8000-000000000018', 2), 10::bigint, 'scenario 15: staff change the stock by the functions');
SELECT throws_ok(s, '42501', NULL, 'scenario 15: ' || s)
  FROM unnest(ARRAY['UPDATE mjc.stock_ledger SET on_hand = 0', 'DELETE FROM mjc.stock_ledger', 'INSERT INTO mjc.stock_ledger SELECT * FROM mjc.stock_ledger',
                    'UPDATE mjc.reservation SET held_qty = 0', 'DELETE FROM mjc.reservation', 'UPDATE mjc.stock_anchor SET safety_qty = 0', 'UPDATE mjc.stock_flag SET in_stock = true',
                    'TRUNCATE mjc.stock_ledger', 'UPDATE mjc.location SET is_active = false', 'INSERT INTO mjc.stock_incoming VALUES (gen_random_uuid(), current_date, 1)',
                    'SELECT mjc.stock_refresh(gen_random_uuid())']) s;
RESET SESSION AUTHORIZATION;
SELECT is(pg_temp.balance(18), '10 0 3 600000 60000', 'scenario 15: and nothing else changed');
SELECT is((SELECT s.display_name FROM mjc.stock_ledger g JOIN mjc.staff s ON s.staff_id = g.actor WHERE g.product_id = pg_temp.pid(18) ORDER BY g.seq DESC LIMIT 1), 'Test Staff', 'the ledger knows who');

-- Look-ups
SELECT is(mjc.available(pg_temp.pid(99)), 0::bigint, 'an unknown product has none');
SELECT is(mjc.available(NULL), NULL, 'no product, no answer');
SELECT is(mjc.product_id('TEST-ONLY-1'), pg_temp.pid(1), 'a product by its sku');
SELECT is(mjc.product_id('no such sku'), NULL, 'an unknown sku');
SELECT is((SELECT count(*) FROM mjc.stock_ledger g JOIN mjc.stock_ledger b USING (product_id, location_id)
            WHERE g.seq = b.seq + 1 AND g.product_id = pg_temp.pid(1) AND g.at < b.at), 0::bigint, 'the ledger never goes back in time');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');

SELECT * FROM finish();
ROLLBACK;
