-- erasure: nothing of a person is left but what the law keeps; figures stay.
BEGIN;
SELECT plan(85);
UPDATE mjc.schema_version SET version = version || '-other';
SELECT throws_ok(s, 'MJ009', NULL, 'another schema version: ' || s)
  FROM unnest(ARRAY['SELECT mjc.customer_erase(NULL)', 'SELECT mjc_api.customer_erase_self(NULL, 0, NULL, NULL, NULL)', 'SELECT mjc_api.staff_customer_delete(NULL, 0, NULL, NULL, NULL)']) s;
UPDATE mjc.schema_version SET version = replace(version, '-other', '');
\ir fixture.psql
GRANT USAGE ON SCHEMA tap TO PUBLIC;
SELECT pg_temp.make_stock(1, 1000) \g /dev/null
SELECT pg_temp.make_admin('erasure@example.test') AS admin \gset

-- The tables in which a word is found, whatever the column.
CREATE FUNCTION pg_temp.found(word text) RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    t regclass;
    n bigint;
    list text[] := '{}';
BEGIN
    FOR t IN SELECT c.oid FROM pg_class c WHERE c.relnamespace = 'mjc'::regnamespace AND c.relkind = 'r' ORDER BY c.relname LOOP
        EXECUTE format('SELECT count(*) FROM %s x WHERE x::text ILIKE $1', t) INTO n USING '%' || word || '%';
        IF n > 0 THEN
            list := list || (SELECT relname::text FROM pg_class WHERE oid = t);
        END IF;
    END LOOP;
    RETURN array_to_string(list, ' ');
END
$$;
-- What the law wants of orders: all that is not about a person.
CREATE FUNCTION pg_temp.figures() RETURNS text
    LANGUAGE sql
AS $$
    SELECT encode(sha256(convert_to(
        (SELECT coalesce(string_agg((to_jsonb(o) - '{notes,tracking_number,customer_id,updated_at}'::text[])::text, ',' ORDER BY o.order_id), '') FROM mjc.order o)
     || (SELECT coalesce(string_agg(l::text, ',' ORDER BY l.order_id, l.line_no), '') FROM mjc.order_line l)
     || (SELECT coalesce(string_agg((to_jsonb(p) - 'note')::text, ',' ORDER BY p.payment_id), '') FROM mjc.payment p)
     || (SELECT coalesce(string_agg(t::text, ',' ORDER BY t.order_id), '') FROM mjc.order_trace t)
     || (SELECT coalesce(string_agg((to_jsonb(l) - 'reason')::text, ',' ORDER BY l.credit_id, l.seq), '') FROM mjc.credit_ledger l)
     || (SELECT coalesce(string_agg(l::text, ',' ORDER BY l.code, l.seq), '') FROM mjc.coupon_ledger l)
     || (SELECT coalesce(string_agg(l::text, ',' ORDER BY l.product_id, l.seq), '') FROM mjc.stock_ledger l), 'UTF8')), 'hex')
$$;
------------------------------------------------------------------------ a guest
SELECT (pg_temp.buy('{1}', '{2}', '0559990001', key => 'zzcanary-key', first_name => 'Zzcanary', last_name => 'Zzcanarynom', email => 'zzcanary@example.test', profession => 'technicien',
                    street => '1 rue Zzcanary', city => 'Zzcanaryville', postal_code => 'ZZCANARY1', country => 'Zzcanaryland', note => 'zzcanary sonnez')).body ->> 'orderNumber' AS ref \gset
