-- catalog: lints on the installed shop, each without a row, and each shown to find what it is for.
-- What may be called and read is compared both ways with the pages sql/grants.sql and
-- sql/repeat/40_grants.sql, read from the sources beside (so this runs in their folder).
BEGIN;
SELECT plan(46);
\set page `cat sql/grants.sql`
\set tables_page `cat sql/repeat/40_grants.sql`
CREATE TEMP TABLE page AS SELECT regexp_replace(:'page', '--[^\n]*', '', 'g') AS functions, regexp_replace(:'tables_page', '--[^\n]*', '', 'g') AS tables;

CREATE TEMP VIEW ours AS
SELECT n.oid, n.nspname FROM pg_namespace n WHERE n.nspname IN ('mjc', 'mjc_api', 'mjc_report');

-- Functions
CREATE TEMP VIEW lint_search_path AS
SELECT p.oid::regprocedure::text AS what
  FROM pg_proc p JOIN ours o ON o.oid = p.pronamespace
  JOIN pg_language l ON l.oid = p.prolang
 WHERE (p.prosecdef OR l.lanname = 'plpgsql') AND NOT coalesce(p.proconfig, '{}') @> ARRAY['search_path=pg_catalog, pg_temp']
   -- A procedure that commits can have none: it runs as who calls it.
   AND p.prokind <> 'p';
CREATE TEMP VIEW lint_public AS
SELECT p.oid::regprocedure::text AS what
  FROM pg_proc p JOIN ours o ON o.oid = p.pronamespace
 CROSS JOIN aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
 WHERE a.grantee = 0;
CREATE TEMP VIEW lint_owner AS
SELECT p.oid::regprocedure::text AS what FROM pg_proc p JOIN ours o ON o.oid = p.pronamespace JOIN pg_roles r ON r.oid = p.proowner WHERE r.rolsuper OR r.rolname <> 'mjc_owner'
UNION ALL
SELECT c.oid::regclass::text FROM pg_class c JOIN ours o ON o.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND c.relowner::regrole::text <> 'mjc_owner';
CREATE TEMP VIEW lint_strict AS
SELECT p.oid::regprocedure::text AS what FROM pg_proc p JOIN ours o ON o.oid = p.pronamespace WHERE p.provolatile = 'v' AND p.proisstrict;

-- Views. A barrier costs: with it the newest 20 of 23 000 orders took 90 ms instead of 0.4 (no
-- order by index, every row rendered before LIMIT). What hides no row has none to give away to a
-- function that leaks: only one that hides rows must be one.
CREATE TEMP VIEW lint_view AS
SELECT c.oid::regclass::text AS what
  FROM pg_class c
 WHERE c.relnamespace = 'mjc_report'::regnamespace AND c.relkind IN ('v', 'm')
   AND (c.relkind = 'm' OR c.relowner::regrole::text <> 'mjc_owner'
        OR (pg_get_viewdef(c.oid, true) ~ E'\n  ?(WHERE|HAVING|LIMIT|OFFSET) '
            AND NOT coalesce(c.reloptions, '{}') && ARRAY['security_barrier=true', 'security_barrier=on']));

-- Tables
CREATE TEMP VIEW our_table AS
SELECT c.oid, c.relname FROM pg_class c WHERE c.relnamespace = 'mjc'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition;
CREATE TEMP VIEW lint_class AS
SELECT format('%s has no class', t.relname) AS what FROM our_table t WHERE t.relname NOT IN (SELECT table_name FROM mjc.table_class)
UNION ALL
SELECT format('%s has a class and is no table', k.table_name) FROM mjc.table_class k WHERE k.table_name NOT IN (SELECT relname FROM our_table);
CREATE TEMP VIEW lint_fk_index AS
SELECT format('%s of %s', k.conname, k.conrelid::regclass) AS what
  FROM pg_constraint k
 WHERE k.contype = 'f' AND k.connamespace = 'mjc'::regnamespace
   AND NOT EXISTS (SELECT FROM pg_index i
                    WHERE i.indrelid = k.conrelid AND i.indisvalid AND i.indpred IS NULL
                      AND (SELECT array_agg(c ORDER BY c) FROM unnest((i.indkey::int2[])[0:cardinality(k.conkey) - 1]) c)
                        = (SELECT array_agg(c ORDER BY c) FROM unnest(k.conkey) c));
