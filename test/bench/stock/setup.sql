-- setup.sql - the database of the stock bench: the shop's schema, one hot product and
-- 10 000 others. Product n is 00000000-0000-7000-8000-(100000000000 + n), the hot one is 0.
SET client_min_messages = warning;
CREATE SCHEMA mjc_ext;
CREATE EXTENSION btree_gist SCHEMA mjc_ext;
CREATE EXTENSION pg_trgm SCHEMA mjc_ext;
CREATE EXTENSION unaccent SCHEMA mjc_ext;
CREATE EXTENSION mjchauffage;
SELECT mjc.install();
SELECT mjc.setting_set('guest_open_orders_max', '100000');

CREATE SCHEMA bench;
CREATE TABLE bench.ins (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    product_id uuid NOT NULL,
    qty        integer NOT NULL,
    at         timestamptz NOT NULL DEFAULT now()
);
-- Pages half empty, so that the new versions of the row stay on its page: the best case.
CREATE TABLE bench.hot (product_id uuid PRIMARY KEY, qty bigint NOT NULL) WITH (fillfactor = 50);
INSERT INTO bench.hot VALUES ('00000000-0000-7000-8000-100000000000', 1000000000);

INSERT INTO mjc.category (category_id, slug, name) VALUES ('00000000-0000-7000-8000-000000000001', 'banc', 'Banc d''essai');
INSERT INTO mjc.wilaya (code, name, name_ar) VALUES ('16', 'Alger', 'الجزائر');
INSERT INTO mjc.product (product_id, slug, sku, category_id, name, price_centimes, cost_centimes)
SELECT ('00000000-0000-7000-8000-' || 100000000000 + n)::uuid, 'piece-' || n, 'BENCH-' || n,
       '00000000-0000-7000-8000-000000000001', 'Pièce ' || n, 100000, 60000
  FROM generate_series(0, 10000) n;
SELECT count(mjc.stock_receive(product_id, 1000000)) FROM mjc.product WHERE sku <> 'BENCH-0';
SELECT count(mjc.stock_receive('00000000-0000-7000-8000-100000000000', 1000000, 1)) FROM generate_series(1, 200);
VACUUM ANALYZE;
