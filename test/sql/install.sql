-- install: run again it is harmless; another schema version stops writers; dropping the
-- extension takes no row and no column.
BEGIN;
SELECT plan(63);

-- Before anything is written in this session: the check is remembered once it passed.
UPDATE mjc.schema_version SET version = version || '-other';
SELECT throws_ok(s, 'MJ009', NULL, format('another schema version stops %s', w))
  FROM (VALUES ($$SELECT mjc.stock_receive(gen_random_uuid(), 1)$$, 'stock_receive'), ($$SELECT mjc.stock_adjust(gen_random_uuid(), 1, 'x')$$, 'stock_adjust'),
               ($$SELECT mjc.order_place(ARRAY[gen_random_uuid()], '{1}', 'Amina', 'Test', '0550000001', street => '1 rue du Test', city => 'Testville', region => '16')$$, 'order_place'),
               ($$SELECT mjc_api.order_place_guest(NULL, NULL, ARRAY[gen_random_uuid()], '{1}', 'Amina', 'Test', '0550000001', NULL, NULL, '1 rue du Test', 'Testville', NULL, '16', NULL, NULL)$$, 'order_place_guest'),
               ($$SELECT mjc.order_change(mjc.order_reference(2026, 1), 'SHIPPED')$$, 'order_change'),
               ($$SELECT mjc.order_expire()$$, 'order_expire'),
               ($$SELECT mjc_api.staff_order_deliver(gen_random_uuid(), 0, gen_random_uuid(), NULL, gen_random_uuid())$$, 'staff_order_deliver'),
               ($$SELECT mjc.stock_policy_set(gen_random_uuid(), 1)$$, 'stock_policy_set'), ($$SELECT mjc.stock_expected(gen_random_uuid(), current_date, 1)$$, 'stock_expected'),
               ($$SELECT mjc.location_set('test')$$, 'location_set'),
               ($$SELECT mjc.setting_set('delivery_days_default', '5')$$, 'setting_set'),
               ($$SELECT mjc.price_set(gen_random_uuid(), 1)$$, 'price_set'), ($$SELECT mjc.price_update(gen_random_uuid(), '{"price": 1}')$$, 'price_update'),
               ($$SELECT mjc.customer_group_set('test', 'Test', 'Test')$$, 'customer_group_set'), ($$SELECT mjc.customer_group_assign(gen_random_uuid(), 'retail')$$, 'customer_group_assign'),
               ($$SELECT mjc.price_list_set('test', '{}')$$, 'price_list_set'), ($$SELECT mjc.price_list_delete('test')$$, 'price_list_delete'),
               ($$SELECT mjc.price_list_price_set('test', 'TEST', 1)$$, 'price_list_price_set'), ($$SELECT mjc.price_list_price_end(gen_random_uuid())$$, 'price_list_price_end'),
               ($$SELECT mjc.promotion_set('test', '{}')$$, 'promotion_set'), ($$SELECT mjc.promotion_delete('test')$$, 'promotion_delete'),
               ($$SELECT mjc.coupon_set('test', '{}')$$, 'coupon_set'), ($$SELECT mjc.coupon_delete('test')$$, 'coupon_delete'), ($$SELECT mjc.coupon_batch('test', 1)$$, 'coupon_batch'),
               ($$SELECT mjc.tariff_set('{}')$$, 'tariff_set'), ($$SELECT mjc.tariff_delete(gen_random_uuid())$$, 'tariff_delete'),
               ($$SELECT mjc.carrier_zone_set('test', '16', 'test')$$, 'carrier_zone_set'), ($$SELECT mjc.gift_card_issue(1)$$, 'gift_card_issue'),
               ($$SELECT mjc.store_credit_add(gen_random_uuid(), 1, 'test')$$, 'store_credit_add'), ($$SELECT mjc.credit_close(gen_random_uuid(), 'test')$$, 'credit_close'),
               ($$SELECT mjc_api.cart_add(NULL, NULL, NULL, 'r', NULL, repeat('A', 43), gen_random_uuid(), 1)$$, 'cart_add'),
               ($$SELECT mjc.category_set('test', '{}')$$, 'category_set'), ($$SELECT mjc.diagram_delete(gen_random_uuid())$$, 'diagram_delete'),
               ($$SELECT mjc_api.staff_diagram_delete(NULL, NULL, NULL, NULL, NULL)$$, 'staff_diagram_delete')) v (s, w);
SELECT lives_ok('SELECT mjc.dzd(1)', 'pure functions go on');
SELECT lives_ok('SELECT mjc_api.product_list(NULL, NULL, NULL, 1, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)', 'the shop window goes on');
DELETE FROM mjc.schema_version;
SELECT throws_ok('SELECT mjc.order_expire()', 'MJ009', NULL, 'no schema version stops them too');
SELECT lives_ok('SELECT mjc.install()', 'install brings the version back');
SELECT lives_ok('SELECT mjc.order_expire()', 'and writers go on');
SELECT is((SELECT split_part(version, '/', 1) FROM mjc.schema_version), mjc.version(), 'the version is that of the library');
SELECT is(mjc.version(), (SELECT extversion FROM pg_extension WHERE extname = 'mjchauffage'), 'which is that of the extension');

\ir fixture.psql
SELECT pg_temp.make_stock(1, 10) \g /dev/null
SELECT pg_temp.bought('{1}', '{2}') AS ref \gset
SELECT mjc.order_ship(:'ref', 'TRK-1') \g /dev/null
SELECT mjc.setting_set('delivery_days_default', '9') \g /dev/null
SELECT mjc.audit_seal() \g /dev/null

-- What a shop is made of: definitions, and a digest of every row.
CREATE FUNCTION pg_temp.definitions() RETURNS TABLE (what text)
    LANGUAGE sql
