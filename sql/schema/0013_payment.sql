-- 0013 payments: several of an order, refunds, checkouts at providers, and what providers tell.
-- What is asked and what came in stand apart: amount_centimes is asked, received_centimes came,
-- refunded_centimes of it went back or is owed to the buyer (mjc.refund).

ALTER TABLE mjc.payment_method ADD COLUMN provider text NOT NULL DEFAULT 'cod';

ALTER TABLE mjc.payment_method
    ADD CONSTRAINT payment_method_provider_ck CHECK (provider IN ('cod', 'bank', 'stripe', 'chargily'));

ALTER TABLE mjc.payment
    ADD COLUMN received_centimes bigint NOT NULL DEFAULT 0,
    ADD COLUMN refunded_centimes bigint NOT NULL DEFAULT 0,
    ADD COLUMN note text;

UPDATE mjc.payment
   SET received_centimes = amount_centimes,
       refunded_centimes = CASE WHEN state = 'refunded' THEN amount_centimes ELSE 0 END
 WHERE state IN ('paid', 'refunded');

ALTER TABLE mjc.payment DROP CONSTRAINT payment_state_ck, DROP CONSTRAINT payment_paid_at_ck;

ALTER TABLE mjc.payment
    ADD CONSTRAINT payment_state_ck CHECK (state IN ('pending', 'paid', 'void', 'refunded', 'mismatch')),
    ADD CONSTRAINT payment_paid_at_ck CHECK ((state IN ('paid', 'refunded')) = (paid_at IS NOT NULL)),
    ADD CONSTRAINT payment_refunded_ck CHECK (refunded_centimes BETWEEN 0 AND received_centimes),
    ADD CONSTRAINT payment_received_ck CHECK (received_centimes = 0 OR state IN ('paid', 'refunded', 'mismatch'));

-- One is asked at a time.
CREATE UNIQUE INDEX payment_open_uq ON mjc.payment (order_id) WHERE state = 'pending';

ALTER TABLE mjc.order DROP CONSTRAINT order_payment_state_ck;

ALTER TABLE mjc.order
    ADD CONSTRAINT order_payment_state_ck CHECK (payment_state IN ('pending', 'part_paid', 'paid', 'void', 'refunded', 'paid_short'));

CREATE INDEX payment_mismatch_idx ON mjc.payment (updated_at) WHERE state = 'mismatch';

-- What the buyer is owed. kind: excess (paid more than was due), outside (the provider says that
-- money went back), return (staff decided), end (the order ended).
CREATE TABLE mjc.refund (
    order_id        uuid NOT NULL REFERENCES mjc.order,
    refund_id       uuid NOT NULL,
    payment_id      uuid NOT NULL,
    amount_centimes bigint NOT NULL,
    kind            text NOT NULL,
    state           text NOT NULL,
    reason          text,
    provider_ref    text,
    actor           uuid,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    done_at         timestamptz,
    PRIMARY KEY (order_id, refund_id),
    CONSTRAINT refund_payment_fk FOREIGN KEY (order_id, payment_id) REFERENCES mjc.payment (order_id, payment_id),
    CONSTRAINT refund_amount_ck CHECK (amount_centimes > 0),
    CONSTRAINT refund_kind_ck CHECK (kind IN ('excess', 'outside', 'return', 'end')),
    CONSTRAINT refund_state_ck CHECK (state IN ('due', 'refused', 'done')),
    CONSTRAINT refund_done_ck CHECK ((state = 'done') = (done_at IS NOT NULL))
);

INSERT INTO mjc.refund (order_id, refund_id, payment_id, amount_centimes, kind, state, created_at, updated_at, done_at)
SELECT p.order_id, gen_random_uuid(), p.payment_id, p.refunded_centimes, 'end', 'done', p.refunded_at, p.refunded_at, p.refunded_at
  FROM mjc.payment p WHERE p.refunded_centimes > 0;

CREATE INDEX refund_payment_id_idx ON mjc.refund (order_id, payment_id);

CREATE INDEX refund_open_idx ON mjc.refund (created_at) WHERE state <> 'done';

