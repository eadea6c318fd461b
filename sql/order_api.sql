-- order_api: the order routes (shim/routes.c), one function each.

CREATE FUNCTION mjc_api.order_place_guest(request_id text, idempotency_key text, product_ids uuid[], quantities integer[],
    first_name text, last_name text, phone text, email text, profession text, street text, city text,
    postal_code text, region text, country text, note text, coupons text[] DEFAULT NULL, gift_cards text[] DEFAULT NULL,
    delivery_mode text DEFAULT NULL, payment_method text DEFAULT NULL, OUT body json, OUT replayed boolean)
    RETURNS record
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_api_order_place_guest';
COMMENT ON FUNCTION mjc_api.order_place_guest(text, text, uuid[], integer[], text, text, text, text, text, text, text, text, text, text, text, text[], text[], text, text) IS
    'POST /orders/guest: cash on delivery unless told; the same key or the same request within the double-submit window is one order. Errors: MJ003, MJ006, MJ009, MJ010, MJ021, MJ022, MJ101, MJ102, MJ104, MJ201 to MJ211, MJ217, MJ218, MJ302 to MJ305, MJ402';

CREATE FUNCTION mjc_api.order_place(actor uuid, token_version integer, token_id uuid, request_id text, idempotency_key text,
    product_ids uuid[], quantities integer[], phone text, info_phone text, street text, city text, postal_code text, region text,
    country text, note text, coupons text[] DEFAULT NULL, gift_cards text[] DEFAULT NULL, delivery_mode text DEFAULT NULL,
    store_credit boolean DEFAULT NULL, payment_method text DEFAULT NULL, OUT body json, OUT replayed boolean)
    RETURNS record
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_api_order_place';
COMMENT ON FUNCTION mjc_api.order_place(uuid, integer, uuid, text, text, uuid[], integer[], text, text, text, text, text, text, text, text, text[], text[], text, boolean, text) IS
    'POST /orders: names and e-mail are those of the account; phone and region, where the account has none. What was ordered leaves the cart. Errors: MJ003, MJ004, MJ006, MJ009, MJ010, MJ021, MJ022, MJ060, MJ063, MJ074, MJ101, MJ102, MJ104, MJ201 to MJ211, MJ217, MJ218, MJ302, MJ305, MJ402, MJ652';

CREATE FUNCTION mjc_api.order_list(actor uuid, token_version integer, token_id uuid, page integer, page_size integer,
    status text, sort_by text, sort_order text) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    mine uuid := mjc.need_account(actor, token_version, token_id);
    number integer := coalesce(page, 1);
    size integer := coalesce(page_size, 10);
    -- One direction, whatever it is: ties go by id.
    key text := CASE coalesce(sort_by, 'orderDate')
        WHEN 'orderDate' THEN 'o.placed_at' WHEN 'createdAt' THEN 'o.placed_at' WHEN 'updatedAt' THEN 'o.updated_at'
        WHEN 'total' THEN 'o.total_centimes' WHEN 'totalAmount' THEN 'o.total_centimes' WHEN 'orderNumber' THEN 'o.reference'
        WHEN 'status' THEN 'o.status' END;
    ordering text := key || CASE lower(coalesce(sort_order, 'desc')) WHEN 'asc' THEN ' ASC' WHEN 'desc' THEN ' DESC' END || ', o.order_id';
    total bigint;
    list json;
BEGIN
    IF ordering IS NULL THEN
        PERFORM mjc.raise('ARGUMENT_INVALID', 'argument', CASE WHEN key IS NULL THEN 'sortBy' ELSE 'sortOrder' END);
    END IF;
    SELECT count(*) INTO total FROM mjc.order o
     WHERE o.customer_id = mine AND (order_list.status IS NULL OR o.status = order_list.status);
    EXECUTE 'SELECT json_agg(mjc.order_json(x.order_id) ORDER BY x.n) FROM (SELECT o.order_id, row_number() OVER (ORDER BY ' || ordering
            || ') AS n FROM mjc.order o WHERE o.customer_id = $1 AND ($2 IS NULL OR o.status = $2) ORDER BY ' || ordering || ' LIMIT $3 OFFSET $4) x'
       INTO list USING mine, order_list.status, size, (number - 1)::bigint * size;
    RETURN json_build_object('orders', coalesce(list, '[]'), 'pagination', mjc.pagination(number, size, total));
