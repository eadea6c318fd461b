-- price_list: customer groups, base prices, price lists and their prices. Rules of staff;
-- each *_write is the one way in from psql and from REST (pricing_api.sql).

--------------------------------------------------------------- customer groups

CREATE FUNCTION mjc.check_customer_group(name text) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM mjc.customer_group g WHERE g.customer_group = name) THEN
        PERFORM mjc.raise('CUSTOMER_GROUP_UNKNOWN');
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.check_customer_group(text) IS 'Errors: MJ216 there is no such group';

CREATE FUNCTION mjc.customer_group_doc(code text) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT jsonb_build_object('code', g.customer_group, 'name', g.name_fr, 'nameAr', g.name_ar, 'sortOrder', g.sort_order)
              FROM mjc.customer_group g WHERE g.customer_group = code);
END
$$;
COMMENT ON FUNCTION mjc.customer_group_doc(text) IS 'A customer group as a document; NULL when there is none';

CREATE FUNCTION mjc.customer_group_write(actor uuid, channel text, code text, doc jsonb, request_id text) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    before jsonb;
    wanted jsonb;
BEGIN
    PERFORM mjc.doc_check(doc, '{name,nameAr,sortOrder}');
    IF code IS NULL OR code !~ '^[a-z0-9_-]{2,30}$' THEN
        PERFORM mjc.doc_refuse('code');
    END IF;
    PERFORM FROM mjc.customer_group g WHERE g.customer_group = code FOR NO KEY UPDATE;
    before := mjc.customer_group_doc(code);
    wanted := mjc.doc_merge(before, doc);
    PERFORM mjc.doc_need(wanted, '{name,nameAr}');
    INSERT INTO mjc.customer_group AS g (customer_group, name_fr, name_ar, sort_order)
    VALUES (code, mjc.doc_text(wanted, 'name', 1, 100), mjc.doc_text(wanted, 'nameAr', 1, 100),
            coalesce(mjc.doc_integer(wanted, 'sortOrder', 0, 1000000), 0))
    ON CONFLICT ON CONSTRAINT customer_group_pkey DO UPDATE
       SET name_fr = EXCLUDED.name_fr, name_ar = EXCLUDED.name_ar, sort_order = EXCLUDED.sort_order;
    PERFORM mjc.audit_write(actor, channel, 'customer_group_set', 'customer_group', code, before, mjc.customer_group_doc(code), request_id);
    RETURN mjc.customer_group_doc(code);
END
$$;
COMMENT ON FUNCTION mjc.customer_group_write(uuid, text, text, jsonb, text) IS
    'Makes or changes a customer group {name, nameAr, sortOrder}. Errors: MJ003, MJ006, MJ010';

CREATE FUNCTION mjc.customer_group_set(code text, name_fr text, name_ar text, sort_order integer DEFAULT NULL) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.customer_group_write(mjc.staff_writes(), 'psql', code,
        jsonb_strip_nulls(jsonb_build_object('name', name_fr, 'nameAr', name_ar, 'sortOrder', customer_group_set.sort_order)), NULL) ->> 'code';
END
$$;
COMMENT ON FUNCTION mjc.customer_group_set(text, text, text, integer) IS
    'Makes or changes a customer group; NULL keeps what there is. Errors: MJ003, MJ006, MJ010, MJ601';

CREATE FUNCTION mjc.customer_group_move(actor uuid, channel text, customer_id uuid, customer_group text, request_id text) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    old_group text;
BEGIN
    PERFORM mjc.check_customer_group(customer_group);
    SELECT c.customer_group INTO old_group FROM mjc.customer c
     WHERE c.customer_id = customer_group_move.customer_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF old_group <> customer_group_move.customer_group THEN
        UPDATE mjc.customer c SET customer_group = customer_group_move.customer_group
         WHERE c.customer_id = customer_group_move.customer_id;
        PERFORM mjc.audit_write(actor, channel, 'customer_group_assign', 'customer', customer_group_move.customer_id::text,
            jsonb_build_object('customerGroup', old_group), jsonb_build_object('customerGroup', customer_group_move.customer_group), request_id);
    END IF;
    RETURN jsonb_build_object('customerId', customer_group_move.customer_id, 'customerGroup', customer_group_move.customer_group);
