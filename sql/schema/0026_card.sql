-- 0026 prebuilt documents of products, and what lists of them need to be fast at any size.
-- Reference tables, but for what follows the stock.

-- What of a product's JSON depends neither on the clock nor on the stock, nor on the names of its
-- category, its makers and its attributes: objects as text, put together by mjc.card_json(). head is in
-- lists and on the product's page, cover in lists, rest on the page alone.
CREATE TABLE mjc.product_card (
    product_id   uuid PRIMARY KEY REFERENCES mjc.product ON DELETE CASCADE,
    head         text NOT NULL,
    cover        text NOT NULL,
    rest         text NOT NULL,
    named        uuid[],
    refreshed_at timestamptz NOT NULL
) WITH (toast_tuple_target = 8160);

CREATE INDEX product_card_refreshed_at_idx ON mjc.product_card (refreshed_at);

-- Whether a product is in stock, for the filters of lists: a copy of mjc.stock_flag, made by a job. What
-- the copy does not know yet is in mjc.stock_flip, so readers know (mjc.stock_flips). The rules
-- of the stock wait for nobody who changes a product.
ALTER TABLE mjc.product ADD COLUMN in_stock boolean NOT NULL DEFAULT false;

UPDATE mjc.product p SET in_stock = true FROM mjc.stock_flag f WHERE f.product_id = p.product_id AND f.in_stock;

-- By what sold and was looked at, on a scale of logarithms (mjc.search_popularity).
ALTER TABLE mjc.product ADD COLUMN popularity smallint NOT NULL DEFAULT 0;

ALTER TABLE mjc.product ADD CONSTRAINT product_popularity_ck CHECK (popularity BETWEEN 0 AND 1000);

CREATE TABLE mjc.stock_flip (
    product_id uuid NOT NULL,
    flip_id    uuid NOT NULL,
    PRIMARY KEY (product_id, flip_id)
);

CREATE INDEX stock_flag_next_expiry_at_idx ON mjc.stock_flag (next_expiry_at) WHERE NOT in_stock;

-- A list is counted, filtered and sorted in an index that has all columns of the filters; a long one
-- is read in its order (sql/shelf.sql).
DROP INDEX mjc.product_category_id_idx;

DROP INDEX mjc.product_manufacturer_id_idx;

DROP INDEX mjc.product_kind_id_idx;

DROP INDEX mjc.product_created_at_idx;

DROP INDEX mjc.product_price_idx;

DROP INDEX mjc.product_name_idx;

DROP INDEX mjc.product_featured_idx;

DROP INDEX mjc.product_dated_sale_idx;

CREATE INDEX product_category_id_idx ON mjc.product (category_id, created_at DESC, product_id)
    INCLUDE (manufacturer_id, kind_id, popularity, is_active, is_featured, in_stock, price_centimes, sale_price_centimes, sale_from_at, sale_until_at, updated_at, name);

CREATE INDEX product_manufacturer_id_idx ON mjc.product (manufacturer_id, created_at DESC, product_id)
    INCLUDE (category_id, kind_id, popularity, is_active, is_featured, in_stock, price_centimes, sale_price_centimes, sale_from_at, sale_until_at, updated_at, name);

CREATE INDEX product_kind_id_idx ON mjc.product (kind_id, product_id)
    INCLUDE (category_id, manufacturer_id, popularity, is_active, in_stock, price_centimes, sale_price_centimes, sale_from_at, sale_until_at, created_at);

CREATE INDEX product_popularity_idx ON mjc.product (popularity DESC, product_id) WHERE is_active;

CREATE INDEX product_created_at_idx ON mjc.product (created_at DESC, product_id)
    INCLUDE (category_id, manufacturer_id, is_active, is_featured, in_stock, price_centimes, sale_price_centimes, sale_from_at, sale_until_at, updated_at, name);

CREATE INDEX product_updated_at_idx ON mjc.product (updated_at DESC, product_id);

CREATE INDEX product_price_idx ON mjc.product ((coalesce(sale_price_centimes, price_centimes)), product_id)
    INCLUDE (category_id, manufacturer_id, is_active, is_featured, in_stock, price_centimes, sale_price_centimes, sale_from_at, sale_until_at, created_at, updated_at, name);

