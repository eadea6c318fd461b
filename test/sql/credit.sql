-- credit: gift cards and store credit as staff issue them (how orders spend them: order_pricing.sql).
BEGIN;
SELECT plan(83);
\ir fixture.psql
GRANT USAGE ON SCHEMA tap TO PUBLIC;
SELECT pg_temp.make_customer(77), pg_temp.make_customer(78) \g /dev/null
SELECT mjc.algiers_date(clock_timestamp()) AS today \gset

-- Gift cards
SELECT credit_id AS card, code FROM mjc.gift_card_issue(5000.50, :'today', pg_temp.pid(77)) \gset
SELECT matches(:'code'::text, '^[2-9A-HJ-NP-Z]{4}(-[2-9A-HJ-NP-Z]{4}){3}$', 'a code of sixteen characters that are not mistaken');
SELECT results_eq(format('SELECT kind, customer_id, is_active, expires_at FROM mjc.credit WHERE credit_id = %L', :'card'),
    format($$VALUES ('gift_card', pg_temp.pid(77), true, timezone('Africa/Algiers', (%L::date + 1)::timestamp))$$, :'today'), 'good up to the end of its last day');
SELECT is(mjc.credit_balance(:'card'), 500050::bigint, 'with its amount');
SELECT results_eq(format('SELECT code_hash, last_four FROM mjc.credit_code WHERE credit_id = %L', :'card'), format('VALUES (sha256(%L), %L)', replace(:'code', '-', ''), right(:'code', 4)), 'of the code only a digest is kept');
SELECT is(mjc.gift_card_hash(t), (SELECT code_hash FROM mjc.credit_code WHERE credit_id = :'card'), 'however it is typed') FROM unnest(ARRAY[:'code', lower(:'code'), replace(:'code', '-', ''), replace(:'code', '-', ' ') || ' ', translate(:'code', '23456789', '٢٣٤٥٦٧٨٩')]) t;
SELECT is_empty(format($$SELECT a.audit_id FROM mjc.audit a WHERE a::text ~ %L$$, replace(:'code', '-', '-?')), 'the audit does not have it');
SELECT is((SELECT after FROM mjc.audit WHERE action = 'gift_card_issue' AND subject_id = :'card'), jsonb_build_object('amount', 5000.50, 'expiresOn', :'today', 'customer', pg_temp.pid(77)), 'but what was issued');
SELECT is((SELECT count(DISTINCT g.code) FROM generate_series(1, 200) n, mjc.gift_card_issue(0.01 + 0 * n) g), 200::bigint, 'codes are not given twice');
SELECT results_eq(format('SELECT seq, kind, amount_centimes, balance_centimes, order_id, op_id FROM mjc.credit_ledger WHERE credit_id = %L', :'card'), $$VALUES (1::bigint, 'issue', 500050::bigint, 500050::bigint, NULL::uuid, 'issue' COLLATE "C")$$, 'one movement');

