-- report: what the report functions (sql/repeat/12_reports.sql) and the routes of analytics share:
-- windows of days, periods, growth. doc/reports.md defines every figure.

CREATE FUNCTION mjc.report_days(from_on date, until_on date) RETURNS integer
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF from_on IS NULL OR until_on IS NULL THEN
        PERFORM mjc.raise('ARGUMENT_MISSING', 'argument', CASE WHEN from_on IS NULL THEN 'from_on' ELSE 'until_on' END);
    ELSIF from_on NOT BETWEEN '1900-01-01' AND '9990-01-01' OR until_on NOT BETWEEN '1900-01-01' AND '9990-01-01' THEN
        PERFORM mjc.raise('ARGUMENT_RANGE', 'argument', CASE WHEN from_on BETWEEN '1900-01-01' AND '9990-01-01' THEN 'until_on' ELSE 'from_on' END);
    ELSIF from_on > until_on THEN
        PERFORM mjc.raise('REPORT_REVERSED');
    ELSIF until_on >= from_on + interval '5 years' THEN
        PERFORM mjc.raise('REPORT_TOO_LONG', 'years', '5');
    END IF;
    RETURN until_on - from_on + 1;
END
$$;
COMMENT ON FUNCTION mjc.report_days(date, date) IS
    'How many days a report is about, the first and the last included: one to five years. Errors: MJ003, MJ006, MJ741 they are the wrong way round, MJ742 more than five years';

CREATE FUNCTION mjc.report_span(from_on date, until_on date, OUT start_at timestamptz, OUT end_at timestamptz)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.report_days(from_on, until_on);
    start_at := mjc.algiers_start(from_on);
    end_at := mjc.algiers_start(until_on + 1);
END
$$;
COMMENT ON FUNCTION mjc.report_span(date, date) IS
    'The instants between which the days of a report lie, the first in it and the second not. Errors: MJ003, MJ006, MJ741, MJ742';

CREATE FUNCTION mjc.report_period(from_on date, until_on date, period text)
    RETURNS TABLE (starts_on date, ends_on date, previous_starts_on date, previous_ends_on date)
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    step interval := CASE period WHEN 'day' THEN interval '1 day' WHEN 'week' THEN interval '1 week' WHEN 'month' THEN interval '1 month' END;
BEGIN
    PERFORM mjc.report_days(from_on, until_on);
    IF step IS NULL THEN
        PERFORM mjc.raise(CASE WHEN period IS NULL THEN 'ARGUMENT_MISSING' ELSE 'ARGUMENT_INVALID' END, 'argument', 'period');
    END IF;
    RETURN QUERY
        SELECT x.starts, x.ends, least(x.before + (x.starts - x.first), x.first),
               CASE WHEN x.ends = x.last THEN x.first - 1 ELSE least(x.before + (x.ends - x.first), x.first - 1) END
          FROM (SELECT g::date AS first, (g + step)::date - 1 AS last, (g - step)::date AS before, greatest(g::date, from_on) AS starts,
                       least((g + step)::date - 1, until_on) AS ends
                  FROM generate_series(date_trunc(period, from_on::timestamp), until_on::timestamp, step) g) x
         ORDER BY 1;
END
$$;
COMMENT ON FUNCTION mjc.report_period(date, date, text) IS
    'The days, weeks (from Monday) or months of a window, the first and the last cut to it, each with the same part of the one before it: of a month that has run ten days, the first ten days of the month before; of a whole one, the whole. A part that month did not have is empty (it ends before it starts). Errors: MJ003, MJ006, MJ010, MJ741, MJ742';

CREATE FUNCTION mjc.growth_pct(current numeric, before numeric) RETURNS numeric
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN CASE WHEN before > 0 THEN round((current - before) * 100 / before, 2) END;
END
$$;
COMMENT ON FUNCTION mjc.growth_pct(numeric, numeric) IS
    'Growth in per cent of what was before, two decimals; NULL when there was nothing before (the routes show 0)';

CREATE FUNCTION mjc.report_window(timeframe text, start_at timestamptz, end_at timestamptz, at timestamptz, OUT from_on date, OUT until_on date)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    days integer := CASE coalesce(timeframe, '30d') WHEN '7d' THEN 7 WHEN '30d' THEN 30 WHEN '90d' THEN 90 WHEN '1y' THEN 365 END;
BEGIN
    IF days IS NULL THEN
        PERFORM mjc.raise('ARGUMENT_INVALID', 'argument', 'timeframe');
    END IF;
    until_on := coalesce(mjc.algiers_date(end_at), mjc.algiers_date(at));
    IF until_on NOT BETWEEN '1901-01-01' AND '9990-01-01' THEN
        PERFORM mjc.raise('ARGUMENT_RANGE', 'argument', 'endDate');
    END IF;
    from_on := coalesce(mjc.algiers_date(start_at), until_on - days + 1);
    IF from_on NOT BETWEEN '1900-01-01' AND '9990-01-01' THEN
        PERFORM mjc.raise('ARGUMENT_RANGE', 'argument', 'startDate');
    END IF;
    PERFORM mjc.report_days(from_on, until_on);
END
$$;
COMMENT ON FUNCTION mjc.report_window(text, timestamptz, timestamptz, timestamptz) IS
    'The days that a request is about: those of two instants in Africa/Algiers, both included, else 7d, 30d (unless told), 90d or 1y (365 days) that end with the last one or with the day of at. Errors: MJ006, MJ010, MJ741, MJ742';
