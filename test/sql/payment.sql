-- payment: several of an order, partial, refunds; staff book, staff give back; what ends an
-- order sends its money back.
BEGIN;
SELECT plan(87);
\ir fixture.psql
SELECT pg_temp.make_stock(n, 1000) FROM generate_series(1, 3) n \g /dev/null
SELECT mjc.payment_method_set('BANK_TRANSFER', true) \g /dev/null

-- An order to be paid that way: its number. 1000.00 a unit and 700.00 for the parcel.
CREATE FUNCTION pg_temp.order_by(method text, qty integer DEFAULT 1, key text DEFAULT NULL) RETURNS text
    LANGUAGE sql
AS $$
    SELECT r.body -> 'order' ->> 'orderNumber'
      FROM mjc_api.order_place_guest('req', key, ARRAY[pg_temp.pid(1)], ARRAY[qty], 'Amina', 'Test', '0550000001', NULL, NULL, '1 rue du Test', 'Testville',
                                     NULL, '99', NULL, NULL, payment_method => method) r
$$;
-- "state asked received refunded" of its payments in the order in which they came in, what is asked last.
CREATE FUNCTION pg_temp.payments(ref text) RETURNS text
    LANGUAGE sql
AS $$
    SELECT string_agg(concat_ws(' ', p.state, p.amount_centimes / 100, p.received_centimes / 100, p.refunded_centimes / 100), ', '
                      ORDER BY p.paid_at NULLS LAST, p.received_centimes, p.payment_id)
      FROM mjc.payment p WHERE p.order_id = pg_temp.order_id(ref)
$$;
CREATE FUNCTION pg_temp.refunds(ref text) RETURNS text
    LANGUAGE sql
AS $$
    SELECT string_agg(concat_ws(' ', r.kind, r.state, r.amount_centimes / 100), ', ' ORDER BY r.created_at, r.amount_centimes)
      FROM mjc.refund r WHERE r.order_id = pg_temp.order_id(ref)
$$;
CREATE FUNCTION pg_temp.paid(ref text) RETURNS text
    LANGUAGE sql
    AS $$ SELECT o.status || ' ' || o.payment_state FROM mjc.order o WHERE o.order_id = pg_temp.order_id(ref) $$;
CREATE FUNCTION pg_temp.broken() RETURNS text
    LANGUAGE sql
    AS $$ SELECT string_agg(v::text, '; ') FROM mjc.check_invariants() v $$;

-- Ways to pay
SELECT is(pg_temp.payments(pg_temp.order_by(NULL)), 'pending 1700 0 0', 'cash on delivery unless told');
SELECT pg_temp.order_by('BANK_TRANSFER') AS transfer \gset
SELECT results_eq(format('SELECT method, provider, state FROM mjc.payment WHERE order_id = %L', pg_temp.order_id(:'transfer')),
    $$VALUES ('BANK_TRANSFER', 'bank', 'pending')$$, 'a transfer');
SELECT is((SELECT payment_method || ' ' || (confirm_by_at - placed_at) FROM mjc.order WHERE order_id = pg_temp.order_id(:'transfer')), 'BANK_TRANSFER 3 days', 'which the order waits for as for the customer''s word');
SELECT is((pg_temp.failure($$SELECT pg_temp.order_by('BANK_CARD')$$)).code, 'MJ218', 'one that is switched off is refused');
SELECT is((pg_temp.failure($$SELECT pg_temp.order_by('GOLD')$$)).code, 'MJ218', 'and one that does not exist');
SELECT is((SELECT count(*) FROM mjc.order), 2::bigint, 'and nothing was ordered');
SELECT mjc.payment_method_set('BANK_CARD', true) \g /dev/null
SELECT pg_temp.order_by('BANK_CARD') AS card \gset
SELECT is((SELECT confirm_by_at - placed_at FROM mjc.order WHERE order_id = pg_temp.order_id(:'card')), interval '1 hour', 'an order that is paid online waits an hour');
SELECT is((SELECT (r.expires_at - r.created_at) BETWEEN interval '59 minutes' AND interval '61 minutes' FROM mjc.reservation r
            WHERE r.reservation_id = pg_temp.order_id(:'card')), true, 'and holds its units as long');
