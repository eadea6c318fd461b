-- order_exchange: units of a delivered order come back and others leave for them, in one go.
-- Parts 1 to 9 cost 1000.00, 10 costs 3000.00, 11 costs 500.00; a parcel costs 700.00.
BEGIN;
SELECT plan(90);
\ir fixture.psql
SELECT pg_temp.make_stock(n, 50) FROM generate_series(1, 9) n \g /dev/null
SELECT pg_temp.make_stock(10, 50, 300000), pg_temp.make_stock(11, 50, 50000) \g /dev/null
UPDATE mjc.payment_method SET is_enabled = true WHERE method = 'BANK_TRANSFER';
CREATE FUNCTION pg_temp.delivered(numbers integer[], quantities integer[], cards text[] DEFAULT NULL, phone text DEFAULT '0550000001', method text DEFAULT 'CASH_ON_DELIVERY') RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    ref text := (SELECT r.body -> 'order' ->> 'orderNumber' FROM mjc_api.order_place_guest('req', NULL, pg_temp.pids(numbers), quantities, 'Amina', 'Test', phone, NULL, NULL,
                     '1 rue du Test', 'Testville', NULL, '99', NULL, NULL, gift_cards => cards, payment_method => method) r);
BEGIN
    PERFORM mjc.order_confirm(ref), mjc.order_ship(ref), mjc.order_deliver(ref);
    RETURN ref;
END
$$;
-- "status state: total, by card, asked, here"
CREATE FUNCTION pg_temp.books(ref text) RETURNS text
    LANGUAGE sql
AS $$
    SELECT format('%s %s: %s %s %s %s', o.status, o.payment_state, o.total_centimes / 100, (o.credit_centimes - o.credit_back_centimes) / 100,
                  coalesce(sum(p.amount_centimes) FILTER (WHERE p.state = 'pending'), 0)::bigint / 100, sum(p.received_centimes - p.refunded_centimes)::bigint / 100)
      FROM mjc.order o JOIN mjc.payment p USING (order_id) WHERE o.order_id = pg_temp.order_id(ref) GROUP BY o.order_id
$$;
CREATE FUNCTION pg_temp.refunds(ref text) RETURNS text
    LANGUAGE sql
    AS $$ SELECT string_agg(concat_ws(' ', r.kind, r.state, r.amount_centimes / 100), ', ' ORDER BY r.kind) FROM mjc.refund r WHERE r.order_id = pg_temp.order_id(ref) $$;
CREATE FUNCTION pg_temp.exchange(ref text, lines integer[], quantities integer[], numbers integer[], new_quantities integer[], damaged boolean DEFAULT false) RETURNS jsonb
    LANGUAGE sql
    AS $$ SELECT mjc.order_exchange(ref, lines, quantities, 'Mauvaise référence', pg_temp.pids(numbers), new_quantities, damaged) $$;
CREATE FUNCTION pg_temp.told(doc jsonb) RETURNS text
    LANGUAGE sql
    AS $$ SELECT concat_ws(' ', 'value', doc ->> 'value', 'paid', doc ->> 'paid', 'due', doc ->> 'amountDue', 'refunded', doc ->> 'refunded', 'cards', doc ->> 'toCards') $$;
CREATE FUNCTION pg_temp.buyer(ref text) RETURNS uuid
    LANGUAGE sql
    AS $$ SELECT o.customer_id FROM mjc.order o WHERE o.order_id = pg_temp.order_id(ref) $$;
CREATE FUNCTION pg_temp.broken() RETURNS text
    LANGUAGE sql
    AS $$ SELECT string_agg(v::text, '; ') FROM mjc.check_invariants() v $$;

