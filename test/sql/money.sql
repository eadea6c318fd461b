-- money: amounts in centimes. Vectors P, V, S, O, Y, M, I are those of the pricing rules;
-- the others are computed by hand.
BEGIN;
SELECT plan(133);

-- percent_of: one rounding, half away from zero
SELECT is(mjc.percent_of(8333, 5000), 4167::bigint, 'V4: half of 8333 rounds up as a magnitude');
SELECT is(8333 - mjc.percent_of(8333, 5000), 4166::bigint, 'V4: 50 % off 8333 leaves 4166');
SELECT is(mjc.percent_of(-8333, 5000), -4167::bigint, 'a negative amount mirrors the positive one');
SELECT is(mjc.percent_of(10, 1000), 1::bigint, 'S3: 10 % of ten times 0.01');
SELECT is(mjc.percent_of(6125, 5000), 3063::bigint, 'S4: 50 % of 61.25 is 30.63');
SELECT is(mjc.percent_of(16402, 260), 426::bigint, 'I3: 2.6 % of 164.02');
SELECT is(mjc.percent_of(6000, 1050), 630::bigint, 'V22: 10.5 % of 6000');
SELECT is(mjc.percent_of(5499, 400), 220::bigint, 'V21: 4 % of 5499');
SELECT is(mjc.percent_of(5499, 450), 247::bigint, 'V21: 4.5 % of 5499');
SELECT is(mjc.percent_of(2499, 1075), 269::bigint, 'I1: 10.75 % of 24.99');
SELECT is(mjc.percent_of(15, 1000), 2::bigint, 'O3: 10 % of 15 without decimals');
SELECT is(mjc.percent_of(1, 4999), 0::bigint, 'below one half is nothing');
SELECT is(mjc.percent_of(1, 5000), 1::bigint, 'one half is one');
SELECT is(mjc.percent_of(0, 1900), 0::bigint, 'nothing of nothing');
SELECT is(mjc.percent_of(12345, 0), 0::bigint, 'rate 0');
SELECT is(mjc.percent_of(12345, 10000), 12345::bigint, 'rate 100 %');
SELECT is(mjc.percent_of(12345, 100000), 123450::bigint, 'the largest rate, 1000 %');
SELECT throws_ok('SELECT mjc.percent_of(1, 100001)', 'MJ006', NULL, 'a rate above the largest');
SELECT throws_ok('SELECT mjc.percent_of(1, -1)', 'MJ006', NULL, 'a negative rate');
SELECT is(mjc.percent_of(10000000000000, 10000), 10000000000000, 'the largest amount');
SELECT is(mjc.percent_of(-10000000000000, 10000), -10000000000000, 'the smallest amount');
SELECT throws_ok('SELECT mjc.percent_of(10000000000001, 10000)', 'MJ201', NULL, 'one centime too much');
SELECT throws_ok('SELECT mjc.percent_of(-10000000000001, 10000)', 'MJ201', NULL, 'one centime too little');
SELECT throws_ok('SELECT mjc.percent_of(9223372036854775807, 100000)', 'MJ201', NULL, 'the largest bigint does not overflow silently');
SELECT throws_ok('SELECT mjc.percent_of((-9223372036854775807 - 1)::bigint, 100000)', 'MJ201', NULL, 'nor does the smallest');
SELECT is(mjc.percent_of(NULL, 1900), NULL, 'no amount, no answer');
SELECT is(mjc.percent_of(100, NULL), NULL, 'no rate, no answer');

