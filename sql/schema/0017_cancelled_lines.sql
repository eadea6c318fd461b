-- 0017 what is cancelled of an order of which a part has left, and the credit notes for lines.

ALTER TABLE mjc.order_line
    ADD COLUMN cancelled_qty integer NOT NULL DEFAULT 0,
    ADD CONSTRAINT order_line_cancelled_qty_ck CHECK (cancelled_qty BETWEEN 0 AND qty);

-- Lines that an invoice is to be taken back for. A row goes when its credit note is issued.
CREATE TABLE mjc.credit_due (
    order_id   uuid NOT NULL,
    due_id     uuid NOT NULL,
    line_nos   integer[] NOT NULL,
    quantities integer[] NOT NULL,
    due_at     timestamptz NOT NULL,
    PRIMARY KEY (order_id, due_id),
    CONSTRAINT credit_due_lines_ck CHECK (cardinality(line_nos) > 0 AND cardinality(line_nos) = cardinality(quantities))
);

CREATE INDEX credit_due_at_idx ON mjc.credit_due (due_at, order_id);
