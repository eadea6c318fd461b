-- stock: the ledger by hand. Values are computed by hand at average cost.
BEGIN;
SELECT plan(105);
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

-- Errors
SELECT throws_ok('SELECT mjc.stock_receive(NULL, 1)', 'MJ003', NULL, 'receive: no product');
SELECT throws_ok(format('SELECT mjc.stock_receive(%L, NULL)', pg_temp.pid(1)), 'MJ003', NULL, 'receive: no quantity');
SELECT throws_ok(format('SELECT mjc.stock_receive(%L, 1)', pg_temp.pid(9)), 'MJ004', NULL, 'receive: no such product');
SELECT throws_ok(format('SELECT mjc.stock_receive(%L, %s)', pg_temp.pid(1), q), 'MJ104', NULL, format('receive: quantity %s', q))
  FROM unnest(ARRAY[0, -1, 1000001, 2147483647, -2147483648]) q;
SELECT throws_ok(format('SELECT mjc.stock_receive(%L, 1, -1)', pg_temp.pid(1)), 'MJ201', NULL, 'receive: negative cost');
SELECT throws_ok(format('SELECT mjc.stock_receive(%L, 1, 10000000000001)', pg_temp.pid(1)), 'MJ201', NULL, 'receive: cost out of range');
SELECT throws_ok(format('SELECT mjc.stock_receive(%L, 1000000, 10000000000000)', pg_temp.pid(1)), 'MJ201', NULL, 'receive: value out of range');
SELECT throws_ok(format('SELECT mjc.stock_receive(%L, 1, NULL, NULL, %L)', pg_temp.pid(1), ''), 'MJ006', NULL, 'receive: empty operation');
SELECT throws_ok(format('SELECT mjc.stock_receive(%L, 1, NULL, NULL, %L)', pg_temp.pid(1), repeat('o', 101)), 'MJ006', NULL, 'receive: operation too long');
SELECT throws_ok(format('SELECT mjc.stock_receive(%L, 1, NULL, %L)', pg_temp.pid(2), repeat('r', 256)), 'MJ006', NULL, 'receive: reason too long');
SELECT throws_ok(format('SELECT mjc.stock_receive(%L, 1, location_id => 99::smallint)', pg_temp.pid(1)), 'MJ105', NULL, 'receive: no such location');
SELECT throws_ok('SELECT mjc.stock_adjust(NULL, 1, $$x$$)', 'MJ003', NULL, 'adjust: no product');
SELECT throws_ok(format('SELECT mjc.stock_adjust(%L, NULL, %L)', pg_temp.pid(1), 'x'), 'MJ003', NULL, 'adjust: no difference');
SELECT throws_ok(format('SELECT mjc.stock_adjust(%L, 1, NULL)', pg_temp.pid(1)), 'MJ003', NULL, 'adjust: no reason');
SELECT throws_ok(format('SELECT mjc.stock_adjust(%L, 1, %L)', pg_temp.pid(9), 'x'), 'MJ004', NULL, 'adjust: no such product');
SELECT throws_ok(format('SELECT mjc.stock_adjust(%L, %s, %L)', pg_temp.pid(1), q, 'x'), 'MJ104', NULL, format('adjust: difference %s', q))
  FROM unnest(ARRAY[0, 1000001, -1000001, 2147483647, -2147483648]) q;
SELECT throws_ok(format('SELECT mjc.stock_adjust(%L, 1, %L)', pg_temp.pid(1), ''), 'MJ006', NULL, 'adjust: empty reason');
SELECT throws_ok(format('SELECT mjc.stock_adjust(%L, 1, %L)', pg_temp.pid(1), repeat('r', 256)), 'MJ006', NULL, 'adjust: reason too long');
SELECT throws_ok(format('SELECT mjc.stock_adjust(%L, 1, %L, %L)', pg_temp.pid(1), 'x', ''), 'MJ006', NULL, 'adjust: empty operation');
SELECT throws_ok(format('SELECT mjc.stock_adjust(%L, 1, %L, %L)', pg_temp.pid(1), 'x', repeat('o', 101)), 'MJ006', NULL, 'adjust: operation too long');
SELECT throws_ok(format('SELECT mjc.stock_adjust(%L, 1, %L, NULL, 99::smallint)', pg_temp.pid(1), 'x'), 'MJ105', NULL, 'adjust: no such location');
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
UPDATE mjc.stock_anchor SET safety_qty = 2 WHERE product_id = pg_temp.pid(6);
SELECT is(mjc.available(pg_temp.pid(6)), 8::bigint, 'safety stock is not for sale');
SELECT throws_ok($$SELECT pg_temp.bought('{6}', '{9}')$$, 'MJ101', NULL, 'nine of ten with a safety stock of two');
SELECT lives_ok($$SELECT pg_temp.bought('{6}', '{8}')$$, 'eight of ten');
SELECT is(pg_temp.in_stock(6), false, 'and the flag says so');

-- Several locations
INSERT INTO mjc.location (location_id, code, name, priority) VALUES (22, 'test-2', 'Second', 5), (23, 'test-3', 'Third', 9);
SELECT pg_temp.make_stock(7, 2) \g /dev/null
SELECT mjc.stock_receive(pg_temp.pid(7), 3, location_id => 22::smallint) \g /dev/null
SELECT is(mjc.available(pg_temp.pid(7)), 5::bigint, 'locations add up');
SELECT pg_temp.bought('{7}', '{4}') AS ref \gset
SELECT results_eq(format('SELECT location_id, qty, state FROM mjc.reservation WHERE order_id = %L ORDER BY 1', pg_temp.order_id(:'ref')),
    $$VALUES (1::smallint, 2, 'held'), (22::smallint, 2, 'held')$$, 'an order takes by priority, from two locations');
SELECT lives_ok(format('SELECT mjc.order_cancel(%L)', :'ref'), 'cancelled');
SELECT is(pg_temp.stock(7), '5 0', 'both are released');
SELECT mjc.stock_receive(pg_temp.pid(7), 4, location_id => 23::smallint) \g /dev/null
UPDATE mjc.location SET is_active = false WHERE location_id = 23;
SELECT is(mjc.available(pg_temp.pid(7)), 5::bigint, 'a closed location sells nothing');
SELECT throws_ok($$SELECT pg_temp.bought('{7}', '{6}')$$, 'MJ101', NULL, 'not even the sixth');
UPDATE mjc.location SET is_active = true WHERE location_id = 23;
SELECT pg_temp.bought('{7}', '{1}') \g /dev/null
SELECT mjc.stock_adjust(pg_temp.pid(7), -2, 'lost') \g /dev/null
SELECT is(mjc.available(pg_temp.pid(7)), 6::bigint, 'one location short, two with stock');
SELECT lives_ok($$SELECT pg_temp.bought('{7}', '{6}')$$, 'the sale comes from those that have some');

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
