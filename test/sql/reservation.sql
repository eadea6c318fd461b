-- reservation: units held by staff and by orders; expiry, backorders, holds that become orders.
BEGIN;
SELECT plan(282);
\ir fixture.psql
INSERT INTO mjc.location (location_id, code, name, priority) VALUES (22, 'test-2', 'Second', 5), (23, 'test-3', 'Third', 9);
SELECT pg_temp.make_stock(n, 10) FROM generate_series(1, 4) n \g /dev/null
CREATE FUNCTION pg_temp.flag(n integer) RETURNS text
    LANGUAGE sql
    AS $$ SELECT f.in_stock || CASE WHEN f.next_expiry_at IS NULL THEN '' WHEN f.next_expiry_at <= clock_timestamp() THEN ' lapsed' ELSE ' until' END
            FROM mjc.stock_flag f WHERE f.product_id = pg_temp.pid(n) $$;
CREATE FUNCTION pg_temp.movements(id uuid) RETURNS text
    LANGUAGE sql
    AS $$ SELECT string_agg(kind || ' ' || qty, ', ' ORDER BY at, seq) FROM mjc.stock_ledger WHERE ref_id = id::text $$;

-- A hold
SELECT pg_temp.hold('{1,2}', '{3,4}') AS id \gset
SELECT is(pg_temp.held(:'id', 1) || '; ' || pg_temp.held(:'id', 2), '1: 3 3 0 0 0; 1: 4 4 0 0 0', 'a hold of two products');
SELECT is(pg_temp.stock(1) || ', ' || pg_temp.stock(2), '10 3, 10 4', 'is reserved');
SELECT results_eq(format($$SELECT kind, backorder_qty, promised_on IS NULL, abs(extract(epoch FROM expires_at - clock_timestamp()) - 1800) < 60 FROM mjc.reservation WHERE reservation_id = %L$$, :'id'),
    $$VALUES ('hold', 0, true, true), ('hold', 0, true, true)$$, 'for half an hour');
SELECT results_eq(format('SELECT kind, qty, on_hand, reserved, ref_kind, op_id COLLATE "default" FROM mjc.stock_ledger WHERE ref_id = %L ORDER BY product_id', :'id'),
    format($$VALUES ('reserve', 3, 10::bigint, 3::bigint, 'hold', '%1$s:1:reserve'), ('reserve', 4, 10::bigint, 4::bigint, 'hold', '%1$s:2:reserve')$$, :'id'), 'each is a row of the ledger');
UPDATE mjc.setting SET integer_value = 5 WHERE name = 'hold_minutes';
SELECT pg_temp.hold('{3}', '{1}') AS five, pg_temp.hold('{3}', '{1}', '30 days') AS long \gset
SELECT is((SELECT round(extract(epoch FROM expires_at - clock_timestamp()) / 60) FROM mjc.reservation WHERE reservation_id = :'five'), 5::numeric, 'the setting says how long');
SELECT is((SELECT round(extract(epoch FROM expires_at - clock_timestamp()) / 86400) FROM mjc.reservation WHERE reservation_id = :'long'), 30::numeric, 'or the caller, up to thirty days');
SELECT is(pg_temp.held(pg_temp.hold('{3,4,3}', '{1,1,2}'), 3), '1: 3 3 0 0 0', 'a product named twice is summed');
SELECT is((SELECT count(DISTINCT pg_temp.hold('{4}', '{1}')) FROM generate_series(1, 2)), 2::bigint, 'without an operation each call is a hold of its own');

-- The same operation
SELECT pg_temp.hold('{4,3}', '{1,1}', NULL, 'cart-7') AS named \gset
SELECT is(pg_temp.hold('{4,3}', '{1,1}', NULL, 'cart-7'), :'named', 'a repeated operation gives the same hold');
SELECT is(pg_temp.hold('{3,4}', '{1,1}', '1 hour', 'cart-7'), :'named', 'in whatever order the lines come');
SELECT is(pg_temp.stock(3) || ', ' || pg_temp.stock(4), '10 6, 10 4', 'and is held once');
SELECT throws_ok($$SELECT pg_temp.hold('{4,3}', '{2,1}', NULL, 'cart-7')$$, 'MJ106', NULL, 'other quantities are another hold');
SELECT is(mjc.stock_release(:'named', pg_temp.pid(4)), 1::bigint, 'a part is given up');
SELECT is(pg_temp.hold('{4,3}', '{1,1}', NULL, 'cart-7'), :'named', 'the hold is still the same one');
SELECT is(pg_temp.held(:'named', 4), '1: 1 0 0 0 0', 'and takes nothing again');
SELECT throws_ok(format($$SELECT mjc.stock_release(%L, %L, 1, 'cart-7')$$, :'named', pg_temp.pid(3)), 'MJ106', NULL, 'its operation is not that of a release');
SELECT throws_ok(format($$SELECT mjc.stock_adjust(%L, 1, 'x', 'cart-7')$$, pg_temp.pid(3)), 'MJ106', NULL, 'nor that of a movement by hand');

-- Refused, whole
SELECT pg_temp.make_stock(5, 5) \g /dev/null
SELECT pg_temp.make_stock(6, 5) \g /dev/null
SELECT throws_ok($$SELECT pg_temp.hold('{5,6}', '{5,6}')$$, 'MJ101', 'line 2: not enough stock of Test part 6: 5 available, 6 requested', 'more than there is of one of two');
SELECT is((pg_temp.failure($$SELECT pg_temp.hold('{6,5}', '{6,5}')$$)).detail, '{"line": 1, "product": "Test part 6", "available": 5, "requested": 6}'::jsonb, 'the DETAIL names line and product');
SELECT throws_ok($$SELECT pg_temp.hold('{5,5}', '{3,3}')$$, 'MJ101', 'line 1: not enough stock of Test part 5: 5 available, 6 requested', 'scenario 3: two lines of one product, each fitting alone');
SELECT throws_ok($$SELECT pg_temp.hold('{6,5,6,5}', '{1,3,1,3}')$$, 'MJ101', 'line 2: not enough stock of Test part 5: 5 available, 6 requested', 'scenario 3: among other lines');
SELECT throws_ok($$SELECT pg_temp.bought('{6,5,5}', '{1,3,3}')$$, 'MJ101', 'line 2: not enough stock of Test part 5: 5 available, 6 requested', 'scenario 3: nor in an order');
SELECT is(pg_temp.stock(5) || ', ' || pg_temp.stock(6), '5 0, 5 0', 'scenario 3: nothing is held');
SELECT is((SELECT count(*) FROM mjc.reservation WHERE product_id IN (pg_temp.pid(5), pg_temp.pid(6))), 0::bigint, 'scenario 3: nor written');
SELECT lives_ok($$SELECT pg_temp.hold('{5,6}', '{5,5}')$$, 'all that there is');
SELECT throws_ok($$SELECT pg_temp.hold('{6}', '{1}')$$, 'MJ101', 'line 1: not enough stock of Test part 6: 0 available, 1 requested', 'then nothing');
SELECT pg_temp.make_product(7, 100) \g /dev/null
SELECT throws_ok($$SELECT pg_temp.hold('{1,7}', '{1,1}')$$, 'MJ101', 'line 2: not enough stock of Test part 7: 0 available, 1 requested', 'a product that never had stock');
SELECT is(pg_temp.stock(1), '10 3', 'and the line before it is not held');

