-- cart_api: the routes of carts (shim/routes.c), one function each. Signed in, the
-- customer's cart is meant and the token of the guest's is for mjc_api.cart_merge alone.
-- Every answer is the whole cart.

CREATE FUNCTION mjc_api.cart_get(actor uuid, token_version integer, token_id uuid, cart_token text) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    mine record;
BEGIN
    SELECT * INTO mine FROM mjc.cart_owner(actor, token_version, token_id, cart_token, false);
    RETURN mjc.cart_json(mine.owner, mine.kind);
END
$$;
COMMENT ON FUNCTION mjc_api.cart_get(uuid, integer, uuid, text) IS
    'GET /cart; empty for who has none. Errors: MJ010';

CREATE FUNCTION mjc_api.cart_add(actor uuid, token_version integer, token_id uuid, request_id text, idempotency_key text,
    cart_token text, product_id uuid, quantity integer, OUT body json, OUT replayed boolean)
    RETURNS record
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    mine record;
    claim bytea;
    cart json;
BEGIN
    SELECT * INTO mine FROM mjc.cart_owner(actor, token_version, token_id, cart_token, true);
    SELECT * INTO claim, body, replayed FROM mjc.idempotency_begin('cart_add', mine.owner, idempotency_key, jsonb_build_array(product_id, quantity)::text, false);
    IF NOT replayed THEN
        PERFORM mjc.cart_add(mine.owner, mine.kind, product_id, quantity);
        cart := mjc.cart_json(mine.owner, mine.kind);
        body := mjc.idempotency_end(claim, 'cart', mine.owner, json_build_object('cartItem', mjc.cart_item(cart, product_id), 'cart', cart));
    END IF;
END
$$;
COMMENT ON FUNCTION mjc_api.cart_add(uuid, integer, uuid, text, text, text, uuid, integer) IS
    'POST /cart/items: {cartItem, cart}; without a key nothing is remembered. Errors: MJ003, MJ009, MJ010, MJ021 to MJ023, MJ063, MJ104, MJ107, MJ251, MJ253';

CREATE FUNCTION mjc_api.cart_set(actor uuid, token_version integer, token_id uuid, request_id text, cart_token text,
    item_id uuid, quantity integer) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    mine record;
    cart json;
BEGIN
    SELECT * INTO mine FROM mjc.cart_owner(actor, token_version, token_id, cart_token, true);
    PERFORM mjc.cart_set(mine.owner, item_id, quantity);
    cart := mjc.cart_json(mine.owner, mine.kind);
    RETURN json_build_object('cartItem', mjc.cart_item(cart, item_id), 'cart', cart);
END
$$;
COMMENT ON FUNCTION mjc_api.cart_set(uuid, integer, uuid, text, text, uuid, integer) IS
    'PUT /cart/items/:itemId: {cartItem, cart}; cartItem is null when the line is gone. Errors: MJ003, MJ009, MJ010, MJ063, MJ104, MJ107, MJ252, MJ253';

CREATE FUNCTION mjc_api.cart_remove(actor uuid, token_version integer, token_id uuid, request_id text, cart_token text,
    item_id uuid) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    mine record;
BEGIN
    SELECT * INTO mine FROM mjc.cart_owner(actor, token_version, token_id, cart_token, true);
    PERFORM mjc.cart_set(mine.owner, item_id, 0);
    RETURN mjc.cart_json(mine.owner, mine.kind);
END
$$;
COMMENT ON FUNCTION mjc_api.cart_remove(uuid, integer, uuid, text, text, uuid) IS
    'DELETE /cart/items/:itemId. Errors: MJ003, MJ009, MJ010, MJ063, MJ252';

