-- 0019 what refunds are for, the parcel whose goods they pay back, each value once; who made them.

-- shipment_no: the parcel, 0 for what is in none that left, NULL for nothing in particular (a gesture).
-- used_centimes: of it, what was counted when those goods came back. at_provider: the provider
-- made it, and counts it in the total that it tells.
ALTER TABLE mjc.refund
    ADD COLUMN shipment_no integer,
    ADD COLUMN used_centimes bigint NOT NULL DEFAULT 0,
    ADD COLUMN at_provider boolean NOT NULL DEFAULT false,
    DROP CONSTRAINT refund_kind_ck,
    ADD CONSTRAINT refund_kind_ck CHECK (kind IN ('excess', 'outside', 'return', 'parcel', 'end')),
    ADD CONSTRAINT refund_shipment_no_ck CHECK (shipment_no >= 0),
    ADD CONSTRAINT refund_used_ck CHECK (used_centimes BETWEEN 0 AND amount_centimes);

UPDATE mjc.refund r SET at_provider = true
  FROM mjc.payment p
 WHERE p.order_id = r.order_id AND p.payment_id = r.payment_id AND p.provider = 'stripe' AND r.state = 'done'
   AND (r.kind = 'outside' OR r.provider_ref LIKE 're\_%');

-- Given back for goods that the buyer may have all the same.
CREATE INDEX refund_unused_idx ON mjc.refund (created_at) WHERE kind = 'return' AND shipment_no IS NOT NULL AND used_centimes < amount_centimes;
