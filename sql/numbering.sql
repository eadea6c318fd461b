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
