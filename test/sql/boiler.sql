-- boiler: ranges, models, variants and codes, exploded diagrams, the boilers that customers keep.
BEGIN;
SELECT plan(145);
\ir fixture.psql
GRANT USAGE ON SCHEMA tap TO PUBLIC;
SELECT pg_temp.make_product(n, 100000) FROM generate_series(1, 3) n \g /dev/null
INSERT INTO mjc.manufacturer (manufacturer_id, slug, name) VALUES (pg_temp.pid(101), 'test-maker', 'Test Maker'), (pg_temp.pid(102), 'test-other', 'Test Other');

-- Ranges and models
SELECT mjc.boiler_range_set('{"manufacturer": "test-maker", "name": "Gamme"}') AS range, mjc.boiler_range_set(jsonb_build_object('manufacturer', pg_temp.pid(102), 'name', 'Gamme')) AS range2 \gset
SELECT is(mjc.boiler_range_doc(:'range'), jsonb_build_object('manufacturer', pg_temp.pid(101), 'name', 'Gamme', 'active', true), 'a range');
SELECT mjc.boiler_model_set(jsonb_build_object('manufacturer', 'test-maker', 'range', :'range', 'name', 'Modèle 1', 'type', 'murale', 'releaseYear', 2012)) AS model \gset
SELECT mjc.boiler_model_set('{"manufacturer": "test-maker", "name": "Modèle 2"}') AS model2 \gset
SELECT is(mjc.boiler_model_doc(:'model') - '{manufacturer,range}'::text[], '{"name": "Modèle 1", "type": "murale", "releaseYear": 2012, "active": true}', 'a model');
SELECT is((SELECT series FROM mjc.boiler_model WHERE boiler_model_id = :'model'), 'Gamme', 'pages read its range as series');
SELECT mjc.fitment_set(jsonb_build_object('product', 'TEST-ONLY-1', 'model', :'model')) \g /dev/null
SELECT set_eq(format('SELECT key FROM mjc.search_name WHERE id = %L', :'model'), '{modele1,gammemodele1}'::text[], 'it is found by its name, with that of its range or without');
SELECT is(mjc.boiler_range_set('{"name": "Gamme 2"}', :'range'), :'range'::uuid, 'a range has another name');
SELECT is((SELECT series FROM mjc.boiler_model WHERE boiler_model_id = :'model'), 'Gamme 2', 'its models follow');
SELECT is(mjc.boiler_model_set('{"type": "au sol"}', :'model'), :'model'::uuid, 'a model is of another type');
SELECT is(mjc_api.product_get(NULL, NULL, NULL, 'test-only-1', NULL) #>> '{product,boilerModels,0,type}', 'au sol', 'as the pages of its parts show');
SELECT mjc.boiler_model_set('{"type": "murale"}', :'model') \g /dev/null
SELECT mjc.boiler_code_set(jsonb_build_object('scheme', 'GC', 'code', '41-999-01', 'model', :'model')) \g /dev/null
SELECT set_eq(format('SELECT key FROM mjc.search_name WHERE id = %L', :'model'), '{modele1,gamme2modele1,4199901}'::text[], 'it is found by the new name of its range and by its number');
SELECT mjc.boiler_code_delete('GC', '41-999-01') \g /dev/null
SELECT set_eq(format('SELECT key FROM mjc.search_name WHERE id = %L', :'model'), '{modele1,gamme2modele1}'::text[], 'while it has that');
SELECT is(mjc.boiler_model_set('{"range": null, "active": false}', :'model'), :'model'::uuid, 'a model leaves its range');
SELECT results_eq(format('SELECT series, range_id, is_active, type FROM mjc.boiler_model WHERE boiler_model_id = %L', :'model'), $$VALUES (NULL::text, NULL::uuid, false, 'murale')$$, 'what is not named stays');
SELECT mjc.boiler_model_set(jsonb_build_object('range', :'range', 'active', true), :'model') \g /dev/null
SELECT throws_ok(format('SELECT mjc.%s(%L)', f, d), 'MJ806', NULL, format('%s %s: the name is taken', f, d))
  FROM (VALUES ('boiler_range_set', '{"manufacturer": "test-other", "name": " Gamme "}'), ('boiler_model_set', '{"manufacturer": "test-maker", "name": "Modèle 2"}')) v (f, d);
SELECT throws_ok(format('SELECT mjc.boiler_model_set(%L, %L)', '{"name": "Modèle 1"}', :'model2'), 'MJ806', NULL, 'also for a change');
SELECT throws_ok(format('SELECT mjc.boiler_range_set(%L, %L)', '{"manufacturer": "test-other"}', :'range'), 'MJ807', NULL, 'a range with models stays with its brand');
SELECT pg_temp.refused(format('SELECT mjc.%s(%L)', f, d), c, a, format('%s %s', f, d))
  FROM (VALUES ('boiler_range_set', NULL, 'MJ003', 'document'), ('boiler_range_set', '[]', 'MJ010', 'document'), ('boiler_range_set', '{"name": "x"}', 'MJ003', 'manufacturer'), ('boiler_range_set', '{"manufacturer": "test-maker"}', 'MJ003', 'name'),
               ('boiler_range_set', '{"manufacturer": "nobody", "name": "x"}', 'MJ010', 'manufacturer'), ('boiler_range_set', '{"manufacturer": "test-maker", "name": ""}', 'MJ006', 'name'), ('boiler_range_set', '{"manufacturer": "test-maker", "name": "x", "active": 1}', 'MJ010', 'active'),
               ('boiler_model_set', '{"manufacturer": "test-maker", "name": "x", "releaseYear": 1949}', 'MJ006', 'releaseYear'), ('boiler_model_set', '{"manufacturer": "test-maker", "name": "x", "series": "y"}', 'MJ010', 'series'),
               ('boiler_model_set', jsonb_build_object('manufacturer', 'test-maker', 'name', 'x', 'range', :'range2')::text, 'MJ010', 'range'), ('boiler_model_set', '{"manufacturer": "test-maker", "name": "x", "range": "y"}', 'MJ010', 'range')) v (f, d, c, a);
SELECT throws_ok(format('SELECT mjc.%s(%L, %L)', f, '{}', pg_temp.pid(99)), 'MJ004', NULL, f || ': none of that id') FROM unnest('{boiler_range_set,boiler_model_set,boiler_variant_set,plate_rule_set,diagram_set}'::text[]) f;
SELECT throws_ok(format('SELECT mjc.%s(%s)', f, i), 'MJ004', NULL, format('%s(%s): none', f, i)) FROM unnest('{boiler_range_delete,boiler_model_delete,boiler_variant_delete,plate_rule_delete,diagram_delete}'::text[]) f, unnest(ARRAY['NULL', quote_literal(pg_temp.pid(99))]) i;

-- Variants
SELECT mjc.boiler_variant_set(jsonb_build_object('model', :'model', 'name', '24 V', 'powerKw', 23.7, 'flue', 'FANNED', 'gas', '["G25", "G20"]'::jsonb, 'hotWater', 'INSTANT', 'mounting', 'WALL', 'builtFrom', '2012-01-01')) AS variant \gset
SELECT is(mjc.boiler_variant_doc(:'variant') - 'model', '{"name": "24 V", "powerKw": 23.7, "flue": "FANNED", "gas": ["G20", "G25"], "hotWater": "INSTANT", "mounting": "WALL", "builtFrom": "2012-01-01", "builtUntil": null, "active": true}', 'a variant');
SELECT is(mjc.boiler_variant_set('{"builtUntil": "2020-12-31", "gas": null}', :'variant'), :'variant'::uuid, 'changed');
SELECT results_eq(format('SELECT built, gas, power_w FROM mjc.boiler_variant WHERE variant_id = %L', :'variant'), $$VALUES ('[2012-01-01,2021-01-01)'::daterange, '{}'::text[], 23700)$$, 'in what was named');
SELECT pg_temp.refused(format('SELECT mjc.boiler_variant_set(%L)', jsonb_build_object('model', :'model', 'name', 'x') || d::jsonb), c, a, d)
  FROM (VALUES ('{"model": null}', 'MJ003', 'model'), ('{"name": null}', 'MJ003', 'name'), ('{"powerKw": 0.5}', 'MJ006', 'powerKw'), ('{"powerKw": "24"}', 'MJ010', 'powerKw'), ('{"flue": "ventouse"}', 'MJ010', 'flue'), ('{"gas": ["B"]}', 'MJ010', 'gas'),
               ('{"hotWater": "x"}', 'MJ010', 'hotWater'), ('{"mounting": "x"}', 'MJ010', 'mounting'), ('{"builtFrom": "2012"}', 'MJ010', 'builtFrom'), ('{"builtFrom": "2012-01-02", "builtUntil": "2012-01-01"}', 'MJ006', 'builtUntil')) v (d, c, a);
SELECT throws_ok(format('SELECT mjc.boiler_variant_set(%L)', jsonb_build_object('model', :'model', 'name', '24 V')), 'MJ806', NULL, 'one variant of a name');
SELECT pg_temp.refused(format('SELECT mjc.boiler_variant_set(%L, %L)', jsonb_build_object('model', :'model2'), :'variant'), 'MJ010', 'model', 'it stays with its model');

-- Codes
SELECT is(mjc.boiler_code_key(t), k, format('"%s" is %s', t, k)) FROM (VALUES ('7828 765', '7828765'), ('7828-765', '7828765'), ('٧٨٢٨٧٦٥', '7828765'), ('wb1c/b.26_x', 'WB1CB26X'), ('--', '')) v (t, k);
SELECT is(mjc.boiler_code_set(jsonb_build_object('scheme', 'MAKER', 'code', '7828-765', 'model', :'model', 'variant', :'variant')) ->> 'code', '7828-765', 'a code as it is printed');
SELECT is(mjc.boiler_code_set(jsonb_build_object('scheme', 'MAKER', 'code', '7828 765', 'model', :'model2')) ->> 'variant', NULL, 'the same number names another boiler from now on');
SELECT is((SELECT count(*) FROM mjc.boiler_code WHERE code_key = '7828765'), 1::bigint, 'and one only');
SELECT pg_temp.refused(format('SELECT mjc.boiler_code_set(%L)', d), c, a, d)
  FROM (VALUES ('{}', 'MJ003', 'scheme'), ('{"scheme": "GC"}', 'MJ003', 'code'), ('{"scheme": "GC", "code": "12"}', 'MJ003', 'model'), ('{"scheme": "X", "code": "12"}', 'MJ010', 'scheme'), ('{"scheme": "GC", "code": "--"}', 'MJ010', 'code'), ('{"scheme": "GC", "code": "1"}', 'MJ006', 'code'),
               (format('{"scheme": "GC", "code": "%s"}', repeat('1', 41)), 'MJ010', 'code'), (jsonb_build_object('scheme', 'GC', 'code', '12', 'model', :'model2', 'variant', :'variant')::text, 'MJ010', 'variant')) v (d, c, a);
SELECT mjc.boiler_code_set(jsonb_build_object('scheme', 'GC', 'code', 'GC 1', 'variant', :'variant')) \g /dev/null
SELECT is((SELECT c.boiler_model_id || ' ' || c.variant_id FROM mjc.boiler_code c WHERE c.code = 'GC 1'), :'model' || ' ' || :'variant', 'a variant has its model');
SELECT ok(mjc.boiler_code_delete('GC', 'g-c.1'), 'a code goes, however it is typed');
SELECT throws_ok(format('SELECT mjc.boiler_code_delete(%s)', a), 'MJ004', NULL, a) FROM unnest(ARRAY['''GC'', ''gc1''', 'NULL, NULL', '''X'', ''7828765''']) a;

-- Diagrams
SELECT mjc.diagram_set(jsonb_build_object('model', :'model', 'name', 'Brûleur', 'image', '/d/1.png')) AS sub \gset
SELECT mjc.diagram_set(jsonb_build_object('model', :'model', 'variant', :'variant', 'name', 'Ensemble', 'nameAr', 'مجموعة', 'image', 'https://cdn.example.dz/d/2.png', 'version', 3, 'hotspots',
    jsonb_build_array(jsonb_build_object('x', 0, 'y', 10000, 'ref', '1', 'product', 'TEST-ONLY-1', 'serialUntil', 99), jsonb_build_object('x', 5, 'y', 6, 'ref', '1', 'product', 'TEST-ONLY-2', 'serialFrom', 100),
                      jsonb_build_object('x', 7, 'y', 8, 'ref', '2', 'diagram', :'sub'), jsonb_build_object('x', 9, 'y', 9, 'ref', '3', 'label', 'Non vendu')))) AS diagram \gset
SELECT is((SELECT string_agg(concat_ws(' ', h ->> 'ref', h ->> 'x', h ->> 'y', h -> 'product' ->> 'sku', h -> 'diagram' ->> 'name', h ->> 'label', h ->> 'serialFrom', h ->> 'serialUntil', h ->> 'inStock'), ', ' ORDER BY n)
             FROM json_array_elements(mjc_api.diagram_get(:'diagram') -> 'diagram' -> 'hotspots') WITH ORDINALITY u (h, n)), '1 0 10000 TEST-ONLY-1 99 false, 1 5 6 TEST-ONLY-2 100 false, 2 7 8 Brûleur, 3 9 9 Non vendu', 'a diagram with its places in their order');
SELECT is((SELECT string_agg(d ->> 'name' || ' ' || (d ->> 'hotspots'), ', ' ORDER BY n) FROM json_array_elements(mjc_api.boiler_model_diagrams(:'model') -> 'diagrams') WITH ORDINALITY u (d, n)), 'Brûleur 0, Ensemble 4', 'those of a model');
SELECT is(mjc.diagram_set('{"name": "Vue"}', :'diagram'), :'diagram'::uuid, 'another name');
SELECT is((SELECT count(*) FROM mjc.diagram_hotspot WHERE diagram_id = :'diagram'), 4::bigint, 'leaves the places');
SELECT throws_ok(format('SELECT mjc.diagram_delete(%L)', :'sub'), 'MJ807', NULL, 'one that another leads to stays');
SELECT mjc.diagram_set('{"hotspots": [{"x": 1, "y": 1, "ref": "9"}]}', :'diagram') \g /dev/null
SELECT is((SELECT string_agg(ref_no, ',') FROM mjc.diagram_hotspot WHERE diagram_id = :'diagram'), '9', 'places are taken whole');
SELECT pg_temp.refused(format('SELECT mjc.diagram_set(%L, %s)', jsonb_build_object('model', :'model', 'name', 'x', 'image', '/x') || d::jsonb, i), c, a, d)
  FROM (VALUES ('{"model": null}', 'NULL', 'MJ003', 'model'), ('{"image": null}', 'NULL', 'MJ003', 'image'), ('{"image": "javascript:alert(1)"}', 'NULL', 'MJ010', 'image'), ('{"image": "//evil.example/x"}', 'NULL', 'MJ010', 'image'), ('{"image": "http://x/y"}', 'NULL', 'MJ010', 'image'),
               ('{"image": "/a b"}', 'NULL', 'MJ010', 'image'), ('{"image": "/a\"onload"}', 'NULL', 'MJ010', 'image'), ('{"version": 0}', 'NULL', 'MJ006', 'version'), ('{"hotspots": {}}', 'NULL', 'MJ010', 'hotspots'), ('{"hotspots": [1]}', 'NULL', 'MJ010', 'document'), ('{"hotspots": [{"x": 1, "y": 1}]}', 'NULL', 'MJ003', 'ref'),
               ('{"hotspots": [{"x": 10001, "y": 1, "ref": "1"}]}', 'NULL', 'MJ006', 'x'), ('{"hotspots": [{"x": 1, "y": -1, "ref": "1"}]}', 'NULL', 'MJ006', 'y'), ('{"hotspots": [{"x": 1, "y": 1, "ref": "1", "product": "NO-SUCH"}]}', 'NULL', 'MJ010', 'product'),
               ('{"hotspots": [{"x": 1, "y": 1, "ref": "1", "serialFrom": 2, "serialUntil": 1}]}', 'NULL', 'MJ006', 'serialUntil'), (format('{"hotspots": [{"x": 1, "y": 1, "ref": "1", "product": "TEST-ONLY-1", "diagram": "%s"}]}', :'sub'), 'NULL', 'MJ010', 'diagram'),
               (format('{"hotspots": [{"x": 1, "y": 1, "ref": "1", "diagram": "%s"}]}', :'sub'), quote_literal(:'sub'), 'MJ010', 'diagram'), (format('{"hotspots": [%s]}', (SELECT string_agg('{"x": 1, "y": 1, "ref": "1"}', ',') FROM generate_series(1, 501))), 'NULL', 'MJ006', 'hotspots')) v (d, i, c, a);
UPDATE mjc.product SET is_active = false WHERE product_id = pg_temp.pid(2);
SELECT mjc.diagram_set('{"hotspots": [{"x": 1, "y": 1, "ref": "9", "product": "TEST-ONLY-2"}]}', :'diagram') \g /dev/null
SELECT is(mjc_api.diagram_get(:'diagram') -> 'diagram' -> 'hotspots' -> 0 ->> 'product', NULL, 'a part that is not sold has no card');
SELECT mjc.diagram_set('{"active": false}', :'diagram') \g /dev/null
SELECT is(mjc_api.diagram_get(i)::text, NULL, 'no such diagram') FROM unnest(ARRAY[:'diagram', NULL]::uuid[]) i;

-- Nothing goes that something speaks of
SELECT throws_ok(format('SELECT mjc.%s(%L)', f, i), 'MJ807', NULL, f || ' of one that is used') FROM (VALUES ('boiler_range_delete', :'range'), ('boiler_model_delete', :'model'), ('boiler_variant_delete', :'variant')) v (f, i);
SELECT ok(mjc.diagram_delete(:'diagram') AND mjc.diagram_delete(:'sub'), 'diagrams go');
SELECT is((SELECT count(*) FROM mjc.diagram_hotspot WHERE diagram_id = :'diagram'), 0::bigint, 'with their places');
SELECT ok(mjc.boiler_variant_delete(:'variant') AND mjc.boiler_range_delete(:'range2'), 'a variant and a range that nothing speaks of');
SELECT ok(mjc.boiler_code_delete('MAKER', '7828765') AND mjc.boiler_model_delete(:'model2'), 'a model too');
SELECT is((SELECT count(DISTINCT action) FROM mjc.audit WHERE action IN ('boiler_range_set', 'boiler_range_delete', 'boiler_model_set', 'boiler_model_delete', 'boiler_variant_set', 'boiler_variant_delete', 'boiler_code_set', 'boiler_code_delete', 'diagram_set', 'diagram_delete')), 10::bigint, 'all of it is in the audit');

-- The boilers of a customer
SELECT mjc.customer_create('{"email": "boilers@example.test", "firstName": "Amina", "lastName": "Test"}') AS amina, mjc.customer_create('{"email": "boilers2@example.test", "firstName": "Karim", "lastName": "Test"}') AS karim \gset
SELECT mjc.boiler_variant_set(jsonb_build_object('model', :'model', 'name', '28')) AS variant \gset
SELECT mjc.customer_boiler_write(:'amina', NULL, jsonb_build_object('label', 'Maison', 'variant', :'variant', 'serial', '12 345', 'built', '2018-03', 'gas', 'G20')) AS mine \gset
SELECT results_eq(format('SELECT label, boiler_model_id, variant_id, serial, built, gas FROM mjc.customer_boiler WHERE customer_id = %L', :'amina'), format('VALUES (%L, %L::uuid, %L::uuid, %L, %L, %L)', 'Maison', :'model', :'variant', '12 345', '2018-03', 'G20'), 'a boiler is kept');
SELECT is(mjc.customer_boiler_write(:'karim', :'mine', jsonb_build_object('model', :'model')), NULL, 'nobody else changes it');
SELECT is(mjc.customer_boiler_facts(:'karim', :'mine'), NULL, 'or asks with it');
SELECT is(mjc.customer_boiler_facts(:'amina', :'mine'), jsonb_build_object('model', :'model', 'variant', :'variant', 'serial', '12 345', 'built', '2018-03', 'gas', 'G20'), 'its owner does');
SELECT is(mjc.customer_boiler_write(:'amina', :'mine', jsonb_build_object('model', :'model')), :'mine'::uuid, 'she sets the whole of it');
SELECT is(mjc.customer_boiler_facts(:'amina', :'mine'), jsonb_build_object('model', :'model'), 'what is not said is not known');
SELECT pg_temp.refused(format('SELECT mjc.customer_boiler_write(%L, NULL, %L)', :'amina', d), c, a, d)
  FROM (VALUES ('{}', 'MJ003', 'model'), ('{"model": "x"}', 'MJ810', ''), (jsonb_build_object('model', :'model', 'label', '')::text, 'MJ006', 'label'), (jsonb_build_object('model', :'model', 'built', '18')::text, 'MJ010', 'built')) v (d, c, a);
SELECT mjc.customer_boiler_write(:'amina', NULL, jsonb_build_object('model', :'model')) FROM generate_series(2, 20) \g /dev/null
SELECT throws_ok(format('SELECT mjc.customer_boiler_write(%L, NULL, %L)', :'amina', jsonb_build_object('model', :'model')), 'MJ814', NULL, 'twenty are enough');
SELECT is(mjc.customer_boiler_write(pg_temp.pid(99), NULL, jsonb_build_object('model', :'model')), NULL, 'no such customer');
SELECT is(jsonb_array_length(mjc.person_export_core(:'amina') -> 'boilers'), 20, 'they are told her with everything else that is known');
SELECT is(mjc.customer_erase(:'amina'), 'deleted', 'she leaves');
SELECT is((SELECT count(*) FROM mjc.customer_boiler), 0::bigint, 'with her boilers');

-- A kept reply tells nothing of a boiler that is gone, nor of anything once its owner has left
CREATE FUNCTION pg_temp.add_by_key(customer uuid, model text, serial text, OUT body json, OUT replayed boolean)
    LANGUAGE sql
    AS $$ SELECT a.body, a.replayed FROM mjc_api.customer_boiler_add(customer, 0, gen_random_uuid(), 'req', 'key-' || serial, NULL, model, NULL, NULL, serial, NULL, NULL, NULL) a $$;
CREATE FUNCTION pg_temp.kept(word text) RETURNS bigint
    LANGUAGE sql
    AS $$ SELECT count(*) FROM mjc.idempotency_key k WHERE k.reply LIKE '%' || word || '%' $$;
SELECT mjc.customer_create('{"email": "boilers3@example.test", "firstName": "Nadia", "lastName": "Test"}') AS nadia \gset
SELECT a.body #>> '{boiler,id}' AS goes FROM pg_temp.add_by_key(:'nadia', :'model', 'ZZGOES1') a \gset
SELECT pg_temp.add_by_key(:'nadia', :'model', 'ZZSTAYS1') \g /dev/null
SELECT is(pg_temp.kept('ZZGOES1') || ' ' || pg_temp.kept('ZZSTAYS1'), '1 1', 'a repeat gets the whole reply');
SELECT is(mjc_api.customer_boiler_remove(:'karim', 0, gen_random_uuid(), 'req', :'goes')::text, NULL, 'another takes nothing away');
SELECT is(pg_temp.kept('ZZGOES1'), 1::bigint, 'from no reply either');
SELECT is(mjc_api.customer_boiler_remove(:'nadia', 0, gen_random_uuid(), 'req', :'goes') ->> 'deleted', 'true', 'its owner does');
SELECT is(pg_temp.kept('ZZGOES1') || ' ' || pg_temp.kept('ZZSTAYS1'), '0 1', 'that serial number is nowhere, the other stays');
SELECT results_eq(format('SELECT replayed, body #>> %L, (SELECT count(*) FROM mjc.customer_boiler WHERE customer_id = %L) FROM pg_temp.add_by_key(%L, %L, %L)', '{boiler,id}', :'nadia', :'nadia', :'model', 'ZZGOES1'),
    format('VALUES (true, %L, 1::bigint)', :'goes'), 'a late repeat makes nothing anew');
SELECT mjc.address_write(:'nadia', NULL, '{"type": "SHIPPING", "street": "zzold street", "city": "Oran"}') \g /dev/null
SELECT a.body #>> '{address,id}' AS address FROM mjc_api.address_add(:'nadia', 0, gen_random_uuid(), 'req', 'key-address', 'SHIPPING', 'rue ZZGONE1', 'Oran', NULL, NULL, NULL, NULL, NULL) a \gset
SELECT mjc_api.address_remove(:'nadia', 0, gen_random_uuid(), 'req', :'address') \g /dev/null
SELECT mjc.customer_erase(:'nadia') \g /dev/null
SELECT is(pg_temp.kept('ZZSTAYS1') || ' ' || pg_temp.kept('ZZGONE1') || ' ' || pg_temp.kept(:'goes'), '0 0 0', 'she leaves, with every reply about a boiler or an address, there or gone');

-- A guest who turns out to be the customer
SELECT pg_temp.make_customer(77) \g /dev/null
INSERT INTO mjc.customer_boiler (customer_id, boiler_id, boiler_model_id) VALUES (pg_temp.pid(77), pg_temp.pid(78), :'model');
SELECT mjc.customer_join_core(NULL, 'psql', NULL, :'karim', pg_temp.pid(77)) \g /dev/null
SELECT is((SELECT customer_id FROM mjc.customer_boiler), :'karim'::uuid, 'a boiler of the guest is his now');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');

-- Broken by hand
SELECT mjc.boiler_model_set('{"manufacturer": "test-maker", "name": "Modèle 3"}') AS model3,
       mjc.plate_rule_set('{"manufacturer": "test-maker", "name": "P", "pattern": "T(\\d\\d)", "parts": ["year2"], "example": "T18"}') AS rule \gset
CREATE FUNCTION pg_temp.found(statement text) RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    rules text;
BEGIN
    EXECUTE statement;
    SELECT string_agg(DISTINCT v.rule, ' ' ORDER BY v.rule) INTO rules FROM mjc.check_invariants() v;
    RAISE EXCEPTION 'undo' USING ERRCODE = 'MJX99';
EXCEPTION WHEN SQLSTATE 'MJX99' THEN
    RETURN rules;
END
$$;
SELECT is(pg_temp.found(format(s, :'model3', :'variant')), 'variant_of_model', s)
  FROM unnest(ARRAY['INSERT INTO mjc.fitment (product_id, boiler_model_id, variant_id) VALUES (pg_temp.pid(3), %L, %L)', 'INSERT INTO mjc.boiler_code VALUES (''GC'', ''ZZ9'', %L, %L, ''ZZ9'')',
                    'INSERT INTO mjc.diagram (diagram_id, name, image_url, boiler_model_id, variant_id) VALUES (gen_random_uuid(), ''x'', ''/x'', %L, %L)', 'UPDATE mjc.customer_boiler SET boiler_model_id = %L, variant_id = %L']) s;
SELECT is(pg_temp.found(s), 'plate_rule', s)
  FROM unnest(ARRAY['UPDATE mjc.plate_rule SET pattern = ''(''', 'UPDATE mjc.plate_rule SET example = ''U18''', 'UPDATE mjc.plate_rule SET parts = ''["week"]''']) s;
SELECT is(pg_temp.found(format('INSERT INTO mjc.customer_boiler (customer_id, boiler_id, boiler_model_id) VALUES (pg_temp.pid(77), pg_temp.pid(79), %L)', :'model')), 'customer_forgotten', 'a boiler of who was joined');

SELECT * FROM finish();
ROLLBACK;
