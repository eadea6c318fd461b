-- part_number: the keys of part numbers, by hand.
BEGIN;
SELECT plan(71);

SELECT is(mjc.part_number_key(n), k, format('key of %s', n))
  FROM (VALUES
    ('7828765', '7828765'), ('7828-765', '7828765'), ('7828 765', '7828765'), ('7828.765', '7828765'), ('7828/765', '7828765'),
    ('7828_765', '7828765'), ('(7828)765', '7828765'), ('[7828] 765', '7828765'), (' 7828765 ', '7828765'), ('7828–765', '7828765'),
    ('7828—765', '7828765'), ('7828‑765', '7828765'), ('7828−765', '7828765'), (E'7828\u00a0765', '7828765'), (E'7828\u202f765', '7828765'),
    (E'7828\t765\n', '7828765'), (E'\ufeff7828765', '7828765'), (E'7828\u200b765', '7828765'), (E'\u200e7828765\u200f', '7828765'),
    ('٧٨٢٨٧٦٥', '7828765'), ('٧٨٢٨-٧٦٥', '7828765'), ('۷۸۲۸۷۶۵', '7828765'), ('７８２８７６５', '7828765'), ('７８２８－７６５', '7828765'),
    ('78٢٨765', '7828765'), ('٧٨٢٨٫٧٦٥', '7828765'), ('٧٨٢٨٬٧٦٥', '7828765'),
    ('0020118693', '0020118693'), ('00-2011-8693', '0020118693'), ('000', '000'), ('0', '0'),
    ('S 12 087', 'S12087'), ('s12087', 'S12087'), ('ｓ１２０８７', 'S12087'), ('BRU-VIE-78287', 'BRUVIE78287'), ('16-07', '1607'),
    ('O0I1', 'O0I1'), ('réf. 12', 'REF12'), (E're\u0301f. 12', 'REF12'), ('12\34', '1234'), ('12%_34', '1234'), ('12''34"', '1234'), ('12+34=', '1234'),
    ('a,b;c:d', 'ABCD'), ('#12*', '12'), ('12²', '122'), ('ß1', 'SS1'), ('Œ1', 'OE1'), ('№ 5', '5'), ('قطب 12', 'قطب12'), ('5€', '5')) v (n, k);
SELECT is(mjc.part_number_key(n), NULL, format('no key of "%s"', n)) FROM unnest(ARRAY['', ' ', '-', '--/()', '…', 'ـ', '😀']) n;
SELECT is(mjc.part_number_key(NULL), NULL, 'nor of NULL');

-- Without leading zeros
SELECT is(mjc.part_number_short(n), k, format('short key of %s', n))
  FROM (VALUES ('0020118693', '20118693'), ('00-20', '20'), ('2000', '2000'), ('000', '0'), ('٠٠٧', '7'), ('A007', 'A007')) v (n, k);
SELECT is(mjc.part_number_short(n), NULL, format('no short key of %s', coalesce('"' || n || '"', 'NULL'))) FROM unnest(ARRAY['-', NULL]) n;

-- For what was misread
SELECT is(mjc.part_number_loose(n), k, format('loose key of %s', n)) FROM (VALUES ('O0-I1', '0011'), ('oil', '01L')) v (n, k);
SELECT is(mjc.part_number_loose(n), NULL, format('no loose key of %s', coalesce('"' || n || '"', 'NULL'))) FROM unnest(ARRAY['-']) n;

-- Whatever is pasted, a key is its own key, and has no other characters.
SELECT is_empty($$
    SELECT c FROM generate_series(1, 65533) c WHERE c NOT BETWEEN 55296 AND 57343
       AND mjc.part_number_key(mjc.part_number_key('A' || chr(c) || '1')) IS DISTINCT FROM mjc.part_number_key('A' || chr(c) || '1')$$,
    'the key of a key is the key');
SELECT * FROM finish();
ROLLBACK;
