-- tax: TVA and stamp duty. Vectors V, S, O, M are those of the pricing rules; the others
-- are computed by hand.
BEGIN;
SELECT plan(120);

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

-- stamp_duty: 1 DZD for each 100 begun of the whole amount, at least 5, by the scale of the day
CREATE FUNCTION pg_temp.duty(amount bigint, on_date date, due bigint, what text) RETURNS text
    LANGUAGE sql
    AS $$ SELECT is(mjc.stamp_duty(amount, on_date), due, format('%s: %s on %s', what, amount, on_date)) $$;
SELECT pg_temp.duty(a, '2022-12-31', d, 'scale to 2022')
  FROM (VALUES (0::bigint, 0::bigint), (1, 500), (300, 500), (301, 500), (10000, 500), (50000, 500), (50001, 600), (60000, 600), (60001, 700), (30000, 500), (3000000, 30000),
               (24999999, 250000), (25000000, 250000), (25000001, 250000), (10000000000000, 250000)) v (a, d);
SELECT pg_temp.duty(a, day, d, 'scale of 2023')
  FROM (VALUES ('2023-01-01'::date, 0::bigint, 0::bigint), ('2023-01-01', 1, 500), ('2023-01-01', 25000001, 250100), ('2024-12-31', 99990001, 1000000), ('2024-12-31', 99990000, 999900),
               ('2024-12-31', 100000000, 1000000), ('2024-12-31', 100000001, 1000000), ('2024-12-31', 10000000000000, 1000000)) v (day, a, d);
SELECT pg_temp.duty(a, day, d, 'scale of 2025')
  FROM (VALUES ('2025-01-01'::date, 0::bigint, 0::bigint), ('2025-01-01', 1, 0), ('2025-01-01', 300, 0), ('2025-01-01', 301, 0), ('2025-01-01', 29999, 0), ('2025-01-01', 30000, 0),
               ('2025-01-01', 30001, 500), ('2025-01-01', 50000, 500), ('2025-01-01', 50001, 600), ('2025-01-01', 2990000, 29900), ('2025-01-01', 2990001, 30000),
               ('2025-01-01', 3000000, 30000), ('2025-01-01', 3000001, 45150), ('2025-01-01', 3010000, 45150), ('2025-01-01', 3010001, 45300), ('2025-01-01', 10000000, 150000),
               ('2025-01-01', 10000001, 200200), ('2025-01-01', 10010000, 200200), ('2025-01-01', 10010001, 200400), ('2026-11-25', 10000000000000, 200000000000), ('9999-12-31', 30001, 500)) v (day, a, d);
SELECT pg_temp.duty(100000, day, 0, 'a day before any scale') FROM unnest(ARRAY['1899-12-31', '-infinity', '4713-01-01 BC']::date[]) day;
SELECT pg_temp.duty(100000, '1900-01-01', 1000, 'its first day');
SELECT pg_temp.duty(100000, 'infinity', 1000, 'the last of all days');
SELECT throws_ok($$SELECT mjc.stamp_duty(NULL, '2025-01-01')$$, 'MJ003', NULL, 'no amount');
SELECT throws_ok($$SELECT mjc.stamp_duty(100, NULL)$$, 'MJ003', NULL, 'no day');
SELECT throws_ok($$SELECT mjc.stamp_duty(-1, '2025-01-01')$$, 'MJ201', NULL, 'a negative amount');
SELECT throws_ok($$SELECT mjc.stamp_duty(10000000000001, '2025-01-01')$$, 'MJ201', NULL, 'an amount out of range');
SELECT throws_ok($$SELECT mjc.stamp_duty((-9223372036854775807 - 1)::bigint, '2025-01-01')$$, 'MJ201', NULL, 'the smallest bigint');
SELECT throws_ok($$SELECT mjc.stamp_duty(9223372036854775807, '2025-01-01')$$, 'MJ201', NULL, 'the largest bigint');
SELECT is(count(*), 0::bigint, 'more cash is never less duty')
  FROM generate_series(0, 12000000, 4999) a CROSS JOIN unnest(ARRAY['2022-06-01', '2024-06-01', '2025-06-01']::date[]) day
 WHERE mjc.stamp_duty(a + 4999, day) < mjc.stamp_duty(a, day);

-- A scale by slices: each by itself, floor and cap of the highest that was reached
INSERT INTO mjc.stamp_duty_bracket (valid_from_on, above_centimes, step_centimes, per_step_centimes, floor_centimes, cap_centimes, is_whole)
VALUES ('2040-01-01', 0, 10000, 100, 500, NULL, false), ('2040-01-01', 100000, 20000, 300, 1500, 10000, false), ('2040-01-01', 1000000, 5000, 1, 0, 9000, false),
       ('2041-01-01', 10000, 10000, 100, 0, NULL, true), ('2041-01-01', 50000, 10000, 0, 700, 900, true),
       ('2042-01-01', 0, 10000, 100, 0, 1, true);
SELECT pg_temp.duty(a, '2040-01-01', d, 'slices')
  FROM (VALUES (0::bigint, 0::bigint), (1, 500), (50000, 500), (50001, 600), (100000, 1000), (100001, 1500), (120000, 1500), (140000, 1600), (140001, 1900), (660000, 9400),
               (680001, 10000), (1000000, 10000), (1000001, 9000)) v (a, d);
SELECT pg_temp.duty(a, '2041-06-01', d, 'a part that is free') FROM (VALUES (10000::bigint, 0::bigint), (10001, 200), (50000, 500), (50001, 0), (90000, 0)) v (a, d);
SELECT pg_temp.duty(100000, '2042-06-01', 1, 'a cap of one centime');
SELECT throws_ok($$INSERT INTO mjc.stamp_duty_bracket VALUES ('2043-01-01', 0, 10000, 100, 0, 0, true)$$, '23514', NULL, 'a cap of nothing: a rate of nothing says that');
SELECT pg_temp.duty(100000, '2039-12-31', 1000, 'the day before is still the old scale');
SELECT throws_ok($$INSERT INTO mjc.stamp_duty_bracket VALUES ('2043-01-01', 0, 10000, 100, 500, 499, true)$$, '23514', NULL, 'a cap below the floor');
SELECT throws_ok($$INSERT INTO mjc.stamp_duty_bracket VALUES ('2043-01-01', 0, 0, 100, 500, NULL, true)$$, '23514', NULL, 'a step of nothing');

SELECT * FROM finish();
ROLLBACK;
