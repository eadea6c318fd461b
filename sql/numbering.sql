-- numbering: order references (extension/numbering.c).

CREATE FUNCTION mjc.order_reference(year integer, n bigint) RETURNS text
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_order_reference';
COMMENT ON FUNCTION mjc.order_reference(integer, bigint) IS
    'MJ-<year>-<number>-<check digit>; number 0 to 99999999. Errors: MJ006';

CREATE FUNCTION mjc.order_reference_scrambled(year integer, n bigint, key bytea) RETURNS text
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_order_reference_scrambled';
COMMENT ON FUNCTION mjc.order_reference_scrambled(integer, bigint, bytea) IS
    'The same with the number permuted under a 32-byte key. Errors: MJ006, MJ010';

CREATE FUNCTION mjc.order_reference_canonical(typed text) RETURNS text
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_order_reference_canonical';
COMMENT ON FUNCTION mjc.order_reference_canonical(text) IS
    'A typed order reference in its one form; NULL when a digit is wrong, two are swapped or it is none';

CREATE FUNCTION mjc.order_reference_parse(typed text, OUT year integer, OUT number bigint, OUT check_digit integer, OUT canonical text)
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_order_reference_parts';
COMMENT ON FUNCTION mjc.order_reference_parse(text) IS
    'The parts of a typed order reference, number as printed, and its one form; all NULL when it is none (mjc.order_reference_verify says why)';

CREATE FUNCTION mjc.order_reference_format(year integer, number bigint) RETURNS text
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_order_reference';
COMMENT ON FUNCTION mjc.order_reference_format(integer, bigint) IS
    'The reference of a year and a number as printed, the other way round of mjc.order_reference_parse: nothing is looked up or scrambled. Errors: MJ006';

CREATE FUNCTION mjc.order_reference_verify(typed text, OUT valid boolean, OUT why text)
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_order_reference_verify';
COMMENT ON FUNCTION mjc.order_reference_verify(text) IS
    'Whether a typed order reference is well formed, without a search. why: NULL; characters, too many or none that it has; form, not MJ, year, number, check digit; check_digit, a digit is wrong or two are swapped; number, one that no order has';
