-- import: files of CSV that change the catalogue. A file is taken in numbered parts (chunks), told
-- what its columns mean, and worked off in batches of lines, each a short transaction of its own: by
-- the job import_run, or by CALL mjc.import_run(...) in psql. Progress and effect of a batch commit
-- together, so every line counts once however often the work is cut.
--
-- Locks: the import's row, then as the catalogue locks (sql/catalogue.sql).

CREATE FUNCTION mjc.import_lines_max() RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT 500000 $$;
COMMENT ON FUNCTION mjc.import_lines_max() IS 'Most lines of a file that is imported';

CREATE FUNCTION mjc.import_batch_lines() RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT 1000 $$;
COMMENT ON FUNCTION mjc.import_batch_lines() IS 'Lines that one transaction works off';

------------------------------------------------------------------- columns

CREATE FUNCTION mjc.import_word(word text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- Vowel marks and the many forms of alef are written by some and not by others.
    IF word ~ '[\u0621-\u064A]' THEN
        RETURN translate(regexp_replace(lower(word), '[^\u0621-\u064Aa-z0-9]+', '', 'g'), 'أإآةى', 'اااهي');
    END IF;
    RETURN replace(coalesce(mjc.slug_of(word), ''), '-', '');
END
$$;
COMMENT ON FUNCTION mjc.import_word(text) IS 'A column''s name in the one form in which names are compared: no case, accents, blanks or signs';

-- A field is known by its own name too. What one word may mean twice stands once.
CREATE FUNCTION mjc.import_fields(kind text, OUT field text, OUT words text[]) RETURNS SETOF record
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 30
AS $$
    SELECT f.field, f.words FROM (VALUES
        ('products', 'sku', '{référence,référence interne,ref,code article,article,code,internal reference,المرجع,مرجع,الرمز}'::pg_catalog.text[]),
        ('products', 'name', '{désignation,nom,libellé,produit,title,product name,name fr,nom fr,الاسم الفرنسي}'),
        ('products', 'nameAr', '{nom arabe,désignation arabe,désignation ar,nom ar,arabic name,الاسم,التسمية,الاسم بالعربية,الاسم العربي}'),
        ('products', 'nameEn', '{nom anglais,désignation anglaise,désignation en,nom en,english name,الاسم بالانجليزية}'),
        ('products', 'description', '{descriptif,description fr}'),
        ('products', 'descriptionAr', '{description arabe,descriptif arabe,descriptif ar,arabic description,الوصف,وصف}'),
        ('products', 'descriptionEn', '{description anglaise,descriptif en,english description}'),
        ('products', 'shortDescription', '{description courte,résumé,summary}'),
        ('products', 'shortDescriptionAr', '{description courte ar,résumé ar,وصف مختصر,الوصف المختصر}'),
        ('products', 'shortDescriptionEn', '{description courte en,résumé en,summary en}'),
        ('products', 'category', '{catégorie,famille,rayon,الفئة,فئة,الصنف}'),
        ('products', 'manufacturer', '{fabricant,marque,brand,maker,الصانع,العلامة,العلامة التجارية,الشركة المصنعة}'),
        ('products', 'manufacturerRef', '{référence fabricant,réf fabricant,ref constructeur,référence constructeur,part number,mpn,manufacturer reference,manufacturer number,رقم القطعة,مرجع الصانع}'),
        ('products', 'kind', '{type de pièce,genre,part kind,part type,نوع القطعة,النوع}'),
        ('products', 'ean', '{code-barres,barcode,gtin,ean13,gencod,الرمز الشريطي,باركود}'),
        ('products', 'price', '{prix,prix ttc,prix de vente,prix public,price dzd,prix dzd,السعر,سعر البيع,الثمن}'),
        ('products', 'salePrice', '{prix promo,prix promotionnel,prix soldé,promo,سعر التخفيض,سعر العرض}'),
        ('products', 'cost', '{coût,prix d''achat,prix achat,prix de revient,cost price,purchase price,سعر الشراء,التكلفة}'),
        ('products', 'taxRate', '{tva,taux tva,taux de tva,vat,vat rate,tax,الضريبة,الرسم على القيمة المضافة}'),
        ('products', 'minStock', '{stock minimum,stock min,seuil,seuil d''alerte,stock d''alerte,low stock,الحد الادنى,حد التنبيه}'),
        ('products', 'weight', '{poids,poids kg,weight kg,الوزن}'),
        ('products', 'warranty', '{garantie,garantie mois,warranty months,الضمان}'),
        ('products', 'condition', '{état,état du produit,الحالة}'),
        ('products', 'isActive', '{actif,active,visible,en ligne,published,نشط,مفعل}'),
        ('products', 'isFeatured', '{en vedette,vedette,featured,à la une,مميز}'),
        ('products', 'images', '{image,photo,photos,url image,image url,image urls,الصور,صورة}'),
        ('products', 'specifications', '{caractéristiques,المواصفات}'),
        ('cross_references', 'sku', '{référence,référence interne,ref,code article,article,code,المرجع,مرجع,الرمز}'),
        ('cross_references', 'kind', '{type,genre,nature,النوع}'),
        ('cross_references', 'brand', '{marque,fabricant,manufacturer,maker,العلامة,الصانع}'),
        ('cross_references', 'number', '{numéro,référence croisée,référence concurrente,part number,cross reference,الرقم,رقم}'),
        ('cross_references', 'direction', '{sens,الاتجاه}'),
        ('fitments', 'sku', '{référence,référence interne,ref,code article,article,code,المرجع,مرجع,الرمز}'),
        ('fitments', 'boilerManufacturer', '{marque,marque chaudière,fabricant,manufacturer,brand,boiler brand,العلامة,ماركة السخان}'),
        ('fitments', 'boilerModel', '{modèle,modèle chaudière,chaudière,model,boiler,الطراز,السخان}'),
        ('fitments', 'boilerVariant', '{variante,version,variant,النسخة}'),
        ('fitments', 'note', '{notes,remarque,commentaire,comment,ملاحظة}'),
        ('fitments', 'fits', '{compatible,convient,متوافق}'),
        ('fitments', 'quantity', '{quantité,qté,qty,الكمية}'),
        ('fitments', 'position', '{emplacement,repère,الموضع}'),
        ('fitments', 'gas', '{gaz,الغاز}'),
        ('fitments', 'builtFrom', '{fabriqué depuis,date début,من تاريخ}'),
        ('fitments', 'builtTo', '{fabriqué jusqu''à,date fin,الى تاريخ}'),
        ('fitments', 'serialFrom', '{série début,n° de série début}'),
        ('fitments', 'serialTo', '{série fin,n° de série fin}'),
        ('fitments', 'source', '{المصدر}'),
        ('fitments', 'confidence', '{confiance,fiabilité,الثقة}')
    ) f (kind, field, words)
     WHERE f.kind OPERATOR(pg_catalog.=) $1
$$;
COMMENT ON FUNCTION mjc.import_fields(text) IS
    'What can be imported of products, cross_references or fitments: the fields, and the words besides their names that stand for them in a head line';

CREATE FUNCTION mjc.import_needed(kind text) RETURNS text[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT CASE kind WHEN 'products' THEN '{sku}'::pg_catalog.text[]
                     WHEN 'cross_references' THEN '{sku,number}'
                     WHEN 'fitments' THEN '{sku,boilerManufacturer,boilerModel}' END
$$;
COMMENT ON FUNCTION mjc.import_needed(text) IS 'Fields without which a file says nothing';

CREATE FUNCTION mjc.import_map(kind text, head text[], mapping jsonb, OUT fields jsonb, OUT unknown text[])
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    missing text;
    twice text;
BEGIN
    PERFORM mjc.import_mapping_check(kind, mapping);
    WITH word AS (
        SELECT f.field, mjc.import_word(w) AS word FROM mjc.import_fields(kind) f, unnest(f.words || f.field) w),
    named AS (
        -- What the mapping says of a column counts before what its name says.
        SELECT h.place, h.name,
               CASE WHEN mapping ? btrim(h.name) THEN coalesce(mapping ->> btrim(h.name), '')
                    WHEN kind = 'products' AND h.name ~* '^\s*spec:\s*\S' THEN 'spec:' || btrim(substr(btrim(h.name), 6))
                    ELSE (SELECT w.field FROM word w WHERE w.word = mjc.import_word(h.name) LIMIT 1) END AS field
          FROM unnest(head) WITH ORDINALITY h (name, place)
         WHERE btrim(h.name) <> '')
    SELECT coalesce(jsonb_object_agg(n.field, n.place) FILTER (WHERE n.field <> ''), '{}'),
           coalesce(array_agg(left(btrim(n.name), 100) ORDER BY n.place) FILTER (WHERE n.field IS NULL), '{}'),
           (SELECT x.field FROM named x WHERE x.field <> '' GROUP BY x.field HAVING count(*) > 1 ORDER BY 1 LIMIT 1)
      INTO fields, unknown, twice
      FROM named n;
    IF twice IS NOT NULL THEN
        PERFORM mjc.raise('IMPORT_COLUMN_TWICE', 'field', CASE WHEN twice LIKE 'spec:%' THEN 'spec:' ELSE twice END);
    END IF;
    SELECT n INTO missing FROM unnest(mjc.import_needed(kind)) n WHERE NOT fields ? n LIMIT 1;
    IF missing IS NOT NULL THEN
        PERFORM mjc.raise('IMPORT_COLUMN_MISSING', 'field', missing);
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.import_map(text, text[], jsonb) IS
    'What the columns of a head line are read as: {field: place from 1}, and the columns that are read as nothing, the first 100 characters of each. Errors: MJ010, MJ871, MJ872';

CREATE FUNCTION mjc.import_mapping_check(kind text, mapping jsonb) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF jsonb_typeof(mapping) <> 'object' THEN
        PERFORM mjc.doc_refuse('mapping');
    END IF;
    IF EXISTS (SELECT FROM jsonb_each(mapping) m
                WHERE CASE jsonb_typeof(m.value)
                           WHEN 'null' THEN false
                           WHEN 'string' THEN m.value #>> '{}' <> '' AND m.value #>> '{}' NOT IN (SELECT f.field FROM mjc.import_fields(kind) f)
                                              AND NOT (kind = 'products' AND m.value #>> '{}' ~ '^spec:.*\S')
                           ELSE true END) THEN
        PERFORM mjc.doc_refuse('mapping');
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.import_mapping_check(text, jsonb) IS
    'A mapping is an object {column: field}, null or an empty text for a column that is left out. Errors: MJ010';

------------------------------------------------------------------- what people read

CREATE FUNCTION mjc.import_doc(import_id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT jsonb_build_object('id', i.import_id, 'kind', i.kind, 'state', i.state, 'dryRun', i.dry_run, 'mapping', i.mapping,
                   'chunks', cardinality(i.chunk_hashes), 'lines', i.lines, 'done', i.done, 'bad', i.bad,
                   'created', i.created, 'changed', i.changed, 'unchanged', i.done - i.bad - i.created - i.changed,
                   'progress', CASE WHEN i.state = 'done' THEN 100 WHEN i.lines > 0 THEN i.done * 100::bigint / i.lines ELSE 0 END,
                   'columns', (SELECT coalesce(jsonb_object_agg(i.head[f.value::integer], f.key), '{}') FROM jsonb_each_text(i.fields) f),
                   'unknownColumns', (SELECT coalesce(jsonb_agg(left(btrim(h.name), 100) ORDER BY h.n), '[]')
                                        FROM unnest(i.head) WITH ORDINALITY h (name, n)
                                       WHERE i.fields IS NOT NULL AND btrim(h.name) <> '' AND h.n NOT IN (SELECT f.value::integer FROM jsonb_each_text(i.fields) f)),
                   'error', i.error, 'createdBy', s.display_name, 'createdAt', mjc.iso(i.created_at), 'startedAt', mjc.iso(i.started_at),
                   'finishedAt', mjc.iso(i.finished_at))
          FROM mjc.import i LEFT JOIN mjc.staff s ON s.staff_id = i.actor
         WHERE i.import_id = import_doc.import_id);
END
$$;
COMMENT ON FUNCTION mjc.import_doc(uuid) IS 'An import as staff see it: state, counts of lines, what its columns are read as; NULL when there is none';

------------------------------------------------------------------- taking a file

CREATE FUNCTION mjc.import_make(actor uuid, channel text, kind text, mapping jsonb, dry_run boolean, request_id text) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    id uuid := mjc.uuid_v7();
BEGIN
    IF kind IS NULL THEN
        PERFORM mjc.doc_refuse('kind', 'ARGUMENT_MISSING');
    END IF;
    IF mjc.import_needed(kind) IS NULL THEN
        PERFORM mjc.doc_refuse('kind');
    END IF;
    PERFORM mjc.import_mapping_check(kind, coalesce(mapping, '{}'));
    INSERT INTO mjc.import (import_id, kind, mapping, dry_run, actor, channel)
    VALUES (id, import_make.kind, coalesce(import_make.mapping, '{}'), coalesce(import_make.dry_run, false), import_make.actor, import_make.channel);
    PERFORM mjc.audit_write(actor, channel, 'import_begin', 'import', id::text, NULL, jsonb_build_object('kind', kind), request_id);
    RETURN id;
END
$$;
COMMENT ON FUNCTION mjc.import_make(uuid, text, text, jsonb, boolean, text) IS
    'For rules: a new import of products, cross_references or fitments, which takes lines. Errors: MJ003, MJ010';

CREATE FUNCTION mjc.import_store(import_id uuid, whole text, first_line integer) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    i mjc.import%ROWTYPE;
    first text[];
    stored integer;
BEGIN
    IF whole = '' THEN
        RETURN;
    END IF;
    SELECT x.* INTO i FROM mjc.import x WHERE x.import_id = import_store.import_id;
    i.delimiter := coalesce(i.delimiter, mjc.csv_delimiter(whole));
    -- Counted line by line only when the ends of lines are too many.
    IF i.lines + length(whole) - length(replace(whole, E'\n', '')) > mjc.import_lines_max()
       AND i.lines + (SELECT count(*) FROM mjc.csv_rows(whole, i.delimiter, first_line)) > mjc.import_lines_max() + (i.head IS NULL)::integer THEN
        PERFORM mjc.raise('IMPORT_TOO_LARGE', 'max', mjc.import_lines_max()::text);
    END IF;
    WITH record AS MATERIALIZED (
        SELECT r.line, r.cells FROM mjc.csv_rows(whole, i.delimiter, first_line) r),
    top AS MATERIALIZED (
        SELECT r.line, r.cells FROM record r LIMIT 1),
    put AS (
        -- Lines of which a spreadsheet kept the delimiters alone say nothing.
        INSERT INTO mjc.import_line (import_id, line_no, cells)
        SELECT i.import_id, r.line, r.cells FROM record r
         WHERE (i.head IS NOT NULL OR r.line > (SELECT t.line FROM top t)) AND array_to_string(r.cells, '') ~ '\S'
        RETURNING 1)
    SELECT (SELECT count(*) FROM put), (SELECT t.cells FROM top t) INTO stored, first;
    i.head := coalesce(i.head, first);
    -- Empty lines alone tell no delimiter.
    UPDATE mjc.import x SET delimiter = CASE WHEN i.head IS NOT NULL THEN i.delimiter END, head = i.head, lines = i.lines + stored
     WHERE x.import_id = i.import_id;
END
$$;
COMMENT ON FUNCTION mjc.import_store(uuid, text, integer) IS
    'For rules: keeps whole lines of a file; the first line of all is the head. Errors: MJ862 to MJ867, MJ870';

-- A chunk may end anywhere: what is behind its last whole line waits for the next one.
CREATE FUNCTION mjc.import_take(import_id uuid, chunk integer, body bytea) RETURNS integer
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    i mjc.import%ROWTYPE;
    hash bytea := sha256(body);
    taken integer;
    part record;
BEGIN
    IF chunk IS NULL OR body IS NULL THEN
        PERFORM mjc.doc_refuse(CASE WHEN chunk IS NULL THEN 'chunk' ELSE 'body' END, 'ARGUMENT_MISSING');
    END IF;
    SELECT x.* INTO i FROM mjc.import x WHERE x.import_id = import_take.import_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    taken := cardinality(i.chunk_hashes);
    IF chunk BETWEEN 1 AND taken AND i.chunk_hashes[chunk] = hash THEN
        RETURN i.lines;
    END IF;
    IF i.state <> 'open' THEN
        PERFORM mjc.raise('IMPORT_STATE');
    END IF;
    IF chunk <> taken + 1 THEN
        PERFORM mjc.raise('IMPORT_CHUNK', 'chunk', (taken + 1)::text);
    END IF;
    SELECT s.whole, s.rest, s.next_line INTO part FROM mjc.csv_split(i.rest || body, i.delimiter, i.next_line, false) s;
    PERFORM mjc.import_store(i.import_id, part.whole, i.next_line);
    UPDATE mjc.import x
       SET chunk_hashes = x.chunk_hashes || hash, rest = part.rest, next_line = part.next_line, updated_at = clock_timestamp()
     WHERE x.import_id = i.import_id
    RETURNING x.lines INTO taken;
    RETURN taken;
END
$$;
COMMENT ON FUNCTION mjc.import_take(uuid, integer, bytea) IS
    'For rules: the next part of a file, 1, 2, ...; the same part again does nothing. Returns the whole lines that there are, without the head line; NULL when there is no such import. Errors: MJ003, MJ861 to MJ870';

------------------------------------------------------------------- starting

-- Of lines with the same key the first counts. Found once, before the first batch.
CREATE FUNCTION mjc.import_repeated(import_id uuid, fields jsonb, key text[], named text) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    places integer[] := ARRAY(SELECT (fields ->> k)::integer FROM unnest(key) WITH ORDINALITY u (k, n) WHERE fields ? k ORDER BY n);
BEGIN
    IF places = '{}' THEN
        RETURN;
    END IF;
    INSERT INTO mjc.import_error (import_id, line_no, field, code)
    SELECT import_repeated.import_id, x.line_no, named, 'IMPORT_VALUE_REPEATED'
      FROM (SELECT l.line_no, row_number() OVER (PARTITION BY k.key ORDER BY l.line_no) AS n
              FROM mjc.import_line l
              CROSS JOIN LATERAL (SELECT array_agg(mjc.csv_value(l.cells, p) ORDER BY o) AS key FROM unnest(places) WITH ORDINALITY u (p, o)) k
             WHERE l.import_id = import_repeated.import_id AND k.key[1] IS NOT NULL) x
     WHERE x.n > 1
    ON CONFLICT DO NOTHING;
END
$$;
COMMENT ON FUNCTION mjc.import_repeated(uuid, jsonb, text[], text) IS
    'For rules: notes each line whose key, the cells of these fields, stands in an earlier line, as an error of the field named';

CREATE FUNCTION mjc.import_start(actor uuid, channel text, import_id uuid, mapping jsonb, dry_run boolean, request_id text) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    i mjc.import%ROWTYPE;
    part record;
    map record;
BEGIN
    SELECT x.* INTO i FROM mjc.import x WHERE x.import_id = import_start.import_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    -- After a dry run the same lines can be imported, or tried again with another mapping.
    IF i.state <> 'open' AND NOT (i.state = 'done' AND i.dry_run AND i.lines = (SELECT count(*) FROM mjc.import_line l WHERE l.import_id = i.import_id)) THEN
        PERFORM mjc.raise('IMPORT_STATE');
    END IF;
    IF i.state = 'open' THEN
        SELECT s.whole, s.next_line INTO part FROM mjc.csv_split(i.rest, i.delimiter, i.next_line, true) s;
        PERFORM mjc.import_store(i.import_id, part.whole, i.next_line);
        SELECT x.head INTO i.head FROM mjc.import x WHERE x.import_id = i.import_id;
    END IF;
    i.mapping := coalesce(mapping, i.mapping);
    i.dry_run := coalesce(dry_run, i.dry_run);
    SELECT m.fields, m.unknown INTO map FROM mjc.import_map(i.kind, coalesce(i.head, '{}'), i.mapping) m;
    DELETE FROM mjc.import_error e WHERE e.import_id = i.import_id;
    IF i.kind = 'products' THEN
        PERFORM mjc.import_repeated(i.import_id, map.fields, '{sku}', 'sku'), mjc.import_repeated(i.import_id, map.fields, '{ean}', 'ean');
    ELSIF i.kind = 'cross_references' THEN
        PERFORM mjc.import_repeated(i.import_id, map.fields, '{sku,number,kind,brand}', 'number');
    ELSE
        PERFORM mjc.import_repeated(i.import_id, map.fields, '{sku,boilerManufacturer,boilerModel,boilerVariant,builtFrom,builtTo,serialFrom,serialTo,gas}', 'boilerModel');
    END IF;
    UPDATE mjc.import x
       SET state = 'running', mapping = i.mapping, dry_run = i.dry_run, fields = map.fields, rest = '', done_line = 0, done = 0, bad = 0,
           created = 0, changed = 0, error = NULL, actor = coalesce(import_start.actor, i.actor), channel = import_start.channel,
           started_at = clock_timestamp(), finished_at = NULL, updated_at = clock_timestamp()
     WHERE x.import_id = i.import_id;
    PERFORM mjc.audit_write(actor, channel, 'import_start', 'import', i.import_id::text, NULL,
        jsonb_build_object('kind', i.kind, 'dryRun', i.dry_run, 'lines', mjc.import_doc(i.import_id) -> 'lines', 'fields', map.fields), request_id);
    RETURN mjc.import_doc(i.import_id);
END
$$;
COMMENT ON FUNCTION mjc.import_start(uuid, text, uuid, jsonb, boolean, text) IS
    'For rules: the file is whole; from now on its lines are worked off. NULL in mapping and dry_run: as when it was made; NULL when there is no such import. Errors: MJ010, MJ861 to MJ872';

------------------------------------------------------------------- working off

-- What the planner knows of a table that doubles is wrong before autovacuum looks at it, and readers
-- pay for it. Skipped while somebody else looks.
CREATE FUNCTION mjc.import_statistics(kind text, made_before integer, made_now integer) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF floor(log(2.0, made_before / 1000.0 + 1)) = floor(log(2.0, made_now / 1000.0 + 1)) THEN
        RETURN;
    ELSIF kind = 'products' THEN
        ANALYZE (SKIP_LOCKED) mjc.product (product_id, slug, sku, ean, category_id, manufacturer_id, kind_id, is_active, is_featured, in_stock, created_at), mjc.product_image (product_id),
            mjc.search_key (product_id, kind);
    ELSIF kind = 'cross_references' THEN
        ANALYZE (SKIP_LOCKED) mjc.cross_reference, mjc.search_key (product_id, kind);
    ELSE
        ANALYZE (SKIP_LOCKED) mjc.fitment;
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.import_statistics(text, integer, integer) IS
    'For rules: brings what the planner knows up to date when an import has made 1 000, 3 000, 7 000, 15 000, ... new rows';

CREATE FUNCTION mjc.import_batch(import_id uuid) RETURNS integer
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    i mjc.import%ROWTYPE;
    n integer;
    last_line integer;
    result record;
BEGIN
    SELECT x.* INTO i FROM mjc.import x WHERE x.import_id = import_batch.import_id FOR NO KEY UPDATE;
    IF i.state IS DISTINCT FROM 'running' THEN
        RETURN 0;
    END IF;
    SELECT count(*), max(b.line_no) INTO n, last_line
      FROM (SELECT l.line_no FROM mjc.import_line l WHERE l.import_id = i.import_id AND l.line_no > i.done_line
             ORDER BY l.line_no LIMIT mjc.import_batch_lines()) b;
    IF n > 0 AND i.kind = 'products' THEN
        SELECT p.created, p.changed, p.bad INTO result FROM mjc.import_products(i.import_id, i.fields, i.dry_run, i.done_line + 1, last_line) p;
    ELSIF n > 0 AND i.kind = 'cross_references' THEN
        SELECT p.created, p.changed, p.bad INTO result FROM mjc.import_cross_references(i.import_id, i.fields, i.dry_run, i.done_line + 1, last_line) p;
    ELSIF n > 0 THEN
        SELECT p.created, p.changed, p.bad INTO result FROM mjc.import_fitments(i.import_id, i.fields, i.dry_run, i.done_line + 1, last_line) p;
    ELSE
        SELECT 0 AS created, 0 AS changed, 0 AS bad INTO result;
    END IF;
    UPDATE mjc.import x
       SET done_line = coalesce(last_line, x.done_line), done = x.done + n, bad = x.bad + result.bad,
           created = x.created + result.created, changed = x.changed + result.changed,
           state = CASE WHEN x.done + n = x.lines THEN 'done' ELSE 'running' END,
           finished_at = CASE WHEN x.done + n = x.lines THEN clock_timestamp() END, updated_at = clock_timestamp()
     WHERE x.import_id = i.import_id;
    IF NOT i.dry_run AND result.created + result.changed > 0 THEN
        PERFORM mjc.audit_write(i.actor, i.channel, 'import_batch', 'import', i.import_id::text, NULL,
            jsonb_build_object('kind', i.kind, 'lines', jsonb_build_array(i.done_line + 1, last_line), 'created', result.created, 'changed', result.changed));
        PERFORM mjc.import_statistics(i.kind, i.created, i.created + result.created);
    END IF;
    RETURN n;
END
$$;
COMMENT ON FUNCTION mjc.import_batch(uuid) IS
    'For rules: works off the next lines of an import and notes how far it is, in one transaction; one audit entry for a batch that changed something, by who started the import. Returns the number of lines, 0 when there is nothing to do. Errors: MJ024 somebody made one of its products meanwhile';

-- A batch that fails again and again (the job counts) holds up the imports behind it no longer.
CREATE FUNCTION mjc.import_job() RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    due uuid;
    why text;
BEGIN
    SELECT x.import_id INTO due FROM mjc.import x WHERE x.state = 'running'
     ORDER BY x.started_at, x.import_id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
    IF due IS NULL THEN
        RETURN 0;
    END IF;
    SELECT j.error INTO why FROM mjc.job j WHERE j.name = 'import_run' AND j.failures >= 10;
    IF FOUND THEN
        UPDATE mjc.import x SET state = 'failed', error = why, finished_at = clock_timestamp(), updated_at = clock_timestamp()
         WHERE x.import_id = due;
        RETURN 0;
    END IF;
    RETURN mjc.import_batch(due);
END
$$;
COMMENT ON FUNCTION mjc.import_job() IS
    'Works off the next lines of the import that was started first; one whose batch failed ten times in a row is given up. Returns the number of lines. Run by a job';

CREATE FUNCTION mjc.import_purge(batch integer DEFAULT 5000) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    old uuid;
    removed bigint;
BEGIN
    -- A file that was imported is needed no more; one that was tried or left open waits a week.
    SELECT x.import_id INTO old FROM mjc.import x
     WHERE (x.state IN ('done', 'failed') AND NOT x.dry_run AND x.updated_at < clock_timestamp() - interval '1 hour'
            OR x.state <> 'running' AND x.updated_at < clock_timestamp() - interval '7 days')
       AND (x.state = 'open' OR EXISTS (SELECT FROM mjc.import_line l WHERE l.import_id = x.import_id))
     ORDER BY x.created_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
    IF FOUND THEN
        DELETE FROM mjc.import_line l
         WHERE l.import_id = old AND l.line_no = ANY (ARRAY(SELECT y.line_no FROM mjc.import_line y WHERE y.import_id = old ORDER BY y.line_no LIMIT batch));
        GET DIAGNOSTICS removed = ROW_COUNT;
        -- What is left of its lines is no file any more.
        UPDATE mjc.import x SET state = CASE WHEN x.state = 'open' THEN 'failed' ELSE x.state END, rest = '' WHERE x.import_id = old;
        RETURN greatest(removed, 1);
    END IF;
    DELETE FROM mjc.import_error e
     USING (SELECT y.import_id, y.line_no, y.field FROM mjc.import x JOIN mjc.import_error y ON y.import_id = x.import_id
             WHERE x.state <> 'running' AND x.updated_at < clock_timestamp() - interval '90 days' LIMIT batch) g
     WHERE e.import_id = g.import_id AND e.line_no = g.line_no AND e.field = g.field;
    GET DIAGNOSTICS removed = ROW_COUNT;
    RETURN removed;
END
$$;
COMMENT ON FUNCTION mjc.import_purge(integer) IS
    'Forgets the lines of files that were imported, after a week those of files that were tried or never started, after 90 days what was wrong; counts stay. Returns the number of lines or errors, 1 for a file without any. Run by a job';

------------------------------------------------------------------- for staff

CREATE FUNCTION mjc.import_begin(kind text) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.import_make(mjc.staff_writes(), 'psql', kind, NULL, NULL, NULL);
END
$$;
COMMENT ON FUNCTION mjc.import_begin(text) IS
    'A new import of products, cross_references or fitments: add the file with mjc.import_add, then start it with mjc.catalogue_import. sql/import.psql does all of it. Errors: MJ003, MJ009, MJ010, MJ601';

CREATE FUNCTION mjc.import_add(import_id uuid, chunk integer, body bytea) RETURNS integer
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    taken integer;
BEGIN
    PERFORM mjc.check_schema(), mjc.staff_id();
    taken := mjc.import_take(import_id, chunk, body);
    IF taken IS NULL THEN
        PERFORM mjc.raise('NOT_FOUND');
    END IF;
    RETURN taken;
END
$$;
COMMENT ON FUNCTION mjc.import_add(uuid, integer, bytea) IS
    'The next part of the file of an import, 1, 2, ..., cut anywhere; returns how many lines there are. The same part again does nothing. Errors: MJ003, MJ004, MJ009, MJ601, MJ861 to MJ870';

CREATE FUNCTION mjc.catalogue_import(import_id uuid, mapping jsonb DEFAULT NULL, dry_run boolean DEFAULT false) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.found(mjc.import_start(mjc.staff_writes(), 'psql', import_id, mapping, dry_run, NULL));
END
$$;
COMMENT ON FUNCTION mjc.catalogue_import(uuid, jsonb, boolean) IS
    'Starts an import whose file was added, and returns what its columns are read as; mapping {column: field} for columns whose names do not say it. The shop works it off; CALL mjc.import_run does so at once. dry_run: only says what is wrong (mjc_report.import_error); call it again to import. Errors: MJ004, MJ009, MJ010, MJ601, MJ861 to MJ872';

CREATE FUNCTION mjc.import_work(import_id uuid) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_schema(), mjc.staff_id();
    IF NOT EXISTS (SELECT FROM mjc.import i WHERE i.import_id = import_work.import_id) THEN
        PERFORM mjc.raise('NOT_FOUND');
    END IF;
    PERFORM mjc.import_batch(import_id);
    RETURN mjc.import_doc(import_id);
END
$$;
COMMENT ON FUNCTION mjc.import_work(uuid) IS
    'Works off the next lines of an import that was started, and returns how far it is. Errors: MJ004, MJ009, MJ024, MJ601';

-- Commits between batches, which only a procedure of the caller's own rights can do.
CREATE PROCEDURE mjc.import_run(import_id uuid)
    LANGUAGE plpgsql
AS $$
DECLARE
    doc pg_catalog.jsonb;
BEGIN
    LOOP
        doc := mjc.import_work(import_id);
        COMMIT;
        RAISE NOTICE '% of % lines (bad %, new %, changed %)', doc OPERATOR(pg_catalog.->>) 'done', doc OPERATOR(pg_catalog.->>) 'lines',
            doc OPERATOR(pg_catalog.->>) 'bad', doc OPERATOR(pg_catalog.->>) 'created', doc OPERATOR(pg_catalog.->>) 'changed';
        EXIT WHEN (doc OPERATOR(pg_catalog.->>) 'state') OPERATOR(pg_catalog.<>) 'running';
    END LOOP;
END
$$;
COMMENT ON PROCEDURE mjc.import_run(uuid) IS
    'Works off an import that was started to its end, batch by batch, each its own transaction; stopped and called again it goes on where it was. Errors: MJ004, MJ009, MJ024, MJ601';
