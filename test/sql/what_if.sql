-- what_if: what a promotion or a tariff would have changed. Amounts are computed by hand, in
-- centimes: part 1 costs 10000, part 2 20000, a parcel to 99 costs 70000, elsewhere 60000.
BEGIN;
SELECT plan(43);
\ir fixture.psql
UPDATE mjc.promotion SET is_active = false;
SELECT pg_temp.make_stock(1, 100, 10000), pg_temp.make_stock(2, 100, 20000), pg_temp.make_stock(3, 100, 5000) \g /dev/null

-- A draft of a promotion or a tariff; returns its id.
CREATE FUNCTION pg_temp.draft(code text, kind text, scope text, doc jsonb) RETURNS uuid
    LANGUAGE sql
AS $$
    INSERT INTO mjc.promotion
    SELECT * FROM jsonb_populate_record(NULL::mjc.promotion,
        jsonb_build_object('promotion_id', gen_random_uuid(), 'code', code, 'name', code, 'kind', kind, 'scope', scope, 'priority', 100, 'needs_coupon', false, 'validity', '(,)', 'first_order', false,
                           'is_active', false, 'created_at', now(), 'updated_at', now()) || doc);
    SELECT mjc.pricing_changed();
    SELECT p.promotion_id FROM mjc.promotion p WHERE p.code = draft.code;
$$;
CREATE FUNCTION pg_temp.tariff(place text, amount bigint, mode text DEFAULT 'home', included integer DEFAULT NULL) RETURNS uuid
    LANGUAGE sql
AS $$
    INSERT INTO mjc.shipping_tariff (tariff_id, place_code, delivery_mode, amount_centimes, validity, included_weight_g, step_weight_g, step_centimes, is_draft)
    VALUES (gen_random_uuid(), place, mode, amount, '[2199-01-01,)', included, included, included, true)
    RETURNING tariff_id
$$;

-- Orders of five days in May 2031: a to 99, b to 99 (two parts), c elsewhere (with a coupon), d cancelled, e to 99 with a card.
SELECT pg_temp.draft('test-coupon', 'percent', 'order', '{"rate_bp": 1000, "needs_coupon": true, "is_active": true, "priority": 50}') AS with_coupon \gset
INSERT INTO mjc.coupon (code, promotion_id) VALUES ('TEST-TEN', :'with_coupon');
SELECT code AS card FROM mjc.gift_card_issue(100) \gset
CREATE FUNCTION pg_temp.placed(day integer, numbers integer[], quantities integer[], phone text, region text DEFAULT '99', coupons text[] DEFAULT NULL, card text DEFAULT NULL) RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    ref text := mjc.order_place(pg_temp.pids(numbers), quantities, 'Amina', 'Test', phone, street => '1 rue du Test', city => 'Testville', region => placed.region, coupons => placed.coupons,
                                gift_cards => CASE WHEN card IS NOT NULL THEN ARRAY[card] END);
BEGIN
    UPDATE mjc.order SET placed_at = format('2031-05-%s 12:00+01', day)::timestamptz WHERE order_id = pg_temp.order_id(ref);
    UPDATE mjc.customer_order SET placed_at = format('2031-05-%s 12:00+01', day)::timestamptz WHERE order_id = pg_temp.order_id(ref);
    RETURN ref;
END
$$;
SELECT pg_temp.placed(1, '{1}', '{2}', '0550000001') AS a, pg_temp.placed(2, '{1,2}', '{1,3}', '0550000002') AS b, pg_temp.placed(3, '{2}', '{1}', '0550000003', 'Atlantis', '{TEST-TEN}') AS c,
       pg_temp.placed(4, '{1}', '{1}', '0550000001') AS d, pg_temp.placed(5, '{1}', '{1}', '0550000004', card => :'card') AS e \gset
SELECT mjc.order_cancel(:'d') \g /dev/null
CREATE TEMP TABLE letter AS SELECT * FROM (VALUES (:'a', 'a'), (:'b', 'b'), (:'c', 'c'), (:'d', 'd'), (:'e', 'e')) v (reference, letter);

-- "letter: before + difference", by order.
CREATE FUNCTION pg_temp.tried(candidate uuid, from_at timestamptz DEFAULT '2031-05-01 00:00+01', until_at timestamptz DEFAULT '2031-06-01 00:00+01') RETURNS text
    LANGUAGE sql
