-- Report functions: they read nothing but views of mjc_report and run as who calls them.
-- They stand here and not in the extension's script because they are over those views,
-- and in schema mjc_report, which outlives the extension. doc/reports.md defines every figure.
-- A function whose result changes is dropped before it is made again.
-- Where the rows that are read depend on the days, the plan is made for the days of each call
-- (plan_cache_mode): one for any days is slower, by a third for the customers of a year.

CREATE OR REPLACE FUNCTION mjc_report.sales_summary(from_on date, until_on date)
    RETURNS TABLE (days integer, orders bigint, cancelled_orders bigint, units bigint, returned_units bigint, gross_dzd numeric, returned_dzd numeric,
                   revenue_dzd numeric, average_order_dzd numeric, discount_dzd numeric, shipping_dzd numeric, stamp_duty_dzd numeric, tax_dzd numeric,
                   refunded_dzd numeric, sold_ht_dzd numeric, cost_dzd numeric, margin_dzd numeric, previous_orders bigint,
                   previous_revenue_dzd numeric, orders_growth_pct numeric, revenue_growth_pct numeric)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    n integer := mjc.report_days(from_on, until_on);
BEGIN
    RETURN QUERY
    WITH w AS (
        SELECT s.on_day >= from_on AS now, sum(s.orders) AS orders, sum(s.cancelled_orders) AS cancelled, sum(s.units) AS units, sum(s.returned_units) AS back,
               sum(s.gross_centimes) AS gross, sum(s.returned_centimes) AS returned, sum(s.revenue_centimes) AS revenue, sum(s.discount_centimes) AS discount,
               sum(s.shipping_centimes) AS shipping, sum(s.stamp_duty_centimes) AS duty, sum(s.tax_centimes) AS tax, sum(s.refunded_centimes) AS refunded,
               sum(s.sold_ht_centimes) AS sold, sum(s.cost_centimes) AS cost
          FROM mjc_report.sale_entry s
         WHERE s.dim = 'all' AND s.on_day BETWEEN from_on - n AND until_on
         GROUP BY 1)
    SELECT n, coalesce(w.orders, 0)::bigint, coalesce(w.cancelled, 0)::bigint, coalesce(w.units, 0)::bigint, coalesce(w.back, 0)::bigint,
           mjc.dzd(coalesce(w.gross, 0)::bigint), mjc.dzd(coalesce(w.returned, 0)::bigint), mjc.dzd(coalesce(w.revenue, 0)::bigint),
           round(mjc.dzd(w.revenue::bigint) / nullif(w.orders, 0), 2), mjc.dzd(coalesce(w.discount, 0)::bigint), mjc.dzd(coalesce(w.shipping, 0)::bigint),
           mjc.dzd(coalesce(w.duty, 0)::bigint), mjc.dzd(coalesce(w.tax, 0)::bigint), mjc.dzd(coalesce(w.refunded, 0)::bigint),
           mjc.dzd(coalesce(w.sold, 0)::bigint), mjc.dzd(coalesce(w.cost, 0)::bigint), mjc.dzd(coalesce(w.sold - w.cost, 0)::bigint),
           coalesce(b.orders, 0)::bigint, mjc.dzd(coalesce(b.revenue, 0)::bigint), mjc.growth_pct(coalesce(w.orders, 0), b.orders),
           mjc.growth_pct(coalesce(w.revenue, 0), b.revenue)
      FROM (VALUES (1)) always
      LEFT JOIN w ON w.now
      LEFT JOIN w b ON NOT b.now;
END
$$;
COMMENT ON FUNCTION mjc_report.sales_summary(date, date) IS
    'Figures of the days from the first to the last, both included, in dinars with tax unless the name says otherwise; one row, zeros when nothing was sold. average_order_dzd: revenue by order, NULL without orders. previous_*: of as many days just before; growth in per cent, NULL when there was nothing before. Errors: MJ003, MJ006, MJ741, MJ742';

-- Running sums: a period is the difference of two of them, however many days it has.
CREATE OR REPLACE FUNCTION mjc_report.sales_by_period(from_on date, until_on date, period text DEFAULT 'day')
    RETURNS TABLE (starts_on date, ends_on date, orders bigint, cancelled_orders bigint, units bigint, returned_units bigint, revenue_dzd numeric,
                   average_order_dzd numeric, refunded_dzd numeric, margin_dzd numeric, previous_revenue_dzd numeric, growth_pct numeric)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    first date := (SELECT min(p.previous_starts_on) - 1 FROM mjc.report_period(from_on, until_on, period) p);
