-- cart: carts of guests and customers. A customer's has the id of the account, a guest's
-- one made of the token in the browser.
--
-- The row of a cart is its lock: whoever writes takes it first (mjc.cart_lock), so requests
-- of one cart wait for each other, and whoever changes a line or coupon also changes
-- updated_at: with repeatable read the second of two fails with 40001 and is tried again.
-- Two carts are locked in the order of owner_id. Nothing else is locked: stock and prices
-- are read, a cart reserves nothing. Where an order clears its cart, the cart comes last.
--
-- No price is stored but the one that the buyer saw; every answer is priced by mjc.quote_json.

CREATE FUNCTION mjc.cart_owner_of_token(token text) RETURNS uuid
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF token !~ '^[A-Za-z0-9_-]{43}$' THEN
        PERFORM mjc.raise('ARGUMENT_INVALID', 'argument', 'cart_token');
    END IF;
    RETURN encode(substr(sha256(convert_to(token, 'UTF8')), 1, 16), 'hex')::uuid;
END
$$;
COMMENT ON FUNCTION mjc.cart_owner_of_token(text) IS
    'Owner of a guest''s cart: of the token (43 characters of base64url) the first 16 bytes of its SHA-256. Errors: MJ010';

CREATE FUNCTION mjc.cart_owner(actor uuid, token_version integer, token_id uuid, cart_token text, writes boolean,
    OUT owner uuid, OUT kind text)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    owner := mjc.customer_of_account(actor, token_version, token_id);
    kind := 'customer';
    IF owner IS NULL AND actor IS NOT NULL AND writes THEN
        PERFORM mjc.raise('TOKEN_REVOKED');
    END IF;
    IF owner IS NULL THEN
        owner := mjc.cart_owner_of_token(cart_token);
        kind := 'guest';
        IF owner IS NULL AND writes THEN
            PERFORM mjc.raise('ARGUMENT_MISSING', 'argument', 'cart_token');
        END IF;
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.cart_owner(uuid, integer, uuid, text, boolean) IS
    'Whose cart a request means: the customer''s who is signed in, else the guest''s; a token that no longer counts makes a guest of a reader; NULL for a reader without either. Errors: MJ003, MJ010, MJ063';

CREATE FUNCTION mjc.cart_until(kind text, at timestamptz) RETURNS timestamptz
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN at + (SELECT make_interval(days => s.integer_value::integer) FROM mjc.setting s WHERE s.name = 'cart_days')
                * CASE kind WHEN 'customer' THEN 12 ELSE 1 END;
END
$$;
COMMENT ON FUNCTION mjc.cart_until(text, timestamptz) IS
    'How long a cart changed at that time is kept: setting cart_days, twelve times as long for a customer';

-- make: an expired cart is started anew, one that is not there is made. Several first requests
-- of a guest meet at the insert; who finds the row deleted meanwhile makes it again.
CREATE FUNCTION mjc.cart_lock(owner uuid, kind text, make boolean) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    kept_until timestamptz;
    at timestamptz;
BEGIN
    LOOP
        SELECT c.expires_at INTO kept_until FROM mjc.cart c WHERE c.owner_id = owner FOR NO KEY UPDATE;
        at := clock_timestamp();
        IF kept_until > at THEN
            RETURN true;
        END IF;
        IF NOT make THEN
            RETURN false;
        END IF;
        DELETE FROM mjc.cart c WHERE c.owner_id = owner AND c.expires_at <= at;
        INSERT INTO mjc.cart (owner_id, kind, created_at, updated_at, expires_at)
        VALUES (owner, cart_lock.kind, at, at, mjc.cart_until(cart_lock.kind, at))
        ON CONFLICT (owner_id) DO NOTHING;
    END LOOP;
END
$$;
COMMENT ON FUNCTION mjc.cart_lock(uuid, text, boolean) IS
    'Locks the cart of an owner; false when there is none and none is to be made. First step of every change of a cart';