CREATE TEMP VIEW lint_timestamp AS
SELECT format('%s.%s', a.attrelid::regclass, a.attname) AS what
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN ours o ON o.oid = c.relnamespace
 WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v') AND a.atttypid IN ('timestamp'::regtype, 'timestamp[]'::regtype, 'time'::regtype, 'tsrange'::regtype)
UNION ALL
SELECT p.oid::regprocedure::text FROM pg_proc p JOIN ours o ON o.oid = p.pronamespace
 WHERE 'timestamp'::regtype = ANY (coalesce(p.proallargtypes, p.proargtypes::oid[]) || p.prorettype);
CREATE TEMP VIEW lint_number AS
SELECT format('%s.%s', a.attrelid::regclass, a.attname) AS what
  FROM pg_attribute a JOIN our_table t ON t.oid = a.attrelid
 WHERE a.attnum > 0 AND NOT a.attisdropped AND a.atttypid IN ('numeric'::regtype, 'float4'::regtype, 'float8'::regtype, 'money'::regtype, 'numeric[]'::regtype, 'float8[]'::regtype);
CREATE TEMP VIEW lint_trigger AS
SELECT format('%s on %s', t.tgname, t.tgrelid::regclass) AS what FROM pg_trigger t JOIN our_table o ON o.oid = t.tgrelid WHERE NOT t.tgisinternal
UNION ALL
SELECT format('rule %s on %s', r.rulename, r.ev_class::regclass) FROM pg_rewrite r JOIN our_table o ON o.oid = r.ev_class;

-- The extension script
CREATE TEMP TABLE script (name text, body text);
INSERT INTO script
SELECT f, regexp_replace(regexp_replace(pg_read_file(d.dir || f), '--[^\n]*', '', 'g'), $$HINT = '[^']*'$$, '', 'g')
  FROM (SELECT coalesce(current_setting('extension_destdir', true), '') || setting || '/extension/' AS dir FROM pg_config() WHERE name = 'SHAREDIR') d
 CROSS JOIN pg_ls_dir(d.dir) f
 WHERE f ~ '^mjchauffage--.*\.sql$';
CREATE TEMP VIEW lint_script AS
SELECT s.name || ': ' || m[1] AS what FROM script s, regexp_matches(s.body, '(\mOR\s+REPLACE\M|\mIF\s+NOT\s+EXISTS\M(?!\s*\()|\mTRUSTED\M)', 'gi') m;

-- Privileges: what the pages say, what stands in the catalog
CREATE TEMP VIEW said AS
SELECT 'EXECUTE ' || f::regprocedure AS what, grantee
  FROM page, regexp_matches(functions, 'GRANT EXECUTE ON (?:FUNCTION|PROCEDURE)\s+([^;]*[^;[:space:]])\s+TO\s+([a-z_, ]+);', 'g') g,
       regexp_split_to_table(g[1], ',\s*(?=mjc)') f, regexp_split_to_table(g[2], ',\s*') grantee
UNION ALL
SELECT 'EXECUTE ' || p.oid::regprocedure, grantee
  FROM page, regexp_matches(functions || tables, 'GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA (\w+) TO ([a-z_, ]+);', 'g') g, pg_proc p, regexp_split_to_table(g[2], ',\s*') grantee
 WHERE p.pronamespace = g[1]::regnamespace
UNION ALL
SELECT format('%s %s', 'SELECT', r::regclass), grantee
  FROM page, regexp_matches(tables, 'GRANT SELECT ON\s+([^;]*[^;[:space:]])\s+TO\s+([a-z_, ]+);', 'g') g,
       regexp_split_to_table(g[1], ',\s*') r, regexp_split_to_table(g[2], ',\s*') grantee
