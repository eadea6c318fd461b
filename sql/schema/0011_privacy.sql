-- 0011 privacy: the texts that people consent to, what they answered, and who read
-- their data. No personal data here: a person is an id, a text its number.

-- Append-only: a text that was shown is never changed, a new version follows it.
CREATE TABLE mjc.consent_text (
    purpose    text NOT NULL,
    version    integer NOT NULL,
    lang       text NOT NULL,
    body       text NOT NULL,
    valid_from timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (purpose, version, lang),
    CONSTRAINT consent_text_purpose_ck CHECK (purpose ~ '^[a-z][a-z0-9_]{1,39}$'),
    CONSTRAINT consent_text_version_ck CHECK (version >= 1),
    CONSTRAINT consent_text_lang_ck CHECK (lang IN ('fr', 'ar')),
    CONSTRAINT consent_text_body_ck CHECK (length(body) >= 1 AND length(body) <= 20000)
);

-- Append-only: the newest row of a purpose is what counts. text_hash is the SHA-256
-- of the text as it was shown.
CREATE TABLE mjc.consent (
    customer_id uuid NOT NULL REFERENCES mjc.customer,
    consent_id  uuid NOT NULL,
    purpose     text NOT NULL,
    version     integer NOT NULL,
    lang        text NOT NULL,
    granted     boolean NOT NULL,
    at          timestamptz NOT NULL,
    channel     text NOT NULL,
    actor       uuid,
    text_hash   bytea NOT NULL,
    PRIMARY KEY (customer_id, consent_id),
    CONSTRAINT consent_text_fk FOREIGN KEY (purpose, version, lang) REFERENCES mjc.consent_text,
    CONSTRAINT consent_channel_ck CHECK (channel IN ('rest', 'psql', 'job')),
    CONSTRAINT consent_text_hash_ck CHECK (length(text_hash) = 32)
);

CREATE INDEX consent_newest_idx ON mjc.consent (customer_id, purpose, at DESC, consent_id DESC);

CREATE INDEX consent_text_idx ON mjc.consent (purpose, version, lang);

CREATE INDEX consent_at_idx ON mjc.consent (at);

-- One row whenever somebody read personal columns. subject: the one person, or NULL
-- when a list showed several.
CREATE TABLE mjc.personal_access (
    access_id  uuid PRIMARY KEY,
    at         timestamptz NOT NULL,
    actor      uuid,
    db_login   text NOT NULL,
    channel    text NOT NULL,
    action     text NOT NULL,
    subject    uuid,
    persons    integer NOT NULL,
    request_id text,
    CONSTRAINT personal_access_channel_ck CHECK (channel IN ('rest', 'psql', 'job')),
    CONSTRAINT personal_access_persons_ck CHECK (persons >= 0)
);

CREATE INDEX personal_access_subject_idx ON mjc.personal_access (subject, at);

CREATE INDEX personal_access_at_idx ON mjc.personal_access (at);

CREATE INDEX customer_erased_at_idx ON mjc.customer (erased_at) WHERE erased_at IS NOT NULL;

-- Of an erased buyer nothing is left but the order: all of these are given, or none.
ALTER TABLE mjc.order_contact
    ALTER COLUMN phone DROP NOT NULL,
    ALTER COLUMN street DROP NOT NULL,
    ALTER COLUMN city DROP NOT NULL,
    ALTER COLUMN country DROP NOT NULL,
    ADD CONSTRAINT order_contact_whole_ck CHECK (num_nulls(phone, street, city, country) IN (0, 4));