CREATE FUNCTION mjc.cart_touch(owner uuid, at timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE mjc.cart c
       SET updated_at = greatest(c.updated_at, at), expires_at = mjc.cart_until(c.kind, at)
     WHERE c.owner_id = owner;
END
$$;
COMMENT ON FUNCTION mjc.cart_touch(uuid, timestamptz) IS 'The cart, which is locked, changed at that time. Last step of every change of a cart';

CREATE FUNCTION mjc.cart_customer_group(owner uuid) RETURNS text
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN coalesce((SELECT c.customer_group FROM mjc.customer c WHERE c.customer_id = owner), 'retail');
END
$$;
COMMENT ON FUNCTION mjc.cart_customer_group(uuid) IS 'Whose prices the owner of a cart pays; retail for guests and customers without a row';

-- New lines stand in the order of the arrays.
CREATE FUNCTION mjc.cart_put(owner uuid, product_ids uuid[], quantities integer[], at timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    customer_group text := mjc.cart_customer_group(owner);
BEGIN
    INSERT INTO mjc.cart_line AS l (owner_id, product_id, qty, seen_unit_centimes, added_at, updated_at)
    SELECT owner, u.id, u.qty, p.unit_centimes, at + u.place * interval '1 microsecond', at
      FROM unnest(product_ids, quantities) WITH ORDINALITY u (id, qty, place)
     CROSS JOIN LATERAL mjc.price_at(u.id, customer_group, u.qty, at) p
    ON CONFLICT (owner_id, product_id) DO UPDATE
       SET qty = EXCLUDED.qty, seen_unit_centimes = EXCLUDED.seen_unit_centimes, updated_at = EXCLUDED.updated_at;
END
$$;
COMMENT ON FUNCTION mjc.cart_put(uuid, uuid[], integer[], timestamptz) IS
    'Writes lines of a cart, which is locked, with the prices at that time; each product once';

CREATE FUNCTION mjc.cart_orderable(product_id uuid) RETURNS bigint
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    units bigint;
BEGIN
    IF cart_orderable.product_id IS NULL THEN
        PERFORM mjc.raise('ARGUMENT_MISSING', 'argument', 'product_id');
    END IF;
    SELECT greatest(coalesce(s.orderable_qty, 0), 0) INTO units
      FROM mjc.product p
      LEFT JOIN LATERAL (SELECT a.orderable_qty FROM mjc.stock_available a WHERE a.product_id = p.product_id) s ON true
     WHERE p.product_id = cart_orderable.product_id AND p.is_active;
    IF NOT FOUND THEN
        PERFORM mjc.raise('PRODUCT_UNKNOWN');
    END IF;
    RETURN units;
END
$$;
COMMENT ON FUNCTION mjc.cart_orderable(uuid) IS 'Units that an order may take of a product for sale. Errors: MJ003, MJ107';

CREATE FUNCTION mjc.cart_lines(owner uuid, OUT product_ids uuid[], OUT quantities integer[], OUT coupons text[])
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    coupons := coalesce((SELECT c.coupons FROM mjc.cart c WHERE c.owner_id = owner AND c.expires_at > statement_timestamp()), '{}');
    SELECT coalesce(array_agg(l.product_id ORDER BY l.added_at, l.product_id), '{}'),
           coalesce(array_agg(l.qty ORDER BY l.added_at, l.product_id), '{}')
      INTO product_ids, quantities
      FROM mjc.cart c
      JOIN mjc.cart_line l ON l.owner_id = c.owner_id
      JOIN mjc.product p ON p.product_id = l.product_id
     WHERE c.owner_id = owner AND c.expires_at > statement_timestamp() AND p.is_active;
END
$$;
COMMENT ON FUNCTION mjc.cart_lines(uuid) IS
    'What of a cart can be priced: its lines of products for sale, in their order, and its coupons; empty when there is none or its time is over';

CREATE FUNCTION mjc.cart_priced(owner uuid, kind text, product_ids uuid[], quantities integer[], coupons text[], strict boolean,
    place text DEFAULT NULL, delivery_mode text DEFAULT NULL, payment_method text DEFAULT NULL) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.quote_json(product_ids, quantities, mjc.cart_customer_group(owner), place, coalesce(delivery_mode, 'home'),
        coalesce(payment_method, 'CASH_ON_DELIVERY'), coupons, statement_timestamp(),
        CASE kind WHEN 'customer' THEN owner END, NULL, strict);
END
$$;
COMMENT ON FUNCTION mjc.cart_priced(uuid, text, uuid[], integer[], text[], boolean, text, text, text) IS
    'mjc.quote_json for the owner of a cart. Errors: those of mjc.quote_json';

-- What the cart says of the quote: nothing that depends on the place, which it does not know.
CREATE FUNCTION mjc.cart_json(owner uuid, kind text, adjusted json DEFAULT NULL) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    mine record;
    quote json;
    discounts json;
BEGIN
    SELECT * INTO mine FROM mjc.cart_lines(owner);
    IF cardinality(mine.product_ids) > 0 THEN
        quote := mjc.cart_priced(owner, kind, mine.product_ids, mine.quantities, mine.coupons, false);
        discounts := (SELECT json_agg(e.d ORDER BY e.place) FROM json_array_elements(quote -> 'discounts') WITH ORDINALITY e (d, place)
                       WHERE NOT EXISTS (SELECT FROM mjc.promotion p WHERE p.code = e.d ->> 'promotion' AND p.scope = 'shipping'));
    END IF;
    RETURN (
        SELECT json_build_object(
                   'items', coalesce(json_agg(json_build_object(
                       'id', i.product_id, 'productId', i.product_id, 'name', i.name, 'nameAr', i.name_ar,
                       'price', coalesce(i.unit, i.seen), 'listPrice', coalesce(i.list, i.seen), 'quantity', i.qty,
                       'lineTotal', i.total, 'discount', i.discount, 'image', i.image, 'sku', i.sku, 'maxStock', i.orderable,
                       'category', i.category, 'slug', i.slug, 'available', i.is_active AND i.orderable >= i.qty,
                       'priceChanged', coalesce(i.unit <> i.seen, false), 'previousPrice', CASE WHEN i.unit <> i.seen THEN i.seen END)
                       ORDER BY i.added_at, i.product_id), '[]'::json),
                   'itemCount', coalesce(sum(i.qty), 0),
                   'total', coalesce(quote -> 'goods', to_json(mjc.dzd(0))),
                   'subtotal', coalesce(quote -> 'subtotal', to_json(mjc.dzd(0))),
                   'discount', coalesce(quote -> 'discount', to_json(mjc.dzd(0))),
                   'discounts', coalesce(discounts, '[]'::json),
                   'coupons', coalesce(quote -> 'coupons',
                       (SELECT json_agg(json_build_object('code', k, 'status', 'COUPON_NOT_APPLICABLE')) FROM unnest(mine.coupons) k), '[]'::json),
                   'adjusted', coalesce(adjusted, '[]'::json),
                   'quote', CASE WHEN quote IS NOT NULL THEN json_build_object('lines', quote -> 'lines', 'discounts', coalesce(discounts, '[]'::json),
                       'coupons', quote -> 'coupons', 'subtotal', quote -> 'subtotal', 'discount', quote -> 'discount', 'goods', quote -> 'goods') END)
          FROM (SELECT l.product_id, l.qty, l.added_at, p.name, p.name_ar, p.sku, p.slug, p.is_active, g.name AS category,
                       mjc.dzd(l.seen_unit_centimes) AS seen, q.unit, q.list,
                       coalesce(q.total, mjc.dzd(0)) AS total, coalesce(q.discount, mjc.dzd(0)) AS discount,
                       CASE WHEN p.is_active THEN greatest(coalesce(s.orderable_qty, 0), 0) ELSE 0 END AS orderable,
                       (SELECT x.url FROM mjc.product_image x WHERE x.product_id = p.product_id
                         ORDER BY x.sort_order, x.image_id LIMIT 1) AS image
                  FROM mjc.cart c
                  JOIN mjc.cart_line l ON l.owner_id = c.owner_id
                  JOIN mjc.product p ON p.product_id = l.product_id
                  JOIN mjc.category g ON g.category_id = p.category_id
                  LEFT JOIN LATERAL (SELECT a.orderable_qty FROM mjc.stock_available a WHERE a.product_id = p.product_id) s ON true
                  LEFT JOIN (SELECT (e ->> 'productId')::uuid AS id, (e ->> 'unitPrice')::numeric AS unit, (e ->> 'listPrice')::numeric AS list,
                                    (e ->> 'total')::numeric AS total, (e ->> 'discount')::numeric AS discount
                               FROM json_array_elements(quote -> 'lines') e WHERE NOT (e ->> 'isGift')::boolean) q ON q.id = l.product_id
                 WHERE c.owner_id = owner AND c.expires_at > statement_timestamp()) i);
END
$$;
COMMENT ON FUNCTION mjc.cart_json(uuid, text, json) IS
    'A cart as the frontends read it, priced now; adjusted: what a sync or merge could not take as asked. Errors: those of mjc.quote_json but of coupons';

CREATE FUNCTION mjc.cart_item(cart json, product_id uuid) RETURNS json
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT e FROM json_array_elements(cart -> 'items') e WHERE (e ->> 'productId')::uuid = cart_item.product_id);
END
$$;
COMMENT ON FUNCTION mjc.cart_item(json, uuid) IS 'The line of a product in what mjc.cart_json gives; NULL when there is none';

CREATE FUNCTION mjc.cart_read(owner uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT mjc.cart_json(c.owner_id, c.kind) FROM mjc.cart c WHERE c.owner_id = owner);
END
$$;
COMMENT ON FUNCTION mjc.cart_read(uuid) IS
    'A cart of mjc_report.cart as its owner sees it now, amounts in dinars; NULL when there is none';

CREATE FUNCTION mjc.cart_add(owner uuid, kind text, product_id uuid, quantity integer) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    had integer;
    wanted bigint;
    orderable bigint;
    limits record;
    at timestamptz;
BEGIN
    PERFORM mjc.check_schema();
    PERFORM mjc.check_line_qty(cart_add.quantity);
    PERFORM mjc.cart_lock(owner, cart_add.kind, true);
    at := clock_timestamp();
    orderable := mjc.cart_orderable(cart_add.product_id);
    had := (SELECT l.qty FROM mjc.cart_line l WHERE l.owner_id = owner AND l.product_id = cart_add.product_id);
    wanted := coalesce(had, 0) + cart_add.quantity;
    PERFORM mjc.check_line_qty(wanted);
    IF wanted > orderable THEN
        PERFORM mjc.raise('CART_STOCK', 'available', orderable::text);
    END IF;
    SELECT * INTO limits FROM mjc.order_limits();
    IF had IS NULL AND (SELECT count(*) FROM mjc.cart_line l WHERE l.owner_id = owner) >= limits.max_lines THEN
        PERFORM mjc.raise('CART_LINES_LIMIT', 'max', limits.max_lines::text);
    END IF;
    PERFORM mjc.cart_put(owner, ARRAY[cart_add.product_id], ARRAY[wanted::integer], at);
    PERFORM mjc.cart_touch(owner, at);
END
$$;
COMMENT ON FUNCTION mjc.cart_add(uuid, text, uuid, integer) IS
    'Adds units of a product to a cart. Errors: MJ003, MJ009, MJ104, MJ107, MJ251, MJ253';

CREATE FUNCTION mjc.cart_set(owner uuid, product_id uuid, quantity integer) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    orderable bigint;
    at timestamptz;
BEGIN
    PERFORM mjc.check_schema();
    IF cart_set.quantity IS DISTINCT FROM 0 THEN
        PERFORM mjc.check_line_qty(cart_set.quantity);
    END IF;
    IF NOT mjc.cart_lock(owner, NULL, false)
       OR NOT EXISTS (SELECT FROM mjc.cart_line l WHERE l.owner_id = owner AND l.product_id = cart_set.product_id) THEN
        PERFORM mjc.raise('CART_LINE_UNKNOWN');
    END IF;
    at := clock_timestamp();
    IF cart_set.quantity = 0 THEN
        DELETE FROM mjc.cart_line l WHERE l.owner_id = owner AND l.product_id = cart_set.product_id;
    ELSE
        orderable := mjc.cart_orderable(cart_set.product_id);
        IF cart_set.quantity > orderable THEN
            PERFORM mjc.raise('CART_STOCK', 'available', orderable::text);
        END IF;
        PERFORM mjc.cart_put(owner, ARRAY[cart_set.product_id], ARRAY[cart_set.quantity], at);
    END IF;
    PERFORM mjc.cart_touch(owner, at);
END
$$;
COMMENT ON FUNCTION mjc.cart_set(uuid, uuid, integer) IS
    'A line of a cart has so many units from now on; 0 removes it. Errors: MJ003, MJ009, MJ104, MJ107, MJ252, MJ253';

CREATE FUNCTION mjc.cart_clear(owner uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_schema();
    PERFORM mjc.cart_lock(owner, NULL, false);
    DELETE FROM mjc.cart c WHERE c.owner_id = owner;
END
$$;
COMMENT ON FUNCTION mjc.cart_clear(uuid) IS 'The cart is gone, its lines and coupons with it. Errors: MJ009';

-- The frontends send twenty equal syncs at once: whoever finds the lines as asked takes no
-- lock and writes nothing, but for once an hour, so that the cart is kept.
CREATE FUNCTION mjc.cart_holds(owner uuid, product_ids uuid[], quantities integer[]) RETURNS boolean
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN coalesce((
        SELECT c.updated_at > clock_timestamp() - interval '1 hour' AND c.expires_at > clock_timestamp()
               AND NOT EXISTS (SELECT FROM unnest(product_ids, quantities) u (id, qty)
                                 FULL JOIN (SELECT l.product_id, l.qty FROM mjc.cart_line l WHERE l.owner_id = c.owner_id) x
                                   ON x.product_id = u.id
                                WHERE x.qty IS DISTINCT FROM u.qty)
          FROM mjc.cart c WHERE c.owner_id = owner), cardinality(product_ids) = 0);
END
$$;
COMMENT ON FUNCTION mjc.cart_holds(uuid, uuid[], integer[]) IS
    'Has the cart exactly these lines, and was it changed within the hour? No cart has no lines';

CREATE FUNCTION mjc.cart_sync(owner uuid, kind text, product_ids uuid[], quantities integer[]) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    limits record;
    ids uuid[];
    units integer[];
    adjusted json;
    at timestamptz;
BEGIN
    PERFORM mjc.check_schema();
    IF cart_sync.product_ids IS NULL THEN
        PERFORM mjc.raise('ARGUMENT_MISSING', 'argument', 'product_ids');
    END IF;
    IF cart_sync.quantities IS NULL THEN
        PERFORM mjc.raise('ARGUMENT_MISSING', 'argument', 'quantities');
    END IF;
    SELECT * INTO limits FROM mjc.order_limits();
    IF cardinality(cart_sync.product_ids) > limits.max_lines * 10 OR array_position(cart_sync.product_ids, NULL) IS NOT NULL THEN
        PERFORM mjc.raise('ARGUMENT_RANGE', 'argument', 'product_ids');
    END IF;
    IF cardinality(cart_sync.quantities) <> cardinality(cart_sync.product_ids) OR array_position(cart_sync.quantities, NULL) IS NOT NULL
       OR 1 > ANY (cart_sync.quantities) THEN
        PERFORM mjc.raise('ARGUMENT_RANGE', 'argument', 'quantities');
    END IF;
    -- A product out of stock stays with one unit: the buyer is told, nothing disappears.
    SELECT coalesce(array_agg(w.id ORDER BY w.place) FILTER (WHERE w.qty > 0), '{}'),
           coalesce(array_agg(w.qty ORDER BY w.place) FILTER (WHERE w.qty > 0), '{}'),
           json_agg(json_build_object('productId', w.id, 'quantity', w.qty, 'reason',
               CASE WHEN w.is_active IS NOT TRUE THEN 'UNKNOWN' WHEN w.qty = 0 THEN 'LIMIT' ELSE 'CUT' END)
               ORDER BY w.place) FILTER (WHERE w.qty < w.asked)
      INTO ids, units, adjusted
      FROM (SELECT n.id, n.place, n.asked, n.is_active,
                   CASE WHEN n.is_active AND n.nth <= limits.max_lines
                        THEN least(n.asked, limits.max_units, greatest(n.orderable_qty, 1))::integer ELSE 0 END AS qty
              FROM (SELECT u.id, u.place, u.asked, p.is_active, s.orderable_qty,
                           count(*) FILTER (WHERE p.is_active) OVER (ORDER BY u.place) AS nth
                      FROM (SELECT e.id, min(e.place) AS place, sum(e.qty) AS asked
                              FROM unnest(cart_sync.product_ids, cart_sync.quantities) WITH ORDINALITY e (id, qty, place) GROUP BY e.id) u
                      LEFT JOIN mjc.product p ON p.product_id = u.id
                      LEFT JOIN LATERAL (SELECT a.orderable_qty FROM mjc.stock_available a WHERE a.product_id = p.product_id) s ON true) n) w;
    IF mjc.cart_holds(owner, ids, units) THEN
        RETURN adjusted;
    END IF;
    PERFORM mjc.cart_lock(owner, cart_sync.kind, true);
    IF mjc.cart_holds(owner, ids, units) THEN
        RETURN adjusted;
    END IF;
    at := clock_timestamp();
    DELETE FROM mjc.cart_line l WHERE l.owner_id = owner AND l.product_id <> ALL (ids);
    -- A line that keeps its units keeps the price that the buyer saw.
    SELECT coalesce(array_agg(u.id ORDER BY u.place), '{}'), coalesce(array_agg(u.qty ORDER BY u.place), '{}') INTO ids, units
      FROM unnest(ids, units) WITH ORDINALITY u (id, qty, place)
     WHERE NOT EXISTS (SELECT FROM mjc.cart_line l WHERE l.owner_id = owner AND l.product_id = u.id AND l.qty = u.qty);
    PERFORM mjc.cart_put(owner, ids, units, at);
    PERFORM mjc.cart_touch(owner, at);
    RETURN adjusted;
END
$$;
COMMENT ON FUNCTION mjc.cart_sync(uuid, text, uuid[], integer[]) IS
    'The cart has these lines and no other: products named twice are summed, unknown ones left out, quantities cut to what can be ordered (one at least); returns what was adjusted, NULL when nothing. Errors: MJ003, MJ006, MJ009';

-- The larger quantity of both counts, so that it may be done twice, or by two sign-ins at once.
CREATE FUNCTION mjc.cart_merge(guest uuid, customer uuid) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    limits record;
    free bigint;
    adjusted json;
    at timestamptz;
BEGIN
    PERFORM mjc.check_schema();
    IF guest IS NULL OR NOT EXISTS (SELECT FROM mjc.cart c WHERE c.owner_id = guest AND c.expires_at > clock_timestamp()) THEN
        RETURN NULL;
    END IF;
    IF customer < guest THEN
        PERFORM mjc.cart_lock(customer, 'customer', true);
    END IF;
    IF NOT mjc.cart_lock(guest, 'guest', false) THEN
        RETURN NULL;
    END IF;
    IF customer > guest THEN
        PERFORM mjc.cart_lock(customer, 'customer', true);
    END IF;
    at := clock_timestamp();
    SELECT * INTO limits FROM mjc.order_limits();
    UPDATE mjc.cart_line l
       SET qty = g.qty, seen_unit_centimes = g.seen_unit_centimes, updated_at = at
      FROM mjc.cart_line g
     WHERE l.owner_id = customer AND g.owner_id = guest AND g.product_id = l.product_id AND g.qty > l.qty;
    DELETE FROM mjc.cart_line g
     WHERE g.owner_id = guest
       AND g.product_id IN (SELECT l.product_id FROM mjc.cart_line l WHERE l.owner_id = customer);
    free := limits.max_lines - (SELECT count(*) FROM mjc.cart_line l WHERE l.owner_id = customer);
    WITH moved AS (
        INSERT INTO mjc.cart_line (owner_id, product_id, qty, seen_unit_centimes, added_at, updated_at)
        SELECT customer, g.product_id, g.qty, g.seen_unit_centimes, g.added_at, at
          FROM mjc.cart_line g WHERE g.owner_id = guest
         ORDER BY g.added_at, g.product_id LIMIT greatest(free, 0)
        RETURNING product_id)
    DELETE FROM mjc.cart_line g WHERE g.owner_id = guest AND g.product_id IN (SELECT m.product_id FROM moved m);
    UPDATE mjc.cart c
       SET coupons = (SELECT coalesce(array_agg(k.code ORDER BY k.place), '{}')
                        FROM (SELECT u.code, min(u.place) AS place
                                FROM unnest(c.coupons || g.coupons) WITH ORDINALITY u (code, place)
                               GROUP BY u.code ORDER BY 2 LIMIT limits.max_coupons) k)
      FROM mjc.cart g
     WHERE c.owner_id = customer AND g.owner_id = guest;
    PERFORM mjc.cart_touch(customer, at);
    -- What the customer's cart has no room for stays where it was.
    SELECT json_agg(json_build_object('productId', g.product_id, 'quantity', 0, 'reason', 'LIMIT') ORDER BY g.added_at, g.product_id)
      INTO adjusted
      FROM mjc.cart_line g WHERE g.owner_id = guest;
    IF adjusted IS NULL THEN
        DELETE FROM mjc.cart c WHERE c.owner_id = guest;
    ELSE
        PERFORM mjc.cart_touch(guest, at);
    END IF;
    RETURN adjusted;
END
$$;
COMMENT ON FUNCTION mjc.cart_merge(uuid, uuid) IS
    'A guest''s cart becomes part of the customer''s: of each product the larger quantity, of the coupons all; returns what found no room and stays with the guest, NULL when nothing. Errors: MJ009';

CREATE FUNCTION mjc.cart_coupon_add(owner uuid, kind text, code text) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    key text := mjc.coupon_key(cart_coupon_add.code);
    most integer := (SELECT l.max_coupons FROM mjc.order_limits() l);
    mine record;
    used text[];
    at_checkout boolean;
    priced json;
    status text;
BEGIN
    PERFORM mjc.check_schema();
    IF cart_coupon_add.code IS NULL THEN
        PERFORM mjc.raise('ARGUMENT_MISSING', 'argument', 'code');
    END IF;
    IF key IS NULL THEN
        PERFORM mjc.raise('COUPON_UNKNOWN');
    END IF;
    PERFORM mjc.cart_lock(owner, cart_coupon_add.kind, false);
    SELECT * INTO mine FROM mjc.cart_lines(owner);
    IF cardinality(mine.product_ids) = 0 THEN
        PERFORM mjc.raise('COUPON_NOT_APPLICABLE');
    END IF;
    IF key = ANY (mine.coupons) THEN
        RETURN;
    END IF;
    IF cardinality(mine.coupons) >= most THEN
        PERFORM mjc.raise('COUPON_COUNT', 'max', most::text);
    END IF;
    -- One that was taken before and no longer counts must not stand in the way of this one.
    IF cardinality(mine.coupons) > 0 THEN
        used := ARRAY(SELECT e ->> 'code'
                        FROM json_array_elements(mjc.cart_priced(owner, cart_coupon_add.kind, mine.product_ids, mine.quantities,
                                                                 mine.coupons, false) -> 'coupons') e
                       WHERE e ->> 'status' = 'APPLIED');
    END IF;
    -- One for some wilayas is judged when the place is known; here only whether it may be used at all.
    at_checkout := EXISTS (SELECT FROM mjc.coupon c JOIN mjc.promotion p ON p.promotion_id = c.promotion_id
                            WHERE c.code = key AND p.wilaya_codes IS NOT NULL);
    priced := mjc.cart_priced(owner, cart_coupon_add.kind, mine.product_ids, mine.quantities, used || key, NOT at_checkout);
    SELECT e ->> 'status' INTO status FROM json_array_elements(priced -> 'coupons') e WHERE e ->> 'code' = key;
    IF status NOT IN ('APPLIED', 'COUPON_NOT_APPLICABLE') THEN
        PERFORM mjc.raise(status);
    END IF;
    UPDATE mjc.cart c SET coupons = c.coupons || key WHERE c.owner_id = owner;
    PERFORM mjc.cart_touch(owner, clock_timestamp());
END
$$;
COMMENT ON FUNCTION mjc.cart_coupon_add(uuid, text, text) IS
    'Notes a coupon that can be used with what is in the cart now; once is enough. Errors: MJ003, MJ009, MJ203 to MJ209';

CREATE FUNCTION mjc.cart_coupon_remove(owner uuid, code text) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    key text := mjc.coupon_key(cart_coupon_remove.code);
BEGIN
    PERFORM mjc.check_schema();
    IF cart_coupon_remove.code IS NULL THEN
        PERFORM mjc.raise('ARGUMENT_MISSING', 'argument', 'code');
    END IF;
    IF NOT mjc.cart_lock(owner, NULL, false) THEN
        RETURN;
    END IF;
    UPDATE mjc.cart c SET coupons = array_remove(c.coupons, key) WHERE c.owner_id = owner AND key = ANY (c.coupons);
    IF FOUND THEN
        PERFORM mjc.cart_touch(owner, clock_timestamp());
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.cart_coupon_remove(uuid, text) IS 'Takes a coupon out of a cart; one that is not there already is out. Errors: MJ003, MJ009';

CREATE FUNCTION mjc.cart_ordered(owner uuid, product_ids uuid[]) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    PERFORM mjc.check_schema();
    IF NOT mjc.cart_lock(owner, NULL, false) THEN
        RETURN;
    END IF;
    DELETE FROM mjc.cart_line l WHERE l.owner_id = owner AND l.product_id = ANY (cart_ordered.product_ids);
    UPDATE mjc.cart c SET coupons = '{}' WHERE c.owner_id = owner;
    PERFORM mjc.cart_touch(owner, clock_timestamp());
END
$$;
COMMENT ON FUNCTION mjc.cart_ordered(uuid, uuid[]) IS
    'These products were ordered: their lines and the coupons leave the cart, what came into it meanwhile stays. Last lock of an order. Errors: MJ009';

CREATE FUNCTION mjc.cart_purge(batch integer DEFAULT 500) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    removed bigint;
BEGIN
    DELETE FROM mjc.cart c
     WHERE c.owner_id = ANY (ARRAY(SELECT x.owner_id FROM mjc.cart x WHERE x.expires_at <= clock_timestamp()
                           ORDER BY x.expires_at LIMIT batch FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS removed = ROW_COUNT;
    RETURN removed;
END
$$;
COMMENT ON FUNCTION mjc.cart_purge(integer) IS 'Deletes carts whose time is over; returns their number. Run by a job';
