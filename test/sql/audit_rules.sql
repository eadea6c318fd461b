-- audit_rules: every rule that mjc_admin may call and that changes something leaves an entry
-- in the audit, with the name of who called it; every route of staff that changes something too.
BEGIN;
SELECT plan(129);
\ir fixture.psql
GRANT USAGE ON SCHEMA tap TO PUBLIC;

CREATE ROLE test_audited LOGIN IN ROLE mjc_admin;
SELECT mjc.staff_create('test_audited', 'Test Audited', 'audited@example.test', 'SUPER_ADMIN', '$2b$12$' || repeat('a', 53)) AS staff \gset
SELECT pg_temp.make_stock(1, 1000), pg_temp.make_stock(2, 1000), pg_temp.make_stock(3, 10) \g /dev/null
SELECT pg_temp.hold('{1}', '{4}') AS hold, pg_temp.hold('{1}', '{4}') AS hold2, pg_temp.hold('{1}', '{4}') AS hold3 \gset
SELECT mjc.stock_commit(:'hold3', pg_temp.pid(1), 4) \g /dev/null
SELECT pg_temp.bought('{1}', '{1}', '05500010' || lpad(n::text, 2, '0')) AS ref, n FROM generate_series(1, 1) n \gset first_
SELECT pg_temp.bought('{1}', '{1}', '0550001002') AS ref2, pg_temp.bought('{1}', '{1}', '0550001003') AS ref3 \gset
SELECT pg_temp.bought('{1}', '{1}', '0550001004') AS ref4 \gset
SELECT mjc.order_ship(:'ref4'), mjc.order_deliver(:'ref4') \g /dev/null
SELECT mjc.setting_set('seller_' || f, 'Test') FROM unnest(ARRAY['legal_form', 'activity', 'address', 'phone', 'rc', 'nif', 'nis', 'ai']) f \g /dev/null
SELECT pg_temp.bought('{1}', '{1}', '0550001005') AS ref5, pg_temp.bought('{1}', '{1}', '0550001006') AS ref6, pg_temp.bought('{1}', '{1}', '0550001007') AS ref7 \gset
SELECT mjc.order_confirm(r) FROM unnest(ARRAY[:'ref5', :'ref6', :'ref7']) r \g /dev/null
SELECT mjc.invoice_issue(:'ref5') AS invoice5, mjc.invoice_issue(:'ref7') AS invoice7 \gset
SELECT pg_temp.bought('{1}', '{1}', '0550001008') AS ref8, pg_temp.bought('{1}', '{1}', '0550001010') AS ref9 \gset
INSERT INTO mjc.payment (order_id, payment_id, method, provider, amount_centimes, state, created_at, updated_at, received_centimes)
VALUES (pg_temp.order_id(:'ref8'), gen_random_uuid(), 'BANK_CARD', 'stripe', 100, 'mismatch', now(), now(), 100) RETURNING payment_id AS odd8 \gset
SELECT mjc.payment_record(:'ref9', 500, 'BANK_TRANSFER'), mjc.payment_refund(:'ref9', 100, 'Geste') AS refund9 \gset
INSERT INTO mjc.provider_event (event_id, provider, type, received_at, state, next_at, done_at) VALUES ('audit_evt', 'stripe', 'x', now(), 'parked', now(), now());
SELECT pg_temp.bought('{1}', '{1}', '0550001101') AS ref10, pg_temp.bought('{1}', '{1}', '0550001102') AS ref11, pg_temp.bought('{1}', '{1}', '0550001103') AS ref12,
       pg_temp.bought('{1}', '{1}', '0550001104') AS ref13, pg_temp.bought('{1}', '{1}', '0550001105') AS ref14, pg_temp.bought('{1}', '{1}', '0550001106') AS ref15,
       pg_temp.bought('{1}', '{1}', '0550001107') AS ref16, pg_temp.bought('{1}', '{1}', '0550001108') AS ref17, pg_temp.bought('{1}', '{2}', '0550001109') AS ref18 \gset