SELECT is((pg_temp.failure($$SELECT pg_temp.order_by('BANK_TRANSFER', key => 'k1')$$)).code, '00000', 'a key');
SELECT is((pg_temp.failure($$SELECT pg_temp.order_by('BANK_CARD', key => 'k1')$$)).code, 'MJ022', 'with another way to pay it is another request');
SELECT is((SELECT string_agg(m ->> 'id', ' ') FROM json_array_elements(mjc_api.payment_method_list()) m), 'CASH_ON_DELIVERY BANK_CARD BANK_TRANSFER', 'the list shows what is switched on');
SELECT is((pg_temp.failure($$SELECT mjc.payment_method_set('GOLD', true)$$)).code, 'MJ218', 'nothing else can be');
SELECT is((pg_temp.failure($$SELECT mjc.payment_method_set('BANK_CARD', NULL)$$)).code, 'MJ003', 'NULL is neither');

-- Booking: whole, partial, several
SELECT mjc.payment_record(:'transfer', 1700, 'BANK_TRANSFER', 'VIR-1', 'BNA') AS whole \gset
SELECT is(pg_temp.paid(:'transfer'), 'CONFIRMED paid', 'paid whole: the order is confirmed');
SELECT is(pg_temp.payments(:'transfer'), 'paid 1700 1700 0', 'one payment');
SELECT results_eq(format('SELECT payment_id, provider_ref, note FROM mjc.payment WHERE order_id = %L', pg_temp.order_id(:'transfer')), format($$VALUES (%L::uuid, 'VIR-1', 'BNA')$$, :'whole'), 'with the bank''s reference');
SELECT is((SELECT string_agg(kind || ' ' || to_status || coalesce(' ' || note, ''), ', ' ORDER BY seq) FROM mjc.order_event WHERE order_id = pg_temp.order_id(:'transfer')),
    'placed PENDING, payment PENDING 1700.00 DZD, BANK_TRANSFER, status CONFIRMED', 'the history tells it');
SELECT set_eq(format('SELECT topic FROM mjc.outbox WHERE aggregate_id = %L', pg_temp.order_id(:'transfer')), ARRAY['order_placed', 'payment_received', 'order_confirmed'], 'the buyer hears of it');
SELECT is((SELECT bool_and(expires_at IS NULL) FROM mjc.reservation WHERE reservation_id = pg_temp.order_id(:'transfer')), true, 'its units expire no more');
SELECT is((pg_temp.failure(format('SELECT mjc.payment_record(%L, 1, %L)', :'transfer', 'BANK_TRANSFER'))).code, 'MJ502', 'nothing more is asked');

SELECT pg_temp.order_by('BANK_TRANSFER', 3) AS parts \gset
SELECT mjc.payment_record(:'parts', 1000, 'BANK_TRANSFER', 'VIR-2') \g /dev/null
SELECT is(pg_temp.paid(:'parts'), 'PENDING part_paid', 'a part');
SELECT is(pg_temp.payments(:'parts'), 'paid 1000 1000 0, pending 2700 0 0', 'the rest stays asked');
SELECT is((SELECT (mjc.order_json(order_id) ->> 'paymentStatus') || ' ' || (mjc.order_json(order_id) ->> 'amountPaid') FROM mjc.order WHERE order_id = pg_temp.order_id(:'parts')), 'PROCESSING 1000.00', 'as the pages read it');
SELECT is(pg_temp.failure(format('SELECT mjc.payment_record(%L, 2700.01, %L)', :'parts', 'CASH_ON_DELIVERY'))::text, '(MJ502,"{""asked"": ""2700.00""}")', 'not more than is asked');
SELECT mjc.payment_record(:'parts', 700, 'CASH_ON_DELIVERY'), mjc.payment_record(:'parts', 2000, 'BANK_TRANSFER', 'VIR-3') \g /dev/null
SELECT is(pg_temp.paid(:'parts') || ': ' || pg_temp.payments(:'parts'), 'CONFIRMED paid: paid 1000 1000 0, paid 700 700 0, paid 2000 2000 0', 'in three parts, two ways');
SELECT is((pg_temp.failure(format($$SELECT mjc.payment_record(%L, 100, 'BANK_TRANSFER', 'VIR-1')$$, pg_temp.order_by('BANK_TRANSFER')))).code, 'MJ504', 'a transfer counts once, also for another order');

