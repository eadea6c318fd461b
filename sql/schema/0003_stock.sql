-- 0003 stock: the append-only ledger is the stock (design 5). The newest row of
-- a product at a location holds its running balances; nothing is ever updated.

CREATE TABLE mjc.location (
    location_id smallint PRIMARY KEY,
    code        text NOT NULL UNIQUE,
    name        text NOT NULL,
    priority    integer NOT NULL DEFAULT 0,
    is_active   boolean NOT NULL DEFAULT true
);

CREATE TABLE mjc.stock_anchor (
    product_id uuid PRIMARY KEY,
    safety_qty integer NOT NULL DEFAULT 0,
    CONSTRAINT stock_anchor_safety_ck CHECK (safety_qty >= 0)
);

CREATE TABLE mjc.stock_ledger (
    product_id         uuid NOT NULL,
    location_id        smallint NOT NULL,
    seq                bigint NOT NULL,
    kind               text NOT NULL,
    qty                integer NOT NULL,
    on_hand            bigint NOT NULL,
    reserved           bigint NOT NULL,
    damaged            bigint NOT NULL,
    value_centimes     bigint NOT NULL,
    unit_cost_centimes bigint NOT NULL,
    ref_kind           text NOT NULL,
    ref_id             text NOT NULL,
    op_id              text NOT NULL,
    actor              uuid,
    reason             text,
    at                 timestamptz NOT NULL,
    PRIMARY KEY (product_id, location_id, seq),
    CONSTRAINT stock_ledger_op_uq UNIQUE (product_id, location_id, op_id),
    CONSTRAINT stock_ledger_seq_ck CHECK (seq >= 1),
    CONSTRAINT stock_ledger_kind_ck CHECK (kind IN
        ('receive', 'adjust', 'damage', 'reserve', 'release', 'ship', 'return', 'return_damaged',
         'count', 'transfer_in', 'transfer_out')),
    CONSTRAINT stock_ledger_balance_ck CHECK (on_hand >= 0 AND reserved >= 0 AND damaged >= 0),
    CONSTRAINT stock_ledger_value_ck CHECK (value_centimes >= 0 AND unit_cost_centimes >= 0)
);

CREATE INDEX stock_ledger_at_brin ON mjc.stock_ledger USING brin (at);

CREATE TABLE mjc.stock_flag (
    product_id uuid PRIMARY KEY,
    in_stock   boolean NOT NULL,
    changed_at timestamptz NOT NULL
);

CREATE INDEX stock_flag_in_stock_idx ON mjc.stock_flag (product_id) WHERE in_stock;
