SELECT CAST(CAST("at" + INTERVAL 1 HOUR AS DATE) AS VARCHAR), sum(value_centimes) FROM bench.event WHERE kind = 'purchase' GROUP BY 1 ORDER BY 1;
