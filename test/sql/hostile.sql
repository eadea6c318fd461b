-- hostile: what hostile SQL tries, by the numbers of security.md 4b. Each case is a test with its
-- number here or stands where the table says.
--
--    1  every function, each role: here                   2  catalog.sql (lint public)
--    3  tables of pg_temp: here; pinned: catalog.sql      4  functions and operators elsewhere: here
--    5  operators, casts, domains: here                   6  SET ROLE: here
--    7  forged settings: here                             8  leaky functions over views: here
--    9  catalog.sql (lint view); there is no row security to bypass
--   10  statistics, EXPLAIN, other sessions: here; texts of errors: test/http/security.t
--   11  NaN, Infinity: here, document.sql                12  overflow: here, money.sql, tax.sql, pricing.sql
--   13  NULL for every argument: here, and each file of its own functions
--   14  arrays: here, order.sql, reservation.sql         15  long and toasted values: here
--   16  dates without end, BC: here, tax.sql, quote.sql, stock_read.sql
--   17  other encodings: test/fault/run.t                18  composites: here (no function takes any)
--   19  DDL beside: isolation/index-changes, owner-changes
--   20  a temporary table of our name, kept plans: here  21  PREPARE TRANSACTION: test/fault/stock_kill.t
--   22  killed at any point: test/fault/kill.t, stock_kill.t, pricing_kill.t
--   23  savepoints, DO, EXCEPTION: here                  24  isolation/opposite-carts, opposite-holds
--   25  isolation (all three levels)                     26  read-only: here; a standby: test/fault/durable.t
--   27  direct writes: here (each table), privileges.sql, test/fault/privileges.t
--   28  triggers off, replica role: here; what it leaves: invariants.sql
--   29  TRUNCATE, sequences: here                        30  MERGE, ON CONFLICT, WITH: here
--   31  parallel: here                                   32  there is no row security whose plans could be mixed up
--   33  dump and restore: test/fault/dump.t              34  test/fault/upgrade.t
--   35  DROP and CREATE over somebody's objects: here, install.sql
--   36  there is no background worker                    37  there is no logical decoding; promotion: stock_kill.t
--   38  settings of the library: here                    39  cycles, depth: here
--   40  C functions declared by others: here
BEGIN;
SELECT plan(104);
\ir fixture.psql
GRANT USAGE ON SCHEMA tap TO PUBLIC;
CREATE ROLE hostile_nobody LOGIN;
CREATE ROLE hostile_shim LOGIN IN ROLE mjc_shim;
CREATE ROLE hostile_analyst LOGIN IN ROLE mjc_analyst;
CREATE ROLE hostile_staff LOGIN IN ROLE mjc_admin;
SELECT mjc.staff_create('hostile_staff', 'Hostile', 'hostile@example.test', 'ADMIN', '$2b$12$' || repeat('a', 53)) AS staff \gset
SELECT pg_temp.make_stock(1, 100), pg_temp.make_stock(2, 100) \g /dev/null
SELECT pg_temp.bought('{1}', '{2}', '0550777001') AS ref \gset
GRANT CREATE ON SCHEMA public TO hostile_staff, hostile_analyst, hostile_shim, hostile_nobody;

CREATE TEMP VIEW target AS
SELECT p.oid, p.oid::regprocedure::text AS f, n.nspname AS schema, p.proname::text AS name, p.provolatile, p.proparallel, p.proretset,
       -- Constants would be folded away where a function is strict, before anybody asks who may.
       format('SELECT %I.%I(%s)', n.nspname, p.proname, (SELECT string_agg(format('(SELECT NULL::%s)', format_type(t, NULL)), ', ' ORDER BY o) FROM unnest(p.proargtypes) WITH ORDINALITY u (t, o))) AS call
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname IN ('mjc', 'mjc_api')
   -- called by CALL, with the rights of its caller: test/sql/import.sql
   AND p.prokind <> 'p';
CREATE TEMP TABLE subject AS SELECT * FROM target;
GRANT SELECT ON subject TO PUBLIC;
CREATE TEMP TABLE seen (who text, f text, state text, message text);
GRANT ALL ON seen TO PUBLIC;

-- The SQLSTATE of a statement; what it did is undone.
CREATE FUNCTION pg_temp.state(statement text) RETURNS text
    LANGUAGE plpgsql