AS $$
    SELECT string_agg(format('%s: %s %s', l.letter, w.total_before, to_char(w.difference, 'FMSG9999990')), ', ' ORDER BY l.letter)
      FROM mjc.what_if(candidate, from_at, until_at) w LEFT JOIN letter l ON l.reference = w.reference
     WHERE w.total_after - w.total_before = w.difference
$$;
SELECT (SELECT jsonb_object_agg(t.relname, (xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM mjc.%I', t.relname), false, true, '')))[1]::text)
          FROM pg_class t WHERE t.relnamespace = 'mjc'::regnamespace AND t.relkind = 'r') AS rows, clock_timestamp() AS start \gset

-- Promotions
SELECT is(pg_temp.tried(pg_temp.draft('test-1', 'percent', 'order', '{"rate_bp": 1000}')), 'a: 90000 -2000, b: 140000 -7000, c: 78000 -1800, e: 80000 -1000', 'ten percent on everything: after the coupon of c, before the card of e; d was cancelled');
SELECT is(pg_temp.tried(pg_temp.draft('test-2', 'percent', 'order', '{"rate_bp": 1000, "priority": 10, "needs_coupon": true}')), 'a: 90000 -2000, b: 140000 -7000, c: 78000 -1800, e: 80000 -1000', 'one that needs a coupon is tried without one');
SELECT is(pg_temp.tried(pg_temp.draft('test-3', 'percent', 'order', '{"rate_bp": 1000, "validity": "[2199-01-01,)"}')), 'a: 90000 -2000, b: 140000 -7000, c: 78000 -1800, e: 80000 -1000', 'one that begins later is tried as if it had begun');
SELECT is(pg_temp.tried(pg_temp.draft('test-4', 'percent', 'order', '{"rate_bp": 1000, "validity": "(,2020-01-01)"}')), 'a: 90000 -2000, b: 140000 -7000, c: 78000 -1800, e: 80000 -1000', 'one that is over as if it was not');
SELECT is(pg_temp.tried(pg_temp.draft('test-5', 'amount', 'line', jsonb_build_object('amount_centimes', 500, 'product_ids', ARRAY[pg_temp.pid(1)]))), 'a: 90000 -1000, b: 140000 -500, c: 78000 +0, e: 80000 -500', 'five dinars a unit of part 1');
SELECT is(pg_temp.tried(pg_temp.draft('test-6', 'percent', 'shipping', '{"rate_bp": 10000, "min_amount_centimes": 20000}')), 'a: 90000 -70000, b: 140000 -70000, c: 78000 +0, e: 80000 +0', 'free shipping from 200 dinars: c costs 180 with its coupon');
SELECT is(pg_temp.tried(pg_temp.draft('test-7', 'percent', 'order', '{"rate_bp": 1000, "wilaya_codes": ["99"], "min_qty": 2}')), 'a: 90000 -2000, b: 140000 -7000, c: 78000 +0, e: 80000 +0', 'to a wilaya, from two units on');
SELECT is(pg_temp.tried(pg_temp.draft('test-8', 'percent', 'order', '{"rate_bp": 1000, "customer_groups": ["b2b"]}')), 'a: 90000 +0, b: 140000 +0, c: 78000 +0, e: 80000 +0', 'of a group');
SELECT is(pg_temp.tried(pg_temp.draft('test-9', 'percent', 'order', '{"rate_bp": 333}')), 'a: 90000 -700, b: 140000 -2300, c: 78000 -600, e: 80000 -300', 'rounded to the dinar, as they were: 666, 2331, 599 and 333 off');
SELECT is(pg_temp.tried(pg_temp.draft('test-10', 'gift', 'order', jsonb_build_object('gift_product_id', pg_temp.pid(3), 'get_qty', 2))), 'a: 90000 +0, b: 140000 +0, c: 78000 +0, e: 80000 +0', 'a gift changes no total');
SELECT is(pg_temp.tried(pg_temp.draft('test-11', 'gift', 'order', jsonb_build_object('gift_product_id', pg_temp.pid(2), 'get_qty', 1))), 'a: 90000 +0, b: 140000 -20000, c: 78000 -18000, e: 80000 +0', 'but that of who bought it');
SELECT is(pg_temp.tried(pg_temp.draft('test-12', 'percent', 'order', '{"rate_bp": 2000, "first_order": true}')), 'a: 90000 -4000, b: 140000 -14000, c: 78000 -3600, e: 80000 -2000', 'a first order: all of them');
UPDATE mjc.customer_order SET placed_at = '2031-04-01' WHERE order_id = pg_temp.order_id(:'d');
UPDATE mjc.order SET placed_at = '2031-04-01' WHERE order_id = pg_temp.order_id(:'d');
SELECT is(pg_temp.tried(promotion_id), 'a: 90000 -4000, b: 140000 -14000, c: 78000 -3600, e: 80000 -2000', 'an earlier one that was cancelled is none') FROM mjc.promotion WHERE code = 'test-12';
SELECT is(pg_temp.tried(pg_temp.draft('test-13', 'percent', 'order', '{"rate_bp": 5000, "exclusivity_group": "x", "priority": 10}')), 'a: 90000 -10000, b: 140000 -35000, c: 78000 -9000, e: 80000 -5000', 'before the coupon: 20000 - 10000 - 1000 of c');
UPDATE mjc.promotion SET exclusivity_group = 'x' WHERE code = 'test-coupon';
SELECT mjc.pricing_changed() \g /dev/null
SELECT is(pg_temp.tried(promotion_id), 'a: 90000 -10000, b: 140000 -35000, c: 78000 -8000, e: 80000 -5000', 'instead of the coupon, which is of its group') FROM mjc.promotion WHERE code = 'test-13';

-- One that is in force: the orders without it, and with it
UPDATE mjc.promotion SET is_active = true, exclusivity_group = NULL WHERE code = 'test-1';
SELECT mjc.pricing_changed() \g /dev/null
SELECT is(pg_temp.tried(promotion_id), 'a: 90000 -2000, b: 140000 -7000, c: 78000 -1800, e: 80000 -1000', 'in force: before is without it') FROM mjc.promotion WHERE code = 'test-1';
SELECT is(pg_temp.tried(promotion_id), 'a: 88000 -1800, b: 133000 -6300, c: 76200 -1600, e: 79000 -900', 'beside another that is in force') FROM mjc.promotion WHERE code = 'test-2';
SELECT is(pg_temp.tried(:'with_coupon'), 'a: 88000 -1800, b: 133000 -6300, c: 78000 -1800, e: 79000 -900', 'the promotion of the coupon, as if everybody had it');
UPDATE mjc.promotion SET is_active = false WHERE code = 'test-1';
SELECT mjc.pricing_changed() \g /dev/null

-- Tariffs: where they would have been chosen
SELECT is(pg_temp.tried(pg_temp.tariff('99', 50000)), 'a: 90000 -20000, b: 140000 -20000, c: 78000 +0, e: 80000 -20000', 'of the wilaya');
SELECT is(pg_temp.tried(pg_temp.tariff('*', 65000)), 'a: 90000 +0, b: 140000 +0, c: 78000 +5000, e: 80000 +0', 'of everywhere else');
SELECT is(pg_temp.tried(pg_temp.tariff('99', 50000, 'stop_desk')), 'a: 90000 +0, b: 140000 +0, c: 78000 +0, e: 80000 +0', 'of a desk');
SELECT is(pg_temp.tried(pg_temp.tariff('test-zone', 50000)), 'a: 90000 +0, b: 140000 +0, c: 78000 +0, e: 80000 +0', 'of a zone that nobody is in');
INSERT INTO mjc.carrier_zone (carrier, wilaya_code, validity, zone_code) SELECT text_value, '99', '[2031-05-02,)', 'test-zone' FROM mjc.setting WHERE name = 'shipping_carrier';
SELECT is(pg_temp.tried(tariff_id), 'a: 90000 +0, b: 140000 +0, c: 78000 +0, e: 80000 +0', 'of its zone: the wilaya has its own') FROM mjc.shipping_tariff WHERE place_code = 'test-zone';
UPDATE mjc.shipping_tariff SET is_draft = true WHERE place_code = '99' AND amount_centimes = 70000;
SELECT is(pg_temp.tried(tariff_id), 'a: 80000 +0, b: 130000 -10000, c: 78000 +0, e: 70000 -10000', 'without it, from the day of the zone on') FROM mjc.shipping_tariff WHERE place_code = 'test-zone';
UPDATE mjc.shipping_tariff SET is_draft = false WHERE place_code = '99' AND amount_centimes = 70000;
UPDATE mjc.product SET weight_g = 1000 WHERE product_id = pg_temp.pid(1);
SELECT is(pg_temp.tried(pg_temp.tariff('99', 60000, included => 500)), 'a: 90000 -8500, b: 140000 -9500, c: 78000 +0, e: 80000 -9500', 'by weight: 3 x 500 g more for two, one for one');
UPDATE mjc.setting SET integer_value = 20000 WHERE name = 'free_shipping_threshold_centimes';
SELECT is(pg_temp.tried(pg_temp.tariff('99', 50000)), 'a: 20000 +0, b: 70000 +0, c: 78000 +0, e: 80000 -20000', 'what is sent free stays free, by the threshold of today');
UPDATE mjc.setting SET integer_value = 5000000 WHERE name = 'free_shipping_threshold_centimes';
UPDATE mjc.setting SET boolean_value = true WHERE name = 'stamp_duty_charged';
SELECT is(pg_temp.tried(pg_temp.tariff('99', 20000)), 'a: 90900 -50400, b: 141400 -50500, c: 78800 +0, e: 80700 -50700', 'with the duty on what is paid in cash: e pays 200.00, which is below its bracket');
UPDATE mjc.setting SET boolean_value = false WHERE name = 'stamp_duty_charged';

-- Periods
SELECT is(pg_temp.tried(p.promotion_id, f, u), e, format('%s to %s', f, u))
  FROM mjc.promotion p, (VALUES ('2031-05-02 12:00+01'::timestamptz, '2031-05-03 12:00+01'::timestamptz, 'b: 140000 -7000'), ('2031-05-02 12:00:00.000001+01', '2031-05-03 12:00+01', NULL), ('2031-05-01', '2031-05-01', NULL),
                                ('2035-01-01', '2036-01-01', NULL), ('2031-05-01', 'infinity', 'a: 90000 -2000, b: 140000 -7000, c: 78000 -1800, e: 80000 -1000')) v (f, u, e) WHERE p.code = 'test-1';
SELECT is((SELECT count(*) FROM mjc.what_if(promotion_id, '-infinity', 'infinity')), (SELECT count(*) FROM mjc.order WHERE order_state <> 'cancelled'), 'all that ever was') FROM mjc.promotion WHERE code = 'test-1';
SELECT is((SELECT count(*) FROM mjc.what_if(promotion_id, now() - interval '1 hour')), 0::bigint, 'until now, when nothing else is said') FROM mjc.promotion WHERE code = 'test-1';

-- Refused
SELECT is((pg_temp.failure(format('SELECT * FROM mjc.what_if(%s)', a)))::text, e, format('refused: %s', a))
  FROM (VALUES ('NULL, now()', '(MJ003,"{""argument"": ""candidate""}")'), ('gen_random_uuid(), NULL', '(MJ003,"{""argument"": ""from_at""}")'), ('gen_random_uuid(), now(), NULL', '(MJ003,"{""argument"": ""until_at""}")'),
               ('gen_random_uuid(), now()', '(MJ004,)'), ('pg_temp.pid(1), ''-infinity''', '(MJ004,)'), ('gen_random_uuid(), now(), now() - interval ''1 second''', '(MJ006,"{""argument"": ""until_at""}")')) v (a, e);

-- Nothing is written
DELETE FROM mjc.promotion WHERE code ~ '^test-[0-9]+$';
DELETE FROM mjc.shipping_tariff WHERE lower(validity) = '2199-01-01';
DELETE FROM mjc.carrier_zone WHERE zone_code = 'test-zone';
SELECT is((SELECT jsonb_object_agg(t.relname, (xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM mjc.%I', t.relname), false, true, '')))[1]::text)
             FROM pg_class t WHERE t.relnamespace = 'mjc'::regnamespace AND t.relkind = 'r'), :'rows'::jsonb, 'no table has another number of rows');
SELECT is_empty(format('SELECT reference FROM mjc.order WHERE updated_at >= %L', :'start'), 'no order changed');
SELECT volatility_is('mjc', 'what_if', ARRAY['uuid', 'timestamp with time zone', 'timestamp with time zone'], 'stable', 'it cannot');

SELECT * FROM finish();
ROLLBACK;
