-- export: files that staff take away, piece by piece, so that nobody holds a whole one: the
-- shim calls the function of the route again and again, and each call is a transaction of its own.
--
-- What is called next stands in a cursor, {began, at, id, rows}: when the first piece was made
-- (days and segments are of that time, and so is the name of the file), the key of the last row
-- that was looked at, and how many were. Newest first by a key that never changes: what comes in
-- meanwhile stands before the first row, so that it is not in the file, and no row is in it twice.
-- Each piece asks anew whether the actor may, and notes whom it names before it is sent.

CREATE FUNCTION mjc.export_piece_rows() RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT 1000 $$;
COMMENT ON FUNCTION mjc.export_piece_rows() IS 'Most rows of a piece of a file that staff take away over REST';

CREATE FUNCTION mjc.export_form(format text, raw boolean) RETURNS text
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN CASE WHEN format = 'json' THEN 'list' WHEN raw THEN 'file' ELSE 'text' END;
END
$$;
COMMENT ON FUNCTION mjc.export_form(text, boolean) IS
    'How a file is sent: as it is (file), as a text in the envelope of a reply (text), or its rows as a list in one (list)';

CREATE FUNCTION mjc.export_began(after jsonb) RETURNS timestamptz
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN coalesce((after ->> 'began')::timestamptz, now());
END
$$;
COMMENT ON FUNCTION mjc.export_began(jsonb) IS 'When the first piece of the file was made: now, without a cursor';

CREATE FUNCTION mjc.export_next(after jsonb, at timestamptz, id uuid, rows integer) RETURNS jsonb
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN jsonb_build_object('began', mjc.export_began(after), 'at', at, 'id', id, 'rows', coalesce((after ->> 'rows')::bigint, 0) + rows);
END
$$;
COMMENT ON FUNCTION mjc.export_next(jsonb, timestamptz, uuid, integer) IS
    'The cursor after a piece of so many rows, from the one before it and the key of the last row looked at';

CREATE FUNCTION mjc.export_text(form text, head text, lines text, after jsonb, last boolean) RETURNS text
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    piece text := CASE WHEN after IS NULL AND form <> 'list' THEN head ELSE '' END || lines;
BEGIN
    IF form = 'file' THEN
        RETURN piece;
    ELSIF form = 'text' THEN
        piece := to_json(piece)::text;
        piece := substr(piece, 2, length(piece) - 2);
    ELSIF lines <> '' AND (after ->> 'rows')::bigint > 0 THEN
        piece := ',' || piece;
    END IF;
    RETURN CASE WHEN after IS NULL THEN '{"success":true,"data":' || CASE form WHEN 'list' THEN '[' ELSE '"' END ELSE '' END
        || piece || CASE WHEN last THEN CASE form WHEN 'list' THEN ']}' ELSE '"}' END ELSE '' END;
END
$$;
COMMENT ON FUNCTION mjc.export_text(text, text, text, jsonb, boolean) IS
    'A piece of a file as it is sent in that form (mjc.export_form): the head only in the first, the one without a cursor; the pieces one after another are the whole reply';

CREATE FUNCTION mjc.export_filename(type text, at timestamptz) RETURNS text
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN type || '_export_' || mjc.algiers_date(at) || '.csv';
END
$$;
COMMENT ON FUNCTION mjc.export_filename(text, timestamptz) IS 'The name of a file of that day: orders_export_2026-01-31.csv';

------------------------------------------------------------------------ orders

CREATE FUNCTION mjc.order_csv_head() RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- With the mark that tells spreadsheets of UTF-8.
    RETURN chr(65279) || 'orderNumber,createdAt,status,paymentStatus,fulfilment,channel,firstName,lastName,phone,email,street,city,postalCode,region,units,subtotal,'
        || 'discount,shipping,stampDuty,rounding,total,credit,paymentMethod,deliveryMode,trackingNumber,carrier' || E'\r\n';
END
$$;
COMMENT ON FUNCTION mjc.order_csv_head() IS 'The first line of a CSV file of orders, after the mark of UTF-8';

