-- Demo data: categories, manufacturers, boilers, wilayas and tariffs; parts, the numbers that others give
-- to them and the boilers that they fit, as a shopkeeper would import them; stock. Run by psql in this
-- folder, once, on an empty shop:
--   psql -d shop -f load.sql
-- Names, prices, part numbers and fits are made up for trying things out.
\set ON_ERROR_STOP on
BEGIN;
SET LOCAL search_path TO pg_catalog, pg_temp;

CREATE TEMP TABLE demo_category (slug text, name_fr text, parent_slug text, sort_order integer) ON COMMIT DROP;
CREATE TEMP TABLE demo_category_ar (slug text, name_ar text) ON COMMIT DROP;
CREATE TEMP TABLE demo_manufacturer (slug text, name text) ON COMMIT DROP;
CREATE TEMP TABLE demo_boiler (manufacturer_slug text, model text, series text, flue text) ON COMMIT DROP;
CREATE TEMP TABLE demo_wilaya (code text, name_fr text, name_ar text, shipping_home_dzd bigint, valid_from date, split_from text) ON COMMIT DROP;
CREATE TEMP TABLE demo_file (file text NOT NULL DEFAULT 'products', n bigint GENERATED ALWAYS AS IDENTITY, line text NOT NULL) ON COMMIT DROP;

\copy demo_category FROM 'categories.csv' CSV HEADER
\copy demo_category_ar FROM 'categories_ar.csv' CSV HEADER
\copy demo_manufacturer FROM 'manufacturers.csv' CSV HEADER
\copy demo_boiler FROM 'boiler_models.csv' CSV HEADER
\copy demo_wilaya FROM 'wilayas.csv' CSV HEADER
-- Each file byte by byte, whatever is in its cells.
\copy demo_file (line) FROM PROGRAM 'base64 -w 65536 parts.csv'
ALTER TABLE demo_file ALTER COLUMN file SET DEFAULT 'cross_references';
\copy demo_file (line) FROM PROGRAM 'base64 -w 65536 cross_references.csv'
ALTER TABLE demo_file ALTER COLUMN file SET DEFAULT 'fitments';
\copy demo_file (line) FROM PROGRAM 'base64 -w 65536 fitment.csv'

INSERT INTO mjc.category (category_id, slug, name, name_ar, sort_order)
SELECT mjc.uuid_v7(), c.slug, c.name_fr, a.name_ar, c.sort_order
  FROM demo_category c LEFT JOIN demo_category_ar a ON a.slug = c.slug;

UPDATE mjc.category c SET parent_id = p.category_id
  FROM demo_category d JOIN mjc.category p ON p.slug = d.parent_slug
 WHERE c.slug = d.slug;

INSERT INTO mjc.manufacturer (manufacturer_id, slug, name)
SELECT mjc.uuid_v7(), slug, name FROM demo_manufacturer;

INSERT INTO mjc.boiler_model (boiler_model_id, manufacturer_id, name, series, type)
SELECT mjc.uuid_v7(), m.manufacturer_id, b.model, b.series, b.flue
  FROM demo_boiler b JOIN mjc.manufacturer m ON m.slug = b.manufacturer_slug;

INSERT INTO mjc.wilaya (code, name, name_ar, valid_from_on, split_from, delivery_days)
SELECT code, name_fr, name_ar, coalesce(valid_from, '1900-01-01'), split_from,
       CASE WHEN code IN ('16', '31', '25', '23', '09') THEN 2 ELSE 5 END
  FROM demo_wilaya ORDER BY code;

INSERT INTO mjc.shipping_tariff (tariff_id, place_code, delivery_mode, amount_centimes, validity)
SELECT mjc.uuid_v7(), code, 'home', shipping_home_dzd * 100, daterange(coalesce(valid_from, '1900-01-01'), NULL)
  FROM demo_wilaya;

-- In one transaction with the rest, so not by CALL mjc.import_run.
DO $$
DECLARE
    kind text;
    import uuid;
    doc jsonb;
BEGIN
    FOREACH kind IN ARRAY '{products,cross_references,fitments}'::text[] LOOP
        import := mjc.import_begin(kind);
        PERFORM mjc.import_add(import, f.chunk::integer, decode(f.line, 'base64'))
           FROM (SELECT row_number() OVER (ORDER BY d.n) AS chunk, d.line FROM demo_file d WHERE d.file = kind ORDER BY d.n) f;
        doc := mjc.catalogue_import(import);
        WHILE doc ->> 'state' = 'running' LOOP
            doc := mjc.import_work(import);
        END LOOP;
        IF (doc ->> 'bad')::integer > 0 THEN
            RAISE EXCEPTION 'the demo % have bad lines: %', kind, (SELECT string_agg(e.line_no || ' ' || e.field || ' ' || e.code, ', ') FROM mjc_report.import_error e WHERE e.import_id = import);
        END IF;
    END LOOP;
END
$$;

-- As installers read it (not checked with the maker, hence MED): of 28 places 3 to 6 are the year and week of building, 7 to 16 the article.
SELECT mjc.plate_rule_set(jsonb_build_object('manufacturer', m.manufacturer_id, 'name', 'Numéro de série à 28 caractères', 'pattern', '21(\d\d)(\d\d)(\d{10})\d{10}[0-9A-Z]{2}',
           'parts', '["year2", "week", "article"]'::jsonb, 'example', '2118070010012345000600123400', 'confidence', 'MED')) AS plate_rule
  FROM mjc.manufacturer m WHERE m.slug = 'vaillant';

SELECT count(mjc.stock_receive(p.product_id, d.stock, NULL, 'Stock de démonstration', 'demo')) AS products_with_stock
  FROM (SELECT l.cells[1] AS sku, l.cells[array_position(i.head, 'stock')]::integer AS stock
          FROM mjc.import i JOIN mjc.import_line l ON l.import_id = i.import_id WHERE i.kind = 'products') d
  JOIN mjc.product p ON p.sku = d.sku WHERE d.stock > 0;
-- What is derived from products, to the end.
SELECT mjc.search_name_refresh() > 0 AS names_known;
SELECT mjc.product_changed(array_agg(product_id)) FROM mjc.product;
SELECT mjc.stock_flip_fold(1000);
COMMIT;
ANALYZE;
