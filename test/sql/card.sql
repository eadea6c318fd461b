-- card: prebuilt documents, what is filled in when they are read, lists by stock and price,
-- counters. What is expected is written out by hand.
BEGIN;
SELECT plan(125);
\ir fixture.psql
INSERT INTO mjc.manufacturer (manufacturer_id, slug, name) VALUES
    ('00000000-0000-4000-c000-000000000001', 'test-only-acme', 'Acme "Test" \ Co'), ('00000000-0000-4000-c000-000000000002', 'test-only-beta', 'بيتا');
INSERT INTO mjc.part_kind (kind_id, slug, name, name_ar, name_en, safety_class) VALUES
    ('00000000-0000-4000-e000-000000000001', 'test-only-valve', 'Vanne', 'صمام', 'Valve', 'QUALIFIED');
INSERT INTO mjc.attribute (attribute_id, code, name, name_ar, name_en, value_type, unit, scale) VALUES
    ('00000000-0000-4000-f000-000000000001', 'zz_pressure', 'Pression', 'ضغط', 'Pressure', 'number', 'bar', 1),
    ('00000000-0000-4000-f000-000000000002', 'zz_colour', 'Couleur', NULL, NULL, 'choice', NULL, 0),
    ('00000000-0000-4000-f000-000000000003', 'zz_boxed', 'Emballé', NULL, NULL, 'boolean', NULL, 0);
UPDATE mjc.attribute SET choices = '["ro\"uge"]' WHERE code = 'zz_colour';
INSERT INTO mjc.boiler_model (boiler_model_id, manufacturer_id, name, series, type)
SELECT ('00000000-0000-4000-d000-' || lpad(n::text, 12, '0'))::uuid, ('00000000-0000-4000-c000-00000000000' || 1 + n % 2)::uuid, 'Zz model ' || lpad(n::text, 3, '0'), 'Z', 'murale'
  FROM generate_series(1, 60) n;
SELECT pg_temp.make_product(n, 10000 * n, NULL, 77777) FROM generate_series(1, 9) n \g /dev/null
CREATE FUNCTION pg_temp.model(n integer) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$ SELECT ('00000000-0000-4000-d000-' || lpad(n::text, 12, '0'))::uuid $$;
CREATE FUNCTION pg_temp.page(n integer) RETURNS jsonb LANGUAGE sql
    AS $$ SELECT mjc_api.product_get(NULL, NULL, NULL, 'test-only-' || n, NULL)::jsonb -> 'product' $$;
CREATE FUNCTION pg_temp.card(n integer) RETURNS jsonb LANGUAGE sql
    AS $$ SELECT k.card::jsonb FROM mjc.product_cards(ARRAY[pg_temp.pid(n)], false) k $$;
CREATE FUNCTION pg_temp.changed(VARIADIC n integer[]) RETURNS void LANGUAGE sql
    AS $$ SELECT mjc.product_changed((SELECT array_agg(pg_temp.pid(x)) FROM unnest(n) x)) $$;
CREATE FUNCTION pg_temp.broken() RETURNS text LANGUAGE sql
    AS $$ SELECT string_agg(v.rule || ' ' || v.detail, ', ' ORDER BY v.subject) FROM mjc.check_card_invariants(NULL) v $$;

-- The whole document, written out
UPDATE mjc.product SET name = 'Vanne "4 & 5" \ à gaz', name_ar = 'صمام ‏غاز', name_en = 'Gas valve', description = E'Ligne 1\nLigne 2\t</script>', description_ar = 'وصف', description_en = 'Text',
       short_description = 'Court', short_description_ar = 'قصير', short_description_en = 'Short', meta_title = 'T', meta_title_ar = 'ع', meta_title_en = 'E',
       meta_description = 'D', meta_description_ar = 'و', meta_description_en = 'X', manufacturer_ref = 'R-1', ean = '4006381333931', weight_g = 1250, warranty_months = 24,
       low_stock_qty = 2, max_stock_qty = 50, manufacturer_id = '00000000-0000-4000-c000-000000000001', kind_id = '00000000-0000-4000-e000-000000000001',
       is_featured = true, specifications = '{"DN": 20, "@": "00000000-0000-4000-c000-000000000001"}', features = '["\"@\":\"x", "3/4"]', dimensions = '{"h": 1.5}',
       rating_count = 3, rating_sum = 11, sale_price_centimes = 9050, created_at = '2026-01-02 03:04:05.678+00', updated_at = '2026-02-03 04:05:06.789+00'
 WHERE product_id = pg_temp.pid(1);
