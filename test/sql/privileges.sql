-- privileges: who may call and read what; nobody writes a table directly.
BEGIN;
SELECT plan(57);
\ir fixture.psql
GRANT USAGE ON SCHEMA tap TO PUBLIC;
CREATE TEMP VIEW extension_function AS
SELECT p.oid, p.oid::regprocedure AS f, n.nspname, p.proname, p.prosecdef, p.proconfig, p.proowner::regrole::text AS owner, p.provolatile,
       p.proisstrict, p.prokind, p.prolang, l.lanname
  FROM pg_depend d
  JOIN pg_extension e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass AND e.extname = 'mjchauffage'
  JOIN pg_proc p ON p.oid = d.objid AND d.classid = 'pg_proc'::regclass
  JOIN pg_namespace n ON n.oid = p.pronamespace
  JOIN pg_language l ON l.oid = p.prolang
 WHERE d.deptype = 'e';
GRANT SELECT ON extension_function TO PUBLIC;

-- Functions
SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace IN ('mjc'::regnamespace, 'mjc_api'::regnamespace)
                  AND p.oid NOT IN (SELECT oid FROM extension_function)$$, 'every function of mjc and mjc_api belongs to the extension');
SELECT is_empty($$SELECT f FROM extension_function WHERE nspname NOT IN ('mjc', 'mjc_api')$$, 'the extension has functions nowhere else');
SELECT is_empty($$SELECT f FROM extension_function x WHERE has_function_privilege('public', x.oid, 'EXECUTE')$$, 'PUBLIC may execute none');
SELECT is_empty($$SELECT f FROM extension_function WHERE owner <> 'mjc_owner'$$, 'all belong to mjc_owner');
SELECT is_empty($$SELECT f, proconfig FROM extension_function WHERE prosecdef AND NOT coalesce(proconfig, '{}') @> ARRAY['search_path=pg_catalog, pg_temp']$$,
                'those that run as mjc_owner have their search_path pinned, and nothing else set');
SELECT is_empty($$SELECT f FROM extension_function WHERE lanname = 'plpgsql' AND prokind <> 'p' AND ARRAY(SELECT c FROM unnest(proconfig) c WHERE c NOT IN ('plan_cache_mode=force_custom_plan', 'plan_cache_mode=force_generic_plan', 'enable_seqscan=off', 'max_parallel_workers_per_gather=0')) <> ARRAY['search_path=pg_catalog, pg_temp']$$,
                'so has all PL/pgSQL but procedures, which commit and so can have none');
SELECT is_empty($$SELECT f FROM extension_function WHERE nspname = 'mjc_api' AND NOT prosecdef$$, 'every route runs as mjc_owner');
SELECT is_empty($$SELECT f FROM extension_function WHERE provolatile = 'v' AND proisstrict$$, 'no function that writes ignores a call with a NULL');
SELECT is_empty($$SELECT f FROM extension_function x WHERE obj_description(x.oid, 'pg_proc') IS NULL$$, 'each has a comment');
SELECT is_empty($$SELECT rolname FROM pg_roles WHERE rolname IN ('mjc_owner', 'mjc_shim', 'mjc_admin', 'mjc_analyst')
                  AND (rolsuper OR rolcanlogin OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls)$$, 'no role of the shop logs in or has powers over the server');
SELECT results_eq($$SELECT r::regrole::text COLLATE "C", nspname::text COLLATE "C" FROM unnest(ARRAY['mjc_shim'::regrole, 'mjc_admin', 'mjc_analyst']) r, pg_namespace n
                     WHERE nspname LIKE 'mjc%' AND has_schema_privilege(r, n.oid, 'USAGE') ORDER BY 1, 2$$,
                  $$VALUES ('mjc_admin' COLLATE "C", 'mjc' COLLATE "C"), ('mjc_admin', 'mjc_report'), ('mjc_analyst', 'mjc'), ('mjc_analyst', 'mjc_report'), ('mjc_shim', 'mjc_api')$$,
                  'each role sees its own schemas');
