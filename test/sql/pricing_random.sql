-- pricing_random: what holds for any cart, on 100 000 of them made from numbers alone (the same ones
-- every time), and on the first 3 000 the whole result of the model in test/bench/pricing/model.sql, and for the first 300
-- that a quote of the shop is the model's price of what the tables hold.
BEGIN;
SET LOCAL temp_buffers = '256MB';
SELECT plan(33);
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL work_mem = '64MB';
\set carts 100000
\set modelled 3000
\set quoted 300
\ir ../bench/pricing/model.sql

-- A number from 0 to n - 1 that belongs to x and salt.
CREATE FUNCTION pg_temp.pick(x bigint, salt bigint, n integer) RETURNS integer
    LANGUAGE sql IMMUTABLE
    AS $$ SELECT ((hashint8extended(x, salt) & 2147483647) % n)::integer $$;
-- The id of product n, as a document writes it.
CREATE FUNCTION pg_temp.pid(n integer) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$ SELECT '00000000-0000-4000-8000-' || lpad(n::text, 12, '0') $$;

------------------------------------------------------------------ the carts

-- Up to 8 lines: prices of 0, of few centimes, awkward ones and any up to 100 000.00 DZD. The products of
-- a cart are distinct (steps of 1 to 12 modulo 13); product 4 n has no category, product 5 n no manufacturer.
-- The same lines stand in permuted in another order; was: which line of the first order stands at each place.
CREATE TEMP TABLE cart_lines AS
SELECT id, jsonb_agg(line ORDER BY j) AS lines, jsonb_agg(line ORDER BY h, j) AS permuted, array_agg(j ORDER BY h, j) AS was
  FROM (
    SELECT id, j, pg_temp.pick(x, 2, 1000) AS h, jsonb_strip_nulls(jsonb_build_object(
               'product_id', pg_temp.pid(product),
               'category_id', pg_temp.pid(100 + nullif(product % 4, 0)), 'manufacturer_id', pg_temp.pid(200 + nullif(product % 5, 0) % 3),
               'unit', unit, 'list', CASE pg_temp.pick(x, 13, 4) WHEN 0 THEN unit + pg_temp.pick(x, 14, 1000) END,
               'qty', CASE pg_temp.pick(x, 15, 3) WHEN 0 THEN 1 ELSE 1 + pg_temp.pick(x, 16, 20) END,
               'tax_bp', CASE pg_temp.pick(x, 17, 4) WHEN 0 THEN 0 WHEN 1 THEN 900 WHEN 2 THEN 1900 END,
               -- none, a part of the price, once in a while more than the price
               'floor', CASE pg_temp.pick(x, 18, 12) WHEN 0 THEN unit + 1 WHEN 1 THEN unit WHEN 2 THEN unit / 3 WHEN 3 THEN unit * 9 / 10 WHEN 4 THEN unit * 99 / 100 END)) AS line
      FROM (SELECT id, j, x, (pg_temp.pick(id, 3, 13) + j * (1 + pg_temp.pick(id, 4, 12))) % 13 AS product,
                   CASE pg_temp.pick(x, 10, 8) WHEN 0 THEN pg_temp.pick(x, 11, 10)
                        WHEN 1 THEN (ARRAY[1, 3, 7, 33, 99, 101, 333, 1111, 8333, 9999, 155880, 249900, 3333333, 6666667, 9999999, 10000000])[1 + pg_temp.pick(x, 12, 16)]
                        WHEN 2 THEN pg_temp.pick(x, 11, 10000) ELSE pg_temp.pick(x, 11, 10000001) END::bigint AS unit
              FROM (SELECT id, j, id::bigint * 16 + j AS x FROM generate_series(1, :carts) id CROSS JOIN generate_series(1, 8) j WHERE j <= 1 + pg_temp.pick(id, 1, 8)) n OFFSET 0) u
     OFFSET 0) l
 GROUP BY id;

