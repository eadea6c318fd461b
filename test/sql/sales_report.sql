-- sales_report: the report functions of mjc_report, by hand, at their boundaries, and against a
-- naive recount from the raw tables on a random history. doc/reports.md says what each figure is.
BEGIN;
SELECT plan(120);
\ir fixture.psql
DO $$ BEGIN WHILE mjc.sale_fold() > 0 LOOP END LOOP; END $$;
DELETE FROM mjc.sale_day;
UPDATE mjc.payment_method SET is_enabled = true;

--------------------------------------------------------------- windows and periods
SELECT is(mjc.report_days('2024-02-28', '2024-03-01'), 3, 'both ends count, and so does 29 February');
SELECT is(mjc.report_days('2025-12-31', '2025-12-31'), 1, 'a single day');
SELECT is(mjc.report_days('2020-03-01', '2025-02-28'), 1826, 'five years');
SELECT is((pg_temp.failure($$SELECT mjc.report_days('2020-03-01', '2025-03-01')$$)).code, 'MJ742', 'and no day more');
SELECT is((pg_temp.failure($$SELECT mjc.report_days('2024-02-29', '2029-02-27')$$)).code, '00000', 'from a 29 February');
SELECT is((pg_temp.failure($$SELECT mjc.report_days('2024-02-29', '2029-02-28')$$)).code, 'MJ742', 'which comes again on a 28');
SELECT is((pg_temp.failure($$SELECT mjc.report_days('2024-02-29', '2024-02-28')$$)).code, 'MJ741', 'the wrong way round');
SELECT pg_temp.refused($$SELECT mjc.report_days(NULL, '2024-02-28')$$, 'MJ003', 'from_on', 'no first day');
SELECT pg_temp.refused($$SELECT mjc.report_days('2024-02-28', NULL)$$, 'MJ003', 'until_on', 'no last day');
SELECT pg_temp.refused($$SELECT mjc.report_days('-infinity', '2024-02-28')$$, 'MJ006', 'from_on', 'since ever');
SELECT pg_temp.refused($$SELECT mjc.report_days('2024-02-28', 'infinity')$$, 'MJ006', 'until_on', 'for ever');
SELECT results_eq($$SELECT * FROM mjc.report_period('2024-02-29', '2024-03-01', 'day')$$,
    $$VALUES ('2024-02-29'::date, '2024-02-29'::date, '2024-02-28'::date, '2024-02-28'::date), ('2024-03-01', '2024-03-01', '2024-02-29', '2024-02-29')$$, 'days');
SELECT results_eq($$SELECT * FROM mjc.report_period('2025-12-31', '2026-01-05', 'week')$$,
    $$VALUES ('2025-12-31'::date, '2026-01-04'::date, '2025-12-24'::date, '2025-12-28'::date), ('2026-01-05', '2026-01-05', '2025-12-29', '2025-12-29')$$, 'weeks begin on Monday, cut at both ends, across a year');
SELECT results_eq($$SELECT * FROM mjc.report_period('2024-01-15', '2024-03-30', 'month')$$,
    $$VALUES ('2024-01-15'::date, '2024-01-31'::date, '2023-12-15'::date, '2023-12-31'::date), ('2024-02-01', '2024-02-29', '2024-01-01', '2024-01-31'), ('2024-03-01', '2024-03-30', '2024-02-01', '2024-02-29')$$, 'months: a whole one against a whole one, a part against the same part');
SELECT results_eq($$SELECT * FROM mjc.report_period('2023-03-30', '2023-03-31', 'month')$$, $$VALUES ('2023-03-30'::date, '2023-03-31'::date, '2023-03-01'::date, '2023-02-28'::date)$$, 'a part that February did not have is empty');
SELECT pg_temp.refused($$SELECT mjc.report_period('2023-03-30', '2023-03-31', 'year')$$, 'MJ010', 'period', 'by year');
SELECT pg_temp.refused($$SELECT mjc.report_period('2023-03-30', '2023-03-31', NULL)$$, 'MJ003', 'period', 'by nothing');
SELECT results_eq($$SELECT mjc.growth_pct(a, b) FROM (VALUES (1, 150.0, 100.0), (2, 50, 100), (3, 0, 100), (4, 100, 0), (5, 0, 0), (6, 2, 3), (7, 100, -5), (8, NULL, 1), (9, 1, NULL)) v (n, a, b) ORDER BY n$$,
    'VALUES (50.00), (-50.00), (-100.00), (NULL), (NULL), (-33.33), (NULL), (NULL), (NULL)', 'growth: per cent of what was before, nothing without it');
SELECT results_eq($$SELECT (mjc.report_window(t, s, e, '2026-03-01 22:59:59Z')).* FROM (VALUES (1, NULL, NULL::timestamptz, NULL::timestamptz), (2, '7d', NULL, NULL), (3, '1y', NULL, NULL), (4, '7d', NULL, '2024-02-29 23:00Z'),
                          (5, '7d', '2026-02-27 22:59Z', NULL), (6, '7d', '2024-02-28 23:00Z', '2024-02-29 22:59Z')) v (n, t, s, e) ORDER BY n$$,
    $$VALUES ('2026-01-31'::date, '2026-03-01'::date), ('2026-02-23', '2026-03-01'), ('2025-03-02', '2026-03-01'), ('2024-02-24', '2024-03-01'), ('2026-02-27', '2026-03-01'), ('2024-02-29', '2024-02-29')$$,
    'a timeframe ends today in Algiers, or on the last day; days win over it');
