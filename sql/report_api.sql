-- report_api: the routes of analytics (shim/routes.c), one function each, and the parts that they
-- share. They show what the functions of mjc_report tell; growth is 0 where there was nothing
-- before, and nothing is ever made up: an empty shop gives zeros and empty lists. Nobody's name.

CREATE FUNCTION mjc.report_totals(from_on date, until_on date) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    n integer := mjc.report_days(from_on, until_on);
BEGIN
    RETURN (
        SELECT json_build_object('totalRevenue', s.revenue_dzd, 'totalOrders', s.orders,
                   'totalCustomers', k.all_of_them, 'totalServices', 0,
                   'revenueGrowth', coalesce(s.revenue_growth_pct, 0), 'orderGrowth', coalesce(s.orders_growth_pct, 0),
                   'customerGrowth', coalesce(mjc.growth_pct(k.now, k.before), 0))
          FROM mjc_report.sales_summary(from_on, until_on) s
         CROSS JOIN (SELECT coalesce(sum(c.customers), 0) AS all_of_them, coalesce(sum(c.customers) FILTER (WHERE c.on_day BETWEEN from_on AND until_on), 0) AS now,
                            coalesce(sum(c.customers) FILTER (WHERE c.on_day BETWEEN from_on - n AND from_on - 1), 0) AS before
                       FROM mjc.customer_live c) k);
END
$$;
COMMENT ON FUNCTION mjc.report_totals(date, date) IS
    'The summary of a window as the pages read it: revenue in DZD, orders, all customers there are (registered and guests), growth in per cent against as many days before; customerGrowth: new customers against new ones before; services: none yet. Errors: MJ003, MJ006, MJ741, MJ742';

CREATE FUNCTION mjc.report_series(from_on date, until_on date, period text) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT coalesce(json_agg(json_build_object('date', s.starts_on::text, 'revenue', s.revenue_dzd, 'orders', s.orders) ORDER BY s.starts_on), '[]')
              FROM mjc_report.sales_by_period(from_on, until_on, period) s WHERE s.orders > 0);
END
$$;
COMMENT ON FUNCTION mjc.report_series(date, date, text) IS
    '[{date, revenue, orders}] by day, week or month of a window, revenue in DZD; date is the first day of it within the window. Those without orders are absent. Errors: MJ003, MJ006, MJ010, MJ741, MJ742';

CREATE FUNCTION mjc.report_shares(dim text, from_on date, until_on date)
    RETURNS TABLE (place bigint, key text, name text, name_ar text, orders bigint, revenue_dzd numeric, growth_pct numeric, percentage bigint)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    WITH s AS (
        SELECT row_number() OVER (ORDER BY x.revenue_dzd DESC, x.key) AS place, x.key, x.name, x.name_ar, x.orders, x.revenue_dzd, coalesce(x.growth_pct, 0) AS growth_pct
          FROM mjc_report.sales_by(dim, from_on, until_on) x
         WHERE x.revenue_dzd > 0)
    SELECT s.place, s.key, coalesce(s.name, nullif(s.key, ''), 'Autres'), coalesce(s.name_ar, CASE s.key WHEN '' THEN 'أخرى' END), s.orders, s.revenue_dzd, s.growth_pct,
           (SELECT mjc.allocate(100, array_agg((y.revenue_dzd * 100)::bigint ORDER BY y.place)) FROM s y)[s.place]
      FROM s
     ORDER BY s.place;
END
$$;
COMMENT ON FUNCTION mjc.report_shares(text, date, date) IS
    'What had revenue in a window, the most first, with its share in whole per cent by the largest remainder: they add up to 100. Errors: MJ003, MJ006, MJ010, MJ741, MJ742';

CREATE FUNCTION mjc.report_category_shares(from_on date, until_on date) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT coalesce(json_agg(json_build_object('name', s.name, 'value', s.revenue_dzd, 'percentage', s.percentage) ORDER BY s.place), '[]')
              FROM mjc.report_shares('category', from_on, until_on) s);
END
$$;
COMMENT ON FUNCTION mjc.report_category_shares(date, date) IS '[{name, value, percentage}] of categories; value in DZD, of goods alone. Errors: MJ003, MJ006, MJ741, MJ742';

