-- kind: kinds of parts, the attributes that they are described by, and their values.
BEGIN;
SELECT plan(105);
\ir fixture.psql
CREATE FUNCTION pg_temp.part(sku text, change jsonb) RETURNS uuid
    LANGUAGE sql
    AS $$ SELECT mjc.product_create(jsonb_build_object('name', 'Pièce', 'sku', sku, 'categoryId', 'test-only-parts', 'price', 10) || change) $$;

-- Attributes
SELECT mjc.attribute_set('zz_pressure', '{"name": "Pression", "nameAr": "ضغط", "nameEn": "Pressure", "valueType": "number", "unit": "bar", "scale": 1, "isFacet": true}') AS pressure \gset
SELECT is(mjc.attribute_doc(:'pressure'), '{"code": "zz_pressure", "name": "Pression", "nameAr": "ضغط", "nameEn": "Pressure", "valueType": "number", "unit": "bar", "scale": 1, "choices": [], "isFacet": true}', 'a number with one decimal');
SELECT mjc.attribute_set('zz_gas', '{"name": "Gaz", "valueType": "choice", "choices": ["G20", "G30"]}'), mjc.attribute_set('zz_note', '{"name": "Note", "valueType": "text"}'), mjc.attribute_set('zz_new', '{"name": "Neuf", "valueType": "boolean"}') \g /dev/null
SELECT is(mjc.attribute_doc(mjc.attribute_find('zz_gas')) -> 'choices', '["G20", "G30"]', 'a choice');
SELECT is(mjc.attribute_set('zz_pressure', '{"unit": "mbar"}'), :'pressure'::uuid, 'changed');
SELECT is(mjc.attribute_doc(:'pressure') ->> 'unit', 'mbar', 'in what it names');
SELECT is((SELECT before || after FROM mjc.audit WHERE action = 'attribute_set' AND subject_id = :'pressure' ORDER BY audit_id DESC LIMIT 1), '{"unit": "mbar"}', 'as the audit tells');
SELECT pg_temp.refused(format('SELECT mjc.attribute_set(%L, %L)', k, d), c, a, format('%s %s', k, left(d, 60)))
  FROM (VALUES ('zz_bad', '{"valueType": "text"}', 'MJ003', 'name'), ('zz_bad', '{"name": "x"}', 'MJ003', 'valueType'), ('zz_bad', '{"name": "x", "valueType": "date"}', 'MJ010', 'valueType'), ('Zz Bad', '{"name": "x", "valueType": "text"}', 'MJ010', 'code'), ('z', '{"name": "x", "valueType": "text"}', 'MJ010', 'code'),
               ('zz_bad', '{"name": "x", "valueType": "number", "scale": 7}', 'MJ006', 'scale'), ('zz_bad', '{"name": "x", "valueType": "choice"}', 'MJ003', 'choices'), ('zz_bad', '{"name": "x", "valueType": "choice", "choices": []}', 'MJ006', 'choices'), ('zz_bad', '{"name": "x", "valueType": "choice", "choices": ["a", "a"]}', 'MJ010', 'choices'),
               ('zz_bad', '{"name": "x", "valueType": "choice", "choices": [""]}', 'MJ010', 'choices'), ('zz_bad', '{"name": "x", "valueType": "choice", "choices": [1]}', 'MJ010', 'choices'), ('zz_bad', '{"name": "x", "valueType": "text", "choices": ["a"]}', 'MJ010', 'choices'), ('zz_bad', '{"name": "x", "valueType": "text", "isFacet": 1}', 'MJ010', 'isFacet'),
               ('zz_bad', '{"name": "x", "valueType": "text", "kind": 1}', 'MJ010', 'kind'), ('zz_bad', NULL, 'MJ003', 'document'), (NULL, '{"name": "x", "valueType": "text"}', 'MJ010', 'attribute'), ('zz_gas', '{"code": "zz_gaz"}', 'MJ010', 'code'), ('zz_bad', '{"code": "zz_gas", "name": "x", "valueType": "text"}', 'MJ214', '')) v (k, d, c, a);