-- allocate: largest remainder, ties to the earlier
SELECT is(mjc.allocate(300, '{4000,2000,2000}'), '{150,75,75}'::bigint[], 'P1');
SELECT is(mjc.allocate(-300, '{4000,2000,2000}'), '{-150,-75,-75}'::bigint[], 'P1, negative');
SELECT is(mjc.allocate(299, '{4300,1400,2300}'), '{161,52,86}'::bigint[], 'P2');
SELECT is(mjc.allocate(-299, '{4300,1400,2300}'), '{-161,-52,-86}'::bigint[], 'Y2');
SELECT is(mjc.allocate(299, '{1000,1000,1000}'), '{100,100,99}'::bigint[], 'P3');
SELECT is(mjc.allocate(40, '{10,0}'), '{40,0}'::bigint[], 'P5: no weight, no share');
SELECT is(mjc.allocate(10, '{0,0}'), '{5,5}'::bigint[], 'P6: all weights zero');
SELECT is(mjc.allocate(11, '{0,0}'), '{6,5}'::bigint[], 'all weights zero, odd amount');
SELECT is(mjc.allocate(-20, '{100,100}'), '{-10,-10}'::bigint[], 'P7');
SELECT is(mjc.allocate(300, '{4300,1400,2300}'), '{161,53,86}'::bigint[], 'Y1');
SELECT is(mjc.allocate(1000, '{1,1,1}'), '{334,333,333}'::bigint[], 'Y3 and O2');
SELECT is(mjc.allocate(-1000, '{1,1,1}'), '{-334,-333,-333}'::bigint[], 'Y3, negative');
SELECT is(mjc.allocate(1500, '{150,50,100}'), '{750,250,500}'::bigint[], 'O2: exact shares');
SELECT is(mjc.allocate(40000, '{200,600}'), '{10000,30000}'::bigint[], 'M6');
SELECT is(mjc.allocate(500, '{1700,3499,1020}'), '{137,281,82}'::bigint[], 'V16: shares on entered amounts');
SELECT is(mjc.allocate(0, '{3,7}'), '{0,0}'::bigint[], 'nothing to share');
SELECT is(mjc.allocate(7, '{5}'), '{7}'::bigint[], 'one line takes all');
SELECT is((SELECT sum(x) FROM unnest(mjc.allocate(10000000000000, array_fill(10000000000000, ARRAY[10000]))) x),
          10000000000000::numeric, 'the largest amount over the most and largest weights');
SELECT is(count(*), 0::bigint, 'shares add up, have the sign of the amount, and are less than one centime from exact')
  FROM generate_series(1, 300) i
 CROSS JOIN LATERAL (SELECT (i * 7919) % 100003 - 50000 AS amount,
                            ARRAY[i % 17, (i * 31) % 1009, (i * i) % 733, 5 + i % 3]::bigint[] AS weights) v
 CROSS JOIN LATERAL (SELECT sum(s.x) AS total,
                            bool_and(abs(s.x - v.amount * v.weights[s.n]::numeric / w.total) < 1 AND s.x * v.amount >= 0) AS fair
                       FROM (SELECT sum(y) AS total FROM unnest(v.weights) y) w,
                            unnest(mjc.allocate(v.amount, v.weights)) WITH ORDINALITY s (x, n)) t
 WHERE t.total <> v.amount OR NOT t.fair;
SELECT throws_ok($$SELECT mjc.allocate(1, '{}')$$, 'MJ010', NULL, 'no weights');
SELECT throws_ok($$SELECT mjc.allocate(1, '{1,NULL}')$$, 'MJ003', NULL, 'a weight without value');
SELECT throws_ok($$SELECT mjc.allocate(1, '{{1,2},{3,4}}')$$, 'MJ010', NULL, 'weights in two dimensions');
SELECT throws_ok($$SELECT mjc.allocate(1, '{1,-1}')$$, 'MJ006', NULL, 'a negative weight');
SELECT throws_ok($$SELECT mjc.allocate(1, array_fill(1::bigint, ARRAY[10001]))$$, 'MJ006', NULL, 'too many weights');
SELECT throws_ok($$SELECT mjc.allocate(10000000000001, '{1}')$$, 'MJ201', NULL, 'an amount out of range');
SELECT throws_ok($$SELECT mjc.allocate(1, '{10000000000001}')$$, 'MJ201', NULL, 'a weight out of range');
SELECT is(mjc.allocate(NULL, '{1}'), NULL, 'no amount, no answer');

