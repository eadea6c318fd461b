-- events.sql - :events events of :events / 25 persons over 98 days, the same ones each time. A visit
-- looks at pages and products, may fill a cart, begin a checkout, buy: about one person in twenty does.
SELECT setseed(0.2026) \g /dev/null
SET max_parallel_workers_per_gather = 0;
SET work_mem = '512MB';
WITH person AS MATERIALIZED (
    SELECT p, 98 * 86400 * power(random(), 1.3) AS begins, 1 + floor(-ln(1 - random()) * 5.6)::integer AS visits
      FROM generate_series(1, :events / 25 + 1000) p
), visit AS MATERIALIZED (
    SELECT p, begins + CASE WHEN v = 1 THEN 0 ELSE (98 * 86400 - begins) * power(random(), 1.5) END AS seconds,
           1 + floor(random() * 4)::integer AS pages, floor(random() * 4)::integer AS products,
           random() < 0.15 AS fills, random() < 0.3 AS checks_out, random() < 0.3 AS buys
      FROM person, generate_series(1, visits) v
), step AS MATERIALIZED (
    SELECT p, i, seconds + 40 * (i - 1) + 35 * random() AS seconds, random() AS product, random() AS category,
           CASE WHEN i <= pages THEN CASE WHEN i % 2 = 0 THEN 'page_duration' ELSE 'page_view' END
                WHEN i <= pages + products THEN 'view_item'
                ELSE (ARRAY['add_to_cart', 'begin_checkout', 'purchase'])[i - pages - products] END AS kind
      FROM visit, generate_series(1, pages + products + CASE WHEN products = 0 OR NOT fills THEN 0 WHEN NOT checks_out THEN 1 WHEN NOT buys THEN 2 ELSE 3 END) i
)
INSERT INTO bench.event
SELECT md5('person ' || p)::uuid, md5('event ' || row_number() OVER ())::uuid, timestamptz '2026-01-05 00:00+01' + seconds * interval '1 s', kind,
       CASE WHEN kind LIKE 'page%' THEN '/fr/page/' || (category * 40)::integer END,
       CASE WHEN kind NOT LIKE 'page%' THEN md5('product ' || floor(2000 * power(product, 2)))::uuid END,
       CASE WHEN kind NOT LIKE 'page%' THEN md5('category ' || floor(40 * power(product, 2)))::uuid END,
       CASE WHEN kind IN ('add_to_cart', 'begin_checkout', 'purchase') THEN 50000 + floor(product * 2000)::bigint * 100 END,
       CASE WHEN kind = 'add_to_cart' THEN 1 + floor(category * 3)::integer END,
       CASE WHEN kind = 'page_duration' THEN floor(category * 60000)::integer END,
       CASE WHEN p % 4 = 0 THEN md5('customer ' || p)::uuid END, false, NULL
  FROM (SELECT * FROM step ORDER BY seconds, p, i LIMIT :events) x;
