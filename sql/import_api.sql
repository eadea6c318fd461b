-- import_api: the routes of staff for files of CSV, in and out.

CREATE FUNCTION mjc_api.staff_import_create(actor uuid, token_version integer, token_id uuid,
    request_id text, idempotency_key text, doc text, OUT body json, OUT replayed boolean)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    claim bytea;
    wanted jsonb := doc;
    id uuid;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    -- Two files in a minute are two imports.
    SELECT * INTO claim, body, replayed FROM mjc.idempotency_begin('staff_import_create', actor, idempotency_key, doc, false);
    IF NOT replayed THEN
        PERFORM mjc.doc_check(wanted, '{kind,mapping,dryRun}');
        id := mjc.import_make(actor, 'rest', mjc.doc_text(wanted, 'kind', 1, 40), nullif(wanted -> 'mapping', 'null'),
                              mjc.doc_boolean(wanted, 'dryRun', false), request_id);
        body := mjc.idempotency_end(claim, 'import', id, json_build_object('import', mjc.import_doc(id)));
    END IF;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_import_create(uuid, integer, uuid, text, text, text) IS
    'POST /admin/imports {kind, mapping?, dryRun?}. Errors: MJ003, MJ006, MJ009, MJ010, MJ021, MJ022, MJ023, MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_import_take(actor uuid, token_version integer, token_id uuid, request_id text, id uuid, chunk integer, file bytea) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    IF mjc.import_take(id, chunk, file) IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN json_build_object('import', mjc.import_doc(id));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_import_take(uuid, integer, uuid, text, uuid, integer, bytea) IS
    'PUT /admin/imports/:id/lines/:chunk: the next part of the file, as it is; the same part again is answered alike. Errors: MJ009, MJ060, MJ063, MJ064, MJ861 to MJ870';

