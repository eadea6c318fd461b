-- year.sql - a year of :orders orders, folded: one line each of what the dashboard does not read is left out.
-- psql variables: orders, customers
SET synchronous_commit = off;
INSERT INTO mjc.customer (customer_id, kind, created_at)
SELECT ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'guest', now() - (n % 365) * interval '1 day' FROM generate_series(1, :customers) n;
INSERT INTO mjc.order (order_id, reference, customer_id, channel, order_state, payment_state, fulfilment_state, subtotal_centimes, shipping_centimes,
                       tax_centimes, total_centimes, payment_method, wilaya_code, estimated_on, placed_at, updated_at)
SELECT ('10000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'YEAR-' || n, ('00000000-0000-4000-8000-' || lpad((1 + n % :customers)::text, 12, '0'))::uuid,
       'web', 'confirmed', 'pending', 'unfulfilled', 100000, 0, 15966, 100000, 'CASH_ON_DELIVERY', lpad((1 + n % 58)::text, 2, '0'), current_date,
       now() - (n % 365) * interval '1 day', now()
  FROM generate_series(1, :orders) n;
INSERT INTO mjc.sale_day (dim, on_day, key, orders, cancelled_orders, units, returned_units, total_centimes, returned_centimes, discount_centimes, shipping_centimes,
                          stamp_duty_centimes, tax_centimes, returned_tax_centimes, refunded_centimes, sold_ht_centimes, cost_centimes)
SELECT d.dim, mjc.algiers_date(o.placed_at), d.key, count(*), 0, count(*), 0, sum(o.total_centimes), 0, 0, 0, 0, sum(o.tax_centimes), 0, 0, 0, 0
  FROM mjc.order o
 CROSS JOIN LATERAL (VALUES ('all', ''), ('wilaya', o.wilaya_code), ('channel', o.channel), ('payment_method', o.payment_method), ('customer_group', o.customer_group)) d (dim, key)
 WHERE o.reference LIKE 'YEAR-%'
 GROUP BY 1, 2, 3;
INSERT INTO mjc.customer_day (on_day, customers)
SELECT mjc.algiers_date(c.created_at), count(*) FROM mjc.customer c GROUP BY 1
ON CONFLICT (on_day) DO UPDATE SET customers = EXCLUDED.customers;
VACUUM ANALYZE mjc.customer, mjc.order, mjc.sale_day, mjc.customer_day;
SELECT mjc.staff_create('year_staff', 'Banc', 'year@example.test', 'ADMIN', '$2b$12$' || repeat('a', 53)) AS admin \gset
SELECT set_config('bench.admin', :'admin', false) \g /dev/null
CREATE FUNCTION pg_temp.dashboard() RETURNS double precision LANGUAGE plpgsql AS $$
DECLARE
    started timestamptz := clock_timestamp();
BEGIN
    PERFORM mjc_api.staff_dashboard(current_setting('bench.admin')::uuid, 0, gen_random_uuid(), '1y');
    RETURN extract(epoch FROM clock_timestamp() - started) * 1000;
END $$;
SELECT pg_temp.dashboard() FROM generate_series(1, 5) \g /dev/null
SELECT round(percentile_disc(0.5) WITHIN GROUP (ORDER BY ms)::numeric, 2), round(min(ms)::numeric, 2), round(max(ms)::numeric, 2)
  FROM (SELECT pg_temp.dashboard() AS ms FROM generate_series(1, 25)) t;
