-- 0001 foundation: settings, jobs, accounts, staff, audit, idempotency.
-- Ordinary tables, made by mjc.install() as mjc_owner, one statement at a time.
-- Only built-in types and functions: dropping the extension must leave them whole.

CREATE TABLE mjc.setting (
    name          text PRIMARY KEY,
    kind          text NOT NULL,
    integer_value bigint,
    boolean_value boolean,
    text_value    text,
    min_value     bigint,
    max_value     bigint,
    unit          text,
    description   text NOT NULL,
    updated_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT setting_kind_ck CHECK (kind IN ('integer', 'boolean', 'text')),
    CONSTRAINT setting_value_ck CHECK (
        (kind = 'integer' AND integer_value IS NOT NULL AND boolean_value IS NULL AND text_value IS NULL)
     OR (kind = 'boolean' AND boolean_value IS NOT NULL AND integer_value IS NULL AND text_value IS NULL)
     OR (kind = 'text' AND text_value IS NOT NULL AND integer_value IS NULL AND boolean_value IS NULL)),
    CONSTRAINT setting_range_ck CHECK (integer_value IS NULL
        OR (integer_value >= coalesce(min_value, integer_value)
        AND integer_value <= coalesce(max_value, integer_value)))
);

CREATE TABLE mjc.setting_history (
    history_id uuid PRIMARY KEY,
    name       text NOT NULL REFERENCES mjc.setting,
    old_value  jsonb NOT NULL,
    new_value  jsonb NOT NULL,
    actor      uuid,
    at         timestamptz NOT NULL
);

CREATE INDEX setting_history_name_at_idx ON mjc.setting_history (name, at);

CREATE TABLE mjc.job (
    name            text PRIMARY KEY,
    every           interval NOT NULL,
    next_at         timestamptz NOT NULL DEFAULT now(),
    last_started_at timestamptz,
    last_ok_at      timestamptz,
    last_rows       bigint,
    failures        integer NOT NULL DEFAULT 0,
    error           text,
    CONSTRAINT job_every_ck CHECK (every > interval '0')
);

CREATE TABLE mjc.account (
    account_id    uuid PRIMARY KEY,
    role          text NOT NULL,
    is_active     boolean NOT NULL DEFAULT true,
    is_verified   boolean NOT NULL DEFAULT false,
    token_version integer NOT NULL DEFAULT 0,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    last_login_at timestamptz,
    CONSTRAINT account_role_ck CHECK (role IN ('CUSTOMER', 'TECHNICIAN', 'ADMIN', 'SUPER_ADMIN')),
    CONSTRAINT account_token_version_ck CHECK (token_version >= 0)
);

CREATE TABLE mjc.account_person (
    account_id uuid PRIMARY KEY REFERENCES mjc.account,
    email      text NOT NULL,
    first_name text NOT NULL,
    last_name  text NOT NULL,
    phone      text
);

CREATE TABLE mjc.account_secret (
    account_id    uuid PRIMARY KEY REFERENCES mjc.account,
    password_hash text NOT NULL,
    changed_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT account_secret_bcrypt_ck CHECK (password_hash ~ '^\$2[aby]\$[0-9]{2}\$[./A-Za-z0-9]{53}$')
);

CREATE TABLE mjc.account_email (
    email      text PRIMARY KEY,
    account_id uuid NOT NULL,
    CONSTRAINT account_email_folded_ck CHECK (email = lower(email))
);

CREATE TABLE mjc.login_failure (
    email          text NOT NULL,
    client_address text NOT NULL,
    failures       integer NOT NULL,
    since_at       timestamptz NOT NULL,
    PRIMARY KEY (email, client_address)
);

CREATE INDEX login_failure_since_at_idx ON mjc.login_failure (since_at);

CREATE TABLE mjc.token_revoked (
    token_id   uuid PRIMARY KEY,
    revoked_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX token_revoked_revoked_at_idx ON mjc.token_revoked (revoked_at);

CREATE TABLE mjc.staff (
    staff_id     uuid PRIMARY KEY,
    db_login     text UNIQUE,
    display_name text NOT NULL,
    is_active    boolean NOT NULL DEFAULT true,
    created_at   timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE mjc.audit (
    audit_id     uuid PRIMARY KEY,
    at           timestamptz NOT NULL,
    actor        uuid,
    db_login     text NOT NULL,
    channel      text NOT NULL,
    action       text NOT NULL,
    subject_kind text NOT NULL,
    subject_id   text NOT NULL,
    before       jsonb,
    after        jsonb,
    request_id   text,
    batch        bigint,
    CONSTRAINT audit_channel_ck CHECK (channel IN ('rest', 'psql', 'job'))
);

CREATE INDEX audit_subject_idx ON mjc.audit (subject_kind, subject_id, at);

CREATE INDEX audit_at_idx ON mjc.audit (at);

CREATE INDEX audit_batch_idx ON mjc.audit (batch);

CREATE INDEX audit_unsealed_idx ON mjc.audit (audit_id) WHERE batch IS NULL;

CREATE TABLE mjc.audit_seal (
    batch     bigint PRIMARY KEY,
    sealed_at timestamptz NOT NULL,
    entries   integer NOT NULL,
    previous  bytea NOT NULL,
    hash      bytea NOT NULL,
    CONSTRAINT audit_seal_entries_ck CHECK (entries > 0)
);

CREATE INDEX audit_seal_sealed_at_idx ON mjc.audit_seal (sealed_at);

CREATE TABLE mjc.idempotency_key (
    key_hash   bytea PRIMARY KEY,
    digest     bytea NOT NULL,
    order_id   uuid,
    reply      text,
    created_at timestamptz NOT NULL,
    CONSTRAINT idempotency_key_hash_ck CHECK (length(key_hash) = 32)
);

CREATE INDEX idempotency_key_created_at_idx ON mjc.idempotency_key (created_at);

CREATE TABLE mjc.table_class (
    table_name  text PRIMARY KEY,
    class       text NOT NULL,
    hash_column text,
    hash_group  text,
    CONSTRAINT table_class_ck CHECK (class IN ('reference', 'hash', 'local')),
    CONSTRAINT table_class_hash_ck CHECK ((class = 'hash') = (hash_column IS NOT NULL AND hash_group IS NOT NULL))
);
