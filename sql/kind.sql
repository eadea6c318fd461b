-- kind: kinds of parts and the attributes that they are described by. Rules of staff; each *_write
-- is the one way in from psql and from REST.

--------------------------------------------------------------- kinds of parts

CREATE FUNCTION mjc.part_kind_find(typed text) RETURNS uuid
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT x.kind_id FROM mjc.part_kind x
             WHERE x.kind_id = mjc.uuid_or_null(typed) OR (mjc.uuid_or_null(typed) IS NULL AND x.slug = lower(btrim(typed))));
END
$$;
COMMENT ON FUNCTION mjc.part_kind_find(text) IS 'Kind of part with that id or slug; NULL when there is none';

CREATE FUNCTION mjc.attribute_find(typed text) RETURNS uuid
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT x.attribute_id FROM mjc.attribute x
             WHERE x.attribute_id = mjc.uuid_or_null(typed) OR (mjc.uuid_or_null(typed) IS NULL AND x.code = lower(btrim(typed))));
END
$$;
COMMENT ON FUNCTION mjc.attribute_find(text) IS 'Attribute with that id or code; NULL when there is none';

CREATE FUNCTION mjc.part_kind_doc(id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT jsonb_build_object('name', k.name, 'nameAr', k.name_ar, 'nameEn', k.name_en, 'slug', k.slug, 'safetyClass', k.safety_class,
                       'attributes', (SELECT coalesce(jsonb_agg(jsonb_build_object('code', a.code, 'isRequired', x.is_required, 'sortOrder', x.sort_order)
                                                 ORDER BY x.sort_order, a.code), '[]')
                                        FROM mjc.part_kind_attribute x JOIN mjc.attribute a ON a.attribute_id = x.attribute_id WHERE x.kind_id = k.kind_id))
              FROM mjc.part_kind k WHERE k.kind_id = id);
END
$$;
COMMENT ON FUNCTION mjc.part_kind_doc(uuid) IS 'A kind of part as a document; NULL when there is none';

