-- article_api: the routes of staff for the catalogue (shim/routes.c), one function each. Every
-- item is the document of its kind with its id; NULL is the answer for what there is not (404).

--------------------------------------------------------------------- products

CREATE FUNCTION mjc.product_item(id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT d.doc || jsonb_build_object('saleFrom', mjc.iso(mjc.doc_time(d.doc, 'saleFrom')), 'saleUntil', mjc.iso(mjc.doc_time(d.doc, 'saleUntil')))
                         || (SELECT jsonb_object_agg(e.key, e.value) FROM jsonb_each(k.card::jsonb) e
                              WHERE e.key IN ('id', 'images', 'stockQuantity', 'category', 'manufacturer', 'averageRating', 'reviewCount', 'createdAt', 'updatedAt'))
              FROM mjc.product_cards(ARRAY[id], true) k CROSS JOIN (SELECT mjc.product_doc(id)) d (doc));
END
$$;
COMMENT ON FUNCTION mjc.product_item(uuid) IS 'A product as staff see it: all that they may change, the cost price too and the sale that is set, in force or not; what they may not change beside it';

CREATE FUNCTION mjc_api.staff_product_get(actor uuid, token_version integer, token_id uuid, id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    RETURN mjc.doc_under('product', mjc.product_item(id));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_product_get(uuid, integer, uuid, uuid) IS
    'GET /admin/products/:id: all that may be changed of a product; NULL when there is none. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_product_create(actor uuid, token_version integer, token_id uuid,
    request_id text, idempotency_key text, doc text, OUT body json, OUT replayed boolean)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    claim bytea;
    id uuid;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    SELECT * INTO claim, body, replayed FROM mjc.idempotency_begin('staff_product_create', actor, idempotency_key, doc);
    IF NOT replayed THEN
        id := mjc.product_write(actor, 'rest', NULL, doc::jsonb, request_id);
        body := mjc.idempotency_end(claim, 'product', id, json_build_object('product', mjc.product_item(id)));
    END IF;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_product_create(uuid, integer, uuid, text, text, text) IS
    'POST /products. Errors: MJ003, MJ006, MJ009, MJ010, MJ021, MJ022, MJ023, MJ060, MJ063, MJ064, MJ821, MJ822, MJ823, MJ829, MJ830, MJ831, MJ832';

