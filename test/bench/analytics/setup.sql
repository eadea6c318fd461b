-- setup.sql - the table of the analytics bench, in the shape of mjc.event; ids are told apart by
-- a number under md5. Filled by events.sql, or from what an earlier run kept.
SET client_min_messages = warning;
CREATE SCHEMA mjc_ext;
CREATE EXTENSION btree_gist SCHEMA mjc_ext;
CREATE EXTENSION pg_trgm SCHEMA mjc_ext;
CREATE EXTENSION unaccent SCHEMA mjc_ext;
CREATE EXTENSION mjchauffage;
CREATE SCHEMA bench;
CREATE TABLE bench.event (
    session_id uuid NOT NULL,
    event_id uuid NOT NULL,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    path text,
    product_id uuid,
    category_id uuid,
    value_centimes bigint,
    qty integer,
    duration_ms integer,
    customer_id uuid,
    is_bot boolean NOT NULL,
    detail jsonb
) PARTITION BY RANGE (at);
DO $$
BEGIN
    FOR m IN 1..6 LOOP
        EXECUTE format('CREATE TABLE bench.event_%s PARTITION OF bench.event FOR VALUES FROM (%L) TO (%L)', m,
            timestamptz '2026-01-01 00:00+01' + make_interval(months => m - 1), timestamptz '2026-01-01 00:00+01' + make_interval(months => m));
    END LOOP;
END
$$;
