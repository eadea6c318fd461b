-- review: what customers say of parts, what staff do with it, the stars, the customer who leaves.
BEGIN;
SELECT plan(94);
\ir fixture.psql
SELECT pg_temp.make_stock(1, 100), pg_temp.make_stock(2, 100), pg_temp.make_product(3, 1000, NULL, NULL, 1900, false) \g /dev/null
CREATE FUNCTION pg_temp.customer(address text, first_name text DEFAULT 'Amina', last_name text DEFAULT 'Benali') RETURNS uuid
    LANGUAGE sql
    AS $$ SELECT mjc.account_register(address, '$2b$12$' || repeat('c', 53), jsonb_build_object('firstName', first_name, 'lastName', last_name)) $$;
CREATE FUNCTION pg_temp.stars(n integer) RETURNS text
    LANGUAGE sql
    AS $$ SELECT rating_count || ' ' || rating_sum FROM mjc.product WHERE product_id = pg_temp.pid(n) $$;
CREATE FUNCTION pg_temp.state(id uuid) RETURNS text
    LANGUAGE sql
    AS $$ SELECT state FROM mjc.review WHERE review_id = id $$;
CREATE FUNCTION pg_temp.shown(n integer) RETURNS jsonb
    LANGUAGE sql
    AS $$ SELECT mjc_api.review_list(pg_temp.pid(n), NULL, NULL)::jsonb $$;
SELECT pg_temp.customer('rev-a@example.test') AS a, pg_temp.customer('rev-b@example.test', 'Karim', 'هواري') AS b, pg_temp.customer('rev-c@example.test', 'Lila', 'Zerrouki') AS c, pg_temp.make_admin('rev-admin@example.test') AS admin \gset

-- Stars
SELECT is(mjc.rating(n, s), w, format('%s of %s', s, n)) FROM (VALUES (0, 0, 0::numeric), (1, 5, 5.0), (3, 13, 4.3), (3, 14, 4.7), (6, 27, 4.5), (NULL, NULL, 0)) v (n, s, w);

-- Written
SELECT mjc.review_add(:'a', pg_temp.pid(1), 4, ' Bien ', E'Deux\nlignes ') AS r1 \gset
SELECT results_eq(format('SELECT rating, title, comment, state FROM mjc.review WHERE review_id = %L', :'r1'), $$VALUES (4::smallint, 'Bien', E'Deux\nlignes', 'PENDING')$$, 'a review waits for staff');
SELECT is(pg_temp.stars(1), '0 0', 'and does not count');
SELECT is(pg_temp.shown(1) -> 'reviews', '[]', 'nor is it shown');
SELECT throws_ok(format('SELECT mjc.review_add(%L, pg_temp.pid(1), 5, NULL, NULL)', :'a'), 'MJ834', NULL, 'one of each customer');
SELECT is(mjc.review_add(c, p, 5, NULL, NULL), NULL, w) FROM (VALUES (pg_temp.pid(99), pg_temp.pid(1), 'no such customer'), (NULL, pg_temp.pid(1), 'nobody'), (:'a', pg_temp.pid(9), 'no such product'), (:'a', NULL, 'of nothing'), (:'a', pg_temp.pid(3), 'of a product that is out of the shop')) v (c, p, w);
SELECT pg_temp.refused(format('SELECT mjc.review_add(%L, pg_temp.pid(2), %s, %L, %L)', :'a', r, t, m), e, k, format('rating %s', r))
  FROM (VALUES ('NULL', 'x', 'x', 'MJ003', 'rating'), ('0', 'x', 'x', 'MJ006', 'rating'), ('6', 'x', 'x', 'MJ006', 'rating'), ('-1', 'x', 'x', 'MJ006', 'rating'), ('1', repeat('x', 101), 'x', 'MJ006', 'title'), ('5', 'x', repeat('x', 1001), 'MJ006', 'comment')) v (r, t, m, e, k);
SELECT mjc.review_add(:'b', pg_temp.pid(1), 1, repeat('é', 100), repeat('é', 1000)) AS r2, mjc.review_add(:'c', pg_temp.pid(1), 5, '', ' ') AS r3 \gset
SELECT results_eq(format('SELECT title, comment FROM mjc.review WHERE review_id = %L', :'r3'), 'VALUES (NULL::text, NULL::text)', 'stars without words');

