-- 0016 webhook: other systems that are told what happens to orders, and what they are told.
-- A delivery is one message for one endpoint, written with the fact. Its payload holds
-- numbers and states only; what signs it lies apart, for nobody but the shim.

CREATE TABLE mjc.webhook_endpoint (
    endpoint_id    uuid PRIMARY KEY,
    url            text NOT NULL,
    topics         text[] NOT NULL,
    created_at     timestamptz NOT NULL,
    removed_at     timestamptz,
    paused_at      timestamptz,
    pause_reason   text,
    probe_at       timestamptz,
    failures       integer NOT NULL DEFAULT 0,
    failing_since  timestamptz,
    last_ok_at     timestamptz,
    last_failed_at timestamptz,
    error          text,
    CONSTRAINT webhook_endpoint_url_ck CHECK (length(url) <= 1000
        AND url ~ '^(https://[A-Za-z0-9.-]+(:[0-9]{1,5})?([/?][^[:space:]"\\<>#]*)?|http://(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?(/[^[:space:]"\\<>#]*)?)$'
        AND url !~ '[^!-~]'),
    CONSTRAINT webhook_endpoint_topics_ck CHECK (array_position(topics, NULL) IS NULL),
    CONSTRAINT webhook_endpoint_pause_ck CHECK ((paused_at IS NULL) = (pause_reason IS NULL)),
    CONSTRAINT webhook_endpoint_reason_ck CHECK (pause_reason IN ('staff', 'failing')),
    CONSTRAINT webhook_endpoint_probe_ck CHECK (probe_at IS NULL OR pause_reason = 'failing'),
    CONSTRAINT webhook_endpoint_failures_ck CHECK (failures >= 0 AND (failures = 0) = (failing_since IS NULL))
);

CREATE TABLE mjc.webhook_secret (
    endpoint_id uuid PRIMARY KEY,
    secret      text NOT NULL,
    CONSTRAINT webhook_secret_ck CHECK (secret ~ '^whsec_[A-Za-z0-9+/]{32,88}={0,2}$')
);

CREATE TABLE mjc.webhook_delivery (
    delivery_id    uuid PRIMARY KEY,
    seq            bigint GENERATED ALWAYS AS IDENTITY,
    endpoint_id    uuid NOT NULL,
    outbox_id      bigint NOT NULL,
    topic          text NOT NULL,
    aggregate_kind text NOT NULL,
    aggregate_id   uuid NOT NULL,
    payload        jsonb NOT NULL,
    created_at     timestamptz NOT NULL,
    next_at        timestamptz NOT NULL,
    attempts       integer NOT NULL DEFAULT 0,
    tried_at       timestamptz,
    lease          uuid,
    leased_until   timestamptz,
    parked_at      timestamptz,
    done_at        timestamptz,
    outcome        text,
    http_status    integer,
    error          text,
    CONSTRAINT webhook_delivery_kind_ck CHECK (aggregate_kind = 'order'),
    CONSTRAINT webhook_delivery_attempts_ck CHECK (attempts >= 0),
    CONSTRAINT webhook_delivery_lease_ck CHECK ((lease IS NULL) = (leased_until IS NULL)),
    CONSTRAINT webhook_delivery_parked_ck CHECK (parked_at IS NULL OR (done_at IS NULL AND lease IS NULL)),
    CONSTRAINT webhook_delivery_done_ck CHECK (done_at IS NULL OR lease IS NULL),
    CONSTRAINT webhook_delivery_outcome_ck CHECK ((done_at IS NULL) = (outcome IS NULL)),
    CONSTRAINT webhook_delivery_outcome_word_ck CHECK (outcome IN ('delivered', 'dropped'))
);

CREATE INDEX webhook_delivery_undone_idx ON mjc.webhook_delivery (endpoint_id, aggregate_id, seq) WHERE done_at IS NULL;

CREATE INDEX webhook_delivery_due_idx ON mjc.webhook_delivery (endpoint_id, next_at, seq) WHERE done_at IS NULL AND parked_at IS NULL;

CREATE INDEX webhook_delivery_leased_idx ON mjc.webhook_delivery (endpoint_id) WHERE lease IS NOT NULL;

CREATE INDEX webhook_delivery_aggregate_idx ON mjc.webhook_delivery (aggregate_id, seq);

CREATE INDEX webhook_delivery_outbox_idx ON mjc.webhook_delivery (outbox_id);

CREATE INDEX webhook_delivery_done_at_idx ON mjc.webhook_delivery (done_at) WHERE done_at IS NOT NULL;