-- Up to 6 promotions, p0 to p5: every kind and scope that there is, each condition at times.
CREATE TEMP TABLE cart_promotions AS
SELECT id, jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
               'code', 'p' || k, 'kind', kind, 'scope', scope,
               'rate_bp', CASE WHEN kind IN ('percent', 'buy_get') THEN (ARRAY[1, 333, 1000, 1050, 1500, 3333, 5000, 6667, 9999, 10000])[1 + pg_temp.pick(x, 31, 10)] END,
               'amount_centimes', CASE WHEN kind IN ('amount', 'fixed_price') THEN
                    (ARRAY[1, 7, 99, 1000, 8333, 50000, 155881, 1000000])[1 + pg_temp.pick(x, 32, 8)] * CASE scope WHEN 'order' THEN 1 + pg_temp.pick(x, 33, 50) ELSE 1 END END,
               'buy_qty', CASE kind WHEN 'buy_get' THEN 1 + pg_temp.pick(x, 34, 4) END,
               'get_qty', CASE WHEN kind IN ('buy_get', 'gift') THEN 1 + pg_temp.pick(x, 35, 3) END,
               'gift_product_id', CASE kind WHEN 'gift' THEN pg_temp.pid(pg_temp.pick(x, 36, 17)) END,
               'priority', nullif(pg_temp.pick(x, 37, 4), 3) * 50,
               'exclusivity_group', (ARRAY['one', 'other'])[1 + pg_temp.pick(x, 38, 6)],
               'needs_coupon', CASE pg_temp.pick(x, 39, 5) WHEN 0 THEN true END,
               'min_qty', CASE pg_temp.pick(x, 40, 5) WHEN 0 THEN 1 + pg_temp.pick(x, 41, 25) END,
               'min_amount_centimes', CASE pg_temp.pick(x, 42, 5) WHEN 0 THEN pg_temp.pick(x, 43, 20000000) END,
               'product_ids', CASE pg_temp.pick(x, 44, 4) WHEN 0 THEN
                    jsonb_build_array(pg_temp.pid(pg_temp.pick(x, 45, 13)), pg_temp.pid(pg_temp.pick(x, 46, 13)), pg_temp.pid(pg_temp.pick(x, 47, 13)), pg_temp.pid(pg_temp.pick(x, 48, 13))) END,
               'category_ids', CASE pg_temp.pick(x, 49, 5) WHEN 0 THEN jsonb_build_array(pg_temp.pid(101 + pg_temp.pick(x, 50, 3)), pg_temp.pid(101 + pg_temp.pick(x, 51, 3))) END,
               'manufacturer_ids', CASE pg_temp.pick(x, 52, 6) WHEN 0 THEN jsonb_build_array(pg_temp.pid(200 + pg_temp.pick(x, 53, 3))) END,
               'customer_groups', CASE pg_temp.pick(x, 54, 8) WHEN 0 THEN '["b2b"]'::jsonb WHEN 1 THEN '["retail", "b2b"]' END,
               'wilaya_codes', CASE pg_temp.pick(x, 55, 8) WHEN 0 THEN '["16"]'::jsonb WHEN 1 THEN '["31", "16", "09"]' END,
               'first_order', CASE pg_temp.pick(x, 56, 8) WHEN 0 THEN true END)) ORDER BY k) AS promotions
  FROM (SELECT id, k, x,
               (ARRAY['percent', 'percent', 'percent', 'amount', 'amount', 'amount', 'fixed_price', 'fixed_price', 'fixed_price', 'buy_get', 'gift'])[1 + pg_temp.pick(x, 30, 11)] AS kind,
               (ARRAY['line', 'order', 'shipping', 'line', 'order', 'shipping', 'line', 'order', 'shipping', 'line', 'order'])[1 + pg_temp.pick(x, 30, 11)] AS scope
          FROM (SELECT id, k, id::bigint * 16 + k AS x FROM generate_series(1, :carts) id CROSS JOIN generate_series(0, 5) k WHERE k < pg_temp.pick(id, 5, 7)) n OFFSET 0) p
 GROUP BY id;

