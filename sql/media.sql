-- media: the files that staff sent. The shim has checked and kept them before they come here; it
-- deletes what no row knows.

-- One file of a list, as the shim tells it.
CREATE FUNCTION mjc.media_check(file jsonb) RETURNS void
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.doc_check(file, '{name,mimeType,bytes,width,height}');
    PERFORM mjc.doc_need(file, '{name,mimeType,bytes,width,height}');
    PERFORM mjc.doc_word(file, 'name', '^[0-9a-f]{64}\.(jpg|png|webp|pdf)$');
    PERFORM mjc.doc_word(file, 'mimeType', CASE substring(file ->> 'name' FROM 66) WHEN 'jpg' THEN '^image/jpeg$' WHEN 'png' THEN '^image/png$'
                                                WHEN 'webp' THEN '^image/webp$' ELSE '^application/pdf$' END);
    PERFORM mjc.doc_integer(file, 'bytes', 1, 2147483647);
    PERFORM mjc.doc_integer(file, 'width', CASE WHEN file ->> 'mimeType' = 'application/pdf' THEN 0 ELSE 1 END, 65535);
    PERFORM mjc.doc_integer(file, 'height', CASE WHEN file ->> 'mimeType' = 'application/pdf' THEN 0 ELSE 1 END, 65535);
END
$$;
COMMENT ON FUNCTION mjc.media_check(jsonb) IS
    'The one check of a file {name, mimeType, bytes, width, height}: the type is that of the name; width and height in pixels, 0 for a PDF. Errors: MJ003, MJ006, MJ010';

CREATE FUNCTION mjc.media_write(actor uuid, channel text, files jsonb, request_id text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    made record;
BEGIN
    IF files IS NULL OR jsonb_typeof(files) <> 'array' THEN
        PERFORM mjc.doc_refuse('files', CASE WHEN files IS NULL THEN 'ARGUMENT_MISSING' ELSE 'ARGUMENT_INVALID' END);
    END IF;
    PERFORM mjc.media_check(f.file) FROM jsonb_array_elements(files) f (file);
    -- By name, so that two who send the same files wait for each other in one order.
    FOR made IN
        INSERT INTO mjc.media (name, mime_type, bytes, width, height, uploaded_by)
        SELECT f.file ->> 'name', f.file ->> 'mimeType', (f.file ->> 'bytes')::bigint,
               nullif((f.file ->> 'width')::integer, 0), nullif((f.file ->> 'height')::integer, 0), actor
          FROM jsonb_array_elements(files) f (file)
         ORDER BY 1
            ON CONFLICT ON CONSTRAINT media_pkey DO NOTHING
        RETURNING name, mime_type, bytes
    LOOP
        PERFORM mjc.audit_write(actor, channel, 'media_add', 'media', made.name, NULL,
            jsonb_build_object('mimeType', made.mime_type, 'bytes', made.bytes), request_id);
    END LOOP;
    RETURN (
        SELECT json_build_object('success', true, 'files', l.files, 'data', json_build_object('urls', l.urls, 'files', l.files))
          FROM (SELECT coalesce(json_agg(json_build_object('filename', f.file ->> 'name', 'url', '/files/' || (f.file ->> 'name'),
                                             'mimeType', f.file ->> 'mimeType', 'size', (f.file ->> 'bytes')::bigint) ORDER BY f.n), '[]'::json) AS files,
                       coalesce(json_agg('/files/' || (f.file ->> 'name') ORDER BY f.n), '[]'::json) AS urls
                  FROM jsonb_array_elements(files) WITH ORDINALITY f (file, n)) l);
END
$$;
COMMENT ON FUNCTION mjc.media_write(uuid, text, jsonb, text) IS
    'Notes files that are kept already, in the order of the list; one that is known stays as it is. The reply of POST /uploads. Errors: MJ003, MJ006, MJ010';

CREATE FUNCTION mjc.media_delete(name text) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    actor uuid;
    file record;
BEGIN
    PERFORM mjc.check_schema();
    actor := mjc.staff_id();
    SELECT m.mime_type, m.bytes INTO file FROM mjc.media m WHERE m.name = media_delete.name FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM mjc.raise('NOT_FOUND');
    END IF;
    IF EXISTS (SELECT FROM mjc.media_use u WHERE u.name = media_delete.name) THEN
        PERFORM mjc.raise('MEDIA_IN_USE');
    END IF;
    DELETE FROM mjc.media m WHERE m.name = media_delete.name;
    PERFORM mjc.audit_write(actor, 'psql', 'media_delete', 'media', media_delete.name,
        jsonb_build_object('mimeType', file.mime_type, 'bytes', file.bytes), NULL);
    RETURN media_delete.name;
END
$$;
COMMENT ON FUNCTION mjc.media_delete(text) IS
    'Forgets a file that is shown nowhere (mjc_report.media: uses = 0); the shim deletes it within some hours, but not before it is a day old. Returns its name. Errors: MJ004, MJ601, MJ854';

CREATE FUNCTION mjc_api.staff_media_add(actor uuid, token_version integer, token_id uuid, request_id text, files text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    RETURN mjc.media_write(actor, 'rest', files::jsonb, request_id);
END
$$;
COMMENT ON FUNCTION mjc_api.staff_media_add(uuid, integer, uuid, text, text) IS
    'POST /uploads, after the files were kept: [{name, mimeType, bytes, width, height}]; an empty list asks whether the caller may. Errors: MJ003, MJ006, MJ010, MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.media_orphans(names text[], OUT name text) RETURNS SETOF text
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- A database without any file is not the one of this folder: a fresh one, or one that is being restored.
    IF EXISTS (SELECT FROM mjc.media) THEN
        RETURN QUERY SELECT n FROM unnest(names) n WHERE NOT EXISTS (SELECT FROM mjc.media m WHERE m.name = n);
    END IF;
END
$$;
COMMENT ON FUNCTION mjc_api.media_orphans(text[]) IS
    'For the shim: those of the names that are no file of the shop, none while there is no file at all';