-- Kinds
SELECT mjc.part_kind_set('zz-valve', '{"name": "Vannes gaz", "nameAr": "صمامات", "safetyClass": "ELECTRICAL", "attributes": [{"code": "zz_gas", "isRequired": true}, {"code": "zz_pressure"}]}') AS valve \gset
SELECT is(mjc.part_kind_doc(:'valve'), '{"name": "Vannes gaz", "nameAr": "صمامات", "nameEn": null, "slug": "zz-valve", "safetyClass": "ELECTRICAL", "attributes": [{"code": "zz_gas", "isRequired": true, "sortOrder": 0}, {"code": "zz_pressure", "isRequired": false, "sortOrder": 1}]}', 'a kind with its attributes');
SELECT mjc.part_kind_set('zz-pump', '{"name": "Pompes", "attributes": ["zz_new"]}') AS pump \gset
SELECT is(mjc.part_kind_doc(:'pump') -> 'attributes', '[{"code": "zz_new", "isRequired": false, "sortOrder": 0}]', 'a code alone will do');
SELECT mjc.part_kind_set('zz-pump', '{"attributes": null}') \g /dev/null
SELECT is(mjc.part_kind_doc(:'pump') ->> 'safetyClass', 'STANDARD', 'the class of safety that is not said');
SELECT mjc.part_kind_write(NULL, 'psql', NULL, '{"name": "Zz Valve"}', NULL) AS k2 \gset
SELECT is((SELECT slug FROM mjc.part_kind WHERE kind_id = :'k2'), 'zz-valve-2', 'a slug of its own');
SELECT pg_temp.refused(format('SELECT mjc.part_kind_set(%L, %L)', k, d), c, a, format('%s %s', k, left(d, 60)))
  FROM (VALUES ('zz-bad', '{}', 'MJ003', 'name'), ('zz-bad', '{"name": "x"}', 'MJ006', 'name'), ('zz-bad', '{"name": "Bad", "safetyClass": "HIGH"}', 'MJ010', 'safetyClass'), ('zz-bad', '{"name": "Bad", "slug": "zz-pump"}', 'MJ827', ''), ('Zz', '{"name": "Bad"}', 'MJ010', 'slug'), ('zz-bad', '{"name": "Bad", "slug": "00000000-0000-4000-8000-0000000000ff"}', 'MJ010', 'slug'),
               ('zz-bad', '{"name": "Bad", "attributes": {}}', 'MJ010', 'attributes'), ('zz-bad', '{"name": "Bad", "attributes": [{}]}', 'MJ003', 'code'), ('zz-bad', '{"name": "Bad", "attributes": [{"code": "no_such"}]}', 'MJ010', 'attributes'), ('zz-bad', '{"name": "Bad", "attributes": [7]}', 'MJ010', 'code'),
               ('zz-bad', '{"name": "Bad", "attributes": [{"code": "zz_gas"}, {"code": "zz_gas"}]}', 'MJ010', 'attributes'), ('zz-bad', '{"name": "Bad", "attributes": [{"code": "zz_gas", "isRequired": 1}]}', 'MJ010', 'isRequired'), ('zz-bad', '{"name": "Bad", "color": 1}', 'MJ010', 'color'), (NULL, '{"name": "Bad"}', 'MJ010', 'part_kind')) v (k, d, c, a);

-- Values of a part
SELECT pg_temp.part('ZZ-V1', '{"kindId": "zz-valve", "attributes": {"zz_gas": "G20", "zz_pressure": 1.5}}') AS v \gset
SELECT is(mjc.product_attributes(:'v'), '{"zz_gas": "G20", "zz_pressure": 1.5}', 'values');
SELECT results_eq(format('SELECT number_value FROM mjc.product_attribute WHERE product_id = %L AND attribute_id = %L', :'v', :'pressure'), 'VALUES (15::bigint)', 'a number is kept in units of its scale');
SELECT is((SELECT safety_class FROM mjc.product WHERE product_id = :'v'), 'ELECTRICAL', 'the class of safety of its kind');
SELECT is(mjc.product_update(:'v', '{"attributes": {"zz_pressure": 20}}') -> 'attributes', '{"zz_gas": "G20", "zz_pressure": 20}', 'one value changes, the others stay');
SELECT is(mjc.product_update(:'v', '{"attributes": {"zz_pressure": null}}') -> 'attributes', '{"zz_gas": "G20"}', 'null takes one away');
SELECT pg_temp.part('ZZ-V2', '{"attributes": {"zz_note": " a ", "zz_new": false, "zz_pressure": -0.1}}') AS free \gset
SELECT is(mjc.product_attributes(:'free'), '{"zz_note": "a", "zz_new": false, "zz_pressure": -0.1}', 'a part of no kind has what attributes it likes');
SELECT is(f.code || ' ' || coalesce(f.detail ->> 'attribute', f.detail ->> 'argument'), w, d::text) FROM (VALUES
    ('{"attributes": {"zz_gas": null}}'::jsonb, 'MJ829 zz_gas'), ('{"attributes": {"zz_note": "x"}}', 'MJ830 zz_note'), ('{"attributes": {"zz_gas": "G25"}}', 'MJ831 zz_gas'), ('{"attributes": {"zz_gas": 20}}', 'MJ831 zz_gas'), ('{"attributes": {"zz_gas": ""}}', 'MJ831 zz_gas'),
    ('{"attributes": {"zz_pressure": 1.55}}', 'MJ831 zz_pressure'), ('{"attributes": {"zz_pressure": "1.5"}}', 'MJ831 zz_pressure'), ('{"attributes": {"zz_pressure": 1e300}}', 'MJ831 zz_pressure'), ('{"attributes": {"zz_pressure": true}}', 'MJ831 zz_pressure'), ('{"attributes": {"zz_pressure": [1]}}', 'MJ831 zz_pressure'),
    ('{"attributes": {"no_such": 1}}', 'MJ010 attributes'), ('{"attributes": [1]}', 'MJ010 attributes'), ('{"kindId": "zz-pump"}', 'MJ830 zz_gas')) v (d, w)
  CROSS JOIN LATERAL pg_temp.failure(format('SELECT mjc.product_update(%L, %L)', :'v', d)) f;