AS $$
BEGIN
    EXECUTE statement;
    RAISE EXCEPTION 'undo' USING ERRCODE = 'MJX99';
EXCEPTION WHEN SQLSTATE 'MJX99' THEN
    RETURN '00000';
WHEN OTHERS THEN
    RETURN SQLSTATE;
END
$$;

-- 1: who may not, is told so, whatever the function
SET SESSION AUTHORIZATION hostile_nobody;
INSERT INTO seen SELECT 'nobody', f, pg_temp.state(call) FROM subject;
SET SESSION AUTHORIZATION hostile_shim;
INSERT INTO seen SELECT 'shim', f, pg_temp.state(call) FROM subject WHERE schema = 'mjc';
SET SESSION AUTHORIZATION hostile_analyst;
INSERT INTO seen SELECT 'analyst', f, pg_temp.state(call) FROM subject WHERE NOT has_function_privilege('mjc_analyst', oid, 'EXECUTE');
SET SESSION AUTHORIZATION hostile_staff;
INSERT INTO seen SELECT 'staff', f, pg_temp.state(call) FROM subject WHERE NOT has_function_privilege('mjc_admin', oid, 'EXECUTE');
RESET SESSION AUTHORIZATION;
SELECT cmp_ok(count(*), '>', least_n, format('1: %s tried %s functions', v.who, count(*))) FROM seen s JOIN (VALUES ('nobody', 300::bigint), ('shim', 200::bigint), ('analyst', 250::bigint), ('staff', 200::bigint)) v (who, least_n) USING (who) GROUP BY v.who, least_n ORDER BY 1;
SELECT is_empty($$SELECT who, f, state FROM seen WHERE state <> '42501'$$, '1: each is refused with 42501');

-- 3, 4, 5, 20: objects of the attacker's with our names and the names we call by; each leaves a trace
-- of as whom it ran. Then everything is called. Kept plans are there already.
CREATE TABLE public.hostile_ran (what text, as_whom text);
GRANT ALL ON public.hostile_ran TO PUBLIC;
SET SESSION AUTHORIZATION hostile_staff;
SELECT mjc.order_confirm(:'ref'), mjc.stock_receive(pg_temp.pid(1), 1) \g /dev/null
DO $$
DECLARE
    t text;
    a text;
BEGIN
    CREATE FUNCTION public.hostile_note() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN INSERT INTO public.hostile_ran VALUES ('trigger on ' || TG_TABLE_NAME, current_user); RETURN NEW; END $f$;
    -- of our tables, in pg_temp and in public
    FOREACH t IN ARRAY ARRAY['setting', 'product', 'order', 'order_line', 'account', 'staff', 'audit', 'stock_ledger', 'stock_anchor', 'outbox', 'customer', 'idempotency_key', 'job', 'token_revoked', 'pg_class', 'pg_proc', 'pg_roles'] LOOP
        EXECUTE format('CREATE TEMP TABLE %I (a integer)', t);
        EXECUTE format('CREATE TRIGGER hostile BEFORE INSERT OR UPDATE OR DELETE ON pg_temp.%I FOR EACH STATEMENT EXECUTE FUNCTION public.hostile_note()', t);
        CONTINUE WHEN t LIKE 'pg\_%';
        EXECUTE format('CREATE TABLE public.%I (a integer)', t);
    END LOOP;
    -- of functions that ours call, with fitting arguments
    FOREACH a IN ARRAY ARRAY['lower(text)', 'upper(text)', 'btrim(text)', 'length(text)', 'now()', 'clock_timestamp()', 'statement_timestamp()', 'to_jsonb(text)', 'jsonb_typeof(jsonb)', 'sha256(bytea)',
        'convert_to(text, name)', 'format(text)', 'concat(text)', 'gen_random_uuid()', 'current_setting(text)', 'current_setting(text, boolean)', 'set_config(text, text, boolean)', 'left(text, integer)',
        'json_build_object()', 'cardinality(anyarray)', 'substr(text, integer)', 'replace(text, text, text)'] LOOP
        EXECUTE format('CREATE FUNCTION public.%s RETURNS text LANGUAGE plpgsql AS $f$ BEGIN INSERT INTO public.hostile_ran VALUES (%L, current_user); RETURN NULL; END $f$', a, a);
    END LOOP;
    CREATE FUNCTION public.hostile_eq(text, text) RETURNS boolean LANGUAGE plpgsql AS $f$ BEGIN INSERT INTO public.hostile_ran VALUES ('=', current_user); RETURN true; END $f$;
    CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = text, FUNCTION = public.hostile_eq);
    CREATE OPERATOR public.|| (LEFTARG = text, RIGHTARG = text, FUNCTION = public.hostile_eq);
    CREATE FUNCTION public.hostile_eq(integer, bigint) RETURNS boolean LANGUAGE plpgsql AS $f$ BEGIN INSERT INTO public.hostile_ran VALUES ('int =', current_user); RETURN true; END $f$;
    CREATE OPERATOR public.= (LEFTARG = integer, RIGHTARG = bigint, FUNCTION = public.hostile_eq);
    CREATE FUNCTION public.hostile_check(text) RETURNS boolean LANGUAGE plpgsql AS $f$ BEGIN INSERT INTO public.hostile_ran VALUES ('domain', current_user); RETURN true; END $f$;
    CREATE DOMAIN public.hostile_text AS text CHECK (public.hostile_check(VALUE));
