-- 0014 parcels: what is in each, and what becomes of it: packed, shipped, delivered, or refused at
-- the door and returned. Cash that carriers collect is owed by them until they remit it.

ALTER TABLE mjc.shipment
    ALTER COLUMN shipped_at DROP NOT NULL,
    ADD COLUMN state text NOT NULL DEFAULT 'shipped',
    ADD COLUMN packed_at timestamptz,
    ADD COLUMN refused_at timestamptz,
    ADD COLUMN refusal text,
    ADD COLUMN returned_at timestamptz,
    ADD COLUMN cod_centimes bigint NOT NULL DEFAULT 0,
    ADD COLUMN remitted_centimes bigint,
    ADD COLUMN remitted_at timestamptz;

UPDATE mjc.shipment s
   SET state = CASE WHEN o.order_state = 'cancelled' OR o.payment_state = 'refunded' THEN 'returned'
                    WHEN s.delivered_at IS NOT NULL THEN 'delivered' ELSE 'shipped' END,
       returned_at = CASE WHEN o.order_state = 'cancelled' OR o.payment_state = 'refunded' THEN o.updated_at END,
       cod_centimes = CASE WHEN o.payment_method = 'CASH_ON_DELIVERY' THEN o.total_centimes - o.credit_centimes ELSE 0 END
  FROM mjc.order o WHERE o.order_id = s.order_id;

ALTER TABLE mjc.shipment
    ADD CONSTRAINT shipment_state_ck CHECK (state IN ('packed', 'unpacked', 'shipped', 'delivered', 'refused', 'returned')),
    ADD CONSTRAINT shipment_shipped_at_ck CHECK ((state IN ('packed', 'unpacked')) = (shipped_at IS NULL)),
    ADD CONSTRAINT shipment_returned_at_ck CHECK ((state = 'returned') = (returned_at IS NOT NULL)),
    ADD CONSTRAINT shipment_refused_at_ck CHECK (state <> 'refused' OR refused_at IS NOT NULL),
    ADD CONSTRAINT shipment_no_ck CHECK (shipment_no >= 1),
    ADD CONSTRAINT shipment_cod_ck CHECK (cod_centimes >= 0),
    ADD CONSTRAINT shipment_remitted_ck CHECK ((remitted_centimes IS NULL) = (remitted_at IS NULL));

CREATE INDEX shipment_receivable_idx ON mjc.shipment (delivered_at) WHERE state = 'delivered' AND cod_centimes > 0 AND remitted_at IS NULL;

CREATE INDEX shipment_remitted_wrong_idx ON mjc.shipment (remitted_at) WHERE remitted_centimes <> cod_centimes;

CREATE INDEX shipment_refused_idx ON mjc.shipment (refused_at) WHERE refused_at IS NOT NULL;

CREATE TABLE mjc.shipment_line (
    order_id    uuid NOT NULL,
    shipment_no integer NOT NULL,
    line_no     integer NOT NULL,
    qty         integer NOT NULL,
    PRIMARY KEY (order_id, shipment_no, line_no),
    CONSTRAINT shipment_line_shipment_fk FOREIGN KEY (order_id, shipment_no) REFERENCES mjc.shipment (order_id, shipment_no),
    CONSTRAINT shipment_line_line_fk FOREIGN KEY (order_id, line_no) REFERENCES mjc.order_line (order_id, line_no),
    CONSTRAINT shipment_line_qty_ck CHECK (qty >= 1)
);

CREATE INDEX shipment_line_line_idx ON mjc.shipment_line (order_id, line_no);

INSERT INTO mjc.shipment_line (order_id, shipment_no, line_no, qty)
SELECT s.order_id, s.shipment_no, l.line_no, l.qty FROM mjc.shipment s JOIN mjc.order_line l ON l.order_id = s.order_id;

-- Value of what came back of an order under way: it is asked no more.
ALTER TABLE mjc.order
    ADD COLUMN taken_off_centimes bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT order_taken_off_ck CHECK (taken_off_centimes >= 0);

-- Which order a parcel belongs to, by the number that its carrier gave it.
CREATE TABLE mjc.tracking (
    tracking_number text NOT NULL,
    order_id        uuid NOT NULL,
    shipment_no     integer NOT NULL,
    PRIMARY KEY (tracking_number, order_id, shipment_no)
);

CREATE INDEX tracking_order_id_idx ON mjc.tracking (order_id);

INSERT INTO mjc.tracking (tracking_number, order_id, shipment_no)
SELECT s.tracking_number, s.order_id, s.shipment_no FROM mjc.shipment s WHERE s.tracking_number IS NOT NULL;

-- What a carrier paid over, and for which parcels.
CREATE TABLE mjc.remittance (
    remittance_id   uuid PRIMARY KEY,
    carrier         text NOT NULL,
    reference       text NOT NULL,
    received_on     date NOT NULL,
    amount_centimes bigint NOT NULL,
    actor           uuid,
    created_at      timestamptz NOT NULL,
    CONSTRAINT remittance_amount_ck CHECK (amount_centimes >= 0)
);

-- A carrier's reference counts once.
CREATE TABLE mjc.remittance_reference (
    reference     text NOT NULL,
    carrier       text NOT NULL,
    remittance_id uuid NOT NULL,
    PRIMARY KEY (reference, carrier)
);

CREATE TABLE mjc.remittance_line (
    remittance_id   uuid NOT NULL REFERENCES mjc.remittance,
    line_no         integer NOT NULL,
    order_id        uuid NOT NULL,
    shipment_no     integer NOT NULL,
    amount_centimes bigint NOT NULL,
    PRIMARY KEY (remittance_id, line_no),
    CONSTRAINT remittance_line_amount_ck CHECK (amount_centimes >= 0)
);

CREATE INDEX remittance_line_order_id_idx ON mjc.remittance_line (order_id, shipment_no);

ALTER TABLE mjc.order_event DROP CONSTRAINT order_event_kind_ck;

ALTER TABLE mjc.order_event
    ADD CONSTRAINT order_event_kind_ck CHECK (kind IN ('placed', 'status', 'note', 'expired', 'payment', 'refund', 'edit', 'shipment'));