-- All of a cart but its lines. The stamp duty is that of 2025, one by slices with a cap, an older one or none.
CREATE TEMP TABLE cart (id integer PRIMARY KEY, terms jsonb, lines jsonb, permuted jsonb, was integer[], promotions jsonb) WITH (toast_tuple_target = 8160);
INSERT INTO cart
SELECT id, jsonb_strip_nulls(jsonb_build_object(
               'prices_include_tax', pg_temp.pick(id, 60, 3) > 0,
               'shipping', CASE pg_temp.pick(id, 61, 4) WHEN 0 THEN NULL WHEN 1 THEN pg_temp.pick(id, 62, 100) ELSE pg_temp.pick(id, 62, 200000) END,
               'shipping_tax_bp', CASE pg_temp.pick(id, 63, 4) WHEN 0 THEN 0 WHEN 1 THEN 900 END,
               'free_shipping_from', CASE pg_temp.pick(id, 64, 4) WHEN 0 THEN 5000000 WHEN 1 THEN pg_temp.pick(id, 65, 100000000) END,
               'customer_group', CASE pg_temp.pick(id, 66, 3) WHEN 0 THEN 'b2b' END,
               'wilaya_code', (ARRAY['16', '31', '01'])[1 + pg_temp.pick(id, 67, 4)],
               'first_order', CASE pg_temp.pick(id, 68, 3) WHEN 0 THEN true END,
               'coupon_promotions', CASE pg_temp.pick(id, 69, 3) WHEN 0 THEN '["p1", "p4"]'::jsonb WHEN 1 THEN '["p0", "p2", "p3", "p5"]' END,
               'credit', CASE pg_temp.pick(id, 70, 3) WHEN 0 THEN pg_temp.pick(id, 71, 50000000) END,
               'cash', CASE pg_temp.pick(id, 72, 2) WHEN 0 THEN true END,
               'round_to', CASE pg_temp.pick(id, 73, 2) WHEN 0 THEN 100 END,
               'gifts', CASE pg_temp.pick(id, 74, 2) WHEN 0 THEN (
                        SELECT jsonb_agg(jsonb_build_object('product_id', pg_temp.pid(g), 'unit', pg_temp.pick(id::bigint * 32 + g, 75, 100000),
                                                            'tax_bp', 950 * (g % 3), 'available', pg_temp.pick(id::bigint * 32 + g, 76, 6)))
                          FROM generate_series(10, 15) g) END))
        || (ARRAY[
            '{"stamp": [{"above": 0, "step": 10000, "per_step": 0, "floor": 0, "cap": null, "whole": true}, {"above": 30000, "step": 10000, "per_step": 100, "floor": 500, "cap": null, "whole": true},
                        {"above": 3000000, "step": 10000, "per_step": 150, "floor": 500, "cap": null, "whole": true}, {"above": 10000000, "step": 10000, "per_step": 200, "floor": 500, "cap": null, "whole": true}]}',
            '{"stamp": [{"above": 30000, "step": 7000, "per_step": 101, "floor": 500, "cap": null, "whole": false}, {"above": 3000000, "step": 10000, "per_step": 150, "floor": 500, "cap": 900000, "whole": false}]}',
            '{"stamp": [{"above": 0, "step": 10000, "per_step": 100, "floor": 500, "cap": 250000, "whole": true}]}',
            '{}']::jsonb[])[1 + pg_temp.pick(id, 78, 4)],
       l.lines, l.permuted, l.was, coalesce(p.promotions, '[]')
  FROM cart_lines l LEFT JOIN cart_promotions p USING (id);
DROP TABLE cart_lines, cart_promotions;

------------------------------------------------------------------ their prices

-- Not compressed: that would take longer than the prices do.
CREATE TEMP TABLE priced (id integer PRIMARY KEY, r jsonb, trace jsonb) WITH (toast_tuple_target = 8160);
INSERT INTO priced
SELECT id, r - 'trace', r -> 'trace'
  FROM (SELECT id, mjc.price_cart(terms || jsonb_build_object('lines', lines), promotions) AS r FROM cart OFFSET 0) p;

CREATE TEMP TABLE line AS
SELECT p.id, l.*, c.lines -> (l.line - 1) AS given
  FROM priced p JOIN cart c USING (id)
 CROSS JOIN LATERAL jsonb_to_recordset(p.r -> 'lines') l (line integer, gift boolean, unit bigint, list bigint, qty integer, gross bigint, discount bigint,
                                                          total bigint, tax_bp integer, net bigint, tax bigint, total_with_tax bigint);
CREATE TEMP TABLE sums AS
SELECT p.id, t.*, coalesce((c.terms ->> 'prices_include_tax')::boolean, true) AS included
  FROM priced p JOIN cart c USING (id)
 CROSS JOIN LATERAL jsonb_to_record(p.r) t (subtotal bigint, discount bigint, goods bigint, shipping bigint, shipping_discount bigint, tax bigint, stamp_duty bigint,
                                            rounding bigint, total bigint, credit bigint, due bigint, taxes jsonb, discounts jsonb);
