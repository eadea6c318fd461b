-- setup.sql - the database of the pricing bench: the shop's schema, 1 000 products, a cart of ten of
-- them, and what is timed. Product n is 00000000-0000-7000-8000-(100000000000 + n); 1 to 10 are in the
-- cart; category n % 40 and manufacturer n % 30, so that the cart has ten of each.
SET client_min_messages = warning;
CREATE SCHEMA mjc_ext;
CREATE EXTENSION btree_gist SCHEMA mjc_ext;
CREATE EXTENSION pg_trgm SCHEMA mjc_ext;
CREATE EXTENSION unaccent SCHEMA mjc_ext;
CREATE EXTENSION mjchauffage;
SELECT mjc.install();
SELECT mjc.setting_set('guest_open_orders_max', '100000');
SELECT mjc.setting_set('guest_order_units_max', '50000');

\ir model.sql
CREATE SCHEMA bench;
CREATE FUNCTION bench.id(kind integer, n integer) RETURNS uuid
    LANGUAGE sql IMMUTABLE
    AS $$ SELECT ('00000000-0000-7000-8000-' || kind * 100000000000 + n)::uuid $$;

INSERT INTO mjc.wilaya (code, name, name_ar) VALUES ('16', 'Alger', 'الجزائر'), ('31', 'Oran', 'وهران');
INSERT INTO mjc.category (category_id, slug, name) SELECT bench.id(2, n), 'categorie-' || n, 'Catégorie ' || n FROM generate_series(0, 39) n;
INSERT INTO mjc.manufacturer (manufacturer_id, slug, name) SELECT bench.id(3, n), 'marque-' || n, 'Marque ' || n FROM generate_series(0, 29) n;
-- Every third has a price that no discount goes below.
INSERT INTO mjc.product (product_id, slug, sku, category_id, manufacturer_id, name, price_centimes, min_price_centimes, cost_centimes, tax_bp, weight_g)
SELECT bench.id(1, n), 'piece-' || n, 'BENCH-' || n, bench.id(2, n % 40), bench.id(3, n % 30), 'Pièce ' || n, 50000 + n * 13337 % 900000,
       CASE WHEN n % 3 = 0 THEN 45000 + n * 13337 % 900000 * 9 / 10 END, 30000, CASE WHEN n % 5 = 0 THEN 900 ELSE 1900 END, 500
  FROM generate_series(1, 1000) n;
SELECT count(mjc.stock_receive(product_id, 1000000)) FROM mjc.product WHERE sku IN (SELECT 'BENCH-' || n FROM generate_series(1, 10) n);

CREATE TABLE bench.cart AS
SELECT array_agg(bench.id(1, n) ORDER BY n) AS product_ids, array_agg(1 + n % 4 ORDER BY n) AS quantities FROM generate_series(1, 10) n;

-- The promotions in force, once more for the model.
CREATE FUNCTION bench.promotions_changed() RETURNS bigint
    LANGUAGE plpgsql
AS $$
BEGIN
    UPDATE mjc.pricing_version SET version = gen_random_uuid();
    TRUNCATE bench_model.promotion;
    INSERT INTO bench_model.promotion
    SELECT code, kind, scope, rate_bp, amount_centimes, buy_qty, get_qty, gift_product_id, priority, exclusivity_group, needs_coupon, min_qty, min_amount_centimes,
           product_ids, category_ids, manufacturer_ids, customer_groups, wilaya_codes, first_order
      FROM mjc.promotion WHERE is_active AND validity @> now();
    ANALYZE bench_model.promotion;
    ANALYZE mjc.promotion;
    RETURN (SELECT count(*) FROM mjc.promotion);
END $$;

-- Promotion x of n, a tenth of a percent to ten off by its place: two in five are for products, one in
-- four for categories, three in twenty for manufacturers, the others for all with conditions. `meets`:
-- which of them can apply to the cart: the usual share, none, or all.
CREATE FUNCTION bench.promotions_add(n integer, meets text, prefix text, rate integer) RETURNS void
    LANGUAGE sql
