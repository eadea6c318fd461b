-- sale: sales figures by day are folded; extension/sale.c tells how they stay exact. Customers are
-- counted in the same way.

CREATE FUNCTION mjc.customer_count(id uuid, change integer) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO mjc.customer_delta (delta_id, change, on_day)
    SELECT mjc.uuid_v7(), customer_count.change, mjc.algiers_date(c.created_at) FROM mjc.customer c
     WHERE c.customer_id = id AND c.merged_into IS NULL AND c.status <> 'erased';
END
$$;
COMMENT ON FUNCTION mjc.customer_count(uuid, integer) IS
    'For rules: a customer was made (1), or is about to be erased, deleted or joined to another (-1)';

-- One statement: the marks that go, and the orders as they stand, are of one snapshot. A mark that
-- was replaced meanwhile is skipped. Rows are added to in one order, so that two folds wait for
-- each other at most.
CREATE FUNCTION mjc.sale_fold(batch integer DEFAULT 500) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    taken bigint;
    counted bigint;
BEGIN
    WITH due AS MATERIALIZED (
        SELECT p.order_id FROM mjc.sale_pending p LIMIT batch FOR UPDATE SKIP LOCKED),
    old AS MATERIALIZED (
        SELECT d.order_id, d.delta_id, d.dim, d.key FROM mjc.sale_delta d LIMIT batch * 10 FOR UPDATE SKIP LOCKED),
    opened AS (
        DELETE FROM mjc.sale_pending p USING due WHERE p.order_id = due.order_id RETURNING p.order_id),
    corrected AS (
        DELETE FROM mjc.sale_delta d USING old
         WHERE d.order_id = old.order_id AND d.delta_id = old.delta_id AND d.dim = old.dim AND d.key = old.key
        RETURNING d.dim, d.on_day, d.key, d.orders, d.cancelled_orders, d.units, d.returned_units, d.total_centimes, d.returned_centimes,
                  d.discount_centimes, d.shipping_centimes, d.stamp_duty_centimes, d.tax_centimes, d.returned_tax_centimes,
                  d.refunded_centimes, d.sold_ht_centimes, d.cost_centimes),
    added AS (
        SELECT f.dim, f.on_day, f.key, f.orders, f.cancelled_orders, f.units, f.returned_units, f.total_centimes, f.returned_centimes,
               f.discount_centimes, f.shipping_centimes, f.stamp_duty_centimes, f.tax_centimes, f.returned_tax_centimes,
               f.refunded_centimes, f.sold_ht_centimes, f.cost_centimes
          FROM opened o CROSS JOIN LATERAL (
               SELECT x.dim, x.on_day, x.key, x.orders, x.cancelled_orders, x.units, x.returned_units, x.total_centimes, x.returned_centimes,
                      x.discount_centimes, x.shipping_centimes, x.stamp_duty_centimes, x.tax_centimes, x.returned_tax_centimes,
                      x.refunded_centimes, x.sold_ht_centimes, x.cost_centimes
                 FROM mjc.sale_fact x WHERE x.order_id = o.order_id OFFSET 0) f
        UNION ALL
        TABLE corrected),
    folded AS (
        INSERT INTO mjc.sale_day AS s (dim, on_day, key, orders, cancelled_orders, units, returned_units, total_centimes, returned_centimes,
               discount_centimes, shipping_centimes, stamp_duty_centimes, tax_centimes, returned_tax_centimes, refunded_centimes,
               sold_ht_centimes, cost_centimes)
        SELECT a.dim, a.on_day, a.key, sum(a.orders), sum(a.cancelled_orders), sum(a.units), sum(a.returned_units), sum(a.total_centimes),
               sum(a.returned_centimes), sum(a.discount_centimes), sum(a.shipping_centimes), sum(a.stamp_duty_centimes), sum(a.tax_centimes),
               sum(a.returned_tax_centimes), sum(a.refunded_centimes), sum(a.sold_ht_centimes), sum(a.cost_centimes)
          FROM added a
         GROUP BY a.dim, a.on_day, a.key
         ORDER BY a.dim, a.on_day, a.key
        ON CONFLICT (dim, on_day, key) DO UPDATE
           SET orders = s.orders + EXCLUDED.orders, cancelled_orders = s.cancelled_orders + EXCLUDED.cancelled_orders,
               units = s.units + EXCLUDED.units, returned_units = s.returned_units + EXCLUDED.returned_units,
               total_centimes = s.total_centimes + EXCLUDED.total_centimes, returned_centimes = s.returned_centimes + EXCLUDED.returned_centimes,
               discount_centimes = s.discount_centimes + EXCLUDED.discount_centimes,
               shipping_centimes = s.shipping_centimes + EXCLUDED.shipping_centimes,
               stamp_duty_centimes = s.stamp_duty_centimes + EXCLUDED.stamp_duty_centimes,
               tax_centimes = s.tax_centimes + EXCLUDED.tax_centimes,
               returned_tax_centimes = s.returned_tax_centimes + EXCLUDED.returned_tax_centimes,
               refunded_centimes = s.refunded_centimes + EXCLUDED.refunded_centimes,
               sold_ht_centimes = s.sold_ht_centimes + EXCLUDED.sold_ht_centimes, cost_centimes = s.cost_centimes + EXCLUDED.cost_centimes)
    SELECT (SELECT count(*) FROM opened) + (SELECT count(*) FROM corrected) INTO taken;
    WITH due AS MATERIALIZED (
        SELECT d.delta_id FROM mjc.customer_delta d LIMIT batch FOR UPDATE SKIP LOCKED),
    gone AS (
        DELETE FROM mjc.customer_delta d USING due WHERE d.delta_id = due.delta_id RETURNING d.on_day, d.change),
    folded AS (
        INSERT INTO mjc.customer_day AS c (on_day, customers)
        SELECT g.on_day, sum(g.change) FROM gone g GROUP BY g.on_day ORDER BY g.on_day
        ON CONFLICT (on_day) DO UPDATE SET customers = c.customers + EXCLUDED.customers)
    SELECT count(*) INTO counted FROM gone;
    RETURN taken + counted;
END
$$;
COMMENT ON FUNCTION mjc.sale_fold(integer) IS
    'Adds orders that are pending, and corrections, to mjc.sale_day, customers who came and went to mjc.customer_day; returns how many rows it took. The figures that people read do not change by it. Safe at any time, anywhere twice. Run by a job';
