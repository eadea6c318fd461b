SELECT at::date, sum(value_centimes) FROM bench.event WHERE kind = 'purchase' GROUP BY 1 ORDER BY 1;
