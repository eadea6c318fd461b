WITH active AS (
    SELECT session_id, (CAST("at" + INTERVAL 1 HOUR AS DATE) - DATE '2000-01-03') // 7 AS week FROM bench.event GROUP BY 1, 2
), first AS (
    SELECT session_id, min(week) AS cohort FROM active GROUP BY session_id
)
SELECT CAST(DATE '2000-01-03' + CAST(7 * cohort AS INTEGER) AS VARCHAR), week - cohort, count(*) FROM active JOIN first USING (session_id) WHERE week - cohort <= 12 GROUP BY 1, 2 ORDER BY 1, 2;
