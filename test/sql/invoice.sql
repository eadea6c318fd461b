-- invoice: documents numbered without a gap, in time, chained; credit notes, voids, the page.
BEGIN;
SELECT plan(163);
\ir fixture.psql
UPDATE mjc.setting SET boolean_value = true WHERE name = 'stamp_duty_charged';
SELECT pg_temp.make_stock(1, 1000, 249900), pg_temp.make_stock(2, 1000, 99) \g /dev/null
SELECT mjc.stock_receive(pg_temp.make_product(3, 100000, NULL, NULL, 900), 1000) \g /dev/null
SELECT extract(year FROM mjc.algiers_date(clock_timestamp()))::integer AS year \gset

-- Who the seller is must be known
SELECT pg_temp.bought('{1,2}', '{3,5}') AS one \gset
SELECT throws_ok(format('SELECT mjc.invoice_issue(%L)', :'one'), 'MJ351', NULL, 'an order that nobody confirmed is not invoiced');
SELECT is((pg_temp.failure(format('SELECT mjc.invoice_issue(%L)', :'one'))).detail, '{"status": "PENDING"}'::jsonb, 'with its state');
SELECT mjc.order_ship(:'one') \g /dev/null
SELECT throws_ok(format('SELECT mjc.invoice_issue(%L)', :'one'), 'MJ352', NULL, 'nor without knowing who sells');
SELECT is((pg_temp.failure(format('SELECT mjc.invoice_issue(%L)', :'one'))).detail,
    '{"fields": "seller_legal_form, seller_activity, seller_address, seller_phone, seller_rc, seller_nif, seller_nis, seller_ai"}'::jsonb, 'the missing fields are named');
SELECT throws_ok('SELECT mjc.issue_invoices()', 'MJ352', NULL, 'nor many');
SELECT is(mjc.invoice_job(), 0::bigint, 'the job waits in silence');
SELECT is_empty('SELECT 1 FROM mjc.invoice', 'nothing was issued');
SELECT results_eq('SELECT order_reference, kind FROM mjc_report.invoice_due', format('VALUES (%L, %L)', :'one', 'invoice'), 'but the order waits for it');
SELECT mjc.setting_set('seller_' || f, v) FROM (VALUES ('name', 'MJ <Chauffage>'), ('legal_form', 'SARL'), ('activity', 'Pièces de chauffage'), ('address', '1, rue de l''Indépendance, Alger'),
    ('email', 'contact@example.test'), ('rc', '16/00-0000001 B 20'), ('nif', '000016000000001'), ('nis', '000000000000001'), ('ai', '16000000001')) s (f, v) \g /dev/null
SELECT lives_ok('SELECT mjc.seller_check()', 'an e-mail is a way to reach the seller, as a phone is');
SELECT mjc.setting_set('seller_ai', ' ') \g /dev/null
SELECT is((pg_temp.failure('SELECT mjc.seller_check()')).detail, '{"fields": "seller_ai"}'::jsonb, 'a blank is nothing');
SELECT is(mjc.invoice_job(), 0::bigint, 'for the job too');
SELECT mjc.setting_set('seller_ai', '16000000001'), mjc.setting_set('seller_email', '') \g /dev/null
SELECT is(mjc.invoice_job(), 0::bigint, 'it waits for a phone or an e-mail too');
SELECT mjc.setting_set('seller_email', 'contact@example.test') \g /dev/null
SELECT mjc.setting_set('seller_ai', '16000000001') \g /dev/null