CREATE TEMP TABLE discount AS
SELECT s.id, d.* FROM sums s CROSS JOIN LATERAL jsonb_to_recordset(s.discounts) d (promotion text, scope text, amount bigint, withheld bigint);
CREATE TEMP TABLE step AS
SELECT p.id, (t ->> 'line')::integer AS line, t ->> 'ref' AS ref, coalesce((t ->> 'base')::bigint, 0) AS base, coalesce((t ->> 'amount')::bigint, 0) AS amount
  FROM priced p CROSS JOIN LATERAL jsonb_array_elements(p.trace) t
 WHERE t ->> 'rule' = 'share';
ANALYZE line;
ANALYZE sums;
ANALYZE discount;
ANALYZE step;

SELECT is((SELECT count(*) FROM sums), :carts::bigint, 'every cart has a price');
SELECT cmp_ok((SELECT min(n) FROM (SELECT count(*) AS n FROM discount d JOIN cart c USING (id)
                                    CROSS JOIN LATERAL jsonb_to_recordset(c.promotions) p (code text, kind text, scope text)
                                    WHERE p.code = d.promotion GROUP BY p.kind, p.scope HAVING true) k), '>', (:carts / 100)::bigint, 'every kind of promotion is used often');
SELECT is((SELECT count(DISTINCT (p.kind, p.scope)) FROM discount d JOIN cart c USING (id) CROSS JOIN LATERAL jsonb_to_recordset(c.promotions) p (code text, kind text, scope text)
            WHERE p.code = d.promotion), 11::bigint, 'all eleven kinds with their scopes');
SELECT cmp_ok((SELECT count(*) FROM discount WHERE withheld > 0), '>', (:carts / 100)::bigint, 'floors hold discounts back');
SELECT cmp_ok((SELECT count(*) FROM line WHERE gift), '>', (:carts / 1000)::bigint, 'gifts are added');

-- (a)
SELECT is_empty($$SELECT s.id FROM sums s LEFT JOIN (SELECT id, sum(amount) AS amount FROM discount WHERE scope <> 'shipping' GROUP BY id) d USING (id) WHERE s.discount <> coalesce(d.amount, 0)$$,
                'the discounts that are named sum to the discount of the goods');
SELECT is_empty($$SELECT id FROM sums s JOIN (SELECT id, sum(discount) AS discount, sum(gross) AS gross FROM line GROUP BY id) l USING (id) WHERE s.discount <> l.discount OR s.subtotal <> l.gross$$,
                'the discounts of the lines sum to it, and the lines to the subtotal');
SELECT is_empty($$SELECT s.id FROM sums s LEFT JOIN (SELECT id, sum(amount) AS amount FROM discount WHERE scope = 'shipping' GROUP BY id) d USING (id) WHERE s.shipping_discount <> coalesce(d.amount, 0)$$,
                'the discounts of the shipping sum to what it lost');
SELECT is_empty($$SELECT id, ref FROM step JOIN discount d USING (id) WHERE d.promotion = step.ref GROUP BY id, ref HAVING sum(step.amount) <> min(d.amount)$$,
                'the shares of every order discount sum to it');
SELECT cmp_ok((SELECT count(DISTINCT (id, ref)) FROM step), '>', (:carts / 20)::bigint, '(there are shares)');
SELECT is_empty($$SELECT * FROM step JOIN line l USING (id, line) WHERE step.amount < 0
                     OR step.amount > greatest(step.base - least(coalesce((l.given ->> 'floor')::bigint, 0) * l.qty, l.gross), 0)$$,
                'no share is above the room of its line');
SELECT is_empty('SELECT id FROM discount WHERE amount < 0 OR withheld < 0', 'no discount adds to a price, none withholds less than nothing');

-- (b)
SELECT is_empty('SELECT * FROM line WHERE total < 0 OR discount < 0 OR gross <> unit * qty OR total <> gross - discount', 'no line is below zero, what is taken off it is its discount');
SELECT is_empty($$SELECT * FROM line l WHERE total < least(coalesce((given ->> 'floor')::bigint, 0) * qty, gross) AND NOT gift
                    AND NOT EXISTS (SELECT FROM cart c CROSS JOIN LATERAL jsonb_to_recordset(c.promotions) p (kind text, gift_product_id uuid)
                                     WHERE c.id = l.id AND p.kind = 'gift' AND p.gift_product_id = (l.given ->> 'product_id')::uuid)$$,
                'nor below its floor, but for what is given');
SELECT is_empty('SELECT * FROM line WHERE gift AND (total <> 0 OR tax <> 0)', 'a gift that is added costs nothing');

