-- Demo data: categories, manufacturers, boilers, wilayas and tariffs, parts with
-- stock, fitment. Run by psql in this folder, once, on an empty shop:
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
CREATE TEMP TABLE demo_part (sku text, name_fr text, name_ar text, description_fr text, category_slug text, manufacturer_slug text,
    manufacturer_ref text, ean text, price_dzd bigint, sale_price_dzd bigint, cost_dzd bigint, tax_bp integer, stock_qty integer,
    min_qty integer, weight_g integer, warranty_months integer, is_featured boolean, image text) ON COMMIT DROP;
CREATE TEMP TABLE demo_fitment (sku text, boiler_manufacturer_slug text, boiler_model text, note_fr text) ON COMMIT DROP;

\copy demo_category FROM 'categories.csv' CSV HEADER
\copy demo_category_ar FROM 'categories_ar.csv' CSV HEADER
\copy demo_manufacturer FROM 'manufacturers.csv' CSV HEADER
\copy demo_boiler FROM 'boiler_models.csv' CSV HEADER
\copy demo_wilaya FROM 'wilayas.csv' CSV HEADER
\copy demo_part FROM 'parts.csv' CSV HEADER
\copy demo_fitment FROM 'fitment.csv' CSV HEADER

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

INSERT INTO mjc.product (product_id, slug, sku, ean, manufacturer_ref, category_id, manufacturer_id, name, name_ar, description,
    price_centimes, sale_price_centimes, cost_centimes, tax_bp, low_stock_qty, weight_g, warranty_months, is_featured, created_at)
SELECT mjc.uuid_v7(),
       btrim(regexp_replace(lower(mjc_ext.unaccent(replace(p.name_fr, '''', ' '))), '[^a-z0-9]+', '-', 'g'), '-'),
       p.sku, p.ean, p.manufacturer_ref, c.category_id, m.manufacturer_id, p.name_fr, p.name_ar, p.description_fr,
       p.price_dzd * 100, p.sale_price_dzd * 100, p.cost_dzd * 100, p.tax_bp, p.min_qty, p.weight_g, p.warranty_months, p.is_featured,
       now() - (row_number() OVER (ORDER BY p.sku DESC)) * interval '1 minute'
  FROM demo_part p
  JOIN mjc.category c ON c.slug = p.category_slug
  LEFT JOIN mjc.manufacturer m ON m.slug = p.manufacturer_slug;

INSERT INTO mjc.product_image (product_id, image_id, url)
SELECT p.product_id, mjc.uuid_v7(), d.image
  FROM demo_part d JOIN mjc.product p ON p.sku = d.sku WHERE d.image IS NOT NULL;

INSERT INTO mjc.fitment (product_id, boiler_model_id, note)
SELECT p.product_id, b.boiler_model_id, f.note_fr
  FROM demo_fitment f
  JOIN mjc.product p ON p.sku = f.sku
  JOIN mjc.manufacturer m ON m.slug = f.boiler_manufacturer_slug
  JOIN mjc.boiler_model b ON b.manufacturer_id = m.manufacturer_id AND b.name = f.boiler_model;

-- As installers read it (not checked with the maker, hence MED): of 28 places 3 to 6 are the year and week of building, 7 to 16 the article.
SELECT mjc.plate_rule_set(jsonb_build_object('manufacturer', m.manufacturer_id, 'name', 'Numéro de série à 28 caractères', 'pattern', '21(\d\d)(\d\d)(\d{10})\d{10}[0-9A-Z]{2}',
           'parts', '["year2", "week", "article"]'::jsonb, 'example', '2118070010012345000600123400', 'confidence', 'MED')) AS plate_rule
  FROM mjc.manufacturer m WHERE m.slug = 'vaillant';

SELECT count(mjc.stock_receive(p.product_id, d.stock_qty, NULL, 'Stock de démonstration', 'demo')) AS products_with_stock
  FROM demo_part d JOIN mjc.product p ON p.sku = d.sku WHERE d.stock_qty > 0;
-- What is derived from products, to the end.
SELECT mjc.search_name_refresh() > 0 AS names_known;
SELECT mjc.product_changed(array_agg(product_id)) FROM mjc.product;
SELECT mjc.stock_flip_fold(1000);
COMMIT;
ANALYZE;
