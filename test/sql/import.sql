-- import: files of CSV that change the catalogue: what is read, what is refused line by line, what
-- stays as it was, what a dry run leaves alone.
BEGIN;
SELECT no_plan();
\ir fixture.psql
GRANT USAGE ON SCHEMA tap TO PUBLIC;

CREATE FUNCTION pg_temp.begun(kind text, body text) RETURNS uuid
    LANGUAGE plpgsql
AS $$
DECLARE
    id uuid := mjc.import_begin(kind);
BEGIN
    PERFORM mjc.import_add(id, 1, convert_to(body, 'UTF8'));
    RETURN id;
END
$$;
CREATE FUNCTION pg_temp.worked(id uuid) RETURNS jsonb
    LANGUAGE plpgsql
AS $$
DECLARE
    doc jsonb;
BEGIN
    LOOP
        doc := mjc.import_work(id);
        EXIT WHEN doc ->> 'state' <> 'running';
    END LOOP;
    RETURN doc;
END
$$;
CREATE FUNCTION pg_temp.imported(kind text, body text, mapping jsonb DEFAULT NULL, dry_run boolean DEFAULT false) RETURNS jsonb
    LANGUAGE plpgsql
AS $$
DECLARE
    id uuid := pg_temp.begun(kind, body);
BEGIN
    PERFORM mjc.catalogue_import(id, mapping, dry_run);
    RETURN pg_temp.worked(id);
END
$$;
-- "created changed unchanged bad"
CREATE FUNCTION pg_temp.counts(doc jsonb) RETURNS text
    LANGUAGE sql
    AS $$ SELECT concat_ws(' ', doc ->> 'created', doc ->> 'changed', doc ->> 'unchanged', doc ->> 'bad') $$;
CREATE FUNCTION pg_temp.errors(doc jsonb) RETURNS text
    LANGUAGE sql
    AS $$ SELECT coalesce(string_agg(e.line_no || ' ' || e.field || ' ' || replace(e.code, 'IMPORT_', ''), ', ' ORDER BY e.line_no, e.field), '')
            FROM mjc_report.import_error e WHERE e.import_id = (doc ->> 'id')::uuid $$;
-- What a line of products with one more column is refused for.
CREATE FUNCTION pg_temp.refusal(field text, value text) RETURNS text
    LANGUAGE sql
    AS $$ SELECT pg_temp.errors(pg_temp.imported('products', 'sku,' || CASE WHEN field IN ('name', 'category', 'price') THEN '' ELSE field || ',' END || 'name,category,price' || E'\n' || 'TEST-REFUSED,'
            || CASE WHEN field IN ('name', 'category', 'price') THEN '' ELSE mjc.csv_quoted(value) || ',' END
            || mjc.csv_quoted(CASE field WHEN 'name' THEN value ELSE 'Vanne' END) || ',' || mjc.csv_quoted(CASE field WHEN 'category' THEN value ELSE 'test-only-parts' END) || ','
            || mjc.csv_quoted(CASE field WHEN 'price' THEN value ELSE '1000' END), NULL, true)) $$;
-- All that the catalogue holds, as one text.
CREATE FUNCTION pg_temp.catalogue() RETURNS text
    LANGUAGE sql
AS $$
    SELECT md5(concat((SELECT string_agg(p::text, ';' ORDER BY p.product_id) FROM mjc.product p), (SELECT string_agg(p::text, ';' ORDER BY p.product_id, p.image_id) FROM mjc.product_image p),
        (SELECT string_agg(p::text, ';' ORDER BY p.product_id, p.until_at) FROM mjc.product_price_past p), (SELECT string_agg(p::text, ';' ORDER BY p.manufacturer_id) FROM mjc.manufacturer p),
        (SELECT string_agg(p::text, ';' ORDER BY p.category_id) FROM mjc.category p), (SELECT string_agg(p::text, ';' ORDER BY p.cross_reference_id) FROM mjc.cross_reference p),
        (SELECT string_agg(p::text, ';' ORDER BY p.fitment_id) FROM mjc.fitment p), (SELECT string_agg(p::text, ';' ORDER BY p.product_id) FROM mjc.product_attribute p)))
$$;

INSERT INTO mjc.category (category_id, parent_id, slug, name) VALUES ('00000000-0000-4000-b000-000000000002', '00000000-0000-4000-b000-000000000001', 'test-only-valves', 'Test Valves'),
    ('00000000-0000-4000-b000-000000000003', '00000000-0000-4000-b000-000000000001', 'test-only-twin', 'Test Twin'), ('00000000-0000-4000-b000-000000000004', NULL, 'test-only-twin-2', 'Test Twin');
INSERT INTO mjc.part_kind (kind_id, slug, name) VALUES ('00000000-0000-4000-c000-000000000001', 'test-only-valve', 'Vanne d''essai');

-------------------------------------------------------------------- columns
SELECT is((SELECT count(*) FROM mjc.import_fields(k) f, unnest(f.words || f.field) w), (SELECT count(DISTINCT mjc.import_word(w)) FROM mjc.import_fields(k) f, unnest(f.words || f.field) w),
          k || ': no word means two things, or twice the same') FROM unnest('{products,cross_references,fitments}'::text[]) k;
SELECT is_empty($$SELECT f.field, w FROM unnest('{products,cross_references,fitments}'::text[]) k, mjc.import_fields(k) f, unnest(f.words) w WHERE mjc.import_word(w) = ''$$, 'every word is one');
SELECT is(mjc.import_word(t), w, format('word %L', t)) FROM (VALUES ('Désignation', 'designation'), ('  PRIX  T.T.C ', 'prixttc'), ('manufacturerRef', 'manufacturerref'), ('N° de série', 'ndeserie'), ('الاسم ', 'الاسم'), ('الإسم', 'الاسم'), ('الاسم بالعربيّة', 'الاسمبالعربيه'), ('', ''), ('€', '')) v (t, w);
SELECT is((SELECT m.fields - 'sku' FROM mjc.import_map('products', ARRAY['Référence', h], '{}') m), jsonb_build_object(f, 2), format('%s is read as %s', h, f))
  FROM (VALUES ('Désignation', 'name'), ('NOM', 'name'), ('name', 'name'), ('الاسم', 'nameAr'), ('Prix TTC', 'price'), ('السعر', 'price'), ('Price', 'price'), ('Prix d''achat', 'cost'), ('Catégorie', 'category'), ('الفئة', 'category'),
               ('Marque', 'manufacturer'), ('Brand', 'manufacturer'), ('Code-barres', 'ean'), ('EAN', 'ean'), ('TVA', 'taxRate'), ('Poids (kg)', 'weight'), ('spec: Puissance', 'spec:Puissance'), ('SPEC:a:b', 'spec:a:b')) v (h, f);
SELECT is((SELECT m.unknown FROM mjc.import_map('products', '{sku,Bidule,"",truc}', '{"truc": ""}') m), '{Bidule}', 'columns that are read as nothing are told, but for those left out');
SELECT is((SELECT m.fields FROM mjc.import_map('products', '{Bidule,Référence,truc}', '{"Bidule": "name", "Référence": null, "truc": "sku"}') m), '{"sku": 3, "name": 1}', 'the mapping counts before the names');
SELECT is(f.code || ' ' || coalesce(f.detail ->> 'field', f.detail ->> 'argument'), w, why)
  FROM (VALUES ('{name}', '{}', 'MJ871 sku', 'without the key'), ('{}', '{}', 'MJ871 sku', 'without a head line'), ('{sku,Référence}', '{}', 'MJ872 sku', 'a field twice'), ('{sku,spec:a,spec: a}', '{}', 'MJ872 spec:', 'a specification twice'),
               ('{sku}', '{"x": "slug"}', 'MJ010 mapping', 'a field that there is not'), ('{sku}', '{"x": 1}', 'MJ010 mapping', 'a number'), ('{sku}', '[]', 'MJ010 mapping', 'a list'), ('{sku}', '{"x": "spec:"}', 'MJ010 mapping', 'a specification without a name')) v (h, m, w, why)
 CROSS JOIN LATERAL pg_temp.failure(format('SELECT mjc.import_map(%L, %L, %L)', 'products', h, m)) f;