END
$$;
COMMENT ON FUNCTION mjc.customer_group_move(uuid, text, uuid, text, text) IS
    'Puts a customer into a group; NULL when there is no such customer. Errors: MJ216';

CREATE FUNCTION mjc.customer_group_assign(customer_id uuid, customer_group text) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.found(mjc.customer_group_move(mjc.staff_writes(), 'psql', customer_id, customer_group, NULL)) ->> 'customerGroup';
END
$$;
COMMENT ON FUNCTION mjc.customer_group_assign(uuid, text) IS
    'Puts a customer into a group, whose price lists he sees from now on. Errors: MJ004, MJ216, MJ601';

------------------------------------------------------------------- base prices

CREATE FUNCTION mjc.price_doc(product_id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT jsonb_build_object('price', mjc.dzd(p.price_centimes), 'salePrice', mjc.dzd(p.sale_price_centimes),
                       'saleFrom', p.sale_from_at, 'saleUntil', p.sale_until_at, 'minPrice', mjc.dzd(p.min_price_centimes))
              FROM mjc.product p WHERE p.product_id = price_doc.product_id);
END
$$;
COMMENT ON FUNCTION mjc.price_doc(uuid) IS 'The prices of a product row as a document; NULL when there is none';

CREATE FUNCTION mjc.price_check(doc jsonb) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.doc_need(doc, '{price}');
    PERFORM mjc.doc_centimes(doc, 'minPrice');
    IF mjc.doc_centimes(doc, 'salePrice', 1) >= mjc.doc_centimes(doc, 'price') THEN
        PERFORM mjc.doc_refuse('salePrice', 'ARGUMENT_RANGE');
    END IF;
    IF mjc.doc_time(doc, 'saleFrom') >= mjc.doc_time(doc, 'saleUntil') THEN
        PERFORM mjc.doc_refuse('saleUntil', 'ARGUMENT_RANGE');
    END IF;
    IF doc ?| '{saleFrom,saleUntil}' AND NOT doc ? 'salePrice' THEN
        PERFORM mjc.doc_refuse('salePrice', 'ARGUMENT_MISSING');
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.price_check(jsonb) IS
    'The one check of {price, salePrice, saleFrom, saleUntil, minPrice}: the sale price is above 0 and below the price. Errors: MJ003, MJ006, MJ010';

-- The old prices stay readable: they were good until now.
CREATE FUNCTION mjc.prices_keep_past(product_ids uuid[]) RETURNS timestamptz
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    at timestamptz;
BEGIN
    SELECT greatest(clock_timestamp(), max(x.until_at) + interval '1 microsecond') INTO at
      FROM mjc.product_price_past x WHERE x.product_id = ANY (product_ids);
    INSERT INTO mjc.product_price_past (product_id, until_at, price_centimes, sale_price_centimes, sale_from_at, sale_until_at)
    SELECT p.product_id, at, p.price_centimes, p.sale_price_centimes, p.sale_from_at, p.sale_until_at
      FROM mjc.product p WHERE p.product_id = ANY (product_ids);
    RETURN at;
END
$$;
COMMENT ON FUNCTION mjc.prices_keep_past(uuid[]) IS 'Notes the prices of locked product rows as past; returns the instant from which others hold';

CREATE FUNCTION mjc.price_write(actor uuid, channel text, product_id uuid, doc jsonb, request_id text) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    before jsonb;
    wanted jsonb;
    after jsonb;
    at timestamptz := clock_timestamp();
