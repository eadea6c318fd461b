-- article: products as staff describe them, in one document. product_write is the one way in
-- from psql and from REST (article_api.sql). Categories, manufacturers, kinds, attributes: category.sql.
--
-- Lock order: category, manufacturer, kind, attributes, the product, its stock, then what is
-- derived from it (catalogue.sql).

----------------------------------------------------------------------- names

CREATE FUNCTION mjc.catalogue_names_store(kind text, id uuid, slug text, name text DEFAULT NULL, ean text DEFAULT NULL) RETURNS void
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'mjc_catalogue_names_store';
COMMENT ON FUNCTION mjc.catalogue_names_store(text, uuid, text, text, text) IS
    'For rules in SQL: slug, sku or name, ean of a locked category, manufacturer, part_kind or product. Errors: MJ003, MJ010, 40001 when another took one since the rule looked';

CREATE FUNCTION mjc.slug_beside(base text, taken text[]) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    slug text := base;
    n integer := 1;
BEGIN
    WHILE slug = ANY (taken) LOOP
        n := n + 1;
        slug := base || '-' || n;
    END LOOP;
    RETURN slug;
END
$$;
COMMENT ON FUNCTION mjc.slug_beside(text, text[]) IS 'The slug, or with the first of -2, -3 ... that is not taken';

CREATE FUNCTION mjc.product_slug(wanted text, name text, sku text, own uuid) RETURNS text
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- Arabic has no letters for an address: the sku has.
    base text := coalesce(mjc.slug_of(wanted), mjc.slug_of(name), mjc.slug_of(sku), 'piece');
    made text := base;
    n integer := 1;
BEGIN
    -- Routes beside GET /products/:slug are no slugs.
    WHILE made IN ('batch', 'categories', 'export', 'featured', 'manufacturers')
          OR EXISTS (SELECT FROM mjc.product p WHERE p.slug = made AND p.product_id <> own) LOOP
        n := n + 1;
        made := base || '-' || n;
    END LOOP;
    RETURN made;
END
$$;
COMMENT ON FUNCTION mjc.product_slug(text, text, text, uuid) IS
    'A slug that no other product has, of the wanted one, else of the name, else of the sku; with -2, -3 ... where it is taken';

---------------------------------------------------------------------- limits

-- The one place of them, for forms and for files (import_product.sql).
CREATE FUNCTION mjc.product_limit(field text) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT CASE field
        WHEN 'sku' THEN 50 WHEN 'name' THEN 255 WHEN 'nameAr' THEN 255 WHEN 'nameEn' THEN 255 WHEN 'slug' THEN 255 WHEN 'manufacturerRef' THEN 100
        WHEN 'metaTitle' THEN 255 WHEN 'metaTitleAr' THEN 255 WHEN 'metaTitleEn' THEN 255
        WHEN 'description' THEN 20000 WHEN 'descriptionAr' THEN 20000 WHEN 'descriptionEn' THEN 20000
        WHEN 'shortDescription' THEN 1000 WHEN 'shortDescriptionAr' THEN 1000 WHEN 'shortDescriptionEn' THEN 1000
        WHEN 'metaDescription' THEN 1000 WHEN 'metaDescriptionAr' THEN 1000 WHEN 'metaDescriptionEn' THEN 1000
        WHEN 'price' THEN 100000000000 WHEN 'cost' THEN 100000000000
        WHEN 'taxRate' THEN 10000 WHEN 'minStock' THEN 1000000 WHEN 'maxStock' THEN 1000000 WHEN 'weight' THEN 100000000 WHEN 'warranty' THEN 600
        WHEN 'images' THEN 50 END
$$;
COMMENT ON FUNCTION mjc.product_limit(text) IS
    'The most that a field of a product may have: characters of a text, number of images; centimes, hundredths of a percent, units, grams or months of a number. NULL for another field';

CREATE FUNCTION mjc.product_least(field text) RETURNS integer
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT CASE WHEN field OPERATOR(pg_catalog.=) ANY ('{sku,name,nameAr,nameEn}'::pg_catalog.text[]) THEN 2 ELSE 1 END $$;
COMMENT ON FUNCTION mjc.product_least(text) IS 'The fewest characters of a text of a product that is not empty';

CREATE FUNCTION mjc.object_fault(value jsonb) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- Nothing in a text so short is too long or too much.
    IF length(value::text) <= 100 THEN
        RETURN CASE WHEN value ? '' THEN 'ARGUMENT_INVALID' END;
    END IF;
    RETURN (
        SELECT CASE WHEN count(*) FILTER (WHERE length(k) NOT BETWEEN 1 AND 100) > 0 THEN 'ARGUMENT_INVALID'
                    WHEN count(*) > 100 OR length(value::text) > 20000 THEN 'ARGUMENT_RANGE' END
          FROM jsonb_object_keys(value) k);
END
$$;
COMMENT ON FUNCTION mjc.object_fault(jsonb) IS
    'What is wrong with an object of a product: at most 100 keys of 1 to 100 characters and 20 000 characters in all; NULL: nothing';

------------------------------------------------------------- parts of a document

CREATE FUNCTION mjc.doc_body(doc jsonb, key text, max_length integer) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    value text := btrim(doc ->> key, E' \t\r\n');
BEGIN
    IF value IS NULL THEN
        RETURN NULL;
    END IF;
    IF jsonb_typeof(doc -> key) <> 'string' OR value ~ '[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]' THEN
        PERFORM mjc.doc_refuse(key);
    END IF;
    IF length(value) NOT BETWEEN 1 AND max_length THEN
        PERFORM mjc.doc_refuse(key, 'ARGUMENT_RANGE');
    END IF;
    RETURN value;
END
$$;
COMMENT ON FUNCTION mjc.doc_body(jsonb, text, integer) IS 'A text of several lines, trimmed. Errors: MJ006, MJ010';