SELECT pg_temp.bought('{1}', '{2}', '0550001110') AS ref19, pg_temp.bought('{1}', '{2}', '0550001111') AS ref20 \gset
SELECT mjc.order_ship(:'ref20') \g /dev/null
SELECT mjc.shipment_pack(:'ref19', '{1}', '{1}'), mjc.shipment_ship(:'ref19', 1) \g /dev/null
SELECT mjc.order_confirm(:'ref17'), mjc.order_ship(:'ref18'), mjc.order_deliver(:'ref18') \g /dev/null
SELECT mjc.order_ship(r) FROM unnest(ARRAY[:'ref11', :'ref12', :'ref13', :'ref14']) r \g /dev/null
SELECT mjc.shipment_pack(r) FROM unnest(ARRAY[:'ref15', :'ref16']) r \g /dev/null
SELECT mjc.location_set('test-b', 'B', 50) AS loc \gset
SELECT customer_id AS guest FROM mjc.order WHERE reference = :'first_ref' \gset
SELECT customer_id AS guest4 FROM mjc.order WHERE reference = :'ref4' \gset
SELECT mjc.customer_create('{"email": "audited-client@example.test", "firstName": "Amina", "lastName": "Test"}') AS client \gset
SELECT mjc.customer_create('{"email": "audited-gone@example.test", "firstName": "Amina", "lastName": "Test"}') AS gone \gset
SELECT mjc.price_list_set('audit-list', '{"name": "Liste", "kind": "override", "customerGroup": "b2b"}'), mjc.price_list_set('audit-old', '{"name": "Liste", "kind": "override", "customerGroup": "b2b"}') \g /dev/null
SELECT mjc.price_list_price_set('audit-list', 'TEST-ONLY-1', 900) AS price \gset
SELECT mjc.promotion_set('audit-unused', '{"name": "x", "kind": "percent", "scope": "order", "percent": 10, "active": false}') \g /dev/null
SELECT mjc.promotion_set('audit-promo', '{"name": "x", "kind": "percent", "scope": "order", "percent": 10, "needsCoupon": true}') \g /dev/null
SELECT mjc.promotion_set('audit-old', '{"name": "x", "kind": "percent", "scope": "order", "percent": 10, "needsCoupon": true}') \g /dev/null
SELECT mjc.coupon_set('AUDITOLD', '{"promotion": "audit-promo"}') \g /dev/null
SELECT mjc.tariff_set('{"place": "99", "deliveryMode": "stop_desk", "amount": 100, "from": "2090-01-01"}') AS tariff_made \gset
SELECT credit_id AS card FROM mjc.gift_card_issue(100) \gset
SELECT mjc.outbox_write('test', 'account', :'staff', '{}') AS message, mjc.outbox_write('test', 'account', :'staff', '{}') AS message2 \gset
UPDATE mjc.outbox SET parked_at = clock_timestamp() WHERE outbox_id = :message;
SELECT endpoint_id AS hook FROM mjc.webhook_endpoint_add('https://hook.example') \gset
SELECT endpoint_id AS hook2 FROM mjc.webhook_endpoint_add('https://hook.example') \gset
INSERT INTO mjc.media (name, mime_type, bytes) VALUES (repeat('a', 64) || '.pdf', 'application/pdf', 1);
SELECT mjc.outbox_write('order_placed', 'order', pg_temp.order_id(:'ref2'), '{}') AS told \gset
SELECT delivery_id AS hooked FROM mjc.webhook_delivery WHERE outbox_id = :told AND endpoint_id = :'hook' \gset

SELECT mjc.attribute_set('audit_gone', '{"name": "Essai", "valueType": "text"}'), mjc.category_set('audit-gone', '{"name": "Essai"}'),
       mjc.manufacturer_set('audit-gone', '{"name": "Essai parti"}'), mjc.part_kind_set('audit-gone', '{"name": "Essai"}') \g /dev/null
SELECT mjc.review_add(:'client', pg_temp.pid(1), 4, NULL, NULL) AS review1, mjc.review_add(:'client', pg_temp.pid(2), 4, NULL, NULL) AS review2, mjc.review_add(:'client', pg_temp.pid(3), 4, NULL, NULL) AS review3 \gset
SELECT manufacturer_id AS maker FROM mjc.manufacturer LIMIT 1 \gset
SELECT mjc.boiler_range_set(jsonb_build_object('manufacturer', :'maker', 'name', 'audit-old')) AS range, mjc.boiler_model_set(jsonb_build_object('manufacturer', :'maker', 'name', 'audit-old')) AS model_old,
       mjc.boiler_model_set(jsonb_build_object('manufacturer', :'maker', 'name', 'audit-model')) AS model \gset