-- Bad input
SELECT throws_ok('SELECT mjc.stock_reserve(NULL, $${1}$$)', 'MJ003', 'argument "product_ids" must not be null', 'no products');
SELECT throws_ok(format('SELECT mjc.stock_reserve(ARRAY[%L]::uuid[], NULL)', pg_temp.pid(1)), 'MJ003', 'argument "quantities" must not be null', 'no quantities');
SELECT throws_ok(format('SELECT mjc.stock_reserve(ARRAY[%L, NULL]::uuid[], $${1,1}$$)', pg_temp.pid(1)), 'MJ003', 'argument "product_ids" must not be null', 'one product is NULL');
SELECT throws_ok(format('SELECT mjc.stock_reserve(ARRAY[%L]::uuid[], $${NULL}$$)', pg_temp.pid(1)), 'MJ003', 'argument "quantities" must not be null', 'one quantity is NULL');
SELECT throws_ok(format('SELECT mjc.stock_reserve(ARRAY[%L]::uuid[], %L)', pg_temp.pid(1), q), 'MJ010', 'argument "quantities" is not valid', format('quantities %s', q))
  FROM unnest(ARRAY['{1,1}', '{}', '{{1},{1}}']) q;
SELECT throws_ok(format('SELECT mjc.stock_reserve(ARRAY[ARRAY[%1$L], ARRAY[%1$L]]::uuid[], $${1,1}$$)', pg_temp.pid(1)), 'MJ010', 'argument "product_ids" is not valid', 'products in two dimensions');
SELECT throws_ok('SELECT mjc.stock_reserve($${}$$, $${}$$)', 'MJ110', 'a reservation has between 1 and 10000 lines', 'no lines');
SELECT throws_ok($$SELECT pg_temp.hold(array_fill(1, ARRAY[10001]), array_fill(1, ARRAY[10001]))$$, 'MJ110', NULL, '10 001 lines');
SELECT throws_ok($$SELECT mjc.stock_reserve(array_fill(pg_temp.pid(1), ARRAY[1000001]), array_fill(1, ARRAY[1000001]))$$, 'MJ006', NULL, 'a million lines are not even read');
SELECT throws_ok(format($$SELECT pg_temp.hold('{1,2}', '{1,%s}')$$, q), 'MJ109', 'line 2: the quantity must be between 1 and 1000000', format('a quantity of %s', q))
  FROM unnest(ARRAY[0, -1, 1000001, 2147483647, -2147483648]) q;
SELECT throws_ok($$SELECT pg_temp.hold('{1,1}', '{1000000,1}')$$, 'MJ109', 'line 2: the quantity must be between 1 and 1000000', 'a sum of a million and one');
SELECT throws_ok($$SELECT pg_temp.hold(array_fill(1, ARRAY[3000]), array_fill(1000000, ARRAY[3000]))$$, 'MJ109', NULL, 'a sum beyond all integers');
SELECT throws_ok($$SELECT pg_temp.hold('{1,99}', '{1,1}')$$, 'MJ108', 'line 2: there is no such product', 'an unknown product');
SELECT throws_ok(format($$SELECT pg_temp.hold('{1}', '{1}', %L)$$, h), 'MJ006', 'argument "hold_for" is out of range', format('held for %s', h))
  FROM unnest(ARRAY['0', '-1 second', '30 days 1 second', '1 year']) h;
SELECT throws_ok(format($$SELECT pg_temp.hold('{1}', '{1}', NULL, %L)$$, o), 'MJ006', 'argument "op_id" is out of range', format('an operation of %s characters', length(o)))
  FROM unnest(ARRAY['', repeat('o', 101)]) o;
SELECT is(pg_temp.stock(1) || ', ' || pg_temp.stock(2), '10 3, 10 4', 'no refused call left anything');
SELECT pg_temp.make_stock(1000 + n, 2) FROM generate_series(1, 300) n \g /dev/null
SELECT pg_temp.hold(ARRAY(SELECT 1001 + n % 300 FROM generate_series(1, 600) n), array_fill(1, ARRAY[600])) AS many \gset
SELECT is((SELECT count(*) || ' ' || sum(held_qty) FROM mjc.reservation WHERE reservation_id = :'many'), '300 600', '600 lines of 300 products');
SELECT is(mjc.stock_release(:'many'), 600::bigint, 'and all of them back');
SELECT throws_ok($$SELECT pg_temp.hold(ARRAY(SELECT n % 300 + 1001 FROM generate_series(1, 10000) n), array_fill(1, ARRAY[10000]))$$, 'MJ101', NULL, '10 000 lines are read');

-- In a subtransaction
CREATE FUNCTION pg_temp.everything() RETURNS text
    LANGUAGE sql
AS $$
    SELECT md5(coalesce((SELECT string_agg(g::text, '|' ORDER BY g.product_id, g.location_id, g.seq) FROM mjc.stock_ledger g), '')
            || coalesce((SELECT string_agg(r::text, '|' ORDER BY r.product_id, r.reservation_id, r.line_no, r.location_id) FROM mjc.reservation r), '')
            || coalesce((SELECT string_agg(f::text, '|' ORDER BY f.product_id) FROM mjc.stock_flag f), '')
            || coalesce((SELECT string_agg(a::text, '|' ORDER BY a.product_id) FROM mjc.stock_anchor a), ''))
$$;
SELECT pg_temp.everything() AS before \gset
SAVEPOINT s;
SELECT pg_temp.hold('{1,2}', '{7,6}') \g /dev/null
SELECT isnt(pg_temp.everything(), :'before', 'a hold in a savepoint');
ROLLBACK TO s;
SELECT is(pg_temp.everything(), :'before', 'is gone with it');
SELECT is((pg_temp.failure($$SELECT pg_temp.hold('{1,2,6}', '{1,1,1}')$$)).code, 'MJ101', 'refused at its last line');
SELECT is(pg_temp.everything(), :'before', 'the lines before it are gone too');
DO $$
BEGIN
    PERFORM pg_temp.hold('{1}', '{7}');
    BEGIN
        PERFORM pg_temp.hold('{2}', '{6}');
        PERFORM pg_temp.hold('{1}', '{1}');
    EXCEPTION WHEN SQLSTATE 'MJ101' THEN
        NULL;
    END;