-- EXECUTE, so that each run is planned for as many orders as it has.
CREATE FUNCTION mjc.order_lines(ids uuid[], form text, OUT lines text, OUT persons integer)
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
    SELECT coalesce(CASE WHEN $2 = 'list' THEN
               string_agg(json_build_object('orderNumber', x.reference, 'createdAt', x.placed_at, 'status', x.status, 'paymentStatus', x.payment_state,
                   'fulfilment', x.fulfilment_state, 'channel', x.channel, 'firstName', x.first_name, 'lastName', x.last_name, 'phone', x.phone, 'email', x.email,
                   'street', x.street, 'city', x.city, 'postalCode', x.postal_code, 'region', x.region, 'units', x.units, 'subtotal', x.subtotal,
                   'discount', x.discount, 'shipping', x.shipping, 'stampDuty', x.stamp_duty, 'rounding', x.rounding, 'total', x.total, 'credit', x.credit,
                   'paymentMethod', x.payment_method, 'deliveryMode', x.delivery_mode, 'trackingNumber', x.tracking_number, 'carrier', x.carrier)::text, ',' ORDER BY x.n)
           ELSE
               string_agg(concat_ws(',', x.reference, x.placed_at, x.status, x.payment_state, x.fulfilment_state, x.channel, mjc.csv_cell(x.first_name),
                   mjc.csv_cell(x.last_name), mjc.csv_cell(x.phone), mjc.csv_cell(x.email), mjc.csv_cell(x.street), mjc.csv_cell(x.city), mjc.csv_cell(x.postal_code),
                   mjc.csv_cell(x.region), x.units, x.subtotal, x.discount, x.shipping, x.stamp_duty, x.rounding, x.total, x.credit, x.payment_method,
                   x.delivery_mode, mjc.csv_cell(x.tracking_number), mjc.csv_cell(x.carrier)), E'\r\n' ORDER BY x.n) || E'\r\n' END, ''),
           count(DISTINCT x.customer_id)
      FROM x
    $csv$ INTO lines, persons USING ids, form;
END
$$;
COMMENT ON FUNCTION mjc.order_lines(uuid[], text) IS
    'These orders, in this order, as lines of CSV, each with its CRLF, or in the form list as the members of a JSON list; and how many persons they name';

CREATE FUNCTION mjc.order_after(status text, customer_id uuid, date_from timestamptz, date_to timestamptz, search text,
    last_at timestamptz, last_id uuid, most integer) RETURNS uuid[]
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
           || CASE WHEN wanted IS NULL THEN '' ELSE ' AND o.order_id = ANY ($5)' END
           || CASE WHEN last_at IS NULL THEN '' ELSE ' AND o.placed_at <= $6 AND (o.placed_at < $6 OR o.order_id > $7)' END;
    EXECUTE source || ' ORDER BY o.placed_at DESC, o.order_id LIMIT $8)' INTO ids
      USING status, customer_id, date_from, date_to, CASE WHEN wanted IS NOT NULL THEN mjc.order_search(wanted) END, last_at, last_id, most;
    RETURN ids;
END
$$;
COMMENT ON FUNCTION mjc.order_after(text, uuid, timestamptz, timestamptz, text, timestamptz, uuid, integer) IS
    'The orders that GET /admin/orders would list, newest first, at most so many, from the first or after the one with this key (time and id)';

CREATE FUNCTION mjc.order_piece(form text, status text, customer_id uuid, date_from timestamptz, date_to timestamptz, search text,
    after jsonb, most integer, OUT body text, OUT next jsonb, OUT persons integer)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    ids uuid[] := mjc.order_after(status, customer_id, date_from, date_to, search, (after ->> 'at')::timestamptz, (after ->> 'id')::uuid, most + 1);
    made record;
BEGIN
    SELECT x.lines, x.persons INTO made FROM mjc.order_lines(ids[:most], form) x;
    IF cardinality(ids) > most THEN
        next := (SELECT mjc.export_next(after, o.placed_at, o.order_id, most) FROM mjc.order o WHERE o.order_id = ids[most]);
    END IF;
    body := mjc.export_text(form, mjc.order_csv_head(), made.lines, after, next IS NULL);
    persons := made.persons;
END
$$;
COMMENT ON FUNCTION mjc.order_piece(text, text, uuid, timestamptz, timestamptz, text, jsonb, integer) IS
    'The next piece, of at most so many orders, of the orders of the list with these filters: the first without a cursor; the cursor of the following one, NULL after the last; how many persons the piece names';

