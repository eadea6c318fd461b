-- aggregate: over the events of persons (extension/aggregate.c, extension/cohort.c). Their states
-- are bytea, or bigint, so parallel workers and other nodes send them; they do not spill to disk,
-- and mjc.aggregate_memory bounds each. The functions beside each aggregate are its parts.

CREATE FUNCTION mjc.funnel_add(state bytea, at timestamptz, step integer, within interval) RETURNS bytea
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_funnel_add';
COMMENT ON FUNCTION mjc.funnel_add(bytea, timestamptz, integer, interval) IS 'Part of the aggregate mjc.funnel: adds a row';

CREATE FUNCTION mjc.funnel_combine(state bytea, other bytea) RETURNS bytea
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_funnel_combine';
COMMENT ON FUNCTION mjc.funnel_combine(bytea, bytea) IS 'Part of the aggregate mjc.funnel: two partial states as one';

CREATE FUNCTION mjc.funnel_end(state bytea) RETURNS integer
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_funnel_end';
COMMENT ON FUNCTION mjc.funnel_end(bytea) IS 'Part of the aggregate mjc.funnel: the result of a state';

CREATE AGGREGATE mjc.funnel(at timestamptz, step integer, within interval) (
    SFUNC = mjc.funnel_add, STYPE = bytea, SSPACE = 128, COMBINEFUNC = mjc.funnel_combine, FINALFUNC = mjc.funnel_end, PARALLEL = SAFE
);
COMMENT ON AGGREGATE mjc.funnel(timestamptz, integer, interval) IS
    'For GROUP BY person or session: how many of the steps 1, 2, 3... (at most 31) were reached in their order, each at the time of the one before or later, all within the interval from an event of step 1; of all chains the best counts. A row whose at or step is NULL, or whose step is 0, does not count; without any the result is 0. A day of the interval is 24 hours. Errors: MJ003 within NULL, MJ006 a step below 0 or above 31, within not above zero or with months, an infinite time or one beyond the years -7000 to 11000, MJ721 too many events, MJ722 within differs between rows';

CREATE FUNCTION mjc.funnel_counts_add(state bytea, who uuid, at timestamptz, step integer, within interval, steps integer) RETURNS bytea
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_funnel_counts_add';
COMMENT ON FUNCTION mjc.funnel_counts_add(bytea, uuid, timestamptz, integer, interval, integer) IS 'Part of the aggregate mjc.funnel_counts: adds a row';

CREATE FUNCTION mjc.funnel_counts_combine(state bytea, other bytea) RETURNS bytea
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_funnel_counts_combine';
COMMENT ON FUNCTION mjc.funnel_counts_combine(bytea, bytea) IS 'Part of the aggregate mjc.funnel_counts: two partial states as one';

CREATE FUNCTION mjc.funnel_counts_end(state bytea) RETURNS bigint[]
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_funnel_counts_end';
COMMENT ON FUNCTION mjc.funnel_counts_end(bytea) IS 'Part of the aggregate mjc.funnel_counts: the result of a state';

CREATE AGGREGATE mjc.funnel_counts(who uuid, at timestamptz, step integer, within interval, steps integer) (
    SFUNC = mjc.funnel_counts_add, STYPE = bytea, SSPACE = 65536, COMBINEFUNC = mjc.funnel_counts_combine, FINALFUNC = mjc.funnel_counts_end, PARALLEL = SAFE
);
COMMENT ON AGGREGATE mjc.funnel_counts(uuid, timestamptz, integer, interval, integer) IS
    'Without GROUP BY: how many persons have reached step 1, step 2... of `steps` (1 to 31), each person as mjc.funnel says. A row whose who, at or step is NULL, or whose step is 0, does not count; zeros when none does, NULL without any row. Errors: those of mjc.funnel; MJ003 steps NULL, MJ006 steps out of range or a step above it, MJ722 steps differs between rows';

CREATE TYPE mjc.retention_cohort AS (
    cohort date,
    active bigint[]
);
ALTER TYPE mjc.retention_cohort OWNER TO mjc_owner;
COMMENT ON TYPE mjc.retention_cohort IS
    'A row of mjc.retention: the first day of the period in which these persons came first; how many of them were active in that period (all of them: active[1]), in the next (active[2])...';

CREATE FUNCTION mjc.retention_add(state bytea, who uuid, at timestamptz, period text, periods integer) RETURNS bytea
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_retention_add';
COMMENT ON FUNCTION mjc.retention_add(bytea, uuid, timestamptz, text, integer) IS 'Part of the aggregate mjc.retention: adds a row';

CREATE FUNCTION mjc.retention_combine(state bytea, other bytea) RETURNS bytea
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_retention_combine';
COMMENT ON FUNCTION mjc.retention_combine(bytea, bytea) IS 'Part of the aggregate mjc.retention: two partial states as one';

CREATE FUNCTION mjc.retention_end(state bytea) RETURNS mjc.retention_cohort[]
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_retention_end';
COMMENT ON FUNCTION mjc.retention_end(bytea) IS 'Part of the aggregate mjc.retention: the result of a state';

