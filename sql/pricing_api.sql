-- pricing_api: the routes of staff for prices, promotions, coupons, tariffs and gift
-- cards. Each item is the document of its kind (price_list.sql, promotion.sql, tariff.sql,
-- credit.sql) with its id and times; NULL is the answer for what there is not (404).
--
-- A create claims the request before anything else, and keeps the reply for its repeats.

CREATE FUNCTION mjc.no_uuid() RETURNS uuid
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT '00000000-0000-0000-0000-000000000000'::pg_catalog.uuid $$;
COMMENT ON FUNCTION mjc.no_uuid() IS 'An id that nothing has: where NULL would mean a new one';

CREATE FUNCTION mjc.price_item(product_id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT mjc.price_doc(p.product_id) || jsonb_build_object('productId', p.product_id, 'saleFrom', mjc.iso(p.sale_from_at),
                       'saleUntil', mjc.iso(p.sale_until_at), 'updatedAt', mjc.iso(p.updated_at))
              FROM mjc.product p WHERE p.product_id = price_item.product_id);
END
$$;
COMMENT ON FUNCTION mjc.price_item(uuid) IS 'The base prices of a product as REST shows them';

CREATE FUNCTION mjc.price_list_item(id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT mjc.price_list_doc(l.price_list_id) || jsonb_build_object('id', l.price_list_id, 'createdAt', mjc.iso(l.created_at),
                       'updatedAt', mjc.iso(l.updated_at), 'prices', (SELECT count(*) FROM mjc.price p WHERE p.price_list_id = l.price_list_id))
              FROM mjc.price_list l WHERE l.price_list_id = id);
END
$$;
COMMENT ON FUNCTION mjc.price_list_item(uuid) IS 'A price list as REST shows it';

CREATE FUNCTION mjc.list_price_item(id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT mjc.list_price_doc(p.price_id) || jsonb_build_object('id', p.price_id, 'priceListId', p.price_list_id, 'sku', r.sku,
                       'productName', r.name, 'from', mjc.iso(lower(p.validity)), 'until', mjc.iso(upper(p.validity)),
                       'state', CASE WHEN upper(p.validity) <= clock_timestamp() THEN 'past' WHEN lower(p.validity) > clock_timestamp() THEN 'coming' ELSE 'running' END)
              FROM mjc.price p JOIN mjc.product r ON r.product_id = p.product_id WHERE p.price_id = id);
END
$$;
COMMENT ON FUNCTION mjc.list_price_item(uuid) IS 'A price of a price list as REST shows it';

CREATE FUNCTION mjc.promotion_item(id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT mjc.promotion_doc(p.promotion_id) || jsonb_build_object('id', p.promotion_id, 'from', mjc.iso(lower(p.validity)),
                       'until', mjc.iso(upper(p.validity)), 'createdAt', mjc.iso(p.created_at), 'updatedAt', mjc.iso(p.updated_at))
              FROM mjc.promotion p WHERE p.promotion_id = id);
END
$$;
COMMENT ON FUNCTION mjc.promotion_item(uuid) IS 'A promotion as REST shows it';

CREATE FUNCTION mjc.coupon_item(code text) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT mjc.coupon_doc(c.code) || jsonb_build_object('id', c.code, 'code', c.code, 'promotionId', c.promotion_id, 'uses', mjc.coupon_uses(c.code),
                       'from', mjc.iso(lower(c.validity)), 'until', mjc.iso(upper(c.validity)), 'createdAt', mjc.iso(c.created_at),
                       'updatedAt', mjc.iso(c.updated_at))
              FROM mjc.coupon c WHERE c.code = coupon_item.code);
END
$$;
COMMENT ON FUNCTION mjc.coupon_item(text) IS 'A coupon as REST shows it, with its uses';

CREATE FUNCTION mjc.credit_item(id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT jsonb_build_object('id', c.credit_id, 'kind', c.kind, 'customer', c.customer_id, 'balance', mjc.dzd(mjc.credit_balance(c.credit_id)),
                       'lastFour', (SELECT k.last_four FROM mjc.credit_code k WHERE k.credit_id = c.credit_id LIMIT 1),
                       'expiresOn', mjc.algiers_date(c.expires_at) - 1, 'active', c.is_active, 'createdAt', mjc.iso(c.created_at))
              FROM mjc.credit c WHERE c.credit_id = id);
