-- cart: carts of guests and customers, what every route answers, limits, expiry.
BEGIN;
SELECT plan(227);
\ir fixture.psql
UPDATE mjc.setting SET integer_value = 30 WHERE name = 'cart_days';
SELECT pg_temp.make_stock(n, 1000, n * 100) FROM generate_series(1, 60) n \g /dev/null
INSERT INTO mjc.product_image (product_id, image_id, url, sort_order)
VALUES (pg_temp.pid(1), gen_random_uuid(), '/second.jpg', 2), (pg_temp.pid(1), gen_random_uuid(), '/first.jpg', 1);
CREATE FUNCTION pg_temp.token(n integer) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$ SELECT rpad('guest-' || n || '_', 43, 'x') $$;
CREATE FUNCTION pg_temp.guest(n integer) RETURNS uuid
    LANGUAGE sql
    AS $$ SELECT mjc.cart_owner_of_token(pg_temp.token(n)) $$;
CREATE FUNCTION pg_temp.customer(n integer) RETURNS uuid
    LANGUAGE sql IMMUTABLE
    AS $$ SELECT ('00000000-0000-4000-c000-' || lpad(n::text, 12, '0'))::uuid $$;
INSERT INTO mjc.account (account_id, role) SELECT pg_temp.customer(n), 'CUSTOMER' FROM generate_series(1, 9) n;
INSERT INTO mjc.account_email (email, account_id) SELECT format('cart-only-%s@example.test', n), pg_temp.customer(n) FROM generate_series(1, 9) n;
WITH made AS (INSERT INTO mjc.customer (customer_id, kind, account_id, created_at) SELECT pg_temp.customer(n), 'registered', pg_temp.customer(n), now() FROM generate_series(1, 9) n RETURNING 1)
INSERT INTO mjc.customer_delta (delta_id, change, on_day) SELECT gen_random_uuid(), 1, mjc.algiers_date(now()) FROM made;
INSERT INTO mjc.customer_person (customer_id, first_name, last_name, email) SELECT pg_temp.customer(n), 'Test', 'Cart', format('cart-only-%s@example.test', n) FROM generate_series(1, 9) n;

-- The routes as guest n, and as customer n.
CREATE FUNCTION pg_temp.get(n integer) RETURNS jsonb LANGUAGE sql
    AS $$ SELECT mjc_api.cart_get(NULL, NULL, NULL, pg_temp.token(n))::jsonb $$;
CREATE FUNCTION pg_temp.add(n integer, product integer, qty integer, key text DEFAULT NULL) RETURNS jsonb LANGUAGE sql
    AS $$ SELECT body::jsonb FROM mjc_api.cart_add(NULL, NULL, NULL, 'req', key, pg_temp.token(n), pg_temp.pid(product), qty) $$;
CREATE FUNCTION pg_temp.set(n integer, product integer, qty integer) RETURNS jsonb LANGUAGE sql
    AS $$ SELECT mjc_api.cart_set(NULL, NULL, NULL, 'req', pg_temp.token(n), pg_temp.pid(product), qty)::jsonb $$;
CREATE FUNCTION pg_temp.sync(n integer, numbers integer[], quantities integer[]) RETURNS jsonb LANGUAGE sql
    AS $$ SELECT mjc_api.cart_sync(NULL, NULL, NULL, 'req', pg_temp.token(n), coalesce(pg_temp.pids(numbers), '{}'), quantities)::jsonb $$;
CREATE FUNCTION pg_temp.coupon(n integer, code text) RETURNS jsonb LANGUAGE sql
    AS $$ SELECT mjc_api.cart_coupon_add(NULL, NULL, NULL, 'req', pg_temp.token(n), code)::jsonb $$;
CREATE FUNCTION pg_temp.my_get(n integer, cart_token text DEFAULT NULL) RETURNS jsonb LANGUAGE sql
    AS $$ SELECT mjc_api.cart_get(pg_temp.customer(n), 0, pg_temp.customer(n), cart_token)::jsonb $$;
CREATE FUNCTION pg_temp.my_add(n integer, product integer, qty integer) RETURNS jsonb LANGUAGE sql
    AS $$ SELECT body::jsonb FROM mjc_api.cart_add(pg_temp.customer(n), 0, pg_temp.customer(n), 'req', NULL, NULL, pg_temp.pid(product), qty) $$;
CREATE FUNCTION pg_temp.my_sync(n integer, numbers integer[], quantities integer[]) RETURNS jsonb LANGUAGE sql
    AS $$ SELECT mjc_api.cart_sync(pg_temp.customer(n), 0, pg_temp.customer(n), 'req', NULL, pg_temp.pids(numbers), quantities)::jsonb $$;
CREATE FUNCTION pg_temp.merge(customer integer, guest integer) RETURNS jsonb LANGUAGE sql
    AS $$ SELECT mjc_api.cart_merge(pg_temp.customer(customer), 0, pg_temp.customer(customer), 'req', pg_temp.token(guest))::jsonb $$;
-- "product:units" of an answer, in its order; of the tables.
CREATE FUNCTION pg_temp.said(answer jsonb) RETURNS text LANGUAGE sql
    AS $$ SELECT string_agg(right(i ->> 'id', 3)::integer || ':' || (i ->> 'quantity'), ' ' ORDER BY o) FROM jsonb_array_elements(answer -> 'items') WITH ORDINALITY u (i, o) $$;
CREATE FUNCTION pg_temp.kept(owner uuid) RETURNS text LANGUAGE sql
    AS $$ SELECT string_agg(right(product_id::text, 3)::integer || ':' || qty, ' ' ORDER BY product_id) FROM mjc.cart_line WHERE owner_id = owner $$;
CREATE FUNCTION pg_temp.adjusted(answer jsonb) RETURNS text LANGUAGE sql
    AS $$ SELECT string_agg(right(i ->> 'productId', 3)::integer || ' ' || (i ->> 'reason') || ' ' || (i ->> 'quantity'), ', ' ORDER BY o) FROM jsonb_array_elements(answer -> 'adjusted') WITH ORDINALITY u (i, o) $$;

