-- category: what products are put in and described by: categories, manufacturers, kinds of parts,
-- attributes. Rules of staff; each *_write is the one way in from psql and from REST.
-- Their names are not in what is derived from products: nothing follows a change of them.

CREATE FUNCTION mjc.catalogue_rows(kind text, id uuid) RETURNS bigint
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN CASE kind
        WHEN 'category' THEN (SELECT count(*) FROM mjc.product p WHERE p.category_id = id) + (SELECT count(*) FROM mjc.category c WHERE c.parent_id = id)
        WHEN 'manufacturer' THEN (SELECT count(*) FROM mjc.product p WHERE p.manufacturer_id = id) + (SELECT count(*) FROM mjc.boiler_model b WHERE b.manufacturer_id = id)
                               + (SELECT count(*) FROM mjc.boiler_range r WHERE r.manufacturer_id = id) + (SELECT count(*) FROM mjc.plate_rule r WHERE r.manufacturer_id = id)
        WHEN 'part_kind' THEN (SELECT count(*) FROM mjc.product p WHERE p.kind_id = id)
                            + (SELECT count(*) FROM mjc.product p JOIN mjc.product_attribute v ON v.product_id = p.product_id WHERE p.kind_id = id)
        WHEN 'attribute' THEN (SELECT count(*) FROM mjc.product_attribute v WHERE v.attribute_id = id) + (SELECT count(*) FROM mjc.part_kind_attribute x WHERE x.attribute_id = id)
        WHEN 'boiler_range' THEN (SELECT count(*) FROM mjc.boiler_model b WHERE b.range_id = id)
                               + (SELECT count(*) FROM mjc.boiler_model b JOIN mjc.fitment f ON f.boiler_model_id = b.boiler_model_id WHERE b.range_id = id)
        WHEN 'boiler_model' THEN (SELECT count(*) FROM mjc.fitment f WHERE f.boiler_model_id = id) + (SELECT count(*) FROM mjc.boiler_variant v WHERE v.boiler_model_id = id)
                               + (SELECT count(*) FROM mjc.boiler_code c WHERE c.boiler_model_id = id) + (SELECT count(*) FROM mjc.diagram d WHERE d.boiler_model_id = id)
                               + (SELECT count(*) FROM mjc.customer_boiler k WHERE k.boiler_model_id = id)
        WHEN 'boiler_variant' THEN (SELECT count(*) FROM mjc.fitment f WHERE f.variant_id = id) + (SELECT count(*) FROM mjc.boiler_code c WHERE c.variant_id = id)
                                 + (SELECT count(*) FROM mjc.diagram d WHERE d.variant_id = id) + (SELECT count(*) FROM mjc.customer_boiler k WHERE k.variant_id = id)
    END;
END
$$;
COMMENT ON FUNCTION mjc.catalogue_rows(text, uuid) IS 'How many rows need a category, manufacturer, part_kind, attribute, boiler_range, boiler_model or boiler_variant: products, their values, what is below it, fitments';

CREATE FUNCTION mjc.check_catalogue_seen(kind text, id uuid) RETURNS bigint
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'mjc_check_catalogue_seen';
COMMENT ON FUNCTION mjc.check_catalogue_seen(text, uuid) IS
    'For rules in SQL, under the lock of an entry of the catalogue: how many rows need it (mjc.catalogue_rows), all of which this transaction sees. Errors: MJ003, 40001 when it does not, to be tried again';

-------------------------------------------------------------------- categories

CREATE FUNCTION mjc.category_find(typed text) RETURNS uuid
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT x.category_id FROM mjc.category x
             WHERE x.category_id = mjc.uuid_or_null(typed) OR (mjc.uuid_or_null(typed) IS NULL AND x.slug = lower(btrim(typed))));
END
$$;
COMMENT ON FUNCTION mjc.category_find(text) IS 'Category with that id or slug; NULL when there is none';

CREATE FUNCTION mjc.category_doc(id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT jsonb_build_object('name', c.name, 'nameAr', c.name_ar, 'nameEn', c.name_en, 'slug', c.slug, 'description', c.description,
                       'descriptionAr', c.description_ar, 'descriptionEn', c.description_en, 'image', c.image_url, 'parentId', c.parent_id,
                       'sortOrder', c.sort_order, 'isActive', c.is_active)
              FROM mjc.category c WHERE c.category_id = id);