SELECT pg_temp.order_id(:'ref') AS id \gset
SELECT customer_id AS guest FROM mjc.order WHERE reference = :'ref' \gset
SELECT mjc.customer_note_add(:'guest', 'zzcanary a appelé') \g /dev/null
SELECT mjc.store_credit_add(:'guest', 10, 'geste pour Zzcanary') \g /dev/null
SELECT mjc.order_confirm(:'ref', 'zzcanary confirmé') \g /dev/null
SELECT mjc.payment_record(:'ref', 100, 'CASH_ON_DELIVERY', NULL, 'zzcanary a payé'), mjc.payment_refund(:'ref', 50, 'zzcanary a insisté') \g /dev/null
INSERT INTO mjc.provider_event (event_id, provider, type, payload, received_at, state, next_at, done_at, order_id)
VALUES ('evt_erased', 'stripe', 'x', '{"customer_details": {"name": "Zzcanary"}}', now(), 'applied', now(), now(), :'id');
SELECT is(pg_temp.found('zzcanary'), 'credit_ledger customer_note customer_person idempotency_key order order_contact order_event payment provider_event refund', 'a guest is known by many tables');
SELECT is(pg_temp.found('559990001'), 'customer_person customer_phone idempotency_key order_contact', 'and by his phone');
SELECT throws_ok(format('SELECT mjc.customer_erase(%L)', :'guest'), 'MJ651', NULL, 'not while an order is under way');
SELECT is(mjc.order_ship(:'ref', 'ZZCANARY-TRK', 'Yalidine') || mjc.order_deliver(:'ref'), 'SHIPPEDDELIVERED', 'it arrives');
SELECT salt AS salt FROM mjc.order_contact WHERE order_id = :'id' \gset
SELECT pg_temp.figures() AS figures \gset
SELECT mjc.audit_seal(10000) \g /dev/null
SELECT is(mjc.customer_erase(:'guest', 'retention'), 'erased', 'then he is erased');
SELECT is(pg_temp.found('zzcanary'), '', 'nothing of him is left');
SELECT is(pg_temp.found('559990001'), '', 'not even his phone');
SELECT is(pg_temp.figures(), :'figures', 'every figure stays');
SELECT results_eq(format('SELECT first_name, last_name, phone, email, street, city, postal_code, region, country, note FROM mjc.order_contact WHERE order_id = %L', :'id'),
    $$VALUES ('Client', 'effacé', NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text)$$, 'the order has a buyer without a name');
