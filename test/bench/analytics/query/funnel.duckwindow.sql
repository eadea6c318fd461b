-- For each event of a person in order, the latest start of a chain that has reached each step:
-- what a window function can say of all events before. One sort for all.
WITH step AS (
    SELECT session_id, "at", CASE kind WHEN 'view_item' THEN 1 WHEN 'add_to_cart' THEN 2 WHEN 'begin_checkout' THEN 3 ELSE 4 END AS n
      FROM bench.event WHERE kind IN ('view_item', 'add_to_cart', 'begin_checkout', 'purchase')
), one AS (
    SELECT *, max(CASE WHEN n = 1 THEN "at" END) OVER w AS s1 FROM step
    WINDOW w AS (PARTITION BY session_id ORDER BY "at", n ROWS UNBOUNDED PRECEDING)
), two AS (
    SELECT *, max(CASE WHEN n = 2 AND "at" - s1 <= interval '7 days' THEN s1 END) OVER w AS s2 FROM one
    WINDOW w AS (PARTITION BY session_id ORDER BY "at", n ROWS UNBOUNDED PRECEDING)
), three AS (
    SELECT *, max(CASE WHEN n = 3 AND "at" - s2 <= interval '7 days' THEN s2 END) OVER w AS s3 FROM two
    WINDOW w AS (PARTITION BY session_id ORDER BY "at", n ROWS UNBOUNDED PRECEDING)
), person AS (
    SELECT session_id, max(CASE WHEN s1 IS NULL THEN 0 WHEN s2 IS NULL THEN 1 WHEN s3 IS NULL THEN 2 WHEN n = 4 AND "at" - s3 <= interval '7 days' THEN 4 ELSE 3 END) AS reached
      FROM three GROUP BY session_id
)
SELECT count(*) FILTER (WHERE reached >= 1), count(*) FILTER (WHERE reached >= 2), count(*) FILTER (WHERE reached >= 3), count(*) FILTER (WHERE reached >= 4) FROM person;
