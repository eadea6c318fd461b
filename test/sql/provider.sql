-- provider: checkouts, what providers tell, what they are asked. The events have the shapes of
-- Stripe's and Chargily Pay's own documentation. Numbers in titles are those of the rules for
-- payments by providers (webhooks) and of the failure scenarios that the shop must survive.
BEGIN;
SELECT plan(183);
\ir fixture.psql
SELECT pg_temp.make_stock(n, 10) FROM generate_series(1, 30) n \g /dev/null
UPDATE mjc.payment_method SET is_enabled = true;

-- An order of product n, 1000.00 and 700.00 for the parcel: its number.
CREATE FUNCTION pg_temp.order_by(n integer, method text DEFAULT 'BANK_CARD', qty integer DEFAULT 1, coupon text DEFAULT NULL) RETURNS text
    LANGUAGE sql
AS $$
    SELECT r.body -> 'order' ->> 'orderNumber'
      FROM mjc_api.order_place_guest('req', NULL, ARRAY[pg_temp.pid(n)], ARRAY[qty], 'Amina', 'Test', '0550000001', NULL, NULL, '1 rue du Test', 'Testville',
                                     NULL, '99', NULL, NULL, coupons => CASE WHEN coupon IS NOT NULL THEN ARRAY[coupon] END, payment_method => method) r
$$;
CREATE FUNCTION pg_temp.begin(ref text, method text DEFAULT 'BANK_CARD', phone text DEFAULT '0550000001') RETURNS json
    LANGUAGE sql
    AS $$ SELECT mjc_api.checkout_begin('req', ref, method, phone) $$;
-- A checkout that the provider has: begun, created there under a name; its id.
CREATE FUNCTION pg_temp.checkout(ref text, name text, method text DEFAULT 'BANK_CARD') RETURNS uuid
    LANGUAGE plpgsql
AS $$
DECLARE
    c json := pg_temp.begin(ref, method) -> 'create';
BEGIN
    PERFORM mjc_api.checkout_finish((c ->> 'checkout_id')::uuid, (c ->> 'order_id')::uuid, name, 'https://pay.example/' || name, NULL);
    RETURN c ->> 'checkout_id';
END
$$;
CREATE FUNCTION pg_temp.session(name text, amount bigint, intent text, metadata jsonb DEFAULT '{}', currency text DEFAULT 'dzd', status text DEFAULT 'paid') RETURNS jsonb
    LANGUAGE sql
AS $$ SELECT jsonb_build_object('id', name, 'object', 'checkout.session', 'amount_total', amount, 'currency', currency, 'payment_status', status,
                                'status', 'complete', 'payment_intent', intent, 'metadata', metadata) $$;
CREATE FUNCTION pg_temp.stripe(id text, type text, object jsonb) RETURNS integer
    LANGUAGE sql
AS $$ SELECT mjc_api.provider_event_store('stripe', jsonb_build_array(jsonb_build_object('id', id, 'type', type,
          'payload', jsonb_build_object('id', id, 'type', type, 'data', jsonb_build_object('object', object))))::text) $$;
CREATE FUNCTION pg_temp.chargily(id text, type text, data jsonb) RETURNS integer
    LANGUAGE sql
AS $$ SELECT mjc_api.provider_event_store('chargily', jsonb_build_array(jsonb_build_object('id', id, 'type', type,
          'payload', jsonb_build_object('id', id, 'entity', 'event', 'type', type, 'data', data)))::text) $$;
-- Runs the job until nothing is due; what became of an event.
CREATE FUNCTION pg_temp.applied(id text) RETURNS text
    LANGUAGE plpgsql
AS $$
BEGIN
    FOR i IN 1..100 LOOP
        EXIT WHEN mjc.provider_event_apply() = 0;
    END LOOP;
    RETURN (SELECT e.state || coalesce(' ' || e.outcome, '') FROM mjc.provider_event e WHERE e.event_id = id);
END
$$;
CREATE FUNCTION pg_temp.payments(ref text) RETURNS text
    LANGUAGE sql
AS $$
    SELECT o.status || ' ' || o.payment_state || ': ' || string_agg(concat_ws(' ', p.state, p.amount_centimes / 100, p.received_centimes / 100, p.refunded_centimes / 100), ', '
                      ORDER BY p.paid_at NULLS LAST, p.received_centimes, p.payment_id)
      FROM mjc.order o JOIN mjc.payment p ON p.order_id = o.order_id WHERE o.order_id = pg_temp.order_id(ref) GROUP BY o.order_id
$$;
CREATE FUNCTION pg_temp.refunds(ref text) RETURNS text
    LANGUAGE sql
AS $$ SELECT string_agg(concat_ws(' ', r.kind, r.state, r.amount_centimes / 100), ', ' ORDER BY r.created_at, r.amount_centimes) FROM mjc.refund r WHERE r.order_id = pg_temp.order_id(ref) $$;
CREATE FUNCTION pg_temp.broken() RETURNS text
    LANGUAGE sql
    AS $$ SELECT string_agg(v::text, '; ') FROM mjc.check_invariants() v $$;
-- Its time to be paid is over, and the job has cancelled it.
CREATE FUNCTION pg_temp.expire(ref text) RETURNS text
    LANGUAGE plpgsql
AS $$
BEGIN
    UPDATE mjc.order SET confirm_by_at = now() - interval '1 minute' WHERE order_id = pg_temp.order_id(ref);
    PERFORM mjc.order_expire();
    RETURN pg_temp.status(ref);
END
$$;

-- Beginning a checkout
SELECT pg_temp.order_by(1) AS ref \gset
SELECT pg_temp.order_id(:'ref') AS id \gset
SELECT pg_temp.begin(:'ref') AS begun \gset
SELECT is(:'begun'::json ->> k, v, 'begin: ' || k)
  FROM (VALUES ('method', 'BANK_CARD'), ('status', 'PENDING'), ('orderNumber', :'ref'), ('amount', '1700.00'), ('currency', 'DZD'), ('paymentUrl', NULL)) e (k, v);