CREATE FUNCTION mjc.report_wilayas(from_on date, until_on date) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT coalesce(json_agg(json_build_object('wilaya', s.key, 'name', s.name, 'nameAr', s.name_ar, 'revenue', s.revenue_dzd, 'orders', s.orders,
                                'percentage', s.percentage, 'growth', s.growth_pct) ORDER BY s.place), '[]')
              FROM mjc.report_shares('wilaya', from_on, until_on) s);
END
$$;
COMMENT ON FUNCTION mjc.report_wilayas(date, date) IS '[{wilaya, name, nameAr, revenue, orders, percentage, growth}]; revenue in DZD. Errors: MJ003, MJ006, MJ741, MJ742';

CREATE FUNCTION mjc.report_payment_methods(from_on date, until_on date) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT coalesce(json_agg(json_build_object('method', s.key, 'name', s.name, 'nameAr', s.name_ar, 'revenue', s.revenue_dzd, 'orders', s.orders,
                                'percentage', s.percentage) ORDER BY s.place), '[]')
              FROM mjc.report_shares('payment_method', from_on, until_on) s);
END
$$;
COMMENT ON FUNCTION mjc.report_payment_methods(date, date) IS '[{method, name, nameAr, revenue, orders, percentage}]; revenue in DZD. Errors: MJ003, MJ006, MJ741, MJ742';

CREATE FUNCTION mjc.report_sales(from_on date, until_on date, period text) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT json_build_object('totalRevenue', s.revenue_dzd, 'totalOrders', s.orders, 'averageOrderValue', coalesce(s.average_order_dzd, 0),
                       'revenueGrowth', coalesce(s.revenue_growth_pct, 0), 'orderGrowth', coalesce(s.orders_growth_pct, 0), 'cancelledOrders', s.cancelled_orders,
                       'unitsSold', s.units - s.returned_units, 'refunded', s.refunded_dzd, 'margin', s.margin_dzd,
                       'sales', mjc.report_series(from_on, until_on, period))
              FROM mjc_report.sales_summary(from_on, until_on) s);
END
$$;
COMMENT ON FUNCTION mjc.report_sales(date, date, text) IS 'Sales of a window and by period, amounts in DZD. Errors: MJ003, MJ006, MJ010, MJ741, MJ742';

-- The buyers of the window once; what they bought before it is looked up one by one.
CREATE FUNCTION mjc.report_customers(from_on date, until_on date) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    span record := mjc.report_span(from_on, until_on);
    totals json := mjc.report_totals(from_on, until_on);
BEGIN
    RETURN (
        WITH buyer AS MATERIALIZED (
            SELECT e.customer_id, sum(e.orders) AS orders, sum(e.revenue_centimes)::bigint AS revenue
              FROM mjc_report.order_entry e
             WHERE e.placed_at >= span.start_at AND e.placed_at < span.end_at
             GROUP BY e.customer_id
            HAVING sum(e.orders) > 0),
        old AS (
            SELECT count(*) AS customers FROM buyer b
             WHERE EXISTS (SELECT FROM mjc_report.order_entry e WHERE e.customer_id = b.customer_id AND e.placed_at < span.start_at AND e.orders > 0)),
        size AS (SELECT count(*) AS customers, count(*) FILTER (WHERE b.orders > 1) AS again FROM buyer b),
        best AS (SELECT b.customer_id, b.orders, b.revenue FROM buyer b ORDER BY b.revenue DESC, b.customer_id LIMIT 10),
        place AS (
            SELECT c.wilaya_code AS code, min(c.wilaya) AS name, count(DISTINCT c.customer_id) AS customers
              FROM mjc_report.customer_order c
             WHERE c.placed_at >= span.start_at AND c.placed_at < span.end_at AND c.status <> 'CANCELLED' AND c.wilaya_code IS NOT NULL
             GROUP BY c.wilaya_code ORDER BY 3 DESC, 1 LIMIT 10)
        SELECT json_build_object('totalCustomers', totals -> 'totalCustomers', 'customerGrowth', totals -> 'customerGrowth', 'buyers', size.customers,
                   'newCustomers', size.customers - old.customers, 'returningCustomers', old.customers,
                   'retentionRate', coalesce(round(size.again * 100.0 / nullif(size.customers, 0), 2), 0),
                   'topCustomers', (SELECT coalesce(json_agg(json_build_object('customerId', b.customer_id, 'orders', b.orders, 'revenue', mjc.dzd(b.revenue)) ORDER BY b.revenue DESC, b.customer_id), '[]') FROM best b),
                   'customersByWilaya', (SELECT coalesce(json_agg(json_build_object('wilaya', p.code, 'name', p.name, 'customers', p.customers) ORDER BY p.customers DESC, p.code), '[]') FROM place p))
          FROM size CROSS JOIN old);
