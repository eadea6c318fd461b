-- 0019 what refunds are for, the parcel whose goods they pay back, each value once; who made them.
-- And what carriers tell of parcels, word by word.

-- shipment_no: the parcel, 0 for what is in none that left, NULL for nothing in particular (a gesture).
-- used_centimes: of it, what was counted when those goods came back. at_provider: the provider
-- made it, and counts it in the total that it tells.
ALTER TABLE mjc.refund
    ADD COLUMN shipment_no integer,
    ADD COLUMN used_centimes bigint NOT NULL DEFAULT 0,
    ADD COLUMN at_provider boolean NOT NULL DEFAULT false,
    DROP CONSTRAINT refund_kind_ck,
    ADD CONSTRAINT refund_kind_ck CHECK (kind IN ('excess', 'outside', 'return', 'parcel', 'end', 'exchange')),
    ADD CONSTRAINT refund_shipment_no_ck CHECK (shipment_no >= 0),
    ADD CONSTRAINT refund_used_ck CHECK (used_centimes BETWEEN 0 AND amount_centimes);

UPDATE mjc.refund r SET at_provider = true
  FROM mjc.payment p
 WHERE p.order_id = r.order_id AND p.payment_id = r.payment_id AND p.provider = 'stripe' AND r.state = 'done'
   AND (r.kind = 'outside' OR r.provider_ref LIKE 're\_%');

-- Given back for goods that the buyer may have all the same.
CREATE INDEX refund_unused_idx ON mjc.refund (created_at) WHERE kind = 'return' AND shipment_no IS NOT NULL AND used_centimes < amount_centimes;

-- What the words of a carrier mean. word: lower case, without accents. step: what our parcel does then.
CREATE TABLE mjc.carrier_status (
    carrier text NOT NULL,
    word    text NOT NULL,
    status  text NOT NULL,
    step    text,
    PRIMARY KEY (carrier, word),
    CONSTRAINT carrier_status_word_ck CHECK (length(word) BETWEEN 1 AND 100),
    CONSTRAINT carrier_status_status_ck CHECK (status IN ('preparing', 'collected', 'in_transit', 'at_hub', 'out_for_delivery', 'waiting_customer', 'at_stop_desk',
                                                          'attempt_failed', 'on_hold', 'delivered', 'failed', 'returning', 'returned')),
    CONSTRAINT carrier_status_step_ck CHECK (step IN ('deliver', 'refuse', 'back'))
);

-- What a carrier told of a parcel, each report once: label as it came, word as mjc.carrier_status has it.
CREATE TABLE mjc.shipment_report (
    order_id    uuid NOT NULL REFERENCES mjc.order,
    shipment_no integer NOT NULL,
    event_id    text NOT NULL,
    carrier     text NOT NULL,
    label       text NOT NULL,
    word        text NOT NULL,
    reason      text,
    at          timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (order_id, shipment_no, event_id),
    CONSTRAINT shipment_report_label_ck CHECK (length(label) BETWEEN 1 AND 100)
);

CREATE INDEX shipment_under_way_idx ON mjc.shipment (order_id, shipment_no) WHERE state IN ('shipped', 'refused');
