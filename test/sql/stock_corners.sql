-- stock: corners where a repeat, a lapse, a backorder and another call meet.
BEGIN;
SELECT plan(26);
\ir fixture.psql
INSERT INTO mjc.location (location_id, code, name, priority) VALUES (22, 'test-2', 'Second', 5), (23, 'test-3', 'Third', 9);
SELECT pg_temp.make_stock(1, 10) \g /dev/null
SELECT pg_temp.make_stock(2, 10) \g /dev/null
SELECT mjc.stock_receive(pg_temp.pid(1), 1, op_id => 'x') \g /dev/null
SELECT throws_ok($$SELECT pg_temp.hold('{1}', '{1}', NULL, 'x')$$, 'MJ106', NULL, 'reserve with the op_id of a receipt');
SELECT pg_temp.hold('{1}', '{1}', NULL, 'y') \g /dev/null
SELECT throws_ok($$SELECT pg_temp.hold('{1,2}', '{1,1}', NULL, 'y')$$, 'MJ106', NULL, 'reserve with the op_id of a hold of other products');
SELECT lives_ok($$SELECT pg_temp.hold('{2}', '{1}', NULL, 'y')$$, 'a hold is named by its op_id and its products: of none of them, it is another hold');
SELECT mjc.stock_receive(pg_temp.pid(1), 5, location_id => l::smallint) FROM unnest(ARRAY[22, 23]) l \g /dev/null
SELECT mjc.stock_transfer(pg_temp.pid(1), 1, 1::smallint, 22::smallint, NULL, 't') \g /dev/null
SELECT throws_ok(format($$SELECT mjc.stock_transfer(%L, 1, 23::smallint, 1::smallint, NULL, 't')$$, pg_temp.pid(1)), 'MJ106', NULL, 'transfer into a place where the op_id was used');
SELECT throws_ok(format($$SELECT mjc.stock_transfer(%L, 1, 23::smallint, 22::smallint, NULL, 't')$$, pg_temp.pid(1)), 'MJ106', NULL, 'and between two others');
SELECT mjc.stock_receive(pg_temp.pid(2), 1, op_id => 'z', location_id => 22::smallint) \g /dev/null
SELECT throws_ok(format($$SELECT mjc.stock_receive(%L, 1, op_id => 'z')$$, pg_temp.pid(2)), 'MJ106', NULL, 'the op_id of a receipt at another location');
SELECT mjc.stock_receive(pg_temp.pid(1), 3, location_id => 22::smallint) \g /dev/null
SELECT is(mjc.stock_transfer(pg_temp.pid(1), 1, 1::smallint, 22::smallint, NULL, 't'), 6::bigint, 'a late repeat of a transfer gives what it gave then');
SELECT throws_ok(format($$SELECT mjc.stock_count(%L, 1, 'infinity')$$, pg_temp.pid(2)), 'MJ118', NULL, 'a count at infinity');
SELECT throws_ok(format($$SELECT pg_temp.hold('{1}', '{1}', %L)$$, h), 'MJ006', NULL, format('held for %s', h)) FROM unnest(ARRAY['170000000 years', '-300000 years', '-2147483648 days', '-2562047788:00:54.775807']) h;
SELECT pg_temp.make_stock(3, 5) \g /dev/null
SELECT mjc.stock_policy_set(pg_temp.pid(3), 0, 10, 7) \g /dev/null
SELECT pg_temp.hold('{3}', '{5}') AS id \gset
SELECT pg_temp.lapse(:'id') \g /dev/null
SELECT is(mjc.available(pg_temp.pid(3)), 5::bigint, '(five available)');
SELECT pg_temp.hold('{3}', '{4}') AS id \gset
SELECT is(pg_temp.held(:'id', 3), '1: 4 4 0 0 0', 'what is available is not promised for later');
SELECT pg_temp.make_stock(4, 5) \g /dev/null
SELECT pg_temp.hold('{4}', '{5}') AS id \gset
SELECT pg_temp.lapse(:'id') \g /dev/null
SELECT lives_ok(format('SELECT mjc.stock_transfer(%L, 3, 1::smallint, 22::smallint)', pg_temp.pid(4)), 'units of a lapsed hold may be carried away');
SELECT pg_temp.make_stock(9, 5) \g /dev/null
SELECT pg_temp.bought('{9}', '{3}') AS ref \gset
SELECT pg_temp.hold('{9}', '{2}') \g /dev/null
SELECT pg_temp.lapse(pg_temp.order_id(:'ref')) \g /dev/null
SELECT mjc.stock_count(pg_temp.pid(9), 2) \g /dev/null
SELECT is(mjc.available(pg_temp.pid(9)), 0::bigint, '(none available)');
SELECT throws_ok(format('SELECT mjc.order_confirm(%L)', :'ref'), 'MJ101', NULL, 'a lapsed order does not get units that are not there, swept or not');
SELECT pg_temp.make_stock(5, 10) \g /dev/null
SELECT pg_temp.hold('{5}', '{2}') AS h1, pg_temp.hold('{5}', '{2}') AS h2 \gset
SELECT pg_temp.sold('{5}', '{2}', :'h1', 'k') \g /dev/null
SELECT throws_ok(format($$SELECT pg_temp.sold('{5}', '{2}', %L, 'k')$$, :'h2'), 'MJ022', NULL, 'the key of an order with another hold');
SELECT lives_ok(format($$SELECT pg_temp.sold('{5}', '{2}', %L)$$, :'h1'), 'a hold that became an order has nothing to give: free units serve');
SELECT pg_temp.make_stock(6, 10) \g /dev/null
SELECT pg_temp.make_stock(7, 10) \g /dev/null
SELECT pg_temp.hold('{6,7}', '{2,3}') AS h \gset
SELECT mjc.stock_release(:'h', pg_temp.pid(6), NULL, 'q') \g /dev/null
SELECT throws_ok(format($$SELECT mjc.stock_release(%L, NULL, NULL, 'q')$$, :'h'), 'MJ106', NULL, 'op_id of one product, then of the whole hold');
SELECT pg_temp.hold('{6}', '{3}') AS h \gset
SELECT mjc.stock_release(:'h', pg_temp.pid(6), 1, 'w') \g /dev/null
SELECT is(mjc.stock_release(:'h', pg_temp.pid(6), NULL, 'w'), 1::bigint, 'without a quantity a repeat gives what the first one moved');
SELECT pg_temp.hold('{6}', '{1}') AS h \gset
SELECT mjc.stock_release(:'h') \g /dev/null
SELECT pg_temp.lapse(:'h') \g /dev/null
SELECT throws_ok(format($$SELECT mjc.stock_release(%L)$$, :'h'), 'MJ113', NULL, 'a hold that was given up, once its time has passed');
SELECT pg_temp.make_stock(8, 5) \g /dev/null
SELECT mjc.stock_policy_set(pg_temp.pid(8), 0, 10, 30) \g /dev/null
SELECT pg_temp.bought('{8}', '{4}') AS ref \gset
SELECT pg_temp.lapse(pg_temp.order_id(:'ref')) \g /dev/null
SELECT mjc.stock_adjust(pg_temp.pid(8), -5, 'x') \g /dev/null
SELECT mjc.stock_expire(1000) \g /dev/null
SELECT mjc.order_confirm(:'ref') \g /dev/null
SELECT is((SELECT estimated_on - mjc.algiers_date(now()) FROM mjc.order WHERE reference = :'ref'), 33, 'an order confirmed late from backorder is there later');
SELECT is((pg_temp.failure($$SELECT pg_temp.hold('{6,2}', '{0,0}')$$)).detail -> 'line', '1', 'two bad lines: the first is named');
SAVEPOINT s;
DO $$ BEGIN FOR i IN 1 .. 15 LOOP EXECUTE format('CREATE INDEX own_%s ON mjc.stock_ledger (reason)', i); END LOOP; END $$;
SELECT lives_ok(format('SELECT mjc.stock_receive(%L, 1)', pg_temp.pid(1)), 'an owner with many indexes');
ROLLBACK TO s;
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');
SELECT * FROM finish();
ROLLBACK;