-- Paid in cash: the value pays the new order, the rest is asked
SELECT pg_temp.delivered('{1}', '{2}') AS ref \gset
SELECT pg_temp.exchange(:'ref', '{1}', '{1}', '{2}', '{1}') AS doc \gset
SELECT :'doc'::jsonb ->> 'exchangeNumber' AS new \gset
SELECT is(pg_temp.told(:'doc'), 'value 1000.00 paid 1000.00 due 700.00 refunded 0.00 cards 0.00', 'one article for another: its parcel is due');
SELECT is(pg_temp.books(:'ref'), 'DELIVERED paid: 2700 0 0 1700', 'the value left the first order');
SELECT is(pg_temp.refunds(:'ref'), 'exchange done 1000', 'for the second');
SELECT is(pg_temp.books(:'new'), 'CONFIRMED pending: 1700 1000 700 0', 'which asks for the rest');
SELECT is(pg_temp.stock(1) || '; ' || pg_temp.stock(2), '49 0; 50 1', 'the one is back, the other held');
SELECT results_eq(format('SELECT kind, amount_centimes, order_id FROM mjc.credit_ledger WHERE credit_id = %L ORDER BY seq', pg_temp.buyer(:'ref')), format('VALUES (''issue'', 100000::bigint, NULL::uuid), (''spend'', -100000, %L)', pg_temp.order_id(:'new')), 'through the store credit of the customer');
SELECT results_eq(format('SELECT o.customer_id, o.payment_method, o.delivery_mode, o.wilaya_code, o.channel, c.first_name, c.phone, c.street, c.city, c.region FROM mjc.order o JOIN mjc.order_contact c USING (order_id) WHERE order_id = %L', pg_temp.order_id(:'new')),
    format('SELECT o.customer_id, o.payment_method, o.delivery_mode, o.wilaya_code, ''staff'', c.first_name, c.phone, c.street, c.city, c.region FROM mjc.order o JOIN mjc.order_contact c USING (order_id) WHERE order_id = %L', pg_temp.order_id(:'ref')), 'to the same buyer at the same place');
