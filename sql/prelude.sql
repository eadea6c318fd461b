\echo Use "CREATE EXTENSION mjchauffage" to load this file. \quit
SET LOCAL search_path TO pg_catalog, pg_temp;

-- Roles of the shop, the same for every database of the cluster. None logs in;
-- logins of people and of the shim are made by the operator (make staff).
DO $$
DECLARE
    missing text;
BEGIN
    FOREACH missing IN ARRAY ARRAY['mjc_owner', 'mjc_shim', 'mjc_admin', 'mjc_analyst'] LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = missing) THEN
            EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE INHERIT', missing);
        END IF;
    END LOOP;
END
$$;

-- The libraries that indexes and search use have a schema of their own.
DO $$
DECLARE
    misplaced text;
BEGIN
    SELECT string_agg(e.extname, ', ' ORDER BY e.extname) INTO misplaced
      FROM pg_catalog.pg_extension e
      JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
     WHERE e.extname IN ('btree_gist', 'pg_trgm', 'unaccent')
       AND n.nspname <> 'mjc_ext';
    IF misplaced IS NOT NULL THEN
        RAISE EXCEPTION 'mjchauffage needs these extensions in the schema mjc_ext: %', misplaced
            USING HINT = 'CREATE SCHEMA mjc_ext; ALTER EXTENSION <name> SET SCHEMA mjc_ext;';
    END IF;
END
$$;

-- Schema mjc comes from the control file, mjc_report is made by mjc.install():
-- both hold tables and views that outlive the extension, and a dump names them
-- in an order of its own. mjc_api holds code only and belongs to the extension.
CREATE SCHEMA mjc_api;

DO $$
BEGIN
    EXECUTE pg_catalog.format('GRANT CREATE ON DATABASE %I TO mjc_owner', pg_catalog.current_database());
END
$$;

ALTER SCHEMA mjc OWNER TO mjc_owner;
ALTER SCHEMA mjc_api OWNER TO mjc_owner;
GRANT USAGE ON SCHEMA mjc_ext TO mjc_owner;

COMMENT ON SCHEMA mjc IS 'MJ Chauffage: tables and rules';
COMMENT ON SCHEMA mjc_api IS 'MJ Chauffage: one function a REST route, for the shim';