-- (c)
SELECT is_empty('SELECT * FROM line WHERE net + tax <> total_with_tax OR net < 0 OR tax < 0', 'net + tax = gross on every line');
SELECT is_empty('SELECT * FROM line JOIN sums s USING (id) WHERE CASE WHEN included THEN total_with_tax ELSE net END <> line.total', 'and what was entered is one of them');
SELECT is_empty($$SELECT s.id FROM sums s CROSS JOIN LATERAL (SELECT sum((t ->> 'net')::bigint), sum((t ->> 'tax')::bigint) FROM jsonb_array_elements(s.taxes) t) t (net, tax)
                   WHERE t.tax <> s.tax OR t.net + t.tax <> s.goods + s.shipping + CASE WHEN s.included THEN 0 ELSE s.tax END$$, 'net + tax = gross in the table of rates');
CREATE TEMP VIEW shipping_tax AS
SELECT s.id, coalesce((c.terms ->> 'shipping_tax_bp')::integer, 1900) AS tax_bp,
       CASE WHEN s.included THEN (mjc.tax_of_gross(s.shipping, coalesce((c.terms ->> 'shipping_tax_bp')::integer, 1900))).tax
            ELSE (mjc.tax_of_net(s.shipping, coalesce((c.terms ->> 'shipping_tax_bp')::integer, 1900))).tax END AS tax
  FROM sums s JOIN cart c USING (id);
SELECT is_empty($$SELECT * FROM
                     (SELECT s.id, (t ->> 'tax_bp')::integer AS tax_bp, (t ->> 'tax')::bigint AS tax FROM sums s CROSS JOIN LATERAL jsonb_array_elements(s.taxes) t) t
                     FULL JOIN (SELECT id, tax_bp, sum(tax)::bigint AS tax FROM (SELECT id, tax_bp, tax FROM line UNION ALL SELECT id, tax_bp, tax FROM shipping_tax) w GROUP BY id, tax_bp) w USING (id, tax_bp)
                   WHERE coalesce(t.tax, 0) <> coalesce(w.tax, 0)$$, 'the tax of a rate is that of its lines and of the shipping');
SELECT is_empty('SELECT * FROM sums WHERE total <> goods + shipping + CASE WHEN included THEN 0 ELSE tax END + stamp_duty + rounding', 'the total is goods, shipping, tax, duty and rounding');
SELECT is_empty($$SELECT * FROM sums JOIN cart c USING (id) WHERE total <> credit + due OR due < 0 OR credit < 0 OR credit > coalesce((c.terms ->> 'credit')::bigint, 0)
                     OR due % coalesce((c.terms ->> 'round_to')::integer, 1) <> 0 OR abs(rounding) * 2 > coalesce((c.terms ->> 'round_to')::integer, 1)$$,
                'credit and what is due are the total, rounded by half a dinar at most');

-- (d)
SELECT is_empty($$SELECT * FROM line, LATERAL (SELECT pg_temp.pick(id * 16::bigint + line, 90, qty) AS a) x, LATERAL (SELECT a + pg_temp.pick(id * 16::bigint + line, 91, qty - a) AS b) y
                   WHERE (CASE WHEN a > 0 THEN mjc.refund_share(total_with_tax, qty, 0, a) ELSE 0 END)
                       + (CASE WHEN b > a THEN mjc.refund_share(total_with_tax, qty, a, b - a) ELSE 0 END) + mjc.refund_share(total_with_tax, qty, b, qty - b) <> total_with_tax$$,
                'what is paid back for a line in up to three parts is what was paid for it');
SELECT is_empty($$SELECT l.id, l.line FROM line l CROSS JOIN generate_series(0, l.qty - 1) k WHERE l.id % 5 = 0
                   GROUP BY l.id, l.line HAVING sum(mjc.refund_share(l.total_with_tax, l.qty, k, 1)) <> min(l.total_with_tax) OR min(mjc.refund_share(l.total_with_tax, l.qty, k, 1)) < 0$$,
                'and unit by unit');
SELECT is_empty($$SELECT s.id FROM sums s JOIN shipping_tax t USING (id) JOIN (SELECT id, sum(mjc.refund_share(total_with_tax, qty, 0, qty)) AS back FROM line GROUP BY id) b USING (id)
                   WHERE b.back + s.shipping + CASE WHEN s.included THEN 0 ELSE t.tax END <> s.total - s.stamp_duty - s.rounding$$,
                'all lines and the shipping paid back are the total less duty and rounding');

