-- promotion: promotions and coupons are written here; extension/promotion.c applies them.
-- Each *_write is the one way in from psql and from REST (pricing_api.sql).

CREATE FUNCTION mjc.pricing_changed() RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE mjc.pricing_version v SET version = gen_random_uuid() WHERE v.singleton;
END
$$;
COMMENT ON FUNCTION mjc.pricing_changed() IS
    'Last step of every change of promotions: sessions that keep a compiled set read it anew. First step of every change of tariffs and zones: one comes after the other';

-------------------------------------------------------------------- promotions

CREATE FUNCTION mjc.promotion_find(typed text) RETURNS uuid
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT p.promotion_id FROM mjc.promotion p WHERE p.promotion_id = mjc.uuid_or_null(typed) OR p.code = typed
             ORDER BY p.code = typed LIMIT 1);
END
$$;
COMMENT ON FUNCTION mjc.promotion_find(text) IS 'Promotion with that id or code; NULL when there is none';

CREATE FUNCTION mjc.promotion_doc(id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT jsonb_build_object('code', p.code, 'name', p.name, 'nameAr', p.name_ar, 'kind', p.kind, 'scope', p.scope,
                       'percent', mjc.dzd(p.rate_bp), 'amount', mjc.dzd(p.amount_centimes), 'buyQuantity', p.buy_qty,
                       'getQuantity', p.get_qty, 'giftProduct', p.gift_product_id, 'priority', p.priority,
                       'exclusivityGroup', p.exclusivity_group, 'needsCoupon', p.needs_coupon, 'minQuantity', p.min_qty,
                       'minAmount', mjc.dzd(p.min_amount_centimes), 'products', p.product_ids, 'categories', p.category_ids,
                       'manufacturers', p.manufacturer_ids, 'customerGroups', p.customer_groups, 'wilayas', p.wilaya_codes,
                       'firstOrder', p.first_order, 'active', p.is_active) || mjc.span_doc(p.validity)
              FROM mjc.promotion p WHERE p.promotion_id = id);
END
$$;
COMMENT ON FUNCTION mjc.promotion_doc(uuid) IS 'A promotion as a document; NULL when there is none';

CREATE FUNCTION mjc.doc_categories(doc jsonb, key text) RETURNS uuid[]
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    names text[] := mjc.doc_list(doc, key, 200);
BEGIN
    RETURN mjc.doc_found(key, (SELECT array_agg(c.category_id) FROM unnest(names) n
        LEFT JOIN mjc.category c ON c.category_id = mjc.uuid_or_null(n) OR c.slug = lower(n)));
END
$$;
COMMENT ON FUNCTION mjc.doc_categories(jsonb, text) IS 'Categories, by ids or slugs, at most 200. Errors: MJ006, MJ010';

CREATE FUNCTION mjc.doc_manufacturers(doc jsonb, key text) RETURNS uuid[]
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    names text[] := mjc.doc_list(doc, key, 200);
BEGIN
    RETURN mjc.doc_found(key, (SELECT array_agg(m.manufacturer_id) FROM unnest(names) n
        LEFT JOIN mjc.manufacturer m ON m.manufacturer_id = mjc.uuid_or_null(n) OR m.slug = lower(n)));
END
$$;
COMMENT ON FUNCTION mjc.doc_manufacturers(jsonb, text) IS 'Manufacturers, by ids or slugs, at most 200. Errors: MJ006, MJ010';

CREATE FUNCTION mjc.doc_groups(doc jsonb, key text) RETURNS text[]
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    names text[] := mjc.doc_list(doc, key, 100);
BEGIN
    IF EXISTS (SELECT FROM unnest(names) n WHERE n NOT IN (SELECT g.customer_group FROM mjc.customer_group g)) THEN
        PERFORM mjc.raise('CUSTOMER_GROUP_UNKNOWN');
    END IF;
    RETURN (SELECT array_agg(DISTINCT n ORDER BY n) FROM unnest(names) n);
END
$$;
COMMENT ON FUNCTION mjc.doc_groups(jsonb, text) IS 'Customer groups, at most 100. Errors: MJ006, MJ010, MJ216';

CREATE FUNCTION mjc.doc_wilayas(doc jsonb, key text) RETURNS text[]
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    codes text[] := (SELECT array_agg(DISTINCT mjc.wilaya_find(n)) FROM unnest(mjc.doc_list(doc, key, 100)) n);
BEGIN
    IF array_position(codes, NULL) IS NOT NULL THEN
        PERFORM mjc.doc_refuse(key);
    END IF;
    RETURN (SELECT array_agg(c ORDER BY c) FROM unnest(codes) c);