END
$$;
COMMENT ON FUNCTION mjc_api.order_list(uuid, integer, uuid, integer, integer, text, text, text) IS
    'GET /orders: his own, newest first unless told. Errors: MJ010, MJ060, MJ063';

CREATE FUNCTION mjc_api.order_statistics(actor uuid, token_version integer, token_id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    mine uuid := mjc.need_account(actor, token_version, token_id);
BEGIN
    RETURN (
        SELECT json_build_object('statistics', json_build_object(
                   'totalOrders', count(*), 'pendingOrders', count(*) FILTER (WHERE o.status = 'PENDING'),
                   'completedOrders', count(*) FILTER (WHERE o.status = 'DELIVERED'),
                   'cancelledOrders', count(*) FILTER (WHERE o.status = 'CANCELLED'),
                   'totalRevenue', mjc.dzd(coalesce(sum(o.total_centimes) FILTER (WHERE o.status NOT IN ('CANCELLED', 'REFUNDED')), 0)::bigint)))
          FROM mjc.order o WHERE o.customer_id = mine);
END
$$;
COMMENT ON FUNCTION mjc_api.order_statistics(uuid, integer, uuid) IS
    'GET /orders/statistics: his own; revenue leaves out cancelled and refunded orders. Errors: MJ060, MJ063';

CREATE FUNCTION mjc_api.order_get(actor uuid, token_version integer, token_id uuid, id text) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    mine uuid := mjc.need_account(actor, token_version, token_id);
BEGIN
    RETURN (SELECT json_build_object('order', mjc.order_json(o.order_id))
              FROM mjc.order o WHERE o.order_id = mjc.order_find(order_get.id) AND o.customer_id = mine);
END
$$;
COMMENT ON FUNCTION mjc_api.order_get(uuid, integer, uuid, text) IS
    'GET /orders/:id, by id or number; NULL when it is not his. Errors: MJ060, MJ063';

CREATE FUNCTION mjc_api.order_cancel(actor uuid, token_version integer, token_id uuid, request_id text, id text, reason text) RETURNS json
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_api_order_cancel_own';
COMMENT ON FUNCTION mjc_api.order_cancel(uuid, integer, uuid, text, text, text) IS
    'PATCH /orders/:id/cancel, by id or number, while it is PENDING or CONFIRMED; again changes nothing. Errors: MJ003, MJ004, MJ006, MJ009, MJ060, MJ063, MJ301';

CREATE FUNCTION mjc_api.order_track(order_number text, phone text) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- Unknown number, mistyped number and somebody else's phone look the same.
    RETURN (
        SELECT json_build_object('order', mjc.order_json(r.order_id))
          FROM mjc.order_reference r JOIN mjc.order_contact c ON c.order_id = r.order_id
         WHERE r.reference = mjc.order_reference_canonical(order_number)
           AND c.phone = mjc.phone_canonical(order_track.phone));
END
$$;
COMMENT ON FUNCTION mjc_api.order_track(text, text) IS 'GET /orders/track: NULL unless number and phone belong together';

CREATE FUNCTION mjc_api.staff_order_list(actor uuid, token_version integer, token_id uuid, request_id text, page integer, page_size integer,
    status text, customer_id uuid, date_from timestamptz, date_to timestamptz, search text, sort_by text, sort_order text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    size integer := coalesce(page_size, 100);
    number integer := coalesce(page, 1);
    wanted uuid[] := CASE WHEN btrim(search) <> '' THEN mjc.order_search(search) END;
    source text := 'FROM mjc.order o WHERE true';
    ordering text;
    total bigint;
    list json;
    shown integer;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    IF status IS NOT NULL THEN
        source := source || ' AND o.status = $1';
    END IF;
    IF customer_id IS NOT NULL THEN
        source := source || ' AND o.customer_id = $2';
    END IF;
    IF date_from IS NOT NULL THEN
        source := source || ' AND o.placed_at >= $3';
    END IF;
    IF date_to IS NOT NULL THEN
        source := source || ' AND o.placed_at < $4';
    END IF;
    IF wanted IS NOT NULL THEN
        source := source || ' AND o.order_id = ANY ($5)';
    END IF;
    ordering := CASE coalesce(sort_by, 'createdAt')
        WHEN 'createdAt' THEN 'o.placed_at'
        WHEN 'orderDate' THEN 'o.placed_at'
        WHEN 'updatedAt' THEN 'o.updated_at'
        WHEN 'total' THEN 'o.total_centimes'
        WHEN 'totalAmount' THEN 'o.total_centimes'
        WHEN 'orderNumber' THEN 'o.reference'
        WHEN 'status' THEN 'o.status'
    END;
    IF ordering IS NULL THEN
        PERFORM mjc.raise('ARGUMENT_INVALID', 'argument', 'sortBy');
    END IF;
    ordering := ordering || CASE lower(coalesce(sort_order, 'desc')) WHEN 'asc' THEN ' ASC' ELSE ' DESC' END || ', o.order_id';
    EXECUTE 'SELECT count(*) ' || source INTO total
        USING status, customer_id, date_from, date_to, wanted;
    EXECUTE 'SELECT coalesce(json_agg(mjc.order_json(x.order_id, true) ORDER BY x.n), ''[]''::json) FROM (SELECT o.order_id, row_number() OVER (ORDER BY '
            || ordering || ') AS n ' || source || ' ORDER BY ' || ordering || ' LIMIT $6 OFFSET $7) x' INTO list
        USING status, customer_id, date_from, date_to, wanted, size, (number - 1)::bigint * size;
    SELECT count(DISTINCT e.entry ->> 'customerId') INTO shown FROM json_array_elements(list) e (entry);
    IF shown > 0 THEN
        PERFORM mjc.access_note(actor, 'rest', 'order_list', customer_id, shown, request_id);
    END IF;
    RETURN json_build_object('orders', list, 'pagination', mjc.pagination(number, size, total));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_order_list(uuid, integer, uuid, text, integer, integer, text, uuid, timestamptz, timestamptz, text, text, text) IS
    'GET /admin/orders: search as mjc.order_search; the look is on record. Errors: MJ009, MJ010, MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_order_create(actor uuid, token_version integer, token_id uuid, request_id text, idempotency_key text,
    customer_id uuid, address_id uuid, product_ids uuid[], quantities integer[], phone text, street text, city text, postal_code text,
    region text, country text, note text, coupons text[], gift_cards text[], delivery_mode text, store_credit boolean,
    payment_method text DEFAULT NULL, OUT body json, OUT replayed boolean)
    RETURNS record
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_api_order_place_named';
COMMENT ON FUNCTION mjc_api.staff_order_create(uuid, integer, uuid, text, text, uuid, uuid, uuid[], integer[], text, text, text, text, text, text, text, text[], text[], text, boolean, text) IS
    'POST /admin/orders: staff order for a customer, registered or guest, at the prices of his group; confirmed at once; to the address that is sent, else to the one of his that is named, else to his default one; the look is on record. Errors: MJ003, MJ004, MJ006, MJ009, MJ010, MJ021, MJ022, MJ060, MJ063, MJ064, MJ101, MJ102, MJ104, MJ201 to MJ211, MJ217, MJ218, MJ302, MJ305, MJ402, MJ652, MJ653';

CREATE FUNCTION mjc_api.staff_order_get(actor uuid, token_version integer, token_id uuid, request_id text, order_id uuid) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    buyer uuid;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    SELECT o.customer_id INTO buyer FROM mjc.order o WHERE o.order_id = staff_order_get.order_id;
    IF buyer IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM mjc.access_note(actor, 'rest', 'order_get', buyer, NULL, request_id);
    RETURN mjc.order_doc(staff_order_get.order_id);
END
$$;
COMMENT ON FUNCTION mjc_api.staff_order_get(uuid, integer, uuid, text, uuid) IS
    'GET /admin/orders/:orderId with its history; NULL when there is none; the look is on record. Errors: MJ009, MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_order_stats(actor uuid, token_version integer, token_id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    today timestamptz := timezone('Africa/Algiers', mjc.algiers_date(now())::timestamp);
    month timestamptz := timezone('Africa/Algiers', date_trunc('month', mjc.algiers_date(now())::timestamp));
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    -- One row a status, from its index alone; the sixteen figures are made of those.
    RETURN (
        WITH s AS (SELECT o.status, count(*) AS n, sum(o.total_centimes) AS spent FROM mjc.order o GROUP BY o.status),
             f AS (SELECT coalesce(sum(s.n), 0) AS total, coalesce(sum(s.n) FILTER (WHERE s.status = 'PENDING'), 0) AS pending,
                          coalesce(sum(s.n) FILTER (WHERE s.status IN ('CONFIRMED', 'PROCESSING')), 0) AS processing,
                          coalesce(sum(s.n) FILTER (WHERE s.status = 'SHIPPED'), 0) AS shipped, coalesce(sum(s.n) FILTER (WHERE s.status = 'DELIVERED'), 0) AS delivered,
                          coalesce(sum(s.n) FILTER (WHERE s.status = 'CANCELLED'), 0) AS cancelled, coalesce(sum(s.n) FILTER (WHERE s.status = 'REFUNDED'), 0) AS refunded,
                          coalesce(sum(s.spent) FILTER (WHERE s.status NOT IN ('CANCELLED', 'REFUNDED')), 0) AS revenue,
                          coalesce(sum(s.n) FILTER (WHERE s.status NOT IN ('CANCELLED', 'REFUNDED')), 0) AS standing FROM s)
        SELECT json_build_object(
                   'total', f.total, 'pending', f.pending, 'processing', f.processing, 'shipped', f.shipped, 'delivered', f.delivered,
                   'cancelled', f.cancelled, 'refunded', f.refunded, 'totalRevenue', mjc.dzd(f.revenue::bigint),
                   'averageOrderValue', mjc.dzd(round(f.revenue / greatest(f.standing, 1))::bigint),
                   'ordersToday', (SELECT count(*) FROM mjc.order o WHERE o.placed_at >= today),
                   'ordersThisMonth', (SELECT count(*) FROM mjc.order o WHERE o.placed_at >= month),
                   'totalOrders', f.total, 'pendingOrders', f.pending, 'shippedOrders', f.shipped, 'deliveredOrders', f.delivered,
                   'cancelledOrders', f.cancelled)
          FROM f);
END
$$;
COMMENT ON FUNCTION mjc_api.staff_order_stats(uuid, integer, uuid) IS
    'GET /admin/orders/stats: revenue and average leave out cancelled and refunded orders; days are of Africa/Algiers. Grows with the orders, by what order_status_idx holds of each: about 0.25 s a million. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_order_status_set(actor uuid, token_version integer, token_id uuid, request_id text,
    order_id uuid, status text, tracking_number text, note text) RETURNS json
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_api_order_status_set';
COMMENT ON FUNCTION mjc_api.staff_order_status_set(uuid, integer, uuid, text, uuid, text, text, text) IS
    'PUT, PATCH /admin/orders/:orderId/status. Errors: MJ003, MJ004, MJ006, MJ060, MJ063, MJ064, MJ301, MJ306';

