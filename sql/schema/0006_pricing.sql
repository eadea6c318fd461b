-- 0006 pricing: customer groups, past prices, price lists, promotions, coupons,
-- gift cards and store credit, carrier zones and weight steps, stamp duty, and
-- what of all this an order keeps.

CREATE TABLE mjc.customer_group (
    customer_group text PRIMARY KEY,
    name_fr        text NOT NULL,
    name_ar        text NOT NULL,
    sort_order     integer NOT NULL DEFAULT 0,
    CONSTRAINT customer_group_code_ck CHECK (customer_group ~ '^[a-z0-9_-]{2,30}$')
);

-- Set by staff alone: what a visitor says of himself opens no price list.
ALTER TABLE mjc.customer
    ADD COLUMN customer_group text NOT NULL DEFAULT 'retail',
    ADD CONSTRAINT customer_group_ck CHECK (customer_group ~ '^[a-z0-9_-]{2,30}$');

-- A sale price may have dates; min_price_centimes is what no discount goes below.
ALTER TABLE mjc.product
    ADD COLUMN sale_from_at timestamptz,
    ADD COLUMN sale_until_at timestamptz,
    ADD COLUMN min_price_centimes bigint,
    ADD CONSTRAINT product_sale_dates_ck CHECK (sale_from_at < sale_until_at),
    ADD CONSTRAINT product_sale_dates_price_ck CHECK (sale_price_centimes IS NOT NULL OR (sale_from_at IS NULL AND sale_until_at IS NULL)),
    ADD CONSTRAINT product_min_price_ck CHECK (min_price_centimes BETWEEN 0 AND 100000000000);

CREATE INDEX product_dated_sale_idx ON mjc.product (product_id) WHERE sale_from_at IS NOT NULL OR sale_until_at IS NOT NULL;

-- Prices that the product row no longer holds: valid until until_at, from the row before on.
CREATE TABLE mjc.product_price_past (
    product_id          uuid NOT NULL REFERENCES mjc.product,
    until_at            timestamptz NOT NULL,
    price_centimes      bigint NOT NULL,
    sale_price_centimes bigint,
    sale_from_at        timestamptz,
    sale_until_at       timestamptz,
    PRIMARY KEY (product_id, until_at)
);

-- override: replaces the base price; sale: is paid when it is lower.
CREATE TABLE mjc.price_list (
    price_list_id  uuid PRIMARY KEY,
    code           text NOT NULL UNIQUE,
    name           text NOT NULL,
    kind           text NOT NULL,
    customer_group text REFERENCES mjc.customer_group,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT price_list_code_ck CHECK (code ~ '^[a-z0-9-]{2,60}$'),
    CONSTRAINT price_list_name_ck CHECK (length(name) BETWEEN 1 AND 200),
    CONSTRAINT price_list_kind_ck CHECK (kind IN ('override', 'sale'))
);

CREATE INDEX price_list_customer_group_idx ON mjc.price_list (customer_group);

-- A price that has begun is never changed or deleted, only ended: the past stays answerable.
CREATE TABLE mjc.price (
    price_id        uuid PRIMARY KEY,
    price_list_id   uuid NOT NULL REFERENCES mjc.price_list,
    product_id      uuid NOT NULL REFERENCES mjc.product,
    qty             int4range NOT NULL,
    validity        tstzrange NOT NULL,
    amount_centimes bigint NOT NULL,
    CONSTRAINT price_qty_ck CHECK (lower(qty) >= 1 AND NOT isempty(qty)),
    CONSTRAINT price_validity_ck CHECK (NOT isempty(validity)),
    CONSTRAINT price_amount_ck CHECK (amount_centimes BETWEEN 0 AND 100000000000),
    CONSTRAINT price_one_at_a_time_ex
        EXCLUDE USING gist (price_list_id WITH OPERATOR(pg_catalog.=), product_id WITH OPERATOR(pg_catalog.=),
                            qty WITH OPERATOR(pg_catalog.&&), validity WITH OPERATOR(pg_catalog.&&))
);

CREATE INDEX price_product_id_idx ON mjc.price (product_id, price_list_id);

CREATE INDEX price_price_list_id_idx ON mjc.price (price_list_id, product_id);