BEGIN
    RETURN QUERY
    WITH day AS (
        SELECT g::date AS on_day, sum(s.orders) OVER w AS orders, sum(s.cancelled) OVER w AS cancelled, sum(s.units) OVER w AS units, sum(s.back) OVER w AS back,
               sum(s.revenue) OVER w AS revenue, sum(s.refunded) OVER w AS refunded, sum(s.margin) OVER w AS margin
          FROM generate_series(first::timestamp, until_on::timestamp, interval '1 day') g
          LEFT JOIN (SELECT e.on_day, sum(e.orders) AS orders, sum(e.cancelled_orders) AS cancelled, sum(e.units) AS units, sum(e.returned_units) AS back,
                            sum(e.revenue_centimes) AS revenue, sum(e.refunded_centimes) AS refunded, sum(e.sold_ht_centimes - e.cost_centimes) AS margin
                       FROM mjc_report.sale_entry e
                      WHERE e.dim = 'all' AND e.on_day BETWEEN first AND until_on
                      GROUP BY e.on_day) s ON s.on_day = g::date
        WINDOW w AS (ORDER BY g)),
    figure AS (
        SELECT p.starts_on, p.ends_on, coalesce(e.orders, 0) - coalesce(b.orders, 0) AS orders, coalesce(e.cancelled, 0) - coalesce(b.cancelled, 0) AS cancelled,
               coalesce(e.units, 0) - coalesce(b.units, 0) AS units, coalesce(e.back, 0) - coalesce(b.back, 0) AS back,
               coalesce(e.revenue, 0) - coalesce(b.revenue, 0) AS revenue, coalesce(e.refunded, 0) - coalesce(b.refunded, 0) AS refunded,
               coalesce(e.margin, 0) - coalesce(b.margin, 0) AS margin, coalesce(pe.revenue, 0) - coalesce(pb.revenue, 0) AS previous
          FROM mjc.report_period(from_on, until_on, period) p
          JOIN day e ON e.on_day = p.ends_on
          JOIN day b ON b.on_day = p.starts_on - 1
          JOIN day pe ON pe.on_day = p.previous_ends_on
          JOIN day pb ON pb.on_day = p.previous_starts_on - 1)
    SELECT f.starts_on, f.ends_on, f.orders::bigint, f.cancelled::bigint, f.units::bigint, f.back::bigint, mjc.dzd(f.revenue::bigint),
           round(mjc.dzd(f.revenue::bigint) / nullif(f.orders, 0), 2), mjc.dzd(f.refunded::bigint), mjc.dzd(f.margin::bigint),
           mjc.dzd(f.previous::bigint), mjc.growth_pct(f.revenue, f.previous)
      FROM figure f
     ORDER BY f.starts_on;
END
$$;
COMMENT ON FUNCTION mjc_report.sales_by_period(date, date, text) IS
    'Sales by day, week (from Monday) or month of a window, one row each, zeros where nothing was sold; the first and the last are cut to the window. Amounts in dinars; previous_revenue_dzd: of the same part of the period before; growth in per cent of it, NULL when that was 0. Errors: MJ003, MJ006, MJ010, MJ741, MJ742';

CREATE OR REPLACE FUNCTION mjc_report.sales_by(dim text, from_on date, until_on date)
    RETURNS TABLE (key text, name text, name_ar text, orders bigint, cancelled_orders bigint, units bigint, returned_units bigint, revenue_dzd numeric,
                   refunded_dzd numeric, margin_dzd numeric, share_pct numeric, previous_revenue_dzd numeric, growth_pct numeric)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    n integer := mjc.report_days(from_on, until_on);
    of_product boolean := dim IN ('category', 'manufacturer');