-- Whose cart
SELECT is(mjc.cart_owner_of_token(repeat('A', 43)), encode(substr(sha256(repeat('A', 43)::bytea), 1, 16), 'hex')::uuid, 'a guest is half the hash of the token');
SELECT is(mjc.cart_owner_of_token(NULL), NULL, 'nobody without one');
SELECT throws_ok(format('SELECT mjc.cart_owner_of_token(%L)', t), 'MJ010', 'argument "cart_token" is not valid', format('token "%s"', left(t, 9)))
  FROM unnest(ARRAY['', repeat('A', 42), repeat('A', 44), repeat('A', 42) || '=', repeat('A', 42) || '+', repeat('A', 42) || E'\n', repeat('é', 43)]) t;
SELECT is(mjc.customer_of_account(a, v, t), r, 'customer_of_account: ' || w)
  FROM (VALUES (pg_temp.customer(1), 0, pg_temp.customer(1), pg_temp.customer(1), 'an account that may act'), (pg_temp.customer(1), 1, pg_temp.customer(1), NULL, 'an older token'),
               (NULL, 0, pg_temp.customer(1), NULL, 'nobody'), (pg_temp.customer(1), NULL, pg_temp.customer(1), NULL, 'no version'), (pg_temp.customer(1), 0, NULL, NULL, 'no token'),
               (pg_temp.customer(99), 0, pg_temp.customer(1), NULL, 'an unknown account')) x (a, v, t, r, w);
INSERT INTO mjc.token_revoked (token_id) VALUES (pg_temp.customer(88));
UPDATE mjc.account SET is_active = false WHERE account_id = pg_temp.customer(9);
UPDATE mjc.customer SET status = 'inactive' WHERE customer_id = pg_temp.customer(9);
SELECT is(mjc.account_active(pg_temp.customer(1), 0, pg_temp.customer(88)), false, 'account_active: a token that was closed');
SELECT is(mjc.account_active(pg_temp.customer(9), 0, pg_temp.customer(9)), false, 'account_active: a blocked account');
SELECT is(mjc.account_active(pg_temp.make_admin('cart@example.test', r), 0, pg_temp.customer(1)), true, 'account_active: ' || r) FROM unnest(ARRAY['TECHNICIAN']) r;
SELECT results_eq($$SELECT * FROM mjc.order_limits()$$, 'VALUES (50, 999, 10)', 'the limits');
SELECT throws_ok(format('SELECT mjc.check_line_count(%s)', coalesce(n::text, 'NULL')), c, NULL, format('%s lines', n)) FROM (VALUES (NULL, 'MJ003'), (0, 'MJ302'), (51, 'MJ302')) v (n, c);
SELECT throws_ok(format('SELECT mjc.check_line_qty(%s)', coalesce(n::text, 'NULL')), c, NULL, format('%s units', n)) FROM (VALUES (NULL, 'MJ003'), (0, 'MJ104'), (1000, 'MJ104'), (9223372036854775807, 'MJ104')) v (n, c);
SELECT lives_ok(format('SELECT mjc.check_line_count(%s), mjc.check_line_qty(%s)', a, b), format('%s lines of %s', a, b)) FROM (VALUES (1, 1), (50, 999)) v (a, b);

-- Empty
SELECT is(mjc_api.cart_get(NULL, NULL, NULL, NULL)::jsonb, '{"items": [], "itemCount": 0, "total": 0.00, "subtotal": 0.00, "discount": 0.00, "discounts": [], "coupons": [], "adjusted": [], "quote": null}', 'who has no credentials has an empty cart');
SELECT is(pg_temp.get(1), mjc_api.cart_get(NULL, NULL, NULL, NULL)::jsonb, 'so has a new guest');
SELECT is(pg_temp.my_get(1), mjc_api.cart_get(NULL, NULL, NULL, NULL)::jsonb, 'and a new customer');
SELECT is((SELECT count(*) FROM mjc.cart WHERE owner_id = pg_temp.guest(1)), 0::bigint, 'reading makes none');
SELECT throws_ok($$SELECT mjc_api.cart_get(NULL, NULL, NULL, 'short')$$, 'MJ010', NULL, 'a token that is none');

-- Add
SELECT is(pg_temp.said(pg_temp.add(1, 2, 3) -> 'cart'), '2:3', 'a first article');
SELECT results_eq($$SELECT kind, coupons, abs(extract(epoch FROM expires_at - clock_timestamp()) / 86400 - 30) < 0.01, updated_at >= created_at FROM mjc.cart WHERE owner_id = pg_temp.guest(1)$$,
    $$VALUES ('guest', '{}'::text[], true, true)$$, 'makes a cart for thirty days');