SELECT throws_ok(format($$SELECT mjc.product_update(%L, '{"safetyClass": "STANDARD"}')$$, :'v'), 'MJ832', NULL, 'no part is of a lower class than its kind');
SELECT is(f.code, 'MJ831', 'not valid: ' || v.d::text) FROM (VALUES ('{"zz_new": 1}'::jsonb), ('{"zz_new": "true"}'), ('{"zz_note": 7}'), (jsonb_build_object('zz_note', repeat('x', 201))), ('{"zz_note": "a\u0007"}')) v (d)
  CROSS JOIN LATERAL pg_temp.failure(format('SELECT mjc.product_update(%L, %L)', :'free', jsonb_build_object('attributes', v.d))) f;
SELECT throws_ok($$SELECT pg_temp.part('ZZ-V3', '{"kindId": "zz-valve"}')$$, 'MJ829', NULL, 'a new part needs what its kind needs');
SELECT is(mjc.product_update(:'v', '{"isFeatured": true}') ->> 'isFeatured', 'true', 'a toggle');
SELECT is(jsonb_build_array(x.number_value, x.text_value, x.boolean_value), w, format('%s %s', t, v))
  FROM (VALUES ('number', 0, '7'::jsonb, '[7, null, null]'::jsonb), ('number', 6, '0.000001', '[1, null, null]'), ('number', 0, '0.1', '[null, null, null]'), ('number', 6, '1000000000', '[1000000000000000, null, null]'), ('number', 6, '1000000001', '[null, null, null]'),
               ('number', 0, NULL, '[null, null, null]'), ('boolean', 0, 'false', '[null, null, false]'), ('text', 0, '"x"', '[null, "x", null]'), ('choice', 0, '"a"', '[null, "a", null]'), ('choice', 0, '"b"', '[null, null, null]')) v (t, s, v, w)
 CROSS JOIN LATERAL mjc.attribute_value(t, s, '["a"]', v) x;

