-- 0004 customers and orders. Personal data lives in tables of its own
-- (customer_person, address, order_contact); everything else is plain to staff.

CREATE TABLE mjc.customer (
    customer_id   uuid PRIMARY KEY,
    kind          text NOT NULL,
    customer_type text NOT NULL DEFAULT 'B2C',
    profession    text,
    account_id    uuid,
    created_at    timestamptz NOT NULL,
    CONSTRAINT customer_kind_ck CHECK (kind IN ('guest', 'registered')),
    CONSTRAINT customer_type_ck CHECK (customer_type IN ('B2C', 'B2B')),
    CONSTRAINT customer_profession_ck CHECK (profession IN ('technicien', 'particulier', 'autre')),
    CONSTRAINT customer_guest_ck CHECK ((kind = 'guest') = (account_id IS NULL))
);

CREATE TABLE mjc.customer_person (
    customer_id uuid PRIMARY KEY REFERENCES mjc.customer,
    first_name  text NOT NULL,
    last_name   text NOT NULL,
    phone       text,
    email       text
);

CREATE TABLE mjc.customer_phone (
    phone       text PRIMARY KEY,
    customer_id uuid NOT NULL,
    CONSTRAINT customer_phone_canonical_ck CHECK (phone ~ '^\+213[567][0-9]{8}$')
);

CREATE TABLE mjc.address (
    customer_id uuid NOT NULL REFERENCES mjc.customer,
    address_id  uuid NOT NULL,
    kind        text NOT NULL,
    label       text,
    street      text NOT NULL,
    city        text NOT NULL,
    postal_code text,
    region      text,
    country     text NOT NULL DEFAULT 'Algeria',
    is_default  boolean NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (customer_id, address_id),
    CONSTRAINT address_kind_ck CHECK (kind IN ('BILLING', 'SHIPPING'))
);

CREATE TABLE mjc.customer_order (
    customer_id uuid NOT NULL,
    order_id    uuid NOT NULL,
    placed_at   timestamptz NOT NULL,
    is_open     boolean NOT NULL DEFAULT true,
    PRIMARY KEY (customer_id, order_id)
);

CREATE INDEX customer_order_open_idx ON mjc.customer_order (customer_id) WHERE is_open;

CREATE INDEX customer_order_placed_at_idx ON mjc.customer_order (customer_id, placed_at DESC);

CREATE TABLE mjc.order_year (
    year       integer PRIMARY KEY,
    mode       text NOT NULL,
    key        bytea NOT NULL,
    next_block integer NOT NULL,
    CONSTRAINT order_year_mode_ck CHECK (mode IN ('plain', 'scrambled')),
    CONSTRAINT order_year_key_ck CHECK (length(key) = 32),
    CONSTRAINT order_year_next_block_ck CHECK (next_block BETWEEN 0 AND 100000)
);

CREATE TABLE mjc.order_block (
    node_id     integer NOT NULL,
    year        integer NOT NULL REFERENCES mjc.order_year,
    local_block bigint NOT NULL,
    block       integer NOT NULL,
    PRIMARY KEY (node_id, year, local_block),
    CONSTRAINT order_block_uq UNIQUE (year, block)
);

CREATE SEQUENCE mjc.order_number_seq AS bigint MINVALUE 1 START 1 CACHE 1 NO CYCLE;

CREATE TABLE mjc.order (
    order_id            uuid PRIMARY KEY,
    reference           text NOT NULL,
    customer_id         uuid NOT NULL,
    channel             text NOT NULL,
    order_state         text NOT NULL,
    payment_state       text NOT NULL,
    fulfilment_state    text NOT NULL,
    status              text NOT NULL GENERATED ALWAYS AS (
        CASE WHEN order_state = 'cancelled' THEN 'CANCELLED'
             WHEN payment_state = 'refunded' THEN 'REFUNDED'
             WHEN fulfilment_state = 'delivered' THEN 'DELIVERED'
             WHEN fulfilment_state = 'shipped' THEN 'SHIPPED'
             WHEN fulfilment_state = 'preparing' THEN 'PROCESSING'
             WHEN order_state = 'confirmed' THEN 'CONFIRMED'
             ELSE 'PENDING' END) STORED,
    currency            text NOT NULL DEFAULT 'DZD',
    subtotal_centimes   bigint NOT NULL,
    shipping_centimes   bigint NOT NULL,
    discount_centimes   bigint NOT NULL DEFAULT 0,
    tax_centimes        bigint NOT NULL,
    total_centimes      bigint NOT NULL,
    payment_method      text NOT NULL,
    delivery_mode       text NOT NULL DEFAULT 'home',
    wilaya_code         text,
    tracking_number     text,
    carrier             text,
    notes               text,
    estimated_on        date NOT NULL,
    placed_at           timestamptz NOT NULL,
    updated_at          timestamptz NOT NULL,
    confirm_by_at          timestamptz,
    shipped_at          timestamptz,
    delivered_at        timestamptz,
    cancelled_at        timestamptz,
    CONSTRAINT order_channel_ck CHECK (channel IN ('web', 'staff', 'import')),
    CONSTRAINT order_state_ck CHECK (order_state IN ('placed', 'confirmed', 'cancelled')),
    CONSTRAINT order_payment_state_ck CHECK (payment_state IN ('pending', 'paid', 'void', 'refunded')),
    CONSTRAINT order_fulfilment_state_ck CHECK (fulfilment_state IN ('unfulfilled', 'preparing', 'shipped', 'delivered', 'returned')),
    CONSTRAINT order_currency_ck CHECK (currency = 'DZD'),
    CONSTRAINT order_amounts_ck CHECK (subtotal_centimes >= 0 AND shipping_centimes >= 0 AND discount_centimes >= 0 AND tax_centimes >= 0),
    CONSTRAINT order_total_ck CHECK (total_centimes = subtotal_centimes + shipping_centimes - discount_centimes AND total_centimes >= 0),
    CONSTRAINT order_delivery_mode_ck CHECK (delivery_mode IN ('home', 'stop_desk'))
);

