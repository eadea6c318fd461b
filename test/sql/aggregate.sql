-- aggregate: funnel, funnel_counts, retention, active_periods, sessionize, distinct_count. Small
-- cases by hand; on random events serial = parallel = parts in any order = plain SQL.
BEGIN;
SELECT plan(312);
SET LOCAL timezone = 'Pacific/Auckland'; -- days are Algiers', wherever one sits

CREATE FUNCTION pg_temp.id(n integer) RETURNS uuid
    LANGUAGE sql IMMUTABLE
    AS $$ SELECT lpad(to_hex(n), 32, '0')::uuid $$;

-- funnel: minutes and steps of one person, by hand
CREATE FUNCTION pg_temp.reached(minutes numeric[], steps integer[], within interval DEFAULT '1 hour') RETURNS integer
    LANGUAGE sql
    AS $$ SELECT mjc.funnel(timestamptz '2026-03-01' + m * interval '1 minute', s, within) FROM unnest(minutes, steps) e (m, s) $$;
SELECT is(pg_temp.reached(m, s), r, w)
  FROM (VALUES
    ('{0,10,20,30}'::numeric[], '{1,2,3,4}'::integer[], 4, 'all steps in order'),
    ('{0}', '{1}', 1, 'the first alone'),
    ('{0,10}', '{2,3}', 0, 'none without the first'),
    ('{0,10}', '{2,1}', 1, 'the second before the first does not count'),
    ('{0,10,20}', '{1,3,2}', 2, 'a step is not skipped'),
    ('{30,0,20,10}', '{4,1,3,2}', 4, 'rows in any order'),
    ('{0,60}', '{1,2}', 2, 'the window ends with its last moment'),
    ('{0,60.000000001}', '{1,2}', 2, 'less than a microsecond is no time'),
    ('{0,60.0001}', '{1,2}', 1, 'and after that it is closed'),
    ('{0,50,70}', '{1,2,3}', 2, 'the window begins with the first step, not with the last'),
    ('{0,50,55,70}', '{1,1,2,3}', 3, 'a later start of the chain is better'),
    ('{0,10,59,65}', '{1,2,1,3}', 2, 'but not a start after the second step'),
    ('{0,10,61,70,80}', '{1,2,1,2,3}', 3, 'a new chain goes further than an old one'),
    ('{0,10,20,61,70}', '{1,2,3,1,2}', 3, 'an old chain stays the best'),
    ('{5,5,5}', '{3,1,2}', 3, 'equal times count in the order of the steps'),
    ('{0,0,1}', '{1,1,2}', 2, 'a step may come twice'),
    ('{0,1,2,3}', '{1,0,2,NULL}', 2, 'step 0 and NULL are no steps'),
    ('{0,NULL,2}', '{1,2,3}', 1, 'a NULL time does not count'),
    ('{NULL,1}', '{1,2}', 0, 'nor begins anything'),
    ('{0}', '{0}', 0, 'nothing that counts'),
    ('{}', '{}', 0, 'no row')) v (m, s, r, w);
SELECT is((SELECT mjc.funnel(timestamptz '2026-03-01' + n * interval '1 s', n, '30 s') FROM generate_series(1, 31) n), 31, 'as many as 31 steps');
SELECT is((SELECT mjc.funnel(timestamptz '2026-03-01' + n * interval '1 s', n, '29.999999 s') FROM generate_series(1, 31) n), 30, 'the last just too late');
SELECT is((SELECT mjc.funnel(at, n, '1 day') FROM (VALUES (timestamptz '2026-03-28 12:00+01', 1), ('2026-03-29 12:00+01', 2)) v (at, n)), 2, 'a day is 24 hours');
SELECT is((SELECT mjc.funnel(at, n, '100000000 days') FROM (VALUES (timestamptz '4000-01-01 BC', 1), ('11000-01-01', 2)) v (at, n)), 2, 'ages apart');
SELECT is((SELECT mjc.funnel(at, n, interval '-1 day 25 hours') FROM (VALUES (timestamptz '2026-03-01 00:00+01', 1), ('2026-03-01 01:00+01', 2)) v (at, n)), 2, 'days and hours are added up');

-- funnel_counts, by hand
CREATE TEMP TABLE hand (who uuid, at timestamptz, step integer);
INSERT INTO hand
SELECT pg_temp.id(p), timestamptz '2026-03-01' + m * interval '1 minute', s
  FROM (VALUES (1, 0, 1), (1, 1, 2), (1, 2, 3), (2, 0, 1), (2, 90, 2), (3, 0, 1), (3, 5, 2), (4, 3, 2), (5, 0, 0), (6, 0, NULL), (NULL, 0, 1), (7, NULL, 1)) v (p, m, s);
SELECT is((SELECT mjc.funnel_counts(who, at, step, '1 hour', 3) FROM hand), '{3,2,1}', 'funnel_counts: persons by step');
SELECT is((SELECT mjc.funnel_counts(who, at, step, '1 hour', 5) FROM hand), '{3,2,1,0,0}', 'steps that nobody has');
SELECT is((SELECT mjc.funnel_counts(who, at, step, '1 hour', 1) FROM hand WHERE step = 1), '{3}', 'a single step');
SELECT is((SELECT mjc.funnel_counts(who, at, step, '2 hours', 3) FROM hand), '{3,3,1}', 'a longer window');
SELECT is((SELECT mjc.funnel_counts(who, at, 0, '1 hour', 3) FROM hand), '{0,0,0}', 'zeros when no row counts');
SELECT is((SELECT mjc.funnel_counts(who, at, step, '1 hour', 3) FROM hand WHERE false), NULL, 'NULL without any row');
SELECT is((SELECT mjc.funnel_counts(who, at, step, '1 hour', 3) FILTER (WHERE step > 9) FROM hand), NULL, 'nor with one, past FILTER');
SELECT is((SELECT mjc.funnel_counts(pg_temp.id(1), timestamptz '2026-03-01' + n * interval '1 s', n, '1 hour', 31) FROM generate_series(1, 31) n),
          array_fill(1::bigint, ARRAY[31]), '31 steps');

