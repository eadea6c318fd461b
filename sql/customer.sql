-- customer: who buys. Reading persons, changing them, whether they may order, notes of
-- staff, the list as CSV; addresses: sql/address.sql. A registered customer's id is that of
-- the account; a guest is known by the phone. Both faces of REST (sql/customer_api.sql) and psql share
-- what stands here; who read personal columns is noted by whoever answers with them.

-------------------------------------------------------------------------- pure

CREATE FUNCTION mjc.customer_words(typed text) RETURNS tsquery
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- The same characters as in the columns words of 0009_customer.sql; a quote is none that is left.
    RETURN (SELECT string_agg('''' || u.lexeme || ''':*', ' & ')::tsquery
              FROM unnest(to_tsvector('simple', translate(lower(mjc.fold_digits(left(typed, 200))),
                       'àâäáãåçéèêëíìîïñóòôöõúùûüýÿأإآىة@.-_+/&|!():*<>''"\,;#',
                       'aaaaaaceeeeiiiinooooouuuuyyاااية                     '))) u);
END
$$;
COMMENT ON FUNCTION mjc.customer_words(text) IS
    'What is searched for as the beginnings of words, without accents and case; NULL when there is no word in it';

CREATE FUNCTION mjc.customer_segment(orders bigint, last_order_at timestamptz, at timestamptz) RETURNS text
    LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
    SELECT CASE WHEN coalesce(orders, 0) OPERATOR(pg_catalog.<=) 0 THEN 'never_ordered'
                WHEN last_order_at OPERATOR(pg_catalog.<) (at OPERATOR(pg_catalog.-) interval '365 days') THEN 'lost'
                WHEN last_order_at OPERATOR(pg_catalog.<) (at OPERATOR(pg_catalog.-) interval '180 days') THEN 'at_risk'
                WHEN orders OPERATOR(pg_catalog.>=) 5 THEN 'loyal'
                WHEN orders OPERATOR(pg_catalog.=) 1 AND last_order_at OPERATOR(pg_catalog.>=) (at OPERATOR(pg_catalog.-) interval '30 days') THEN 'new'
                ELSE 'active' END
$$;
COMMENT ON FUNCTION mjc.customer_segment(bigint, timestamptz, timestamptz) IS
    'By orders that stand and the newest of them: never_ordered; lost after 365 days, at_risk after 180; loyal from 5 orders on; new: one, of the last 30 days; else active';

CREATE FUNCTION mjc.csv_cell(value text) RETURNS text
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
    SELECT mjc.csv_quoted(mjc.csv_guard(value))
$$;
COMMENT ON FUNCTION mjc.csv_cell(text) IS
    'A text as a cell of CSV, in quotes; what a spreadsheet would run as a formula starts with an apostrophe';

----------------------------------------------------------------------- reading

CREATE FUNCTION mjc.customer_figures(customer uuid, OUT orders bigint, OUT spent_centimes bigint, OUT last_order_at timestamptz)
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    SELECT count(*), coalesce(sum(o.total_centimes), 0)::bigint, max(o.placed_at) INTO orders, spent_centimes, last_order_at
      FROM mjc.order o
     WHERE o.customer_id = customer AND o.status NOT IN ('CANCELLED', 'REFUNDED');
END
$$;
COMMENT ON FUNCTION mjc.customer_figures(uuid) IS 'Number, sum and newest of the orders of a customer, without cancelled and refunded ones';

CREATE FUNCTION mjc.customer_address(customer uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN coalesce(
        (SELECT jsonb_build_object('street', a.street, 'city', a.city, 'postalCode', coalesce(a.postal_code, ''), 'region', a.region, 'country', a.country)
           FROM mjc.address a WHERE a.customer_id = customer
          ORDER BY a.is_default DESC, a.kind DESC, a.created_at DESC LIMIT 1),
        (SELECT jsonb_build_object('street', x.street, 'city', x.city, 'postalCode', coalesce(x.postal_code, ''), 'region', x.region, 'country', x.country)
           FROM mjc.customer_order o JOIN mjc.order_contact x ON x.order_id = o.order_id
          WHERE o.customer_id = customer ORDER BY o.placed_at DESC LIMIT 1));
END
$$;
COMMENT ON FUNCTION mjc.customer_address(uuid) IS
    'Where a customer is: the default address, of two kinds that for parcels; without one that of the newest order; else NULL';

CREATE FUNCTION mjc.customer_item(customer uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT jsonb_build_object(
                   'id', c.customer_id, 'kind', c.kind, 'email', coalesce(p.email, ''), 'firstName', coalesce(p.first_name, ''),
                   'lastName', coalesce(p.last_name, ''), 'phone', p.phone, 'createdAt', mjc.iso(c.created_at),
                   'status', c.status, 'isActive', c.status = 'active', 'customerType', c.customer_type, 'customerGroup', c.customer_group,
                   'companyName', b.company_name, 'vatNumber', b.vat_number, 'address', mjc.customer_address(c.customer_id),
                   'totalOrders', f.orders, 'orderCount', f.orders, 'totalSpent', mjc.dzd(f.spent_centimes),
                   'lastOrderAt', mjc.iso(f.last_order_at),
                   'segment', mjc.customer_segment(f.orders, f.last_order_at, statement_timestamp()),
                   '_count', jsonb_build_object('orders', f.orders, 'reviews', 0),
                   'user', jsonb_build_object('id', c.customer_id, 'email', coalesce(p.email, ''), 'firstName', coalesce(p.first_name, ''),
                       'lastName', coalesce(p.last_name, ''), 'phone', p.phone, 'role', 'CUSTOMER', 'isActive', c.status = 'active',
                       'isVerified', coalesce(a.is_verified, false), 'createdAt', mjc.iso(c.created_at)))
          FROM mjc.customer c
          LEFT JOIN mjc.customer_person p ON p.customer_id = c.customer_id
          LEFT JOIN mjc.customer_business b ON b.customer_id = c.customer_id
          LEFT JOIN mjc.account a ON a.account_id = c.account_id
         CROSS JOIN LATERAL mjc.customer_figures(c.customer_id) f
         WHERE c.customer_id = customer);
END
$$;
COMMENT ON FUNCTION mjc.customer_item(uuid) IS
    'A customer as the lists of REST show it: flat, with a user inside also for a guest; email is never null. NULL when there is none';

CREATE FUNCTION mjc.customer_doc(customer uuid, for_staff boolean) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    doc jsonb;
BEGIN
    SELECT mjc.customer_item(c.customer_id)
           || jsonb_build_object('rc', b.rc, 'nif', b.nif, 'nis', b.nis, 'ai', b.ai, 'addresses', mjc.address_json(c.customer_id))
           || CASE WHEN for_staff THEN jsonb_build_object('mergedInto', c.merged_into, 'orders', mjc.customer_orders(c.customer_id, 1, 5, true) -> 'orders',
                                           'notes', (SELECT count(*) FROM mjc.customer_note n WHERE n.customer_id = c.customer_id)) ELSE '{}' END
      INTO doc
      FROM mjc.customer c LEFT JOIN mjc.customer_business b ON b.customer_id = c.customer_id
     WHERE c.customer_id = customer;
    -- What the shop thinks of its customers is not for them.
    RETURN CASE WHEN for_staff THEN doc ELSE doc - '{segment,customerGroup,_count,kind}'::text[] END;
END
$$;
COMMENT ON FUNCTION mjc.customer_doc(uuid, boolean) IS
    'Everything about one customer, for staff or for the customer; staff see the last five orders. NULL when there is none';

CREATE FUNCTION mjc.customer_orders(customer uuid, page integer, page_size integer, for_staff boolean) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT jsonb_build_object('orders', coalesce(jsonb_agg(mjc.order_json(x.order_id, for_staff) ORDER BY x.placed_at DESC, x.order_id), '[]'),
                   'pagination', mjc.pagination(page, page_size, (SELECT count(*) FROM mjc.customer_order o WHERE o.customer_id = customer)))
          FROM (SELECT o.order_id, o.placed_at FROM mjc.customer_order o WHERE o.customer_id = customer
                 ORDER BY o.placed_at DESC, o.order_id LIMIT page_size OFFSET (page - 1)::bigint * page_size) x);
END
$$;
COMMENT ON FUNCTION mjc.customer_orders(uuid, integer, integer, boolean) IS 'A page of the orders of a customer, newest first';

------------------------------------------------------------------------- lists

CREATE FUNCTION mjc.customer_ordering(sort_by text, sort_order text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    descending boolean := coalesce(sort_order, CASE WHEN coalesce(sort_by, 'createdAt') = 'createdAt' THEN 'desc' ELSE 'asc' END) = 'desc';
    keys text[] := CASE coalesce(sort_by, 'createdAt')
        WHEN 'createdAt' THEN '{}'::text[]
        WHEN 'name' THEN ARRAY['lower(p.first_name)', 'lower(p.last_name)']
        WHEN 'firstName' THEN ARRAY['lower(p.first_name)', 'lower(p.last_name)']
        WHEN 'lastName' THEN ARRAY['lower(p.last_name)', 'lower(p.first_name)']
        WHEN 'email' THEN ARRAY['lower(p.email)'] END;
BEGIN
    IF keys IS NULL OR sort_order NOT IN ('asc', 'desc') THEN
        PERFORM mjc.raise('ARGUMENT_INVALID', 'argument', CASE WHEN keys IS NULL THEN 'sortBy' ELSE 'sortOrder' END);
    END IF;
    -- Directions are those of an index, forwards or backwards; customers without e-mail come last.
    IF keys = '{}' THEN
        RETURN CASE WHEN descending THEN 'c.created_at DESC, c.customer_id' ELSE 'c.created_at, c.customer_id DESC' END;
    ELSIF descending THEN
        RETURN array_to_string(keys || 'p.customer_id'::text, CASE WHEN keys = '{lower(p.email)}' THEN ' DESC NULLS LAST, ' ELSE ' DESC, ' END) || ' DESC';
    END IF;
    RETURN array_to_string(keys || 'p.customer_id'::text, ', ');
END
$$;
COMMENT ON FUNCTION mjc.customer_ordering(text, text) IS 'For mjc.customer_page: the order in which a list of customers stands. Errors: MJ010';

CREATE FUNCTION mjc.customer_phone_beginning(typed text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN '+213' || (regexp_match(regexp_replace(mjc.fold_digits(typed), '[\s.+()-]', '', 'g'), '^(?:00213|213)?0?([567][0-9]{2,8})$'))[1] || '%';
END
$$;
COMMENT ON FUNCTION mjc.customer_phone_beginning(text) IS
    'What LIKE finds the mobile numbers by that begin as it was typed, three digits of them at least; NULL when it is no such beginning';

CREATE FUNCTION mjc.customer_condition(searched boolean, customer_type text, status text, segment text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN 'WHERE c.merged_into IS NULL'
        || CASE WHEN searched THEN ' AND c.customer_id IN (SELECT x.customer_id FROM mjc.customer_person x WHERE x.words @@ $1'
                || ' UNION SELECT x.customer_id FROM mjc.customer_person x WHERE x.phone LIKE $2'
                || ' UNION SELECT x.customer_id FROM mjc.customer_business x WHERE x.words @@ $1)' ELSE '' END
        || CASE WHEN customer_type IS NULL THEN '' ELSE ' AND c.customer_type = $3' END
        || CASE status WHEN 'not_active' THEN ' AND c.status IN (''inactive'', ''blocked'')'
                       ELSE CASE WHEN status IS NULL THEN ' AND c.status <> ''erased''' ELSE ' AND c.status = $4' END END
        || CASE segment WHEN 'b2b' THEN ' AND c.customer_type = ''B2B''' ELSE '' END;
END
$$;
COMMENT ON FUNCTION mjc.customer_condition(boolean, text, text, text) IS
    'For mjc.customer_page and mjc.customer_after: which rows of mjc.customer c are wanted, by the parameters words, beginning of a phone, type and status; of the segments only b2b';

-- Of what is asked for only parameters reach the statement.
CREATE FUNCTION mjc.customer_page(search text, customer_type text, status text, segment text, sort_by text, sort_order text,
    page_size integer, skip bigint, OUT ids uuid[], OUT total bigint)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wanted text := nullif(btrim(search), '');
    words tsquery := mjc.customer_words(wanted);
    phone text := mjc.customer_phone_beginning(wanted);
    ordering text := mjc.customer_ordering(sort_by, sort_order);
    source text := 'FROM mjc.customer c ';
    condition text := mjc.customer_condition(wanted IS NOT NULL, customer_type, status, segment);
BEGIN
    IF segment <> 'b2b' THEN
        source := source || 'LEFT JOIN (SELECT o.customer_id, count(*) AS orders, max(o.placed_at) AS last_at FROM mjc.order o'
               || ' WHERE o.status NOT IN (''CANCELLED'', ''REFUNDED'') GROUP BY o.customer_id) f ON f.customer_id = c.customer_id ';
        condition := condition || ' AND mjc.customer_segment(f.orders, f.last_at, statement_timestamp()) = $5';
    END IF;
    IF ordering LIKE '%p.%' THEN
        source := source || 'JOIN mjc.customer_person p ON p.customer_id = c.customer_id ';
    END IF;
    IF page_size IS NULL OR wanted IS NOT NULL OR segment IS NOT NULL THEN
        -- All of them at once: for a few the planner would walk an index over everybody.
        EXECUTE 'SELECT ARRAY(SELECT c.customer_id ' || source || condition || ' ORDER BY ' || ordering || ')' INTO ids
            USING words, phone, customer_type, status, segment;
        total := cardinality(ids);
        ids := ids[skip + 1 : coalesce(skip + page_size, total)];
        RETURN;
    END IF;
    EXECUTE 'SELECT count(*) FROM mjc.customer c ' || condition INTO total USING NULL::tsquery, NULL::text, customer_type, status;
    EXECUTE 'SELECT ARRAY(SELECT c.customer_id ' || source || condition || ' ORDER BY ' || ordering || ' LIMIT $5 OFFSET $6)' INTO ids
        USING NULL::tsquery, NULL::text, customer_type, status, page_size, skip;
END
$$;
COMMENT ON FUNCTION mjc.customer_page(text, text, text, text, text, text, integer, bigint) IS
    'The ids of customers on a page of a list, and how many there are in all. search: beginnings of names, e-mail, company and its numbers, or a phone from its beginning; status not_active: inactive or blocked; erased ones only by their status. page_size NULL: all. Errors: MJ010';

CREATE FUNCTION mjc.customer_list(search text, customer_type text, status text, segment text, sort_by text, sort_order text,
    page integer, page_size integer) RETURNS jsonb
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found record;
    pages jsonb;
BEGIN
    SELECT g.ids, g.total INTO found
      FROM mjc.customer_page(search, customer_type, status, segment, sort_by, sort_order, page_size, (page - 1)::bigint * page_size) g;
    pages := mjc.pagination(page, page_size, found.total);
    RETURN jsonb_build_object('total', found.total, 'page', page, 'limit', page_size, 'totalPages', pages -> 'totalPages', 'pagination', pages,
        'customers', (SELECT coalesce(jsonb_agg(mjc.customer_item(u.id) ORDER BY u.n), '[]') FROM unnest(found.ids) WITH ORDINALITY u (id, n)));
END
$$;
COMMENT ON FUNCTION mjc.customer_list(text, text, text, text, text, text, integer, integer) IS 'A page of customers, with both forms of pagination. Errors: MJ010';

CREATE FUNCTION mjc.customer_csv_head() RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- With the mark that tells spreadsheets of UTF-8.
    RETURN chr(65279) || 'id,firstName,lastName,email,phone,customerType,companyName,vatNumber,status,createdAt,totalOrders,totalSpent,lastOrderAt,street,city,postalCode,country' || E'\r\n';
END
$$;
COMMENT ON FUNCTION mjc.customer_csv_head() IS 'The first line of a CSV file of customers, after the mark of UTF-8';

-- Set by set: asking mjc.customer_figures and mjc.customer_address row by row takes five
-- times as long. EXECUTE, so that each run is planned for as many customers as it has.
CREATE FUNCTION mjc.customer_csv_of(wanted uuid[], OUT lines text, OUT persons integer)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE $csv$
    WITH wanted AS MATERIALIZED (SELECT w.id, w.n FROM unnest($1) WITH ORDINALITY w (id, n))
    SELECT coalesce(string_agg(concat_ws(',', c.customer_id, mjc.csv_cell(p.first_name), mjc.csv_cell(p.last_name), mjc.csv_cell(p.email), mjc.csv_cell(p.phone),
                  c.customer_type, mjc.csv_cell(b.company_name), mjc.csv_cell(b.vat_number), c.status, mjc.iso(c.created_at), coalesce(f.orders, 0),
                  mjc.dzd(coalesce(f.spent, 0)::bigint), coalesce(mjc.iso(f.last_at), ''), mjc.csv_cell(coalesce(a.street, x.street)), mjc.csv_cell(coalesce(a.city, x.city)),
                  mjc.csv_cell(CASE WHEN a.street IS NULL THEN x.postal_code ELSE a.postal_code END), mjc.csv_cell(coalesce(a.country, x.country))),
                  E'\r\n' ORDER BY u.n) || E'\r\n', ''),
           count(*)
      FROM wanted u
      JOIN mjc.customer c ON c.customer_id = u.id
      LEFT JOIN mjc.customer_person p ON p.customer_id = u.id
      LEFT JOIN mjc.customer_business b ON b.customer_id = u.id
      LEFT JOIN (SELECT o.customer_id, count(*) AS orders, sum(o.total_centimes) AS spent, max(o.placed_at) AS last_at
                   FROM mjc.order o JOIN wanted w ON w.id = o.customer_id WHERE o.status NOT IN ('CANCELLED', 'REFUNDED')
                  GROUP BY o.customer_id) f ON f.customer_id = u.id
      LEFT JOIN (SELECT DISTINCT ON (d.customer_id) d.customer_id, d.street, d.city, d.postal_code, d.country
                   FROM mjc.address d JOIN wanted w ON w.id = d.customer_id
                  ORDER BY d.customer_id, d.is_default DESC, d.kind DESC, d.created_at DESC) a ON a.customer_id = u.id
      LEFT JOIN (SELECT DISTINCT ON (o.customer_id) o.customer_id, o.order_id
                   FROM mjc.customer_order o JOIN wanted w ON w.id = o.customer_id ORDER BY o.customer_id, o.placed_at DESC) n ON n.customer_id = u.id
      LEFT JOIN mjc.order_contact x ON x.order_id = n.order_id
    $csv$ INTO lines, persons USING wanted;
END
$$;
COMMENT ON FUNCTION mjc.customer_csv_of(uuid[]) IS
    'These customers as lines of CSV, each with its CRLF, in this order, and how many persons they name';

CREATE FUNCTION mjc.customer_export(search text, customer_type text, status text, segment text, OUT csv text, OUT persons integer)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    SELECT mjc.customer_csv_head() || x.lines, x.persons INTO csv, persons
      FROM mjc.customer_csv_of((SELECT g.ids FROM mjc.customer_page(search, customer_type, status, segment, NULL, NULL, NULL, 0) g)) x;
END
$$;
COMMENT ON FUNCTION mjc.customer_export(text, text, text, text) IS
    'The customers of a list as CSV (UTF-8 with its mark, CRLF), newest first, and how many persons it names';

CREATE FUNCTION mjc.customer_stats() RETURNS jsonb
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    month timestamptz := timezone('Africa/Algiers', date_trunc('month', mjc.algiers_date(statement_timestamp())::timestamp));
    buyers bigint;
    recent bigint;
    sales record;
BEGIN
    SELECT count(DISTINCT o.customer_id) INTO recent FROM mjc.order o
     WHERE o.placed_at >= statement_timestamp() - interval '30 days' AND o.status NOT IN ('CANCELLED', 'REFUNDED');
    SELECT count(*) AS buyers, coalesce(sum(x.orders), 0) AS orders, coalesce(sum(x.spent), 0) AS spent INTO sales
      FROM (SELECT count(*) AS orders, sum(o.total_centimes) AS spent FROM mjc.order o
             WHERE o.status NOT IN ('CANCELLED', 'REFUNDED') GROUP BY o.customer_id) x;
    RETURN (
        SELECT jsonb_build_object(
                   'total', count(*), 'active', count(*) FILTER (WHERE c.status = 'active'),
                   'inactive', count(*) FILTER (WHERE c.status = 'inactive'), 'blocked', count(*) FILTER (WHERE c.status = 'blocked'),
                   'newThisMonth', count(*) FILTER (WHERE c.created_at >= month),
                   'averageOrderValue', mjc.dzd(round(sales.spent / greatest(sales.orders, 1))::bigint),
                   'lifetimeValue', mjc.dzd(round(sales.spent / greatest(sales.buyers, 1))::bigint),
                   'totalCustomers', count(*), 'activeCustomers', recent,
                   'newCustomersThisMonth', count(*) FILTER (WHERE c.created_at >= month),
                   'inactiveCustomers', greatest(count(*) - recent, 0),
                   'b2bCustomers', count(*) FILTER (WHERE c.customer_type = 'B2B'),
                   'b2cCustomers', count(*) FILTER (WHERE c.customer_type = 'B2C'),
                   'recentCustomers', count(*) FILTER (WHERE c.created_at >= statement_timestamp() - interval '30 days'))
          FROM mjc.customer c
         WHERE c.merged_into IS NULL AND c.status <> 'erased');
END
$$;
COMMENT ON FUNCTION mjc.customer_stats() IS
    'Figures over all customers that were not erased. active is the status, activeCustomers ordered in the last 30 days; lifetimeValue is what a buyer spent on average; months are of Africa/Algiers';

CREATE FUNCTION mjc.customer_segments() RETURNS jsonb
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        WITH counted AS (
            SELECT mjc.customer_segment(f.orders, f.last_at, statement_timestamp()) AS segment, count(*) AS customers,
                   count(*) FILTER (WHERE c.customer_type = 'B2B') AS b2b
              FROM mjc.customer c
              LEFT JOIN (SELECT o.customer_id, count(*) AS orders, max(o.placed_at) AS last_at FROM mjc.order o
                          WHERE o.status NOT IN ('CANCELLED', 'REFUNDED') GROUP BY o.customer_id) f ON f.customer_id = c.customer_id
             WHERE c.merged_into IS NULL AND c.status <> 'erased'
             GROUP BY 1)
        SELECT jsonb_build_object('segments', jsonb_agg(jsonb_build_object('segment', s.segment, 'customers',
                   CASE WHEN s.segment = 'b2b' THEN (SELECT coalesce(sum(n.b2b), 0) FROM counted n)
                        ELSE coalesce((SELECT n.customers FROM counted n WHERE n.segment = s.segment), 0) END) ORDER BY s.n))
          FROM unnest('{new,active,loyal,at_risk,lost,never_ordered,b2b}'::text[]) WITH ORDINALITY s (segment, n));
END
$$;
COMMENT ON FUNCTION mjc.customer_segments() IS 'How many customers there are of each segment (mjc.customer_segment), and b2b, which counts across them';

---------------------------------------------------------------------- changing

CREATE FUNCTION mjc.customer_lock(customer uuid) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    mine record;
BEGIN
    SELECT c.kind, c.status INTO mine FROM mjc.customer c
     WHERE c.customer_id = customer AND c.merged_into IS NULL FOR NO KEY UPDATE;
    IF mine.status = 'erased' THEN
        PERFORM mjc.raise('CUSTOMER_ERASED');
    END IF;
    RETURN mine.kind;
END
$$;
COMMENT ON FUNCTION mjc.customer_lock(uuid) IS
    'First lock of every change of a customer; returns the kind, NULL when there is none or it was joined to another. Errors: MJ653';

CREATE FUNCTION mjc.customer_fields(customer uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT jsonb_strip_nulls(jsonb_build_object('firstName', p.first_name, 'lastName', p.last_name, 'phone', p.phone, 'customerType', c.customer_type,
                       'companyName', b.company_name, 'vatNumber', b.vat_number, 'rc', b.rc, 'nif', b.nif, 'nis', b.nis, 'ai', b.ai))
              FROM mjc.customer c
              LEFT JOIN mjc.customer_person p ON p.customer_id = c.customer_id
              LEFT JOIN mjc.customer_business b ON b.customer_id = c.customer_id
             WHERE c.customer_id = customer);
END
$$;
COMMENT ON FUNCTION mjc.customer_fields(uuid) IS 'What staff and customers may change of a customer, as the document that mjc.customer_write takes';

CREATE FUNCTION mjc.name_clean(name text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- What no name has, rather than what names have: letters are not the same in every collation.
    RETURN btrim(regexp_replace(name, '[\x01-\x1f\x7f\u0080-\u009f\u202a-\u202e\u2066-\u20690-9<>{}\[\]\\/@#$%^*=+_|~;:"?!]', '', 'g'));
END
$$;
COMMENT ON FUNCTION mjc.name_clean(text) IS
    'A name of a person without digits, controls (those of direction too) and signs that no name has; letters of any script, spaces, hyphens, apostrophes and dots stay';

CREATE FUNCTION mjc.customer_check(doc jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    clean jsonb;
BEGIN
    PERFORM mjc.doc_check(doc, '{firstName,lastName,phone,customerType,companyName,vatNumber,rc,nif,nis,ai}');
    PERFORM mjc.doc_text(doc, 'firstName', 0, 50), mjc.doc_text(doc, 'lastName', 0, 50), mjc.doc_text(doc, 'companyName', 0, 200),
            mjc.doc_text(doc, 'vatNumber', 0, 50), mjc.doc_text(doc, 'rc', 0, 50), mjc.doc_text(doc, 'nif', 0, 50),
            mjc.doc_text(doc, 'nis', 0, 50), mjc.doc_text(doc, 'ai', 0, 50), mjc.doc_text(doc, 'phone', 0, 30),
            mjc.doc_word(doc, 'customerType', '^(B2C|B2B)$');
    -- The frontends send an empty text for what is not there.
    SELECT coalesce(jsonb_object_agg(e.key, nullif(btrim(e.value), '')), '{}') INTO clean FROM jsonb_each_text(doc) e;
    PERFORM mjc.doc_refuse(k) FROM unnest('{firstName,lastName}'::text[]) k WHERE clean ->> k <> mjc.name_clean(clean ->> k);
    IF clean ->> 'phone' IS NOT NULL THEN
        clean := jsonb_set(clean, '{phone}', coalesce(to_jsonb(mjc.phone_canonical(clean ->> 'phone')), 'null'));
        IF clean ->> 'phone' IS NULL THEN
            PERFORM mjc.raise('PHONE_INVALID');
        END IF;
    END IF;
    RETURN clean;
END
$$;
COMMENT ON FUNCTION mjc.customer_check(jsonb) IS
    'A document of a customer, trimmed, its phone canonical: {firstName, lastName: up to 50 characters of any script, phone, customerType: B2C or B2B, companyName, vatNumber, rc, nif, nis, ai}; an empty text is null. Errors: MJ003, MJ006, MJ010, MJ305';

CREATE FUNCTION mjc.customer_store(customer uuid, doc jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE mjc.customer c SET customer_type = doc ->> 'customerType'
     WHERE c.customer_id = customer AND c.customer_type <> doc ->> 'customerType';
    UPDATE mjc.customer_person p SET first_name = doc ->> 'firstName', last_name = doc ->> 'lastName', phone = doc ->> 'phone'
     WHERE p.customer_id = customer
       AND (p.first_name, p.last_name, p.phone) IS DISTINCT FROM (doc ->> 'firstName', doc ->> 'lastName', doc ->> 'phone');
    IF doc ?| '{companyName,vatNumber,rc,nif,nis,ai}' THEN
        INSERT INTO mjc.customer_business AS b (customer_id, company_name, vat_number, rc, nif, nis, ai)
        VALUES (customer, doc ->> 'companyName', doc ->> 'vatNumber', doc ->> 'rc', doc ->> 'nif', doc ->> 'nis', doc ->> 'ai')
        ON CONFLICT ON CONSTRAINT customer_business_pkey DO UPDATE
           SET company_name = EXCLUDED.company_name, vat_number = EXCLUDED.vat_number, rc = EXCLUDED.rc,
               nif = EXCLUDED.nif, nis = EXCLUDED.nis, ai = EXCLUDED.ai;
    ELSE
        DELETE FROM mjc.customer_business b WHERE b.customer_id = customer;
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.customer_store(uuid, jsonb) IS 'Stores a whole document (mjc.customer_fields) of a customer who is locked';

-- actor NULL and channel 'self': the customer does it, which no audit of staff records.
CREATE FUNCTION mjc.customer_write(actor uuid, channel text, customer uuid, doc jsonb, request_id text) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    kind text := mjc.customer_lock(customer);
    before jsonb;
    after jsonb;
    changed jsonb;
BEGIN
    IF kind IS NULL THEN
        RETURN NULL;
    END IF;
    before := mjc.customer_fields(customer);
    after := mjc.doc_merge(before, mjc.customer_check(doc));
    PERFORM mjc.doc_need(after, '{firstName,lastName,customerType}');
    IF kind = 'guest' AND after -> 'phone' IS DISTINCT FROM before -> 'phone' THEN
        PERFORM mjc.doc_refuse('phone');
    END IF;
    SELECT jsonb_agg(k ORDER BY k) INTO changed FROM jsonb_object_keys(before || after) k WHERE before -> k IS DISTINCT FROM after -> k;
    IF changed IS NOT NULL THEN
        PERFORM mjc.customer_store(customer, after);
        IF channel <> 'self' THEN
            PERFORM mjc.audit_write(actor, channel, 'customer_update', 'customer', customer::text, NULL, jsonb_build_object('fields', changed), request_id);
        END IF;
    END IF;
    RETURN customer;
END
$$;
COMMENT ON FUNCTION mjc.customer_write(uuid, text, uuid, jsonb, text) IS
    'Changes the given fields of a customer, null clears; a guest''s phone stays, it is what he is known by. NULL when there is no such customer. Errors: MJ003, MJ006, MJ010, MJ305, MJ653';

CREATE FUNCTION mjc.customer_make(actor uuid, channel text, doc jsonb, request_id text) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    id uuid;
BEGIN
    PERFORM mjc.doc_check(doc, '{email,firstName,lastName,phone,customerType,companyName,vatNumber,rc,nif,nis,ai}');
    id := mjc.account_register(mjc.doc_text(doc, 'email', 3, 254), NULL, doc - 'email');
    IF id IS NULL THEN
        PERFORM mjc.raise('EMAIL_EXISTS');
    END IF;
    PERFORM mjc.account_invite(id);
    PERFORM mjc.audit_write(actor, channel, 'customer_create', 'customer', id::text, NULL,
        jsonb_build_object('fields', (SELECT jsonb_agg(k ORDER BY k) FROM jsonb_object_keys(doc) k)), request_id);
    RETURN id;
END
$$;
COMMENT ON FUNCTION mjc.customer_make(uuid, text, jsonb, text) IS
    'A registered customer whom staff enter: {email} and the fields of mjc.customer_check. The account has no password until its owner sets one by the link that is sent. Errors: MJ003, MJ006, MJ010, MJ305, MJ602';

CREATE FUNCTION mjc.customer_status_move(actor uuid, channel text, customer uuid, status text, request_id text) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    before text;
BEGIN
    IF status IS NULL OR status NOT IN ('active', 'inactive', 'blocked') THEN
        PERFORM mjc.raise(CASE WHEN status IS NULL THEN 'ARGUMENT_MISSING' ELSE 'ARGUMENT_INVALID' END, 'argument', 'status');
    END IF;
    -- A guest's orders hold the lock of the phone, taken before all others: each of them
    -- is either placed before the new status or refused by it.
    PERFORM mjc.guest_phones_lock(ARRAY[customer]);
    IF mjc.customer_lock(customer) IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT c.status INTO before FROM mjc.customer c WHERE c.customer_id = customer;
    IF before = customer_status_move.status THEN
        PERFORM mjc.flush_seen();
        RETURN before;
    END IF;
    UPDATE mjc.customer c SET status = customer_status_move.status WHERE c.customer_id = customer;
    UPDATE mjc.account a
       SET is_active = customer_status_move.status = 'active', token_version = a.token_version + 1, updated_at = clock_timestamp()
     WHERE a.account_id = customer AND a.role = 'CUSTOMER';
    PERFORM mjc.audit_write(actor, channel, 'customer_status_set', 'customer', customer::text,
        jsonb_build_object('status', before), jsonb_build_object('status', status), request_id);
    RETURN status;
END
$$;
COMMENT ON FUNCTION mjc.customer_status_move(uuid, text, uuid, text, text) IS
    'active, inactive or blocked: only active ones order and sign in; every session of the account ends at once. NULL when there is no such customer. Errors: MJ003, MJ010, MJ653';

------------------------------------------------------------------------- notes

CREATE FUNCTION mjc.customer_note_write(actor uuid, channel text, customer uuid, body text, request_id text) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    id uuid := mjc.uuid_v7();
    clean text := regexp_replace(body, '^\s+|\s+$', '', 'g');
BEGIN
    IF coalesce(clean, '') = '' THEN
        PERFORM mjc.raise('ARGUMENT_MISSING', 'argument', 'body');
    ELSIF length(clean) > 2000 THEN
        PERFORM mjc.raise('ARGUMENT_RANGE', 'argument', 'body');
    END IF;
    IF mjc.customer_lock(customer) IS NULL THEN
        RETURN NULL;
    END IF;
    INSERT INTO mjc.customer_note (customer_id, note_id, body, author, at)
    VALUES (customer, id, clean, actor, clock_timestamp());
    PERFORM mjc.audit_write(actor, channel, 'customer_note_add', 'customer', customer::text, NULL, jsonb_build_object('note', id), request_id);
    RETURN id;
END
$$;
COMMENT ON FUNCTION mjc.customer_note_write(uuid, text, uuid, text, text) IS
    'A note of staff about a customer, 1 to 2000 characters; NULL when there is no such customer. Errors: MJ003, MJ006, MJ653';

CREATE FUNCTION mjc.customer_notes(customer uuid, id uuid DEFAULT NULL) RETURNS jsonb
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT coalesce(jsonb_agg(jsonb_build_object('id', n.note_id, 'body', n.body, 'author', n.author, 'authorName', s.display_name,
                                      'createdAt', mjc.iso(n.at)) ORDER BY n.at DESC, n.note_id DESC), '[]')
          FROM mjc.customer_note n LEFT JOIN mjc.staff s ON s.staff_id = n.author
         WHERE n.customer_id = customer AND (id IS NULL OR n.note_id = id));
END
$$;
COMMENT ON FUNCTION mjc.customer_notes(uuid, uuid) IS 'The notes about a customer, newest first, or the one of that id, always as a list';

-------------------------------------------------------------------------- psql

CREATE FUNCTION mjc.customer_need(answer text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF answer IS NULL THEN
        PERFORM mjc.raise('NOT_FOUND');
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.customer_need(text) IS 'For staff in psql: what a rule answers for a customer who is not there. Errors: MJ004';

CREATE FUNCTION mjc.customer_create(doc jsonb) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.customer_make(mjc.staff_writes(), 'psql', doc, NULL);
END
$$;
COMMENT ON FUNCTION mjc.customer_create(jsonb) IS
    'A registered customer: {email, firstName, lastName, phone, customerType, companyName, vatNumber, rc, nif, nis, ai}; the person gets a link to set a password. Returns the id. Errors: MJ003, MJ006, MJ010, MJ305, MJ601, MJ602';

CREATE FUNCTION mjc.customer_update(customer_id uuid, doc jsonb) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    done uuid;
BEGIN
    PERFORM mjc.check_schema();
    done := mjc.customer_write(mjc.staff_id(), 'psql', customer_id, doc, NULL);
    PERFORM mjc.customer_need(done::text);
    RETURN done;
END
$$;
COMMENT ON FUNCTION mjc.customer_update(uuid, jsonb) IS
    'Changes the given fields: {firstName, lastName, phone, customerType, companyName, vatNumber, rc, nif, nis, ai}, null clears. Errors: MJ003, MJ004, MJ006, MJ010, MJ305, MJ601, MJ653';

CREATE FUNCTION mjc.customer_status_set(customer_id uuid, status text) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    done text;
BEGIN
    PERFORM mjc.check_schema();
    done := mjc.customer_status_move(mjc.staff_id(), 'psql', customer_id, status, NULL);
    PERFORM mjc.customer_need(done);
    RETURN done;
END
$$;
COMMENT ON FUNCTION mjc.customer_status_set(uuid, text) IS
    'active, inactive or blocked: only active customers order and sign in; sessions end at once. Errors: MJ003, MJ004, MJ010, MJ601, MJ653';

CREATE FUNCTION mjc.customer_note_add(customer_id uuid, body text) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    done uuid;
BEGIN
    PERFORM mjc.check_schema();
    done := mjc.customer_note_write(mjc.staff_id(), 'psql', customer_id, body, NULL);
    PERFORM mjc.customer_need(done::text);
    RETURN done;
END
$$;
COMMENT ON FUNCTION mjc.customer_note_add(uuid, text) IS 'A note of staff about a customer, 1 to 2000 characters; returns its id. Errors: MJ003, MJ004, MJ006, MJ601, MJ653';

CREATE FUNCTION mjc.customer_read(customer_id uuid) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    who uuid;
    doc jsonb;
BEGIN
    PERFORM mjc.check_schema();
    who := mjc.staff_id();
    doc := mjc.customer_doc(customer_id, true) || jsonb_build_object('notes', mjc.customer_notes(customer_id));
    PERFORM mjc.customer_need(doc::text);
    -- The log of the server also keeps what a rolled-back transaction looked at.
    PERFORM mjc.note('customer_read ' || customer_id);
    PERFORM mjc.access_note(who, 'psql', 'customer_read', customer_id, 1, NULL);
    RETURN doc;
END
$$;
COMMENT ON FUNCTION mjc.customer_read(uuid) IS
    'Everything about one customer, with notes and the last five orders; the look is on record. Errors: MJ004, MJ601';

CREATE FUNCTION mjc.customer_find(what text, OUT customer_id uuid, OUT kind text, OUT first_name text, OUT last_name text,
    OUT phone text, OUT email text, OUT company_name text, OUT status text)
    RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 100
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    who uuid;
    found uuid[];
BEGIN
    PERFORM mjc.check_schema();
    who := mjc.staff_id();
    IF nullif(btrim(what), '') IS NULL THEN
        PERFORM mjc.raise('ARGUMENT_MISSING', 'argument', 'what');
    END IF;
    found := (SELECT g.ids FROM mjc.customer_page(what, NULL, NULL, NULL, NULL, NULL, 100, 0) g);
    IF found <> '{}' THEN
        PERFORM mjc.note('customer_find, persons: ' || cardinality(found));
        PERFORM mjc.access_note(who, 'psql', 'customer_find', NULL, cardinality(found), NULL);
    END IF;
    RETURN QUERY
    SELECT c.customer_id, c.kind, p.first_name, p.last_name, p.phone, p.email, b.company_name, c.status
      FROM unnest(found) WITH ORDINALITY u (id, n)
      JOIN mjc.customer c ON c.customer_id = u.id
      LEFT JOIN mjc.customer_person p ON p.customer_id = u.id
      LEFT JOIN mjc.customer_business b ON b.customer_id = u.id
     ORDER BY u.n;
END
$$;
COMMENT ON FUNCTION mjc.customer_find(text) IS
    'Customers by beginnings of names, e-mail, company and its numbers, or by phone; the newest 100; the look is on record. Errors: MJ003, MJ601';

CREATE FUNCTION mjc.customer_csv(search text DEFAULT NULL, customer_type text DEFAULT NULL, status text DEFAULT NULL, segment text DEFAULT NULL) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    who uuid;
    made record;
BEGIN
    PERFORM mjc.check_schema();
    who := mjc.staff_id();
    SELECT x.csv, x.persons INTO made FROM mjc.customer_export(search, customer_type, status, segment) x;
    PERFORM mjc.note('customer_csv, persons: ' || made.persons);
    PERFORM mjc.access_note(who, 'psql', 'customer_export', NULL, made.persons, NULL);
    RETURN made.csv;
END
$$;
COMMENT ON FUNCTION mjc.customer_csv(text, text, text, text) IS
    'Customers as CSV, newest first; search as in mjc.customer_find, segment as mjc.customer_segment names it, or b2b; the look is on record. Errors: MJ601';