END $$;
SELECT is(pg_temp.stock(1) || ', ' || pg_temp.stock(2), '10 10, 10 4', 'what stood before the failed block stays');
ROLLBACK TO s;
SELECT is(pg_temp.everything(), :'before', 'all of it back');

-- Giving back, leaving the house, coming back
SELECT pg_temp.make_stock(8, 10) \g /dev/null
SELECT pg_temp.make_stock(9, 10) \g /dev/null
SELECT pg_temp.hold('{8,9}', '{5,2}') AS id \gset
SELECT is(mjc.stock_commit(:'id', pg_temp.pid(8), 2), 2::bigint, 'scenario 11: two of five leave');
SELECT is(pg_temp.stock(8), '8 3', 'scenario 11: three are still held');
SELECT is(mjc.stock_release(:'id', pg_temp.pid(8)), 3::bigint, 'scenario 11: the others are given up');
SELECT is(pg_temp.stock(8) || '; ' || pg_temp.held(:'id', 8), '8 0; 1: 5 0 2 0 0', 'scenario 11: on hand fell by two alone');
SELECT is(pg_temp.stock(9), '10 2', 'the other product is not touched');
SELECT is(mjc.stock_commit(:'id'), 2::bigint, 'what is left leaves too');
SELECT is(pg_temp.stock(9) || '; ' || pg_temp.held(:'id', 9), '8 0; 1: 2 0 2 0 0', 'that is the other product');
SELECT is(mjc.stock_return(:'id', pg_temp.pid(8), 1, true, 'torn', 'back-1'), 1::bigint, 'scenario 13: one comes back broken');
SELECT is((SELECT on_hand || ' ' || damaged FROM mjc.stock_available WHERE product_id = pg_temp.pid(8)), '8 1', 'scenario 13: it is damaged and not for sale');
SELECT is(mjc.stock_return(:'id', pg_temp.pid(8), 1, false, 'unopened', 'back-2'), 1::bigint, 'scenario 13: the other one is good');
SELECT is(mjc.stock_return(:'id', pg_temp.pid(8), 1, false, 'unopened', 'back-2'), 1::bigint, 'scenario 13: told again');
SELECT is((SELECT on_hand || ' ' || damaged FROM mjc.stock_available WHERE product_id = pg_temp.pid(8)), '9 1', 'scenario 13: counted once');
SELECT throws_ok(format($$SELECT mjc.stock_return(%L, %L, 1, true, 'unopened', 'back-2')$$, :'id', pg_temp.pid(8)), 'MJ106', NULL, 'scenario 13: broken is another movement');
SELECT is(pg_temp.movements(:'id'), 'reserve 5, reserve 2, ship 2, release 3, ship 2, return_damaged 1, return 1', 'the ledger tells it all');
SELECT throws_ok(format('SELECT mjc.stock_return(%L, %L, 1)', :'id', pg_temp.pid(8)), 'MJ114', 'this reservation holds nothing any more', 'nothing else can come back');
SELECT throws_ok(format('SELECT mjc.stock_return(%L, %L, 3)', :'id', pg_temp.pid(9)), 'MJ115', 'only 2 units of this reservation can be moved that way', 'no more than left');
SELECT throws_ok(format('SELECT mjc.stock_commit(%L)', :'id'), 'MJ114', NULL, 'nothing is left to leave');
SELECT throws_ok(format('SELECT mjc.stock_release(%L)', :'id'), 'MJ114', NULL, 'nor to be given up');
SELECT is((SELECT value_centimes FROM mjc.stock_available WHERE product_id = pg_temp.pid(8)), 540000::bigint, 'nine at 600.00');

-- Operations of these
SELECT pg_temp.hold('{8,9}', '{6,6}') AS id \gset
SELECT is(mjc.stock_release(:'id', pg_temp.pid(8), 1, 'r-1'), 1::bigint, 'one of six');
SELECT is(mjc.stock_release(:'id', pg_temp.pid(8), 1, 'r-1'), 1::bigint, 'told again');
SELECT is(mjc.stock_release(:'id', pg_temp.pid(8), 1, 'r-2'), 1::bigint, 'another one');
SELECT is(mjc.stock_release(:'id', pg_temp.pid(8), 1), 1::bigint, 'and one without a name');
SELECT is(mjc.stock_release(:'id', pg_temp.pid(8), 1), 1::bigint, 'which is another one each time');
SELECT is(pg_temp.held(:'id', 8), '1: 6 2 0 0 0', 'four in all');
SELECT throws_ok(format($$SELECT mjc.stock_release(%L, %L, 2, 'r-1')$$, :'id', pg_temp.pid(8)), 'MJ106', NULL, 'another number');
SELECT throws_ok(format($$SELECT mjc.stock_commit(%L, %L, 1, 'r-1')$$, :'id', pg_temp.pid(8)), 'MJ106', NULL, 'another movement');
SELECT throws_ok(format($$SELECT mjc.stock_release(%L, %L, 1, 'r-1')$$, pg_temp.hold('{8}', '{1}'), pg_temp.pid(8)), 'MJ106', NULL, 'another hold');
SELECT is(mjc.stock_commit(:'id', op_id => 'all-1'), 8::bigint, 'all the rest leaves');
SELECT is(mjc.stock_commit(:'id', op_id => 'all-1'), 8::bigint, 'told again');
SELECT is(mjc.stock_release(:'id', pg_temp.pid(8), 1, 'r-1'), 1::bigint, 'a late repeat');
SELECT is(pg_temp.held(:'id', 8) || '; ' || pg_temp.held(:'id', 9), '1: 6 0 2 0 0; 1: 6 0 6 0 0', 'all counted once');

-- Errors of these: %1$L reservation, %2$L product, %3$L quantity, %4$L operation
CREATE TEMP TABLE move (f text, call text, product boolean);
INSERT INTO move VALUES
    ('release', 'SELECT mjc.stock_release(%1$L, %2$L, %3$L, %4$L)', false),
    ('commit', 'SELECT mjc.stock_commit(%1$L, %2$L, %3$L, %4$L)', false),
    ('return', 'SELECT mjc.stock_return(%1$L, %2$L, %3$L, op_id => %4$L)', true);
