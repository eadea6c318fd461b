-- catalogue: the shop window. Products of our own carry the word "zzqx".
BEGIN;
SELECT plan(131);
\ir fixture.psql
SELECT is((SELECT count(*) FROM mjc.product WHERE sku NOT LIKE 'TEST-ONLY-%'), 262::bigint, 'the demo catalogue is loaded');
SELECT is((SELECT count(*) FROM mjc.boiler_model), 13::bigint, 'with its boilers');

INSERT INTO mjc.category (category_id, slug, name, parent_id) VALUES
    ('00000000-0000-4000-b000-000000000002', 'test-only-child', 'Child', '00000000-0000-4000-b000-000000000001'),
    ('00000000-0000-4000-b000-000000000003', 'test-only-grandchild', 'Grandchild', '00000000-0000-4000-b000-000000000002'),
    ('00000000-0000-4000-b000-000000000004', 'test-only-other', 'Other', NULL);
INSERT INTO mjc.manufacturer (manufacturer_id, slug, name) VALUES
    ('00000000-0000-4000-c000-000000000001', 'test-only-acme', 'Acme Test'), ('00000000-0000-4000-c000-000000000002', 'test-only-beta', 'Beta Test');
INSERT INTO mjc.boiler_model (boiler_model_id, manufacturer_id, name, series) VALUES
    ('00000000-0000-4000-d000-000000000001', '00000000-0000-4000-c000-000000000001', 'Zzqx 24 Test', 'Z');
SELECT pg_temp.make_product(n, 10000 * n, NULL, 77777) FROM generate_series(1, 6) n \g /dev/null
UPDATE mjc.product SET name = 'Zzqx ' || chr(96 + right(sku, 1)::integer), created_at = '2030-01-01'::timestamptz + right(sku, 1)::integer * interval '1 day',
       updated_at = '2030-02-01'::timestamptz - right(sku, 1)::integer * interval '1 day'
 WHERE sku LIKE 'TEST-ONLY-%';
UPDATE mjc.product SET category_id = '00000000-0000-4000-b000-000000000002' WHERE sku = 'TEST-ONLY-2';
UPDATE mjc.product SET category_id = '00000000-0000-4000-b000-000000000003', manufacturer_id = '00000000-0000-4000-c000-000000000001' WHERE sku = 'TEST-ONLY-3';
UPDATE mjc.product SET category_id = '00000000-0000-4000-b000-000000000004', manufacturer_id = '00000000-0000-4000-c000-000000000002', sale_price_centimes = 15000,
       is_featured = true, manufacturer_ref = 'REF/4.x', name_ar = 'قطعة اختبار', description = 'cent pour cent 100% pur_zzqx' WHERE sku = 'TEST-ONLY-4';
UPDATE mjc.product SET is_active = false, is_featured = true WHERE sku = 'TEST-ONLY-6';
INSERT INTO mjc.fitment (product_id, boiler_model_id, note) VALUES (pg_temp.pid(1), '00000000-0000-4000-d000-000000000001', 'avec joint'),
    (pg_temp.pid(4), '00000000-0000-4000-d000-000000000001', NULL), (pg_temp.pid(6), '00000000-0000-4000-d000-000000000001', NULL);
INSERT INTO mjc.product_image (product_id, image_id, url, sort_order) VALUES (pg_temp.pid(1), gen_random_uuid(), '/b.jpg', 2), (pg_temp.pid(1), gen_random_uuid(), '/a.jpg', 1);
SELECT mjc.stock_receive(pg_temp.pid(1), 5), mjc.stock_receive(pg_temp.pid(2), 9) \g /dev/null
SELECT pg_temp.bought('{1}', '{2}') \g /dev/null
SELECT pg_temp.make_admin('catalogue@example.test') AS admin \gset