CREATE FUNCTION mjc_api.staff_order_export(actor uuid, token_version integer, token_id uuid, request_id text, format text,
    status text, customer_id uuid, date_from timestamptz, date_to timestamptz, search text, raw boolean DEFAULT false, after text DEFAULT NULL,
    OUT body text, OUT next text, OUT filename text)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    form text := mjc.export_form(format, raw);
    made record;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    SELECT x.body, x.next, x.persons INTO made
      FROM mjc.order_piece(form, status, customer_id, date_from, date_to, search, after::jsonb, mjc.export_piece_rows()) x;
    PERFORM mjc.access_note(actor, 'rest', 'order_export', NULL, made.persons, request_id);
    body := made.body;
    next := made.next;
    filename := CASE form WHEN 'file' THEN mjc.export_filename('orders', mjc.export_began(after::jsonb)) END;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_order_export(uuid, integer, uuid, text, text, text, uuid, timestamptz, timestamptz, text, boolean, text) IS
    'GET /admin/orders/export, a piece of the reply: the orders of the list with these filters, newest first, as the text of a CSV file in the envelope, with format json as a list in it, with raw as the file itself and its name. after: the next of the piece before, NULL for the first; next: NULL with the last. The look is on record, piece by piece with its number of persons. Errors: MJ009, MJ060, MJ063, MJ064';

--------------------------------------------------------------------- customers

CREATE FUNCTION mjc.customer_after(search text, customer_type text, status text, segment text, date_from timestamptz, date_to timestamptz,
    last_at timestamptz, last_id uuid, most integer) RETURNS uuid[]
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wanted text := nullif(btrim(search), '');
    source text := 'SELECT ARRAY(SELECT c.customer_id FROM mjc.customer c ' || mjc.customer_condition(wanted IS NOT NULL, customer_type, status, segment)
        || CASE WHEN date_from IS NULL THEN '' ELSE ' AND c.created_at >= $5' END
        || CASE WHEN date_to IS NULL THEN '' ELSE ' AND c.created_at < $6' END
        || CASE WHEN last_at IS NULL THEN '' ELSE ' AND c.created_at <= $7 AND (c.created_at < $7 OR c.customer_id > $8)' END
        || ' ORDER BY c.created_at DESC, c.customer_id';
    ids uuid[];
BEGIN
    -- A search finds all at once: for a few the planner would walk an index over everybody.
    EXECUTE source || CASE WHEN wanted IS NULL THEN ' LIMIT $9)' ELSE ')' END INTO ids
      USING mjc.customer_words(wanted), mjc.customer_phone_beginning(wanted), customer_type, status, date_from, date_to, last_at, last_id, most;
    RETURN ids[:most];
END
$$;
COMMENT ON FUNCTION mjc.customer_after(text, text, text, text, timestamptz, timestamptz, timestamptz, uuid, integer) IS
    'The customers that mjc.customer_page lists, who came in these days, newest first, at most so many, from the first or after the one with this key (time and id); of the segments only b2b counts';

CREATE FUNCTION mjc.customers_of_segment(ids uuid[], segment text, at timestamptz) RETURNS uuid[]
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN ARRAY(
        SELECT u.id
          FROM unnest(ids) WITH ORDINALITY u (id, n)
          LEFT JOIN (SELECT o.customer_id, count(*) AS orders, max(o.placed_at) AS last_at FROM mjc.order o
                      WHERE o.customer_id = ANY (ids) AND o.status NOT IN ('CANCELLED', 'REFUNDED') GROUP BY o.customer_id) f ON f.customer_id = u.id
         WHERE mjc.customer_segment(f.orders, f.last_at, at) = segment
         ORDER BY u.n);
END
$$;
COMMENT ON FUNCTION mjc.customers_of_segment(uuid[], text, timestamptz) IS 'Those of them who are in the segment at that time, in the same order';

-- So many are looked at, whatever their segment: one that has few takes no longer, its pieces
-- are smaller or empty.
CREATE FUNCTION mjc.customer_piece(form text, search text, customer_type text, status text, segment text, date_from timestamptz, date_to timestamptz,
    after jsonb, most integer, OUT body text, OUT next jsonb, OUT persons integer)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    seen uuid[] := mjc.customer_after(search, customer_type, status, segment, date_from, date_to, (after ->> 'at')::timestamptz, (after ->> 'id')::uuid, most + 1);
    ids uuid[] := seen[:most];
    made record;
