-- money: pure functions on amounts (extension/money.c). Amounts are bigint
-- centimes, rates integer basis points (1900 = 19 %), rounding half away from zero.

CREATE FUNCTION mjc.percent_of(amount bigint, bp integer) RETURNS bigint
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_percent_of';
COMMENT ON FUNCTION mjc.percent_of(bigint, integer) IS
    'Part of an amount in centimes, rate in basis points (0 to 100000), rounded half away from zero. Errors: MJ006, MJ201';

CREATE FUNCTION mjc.allocate(amount bigint, weights bigint[]) RETURNS bigint[]
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_allocate';
COMMENT ON FUNCTION mjc.allocate(bigint, bigint[]) IS
    'Splits centimes by weights (>= 0, at most 10000 of them) with the largest remainder, ties to the earlier; all-zero weights split evenly. Errors: MJ003, MJ006, MJ010, MJ201';

CREATE FUNCTION mjc.spread_discount(amount bigint, weights bigint[], floors bigint[] DEFAULT NULL) RETURNS bigint[]
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_spread_discount';
COMMENT ON FUNCTION mjc.spread_discount(bigint, bigint[], bigint[]) IS
    'Splits a discount in centimes over lines by their amounts (weights) as mjc.allocate does, but leaves each line its floor: what a line cannot take is split anew among the others, what none can take stays out of the sum. A negative amount mirrors; floors NULL: zero. Errors: MJ003, MJ006, MJ010, MJ201';

CREATE FUNCTION mjc.refund_share(paid bigint, qty integer, already integer, returned integer) RETURNS bigint
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_refund_share';
COMMENT ON FUNCTION mjc.refund_share(bigint, integer, integer, integer) IS
    'What comes back for `returned` more of qty units for which `paid` centimes were paid, when `already` came back before; over all units exactly what was paid. Errors: MJ006, MJ201';

-- A product, not a quotient: that has 16 digits and would round the largest amounts.
CREATE FUNCTION mjc.dzd(centimes bigint) RETURNS numeric
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_dzd';
COMMENT ON FUNCTION mjc.dzd(bigint) IS 'Centimes as dinars with two decimals';
