-- import_product: lines of a file as products. A column that is not there leaves what there is; an
-- empty cell clears what may be empty and leaves what may not (for a new product: the default). A
-- line with an error changes nothing; a line that says what there is already neither.

-- A line as the product will be. errors: 'field CODE'; images NULL: as they are.
CREATE TYPE mjc.import_product_row AS (
    line_no integer, errors text[], is_new boolean, is_changed boolean, product_id uuid, sku text, ean text, manufacturer_ref text,
    category_id uuid, manufacturer_id uuid, manufacturer_new text, kind_id uuid, name text, name_ar text, name_en text,
    description text, description_ar text, description_en text, short_description text, short_description_ar text, short_description_en text,
    price bigint, sale_price bigint, cost bigint, tax_bp integer, low_stock_qty integer, weight_g integer, warranty_months integer,
    condition text, specifications jsonb, is_active boolean, is_featured boolean, images text[]);
COMMENT ON TYPE mjc.import_product_row IS 'A line of an imported file as the product will be';

CREATE FUNCTION mjc.category_keys(OUT key text, OUT category_id uuid) RETURNS SETOF record
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 200
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH RECURSIVE path (category_id, path, depth) AS (
        SELECT c.category_id, mjc.import_key(c.name), 1 FROM mjc.category c WHERE c.parent_id IS NULL
        UNION ALL
        SELECT c.category_id, p.path || ' > ' || mjc.import_key(c.name), p.depth + 1
          FROM path p JOIN mjc.category c ON c.parent_id = p.category_id WHERE p.depth < 10),
    known AS (
        SELECT c.slug AS key, c.category_id, 1 AS rank FROM mjc.category c
        UNION ALL SELECT p.path, p.category_id, 2 FROM path p
        UNION ALL SELECT mjc.import_key(c.name), c.category_id, 3 FROM mjc.category c),
    best AS (SELECT k.key, k.category_id, k.rank, min(k.rank) OVER (PARTITION BY k.key) AS first FROM known k)
    -- A name that two categories have names neither.
    SELECT b.key, (min(b.category_id::text))::uuid FROM best b WHERE b.rank = b.first GROUP BY b.key HAVING count(DISTINCT b.category_id) = 1;
END
$$;
COMMENT ON FUNCTION mjc.category_keys() IS 'What a category may be called in a file: its slug, its path "A > B" of French names, its name when no other has it';

CREATE FUNCTION mjc.manufacturer_keys(OUT key text, OUT manufacturer_id uuid) RETURNS SETOF record
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 200
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT DISTINCT ON (k.key) k.key, k.manufacturer_id
      FROM (SELECT m.slug AS key, m.manufacturer_id, 1 AS rank FROM mjc.manufacturer m
            UNION ALL SELECT mjc.import_key(m.name), m.manufacturer_id, 2 FROM mjc.manufacturer m) k
     ORDER BY k.key, k.rank, k.manufacturer_id;
END
$$;
COMMENT ON FUNCTION mjc.manufacturer_keys() IS 'What a manufacturer may be called in a file: its slug, its name';

CREATE FUNCTION mjc.kind_keys(OUT key text, OUT kind_id uuid) RETURNS SETOF record
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 200
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT DISTINCT ON (k.key) k.key, k.kind_id
      FROM (SELECT x.slug AS key, x.kind_id, 1 AS rank FROM mjc.part_kind x
            UNION ALL SELECT mjc.import_key(x.name), x.kind_id, 2 FROM mjc.part_kind x) k
     ORDER BY k.key, k.rank, k.kind_id;
END
$$;
COMMENT ON FUNCTION mjc.kind_keys() IS 'What a kind of parts may be called in a file: its slug, its name';

CREATE FUNCTION mjc.import_images(typed text) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    urls text[] := array_remove(regexp_split_to_array(typed, '[\s|]+'), '');
    url text;
BEGIN
    IF cardinality(urls) > mjc.product_limit('images') THEN
        RETURN NULL;
    END IF;
    FOREACH url IN ARRAY urls LOOP
        IF length(url) > 1000 OR url !~ '^(https?://[^/"<>\\]|/[^/"<>\\])[^"<>\\]*$' THEN
            RETURN NULL;
        END IF;
    END LOOP;
    RETURN urls;
END
$$;
COMMENT ON FUNCTION mjc.import_images(text) IS
    'Addresses of images apart by blanks, line ends or |: http, https or a path of this shop, at most as mjc.product_limit has it; NULL when one is none';

