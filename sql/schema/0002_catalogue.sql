-- 0002 catalogue: categories, manufacturers, products, boilers, fitment,
-- wilayas and dated shipping tariffs. Reference tables (sql/distribution.sql).

CREATE TABLE mjc.category (
    category_id uuid PRIMARY KEY,
    parent_id   uuid REFERENCES mjc.category,
    slug        text NOT NULL UNIQUE,
    name        text NOT NULL,
    name_ar     text,
    description text,
    image_url   text,
    sort_order  integer NOT NULL DEFAULT 0,
    is_active   boolean NOT NULL DEFAULT true,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT category_slug_ck CHECK (slug ~ '^[a-z0-9-]+$'),
    CONSTRAINT category_parent_ck CHECK (parent_id <> category_id)
);

CREATE INDEX category_parent_id_idx ON mjc.category (parent_id);

CREATE TABLE mjc.manufacturer (
    manufacturer_id uuid PRIMARY KEY,
    slug            text NOT NULL UNIQUE,
    name            text NOT NULL UNIQUE,
    description     text,
    website         text,
    logo_url        text,
    is_active       boolean NOT NULL DEFAULT true,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT manufacturer_slug_ck CHECK (slug ~ '^[a-z0-9-]+$')
);

CREATE TABLE mjc.product (
    product_id           uuid PRIMARY KEY,
    slug                 text NOT NULL UNIQUE,
    sku                  text NOT NULL UNIQUE,
    ean                  text UNIQUE,
    manufacturer_ref     text,
    category_id          uuid NOT NULL REFERENCES mjc.category,
    manufacturer_id      uuid REFERENCES mjc.manufacturer,
    name                 text NOT NULL,
    name_ar              text,
    description          text,
    description_ar       text,
    short_description    text,
    price_centimes       bigint NOT NULL,
    sale_price_centimes  bigint,
    cost_centimes        bigint,
    tax_bp               integer NOT NULL DEFAULT 1900,
    low_stock_qty        integer NOT NULL DEFAULT 5,
    max_stock_qty        integer,
    weight_g             integer,
    warranty_months      integer,
    condition            text NOT NULL DEFAULT 'NEW',
    specifications       jsonb NOT NULL DEFAULT '{}',
    dimensions           jsonb NOT NULL DEFAULT '{}',
    features             jsonb NOT NULL DEFAULT '[]',
    meta_title           text,
    meta_description     text,
    is_active            boolean NOT NULL DEFAULT true,
    is_featured          boolean NOT NULL DEFAULT false,
    created_at           timestamptz NOT NULL DEFAULT now(),
    updated_at           timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT product_slug_ck CHECK (slug ~ '^[a-z0-9-]+$'),
    CONSTRAINT product_sku_ck CHECK (length(sku) BETWEEN 2 AND 50),
    CONSTRAINT product_name_ck CHECK (length(name) BETWEEN 2 AND 255),
    CONSTRAINT product_price_ck CHECK (price_centimes BETWEEN 0 AND 100000000000),
    CONSTRAINT product_sale_price_ck CHECK (sale_price_centimes > 0 AND sale_price_centimes < price_centimes),
    CONSTRAINT product_cost_ck CHECK (cost_centimes >= 0),
    CONSTRAINT product_tax_ck CHECK (tax_bp BETWEEN 0 AND 10000),
    CONSTRAINT product_low_stock_ck CHECK (low_stock_qty >= 0),
    CONSTRAINT product_max_stock_ck CHECK (max_stock_qty >= 0),
    CONSTRAINT product_weight_ck CHECK (weight_g >= 0),
    CONSTRAINT product_warranty_ck CHECK (warranty_months >= 0),
    CONSTRAINT product_condition_ck CHECK (condition IN ('NEW', 'REFURBISHED', 'USED')),
    CONSTRAINT product_specifications_ck CHECK (jsonb_typeof(specifications) = 'object'),
    CONSTRAINT product_dimensions_ck CHECK (jsonb_typeof(dimensions) = 'object'),
    CONSTRAINT product_features_ck CHECK (jsonb_typeof(features) = 'array')
);

CREATE INDEX product_category_id_idx ON mjc.product (category_id, created_at DESC, product_id);

