-- article: products as staff describe them in one document; slugs, eans, files, stock, the audit.
BEGIN;
SELECT plan(304);
\ir fixture.psql
SELECT pg_temp.make_product(1, 100000), pg_temp.make_product(2, 50000) \g /dev/null
UPDATE mjc.setting SET text_value = 'http://localhost:3001 https://www.example.dz https://api.example.dz/api' WHERE name = 'file_origins';

-- A document of a good product, changed
CREATE FUNCTION pg_temp.good(change jsonb DEFAULT '{}') RETURNS jsonb
    LANGUAGE sql
    AS $$ SELECT '{"name": "Vanne gaz", "sku": "TEST-NEW-1", "categoryId": "test-only-parts", "price": 1500}' || change $$;
CREATE FUNCTION pg_temp.shown(id uuid, VARIADIC keys text[]) RETURNS text
    LANGUAGE sql
    AS $$ SELECT string_agg(coalesce(mjc.product_doc(id) ->> k, '-'), ' | ' ORDER BY o) FROM unnest(keys) WITH ORDINALITY u (k, o) $$;
CREATE FUNCTION pg_temp.audited(id uuid) RETURNS text
    LANGUAGE sql
    AS $$ SELECT string_agg(action, ' ' ORDER BY audit_id) FROM mjc.audit WHERE subject_id = id::text $$;

-- Check digits, reckoned by hand: 4 006381 33393 gives 1 (3*(0+6+8+3+3+3) = 69, 4+0+3+1+3+9 = 20, 89 to 90)
SELECT is(mjc.ean_valid(c), w, format('ean %s', coalesce(c, 'NULL')))
  FROM (VALUES ('4006381333931', true), ('4006381333930', false), ('4006381333932', false), ('73513537', true), ('73513538', false),
               ('036000291452', true), ('036000291453', false), ('10614141000415', true), ('10614141000416', false), ('00000000', true),
               ('', false), ('4', false), ('400638133393', false), ('40063813339311', false), ('400638133393x', false), ('٧٣٥١٣٥٣٧', false), (NULL, NULL)) v (c, w);
-- Every digit counts: one that is another is found, and so is a change of place of neighbours that differ by no five
SELECT is(count(*) FILTER (WHERE mjc.ean_valid(overlay('4006381333931' PLACING d::text FROM n FOR 1))), 13::bigint, 'of all texts with one other digit none is an ean')
  FROM generate_series(1, 13) n, generate_series(0, 9) d;

SELECT is(mjc.slug_of(n), w, format('slug of %s', n))
  FROM (VALUES ('Chaudière à gaz', 'chaudiere-a-gaz'), ('L''Été  d’œuvre', 'l-ete-d-oeuvre'), ('--A__B--', 'a-b'), ('سخان ماء', NULL), ('', NULL), ('15 mm', '15-mm'), ('16-07', '16-07'), ('00000000-0000-4000-8000-0000000000ff', NULL), ('00000000-0000-4000-8000-0000000000FF', NULL), ('00000000-0000-4000-8000-0000000000ff-1', '00000000-0000-4000-8000-0000000000ff-1')) v (n, w);
-- {"a": "n letters"} is a text of 9 + n characters
SELECT is(mjc.object_fault(o), w, format('an object of a product, %s', left(o::text, 40)))
  FROM (VALUES ('{}'::jsonb, NULL), ('{"a": 1, "b": null}', NULL), ('{"": 1}', 'ARGUMENT_INVALID'), (jsonb_build_object('', repeat('x', 92)), 'ARGUMENT_INVALID'), (jsonb_build_object('', repeat('x', 93)), 'ARGUMENT_INVALID'),
               (jsonb_build_object(repeat('k', 100), 1), NULL), (jsonb_build_object(repeat('k', 101), 1), 'ARGUMENT_INVALID'),
               ((SELECT jsonb_object_agg(i, 1) FROM generate_series(1, 100) i), NULL), ((SELECT jsonb_object_agg(i, 1) FROM generate_series(1, 101) i), 'ARGUMENT_RANGE'),
               (jsonb_build_object('a', repeat('x', 19991)), NULL), (jsonb_build_object('a', repeat('x', 19992)), 'ARGUMENT_RANGE'), (NULL, NULL)) v (o, w);
SELECT is(mjc.slug_beside('a', t), w, format('beside %s', t)) FROM (VALUES ('{}'::text[], 'a'), ('{a}', 'a-2'), ('{a,a-2,a-4}', 'a-3'), ('{b}', 'a')) v (t, w);
SELECT is(mjc.slug_beside(NULL, '{}'), NULL, 'of nothing nothing');
SELECT is(mjc.product_slug(w, n, s, mjc.no_uuid()), r, format('%s %s %s', w, n, s))
  FROM (VALUES ('chaudi-re', 'Chaudière', 'X-1', 'chaudi-re'), (NULL, 'Chaudière', 'X-1', 'chaudiere'), ('---', 'سخان', 'X 1/b', 'x-1-b'), (NULL, NULL, '؟؟', 'piece'),
               ('featured', 'x', 'y', 'featured-2'), ('00000000-0000-4000-8000-0000000000ff', 'x', 'y', 'x'),
               ('test-only-1', 'x', 'y', 'test-only-1-2'), (repeat('ab', 200), 'x', 'y', repeat('ab', 50))) v (w, n, s, r);