SELECT mjc.boiler_variant_set(jsonb_build_object('model', :'model', 'name', 'audit-old')) AS variant, mjc.diagram_set(jsonb_build_object('model', :'model', 'name', 'x', 'image', '/x')) AS diagram,
       mjc.fitment_set(jsonb_build_object('model', :'model', 'product', 'TEST-ONLY-1')) AS fit, mjc.cross_reference_add('TEST-ONLY-1', '{"kind": "OEM", "number": "AUDIT"}') AS cross,
       mjc.plate_rule_set(jsonb_build_object('manufacturer', :'maker', 'name', 'audit-old', 'pattern', 'AUD(\d\d)', 'parts', '["year2"]'::jsonb, 'example', 'AUD18')) AS plate \gset
SELECT mjc.boiler_code_set(jsonb_build_object('scheme', 'GC', 'code', 'AUDITOLD', 'model', :'model')), mjc.supersession_set('TEST-ONLY-2', '{"relation": "ONE", "parts": [{"product": "TEST-ONLY-3"}]}') \g /dev/null
SELECT mjc.import_begin('products') AS import1 \gset
SELECT mjc.import_add(:'import1', 1, convert_to(E'sku,name,category,price\nAUDIT-1,Vanne,test-only-parts,10\n', 'UTF8')) \g /dev/null

