SELECT product_id, count(*) FROM bench.event WHERE kind = 'view_item' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20;
