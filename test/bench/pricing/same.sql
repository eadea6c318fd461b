-- same.sql - before anything is timed: engine, model and quote give one result for the cart, from
-- documents and from the tables. Prints how many of how many promotions apply.
DO $$
DECLARE
    cart jsonb := bench.cart_document();
    engine jsonb := mjc.price_cart(cart, coalesce(bench.promotion_documents(), '[]')) - 'trace';
    model jsonb := bench_model.price_cart(cart, coalesce(bench.promotion_documents(), '[]'));
    given record;
    fast record;
    quoted record;
BEGIN
    IF engine <> model THEN
        RAISE EXCEPTION 'engine and model differ' USING DETAIL = engine || E'\n' || model;
    END IF;
    SELECT ARRAY(SELECT (l ->> 'total')::bigint FROM jsonb_array_elements(engine -> 'lines') l) AS lines, ARRAY(SELECT d ->> 'promotion' FROM jsonb_array_elements(engine -> 'discounts') d) AS codes,
           ARRAY(SELECT (d ->> 'amount')::bigint FROM jsonb_array_elements(engine -> 'discounts') d) AS amounts, (engine ->> 'total')::bigint AS total INTO given;
    SELECT p.runnings, coalesce(p.codes, '{}') AS codes, coalesce(p.amounts, '{}') AS amounts, p.total INTO fast
      FROM bench.model_lines() m CROSS JOIN LATERAL bench_model.price(m.terms, m.lines, bench_model.may_apply(m.terms, m.lines, '{}'), '{}', m.scale) p;
    SELECT array_agg(q.amount_centimes ORDER BY q.line_no) FILTER (WHERE q.section = 'line') AS lines,
           coalesce(array_agg(q.ref ORDER BY o) FILTER (WHERE q.section = 'discount'), '{}') AS codes,
           coalesce(array_agg(q.amount_centimes ORDER BY o) FILTER (WHERE q.section = 'discount'), '{}') AS amounts, min(q.amount_centimes) FILTER (WHERE q.section = 'total') AS total INTO quoted
      FROM bench.cart c CROSS JOIN LATERAL mjc.quote(c.product_ids, c.quantities, place => '16')
           WITH ORDINALITY q (section, line_no, ref, text, product_id, qty, unit_centimes, base_centimes, discount_centimes, amount_centimes, rate_bp, tax_centimes, withheld_centimes, rounding_e4, o);
    IF fast <> given THEN
        RAISE EXCEPTION 'engine and the model from the table differ' USING DETAIL = given || E'\n' || fast;
    END IF;
    IF quoted <> given THEN
        RAISE EXCEPTION 'engine and quote differ' USING DETAIL = given || E'\n' || quoted;
    END IF;
END $$;
SELECT jsonb_array_length(mjc.price_cart(bench.cart_document(), coalesce(bench.promotion_documents(), '[]')) -> 'discounts') || ' of ' || count(*) || ' promotions apply'
  FROM mjc.promotion;
