-- csv: files as people send them, read strictly; slugs and EANs.
BEGIN;
SELECT no_plan();

-- A case: what is read of a body, each line as "line: a|b|c".
CREATE FUNCTION pg_temp.read(body text, delimiter text DEFAULT NULL, first_line integer DEFAULT 1) RETURNS text
    LANGUAGE sql
    AS $$ SELECT coalesce(string_agg(r.line || ': ' || array_to_string(r.cells, '|', '(null)'), ' / ' ORDER BY r.line), '') FROM mjc.csv_rows(body, delimiter, first_line) r $$;
CREATE FUNCTION pg_temp.failure(statement text, OUT code text, OUT detail jsonb)
    LANGUAGE plpgsql
AS $$
DECLARE
    text_detail text;
BEGIN
    EXECUTE statement;
    code := '00000';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, text_detail = PG_EXCEPTION_DETAIL;
    detail := nullif(text_detail, '')::jsonb;
END
$$;

-------------------------------------------------------------------- what is read
SELECT is(pg_temp.read(t), w, why) FROM (VALUES
    ('', '', 'nothing'), ('a', '1: a', 'one cell without a line end'), (E'a\n', '1: a', 'with one'), (E'a,b\nc,d\n', '1: a|b / 2: c|d', 'lines of LF'),
    (E'a,b\r\nc,d\r\n', '1: a|b / 2: c|d', 'of CR LF'), (E'a,b\r\nc,d\ne,f', '1: a|b / 2: c|d / 3: e|f', 'of both'),
    ('a,', '1: a|', 'an empty last cell'), (E',\n', '1: |', 'two empty cells'), (',,', '1: ||', 'three'), (E'a\n\n\nb\n', '1: a / 4: b', 'empty lines say nothing and count'),
    ('"a"', '1: a', 'quotes'), ('""', '', 'an empty cell in quotes alone is an empty line'), ('"",x', '1: |x', 'beside another it is a cell'),
    ('"a ""b"" c"', '1: a "b" c', 'doubled quotes'), ('""""', '1: "', 'one quote'), ('"a,b",c', '1: a,b|c', 'a delimiter in a cell'),
    (E'"a\nb",c\nd,e', E'1: a\nb|c / 3: d|e', 'a line end in a cell counts'), (E'"a\r\nb"\r\nc', E'1: a\r\nb / 3: c', 'CR LF in a cell stays'), (E'"a\rb"', E'1: a\rb', 'so does CR alone'),
    (E'\uFEFFa,b\n', '1: a|b', 'the mark of UTF-8 is no text'), (E'\uFEFF"a",b\n', '1: a|b', 'before a quote too'), (E'a\n\uFEFFb\n', E'1: a / 2: \uFEFFb', 'but on the first line it is'),
    (' a , b ', '1:  a | b ', 'blanks stay'), (E'a;b;c\n1,5;2;3', '1: a|b|c / 2: 1,5|2|3', 'semicolons'), (E'a\tb\n1\t2;3', '1: a|b / 2: 1|2;3', 'tabs'),
    (E'"a;b;c",d,e\n', '1: a;b;c|d|e', 'in quotes no delimiter counts'), (E'a,b;c\n', '1: a|b;c', 'of as many the comma'), (E'المرجع;الاسم\n1;إلكترود', '1: المرجع|الاسم / 2: 1|إلكترود', 'Arabic')) v (t, w, why)
;
SELECT is(pg_temp.read('a;b', ','), '1: a;b', 'the delimiter can be said');
SELECT is(pg_temp.read(E'a,b\nc', ';', 7), '7: a,b / 8: c', 'so can the first line');
SELECT is(mjc.csv_delimiter(t), w, format('delimiter of %L', t)) FROM (VALUES ('', ','), ('a', ','), ('a;b', ';'), (E'a\tb', E'\t'), ('a,b;c;d', ';'), (E'"x\n;;;",a', ','), (E'a\n;;;', ',')) v (t, w);
SELECT is(cells[200], '200', '200 columns are read') FROM mjc.csv_rows((SELECT string_agg(n::text, ',' ORDER BY n) FROM generate_series(1, 200) n));
SELECT is(length(cells[1]), 65536, 'so are 64 kB in a cell') FROM mjc.csv_rows(repeat('x', 65536));
SELECT is((SELECT sum(length(c)) FROM mjc.csv_rows((SELECT string_agg(repeat('y', 65000), ',') FROM generate_series(1, 16))) r, unnest(r.cells) c), 1040000::bigint, 'and a line of a megabyte');

