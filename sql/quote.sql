-- quote: what a cart costs and why (extension/pricing.c, promotion.c, trace.c,
-- price_cart.c, quote.c). Amounts are centimes, rates basis points.

CREATE FUNCTION mjc.price_cart(cart jsonb, promotions jsonb DEFAULT '[]') RETURNS jsonb
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_price_cart';
COMMENT ON FUNCTION mjc.price_cart(jsonb, jsonb) IS
    'The pure pricing engine: a cart and promotions as documents (doc/pricing.md), centimes; the price with lines, discounts, taxes, totals and trace. No table is read. Errors: MJ006, MJ010, MJ109, MJ201, MJ219';

CREATE FUNCTION mjc.reprice_trace(trace jsonb) RETURNS jsonb
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_reprice_trace';
COMMENT ON FUNCTION mjc.reprice_trace(jsonb) IS
    'Every figure of a price in centimes, computed again from its trace alone; differs counts the steps that do not follow from those before: 0 is good. Errors: MJ006, MJ010, MJ201';

CREATE FUNCTION mjc.price_at(product_id uuid, customer_group text, qty integer, at timestamptz,
    OUT unit_centimes bigint, OUT list_centimes bigint, OUT source text)
    LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_price_at';
COMMENT ON FUNCTION mjc.price_at(uuid, text, integer, timestamptz) IS
    'Unit price in centimes, tax included, that one of qty units cost a customer of a group at an instant, past, present or planned; list price before sales; source: base, sale or list:<code>. Errors: MJ003, MJ006, MJ104, MJ107, MJ216';

CREATE FUNCTION mjc.quote(product_ids uuid[], quantities integer[], customer_group text DEFAULT 'retail', place text DEFAULT NULL,
    delivery_mode text DEFAULT 'home', payment_method text DEFAULT 'CASH_ON_DELIVERY', coupons text[] DEFAULT NULL,
    at timestamptz DEFAULT statement_timestamp(), customer_id uuid DEFAULT NULL, gift_cards text[] DEFAULT NULL, strict boolean DEFAULT true,
    store_credit boolean DEFAULT false, OUT section text, OUT line_no integer, OUT ref text, OUT label text, OUT product_id uuid, OUT qty integer,
    OUT unit_centimes bigint, OUT base_centimes bigint, OUT discount_centimes bigint, OUT amount_centimes bigint,
    OUT rate_bp integer, OUT tax_centimes bigint, OUT withheld_centimes bigint, OUT rounding_e4 integer)
    RETURNS SETOF record
    LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 50
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_quote';
COMMENT ON FUNCTION mjc.quote(uuid[], integer[], text, text, text, text, text[], timestamptz, uuid, text[], boolean, boolean) IS
    'The whole price of a cart at an instant, one row a part (section): line (unit, base = list price, discount, amount after it, its tax), discount (ref = promotion), share (of an order discount, by line), coupon (label = APPLIED or why not), shipping (qty = days), tax (by rate: base = net), stamp_duty, rounding, total, credit, due, trace (label = rule). Centimes, tax included; a product named twice is summed. strict: a coupon that does nothing is an error; store_credit: the customer''s pays too. Errors: MJ003, MJ006, MJ010, MJ102, MJ104, MJ201 to MJ210, MJ216 to MJ218, MJ302';