BEGIN
    IF dim IS NULL OR dim NOT IN ('wilaya', 'channel', 'payment_method', 'customer_group', 'product', 'category', 'manufacturer') THEN
        PERFORM mjc.raise(CASE WHEN dim IS NULL THEN 'ARGUMENT_MISSING' ELSE 'ARGUMENT_INVALID' END, 'argument', 'dim');
    END IF;
    RETURN QUERY
    WITH entry AS (
        SELECT s.key, sum(s.orders) FILTER (WHERE s.on_day >= from_on) AS orders, sum(s.cancelled_orders) FILTER (WHERE s.on_day >= from_on) AS cancelled,
               sum(s.units) FILTER (WHERE s.on_day >= from_on) AS units, sum(s.returned_units) FILTER (WHERE s.on_day >= from_on) AS back,
               sum(s.revenue_centimes) FILTER (WHERE s.on_day >= from_on) AS revenue, sum(s.refunded_centimes) FILTER (WHERE s.on_day >= from_on) AS refunded,
               sum(s.sold_ht_centimes - s.cost_centimes) FILTER (WHERE s.on_day >= from_on) AS margin,
               sum(s.orders) FILTER (WHERE s.on_day < from_on) AS before, sum(s.revenue_centimes) FILTER (WHERE s.on_day < from_on) AS previous
          FROM mjc_report.sale_entry s
         WHERE s.dim = CASE WHEN of_product THEN 'product' ELSE sales_by.dim END AND s.on_day BETWEEN from_on - n AND until_on
         GROUP BY s.key),
    grouped AS (
        SELECT CASE sales_by.dim WHEN 'category' THEN p.category_id::text WHEN 'manufacturer' THEN coalesce(p.manufacturer_id::text, '') ELSE e.key END AS key,
               coalesce(sum(e.orders), 0) AS orders, coalesce(sum(e.cancelled), 0) AS cancelled, coalesce(sum(e.units), 0) AS units, coalesce(sum(e.back), 0) AS back,
               coalesce(sum(e.revenue), 0) AS revenue, coalesce(sum(e.refunded), 0) AS refunded, coalesce(sum(e.margin), 0) AS margin,
               coalesce(sum(e.before), 0) AS before, coalesce(sum(e.previous), 0) AS previous
          FROM entry e
          LEFT JOIN mjc_report.product p ON of_product AND p.product_id = CASE WHEN of_product THEN e.key::uuid END
         GROUP BY 1)
    SELECT g.key, k.name, k.name_ar, CASE WHEN NOT of_product THEN g.orders END::bigint, CASE WHEN NOT of_product THEN g.cancelled END::bigint,
           g.units::bigint, g.back::bigint, mjc.dzd(g.revenue::bigint),
           CASE WHEN sales_by.dim NOT IN ('product', 'category', 'manufacturer') THEN mjc.dzd(g.refunded::bigint) END, mjc.dzd(g.margin::bigint),
           round(g.revenue * 100 / nullif(sum(g.revenue) OVER (), 0), 2), mjc.dzd(g.previous::bigint), mjc.growth_pct(g.revenue, g.previous)
      FROM grouped g
      LEFT JOIN mjc_report.sale_key k ON k.dim = sales_by.dim AND k.key = g.key
     WHERE g.orders <> 0 OR g.cancelled <> 0 OR g.before <> 0
     ORDER BY g.revenue DESC, g.key;
END
$$;
COMMENT ON FUNCTION mjc_report.sales_by(text, date, date) IS
    'Sales of a window split by wilaya, channel, payment_method, customer_group, product, category or manufacturer (of the product now), the most revenue first; what sold in as many days before and no more has a row too. key: code or id, empty when there is none. Amounts in dinars; of goods alone (without shipping and stamp duty) for products. share_pct: of the revenue of all rows. orders are NULL for category and manufacturer (an order may have several), refunded_dzd for all three of products (money is given back for orders). Errors: MJ003, MJ006, MJ010, MJ741, MJ742';

CREATE OR REPLACE FUNCTION mjc_report.top_products(from_on date, until_on date, most integer DEFAULT 10, sort_by text DEFAULT 'revenue')
    RETURNS TABLE (place bigint, product_id uuid, sku text, name text, category text, manufacturer text, orders bigint, units bigint,
                   revenue_dzd numeric, margin_dzd numeric)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $$
