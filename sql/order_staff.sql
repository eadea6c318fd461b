-- order_staff: orders as staff look for them: search, the newest, the late, figures by day.
-- Whoever is shown a person leaves a trace.

-- The expression of order_contact_words_idx (0015_order_staff.sql).
CREATE FUNCTION mjc.order_search(typed text, most integer DEFAULT NULL) RETURNS uuid[]
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    canonical text := mjc.order_reference_canonical(typed);
    wanted_phone text := mjc.phone_canonical(typed);
    wanted_words tsquery := mjc.customer_words(typed);
BEGIN
    RETURN ARRAY(
        SELECT o.order_id
          FROM mjc.order o
         WHERE o.order_id IN (
                   SELECT r.order_id FROM mjc.order_reference r WHERE r.reference = canonical
                   UNION
                   SELECT c.order_id FROM mjc.order_contact c WHERE c.phone = wanted_phone
                   UNION
                   SELECT c.order_id FROM mjc.order_contact c
                    WHERE to_tsvector('simple', translate(lower(c.first_name || ' ' || c.last_name || ' ' || coalesce(c.email, '')),
                              'àâäáãåçéèêëíìîïñóòôöõúùûüýÿأإآىة@.-_+/&|!():*<>''"\,;#',
                              'aaaaaaceeeeiiiinooooouuuuyyاااية                     ')) @@ wanted_words)
         ORDER BY o.placed_at DESC, o.order_id
         LIMIT most);
END
$$;
COMMENT ON FUNCTION mjc.order_search(text, integer) IS
    'Orders by number in any spelling, by phone in any form, or by beginnings of the words of the buyer''s name and e-mail; newest first, all of them or so many';

CREATE FUNCTION mjc.orders_shown(ids uuid[]) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT coalesce(json_agg(mjc.order_json(u.id, true) ORDER BY u.n), '[]') FROM unnest(ids) WITH ORDINALITY u (id, n));
END
$$;
COMMENT ON FUNCTION mjc.orders_shown(uuid[]) IS 'These orders as staff read them, in this order';

CREATE FUNCTION mjc.orders_looked_at(actor uuid, action text, ids uuid[], request_id text) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    persons integer := (SELECT count(DISTINCT o.customer_id) FROM mjc.order o WHERE o.order_id = ANY (ids));
BEGIN
    IF persons > 0 THEN
        PERFORM mjc.access_note(actor, 'rest', action, NULL, persons, request_id);
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.orders_looked_at(uuid, text, uuid[], text) IS 'For routes: the buyers of these orders were shown; nobody is not noted';

CREATE FUNCTION mjc_api.staff_order_search(actor uuid, token_version integer, token_id uuid, request_id text, q text, most integer) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    ids uuid[];
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    ids := mjc.order_search(q, coalesce(most, 20));
    PERFORM mjc.orders_looked_at(actor, 'order_search', ids, request_id);
    RETURN mjc.orders_shown(ids);
END
$$;
COMMENT ON FUNCTION mjc_api.staff_order_search(uuid, integer, uuid, text, text, integer) IS
    'GET /admin/orders/search: mjc.order_search, 20 unless told; the look is on record. Errors: MJ009, MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_order_recent(actor uuid, token_version integer, token_id uuid, request_id text, most integer) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    ids uuid[];
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    ids := ARRAY(SELECT o.order_id FROM mjc.order o ORDER BY o.placed_at DESC, o.order_id LIMIT coalesce(most, 10));
    PERFORM mjc.orders_looked_at(actor, 'order_recent', ids, request_id);
    RETURN mjc.orders_shown(ids);
END
$$;
COMMENT ON FUNCTION mjc_api.staff_order_recent(uuid, integer, uuid, text, integer) IS
    'GET /admin/orders/recent: the newest, 10 unless told; the look is on record. Errors: MJ009, MJ060, MJ063, MJ064';

CREATE FUNCTION mjc.orders_late(on_date date, most integer) RETURNS uuid[]
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN ARRAY(SELECT o.order_id FROM mjc.order o
                  WHERE o.order_state = 'confirmed' AND o.fulfilment_state IN ('unfulfilled', 'preparing') AND o.estimated_on < on_date
                  ORDER BY o.estimated_on, o.order_id LIMIT most);
END
$$;
COMMENT ON FUNCTION mjc.orders_late(date, integer) IS
    'Orders that are confirmed, were to arrive before that day and are not on their way; those that wait longest first, so many';

CREATE FUNCTION mjc_api.staff_order_delayed(actor uuid, token_version integer, token_id uuid, request_id text, most integer) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    ids uuid[];
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    ids := mjc.orders_late(mjc.algiers_date(now()), coalesce(most, 100));
    PERFORM mjc.orders_looked_at(actor, 'order_delayed', ids, request_id);
    RETURN mjc.orders_shown(ids);
END
$$;
COMMENT ON FUNCTION mjc_api.staff_order_delayed(uuid, integer, uuid, text, integer) IS
    'GET /admin/orders/delayed: mjc.orders_late today in Algiers, 100 unless told; the look is on record. Errors: MJ009, MJ060, MJ063, MJ064';

----------------------------------------------------------------------- figures

CREATE FUNCTION mjc.order_trends(period text, at timestamptz) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    buckets integer := CASE period WHEN 'day' THEN 30 WHEN 'week' THEN 12 WHEN 'month' THEN 12 WHEN 'year' THEN 5 END;
    step interval := make_interval(days => (period = 'day')::integer, weeks => (period = 'week')::integer,
        months => (period = 'month')::integer, years => (period = 'year')::integer);
    last date := date_trunc(period, mjc.algiers_date(at)::timestamp)::date;
    first date;
BEGIN
    IF buckets IS NULL THEN
        PERFORM mjc.raise(CASE WHEN period IS NULL THEN 'ARGUMENT_MISSING' ELSE 'ARGUMENT_INVALID' END, 'argument', 'period');
    END IF;
    first := (last - step * (buckets - 1))::date;
    RETURN (
        SELECT json_agg(json_build_object('date', b.day::date::text, 'orders', coalesce(s.orders, 0), 'revenue', mjc.dzd(coalesce(s.revenue, 0)::bigint)) ORDER BY b.day)
          FROM generate_series(first::timestamp, last::timestamp, step) b (day)
          LEFT JOIN (SELECT date_trunc(period, timezone('Africa/Algiers', o.placed_at)) AS day, count(*) AS orders, sum(o.total_centimes) AS revenue
                       FROM mjc.order o
                      WHERE o.placed_at >= timezone('Africa/Algiers', first::timestamp) AND o.placed_at < timezone('Africa/Algiers', last + step)
                        AND o.status IN ('PENDING', 'CONFIRMED', 'PROCESSING', 'SHIPPED', 'DELIVERED')
                      GROUP BY 1) s ON s.day = b.day);
END
$$;
COMMENT ON FUNCTION mjc.order_trends(text, timestamptz) IS
    'Orders and their value by day (30), week (12, from Monday), month (12) or year (5) of Africa/Algiers up to that time, without cancelled and refunded ones; what is empty is 0. Errors: MJ003, MJ010';

CREATE FUNCTION mjc_api.staff_order_trends(actor uuid, token_version integer, token_id uuid, period text) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    RETURN mjc.order_trends(coalesce(period, 'day'), now());
END
$$;
COMMENT ON FUNCTION mjc_api.staff_order_trends(uuid, integer, uuid, text) IS
    'GET /admin/orders/trends: mjc.order_trends, by day unless told. Errors: MJ010, MJ060, MJ063, MJ064';