CREATE INDEX product_name_idx ON mjc.product (name, product_id);

CREATE INDEX product_category_price_idx ON mjc.product (category_id, (coalesce(sale_price_centimes, price_centimes)), product_id)
    INCLUDE (is_active, in_stock, price_centimes, sale_price_centimes, sale_from_at, sale_until_at);

CREATE INDEX product_category_name_idx ON mjc.product (category_id, name, product_id);

CREATE INDEX product_dated_sale_idx ON mjc.product (category_id, price_centimes, product_id)
    INCLUDE (manufacturer_id, is_active, is_featured, in_stock, sale_price_centimes, sale_from_at, sale_until_at, created_at, updated_at, name)
    WHERE sale_from_at IS NOT NULL OR sale_until_at IS NOT NULL;

-- Lists without an order of their own: what is in stock first, then the most popular.
CREATE INDEX product_shelf_idx ON mjc.product (category_id, in_stock, popularity DESC, product_id) WHERE is_active;

-- What the parts of a boiler may be filtered by.
CREATE INDEX product_fitting_idx ON mjc.product (product_id) INCLUDE (kind_id, category_id);

-- Whether the part is active: a copy, so that what fits a boiler is found, judged and counted in one index
-- without reading a part (mjc.fitment_refresh).
ALTER TABLE mjc.fitment ADD COLUMN is_sold boolean NOT NULL DEFAULT true;

UPDATE mjc.fitment f SET is_sold = false FROM mjc.product p WHERE p.product_id = f.product_id AND NOT p.is_active;

DROP INDEX mjc.fitment_boiler_model_id_idx;

CREATE INDEX fitment_boiler_model_id_idx ON mjc.fitment (boiler_model_id, product_id)
    INCLUDE (fits, variant_id, serial, built, gas, power_w, confidence, is_sold);

CREATE INDEX product_featured_idx ON mjc.product (created_at DESC, product_id) WHERE is_featured;

-- How often a product was looked at and sold: folded by a job, nothing hot is ever updated
-- (sql/counter.sql). viewed: before counted_until, for good; recent: since then, counted anew each time.
CREATE TABLE mjc.product_counter (
    product_id uuid PRIMARY KEY REFERENCES mjc.product ON DELETE CASCADE,
    viewed     bigint NOT NULL,
    recent     bigint NOT NULL,
    sold       bigint NOT NULL,
    popularity integer NOT NULL,
    CONSTRAINT product_counter_ck CHECK (viewed >= 0 AND recent >= 0 AND popularity >= 0)
);

CREATE TABLE mjc.counted_until (
    singleton boolean PRIMARY KEY DEFAULT true,
    at        timestamptz NOT NULL,
    CONSTRAINT counted_until_one_ck CHECK (singleton)
);

INSERT INTO mjc.counted_until (at) VALUES ('-infinity');

-- How many active products of a category are of a kind (of none: the zero uuid), of a band of prices
-- (mjc.price_band; -1: on sale for a time, those are counted at each read) and in stock. facet_product
-- is as what each is counted, facet_count with the changes on their way into it how many there are.
CREATE TABLE mjc.facet_product (
    product_id  uuid PRIMARY KEY,
    category_id uuid NOT NULL,
    kind_id     uuid NOT NULL,
    price_band  smallint NOT NULL,
    in_stock    boolean NOT NULL
) WITH (fillfactor = 90);

CREATE TABLE mjc.facet_count (
    category_id uuid NOT NULL,
    facet       text COLLATE "C" NOT NULL,
    key         text COLLATE "C" NOT NULL,
    products    bigint NOT NULL,
    PRIMARY KEY (category_id, facet, key),
    CONSTRAINT facet_count_facet_ck CHECK (facet IN ('kinds', 'prices', 'availability'))
);

CREATE TABLE mjc.facet_delta (
    delta_id    uuid PRIMARY KEY,
    category_id uuid NOT NULL,
    kind_id     uuid NOT NULL,
    price_band  smallint NOT NULL,
    in_stock    boolean NOT NULL,
    change      bigint NOT NULL
);

CREATE INDEX facet_delta_category_id_idx ON mjc.facet_delta (category_id);