AS $$
    INSERT INTO mjc.promotion (promotion_id, code, name, kind, scope, rate_bp, amount_centimes, buy_qty, get_qty, priority, exclusivity_group, needs_coupon,
                               min_qty, min_amount_centimes, product_ids, category_ids, manufacturer_ids, customer_groups, wilaya_codes, validity)
    SELECT gen_random_uuid(), prefix || '-' || x, 'Promotion ' || x,
           kind, CASE WHEN kind = 'amount' AND x % 2 = 0 OR kind = 'percent' AND x % 4 = 0 THEN 'order' ELSE 'line' END,
           CASE kind WHEN 'percent' THEN rate WHEN 'buy_get' THEN rate * 5 END, CASE kind WHEN 'amount' THEN rate END,
           CASE kind WHEN 'buy_get' THEN 2 END, CASE kind WHEN 'buy_get' THEN 1 END,
           x % 7 * 10,
           CASE WHEN target = 'all' AND x % 4 = 0 AND meets = 'some' THEN 'group-' || x % 3 END,
           target = 'all' AND meets = 'some' AND x % 5 = 1,
           CASE WHEN target = 'all' THEN 1 + x % 6 END,
           CASE WHEN target = 'all' AND meets = 'some' THEN x * 100000 ELSE 1 END,
           CASE target WHEN 'product' THEN (SELECT array_agg(bench.id(1, CASE meets WHEN 'all' THEN 1 + (x * 7 + i * 3) % 10
                                                                                  WHEN 'none' THEN 11 + (x * 37 + i * 101) % 990
                                                                                  ELSE CASE WHEN x % 10 = 0 AND i = 1 THEN 1 + x / 10 % 10 ELSE 11 + (x * 37 + i * 101) % 990 END END))
                                              FROM generate_series(1, 5) i) END,
           CASE target WHEN 'category' THEN ARRAY[bench.id(2, CASE meets WHEN 'all' THEN 1 + x % 10 WHEN 'none' THEN 11 + x % 29 ELSE x % 40 END)] END,
           CASE target WHEN 'manufacturer' THEN ARRAY[bench.id(3, CASE meets WHEN 'all' THEN 1 + x % 10 WHEN 'none' THEN 11 + x % 19 ELSE x % 30 END)] END,
           CASE WHEN target = 'all' AND (meets = 'none' AND x % 2 = 0 OR meets = 'some' AND x % 5 = 2) THEN ARRAY['wholesale'] END,
           CASE WHEN target = 'all' AND (meets = 'none' AND x % 2 = 1 OR meets = 'some' AND x % 5 = 3) THEN ARRAY['31'] END,
           '[2020-01-01,)'
      FROM (SELECT x, CASE WHEN x % 20 < 8 THEN 'product' WHEN x % 20 < 13 THEN 'category' WHEN x % 20 < 16 THEN 'manufacturer' ELSE 'all' END AS target,
                   (ARRAY['percent', 'amount', 'percent', 'buy_get', 'percent'])[1 + x % 5] AS kind
              FROM generate_series(1, n) x) s
$$;

CREATE FUNCTION bench.stamp_scale() RETURNS bench_model.bracket[]
    LANGUAGE sql STABLE
AS $$
    SELECT array_agg(ROW(above_centimes, step_centimes, per_step_centimes, floor_centimes, cap_centimes, is_whole)::bench_model.bracket ORDER BY above_centimes)
      FROM mjc.stamp_duty_bracket WHERE valid_from_on = (SELECT max(valid_from_on) FROM mjc.stamp_duty_bracket WHERE valid_from_on <= mjc.algiers_date(now()))
$$;

-- The cart and the promotions in force as the documents that mjc.price_cart() takes.
CREATE FUNCTION bench.cart_document() RETURNS jsonb
    LANGUAGE sql STABLE
AS $$
    SELECT jsonb_build_object('wilaya_code', '16', 'shipping', 60000, 'free_shipping_from', 5000000, 'cash', true, 'round_to', 100,
               'stamp', to_jsonb(bench.stamp_scale()), 'lines', jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
               'product_id', p.product_id, 'category_id', p.category_id, 'manufacturer_id', p.manufacturer_id, 'unit', p.price_centimes, 'qty', u.qty,
               'tax_bp', p.tax_bp, 'floor', p.min_price_centimes)) ORDER BY u.o))
      FROM bench.cart c CROSS JOIN LATERAL unnest(c.product_ids, c.quantities) WITH ORDINALITY u (product_id, qty, o) JOIN mjc.product p USING (product_id)
$$;
CREATE FUNCTION bench.promotion_documents() RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$ SELECT jsonb_agg(jsonb_strip_nulls(to_jsonb(p)) - ARRAY['promotion_id', 'name', 'validity', 'is_active', 'created_at', 'updated_at']) FROM mjc.promotion p WHERE p.is_active AND p.validity @> now() $$;

------------------------------------------------------------------ what is timed: microseconds for each run

