-- card: the JSON of products. What depends neither on the clock nor on the stock, nor on names that many
-- products share, is prebuilt (mjc.product_card); the rest is joined when it is read. A product
-- without a prebuilt document is rendered by the same function.

CREATE FUNCTION mjc.card_json(head text, part text, price bigint, sale_price bigint, available bigint, is_active boolean, updated_at timestamptz,
    category_id uuid, category_name text, category_slug text, category_name_ar text, category_name_en text,
    manufacturer_id uuid, manufacturer_name text, manufacturer_slug text, rating_count integer, rating_sum integer,
    more json, named uuid[], names text[]) RETURNS json
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_card_json';
COMMENT ON FUNCTION mjc.card_json(text, text, bigint, bigint, bigint, boolean, timestamptz, uuid, text, text, text, text, uuid, text, text, integer, integer, json, uuid[], text[]) IS
    'A product''s document: two prebuilt parts (JSON objects), the prices in force in centimes, units available (negative: 0), category, manufacturer (NULL: none), ratings, members of one more object (NULL: none); names: members by the ids that the second part leaves open. Errors: MJ003';

CREATE FUNCTION mjc.card_with(card json, more json) RETURNS json
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_card_with';
COMMENT ON FUNCTION mjc.card_with(json, json) IS
    'A document of mjc.card_json with the members of another object (as json_build_object or jsonb write it: no space around its braces) put at its end, without reading either';

-------------------------------------------------------------- what is prebuilt

-- Members "@" are filled in by mjc.card_json: names of makers and attributes are few, and change for
-- many products at once. A boiler that a row without conditions excludes is none that the part fits.
CREATE FUNCTION mjc.card_render(product_ids uuid[], OUT product_id uuid, OUT head text, OUT cover text, OUT rest text, OUT named uuid[])
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE ROWS 20
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT p.product_id, h.doc, i.first, r.doc, nullif(b.makers || a.ids, '{}')
      FROM unnest(product_ids) u (id)
      JOIN mjc.product p ON p.product_id = u.id
     CROSS JOIN LATERAL (
           SELECT row_to_json(x)::text AS doc
             FROM (SELECT p.product_id AS id, p.name, p.name_ar AS "nameAr", p.name_en AS "nameEn", p.slug, p.sku,
                          p.manufacturer_ref AS "manufacturerRef", p.ean, p.description, p.short_description AS "shortDescription",
                          p.low_stock_qty AS "minStock", p.max_stock_qty AS "maxStock", round(p.weight_g / 1000.0, 3) AS weight,
                          p.warranty_months AS warranty, p.condition, p.is_featured AS "isFeatured", p.category_id AS "categoryId",
                          p.manufacturer_id AS "manufacturerId", p.specifications, p.features, p.dimensions,
                          p.meta_title AS "metaTitle", p.meta_description AS "metaDescription", mjc.iso(p.created_at) AS "createdAt") x) h
     CROSS JOIN LATERAL (
           SELECT coalesce(json_agg(y.doc ORDER BY y.place), '[]') AS images,
                  '{"images":' || coalesce(json_agg(y.doc) FILTER (WHERE y.place = 1), '[]')::text || '}' AS first
             FROM (SELECT row_number() OVER (ORDER BY g.sort_order, g.image_id) AS place,
                          (SELECT row_to_json(x) FROM (SELECT g.image_id AS id, g.url, g.alt_text AS "altText", g.sort_order AS "sortOrder") x) AS doc
                     FROM mjc.product_image g WHERE g.product_id = p.product_id) y) i
     CROSS JOIN LATERAL (
           SELECT coalesce(json_agg(y.doc ORDER BY y.place) FILTER (WHERE y.place <= 50), '[]') AS models, count(*) AS total,
                  coalesce(array_agg(DISTINCT y.manufacturer_id) FILTER (WHERE y.place <= 50), '{}') AS makers
             FROM (SELECT row_number() OVER (ORDER BY m.name, m.boiler_model_id) AS place, m.manufacturer_id,
                          (SELECT row_to_json(x) FROM (SELECT m.boiler_model_id AS id, m.name, m.series, m.type, m.manufacturer_id AS "@",
                                                              f.notes, f.conditional) x) AS doc
                     FROM (SELECT t.boiler_model_id, string_agg(DISTINCT t.note, ' ; ') FILTER (WHERE t.fits) AS notes,
                                  bool_and(num_nonnulls(t.variant_id, t.serial, t.built, t.gas, t.power_w) > 0) FILTER (WHERE t.fits) AS conditional
                             FROM mjc.fitment t WHERE t.product_id = p.product_id
                            GROUP BY t.boiler_model_id
                           HAVING bool_or(t.fits)
                              AND NOT bool_or(NOT t.fits AND num_nonnulls(t.variant_id, t.serial, t.built, t.gas, t.power_w) = 0)) f
                     JOIN mjc.boiler_model m ON m.boiler_model_id = f.boiler_model_id) y) b
     CROSS JOIN LATERAL (
           SELECT coalesce(json_agg(y.doc ORDER BY y.code), '[]') AS attributes, coalesce(array_agg(y.attribute_id ORDER BY y.attribute_id), '{}') AS ids
             FROM (SELECT t.code, t.attribute_id,
                          (SELECT row_to_json(x) FROM (
                           SELECT t.attribute_id AS "@", CASE
                                  WHEN v.number_value IS NOT NULL THEN to_json(round(v.number_value / power(10::numeric, t.scale), t.scale))
                                  WHEN v.boolean_value IS NOT NULL THEN to_json(v.boolean_value)
                                  ELSE to_json(v.text_value) END AS value) x) AS doc
                     FROM mjc.product_attribute v JOIN mjc.attribute t ON t.attribute_id = v.attribute_id
                    WHERE v.product_id = p.product_id) y) a
     CROSS JOIN LATERAL (
           SELECT coalesce(json_agg(y.doc ORDER BY y.sort_order, y.paper_id), '[]') AS papers
             FROM (SELECT t.sort_order, t.paper_id,
                          (SELECT row_to_json(x) FROM (SELECT t.paper_id AS id, t.kind, t.lang, t.title, t.url) x) AS doc
                     FROM mjc.product_paper t WHERE t.product_id = p.product_id) y) d
     CROSS JOIN LATERAL (
           SELECT coalesce(json_agg(y.doc ORDER BY y.place) FILTER (WHERE y.place <= 100), '[]') AS numbers, count(*) AS total
             FROM (SELECT row_number() OVER (ORDER BY t.kind, t.brand, t.number, t.cross_reference_id) AS place,
                          (SELECT row_to_json(x) FROM (SELECT t.kind, t.brand, t.number, t.direction) x) AS doc
                     FROM mjc.cross_reference t WHERE t.product_id = p.product_id) y) n
     CROSS JOIN LATERAL (
           SELECT row_to_json(x)::text AS doc
             FROM (SELECT i.images, p.description_ar AS "descriptionAr", p.description_en AS "descriptionEn",
                          p.short_description_ar AS "shortDescriptionAr", p.short_description_en AS "shortDescriptionEn",
                          p.meta_title_ar AS "metaTitleAr", p.meta_title_en AS "metaTitleEn",
                          p.meta_description_ar AS "metaDescriptionAr", p.meta_description_en AS "metaDescriptionEn",
                          a.attributes, d.papers, n.numbers AS "crossReferences", n.total AS "crossReferenceCount",
                          b.models AS "boilerModels", b.total AS "boilerModelCount") x) r;