-- An invoice. 3 x 2499.00 + 5 x 0.99 + 700.00 shipping = 8201.95 TTC; stamp duty 1 DA each 100 begun = 83
SELECT is(mjc.issue_invoices(), 1::bigint, 'what is due is issued');
SELECT is(mjc.issue_invoices(), 0::bigint, 'once');
SELECT is_empty('SELECT 1 FROM mjc.invoice_due', 'nothing is due any more');
SELECT 'FA-' || :'year' || '-000001' AS fa1, 'FA-' || :'year' || '-000002' AS fa2, 'AV-' || :'year' || '-000001' AS av1 \gset
SELECT results_eq('SELECT number, kind, series, n, ht_dzd, tax_dzd, stamp_duty_dzd, total_dzd, corrects, voided_at FROM mjc_report.invoice',
    format($$VALUES (%L, 'invoice', 'FA', 1, 6892.40::numeric(20,2), 1309.55::numeric(20,2), 83.00::numeric(20,2), 8285.00::numeric(20,2), NULL, NULL::timestamptz)$$, :'fa1'), 'the first number, the amounts of the law');
SELECT is(mjc.invoice_issue(:'one'), :'fa1', 'an order that has an invoice keeps it');
SELECT is(mjc.invoice_issue(lower(replace(:'one', '-', ' '))), :'fa1', 'however its number is typed');
SELECT is((SELECT count(*) FROM mjc.invoice), 1::bigint, 'and gets no second');
SELECT mjc.invoice_read(:'fa1') AS doc \gset
SELECT is((:'doc'::jsonb - '{seller,buyer,lines,words,taxes,shipping,customerId,issuedOn,orderedOn}'::text[]), jsonb_build_object('ht', 689240, 'tax', 130955, 'ttc', 820195, 'stampDuty', 8300,
    'rounding', 5, 'total', 828500, 'due', 828500, 'credit', 0, 'kind', 'invoice', 'void', NULL, 'number', :'fa1', 'currency', 'DZD', 'orderNumber', :'one', 'paymentMethod', 'CASH_ON_DELIVERY'), 'what it says, in centimes');
