-- partition: tables that grow with every visit are kept by months of the shop (Africa/Algiers),
-- so that an old month goes at once. The names are built here from a table of ours and a
-- date, from nothing else.

CREATE FUNCTION mjc.partition_month(at timestamptz) RETURNS date
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.algiers_date(at) - (extract(day FROM mjc.algiers_date(at))::integer - 1);
END
$$;
COMMENT ON FUNCTION mjc.partition_month(timestamptz) IS 'First day of the shop''s month that an instant lies in';

CREATE FUNCTION mjc.partition_name(parent text, month date) RETURNS text
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF parent IS NULL OR parent NOT IN ('event', 'web_vital') THEN
        PERFORM mjc.raise('ARGUMENT_INVALID', 'argument', 'parent');
    ELSIF month IS NULL OR NOT isfinite(month) OR month NOT BETWEEN '2000-01-01' AND '9999-01-01' THEN
        PERFORM mjc.raise('ARGUMENT_RANGE', 'argument', 'month');
    END IF;
    RETURN format('%s_%s_%s', parent, extract(year FROM month), lpad(extract(month FROM month)::text, 2, '0'));
END
$$;
COMMENT ON FUNCTION mjc.partition_name(text, date) IS
    'Name of the partition of mjc.event or mjc.web_vital that a day lies in: event_2026_11. Errors: MJ006, MJ010';

CREATE FUNCTION mjc.partition_make(parent text, month date) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    name text := mjc.partition_name(parent, month);
    first date := month - (extract(day FROM month)::integer - 1);
BEGIN
    -- The lock that attaching takes: others read and write on, a second maker waits and finds it made.
    EXECUTE format('LOCK TABLE mjc.%I IN SHARE UPDATE EXCLUSIVE MODE', parent);
    IF to_regclass(format('mjc.%I', name)) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE mjc.%I (LIKE mjc.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name, parent);
    EXECUTE format('COMMENT ON TABLE mjc.%I IS %L', name, format('Partition of mjc.%s: one month of the shop', parent));
    EXECUTE format('ALTER TABLE mjc.%I ATTACH PARTITION mjc.%I FOR VALUES FROM (%L) TO (%L)', parent, name,
                   mjc.algiers_start(first), mjc.algiers_start((first + interval '1 month')::date));
    RETURN true;
END
$$;
COMMENT ON FUNCTION mjc.partition_make(text, date) IS
    'For rules: the partition of mjc.event or mjc.web_vital that a day lies in is there; true: made now. Errors: MJ006, MJ010';

CREATE FUNCTION mjc.partition_ahead(at timestamptz DEFAULT clock_timestamp()) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- In the order of a batch, as mjc.event_purge.
    RETURN (
        SELECT count(*) FILTER (WHERE mjc.partition_make(t, (mjc.partition_month(partition_ahead.at) + make_interval(months => n))::date))
          FROM unnest(ARRAY['web_vital', 'event']) t CROSS JOIN generate_series(0, 2) n);
END
$$;
COMMENT ON FUNCTION mjc.partition_ahead(timestamptz) IS
    'Makes the partitions of this month and of the next two, as seen at an instant; returns how many. Run by a job and by mjc.install. Errors: MJ006';

CREATE FUNCTION mjc.partition_oldest(parent text) RETURNS date
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT min(make_date(n[1]::integer, n[2]::integer, 1))
          FROM pg_inherits i
          JOIN pg_class c ON c.oid = i.inhrelid
         CROSS JOIN regexp_matches(c.relname, '_([2-9]\d{3})_(0[1-9]|1[0-2])$') n
         WHERE i.inhparent = ('mjc.' || parent)::regclass
           -- What the owner attached by another name is his to drop.
           AND c.relname = mjc.partition_name(parent, make_date(n[1]::integer, n[2]::integer, 1)));
END
$$;
COMMENT ON FUNCTION mjc.partition_oldest(text) IS 'For rules: the oldest month that mjc.event or mjc.web_vital has a partition of; NULL for none. Errors: MJ010';

CREATE FUNCTION mjc.partition_drop(parent text, before date) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    oldest date := mjc.partition_oldest(parent);
    patience text := current_setting('lock_timeout');
BEGIN
    IF before IS NULL OR oldest IS NULL OR oldest >= before THEN
        RETURN false;
    END IF;
    -- Who reads the table waits behind us: behind a long report we would rather come again.
    PERFORM set_config('lock_timeout', '200ms', true);
    EXECUTE format('DROP TABLE mjc.%I', mjc.partition_name(parent, oldest));
    PERFORM set_config('lock_timeout', patience, true);
    RETURN true;
END
$$;
COMMENT ON FUNCTION mjc.partition_drop(text, date) IS
    'For rules: drops the oldest partition of mjc.event or mjc.web_vital when its month lies before a day''s; true: dropped. Errors: MJ010, 55P03 somebody reads the table';