SELECT pg_temp.hold('{8}', '{2}') AS id \gset
SELECT throws_ok(format(call, NULL, pg_temp.pid(8), 1, NULL), 'MJ003', 'argument "reservation_id" must not be null', f || ': no reservation') FROM move;
SELECT throws_ok(format(call, :'id', NULL, 1, NULL), 'MJ003', 'argument "product_id" must not be null', f || ': a quantity of nothing') FROM move;
SELECT throws_ok(format(call, :'id', pg_temp.pid(8), NULL, NULL), 'MJ003', 'argument "qty" must not be null', f || ': no quantity') FROM move WHERE product;
SELECT throws_ok(format(call, :'id', pg_temp.pid(8), q, NULL), 'MJ104', 'the quantity must be between 1 and 1000000', format('%s: %s units', f, q)) FROM move, unnest(ARRAY[0, -1, 1000001, -2147483648]) q;
SELECT throws_ok(format(call, :'id', pg_temp.pid(8), 1, o), 'MJ006', NULL, format('%s: an operation of %s characters', f, length(o))) FROM move, unnest(ARRAY['', repeat('o', 101)]) o;
SELECT throws_ok(format(call, gen_random_uuid(), p, q, NULL), 'MJ112', 'there is no such reservation', format('%s: an unknown reservation, %s', f, w))
  FROM move, (VALUES (pg_temp.pid(8), 1, 'of a product'), (NULL, NULL, 'whole'), (pg_temp.pid(99), 1, 'of an unknown product')) v (p, q, w) WHERE p IS NOT NULL OR NOT product;
SELECT throws_ok(format(call, :'id', pg_temp.pid(9), 1, NULL), 'MJ112', NULL, f || ': a product that is not in it') FROM move;
SELECT throws_ok(format(call, :'id', pg_temp.pid(8), 3, NULL), 'MJ115', 'only 2 units of this reservation can be moved that way', f || ': more than it has') FROM move WHERE NOT product;
SELECT is((pg_temp.failure(format(call, :'id', pg_temp.pid(8), 3, NULL))).detail, '{"held": 2}'::jsonb, f || ': the DETAIL says how many') FROM move WHERE NOT product;
SELECT throws_ok(format(call, :'id', pg_temp.pid(8), 1, NULL), 'MJ114', NULL, f || ': nothing left yet') FROM move WHERE product;
SELECT throws_ok(format('SELECT mjc.stock_return(%L, %L, 1, false, %L)', :'id', pg_temp.pid(8), r), 'MJ006', 'argument "reason" is out of range', format('return: a reason of %s characters', length(r)))
  FROM unnest(ARRAY['', repeat('r', 256)]) r;
CREATE ROLE test_nobody LOGIN IN ROLE mjc_admin;
GRANT USAGE ON SCHEMA tap TO PUBLIC;
GRANT SELECT ON move TO PUBLIC;
SET SESSION AUTHORIZATION test_nobody;
SELECT throws_ok(format(call, '00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000001', 1, NULL), 'MJ601', NULL, f || ': a login that is nobody''s') FROM move;
SELECT throws_ok($$SELECT mjc.stock_reserve('{00000000-0000-4000-8000-000000000001}', '{1}')$$, 'MJ601', NULL, 'reserve: a login that is nobody''s');
RESET SESSION AUTHORIZATION;
SELECT is(mjc.stock_return(:'id', pg_temp.pid(8), mjc.stock_commit(:'id')::integer, NULL), 2::bigint, 'return: damaged NULL is not damaged');
SELECT is((SELECT damaged FROM mjc.stock_available WHERE product_id = pg_temp.pid(8)), 1::bigint, 'as before');

-- Units of an order are moved by the order's functions
SELECT pg_temp.make_stock(10, 10) \g /dev/null
SELECT pg_temp.sold('{10}', '{5}') AS ref \gset
SELECT pg_temp.order_id(:'ref') AS id \gset
SELECT throws_ok(format(call, :'id', p, q, NULL), 'MJ116', 'these units belong to an order: change the order instead', format('%s %s of an order', f, w))
  FROM move, (VALUES (pg_temp.pid(10), 2, 'two units'), (NULL, NULL, 'all')) v (p, q, w) WHERE NOT product;
SELECT throws_ok(format(call, :'id', pg_temp.pid(10), 1, NULL), 'MJ114', NULL, 'nothing came back of an order that did not leave') FROM move WHERE product;
SELECT mjc.order_ship(:'ref') \g /dev/null
SELECT is(mjc.stock_return(:'id', pg_temp.pid(10), 2, true), 2::bigint, 'two of five come back broken');
SELECT is(mjc.order_cancel(:'ref'), 'CANCELLED', 'the parcel comes back');
SELECT is(pg_temp.held(:'id', 10), '1: 5 0 5 5 0', 'all five, each once');
SELECT is((SELECT on_hand || ' ' || damaged FROM mjc.stock_available WHERE product_id = pg_temp.pid(10)), '8 2', 'three for sale, two damaged');

-- Expiry: not counted, whoever sweeps it
SELECT pg_temp.make_stock(11, 5) \g /dev/null
SELECT pg_temp.hold('{11}', '{5}', '50 milliseconds') AS id \gset
SELECT is(pg_temp.stock(11) || ' ' || pg_temp.flag(11), '5 5 false until', 'all are held for a moment; the flag says until when');
SELECT pg_sleep(0.06) \g /dev/null
SELECT is(mjc.available(pg_temp.pid(11)), 5::bigint, 'scenario 8: when it is over they are available, without a sweeper');
SELECT is(pg_temp.flag(11), 'false lapsed', 'scenario 8: and the filters know, the flag being as it was');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'scenario 8: which is no broken promise');
SELECT is(pg_temp.held(:'id', 11), '1: 5 5 0 0 0', 'scenario 8: nobody has swept it');
SELECT throws_ok(format('SELECT mjc.stock_commit(%L)', :'id'), 'MJ113', 'this reservation has expired', 'it cannot leave any more');
SELECT pg_temp.hold('{11}', '{2}') AS next \gset
SELECT is(pg_temp.held(:'id', 11), '1: 5 0 0 0 0', 'scenario 8: the next buyer sweeps it');
SELECT results_eq(format('SELECT kind, qty, reserved, ref_id, reason, actor FROM mjc.stock_ledger WHERE product_id = %L ORDER BY seq DESC LIMIT 2', pg_temp.pid(11)),
    format($$VALUES ('reserve', 2, 2::bigint, %L, NULL, NULL::uuid), ('release', 5, 0, %L, 'expired', NULL)$$, :'next', :'id'), 'and the ledger says so');