-- Staff
SELECT mjc.review_publish(:'r1'), mjc.review_publish(:'r2') \g /dev/null
SELECT is(pg_temp.stars(1), '2 5', 'what is published counts');
SELECT is(jsonb_path_query_array(pg_temp.shown(1), '$.reviews[*].author'), '["Karim ه.", "Amina B."]', 'newest first, with first name and initial');
SELECT is(pg_temp.shown(1) #- '{reviews}', '{"averageRating": 2.5, "reviewCount": 2, "pagination": {"page": 1, "limit": 10, "total": 2, "totalPages": 1, "hasNext": false, "hasPrev": false}}', 'with the average');
SELECT is(pg_temp.shown(1)::text ~* 'benali|هواري|example|\+213|customerId', false, 'nothing else of them');
SELECT is((SELECT k.card ->> 'averageRating' || ' ' || (k.card ->> 'reviewCount') FROM mjc.product_cards(ARRAY[pg_temp.pid(1)], false) k), '2.5 2', 'cards show them too');
SELECT mjc.review_publish(:'r1') \g /dev/null
SELECT is((SELECT string_agg(action || ' ' || before::text || after::text, ', ') FROM mjc.audit WHERE subject_id = :'r1'), format('review_publish {"state": "PENDING"}{"state": "PUBLISHED", "product": "%s"}', pg_temp.pid(1)), 'once in the audit, without a word of it');
SELECT mjc.review_hide(:'r2') \g /dev/null
SELECT is(pg_temp.stars(1) || ' ' || pg_temp.state(:'r2'), '1 4 HIDDEN', 'hidden it counts no more');
SELECT throws_ok(format('SELECT mjc.review_add(%L, pg_temp.pid(1), 5, NULL, NULL)', :'b'), 'MJ834', NULL, 'and its author writes no other');
SELECT mjc.review_publish(:'r2') \g /dev/null
SELECT is(pg_temp.stars(1), '2 5', 'until it is shown again');
SELECT mjc.review_hide(:'r3') \g /dev/null
SELECT is(pg_temp.stars(1), '2 5', 'one that never counted');
SELECT mjc.review_delete(:'r2') \g /dev/null
SELECT is(pg_temp.stars(1), '1 4', 'deleted it is gone');
SELECT is(mjc.review_add(:'b', pg_temp.pid(1), 2, NULL, NULL) IS NOT NULL, true, 'and another may be written');
SELECT throws_ok(format('SELECT mjc.%s(%s)', f, a), 'MJ004', NULL, format('%s %s', f, a)) FROM unnest('{review_publish,review_hide,review_delete}'::text[]) f, unnest('{"NULL",pg_temp.pid(9)}'::text[]) a;
SELECT results_eq($$SELECT product, rating, is_verified FROM mjc.review_list()$$, $$VALUES ('TEST-ONLY-1 Test part 1', 2::smallint, false)$$, 'what waits');
SELECT is((SELECT count(*) FROM mjc.review_list(s, m)), n, format('list %s %s', s, m)) FROM (VALUES (NULL, NULL, 3::bigint), ('published', 100, 1), ('HIDDEN', 1, 1), (NULL, 2, 2), (NULL, 0, 0), (NULL, -1, 0), ('x', 1, 0)) v (s, m, n);

-- Bought: an order of his with the part was delivered
SELECT mjc.review_verified(:'a', pg_temp.pid(1)) AS before \gset
SELECT (mjc_api.order_place(:'a', 0, gen_random_uuid(), 'req-rev', NULL, ARRAY[pg_temp.pid(1)], '{1}', '0550111222', NULL, '1 rue du Test', 'Testville', NULL, '99', NULL, NULL, NULL, NULL, NULL, NULL, NULL)).body #>> '{order,orderNumber}' AS ref \gset
SELECT is(:'before' || mjc.review_verified(:'a', pg_temp.pid(1))::text, 'ffalse', 'an order alone is no purchase');
SELECT mjc.order_ship(:'ref') \g /dev/null
SELECT is(mjc.review_verified(:'a', pg_temp.pid(1)), false, 'nor one that left');
SELECT mjc.order_deliver(:'ref') \g /dev/null
SELECT is(mjc.review_verified(:'a', pg_temp.pid(1)), true, 'one that arrived is');
SELECT (mjc_api.order_place(:'a', 0, gen_random_uuid(), 'req-rev2', NULL, ARRAY[pg_temp.pid(1), pg_temp.pid(2)], '{1,1}', '0550111222', NULL, '1 rue du Test', 'Testville', NULL, '99', NULL, NULL, NULL, NULL, NULL, NULL, NULL)).body #>> '{order,orderNumber}' AS part \gset
SELECT mjc.shipment_pack(:'part', '{1}', '{1}', 'ZR', NULL), mjc.shipment_ship(:'part', 1, 'ZZREV', 'ZR'), mjc.order_cancel_rest(:'part', 'x'), mjc.shipment_deliver(:'part', 1) \g /dev/null
SELECT is((SELECT string_agg(l.sku, ' ') FROM mjc.order_line l JOIN mjc.order o ON o.order_id = l.order_id WHERE l.product_id = pg_temp.pid(2) AND l.cancelled_qty = 1 AND o.delivered_at IS NOT NULL), 'TEST-ONLY-2', 'of another order one part arrived, the other was cancelled:');
SELECT is(pg_temp.shown(1) -> 'reviews' -> 0 -> 'isVerifiedPurchase', 'true', 'the review says so, although it was written before');
SELECT is(concat(mjc.review_verified(:'a', pg_temp.pid(2)), mjc.review_verified(:'b', pg_temp.pid(1)), mjc.review_verified(NULL, pg_temp.pid(1))), 'ff', 'of that part, of that customer');

-- Without moderation
UPDATE mjc.setting SET boolean_value = false WHERE name = 'reviews_moderated';
SELECT mjc.review_add(:'a', pg_temp.pid(2), 3, 'x', 'y') AS r5 \gset
SELECT is(pg_temp.state(:'r5') || ' ' || pg_temp.stars(2), 'PUBLISHED 1 3', 'shown at once');

-- Pages
SELECT mjc.review_add(pg_temp.customer(format('rev-%s@example.test', n)), pg_temp.pid(2), 1 + n % 5, NULL, NULL) FROM generate_series(1, 11) n \g /dev/null
SELECT is(mjc_api.review_list(pg_temp.pid(2), p, s)::jsonb #>> '{pagination}' || jsonb_array_length(mjc_api.review_list(pg_temp.pid(2), p, s)::jsonb -> 'reviews'), w, format('page %s of %s', p, s))
  FROM (VALUES (NULL, NULL, '{"page": 1, "limit": 10, "total": 12, "hasNext": true, "hasPrev": false, "totalPages": 2}10'), (2, 10, '{"page": 2, "limit": 10, "total": 12, "hasNext": false, "hasPrev": true, "totalPages": 2}2'), (9, 10, '{"page": 9, "limit": 10, "total": 12, "hasNext": false, "hasPrev": true, "totalPages": 2}0')) v (p, s, w);
SELECT is((SELECT count(DISTINCT r ->> 'id') FROM generate_series(1, 12) p, jsonb_array_elements(mjc_api.review_list(pg_temp.pid(2), p, 1)::jsonb -> 'reviews') r), 12::bigint, 'each is on one page');
SELECT is(mjc_api.review_list(p, 1, 10)::text, NULL, 'no such product in the shop') FROM unnest(ARRAY[pg_temp.pid(3), pg_temp.pid(9), NULL]) p;

-- Routes
SELECT throws_ok(format('SELECT mjc_api.review_create(%L, 0, gen_random_uuid(), %L, NULL, %L, 5, NULL, NULL)', a, 'req', p), c, NULL, format('create %s', c))
  FROM (VALUES (NULL::uuid, pg_temp.pid(1), 'MJ060'), (pg_temp.pid(99), pg_temp.pid(1), 'MJ063'), (:'admin', pg_temp.pid(1), 'MJ004'), (:'a', pg_temp.pid(9), 'MJ004'), (:'a', pg_temp.pid(2), 'MJ834')) v (a, p, c);
SELECT pg_temp.customer('rev-key@example.test') AS k \gset
SELECT is((mjc_api.review_create(:'k', 0, gen_random_uuid(), 'req', 'key-1', pg_temp.pid(1), 5, 'x', 'y')).replayed, false, 'a first time');
SELECT is((mjc_api.review_create(:'k', 0, gen_random_uuid(), 'req', 'key-1', pg_temp.pid(1), 5, 'x', 'y')).replayed, true, 'a repeat gets the same answer');
SELECT throws_ok(format('SELECT mjc_api.review_create(%L, 0, gen_random_uuid(), %L, %L, %L, 4, NULL, NULL)', :'k', 'req', 'key-1', pg_temp.pid(1)), 'MJ022', NULL, 'and another request its own');
SELECT throws_ok(format('SELECT mjc_api.%s', f), 'MJ060', NULL, f) FROM unnest(ARRAY['staff_review_list(NULL, 0, NULL, 1, 10, NULL, NULL)', 'staff_review_publish(NULL, 0, NULL, NULL, NULL)', 'staff_review_hide(NULL, 0, NULL, NULL, NULL)', 'staff_review_delete(NULL, 0, NULL, NULL, NULL)']) f;
SELECT is(mjc_api.staff_review_list(:'admin', 0, gen_random_uuid(), 1, 100, s, p)::jsonb #>> '{pagination,total}', w, format('staff list %s', s)) FROM (VALUES (NULL, pg_temp.pid(1), '4'), ('PENDING', pg_temp.pid(1), '1'), ('HIDDEN', NULL, '1'), ('PUBLISHED', pg_temp.pid(2), '12')) v (s, p, w);
SELECT is(mjc_api.staff_review_publish(:'admin', 0, gen_random_uuid(), 'req-rev-1', :'r3') #>> '{review,status}', 'PUBLISHED', 'published');
SELECT is(mjc_api.staff_review_hide(:'admin', 0, gen_random_uuid(), 'req-rev-2', :'r3') #>> '{review,status}', 'HIDDEN', 'hidden');
SELECT is(mjc_api.staff_review_delete(:'admin', 0, gen_random_uuid(), 'req-rev-3', :'r3') #>> '{deleted}', 'true', 'deleted');
SELECT is(mjc_api.staff_review_delete(:'admin', 0, gen_random_uuid(), 'req-rev-4', :'r3')::text, NULL, 'and gone');
SELECT is((SELECT string_agg(action || ' ' || request_id, ', ' ORDER BY request_id) FROM mjc.audit WHERE subject_id = :'r3' AND channel = 'rest'), 'review_publish req-rev-1, review_hide req-rev-2, review_delete req-rev-3', 'each with its request');

-- The customer leaves: his words go, his stars stay
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');
SELECT mjc.review_add(:'c', pg_temp.pid(1), 2, 'Zerrouki', 'tél. 0550') AS r6 \gset
SELECT mjc.review_hide(:'r6') \g /dev/null
SELECT mjc.review_add(:'c', pg_temp.pid(2), 2, 'Zerrouki', 'tél. 0550') AS r7 \gset
SELECT pg_temp.stars(2) AS stars \gset
SELECT is(mjc.customer_erase(:'c'), 'deleted', 'he goes');
SELECT results_eq(format('SELECT rating, title, comment, state FROM mjc.review WHERE customer_id = %L', :'c'), $$VALUES (2::smallint, NULL::text, NULL::text, 'PUBLISHED')$$, 'what was published stays without his words, the rest goes');
SELECT is(pg_temp.stars(2), :'stars', 'the stars are the same');
SELECT is(mjc.review_author(:'c'), 'Client', 'in nobody''s name');
SELECT is((SELECT count(*) FROM mjc.idempotency_key k WHERE k.subject_id = :'c'), 0::bigint, 'nor is a kept reply left');
SELECT is(jsonb_array_length(mjc.person_export_core(:'a') -> 'reviews'), 2, 'whoever stays is told of his');

-- A guest who is joined
INSERT INTO mjc.review (product_id, customer_id, review_id, rating, comment, state) VALUES (pg_temp.pid(1), pg_temp.pid(50), pg_temp.pid(51), 3, 'zz', 'PUBLISHED'), (pg_temp.pid(2), pg_temp.pid(50), pg_temp.pid(52), 3, 'zz', 'PENDING');
SELECT mjc.review_recount(pg_temp.pid(1)) \g /dev/null
SELECT mjc.review_join(:'k', pg_temp.pid(50)) \g /dev/null
SELECT results_eq(format('SELECT review_id FROM mjc.review WHERE customer_id = %L AND review_id = ANY (%L)', :'k', ARRAY[pg_temp.pid(51), pg_temp.pid(52)]), 'SELECT pg_temp.pid(52)', 'his reviews are the customer''s, where that one has none');
SELECT results_eq(format('SELECT review_id, comment FROM mjc.review WHERE customer_id = %L', pg_temp.pid(50)), 'SELECT pg_temp.pid(51), NULL::text', 'of the other only his stars stay');

-- A count that is wrong is a broken promise
UPDATE mjc.product SET rating_count = 1, rating_sum = 5 WHERE product_id = pg_temp.pid(3);
SELECT results_eq('SELECT rule, subject FROM mjc.check_invariants()', format('VALUES (%L, %L)', 'product_rating', 'product ' || pg_temp.pid(3)), 'stars that nobody gave');
UPDATE mjc.product SET rating_count = 0, rating_sum = 0 WHERE product_id = pg_temp.pid(3);
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');
SELECT * FROM finish();
ROLLBACK;