SELECT is((SELECT until_on FROM mjc.report_window('7d', NULL, NULL, '2026-03-01 23:00:00Z')), '2026-03-02', 'an hour before midnight UTC is the next day');
SELECT pg_temp.refused($$SELECT mjc.report_window('2d', NULL, NULL, now())$$, 'MJ010', 'timeframe', 'a timeframe that there is not');
SELECT pg_temp.refused($$SELECT mjc.report_window(NULL, '1850-01-01', NULL, now())$$, 'MJ006', 'startDate', 'before there were shops');
SELECT pg_temp.refused($$SELECT mjc.report_window(NULL, NULL, 'infinity', now())$$, 'MJ006', 'endDate', 'without end');
SELECT is((pg_temp.failure($$SELECT mjc.report_window(NULL, now(), now() - interval '2 days', now())$$)).code, 'MJ741', 'an end before its start');

--------------------------------------------------------------- an empty shop
SELECT results_eq($$SELECT days, orders, revenue_dzd, average_order_dzd, margin_dzd, previous_orders, orders_growth_pct, revenue_growth_pct FROM mjc_report.sales_summary('2024-02-01', '2024-02-29')$$,
    'VALUES (29, 0::bigint, 0.00, NULL::numeric, 0.00, 0::bigint, NULL::numeric, NULL::numeric)', 'nothing sold: one row of zeros');
SELECT results_eq($$SELECT count(*), sum(orders), sum(revenue_dzd), count(average_order_dzd), count(growth_pct) FROM mjc_report.sales_by_period('2024-02-01', '2024-02-29')$$,
    'VALUES (29::bigint, 0::numeric, 0.00, 0::bigint, 0::bigint)', 'a row for each day');
SELECT is_empty(format($$SELECT * FROM mjc_report.sales_by(%L, '2024-02-01', '2024-02-29')$$, d), 'nothing by ' || d) FROM unnest('{wilaya,product,category}'::text[]) d;
SELECT is_empty($$SELECT * FROM mjc_report.top_products('2024-02-01', '2024-02-29')$$, 'no top product');
SELECT results_eq($$SELECT new_customers, returning_customers, new_revenue_dzd FROM mjc_report.customers_by_period('2024-02-01', '2024-02-29')$$, 'VALUES (0::bigint, 0::bigint, 0.00)', 'no customers');
SELECT is_empty($$SELECT * FROM mjc_report.cohort_retention('2024-02-01', '2024-02-29')$$, 'no cohort');
SELECT is_empty('SELECT * FROM mjc_report.customer_rfm()', 'no scores');
SELECT is_empty('SELECT * FROM mjc_report.customer_value', 'no values');

--------------------------------------------------------------- by hand
-- Parts 1 (1 000.00, cost 600.00) and 2 (500.00, cost 100.00); 700.00 for the parcel; buyers a, b.
CREATE TEMP TABLE mine (ref text PRIMARY KEY, id uuid NOT NULL);
CREATE FUNCTION pg_temp.sale(at timestamptz, numbers integer[], quantities integer[], phone text DEFAULT '0550000001', method text DEFAULT NULL) RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    made text := (SELECT r.body -> 'order' ->> 'orderNumber'
                    FROM mjc_api.order_place_guest('req', NULL, pg_temp.pids(numbers), quantities, 'Amina', 'Test', phone, NULL, NULL, '1 rue du Test', 'Testville', NULL, '99', NULL, NULL,
                                                   payment_method => method) r);
BEGIN
    UPDATE mjc.order o SET placed_at = at WHERE o.order_id = pg_temp.order_id(made);
    INSERT INTO mine SELECT made, pg_temp.order_id(made);
    RETURN made;
END
$$;
INSERT INTO mjc.category (category_id, slug, name, name_ar) VALUES ('00000000-0000-4000-b000-000000000002', 'test-only-other', 'Other parts', 'أخرى');
INSERT INTO mjc.manufacturer (manufacturer_id, slug, name) VALUES ('00000000-0000-4000-b000-000000000003', 'test-only-maker', 'Test maker');
SELECT mjc.stock_receive(pg_temp.make_product(n, 100000 / n), 1000, 60000 / (n * 3 - 2)) FROM generate_series(1, 4) n \g /dev/null
UPDATE mjc.product SET created_at = '2024-01-01', category_id = CASE WHEN sku IN ('TEST-ONLY-2', 'TEST-ONLY-4') THEN '00000000-0000-4000-b000-000000000002' ELSE category_id END::uuid,
       manufacturer_id = CASE WHEN sku = 'TEST-ONLY-1' THEN '00000000-0000-4000-b000-000000000003' END::uuid WHERE sku LIKE 'TEST-ONLY-%';
SAVEPOINT by_hand;
SELECT pg_temp.sale('2024-02-28 22:59:59.999Z', '{1}', '{1}') AS a1 \gset
SELECT pg_temp.sale('2024-02-28 23:00:00Z', '{1,2}', '{2,1}', '0550000002') AS b1 \gset
SELECT pg_temp.sale('2024-02-29 12:00Z', '{2,4}', '{4,1}') AS a2 \gset
SELECT pg_temp.sale('2024-03-31 23:00Z', '{1}', '{1}') AS a3 \gset
SELECT mjc.order_cancel(:'a2') \g /dev/null
-- 1 000 + 700 on the 28th; 2 500 + 700 on the 29th; a third was cancelled; the last is April's
SELECT results_eq($$SELECT starts_on, orders, cancelled_orders, units, revenue_dzd, average_order_dzd, previous_revenue_dzd, growth_pct FROM mjc_report.sales_by_period('2024-02-28', '2024-03-01')$$,
    $$VALUES ('2024-02-28'::date, 1::bigint, 0::bigint, 1::bigint, 1700.00, 1700.00, 0.00, NULL::numeric), ('2024-02-29', 1, 1, 3, 3200.00, 3200.00, 1700.00, 88.24), ('2024-03-01', 0, 0, 0, 0.00, NULL, 3200.00, -100.00)$$, 'days: midnight in Algiers, 29 February');