-- The document of extension/promotion.c; NULL in a condition: everything meets it.
CREATE TABLE mjc.promotion (
    promotion_id        uuid PRIMARY KEY,
    code                text NOT NULL UNIQUE,
    name                text NOT NULL,
    name_ar             text,
    kind                text NOT NULL,
    scope               text NOT NULL,
    rate_bp             integer,
    amount_centimes     bigint,
    buy_qty             integer,
    get_qty             integer,
    gift_product_id     uuid REFERENCES mjc.product,
    priority            integer NOT NULL DEFAULT 100,
    exclusivity_group   text,
    needs_coupon        boolean NOT NULL DEFAULT false,
    validity            tstzrange NOT NULL DEFAULT '(,)',
    min_qty             integer,
    min_amount_centimes bigint,
    product_ids         uuid[],
    category_ids        uuid[],
    manufacturer_ids    uuid[],
    customer_groups     text[],
    wilaya_codes        text[],
    first_order         boolean NOT NULL DEFAULT false,
    is_active           boolean NOT NULL DEFAULT true,
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT promotion_code_ck CHECK (code ~ '^[a-z0-9-]{2,60}$'),
    CONSTRAINT promotion_name_ck CHECK (length(name) >= 1 AND length(name) <= 200 AND length(name_ar) >= 1 AND length(name_ar) <= 200),
    CONSTRAINT promotion_scope_ck CHECK (scope IN ('line', 'order', 'shipping')),
    CONSTRAINT promotion_kind_ck CHECK (
        CASE kind WHEN 'percent' THEN rate_bp IS NOT NULL AND amount_centimes IS NULL AND buy_qty IS NULL AND get_qty IS NULL AND gift_product_id IS NULL
                  WHEN 'amount' THEN rate_bp IS NULL AND amount_centimes > 0 AND buy_qty IS NULL AND get_qty IS NULL AND gift_product_id IS NULL
                  WHEN 'fixed_price' THEN rate_bp IS NULL AND amount_centimes IS NOT NULL AND buy_qty IS NULL AND get_qty IS NULL AND gift_product_id IS NULL
                  WHEN 'buy_get' THEN scope = 'line' AND rate_bp IS NOT NULL AND amount_centimes IS NULL AND buy_qty IS NOT NULL AND get_qty IS NOT NULL AND gift_product_id IS NULL
                  WHEN 'gift' THEN scope = 'order' AND rate_bp IS NULL AND amount_centimes IS NULL AND buy_qty IS NULL AND get_qty IS NOT NULL AND gift_product_id IS NOT NULL
                  ELSE false END),
    CONSTRAINT promotion_rate_ck CHECK (rate_bp BETWEEN 1 AND 10000),
    CONSTRAINT promotion_amount_ck CHECK (amount_centimes BETWEEN 0 AND 100000000000),
    CONSTRAINT promotion_buy_get_ck CHECK (buy_qty >= 1 AND buy_qty <= 999 AND get_qty >= 1 AND get_qty <= 999),
    CONSTRAINT promotion_priority_ck CHECK (priority BETWEEN 0 AND 1000000),
    CONSTRAINT promotion_exclusivity_ck CHECK (exclusivity_group ~ '^[a-z0-9-]{1,60}$'),
    CONSTRAINT promotion_validity_ck CHECK (NOT isempty(validity)),
    CONSTRAINT promotion_min_ck CHECK (min_qty >= 1 AND min_amount_centimes >= 0),
    CONSTRAINT promotion_products_ck CHECK (cardinality(product_ids) >= 1 AND array_position(product_ids, NULL) IS NULL),
    CONSTRAINT promotion_categories_ck CHECK (cardinality(category_ids) >= 1 AND array_position(category_ids, NULL) IS NULL),
    CONSTRAINT promotion_manufacturers_ck CHECK (cardinality(manufacturer_ids) >= 1 AND array_position(manufacturer_ids, NULL) IS NULL),
    CONSTRAINT promotion_groups_ck CHECK (cardinality(customer_groups) >= 1 AND array_position(customer_groups, NULL) IS NULL),
    CONSTRAINT promotion_wilayas_ck CHECK (cardinality(wilaya_codes) >= 1 AND array_position(wilaya_codes, NULL) IS NULL)
);

CREATE INDEX promotion_gift_product_id_idx ON mjc.promotion (gift_product_id);

CREATE INDEX promotion_ends_idx ON mjc.promotion ((upper(validity)));

-- One value, changed with every promotion: sessions keep a compiled set while it stays the same.
CREATE TABLE mjc.pricing_version (
    singleton boolean PRIMARY KEY,
    version   uuid NOT NULL,
    CONSTRAINT pricing_version_ck CHECK (singleton)
);

-- Written in capitals without blanks; NULL in a limit: none.
CREATE TABLE mjc.coupon (
    code                  text PRIMARY KEY,
    promotion_id          uuid NOT NULL REFERENCES mjc.promotion,
    max_uses              integer,
    max_uses_per_customer integer,
    customer_id           uuid,
    validity              tstzrange NOT NULL DEFAULT '(,)',
    is_active             boolean NOT NULL DEFAULT true,
    created_at            timestamptz NOT NULL DEFAULT now(),
    updated_at            timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT coupon_code_ck CHECK (code ~ '^[A-Z0-9_-]{3,40}$'),
    CONSTRAINT coupon_uses_ck CHECK (max_uses >= 1 AND max_uses_per_customer >= 1),
    CONSTRAINT coupon_validity_ck CHECK (NOT isempty(validity))
);

