-- 0018 cards of an order get back a part; units are exchanged for others.

-- Of credit_centimes, what went back to the cards when units were cancelled or came back.
ALTER TABLE mjc.order
    ADD COLUMN credit_back_centimes bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT order_credit_back_ck CHECK (credit_back_centimes BETWEEN 0 AND credit_centimes);

-- Units of one order go out again as another one: both name each other. What came in for the first
-- and pays the second went nowhere: a refund of a kind of its own.
ALTER TABLE mjc.order
    ADD COLUMN exchange_of uuid,
    ADD COLUMN exchanged_by uuid[] NOT NULL DEFAULT '{}';

ALTER TABLE mjc.refund DROP CONSTRAINT refund_kind_ck;

ALTER TABLE mjc.refund
    ADD CONSTRAINT refund_kind_ck CHECK (kind IN ('excess', 'outside', 'return', 'end', 'exchange'));