SELECT results_eq($$SELECT orders, cancelled_orders, gross_dzd, revenue_dzd, average_order_dzd, shipping_dzd, previous_orders, orders_growth_pct, revenue_growth_pct FROM mjc_report.sales_summary('2024-02-29', '2024-02-29')$$,
    'VALUES (1::bigint, 1::bigint, 3200.00, 3200.00, 3200.00, 700.00, 1::bigint, 0.00, 88.24)', 'a day against the day before');
SELECT mjc.order_ship(:'b1') \g /dev/null
SELECT mjc.order_deliver(:'b1') \g /dev/null
SELECT mjc.order_return(:'b1', '{1}', '{1}', 'x') \g /dev/null
SELECT results_eq($$SELECT returned_units, returned_dzd, revenue_dzd, average_order_dzd, refunded_dzd, sold_ht_dzd, cost_dzd, margin_dzd FROM mjc_report.sales_summary('2024-02-29', '2024-02-29')$$,
    'VALUES (1::bigint, 1000.00, 2200.00, 2200.00, 1000.00, 1260.51, 750.00, 510.51)', 'one of three came back, its value and its money; 1 500.00 stay out, 239.49 of it TVA, and cost 600.00 and 150.00');
SELECT results_eq($$SELECT key, orders, cancelled_orders, units, returned_units, gross_dzd, returned_dzd, revenue_dzd, discount_dzd, shipping_dzd, stamp_duty_dzd, tax_dzd, refunded_dzd, sold_ht_dzd, cost_dzd, margin_dzd
                     FROM mjc_report.sales WHERE dim = 'all' AND on_day = '2024-02-29'$$,
    $$VALUES ('', 1::bigint, 1::bigint, 3::bigint, 1::bigint, 3200.00, 1000.00, 2200.00, 0.00, 700.00, 0.00, 351.25, 1000.00, 1260.51, 750.00, 510.51)$$, 'the view says the same: TVA 319.33 + 79.83 + 111.76 of the parcel, less half of the first');
SELECT results_eq($$SELECT sku, category, manufacturer, orders, units, revenue_dzd FROM mjc_report.top_products('2024-02-01', '2024-02-29')$$,
    $$VALUES ('TEST-ONLY-1', 'Test parts', 'Test maker', 2::bigint, 2::bigint, 2000.00), ('TEST-ONLY-2', 'Other parts', NULL, 1, 1, 500.00)$$, 'products by revenue of goods');
SELECT results_eq($$SELECT name, name_ar, orders, units, revenue_dzd, share_pct FROM mjc_report.sales_by('category', '2024-02-01', '2024-02-29')$$,
    $$VALUES ('Test parts', NULL, NULL::bigint, 3::bigint, 2000.00, 80.00), ('Other parts', 'أخرى', NULL, 1, 500.00, 20.00)$$, 'and by category');
SELECT results_eq($$SELECT key, name, name_ar, orders, cancelled_orders, revenue_dzd, refunded_dzd, share_pct, growth_pct FROM mjc_report.sales_by('wilaya', '2024-02-28', '2024-02-29')$$,
    $$VALUES ('99', 'Épreuve', 'اختبار', 2::bigint, 1::bigint, 3900.00, 1000.00, 100.00, NULL::numeric)$$, 'by wilaya, with its names');
SELECT results_eq($$SELECT key, name, orders, revenue_dzd, previous_revenue_dzd, growth_pct FROM mjc_report.sales_by('payment_method', '2024-03-01', '2024-03-31')$$,
    $$SELECT 'CASH_ON_DELIVERY', m.name_fr, 0::bigint, 0.00, 3900.00, -100.00 FROM mjc.payment_method m WHERE m.method = 'CASH_ON_DELIVERY'$$, 'what sold before and no more has a row');
SELECT results_eq($$SELECT starts_on, new_customers, returning_customers, new_orders, returning_orders, new_revenue_dzd, returning_revenue_dzd FROM mjc_report.customers_by_period('2024-02-28', '2024-04-01')$$,
    $$VALUES ('2024-02-28'::date, 2::bigint, 0::bigint, 2::bigint, 0::bigint, 3900.00, 0.00), ('2024-03-01', 0, 0, 0, 0, 0.00, 0.00), ('2024-04-01', 0, 1, 0, 1, 0.00, 1700.00)$$, 'new and returning by month');
SELECT results_eq($$SELECT cohort, month_no, customers, active_customers, retention_pct FROM mjc_report.cohort_retention('2024-02-15', '2024-04-30')$$,
    $$VALUES ('2024-02-01'::date, 0, 2::bigint, 2::bigint, 100.00), ('2024-02-01', 1, 2, 0, 0.00), ('2024-02-01', 2, 2, 1, 50.00)$$, 'of two of February one came back in April');
SELECT is_empty($$SELECT * FROM mjc_report.cohort_retention('2024-03-01', '2024-04-30')$$, 'who bought before is of no later cohort');
SELECT results_eq($$SELECT orders, cancelled_orders, first_order_on, last_order_on, revenue_dzd, average_order_dzd FROM mjc_report.customer_value ORDER BY revenue_dzd DESC$$,
    $$VALUES (2::bigint, 1::bigint, '2024-02-28'::date, '2024-04-01'::date, 3400.00, 1700.00), (1, 0, '2024-02-29', '2024-02-29', 2200.00, 2200.00)$$, 'what each was worth');