CREATE INDEX coupon_promotion_id_idx ON mjc.coupon (promotion_id);

-- Uses and uses given back, append-only: the newest row's used is the count.
CREATE TABLE mjc.coupon_ledger (
    code        text NOT NULL REFERENCES mjc.coupon,
    seq         bigint NOT NULL,
    change      smallint NOT NULL,
    used        bigint NOT NULL,
    order_id    uuid NOT NULL,
    customer_id uuid NOT NULL,
    at          timestamptz NOT NULL,
    PRIMARY KEY (code, seq),
    CONSTRAINT coupon_ledger_once_uq UNIQUE (code, order_id, change),
    CONSTRAINT coupon_ledger_change_ck CHECK (change IN (-1, 1)),
    CONSTRAINT coupon_ledger_used_ck CHECK (used >= 0),
    CONSTRAINT coupon_ledger_seq_ck CHECK (seq >= 1)
);

CREATE INDEX coupon_ledger_customer_id_idx ON mjc.coupon_ledger (code, customer_id);

-- Gift cards and store credit: one row is what is locked, its ledger is the balance.
CREATE TABLE mjc.credit (
    credit_id   uuid PRIMARY KEY,
    kind        text NOT NULL,
    customer_id uuid,
    expires_at  timestamptz,
    is_active   boolean NOT NULL DEFAULT true,
    created_at  timestamptz NOT NULL,
    CONSTRAINT credit_kind_ck CHECK (kind IN ('gift_card', 'store_credit')),
    CONSTRAINT credit_store_ck CHECK (kind <> 'store_credit' OR customer_id IS NOT NULL)
);

CREATE INDEX credit_customer_id_idx ON mjc.credit (customer_id);

-- The code of a gift card is money: only its SHA-256 is kept, and its last four characters to name it.
CREATE TABLE mjc.credit_code (
    code_hash bytea PRIMARY KEY,
    credit_id uuid NOT NULL,
    last_four text NOT NULL,
    CONSTRAINT credit_code_hash_ck CHECK (length(code_hash) = 32)
);

CREATE INDEX credit_code_credit_id_idx ON mjc.credit_code (credit_id);

CREATE TABLE mjc.credit_ledger (
    credit_id        uuid NOT NULL REFERENCES mjc.credit,
    seq              bigint NOT NULL,
    kind             text NOT NULL,
    amount_centimes  bigint NOT NULL,
    balance_centimes bigint NOT NULL,
    order_id         uuid,
    op_id            text NOT NULL COLLATE "C",
    actor            uuid,
    reason           text,
    at               timestamptz NOT NULL,
    PRIMARY KEY (credit_id, seq),
    CONSTRAINT credit_ledger_op_uq UNIQUE (credit_id, op_id),
    CONSTRAINT credit_ledger_seq_ck CHECK (seq >= 1),
    CONSTRAINT credit_ledger_kind_ck CHECK (kind IN ('issue', 'spend', 'refund', 'adjust')),
    CONSTRAINT credit_ledger_sign_ck CHECK (CASE kind WHEN 'spend' THEN amount_centimes < 0 WHEN 'adjust' THEN amount_centimes <> 0 ELSE amount_centimes > 0 END),
    CONSTRAINT credit_ledger_balance_ck CHECK (balance_centimes >= 0),
    CONSTRAINT credit_ledger_order_ck CHECK (kind NOT IN ('spend', 'refund') OR order_id IS NOT NULL)
);

-- Where a carrier puts a wilaya, by its own dates. A zone is a place of a tariff.
CREATE TABLE mjc.carrier_zone (
    carrier     text NOT NULL,
    wilaya_code text NOT NULL REFERENCES mjc.wilaya,
    validity    daterange NOT NULL,
    zone_code   text NOT NULL,
    PRIMARY KEY (carrier, wilaya_code, validity),
    CONSTRAINT carrier_zone_carrier_ck CHECK (carrier ~ '^[a-z0-9-]{2,40}$'),
    CONSTRAINT carrier_zone_zone_ck CHECK (zone_code ~ '^[a-z][a-z0-9-]{1,39}$'),
    CONSTRAINT carrier_zone_validity_ck CHECK (NOT isempty(validity)),
    CONSTRAINT carrier_zone_one_at_a_time_ex
        EXCLUDE USING gist (carrier WITH OPERATOR(pg_catalog.=), wilaya_code WITH OPERATOR(pg_catalog.=), validity WITH OPERATOR(pg_catalog.&&))
);

