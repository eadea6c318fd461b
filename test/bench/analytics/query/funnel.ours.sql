SELECT f[1], f[2], f[3], f[4]
  FROM (SELECT mjc.funnel_counts(session_id, at, CASE kind WHEN 'view_item' THEN 1 WHEN 'add_to_cart' THEN 2 WHEN 'begin_checkout' THEN 3 WHEN 'purchase' THEN 4 END, '7 days', 4) AS f
          FROM bench.event) x;