-- spread_discount: as allocate, but no share above what the line costs less its floor
SELECT is(mjc.spread_discount(299, '{0}'), '{0}'::bigint[], 'Y4: a line that costs nothing takes nothing');
SELECT is(mjc.spread_discount(-299, '{0}'), '{0}'::bigint[], 'Y4, negative');
SELECT is(mjc.spread_discount(1200, '{1000,2000,5000,3000}', '{0,1900,5000,2600}'), '{700,100,0,400}'::bigint[], 'Y5: what floors keep goes to lines with room');
SELECT is(mjc.spread_discount(-1200, '{1000,2000,5000,3000}', '{0,1900,5000,2600}'), '{-700,-100,0,-400}'::bigint[], 'Y5, negative');
SELECT is(mjc.spread_discount(2500, '{5000,6000}', '{4500,0}'), '{500,2000}'::bigint[], 'Y6');
SELECT is(mjc.spread_discount(2500, '{5000,6000}', '{4500,4500}'), '{500,1500}'::bigint[], 'Y7: 500 are not spread');
SELECT is(mjc.spread_discount(2500, '{5000,2000,2000,2000}', '{4500,1500,1500,1500}'), '{500,500,500,500}'::bigint[], 'Y7 over four lines');
SELECT is(mjc.spread_discount(299, '{4300,1400,2300}'), mjc.allocate(299, '{4300,1400,2300}'), 'without floors it is allocate');
SELECT is(mjc.spread_discount(299, '{4300,1400,2300}', NULL), '{161,52,86}'::bigint[], 'floors NULL: none');
SELECT is(mjc.spread_discount(299, '{1000,1000,1000}'), '{100,100,99}'::bigint[], 'ties to the earlier');
SELECT is(mjc.spread_discount(100, '{100,100}', '{100,100}'), '{0,0}'::bigint[], 'no line has room');
SELECT is(mjc.spread_discount(100, '{0,0,0}'), '{0,0,0}'::bigint[], 'no line costs anything');
SELECT is(mjc.spread_discount(100, '{10,20}', '{500,500}'), '{0,0}'::bigint[], 'a floor above the line is no room, not less');
SELECT is(mjc.spread_discount(0, '{10,20}', '{0,0}'), '{0,0}'::bigint[], 'nothing to spread');
SELECT is(mjc.spread_discount(30, '{10,20}'), '{10,20}'::bigint[], 'all that they cost');
SELECT is(mjc.spread_discount(31, '{10,20}'), '{10,20}'::bigint[], 'and no more');
SELECT is(mjc.spread_discount(7, '{5,0}', '{0,0}'), '{5,0}'::bigint[], 'what costs nothing takes nothing, whatever is left');
SELECT is(mjc.spread_discount(3, '{1,1,1}', '{0,1,0}'), '{1,0,1}'::bigint[], 'one centime each');
SELECT is(mjc.spread_discount(10000000000000, '{10000000000000,10000000000000}', '{5000000000000,0}'), '{5000000000000,5000000000000}'::bigint[], 'the largest amounts');
SELECT is((SELECT sum(x) FROM unnest(mjc.spread_discount(10000, array_fill(2::bigint, ARRAY[10000]), array_fill(1::bigint, ARRAY[10000]))) x), 10000::numeric, 'ten thousand lines');
SELECT throws_ok($$SELECT mjc.spread_discount(1, array_fill(1::bigint, ARRAY[10001]))$$, 'MJ006', NULL, 'and one more');
SELECT throws_ok($$SELECT mjc.spread_discount(1, '{1}', array_fill(1::bigint, ARRAY[10001]))$$, 'MJ006', NULL, 'so many floors');
SELECT throws_ok($$SELECT mjc.spread_discount(1, '{}')$$, 'MJ010', NULL, 'no weights');
SELECT throws_ok($$SELECT mjc.spread_discount(1, '{1,2}', '{1}')$$, 'MJ010', NULL, 'fewer floors than weights');
SELECT throws_ok($$SELECT mjc.spread_discount(1, '{1,2}', '{1,1,1}')$$, 'MJ010', NULL, 'more floors than weights');
SELECT throws_ok($$SELECT mjc.spread_discount(1, '{1,2}', '{}')$$, 'MJ010', NULL, 'floors, but none');
SELECT throws_ok($$SELECT mjc.spread_discount(1, '{1,NULL}')$$, 'MJ003', NULL, 'a weight without value');
SELECT throws_ok($$SELECT mjc.spread_discount(1, '{1,2}', '{0,NULL}')$$, 'MJ003', NULL, 'a floor without value');
SELECT throws_ok($$SELECT mjc.spread_discount(1, '{{1,2},{3,4}}')$$, 'MJ010', NULL, 'weights in two dimensions');
SELECT throws_ok($$SELECT mjc.spread_discount(1, '{1,-1}')$$, 'MJ006', NULL, 'a negative weight');
SELECT throws_ok($$SELECT mjc.spread_discount(1, '{1,1}', '{0,-1}')$$, 'MJ006', NULL, 'a negative floor');
SELECT throws_ok($$SELECT mjc.spread_discount(10000000000001, '{1}')$$, 'MJ201', NULL, 'an amount out of range');
SELECT throws_ok($$SELECT mjc.spread_discount(-10000000000001, '{1}')$$, 'MJ201', NULL, 'below the range');
SELECT throws_ok($$SELECT mjc.spread_discount((-9223372036854775807 - 1)::bigint, '{1}')$$, 'MJ201', NULL, 'the smallest bigint');
SELECT throws_ok($$SELECT mjc.spread_discount(1, '{10000000000001}')$$, 'MJ201', NULL, 'a weight out of range');
SELECT throws_ok($$SELECT mjc.spread_discount(1, '{1}', '{10000000000001}')$$, 'MJ201', NULL, 'a floor out of range');
SELECT is(mjc.spread_discount(NULL, '{1}'), NULL, 'no amount, no answer');
SELECT is(mjc.spread_discount(1, NULL), NULL, 'no weights at all, no answer');
SELECT is(count(*), 0::bigint, 'the shares are all there is room for, none above its room, none below zero; negative amounts mirror; lines that are last in weight and room change nothing for those before')
  FROM generate_series(1, 400) i
 CROSS JOIN LATERAL (SELECT (i * 7919) % 9000 AS amount,
                            ARRAY[i % 17, (i * 31) % 1009, (i * i) % 733, 5 + i % 3, (i * 101) % 3001]::bigint[] AS weights,
                            ARRAY[i % 5, (i * 13) % 900, (i * 7) % 1000, 0, (i * 11) % 2000]::bigint[] AS floors) v
 CROSS JOIN LATERAL (SELECT mjc.spread_discount(v.amount, v.weights, v.floors) AS s, mjc.spread_discount(-v.amount, v.weights, v.floors) AS mirror,
                            mjc.spread_discount(v.amount, v.weights || 0::bigint, v.floors || 0::bigint) AS longer) s
 CROSS JOIN LATERAL (SELECT sum(x.share) AS total, sum(greatest(x.weight - x.floor, 0)) AS room,
                            bool_and(x.share BETWEEN 0 AND greatest(x.weight - x.floor, 0) AND x.mirror = -x.share) AS fair
                       FROM unnest(s.s, v.weights, v.floors, s.mirror) x (share, weight, floor, mirror)) t
 WHERE t.total <> least(v.amount, t.room) OR NOT t.fair OR s.longer <> s.s || 0::bigint;
