-- The session's time zone is Africa/Algiers; day 0 of the weeks is a Monday.
WITH active AS MATERIALIZED (
    SELECT session_id, (at::date - date '2000-01-03') / 7 AS week FROM bench.event GROUP BY 1, 2
), first AS (
    SELECT session_id, min(week) AS cohort FROM active GROUP BY session_id
)
SELECT date '2000-01-03' + 7 * cohort, week - cohort, count(*) FROM active JOIN first USING (session_id) WHERE week - cohort <= 12 GROUP BY 1, 2 ORDER BY 1, 2;