END
$$;
COMMENT ON FUNCTION mjc.doc_wilayas(jsonb, text) IS 'Codes of wilayas, by codes or names, at most 100. Errors: MJ006, MJ010';

CREATE FUNCTION mjc.promotion_keys(kind text, OUT needed text[], OUT scopes text[])
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
    SELECT CASE kind WHEN 'percent' THEN '{percent}'::pg_catalog.text[] WHEN 'buy_get' THEN '{percent,buyQuantity,getQuantity}'
                     WHEN 'gift' THEN '{getQuantity,giftProduct}' ELSE '{amount}' END,
           CASE kind WHEN 'buy_get' THEN '{line}'::pg_catalog.text[] WHEN 'gift' THEN '{order}' ELSE '{line,order,shipping}' END
$$;
COMMENT ON FUNCTION mjc.promotion_keys(text) IS
    'Of percent, amount, buyQuantity, getQuantity and giftProduct those that a kind of promotion has (all of them, no other), and its scopes';

CREATE FUNCTION mjc.promotion_check(doc jsonb) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    keys record;
    wrong text;
BEGIN
    PERFORM mjc.doc_need(doc, '{code,name,kind,scope}');
    PERFORM mjc.doc_word(doc, 'code', '^[a-z0-9-]{2,60}$'), mjc.doc_text(doc, 'name', 1, 200), mjc.doc_text(doc, 'nameAr', 1, 200),
            mjc.doc_word(doc, 'kind', '^(percent|amount|fixed_price|buy_get|gift)$'), mjc.doc_word(doc, 'scope', '^(line|order|shipping)$'),
            mjc.doc_scaled(doc, 'percent', 100, 1, 10000), mjc.doc_integer(doc, 'buyQuantity', 1, 999),
            mjc.doc_integer(doc, 'getQuantity', 1, 999), mjc.doc_integer(doc, 'priority', 0, 1000000),
            mjc.doc_word(doc, 'exclusivityGroup', '^[a-z0-9-]{1,60}$'), mjc.doc_integer(doc, 'minQuantity', 1, 999999),
            mjc.doc_centimes(doc, 'minAmount'), mjc.doc_span(doc), mjc.doc_boolean(doc, 'needsCoupon', false),
            mjc.doc_boolean(doc, 'firstOrder', false), mjc.doc_boolean(doc, 'active', true);
    PERFORM mjc.doc_centimes(doc, 'amount', CASE WHEN doc ->> 'kind' = 'amount' THEN 1 ELSE 0 END);
    keys := mjc.promotion_keys(doc ->> 'kind');
    IF btrim(doc ->> 'scope') <> ALL (keys.scopes) THEN
        PERFORM mjc.raise('PROMOTION_INVALID', 'field', 'scope');
    END IF;
    SELECT k INTO wrong FROM unnest('{percent,amount,buyQuantity,getQuantity,giftProduct}'::text[]) k
     WHERE doc ? k IS DISTINCT FROM (k = ANY (keys.needed)) ORDER BY k LIMIT 1;
    IF wrong IS NOT NULL THEN
        PERFORM mjc.raise('PROMOTION_INVALID', 'field', wrong);
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.promotion_check(jsonb) IS
    'The one check of a promotion but for what it names (products, places). Errors: MJ003, MJ006, MJ010, MJ219';

