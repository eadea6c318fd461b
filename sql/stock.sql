-- stock: rules of the ledger (extension/stock.c). Staff call them in psql; the
-- ledger itself takes no direct writes.

CREATE FUNCTION mjc.stock_receive(product_id uuid, qty integer, unit_cost_centimes bigint DEFAULT NULL,
    reason text DEFAULT NULL, op_id text DEFAULT NULL, location_id smallint DEFAULT NULL) RETURNS bigint
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_stock_receive';
COMMENT ON FUNCTION mjc.stock_receive(uuid, integer, bigint, text, text, smallint) IS
    'Goods came in: qty units at a unit cost in centimes (default: the product''s); returns on_hand. A repeated op_id counts once. Errors: MJ003, MJ004, MJ006, MJ104, MJ105, MJ201, MJ601';

CREATE FUNCTION mjc.stock_adjust(product_id uuid, delta integer, reason text,
    op_id text DEFAULT NULL, location_id smallint DEFAULT NULL) RETURNS bigint
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_stock_adjust';
COMMENT ON FUNCTION mjc.stock_adjust(uuid, integer, text, text, smallint) IS
    'Corrects the stock by a difference, with its reason; returns on_hand. A repeated op_id counts once. Errors: MJ003, MJ004, MJ006, MJ103, MJ104, MJ105, MJ601';

CREATE FUNCTION mjc.available(product_id uuid) RETURNS bigint
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN coalesce((SELECT a.available FROM mjc.stock_available a WHERE a.product_id = available.product_id), 0);
END
$$;
COMMENT ON FUNCTION mjc.available(uuid) IS 'Units that can be promised now: on hand less reserved less safety stock';

CREATE FUNCTION mjc.product_id(sku text) RETURNS uuid
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT p.product_id FROM mjc.product p WHERE p.sku = product_id.sku);
END
$$;
COMMENT ON FUNCTION mjc.product_id(text) IS 'The product with this sku, NULL when there is none';
