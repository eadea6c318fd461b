SELECT c.cohort, a.n - 1, a.active
  FROM unnest((SELECT mjc.retention(session_id, at, 'week', 12) FROM bench.event)) c, unnest(c.active) WITH ORDINALITY a (active, n)
 WHERE a.active > 0 ORDER BY 1, 2;
