-- numbering: order references, their check digit, blocks of a year.
BEGIN;
SELECT plan(99);
\ir fixture.psql

-- Form; check digits by hand with Damm's table of order 10.
SELECT is(mjc.order_reference(2026, 123), 'MJ-2026-000123-8', 'year, six digits, check digit');
SELECT is(mjc.order_reference(2000, 0), 'MJ-2000-000000-1', 'the first number of the first year');
SELECT matches(mjc.order_reference(2026, 999999), '^MJ-2026-999999-[0-9]$', 'the last of six digits');
SELECT matches(mjc.order_reference(2026, 1000000), '^MJ-2026-01000000-[0-9]$', 'then eight');
SELECT matches(mjc.order_reference(9999, 99999999), '^MJ-9999-99999999-[0-9]$', 'the last number of the last year');
SELECT throws_ok('SELECT mjc.order_reference(2026, -1)', 'MJ006', NULL, 'a negative number');
SELECT throws_ok('SELECT mjc.order_reference(2026, 100000000)', 'MJ006', NULL, 'a number too many');
SELECT throws_ok('SELECT mjc.order_reference(1999, 1)', 'MJ006', NULL, 'a year before the first');
SELECT throws_ok('SELECT mjc.order_reference(10000, 1)', 'MJ006', NULL, 'a year after the last');
SELECT is(mjc.order_reference(NULL, 1), NULL, 'no year, no answer');
SELECT is(mjc.order_reference(2026, NULL), NULL, 'no number, no answer');

-- What people type
SELECT is(mjc.order_reference_canonical(typed), 'MJ-2026-000123-8', format('"%s" is found', typed))
  FROM unnest(ARRAY['MJ-2026-000123-8', 'mj-2026-000123-8', 'MJ20260001238', '2026-000123-8', ' MJ 2026 000123 8 ',
                    'mj.2026.000123.8', 'MJ_2026/000123/8', '#MJ-2026-000123-8', 'MJ-٢٠٢٦-٠٠٠١٢٣-٨', '۲۰۲۶۰۰۰۱۲۳۸']) typed;
SELECT is(mjc.order_reference_canonical(typed), NULL, format('"%s" is none', left(typed, 24)))
  FROM unnest(ARRAY['', 'MJ', 'MJ-2026', 'MJ-2026-000123-7', 'MJ-2026-000124-8', 'MJ-2026-00123-8', 'MJ-2026-0000123-8',
                    'XX-2026-000123-8', 'MJ-2026-000123-8x', 'MJ-2026-000123-8;', 'MJMJ20260001238', 'MJ-2026-000123-88',
                    repeat('MJ-2026-000123-8', 10), 'é', 'ORD-2024-001']) typed;
SELECT is(mjc.order_reference_canonical(NULL), NULL, 'nothing in, nothing out');

-- The check digit finds every wrong digit and every swap of neighbours.
CREATE TEMP TABLE sample AS
SELECT mjc.order_reference(y, n) AS reference, replace(substr(mjc.order_reference(y, n), 4), '-', '') AS digits
  FROM unnest(ARRAY[2000, 2026, 2031, 9999]) y,
       unnest(ARRAY[0, 1, 123, 90817, 654321, 999999, 1000000, 12345678, 98765432, 99999999]) n;
SELECT is(count(*), 40::bigint, 'forty references are their own canonical form')
  FROM sample WHERE mjc.order_reference_canonical(reference) = reference;
SELECT is(count(*), 40::bigint, 'and are found by their digits alone')
  FROM sample WHERE mjc.order_reference_canonical(digits) = reference;
SELECT is(count(*), 0::bigint, 'no single wrong digit is accepted')
  FROM sample s, generate_series(1, length(s.digits)) p, generate_series(0, 9) d
 WHERE substr(s.digits, p, 1) <> d::text
   AND mjc.order_reference_canonical(overlay(s.digits PLACING d::text FROM p FOR 1)) IS NOT NULL;
SELECT is(count(*), 0::bigint, 'no swap of two neighbours is accepted')
  FROM sample s, generate_series(1, length(s.digits) - 1) p
 WHERE substr(s.digits, p, 1) <> substr(s.digits, p + 1, 1)
   AND mjc.order_reference_canonical(overlay(s.digits PLACING reverse(substr(s.digits, p, 2)) FROM p FOR 2)) IS NOT NULL;
SELECT is(count(DISTINCT right(mjc.order_reference(2026, n), 1)), 10::bigint, 'every check digit occurs')
  FROM generate_series(0, 99) n;

-- Taken apart, put together, told why not
SELECT is((SELECT (r.year, r.number, r.check_digit, r.canonical)::text FROM mjc.order_reference_parse(typed) r), '(2026,123,8,MJ-2026-000123-8)', format('the parts of "%s"', typed))
  FROM unnest(ARRAY['MJ-2026-000123-8', ' mj 2026 000123 8', 'MJ-٢٠٢٦-٠٠٠١٢٣-٨', '۲۰۲۶۰۰۰۱۲۳۸']) typed;
