SELECT count(*) FROM (SELECT session_id FROM bench.event GROUP BY session_id) x;
