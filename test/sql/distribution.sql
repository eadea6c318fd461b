-- distribution: every table can be placed where its class says (a lint over the catalogue).
BEGIN;
SELECT plan(22);

CREATE TEMP VIEW placed AS
SELECT c.oid, c.relname::text AS name, t.class, t.hash_column, t.hash_group
  FROM pg_class c LEFT JOIN mjc.table_class t ON t.table_name = c.relname
 WHERE c.relnamespace = 'mjc'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition;
CREATE TEMP VIEW key AS
SELECT x.conname, x.contype, p.name, p.class, p.hash_column, p.oid,
       (SELECT array_agg(a.attname::text ORDER BY k.o) FROM unnest(x.conkey) WITH ORDINALITY k (n, o)
          JOIN pg_attribute a ON a.attrelid = x.conrelid AND a.attnum = k.n) AS columns
  FROM pg_constraint x JOIN placed p ON p.oid = x.conrelid;

SELECT cmp_ok((SELECT count(*) FROM placed), '>', 40::bigint, 'the tables are there');
SELECT is_empty('SELECT name FROM placed WHERE class IS NULL', 'every table has a class');
SELECT is_empty('SELECT table_name FROM mjc.table_class WHERE table_name NOT IN (SELECT name FROM placed)', 'every class has a table');
SELECT is_empty($$SELECT name FROM placed WHERE class NOT IN ('reference', 'hash', 'local')$$, 'of three classes');
SELECT is_empty($$SELECT name FROM placed p WHERE class = 'hash' AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = p.oid AND a.attname = p.hash_column AND a.attnotnull)$$,
                'a hash column exists and is never NULL');
SELECT is_empty($$SELECT hash_group FROM (SELECT p.hash_group, a.atttypid FROM placed p JOIN pg_attribute a ON a.attrelid = p.oid AND a.attname = p.hash_column) x
                  GROUP BY hash_group HAVING count(DISTINCT atttypid) > 1$$, 'the hash columns of a group are of one type');

-- Keys
SELECT is_empty($$SELECT name FROM placed p WHERE NOT EXISTS (SELECT FROM key k WHERE k.oid = p.oid AND k.contype = 'p')$$, 'every table has a primary key');
SELECT is_empty($$SELECT name, columns FROM key WHERE contype = 'p' AND class = 'hash' AND columns[1] <> hash_column$$, 'a primary key starts with the hash column');
SELECT is_empty($$SELECT conname FROM key WHERE contype IN ('u', 'x') AND class = 'hash' AND NOT hash_column = ANY (columns)$$, 'other unique constraints contain it');
SELECT is_empty($$SELECT i.indexrelid::regclass FROM pg_index i JOIN placed p ON p.oid = i.indrelid
                   WHERE i.indisunique AND p.class = 'hash'
                     AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = p.oid AND a.attname = p.hash_column AND a.attnum = ANY (i.indkey::smallint[]))$$,
                'so do unique indexes');

-- Foreign keys: inside a group on the hash column, or to reference tables
SELECT is_empty($$
    SELECT x.conname
      FROM pg_constraint x JOIN placed a ON a.oid = x.conrelid JOIN placed b ON b.oid = x.confrelid
     WHERE x.contype = 'f'
       AND NOT (b.class = 'reference'
                OR (a.class = 'local' AND b.class = 'local')
                OR (a.class = 'hash' AND b.class = 'hash' AND a.hash_group = b.hash_group
                    AND EXISTS (SELECT FROM unnest(x.conkey, x.confkey) k (own, other)
                                  JOIN pg_attribute o ON o.attrelid = a.oid AND o.attnum = k.own AND o.attname = a.hash_column
                                  JOIN pg_attribute r ON r.attrelid = b.oid AND r.attnum = k.other AND r.attname = b.hash_column)))$$,
    'foreign keys stay inside a group, or lead to reference tables');
SELECT is_empty($$SELECT x.conname FROM pg_constraint x JOIN placed a ON a.oid = x.conrelid JOIN placed b ON b.oid = x.confrelid
                   WHERE x.contype = 'f' AND a.class = 'reference' AND b.class <> 'reference'$$, 'a reference table leads to reference tables only');
SELECT is_empty($$SELECT x.conname FROM pg_constraint x JOIN placed a ON a.oid = x.conrelid WHERE x.contype = 'f' AND x.confrelid NOT IN (SELECT oid FROM placed)$$,
                'no foreign key leaves the schema');
SELECT is_empty($$
    SELECT x.conname FROM pg_constraint x JOIN placed p ON p.oid = x.conrelid
     WHERE x.contype = 'f' AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = x.conrelid AND i.indpred IS NULL
                                             AND (i.indkey::smallint[])[0:cardinality(x.conkey) - 1] @> x.conkey)
       AND p.name <> 'setting_history'$$, 'foreign keys are indexed');

-- Nothing that cannot be spread
SELECT is_empty($$SELECT t.tgname FROM pg_trigger t JOIN placed p ON p.oid = t.tgrelid WHERE NOT t.tgisinternal$$, 'no triggers');
SELECT is_empty($$SELECT r.rulename FROM pg_rewrite r JOIN placed p ON p.oid = r.ev_class$$, 'no rules');
SELECT is_empty($$SELECT i.inhrelid::regclass FROM pg_inherits i JOIN placed p ON p.oid IN (i.inhrelid, i.inhparent) JOIN pg_class c ON c.oid = i.inhrelid WHERE NOT c.relispartition$$, 'no inheritance but of partitions, which lie with their table');
SELECT is_empty($$SELECT p.name, a.attname FROM placed p JOIN pg_attribute a ON a.attrelid = p.oid WHERE a.attidentity <> '' AND p.class = 'hash'$$, 'no counters on hash tables');
SELECT is_empty($$SELECT p.name, d.adnum FROM placed p JOIN pg_attrdef d ON d.adrelid = p.oid WHERE pg_get_expr(d.adbin, d.adrelid) LIKE '%nextval%'$$, 'no column takes its value from a sequence');

-- Nothing that dropping the extension could take
SELECT is_empty($$
    SELECT p.name, d.classid::regclass, d.objid
      FROM placed p
      JOIN pg_depend o ON o.refclassid = 'pg_class'::regclass AND o.refobjid = p.oid
      JOIN pg_depend d ON d.classid = o.classid AND d.objid = o.objid AND d.refclassid IN ('pg_proc'::regclass, 'pg_type'::regclass, 'pg_operator'::regclass)
      JOIN pg_depend e ON e.classid = d.refclassid AND e.objid = d.refobjid AND e.deptype = 'e'
      JOIN pg_extension x ON x.oid = e.refobjid AND x.extname = 'mjchauffage'
     WHERE o.classid IN ('pg_constraint'::regclass, 'pg_attrdef'::regclass)$$, 'no default, CHECK or generated column uses a function of the extension');
SELECT is_empty($$
    SELECT a.attrelid::regclass, a.attname, t.typname FROM placed p JOIN pg_attribute a ON a.attrelid = p.oid AND a.attnum > 0 AND NOT a.attisdropped
      JOIN pg_type t ON t.oid = a.atttypid WHERE t.typnamespace <> 'pg_catalog'::regnamespace$$, 'columns are of built-in types');
SELECT is_empty($$SELECT p.name FROM placed p JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = p.oid AND d.deptype = 'e'$$, 'no table belongs to an extension');

SELECT * FROM finish();
ROLLBACK;