-------------------------------------------------------------------- a file as people make it
SELECT pg_temp.imported('products', E'\uFEFFRéférence;Désignation;الاسم;Name en;Catégorie;Marque;Réf fabricant;Prix TTC;Prix promo;Prix d''achat;TVA;Stock minimum;Poids;Garantie;État;Actif;En vedette;Photos;Type de pièce;Code-barres;spec:Puissance;Bidule\r\n'
    || E'TI-1;Vanne à gaz;صمام;Gas valve;test parts > test valves;Test Maker;"SIT 845";"1 234,50";999;1.000,25;19 %;3;0,125;24;Neuf;oui;non;/a.jpg | https://x.example/b.jpg;Vanne d''essai;4006381333931;24 kW;x\r\n'
    || E'TI-2;"Joint ""spécial""";;;test-only-parts;test maker;;١٢٫٥٠;;;9;;;;Occasion;non;oui;;;;;\r\n;;;;;;;;;;;;;;;;;;;;;\r\n') AS doc \gset
SELECT is(pg_temp.counts(:'doc'), '2 0 0 0', 'two products are made, a line of delimiters alone is none') ;
SELECT is(pg_temp.errors(:'doc'), '', 'without an error');
SELECT is((:'doc'::jsonb ->> 'state', :'doc'::jsonb ->> 'progress', :'doc'::jsonb -> 'unknownColumns')::text, ('done', '100', '["Bidule"]'::jsonb)::text, 'it is done, and tells what it did not read');
SELECT results_eq($$SELECT p.slug, p.ean, p.manufacturer_ref, c.slug, m.name, m.slug, k.slug, p.name, p.name_ar, p.name_en, p.price_centimes, p.sale_price_centimes, p.cost_centimes, p.tax_bp, p.low_stock_qty, p.weight_g, p.warranty_months, p.condition,
                           p.is_active, p.is_featured, p.specifications
                      FROM mjc.product p JOIN mjc.category c USING (category_id) JOIN mjc.manufacturer m USING (manufacturer_id) LEFT JOIN mjc.part_kind k USING (kind_id) WHERE p.sku LIKE 'TI-_' ORDER BY p.sku$$,
    $$VALUES ('vanne-a-gaz', '4006381333931', 'SIT 845', 'test-only-valves', 'Test Maker', 'test-maker', 'test-only-valve', 'Vanne à gaz', 'صمام', 'Gas valve', 123450::bigint, 99900::bigint, 100025::bigint, 1900, 3, 125, 24, 'NEW', true, false, '{"Puissance": "24 kW"}'::jsonb),
             ('joint-special', NULL, NULL, 'test-only-parts', 'Test Maker', 'test-maker', NULL, 'Joint "spécial"', NULL, NULL, 1250, NULL, NULL, 900, 5, NULL, NULL, 'USED', false, true, '{}')$$, 'as the file says');
SELECT results_eq($$SELECT g.url, g.sort_order FROM mjc.product_image g JOIN mjc.product p USING (product_id) WHERE p.sku = 'TI-1' ORDER BY 2$$, $$VALUES ('/a.jpg', 0), ('https://x.example/b.jpg', 1)$$, 'with its images in order');
SELECT results_eq($$SELECT a.action, a.subject_id, a.after - 'fields' FROM mjc.audit a WHERE a.at >= now() AND a.subject_kind = 'import' ORDER BY a.audit_id DESC LIMIT 3$$,
    format($$VALUES ('import_batch', %1$L, '{"kind": "products", "lines": [1, 3], "changed": 0, "created": 2}'::jsonb), ('import_start', %1$L, '{"kind": "products", "lines": 2, "dryRun": false}'), ('import_begin', %1$L, '{"kind": "products"}')$$, :'doc'::jsonb ->> 'id'), 'the audit tells of it');

-- The same again
SELECT pg_temp.catalogue() AS before \gset
SELECT is(pg_temp.counts(pg_temp.imported('products', E'sku,name,price\nTI-1,Vanne à gaz,1234.5\nTI-2,,12.50\n')), '0 0 2 0', 'a file that says what there is changes nothing');
SELECT is(pg_temp.catalogue(), :'before', 'nothing at all');
-- A part of the columns; empty cells
SELECT is(pg_temp.counts(pg_temp.imported('products', E'sku,price,salePrice,nameEn,weight,images,spec:Puissance,spec:Tension,category,isActive\nTI-1,2000,,,,https://x.example/b.jpg,,230 V,,\n')), '0 1 0 0', 'another price, no sale');
SELECT results_eq($$SELECT p.name, p.price_centimes, p.sale_price_centimes, p.cost_centimes, p.name_ar, p.name_en, p.weight_g, p.specifications, c.slug, p.is_active, p.updated_at > p.created_at,
                           (SELECT string_agg(g.url || ' ' || g.sort_order, ',') FROM mjc.product_image g WHERE g.product_id = p.product_id)
                      FROM mjc.product p JOIN mjc.category c USING (category_id) WHERE p.sku = 'TI-1'$$,
    $$VALUES ('Vanne à gaz', 200000::bigint, NULL::bigint, 100025::bigint, 'صمام', NULL, NULL::integer, '{"Tension": "230 V"}'::jsonb, 'test-only-valves', true, true, 'https://x.example/b.jpg 0')$$,
    'an empty cell clears what may be empty and leaves the rest; a column that is not there leaves all');
SELECT results_eq($$SELECT x.price_centimes, x.sale_price_centimes, x.until_at = p.updated_at FROM mjc.product_price_past x JOIN mjc.product p USING (product_id) WHERE p.sku LIKE 'TI-_'$$, $$VALUES (123450::bigint, 99900::bigint, true)$$, 'the old price stays readable');
SELECT is((mjc.price_at(product_id, 'retail', 1, clock_timestamp())).unit_centimes, 200000::bigint, 'the new one is in force') FROM mjc.product WHERE sku = 'TI-1';
-- A sale with dates
SELECT mjc.price_set(product_id, 2000, 1500, '2090-01-01', '2091-01-01') FROM mjc.product WHERE sku = 'TI-1' \g /dev/null
SELECT is(pg_temp.counts(pg_temp.imported('products', E'sku,price,salePrice\nTI-1,2000,1600\n')), '0 1 0 0', 'another sale price');
SELECT results_eq($$SELECT sale_price_centimes, sale_from_at FROM mjc.product WHERE sku = 'TI-1'$$, $$VALUES (160000::bigint, '2090-01-01'::timestamptz)$$, 'keeps its dates');
SELECT is(pg_temp.counts(pg_temp.imported('products', E'sku,salePrice\nTI-1,\n')), '0 1 0 0', 'no sale');
SELECT results_eq($$SELECT sale_price_centimes, sale_from_at, sale_until_at FROM mjc.product WHERE sku = 'TI-1'$$, $$VALUES (NULL::bigint, NULL::timestamptz, NULL::timestamptz)$$, 'has no dates');
-- Specifications as a whole; a number that reads as it did stays one
UPDATE mjc.product SET specifications = '{"n": 5, "t": "x"}' WHERE sku = 'TI-1';
SELECT is(pg_temp.counts(pg_temp.imported('products', E'sku,spec:n,spec:t\nTI-1,5,x\n')), '0 0 1 0', 'a number that is said as it is stays a number');
SELECT is(pg_temp.counts(pg_temp.imported('products', E'sku,specifications,spec:z\nTI-1,"{""a"": [1]}",9\n')), '0 1 0 0', 'a whole object');
SELECT is(specifications, '{"a": [1], "z": "9"}', 'replaces all, and then single names') FROM mjc.product WHERE sku = 'TI-1';
SELECT is(pg_temp.counts(pg_temp.imported('products', E'sku,specifications\nTI-1,\n')), '0 1 0 0', 'an empty cell');
SELECT is(specifications, '{}', 'takes all away') FROM mjc.product WHERE sku = 'TI-1';
-- Formulas
SELECT is(pg_temp.counts(pg_temp.imported('products', E'sku,name\nTI-1,''=1+1\n')), '0 1 0 0', 'a guarded formula');
SELECT is(name, '=1+1', 'is its text') FROM mjc.product WHERE sku = 'TI-1';