-- Each bad argument
SELECT pg_temp.order_by('BANK_TRANSFER') AS ref \gset
SELECT is((pg_temp.failure(format('SELECT mjc.payment_record(%s, %s, %s, %s, %s)', coalesce(quote_nullable(r), 'NULL'), coalesce(a, 'NULL'), quote_nullable(m), quote_nullable(p), quote_nullable(n)))).code, code, title)
  FROM (VALUES (NULL, '1', 'BANK_TRANSFER', NULL, NULL, 'MJ003', 'no order'), ('MJ-2026-000001-0', '1', 'BANK_TRANSFER', NULL, NULL, 'MJ401', 'a mistyped number'),
               (mjc.order_reference(2026, 999999), '1', 'BANK_TRANSFER', NULL, NULL, 'MJ004', 'a number of no order'), (:'ref', NULL, 'BANK_TRANSFER', NULL, NULL, 'MJ003', 'no amount'),
               (:'ref', '0', 'BANK_TRANSFER', NULL, NULL, 'MJ006', 'nothing'), (:'ref', '-5', 'BANK_TRANSFER', NULL, NULL, 'MJ006', 'less'), (:'ref', '1.001', 'BANK_TRANSFER', NULL, NULL, 'MJ010', 'a part of a centime'),
               (:'ref', '1e12', 'BANK_TRANSFER', NULL, NULL, 'MJ006', 'too much to be true'), (:'ref', '1', NULL, NULL, NULL, 'MJ003', 'no method'), (:'ref', '1', 'GOLD', NULL, NULL, 'MJ218', 'an unknown one'),
               (:'ref', '1', 'BANK_CARD', NULL, NULL, 'MJ218', 'a card is not staff''s to book'), (:'ref', '1', 'BANK_TRANSFER', '', NULL, 'MJ006', 'an empty reference'),
               (:'ref', '1', 'BANK_TRANSFER', repeat('x', 101), NULL, 'MJ006', 'a long one'), (:'ref', '1', 'BANK_TRANSFER', NULL, repeat('x', 501), 'MJ006', 'a long note')) v (r, a, m, p, n, code, title);
SELECT is(pg_temp.payments(:'ref'), 'pending 1700 0 0', 'nothing was booked');

-- Refunds
SELECT mjc.payment_refund(:'parts', 2500, 'Un joint rayé') AS refund \gset
SELECT is((SELECT sum(refunded_centimes) FROM mjc.payment WHERE order_id = pg_temp.order_id(:'parts')), 250000::numeric, 'goes back');
SELECT is(pg_temp.paid(:'parts'), 'CONFIRMED paid', 'the order goes on');
SELECT is((pg_temp.failure(format('SELECT mjc.payment_refund(%L, 1200.01, %L)', :'parts', 'x'))).code, 'MJ503', 'never above what was paid');
SELECT mjc.payment_refund(:'parts', 1200, 'Le reste') \g /dev/null
SELECT is((pg_temp.failure(format('SELECT mjc.payment_refund(%L, 0.01, %L)', :'parts', 'x'))).code, 'MJ503', 'nor a centime more');
SELECT is((pg_temp.failure(format('SELECT mjc.payment_refund(%L, 1, %L)', :'ref', 'x'))).code, 'MJ503', 'nor before anything was');
SELECT is((pg_temp.failure(format('SELECT mjc.payment_refund(%L, %s, %L)', r, coalesce(a, 'NULL'), t))).code, code, title)
  FROM (VALUES (:'parts', NULL, 'x', 'MJ003', 'no amount to refund'), (:'parts', '0', 'x', 'MJ006', 'nothing to refund'), (:'parts', '1', NULL, 'MJ003', 'no reason'), (:'parts', '1', '', 'MJ006', 'an empty reason')) v (r, a, t, code, title);
SELECT ok(NOT EXISTS (SELECT FROM mjc.refund r JOIN mjc.payment p USING (payment_id) WHERE p.provider = 'cod' AND r.state <> 'done'), 'cash is handed over at once');
SELECT ok(EXISTS (SELECT FROM mjc.refund r JOIN mjc.payment p USING (payment_id) WHERE p.provider = 'bank' AND r.state = 'due'), 'a transfer is to be made');
SELECT r.refund_id AS due FROM mjc.refund r JOIN mjc.payment p USING (payment_id) WHERE p.provider = 'bank' AND r.state = 'due' ORDER BY r.amount_centimes LIMIT 1 \gset
SELECT mjc.refund_done(:'parts', :'due', 'VIR-R1') \g /dev/null
SELECT is((SELECT state || ' ' || provider_ref || ' ' || (done_at IS NOT NULL) FROM mjc.refund WHERE refund_id = :'due'), 'done VIR-R1 true', 'staff say that they did');
SELECT is((pg_temp.failure(format('SELECT mjc.refund_done(%L, %L)', :'parts', :'due'))).code, 'MJ511', 'once');
SELECT is((pg_temp.failure(format('SELECT mjc.refund_done(%L, %L)', :'parts', gen_random_uuid()))).code, 'MJ004', 'of a refund that there is');
SELECT is((pg_temp.failure(format('SELECT mjc.refund_done(%L, %L)', :'transfer', :'due'))).code, 'MJ004', 'of that order');
SELECT is((SELECT count(*) FROM mjc_report.payment_problem WHERE problem = 'refund_due' AND order_reference = :'parts'),
          (SELECT count(*) FROM mjc.refund WHERE order_id = pg_temp.order_id(:'parts') AND state = 'due'), 'what is still due is a problem that somebody sees');

