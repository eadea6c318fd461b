-- 0031 technical figures: how many requests each route answered, how fast and with what, as the
-- shim tells them every minute; what PostgreSQL found in its cache. Rows older than three days
-- are folded by the hour (job http_fold).

CREATE TABLE mjc.http_figure (
    at           timestamptz NOT NULL,
    shim_id      uuid NOT NULL,
    route        text NOT NULL,
    until_at     timestamptz NOT NULL,
    requests     bigint NOT NULL,
    refused      bigint NOT NULL,
    failed       bigint NOT NULL,
    not_modified bigint NOT NULL,
    cached       bigint NOT NULL,
    total_us     bigint NOT NULL,
    limit_us     bigint[] NOT NULL,
    bucket       bigint[] NOT NULL,
    PRIMARY KEY (at, shim_id, route),
    CONSTRAINT http_figure_span_ck CHECK (until_at >= at),
    CONSTRAINT http_figure_counts_ck CHECK (requests > 0 AND refused >= 0 AND failed >= 0 AND not_modified >= 0 AND refused + failed + not_modified <= requests AND cached BETWEEN 0 AND requests AND total_us >= 0),
    CONSTRAINT http_figure_bucket_ck CHECK (cardinality(bucket) = cardinality(limit_us) + 1)
);

CREATE TABLE mjc.cache_figure (
    at          timestamptz NOT NULL,
    shim_id     uuid NOT NULL,
    blocks_hit  bigint NOT NULL,
    blocks_read bigint NOT NULL,
    PRIMARY KEY (at, shim_id),
    CONSTRAINT cache_figure_counts_ck CHECK (blocks_hit >= 0 AND blocks_read >= 0)
);
