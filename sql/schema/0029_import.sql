-- 0029 import: files of CSV that change the catalogue, their lines until they are worked off, and
-- what was wrong in them. Local: one file is read by one node.

CREATE TABLE mjc.import (
    import_id    uuid PRIMARY KEY,
    kind         text NOT NULL,
    state        text NOT NULL DEFAULT 'open',
    mapping      jsonb NOT NULL DEFAULT '{}',
    dry_run      boolean NOT NULL DEFAULT false,
    delimiter    text,
    head         text[],
    fields       jsonb,
    chunk_hashes bytea[] NOT NULL DEFAULT '{}',
    rest         bytea NOT NULL DEFAULT '',
    next_line    integer NOT NULL DEFAULT 1,
    lines        integer NOT NULL DEFAULT 0,
    done_line    integer NOT NULL DEFAULT 0,
    done         integer NOT NULL DEFAULT 0,
    bad          integer NOT NULL DEFAULT 0,
    created      integer NOT NULL DEFAULT 0,
    changed      integer NOT NULL DEFAULT 0,
    actor        uuid,
    channel      text NOT NULL,
    error        text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    started_at   timestamptz,
    finished_at  timestamptz,
    updated_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT import_kind_ck CHECK (kind IN ('products', 'cross_references', 'fitments')),
    CONSTRAINT import_state_ck CHECK (state IN ('open', 'running', 'done', 'failed')),
    CONSTRAINT import_channel_ck CHECK (channel IN ('rest', 'psql')),
    CONSTRAINT import_delimiter_ck CHECK (delimiter IN (',', ';', E'\t')),
    CONSTRAINT import_done_ck CHECK (done >= 0 AND done <= lines AND bad >= 0 AND created >= 0 AND changed >= 0 AND bad + created + changed <= done)
);

CREATE INDEX import_created_at_idx ON mjc.import (created_at DESC, import_id);

CREATE INDEX import_running_idx ON mjc.import (started_at) WHERE state = 'running';

-- No reference to the import, which is never deleted: mjc.import_store, which alone writes here, has it
-- locked, and the check of each line was half of what taking a file cost.
CREATE TABLE mjc.import_line (
    import_id uuid NOT NULL,
    line_no   integer NOT NULL,
    cells     text[] NOT NULL,
    PRIMARY KEY (import_id, line_no)
);

CREATE TABLE mjc.import_error (
    import_id uuid NOT NULL REFERENCES mjc.import,
    line_no   integer NOT NULL,
    field     text NOT NULL,
    code      text NOT NULL,
    PRIMARY KEY (import_id, line_no, field)
);