SELECT is(pg_temp.flag(11), 'true', 'three are free');
SELECT throws_ok(format('SELECT mjc.stock_commit(%L)', :'id'), 'MJ113', NULL, 'a swept hold has expired for commit');
SELECT throws_ok(format('SELECT mjc.stock_release(%L)', :'id'), 'MJ113', NULL, 'and for release');
SELECT pg_temp.hold('{11}', '{2}', '10 milliseconds') AS id \gset
SELECT pg_sleep(0.02) \g /dev/null
SELECT is(mjc.stock_release(:'id', pg_temp.pid(11), 1), 1::bigint, 'a hold that has lapsed and was not swept can be given up');
SELECT is(pg_temp.held(:'id', 11) || ' ' || pg_temp.stock(11), '1: 2 1 0 0 0 5 2', 'as far as it was');

-- The sweeper
SELECT mjc.stock_expire(10000) \g /dev/null
SELECT pg_temp.make_stock(20 + n, 5) FROM generate_series(1, 5) n \g /dev/null
SELECT pg_temp.hold('{21,22,23,24}', '{1,1,1,1}') AS old \gset
SELECT pg_temp.hold('{21,25}', '{2,2}') AS fresh \gset
SELECT pg_temp.hold('{21}', '{2}') AS older \gset
SELECT pg_temp.lapse(:'old') \g /dev/null
SELECT pg_temp.lapse(:'older', '1 hour') \g /dev/null
SELECT is(pg_temp.stock(21) || ' ' || pg_temp.flag(21), '5 2 false lapsed', 'one lapsed hold of a product that others hold too');
SELECT is(mjc.stock_expire(1), 1::bigint, 'a batch of one');
SELECT is(pg_temp.held(:'older', 21) || '; ' || pg_temp.held(:'old', 21), '1: 2 0 0 0 0; 1: 1 1 0 0 0', 'the oldest first');
SELECT is(mjc.stock_expire(3), 3::bigint, 'three more');
SELECT is(mjc.stock_expire(), 1::bigint, 'the last one');
SELECT is(mjc.stock_expire(), 0::bigint, 'then none: twice is once');
SELECT is((SELECT sum(held_qty) FROM mjc.reservation WHERE reservation_id = :'fresh'), 4::bigint, 'what has not lapsed stays');
SELECT is(pg_temp.stock(21) || ' ' || pg_temp.flag(21), '5 2 true', 'and the flag is right');
SELECT throws_ok('SELECT mjc.stock_expire(NULL)', 'MJ003', NULL, 'no batch');
SELECT throws_ok(format('SELECT mjc.stock_expire(%s)', b), 'MJ006', NULL, format('a batch of %s', b)) FROM unnest(ARRAY[0, -1, 10001, 2147483647]) b;
SELECT is(mjc.stock_expire(10000), 0::bigint, 'the largest batch');

-- The flag and the moment of the next expiry
SELECT pg_temp.make_stock(26, 4) \g /dev/null
SELECT pg_temp.hold('{26}', '{1}', '1 hour') AS first \gset
SELECT pg_temp.hold('{26}', '{1}', '2 hours') AS second \gset
SELECT is(pg_temp.flag(26), 'true', 'something is free: no moment');
SELECT mjc.stock_adjust(pg_temp.pid(26), -3, 'lost') \g /dev/null
CREATE FUNCTION pg_temp.next_hold(n integer) RETURNS text
    LANGUAGE sql
    AS $$ SELECT coalesce((SELECT (SELECT string_agg(round(extract(epoch FROM r.expires_at - clock_timestamp()) / 3600)::text, ',') FROM mjc.reservation r
                                    WHERE r.product_id = f.product_id AND r.expires_at = f.next_expiry_at)
                             FROM mjc.stock_flag f WHERE f.product_id = pg_temp.pid(n)), 'never') $$;
SELECT is(pg_temp.next_hold(26), '2', 'one left and two held: both must lapse before it is free');
SELECT mjc.stock_policy_set(pg_temp.pid(26), 1) \g /dev/null
SELECT is(pg_temp.next_hold(26), 'never', 'the last one is not for sale');
SELECT mjc.stock_policy_set(pg_temp.pid(26), 0) \g /dev/null
SELECT is(pg_temp.next_hold(26), '2', 'or is it');
SELECT mjc.stock_release(:'second') \g /dev/null
SELECT is(pg_temp.next_hold(26), '1', 'one is given up');
SELECT mjc.stock_commit(:'first') \g /dev/null
SELECT is(pg_temp.next_hold(26) || ' ' || pg_temp.flag(26), 'never false', 'the other leaves');

