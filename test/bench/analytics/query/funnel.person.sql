SELECT count(*) FILTER (WHERE reached >= 1), count(*) FILTER (WHERE reached >= 2), count(*) FILTER (WHERE reached >= 3), count(*) FILTER (WHERE reached >= 4)
  FROM (SELECT mjc.funnel(at, CASE kind WHEN 'view_item' THEN 1 WHEN 'add_to_cart' THEN 2 WHEN 'begin_checkout' THEN 3 WHEN 'purchase' THEN 4 END, '7 days') AS reached
          FROM bench.event GROUP BY session_id) x;