END
$$;
COMMENT ON FUNCTION mjc.card_render(uuid[]) IS
    'The prebuilt parts of products as they are now, each once: head and cover make a card of a list, head and rest the product''s page; at most 50 boilers and 100 numbers are named, with how many there are; named: whose names rest leaves open';

CREATE FUNCTION mjc.card_refresh(product_ids uuid[]) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- Written even when nothing changed: of two at once that do not see each other, one fails.
    INSERT INTO mjc.product_card AS k (product_id, head, cover, rest, named, refreshed_at)
    SELECT r.product_id, r.head, r.cover, r.rest, r.named, clock_timestamp()
      FROM mjc.card_render(ARRAY(SELECT DISTINCT u.id FROM unnest(product_ids) u (id) ORDER BY u.id)) r
    ON CONFLICT (product_id) DO UPDATE
       SET head = EXCLUDED.head, cover = EXCLUDED.cover, rest = EXCLUDED.rest, named = EXCLUDED.named, refreshed_at = EXCLUDED.refreshed_at;
END
$$;
COMMENT ON FUNCTION mjc.card_refresh(uuid[]) IS 'Builds the documents of products anew, which are locked: a part of mjc.product_changed';

CREATE FUNCTION mjc.catalogue_fill(batch integer DEFAULT 200) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    missing uuid[] := ARRAY(SELECT p.product_id FROM mjc.product p
                             WHERE NOT EXISTS (SELECT FROM mjc.product_card k WHERE k.product_id = p.product_id)
                             ORDER BY p.product_id LIMIT batch);