END
$$;
COMMENT ON FUNCTION mjc.category_doc(uuid) IS 'A category as a document; NULL when there is none';

-- Every row is locked, in one order: the shape of the tree is nobody else's meanwhile.
CREATE FUNCTION mjc.category_tree_lock() RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM FROM mjc.category c ORDER BY c.category_id FOR NO KEY UPDATE;
END
$$;
COMMENT ON FUNCTION mjc.category_tree_lock() IS 'First step of every change of the shape of the category tree';

CREATE FUNCTION mjc.category_place_check(id uuid, parent uuid) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    above integer;
    below integer;
    is_below boolean;
BEGIN
    WITH RECURSIVE up (category_id, parent_id, n) AS (
        SELECT c.category_id, c.parent_id, 1 FROM mjc.category c WHERE c.category_id = parent
        UNION ALL
        SELECT c.category_id, c.parent_id, u.n + 1 FROM mjc.category c JOIN up u ON c.category_id = u.parent_id WHERE u.n <= 10)
    SELECT count(*), coalesce(bool_or(u.category_id = id), false) INTO above, is_below FROM up u;
    IF is_below THEN
        PERFORM mjc.raise('CATEGORY_CYCLE');
    END IF;
    WITH RECURSIVE down (category_id, n) AS (
        SELECT id, 1
        UNION ALL
        SELECT c.category_id, d.n + 1 FROM mjc.category c JOIN down d ON c.parent_id = d.category_id WHERE d.n <= 10)
    SELECT max(d.n) INTO below FROM down d;
    IF above + below > 10 THEN
        PERFORM mjc.raise('CATEGORY_DEPTH');
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.category_place_check(uuid, uuid) IS
    'A category with all that is below it may stand below a parent. Errors: MJ824 it is below itself then, MJ825 deeper than 10 levels';

CREATE FUNCTION mjc.category_check(doc jsonb) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.doc_need(doc, '{name}');
    PERFORM mjc.doc_text(doc, 'name', 2, 200), mjc.doc_text(doc, 'nameAr', 2, 200), mjc.doc_text(doc, 'nameEn', 2, 200),
            mjc.doc_slug(doc), mjc.doc_body(doc, 'description', 5000), mjc.doc_body(doc, 'descriptionAr', 5000),
            mjc.doc_body(doc, 'descriptionEn', 5000), mjc.doc_url(doc, 'image'), mjc.doc_text(doc, 'parentId', 1, 255),
            mjc.doc_integer(doc, 'sortOrder', -1000000, 1000000), mjc.doc_boolean(doc, 'isActive', true);
END
$$;
COMMENT ON FUNCTION mjc.category_check(jsonb) IS
    'The one check of {name, nameAr, nameEn, slug, description, descriptionAr, descriptionEn, image, parentId, sortOrder, isActive}. Errors: MJ003, MJ006, MJ010';

CREATE FUNCTION mjc.category_parent(doc jsonb) RETURNS uuid
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    parent uuid := mjc.category_find(doc ->> 'parentId');
BEGIN
    IF parent IS NULL AND doc ? 'parentId' THEN
        PERFORM mjc.doc_refuse('parentId');
    END IF;
    RETURN parent;
END
$$;
COMMENT ON FUNCTION mjc.category_parent(jsonb) IS 'The category, by id or slug, below which a document puts another; NULL at the top. Errors: MJ010';

CREATE FUNCTION mjc.category_write(actor uuid, channel text, id uuid, doc jsonb, request_id text) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    made uuid := coalesce(id, mjc.uuid_v7());
    given jsonb := mjc.doc_form(doc);
    before jsonb;
    wanted jsonb;
    parent uuid;
    change record;