END
$$;
RESET SESSION AUTHORIZATION;
SELECT throws_ok('SET SESSION AUTHORIZATION hostile_staff; CREATE CAST (text AS integer) WITH INOUT AS IMPLICIT', '42501', NULL, '5: nobody but the owner of a type makes a cast');
RESET SESSION AUTHORIZATION;
GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC;
CREATE FUNCTION pg_temp.path(role text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_catalog.set_config('search_path', 'pg_temp, public, tap, pg_catalog', true); END $$;
SET SESSION AUTHORIZATION hostile_staff;
SELECT pg_temp.path('hostile_staff') \g /dev/null
INSERT INTO seen SELECT 'hostile path', f, pg_temp.state(call) FROM subject WHERE has_function_privilege('mjc_admin', oid, 'EXECUTE') AND name <> 'housekeep';
SELECT mjc.setting_set('cart_days', '33') AS set_days, mjc.stock_receive('00000000-0000-4000-8000-000000000001', 4) AS received, mjc.order_ship(:'ref', 'H-1') AS shipped,
       mjc.price_set('00000000-0000-4000-8000-000000000002', 1234) ->> 'price' AS priced, mjc.phone_canonical('0550123456'::public.hostile_text) AS phone \gset
SELECT count(*) AS read_reports FROM mjc_report.stock \gset
RESET SESSION AUTHORIZATION;
SET LOCAL search_path = pg_catalog, tap;
INSERT INTO pg_temp.seen SELECT 'hostile path', f, pg_temp.state(call) FROM pg_temp.subject WHERE schema = 'mjc_api';
SELECT is_empty($$SELECT * FROM public.hostile_ran WHERE as_whom = 'mjc_owner'$$, '3, 4, 5: nothing of the attacker''s ran as mjc_owner');
SELECT is(concat_ws(' ', :'set_days', :'received', :'shipped', :'priced', :'phone'), '33 105 SHIPPED 1234.00 +213550123456', '3, 20: the rules did what they do, plans kept before included');
SELECT results_eq($$SELECT s.integer_value, (SELECT count(*) FROM mjc.setting_history h WHERE h.name = 'cart_days' AND h.at > now()) FROM mjc.setting s WHERE s.name = 'cart_days'$$, 'VALUES (33::bigint, 1::bigint)', '3: on our own tables');
SELECT is((SELECT count(*) FROM pg_temp.setting), 0::bigint, '3, 20: not on the attacker''s');
SELECT cmp_ok(:read_reports, '>', 0, '3: reports read ours');
SELECT cmp_ok((SELECT count(*) FROM public.hostile_ran), '>', 0::bigint, '5: the trap works: it caught the attacker himself');
-- 13: every function was called with NULL for every argument
INSERT INTO pg_temp.seen SELECT 'all', f, pg_temp.state(call) FROM pg_temp.subject WHERE name NOT IN ('housekeep', 'install') AND schema = 'mjc';
SELECT cmp_ok((SELECT count(*) FROM pg_temp.seen WHERE who IN ('all', 'hostile path')), '>', 350::bigint, '13: hundreds of functions');
SELECT is_empty($$SELECT f, state FROM pg_temp.seen WHERE who IN ('all', 'hostile path') AND state !~ '^(00000|MJ|23502|22004)' AND f !~ '^mjc\.(raise|doc_refuse)\('$$, '13: NULL everywhere is answered, or refused by name');
DROP OWNED BY hostile_staff;
SET LOCAL search_path = public, tap;
GRANT mjc_admin TO hostile_staff;

-- 6: other roles
SET SESSION AUTHORIZATION hostile_shim;
SELECT throws_ok(format('SET ROLE %I', r), '42501', NULL, format('6: the shim is not %s', r)) FROM unnest(ARRAY['mjc_owner', 'mjc_admin', 'mjc_analyst', 'postgres', 'pg_read_all_data']) r;
SET ROLE mjc_shim;
SELECT throws_ok('SET ROLE mjc_admin', '42501', NULL, '6: nor after SET ROLE to what it is');
RESET ROLE;
SET SESSION AUTHORIZATION hostile_analyst;
SELECT throws_ok(format('SET ROLE %I', r), '42501', NULL, format('6: an analyst is not %s', r)) FROM unnest(ARRAY['mjc_owner', 'mjc_admin', 'mjc_shim']) r;
SET SESSION AUTHORIZATION hostile_staff;
SELECT throws_ok(format('SET ROLE %I', r), '42501', NULL, format('6: staff are not %s', r)) FROM unnest(ARRAY['mjc_owner', 'mjc_shim', 'mjc_analyst']) r;
SELECT is((SELECT set_config('role', 'mjc_admin', true)), 'mjc_admin', '7: role is a setting');
SELECT is((SELECT mjc.location_set('hostile-loc', 'X') IS NOT NULL), true, '7: it does not change who acts');
RESET ROLE;
RESET SESSION AUTHORIZATION;
SELECT is((SELECT actor FROM mjc.audit WHERE action = 'location_set' AND after::text ~ 'X' ORDER BY at DESC LIMIT 1), :'staff'::uuid, '7: the audit has the login''s member of staff');

-- 7, 28, 38: settings
SET SESSION AUTHORIZATION hostile_staff;
SELECT throws_ok(format('SET %s = %s', s, v), '42501', NULL, format('7, 28, 38: %s is not for people', s))
  FROM (VALUES ('session_replication_role', 'replica'), ('mjc.analyst_max', '0'), ('mjc.aggregate_memory', '64'), ('mjc.direct_access', 'off'), ('mjc.early_lock_release', 'off'), ('mjc.double_submit_window', '0'), ('mjc.idempotency_ttl', '1'), ('mjc.node_id', '1')) v (s, v);
SELECT is((SELECT set_config(s, v, true)), v, format('7: %s may say what it likes', s)) FROM (VALUES ('request.jwt.claims', '{"role": "SUPER_ADMIN"}'), ('row_security', 'off')) v (s, v);
SELECT throws_ok($$SET mjc.actor = 'x'$$, '42602', NULL, '7: there is no room for settings of ours that are none');
SELECT throws_ok('SELECT * FROM mjc.account_secret', '42501', NULL, '7: and nothing is gained');
SELECT throws_ok(format('ALTER TABLE mjc.%I DISABLE TRIGGER ALL', t), '42501', NULL, format('28: %s keeps its constraints', t)) FROM unnest(ARRAY['order_line', 'stock_ledger']) t;
RESET SESSION AUTHORIZATION;
SELECT throws_ok(format('SET mjc.%s = %s', s, v), '22023', NULL, format('38: %s cannot be %s', s, v))
  FROM (VALUES ('double_submit_window', '-1'), ('double_submit_window', '3601'), ('idempotency_ttl', '0'), ('node_id', '1024'), ('analyst_max', '-1'), ('aggregate_memory', '63'), ('aggregate_memory', '1000001'), ('early_lock_release', '''perhaps''')) v (s, v);

-- 8: a function that costs nothing and tells what it sees
CREATE TABLE public.hostile_told (value text);
GRANT ALL ON public.hostile_told TO PUBLIC;
SELECT mjc.stock_release(pg_temp.hold('{2}', '{3}')) \g /dev/null
SET SESSION AUTHORIZATION hostile_analyst;
CREATE FUNCTION public.hostile_leak(value text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN INSERT INTO public.hostile_told VALUES (value); RETURN true; END $$;
SELECT count(*) FROM mjc_report.reservation WHERE public.hostile_leak(reservation_id || ' ' || held) \g /dev/null
RESET SESSION AUTHORIZATION;
SELECT is_empty('SELECT value FROM public.hostile_told EXCEPT SELECT reservation_id || $$ $$ || held FROM mjc_report.reservation', '8: a leaky function sees no row that the view hides');
SELECT isnt_empty('SELECT * FROM mjc.reservation WHERE held_qty = 0', '8: there are such rows');

-- 10: what else might tell
SET SESSION AUTHORIZATION hostile_analyst;
SELECT is_empty($$SELECT * FROM pg_stats WHERE schemaname = 'mjc'$$, '10: statistics of tables show an analyst nothing');
SELECT is_empty($$SELECT query FROM pg_stat_activity WHERE usename <> current_user AND query <> '<insufficient privilege>' AND query <> ''$$, '10: nor do other sessions');
SELECT throws_ok('EXPLAIN ANALYZE SELECT mjc.stock_receive(gen_random_uuid(), 1)', '42501', NULL, '10: EXPLAIN ANALYZE runs as the caller');
SELECT throws_ok('EXPLAIN SELECT * FROM mjc.customer_person', '42501', NULL, '10: EXPLAIN shows no estimate of persons');
SET SESSION AUTHORIZATION hostile_staff;
SELECT is_empty($$SELECT * FROM pg_stats WHERE schemaname = 'mjc' AND tablename IN ('account_secret', 'account_person', 'customer_person', 'order_contact', 'address', 'outbox', 'session')$$, '10: staff see no statistics of persons and secrets');
-- 11, 12, 16
SELECT matches(pg_temp.state(format('SELECT mjc.%s', c)), '^MJ(006|010|216|004|106|0[0-9]{2})$', format('11: %s', c))
  FROM unnest(ARRAY[$$price_set(pg_temp.pid(1), 'NaN')$$, $$price_set(pg_temp.pid(1), 'Infinity')$$, $$price_set(pg_temp.pid(1), '-Infinity')$$, $$gift_card_issue('NaN')$$, $$gift_card_issue('Infinity')$$]) c;
SELECT matches(pg_temp.state(format('SELECT mjc.%s', c)), '^(22003|MJ[0-9]{3}|22008)$', format('12, 16: %s', c))
  FROM unnest(ARRAY['percent_of(9223372036854775807, 2147483647)', 'tax_of_net(9223372036854775807, 10000)', 'stock_receive(pg_temp.pid(1), 2147483647)', $$stamp_duty(9223372036854775807, 'infinity')$$,
       $$stock_expected(pg_temp.pid(1), '-infinity', 1)$$, $$stock_reserve(ARRAY[pg_temp.pid(1)], '{1}', interval '-1 month')$$, $$stock_count(pg_temp.pid(1), 1, 'infinity')$$]) c;
RESET SESSION AUTHORIZATION;
-- 14
SELECT matches(pg_temp.state(format('SELECT mjc.stock_reserve(%s)', a)), '^MJ[0-9]{3}$', format('14: %s', left(a, 60)))
  FROM unnest(ARRAY[$$ARRAY[]::uuid[], '{}'$$, $$ARRAY[pg_temp.pid(1), NULL], '{1,1}'$$, $$ARRAY[pg_temp.pid(1)], '{NULL}'$$, $$ARRAY[[pg_temp.pid(1), pg_temp.pid(2)]], '{{1,1}}'$$,
       $$ARRAY[pg_temp.pid(1)], '{1,2}'$$, $$(SELECT array_agg(pg_temp.pid(1)) FROM generate_series(1, 1000001)), (SELECT array_agg(1) FROM generate_series(1, 1000001))$$]) a;
SELECT is(pg_temp.state($$SELECT mjc.stock_reserve(('[0:1]={' || pg_temp.pid(1) || ',' || pg_temp.pid(2) || '}')::uuid[], '[5:6]={1,2}')$$), '00000', '14: bounds of an array do not matter');
-- 15
CREATE TABLE public.hostile_long (v text);
ALTER TABLE public.hostile_long ALTER v SET STORAGE EXTENDED;
INSERT INTO public.hostile_long VALUES (repeat('0', 20000000)), ('0550123456'), (repeat('0550123456', 300));
SELECT is((SELECT array_agg(mjc.phone_canonical(v) ORDER BY length(v)) FROM public.hostile_long), ARRAY['+213550123456', NULL, NULL], '15: short, toasted and compressed values; 20 MB of text');
SELECT is((SELECT length(mjc.fold_digits(v)) FROM public.hostile_long ORDER BY length(v) DESC LIMIT 1), 20000000, '15: 20 MB go through');
-- 18
SELECT is_empty($$SELECT s.f FROM subject s JOIN pg_proc p ON p.oid = s.oid, unnest(p.proargtypes || coalesce(p.proallargtypes, '{}')) t JOIN pg_type y ON y.oid = t WHERE y.typtype IN ('c', 'd', 'p')$$, '18: no function takes a composite, a domain or anything');
-- 23: who acts survives a subtransaction that fails
SET SESSION AUTHORIZATION hostile_staff;
DO $$ BEGIN BEGIN PERFORM mjc.stock_receive(pg_temp.pid(2), -1); EXCEPTION WHEN OTHERS THEN NULL; END; PERFORM mjc.stock_receive(pg_temp.pid(2), 7, NULL, 'after'); END $$;
SAVEPOINT s;
SELECT mjc.stock_receive(pg_temp.pid(2), 1000) \g /dev/null
ROLLBACK TO s;
SELECT mjc.stock_receive(pg_temp.pid(2), 1, NULL, 'after') \g /dev/null
RESET SESSION AUTHORIZATION;
SELECT results_eq($$SELECT qty, actor FROM mjc.stock_ledger WHERE product_id = pg_temp.pid(2) AND reason = 'after' ORDER BY seq$$, format($$VALUES (7, %L::uuid), (1, %1$L)$$, :'staff'), '23: actor and balance are right after errors and savepoints');
SELECT is(pg_temp.stock(2), '108 0', '23: what was rolled back is not there');
-- 27, 29, 30: past the rules
SET SESSION AUTHORIZATION hostile_staff;
INSERT INTO seen SELECT 'write', c.relname || ' ' || v, pg_temp.state(format(v, c.relname, (SELECT quote_ident(attname) FROM pg_attribute a WHERE a.attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attidentity = '' ORDER BY attnum DESC LIMIT 1)))
  FROM pg_class c, unnest(ARRAY['DELETE FROM mjc.%1$I', 'TRUNCATE mjc.%1$I', 'UPDATE mjc.%1$I SET %2$s = %2$s', 'INSERT INTO mjc.%1$I DEFAULT VALUES', 'INSERT INTO mjc.%1$I DEFAULT VALUES ON CONFLICT DO NOTHING',
       'SELECT FROM mjc.%1$I FOR UPDATE SKIP LOCKED', 'MERGE INTO mjc.%1$I USING (SELECT 1) x ON true WHEN MATCHED THEN DELETE', 'WITH a AS (UPDATE mjc.%1$I SET %2$s = %2$s RETURNING 1), b AS (UPDATE mjc.%1$I SET %2$s = %2$s RETURNING 1) SELECT 1',
       'LOCK TABLE mjc.%1$I IN EXCLUSIVE MODE', 'COPY mjc.%1$I FROM PROGRAM ''true''']) v
 WHERE c.relnamespace = 'mjc'::regnamespace AND c.relkind = 'r';
INSERT INTO seen SELECT 'write', c.relname || ' nextval', pg_temp.state(format('SELECT nextval(%s)', c.oid)) FROM pg_class c WHERE c.relnamespace = 'mjc'::regnamespace AND c.relkind = 'S';
RESET SESSION AUTHORIZATION;
SELECT cmp_ok((SELECT count(*) FROM seen WHERE who = 'write'), '>', 600::bigint, '27, 29, 30: every table, every way to write');
SELECT is_empty($$SELECT f, state FROM seen WHERE who = 'write' AND state <> '42501'$$, '27, 29, 30: refused with 42501');
SELECT is_empty($$SELECT s.seqrelid::regclass FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid WHERE c.relnamespace = 'mjc'::regnamespace AND (s.seqtypid <> 'bigint'::regtype OR s.seqcycle)$$, '29: sequences are bigint and do not come round');
SELECT throws_ok($$DELETE FROM mjc.category WHERE slug = 'test-only-parts'$$, '23503', NULL, '29: not even the superuser deletes what is referred to');
-- 31
SELECT is_empty($$SELECT f FROM subject WHERE provolatile = 'v' AND proparallel <> 'u' AND name NOT IN ('gift_card_id', 'raise', 'random_code', 'uuid_v7')$$, '31: what writes is not run in parallel');
SELECT is_empty($$SELECT s.f FROM subject s JOIN pg_proc p ON p.oid = s.oid WHERE s.proparallel = 's' AND p.prosrc ~ 'mjc\.(staff_id|staff_writes|check_admin|check_admin_write|account_active|customer_of_account)\('$$, '31: nor what asks who acts');
SELECT CASE WHEN current_setting('server_version_num')::integer < 160000 THEN 'force_parallel_mode' ELSE 'debug_parallel_query' END AS parallel_mode \gset
SET LOCAL :parallel_mode = on;
SELECT is((SELECT sum(mjc.percent_of(g, 1900))::bigint FROM generate_series(1, 1000) g), (SELECT sum(round(g * 0.19))::bigint FROM generate_series(1, 1000) g), '31: pure functions give the same in a worker');
SET LOCAL :parallel_mode = off;
-- 35: somebody's function in the way of the extension
SELECT is(pg_temp.state($$CREATE VIEW public.hostile_dependent AS SELECT mjc.dzd(1); DROP EXTENSION mjchauffage$$), '2BP01', '35: the extension does not go while something needs it');
SELECT is(pg_temp.state($$DROP EXTENSION mjchauffage CASCADE; CREATE FUNCTION mjc.dzd(bigint) RETURNS numeric LANGUAGE sql AS 'SELECT 0'; CREATE EXTENSION mjchauffage$$), '42723', '35: nor takes over what stands in its place');
SELECT is(pg_temp.state($$DROP EXTENSION mjchauffage CASCADE; CREATE SCHEMA mjc_api; CREATE EXTENSION mjchauffage$$), '42P06', '35: a schema of somebody''s is not taken over either');
-- 39
INSERT INTO mjc.category (category_id, slug, name, parent_id) VALUES (pg_temp.pid(901), 'hostile-a', 'A', NULL), (pg_temp.pid(902), 'hostile-b', 'B', pg_temp.pid(901));
UPDATE mjc.category SET parent_id = pg_temp.pid(902) WHERE category_id = pg_temp.pid(901);
SELECT is(pg_temp.state('UPDATE mjc.category SET parent_id = category_id WHERE category_id = pg_temp.pid(901)'), '23514', '39: no category is its own parent');
SELECT lives_ok('SELECT mjc_api.category_list(NULL)', '39: a cycle of categories ends no read');
UPDATE mjc.category SET parent_id = NULL WHERE category_id = pg_temp.pid(901);
SELECT matches(pg_temp.state($$SELECT mjc.price_cart(repeat('[', 100000)::jsonb, '{}')$$), '^(54001|22P02)$', '39: depth ends in an error');
SELECT matches(pg_temp.state($$SELECT mjc.price_cart((repeat('[', 5000) || repeat(']', 5000))::jsonb, '{}')$$), '^MJ[0-9]{3}$', '39: a deep document is not one of ours');
-- 40
SET SESSION AUTHORIZATION hostile_staff;
SELECT throws_ok($$CREATE FUNCTION public.hostile_c() RETURNS void LANGUAGE C AS '$libdir/mjchauffage', 'mjc_stock_receive'$$, '42501', NULL, '40: only a superuser declares C functions');
RESET SESSION AUTHORIZATION;
SELECT is(pg_temp.state($$CREATE FUNCTION public.hostile_c() RETURNS bigint LANGUAGE C AS '$libdir/mjchauffage', 'mjc_stock_receive'; SELECT public.hostile_c()$$), 'MJ003', '40: with too few arguments they are missing');
SELECT is(pg_temp.state($$CREATE FUNCTION public.hostile_c() RETURNS bigint LANGUAGE C AS '$libdir/mjchauffage', 'mjc_no_such'$$), '42883', '40: what is not exported is not there');
-- 26
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');
SET TRANSACTION READ ONLY;
SELECT throws_ok(c, '25006', NULL, '26: in a read-only transaction: ' || c)
  FROM unnest(ARRAY['SELECT mjc.stock_receive(pg_temp.pid(1), 1)', $$SELECT mjc.setting_set('cart_days', '34')$$, $$SELECT mjc.outbox_write('x', 'account', gen_random_uuid(), '{}')$$, 'SELECT mjc.outbox_take(1)']) c;
SELECT * FROM finish();
ROLLBACK;