-- retention and active_periods, by hand; 2026-03-02 is a Monday
CREATE FUNCTION pg_temp.cohorts(ats timestamptz[], whos integer[], period text, periods integer) RETURNS text
    LANGUAGE sql
    AS $$ SELECT coalesce(string_agg(c.cohort || ' ' || c.active::text, ' ' ORDER BY ord), '') FROM (SELECT mjc.retention(pg_temp.id(w), at, period, periods) r FROM unnest(ats, whos) e (at, w)) x,
                 unnest(x.r) WITH ORDINALITY c (cohort, active, ord) $$;
SELECT is(pg_temp.cohorts('{2026-03-01 10:00+01}', '{1}', 'week', 2), '2026-02-23 {1,0,0}', 'a Sunday ends its week');
SELECT is(pg_temp.cohorts('{2026-03-02 00:00+01}', '{1}', 'week', 2), '2026-03-02 {1,0,0}', 'a Monday begins one');
SELECT is(pg_temp.cohorts('{2026-03-01 23:59:59.999999+01}', '{1}', 'day', 1), '2026-03-01 {1,0}', 'the last moment of a day in Algiers');
SELECT is(pg_temp.cohorts('{2026-03-01 23:00+00}', '{1}', 'day', 1), '2026-03-02 {1,0}', 'the first of the next, still the day before in UTC');
SELECT is(pg_temp.cohorts('{2026-02-28 23:30+00}', '{1}', 'month', 1), '2026-03-01 {1,0}', 'so it is with months');
SELECT is(pg_temp.cohorts('{2026-03-02 12:00+01,2026-03-03 12:00+01,2026-03-16 12:00+01,2026-03-02 12:00+01,2026-03-09 12:00+01,2026-03-09 12:00+01}', '{1,1,1,2,2,3}', 'week', 2),
          '2026-03-02 {2,1,1} 2026-03-09 {1,0,0}', 'two cohorts');
SELECT is(pg_temp.cohorts('{2026-03-09 12:00+01,2026-03-16 12:00+01,2026-03-02 12:00+01}', '{1,1,1}', 'week', 2), '2026-03-02 {1,1,1}', 'an earlier visit that comes later moves the person');
SELECT is(pg_temp.cohorts('{2026-03-30 12:00+01,2026-03-02 12:00+01}', '{1,1}', 'week', 3), '2026-03-02 {1,0,0,0}', 'what is after the periods does not count');
SELECT is(pg_temp.cohorts('{2026-03-30 12:00+01,2026-03-02 12:00+01}', '{1,1}', 'week', 4), '2026-03-02 {1,0,0,0,1}', 'the last of them does');
SELECT is(pg_temp.cohorts('{2025-11-02 12:00+01,2026-03-02 12:00+01,1999-12-31 12:00+01,2000-01-01 12:00+01}', '{1,1,2,2}', 'month', 12),
          '1999-12-01 {1,1,0,0,0,0,0,0,0,0,0,0,0} 2025-11-01 {1,0,0,0,1,0,0,0,0,0,0,0,0}', 'months over the years');
SELECT is(pg_temp.cohorts('{2026-03-02 12:00+01,2026-05-03 12:00+01,2020-01-01 12:00+01}', '{1,1,2}', 'day', 62),
          '2020-01-01 ' || (ARRAY[1::bigint] || array_fill(0::bigint, ARRAY[62]))::text || ' 2026-03-02 ' || (ARRAY[1::bigint] || array_fill(0::bigint, ARRAY[61]) || 1::bigint)::text, '62 periods');
SELECT is(pg_temp.cohorts('{2020-01-01 12:00+01,2026-03-02 12:00+01}', '{1,1}', 'day', 62), '2020-01-01 ' || (ARRAY[1::bigint] || array_fill(0::bigint, ARRAY[62]))::text, 'years later');
SELECT is(pg_temp.cohorts('{2026-03-02 12:00+01,2020-01-01 12:00+01}', '{1,1}', 'day', 62), '2020-01-01 ' || (ARRAY[1::bigint] || array_fill(0::bigint, ARRAY[62]))::text, 'years earlier');
SELECT is(pg_temp.cohorts('{2026-03-02 12:00+01,NULL}', '{NULL,1}', 'day', 1), '', 'NULLs do not count');
SELECT is((SELECT mjc.retention(who, at, 'day', 1) FROM hand WHERE who IS NULL), '{}', 'then there is no cohort');
SELECT is((SELECT mjc.retention(who, at, 'day', 1) FROM hand WHERE false), NULL, 'NULL without any row');
SELECT is((SELECT mjc.active_periods(at, 'week', '2026-03-04') FROM unnest('{2026-03-02 00:00+01,2026-03-16 12:00+01,2026-03-17 12:00+01,2026-03-01 12:00+01,NULL}'::timestamptz[]) at), 5::bigint, 'active_periods: the week of origin is bit 0, what is before does not count');
SELECT is((SELECT mjc.active_periods(timestamptz '2026-03-01 12:00+01' + n * interval '24 hours', 'day', '2026-03-01') FROM generate_series(0, 99) n), (1::bigint << 62) - 1, 'bits 0 to 61');
SELECT is((SELECT mjc.active_periods(at, 'day', '2026-03-01') FROM hand WHERE false), 0::bigint, 'none without a row');

-- sessionize, by hand
CREATE FUNCTION pg_temp.sessions(minutes numeric[], gap interval DEFAULT '30 minutes') RETURNS text
    LANGUAGE sql
    AS $$ SELECT coalesce(string_agg(round(extract(epoch FROM lower(r) - timestamptz '2026-03-01') / 60) || '-' || round(extract(epoch FROM upper(r) - timestamptz '2026-03-01') / 60) || CASE WHEN lower_inc(r) AND upper_inc(r) THEN '' ELSE '!' END, ' '), '')
            FROM (SELECT mjc.sessionize(timestamptz '2026-03-01' + m * interval '1 minute', gap) s FROM unnest(minutes) m) x, unnest(x.s) r $$;
