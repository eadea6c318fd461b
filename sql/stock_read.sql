-- stock_read: reading the stock, and the rules that change what may be promised without
-- moving a unit (safety, backorders, deliveries to come, locations). Movements: stock.sql.

CREATE FUNCTION mjc.stock_label(available bigint, low_stock_qty integer) RETURNS text
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
    SELECT CASE WHEN coalesce(available, 0) OPERATOR(pg_catalog.<=) 0 THEN 'OUT_OF_STOCK'
                WHEN available OPERATOR(pg_catalog.<=) (low_stock_qty OPERATOR(pg_catalog./) 2) THEN 'CRITICAL'
                WHEN available OPERATOR(pg_catalog.<=) low_stock_qty THEN 'LOW_STOCK' END
$$;
COMMENT ON FUNCTION mjc.stock_label(bigint, integer) IS
    'OUT_OF_STOCK at nothing, CRITICAL at half of the product''s low stock or less, LOW_STOCK at it or less, else NULL; available units, NULL is none';

-- What a movement does to the balances, told once: the reports show it, the invariants recompute it.
CREATE FUNCTION mjc.on_hand_change(kind text, qty integer) RETURNS integer
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
    SELECT CASE WHEN kind OPERATOR(pg_catalog.=) ANY (ARRAY['receive', 'adjust', 'count', 'return', 'transfer_in']) THEN qty
                WHEN kind OPERATOR(pg_catalog.=) ANY (ARRAY['ship', 'damage', 'transfer_out']) THEN OPERATOR(pg_catalog.-) qty
                ELSE 0 END
$$;
COMMENT ON FUNCTION mjc.on_hand_change(text, integer) IS 'Units that a movement of the ledger adds to on_hand';

CREATE FUNCTION mjc.reserved_change(kind text, qty integer) RETURNS integer
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
    SELECT CASE WHEN kind OPERATOR(pg_catalog.=) 'reserve' THEN qty
                WHEN kind OPERATOR(pg_catalog.=) ANY (ARRAY['release', 'ship']) THEN OPERATOR(pg_catalog.-) qty
                ELSE 0 END
$$;
COMMENT ON FUNCTION mjc.reserved_change(text, integer) IS 'Units that a movement of the ledger adds to reserved';

CREATE FUNCTION mjc.damaged_change(kind text, qty integer) RETURNS integer
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
    SELECT CASE WHEN kind OPERATOR(pg_catalog.=) ANY (ARRAY['damage', 'return_damaged']) THEN qty
                WHEN kind OPERATOR(pg_catalog.=) 'scrap' THEN OPERATOR(pg_catalog.-) qty
                ELSE 0 END
$$;
COMMENT ON FUNCTION mjc.damaged_change(text, integer) IS 'Units that a movement of the ledger adds to damaged';

CREATE FUNCTION mjc.available(product_id uuid) RETURNS bigint
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN coalesce((SELECT a.available FROM mjc.stock_available a WHERE a.product_id = available.product_id), 0);
END
$$;
COMMENT ON FUNCTION mjc.available(uuid) IS
    'Units that can be promised now: on hand less reserved (expired holds do not count) less safety stock; negative when units are missing';

CREATE FUNCTION mjc.product_id(sku text) RETURNS uuid
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT p.product_id FROM mjc.product p WHERE p.sku = product_id.sku);
END
$$;
COMMENT ON FUNCTION mjc.product_id(text) IS 'The product with this sku, NULL when there is none';

-- Times never decrease along seq, so the row in force is found by halving: 23 probes of the
-- primary key for five million rows.
CREATE FUNCTION mjc.stock_at(product_id uuid, at timestamptz, OUT on_hand bigint, OUT reserved bigint, OUT damaged bigint,
    OUT value_centimes bigint) RETURNS record
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    place smallint;
    low bigint;
    high bigint;
    middle bigint;
    row_at timestamptz;
    found_row record;