-- (a) the rule in C alone
CREATE FUNCTION bench.price(runs integer, product_ids uuid[], quantities integer[]) RETURNS double precision
    AS '$libdir/mjchauffage', 'mjc_bench_pricing' LANGUAGE C;

CREATE FUNCTION bench.time_a(runs integer) RETURNS double precision
    LANGUAGE plpgsql
AS $$
DECLARE
    c record;
BEGIN
    SELECT * INTO c FROM bench.cart;
    PERFORM bench.price(100, c.product_ids, c.quantities);
    RETURN bench.price(runs, c.product_ids, c.quantities);
END $$;

-- (b) the rule in PL/pgSQL alone: the lines are read before, the promotions in each run
CREATE FUNCTION bench.model_lines(OUT terms bench_model.terms, OUT lines bench_model.lines, OUT scale bench_model.bracket[])
    LANGUAGE plpgsql
AS $$
BEGIN
    terms := ROW(true, 60000, 1900, 5000000, 'retail', '16', false, 0, true, 100);
    scale := bench.stamp_scale();
    SELECT array_agg(p.product_id), array_agg(p.category_id), array_agg(p.manufacturer_id), array_agg(p.price_centimes), array_agg(p.qty),
           array_agg(p.tax_bp), array_agg(coalesce(p.min_price_centimes, 0))
      INTO lines.product_ids, lines.category_ids, lines.manufacturer_ids, lines.units, lines.quantities, lines.tax_rates, lines.floors
      FROM (SELECT p.*, u.qty FROM bench.cart c CROSS JOIN LATERAL unnest(c.product_ids, c.quantities) u (product_id, qty) JOIN mjc.product p USING (product_id)
             ORDER BY p.product_id) p;
END $$;

CREATE FUNCTION bench.time_b(runs integer) RETURNS double precision
    LANGUAGE plpgsql
AS $$
DECLARE
    cart record;
    terms bench_model.terms;
    lines bench_model.lines;
    scale bench_model.bracket[];
    result record;
    since timestamptz;
BEGIN
    SELECT * INTO cart FROM bench.model_lines();
    terms := cart.terms;
    lines := cart.lines;
    scale := cart.scale;
    FOR i IN 1 .. 20 + runs LOOP
        IF i = 21 THEN
            since := clock_timestamp();
        END IF;
        SELECT p.total, p.runnings INTO result FROM bench_model.price(terms, lines, bench_model.may_apply(terms, lines, '{}'), '{}', scale) p;
    END LOOP;
    RETURN extract(epoch FROM clock_timestamp() - since) * 1e6 / runs;
END $$;

-- (c) the rule in C, from documents and to a document
CREATE FUNCTION bench.time_c(runs integer) RETURNS double precision
    LANGUAGE plpgsql
AS $$
DECLARE
    cart jsonb := bench.cart_document();
    promotions jsonb := bench.promotion_documents();
    since timestamptz;
BEGIN
    FOR i IN 1 .. 20 + runs LOOP
        IF i = 21 THEN
            since := clock_timestamp();
        END IF;
        PERFORM mjc.price_cart(cart, promotions);
    END LOOP;
    RETURN extract(epoch FROM clock_timestamp() - since) * 1e6 / runs;
END $$;

-- (c) in PL/pgSQL
CREATE FUNCTION bench.time_model(runs integer) RETURNS double precision
    LANGUAGE plpgsql
AS $$
DECLARE
    cart jsonb := bench.cart_document();
    promotions jsonb := bench.promotion_documents();
    since timestamptz;
BEGIN
    FOR i IN 1 .. 20 + runs LOOP
        IF i = 21 THEN
            since := clock_timestamp();
        END IF;
        PERFORM bench_model.price_cart(cart, promotions);
    END LOOP;
    RETURN extract(epoch FROM clock_timestamp() - since) * 1e6 / runs;
END $$;

-- (d) a quote from the tables
CREATE FUNCTION bench.time_d(runs integer) RETURNS double precision
    LANGUAGE plpgsql
AS $$
DECLARE
    cart record;
    since timestamptz;
BEGIN
    SELECT * INTO cart FROM bench.cart;
    FOR i IN 1 .. 20 + runs LOOP
        IF i = 21 THEN
            since := clock_timestamp();
        END IF;
        PERFORM count(*) FROM mjc.quote(cart.product_ids, cart.quantities, place => '16');
    END LOOP;
    RETURN extract(epoch FROM clock_timestamp() - since) * 1e6 / runs;
END $$;

VACUUM ANALYZE;
