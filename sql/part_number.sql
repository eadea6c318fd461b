-- part_number: numbers of parts in one form (extension/part_number.c).

CREATE FUNCTION mjc.part_number_key(number text) RETURNS text
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_part_number_key_sql';
COMMENT ON FUNCTION mjc.part_number_key(text) IS
    'The number of a part however it is written, as capital letters and digits: digits of all scripts as 0 to 9, no accents, spaces, dashes, dots, slashes or brackets, leading zeros kept. NULL when nothing is left';

CREATE FUNCTION mjc.part_number_short(number text) RETURNS text
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_part_number_short';
COMMENT ON FUNCTION mjc.part_number_short(text) IS
    'mjc.part_number_key without leading zeros; 0 when there are only zeros, NULL when nothing is left';

CREATE FUNCTION mjc.part_number_loose(number text) RETURNS text
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_part_number_loose';
COMMENT ON FUNCTION mjc.part_number_loose(text) IS
    'mjc.part_number_key with O as 0 and I as 1, to find what was misread; NULL when nothing is left';