UNION ALL
SELECT 'USAGE ' || g[1], grantee FROM page, regexp_matches(functions || tables, 'GRANT USAGE ON SCHEMA (\w+) TO ([a-z_, ]+);', 'g') g, regexp_split_to_table(g[2], ',\s*') grantee;
CREATE TEMP VIEW found AS
SELECT a.privilege_type || ' ' || x.what AS what, CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END || CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS grantee
  FROM (SELECT p.oid::regprocedure::text, coalesce(p.proacl, acldefault('f', p.proowner)), p.proowner FROM pg_proc p JOIN ours o ON o.oid = p.pronamespace
        UNION ALL
        SELECT c.oid::regclass::text, c.relacl, c.relowner FROM pg_class c JOIN ours o ON o.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
        UNION ALL
        SELECT format('%s.%s', t.attrelid::regclass, t.attname), t.attacl, c.relowner FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid JOIN ours o ON o.oid = c.relnamespace WHERE t.attacl IS NOT NULL
        UNION ALL
        SELECT n.nspname, n.nspacl, n.nspowner FROM pg_namespace n JOIN ours o ON o.oid = n.oid) x (what, acl, owner)
 CROSS JOIN aclexplode(x.acl) a
 -- mjc_owner owns what is in the schemas and may make it.
 WHERE a.grantee <> x.owner AND (a.grantee = 0 OR a.grantee::regrole::text <> 'mjc_owner');
CREATE TEMP VIEW lint_privilege AS
SELECT format('%s TO %s is not on the page', what, grantee) AS what FROM (SELECT * FROM found EXCEPT SELECT * FROM said) x
UNION ALL
SELECT format('%s TO %s is missing', what, grantee) FROM (SELECT * FROM said EXCEPT SELECT * FROM found) x
UNION ALL
SELECT format('%s is a member of %s', m.member::regrole, m.roleid::regrole) FROM pg_auth_members m
 WHERE m.member::regrole::text IN ('mjc_owner', 'mjc_shim', 'mjc_admin', 'mjc_analyst')
   AND (m.member::regrole::text <> 'mjc_owner' OR m.roleid::regrole::text NOT IN ('pg_signal_backend', 'pg_read_all_stats'))
UNION ALL
SELECT format('%s: power over the server', r.rolname) FROM pg_roles r WHERE r.rolname IN ('mjc_owner', 'mjc_shim', 'mjc_admin', 'mjc_analyst')
   AND (r.rolsuper OR r.rolcanlogin OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls);
CREATE TEMP VIEW lint_default_acl AS
SELECT format('default privileges of %s', d.defaclrole::regrole) AS what FROM pg_default_acl d WHERE d.defaclnamespace IN (SELECT oid FROM ours) OR d.defaclrole::regrole::text = 'mjc_owner';

-- There is something to lint
SELECT cmp_ok((SELECT count(*) FROM said WHERE what LIKE 'EXECUTE%'), '>', 250::bigint, 'the page of functions was read');
SELECT cmp_ok((SELECT count(*) FROM said WHERE what LIKE 'SELECT%'), '>', 90::bigint, 'the page of tables was read');
SELECT cmp_ok((SELECT count(*) FROM found), '>', 340::bigint, 'and the catalog');
SELECT cmp_ok((SELECT sum(length(body)) FROM script), '>', 300000::bigint, 'so was the extension script');
SELECT cmp_ok((SELECT count(*) FROM our_table), '>', 60::bigint, 'there are tables');

SELECT is_empty(format('SELECT what FROM lint_%s', l), w)
  FROM (VALUES ('search_path', 'entry points and PL/pgSQL have their search_path pinned'), ('public', 'PUBLIC executes nothing'), ('owner', 'all belong to mjc_owner, nothing to a superuser'),
               ('strict', 'what writes is not skipped for a NULL'), ('view', 'report views belong to mjc_owner, those that hide rows are barriers'), ('class', 'every table has a class'),
               ('fk_index', 'every foreign key has an index'), ('timestamp', 'every time has a zone'), ('number', 'no table has numeric or float columns'), ('trigger', 'there are no triggers and rules'),
               ('script', 'the extension script takes over nobody''s objects'), ('privilege', 'privileges are those on the pages, both ways'), ('default_acl', 'there are no default privileges')) v (l, w);

-- Each finds what it is for
CREATE FUNCTION pg_temp.finds(lint text, ddl text) RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    n bigint;
BEGIN
    EXECUTE ddl;
    EXECUTE format('SELECT count(*) FROM lint_%s', lint) INTO n;
    RAISE EXCEPTION 'undo' USING ERRCODE = 'MJX99';
EXCEPTION WHEN SQLSTATE 'MJX99' THEN
    RETURN CASE WHEN n > 0 THEN 'found' ELSE 'not found' END;
