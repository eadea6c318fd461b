-- 0007 cart: guests' and customers' carts. owner_id is the customer's id, or the
-- first 16 bytes of the SHA-256 of the guest's token: a cart is found by its key
-- alone, and the table does not hold the token.

CREATE TABLE mjc.cart (
    owner_id   uuid PRIMARY KEY,
    kind       text NOT NULL,
    coupons    text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT cart_kind_ck CHECK (kind IN ('guest', 'customer')),
    CONSTRAINT cart_coupons_ck CHECK (cardinality(coupons) <= 10)
);

CREATE INDEX cart_expires_at_idx ON mjc.cart (expires_at);

CREATE INDEX cart_updated_at_idx ON mjc.cart (updated_at);

-- seen_unit_centimes: the unit price that the buyer saw last, to tell him when it changed.
CREATE TABLE mjc.cart_line (
    owner_id           uuid NOT NULL REFERENCES mjc.cart ON DELETE CASCADE,
    product_id         uuid NOT NULL,
    qty                integer NOT NULL,
    seen_unit_centimes bigint NOT NULL,
    added_at           timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    PRIMARY KEY (owner_id, product_id),
    CONSTRAINT cart_line_qty_ck CHECK (qty BETWEEN 1 AND 999),
    CONSTRAINT cart_line_price_ck CHECK (seen_unit_centimes >= 0)
);