SELECT is(mjc.order_json(pg_temp.order_id(:'new')) #>> '{exchangeOf,orderNumber}', :'ref', 'the second names the first');
SELECT is(mjc.order_json(pg_temp.order_id(:'ref')) #>> '{exchangedBy,0,orderNumber}', :'new', 'and the first the second');
SELECT is(mjc.order_json(pg_temp.order_id(:'ref')) ->> 'exchangeOf', NULL, 'but is no exchange itself');
SELECT is((SELECT note FROM mjc.order_event WHERE order_id = pg_temp.order_id(:'ref') ORDER BY seq DESC LIMIT 1), 'Échange contre ' || :'new' || ' : Mauvaise référence', 'the history of the first tells it');
SELECT is((SELECT note FROM mjc.order_event WHERE order_id = pg_temp.order_id(:'new') AND kind = 'placed'), 'Échange de la commande ' || :'ref', 'and that of the second');
SELECT is((SELECT after ->> 'exchange' FROM mjc.audit WHERE action = 'order_exchange'), :'new', 'and the audit');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');
SELECT pg_temp.exchange(:'ref', '{1}', '{1}', '{11}', '{1}', true) AS doc \gset
SELECT is(pg_temp.told(:'doc') || '; ' || pg_temp.stock(1), 'value 1000.00 paid 1000.00 due 200.00 refunded 0.00 cards 0.00; 49 0', 'the other unit, damaged');
SELECT is(json_array_length(mjc.order_json(pg_temp.order_id(:'ref')) -> 'exchangedBy'), 2, 'two exchanges of one order');
SELECT mjc.order_ship(:'new'), mjc.order_deliver(:'new') \g /dev/null
SELECT is(pg_temp.books(:'new'), 'DELIVERED paid: 1700 1000 0 700', 'the second is delivered like any other');
SELECT is(pg_temp.told(pg_temp.exchange(:'new', '{1}', '{1}', '{3}', '{1}')), 'value 1000.00 paid 1000.00 due 700.00 refunded 0.00 cards 0.00', 'and exchanged in its turn');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');
SELECT mjc.order_refund(:'ref') \g /dev/null
SELECT is(pg_temp.books(:'ref') || '; ' || pg_temp.refunds(:'ref'), 'REFUNDED refunded: 2700 0 0 0; end done 700, exchange done 1000, exchange done 1000', 'the first is refunded: what it has left');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

-- Worth more than what leaves for it
SELECT pg_temp.delivered('{10}', '{2}', phone => '0550000002') AS ref \gset
SELECT pg_temp.exchange(:'ref', '{1}', '{1}', '{2}', '{1}') AS doc \gset
SELECT is(pg_temp.told(:'doc'), 'value 3000.00 paid 1700.00 due 0.00 refunded 1300.00 cards 0.00', 'what is left goes back');
SELECT is(pg_temp.books(:'ref') || '; ' || pg_temp.refunds(:'ref'), 'DELIVERED paid: 6700 0 0 3700; exchange done 1700, return done 1300', 'as money');
SELECT is(mjc.credit_balance(pg_temp.buyer(:'ref')), 0::bigint, 'nothing is left on the store credit');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');
SELECT mjc.order_cancel(:'doc'::jsonb ->> 'exchangeNumber') \g /dev/null
SELECT is(mjc.credit_balance(pg_temp.buyer(:'ref')), 170000::bigint, 'when the second is cancelled the customer has its value as store credit');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

-- Paid by card too: the card pays with what it has back, then the money
SELECT a.credit_id AS card, a.code FROM mjc.gift_card_issue(2000) a \gset
SELECT pg_temp.delivered('{1}', '{3}', ARRAY[:'code'], '0550000003') AS ref \gset
SELECT pg_temp.exchange(:'ref', '{1}', '{3}', '{10}', '{1}') AS doc \gset
SELECT is(pg_temp.told(:'doc'), 'value 3000.00 paid 3000.00 due 700.00 refunded 0.00 cards 0.00', '1300.00 by card, 1700.00 of the cash');
SELECT is(pg_temp.books(:'ref') || '; ' || mjc.credit_balance(:'card'), 'DELIVERED paid: 3700 700 0 0; 0', 'the first keeps what its parcel cost');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');
SELECT mjc.order_cancel(:'doc'::jsonb ->> 'exchangeNumber') \g /dev/null
SELECT is(mjc.credit_balance(:'card') || ' ' || mjc.credit_balance(pg_temp.buyer(:'ref')), '130000 170000', 'each has its own when the second is cancelled');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');
SELECT a.credit_id AS card, a.code FROM mjc.gift_card_issue(2000) a \gset
SELECT pg_temp.delivered('{1}', '{3}', ARRAY[:'code'], '0550000004') AS ref \gset
SELECT is(pg_temp.told(pg_temp.exchange(:'ref', '{1}', '{3}', '{2}', '{1}')), 'value 3000.00 paid 1700.00 due 0.00 refunded 1300.00 cards 0.00', 'worth more: the card pays first, so money is left');
SELECT is(pg_temp.books(:'ref') || '; ' || mjc.credit_balance(:'card'), 'DELIVERED paid: 3700 700 0 0; 0', 'and goes back');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');
SELECT a.credit_id AS card, a.code FROM mjc.gift_card_issue(5000) a \gset
SELECT pg_temp.delivered('{1}', '{2}', ARRAY[:'code'], '0550000005') AS ref \gset
SELECT is(pg_temp.told(pg_temp.exchange(:'ref', '{1}', '{2}', '{11}', '{1}')), 'value 2000.00 paid 1200.00 due 0.00 refunded 0.00 cards 800.00', 'all by card: the rest stays on it');
SELECT is(mjc.credit_balance(:'card'), 310000::bigint, 'of 5000.00 what is kept was taken');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

-- A card pays no more than it has back
SELECT a.credit_id AS card, a.code FROM mjc.gift_card_issue(9000) a \gset
SELECT pg_temp.delivered('{1}', '{1}', ARRAY[:'code'], '0550000006') AS ref \gset
SELECT is(pg_temp.told(pg_temp.exchange(:'ref', '{1}', '{1}', '{10}', '{1}')), 'value 1000.00 paid 1000.00 due 2700.00 refunded 0.00 cards 0.00', 'the card would have more');
SELECT is(mjc.credit_balance(:'card'), 730000::bigint, 'which nobody asked it for');
SELECT pg_temp.delivered('{1}', '{1}', ARRAY[:'code'], '0550000006') AS ref \gset
SELECT mjc.credit_close(:'card', 'perdue') \g /dev/null
SELECT is(pg_temp.told(pg_temp.exchange(:'ref', '{1}', '{1}', '{2}', '{1}')), 'value 1000.00 paid 0.00 due 1700.00 refunded 0.00 cards 1000.00', 'one that was closed pays nothing');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

-- Store credit as the card
SELECT mjc.order_deliver(r) FROM (SELECT mjc.order_ship(r), r FROM (SELECT pg_temp.sold('{1}', '{1}') AS r) x) y \g /dev/null
SELECT c.customer_id AS buyer FROM mjc.customer_phone c WHERE c.phone = '+213550000098' \gset
SELECT mjc.store_credit_add(:'buyer', 2000, 'Geste') \g /dev/null
SELECT mjc.order_place(pg_temp.pids('{1}'), '{2}', 'Amina', 'Test', '0550000098', street => '1 rue du Test', city => 'Testville', region => '99', store_credit => true) AS ref \gset
SELECT mjc.order_ship(:'ref'), mjc.order_deliver(:'ref') \g /dev/null
SELECT is(pg_temp.books(:'ref'), 'DELIVERED paid: 2700 2000 0 700', 'paid by store credit and in cash');
SELECT is(pg_temp.told(pg_temp.exchange(:'ref', '{1}', '{2}', '{10}', '{1}')), 'value 2000.00 paid 2000.00 due 1700.00 refunded 0.00 cards 0.00', 'both pay the exchange');
SELECT is(mjc.credit_balance(:'buyer') || ' ' || pg_temp.books(:'ref') || '; ' || pg_temp.refunds(:'ref'), '0 DELIVERED paid: 2700 700 0 0; exchange done 700', 'each its part');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

-- What was never paid is asked no more, and cannot pay
SELECT pg_temp.delivered('{1}', '{2}', NULL, '0550000007', 'BANK_TRANSFER') AS ref \gset
SELECT pg_temp.exchange(:'ref', '{1}', '{1}', '{2}', '{1}') AS doc \gset
SELECT is(pg_temp.told(:'doc'), 'value 1000.00 paid 0.00 due 1700.00 refunded 0.00 cards 0.00', 'the new order is asked whole');
SELECT is(pg_temp.books(:'ref') || '; ' || pg_temp.books(:'doc'::jsonb ->> 'exchangeNumber'), 'DELIVERED pending: 2700 0 1700 0; CONFIRMED pending: 1700 0 1700 0', 'the first asks less');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

-- All of it or nothing
SELECT pg_temp.delivered('{4}', '{2}', phone => '0550000008') AS ref, pg_temp.bought('{4}', '{1}', '0550000009') AS pending \gset
SELECT mjc.order_deliver(r) FROM (SELECT mjc.order_ship(r), r FROM (SELECT pg_temp.bought('{4}', '{1}', '0550000010') AS r) x) y \g /dev/null
CREATE TEMP TABLE before AS SELECT (SELECT count(*) FROM mjc.order) AS orders, (SELECT sum(refunded_centimes) FROM mjc.payment) AS back, (SELECT count(*) FROM mjc.credit_ledger) AS moves,
    (SELECT count(*) FROM mjc.stock_ledger) AS stock, (SELECT count(*) FROM mjc.order_event) AS events;
SELECT is((pg_temp.failure(format('SELECT mjc.order_exchange(%s, %s, %s, %s, %s, %s)', coalesce(r, quote_literal(:'ref')), l, q, w, p, n))).code, code, title)
  FROM (VALUES (NULL, '''{1}''', '''{1}''', '''x''', 'pg_temp.pids(''{5}'')', '''{51}''', 'MJ101', 'not more than there is'), (NULL, '''{1}''', '''{1}''', '''x''', 'ARRAY[gen_random_uuid()]', '''{1}''', 'MJ102', 'for a product that there is not'),
               (NULL, '''{1}''', '''{3}''', '''x''', 'pg_temp.pids(''{5}'')', '''{1}''', 'MJ115', 'more than was bought'), (NULL, '''{2}''', '''{1}''', '''x''', 'pg_temp.pids(''{5}'')', '''{1}''', 'MJ115', 'a line that there is not'),
               (NULL, '''{1}''', '''{1}''', '''x''', 'ARRAY[]::uuid[]', '''{}''', 'MJ302', 'for nothing'), (NULL, '''{1}''', '''{1}''', '''x''', 'pg_temp.pids(''{5}'')', '''{0}''', 'MJ104', 'for no units'),
               (NULL, '''{1}''', '''{1}''', '''x''', 'pg_temp.pids(''{5}'')', '''{1,1}''', 'MJ010', 'units of what'), (NULL, '''{1,1}''', '''{1,1}''', '''x''', 'pg_temp.pids(''{5}'')', '''{1}''', 'MJ010', 'a line twice'),
               (NULL, 'NULL', '''{1}''', '''x''', 'pg_temp.pids(''{5}'')', '''{1}''', 'MJ010', 'no lines'), (NULL, '''{1}''', 'NULL', '''x''', 'pg_temp.pids(''{5}'')', '''{1}''', 'MJ010', 'no units'),
               (NULL, '''{1}''', '''{1}''', 'NULL', 'pg_temp.pids(''{5}'')', '''{1}''', 'MJ003', 'no reason'), (NULL, '''{1}''', '''{1}''', 'repeat(''x'', 201)', 'pg_temp.pids(''{5}'')', '''{1}''', 'MJ006', 'too long a reason'),
               (NULL, '''{1}''', '''{1}''', '''x''', 'NULL', '''{1}''', 'MJ003', 'no new products'), (NULL, '''{1}''', '''{1}''', '''x''', 'pg_temp.pids(''{5}'')', 'NULL', 'MJ003', 'no new units'),
               ('NULL', '''{1}''', '''{1}''', '''x''', 'pg_temp.pids(''{5}'')', '''{1}''', 'MJ003', 'no order'), (quote_literal('MJ-2026-999999-0'), '''{1}''', '''{1}''', '''x''', 'pg_temp.pids(''{5}'')', '''{1}''', 'MJ401', 'a mistyped number'),
               (quote_literal(:'pending'), '''{1}''', '''{1}''', '''x''', 'pg_temp.pids(''{5}'')', '''{1}''', 'MJ339', 'of an order that did not arrive')) v (r, l, q, w, p, n, code, title);
SELECT is((pg_temp.failure(format('SELECT mjc.order_exchange_core(%L, %s, -1, %L, %L, %L, NULL, %L, NULL)', pg_temp.order_id(:'ref'), v, 'x', pg_temp.pids('{5}'), '{1}', 'psql'))).code, c, 'a value of ' || v) FROM (VALUES ('-1', 'MJ201'), ('NULL', 'MJ003'), ('999900', 'MJ503')) x (v, c);
SELECT mjc.customer_status_set(pg_temp.buyer(:'ref'), 'blocked') \g /dev/null
SELECT is((pg_temp.failure(format('SELECT pg_temp.exchange(%L, %L, %L, %L, %L)', :'ref', '{1}', '{1}', '{5}', '{1}'))).code, 'MJ652', 'with a customer who is blocked');
SELECT mjc.customer_status_set(pg_temp.buyer(:'ref'), 'active') \g /dev/null
INSERT INTO mjc.credit (credit_id, kind, customer_id, created_at, is_active) VALUES (pg_temp.buyer(:'ref'), 'store_credit', pg_temp.buyer(:'ref'), now(), false);
SELECT is(pg_temp.failure(format('SELECT pg_temp.exchange(%L, %L, %L, %L, %L)', :'ref', '{1}', '{1}', '{5}', '{1}'))::text, '(MJ341,"{""why"": ""STORE_CREDIT_CLOSED""}")', 'whose store credit is closed');
UPDATE mjc.credit SET is_active = true WHERE credit_id = pg_temp.buyer(:'ref');
SELECT results_eq('SELECT * FROM before', 'SELECT (SELECT count(*) FROM mjc.order), (SELECT sum(refunded_centimes) FROM mjc.payment), (SELECT count(*) FROM mjc.credit_ledger), (SELECT count(*) FROM mjc.stock_ledger), (SELECT count(*) FROM mjc.order_event)', 'nothing happened');
SELECT mjc.payment_refund(:'ref', 2500, 'geste') \g /dev/null
SELECT is((pg_temp.failure(format('SELECT pg_temp.exchange(%L, %L, %L, %L, %L)', :'ref', '{1}', '{1}', '{5}', '{1}'))).code, 'MJ503', 'nor with money that staff gave back before');
SELECT pg_temp.delivered('{4}', '{1}', phone => '0550000012') AS ref \gset
SELECT mjc.customer_erase(pg_temp.buyer(:'ref'), 'request') \g /dev/null
SELECT is(pg_temp.failure(format('SELECT pg_temp.exchange(%L, %L, %L, %L, %L)', :'ref', '{1}', '{1}', '{5}', '{1}'))::text, '(MJ341,"{""why"": ""ERASED""}")', 'of a buyer who is forgotten');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

-- Documents: a credit note for the first, an ordinary invoice for the second
SELECT mjc.setting_set('seller_' || f, 'Test') FROM unnest(ARRAY['legal_form', 'activity', 'address', 'phone', 'rc', 'nif', 'nis', 'ai']) f \g /dev/null
SELECT pg_temp.delivered('{6,7}', '{3,2}', phone => '0550000011') AS ref \gset
SELECT pg_temp.exchange(:'ref', '{1,2}', '{1,1}', '{8}', '{2}') AS doc \gset
SELECT :'doc'::jsonb ->> 'exchangeNumber' AS new \gset
SELECT is((SELECT i.kind || ' ' || i.total_centimes FROM mjc.invoice i WHERE i.number = :'doc'::jsonb ->> 'creditNote'), 'credit_note 200000', 'a credit note of what came back');
SELECT mjc.order_ship(:'new'), mjc.invoice_issue(:'new') \g /dev/null
SELECT is((SELECT concat_ws(' ', i.kind, i.total_centimes, i.body::jsonb ->> 'credit', i.body::jsonb ->> 'due') FROM mjc.invoice i WHERE i.order_id = pg_temp.order_id(:'new')), 'invoice 270000 200000 70000', 'the second has its invoice, paid in part');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

-- Gifts of promotions: one that comes back is worth nothing, and a new order may bring another
SELECT mjc.promotion_set('exchange-gift', jsonb_build_object('name', 'x', 'kind', 'gift', 'scope', 'order', 'getQuantity', 1, 'giftProduct', pg_temp.pid(11), 'minAmount', 2000)) \g /dev/null
SELECT pg_temp.delivered('{9}', '{2}', phone => '0550000013') AS gifted \gset
SELECT pg_temp.exchange(:'gifted', '{2}', '{1}', '{5}', '{1}') AS doc \gset
SELECT is(pg_temp.told(:'doc') || coalesce(:'doc'::jsonb ->> 'creditNote', ' no note'), 'value 0.00 paid 0.00 due 1700.00 refunded 0.00 cards 0.00 no note', 'a gift is worth nothing');
SELECT pg_temp.exchange(:'gifted', '{1}', '{2}', '{8}', '{2}') AS doc \gset
SELECT is(pg_temp.told(:'doc') || (SELECT string_agg(' ' || l.sku || ' ' || l.qty || ' ' || l.total_centimes, '' ORDER BY l.line_no) FROM mjc.order_line l WHERE l.order_id = (:'doc'::jsonb ->> 'exchangeId')::uuid),
    'value 2000.00 paid 2000.00 due 700.00 refunded 0.00 cards 0.00 TEST-ONLY-8 2 200000 TEST-ONLY-11 1 0', 'the new order has its gift');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

-- A guest's store credit that paid is the customer's by now, whom he was joined to; ten cards too
SELECT mjc.order_place(pg_temp.pids('{1}'), '{1}', 'Amina', 'Test', '0550000097', street => '1 rue du Test', city => 'Testville', region => '99') AS ref \gset
SELECT pg_temp.buyer(:'ref') AS guest \gset
SELECT mjc.store_credit_add(:'guest', 500, 'Geste') \g /dev/null
SELECT array_agg((mjc.gift_card_issue(50)).code) AS codes FROM generate_series(1, 10) \gset
SELECT mjc.order_place(pg_temp.pids('{1}'), '{1}', 'Amina', 'Test', '0550000097', street => '1 rue du Test', city => 'Testville', region => '99', gift_cards => :'codes', store_credit => true) AS ref \gset
SELECT mjc.order_ship(:'ref'), mjc.order_deliver(:'ref') \g /dev/null
SELECT is(pg_temp.books(:'ref'), 'DELIVERED paid: 1700 1000 0 700', 'ten cards and the store credit of a guest');
SELECT mjc.account_register('joined@example.test', NULL, '{"firstName": "Amina", "lastName": "Test"}') AS member \gset
SELECT mjc.customer_join(:'member', '0550000097') \g /dev/null
SELECT pg_temp.exchange(:'ref', '{1}', '{1}', '{2}', '{1}') AS doc \gset
SELECT is(pg_temp.told(:'doc'), 'value 1000.00 paid 1000.00 due 700.00 refunded 0.00 cards 0.00', '700.00 as money and 300.00 that goes back to the store credit pay');
SELECT is(mjc.credit_balance(:'guest') || ' ' || mjc.credit_balance(:'member'), '0 0', 'all of it');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');
SELECT mjc.order_cancel(:'doc'::jsonb ->> 'exchangeNumber') \g /dev/null
SELECT is(mjc.credit_balance(:'guest') || ' ' || mjc.credit_balance(:'member'), '0 100000', 'the customer has it when the second is cancelled');
SELECT is(pg_temp.broken(), NULL, 'every promise is kept');

-- What would be a broken promise
CREATE FUNCTION pg_temp.breaks(statement text) RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    rules text;
BEGIN
    EXECUTE statement;
    rules := (SELECT string_agg(DISTINCT v.rule, ' ' ORDER BY v.rule) FROM mjc.check_invariants() v);
    RAISE EXCEPTION USING MESSAGE = coalesce(rules, 'none'), ERRCODE = 'ZZZZZ';
EXCEPTION WHEN SQLSTATE 'ZZZZZ' THEN
    RETURN SQLERRM;
END
$$;
SELECT is(pg_temp.breaks(format(s, pg_temp.order_id(:'ref'), pg_temp.order_id(:'new'))), rules, title)
  FROM (VALUES ('UPDATE mjc.order SET exchanged_by = ''{}'' WHERE order_id = %1$L', 'order_exchange', 'a first order that does not name its second'),
               ('UPDATE mjc.order SET exchange_of = NULL WHERE order_id = %2$L', 'order_exchange', 'and the other way round'),
               ('UPDATE mjc.refund SET kind = ''return'' WHERE order_id = %1$L AND kind = ''exchange''', 'order_exchange', 'money that left for nothing')) v (s, rules, title);
SELECT * FROM finish();
ROLLBACK;