CREATE FUNCTION mjc.doc_form(doc jsonb) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF jsonb_typeof(doc) IS DISTINCT FROM 'object' THEN
        PERFORM mjc.doc_check(doc, '{}');
    END IF;
    doc := (SELECT coalesce(jsonb_object_agg(e.key, CASE WHEN jsonb_typeof(e.value) <> 'string' THEN e.value
                                                        ELSE coalesce(to_jsonb(nullif(btrim(e.value #>> '{}'), '')), 'null') END), '{}')
              FROM jsonb_each(doc) e);
    IF doc -> 'isActive' = 'null' THEN
        -- Cleared it would be as by default, and what was taken out of the shop would come back.
        PERFORM mjc.doc_refuse('isActive');
    END IF;
    RETURN doc;
END
$$;
COMMENT ON FUNCTION mjc.doc_form(jsonb) IS 'A document as a form sends it: texts trimmed, a field left empty is none. Errors: MJ003, MJ010 no object, or one that leaves open whether it is in the shop';

CREATE FUNCTION mjc.doc_slug(doc jsonb) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF mjc.uuid_or_null(doc ->> 'slug') IS NOT NULL THEN
        PERFORM mjc.doc_refuse('slug');
    END IF;
    RETURN mjc.doc_word(doc, 'slug', '^[a-z0-9-]{1,100}$');
END
$$;
COMMENT ON FUNCTION mjc.doc_slug(jsonb) IS 'The slug that staff chose, which nothing reads as an id; NULL when they chose none. Errors: MJ010';

CREATE FUNCTION mjc.doc_object(doc jsonb, key text) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    value jsonb := doc -> key;
    -- JSON of one level, without what jsonb cannot hold (\u0000, halves of pairs, endless numbers).
    string constant text := '"([^"\\\x01-\x1f]|\\["\\/bfnrt]|\\u([1-9a-cA-CefEF][0-9a-fA-F]{3}|0[0-9a-fA-F]{2}[1-9a-fA-F]|d[0-7][0-9a-fA-F]{2}))*"';
    scalar constant text := '(' || string || '|-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,10})?|true|false|null)';
    pair constant text := '\s*' || string || '\s*:\s*' || scalar || '\s*';
BEGIN
    IF jsonb_typeof(value) = 'string' AND length(value #>> '{}') <= 20000 AND value #>> '{}' ~ ('^\s*\{(\s*|' || pair || '(,' || pair || ')*)\}\s*$') THEN
        value := (value #>> '{}')::jsonb;
    END IF;
    IF jsonb_typeof(value) <> 'object' THEN
        PERFORM mjc.doc_refuse(key);
    END IF;
    IF mjc.object_fault(value) IS NOT NULL THEN
        PERFORM mjc.doc_refuse(key, mjc.object_fault(value));
    END IF;
    RETURN value;
END
$$;
COMMENT ON FUNCTION mjc.doc_object(jsonb, text) IS
    'An object of at most 100 keys, or the JSON text of one of texts, numbers and booleans. Errors: MJ006, MJ010';

CREATE FUNCTION mjc.doc_features(doc jsonb) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    value jsonb := doc -> 'features';
    list jsonb;
BEGIN
    IF jsonb_typeof(value) = 'string' THEN
        value := to_jsonb(regexp_split_to_array(mjc.doc_body(doc, 'features', 20000), '[,\n]'));
    END IF;
    IF jsonb_typeof(value) <> 'array' THEN
        PERFORM mjc.doc_refuse('features');
    END IF;
    IF EXISTS (SELECT FROM jsonb_array_elements(value) e WHERE jsonb_typeof(e) <> 'string') THEN
        PERFORM mjc.doc_refuse('features');
    END IF;
    SELECT coalesce(jsonb_agg(btrim(e, E' \t\r\n') ORDER BY n) FILTER (WHERE btrim(e, E' \t\r\n') <> ''), '[]') INTO list
      FROM jsonb_array_elements_text(value) WITH ORDINALITY t (e, n);
    IF jsonb_array_length(list) > 100 OR EXISTS (SELECT FROM jsonb_array_elements_text(list) e WHERE length(e) > 500) THEN
        PERFORM mjc.doc_refuse('features', 'ARGUMENT_RANGE');
    END IF;
    RETURN list;
END
$$;
COMMENT ON FUNCTION mjc.doc_features(jsonb) IS 'What a part has: a list of texts, or a text with commas between them. Errors: MJ006, MJ010';

CREATE FUNCTION mjc.file_url(typed text) RETURNS text
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- What was escaped for a page comes back so from pages that kept it.
    url text := replace(btrim(typed), '&#x2F;', '/');
    path text := url;
    name text;
BEGIN
    IF url ~ '^https?://' THEN
        SELECT substr(url, length(o) + 1) INTO path
          FROM mjc.setting s CROSS JOIN regexp_split_to_table(s.text_value, '\s+') o
         WHERE s.name = 'file_origins' AND o <> '' AND starts_with(lower(url), lower(o) || '/');
    END IF;
    name := substring(path FROM '^/(?:(?:api|v1)/)*(?:files|images)/([A-Za-z0-9][A-Za-z0-9._-]{0,254})$');
    IF name IS NOT NULL THEN
        RETURN '/files/' || name;
    END IF;
    RETURN CASE WHEN length(url) <= 1000 AND url ~ '^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-~]*)?$' AND url !~ '["\\<>]' THEN url END;
END
$$;
COMMENT ON FUNCTION mjc.file_url(text) IS
    'The address of a file as it is kept: /files/<name> for those of this shop (setting file_origins), http or https for others; NULL when it is none';

CREATE FUNCTION mjc.media_hold(urls text[]) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    names text[] := ARRAY(SELECT substring(u FROM '[^/]+$') FROM unnest(urls) u);
BEGIN
    PERFORM FROM mjc.media m WHERE m.name = ANY (names) ORDER BY m.name FOR NO KEY UPDATE;
    -- Written, not only locked: whoever would forget it by what was shown before fails (40001) and starts anew.
    UPDATE mjc.media m SET uploaded_by = m.uploaded_by WHERE m.name = ANY (names);
END
$$;
COMMENT ON FUNCTION mjc.media_hold(text[]) IS
    'For rules that are about to show files: mjc.media_delete waits, and then sees where they are shown';

CREATE FUNCTION mjc.doc_items(doc jsonb, key text, max_count integer, member text DEFAULT 'url') RETURNS SETOF jsonb
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 10
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF jsonb_typeof(doc -> key) <> 'array' THEN
        PERFORM mjc.doc_refuse(key);
    END IF;
    IF jsonb_array_length(doc -> key) > max_count THEN
        PERFORM mjc.doc_refuse(key, 'ARGUMENT_RANGE');
    END IF;
    RETURN QUERY
    SELECT CASE WHEN jsonb_typeof(e) = 'object' THEN e ELSE jsonb_build_object(member, e) END || jsonb_build_object('place', n - 1)
      FROM jsonb_array_elements(doc -> key) WITH ORDINALITY t (e, n) ORDER BY n;
END
$$;
COMMENT ON FUNCTION mjc.doc_items(jsonb, text, integer, text) IS
    'The items of a list, each an object with its place from 0 on; what is no object is taken for that member of one. Errors: MJ006, MJ010';

CREATE FUNCTION mjc.doc_url(doc jsonb, key text) RETURNS text
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    typed text := mjc.doc_text(doc, key, 1, 1000);
    url text := mjc.file_url(typed);
BEGIN
    IF typed IS NOT NULL AND url IS NULL THEN
        PERFORM mjc.doc_refuse(key);
    END IF;
    RETURN url;
END
$$;
COMMENT ON FUNCTION mjc.doc_url(jsonb, text) IS 'The address of a file (mjc.file_url). Errors: MJ006, MJ010';

CREATE FUNCTION mjc.doc_ordered(list jsonb) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- Where two have the same place, all are numbered as they stand.
    RETURN (
        SELECT coalesce(jsonb_agg(CASE WHEN x.same THEN x.e || jsonb_build_object('sortOrder', x.place) ELSE x.e END ORDER BY x.place), '[]')
          FROM (SELECT i.e, row_number() OVER (ORDER BY i.at, i.n) - 1 AS place, max(i.twins) OVER () > 1 AS same
                  FROM (SELECT t.e, t.n, (t.e ->> 'sortOrder')::integer AS at, count(*) OVER (PARTITION BY t.e ->> 'sortOrder') AS twins
                          FROM jsonb_array_elements(list) WITH ORDINALITY t (e, n)) i) x);
END
$$;
COMMENT ON FUNCTION mjc.doc_ordered(jsonb) IS 'Items by their sortOrder, each with one of its own';

CREATE FUNCTION mjc.doc_images(doc jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    item jsonb;
    list jsonb := '[]';
BEGIN
    FOR item IN SELECT i FROM mjc.doc_items(doc, 'images', mjc.product_limit('images')::integer) i LOOP
        PERFORM mjc.doc_check(item - '{id,place,productId,createdAt,updatedAt}'::text[], '{url,altText,sortOrder}');
        PERFORM mjc.doc_need(jsonb_strip_nulls(item), '{url}');
        list := list || jsonb_strip_nulls(jsonb_build_object('url', mjc.doc_url(item, 'url'), 'altText', nullif(mjc.doc_text(item, 'altText', 0, 255), ''),
            'sortOrder', coalesce(mjc.doc_integer(item, 'sortOrder', 0, 10000), (item ->> 'place')::integer)));
    END LOOP;
    RETURN mjc.doc_ordered(list);
END
$$;
COMMENT ON FUNCTION mjc.doc_images(jsonb) IS 'Images in their order: addresses, or {url, altText, sortOrder}; at most 50. Errors: MJ003, MJ006, MJ010';

CREATE FUNCTION mjc.doc_papers(doc jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    item jsonb;
    list jsonb := '[]';
BEGIN
    FOR item IN SELECT i FROM mjc.doc_items(doc, 'papers', 50) i LOOP
        PERFORM mjc.doc_check(item - '{id,place}'::text[], '{kind,lang,title,url,sortOrder}');
        PERFORM mjc.doc_need(jsonb_strip_nulls(item), '{kind,title,url}');
        list := list || jsonb_strip_nulls(jsonb_build_object('kind', mjc.doc_word(item, 'kind', '^(MANUAL|DATASHEET|CERTIFICATE|OTHER)$'),
            'lang', mjc.doc_word(item, 'lang', '^(fr|ar|en)$'), 'title', mjc.doc_text(item, 'title', 1, 200), 'url', mjc.doc_url(item, 'url'),
            'sortOrder', coalesce(mjc.doc_integer(item, 'sortOrder', 0, 10000), (item ->> 'place')::integer)));
    END LOOP;
    RETURN mjc.doc_ordered(list);
END
$$;
COMMENT ON FUNCTION mjc.doc_papers(jsonb) IS
    'Papers in their order: {kind: MANUAL, DATASHEET, CERTIFICATE or OTHER, lang, title, url, sortOrder}; at most 50. Errors: MJ003, MJ006, MJ010';

------------------------------------------------------------------- the product

CREATE FUNCTION mjc.product_doc(id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT mjc.price_doc(p.product_id) || jsonb_build_object(
            'name', p.name, 'nameAr', p.name_ar, 'nameEn', p.name_en, 'slug', p.slug, 'sku', p.sku, 'ean', p.ean, 'manufacturerRef', p.manufacturer_ref,
            'categoryId', p.category_id, 'manufacturerId', p.manufacturer_id, 'kindId', p.kind_id,
            'description', p.description, 'descriptionAr', p.description_ar, 'descriptionEn', p.description_en,
            'shortDescription', p.short_description, 'shortDescriptionAr', p.short_description_ar, 'shortDescriptionEn', p.short_description_en,
            'costPrice', mjc.dzd(p.cost_centimes), 'taxRate', mjc.dzd(p.tax_bp), 'minStock', p.low_stock_qty, 'maxStock', p.max_stock_qty,
            'weight', round(p.weight_g / 1000.0, 3), 'warranty', p.warranty_months, 'condition', p.condition,
            'specifications', p.specifications, 'dimensions', p.dimensions, 'features', p.features,
            'metaTitle', p.meta_title, 'metaTitleAr', p.meta_title_ar, 'metaTitleEn', p.meta_title_en,
            'metaDescription', p.meta_description, 'metaDescriptionAr', p.meta_description_ar, 'metaDescriptionEn', p.meta_description_en,
            'safetyClass', p.safety_class, 'isActive', p.is_active, 'isFeatured', p.is_featured,
            'images', (SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('url', i.url, 'altText', i.alt_text, 'sortOrder', i.sort_order))
                           ORDER BY i.sort_order, i.image_id), '[]') FROM mjc.product_image i WHERE i.product_id = p.product_id),
            'papers', (SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('kind', d.kind, 'lang', d.lang, 'title', d.title, 'url', d.url, 'sortOrder', d.sort_order))
                           ORDER BY d.sort_order, d.paper_id), '[]') FROM mjc.product_paper d WHERE d.product_id = p.product_id),
            'attributes', mjc.product_attributes(p.product_id))
          FROM mjc.product p WHERE p.product_id = id);
END
$$;
COMMENT ON FUNCTION mjc.product_doc(uuid) IS 'A product as the document that mjc.product_update takes, without its stock; NULL when there is none';

CREATE FUNCTION mjc.product_form(doc jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- What only replies show may come back in a form.
    form jsonb := mjc.doc_form(doc) - '{id,createdAt,updatedAt,category,manufacturer,averageRating,reviewCount,relatedProducts,boilerModels}'::text[];
    key text;
BEGIN
    PERFORM mjc.doc_check(form, '{name,nameAr,nameEn,slug,sku,ean,manufacturerRef,categoryId,manufacturerId,kindId,description,descriptionAr,descriptionEn,shortDescription,shortDescriptionAr,shortDescriptionEn,price,salePrice,saleFrom,saleUntil,minPrice,costPrice,taxRate,stockQuantity,minStock,maxStock,weight,warranty,condition,specifications,dimensions,features,metaTitle,metaTitleAr,metaTitleEn,metaDescription,metaDescriptionAr,metaDescriptionEn,safetyClass,isActive,isFeatured,images,papers,attributes}');
    IF form -> 'salePrice' = '0' THEN
        form := form || '{"salePrice": null}';
    END IF;
    IF jsonb_typeof(form -> 'ean') = 'string' THEN
        form := form || jsonb_build_object('ean', translate(mjc.fold_digits(form ->> 'ean'), ' -', ''));
    END IF;
    FOREACH key IN ARRAY '{specifications,dimensions,features,images,papers,attributes}'::text[] LOOP
        CONTINUE WHEN NOT form ? key;
        IF jsonb_typeof(form -> key) = 'null' THEN
            form := form || jsonb_build_object(key, CASE WHEN key IN ('features', 'images', 'papers') THEN '[]'::jsonb ELSE '{}' END);
        END IF;
        form := form || jsonb_build_object(key, CASE key WHEN 'features' THEN mjc.doc_features(form) WHEN 'images' THEN mjc.doc_images(form)
                                                         WHEN 'papers' THEN mjc.doc_papers(form) WHEN 'attributes' THEN form -> key
                                                         ELSE mjc.doc_object(form, key) END);
    END LOOP;
    IF jsonb_typeof(form -> 'attributes') <> 'object' THEN
        PERFORM mjc.doc_refuse('attributes');
    END IF;
    RETURN form;
END
$$;
COMMENT ON FUNCTION mjc.product_form(jsonb) IS
    'What a document asks for, in one form: empty is null, lists and objects are such, addresses as they are kept; null clears a list. Errors: MJ003, MJ006, MJ010';

CREATE FUNCTION mjc.product_line(doc jsonb, key text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT mjc.doc_text(doc, key, mjc.product_least(key), mjc.product_limit(key)::pg_catalog.int4) $$;
COMMENT ON FUNCTION mjc.product_line(jsonb, text) IS 'A text of one line of a product. Errors: MJ006, MJ010';

CREATE FUNCTION mjc.product_body(doc jsonb, key text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT mjc.doc_body(doc, key, mjc.product_limit(key)::pg_catalog.int4) $$;
COMMENT ON FUNCTION mjc.product_body(jsonb, text) IS 'A text of several lines of a product. Errors: MJ006, MJ010';

CREATE FUNCTION mjc.product_number(doc jsonb, key text) RETURNS integer
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT mjc.doc_scaled(doc, key, CASE key WHEN 'taxRate' THEN 100 WHEN 'weight' THEN 1000 ELSE 1 END, 0, mjc.product_limit(key))::pg_catalog.int4 $$;
COMMENT ON FUNCTION mjc.product_number(jsonb, text) IS 'A number of a product as it is kept: hundredths of a percent, grams, units, months. Errors: MJ006, MJ010';

CREATE FUNCTION mjc.product_check(doc jsonb) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.doc_need(doc, '{name,sku,categoryId,price}');
    PERFORM mjc.product_line(doc, k) FROM unnest('{name,nameAr,nameEn,slug,sku,manufacturerRef,metaTitle,metaTitleAr,metaTitleEn}'::text[]) k;
    PERFORM mjc.product_body(doc, k) FROM unnest('{description,descriptionAr,descriptionEn,shortDescription,shortDescriptionAr,shortDescriptionEn,metaDescription,metaDescriptionAr,metaDescriptionEn}'::text[]) k;
    PERFORM mjc.price_check(doc);
    PERFORM mjc.product_number(doc, k) FROM unnest('{taxRate,minStock,maxStock,weight,warranty}'::text[]) k;
    PERFORM mjc.doc_centimes(doc, 'costPrice'), mjc.doc_integer(doc, 'stockQuantity', 0, 1000000), mjc.doc_word(doc, 'condition', '^(NEW|REFURBISHED|USED)$'),
            mjc.doc_word(doc, 'safetyClass', '^(STANDARD|ELECTRICAL|QUALIFIED)$'), mjc.doc_boolean(doc, 'isActive', true), mjc.doc_boolean(doc, 'isFeatured', false);
    IF NOT mjc.ean_valid(mjc.doc_text(doc, 'ean', 1, 50)) THEN
        PERFORM mjc.raise('EAN_INVALID');
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.product_check(jsonb) IS 'The one check of a whole product, its places apart. Errors: MJ003, MJ006, MJ010, MJ823';

CREATE FUNCTION mjc.product_places(actor uuid, channel text, id uuid, form jsonb, request_id text) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    category uuid := mjc.category_find(mjc.doc_text(form, 'categoryId', 1, 255));
    manufacturer uuid;
    kind uuid;
BEGIN
    IF jsonb_typeof(form -> 'categoryId') = 'string' THEN
        PERFORM FROM mjc.category c WHERE c.category_id = category FOR SHARE;
        IF NOT FOUND THEN
            PERFORM mjc.doc_refuse('categoryId');
        END IF;
        form := form || jsonb_build_object('categoryId', category);
    END IF;
    IF mjc.doc_text(form, 'manufacturerId', 1, 100) IS NOT NULL THEN
        manufacturer := mjc.manufacturer_named(actor, channel, mjc.doc_text(form, 'manufacturerId', 1, 100), request_id);
        PERFORM FROM mjc.manufacturer m WHERE m.manufacturer_id = manufacturer FOR SHARE;
        IF NOT FOUND THEN
            PERFORM mjc.doc_refuse('manufacturerId');
        END IF;
        form := form || jsonb_build_object('manufacturerId', manufacturer);
    END IF;
    IF form ? 'kindId' THEN
        kind := mjc.part_kind_find(mjc.doc_text(form, 'kindId', 1, 255));
    ELSE
        SELECT p.kind_id INTO kind FROM mjc.product p WHERE p.product_id = id;
    END IF;
    PERFORM FROM mjc.part_kind k WHERE k.kind_id = kind FOR SHARE;
    IF NOT FOUND AND jsonb_typeof(form -> 'kindId') = 'string' THEN
        PERFORM mjc.doc_refuse('kindId');
    END IF;
    RETURN form || jsonb_build_object('kindId', kind);
END
$$;
COMMENT ON FUNCTION mjc.product_places(uuid, text, uuid, jsonb, text) IS
    'The ids of the category, manufacturer and kind that a form names, locked; a manufacturer that there is not is made. Errors: MJ006, MJ010';

CREATE FUNCTION mjc.safety_rank(safety_class text) RETURNS integer
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS $$ SELECT coalesce(pg_catalog.array_position(ARRAY['STANDARD', 'ELECTRICAL', 'QUALIFIED'], safety_class), 0) $$;
COMMENT ON FUNCTION mjc.safety_rank(text) IS 'Classes of safety in their order, from 1 on; 0 for none';

CREATE FUNCTION mjc.product_safety(kind uuid, given text, before text) RETURNS text
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    at_least text := coalesce((SELECT k.safety_class FROM mjc.part_kind k WHERE k.kind_id = kind), 'STANDARD');
BEGIN
    IF mjc.safety_rank(given) > 0 AND mjc.safety_rank(given) < mjc.safety_rank(at_least) THEN
        PERFORM mjc.raise('SAFETY_BELOW_KIND');
    END IF;
    RETURN coalesce(given, CASE WHEN mjc.safety_rank(before) > mjc.safety_rank(at_least) THEN before ELSE at_least END);
END
$$;
COMMENT ON FUNCTION mjc.product_safety(uuid, text, text) IS
    'The class of safety of a part: as given, else what it was, never below its kind''s. Errors: MJ832 a lower one was given';

CREATE FUNCTION mjc.product_names_check(id uuid, sku text, ean text) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM mjc.product p WHERE p.sku = product_names_check.sku AND p.product_id <> id) THEN
        PERFORM mjc.raise('SKU_EXISTS');
    END IF;
    IF EXISTS (SELECT FROM mjc.product p WHERE p.ean = product_names_check.ean AND p.product_id <> id) THEN
        PERFORM mjc.raise('EAN_EXISTS');
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.product_names_check(uuid, text, text) IS 'Errors: MJ821, MJ822 another product has that sku or ean';

CREATE FUNCTION mjc.product_add(id uuid, doc jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    sku text := mjc.product_line(doc, 'sku');
BEGIN
    LOOP
        PERFORM mjc.product_names_check(id, sku, doc ->> 'ean');
        INSERT INTO mjc.product (product_id, slug, sku, ean, category_id, name, price_centimes, sale_price_centimes, sale_from_at, sale_until_at, min_price_centimes)
        VALUES (id, mjc.product_slug(doc ->> 'slug', doc ->> 'name', sku, id), sku, doc ->> 'ean', (doc ->> 'categoryId')::uuid, mjc.product_line(doc, 'name'),
                mjc.doc_centimes(doc, 'price'), mjc.doc_centimes(doc, 'salePrice'), mjc.doc_time(doc, 'saleFrom'), mjc.doc_time(doc, 'saleUntil'),
                mjc.doc_centimes(doc, 'minPrice'))
        ON CONFLICT DO NOTHING;
        EXIT WHEN FOUND;
        -- Another clerk took the slug, the sku or the ean since we looked.
    END LOOP;
END
$$;
COMMENT ON FUNCTION mjc.product_add(uuid, jsonb) IS 'The row of a new product, with what has no default; the rest follows (mjc.product_store). Errors: MJ821, MJ822';

CREATE FUNCTION mjc.product_store(id uuid, doc jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE mjc.product p
       SET name = mjc.product_line(doc, 'name'), name_ar = mjc.product_line(doc, 'nameAr'), name_en = mjc.product_line(doc, 'nameEn'),
           manufacturer_ref = mjc.product_line(doc, 'manufacturerRef'), category_id = (doc ->> 'categoryId')::uuid,
           manufacturer_id = (doc ->> 'manufacturerId')::uuid, kind_id = (doc ->> 'kindId')::uuid,
           description = mjc.product_body(doc, 'description'), description_ar = mjc.product_body(doc, 'descriptionAr'),
           description_en = mjc.product_body(doc, 'descriptionEn'), short_description = mjc.product_body(doc, 'shortDescription'),
           short_description_ar = mjc.product_body(doc, 'shortDescriptionAr'), short_description_en = mjc.product_body(doc, 'shortDescriptionEn'),
           cost_centimes = mjc.doc_centimes(doc, 'costPrice'), tax_bp = coalesce(mjc.product_number(doc, 'taxRate'), 1900),
           low_stock_qty = coalesce(mjc.product_number(doc, 'minStock'), 5), max_stock_qty = mjc.product_number(doc, 'maxStock'),
           weight_g = mjc.product_number(doc, 'weight'), warranty_months = mjc.product_number(doc, 'warranty'),
           condition = coalesce(mjc.doc_text(doc, 'condition', 1, 20), 'NEW'), specifications = coalesce(doc -> 'specifications', '{}'),
           dimensions = coalesce(doc -> 'dimensions', '{}'), features = coalesce(doc -> 'features', '[]'),
           meta_title = mjc.product_line(doc, 'metaTitle'), meta_title_ar = mjc.product_line(doc, 'metaTitleAr'), meta_title_en = mjc.product_line(doc, 'metaTitleEn'),
           meta_description = mjc.product_body(doc, 'metaDescription'), meta_description_ar = mjc.product_body(doc, 'metaDescriptionAr'),
           meta_description_en = mjc.product_body(doc, 'metaDescriptionEn'), safety_class = doc ->> 'safetyClass',
           is_active = mjc.doc_boolean(doc, 'isActive', true), is_featured = mjc.doc_boolean(doc, 'isFeatured', false), updated_at = clock_timestamp()
     WHERE p.product_id = id;
END
$$;
COMMENT ON FUNCTION mjc.product_store(uuid, jsonb) IS 'The row of a locked product as a checked document says, its names and prices apart';

CREATE FUNCTION mjc.product_images_store(id uuid, images jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    kept jsonb := (SELECT jsonb_object_agg(i.url, i.image_id) FROM mjc.product_image i WHERE i.product_id = id);
BEGIN
    PERFORM mjc.media_hold(ARRAY(SELECT e ->> 'url' FROM jsonb_array_elements(images) e));
    DELETE FROM mjc.product_image i WHERE i.product_id = id;
    -- An image that stays keeps its id; one that is there twice gets another.
    INSERT INTO mjc.product_image (product_id, image_id, url, alt_text, sort_order)
    SELECT id, CASE WHEN w.again = 1 THEN (kept ->> w.url)::uuid ELSE mjc.uuid_v7() END, w.url, w.alt_text, w.sort_order
      FROM (SELECT e ->> 'url' AS url, e ->> 'altText' AS alt_text, (e ->> 'sortOrder')::integer AS sort_order,
                   CASE WHEN kept ? (e ->> 'url') THEN row_number() OVER (PARTITION BY e ->> 'url' ORDER BY n) END AS again, n
              FROM jsonb_array_elements(images) WITH ORDINALITY t (e, n)) w
     ORDER BY w.n;
END
$$;
COMMENT ON FUNCTION mjc.product_images_store(uuid, jsonb) IS 'Puts these images in the place of those of a locked product';

CREATE FUNCTION mjc.product_papers_store(id uuid, papers jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.media_hold(ARRAY(SELECT e ->> 'url' FROM jsonb_array_elements(papers) e));
    DELETE FROM mjc.product_paper d WHERE d.product_id = id;
    INSERT INTO mjc.product_paper (product_id, paper_id, kind, lang, title, url, sort_order)
    SELECT id, mjc.uuid_v7(), e ->> 'kind', e ->> 'lang', e ->> 'title', e ->> 'url', (e ->> 'sortOrder')::integer
      FROM jsonb_array_elements(papers) WITH ORDINALITY t (e, n) ORDER BY n;
END
$$;
COMMENT ON FUNCTION mjc.product_papers_store(uuid, jsonb) IS 'Puts these papers in the place of those of a locked product';

------------------------------------------------------------------- the product's rule

-- Audit: what changed, before and after; prices and stock have entries of their own.
CREATE FUNCTION mjc.doc_changes(before jsonb, after jsonb, OUT was jsonb, OUT is_now jsonb) RETURNS record
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    SELECT jsonb_object_agg(e.key, e.value) INTO was FROM jsonb_each(jsonb_strip_nulls(before)) e WHERE after -> e.key IS DISTINCT FROM e.value;
    SELECT jsonb_object_agg(e.key, e.value) INTO is_now FROM jsonb_each(jsonb_strip_nulls(after)) e WHERE before -> e.key IS DISTINCT FROM e.value;
END
$$;
COMMENT ON FUNCTION mjc.doc_changes(jsonb, jsonb) IS 'Of two documents the keys that are not the same, as they were and are, without nulls; both NULL when all are';

-- The admin form sends the number that it was opened with. What the shop showed within the last
-- hour, while only customers moved it, is no count: else each edit would bring back what was sold
-- meanwhile. A document without a name is no form: its number is meant.
CREATE FUNCTION mjc.stock_form_means(product uuid, form jsonb) RETURNS integer
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wanted integer := mjc.doc_integer(form, 'stockQuantity', 0, 1000000);
    shown bigint := mjc.available(product);
    since timestamptz;
    safety bigint;
    was bigint;
BEGIN
    IF wanted IS NULL OR wanted = greatest(shown, 0) THEN
        RETURN 0;
    END IF;
    SELECT greatest(clock_timestamp() - interval '1 hour', max(g.at) FILTER (WHERE g.kind NOT IN ('reserve', 'release', 'ship', 'return', 'return_damaged'))) INTO since
      FROM mjc.stock_ledger g WHERE g.product_id = product AND g.at > clock_timestamp() - interval '1 hour';
    SELECT coalesce(max(a.safety_qty), 0) INTO safety FROM mjc.stock_anchor a WHERE a.product_id = product;
    IF NOT form ? 'name' THEN
        RETURN wanted - shown;
    END IF;
    -- Added up once: a part that sells fast has thousands of movements in an hour.
    SELECT s.on_hand - s.reserved - safety INTO was FROM mjc.stock_at(product, since) s;
    IF was IS NOT NULL AND (greatest(was, 0) = wanted OR EXISTS (
        SELECT FROM (SELECT was + sum(mjc.on_hand_change(g.kind, g.qty) - mjc.reserved_change(g.kind, g.qty)) OVER (ORDER BY g.at) AS units
                       FROM mjc.stock_ledger g WHERE g.product_id = product AND g.at > since) t
         WHERE greatest(t.units, 0) = wanted)) THEN
        RETURN 0;
    END IF;
    RETURN wanted - shown;
END
$$;
COMMENT ON FUNCTION mjc.stock_form_means(uuid, jsonb) IS
    'Units to book so that the stock shown becomes the stockQuantity of a form; 0 when it is shown, or was within the hour and only customers changed it since';

CREATE FUNCTION mjc.product_stock(actor uuid, channel text, id uuid, form jsonb, is_new boolean, request_id text) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    units integer;
BEGIN
    IF mjc.doc_integer(form, 'stockQuantity', 0, 1000000) IS NULL THEN
        RETURN;
    END IF;
    IF is_new THEN
        units := mjc.doc_integer(form, 'stockQuantity', 0, 1000000);
        IF units > 0 THEN
            PERFORM mjc.stock_write(actor, channel, request_id, id, 'receive', units, 'Stock initial');
        END IF;
        RETURN;
    END IF;
    PERFORM FROM mjc.stock_anchor a WHERE a.product_id = id FOR NO KEY UPDATE;
    units := mjc.stock_form_means(id, form);
    IF units <> 0 THEN
        PERFORM mjc.stock_write(actor, channel, request_id, id, 'adjust', units, 'Fiche produit');
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.product_stock(uuid, text, uuid, jsonb, boolean, text) IS
    'The stockQuantity of a form: the first units of a new product come in, those of another are adjusted when the number is another. Errors: MJ006, MJ010, MJ103, MJ111';

CREATE FUNCTION mjc.product_wanted(before jsonb, form jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wanted jsonb := coalesce(before, '{}');
BEGIN
    IF jsonb_typeof(form -> 'salePrice') = 'null' THEN
        -- Without a sale its dates mean nothing.
        wanted := wanted - '{saleFrom,saleUntil}'::text[];
    END IF;
    wanted := mjc.doc_merge(wanted, form || jsonb_build_object('attributes', coalesce(before -> 'attributes', '{}') || coalesce(form -> 'attributes', '{}')));
    RETURN wanted || jsonb_build_object('safetyClass', mjc.product_safety((wanted ->> 'kindId')::uuid, form ->> 'safetyClass', before ->> 'safetyClass'));
END
$$;
COMMENT ON FUNCTION mjc.product_wanted(jsonb, jsonb) IS
    'A product as it will be: as it is, changed by a form; of the attributes those that the form names. Errors: MJ832';

CREATE FUNCTION mjc.product_rename(id uuid, before jsonb, wanted jsonb, has_slug boolean) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    sku text := mjc.product_line(wanted, 'sku');
    slug text := before ->> 'slug';
BEGIN
    IF has_slug AND nullif(wanted ->> 'slug', slug) IS NOT NULL THEN
        slug := mjc.product_slug(wanted ->> 'slug', wanted ->> 'name', sku, id);
    END IF;
    IF (slug, sku, wanted ->> 'ean') IS DISTINCT FROM (before ->> 'slug', before ->> 'sku', before ->> 'ean') THEN
        PERFORM mjc.product_names_check(id, sku, wanted ->> 'ean');
        PERFORM mjc.catalogue_names_store('product', id, slug, sku, wanted ->> 'ean');
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.product_rename(uuid, jsonb, jsonb, boolean) IS
    'Slug, sku and ean of a locked product as a checked document says; the slug is kept while none was given. Errors: MJ821, MJ822, 40001';

CREATE FUNCTION mjc.product_parts_store(id uuid, before jsonb, wanted jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    others constant text[] := '{price,salePrice,saleFrom,saleUntil,minPrice,slug,stockQuantity,images,papers,attributes}';
BEGIN
    IF wanted - others IS DISTINCT FROM jsonb_strip_nulls(before) - others THEN
        PERFORM mjc.product_store(id, wanted);
    END IF;
    IF wanted -> 'images' IS DISTINCT FROM before -> 'images' THEN
        PERFORM mjc.product_images_store(id, coalesce(wanted -> 'images', '[]'));
    END IF;
    IF wanted -> 'papers' IS DISTINCT FROM before -> 'papers' THEN
        PERFORM mjc.product_papers_store(id, coalesce(wanted -> 'papers', '[]'));
    END IF;
    IF wanted -> 'attributes' IS DISTINCT FROM before -> 'attributes' THEN
        PERFORM mjc.product_attributes_store(id, wanted -> 'attributes');
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.product_parts_store(uuid, jsonb, jsonb) IS
    'The parts of a locked product that are to be others than before. Errors: MJ831';

CREATE FUNCTION mjc.product_write(actor uuid, channel text, id uuid, doc jsonb, request_id text) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    made uuid := coalesce(id, mjc.uuid_v7());
    given jsonb := mjc.product_form(doc);
    form jsonb;
    before jsonb;
    wanted jsonb;
    price_keys constant text[] := '{price,salePrice,saleFrom,saleUntil,minPrice}';
    change record;
BEGIN
    IF id IS NOT NULL AND NOT EXISTS (SELECT FROM mjc.product p WHERE p.product_id = id) THEN
        RETURN NULL;
    END IF;
    form := mjc.product_places(actor, channel, id, given, request_id);
    IF given ? 'attributes' THEN
        PERFORM mjc.attributes_lock(form -> 'attributes');
    END IF;
    IF id IS NOT NULL THEN
        PERFORM FROM mjc.product p WHERE p.product_id = id FOR NO KEY UPDATE;
        before := mjc.product_doc(id);
        IF NOT given ? 'kindId' THEN
            -- The kind whose attributes were locked is another one's by now.
            IF given ? 'attributes' AND before -> 'kindId' IS DISTINCT FROM form -> 'kindId' THEN
                PERFORM mjc.raise('CONFLICT_RETRY');
            END IF;
            form := form || jsonb_build_object('kindId', before -> 'kindId');
        END IF;
    END IF;
    wanted := mjc.product_wanted(before, form);
    PERFORM mjc.product_check(wanted);
    IF id IS NULL THEN
        PERFORM mjc.product_add(made, wanted);
    ELSE
        PERFORM mjc.product_rename(id, before, wanted, given ? 'slug');
        IF given ?| price_keys THEN
            PERFORM mjc.price_write(actor, channel, id, (SELECT jsonb_object_agg(e.key, e.value) FROM jsonb_each(given) e WHERE e.key = ANY (price_keys)), request_id);
        END IF;
    END IF;
    IF given ?| '{kindId,attributes}' OR id IS NULL THEN
        PERFORM mjc.product_attributes_check((wanted ->> 'kindId')::uuid, wanted -> 'attributes');
    END IF;
    PERFORM mjc.product_parts_store(made, before, wanted);
    change := mjc.doc_changes(before - price_keys, CASE WHEN id IS NULL THEN mjc.product_doc(made) ELSE mjc.product_doc(made) - price_keys END);
    IF num_nonnulls(change.was, change.is_now) > 0 THEN
        PERFORM mjc.audit_write(actor, channel, CASE WHEN id IS NULL THEN 'product_create' ELSE 'product_update' END, 'product', made::text,
            change.was, change.is_now, request_id);
    END IF;
    PERFORM mjc.product_stock(actor, channel, made, given, id IS NULL, request_id);
    PERFORM mjc.product_changed(ARRAY[made]);
    RETURN made;
END
$$;
COMMENT ON FUNCTION mjc.product_write(uuid, text, uuid, jsonb, text) IS
    'Makes (id NULL) or changes a product; what the document does not name stays. NULL when there is none of that id. Errors: MJ003, MJ006, MJ010, MJ024, MJ103, MJ821, MJ822, MJ823, MJ829, MJ830, MJ831, MJ832';

CREATE FUNCTION mjc.product_drop(actor uuid, channel text, id uuid, request_id text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    was_active boolean;
BEGIN
    SELECT p.is_active INTO was_active FROM mjc.product p WHERE p.product_id = id FOR NO KEY UPDATE;
    IF was_active THEN
        UPDATE mjc.product p SET is_active = false, updated_at = clock_timestamp() WHERE p.product_id = id;
        PERFORM mjc.audit_write(actor, channel, 'product_delete', 'product', id::text, '{"isActive": true}', '{"isActive": false}', request_id);
        PERFORM mjc.product_changed(ARRAY[id]);
    END IF;
    RETURN was_active;
END
$$;
COMMENT ON FUNCTION mjc.product_drop(uuid, text, uuid, text) IS
    'Takes a product out of the shop: true; false when it was out already, NULL when there is none. Orders keep it';

CREATE FUNCTION mjc.product_create(doc jsonb) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.product_write(mjc.staff_writes(), 'psql', NULL, doc, NULL);
END
$$;
COMMENT ON FUNCTION mjc.product_create(jsonb) IS
    'Makes a product: {name, sku, categoryId, price, ...} as in doc/rest.md, prices in DZD; a slug is made, stockQuantity comes in. Returns its id. Errors: MJ003, MJ006, MJ010, MJ601, MJ821, MJ822, MJ823, MJ829, MJ830, MJ831, MJ832';

CREATE FUNCTION mjc.product_update(product uuid, doc jsonb) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.found(mjc.product_write(mjc.staff_writes(), 'psql', coalesce(product, mjc.no_uuid()), doc, NULL), 'PRODUCT_UNKNOWN');
    RETURN mjc.product_doc(product);
END
$$;
COMMENT ON FUNCTION mjc.product_update(uuid, jsonb) IS
    'Changes of a product what the document names, null clears; returns all of it. Errors: MJ003, MJ006, MJ010, MJ024, MJ103, MJ107, MJ601, MJ821, MJ822, MJ823, MJ829, MJ830, MJ831, MJ832';

CREATE FUNCTION mjc.product_delete(product uuid) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.found(mjc.product_drop(mjc.staff_writes(), 'psql', product, NULL), 'PRODUCT_UNKNOWN');
END
$$;
COMMENT ON FUNCTION mjc.product_delete(uuid) IS
    'Takes a product out of the shop; orders keep it, product_update {"isActive": true} brings it back. false: it was out already. Errors: MJ107, MJ601';
