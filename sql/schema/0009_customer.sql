-- 0009 customer: whether a customer may order, what a trader's invoice needs, notes of staff.

-- merged_into: a guest whose orders were joined to a registered customer.
ALTER TABLE mjc.customer
    ADD COLUMN status text NOT NULL DEFAULT 'active',
    ADD COLUMN erased_at timestamptz,
    ADD COLUMN merged_into uuid,
    ADD CONSTRAINT customer_status_ck CHECK (status IN ('active', 'inactive', 'blocked', 'erased')),
    ADD CONSTRAINT customer_erased_ck CHECK ((status = 'erased') = (erased_at IS NOT NULL)),
    ADD CONSTRAINT customer_merged_ck CHECK (merged_into IS NULL OR (kind = 'guest' AND merged_into <> customer_id));

CREATE INDEX customer_created_at_idx ON mjc.customer (created_at DESC, customer_id);

CREATE INDEX customer_merged_into_idx ON mjc.customer (merged_into) WHERE merged_into IS NOT NULL;

-- What the law wants of a trader on an invoice: register of commerce, tax number,
-- statistical number, article of taxation.
CREATE TABLE mjc.customer_business (
    customer_id  uuid PRIMARY KEY REFERENCES mjc.customer,
    company_name text,
    vat_number   text,
    rc           text,
    nif          text,
    nis          text,
    ai           text,
    words        tsvector GENERATED ALWAYS AS (to_tsvector('simple', translate(
        lower(coalesce(company_name, '') || ' ' || coalesce(vat_number, '') || ' ' || coalesce(rc, '') || ' ' || coalesce(nif, '')),
        'àâäáãåçéèêëíìîïñóòôöõúùûüýÿأإآىة@.-_+/&|!():*<>''"\,;#',
        'aaaaaaceeeeiiiinooooouuuuyyاااية                     '))) STORED
);

CREATE INDEX customer_business_words_idx ON mjc.customer_business USING gin (words);

CREATE TABLE mjc.customer_note (
    customer_id uuid NOT NULL REFERENCES mjc.customer,
    note_id     uuid NOT NULL,
    body        text NOT NULL,
    author      uuid,
    at          timestamptz NOT NULL,
    PRIMARY KEY (customer_id, note_id),
    CONSTRAINT customer_note_body_ck CHECK (length(body) BETWEEN 1 AND 2000)
);

-- One default address of each kind.
CREATE UNIQUE INDEX address_default_idx ON mjc.address (customer_id, kind) WHERE is_default;

CREATE INDEX customer_person_email_idx ON mjc.customer_person (lower(email), customer_id);

CREATE INDEX customer_person_phone_idx ON mjc.customer_person (phone text_pattern_ops);

CREATE INDEX customer_person_first_name_idx ON mjc.customer_person (lower(first_name), lower(last_name), customer_id);

CREATE INDEX customer_person_last_name_idx ON mjc.customer_person (lower(last_name), lower(first_name), customer_id);

-- What search goes by: words of names and e-mail without accents, found by their beginnings.
-- mjc.customer_words() folds what is searched for in the same way.
ALTER TABLE mjc.customer_person
    ADD COLUMN words tsvector GENERATED ALWAYS AS (to_tsvector('simple', translate(
        lower(first_name || ' ' || last_name || ' ' || coalesce(email, '')),
        'àâäáãåçéèêëíìîïñóòôöõúùûüýÿأإآىة@.-_+/&|!():*<>''"\,;#',
        'aaaaaaceeeeiiiinooooouuuuyyاااية                     '))) STORED;

-- The short pending list keeps searches quick while orders come in.
CREATE INDEX customer_person_words_idx ON mjc.customer_person USING gin (words) WITH (gin_pending_list_limit = 256);