-- (e)
CREATE TEMP TABLE again AS SELECT id, mjc.reprice_trace(trace) AS r FROM priced;
SELECT is_empty($$SELECT id FROM again WHERE r ->> 'differs' <> '0'$$, 'every step of a trace follows from those before');
SELECT is_empty($$SELECT a.id, a.r, p.r FROM again a JOIN priced p USING (id)
                   WHERE a.r - 'differs' <> (SELECT jsonb_object_agg(k, p.r -> k) FROM unnest(ARRAY['subtotal', 'discount', 'goods', 'shipping', 'tax', 'stamp_duty', 'rounding', 'total', 'credit', 'due']) k)$$,
                'pricing the trace again gives every figure');

-- (f)
CREATE TEMP TABLE permuted WITH (toast_tuple_target = 8160) AS
SELECT id, mjc.price_cart(terms || jsonb_build_object('lines', permuted), promotions) - 'trace' AS r FROM cart;
SELECT is_empty($$SELECT q.id FROM permuted q JOIN priced p USING (id) WHERE q.r - 'lines' <> p.r - 'lines'$$, 'the order of the lines changes neither discounts nor sums');
SELECT is_empty($$SELECT q.id, e.k FROM permuted q JOIN cart c USING (id) JOIN (SELECT id, r -> 'lines' AS lines FROM priced OFFSET 0) p USING (id)
                   CROSS JOIN LATERAL jsonb_array_elements(q.r -> 'lines') WITH ORDINALITY e (l, k)
                   WHERE e.l - 'line' <> (p.lines -> (coalesce(c.was[e.k], e.k)::integer - 1)) - 'line'$$, 'nor any line');

-- (g)
CREATE TEMP TABLE modelled AS
SELECT id, bench_model.price_cart(terms || jsonb_build_object('lines', lines), promotions) AS r FROM cart WHERE id <= :modelled;
SELECT is((SELECT count(*) FROM modelled), :modelled::bigint, '(the model prices carts)');
SELECT is_empty($$SELECT p.id, p.r AS engine, m.r AS model FROM modelled m JOIN priced p USING (id) WHERE p.r <> m.r$$, 'the engine gives what the model gives, to the centime and in every part');

-- (h) The products 0 to 16 with one price each, some on sale, some with a price that no discount goes below;
-- category 102 is below 101, so that promotions for 101 are for it too.
UPDATE mjc.setting SET integer_value = 5000000 WHERE name = 'free_shipping_threshold_centimes';
UPDATE mjc.setting SET integer_value = 1900 WHERE name = 'shipping_tax_bp';
UPDATE mjc.promotion SET is_active = false;
INSERT INTO mjc.category (category_id, parent_id, slug, name)
SELECT pg_temp.pid(n)::uuid, CASE n WHEN 102 THEN pg_temp.pid(101)::uuid END, 'test-only-' || n, 'Test ' || n FROM generate_series(101, 104) n;
INSERT INTO mjc.manufacturer (manufacturer_id, slug, name) SELECT pg_temp.pid(n)::uuid, 'test-only-' || n, 'Test only ' || n FROM generate_series(200, 202) n;
INSERT INTO mjc.product (product_id, slug, sku, category_id, manufacturer_id, name, price_centimes, sale_price_centimes, min_price_centimes, tax_bp)
SELECT pg_temp.pid(n)::uuid, 'test-only-random-' || n, 'TEST-ONLY-RANDOM-' || n, pg_temp.pid(100 + coalesce(nullif(n % 4, 0), 4))::uuid, pg_temp.pid(200 + nullif(n % 5, 0) % 3)::uuid, 'Random ' || n,
       price, CASE n % 3 WHEN 1 THEN price * 9 / 10 END, CASE n % 4 WHEN 2 THEN price * 4 / 5 END, CASE n % 4 WHEN 3 THEN 900 WHEN 1 THEN 0 ELSE 1900 END
  FROM (SELECT n, 1000 + pg_temp.pick(n, 80, 1500000) AS price FROM generate_series(0, 16) n) p;
SELECT count(mjc.stock_receive(pg_temp.pid(n)::uuid, n - 12)) FROM generate_series(13, 16) n \g /dev/null

-- The promotions of a cart in force, and a coupon COUPON-P1 for p1.
CREATE FUNCTION pg_temp.put_in_force(documents jsonb) RETURNS void
    LANGUAGE sql