SELECT isnt((SELECT salt FROM mjc.order_contact WHERE order_id = :'id'), :'salt'::bytea, 'and another salt: no hash of the old one can be tried');
SELECT is((SELECT length(salt) FROM mjc.order_contact WHERE order_id = :'id'), 16, 'as long as others');
SELECT is((SELECT wilaya_code FROM mjc.order WHERE order_id = :'id'), '99', 'the wilaya stays');
SELECT results_eq(format('SELECT status, erased_at IS NOT NULL, profession FROM mjc.customer WHERE customer_id = %L', :'guest'), $$VALUES ('erased', true, NULL::text)$$, 'the customer is a number');
SELECT is((SELECT after FROM mjc.audit WHERE action = 'customer_erase' AND subject_id = :'guest'), '{"result": "erased", "orders": 1, "reason": "retention"}'::jsonb, 'audited');
SELECT is(mjc.order_json(:'id') #>> p, w, format('the order can still be shown: %s', p))
  FROM (VALUES ('{customerName}'::text[], 'Client effacé'), ('{customerPhone}', '-'), ('{shippingAddress,street}', '-'), ('{shippingAddress,city}', '-'), ('{shippingAddress,country}', '-')) v (p, w);
SELECT is(mjc_api.order_track(:'ref', '0559990001')::text, NULL, 'but no longer found by phone');
SELECT is((SELECT first_name FROM mjc.order_contact_read(:'ref')), 'Client', 'staff read no more than that');
SELECT throws_ok(format('SELECT mjc.customer_erase(%L)', :'guest'), 'MJ653', NULL, 'once');
SELECT throws_ok(format('SELECT mjc.customer_note_add(%L, ''x'')', :'guest'), 'MJ653', NULL, 'nothing is noted about him again');
SELECT throws_ok(format('SELECT mjc.consent_note(%L, ''terms'', 1, ''fr'', true, ''psql'', NULL)', :'guest'), 'MJ004', NULL, 'he is not asked again');
SELECT is((pg_temp.buy('{1}', '{1}', '0559990001', key => 'zzcanary-key')).replayed, false, 'his key is free');
SELECT isnt((SELECT customer_id FROM mjc.customer_phone WHERE phone = '+213559990001'), :'guest'::uuid, 'his phone is a new guest''s');
SELECT is(mjc.order_refund(:'ref', 'retour'), 'REFUNDED', 'an order that comes back is still refunded');

------------------------------------------------------------------- a customer
SELECT mjc.account_register('zzcanary2@example.test', '$2b$12$' || repeat('c', 53), '{"firstName": "Zzcanary", "lastName": "Zzdeux", "phone": "0659990002", "companyName": "Zzcanary SARL", "customerType": "B2B", "rc": "zzcanary-rc", "nif": "zzcanary-nif"}') AS him \gset
SELECT mjc.account_register('stays@example.test', '$2b$12$' || repeat('d', 53), '{"firstName": "Reste", "lastName": "Ici", "phone": "0659990003"}') AS other \gset
SELECT mjc_api.address_add(x, 0, gen_random_uuid(), 'req', k, 'SHIPPING', '1 rue Zzcanary', 'Zzcanaryville', 'ZZC1', 'Zzcanary', 'Zzcanaryland', 'zzcanary', true)
  FROM (VALUES (:'him'::uuid, 'address-key')) v (x, k) \g /dev/null
SELECT mjc.link_make(x, 'email_verify', '1 day', 'email_verify'), mjc.link_make(x, 'password_reset', '1 hour', 'password_reset') FROM unnest(ARRAY[:'him', :'other']::uuid[]) x \g /dev/null
SELECT mjc.session_make(x, 0, gen_random_uuid(), sha256('zz')), mjc.session_make(x, 0, gen_random_uuid(), sha256('zz2')) FROM unnest(ARRAY[:'him', :'other']::uuid[]) x \g /dev/null
SELECT mjc_api.sign_in_begin(e, d) FROM unnest(ARRAY['zzcanary2@example.test', 'stays@example.test']) e, unnest(ARRAY['', 'device']) d \g /dev/null
INSERT INTO mjc.account_social (subject, provider, account_id, created_at) SELECT s, 'google', x, now() FROM (VALUES ('zzcanary-sub', :'him'::uuid), ('her-sub', :'other')) v (s, x);
INSERT INTO mjc.account_totp (account_id, secret) SELECT x, repeat('z', 20)::bytea FROM unnest(ARRAY[:'him', :'other']::uuid[]) x;
INSERT INTO mjc.account_recovery (account_id, code_hash) SELECT x, sha256('z') FROM unnest(ARRAY[:'him', :'other']::uuid[]) x;
SELECT mjc.consent_note(x, 'terms', 1, 'fr', true, 'rest', x) FROM unnest(ARRAY[:'him', :'other']::uuid[]) x \g /dev/null
SELECT mjc.customer_note_add(x, 'zzcanary note') FROM unnest(ARRAY[:'him']::uuid[]) x \g /dev/null
INSERT INTO mjc.cart (owner_id, kind, created_at, updated_at, expires_at) SELECT x, 'customer', now(), now(), now() + interval '1 day' FROM unnest(ARRAY[:'him', :'other']::uuid[]) x;
INSERT INTO mjc.cart_line SELECT x, pg_temp.pid(1), 1, 100000, now(), now() FROM unnest(ARRAY[:'him', :'other']::uuid[]) x;
UPDATE mjc.account SET last_login_at = now(), is_verified = true, verified_at = now() WHERE account_id IN (:'him', :'other');
-- How many rows of a person each table has.
CREATE FUNCTION pg_temp.rows_of(id uuid, OUT t text, OUT n bigint) RETURNS SETOF record
    LANGUAGE plpgsql
AS $$
DECLARE
    c record;
BEGIN
    FOR c IN SELECT a.attrelid::regclass AS tab, r.relname, string_agg(format('x.%I = $1', a.attname), ' OR ') AS condition
               FROM pg_attribute a JOIN pg_class r ON r.oid = a.attrelid
              WHERE r.relnamespace = 'mjc'::regnamespace AND r.relkind = 'r' AND a.atttypid = 'uuid'::regtype AND a.attname IN ('customer_id', 'account_id', 'owner_id', 'aggregate_id', 'subject_id')
              GROUP BY 1, 2 ORDER BY 2 LOOP
        t := c.relname;
        EXECUTE format('SELECT count(*) FROM %s x WHERE %s', c.tab, c.condition) INTO n USING id;
        IF n > 0 THEN
            RETURN NEXT;
        END IF;
    END LOOP;
END
$$;
CREATE TEMP TABLE before AS SELECT * FROM pg_temp.rows_of(:'other');
SELECT set_eq($$SELECT t FROM before$$, ARRAY['account', 'account_email', 'account_recovery', 'account_secret', 'account_social', 'account_token', 'account_totp', 'cart', 'cart_line', 'consent', 'customer', 'customer_person', 'outbox', 'session'], 'a customer is known by these tables');
SELECT is(pg_temp.found('zzcanary'), 'account_email account_social address customer_business customer_note customer_person idempotency_key', 'words of his are in these');
SELECT throws_ok(format('SELECT mjc_api.customer_erase_self(%L, %s, gen_random_uuid(), ''req'', %L)', a, v, c), e, NULL, format('REST: not so, %s', e))
  FROM (VALUES (:'him', 1, 'DELETE', 'MJ063'), (NULL, 0, 'DELETE', 'MJ060'), (:'him', 0, 'delete', 'MJ010'), (:'him', 0, NULL, 'MJ010'), (:'him', 0, '', 'MJ010')) x (a, v, c, e);
SELECT is(mjc_api.customer_erase_self(:'admin', 0, gen_random_uuid(), 'req', 'DELETE')::text, NULL, 'REST: staff are no customers');
SELECT is(mjc_api.customer_erase_self(:'him', 0, gen_random_uuid(), 'req-self', 'DELETE')::text, '{"deleted" : true, "result" : "deleted"}', 'he leaves; who never bought anything is deleted');
SELECT is(pg_temp.found('zzcanary'), '', 'nothing of him is left');
SELECT is(pg_temp.found('659990002'), '', 'nor of his phone');
SELECT is_empty(format('SELECT * FROM pg_temp.rows_of(%L)', :'him'), 'no row is his');
SELECT results_eq(format('SELECT * FROM pg_temp.rows_of(%L)', :'other'), 'SELECT * FROM before', 'the other customer has all of hers');
SELECT is((SELECT count(*) FROM mjc.sign_in_limit WHERE email_hash = mjc.sign_in_key(e)), n, format('attempts of %s', e)) FROM (VALUES ('zzcanary2@example.test', 0::bigint), ('stays@example.test', 2)) v (e, n);
SELECT is((SELECT (actor, channel, request_id, after)::text FROM mjc.audit WHERE action = 'customer_erase' AND subject_id = :'him'), (:'him'::uuid, 'rest', 'req-self', '{"result": "deleted", "orders": 0, "reason": "request"}'::jsonb)::text, 'audited as his own wish');
SELECT throws_ok(format('SELECT mjc_api.customer_erase_self(%L, 0, gen_random_uuid(), ''req'', ''DELETE'')', :'him'), 'MJ063', NULL, 'his session is over');
SELECT is(mjc.customer_erase(mjc.account_register('zzcanary2@example.test', NULL, '{"firstName": "Un", "lastName": "Autre"}')), 'deleted', 'the e-mail is free again');

-------------------------------------------------- a customer who bought something
SELECT mjc.account_register('zzcanary3@example.test', '$2b$12$' || repeat('e', 53), '{"firstName": "Zzcanary", "lastName": "Trois"}') AS buyer \gset
SELECT (pg_temp.buy('{1}', '{1}', '0559990004', first_name => 'Zzcanary', email => 'zzcanary3@example.test')).body ->> 'orderNumber' AS bought \gset
SELECT is(mjc.customer_join(:'buyer', '0559990004'), 1, 'her guest order is hers');
SELECT mjc.consent_note(:'buyer', 'terms', 1, 'fr', true, 'rest', :'buyer') \g /dev/null
SELECT mjc.session_make(:'buyer', 0, gen_random_uuid(), sha256('zz3')) \g /dev/null
UPDATE mjc.account SET last_login_at = now() WHERE account_id = :'buyer';
SELECT throws_ok(format('SELECT mjc_api.staff_customer_delete(%L, 0, gen_random_uuid(), ''req'', %L)', :'admin', :'buyer'), 'MJ651', NULL, 'REST: an order is under way');
SELECT is((SELECT count(*) FROM mjc.customer_person WHERE customer_id = :'buyer'), 1::bigint, 'refused is refused: she is still there');
SELECT mjc.order_cancel(:'bought', 'zzcanary ne répond pas') \g /dev/null
SELECT pg_temp.figures() AS figures \gset
SELECT throws_ok(format('SELECT mjc_api.staff_customer_delete(%L, %s, gen_random_uuid(), ''req'', %L)', a, v, :'buyer'), e, NULL, format('REST: %s', e))
  FROM (VALUES (NULL, 0, 'MJ060'), (:'admin', 1, 'MJ063'), (:'buyer', 0, 'MJ064')) x (a, v, e);
SELECT is(mjc_api.staff_customer_delete(:'admin', 0, gen_random_uuid(), 'req-staff', :'buyer') ->> 'result', 'erased', 'REST: erased, there is an order');
SELECT is(pg_temp.found('zzcanary'), '', 'nothing of her is left');
SELECT is(pg_temp.figures(), :'figures', 'every figure stays');
SELECT set_eq(format('SELECT t FROM pg_temp.rows_of(%L)', :'buyer'), ARRAY['account', 'consent', 'customer', 'customer_order', 'order'], 'what stays has a number alone: the order, and that she agreed');
SELECT results_eq(format('SELECT is_active, is_verified, verified_at, last_login_at, token_version FROM mjc.account WHERE account_id = %L', :'buyer'),
    $$VALUES (false, false, NULL::timestamptz, NULL::timestamptz, 1)$$, 'the account is closed and forgot when it was used');
SELECT is(mjc.account_active(:'buyer', v, gen_random_uuid()), false, format('no session of version %s', v)) FROM unnest(ARRAY[0, 1]) v;
SELECT is(mjc_api.staff_customer_delete(:'admin', 0, gen_random_uuid(), 'req', gen_random_uuid())::text, NULL, 'REST: nobody');
SELECT is((SELECT count(*) FROM mjc.customer WHERE merged_into = :'buyer'), 1::bigint, 'the guest she was is a number, too');

----------------------------------------------------------------- gift card, coupon
SELECT mjc.account_register('zzcanary4@example.test', NULL, '{"firstName": "Zzcanary", "lastName": "Quatre"}') AS lucky \gset
SELECT mjc.promotion_set('test-only-erase', '{"name": "x", "kind": "percent", "scope": "order", "percent": 10, "needsCoupon": true}') \g /dev/null
SELECT mjc.coupon_set('ZZERASE', jsonb_build_object('promotion', 'test-only-erase', 'customer', :'lucky')) \g /dev/null
SELECT is(mjc.customer_erase(:'lucky'), 'deleted', 'who has a coupon alone is deleted');
SELECT is((SELECT count(*) FROM mjc.coupon WHERE code = 'ZZERASE'), 0::bigint, 'the coupon with him: it must not become everybody''s');
SELECT mjc.account_register('zzcanary5@example.test', NULL, '{"firstName": "Zzcanary", "lastName": "Cinq"}') AS rich \gset
SELECT mjc.store_credit_add(:'rich', 100, 'zzcanary retour') \g /dev/null
SELECT is(mjc.customer_erase(:'rich'), 'erased', 'who was given credit is erased: it is in the books');
SELECT is(mjc.credit_balance(:'rich'), 10000::bigint, 'where it stays');
SELECT is(pg_temp.found('zzcanary'), '', 'without the words');

---------------------------------------------------------------------- arguments
SELECT throws_ok(format('SELECT mjc.customer_erase(%L, %L)', c, r), e, NULL, format('refused: %s %s', e, r))
  FROM (VALUES (gen_random_uuid()::text, 'request', 'MJ004'), (NULL, 'request', 'MJ004'), (:'other', NULL, 'MJ003'), (:'other', 'M. Untel', 'MJ010'), (:'other', '', 'MJ010')) v (c, r, e);
SELECT throws_ok(format('SELECT mjc.customer_erase(%L)', g), 'MJ004', NULL, 'a guest who was joined is nobody any more') FROM mjc.customer c (g) WHERE c.merged_into = :'buyer';
SELECT is(mjc.customer_erase(:'other', r), 'deleted', 'a mistake is erased, too') FROM unnest(ARRAY['mistake']) r;
SELECT is(mjc.person_subjects(NULL), ARRAY[NULL]::uuid[], 'nobody has no subjects');
SELECT lives_ok(s, s) FROM unnest(ARRAY['SELECT mjc.replies_lock(NULL)', 'SELECT mjc.guest_phones_lock(NULL)', 'SELECT mjc.order_person_forget(NULL)', 'SELECT mjc.person_forget(NULL)', 'SELECT mjc.account_forget(NULL, NULL)',
    'SELECT mjc.credit_words_forget(NULL)', 'SELECT mjc.customer_delete(NULL)']) s;
SELECT cmp_ok(mjc.audit_seal(10000), '>', 0::bigint, 'what was done is sealed');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no broken promise: the chain of the audit holds');
SELECT * FROM finish();
ROLLBACK;
