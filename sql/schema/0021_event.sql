-- 0021 event: what visitors of the pages do. One visit a session; a person is named by
-- customer_id alone, and only where an access token said so.

CREATE TABLE mjc.visit (
    session_id   uuid PRIMARY KEY,
    started_at   timestamptz NOT NULL,
    customer_id  uuid,
    is_bot       boolean NOT NULL,
    address      inet,
    device       text,
    browser      text,
    os           text,
    country      text,
    city         text,
    landing_path text,
    source       text,
    medium       text,
    campaign     text,
    term         text,
    content      text,
    CONSTRAINT visit_address_ck CHECK (masklen(address) = CASE family(address) WHEN 4 THEN 24 ELSE 48 END),
    CONSTRAINT visit_device_ck CHECK (device IN ('desktop', 'mobile', 'tablet')),
    CONSTRAINT visit_source_ck CHECK (source IS NOT NULL OR num_nonnulls(medium, campaign, term, content) = 0)
);

CREATE INDEX visit_started_at_idx ON mjc.visit (started_at);

CREATE INDEX visit_customer_id_idx ON mjc.visit (customer_id) WHERE customer_id IS NOT NULL;

-- By months of the shop; mjc.partition_make makes them.
CREATE TABLE mjc.event (
    session_id     uuid NOT NULL,
    event_id       uuid NOT NULL,
    at             timestamptz NOT NULL,
    kind           text NOT NULL,
    path           text,
    product_id     uuid,
    category_id    uuid,
    value_centimes bigint,
    qty            integer,
    duration_ms    integer,
    customer_id    uuid,
    is_bot         boolean NOT NULL,
    detail         jsonb,
    PRIMARY KEY (session_id, event_id, at),
    CONSTRAINT event_kind_ck CHECK (kind IN ('page_view', 'page_duration', 'view_item', 'add_to_cart', 'remove_from_cart',
        'begin_checkout', 'purchase', 'view_category', 'search')),
    CONSTRAINT event_figures_ck CHECK (value_centimes >= 0 AND qty >= 0 AND duration_ms >= 0)
) PARTITION BY RANGE (at);

CREATE INDEX event_at_idx ON mjc.event USING brin (at) WITH (autosummarize = on);

CREATE INDEX event_customer_id_idx ON mjc.event (customer_id) WHERE customer_id IS NOT NULL;

-- How fast pages were. value_milli: thousandths of the unit of the metric, which is ms, or none.
CREATE TABLE mjc.web_vital (
    session_id  uuid NOT NULL,
    event_id    uuid NOT NULL,
    at          timestamptz NOT NULL,
    metric      text NOT NULL,
    value_milli bigint NOT NULL,
    path        text,
    device      text,
    is_bot      boolean NOT NULL,
    PRIMARY KEY (session_id, event_id, at),
    CONSTRAINT web_vital_metric_ck CHECK (length(metric) BETWEEN 1 AND 40),
    CONSTRAINT web_vital_value_ck CHECK (value_milli >= 0),
    CONSTRAINT web_vital_device_ck CHECK (device IN ('desktop', 'mobile', 'tablet'))
) PARTITION BY RANGE (at);

CREATE INDEX web_vital_at_idx ON mjc.web_vital USING brin (at) WITH (autosummarize = on);

CREATE TABLE mjc.exposure (
    session_id uuid NOT NULL,
    experiment text NOT NULL,
    variant    text NOT NULL,
    at         timestamptz NOT NULL,
    PRIMARY KEY (session_id, experiment)
);

CREATE INDEX exposure_at_idx ON mjc.exposure (at);

-- Errors of the pages, each once.
CREATE TABLE mjc.client_error (
    fingerprint     uuid PRIMARY KEY,
    message         text NOT NULL,
    stack           text,
    component_stack text,
    path            text,
    seen            bigint NOT NULL,
    first_at        timestamptz NOT NULL,
    last_at         timestamptz NOT NULL,
    CONSTRAINT client_error_seen_ck CHECK (seen > 0 AND last_at >= first_at)
);

CREATE INDEX client_error_last_at_idx ON mjc.client_error (last_at);