-- A call of each rule that changes something: the function, the call.
CREATE TEMP TABLE rule_call (f text PRIMARY KEY, call text NOT NULL);
GRANT SELECT ON rule_call TO PUBLIC;
INSERT INTO rule_call VALUES
    ('attribute_delete', $$'audit_gone'$$),
    ('attribute_set', $$'audit_new', '{"name": "Essai", "valueType": "text"}'$$),
    ('boiler_code_delete', $$'GC', 'AUDITOLD'$$),
    ('boiler_code_set', format('%L', jsonb_build_object('scheme', 'GC', 'code', 'AUDITNEW', 'model', :'model'))),
    ('boiler_model_delete', format('%L', :'model_old')),
    ('boiler_model_set', format('%L', jsonb_build_object('manufacturer', :'maker', 'name', 'audit-new'))),
    ('boiler_range_delete', format('%L', :'range')),
    ('boiler_range_set', format('%L', jsonb_build_object('manufacturer', :'maker', 'name', 'audit-new'))),
    ('boiler_variant_delete', format('%L', :'variant')),
    ('boiler_variant_set', format('%L', jsonb_build_object('model', :'model', 'name', 'audit-new'))),
    ('cross_reference_add', $$'TEST-ONLY-1', '{"kind": "OEM", "number": "AUDIT 2"}'$$),
    ('cross_reference_delete', format($$'TEST-ONLY-1', %L$$, :'cross')),
    ('diagram_delete', format('%L', :'diagram')),
    ('diagram_set', format('%L', jsonb_build_object('model', :'model', 'name', 'y', 'image', '/y'))),
    ('fitment_delete', format('%L', :'fit')),
    ('fitment_set', format('%L', jsonb_build_object('model', :'model', 'product', 'TEST-ONLY-2'))),
    ('plate_rule_delete', format('%L', :'plate')),
    ('plate_rule_set', format('%L', jsonb_build_object('manufacturer', :'maker', 'name', 'audit-new', 'pattern', 'AUD(\d\d)', 'parts', '["year2"]'::jsonb, 'example', 'AUD18'))),
    ('supersession_drop', $$'TEST-ONLY-2'$$),
    ('supersession_set', $$'TEST-ONLY-1', '{"relation": "ONE", "parts": [{"product": "TEST-ONLY-3"}]}'$$),
    ('catalogue_import', format('%L', :'import1')),
    ('import_begin', $$'products'$$),
    ('import_work', format('%L', :'import1')),
    ('carrier_status_set', $$'yalidine', 'Perdu', 'on_hold'$$),
    ('carrier_zone_set', $$'standard', '16', 'zone-test'$$),
    ('category_delete', $$'audit-gone'$$),
    ('category_set', $$'audit-new', '{"name": "Essai"}'$$),
    ('consent_text_set', $$'audit_test', 'fr', 'Texte'$$),
    ('coupon_batch', $$'audit-promo', 2, 'AUD'$$),
    ('coupon_delete', $$'AUDITOLD'$$),
    ('coupon_set', $$'AUDITNEW', '{"promotion": "audit-promo"}'$$),
    ('credit_close', format($$%L, 'lost'$$, :'card')),
    ('credit_note_issue', format('%L, %L', :'invoice5', 'Retour')),
    ('customer_create', $$'{"email": "audited-new@example.test", "firstName": "Amina", "lastName": "Test"}'$$),
    ('customer_erase', format('%L', :'gone')),
    ('customer_group_assign', format($$%L, 'b2b'$$, :'client')),
    ('customer_group_set', $$'audit-group', 'Groupe', 'فئة'$$),
    ('customer_join', format($$%L, '0550001004'$$, :'client')),
    ('customer_note_add', format($$%L, 'Rappeler'$$, :'client')),
    ('customer_status_set', format($$%L, 'blocked'$$, :'guest')),
    ('customer_update', format($$%L, '{"lastName": "Autre"}'$$, :'client')),
    ('gift_card_issue', '50'),
    ('invoice_issue', format('%L', :'ref6')),
    ('invoice_void', format('%L, %L', :'invoice7', 'Erreur')),
    ('issue_invoices', '10'),
    ('location_set', $$'audit-loc', 'Dépôt'$$),
    ('media_delete', $$repeat('a', 64) || '.pdf'$$),
    ('manufacturer_delete', $$'audit-gone'$$),
    ('manufacturer_set', $$'audit-new', '{"name": "Essai"}'$$),
    ('order_address_change', format($$%L, '12 rue du Test'$$, :'first_ref')),
    ('order_cancel', format($$%L, 'no'$$, :'ref2')),
    ('order_change', format($$%L, 'SHIPPED'$$, :'ref3')),
    ('order_confirm', format('%L', :'first_ref')),
    ('order_cancel_rest', format('%L', :'ref19')),
    ('order_edit', format('%L, ARRAY[pg_temp.pid(1)], %L', :'ref17', '{2}')),
    ('order_return', format('%L, %L, %L, %L', :'ref18', '{1}', '{1}', 'Défaut')),
    ('order_exchange', format('%L, %L, %L, %L, ARRAY[pg_temp.pid(1)], %L', :'ref18', '{1}', '{1}', 'Défaut', '{1}')),
    ('order_deliver', format('%L', :'ref3')),
    ('order_note', format($$%L, 'Rappeler'$$, :'ref2')),
    ('order_place', $$ARRAY[pg_temp.pid(1)], '{1}', 'Amina', 'Test', '0550001009', street => '1 rue du Test', city => 'Testville', region => '99'$$),
    ('order_refund', format('%L', :'ref4')),
    ('order_ship', format($$%L, 'TRK'$$, :'first_ref')),
    ('outbox_drop', :'message2'),
    ('outbox_retry', :'message'),
    ('part_kind_delete', $$'audit-gone'$$),
    ('part_kind_set', $$'audit-new', '{"name": "Essai"}'$$),
    ('payment_method_set', $$'CIB_CARD', true$$),
    ('payment_mismatch_settle', format('%L, %L, false', :'ref8', :'odd8')),
    ('payment_record', format($$%L, 100, 'BANK_TRANSFER'$$, :'ref8')),
    ('payment_refund', format($$%L, 100, 'Geste'$$, :'ref9')),
    ('provider_event_retry', $$'stripe', 'audit_evt'$$),
    ('refund_for', format('%L, %L, NULL', :'ref9', :'refund9')),
    ('refund_done', format('%L, %L', :'ref9', :'refund9')),
    ('price_list_delete', $$'audit-old'$$),
    ('price_list_price_end', format('%L', :'price')),
    ('price_list_price_set', $$'audit-list', 'TEST-ONLY-2', 800$$),
    ('price_list_set', $$'audit-new', '{"name": "Liste", "kind": "override", "customerGroup": "b2b"}'$$),
    ('price_set', $$pg_temp.pid(1), 990$$),
    ('price_update', $$pg_temp.pid(2), '{"price": 980}'$$),
    ('product_create', $$'{"name": "Essai", "sku": "AUDIT-NEW", "categoryId": "test-only-parts", "price": 10}'$$),
    ('product_delete', 'pg_temp.pid(3)'),
    ('product_update', $$pg_temp.pid(2), '{"nameAr": "قطعة"}'$$),
    ('promotion_delete', $$'audit-unused'$$),
    ('promotion_set', $$'audit-new', '{"name": "x", "kind": "percent", "scope": "order", "percent": 10, "needsCoupon": true}'$$),
    ('remittance_record', format($$'Yalidine', 'AUD-1', '[{"parcel": "%s", "amount": 1}]'$$, :'ref11')),
    ('review_delete', format('%L', :'review3')),
    ('review_hide', format('%L', :'review1')),
    ('review_publish', format('%L', :'review2')),
    ('shipment_cod_set', format('%L, 1, 5', :'ref20')),
    ('shipment_deliver', format('%L, 1', :'ref12')),
    ('shipment_pack', format('%L', :'ref10')),
    ('shipment_refuse', format('%L, 1', :'ref13')),
    ('shipment_return', format('%L, 1', :'ref14')),
    ('shipment_ship', format('%L, 1', :'ref15')),
    ('shipment_unpack', format('%L, 1', :'ref16')),
    ('search_alias_set', $$'audit alias', 'audit word'$$),
    ('setting_set', $$'hold_minutes', '31'$$),
    ('stock_adjust', $$pg_temp.pid(1), -1, 'lost'$$),
    ('stock_commit', format('%L, pg_temp.pid(1), 1', :'hold')),
    ('stock_count', 'pg_temp.pid(2), 990'),
    ('stock_damage', $$pg_temp.pid(1), 2, 'fell'$$),
    ('stock_expected', $$pg_temp.pid(1), '2090-01-01', 5, 'supplier'$$),
    ('stock_policy_set', 'pg_temp.pid(1), 3'),
    ('stock_receive', 'pg_temp.pid(1), 5'),
    ('stock_release', format('%L', :'hold2')),
    ('stock_reserve', $$ARRAY[pg_temp.pid(2)], '{2}'$$),
    ('stock_return', format('%L, pg_temp.pid(1), 1', :'hold3')),
    ('stock_scrap', $$pg_temp.pid(1), 1, 'broken'$$),
    ('stock_transfer', format('pg_temp.pid(1), 2, 1::smallint, (SELECT location_id FROM mjc.location WHERE code = %L)', 'test-b')),
    ('store_credit_add', format($$%L, 10, 'Geste'$$, :'client')),
    ('tariff_delete', format('%L', :'tariff_made')),
    ('tariff_set', $$'{"place": "16", "deliveryMode": "stop_desk", "amount": 120, "from": "2091-01-01"}'$$),
    ('webhook_drop', format('%L', :'hooked')),
    ('webhook_endpoint_add', $$'https://hook.example/in', '{order_placed}'$$),
    ('webhook_endpoint_remove', format('%L', :'hook2')),
    ('webhook_pause', format('%L', :'hook')),
    ('webhook_replay', format('%L', :'hooked')),
    ('webhook_resume', format('%L', :'hook'));

