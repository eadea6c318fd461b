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