BEGIN
    PERFORM mjc.report_days(from_on, until_on);
    IF most IS NULL OR most NOT BETWEEN 1 AND 10000 THEN
        PERFORM mjc.raise(CASE WHEN most IS NULL THEN 'ARGUMENT_MISSING' ELSE 'ARGUMENT_RANGE' END, 'argument', 'most');
    ELSIF sort_by IS NULL OR sort_by NOT IN ('revenue', 'units', 'orders', 'margin') THEN
        PERFORM mjc.raise(CASE WHEN sort_by IS NULL THEN 'ARGUMENT_MISSING' ELSE 'ARGUMENT_INVALID' END, 'argument', 'sort_by');
    END IF;
    RETURN QUERY
    WITH sold AS (
        SELECT s.key, sum(s.orders) AS orders, sum(s.units - s.returned_units) AS units, sum(s.revenue_centimes) AS revenue,
               sum(s.sold_ht_centimes - s.cost_centimes) AS margin
          FROM mjc_report.sale_entry s
         WHERE s.dim = 'product' AND s.on_day BETWEEN from_on AND until_on
         GROUP BY s.key
        HAVING sum(s.orders) > 0),
    first AS (
        SELECT row_number() OVER (ORDER BY CASE sort_by WHEN 'revenue' THEN x.revenue WHEN 'units' THEN x.units WHEN 'orders' THEN x.orders ELSE x.margin END DESC, x.key) AS place,
               x.key, x.orders, x.units, x.revenue, x.margin
          FROM sold x
         ORDER BY 1 LIMIT most)
    SELECT f.place, f.key::uuid, p.sku, p.name, p.category, p.manufacturer, f.orders::bigint, f.units::bigint, mjc.dzd(f.revenue::bigint), mjc.dzd(f.margin::bigint)
      FROM first f
      LEFT JOIN mjc_report.product p ON p.product_id = f.key::uuid
     ORDER BY f.place;
END
$$;
COMMENT ON FUNCTION mjc_report.top_products(date, date, integer, text) IS
    'The products that were ordered most in a window: by revenue, units, orders or margin. orders: those it stands in, cancelled ones not; units: without those that came back; revenue in dinars with tax, of goods alone; margin of what was shipped, without tax. Reads a row for each product and day. Errors: MJ003, MJ006, MJ010, MJ741, MJ742';

CREATE OR REPLACE FUNCTION mjc_report.unsold_products(from_on date, until_on date)
    RETURNS TABLE (product_id uuid, sku text, name text, category text, manufacturer text, since date, on_hand bigint, value_dzd numeric)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.report_days(from_on, until_on);
    RETURN QUERY
    SELECT p.product_id, p.sku, p.name, p.category, p.manufacturer, mjc.algiers_date(p.created_at), st.on_hand, st.value_dzd
      FROM mjc_report.product p
      JOIN mjc_report.stock st ON st.product_id = p.product_id
      LEFT JOIN (SELECT s.key::uuid AS product_id, sum(s.units - s.returned_units) AS units
                   FROM mjc_report.sale_entry s
                  WHERE s.dim = 'product' AND s.on_day BETWEEN from_on AND until_on
                  GROUP BY s.key) sold ON sold.product_id = p.product_id
     WHERE (p.is_active OR st.on_hand > 0) AND mjc.algiers_date(p.created_at) < from_on AND coalesce(sold.units, 0) <= 0
     ORDER BY st.value_dzd DESC, p.sku;
END
$$;
COMMENT ON FUNCTION mjc_report.unsold_products(date, date) IS
    'Products of which no unit was sold and kept in a window, though they were there before it and are on offer or in stock; the most money on the shelf first. on_hand: units now; value_dzd: at average cost; since: the day the product was made. mjc_report.dead_stock goes by the day they last left. Errors: MJ003, MJ006, MJ741, MJ742';

CREATE OR REPLACE FUNCTION mjc_report.stock_cover(days integer DEFAULT 30, on_day date DEFAULT mjc.algiers_date(now()))
    RETURNS TABLE (product_id uuid, sku text, name text, available bigint, incoming bigint, units_sold bigint, units_a_day numeric, cover_days integer)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF days IS NULL OR days NOT BETWEEN 1 AND 366 THEN
        PERFORM mjc.raise(CASE WHEN days IS NULL THEN 'ARGUMENT_MISSING' ELSE 'ARGUMENT_RANGE' END, 'argument', 'days');
    ELSIF on_day IS NULL OR on_day NOT BETWEEN '1900-01-01' AND '9990-01-01' THEN
        PERFORM mjc.raise(CASE WHEN on_day IS NULL THEN 'ARGUMENT_MISSING' ELSE 'ARGUMENT_RANGE' END, 'argument', 'on_day');
    END IF;
    RETURN QUERY
    SELECT st.product_id, st.sku, st.name, st.available, st.incoming, coalesce(sold.units, 0)::bigint, round(coalesce(sold.units, 0) / stock_cover.days, 2),
           CASE WHEN sold.units > 0 THEN least(floor(greatest(st.available, 0) * stock_cover.days / sold.units), 99999) END::integer AS cover
      FROM mjc_report.stock st
      LEFT JOIN (SELECT s.key::uuid AS product_id, sum(s.units - s.returned_units) AS units
                   FROM mjc_report.sale_entry s
                  WHERE s.dim = 'product' AND s.on_day BETWEEN stock_cover.on_day - stock_cover.days + 1 AND stock_cover.on_day
                  GROUP BY s.key) sold ON sold.product_id = st.product_id
     WHERE sold.units > 0 OR st.available <> 0
     ORDER BY cover, st.sku;
