-- stock: rules of the ledger and of reservations (extension/ledger.c, reservation.c,
-- hold.c, stock.c, commit.c). Staff call them in psql; the tables take no direct
-- writes. Reads: stock_read.sql.

CREATE FUNCTION mjc.stock_reserve(product_ids uuid[], quantities integer[],
    hold_for interval DEFAULT NULL, op_id text DEFAULT NULL) RETURNS uuid
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_stock_reserve';
COMMENT ON FUNCTION mjc.stock_reserve(uuid[], integer[], interval, text) IS
    'Holds units for a while (default: setting hold_minutes), all lines or none; returns the id of the hold. A product named twice is summed; a repeated op_id with the same lines gives the same hold. Errors: MJ003, MJ006, MJ010, MJ101, MJ106, MJ108, MJ109, MJ110, MJ601';

CREATE FUNCTION mjc.stock_release(reservation_id uuid, product_id uuid DEFAULT NULL, qty integer DEFAULT NULL,
    op_id text DEFAULT NULL) RETURNS bigint
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_stock_release';
COMMENT ON FUNCTION mjc.stock_release(uuid, uuid, integer, text) IS
    'Gives units of a hold back to free stock, without product and qty all of them; returns units. A repeated op_id counts once. Errors: MJ003, MJ006, MJ104, MJ106, MJ112, MJ113, MJ114, MJ115, MJ116, MJ601';

CREATE FUNCTION mjc.stock_commit(reservation_id uuid, product_id uuid DEFAULT NULL, qty integer DEFAULT NULL,
    op_id text DEFAULT NULL) RETURNS bigint
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_stock_commit';
COMMENT ON FUNCTION mjc.stock_commit(uuid, uuid, integer, text) IS
    'Units of a hold leave the house, without product and qty all of them; returns units. A repeated op_id counts once. Errors: MJ003, MJ006, MJ103, MJ104, MJ106, MJ112, MJ113, MJ114, MJ115, MJ116, MJ601';

CREATE FUNCTION mjc.stock_return(reservation_id uuid, product_id uuid, qty integer, damaged boolean DEFAULT false,
    reason text DEFAULT NULL, op_id text DEFAULT NULL) RETURNS bigint
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_stock_return';
COMMENT ON FUNCTION mjc.stock_return(uuid, uuid, integer, boolean, text, text) IS
    'Shipped units of a hold or an order come back, for sale or damaged; returns units. A repeated op_id counts once. Errors: MJ003, MJ006, MJ104, MJ106, MJ112, MJ114, MJ115, MJ601';

CREATE FUNCTION mjc.stock_expire(batch integer DEFAULT 100) RETURNS bigint
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_stock_expire';
COMMENT ON FUNCTION mjc.stock_expire(integer) IS
    'Releases expired reservations, at most batch rows, skipping products that others work on; returns their number. Nothing waits for it. Run by a job. Errors: MJ003, MJ006';

CREATE FUNCTION mjc.stock_receive(product_id uuid, qty integer, unit_cost_centimes bigint DEFAULT NULL,
    reason text DEFAULT NULL, op_id text DEFAULT NULL, location_id smallint DEFAULT NULL) RETURNS bigint
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_stock_receive';
COMMENT ON FUNCTION mjc.stock_receive(uuid, integer, bigint, text, text, smallint) IS
    'Goods came in: qty units at a unit cost in centimes (default: the product''s); returns on_hand. What was expected becomes less. A repeated op_id counts once. Errors: MJ003, MJ006, MJ104, MJ105, MJ106, MJ107, MJ111, MJ201, MJ601';

CREATE FUNCTION mjc.stock_adjust(product_id uuid, delta integer, reason text,
    op_id text DEFAULT NULL, location_id smallint DEFAULT NULL) RETURNS bigint
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_stock_adjust';
COMMENT ON FUNCTION mjc.stock_adjust(uuid, integer, text, text, smallint) IS
    'Corrects the stock by a difference, with its reason; returns on_hand. A repeated op_id counts once. Errors: MJ003, MJ006, MJ103, MJ104, MJ105, MJ106, MJ107, MJ201, MJ601';

