-- customer_api: the routes of customers (shim/routes.c), one function each: those of staff
-- under /admin/customers and /customers, and what customers do with their own record.
-- Whoever of the staff is shown a person leaves a trace (mjc.access_note). NULL is the
-- answer for who or what there is not (404); another customer's is not there either.

-------------------------------------------------------------- /admin/customers

CREATE FUNCTION mjc_api.staff_customer_list(actor uuid, token_version integer, token_id uuid, request_id text, page integer, page_size integer,
    search text, customer_type text, status text, segment text, sort_by text, sort_order text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    list jsonb;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    list := mjc.customer_list(search, customer_type, status, segment, sort_by, sort_order, coalesce(page, 1), coalesce(page_size, 20));
    IF list -> 'customers' <> '[]' THEN
        PERFORM mjc.access_note(actor, 'rest', 'customer_list', NULL, jsonb_array_length(list -> 'customers'), request_id);
    END IF;
    RETURN list;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_customer_list(uuid, integer, uuid, text, integer, integer, text, text, text, text, text, text) IS
    'GET /admin/customers: flat rows, guests too; the look is on record. Errors: MJ009, MJ010, MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_customer_stats(actor uuid, token_version integer, token_id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    RETURN mjc.customer_stats();
END
$$;
COMMENT ON FUNCTION mjc_api.staff_customer_stats(uuid, integer, uuid) IS
    'GET /admin/customers/stats. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_customer_segments(actor uuid, token_version integer, token_id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    RETURN mjc.customer_segments();
END
$$;
COMMENT ON FUNCTION mjc_api.staff_customer_segments(uuid, integer, uuid) IS
    'GET /admin/customers/segments. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_customer_get(actor uuid, token_version integer, token_id uuid, request_id text, id uuid) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    doc jsonb;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    doc := mjc.customer_doc(id, true);
    IF doc IS NOT NULL THEN
        PERFORM mjc.access_note(actor, 'rest', 'customer_read', id, 1, request_id);
    END IF;
    RETURN doc;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_customer_get(uuid, integer, uuid, text, uuid) IS
    'GET /admin/customers/:id; the look is on record. Errors: MJ009, MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_customer_create(actor uuid, token_version integer, token_id uuid, request_id text, idempotency_key text,
    email text, first_name text, last_name text, phone text, customer_type text, company_name text, vat_number text,
    rc text, nif text, nis text, ai text, OUT body json, OUT replayed boolean)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    claim bytea;
    id uuid;
    doc jsonb := jsonb_strip_nulls(jsonb_build_object('email', email, 'firstName', first_name, 'lastName', last_name, 'phone', phone,
        'customerType', customer_type, 'companyName', company_name, 'vatNumber', vat_number, 'rc', rc, 'nif', nif, 'nis', nis, 'ai', ai));
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    SELECT * INTO claim, body, replayed FROM mjc.idempotency_begin('staff_customer_create', actor, idempotency_key, doc::text);
    IF NOT replayed THEN
        id := mjc.customer_make(actor, 'rest', doc, request_id);
        body := mjc.customer_doc(id, true);
        PERFORM mjc.idempotency_end(claim, 'customer', id, body);
    END IF;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_customer_create(uuid, integer, uuid, text, text, text, text, text, text, text, text, text, text, text, text, text) IS
    'POST /admin/customers: an account without a password, whose owner is sent a link to set one. Errors: MJ003, MJ006, MJ009, MJ010, MJ021, MJ022, MJ023, MJ060, MJ063, MJ064, MJ305, MJ602';

