-- join: what a guest ordered becomes a registered customer's, on proof.
BEGIN;
SELECT plan(85);
UPDATE mjc.schema_version SET version = version || '-other';
SELECT throws_ok(s, 'MJ009', NULL, 'another schema version: ' || s)
  FROM unnest(ARRAY['SELECT mjc.customer_join(NULL, ''0550000001'')', 'SELECT mjc_api.staff_customer_join(NULL, 0, NULL, NULL, NULL, NULL)']) s;
UPDATE mjc.schema_version SET version = replace(version, '-other', '');
\ir fixture.psql
GRANT USAGE ON SCHEMA tap TO PUBLIC;
SELECT pg_temp.make_stock(1, 1000) \g /dev/null
SELECT pg_temp.make_admin('join@example.test') AS admin \gset
CREATE FUNCTION pg_temp.guest_of(phone text) RETURNS uuid
    LANGUAGE sql
    AS $$ SELECT n.customer_id FROM mjc.customer_phone n WHERE n.phone = mjc.phone_canonical($1) $$;
CREATE FUNCTION pg_temp.member(email text, first_name text DEFAULT 'Amina') RETURNS uuid
    LANGUAGE sql
    AS $$ SELECT mjc.account_register(email, NULL, jsonb_build_object('firstName', first_name, 'lastName', 'Test')) $$;
CREATE FUNCTION pg_temp.orders_of(id uuid) RETURNS text
    LANGUAGE sql
    AS $$ SELECT string_agg(o.reference, ' ' ORDER BY o.placed_at, o.order_id) FROM mjc.customer_order c JOIN mjc.order o USING (order_id) WHERE c.customer_id = id AND o.customer_id = id $$;

