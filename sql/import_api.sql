-- import_api: the routes of staff for files of CSV, in and out.

CREATE FUNCTION mjc_api.staff_import_create(actor uuid, token_version integer, token_id uuid,
    request_id text, idempotency_key text, doc text, OUT body json, OUT replayed boolean)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    claim record;
    wanted jsonb := doc;
    id uuid;
BEGIN
    PERFORM mjc.check_schema();
    PERFORM mjc.check_admin(actor, token_version, token_id);
    -- Two files in a minute are two imports.
    claim := mjc.idempotency_begin('staff_import_create', actor, idempotency_key, doc, false);
    replayed := claim.reply IS NOT NULL;
    body := claim.reply::json;
    IF NOT replayed THEN
        PERFORM mjc.doc_check(wanted, '{kind,mapping,dryRun}');
        id := mjc.import_make(actor, 'rest', mjc.doc_text(wanted, 'kind', 1, 40), nullif(wanted -> 'mapping', 'null'),
                              mjc.doc_boolean(wanted, 'dryRun', false), request_id);
        body := json_build_object('import', mjc.import_doc(id));
        PERFORM mjc.idempotency_end(claim.key_hash, 'import', id, body::text);
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
    PERFORM mjc.check_schema();
    PERFORM mjc.check_admin(actor, token_version, token_id);
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
    PERFORM mjc.check_schema();
    PERFORM mjc.check_admin(actor, token_version, token_id);
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

-- The columns of mjc_report.catalogue_export and of mjc.import_fields('products').
CREATE FUNCTION mjc.catalogue_csv(first bigint, most integer) RETURNS text
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT chr(65279) || (SELECT string_agg(f.field, ',' ORDER BY n) FROM mjc.import_fields('products') WITH ORDINALITY f (field, words, n)) || E'\r\n'
               || coalesce(string_agg(concat_ws(',', mjc.csv_quoted(x.sku), mjc.csv_quoted(x.name), mjc.csv_quoted(x."nameAr"), mjc.csv_quoted(x."nameEn"),
                      mjc.csv_quoted(x.description), mjc.csv_quoted(x."descriptionAr"), mjc.csv_quoted(x."descriptionEn"), mjc.csv_quoted(x."shortDescription"),
                      mjc.csv_quoted(x."shortDescriptionAr"), mjc.csv_quoted(x."shortDescriptionEn"), mjc.csv_quoted(x.category), mjc.csv_quoted(x.manufacturer),
                      mjc.csv_quoted(x."manufacturerRef"), mjc.csv_quoted(x.kind), mjc.csv_quoted(x.ean), x.price, coalesce(x."salePrice"::text, ''), coalesce(x.cost::text, ''),
                      x."taxRate", x."minStock", coalesce(x.weight::text, ''), coalesce(x.warranty::text, ''), x.condition, x."isActive", x."isFeatured",
                      mjc.csv_quoted(x.images), mjc.csv_quoted(x.specifications)), E'\r\n' ORDER BY x.sku) || E'\r\n', '')
          FROM (SELECT e.sku, e.name, e."nameAr", e."nameEn", e.description, e."descriptionAr", e."descriptionEn", e."shortDescription", e."shortDescriptionAr",
                       e."shortDescriptionEn", e.category, e.manufacturer, e."manufacturerRef", e.kind, e.ean, e.price, e."salePrice", e.cost, e."taxRate", e."minStock",
                       e.weight, e.warranty, e.condition, e."isActive", e."isFeatured", e.images, e.specifications
                  FROM mjc_report.catalogue_export e ORDER BY e.sku LIMIT most OFFSET first) x);
END
$$;
COMMENT ON FUNCTION mjc.catalogue_csv(bigint, integer) IS
    'So many products behind the first ones by sku as the text of a CSV file (UTF-8 with its mark, CRLF), in the columns that an import reads';

CREATE FUNCTION mjc_api.staff_product_export(actor uuid, token_version integer, token_id uuid, page integer, raw boolean, OUT body text, OUT filename text)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    most integer := mjc.export_rows_max();
    csv text;
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    -- Half a catalogue must not look like a whole one.
    IF page IS NULL AND (SELECT count(*) FROM (SELECT FROM mjc.product LIMIT most + 1) p) > most THEN
        PERFORM mjc.raise('EXPORT_TOO_LARGE', 'max', most::text);
    END IF;
    csv := mjc.catalogue_csv((coalesce(page, 1) - 1)::bigint * most, most);
    body := CASE WHEN raw THEN csv ELSE to_json(csv)::text END;
    filename := CASE WHEN raw THEN mjc.export_filename('products', now()) END;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_product_export(uuid, integer, uuid, integer, boolean) IS
    'GET /admin/products/export: data is the text of a CSV file that an import reads, or with raw the file itself; page: so many thousand products of a large catalogue. Errors: MJ060, MJ063, MJ064, MJ323';
