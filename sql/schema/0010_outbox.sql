-- 0010 outbox: what must be told to somebody, written with the fact it tells of.
-- The payload holds no address: the recipient is looked up when a message is taken,
-- and nothing of the payload is left once it is delivered.

CREATE TABLE mjc.outbox (
    outbox_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic          text NOT NULL,
    aggregate_kind text NOT NULL,
    aggregate_id   uuid NOT NULL,
    payload        jsonb,
    created_at     timestamptz NOT NULL,
    available_at   timestamptz NOT NULL,
    attempts       integer NOT NULL DEFAULT 0,
    lease          uuid,
    leased_until   timestamptz,
    parked_at      timestamptz,
    done_at        timestamptz,
    outcome        text,
    error          text,
    CONSTRAINT outbox_kind_ck CHECK (aggregate_kind IN ('account', 'customer', 'order')),
    CONSTRAINT outbox_topic_ck CHECK (topic ~ '^[a-z][a-z0-9_]{0,39}$'),
    CONSTRAINT outbox_payload_ck CHECK (done_at IS NULL OR payload IS NULL),
    CONSTRAINT outbox_attempts_ck CHECK (attempts >= 0),
    CONSTRAINT outbox_lease_ck CHECK ((lease IS NULL) = (leased_until IS NULL)),
    CONSTRAINT outbox_parked_ck CHECK (parked_at IS NULL OR (done_at IS NULL AND lease IS NULL)),
    CONSTRAINT outbox_outcome_ck CHECK ((done_at IS NULL) = (outcome IS NULL)),
    CONSTRAINT outbox_outcome_word_ck CHECK (outcome IN ('delivered', 'dropped', 'nobody'))
);

CREATE INDEX outbox_undone_idx ON mjc.outbox (aggregate_kind, aggregate_id, outbox_id) WHERE done_at IS NULL;

CREATE INDEX outbox_due_idx ON mjc.outbox (available_at, outbox_id) WHERE done_at IS NULL AND parked_at IS NULL;

CREATE INDEX outbox_done_at_idx ON mjc.outbox (done_at) WHERE done_at IS NOT NULL;
