-- fill.sql - a large catalogue on top of the demo data: `parts` products (500 000) in 100 categories
-- of ten roots, of very different sizes, by 60 makers; two in five are in stock, one in twenty is on
-- sale, one in a hundred for some days only. Rows are inserted as they are: the rules are measured elsewhere.
SET client_min_messages = warning;
SET synchronous_commit = off;
SELECT setseed(0.42) \g /dev/null
INSERT INTO mjc.category (category_id, slug, name, sort_order)
SELECT gen_random_uuid(), 'banc-racine-' || r, 'Racine ' || r, r FROM generate_series(1, 10) r;
INSERT INTO mjc.category (category_id, slug, name, parent_id, sort_order)
SELECT gen_random_uuid(), 'banc-rayon-' || n, 'Rayon ' || n, (SELECT c.category_id FROM mjc.category c WHERE c.slug = 'banc-racine-' || (1 + (n - 1) / 10)), n
  FROM generate_series(1, 100) n;
INSERT INTO mjc.manufacturer (manufacturer_id, slug, name)
SELECT gen_random_uuid(), 'banc-marque-' || n, 'Marque ' || n FROM generate_series(1, 60) n;
CREATE TEMP TABLE bench_category AS SELECT category_id, substr(slug, 12)::integer AS n FROM mjc.category WHERE slug LIKE 'banc-rayon-%';
CREATE TEMP TABLE bench_maker AS SELECT manufacturer_id, substr(slug, 13)::integer AS n FROM mjc.manufacturer WHERE slug LIKE 'banc-marque-%';
-- Category 1 has about a tenth of all, category 100 one in a thousand.
CREATE TEMP TABLE bench_part AS
SELECT n, least(100, 1 + floor(100 * random() ^ 2))::integer AS category, 1 + floor(60 * random() ^ 1.5)::integer AS maker,
       100 * (500 + floor(100000 * random() ^ 3))::bigint AS price, random() AS sale, random() AS stock, random() AS age,
       (ARRAY['Électrode', 'Vanne gaz', 'Circulateur', 'Sonde', 'Carte électronique', 'Joint', 'Échangeur', 'Brûleur', 'Ventilateur', 'Pressostat'])[1 + floor(10 * random())] AS word
  FROM generate_series(1, :parts) n;
INSERT INTO mjc.product (product_id, slug, sku, manufacturer_ref, category_id, manufacturer_id, name, name_ar, description, price_centimes, sale_price_centimes,
                         sale_from_at, sale_until_at, is_featured, is_active, created_at, updated_at, weight_g)
SELECT ('00000000-0000-7000-9000-' || lpad(p.n::text, 12, '0'))::uuid, 'banc-piece-' || p.n, 'BANC-' || p.n, 'REF' || p.n, c.category_id, m.manufacturer_id,
       p.word || ' ' || p.n, 'قطعة ' || p.n, 'Pièce de rechange pour chaudière murale, modèle ' || p.n || '. Montage par un professionnel.',
       p.price, CASE WHEN p.sale < 0.05 THEN p.price * 8 / 10 END,
       CASE WHEN p.sale < 0.005 THEN now() - interval '10 days' END, CASE WHEN p.sale < 0.01 THEN now() + (p.sale - 0.007) * interval '1000 days' END,
       p.n % 200 = 1, p.n % 50 <> 0, now() - p.age * interval '900 days', now() - p.age * p.stock * interval '900 days', 250
  FROM bench_part p JOIN bench_category c ON c.n = p.category JOIN bench_maker m ON m.n = least(p.maker, 60);
INSERT INTO mjc.stock_anchor (product_id) SELECT ('00000000-0000-7000-9000-' || lpad(p.n::text, 12, '0'))::uuid FROM bench_part p WHERE p.stock < 0.5;
INSERT INTO mjc.stock_ledger (product_id, location_id, seq, kind, qty, on_hand, reserved, damaged, value_centimes, unit_cost_centimes, ref_kind, ref_id, op_id, at)
SELECT ('00000000-0000-7000-9000-' || lpad(p.n::text, 12, '0'))::uuid, 1, 1, 'receive', 1 + floor(50 * p.age)::integer, 1 + floor(50 * p.age)::integer, 0, 0, 0, 0, 'delivery', 'banc', 'banc', now() - interval '2 days'
  FROM bench_part p WHERE p.stock < 0.4;
INSERT INTO mjc.stock_flag (product_id, in_stock, changed_at)
SELECT ('00000000-0000-7000-9000-' || lpad(p.n::text, 12, '0'))::uuid, p.stock < 0.4, now() FROM bench_part p WHERE p.stock < 0.5;
INSERT INTO mjc.boiler_model (boiler_model_id, manufacturer_id, name)
SELECT gen_random_uuid(), m.manufacturer_id, 'Banc ' || g FROM generate_series(1, 600) g JOIN bench_maker m ON m.n = 1 + g % 60;
INSERT INTO mjc.fitment (product_id, boiler_model_id)
SELECT ('00000000-0000-7000-9000-' || lpad((1 + (b.place * 7919 + k * 104729) % :parts)::text, 12, '0'))::uuid, b.boiler_model_id
  FROM (SELECT boiler_model_id, row_number() OVER (ORDER BY name) AS place FROM mjc.boiler_model WHERE name LIKE 'Banc %') b, generate_series(1, 300) k;
-- As the job does it, to the end.
SELECT mjc.catalogue_fill(1000) FROM generate_series(1, 2 + :parts / 1000) \g /dev/null