BEGIN
    PERFORM mjc.doc_check(doc, '{price,salePrice,saleFrom,saleUntil,minPrice}');
    PERFORM FROM mjc.product p WHERE p.product_id = price_write.product_id FOR NO KEY UPDATE;
    before := mjc.price_doc(product_id);
    IF before IS NULL THEN
        RETURN NULL;
    END IF;
    wanted := mjc.doc_merge(before, doc);
    IF jsonb_typeof(doc -> 'salePrice') = 'null' THEN
        -- Without a sale its dates mean nothing.
        wanted := mjc.doc_merge(wanted - '{saleFrom,saleUntil}'::text[], doc);
    END IF;
    PERFORM mjc.price_check(wanted);
    IF (mjc.doc_centimes(wanted, 'price'), mjc.doc_centimes(wanted, 'salePrice'), mjc.doc_time(wanted, 'saleFrom'), mjc.doc_time(wanted, 'saleUntil'))
       IS DISTINCT FROM (mjc.doc_centimes(before, 'price'), mjc.doc_centimes(before, 'salePrice'), mjc.doc_time(before, 'saleFrom'), mjc.doc_time(before, 'saleUntil')) THEN
        at := mjc.prices_keep_past(ARRAY[product_id]);
    ELSIF mjc.doc_centimes(wanted, 'minPrice') IS NOT DISTINCT FROM mjc.doc_centimes(before, 'minPrice') THEN
        RETURN before;
    END IF;
    UPDATE mjc.product p
       SET price_centimes = mjc.doc_centimes(wanted, 'price'), sale_price_centimes = mjc.doc_centimes(wanted, 'salePrice'),
           sale_from_at = mjc.doc_time(wanted, 'saleFrom'), sale_until_at = mjc.doc_time(wanted, 'saleUntil'),
           min_price_centimes = mjc.doc_centimes(wanted, 'minPrice'), updated_at = at
     WHERE p.product_id = price_write.product_id;
    PERFORM mjc.offer_changed(ARRAY[price_write.product_id]);
    after := mjc.price_doc(product_id);
    PERFORM mjc.audit_write(actor, channel, 'price_set', 'product', product_id::text, before, after, request_id);
    RETURN after;
END
$$;
COMMENT ON FUNCTION mjc.price_write(uuid, text, uuid, jsonb, text) IS
    'Changes the base prices of a product; what they were stays in mjc.product_price_past. NULL when there is no such product. Errors: MJ003, MJ006, MJ010';

CREATE FUNCTION mjc.price_update(product_id uuid, doc jsonb) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.found(mjc.price_write(mjc.staff_writes(), 'psql', product_id, doc, NULL), 'PRODUCT_UNKNOWN');
END
$$;
COMMENT ON FUNCTION mjc.price_update(uuid, jsonb) IS
    'Changes of the base prices what the document names: {price, salePrice, saleFrom, saleUntil, minPrice} in DZD; null clears. Errors: MJ003, MJ006, MJ010, MJ107, MJ601';

CREATE FUNCTION mjc.price_set(product_id uuid, price_dzd numeric, sale_price_dzd numeric DEFAULT NULL,
    sale_from timestamptz DEFAULT NULL, sale_until timestamptz DEFAULT NULL) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.found(mjc.price_write(mjc.staff_writes(), 'psql', product_id,
        jsonb_build_object('price', price_dzd, 'salePrice', sale_price_dzd, 'saleFrom', sale_from, 'saleUntil', sale_until), NULL), 'PRODUCT_UNKNOWN');
END
$$;
COMMENT ON FUNCTION mjc.price_set(uuid, numeric, numeric, timestamptz, timestamptz) IS
    'Sets price and sale of a product, DZD with tax; without a sale price there is no sale. Errors: MJ003, MJ006, MJ010, MJ107, MJ601';

------------------------------------------------------------------- price lists

CREATE FUNCTION mjc.price_list_find(typed text) RETURNS uuid
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT l.price_list_id FROM mjc.price_list l WHERE l.price_list_id = mjc.uuid_or_null(typed) OR l.code = typed
             ORDER BY l.code = typed LIMIT 1);
END
$$;
COMMENT ON FUNCTION mjc.price_list_find(text) IS 'Price list with that id or code; NULL when there is none';

CREATE FUNCTION mjc.price_list_doc(id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT jsonb_build_object('code', l.code, 'name', l.name, 'kind', l.kind, 'customerGroup', l.customer_group)
              FROM mjc.price_list l WHERE l.price_list_id = id);
END
$$;
COMMENT ON FUNCTION mjc.price_list_doc(uuid) IS 'A price list as a document; NULL when there is none';

CREATE FUNCTION mjc.price_list_check(doc jsonb) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.doc_need(doc, '{code,name,kind}');
    PERFORM mjc.doc_word(doc, 'code', '^[a-z0-9-]{2,60}$'), mjc.doc_text(doc, 'name', 1, 200),
            mjc.doc_word(doc, 'kind', '^(override|sale)$'), mjc.doc_group(doc, 'customerGroup');