-------------------------------------------------------------------- slugs, manufacturers, categories
SELECT is(pg_temp.counts(pg_temp.imported('products', E'sku,name,category,price,manufacturer\nTS-1,Test Same,test-only-parts,1,Test  SAME\nTS-2,Test same,test-only-parts,1,test same\nTS-3,Tést sàme!,test-only-parts,1,Test-Same\nTS 4,شمس,test-only-parts,1,شركة\nTS_5,Test same TS 2,test-only-parts,1,\n')), '5 0 0 0', 'names that are the same');
SELECT results_eq($$SELECT sku, slug FROM mjc.product WHERE sku ~ '^TS.[0-9]' ORDER BY right(sku, 1)$$, $$VALUES ('TS-1', 'test-same'), ('TS-2', 'test-same-ts-2-' || (SELECT right(product_id::text, 12) FROM mjc.product WHERE sku = 'TS-2')), ('TS-3', 'test-same-ts-3'), ('TS 4', 'ts-4'), ('TS_5', 'test-same-ts-2')$$, 'have slugs of their own');
SELECT is((SELECT count(*) FROM mjc.manufacturer WHERE mjc.import_key(name) = 'test same'), 1::bigint, 'one name written twice is one manufacturer');
SELECT is((SELECT count(*) FROM mjc.manufacturer WHERE name = 'شركة' AND slug ~ '^m-[0-9a-f]{12}$'), 1::bigint, 'a name without Latin letters has a slug too');
SELECT is((SELECT count(DISTINCT slug) FROM mjc.manufacturer WHERE name IN ('Test  SAME', 'test same', 'Test-Same', 'Test SAME')), 2::bigint, 'another spelling is another one, with another slug');
SELECT is(pg_temp.refusal('category', c), w, format('category %L', c)) FROM (VALUES ('test-only-valves', ''), ('TEST PARTS>Test valves', ''), ('Test Valves', ''), ('test parts > test twin', ''), ('Test Twin', ''), ('nowhere', '2 category VALUE_UNKNOWN'), ('', '2 category VALUE_MISSING')) v (c, w) WHERE c <> 'Test Twin';
SELECT is(pg_temp.refusal('category', 'Test Twin'), '', 'a path from the top goes before a name below it');
UPDATE mjc.category SET parent_id = '00000000-0000-4000-b000-000000000002' WHERE slug = 'test-only-twin-2';
SELECT is(pg_temp.refusal('category', 'Test Twin'), '2 category VALUE_UNKNOWN', 'a name that two categories have names neither');

-------------------------------------------------------------------- what is refused
SELECT is(pg_temp.refusal(f, t), CASE w WHEN '' THEN '' ELSE '2 ' || f || ' VALUE_' || w END, format('%s %L', f, left(t, 30)))
  FROM (VALUES ('name', '', 'MISSING'), ('name', 'x', 'RANGE'), ('name', repeat('x', 255), ''), ('name', repeat('x', 256), 'RANGE'), ('name', E'a\nb', 'INVALID'), ('nameAr', repeat('ش', 256), 'RANGE'), ('nameEn', E'a\tb', 'INVALID'),
               ('description', E'a\nb', ''), ('description', repeat('x', 20001), 'RANGE'), ('shortDescription', repeat('x', 1000), ''), ('shortDescription', repeat('x', 1001), 'RANGE'), ('descriptionAr', E'a\x07b', 'INVALID'), ('shortDescriptionEn', E'a\x1fb', 'INVALID'), ('nameAr', 'x', 'RANGE'), ('nameEn', 'ab', ''),
               ('price', '', 'MISSING'), ('price', 'abc', 'INVALID'), ('price', '-1', 'INVALID'), ('price', '1.005', 'INVALID'), ('price', '0', ''), ('price', '1000000000', ''), ('price', '1000000000,01', 'RANGE'),
               ('salePrice', '0', 'RANGE'), ('salePrice', '1000', 'RANGE'), ('salePrice', '999,99', ''), ('salePrice', 'x', 'INVALID'), ('cost', 'x', 'INVALID'), ('cost', '5000', ''), ('cost', '1000000001', 'RANGE'),
               ('taxRate', '19', ''), ('taxRate', '19%', ''), ('taxRate', '5,5', ''), ('taxRate', '100', ''), ('taxRate', '100,01', 'RANGE'), ('taxRate', 'TVA', 'INVALID'),
               ('ean', '4006381333931', 'TAKEN'), ('ean', '4006381333930', 'INVALID'), ('ean', '96385074', ''), ('ean', '9638 5074', ''), ('ean', '٩٦٣٨٥٠٧٤', ''), ('ean', 'x', 'INVALID'),
               ('weight', '1,2345', 'INVALID'), ('weight', '100001', 'RANGE'), ('weight', '0', ''), ('warranty', '1,5', 'INVALID'), ('warranty', '600', ''), ('warranty', '601', 'RANGE'), ('minStock', '-1', 'INVALID'), ('minStock', '1000001', 'RANGE'),
               ('condition', 'cassé', 'INVALID'), ('condition', 'Reconditionné', ''), ('condition', 'جديد', ''), ('isActive', 'peut-être', 'INVALID'), ('isFeatured', '2', 'INVALID'), ('kind', 'nothing', 'UNKNOWN'), ('kind', 'TEST-only-valve', ''), ('kind', 'VANNE d''Essai', ''),
               ('images', 'javascript:alert(1)', 'INVALID'), ('images', '//evil.example/x', 'INVALID'), ('images', 'http://x/a"b', 'INVALID'), ('images', '/x.jpg', ''), ('images', repeat('/x ', 50), ''), ('images', repeat('/x ', 51), 'INVALID'), ('images', '/' || repeat('x', 1000), 'INVALID'),
               ('specifications', '[]', 'INVALID'), ('specifications', '{"a": "\u0000"}', 'INVALID'), ('specifications', '{"a": 1}', ''), ('specifications', '{"": 1}', 'RANGE'), ('specifications', '{"' || repeat('k', 100) || '": 1}', ''), ('specifications', '{"' || repeat('k', 101) || '": 1}', 'RANGE'), ('manufacturer', 'x', 'RANGE'), ('manufacturer', repeat('x', 101), 'RANGE'), ('manufacturerRef', repeat('x', 101), 'RANGE')) v (f, t, w);
SELECT is_empty($$SELECT FROM mjc.product WHERE sku = 'TEST-REFUSED'$$, 'a dry run makes none of them');
SELECT is(pg_temp.errors(pg_temp.imported('products', E'sku,name,category,price\n,Vanne,test-only-parts,1\nX,Vanne,test-only-parts,1\n' || repeat('x', 51) || E',Vanne,test-only-parts,1\nTR-1,Vanne,test-only-parts\nTR-2,Vanne,test-only-parts,1,2\nTR-3,V,nowhere,x\nTR-4,Vanne,test-only-parts,5\nTR-4,Vanne,test-only-parts,6\n')),
    '2 sku VALUE_MISSING, 3 sku VALUE_RANGE, 4 sku VALUE_RANGE, 5 line LINE_CELLS, 5 price VALUE_MISSING, 6 line LINE_CELLS, 7 category VALUE_UNKNOWN, 7 name VALUE_RANGE, 7 price VALUE_INVALID, 9 sku VALUE_REPEATED', 'every error of every line is named');
