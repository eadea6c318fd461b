SELECT mjc.distinct_count(session_id) FROM bench.event;