-- What ends an order
SELECT mjc.order_cancel(:'transfer') \g /dev/null
SELECT is(pg_temp.paid(:'transfer') || ': ' || pg_temp.payments(:'transfer') || '; ' || pg_temp.refunds(:'transfer'), 'CANCELLED refunded: refunded 1700 1700 1700; end due 1700', 'a paid order that is cancelled owes its money');
SELECT is((pg_temp.failure(format('SELECT mjc.payment_record(%L, 1, %L)', :'transfer', 'BANK_TRANSFER'))).code, 'MJ501', 'and takes no more');
SELECT is((pg_temp.failure(format('SELECT mjc.payment_refund(%L, 1, %L)', :'transfer', 'x'))).code, 'MJ503', 'nor gives more');
SELECT mjc.order_cancel(:'ref') \g /dev/null
SELECT is(pg_temp.paid(:'ref') || ': ' || pg_temp.payments(:'ref') || coalesce(pg_temp.refunds(:'ref'), ''), 'CANCELLED void: void 1700 0 0', 'one that was not paid owes nothing');
SELECT pg_temp.order_by(NULL) AS cod \gset
SELECT mjc.payment_record(:'cod', 500, 'BANK_TRANSFER', 'ARRHES-1') \g /dev/null
SELECT is(pg_temp.paid(:'cod'), 'PENDING part_paid', 'a deposit on an order that is paid at the door');
SELECT mjc.order_ship(:'cod'), mjc.order_deliver(:'cod') \g /dev/null
SELECT is(pg_temp.paid(:'cod') || ': ' || pg_temp.payments(:'cod'), 'DELIVERED paid: paid 500 500 0, paid 1200 1200 0', 'the carrier takes the rest');
SELECT mjc.payment_refund(:'cod', 200, 'Geste commercial') \g /dev/null
SELECT mjc.order_refund(:'cod') \g /dev/null
SELECT is(pg_temp.paid(:'cod') || ': ' || pg_temp.payments(:'cod'), 'REFUNDED refunded: refunded 500 500 500, refunded 1200 1200 1200', 'it comes back: all the money that is left too');
SELECT is((SELECT sum(amount_centimes) FROM mjc.refund WHERE order_id = pg_temp.order_id(:'cod')), 170000::numeric, 'and not a dinar twice');
SELECT pg_temp.order_by('BANK_TRANSFER') AS unpaid \gset
SELECT mjc.order_ship(:'unpaid'), mjc.order_deliver(:'unpaid') \g /dev/null
SELECT is(pg_temp.paid(:'unpaid'), 'DELIVERED pending', 'a transfer is not paid because the parcel arrived');
SELECT mjc.payment_record(:'unpaid', 1700, 'BANK_TRANSFER', 'VIR-9') \g /dev/null
SELECT is(pg_temp.paid(:'unpaid'), 'DELIVERED paid', 'but later');
SELECT pg_temp.order_by('BANK_TRANSFER') AS never \gset
SELECT mjc.order_ship(:'never'), mjc.order_deliver(:'never'), mjc.order_refund(:'never') \g /dev/null
SELECT is(pg_temp.paid(:'never') || ': ' || pg_temp.payments(:'never'), 'REFUNDED refunded: void 1700 0 0', 'goods that came back unpaid');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

-- A transfer that arrives when the order has expired
SELECT mjc.stock_receive(pg_temp.make_product(7, 100000, NULL, 60000), 5), mjc.stock_receive(pg_temp.make_product(8, 100000, NULL, 60000), 5) \g /dev/null
CREATE FUNCTION pg_temp.expired(n integer) RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    ref text;
BEGIN
    SELECT r.body -> 'order' ->> 'orderNumber' INTO ref
      FROM mjc_api.order_place_guest('req', NULL, ARRAY[pg_temp.pid(n)], '{5}', 'Amina', 'Test', '0550000001', NULL, NULL, '1 rue du Test', 'Testville', NULL, '99', NULL, NULL, payment_method => 'BANK_TRANSFER') r;
    UPDATE mjc.order SET confirm_by_at = now() - interval '1 minute' WHERE order_id = pg_temp.order_id(ref);
    PERFORM mjc.order_expire();
    RETURN ref;