-- Orders: held until they are to be confirmed
SELECT pg_temp.make_stock(31, 5) \g /dev/null
SELECT pg_temp.bought('{31}', '{4}') AS ref \gset
SELECT pg_temp.order_id(:'ref') AS id \gset
SELECT is(mjc.order_confirm(:'ref'), 'CONFIRMED', 'an order is confirmed in time');
SELECT is((SELECT count(*) FROM mjc.reservation WHERE reservation_id = :'id' AND expires_at IS NULL), 1::bigint, 'and its units lapse no more');
SELECT mjc.order_cancel(:'ref') \g /dev/null
SELECT pg_temp.bought('{31}', '{4}') AS ref \gset
SELECT pg_temp.order_id(:'ref') AS id \gset
SELECT pg_temp.lapse(:'id') \g /dev/null
SELECT is(mjc.available(pg_temp.pid(31)), 5::bigint, 'an order that nobody confirmed holds nothing');
SELECT is(mjc.order_confirm(:'ref'), 'CONFIRMED', 'it is confirmed late, before anybody took its units');
SELECT is(pg_temp.held(:'id', 31) || ' ' || mjc.available(pg_temp.pid(31)), '1: 8 4 0 0 0 1', 'and has them again');
SELECT is(pg_temp.movements(:'id'), 'reserve 4, release 4, reserve 4', 'as if a sweeper had been there');
SELECT mjc.order_cancel(:'ref') \g /dev/null
SELECT pg_temp.bought('{31}', '{4}') AS ref \gset
SELECT pg_temp.order_id(:'ref') AS id \gset
SELECT pg_temp.lapse(:'id') \g /dev/null
SELECT pg_temp.hold('{31}', '{3}') AS other \gset
SELECT is(pg_temp.held(:'id', 31) || ' ' || pg_temp.status(:'ref'), '1: 4 0 0 0 0 PENDING', 'another buyer takes units of an order that lapsed');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'which is no broken promise');
SELECT throws_ok(format('SELECT mjc.order_confirm(%L)', :'ref'), 'MJ101', 'line 1: not enough stock of Test part 31: 2 available, 4 requested', 'the order cannot be confirmed any more');
SELECT throws_ok(format('SELECT mjc.order_ship(%L)', :'ref'), 'MJ101', NULL, 'nor shipped');
SELECT is(pg_temp.status(:'ref') || ' ' || pg_temp.stock(31), 'PENDING 5 3', 'and stays as it is');
SELECT mjc.stock_release(:'other', pg_temp.pid(31), 2) \g /dev/null
SELECT is(mjc.order_confirm(:'ref'), 'CONFIRMED', 'when they are there again it can');
SELECT is(pg_temp.held(:'id', 31) || ' ' || pg_temp.stock(31), '1: 8 4 0 0 0 5 5', 'and takes them again');
SELECT is(pg_temp.movements(:'id'), 'reserve 4, release 4, reserve 4', 'each in the ledger');
SELECT is((SELECT count(DISTINCT op_id) FROM mjc.stock_ledger WHERE ref_id = :'id'), 3::bigint, 'each with its own operation');
SELECT is(mjc.order_ship(:'ref'), 'SHIPPED', 'it leaves');
SELECT is(pg_temp.held(:'id', 31) || ' ' || pg_temp.stock(31), '1: 8 0 4 0 0 1 1', 'four units');
SELECT is(mjc.order_cancel(:'ref'), 'CANCELLED', 'and comes back');
SELECT is(pg_temp.stock(31), '5 1', 'four units');
SELECT pg_temp.make_stock(32, 5) \g /dev/null
SELECT pg_temp.bought('{32}', '{2}') AS ref \gset
SELECT pg_temp.order_id(:'ref') AS id \gset
SELECT pg_temp.lapse(:'id') \g /dev/null
SELECT is(mjc.stock_expire(10000), 1::bigint, 'the sweeper takes units of an order too');
SELECT is(pg_temp.status(:'ref') || ' ' || pg_temp.held(:'id', 32), 'PENDING 1: 2 0 0 0 0', 'and leaves the order as it is');
SELECT is(mjc.order_ship(:'ref'), 'SHIPPED', 'an order that lost its units is shipped: taken and gone in one');
SELECT is(pg_temp.held(:'id', 32) || ' ' || pg_temp.stock(32), '1: 4 0 2 0 0 3 0', 'two units');
SELECT pg_temp.bought('{32}', '{3}') AS ref \gset
SELECT pg_temp.order_id(:'ref') AS id \gset
SELECT pg_temp.lapse(:'id') \g /dev/null
SELECT is(pg_temp.flag(32), 'false lapsed', 'all that there are, lapsed');
SELECT pg_temp.hold('{32}', '{1}') \g /dev/null
SELECT is(mjc.order_expire(1000), 1::bigint, 'the order expires after its units');
SELECT is(pg_temp.status(:'ref') || ' ' || pg_temp.stock(32), 'CANCELLED 3 1', 'and is cancelled; nothing is released twice');
SELECT pg_temp.bought('{32}', '{2}') AS ref \gset
SELECT pg_temp.lapse(pg_temp.order_id(:'ref')) \g /dev/null
SELECT is(mjc.order_expire(1000), 1::bigint, 'an order expires before the sweeper');
SELECT is(pg_temp.stock(32) || ' ' || pg_temp.flag(32), '3 1 true', 'its units are released and the flag is right');
SELECT is(mjc.order_cancel(:'ref'), 'CANCELLED', 'cancelled again, nothing happens');
SELECT is(pg_temp.stock(32), '3 1', 'to the stock either');

-- An order of many lines lapses in part
SELECT pg_temp.make_stock(33, 5) \g /dev/null
SELECT pg_temp.make_stock(34, 5) \g /dev/null
SELECT pg_temp.bought('{33,34}', '{5,5}') AS ref \gset
SELECT pg_temp.lapse(pg_temp.order_id(:'ref')) \g /dev/null
SELECT pg_temp.hold('{34}', '{1}') AS other \gset
SELECT throws_ok(format('SELECT mjc.order_confirm(%L)', :'ref'), 'MJ101', 'line 2: not enough stock of Test part 34: 4 available, 5 requested', 'one line is gone: the order is refused, naming it');
SELECT is(mjc.available(pg_temp.pid(33)), 5::bigint, 'and the other line is as lapsed as it was');
SELECT mjc.stock_release(:'other') \g /dev/null
SELECT is(mjc.order_confirm(:'ref'), 'CONFIRMED', 'both lines are there');
SELECT is(pg_temp.stock(33) || ', ' || pg_temp.stock(34), '5 5, 5 5', 'and held');

-- A hold becomes an order
SELECT pg_temp.make_stock(41, 5) \g /dev/null
SELECT pg_temp.make_stock(42, 5) \g /dev/null
SELECT pg_temp.make_stock(43, 5) \g /dev/null
SELECT pg_temp.hold('{41,42}', '{5,2}') AS id \gset
SELECT throws_ok($$SELECT pg_temp.sold('{41}', '{1}')$$, 'MJ101', NULL, 'nobody else gets what is held');
SELECT pg_temp.sold('{41}', '{5}', :'id') AS ref \gset
SELECT is(pg_temp.held(pg_temp.order_id(:'ref'), 41) || '; ' || pg_temp.held(:'id', 41), '1: 5 5 0 0 0; 1: 5 0 0 0 0', 'the units of a hold go to the order');
SELECT is(pg_temp.held(:'id', 42), '1: 2 2 0 0 0', 'those of other products stay held');
SELECT results_eq(format('SELECT kind, qty, reserved, ref_kind, reason FROM mjc.stock_ledger WHERE product_id = %L ORDER BY seq DESC LIMIT 2', pg_temp.pid(41)),
    $$VALUES ('reserve', 5, 5::bigint, 'order', NULL), ('release', 5, 0, 'hold', 'ordered')$$, 'in the ledger one after the other');