INSERT INTO mjc.product_image (product_id, image_id, url, alt_text, sort_order) VALUES
    (pg_temp.pid(1), '00000000-0000-4000-9000-000000000001', '/b.jpg', NULL, 2), (pg_temp.pid(1), '00000000-0000-4000-9000-000000000002', '/a.jpg', 'Vue de "face"', 1);
INSERT INTO mjc.product_attribute (product_id, attribute_id, number_value, text_value, boolean_value) VALUES
    (pg_temp.pid(1), '00000000-0000-4000-f000-000000000001', 15, NULL, NULL), (pg_temp.pid(1), '00000000-0000-4000-f000-000000000002', NULL, 'ro"uge', NULL),
    (pg_temp.pid(1), '00000000-0000-4000-f000-000000000003', NULL, NULL, false);
INSERT INTO mjc.product_paper (product_id, paper_id, kind, lang, title, url) VALUES (pg_temp.pid(1), '00000000-0000-4000-9000-000000000003', 'MANUAL', 'fr', 'Notice', '/n.pdf');
INSERT INTO mjc.cross_reference (product_id, cross_reference_id, kind, brand, number) VALUES (pg_temp.pid(1), gen_random_uuid(), 'OEM', 'Acme', '7828-765');
INSERT INTO mjc.fitment (product_id, boiler_model_id, note, variant_id, gas) VALUES
    (pg_temp.pid(1), pg_temp.model(2), 'avec joint', NULL, NULL), (pg_temp.pid(1), pg_temp.model(3), NULL, NULL, '{G20}'), (pg_temp.pid(1), pg_temp.model(3), 'b', NULL, '{G31}'),
    (pg_temp.pid(1), pg_temp.model(3), 'a', NULL, '{G30}'), (pg_temp.pid(1), pg_temp.model(4), NULL, NULL, NULL), (pg_temp.pid(1), pg_temp.model(5), NULL, NULL, NULL);
INSERT INTO mjc.fitment (product_id, boiler_model_id, fits, gas) VALUES (pg_temp.pid(1), pg_temp.model(4), false, NULL), (pg_temp.pid(1), pg_temp.model(5), false, '{G25}'),
    (pg_temp.pid(1), pg_temp.model(6), false, NULL);
SELECT mjc.stock_receive(pg_temp.pid(1), 7) \g /dev/null
SELECT format($j$ {"id": "00000000-0000-4000-8000-000000000001", "slug": "test-only-1", "sku": "TEST-ONLY-1", "name": "Vanne \"4 & 5\" \\ à gaz", "nameAr": "صمام ‏غاز", "nameEn": "Gas valve",
  "manufacturerRef": "R-1", "ean": "4006381333931", "description": "Ligne 1\nLigne 2\t</script>", "shortDescription": "Court",
  "price": 100.00, "salePrice": 90.50, "stockQuantity": 7, "minStock": 2, "maxStock": 50, "weight": 1.250, "warranty": 24, "condition": "NEW", "isActive": true, "isFeatured": true,
  "categoryId": "00000000-0000-4000-b000-000000000001", "manufacturerId": "00000000-0000-4000-c000-000000000001",
  "specifications": {"DN": 20, "@": "00000000-0000-4000-c000-000000000001"}, "features": ["\"@\":\"x", "3/4"], "dimensions": {"h": 1.5}, "metaTitle": "T", "metaDescription": "D",
  "createdAt": "2026-01-02T03:04:05.678Z", "updatedAt": "2026-02-03T04:05:06.789Z",
  "category": {"id": "00000000-0000-4000-b000-000000000001", "name": "Test parts", "slug": "test-only-parts", "nameAr": null, "nameEn": null},
  "manufacturer": {"id": "00000000-0000-4000-c000-000000000001", "name": "Acme \"Test\" \\ Co", "slug": "test-only-acme"}, "averageRating": 3.7, "reviewCount": 3,
  "images": [{"id": "00000000-0000-4000-9000-000000000002", "url": "/a.jpg", "altText": "Vue de \"face\"", "sortOrder": 1}%s]} $j$, '')::jsonb AS card \gset