SELECT is(pg_temp.sessions(m), s, w)
  FROM (VALUES ('{5}'::numeric[], '5-5', 'sessionize: one event'), ('{0,30}', '0-30', 'the gap itself parts nothing'), ('{0,30.001}', '0-0 30-30', 'a little more does'),
               ('{0,20,40,60,100}', '0-60 100-100', 'a chain'), ('{100,0,60,20,40}', '0-60 100-100', 'in any order'), ('{0,60,30}', '0-60', 'an event between joins two'),
               ('{60,0,200,30,170,100}', '0-60 100-100 170-200', 'several'), ('{0,0,0}', '0-0', 'the same time again'), ('{NULL,3}', '3-3', 'NULL does not count'), ('{NULL}', '', 'nothing that counts'), ('{}', '', 'no row')) v (m, s, w);
SELECT is((SELECT mjc.sessionize(at, '30 minutes') FROM hand WHERE false), '{}'::tstzmultirange, 'empty, not NULL');
SELECT is((SELECT count(*) FROM (SELECT unnest(mjc.sessionize(timestamptz '2026-03-01' + (n * 7919 % 10000) * interval '1 hour', '59 minutes')) FROM generate_series(1, 10000) n) x), 10000::bigint, 'ten thousand sessions in no order');
SELECT is((SELECT mjc.sessionize(timestamptz '2026-03-01' + (n * 7919 % 10000) * interval '1 hour', '1 hour') FROM generate_series(0, 9999) n),
          tstzmultirange(tstzrange('2026-03-01', timestamptz '2026-03-01' + 9999 * interval '1 hour', '[]')), 'or one of ten thousand events');

-- distinct_count, by hand
SELECT is((SELECT mjc.distinct_count(who) FROM hand), 7::bigint, 'distinct_count: NULL does not count');
SELECT is((SELECT mjc.distinct_count(who) FROM hand WHERE false), 0::bigint, 'none');
SELECT is((SELECT mjc.distinct_count(x) FROM unnest(ARRAY['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff', '00000000-0000-0000-0000-000000000000']::uuid[]) x), 2::bigint, 'all zeros is an id like any other');

-- Errors
CREATE FUNCTION pg_temp.refused(call text, code text, what text) RETURNS text
    LANGUAGE sql
    AS $$ SELECT throws_ok(replace(replace('SELECT mjc.' || call || $q$ FROM (VALUES ('00000000-0000-0000-0000-000000000001'::uuid, timestamptz '2026-03-01', 1), ('00000000-0000-0000-0000-000000000002', '2026-03-02', 2)) v (who, at, n)$q$, '@f', $q$'infinity'::timestamptz$q$), '@', ''), code, NULL, format('%s: %s', code, what)) $$;