END
$$;
SELECT pg_temp.expired(7) AS late, pg_temp.expired(8) AS gone, pg_temp.expired(8) AS part \gset
SELECT pg_temp.bought('{8}', '{1}', '0550000088') \g /dev/null
SELECT mjc.payment_record(:'late', 5700, 'BANK_TRANSFER', 'VIR-LATE'), mjc.payment_record(:'gone', 5700, 'BANK_TRANSFER', 'VIR-GONE'), mjc.payment_record(:'part', 100, 'BANK_TRANSFER', 'VIR-PART') \g /dev/null
SELECT is(pg_temp.paid(:'late') || ': ' || pg_temp.payments(:'late') || '; ' || pg_temp.stock(7), 'CONFIRMED paid: paid 5700 5700 0; 5 5', 'a late transfer brings its order back');
SELECT is(pg_temp.paid(:'gone') || '; ' || pg_temp.refunds(:'gone'), 'CANCELLED paid_short; end due 5700', 'or is owed when its units are gone');
SELECT is(pg_temp.paid(:'part') || '; ' || pg_temp.refunds(:'part'), 'CANCELLED paid_short; end due 100', 'a part of it brings nothing back');
SELECT mjc.payment_record(:'part', 50, 'CASH_ON_DELIVERY') \g /dev/null
SELECT is(pg_temp.paid(:'part'), 'CANCELLED paid_short', 'cash too is handed back, and the transfer is still owed');
SELECT mjc.stock_receive(pg_temp.pid(8), 9) \g /dev/null
SELECT pg_temp.expired(8) AS cash \gset
SELECT mjc.payment_record(:'cash', 50, 'CASH_ON_DELIVERY') \g /dev/null
SELECT is(pg_temp.paid(:'cash') || '; ' || pg_temp.refunds(:'cash'), 'CANCELLED refunded; end done 50', 'cash alone is handed back there and then: nothing is owed');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

-- Property: whatever staff do, in any order, the books hold. 60 steps, seeded.
SELECT setseed(0.42) \g /dev/null
SELECT pg_temp.order_by('BANK_TRANSFER', 5) AS r1, pg_temp.order_by(NULL, 2) AS r2 \gset
CREATE FUNCTION pg_temp.random_step(ref text) RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    amount numeric := round((random() * 2000)::numeric, 2);
    statement text := (ARRAY[format('SELECT mjc.payment_record(%L, %s, %L)', ref, amount, (ARRAY['BANK_TRANSFER', 'CASH_ON_DELIVERY'])[1 + floor(random() * 2)::integer]),
                             format('SELECT mjc.payment_refund(%L, %s, %L)', ref, amount, 'x')])[1 + floor(random() * 1.7)::integer];
BEGIN
    RETURN (pg_temp.failure(statement)).code;
END
$$;
SELECT is(array_agg(DISTINCT c ORDER BY c), ARRAY['00000', 'MJ502', 'MJ503'], 'steps that are taken and steps that are refused')
  FROM (SELECT pg_temp.random_step(CASE WHEN n % 2 = 0 THEN :'r1' ELSE :'r2' END) AS c FROM generate_series(1, 60) n) s;
SELECT is((SELECT count(*) FROM mjc.payment p WHERE p.order_id IN (pg_temp.order_id(:'r1'), pg_temp.order_id(:'r2')) AND p.refunded_centimes > p.received_centimes), 0::bigint, 'nothing went back that had not come in');
SELECT is(pg_temp.broken(), NULL, 'and every promise is kept');
SELECT mjc.order_cancel(:'r1'), mjc.order_cancel(:'r2') \g /dev/null
SELECT is((SELECT sum(received_centimes - refunded_centimes) FROM mjc.payment p WHERE p.order_id IN (pg_temp.order_id(:'r1'), pg_temp.order_id(:'r2'))), 0::numeric, 'cancelled: all of it goes back');
SELECT is(pg_temp.broken(), NULL, 'and every promise is kept to the end');

-- Rules of staff are for staff
SELECT ok(NOT has_function_privilege('mjc_shim', f, 'EXECUTE') AND NOT has_function_privilege('mjc_analyst', f, 'EXECUTE') AND has_function_privilege('mjc_admin', f, 'EXECUTE'), f::text)
  FROM unnest(ARRAY['mjc.payment_record(text,numeric,text,text,text)', 'mjc.payment_refund(text,numeric,text,integer,boolean)', 'mjc.refund_for(text,uuid,integer)', 'mjc.refund_done(text,uuid,text)',
                    'mjc.payment_mismatch_settle(text,uuid,boolean)', 'mjc.payment_method_set(text,boolean)', 'mjc.provider_event_retry(text,text)']::regprocedure[]) f;
SELECT * FROM finish();
ROLLBACK;