SELECT results_eq($$SELECT recency_days, frequency, monetary_dzd, recency_score, frequency_score, monetary_score FROM mjc_report.customer_rfm('2024-04-02')$$,
    'VALUES (1, 2::bigint, 3400.00, 5, 5, 5), (33, 1, 2200.00, 3, 3, 3)', 'and how they score');
SELECT results_eq($$SELECT recency_days, frequency_score, monetary_score FROM mjc_report.customer_rfm('2024-02-29') ORDER BY 1$$, 'VALUES (0, 5, 5), (1, 5, 3)', 'of an earlier day; equal ones score alike');
SELECT results_eq($$SELECT units_sold, units_a_day, cover_days FROM mjc_report.stock_cover(30, '2024-02-29') WHERE sku LIKE 'TEST-ONLY-%' ORDER BY sku$$,
    'VALUES (2::bigint, 0.07, 14955), (1, 0.03, 29970), (0, 0.00, NULL), (0, 0.00, NULL)', 'cover: 997 left at 2 in 30 days, 999 at one');
SELECT set_eq($$SELECT sku FROM mjc_report.unsold_products('2024-02-01', '2024-02-29') WHERE sku LIKE 'TEST-ONLY-%'$$, $$VALUES ('TEST-ONLY-3'), ('TEST-ONLY-4')$$, 'two were not sold');
SELECT is_empty($$SELECT sku FROM mjc_report.unsold_products('2024-01-01', '2024-01-31') WHERE sku LIKE 'TEST-ONLY-%'$$, 'what was not there yet is not called unsold');
SELECT mjc.order_return(:'b1', '{1}', '{1}', 'x') \g /dev/null
SELECT mjc.order_refund(:'b1') \g /dev/null
SELECT results_eq($$SELECT orders, revenue_dzd, average_order_dzd, refunded_dzd, cost_dzd FROM mjc_report.sales_summary('2024-02-29', '2024-02-29')$$,
    'VALUES (1::bigint, 0.00, 0.00, 3200.00, 0.00)', 'refunded whole: an order without revenue');
SELECT is(growth_pct, NULL, 'after a day without revenue there is no growth') FROM mjc_report.sales_by_period('2024-03-01', '2024-03-01');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');
ROLLBACK TO by_hand;
-- One line of which a part was cancelled and a part came back: 3 x 1 000 + 500 + 700, two units of the first
-- leave, the rest is cancelled, one comes back: 1 700 are left. Another buyer of the same day.
SELECT pg_temp.sale('2024-03-10 12:00Z', '{1,2}', '{3,1}', '0550000003') AS c \gset
SELECT pg_temp.sale('2024-03-10 13:00Z', '{2}', '{1}', '0550000004') AS d \gset
SELECT mjc.order_confirm(:'c') \g /dev/null
SELECT mjc.shipment_pack(:'c', '{1}', '{2}') AS parcel \gset
SELECT mjc.shipment_ship(:'c', :parcel) \g /dev/null
SELECT mjc.order_cancel_rest(:'c') \g /dev/null
SELECT mjc.shipment_deliver(:'c', :parcel) \g /dev/null
SELECT results_eq('SELECT sum(revenue_centimes)::bigint FROM mjc_report.order_entry WHERE order_id = ' || quote_literal(pg_temp.order_id(:'c')), 'VALUES (270000::bigint)', 'what was cancelled counts as come back');
SELECT mjc.order_return(:'c', '{1}', '{1}', 'x') \g /dev/null
SELECT results_eq($$SELECT orders, units, returned_units, revenue_dzd FROM mjc_report.sales_summary('2024-03-10', '2024-03-10')$$, 'VALUES (2::bigint, 5::bigint, 3::bigint, 2900.00)', 'a line in part cancelled and in part returned');
SELECT results_eq('SELECT revenue_dzd FROM mjc_report.customer_value ORDER BY 1', 'VALUES (1200.00), (1700.00)', 'and of its customer');
SELECT results_eq($$SELECT recency_days, recency_score, frequency_score, monetary_score FROM mjc_report.customer_rfm('2024-03-11')$$, 'VALUES (1, 5, 5, 5), (1, 5, 5, 3)', 'two of one day are as recent');
ROLLBACK TO by_hand;

--------------------------------------------------------------- errors of each
SELECT pg_temp.refused(format('SELECT * FROM mjc_report.%s', f), 'MJ006', 'on_day', f) FROM unnest(ARRAY['stock_cover(30, ''infinity'')', 'stock_cover(30, ''4713-01-01 BC'')', 'customer_rfm(''-infinity'')']) f;
SELECT is((pg_temp.failure(format('SELECT * FROM mjc_report.%s', f))).code, c, f)
  FROM (VALUES ('sales_summary(''2024-02-02'', ''2024-02-01'')', 'MJ741'), ('sales_by_period(''2024-02-02'', ''2024-02-01'')', 'MJ741'), ('sales_by(''wilaya'', ''2019-02-02'', ''2024-02-02'')', 'MJ742'),
               ('sales_by_period(''2024-02-01'', ''2024-02-02'', ''hour'')', 'MJ010'), ('sales_by(''all'', ''2024-02-01'', ''2024-02-02'')', 'MJ010'), ('sales_by(NULL, ''2024-02-01'', ''2024-02-02'')', 'MJ003'),
               ('top_products(''2024-02-01'', NULL)', 'MJ003'), ('top_products(''2024-02-01'', ''2024-02-02'', 0)', 'MJ006'), ('top_products(''2024-02-01'', ''2024-02-02'', NULL)', 'MJ003'),
               ('top_products(''2024-02-01'', ''2024-02-02'', 5, ''name'')', 'MJ010'), ('top_products(''2024-02-01'', ''2024-02-02'', 5, NULL)', 'MJ003'), ('unsold_products(''2024-02-02'', ''2024-02-01'')', 'MJ741'),
               ('stock_cover(0)', 'MJ006'), ('stock_cover(NULL)', 'MJ003'), ('stock_cover(30, NULL)', 'MJ003'), ('customers_by_period(''2024-02-01'', ''2024-02-02'', ''year'')', 'MJ010'),
               ('customers_by_period(NULL, ''2024-02-02'')', 'MJ003'), ('cohort_retention(''2024-02-02'', ''2024-02-01'')', 'MJ741'), ('customer_rfm(NULL)', 'MJ003'), ('customer_rfm(''infinity'')', 'MJ006')) v (f, c);