CREATE FUNCTION mjc_api.staff_customer_update(actor uuid, token_version integer, token_id uuid, request_id text, id uuid, doc text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    IF mjc.customer_write(actor, 'rest', id, doc::jsonb, request_id) IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM mjc.access_note(actor, 'rest', 'customer_read', id, 1, request_id);
    RETURN mjc.customer_doc(id, true);
END
$$;
COMMENT ON FUNCTION mjc_api.staff_customer_update(uuid, integer, uuid, text, uuid, text) IS
    'PATCH /admin/customers/:id: the fields that are given, null clears. Errors: MJ003, MJ006, MJ009, MJ010, MJ060, MJ063, MJ064, MJ305, MJ653';

CREATE FUNCTION mjc_api.staff_customer_delete(actor uuid, token_version integer, token_id uuid, request_id text, id uuid) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    what text;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    what := mjc.customer_erase_core(actor, 'rest', request_id, id);
    RETURN CASE WHEN what IS NOT NULL THEN json_build_object('deleted', true, 'result', what) END;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_customer_delete(uuid, integer, uuid, text, uuid) IS
    'DELETE /admin/customers/:id: result is deleted, or erased when there are orders, which stay without the person. Errors: MJ009, MJ060, MJ063, MJ064, MJ651, MJ653';

CREATE FUNCTION mjc_api.staff_customer_status_set(actor uuid, token_version integer, token_id uuid, request_id text, id uuid, status text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    now_is text;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    now_is := mjc.customer_status_move(actor, 'rest', id, status, request_id);
    RETURN CASE WHEN now_is IS NOT NULL THEN json_build_object('id', id, 'status', now_is, 'isActive', now_is = 'active') END;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_customer_status_set(uuid, integer, uuid, text, uuid, text) IS
    'PATCH /admin/customers/:id/status. Errors: MJ003, MJ009, MJ010, MJ060, MJ063, MJ064, MJ653';

CREATE FUNCTION mjc_api.staff_customer_orders(actor uuid, token_version integer, token_id uuid, request_id text, id uuid, page integer, page_size integer) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    IF NOT EXISTS (SELECT FROM mjc.customer c WHERE c.customer_id = id) THEN
        RETURN NULL;
    END IF;
    PERFORM mjc.access_note(actor, 'rest', 'customer_orders', id, 1, request_id);
    RETURN mjc.customer_orders(id, coalesce(page, 1), coalesce(page_size, 10), true) -> 'orders';
END
$$;
COMMENT ON FUNCTION mjc_api.staff_customer_orders(uuid, integer, uuid, text, uuid, integer, integer) IS
    'GET /admin/customers/:id/orders: newest first; the look is on record. Errors: MJ009, MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_customer_notes(actor uuid, token_version integer, token_id uuid, request_id text, id uuid) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    IF NOT EXISTS (SELECT FROM mjc.customer c WHERE c.customer_id = id) THEN
        RETURN NULL;
    END IF;
    PERFORM mjc.access_note(actor, 'rest', 'customer_notes', id, 1, request_id);
    RETURN json_build_object('notes', mjc.customer_notes(id));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_customer_notes(uuid, integer, uuid, text, uuid) IS
    'GET /admin/customers/:id/notes: newest first; the look is on record. Errors: MJ009, MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_customer_note_add(actor uuid, token_version integer, token_id uuid, request_id text, idempotency_key text, id uuid, note text,
    OUT body json, OUT replayed boolean)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    claim bytea;
    made uuid;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    SELECT * INTO claim, body, replayed FROM mjc.idempotency_begin('staff_customer_note_add', actor, idempotency_key, jsonb_build_array(id, note)::text);
    IF NOT replayed THEN
        made := mjc.customer_note_write(actor, 'rest', id, note, request_id);
        IF made IS NULL THEN
            PERFORM mjc.raise('NOT_FOUND');
        END IF;
        body := mjc.idempotency_end(claim, 'customer_note', made, json_build_object('note', mjc.customer_notes(id, made) -> 0));
    END IF;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_customer_note_add(uuid, integer, uuid, text, text, uuid, text) IS
    'POST /admin/customers/:id/notes. Errors: MJ003, MJ004, MJ006, MJ009, MJ021, MJ022, MJ023, MJ060, MJ063, MJ064, MJ653';

---------------------------------------------------------- /customers for staff

CREATE FUNCTION mjc_api.customer_list(actor uuid, token_version integer, token_id uuid, request_id text, page integer, page_size integer,
    search text, customer_type text, is_active boolean, sort_by text, sort_order text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc_api.staff_customer_list(actor, token_version, token_id, request_id, page, page_size, search, customer_type,
        CASE WHEN is_active THEN 'active' WHEN NOT is_active THEN 'not_active' END, NULL, regexp_replace(sort_by, '^user\.', ''), sort_order);
END
$$;
COMMENT ON FUNCTION mjc_api.customer_list(uuid, integer, uuid, text, integer, integer, text, text, boolean, text, text) IS
    'GET /customers: the rows of /admin/customers; the look is on record. Errors: MJ009, MJ010, MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.customer_statistics(actor uuid, token_version integer, token_id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    figures jsonb;
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    figures := mjc.customer_stats();
    RETURN json_build_object('statistics', json_build_object('totalCustomers', figures -> 'total', 'activeCustomers', figures -> 'active',
        'b2bCustomers', figures -> 'b2bCustomers', 'b2cCustomers', figures -> 'b2cCustomers', 'recentCustomers', figures -> 'recentCustomers'));
END
$$;
COMMENT ON FUNCTION mjc_api.customer_statistics(uuid, integer, uuid) IS
    'GET /customers/statistics; activeCustomers by status, recentCustomers of the last 30 days. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.customer_get(actor uuid, token_version integer, token_id uuid, request_id text, id uuid) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    doc jsonb := mjc_api.staff_customer_get(actor, token_version, token_id, request_id, id);
BEGIN
    RETURN CASE WHEN doc IS NOT NULL THEN json_build_object('customer', doc || '{"reviews": []}') END;
END
$$;
COMMENT ON FUNCTION mjc_api.customer_get(uuid, integer, uuid, text, uuid) IS
    'GET /customers/:id; the look is on record. Errors: MJ009, MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.customer_create(actor uuid, token_version integer, token_id uuid, request_id text, idempotency_key text,
    email text, first_name text, last_name text, phone text, customer_type text, company_name text, vat_number text,
    rc text, nif text, nis text, ai text, OUT body json, OUT replayed boolean)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    SELECT json_build_object('customer', x.body), x.replayed INTO body, replayed
      FROM mjc_api.staff_customer_create(actor, token_version, token_id, request_id, idempotency_key, email, first_name, last_name, phone,
               customer_type, company_name, vat_number, rc, nif, nis, ai) x;
END
$$;
COMMENT ON FUNCTION mjc_api.customer_create(uuid, integer, uuid, text, text, text, text, text, text, text, text, text, text, text, text, text) IS
    'POST /customers: an account without a password, whose owner is sent a link to set one. Errors: MJ003, MJ006, MJ009, MJ010, MJ021, MJ022, MJ023, MJ060, MJ063, MJ064, MJ305, MJ602';

CREATE FUNCTION mjc_api.customer_update(actor uuid, token_version integer, token_id uuid, request_id text, id uuid, doc text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    shown json := mjc_api.staff_customer_update(actor, token_version, token_id, request_id, id, doc);
BEGIN
    RETURN CASE WHEN shown IS NOT NULL THEN json_build_object('customer', shown) END;
END
$$;
COMMENT ON FUNCTION mjc_api.customer_update(uuid, integer, uuid, text, uuid, text) IS
    'PUT /customers/:id: the fields that are given, null clears. Errors: MJ003, MJ006, MJ009, MJ010, MJ060, MJ063, MJ064, MJ305, MJ653';

CREATE FUNCTION mjc_api.customer_activate(actor uuid, token_version integer, token_id uuid, request_id text, id uuid) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc_api.staff_customer_status_set(actor, token_version, token_id, request_id, id, 'active');
END
$$;
COMMENT ON FUNCTION mjc_api.customer_activate(uuid, integer, uuid, text, uuid) IS
    'PATCH /customers/:id/activate. Errors: MJ009, MJ060, MJ063, MJ064, MJ653';

CREATE FUNCTION mjc_api.customer_deactivate(actor uuid, token_version integer, token_id uuid, request_id text, id uuid) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc_api.staff_customer_status_set(actor, token_version, token_id, request_id, id, 'inactive');
END
$$;
COMMENT ON FUNCTION mjc_api.customer_deactivate(uuid, integer, uuid, text, uuid) IS
    'PATCH /customers/:id/deactivate. Errors: MJ009, MJ060, MJ063, MJ064, MJ653';

---------------------------------------------------------- customers themselves

CREATE FUNCTION mjc_api.customer_me(actor uuid, token_version integer, token_id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    mine uuid := mjc.need_account(actor, token_version, token_id);
    doc jsonb;
BEGIN
    doc := mjc.customer_doc(mine, false);
    RETURN CASE WHEN doc IS NOT NULL THEN json_build_object('customer', doc, 'addresses', doc -> 'addresses') END;
END
$$;
COMMENT ON FUNCTION mjc_api.customer_me(uuid, integer, uuid) IS
    'GET /customers/profile/me; NULL for an account that is no customer''s. Errors: MJ063';

CREATE FUNCTION mjc_api.customer_me_set(actor uuid, token_version integer, token_id uuid, request_id text, doc text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    mine uuid;
BEGIN
    PERFORM mjc.check_schema();
    mine := mjc.need_account(actor, token_version, token_id);
    IF mjc.customer_write(NULL, 'self', mine, doc::jsonb, request_id) IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN json_build_object('customer', mjc.customer_doc(mine, false));
END
$$;
COMMENT ON FUNCTION mjc_api.customer_me_set(uuid, integer, uuid, text, text) IS
    'PUT /customers/profile/me: the fields that are given, null clears; no other field is taken. Errors: MJ003, MJ006, MJ009, MJ010, MJ063, MJ305, MJ653';

CREATE FUNCTION mjc_api.customer_order_list(actor uuid, token_version integer, token_id uuid, page integer, page_size integer) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    mine uuid := mjc.need_account(actor, token_version, token_id);
BEGIN
    RETURN mjc.customer_orders(mine, coalesce(page, 1), coalesce(page_size, 10), false);
END
$$;
COMMENT ON FUNCTION mjc_api.customer_order_list(uuid, integer, uuid, integer, integer) IS
    'GET /customers/orders/history: newest first. Errors: MJ060, MJ063';

CREATE FUNCTION mjc_api.address_add(actor uuid, token_version integer, token_id uuid, request_id text, idempotency_key text,
    type text, street text, city text,
    postal_code text, region text, country text, label text, is_default boolean, OUT body json, OUT replayed boolean)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    mine uuid;
    doc jsonb := jsonb_strip_nulls(jsonb_build_object('type', type, 'street', street, 'city', city, 'postalCode', postal_code,
        'region', region, 'country', country, 'label', label, 'isDefault', is_default));
    claim bytea;
    made uuid;
BEGIN
    PERFORM mjc.check_schema();
    mine := mjc.need_account(actor, token_version, token_id);
    SELECT * INTO claim, body, replayed FROM mjc.idempotency_begin('address_add', mine, idempotency_key, doc::text);
    IF NOT replayed THEN
        made := mjc.address_write(mine, NULL, doc);
        IF made IS NULL THEN
            PERFORM mjc.raise('NOT_FOUND');
        END IF;
        body := mjc.idempotency_end(claim, 'address', mine, json_build_object('address', mjc.address_json(mine, made) -> 0));
    END IF;
END
$$;
COMMENT ON FUNCTION mjc_api.address_add(uuid, integer, uuid, text, text, text, text, text, text, text, text, text, boolean) IS
    'POST /customers/addresses: the first of a type is its default. Errors: MJ003, MJ004, MJ006, MJ009, MJ010, MJ021, MJ022, MJ023, MJ060, MJ063, MJ653, MJ654';

CREATE FUNCTION mjc_api.address_set(actor uuid, token_version integer, token_id uuid, request_id text, address_id uuid,
    type text, street text, city text,
    postal_code text, region text, country text, label text, is_default boolean) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    mine uuid;
    doc jsonb := jsonb_strip_nulls(jsonb_build_object('type', type, 'street', street, 'city', city, 'postalCode', postal_code,
        'region', region, 'country', country, 'label', label, 'isDefault', is_default));
BEGIN
    PERFORM mjc.check_schema();
    mine := mjc.need_account(actor, token_version, token_id);
    IF mjc.address_write(mine, coalesce(address_id, mjc.no_uuid()), doc) IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN json_build_object('address', mjc.address_json(mine, address_id) -> 0);
END
$$;
COMMENT ON FUNCTION mjc_api.address_set(uuid, integer, uuid, text, uuid, text, text, text, text, text, text, text, boolean) IS
    'PUT /customers/addresses/:addressId: the whole address; NULL when it is not his. Errors: MJ003, MJ006, MJ009, MJ010, MJ063, MJ653';

CREATE FUNCTION mjc_api.address_remove(actor uuid, token_version integer, token_id uuid, request_id text, address_id uuid) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    mine uuid;
BEGIN
    PERFORM mjc.check_schema();
    mine := mjc.need_account(actor, token_version, token_id);
    IF mjc.address_drop(mine, address_id) IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN json_build_object('deleted', true);
END
$$;
COMMENT ON FUNCTION mjc_api.address_remove(uuid, integer, uuid, text, uuid) IS
    'DELETE /customers/addresses/:addressId: orders keep their own copy; NULL when it is not his. Errors: MJ009, MJ063, MJ653';