SELECT is(:'begun'::json #>> ARRAY['create', k], v, 'begin: create, ' || k)
  FROM (VALUES ('provider', 'stripe'), ('order_id', :'id'), ('reference', :'ref'), ('amount_centimes', '170000'), ('currency', 'DZD'), ('method', 'BANK_CARD')) e (k, v);
SELECT ok((:'begun'::json #>> '{create,expires_at}')::bigint BETWEEN extract(epoch FROM now()) + 59 * 60 AND extract(epoch FROM now()) + 61 * 60, 'begin: it ends with the order''s time');
SELECT is(pg_temp.begin(:'ref') #>> '{create,checkout_id}', :'begun'::json #>> '{create,checkout_id}', 'once more: the same attempt, so that the provider makes one');
SELECT is(mjc_api.checkout_finish((:'begun'::json #>> '{create,checkout_id}')::uuid, :'id', NULL, NULL, 'timeout')::text, NULL, 'the provider did not answer');
SELECT is((SELECT state || ' ' || failure FROM mjc.checkout WHERE order_id = :'id'), 'new timeout', 'which is noted');
SELECT is(pg_temp.begin(:'ref') #>> '{create,checkout_id}', :'begun'::json #>> '{create,checkout_id}', 'and tried again under the same name');
SELECT is(mjc_api.checkout_finish((:'begun'::json #>> '{create,checkout_id}')::uuid, :'id', 'cs_1', 'https://pay.example/cs_1', NULL) ->> 'paymentUrl', 'https://pay.example/cs_1', 'created: where to pay');
SELECT is(pg_temp.begin(:'ref') ->> 'paymentUrl', 'https://pay.example/cs_1', 'a second tab is sent to the same page');
SELECT is((pg_temp.begin(:'ref') -> 'create')::text, NULL, 'and nothing is created');
SELECT is(mjc_api.checkout_finish((:'begun'::json #>> '{create,checkout_id}')::uuid, :'id', 'cs_1b', 'https://pay.example/cs_1b', NULL) ->> 'paymentUrl', 'https://pay.example/cs_1', 'the slower of two twins shows the page of the faster');
SELECT is(mjc_api.payment_verify(:'begun'::json ->> 'transactionId') #>> '{transaction,status}', 'PENDING', 'verify: not paid yet');
SELECT is(mjc_api.payment_verify('PAY_none')::text, NULL, 'verify: none');
SELECT is((pg_temp.failure(format('SELECT pg_temp.begin(%L, %L, %L)', r, m, p))).code, code, title)
  FROM (VALUES (:'ref', 'BANK_CARD', '0550000002', 'MJ004', 'another phone'), ('MJ-2026-000001-0', 'BANK_CARD', '0550000001', 'MJ004', 'no number'), (NULL, 'BANK_CARD', '0550000001', 'MJ004', 'NULL'),
               (:'ref', 'GOLD', '0550000001', 'MJ218', 'an unknown method'), (:'ref', 'CIB_CARD', '0550000001', 'MJ506', 'not the one of the order')) v (r, m, p, code, title);
SELECT pg_temp.order_by(2, 'CASH_ON_DELIVERY') AS cod, pg_temp.order_by(2, 'BANK_TRANSFER') AS transfer \gset
SELECT is(pg_temp.begin(:'cod', 'CASH_ON_DELIVERY') ->> 'status', 'PENDING_DELIVERY', 'cash at the door');
SELECT matches(pg_temp.begin(:'cod', 'cash_on_delivery') ->> 'transactionId', '^COD_', 'has a transaction too');
SELECT is(mjc_api.payment_verify(pg_temp.begin(:'cod', 'CASH_ON_DELIVERY') ->> 'transactionId') #>> '{transaction,status}', 'PENDING_DELIVERY', 'which can be verified');
SELECT mjc.setting_set('seller_bank', 'BNA 001 00123 4567890123 45') \g /dev/null
SELECT is(pg_temp.begin(:'transfer', 'BANK_TRANSFER') ->> 'instructions', 'BNA 001 00123 4567890123 45', 'a transfer: where to');

-- 10. Events: each once, whatever it is
SELECT is(pg_temp.stripe('evt_1', 'checkout.session.completed', pg_temp.session('cs_1', 170000, 'pi_1')), 1, '10. an event is new');
SELECT is(pg_temp.stripe('evt_1', 'checkout.session.completed', pg_temp.session('cs_1', 170000, 'pi_1')), 0, '10. its repeat is not');
SELECT is(pg_temp.applied('evt_1'), 'applied paid', 'it is applied');
SELECT is(pg_temp.payments(:'ref'), 'CONFIRMED paid: paid 1700 1700 0', 'the order is paid and confirmed');
SELECT is((SELECT provider_ref FROM mjc.payment WHERE order_id = :'id'), 'pi_1', 'the payment knows its name there');
SELECT is(pg_temp.stripe('evt_1b', 'checkout.session.completed', pg_temp.session('cs_1', 170000, 'pi_1')) || ' ' || pg_temp.applied('evt_1b'), '1 applied repeat', 'the same news under another name changes nothing');
SELECT is(pg_temp.payments(:'ref'), 'CONFIRMED paid: paid 1700 1700 0', 'one payment');
SELECT is((SELECT count(*) FROM mjc.outbox WHERE aggregate_id = :'id' AND topic = 'payment_received'), 1::bigint, '16. one message');
SELECT is(mjc_api.payment_verify(:'begun'::json ->> 'transactionId') #>> '{transaction,status}', 'COMPLETED', 'verify: paid');
SELECT is((pg_temp.failure(format('SELECT pg_temp.begin(%L)', :'ref'))).code, 'MJ505', 'nothing is to be paid any more');
SELECT is(pg_temp.stripe('evt_2', 'customer.created', '{"id": "cus_1"}') || ' ' || pg_temp.applied('evt_2'), '1 ignored nothing', '10. an unknown type is kept');
SELECT is(pg_temp.stripe('evt_3', 'checkout.session.completed', pg_temp.session('cs_unknown', 1, 'pi_x')) || ' ' || pg_temp.applied('evt_3'), '1 new', '10. one for an unknown order is kept');
SELECT is((SELECT error || ' ' || (next_at > now() + interval '3 seconds') FROM mjc.provider_event WHERE event_id = 'evt_3'), 'no such order true', '10. and tried later');
UPDATE mjc.provider_event SET attempts = 19, next_at = now() WHERE event_id = 'evt_3';
SELECT is(pg_temp.applied('evt_3'), 'parked', '14. in the end it is parked');
SELECT is((SELECT problem FROM mjc_report.payment_problem WHERE detail LIKE '%evt_3%'), 'event_parked', '10. where somebody sees it');
SELECT mjc.provider_event_retry('stripe', 'evt_3') \g /dev/null
SELECT is((SELECT state FROM mjc.provider_event WHERE event_id = 'evt_3'), 'new', 'and may try once more');
SELECT is((pg_temp.failure($$SELECT mjc.provider_event_retry('stripe', 'evt_3')$$)).code, 'MJ004', 'only what is parked');

-- 12. Another amount, another currency
SELECT pg_temp.order_by(3) AS ref, pg_temp.order_by(3) AS euro \gset
SELECT pg_temp.checkout(:'ref', 'cs_3'), pg_temp.checkout(:'euro', 'cs_3e') \g /dev/null
SELECT pg_temp.stripe('evt_m1', 'checkout.session.completed', pg_temp.session('cs_3', 100000, 'pi_3')), pg_temp.stripe('evt_m2', 'checkout.session.completed', pg_temp.session('cs_3e', 170000, 'pi_3e', currency => 'eur')) \g /dev/null
SELECT is(pg_temp.applied('evt_m1') || ', ' || pg_temp.applied('evt_m2'), 'applied mismatch, applied mismatch', '12. does not fit');
SELECT is(pg_temp.status(:'ref') || (SELECT string_agg(' ' || state || ' ' || received_centimes, '' ORDER BY state) FROM mjc.payment WHERE order_id = pg_temp.order_id(:'ref')), 'PENDING mismatch 100000 pending 0', '12. the order is not paid');
SELECT is((SELECT string_agg(order_reference || ' ' || detail, ', ' ORDER BY detail) FROM mjc_report.payment_problem WHERE problem = 'mismatch'), :'ref' || ' 1000.00 DZD, ' || :'euro' || ' 1700.00 EUR', '12. staff see it');
SELECT payment_id AS odd FROM mjc.payment WHERE order_id = pg_temp.order_id(:'ref') AND state = 'mismatch' \gset
SELECT payment_id AS odd_euro FROM mjc.payment WHERE order_id = pg_temp.order_id(:'euro') AND state = 'mismatch' \gset
SELECT is((pg_temp.failure(format('SELECT mjc.payment_mismatch_settle(%L, %L, true)', :'euro', :'odd_euro'))).code, 'MJ509', 'euros do not count');
SELECT is((pg_temp.failure(format('SELECT mjc.payment_mismatch_settle(%L, %L, true)', :'euro', :'odd'))).code, 'MJ507', 'nor another order''s');
SELECT is((pg_temp.failure(format('SELECT mjc.payment_mismatch_settle(%L, %L, NULL)', :'ref', :'odd'))).code, 'MJ003', 'a decision is one');
SELECT is(mjc.payment_mismatch_settle(:'euro', :'odd_euro', false) || ' ' || mjc.payment_mismatch_settle(:'ref', :'odd', true), 'pending part_paid', 'dinars count as far as they go');
SELECT is(mjc.payment_record(:'ref', 700, 'CASH_ON_DELIVERY') IS NOT NULL AND pg_temp.status(:'ref') = 'CONFIRMED', true, 'the rest is paid at the counter');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

-- 13, scenario 9. Late money
SELECT pg_temp.order_by(4) AS late, pg_temp.order_by(5, qty => 10) AS gone, pg_temp.order_by(6) AS called \gset
SELECT pg_temp.checkout(:'late', 'cs_4'), pg_temp.checkout(:'gone', 'cs_5'), pg_temp.checkout(:'called', 'cs_6') \g /dev/null
SELECT is(pg_temp.expire(:'late') || ' ' || pg_temp.expire(:'gone'), 'CANCELLED CANCELLED', 'scenario 9: two orders that expired');
SELECT pg_temp.bought('{5}', '{1}', '0550000077') \g /dev/null
SELECT mjc.order_cancel(:'called') \g /dev/null
SELECT pg_temp.stripe('evt_4', 'checkout.session.completed', pg_temp.session('cs_4', 170000, 'pi_4')), pg_temp.stripe('evt_5', 'checkout.session.completed', pg_temp.session('cs_5', 1070000, 'pi_5')),
       pg_temp.stripe('evt_6', 'checkout.session.completed', pg_temp.session('cs_6', 170000, 'pi_6')) \g /dev/null
SELECT is(concat_ws(', ', pg_temp.applied('evt_4'), pg_temp.applied('evt_5'), pg_temp.applied('evt_6')), 'applied late, applied short, applied returned', '13. what is made of them');
SELECT is(pg_temp.payments(:'late') || '; ' || pg_temp.stock(4), 'CONFIRMED paid: paid 1700 1700 0; 10 1', 'scenario 9: with stock left the order goes on and has its units again');
SELECT is((SELECT is_open FROM mjc.customer_order WHERE order_id = pg_temp.order_id(:'late')), true, 'it is open again');
SELECT is(pg_temp.payments(:'gone') || '; ' || pg_temp.refunds(:'gone') || '; ' || pg_temp.stock(5), 'CANCELLED paid_short: refunded 10700 10700 10700, void 10700 0 0; end due 10700; 10 1', 'scenario 9: with its stock gone it is paid short, a refund is due, no stock is negative');
SELECT is(pg_temp.payments(:'called') || '; ' || pg_temp.refunds(:'called'), 'CANCELLED refunded: refunded 1700 1700 1700, void 1700 0 0; end due 1700', 'one that people cancelled stays so, and its money goes back');
SELECT is((SELECT string_agg(topic, ' ' ORDER BY outbox_id) FROM mjc.outbox WHERE aggregate_id = pg_temp.order_id(:'gone')), 'order_placed order_cancelled payment_short', 'the buyer hears of it');
SELECT pg_temp.order_by(29) AS back \gset
SELECT pg_temp.checkout(:'back', 'cs_back'), mjc.order_ship(:'back'), mjc.order_deliver(:'back'), mjc.order_refund(:'back') \g /dev/null
SELECT updated_at AS before FROM mjc.order WHERE order_id = pg_temp.order_id(:'back') \gset
SELECT pg_temp.stripe('evt_back', 'checkout.session.completed', pg_temp.session('cs_back', 170000, 'pi_back')) \g /dev/null
SELECT is(pg_temp.applied('evt_back') || ' ' || pg_temp.payments(:'back'), 'applied returned REFUNDED refunded: refunded 1700 1700 1700, void 1700 0 0', 'nor does one whose goods came back go on');
SELECT cmp_ok((SELECT updated_at FROM mjc.order WHERE order_id = pg_temp.order_id(:'back')), '>', :'before'::timestamptz, 'but it has changed');
SELECT mjc.order_ship(:'late'), mjc.order_deliver(:'late') \g /dev/null
SELECT is(pg_temp.status(:'late'), 'DELIVERED', 'the late one is delivered like any other');
SELECT is(pg_temp.broken(), NULL, 'scenario 31: every promise is kept');
SELECT pg_temp.order_by(7, qty => 10) AS lapsed \gset
SELECT pg_temp.checkout(:'lapsed', 'cs_7') \g /dev/null
UPDATE mjc.order SET confirm_by_at = now() - interval '1 minute' WHERE order_id = pg_temp.order_id(:'lapsed');
SELECT pg_temp.lapse(pg_temp.order_id(:'lapsed')) \g /dev/null
SELECT pg_temp.bought('{7}', '{3}', '0550000077') \g /dev/null
SELECT pg_temp.stripe('evt_7', 'checkout.session.completed', pg_temp.session('cs_7', 1070000, 'pi_7')) \g /dev/null
SELECT is(pg_temp.applied('evt_7') || ' ' || pg_temp.payments(:'lapsed') || '; ' || pg_temp.stock(7), 'applied short CANCELLED paid_short: refunded 10700 10700 10700, void 10700 0 0; 10 3', 'scenario 9: the same before the job came by');
SELECT mjc.promotion_set('late-promo', '{"name": "x", "kind": "percent", "scope": "order", "percent": 10, "needsCoupon": true}'), mjc.coupon_set('LATE', '{"promotion": "late-promo", "maxUses": 1}') \g /dev/null
SELECT pg_temp.order_by(8, coupon => 'LATE') AS coupon1 \gset
SELECT pg_temp.checkout(:'coupon1', 'cs_8'), pg_temp.expire(:'coupon1') \g /dev/null
SELECT pg_temp.order_by(8, 'CASH_ON_DELIVERY', coupon => 'LATE') \g /dev/null
SELECT pg_temp.stripe('evt_8', 'checkout.session.completed', pg_temp.session('cs_8', (SELECT amount_centimes FROM mjc.checkout WHERE provider_ref = 'cs_8'), 'pi_8')) \g /dev/null
SELECT is(pg_temp.applied('evt_8') || ' ' || split_part(pg_temp.payments(:'coupon1'), ':', 1), 'applied short CANCELLED paid_short', 'late, and its coupon was used by another: paid short');
SELECT mjc.coupon_set('LATE2', '{"promotion": "late-promo", "maxUses": 1}') \g /dev/null
SELECT pg_temp.order_by(8, coupon => 'LATE2') AS coupon2 \gset
SELECT pg_temp.checkout(:'coupon2', 'cs_9'), pg_temp.expire(:'coupon2') \g /dev/null
SELECT pg_temp.stripe('evt_9', 'checkout.session.completed', pg_temp.session('cs_9', (SELECT amount_centimes FROM mjc.checkout WHERE provider_ref = 'cs_9'), 'pi_9')) \g /dev/null
SELECT is(pg_temp.applied('evt_9') || ' ' || split_part(pg_temp.payments(:'coupon2'), ':', 1), 'applied late CONFIRMED paid', 'late, with its coupon still to be had: it goes on with it');
SELECT is((pg_temp.failure($$SELECT pg_temp.order_by(8, 'CASH_ON_DELIVERY', coupon => 'LATE2')$$)).code, 'MJ205', 'which is used now');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

-- Scenario 17. The news before the checkout is known: found by what we wrote into it
SELECT pg_temp.order_by(9) AS early \gset
SELECT pg_temp.begin(:'early') -> 'create' AS c \gset
SELECT pg_temp.stripe('evt_17', 'checkout.session.completed', pg_temp.session('cs_17', 170000, 'pi_17', jsonb_build_object('order_id', :'c'::json ->> 'order_id', 'checkout_id', :'c'::json ->> 'checkout_id'))) \g /dev/null
SELECT is(pg_temp.applied('evt_17') || ' ' || pg_temp.payments(:'early'), 'applied paid CONFIRMED paid: paid 1700 1700 0', 'scenario 17: paid before we heard the name of the checkout');
SELECT is(mjc_api.checkout_finish((:'c'::json ->> 'checkout_id')::uuid, (:'c'::json ->> 'order_id')::uuid, 'cs_17', 'https://pay.example/cs_17', NULL) ->> 'status', 'COMPLETED', 'scenario 17: the answer that comes later tells so');

-- Scenario 18. Out of order
SELECT pg_temp.order_by(10) AS a, pg_temp.order_by(11) AS b, pg_temp.order_by(12) AS f \gset
SELECT pg_temp.checkout(:'a', 'cs_10'), pg_temp.checkout(:'b', 'cs_11') AS b_checkout, pg_temp.checkout(:'f', 'cs_12') \gset
SELECT pg_temp.stripe('evt_10a', 'checkout.session.completed', pg_temp.session('cs_10', 170000, 'pi_10')) \g /dev/null
SELECT is(pg_temp.applied('evt_10a'), 'applied paid', 'scenario 18: paid');
SELECT pg_temp.stripe('evt_10b', 'checkout.session.async_payment_failed', pg_temp.session('cs_10', 170000, 'pi_10', status => 'unpaid')), pg_temp.stripe('evt_10c', 'checkout.session.expired', pg_temp.session('cs_10', 170000, 'pi_10')) \g /dev/null
SELECT is(pg_temp.applied('evt_10b') || ', ' || pg_temp.applied('evt_10c') || ' ' || pg_temp.payments(:'a'), 'applied repeat, applied repeat CONFIRMED paid: paid 1700 1700 0', '13. a late failure is ignored');
SELECT pg_temp.stripe('evt_12', 'checkout.session.async_payment_failed', pg_temp.session('cs_12', 170000, 'pi_12', status => 'unpaid')) \g /dev/null
SELECT is(pg_temp.applied('evt_12') || ' ' || pg_temp.payments(:'f'), 'applied failed PENDING pending: pending 1700 0 0', 'a failure: the order waits');
SELECT isnt(pg_temp.begin(:'f') #>> '{create,checkout_id}', NULL, 'for another attempt');
SELECT pg_temp.stripe('evt_12b', 'checkout.session.async_payment_succeeded', pg_temp.session('cs_12', 170000, 'pi_12')) \g /dev/null
SELECT is(pg_temp.applied('evt_12b') || ' ' || pg_temp.payments(:'f'), 'applied paid CONFIRMED paid: paid 1700 1700 0', 'scenario 18: that then came in after all');
SELECT pg_temp.stripe('evt_11', 'charge.refunded', jsonb_build_object('id', 'ch_11', 'payment_intent', 'pi_11', 'amount', 170000, 'amount_refunded', 50000, 'currency', 'dzd',
           'metadata', jsonb_build_object('order_id', pg_temp.order_id(:'b'), 'checkout_id', :'b_checkout'))) \g /dev/null
SELECT is(pg_temp.applied('evt_11') || ' ' || split_part(pg_temp.payments(:'b'), ':', 1) || ' ' || pg_temp.refunds(:'b'), 'applied taken_back CONFIRMED part_paid outside done 500', 'scenario 18: refunded before paid: both are known, and what went back is asked again');
SELECT pg_temp.stripe('evt_11b', 'checkout.session.completed', pg_temp.session('cs_11', 170000, 'pi_11')) \g /dev/null
SELECT is(pg_temp.applied('evt_11b') || ' ' || (SELECT sum(received_centimes) FROM mjc.payment WHERE order_id = pg_temp.order_id(:'b')), 'applied repeat 170000', 'scenario 18: the payment itself changes nothing then');
SELECT pg_temp.stripe('evt_11c', 'charge.refunded', jsonb_build_object('id', 'ch_11', 'payment_intent', 'pi_11', 'amount', 170000, 'amount_refunded', 50000, 'currency', 'dzd')) \g /dev/null
SELECT is(pg_temp.applied('evt_11c'), 'applied repeat', 'nor the refund a second time');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

-- Twice: two checkouts of one order are paid
SELECT pg_temp.order_by(13) AS ref \gset
SELECT pg_temp.checkout(:'ref', 'cs_13') \g /dev/null
UPDATE mjc.checkout SET expires_at = now() WHERE provider_ref = 'cs_13';
SELECT pg_temp.checkout(:'ref', 'cs_13b') \g /dev/null
SELECT pg_temp.stripe('evt_13', 'checkout.session.completed', pg_temp.session('cs_13', 170000, 'pi_13')), pg_temp.stripe('evt_13b', 'checkout.session.completed', pg_temp.session('cs_13b', 170000, 'pi_13b')) \g /dev/null
SELECT is(least(pg_temp.applied('evt_13'), pg_temp.applied('evt_13b')) || ', ' || greatest(pg_temp.applied('evt_13'), pg_temp.applied('evt_13b')), 'applied paid, applied twice', 'never charged twice: one counts');
SELECT is(split_part(pg_temp.payments(:'ref'), ':', 1) || ' ' || pg_temp.refunds(:'ref'), 'CONFIRMED paid excess due 1700', 'and the other goes back');

-- Refunds at the provider
SELECT t.task_id AS task, t.order_id AS of FROM mjc.provider_task t JOIN mjc.refund r ON r.refund_id = t.task_id WHERE r.order_id = pg_temp.order_id(:'ref') \gset
UPDATE mjc.provider_task SET next_at = now() + interval '1 day' WHERE task_id <> :'task';
SELECT results_eq('SELECT task_id, kind, provider, order_id FROM mjc_api.provider_task_take(10, 60)', format($$VALUES (%L::uuid, 'refund', 'stripe', %L::uuid)$$, :'task', :'of'), 'the shim is told to refund');
SELECT is_empty('SELECT * FROM mjc_api.provider_task_take(10, 60)', 'and nobody else while it does');
SELECT is((SELECT request ->> 'payment_ref' || ' ' || (request ->> 'amount_centimes') FROM mjc.provider_task WHERE task_id = :'task'), (SELECT p.provider_ref || ' 170000' FROM mjc.refund r JOIN mjc.payment p USING (order_id, payment_id) WHERE r.refund_id = :'task'), 'which payment, how much');
SELECT mjc_api.provider_task_done(:'task', 'refund', :'of', 'failed', NULL, 'timeout') \g /dev/null
SELECT is((SELECT error || ' ' || (next_at > now() + interval '20 seconds') FROM mjc.provider_task WHERE task_id = :'task'), 'timeout true', 'a failure is tried again later');
SELECT mjc_api.provider_task_done(:'task', 'refund', :'of', 'ok', '{"id": "re_1", "status": "pending"}', NULL) \g /dev/null
SELECT is((SELECT state || ' ' || coalesce(provider_ref, '-') FROM mjc.refund WHERE refund_id = :'task'), 'due -', 'pending: still due');
SELECT is((SELECT count(*) FROM mjc.provider_task WHERE task_id = :'task'), 0::bigint, 'but not asked again');
SELECT pg_temp.stripe('evt_re', 'refund.updated', jsonb_build_object('id', 're_1', 'payment_intent', 'pi_13b', 'status', 'succeeded', 'metadata', jsonb_build_object('refund_id', :'task', 'order_id', :'of'))) \g /dev/null
SELECT is(pg_temp.applied('evt_re'), 'applied refund_done', 'the provider tells when it is done');
SELECT is((SELECT state || ' ' || provider_ref FROM mjc.refund WHERE refund_id = :'task'), 'done re_1', 'and it is');
SELECT r.refund_id AS owed, r.order_id AS owed_of FROM mjc.refund r WHERE r.order_id = pg_temp.order_id(:'gone') \gset
SELECT mjc_api.provider_task_done(:'owed', 'refund', :'owed_of', 'refused', NULL, 'status 400') \g /dev/null
SELECT is((SELECT problem FROM mjc_report.payment_problem WHERE id = :'owed'), 'refund_refused', 'a refusal is staff''s to settle');
SELECT mjc.refund_done(:'gone', :'owed', 'VIR-77') \g /dev/null
SELECT is(split_part(pg_temp.payments(:'gone'), ':', 1), 'CANCELLED refunded', 'paid short no more once its money is back');
SELECT is((SELECT count(*) FROM (SELECT mjc_api.provider_task_done(:'owed', 'refund', :'owed_of', 'ok', '{"id": "re_9", "status": "succeeded"}', NULL)) x), 1::bigint, 'a reply that comes too late');
SELECT is((SELECT provider_ref FROM mjc.refund WHERE refund_id = :'owed'), 'VIR-77', 'changes nothing');

-- Reading a checkout whose news was lost
SELECT pg_temp.order_by(14, 'DAHABIA_CARD') AS ref \gset
SELECT pg_temp.checkout(:'ref', 'ch_14', 'DAHABIA_CARD') AS c \gset
SELECT is((SELECT kind || ' ' || provider || ' ' || (request ->> 'provider_ref') || ' ' || (next_at - created_at) FROM mjc.provider_task WHERE task_id = :'c'), 'checkout_read chargily ch_14 00:10:00', 'it will be asked in ten minutes');
SELECT mjc_api.provider_task_done(:'c', 'checkout_read', pg_temp.order_id(:'ref'), 'ok', '{"id": "ch_14", "status": "pending", "amount": 1700, "currency": "dzd"}', NULL) \g /dev/null
SELECT is(pg_temp.applied('read:ch_14:pending') || ' ' || (SELECT count(*) FROM mjc.provider_task WHERE task_id = :'c'), 'ignored nothing 1', 'pending: asked again');
SELECT mjc_api.provider_task_done(:'c', 'checkout_read', pg_temp.order_id(:'ref'), 'ok', '{"id": "ch_14", "status": "paid", "amount": 1700, "currency": "dzd"}', NULL) \g /dev/null
SELECT is(pg_temp.applied('read:ch_14:paid') || ' ' || pg_temp.payments(:'ref'), 'applied paid CONFIRMED paid: paid 1700 1700 0', 'paid: found without the news');
SELECT is(pg_temp.chargily('evt_c14', 'checkout.paid', '{"id": "ch_14", "amount": 1700, "currency": "dzd", "status": "paid"}') || ' ' || pg_temp.applied('evt_c14'), '1 applied repeat', 'which changes nothing when it comes');

-- Chargily Pay
SELECT pg_temp.order_by(15, 'CIB_CARD') AS ok, pg_temp.order_by(16, 'CIB_CARD') AS failed, pg_temp.order_by(17, 'CIB_CARD') AS wrong \gset
SELECT pg_temp.checkout(:'ok', 'ch_15', 'CIB_CARD'), pg_temp.checkout(:'failed', 'ch_16', 'CIB_CARD'), pg_temp.checkout(:'wrong', 'ch_17', 'CIB_CARD') \g /dev/null
SELECT pg_temp.chargily('evt_c15', 'checkout.paid', '{"id": "ch_15", "amount": 1700, "currency": "dzd", "status": "paid", "metadata": []}'),
       pg_temp.chargily('evt_c16', 'checkout.failed', '{"id": "ch_16", "amount": 1700, "currency": "dzd", "status": "failed"}'),
       pg_temp.chargily('evt_c17', 'checkout.paid', '{"id": "ch_17", "amount": 170000, "currency": "dzd", "status": "paid"}') \g /dev/null
SELECT is(concat_ws(', ', pg_temp.applied('evt_c15'), pg_temp.applied('evt_c16'), pg_temp.applied('evt_c17')), 'applied paid, applied failed, applied mismatch', 'Chargily: dinars, not centimes');
SELECT is(mjc_api.payment_verify((SELECT 'PAY_' || checkout_id FROM mjc.checkout WHERE provider_ref = 'ch_16')) #>> '{transaction,status}', 'FAILED', 'verify: failed');
UPDATE mjc.order SET total_centimes = total_centimes + 50, rounding_centimes = rounding_centimes + 50 WHERE order_id = pg_temp.order_id(:'failed');
UPDATE mjc.payment SET amount_centimes = amount_centimes + 50 WHERE order_id = pg_temp.order_id(:'failed');
SELECT is((pg_temp.failure(format('SELECT pg_temp.begin(%L, %L)', :'failed', 'CIB_CARD'))).code, 'MJ508', 'it takes whole dinars only');
UPDATE mjc.order SET total_centimes = total_centimes - 50, rounding_centimes = rounding_centimes - 50 WHERE order_id = pg_temp.order_id(:'failed');
UPDATE mjc.payment SET amount_centimes = amount_centimes - 50 WHERE order_id = pg_temp.order_id(:'failed');

-- One checkout that brings money twice, under two names
SELECT pg_temp.order_by(19, 'CIB_CARD') AS ref \gset
SELECT pg_temp.checkout(:'ref', 'ch_19', 'CIB_CARD') AS c \gset
SELECT mjc_api.checkout_finish(:'c', pg_temp.order_id(:'ref'), 'ch_19b', 'https://pay.example/ch_19b', NULL) \g /dev/null
SELECT pg_temp.chargily('evt_c19', 'checkout.paid', '{"id": "ch_19", "amount": 1700, "currency": "dzd", "status": "paid"}'), pg_temp.chargily('evt_c19b', 'checkout.paid', '{"id": "ch_19b", "amount": 1700, "currency": "dzd", "status": "paid"}'),
       pg_temp.chargily('evt_c19c', 'checkout.paid', '{"id": "ch_19b", "amount": 1700, "currency": "dzd", "status": "paid"}') \g /dev/null
SELECT is(concat_ws(', ', pg_temp.applied('evt_c19'), pg_temp.applied('evt_c19b'), pg_temp.applied('evt_c19c')), 'applied paid, applied twice, applied repeat', 'the second counts too, once');
SELECT is(split_part(pg_temp.payments(:'ref'), ':', 1) || ' ' || pg_temp.refunds(:'ref'), 'CONFIRMED paid excess due 1700', 'and goes back');

-- 14. A poisoned event stops nobody
SELECT pg_temp.order_by(18) AS ref \gset
SELECT pg_temp.checkout(:'ref', 'cs_18') \g /dev/null
SELECT pg_temp.stripe('evt_bad', 'checkout.session.completed', pg_temp.session('cs_18', -5, 'pi_18')), pg_temp.stripe('evt_good', 'checkout.session.completed', pg_temp.session('cs_18', 170000, 'pi_18')) \g /dev/null
SELECT is(pg_temp.applied('evt_good') || ', ' || pg_temp.applied('evt_bad'), 'applied paid, new', '14. the good one is applied, the bad one waits');
SELECT matches((SELECT error FROM mjc.provider_event WHERE event_id = 'evt_bad'), '^MJ201', '14. with the reason');
SELECT is((SELECT mjc_api.provider_event_store('stripe', jsonb_agg(jsonb_build_object('id', 'q' || n, 'type', 'x', 'payload', '{}'::jsonb))::text) FROM generate_series(1, 50) n), 50, 'a batch of 50');
SELECT is(pg_temp.applied('q50'), 'ignored nothing', 'is worked off');
UPDATE mjc.provider_event SET done_at = now() - interval '91 days' WHERE event_id = 'q1';
SELECT is(mjc.provider_event_purge(), 1::bigint, 'one of 91 days ago');
SELECT is((SELECT payload::text FROM mjc.provider_event WHERE event_id = 'q1'), NULL, 'what stood in an old one is forgotten');

-- An attempt that the provider never got is not asked for again with an end that it refuses
SELECT pg_temp.order_by(19) AS ref \gset
SELECT pg_temp.begin(:'ref') #>> '{create,checkout_id}' AS first \gset
UPDATE mjc.checkout SET expires_at = now() + interval '29 minutes' WHERE checkout_id = :'first';
SELECT isnt(pg_temp.begin(:'ref') #>> '{create,checkout_id}', :'first', 'an attempt that ends in less than half an hour: another one');

-- Money that does not fit, and comes when the order is over
SELECT pg_temp.order_by(20) AS ref \gset
SELECT pg_temp.checkout(:'ref', 'cs_20'), mjc.order_cancel(:'ref') \g /dev/null
SELECT pg_temp.stripe('evt_20', 'checkout.session.completed', pg_temp.session('cs_20', 160000, 'pi_20')) \g /dev/null
SELECT is(pg_temp.applied('evt_20') || ' ' || pg_temp.payments(:'ref'), 'applied mismatch CANCELLED void: void 1700 0 0, mismatch 1600 1600 0', 'another amount for a cancelled order');
SELECT is(mjc.payment_mismatch_settle(:'ref', (SELECT payment_id FROM mjc.payment WHERE provider_ref = 'pi_20'), false), 'refunded', 'sent back: the order is refunded');
SELECT is(pg_temp.refunds(:'ref'), 'excess due 1600', 'and owes it');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');
SELECT pg_temp.order_by(21) AS ref \gset
SELECT pg_temp.checkout(:'ref', 'cs_21') \g /dev/null
SELECT pg_temp.stripe('evt_21', 'checkout.session.completed', pg_temp.session('cs_21', 1200, 'pi_21', currency => 'eur')) \g /dev/null
SELECT is(pg_temp.applied('evt_21') || ' ' || pg_temp.expire(:'ref'), 'applied mismatch CANCELLED', 'euros for an order that then expires');
SELECT is((SELECT problem FROM mjc_report.payment_problem WHERE order_reference = :'ref'), 'mismatch', 'are still somebody''s to send back');
SELECT is(mjc.payment_mismatch_settle(:'ref', (SELECT payment_id FROM mjc.payment WHERE provider_ref = 'pi_21'), false), 'void', 'until he says that he did');

-- Money that does not fit goes back at the provider's desk: it cannot be accepted any more
SELECT pg_temp.order_by(24) AS ref \gset
SELECT pg_temp.checkout(:'ref', 'cs_24') \g /dev/null
SELECT pg_temp.stripe('evt_24', 'checkout.session.completed', pg_temp.session('cs_24', 160000, 'pi_24')) \g /dev/null
SELECT is(pg_temp.applied('evt_24'), 'applied mismatch', 'another amount');
SELECT pg_temp.stripe('evt_24r', 'charge.refunded', '{"id": "ch_24", "payment_intent": "pi_24", "amount": 160000, "amount_refunded": 160000, "currency": "dzd"}') \g /dev/null
SELECT is(pg_temp.applied('evt_24r'), 'applied taken_back', 'went back at the provider''s desk');
SELECT is((SELECT concat_ws(' ', state, amount_centimes / 100, received_centimes, refunded_centimes) FROM mjc.payment WHERE provider_ref = 'pi_24'), 'refunded 1600 160000 160000', 'it is not here any more');
SELECT is(pg_temp.refunds(:'ref') || '; ' || split_part(pg_temp.payments(:'ref'), ':', 1), 'outside done 1600; PENDING pending', 'which is booked, and the order waits as before');
SELECT is((pg_temp.failure(format('SELECT mjc.payment_mismatch_settle(%L, %L, true)', :'ref', (SELECT payment_id FROM mjc.payment WHERE provider_ref = 'pi_24')))).code, 'MJ507', 'and counts for nothing');

-- An order that goes on, whose deposit went back, is paid back outside
SELECT pg_temp.order_by(22) AS ref \gset
SELECT pg_temp.checkout(:'ref', 'cs_22'), mjc.payment_record(:'ref', 700, 'BANK_TRANSFER', 'VIR-22'), pg_temp.expire(:'ref') \g /dev/null
SELECT pg_temp.stripe('evt_22', 'checkout.session.completed', pg_temp.session('cs_22', 170000, 'pi_22')) \g /dev/null
SELECT is(pg_temp.applied('evt_22'), 'applied late', 'paid late');
SELECT pg_temp.stripe('evt_22r', 'charge.refunded', '{"id": "ch_22", "payment_intent": "pi_22", "amount": 170000, "amount_refunded": 170000, "currency": "dzd"}') \g /dev/null
SELECT is(pg_temp.applied('evt_22r') || ' ' || split_part(pg_temp.payments(:'ref'), ':', 1), 'applied taken_back CONFIRMED pending', 'nothing of it is here any more');

-- A refund that our own call did not hear of is not sent twice
SELECT pg_temp.order_by(23) AS ref \gset
SELECT pg_temp.checkout(:'ref', 'cs_23') \g /dev/null
SELECT pg_temp.stripe('evt_23', 'checkout.session.completed', pg_temp.session('cs_23', 170000, 'pi_23')) \g /dev/null
SELECT pg_temp.applied('evt_23'), mjc.order_cancel(:'ref') \g /dev/null
SELECT refund_id AS owed FROM mjc.refund WHERE order_id = pg_temp.order_id(:'ref') \gset
SELECT mjc_api.provider_task_done(:'owed', 'refund', pg_temp.order_id(:'ref'), 'failed', NULL, 'timeout') \g /dev/null
SELECT pg_temp.stripe('evt_23r', 'refund.updated', jsonb_build_object('id', 're_23', 'payment_intent', 'pi_23', 'status', 'succeeded', 'metadata', jsonb_build_object('refund_id', :'owed'))) \g /dev/null
SELECT is(pg_temp.applied('evt_23r'), 'applied refund_done', 'the provider says that it is done');
SELECT is((SELECT count(*) FROM mjc.provider_task WHERE task_id = :'owed'), 0::bigint, 'and it is asked no more');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept to the end');

-- What goes back at the provider's desk: each refund once, by its name or by the total
SELECT mjc.stock_receive(pg_temp.pid(n), 100) FROM generate_series(25, 30) n \g /dev/null
CREATE FUNCTION pg_temp.refunded(id text, intent text, amount bigint, own uuid DEFAULT NULL, status text DEFAULT 'succeeded', currency text DEFAULT 'dzd') RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    event text := gen_random_uuid();
BEGIN
    PERFORM pg_temp.stripe(event, CASE status WHEN 'failed' THEN 'refund.failed' ELSE 'refund.created' END,
        jsonb_build_object('id', id, 'object', 'refund', 'payment_intent', intent, 'amount', amount, 'currency', currency, 'status', status,
                           'metadata', CASE WHEN own IS NULL THEN '{}' ELSE jsonb_build_object('refund_id', own) END));
    RETURN pg_temp.applied(event);
END
$$;
CREATE FUNCTION pg_temp.total(intent text, charged bigint, total bigint, currency text DEFAULT 'dzd', list jsonb DEFAULT NULL) RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    event text := gen_random_uuid();
BEGIN
    PERFORM pg_temp.stripe(event, 'charge.refunded', jsonb_build_object('id', 'ch_' || intent, 'payment_intent', intent, 'amount', charged, 'amount_refunded', total, 'currency', currency,
        'refunds', CASE WHEN list IS NOT NULL THEN jsonb_build_object('data', list) END));
    RETURN pg_temp.applied(event);
END
$$;
-- An order that was paid by card: its number.
CREATE FUNCTION pg_temp.paid_by(n integer, name text, qty integer DEFAULT 1, amount bigint DEFAULT NULL, currency text DEFAULT 'dzd') RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    ref text := pg_temp.order_by(n, qty => qty);
BEGIN
    PERFORM pg_temp.checkout(ref, 'cs_' || name), pg_temp.stripe('evt_' || name, 'checkout.session.completed',
        pg_temp.session('cs_' || name, coalesce(amount, qty * 100000 + 70000), 'pi_' || name, currency => currency));
    PERFORM pg_temp.applied('evt_' || name);
    RETURN ref;
END
$$;
-- "kind state amount name" of its refunds; what the shim is to ask for.
CREATE FUNCTION pg_temp.named(ref text) RETURNS text
    LANGUAGE sql
AS $$ SELECT string_agg(concat_ws(' ', r.kind, r.state, r.amount_centimes / 100, r.provider_ref), ', ' ORDER BY r.kind, r.state, r.amount_centimes, r.provider_ref) FROM mjc.refund r WHERE r.order_id = pg_temp.order_id(ref) $$;
CREATE FUNCTION pg_temp.asked_for(ref text) RETURNS text
    LANGUAGE sql
AS $$ SELECT string_agg(((t.request ->> 'amount_centimes')::bigint / 100)::text, ', ' ORDER BY t.request ->> 'amount_centimes') FROM mjc.provider_task t WHERE t.order_id = pg_temp.order_id(ref) AND t.kind = 'refund' $$;

SELECT pg_temp.paid_by(25, 'd1', amount => 160000) AS ref \gset
SELECT is(pg_temp.refunded('re_d1', 'pi_d1', 60000), 'applied taken_back', 'a part of what does not fit goes back');
SELECT is(pg_temp.payments(:'ref') || '; ' || pg_temp.named(:'ref'), 'PENDING pending: pending 1700 0 0, mismatch 1600 1600 600; outside done 600 re_d1', 'which is booked, and nothing is asked more');
SELECT is(pg_temp.total('pi_d1', 160000, 60000) || ', ' || pg_temp.refunded('re_d1', 'pi_d1', 60000), 'applied repeat, applied repeat', 'once, however often it is told');
SELECT is((SELECT problem FROM mjc_report.payment_problem WHERE order_reference = :'ref'), 'mismatch', 'what is left is still to be decided');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');
SELECT is(mjc.payment_mismatch_settle(:'ref', (SELECT payment_id FROM mjc.payment WHERE provider_ref = 'pi_d1'), true), 'part_paid', 'it counts');
SELECT is(pg_temp.payments(:'ref'), 'PENDING part_paid: refunded 1600 600 600, paid 1000 1000 0, pending 700 0 0', 'as far as it is here');
SELECT is(pg_temp.refunded('re_d1b', 'pi_d1', 40000) || ' ' || pg_temp.payments(:'ref'), 'applied taken_back PENDING part_paid: refunded 1600 600 600, paid 1000 1000 400, pending 1100 0 0', 'what goes back of that is asked for again');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');
SELECT pg_temp.paid_by(25, 'd2', amount => 160000) AS ref \gset
SELECT is(pg_temp.total('pi_d2', 160000, 60000) || ', ' || pg_temp.refunded('re_d2', 'pi_d2', 60000), 'applied taken_back, applied repeat', 'told by the total first, then by its name');
SELECT is(mjc.payment_mismatch_settle(:'ref', (SELECT payment_id FROM mjc.payment WHERE provider_ref = 'pi_d2'), false) || ' ' || pg_temp.named(:'ref') || '; ' || pg_temp.asked_for(:'ref'),
    'pending excess due 1000, outside done 600 re_d2; 1000', 'staff send it back: what is left of it');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');
SELECT pg_temp.paid_by(25, 'd3', amount => 160000) AS ref \gset
SELECT pg_temp.refunded('re_d3', 'pi_d3', 60000), mjc.order_cancel(:'ref') \g /dev/null
SELECT is(pg_temp.named(:'ref') || '; ' || split_part(pg_temp.payments(:'ref'), ':', 1), 'end due 1000, outside done 600 re_d3; CANCELLED refunded', 'the order ends: what is left goes back');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

-- Smaller than what is owed: the rest stays due, under a name of its own
SELECT pg_temp.paid_by(26, 'd4') AS ref \gset
SELECT mjc.order_cancel(:'ref') \g /dev/null
SELECT refund_id AS first FROM mjc.refund WHERE order_id = pg_temp.order_id(:'ref') \gset
SELECT is(pg_temp.refunded('re_d4', 'pi_d4', 50000) || ' ' || pg_temp.named(:'ref') || '; ' || pg_temp.asked_for(:'ref'), 'applied taken_back end done 500 re_d4, end due 1200; 1200', 'a part of what is owed went back: the rest is due');
SELECT is(pg_temp.total('pi_d4', 170000, 50000), 'applied repeat', 'the total says the same');
SELECT is((SELECT count(*) FROM (SELECT mjc_api.provider_task_done(:'first', 'refund', pg_temp.order_id(:'ref'), 'refused', NULL, 'status 400')) x), 1::bigint, 'our own call for all of it was refused');
SELECT is(pg_temp.named(:'ref'), 'end done 500 re_d4, end due 1200', 'which changes nothing');
SELECT refund_id AS rest FROM mjc.refund WHERE order_id = pg_temp.order_id(:'ref') AND state = 'due' \gset
SELECT is(pg_temp.total('pi_d4', 170000, 170000), 'applied repeat', 'a total of what we asked for: its own news follows');
SELECT is(pg_temp.refunded('re_d4b', 'pi_d4', 120000, :'rest') || ' ' || pg_temp.named(:'ref'), 'applied refund_done end done 500 re_d4, end done 1200 re_d4b', 'the rest is made');
SELECT is(pg_temp.total('pi_d4', 170000, 170000) || coalesce(pg_temp.asked_for(:'ref'), ''), 'applied repeat', 'and that is all');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');
SELECT pg_temp.paid_by(26, 'd5') AS ref \gset
SELECT mjc.order_cancel(:'ref') \g /dev/null
SELECT is(pg_temp.total('pi_d5', 170000, 50000) || ' ' || pg_temp.named(:'ref') || '; ' || pg_temp.asked_for(:'ref'), 'applied taken_back end done 500, end due 1200; 1200', 'known by the total alone');
SELECT is(pg_temp.refunded('re_d5', 'pi_d5', 30000) || ', ' || pg_temp.refunded('re_d5b', 'pi_d5', 20000) || ' ' || pg_temp.named(:'ref'), 'applied repeat, applied repeat end done 200 re_d5b, end done 300 re_d5, end due 1200', 'it was two, by their names');

-- Just what is owed: ours, or the desk's
SELECT pg_temp.paid_by(27, 'd6') AS ref, pg_temp.paid_by(27, 'd7') AS other \gset
SELECT mjc.order_cancel(:'ref'), mjc.order_cancel(:'other') \g /dev/null
SELECT is(pg_temp.refunded('re_d6', 'pi_d6', 170000) || ' ' || pg_temp.named(:'ref') || coalesce(pg_temp.asked_for(:'ref'), ''), 'applied taken_back end done 1700 re_d6', 'the desk made what was due: it is asked for no more');
SELECT is(pg_temp.total('pi_d7', 170000, 170000) || ' ' || pg_temp.named(:'other') || '; ' || pg_temp.asked_for(:'other'), 'applied repeat end due 1700; 1700', 'a total may be our own');
SELECT is(pg_temp.refunded('re_d6', 'pi_d6', 170000, status => 'failed') || ' ' || pg_temp.named(:'ref'), 'applied refund_refused end refused 1700 re_d6', 'one that failed in the end is owed again');
SELECT is((SELECT problem FROM mjc_report.payment_problem WHERE order_reference = :'ref'), 'refund_refused', 'where staff see it');
SELECT is(pg_temp.refunded('re_d6', 'pi_d6', 170000, status => 'failed') || ', ' || pg_temp.refunded('re_d6', 'pi_d6', 170000), 'applied repeat, applied repeat', 'told again, or too late: nothing');
SELECT is(pg_temp.refunded('re_d6b', 'pi_d6', 170000) || ' ' || pg_temp.named(:'ref'), 'applied taken_back end done 1700 re_d6b', 'made anew at the desk');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

-- More than is owed, and our own call that got through after all
SELECT pg_temp.paid_by(28, 'd8', 10) AS ref \gset
SELECT mjc.payment_refund(:'ref', 300, 'Geste') \g /dev/null
SELECT is(pg_temp.refunded('re_d8', 'pi_d8', 50000) || ' ' || pg_temp.named(:'ref') || '; ' || pg_temp.payments(:'ref'),
    'applied taken_back outside done 200 re_d8, return done 300 re_d8; CONFIRMED part_paid: paid 10700 10700 500, pending 200 0 0', 'more than was due: the rest is asked for again');
SELECT pg_temp.paid_by(28, 'd9', 10) AS ref \gset
SELECT mjc.payment_refund(:'ref', 3000, 'Geste') AS sent \gset
SELECT pg_temp.refunded('re_d9', 'pi_d9', 100000) \g /dev/null
SELECT is(pg_temp.named(:'ref') || '; ' || pg_temp.asked_for(:'ref'), 'return done 1000 re_d9, return due 2000; 2000', 'a part of it went back at the desk');
SELECT is(pg_temp.refunded('re_d9b', 'pi_d9', 300000, :'sent') || ' ' || pg_temp.named(:'ref') || '; ' || pg_temp.payments(:'ref'),
    'applied taken_back outside done 1000 re_d9b, return done 1000 re_d9, return done 2000 re_d9b; CONFIRMED part_paid: paid 10700 10700 4000, pending 1000 0 0', 'and our call for all of it had gone out: 4000 went back, 1000 of it too much');
SELECT is(pg_temp.total('pi_d9', 1070000, 400000) || coalesce(pg_temp.asked_for(:'ref'), ''), 'applied repeat', 'as the total says');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

SELECT pg_temp.paid_by(28, 'd13', 10) AS ref \gset
SELECT mjc.payment_refund(:'ref', 3000, 'Geste') AS sent \gset
SELECT pg_temp.refunded('re_d13', 'pi_d13', 100000) \g /dev/null
SELECT is((SELECT count(*) FROM (SELECT mjc_api.provider_task_done(:'sent', 'refund', pg_temp.order_id(:'ref'), 'ok', '{"id": "re_d13b", "status": "succeeded", "amount": 300000, "payment_intent": "pi_d13", "currency": "dzd"}', NULL)) x), 1::bigint,
    'our call was under way meanwhile, and is answered');
SELECT is(pg_temp.named(:'ref'), 'outside done 1000 re_d13b, return done 1000 re_d13, return done 2000 re_d13b', 'what it made is booked too');
SELECT is(pg_temp.refunded('re_d13b', 'pi_d13', 300000, :'sent'), 'applied repeat', 'once');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

-- Paid back by hand, and by the provider too
SELECT pg_temp.paid_by(29, 'd10') AS ref \gset
SELECT mjc.order_cancel(:'ref') \g /dev/null
SELECT refund_id AS sent FROM mjc.refund WHERE order_id = pg_temp.order_id(:'ref') \gset
SELECT mjc.refund_done(:'ref', :'sent', 'VIR-D10') \g /dev/null
SELECT is(pg_temp.refunded('re_d10', 'pi_d10', 170000, :'sent') || ', ' || pg_temp.refunded('re_d10', 'pi_d10', 170000, :'sent'), 'applied beyond, applied repeat', 'beyond what came in');
SELECT is((SELECT count(*) FROM mjc.order_event WHERE order_id = pg_temp.order_id(:'ref') AND note = '1700.00 DZD, by the provider, beyond what came in: re_d10'), 1::bigint, 'is told, once');
SELECT is(pg_temp.named(:'ref'), 'end done 1700 VIR-D10', 'and no money is made of it');

-- Another currency, of which nothing counts
SELECT pg_temp.paid_by(29, 'd11', amount => 1200, currency => 'eur') AS ref \gset
SELECT is(pg_temp.refunded('re_d11', 'pi_d11', 500, currency => 'eur') || ', ' || pg_temp.refunded('re_d11', 'pi_d11', 500, currency => 'eur'), 'applied taken_back, applied repeat', 'a part of some euros');
SELECT is((SELECT detail FROM mjc_report.payment_problem WHERE order_reference = :'ref'), '12.00 EUR; 5.00 EUR back by re_d11', 'is noted');
SELECT is(pg_temp.total('pi_d11', 1200, 1200, 'eur'), 'applied taken_back', 'all of them');
SELECT is((SELECT state FROM mjc.payment WHERE provider_ref = 'pi_d11'), 'void', 'nothing is left to decide');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

-- Each refund in the news of the total, as older accounts have it
SELECT pg_temp.paid_by(29, 'd12') AS ref \gset
SELECT is(pg_temp.total('pi_d12', 170000, 40000, list => '[{"id": "re_d12", "amount": 40000, "status": "succeeded"}, {"id": "re_d12x", "amount": 9000, "status": "failed"}]') || ' ' || pg_temp.named(:'ref'),
    'applied repeat outside done 400 re_d12', 'one that was made counts');

-- Property: two refunds and two totals, in every order, are two refunds
CREATE FUNCTION pg_temp.told_in(news text[], k integer) RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    intent text := 'pi_p' || k;
    ref text := pg_temp.paid_by(30, 'p' || k);
    word text;
BEGIN
    FOREACH word IN ARRAY news LOOP
        PERFORM CASE word WHEN 'a' THEN pg_temp.refunded('re_a', intent, 30000) WHEN 'b' THEN pg_temp.refunded('re_b', intent, 20000)
                          WHEN 't3' THEN pg_temp.total(intent, 170000, 30000) ELSE pg_temp.total(intent, 170000, 50000) END;
    END LOOP;
    -- A name may stand in two rows, when a total was told in between: what counts is its sum.
    RETURN (SELECT string_agg(concat_ws(' ', x.name, x.amount / 100), ', ' ORDER BY x.name) FROM (SELECT r.provider_ref AS name, sum(r.amount_centimes)::bigint AS amount FROM mjc.refund r
              WHERE r.order_id = pg_temp.order_id(ref) AND r.kind = 'outside' AND r.state = 'done' GROUP BY 1) x) || '; ' || pg_temp.payments(ref);
END
$$;
CREATE TEMP TABLE told AS
SELECT n, ARRAY[a, b, c, d] AS news FROM (SELECT row_number() OVER () AS n, w1.w AS a, w2.w AS b, w3.w AS c, w4.w AS d
      FROM unnest('{a,b,t3,t5}'::text[]) w1 (w), unnest('{a,b,t3,t5}'::text[]) w2 (w), unnest('{a,b,t3,t5}'::text[]) w3 (w), unnest('{a,b,t3,t5}'::text[]) w4 (w)
     WHERE w1.w NOT IN (w2.w, w3.w, w4.w) AND w2.w NOT IN (w3.w, w4.w) AND w3.w <> w4.w) x;
SELECT results_eq('SELECT pg_temp.told_in(news, n::integer) AS made, count(*) FROM told GROUP BY 1', $$VALUES ('re_a 300, re_b 200; CONFIRMED part_paid: paid 1700 1700 500, pending 500 0 0', 24::bigint)$$, 'in every order of their news');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept to the end');
SELECT * FROM finish();
ROLLBACK;