-- What changes nothing of the shop's by the will of staff.
CREATE TEMP TABLE no_change (f text PRIMARY KEY, why text NOT NULL);
INSERT INTO no_change VALUES
    ('import_add', 'keeps lines until mjc.catalogue_import'), ('import_run', 'mjc.import_work'),
    ('customer_csv', 'reads persons: mjc.personal_access'), ('customer_find', 'reads persons: mjc.personal_access'),
    ('customer_read', 'reads persons: mjc.personal_access'), ('invoice_read', 'reads persons: mjc.personal_access'), ('order_contact_read', 'reads persons: mjc.personal_access'),
    ('person_export', 'reads persons: mjc.personal_access'), ('flush_seen', 'waits'), ('housekeep', 'the clock'), ('stock_expire', 'the clock');

SELECT set_eq($$SELECT p.proname::text FROM pg_proc p WHERE p.pronamespace = 'mjc'::regnamespace AND has_function_privilege('mjc_admin', p.oid, 'EXECUTE') AND p.provolatile = 'v'
                 AND NOT has_function_privilege('mjc_analyst', p.oid, 'EXECUTE')$$, 'SELECT f FROM rule_call UNION ALL SELECT f FROM no_change', 'every rule that may write is tried here, or said not to change anything');

CREATE FUNCTION pg_temp.audited(f text, call text) RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    n bigint;
    from_at timestamptz := clock_timestamp();
BEGIN
    EXECUTE format('SELECT mjc.%I(%s)', f, call);
    SELECT count(*) INTO n FROM mjc_report.audit a WHERE a.at >= from_at AND a.db_login = 'test_audited' AND a.actor_name = 'Test Audited' AND a.channel = 'psql'
       AND a.action <> '' AND a.subject_id <> '';
    RETURN CASE WHEN n > 0 THEN 'audited' ELSE 'no entry' END;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