CREATE FUNCTION mjc_api.staff_order_cancel(actor uuid, token_version integer, token_id uuid, request_id text,
    order_id uuid, reason text) RETURNS json
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_api_order_cancel';
COMMENT ON FUNCTION mjc_api.staff_order_cancel(uuid, integer, uuid, text, uuid, text) IS
    'POST /admin/orders/:orderId/cancel. Errors: MJ003, MJ004, MJ006, MJ060, MJ063, MJ064, MJ301';

CREATE FUNCTION mjc_api.staff_order_ship(actor uuid, token_version integer, token_id uuid, request_id text,
    order_id uuid, tracking_number text, carrier text) RETURNS json
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_api_order_ship';
COMMENT ON FUNCTION mjc_api.staff_order_ship(uuid, integer, uuid, text, uuid, text, text) IS
    'POST /admin/orders/:orderId/ship. Errors: MJ003, MJ004, MJ006, MJ060, MJ063, MJ064, MJ301';

CREATE FUNCTION mjc_api.staff_order_deliver(actor uuid, token_version integer, token_id uuid, request_id text,
    order_id uuid) RETURNS json
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_api_order_deliver';
COMMENT ON FUNCTION mjc_api.staff_order_deliver(uuid, integer, uuid, text, uuid) IS
    'POST /admin/orders/:orderId/deliver. Errors: MJ003, MJ004, MJ060, MJ063, MJ064, MJ301';