CREATE INDEX carrier_zone_wilaya_code_idx ON mjc.carrier_zone (wilaya_code);

-- A tariff is for a wilaya, a carrier's zone or everywhere else (*); its amount covers
-- included_weight_g (NULL: any weight), each step_weight_g begun above it costs step_centimes.
ALTER TABLE mjc.shipping_tariff RENAME COLUMN wilaya_code TO place_code;

ALTER TABLE mjc.shipping_tariff
    DROP CONSTRAINT shipping_tariff_code_ck,
    DROP CONSTRAINT shipping_tariff_one_at_a_time_ex,
    ADD COLUMN included_weight_g integer,
    ADD COLUMN step_weight_g integer,
    ADD COLUMN step_centimes bigint,
    ADD COLUMN is_draft boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT shipping_tariff_place_ck CHECK (place_code ~ '^([0-9]{2}|\*|[a-z][a-z0-9-]{1,39})$'),
    ADD CONSTRAINT shipping_tariff_weight_ck CHECK (
        (included_weight_g IS NULL AND step_weight_g IS NULL AND step_centimes IS NULL)
     OR (included_weight_g IS NOT NULL AND step_weight_g IS NOT NULL AND step_centimes IS NOT NULL
         AND included_weight_g >= 0 AND step_weight_g >= 1 AND step_centimes BETWEEN 0 AND 100000000)),
    ADD CONSTRAINT shipping_tariff_one_at_a_time_ex
        EXCLUDE USING gist (place_code WITH OPERATOR(pg_catalog.=), delivery_mode WITH OPERATOR(pg_catalog.=), validity WITH OPERATOR(pg_catalog.&&))
        WHERE (NOT is_draft);

-- The scale of a day is the rows of the newest valid_from_on up to it. The bracket of an
-- amount is the one with the highest above_centimes below it; per_step_centimes is due for
-- each step_centimes begun, of the whole amount (is_whole) or of each slice by itself.
CREATE TABLE mjc.stamp_duty_bracket (
    valid_from_on     date NOT NULL,
    above_centimes    bigint NOT NULL,
    step_centimes     bigint NOT NULL,
    per_step_centimes bigint NOT NULL,
    floor_centimes    bigint NOT NULL,
    cap_centimes      bigint,
    is_whole          boolean NOT NULL,
    PRIMARY KEY (valid_from_on, above_centimes),
    CONSTRAINT stamp_duty_bracket_ck CHECK (above_centimes >= 0 AND step_centimes > 0 AND per_step_centimes >= 0
        AND floor_centimes >= 0 AND cap_centimes >= floor_centimes AND cap_centimes > 0)
);

ALTER TABLE mjc.payment_method ADD COLUMN is_cash boolean NOT NULL DEFAULT false;

UPDATE mjc.payment_method SET is_cash = true WHERE method = 'CASH_ON_DELIVERY';

-- subtotal: lines before discounts; shipping: what is charged for it; tax: contained in lines and
-- shipping; credit: paid by gift cards and store credit, the rest of the total is due. The codes
-- and ids say where the uses and amounts go back to when the order is cancelled.
ALTER TABLE mjc.order
    ADD COLUMN customer_group text NOT NULL DEFAULT 'retail',
    ADD COLUMN shipping_tax_centimes bigint NOT NULL DEFAULT 0,
    ADD COLUMN stamp_duty_centimes bigint NOT NULL DEFAULT 0,
    ADD COLUMN rounding_centimes bigint NOT NULL DEFAULT 0,
    ADD COLUMN credit_centimes bigint NOT NULL DEFAULT 0,
    ADD COLUMN coupons text[] NOT NULL DEFAULT '{}',
    ADD COLUMN credit_ids uuid[] NOT NULL DEFAULT '{}',
    DROP CONSTRAINT order_total_ck,
    ADD CONSTRAINT order_total_ck CHECK (total_centimes = subtotal_centimes - discount_centimes + shipping_centimes
        + stamp_duty_centimes + rounding_centimes AND total_centimes >= 0),
    ADD CONSTRAINT order_duty_ck CHECK (stamp_duty_centimes >= 0 AND rounding_centimes BETWEEN -50 AND 50),
    ADD CONSTRAINT order_shipping_tax_ck CHECK (shipping_tax_centimes BETWEEN 0 AND shipping_centimes),
    ADD CONSTRAINT order_credit_ck CHECK (credit_centimes BETWEEN 0 AND total_centimes);

-- How every amount of the order came about (extension/trace.c), one row an order.
CREATE TABLE mjc.order_trace (
    order_id uuid PRIMARY KEY REFERENCES mjc.order,
    steps    jsonb NOT NULL,
    CONSTRAINT order_trace_steps_ck CHECK (jsonb_typeof(steps) = 'array')
);
