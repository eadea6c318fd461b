-- setup.sql - the database of the orders bench: one product that is in every order and 1 000 others,
-- with stock for all runs. Product n is 00000000-0000-7000-8000-(100000000000 + n), the hot one is 0.
SET client_min_messages = warning;
CREATE SCHEMA mjc_ext;
CREATE EXTENSION btree_gist SCHEMA mjc_ext;
CREATE EXTENSION pg_trgm SCHEMA mjc_ext;
CREATE EXTENSION unaccent SCHEMA mjc_ext;
CREATE EXTENSION mjchauffage;
SELECT mjc.install();
SELECT mjc.setting_set('guest_open_orders_max', '100000');
UPDATE mjc.setting SET text_value = 'Banc' WHERE name ~ '^seller_(name|legal_form|activity|address|phone|rc|nif|nis|ai)$';

CREATE SCHEMA bench;
CREATE TABLE bench.ins (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    product_id uuid NOT NULL,
    qty        integer NOT NULL,
    at         timestamptz NOT NULL DEFAULT now()
);

INSERT INTO mjc.category (category_id, slug, name) VALUES ('00000000-0000-7000-8000-000000000001', 'banc', 'Banc d''essai');
INSERT INTO mjc.wilaya (code, name, name_ar) VALUES ('16', 'Alger', 'الجزائر');
INSERT INTO mjc.product (product_id, slug, sku, category_id, name, price_centimes, cost_centimes)
SELECT ('00000000-0000-7000-8000-' || 100000000000 + n)::uuid, 'piece-' || n, 'BENCH-' || n,
       '00000000-0000-7000-8000-000000000001', 'Pièce ' || n, 100000, 60000
  FROM generate_series(0, 1000) n;
SELECT count(mjc.stock_receive(product_id, 1000000)) FROM mjc.product;
CREATE ROLE web LOGIN;
GRANT mjc_shim TO web;
CREATE ROLE staff LOGIN IN ROLE mjc_admin;
SELECT mjc.staff_create('staff', 'Banc');
VACUUM ANALYZE;