END
$$;
COMMENT ON FUNCTION mjc.credit_item(uuid) IS 'A gift card or store credit as REST shows it: the last four characters of its code, never the code';

-------------------------------------------------------------- customer groups

CREATE FUNCTION mjc_api.staff_customer_group_list(actor uuid, token_version integer, token_id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    RETURN (SELECT json_build_object('customerGroups', coalesce(json_agg(mjc.customer_group_doc(g.customer_group) ORDER BY g.sort_order, g.customer_group), '[]'::json))
              FROM mjc.customer_group g);
END
$$;
COMMENT ON FUNCTION mjc_api.staff_customer_group_list(uuid, integer, uuid) IS
    'GET /admin/customer-groups. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_customer_group_set(actor uuid, token_version integer, token_id uuid, request_id text, code text, doc text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    RETURN json_build_object('customerGroup', mjc.customer_group_write(actor, 'rest', code, doc::jsonb, request_id));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_customer_group_set(uuid, integer, uuid, text, text, text) IS
    'PUT /admin/customer-groups/:code: makes or changes it. Errors: MJ003, MJ006, MJ010, MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_customer_group_assign(actor uuid, token_version integer, token_id uuid,
    request_id text, customer_id uuid, customer_group text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    RETURN mjc.customer_group_move(actor, 'rest', customer_id, customer_group, request_id);
END
$$;
COMMENT ON FUNCTION mjc_api.staff_customer_group_assign(uuid, integer, uuid, text, uuid, text) IS
    'PUT /admin/customers/:id/group: NULL when there is no such customer. Errors: MJ060, MJ063, MJ064, MJ216';

------------------------------------------------------------------ base prices

CREATE FUNCTION mjc_api.staff_price_set(actor uuid, token_version integer, token_id uuid, request_id text, product_id uuid, doc text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    IF mjc.price_write(actor, 'rest', product_id, doc::jsonb, request_id) IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN json_build_object('price', mjc.price_item(product_id));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_price_set(uuid, integer, uuid, text, uuid, text) IS
    'PUT /admin/products/:id/price: NULL when there is no such product. Errors: MJ003, MJ006, MJ010, MJ060, MJ063, MJ064';

------------------------------------------------------------------ price lists

CREATE FUNCTION mjc_api.staff_price_list_list(actor uuid, token_version integer, token_id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    RETURN (SELECT json_build_object('priceLists', coalesce(json_agg(mjc.price_list_item(l.price_list_id) ORDER BY l.code), '[]'::json)) FROM mjc.price_list l);
END
$$;
COMMENT ON FUNCTION mjc_api.staff_price_list_list(uuid, integer, uuid) IS
    'GET /admin/price-lists. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_price_list_create(actor uuid, token_version integer, token_id uuid,
    request_id text, idempotency_key text, doc text, OUT body json, OUT replayed boolean)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    claim bytea;
    id uuid;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    SELECT * INTO claim, body, replayed FROM mjc.idempotency_begin('staff_price_list_create', actor, idempotency_key, doc);
    IF NOT replayed THEN
        id := mjc.price_list_write(actor, 'rest', NULL, doc::jsonb, request_id);
        body := mjc.idempotency_end(claim, 'price_list', id, json_build_object('priceList', mjc.price_list_item(id)));
    END IF;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_price_list_create(uuid, integer, uuid, text, text, text) IS
    'POST /admin/price-lists. Errors: MJ003, MJ006, MJ010, MJ021, MJ022, MJ023, MJ060, MJ063, MJ064, MJ214, MJ216';

CREATE FUNCTION mjc_api.staff_price_list_update(actor uuid, token_version integer, token_id uuid, request_id text, id uuid, doc text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    id := mjc.price_list_write(actor, 'rest', coalesce(id, mjc.no_uuid()), doc::jsonb, request_id);
    RETURN mjc.doc_under('priceList', mjc.price_list_item(id));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_price_list_update(uuid, integer, uuid, text, uuid, text) IS
    'PUT /admin/price-lists/:id; once it has prices only the name. Errors: MJ003, MJ006, MJ010, MJ060, MJ063, MJ064, MJ214, MJ215, MJ216';

CREATE FUNCTION mjc_api.staff_price_list_delete(actor uuid, token_version integer, token_id uuid, request_id text, id uuid) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    removed boolean;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    removed := mjc.price_list_drop(actor, 'rest', id, request_id);
    IF removed IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN json_build_object('deleted', removed, 'priceList', mjc.price_list_item(id));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_price_list_delete(uuid, integer, uuid, text, uuid) IS
    'DELETE /admin/price-lists/:id: ends its prices; deleted false: some had begun, so the list stays. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_price_list_prices(actor uuid, token_version integer, token_id uuid, id uuid, page integer, page_size integer, product_id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    size integer := coalesce(page_size, 50);
    number integer := coalesce(page, 1);
    total bigint;
    list json;
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    IF mjc.price_list_doc(id) IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT count(*) INTO total FROM mjc.price p WHERE p.price_list_id = id AND (staff_price_list_prices.product_id IS NULL OR p.product_id = staff_price_list_prices.product_id);
    SELECT coalesce(json_agg(mjc.list_price_item(x.price_id) ORDER BY x.n), '[]'::json) INTO list
      FROM (SELECT p.price_id, row_number() OVER (ORDER BY p.product_id, lower(p.qty), lower(p.validity)) AS n FROM mjc.price p WHERE p.price_list_id = id AND (staff_price_list_prices.product_id IS NULL OR p.product_id = staff_price_list_prices.product_id)
             ORDER BY p.product_id, lower(p.qty), lower(p.validity) LIMIT size OFFSET (number - 1)::bigint * size) x;
    RETURN json_build_object('prices', list, 'pagination', mjc.pagination(number, size, total));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_price_list_prices(uuid, integer, uuid, uuid, integer, integer, uuid) IS
    'GET /admin/price-lists/:id/prices, past ones too; NULL when there is no such list. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_price_create(actor uuid, token_version integer, token_id uuid,
    request_id text, idempotency_key text, id uuid, doc text, OUT body json, OUT replayed boolean)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    claim bytea;
    made uuid;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    IF mjc.price_list_doc(id) IS NULL THEN
        replayed := false;
        RETURN;
    END IF;
    SELECT * INTO claim, body, replayed FROM mjc.idempotency_begin('staff_price_create', actor, idempotency_key, jsonb_build_array(id, doc)::text);
    IF NOT replayed THEN
        made := mjc.price_add(actor, 'rest', id, doc::jsonb, request_id);
        body := mjc.idempotency_end(claim, 'price', made, json_build_object('price', mjc.list_price_item(made)));
    END IF;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_price_create(uuid, integer, uuid, text, text, uuid, text) IS
    'POST /admin/price-lists/:id/prices: body NULL when there is no such list. Errors: MJ003, MJ006, MJ010, MJ021, MJ022, MJ023, MJ060, MJ063, MJ064, MJ212';

CREATE FUNCTION mjc_api.staff_price_end(actor uuid, token_version integer, token_id uuid, request_id text, id uuid, price_id uuid) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    what text;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    what := mjc.price_stop(actor, 'rest', id, price_id, request_id);
    IF what IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN json_build_object('result', what, 'price', mjc.list_price_item(price_id));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_price_end(uuid, integer, uuid, text, uuid, uuid) IS
    'DELETE /admin/price-lists/:id/prices/:priceId: result is ended, or deleted when it had not begun. Errors: MJ060, MJ063, MJ064';

------------------------------------------------------------------- promotions

CREATE FUNCTION mjc_api.staff_promotion_list(actor uuid, token_version integer, token_id uuid, page integer, page_size integer, active boolean) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    size integer := coalesce(page_size, 50);
    number integer := coalesce(page, 1);
    total bigint;
    list json;
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    SELECT count(*) INTO total FROM mjc.promotion p WHERE active IS NULL OR p.is_active = active;
    SELECT coalesce(json_agg(mjc.promotion_item(x.promotion_id) ORDER BY x.n), '[]'::json) INTO list
      FROM (SELECT p.promotion_id, row_number() OVER (ORDER BY p.priority, p.code) AS n FROM mjc.promotion p WHERE active IS NULL OR p.is_active = active
             ORDER BY p.priority, p.code LIMIT size OFFSET (number - 1)::bigint * size) x;
    RETURN json_build_object('promotions', list, 'pagination', mjc.pagination(number, size, total));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_promotion_list(uuid, integer, uuid, integer, integer, boolean) IS
    'GET /admin/promotions, in the order in which they apply. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_promotion_create(actor uuid, token_version integer, token_id uuid,
    request_id text, idempotency_key text, doc text, OUT body json, OUT replayed boolean)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    claim bytea;
    id uuid;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    SELECT * INTO claim, body, replayed FROM mjc.idempotency_begin('staff_promotion_create', actor, idempotency_key, doc);
    IF NOT replayed THEN
        id := mjc.promotion_write(actor, 'rest', NULL, doc::jsonb, request_id);
        body := mjc.idempotency_end(claim, 'promotion', id, json_build_object('promotion', mjc.promotion_item(id)));
    END IF;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_promotion_create(uuid, integer, uuid, text, text, text) IS
    'POST /admin/promotions. Errors: MJ003, MJ006, MJ010, MJ021, MJ022, MJ023, MJ060, MJ063, MJ064, MJ214, MJ216, MJ219';

CREATE FUNCTION mjc_api.staff_promotion_get(actor uuid, token_version integer, token_id uuid, id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    RETURN (SELECT json_build_object('promotion', d.item) FROM mjc.promotion_item(id) d (item) WHERE d.item IS NOT NULL);
END
$$;
COMMENT ON FUNCTION mjc_api.staff_promotion_get(uuid, integer, uuid, uuid) IS
    'GET /admin/promotions/:id. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_promotion_update(actor uuid, token_version integer, token_id uuid, request_id text, id uuid, doc text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    id := mjc.promotion_write(actor, 'rest', coalesce(id, mjc.no_uuid()), doc::jsonb, request_id);
    RETURN mjc.doc_under('promotion', mjc.promotion_item(id));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_promotion_update(uuid, integer, uuid, text, uuid, text) IS
    'PUT /admin/promotions/:id. Errors: MJ003, MJ006, MJ010, MJ060, MJ063, MJ064, MJ214, MJ215, MJ216, MJ219';

CREATE FUNCTION mjc_api.staff_promotion_delete(actor uuid, token_version integer, token_id uuid, request_id text, id uuid) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    RETURN (SELECT json_build_object('deleted', d.removed) FROM mjc.promotion_drop(actor, 'rest', id, request_id) d (removed) WHERE d.removed IS NOT NULL);
END
$$;
COMMENT ON FUNCTION mjc_api.staff_promotion_delete(uuid, integer, uuid, text, uuid) IS
    'DELETE /admin/promotions/:id. Errors: MJ060, MJ063, MJ064, MJ215 it was on or has coupons: make it inactive';

CREATE FUNCTION mjc_api.staff_promotion_what_if(actor uuid, token_version integer, token_id uuid, id uuid, date_from timestamptz, date_to timestamptz) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    IF mjc.promotion_doc(id) IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN (
        WITH tried AS MATERIALIZED (
            SELECT w.order_id, w.reference, w.total_before, w.total_after, w.difference, w.n
              FROM mjc.what_if(id, coalesce(date_from, now() - interval '30 days'), coalesce(date_to, now()))
                   WITH ORDINALITY w (order_id, reference, total_before, total_after, difference, n))
        SELECT json_build_object('orders', count(*), 'changed', count(*) FILTER (WHERE t.difference <> 0),
                   'totalBefore', mjc.dzd(coalesce(sum(t.total_before), 0)::bigint), 'totalAfter', mjc.dzd(coalesce(sum(t.total_after), 0)::bigint),
                   'difference', mjc.dzd(coalesce(sum(t.difference), 0)::bigint),
                   'sample', (SELECT coalesce(json_agg(json_build_object('orderId', s.order_id, 'orderNumber', s.reference,
                                         'totalBefore', mjc.dzd(s.total_before), 'totalAfter', mjc.dzd(s.total_after),
                                         'difference', mjc.dzd(s.difference)) ORDER BY s.n), '[]'::json)
                                FROM (SELECT x.order_id, x.reference, x.total_before, x.total_after, x.difference, x.n FROM tried x
                                       WHERE x.difference <> 0 ORDER BY x.n LIMIT 20) s))
          FROM tried t);
END
$$;
COMMENT ON FUNCTION mjc_api.staff_promotion_what_if(uuid, integer, uuid, uuid, timestamptz, timestamptz) IS
    'POST /admin/promotions/:id/what-if: what the orders of a time (default: 30 days) would have cost with it; sample: the first 20 that it changes. Errors: MJ060, MJ063, MJ064';

---------------------------------------------------------------------- coupons

CREATE FUNCTION mjc_api.staff_coupon_list(actor uuid, token_version integer, token_id uuid, page integer, page_size integer, promotion_id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    size integer := coalesce(page_size, 50);
    number integer := coalesce(page, 1);
    total bigint;
    list json;
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    SELECT count(*) INTO total FROM mjc.coupon c WHERE staff_coupon_list.promotion_id IS NULL OR c.promotion_id = staff_coupon_list.promotion_id;
    SELECT coalesce(json_agg(mjc.coupon_item(x.code) ORDER BY x.n), '[]'::json) INTO list
      FROM (SELECT c.code, row_number() OVER (ORDER BY c.created_at DESC, c.code) AS n FROM mjc.coupon c WHERE staff_coupon_list.promotion_id IS NULL OR c.promotion_id = staff_coupon_list.promotion_id
             ORDER BY c.created_at DESC, c.code LIMIT size OFFSET (number - 1)::bigint * size) x;
    RETURN json_build_object('coupons', list, 'pagination', mjc.pagination(number, size, total));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_coupon_list(uuid, integer, uuid, integer, integer, uuid) IS
    'GET /admin/coupons, newest first, with their uses. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_coupon_create(actor uuid, token_version integer, token_id uuid,
    request_id text, idempotency_key text, doc text, OUT body json, OUT replayed boolean)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wanted jsonb;
    claim bytea;
    made text;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    SELECT * INTO claim, body, replayed FROM mjc.idempotency_begin('staff_coupon_create', actor, idempotency_key, doc);
    IF NOT replayed THEN
        wanted := doc::jsonb;
        PERFORM mjc.doc_check(wanted, '{code,promotion,maxUses,maxUsesPerCustomer,customer,from,until,active}');
        PERFORM mjc.doc_need(jsonb_strip_nulls(wanted), '{code}');
        made := mjc.coupon_write(actor, 'rest', mjc.doc_text(wanted, 'code', 1, 100), wanted - 'code', true, request_id);
        body := mjc.idempotency_end(claim, 'coupon', (SELECT c.promotion_id FROM mjc.coupon c WHERE c.code = made), json_build_object('coupon', mjc.coupon_item(made)));
    END IF;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_coupon_create(uuid, integer, uuid, text, text, text) IS
    'POST /admin/coupons: the document with its code. Errors: MJ003, MJ006, MJ010, MJ021, MJ022, MJ023, MJ060, MJ063, MJ064, MJ214';

CREATE FUNCTION mjc_api.staff_coupon_get(actor uuid, token_version integer, token_id uuid, code text) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    RETURN (SELECT json_build_object('coupon', d.item) FROM mjc.coupon_item(mjc.coupon_key(code)) d (item) WHERE d.item IS NOT NULL);
END
$$;
COMMENT ON FUNCTION mjc_api.staff_coupon_get(uuid, integer, uuid, text) IS
    'GET /admin/coupons/:code. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_coupon_update(actor uuid, token_version integer, token_id uuid, request_id text, code text, doc text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    IF mjc.coupon_write(actor, 'rest', code, doc::jsonb, false, request_id) IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN json_build_object('coupon', mjc.coupon_item(mjc.coupon_key(code)));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_coupon_update(uuid, integer, uuid, text, text, text) IS
    'PUT /admin/coupons/:code. Errors: MJ003, MJ006, MJ010, MJ060, MJ063, MJ064, MJ215';

CREATE FUNCTION mjc_api.staff_coupon_delete(actor uuid, token_version integer, token_id uuid, request_id text, code text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    RETURN (SELECT json_build_object('deleted', d.removed) FROM mjc.coupon_drop(actor, 'rest', code, request_id) d (removed) WHERE d.removed IS NOT NULL);
END
$$;
COMMENT ON FUNCTION mjc_api.staff_coupon_delete(uuid, integer, uuid, text, text) IS
    'DELETE /admin/coupons/:code. Errors: MJ060, MJ063, MJ064, MJ215 it was used: make it inactive';

---------------------------------------------------------------------- tariffs

CREATE FUNCTION mjc_api.staff_tariff_list(actor uuid, token_version integer, token_id uuid, place text, delivery_mode text) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    RETURN (SELECT json_build_object('tariffs', coalesce(json_agg(mjc.doc_with_id(mjc.tariff_doc(t.tariff_id), t.tariff_id) ORDER BY t.place_code, t.delivery_mode, lower(t.validity), t.tariff_id), '[]'::json))
              FROM mjc.shipping_tariff t
             WHERE (place IS NULL OR t.place_code = coalesce(mjc.wilaya_find(place), place))
               AND (staff_tariff_list.delivery_mode IS NULL OR t.delivery_mode = staff_tariff_list.delivery_mode));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_tariff_list(uuid, integer, uuid, text, text) IS
    'GET /admin/shipping-tariffs: past, running, coming ones and drafts. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_tariff_create(actor uuid, token_version integer, token_id uuid,
    request_id text, idempotency_key text, doc text, OUT body json, OUT replayed boolean)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    claim bytea;
    id uuid;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    SELECT * INTO claim, body, replayed FROM mjc.idempotency_begin('staff_tariff_create', actor, idempotency_key, doc);
    IF NOT replayed THEN
        id := mjc.tariff_write(actor, 'rest', NULL, doc::jsonb, request_id);
        body := mjc.idempotency_end(claim, 'tariff', id, json_build_object('tariff', mjc.doc_with_id(mjc.tariff_doc(id), id)));
    END IF;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_tariff_create(uuid, integer, uuid, text, text, text) IS
    'POST /admin/shipping-tariffs. Errors: MJ003, MJ006, MJ010, MJ021, MJ022, MJ023, MJ060, MJ063, MJ064, MJ213, MJ217';

CREATE FUNCTION mjc_api.staff_tariff_update(actor uuid, token_version integer, token_id uuid, request_id text, id uuid, doc text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    id := mjc.tariff_write(actor, 'rest', coalesce(id, mjc.no_uuid()), doc::jsonb, request_id);
    RETURN mjc.doc_under('tariff', mjc.doc_with_id(mjc.tariff_doc(id), id));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_tariff_update(uuid, integer, uuid, text, uuid, text) IS
    'PUT /admin/shipping-tariffs/:id; of one that has begun only the last day. Errors: MJ003, MJ006, MJ010, MJ060, MJ063, MJ064, MJ213, MJ215, MJ217';

CREATE FUNCTION mjc_api.staff_tariff_delete(actor uuid, token_version integer, token_id uuid, request_id text, id uuid) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    what text;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    what := mjc.tariff_drop(actor, 'rest', id, request_id);
    IF what IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN json_build_object('result', what, 'tariff', mjc.doc_with_id(mjc.tariff_doc(id), id));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_tariff_delete(uuid, integer, uuid, text, uuid) IS
    'DELETE /admin/shipping-tariffs/:id: result is deleted, or ended when it had begun: today is its last day. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_carrier_zone_list(actor uuid, token_version integer, token_id uuid, carrier text) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    RETURN (SELECT json_build_object('carrierZones', coalesce(json_agg(json_build_object('carrier', z.carrier, 'wilaya', z.wilaya_code, 'wilayaName', w.name,
                       'zone', z.zone_code, 'from', lower(z.validity), 'until', upper(z.validity) - 1) ORDER BY z.carrier, z.wilaya_code, z.validity), '[]'::json))
              FROM mjc.carrier_zone z JOIN mjc.wilaya w ON w.code = z.wilaya_code
             WHERE staff_carrier_zone_list.carrier IS NULL OR z.carrier = staff_carrier_zone_list.carrier);
