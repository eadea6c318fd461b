-- money: pure functions on amounts (extension/money.c). Amounts are bigint
-- centimes, rates integer basis points (1900 = 19 %), rounding half away from zero.

CREATE FUNCTION mjc.percent_of(amount bigint, bp integer) RETURNS bigint
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_percent_of';
COMMENT ON FUNCTION mjc.percent_of(bigint, integer) IS
    'Part of an amount in centimes, rate in basis points (0 to 100000), rounded half away from zero. Errors: MJ006, MJ201';

CREATE FUNCTION mjc.tax_of_gross(gross bigint, rate_bp integer, OUT net bigint, OUT tax bigint)
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_tax_of_gross';
COMMENT ON FUNCTION mjc.tax_of_gross(bigint, integer) IS
    'Net and tax contained in an amount (centimes) that includes tax; net + tax = gross. Errors: MJ006, MJ201';

CREATE FUNCTION mjc.tax_of_net(net bigint, rate_bp integer, OUT gross bigint, OUT tax bigint)
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_tax_of_net';
COMMENT ON FUNCTION mjc.tax_of_net(bigint, integer) IS
    'Gross and tax of an amount (centimes) before tax; net + tax = gross. Errors: MJ006, MJ201';

CREATE FUNCTION mjc.allocate(amount bigint, weights bigint[]) RETURNS bigint[]
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_allocate';
COMMENT ON FUNCTION mjc.allocate(bigint, bigint[]) IS
    'Splits centimes by weights (>= 0, at most 10000 of them) with the largest remainder, ties to the earlier; all-zero weights split evenly. Errors: MJ003, MJ006, MJ010, MJ201';

CREATE FUNCTION mjc.dzd(centimes bigint) RETURNS numeric
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT (centimes::pg_catalog.numeric OPERATOR(pg_catalog./) 100)::pg_catalog.numeric(20, 2) $$;
COMMENT ON FUNCTION mjc.dzd(bigint) IS 'Centimes as dinars with two decimals';