SELECT is_empty($$SELECT nspname FROM pg_namespace n WHERE nspname LIKE 'mjc%' AND (has_schema_privilege('mjc_admin', n.oid, 'CREATE')
                  OR has_schema_privilege('mjc_analyst', n.oid, 'CREATE') OR has_schema_privilege('mjc_shim', n.oid, 'CREATE') OR has_schema_privilege('public', n.oid, 'CREATE'))$$,
                'none may make objects there');

-- The shim
SELECT is_empty($$SELECT f FROM extension_function x WHERE has_function_privilege('mjc_shim', x.oid, 'EXECUTE') IS DISTINCT FROM (nspname = 'mjc_api')$$,
                'the shim may execute exactly mjc_api');
SELECT is_empty($$SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace::regnamespace::text IN ('mjc', 'mjc_report', 'mjc_api') AND c.relkind IN ('r', 'v', 'm', 'p', 'f')
                  AND has_table_privilege('mjc_shim', c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')$$, 'the shim reads and writes no table and no view');

-- The analyst
CREATE FUNCTION pg_temp.called_by(role text) RETURNS SETOF text
    LANGUAGE sql
    AS $$ SELECT x.f::text FROM extension_function x WHERE has_function_privilege(role, x.oid, 'EXECUTE') ORDER BY 1 $$;
SELECT set_eq($$SELECT pg_temp.called_by('mjc_analyst')$$, ARRAY[
    'mjc.agent_is_bot(text)', 'mjc.page_path(text)', 'mjc.boiler_code_key(text)', 'mjc.built_days(text)', 'mjc.days_doc(daterange)', 'mjc.fitment_answer(integer[])', 'mjc.fitment_conditions(integer,text)', 'mjc.fitment_confidence(integer[],smallint[])',
    'mjc.fitment_state(boolean,uuid,int8range,daterange,text[],int4range,uuid,bigint,daterange,text[],integer)', 'mjc.fitment_to_ask(integer[])', 'mjc.kilowatts(integer)', 'mjc.plate_built(jsonb,date)', 'mjc.plate_groups(text)', 'mjc.plate_read(text,jsonb,text,date)', 'mjc.span_of_days(integer,integer,integer)', 'mjc.week_days(integer,integer)',
    'mjc.active_periods(timestamp with time zone,text,date)', 'mjc.distinct_count(uuid)', 'mjc.estimators()', 'mjc.event_stage(text,text,uuid)', 'mjc.funnel(timestamp with time zone,integer,interval)', 'mjc.funnel_counts(uuid,timestamp with time zone,integer,interval,integer)',
    'mjc.retention(uuid,timestamp with time zone,text,integer)', 'mjc.sessionize(timestamp with time zone,interval)',
    'mjc.allocate(bigint,bigint[])', 'mjc.amount_in_words(bigint,text)', 'mjc.dzd_shown(bigint)', 'mjc.html(text)', 'mjc.invoice_html(jsonb,text)', 'mjc.invoice_labels(text)', 'mjc.invoice_lines_html(jsonb,jsonb)', 'mjc.invoice_party_html(jsonb,jsonb)', 'mjc.invoice_totals_html(jsonb,jsonb)', 'mjc.invoice_party_hash(bytea,text)',
    'mjc.invoice_hash(bytea,text,integer,integer,uuid,text,uuid,uuid,timestamp with time zone,bigint,bytea,text)', 'mjc.algiers_date(timestamp with time zone)', 'mjc.algiers_start(date)', 'mjc.cart_owner_of_token(text)', 'mjc.bucket_limit(bigint[],bigint[],numeric)', 'mjc.carrier_word(text)', 'mjc.coupon_key(text)', 'mjc.csv_boolean(text)', 'mjc.csv_cell(text)', 'mjc.csv_delimiter(text)', 'mjc.csv_guard(text)', 'mjc.csv_is_object(text)', 'mjc.csv_quoted(text)', 'mjc.csv_rows(text,text,integer)', 'mjc.csv_split(bytea,text,integer,boolean)', 'mjc.csv_units(text,integer)', 'mjc.csv_value(text[],integer)', 'mjc.ean_valid(text)', 'mjc.import_fields(text)', 'mjc.slug_of(text)', 'mjc.customer_segment(bigint,timestamp with time zone,timestamp with time zone)', 'mjc.customer_words(text)', 'mjc.damaged_change(text,integer)', 'mjc.dzd(bigint)', 'mjc.fold_digits(text)', 'mjc.part_number_key(text)', 'mjc.part_number_loose(text)', 'mjc.part_number_short(text)', 'mjc.search_fold(text,text)', 'mjc.iso(timestamp with time zone)', 'mjc.growth_pct(numeric,numeric)', 'mjc.raise(text,text,text)', 'mjc.report_days(date,date)', 'mjc.report_period(date,date,text)', 'mjc.report_span(date,date)',
    'mjc.on_hand_change(text,integer)', 'mjc.order_limits()', 'mjc.price_cart(jsonb,jsonb)', 'mjc.refund_share(bigint,integer,integer,integer)', 'mjc.reprice_trace(jsonb)',
    'mjc.sale_price_at(bigint,timestamp with time zone,timestamp with time zone,timestamp with time zone)', 'mjc.spread_discount(bigint,bigint[],bigint[])', 'mjc.stamp_duty(bigint,date)',
    'mjc.order_reference(integer,bigint)', 'mjc.order_reference_canonical(text)', 'mjc.order_reference_format(integer,bigint)', 'mjc.order_reference_parse(text)', 'mjc.order_reference_verify(text)', 'mjc.order_reference_scrambled(integer,bigint,bytea)',
    'mjc.order_status(text,text,text)', 'mjc.order_transitions()', 'mjc.payment_word(text,text,text,boolean)', 'mjc.percent_of(bigint,integer)', 'mjc.phone_canonical(text)',
    'mjc.reserved_change(text,integer)', 'mjc.stock_label(bigint,integer)', 'mjc.tax_of_gross(bigint,integer)', 'mjc.tax_of_net(bigint,integer)', 'mjc.unit_price(bigint,bigint)', 'mjc.uuid_or_null(text)',
    'mjc.uuid_v7()', 'mjc.version()', 'mjc.webhook_topic(text)', 'mjc.webhook_tries_max()', 'mjc.webhook_url_ok(text)', 'mjc.webhook_wait(integer)'], 'the analyst may execute the pure functions');
SELECT is_empty($$SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace = 'mjc'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p')
                  AND has_table_privilege('mjc_analyst', c.oid, 'SELECT')$$, 'and reads no table or view of mjc');
SELECT is_empty($$SELECT a.attrelid::regclass, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE c.relnamespace::regnamespace::text = 'mjc_report'
                  AND a.attnum > 0 AND c.relname NOT IN ('product', 'stock', 'stock_movement', 'order_line', 'customer_order', 'setting', 'job', 'table_class')
                  AND a.attname ~ '(phone|e_?mail|street|first_name|last_name|password|address|city|postal|note)'$$, 'no report shows a person');
SELECT is_empty($$SELECT a.attrelid::regclass, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE c.relnamespace::regnamespace::text = 'mjc_report'
                  AND a.attnum > 0 AND has_table_privilege('mjc_analyst', c.oid, 'SELECT')
                  AND a.attname ~ '(phone|e_?mail|street|first_name|last_name|password|secret|address|city|postal|note|salt|display_name|db_login)'$$,
                'no column that the analyst reads names a person or a secret');
SELECT is_empty($$SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace = 'mjc_report'::regnamespace AND c.relkind = 'v'
                  AND (c.relowner <> 'mjc_owner'::regrole
                       OR pg_get_viewdef(c.oid, true) ~ E'\n  WHERE ' AND NOT coalesce(c.reloptions, '{}') && ARRAY['security_barrier=true', 'security_barrier=on', 'security_barrier'])$$,
                'report views belong to mjc_owner, and one that hides rows is a security barrier');
SELECT is_empty($$SELECT c.oid::regclass, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE c.relnamespace = 'mjc_report'::regnamespace AND a.attnum > 0
                  AND col_description(c.oid, a.attnum) IS NULL$$,
                'each column of a report says what it is');
-- With names of staff, or words from outside.
SELECT set_eq($$SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'mjc_report'::regnamespace AND NOT has_table_privilege('mjc_analyst', c.oid, 'SELECT')$$,
              ARRAY['audit', 'outbox', 'personal_access', 'provider_event', 'stock_history', 'webhook_delivery', 'webhook_endpoint'], 'analysts read every other report');
SELECT is_empty($$SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace = 'mjc_report'::regnamespace AND obj_description(c.oid, 'pg_class') IS NULL$$, 'each has a comment');

-- Report functions read views of mjc_report alone, as who calls them
CREATE TEMP VIEW report_function AS
SELECT p.oid, p.oid::regprocedure AS f, p.prosecdef, p.proconfig, p.proowner, p.provolatile FROM pg_proc p WHERE p.pronamespace = 'mjc_report'::regnamespace;
SELECT isnt_empty('SELECT f FROM report_function', 'there are report functions');
SELECT is_empty($$SELECT f FROM report_function WHERE prosecdef OR provolatile <> 's' OR proowner <> 'mjc_owner'::regrole OR coalesce(array_remove(proconfig, 'plan_cache_mode=force_custom_plan'), '{}') <> ARRAY['search_path=pg_catalog, pg_temp']
                  OR obj_description(oid, 'pg_proc') IS NULL$$, 'they run as who calls them, write nothing, have their search_path pinned and say what they tell');
SELECT is_empty($$SELECT f FROM report_function WHERE has_function_privilege('public', oid, 'EXECUTE') OR has_function_privilege('mjc_shim', oid, 'EXECUTE')
                  OR NOT has_function_privilege('mjc_analyst', oid, 'EXECUTE') OR NOT has_function_privilege('mjc_admin', oid, 'EXECUTE')$$, 'analysts and admins may call all of them, and nobody else');
SELECT is_empty($$SELECT f, a FROM report_function x, pg_proc p, unnest(p.proargnames) a WHERE p.oid = x.oid
                  AND a ~ '(phone|e_?mail|street|first_name|last_name|password|secret|address|city|postal|note|salt|display_name|db_login)'$$, 'none shows a person');

-- The admin
SELECT set_eq($$SELECT pg_temp.called_by('mjc_admin') EXCEPT SELECT pg_temp.called_by('mjc_analyst')$$, ARRAY[
    'mjc.review_list(text,integer)', 'mjc.catalogue_import(uuid,jsonb,boolean)', 'mjc.import_add(uuid,integer,bytea)', 'mjc.import_begin(text)', 'mjc.import_work(uuid)', 'mjc.import_run(uuid)',
    'mjc.available(uuid)', 'mjc.cart_read(uuid)', 'mjc.what_if(uuid,timestamp with time zone,timestamp with time zone)',
    'mjc.price_at(uuid,text,integer,timestamp with time zone)', 'mjc.quote(uuid[],integer[],text,text,text,text,text[],timestamp with time zone,uuid,text[],boolean,boolean)',
    'mjc.quote_json(uuid[],integer[],text,text,text,text,text[],timestamp with time zone,uuid,text[],boolean,boolean)', 'mjc.check_invariants(timestamp with time zone)', 'mjc.credit_balance(uuid)', 'mjc.product_id(text)', 'mjc.shipping_for(text,bigint,date,text,integer)',
    'mjc.credit_note_issue(text,text,integer[],integer[],boolean)', 'mjc.invoice_issue(text)', 'mjc.invoice_read(text)', 'mjc.invoice_void(text,text)', 'mjc.issue_invoices(integer)', 'mjc.verify_series(text,integer)',
    'mjc.stock_at(uuid,timestamp with time zone)', 'mjc.stock_history(uuid,integer)', 'mjc.flush_seen()', 'mjc.housekeep(interval)',
    'mjc.location_set(text,text,integer,boolean)', 'mjc.media_delete(text)', 'mjc.order_address_change(text,text,text,text,text,text)', 'mjc.order_note(text,text)', 'mjc.order_cancel(text,text)', 'mjc.order_change(text,text,text,text,text)', 'mjc.order_confirm(text,text)',
    'mjc.order_contact_read(text)', 'mjc.order_deliver(text)',
    'mjc.order_place(uuid[],integer[],text,text,text,text,text,text,text,text,text,text,text,text,uuid,text[],text[],text,boolean,text)', 'mjc.order_refund(text,text)',
    'mjc.order_ship(text,text,text)', 'mjc.outbox_drop(bigint)', 'mjc.outbox_retry(bigint)', 'mjc.payment_method_set(text,boolean)', 'mjc.payment_mismatch_settle(text,uuid,boolean)',
    'mjc.payment_record(text,numeric,text,text,text)', 'mjc.payment_refund(text,numeric,text,integer,boolean)', 'mjc.refund_for(text,uuid,integer)', 'mjc.provider_event_retry(text,text)', 'mjc.refund_done(text,uuid,text)', 'mjc.order_edit(text,uuid[],integer[])', 'mjc.order_cancel_rest(text,text)', 'mjc.order_return(text,integer[],integer[],text,boolean,boolean)', 'mjc.order_exchange(text,integer[],integer[],text,uuid[],integer[],boolean)',
    'mjc.search_alias_set(text,text,boolean)', 'mjc.search_match(text,integer)', 'mjc.remittance_record(text,text,jsonb,date)', 'mjc.shipment_cod_set(text,integer,numeric)', 'mjc.shipment_deliver(text,integer)', 'mjc.shipment_pack(text,integer[],integer[],text,text)', 'mjc.shipment_refuse(text,integer,text)',
    'mjc.shipment_return(text,integer,boolean)', 'mjc.shipment_ship(text,integer,text,text)', 'mjc.shipment_unpack(text,integer)', 'mjc.setting_set(text,text)',
    'mjc.carrier_status_set(text,text,text)', 'mjc.carrier_zone_set(text,text,text,date)', 'mjc.coupon_batch(text,integer,text,jsonb)', 'mjc.coupon_delete(text)', 'mjc.coupon_set(text,jsonb)',
    'mjc.customer_create(jsonb)', 'mjc.customer_csv(text,text,text,text)', 'mjc.customer_find(text)', 'mjc.customer_note_add(uuid,text)', 'mjc.customer_read(uuid)',
    'mjc.customer_status_set(uuid,text)', 'mjc.customer_update(uuid,jsonb)', 'mjc.credit_close(uuid,text)', 'mjc.customer_group_assign(uuid,text)', 'mjc.customer_group_set(text,text,text,integer)',
    'mjc.gift_card_issue(numeric,date,uuid,text)', 'mjc.price_list_delete(text)', 'mjc.price_list_price_end(uuid)',
    'mjc.price_list_price_set(text,text,numeric,integer,integer,timestamp with time zone,timestamp with time zone,boolean)', 'mjc.price_list_set(text,jsonb)',
    'mjc.product_create(jsonb)', 'mjc.product_update(uuid,jsonb)', 'mjc.product_delete(uuid)', 'mjc.category_set(text,jsonb)', 'mjc.category_delete(text,text)', 'mjc.manufacturer_set(text,jsonb)', 'mjc.manufacturer_delete(text)',
    'mjc.part_kind_set(text,jsonb)', 'mjc.part_kind_delete(text)', 'mjc.attribute_set(text,jsonb)', 'mjc.attribute_delete(text)', 'mjc.review_publish(uuid)', 'mjc.review_hide(uuid)', 'mjc.review_delete(uuid)',
    'mjc.price_set(uuid,numeric,numeric,timestamp with time zone,timestamp with time zone)', 'mjc.price_update(uuid,jsonb)',
    'mjc.promotion_delete(text)', 'mjc.promotion_set(text,jsonb)', 'mjc.store_credit_add(uuid,numeric,text,text)', 'mjc.tariff_delete(uuid)',
    'mjc.tariff_set(jsonb,uuid)', 'mjc.stock_adjust(uuid,integer,text,text,smallint)',
    'mjc.stock_commit(uuid,uuid,integer,text)', 'mjc.stock_count(uuid,integer,timestamp with time zone,text,text,smallint)',
    'mjc.stock_damage(uuid,integer,text,text,smallint)', 'mjc.stock_expected(uuid,date,integer,text)', 'mjc.stock_expire(integer)',
    'mjc.stock_policy_set(uuid,integer,integer,integer)', 'mjc.stock_receive(uuid,integer,bigint,text,text,smallint)',
    'mjc.stock_release(uuid,uuid,integer,text)', 'mjc.stock_reserve(uuid[],integer[],interval,text)',
    'mjc.stock_return(uuid,uuid,integer,boolean,text,text)', 'mjc.stock_scrap(uuid,integer,text,text,smallint)',
    'mjc.stock_transfer(uuid,integer,smallint,smallint,text,text)', 'mjc.consent_text_set(text,text,text)', 'mjc.customer_erase(uuid,text)',
    'mjc.customer_join(uuid,text)', 'mjc.person_export(uuid)', 'mjc.webhook_drop(uuid)', 'mjc.webhook_endpoint_add(text,text[])',
    'mjc.webhook_endpoint_remove(uuid)', 'mjc.webhook_pause(uuid)', 'mjc.webhook_replay(uuid)', 'mjc.webhook_resume(uuid)',
    'mjc.boiler_code_delete(text,text)', 'mjc.boiler_code_set(jsonb)', 'mjc.boiler_model_delete(uuid)', 'mjc.boiler_model_set(jsonb,uuid)', 'mjc.boiler_range_delete(uuid)',
    'mjc.boiler_range_set(jsonb,uuid)', 'mjc.boiler_variant_delete(uuid)', 'mjc.boiler_variant_set(jsonb,uuid)', 'mjc.diagram_delete(uuid)', 'mjc.diagram_set(jsonb,uuid)',
    'mjc.fitment_delete(uuid)', 'mjc.fitment_set(jsonb,uuid)', 'mjc.plate_rule_delete(uuid)', 'mjc.plate_rule_set(jsonb,uuid)', 'mjc.cross_reference_add(text,jsonb)',
    'mjc.cross_reference_delete(text,uuid)', 'mjc.supersession_drop(text)', 'mjc.supersession_set(text,jsonb)', 'mjc.supersession_live(uuid)', 'mjc.part_fits(text,jsonb)',
    'mjc.parts_for(jsonb,integer)', 'mjc.plate_identify(text,text)'], 'the admin may besides read and use the rules');
SELECT is_empty($$SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace::regnamespace::text IN ('mjc', 'mjc_report') AND c.relkind IN ('r', 'v', 'm', 'p', 'S')
                  AND (has_table_privilege('mjc_admin', c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
                    OR has_table_privilege('mjc_analyst', c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
                    OR has_table_privilege('public', c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER'))$$,
                'no role writes any table, and PUBLIC does not even read');
SELECT is_empty($$SELECT c.oid::regclass, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace::regnamespace::text IN ('mjc', 'mjc_report') AND a.attacl IS NOT NULL$$,
                'there are no column privileges beside');
SELECT set_eq($$SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = 'mjc'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND NOT has_table_privilege('mjc_admin', c.oid, 'SELECT')$$,
    ARRAY['account_email', 'account_person', 'account_recovery', 'account_secret', 'account_social', 'account_token', 'account_totp', 'address', 'credit_code', 'customer_boiler', 'customer_business', 'customer_note', 'customer_person', 'customer_phone', 'idempotency_key',
          'invoice_party', 'order_contact', 'order_year', 'outbox', 'provider_event', 'review', 'session', 'sign_in_limit', 'token_revoked', 'visit', 'webhook_secret'], 'the admin reads every table but the personal and the secret ones');
SELECT is_empty($$SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace = 'mjc'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relowner <> 'mjc_owner'::regrole$$,
                'all tables belong to mjc_owner');
SELECT is_empty($$SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace = 'mjc'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND obj_description(c.oid, 'pg_class') IS NULL$$,
                'each has a comment');
SELECT is_empty($$SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'mjc'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
                  AND c.relname IN ('order', 'order_line', 'payment', 'reservation', 'shipment', 'customer_order', 'order_contact', 'location', 'stock_anchor', 'stock_incoming', 'stock_ledger', 'setting', 'staff', 'account')
                  AND obj_description(c.oid, 'pg_class') !~ 'mjc\.[a-z_]+'$$, 'the comment of a table that rules change names the function');
SELECT is_empty($$SELECT c.relname, m[1] FROM pg_class c, regexp_matches(obj_description(c.oid, 'pg_class'), 'mjc\.([a-z_]+)', 'g') m
                   WHERE c.relnamespace = 'mjc'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
                     AND NOT EXISTS (SELECT FROM extension_function x WHERE x.nspname = 'mjc' AND x.proname = m[1])$$, 'and every function so named exists');

-- People: a member of staff, one without a row, an analyst, the shim
CREATE ROLE test_staff LOGIN IN ROLE mjc_admin;
CREATE ROLE test_nobody LOGIN IN ROLE mjc_admin;
CREATE ROLE test_analyst LOGIN IN ROLE mjc_analyst;
CREATE ROLE test_shim LOGIN IN ROLE mjc_shim;
SELECT mjc.staff_create('test_staff', 'Test Staff') AS staff_id \gset
SELECT pg_temp.make_stock(1, 10) \g /dev/null
SELECT pg_temp.bought('{1}', '{1}') AS ref \gset

SET SESSION AUTHORIZATION test_staff;
SELECT is(mjc.stock_receive(mjc.product_id('TEST-ONLY-1'), 5, NULL, 'from psql'), 15::bigint, 'staff receive goods in psql');
SELECT is(mjc.order_confirm(:'ref'), 'CONFIRMED', 'and confirm an order');
SELECT is((SELECT db_login || ' ' || actor FROM mjc.audit WHERE subject_id = :'ref' AND action = 'order_status'), 'test_staff ' || :'staff_id', 'the audit knows who');
SELECT throws_ok(format('%s mjc.%I', verb, t), '42501', NULL, format('staff cannot %s mjc.%s', verb, t))
  FROM (VALUES ('DELETE FROM', 'stock_ledger'), ('DELETE FROM', 'order'), ('TRUNCATE', 'audit')) v (verb, t);
SELECT throws_ok('UPDATE mjc.order SET order_state = $$confirmed$$', '42501', NULL, 'staff cannot write a status');
SELECT throws_ok('INSERT INTO mjc.stock_anchor VALUES (gen_random_uuid())', '42501', NULL, 'staff cannot add stock past the rules');
SELECT throws_ok('SELECT * FROM mjc.order_contact', '42501', NULL, 'staff read addresses through the function only');
SELECT throws_ok('SELECT * FROM mjc.account_secret', '42501', NULL, 'staff read no secrets');
SELECT throws_ok('SELECT mjc.install()', '42501', NULL, 'staff do not install');
SELECT throws_ok('SET mjc.double_submit_window = 5', '42501', NULL, 'staff cannot bend a rule by a setting of their session');
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION test_nobody;
SELECT throws_ok($$SELECT mjc.stock_receive(mjc.product_id('TEST-ONLY-1'), 5)$$, 'MJ601', NULL, 'a login that is nobody''s changes nothing');
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION test_analyst;
SELECT is((SELECT status FROM mjc_report.customer_order WHERE reference = :'ref'), 'CONFIRMED', 'the analyst reads orders in mjc_report');
SELECT throws_ok(format('SELECT * FROM mjc.%I', t), '42501', NULL, format('but not mjc.%s', t))
  FROM unnest(ARRAY['order_contact', 'customer_person', 'account_secret', 'order']) t;
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION test_shim;
SELECT throws_ok($$SELECT mjc.available('00000000-0000-0000-0000-000000000000')$$, '42501', NULL, 'the shim calls no rule');
SELECT isnt(mjc_api.wilaya_list()::text, NULL, 'but its routes');
RESET SESSION AUTHORIZATION;
UPDATE mjc.staff SET is_active = false WHERE db_login = 'test_staff';
SET SESSION AUTHORIZATION test_staff;
SELECT throws_ok($$SELECT mjc.stock_receive(mjc.product_id('TEST-ONLY-1'), 5)$$, 'MJ601', NULL, 'a blocked member of staff changes nothing, at once');
SET ROLE mjc_admin;
SELECT throws_ok(format('SELECT mjc.order_cancel(%L)', :'ref'), 'MJ601', NULL, 'whatever role is set');
RESET SESSION AUTHORIZATION;
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');

SELECT * FROM finish();
ROLLBACK;
