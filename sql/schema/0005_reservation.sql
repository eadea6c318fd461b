-- 0005 reservations with an expiry, beside the ledger of their product: what may
-- be promised is read from one product's rows alone. A row changes only under the
-- lock of its product's anchor. No reference to the product or the order: a hot
-- parent row would collect multixacts; mjc.check_invariants() compares instead.

ALTER TABLE mjc.stock_anchor
    ADD COLUMN backorder_qty integer NOT NULL DEFAULT 0,
    ADD COLUMN restock_days integer,
    ADD CONSTRAINT stock_anchor_backorder_ck CHECK (backorder_qty >= 0 AND restock_days >= 0);

ALTER TABLE mjc.stock_flag ADD COLUMN next_expiry_at timestamptz;

ALTER TABLE mjc.stock_ledger DROP CONSTRAINT stock_ledger_kind_ck;

ALTER TABLE mjc.stock_ledger
    ALTER COLUMN op_id TYPE text COLLATE "C",
    ADD CONSTRAINT stock_ledger_kind_ck CHECK (kind IN
        ('receive', 'adjust', 'damage', 'reserve', 'release', 'ship', 'return', 'return_damaged',
         'count', 'transfer_in', 'transfer_out', 'scrap'));

-- What changed of late is looked for every minute, mostly in the newest pages.
ALTER INDEX mjc.stock_ledger_at_brin SET (autosummarize = on);

ALTER TABLE mjc.reservation RENAME TO reservation_before;

ALTER INDEX mjc.reservation_pkey RENAME TO reservation_before_pkey;

ALTER INDEX mjc.reservation_held_idx RENAME TO reservation_before_held_idx;

CREATE TABLE mjc.reservation (
    product_id     uuid NOT NULL,
    reservation_id uuid NOT NULL,
    line_no        integer NOT NULL,
    location_id    smallint NOT NULL,
    kind           text NOT NULL,
    qty            integer NOT NULL,
    held_qty       integer NOT NULL,
    shipped_qty    integer NOT NULL DEFAULT 0,
    returned_qty   integer NOT NULL DEFAULT 0,
    backorder_qty  integer NOT NULL DEFAULT 0,
    promised_on    date,
    expires_at     timestamptz,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    PRIMARY KEY (product_id, reservation_id, line_no, location_id),
    CONSTRAINT reservation_kind_ck CHECK (kind IN ('order', 'hold')),
    CONSTRAINT reservation_qty_ck CHECK (qty >= 1 AND held_qty >= 0 AND shipped_qty >= 0
        AND held_qty + shipped_qty <= qty AND returned_qty >= 0 AND returned_qty <= shipped_qty),
    CONSTRAINT reservation_backorder_ck CHECK (backorder_qty >= 0 AND backorder_qty <= qty
        AND (backorder_qty = 0 OR promised_on IS NOT NULL)),
    CONSTRAINT reservation_hold_ck CHECK (kind = 'order' OR expires_at IS NOT NULL)
);

INSERT INTO mjc.reservation (product_id, reservation_id, line_no, location_id, kind, qty, held_qty, shipped_qty,
                             returned_qty, expires_at, created_at, updated_at)
SELECT r.product_id, r.order_id, r.line_no, r.location_id, 'order', r.qty,
       CASE WHEN r.state = 'held' THEN r.qty ELSE 0 END,
       CASE WHEN r.state IN ('shipped', 'returned') THEN r.qty ELSE 0 END,
       CASE WHEN r.state = 'returned' THEN r.qty ELSE 0 END,
       CASE WHEN o.order_state = 'placed' AND o.fulfilment_state = 'unfulfilled' THEN o.confirm_by_at END,
       r.created_at, r.updated_at
  FROM mjc.reservation_before r
  JOIN mjc.order o ON o.order_id = r.order_id;

DROP TABLE mjc.reservation_before;

-- What is held of a product; the expired come first.
CREATE INDEX reservation_held_idx ON mjc.reservation (product_id, expires_at) WHERE held_qty > 0;

CREATE INDEX reservation_hold_idx ON mjc.reservation (reservation_id) WHERE kind = 'hold';

CREATE TABLE mjc.stock_incoming (
    product_id uuid NOT NULL,
    due_on     date NOT NULL,
    qty        integer NOT NULL,
    note       text,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (product_id, due_on),
    CONSTRAINT stock_incoming_qty_ck CHECK (qty >= 1)
);

-- A repeated request may be about something else than an order.
ALTER TABLE mjc.idempotency_key RENAME COLUMN order_id TO subject_id;

ALTER TABLE mjc.idempotency_key ADD COLUMN subject_kind text NOT NULL DEFAULT 'order';