--------------------------------------------------------------- a random history
CREATE FUNCTION pg_temp.play(n integer) RETURNS TABLE (kind text, done bigint, refused bigint)
    LANGUAGE plpgsql
AS $$
DECLARE
    o record;
    step text;
    ok boolean;
    tally jsonb := '{}';
BEGIN
    PERFORM setseed(0.5);
    FOR i IN 1 .. n LOOP
        -- Days around 29 February and 31 December, some at the last and the first instant of a day.
        PERFORM pg_temp.sale((ARRAY['2024-02-15 23:00Z', '2024-12-20 23:00Z'])[1 + floor(random() * 2)::integer]::timestamptz + make_interval(days => floor(random() * 25)::integer)
                                 + (ARRAY[interval '0', interval '23:59:59.999', interval '11 hours'])[1 + floor(random() * 3)::integer],
                             x.numbers, (ARRAY[1 + floor(random() * 3), 1 + floor(random() * 3), 2]::integer[])[1 : cardinality(x.numbers)],
                             '05500000' || 10 + floor(random() * 12), (ARRAY['CASH_ON_DELIVERY', 'BANK_TRANSFER'])[1 + floor(random() * 2)::integer])
           FROM (SELECT (ARRAY['{1,2}', '{2,3}', '{3}', '{1,3,2}', '{1}'])[1 + floor(random() * 5)::integer]::integer[] AS numbers) x;
        IF random() < 0.3 THEN
            UPDATE mjc.order x SET customer_group = 'b2b', channel = 'staff', wilaya_code = (ARRAY['16', '31', NULL])[1 + floor(random() * 3)::integer]
             WHERE x.order_id = (SELECT m.id FROM mine m JOIN mjc.sale_pending p ON p.order_id = m.id ORDER BY m.ref DESC LIMIT 1);
        END IF;
        FOR j IN 1 .. 4 LOOP
            SELECT m.ref INTO o FROM mine m ORDER BY random() LIMIT 1;
            step := (ARRAY['cancel', 'order_confirm', 'order_ship', 'order_ship', 'order_deliver', 'order_deliver', 'return', 'return_all', 'order_refund', 'part', 'rest'])[1 + floor(random() * 11)::integer];
            BEGIN
                CASE step
                WHEN 'cancel' THEN PERFORM mjc.order_cancel(o.ref);
                WHEN 'return' THEN PERFORM mjc.order_return(o.ref, '{1}', '{1}', 'x', random() < 0.3);
                WHEN 'return_all' THEN PERFORM mjc.order_return(o.ref, ARRAY[x.line_no], ARRAY[x.qty], 'x') FROM mjc.order_line x WHERE x.order_id = pg_temp.order_id(o.ref);
                WHEN 'part' THEN PERFORM mjc.shipment_ship(o.ref, mjc.shipment_pack(o.ref, '{1}', '{1}'));
                WHEN 'rest' THEN PERFORM mjc.order_cancel_rest(o.ref);
                WHEN 'order_confirm' THEN PERFORM mjc.order_confirm(o.ref);
                WHEN 'order_ship' THEN PERFORM mjc.order_ship(o.ref);
                WHEN 'order_deliver' THEN PERFORM mjc.order_deliver(o.ref);
                WHEN 'order_refund' THEN PERFORM mjc.order_refund(o.ref);
                END CASE;
                ok := true;
            EXCEPTION WHEN OTHERS THEN
                IF SQLSTATE NOT LIKE 'MJ%' THEN
                    RAISE;
                END IF;
                ok := false;
            END;
            tally := jsonb_set(tally, ARRAY[step || ok], to_jsonb(coalesce((tally ->> (step || ok))::bigint, 0) + 1));
        END LOOP;
        IF random() < 0.5 THEN
            PERFORM mjc.sale_fold(3);
        END IF;
    END LOOP;
    RETURN QUERY SELECT x.step, coalesce((tally ->> (x.step || 'true'))::bigint, 0), coalesce((tally ->> (x.step || 'false'))::bigint, 0)
                   FROM unnest('{cancel,order_confirm,order_ship,order_deliver,return,return_all,order_refund,part,rest}'::text[]) x (step);
END
$$;
CREATE TEMP TABLE played AS SELECT * FROM pg_temp.play(150);
SELECT is_empty('SELECT kind FROM played WHERE done = 0', 'each step was taken');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');
SELECT cmp_ok((SELECT count(*) FROM mjc.sale_pending) + (SELECT count(*) FROM mjc.sale_delta), '>', 0::bigint, 'something is not folded');
SELECT cmp_ok((SELECT count(*) FROM mjc.sale_day), '>', 100::bigint, 'and much is');

