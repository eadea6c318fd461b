-- traffic_api: the routes of analytics that tell what visitors did (shim/routes.c). Nobody's name, no
-- address; bots are left out; nothing is made up: without visits there are zeros and empty lists.

CREATE FUNCTION mjc.traffic_shares(from_on date, until_on date) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        WITH told AS (
            SELECT row_number() OVER (ORDER BY sum(t.visits) DESC, t.source) AS place, t.source, sum(t.visits) AS visits
              FROM mjc_report.traffic_sources(from_on, until_on) t GROUP BY t.source),
        s AS (
            SELECT least(t.place, 100) AS place, CASE WHEN t.place < 100 THEN t.source ELSE 'other' END AS source, sum(t.visits)::bigint AS visits
              FROM told t GROUP BY 1, 2)
        SELECT coalesce(json_agg(json_build_object('name', s.source, 'value', s.visits,
                   'percentage', (SELECT mjc.allocate(100, array_agg(y.visits ORDER BY y.place)) FROM s y)[s.place]) ORDER BY s.place), '[]')
          FROM s);
END
$$;
COMMENT ON FUNCTION mjc.traffic_shares(date, date) IS
    '[{name, value, percentage}] of sources of visits, the 99 with most visits and the rest as other: pages may tell any source; whole per cent by the largest remainder. Errors: MJ003, MJ006, MJ741, MJ742';

CREATE FUNCTION mjc_api.staff_traffic_sources(actor uuid, token_version integer, token_id uuid, timeframe text) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    RETURN (SELECT json_build_object('success', true, 'data', mjc.traffic_shares(w.from_on, w.until_on)) FROM mjc.report_window(timeframe, NULL, NULL, now()) w);
END
$$;
COMMENT ON FUNCTION mjc_api.staff_traffic_sources(uuid, integer, uuid, text) IS
    'GET /admin/analytics/traffic/sources: wrapped twice, as the page reads it. Errors: MJ010, MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.analytics_traffic_shares(actor uuid, token_version integer, token_id uuid, timeframe text, start_date timestamptz, end_date timestamptz) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    RETURN (SELECT mjc.traffic_shares(w.from_on, w.until_on) FROM mjc.report_window(timeframe, start_date, end_date, now()) w);
END
$$;
COMMENT ON FUNCTION mjc_api.analytics_traffic_shares(uuid, integer, uuid, text, timestamptz, timestamptz) IS
    'GET /analytics/traffic/sources. Errors: MJ006, MJ010, MJ060, MJ063, MJ064, MJ741, MJ742';

CREATE FUNCTION mjc_api.analytics_traffic_sources(actor uuid, token_version integer, token_id uuid, timeframe text, start_date timestamptz, end_date timestamptz) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    RETURN (
        SELECT json_build_object('sources', coalesce(json_agg(json_build_object('source', t.source, 'medium', t.medium, 'sessions', t.visits,
                   'percentage', t.share_pct, 'bounceRate', t.bounce_pct) ORDER BY t.place) FILTER (WHERE t.place <= 100), '[]'), 'totalSessions', coalesce(sum(t.visits), 0))
          FROM (SELECT x.source, x.medium, x.visits, x.share_pct, x.bounce_pct, row_number() OVER (ORDER BY x.visits DESC, x.source, x.medium) AS place
                  FROM mjc.report_window(coalesce(timeframe, '7d'), start_date, end_date, now()) w
                 CROSS JOIN LATERAL mjc_report.traffic_sources(w.from_on, w.until_on) x) t);
END
$$;
COMMENT ON FUNCTION mjc_api.analytics_traffic_sources(uuid, integer, uuid, text, timestamptz, timestamptz) IS
    'GET /analytics/traffic-sources, 7 days unless told: the 100 sources with most visits; totalSessions: of all. Errors: MJ006, MJ010, MJ060, MJ063, MJ064, MJ741, MJ742';

CREATE FUNCTION mjc_api.analytics_conversions(actor uuid, token_version integer, token_id uuid, timeframe text, start_date timestamptz, end_date timestamptz) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    w record;
    visits bigint;
    sold record;
    funnel json;
    carts bigint;
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    w := mjc.report_window(coalesce(timeframe, '7d'), start_date, end_date, now());
    SELECT count(*) INTO visits FROM mjc.visit v
     WHERE v.started_at >= mjc.algiers_start(w.from_on) AND v.started_at < mjc.algiers_start(w.until_on + 1) AND NOT v.is_bot;
    SELECT coalesce(sum(s.orders), 0) AS orders, coalesce(sum(s.revenue_dzd), 0) AS revenue INTO sold
      FROM mjc_report.sales s WHERE s.dim = 'channel' AND s.key = 'web' AND s.on_day BETWEEN w.from_on AND w.until_on;
    SELECT json_agg(json_build_object('step', f.name, 'count', f.reached, 'percentage', coalesce(f.of_first_pct, 0), 'dropoffRate', coalesce(f.dropoff_pct, 0)) ORDER BY f.step),
           max(f.reached) FILTER (WHERE f.step = 2)
      INTO funnel, carts FROM mjc_report.conversion_funnel(w.from_on, w.until_on) f;
    RETURN json_build_object('funnel', funnel, 'conversionRate', coalesce(round(sold.orders * 100.0 / nullif(visits, 0), 2), 0),
        'averageOrderValue', coalesce(round(sold.revenue / nullif(sold.orders, 0), 2), 0), 'totalRevenue', sold.revenue, 'totalOrders', sold.orders,
        'totalSessions', visits, 'cartAbandonmentRate', coalesce(round(greatest(carts - sold.orders, 0) * 100.0 / nullif(carts, 0), 2), 0));