END
$$;
COMMENT ON FUNCTION mjc_api.staff_carrier_zone_list(uuid, integer, uuid, text) IS
    'GET /admin/carrier-zones. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_carrier_zone_set(actor uuid, token_version integer, token_id uuid, request_id text, doc text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    RETURN json_build_object('carrierZone', mjc.carrier_zone_write(actor, 'rest', doc::jsonb, request_id));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_carrier_zone_set(uuid, integer, uuid, text, text) IS
    'POST /admin/carrier-zones. Errors: MJ003, MJ006, MJ010, MJ060, MJ063, MJ064';

----------------------------------------------------------------------- credit

CREATE FUNCTION mjc_api.staff_credit_list(actor uuid, token_version integer, token_id uuid, page integer, page_size integer) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    size integer := coalesce(page_size, 50);
    number integer := coalesce(page, 1);
    total bigint;
    list json;
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    SELECT count(*) INTO total FROM mjc.credit c WHERE true;
    SELECT coalesce(json_agg(mjc.credit_item(x.credit_id) ORDER BY x.n), '[]'::json) INTO list
      FROM (SELECT c.credit_id, row_number() OVER (ORDER BY c.created_at DESC, c.credit_id) AS n FROM mjc.credit c WHERE true
             ORDER BY c.created_at DESC, c.credit_id LIMIT size OFFSET (number - 1)::bigint * size) x;
    RETURN json_build_object('credits', list, 'pagination', mjc.pagination(number, size, total));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_credit_list(uuid, integer, uuid, integer, integer) IS
    'GET /admin/gift-cards: gift cards and store credit, newest first, never a code. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_gift_card_issue(actor uuid, token_version integer, token_id uuid,
    request_id text, idempotency_key text, doc text, OUT body json, OUT replayed boolean)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    claim bytea;
    card record;
    shown jsonb;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    SELECT * INTO claim, body, replayed FROM mjc.idempotency_begin('staff_gift_card_issue', actor, idempotency_key, doc);
    IF NOT replayed THEN
        card := mjc.gift_card_write(actor, 'rest', doc::jsonb, NULL, request_id);
        shown := mjc.credit_item(card.credit_id);
        -- The code is in this answer alone: a repeat is told null.
        body := json_build_object('giftCard', shown || jsonb_build_object('code', card.code));
        PERFORM mjc.idempotency_end(claim, 'credit', card.credit_id,
            jsonb_build_object('giftCard', shown || jsonb_build_object('code', NULL))::json);
    END IF;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_gift_card_issue(uuid, integer, uuid, text, text, text) IS
    'POST /admin/gift-cards: the answer shows the code, a repeat of the request null instead. Errors: MJ003, MJ006, MJ010, MJ021, MJ022, MJ023, MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_credit_get(actor uuid, token_version integer, token_id uuid, id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    RETURN (
        SELECT json_build_object('credit', mjc.credit_item(c.credit_id) || jsonb_build_object('movements', (
                   SELECT coalesce(jsonb_agg(jsonb_build_object('seq', l.seq, 'kind', l.kind, 'amount', mjc.dzd(l.amount_centimes),
                              'balance', mjc.dzd(l.balance_centimes), 'orderId', l.order_id, 'reason', l.reason, 'at', mjc.iso(l.at)) ORDER BY l.seq), '[]')
                     FROM mjc.credit_ledger l WHERE l.credit_id = c.credit_id)))
          FROM mjc.credit c WHERE c.credit_id = id);
END
$$;
COMMENT ON FUNCTION mjc_api.staff_credit_get(uuid, integer, uuid, uuid) IS
    'GET /admin/gift-cards/:id with its movements. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_credit_close(actor uuid, token_version integer, token_id uuid, request_id text, id uuid) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    IF mjc.credit_stop(actor, 'rest', id, NULL, request_id) IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN json_build_object('credit', mjc.credit_item(id));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_credit_close(uuid, integer, uuid, text, uuid) IS
    'DELETE /admin/gift-cards/:id: nothing can be spent of it any more. Errors: MJ060, MJ063, MJ064';