END
$$;
COMMENT ON FUNCTION mjc.price_list_check(jsonb) IS
    'The one check of {code, name, kind: override or sale, customerGroup}. Errors: MJ003, MJ006, MJ010, MJ216';

CREATE FUNCTION mjc.price_list_write(actor uuid, channel text, id uuid, doc jsonb, request_id text) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    list uuid := coalesce(id, mjc.uuid_v7());
    before jsonb;
    wanted jsonb;
BEGIN
    PERFORM mjc.doc_check(doc, '{code,name,kind,customerGroup}');
    IF id IS NOT NULL THEN
        PERFORM FROM mjc.price_list l WHERE l.price_list_id = list FOR NO KEY UPDATE;
        before := mjc.price_list_doc(list);
        IF before IS NULL THEN
            RETURN NULL;
        END IF;
    END IF;
    wanted := mjc.doc_merge(before, doc);
    PERFORM mjc.price_list_check(wanted);
    IF EXISTS (SELECT FROM mjc.price_list l WHERE l.code = btrim(wanted ->> 'code') AND l.price_list_id <> list) THEN
        PERFORM mjc.raise('CODE_EXISTS');
    END IF;
    IF id IS NULL THEN
        INSERT INTO mjc.price_list (price_list_id, code, name, kind, customer_group)
        VALUES (list, btrim(wanted ->> 'code'), btrim(wanted ->> 'name'), btrim(wanted ->> 'kind'), btrim(wanted ->> 'customerGroup'))
        ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN
            PERFORM mjc.raise('CODE_EXISTS');
        END IF;
    ELSIF wanted - 'name' <> jsonb_strip_nulls(before) - 'name' AND EXISTS (SELECT FROM mjc.price p WHERE p.price_list_id = list) THEN
        PERFORM mjc.raise('PRICING_IN_USE');
    ELSE
        UPDATE mjc.price_list l
           SET code = btrim(wanted ->> 'code'), name = btrim(wanted ->> 'name'), kind = btrim(wanted ->> 'kind'),
               customer_group = btrim(wanted ->> 'customerGroup'), updated_at = clock_timestamp()
         WHERE l.price_list_id = list;
    END IF;
    PERFORM mjc.audit_write(actor, channel, 'price_list_set', 'price_list', list::text, before, mjc.price_list_doc(list), request_id);
    RETURN list;
END
$$;
COMMENT ON FUNCTION mjc.price_list_write(uuid, text, uuid, jsonb, text) IS
    'Makes (id NULL) or changes a price list; once it has a price only its name. NULL when there is none of that id. Errors: MJ003, MJ006, MJ010, MJ214, MJ215, MJ216';

CREATE FUNCTION mjc.price_list_set(code text, doc jsonb) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    id uuid;
BEGIN
    PERFORM mjc.check_schema();
    SELECT l.price_list_id INTO id FROM mjc.price_list l WHERE l.code = price_list_set.code;
    RETURN mjc.price_list_write(mjc.staff_id(), 'psql', id,
        CASE WHEN jsonb_typeof(doc) = 'object' THEN jsonb_build_object('code', price_list_set.code) || doc ELSE doc END, NULL);
END
$$;
COMMENT ON FUNCTION mjc.price_list_set(text, jsonb) IS
    'Makes or changes the price list of that code: {name, kind: override or sale, customerGroup: null is everybody}; returns its id. Errors: MJ003, MJ006, MJ010, MJ214, MJ215, MJ216, MJ601';