END
$$;
COMMENT ON FUNCTION mjc_report.stock_cover(integer, date) IS
    'For how many days the units that can be promised now last, when as many a day are sold as in so many days (30) up to that one (today); what runs out first comes first. cover_days: whole days, NULL when none was sold, 99999 at most; units_sold: without those that came back. Errors: MJ003, MJ006';

------------------------------------------------------------------------ customers

CREATE OR REPLACE FUNCTION mjc_report.customers_by_period(from_on date, until_on date, period text DEFAULT 'month')
    RETURNS TABLE (starts_on date, ends_on date, new_customers bigint, returning_customers bigint, new_orders bigint, returning_orders bigint,
                   new_revenue_dzd numeric, returning_revenue_dzd numeric)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $$
BEGIN
    PERFORM FROM mjc.report_period(from_on, until_on, period);
    RETURN QUERY
    WITH placed AS MATERIALIZED (
        SELECT e.customer_id, greatest(date_trunc(period, e.on_day::timestamp)::date, from_on) AS starts, sum(e.orders) AS orders, sum(e.revenue_centimes) AS revenue
          FROM mjc_report.order_entry e
         WHERE e.placed_at >= mjc.algiers_start(from_on) AND e.placed_at < mjc.algiers_start(until_on + 1)
         GROUP BY 1, 2
        HAVING sum(e.orders) > 0),
    buyer AS (
        SELECT c.customer_id, f.on_day AS first_on
          FROM (SELECT DISTINCT x.customer_id FROM placed x) c
         CROSS JOIN LATERAL (SELECT e.on_day FROM mjc_report.order_entry e WHERE e.customer_id = c.customer_id AND e.orders > 0 ORDER BY e.placed_at LIMIT 1) f)
    SELECT p.starts_on, p.ends_on, count(*) FILTER (WHERE b.first_on >= p.starts_on), count(*) FILTER (WHERE b.first_on < p.starts_on),
           coalesce(sum(x.orders) FILTER (WHERE b.first_on >= p.starts_on), 0)::bigint, coalesce(sum(x.orders) FILTER (WHERE b.first_on < p.starts_on), 0)::bigint,
           mjc.dzd(coalesce(sum(x.revenue) FILTER (WHERE b.first_on >= p.starts_on), 0)::bigint),
           mjc.dzd(coalesce(sum(x.revenue) FILTER (WHERE b.first_on < p.starts_on), 0)::bigint)
      FROM mjc.report_period(from_on, until_on, period) p
      LEFT JOIN (placed x JOIN buyer b ON b.customer_id = x.customer_id) ON x.starts = p.starts_on
     GROUP BY 1, 2
     ORDER BY 1;
END
$$;
COMMENT ON FUNCTION mjc_report.customers_by_period(date, date, text) IS
    'Who bought by day, week or month of a window, one row each, zeros where nobody did; the first and the last are cut to the window. new: the first order that was not cancelled is of this period; returning: of an earlier one; with all their orders of the period and the revenue of those in dinars. Grows with the orders of the window. Errors: MJ003, MJ006, MJ010, MJ741, MJ742';

CREATE OR REPLACE FUNCTION mjc_report.cohort_retention(from_on date, until_on date)
    RETURNS TABLE (cohort date, month_no integer, customers bigint, active_customers bigint, retention_pct numeric)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    span record := mjc.report_span(from_on, until_on);
    first date := date_trunc('month', from_on::timestamp)::date;