AS $$
    SELECT format('column %s.%s %s %s %s %s', a.attrelid::regclass, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attgenerated, pg_get_expr(d.adbin, d.adrelid))
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE c.relnamespace = 'mjc'::regnamespace AND c.relkind IN ('r', 'S') AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT format('constraint %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint WHERE connamespace = 'mjc'::regnamespace
    UNION ALL
    SELECT format('index %s', pg_get_indexdef(i.indexrelid)) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE c.relnamespace = 'mjc'::regnamespace
    UNION ALL
    SELECT format('owner %s %s', c.oid::regclass, c.relowner::regrole) FROM pg_class c WHERE c.relnamespace = 'mjc'::regnamespace AND c.relkind = 'r'
$$;
CREATE FUNCTION pg_temp.digests() RETURNS TABLE (name text, n bigint, digest text)
    LANGUAGE plpgsql
AS $$
BEGIN
    FOR name IN SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'mjc'::regnamespace AND c.relkind = 'r' ORDER BY 1 LOOP
        EXECUTE format('SELECT count(*), coalesce(md5(string_agg(md5(t::text), '''' ORDER BY md5(t::text))), '''') FROM mjc.%I t', name) INTO n, digest;
        RETURN NEXT;
    END LOOP;
END
$$;
CREATE FUNCTION pg_temp.access() RETURNS TABLE (what text)
    LANGUAGE sql
AS $$
    SELECT format('%s %s %s', c.oid::regclass, c.relowner::regrole, (SELECT array_agg(x::text ORDER BY x::text) FROM unnest(c.relacl) x))
      FROM pg_class c WHERE c.relnamespace::regnamespace::text IN ('mjc', 'mjc_report') AND c.relkind IN ('r', 'v', 'S')
    UNION ALL
    SELECT format('%s %s %s', p.oid::regprocedure, p.proowner::regrole, (SELECT array_agg(x::text ORDER BY x::text) FROM unnest(p.proacl) x))
      FROM pg_proc p WHERE p.pronamespace::regnamespace::text IN ('mjc', 'mjc_api')
    UNION ALL
    SELECT format('%s %s %s', n.nspname, n.nspowner::regrole, (SELECT array_agg(x::text ORDER BY x::text) FROM unnest(n.nspacl) x)) FROM pg_namespace n WHERE n.nspname IN ('mjc', 'mjc_api', 'mjc_report')
    UNION ALL
    SELECT format('comment %s %s', c.oid::regclass, obj_description(c.oid, 'pg_class')) FROM pg_class c WHERE c.relnamespace::regnamespace::text IN ('mjc', 'mjc_report')
$$;
CREATE TEMP TABLE old_definitions AS SELECT * FROM pg_temp.definitions();
CREATE TEMP TABLE old_digests AS SELECT * FROM pg_temp.digests();
CREATE TEMP TABLE old_access AS SELECT * FROM pg_temp.access();
SELECT cmp_ok((SELECT count(*) FROM old_digests), '>', 40::bigint, 'the shop has tables');

-- Again
SELECT matches(mjc.install(), ': 0 schema step\(s\) applied', 'install again applies nothing');
SELECT set_eq('SELECT * FROM pg_temp.definitions()', 'SELECT * FROM old_definitions', 'every definition is as it was');
SELECT set_eq('SELECT * FROM pg_temp.digests()', 'SELECT * FROM old_digests', 'every row is as it was');
SELECT set_eq('SELECT * FROM pg_temp.access()', 'SELECT * FROM old_access', 'every privilege is as it was');

-- What the owner added stays
ALTER TABLE mjc.product ADD COLUMN test_shelf text DEFAULT 'A1';
CREATE INDEX test_shelf_idx ON mjc.product (test_shelf);
SELECT lives_ok('SELECT mjc.install()', 'install with a column of the owner''s');
SELECT has_column('mjc', 'product', 'test_shelf', 'the column stays');
SELECT has_index('mjc', 'product', 'test_shelf_idx', 'the index stays');
DROP INDEX mjc.test_shelf_idx;
ALTER TABLE mjc.product DROP COLUMN test_shelf;

-- Without the extension
SELECT lives_ok('DROP EXTENSION mjchauffage CASCADE', 'the extension is dropped');
SELECT is((SELECT count(*) FROM pg_proc WHERE pronamespace = 'mjc'::regnamespace), 0::bigint, 'its functions are gone');
SELECT set_eq('SELECT * FROM pg_temp.definitions()', 'SELECT * FROM old_definitions', 'every column, constraint and index is there');
SELECT set_eq('SELECT * FROM pg_temp.digests()', 'SELECT * FROM old_digests', 'every row is there');

-- And back
SELECT lives_ok('CREATE EXTENSION mjchauffage', 'the extension is made again');
SELECT matches(mjc.install(), ': 0 schema step\(s\) applied', 'install finds its tables');
SELECT set_eq('SELECT * FROM pg_temp.definitions()', 'SELECT * FROM old_definitions', 'every definition is as it was');
SELECT set_eq('SELECT * FROM pg_temp.digests()', 'SELECT * FROM old_digests', 'every row is as it was');
SELECT set_eq('SELECT * FROM pg_temp.access()', 'SELECT * FROM old_access', 'every function, view, privilege and comment is as it was');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise was broken');
SELECT is(mjc.order_deliver(:'ref'), 'DELIVERED', 'the old order goes on');
SELECT matches(pg_temp.bought('{1}', '{8}'), '^MJ-', 'a further order is placed');
SELECT throws_ok($$SELECT pg_temp.bought('{1}', '{1}')$$, 'MJ101', NULL, 'from the same stock');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');

SELECT * FROM finish();
ROLLBACK;