BEGIN
    PERFORM mjc.doc_check(given, '{name,nameAr,nameEn,slug,description,descriptionAr,descriptionEn,image,parentId,sortOrder,isActive}');
    IF id IS NULL OR given ? 'parentId' THEN
        PERFORM mjc.category_tree_lock();
    ELSE
        PERFORM FROM mjc.category c WHERE c.category_id = id FOR NO KEY UPDATE;
    END IF;
    before := mjc.category_doc(id);
    IF id IS NOT NULL AND before IS NULL THEN
        RETURN NULL;
    END IF;
    wanted := mjc.doc_merge(before, given);
    PERFORM mjc.category_check(wanted);
    parent := mjc.category_parent(wanted);
    IF parent IS NOT NULL AND parent IS DISTINCT FROM (before ->> 'parentId')::uuid THEN
        PERFORM mjc.category_place_check(made, parent);
        -- Written, not only locked: whoever looks at the tree of before fails (40001) and starts anew.
        UPDATE mjc.category c SET updated_at = clock_timestamp() WHERE c.category_id = parent;
    END IF;
    PERFORM mjc.category_store(made, before, wanted, parent);
    change := mjc.doc_changes(before, mjc.category_doc(made));
    IF num_nonnulls(change.was, change.is_now) > 0 THEN
        PERFORM mjc.audit_write(actor, channel, 'category_set', 'category', made::text, change.was, change.is_now, request_id);
        PERFORM mjc.search_name_refresh();
    END IF;
    RETURN made;
END
$$;
COMMENT ON FUNCTION mjc.category_write(uuid, text, uuid, jsonb, text) IS
    'Makes (id NULL) or changes a category. NULL when there is none of that id. Errors: MJ003, MJ006, MJ010, MJ824, MJ825, MJ827';