CREATE INDEX product_manufacturer_id_idx ON mjc.product (manufacturer_id, created_at DESC, product_id);

CREATE INDEX product_created_at_idx ON mjc.product (created_at DESC, product_id) WHERE is_active;

CREATE INDEX product_price_idx ON mjc.product ((coalesce(sale_price_centimes, price_centimes)), product_id) WHERE is_active;

CREATE INDEX product_name_idx ON mjc.product (name, product_id) WHERE is_active;

CREATE INDEX product_featured_idx ON mjc.product (created_at DESC) WHERE is_active AND is_featured;

CREATE INDEX product_search_idx ON mjc.product USING gin
    (lower(name || ' ' || coalesce(name_ar, '') || ' ' || sku || ' ' || coalesce(manufacturer_ref, '') || ' ' || coalesce(description, '')) mjc_ext.gin_trgm_ops);

CREATE TABLE mjc.product_image (
    product_id uuid NOT NULL REFERENCES mjc.product,
    image_id   uuid NOT NULL,
    url        text NOT NULL,
    alt_text   text,
    sort_order integer NOT NULL DEFAULT 0,
    PRIMARY KEY (product_id, image_id)
);

CREATE TABLE mjc.boiler_model (
    boiler_model_id uuid PRIMARY KEY,
    manufacturer_id uuid NOT NULL REFERENCES mjc.manufacturer,
    name            text NOT NULL,
    series          text,
    type            text,
    release_year    integer,
    is_active       boolean NOT NULL DEFAULT true,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT boiler_model_name_uq UNIQUE (manufacturer_id, name),
    CONSTRAINT boiler_model_year_ck CHECK (release_year BETWEEN 1950 AND 2100)
);

CREATE TABLE mjc.fitment (
    product_id      uuid NOT NULL REFERENCES mjc.product,
    boiler_model_id uuid NOT NULL REFERENCES mjc.boiler_model,
    note            text,
    PRIMARY KEY (product_id, boiler_model_id)
);

CREATE INDEX fitment_boiler_model_id_idx ON mjc.fitment (boiler_model_id);

CREATE TABLE mjc.wilaya (
    code       text PRIMARY KEY,
    name       text NOT NULL,
    name_ar    text NOT NULL,
    valid_from_on date NOT NULL DEFAULT '1900-01-01',
    split_from text REFERENCES mjc.wilaya,
    delivery_days integer NOT NULL DEFAULT 5,
    CONSTRAINT wilaya_delivery_days_ck CHECK (delivery_days BETWEEN 0 AND 60),
    CONSTRAINT wilaya_code_ck CHECK (code ~ '^[0-9]{2}$')
);

CREATE INDEX wilaya_split_from_idx ON mjc.wilaya (split_from);

CREATE TABLE mjc.shipping_tariff (
    tariff_id       uuid PRIMARY KEY,
    wilaya_code     text NOT NULL,
    delivery_mode   text NOT NULL,
    amount_centimes bigint NOT NULL,
    validity        daterange NOT NULL,
    CONSTRAINT shipping_tariff_code_ck CHECK (wilaya_code ~ '^([0-9]{2}|\*)$'),
    CONSTRAINT shipping_tariff_mode_ck CHECK (delivery_mode IN ('home', 'stop_desk')),
    CONSTRAINT shipping_tariff_amount_ck CHECK (amount_centimes BETWEEN 0 AND 100000000),
    CONSTRAINT shipping_tariff_validity_ck CHECK (NOT isempty(validity)),
    CONSTRAINT shipping_tariff_one_at_a_time_ex
        EXCLUDE USING gist (wilaya_code WITH OPERATOR(pg_catalog.=), delivery_mode WITH OPERATOR(pg_catalog.=), validity WITH OPERATOR(pg_catalog.&&))
);

CREATE TABLE mjc.payment_method (
    method      text PRIMARY KEY,
    name_fr     text NOT NULL,
    name_ar     text NOT NULL,
    description text NOT NULL,
    is_enabled  boolean NOT NULL,
    is_default  boolean NOT NULL,
    sort_order  integer NOT NULL DEFAULT 0
);