-- Letters of the products found, in their order, and the total: "abc 3".
CREATE FUNCTION pg_temp.list(actor uuid DEFAULT NULL, page integer DEFAULT NULL, size integer DEFAULT NULL, search text DEFAULT 'zzqx', category text DEFAULT NULL,
    manufacturer text DEFAULT NULL, categories text[] DEFAULT NULL, manufacturers text[] DEFAULT NULL, min_price bigint DEFAULT NULL, max_price bigint DEFAULT NULL,
    featured boolean DEFAULT NULL, in_stock boolean DEFAULT NULL, boiler text DEFAULT NULL, sort text DEFAULT NULL, direction text DEFAULT NULL) RETURNS json
    LANGUAGE sql
AS $$
    SELECT mjc_api.product_list(actor, 0, gen_random_uuid(), page, size, search, category, manufacturer, categories, manufacturers, min_price, max_price, featured,
                                in_stock, boiler, sort, direction)
$$;
CREATE FUNCTION pg_temp.letters(list json) RETURNS text
    LANGUAGE sql
    AS $$ SELECT coalesce(string_agg(right(p ->> 'name', 1), '' ORDER BY n), '') || ' ' || (list #>> '{pagination,total}')
            FROM json_array_elements(list -> 'products') WITH ORDINALITY x (p, n) $$;

-- Descriptions are found by their words.
SELECT mjc.product_changed(ARRAY(SELECT p.product_id FROM mjc.product p WHERE p.sku LIKE 'TEST-ONLY-%')) \g /dev/null
-- Sorts
SELECT is(pg_temp.letters(pg_temp.list()), 'edcba 5', 'newest first; an inactive product is not shown');
SELECT is(pg_temp.letters(pg_temp.list(direction => 'asc')), 'abcde 5', 'oldest first');
SELECT is(pg_temp.letters(pg_temp.list(sort => s, direction => d)), r, format('by %s %s', s, d))
  FROM (VALUES ('createdAt', 'desc', 'edcba 5'), ('createdAt', 'ASC', 'abcde 5'), ('updatedAt', 'desc', 'abcde 5'), ('updatedAt', 'asc', 'edcba 5'),
               ('name', 'asc', 'abcde 5'), ('name', 'desc', 'edcba 5'), ('price', 'asc', 'adbce 5'), ('price', 'desc', 'ecbda 5')) v (s, d, r);
SELECT is(left(pg_temp.letters(pg_temp.list(sort => 'stockQuantity', direction => 'desc')), 2), 'ba', 'by stock: nine, then three');
SELECT throws_ok($$SELECT pg_temp.list(sort => 'cost')$$, 'MJ010', NULL, 'an unknown sort');
SELECT throws_ok($$SELECT pg_temp.list(sort => 'name; DROP TABLE x')$$, 'MJ010', NULL, 'a sort that is more');
SELECT throws_ok($$SELECT pg_temp.list(sort => '')$$, 'MJ010', NULL, 'an empty sort');

-- Filters
SELECT is(pg_temp.letters(pg_temp.list(category => c)), r, format('category %s', c))
  FROM (VALUES ('test-only-parts', 'ecba 4'), ('TEST-ONLY-PARTS', 'ecba 4'), ('00000000-0000-4000-b000-000000000001', 'ecba 4'), ('test-only-child', 'cb 2'),
               ('test-only-grandchild', 'c 1'), ('test-only-other', 'd 1'), ('no-such-category', ' 0')) v (c, r);
SELECT is(pg_temp.letters(pg_temp.list(categories => ARRAY['test-only-child', 'test-only-other'])), 'dcb 3', 'several categories');
SELECT is(pg_temp.letters(pg_temp.list(category => 'test-only-other', categories => ARRAY['test-only-child'])), 'dcb 3', 'both forms of the filter together');
SELECT is(pg_temp.letters(pg_temp.list(categories => '{}')), ' 0', 'no category is none');
SELECT is(pg_temp.letters(pg_temp.list(manufacturer => 'test-only-acme')), 'c 1', 'by manufacturer');
SELECT is(pg_temp.letters(pg_temp.list(manufacturer => '00000000-0000-4000-c000-000000000002')), 'd 1', 'by its id');
SELECT is(pg_temp.letters(pg_temp.list(manufacturers => ARRAY['test-only-acme', 'test-only-beta'])), 'dc 2', 'several manufacturers');
SELECT is(pg_temp.letters(pg_temp.list(manufacturer => 'no-such-maker')), ' 0', 'an unknown manufacturer');
SELECT is(pg_temp.letters(pg_temp.list(min_price => 20000)), 'ecb 3', 'from 200.00; the price in force counts');
SELECT is(pg_temp.letters(pg_temp.list(max_price => 20000)), 'dba 3', 'to 200.00');
SELECT is(pg_temp.letters(pg_temp.list(min_price => 15000, max_price => 15000)), 'd 1', 'both limits belong to the range');
SELECT is(pg_temp.letters(pg_temp.list(min_price => 20001, max_price => 20000)), ' 0', 'an empty range');
SELECT is(pg_temp.letters(pg_temp.list(featured => true)), 'd 1', 'featured');
SELECT is(pg_temp.letters(pg_temp.list(featured => false)), 'edcba 5', 'not asking for featured is no filter');
SELECT is(pg_temp.letters(pg_temp.list(in_stock => true)), 'ba 2', 'in stock');
SELECT is(pg_temp.letters(pg_temp.list(boiler => '00000000-0000-4000-d000-000000000001')), 'da 2', 'fits a boiler');
SAVEPOINT excluded;
INSERT INTO mjc.fitment (product_id, boiler_model_id, fits, gas) SELECT p.product_id, '00000000-0000-4000-d000-000000000001', false, '{G25}' FROM mjc.product p WHERE p.name = 'Zzqx d';
SELECT is(pg_temp.letters(pg_temp.list(boiler => '00000000-0000-4000-d000-000000000001')), 'da 2', 'also what fits only some of that model');
INSERT INTO mjc.fitment (product_id, boiler_model_id, fits) SELECT p.product_id, '00000000-0000-4000-d000-000000000001', false FROM mjc.product p WHERE p.name = 'Zzqx d';
SELECT is(pg_temp.letters(pg_temp.list(boiler => '00000000-0000-4000-d000-000000000001')), 'a 1', 'but not what fits none of it');
ROLLBACK TO excluded;
SELECT is(pg_temp.letters(pg_temp.list(boiler => b)), ' 0', format('an unknown boiler: %s', b)) FROM unnest(ARRAY['x', '00000000-0000-4000-d000-000000000009']) b;
SELECT is(pg_temp.letters(pg_temp.list(category => 'test-only-parts', in_stock => true, min_price => 15000)), 'b 1', 'filters together');
SELECT is(pg_temp.letters(pg_temp.list(search => s)), r, format('search "%s"', s))
  FROM (VALUES ('ZZQX A', 'a 1'), ('test-only-3', 'c 1'), ('ref/4', 'd 1'), ('قطعة اختبار', 'd 1'), (' zzqx ', 'edcba 5'), ('100%', 'd 1'), ('pour CENT 100', 'd 1'),
               ('0%p', ' 0'), ('zzqx_a', ' 0'), ('zz\qx', ' 0'), ('''; --', ' 0'), ('zzqx nowhere', ' 0')) v (s, r);
SELECT is((pg_temp.list(search => s) #>> '{pagination,total}')::bigint, (SELECT count(*) FROM mjc.product WHERE is_active), format('search "%s" is none', s)) FROM unnest(ARRAY['', '  ', NULL]) s;

-- Pages
SELECT is(pg_temp.letters(pg_temp.list(page => p, size => 2)), r, format('page %s of two', p)) FROM (VALUES (1, 'ed 5'), (2, 'cb 5'), (3, 'a 5'), (4, ' 5'), (5000, ' 5')) v (p, r);
SELECT throws_ok(format('SELECT pg_temp.list(page => %s, size => %s)', p, z), 'MJ006', NULL, format('page %s of %s', p, z)) FROM (VALUES (5001, 2), (2000000000, 20), (101, 100)) v (p, z);
SELECT is(pg_temp.letters(pg_temp.list(:'admin', page => 5001, size => 2)), ' 6', 'staff may');
SELECT is((pg_temp.list(page => 2, size => 2) -> 'pagination')::jsonb, '{"page": 2, "limit": 2, "total": 5, "totalPages": 3, "hasNext": true, "hasPrev": true}'::jsonb, 'pagination in the middle');
SELECT is((pg_temp.list(page => 3, size => 2) -> 'pagination')::jsonb, '{"page": 3, "limit": 2, "total": 5, "totalPages": 3, "hasNext": false, "hasPrev": true}'::jsonb, 'pagination at the end');
SELECT is((pg_temp.list(search => 'zzqx nowhere') -> 'pagination')::jsonb, '{"page": 1, "limit": 20, "total": 0, "totalPages": 0, "hasNext": false, "hasPrev": false}'::jsonb, 'pagination of nothing');
SELECT is(json_array_length(pg_temp.list(search => NULL) -> 'products'), 20, 'twenty a page for visitors');
SELECT is(json_array_length(pg_temp.list(:'admin', search => NULL) -> 'products'), 100, 'a hundred for staff');
SELECT is((SELECT count(DISTINCT p ->> 'id') FROM generate_series(1, 14) n, json_array_elements(pg_temp.list(page => n, size => 20, search => NULL, sort => 'price') -> 'products') p),
          (SELECT count(*) FROM mjc.product WHERE is_active), 'all pages together show every product once');

-- Staff
SELECT is(pg_temp.letters(pg_temp.list(:'admin')), 'fedcba 6', 'staff see inactive products');
SELECT is(mjc_api.product_list(:'admin', v, t, NULL, NULL, 'zzqx', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL) #>> '{pagination,total}', '5', 'a token that no longer counts makes a visitor')
  FROM (VALUES (1, gen_random_uuid()), (NULL, gen_random_uuid()), (0, NULL)) x (v, t);
SELECT is(mjc_api.product_get(NULL, NULL, NULL, 'test-only-6', false)::text, NULL, 'an inactive product is no page for visitors');
SELECT is(mjc_api.product_get(:'admin', 0, gen_random_uuid(), 'test-only-6', false) #>> '{product,isActive}', 'false', 'but for staff');

-- One product
SELECT is(mjc_api.product_get(NULL, NULL, NULL, k, false) #>> '{product,name}', 'Zzqx a', format('product %s', k)) FROM unnest(ARRAY['test-only-1', pg_temp.pid(1)::text, upper(pg_temp.pid(1)::text)]) k;
SELECT is(mjc_api.product_get(NULL, NULL, NULL, k, false)::text, NULL, format('no product %s', k)) FROM unnest(ARRAY['no-such', '', NULL, pg_temp.pid(99)::text]) k;
SELECT mjc_api.product_get(NULL, NULL, NULL, 'test-only-4', true) AS one \gset
SELECT is((:'one'::json #> '{product,price}')::text || (:'one'::json #> '{product,salePrice}')::text, '400.00150.00', 'prices in dinars');
SELECT is(:'one'::json #>> '{product,boilerModels,0,name}', 'Zzqx 24 Test', 'its boilers');
SELECT is(:'one'::json #>> '{product,nameAr}', 'قطعة اختبار', 'its Arabic name');
SELECT is((mjc_api.product_get(NULL, NULL, NULL, 'test-only-1', false) #> '{product,images}')::jsonb #>> '{0,url}', '/a.jpg', 'images in their order');
SELECT is(json_array_length(mjc_api.product_get(NULL, NULL, NULL, 'test-only-1', false) #> '{product,images}'), 2, 'all of them');
SELECT is((mjc_api.product_get(NULL, NULL, NULL, 'test-only-1', false) #> '{product,stockQuantity}')::text, '3', 'stock is what can be promised now');
SELECT is((SELECT string_agg(right(p ->> 'name', 1), '' ORDER BY n) FROM json_array_elements(mjc_api.product_get(NULL, NULL, NULL, 'test-only-1', true) #> '{product,relatedProducts}') WITH ORDINALITY x (p, n)),
          'e', 'related: active products of the same category');
SELECT is(position('777.77' IN mjc_api.product_get(:'admin', 0, gen_random_uuid(), 'test-only-1', true)::text), 0, 'the cost price is never shown');
SELECT is((SELECT count(*) FROM json_array_elements(mjc_api.product_featured(NULL) -> 'products') p WHERE p ->> 'isFeatured' = 'true' AND p ->> 'isActive' = 'true'), 8::bigint, 'eight featured products');
SELECT is(mjc_api.product_featured(1) #>> '{products,0,name}', 'Zzqx d', 'newest first');

-- Dated sales: b costs 200.00, on sale for 50.00 from tomorrow on; c 300.00, for 60.00 until yesterday; e 500.00, for 70.00 today
UPDATE mjc.product p SET sale_price_centimes = v.price, sale_from_at = now() + v.from_at, sale_until_at = now() + v.until_at
  FROM (VALUES (2, 5000, interval '1 day', NULL), (3, 6000, NULL, interval '-1 day'), (5, 7000, '-1 day', '1 day')) v (n, price, from_at, until_at) WHERE p.product_id = pg_temp.pid(v.n);
SELECT is(pg_temp.letters(pg_temp.list(sort => 'price', direction => d)), r, format('dated sales, by price %s', d)) FROM (VALUES ('asc', 'eadbc 5'), ('desc', 'cbdae 5')) v (d, r);
SELECT is(pg_temp.letters(pg_temp.list(min_price => lo, max_price => hi)), r, format('dated sales, from %s to %s', lo, hi))
  FROM (VALUES (20000::bigint, 20000::bigint, 'b 1'), (NULL, 10000, 'ea 2'), (30000, NULL, 'c 1'), (7000, 7000, 'e 1'), (5000, 6000, ' 0'), (50000, NULL, ' 0'), (NULL, 5000, ' 0'), (NULL, 7000, 'e 1')) v (lo, hi, r);
SELECT is((SELECT string_agg(format('%s %s/%s', right(p ->> 'name', 1), p ->> 'price', coalesce(p ->> 'salePrice', '-')), ', ' ORDER BY p ->> 'name') FROM json_array_elements(pg_temp.list() -> 'products') p),
          'a 100.00/-, b 200.00/-, c 300.00/-, d 400.00/150.00, e 500.00/70.00', 'a card shows the sale price while it is in force');
SELECT is((mjc_api.product_get(NULL, NULL, NULL, k, false) #> '{product,salePrice}')::text, v, format('the page of %s', k)) FROM (VALUES ('test-only-2', 'null'), ('test-only-3', 'null'), ('test-only-5', '70.00')) x (k, v);
SELECT is((SELECT (p -> 'salePrice')::text FROM json_array_elements(mjc_api.boiler_model_parts('00000000-0000-4000-d000-000000000001', NULL, NULL)) p WHERE p ->> 'name' = 'Zzqx d'), '150.00', 'a part that fits, on sale');
UPDATE mjc.product SET sale_until_at = now() - interval '1 hour' WHERE product_id IN (pg_temp.pid(4), pg_temp.pid(5));
SELECT is((SELECT (p -> 'salePrice')::text FROM json_array_elements(mjc_api.boiler_model_parts('00000000-0000-4000-d000-000000000001', NULL, NULL)) p WHERE p ->> 'name' = 'Zzqx d'), 'null', 'and when it is over');
SELECT is(pg_temp.letters(pg_temp.list(sort => 'price', direction => 'asc')), 'abcde 5', 'all sales are over');
SELECT is(pg_temp.letters(pg_temp.list(sort => 'price', direction => 'asc', page => 2, size => 2)), 'cd 5', 'their second page');
SELECT is((SELECT count(*) FROM unnest(ARRAY[2, 3, 4, 5]) n CROSS JOIN LATERAL mjc.price_at(pg_temp.pid(n), 'retail', 1, now()) p WHERE p.source <> 'base'), 0::bigint, 'as in a quote');
UPDATE mjc.product SET sale_from_at = NULL, sale_until_at = NULL WHERE sku LIKE 'TEST-ONLY-%';
SELECT is(pg_temp.letters(pg_temp.list(sort => 'price', direction => 'asc')), 'bcead 5', 'without dates a sale is always on');
UPDATE mjc.product SET sale_price_centimes = NULL WHERE product_id IN (pg_temp.pid(2), pg_temp.pid(3), pg_temp.pid(5));

-- Categories, manufacturers, boilers
SELECT is((SELECT c ->> 'productCount' FROM json_array_elements(mjc_api.category_list(false) -> 'categories') c WHERE c ->> 'slug' = s), n, format('%s counts %s', s, n))
  FROM (VALUES ('test-only-parts', '4'), ('test-only-child', '2'), ('test-only-grandchild', '1'), ('test-only-other', '1')) v (s, n);
SELECT is((SELECT c #>> '{children,0,slug}' FROM json_array_elements(mjc_api.category_list(true) -> 'categories') c WHERE c ->> 'slug' = 'test-only-parts'), 'test-only-child', 'with children');
SELECT is((SELECT c #>> '{parent,slug}' FROM json_array_elements(mjc_api.category_list(false) -> 'categories') c WHERE c ->> 'slug' = 'test-only-child'), 'test-only-parts', 'with their parent');
SELECT is((SELECT m ->> 'productCount' FROM json_array_elements(mjc_api.manufacturer_list() -> 'manufacturers') m WHERE m ->> 'slug' = 'test-only-acme'), '1', 'manufacturers count products');
SELECT is(mjc_api.manufacturer_list()::jsonb -> 'data', mjc_api.manufacturer_list()::jsonb -> 'manufacturers', 'in both shapes');
SELECT is(json_array_length(mjc_api.boiler_model_list(NULL, 'zzqx', NULL) #> '{data,data}'), 1, 'boilers by name');
SELECT is(json_array_length(mjc_api.boiler_model_list('test-only-beta', NULL, NULL) #> '{data,models}'), 0, 'boilers by manufacturer');
SELECT is((SELECT string_agg(right(p ->> 'name', 1) || coalesce(p ->> 'compatibilityNotes', '-'), ' ' ORDER BY n)
             FROM json_array_elements(mjc_api.boiler_model_parts('00000000-0000-4000-d000-000000000001', NULL, NULL)) WITH ORDINALITY x (p, n)), 'd- aavec joint', 'active parts that fit, the newest first, with notes');
SELECT is(mjc_api.boiler_model_parts('00000000-0000-4000-d000-000000000009', NULL, NULL)::text, NULL, 'parts of an unknown boiler');
SELECT is(cardinality(mjc.category_subtree(ARRAY['test-only-parts'])), 3, 'a category and all below');
UPDATE mjc.category SET parent_id = '00000000-0000-4000-b000-000000000003' WHERE slug = 'test-only-parts';
SELECT is(cardinality(mjc.category_subtree(ARRAY['test-only-parts'])), 3, 'a circle ends');
UPDATE mjc.category SET parent_id = NULL WHERE slug = 'test-only-parts';
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');

SELECT * FROM finish();
ROLLBACK;
