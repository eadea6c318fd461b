-- import_link: lines of a file as numbers that others give to parts (cross-references) and as boilers
-- that parts fit (fitments). What such a line is about is its key; the rest of it is changed. The
-- product's row is locked first: two imports do not add the same thing.

CREATE TYPE mjc.import_reference_row AS (
    line_no integer, errors text[], is_changed boolean, product_id uuid, cross_reference_id uuid, kind text, brand text, number text, direction text);
COMMENT ON TYPE mjc.import_reference_row IS 'A line of an imported file as a cross-reference; without an id it is a new one';

CREATE TYPE mjc.import_fitment_row AS (
    line_no integer, errors text[], is_changed boolean, product_id uuid, fitment_id uuid, boiler_model_id uuid, variant_id uuid, built daterange, serial int8range,
    gas text[], note text, fits boolean, qty integer, position text, source text, confidence integer);
COMMENT ON TYPE mjc.import_fitment_row IS 'A line of an imported file as a fitment; without an id it is a new one';

CREATE FUNCTION mjc.import_reference_kind(typed text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT CASE mjc.import_word(typed)
        WHEN 'oem' THEN 'OEM' WHEN 'origine' THEN 'OEM' WHEN 'oldoem' THEN 'OLD_OEM' WHEN 'ancienne' THEN 'OLD_OEM' WHEN 'ancienneorigine' THEN 'OLD_OEM'
        WHEN 'competitor' THEN 'COMPETITOR' WHEN 'concurrent' THEN 'COMPETITOR' WHEN 'ean' THEN 'EAN' WHEN 'codebarres' THEN 'EAN'
        WHEN 'supplier' THEN 'SUPPLIER' WHEN 'fournisseur' THEN 'SUPPLIER' WHEN 'internal' THEN 'INTERNAL' WHEN 'interne' THEN 'INTERNAL' END
$$;
COMMENT ON FUNCTION mjc.import_reference_kind(text) IS 'The kind of a cross-reference, in English and French; NULL for another word';

CREATE FUNCTION mjc.import_day(typed text) RETURNS date
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    part text[] := regexp_match(mjc.fold_digits(typed), '^(\d{4})-(\d\d?)-(\d\d?)$');
    european text[] := regexp_match(mjc.fold_digits(typed), '^(\d\d?)[/.](\d\d?)[/.](\d{4})$');
    year integer := coalesce(part[1], european[3]);
    month integer := coalesce(part[2], european[2]);
    day integer := coalesce(part[3], european[1]);
BEGIN
    IF year NOT BETWEEN 1900 AND 2200 OR month NOT BETWEEN 1 AND 12 OR day < 1
       OR day > extract(day FROM make_date(year, month, 1) + interval '1 month' - interval '1 day') THEN
        RETURN NULL;
    END IF;
    RETURN make_date(year, month, day);
END
$$;
COMMENT ON FUNCTION mjc.import_day(text) IS 'A day as 2026-12-31 or 31/12/2026, from 1900 to 2200; NULL when it is none';

------------------------------------------------------------------- cross-references

CREATE FUNCTION mjc.import_reference_rows(import_id uuid, fields jsonb, first_line integer, last_line integer) RETURNS SETOF mjc.import_reference_row
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1000
    SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    width integer := (SELECT cardinality(i.head) FROM mjc.import i WHERE i.import_id = import_reference_rows.import_id);
BEGIN
    RETURN QUERY
    WITH said AS MATERIALIZED (
        SELECT l.line_no, cardinality(l.cells) AS n_cells, mjc.csv_value(l.cells, (fields ->> 'sku')::integer) AS sku,
               mjc.csv_value(l.cells, (fields ->> 'kind')::integer) AS kind, mjc.csv_value(l.cells, (fields ->> 'brand')::integer) AS brand,
               mjc.csv_value(l.cells, (fields ->> 'number')::integer) AS number,
               replace(lower(mjc.csv_value(l.cells, (fields ->> 'direction')::integer)), '-', '_') AS direction
          FROM mjc.import_line l
         WHERE l.import_id = import_reference_rows.import_id AND l.line_no BETWEEN first_line AND last_line),
    found AS MATERIALIZED (
        SELECT s.*, p.product_id, coalesce(mjc.import_reference_kind(s.kind), 'OEM') AS known_kind, x.cross_reference_id, x.direction AS old_direction
          FROM said s
          LEFT JOIN mjc.product p ON p.sku = s.sku
          LEFT JOIN LATERAL (SELECT c.cross_reference_id, c.direction FROM mjc.cross_reference c
                              WHERE c.product_id = p.product_id AND c.kind = coalesce(mjc.import_reference_kind(s.kind), 'OEM') AND c.number = s.number
                                AND coalesce(c.brand, '') = coalesce(s.brand, '')
                              ORDER BY c.cross_reference_id LIMIT 1) x ON true)
    SELECT f.line_no, array_remove(ARRAY[
               CASE WHEN f.n_cells <> width THEN 'line IMPORT_LINE_CELLS' END,
               CASE WHEN f.sku IS NULL THEN 'sku IMPORT_VALUE_MISSING' WHEN f.product_id IS NULL THEN 'sku IMPORT_VALUE_UNKNOWN' END,
               CASE WHEN f.number IS NULL THEN 'number IMPORT_VALUE_MISSING' WHEN f.number ~ '[\x01-\x1f\x7f]' THEN 'number IMPORT_VALUE_INVALID'
                    WHEN length(f.number) > 60 THEN 'number IMPORT_VALUE_RANGE' END,
               CASE WHEN f.kind IS NOT NULL AND mjc.import_reference_kind(f.kind) IS NULL THEN 'kind IMPORT_VALUE_INVALID' END,
               CASE WHEN f.brand ~ '[\x01-\x1f\x7f]' THEN 'brand IMPORT_VALUE_INVALID' WHEN length(f.brand) > 100 THEN 'brand IMPORT_VALUE_RANGE' END,
               CASE WHEN f.direction NOT IN ('both', 'to_part', 'from_part') THEN 'direction IMPORT_VALUE_INVALID' END,
               -- written in another way than mjc.import_repeated sees
               CASE WHEN row_number() OVER (PARTITION BY f.product_id, f.known_kind, f.brand, f.number ORDER BY f.line_no) > 1
                         AND num_nonnulls(f.product_id, f.number) = 2 THEN 'number IMPORT_VALUE_REPEATED' END,
               -- as mjc.cross_reference_write
               CASE WHEN f.product_id IS NOT NULL AND f.cross_reference_id IS NULL AND (SELECT count(*) FROM mjc.cross_reference c WHERE c.product_id = f.product_id)
                         + count(*) FILTER (WHERE f.cross_reference_id IS NULL) OVER (PARTITION BY f.product_id ORDER BY f.line_no) > 200
                    THEN 'number IMPORT_VALUE_RANGE' END,
               (SELECT e.field || ' ' || e.code FROM mjc.import_error e
                 WHERE e.import_id = import_reference_rows.import_id AND e.line_no = f.line_no LIMIT 1)], NULL),
           f.cross_reference_id IS NULL OR coalesce(f.direction, f.old_direction) <> f.old_direction,
           f.product_id, f.cross_reference_id, f.known_kind, f.brand, f.number, coalesce(f.direction, f.old_direction, 'both')
      FROM found f;
END
$$;
COMMENT ON FUNCTION mjc.import_reference_rows(uuid, jsonb, integer, integer) IS 'Lines of an import as cross-references, with what is wrong in each';

CREATE FUNCTION mjc.import_cross_references(import_id uuid, fields jsonb, dry_run boolean, first_line integer, last_line integer,
    OUT created integer, OUT changed integer, OUT bad integer)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    rows mjc.import_reference_row[] := ARRAY(SELECT r FROM mjc.import_reference_rows(import_id, fields, first_line, last_line) r);
BEGIN
    IF NOT dry_run THEN
        PERFORM FROM mjc.product p WHERE p.product_id = ANY (ARRAY(SELECT r.product_id FROM unnest(rows) r)) ORDER BY p.product_id FOR NO KEY UPDATE;
        rows := ARRAY(SELECT r FROM mjc.import_reference_rows(import_id, fields, first_line, last_line) r);
    END IF;
    INSERT INTO mjc.import_error (import_id, line_no, field, code)
    SELECT import_cross_references.import_id, r.line_no, split_part(e, ' ', 1), split_part(e, ' ', 2) FROM unnest(rows) r, unnest(r.errors) e
    ON CONFLICT DO NOTHING;
    SELECT count(*) FILTER (WHERE r.errors = '{}' AND r.cross_reference_id IS NULL),
           count(*) FILTER (WHERE r.errors = '{}' AND r.cross_reference_id IS NOT NULL AND r.is_changed), count(*) FILTER (WHERE r.errors <> '{}')
      INTO created, changed, bad FROM unnest(rows) r;
    rows := ARRAY(SELECT r FROM unnest(rows) r WHERE r.errors = '{}' AND r.is_changed);
    IF dry_run OR cardinality(rows) = 0 THEN
        RETURN;
    END IF;
    UPDATE mjc.cross_reference c SET direction = r.direction
      FROM unnest(rows) r WHERE c.product_id = r.product_id AND c.cross_reference_id = r.cross_reference_id;
    INSERT INTO mjc.cross_reference (product_id, cross_reference_id, kind, brand, number, direction)
    SELECT r.product_id, mjc.uuid_v7(), r.kind, r.brand, r.number, r.direction FROM unnest(rows) r WHERE r.cross_reference_id IS NULL;
    PERFORM mjc.product_changed(ARRAY(SELECT DISTINCT r.product_id FROM unnest(rows) r));
END
$$;
COMMENT ON FUNCTION mjc.import_cross_references(uuid, jsonb, boolean, integer, integer) IS
    'For rules: works off lines of an import as cross-references, and says how many it made, changed and found bad; a dry run counts alone';

------------------------------------------------------------------- fitments

CREATE FUNCTION mjc.import_fitment_rows(import_id uuid, fields jsonb, first_line integer, last_line integer) RETURNS SETOF mjc.import_fitment_row
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1000
    SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    width integer := (SELECT cardinality(i.head) FROM mjc.import i WHERE i.import_id = import_fitment_rows.import_id);
BEGIN
    RETURN QUERY
    WITH at AS MATERIALIZED (
        SELECT f.* FROM jsonb_to_record(fields) AS f (sku integer, "boilerManufacturer" integer, "boilerModel" integer, "boilerVariant" integer, note integer, fits integer,
                   quantity integer, position integer, gas integer, "builtFrom" integer, "builtTo" integer, "serialFrom" integer, "serialTo" integer, source integer, confidence integer)),
    said AS MATERIALIZED (
        SELECT l.line_no, cardinality(l.cells) AS n_cells, mjc.csv_value(l.cells, at.sku) AS sku, mjc.import_key(mjc.csv_value(l.cells, at."boilerManufacturer")) AS maker,
               mjc.import_key(mjc.csv_value(l.cells, at."boilerModel")) AS model, mjc.import_key(mjc.csv_value(l.cells, at."boilerVariant")) AS variant,
               mjc.csv_value(l.cells, at.note) AS note, mjc.csv_value(l.cells, at.fits) AS fits, mjc.csv_value(l.cells, at.quantity) AS quantity,
               mjc.csv_value(l.cells, at.position) AS position, upper(mjc.csv_value(l.cells, at.gas)) AS gas,
               mjc.csv_value(l.cells, at."builtFrom") AS built_from, mjc.csv_value(l.cells, at."builtTo") AS built_to,
               mjc.csv_value(l.cells, at."serialFrom") AS serial_from, mjc.csv_value(l.cells, at."serialTo") AS serial_to,
               upper(mjc.csv_value(l.cells, at.source)) AS source, mjc.csv_value(l.cells, at.confidence) AS confidence
          FROM mjc.import_line l CROSS JOIN at
         WHERE l.import_id = import_fitment_rows.import_id AND l.line_no BETWEEN first_line AND last_line),
    typed AS MATERIALIZED (
        SELECT s.*, mjc.csv_units(s.quantity, 0) AS qty, mjc.csv_units(s.confidence, 0) AS percent, mjc.csv_boolean(s.fits) AS does_fit,
               (SELECT array_agg(DISTINCT g ORDER BY g) FROM unnest(array_remove(regexp_split_to_array(s.gas, '[\s,;|/+]+'), '')) g) AS gases,
               mjc.import_day(s.built_from) AS from_on, mjc.import_day(s.built_to) AS to_on, mjc.csv_units(s.serial_from, 0) AS from_no, mjc.csv_units(s.serial_to, 0) AS to_no
          FROM said s),
    ranged AS MATERIALIZED (
        SELECT t.*, CASE WHEN coalesce(t.from_on, t.to_on) IS NOT NULL AND (t.from_on > t.to_on) IS NOT TRUE THEN daterange(t.from_on, t.to_on, '[]') END AS built,
               CASE WHEN coalesce(t.from_no, t.to_no) IS NOT NULL AND (t.from_no > t.to_no) IS NOT TRUE THEN int8range(t.from_no, t.to_no, '[]') END AS serial
          FROM typed t),
    found AS MATERIALIZED (
        SELECT r.*, p.product_id, m.boiler_model_id, v.variant_id, x AS old, x.fitment_id
          FROM ranged r
          LEFT JOIN mjc.product p ON p.sku = r.sku
          LEFT JOIN LATERAL (SELECT b.boiler_model_id FROM mjc.manufacturer k JOIN mjc.boiler_model b ON b.manufacturer_id = k.manufacturer_id
                              WHERE (k.slug = r.maker OR mjc.import_key(k.name) = r.maker) AND mjc.import_key(b.name) = r.model
                              ORDER BY k.slug = r.maker DESC, b.name LIMIT 1) m ON true
          LEFT JOIN LATERAL (SELECT b.variant_id FROM mjc.boiler_variant b WHERE b.boiler_model_id = m.boiler_model_id AND mjc.import_key(b.name) = r.variant
                              ORDER BY b.name LIMIT 1) v ON true
          LEFT JOIN mjc.fitment x ON x.fitment_id = (
                SELECT min(y.fitment_id::text)::uuid FROM mjc.fitment y
                 WHERE y.product_id = p.product_id AND y.boiler_model_id = m.boiler_model_id AND y.variant_id IS NOT DISTINCT FROM v.variant_id
                   AND y.built IS NOT DISTINCT FROM r.built AND y.serial IS NOT DISTINCT FROM r.serial AND y.gas IS NOT DISTINCT FROM r.gases AND y.power_w IS NULL)),
    final AS (
        SELECT f.*, CASE WHEN at.note IS NULL THEN (f.old).note ELSE f.note END AS new_note,
               CASE WHEN at.position IS NULL THEN (f.old).position ELSE f.position END AS new_position,
               coalesce(f.does_fit, (f.old).fits, true) AS new_fits, least(coalesce(f.qty, (f.old).qty, 1), 1000)::integer AS new_qty,
               coalesce(f.source, (f.old).source, 'SHOP') AS new_source, least(coalesce(f.percent, (f.old).confidence, 80), 1000)::integer AS new_confidence
          FROM found f CROSS JOIN at)
    SELECT f.line_no, array_remove(ARRAY[
               CASE WHEN f.n_cells <> width THEN 'line IMPORT_LINE_CELLS' END,
               CASE WHEN f.sku IS NULL THEN 'sku IMPORT_VALUE_MISSING' WHEN f.product_id IS NULL THEN 'sku IMPORT_VALUE_UNKNOWN' END,
               CASE WHEN f.maker IS NULL THEN 'boilerManufacturer IMPORT_VALUE_MISSING' END,
               CASE WHEN f.model IS NULL THEN 'boilerModel IMPORT_VALUE_MISSING' WHEN f.maker IS NOT NULL AND f.boiler_model_id IS NULL THEN 'boilerModel IMPORT_VALUE_UNKNOWN' END,
               CASE WHEN f.variant IS NOT NULL AND f.boiler_model_id IS NOT NULL AND f.variant_id IS NULL THEN 'boilerVariant IMPORT_VALUE_UNKNOWN' END,
               CASE WHEN length(f.note) > 1000 THEN 'note IMPORT_VALUE_RANGE' END,
               CASE WHEN f.fits IS NOT NULL AND f.does_fit IS NULL THEN 'fits IMPORT_VALUE_INVALID' END,
               CASE WHEN f.quantity IS NOT NULL AND f.qty IS NULL THEN 'quantity IMPORT_VALUE_INVALID' WHEN f.qty NOT BETWEEN 1 AND 100 THEN 'quantity IMPORT_VALUE_RANGE' END,
               CASE WHEN length(f.position) > 100 THEN 'position IMPORT_VALUE_RANGE' END,
               CASE WHEN NOT f.gases <@ ARRAY['G20', 'G25', 'G30', 'G31'] THEN 'gas IMPORT_VALUE_INVALID' END,
               CASE WHEN f.built_from IS NOT NULL AND f.from_on IS NULL THEN 'builtFrom IMPORT_VALUE_INVALID' END,
               CASE WHEN f.built_to IS NOT NULL AND f.to_on IS NULL THEN 'builtTo IMPORT_VALUE_INVALID' WHEN f.from_on > f.to_on THEN 'builtTo IMPORT_VALUE_RANGE' END,
               CASE WHEN f.serial_from IS NOT NULL AND f.from_no IS NULL THEN 'serialFrom IMPORT_VALUE_INVALID' END,
               CASE WHEN f.serial_to IS NOT NULL AND f.to_no IS NULL THEN 'serialTo IMPORT_VALUE_INVALID' WHEN f.from_no > f.to_no THEN 'serialTo IMPORT_VALUE_RANGE' END,
               CASE WHEN f.new_source NOT IN ('MAKER', 'SUPPLIER', 'SHOP', 'CUSTOMER') THEN 'source IMPORT_VALUE_INVALID' END,
               CASE WHEN f.confidence IS NOT NULL AND f.percent IS NULL THEN 'confidence IMPORT_VALUE_INVALID' WHEN f.percent > 100 THEN 'confidence IMPORT_VALUE_RANGE' END,
               CASE WHEN row_number() OVER (PARTITION BY f.product_id, f.boiler_model_id, f.variant_id, f.built, f.serial, f.gases ORDER BY f.line_no) > 1
                         AND num_nonnulls(f.product_id, f.boiler_model_id) = 2 THEN 'boilerModel IMPORT_VALUE_REPEATED' END,
               (SELECT e.field || ' ' || e.code FROM mjc.import_error e
                 WHERE e.import_id = import_fitment_rows.import_id AND e.line_no = f.line_no LIMIT 1)], NULL),
           f.fitment_id IS NULL OR (f.new_note, f.new_position, f.new_fits, f.new_qty, f.new_source, f.new_confidence)
                                   IS DISTINCT FROM ((f.old).note, (f.old).position, (f.old).fits, (f.old).qty, (f.old).source, (f.old).confidence),
           f.product_id, f.fitment_id, f.boiler_model_id, f.variant_id, f.built, f.serial, f.gases, f.new_note, f.new_fits, f.new_qty, f.new_position, f.new_source, f.new_confidence
      FROM final f;
END
$$;
COMMENT ON FUNCTION mjc.import_fitment_rows(uuid, jsonb, integer, integer) IS 'Lines of an import as fitments, with what is wrong in each';

CREATE FUNCTION mjc.import_fitments(import_id uuid, fields jsonb, dry_run boolean, first_line integer, last_line integer,
    OUT created integer, OUT changed integer, OUT bad integer)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    rows mjc.import_fitment_row[] := ARRAY(SELECT r FROM mjc.import_fitment_rows(import_id, fields, first_line, last_line) r);
BEGIN
    IF NOT dry_run THEN
        PERFORM FROM mjc.product p WHERE p.product_id = ANY (ARRAY(SELECT r.product_id FROM unnest(rows) r)) ORDER BY p.product_id FOR NO KEY UPDATE;
        PERFORM FROM mjc.boiler_model b WHERE b.boiler_model_id = ANY (ARRAY(SELECT r.boiler_model_id FROM unnest(rows) r)) ORDER BY b.boiler_model_id FOR SHARE;
        rows := ARRAY(SELECT r FROM mjc.import_fitment_rows(import_id, fields, first_line, last_line) r);
    END IF;
    INSERT INTO mjc.import_error (import_id, line_no, field, code)
    SELECT import_fitments.import_id, r.line_no, split_part(e, ' ', 1), split_part(e, ' ', 2) FROM unnest(rows) r, unnest(r.errors) e
    ON CONFLICT DO NOTHING;
    SELECT count(*) FILTER (WHERE r.errors = '{}' AND r.fitment_id IS NULL),
           count(*) FILTER (WHERE r.errors = '{}' AND r.fitment_id IS NOT NULL AND r.is_changed), count(*) FILTER (WHERE r.errors <> '{}')
      INTO created, changed, bad FROM unnest(rows) r;
    rows := ARRAY(SELECT r FROM unnest(rows) r WHERE r.errors = '{}' AND r.is_changed);
    IF dry_run OR cardinality(rows) = 0 THEN
        RETURN;
    END IF;
    UPDATE mjc.fitment f SET note = r.note, fits = r.fits, qty = r.qty, position = r.position, source = r.source, confidence = r.confidence,
           verified_by = NULL, verified_at = NULL
      FROM unnest(rows) r WHERE f.fitment_id = r.fitment_id;
    INSERT INTO mjc.fitment (fitment_id, product_id, boiler_model_id, variant_id, built, serial, gas, note, fits, qty, position, source, confidence)
    SELECT mjc.uuid_v7(), r.product_id, r.boiler_model_id, r.variant_id, r.built, r.serial, r.gas, r.note, r.fits, r.qty, r.position, r.source, r.confidence
      FROM unnest(rows) r WHERE r.fitment_id IS NULL;
    PERFORM mjc.product_changed(ARRAY(SELECT DISTINCT r.product_id FROM unnest(rows) r));
END
$$;
COMMENT ON FUNCTION mjc.import_fitments(uuid, jsonb, boolean, integer, integer) IS
    'For rules: works off lines of an import as fitments, and says how many it made, changed and found bad; a dry run counts alone';