-- Whatever the cells are, written by csv_quoted they are read back.
SELECT is(r.cells, t.cells, 'cells of any text come back: ' || t.k)
  FROM (SELECT k, array_agg(array_to_string(ARRAY(SELECT (ARRAY['a', '"', ',', ';', E'\n', E'\r\n', E'\t', 'é', 'ش', ' ', '''', '=', '', E'\r'])[1 + (hashint8(k * 1000 + n * 37 + m) & 2147483647) % 14]
                                                      FROM generate_series(1, 12) m), '') || n ORDER BY n) AS cells
          FROM generate_series(1, 60) k, generate_series(1, 5) n GROUP BY k) t,
       LATERAL mjc.csv_rows((SELECT string_agg(mjc.csv_quoted(c), ',' ORDER BY o) FROM unnest(t.cells) WITH ORDINALITY u (c, o)), ',') r;

-------------------------------------------------------------------- what is refused
SELECT is((f.code, f.detail)::text, (w, d::jsonb)::text, why)
  FROM (VALUES ('"a', 'MJ862', '{"line": 1}', 'a quote that stays open'), (E'a\n"b\nc\n', 'MJ862', '{"line": 2}', 'names its line'), ('"a""', 'MJ862', '{"line": 1}', 'after a doubled one'),
               ('"a"b', 'MJ863', '{"line": 1}', 'text behind a quote'), (E'x\n"a" ,b', 'MJ863', '{"line": 2}', 'a blank is text'), ('a"b', 'MJ863', '{"line": 1}', 'a quote in a cell without'),
               (' "a"', 'MJ863', '{"line": 1}', 'and behind a blank'), (E'"x\ny","b"c', 'MJ863', '{"line": 2}', 'lines in cells count'),
               (E'a\rb', 'MJ867', '{"line": 1}', 'CR alone'), (E'a\n"b"\rc', 'MJ867', '{"line": 2}', 'behind a quote'), (E'a\r', 'MJ867', '{"line": 1}', 'at the end'),
               (repeat('x', 65537), 'MJ865', '{"max": 65536, "line": 1}', 'a cell of more than 64 kB'), ('a' || E'\n"' || repeat('x', 65537) || '"', 'MJ865', '{"max": 65536, "line": 2}', 'in quotes'),
               (repeat(',', 200), 'MJ864', '{"max": 200, "line": 1}', '201 columns'),
               ((SELECT string_agg(repeat('y', 65500), ',') FROM generate_series(1, 17)), 'MJ866', '{"max": 1048576, "line": 1}', 'more than a megabyte')) v (t, w, d, why)
 CROSS JOIN LATERAL pg_temp.failure(format('SELECT count(*) FROM mjc.csv_rows(%L, %L)', t, ',')) f;
SELECT throws_ok($$SELECT mjc.csv_rows(NULL)$$, 'MJ003', NULL, 'no body');
SELECT throws_ok($$SELECT mjc.csv_rows('a', NULL, NULL)$$, 'MJ003', NULL, 'no first line');
SELECT throws_ok(format('SELECT mjc.csv_rows(%L, %L)', 'a', d), 'MJ010', NULL, format('delimiter %L', d)) FROM unnest(ARRAY['', '|', ',,', '"', E'\n', 'ش']) d;
-- 10 MB in one cell: told in no time
SELECT is((pg_temp.failure($$SELECT count(*) FROM mjc.csv_rows('"' || repeat('x', 10000000))$$)).code, 'MJ865', 'a cell of 10 MB');

-------------------------------------------------------------------- pieces
CREATE FUNCTION pg_temp.pieces(body bytea, size integer) RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    rest bytea := '';
    line integer := 1;
    delimiter text;
    found text[] := '{}';
    s record;
BEGIN
    FOR at IN 1 .. length(body) + size BY size LOOP
        SELECT * INTO s FROM mjc.csv_split(rest || substring(body FROM at FOR size), delimiter, line, at > length(body));
        IF s.whole <> '' THEN
            delimiter := coalesce(delimiter, mjc.csv_delimiter(s.whole));
            found := found || ARRAY(SELECT r.line || ': ' || array_to_string(r.cells, '|') FROM mjc.csv_rows(s.whole, delimiter, line) r ORDER BY r.line);
        END IF;
        rest := s.rest;
        line := s.next_line;
    END LOOP;
    RETURN array_to_string(found, ' / ');
END
$$;
SELECT is(pg_temp.pieces(convert_to(t, 'UTF8'), size), pg_temp.read(t), format('cut every %s bytes: %L', size, left(t, 12)))
  FROM unnest(ARRAY[E'a;b\r\n"c ""x""\r\n;d";é\r\nشمس;"""q"""\r\n\r\n1;2', E'\uFEFF"a";b\n1;2\n', E'a\n\n', 'x', E'"a"\r\n"b"\r\n']) t, generate_series(1, 9) size;
SELECT is((f.code, f.detail)::text, ('MJ861', d::jsonb)::text, why)
  FROM (VALUES ('\x61e962'::bytea, '{"line": 1}', 'Windows-1252'), ('\x610a620ae9e90a'::bytea, '{"line": 3}', 'names its line'), ('\x610ac7e1'::bytea, '{"line": 2}', 'Windows-1256'),
               (convert_to('a,b', 'UTF8') || '\x0a63e9'::bytea, '{"line": 2}', 'at the end'), ('\xfffe61002c0062000a00'::bytea, '{"line": 1}', 'UTF-16 with a mark'),
               ('\x61002c0062000a00'::bytea, '{"line": 1}', 'without one'), ('\x6100'::bytea, '{"line": 1}', 'a NUL'), ('\xc0af'::bytea, '{"line": 1}', 'an overlong form'), ('\xeda080'::bytea, '{"line": 1}', 'half a pair')) v (t, d, why)
 CROSS JOIN LATERAL pg_temp.failure(format('SELECT mjc.csv_split(%L::bytea, NULL, 1, true)', t)) f;
SELECT is((SELECT (s.whole, encode(s.rest, 'hex'), s.next_line)::text FROM mjc.csv_split('\x610ac3', NULL, 1, false) s), (E'a\n', 'c3', 2)::text, 'half a letter waits for its other half');
SELECT is((pg_temp.failure($$SELECT mjc.csv_split('\x610a00'::bytea, NULL, 1, false)$$)).code, 'MJ861', 'a NUL waits for nothing');
SELECT is((pg_temp.failure($$SELECT mjc.csv_split(convert_to('a' || chr(10) || '"' || repeat('x,', 30000), 'UTF8'), NULL, 1, false)$$)).code, '00000', 'an open quote may be closed in the next piece');
SELECT is((pg_temp.failure($$SELECT mjc.csv_split(convert_to('a' || chr(10) || repeat('x,', 100) || chr(10) || repeat('"xxxxxxxxxxxxxxxxx', 60000), 'UTF8'), ',', 1, false)$$)).detail, '{"line": 3}', 'what is wrong already is told at once');
SELECT is((pg_temp.failure(format('SELECT mjc.csv_split(convert_to(%L, %L), %L, 1, false)', 'a;"' || repeat('x', 70000), 'UTF8', ';'))).code, 'MJ865', 'so is a cell that is too long, before it is whole');
SELECT is((pg_temp.failure($$SELECT mjc.csv_split(convert_to(repeat('x', 1048577), 'UTF8'), NULL, 1, false)$$)).code, 'MJ866', 'and a head line without an end');
SELECT is((SELECT (s.whole, s.rest, s.next_line)::text FROM mjc.csv_split('', NULL, 5, true) s), ('', ''::bytea, 5)::text, 'nothing');
SELECT throws_ok($$SELECT mjc.csv_split(NULL, NULL, 1, true)$$, 'MJ003', NULL, 'no piece');

-------------------------------------------------------------------- what a cell says
SELECT is(mjc.csv_value(ARRAY[t], 1), w, format('%L says %L', t, w))
  FROM (VALUES ('', NULL), (' ', NULL), (E' \u00A0\u202F\u2009\t', NULL), (' a b ', 'a b'), (E'\u00A0a\u00A0', 'a'), ('''=1+1', '=1+1'), ('''+213', '+213'), ('''-5', '-5'), ('''@x', '@x'),
               ('''''=x', '''=x'), ('''a', '''a'), ('''', ''''), ('l''huile', 'l''huile'), ('=x', '=x'), ('''شمس', '''شمس'), (E'a\nb', E'a\nb')) v (t, w);
SELECT is(mjc.csv_value('{a,b}', p), NULL, format('no cell %s', p)) FROM unnest(ARRAY[0, 3, -1, NULL, 2147483647]) p;
SELECT is(mjc.csv_value(NULL, 1), NULL, 'no cells');
SELECT is(mjc.csv_value(ARRAY[mjc.csv_guard(t)], 1), t, format('a guard and back: %L', t)) FROM unnest(ARRAY['=1', '+1', '-1', '@a', '''=1', '''''-1', '''a', 'a', 'a=1', '''''']) t;
SELECT is_empty($$SELECT i FROM generate_series(1, 255) i WHERE mjc.csv_guard(chr(i) || 'x') ~ '^[=+@\t\r-]'$$, 'no guarded text is a formula');

SELECT is(mjc.csv_units(t, s), w::bigint, format('%L with %s decimals', t, s))
  FROM (VALUES ('0', 2, 0), ('1', 0, 1), ('1234', 2, 123400), ('1234,5', 2, 123450), ('1234.50', 2, 123450), ('1 234,50', 2, 123450), (E'1\u00A0234,50', 2, 123450), (E'1\u202F234,50', 2, 123450),
               (E'1\u2009234,50', 2, 123450), ('1.234,50', 2, 123450), ('1,234.50', 2, 123450), ('1.234.567', 2, 123456700), ('1,234,567.8', 2, 123456780), ('١٢٣٤', 2, 123400), ('١٬٢٣٤٫٥', 2, 123450),
               ('۱۲', 0, 12), ('0,035', 3, 35), ('12.5000', 2, 1250), ('0.500', 2, 50), ('1250.000', 2, 125000), ('1.500', 3, 1500), ('7.0', 0, 7), (',5', 2, 50), ('999999999999999', 0, 999999999999999), ('9999999999999,99', 2, 999999999999999),
               ('1,234', 2, NULL), ('1.234', 2, NULL), ('12.500', 2, NULL), ('4,000', 2, NULL), ('٤٫٠٠٠', 2, NULL), ('7.000', 0, NULL), ('1,5', 0, NULL), ('12,345', 2, NULL), ('1.23.4', 2, NULL), ('1,2,3', 2, NULL), ('1.2,3.4', 2, NULL), ('1.234,567,8', 2, NULL), ('12.34.567', 2, NULL),
               ('1,234.567.890', 2, NULL), ('5.', 2, NULL), ('5,', 2, NULL), ('.', 2, NULL), (',', 0, NULL), ('', 2, NULL), (' ', 2, NULL), ('-1', 2, NULL), ('+1', 2, NULL), ('1e3', 2, NULL), ('abc', 2, NULL), ('1a', 2, NULL),
               ('0x10', 2, NULL), ('1000000000000000', 0, NULL), ('٪5', 2, NULL), (repeat('9', 5000), 2, NULL)) v (t, s, w);
SELECT throws_ok(format('SELECT mjc.csv_units(%L, %s)', '1', s), 'MJ006', NULL, format('%s decimals', s)) FROM unnest(ARRAY[-1, 7]) s;
SELECT is(mjc.csv_units(NULL, 2), NULL, 'no number');
SELECT is_empty($$SELECT n FROM generate_series(0, 3000) k CROSS JOIN LATERAL (SELECT (hashint8(k) & 2147483647)::bigint * 1000 + k AS n) x
                   WHERE mjc.csv_units(replace(to_char(n / 100.0, 'FM999G999G999G990D00'), ',', ' '), 2) <> n OR mjc.csv_units(to_char(n / 100.0, 'FM999999999990D00'), 2) <> n$$, 'amounts come back however they are printed');
SELECT is(mjc.csv_boolean(t), w, format('%L is %s', t, w)) FROM (VALUES ('oui', true), ('Oui', true), ('TRUE', true), ('1', true), ('x', true), ('نعم', true), ('non', false), ('Faux', false), ('0', false), ('لا', false), ('peut-être', NULL), ('2', NULL), (NULL, NULL)) v (t, w);
SELECT is(mjc.csv_is_object(t), w, format('object: %L', left(t, 40))) FROM (VALUES ('{}', true), (' {"a": 1}', true), ('{"a": {"b": [1, 2.5, null, "é"]}}', true), ('[]', false), ('"a"', false), ('1', false), ('', false), ('{', false), ('{"a"}', false), ('{"a": 1}}', false), ('{"a": "\u0000"}', false),
    ('{"a": "\ud800"}', false), ('{"a": 1e999999}', false), ('{"a": 1E5}', false), ('{"ref": "5E12", "n": "\"1e9"}', true), ('{"a": "' || repeat('9', 40) || '[[[["}', true), (repeat('{"a":', 1000) || '1' || repeat('}', 1000), false), (repeat('[', 60000), false), (NULL, NULL)) v (t, w);
SELECT lives_ok(format('SELECT %L::jsonb', t), 'what is called an object is one') FROM unnest(ARRAY['{}', ' {"a": 1}', '{"a": {"b": [1, 2.5, null, "é"]}}']) t WHERE mjc.csv_is_object(t);

-------------------------------------------------------------------- names in addresses, numbers on packs
SELECT is(mjc.slug_of(t), w, format('slug of %L', left(t, 40)))
  FROM (VALUES ('Brûleur à gaz', 'bruleur-a-gaz'), ('  Électrode -- d''allumage ', 'electrode-d-allumage'), ('Œillet Ærø Łódź Straße', 'oeillet-aero-lodz-strasse'), ('ÇÑÜ', 'cnu'), ('1/2"', '1-2'), ('½ m²', '1-2-m2'),
               ('A_B.C', 'a-b-c'), ('شمس', NULL), ('', NULL), ('---', NULL), ('حارق Thema 25', 'thema-25'), (E'e\u0301te\u0301', 'ete'), ('ﬁltre', 'filtre'), ('ＡＢ', 'ab'), (E'a\nb', 'a-b'), ('O’Neil', 'o-neil'), (NULL, NULL)) v (t, w);
SELECT is(length(mjc.slug_of(repeat('abcd ', 1000))), 99, 'a long name is cut between words');
SELECT is(mjc.slug_of(repeat('x', 5000)), repeat('x', 100), 'one word anywhere');
SELECT is_empty($$SELECT i FROM generate_series(1, 40000) i WHERE i NOT BETWEEN 55296 AND 57343 AND mjc.slug_of('a' || chr(i) || 'b') !~ '^[a-z0-9]+(-[a-z0-9]+)*$'$$, 'whatever the letter, a slug is one');
SELECT is(mjc.ean_valid(t), w, format('EAN %L', t))
  FROM (VALUES ('4006381333931', true), ('4006381333930', false), ('96385074', true), ('96385073', false), ('036000291452', true), ('10614141000415', true), ('', false), ('123', false), ('400638133393', false), ('400638133393a', false),
               (' 4006381333931', false), ('٤٠٠٦٣٨١٣٣٣٩٣١', false), ('0000000000000', true), ('123456789012345', false), (NULL, NULL)) v (t, w);
SELECT is_empty($$SELECT n FROM generate_series(100000000000, 100000000200) n
                   WHERE (SELECT count(*) FROM generate_series(0, 9) d WHERE mjc.ean_valid(n::text || d)) <> 1$$, 'of ten last digits one is right');

SELECT * FROM finish();
ROLLBACK;
