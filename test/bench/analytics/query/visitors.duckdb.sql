SELECT count(DISTINCT session_id) FROM bench.event;
