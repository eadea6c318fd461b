-- install: the tables (extension/install.c).

CREATE FUNCTION mjc.install() RETURNS text
    LANGUAGE C VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'mjc_install';
COMMENT ON FUNCTION mjc.install() IS
    'For the operator: makes the tables or brings them to this version; harmless when run again. Errors: MJ701';

CREATE FUNCTION mjc.version() RETURNS text
    LANGUAGE C STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_version';
COMMENT ON FUNCTION mjc.version() IS 'Version of the loaded library';