END
$$;
COMMENT ON FUNCTION mjc.report_customers(date, date) IS
    'Who bought in a window: new (the first order that was not cancelled is of the window) and returning ones; retentionRate: of them, per cent with two orders or more; the ten with most revenue (ids, DZD) and the ten wilayas with most buyers. Grows with the orders of the window. Errors: MJ003, MJ006, MJ741, MJ742';

CREATE FUNCTION mjc.report_products(from_on date, until_on date) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT json_build_object('totalProducts', (SELECT count(*) FROM mjc.product), 'activeProducts', (SELECT count(*) FROM mjc.product p WHERE p.is_active),
                       'soldProducts', count(*), 'unitsSold', coalesce(sum(x.units), 0),
                       'topProducts', (SELECT coalesce(json_agg(json_build_object('productId', t.product_id, 'name', t.name, 'sku', t.sku, 'quantity', t.units,
                                                                    'revenue', t.revenue_dzd) ORDER BY t.place), '[]')
                                         FROM mjc_report.top_products(from_on, until_on, 10, 'units') t),
                       'categoryPerformance', mjc.report_category_shares(from_on, until_on))
              FROM (SELECT sum(s.units - s.returned_units) AS units FROM mjc_report.sale_entry s
                     WHERE s.dim = 'product' AND s.on_day BETWEEN from_on AND until_on GROUP BY s.key HAVING sum(s.orders) > 0) x);
END
$$;
COMMENT ON FUNCTION mjc.report_products(date, date) IS
    'Products of the catalogue and those that were ordered in a window, the ten with most units that stayed out, shares of categories; revenue in DZD. Errors: MJ003, MJ006, MJ741, MJ742';

CREATE FUNCTION mjc.report_services() RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT '{"totalServices": 0, "totalRequests": 0, "completedRequests": 0, "pendingRequests": 0, "completionRate": 0, "popularServices": []}'::json $$;
COMMENT ON FUNCTION mjc.report_services() IS 'Service requests of a window: there are none yet';

-------------------------------------------------------------------------- /admin

CREATE FUNCTION mjc_api.staff_dashboard(actor uuid, token_version integer, token_id uuid, timeframe text) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    RETURN (SELECT json_build_object('summary', mjc.report_totals(w.from_on, w.until_on)) FROM mjc.report_window(timeframe, NULL, NULL, now()) w);
END
$$;
COMMENT ON FUNCTION mjc_api.staff_dashboard(uuid, integer, uuid, text) IS
    'GET /admin/dashboard: the days up to today, 30d unless told. Errors: MJ010, MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_activities(actor uuid, token_version integer, token_id uuid, most integer) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    n integer := coalesce(most, 20);
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    RETURN (
        WITH happened AS (
            (SELECT 'order' AS type, o.order_id AS id, 'Commande ' || o.reference AS title,
                    concat_ws(' · ', mjc.dzd_shown(o.total_centimes) || ' DZD', (SELECT w.name FROM mjc.wilaya w WHERE w.code = o.wilaya_code)) AS description,
                    o.placed_at AS at, lower(o.status) AS status
               FROM mjc.order o ORDER BY o.placed_at DESC, o.order_id LIMIT n)
            UNION ALL
            (SELECT 'customer', c.customer_id, 'Nouveau client', CASE c.kind WHEN 'guest' THEN 'Commande sans compte' ELSE 'Compte créé' END, c.created_at, c.status
               FROM mjc.customer c WHERE c.merged_into IS NULL AND c.status <> 'erased' ORDER BY c.created_at DESC, c.customer_id LIMIT n)),
        newest AS (SELECT h.type, h.id, h.title, h.description, h.at, h.status FROM happened h ORDER BY h.at DESC, h.type, h.id LIMIT n)
        SELECT json_build_object('activities', coalesce(json_agg(json_build_object('type', x.type, 'id', x.id, 'title', x.title, 'description', x.description,
                   'timestamp', mjc.iso(x.at), 'status', x.status) ORDER BY x.at DESC, x.type, x.id), '[]'))
          FROM newest x);
