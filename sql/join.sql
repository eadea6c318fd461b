-- join: what a guest ordered becomes a registered customer's, who proved to be the same:
-- by a link sent to the e-mail that the guest gave, or in a call with staff. Never
-- silently. Locks: sql/erasure.sql.

CREATE FUNCTION mjc.customer_join_lock(customer uuid, guests uuid[]) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.guest_phones_lock(guests);
    PERFORM FROM mjc.customer c WHERE c.customer_id = ANY (guests || customer) ORDER BY c.customer_id FOR NO KEY UPDATE;
END
$$;
COMMENT ON FUNCTION mjc.customer_join_lock(uuid, uuid[]) IS 'For rules: the phones of guests, then them and the customer they are to be';

-- Orders name the store credit that paid a part of them, so it stays, empty.
CREATE FUNCTION mjc.credit_join(actor uuid, customer uuid, guest uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    ids uuid[] := ARRAY(SELECT c.credit_id FROM mjc.credit c WHERE c.customer_id = guest);
    balance bigint;
BEGIN
    IF guest = ANY (ids) THEN
        PERFORM mjc.store_credit_open(customer);
        ids := ids || customer;
    END IF;
    PERFORM FROM mjc.credit c WHERE c.credit_id = ANY (ids) ORDER BY c.credit_id FOR NO KEY UPDATE;
    UPDATE mjc.credit c SET customer_id = customer WHERE c.credit_id = ANY (ids) AND c.customer_id = guest;
    balance := CASE WHEN guest = ANY (ids) THEN mjc.credit_balance(guest) ELSE 0 END;
    IF balance > 0 THEN
        PERFORM mjc.credit_move(guest, 'adjust', -balance, NULL, 'join:' || customer, actor, NULL);
        PERFORM mjc.credit_move(customer, 'issue', balance, NULL, 'join:' || guest, actor, NULL);
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.credit_join(uuid, uuid, uuid) IS
    'For rules: gift cards and store credit of a guest are the customer''s now; both are locked. Errors: MJ201';

CREATE FUNCTION mjc.coupon_join(customer uuid, guest uuid, orders uuid[]) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    codes text[] := ARRAY(SELECT k FROM mjc.order o CROSS JOIN unnest(o.coupons) k WHERE o.order_id = ANY (orders)
                           UNION SELECT c.code FROM mjc.coupon c WHERE c.customer_id = guest);
BEGIN
    PERFORM FROM mjc.coupon c WHERE c.code = ANY (codes) ORDER BY c.code COLLATE "C" FOR NO KEY UPDATE;
    UPDATE mjc.coupon c SET customer_id = customer WHERE c.code = ANY (codes) AND c.customer_id = guest;
    UPDATE mjc.coupon_ledger l SET customer_id = customer WHERE l.code = ANY (codes) AND l.customer_id = guest;
END
$$;
COMMENT ON FUNCTION mjc.coupon_join(uuid, uuid, uuid[]) IS
    'For rules: a guest''s own coupons are the customer''s, and the uses of both count together from now on';

CREATE FUNCTION mjc.customer_join_core(actor uuid, channel text, request_id text, customer uuid, guest uuid) RETURNS integer
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    orders uuid[];
BEGIN
    PERFORM mjc.customer_join_lock(customer, ARRAY[guest]);
    -- A blocked guest does not get rid of that by registering.
    IF (SELECT array_agg(c.kind ORDER BY c.customer_id = guest) FROM mjc.customer c
         WHERE c.customer_id IN (customer, guest) AND c.merged_into IS NULL AND c.status NOT IN ('erased', 'blocked'))
       IS DISTINCT FROM '{registered,guest}'::text[] THEN
        PERFORM mjc.raise('CUSTOMER_JOIN_REFUSED');
    END IF;
    PERFORM mjc.check_person_seen(guest);
    orders := ARRAY(SELECT o.order_id FROM mjc.customer_order o WHERE o.customer_id = guest ORDER BY o.order_id);
    PERFORM FROM mjc.order o WHERE o.order_id = ANY (orders) ORDER BY o.order_id FOR NO KEY UPDATE;
    UPDATE mjc.order o SET customer_id = customer, updated_at = clock_timestamp() WHERE o.order_id = ANY (orders);
    INSERT INTO mjc.customer_order (customer_id, order_id, placed_at, is_open)
    SELECT customer, o.order_id, o.placed_at, o.is_open FROM mjc.customer_order o WHERE o.customer_id = guest;
    DELETE FROM mjc.customer_order o WHERE o.customer_id = guest;
    PERFORM mjc.coupon_join(customer, guest, orders);
    PERFORM mjc.credit_join(actor, customer, guest);
    UPDATE mjc.customer_note n SET customer_id = customer WHERE n.customer_id = guest;
    UPDATE mjc.consent n SET customer_id = customer WHERE n.customer_id = guest;
    PERFORM mjc.review_join(customer, guest);
    UPDATE mjc.customer_boiler k SET customer_id = customer WHERE k.customer_id = guest;
    PERFORM mjc.person_forget(guest);
    PERFORM mjc.customer_count(guest, -1);
    UPDATE mjc.customer c SET merged_into = customer, profession = NULL WHERE c.customer_id = guest;
    PERFORM mjc.audit_write(actor, channel, 'customer_join', 'customer', customer::text, NULL,
        jsonb_build_object('guest', guest, 'orders', cardinality(orders)), request_id);
    RETURN cardinality(orders);
END
$$;
COMMENT ON FUNCTION mjc.customer_join_core(uuid, text, text, uuid, uuid) IS
    'For rules: what a guest ordered belongs to a registered customer now, who proved to be the same; the number of orders. Later orders without an account make a new guest. Errors: MJ655 not a guest and a registered customer who are both there';

CREATE FUNCTION mjc.guests_of_email(account uuid) RETURNS uuid[]
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN ARRAY(
        SELECT p.customer_id
          FROM mjc.customer_person p
          JOIN mjc.customer c ON c.customer_id = p.customer_id
         WHERE lower(p.email) = (SELECT lower(x.email) FROM mjc.customer_person x WHERE x.customer_id = account)
           AND c.kind = 'guest' AND c.merged_into IS NULL AND c.status NOT IN ('erased', 'blocked')
         ORDER BY p.customer_id);
END
$$;
COMMENT ON FUNCTION mjc.guests_of_email(uuid) IS 'Guests who gave the e-mail of an account and could join it';

CREATE FUNCTION mjc.customer_join_by_email(account uuid, request_id text) RETURNS integer
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    guest uuid;
    joined integer := 0;
BEGIN
    PERFORM mjc.customer_join_lock(account, mjc.guests_of_email(account));
    IF NOT EXISTS (SELECT FROM mjc.customer c WHERE c.customer_id = account AND c.kind = 'registered' AND c.status = 'active') THEN
        RETURN 0;
    END IF;
    FOREACH guest IN ARRAY mjc.guests_of_email(account) LOOP
        joined := joined + mjc.customer_join_core(account, 'rest', request_id, account, guest);
    END LOOP;
    RETURN joined;
END
$$;
COMMENT ON FUNCTION mjc.customer_join_by_email(uuid, text) IS
    'For rules: joins the guests who gave the e-mail that an account has just proven; the number of orders. Errors: MJ655';

CREATE FUNCTION mjc.guest_of_phone(phone text) RETURNS uuid
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    canonical text := mjc.phone_canonical(guest_of_phone.phone);
BEGIN
    IF canonical IS NULL THEN
        PERFORM mjc.raise('PHONE_INVALID');
    END IF;
    RETURN (SELECT n.customer_id FROM mjc.customer_phone n WHERE n.phone = canonical);
END
$$;
COMMENT ON FUNCTION mjc.guest_of_phone(text) IS 'The guest whom a phone belongs to, NULL for none. Errors: MJ305';

CREATE FUNCTION mjc.customer_join_by_phone(actor uuid, channel text, request_id text, customer uuid, phone text) RETURNS integer
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    guest uuid := mjc.guest_of_phone(phone);
BEGIN
    IF guest IS NULL OR NOT EXISTS (SELECT FROM mjc.customer c WHERE c.customer_id = customer) THEN
        RETURN NULL;
    END IF;
    RETURN mjc.customer_join_core(actor, channel, request_id, customer, guest);
END
$$;
COMMENT ON FUNCTION mjc.customer_join_by_phone(uuid, text, text, uuid, text) IS
    'For rules: joins the guest of a phone; NULL when there is none, or no such customer. Errors: MJ305, MJ655';

CREATE FUNCTION mjc.customer_join(customer_id uuid, phone text) RETURNS integer
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    who uuid;
    joined integer;
BEGIN
    PERFORM mjc.check_schema();
    who := mjc.staff_id();
    joined := mjc.customer_join_by_phone(who, 'psql', NULL, customer_join.customer_id, customer_join.phone);
    PERFORM mjc.customer_need(joined::text);
    RETURN joined;
END
$$;
COMMENT ON FUNCTION mjc.customer_join(uuid, text) IS
    'After a call that proved it: the orders made with this phone and no account belong to this customer; their number. Errors: MJ004, MJ305, MJ601, MJ655';

CREATE FUNCTION mjc_api.staff_customer_join(actor uuid, token_version integer, token_id uuid, request_id text, id uuid, phone text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    joined integer;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    joined := mjc.customer_join_by_phone(actor, 'rest', request_id, id, phone);
    RETURN CASE WHEN joined IS NOT NULL THEN json_build_object('ordersJoined', joined) END;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_customer_join(uuid, integer, uuid, text, uuid, text) IS
    'POST /admin/customers/:id/join: mjc.customer_join; NULL when there is no such customer or guest. Errors: MJ009, MJ060, MJ063, MJ064, MJ305, MJ655';