-- From the orders, their lines and the ledger alone. Algiers is one hour before UTC.
CREATE TEMP TABLE line AS
SELECT l.order_id, (o.placed_at AT TIME ZONE 'UTC' + interval '1 hour')::date AS day, o.status = 'CANCELLED' AS gone, l.product_id, l.qty, l.cancelled_qty + coalesce(g.back, 0) AS back,
       l.total_centimes AS total, l.tax_centimes AS tax, CASE o.status WHEN 'REFUNDED' THEN l.total_centimes ELSE round(l.total_centimes::numeric * (l.cancelled_qty + coalesce(g.back, 0)) / l.qty) END AS returned,
       CASE o.status WHEN 'REFUNDED' THEN 0 ELSE round((l.total_centimes - l.tax_centimes)::numeric * coalesce(g.outside, 0) / l.qty) END - coalesce(g.cost, 0) AS margin
  FROM mjc.order_line l
  JOIN mjc.order o ON o.order_id = l.order_id
  LEFT JOIN (SELECT s.ref_id, s.product_id, sum(s.qty) FILTER (WHERE s.kind LIKE 'return%') AS back, sum(CASE s.kind WHEN 'ship' THEN s.qty ELSE -s.qty END) AS outside,
                    sum(CASE s.kind WHEN 'ship' THEN s.qty WHEN 'return' THEN -s.qty ELSE 0 END * s.unit_cost_centimes) AS cost
               FROM mjc.stock_ledger s WHERE s.kind IN ('ship', 'return', 'return_damaged') GROUP BY 1, 2) g ON g.ref_id = l.order_id::text AND g.product_id = l.product_id;
CREATE TEMP TABLE fact AS
SELECT o.order_id, o.customer_id, o.placed_at, x.day, x.gone, o.channel, o.payment_method, o.customer_group, coalesce(o.wilaya_code, '') AS wilaya, (NOT x.gone)::integer AS counts,
       CASE WHEN x.gone THEN 0 ELSE x.units END AS units, CASE WHEN x.gone THEN 0 ELSE x.back END AS back,
       CASE WHEN o.status IN ('CANCELLED', 'REFUNDED') THEN 0 ELSE o.total_centimes - x.returned END AS revenue,
       CASE WHEN x.gone THEN 0 ELSE (SELECT coalesce(sum(r.amount_centimes), 0) FROM mjc.refund r WHERE r.order_id = o.order_id AND r.kind <> 'excess') END AS refunded,
       CASE WHEN x.gone THEN 0 ELSE x.margin END AS margin
  FROM mjc.order o
  JOIN (SELECT l.order_id, l.day, l.gone, sum(l.qty) AS units, sum(l.back) AS back, sum(l.returned) AS returned, sum(l.margin) AS margin FROM line l GROUP BY 1, 2, 3) x ON x.order_id = o.order_id;
CREATE TEMP TABLE day AS SELECT g::date AS day FROM generate_series('2024-01-01'::date, '2025-02-28', interval '1 day') g;

-- Two queries give the same rows, and some.
CREATE FUNCTION pg_temp.same(got text, wanted text, why text) RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    bad text;
    n bigint;
BEGIN
    EXECUTE format('SELECT string_agg(x::text, E''\n'') FROM ((SELECT ''got'', g FROM ((%1$s) EXCEPT ALL (%2$s)) g) UNION ALL (SELECT ''wanted'', w FROM ((%2$s) EXCEPT ALL (%1$s)) w)) x', got, wanted) INTO bad;
    EXECUTE format('SELECT count(*) FROM (%s) x', got) INTO n;
    RETURN is(coalesce(bad, CASE n WHEN 0 THEN 'no rows' END), NULL, why);
END
$$;

SELECT pg_temp.same(format($$SELECT orders, cancelled_orders, units, returned_units, revenue_dzd, refunded_dzd, margin_dzd, previous_orders, previous_revenue_dzd FROM mjc_report.sales_summary(%L, %L)$$, a, b),
              format($$SELECT sum(counts) FILTER (WHERE day >= %1$L), count(*) FILTER (WHERE day >= %1$L AND gone), sum(units) FILTER (WHERE day >= %1$L), sum(back) FILTER (WHERE day >= %1$L),
                              sum(revenue / 100.0) FILTER (WHERE day >= %1$L), sum(refunded / 100.0) FILTER (WHERE day >= %1$L), sum(margin / 100.0) FILTER (WHERE day >= %1$L),
                              coalesce(sum(counts) FILTER (WHERE day < %1$L), 0), coalesce(sum(revenue / 100.0) FILTER (WHERE day < %1$L), 0)
                         FROM fact WHERE day BETWEEN %1$L::date - (%2$L::date - %1$L::date + 1) AND %2$L$$, a, b), format('sales_summary %s %s', a, b))
  FROM (VALUES ('2024-02-29'::date, '2024-03-10'::date), ('2024-12-31', '2025-01-01'), ('2024-01-01', '2025-01-31')) v (a, b);
-- What a day is called within its period, and the period: a part before has the same names of the period before.
CREATE FUNCTION pg_temp.recount(a date, b date, period text) RETURNS TABLE (starts date, ends date, orders bigint, cancelled bigint, units bigint, back bigint, revenue numeric, refunded numeric, margin numeric, previous numeric)
    LANGUAGE sql