BEGIN
    on_hand := 0;
    reserved := 0;
    damaged := 0;
    value_centimes := 0;
    FOR place IN SELECT l.location_id FROM mjc.location l LOOP
        low := (SELECT g.seq FROM mjc.stock_ledger g WHERE g.product_id = stock_at.product_id AND g.location_id = place
                 ORDER BY g.seq LIMIT 1);
        high := (SELECT g.seq FROM mjc.stock_ledger g WHERE g.product_id = stock_at.product_id AND g.location_id = place
                  ORDER BY g.seq DESC LIMIT 1);
        CONTINUE WHEN low IS NULL;
        row_at := (SELECT g.at FROM mjc.stock_ledger g
                    WHERE g.product_id = stock_at.product_id AND g.location_id = place AND g.seq = low);
        IF row_at > stock_at.at THEN
            -- Before the first movement there was nothing; before the first one kept, nobody knows.
            IF low > 1 THEN
                on_hand := NULL;
                reserved := NULL;
                damaged := NULL;
                value_centimes := NULL;
                RETURN;
            END IF;
            CONTINUE;
        END IF;
        -- The row at low is in force or before it, the row above high is after it.
        WHILE low < high LOOP
            middle := low + (high - low + 1) / 2;
            row_at := (SELECT g.at FROM mjc.stock_ledger g
                        WHERE g.product_id = stock_at.product_id AND g.location_id = place AND g.seq = middle);
            IF row_at <= stock_at.at THEN
                low := middle;
            ELSE
                high := middle - 1;
            END IF;
        END LOOP;
        SELECT g.on_hand, g.reserved, g.damaged, g.value_centimes INTO found_row
          FROM mjc.stock_ledger g
         WHERE g.product_id = stock_at.product_id AND g.location_id = place AND g.seq = low;
        on_hand := on_hand + found_row.on_hand;
        reserved := reserved + found_row.reserved;
        damaged := damaged + found_row.damaged;
        value_centimes := value_centimes + found_row.value_centimes;
    END LOOP;
END
$$;
COMMENT ON FUNCTION mjc.stock_at(uuid, timestamptz) IS
    'Balances of a product at an instant over all locations, units and centimes; zeros before its first movement, NULL where the ledger was archived';

CREATE FUNCTION mjc.stock_history(product_id uuid, max_rows integer DEFAULT 100, OUT at timestamptz, OUT location text, OUT seq bigint,
    OUT kind text, OUT qty integer, OUT on_hand_change integer, OUT reserved_change integer, OUT damaged_change integer,
    OUT on_hand bigint, OUT reserved bigint, OUT damaged bigint, OUT reference text, OUT actor_name text, OUT reason text)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 100
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    IF stock_history.product_id IS NULL THEN
        PERFORM mjc.raise('ARGUMENT_MISSING', 'argument', 'product_id');
    END IF;
    IF max_rows IS NULL OR max_rows NOT BETWEEN 1 AND 100000 THEN
        PERFORM mjc.raise('ARGUMENT_RANGE', 'argument', 'max_rows');
    END IF;
    RETURN QUERY
    SELECT n.at, n.code, n.seq, n.kind, n.qty, mjc.on_hand_change(n.kind, n.qty), mjc.reserved_change(n.kind, n.qty),
           mjc.damaged_change(n.kind, n.qty), n.on_hand, n.reserved, n.damaged, o.reference, s.display_name, n.reason
      FROM (SELECT g.at, l.code, g.seq, g.kind, g.qty, g.on_hand, g.reserved, g.damaged, g.ref_kind, g.ref_id, g.actor, g.reason
              FROM mjc.location l
             CROSS JOIN LATERAL (
                   SELECT x.at, x.seq, x.kind, x.qty, x.on_hand, x.reserved, x.damaged, x.ref_kind, x.ref_id, x.actor, x.reason
                     FROM mjc.stock_ledger x
                    WHERE x.product_id = stock_history.product_id AND x.location_id = l.location_id
                    ORDER BY x.seq DESC LIMIT max_rows) g
             ORDER BY g.at DESC, l.code, g.seq DESC LIMIT max_rows) n
      LEFT JOIN mjc.staff s ON s.staff_id = n.actor
      LEFT JOIN mjc.order o ON o.order_id = CASE WHEN n.ref_kind = 'order' THEN mjc.uuid_or_null(n.ref_id) END
     ORDER BY n.at DESC, n.code, n.seq DESC;
END
$$;
COMMENT ON FUNCTION mjc.stock_history(uuid, integer) IS
    'Why is it 47: the newest movements of a product with what each changed and the balances after it, newest first. Errors: MJ003, MJ006';

-- The product of an argument must be one that the shop knows.
CREATE FUNCTION mjc.check_product(product_id uuid) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF check_product.product_id IS NULL THEN
        PERFORM mjc.raise('ARGUMENT_MISSING', 'argument', 'product_id');
    END IF;
    IF NOT EXISTS (SELECT FROM mjc.product p WHERE p.product_id = check_product.product_id) THEN
        PERFORM mjc.raise('PRODUCT_UNKNOWN');
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.check_product(uuid) IS 'For rules in SQL. Errors: MJ003, MJ107';