BEGIN
    RETURN QUERY
    WITH active AS MATERIALIZED (
        SELECT DISTINCT e.customer_id, date_trunc('month', e.on_day::timestamp)::date AS month
          FROM mjc_report.order_entry e
         WHERE e.placed_at >= mjc.algiers_start(first) AND e.placed_at < span.end_at
           AND e.orders > 0),
    member AS MATERIALIZED (
        SELECT c.customer_id, c.month
          FROM (SELECT a.customer_id, min(a.month) AS month FROM active a GROUP BY a.customer_id) c
         WHERE NOT EXISTS (SELECT FROM mjc_report.order_entry e
                            WHERE e.customer_id = c.customer_id AND e.orders > 0 AND e.placed_at < mjc.algiers_start(first))),
    size AS (SELECT m.month, count(*) AS customers FROM member m GROUP BY m.month),
    seen AS (SELECT m.month, a.month AS at, count(*) AS customers FROM member m JOIN active a ON a.customer_id = m.customer_id GROUP BY 1, 2)
    SELECT s.month, ((extract(year FROM g) - extract(year FROM s.month)) * 12 + extract(month FROM g) - extract(month FROM s.month))::integer,
           s.customers, coalesce(x.customers, 0), round(coalesce(x.customers, 0) * 100.0 / s.customers, 2)
      FROM size s
     CROSS JOIN LATERAL generate_series(s.month::timestamp, until_on::timestamp, interval '1 month') g
      LEFT JOIN seen x ON x.month = s.month AND x.at = g::date
     ORDER BY 1, 2;
END
$$;
COMMENT ON FUNCTION mjc_report.cohort_retention(date, date) IS
    'Of the customers whose first order that was not cancelled is of a month (cohort: its first day), how many bought again in each month after (month_no 1, 2...; 0 is the month itself), up to the last day. Cohorts from the month of the first day on. retention_pct: active of all, per cent. Grows with the orders of the window. Errors: MJ003, MJ006, MJ741, MJ742';

-- Cumulative counts give equal customers equal scores, which ntile() does not.
CREATE OR REPLACE FUNCTION mjc_report.customer_rfm(on_day date DEFAULT mjc.algiers_date(now()))
    RETURNS TABLE (customer_id uuid, recency_days integer, frequency bigint, monetary_dzd numeric, recency_score integer, frequency_score integer, monetary_score integer)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $$
BEGIN
    IF on_day IS NULL OR on_day NOT BETWEEN '1900-01-01' AND '9990-01-01' THEN
        PERFORM mjc.raise(CASE WHEN on_day IS NULL THEN 'ARGUMENT_MISSING' ELSE 'ARGUMENT_RANGE' END, 'argument', 'on_day');
    END IF;
    RETURN QUERY
    WITH buyer AS (
        SELECT e.customer_id, customer_rfm.on_day - max(e.on_day) FILTER (WHERE e.orders > 0) AS recency, sum(e.orders) AS frequency, sum(e.revenue_centimes) AS monetary
          FROM mjc_report.order_entry e
         WHERE e.placed_at < mjc.algiers_start(customer_rfm.on_day + 1)
         GROUP BY e.customer_id
        HAVING sum(e.orders) > 0),
    placed AS (
        SELECT b.customer_id, b.recency, b.frequency, b.monetary, count(*) OVER () AS n, count(*) OVER (ORDER BY b.recency DESC) AS r,
               count(*) OVER (ORDER BY b.frequency) AS f, count(*) OVER (ORDER BY b.monetary) AS m
          FROM buyer b)
    SELECT p.customer_id, p.recency, p.frequency, mjc.dzd(p.monetary::bigint), ((p.r * 5 + p.n - 1) / p.n)::integer, ((p.f * 5 + p.n - 1) / p.n)::integer,
           ((p.m * 5 + p.n - 1) / p.n)::integer
      FROM placed p
     ORDER BY p.monetary DESC, p.customer_id;
END
$$;
COMMENT ON FUNCTION mjc_report.customer_rfm(date) IS
    'Every customer who bought up to that day (today): days since the last order, orders, revenue in dinars, and for each a score from 1 to 5 by fifths of the customers, 5 for the most recent, the most frequent, the most revenue; equal customers get equal scores. Cancelled orders do not count. Grows with all orders. Errors: MJ003, MJ006';