BEGIN
    IF segment <> 'b2b' THEN
        ids := mjc.customers_of_segment(ids, segment, mjc.export_began(after));
    END IF;
    IF form = 'list' THEN
        SELECT coalesce(string_agg(mjc.customer_item(u.id)::text, ',' ORDER BY u.n), '') AS lines, count(*)::integer AS persons INTO made
          FROM unnest(ids) WITH ORDINALITY u (id, n);
    ELSE
        SELECT x.lines, x.persons INTO made FROM mjc.customer_csv_of(ids) x;
    END IF;
    IF cardinality(seen) > most THEN
        next := (SELECT mjc.export_next(after, c.created_at, c.customer_id, cardinality(ids)) FROM mjc.customer c WHERE c.customer_id = seen[most]);
    END IF;
    body := mjc.export_text(form, mjc.customer_csv_head(), made.lines, after, next IS NULL);
    persons := made.persons;
END
$$;
COMMENT ON FUNCTION mjc.customer_piece(text, text, text, text, text, timestamptz, timestamptz, jsonb, integer) IS
    'The next piece of the customers of the list with these filters who came in these days, of as many as are in the segment of at most so many; else as mjc.order_piece';

CREATE FUNCTION mjc_api.staff_customer_export(actor uuid, token_version integer, token_id uuid, request_id text, format text,
    search text, customer_type text, status text, segment text, raw boolean DEFAULT false, after text DEFAULT NULL,
    OUT body text, OUT next text, OUT filename text)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    form text := mjc.export_form(NULL, raw);
    made record;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    SELECT x.body, x.next, x.persons INTO made
      FROM mjc.customer_piece(form, search, customer_type, status, segment, NULL, NULL, after::jsonb, mjc.export_piece_rows()) x;
    PERFORM mjc.access_note(actor, 'rest', 'customer_export', NULL, made.persons, request_id);
    body := made.body;
    next := made.next;
    filename := CASE form WHEN 'file' THEN mjc.export_filename('customers', mjc.export_began(after::jsonb)) END;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_customer_export(uuid, integer, uuid, text, text, text, text, text, text, boolean, text) IS
    'GET /admin/customers/export, a piece of the reply: as mjc_api.staff_order_export, the customers of the list with these filters; CSV is the one format there is. Errors: MJ009, MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_export(actor uuid, token_version integer, token_id uuid, request_id text, type text, format text,
    date_from timestamptz, date_to timestamptz, timeframe text, raw boolean DEFAULT false, after text DEFAULT NULL,
    OUT body text, OUT next text, OUT filename text)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    form text := mjc.export_form(format, raw);
    began timestamptz := mjc.export_began(after::jsonb);
    days integer := CASE timeframe WHEN '7d' THEN 7 WHEN '30d' THEN 30 WHEN '90d' THEN 90 WHEN '1y' THEN 365 END;
    from_at timestamptz := coalesce(date_from, timezone('Africa/Algiers', (mjc.algiers_date(began) - days + 1)::timestamp));
    most integer := mjc.export_piece_rows();
    made record;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    IF type = 'orders' THEN
        SELECT x.body, x.next, x.persons INTO made FROM mjc.order_piece(form, NULL, NULL, from_at, date_to, NULL, after::jsonb, most) x;
        PERFORM mjc.access_note(actor, 'rest', 'order_export', NULL, made.persons, request_id);
    ELSIF type = 'customers' THEN
        SELECT x.body, x.next, x.persons INTO made FROM mjc.customer_piece(form, NULL, NULL, NULL, NULL, from_at, date_to, after::jsonb, most) x;
        PERFORM mjc.access_note(actor, 'rest', 'customer_export', NULL, made.persons, request_id);
    ELSE
        PERFORM mjc.raise(CASE WHEN type IS NULL THEN 'ARGUMENT_MISSING' ELSE 'ARGUMENT_INVALID' END, 'argument', 'type');
    END IF;
    body := made.body;
    next := made.next;
    filename := CASE form WHEN 'file' THEN mjc.export_filename(type, began) END;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_export(uuid, integer, uuid, text, text, text, timestamptz, timestamptz, text, boolean, text) IS
    'GET /admin/export, a piece of the reply: as mjc_api.staff_order_export, orders by the day they were placed, or customers by the day they came, of these days or of the 7d, 30d, 90d, 1y up to today. Errors: MJ003, MJ009, MJ010, MJ060, MJ063, MJ064';
