-- Views over imports and the catalogue as a file.

CREATE OR REPLACE VIEW mjc_report.import AS
SELECT i.import_id, i.kind, i.state, i.dry_run, i.lines, i.done, i.bad, i.created, i.changed, i.done - i.bad - i.created - i.changed AS unchanged,
       i.channel, i.error, i.created_at, i.started_at, i.finished_at
  FROM mjc.import i;

CREATE OR REPLACE VIEW mjc_report.import_error AS
SELECT e.import_id, e.line_no, e.field, left(btrim(i.head[(i.fields ->> e.field)::integer]), 100) AS column_name, e.code
  FROM mjc.import_error e JOIN mjc.import i ON i.import_id = e.import_id;

-- Columns and values as an import of products reads them: what is exported and imported changes nothing.
CREATE OR REPLACE VIEW mjc.catalogue_row AS
SELECT p.product_id, p.sku AS key, mjc.csv_guard(p.sku) AS sku, mjc.csv_guard(p.name) AS name, mjc.csv_guard(p.name_ar) AS "nameAr", mjc.csv_guard(p.name_en) AS "nameEn",
       mjc.csv_guard(p.description) AS description, mjc.csv_guard(p.description_ar) AS "descriptionAr", mjc.csv_guard(p.description_en) AS "descriptionEn",
       mjc.csv_guard(p.short_description) AS "shortDescription", mjc.csv_guard(p.short_description_ar) AS "shortDescriptionAr",
       mjc.csv_guard(p.short_description_en) AS "shortDescriptionEn", mjc.csv_guard(c.slug) AS category, mjc.csv_guard(m.slug) AS manufacturer,
       mjc.csv_guard(p.manufacturer_ref) AS "manufacturerRef", mjc.csv_guard(k.slug) AS kind, mjc.csv_guard(p.ean) AS ean,
       mjc.dzd(p.price_centimes) AS price, mjc.dzd(p.sale_price_centimes) AS "salePrice", mjc.dzd(p.cost_centimes) AS cost,
       round(p.tax_bp / 100.0, 2) AS "taxRate", p.low_stock_qty AS "minStock", round(p.weight_g / 1000.0, 3) AS weight, p.warranty_months AS warranty,
       p.condition, p.is_active AS "isActive", p.is_featured AS "isFeatured",
       (SELECT string_agg(g.url, ' ' ORDER BY g.sort_order, g.image_id) FROM mjc.product_image g WHERE g.product_id = p.product_id) AS images,
       CASE WHEN p.specifications <> '{}' THEN p.specifications::text END AS specifications
  FROM mjc.product p
  JOIN mjc.category c ON c.category_id = p.category_id
  LEFT JOIN mjc.manufacturer m ON m.manufacturer_id = p.manufacturer_id
  LEFT JOIN mjc.part_kind k ON k.kind_id = p.kind_id;

CREATE OR REPLACE VIEW mjc_report.catalogue_export AS
SELECT r.sku, r.name, r."nameAr", r."nameEn", r.description, r."descriptionAr", r."descriptionEn", r."shortDescription", r."shortDescriptionAr", r."shortDescriptionEn", r.category, r.manufacturer, r."manufacturerRef", r.kind,
       r.ean, r.price, r."salePrice", r.cost, r."taxRate", r."minStock", r.weight, r.warranty, r.condition, r."isActive", r."isFeatured", r.images, r.specifications
  FROM mjc.catalogue_row r;