SELECT :'card'::jsonb || $j$ {"images": [{"id": "00000000-0000-4000-9000-000000000002", "url": "/a.jpg", "altText": "Vue de \"face\"", "sortOrder": 1},
                                         {"id": "00000000-0000-4000-9000-000000000001", "url": "/b.jpg", "altText": null, "sortOrder": 2}],
  "descriptionAr": "وصف", "descriptionEn": "Text", "shortDescriptionAr": "قصير", "shortDescriptionEn": "Short", "metaTitleAr": "ع", "metaTitleEn": "E", "metaDescriptionAr": "و", "metaDescriptionEn": "X",
  "attributes": [{"code": "zz_boxed", "name": "Emballé", "nameAr": null, "nameEn": null, "type": "boolean", "unit": null, "value": false},
                 {"code": "zz_colour", "name": "Couleur", "nameAr": null, "nameEn": null, "type": "choice", "unit": null, "value": "ro\"uge"},
                 {"code": "zz_pressure", "name": "Pression", "nameAr": "ضغط", "nameEn": "Pressure", "type": "number", "unit": "bar", "value": 1.5}],
  "papers": [{"id": "00000000-0000-4000-9000-000000000003", "kind": "MANUAL", "lang": "fr", "title": "Notice", "url": "/n.pdf"}],
  "crossReferences": [{"kind": "OEM", "brand": "Acme", "number": "7828-765", "direction": "both"}], "crossReferenceCount": 1,
  "boilerModels": [{"id": "00000000-0000-4000-d000-000000000002", "name": "Zz model 002", "series": "Z", "type": "murale", "manufacturer": "Acme \"Test\" \\ Co", "notes": "avec joint", "conditional": false},
                   {"id": "00000000-0000-4000-d000-000000000003", "name": "Zz model 003", "series": "Z", "type": "murale", "manufacturer": "بيتا", "notes": "a ; b", "conditional": true},
                   {"id": "00000000-0000-4000-d000-000000000005", "name": "Zz model 005", "series": "Z", "type": "murale", "manufacturer": "بيتا", "notes": null, "conditional": false}],
  "boilerModelCount": 3, "kind": {"id": "00000000-0000-4000-e000-000000000001", "slug": "test-only-valve", "name": "Vanne", "nameAr": "صمام", "nameEn": "Valve"},
  "safetyClass": "STANDARD", "needsQualifiedInstaller": true, "supersededBy": null, "relatedProducts": []} $j$::jsonb AS page \gset
SELECT is(pg_temp.page(1), :'page'::jsonb, 'the page of a product that was never prebuilt');
SELECT is(pg_temp.card(1), :'card'::jsonb, 'and its card');
SELECT is((SELECT count(*) FROM mjc.product_card k WHERE k.product_id = pg_temp.pid(1)), 0::bigint, 'reading builds nothing');
SELECT pg_temp.changed(1) \g /dev/null
SELECT is((SELECT count(*) FROM mjc.product_card k WHERE k.product_id = pg_temp.pid(1)), 1::bigint, 'a change does');
SELECT is(pg_temp.page(1), :'page'::jsonb, 'the prebuilt page is the same');
SELECT is(pg_temp.card(1), :'card'::jsonb, 'and the card');
SELECT is((SELECT k.card::jsonb FROM mjc.product_cards(ARRAY[pg_temp.pid(1)], true) k), :'page'::jsonb - '{kind,safetyClass,needsQualifiedInstaller,supersededBy,relatedProducts}'::text[], 'a card with all images has what is stored of the page');
SELECT isnt(position('"name":"Vanne \"4 & 5\" \\ à gaz","nameAr":"صمام ‏غاز"' IN mjc_api.product_get(NULL, NULL, NULL, 'test-only-1', NULL)::text), 0, 'names byte for byte');
SELECT is((SELECT count(*) FROM json_object_keys(mjc_api.product_get(NULL, NULL, NULL, 'test-only-1', true) -> 'product') k), (SELECT count(DISTINCT k) FROM json_object_keys(mjc_api.product_get(NULL, NULL, NULL, 'test-only-1', true) -> 'product') k), 'no member twice');
SELECT is(pg_temp.broken(), NULL, 'the document is what would be rendered');