CREATE FUNCTION mjc.price_list_drop(actor uuid, channel text, id uuid, request_id text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    before jsonb;
    at timestamptz;
    is_empty boolean;
BEGIN
    UPDATE mjc.price_list l SET updated_at = clock_timestamp() WHERE l.price_list_id = id;
    before := mjc.price_list_doc(id);
    IF before IS NULL THEN
        RETURN NULL;
    END IF;
    at := clock_timestamp();
    DELETE FROM mjc.price p WHERE p.price_list_id = id AND lower(p.validity) > at;
    UPDATE mjc.price p SET validity = mjc.ended(p.validity, at)
     WHERE p.price_list_id = id AND (upper_inf(p.validity) OR upper(p.validity) > at);
    is_empty := NOT EXISTS (SELECT FROM mjc.price p WHERE p.price_list_id = id);
    IF is_empty THEN
        DELETE FROM mjc.price_list l WHERE l.price_list_id = id;
    END IF;
    PERFORM mjc.audit_write(actor, channel, 'price_list_delete', 'price_list', id::text, before,
        CASE WHEN NOT is_empty THEN before END, request_id);
    RETURN is_empty;
END
$$;
COMMENT ON FUNCTION mjc.price_list_drop(uuid, text, uuid, text) IS
    'Ends every price of a list and removes it if none ever began: true. false: its past stays. NULL when there is none';

CREATE FUNCTION mjc.price_list_delete(price_list text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.found(mjc.price_list_drop(mjc.staff_writes(), 'psql', mjc.price_list_find(price_list), NULL));
END
$$;
COMMENT ON FUNCTION mjc.price_list_delete(text) IS
    'Ends every price of a list (code or id); true when none had begun and the list is gone, false when its past stays. Errors: MJ004, MJ601';

--------------------------------------------------------- prices of price lists

CREATE FUNCTION mjc.ended(span tstzrange, at timestamptz) RETURNS tstzrange
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT pg_catalog.tstzrange(pg_catalog.lower(span),
        greatest(at, pg_catalog.lower(span) OPERATOR(pg_catalog.+) pg_catalog.make_interval(secs => 0.000001)))
$$;
COMMENT ON FUNCTION mjc.ended(tstzrange, timestamptz) IS 'A time that has begun, ended at an instant; never empty';

CREATE FUNCTION mjc.list_price_doc(id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT jsonb_build_object('product', p.product_id, 'amount', mjc.dzd(p.amount_centimes), 'minQuantity', lower(p.qty),
                       'maxQuantity', upper(p.qty) - 1) || mjc.span_doc(p.validity)
              FROM mjc.price p WHERE p.price_id = id);
END
$$;
COMMENT ON FUNCTION mjc.list_price_doc(uuid) IS 'A price of a price list as a document; NULL when there is none';

CREATE FUNCTION mjc.price_qty(doc jsonb) RETURNS int4range
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    low integer := coalesce(mjc.doc_integer(doc, 'minQuantity', 1, 999999), 1);
    high integer := mjc.doc_integer(doc, 'maxQuantity', 1, 999999);
BEGIN
    IF high < low THEN
        PERFORM mjc.doc_refuse('maxQuantity', 'ARGUMENT_RANGE');
    END IF;
    RETURN int4range(low, high + 1);
END
$$;
COMMENT ON FUNCTION mjc.price_qty(jsonb) IS 'The quantities of a price: minQuantity (1) to maxQuantity (any). Errors: MJ006, MJ010';

-- The list's row is written, not only locked: in any isolation level two writers of one
-- list come one after the other, and the second sees or is told of the first.
CREATE FUNCTION mjc.price_add(actor uuid, channel text, list uuid, doc jsonb, request_id text) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    id uuid := mjc.uuid_v7();
    product uuid;
    amount bigint;
    quantities int4range;
    span tstzrange;
    at timestamptz;
BEGIN
    PERFORM mjc.doc_check(doc, '{product,amount,minQuantity,maxQuantity,from,until,replace}');
    PERFORM mjc.doc_need(jsonb_strip_nulls(doc), '{product,amount}');
    product := mjc.doc_product(doc, 'product');
    amount := mjc.doc_centimes(doc, 'amount');
    quantities := mjc.price_qty(doc);
    UPDATE mjc.price_list l SET updated_at = clock_timestamp() WHERE l.price_list_id = list;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    at := clock_timestamp();
    -- Whoever says now() means now.
    IF mjc.doc_time(doc, 'from') < now() THEN
        PERFORM mjc.doc_refuse('from', 'ARGUMENT_RANGE');
    END IF;
    span := mjc.doc_span(doc || jsonb_build_object('from', greatest(mjc.doc_time(doc, 'from'), at)));
    IF mjc.doc_boolean(doc, 'replace', false) THEN
        UPDATE mjc.price p SET validity = tstzrange(lower(p.validity), lower(span))
         WHERE p.price_list_id = list AND p.product_id = product AND p.qty = quantities
           AND p.validity && span AND (lower_inf(p.validity) OR lower(p.validity) < lower(span));
    END IF;
    IF EXISTS (SELECT FROM mjc.price p WHERE p.price_list_id = list AND p.product_id = product AND p.qty && quantities AND p.validity && span) THEN
        PERFORM mjc.raise('PRICE_OVERLAP');
    END IF;
    INSERT INTO mjc.price (price_id, price_list_id, product_id, qty, validity, amount_centimes)
    VALUES (id, list, product, quantities, span, amount);
    PERFORM mjc.audit_write(actor, channel, 'price_add', 'price_list', list::text, NULL,
        mjc.list_price_doc(id) || jsonb_build_object('priceId', id, 'replace', mjc.doc_boolean(doc, 'replace', false)), request_id);
    RETURN id;
END
$$;
COMMENT ON FUNCTION mjc.price_add(uuid, text, uuid, jsonb, text) IS
    'A new price in a list: {product: id or sku, amount, minQuantity, maxQuantity, from: now or later, until, replace: ends the price of the same quantities that runs at from}. NULL when there is no such list. Errors: MJ003, MJ006, MJ010, MJ212';

CREATE FUNCTION mjc.price_list_price_set(price_list text, product text, amount_dzd numeric, min_qty integer DEFAULT 1, max_qty integer DEFAULT NULL,
    from_at timestamptz DEFAULT NULL, until_at timestamptz DEFAULT NULL, replace boolean DEFAULT false) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.found(mjc.price_add(mjc.staff_writes(), 'psql', mjc.price_list_find(price_list), jsonb_build_object('product', product, 'amount', amount_dzd,
        'minQuantity', min_qty, 'maxQuantity', max_qty, 'from', from_at, 'until', until_at, 'replace', replace), NULL));
END
$$;
COMMENT ON FUNCTION mjc.price_list_price_set(text, text, numeric, integer, integer, timestamptz, timestamptz, boolean) IS
    'A new price, DZD with tax, in a list (code or id) for a product (id or sku) and quantities, from now or later on; replace ends the one of the same quantities that runs then. Returns its id. Errors: MJ003, MJ004, MJ006, MJ010, MJ212, MJ601';

CREATE FUNCTION mjc.price_stop(actor uuid, channel text, list uuid, id uuid, request_id text) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    before jsonb;
    at timestamptz;
    has_begun boolean;
BEGIN
    UPDATE mjc.price_list l SET updated_at = clock_timestamp() WHERE l.price_list_id = list;
    at := clock_timestamp();
    SELECT lower_inf(p.validity) OR lower(p.validity) <= at INTO has_begun
      FROM mjc.price p WHERE p.price_id = id AND p.price_list_id = list FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    before := mjc.list_price_doc(id);
    IF has_begun THEN
        UPDATE mjc.price p SET validity = mjc.ended(p.validity, at)
         WHERE p.price_id = id AND (upper_inf(p.validity) OR upper(p.validity) > at);
    ELSE
        DELETE FROM mjc.price p WHERE p.price_id = id;
    END IF;
    IF mjc.list_price_doc(id) IS DISTINCT FROM before THEN
        PERFORM mjc.audit_write(actor, channel, 'price_end', 'price_list', list::text, before || jsonb_build_object('priceId', id),
            mjc.list_price_doc(id), request_id);
    END IF;
    RETURN CASE WHEN has_begun THEN 'ended' ELSE 'deleted' END;
END
$$;
COMMENT ON FUNCTION mjc.price_stop(uuid, text, uuid, uuid, text) IS
    'Ends a price of a list now, or deletes one that has not begun: ended, deleted; NULL when there is none';

CREATE FUNCTION mjc.price_list_price_end(price_id uuid) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.found(mjc.price_stop(mjc.staff_writes(), 'psql', (SELECT p.price_list_id FROM mjc.price p WHERE p.price_id = price_list_price_end.price_id), price_id, NULL));
END
$$;
COMMENT ON FUNCTION mjc.price_list_price_end(uuid) IS
    'Ends a price of a price list now (ended); one that has not begun is deleted (deleted). Errors: MJ004, MJ601';
