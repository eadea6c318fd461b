-- text: identifiers, phones and dates in one form (extension/uuid.c, text.c).

CREATE FUNCTION mjc.uuid_v7() RETURNS uuid
    LANGUAGE C VOLATILE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_uuid_v7';
COMMENT ON FUNCTION mjc.uuid_v7() IS 'A new time-ordered identifier (UUID version 7)';

CREATE FUNCTION mjc.phone_canonical(phone text) RETURNS text
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_phone_canonical';
COMMENT ON FUNCTION mjc.phone_canonical(text) IS
    'An Algerian mobile number as +213XXXXXXXXX, however it is typed; NULL when it is none';

CREATE FUNCTION mjc.fold_digits(typed text) RETURNS text
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_fold_digits_sql';
COMMENT ON FUNCTION mjc.fold_digits(text) IS 'The text with Arabic-Indic digits as 0 to 9';

CREATE FUNCTION mjc.iso(at timestamptz) RETURNS text
    LANGUAGE C STABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_iso';
COMMENT ON FUNCTION mjc.iso(timestamptz) IS 'An instant as the REST contract writes it: ISO 8601, UTC, milliseconds';

CREATE FUNCTION mjc.algiers_date(at timestamptz) RETURNS date
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    AS $$ SELECT pg_catalog.timezone('Africa/Algiers', at)::pg_catalog.date $$;
COMMENT ON FUNCTION mjc.algiers_date(timestamptz) IS 'The shop''s day of an instant';

CREATE FUNCTION mjc.algiers_start(day date) RETURNS timestamptz
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    AS $$ SELECT pg_catalog.timezone('Africa/Algiers', day::pg_catalog.timestamp) $$;
COMMENT ON FUNCTION mjc.algiers_start(date) IS 'The instant at which a day of the shop begins. Errors: 22008 a day that no instant lies in';

CREATE FUNCTION mjc.uuid_or_null(value text) RETURNS uuid
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT CASE WHEN value OPERATOR(pg_catalog.~*) '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
                      THEN value::pg_catalog.uuid END $$;
COMMENT ON FUNCTION mjc.uuid_or_null(text) IS 'The text as uuid, NULL when it is not written like one';