CREATE FUNCTION mjc_api.staff_product_update(actor uuid, token_version integer, token_id uuid, request_id text, id uuid, doc text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    id := mjc.product_write(actor, 'rest', coalesce(id, mjc.no_uuid()), doc::jsonb, request_id);
    RETURN mjc.doc_under('product', mjc.product_item(id));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_product_update(uuid, integer, uuid, text, uuid, text) IS
    'PUT /products/:id: what the document names; NULL when there is no such product. Errors: MJ003, MJ006, MJ009, MJ010, MJ024, MJ060, MJ063, MJ064, MJ103, MJ821, MJ822, MJ823, MJ829, MJ830, MJ831, MJ832';

CREATE FUNCTION mjc_api.staff_product_delete(actor uuid, token_version integer, token_id uuid, request_id text, id uuid) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    RETURN CASE WHEN mjc.product_drop(actor, 'rest', id, request_id) IS NOT NULL THEN json_build_object('deleted', true, 'id', id) END;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_product_delete(uuid, integer, uuid, text, uuid) IS
    'DELETE /products/:id: it is out of the shop, orders keep it; NULL when there is none. Errors: MJ009, MJ060, MJ063, MJ064';

-------------------------------------------------------------------- categories

CREATE FUNCTION mjc.category_item(id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.category_doc(id) || jsonb_build_object('id', id,
        'productCount', (SELECT count(*) FROM mjc.product p WHERE p.category_id = id));
END
$$;
COMMENT ON FUNCTION mjc.category_item(uuid) IS 'The document with its id, as REST shows it';

CREATE FUNCTION mjc_api.staff_category_list(actor uuid, token_version integer, token_id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    RETURN (SELECT json_build_object('categories', coalesce(json_agg(mjc.category_item(x.category_id) ORDER BY x.sort_order, x.name, x.category_id), '[]'::json)) FROM mjc.category x);
END
$$;
COMMENT ON FUNCTION mjc_api.staff_category_list(uuid, integer, uuid) IS
    'GET /admin/categories. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_category_create(actor uuid, token_version integer, token_id uuid,
    request_id text, idempotency_key text, doc text, OUT body json, OUT replayed boolean)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    claim bytea;
    id uuid;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    SELECT * INTO claim, body, replayed FROM mjc.idempotency_begin('staff_category_create', actor, idempotency_key, doc);
    IF NOT replayed THEN
        id := mjc.category_write(actor, 'rest', NULL, doc::jsonb, request_id);
        body := mjc.idempotency_end(claim, 'category', id, json_build_object('category', mjc.category_item(id)));
    END IF;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_category_create(uuid, integer, uuid, text, text, text) IS
    'POST /admin/categories. Errors: MJ003, MJ006, MJ009, MJ010, MJ021, MJ022, MJ023, MJ060, MJ063, MJ064, MJ824, MJ825, MJ827';

CREATE FUNCTION mjc_api.staff_category_update(actor uuid, token_version integer, token_id uuid, request_id text, id uuid, doc text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    id := mjc.category_write(actor, 'rest', coalesce(id, mjc.no_uuid()), doc::jsonb, request_id);
    RETURN mjc.doc_under('category', mjc.category_item(id));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_category_update(uuid, integer, uuid, text, uuid, text) IS
    'PUT /admin/categories/:id: what the document names; NULL when there is none. Errors: MJ003, MJ006, MJ009, MJ010, MJ060, MJ063, MJ064, MJ824, MJ825, MJ827';

CREATE FUNCTION mjc_api.staff_category_delete(actor uuid, token_version integer, token_id uuid, request_id text, id uuid, move_to text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    IF mjc.category_doc(id) IS NOT NULL AND move_to IS NOT NULL AND mjc.category_find(move_to) IS NULL THEN
        PERFORM mjc.doc_refuse('moveTo');
    END IF;
    RETURN CASE WHEN mjc.category_drop(actor, 'rest', id, mjc.category_find(move_to), request_id) THEN json_build_object('deleted', true) END;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_category_delete(uuid, integer, uuid, text, uuid, text) IS
    'DELETE /admin/categories/:id; moveTo: the category, by id or slug, that takes what is in it; NULL when there is none. Errors: MJ009, MJ060, MJ063, MJ064, MJ010, MJ824, MJ825, MJ826';

----------------------------------------------------------------- manufacturers

CREATE FUNCTION mjc.manufacturer_item(id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.manufacturer_doc(id) || jsonb_build_object('id', id,
        'productCount', (SELECT count(*) FROM mjc.product p WHERE p.manufacturer_id = id));
END
$$;
COMMENT ON FUNCTION mjc.manufacturer_item(uuid) IS 'The document with its id, as REST shows it';

CREATE FUNCTION mjc_api.staff_manufacturer_list(actor uuid, token_version integer, token_id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    RETURN (SELECT json_build_object('manufacturers', coalesce(json_agg(mjc.manufacturer_item(x.manufacturer_id) ORDER BY x.name), '[]'::json)) FROM mjc.manufacturer x);
END
$$;
COMMENT ON FUNCTION mjc_api.staff_manufacturer_list(uuid, integer, uuid) IS
    'GET /admin/manufacturers. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_manufacturer_create(actor uuid, token_version integer, token_id uuid,
    request_id text, idempotency_key text, doc text, OUT body json, OUT replayed boolean)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    claim bytea;
    id uuid;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    SELECT * INTO claim, body, replayed FROM mjc.idempotency_begin('staff_manufacturer_create', actor, idempotency_key, doc);
    IF NOT replayed THEN
        id := mjc.manufacturer_write(actor, 'rest', NULL, doc::jsonb, request_id);
        body := mjc.idempotency_end(claim, 'manufacturer', id, json_build_object('manufacturer', mjc.manufacturer_item(id)));
    END IF;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_manufacturer_create(uuid, integer, uuid, text, text, text) IS
    'POST /admin/manufacturers. Errors: MJ003, MJ006, MJ009, MJ010, MJ021, MJ022, MJ023, MJ060, MJ063, MJ064, MJ827, MJ828';

CREATE FUNCTION mjc_api.staff_manufacturer_update(actor uuid, token_version integer, token_id uuid, request_id text, id uuid, doc text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    id := mjc.manufacturer_write(actor, 'rest', coalesce(id, mjc.no_uuid()), doc::jsonb, request_id);
    RETURN mjc.doc_under('manufacturer', mjc.manufacturer_item(id));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_manufacturer_update(uuid, integer, uuid, text, uuid, text) IS
    'PUT /admin/manufacturers/:id: what the document names; NULL when there is none. Errors: MJ003, MJ006, MJ009, MJ010, MJ060, MJ063, MJ064, MJ827, MJ828';

CREATE FUNCTION mjc_api.staff_manufacturer_delete(actor uuid, token_version integer, token_id uuid, request_id text, id uuid) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    RETURN CASE WHEN mjc.manufacturer_drop(actor, 'rest', id, request_id) THEN json_build_object('deleted', true) END;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_manufacturer_delete(uuid, integer, uuid, text, uuid) IS
    'DELETE /admin/manufacturers/:id; NULL when there is none. Errors: MJ009, MJ060, MJ063, MJ064, MJ826';

--------------------------------------------------------------- kinds of parts

CREATE FUNCTION mjc.part_kind_item(id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.part_kind_doc(id) || jsonb_build_object('id', id,
        'productCount', (SELECT count(*) FROM mjc.product p WHERE p.kind_id = id));
END
$$;
COMMENT ON FUNCTION mjc.part_kind_item(uuid) IS 'The document with its id, as REST shows it';

CREATE FUNCTION mjc_api.staff_part_kind_list(actor uuid, token_version integer, token_id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    RETURN (SELECT json_build_object('kinds', coalesce(json_agg(mjc.part_kind_item(x.kind_id) ORDER BY x.name, x.kind_id), '[]'::json)) FROM mjc.part_kind x);
END
$$;
COMMENT ON FUNCTION mjc_api.staff_part_kind_list(uuid, integer, uuid) IS
    'GET /admin/kinds. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_part_kind_create(actor uuid, token_version integer, token_id uuid,
    request_id text, idempotency_key text, doc text, OUT body json, OUT replayed boolean)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    claim bytea;
    id uuid;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    SELECT * INTO claim, body, replayed FROM mjc.idempotency_begin('staff_part_kind_create', actor, idempotency_key, doc);
    IF NOT replayed THEN
        id := mjc.part_kind_write(actor, 'rest', NULL, doc::jsonb, request_id);
        body := mjc.idempotency_end(claim, 'part_kind', id, json_build_object('kind', mjc.part_kind_item(id)));
    END IF;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_part_kind_create(uuid, integer, uuid, text, text, text) IS
    'POST /admin/kinds. Errors: MJ003, MJ006, MJ009, MJ010, MJ021, MJ022, MJ023, MJ060, MJ063, MJ064, MJ827';

CREATE FUNCTION mjc_api.staff_part_kind_update(actor uuid, token_version integer, token_id uuid, request_id text, id uuid, doc text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    id := mjc.part_kind_write(actor, 'rest', coalesce(id, mjc.no_uuid()), doc::jsonb, request_id);
    RETURN mjc.doc_under('kind', mjc.part_kind_item(id));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_part_kind_update(uuid, integer, uuid, text, uuid, text) IS
    'PUT /admin/kinds/:id: what the document names; NULL when there is none. Errors: MJ003, MJ006, MJ009, MJ010, MJ060, MJ063, MJ064, MJ826, MJ827';

CREATE FUNCTION mjc_api.staff_part_kind_delete(actor uuid, token_version integer, token_id uuid, request_id text, id uuid) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    RETURN CASE WHEN mjc.part_kind_drop(actor, 'rest', id, request_id) THEN json_build_object('deleted', true) END;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_part_kind_delete(uuid, integer, uuid, text, uuid) IS
    'DELETE /admin/kinds/:id; NULL when there is none. Errors: MJ009, MJ060, MJ063, MJ064, MJ826';

-------------------------------------------------------------------- attributes

CREATE FUNCTION mjc_api.staff_attribute_list(actor uuid, token_version integer, token_id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    RETURN (SELECT json_build_object('attributes', coalesce(json_agg(mjc.doc_with_id(mjc.attribute_doc(x.attribute_id), x.attribute_id) ORDER BY x.code), '[]'::json)) FROM mjc.attribute x);
END
$$;
COMMENT ON FUNCTION mjc_api.staff_attribute_list(uuid, integer, uuid) IS
    'GET /admin/attributes. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_attribute_create(actor uuid, token_version integer, token_id uuid,
    request_id text, idempotency_key text, doc text, OUT body json, OUT replayed boolean)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    claim bytea;
    id uuid;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    SELECT * INTO claim, body, replayed FROM mjc.idempotency_begin('staff_attribute_create', actor, idempotency_key, doc);
    IF NOT replayed THEN
        id := mjc.attribute_write(actor, 'rest', NULL, doc::jsonb, request_id);
        body := mjc.idempotency_end(claim, 'attribute', id, json_build_object('attribute', mjc.doc_with_id(mjc.attribute_doc(id), id)));
    END IF;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_attribute_create(uuid, integer, uuid, text, text, text) IS
    'POST /admin/attributes. Errors: MJ003, MJ006, MJ009, MJ010, MJ021, MJ022, MJ023, MJ060, MJ063, MJ064, MJ214';

CREATE FUNCTION mjc_api.staff_attribute_update(actor uuid, token_version integer, token_id uuid, request_id text, id uuid, doc text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    id := mjc.attribute_write(actor, 'rest', coalesce(id, mjc.no_uuid()), doc::jsonb, request_id);
    RETURN mjc.doc_under('attribute', mjc.doc_with_id(mjc.attribute_doc(id), id));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_attribute_update(uuid, integer, uuid, text, uuid, text) IS
    'PUT /admin/attributes/:id: what the document names; NULL when there is none. Errors: MJ003, MJ006, MJ009, MJ010, MJ060, MJ063, MJ064, MJ833';

CREATE FUNCTION mjc_api.staff_attribute_delete(actor uuid, token_version integer, token_id uuid, request_id text, id uuid) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    RETURN CASE WHEN mjc.attribute_drop(actor, 'rest', id, request_id) THEN json_build_object('deleted', true) END;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_attribute_delete(uuid, integer, uuid, text, uuid) IS
    'DELETE /admin/attributes/:id; NULL when there is none. Errors: MJ009, MJ060, MJ063, MJ064, MJ826';