-------------------------------------------------------------------- the phone
SELECT pg_temp.member('amina@example.test') AS amina \gset
SELECT pg_temp.bought('{1}', '{1}', '0557100001') AS first \gset
SELECT mjc.order_cancel(:'first') \g /dev/null
SELECT pg_temp.bought('{1}', '{2}', '0557100001') AS second \gset
SELECT pg_temp.guest_of('0557100001') AS guest \gset
SELECT mjc.customer_note_add(:'guest', 'rappelle le soir') \g /dev/null
SELECT mjc.consent_note(:'guest', 'marketing', 1, 'fr', true, 'psql', NULL) \g /dev/null
SELECT mjc.guest_of_phone('+213 557 10 00 01') AS found \gset
SELECT is(:'found'::text, :'guest', 'a guest is found by phone');
SELECT is(mjc.guest_of_phone('0557199999'), NULL, 'or there is none');
SELECT is((SELECT count(*) FROM mjc.customer_order WHERE customer_id = :'amina'), 0::bigint, 'nothing is joined silently');
SELECT is(mjc.customer_join(:'amina', '0557 10 00 01'), 2, 'two orders are hers after the call');
SELECT is(pg_temp.orders_of(:'amina'), :'first' || ' ' || :'second', 'both in her list');
SELECT is((SELECT string_agg(is_open::text, ' ' ORDER BY placed_at) FROM mjc.customer_order WHERE customer_id = :'amina'), 'false true', 'open or not as before');
SELECT is(pg_temp.orders_of(:'guest'), NULL, 'the guest has none');
SELECT is((SELECT body FROM mjc.customer_note WHERE customer_id = :'amina'), 'rappelle le soir', 'what staff noted is hers');
SELECT is(mjc.consent_list(:'amina')::jsonb #>> '{0,purpose}', 'marketing', 'and what she agreed to');
SELECT results_eq(format('SELECT merged_into, status FROM mjc.customer WHERE customer_id = %L', :'guest'), format('VALUES (%L::uuid, ''active''::text)', :'amina'), 'the guest points at her');
SELECT is((SELECT count(*) FROM mjc.customer_person WHERE customer_id = :'guest'), 0::bigint, 'and is nobody himself');
SELECT is(pg_temp.guest_of('0557100001'), NULL, 'the phone is nobody''s');
SELECT is((SELECT phone FROM mjc.order_contact WHERE order_id = pg_temp.order_id(:'second')), '+213557100001', 'the orders keep their address');
SELECT results_eq(format($$SELECT subject_id, after FROM mjc.audit WHERE action = 'customer_join' AND after ->> 'guest' = %L$$, :'guest'),
    format($$VALUES (%L::text, '{"guest": "%s", "orders": 2}'::jsonb)$$, :'amina', :'guest'), 'audited');
SELECT is(mjc.order_cancel(:'second'), 'CANCELLED', 'an order that was joined goes on');
SELECT is((SELECT is_open FROM mjc.customer_order WHERE customer_id = :'amina' AND order_id = pg_temp.order_id(:'second')), false, 'in her list');
SELECT pg_temp.bought('{1}', '{1}', '0557100001') AS third \gset
SELECT isnt(pg_temp.guest_of('0557100001'), :'guest'::uuid, 'a later order without an account is a new guest''s');
SELECT is(pg_temp.orders_of(:'amina'), :'first' || ' ' || :'second', 'not hers');
SELECT is(mjc.customer_join(:'amina', '0557100001'), 1, 'until the next proof');
SELECT throws_ok(format('SELECT mjc.customer_join(%L, ''0557100001'')', :'amina'), 'MJ004', NULL, 'then there is nobody to join');

------------------------------------------------------------------- the e-mail
SELECT pg_temp.member('Karim@Example.test', 'Karim') AS karim \gset
SELECT (pg_temp.buy('{1}', '{1}', '0557100002', email => 'karim@example.test')).body ->> 'orderNumber' AS k1 \gset
SELECT (pg_temp.buy('{1}', '{1}', '0557100003', email => 'KARIM@example.test')).body ->> 'orderNumber' AS k2 \gset
SELECT (pg_temp.buy('{1}', '{1}', '0557100004', email => 'karim2@example.test')).body ->> 'orderNumber' AS k3 \gset
SELECT (pg_temp.buy('{1}', '{1}', '0557100005', email => 'karim@example.test')).body ->> 'orderNumber' AS k4 \gset
SELECT mjc.customer_status_set(pg_temp.guest_of('0557100005'), 'blocked') \g /dev/null
SELECT is(mjc.customer_join_by_email(:'karim', 'req-mail'), 2, 'guests of a proven e-mail, in either case');
SELECT is(pg_temp.orders_of(:'karim'), :'k1' || ' ' || :'k2', 'those two');
SELECT is(pg_temp.guest_of('0557100004') IS NOT NULL, true, 'not one with another e-mail');
SELECT is((SELECT merged_into FROM mjc.customer WHERE customer_id = pg_temp.guest_of('0557100005')), NULL, 'nor a blocked one');
SELECT is((SELECT count(*) FROM mjc.audit WHERE action = 'customer_join' AND request_id = 'req-mail' AND actor = :'karim' AND channel = 'rest'), 2::bigint, 'audited with the request');
SELECT is(mjc.customer_join_by_email(:'karim', 'req-mail'), 0, 'again: nothing');
SELECT is(mjc.customer_join_by_email(x, NULL), 0, 'nobody joins nothing') FROM unnest(ARRAY[NULL, gen_random_uuid()]) x;
SELECT is(mjc.customer_join_by_email(:'admin', NULL), 0, 'nor do staff');
SELECT (pg_temp.buy('{1}', '{1}', '0557100006', email => 'karim@example.test')).body ->> 'orderNumber' AS k5 \gset
UPDATE mjc.customer SET status = 'inactive' WHERE customer_id = :'karim';
SELECT is(mjc.customer_join_by_email(:'karim', NULL), 0, 'nor does one who is not active');
UPDATE mjc.customer SET status = 'active' WHERE customer_id = :'karim';

-- By the link itself
SELECT mjc.link_make(:'karim', 'email_verify', '1 day', 'email_verify') \g /dev/null
SELECT sha256(decode(rpad(translate(payload ->> 'token', '-_', '+/'), 44, '='), 'base64')) AS link FROM mjc.outbox WHERE aggregate_id = :'karim' ORDER BY outbox_id DESC LIMIT 1 \gset
SELECT throws_ok(format('SELECT mjc_api.email_verify(%L, ''req'')', x), 'MJ607', NULL, 'no such link') FROM (VALUES (sha256('x')), (NULL)) v (x);
SELECT is(pg_temp.guest_of('0557100006') IS NOT NULL, true, 'joins nothing');
SELECT is(mjc_api.email_verify(:'link', 'req-link') #>> '{data,ordersJoined}', '1', 'the link from the mail is proof');
SELECT is((SELECT is_verified FROM mjc.account WHERE account_id = :'karim'), true, 'of the e-mail');
SELECT throws_ok(format('SELECT mjc_api.email_verify(%L, ''req'')', :'link'), 'MJ607', NULL, 'once');

-------------------------------------------------------------- coupons, credit
SELECT pg_temp.member('lila@example.test', 'Lila') AS lila \gset
SELECT mjc.promotion_set('test-only-join', '{"name": "x", "kind": "percent", "scope": "order", "percent": 10, "needsCoupon": true}') \g /dev/null
SELECT mjc.coupon_set('JOINONCE', '{"promotion": "test-only-join", "maxUsesPerCustomer": 1}') \g /dev/null
CREATE FUNCTION pg_temp.buy_with(phone text, code text) RETURNS text
    LANGUAGE sql
AS $$
    SELECT (mjc_api.order_place_guest('req', NULL, pg_temp.pids('{1}'), '{1}', 'Lila', 'Test', phone, NULL, NULL, '1 rue du Test', 'Testville', NULL, '99', NULL, NULL, ARRAY[code])).body #>> '{order,orderNumber}'
$$;
SELECT pg_temp.buy_with('0557100007', 'JOINONCE') AS used \gset
SELECT pg_temp.guest_of('0557100007') AS lguest \gset
SELECT mjc.coupon_set('JOINHERS', jsonb_build_object('promotion', 'test-only-join', 'customer', :'lguest')) \g /dev/null
SELECT mjc.store_credit_add(:'lguest', 3000, 'geste') \g /dev/null
SELECT mjc.order_place(pg_temp.pids('{1}'), '{1}', 'Lila', 'Test', '0557100007', street => '1 rue du Test', city => 'Testville', region => '99', store_credit => true) AS paid \gset
SELECT (mjc.gift_card_issue(500, NULL, :'lguest')).credit_id AS card \gset
SELECT credit_centimes AS spent FROM mjc.order WHERE reference = :'paid' \gset
SELECT is(:spent > 0 AND :spent < 300000, true, 'a part of the credit is spent');
SELECT is(mjc.customer_join(:'lila', '0557100007'), 2, 'joined');
SELECT is((SELECT customer_id FROM mjc.coupon WHERE code = 'JOINHERS'), :'lila'::uuid, 'a coupon of the guest is hers');
SELECT is((SELECT array_agg(DISTINCT customer_id) FROM mjc.coupon_ledger WHERE code = 'JOINONCE'), ARRAY[:'lila']::uuid[], 'and so are the uses');
SELECT is((SELECT string_agg(kind || ' ' || (customer_id = :'lila'), ', ' ORDER BY kind, credit_id) FROM mjc.credit WHERE credit_id IN (:'card', :'lguest', :'lila')), 'gift_card true, store_credit true, store_credit true', 'cards and credit too');
SELECT is(mjc.credit_balance(:'lguest'), 0::bigint, 'the guest''s credit is empty');
SELECT is(mjc.credit_balance(:'lila'), (300000 - :spent)::bigint, 'hers has what was left');
SELECT is(mjc.order_cancel(:'paid'), 'CANCELLED', 'an order that was paid by it is cancelled');
SELECT is(mjc.credit_balance(:'lila'), 300000::bigint, 'what comes back is hers at once');
SELECT is(mjc.credit_balance(:'lguest'), 0::bigint, 'and does not stay with nobody');
SELECT is(mjc.order_cancel(:'used'), 'CANCELLED', 'an order with the coupon is cancelled');
SELECT is((SELECT used FROM mjc.coupon_ledger WHERE code = 'JOINONCE' ORDER BY seq DESC LIMIT 1), 0::bigint, 'its use is free again');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no broken promise so far');

---------------------------------------------------------------------- refused
SELECT pg_temp.bought('{1}', '{1}', '0557100008') AS r1 \gset
SELECT pg_temp.guest_of('0557100008') AS rguest \gset
SELECT pg_temp.member('blocked@example.test') AS blocked \gset
SELECT mjc.customer_status_set(:'blocked', 'blocked') \g /dev/null
SELECT throws_ok(format('SELECT mjc.customer_join_core(NULL, ''psql'', NULL, %L, %L)', c, g), 'MJ655', NULL, 'refused: ' || w)
  FROM (VALUES (:'amina', :'amina', 'herself'), (:'amina', :'karim', 'two customers'), (:'rguest', :'rguest', 'a guest to himself'), (pg_temp.guest_of('0557100004')::text, :'rguest', 'two guests'),
               (:'rguest', :'amina', 'a customer to a guest'), (:'blocked', :'rguest', 'to a blocked customer'), (:'amina', :'guest', 'who was joined already'), (:'amina', gen_random_uuid()::text, 'nobody'),
               (gen_random_uuid()::text, :'rguest', 'to nobody'), (NULL, :'rguest', 'to NULL'), (:'amina', NULL, 'NULL')) v (c, g, w);
SELECT throws_ok(format('SELECT mjc.customer_join(%L, ''0557100005'')', :'amina'), 'MJ655', NULL, 'a blocked guest does not get rid of that');
SELECT throws_ok(format('SELECT mjc.customer_join(%L, %L)', c, p), e, NULL, format('refused: %s', e))
  FROM (VALUES (:'amina', '0557199999', 'MJ004'), (gen_random_uuid()::text, '0557100008', 'MJ004'), (NULL, '0557100008', 'MJ004'), (:'amina', 'x', 'MJ305'), (:'amina', NULL, 'MJ305')) v (c, p, e);
SELECT is(pg_temp.guest_of('0557100008'), :'rguest'::uuid, 'the guest is as before');

-- REST
SELECT throws_ok(format('SELECT mjc_api.staff_customer_join(%L, %s, gen_random_uuid(), ''req'', %L, ''0557100008'')', a, v, :'amina'), e, NULL, format('REST: %s', e))
  FROM (VALUES (NULL, 0, 'MJ060'), (:'admin', 1, 'MJ063'), (:'karim', 0, 'MJ064')) x (a, v, e);
SELECT is(mjc_api.staff_customer_join(:'admin', 0, gen_random_uuid(), 'req', c, p)::text, NULL, 'REST: nobody') FROM (VALUES (:'amina'::uuid, '0557199999'), (gen_random_uuid(), '0557100008'), (NULL, '0557100008')) v (c, p);
SELECT throws_ok(format('SELECT mjc_api.staff_customer_join(%L, 0, gen_random_uuid(), ''req'', %L, ''1'')', :'admin', :'amina'), 'MJ305', NULL, 'REST: no phone');
SELECT is(mjc_api.staff_customer_join(:'admin', 0, gen_random_uuid(), 'req-join', :'amina', '0557100008')::text, '{"ordersJoined" : 1}', 'REST: joined');
SELECT is((SELECT actor FROM mjc.audit WHERE request_id = 'req-join' AND action = 'customer_join'), :'admin'::uuid, 'REST: audited');
SELECT is(mjc.person_rows(:'amina'), (SELECT count(*) FROM mjc.customer_order WHERE customer_id = :'amina') + 1 + 1, 'orders, a note and a consent are rows of hers');
SELECT is(mjc.person_rows(x), 0::bigint, 'nobody has none') FROM unnest(ARRAY[gen_random_uuid(), NULL]) x;
SELECT lives_ok(format('SELECT mjc.check_person_seen(%L)', x), 'all of it is seen') FROM unnest(ARRAY[:'amina', gen_random_uuid()]::uuid[]) x;
SELECT throws_ok('SELECT mjc.check_person_seen(NULL)', 'MJ003', NULL, 'of nobody');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no broken promise');
SELECT * FROM finish();
ROLLBACK;
