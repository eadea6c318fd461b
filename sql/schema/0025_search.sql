-- 0025 search: what is derived from products to find them (mjc.search_refresh), and words. Nobody
-- reads a number or a word from here that is not in the rows it was derived from.

-- Every number under which a product is asked for: its own and those that others give it.
CREATE TABLE mjc.search_key (
    product_id uuid NOT NULL,
    kind       text NOT NULL,
    key        text COLLATE "C" NOT NULL,
    short_key  text COLLATE "C" NOT NULL,
    loose_key  text COLLATE "C" NOT NULL,
    PRIMARY KEY (key, product_id, kind),
    CONSTRAINT search_key_kind_ck CHECK (kind IN ('SKU', 'MANUFACTURER', 'EAN', 'OEM', 'OLD_OEM', 'COMPETITOR', 'SUPPLIER', 'INTERNAL'))
);

CREATE INDEX search_key_product_id_idx ON mjc.search_key (product_id);

CREATE INDEX search_key_short_key_idx ON mjc.search_key (short_key) WHERE short_key <> key;

CREATE INDEX search_key_loose_key_idx ON mjc.search_key (loose_key) WHERE loose_key <> key;

-- names: the words of the names; words: those of all texts, the numbers, and a tag for each
-- manufacturer (m:), category (c:), kind (k:, that alone: none) and boiler (b:) that the product belongs to,
-- so that one index answers them together; words of texts also with the kind (w:, mjc.search_paired), because of what
-- is of a kind and has a word there are far fewer than of either. Category and manufacturer are those under which the
-- product is counted. What a search filters and sorts by stands here as well: it is in the row that the index finds.
-- Room on each page, so that a price or the stock changes without the index.
CREATE TABLE mjc.search_product (
    product_id          uuid PRIMARY KEY,
    category_id         uuid NOT NULL,
    created_at          timestamptz NOT NULL,
    price_centimes      bigint NOT NULL,
    popularity          smallint NOT NULL,
    derived_version     smallint NOT NULL,
    is_active           boolean NOT NULL,
    in_stock            boolean NOT NULL,
    manufacturer_id     uuid,
    kind_id             uuid,
    sale_price_centimes bigint,
    sale_from_at        timestamptz,
    sale_until_at       timestamptz,
    names               tsvector NOT NULL,
    words               tsvector NOT NULL
) WITH (fillfactor = 80);

-- For what another release derived (mjc.derived_version).
CREATE INDEX search_product_derived_version_idx ON mjc.search_product (derived_version);

CREATE INDEX search_product_words_idx ON mjc.search_product USING gin (words) WITH (gin_pending_list_limit = 512) WHERE is_active;

-- Words of the texts, for typing errors and suggestions. Added once; a job counts their products.
CREATE TABLE mjc.search_word (
    word       text COLLATE "C" PRIMARY KEY,
    products   integer NOT NULL DEFAULT 0,
    counted_at timestamptz,
    CONSTRAINT search_word_products_ck CHECK (products >= 0)
) WITH (fillfactor = 80);

CREATE INDEX search_word_trigram_idx ON mjc.search_word USING gin (word mjc_ext.gin_trgm_ops);

CREATE INDEX search_word_counted_at_idx ON mjc.search_word (counted_at NULLS FIRST);

-- Two writings of the same thing, each found by the other; folded (mjc.search_fold). One that staff do
-- not want stays, unused, so that no upgrade brings it back.
CREATE TABLE mjc.search_alias (
    alias   text NOT NULL,
    word    text NOT NULL,
    is_used boolean NOT NULL DEFAULT true,
    PRIMARY KEY (alias, word),
    CONSTRAINT search_alias_other_ck CHECK (alias <> word),
    CONSTRAINT search_alias_alias_ck CHECK (length(alias) BETWEEN 2 AND 80),
    CONSTRAINT search_alias_word_ck CHECK (length(word) BETWEEN 2 AND 80)
);

CREATE INDEX search_alias_word_idx ON mjc.search_alias (word);

-- Names that a query may hold: manufacturers, categories, kinds, boilers; the key is the folded
-- name without spaces; kinds and categories have one of the stems of their words as well (mjc.search_stem_key).
CREATE TABLE mjc.search_name (
    key  text COLLATE "C" NOT NULL,
    what text NOT NULL,
    id   uuid NOT NULL,
    PRIMARY KEY (key, what, id),
    CONSTRAINT search_name_what_ck CHECK (what IN ('manufacturer', 'category', 'kind', 'boiler'))
);

-- Active products by category and manufacturer (of none: the zero uuid): this and the changes on
-- their way into it.
CREATE TABLE mjc.catalogue_count (
    category_id     uuid NOT NULL,
    manufacturer_id uuid NOT NULL,
    products        bigint NOT NULL,
    PRIMARY KEY (category_id, manufacturer_id)
);

CREATE TABLE mjc.catalogue_delta (
    delta_id        uuid PRIMARY KEY,
    category_id     uuid NOT NULL,
    manufacturer_id uuid NOT NULL,
    change          bigint NOT NULL
);

-- Descriptions are found by their words from now on; names and numbers still by any part of them
-- (GET /products). An index over descriptions too made up half of what writing a product cost.
DROP INDEX mjc.product_search_idx;

CREATE INDEX product_search_idx ON mjc.product USING gin
    (lower(name || ' ' || coalesce(name_ar, '') || ' ' || sku || ' ' || coalesce(manufacturer_ref, '')) mjc_ext.gin_trgm_ops);
