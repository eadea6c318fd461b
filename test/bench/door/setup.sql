-- setup.sql - the database of the door bench: the demo catalogue, whose pages are read by number
-- (slug banc-n), and as many products again that are ordered by number, with stock for a million
-- orders: 00000000-0000-7000-8000-(100000000000 + n).
SET client_min_messages = warning;
CREATE SCHEMA mjc_ext;
CREATE EXTENSION btree_gist SCHEMA mjc_ext;
CREATE EXTENSION pg_trgm SCHEMA mjc_ext;
CREATE EXTENSION unaccent SCHEMA mjc_ext;
CREATE EXTENSION mjchauffage;
SELECT mjc.install();
SELECT mjc.setting_set('guest_open_orders_max', '100000');
\cd sql/demo
\i load.sql
UPDATE mjc.product p SET slug = 'banc-' || n.n
  FROM (SELECT product_id, row_number() OVER (ORDER BY sku) AS n FROM mjc.product) n
 WHERE n.product_id = p.product_id;
UPDATE mjc.category c SET slug = 'rayon-' || n.n
  FROM (SELECT category_id, row_number() OVER (ORDER BY slug) AS n FROM mjc.category) n
 WHERE n.category_id = c.category_id;
INSERT INTO mjc.product (product_id, slug, sku, category_id, name, price_centimes, cost_centimes)
SELECT ('00000000-0000-7000-8000-' || 100000000000 + substr(slug, 6)::bigint)::uuid, 'commande-' || substr(slug, 6),
       'COMMANDE-' || substr(slug, 6), category_id, name, 100000, 60000
  FROM mjc.product;
SELECT count(mjc.stock_receive(product_id, 1000000)) FROM mjc.product WHERE sku LIKE 'COMMANDE-%';
SELECT mjc.product_changed(array_agg(product_id)) FROM mjc.product;
CREATE ROLE web LOGIN;
GRANT mjc_shim TO web;
VACUUM ANALYZE;