SELECT is((SELECT num_nulls(r.year, r.number, r.check_digit, r.canonical) FROM mjc.order_reference_parse(typed) r), 4, format('"%s" has none', coalesce(typed, 'NULL')))
  FROM unnest(ARRAY['', 'MJ-2026-000123-7', 'x', NULL]) typed;
SELECT is(count(*), 40::bigint, 'parts and format are each other''s way back')
  FROM sample s, mjc.order_reference_parse(s.reference) r WHERE mjc.order_reference_format(r.year, r.number) = s.reference AND right(s.reference, 1) = r.check_digit::text;
SELECT throws_ok(format('SELECT mjc.order_reference_format(%s, %s)', y, n), 'MJ006', NULL, format('no reference: %s %s', y, n))
  FROM (VALUES (1999, 1), (10000, 1), (2026, -1), (2026, 100000000)) v (y, n);
SELECT is(mjc.order_reference_format(y, n), NULL, 'a part is missing') FROM (VALUES (NULL::integer, 1::bigint), (2026, NULL)) v (y, n);
SELECT is((SELECT v.valid || coalesce(' ' || v.why, '') FROM mjc.order_reference_verify(typed) v), w, format('"%s": %s', left(typed, 24), w))
  FROM (VALUES ('MJ-2026-000123-8', 'true'), ('mj ٢٠٢٦ 000123 8', 'true'), ('MJ-2026-000123-7', 'false check_digit'), ('MJ-2026-000132-8', 'false check_digit'),
               ('', 'false form'), ('MJ-2026-00123-8', 'false form'), ('ORD-2024-001', 'false form'), ('MJ-2026-000123-8;', 'false characters'), (repeat('1', 65), 'false characters'),
               ('MJ-2026-000123-8x', 'false form')) v (typed, w);
SELECT is((SELECT string_agg(DISTINCT v.why, ' ' ORDER BY v.why) FROM generate_series(0, 9) d, mjc.order_reference_verify(t || d) v), 'check_digit number', format('%s: no order has that number', t))
  FROM unnest(ARRAY['MJ-0026-000123-', 'MJ-2026-00000001-']) t;
SELECT is((SELECT num_nulls(v.valid, v.why) FROM mjc.order_reference_verify(NULL) v), 2, 'nothing to verify');
SELECT is(count(*), 0::bigint, 'every wrong digit is told as one')
  FROM sample s, generate_series(1, length(s.digits)) p, generate_series(0, 9) d, mjc.order_reference_verify(overlay(s.digits PLACING d::text FROM p FOR 1)) v
 WHERE substr(s.digits, p, 1) <> d::text AND (v.valid OR v.why <> 'check_digit');
SELECT is(count(*), 0::bigint, 'so is every swap of neighbours')
  FROM sample s, generate_series(1, length(s.digits) - 1) p, mjc.order_reference_verify(overlay(s.digits PLACING reverse(substr(s.digits, p, 2)) FROM p FOR 2)) v
 WHERE substr(s.digits, p, 1) <> substr(s.digits, p + 1, 1) AND (v.valid OR v.why <> 'check_digit');

-- Scrambled: a permutation of the numbers of the same width
\set key '''\\x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'''
CREATE TEMP TABLE scrambled AS
SELECT n, mjc.order_reference_scrambled(2026, n, :key) AS reference FROM generate_series(0, 9999) n
UNION ALL SELECT n, mjc.order_reference_scrambled(2026, n, :key) FROM generate_series(990000, 1009999) n
UNION ALL SELECT n, mjc.order_reference_scrambled(2026, n, :key) FROM generate_series(99990000, 99999999) n;
SELECT is(count(DISTINCT reference), 40000::bigint, 'forty thousand numbers, as many references') FROM scrambled;
SELECT is(count(*), 0::bigint, 'each is a good reference')
  FROM scrambled WHERE mjc.order_reference_canonical(reference) IS DISTINCT FROM reference;
SELECT is(count(*), 0::bigint, 'of the same width')
  FROM scrambled WHERE length(reference) <> CASE WHEN n < 1000000 THEN 16 ELSE 18 END;
SELECT cmp_ok((SELECT count(*) FROM scrambled WHERE reference = mjc.order_reference(2026, n)), '<', 10::bigint, 'and tells nothing of the number');
SELECT cmp_ok((SELECT count(DISTINCT substr(reference, 9, 2)) FROM scrambled WHERE n < 1000), '>', 90::bigint,
              'the first thousand are spread over the whole range');
SELECT is(mjc.order_reference_scrambled(2026, 5, :key), mjc.order_reference_scrambled(2026, 5, :key), 'the same key, the same reference');
SELECT cmp_ok((SELECT count(*) FROM generate_series(0, 99) n
                WHERE mjc.order_reference_scrambled(2026, n, :key) = mjc.order_reference_scrambled(2026, n, sha256('other'))), '<', 5::bigint,
              'another key, another order');