-- A kind changes: its parts are never below it; what they have stays theirs
SELECT mjc.product_update(:'v', '{"kindId": "zz-valve", "attributes": {"zz_pressure": 3}}') \g /dev/null
SELECT mjc.part_kind_set('zz-valve', '{"safetyClass": "QUALIFIED"}') \g /dev/null
SELECT is((SELECT safety_class FROM mjc.product WHERE product_id = :'v'), 'QUALIFIED', 'a part rises with its kind');
SELECT mjc.part_kind_set('zz-valve', '{"safetyClass": "STANDARD"}') \g /dev/null
SELECT is((SELECT safety_class FROM mjc.product WHERE product_id = :'v'), 'QUALIFIED', 'and does not sink with it');
SELECT is(mjc.product_update(:'v', '{"safetyClass": "STANDARD"}') ->> 'safetyClass', 'STANDARD', 'staff say so');
SELECT throws_ok(s, c, NULL, s) FROM (VALUES
    ($$SELECT mjc.part_kind_set('zz-valve', '{"attributes": [{"code": "zz_gas"}]}')$$, 'MJ826'), ($$SELECT mjc.part_kind_set('zz-valve', '{"attributes": null}')$$, 'MJ826'), ($$SELECT mjc.part_kind_delete('zz-valve')$$, 'MJ826'), ($$SELECT mjc.part_kind_delete('no-such')$$, 'MJ004'), ('SELECT mjc.part_kind_delete(NULL)', 'MJ004'),
    ($$SELECT mjc.attribute_delete('zz_gas')$$, 'MJ826'), ($$SELECT mjc.attribute_delete('zz_note')$$, 'MJ826'), ($$SELECT mjc.attribute_delete('no_such')$$, 'MJ004'), ('SELECT mjc.attribute_delete(NULL)', 'MJ004'),
    ($$SELECT mjc.attribute_set('zz_gas', '{"choices": ["G30"]}')$$, 'MJ833'), ($$SELECT mjc.attribute_set('zz_gas', '{"valueType": "text", "choices": null}')$$, 'MJ833'), ($$SELECT mjc.attribute_set('zz_pressure', '{"scale": 2}')$$, 'MJ833'), ($$SELECT mjc.attribute_set('zz_pressure', '{"scale": null}')$$, 'MJ833')) v (s, c);
SELECT is(mjc.attribute_set('zz_gas', '{"choices": ["G20", "G31"]}'), mjc.attribute_find('zz_gas'), 'a choice that nobody made goes, another comes');
SELECT mjc.part_kind_set('zz-valve', '{"attributes": [{"code": "zz_gas"}, {"code": "zz_pressure"}, {"code": "zz_note", "isRequired": true}]}') \g /dev/null
SELECT is(mjc.product_update(:'v', '{"isFeatured": false}') ->> 'isFeatured', 'false', 'what a kind asks for later keeps nobody from toggling a part');
SELECT throws_ok(format($$SELECT mjc.product_update(%L, '{"attributes": {"zz_pressure": 4}}')$$, :'v'), 'MJ829', NULL, 'but from describing it without');
SELECT is(mjc.product_update(:'v', '{"kindId": null}') ->> 'kindId', NULL, 'a part leaves its kind');
SELECT is(mjc.part_kind_delete('zz-valve'), true, 'a kind without parts goes');
SELECT is((SELECT count(*) FROM mjc.part_kind_attribute WHERE kind_id = :'valve'), 0::bigint, 'with what it was described by');
SELECT is((SELECT before ->> 'slug' FROM mjc.audit WHERE action = 'part_kind_delete'), 'zz-valve', 'as the audit tells');
SELECT mjc.product_update(:'free', '{"attributes": {"zz_note": null}}') \g /dev/null
SELECT is(mjc.attribute_delete('zz_note'), true, 'so does an attribute that nobody has');

-- Promises
UPDATE mjc.product SET kind_id = :'pump' WHERE product_id = :'v';
UPDATE mjc.part_kind SET safety_class = 'QUALIFIED' WHERE kind_id = :'pump';
UPDATE mjc.product_attribute SET number_value = NULL, text_value = 'x' WHERE product_id = :'v' AND attribute_id = :'pressure';
SELECT mjc.product_changed(ARRAY[:'v']::uuid[]) \g /dev/null
SELECT set_eq('SELECT rule FROM mjc.check_invariants()', ARRAY['product_safety', 'product_attribute_type'], 'a part below its kind and a value of another type are broken promises');
UPDATE mjc.part_kind SET safety_class = 'STANDARD' WHERE kind_id = :'pump';
UPDATE mjc.product_attribute SET number_value = 30, text_value = NULL WHERE product_id = :'v' AND attribute_id = :'pressure';
SELECT mjc.product_changed(ARRAY[:'v']::uuid[]) \g /dev/null

-- Blanks around a text
SELECT mjc.attribute_set('zz_blank', '{"name": " Zz ", "valueType": " choice ", "choices": ["a", " b "]}') \g /dev/null
SELECT mjc.part_kind_set('zz-blank', '{"name": " Zz ", "safetyClass": " QUALIFIED ", "attributes": [" zz_blank "]}') AS blank \gset
SELECT is(mjc.part_kind_doc(:'blank') - '{nameAr,nameEn}'::text[],
          '{"name": "Zz", "slug": "zz-blank", "safetyClass": "QUALIFIED", "attributes": [{"code": "zz_blank", "isRequired": false, "sortOrder": 0}]}', 'they are not kept, and no attribute is lost');

SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');
SELECT * FROM finish();
ROLLBACK;
