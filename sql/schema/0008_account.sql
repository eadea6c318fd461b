-- 0008 account: sessions, one-time links, second factors, attempts to sign in.
-- What a client holds never stands here: only SHA-256 of it.

-- One row a sign-in. The refresh token changes at each use; the one before is kept
-- for the seconds in which two tabs may use it at once.
CREATE TABLE mjc.session (
    session_id    uuid PRIMARY KEY,
    account_id    uuid NOT NULL,
    token_version integer NOT NULL,
    token_hash    bytea NOT NULL,
    previous_hash bytea,
    rotated_at    timestamptz NOT NULL,
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    revoked_at    timestamptz,
    revoked_why   text,
    CONSTRAINT session_hash_ck CHECK (length(token_hash) = 32 AND length(previous_hash) = 32),
    CONSTRAINT session_revoked_ck CHECK ((revoked_at IS NULL) = (revoked_why IS NULL)),
    CONSTRAINT session_revoked_why_ck CHECK (revoked_why IN ('logout', 'replay'))
);

CREATE INDEX session_account_id_idx ON mjc.session (account_id);

CREATE INDEX session_expires_at_idx ON mjc.session (expires_at);

-- Links that are sent by mail.
CREATE TABLE mjc.account_token (
    token_hash bytea PRIMARY KEY,
    account_id uuid NOT NULL,
    purpose    text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz,
    CONSTRAINT account_token_hash_ck CHECK (length(token_hash) = 32),
    CONSTRAINT account_token_purpose_ck CHECK (purpose IN ('password_reset', 'email_verify'))
);

CREATE INDEX account_token_account_id_idx ON mjc.account_token (account_id);

CREATE INDEX account_token_expires_at_idx ON mjc.account_token (expires_at);

-- last_step: the newest time step whose code was used; none is taken twice.
CREATE TABLE mjc.account_totp (
    account_id uuid PRIMARY KEY REFERENCES mjc.account,
    secret     bytea NOT NULL,
    enabled_at timestamptz,
    last_step  bigint NOT NULL DEFAULT 0,
    CONSTRAINT account_totp_secret_ck CHECK (length(secret) = 20)
);

CREATE TABLE mjc.account_recovery (
    account_id uuid NOT NULL REFERENCES mjc.account,
    code_hash  bytea NOT NULL,
    used_at    timestamptz,
    PRIMARY KEY (account_id, code_hash)
);

-- An identity that somebody else vouches for: subject is its id there.
CREATE TABLE mjc.account_social (
    subject    text NOT NULL,
    provider   text NOT NULL,
    account_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (subject, provider)
);

CREATE INDEX account_social_account_id_idx ON mjc.account_social (account_id);

-- GCRA over attempts: full_at is the time at which all of them are free again.
-- device '' stands for every device that never signed in to that account.
CREATE TABLE mjc.sign_in_limit (
    email_hash bytea NOT NULL,
    device     text NOT NULL,
    full_at    timestamptz NOT NULL,
    PRIMARY KEY (email_hash, device)
);

CREATE INDEX sign_in_limit_full_at_idx ON mjc.sign_in_limit (full_at);

DROP TABLE mjc.login_failure;

ALTER TABLE mjc.account ADD COLUMN verified_at timestamptz;