CREATE FUNCTION mjc.import_condition(typed text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    word text := mjc.import_word(typed);
BEGIN
    RETURN CASE WHEN word = ANY ('{new,neuf,neuve,جديد}') THEN 'NEW'
                WHEN word = ANY ('{refurbished,reconditionne,reconditionnee,remisaneuf,مجدد}') THEN 'REFURBISHED'
                WHEN word = ANY ('{used,occasion,usage,مستعمل}') THEN 'USED' END;
END
$$;
COMMENT ON FUNCTION mjc.import_condition(text) IS 'NEW, REFURBISHED or USED, in English, French and Arabic; NULL for another word';

-- A value that reads as it did stays as it was, a number too.
CREATE FUNCTION mjc.import_specifications(base jsonb, names text[], cells text[], places integer[]) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    changed jsonb := coalesce(base, '{}');
    value text;
BEGIN
    FOR i IN 1 .. cardinality(names) LOOP
        value := mjc.csv_value(cells, places[i]);
        IF value IS NULL THEN
            changed := changed - names[i];
        ELSIF changed ->> names[i] IS DISTINCT FROM value THEN
            changed := changed || jsonb_build_object(names[i], value);
        END IF;
    END LOOP;
    RETURN changed;
END
$$;
COMMENT ON FUNCTION mjc.import_specifications(jsonb, text[], text[], integer[]) IS
    'Specifications after the columns of single names: each sets its name or, empty, takes it away';

-- Not planned anew for each batch (plan_cache_mode): that would hold for every statement and expression
-- of the functions that it calls line by line.
CREATE FUNCTION mjc.import_product_rows(import_id uuid, fields jsonb, first_line integer, last_line integer) RETURNS SETOF mjc.import_product_row
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1000
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    spec_names text[] := ARRAY(SELECT substr(k, 6) FROM jsonb_object_keys(fields) k WHERE k LIKE 'spec:%' ORDER BY k);
    spec_places integer[] := ARRAY(SELECT (fields ->> k)::integer FROM jsonb_object_keys(fields) k WHERE k LIKE 'spec:%' ORDER BY k);
    width integer := (SELECT cardinality(i.head) FROM mjc.import i WHERE i.import_id = import_product_rows.import_id);
    not_text constant text := '[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]';
BEGIN
    RETURN QUERY
    WITH at AS MATERIALIZED (
        SELECT f.* FROM jsonb_to_record(fields) AS f (sku integer, name integer, "nameAr" integer, "nameEn" integer, description integer, "descriptionAr" integer, "descriptionEn" integer,
                   "shortDescription" integer, "shortDescriptionAr" integer, "shortDescriptionEn" integer, category integer, manufacturer integer, "manufacturerRef" integer,
                   kind integer, ean integer, price integer, "salePrice" integer, cost integer, "taxRate" integer, "minStock" integer, weight integer, warranty integer,
                   condition integer, "isActive" integer, "isFeatured" integer, images integer, specifications integer)),
    said AS MATERIALIZED (
        SELECT l.line_no, l.cells,
               mjc.csv_value(l.cells, at.sku) AS sku, mjc.csv_value(l.cells, at.name) AS name, mjc.csv_value(l.cells, at."nameAr") AS name_ar,
               mjc.csv_value(l.cells, at."nameEn") AS name_en, mjc.csv_value(l.cells, at.description) AS description,
               mjc.csv_value(l.cells, at."descriptionAr") AS description_ar, mjc.csv_value(l.cells, at."descriptionEn") AS description_en,
               mjc.csv_value(l.cells, at."shortDescription") AS short_description, mjc.csv_value(l.cells, at."shortDescriptionAr") AS short_description_ar,
               mjc.csv_value(l.cells, at."shortDescriptionEn") AS short_description_en, mjc.import_key(mjc.csv_value(l.cells, at.category)) AS category,
               mjc.csv_value(l.cells, at.manufacturer) AS manufacturer, mjc.csv_value(l.cells, at."manufacturerRef") AS manufacturer_ref,
               mjc.import_key(mjc.csv_value(l.cells, at.kind)) AS kind, replace(mjc.fold_digits(mjc.csv_value(l.cells, at.ean)), ' ', '') AS ean,
               mjc.csv_value(l.cells, at.price) AS price, mjc.csv_value(l.cells, at."salePrice") AS sale_price, mjc.csv_value(l.cells, at.cost) AS cost,
               mjc.csv_value(l.cells, at."taxRate") AS tax, mjc.csv_value(l.cells, at."minStock") AS min_stock, mjc.csv_value(l.cells, at.weight) AS weight,
               mjc.csv_value(l.cells, at.warranty) AS warranty, mjc.csv_value(l.cells, at.condition) AS condition, mjc.csv_value(l.cells, at."isActive") AS is_active,
               mjc.csv_value(l.cells, at."isFeatured") AS is_featured, mjc.csv_value(l.cells, at.images) AS images, mjc.csv_value(l.cells, at.specifications) AS specifications
          FROM mjc.import_line l CROSS JOIN at
         WHERE l.import_id = import_product_rows.import_id AND l.line_no BETWEEN first_line AND last_line),
    joined AS MATERIALIZED (
        SELECT s.*, p.product_id AS old_id, p AS old, c.category_id, m.manufacturer_id, k.kind_id,
               mjc.csv_units(s.price, 2) AS price_centimes, mjc.csv_units(s.sale_price, 2) AS sale_centimes, mjc.csv_units(s.cost, 2) AS cost_centimes,
               mjc.csv_units(rtrim(s.tax, ' %'), 2) AS tax_bp, mjc.csv_units(s.min_stock, 0) AS low_stock_qty, mjc.csv_units(s.weight, 3) AS weight_g,
               mjc.csv_units(s.warranty, 0) AS warranty_months, mjc.import_images(s.images) AS urls, mjc.import_condition(s.condition) AS known_condition,
               mjc.csv_boolean(s.is_active) AS active, mjc.csv_boolean(s.is_featured) AS featured,
               CASE WHEN at.images IS NOT NULL AND p.product_id IS NOT NULL THEN ARRAY(
                   SELECT g.url FROM mjc.product_image g WHERE g.product_id = p.product_id ORDER BY g.sort_order, g.image_id) ELSE '{}' END AS old_urls
          FROM said s CROSS JOIN at
          LEFT JOIN mjc.product p ON p.sku = s.sku
          LEFT JOIN mjc.category_keys() c ON c.key = s.category
          LEFT JOIN mjc.manufacturer_keys() m ON m.key = mjc.import_key(s.manufacturer)
          LEFT JOIN mjc.kind_keys() k ON k.key = s.kind),
    final AS (
        SELECT j.line_no, j AS typed, j.old_id, j.old, at AS at, j.old_id IS NULL AS is_new, coalesce(j.old_id, mjc.uuid_v7()) AS product_id, j.sku,
               CASE WHEN at.ean IS NULL THEN (j.old).ean ELSE j.ean END AS ean,
               CASE WHEN at."manufacturerRef" IS NULL THEN (j.old).manufacturer_ref ELSE j.manufacturer_ref END AS manufacturer_ref,
               coalesce(j.category_id, (j.old).category_id) AS category_id,
               CASE WHEN at.manufacturer IS NULL THEN (j.old).manufacturer_id ELSE j.manufacturer_id END AS manufacturer_id,
               CASE WHEN j.manufacturer_id IS NULL THEN j.manufacturer END AS manufacturer_new,
               CASE WHEN at.kind IS NULL THEN (j.old).kind_id ELSE j.kind_id END AS kind_id,
               coalesce(j.name, (j.old).name) AS name,
               CASE WHEN at."nameAr" IS NULL THEN (j.old).name_ar ELSE j.name_ar END AS name_ar,
               CASE WHEN at."nameEn" IS NULL THEN (j.old).name_en ELSE j.name_en END AS name_en,
               CASE WHEN at.description IS NULL THEN (j.old).description ELSE j.description END AS description,
               CASE WHEN at."descriptionAr" IS NULL THEN (j.old).description_ar ELSE j.description_ar END AS description_ar,
               CASE WHEN at."descriptionEn" IS NULL THEN (j.old).description_en ELSE j.description_en END AS description_en,
               CASE WHEN at."shortDescription" IS NULL THEN (j.old).short_description ELSE j.short_description END AS short_description,
               CASE WHEN at."shortDescriptionAr" IS NULL THEN (j.old).short_description_ar ELSE j.short_description_ar END AS short_description_ar,
               CASE WHEN at."shortDescriptionEn" IS NULL THEN (j.old).short_description_en ELSE j.short_description_en END AS short_description_en,
               coalesce(j.price_centimes, (j.old).price_centimes) AS price,
               CASE WHEN at."salePrice" IS NULL THEN (j.old).sale_price_centimes ELSE j.sale_centimes END AS sale_price,
               CASE WHEN at.cost IS NULL THEN (j.old).cost_centimes ELSE j.cost_centimes END AS cost,
               coalesce(j.tax_bp, (j.old).tax_bp, 1900) AS tax_bp, coalesce(j.low_stock_qty, (j.old).low_stock_qty, 5) AS low_stock_qty,
               CASE WHEN at.weight IS NULL THEN (j.old).weight_g ELSE j.weight_g END AS weight_g,
               CASE WHEN at.warranty IS NULL THEN (j.old).warranty_months ELSE j.warranty_months END AS warranty_months,
               coalesce(j.known_condition, (j.old).condition, 'NEW') AS condition,
               CASE WHEN spec_names = '{}' AND at.specifications IS NULL THEN coalesce((j.old).specifications, '{}')
                    ELSE mjc.import_specifications(CASE WHEN at.specifications IS NULL THEN (j.old).specifications WHEN mjc.csv_is_object(j.specifications) THEN j.specifications::jsonb END,
                                                   spec_names, j.cells, spec_places) END AS specifications,
               coalesce(j.active, (j.old).is_active, true) AS is_active,
               coalesce(j.featured, (j.old).is_featured, false) AS is_featured,
               CASE WHEN at.images IS NOT NULL AND coalesce(j.urls, '{}') <> j.old_urls THEN coalesce(j.urls, '{}') END AS images
          FROM joined j CROSS JOIN at)
    SELECT f.line_no, array_remove(ARRAY[
               CASE WHEN cardinality((f.typed).cells) <> width THEN 'line IMPORT_LINE_CELLS' END,
               CASE WHEN f.sku IS NULL THEN 'sku IMPORT_VALUE_MISSING' WHEN length(f.sku) NOT BETWEEN mjc.product_least('sku') AND mjc.product_limit('sku') THEN 'sku IMPORT_VALUE_RANGE' WHEN f.sku ~ '[\x01-\x1f\x7f]' THEN 'sku IMPORT_VALUE_INVALID' END,
               CASE WHEN f.name IS NULL THEN 'name IMPORT_VALUE_MISSING' WHEN f.name ~ '[\x01-\x1f\x7f]' THEN 'name IMPORT_VALUE_INVALID' WHEN length(f.name) NOT BETWEEN mjc.product_least('name') AND mjc.product_limit('name') THEN 'name IMPORT_VALUE_RANGE' END,
               CASE WHEN (f.typed).name_ar ~ '[\x01-\x1f\x7f]' THEN 'nameAr IMPORT_VALUE_INVALID' WHEN length((f.typed).name_ar) NOT BETWEEN mjc.product_least('nameAr') AND mjc.product_limit('nameAr') THEN 'nameAr IMPORT_VALUE_RANGE' END,
               CASE WHEN (f.typed).name_en ~ '[\x01-\x1f\x7f]' THEN 'nameEn IMPORT_VALUE_INVALID' WHEN length((f.typed).name_en) NOT BETWEEN mjc.product_least('nameEn') AND mjc.product_limit('nameEn') THEN 'nameEn IMPORT_VALUE_RANGE' END,
               CASE WHEN (f.typed).description ~ not_text THEN 'description IMPORT_VALUE_INVALID' WHEN length((f.typed).description) > mjc.product_limit('description') THEN 'description IMPORT_VALUE_RANGE' END,
               CASE WHEN (f.typed).description_ar ~ not_text THEN 'descriptionAr IMPORT_VALUE_INVALID' WHEN length((f.typed).description_ar) > mjc.product_limit('descriptionAr') THEN 'descriptionAr IMPORT_VALUE_RANGE' END,
               CASE WHEN (f.typed).description_en ~ not_text THEN 'descriptionEn IMPORT_VALUE_INVALID' WHEN length((f.typed).description_en) > mjc.product_limit('descriptionEn') THEN 'descriptionEn IMPORT_VALUE_RANGE' END,
               CASE WHEN (f.typed).short_description ~ not_text THEN 'shortDescription IMPORT_VALUE_INVALID' WHEN length((f.typed).short_description) > mjc.product_limit('shortDescription') THEN 'shortDescription IMPORT_VALUE_RANGE' END,
               CASE WHEN (f.typed).short_description_ar ~ not_text THEN 'shortDescriptionAr IMPORT_VALUE_INVALID' WHEN length((f.typed).short_description_ar) > mjc.product_limit('shortDescriptionAr') THEN 'shortDescriptionAr IMPORT_VALUE_RANGE' END,
               CASE WHEN (f.typed).short_description_en ~ not_text THEN 'shortDescriptionEn IMPORT_VALUE_INVALID' WHEN length((f.typed).short_description_en) > mjc.product_limit('shortDescriptionEn') THEN 'shortDescriptionEn IMPORT_VALUE_RANGE' END,
               CASE WHEN f.category_id IS NULL AND (f.typed).category IS NULL THEN 'category IMPORT_VALUE_MISSING'
                    WHEN (f.typed).category IS NOT NULL AND (f.typed).category_id IS NULL THEN 'category IMPORT_VALUE_UNKNOWN' END,
               CASE WHEN f.manufacturer_new ~ '[\x01-\x1f\x7f]' THEN 'manufacturer IMPORT_VALUE_INVALID' WHEN length(f.manufacturer_new) NOT BETWEEN 2 AND 100 THEN 'manufacturer IMPORT_VALUE_RANGE' END,
               CASE WHEN length(f.manufacturer_ref) > mjc.product_limit('manufacturerRef') THEN 'manufacturerRef IMPORT_VALUE_RANGE' WHEN f.manufacturer_ref ~ '[\x01-\x1f\x7f]' THEN 'manufacturerRef IMPORT_VALUE_INVALID' END,
               CASE WHEN (f.typed).kind IS NOT NULL AND f.kind_id IS NULL THEN 'kind IMPORT_VALUE_UNKNOWN' END,
               CASE WHEN f.ean IS NULL OR f.ean = (f.old).ean THEN NULL WHEN NOT mjc.ean_valid(f.ean) THEN 'ean IMPORT_VALUE_INVALID'
                    WHEN EXISTS (SELECT FROM mjc.product x WHERE x.ean = f.ean AND x.sku <> f.sku) THEN 'ean IMPORT_VALUE_TAKEN' END,
               -- written in another way than mjc.import_repeated sees
               CASE WHEN (f.typed).ean IS NOT NULL AND row_number() OVER (PARTITION BY (f.typed).ean ORDER BY f.line_no) > 1 THEN 'ean IMPORT_VALUE_REPEATED' END,
               CASE WHEN (f.typed).price IS NOT NULL AND (f.typed).price_centimes IS NULL THEN 'price IMPORT_VALUE_INVALID'
                    WHEN f.price IS NULL THEN 'price IMPORT_VALUE_MISSING' WHEN f.price > mjc.product_limit('price') THEN 'price IMPORT_VALUE_RANGE' END,
               CASE WHEN (f.typed).sale_price IS NOT NULL AND (f.typed).sale_centimes IS NULL THEN 'salePrice IMPORT_VALUE_INVALID'
                    WHEN f.sale_price = 0 OR f.sale_price >= f.price THEN 'salePrice IMPORT_VALUE_RANGE' END,
               CASE WHEN (f.typed).cost IS NOT NULL AND f.cost IS NULL THEN 'cost IMPORT_VALUE_INVALID' WHEN f.cost > mjc.product_limit('cost') THEN 'cost IMPORT_VALUE_RANGE' END,
               CASE WHEN (f.typed).tax IS NOT NULL AND (f.typed).tax_bp IS NULL THEN 'taxRate IMPORT_VALUE_INVALID' WHEN (f.typed).tax_bp > mjc.product_limit('taxRate') THEN 'taxRate IMPORT_VALUE_RANGE' END,
               CASE WHEN (f.typed).min_stock IS NOT NULL AND (f.typed).low_stock_qty IS NULL THEN 'minStock IMPORT_VALUE_INVALID' WHEN (f.typed).low_stock_qty > mjc.product_limit('minStock') THEN 'minStock IMPORT_VALUE_RANGE' END,
               CASE WHEN (f.typed).weight IS NOT NULL AND f.weight_g IS NULL THEN 'weight IMPORT_VALUE_INVALID' WHEN (f.typed).weight_g > mjc.product_limit('weight') THEN 'weight IMPORT_VALUE_RANGE' END,
               CASE WHEN (f.typed).warranty IS NOT NULL AND f.warranty_months IS NULL THEN 'warranty IMPORT_VALUE_INVALID' WHEN (f.typed).warranty_months > mjc.product_limit('warranty') THEN 'warranty IMPORT_VALUE_RANGE' END,
               CASE WHEN (f.typed).condition IS NOT NULL AND (f.typed).known_condition IS NULL THEN 'condition IMPORT_VALUE_INVALID' END,
               CASE WHEN (f.typed).is_active IS NOT NULL AND (f.typed).active IS NULL THEN 'isActive IMPORT_VALUE_INVALID' END,
               CASE WHEN (f.typed).is_featured IS NOT NULL AND (f.typed).featured IS NULL THEN 'isFeatured IMPORT_VALUE_INVALID' END,
               CASE WHEN (f.typed).images IS NOT NULL AND (f.typed).urls IS NULL THEN 'images IMPORT_VALUE_INVALID' END,
               CASE WHEN NOT mjc.csv_is_object((f.typed).specifications) THEN 'specifications IMPORT_VALUE_INVALID'
                    WHEN f.specifications = (f.old).specifications THEN NULL
                    WHEN mjc.object_fault(f.specifications) IS NOT NULL THEN 'specifications IMPORT_VALUE_RANGE' END,
               (SELECT e.field || ' ' || e.code FROM mjc.import_error e
                 WHERE e.import_id = import_product_rows.import_id AND e.line_no = f.line_no ORDER BY e.field DESC LIMIT 1)], NULL),
           f.is_new,
           f.is_new OR f.images IS NOT NULL OR f.manufacturer_new IS NOT NULL
               OR (f.ean, f.manufacturer_ref, f.category_id, f.manufacturer_id, f.kind_id, f.name, f.name_ar, f.name_en, f.description, f.description_ar, f.description_en,
                   f.short_description, f.short_description_ar, f.short_description_en, f.price, f.sale_price, f.cost, f.tax_bp, f.low_stock_qty, f.weight_g,
                   f.warranty_months, f.condition, f.specifications, f.is_active, f.is_featured)
                  IS DISTINCT FROM
                  ((f.old).ean, (f.old).manufacturer_ref, (f.old).category_id, (f.old).manufacturer_id, (f.old).kind_id, (f.old).name, (f.old).name_ar, (f.old).name_en,
                   (f.old).description, (f.old).description_ar, (f.old).description_en, (f.old).short_description, (f.old).short_description_ar, (f.old).short_description_en,
                   (f.old).price_centimes, (f.old).sale_price_centimes, (f.old).cost_centimes, (f.old).tax_bp, (f.old).low_stock_qty, (f.old).weight_g,
                   (f.old).warranty_months, (f.old).condition, (f.old).specifications, (f.old).is_active, (f.old).is_featured),
           f.product_id, f.sku, f.ean, f.manufacturer_ref, f.category_id, f.manufacturer_id, f.manufacturer_new, f.kind_id, f.name, f.name_ar, f.name_en,
           f.description, f.description_ar, f.description_en, f.short_description, f.short_description_ar, f.short_description_en,
           f.price, f.sale_price, f.cost, -- beyond an integer they are errors of the line
           CASE WHEN f.tax_bp <= 2147483647 THEN f.tax_bp::integer END, CASE WHEN f.low_stock_qty <= 2147483647 THEN f.low_stock_qty::integer END,
           CASE WHEN f.weight_g <= 2147483647 THEN f.weight_g::integer END, CASE WHEN f.warranty_months <= 2147483647 THEN f.warranty_months::integer END,
           f.condition, f.specifications, f.is_active, f.is_featured, f.images
      FROM final f;
END
$$;
COMMENT ON FUNCTION mjc.import_product_rows(uuid, jsonb, integer, integer) IS
    'Lines of an import as the products will be, with what is wrong in each';

-- Makers that a file names first are made, with the name as it stands there.
CREATE FUNCTION mjc.import_manufacturers(names text[]) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO mjc.manufacturer (manufacturer_id, slug, name)
    SELECT w.id, CASE WHEN w.slug IS NULL OR w.n > 1 OR EXISTS (SELECT FROM mjc.manufacturer m WHERE m.slug = w.slug)
                      THEN coalesce(w.slug, 'm') || '-' || right(w.id::text, 12) ELSE w.slug END, w.name
      FROM (SELECT mjc.uuid_v7() AS id, d.name, mjc.slug_of(d.name) AS slug, row_number() OVER (PARTITION BY mjc.slug_of(d.name) ORDER BY d.name) AS n
              FROM (SELECT min(u) AS name FROM unnest(names) u GROUP BY mjc.import_key(u)) d) w
     ORDER BY w.name
    ON CONFLICT DO NOTHING;
END
$$;
COMMENT ON FUNCTION mjc.import_manufacturers(text[]) IS 'For rules: makes manufacturers of these names';

CREATE FUNCTION mjc.import_product_images(rows mjc.import_product_row[]) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.media_hold(ARRAY(SELECT u.url FROM unnest(rows) r, unnest(r.images) u (url)));
    -- An image whose address stays keeps its id and its text.
    DELETE FROM mjc.product_image g USING unnest(rows) r
     WHERE g.product_id = r.product_id AND r.images IS NOT NULL AND g.url <> ALL (r.images);
    UPDATE mjc.product_image g SET sort_order = w.n - 1
      FROM (SELECT r.product_id, u.url, min(u.n) AS n FROM unnest(rows) r, unnest(r.images) WITH ORDINALITY u (url, n) GROUP BY r.product_id, u.url) w
     WHERE g.product_id = w.product_id AND g.url = w.url AND g.sort_order <> w.n - 1;
    INSERT INTO mjc.product_image (product_id, image_id, url, sort_order)
    SELECT w.product_id, mjc.uuid_v7(), w.url, w.n - 1
      FROM (SELECT r.product_id, u.url, min(u.n) AS n FROM unnest(rows) r, unnest(r.images) WITH ORDINALITY u (url, n) GROUP BY r.product_id, u.url) w
     WHERE NOT EXISTS (SELECT FROM mjc.product_image g WHERE g.product_id = w.product_id AND g.url = w.url);
END
$$;
COMMENT ON FUNCTION mjc.import_product_images(mjc.import_product_row[]) IS 'For rules: the images of these products become those of their lines';

CREATE FUNCTION mjc.import_product_write(rows mjc.import_product_row[]) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    at timestamptz := clock_timestamp();
    wanted bigint := (SELECT count(*) FROM unnest(rows) r WHERE r.is_new);
    made bigint;
BEGIN
    at := greatest(at, mjc.prices_keep_past(ARRAY(
        SELECT r.product_id FROM unnest(rows) r JOIN mjc.product p ON p.product_id = r.product_id
         WHERE (p.price_centimes, p.sale_price_centimes) IS DISTINCT FROM (r.price, r.sale_price))));
    UPDATE mjc.product p
       SET ean = r.ean, manufacturer_ref = r.manufacturer_ref, category_id = r.category_id, manufacturer_id = r.manufacturer_id, kind_id = r.kind_id,
           name = r.name, name_ar = r.name_ar, name_en = r.name_en, description = r.description, description_ar = r.description_ar, description_en = r.description_en,
           short_description = r.short_description, short_description_ar = r.short_description_ar, short_description_en = r.short_description_en,
           price_centimes = r.price, sale_price_centimes = r.sale_price, cost_centimes = r.cost, tax_bp = r.tax_bp, low_stock_qty = r.low_stock_qty,
           -- Without a sale its dates mean nothing.
           sale_from_at = CASE WHEN r.sale_price IS NOT NULL THEN p.sale_from_at END, sale_until_at = CASE WHEN r.sale_price IS NOT NULL THEN p.sale_until_at END,
           weight_g = r.weight_g, warranty_months = r.warranty_months, condition = r.condition, specifications = r.specifications,
           is_active = r.is_active, is_featured = r.is_featured, updated_at = at,
           safety_class = CASE WHEN r.kind_id IS DISTINCT FROM p.kind_id THEN mjc.product_safety(r.kind_id, NULL, p.safety_class) ELSE p.safety_class END
      FROM unnest(rows) r WHERE p.product_id = r.product_id AND NOT r.is_new;
    INSERT INTO mjc.product (product_id, slug, sku, ean, manufacturer_ref, category_id, manufacturer_id, kind_id, name, name_ar, name_en,
        description, description_ar, description_en, short_description, short_description_ar, short_description_en, price_centimes, sale_price_centimes,
        cost_centimes, tax_bp, low_stock_qty, weight_g, warranty_months, condition, specifications, safety_class, is_active, is_featured, created_at, updated_at)
    SELECT r.product_id, s.slug, r.sku, r.ean, r.manufacturer_ref, r.category_id, r.manufacturer_id, r.kind_id, r.name, r.name_ar, r.name_en,
           r.description, r.description_ar, r.description_en, r.short_description, r.short_description_ar, r.short_description_en, r.price, r.sale_price,
           r.cost, r.tax_bp, r.low_stock_qty, r.weight_g, r.warranty_months, r.condition, r.specifications, k.safety_class, r.is_active, r.is_featured,
           -- so that lists by age have the order of the file
           at + r.line_no * interval '1 microsecond', at
      FROM unnest(rows) r
      JOIN (SELECT x.kind_id, mjc.product_safety(x.kind_id, NULL, NULL) AS safety_class FROM unnest(rows) x GROUP BY x.kind_id) k
           ON k.kind_id IS NOT DISTINCT FROM r.kind_id
      JOIN mjc.product_slugs(ARRAY(SELECT x.product_id FROM unnest(rows) x WHERE x.is_new ORDER BY x.line_no), ARRAY(SELECT x.name FROM unnest(rows) x WHERE x.is_new ORDER BY x.line_no),
                             ARRAY(SELECT x.sku FROM unnest(rows) x WHERE x.is_new ORDER BY x.line_no)) s ON s.product_id = r.product_id
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS made = ROW_COUNT;
    IF made <> wanted THEN
        PERFORM mjc.raise('CONFLICT_RETRY');
    END IF;
    PERFORM mjc.import_product_images(rows);
END
$$;
COMMENT ON FUNCTION mjc.import_product_write(mjc.import_product_row[]) IS
    'For rules: makes and changes products whose rows are locked; old prices stay in mjc.product_price_past. Errors: MJ024 somebody made one of them meanwhile';

CREATE FUNCTION mjc.import_product_lock(rows mjc.import_product_row[]) RETURNS uuid[]
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    categories uuid[] := ARRAY(SELECT DISTINCT r.category_id FROM unnest(rows) r WHERE r.category_id IS NOT NULL);
    kinds uuid[] := ARRAY(SELECT DISTINCT r.kind_id FROM unnest(rows) r WHERE r.kind_id IS NOT NULL);
    products uuid[] := ARRAY(SELECT r.product_id FROM unnest(rows) r WHERE NOT r.is_new);
BEGIN
    PERFORM FROM mjc.category c WHERE c.category_id = ANY (categories) ORDER BY c.category_id FOR SHARE;
    PERFORM FROM mjc.manufacturer m WHERE m.manufacturer_id IN (SELECT r.manufacturer_id FROM unnest(rows) r) ORDER BY m.manufacturer_id FOR SHARE;
    PERFORM FROM mjc.part_kind k WHERE k.kind_id = ANY (kinds) ORDER BY k.kind_id FOR SHARE;
    PERFORM FROM mjc.product p WHERE p.product_id = ANY (products) ORDER BY p.product_id FOR NO KEY UPDATE;
    RETURN categories || kinds || products;
END
$$;
COMMENT ON FUNCTION mjc.import_product_lock(mjc.import_product_row[]) IS
    'For rules: locks where the products of lines are to be, and those that there are; returns the categories, kinds and products';

CREATE FUNCTION mjc.import_products(import_id uuid, fields jsonb, dry_run boolean, first_line integer, last_line integer,
    OUT created integer, OUT changed integer, OUT bad integer)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    rows mjc.import_product_row[] := ARRAY(SELECT r FROM mjc.import_product_rows(import_id, fields, first_line, last_line) r);
    locked uuid[];
BEGIN
    IF NOT dry_run THEN
        PERFORM mjc.import_manufacturers(ARRAY(SELECT DISTINCT r.manufacturer_new FROM unnest(rows) r WHERE r.manufacturer_new IS NOT NULL AND r.errors = '{}'));
        locked := mjc.import_product_lock(rows);
        IF EXISTS (SELECT FROM unnest(rows) r WHERE NOT r.is_new OR r.manufacturer_new IS NOT NULL AND r.errors = '{}') THEN
            -- As they are now that nobody else changes them.
            rows := ARRAY(SELECT r FROM mjc.import_product_rows(import_id, fields, first_line, last_line) r);
            -- What came or got its name since we looked is not locked, and may not be now, out of order.
            IF EXISTS (SELECT FROM unnest(rows) r WHERE r.errors = '{}' AND NOT ARRAY[r.category_id, coalesce(r.kind_id, r.category_id), CASE WHEN r.is_new THEN r.category_id ELSE r.product_id END] <@ locked) THEN
                PERFORM mjc.raise('CONFLICT_RETRY');
            END IF;
        END IF;
    END IF;
    INSERT INTO mjc.import_error (import_id, line_no, field, code)
    SELECT import_products.import_id, r.line_no, split_part(e, ' ', 1), split_part(e, ' ', 2) FROM unnest(rows) r, unnest(r.errors) e
    ON CONFLICT DO NOTHING;
    SELECT count(*) FILTER (WHERE r.errors = '{}' AND r.is_new), count(*) FILTER (WHERE r.errors = '{}' AND NOT r.is_new AND r.is_changed), count(*) FILTER (WHERE r.errors <> '{}')
      INTO created, changed, bad FROM unnest(rows) r;
    rows := ARRAY(SELECT r FROM unnest(rows) r WHERE r.errors = '{}' AND r.is_changed);
    IF NOT dry_run AND cardinality(rows) > 0 THEN
        PERFORM mjc.import_product_write(rows);
        PERFORM mjc.product_changed(ARRAY(SELECT r.product_id FROM unnest(rows) r));
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.import_products(uuid, jsonb, boolean, integer, integer) IS
    'For rules: works off lines of an import as products, and says how many it made, changed and found bad; a dry run counts alone. Errors: MJ024';