AS $$
    WITH named AS (
        SELECT d.day, CASE period WHEN 'day' THEN d.day WHEN 'week' THEN d.day - extract(isodow FROM d.day)::integer + 1 ELSE d.day - extract(day FROM d.day)::integer + 1 END AS label,
               CASE period WHEN 'day' THEN 1 WHEN 'week' THEN extract(isodow FROM d.day) ELSE extract(day FROM d.day) END AS place FROM day d),
    cut AS (SELECT n.label, min(n.day) AS starts, max(n.day) AS ends, min(n.place) AS first, max(n.place) AS last, max(n.day) = (SELECT max(x.day) FROM named x WHERE x.label = n.label) AS whole_end
              FROM named n WHERE n.day BETWEEN a AND b GROUP BY n.label)
    SELECT c.starts, c.ends, (SELECT coalesce(sum(f.counts), 0) FROM fact f WHERE f.day BETWEEN c.starts AND c.ends), (SELECT count(*) FROM fact f WHERE f.day BETWEEN c.starts AND c.ends AND f.gone),
           (SELECT coalesce(sum(f.units), 0) FROM fact f WHERE f.day BETWEEN c.starts AND c.ends)::bigint, (SELECT coalesce(sum(f.back), 0) FROM fact f WHERE f.day BETWEEN c.starts AND c.ends)::bigint,
           (SELECT coalesce(sum(f.revenue), 0) / 100.0 FROM fact f WHERE f.day BETWEEN c.starts AND c.ends), (SELECT coalesce(sum(f.refunded), 0) / 100.0 FROM fact f WHERE f.day BETWEEN c.starts AND c.ends),
           (SELECT coalesce(sum(f.margin), 0) / 100.0 FROM fact f WHERE f.day BETWEEN c.starts AND c.ends),
           (SELECT coalesce(sum(f.revenue), 0) / 100.0 FROM fact f JOIN named n ON n.day = f.day
             WHERE n.label = (SELECT max(x.label) FROM named x WHERE x.label < c.label) AND n.place >= c.first AND (n.place <= c.last OR c.whole_end))
      FROM cut c
$$;
SELECT pg_temp.same(format('SELECT starts_on, ends_on, orders, cancelled_orders, units, returned_units, revenue_dzd, refunded_dzd, margin_dzd, previous_revenue_dzd FROM mjc_report.sales_by_period(%L, %L, %L)', a, b, p),
              format('SELECT * FROM pg_temp.recount(%L, %L, %L)', a, b, p), format('sales_by_period %s %s %s', p, a, b))
  FROM (VALUES ('2024-02-20'::date, '2024-03-12'::date), ('2024-12-30', '2025-01-10')) w (a, b), unnest('{day,week,month}'::text[]) p;
SELECT pg_temp.same(format($$SELECT key, orders, cancelled_orders, units, returned_units, revenue_dzd, refunded_dzd, margin_dzd, previous_revenue_dzd FROM mjc_report.sales_by(%L, '2024-02-26', '2024-03-05')$$, d),
              format($$SELECT %s, coalesce(sum(counts) FILTER (WHERE now), 0), count(*) FILTER (WHERE now AND gone), coalesce(sum(units) FILTER (WHERE now), 0)::bigint, coalesce(sum(back) FILTER (WHERE now), 0)::bigint,
                              coalesce(sum(revenue) FILTER (WHERE now), 0) / 100.0, coalesce(sum(refunded) FILTER (WHERE now), 0) / 100.0, coalesce(sum(margin) FILTER (WHERE now), 0) / 100.0,
                              coalesce(sum(revenue) FILTER (WHERE NOT now), 0) / 100.0
                         FROM (SELECT *, day >= '2024-02-26' AS now FROM fact) f WHERE day BETWEEN '2024-02-17' AND '2024-03-05'
                        GROUP BY 1 HAVING bool_or(now OR NOT gone)$$, d), 'sales_by ' || d)
  FROM unnest('{wilaya,channel,payment_method,customer_group}'::text[]) d;
SELECT pg_temp.same(format($$SELECT key, units, returned_units, revenue_dzd, margin_dzd FROM mjc_report.sales_by(%L, '2024-02-01', '2024-03-31')$$, d),
              format($$SELECT %s, coalesce(sum(qty) FILTER (WHERE NOT gone), 0)::bigint, coalesce(sum(back) FILTER (WHERE NOT gone), 0)::bigint, coalesce(sum(total - returned) FILTER (WHERE NOT gone), 0) / 100.0, coalesce(sum(margin) FILTER (WHERE NOT gone), 0) / 100.0
                         FROM line l JOIN mjc.product p USING (product_id) WHERE day BETWEEN '2024-02-01' AND '2024-03-31' GROUP BY 1$$, e), 'sales_by ' || d)
  FROM (VALUES ('product', 'product_id::text'), ('category', 'category_id::text'), ('manufacturer', $$coalesce(manufacturer_id::text, '')$$)) v (d, e);
SELECT is((SELECT count(*) FROM mjc_report.sales_by(d, '2024-02-01', '2024-03-31') WHERE share_pct < 0 OR share_pct > 100), 0::bigint, 'shares are of the whole')
  FROM (VALUES ('wilaya')) v (d);
SELECT pg_temp.same(format($$SELECT place, product_id, orders, units, revenue_dzd, margin_dzd FROM mjc_report.top_products('2024-02-01', '2024-03-31', 2, %L)$$, s),
              format($$SELECT row_number() OVER (ORDER BY %s DESC, product_id::text), * FROM (SELECT product_id, count(*) AS orders, sum(qty - back)::bigint AS units, sum(total - returned) / 100.0 AS revenue, sum(margin) / 100.0 AS margin
                         FROM line WHERE day BETWEEN '2024-02-01' AND '2024-03-31' AND NOT gone GROUP BY 1) x ORDER BY 1 LIMIT 2$$, s), 'top_products by ' || s)
  FROM unnest('{revenue,units,orders,margin}'::text[]) s;