SELECT is(:'doc'::jsonb #> '{lines,0}', '{"no": 1, "sku": "TEST-ONLY-1", "ref": null, "name": "Test part 1", "qty": 3, "taxBp": 1900, "ttc": 749700, "tax": 119700, "ht": 630000, "unitHt": 210000, "discount": 0}', 'a line without tax, its unit price too');
SELECT is(:'doc'::jsonb -> 'taxes', '[{"bp": 1900, "base": 689240, "tax": 130955}]', 'TVA by rate, that of shipping with it');
SELECT is(:'doc'::jsonb -> 'shipping', '{"ttc": 70000, "tax": 11176, "ht": 58824, "taxBp": 1900}', 'shipping apart');
SELECT is(:'doc'::jsonb -> 'buyer', '{"name": "Amina Test", "phone": "+213550000001", "street": "1 rue du Test", "city": "Testville", "region": "99", "country": "Algeria"}', 'the buyer');
SELECT is(:'doc'::jsonb #>> '{seller,nif}', '000016000000001', 'the seller as he was that day');
SELECT is(:'doc'::jsonb #>> '{words,fr}', mjc.amount_in_words(828500, 'fr'), 'the total in words');
SELECT is(:'doc'::jsonb #>> '{words,ar}', mjc.amount_in_words(828500, 'ar'), 'in Arabic too');
SELECT ok((SELECT count(*) = 1 FROM mjc.personal_access WHERE action = 'invoice_read'), 'whoever reads the buyer is on record');
SELECT ok((SELECT count(*) = 1 FROM mjc.audit WHERE action = 'invoice_issue' AND subject_id = :'one'), 'the audit knows');
SELECT results_eq($$SELECT payload FROM mjc.outbox WHERE topic = 'invoice_issued'$$, format('VALUES (%L::jsonb)', jsonb_build_object('orderNumber', :'one')), 'the customer will hear of it');
SELECT mjc.setting_set('seller_name', 'Autre nom') \g /dev/null
SELECT is(mjc.invoice_read(:'fa1') #>> '{seller,name}', 'MJ <Chauffage>', 'a change of the seller does not reach what was issued');
SELECT mjc.setting_set('seller_name', 'MJ <Chauffage>') \g /dev/null

-- Two rates
SELECT pg_temp.bought('{1,3}', '{1,2}') AS two \gset
SELECT mjc.order_confirm(:'two') \g /dev/null
SELECT is(mjc.invoice_issue(:'two'), :'fa2', 'a confirmed order may have its invoice before it leaves');
SELECT is((SELECT body::jsonb -> 'taxes' FROM mjc.invoice WHERE number = :'fa2'),
    format('[{"bp": 1900, "base": %s, "tax": %s}, {"bp": 900, "base": %s, "tax": %s}]', 210000 + 58824, 39900 + 11176, 183486, 16514)::jsonb, 'each rate has its base and its tax');
SELECT mjc.order_ship(:'two') \g /dev/null
SELECT is(mjc.issue_invoices(), 0::bigint, 'it leaves: what was due is found done');
SELECT is_empty('SELECT 1 FROM mjc.invoice_due', 'and is due no more');
SELECT is((SELECT count(*) FROM mjc.invoice), 2::bigint, 'with the invoice it had');

-- Refusals
SELECT throws_ok('SELECT mjc.invoice_issue(NULL)', 'MJ003', NULL, 'no reference');
SELECT throws_ok('SELECT mjc.invoice_issue(''MJ-2026-000001-0'')', 'MJ401', NULL, 'a mistyped reference');
SELECT throws_ok(format('SELECT mjc.invoice_issue(%L)', mjc.order_reference(2001, 5)), 'MJ004', NULL, 'an unknown reference');
SELECT throws_ok(format('SELECT mjc.issue_invoices(%s)', n), 'MJ006', NULL, format('%s documents at once', n)) FROM unnest(ARRAY[0, -1, 10001]) n;
SELECT throws_ok('SELECT mjc.issue_invoices(NULL)', 'MJ003', NULL, 'how many is needed');
SELECT throws_ok('SELECT mjc.invoice_read(NULL)', 'MJ003', NULL, 'which document is needed');
SELECT throws_ok('SELECT mjc.invoice_read(''FA-2001-000001'')', 'MJ004', NULL, 'an unknown document');
SELECT throws_ok(format('SELECT mjc.invoice_append(%L, %L, NULL, %s, %L, %L)', k, pg_temp.pid(1), t, p, b), c, NULL, format('%s %s', k, c))
  FROM (VALUES ('receipt', 1, '{}', '{}', 'MJ010'), ('invoice', -1, '{}', '{}', 'MJ201'), ('invoice', 10000000000001, '{}', '{}', 'MJ201'), ('invoice', 1, '', '{}', 'MJ006'), ('invoice', 1, '{}', '', 'MJ006'), (NULL, 1, '{}', '{}', 'MJ003')) v (k, t, p, b, c);
SELECT throws_ok(format('SELECT mjc.invoice_append(%s)', a), 'MJ003', NULL, a)
  FROM unnest(ARRAY['''invoice'', NULL, NULL, 1, ''{}'', ''{}''', '''invoice'', pg_temp.pid(1), NULL, NULL, ''{}'', ''{}''', '''invoice'', pg_temp.pid(1), NULL, 1, NULL, ''{}''', '''invoice'', pg_temp.pid(1), NULL, 1, ''{}'', NULL']) a;
SELECT is((SELECT count(*) FROM mjc.invoice), 2::bigint, 'what is refused takes no number');

-- Credit notes
SELECT is(mjc.credit_note_issue(:'fa1', 'Un article rendu', '{1}', '{1}'), :'av1', 'one unit comes back');
SELECT is((SELECT body::jsonb -> 'lines' FROM mjc.invoice WHERE number = :'av1'), '[{"no": 1, "sku": "TEST-ONLY-1", "ref": null, "name": "Test part 1", "qty": 1, "taxBp": 1900, "ttc": 249900, "tax": 39900, "ht": 210000, "unitHt": 210000}]', 'with its share');
SELECT results_eq(format('SELECT total_dzd, corrects, stamp_duty_dzd FROM mjc_report.invoice WHERE number = %L', :'av1'), format('VALUES (2499.00::numeric(20,2), %L, 0.00::numeric(20,2))', :'fa1'), 'it names the invoice');
SELECT is(mjc.invoice_read(:'av1') ->> 'reason', 'Un article rendu', 'and the reason');
SELECT throws_ok(format('SELECT mjc.credit_note_issue(%L, %L, %L, %L)', :'fa1', 'x', l, q), 'MJ354', NULL, format('line %s, %s units', l, q))
  FROM (VALUES ('{1}', '{3}'), ('{1,1}', '{2,1}'), ('{3}', '{1}'), ('{1}', '{0}'), ('{1}', '{-1}'), ('{2}', '{6}'), ('{NULL}', '{1}'), ('{1}', '{NULL}')) v (l, q);
SELECT throws_ok(format('SELECT mjc.credit_note_issue(%L, %L, %L, %L)', :'fa1', 'x', l, q), 'MJ010', NULL, format('lines %s, quantities %s', l, q)) FROM (VALUES ('{1}', '{1,2}'), (NULL, '{1}'), ('{1}', NULL), ('{}', '{}')) v (l, q);
SELECT throws_ok(format('SELECT mjc.credit_note_issue(%s)', a), c, NULL, a)
  FROM (VALUES ('NULL, ''x''', 'MJ003'), (quote_literal(:'fa1') || ', NULL', 'MJ003'), (quote_literal(:'fa1') || ', '' ''', 'MJ006'), (quote_literal(:'fa1') || ', repeat(''x'', 201)', 'MJ006'), (quote_literal(:'fa1') || ', E''a\nb''', 'MJ010'), ('''FA-2001-000001'', ''x''', 'MJ004'), (quote_literal(:'av1') || ', ''x''', 'MJ004')) v (a, c);
SELECT is(mjc.credit_note_issue(:'fa1', 'Tout le reste'), 'AV-' || :'year' || '-000002', 'all the rest comes back');
SELECT is((SELECT sum(total_centimes) FROM mjc.invoice WHERE kind = 'credit_note'), 828500::numeric, 'to the centime what was invoiced');
SELECT is((SELECT sum((body::jsonb ->> 'tax')::bigint) FROM mjc.invoice WHERE kind = 'credit_note'), 130955::numeric, 'its TVA too');
SELECT throws_ok(format('SELECT mjc.credit_note_issue(%L, %L)', :'fa1', 'x'), 'MJ354', NULL, 'nothing is left');
SELECT is(mjc.invoice_issue(:'one'), 'FA-' || :'year' || '-000003', 'what was taken back whole may be invoiced anew');

-- R7: units one by one, each line of 5 at 0.99
SELECT mjc.credit_note_issue('FA-' || :'year' || '-000003', 'un', '{2}', '{1}') FROM generate_series(1, 5) \g /dev/null
SELECT results_eq($$SELECT sum((l ->> 'ttc')::bigint), sum((l ->> 'tax')::bigint) FROM mjc.invoice i, jsonb_array_elements(i.body::jsonb -> 'lines') l WHERE i.kind = 'credit_note' AND i.n > 2$$,
    'VALUES (495::numeric, 79::numeric)', 'one by one they are exactly the line');

-- An order that comes back
SELECT mjc.order_cancel(:'two', 'Refusé') \g /dev/null
SELECT results_eq('SELECT order_reference, kind, status FROM mjc_report.invoice_due', format('VALUES (%L, %L, %L)', :'two', 'credit_note', 'CANCELLED'), 'a parcel that came back needs a credit note');
SELECT is(mjc.issue_invoices(), 1::bigint, 'which is issued');
SELECT is((SELECT total_centimes FROM mjc.invoice WHERE number = :'fa2'), mjc.invoice_credited((SELECT invoice_id FROM mjc.invoice WHERE number = :'fa2')), 'over all of it');
SELECT throws_ok(format('SELECT mjc.invoice_issue(%L)', :'two'), 'MJ351', NULL, 'a cancelled order is not invoiced');
SELECT pg_temp.bought('{1}', '{1}') AS three \gset
SELECT mjc.order_ship(:'three'), mjc.order_cancel(:'three') \g /dev/null
SELECT is(mjc.issue_invoices(), 0::bigint, 'one that came back before it was invoiced needs neither');
SELECT is_empty('SELECT 1 FROM mjc.invoice_due', 'and waits no more');

-- Voids
SELECT pg_temp.bought('{1}', '{1}') AS four \gset
SELECT mjc.order_confirm(:'four') \g /dev/null
SELECT mjc.invoice_issue(:'four') AS bad \gset
SELECT is(mjc.invoice_void(:'bad', 'Erreur de saisie'), :'bad', 'a document of today may be voided');
SELECT is(mjc.invoice_void(lower(:'bad'), 'encore'), :'bad', 'once');
SELECT results_eq(format('SELECT void_reason, n FROM mjc_report.invoice WHERE number = %L', :'bad'), $$VALUES ('Erreur de saisie', 4)$$, 'it keeps its number');
SELECT throws_ok(format('SELECT mjc.credit_note_issue(%L, %L)', :'bad', 'x'), 'MJ004', NULL, 'nothing is taken back of it');
SELECT is(mjc.invoice_issue(:'four'), 'FA-' || :'year' || '-000005', 'the order gets the next number');
SELECT throws_ok(format('SELECT mjc.invoice_void(%L, %L)', 'FA-' || :'year' || '-000003', 'x'), 'MJ353', NULL, 'one with credit notes is not voided');
SELECT throws_ok(format('SELECT mjc.invoice_void(%L, %L)', 'AV-' || :'year' || '-000002', 'x'), 'MJ353', NULL, 'nor a credit note after which the order was invoiced anew');
SELECT throws_ok(format('SELECT mjc.invoice_void(%L, %L)', 'AV-' || :'year' || '-000003', 'x'), 'MJ353', NULL, 'nor one that others came after: their shares rest on it');
SELECT throws_ok(format('SELECT mjc.invoice_void(%L, %L)', :'bad', E'a\nb'), 'MJ010', NULL, 'a reason is one line');
SELECT pg_temp.bought('{1}', '{3}') AS five \gset
SELECT mjc.order_confirm(:'five') \g /dev/null
SELECT mjc.invoice_issue(:'five') AS fa5 \gset
SELECT mjc.credit_note_issue(:'fa5', 'tout') AS av5 \gset
SELECT is(mjc.invoice_void(:'av5', 'erreur'), :'av5', 'the newest may be voided, a credit note too');
SELECT is(mjc.invoice_issue(:'five'), :'fa5', 'then the invoice counts again');
SELECT isnt(mjc.credit_note_issue(:'fa5', 'tout'), :'av5', 'and may be taken back, under the next number');
SELECT is(mjc.invoice_credited((SELECT invoice_id FROM mjc.invoice WHERE number = :'fa5')), (SELECT total_centimes FROM mjc.invoice WHERE number = :'fa5'), 'once');

-- A rounding in favour of the buyer: 53 x 0.99 + 700.00 = 752.47, stamp duty 8.00, rounded by -0.47 to 760.00
SELECT pg_temp.bought('{2}', '{53}') AS six \gset
SELECT mjc.order_confirm(:'six') \g /dev/null
SELECT mjc.invoice_issue(:'six') AS fa6 \gset
SELECT is((SELECT body::jsonb -> 'rounding' FROM mjc.invoice WHERE number = :'fa6'), '-47', 'rounded down');
SELECT mjc.credit_note_issue(:'fa6', 'vingt', '{1}', '{20}'), mjc.credit_note_issue(:'fa6', 'le reste', '{1}', '{33}', true) \g /dev/null
SELECT results_eq(format('SELECT total_centimes, (body::jsonb ->> %L)::integer FROM mjc.invoice WHERE corrects = (SELECT invoice_id FROM mjc.invoice WHERE number = %L) ORDER BY n', 'rounding', :'fa6'),
    'VALUES (1933::bigint, -47), (74067, 0)', 'it goes with the first credit note, stamp duty with the one that takes the last');
SELECT throws_ok(format('SELECT mjc.credit_note_issue(%L, %L)', :'fa6', 'x'), 'MJ354', NULL, 'together they are the invoice');
SELECT throws_ok(format('SELECT mjc.invoice_void(%s)', a), c, NULL, a) FROM (VALUES ('NULL, ''x''', 'MJ003'), ('''FA-2001-000001'', NULL', 'MJ003'), ('''FA-2001-000001'', ''x''', 'MJ004'), ('''x'', repeat(''x'', 201)', 'MJ006')) v (a, c);

-- The page
SELECT mjc.invoice_html(:'doc'::jsonb) AS page, mjc.invoice_html(:'doc'::jsonb, 'ar') AS page_ar \gset
SELECT matches(:'page'::text, '^<!DOCTYPE html><html lang=fr dir=ltr>.*Facture.*</html>$', 'a page in French');
SELECT matches(:'page_ar'::text, '^<!DOCTYPE html><html lang=ar dir=rtl>.*فاتورة.*</html>$', 'a page in Arabic, right to left');
SELECT ok(position('MJ &lt;Chauffage&gt;' IN :'page') > 0 AND position('<Chauffage>' IN :'page') = 0, 'nobody writes tags into it');
SELECT ok(position(mjc.dzd_shown(828500) IN :'page') > 0 AND position(mjc.html(mjc.amount_in_words(828500, 'fr')) IN :'page') > 0, 'the total in figures and words');
SELECT ok(position(x IN :'page') > 0, format('the law asks for %s', x)) FROM unnest(ARRAY['SARL', '16/00-0000001 B 20', '000016000000001', '000000000000001', '16000000001', 'Amina Test', 'Droit de timbre', :'fa1']) x;
SELECT matches(mjc.invoice_html(mjc.invoice_read(:'bad')), 'ANNULÉ', 'a void is marked');
-- Whatever names say, tags and style refer to nothing outside the page.
SELECT string_agg(mjc.invoice_html(jsonb_set(jsonb_set(:'doc'::jsonb, '{buyer,name}', to_jsonb(n)), '{lines,0,name}', to_jsonb(n)), l), '') AS hostile
  FROM (VALUES ('</style><img src=http://a/><a href=''file:///x''>"@import url(http://a/)')) v (n), (VALUES ('fr'), ('ar')) w (l) \gset
SELECT doesnt_match(string_agg(t[1], ' '), '(src|href|url|import|data|link|script|http)', 'no tag refers to anything') FROM regexp_matches(:'hostile', '<[^>]*>', 'g') t;
SELECT is(string_agg(t[1], ' ') ~ '(url|import|src|http)', false, 'nor the style') FROM regexp_matches(:'hostile', '<style>([^<]*)</style>', 'g') t;
SELECT ok(position('&lt;/style&gt;&lt;img src=http://a/&gt;' IN :'hostile') > 0, 'though the name is there');
SELECT is(mjc.html('<a b="c">&''' ), '&lt;a b=&quot;c&quot;&gt;&amp;&#39;', 'texts are escaped');
SELECT is(mjc.html(NULL), '', 'nothing is nothing');
SELECT is(mjc.dzd_shown(v), s, s) FROM (VALUES (0::bigint, '0,00'), (1, '0,01'), (-5, '-0,05'), (123456789012, E'1\u202f234\u202f567\u202f890,12')) x (v, s);

-- What the series proves
-- Without SQL, by SQL, and after the owner changed the tables: one series
SELECT pg_temp.bought('{1}', '{1}') AS by_sql, pg_temp.bought('{1}', '{2}') AS direct, pg_temp.bought('{1}', '{3}') AS changed,
       pg_temp.bought('{1}', '{4}') AS after, (SELECT max(n) FROM mjc.invoice WHERE series = 'FA' AND year = :'year') AS newest \gset
SELECT mjc.order_ship(r) FROM unnest(ARRAY[:'by_sql', :'direct', :'changed', :'after']) r \g /dev/null
SET LOCAL mjc.direct_access = off;
SELECT is(mjc.invoice_issue(:'by_sql'), format('FA-%s-%s', :'year', lpad((:newest + 1)::text, 6, '0')), 'by SQL: the next number');
RESET mjc.direct_access;
SELECT is(mjc.invoice_issue(:'direct'), format('FA-%s-%s', :'year', lpad((:newest + 2)::text, 6, '0')), 'without SQL: the one after it');
ALTER TABLE mjc.document_series ADD COLUMN remark text;
SELECT is(mjc.invoice_issue(:'changed'), format('FA-%s-%s', :'year', lpad((:newest + 3)::text, 6, '0')), 'with a column of the owner in the anchor');
ALTER TABLE mjc.invoice ADD COLUMN remark text;
SELECT is(mjc.invoice_issue(:'after'), format('FA-%s-%s', :'year', lpad((:newest + 4)::text, 6, '0')), 'and in the documents');
ALTER TABLE mjc.document_series DROP COLUMN remark;
ALTER TABLE mjc.invoice DROP COLUMN remark;

SELECT is_empty(format('SELECT * FROM mjc.verify_series(%L, %s)', s, :'year'), 'series ' || s || ' is sound') FROM unnest(ARRAY['FA', 'AV']) s;
SELECT is_empty('SELECT * FROM mjc.verify_series(''FA'', 1999)', 'an empty one too');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'every promise holds');
CREATE FUNCTION pg_temp.broken(change text) RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    found text;
BEGIN
    BEGIN
        EXECUTE change;
        found := (SELECT string_agg(DISTINCT v.problem, ' ' ORDER BY v.problem) FROM mjc.verify_series('FA', extract(year FROM mjc.algiers_date(clock_timestamp()))::integer) v);
        RAISE EXCEPTION USING errcode = 'P0099';
    EXCEPTION WHEN SQLSTATE 'P0099' THEN
        RETURN found;
    END;
END
$$;
SELECT is(pg_temp.broken(c), p, p)
  FROM (VALUES ('UPDATE mjc.invoice SET total_centimes = 1 WHERE n = 2 AND series = ''FA''', 'hash total'),
               ('UPDATE mjc.invoice SET issued_at = issued_at - interval ''1 second'' WHERE n = 2 AND series = ''FA''', 'date hash'),
               ('UPDATE mjc.invoice SET body = replace(body, ''TEST-ONLY-1'', ''TEST-ONLY-9'') WHERE n = 1 AND series = ''FA''', 'hash'),
               ('UPDATE mjc.invoice SET hash = sha256(hash) WHERE n = 2 AND series = ''FA''', 'chain hash'),
               ('UPDATE mjc.invoice SET number = ''FA-x'' WHERE n = 2 AND series = ''FA''', 'number'),
               ('UPDATE mjc.invoice SET issued_on = issued_on + 1 WHERE n = 2 AND series = ''FA''', 'year'),
               ('UPDATE mjc.invoice_party SET body = ''{}''', 'party'),
               ('DELETE FROM mjc.invoice_void; DELETE FROM mjc.invoice_party; DELETE FROM mjc.invoice WHERE n = 4 AND series = ''FA''', 'chain gap'),
               ('DELETE FROM mjc.invoice_party', NULL)) v (c, p);

-- Years and midnight in Algiers (UTC+1): 31 December 23:59:59 and one second later
SELECT mjc.invoice_append('invoice', gen_random_uuid(), NULL, 1, '{}', '{"total": 1}', t) AS n FROM unnest(ARRAY['2041-12-31 22:59:59+00', '2041-12-31 23:00:00+00', '2041-12-31 23:00:01+00']::timestamptz[]) t \g /dev/null
SELECT results_eq('SELECT number, issued_on FROM mjc.invoice WHERE year > 2040 ORDER BY number', $$VALUES ('FA-2041-000001', '2041-12-31'::date), ('FA-2042-000001', '2042-01-01'), ('FA-2042-000002', '2042-01-01')$$, 'the year is that of Algiers, numbers begin anew');
SELECT mjc.invoice_append('invoice', gen_random_uuid(), NULL, 1, '{}', '{"total": 1}', '2042-01-01 00:00:00+01') \g /dev/null
SELECT is((SELECT issued_at FROM mjc.invoice WHERE number = 'FA-2042-000003'), '2041-12-31 23:00:01+00'::timestamptz, 'a clock that went back does not take the series with it');
SELECT is_empty('SELECT * FROM mjc.verify_series(''FA'', 2041) UNION ALL SELECT * FROM mjc.verify_series(''FA'', 2042)', 'both years are sound');

-- Buyers are forgotten after the fiscal term, documents are not
SELECT is(mjc.invoice_party_purge(), 0::bigint, 'a buyer of this year is kept');
SELECT mjc.invoice_append('invoice', gen_random_uuid(), NULL, 1, '{}', '{"total": 1}', clock_timestamp() - interval '10 years 2 days') \g /dev/null
SELECT is(mjc.invoice_party_purge(), 1::bigint, 'one of ten years ago is forgotten');
SELECT is_empty(format('SELECT * FROM mjc.verify_series(%L, %s)', 'FA', y), 'the chain stays whole') FROM (SELECT DISTINCT year FROM mjc.invoice WHERE year < :'year') v (y);
SELECT matches(mjc.invoice_html(mjc.invoice_doc((SELECT invoice_id FROM mjc.invoice WHERE year < :'year' ORDER BY year LIMIT 1)) || :'doc'::jsonb - 'buyer'), 'identité a été effacée', 'the page says so');
SELECT mjc.order_place(ARRAY[pg_temp.pid(1)], '{1}', 'Forget', 'Soon', '0550000066', street => '1 rue du Test', city => 'Testville', region => '99') AS old \gset
SELECT mjc.invoice_issue(:'old') AS fa_old \gset
DELETE FROM mjc.invoice_party WHERE order_id = pg_temp.order_id(:'old');
SELECT lives_ok(format('SELECT mjc.credit_note_issue(%L, %L)', :'fa_old', 'tard'), 'what a forgotten buyer gave back is still taken back');

-- Erasing a customer: what the law keeps stays, and everything stays sound
SELECT mjc.order_place(ARRAY[pg_temp.pid(1)], '{1}', 'Canari', 'Jaune', '0550000088', street => '1 rue du Test', city => 'Testville', region => '99') AS gone \gset
SELECT mjc.order_ship(:'gone'), mjc.order_deliver(:'gone'), mjc.issue_invoices() \g /dev/null
SELECT mjc.customer_erase((SELECT customer_id FROM mjc.order WHERE reference = :'gone')) \g /dev/null
SELECT is((SELECT phone FROM mjc.order_contact WHERE order_id = pg_temp.order_id(:'gone')), NULL, 'the order knows nobody any more');
SELECT is((SELECT (p.body::jsonb ->> 'name') FROM mjc.invoice_party p WHERE p.order_id = pg_temp.order_id(:'gone')), 'Canari Jaune', 'the invoice keeps its buyer as long as the law asks');
SELECT is_empty(format('SELECT * FROM mjc.verify_series(%L, %s)', 'FA', :'year'), 'the series is sound');
SELECT is_empty('SELECT * FROM mjc.check_audit_invariants(NULL)', 'so is the audit');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'and every promise holds');
SELECT * FROM finish();
ROLLBACK;