SELECT is(pg_temp.flag(41), 'false', 'and never in stock between');
SELECT pg_temp.sold('{42}', '{1}', :'id') AS ref \gset
SELECT is(pg_temp.stock(42), '5 1', 'an order of fewer gives up the rest');
SELECT pg_temp.hold('{42}', '{4}') AS id \gset
SELECT throws_ok(format($$SELECT pg_temp.sold('{42}', '{5}', %L)$$, :'id'), 'MJ101', 'line 1: not enough stock of Test part 42: 4 available, 5 requested', 'an order of more than held and free');
SELECT is(pg_temp.held(:'id', 42), '1: 4 4 0 0 0', 'leaves the hold as it was');
SELECT lives_ok(format($$SELECT pg_temp.sold('{42,43}', '{4,1}', %L)$$, :'id'), 'an order of held and free products');
SELECT pg_temp.hold('{43}', '{4}', '10 milliseconds') AS id \gset
SELECT pg_sleep(0.02) \g /dev/null
SELECT lives_ok(format($$SELECT pg_temp.sold('{43}', '{3}', %L)$$, :'id'), 'scenario 7: a hold that has lapsed is still good while nobody took its units');
SELECT is(pg_temp.held(:'id', 43) || ' ' || pg_temp.stock(43), '1: 4 0 0 0 0 5 4', 'scenario 7: they go to the order');
SELECT pg_temp.hold('{43}', '{1}', '10 milliseconds') AS id \gset
SELECT pg_sleep(0.02) \g /dev/null
SELECT pg_temp.sold('{43}', '{1}') \g /dev/null
SELECT throws_ok(format($$SELECT pg_temp.sold('{43}', '{1}', %L)$$, :'id'), 'MJ101', NULL, 'scenario 7: when somebody did the order is refused');
SELECT is(pg_temp.stock(43), '5 5', 'scenario 7: the last unit is sold once');
SELECT throws_ok($$SELECT pg_temp.sold('{1}', '{1}', gen_random_uuid())$$, 'MJ112', 'there is no such reservation', 'a hold that there is not');
SELECT throws_ok(format($$SELECT pg_temp.sold('{1}', '{1}', %L)$$, :'id'), 'MJ112', NULL, 'a hold of none of these products');
SELECT throws_ok(format($$SELECT pg_temp.sold('{43}', '{1}', %L)$$, (SELECT reservation_id FROM mjc.reservation WHERE product_id = pg_temp.pid(43) AND kind = 'order' LIMIT 1)), 'MJ116', NULL, 'the units of another order');
SELECT pg_temp.hold('{2}', '{6}') AS id \gset
SELECT pg_temp.sold('{2}', '{6}', :'id', 'hold-key') AS ref \gset
SELECT is(pg_temp.sold('{2}', '{6}', :'id', 'hold-key'), :'ref', 'a repeated order is the same order');

-- Names change, products leave the catalogue
SELECT pg_temp.make_stock(44, 5) \g /dev/null
SELECT pg_temp.hold('{44}', '{2}') AS id \gset
SELECT pg_temp.bought('{44}', '{2}') AS ref \gset
UPDATE mjc.product SET sku = 'TEST-ONLY-RENAMED', name = 'Renamed', is_active = false WHERE product_id = pg_temp.pid(44);
SELECT is(mjc.stock_release(:'id', pg_temp.pid(44), 1), 1::bigint, 'scenario 23: a renamed product out of the catalogue is released');
SELECT is(mjc.stock_commit(:'id'), 1::bigint, 'scenario 23: and leaves');
SELECT is(mjc.order_cancel(:'ref'), 'CANCELLED', 'scenario 23: so does its order');
SELECT is(pg_temp.stock(44), '4 0', 'scenario 23: no unit is lost');

-- One place short, another not
SELECT pg_temp.make_stock(45, 3) \g /dev/null
SELECT mjc.stock_receive(pg_temp.pid(45), 4, location_id => 22::smallint) \g /dev/null
SELECT pg_temp.hold('{45}', '{3}') AS id \gset
SELECT mjc.stock_count(pg_temp.pid(45), 1, location_id => 1::smallint) \g /dev/null
SELECT is(mjc.available(pg_temp.pid(45)), 4::bigint, 'scenario 26: one place is two short, the other has four');
SELECT is(pg_temp.held(pg_temp.hold('{45}', '{4}'), 45), '22: 4 4 0 0 0', 'scenario 26: which can be sold');
SELECT is(mjc.available(pg_temp.pid(45)), -2::bigint, 'scenario 26: then two are missing');
SELECT throws_ok($$SELECT pg_temp.hold('{45}', '{1}')$$, 'MJ101', 'line 1: not enough stock of Test part 45: 0 available, 1 requested', 'scenario 26: and a shortage never tells a negative number');

-- Several places: taken by priority, moved row by row
SELECT pg_temp.make_stock(46, 2) \g /dev/null
SELECT mjc.stock_receive(pg_temp.pid(46), 3, location_id => l::smallint) FROM unnest(ARRAY[23, 22]) l \g /dev/null
SELECT pg_temp.hold('{46}', '{7}') AS id \gset
SELECT is(pg_temp.held(:'id', 46), '1: 2 2 0 0 0, 22: 3 3 0 0 0, 23: 2 2 0 0 0', 'three places, emptied by priority');
SELECT is(mjc.stock_commit(:'id', pg_temp.pid(46), 4, 'p-1'), 4::bigint, 'four leave');
SELECT is(pg_temp.held(:'id', 46), '1: 2 0 2 0 0, 22: 3 1 2 0 0, 23: 2 2 0 0 0', 'from the first places');
SELECT is(mjc.stock_commit(:'id', pg_temp.pid(46), 4, 'p-1'), 4::bigint, 'told again, from two places, counted once');
SELECT is(mjc.stock_return(:'id', pg_temp.pid(46), 3), 3::bigint, 'three come back');
SELECT is(pg_temp.held(:'id', 46), '1: 2 0 2 2 0, 22: 3 1 2 1 0, 23: 2 2 0 0 0', 'to where they left from');
SELECT is(mjc.stock_release(:'id'), 3::bigint, 'the rest is given up');
SELECT is((SELECT string_agg(location_id || ': ' || on_hand || ' ' || reserved, ', ' ORDER BY location_id) FROM mjc.stock_now WHERE product_id = pg_temp.pid(46)), '1: 2 0, 22: 2 0, 23: 3 0', 'seven units in three places');
SELECT mjc.location_set('test-2', is_active => false) \g /dev/null
SELECT throws_ok($$SELECT pg_temp.hold('{46}', '{6}')$$, 'MJ101', 'line 1: not enough stock of Test part 46: 5 available, 6 requested', 'a closed place sells nothing');
SELECT is(pg_temp.held(pg_temp.hold('{46}', '{4}'), 46), '1: 2 2 0 0 0, 23: 2 2 0 0 0', 'the others do');
SELECT mjc.location_set('test-2', is_active => true) \g /dev/null