CREATE TEMP TABLE tried (f text, result text);
GRANT INSERT, SELECT ON tried TO PUBLIC;
SET SESSION AUTHORIZATION test_audited;
-- One after the other: some need what another did.
INSERT INTO tried SELECT f, pg_temp.audited(f, call) FROM (SELECT * FROM rule_call ORDER BY f = 'order_deliver', f) c;
RESET SESSION AUTHORIZATION;
SELECT is(result, 'audited', f || ' is in the audit') FROM tried ORDER BY f;

-- What staff read of persons is on record in its own table
CREATE FUNCTION pg_temp.noted(call text) RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    from_at timestamptz := clock_timestamp();
BEGIN
    EXECUTE 'SELECT mjc.' || call;
    RETURN (SELECT CASE WHEN count(*) > 0 THEN 'noted' ELSE 'no entry' END FROM mjc_report.personal_access a WHERE a.at >= from_at AND a.actor_name = 'Test Audited');
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
SET SESSION AUTHORIZATION test_audited;
INSERT INTO tried SELECT call, pg_temp.noted(call) FROM unnest(ARRAY['customer_csv()', $$customer_find('0550001003')$$, format('customer_read(%L)', :'client'),
    format('order_contact_read(%L)', :'ref3'), format('person_export(%L)', :'client')]) call;
RESET SESSION AUTHORIZATION;
SELECT is(result, 'noted', f || ' is on record') FROM tried WHERE f LIKE '%(%' ORDER BY f;

-- Routes: a change over REST has the account, the channel and the request
SELECT mjc_api.staff_settings_set(:'staff', 0, gen_random_uuid(), 'req-audit-1', '{"cart_days": 31}'), mjc_api.staff_order_status_set(:'staff', 0, gen_random_uuid(), 'req-audit-2', pg_temp.order_id(:'ref3'), 'REFUNDED', NULL, NULL) \g /dev/null
SELECT results_eq($$SELECT actor_name, channel, action, before, after FROM mjc_report.audit WHERE request_id = 'req-audit-1'$$,
    $$VALUES ('Test Audited', 'rest', 'setting_set', '{"value": "30"}'::jsonb, '{"value": "31"}'::jsonb)$$, 'a setting over REST: who, what, before, after, which request');
SELECT results_eq($$SELECT actor_name, channel, action, before, after FROM mjc_report.audit WHERE request_id = 'req-audit-2'$$,
    $$VALUES ('Test Audited', 'rest', 'order_status', '{"status": "DELIVERED"}'::jsonb, '{"status": "REFUNDED"}'::jsonb)$$, 'an order over REST likewise');
-- In SQL the words that audit stand in the function or in the core that it calls.
CREATE TEMP VIEW calls AS
SELECT p.oid, p.oid::regprocedure AS f, p.pronamespace, p.proname, p.provolatile, p.prosrc, l.lanname
  FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang WHERE p.pronamespace IN ('mjc'::regnamespace, 'mjc_api'::regnamespace);
CREATE TEMP TABLE auditing AS
WITH RECURSIVE a (proname) AS (
    SELECT c.proname FROM calls c WHERE c.prosrc ~ 'mjc\.(audit_write|access_note)\('
     UNION SELECT unnest('{order_change,order_place,stock_receive,stock_adjust,stock_count,stock_damage,stock_scrap,stock_transfer,stock_add}'::name[])
     UNION SELECT c.proname FROM calls c JOIN a ON c.lanname <> 'c' AND c.prosrc ~ ('mjc\.' || a.proname || '\('))
SELECT DISTINCT proname FROM a;
SELECT is_empty($$SELECT c.f FROM calls c WHERE c.pronamespace = 'mjc_api'::regnamespace AND c.provolatile = 'v' AND c.lanname <> 'c' AND c.prosrc ~ 'mjc\.check_(admin|admin_write|super)\('
                    AND c.proname NOT IN (SELECT proname FROM auditing)
                    -- keeps lines until staff_import_start
                    AND c.proname <> 'staff_import_take'$$, 'every route of staff that writes comes to the audit');

-- Neither names a person
SELECT is_empty($$SELECT a.action FROM mjc.audit a WHERE a.at >= now() AND concat(a.before, a.after, a.subject_id) ~ '(55000100|rue du Test|@example|Amina|Autre|Rappeler)'$$, 'and nobody''s name, phone, e-mail or address is in it');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');
SELECT * FROM finish();
ROLLBACK;