SELECT pg_temp.refused(c, e, w)
  FROM (VALUES
    ('funnel(at, -1, ''1 h'')', 'MJ006', 'funnel: a step below 0'), ('funnel(at, 32, ''1 h'')', 'MJ006', 'funnel: a step above 31'),
    ('funnel(at, n, NULL)', 'MJ003', 'funnel: no window'), ('funnel(at, NULL, NULL)', 'MJ003', 'funnel: nor when no row counts'), ('funnel(at, n, ''0'')', 'MJ006', 'funnel: an empty window'), ('funnel(at, n, ''-1 s'')', 'MJ006', 'funnel: a negative window'),
    ('funnel(at, n, ''1 month'')', 'MJ006', 'funnel: a month has no length'), ('funnel(at, n, ''1 month -10 days'')', 'MJ006', 'funnel: hidden in days'), ('funnel(at, n, ''200000000 days'')', 'MJ006', 'funnel: a window past 64 bits'),
    ('funnel(at, n, n * interval ''1 h'')', 'MJ722', 'funnel: two windows'),
    ('funnel(''infinity'', n, ''1 h'')', 'MJ006', 'funnel: an infinite time'), ('funnel(''-infinity'', n, ''1 h'')', 'MJ006', 'funnel: before all time'),
    ('funnel(''11200-01-01'', n, ''1 h'')', 'MJ006', 'funnel: a time too late to be packed'),
    ('funnel_counts(who, at, n, ''1 h'', NULL)', 'MJ003', 'funnel_counts: no steps'), ('funnel_counts(who, at, n, NULL, 2)', 'MJ003', 'funnel_counts: no window'),
    ('funnel_counts(who, at, n, ''1 h'', 0)', 'MJ006', 'funnel_counts: 0 steps'), ('funnel_counts(who, at, n, ''1 h'', 32)', 'MJ006', 'funnel_counts: 32 steps'),
    ('funnel_counts(who, at, n, ''1 h'', 1)', 'MJ006', 'funnel_counts: a step above steps'), ('funnel_counts(who, at, -n, ''1 h'', 2)', 'MJ006', 'funnel_counts: a step below 0'), ('funnel_counts(who, at, n, ''0'', 2)', 'MJ006', 'funnel_counts: an empty window'),
    ('funnel_counts(who, at, n, n * interval ''1 h'', 2)', 'MJ722', 'funnel_counts: two windows'), ('funnel_counts(who, at, n, ''1 h'', 1 + n)', 'MJ722', 'funnel_counts: two numbers of steps'),
    ('funnel_counts(who, ''infinity'', n, ''1 h'', 2)', 'MJ006', 'funnel_counts: an infinite time'),
    ('retention(who, at, NULL, 2)', 'MJ003', 'retention: no period'), ('retention(who, at, ''week'', NULL)', 'MJ003', 'retention: no periods'), ('retention(who, at, ''year'', 2)', 'MJ010', 'retention: another period'),
    ('retention(who, at, ''Day'', 2)', 'MJ010', 'retention: in capitals'), ('retention(who, at, '''', 2)', 'MJ010', 'retention: no word'), ('retention(who, at, ''day'', 0)', 'MJ006', 'retention: 0 periods'), ('retention(who, at, ''day'', 63)', 'MJ006', 'retention: 63 periods'),
    ('retention(who, at, CASE n WHEN 1 THEN ''day'' ELSE ''week'' END, 2)', 'MJ722', 'retention: two periods'), ('retention(who, at, ''day'', n)', 'MJ722', 'retention: two numbers'), ('retention(who, ''-infinity'', ''day'', 2)', 'MJ006', 'retention: an infinite time'),
    ('active_periods(at, NULL, ''2026-01-01'')', 'MJ003', 'active_periods: no period'), ('active_periods(at, ''day'', NULL)', 'MJ003', 'active_periods: no origin'), ('active_periods(at, ''hour'', ''2026-01-01'')', 'MJ010', 'active_periods: another period'),
    ('active_periods(at, ''day'', ''infinity'')', 'MJ006', 'active_periods: an infinite origin'), ('active_periods(''infinity'', ''day'', ''2026-01-01'')', 'MJ006', 'active_periods: an infinite time'),
    ('sessionize(at, NULL)', 'MJ003', 'sessionize: no gap'), ('sessionize(at, ''0'')', 'MJ006', 'sessionize: no length'), ('sessionize(at, ''-1 s'')', 'MJ006', 'sessionize: a negative gap'), ('sessionize(at, ''1 month'')', 'MJ006', 'sessionize: a month'),
    ('sessionize(at, n * interval ''1 h'')', 'MJ722', 'sessionize: two gaps'), ('sessionize(''infinity'', ''1 h'')', 'MJ006', 'sessionize: an infinite time')) v (c, e, w);
SELECT throws_ok(format('SELECT mjc.%s', c), 'MJ724', NULL, format('MJ724: %s is not called by itself', c))
  FROM unnest(ARRAY['funnel_add(NULL, now(), 1, ''1 h'')', 'funnel_combine(NULL, NULL)', 'funnel_end(NULL)', 'sessionize_add(NULL, now(), ''1 h'')', 'sessionize_combine(NULL, NULL)', 'sessionize_end(NULL)',
                    'funnel_counts_add(NULL, NULL, now(), 1, ''1 h'', 1)', 'funnel_counts_combine(NULL, NULL)', 'funnel_counts_end(NULL)', 'retention_add(NULL, NULL, now(), ''day'', 1)', 'retention_combine(NULL, NULL)', 'retention_end(NULL)',
                    'distinct_count_add(NULL, NULL)', 'distinct_count_combine(NULL, NULL)', 'distinct_count_end(NULL)']) c;

-- Memory
SET LOCAL mjc.aggregate_memory = '64kB';
SELECT throws_ok(format('SELECT mjc.%s FROM generate_series(1, 10000) n', c), 'MJ721', NULL, format('MJ721: %s', w))
  FROM (VALUES ('funnel(timestamptz ''2026-03-01'' + n * interval ''1 s'', 1, ''1 h'')', 'funnel: 10 000 events of one person'), ('sessionize(timestamptz ''2026-03-01'' + n * interval ''1 h'', ''1 s'')', 'sessionize: 10 000 sessions'),
               ('funnel_counts(pg_temp.id(n % 10), timestamptz ''2026-03-01'', 1, ''1 h'', 1)', 'funnel_counts: events'), ('funnel_counts(pg_temp.id(n), timestamptz ''2026-03-01'', 1, ''1 h'', 1)', 'funnel_counts: persons'),
               ('retention(pg_temp.id(n), timestamptz ''2026-03-01'', ''day'', 1)', 'retention: persons'), ('distinct_count(pg_temp.id(n))', 'distinct_count: ids')) v (c, w);
SELECT is((SELECT sum(r) FROM (SELECT mjc.funnel(timestamptz '2026-03-01' + n * interval '1 s', 1, '1 h') r FROM generate_series(1, 100000) n GROUP BY n % 1000) x), 1000::bigint, 'each group has that memory');
SELECT is((SELECT mjc.funnel_counts(pg_temp.id(n % 10), timestamptz '2026-03-01' + n * interval '1 s', 1 + n % 2, '1 h', 2) FROM generate_series(1, 4000) n), '{5,0}', 'what fits is counted');
SET LOCAL mjc.aggregate_memory = '256MB';

-- Random events: quarters of an hour, so that there are equal times; some NULL
SELECT setseed(0.42) \g /dev/null
CREATE TABLE public.agg_event AS
SELECT n, CASE WHEN random() > 0.01 THEN pg_temp.id((400 * power(random(), 1.5))::integer) END AS who,
       CASE WHEN random() > 0.01 THEN timestamptz '2026-02-25 00:00+01' + floor(random() * 3840) * interval '15 minutes' END AS at,
       (ARRAY[1, 1, 1, 2, 2, 2, 3, 3, 4, 4, 5, 0, NULL])[1 + floor(random() * 13)::integer] AS step
  FROM generate_series(1, 30000) n;
CREATE INDEX ON public.agg_event (who, step, at);
ANALYZE public.agg_event;

-- The model begins at each event of step 1 and takes the earliest next step; the aggregate goes over the events once.
CREATE TEMP TABLE model_funnel AS
WITH RECURSIVE chain AS (
    SELECT w.within, e.who, e.at AS start, e.at, 1 AS n FROM public.agg_event e, (VALUES (interval '2 hours'), ('1 day'), ('10 days')) w (within) WHERE e.step = 1
    UNION ALL
    SELECT c.within, c.who, c.start, x.at, c.n + 1
      FROM chain c CROSS JOIN LATERAL (SELECT min(e.at) AS at FROM public.agg_event e WHERE e.who = c.who AND e.step = c.n + 1 AND e.at >= c.at) x
     WHERE x.at - c.start <= c.within)
SELECT w.within, e.who, coalesce(max(c.n), 0) AS reached
  FROM (SELECT DISTINCT who FROM public.agg_event WHERE who IS NOT NULL) e
 CROSS JOIN (VALUES (interval '2 hours'), ('1 day'), ('10 days')) w (within)
  LEFT JOIN chain c ON c.within = w.within AND c.who = e.who AND c.start IS NOT NULL
 GROUP BY 1, 2;
SELECT cmp_ok((SELECT min(k) FROM (SELECT count(DISTINCT reached) k FROM model_funnel GROUP BY within) x), '>=', 3::bigint, 'the random events reach different steps');
CREATE TEMP TABLE model_counts AS
SELECT within, (SELECT array_agg((SELECT count(*) FROM model_funnel m WHERE m.within = w.within AND m.reached >= k) ORDER BY k) FROM generate_series(1, 5) k) AS counts FROM (SELECT DISTINCT within FROM model_funnel) w;
CREATE TEMP TABLE model_retention AS
WITH seen AS (SELECT DISTINCT u, who, date_trunc(u, timezone('Africa/Algiers', at))::date AS period FROM public.agg_event, unnest(ARRAY['day', 'week', 'month']) u WHERE who IS NOT NULL AND at IS NOT NULL),
     member AS (SELECT u, who, period, min(period) OVER (PARTITION BY u, who) AS cohort FROM seen),
     counted AS (SELECT u, cohort, period, count(*) FROM member GROUP BY 1, 2, 3)
SELECT c.u, c.cohort, (SELECT array_agg(coalesce(x.count, 0) ORDER BY k) FROM generate_series(0, 3) k
                         LEFT JOIN counted x ON x.u = c.u AND x.cohort = c.cohort AND x.period = (c.cohort + k * ('1 ' || c.u)::interval)::date) AS active
  FROM counted c WHERE c.period = c.cohort;
CREATE TEMP TABLE model_sessions AS
SELECT g.gap, s.who, range_agg(s.r) AS sessions
  FROM (VALUES (interval '30 minutes'), ('12 hours')) g (gap)
 CROSS JOIN LATERAL (SELECT who, tstzrange(min(at), max(at), '[]') AS r
                       FROM (SELECT who, at, count(*) FILTER (WHERE fresh) OVER (PARTITION BY who ORDER BY at, n) AS session
                               FROM (SELECT who, at, n, at - lag(at) OVER (PARTITION BY who ORDER BY at, n) > g.gap AS fresh FROM public.agg_event WHERE who IS NOT NULL AND at IS NOT NULL) x) y
                      GROUP BY who, session) s
 GROUP BY 1, 2;

-- The same queries serial, in parallel, by sort, and with a hash that spills
CREATE FUNCTION pg_temp.plan_has(query text, pattern text) RETURNS boolean
    LANGUAGE plpgsql
AS $$
DECLARE
    line text;
    found boolean := false;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        found := found OR line ~ pattern;
    END LOOP;
    RETURN found;
END
$$;
CREATE TEMP TABLE query (name text, ours text, model text);
INSERT INTO query VALUES
    ('funnel by person', $$SELECT w.within, e.who, mjc.funnel(e.at, e.step, w.within) FROM public.agg_event e, (VALUES (interval '2 hours'), ('1 day'), ('10 days')) w (within) WHERE e.who IS NOT NULL GROUP BY 1, 2$$, 'SELECT within, who, reached FROM model_funnel'),
    ('funnel_counts, 2 hours', $$SELECT mjc.funnel_counts(who, at, step, '2 hours', 5) FROM public.agg_event$$, $$SELECT counts FROM model_counts WHERE within = '2 hours'$$),
    ('funnel_counts, a day', $$SELECT mjc.funnel_counts(who, at, step, '1 day', 5) FROM public.agg_event$$, $$SELECT counts FROM model_counts WHERE within = '1 day'$$),
    ('funnel_counts, 10 days', $$SELECT mjc.funnel_counts(who, at, step, '10 days', 5) FROM public.agg_event$$, $$SELECT counts FROM model_counts WHERE within = '10 days'$$),
    ('funnel_counts in groups', $$SELECT who, mjc.funnel_counts(who, at, step, '1 day', 5) FROM public.agg_event WHERE who IS NOT NULL GROUP BY who$$,
        $$SELECT who, (SELECT array_agg(CASE WHEN reached >= k THEN 1 ELSE 0 END::bigint ORDER BY k) FROM generate_series(1, 5) k) FROM model_funnel WHERE within = '1 day'$$),
    ('retention by day', $$SELECT c.cohort, c.active FROM unnest((SELECT mjc.retention(who, at, 'day', 3) FROM public.agg_event)) c$$, $$SELECT cohort, active FROM model_retention WHERE u = 'day'$$),
    ('retention by week', $$SELECT c.cohort, c.active FROM unnest((SELECT mjc.retention(who, at, 'week', 3) FROM public.agg_event)) c$$, $$SELECT cohort, active FROM model_retention WHERE u = 'week'$$),
    ('retention by month', $$SELECT c.cohort, c.active FROM unnest((SELECT mjc.retention(who, at, 'month', 3) FROM public.agg_event)) c$$, $$SELECT cohort, active FROM model_retention WHERE u = 'month'$$),
    ('active_periods', $$SELECT who, mjc.active_periods(at, 'week', '2026-02-25') FROM public.agg_event WHERE who IS NOT NULL GROUP BY who$$,
        $$SELECT who, coalesce(bit_or(1::bigint << (date_trunc('week', timezone('Africa/Algiers', at))::date - '2026-02-23') / 7), 0) FROM public.agg_event WHERE who IS NOT NULL GROUP BY who$$),
    ('sessionize', $$SELECT g.gap, e.who, mjc.sessionize(e.at, g.gap) FROM public.agg_event e, (VALUES (interval '30 minutes'), ('12 hours')) g (gap) WHERE e.who IS NOT NULL GROUP BY 1, 2$$, 'SELECT gap, who, sessions FROM model_sessions'),
    ('distinct_count', $$SELECT mjc.distinct_count(who) FROM public.agg_event$$, 'SELECT count(DISTINCT who) FROM public.agg_event'),
    ('distinct_count by step', $$SELECT step, mjc.distinct_count(who) FROM public.agg_event GROUP BY step$$, 'SELECT step, count(DISTINCT who) FROM public.agg_event GROUP BY step'),
    ('nothing', $$SELECT mjc.funnel(at, step, '1 h'), mjc.funnel_counts(who, at, step, '1 h', 3), mjc.retention(who, at, 'day', 3), mjc.active_periods(at, 'day', '2026-01-01'), mjc.sessionize(at, '1 h'), mjc.distinct_count(who) FROM public.agg_event WHERE n + 0 < 0$$,
        $$SELECT 0 AS a, NULL::bigint[] AS b, NULL::mjc.retention_cohort[] AS c, 0::bigint AS d, '{}'::tstzmultirange AS e, 0::bigint AS f$$),
    ('nothing that counts', $$SELECT mjc.funnel(at, NULL, '1 h'), mjc.funnel_counts(NULL, at, step, '1 h', 5), mjc.retention(NULL, at, 'day', 3), mjc.active_periods(NULL, 'day', '2026-01-01'), mjc.sessionize(NULL, '1 h'), mjc.distinct_count(NULL) FROM public.agg_event$$,
        $$SELECT 0 AS a, '{0,0,0,0,0}'::bigint[] AS b, '{}'::mjc.retention_cohort[] AS c, 0::bigint AS d, '{}'::tstzmultirange AS e, 0::bigint AS f$$);
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT bag_eq(ours, model, format('serial = SQL: %s', name)) FROM query;
SET LOCAL enable_hashagg = off;
SELECT bag_eq(ours, model, format('by sort = SQL: %s', name)) FROM query;
SET LOCAL enable_hashagg = on;
SET LOCAL enable_sort = off;
SET LOCAL work_mem = '64kB';
SELECT bag_eq(ours, model, format('with a hash that spills = SQL: %s', name)) FROM query WHERE ours ~ 'GROUP BY';
SET LOCAL work_mem = '64MB';
SET LOCAL enable_sort = on;
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL enable_indexonlyscan = off;
SET LOCAL enable_indexscan = off;
SELECT ok(pg_temp.plan_has(ours, 'Finalize.*Aggregate') AND pg_temp.plan_has(ours, 'Partial.*Aggregate'), format('the plan is partial and finalize: %s', name)) FROM query;
SELECT bag_eq(ours, model, format('in parallel = SQL: %s', name)) FROM query;
SET LOCAL parallel_leader_participation = off;
SELECT bag_eq(ours, model, format('in parallel, the leader waits = SQL: %s', name)) FROM query;
SET LOCAL parallel_leader_participation = on;

-- States by hand: parts in any order and number; bytes that are none
CREATE AGGREGATE public.agg_funnel_state(timestamptz, integer, interval) (SFUNC = mjc.funnel_add, STYPE = bytea);
CREATE AGGREGATE public.agg_funnel_of(bytea) (SFUNC = mjc.funnel_combine, STYPE = bytea, FINALFUNC = mjc.funnel_end);
CREATE AGGREGATE public.agg_sessionize_state(timestamptz, interval) (SFUNC = mjc.sessionize_add, STYPE = bytea);
CREATE AGGREGATE public.agg_sessionize_of(bytea) (SFUNC = mjc.sessionize_combine, STYPE = bytea, FINALFUNC = mjc.sessionize_end);
CREATE AGGREGATE public.agg_counts_state(uuid, timestamptz, integer, interval, integer) (SFUNC = mjc.funnel_counts_add, STYPE = bytea);
CREATE AGGREGATE public.agg_counts_of(bytea) (SFUNC = mjc.funnel_counts_combine, STYPE = bytea, FINALFUNC = mjc.funnel_counts_end);
CREATE AGGREGATE public.agg_retention_state(uuid, timestamptz, text, integer) (SFUNC = mjc.retention_add, STYPE = bytea);
CREATE AGGREGATE public.agg_retention_of(bytea) (SFUNC = mjc.retention_combine, STYPE = bytea, FINALFUNC = mjc.retention_end);
CREATE AGGREGATE public.agg_distinct_state(uuid) (SFUNC = mjc.distinct_count_add, STYPE = bytea);
CREATE AGGREGATE public.agg_distinct_of(bytea) (SFUNC = mjc.distinct_count_combine, STYPE = bytea, FINALFUNC = mjc.distinct_count_end);
SET LOCAL max_parallel_workers_per_gather = 0;
CREATE TEMP TABLE parts AS SELECT k, e.*, floor(random() * k)::integer AS part FROM public.agg_event e, unnest(ARRAY[1, 2, 7, 100]) k WHERE e.who IS NOT NULL;
SELECT is_empty(format($$SELECT 1 FROM (SELECT within, who, public.agg_funnel_of(s ORDER BY random()) AS reached FROM (SELECT w.within, who, public.agg_funnel_state(at, step, w.within) AS s FROM parts, (VALUES (interval '2 hours'), ('10 days')) w (within) WHERE k = %s GROUP BY w.within, who, part) x GROUP BY 1, 2) y
                           FULL JOIN (SELECT * FROM model_funnel WHERE within <> '1 day') m USING (within, who) WHERE y.reached IS DISTINCT FROM m.reached$$, k), format('funnel of %s parts', k)) FROM unnest(ARRAY[1, 2, 7, 100]) k;
SELECT is_empty(format($$SELECT 1 FROM (SELECT gap, who, public.agg_sessionize_of(s ORDER BY random()) AS sessions FROM (SELECT g.gap, who, public.agg_sessionize_state(at, g.gap) AS s FROM parts, (VALUES (interval '30 minutes'), ('12 hours')) g (gap) WHERE k = %s GROUP BY g.gap, who, part) x GROUP BY 1, 2) y
                           FULL JOIN model_sessions m USING (gap, who) WHERE y.sessions IS DISTINCT FROM m.sessions$$, k), format('sessionize of %s parts', k)) FROM unnest(ARRAY[1, 2, 7, 100]) k;
SELECT is((SELECT public.agg_counts_of(s ORDER BY random()) FROM (SELECT public.agg_counts_state(who, at, step, '1 day', 5) AS s FROM parts WHERE parts.k = v.k GROUP BY part) x), (SELECT counts FROM model_counts WHERE within = '1 day'), format('funnel_counts of %s parts', v.k)) FROM unnest(ARRAY[1, 2, 7, 100]) v (k);
SELECT results_eq(format($$SELECT c.cohort, c.active FROM unnest((SELECT public.agg_retention_of(s ORDER BY random()) FROM (SELECT public.agg_retention_state(who, at, 'week', 3) AS s FROM parts WHERE parts.k = %s GROUP BY part) x)) c$$, k),
                  $$SELECT cohort, active FROM model_retention WHERE u = 'week' ORDER BY 1$$, format('retention of %s parts', k)) FROM unnest(ARRAY[1, 2, 7, 100]) k;
SELECT is((SELECT public.agg_distinct_of(s ORDER BY random()) FROM (SELECT public.agg_distinct_state(who) AS s FROM parts WHERE parts.k = v.k GROUP BY part) x), (SELECT count(DISTINCT who) FROM public.agg_event), format('distinct_count of %s parts', v.k)) FROM unnest(ARRAY[1, 2, 7, 100]) v (k);

CREATE TEMP TABLE state (name text, s bytea);
INSERT INTO state
SELECT 'funnel', public.agg_funnel_state(at, step, '1 hour') FROM hand UNION ALL SELECT 'sessionize', public.agg_sessionize_state(at, '1 second') FROM hand
UNION ALL SELECT 'counts', public.agg_counts_state(who, at, step, '1 hour', 3) FROM hand UNION ALL SELECT 'retention', public.agg_retention_state(who, at, 'day', 3) FROM hand
UNION ALL SELECT 'distinct', public.agg_distinct_state(who) FROM hand;
CREATE FUNCTION pg_temp.outcome(name text, s bytea) RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    t text;
BEGIN
    EXECUTE format('SELECT public.agg_%s_of(x)::text FROM (VALUES ($1), ($1)) v (x)', name) INTO t USING s;
    RETURN 'a result';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END
$$;
SELECT is(pg_temp.outcome(name, s), 'a result', format('%s: the state as it is', name)) FROM state;
SELECT is(pg_temp.outcome(a.name, b.s), 'MJ723', format('MJ723: a state of %s is none of %s', b.name, a.name)) FROM state a JOIN state b ON a.name <> b.name;
SELECT is(pg_temp.outcome(name, x), 'MJ723', format('MJ723: %s of %s bytes', name, length(x))) FROM state, (VALUES (''::bytea), ('\x00'), (decode(repeat('00', 200), 'hex')), (decode(repeat('ff', 200), 'hex'))) v (x);
SELECT is_empty($$SELECT name, n, o FROM (SELECT name, n, pg_temp.outcome(name, substr(s, 1, n)) AS o FROM state, generate_series(0, length(s) - 1) n) x
                   WHERE o <> 'MJ723' AND NOT (o = 'a result' AND name IN ('funnel', 'sessionize'))$$, 'a state that was cut is refused, unless what is gone was not in use');
SELECT is_empty($$SELECT name, o FROM (SELECT name, pg_temp.outcome(name, set_byte(set_byte(s, floor(random() * length(s))::integer, floor(random() * 256)::integer), floor(random() * length(s))::integer, floor(random() * 256)::integer)) AS o FROM state, generate_series(1, 3000)) x
                   WHERE o NOT IN ('a result', 'MJ723', '22000', '22008')$$, 'bytes changed at random give a result or a clear error');
SELECT is((SELECT pg_temp.outcome('retention', set_byte(s, 28 + 24 + 3, 127)) FROM state WHERE name = 'retention'), 'MJ723', 'MJ723: a cohort beyond all time');
-- After a head of 28 bytes (its length is no part of a bytea's bytes) 4 persons of 32, their numbers last; at the end the numbers of the events' persons.
SELECT is((SELECT pg_temp.outcome('counts', x) FROM state, LATERAL (SELECT CASE c WHEN 1 THEN set_byte(s, length(s) - 4, 5) WHEN 2 THEN set_byte(s, length(s) - 4, 0) WHEN 3 THEN set_byte(s, length(s) - 2, 1)
             WHEN 4 THEN set_byte(s, 56, 0) WHEN 5 THEN set_byte(s, 56, 5) ELSE set_byte(set_byte(set_byte(set_byte(s, 56, 1), 88, 1), 120, 1), 152, 1) END AS x) y WHERE name = 'counts'), 'MJ723', format('MJ723: %s', w))
  FROM (VALUES (1, 'an event of a fifth of four persons'), (2, 'of none'), (3, 'of one far off'), (4, 'a person without a number'), (5, 'a number too many'), (6, 'one number for all')) v (c, w);
SELECT is(pg_temp.outcome(name, overlay(s PLACING '\x0000000000000000'::bytea FROM CASE WHEN name = 'counts' THEN 5 ELSE 13 END)), 'MJ723', format('MJ723: %s without a length', name)) FROM state WHERE name IN ('funnel', 'sessionize', 'counts');
SELECT throws_ok($$SELECT public.agg_funnel_of(s) FROM (SELECT public.agg_funnel_state(at, step, within) AS s FROM hand, (VALUES (interval '1 h'), ('2 h')) w (within) GROUP BY within) x$$, 'MJ722', NULL, 'MJ722: parts with different windows');
SELECT throws_ok($$SELECT public.agg_sessionize_of(s) FROM (SELECT public.agg_sessionize_state(at, within) AS s FROM hand, (VALUES (interval '1 h'), ('2 h')) w (within) GROUP BY within) x$$, 'MJ722', NULL, 'MJ722: with different gaps');
SELECT throws_ok($$SELECT public.agg_counts_of(s) FROM (SELECT public.agg_counts_state(who, at, step, '1 h', k) AS s FROM hand, (VALUES (3), (4)) w (k) GROUP BY k) x$$, 'MJ722', NULL, 'MJ722: with different steps');
SELECT throws_ok($$SELECT public.agg_retention_of(s) FROM (SELECT public.agg_retention_state(who, at, k, 3) AS s FROM hand, (VALUES ('day'), ('week')) w (k) GROUP BY k) x$$, 'MJ722', NULL, 'MJ722: with different periods');

-- Windows, FILTER, GROUPING SETS
SELECT is_empty($$SELECT 1 FROM (SELECT who, at, mjc.funnel(at, step, '1 day') OVER (PARTITION BY who ORDER BY at) AS r FROM public.agg_event WHERE who < pg_temp.id(9)) x
                   WHERE r IS DISTINCT FROM (SELECT mjc.funnel(e.at, e.step, '1 day') FROM public.agg_event e WHERE e.who = x.who AND (x.at IS NULL OR e.at <= x.at))$$, 'a running funnel');
SELECT is_empty($$SELECT 1 FROM (SELECT n, mjc.distinct_count(who) OVER (ORDER BY n ROWS 20 PRECEDING) AS d, mjc.funnel_counts(who, at, step, '5 days', 5) OVER (ORDER BY n ROWS 20 PRECEDING) AS f, mjc.sessionize(at, '1 day') OVER (ORDER BY n ROWS 20 PRECEDING) AS s FROM public.agg_event WHERE n <= 500) x
                   WHERE (d, f, s) IS DISTINCT FROM (SELECT (mjc.distinct_count(who), mjc.funnel_counts(who, at, step, '5 days', 5), mjc.sessionize(at, '1 day')) FROM public.agg_event e WHERE e.n BETWEEN x.n - 20 AND x.n)$$, 'moving windows');
SELECT is_empty($$SELECT 1 FROM (SELECT n, mjc.retention(who, at, 'week', 2) OVER (ORDER BY n) AS r FROM public.agg_event WHERE n <= 300) x
                   WHERE r IS DISTINCT FROM (SELECT mjc.retention(who, at, 'week', 2) FROM public.agg_event e WHERE e.n <= x.n)$$, 'a running retention');
SELECT bag_eq($$SELECT who, mjc.funnel(at, step, '1 day') FILTER (WHERE step <= 2) FROM public.agg_event WHERE who IS NOT NULL GROUP BY ROLLUP (who) HAVING who IS NOT NULL$$,
              $$SELECT who, least(reached, 2) FROM model_funnel WHERE within = '1 day'$$, 'FILTER and ROLLUP');

-- Days in Algiers are those of the time zone data, also when France's summer time was there
CREATE TEMP TABLE moment AS SELECT n, timestamptz '1880-01-01' + random() * interval '160 years' AS at FROM generate_series(1, 3000) n
UNION ALL SELECT n, timestamptz '1976-01-01' + random() * interval '6 years' FROM generate_series(3001, 6000) n;
INSERT INTO moment VALUES (0, '4713-02-01 BC'), (-1, '294276-12-30');
SELECT is_empty(format($$SELECT n, at FROM (SELECT n, at, (unnest(r)).cohort FROM (SELECT n, at, mjc.retention(pg_temp.id(1), at, %1$L, 1) AS r FROM moment GROUP BY n, at) x) y WHERE cohort <> date_trunc(%1$L, timezone('Africa/Algiers', at))::date$$, u), format('the %s of any time', u)) FROM unnest(ARRAY['day', 'week', 'month']) u;
SELECT is_empty(format($$SELECT 1 FROM (SELECT coalesce(bit_or(mjc), 0) AS a, coalesce(bit_or(sql), 0) AS b FROM (SELECT n / 60 AS g, at, mjc.active_periods(at, %1$L, '1977-01-01') AS mjc, CASE WHEN k BETWEEN 0 AND 61 THEN 1::bigint << k ELSE 0 END AS sql
                     FROM (SELECT *, CASE %1$L WHEN 'day' THEN d - '1977-01-01' WHEN 'week' THEN floor((d - '1976-12-27') / 7.0) ELSE (extract(year FROM d) - 1977) * 12 + extract(month FROM d) - 1 END::integer AS k FROM (SELECT n, at, timezone('Africa/Algiers', at)::date AS d FROM moment WHERE n > 3000) z) y GROUP BY n, at, k) x GROUP BY g) w WHERE a <> b$$, u), format('active_periods by %s', u)) FROM unnest(ARRAY['day', 'week', 'month']) u;

-- Estimators: exact without them, close with them
SELECT set_eq($$SELECT estimator, version IS NULL, in_schema FROM mjc.estimators()$$,
              $$SELECT n, e.oid IS NULL, s.nspname::text FROM unnest(ARRAY['hll', 'tdigest']) n LEFT JOIN pg_extension e ON e.extname = n LEFT JOIN pg_namespace s ON s.oid = e.extnamespace$$, 'the estimators that are here are named');
SELECT NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'hll') AS no_hll, NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'tdigest') AS no_tdigest \gset
\if :no_hll
SELECT skip('postgresql-15-hll is not installed on this server', 2);
\else
CREATE SCHEMA agg_hll;
CREATE EXTENSION hll SCHEMA agg_hll;
SELECT is((SELECT in_schema FROM mjc.estimators() WHERE estimator = 'hll' AND version IS NOT NULL), 'agg_hll', 'hll is told with its schema');
SET LOCAL search_path = public, tap, agg_hll;
SELECT cmp_ok((SELECT abs(hll_cardinality(hll_add_agg(hll_hash_bytea(uuid_send(pg_temp.id(n))))) / mjc.distinct_count(pg_temp.id(n)) - 1) FROM generate_series(1, 20000) n), '<', 0.1::double precision, 'an estimate of hll is within a tenth of the exact count');
SET LOCAL search_path = public, tap;
\endif
\if :no_tdigest
SELECT skip('postgresql-15-tdigest is not installed on this server', 2);
\else
CREATE SCHEMA agg_tdigest;
CREATE EXTENSION tdigest SCHEMA agg_tdigest;
SELECT is((SELECT in_schema FROM mjc.estimators() WHERE estimator = 'tdigest' AND version IS NOT NULL), 'agg_tdigest', 'tdigest is told with its schema');
SET LOCAL search_path = public, tap, agg_tdigest;
SELECT cmp_ok((SELECT abs(tdigest_percentile((n * 7919 % 20000)::double precision, 100, 0.95) / percentile_disc(0.95) WITHIN GROUP (ORDER BY n * 7919 % 20000) - 1) FROM generate_series(1, 20000) n), '<', 0.02::double precision, 'an estimate of tdigest is within two hundredths of the exact one');
SET LOCAL search_path = public, tap;
\endif

-- The analyst may
GRANT USAGE ON SCHEMA tap TO mjc_analyst;
SET LOCAL ROLE mjc_analyst;
SELECT is((SELECT mjc.funnel(at, n, '1 h') FROM (VALUES (timestamptz '2026-03-01', 1)) v (at, n)), 1, 'an analyst may use them');
SELECT throws_ok($$SELECT mjc.funnel_add(NULL, now(), 1, '1 h')$$, '42501', NULL, 'but not their parts');
SELECT throws_ok($$SET mjc.aggregate_memory = '512MB'$$, '42501', NULL, 'nor take more memory');
RESET ROLE;
SELECT * FROM finish();
ROLLBACK;