AS $$
    DELETE FROM mjc.coupon WHERE code ~ '^COUPON-P[0-5]$';
    DELETE FROM mjc.promotion WHERE code ~ '^p[0-5]$';
    INSERT INTO mjc.promotion (promotion_id, code, name, kind, scope, rate_bp, amount_centimes, buy_qty, get_qty, gift_product_id, priority, exclusivity_group, needs_coupon, min_qty,
                               min_amount_centimes, product_ids, category_ids, manufacturer_ids, customer_groups, wilaya_codes, first_order)
    SELECT gen_random_uuid(), d.code, 'Random', d.kind, d.scope, d.rate_bp, d.amount_centimes, d.buy_qty, d.get_qty, d.gift_product_id, coalesce(d.priority, 100), d.exclusivity_group, d.needs_coupon IS TRUE, d.min_qty,
           d.min_amount_centimes, d.product_ids, d.category_ids, d.manufacturer_ids, d.customer_groups, d.wilaya_codes, d.first_order IS TRUE
      FROM jsonb_populate_recordset(NULL::mjc.promotion, documents) d;
    INSERT INTO mjc.coupon (code, promotion_id) SELECT 'COUPON-' || upper(code), promotion_id FROM mjc.promotion WHERE code ~ '^p[0-5]$' AND needs_coupon;
    SELECT mjc.pricing_changed();
$$;

-- What the tables hold, as documents; who is not known has not ordered yet.
CREATE FUNCTION pg_temp.shop_cart(product_ids uuid[], quantities integer[], customer_group text, place text, coupons text[]) RETURNS jsonb
    LANGUAGE sql
AS $$
    SELECT jsonb_build_object('customer_group', customer_group, 'wilaya_code', place, 'first_order', true, 'cash', true, 'round_to', 100,
               'shipping', mjc.shipping_for(place, 0), 'free_shipping_from', 5000000,
               'coupon_promotions', coalesce((SELECT jsonb_agg(lower(substr(c, 8))) FROM unnest(coupons) c), '[]'),
               'stamp', (SELECT jsonb_agg(jsonb_build_object('above', above_centimes, 'step', step_centimes, 'per_step', per_step_centimes, 'floor', floor_centimes, 'cap', cap_centimes, 'whole', is_whole))
                           FROM mjc.stamp_duty_bracket WHERE valid_from_on = (SELECT max(valid_from_on) FROM mjc.stamp_duty_bracket WHERE valid_from_on <= mjc.algiers_date(now()))),
               'gifts', (SELECT jsonb_agg(jsonb_build_object('product_id', p.product_id, 'unit', coalesce(p.sale_price_centimes, p.price_centimes), 'tax_bp', p.tax_bp, 'available', greatest(mjc.available(p.product_id), 0)))
                           FROM mjc.product p WHERE p.sku LIKE 'TEST-ONLY-RANDOM-%'),
               'lines', (SELECT jsonb_agg(jsonb_build_object('product_id', p.product_id, 'category_id', p.category_id, 'manufacturer_id', p.manufacturer_id, 'qty', u.qty, 'tax_bp', p.tax_bp,
                                                             'unit', coalesce(p.sale_price_centimes, p.price_centimes), 'list', p.price_centimes, 'floor', coalesce(p.min_price_centimes, 0)) ORDER BY u.o)
                           FROM unnest(product_ids, quantities) WITH ORDINALITY u (id, qty, o) JOIN mjc.product p ON p.product_id = u.id))
$$;
CREATE FUNCTION pg_temp.shop_promotions() RETURNS jsonb
    LANGUAGE sql
AS $$
    SELECT coalesce(jsonb_agg(to_jsonb(p) || jsonb_build_object('category_ids', CASE WHEN pg_temp.pid(101)::uuid = ANY (p.category_ids) THEN p.category_ids || pg_temp.pid(102)::uuid ELSE p.category_ids END)), '[]')
      FROM mjc.promotion p WHERE p.is_active
$$;

-- What both say.
CREATE FUNCTION pg_temp.of_quote(product_ids uuid[], quantities integer[], customer_group text, place text, coupons text[]) RETURNS jsonb
    LANGUAGE sql