SELECT throws_ok($$SELECT mjc.order_reference_scrambled(2026, 1, '\x00')$$, 'MJ010', NULL, 'a key too short');
SELECT throws_ok($$SELECT mjc.order_reference_scrambled(2026, 1, sha512('x'))$$, 'MJ010', NULL, 'a key too long');
SELECT throws_ok($$SELECT mjc.order_reference_scrambled(2026, -1, sha256('x'))$$, 'MJ006', NULL, 'a negative number');
SELECT throws_ok($$SELECT mjc.order_reference_scrambled(2026, 100000000, sha256('x'))$$, 'MJ006', NULL, 'a number too many');
SELECT throws_ok($$SELECT mjc.order_reference_scrambled(1999, 1, sha256('x'))$$, 'MJ006', NULL, 'a year out of range');
SELECT is(mjc.order_reference_scrambled(2026, 1, NULL), NULL, 'no key, no answer');

-- Blocks: a node of its own, a year that begins now
DELETE FROM mjc.order_block WHERE year = extract(year FROM mjc.algiers_date(now()));
DELETE FROM mjc.order_year WHERE year = extract(year FROM mjc.algiers_date(now()));
UPDATE mjc.order_reference SET reference = 'OLD-' || reference;
UPDATE mjc.setting SET text_value = 'plain' WHERE name = 'order_reference_mode';
SET LOCAL mjc.node_id = 901;
SELECT pg_temp.make_stock(1, 5000) \g /dev/null
CREATE TEMP TABLE placed AS
SELECT n, mjc.order_place(ARRAY[pg_temp.pid(1)], ARRAY[1], 'Amina', 'Test', '0550000001', street => '1 rue du Test',
                          city => 'Testville', region => '99') AS reference
  FROM generate_series(1, 1200) n;
SELECT is(count(DISTINCT reference), 1200::bigint, '1200 orders, 1200 numbers') FROM placed;
SELECT is(count(*), 0::bigint, 'every number is a good reference of this year')
  FROM placed WHERE mjc.order_reference_canonical(reference) <> reference
                 OR reference NOT LIKE 'MJ-' || extract(year FROM mjc.algiers_date(now())) || '-______-_';
SELECT cmp_ok((SELECT count(*) FROM mjc.order_block WHERE node_id = 901), '>=', 2::bigint, 'they span blocks of a thousand');
SELECT is((SELECT count(*) FROM mjc.order_block WHERE node_id = 901),
          (SELECT next_block::bigint FROM mjc.order_year WHERE year = extract(year FROM mjc.algiers_date(now()))),
          'every block that the year gave is on record');
SELECT is(count(*), 0::bigint, 'numbers lie in the blocks taken')
  FROM placed p WHERE NOT EXISTS (SELECT FROM mjc.order_block b WHERE b.node_id = 901 AND b.block = substr(p.reference, 9, 3)::integer);
SET LOCAL mjc.node_id = 902;
SELECT mjc.order_place(ARRAY[pg_temp.pid(1)], ARRAY[1], 'Amina', 'Test', '0550000001', street => '1 rue du Test', city => 'Testville', region => '99') AS ref \gset
SELECT is((SELECT count(*) FROM placed WHERE substr(reference, 9, 3) = substr(:'ref', 9, 3)), 0::bigint, 'another node takes a block of its own');

-- A year past its first million, a scrambled year, a used-up year
UPDATE mjc.order_year SET next_block = 1000;
SET LOCAL mjc.node_id = 903;
SELECT matches(pg_temp.bought('{1}', '{1}'), '^MJ-[0-9]{4}-01000[0-9]{3}-[0-9]$', 'the second million has eight digits');
UPDATE mjc.order_year SET next_block = 99999;
SET LOCAL mjc.node_id = 904;
SELECT matches(pg_temp.bought('{1}', '{1}'), '^MJ-[0-9]{4}-99999[0-9]{3}-[0-9]$', 'the last block of a year');
SET LOCAL mjc.node_id = 905;
SELECT throws_ok($$SELECT pg_temp.bought('{1}', '{1}')$$, 'MJ402', NULL, 'a year that has used all its numbers says so');
DELETE FROM mjc.order_block;
DELETE FROM mjc.order_year;
UPDATE mjc.setting SET text_value = 'scrambled' WHERE name = 'order_reference_mode';
SET LOCAL mjc.node_id = 906;
SELECT pg_temp.bought('{1}', '{1}') AS ref \gset
SELECT is(count(*), 1::bigint, 'a scrambled year gives the number of its key')
  FROM mjc.order_year y, generate_series(0, 999) n WHERE mjc.order_reference_scrambled(y.year, n, y.key) = :'ref';
UPDATE mjc.setting SET text_value = 'plain' WHERE name = 'order_reference_mode';
SELECT is((SELECT mode FROM mjc.order_year), 'scrambled', 'the mode of a year that has begun stays');
SELECT pg_temp.bought('{1}', '{1}') AS ref \gset
SELECT is(count(*), 1::bigint, 'and is used for its next number')
  FROM mjc.order_year y, generate_series(0, 999) n WHERE mjc.order_reference_scrambled(y.year, n, y.key) = :'ref';

DELETE FROM mjc.order_reference WHERE reference LIKE 'OLD-%';
SELECT is_empty($$SELECT * FROM mjc.check_invariants() WHERE subject IN (SELECT reference FROM placed)$$, 'no promise is broken by these orders');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');

SELECT * FROM finish();
ROLLBACK;