BEGIN
    IF missing = '{}' THEN
        missing := ARRAY(SELECT s.product_id FROM mjc.search_product s WHERE s.derived_version < mjc.derived_version() ORDER BY s.derived_version LIMIT batch);
    END IF;
    IF cardinality(missing) > 0 THEN
        PERFORM mjc.product_changed(missing);
    END IF;
    RETURN cardinality(missing);
END
$$;
COMMENT ON FUNCTION mjc.catalogue_fill(integer) IS
    'Brings what is derived from products up to date for those that have nothing yet (rows that came in past the rules), then for those of which an older version derived it (mjc.derived_version); returns how many. Run by a job';

-------------------------------------------------------------- reading
-- OFFSET 0 keeps a condition that runs a function or not from becoming a filter behind it.

-- One plan is good for all arguments; looking for a better one each time takes longer than the rows.
CREATE FUNCTION mjc.product_cards(product_ids uuid[], all_images boolean, OUT place bigint, OUT product_id uuid, OUT card json)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE ROWS 20
    SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT u.ord, p.product_id,
           mjc.card_json(coalesce(k.head, r.head), CASE WHEN all_images THEN coalesce(k.rest, r.rest) ELSE coalesce(k.cover, r.cover) END,
               p.price_centimes, mjc.sale_price_at(p.sale_price_centimes, p.sale_from_at, p.sale_until_at, statement_timestamp()),
               s.available, p.is_active, p.updated_at, c.category_id, c.name, c.slug, c.name_ar, c.name_en,
               m.manufacturer_id, m.name, m.slug, p.rating_count, p.rating_sum, NULL, n.ids, n.names)
      FROM unnest(product_ids) WITH ORDINALITY u (id, ord)
      JOIN mjc.product p ON p.product_id = u.id
      JOIN mjc.category c ON c.category_id = p.category_id
      LEFT JOIN mjc.manufacturer m ON m.manufacturer_id = p.manufacturer_id
      LEFT JOIN mjc.product_card k ON k.product_id = p.product_id
      LEFT JOIN LATERAL (SELECT x.head, x.cover, x.rest, x.named FROM mjc.card_render(ARRAY[p.product_id]) x WHERE k.product_id IS NULL OFFSET 0) r ON true
      LEFT JOIN LATERAL (SELECT array_agg(x.id) AS ids, array_agg(x.member) AS names FROM mjc.card_name x
                          WHERE all_images AND x.id = ANY (coalesce(k.named, r.named))) n ON true
      LEFT JOIN LATERAL (SELECT a.available FROM mjc.stock_available a WHERE a.product_id = p.product_id) s ON true
     ORDER BY u.ord;
END
$$;
COMMENT ON FUNCTION mjc.product_cards(uuid[], boolean) IS
    'Products as the frontends read them, in the order of the ids; all_images: with what the product''s page shows besides. Never the cost price';

CREATE FUNCTION mjc.product_card_list(product_ids uuid[]) RETURNS json
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT coalesce(json_agg(k.card ORDER BY k.place), '[]'::json) FROM mjc.product_cards(product_ids, false) k);
END
$$;
COMMENT ON FUNCTION mjc.product_card_list(uuid[]) IS 'The same as one JSON array, first image only';

CREATE FUNCTION mjc.product_related(product_id uuid) RETURNS json
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.product_card_list(ARRAY(
        SELECT x.product_id FROM mjc.product x
         WHERE x.category_id = (SELECT p.category_id FROM mjc.product p WHERE p.product_id = product_related.product_id)
           AND x.product_id <> product_related.product_id AND x.is_active
         ORDER BY x.created_at DESC, x.product_id LIMIT 4));
END
$$;
COMMENT ON FUNCTION mjc.product_related(uuid) IS 'The four newest active products of the same category, as an array of cards';

-- What replaced a part has a name of its own, which changes without it.
CREATE FUNCTION mjc.card_successors(product_id uuid) RETURNS json
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT json_build_object('relation', s.relation, 'interchange', s.interchange, 'effectiveOn', s.effective_on, 'note', s.note, 'parts', (
                   SELECT coalesce(json_agg(json_build_object('id', p.product_id, 'slug', p.slug, 'sku', p.sku, 'name', p.name, 'nameAr', p.name_ar,
                              'nameEn', p.name_en, 'isActive', p.is_active, 'quantity', x.qty) ORDER BY p.sku), '[]'::json)
                     FROM mjc.supersession_part x JOIN mjc.product p ON p.product_id = x.successor_id WHERE x.product_id = s.product_id))
          FROM mjc.supersession s WHERE s.product_id = card_successors.product_id);
END
$$;
COMMENT ON FUNCTION mjc.card_successors(uuid) IS 'What replaced a part, as its page shows it; NULL: nothing';