SELECT is(mjc.product_slug('test-only-1', 'x', 'y', pg_temp.pid(1)), 'test-only-1', 'its own slug is not taken');

SELECT is(mjc.file_url(u), w, format('file %s', u))
  FROM (VALUES ('/files/a.jpg', '/files/a.jpg'), ('/images/a.jpg', '/files/a.jpg'), ('http://localhost:3001/files/a-1_b.webp', '/files/a-1_b.webp'), ('HTTPS://www.example.dz/files/a.jpg', NULL),
               ('https://WWW.example.dz/api/v1/files/a.jpg', '/files/a.jpg'), ('https://api.example.dz/api/files/a.jpg', '/files/a.jpg'), ('https://api.example.dz/api/api/v1/images/a.jpg', '/files/a.jpg'),
               ('https://api.example.dz/files/a.jpg', 'https://api.example.dz/files/a.jpg'), ('https://www.example.dz.evil.example/files/a.jpg', 'https://www.example.dz.evil.example/files/a.jpg'),
               ('&#x2F;files&#x2F;a.jpg', '/files/a.jpg'), ('https://cdn.example/x/a.jpg?w=1', 'https://cdn.example/x/a.jpg?w=1'), ('https://www.example.dz/logo.png', 'https://www.example.dz/logo.png'),
               ('/files/../etc/passwd', NULL), ('/files/a/b.jpg', NULL), ('/files/.hidden', NULL), ('/etc/passwd', NULL), ('javascript:alert(1)', NULL), ('data:image/png;base64,AA', NULL), ('//evil.example/a.jpg', NULL),
               ('https://x.example/"onerror=', NULL), ('https://x.example/a b', NULL), ('ftp://x.example/a', NULL), ('', NULL), (NULL, NULL), ('https://' || repeat('x', 1000) || '.dz/', NULL)) v (u, w);

-- What a form sends
SELECT is(mjc.doc_form('{"a": "", "b": "  ", "c": "x", "d": 0, "e": null, "f": []}'), '{"a": null, "b": null, "c": "x", "d": 0, "e": null, "f": []}', 'a field left empty is none');
SELECT is(mjc.doc_form('{}'), '{}', 'an empty form');
SELECT pg_temp.refused(format('SELECT mjc.doc_form(%L)', d), c, 'document', coalesce(d, 'NULL')) FROM (VALUES (NULL, 'MJ003'), ('[]', 'MJ010'), ('"x"', 'MJ010'), ('null', 'MJ010'), ('7', 'MJ010')) v (d, c);
SELECT is(mjc.doc_features(jsonb_build_object('features', f)), w, format('features %s', f))
  FROM (VALUES ('"a, b ,,c"'::jsonb, '["a", "b", "c"]'::jsonb), ('"a\nb"', '["a", "b"]'), ('["a, b", " c ", ""]', '["a, b", "c"]'), ('[]', '[]')) v (f, w);
SELECT pg_temp.refused(format('SELECT mjc.doc_features(%L)', jsonb_build_object('features', f)), c, 'features', left(f::text, 20))
  FROM (VALUES ('7'::jsonb, 'MJ010'), ('{}', 'MJ010'), ('[1]', 'MJ010'), ('[null]', 'MJ010'), (to_jsonb(array_fill('x'::text, ARRAY[101])), 'MJ006'), (to_jsonb(ARRAY[repeat('x', 501)]), 'MJ006')) v (f, c);
SELECT is(mjc.doc_object(jsonb_build_object('o', o), 'o'), w, format('object %s', o))
  FROM (VALUES ('{"a": 1}'::jsonb, '{"a": 1}'::jsonb), ('"{\"Puissance\": \"24 kW\", \"n\": -1.50, \"b\": true, \"x\": null}"', '{"Puissance": "24 kW", "n": -1.50, "b": true, "x": null}'), ('"{}"', '{}'), ('" { } "', '{}'),
               (to_jsonb('{"q": "a \"b\" \\ \u00e9 \n سخان"}'::text), jsonb_build_object('q', E'a "b" \\ é \n سخان')), ('{"deep": {"a": [1]}}', '{"deep": {"a": [1]}}')) v (o, w);
SELECT pg_temp.refused(format('SELECT mjc.doc_object(%L, %L)', jsonb_build_object('o', o), 'o'), c, 'o', left(o::text, 40))
  FROM (VALUES ('7'::jsonb, 'MJ010'), ('[]', 'MJ010'), ('"x"', 'MJ010'), ('"{"', 'MJ010'), ('"{\"a\"}"', 'MJ010'), ('"{\"a\": 1,}"', 'MJ010'), ('"{\"a\": 1e999999}"', 'MJ010'), ('"{\"a\": 01}"', 'MJ010'),
               ('"{\"a\": \"\\u0000\"}"', 'MJ010'), ('"{\"a\": \"\\ud800\"}"', 'MJ010'), ('"{\"a\": {\"b\": 1}}"', 'MJ010'), ('"{\"a\": 1} x"', 'MJ010'), (jsonb_build_object(repeat('k', 101), 1), 'MJ010'), ('{"": 1}', 'MJ010'),
               ((SELECT jsonb_object_agg('k' || n, 1) FROM generate_series(1, 101) n), 'MJ006'), (jsonb_build_object('k', repeat('x', 20000)), 'MJ006')) v (o, c);