CREATE FUNCTION mjc_api.staff_import_start(actor uuid, token_version integer, token_id uuid, request_id text, id uuid, doc text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wanted jsonb := doc;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    PERFORM mjc.doc_check(wanted, '{mapping,dryRun}');
    RETURN (SELECT json_build_object('import', s.doc)
              FROM (SELECT mjc.import_start(actor, 'rest', id, nullif(wanted -> 'mapping', 'null'), CASE WHEN wanted ? 'dryRun' THEN mjc.doc_boolean(wanted, 'dryRun', false) END, request_id) AS doc) s
             WHERE s.doc IS NOT NULL);
END
$$;
COMMENT ON FUNCTION mjc_api.staff_import_start(uuid, integer, uuid, text, uuid, text) IS
    'POST /admin/imports/:id/start {mapping?, dryRun?}: the file is whole. After a dry run it can be started again. Errors: MJ009, MJ010, MJ060, MJ063, MJ064, MJ861 to MJ872';

CREATE FUNCTION mjc_api.staff_import_get(actor uuid, token_version integer, token_id uuid, id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    RETURN (SELECT json_build_object('import', d) FROM mjc.import_doc(id) d WHERE d IS NOT NULL);
END
$$;
COMMENT ON FUNCTION mjc_api.staff_import_get(uuid, integer, uuid, uuid) IS
    'GET /admin/imports/:id: state, progress and counts; NULL when there is none. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_import_list(actor uuid, token_version integer, token_id uuid, page integer, page_size integer) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    size integer := coalesce(page_size, 20);
    number integer := coalesce(page, 1);
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    RETURN (
        SELECT json_build_object(
            'imports', coalesce((SELECT json_agg(mjc.import_doc(i.import_id) ORDER BY i.created_at DESC, i.import_id)
                                   FROM (SELECT x.import_id, x.created_at FROM mjc.import x ORDER BY x.created_at DESC, x.import_id
                                          LIMIT size OFFSET (number - 1)::bigint * size) i), '[]'),
            'pagination', mjc.pagination(number, size, (SELECT count(*) FROM mjc.import))));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_import_list(uuid, integer, uuid, integer, integer) IS
    'GET /admin/imports: newest first. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_import_errors(actor uuid, token_version integer, token_id uuid, id uuid, page integer, page_size integer) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    size integer := coalesce(page_size, 100);
    number integer := coalesce(page, 1);
    i mjc.import%ROWTYPE;
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    SELECT x.* INTO i FROM mjc.import x WHERE x.import_id = id;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    RETURN (
        SELECT json_build_object(
            'errors', coalesce((SELECT json_agg(json_build_object('line', e.line_no, 'field', e.field, 'column', left(btrim(i.head[(i.fields ->> e.field)::integer]), 100), 'code', e.code)
                                                ORDER BY e.line_no, e.field)
                                  FROM (SELECT x.line_no, x.field, x.code FROM mjc.import_error x WHERE x.import_id = id ORDER BY x.line_no, x.field
                                         LIMIT size OFFSET (number - 1)::bigint * size) e), '[]'),
            'pagination', mjc.pagination(number, size, (SELECT count(*) FROM mjc.import_error x WHERE x.import_id = id))));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_import_errors(uuid, integer, uuid, uuid, integer, integer) IS
    'GET /admin/imports/:id/errors: what is wrong, by line; NULL when there is no such import. Errors: MJ060, MJ063, MJ064';

-- By line from piece to piece: what a running import finds meanwhile is in it when its line is still to come.
CREATE FUNCTION mjc.import_error_piece(form text, import_id uuid, after jsonb, most integer, OUT body text, OUT next jsonb)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    i mjc.import%ROWTYPE;
    -- With the mark that tells spreadsheets of UTF-8.
    head constant text := chr(65279) || 'line,column,field,code' || E'\r\n';
    lines text;
BEGIN
    SELECT x.* INTO i FROM mjc.import x WHERE x.import_id = import_error_piece.import_id;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT coalesce(string_agg(concat_ws(',', f.line_no, mjc.csv_cell(left(btrim(i.head[(i.fields ->> f.field)::integer]), 100)), mjc.csv_cell(f.field), f.code),
                               E'\r\n' ORDER BY f.n) FILTER (WHERE f.n <= most) || E'\r\n', ''),
           (array_agg(jsonb_build_object('began', mjc.export_began(after), 'line', f.line_no, 'field', f.field, 'rows', coalesce((after ->> 'rows')::bigint, 0) + most)) FILTER (WHERE f.n = most AND f.more))[1]
      INTO lines, next
      FROM (SELECT e.line_no, e.field, e.code, row_number() OVER w AS n, lead(true) OVER w IS NOT NULL AS more
              FROM (SELECT x.line_no, x.field, x.code FROM mjc.import_error x
                     WHERE x.import_id = i.import_id AND (x.line_no, x.field) > (coalesce((after ->> 'line')::integer, 0), coalesce(after ->> 'field', ''))
                     ORDER BY x.line_no, x.field LIMIT most + 1) e
            WINDOW w AS (ORDER BY e.line_no, e.field)) f;
    body := mjc.export_text(form, head, lines, after, next IS NULL);
END
$$;
COMMENT ON FUNCTION mjc.import_error_piece(text, uuid, jsonb, integer) IS
    'A piece of what is wrong in an import, by line, as a file in a form of mjc.export_form, and the cursor of the next; NULL with the last, all NULL when there is no such import';

CREATE FUNCTION mjc_api.staff_import_error_export(actor uuid, token_version integer, token_id uuid, id uuid, raw boolean DEFAULT false, after text DEFAULT NULL,
    OUT body text, OUT next text, OUT filename text)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    form text := mjc.export_form(NULL, raw);
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    SELECT x.body, x.next INTO body, next FROM mjc.import_error_piece(form, id, after::jsonb, mjc.export_piece_rows()) x;
    filename := CASE form WHEN 'file' THEN mjc.export_filename('import_errors', mjc.export_began(after::jsonb)) END;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_import_error_export(uuid, integer, uuid, uuid, boolean, text) IS
    'GET /admin/imports/:id/errors/export: data is the text of a CSV file of what is wrong, or with raw the file itself, piece by piece; NULL when there is no such import. Errors: MJ060, MJ063, MJ064';

-- The columns of mjc_report.catalogue_export and of mjc.import_fields('products').
CREATE FUNCTION mjc.catalogue_csv_head() RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN chr(65279) || (SELECT string_agg(f.field, ',' ORDER BY n) FROM mjc.import_fields('products') WITH ORDINALITY f (field, words, n)) || E'\r\n';
END
$$;
COMMENT ON FUNCTION mjc.catalogue_csv_head() IS 'The first line of the catalogue as a CSV file, with the mark of UTF-8';

CREATE FUNCTION mjc.catalogue_lines(product_ids uuid[]) RETURNS text
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT coalesce(string_agg(concat_ws(',', mjc.csv_quoted(x.sku), mjc.csv_quoted(x.name), mjc.csv_quoted(x."nameAr"), mjc.csv_quoted(x."nameEn"),
                      mjc.csv_quoted(x.description), mjc.csv_quoted(x."descriptionAr"), mjc.csv_quoted(x."descriptionEn"), mjc.csv_quoted(x."shortDescription"),
                      mjc.csv_quoted(x."shortDescriptionAr"), mjc.csv_quoted(x."shortDescriptionEn"), mjc.csv_quoted(x.category), mjc.csv_quoted(x.manufacturer),
                      mjc.csv_quoted(x."manufacturerRef"), mjc.csv_quoted(x.kind), mjc.csv_quoted(x.ean), x.price, coalesce(x."salePrice"::text, ''), coalesce(x.cost::text, ''),
                      x."taxRate", x."minStock", coalesce(x.weight::text, ''), coalesce(x.warranty::text, ''), x.condition, x."isActive", x."isFeatured",
                      mjc.csv_quoted(x.images), mjc.csv_quoted(x.specifications)), E'\r\n' ORDER BY x.key) || E'\r\n', '')
          FROM mjc.catalogue_row x WHERE x.product_id = ANY (product_ids));
END
$$;
COMMENT ON FUNCTION mjc.catalogue_lines(uuid[]) IS 'Products as lines of a CSV file that an import reads, by sku';

-- By sku from piece to piece: a product that comes in meanwhile is in it when its sku is still to come; none is in it twice.
CREATE FUNCTION mjc.catalogue_piece(form text, after jsonb, most integer, OUT body text, OUT next jsonb)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    began timestamptz := mjc.export_began(after);
    ids uuid[];
BEGIN
    ids := ARRAY(SELECT p.product_id FROM mjc.product p
                  WHERE after IS NULL OR p.sku > after ->> 'sku' ORDER BY p.sku LIMIT most + 1);
    IF cardinality(ids) > most THEN
        next := (SELECT jsonb_build_object('began', began, 'sku', p.sku, 'rows', coalesce((after ->> 'rows')::bigint, 0) + most) FROM mjc.product p WHERE p.product_id = ids[most]);
    END IF;
    body := mjc.export_text(form, mjc.catalogue_csv_head(), mjc.catalogue_lines(ids[:most]), after, next IS NULL);
END
$$;
COMMENT ON FUNCTION mjc.catalogue_piece(text, jsonb, integer) IS
    'A piece of the catalogue as a file in a form of mjc.export_form, and the cursor of the next; NULL with the last';

CREATE FUNCTION mjc_api.staff_product_export(actor uuid, token_version integer, token_id uuid, raw boolean DEFAULT false, after text DEFAULT NULL,
    OUT body text, OUT next text, OUT filename text)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    form text := mjc.export_form(NULL, raw);
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    SELECT x.body, x.next INTO body, next FROM mjc.catalogue_piece(form, after::jsonb, mjc.export_piece_rows()) x;
    filename := CASE form WHEN 'file' THEN mjc.export_filename('products', mjc.export_began(after::jsonb)) END;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_product_export(uuid, integer, uuid, boolean, text) IS
    'GET /admin/products/export: data is the text of a CSV file that an import reads, or with raw the file itself, piece by piece. Errors: MJ060, MJ063, MJ064';
