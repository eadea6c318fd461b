-- build.sql - what building the documents of :parts products at once costs each.
SELECT array_agg(p.product_id) AS ids FROM (SELECT product_id FROM mjc.product WHERE sku LIKE 'BANC-%' ORDER BY sku LIMIT :parts) p \gset
SELECT clock_timestamp() AS began \gset
SELECT mjc.product_changed(:'ids') \g /dev/null
SELECT format('building a document anew: %s us a product, %s at once',
              round(extract(epoch FROM clock_timestamp() - :'began'::timestamptz) * 1000000 / :parts), :parts);