CREATE FUNCTION mjc.stock_damage(product_id uuid, qty integer, reason text,
    op_id text DEFAULT NULL, location_id smallint DEFAULT NULL) RETURNS bigint
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_stock_damage';
COMMENT ON FUNCTION mjc.stock_damage(uuid, integer, text, text, smallint) IS
    'Units on the shelf are broken: no longer on hand, but damaged; returns on_hand. A repeated op_id counts once. Errors: MJ003, MJ006, MJ103, MJ104, MJ105, MJ106, MJ107, MJ601';

CREATE FUNCTION mjc.stock_scrap(product_id uuid, qty integer, reason text,
    op_id text DEFAULT NULL, location_id smallint DEFAULT NULL) RETURNS bigint
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_stock_scrap';
COMMENT ON FUNCTION mjc.stock_scrap(uuid, integer, text, text, smallint) IS
    'Damaged units are thrown away; returns the damaged ones left. A repeated op_id counts once. Errors: MJ003, MJ006, MJ103, MJ104, MJ105, MJ106, MJ107, MJ601';

CREATE FUNCTION mjc.stock_count(product_id uuid, counted integer, counted_at timestamptz DEFAULT NULL,
    reason text DEFAULT NULL, op_id text DEFAULT NULL, location_id smallint DEFAULT NULL) RETURNS bigint
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_stock_count';
COMMENT ON FUNCTION mjc.stock_count(uuid, integer, timestamptz, text, text, smallint) IS
    'Stocktake: that many units stood on the shelf at counted_at (default: now); books and returns the difference to the ledger of that moment, so that orders may go on. A repeated op_id counts once. Errors: MJ003, MJ006, MJ103, MJ104, MJ105, MJ106, MJ107, MJ118, MJ201, MJ601';

CREATE FUNCTION mjc.stock_transfer(product_id uuid, qty integer, from_location smallint, to_location smallint,
    reason text DEFAULT NULL, op_id text DEFAULT NULL) RETURNS bigint
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_stock_transfer';
COMMENT ON FUNCTION mjc.stock_transfer(uuid, integer, smallint, smallint, text, text) IS
    'Units change their place, at their average cost; returns on_hand at to_location. A repeated op_id counts once. Errors: MJ003, MJ006, MJ010, MJ103, MJ104, MJ105, MJ106, MJ107, MJ111, MJ117, MJ201, MJ601';

CREATE FUNCTION mjc.stock_refresh(product_id uuid) RETURNS void
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_stock_refresh';
COMMENT ON FUNCTION mjc.stock_refresh(uuid) IS
    'Locks a product and brings its in-stock flag up to date, after a change of safety stock or locations. Errors: MJ003';

CREATE FUNCTION mjc.stock_write(actor uuid, channel text, request_id text, product_id uuid, kind text, qty integer, reason text) RETURNS bigint
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_stock_write';
COMMENT ON FUNCTION mjc.stock_write(uuid, text, text, uuid, text, integer, text) IS
    'For rules in SQL that know who acts: receive qty units at the product''s cost, or adjust by a difference, at the main location; returns on_hand. Errors: MJ003, MJ010, MJ103, MJ104, MJ107, MJ111, MJ201';

CREATE FUNCTION mjc.flush_seen() RETURNS void
    LANGUAGE C VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'mjc_flush_seen';
COMMENT ON FUNCTION mjc.flush_seen() IS
    'Returns when everything this session can see is durable: call it before acting outside the database on a row that was read';

CREATE FUNCTION mjc_api.flush_seen() RETURNS void
    LANGUAGE C VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'mjc_flush_seen';
COMMENT ON FUNCTION mjc_api.flush_seen() IS
    'mjc.flush_seen() for the shim, which commits without waiting and asks once for the answers of many';

CREATE FUNCTION mjc_api.staff_inventory_change(actor uuid, token_version integer, token_id uuid, request_id text,
    idempotency_key text, product_id uuid, quantity integer, type text, reason text, OUT body json, OUT replayed boolean)
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_api_inventory_change';
COMMENT ON FUNCTION mjc_api.staff_inventory_change(uuid, integer, uuid, text, text, uuid, integer, text, text) IS
    'POST /products/:id/inventory: body NULL when there is no such product. Errors: MJ003, MJ006, MJ010, MJ021, MJ022, MJ023, MJ060, MJ063, MJ064, MJ103, MJ104, MJ111, MJ201';
