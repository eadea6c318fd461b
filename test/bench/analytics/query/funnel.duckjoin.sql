-- For each event of step k, the latest start of a chain that reaches it, by joins from step to
-- step: few events are left after the first.
WITH one AS (
    SELECT session_id, "at" FROM bench.event WHERE kind = 'view_item'
), two AS (
    SELECT e.session_id, e."at", max(o."at") AS start
      FROM bench.event e JOIN one o ON o.session_id = e.session_id AND o."at" <= e."at" AND o."at" >= e."at" - interval '7 days'
     WHERE e.kind = 'add_to_cart' GROUP BY e.session_id, e."at"
), three AS (
    SELECT e.session_id, e."at", max(t.start) AS start
      FROM bench.event e JOIN two t ON t.session_id = e.session_id AND t."at" <= e."at" AND t.start >= e."at" - interval '7 days'
     WHERE e.kind = 'begin_checkout' GROUP BY e.session_id, e."at"
)
SELECT (SELECT count(*) FROM (SELECT session_id FROM one GROUP BY session_id) x),
       (SELECT count(*) FROM (SELECT session_id FROM two GROUP BY session_id) x),
       (SELECT count(*) FROM (SELECT session_id FROM three GROUP BY session_id) x),
       (SELECT count(*) FROM (SELECT e.session_id FROM bench.event e JOIN three t ON t.session_id = e.session_id AND t."at" <= e."at" AND t.start >= e."at" - interval '7 days'
                               WHERE e.kind = 'purchase' GROUP BY e.session_id) x);
