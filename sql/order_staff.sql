-- order_staff: orders as staff look for them and take them away: search, the newest, the late,
-- figures by day, files for a spreadsheet. Whoever is shown a person leaves a trace.

CREATE FUNCTION mjc.export_rows_max() RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT 20000 $$;
COMMENT ON FUNCTION mjc.export_rows_max() IS 'Most rows of a file that staff take away over REST';

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
    PERFORM mjc.check_schema();
    PERFORM mjc.check_admin(actor, token_version, token_id);
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
    PERFORM mjc.check_schema();
    PERFORM mjc.check_admin(actor, token_version, token_id);
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
    PERFORM mjc.check_schema();
    PERFORM mjc.check_admin(actor, token_version, token_id);
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

------------------------------------------------------------------------- files

-- EXECUTE, so that each run is planned for as many orders as it has.
CREATE FUNCTION mjc.order_export(ids uuid[], format text, OUT data json, OUT persons integer)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE $csv$
    WITH x AS MATERIALIZED (
        SELECT w.n, o.customer_id, o.reference, mjc.iso(o.placed_at) AS placed_at, o.status, o.payment_state, o.fulfilment_state, o.channel,
               c.first_name, c.last_name, c.phone, c.email, c.street, c.city, c.postal_code, c.region, coalesce(l.units, 0) AS units,
               mjc.dzd(o.subtotal_centimes) AS subtotal, mjc.dzd(o.discount_centimes) AS discount, mjc.dzd(o.shipping_centimes) AS shipping,
               mjc.dzd(o.stamp_duty_centimes) AS stamp_duty, mjc.dzd(o.rounding_centimes) AS rounding, mjc.dzd(o.total_centimes) AS total,
               mjc.dzd(o.credit_centimes) AS credit, o.payment_method, o.delivery_mode, o.tracking_number, o.carrier
          FROM unnest($1) WITH ORDINALITY w (id, n)
          JOIN mjc.order o ON o.order_id = w.id
          JOIN mjc.order_contact c ON c.order_id = w.id
          LEFT JOIN (SELECT i.order_id, sum(i.qty) AS units FROM mjc.order_line i WHERE i.order_id = ANY ($1) GROUP BY i.order_id) l ON l.order_id = w.id)
    SELECT CASE WHEN $2 = 'json' THEN
               (SELECT coalesce(json_agg(json_build_object('orderNumber', x.reference, 'createdAt', x.placed_at, 'status', x.status, 'paymentStatus', x.payment_state,
                           'fulfilment', x.fulfilment_state, 'channel', x.channel, 'firstName', x.first_name, 'lastName', x.last_name, 'phone', x.phone, 'email', x.email,
                           'street', x.street, 'city', x.city, 'postalCode', x.postal_code, 'region', x.region, 'units', x.units, 'subtotal', x.subtotal,
                           'discount', x.discount, 'shipping', x.shipping, 'stampDuty', x.stamp_duty, 'rounding', x.rounding, 'total', x.total, 'credit', x.credit,
                           'paymentMethod', x.payment_method, 'deliveryMode', x.delivery_mode, 'trackingNumber', x.tracking_number, 'carrier', x.carrier) ORDER BY x.n), '[]') FROM x)
           ELSE
               to_json((SELECT chr(65279) || 'orderNumber,createdAt,status,paymentStatus,fulfilment,channel,firstName,lastName,phone,email,street,city,postalCode,region,units,subtotal,'
                                 || 'discount,shipping,stampDuty,rounding,total,credit,paymentMethod,deliveryMode,trackingNumber,carrier' || E'\r\n'
                        || coalesce(string_agg(concat_ws(',', x.reference, x.placed_at, x.status, x.payment_state, x.fulfilment_state, x.channel, mjc.csv_cell(x.first_name),
                               mjc.csv_cell(x.last_name), mjc.csv_cell(x.phone), mjc.csv_cell(x.email), mjc.csv_cell(x.street), mjc.csv_cell(x.city), mjc.csv_cell(x.postal_code),
                               mjc.csv_cell(x.region), x.units, x.subtotal, x.discount, x.shipping, x.stamp_duty, x.rounding, x.total, x.credit, x.payment_method,
                               x.delivery_mode, mjc.csv_cell(x.tracking_number), mjc.csv_cell(x.carrier)), E'\r\n' ORDER BY x.n) || E'\r\n', '') FROM x)) END,
           (SELECT count(DISTINCT x.customer_id) FROM x)
    $csv$ INTO data, persons USING ids, format;
END
$$;
COMMENT ON FUNCTION mjc.order_export(uuid[], text) IS
    'These orders as the text of a CSV file (UTF-8 with its mark, CRLF), or with format json as a list, and how many persons it names';

CREATE FUNCTION mjc.export_check(ids uuid[]) RETURNS uuid[]
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF cardinality(ids) > mjc.export_rows_max() THEN
        PERFORM mjc.raise('EXPORT_TOO_LARGE', 'max', mjc.export_rows_max()::text);
    END IF;
    RETURN ids;
END
$$;
COMMENT ON FUNCTION mjc.export_check(uuid[]) IS 'The same ids, when a file may have so many rows. Errors: MJ323';

CREATE FUNCTION mjc.export_filename(type text, at timestamptz) RETURNS text
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN type || '_export_' || mjc.algiers_date(at) || '.csv';
END
$$;
COMMENT ON FUNCTION mjc.export_filename(text, timestamptz) IS 'The name of a file of that day: orders_export_2026-01-31.csv';

