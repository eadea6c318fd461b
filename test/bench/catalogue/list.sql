-- list.sql - how long pages of lists take in the catalogue of fill.sql: each kind of page :calls times, of
-- categories as people meet them (that of any product, one time in four the one above it). Prints
-- tab-separated: kind, calls, p50, p95 and longest of the time on the CPU, p95 of the time that passed
-- (milliseconds). On a machine that others use too the first is what it takes when they do not.
SET jit = off;
SET max_parallel_workers_per_gather = 0;
SET client_min_messages = warning;
SELECT setseed(0.42) \g /dev/null
CREATE TEMP TABLE picked AS
SELECT row_number() OVER () AS n, c.slug, u.slug AS above, m.slug AS maker
  FROM (SELECT p.category_id, p.manufacturer_id FROM mjc.product p WHERE p.sku LIKE 'BANC-%' AND random() < 0.002 LIMIT 500) p
  JOIN mjc.category c ON c.category_id = p.category_id JOIN mjc.category u ON u.category_id = c.parent_id
  JOIN mjc.manufacturer m ON m.manufacturer_id = p.manufacturer_id;
CREATE TEMP TABLE kind (name text, in_category boolean, by_maker boolean, in_stock boolean, featured boolean, low bigint, high bigint, page integer, sort text, direction text);
INSERT INTO kind
SELECT concat_ws(' ', f.name, s.sort, s.direction), f.in_category, f.by_maker, f.in_stock, f.featured, f.low, f.high, f.page, s.sort, s.direction
  FROM (VALUES ('all', false, false, NULL::boolean, NULL::boolean, NULL::bigint, NULL::bigint, 1), ('all, in stock', false, false, true, NULL, NULL, NULL, 1),
               ('all, priced', false, false, NULL, NULL, 100000, 200000, 1), ('category', true, false, NULL, NULL, NULL, NULL, 1),
               ('category, in stock', true, false, true, NULL, NULL, NULL, 1), ('category, featured', true, false, NULL, true, NULL, NULL, 1),
               ('category, priced', true, false, NULL, NULL, 100000, 500000, 1), ('category, maker', true, true, NULL, NULL, NULL, NULL, 1),
               ('category, maker, in stock', true, true, true, NULL, NULL, NULL, 1), ('maker', false, true, NULL, NULL, NULL, NULL, 1), ('category, page 10', true, false, NULL, NULL, NULL, NULL, 10),
               ('category, page 500', true, false, NULL, NULL, NULL, NULL, 500)) f (name, in_category, by_maker, in_stock, featured, low, high, page),
       (VALUES ('createdAt', 'desc'), ('createdAt', 'asc'), ('price', 'asc'), ('price', 'desc'), ('name', 'asc'), ('updatedAt', 'desc')) s (sort, direction);
CREATE FUNCTION pg_temp.cpu() RETURNS double precision LANGUAGE sql AS $$ SELECT split_part(pg_read_file('/proc/self/schedstat'), ' ', 1)::double precision / 1000000 $$;
CREATE FUNCTION pg_temp.times(k kind, calls integer, OUT cpu double precision, OUT wall double precision) RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
    began timestamptz;
    p picked;
BEGIN
    FOR i IN 1 .. calls LOOP
        SELECT * INTO p FROM picked WHERE n = 1 + (i * 7) % (SELECT count(*) FROM picked);
        began := clock_timestamp();
        cpu := pg_temp.cpu();
        PERFORM mjc_api.product_list(NULL, NULL, NULL, k.page, 20, NULL, CASE WHEN k.in_category THEN CASE WHEN i % 4 = 0 THEN p.above ELSE p.slug END END,
                    CASE WHEN k.by_maker THEN p.maker END, NULL, NULL, k.low, k.high, k.featured, k.in_stock, NULL, k.sort, k.direction);
        cpu := pg_temp.cpu() - cpu;
        wall := extract(epoch FROM clock_timestamp() - began) * 1000;
        RETURN NEXT;
    END LOOP;
END
$$;
SELECT pg_temp.times(k, 3) FROM kind k \g /dev/null
SELECT format(E'%s\t%s\t%s\t%s\t%s\t%s', k.name, count(*), round(percentile_cont(0.5) WITHIN GROUP (ORDER BY t.cpu)::numeric, 2),
              round(percentile_cont(0.95) WITHIN GROUP (ORDER BY t.cpu)::numeric, 2), round(max(t.cpu)::numeric, 2),
              round(percentile_cont(0.95) WITHIN GROUP (ORDER BY t.wall)::numeric, 2))
  FROM kind k, LATERAL pg_temp.times(k, :calls) t GROUP BY k.name ORDER BY k.name;