END
$$;
COMMENT ON FUNCTION mjc_api.staff_activities(uuid, integer, uuid, integer) IS
    'GET /admin/activities: the newest orders and customers together, 20 unless told; nobody''s name. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_sales(actor uuid, token_version integer, token_id uuid, timeframe text, group_by text) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    w record;
    series json;
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    SELECT x.from_on, x.until_on INTO w FROM mjc.report_window(timeframe, NULL, NULL, now()) x;
    series := mjc.report_series(w.from_on, w.until_on, coalesce(group_by, 'day'));
    RETURN (SELECT json_build_object('sales', series, 'chartData', series,
                       'summary', json_build_object('totalRevenue', s.revenue_dzd, 'totalOrders', s.orders, 'averageOrderValue', coalesce(s.average_order_dzd, 0),
                                                    'revenueGrowth', coalesce(s.revenue_growth_pct, 0)))
              FROM mjc_report.sales_summary(w.from_on, w.until_on) s);
END
$$;
COMMENT ON FUNCTION mjc_api.staff_sales(uuid, integer, uuid, text, text) IS
    'GET /admin/analytics/sales: by day unless told; what had no orders is absent. Errors: MJ010, MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_sales_categories(actor uuid, token_version integer, token_id uuid, timeframe text) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    RETURN (SELECT json_build_object('success', true, 'data', mjc.report_category_shares(w.from_on, w.until_on)) FROM mjc.report_window(timeframe, NULL, NULL, now()) w);
END
$$;
COMMENT ON FUNCTION mjc_api.staff_sales_categories(uuid, integer, uuid, text) IS
    'GET /admin/analytics/sales/categories: wrapped twice, as the page reads it. Errors: MJ010, MJ060, MJ063, MJ064';

---------------------------------------------------------------------- /analytics

CREATE FUNCTION mjc_api.analytics_dashboard(actor uuid, token_version integer, token_id uuid, timeframe text, start_date timestamptz, end_date timestamptz) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    RETURN (SELECT json_build_object('success', true, 'data', json_build_object('sales', mjc.report_sales(w.from_on, w.until_on, 'day'),
                       'customers', mjc.report_customers(w.from_on, w.until_on), 'products', mjc.report_products(w.from_on, w.until_on),
                       'services', mjc.report_services(), 'summary', mjc.report_totals(w.from_on, w.until_on)),
                       'period', json_build_object('startDate', w.from_on::text, 'endDate', w.until_on::text))
              FROM mjc.report_window(timeframe, start_date, end_date, now()) w);
END
$$;
COMMENT ON FUNCTION mjc_api.analytics_dashboard(uuid, integer, uuid, text, timestamptz, timestamptz) IS
    'GET /analytics/dashboard and /analytics/kpis, the whole body. Errors: MJ006, MJ010, MJ060, MJ063, MJ064, MJ741, MJ742';

CREATE FUNCTION mjc_api.analytics_sales(actor uuid, token_version integer, token_id uuid, timeframe text, start_date timestamptz, end_date timestamptz, group_by text) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    RETURN (SELECT json_build_object('success', true, 'data', mjc.report_sales(w.from_on, w.until_on, coalesce(group_by, 'day')),
                       'period', json_build_object('startDate', w.from_on::text, 'endDate', w.until_on::text), 'groupBy', coalesce(group_by, 'day'))
              FROM mjc.report_window(timeframe, start_date, end_date, now()) w);
END
$$;
COMMENT ON FUNCTION mjc_api.analytics_sales(uuid, integer, uuid, text, timestamptz, timestamptz, text) IS
    'GET /analytics/sales, the whole body; by day unless told. Errors: MJ006, MJ010, MJ060, MJ063, MJ064, MJ741, MJ742';

CREATE FUNCTION mjc_api.analytics_customers(actor uuid, token_version integer, token_id uuid, timeframe text, start_date timestamptz, end_date timestamptz) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    RETURN (SELECT mjc.report_customers(w.from_on, w.until_on) FROM mjc.report_window(timeframe, start_date, end_date, now()) w);
END
$$;
COMMENT ON FUNCTION mjc_api.analytics_customers(uuid, integer, uuid, text, timestamptz, timestamptz) IS
    'GET /analytics/customers. Errors: MJ006, MJ010, MJ060, MJ063, MJ064, MJ741, MJ742';

