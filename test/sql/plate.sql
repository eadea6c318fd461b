-- plate: what serial numbers tell, by rules that are data.
BEGIN;
SELECT plan(143);
\ir fixture.psql
INSERT INTO mjc.manufacturer (manufacturer_id, slug, name) VALUES (pg_temp.pid(101), 'test-maker', 'Test Maker'), (pg_temp.pid(102), 'test-other', 'Test Other');

-- Which patterns may be used
SELECT is(mjc.plate_groups(p), n, format('%s: %s groups', p, n))
  FROM (VALUES ('ABC', 0), ('21(\d{2})(\d{2})', 2), ('(A|B)(?:C|D)?(\d+)', 2), ('[A-Z]([^0-9]{1,3})', 1), ('((\d)(\d))', 3), ('^X(\d\d)$', 1), ('X(\d{64})', 1), ('(A)?B', 1), ('.{2,}(\d)', 1), (rpad('(A)', 200, 'B'), 1)) v (p, n);
SELECT is(mjc.plate_groups(p), NULL, 'not ' || replace(left(p, 30), E'\n', ' '))
  FROM unnest(ARRAY['', '(', ')', '[A', '(A))', 'A{', 'A{2', 'A{x}', 'A{,2}', 'A{65}', 'A{1,100}', 'A{2,1}', '*A', 'a', 'é', 'A B', '\1', '(\d)\1', '\w', '\m', '(?=A)', '(?!A)', '(?i)A', '(?<=A)B', '(\d+)*', '(\d+)+', '(\d){2}', '[[:digit:]]', '[[.a.]]', '***=A', 'A**', rpad('A', 201, 'B'), E'A\nB', '(A', '\']) p;
SELECT is(mjc.plate_groups(NULL), NULL, 'no pattern');
-- The pattern with the most to try out on the text that fails last.
SELECT ok(clock_timestamp() - s < '1 second', 'the worst that can be asked takes no time: ' || p)
  FROM (SELECT clock_timestamp() AS s, p, r.is_read FROM unnest(ARRAY[repeat('(?:A+|A*)', 22), repeat('A*', 99) || 'B', repeat('(A*)', 49) || 'B', repeat('A{0,64}', 28), repeat('(A|AA)?', 28), '(((((A+)?A+)?A+)?A+)?A+)?B']) p
         CROSS JOIN LATERAL mjc.plate_read(p, '[]', repeat('A', 64), '2026-01-01') r OFFSET 0) x;

-- What a text is read as
SELECT is(concat_ws(' ', r.is_read, r.built, r.article, r.number), w, format('%s of %s: %s', p, t, w))
  FROM (VALUES ('21(\d\d)(\d\d)(\d{10})(\d+)', '["year2","week","article","number"]', '2118 03 0010012345 000042', 't [2018-01-15,2018-01-22) 0010012345 42'),
               ('21(\d\d)(\d\d)(\d{10})(\d+)', '["year2","week","article",null]', '٢١١٨٠٣٠٠١٠٠١٢٣٤٥٠٠٠٠٤٢', 't [2018-01-15,2018-01-22) 0010012345'),
               ('21(\d\d)(\d\d).*', '["year2","week"]', '2126 30', 'f'), ('21(\d\d)(\d\d).*', '["year2","week"]', '2126 01', 't [2025-12-29,2026-01-05)'), ('21(\d\d)(\d\d).*', '["year2","week"]', '2127 01', 'f'), ('21(\d\d)(\d\d).*', '["year2","week"]', '2199 01', 't [1999-01-04,1999-01-11)'),
               ('(\d\d)(\d\d)', '["year2","week"]', '1853', 'f'), ('(\d\d)(\d\d)', '["year2","week"]', '2053', 't [2020-12-28,2021-01-04)'), ('(\d\d)(\d\d)', '["year2","week"]', '1800', 'f'), ('(\d\d)', '["year2"]', '49', 'f'), ('(\d\d)', '["year2"]', '50', 't [1950-01-01,1951-01-01)'),
               ('(\d{4})(\d\d)(\d\d)', '["year4","month","day"]', '20200229', 't [2020-02-29,2020-03-01)'), ('(\d{4})(\d\d)(\d\d)', '["year4","month","day"]', '20190229', 'f'), ('(\d{4})(\d\d)', '["year4","month"]', '201912', 't [2019-12-01,2020-01-01)'), ('(\d{4})(\d\d)', '["year4","month"]', '201913', 'f'),
               ('(\d{4})', '["year4"]', '1949', 'f'), ('(\d{4})', '["year4"]', '2026', 't [2026-01-01,2027-01-01)'), ('(\d{4})', '["year4"]', '2027', 'f'), ('(.+)(\d{4})', '["number","year4"]', 'AB2018', 'f'), ('(\d+)', '["number"]', '123456789012345', 't 123456789012345'), ('(\d+)', '["number"]', '1234567890123456', 'f'),
               ('(\d+)', '["year4"]', '20181', 'f'), ('A(\d\d)', '["year2"]', 'XA18', 'f'), ('A(\d\d)', '["year2"]', 'A18X', 'f'), ('A|B(\d\d)', '["year2"]', 'A', 't'), ('A(\d\d)', '["year2"]', 'a-18', 't [2018-01-01,2019-01-01)'), ('A(\d\d)', '["year2"]', '', 'f'), ('(A+)', '["article"]', repeat('A', 64), 't ' || repeat('A', 64)), ('(A+)', '["article"]', repeat('A', 65), 'f')) v (p, m, t, w)
 CROSS JOIN LATERAL mjc.plate_read(p, m::jsonb, t, '2026-01-01') r;
SELECT is((SELECT r.is_read FROM mjc.plate_read('A', '[]', NULL, '2026-01-01') r), false, 'no text');
SELECT is(mjc.built_days(t), w::daterange, format('%s is %s', t, w)) FROM (VALUES ('2018', '[2018-01-01,2019-01-01)'), ('2018-12', '[2018-12-01,2019-01-01)'), ('2018-12-31', '[2018-12-31,2019-01-01)'), ('2018-02-29', NULL), ('2018-00', NULL), ('1949', NULL), ('2101', NULL), ('18', NULL), ('2018-1', NULL), (NULL, NULL)) v (t, w);

-- Property: a week that a rule reads is the week of each of its days
SELECT is_empty($$SELECT d FROM generate_series('1990-01-01'::date, '2025-12-31', '1 day') g (d)
    WHERE NOT (SELECT r.built @> d::date AND upper(r.built) - lower(r.built) = 7 FROM mjc.plate_read('(\d{4})(\d\d)', '["year4","week"]', to_char(d, 'IYYYIW'), '2026-01-01') r)
      AND extract(day FROM d)::integer % 5 = 0$$, 'weeks are those of the calendar');

-- What groups may mean
SELECT is(mjc.plate_parts_ok(p::jsonb, n), w, format('%s of %s: %s', p, n, w))
  FROM (VALUES ('["year2"]', 1, true), ('["year2"]', 2, false), ('["year2",null]', 2, true), ('[null]', 1, false), ('[]', 0, false), ('{}', 0, false), ('["year2","year2"]', 2, false), ('["year2","year4"]', 2, false), ('["week"]', 1, false), ('["month"]', 1, false),
               ('["year4","day"]', 2, false), ('["year4","month","day"]', 3, true), ('["year4","month","week"]', 3, false), ('["colour"]', 1, false), ('[1]', 1, false), ('["article","number"]', 2, true)) v (p, n, w);

-- Rules of staff
SELECT mjc.plate_rule_set('{"manufacturer": "test-maker", "name": "Plaque", "pattern": "T(\\d\\d)(\\d\\d)(\\d{4})", "parts": ["year2", "week", "number"], "example": "T18030042"}') AS rule \gset
SELECT is(mjc.plate_rule_doc(:'rule') - 'manufacturer', '{"name": "Plaque", "pattern": "T(\\d\\d)(\\d\\d)(\\d{4})", "parts": ["year2", "week", "number"], "articleScheme": "ARTICLE", "example": "T18030042", "confidence": "MED", "sortOrder": 0, "active": true}', 'a rule');
SELECT is(mjc.plate_rule_set('{"parts": ["year2", null, "number"], "confidence": "LOW"}', :'rule'), :'rule'::uuid, 'changed');
SELECT is(mjc.plate_rule_doc(:'rule') -> 'parts', '["year2", null, "number"]', 'a group that is skipped stays one');
SELECT pg_temp.refused(format('SELECT mjc.plate_rule_set(%L)', '{"manufacturer": "test-maker", "name": "x", "pattern": "T(\\d\\d)", "parts": ["year2"], "example": "T18"}'::jsonb || d::jsonb), c, a, d)
  FROM (VALUES ('{"manufacturer": null}', 'MJ003', 'manufacturer'), ('{"manufacturer": "nobody"}', 'MJ010', 'manufacturer'), ('{"name": null}', 'MJ003', 'name'), ('{"pattern": null}', 'MJ003', 'pattern'), ('{"parts": null}', 'MJ003', 'parts'), ('{"example": null}', 'MJ003', 'example'),
               ('{"pattern": "("}', 'MJ812', ''), ('{"pattern": "(\\d+)*"}', 'MJ812', ''), ('{"parts": ["week"]}', 'MJ010', 'parts'), ('{"parts": {}}', 'MJ010', 'parts'), ('{"parts": "year2"}', 'MJ010', 'parts'), ('{"example": "U18"}', 'MJ813', ''), ('{"example": "T99999"}', 'MJ813', ''), ('{"confidence": "SURE"}', 'MJ010', 'confidence'),
               ('{"articleScheme": "EAN"}', 'MJ010', 'articleScheme'), ('{"sortOrder": -1}', 'MJ006', 'sortOrder'), ('{"name": "Plaque"}', 'MJ806', ''), ('{"x": 1}', 'MJ010', 'x'), (format('{"pattern": "%s"}', rpad('T(\\d\\d)', 210, 'A')), 'MJ006', 'pattern'), (format('{"example": "%s"}', repeat('T', 65)), 'MJ006', 'example')) v (d, c, a);
SELECT is((SELECT string_agg(r.rule_name, ',') FROM mjc.plate_readings(m, 'T18030042') r), w, format('of %s', m)) FROM (VALUES (pg_temp.pid(101), 'Plaque'), (pg_temp.pid(102), NULL), (NULL, 'Plaque')) v (m, w);
SELECT mjc.plate_rule_set('{"active": false}', :'rule') \g /dev/null
SELECT is((SELECT count(*) FROM mjc.plate_readings(NULL, 'T18030042')), 0::bigint, 'one that is not active reads nothing');
SELECT mjc.plate_rule_set('{"active": true}', :'rule') \g /dev/null
SELECT mjc.boiler_model_set('{"manufacturer": "test-maker", "name": "M"}') AS model \gset
SELECT mjc.boiler_code_set(jsonb_build_object('scheme', 'MAKER', 'code', 'T1803 0042', 'model', :'model')) \g /dev/null
SELECT is(mjc_api.boiler_plate('test-maker', 't18-030042')::jsonb #- '{boilers,0,model,id}' #- '{boilers,0,manufacturer,id}' #- '{readings,0,manufacturerId}',
    '{"readings": [{"rule": "Plaque", "confidence": "LOW", "article": null, "serial": 42, "builtFrom": "2018-01-01", "builtUntil": "2018-12-31"}],
      "boilers": [{"by": "code", "scheme": "MAKER", "code": "T1803 0042", "confidence": "HIGH", "model": {"name": "M", "series": null}, "manufacturer": {"name": "Test Maker", "slug": "test-maker"}, "variant": null}]}'::jsonb, 'a plate by its number and by its rule');
SELECT is(mjc_api.boiler_plate('test-other', 't18-030042')::jsonb, '{"readings": [], "boilers": []}', 'of another brand it says nothing');
SELECT is(mjc_api.boiler_plate(NULL, '???')::jsonb, '{"readings": [], "boilers": []}', 'what says nothing says nothing');
SELECT throws_ok($$SELECT mjc_api.boiler_plate('nobody', 'x')$$, 'MJ010', NULL, 'a brand that is none');
SELECT ok(mjc.plate_rule_delete(:'rule'), 'a rule goes');
SELECT is((SELECT string_agg(action, ' ' ORDER BY audit_id) FROM mjc.audit WHERE subject_id = :'rule'), 'plate_rule_set plate_rule_set plate_rule_set plate_rule_set plate_rule_delete', 'all is in the audit');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');

SELECT * FROM finish();
ROLLBACK;
