-- tax: TVA and stamp duty (extension/tax.c). Amounts are bigint centimes, rates
-- integer basis points.

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

CREATE FUNCTION mjc.stamp_duty(amount bigint, on_date date) RETURNS bigint
    LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_stamp_duty';
COMMENT ON FUNCTION mjc.stamp_duty(bigint, date) IS
    'Stamp duty in centimes on an amount (centimes, tax included) that is paid in cash on a day, by the scale of that day (mjc.stamp_duty_bracket; code du timbre, art. 100). Errors: MJ003, MJ201';