-- The one rendering of a quote.
CREATE FUNCTION mjc.quote_json(product_ids uuid[], quantities integer[], customer_group text DEFAULT 'retail', place text DEFAULT NULL,
    delivery_mode text DEFAULT 'home', payment_method text DEFAULT 'CASH_ON_DELIVERY', coupons text[] DEFAULT NULL,
    at timestamptz DEFAULT statement_timestamp(), customer_id uuid DEFAULT NULL, gift_cards text[] DEFAULT NULL, strict boolean DEFAULT true,
    store_credit boolean DEFAULT false) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        WITH q AS MATERIALIZED (
            SELECT x.section, x.line_no, x.ref, x.label, x.product_id, x.qty, x.unit_centimes, x.base_centimes,
                   x.discount_centimes, x.amount_centimes, x.rate_bp, x.tax_centimes
              FROM mjc.quote(product_ids, quantities, customer_group, place, delivery_mode, payment_method, coupons, at,
                             customer_id, gift_cards, strict, store_credit) x
             WHERE x.section NOT IN ('trace', 'share'))
        SELECT json_build_object(
                   'lines', json_agg(json_build_object(
                       'line', q.line_no, 'productId', q.product_id, 'name', q.label, 'quantity', q.qty,
                       'unitPrice', mjc.dzd(q.unit_centimes), 'listPrice', mjc.dzd(q.base_centimes),
                       'subtotal', mjc.dzd(q.amount_centimes + q.discount_centimes), 'discount', mjc.dzd(q.discount_centimes),
                       'total', mjc.dzd(q.amount_centimes), 'taxRate', round(q.rate_bp / 100.0, 2), 'tax', mjc.dzd(q.tax_centimes),
                       'isGift', q.ref = 'gift') ORDER BY q.line_no) FILTER (WHERE q.section = 'line'),
                   'discounts', coalesce(json_agg(json_build_object(
                       'promotion', q.ref, 'name', q.label, 'amount', mjc.dzd(q.amount_centimes))) FILTER (WHERE q.section = 'discount'), '[]'),
                   'coupons', coalesce(json_agg(json_build_object('code', q.ref, 'status', q.label)) FILTER (WHERE q.section = 'coupon'), '[]'),
                   'subtotal', mjc.dzd(max(q.base_centimes) FILTER (WHERE q.section = 'total')),
                   'discount', mjc.dzd(max(q.discount_centimes) FILTER (WHERE q.section = 'total')),
                   'goods', mjc.dzd(max(q.base_centimes - q.discount_centimes) FILTER (WHERE q.section = 'total')),
                   'shipping', mjc.dzd(max(q.amount_centimes) FILTER (WHERE q.section = 'shipping')),
                   'shippingDiscount', mjc.dzd(max(q.discount_centimes) FILTER (WHERE q.section = 'shipping')),
                   'deliveryDays', max(q.qty) FILTER (WHERE q.section = 'shipping'),
                   'taxes', coalesce(json_agg(json_build_object(
                       'rate', round(q.rate_bp / 100.0, 2), 'net', mjc.dzd(q.base_centimes), 'tax', mjc.dzd(q.tax_centimes)) ORDER BY q.rate_bp)
                       FILTER (WHERE q.section = 'tax'), '[]'),
                   'taxIncluded', mjc.dzd(max(q.tax_centimes) FILTER (WHERE q.section = 'total')),
                   'stampDuty', mjc.dzd(max(q.amount_centimes) FILTER (WHERE q.section = 'stamp_duty')),
                   'rounding', mjc.dzd(max(q.amount_centimes) FILTER (WHERE q.section = 'rounding')),
                   'total', mjc.dzd(max(q.amount_centimes) FILTER (WHERE q.section = 'total')),
                   'credit', mjc.dzd(max(q.amount_centimes) FILTER (WHERE q.section = 'credit')),
                   'due', mjc.dzd(max(q.amount_centimes) FILTER (WHERE q.section = 'due')))
          FROM q);
END
$$;
COMMENT ON FUNCTION mjc.quote_json(uuid[], integer[], text, text, text, text, text[], timestamptz, uuid, text[], boolean, boolean) IS
    'A quote as the frontends read it, dinars; arguments and errors of mjc.quote';

CREATE FUNCTION mjc.what_if(candidate uuid, from_at timestamptz, until_at timestamptz DEFAULT now(), OUT order_id uuid, OUT reference text,
    OUT total_before bigint, OUT total_after bigint, OUT difference bigint) RETURNS SETOF record
    LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 1000
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'mjc_what_if';
COMMENT ON FUNCTION mjc.what_if(uuid, timestamptz, timestamptz) IS
    'What a promotion or a shipping tariff (its id; a draft or not) would have changed: every order of the period priced again without and with it, totals in centimes; nothing is written. Errors: MJ003, MJ004, MJ006';