SELECT is(pg_temp.add(1, 2, 2) #>> '{cartItem,quantity}', '5', 'the same again is added');
SELECT is(pg_temp.said(pg_temp.add(1, 1, 1) -> 'cart'), '2:5 1:1', 'lines stand in the order in which they came');
SELECT is(pg_temp.add(1, 1, 1) -> 'cartItem', jsonb_build_object('id', pg_temp.pid(1), 'productId', pg_temp.pid(1), 'name', 'Test part 1', 'nameAr', NULL, 'price', 1.00, 'listPrice', 1.00,
    'quantity', 2, 'lineTotal', 2.00, 'discount', 0.00, 'image', '/first.jpg', 'sku', 'TEST-ONLY-1', 'maxStock', 1000, 'category', 'Test parts', 'slug', 'test-only-1', 'available', true,
    'priceChanged', false, 'previousPrice', NULL), 'a line whole');
SELECT is(pg_temp.get(1) - 'items' - 'quote', '{"itemCount": 7, "total": 12.00, "subtotal": 12.00, "discount": 0.00, "discounts": [], "coupons": [], "adjusted": []}', 'the sums');
SELECT is(pg_temp.get(1) #>> '{items,0,image}', NULL, 'a product without an image');
SELECT is((SELECT array_agg(k ORDER BY k) FROM jsonb_object_keys(pg_temp.get(1) -> 'quote') k), '{coupons,discount,discounts,goods,lines,subtotal}', 'the quote, but for what depends on the place');
SELECT pg_temp.add(1, 3, 1) -> 'cart' AS answer \gset
SELECT is(:'answer'::jsonb, pg_temp.get(1), 'adding answers the cart that is then read');
SELECT is((pg_temp.my_add(1, 4, 2) -> 'cart') - 'quote' -> 'itemCount', '2', 'a customer');
SELECT results_eq($$SELECT kind, abs(extract(epoch FROM expires_at - clock_timestamp()) / 86400 - 360) < 0.01 FROM mjc.cart WHERE owner_id = pg_temp.customer(1)$$, $$VALUES ('customer', true)$$, 'keeps it twelve times as long');
SELECT is(pg_temp.said(pg_temp.my_get(1, pg_temp.token(1))), '4:2', 'signed in, the token of the guest does not count');
SELECT is(pg_temp.said(mjc_api.cart_get(pg_temp.customer(1), 7, pg_temp.customer(1), pg_temp.token(1))::jsonb), '2:5 1:2 3:1', 'a token that no longer counts makes a guest of who looks');
SELECT throws_ok(format($$SELECT mjc_api.cart_clear(%L, 7, %L, 'r', %L)$$, pg_temp.customer(1), pg_temp.customer(1), pg_temp.token(1)), 'MJ063', NULL, 'and changes nothing');
SELECT is(pg_temp.said(mjc_api.cart_get(pg_temp.customer(9), 0, pg_temp.customer(9), NULL)::jsonb), NULL, 'or nobody');
SELECT throws_ok(format('SELECT mjc_api.cart_add(NULL, NULL, NULL, NULL, NULL, %s)', a), c, NULL, 'add: ' || w)
  FROM (VALUES (format('NULL, %L, 1', pg_temp.pid(1)), 'MJ003', 'no cart'), (format('%L, NULL, 1', pg_temp.token(2)), 'MJ003', 'no product'),
               (format('%L, %L, NULL', pg_temp.token(2), pg_temp.pid(1)), 'MJ003', 'no quantity'), (format('%L, %L, 0', pg_temp.token(2), pg_temp.pid(1)), 'MJ104', 'nothing'),
               (format('%L, %L, -1', pg_temp.token(2), pg_temp.pid(1)), 'MJ104', 'less than nothing'), (format('%L, %L, 1000', pg_temp.token(2), pg_temp.pid(1)), 'MJ104', 'a thousand'),
               (format('%L, %L, 1', pg_temp.token(2), pg_temp.pid(98)), 'MJ107', 'an unknown product'), (format('%L, %L, 1', 'x', pg_temp.pid(1)), 'MJ010', 'a token that is none')) v (a, c, w);
SELECT is((SELECT count(*) FROM mjc.cart WHERE owner_id = pg_temp.guest(2)), 0::bigint, 'what is refused makes no cart');
SELECT pg_temp.make_product(61, 100, active => false), mjc.stock_receive(pg_temp.pid(61), 5), pg_temp.make_product(62, 100) \g /dev/null
SELECT throws_ok('SELECT pg_temp.add(2, 61, 1)', 'MJ107', NULL, 'add: a product off the shelf');
SELECT throws_ok('SELECT pg_temp.add(2, 62, 1)', 'MJ253', 'available of this product: 0', 'add: one that never had stock');
SELECT pg_temp.make_stock(63, 10) \g /dev/null
SELECT is((pg_temp.failure('SELECT pg_temp.add(2, 63, 11)')).detail, '{"available": "10"}', 'add: more than there is says how many there are');
SELECT is(pg_temp.add(2, 63, 10) #>> '{cartItem,available}', 'true', 'add: all that there is');
SELECT throws_ok('SELECT pg_temp.add(2, 63, 1)', 'MJ253', NULL, 'add: then no more, since what is in the cart counts');
SELECT is(pg_temp.add(2, 60, 999) #>> '{cartItem,quantity}', '999', 'add: most units of a line');
SELECT throws_ok('SELECT pg_temp.add(2, 60, 1)', 'MJ104', 'the quantity must be between 1 and 999', 'add: and no more');
UPDATE mjc.stock_anchor SET backorder_qty = 5 WHERE product_id = pg_temp.pid(63);
SELECT is(pg_temp.add(2, 63, 5) #>> '{cartItem,maxStock}', '15', 'add: what may be promised beyond the stock counts');
SELECT is(count(pg_temp.add(3, n, 1)), 50::bigint, 'fifty lines') FROM generate_series(1, 50) n;
SELECT is((pg_temp.failure('SELECT pg_temp.add(3, 51, 1)'))::text, '(MJ251,"{""max"": ""50""}")', 'and no more');
SELECT is(pg_temp.add(3, 50, 1) #>> '{cart,itemCount}', '51', 'but more units of one');

-- The same request
SELECT is(pg_temp.add(4, 1, 1, 'key-1') #>> '{cart,itemCount}', '1', 'with a key');
SELECT is((SELECT replayed::text || (body #>> '{cart,itemCount}') FROM mjc_api.cart_add(NULL, NULL, NULL, 'req', 'key-1', pg_temp.token(4), pg_temp.pid(1), 1)), 'true1', 'a repeat is answered as the first');
SELECT is(pg_temp.kept(pg_temp.guest(4)), '1:1', 'and adds nothing');
SELECT throws_ok($$SELECT pg_temp.add(4, 1, 2, 'key-1')$$, 'MJ022', NULL, 'another request with that key');
SELECT is(pg_temp.add(5, 1, 2, 'key-1') #>> '{cart,itemCount}', '2', 'somebody else''s key is his');
SELECT is((SELECT count(pg_temp.add(4, 1, 1)) || pg_temp.kept(pg_temp.guest(4)) FROM generate_series(1, 1)), '11:2', 'without a key each counts');

-- Set, remove, clear
SELECT is(pg_temp.set(4, 1, 9) #>> '{cartItem,quantity}', '9', 'set');
SELECT is(pg_temp.set(4, 1, 8) #>> '{cart,itemCount}', '8', 'answers the cart');
SELECT is(pg_temp.set(4, 1, 0) -> 'cartItem', 'null', 'nothing of it removes it');
SELECT is(pg_temp.get(4) -> 'items', '[]', 'the cart is empty');
SELECT throws_ok(format('SELECT pg_temp.set(%s)', a), c, NULL, 'set: ' || w)
  FROM (VALUES ('4, 1, 1', 'MJ252', 'a line that is gone'), ('4, 1, 0', 'MJ252', 'twice'), ('77, 1, 1', 'MJ252', 'no cart'), ('2, 63, NULL', 'MJ003', 'no quantity'), ('2, NULL, 1', 'MJ252', 'no product'),
               ('2, 63, -1', 'MJ104', 'less than nothing'), ('2, 63, 1000', 'MJ104', 'a thousand'), ('2, 63, 16', 'MJ253', 'more than there is')) v (a, c, w);
UPDATE mjc.product SET is_active = false WHERE product_id = pg_temp.pid(63);
SELECT throws_ok('SELECT pg_temp.set(2, 63, 1)', 'MJ107', NULL, 'set: a product that left the shelf');
SELECT is((pg_temp.get(2) #> '{items,0}') - 'id' - 'productId' - 'name' - 'nameAr' - 'sku' - 'slug' - 'category' - 'image',
    '{"price": 1000.00, "listPrice": 1000.00, "quantity": 15, "lineTotal": 0.00, "discount": 0.00, "maxStock": 0, "available": false, "priceChanged": false, "previousPrice": null}', 'it is shown, not for sale and not priced');
SELECT is(pg_temp.get(2) ->> 'total', '59940.00', 'and is not in the total');
SELECT is(pg_temp.set(2, 63, 0) -> 'cartItem', 'null', 'it can be removed');
SELECT is(pg_temp.said(mjc_api.cart_remove(NULL, NULL, NULL, 'req', pg_temp.token(1), pg_temp.pid(2))::jsonb), '1:2 3:1', 'remove');
SELECT throws_ok(format('SELECT mjc_api.cart_remove(NULL, NULL, NULL, NULL, %L, %L)', pg_temp.token(1), pg_temp.pid(2)), 'MJ252', NULL, 'twice');
SELECT is(mjc_api.cart_clear(NULL, NULL, NULL, 'req', pg_temp.token(1))::jsonb, mjc_api.cart_get(NULL, NULL, NULL, NULL)::jsonb, 'clear');
SELECT lives_ok(format('SELECT mjc_api.cart_clear(NULL, NULL, NULL, NULL, %L)', pg_temp.token(1)), 'twice');
SELECT is((SELECT count(*) FROM mjc.cart_line WHERE owner_id = pg_temp.guest(1)), 0::bigint, 'nothing is left');
SELECT throws_ok(format('SELECT mjc_api.%s', f), 'MJ003', 'argument "cart_token" must not be null', 'no token: ' || f)
  FROM unnest(ARRAY['cart_set(NULL, NULL, NULL, NULL, NULL, NULL, 1)', 'cart_remove(NULL, NULL, NULL, NULL, NULL, NULL)', 'cart_clear(NULL, NULL, NULL, NULL, NULL)',
                    'cart_sync(NULL, NULL, NULL, NULL, NULL, $${}$$, $${}$$)', 'cart_coupon_add(NULL, NULL, NULL, NULL, NULL, $$X$$)', 'cart_coupon_remove(NULL, NULL, NULL, NULL, NULL, $$X$$)']) f;

-- Sync
SELECT is(pg_temp.said(pg_temp.sync(6, '{3,1,2}', '{1,2,3}')), '3:1 1:2 2:3', 'sync: the lines in their order');
SELECT is(pg_temp.get(6) -> 'adjusted', '[]', 'nothing was adjusted');
SELECT is(pg_temp.said(pg_temp.sync(6, '{4,2}', '{1,3}')), '2:3 4:1', 'sync: the cart is replaced whole');
SELECT is(pg_temp.adjusted(pg_temp.sync(6, '{4,2,4}', '{1,3,2}')), NULL, 'sync: a product named twice');
SELECT is(pg_temp.kept(pg_temp.guest(6)), '2:3 4:3', 'is summed');
SELECT is(pg_temp.adjusted(pg_temp.sync(6, '{98,2,61,4}', '{5,3,1,3}')), '98 UNKNOWN 0, 61 UNKNOWN 0', 'sync: unknown products and those off the shelf are left out and named');
SELECT is(pg_temp.kept(pg_temp.guest(6)), '2:3 4:3', 'the others stay');
SELECT pg_temp.make_stock(64, 10) \g /dev/null
SELECT is(pg_temp.adjusted(pg_temp.sync(6, '{64,62,5}', '{11,4,1000}')), '64 CUT 10, 62 CUT 1, 5 CUT 999', 'sync: cut to what can be ordered, to one at least');
SELECT is((SELECT string_agg(i ->> 'available', ' ') FROM jsonb_array_elements(pg_temp.get(6) -> 'items') i), 'true false true', 'what is out of stock is flagged');
SELECT is(pg_temp.adjusted(pg_temp.sync(6, '{64,64,5}', '{2147483647,2147483647,1}')), '64 CUT 10', 'sync: sums beyond every limit');
SELECT is(pg_temp.adjusted(pg_temp.sync(6, (SELECT array_agg(n ORDER BY n) FROM generate_series(1, 60) n), array_fill(1, '{60}'))), (SELECT string_agg(n || ' LIMIT 0', ', ' ORDER BY n) FROM generate_series(51, 60) n), 'sync: the first fifty');
SELECT is(pg_temp.adjusted(pg_temp.sync(6, (SELECT array_agg(CASE n WHEN 1 THEN 98 ELSE n END ORDER BY n) FROM generate_series(1, 51) n), array_fill(1, '{51}'))), '98 UNKNOWN 0', 'sync: unknown ones do not count');
SELECT is((SELECT count(*) FROM mjc.cart_line WHERE owner_id = pg_temp.guest(6)), 50::bigint, 'fifty they are');
SELECT is(pg_temp.sync(6, NULL, '{}') -> 'items', '[]', 'sync: nothing empties it');
SELECT throws_ok(format('SELECT mjc_api.cart_sync(NULL, NULL, NULL, NULL, %L, %s)', pg_temp.token(6), a), c, NULL, 'sync: ' || w)
  FROM (VALUES ('NULL, $${}$$', 'MJ003', 'no products'), ('$${}$$, NULL', 'MJ003', 'no quantities'), ('$${NULL}$$, $${1}$$', 'MJ006', 'a product that is NULL'), ('$${}$$, $${1}$$', 'MJ006', 'fewer products'),
               (format('$${%s}$$, $${}$$', pg_temp.pid(1)), 'MJ006', 'fewer quantities'), (format('$${%s}$$, $${NULL}$$', pg_temp.pid(1)), 'MJ006', 'a quantity that is NULL'),
               (format('$${%s}$$, $${0}$$', pg_temp.pid(1)), 'MJ006', 'a quantity of nothing'), (format('array_fill(%L::uuid, $${501}$$), array_fill(1, $${501}$$)', pg_temp.pid(1)), 'MJ006', 'more lines than anybody sends')) v (a, c, w);
SELECT is(pg_temp.said(pg_temp.sync(6, array_fill(1, '{500}'), array_fill(1, '{500}'))), '1:500', 'sync: many lines of one product');
SELECT is(pg_temp.said(pg_temp.my_sync(2, '{1,2}', '{1,2}')), '1:1 2:2', 'sync: a customer');

-- The same sync writes nothing
CREATE FUNCTION pg_temp.marks(owner uuid) RETURNS text LANGUAGE sql
    AS $$ SELECT string_agg(x, ' ' ORDER BY x) FROM (SELECT c.ctid || ' ' || c.xmax || ' ' || c.updated_at || ' ' || c.expires_at FROM mjc.cart c WHERE owner_id = owner
          UNION ALL SELECT l.product_id || ' ' || l.ctid || ' ' || l.updated_at FROM mjc.cart_line l WHERE owner_id = owner) v (x) $$;
SELECT pg_temp.marks(pg_temp.customer(2)) AS marks \gset
SELECT is(pg_temp.said(pg_temp.my_sync(2, '{2,1}', '{2,1}')), '1:1 2:2', 'the same lines in another order');
SELECT is(pg_temp.marks(pg_temp.customer(2)), :'marks', 'write nothing and lock nothing');
UPDATE mjc.cart SET created_at = created_at - interval '3 hours', updated_at = updated_at - interval '59 minutes', expires_at = expires_at - interval '59 minutes' WHERE owner_id = pg_temp.customer(2);
UPDATE mjc.cart_line SET added_at = added_at - interval '2 hours', updated_at = updated_at - interval '2 hours' WHERE owner_id = pg_temp.customer(2);
SELECT pg_temp.marks(pg_temp.customer(2)) AS marks \gset
SELECT pg_temp.my_sync(2, '{2,1}', '{2,1}') \g /dev/null
SELECT is(pg_temp.marks(pg_temp.customer(2)), :'marks', 'within the hour');
UPDATE mjc.cart SET updated_at = updated_at - interval '1 minute' WHERE owner_id = pg_temp.customer(2);
SELECT pg_temp.my_sync(2, '{2,1}', '{2,1}') \g /dev/null
SELECT is((SELECT updated_at > clock_timestamp() - interval '1 minute' AND expires_at > clock_timestamp() + interval '359.99 days' FROM mjc.cart WHERE owner_id = pg_temp.customer(2)), true, 'after an hour the cart is kept anew');
SELECT is((SELECT max(updated_at) < clock_timestamp() - interval '1 hour' FROM mjc.cart_line WHERE owner_id = pg_temp.customer(2)), true, 'its lines are not touched');
SELECT lives_ok('SELECT pg_temp.sync(78, NULL, $${}$$)', 'no lines, and no cart');
SELECT is((SELECT count(*) FROM mjc.cart WHERE owner_id = pg_temp.guest(78)), 0::bigint, 'make none');

-- Scenario 24: the price changes
SELECT is(pg_temp.said(pg_temp.sync(7, '{10,11}', '{2,1}')), '10:2 11:1', 'two lines');
UPDATE mjc.product SET price_centimes = 1250 WHERE product_id = pg_temp.pid(10);
SELECT is((SELECT jsonb_agg(i - ARRAY['id', 'productId', 'name', 'nameAr', 'sku', 'slug', 'category', 'image', 'maxStock', 'available', 'discount', 'listPrice'] ORDER BY i ->> 'id') FROM jsonb_array_elements(pg_temp.get(7) -> 'items') i),
    '[{"price": 12.50, "quantity": 2, "lineTotal": 25.00, "priceChanged": true, "previousPrice": 10.00}, {"price": 11.00, "quantity": 1, "lineTotal": 11.00, "priceChanged": false, "previousPrice": null}]', 'scenario 24: the new price counts, and the buyer is told');
SELECT is(pg_temp.sync(7, '{10,11}', '{2,1}') #>> '{items,0,previousPrice}', '10.00', 'scenario 24: a sync that changes nothing does not hide it');
SELECT is(pg_temp.add(7, 11, 1) #>> '{cart,items,0,previousPrice}', '10.00', 'scenario 24: nor does another line');
SELECT is(pg_temp.set(7, 10, 2) #>> '{cartItem,priceChanged}', 'false', 'scenario 24: to set the line is to accept it');
SELECT is((SELECT seen_unit_centimes FROM mjc.cart_line WHERE owner_id = pg_temp.guest(7) AND product_id = pg_temp.pid(10)), 1250::bigint, 'scenario 24: then this is the price that was seen');

-- Merge
SELECT is(pg_temp.said(pg_temp.sync(10, '{1}', '{3}')), '1:3', 'guest {P:3}');
SELECT is(pg_temp.said(pg_temp.my_sync(3, '{1,2}', '{1,1}')), '1:1 2:1', 'customer {P:1, Q:1}');
SELECT is(pg_temp.said(pg_temp.merge(3, 10)), '1:3 2:1', 'scenario 22: the larger quantity of each, no line lost');
SELECT is((SELECT count(*) FROM mjc.cart WHERE owner_id = pg_temp.guest(10)), 0::bigint, 'scenario 22: the guest''s cart is gone');
SELECT is(pg_temp.said(pg_temp.merge(3, 10)), '1:3 2:1', 'scenario 22: signing in again merges nothing');
SELECT pg_temp.sync(10, '{1,3}', '{3,2}') \g /dev/null
SELECT is(pg_temp.said(pg_temp.merge(3, 10)), '1:3 2:1 3:2', 'scenario 22: nor does the same cart twice');
SELECT is(pg_temp.said(pg_temp.merge(4, 11)), NULL, 'no guest''s cart');
SELECT is((SELECT count(*) FROM mjc.cart WHERE owner_id = pg_temp.customer(4)), 0::bigint, 'makes none');
SELECT is(mjc_api.cart_merge(pg_temp.customer(3), 0, pg_temp.customer(3), NULL, NULL)::jsonb, pg_temp.my_get(3), 'no token of a guest');
SELECT pg_temp.sync(11, '{5,4}', '{1,2}') \g /dev/null
SELECT is(pg_temp.said(pg_temp.merge(4, 11)), '5:1 4:2', 'a customer without a cart');
SELECT results_eq($$SELECT kind, expires_at > clock_timestamp() + interval '359 days' FROM mjc.cart WHERE owner_id = pg_temp.customer(4)$$, $$VALUES ('customer', true)$$, 'gets one');
SELECT pg_temp.my_sync(5, ARRAY(SELECT generate_series(1, 48)), array_fill(1, '{48}')) \g /dev/null
SELECT pg_temp.sync(12, '{60,59,58,1,57}', '{2,2,2,2,2}') \g /dev/null
SELECT is(pg_temp.adjusted(pg_temp.merge(5, 12)), '58 LIMIT 0, 57 LIMIT 0', 'merge: fifty lines, the customer''s own first');
SELECT is((SELECT count(*) || ' ' || sum(qty) FROM mjc.cart_line WHERE owner_id = pg_temp.customer(5)), '50 53', 'what fits came');
SELECT is(pg_temp.kept(pg_temp.guest(12)), '57:2 58:2', 'what does not stays with the guest');
SELECT is(pg_temp.adjusted(pg_temp.merge(5, 12)), '58 LIMIT 0, 57 LIMIT 0', 'merge: again nothing fits');
SELECT is((SELECT count(*) || ' ' || sum(qty) FROM mjc.cart_line WHERE owner_id = pg_temp.customer(5)), '50 53', 'and nothing changes');
SELECT pg_temp.sync(13, '{6}', '{1}'), pg_temp.my_sync(6, '{6}', '{1}') \g /dev/null
UPDATE mjc.cart SET coupons = '{B,C}' WHERE owner_id = pg_temp.guest(13);
UPDATE mjc.cart SET coupons = '{A,B}' WHERE owner_id = pg_temp.customer(6);
SELECT pg_temp.merge(6, 13) \g /dev/null
SELECT is((SELECT coupons FROM mjc.cart WHERE owner_id = pg_temp.customer(6)), '{A,B,C}', 'merge: the coupons of both');
SELECT pg_temp.sync(13, '{7}', '{1}') \g /dev/null
UPDATE mjc.cart SET coupons = ARRAY(SELECT 'K' || n FROM generate_series(1, 10) n) WHERE owner_id = pg_temp.guest(13);
SELECT pg_temp.merge(6, 13) \g /dev/null
SELECT is((SELECT coupons FROM mjc.cart WHERE owner_id = pg_temp.customer(6)), '{A,B,C,K1,K2,K3,K4,K5,K6,K7}', 'merge: ten of them');
SELECT throws_ok(format('SELECT mjc_api.cart_merge(%s)', a), c, NULL, 'merge: ' || w)
  FROM (VALUES (format('NULL, NULL, NULL, NULL, %L', pg_temp.token(1)), 'MJ060', 'nobody signed in'), (format('%L, 1, %1$L, NULL, %L', pg_temp.customer(1), pg_temp.token(1)), 'MJ063', 'an older token'),
               (format('%L, 0, %1$L, NULL, %L', pg_temp.customer(9), pg_temp.token(1)), 'MJ063', 'a blocked account'), (format('%L, 0, %1$L, NULL, %L', pg_temp.customer(1), 'x'), 'MJ010', 'a token that is none')) v (a, c, w);

-- Any lines: what is kept is what a plain model says; said twice it stays; the sums fit; merging takes the larger of both
CREATE FUNCTION pg_temp.model(numbers integer[], quantities integer[]) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(n || ':' || least(q, 999), ' ' ORDER BY n)
      FROM (SELECT n, sum(q) AS q FROM unnest(numbers, quantities) u (n, q) WHERE n <= 60 GROUP BY n) x $$;
SELECT setseed(0.25) \g /dev/null
CREATE TEMP TABLE random_cart AS
SELECT i, ARRAY(SELECT 1 + (random() * 64)::integer FROM generate_series(1, 1 + i % 40)) AS numbers,
       ARRAY(SELECT 1 + (random() * CASE WHEN i % 3 = 0 THEN 1200 ELSE 5 END)::integer FROM generate_series(1, 1 + i % 40)) AS quantities,
       NULL::jsonb AS answer, NULL::text AS kept
  FROM generate_series(1, 120) i;
UPDATE random_cart SET numbers = ARRAY(SELECT CASE WHEN n > 60 THEN n + 40 ELSE n END FROM unnest(numbers) n);
CREATE FUNCTION pg_temp.run_random() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    c record;
BEGIN
    FOR c IN SELECT i, numbers, quantities FROM random_cart ORDER BY i LOOP
        UPDATE random_cart SET answer = pg_temp.sync(100 + c.i % 7, c.numbers, c.quantities) WHERE i = c.i;
        UPDATE random_cart SET kept = pg_temp.kept(pg_temp.guest(100 + c.i % 7)) WHERE i = c.i;
    END LOOP;
END $$;
SELECT pg_temp.run_random() \g /dev/null
SELECT is_empty($$SELECT i, kept, pg_temp.model(numbers, quantities) FROM random_cart WHERE kept IS DISTINCT FROM pg_temp.model(numbers, quantities)$$, 'random syncs: kept is what was asked, summed and cut');
SELECT is_empty($$SELECT r.i FROM random_cart r WHERE EXISTS (SELECT FROM unnest(r.numbers) n WHERE n > 60 AND NOT r.answer @> jsonb_build_object('adjusted', jsonb_build_array(jsonb_build_object('productId', pg_temp.pid(n), 'reason', 'UNKNOWN'))))$$,
    'random syncs: every unknown product is named');
SELECT is_empty($$SELECT i FROM random_cart WHERE (answer ->> 'total')::numeric <> (SELECT coalesce(sum((e ->> 'lineTotal')::numeric), 0) FROM jsonb_array_elements(answer -> 'items') e)
                  OR (answer ->> 'itemCount')::integer <> (SELECT coalesce(sum((e ->> 'quantity')::integer), 0) FROM jsonb_array_elements(answer -> 'items') e)
                  OR (answer ->> 'subtotal')::numeric - (answer ->> 'discount')::numeric <> (answer ->> 'total')::numeric$$, 'random syncs: the sums are those of the lines');
SELECT is_empty($$SELECT n FROM generate_series(0, 6) n, LATERAL (SELECT numbers, quantities, kept FROM random_cart WHERE i % 7 = n ORDER BY i DESC LIMIT 1) r
                   WHERE pg_temp.sync(100 + n, r.numbers, r.quantities) IS NULL OR pg_temp.kept(pg_temp.guest(100 + n)) IS DISTINCT FROM r.kept$$, 'random syncs: said again they change nothing');
CREATE TEMP TABLE random_merge AS
SELECT i, (SELECT jsonb_object_agg(n, greatest(a.q, b.q))
             FROM (SELECT n, least(sum(q), 999) AS q FROM random_cart r, unnest(numbers, quantities) u (n, q) WHERE r.i = 20 + m.i AND n <= 60 GROUP BY n) a
             FULL JOIN (SELECT n, least(sum(q), 999) AS q FROM random_cart r, unnest(numbers, quantities) u (n, q) WHERE r.i = 40 + m.i AND n <= 60 GROUP BY n) b USING (n)) AS wanted
  FROM generate_series(1, 10) m (i);
CREATE FUNCTION pg_temp.merged(m integer) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.my_sync(8, numbers, quantities) FROM random_cart WHERE i = 20 + m;
    PERFORM pg_temp.sync(108, numbers, quantities) FROM random_cart WHERE i = 40 + m;
    PERFORM pg_temp.merge(8, 108), pg_temp.merge(8, 108);
    RETURN (SELECT jsonb_object_agg(right(product_id::text, 3)::integer, qty) FROM mjc.cart_line WHERE owner_id = pg_temp.customer(8));
END $$;
SELECT is_empty('SELECT i FROM random_merge WHERE pg_temp.merged(i) IS DISTINCT FROM wanted', 'random merges: the larger of both, nothing more and nothing lost');

-- Expiry
SELECT pg_temp.sync(14, '{1}', '{1}'), pg_temp.sync(15, '{1}', '{1}'), pg_temp.sync(16, '{1}', '{1}') \g /dev/null
UPDATE mjc.cart SET coupons = '{OLD}', created_at = created_at - interval '31 days', updated_at = updated_at - interval '31 days', expires_at = clock_timestamp() - interval '1 second'
 WHERE owner_id IN (pg_temp.guest(14), pg_temp.guest(15), pg_temp.guest(16));
UPDATE mjc.cart_line SET added_at = added_at - interval '31 days', updated_at = updated_at - interval '31 days' WHERE owner_id IN (pg_temp.guest(14), pg_temp.guest(15), pg_temp.guest(16));
SELECT is(pg_temp.get(14), mjc_api.cart_get(NULL, NULL, NULL, NULL)::jsonb, 'a cart whose time is over reads as empty');
SELECT throws_ok('SELECT pg_temp.set(14, 1, 2)', 'MJ252', NULL, 'it has no line');
SELECT is(pg_temp.said(pg_temp.add(14, 2, 1) -> 'cart'), '2:1', 'the next article begins a new one');
SELECT is((SELECT coupons = '{}' AND created_at > clock_timestamp() - interval '1 minute' FROM mjc.cart WHERE owner_id = pg_temp.guest(14)), true, 'altogether');
SELECT is(pg_temp.said(pg_temp.sync(15, '{1}', '{1}')), '1:1', 'so does a sync');
SELECT is((SELECT coupons = '{}' AND expires_at > clock_timestamp() FROM mjc.cart WHERE owner_id = pg_temp.guest(15)), true, 'of what it had');
SELECT is(pg_temp.said(pg_temp.merge(7, 16)), NULL, 'a merge finds nothing in it');
SELECT is((SELECT expired FROM mjc_report.cart WHERE owner_id = pg_temp.guest(16)), true, 'the report says so');
SELECT mjc.cart_purge(100000) AS purged \gset
SELECT is(:purged, 1, 'the job deletes it');
SELECT is((SELECT count(*) FROM mjc.cart_line WHERE owner_id = pg_temp.guest(16)), 0::bigint, 'with its lines');
SELECT is(mjc.cart_purge(100000), 0::bigint, 'and no other');
UPDATE mjc.cart SET created_at = '2020-01-01', updated_at = '2020-01-01', expires_at = '2020-01-02' WHERE owner_id IN (pg_temp.guest(14), pg_temp.guest(15));
UPDATE mjc.cart_line SET updated_at = '2020-01-01' WHERE owner_id IN (pg_temp.guest(14), pg_temp.guest(15));
SELECT is(mjc.cart_purge(1), 1::bigint, 'so many at a time');
SELECT is(mjc.job_run('cart_purge'), 1::bigint, 'by the clockwork');
SELECT is((SELECT bool_and(mjc.cart_until(k, '2027-01-01') = t) FROM (VALUES ('guest', timestamptz '2027-01-31'), ('customer', '2027-12-27')) v (k, t)), true, 'the times');

-- Coupons
SELECT throws_ok(format('SELECT pg_temp.coupon(%s)', a), c, NULL, 'coupon: ' || w)
  FROM (VALUES ('79, $$NONE-SUCH$$', 'MJ208', 'no cart'), ('6, NULL', 'MJ003', 'no code'), ('6, $$a!c$$', 'MJ203', 'what cannot be one'), ('6, $$$$', 'MJ203', 'nothing'), ('6, $$NONE-SUCH$$', 'MJ203', 'an unknown one')) v (a, c, w);
SELECT is((SELECT coupons FROM mjc.cart WHERE owner_id = pg_temp.guest(6)), '{}', 'what is refused is not noted');

-- An order takes its lines out
SELECT pg_temp.sync(17, '{1,2,3}', '{1,1,1}') \g /dev/null
UPDATE mjc.cart SET coupons = '{A}' WHERE owner_id = pg_temp.guest(17);
SELECT lives_ok('SELECT mjc.cart_ordered(pg_temp.guest(17), pg_temp.pids($${1,3,9}$$))', 'ordered');
SELECT is(pg_temp.kept(pg_temp.guest(17)), '2:1', 'what came into it meanwhile stays');
SELECT is((SELECT coupons FROM mjc.cart WHERE owner_id = pg_temp.guest(17)), '{}', 'the coupons are used');
SELECT lives_ok('SELECT mjc.cart_ordered(pg_temp.guest(80), pg_temp.pids($${1}$$))', 'ordered without a cart');
SELECT lives_ok('SELECT mjc.cart_ordered(pg_temp.guest(17), NULL)', 'or of nothing');

-- Quotes
CREATE FUNCTION pg_temp.quote(n integer, numbers integer[], quantities integer[], place text DEFAULT NULL, mode text DEFAULT NULL, method text DEFAULT NULL, coupons text[] DEFAULT NULL) RETURNS jsonb LANGUAGE sql
    AS $$ SELECT mjc_api.cart_quote(NULL, NULL, NULL, pg_temp.token(n), pg_temp.pids(numbers), quantities, place, mode, method, coupons)::jsonb $$;
SELECT is(pg_temp.quote(17, NULL, NULL) #>> '{quote,goods}', '2.00', 'quote: the cart''s lines');
SELECT is(pg_temp.quote(17, '{1,5}', '{2,1}') #>> '{quote,goods}', '7.00', 'quote: others');
SELECT is(pg_temp.quote(17, '{1,5}', '{2,1}', '99') ->> 'wilaya', '99', 'quote: to a wilaya');
SELECT is(pg_temp.quote(17, '{1,5}', '{2,1}', '99') #>> '{quote,shipping}', '700.00', 'has its tariff');
SELECT is(pg_temp.quote(17, '{1,5}', '{2,1}', 'Atlantis') -> 'wilaya', 'null', 'quote: to somewhere else');
SELECT is(pg_temp.kept(pg_temp.guest(17)), '2:1', 'quote: changes nothing');
SELECT throws_ok(format('SELECT pg_temp.quote(%s)', a), c, NULL, 'quote: ' || w)
  FROM (VALUES ('81, NULL, NULL', 'MJ302', 'an empty cart'), ('17, array_fill(1, $${51}$$), array_fill(1, $${51}$$)', 'MJ302', 'too many lines'),
               ('17, $${1}$$, NULL', 'MJ006', 'no quantities'), ('17, $${1}$$, $${1,2}$$', 'MJ006', 'more quantities'), ('17, $${1}$$, $${1}$$, coupons => $${NONE-SUCH}$$', 'MJ203', 'a coupon that is none')) v (a, c, w);
SELECT throws_ok($$SELECT mjc_api.cart_quote(NULL, NULL, NULL, NULL, '{}', '{}', NULL, NULL, NULL, NULL)$$, 'MJ302', NULL, 'quote: no lines');

-- Staff
SELECT is(mjc.cart_read(pg_temp.guest(17))::jsonb, pg_temp.get(17), 'staff see what the buyer sees');
SELECT is(mjc.cart_read(pg_temp.guest(81))::text, NULL, 'of no cart nothing');
SELECT is(mjc.cart_read(NULL)::text, NULL, 'of nobody neither');
SELECT results_eq($$SELECT kind, lines, units, value_dzd, coupons, expired FROM mjc_report.cart WHERE owner_id = pg_temp.guest(6)$$, $$VALUES ('guest', 1::bigint, 500::bigint, 500.00, '{}'::text[], false)$$, 'the report');
SELECT is((SELECT lines || ' ' || units || ' ' || value_dzd FROM mjc_report.cart WHERE owner_id = (SELECT owner_id FROM mjc.cart WHERE owner_id = pg_temp.guest(4))), '0 0 0.00', 'an empty one');

-- Privileges and marks of the routes
SELECT function_privs_are('mjc_api', p.proname, ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) t), 'mjc_shim', ARRAY['EXECUTE'], p.proname || ' is for the shim')
  FROM pg_proc p WHERE p.pronamespace = 'mjc_api'::regnamespace AND p.proname LIKE 'cart\_%' ORDER BY 1;
SELECT set_eq($$SELECT proname::text FROM pg_proc WHERE pronamespace = 'mjc_api'::regnamespace AND proname LIKE 'cart\_%' AND provolatile = 's' ORDER BY 1$$, $$VALUES ('cart_get'), ('cart_quote'), ('cart_validate')$$, 'reading writes nothing');

-- Broken promises
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');
CREATE FUNCTION pg_temp.broken(since timestamptz DEFAULT NULL) RETURNS text LANGUAGE sql
    AS $$ SELECT string_agg(DISTINCT rule, ' ' ORDER BY rule) FROM mjc.check_invariants(since) $$;
INSERT INTO mjc.cart_line (owner_id, product_id, qty, seen_unit_centimes, added_at, updated_at) SELECT pg_temp.guest(3), pg_temp.pid(51), 1, 0, c.updated_at, c.updated_at FROM mjc.cart c WHERE owner_id = pg_temp.guest(3);
SELECT is(pg_temp.broken(), 'cart_limits', 'fifty-one lines');
SELECT is(pg_temp.broken(clock_timestamp() - interval '1 hour'), 'cart_limits', 'of late');
SELECT is(pg_temp.broken(clock_timestamp()), NULL, 'but not just now');
DELETE FROM mjc.cart_line WHERE owner_id = pg_temp.guest(3) AND product_id = pg_temp.pid(51);
UPDATE mjc.cart SET coupons = '{A,A}' WHERE owner_id = pg_temp.guest(3);
SELECT is(pg_temp.broken(), 'cart_limits', 'a coupon twice');
UPDATE mjc.cart SET coupons = '{}', expires_at = updated_at WHERE owner_id = pg_temp.guest(3);
SELECT is(pg_temp.broken(), 'cart_times', 'a cart that was over when it changed');
UPDATE mjc.cart SET expires_at = updated_at + interval '1 day', created_at = updated_at + interval '1 second' WHERE owner_id = pg_temp.guest(3);
SELECT is(pg_temp.broken(), 'cart_times', 'one that changed before it was made');
UPDATE mjc.cart SET created_at = updated_at WHERE owner_id = pg_temp.guest(3);
UPDATE mjc.cart_line SET updated_at = updated_at + interval '1 day' WHERE owner_id = pg_temp.guest(3) AND product_id = pg_temp.pid(1);
SELECT is(pg_temp.broken(), 'cart_line_locked', 'a line that was changed past the lock');

SELECT * FROM finish();
ROLLBACK;
