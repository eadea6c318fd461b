-- money: amounts in centimes. Vectors P, V, S, O, Y, M, I are those of the pricing rules;
-- the others are computed by hand.
BEGIN;
SELECT plan(100);

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

-- tax_of_gross: prices that include tax
SELECT is(mjc.tax_of_gross(100000, 1900)::text, '(84034,15966)', '1000 DZD at 19 %');
SELECT is(mjc.tax_of_gross(249900, 1900)::text, '(210000,39900)', '2499 DZD at 19 %');
SELECT is(mjc.tax_of_gross(99, 1900)::text, '(83,16)', '0.99 DZD at 19 %');
SELECT is(mjc.tax_of_gross(1, 1900)::text, '(1,0)', 'one centime at 19 %');
SELECT is(mjc.tax_of_gross(100, 2000)::text, '(83,17)', 'V3');
SELECT is(mjc.tax_of_gross(500, 2000)::text, '(417,83)', 'V2');
SELECT is(mjc.tax_of_gross(420, 2000)::text, '(350,70)', 'V6');
SELECT is(mjc.tax_of_gross(50, 2000)::text, '(42,8)', 'V10');
SELECT is(mjc.tax_of_gross(140292, 2000)::text, '(116910,23382)', 'V15, first step');
SELECT is(mjc.tax_of_gross(126263, 2000)::text, '(105219,21044)', 'V15, second step');
SELECT is(mjc.tax_of_gross(1240, 2000)::text, '(1033,207)', 'V19');
SELECT is(mjc.tax_of_gross(1000, 2300)::text, '(813,187)', 'S1');
SELECT is(mjc.tax_of_gross(3700, 2300)::text, '(3008,692)', 'S6');
SELECT is(mjc.tax_of_gross(6000, 500)::text, '(5714,286)', 'O1: included in 60');
SELECT is(mjc.tax_of_gross(3000, 500)::text, '(2857,143)', 'O1: included in 30');
SELECT is(mjc.tax_of_gross(2900, 500)::text, '(2762,138)', 'O1: included in 29');
SELECT is(mjc.tax_of_gross(-100000, 1900)::text, '(-84034,-15966)', 'a credit mirrors a debit');
SELECT is(mjc.tax_of_gross(0, 1900)::text, '(0,0)', 'nothing holds no tax');
SELECT is(mjc.tax_of_gross(12345, 0)::text, '(12345,0)', 'rate 0');
SELECT is(mjc.tax_of_gross(1100, 100000)::text, '(100,1000)', 'the largest rate');
SELECT throws_ok('SELECT mjc.tax_of_gross(1, 100001)', 'MJ006', NULL, 'a rate above the largest');
SELECT throws_ok('SELECT mjc.tax_of_gross(1, -1)', 'MJ006', NULL, 'a negative rate');
SELECT throws_ok('SELECT mjc.tax_of_gross(10000000000001, 0)', 'MJ201', NULL, 'an amount out of range');
SELECT is((mjc.tax_of_gross(NULL, 1900)).net, NULL, 'no amount, no answer');
SELECT is((mjc.tax_of_gross(1, NULL)).net, NULL, 'no rate, no answer');
SELECT is(count(*), 0::bigint, 'net + tax = gross, and net is the exact quotient rounded once')
  FROM generate_series(-3000, 60000, 7) g
 CROSS JOIN unnest(ARRAY[0, 1, 900, 1900, 2000, 10000, 100000]) r
 CROSS JOIN LATERAL mjc.tax_of_gross(g, r) t
 WHERE t.net + t.tax <> g OR t.net <> round(g::numeric * 10000 / (10000 + r));

-- tax_of_net: prices before tax
SELECT is(mjc.tax_of_net(123, 2000)::text, '(148,25)', 'V1: one');
SELECT is(mjc.tax_of_net(369, 2000)::text, '(443,74)', 'V1: three, rounded on the line');
SELECT is(mjc.tax_of_net(500, 2000)::text, '(600,100)', 'V2');
SELECT is(mjc.tax_of_net(420, 2000)::text, '(504,84)', 'V6');
SELECT is(mjc.tax_of_net(730, 2000)::text, '(876,146)', 'V7');
SELECT is(mjc.tax_of_net(1000, 2300)::text, '(1230,230)', 'S1');
SELECT is(mjc.tax_of_net(4000, 2300)::text, '(4920,920)', 'S6');
SELECT is(mjc.tax_of_net(2900, 500)::text, '(3045,145)', 'O1: excluded 29');
SELECT is((mjc.tax_of_net(6000, 1000)).gross + (mjc.tax_of_net(500, 5000)).gross, 7350::bigint, 'M1: 30 x 2 at 10 % + 5 at 50 %');
SELECT is(mjc.tax_of_net(-123, 2000)::text, '(-148,-25)', 'a credit mirrors a debit');
SELECT throws_ok('SELECT mjc.tax_of_net(1, 100001)', 'MJ006', NULL, 'a rate above the largest');
SELECT throws_ok('SELECT mjc.tax_of_net(1, -1)', 'MJ006', NULL, 'a negative rate');
SELECT is(mjc.tax_of_net(10000000000000, 0)::text, '(10000000000000,0)', 'the largest amount');
SELECT throws_ok('SELECT mjc.tax_of_net(10000000000000, 1)', 'MJ201', NULL, 'the largest amount and tax');
SELECT is((mjc.tax_of_net(NULL, 1900)).gross, NULL, 'no amount, no answer');

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

-- dzd
SELECT is(mjc.dzd(1)::text, '0.01', 'one centime');
SELECT is(mjc.dzd(-5)::text, '-0.05', 'minus five centimes');
SELECT is(mjc.dzd(100000)::text, '1000.00', 'two decimals, always');
SELECT is(mjc.dzd(10000000000000)::text, '100000000000.00', 'the largest amount');
SELECT is(mjc.dzd(NULL), NULL, 'no amount, no answer');

SELECT * FROM finish();
ROLLBACK;