CREATE TEMP VIEW first AS SELECT customer_id, min(day) AS day FROM fact WHERE NOT gone GROUP BY 1;
SELECT pg_temp.same(format($$SELECT starts_on, new_customers, returning_customers, new_orders, returning_orders, new_revenue_dzd, returning_revenue_dzd FROM mjc_report.customers_by_period('2024-02-20', '2025-01-08', %L)$$, p),
              format($$SELECT c.starts_on, count(DISTINCT f.customer_id) FILTER (WHERE x.day >= c.starts_on), count(DISTINCT f.customer_id) FILTER (WHERE x.day < c.starts_on),
                              count(f) FILTER (WHERE x.day >= c.starts_on), count(f) FILTER (WHERE x.day < c.starts_on), coalesce(sum(f.revenue) FILTER (WHERE x.day >= c.starts_on), 0) / 100.0,
                              coalesce(sum(f.revenue) FILTER (WHERE x.day < c.starts_on), 0) / 100.0
                         FROM mjc.report_period('2024-02-20', '2025-01-08', %L) c LEFT JOIN (fact f JOIN first x USING (customer_id)) ON f.day BETWEEN c.starts_on AND c.ends_on AND NOT f.gone GROUP BY 1$$, p), 'customers_by_period ' || p)
  FROM unnest('{day,week,month}'::text[]) p;
SELECT pg_temp.same($$SELECT cohort, month_no, customers, active_customers FROM mjc_report.cohort_retention('2024-02-10', '2025-01-05') WHERE active_customers > 0$$,
              $$SELECT date_trunc('month', x.day)::date, (to_char(f.day, 'YYYY')::integer - to_char(x.day, 'YYYY')::integer) * 12 + to_char(f.day, 'MM')::integer - to_char(x.day, 'MM')::integer,
                       (SELECT count(*) FROM first y WHERE to_char(y.day, 'YYYYMM') = to_char(min(x.day), 'YYYYMM') AND y.day <= '2025-01-05'), count(DISTINCT f.customer_id)
                  FROM fact f JOIN first x USING (customer_id) WHERE NOT f.gone AND f.day <= '2025-01-05' GROUP BY 1, 2$$, 'cohort_retention');
SELECT is((SELECT count(DISTINCT month_no) FROM mjc_report.cohort_retention('2024-02-10', '2025-01-05') WHERE cohort = '2024-02-01'), 12::bigint, 'every month up to the last has a row');
SELECT pg_temp.same('SELECT customer_id, first_order_on, last_order_on, orders, cancelled_orders, revenue_dzd FROM mjc_report.customer_value',
              'SELECT customer_id, min(day) FILTER (WHERE NOT gone), max(day) FILTER (WHERE NOT gone), sum(counts), count(*) FILTER (WHERE gone), sum(revenue) / 100.0 FROM fact GROUP BY 1', 'customer_value');
SELECT is((SELECT sum(revenue_dzd) FROM mjc_report.customer_value), (SELECT sum(revenue_dzd) FROM mjc_report.sales WHERE dim = 'all'), 'what the customers were worth is what was sold');
SELECT is((SELECT sum(revenue_dzd) FROM mjc_report.sales WHERE dim = 'all'), (SELECT sum(revenue_dzd) FROM mjc_report.sales WHERE dim = d), 'the days add up by ' || d) FROM unnest('{wilaya,channel}'::text[]) d;
-- Fifths by hand: how many have no more than oneself, of all, in fifths, rounded up.
SELECT pg_temp.same($$SELECT customer_id, recency_days, frequency, monetary_dzd, recency_score, frequency_score, monetary_score FROM mjc_report.customer_rfm('2025-01-20')$$,
              $$WITH b AS (SELECT customer_id, '2025-01-20'::date - max(day) AS r, count(*) AS f, sum(revenue) AS m FROM fact WHERE NOT gone AND day <= '2025-01-20' GROUP BY 1)
                SELECT customer_id, r, f, m / 100.0, ceil((SELECT count(*) FROM b x WHERE x.r >= b.r) * 5.0 / (SELECT count(*) FROM b))::integer, ceil((SELECT count(*) FROM b x WHERE x.f <= b.f) * 5.0 / (SELECT count(*) FROM b))::integer,
                       ceil((SELECT count(*) FROM b x WHERE x.m <= b.m) * 5.0 / (SELECT count(*) FROM b))::integer FROM b$$, 'customer_rfm');
SELECT pg_temp.same($$SELECT product_id, units_sold, cover_days FROM mjc_report.stock_cover(20, '2024-03-10') WHERE units_sold > 0$$,
              $$SELECT product_id, sum(qty - back)::bigint, floor(mjc.available(product_id) * 20 / sum(qty - back))::integer FROM line WHERE NOT gone AND day BETWEEN '2024-02-20' AND '2024-03-10' GROUP BY 1 HAVING sum(qty - back) > 0$$, 'stock_cover');
SELECT pg_temp.same($$SELECT sku FROM mjc_report.unsold_products('2024-12-01', '2025-01-31') WHERE sku LIKE 'TEST-ONLY-%'$$,
              $$SELECT p.sku FROM mjc.product p WHERE p.sku LIKE 'TEST-ONLY-%' AND p.product_id NOT IN (SELECT product_id FROM line WHERE NOT gone AND day BETWEEN '2024-12-01' AND '2025-01-31' GROUP BY 1 HAVING sum(qty - back) > 0)$$, 'unsold_products');

--------------------------------------------------------------- an analyst
CREATE ROLE test_analyst LOGIN IN ROLE mjc_analyst;
GRANT USAGE ON SCHEMA tap TO PUBLIC;
SET SESSION AUTHORIZATION test_analyst;
SELECT cmp_ok((SELECT orders FROM mjc_report.sales_summary('2024-01-01', '2025-01-31')), '>', 0::bigint, 'an analyst reads them');
SELECT throws_ok($$SELECT * FROM mjc_report.sales_by('colour', '2024-01-01', '2024-01-31')$$, 'MJ010', NULL, 'and hears what is wrong');
RESET SESSION AUTHORIZATION;

SELECT * FROM finish();
ROLLBACK;