CREATE FUNCTION mjc_api.analytics_products(actor uuid, token_version integer, token_id uuid, timeframe text, start_date timestamptz, end_date timestamptz) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    RETURN (SELECT mjc.report_products(w.from_on, w.until_on) FROM mjc.report_window(timeframe, start_date, end_date, now()) w);
END
$$;
COMMENT ON FUNCTION mjc_api.analytics_products(uuid, integer, uuid, text, timestamptz, timestamptz) IS
    'GET /analytics/products. Errors: MJ006, MJ010, MJ060, MJ063, MJ064, MJ741, MJ742';

CREATE FUNCTION mjc_api.analytics_services(actor uuid, token_version integer, token_id uuid, timeframe text, start_date timestamptz, end_date timestamptz) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    PERFORM mjc.report_window(timeframe, start_date, end_date, now());
    RETURN mjc.report_services();
END
$$;
COMMENT ON FUNCTION mjc_api.analytics_services(uuid, integer, uuid, text, timestamptz, timestamptz) IS
    'GET /analytics/services. Errors: MJ006, MJ010, MJ060, MJ063, MJ064, MJ741, MJ742';

CREATE FUNCTION mjc_api.analytics_market(actor uuid, token_version integer, token_id uuid, timeframe text, start_date timestamptz, end_date timestamptz) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    RETURN (SELECT json_build_object('wilayaPerformance', mjc.report_wilayas(w.from_on, w.until_on), 'paymentMethodPreferences', mjc.report_payment_methods(w.from_on, w.until_on),
                       'seasonalTrends', (SELECT coalesce(json_agg(json_build_object('month', to_char(s.starts_on, 'YYYY-MM'), 'revenue', s.revenue_dzd, 'orders', s.orders) ORDER BY s.starts_on), '[]')
                                            FROM mjc_report.sales_by_period(w.from_on, w.until_on, 'month') s WHERE s.orders > 0),
                       'insights', '[]'::json)
              FROM mjc.report_window(timeframe, start_date, end_date, now()) w);
END
$$;
COMMENT ON FUNCTION mjc_api.analytics_market(uuid, integer, uuid, text, timestamptz, timestamptz) IS
    'GET /analytics/market/algeria: wilayas, ways to pay, months; insights are none, for nobody writes them. Errors: MJ006, MJ010, MJ060, MJ063, MJ064, MJ741, MJ742';

CREATE FUNCTION mjc_api.analytics_wilayas(actor uuid, token_version integer, token_id uuid, timeframe text, start_date timestamptz, end_date timestamptz) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    RETURN (SELECT mjc.report_wilayas(w.from_on, w.until_on) FROM mjc.report_window(timeframe, start_date, end_date, now()) w);
END
$$;
COMMENT ON FUNCTION mjc_api.analytics_wilayas(uuid, integer, uuid, text, timestamptz, timestamptz) IS
    'GET /analytics/revenue/wilaya. Errors: MJ006, MJ010, MJ060, MJ063, MJ064, MJ741, MJ742';

CREATE FUNCTION mjc_api.analytics_payment_methods(actor uuid, token_version integer, token_id uuid, timeframe text, start_date timestamptz, end_date timestamptz) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    RETURN (SELECT mjc.report_payment_methods(w.from_on, w.until_on) FROM mjc.report_window(timeframe, start_date, end_date, now()) w);
END
$$;
COMMENT ON FUNCTION mjc_api.analytics_payment_methods(uuid, integer, uuid, text, timestamptz, timestamptz) IS
    'GET /analytics/payments/methods. Errors: MJ006, MJ010, MJ060, MJ063, MJ064, MJ741, MJ742';

CREATE FUNCTION mjc_api.analytics_sales_categories(actor uuid, token_version integer, token_id uuid, timeframe text, start_date timestamptz, end_date timestamptz) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    RETURN (SELECT mjc.report_category_shares(w.from_on, w.until_on) FROM mjc.report_window(timeframe, start_date, end_date, now()) w);
END
$$;
COMMENT ON FUNCTION mjc_api.analytics_sales_categories(uuid, integer, uuid, text, timestamptz, timestamptz) IS
    'GET /analytics/sales/categories. Errors: MJ006, MJ010, MJ060, MJ063, MJ064, MJ741, MJ742';