END
$$;
SELECT is(pg_temp.finds(l, d), 'found', format('lint %s finds: %s', l, w))
  FROM (VALUES
    ('search_path', $$CREATE FUNCTION mjc.test_x() RETURNS integer LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'$$, 'none set'),
    ('search_path', $$CREATE FUNCTION mjc_api.test_x() RETURNS integer LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS 'SELECT 1'$$, 'pg_temp not last'),
    ('search_path', $$ALTER FUNCTION mjc.setting_set(text, text) RESET search_path$$, 'taken away'),
    ('public', $$CREATE FUNCTION mjc.test_x() RETURNS integer LANGUAGE sql AS 'SELECT 1'$$, 'the default'),
    ('public', 'GRANT EXECUTE ON FUNCTION mjc.dzd(bigint) TO PUBLIC', 'a grant'),
    ('owner', $$CREATE FUNCTION mjc.test_x() RETURNS integer LANGUAGE sql AS 'SELECT 1'$$, 'a function of the superuser'),
    ('owner', 'ALTER TABLE mjc.product OWNER TO postgres', 'a table of the superuser'),
    ('strict', $$CREATE FUNCTION mjc.test_x(integer) RETURNS integer LANGUAGE sql STRICT AS 'SELECT 1'$$, 'a strict writer'),
    ('view', 'CREATE VIEW mjc_report.test_x AS SELECT 1 AS a', 'a view of the superuser'),
    ('view', 'CREATE VIEW mjc_report.test_x AS SELECT name FROM mjc.product WHERE is_active; ALTER VIEW mjc_report.test_x OWNER TO mjc_owner', 'one that hides rows'),
    ('view', 'ALTER VIEW mjc_report.dead_stock RESET (security_barrier)', 'a barrier taken away'),
    ('class', 'CREATE TABLE mjc.test_x (a integer)', 'a table without one'),
    ('class', $$INSERT INTO mjc.table_class (table_name, class) VALUES ('test_x', 'local')$$, 'one without a table'),
    ('fk_index', 'CREATE TABLE mjc.test_x (a integer PRIMARY KEY, product_id uuid REFERENCES mjc.product)', 'none'),
    ('fk_index', 'CREATE TABLE mjc.test_x (a integer, product_id uuid REFERENCES mjc.product, PRIMARY KEY (a, product_id))', 'not the leading column'),
    ('fk_index', 'CREATE TABLE mjc.test_x (a integer, product_id uuid REFERENCES mjc.product); CREATE INDEX ON mjc.test_x (product_id) WHERE a = 1', 'a partial one'),
    ('timestamp', 'ALTER TABLE mjc.product ADD COLUMN test_x timestamp', 'a column'),
    ('timestamp', $$CREATE FUNCTION mjc.test_x(timestamp) RETURNS integer LANGUAGE sql AS 'SELECT 1'$$, 'an argument'),
    ('number', 'ALTER TABLE mjc.product ADD COLUMN test_x numeric(12, 2)', 'an amount'),
    ('number', 'ALTER TABLE mjc.product ADD COLUMN test_x double precision', 'a float'),
    ('trigger', 'CREATE TRIGGER test_x BEFORE UPDATE ON mjc.product FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()', 'a trigger'),
    ('script', $$INSERT INTO script VALUES ('x', 'CREATE  OR REPLACE FUNCTION mjc.x()')$$, 'OR REPLACE'),
    ('script', $$INSERT INTO script VALUES ('x', 'create schema if not exists mjc_api')$$, 'IF NOT EXISTS'),
    ('privilege', 'GRANT EXECUTE ON FUNCTION mjc.install() TO mjc_admin', 'one function more'),
    ('privilege', 'REVOKE EXECUTE ON FUNCTION mjc.dzd(bigint) FROM mjc_analyst', 'one less'),
    ('privilege', 'GRANT SELECT ON mjc.account_secret TO mjc_admin', 'a table more'),
    ('privilege', 'GRANT SELECT (email) ON mjc.account_person TO mjc_analyst', 'a column'),
    ('default_acl', 'ALTER DEFAULT PRIVILEGES IN SCHEMA mjc GRANT SELECT ON TABLES TO mjc_admin', 'what comes')) v (l, d, w);
SELECT * FROM finish();
ROLLBACK;