CREATE FUNCTION mjc.category_store(id uuid, before jsonb, wanted jsonb, parent uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    slug text := wanted ->> 'slug';
BEGIN
    IF slug IS NULL THEN
        slug := coalesce(before ->> 'slug', mjc.slug_beside(coalesce(left(mjc.slug_of(wanted ->> 'name'), 90), 'categorie'),
                                                            ARRAY(SELECT c.slug FROM mjc.category c)));
    ELSIF EXISTS (SELECT FROM mjc.category c WHERE c.slug = wanted ->> 'slug' AND c.category_id <> id) THEN
        PERFORM mjc.raise('SLUG_EXISTS');
    END IF;
    IF before IS NULL THEN
        INSERT INTO mjc.category (category_id, slug, name) VALUES (id, slug, mjc.doc_text(wanted, 'name', 2, 200)) ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN
            PERFORM mjc.raise('SLUG_EXISTS');
        END IF;
    ELSIF slug <> before ->> 'slug' THEN
        PERFORM mjc.catalogue_names_store('category', id, slug);
    END IF;
    PERFORM mjc.media_hold(ARRAY[mjc.doc_url(wanted, 'image')]);
    UPDATE mjc.category c
       SET name = mjc.doc_text(wanted, 'name', 2, 200), name_ar = mjc.doc_text(wanted, 'nameAr', 2, 200), name_en = mjc.doc_text(wanted, 'nameEn', 2, 200),
           description = mjc.doc_body(wanted, 'description', 5000), description_ar = mjc.doc_body(wanted, 'descriptionAr', 5000),
           description_en = mjc.doc_body(wanted, 'descriptionEn', 5000), image_url = mjc.doc_url(wanted, 'image'), parent_id = parent,
           sort_order = coalesce(mjc.doc_integer(wanted, 'sortOrder', -1000000, 1000000), 0), is_active = mjc.doc_boolean(wanted, 'isActive', true),
           updated_at = clock_timestamp()
     WHERE c.category_id = id AND (before IS NULL OR wanted <> jsonb_strip_nulls(before));
END
$$;
COMMENT ON FUNCTION mjc.category_store(uuid, jsonb, jsonb, uuid) IS 'The row of a category as a checked document says. Errors: MJ827, 40001';

CREATE FUNCTION mjc.category_move(id uuid, target uuid) RETURNS uuid[]
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    ids uuid[];
    child uuid;
BEGIN
    FOR child IN SELECT c.category_id FROM mjc.category c WHERE c.parent_id = id ORDER BY c.category_id LOOP
        PERFORM mjc.category_place_check(child, target);
    END LOOP;
    UPDATE mjc.category c SET parent_id = target, updated_at = clock_timestamp() WHERE c.parent_id = id;
    PERFORM FROM mjc.product p WHERE p.category_id = id ORDER BY p.product_id FOR NO KEY UPDATE;
    WITH moved AS (
        UPDATE mjc.product p SET category_id = target, updated_at = clock_timestamp() WHERE p.category_id = id RETURNING p.product_id)
    SELECT coalesce(array_agg(m.product_id ORDER BY m.product_id), '{}') INTO ids FROM moved m;
    RETURN ids;
END
$$;
COMMENT ON FUNCTION mjc.category_move(uuid, uuid) IS
    'Puts what is in a category into another, sub-categories and products; the products moved. Errors: MJ824, MJ825';

CREATE FUNCTION mjc.category_drop(actor uuid, channel text, id uuid, target uuid, request_id text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    before jsonb;
    inside bigint;
    moved uuid[] := '{}';
BEGIN
    PERFORM mjc.category_tree_lock();
    -- Whoever is about to put a product into it waits, or finds none.
    PERFORM FROM mjc.category c WHERE c.category_id = id FOR UPDATE;
    before := mjc.category_doc(id);
    IF before IS NULL THEN
        RETURN NULL;
    END IF;
    inside := mjc.check_catalogue_seen('category', id);
    IF target = id THEN
        PERFORM mjc.raise('CATEGORY_CYCLE');
    END IF;
    IF target IS NOT NULL THEN
        moved := mjc.category_move(id, target);
    END IF;
    IF (target IS NULL AND inside > 0) OR EXISTS (SELECT FROM mjc.promotion p WHERE id = ANY (p.category_ids)) THEN
        PERFORM mjc.raise('CATALOGUE_IN_USE');
    END IF;
    DELETE FROM mjc.category c WHERE c.category_id = id;
    PERFORM mjc.audit_write(actor, channel, 'category_delete', 'category', id::text, jsonb_strip_nulls(before),
        jsonb_strip_nulls(jsonb_build_object('movedTo', target, 'products', nullif(cardinality(moved), 0))), request_id);
    PERFORM mjc.search_name_refresh();
    PERFORM mjc.product_changed(moved);
    RETURN true;
END
$$;
COMMENT ON FUNCTION mjc.category_drop(uuid, text, uuid, uuid, text) IS
    'Deletes a category, which is empty, or what is in it goes to target. NULL when there is none. Errors: MJ824, MJ825, MJ826 not empty, or a promotion names it';

CREATE FUNCTION mjc.category_set(category text, doc jsonb) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    id uuid := mjc.category_find(category_set.category);
BEGIN
    RETURN mjc.category_write(mjc.staff_writes(), 'psql', id, mjc.doc_named(doc, 'slug', category_set.category, id, 'category'), NULL);
END
$$;
COMMENT ON FUNCTION mjc.category_set(text, jsonb) IS
    'Makes or changes the category of that id or slug: {name, nameAr, nameEn, slug, description, descriptionAr, descriptionEn, image, parentId: id or slug, sortOrder, isActive}; returns its id. Errors: MJ003, MJ006, MJ010, MJ601, MJ824, MJ825, MJ827';

CREATE FUNCTION mjc.category_delete(category text, move_to text DEFAULT NULL) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    target uuid := mjc.category_find(move_to);
BEGIN
    PERFORM mjc.check_schema();
    IF move_to IS NOT NULL AND target IS NULL THEN
        PERFORM mjc.doc_refuse('move_to');
    END IF;
    RETURN mjc.found(mjc.category_drop(mjc.staff_id(), 'psql', mjc.category_find(category), target, NULL));
END
$$;
COMMENT ON FUNCTION mjc.category_delete(text, text) IS
    'Deletes a category (id or slug) that is empty; with move_to its products and sub-categories go there first. Errors: MJ004, MJ010, MJ601, MJ824, MJ825, MJ826';

----------------------------------------------------------------- manufacturers

CREATE FUNCTION mjc.manufacturer_find(typed text) RETURNS uuid
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT x.manufacturer_id FROM mjc.manufacturer x
             WHERE x.manufacturer_id = mjc.uuid_or_null(typed) OR (mjc.uuid_or_null(typed) IS NULL AND x.slug = lower(btrim(typed))));
END
$$;
COMMENT ON FUNCTION mjc.manufacturer_find(text) IS 'Manufacturer with that id or slug; NULL when there is none';

CREATE FUNCTION mjc.manufacturer_doc(id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT jsonb_build_object('name', m.name, 'slug', m.slug, 'description', m.description, 'website', m.website, 'logo', m.logo_url, 'isActive', m.is_active)
              FROM mjc.manufacturer m WHERE m.manufacturer_id = id);
END
$$;
COMMENT ON FUNCTION mjc.manufacturer_doc(uuid) IS 'A manufacturer as a document; NULL when there is none';

CREATE FUNCTION mjc.manufacturer_slug(name text) RETURNS text
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- A name that no address can have gets one of its own all the same.
    RETURN coalesce(left(mjc.slug_of(name), 90), 'marque-' || left(md5(lower(btrim(name))), 8));
END
$$;
COMMENT ON FUNCTION mjc.manufacturer_slug(text) IS 'The slug of the name of a manufacturer: names that differ in case or accents have the same one';

CREATE FUNCTION mjc.manufacturer_of_name(name text) RETURNS uuid
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT m.manufacturer_id FROM mjc.manufacturer m
             WHERE lower(m.name) = lower(manufacturer_of_name.name) OR m.slug = mjc.manufacturer_slug(manufacturer_of_name.name)
             ORDER BY m.name = manufacturer_of_name.name DESC, lower(m.name) = lower(manufacturer_of_name.name) DESC LIMIT 1);