CREATE INDEX order_placed_at_idx ON mjc.order (placed_at DESC, order_id);

CREATE INDEX order_status_idx ON mjc.order (status, placed_at DESC, order_id);

CREATE INDEX order_customer_id_idx ON mjc.order (customer_id, placed_at DESC);

CREATE INDEX order_updated_at_idx ON mjc.order (updated_at);

CREATE INDEX order_confirm_by_idx ON mjc.order (confirm_by_at) WHERE order_state = 'placed' AND fulfilment_state = 'unfulfilled';

CREATE TABLE mjc.order_reference (
    reference text PRIMARY KEY,
    order_id  uuid NOT NULL
);

CREATE TABLE mjc.order_contact (
    order_id    uuid PRIMARY KEY REFERENCES mjc.order,
    first_name  text NOT NULL,
    last_name   text NOT NULL,
    phone       text NOT NULL,
    email       text,
    street      text NOT NULL,
    city        text NOT NULL,
    postal_code text,
    region      text,
    country     text NOT NULL,
    note        text,
    salt        bytea NOT NULL,
    CONSTRAINT order_contact_phone_ck CHECK (phone ~ '^\+213[567][0-9]{8}$')
);

CREATE TABLE mjc.order_line (
    order_id            uuid NOT NULL REFERENCES mjc.order,
    line_no             integer NOT NULL,
    product_id          uuid NOT NULL,
    sku                 text NOT NULL,
    product_name        text NOT NULL,
    manufacturer_ref    text,
    qty                 integer NOT NULL,
    list_price_centimes bigint NOT NULL,
    unit_price_centimes bigint NOT NULL,
    discount_centimes   bigint NOT NULL DEFAULT 0,
    total_centimes      bigint NOT NULL,
    tax_bp              integer NOT NULL,
    tax_centimes        bigint NOT NULL,
    PRIMARY KEY (order_id, line_no),
    CONSTRAINT order_line_no_ck CHECK (line_no >= 1),
    CONSTRAINT order_line_qty_ck CHECK (qty >= 1),
    CONSTRAINT order_line_price_ck CHECK (unit_price_centimes >= 0 AND list_price_centimes >= unit_price_centimes AND discount_centimes >= 0),
    CONSTRAINT order_line_total_ck CHECK (total_centimes = unit_price_centimes * qty - discount_centimes AND total_centimes >= 0),
    CONSTRAINT order_line_tax_ck CHECK (tax_centimes BETWEEN 0 AND total_centimes)
);

CREATE INDEX order_line_product_id_idx ON mjc.order_line (product_id);

CREATE TABLE mjc.reservation (
    order_id    uuid NOT NULL REFERENCES mjc.order,
    line_no     integer NOT NULL,
    location_id smallint NOT NULL,
    product_id  uuid NOT NULL,
    qty         integer NOT NULL,
    state       text NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    PRIMARY KEY (order_id, line_no, location_id),
    CONSTRAINT reservation_qty_ck CHECK (qty >= 1),
    CONSTRAINT reservation_state_ck CHECK (state IN ('held', 'released', 'shipped', 'returned'))
);

CREATE INDEX reservation_held_idx ON mjc.reservation (product_id, location_id) WHERE state = 'held';

CREATE INDEX reservation_updated_at_idx ON mjc.reservation (updated_at);

CREATE TABLE mjc.payment (
    order_id        uuid NOT NULL REFERENCES mjc.order,
    payment_id      uuid NOT NULL,
    method          text NOT NULL,
    provider        text NOT NULL,
    provider_ref    text,
    amount_centimes bigint NOT NULL,
    currency        text NOT NULL DEFAULT 'DZD',
    state           text NOT NULL,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    paid_at         timestamptz,
    refunded_at     timestamptz,
    PRIMARY KEY (order_id, payment_id),
    CONSTRAINT payment_amount_ck CHECK (amount_centimes >= 0),
    CONSTRAINT payment_currency_ck CHECK (currency = 'DZD'),
    CONSTRAINT payment_state_ck CHECK (state IN ('pending', 'paid', 'void', 'refunded')),
    CONSTRAINT payment_paid_at_ck CHECK ((state IN ('paid', 'refunded')) = (paid_at IS NOT NULL))
);

CREATE TABLE mjc.shipment (
    order_id        uuid NOT NULL REFERENCES mjc.order,
    shipment_no     integer NOT NULL,
    carrier         text,
    tracking_number text,
    shipped_at      timestamptz NOT NULL,
    delivered_at    timestamptz,
    PRIMARY KEY (order_id, shipment_no)
);

CREATE TABLE mjc.order_event (
    order_id   uuid NOT NULL REFERENCES mjc.order,
    seq        integer NOT NULL,
    at         timestamptz NOT NULL,
    kind       text NOT NULL,
    from_status text,
    to_status  text NOT NULL,
    actor      uuid,
    channel    text NOT NULL,
    note       text,
    PRIMARY KEY (order_id, seq),
    CONSTRAINT order_event_seq_ck CHECK (seq >= 1),
    CONSTRAINT order_event_kind_ck CHECK (kind IN ('placed', 'status', 'note', 'expired')),
    CONSTRAINT order_event_channel_ck CHECK (channel IN ('rest', 'psql', 'job'))
);