SELECT is((SELECT array_agg(sku || ' ' || price_centimes) FROM mjc.product WHERE sku LIKE 'TR-_'), '{TR-4 500}', 'good lines are imported, of those with one number the first');
SELECT is(pg_temp.errors(pg_temp.imported('products', E'sku,name,category,price,ean\nTE-1,Vanne,test-only-parts,1,96385074\nTE-2,Vanne,test-only-parts,1,96385074\nTE-3,Vanne,test-only-parts,1,\nTE-4,Vanne,test-only-parts,1,\n')), '3 ean VALUE_REPEATED', 'an EAN twice in a file; nothing is no EAN');
SELECT is_empty($$SELECT FROM mjc.manufacturer WHERE name = 'Test Unborn'$$, 'none of that name yet');
SELECT is(pg_temp.counts(pg_temp.imported('products', E'sku,name,category,price,manufacturer\nTU-1,V,test-only-parts,1,Test Unborn\n')), '0 0 0 1', 'a bad line');
SELECT is_empty($$SELECT FROM mjc.manufacturer WHERE name = 'Test Unborn'$$, 'makes no manufacturer');
SELECT is(pg_temp.errors(pg_temp.imported('products', E'sku,price\nTI-1,2000\n')), '', 'an unchanged price of an old product');
SELECT mjc.price_set(product_id, 2000, 1500) FROM mjc.product WHERE sku = 'TI-1' \g /dev/null
SELECT is(pg_temp.errors(pg_temp.imported('products', E'sku,price\nTI-1,1400\n')), '2 salePrice VALUE_RANGE', 'a price below the sale that there is');

-------------------------------------------------------------------- taking a file
SELECT mjc.import_begin('products') AS id \gset
SELECT is(mjc.import_add(:'id', 1, convert_to(E'sku;na', 'UTF8')), 0, 'half a head line');
SELECT is(mjc.import_add(:'id', 1, convert_to(E'sku;na', 'UTF8')), 0, 'twice');
SELECT throws_ok(format('SELECT mjc.import_add(%L, 1, %L)', :'id', 'x'), 'MJ869', NULL, 'another text under a number that was taken');
SELECT throws_ok(format('SELECT mjc.import_add(%L, 3, %L)', :'id', 'x'), 'MJ869', NULL, 'a part that comes too early');
SELECT throws_ok(format('SELECT mjc.import_add(%L, %s, %L)', :'id', n, 'x'), 'MJ869', NULL, format('part %s', n)) FROM unnest(ARRAY[0, -1]) n;
SELECT throws_ok(format('SELECT mjc.import_add(%L, NULL, %L)', :'id', 'x'), 'MJ003', NULL, 'part NULL');
SELECT throws_ok(format('SELECT mjc.import_add(%L, 2, NULL)', :'id'), 'MJ003', NULL, 'no part');
SELECT throws_ok(format('SELECT mjc.import_add(%L, 2, %L)', :'id', '\xe90a'::bytea), 'MJ861', NULL, 'another encoding');
SELECT is(mjc.import_add(:'id', 2, convert_to(E'me;category;price\nTC-1;"a\nb";', 'UTF8')), 0, 'half a line');
SELECT is(mjc.import_add(:'id', 3, convert_to(E'test-only-parts;1\nTC-2;Vanne deux;test-only-parts;2', 'UTF8')), 1, 'whole lines count');
SELECT is(mjc.import_add(:'id', 1, convert_to(E'sku;na', 'UTF8')), 1, 'the first part again');
SELECT throws_ok($$SELECT mjc.import_add(gen_random_uuid(), 1, 'x')$$, 'MJ004', NULL, 'no import');
SELECT is(mjc.import_work(:'id') ->> 'state', 'open', 'nothing is worked off before it is started');
SELECT is(mjc.catalogue_import(:'id') ->> 'lines', '2', 'the last line needs no end');
SELECT is(mjc.import_add(:'id', 3, convert_to(E'test-only-parts;1\nTC-2;Vanne deux;test-only-parts;2', 'UTF8')), 2, 'a part again, late');
SELECT throws_ok(format('SELECT mjc.import_add(%L, 4, %L)', :'id', 'x'), 'MJ868', NULL, 'a part too late');
SELECT throws_ok(format('SELECT mjc.catalogue_import(%L)', :'id'), 'MJ868', NULL, 'started twice');
SELECT is(pg_temp.errors(pg_temp.worked(:'id')), '2 name VALUE_INVALID', 'lines are named as an editor counts them');
SELECT is((SELECT count(*) FROM mjc.product WHERE sku = 'TC-2'), 1::bigint, 'behind a cell with a line end too');
SELECT throws_ok(format('SELECT mjc.catalogue_import(%L)', :'id'), 'MJ868', NULL, 'an import that is done');
SELECT throws_ok($$SELECT mjc.catalogue_import(gen_random_uuid())$$, 'MJ004', NULL, 'an import that there is not');
SELECT throws_ok($$SELECT mjc.import_work(gen_random_uuid())$$, 'MJ004', NULL, 'no work of it either');
SELECT throws_ok(format('SELECT mjc.import_begin(%L)', k), e, NULL, format('kind %L', k)) FROM (VALUES (NULL, 'MJ003'), ('', 'MJ010'), ('orders', 'MJ010')) v (k, e);
SELECT pg_temp.begun('products', E'sku,name\nTQ-1,"open\n') AS id \gset
SELECT throws_ok(format('SELECT mjc.catalogue_import(%L)', :'id'), 'MJ862', NULL, 'a quote that stays open is told at the end');
SELECT is(mjc.import_add(:'id', 2, convert_to(E'"\n', 'UTF8')), 1, 'and can still be closed');
SELECT pg_temp.begun('products', E'sku,name\n') AS id \gset
SELECT is((SELECT d ->> 'lines' FROM mjc.catalogue_import(:'id') d), '0', 'a head line alone');
SELECT is(pg_temp.worked(:'id') ->> 'state', 'done', 'is done at once');
SELECT throws_ok(format('SELECT mjc.catalogue_import(%L)', pg_temp.begun('products', '')), 'MJ871', NULL, 'nothing at all');
SELECT throws_ok(format('SELECT mjc.import_add(%L, 1, convert_to(E''sku\n'' || repeat(E''AAAA\n'', 500002), ''UTF8''))', mjc.import_begin('products')), 'MJ870', NULL, 'more lines than a file may have');

-------------------------------------------------------------------- a dry run
SELECT pg_temp.catalogue() AS before, (SELECT count(*) FROM mjc.audit WHERE action = 'import_batch') AS batches \gset
SELECT pg_temp.begun('products', E'sku,name,category,price,manufacturer\nTI-1,Other name,test-only-parts,77,Test Dry\nTD-1,New,test-only-parts,5,Test Dry\nTD-2,N,x,y,z\nTI-2,,,,\n') AS id \gset
SELECT mjc.catalogue_import(:'id', dry_run => true) \g /dev/null
SELECT pg_temp.worked(:'id') AS doc \gset
SELECT is(pg_temp.counts(:'doc'), '1 1 0 2', 'a dry run counts what would be: one made, one without its maker');
SELECT is(pg_temp.errors(:'doc'), '2 salePrice VALUE_RANGE, 4 category VALUE_UNKNOWN, 4 manufacturer VALUE_RANGE, 4 name VALUE_RANGE, 4 price VALUE_INVALID', 'and names every error');
SELECT is(pg_temp.catalogue(), :'before', 'and changes nothing');
SELECT is((SELECT count(*) FROM mjc.audit WHERE action = 'import_batch'), :batches::bigint, 'and no batch of it is in the audit');
SELECT is((SELECT d ->> 'dryRun' FROM mjc.catalogue_import(:'id', dry_run => false) d), 'false', 'then the same file');
SELECT is(pg_temp.counts(pg_temp.worked(:'id')), '1 1 0 2', 'is imported, with the same counts');
SELECT is((SELECT count(*) FROM mjc.product p JOIN mjc.manufacturer m USING (manufacturer_id) WHERE p.sku = 'TD-1' AND m.name = 'Test Dry'), 1::bigint, 'for good');
SELECT throws_ok(format('SELECT mjc.catalogue_import(%L)', :'id'), 'MJ868', NULL, 'once');