END
$$;
COMMENT ON FUNCTION mjc.manufacturer_of_name(text) IS 'The manufacturer that a typed name means, whatever its case and accents; NULL when there is none';

CREATE FUNCTION mjc.manufacturer_named(actor uuid, channel text, typed text, request_id text) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    id uuid := coalesce(mjc.manufacturer_find(typed), mjc.manufacturer_of_name(typed));
BEGIN
    IF id IS NOT NULL OR mjc.uuid_or_null(typed) IS NOT NULL THEN
        RETURN id;
    END IF;
    INSERT INTO mjc.manufacturer (manufacturer_id, slug, name)
    VALUES (mjc.uuid_v7(), mjc.manufacturer_slug(typed), typed)
    ON CONFLICT DO NOTHING RETURNING manufacturer_id INTO id;
    IF id IS NULL THEN
        -- Another clerk typed it first.
        RETURN mjc.manufacturer_of_name(typed);
    END IF;
    PERFORM mjc.audit_write(actor, channel, 'manufacturer_set', 'manufacturer', id::text, NULL, jsonb_strip_nulls(mjc.manufacturer_doc(id)), request_id);
    PERFORM mjc.search_name_refresh();
    RETURN id;
END
$$;
COMMENT ON FUNCTION mjc.manufacturer_named(uuid, text, text, text) IS
    'The manufacturer of an id, slug or name; one of a new name is made. NULL for an id that there is not';

CREATE FUNCTION mjc.manufacturer_check(doc jsonb) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.doc_need(doc, '{name}');
    PERFORM mjc.doc_text(doc, 'name', 1, 100), mjc.doc_slug(doc), mjc.doc_body(doc, 'description', 5000),
            mjc.doc_word(doc, 'website', '^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-~]*)?$'), mjc.doc_url(doc, 'logo'), mjc.doc_boolean(doc, 'isActive', true);
END
$$;
COMMENT ON FUNCTION mjc.manufacturer_check(jsonb) IS 'The one check of {name, slug, description, website, logo, isActive}. Errors: MJ003, MJ006, MJ010';

CREATE FUNCTION mjc.manufacturer_write(actor uuid, channel text, id uuid, doc jsonb, request_id text) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    made uuid := coalesce(id, mjc.uuid_v7());
    given jsonb := mjc.doc_form(doc);
    before jsonb;
    wanted jsonb;
    change record;
BEGIN
    PERFORM mjc.doc_check(given, '{name,slug,description,website,logo,isActive}');
    PERFORM FROM mjc.manufacturer m WHERE m.manufacturer_id = id FOR NO KEY UPDATE;
    before := mjc.manufacturer_doc(id);
    IF id IS NOT NULL AND before IS NULL THEN
        RETURN NULL;
    END IF;
    wanted := mjc.doc_merge(before, given);
    PERFORM mjc.manufacturer_check(wanted);
    PERFORM mjc.manufacturer_store(made, before, wanted);
    change := mjc.doc_changes(before, mjc.manufacturer_doc(made));
    IF num_nonnulls(change.was, change.is_now) > 0 THEN
        PERFORM mjc.audit_write(actor, channel, 'manufacturer_set', 'manufacturer', made::text, change.was, change.is_now, request_id);
        PERFORM mjc.search_name_refresh();
    END IF;
    RETURN made;
END
$$;
COMMENT ON FUNCTION mjc.manufacturer_write(uuid, text, uuid, jsonb, text) IS
    'Makes (id NULL) or changes a manufacturer. NULL when there is none of that id. Errors: MJ003, MJ006, MJ010, MJ827, MJ828';