CREATE FUNCTION mjc.order_filter(status text, customer_id uuid, date_from timestamptz, date_to timestamptz, search text, most integer) RETURNS uuid[]
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wanted text := nullif(btrim(search), '');
    source text := 'SELECT ARRAY(SELECT o.order_id FROM mjc.order o WHERE true';
    ids uuid[];
BEGIN
    source := source || CASE WHEN status IS NULL THEN '' ELSE ' AND o.status = $1' END
           || CASE WHEN customer_id IS NULL THEN '' ELSE ' AND o.customer_id = $2' END
           || CASE WHEN date_from IS NULL THEN '' ELSE ' AND o.placed_at >= $3' END
           || CASE WHEN date_to IS NULL THEN '' ELSE ' AND o.placed_at < $4' END
           || CASE WHEN wanted IS NULL THEN '' ELSE ' AND o.order_id = ANY ($5)' END;
    EXECUTE source || ' ORDER BY o.placed_at DESC, o.order_id LIMIT $6)' INTO ids
      USING status, customer_id, date_from, date_to, CASE WHEN wanted IS NOT NULL THEN mjc.order_search(wanted) END, most;
    RETURN ids;
END
$$;
COMMENT ON FUNCTION mjc.order_filter(text, uuid, timestamptz, timestamptz, text, integer) IS
    'The orders that GET /admin/orders would list, newest first, at most so many';

CREATE FUNCTION mjc_api.staff_order_export(actor uuid, token_version integer, token_id uuid, request_id text, format text,
    status text, customer_id uuid, date_from timestamptz, date_to timestamptz, search text, raw boolean DEFAULT false, OUT body text, OUT filename text)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    made record;
BEGIN
    PERFORM mjc.check_schema();
    PERFORM mjc.check_admin(actor, token_version, token_id);
    SELECT x.data, x.persons INTO made
      FROM mjc.order_export(mjc.export_check(mjc.order_filter(status, customer_id, date_from, date_to, search, mjc.export_rows_max() + 1)), format) x;
    PERFORM mjc.access_note(actor, 'rest', 'order_export', NULL, made.persons, request_id);
    filename := CASE WHEN raw AND format IS DISTINCT FROM 'json' THEN mjc.export_filename('orders', now()) END;
    body := CASE WHEN filename IS NOT NULL THEN made.data #>> '{}' ELSE made.data::text END;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_order_export(uuid, integer, uuid, text, text, text, uuid, timestamptz, timestamptz, text, boolean) IS
    'GET /admin/orders/export: the orders of the list with these filters, newest first; data is the text of a CSV file, with format json a list; with raw the CSV file itself; the look is on record. Errors: MJ009, MJ060, MJ063, MJ064, MJ323';

CREATE FUNCTION mjc_api.staff_export(actor uuid, token_version integer, token_id uuid, request_id text, type text, format text,
    date_from timestamptz, date_to timestamptz, timeframe text, raw boolean DEFAULT false, OUT body text, OUT filename text)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    days integer := CASE timeframe WHEN '7d' THEN 7 WHEN '30d' THEN 30 WHEN '90d' THEN 90 WHEN '1y' THEN 365 END;
    from_at timestamptz := coalesce(date_from, timezone('Africa/Algiers', (mjc.algiers_date(now()) - days + 1)::timestamp), '-infinity');
    until_at timestamptz := coalesce(date_to, 'infinity');
    most integer := mjc.export_rows_max() + 1;
    made record;
    ids uuid[];
BEGIN
    PERFORM mjc.check_schema();
    PERFORM mjc.check_admin(actor, token_version, token_id);
    IF type = 'orders' THEN
        SELECT x.body, x.filename INTO body, filename
          FROM mjc_api.staff_order_export(actor, token_version, token_id, request_id, format, NULL, NULL, from_at, until_at, NULL, raw) x;
        RETURN;
    ELSIF type IS DISTINCT FROM 'customers' THEN
        PERFORM mjc.raise(CASE WHEN type IS NULL THEN 'ARGUMENT_MISSING' ELSE 'ARGUMENT_INVALID' END, 'argument', 'type');
    END IF;
    ids := mjc.export_check(ARRAY(
        SELECT c.customer_id FROM mjc.customer c
         WHERE c.created_at >= from_at AND c.created_at < until_at AND c.merged_into IS NULL AND c.status <> 'erased'
         ORDER BY c.created_at DESC, c.customer_id LIMIT most));
    SELECT x.csv, x.persons INTO made FROM mjc.customer_csv_of(ids) x;
    PERFORM mjc.access_note(actor, 'rest', 'customer_export', NULL, made.persons, request_id);
    filename := CASE WHEN raw AND format IS DISTINCT FROM 'json' THEN mjc.export_filename('customers', now()) END;
    body := CASE WHEN format = 'json' THEN
                     (SELECT coalesce(json_agg(mjc.customer_item(u.id) ORDER BY u.n), '[]') FROM unnest(ids) WITH ORDINALITY u (id, n))::text
                 WHEN filename IS NOT NULL THEN made.csv
                 ELSE to_json(made.csv)::text END;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_export(uuid, integer, uuid, text, text, text, timestamptz, timestamptz, text, boolean) IS
    'GET /admin/export: orders by the day they were placed, or customers by the day they came, of these days or of the 7d, 30d, 90d, 1y up to today; as mjc_api.staff_order_export; the look is on record. Errors: MJ003, MJ009, MJ010, MJ060, MJ063, MJ064, MJ323';