CREATE AGGREGATE mjc.retention(who uuid, at timestamptz, period text, periods integer) (
    SFUNC = mjc.retention_add, STYPE = bytea, SSPACE = 65536, COMBINEFUNC = mjc.retention_combine, FINALFUNC = mjc.retention_end, PARALLEL = SAFE
);
COMMENT ON AGGREGATE mjc.retention(uuid, timestamptz, text, integer) IS
    'Without GROUP BY: for each cohort, the persons whose first event is in the same period, how many of them had an event in that period and in each of the `periods` (1 to 62) that follow, in order of time; SELECT (unnest(mjc.retention(...))).* makes rows of it. period: day, week (from Monday) or month, in Africa/Algiers. A row whose who or at is NULL does not count; an empty array when none does, NULL without any row. Errors: MJ003 period or periods NULL, MJ006 periods out of range or an infinite time, MJ010 another period, MJ721 too many persons, MJ722 period or periods differs between rows';

CREATE FUNCTION mjc.active_periods_add(state bigint, at timestamptz, period text, origin date) RETURNS bigint
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_active_periods_add';
COMMENT ON FUNCTION mjc.active_periods_add(bigint, timestamptz, text, date) IS 'Part of the aggregate mjc.active_periods: adds a row';

CREATE AGGREGATE mjc.active_periods(at timestamptz, period text, origin date) (
    SFUNC = mjc.active_periods_add, STYPE = bigint, INITCOND = '0', COMBINEFUNC = pg_catalog.int8or, PARALLEL = SAFE
);
COMMENT ON AGGREGATE mjc.active_periods(timestamptz, text, date) IS
    'For GROUP BY person: a bitmap, bit i (from 0 to 61) is set when there was an event in the i-th period after that of origin; what is before or later does not count, nor does a NULL. period: day, week (from Monday) or month, in Africa/Algiers. Bitmaps of parts of the events are joined by bit_or. Errors: MJ003 period or origin NULL, MJ006 an infinite time or origin, MJ010 another period';

CREATE FUNCTION mjc.sessionize_add(state bytea, at timestamptz, gap interval) RETURNS bytea
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_sessionize_add';
COMMENT ON FUNCTION mjc.sessionize_add(bytea, timestamptz, interval) IS 'Part of the aggregate mjc.sessionize: adds a row';

CREATE FUNCTION mjc.sessionize_combine(state bytea, other bytea) RETURNS bytea
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_sessionize_combine';
COMMENT ON FUNCTION mjc.sessionize_combine(bytea, bytea) IS 'Part of the aggregate mjc.sessionize: two partial states as one';

CREATE FUNCTION mjc.sessionize_end(state bytea) RETURNS tstzmultirange
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_sessionize_end';
COMMENT ON FUNCTION mjc.sessionize_end(bytea) IS 'Part of the aggregate mjc.sessionize: the result of a state';

CREATE AGGREGATE mjc.sessionize(at timestamptz, gap interval) (
    SFUNC = mjc.sessionize_add, STYPE = bytea, SSPACE = 128, COMBINEFUNC = mjc.sessionize_combine, FINALFUNC = mjc.sessionize_end, PARALLEL = SAFE
);
COMMENT ON AGGREGATE mjc.sessionize(timestamptz, interval) IS
    'For GROUP BY person: the sessions, each [first event, last event]; one ends when the next event is more than the gap later, and that of one event is [t,t]. In any order of rows. NULLs do not count; without an event the result is empty. A day of the gap is 24 hours. Errors: MJ003 gap NULL, MJ006 gap not above zero or with months, an infinite time, MJ721 too many sessions, MJ722 gap differs between rows';

CREATE FUNCTION mjc.distinct_count_add(state bytea, who uuid) RETURNS bytea
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_distinct_count_add';
COMMENT ON FUNCTION mjc.distinct_count_add(bytea, uuid) IS 'Part of the aggregate mjc.distinct_count: adds a row';

CREATE FUNCTION mjc.distinct_count_combine(state bytea, other bytea) RETURNS bytea
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_distinct_count_combine';
COMMENT ON FUNCTION mjc.distinct_count_combine(bytea, bytea) IS 'Part of the aggregate mjc.distinct_count: two partial states as one';

CREATE FUNCTION mjc.distinct_count_end(state bytea) RETURNS bigint
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_distinct_count_end';
COMMENT ON FUNCTION mjc.distinct_count_end(bytea) IS 'Part of the aggregate mjc.distinct_count: the result of a state';

CREATE AGGREGATE mjc.distinct_count(who uuid) (
    SFUNC = mjc.distinct_count_add, STYPE = bytea, SSPACE = 65536, COMBINEFUNC = mjc.distinct_count_combine, FINALFUNC = mjc.distinct_count_end, PARALLEL = SAFE
);
COMMENT ON AGGREGATE mjc.distinct_count(uuid) IS
    'How many different ids there are, exactly, as count(DISTINCT who) says, but by a hash and in parallel. NULLs do not count. Errors: MJ721 too many ids';

-- Estimates are left to extensions that shops may have or not; what is here is exact.
CREATE FUNCTION mjc.estimators(OUT estimator text, OUT version text, OUT in_schema text) RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
    SELECT w.name, e.extversion, e.extnamespace::pg_catalog.regnamespace::pg_catalog.text
      FROM (VALUES ('hll'), ('tdigest')) w (name)
      LEFT JOIN pg_catalog.pg_extension e ON e.extname OPERATOR(pg_catalog.=) w.name
     ORDER BY w.name
$$;
COMMENT ON FUNCTION mjc.estimators() IS
    'The extensions that estimate, version and schema NULL where one is not installed: hll distinct counts whose states can be kept and joined, tdigest percentiles. Nothing here needs them: mjc.distinct_count and percentile_disc are exact';