AS $$
    SELECT jsonb_build_object(
               'lines', jsonb_agg(jsonb_build_array(q.line_no, q.ref = 'gift', q.qty, q.unit_centimes, q.base_centimes, q.discount_centimes, q.amount_centimes, q.rate_bp, q.tax_centimes) ORDER BY q.line_no) FILTER (WHERE q.section = 'line'),
               'discounts', coalesce(jsonb_agg(jsonb_build_array(q.ref, q.amount_centimes, q.withheld_centimes) ORDER BY o) FILTER (WHERE q.section = 'discount'), '[]'),
               'taxes', coalesce(jsonb_agg(jsonb_build_array(q.rate_bp, q.base_centimes, q.tax_centimes) ORDER BY q.rate_bp) FILTER (WHERE q.section = 'tax'), '[]'),
               'sums', jsonb_object_agg(q.section, q.amount_centimes) FILTER (WHERE q.section IN ('shipping', 'stamp_duty', 'rounding', 'total', 'due')))
      FROM mjc.quote(product_ids, quantities, customer_group, place, coupons => coupons, strict => false)
           WITH ORDINALITY q (section, line_no, ref, label, product_id, qty, unit_centimes, base_centimes, discount_centimes, amount_centimes, rate_bp, tax_centimes, withheld_centimes, rounding_e4, o)
$$;
CREATE FUNCTION pg_temp.of_document(r jsonb) RETURNS jsonb
    LANGUAGE sql
AS $$
    SELECT jsonb_build_object(
               'lines', (SELECT jsonb_agg(jsonb_build_array(l -> 'line', l -> 'gift', l -> 'qty', l -> 'unit', l -> 'list', l -> 'discount', l -> 'total', l -> 'tax_bp', l -> 'tax') ORDER BY o) FROM jsonb_array_elements(r -> 'lines') WITH ORDINALITY e (l, o)),
               'discounts', (SELECT coalesce(jsonb_agg(jsonb_build_array(d -> 'promotion', d -> 'amount', d -> 'withheld') ORDER BY o), '[]') FROM jsonb_array_elements(r -> 'discounts') WITH ORDINALITY e (d, o)),
               'taxes', (SELECT coalesce(jsonb_agg(jsonb_build_array(t -> 'tax_bp', t -> 'net', t -> 'tax') ORDER BY o), '[]') FROM jsonb_array_elements(r -> 'taxes') WITH ORDINALITY e (t, o)),
               'sums', jsonb_build_object('shipping', r -> 'shipping', 'stamp_duty', r -> 'stamp_duty', 'rounding', r -> 'rounding', 'total', r -> 'total', 'due', r -> 'due'))
$$;

CREATE TEMP TABLE quoted (id integer, quote jsonb, model jsonb);
SET LOCAL bench.quoted = :quoted;
DO $$
DECLARE
    c record;
    q record;
BEGIN
    FOR c IN SELECT * FROM cart WHERE id <= current_setting('bench.quoted')::integer ORDER BY id LOOP
        PERFORM pg_temp.put_in_force(c.promotions);
        SELECT ARRAY(SELECT (l ->> 'product_id')::uuid FROM jsonb_array_elements(c.lines) WITH ORDINALITY e (l, o) ORDER BY o) AS products,
               ARRAY(SELECT (l ->> 'qty')::integer FROM jsonb_array_elements(c.lines) WITH ORDINALITY e (l, o) ORDER BY o) AS quantities,
               CASE c.terms ->> 'customer_group' WHEN 'b2b' THEN 'b2b' ELSE 'retail' END AS customer_group, c.terms ->> 'wilaya_code' AS place,
               ARRAY(SELECT k.code FROM mjc.coupon k JOIN mjc.promotion p USING (promotion_id) WHERE c.terms -> 'coupon_promotions' ? p.code ORDER BY 1) AS coupons INTO q;
        INSERT INTO quoted VALUES (c.id, pg_temp.of_quote(q.products, q.quantities, q.customer_group, q.place, q.coupons),
            pg_temp.of_document(bench_model.price_cart(pg_temp.shop_cart(q.products, q.quantities, q.customer_group, q.place, q.coupons), pg_temp.shop_promotions())));
    END LOOP;
END $$;
SELECT is((SELECT count(*) FROM quoted), :quoted::bigint, '(the shop quotes carts)');
SELECT cmp_ok((SELECT count(*) FROM quoted WHERE jsonb_array_length(quote -> 'discounts') > 1), '>', :quoted::bigint / 5, '(with promotions)');
SELECT is_empty('SELECT * FROM quoted WHERE quote <> model', 'a quote is the price of what the tables hold: lines, discounts, taxes and sums');

SELECT * FROM finish();
ROLLBACK;