SELECT is(mjc.doc_images('{"images": ["/files/a.jpg", {"url": "http://localhost:3001/files/b.jpg", "altText": "B", "sortOrder": 0, "id": "x"}]}'),
          '[{"url": "/files/a.jpg", "sortOrder": 0}, {"url": "/files/b.jpg", "altText": "B", "sortOrder": 1}]', 'images: addresses and objects; two of one place are numbered as they stand');
SELECT is(mjc.doc_images('{"images": [{"url": "/files/a.jpg", "sortOrder": 9}, {"url": "/files/b.jpg", "sortOrder": 3, "altText": ""}]}'),
          '[{"url": "/files/b.jpg", "sortOrder": 3}, {"url": "/files/a.jpg", "sortOrder": 9}]', 'in the order of their places');
SELECT pg_temp.refused(format('SELECT mjc.doc_images(%L)', jsonb_build_object('images', i)), c, a, left(i::text, 40))
  FROM (VALUES ('"/files/a.jpg"'::jsonb, 'MJ010', 'images'), ('[7]', 'MJ010', 'url'), ('[""]', 'MJ006', 'url'), ('["x"]', 'MJ010', 'url'), ('[{}]', 'MJ003', 'url'), ('[{"url": null}]', 'MJ003', 'url'), ('[null]', 'MJ003', 'url'),
               ('[{"url": "/files/a.jpg", "productId2": 1}]', 'MJ010', 'productId2'), ('[{"url": "/files/a.jpg", "sortOrder": -1}]', 'MJ006', 'sortOrder'), ('[{"url": "/files/a.jpg", "altText": 7}]', 'MJ010', 'altText'),
               (to_jsonb(array_fill('/files/a.jpg'::text, ARRAY[51])), 'MJ006', 'images')) v (i, c, a);
