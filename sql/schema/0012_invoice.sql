-- 0012 invoices and credit notes: numbered without a gap, in time, per series and year,
-- each row chained to the one before. Nothing here is ever updated: a void is a row of
-- its own. The buyer stands apart, so that he can be forgotten when the law allows and
-- the chain, which holds only a hash of him, stays whole.

-- The anchor of a series: its row is locked for a number, its newest document is the count.
CREATE TABLE mjc.document_series (
    series     text NOT NULL,
    year       integer NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (series, year),
    CONSTRAINT document_series_ck CHECK (series IN ('FA', 'AV')),
    CONSTRAINT document_series_year_ck CHECK (year BETWEEN 2000 AND 9999)
);

-- The rule that writes a document holds its anchor, and writes the buyer before he takes the
-- number: foreign keys would only look again, while everybody waits for the next number.
-- body: the document as issued, amounts in centimes; text, because its bytes are hashed.
CREATE TABLE mjc.invoice (
    series         text NOT NULL,
    year           integer NOT NULL,
    n              integer NOT NULL,
    number         text NOT NULL,
    invoice_id     uuid NOT NULL,
    kind           text NOT NULL,
    order_id       uuid NOT NULL,
    corrects       uuid,
    issued_at      timestamptz NOT NULL,
    issued_on      date NOT NULL,
    total_centimes bigint NOT NULL,
    party_hash     bytea NOT NULL,
    body           text NOT NULL,
    previous       bytea NOT NULL,
    hash           bytea NOT NULL,
    PRIMARY KEY (series, year, n),
    CONSTRAINT invoice_id_uq UNIQUE (invoice_id),
    CONSTRAINT invoice_number_uq UNIQUE (number),
    CONSTRAINT invoice_n_ck CHECK (n >= 1),
    CONSTRAINT invoice_kind_ck CHECK (kind IN ('invoice', 'credit_note')),
    CONSTRAINT invoice_kind_series_ck CHECK ((kind = 'invoice') = (series = 'FA')),
    CONSTRAINT invoice_corrects_ck CHECK ((kind = 'credit_note') = (corrects IS NOT NULL)),
    CONSTRAINT invoice_total_ck CHECK (total_centimes >= 0),
    CONSTRAINT invoice_hash_ck CHECK (length(party_hash) = 32 AND length(hash) = 32 AND length(previous) IN (0, 32))
);

CREATE INDEX invoice_order_id_idx ON mjc.invoice (order_id);

CREATE INDEX invoice_corrects_idx ON mjc.invoice (corrects) WHERE corrects IS NOT NULL;

CREATE INDEX invoice_issued_on_idx ON mjc.invoice (issued_on DESC, series, n DESC);

CREATE TABLE mjc.invoice_party (
    invoice_id uuid PRIMARY KEY,
    order_id   uuid NOT NULL,
    salt       bytea NOT NULL,
    body       text NOT NULL,
    CONSTRAINT invoice_party_salt_ck CHECK (length(salt) = 16)
);

CREATE INDEX invoice_party_order_id_idx ON mjc.invoice_party (order_id);

CREATE TABLE mjc.invoice_void (
    invoice_id uuid PRIMARY KEY,
    at         timestamptz NOT NULL,
    actor      uuid,
    reason     text NOT NULL,
    CONSTRAINT invoice_void_fk FOREIGN KEY (invoice_id) REFERENCES mjc.invoice (invoice_id)
);

-- Orders whose parcel left and that have no invoice yet, and those that came back and
-- need a credit note. A row goes when its document is issued.
CREATE TABLE mjc.invoice_due (
    order_id uuid NOT NULL,
    kind     text NOT NULL,
    due_at   timestamptz NOT NULL,
    PRIMARY KEY (order_id, kind),
    CONSTRAINT invoice_due_kind_ck CHECK (kind IN ('invoice', 'credit_note'))
);

CREATE INDEX invoice_due_at_idx ON mjc.invoice_due (due_at, order_id);

-- Parcels that left before there were invoices are not invoiced by themselves: the owner
-- may have done it on paper. mjc.invoice_issue does it one by one.