CREATE FUNCTION mjc.stock_policy_set(product_id uuid, safety_qty integer DEFAULT NULL, backorder_qty integer DEFAULT NULL,
    restock_days integer DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    who uuid := mjc.staff_id();
    old_row mjc.stock_anchor%ROWTYPE;
    new_row mjc.stock_anchor%ROWTYPE;
BEGIN
    PERFORM mjc.check_schema();
    PERFORM mjc.check_product(stock_policy_set.product_id);
    IF stock_policy_set.safety_qty NOT BETWEEN 0 AND 1000000 THEN
        PERFORM mjc.raise('ARGUMENT_RANGE', 'argument', 'safety_qty');
    END IF;
    IF stock_policy_set.backorder_qty NOT BETWEEN 0 AND 1000000 THEN
        PERFORM mjc.raise('ARGUMENT_RANGE', 'argument', 'backorder_qty');
    END IF;
    IF stock_policy_set.restock_days NOT BETWEEN 0 AND 3650 THEN
        PERFORM mjc.raise('ARGUMENT_RANGE', 'argument', 'restock_days');
    END IF;
    -- A product that never had stock has no anchor yet.
    INSERT INTO mjc.stock_anchor (product_id) VALUES (stock_policy_set.product_id) ON CONFLICT (product_id) DO NOTHING;
    SELECT * INTO old_row FROM mjc.stock_anchor a WHERE a.product_id = stock_policy_set.product_id FOR NO KEY UPDATE;
    UPDATE mjc.stock_anchor a
       SET safety_qty = coalesce(stock_policy_set.safety_qty, a.safety_qty),
           backorder_qty = coalesce(stock_policy_set.backorder_qty, a.backorder_qty),
           restock_days = coalesce(stock_policy_set.restock_days, a.restock_days)
     WHERE a.product_id = stock_policy_set.product_id
    RETURNING * INTO new_row;
    IF new_row = old_row THEN
        RETURN;
    END IF;
    PERFORM mjc.stock_refresh(stock_policy_set.product_id);
    PERFORM mjc.audit_write(who, 'psql', 'stock_policy_set', 'product', stock_policy_set.product_id::text,
        jsonb_build_object('safety_qty', old_row.safety_qty, 'backorder_qty', old_row.backorder_qty, 'restock_days', old_row.restock_days),
        jsonb_build_object('safety_qty', new_row.safety_qty, 'backorder_qty', new_row.backorder_qty, 'restock_days', new_row.restock_days));
END
$$;
COMMENT ON FUNCTION mjc.stock_policy_set(uuid, integer, integer, integer) IS
    'Units never sold (safety_qty), units that may be promised beyond the stock (backorder_qty, 0 = none), days until more comes when no delivery is expected (restock_days); NULL leaves as it is. Errors: MJ003, MJ006, MJ009, MJ107, MJ601';

CREATE FUNCTION mjc.stock_expected(product_id uuid, due_on date, qty integer, note text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    who uuid := mjc.staff_id();
    said text := nullif(btrim(stock_expected.note), '');
    old_qty integer;
BEGIN
    PERFORM mjc.check_schema();
    PERFORM mjc.check_product(stock_expected.product_id);
    IF stock_expected.due_on IS NULL THEN
        PERFORM mjc.raise('ARGUMENT_MISSING', 'argument', 'due_on');
    END IF;
    IF stock_expected.qty IS NULL THEN
        PERFORM mjc.raise('ARGUMENT_MISSING', 'argument', 'qty');
    END IF;
    IF stock_expected.due_on NOT BETWEEN date '2000-01-01' AND date '2199-12-31' THEN
        PERFORM mjc.raise('ARGUMENT_RANGE', 'argument', 'due_on');
    END IF;
    IF stock_expected.qty NOT BETWEEN 0 AND 1000000 THEN
        PERFORM mjc.raise('ARGUMENT_RANGE', 'argument', 'qty');
    END IF;
    IF length(said) > 255 THEN
        PERFORM mjc.raise('ARGUMENT_RANGE', 'argument', 'note');
    END IF;
    -- The product's lock first: goods that come in at this moment change the same rows.
    PERFORM mjc.stock_refresh(stock_expected.product_id);
    SELECT i.qty INTO old_qty FROM mjc.stock_incoming i
     WHERE i.product_id = stock_expected.product_id AND i.due_on = stock_expected.due_on;
    IF stock_expected.qty = 0 THEN
        DELETE FROM mjc.stock_incoming i
         WHERE i.product_id = stock_expected.product_id AND i.due_on = stock_expected.due_on;
    ELSE
        INSERT INTO mjc.stock_incoming AS i (product_id, due_on, qty, note, updated_at)
        VALUES (stock_expected.product_id, stock_expected.due_on, stock_expected.qty, said, clock_timestamp())
        ON CONFLICT (product_id, due_on) DO UPDATE
           SET qty = EXCLUDED.qty, note = EXCLUDED.note, updated_at = EXCLUDED.updated_at;
    END IF;
    PERFORM mjc.audit_write(who, 'psql', 'stock_expected', 'product', stock_expected.product_id::text,
        jsonb_build_object('due_on', stock_expected.due_on, 'qty', coalesce(old_qty, 0)),
        jsonb_build_object('due_on', stock_expected.due_on, 'qty', stock_expected.qty));
END
$$;
COMMENT ON FUNCTION mjc.stock_expected(uuid, date, integer, text) IS
    'So many units are due from suppliers on that day, in place of what was said of it; 0 takes it back, receiving takes off the earliest first. Errors: MJ003, MJ006, MJ009, MJ107, MJ601';

CREATE FUNCTION mjc.location_set(code text, name text DEFAULT NULL, priority integer DEFAULT NULL, is_active boolean DEFAULT NULL)
    RETURNS smallint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    who uuid := mjc.staff_id();
    called text := nullif(btrim(location_set.name), '');
    old_row mjc.location%ROWTYPE;
    new_row mjc.location%ROWTYPE;
    product uuid;
BEGIN
    PERFORM mjc.check_schema();
    IF location_set.code IS NULL THEN
        PERFORM mjc.raise('ARGUMENT_MISSING', 'argument', 'code');
    END IF;
    IF location_set.code !~ '^[a-z0-9][a-z0-9_-]{0,29}$' THEN
        PERFORM mjc.raise('ARGUMENT_INVALID', 'argument', 'code');
    END IF;
    IF location_set.name IS NOT NULL AND (called IS NULL OR length(called) > 100) THEN
        PERFORM mjc.raise('ARGUMENT_RANGE', 'argument', 'name');
    END IF;
    IF location_set.priority NOT BETWEEN 0 AND 10000 THEN
        PERFORM mjc.raise('ARGUMENT_RANGE', 'argument', 'priority');
    END IF;
    -- One at a time: two new locations must not get the same number. This mode keeps out
    -- nobody else: whoever moves stock opens the table with a product locked already.
    LOCK TABLE mjc.location IN SHARE UPDATE EXCLUSIVE MODE;
    SELECT * INTO old_row FROM mjc.location l WHERE l.code = location_set.code;
    IF old_row.location_id IS NULL THEN
        IF (SELECT count(*) FROM mjc.location) >= 64 THEN
            PERFORM mjc.raise('ARGUMENT_RANGE', 'argument', 'code');
        END IF;
        INSERT INTO mjc.location (location_id, code, name, priority, is_active)
        SELECT coalesce(max(l.location_id), 0) + 1, location_set.code, coalesce(called, location_set.code),
               coalesce(location_set.priority, 0), coalesce(location_set.is_active, true)
          FROM mjc.location l
        RETURNING * INTO new_row;
    ELSE
        UPDATE mjc.location l
           SET name = coalesce(called, l.name), priority = coalesce(location_set.priority, l.priority),
               is_active = coalesce(location_set.is_active, l.is_active)
         WHERE l.location_id = old_row.location_id
        RETURNING * INTO new_row;
        IF new_row = old_row THEN
            RETURN new_row.location_id;
        END IF;
    END IF;
    PERFORM mjc.audit_write(who, 'psql', 'location_set', 'location', location_set.code,
        CASE WHEN old_row.location_id IS NOT NULL THEN
            jsonb_build_object('name', old_row.name, 'priority', old_row.priority, 'is_active', old_row.is_active) END,
        jsonb_build_object('name', new_row.name, 'priority', new_row.priority, 'is_active', new_row.is_active));
    -- What stands there is for sale from now on, or no longer.
    IF old_row.is_active <> new_row.is_active THEN
        FOR product IN
            SELECT a.product_id FROM mjc.stock_anchor a
             WHERE EXISTS (SELECT FROM mjc.stock_ledger g WHERE g.product_id = a.product_id AND g.location_id = new_row.location_id)
             ORDER BY a.product_id
        LOOP
            PERFORM mjc.stock_refresh(product);
        END LOOP;
    END IF;
    RETURN new_row.location_id;
END
$$;
COMMENT ON FUNCTION mjc.location_set(text, text, integer, boolean) IS
    'Makes a stock location, or changes its name, its priority (the lowest is emptied first) or whether it sells; NULL leaves as it is; 64 at most; returns its number. Errors: MJ003, MJ006, MJ009, MJ010, MJ601';

CREATE FUNCTION mjc_api.staff_inventory_alerts(actor uuid, token_version integer, token_id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    RETURN (
        SELECT json_build_object('alerts', coalesce(json_agg(
                   json_build_object('id', n.product_id, 'productId', n.product_id, 'productName', n.name,
                       'currentStock', greatest(n.available, 0), 'minimumStock', n.low_stock_qty, 'status', n.label)
                   ORDER BY n.place), '[]'::json), 'total', coalesce(max(n.total), 0))
          FROM (SELECT x.product_id, x.name, x.available, x.low_stock_qty, x.label, count(*) OVER () AS total,
                       row_number() OVER (ORDER BY array_position(ARRAY['OUT_OF_STOCK', 'CRITICAL', 'LOW_STOCK'], x.label),
                                                   x.available, x.name, x.product_id) AS place
                  FROM (SELECT p.product_id, p.name, coalesce(s.available, 0) AS available, p.low_stock_qty,
                               mjc.stock_label(s.available, p.low_stock_qty) AS label
                          FROM mjc.product p LEFT JOIN mjc.stock_available s ON s.product_id = p.product_id
                         WHERE p.is_active) x
                 WHERE x.label IS NOT NULL
                 ORDER BY place LIMIT 500) n);
END
$$;
COMMENT ON FUNCTION mjc_api.staff_inventory_alerts(uuid, integer, uuid) IS
    'GET /admin/inventory/alerts: active products that are low, worst first, 500 at most; total tells how many there are. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.cart_validate(product_ids uuid[], quantities integer[]) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    IF product_ids IS NULL THEN
        PERFORM mjc.raise('ARGUMENT_MISSING', 'argument', 'product_ids');
    END IF;
    IF quantities IS NULL THEN
        PERFORM mjc.raise('ARGUMENT_MISSING', 'argument', 'quantities');
    END IF;
    IF cardinality(product_ids) NOT BETWEEN 1 AND (SELECT l.max_lines FROM mjc.order_limits() l) OR array_position(product_ids, NULL) IS NOT NULL THEN
        PERFORM mjc.raise('ARGUMENT_RANGE', 'argument', 'product_ids');
    END IF;
    IF cardinality(quantities) <> cardinality(product_ids) OR array_position(quantities, NULL) IS NOT NULL
       OR 1 > ANY (quantities) THEN
        PERFORM mjc.raise('ARGUMENT_RANGE', 'argument', 'quantities');
    END IF;
    -- The shim puts the text of code into the caller's language, with the values in their places.
    RETURN (
        SELECT json_build_object('valid', count(*) = 0, 'errors', coalesce(json_agg(
                   json_build_object('productId', e.id, 'availableStock', e.orderable, 'code', e.code, 'values',
                       CASE e.code WHEN 'INSUFFICIENT_STOCK'
                            THEN json_build_object('line', e.line, 'product', e.name, 'available', e.orderable, 'requested', e.qty)
                            ELSE json_build_object('line', e.line) END)
                   ORDER BY e.line), '[]'::json))
          FROM (SELECT c.id, c.line, c.qty, p.name,
                       CASE WHEN p.is_active THEN greatest(coalesce(s.orderable_qty, 0), 0) ELSE 0 END AS orderable,
                       CASE WHEN p.is_active IS NOT TRUE THEN 'PRODUCT_UNAVAILABLE'
                            WHEN c.qty > coalesce(s.orderable_qty, 0) THEN 'INSUFFICIENT_STOCK' END AS code
                  FROM (SELECT u.id, min(u.line) AS line, sum(u.qty) AS qty
                          FROM unnest(product_ids, quantities) WITH ORDINALITY u (id, qty, line) GROUP BY u.id) c
                  LEFT JOIN mjc.product p ON p.product_id = c.id
                  LEFT JOIN LATERAL (SELECT a.orderable_qty FROM mjc.stock_available a WHERE a.product_id = c.id) s ON true) e
         WHERE e.code IS NOT NULL);
END
$$;
COMMENT ON FUNCTION mjc_api.cart_validate(uuid[], integer[]) IS
    'POST /cart/validate: what an order of these lines would be refused for, a product once, by its first line; promises nothing. Errors: MJ003, MJ006';