-- Once an op_id
SELECT credit_id AS op, code AS opcode FROM mjc.gift_card_issue(100, op_id => 'test-op') \gset
SELECT is(mjc.gift_card_issue(100, op_id => 'test-op'), ROW(:'op'::uuid, NULL::text), 'the same op_id is the same card, whose code is not shown again');
SELECT is((SELECT count(*) FROM mjc.credit_ledger WHERE credit_id = :'op'), 1::bigint, 'issued once');
SELECT is((SELECT count(*) FROM mjc.credit_code WHERE credit_id = :'op'), 1::bigint, 'with one code');
SELECT is((SELECT count(*) FROM mjc.audit WHERE action = 'gift_card_issue' AND subject_id = :'op'), 1::bigint, 'audited once');
SELECT throws_ok(format('SELECT mjc.gift_card_issue(%s, op_id => %L)', a, 'test-op'), 'MJ106', NULL, format('another card under that op_id: %s', a)) FROM unnest(ARRAY['101', '100, ''2036-01-01''', '100, NULL, pg_temp.pid(77)']) a;
SELECT isnt((SELECT credit_id FROM mjc.gift_card_issue(100, op_id => 'test-op2')), :'op'::uuid, 'another op_id is another card');
SELECT pg_temp.refused(format('SELECT mjc.gift_card_issue(%s)', a), c, k, a)
  FROM (VALUES ('NULL', 'MJ003', 'amount'), ('0', 'MJ006', 'amount'), ('-1', 'MJ006', 'amount'), ('0.001', 'MJ006', 'amount'), ('1.001', 'MJ010', 'amount'), ('1000000000.01', 'MJ006', 'amount'), ('''NaN''', 'MJ010', 'amount'),
               ('1, ''2020-01-01''', 'MJ006', 'expiresOn'), ('1, ''infinity''', 'MJ010', 'expiresOn'), ('1, NULL, pg_temp.pid(99)', 'MJ010', 'customer'), ('1, op_id => ''''', 'MJ006', 'op_id'), ('1, op_id => repeat(''x'', 201)', 'MJ006', 'op_id')) v (a, c, k);

-- Movements
SELECT is(mjc.credit_move(:'card', 'spend', -50, pg_temp.pid(90), 'o1', NULL, NULL), 500000::bigint, 'something is spent');
SELECT is(mjc.credit_move(:'card', 'spend', -50, pg_temp.pid(90), 'o1', NULL, NULL), 500000::bigint, 'once');
SELECT is(mjc.credit_move(:'card', 'refund', 20, pg_temp.pid(90), 'o2', NULL, NULL), 500020::bigint, 'something comes back');
SELECT is(mjc.credit_move(:'card', 'spend', -50, pg_temp.pid(90), 'o1', NULL, NULL), 500000::bigint, 'a repeat is told what the first was told');
SELECT throws_ok(format('SELECT mjc.credit_move(%L, %L, %s, %L, %L, NULL, NULL)', :'card', k, a, pg_temp.pid(o), 'o1'), 'MJ106', NULL, 'another movement under that op_id') FROM (VALUES ('spend', -51, 90), ('refund', 50, 90), ('spend', -50, 91)) v (k, a, o);
SELECT is((pg_temp.failure(format('SELECT mjc.credit_move(%L, %L, -500021, %L, %L, NULL, NULL)', :'card', 'spend', pg_temp.pid(91), 'o3'))).detail, '{"balance": "5000.20"}', 'not more than there is');
SELECT throws_ok(format('SELECT mjc.credit_move(%L, %L, -500021, %L, %L, NULL, NULL)', :'card', 'spend', pg_temp.pid(91), 'o3'), 'MJ211', NULL, 'which has its error');
SELECT is(mjc.credit_move(:'card', 'spend', -500020, pg_temp.pid(91), 'o3', NULL, NULL), 0::bigint, 'all of it');
SELECT throws_ok(format('SELECT mjc.credit_move(%L, %L, 1, NULL, %L, NULL, NULL)', pg_temp.pid(99), 'issue', 'x'), 'MJ210', NULL, 'no such card');
SELECT is_empty($$SELECT credit_id FROM (SELECT credit_id, balance_centimes, sum(amount_centimes) OVER w AS total, seq, row_number() OVER w AS n, at, lag(at) OVER w AS before_at FROM mjc.credit_ledger WINDOW w AS (PARTITION BY credit_id ORDER BY seq)) x
                  WHERE balance_centimes <> total OR seq <> n OR at < before_at$$, 'every balance is the sum of its movements');

-- Store credit
SELECT is(mjc.store_credit_add(pg_temp.pid(77), 100, 'Geste commercial', 's1'), 10000::bigint, 'store credit');
SELECT is(mjc.store_credit_add(pg_temp.pid(77), 100, 'Geste commercial', 's1'), 10000::bigint, 'once an op_id');
SELECT is(mjc.store_credit_add(pg_temp.pid(77), 50.25, 'Encore'), 15025::bigint, 'more');
SELECT is(mjc.store_credit_add(pg_temp.pid(77), -0.25, 'Erreur'), 15000::bigint, 'something is taken back');
SELECT is((SELECT count(*) FROM mjc.credit WHERE customer_id = pg_temp.pid(77) AND kind = 'store_credit' AND credit_id = customer_id), 1::bigint, 'in one account a customer');
SELECT results_eq($$SELECT kind, amount_centimes, reason FROM mjc.credit_ledger WHERE credit_id = pg_temp.pid(77) ORDER BY seq$$, $$VALUES ('issue', 10000::bigint, 'Geste commercial'), ('issue', 5025, 'Encore'), ('adjust', -25, 'Erreur')$$, 'with the reasons');
SELECT is((SELECT count(*) FROM mjc.audit WHERE action = 'store_credit_add'), 3::bigint, 'audited, each once');
SELECT pg_temp.refused(format('SELECT mjc.store_credit_add(%s)', a), c, k, a)
  FROM (VALUES ('NULL, 1, ''x''', 'MJ003', 'customer'), ('pg_temp.pid(99), 1, ''x''', 'MJ010', 'customer'), ('pg_temp.pid(78), NULL, ''x''', 'MJ003', 'amount'), ('pg_temp.pid(78), 0, ''x''', 'MJ006', 'amount'), ('pg_temp.pid(78), 0.001, ''x''', 'MJ010', 'amount'),
               ('pg_temp.pid(78), 1, NULL', 'MJ003', 'reason'), ('pg_temp.pid(78), 1, '' ''', 'MJ006', 'reason'), ('pg_temp.pid(78), -1, ''x''', 'MJ211', ''), ('pg_temp.pid(77), 99, ''x'', ''s1''', 'MJ106', '')) v (a, c, k);