CREATE FUNCTION mjc.doc_kind_attributes(doc jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    item jsonb;
    list jsonb := '[]';
BEGIN
    FOR item IN SELECT i FROM mjc.doc_items(doc, 'attributes', 100, 'code') i LOOP
        PERFORM mjc.doc_check(item - 'place', '{code,isRequired,sortOrder}');
        PERFORM mjc.doc_need(jsonb_strip_nulls(item), '{code}');
        IF mjc.attribute_find(mjc.doc_word(item, 'code', '^[a-z0-9_]{2,40}$')) IS NULL THEN
            PERFORM mjc.doc_refuse('attributes');
        END IF;
        list := list || jsonb_build_object('code', mjc.doc_text(item, 'code', 2, 40), 'isRequired', mjc.doc_boolean(item, 'isRequired', false),
            'sortOrder', coalesce(mjc.doc_integer(item, 'sortOrder', 0, 10000), (item ->> 'place')::integer));
    END LOOP;
    IF (SELECT count(*) > count(DISTINCT e ->> 'code') FROM jsonb_array_elements(list) e) THEN
        PERFORM mjc.doc_refuse('attributes');
    END IF;
    RETURN mjc.doc_ordered(list);
END
$$;
COMMENT ON FUNCTION mjc.doc_kind_attributes(jsonb) IS
    'The attributes of a kind in their order: codes, or {code, isRequired, sortOrder}, each once; at most 100. Errors: MJ003, MJ006, MJ010';

CREATE FUNCTION mjc.part_kind_check(doc jsonb) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.doc_need(doc, '{name}');
    PERFORM mjc.doc_text(doc, 'name', 2, 200), mjc.doc_text(doc, 'nameAr', 2, 200), mjc.doc_text(doc, 'nameEn', 2, 200),
            mjc.doc_slug(doc), mjc.doc_word(doc, 'safetyClass', '^(STANDARD|ELECTRICAL|QUALIFIED)$');
END
$$;
COMMENT ON FUNCTION mjc.part_kind_check(jsonb) IS 'The one check of {name, nameAr, nameEn, slug, safetyClass}. Errors: MJ003, MJ006, MJ010';

CREATE FUNCTION mjc.part_kind_attributes_store(id uuid, list jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM mjc.part_kind_attribute x WHERE x.kind_id = id;
    INSERT INTO mjc.part_kind_attribute (kind_id, attribute_id, is_required, sort_order)
    SELECT id, a.attribute_id, (e ->> 'isRequired')::boolean, (e ->> 'sortOrder')::integer
      FROM jsonb_array_elements(list) e JOIN mjc.attribute a ON a.code = e ->> 'code';
    -- A value without its attribute would be seen by nobody.
    IF EXISTS (SELECT FROM mjc.product p JOIN mjc.product_attribute v ON v.product_id = p.product_id
                WHERE p.kind_id = id AND NOT EXISTS (SELECT FROM mjc.part_kind_attribute x WHERE x.kind_id = id AND x.attribute_id = v.attribute_id)) THEN
        PERFORM mjc.raise('CATALOGUE_IN_USE');
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.part_kind_attributes_store(uuid, jsonb) IS
    'The attributes of a locked kind. Errors: MJ826 a product of the kind has a value of one that is left out';

CREATE FUNCTION mjc.part_kind_safety(id uuid) RETURNS uuid[]
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    class text := (SELECT k.safety_class FROM mjc.part_kind k WHERE k.kind_id = id);
    ids uuid[];
BEGIN
    PERFORM FROM mjc.product p WHERE p.kind_id = id AND mjc.safety_rank(p.safety_class) < mjc.safety_rank(class) ORDER BY p.product_id FOR NO KEY UPDATE;
    WITH raised AS (
        UPDATE mjc.product p SET safety_class = class, updated_at = clock_timestamp()
         WHERE p.kind_id = id AND mjc.safety_rank(p.safety_class) < mjc.safety_rank(class) RETURNING p.product_id)
    SELECT coalesce(array_agg(r.product_id ORDER BY r.product_id), '{}') INTO ids FROM raised r;
    RETURN ids;
END
$$;
COMMENT ON FUNCTION mjc.part_kind_safety(uuid) IS 'Raises the class of safety of the parts of a locked kind to that of the kind; those that were below';

CREATE FUNCTION mjc.part_kind_write(actor uuid, channel text, id uuid, doc jsonb, request_id text) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    made uuid := coalesce(id, mjc.uuid_v7());
    given jsonb := mjc.doc_form(doc);
    before jsonb;
    wanted jsonb;
    change record;
    raised uuid[];
BEGIN
    PERFORM mjc.doc_check(given, '{name,nameAr,nameEn,slug,safetyClass,attributes}');
    IF given ? 'attributes' THEN
        given := given || jsonb_build_object('attributes', CASE WHEN jsonb_typeof(given -> 'attributes') = 'null' THEN '[]' ELSE mjc.doc_kind_attributes(given) END);
    END IF;
    PERFORM FROM mjc.part_kind k WHERE k.kind_id = id FOR NO KEY UPDATE;
    before := mjc.part_kind_doc(id);
    IF id IS NOT NULL AND before IS NULL THEN
        RETURN NULL;
    END IF;
    IF id IS NOT NULL THEN
        PERFORM mjc.check_catalogue_seen('part_kind', id);
    END IF;
    wanted := mjc.doc_merge(before, given);
    PERFORM mjc.part_kind_check(wanted);
    PERFORM mjc.part_kind_store(made, before, wanted);
    IF wanted -> 'attributes' IS DISTINCT FROM before -> 'attributes' THEN
        PERFORM mjc.part_kind_attributes_store(made, wanted -> 'attributes');
    END IF;
    raised := mjc.part_kind_safety(made);
    change := mjc.doc_changes(before, mjc.part_kind_doc(made));
    IF num_nonnulls(change.was, change.is_now) > 0 THEN
        PERFORM mjc.audit_write(actor, channel, 'part_kind_set', 'part_kind', made::text, change.was, change.is_now, request_id);
        PERFORM mjc.search_name_refresh();
    END IF;
    PERFORM mjc.product_changed(raised);
    RETURN made;
END
$$;
COMMENT ON FUNCTION mjc.part_kind_write(uuid, text, uuid, jsonb, text) IS
    'Makes (id NULL) or changes a kind of part; parts of it that are of a lower class of safety rise. NULL when there is none of that id. Errors: MJ003, MJ006, MJ010, MJ826, MJ827';

CREATE FUNCTION mjc.part_kind_store(id uuid, before jsonb, wanted jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    slug text := coalesce(wanted ->> 'slug', before ->> 'slug');
BEGIN
    IF EXISTS (SELECT FROM mjc.part_kind k WHERE k.slug = wanted ->> 'slug' AND k.kind_id <> id) THEN
        PERFORM mjc.raise('SLUG_EXISTS');
    END IF;
    slug := coalesce(slug, mjc.slug_beside(coalesce(left(mjc.slug_of(wanted ->> 'name'), 90), 'type'), ARRAY(SELECT k.slug FROM mjc.part_kind k)));
    IF before IS NULL THEN
        INSERT INTO mjc.part_kind (kind_id, slug, name) VALUES (id, slug, mjc.doc_text(wanted, 'name', 2, 200)) ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN
            PERFORM mjc.raise('SLUG_EXISTS');
        END IF;
    ELSIF slug <> before ->> 'slug' THEN
        PERFORM mjc.catalogue_names_store('part_kind', id, slug);
    END IF;
    UPDATE mjc.part_kind k
       SET name = mjc.doc_text(wanted, 'name', 2, 200), name_ar = mjc.doc_text(wanted, 'nameAr', 2, 200), name_en = mjc.doc_text(wanted, 'nameEn', 2, 200),
           safety_class = coalesce(wanted ->> 'safetyClass', 'STANDARD'), updated_at = clock_timestamp()
     WHERE k.kind_id = id AND (before IS NULL OR wanted <> jsonb_strip_nulls(before));
END
$$;
COMMENT ON FUNCTION mjc.part_kind_store(uuid, jsonb, jsonb) IS 'The row of a kind as a checked document says. Errors: MJ827, 40001';

CREATE FUNCTION mjc.part_kind_drop(actor uuid, channel text, id uuid, request_id text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    before jsonb;
BEGIN
    PERFORM FROM mjc.part_kind k WHERE k.kind_id = id FOR UPDATE;
    before := mjc.part_kind_doc(id);
    IF before IS NULL THEN
        RETURN NULL;
    END IF;
    IF mjc.check_catalogue_seen('part_kind', id) > 0 THEN
        PERFORM mjc.raise('CATALOGUE_IN_USE');
    END IF;
    DELETE FROM mjc.part_kind_attribute x WHERE x.kind_id = id;
    DELETE FROM mjc.part_kind k WHERE k.kind_id = id;
    PERFORM mjc.audit_write(actor, channel, 'part_kind_delete', 'part_kind', id::text, jsonb_strip_nulls(before), NULL, request_id);
    PERFORM mjc.search_name_refresh();
    RETURN true;
END
$$;
COMMENT ON FUNCTION mjc.part_kind_drop(uuid, text, uuid, text) IS 'Deletes a kind without parts. NULL when there is none. Errors: MJ826 it has parts';

CREATE FUNCTION mjc.part_kind_set(part_kind text, doc jsonb) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    id uuid := mjc.part_kind_find(part_kind_set.part_kind);
BEGIN
    RETURN mjc.part_kind_write(mjc.staff_writes(), 'psql', id, mjc.doc_named(doc, 'slug', part_kind_set.part_kind, id, 'part_kind'), NULL);
END
$$;
COMMENT ON FUNCTION mjc.part_kind_set(text, jsonb) IS
    'Makes or changes the kind of part of that id or slug: {name, nameAr, nameEn, slug, safetyClass: STANDARD, ELECTRICAL or QUALIFIED, attributes: [{code, isRequired, sortOrder}]}; returns its id. Errors: MJ003, MJ006, MJ010, MJ601, MJ826, MJ827';

CREATE FUNCTION mjc.part_kind_delete(part_kind text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.found(mjc.part_kind_drop(mjc.staff_writes(), 'psql', mjc.part_kind_find(part_kind), NULL));
END
$$;
COMMENT ON FUNCTION mjc.part_kind_delete(text) IS
    'Deletes a kind of part (id or slug) that nothing needs. Errors: MJ004, MJ601, MJ826';

-------------------------------------------------------------------- attributes

CREATE FUNCTION mjc.attribute_doc(id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT jsonb_build_object('code', a.code, 'name', a.name, 'nameAr', a.name_ar, 'nameEn', a.name_en, 'valueType', a.value_type, 'unit', a.unit,
                       'scale', a.scale, 'choices', a.choices, 'isFacet', a.is_facet)
              FROM mjc.attribute a WHERE a.attribute_id = id);
END
$$;
COMMENT ON FUNCTION mjc.attribute_doc(uuid) IS 'An attribute as a document; NULL when there is none';

CREATE FUNCTION mjc.attribute_check(doc jsonb) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    choices text[];
BEGIN
    PERFORM mjc.doc_need(doc, '{code,name,valueType}');
    PERFORM mjc.doc_word(doc, 'code', '^[a-z0-9_]{2,40}$'), mjc.doc_text(doc, 'name', 1, 100), mjc.doc_text(doc, 'nameAr', 1, 100), mjc.doc_text(doc, 'nameEn', 1, 100),
            mjc.doc_word(doc, 'valueType', '^(number|text|choice|boolean)$'), mjc.doc_text(doc, 'unit', 1, 20), mjc.doc_integer(doc, 'scale', 0, 6),
            mjc.doc_boolean(doc, 'isFacet', false);
    -- What is no choice has none.
    IF coalesce(doc -> 'choices', '[]') = '[]' AND doc ->> 'valueType' <> 'choice' THEN
        RETURN;
    END IF;
    IF doc ->> 'valueType' <> 'choice' THEN
        PERFORM mjc.doc_refuse('choices');
    END IF;
    PERFORM mjc.doc_need(doc, '{choices}');
    choices := mjc.doc_list(doc, 'choices', 200);
    IF EXISTS (SELECT FROM unnest(choices) c WHERE length(c) NOT BETWEEN 1 AND 100) OR (SELECT count(*) > count(DISTINCT c) FROM unnest(choices) c) THEN
        PERFORM mjc.doc_refuse('choices');
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.attribute_check(jsonb) IS
    'The one check of {code, name, nameAr, nameEn, valueType, unit, scale, choices, isFacet}. Errors: MJ003, MJ006, MJ010';

CREATE FUNCTION mjc.attribute_fixed_check(id uuid, before jsonb, wanted jsonb) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF (wanted -> 'valueType', coalesce(wanted -> 'scale', '0')) IS DISTINCT FROM (before -> 'valueType', before -> 'scale')
       AND EXISTS (SELECT FROM mjc.product_attribute v WHERE v.attribute_id = id) THEN
        PERFORM mjc.raise('ATTRIBUTE_FIXED');
    END IF;
    IF wanted ->> 'valueType' = 'choice' AND before ->> 'valueType' = 'choice'
       AND EXISTS (SELECT FROM mjc.product_attribute v WHERE v.attribute_id = id AND NOT wanted -> 'choices' ? v.text_value) THEN
        PERFORM mjc.raise('ATTRIBUTE_FIXED');
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.attribute_fixed_check(uuid, jsonb, jsonb) IS 'Errors: MJ833 values of products would mean something else';

CREATE FUNCTION mjc.attribute_write(actor uuid, channel text, id uuid, doc jsonb, request_id text) RETURNS uuid
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
    PERFORM mjc.doc_check(given, '{code,name,nameAr,nameEn,valueType,unit,scale,choices,isFacet}');
    -- Whoever is about to store a value of it waits, and reads it anew.
    PERFORM FROM mjc.attribute a WHERE a.attribute_id = id FOR UPDATE;
    before := mjc.attribute_doc(id);
    IF id IS NOT NULL AND before IS NULL THEN
        RETURN NULL;
    END IF;
    IF id IS NOT NULL THEN
        PERFORM mjc.check_catalogue_seen('attribute', id);
    END IF;
    wanted := mjc.doc_merge(before, given);
    PERFORM mjc.attribute_check(wanted);
    IF id IS NULL THEN
        INSERT INTO mjc.attribute (attribute_id, code, name, value_type) VALUES (made, mjc.doc_text(wanted, 'code', 2, 40), wanted ->> 'name', btrim(wanted ->> 'valueType'))
        ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN
            PERFORM mjc.raise('CODE_EXISTS');
        END IF;
    ELSIF mjc.doc_text(wanted, 'code', 2, 40) <> before ->> 'code' THEN
        PERFORM mjc.doc_refuse('code');
    ELSE
        PERFORM mjc.attribute_fixed_check(id, before, wanted);
    END IF;
    UPDATE mjc.attribute a
       SET name = mjc.doc_text(wanted, 'name', 1, 100), name_ar = mjc.doc_text(wanted, 'nameAr', 1, 100), name_en = mjc.doc_text(wanted, 'nameEn', 1, 100),
           value_type = btrim(wanted ->> 'valueType'), unit = mjc.doc_text(wanted, 'unit', 1, 20), scale = coalesce(mjc.doc_integer(wanted, 'scale', 0, 6), 0),
           choices = coalesce(to_jsonb(CASE WHEN wanted ->> 'valueType' = 'choice' THEN mjc.doc_list(wanted, 'choices', 200) END), '[]'),
           is_facet = mjc.doc_boolean(wanted, 'isFacet', false)
     WHERE a.attribute_id = made;
    change := mjc.doc_changes(before, mjc.attribute_doc(made));
    IF num_nonnulls(change.was, change.is_now) > 0 THEN
        PERFORM mjc.audit_write(actor, channel, 'attribute_set', 'attribute', made::text, change.was, change.is_now, request_id);
    END IF;
    RETURN made;
END
$$;
COMMENT ON FUNCTION mjc.attribute_write(uuid, text, uuid, jsonb, text) IS
    'Makes (id NULL) or changes an attribute, whose code stays. NULL when there is none of that id. Errors: MJ003, MJ006, MJ010, MJ214, MJ833';

CREATE FUNCTION mjc.attribute_drop(actor uuid, channel text, id uuid, request_id text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    before jsonb;
BEGIN
    PERFORM FROM mjc.attribute a WHERE a.attribute_id = id FOR UPDATE;
    before := mjc.attribute_doc(id);
    IF before IS NULL THEN
        RETURN NULL;
    END IF;
    IF mjc.check_catalogue_seen('attribute', id) > 0 THEN
        PERFORM mjc.raise('CATALOGUE_IN_USE');
    END IF;
    DELETE FROM mjc.attribute a WHERE a.attribute_id = id;
    PERFORM mjc.audit_write(actor, channel, 'attribute_delete', 'attribute', id::text, jsonb_strip_nulls(before), NULL, request_id);
    RETURN true;
END
$$;
COMMENT ON FUNCTION mjc.attribute_drop(uuid, text, uuid, text) IS 'Deletes an attribute of no kind and no product. NULL when there is none. Errors: MJ826';

CREATE FUNCTION mjc.attribute_set(attribute text, doc jsonb) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    id uuid := mjc.attribute_find(attribute_set.attribute);
BEGIN
    RETURN mjc.attribute_write(mjc.staff_writes(), 'psql', id, mjc.doc_named(doc, 'code', attribute_set.attribute, id, 'attribute'), NULL);
END
$$;
COMMENT ON FUNCTION mjc.attribute_set(text, jsonb) IS
    'Makes or changes the attribute of that id or code: {name, nameAr, nameEn, valueType: number, text, choice or boolean, unit, scale: decimals of numbers, choices: [texts], isFacet}; returns its id. Errors: MJ003, MJ006, MJ010, MJ601, MJ833';

CREATE FUNCTION mjc.attribute_delete(attribute text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.found(mjc.attribute_drop(mjc.staff_writes(), 'psql', mjc.attribute_find(attribute), NULL));
END
$$;
COMMENT ON FUNCTION mjc.attribute_delete(text) IS
    'Deletes an attribute (id or code) that nothing needs. Errors: MJ004, MJ601, MJ826';

----------------------------------------------------------- values of products

CREATE FUNCTION mjc.product_attributes(product uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT coalesce(jsonb_object_agg(a.code, CASE a.value_type WHEN 'number' THEN to_jsonb(round(v.number_value / (10::numeric ^ a.scale), a.scale))
                                                                       WHEN 'boolean' THEN to_jsonb(v.boolean_value) ELSE to_jsonb(v.text_value) END), '{}')
              FROM mjc.product_attribute v JOIN mjc.attribute a ON a.attribute_id = v.attribute_id WHERE v.product_id = product);
END
$$;
COMMENT ON FUNCTION mjc.product_attributes(uuid) IS 'The attributes of a product by their codes, numbers with the decimals of their scale';

CREATE FUNCTION mjc.attributes_lock(attributes jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM FROM mjc.attribute a WHERE attributes ? a.code ORDER BY a.attribute_id FOR KEY SHARE;
END
$$;
COMMENT ON FUNCTION mjc.attributes_lock(jsonb) IS 'Nobody changes the attributes of these codes meanwhile';

CREATE FUNCTION mjc.attribute_value(a_type text, a_scale integer, a_choices jsonb, value jsonb,
    OUT number_value bigint, OUT text_value text, OUT boolean_value boolean) RETURNS record
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    number numeric;
BEGIN
    IF a_type = 'number' AND jsonb_typeof(value) = 'number' THEN
        number := value;
        IF abs(number) <= 10::numeric ^ 12 AND number * 10::numeric ^ a_scale = trunc(number * 10::numeric ^ a_scale) AND abs(number) * 10::numeric ^ a_scale <= 10::numeric ^ 15 THEN
            number_value := number * 10::numeric ^ a_scale;
        END IF;
    ELSIF a_type = 'boolean' AND jsonb_typeof(value) = 'boolean' THEN
        boolean_value := value;
    ELSIF jsonb_typeof(value) = 'string' AND a_type IN ('text', 'choice') THEN
        text_value := btrim(value #>> '{}');
        IF length(text_value) NOT BETWEEN 1 AND 200 OR text_value ~ '[\x01-\x1f\x7f]' OR (a_type = 'choice' AND NOT a_choices ? text_value) THEN
            text_value := NULL;
        END IF;
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.attribute_value(text, integer, jsonb, jsonb) IS
    'A JSON value as one of an attribute of that type, scale and choices: one of the three, a number in units of 10^-scale; none when it is no such value';

CREATE FUNCTION mjc.product_attributes_check(kind uuid, attributes jsonb) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    code text;
BEGIN
    IF EXISTS (SELECT FROM jsonb_object_keys(attributes) k WHERE NOT EXISTS (SELECT FROM mjc.attribute a WHERE a.code = k)) THEN
        PERFORM mjc.doc_refuse('attributes');
    END IF;
    SELECT min(a.code) INTO code FROM mjc.attribute a CROSS JOIN LATERAL mjc.attribute_value(a.value_type, a.scale, a.choices, attributes -> a.code) v
     WHERE attributes ? a.code AND num_nonnulls(v.number_value, v.text_value, v.boolean_value) = 0;
    IF code IS NOT NULL THEN
        PERFORM mjc.raise('ATTRIBUTE_VALUE', 'attribute', code);
    END IF;
    IF kind IS NULL THEN
        RETURN;
    END IF;
    SELECT min(a.code) INTO code FROM mjc.attribute a
     WHERE attributes ? a.code AND NOT EXISTS (SELECT FROM mjc.part_kind_attribute x WHERE x.kind_id = kind AND x.attribute_id = a.attribute_id);
    IF code IS NOT NULL THEN
        PERFORM mjc.raise('ATTRIBUTE_FOREIGN', 'attribute', code);
    END IF;
    SELECT min(a.code) INTO code FROM mjc.part_kind_attribute x JOIN mjc.attribute a ON a.attribute_id = x.attribute_id
     WHERE x.kind_id = kind AND x.is_required AND NOT attributes ? a.code;
    IF code IS NOT NULL THEN
        PERFORM mjc.raise('ATTRIBUTE_NEEDED', 'attribute', code);
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.product_attributes_check(uuid, jsonb) IS
    'Attributes of a product by their codes: known, of their type, those of its kind only and all that the kind needs. Errors: MJ010, MJ829, MJ830, MJ831';

CREATE FUNCTION mjc.product_attributes_store(id uuid, attributes jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM mjc.product_attribute v WHERE v.product_id = id;
    INSERT INTO mjc.product_attribute (product_id, attribute_id, number_value, text_value, boolean_value)
    SELECT id, a.attribute_id, v.number_value, v.text_value, v.boolean_value
      FROM mjc.attribute a CROSS JOIN LATERAL mjc.attribute_value(a.value_type, a.scale, a.choices, attributes -> a.code) v
     WHERE attributes ? a.code;
END
$$;
COMMENT ON FUNCTION mjc.product_attributes_store(uuid, jsonb) IS 'Puts checked attributes in the place of those of a locked product';