CREATE FUNCTION mjc_api.cart_clear(actor uuid, token_version integer, token_id uuid, request_id text, cart_token text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    mine record;
BEGIN
    SELECT * INTO mine FROM mjc.cart_owner(actor, token_version, token_id, cart_token, true);
    PERFORM mjc.cart_clear(mine.owner);
    RETURN mjc.cart_json(mine.owner, mine.kind);
END
$$;
COMMENT ON FUNCTION mjc_api.cart_clear(uuid, integer, uuid, text, text) IS
    'DELETE /cart. Errors: MJ003, MJ009, MJ010, MJ063';

CREATE FUNCTION mjc_api.cart_sync(actor uuid, token_version integer, token_id uuid, request_id text, cart_token text,
    product_ids uuid[], quantities integer[]) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    mine record;
    adjusted json;
BEGIN
    SELECT * INTO mine FROM mjc.cart_owner(actor, token_version, token_id, cart_token, true);
    adjusted := mjc.cart_sync(mine.owner, mine.kind, product_ids, quantities);
    RETURN mjc.cart_json(mine.owner, mine.kind, adjusted);
END
$$;
COMMENT ON FUNCTION mjc_api.cart_sync(uuid, integer, uuid, text, text, uuid[], integer[]) IS
    'POST /cart/sync: the cart has these lines and no other. Errors: MJ003, MJ006, MJ009, MJ010, MJ063';

CREATE FUNCTION mjc_api.cart_merge(actor uuid, token_version integer, token_id uuid, request_id text, cart_token text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    adjusted json;
BEGIN
    PERFORM mjc.need_account(actor, token_version, token_id);
    adjusted := mjc.cart_merge(mjc.cart_owner_of_token(cart_token), actor);
    RETURN mjc.cart_json(actor, 'customer', adjusted);
END
$$;
COMMENT ON FUNCTION mjc_api.cart_merge(uuid, integer, uuid, text, text) IS
    'POST /cart/merge: the guest''s cart becomes part of the customer''s who signed in; without a guest''s cart nothing happens. Errors: MJ009, MJ010, MJ060, MJ063';

CREATE FUNCTION mjc_api.cart_coupon_add(actor uuid, token_version integer, token_id uuid, request_id text, cart_token text, code text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    mine record;
BEGIN
    SELECT * INTO mine FROM mjc.cart_owner(actor, token_version, token_id, cart_token, true);
    PERFORM mjc.cart_coupon_add(mine.owner, mine.kind, code);
    RETURN mjc.cart_json(mine.owner, mine.kind);
END
$$;
COMMENT ON FUNCTION mjc_api.cart_coupon_add(uuid, integer, uuid, text, text, text) IS
    'POST /cart/coupons. Errors: MJ003, MJ009, MJ010, MJ063, MJ203 to MJ209';

CREATE FUNCTION mjc_api.cart_coupon_remove(actor uuid, token_version integer, token_id uuid, request_id text, cart_token text, code text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    mine record;
BEGIN
    SELECT * INTO mine FROM mjc.cart_owner(actor, token_version, token_id, cart_token, true);
    PERFORM mjc.cart_coupon_remove(mine.owner, code);
    RETURN mjc.cart_json(mine.owner, mine.kind);
END
$$;
COMMENT ON FUNCTION mjc_api.cart_coupon_remove(uuid, integer, uuid, text, text, text) IS
    'DELETE /cart/coupons/:code. Errors: MJ003, MJ009, MJ010, MJ063';

CREATE FUNCTION mjc_api.cart_quote(actor uuid, token_version integer, token_id uuid, cart_token text, product_ids uuid[],
    quantities integer[], place text, delivery_mode text, payment_method text, coupons text[]) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    mine record;
    stored record;
    ids uuid[] := product_ids;
    units integer[] := quantities;
    codes text[] := coupons;
BEGIN
    SELECT * INTO mine FROM mjc.cart_owner(actor, token_version, token_id, cart_token, false);
    IF ids IS NULL THEN
        SELECT * INTO stored FROM mjc.cart_lines(mine.owner);
        ids := stored.product_ids;
        units := stored.quantities;
        codes := coalesce(codes, stored.coupons);
    END IF;
    PERFORM mjc.check_line_count(cardinality(ids));
    IF cardinality(units) IS DISTINCT FROM cardinality(ids) THEN
        PERFORM mjc.raise('ARGUMENT_RANGE', 'argument', 'quantities');
    END IF;
    RETURN json_build_object(
        'quote', mjc.cart_priced(mine.owner, mine.kind, ids, units, codes, coupons IS NOT NULL, place, delivery_mode, payment_method),
        'wilaya', mjc.wilaya_find(place));
END
$$;
COMMENT ON FUNCTION mjc_api.cart_quote(uuid, integer, uuid, text, uuid[], integer[], text, text, text, text[]) IS
    'POST /cart/quote: what these lines cost there, or those of the cart; coupons that are named must be usable, those of the cart need not. Errors: MJ003, MJ006, MJ010, MJ302, those of mjc.quote_json';