-- One attempt to pay at a provider. new: the provider was not asked yet, or did not answer.
CREATE TABLE mjc.checkout (
    order_id        uuid NOT NULL REFERENCES mjc.order,
    checkout_id     uuid NOT NULL,
    method          text NOT NULL,
    provider        text NOT NULL,
    provider_ref    text,
    payment_ref     text,
    url             text,
    amount_centimes bigint NOT NULL,
    state           text NOT NULL,
    failure         text,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    PRIMARY KEY (order_id, checkout_id),
    CONSTRAINT checkout_provider_ck CHECK (provider IN ('stripe', 'chargily')),
    CONSTRAINT checkout_amount_ck CHECK (amount_centimes > 0),
    CONSTRAINT checkout_state_ck CHECK (state IN ('new', 'open', 'paid', 'failed', 'expired', 'mismatch')),
    CONSTRAINT checkout_open_ck CHECK (state <> 'open' OR (provider_ref IS NOT NULL AND url IS NOT NULL))
);

-- What a name at a provider stands for: a checkout, a payment.
CREATE TABLE mjc.provider_ref (
    ref         text NOT NULL,
    provider    text NOT NULL,
    order_id    uuid NOT NULL,
    checkout_id uuid,
    PRIMARY KEY (ref, provider)
);

CREATE INDEX provider_ref_order_id_idx ON mjc.provider_ref (order_id);

-- What providers and carriers told, stored before anything is made of it; each once.
CREATE TABLE mjc.provider_event (
    event_id    text NOT NULL,
    provider    text NOT NULL,
    type        text NOT NULL,
    payload     jsonb,
    received_at timestamptz NOT NULL,
    state       text NOT NULL DEFAULT 'new',
    attempts    integer NOT NULL DEFAULT 0,
    next_at     timestamptz NOT NULL,
    order_id    uuid,
    outcome     text,
    error       text,
    done_at     timestamptz,
    PRIMARY KEY (event_id, provider),
    CONSTRAINT provider_event_provider_ck CHECK (provider IN ('stripe', 'chargily', 'yalidine')),
    CONSTRAINT provider_event_id_ck CHECK (length(event_id) BETWEEN 1 AND 255),
    CONSTRAINT provider_event_type_ck CHECK (length(type) BETWEEN 1 AND 255),
    CONSTRAINT provider_event_state_ck CHECK (state IN ('new', 'applied', 'ignored', 'parked')),
    CONSTRAINT provider_event_done_ck CHECK ((state = 'new') = (done_at IS NULL))
);

CREATE INDEX provider_event_due_idx ON mjc.provider_event (next_at) WHERE state = 'new';

CREATE INDEX provider_event_received_at_idx ON mjc.provider_event (received_at DESC);

CREATE INDEX provider_event_order_id_idx ON mjc.provider_event (order_id) WHERE order_id IS NOT NULL;

CREATE INDEX provider_event_parked_idx ON mjc.provider_event (received_at) WHERE state = 'parked';

CREATE INDEX provider_event_payload_idx ON mjc.provider_event (done_at) WHERE payload IS NOT NULL AND done_at IS NOT NULL;

-- What is to be asked of a provider by whoever can call it: refunds, the state of a checkout.
CREATE TABLE mjc.provider_task (
    task_id    uuid PRIMARY KEY,
    kind       text NOT NULL,
    provider   text NOT NULL,
    order_id   uuid NOT NULL,
    request    jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    next_at    timestamptz NOT NULL,
    attempts   integer NOT NULL DEFAULT 0,
    error      text,
    parked_at  timestamptz,
    CONSTRAINT provider_task_kind_ck CHECK (kind IN ('refund', 'checkout_read')),
    CONSTRAINT provider_task_provider_ck CHECK (provider IN ('stripe', 'chargily'))
);

CREATE INDEX provider_task_due_idx ON mjc.provider_task (next_at) WHERE parked_at IS NULL;

CREATE INDEX provider_task_parked_idx ON mjc.provider_task (parked_at) WHERE parked_at IS NOT NULL;

CREATE INDEX provider_task_order_id_idx ON mjc.provider_task (order_id);

ALTER TABLE mjc.order_event DROP CONSTRAINT order_event_kind_ck;

ALTER TABLE mjc.order_event
    ADD CONSTRAINT order_event_kind_ck CHECK (kind IN ('placed', 'status', 'note', 'expired', 'payment', 'refund', 'edit'));

-- A coupon of an order that goes on after it had ended is used again: once in each round.
ALTER TABLE mjc.coupon_ledger
    ADD COLUMN round integer NOT NULL DEFAULT 1,
    DROP CONSTRAINT coupon_ledger_once_uq,
    ADD CONSTRAINT coupon_ledger_once_uq UNIQUE (code, order_id, round, change);