-- Beyond the stock
SELECT pg_temp.make_stock(51, 5) \g /dev/null
SELECT mjc.stock_policy_set(pg_temp.pid(51), 1, 4, 10) \g /dev/null
SELECT is(mjc.available(pg_temp.pid(51)), 4::bigint, 'scenario 27: four of five are for sale, four more may be promised');
SELECT throws_ok($$SELECT pg_temp.hold('{51}', '{9}')$$, 'MJ101', 'line 1: not enough stock of Test part 51: 8 available, 9 requested', 'scenario 27: nine are too many');
SELECT pg_temp.hold('{51}', '{6}') AS id \gset
SELECT is(pg_temp.held(:'id', 51), '1: 6 6 0 0 2', 'scenario 27: of six two are promised');
SELECT is((SELECT promised_on - mjc.algiers_date(now()) FROM mjc.reservation WHERE reservation_id = :'id'), 10, 'scenario 27: in ten days, as the product says');
SELECT is(mjc.available(pg_temp.pid(51)) || ' ' || pg_temp.flag(51), '-2 false until', 'scenario 27: two are missing, and the product is not in stock');
SELECT throws_ok($$SELECT pg_temp.hold('{51}', '{3}')$$, 'MJ101', 'line 1: not enough stock of Test part 51: 2 available, 3 requested', 'scenario 27: two more may be promised, not three');
UPDATE mjc.stock_anchor SET restock_days = NULL WHERE product_id = pg_temp.pid(51);
UPDATE mjc.setting SET integer_value = 21 WHERE name = 'backorder_days_default';
SELECT pg_temp.hold('{51}', '{1}') AS next \gset
SELECT is((SELECT promised_on - mjc.algiers_date(now()) FROM mjc.reservation WHERE reservation_id = :'next'), 21, 'scenario 27: as the shop says, when the product does not');
SELECT mjc.stock_release(:'next') \g /dev/null
SELECT mjc.stock_expected(pg_temp.pid(51), mjc.algiers_date(now()) + d, q) FROM (VALUES (-3, 1), (5, 1), (8, 2)) v (d, q) \g /dev/null
SELECT pg_temp.hold('{51}', '{1}') AS next \gset
SELECT is((SELECT promised_on - mjc.algiers_date(now()) FROM mjc.reservation WHERE reservation_id = :'next'), 8, 'scenario 27: on the day when the third missing unit is due');
SELECT mjc.stock_release(:'next') \g /dev/null
SELECT mjc.stock_expected(pg_temp.pid(51), mjc.algiers_date(now()) - 3, 9) \g /dev/null
SELECT pg_temp.hold('{51}', '{1}') AS next \gset
SELECT is((SELECT promised_on - mjc.algiers_date(now()) FROM mjc.reservation WHERE reservation_id = :'next'), 0, 'scenario 27: never on a day that is past');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'scenario 27: no promise is broken');
SELECT throws_ok(format('SELECT mjc.stock_commit(%L)', :'id'), 'MJ103', NULL, 'six of five do not leave');
SELECT mjc.stock_receive(pg_temp.pid(51), 10) \g /dev/null
SELECT is(mjc.stock_commit(:'id'), 6::bigint, 'when they came in they do');
SELECT is(pg_temp.stock(51) || ' ' || mjc.available(pg_temp.pid(51)) || ' ' || pg_temp.flag(51), '9 1 7 true', 'nine left, one held, one not for sale');
SELECT pg_temp.make_stock(52, 1) \g /dev/null
SELECT mjc.stock_policy_set(pg_temp.pid(52), 0, 5, 12) \g /dev/null
SELECT pg_temp.sold('{1,52}', '{1,3}') AS ref \gset
SELECT is((SELECT estimated_on - mjc.algiers_date(placed_at) FROM mjc.order WHERE reference = :'ref'), 15, 'scenario 27: an order is there twelve days and the carrier''s three later');
SELECT is(pg_temp.held(pg_temp.order_id(:'ref'), 52), '1: 3 3 0 0 2', 'scenario 27: two of its three units are promised');
SELECT is(left((pg_temp.buy('{52}', '{2}', key => 'beyond')).body ->> 'estimatedDelivery', 10), (mjc.algiers_date(now()) + 15)::text, 'scenario 27: the answer says when');
SELECT is(left((pg_temp.buy('{52}', '{2}', key => 'beyond')).body ->> 'estimatedDelivery', 10), (mjc.algiers_date(now()) + 15)::text, 'scenario 27: so does a repeat');
SELECT throws_ok($$SELECT pg_temp.bought('{52}', '{2}')$$, 'MJ101', 'line 1: not enough stock of Test part 52: 1 available, 2 requested', 'scenario 27: the cap holds for all together');
SELECT mjc.stock_policy_set(pg_temp.pid(52), 0, 0) \g /dev/null
SELECT throws_ok($$SELECT pg_temp.bought('{52}', '{1}')$$, 'MJ101', 'line 1: not enough stock of Test part 52: 0 available, 1 requested', 'without a cap nothing is promised any more');
SELECT is(mjc.order_cancel(:'ref'), 'CANCELLED', 'a backorder is cancelled');
SELECT is(pg_temp.stock(52), '1 2', 'as any other');
SELECT mjc.stock_receive(pg_temp.pid(46), 1, location_id => 23::smallint) \g /dev/null
SELECT mjc.stock_policy_set(pg_temp.pid(46), 0, 3, 2) \g /dev/null
SELECT is(pg_temp.held(pg_temp.hold('{46}', '{7}'), 46), '1: 3 3 0 0 3, 22: 2 2 0 0 0, 23: 2 2 0 0 0', 'what no place has is promised by the first');

-- A product that nobody received may be promised
SELECT mjc.stock_policy_set(pg_temp.make_product(53, 100), 0, 2, 7) \g /dev/null
SELECT is(pg_temp.held(pg_temp.hold('{53}', '{2}'), 53), '1: 2 2 0 0 2', 'units of a product that never had stock');
SELECT is(mjc.available(pg_temp.pid(53)), -2::bigint, 'are missing');

SELECT is_empty($$SELECT r.product_id FROM mjc.reservation r GROUP BY r.product_id, r.location_id
                  HAVING sum(r.held_qty) <> (SELECT n.reserved FROM mjc.stock_now n WHERE n.product_id = r.product_id AND n.location_id = r.location_id)$$,
                'reserved is what is held, product by product and place by place');
SELECT is_empty($$SELECT reservation_id FROM mjc.reservation r WHERE qty - held_qty - shipped_qty <> (SELECT coalesce(sum(g.qty), 0) FROM mjc.stock_ledger g
                   WHERE g.product_id = r.product_id AND g.location_id = r.location_id AND g.ref_id = r.reservation_id::text AND g.kind = 'release')$$,
                'what is neither held nor shipped was released, unit by unit');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'scenario 31: after all of these no promise is broken');

SELECT * FROM finish();
ROLLBACK;