SELECT is(count(*), 0::bigint, 'a line that costs more and may lose more loses no less')
  FROM generate_series(1, 400) i
 CROSS JOIN LATERAL (SELECT (i * 7919) % 9000 AS amount, ARRAY[(i * 31) % 1009, (i * 31) % 1009 + i % 7, 2000]::bigint[] AS weights) v
 CROSS JOIN LATERAL (SELECT mjc.spread_discount(v.amount, v.weights) AS s) s
 WHERE s.s[2] < s.s[1] - 1 OR s.s[3] < s.s[1] - 1;

-- refund_share: cumulative, so that all of it is what was paid
SELECT is(mjc.refund_share(8800, 2, 0, 1), 4400::bigint, 'M5: one of two');
SELECT is(mjc.refund_share(1000, 3, k, 1), v, format('a third of 1000, after %s', k)) FROM (VALUES (0, 333::bigint), (1, 334), (2, 333)) x (k, v);
SELECT is(mjc.refund_share(1000, 3, 0, 2), 667::bigint, 'two thirds');
SELECT is(mjc.refund_share(1000, 3, 1, 2), 667::bigint, 'the other two');
SELECT is(mjc.refund_share(1000, 3, 0, 3), 1000::bigint, 'all');
SELECT is(mjc.refund_share(1000, 3, 3, 0), 0::bigint, 'nothing after all');
SELECT is(mjc.refund_share(1000, 3, 0, 0), 0::bigint, 'nothing of it');
SELECT is(mjc.refund_share(0, 3, 0, 2), 0::bigint, 'of nothing');
SELECT is(mjc.refund_share(1, 2, k, 1), v, format('one centime of two, after %s', k)) FROM (VALUES (0, 1::bigint), (1, 0)) x (k, v);
SELECT is(mjc.refund_share(-1000, 3, 0, 1), -333::bigint, 'a negative amount mirrors');
SELECT is(mjc.refund_share(10000000000000, 2147483647, 2147483646, 1), 4657::bigint, 'the largest amount and quantity');
SELECT throws_ok($$SELECT mjc.refund_share(1000, 0, 0, 0)$$, 'MJ006', NULL, 'of no unit');
SELECT throws_ok($$SELECT mjc.refund_share(1000, -1, 0, 0)$$, 'MJ006', NULL, 'of less');
SELECT throws_ok($$SELECT mjc.refund_share(1000, 3, -1, 1)$$, 'MJ006', NULL, 'less than nothing came back');
SELECT throws_ok($$SELECT mjc.refund_share(1000, 3, 4, 0)$$, 'MJ006', NULL, 'more came back than there was');
SELECT throws_ok($$SELECT mjc.refund_share(1000, 3, 0, -1)$$, 'MJ006', NULL, 'less than nothing comes back');
SELECT throws_ok($$SELECT mjc.refund_share(1000, 3, 2, 2)$$, 'MJ006', NULL, 'more than is left');
SELECT throws_ok($$SELECT mjc.refund_share(1000, 2147483647, 1, 2147483647)$$, 'MJ006', NULL, 'a sum that does not fit an integer');
SELECT throws_ok($$SELECT mjc.refund_share(10000000000001, 3, 0, 1)$$, 'MJ201', NULL, 'an amount out of range');
SELECT is(mjc.refund_share(p, q, a, r), NULL, 'a NULL, no answer') FROM (VALUES (NULL::bigint, 1, 0, 1), (1, NULL, 0, 1), (1, 1, NULL, 1), (1, 1, 0, NULL)) v (p, q, a, r);
SELECT is(count(*), 0::bigint, 'unit by unit or by any two parts: the sum is what was paid')
  FROM generate_series(0, 4000, 37) paid CROSS JOIN generate_series(1, 13) qty
 CROSS JOIN LATERAL (SELECT sum(mjc.refund_share(paid, qty, k, 1)) AS single, bool_and(mjc.refund_share(paid, qty, k, 1) >= 0) AS sound,
                            bool_and(mjc.refund_share(paid, qty, 0, k) + mjc.refund_share(paid, qty, k, qty - k) = paid) AS parts FROM generate_series(0, qty - 1) k) s
 WHERE s.single <> paid OR NOT s.sound OR NOT s.parts;