CREATE FUNCTION mjc.promotion_default(doc jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT CASE doc OPERATOR(pg_catalog.->>) 'kind'
               WHEN 'buy_get' THEN '{"scope": "line", "percent": 100}'::pg_catalog.jsonb OPERATOR(pg_catalog.||) doc
               WHEN 'gift' THEN '{"scope": "order", "getQuantity": 1}'::pg_catalog.jsonb OPERATOR(pg_catalog.||) doc
               ELSE doc END
$$;
COMMENT ON FUNCTION mjc.promotion_default(jsonb) IS 'A promotion with what its kind implies: buy_get gives units of a line for nothing, gift gives one to the order';

CREATE FUNCTION mjc.promotion_put(id uuid, doc jsonb) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO mjc.promotion (promotion_id, code, name, kind, scope, rate_bp, amount_centimes, buy_qty, get_qty, gift_product_id)
    VALUES (id, mjc.doc_text(doc, 'code', 2, 60), mjc.doc_text(doc, 'name', 1, 200), mjc.doc_text(doc, 'kind', 1, 20), mjc.doc_text(doc, 'scope', 1, 20),
            mjc.doc_scaled(doc, 'percent', 100, 1, 10000)::integer, mjc.doc_centimes(doc, 'amount'), mjc.doc_integer(doc, 'buyQuantity', 1, 999),
            mjc.doc_integer(doc, 'getQuantity', 1, 999), mjc.doc_product(doc, 'giftProduct'))
    ON CONFLICT DO NOTHING;
    UPDATE mjc.promotion p
       SET code = mjc.doc_text(doc, 'code', 2, 60), name = mjc.doc_text(doc, 'name', 1, 200), name_ar = mjc.doc_text(doc, 'nameAr', 1, 200),
           kind = mjc.doc_text(doc, 'kind', 1, 20), scope = mjc.doc_text(doc, 'scope', 1, 20),
           rate_bp = mjc.doc_scaled(doc, 'percent', 100, 1, 10000), amount_centimes = mjc.doc_centimes(doc, 'amount'),
           buy_qty = mjc.doc_integer(doc, 'buyQuantity', 1, 999), get_qty = mjc.doc_integer(doc, 'getQuantity', 1, 999),
           gift_product_id = mjc.doc_product(doc, 'giftProduct'), priority = coalesce(mjc.doc_integer(doc, 'priority', 0, 1000000), 100),
           exclusivity_group = mjc.doc_text(doc, 'exclusivityGroup', 1, 60), needs_coupon = mjc.doc_boolean(doc, 'needsCoupon', false),
           validity = mjc.doc_span(doc), min_qty = mjc.doc_integer(doc, 'minQuantity', 1, 999999), min_amount_centimes = mjc.doc_centimes(doc, 'minAmount'),
           product_ids = mjc.doc_products(doc, 'products'), category_ids = mjc.doc_categories(doc, 'categories'),
           manufacturer_ids = mjc.doc_manufacturers(doc, 'manufacturers'), customer_groups = mjc.doc_groups(doc, 'customerGroups'),
           wilaya_codes = mjc.doc_wilayas(doc, 'wilayas'), first_order = mjc.doc_boolean(doc, 'firstOrder', false),
           is_active = mjc.doc_boolean(doc, 'active', true), updated_at = clock_timestamp()
     WHERE p.promotion_id = id;
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION mjc.promotion_put(uuid, jsonb) IS
    'Writes a checked promotion whole; false when its code is another''s. Errors: MJ006, MJ010, MJ216';

CREATE FUNCTION mjc.promotion_was_on(id uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM mjc.promotion p
         WHERE p.promotion_id = id AND (lower_inf(p.validity) OR lower(p.validity) <= clock_timestamp())
           AND (p.is_active OR EXISTS (SELECT FROM mjc.audit a WHERE a.subject_kind = 'promotion' AND a.subject_id = id::text
                                          AND a.after ->> 'active' = 'true')));
END
$$;
COMMENT ON FUNCTION mjc.promotion_was_on(uuid) IS
    'It has begun and was active, now or before: orders may have used it, and what explains their amounts names its code';

CREATE FUNCTION mjc.promotion_write(actor uuid, channel text, id uuid, doc jsonb, request_id text) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    promotion uuid := coalesce(id, mjc.uuid_v7());
    before jsonb;
    wanted jsonb;
BEGIN
    PERFORM mjc.doc_check(doc, '{code,name,nameAr,kind,scope,percent,amount,buyQuantity,getQuantity,giftProduct,priority,exclusivityGroup,needsCoupon,from,until,minQuantity,minAmount,products,categories,manufacturers,customerGroups,wilayas,firstOrder,active}');
    IF id IS NOT NULL THEN
        PERFORM FROM mjc.promotion p WHERE p.promotion_id = id FOR NO KEY UPDATE;
        before := mjc.promotion_doc(id);
        IF before IS NULL THEN
            RETURN NULL;
        END IF;
    END IF;
    wanted := mjc.promotion_default(mjc.doc_merge(before, doc));
    PERFORM mjc.promotion_check(wanted);
    IF EXISTS (SELECT FROM mjc.promotion p WHERE p.code = btrim(wanted ->> 'code') AND p.promotion_id <> promotion) THEN
        PERFORM mjc.raise('CODE_EXISTS');
    END IF;
    IF (btrim(wanted ->> 'code') <> before ->> 'code' AND mjc.promotion_was_on(promotion))
       OR (NOT mjc.doc_boolean(wanted, 'needsCoupon', false) AND EXISTS (SELECT FROM mjc.coupon c WHERE c.promotion_id = promotion)) THEN
        PERFORM mjc.raise('PRICING_IN_USE');
    END IF;
    IF NOT mjc.promotion_put(promotion, wanted) THEN
        PERFORM mjc.raise('CODE_EXISTS');
    END IF;
    PERFORM mjc.audit_write(actor, channel, 'promotion_set', 'promotion', promotion::text, before, mjc.promotion_doc(promotion), request_id);
    PERFORM mjc.pricing_changed();
    RETURN promotion;
END
$$;
COMMENT ON FUNCTION mjc.promotion_write(uuid, text, uuid, jsonb, text) IS
    'Makes (id NULL) or changes a promotion; NULL when there is none of that id. Errors: MJ003, MJ006, MJ010, MJ214, MJ215 (its code once it was on; needsCoupon while it has coupons), MJ216, MJ219';

CREATE FUNCTION mjc.promotion_set(code text, doc jsonb) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    id uuid;
BEGIN
    PERFORM mjc.check_schema();
    SELECT p.promotion_id INTO id FROM mjc.promotion p WHERE p.code = promotion_set.code;
    RETURN mjc.promotion_write(mjc.staff_id(), 'psql', id,
        CASE WHEN jsonb_typeof(doc) = 'object' THEN jsonb_build_object('code', promotion_set.code) || doc ELSE doc END, NULL);
END
$$;
COMMENT ON FUNCTION mjc.promotion_set(text, jsonb) IS
    'Makes or changes the promotion of that code; returns its id. Keys: name, nameAr, kind (percent, amount, fixed_price, buy_get, gift), scope (line, order, shipping), percent, amount, buyQuantity, getQuantity, giftProduct, priority, exclusivityGroup, needsCoupon, from, until, minQuantity, minAmount, products, categories, manufacturers, customerGroups, wilayas, firstOrder, active. Errors: MJ003, MJ006, MJ010, MJ214, MJ215, MJ216, MJ219, MJ601';

CREATE FUNCTION mjc.promotion_drop(actor uuid, channel text, id uuid, request_id text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    before jsonb;
BEGIN
    PERFORM FROM mjc.promotion p WHERE p.promotion_id = id FOR UPDATE;
    before := mjc.promotion_doc(id);
    IF before IS NULL THEN
        RETURN NULL;
    END IF;
    IF mjc.promotion_was_on(id) OR EXISTS (SELECT FROM mjc.coupon c WHERE c.promotion_id = id) THEN
        PERFORM mjc.raise('PRICING_IN_USE');
    END IF;
    DELETE FROM mjc.promotion p WHERE p.promotion_id = id;
    PERFORM mjc.audit_write(actor, channel, 'promotion_delete', 'promotion', id::text, before, NULL, request_id);
    PERFORM mjc.pricing_changed();
    RETURN true;
END
$$;
COMMENT ON FUNCTION mjc.promotion_drop(uuid, text, uuid, text) IS
    'Removes a promotion; NULL when there is none. Errors: MJ215 it was on or has coupons: make it inactive instead';

CREATE FUNCTION mjc.promotion_delete(code text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.found(mjc.promotion_drop(mjc.staff_writes(), 'psql', mjc.promotion_find(code), NULL));
END
$$;
COMMENT ON FUNCTION mjc.promotion_delete(text) IS
    'Removes a promotion that was never on and has no coupons; else make it inactive: mjc.promotion_set(code, ''{"active": false}''). Errors: MJ004, MJ215, MJ601';

----------------------------------------------------------------------- coupons

CREATE FUNCTION mjc.coupon_key(typed text) RETURNS text
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_coupon_key';
COMMENT ON FUNCTION mjc.coupon_key(text) IS
    'A coupon code as it is stored, however it is typed: capitals, digits of any script as 0 to 9, no blanks; NULL when it cannot be one';

CREATE FUNCTION mjc.coupon_uses(code text) RETURNS bigint
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN coalesce((SELECT l.used FROM mjc.coupon_ledger l WHERE l.code = coupon_uses.code ORDER BY l.seq DESC LIMIT 1), 0);
END
$$;
COMMENT ON FUNCTION mjc.coupon_uses(text) IS 'Uses of a coupon that were not given back';

CREATE FUNCTION mjc.coupon_doc(code text) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT jsonb_build_object('promotion', p.code, 'maxUses', c.max_uses, 'maxUsesPerCustomer', c.max_uses_per_customer,
                       'customer', c.customer_id, 'active', c.is_active) || mjc.span_doc(c.validity)
              FROM mjc.coupon c JOIN mjc.promotion p ON p.promotion_id = c.promotion_id WHERE c.code = coupon_doc.code);
END
$$;
COMMENT ON FUNCTION mjc.coupon_doc(text) IS 'A coupon as a document; NULL when there is none';

CREATE FUNCTION mjc.coupon_check(doc jsonb) RETURNS uuid
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    promotion uuid;
BEGIN
    PERFORM mjc.doc_need(doc, '{promotion}');
    SELECT p.promotion_id INTO promotion FROM mjc.promotion p
     WHERE p.promotion_id = mjc.promotion_find(mjc.doc_text(doc, 'promotion', 1, 60)) AND p.needs_coupon;
    IF promotion IS NULL THEN
        PERFORM mjc.doc_refuse('promotion');
    END IF;
    PERFORM mjc.doc_integer(doc, 'maxUses', 1, 2147483647), mjc.doc_integer(doc, 'maxUsesPerCustomer', 1, 2147483647),
            mjc.doc_customer(doc, 'customer'), mjc.doc_span(doc), mjc.doc_boolean(doc, 'active', true);
    RETURN promotion;
END
$$;
COMMENT ON FUNCTION mjc.coupon_check(jsonb) IS
    'The one check of {promotion, maxUses, maxUsesPerCustomer, customer, from, until, active}; returns the promotion, which needs a coupon. Errors: MJ003, MJ006, MJ010';

CREATE FUNCTION mjc.coupon_write(actor uuid, channel text, code text, doc jsonb, is_new boolean, request_id text) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    key text := mjc.coupon_key(code);
    before jsonb;
    wanted jsonb;
    promotion uuid;
BEGIN
    PERFORM mjc.doc_check(doc, '{promotion,maxUses,maxUsesPerCustomer,customer,from,until,active}');
    PERFORM FROM mjc.coupon c WHERE c.code = key FOR NO KEY UPDATE;
    before := mjc.coupon_doc(key);
    IF key IS NULL AND (is_new OR is_new IS NULL) THEN
        PERFORM mjc.doc_refuse('code');
    ELSIF before IS NOT NULL AND is_new THEN
        PERFORM mjc.raise('CODE_EXISTS');
    ELSIF before IS NULL AND NOT is_new THEN
        RETURN NULL;
    END IF;
    wanted := mjc.doc_merge(before, doc);
    promotion := mjc.coupon_check(wanted);
    IF promotion <> mjc.promotion_find(before ->> 'promotion') AND EXISTS (SELECT FROM mjc.coupon_ledger l WHERE l.code = key) THEN
        PERFORM mjc.raise('PRICING_IN_USE');
    END IF;
    IF before IS NULL THEN
        INSERT INTO mjc.coupon (code, promotion_id) VALUES (key, promotion) ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN
            PERFORM mjc.raise('CODE_EXISTS');
        END IF;
    END IF;
    UPDATE mjc.coupon c
       SET promotion_id = promotion, max_uses = mjc.doc_integer(wanted, 'maxUses', 1, 2147483647),
           max_uses_per_customer = mjc.doc_integer(wanted, 'maxUsesPerCustomer', 1, 2147483647), customer_id = mjc.doc_customer(wanted, 'customer'),
           validity = mjc.doc_span(wanted), is_active = mjc.doc_boolean(wanted, 'active', true), updated_at = clock_timestamp()
     WHERE c.code = key;
    PERFORM mjc.audit_write(actor, channel, 'coupon_set', 'coupon', key, before, mjc.coupon_doc(key), request_id);
    RETURN key;
END
$$;
COMMENT ON FUNCTION mjc.coupon_write(uuid, text, text, jsonb, boolean, text) IS
    'Makes (is_new) or changes (not is_new; NULL when there is none) a coupon, NULL: either. Errors: MJ003, MJ006, MJ010, MJ214, MJ215 the promotion of one that was used';

CREATE FUNCTION mjc.coupon_set(code text, doc jsonb) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.coupon_write(mjc.staff_writes(), 'psql', code, doc, NULL, NULL);
END
$$;
COMMENT ON FUNCTION mjc.coupon_set(text, jsonb) IS
    'Makes or changes a coupon: {promotion: code or id of one with needsCoupon, maxUses, maxUsesPerCustomer, customer, from, until, active}; returns the code as it is stored. Errors: MJ003, MJ006, MJ010, MJ214, MJ215, MJ601';

CREATE FUNCTION mjc.coupon_drop(actor uuid, channel text, code text, request_id text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    key text := mjc.coupon_key(code);
    before jsonb;
BEGIN
    PERFORM FROM mjc.coupon c WHERE c.code = key FOR UPDATE;
    before := mjc.coupon_doc(key);
    IF before IS NULL THEN
        RETURN NULL;
    END IF;
    IF EXISTS (SELECT FROM mjc.coupon_ledger l WHERE l.code = key) THEN
        PERFORM mjc.raise('PRICING_IN_USE');
    END IF;
    DELETE FROM mjc.coupon c WHERE c.code = key;
    PERFORM mjc.audit_write(actor, channel, 'coupon_delete', 'coupon', key, before, NULL, request_id);
    RETURN true;
END
$$;
COMMENT ON FUNCTION mjc.coupon_drop(uuid, text, text, text) IS
    'Removes a coupon; NULL when there is none. Errors: MJ215 it was used: make it inactive instead';

CREATE FUNCTION mjc.coupon_delete(code text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.found(mjc.coupon_drop(mjc.staff_writes(), 'psql', code, NULL));
END
$$;
COMMENT ON FUNCTION mjc.coupon_delete(text) IS
    'Removes a coupon that was never used; else make it inactive: mjc.coupon_set(code, ''{"active": false}''). Errors: MJ004, MJ215, MJ601';

CREATE FUNCTION mjc.random_code(length integer) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    bytes bytea := uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid());
BEGIN
    -- Bytes 6 and 8 of a uuid hold its version; 32 letters: no I, O, 0, 1.
    RETURN (
        SELECT string_agg(substr('23456789ABCDEFGHJKLMNPQRSTUVWXYZ', (get_byte(bytes, p.n) & 31) + 1, 1), '' ORDER BY p.n)
          FROM (SELECT n FROM generate_series(0, 31) n WHERE n % 16 NOT IN (6, 8) LIMIT random_code.length) p);
END
$$;
COMMENT ON FUNCTION mjc.random_code(integer) IS
    'A code that nobody can guess, of letters and digits that are not mistaken for each other, five bits each; at most 28 characters';

CREATE FUNCTION mjc.coupon_batch(promotion text, n integer, prefix text DEFAULT '', doc jsonb DEFAULT '{}') RETURNS SETOF text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 1000
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    actor uuid;
    head text := upper(coalesce(prefix, '') COLLATE "C");
    wanted jsonb;
    promotion_id uuid;
    made integer := 0;
    key text;
BEGIN
    PERFORM mjc.check_schema();
    actor := mjc.staff_id();
    PERFORM mjc.doc_check(doc, '{from,until,active}');
    IF head !~ '^[A-Z0-9_-]{0,20}$' THEN
        PERFORM mjc.doc_refuse('prefix');
    END IF;
    IF n IS NULL OR n NOT BETWEEN 1 AND 10000 THEN
        PERFORM mjc.doc_refuse('n', 'ARGUMENT_RANGE');
    END IF;
    wanted := mjc.doc_merge(doc, jsonb_build_object('promotion', promotion));
    promotion_id := mjc.coupon_check(wanted);
    WHILE made < n LOOP
        key := NULL;
        INSERT INTO mjc.coupon AS c (code, promotion_id, max_uses, validity, is_active)
        VALUES (head || mjc.random_code(10), promotion_id, 1, mjc.doc_span(wanted), mjc.doc_boolean(wanted, 'active', true))
        ON CONFLICT DO NOTHING RETURNING c.code INTO key;
        IF key IS NOT NULL THEN
            made := made + 1;
            RETURN NEXT key;
        END IF;
    END LOOP;
    PERFORM mjc.audit_write(actor, 'psql', 'coupon_batch', 'promotion', promotion_id::text, NULL,
        wanted || jsonb_build_object('coupons', n, 'prefix', head), NULL);
END
$$;
COMMENT ON FUNCTION mjc.coupon_batch(text, integer, text, jsonb) IS
    'Makes n (at most 10000) coupons for one use each, of a promotion (code or id) with needsCoupon: prefix and ten random characters; {from, until, active} for all. Errors: MJ003, MJ006, MJ010, MJ601';