-- What is not part of it is right without a new one
SELECT k.refreshed_at AS built FROM mjc.product_card k WHERE k.product_id = pg_temp.pid(1) \gset
UPDATE mjc.category SET name = 'Autre', name_en = 'Other' WHERE slug = 'test-only-parts';
UPDATE mjc.manufacturer SET name = 'Acmé' WHERE slug = 'test-only-acme';
UPDATE mjc.attribute SET name = 'P', unit = 'hPa' WHERE code = 'zz_pressure';
UPDATE mjc.part_kind SET name = 'Vi', safety_class = 'STANDARD' WHERE slug = 'test-only-valve';
UPDATE mjc.product SET price_centimes = 12345, sale_from_at = now() + interval '1 day', rating_count = 0, rating_sum = 0, updated_at = '2026-03-01' WHERE product_id = pg_temp.pid(1);
SELECT mjc.stock_adjust(pg_temp.pid(1), -3, 'Essai') \g /dev/null
SELECT is(pg_temp.page(1) #> v.path::text[], v.value::jsonb, format('joined at read: %s', v.path))
  FROM (VALUES ('{category,name}', '"Autre"'), ('{category,nameEn}', '"Other"'), ('{manufacturer,name}', '"Acmé"'), ('{boilerModels,0,manufacturer}', '"Acmé"'), ('{attributes,2,name}', '"P"'),
               ('{attributes,2,unit}', '"hPa"'), ('{kind,name}', '"Vi"'), ('{needsQualifiedInstaller}', 'false'), ('{price}', '123.45'), ('{salePrice}', 'null'), ('{averageRating}', '0'), ('{reviewCount}', '0'),
               ('{stockQuantity}', '4'), ('{updatedAt}', '"2026-03-01T00:00:00.000Z"')) v (path, value);
SELECT is(pg_temp.broken(), NULL, 'and breaks no promise');
SELECT is((SELECT k.refreshed_at FROM mjc.product_card k WHERE k.product_id = pg_temp.pid(1)), :'built'::timestamptz, 'nothing was written for it');
UPDATE mjc.product SET safety_class = 'QUALIFIED' WHERE product_id = pg_temp.pid(1);
SELECT is(pg_temp.page(1) -> 'needsQualifiedInstaller', 'true', 'a part may be dangerous by itself');
UPDATE mjc.product SET rating_count = v.n, rating_sum = v.s FROM (VALUES (20, 89)) v (n, s) WHERE product_id = pg_temp.pid(1);
SELECT is((pg_temp.card(1) -> 'averageRating')::text, '4.5', '4.45 is 4.5');

-- What is part of it: each makes the promise break, and a refresh mends it
CREATE TEMP TABLE breach (n serial, statement text, part text);
INSERT INTO breach (statement, part) VALUES
    ('UPDATE mjc.product SET name_en = NULL WHERE product_id = $1', 'head'), ('UPDATE mjc.product SET description_ar = NULL WHERE product_id = $1', 'rest'),
    ('UPDATE mjc.product SET manufacturer_id = NULL WHERE product_id = $1', 'head'), ('UPDATE mjc.product SET features = ''[]'' WHERE product_id = $1', 'head'),
    ('DELETE FROM mjc.product_image WHERE product_id = $1 AND sort_order = 2', 'rest'), ('DELETE FROM mjc.product_image WHERE product_id = $1', 'cover, rest'),
    ('DELETE FROM mjc.product_paper WHERE product_id = $1', 'rest'), ('UPDATE mjc.cross_reference SET number = ''x'' WHERE product_id = $1', 'rest'),
    ('UPDATE mjc.product_attribute SET number_value = 16 WHERE product_id = $1 AND number_value IS NOT NULL', 'rest'), ('DELETE FROM mjc.product_attribute WHERE product_id = $1', 'rest, named'),
    ('UPDATE mjc.fitment SET note = ''y'' WHERE product_id = $1 AND note = ''avec joint''', 'rest'), ('DELETE FROM mjc.fitment WHERE product_id = $1', 'rest, named');
CREATE FUNCTION pg_temp.breaks(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    told text;
    mended text;
BEGIN
    BEGIN
        EXECUTE replace(statement, '$1', quote_literal(pg_temp.pid(1)));
        told := pg_temp.broken();
        PERFORM pg_temp.changed(1);
        mended := pg_temp.broken();
        RAISE EXCEPTION 'undo';
    EXCEPTION WHEN raise_exception THEN
    END;
    RETURN coalesce(told, 'kept') || coalesce(', then ' || mended, '');
END
$$;
SELECT is(pg_temp.breaks(statement), 'product_card differs in ' || part, statement) FROM breach ORDER BY n;

-- Bounds
INSERT INTO mjc.fitment (product_id, boiler_model_id) SELECT pg_temp.pid(2), pg_temp.model(n) FROM generate_series(1, 60) n;
INSERT INTO mjc.cross_reference (product_id, cross_reference_id, kind, number) SELECT pg_temp.pid(2), gen_random_uuid(), 'OEM', lpad(n::text, 4, '0') FROM generate_series(1, 101) n;
SELECT pg_temp.changed(2) \g /dev/null
SELECT is(jsonb_array_length(pg_temp.page(2) -> 'boilerModels'), 50, 'fifty boilers');
SELECT is(pg_temp.page(2) #>> '{boilerModels,49,name}', 'Zz model 050', 'the first by name');
SELECT is(pg_temp.page(2) -> 'boilerModelCount', '60', 'and how many there are');
SELECT is(jsonb_array_length(pg_temp.page(2) -> 'crossReferences'), 100, 'a hundred numbers');
SELECT is(pg_temp.page(2) -> 'crossReferenceCount', '101', 'and how many');
SELECT is(pg_temp.page(3) -> v.k, v.d::jsonb, format('nothing: %s', v.k))
  FROM (VALUES ('images', '[]'), ('boilerModels', '[]'), ('boilerModelCount', '0'), ('attributes', '[]'), ('papers', '[]'), ('crossReferences', '[]'), ('manufacturer', 'null'), ('manufacturerId', 'null'),
               ('kind', 'null'), ('weight', 'null'), ('salePrice', 'null'), ('stockQuantity', '0'), ('nameAr', 'null'), ('features', '[]'), ('specifications', '{}'), ('supersededBy', 'null')) v (k, d);

-- What replaced it
INSERT INTO mjc.supersession (product_id, relation, interchange, effective_on, note) VALUES (pg_temp.pid(3), 'KIT', 'TWO_WAY', '2026-01-01', 'avec vis');
INSERT INTO mjc.supersession_part (product_id, successor_id, qty) VALUES (pg_temp.pid(3), pg_temp.pid(4), 2), (pg_temp.pid(3), pg_temp.pid(5), 1);
SELECT pg_temp.changed(3) \g /dev/null
UPDATE mjc.product SET name = 'Nouveau' WHERE product_id = pg_temp.pid(5);
SELECT is(pg_temp.page(3) -> 'supersededBy', $j$ {"relation": "KIT", "interchange": "TWO_WAY", "effectiveOn": "2026-01-01", "note": "avec vis", "parts": [
    {"id": "00000000-0000-4000-8000-000000000004", "sku": "TEST-ONLY-4", "name": "Test part 4", "slug": "test-only-4", "nameAr": null, "nameEn": null, "isActive": true, "quantity": 2},
    {"id": "00000000-0000-4000-8000-000000000005", "sku": "TEST-ONLY-5", "name": "Nouveau", "slug": "test-only-5", "nameAr": null, "nameEn": null, "isActive": true, "quantity": 1}]} $j$::jsonb, 'what replaced it, as it is called now');

-- Many at once, the same twice, none, unknown ones, NULL
SELECT lives_ok($$SELECT mjc.product_changed(ARRAY[pg_temp.pid(6), pg_temp.pid(6), NULL, pg_temp.pid(99), pg_temp.pid(7)])$$, 'the same twice, nothing and an unknown one');
SELECT is((SELECT count(*) FROM mjc.product_card k WHERE k.product_id IN (pg_temp.pid(6), pg_temp.pid(7), pg_temp.pid(99))), 2::bigint, 'two documents');
SELECT lives_ok('SELECT mjc.product_changed(NULL)', 'nothing');
SELECT lives_ok($$SELECT mjc.product_changed('{}')$$, 'none');
SELECT is((SELECT string_agg(right(k.card ->> 'sku', 1), '' ORDER BY k.place) FROM mjc.product_cards(ARRAY[pg_temp.pid(7), pg_temp.pid(1), pg_temp.pid(8), pg_temp.pid(7), pg_temp.pid(99), NULL], false) k), '7187', 'cards in the order of the ids, with and without a document');
SELECT throws_ok($$SELECT mjc.card_json('x', '{}', 1, NULL, 1, true, now(), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, NULL, NULL, NULL)$$, 'XX000', NULL, 'a part that is no object');
SELECT throws_ok($$SELECT mjc.card_json(NULL, '{}', 1, NULL, 1, true, now(), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, NULL, NULL, NULL)$$, 'MJ003', NULL, 'a part that is missing');
SELECT is(mjc.card_json('{}', '{"b":{"@":"00000000-0000-0000-0000-000000000001"}}', 5, -105, -3, false, '-infinity', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, '{}', ARRAY['00000000-0000-0000-0000-000000000002']::uuid[], ARRAY['"a":1'])::text,
          '{"b":{"name":null},"price":0.05,"salePrice":-1.05,"stockQuantity":0,"isActive":false,"updatedAt":null,"category":null,"manufacturer":null,"averageRating":0.0,"reviewCount":0}', 'corners: nothing, less than nothing, an unknown name');

SELECT is(mjc.card_with(c, m)::text, w, format('%s with %s', c, m))
  FROM (VALUES ('{"a":1}'::json, '{"b": [{}]}'::json, '{"a":1,"b": [{}]}'), ('{}', '{"b": 2}', '{"b": 2}'), ('{"a":"}"}', '{}', '{"a":"}"}'), ('{}', '{}', '{}'), ('{"a":1}', NULL, NULL), (NULL, '{}', NULL)) v (c, m, w);
SELECT throws_ok(format('SELECT mjc.card_with(%L, %L)', c, m), 'XX000', NULL, format('%s and %s are not both objects', c, m)) FROM (VALUES ('[]', '{}'), ('{}', '1'), ('{}', 'null')) v (c, m);

-- The job
SELECT is(mjc.catalogue_fill(), (SELECT count(*) FROM mjc.product p WHERE p.sku LIKE 'TEST-ONLY-%' AND p.product_id NOT IN (SELECT pg_temp.pid(x) FROM unnest('{1,2,3,6,7}'::integer[]) x)), 'the job builds what is missing');
SELECT is(mjc.catalogue_fill(), 0::bigint, 'once');
DELETE FROM mjc.product_card;
SELECT is(mjc.catalogue_fill(100), 100::bigint, 'a batch');
SELECT is((SELECT sum(mjc.catalogue_fill(100))::bigint FROM generate_series(1, 3)), (SELECT count(*) - 100 FROM mjc.product), 'and all the others');
SELECT is(pg_temp.broken(), NULL, 'all are right');
-- What an older version derived, of which not all is right any more
UPDATE mjc.search_product SET derived_version = derived_version - 1, words = '' WHERE product_id IN (pg_temp.pid(1), pg_temp.pid(2), pg_temp.pid(3));
SELECT is(mjc.catalogue_fill(2), 2::bigint, 'rows of an older version');
SELECT is(mjc.catalogue_fill(2), 1::bigint, 'batch by batch');
SELECT is(mjc.catalogue_fill(2), 0::bigint, 'then none is left');
SELECT is((SELECT count(*) FROM mjc.search_product s WHERE s.words = '' OR s.derived_version <> mjc.derived_version()), 0::bigint, 'they are as this version derives them');
-- No table limits the maker's number of old rows
UPDATE mjc.product SET manufacturer_ref = (SELECT string_agg(md5(n::text), '') FROM generate_series(1, 200) n) WHERE product_id = pg_temp.pid(8);
DELETE FROM mjc.product_card WHERE product_id = pg_temp.pid(8);
SELECT is(mjc.catalogue_fill(), 1::bigint, 'a number that is none stops nobody');
SELECT is((SELECT string_agg(k.kind, ' ') FROM mjc.search_key k WHERE k.product_id = pg_temp.pid(8)), 'SKU', 'and is no key');
UPDATE mjc.product SET manufacturer_ref = NULL WHERE product_id = pg_temp.pid(8);
SELECT pg_temp.changed(8) \g /dev/null

-- Batches
SELECT is((SELECT string_agg(right(p ->> 'sku', 1), '' ORDER BY n) FROM json_array_elements(mjc_api.product_batch(ARRAY(SELECT pg_temp.pid(x)::text FROM unnest('{5,2,5,99,7}'::integer[]) x)) -> 'products') WITH ORDINALITY y (p, n)), '527', 'products of a batch, each once, in their order');
UPDATE mjc.product SET is_active = false WHERE product_id = pg_temp.pid(2);
SELECT is((SELECT string_agg(right(p ->> 'sku', 1), '') FROM json_array_elements(mjc_api.product_batch(ARRAY[pg_temp.pid(2), pg_temp.pid(5)]::text[]) -> 'products') p), '5', 'not one that is not sold');
SELECT is(mjc_api.product_batch('{}')::jsonb, '{"products": []}'::jsonb, 'of nothing');
SELECT is(json_array_length(mjc_api.product_batch(ARRAY(SELECT p.product_id::text FROM mjc.product p WHERE p.is_active ORDER BY p.product_id LIMIT 100)) -> 'products'), 100, 'a hundred');
SELECT throws_ok('SELECT mjc_api.product_batch(NULL)', 'MJ003', NULL, 'no list');
SELECT throws_ok($$SELECT mjc_api.product_batch(ARRAY(SELECT gen_random_uuid()::text FROM generate_series(1, 101)))$$, 'MJ006', NULL, 'more than a hundred');
SELECT throws_ok(format('SELECT mjc_api.product_batch(%L)', b), 'MJ010', NULL, format('ids %s', b)) FROM unnest(ARRAY['{x}', '{NULL}', '{""}']) b;

-- Lists know the stock at once, and the job copies it
CREATE FUNCTION pg_temp.shown(sort text DEFAULT 'name', direction text DEFAULT 'asc', in_stock boolean DEFAULT true) RETURNS text LANGUAGE sql
    AS $$ SELECT coalesce(string_agg(right(p ->> 'sku', 1), '' ORDER BY n), '') FROM json_array_elements(mjc_api.product_list(NULL, NULL, NULL, NULL, NULL, NULL, 'test-only-parts', NULL, NULL, NULL, NULL, NULL, NULL, in_stock, NULL, sort, direction) -> 'products') WITH ORDINALITY x (p, n) $$;
UPDATE mjc.product SET name = 'Zz ' || sku WHERE sku LIKE 'TEST-ONLY-%';
SELECT pg_temp.changed(1, 2, 3, 4, 5, 6, 7, 8, 9) \g /dev/null
SELECT mjc.stock_flip_fold(10000) \g /dev/null
SELECT is(pg_temp.shown(), '1', 'one is in stock');
SELECT mjc.stock_receive(pg_temp.pid(4), 2), mjc.stock_adjust(pg_temp.pid(1), -4, 'Essai'), mjc.stock_receive(pg_temp.pid(6), 1) \g /dev/null
SELECT mjc.stock_adjust(pg_temp.pid(6), -1, 'Essai') \g /dev/null
SELECT is((SELECT string_agg(right(sku, 1), '' ORDER BY sku) FROM mjc.product WHERE in_stock AND sku LIKE 'TEST-ONLY-%'), '1', 'the column is late');
SELECT is(pg_temp.shown(), '4', 'lists are not');
SELECT is(pg_temp.shown('stockQuantity', 'desc', NULL), '49876531', 'nor is their order');
SELECT cmp_ok(mjc.stock_flip_fold(), '>=', 3::bigint, 'the job takes what changed');
SELECT is((SELECT string_agg(right(sku, 1), '' ORDER BY sku) FROM mjc.product WHERE in_stock AND sku LIKE 'TEST-ONLY-%'), '4', 'and copies it');
SELECT is(mjc.stock_flip_fold(), 0::bigint, 'once');
SELECT is(pg_temp.shown(), '4', 'lists show the same');
SELECT mjc.stock_reserve(ARRAY[pg_temp.pid(4)], '{2}', interval '1 hour') \g /dev/null
SELECT is(pg_temp.shown(), '', 'all of it is held');
SELECT mjc.stock_flip_fold() \g /dev/null
SELECT is(pg_temp.shown(), '', 'the copy says so');
UPDATE mjc.reservation SET expires_at = clock_timestamp() - interval '1 second' WHERE product_id = pg_temp.pid(4);
UPDATE mjc.stock_flag SET next_expiry_at = clock_timestamp() - interval '1 second' WHERE product_id = pg_temp.pid(4);
SELECT pg_sleep(0.01) \g /dev/null
SELECT is(pg_temp.shown(), '4', 'a hold that lapsed, before anybody did anything');
SELECT is((SELECT now_in FROM mjc.stock_flips()), ARRAY[pg_temp.pid(4)], 'known from its flag');
SELECT mjc.stock_expire(100) \g /dev/null
SELECT cmp_ok(mjc.stock_flip_fold(), '>=', 1::bigint, 'once it was swept, the job copies it');
SELECT is((SELECT concat_ws(' ', f.in_stock, f.next_expiry_at IS NULL, p.in_stock) FROM mjc.stock_flag f JOIN mjc.product p USING (product_id) WHERE f.product_id = pg_temp.pid(4)), 't t t', 'for good');
SELECT is((SELECT concat_ws(' ', now_in, now_out) FROM mjc.stock_flips()), '', 'and nothing is to be looked up');

-- Counters: as a recount
SELECT mjc.partition_make('event', d::date) FROM unnest(ARRAY['2031-02-01', '2031-03-01', '2031-04-01']) d \g /dev/null
INSERT INTO mjc.visit (session_id, started_at, is_bot) VALUES ('00000000-0000-4000-a000-000000000001', '2031-02-20', false);
CREATE FUNCTION pg_temp.look(n integer, at timestamptz, times integer, bot boolean DEFAULT false, kind text DEFAULT 'view_item') RETURNS void LANGUAGE sql
    AS $$ INSERT INTO mjc.event (session_id, event_id, at, kind, product_id, is_bot) SELECT '00000000-0000-4000-a000-000000000001', gen_random_uuid(), at, kind, pg_temp.pid(n), bot FROM generate_series(1, times) $$;
CREATE FUNCTION pg_temp.counts() RETURNS text LANGUAGE sql
    AS $$ SELECT string_agg(right(sku, 1) || ':' || view_count || '/' || sold_count || '/' || popularity, ' ' ORDER BY sku) FROM mjc_report.product WHERE sku LIKE 'TEST-ONLY-%' AND view_count + sold_count + popularity > 0 $$;
CREATE FUNCTION pg_temp.recount() RETURNS SETOF text LANGUAGE sql
    AS $$ SELECT p.sku FROM mjc_report.product p WHERE p.view_count <> (SELECT count(*) FROM mjc.event e WHERE e.product_id = p.product_id AND e.kind = 'view_item' AND NOT e.is_bot) $$;
SELECT pg_temp.look(5, '2031-02-28 22:59:59.999+00', 3), pg_temp.look(5, '2031-02-28 23:00+00', 2), pg_temp.look(7, '2031-03-08', 4), pg_temp.look(7, '2031-03-08', 5, true), pg_temp.look(8, '2031-03-08', 1, false, 'add_to_cart') \g /dev/null
INSERT INTO mjc.sale_day SELECT 'product', d::date, pg_temp.pid(x)::text, 1, 0, u, r, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
  FROM (VALUES ('2031-03-08', 7, 4, 1), ('2030-12-09', 7, 10, 0), ('2030-12-10', 8, 2, 0), ('2031-03-01', 99, 5, 0)) v (d, x, u, r);
SELECT mjc.product_count('2031-03-09 12:00+00') \g /dev/null
SELECT is(pg_temp.counts(), '5:5/0/2 7:4/13/34 8:0/2/20', 'views, units, popularity; the last eight days and 90 days');
SELECT is((SELECT at FROM mjc.counted_until), '2031-02-28 23:00+00'::timestamptz, 'what is eight days old is counted for good');
SELECT is_empty('SELECT pg_temp.recount()', 'as a recount');
SELECT is(mjc.product_count('2031-03-09 12:00+00'), 0::bigint, 'again, it finds nothing new');
SELECT is(pg_temp.counts(), '5:5/0/2 7:4/13/34 8:0/2/20', 'and counts nothing twice');
SELECT pg_temp.look(5, '2031-03-02', 1) \g /dev/null
SELECT mjc.product_count('2031-03-09 12:30+00') \g /dev/null
SELECT is(pg_temp.counts(), '5:6/0/3 7:4/13/34 8:0/2/20', 'one that came late');
SELECT mjc.product_count('2031-03-20 12:00+00') \g /dev/null
SELECT is(pg_temp.counts(), '5:6/0/0 7:4/13/30 8:0/2/0', 'later: views stay, popularity goes');
SELECT is(mjc.product_count('2031-03-10'), 0::bigint, 'a clock that goes back counts nothing twice');
SELECT is_empty('SELECT pg_temp.recount()', 'as a recount again');
SELECT mjc.partition_drop('event', '2031-03-01') \g /dev/null
SELECT mjc.product_count('2031-04-01') \g /dev/null
SELECT is(pg_temp.counts(), '5:6/0/0 7:4/13/30 8:0/2/0', 'what is forgotten stays counted');
DELETE FROM mjc.sale_day WHERE key IN (SELECT pg_temp.pid(x)::text FROM generate_series(1, 99) x);
-- Stars without reviews and a class below that of the kind were made by hand.
UPDATE mjc.product SET rating_count = 0, rating_sum = 0, safety_class = 'QUALIFIED' WHERE product_id = pg_temp.pid(1);
SELECT pg_temp.changed(1) \g /dev/null
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');

SELECT * FROM finish();
ROLLBACK;