SELECT is(mjc.doc_papers('{"papers": [{"kind": "MANUAL", "lang": "fr", "title": "Notice", "url": "/files/n.pdf"}]}'), '[{"kind": "MANUAL", "lang": "fr", "title": "Notice", "url": "/files/n.pdf", "sortOrder": 0}]', 'a paper');
SELECT pg_temp.refused(format('SELECT mjc.doc_papers(%L)', jsonb_build_object('papers', '[{"kind": "MANUAL", "title": "Notice", "url": "/files/n.pdf"}]'::jsonb #- ARRAY['0', CASE WHEN v.w = '-' THEN v.k END] || '[]')), c, v.k, 'a paper without ' || v.k)
  FROM (VALUES ('kind', '-', 'MJ003'), ('title', '-', 'MJ003'), ('url', '-', 'MJ003')) v (k, w, c);
SELECT pg_temp.refused(format('SELECT mjc.doc_papers(%L)', jsonb_build_object('papers', jsonb_build_array('{"kind": "MANUAL", "title": "Notice", "url": "/files/n.pdf"}' || p))), c, a, p::text)
  FROM (VALUES ('{"kind": "BOOK"}'::jsonb, 'MJ010', 'kind'), ('{"lang": "de"}', 'MJ010', 'lang'), ('{"title": ""}', 'MJ006', 'title'), ('{"url": "x"}', 'MJ010', 'url'), ('{"pages": 3}', 'MJ010', 'pages')) v (p, c, a);

-- A product as the admin form sends it
SELECT mjc.product_create('{"name": "Vanne gaz d''été", "slug": "vanne-gaz-d-t", "sku": "TEST-FORM-1", "categoryId": "00000000-0000-4000-b000-000000000001", "price": 1500.50, "stockQuantity": 7, "isActive": true, "isFeatured": false,
    "description": "Deux\nlignes", "salePrice": 1200, "manufacturerId": "Test Marque Été", "features": "laiton, 3/4 pouce", "specifications": "{\"Pression\": \"20 mbar\"}", "images": ["http://localhost:3001/files/v.jpg"]}') AS p \gset
SELECT is(pg_temp.shown(:'p', 'slug', 'price', 'salePrice', 'description', 'features', 'specifications', 'images', 'isActive', 'isFeatured', 'taxRate', 'minStock', 'safetyClass', 'condition'),
    'vanne-gaz-d-t | 1500.50 | 1200.00 | ' || E'Deux\nlignes' || ' | ["laiton", "3/4 pouce"] | {"Pression": "20 mbar"} | [{"url": "/files/v.jpg", "sortOrder": 0}] | true | false | 19.00 | 5 | STANDARD | NEW', 'what the form says, and the defaults');
SELECT results_eq(format('SELECT price_centimes, sale_price_centimes, category_id FROM mjc.product WHERE product_id = %L', :'p'), $$VALUES (150050::bigint, 120000::bigint, '00000000-0000-4000-b000-000000000001'::uuid)$$, 'prices in centimes');
SELECT results_eq(format('SELECT m.name, m.slug FROM mjc.product p JOIN mjc.manufacturer m USING (manufacturer_id) WHERE p.product_id = %L', :'p'), $$VALUES ('Test Marque Été', 'test-marque-ete')$$, 'a manufacturer of a new name is made');
SELECT is(mjc.available(:'p'), 7::bigint, 'its first units came in');
SELECT results_eq(format('SELECT kind, qty, reason FROM mjc.stock_ledger WHERE product_id = %L', :'p'), $$VALUES ('receive', 7, 'Stock initial')$$, 'by the rule of the stock');
SELECT is(pg_temp.audited(:'p'), 'product_create stock_receive', 'both are in the audit');
SELECT is((SELECT after ->> 'sku' FROM mjc.audit WHERE action = 'product_create' AND subject_id = :'p'), 'TEST-FORM-1', 'with the product as it is');
SELECT is((SELECT count(*) FROM mjc.audit WHERE action = 'manufacturer_set' AND subject_id = (mjc.product_doc(:'p') ->> 'manufacturerId')), 1::bigint, 'and its manufacturer');

-- The least that is needed
SELECT mjc.product_create(pg_temp.good()) AS q \gset
SELECT is(pg_temp.shown(:'q', 'slug', 'manufacturerId', 'images', 'features', 'specifications', 'stockQuantity'), 'vanne-gaz | - | [] | [] | {} | -', 'the least');
SELECT is((SELECT count(*) FROM mjc.stock_ledger WHERE product_id = :'q'), 0::bigint, 'without units nothing comes in');
SELECT mjc.product_create(pg_temp.good('{"sku": "TEST-NEW-2"}')) AS q2, mjc.product_create(pg_temp.good('{"sku": "TEST-NEW-3", "slug": "vanne-gaz"}')) AS q3, mjc.product_create(pg_temp.good('{"sku": "سخان 4", "name": "سخان", "slug": "-"}')) AS q4 \gset
SELECT is(concat_ws(' ', pg_temp.shown(:'q2', 'slug'), pg_temp.shown(:'q3', 'slug'), pg_temp.shown(:'q4', 'slug', 'name')), 'vanne-gaz-2 vanne-gaz-3 4 | سخان', 'the same name gets a slug of its own, an Arabic one that of its sku');

-- Everything
SELECT mjc.part_kind_set('test-kind', '{"name": "Vannes", "safetyClass": "ELECTRICAL"}') AS kind \gset
SELECT mjc.product_create(pg_temp.good('{"sku": "TEST-ALL-1", "nameAr": "صمام", "nameEn": "Valve", "ean": "4 006381-333931", "manufacturerRef": "R-1", "manufacturerId": "test-marque-ete", "kindId": "test-kind",
    "descriptionAr": "وصف", "descriptionEn": "Text", "shortDescription": "Court", "shortDescriptionAr": "قصير", "shortDescriptionEn": "Short", "salePrice": 1000, "saleFrom": "2030-01-01", "saleUntil": "2030-02-01", "minPrice": 900, "costPrice": 700.25,
    "taxRate": 9, "minStock": 2, "maxStock": 50, "weight": 1.25, "warranty": 24, "condition": "REFURBISHED", "dimensions": {"L": 10}, "metaTitle": "T", "metaTitleAr": "ع", "metaTitleEn": "E", "metaDescription": "D",
    "metaDescriptionAr": "و", "metaDescriptionEn": "X", "safetyClass": "QUALIFIED", "isActive": false, "isFeatured": true, "papers": [{"kind": "MANUAL", "title": "Notice", "url": "/files/n.pdf"}], "id": "x", "reviewCount": 5, "averageRating": 5, "category": {}}')) AS all \gset
SELECT is(pg_temp.shown(:'all', 'nameAr', 'nameEn', 'ean', 'manufacturerRef', 'descriptionAr', 'shortDescriptionEn', 'costPrice', 'minPrice', 'taxRate', 'minStock', 'maxStock', 'weight', 'warranty', 'condition', 'dimensions', 'metaTitleAr', 'metaDescriptionEn', 'safetyClass', 'isActive', 'isFeatured'),
    'صمام | Valve | 4006381333931 | R-1 | وصف | Short | 700.25 | 900.00 | 9.00 | 2 | 50 | 1.250 | 24 | REFURBISHED | {"L": 10} | ع | X | QUALIFIED | false | true', 'everything is kept');
SELECT is((SELECT rating_count FROM mjc.product WHERE product_id = :'all'), 0, 'what only replies show is not taken from there');
SELECT is(mjc.product_update(:'all', mjc.product_doc(:'all')), mjc.product_doc(:'all'), 'a product sent back as it is stays');
SELECT is(pg_temp.audited(:'all'), 'product_create', 'and that is no change');
SELECT is(mjc.product_create(mjc.product_doc(:'all') - '{sku,ean,slug}'::text[] || '{"sku": "TEST-ALL-2"}') IS NOT NULL, true, 'a copy of it is a product');
SELECT is((SELECT mjc.product_doc(a.product_id) - '{sku,ean,slug}'::text[] FROM mjc.product a WHERE sku = 'TEST-ALL-2'), mjc.product_doc(:'all') - '{sku,ean,slug}'::text[], 'that says the same');

-- Changes
SELECT is(mjc.product_update(:'q', '{"isFeatured": true}') ->> 'isFeatured', 'true', 'a toggle');
SELECT is((SELECT before || jsonb_build_object('to', after) FROM mjc.audit WHERE action = 'product_update' AND subject_id = :'q'), '{"isFeatured": false, "to": {"isFeatured": true}}', 'is all that the audit says');
SELECT is(mjc.product_update(:'q', '{"price": 1600, "salePrice": 1500, "name": "Vanne gaz 3/4"}') ->> 'slug', 'vanne-gaz', 'the address stays when the name changes');
SELECT is((SELECT price_centimes FROM mjc.product_price_past WHERE product_id = :'q'), 150000::bigint, 'the old price is past');
SELECT is(pg_temp.audited(:'q'), 'product_create product_update price_set product_update', 'prices have their own entry');
SELECT is(pg_temp.shown(:'q', 'salePrice') || ' ' || (mjc.product_update(:'q', '{"salePrice": null}') ->> 'salePrice' IS NULL), '1500.00 true', 'null ends a sale');
SELECT is(mjc.product_update(:'q', '{"salePrice": 1500}') ->> 'salePrice', '1500.00', 'a sale again');
SELECT is(mjc.product_update(:'q', '{"salePrice": 0}') ->> 'salePrice', NULL, 'so does the 0 that old pages send back');
SELECT is(mjc.product_update(:'all', '{"salePrice": null}') ->> 'saleFrom', NULL, 'and its dates');
SELECT is(mjc.product_update(:'q', '{"slug": "Vanne Spéciale"}') ->> 'slug', 'vanne-speciale', 'an address is made of what was typed');
SELECT is(mjc.product_update(:'q', '{"slug": "vanne-gaz-2"}') ->> 'slug', 'vanne-gaz-2-2', 'that of another gets a number');
SELECT is(mjc.product_update(:'q', '{"slug": "vanne-gaz-2"}') ->> 'slug', 'vanne-gaz-2-2', 'which stays when it is asked for again');
SELECT is(mjc.product_update(:'q', '{"description": "", "slug": ""}') ->> 'slug', 'vanne-gaz-2-2', 'an empty address is none');
SELECT is(mjc.product_update(:'q', '{"manufacturerId": "TEST marque ete"}') ->> 'manufacturerId', mjc.product_doc(:'p') ->> 'manufacturerId', 'a name in other letters is the same manufacturer');
SELECT is(mjc.product_update(:'q', '{"manufacturerId": null}') ->> 'manufacturerId', NULL, 'null is none');
SELECT is(mjc.product_update(:'q', '{"manufacturerId": "ماركة"}') ->> 'manufacturerId', mjc.product_update(:'q2', '{"manufacturerId": "ماركة"}') ->> 'manufacturerId', 'an Arabic name is one manufacturer too');
SELECT is(mjc.product_update(:'q', '{"sku": "TEST-NEW-9", "ean": "73513537"}') ->> 'ean', '73513537', 'sku and ean change');
SELECT is(mjc.product_update(:'q', '{"ean": null}') ->> 'ean', NULL, 'and go');
SELECT is(mjc.product_update(:'q', '{"features": null, "specifications": null, "images": null}') -> 'specifications', '{}', 'null empties a list');

-- Images: all are replaced, one that stays keeps its id
SELECT image_id AS img FROM mjc.product_image WHERE product_id = :'p' \gset
SELECT is(mjc.product_update(:'p', '{"images": ["/files/w.jpg", "/files/v.jpg", "/files/v.jpg"]}') -> 'images' -> 1 ->> 'url', '/files/v.jpg', 'images are replaced');
SELECT results_eq(format('SELECT url, sort_order, image_id = %L FROM mjc.product_image WHERE product_id = %L ORDER BY sort_order', :'img', :'p'), $$VALUES ('/files/w.jpg', 0, false), ('/files/v.jpg', 1, true), ('/files/v.jpg', 2, false)$$, 'one that stays keeps its id, once');
SELECT is(mjc.product_update(:'p', '{"name": "Vanne"}') -> 'images', mjc.product_doc(:'p') -> 'images', 'whoever does not name them keeps them');
SELECT is(jsonb_array_length(mjc.product_update(:'p', '{"images": []}') -> 'images'), 0, 'an empty list is none');

-- What is refused, each alone
SELECT pg_temp.refused(format('SELECT mjc.product_create(%L)', pg_temp.good(d)), c, a, left(d::text, 60))
  FROM (VALUES ('{"sku": "TEST-BAD", "name": null}'::jsonb, 'MJ003', 'name'), ('{"sku": "TEST-BAD", "name": ""}', 'MJ003', 'name'), ('{"sku": "TEST-BAD", "name": "x"}', 'MJ006', 'name'), (jsonb_build_object('sku', 'TEST-BAD', 'name', repeat('x', 256)), 'MJ006', 'name'),
               ('{"sku": "TEST-BAD", "name": 7}', 'MJ010', 'name'), ('{"sku": "TEST-BAD", "name": "a\nb"}', 'MJ010', 'name'), ('{"sku": null}', 'MJ003', 'sku'), ('{"sku": "x"}', 'MJ006', 'sku'), (jsonb_build_object('sku', repeat('x', 51)), 'MJ006', 'sku'),
               ('{"sku": "TEST-BAD", "categoryId": null}', 'MJ003', 'categoryId'), ('{"sku": "TEST-BAD", "categoryId": "no-such"}', 'MJ010', 'categoryId'), ('{"sku": "TEST-BAD", "categoryId": "00000000-0000-4000-8000-0000000000ff"}', 'MJ010', 'categoryId'),
               ('{"sku": "TEST-BAD", "categoryId": 7}', 'MJ010', 'categoryId'), ('{"sku": "TEST-BAD", "price": null}', 'MJ003', 'price'), ('{"sku": "TEST-BAD", "price": -1}', 'MJ006', 'price'), ('{"sku": "TEST-BAD", "price": "1"}', 'MJ010', 'price'), ('{"sku": "TEST-BAD", "price": 0.001}', 'MJ010', 'price'),
               ('{"sku": "TEST-BAD", "salePrice": 1500}', 'MJ006', 'salePrice'), ('{"sku": "TEST-BAD", "salePrice": -1}', 'MJ006', 'salePrice'), ('{"sku": "TEST-BAD", "saleFrom": "2030-01-01"}', 'MJ003', 'salePrice'), ('{"sku": "TEST-BAD", "costPrice": -1}', 'MJ006', 'costPrice'),
               ('{"sku": "TEST-BAD", "taxRate": 101}', 'MJ006', 'taxRate'), ('{"sku": "TEST-BAD", "stockQuantity": -1}', 'MJ006', 'stockQuantity'), ('{"sku": "TEST-BAD", "stockQuantity": 1.5}', 'MJ010', 'stockQuantity'), ('{"sku": "TEST-BAD", "stockQuantity": 1000001}', 'MJ006', 'stockQuantity'),
               ('{"sku": "TEST-BAD", "minStock": -1}', 'MJ006', 'minStock'), ('{"sku": "TEST-BAD", "maxStock": -1}', 'MJ006', 'maxStock'), ('{"sku": "TEST-BAD", "weight": -1}', 'MJ006', 'weight'), ('{"sku": "TEST-BAD", "weight": 0.0001}', 'MJ010', 'weight'), ('{"sku": "TEST-BAD", "warranty": 601}', 'MJ006', 'warranty'),
               ('{"sku": "TEST-BAD", "condition": "BROKEN"}', 'MJ010', 'condition'), ('{"sku": "TEST-BAD", "safetyClass": "NONE"}', 'MJ010', 'safetyClass'), ('{"sku": "TEST-BAD", "isActive": "true"}', 'MJ010', 'isActive'), ('{"sku": "TEST-BAD", "isActive": null}', 'MJ010', 'isActive'), ('{"sku": "TEST-BAD", "isActive": " "}', 'MJ010', 'isActive'), ('{"sku": "TEST-BAD", "isFeatured": 1}', 'MJ010', 'isFeatured'),
               ('{"sku": "TEST-BAD", "slug": 7}', 'MJ010', 'slug'), (jsonb_build_object('sku', 'TEST-BAD', 'slug', repeat('x', 256)), 'MJ006', 'slug'), ('{"sku": "TEST-BAD", "ean": 7}', 'MJ010', 'ean'), ('{"sku": "TEST-BAD", "ean": "4006381333930"}', 'MJ823', ''),
               ('{"sku": "TEST-BAD", "manufacturerId": 7}', 'MJ010', 'manufacturerId'), ('{"sku": "TEST-BAD", "manufacturerId": "00000000-0000-4000-8000-0000000000ff"}', 'MJ010', 'manufacturerId'), ('{"sku": "TEST-BAD", "kindId": "no-such"}', 'MJ010', 'kindId'), ('{"sku": "TEST-BAD", "kindId": []}', 'MJ010', 'kindId'),
               ('{"sku": "TEST-BAD", "attributes": []}', 'MJ010', 'attributes'), ('{"sku": "TEST-BAD", "attributes": {"no_such": 1}}', 'MJ010', 'attributes'), ('{"sku": "TEST-BAD", "description": "a\u0007b"}', 'MJ010', 'description'), (jsonb_build_object('sku', 'TEST-BAD', 'description', repeat('x', 20001)), 'MJ006', 'description'),
               ('{"sku": "TEST-BAD", "metaTitle": []}', 'MJ010', 'metaTitle'), ('{"sku": "TEST-BAD", "rating_count": 5}', 'MJ010', 'rating_count'), ('{"sku": "TEST-BAD", "viewCount": 5}', 'MJ010', 'viewCount'), ('{"sku": "TEST-BAD", "<b>": 5}', 'MJ010', 'document'),
               ('{"sku": "TEST-ONLY-1"}', 'MJ821', ''), ('{"sku": " TEST-ONLY-1 "}', 'MJ821', ''), ('{"sku": "TEST-BAD", "ean": "4006381333931"}', 'MJ822', ''), ('{"sku": "TEST-BAD", "kindId": "test-kind", "safetyClass": "STANDARD"}', 'MJ832', '')) v (d, c, a);
SELECT pg_temp.refused(format('SELECT mjc.product_create(%L)', d), c, 'document', coalesce(d, 'NULL')) FROM (VALUES (NULL, 'MJ003'), ('[]', 'MJ010'), ('"x"', 'MJ010')) v (d, c);
SELECT is((SELECT count(*) FROM mjc.product WHERE sku = 'TEST-BAD'), 0::bigint, 'nothing of it is there');
SELECT pg_temp.refused(format('SELECT mjc.product_update(pg_temp.pid(1), %L)', d), c, a, d)
  FROM (VALUES ('{"sku": "TEST-ONLY-2"}', 'MJ821', ''), ('{"ean": "4006381333931"}', 'MJ822', ''), ('{"name": null}', 'MJ003', 'name'), ('{"price": null}', 'MJ003', 'price'), ('{"price": -1}', 'MJ006', 'price'), ('{"categoryId": "x"}', 'MJ010', 'categoryId'),
               ('{"salePrice": 1000}', 'MJ006', 'salePrice'), ('{"stockQuantity": -1}', 'MJ006', 'stockQuantity'), ('{"costprice": 1}', 'MJ010', 'costprice'), (NULL, 'MJ003', 'document')) v (d, c, a);
SELECT throws_ok(format('SELECT %s', s), 'MJ107', NULL, s) FROM unnest(ARRAY[$$mjc.product_update(pg_temp.pid(9), '{"name": "Vanne"}')$$, $$mjc.product_update(NULL, '{"name": "Vanne"}')$$, 'mjc.product_delete(pg_temp.pid(9))', 'mjc.product_delete(NULL)']) s;
SELECT is(pg_temp.audited(pg_temp.pid(1)), NULL, 'a refused change leaves no trace');

-- Stock: the form sends the number that it was opened with
SELECT is(mjc.available(:'p'), 7::bigint, 'seven units');
SELECT mjc.product_update(:'p', '{"name": "Vanne", "stockQuantity": 7}') \g /dev/null
SELECT is((SELECT count(*) FROM mjc.stock_ledger WHERE product_id = :'p'), 1::bigint, 'the number that is shown is no count');
SELECT mjc.product_update(:'p', '{"name": "Vanne", "stockQuantity": 10}') \g /dev/null
SELECT is(mjc.available(:'p') || ' ' || (SELECT string_agg(kind || ' ' || qty || ' ' || reason, ', ' ORDER BY seq) FROM mjc.stock_ledger WHERE product_id = :'p'), '10 receive 7 Stock initial, adjust 3 Fiche produit', 'another one is booked');
SELECT mjc.stock_reserve(ARRAY[:'p']::uuid[], '{4}') AS hold \gset
SELECT is(mjc.available(:'p'), 6::bigint, 'customers take four');
SELECT mjc.product_update(:'p', '{"name": "Vanne bis", "stockQuantity": 10}') \g /dev/null
SELECT is(mjc.available(:'p'), 6::bigint, 'a form that was opened before brings them not back');
SELECT mjc.product_update(:'p', '{"name": "Vanne bis", "stockQuantity": 8}') \g /dev/null
SELECT is(mjc.available(:'p'), 8::bigint, 'a number that was not shown is meant');
SELECT mjc.product_update(:'p', '{"name": "Vanne bis", "stockQuantity": 10}') \g /dev/null
SELECT is(mjc.available(:'p'), 10::bigint, 'after a count what was shown before it is meant too');
SELECT mjc.stock_release(:'hold') \g /dev/null
SELECT mjc.product_update(:'p', '{"stockQuantity": 10}') \g /dev/null
SELECT is(mjc.available(:'p'), 10::bigint, 'without the rest of the form the number itself is meant');
SELECT mjc.product_update(:'p', '{"stockQuantity": 0}') \g /dev/null
SELECT is(mjc.available(:'p'), 0::bigint, 'all are gone');
SELECT mjc.product_update(:'q', '{"stockQuantity": 3}') \g /dev/null
SELECT is(mjc.available(:'q'), 3::bigint, 'a product that never had any');
SELECT mjc.product_update(:'q', '{"stockQuantity": null}') \g /dev/null
SELECT is(mjc.available(:'q'), 3::bigint, 'null says nothing of it');
SELECT mjc.stock_reserve(ARRAY[:'q']::uuid[], ARRAY[n]) FROM unnest('{1,1}'::integer[]) n \g /dev/null
SELECT results_eq(format('SELECT n, mjc.stock_form_means(%L, jsonb_build_object(''name'', ''x'', ''stockQuantity'', n)) FROM generate_series(0, 4) n', :'q'), 'VALUES (0, -1), (1, 0), (2, 0), (3, 0), (4, 3)', 'what was shown on the way is no count, all else is');
SELECT is((SELECT count(*) FROM mjc.audit WHERE subject_id = :'p' AND action = 'stock_adjust'), 5::bigint, 'each is in the audit');
SELECT throws_ok(format('SELECT mjc.stock_write(%s)', a), c, NULL, 'stock_write: ' || a)
  FROM (VALUES ('NULL, ''psql'', NULL, pg_temp.pid(9), ''receive'', 1, ''x''', 'MJ107'), ('NULL, ''psql'', NULL, pg_temp.pid(1), ''count'', 1, ''x''', 'MJ010'), ('NULL, ''psql'', NULL, pg_temp.pid(1), ''receive'', 0, ''x''', 'MJ104'),
               ('NULL, ''psql'', NULL, pg_temp.pid(1), ''receive'', -1, ''x''', 'MJ104'), ('NULL, ''psql'', NULL, pg_temp.pid(1), ''adjust'', 0, ''x''', 'MJ104'), ('NULL, ''psql'', NULL, pg_temp.pid(1), ''adjust'', -1, ''x''', 'MJ103'),
               ('NULL, NULL, NULL, pg_temp.pid(1), ''receive'', 1, ''x''', 'MJ003'), ('NULL, ''psql'', NULL, NULL, ''receive'', 1, ''x''', 'MJ003'), ('NULL, ''psql'', NULL, pg_temp.pid(1), NULL, 1, ''x''', 'MJ003'), ('NULL, ''psql'', NULL, pg_temp.pid(1), ''receive'', NULL, ''x''', 'MJ003'),
               ('NULL, ''psql'', NULL, pg_temp.pid(1), ''receive'', 1, NULL', 'MJ003')) v (a, c);
SELECT throws_ok(format('SELECT mjc.catalogue_names_store(%s)', a), c, NULL, 'names: ' || a)
  FROM (VALUES ('NULL, pg_temp.pid(1), ''x''', 'MJ003'), ('''product'', NULL, ''x''', 'MJ003'), ('''product'', pg_temp.pid(1), NULL', 'MJ003'), ('''order'', pg_temp.pid(1), ''x''', 'MJ010'),
               ('''product'', pg_temp.pid(1), ''test-only-2'', ''TEST-ONLY-1''', '40001'), ('''product'', pg_temp.pid(1), ''test-only-1'', ''TEST-ONLY-2''', '40001')) v (a, c);

-- Out of the shop and back
SELECT is(mjc.product_delete(pg_temp.pid(2)), true, 'deleted');
SELECT is((SELECT is_active FROM mjc.product WHERE product_id = pg_temp.pid(2)), false, 'is out of the shop, not gone');
SELECT is(mjc.product_delete(pg_temp.pid(2)), false, 'a second time says so');
SELECT is(pg_temp.audited(pg_temp.pid(2)), 'product_delete', 'one entry');
SELECT pg_temp.refused('SELECT mjc.product_update(pg_temp.pid(2), ''{"isActive": null}'')', 'MJ010', 'isActive', 'not by saying nothing');
SELECT is((SELECT is_active FROM mjc.product WHERE product_id = pg_temp.pid(2)), false, 'it stays out');
SELECT is(mjc.product_update(pg_temp.pid(2), '{"isActive": true}') ->> 'isActive', 'true', 'and comes back');

-- Sorted out: two documents
SELECT is(jsonb_build_array(c.was, c.is_now), w, 'changes ' || w::text) FROM (VALUES ('{"a": 1, "b": null, "c": 3}'::jsonb, '{"a": 2, "b": null, "d": 4}'::jsonb, '[{"a": 1, "c": 3}, {"a": 2, "d": 4}]'::jsonb), ('{"a": 1}', '{"a": 1}', '[null, null]'),
    (NULL, '{"a": 1, "b": null}', '[null, {"a": 1}]'), ('{"a": 1}', NULL, '[{"a": 1}, null]')) v (b, a, w) CROSS JOIN LATERAL mjc.doc_changes(v.b, v.a) c;

-- A form may send blanks around every text
SELECT mjc.product_create('{"name": " Vanne ", "sku": " TEST-BLANK ", "ean": " 96385074 ", "slug": " blanc ", "categoryId": " test-only-parts ", "price": 10, "condition": " USED ", "safetyClass": " QUALIFIED ", "papers": [{"kind": " MANUAL ", "title": " t ", "url": " /files/a.pdf "}]}') AS blank \gset
SELECT results_eq(format('SELECT name, sku, ean, slug, condition, safety_class FROM mjc.product WHERE product_id = %L', :'blank'), $$VALUES ('Vanne', 'TEST-BLANK', '96385074', 'blanc', 'USED', 'QUALIFIED')$$, 'they are not kept');

SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');
-- Right-to-left texts are kept and shown byte for byte: marks of direction, vowels, what is not composed, joiners, tatweel
SELECT U&'\200Fصِمَّام\200E 24\200F kW ٧٨٢٨ مِـــضخّة نيم\200Cفاصله e\0301te \2067غاز\2069 \FEFB' AS rtl \gset
SELECT mjc.product_create(pg_temp.good(jsonb_build_object('sku', 'TEST-RTL', 'nameAr', :'rtl', 'descriptionAr', :'rtl', 'shortDescriptionAr', :'rtl', 'metaTitleAr', :'rtl', 'metaDescriptionAr', :'rtl'))) AS rtl_id \gset
SELECT is((SELECT count(*) FROM mjc.product p CROSS JOIN unnest(ARRAY[p.name_ar, p.description_ar, p.short_description_ar, p.meta_title_ar, p.meta_description_ar]) t
            WHERE p.product_id = :'rtl_id' AND convert_to(t, 'UTF8') = convert_to(:'rtl', 'UTF8')), 5::bigint, 'right to left: five texts as they were written');
SELECT is(convert_to(d ->> k, 'UTF8'), convert_to(:'rtl', 'UTF8'), 'right to left: shown by ' || w)
  FROM (VALUES (mjc.product_doc(:'rtl_id'), 'nameAr', 'its document'), ((SELECT k.card::jsonb FROM mjc.product_cards(ARRAY[:'rtl_id'::uuid], false) k), 'nameAr', 'its card'),
               ((mjc_api.product_get(NULL, NULL, NULL, :'rtl_id', NULL) -> 'product')::jsonb, 'descriptionAr', 'its page'),
               ((mjc_api.search('TEST-RTL', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL) #> '{products,0}')::jsonb, 'nameAr', 'the search')) v (d, k, w);
SELECT isnt(position(convert_to(:'rtl', 'UTF8') IN convert_to(mjc.catalogue_lines(ARRAY[:'rtl_id'::uuid]), 'UTF8')), 0, 'right to left: in the file of the catalogue');

SELECT * FROM finish();
ROLLBACK;