END
$$;
COMMENT ON FUNCTION mjc_api.analytics_conversions(uuid, integer, uuid, text, timestamptz, timestamptz) IS
    'GET /analytics/conversions, 7 days unless told: the funnel of mjc_report.conversion_funnel, orders of the web per cent of visits, their revenue in DZD, and carts that led to no order in per cent. Errors: MJ006, MJ010, MJ060, MJ063, MJ064, MJ741, MJ742';

CREATE FUNCTION mjc_api.analytics_realtime(actor uuid, token_version integer, token_id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    moment timestamptz := now();
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    RETURN (
        WITH recent AS MATERIALIZED (
            SELECT e.session_id, e.at, e.kind, e.path FROM mjc.event e WHERE e.at > moment - interval '24 hours' AND NOT e.is_bot)
        SELECT json_build_object(
            'activeSessions', (SELECT count(DISTINCT r.session_id) FROM recent r WHERE r.at > moment - interval '30 minutes'),
            'pageViews', (SELECT json_build_object('lastHour', count(*) FILTER (WHERE r.at > moment - interval '1 hour'), 'last24Hours', count(*)) FROM recent r WHERE r.kind = 'page_view'),
            'recentEvents', (SELECT coalesce(json_agg(json_build_object('type', x.kind, 'path', x.path, 'timestamp', mjc.iso(x.at)) ORDER BY x.at DESC), '[]')
                               FROM (SELECT r.kind, r.path, r.at FROM recent r WHERE r.kind <> 'page_duration' ORDER BY r.at DESC LIMIT 10) x),
            'topPages', (SELECT coalesce(json_agg(json_build_object('path', x.path, 'views', x.views) ORDER BY x.views DESC, x.path), '[]')
                           FROM (SELECT r.path, count(*) AS views FROM recent r WHERE r.kind = 'page_view' AND r.path IS NOT NULL
                                  GROUP BY r.path ORDER BY 2 DESC, 1 LIMIT 10) x)));
END
$$;
COMMENT ON FUNCTION mjc_api.analytics_realtime(uuid, integer, uuid) IS
    'GET /analytics/realtime: visits with an event in the last 30 minutes, views of the last hour and day, the last ten events, the ten pages seen most in a day. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.analytics_session(actor uuid, token_version integer, token_id uuid, session_id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    RETURN (
        WITH did AS MATERIALIZED (
            SELECT e.at, e.kind, e.path, e.product_id, e.value_centimes, e.qty, e.duration_ms FROM mjc.event e
             WHERE e.session_id = analytics_session.session_id ORDER BY e.at LIMIT 1000)
        SELECT json_build_object(
            'session', json_build_object('id', v.session_id, 'startedAt', mjc.iso(v.started_at), 'deviceType', v.device, 'browser', v.browser, 'os', v.os,
                           'country', v.country, 'landingPath', v.landing_path, 'isBot', v.is_bot, 'signedIn', v.customer_id IS NOT NULL),
            'pageViews', (SELECT coalesce(json_agg(json_build_object('pagePath', d.path, 'timestamp', mjc.iso(d.at)) ORDER BY d.at), '[]') FROM did d WHERE d.kind = 'page_view'),
            'ecommerceEvents', (SELECT coalesce(json_agg(json_build_object('eventType', d.kind, 'productId', d.product_id, 'value', mjc.dzd(d.value_centimes), 'quantity', d.qty,
                                           'timestamp', mjc.iso(d.at)) ORDER BY d.at), '[]') FROM did d WHERE d.kind NOT IN ('page_view', 'page_duration')),
            'trafficSources', CASE WHEN v.source IS NULL THEN '[]'::json
                                   ELSE json_build_array(json_build_object('source', v.source, 'medium', v.medium, 'campaign', v.campaign, 'term', v.term, 'content', v.content)) END,
            'summary', (SELECT json_build_object('totalPageViews', count(*) FILTER (WHERE e.kind = 'page_view'), 'totalEvents', count(*),
                                   'sessionDuration', coalesce(round(extract(epoch FROM max(e.at) - min(e.at))), 0),
                                   'bounceRate', CASE WHEN count(*) FILTER (WHERE e.kind = 'page_view') <= 1 AND count(*) FILTER (WHERE e.kind NOT IN ('page_view', 'page_duration')) = 0
                                                      THEN 100 ELSE 0 END) FROM mjc.event e WHERE e.session_id = analytics_session.session_id))
          FROM mjc.visit v WHERE v.session_id = analytics_session.session_id);
END
$$;
COMMENT ON FUNCTION mjc_api.analytics_session(uuid, integer, uuid, uuid) IS
    'GET /analytics/session/:sessionId: one visit with up to 1000 of its events, oldest first; the summary is of all, its length in seconds; NULL when there is none. Errors: MJ060, MJ063, MJ064';