CREATE FUNCTION mjc.manufacturer_store(id uuid, before jsonb, wanted jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    title text := mjc.doc_text(wanted, 'name', 1, 100);
    slug text := coalesce(wanted ->> 'slug', before ->> 'slug');
BEGIN
    IF EXISTS (SELECT FROM mjc.manufacturer m WHERE lower(m.name) = lower(title) AND m.manufacturer_id <> id) THEN
        PERFORM mjc.raise('NAME_EXISTS');
    END IF;
    slug := coalesce(slug, mjc.slug_beside(mjc.manufacturer_slug(title), ARRAY(SELECT m.slug FROM mjc.manufacturer m)));
    IF EXISTS (SELECT FROM mjc.manufacturer m WHERE m.slug = coalesce(wanted ->> 'slug', before ->> 'slug') AND m.manufacturer_id <> id) THEN
        PERFORM mjc.raise('SLUG_EXISTS');
    END IF;
    IF before IS NULL THEN
        INSERT INTO mjc.manufacturer (manufacturer_id, slug, name) VALUES (id, slug, title) ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN
            PERFORM mjc.raise('NAME_EXISTS');
        END IF;
    ELSIF (slug, title) <> (before ->> 'slug', before ->> 'name') THEN
        PERFORM mjc.catalogue_names_store('manufacturer', id, slug, title);
    END IF;
    PERFORM mjc.media_hold(ARRAY[mjc.doc_url(wanted, 'logo')]);
    UPDATE mjc.manufacturer m
       SET description = mjc.doc_body(wanted, 'description', 5000), website = mjc.doc_text(wanted, 'website', 1, 200), logo_url = mjc.doc_url(wanted, 'logo'),
           is_active = mjc.doc_boolean(wanted, 'isActive', true), updated_at = clock_timestamp()
     WHERE m.manufacturer_id = id AND (before IS NULL OR wanted <> jsonb_strip_nulls(before));
END
$$;
COMMENT ON FUNCTION mjc.manufacturer_store(uuid, jsonb, jsonb) IS 'The row of a manufacturer as a checked document says. Errors: MJ827, MJ828, 40001';

CREATE FUNCTION mjc.manufacturer_drop(actor uuid, channel text, id uuid, request_id text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    before jsonb;
BEGIN
    PERFORM FROM mjc.manufacturer m WHERE m.manufacturer_id = id FOR UPDATE;
    before := mjc.manufacturer_doc(id);
    IF before IS NULL THEN
        RETURN NULL;
    END IF;
    IF mjc.check_catalogue_seen('manufacturer', id) > 0 OR EXISTS (SELECT FROM mjc.promotion p WHERE id = ANY (p.manufacturer_ids)) THEN
        PERFORM mjc.raise('CATALOGUE_IN_USE');
    END IF;
    DELETE FROM mjc.manufacturer m WHERE m.manufacturer_id = id;
    PERFORM mjc.audit_write(actor, channel, 'manufacturer_delete', 'manufacturer', id::text, jsonb_strip_nulls(before), NULL, request_id);
    PERFORM mjc.search_name_refresh();
    RETURN true;
END
$$;
COMMENT ON FUNCTION mjc.manufacturer_drop(uuid, text, uuid, text) IS
    'Deletes a manufacturer of nothing. NULL when there is none. Errors: MJ826 it has products, boilers or plate rules, or a promotion names it';

CREATE FUNCTION mjc.manufacturer_set(manufacturer text, doc jsonb) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    id uuid := mjc.manufacturer_find(manufacturer_set.manufacturer);
BEGIN
    RETURN mjc.manufacturer_write(mjc.staff_writes(), 'psql', id, mjc.doc_named(doc, 'slug', manufacturer_set.manufacturer, id, 'manufacturer'), NULL);
END
$$;
COMMENT ON FUNCTION mjc.manufacturer_set(text, jsonb) IS
    'Makes or changes the manufacturer of that id or slug: {name, slug, description, website, logo, isActive}; returns its id. Errors: MJ003, MJ006, MJ010, MJ601, MJ827, MJ828';

CREATE FUNCTION mjc.manufacturer_delete(manufacturer text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.found(mjc.manufacturer_drop(mjc.staff_writes(), 'psql', mjc.manufacturer_find(manufacturer), NULL));
END
$$;
COMMENT ON FUNCTION mjc.manufacturer_delete(text) IS
    'Deletes a manufacturer (id or slug) that nothing needs. Errors: MJ004, MJ601, MJ826';