SELECT is(mjc.credit_balance(pg_temp.pid(78)), NULL, 'what is refused leaves nothing');

-- Closing
SELECT is(mjc.credit_close(pg_temp.pid(77), 'Perdu'), 15000::bigint, 'closed: the balance stays in the books');
SELECT is(mjc.credit_close(pg_temp.pid(77), 'Perdu'), 15000::bigint, 'again is no change');
SELECT is((SELECT is_active FROM mjc.credit WHERE credit_id = pg_temp.pid(77)), false, 'nothing can be spent');
SELECT results_eq($$SELECT before, after FROM mjc.audit WHERE action = 'credit_close'$$, $$VALUES ('{"active": true}'::jsonb, '{"active": false, "reason": "Perdu"}'::jsonb)$$, 'audited once');
SELECT is(mjc.store_credit_add(pg_temp.pid(77), 1, 'Retour'), 15100::bigint, 'store credit is given again');
SELECT is((SELECT is_active FROM mjc.credit WHERE credit_id = pg_temp.pid(77)), true, 'and can be spent');
SELECT throws_ok(format('SELECT mjc.credit_close(%L, %L)', id, 'x'), 'MJ004', NULL, 'no such credit') FROM unnest(ARRAY[NULL, pg_temp.pid(99)]) id;
SELECT pg_temp.refused(format('SELECT mjc.credit_close(%L, NULL)', :'card'), 'MJ003', 'reason', 'no reason');
SELECT is(mjc.credit_balance(id), NULL, 'no balance of nothing') FROM unnest(ARRAY[NULL, pg_temp.pid(99)]) id;

-- Who
CREATE ROLE test_staff LOGIN IN ROLE mjc_admin;
CREATE ROLE test_nobody LOGIN IN ROLE mjc_admin;
SELECT mjc.staff_create('test_staff', 'Test Staff') AS id \gset
SET SESSION AUTHORIZATION test_staff;
SELECT credit_id AS staff_card FROM mjc.gift_card_issue(5) \gset
SELECT is(mjc.credit_balance(:'staff_card'), 500::bigint, 'staff issue and read');
SELECT throws_ok(s, '42501', NULL, s) FROM unnest(ARRAY['SELECT code_hash FROM mjc.credit_code', 'SELECT mjc.credit_move(NULL, NULL, 1, NULL, NULL, NULL, NULL)', 'INSERT INTO mjc.credit_ledger DEFAULT VALUES', 'SELECT mjc.gift_card_write(NULL, NULL, NULL, NULL, NULL)']) s;
SET SESSION AUTHORIZATION test_nobody;
SELECT throws_ok(format('SELECT mjc.%s', s), 'MJ601', NULL, format('nobody''s login: %s', s))
  FROM unnest(ARRAY['gift_card_issue(5)', $$store_credit_add('00000000-0000-4000-8000-000000000077', 1, 'x')$$, $$credit_close('00000000-0000-4000-8000-000000000077', 'x')$$]) s;
RESET SESSION AUTHORIZATION;
SELECT is((SELECT actor FROM mjc.credit_ledger WHERE credit_id = :'staff_card'), :'id'::uuid, 'the ledger knows who');
DELETE FROM mjc.credit_ledger WHERE credit_id = :'card';  -- spent by orders that never were
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');

SELECT * FROM finish();
ROLLBACK;
