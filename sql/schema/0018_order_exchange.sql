-- 0018 cards of an order get back a part.

-- Of credit_centimes, what went back to the cards when units were cancelled or came back.
ALTER TABLE mjc.order
    ADD COLUMN credit_back_centimes bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT order_credit_back_ck CHECK (credit_back_centimes BETWEEN 0 AND credit_centimes);