-------------------------------------------------------------------- out and in again
INSERT INTO mjc.product (product_id, slug, sku, category_id, name, description, short_description, price_centimes, sale_price_centimes, sale_from_at, specifications, weight_g, tax_bp, ean)
VALUES (pg_temp.pid(70), 'test-only-70', '=TX-1', '00000000-0000-4000-b000-000000000001', '+cmd|''x''', E'two\n"lines", é; ش\r\nthree', '''=1', 100001, 99999, '2090-01-01',
        '{"n": 1.50, "deep": {"a": [1, "x", null]}, " ": "y", "q": "\"|"}', 1, 1234, '123');
INSERT INTO mjc.product_image (product_id, image_id, url, alt_text, sort_order) VALUES (pg_temp.pid(70), gen_random_uuid(), '/1.jpg', 'x', 7), (pg_temp.pid(70), gen_random_uuid(), '/0.jpg', 'y', 3);
SELECT pg_temp.catalogue() AS before, (SELECT count(*) FROM mjc.product) AS n, (SELECT x.body FROM mjc.catalogue_piece('file', NULL, 100000) x) AS csv \gset
SELECT is((SELECT array_agg(c::text ORDER BY n) FROM mjc.csv_rows(:'csv') r, unnest(r.cells) WITH ORDINALITY u (c, n) WHERE r.line = 1), ARRAY(SELECT f.field FROM mjc.import_fields('products') f), 'the columns are those that an import reads');
SELECT is(array_agg(a.attname::text ORDER BY a.attnum), ARRAY(SELECT f.field FROM mjc.import_fields('products') f), 'so are those of the view') FROM pg_attribute a WHERE a.attrelid = 'mjc_report.catalogue_export'::regclass AND a.attnum > 0;
SELECT is_empty(format('SELECT c FROM mjc.csv_rows(%L) r, unnest(r.cells) c WHERE c ~ %L', :'csv', '^[=+@\t\r-]'), 'no cell is a formula');
SELECT is(pg_temp.counts(d) || pg_temp.errors(d), format('0 0 %s 0', :n), 'all that is exported is there already') FROM pg_temp.imported('products', :'csv') d;
SELECT is(pg_temp.catalogue(), :'before', 'to import it changes nothing');
DELETE FROM mjc.product_image WHERE product_id = pg_temp.pid(70);
UPDATE mjc.product SET name = 'x2', description = NULL, short_description = NULL, price_centimes = 200000, specifications = '{}', weight_g = NULL, tax_bp = 1900 WHERE product_id = pg_temp.pid(70);
SELECT is(pg_temp.counts(pg_temp.imported('products', :'csv')), format('0 1 %s 0', :n - 1), 'what was changed since is changed back');
SELECT is((SELECT x.body FROM mjc.catalogue_piece('file', NULL, 100000) x), :'csv', 'to the letter');
WITH RECURSIVE piece (body, next, n) AS (
    SELECT x.body, x.next, 1 FROM mjc.catalogue_piece('file', NULL, 7) x
    UNION ALL SELECT x.body, x.next, p.n + 1 FROM piece p CROSS JOIN LATERAL mjc.catalogue_piece('file', p.next, 7) x WHERE p.next IS NOT NULL)
SELECT is(string_agg(p.body, '' ORDER BY p.n), :'csv', 'piece by piece the same') FROM piece p;

-------------------------------------------------------------------- numbers of others, boilers
SELECT pg_temp.make_product(80, 1000), pg_temp.make_product(81, 1000) \g /dev/null
SELECT pg_temp.imported('cross_references', E'Référence,Type,Marque,Numéro,Sens\nTEST-ONLY-80,OEM,SIT,0.845.063,\nTEST-ONLY-80,Ancienne,,845-063,to_part\nTEST-ONLY-81,concurrent,Honeywell,VK4105,both\nTEST-ONLY-80,OEM,SIT,0.845.063,\nTEST-NONE,OEM,,1,\nTEST-ONLY-81,autre,,' || repeat('1', 61) || E',up\nTEST-ONLY-81,,,,\n') AS doc \gset
SELECT is(pg_temp.counts(:'doc'), '3 0 0 4', 'cross-references');
SELECT is(pg_temp.errors(:'doc'), '5 number VALUE_REPEATED, 6 sku VALUE_UNKNOWN, 7 direction VALUE_INVALID, 7 kind VALUE_INVALID, 7 number VALUE_RANGE, 8 number VALUE_MISSING', 'with what is wrong');
SELECT results_eq($$SELECT p.sku, c.kind, c.brand, c.number, c.direction FROM mjc.cross_reference c JOIN mjc.product p USING (product_id) WHERE p.sku LIKE 'TEST-ONLY-8_' ORDER BY 1, 2$$,
    $$VALUES ('TEST-ONLY-80', 'OEM', 'SIT', '0.845.063', 'both'), ('TEST-ONLY-80', 'OLD_OEM', NULL, '845-063', 'to_part'), ('TEST-ONLY-81', 'COMPETITOR', 'Honeywell', 'VK4105', 'both')$$, 'as the file says');
SELECT is(pg_temp.counts(pg_temp.imported('cross_references', E'sku,kind,brand,number,direction\nTEST-ONLY-80,OEM,SIT,0.845.063,from-part\nTEST-ONLY-80,OLD_OEM,,845-063,\n')), '0 1 1 0', 'the same number again changes its direction');
SELECT is(f.code || (f.detail ->> 'field'), 'MJ871number', 'a number is needed') FROM pg_temp.failure(format('SELECT mjc.catalogue_import(%L)', pg_temp.begun('cross_references', E'sku\nTEST-ONLY-80\n'))) f;

INSERT INTO mjc.manufacturer (manufacturer_id, slug, name) VALUES (pg_temp.pid(90), 'test-only-maker', 'Test Only Maker');
INSERT INTO mjc.boiler_model (boiler_model_id, manufacturer_id, name) VALUES (pg_temp.pid(91), pg_temp.pid(90), 'Thema T 25'), (pg_temp.pid(92), pg_temp.pid(90), 'Thema T 30');
INSERT INTO mjc.boiler_variant (variant_id, boiler_model_id, name) VALUES (pg_temp.pid(93), pg_temp.pid(91), 'E V');
SELECT pg_temp.imported('fitments', E'sku;Marque;Modèle;Variante;Note;Compatible;Quantité;Gaz;builtFrom;builtTo;serialFrom;serialTo;source;confidence\n'
    || E'TEST-ONLY-80;test only maker;thema  t 25;;avec joint;;;;;;;;;\nTEST-ONLY-80;test-only-maker;Thema T 25;e v;;non;2;G31 G20;01/02/2003;2004-02-29;;1000;maker;95\nTEST-ONLY-81;Test Only Maker;Thema T 99;;;;;;;;;;;\n'
    || E'TEST-ONLY-81;Test Only Maker;Thema T 30;zzz;;peut-être;0;G99;31/02/2003;x;5;4;nobody;101\nTEST-ONLY-81;;;;;;;;2005-01-01;2004-01-01;;;;\n') AS doc \gset
SELECT is(pg_temp.counts(:'doc'), '2 0 0 3', 'fitments');
SELECT is(pg_temp.errors(:'doc'), '4 boilerModel VALUE_UNKNOWN, 5 boilerVariant VALUE_UNKNOWN, 5 builtFrom VALUE_INVALID, 5 builtTo VALUE_INVALID, 5 confidence VALUE_RANGE, 5 fits VALUE_INVALID, 5 gas VALUE_INVALID, 5 quantity VALUE_RANGE, 5 serialTo VALUE_RANGE, 5 source VALUE_INVALID, 6 boilerManufacturer VALUE_MISSING, 6 boilerModel VALUE_MISSING, 6 builtTo VALUE_RANGE', 'with what is wrong');
SELECT results_eq($$SELECT p.sku, f.boiler_model_id, f.variant_id, f.note, f.fits, f.qty, f.gas, f.built, f.serial, f.source, f.confidence FROM mjc.fitment f JOIN mjc.product p USING (product_id) WHERE p.sku LIKE 'TEST-ONLY-8_' ORDER BY f.variant_id NULLS FIRST$$,
    $$VALUES ('TEST-ONLY-80', pg_temp.pid(91), NULL::uuid, 'avec joint', true, 1::smallint, NULL::text[], NULL::daterange, NULL::int8range, 'SHOP', 80::smallint), ('TEST-ONLY-80', pg_temp.pid(91), pg_temp.pid(93), NULL, false, 2::smallint, '{G20,G31}', '[2003-02-01,2004-03-01)', '(,1001)', 'MAKER', 95::smallint)$$, 'as the file says');
SELECT mjc.fitment_set('{"verified": true}', f.fitment_id) FROM mjc.fitment f JOIN mjc.product p USING (product_id) WHERE p.sku = 'TEST-ONLY-80' \g /dev/null
SELECT is(pg_temp.counts(pg_temp.imported('fitments', E'sku,boilerManufacturer,boilerModel,note\nTEST-ONLY-80,test-only-maker,Thema T 25,\n')), '0 1 0 0', 'the same boiler again changes the note');
SELECT is(pg_temp.counts(pg_temp.imported('fitments', E'sku,boilerManufacturer,boilerModel,note\nTEST-ONLY-80,test-only-maker,Thema T 25,\n')), '0 0 1 0', 'once');
SELECT is((SELECT count(*) FROM mjc.fitment f JOIN mjc.product p USING (product_id) WHERE p.sku = 'TEST-ONLY-80' AND f.verified_at IS NULL), 1::bigint, 'whoever checked the row did not check that');
SELECT is(mjc.import_day(t), w::date, format('day %L', t)) FROM (VALUES ('2026-12-31', '2026-12-31'), ('31/12/2026', '2026-12-31'), ('1.2.2026', '2026-02-01'), ('٢٠٢٦-٠١-٠١', '2026-01-01'), ('29/02/2024', '2024-02-29'), ('29/02/2023', NULL), ('2026-13-01', NULL), ('2026-00-10', NULL), ('0/1/2026', NULL), ('31/12/26', NULL), ('1899-12-31', NULL), ('2026', NULL), ('', NULL), (NULL, NULL)) v (t, w);

-------------------------------------------------------------------- many lines, the clock
SELECT (SELECT count(*) FROM mjc.import WHERE state = 'running') AS others, mjc.import_begin('products') AS id \gset
SELECT is(:others::integer, 0, 'nothing else is under way');
SELECT mjc.import_add(:'id', 1, convert_to(E'sku,name,category,price\n' || string_agg('TB-' || n || ',Batch ' || n || ',test-only-parts,' || CASE WHEN n % 100 = 0 THEN 'x' ELSE n::text END, E'\n' ORDER BY n) || E'\n', 'UTF8')) FROM generate_series(1, 2500) n \g /dev/null
SELECT mjc.catalogue_import(:'id') \g /dev/null
UPDATE mjc.job SET next_at = clock_timestamp() + interval '1 hour', failures = 0, error = NULL;
UPDATE mjc.job SET next_at = clock_timestamp() - interval '1 second' WHERE name = 'import_run';
SELECT results_eq($$SELECT job, done, error FROM mjc.housekeep('1 minute')$$, $$VALUES ('import_run', 1000::bigint, NULL::text)$$, 'a call of the clock works off a batch');
SELECT is((mjc.import_doc(:'id') ->> 'progress') || ' ' || pg_temp.counts(mjc.import_doc(:'id')), '40 990 0 0 10', 'and tells how far it is');
SELECT results_eq($$SELECT job, done, error FROM mjc.housekeep('1 minute')$$, $$VALUES ('import_run', 1000::bigint, NULL::text)$$, 'it is due again at once');
SELECT results_eq($$SELECT job, done, error FROM mjc.housekeep('1 minute')$$, $$VALUES ('import_run', 500::bigint, NULL::text)$$, 'to the end');
SELECT is((mjc.import_doc(:'id') ->> 'state') || ' ' || pg_temp.counts(mjc.import_doc(:'id')), 'done 2475 0 0 25', 'all lines once');
SELECT is((SELECT count(*) FROM mjc.product WHERE sku LIKE 'TB-%'), 2475::bigint, 'and as many products');
SELECT is((SELECT sum(price_centimes) FROM mjc.product WHERE sku LIKE 'TB-%'), (SELECT sum(n * 100) FROM generate_series(1, 2500) n WHERE n % 100 <> 0)::numeric, 'with their prices');
SELECT is((SELECT string_agg(sku, ',') FROM (SELECT sku FROM mjc.product WHERE sku LIKE 'TB-%' ORDER BY created_at LIMIT 3) x), 'TB-1,TB-2,TB-3', 'in the order of the file');
SELECT is((SELECT count(*) FROM mjc.audit WHERE subject_id = :'id' AND action = 'import_batch'), 3::bigint, 'three batches are in the audit');
SELECT is(mjc.import_job(), 0::bigint, 'then there is nothing to do');
-- A batch that fails: ten times, then it is given up, and the next import goes on
SELECT pg_temp.begun('products', E'sku,name,category,price\nTF-1,Fails,test-only-parts,1\n') AS id, pg_temp.begun('products', E'sku,name,category,price\nTF-2,Goes on,test-only-parts,1\n') AS next \gset
SELECT mjc.catalogue_import(:'id'), mjc.catalogue_import(:'next') \g /dev/null
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE mjc.product ADD CONSTRAINT test_fails_ck CHECK (name <> 'Fails');
CREATE TEMP TABLE run (n integer, error text);
DO $$
BEGIN
    FOR n IN 1 .. 11 LOOP
        UPDATE mjc.job SET next_at = clock_timestamp() - interval '1 second' WHERE name = 'import_run';
        INSERT INTO run SELECT n, h.error FROM mjc.housekeep('1 minute') h;
    END LOOP;
END
$$;
SELECT is((SELECT count(*) FROM run WHERE error LIKE '%test_fails_ck%'), 10::bigint, 'ten tries');
SELECT is((SELECT state || ' ' || (error LIKE '%test_fails_ck%') FROM mjc.import WHERE import_id = :'id'), 'failed true', 'then it is given up, and says why');
SELECT is(mjc.import_job(), 1::bigint, 'the next one goes on');
SELECT is((SELECT state FROM mjc.import WHERE import_id = :'next'), 'done', 'to its end');
-- What is old is forgotten
SELECT pg_temp.begun('products', 'sku,na') AS head_only, mjc.import_begin('products') AS empty \g /dev/null
UPDATE mjc.import SET updated_at = clock_timestamp();
SELECT is(mjc.import_purge(), 0::bigint, 'nothing is old');
SELECT (SELECT count(*) FROM mjc.import_line l JOIN mjc.import i USING (import_id) WHERE i.state IN ('done', 'failed') AND NOT i.dry_run) AS used \gset
SELECT cmp_ok(:used::integer, '>', 2500, 'lines are there');
UPDATE mjc.import SET updated_at = clock_timestamp() - interval '61 minutes';
SELECT is((SELECT sum(mjc.import_purge(200)) FROM generate_series(1, 500))::bigint, :used::bigint, 'lines that were imported go after an hour');
SELECT isnt_empty($$SELECT FROM mjc.import_line l JOIN mjc.import i USING (import_id) WHERE i.dry_run$$, 'those that were tried stay');
SELECT isnt_empty($$SELECT FROM mjc.import_line l JOIN mjc.import i USING (import_id) WHERE i.state = 'open'$$, 'those of files that were not started too');
UPDATE mjc.import SET updated_at = clock_timestamp() - interval '8 days';
SELECT mjc.import_purge() FROM generate_series(1, 500) \g /dev/null
SELECT is_empty('SELECT FROM mjc.import_line', 'for a week');
SELECT is_empty($$SELECT FROM mjc.import WHERE state = 'open' OR rest <> ''$$, 'after which nothing is open, nor the piece of a line kept, of a file without a whole line either');
SELECT isnt_empty('SELECT FROM mjc.import_error', 'what was wrong stays on record');
UPDATE mjc.import SET updated_at = clock_timestamp() - interval '89 days';
SELECT is(mjc.import_purge(), 0::bigint, 'for three months');
SELECT count(*) AS wrong FROM mjc.import_error \gset
UPDATE mjc.import SET updated_at = clock_timestamp() - interval '91 days';
SAVEPOINT forgetting;
SELECT is((SELECT sum(mjc.import_purge(7)) FROM generate_series(1, 2000))::bigint, :wrong::bigint, 'then it goes');
SELECT is_empty('SELECT FROM mjc.import_error', 'all of it');
ROLLBACK TO forgetting;
SELECT throws_ok(format('SELECT mjc.catalogue_import(%L)', i.import_id), 'MJ868', NULL, 'a dry run without its lines cannot be started') FROM mjc.import i WHERE i.dry_run AND i.lines > 0 LIMIT 1;

-- One value in two ways of writing, and numbers too large for their column, are errors of their lines: the batch goes on
SELECT is(pg_temp.errors(d) || ': ' || pg_temp.counts(d), '3 ean VALUE_REPEATED: 2 0 0 1', 'an EAN twice, once with blanks')
  FROM pg_temp.imported('products', E'sku,name,category,price,ean\nTY-1,Vanne,test-only-parts,1,5901234123457\nTY-2,Vanne,test-only-parts,1,5 901234 123457\nTY-3,Vanne,test-only-parts,1,\n') d;
SELECT is(pg_temp.errors(d) || ': ' || pg_temp.counts(d), '3 number VALUE_REPEATED, 4 number VALUE_REPEATED: 2 0 0 2', 'a kind of number in English, in French, and as it is unless told')
  FROM pg_temp.imported('cross_references', E'sku,kind,number\nTY-1,OEM,7001\nTY-1,origine,7001\nTY-1,,7001\nTY-1,EAN,7001\n') d;
INSERT INTO mjc.manufacturer (manufacturer_id, slug, name) VALUES ('00000000-0000-4000-d000-00000000ff01', 'test-two-ways', 'Test Two Ways');
INSERT INTO mjc.boiler_model (boiler_model_id, manufacturer_id, name) VALUES ('00000000-0000-4000-d000-00000000ff02', '00000000-0000-4000-d000-00000000ff01', 'Model Two Ways');
SELECT is(pg_temp.errors(d) || ': ' || pg_temp.counts(d), '3 boilerModel VALUE_REPEATED, 4 boilerModel VALUE_REPEATED, 6 boilerModel VALUE_REPEATED: 2 0 0 3', 'one boiler, gas and day in several ways')
  FROM pg_temp.imported('fitments', E'sku,boilerManufacturer,boilerModel,gas,builtFrom\nTY-1,Test Two Ways,Model Two Ways,G20 G31,\nTY-1,test-two-ways,MODEL  TWO WAYS,"G31,G20",\n'
        || E'TY-1,Test Two Ways,Model Two Ways,G20 G20 G31,\nTY-1,Test Two Ways,Model Two Ways,,2020-01-31\nTY-1,Test Two Ways,Model Two Ways,,31/01/2020\n') d;
SELECT is(pg_temp.errors(d) || ': ' || pg_temp.counts(d), '2 minStock VALUE_RANGE, 3 weight VALUE_RANGE, 4 warranty VALUE_RANGE, 5 taxRate VALUE_RANGE: 1 0 0 4', 'numbers too large for their column')
  FROM pg_temp.imported('products', E'sku,name,category,price,minStock,weight,warranty,taxRate\nTZ-1,Vanne,test-only-parts,1,999999999999999,,,\nTZ-2,Vanne,test-only-parts,1,,999999999999,,\n'
        || E'TZ-3,Vanne,test-only-parts,1,,,99999999999,\nTZ-4,Vanne,test-only-parts,1,,,,9999999999999\nTZ-5,Vanne,test-only-parts,1,,,,\n') d;
SELECT is(pg_temp.errors(d) || ': ' || pg_temp.counts(d), '2 quantity VALUE_RANGE, 3 confidence VALUE_RANGE: 1 0 0 2', 'and of fitments')
  FROM pg_temp.imported('fitments', E'sku,boilerManufacturer,boilerModel,gas,quantity,confidence\nTY-3,Test Two Ways,Model Two Ways,,99999999999,\nTY-3,Test Two Ways,Model Two Ways,G25,,99999999999\nTY-1,Test Two Ways,Model Two Ways,,2,50\n') d;

-- What the forms of staff refuse, files do not bring in either
SELECT is(pg_temp.errors(d) || ': ' || pg_temp.counts(d), '2 specifications VALUE_RANGE, 3 specifications VALUE_RANGE: 1 0 0 2', 'specifications too long, or of too many names')
  FROM pg_temp.imported('products', E'sku,name,category,price,specifications,spec:x\nTSP-1,Vanne,test-only-parts,1,{},' || repeat('y', 20001) || E'\nTSP-2,Vanne,test-only-parts,1,'
        || (SELECT mjc.csv_quoted(jsonb_object_agg(n::text, 1)::text) FROM generate_series(1, 100) n) || E',1\nTSP-3,Vanne,test-only-parts,1,'
        || (SELECT mjc.csv_quoted(jsonb_object_agg(n::text, 1)::text) FROM generate_series(1, 99) n) || E',1\n') d;
SELECT is(pg_temp.errors(d) || ': ' || pg_temp.counts(d), '202 number VALUE_RANGE: 200 0 0 1', 'a part has 200 other numbers')
  FROM pg_temp.imported('cross_references', E'sku,number\n' || (SELECT string_agg('TSP-3,X' || n, E'\n' ORDER BY n) FROM generate_series(1, 201) n)) d;
SELECT is(pg_temp.errors(d) || ': ' || pg_temp.counts(d), '3 number VALUE_RANGE: 0 0 1 1', 'with those that there are')
  FROM pg_temp.imported('cross_references', E'sku,number\nTSP-3,X7\nTSP-3,X201\n') d;
-- Each limit once: what a form takes a file takes too, and one more neither does.
CREATE FUNCTION pg_temp.form_takes(field text, value jsonb) RETURNS boolean
    LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM mjc.product_check(jsonb_build_object('name', 'Vanne', 'sku', 'TEST-LIMIT', 'categoryId', 'test-only-parts', 'price', 1) || jsonb_build_object(field, value));
    RETURN true;
EXCEPTION WHEN SQLSTATE 'MJ006' OR SQLSTATE 'MJ010' THEN
    RETURN false;
END
$$;
SELECT is((pg_temp.form_takes(t.field, t.good), pg_temp.form_takes(t.field, t.bad), pg_temp.refusal(t.field, t.good #>> '{}') = '', pg_temp.refusal(t.field, t.bad #>> '{}') = '')::text, '(t,f,t,f)', 'the limit of ' || t.field)
  FROM (SELECT f.field, to_jsonb(repeat('x', f.most)) AS good, to_jsonb(repeat('x', f.most + 1)) AS bad
          FROM (VALUES ('name', 255), ('nameAr', 255), ('nameEn', 255), ('manufacturerRef', 100), ('description', 20000), ('descriptionAr', 20000), ('descriptionEn', 20000),
                       ('shortDescription', 1000), ('shortDescriptionAr', 1000), ('shortDescriptionEn', 1000)) f (field, most)
        UNION ALL
        VALUES ('taxRate', '100'::jsonb, '100.01'::jsonb), ('minStock', '1000000', '1000001'), ('weight', '100000', '100000.001'), ('warranty', '600', '601'), ('price', '1000000000', '1000000000.01')) t;

-- A part is never below the safety of its kind
INSERT INTO mjc.part_kind (kind_id, slug, name, safety_class) VALUES ('00000000-0000-4000-c000-000000000002', 'test-only-gas', 'Gaz d''essai', 'QUALIFIED'), ('00000000-0000-4000-c000-000000000003', 'test-only-wire', 'Fil d''essai', 'ELECTRICAL');
SELECT is(pg_temp.counts(pg_temp.imported('products', E'sku,name,category,price,kind\nTSA-1,Vanne,test-only-parts,1,test-only-gas\nTSA-2,Vanne,test-only-parts,1,test-only-wire\nTSA-3,Vanne,test-only-parts,1,\nTSA-4,Vanne,test-only-parts,1,test-only-valve\n')), '4 0 0 0', 'parts of kinds');
SELECT is((SELECT array_agg(safety_class ORDER BY sku) FROM mjc.product WHERE sku LIKE 'TSA-_'), '{QUALIFIED,ELECTRICAL,STANDARD,STANDARD}', 'new ones have the class of their kind');
SELECT is(pg_temp.counts(pg_temp.imported('products', E'sku,kind\nTSA-1,test-only-wire\nTSA-2,\nTSA-3,test-only-gas\nTSA-4,test-only-valve\n')), '0 3 1 0', 'other kinds');
SELECT is((SELECT array_agg(safety_class ORDER BY sku) FROM mjc.product WHERE sku LIKE 'TSA-_'), '{QUALIFIED,ELECTRICAL,QUALIFIED,STANDARD}', 'another kind raises the class, and lowers none');
SELECT is_empty($$SELECT * FROM mjc.check_invariants() WHERE rule ~ 'safety'$$, 'as promised');

-- Empty lines before the head line, wherever the file is cut
SELECT mjc.import_begin('products') AS id \gset
SELECT mjc.import_add(:'id', n, convert_to(substr(E'\r\n\r\nsku;name\r\nTS-9;Vanne, deux\r\n', n, 1), 'UTF8')) FROM generate_series(1, 32) n \g /dev/null
SELECT is((SELECT concat_ws(' ', i.delimiter, i.head, i.lines) FROM mjc.import i WHERE i.import_id = :'id'), '; {sku,name} 1', 'empty lines are no head line and tell no delimiter');

-- What is wrong as a file, in pieces of any size; names of columns are no formulas, and a line as such has no column
SELECT pg_temp.imported('products', E'sku,name,=A1,category\nTX-1,V,x,test-only-parts\nTX-2,Vanne,1,nowhere,\nTX-3,Vanne,1,test-only-parts\n', '{"=A1": "price"}', true) ->> 'id' AS id \gset
CREATE FUNCTION pg_temp.wrong_file(form text, id uuid, most integer) RETURNS text[]
    LANGUAGE plpgsql
AS $$
DECLARE
    piece text;
    next jsonb;
    pieces text[];
BEGIN
    LOOP
        SELECT p.body, p.next INTO piece, next FROM mjc.import_error_piece(form, id, next, most) p;
        pieces := pieces || piece;
        EXIT WHEN next IS NULL OR cardinality(pieces) > 9;
    END LOOP;
    RETURN pieces;
END
$$;
SELECT U&'\FEFF' || E'line,column,field,code\r\n' AS head,
       E'2,"name","name",IMPORT_VALUE_RANGE\r\n2,"\'=A1","price",IMPORT_VALUE_INVALID\r\n3,"category","category",IMPORT_VALUE_UNKNOWN\r\n3,,"line",IMPORT_LINE_CELLS\r\n' AS lines \gset
SELECT is(array_to_string(pg_temp.wrong_file('file', :'id', n), ''), :'head' || :'lines', format('what is wrong in pieces of %s', n)) FROM unnest(ARRAY[1, 2, 3, 4, 5, 1000]) n;
SELECT is(cardinality(pg_temp.wrong_file('file', :'id', n)), w, format('pieces of %s are %s', n, w)) FROM (VALUES (1, 4), (2, 2), (3, 2), (4, 1), (5, 1)) v (n, w);
SELECT is(array_to_string(pg_temp.wrong_file('text', :'id', 3), '')::jsonb, jsonb_build_object('success', true, 'data', :'head' || :'lines'), 'or as a text in a reply');
SELECT is((SELECT array_agg(f.body) FROM mjc.import_error_piece('file', i, NULL, 10) f), ARRAY[NULL]::text[], 'no such import') FROM unnest(ARRAY[gen_random_uuid(), NULL]) i;
SELECT is(array_to_string(pg_temp.wrong_file('file', (pg_temp.imported('products', E'sku\nTI-1\n', NULL, true) ->> 'id')::uuid, 2), ''), :'head', 'without any the head line alone');
SELECT pg_temp.make_admin('wrong@example.test', 'ADMIN') AS admin \gset
SELECT is(ARRAY[f.body, f.next, f.filename], ARRAY[:'head' || :'lines', NULL, 'import_errors_export_' || timezone('Africa/Algiers', now())::date || '.csv'], 'REST: the file') FROM mjc_api.staff_import_error_export(:'admin', 0, gen_random_uuid(), :'id', true) f;
SELECT throws_ok(format('SELECT mjc_api.staff_import_error_export(%L, 0, gen_random_uuid(), %L)', a, :'id'), e, NULL, format('REST: %s', e)) FROM (VALUES (NULL, 'MJ060'), (gen_random_uuid()::text, 'MJ063')) v (a, e);

-------------------------------------------------------------------- who may
CREATE ROLE test_importer LOGIN IN ROLE mjc_admin;
SELECT pg_temp.make_admin('importer@example.test', 'ADMIN', 'test_importer') AS staff \gset
SET SESSION AUTHORIZATION test_importer;
SELECT pg_temp.imported('products', E'sku,name,category,price\nTW-1,Vanne,test-only-parts,1\n') AS doc \gset
RESET SESSION AUTHORIZATION;
SELECT is(:'doc'::jsonb ->> 'createdBy', 'Test Staff', 'staff import, by name');
SELECT is((SELECT count(*) FROM mjc.audit WHERE actor = :'staff' AND subject_kind = 'import'), 3::bigint, 'the audit knows who');
CREATE ROLE test_stranger LOGIN IN ROLE mjc_analyst;
SET SESSION AUTHORIZATION test_stranger;
SELECT throws_ok(format('SELECT mjc.%s', c), '42501', NULL, c) FROM unnest(ARRAY['import_begin(''products'')', 'import_add(gen_random_uuid(), 1, '''')', 'catalogue_import(gen_random_uuid())', 'import_work(gen_random_uuid())']) c;
SELECT throws_ok('CALL mjc.import_run(gen_random_uuid())', '42501', NULL, 'import_run');
RESET SESSION AUTHORIZATION;

SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');
SELECT * FROM finish();
ROLLBACK;