-- dzd
SELECT is(mjc.dzd(1)::text, '0.01', 'one centime');
SELECT is(mjc.dzd(-5)::text, '-0.05', 'minus five centimes');
SELECT is(mjc.dzd(100000)::text, '1000.00', 'two decimals, always');
SELECT is(mjc.dzd(10000000000000)::text, '100000000000.00', 'the largest amount');
SELECT is(mjc.dzd(9223372036854775807)::text, '92233720368547758.07', 'the largest bigint, to the centime');
SELECT is(mjc.dzd((-9223372036854775807 - 1)::bigint)::text, '-92233720368547758.08', 'and the smallest');
SELECT is(count(*), 0::bigint, 'every amount comes back from its dinars')
  FROM generate_series(0, 62) bit CROSS JOIN generate_series(-3, 3) d CROSS JOIN LATERAL (SELECT ((1::numeric * 2::numeric ^ bit)::bigint - 4 + d)::bigint AS centimes) x
 WHERE mjc.dzd(centimes) * 100 <> centimes OR scale(mjc.dzd(centimes)) <> 2;
SELECT is(mjc.dzd(NULL), NULL, 'no amount, no answer');
SELECT is(mjc.dzd(v)::text, s, 'dinars of ' || v) FROM (VALUES (0::bigint, '0.00'), (9223372036854775807, '92233720368547758.07'), ((-9223372036854775808)::bigint, '-92233720368547758.08')) x (v, s);
SELECT is_empty($$SELECT v FROM (SELECT ((random() - 0.5) * 10.0 ^ (n % 19))::bigint AS v FROM generate_series(1, 2000) n) x
    WHERE mjc.dzd(v)::text IS DISTINCT FROM (v::numeric / 100)::numeric(20, 2)::text$$, 'the same number as by division');

SELECT * FROM finish();
ROLLBACK;
