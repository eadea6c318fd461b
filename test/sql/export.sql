-- export: files that come piece by piece are the whole file, whatever the size of the pieces and
-- whatever happens between them.
BEGIN;
SELECT plan(47);
\ir fixture.psql
SELECT pg_temp.make_stock(1, 1000, 100000) \g /dev/null
SELECT pg_temp.make_admin('export@example.test') AS admin \gset
-- Nine orders at six times, of five buyers: some share a time, and their ids alone tell them apart.
SELECT pg_temp.bought('{1}', '{1}', '05521000' || 10 + n % 5) FROM generate_series(1, 9) n \g /dev/null
CREATE TEMP TABLE mine AS SELECT o.order_id, row_number() OVER (ORDER BY o.order_id) AS n FROM mjc.order o JOIN mjc.order_contact c USING (order_id) WHERE c.phone ~ '^\+2135521000';
UPDATE mjc.order o SET placed_at = '2009-05-01 12:00+01'::timestamptz + make_interval(hours => (m.n * 7 % 6)::integer) FROM mine m WHERE m.order_id = o.order_id;
UPDATE mjc.order_contact c SET first_name = (ARRAY['=1+1', 'a"b, c', 'أمينة', E'back\\slash', '-x', '+x', '@x', 'Élodie', E'\tz'])[m.n] FROM mine m WHERE m.order_id = c.order_id;
SELECT is(count(*), 9::bigint, 'nine orders') FROM mine;

-- All pieces of at most so many, one after another: the whole reply, how many pieces, persons of each.
CREATE FUNCTION pg_temp.orders_by(form text, most integer, status text DEFAULT NULL, search text DEFAULT NULL, date_from timestamptz DEFAULT '2009-05-01 00:00+01', date_to timestamptz DEFAULT '2009-05-02 00:00+01',
    OUT reply text, OUT pieces integer, OUT persons integer[])
    LANGUAGE plpgsql
AS $$
DECLARE
    after jsonb;
    x record;
BEGIN
    reply := '';
    pieces := 0;
    LOOP
        SELECT p.body, p.next, p.persons INTO x FROM mjc.order_piece(form, status, NULL, date_from, date_to, search, after, most) p;
        reply := reply || x.body;
        pieces := pieces + 1;
        persons := persons || x.persons;
        after := x.next::text::jsonb;
        EXIT WHEN after IS NULL OR pieces > 100;
    END LOOP;
END
$$;
-- Said another way than the code says it: a formula is what starts with one of six letters.
CREATE FUNCTION pg_temp.cell(t text) RETURNS text LANGUAGE sql AS $$ SELECT CASE WHEN t IS NOT NULL THEN '"' || regexp_replace(replace(t, '"', '""'), E'^([-=+@\t\r])', '''\1') || '"' ELSE '' END $$;
CREATE FUNCTION pg_temp.naive() RETURNS text LANGUAGE sql AS $$
    SELECT chr(65279) || 'orderNumber,createdAt,status,paymentStatus,fulfilment,channel,firstName,lastName,phone,email,street,city,postalCode,region,units,subtotal,discount,shipping,stampDuty,rounding,total,credit,paymentMethod,deliveryMode,trackingNumber,carrier' || E'\r\n'
        || coalesce(string_agg(array_to_string(ARRAY[o.reference, to_char(o.placed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), o.status, o.payment_state, o.fulfilment_state, o.channel, pg_temp.cell(c.first_name), pg_temp.cell(c.last_name), pg_temp.cell(c.phone), pg_temp.cell(c.email),
               pg_temp.cell(c.street), pg_temp.cell(c.city), pg_temp.cell(c.postal_code), pg_temp.cell(c.region), (SELECT sum(qty) FROM mjc.order_line l WHERE l.order_id = o.order_id)::text,
               to_char(o.subtotal_centimes / 100.0, 'FM9999990.00'), to_char(o.discount_centimes / 100.0, 'FM9999990.00'), to_char(o.shipping_centimes / 100.0, 'FM9999990.00'), to_char(o.stamp_duty_centimes / 100.0, 'FM9999990.00'),
               to_char(o.rounding_centimes / 100.0, 'FM9999990.00'), to_char(o.total_centimes / 100.0, 'FM9999990.00'), to_char(o.credit_centimes / 100.0, 'FM9999990.00'), o.payment_method, o.delivery_mode, pg_temp.cell(o.tracking_number), pg_temp.cell(o.carrier)], ',', '')
               || E'\r\n', '' ORDER BY o.placed_at DESC, o.order_id), '') FROM mine m JOIN mjc.order o USING (order_id) JOIN mjc.order_contact c USING (order_id) $$;

SELECT is((pg_temp.orders_by('file', most)).reply, pg_temp.naive(), 'a file in pieces of ' || most) FROM unnest(ARRAY[1, 2, 4, 8, 9, 10, 1000]) most;
SELECT is((pg_temp.orders_by('file', most)).pieces, w, format('nine by %s are %s pieces', most, w)) FROM (VALUES (1, 9), (2, 5), (4, 3), (8, 2), (9, 1), (10, 1)) v (most, w);
SELECT is((pg_temp.orders_by('text', most)).reply::json ->> 'data', pg_temp.naive(), 'a text in pieces of ' || most) FROM unnest(ARRAY[1, 4, 9]) most;
SELECT is((pg_temp.orders_by('text', 4)).reply::jsonb - 'data', '{"success": true}', 'in the envelope of a reply');
SELECT is((SELECT array_agg(e ->> 'orderNumber' ORDER BY i) FROM json_array_elements((pg_temp.orders_by('list', most)).reply::json -> 'data') WITH ORDINALITY t (e, i)),
          (SELECT array_agg(o.reference ORDER BY o.placed_at DESC, o.order_id) FROM mine JOIN mjc.order o USING (order_id)), 'a list in pieces of ' || most) FROM unnest(ARRAY[1, 4, 9]) most;
SELECT is((pg_temp.orders_by('file', 4, search => 'zoubeida nobody')).reply, split_part(pg_temp.naive(), E'\r\n', 1) || E'\r\n', 'nothing is a head');
SELECT is((pg_temp.orders_by(f, 4, search => 'zoubeida nobody')).reply::jsonb ->> 'data', w, 'nothing as ' || f) FROM (VALUES ('list', '[]'), ('text', split_part(pg_temp.naive(), E'\r\n', 1) || E'\r\n')) v (f, w);
SELECT is((pg_temp.orders_by('list', 1, search => '0552100012')).pieces, 2, 'a search in pieces');
SELECT is((pg_temp.orders_by('file', 1000)).persons, ARRAY[5], 'persons are counted once in a piece');
SELECT is((pg_temp.orders_by('file', 1)).persons, array_fill(1, ARRAY[9]), 'and in each');

-- What comes in, changes or goes between two pieces.
SELECT body AS first, next::text AS after FROM mjc.order_piece('file', NULL, NULL, '2009-05-01 00:00+01', '2009-05-02 00:00+01', NULL, NULL, 4) \gset
SELECT pg_temp.bought('{1}', '{1}', '0552100099') AS late \gset
UPDATE mjc.order SET placed_at = '2009-05-01 20:00+01' WHERE reference = :'late';
SELECT body AS second, next::text AS after2 FROM mjc.order_piece('file', NULL, NULL, '2009-05-01 00:00+01', '2009-05-02 00:00+01', NULL, :'after', 4) \gset
SELECT body AS third, next::text AS after3 FROM mjc.order_piece('file', NULL, NULL, '2009-05-01 00:00+01', '2009-05-02 00:00+01', NULL, :'after2', 4) \gset
SELECT is(:'first' || :'second' || :'third', pg_temp.naive(), 'who orders meanwhile is not in the file, and none is twice');
SELECT is((SELECT jsonb_agg(k ORDER BY k) FROM jsonb_object_keys(:'after'::jsonb) k), '["at", "began", "id", "rows"]', 'the cursor');
SELECT is(:'after2'::jsonb ->> 'began', :'after'::jsonb ->> 'began', 'keeps when it began');
SELECT is((:'after2'::jsonb ->> 'rows')::integer, 8, 'and counts');
SELECT is(mjc.export_began('{"began": "2009-05-01 12:00+01"}'), '2009-05-01 12:00+01'::timestamptz, 'which is when the first piece was made');
SELECT is(mjc.export_began(NULL), now(), 'now for the first');

---------------------------------------------------------------------- customers
CREATE FUNCTION pg_temp.customers_by(form text, most integer, search text DEFAULT NULL, kind text DEFAULT NULL, status text DEFAULT NULL, segment text DEFAULT NULL, OUT reply text, OUT pieces integer, OUT persons integer)
    LANGUAGE plpgsql
AS $$
DECLARE
    after jsonb;
    x record;
BEGIN
    reply := '';
    pieces := 0;
    persons := 0;
    LOOP
        SELECT p.body, p.next, p.persons INTO x FROM mjc.customer_piece(form, search, kind, status, segment, NULL, NULL, after, most) p;
        reply := reply || x.body;
        pieces := pieces + 1;
        persons := persons + x.persons;
        after := x.next::text::jsonb;
        EXIT WHEN after IS NULL OR pieces > 10000;
    END LOOP;
END
$$;
SELECT pg_temp.make_customer(n) FROM generate_series(70, 76) n \g /dev/null
UPDATE mjc.customer SET status = 'blocked' WHERE customer_id IN (pg_temp.pid(71), pg_temp.pid(72));
UPDATE mjc.customer SET status = 'erased', erased_at = now() WHERE customer_id = pg_temp.pid(76);
UPDATE mjc.customer SET merged_into = pg_temp.pid(70) WHERE customer_id = pg_temp.pid(75);
-- The list at once is what psql shows (test/sql/customer.sql).
SELECT is((pg_temp.customers_by('file', most, q, k, s, g)).reply, (SELECT csv FROM mjc.customer_export(q, k, s, g)), format('customers in pieces of %s: %s', most, coalesce(q, k, s, g, 'all')))
  FROM (VALUES (1, NULL, NULL, NULL, NULL), (3, NULL, NULL, NULL, NULL), (2, NULL, NULL, NULL, 'never_ordered'), (2, NULL, NULL, NULL, 'b2b'), (1, NULL, NULL, NULL, 'active'),
               (1, NULL, NULL, 'not_active', NULL), (2, '0552100012', NULL, NULL, NULL), (1, 'zoubeida nobody', NULL, NULL, NULL), (3, NULL, 'B2C', 'active', NULL)) v (most, q, k, s, g);
SELECT is((pg_temp.customers_by('list', 1, status => 'blocked')).persons, 2, 'each is counted');
SELECT is((SELECT array_agg(e ->> 'id' ORDER BY e ->> 'id') FROM json_array_elements((pg_temp.customers_by('list', 2, segment => 'never_ordered')).reply::json -> 'data') e),
          (SELECT array_agg(c.customer_id::text ORDER BY c.customer_id::text) FROM mjc.customer c WHERE c.merged_into IS NULL AND c.status <> 'erased'
              AND NOT EXISTS (SELECT FROM mjc.order o WHERE o.customer_id = c.customer_id AND o.status NOT IN ('CANCELLED', 'REFUNDED'))), 'a list with pieces that nobody is in');

------------------------------------------------------------------------ routes
SELECT throws_ok(format('SELECT mjc_api.%s(%L, 0, gen_random_uuid(), ''r'', %s, after => %L)', f, a, x, :'after'), c, NULL, f || ': a later piece: ' || c)
  FROM (VALUES ('staff_order_export', 'NULL, NULL, NULL, NULL, NULL, NULL')) v (f, x), (VALUES (NULL, 'MJ060'), (pg_temp.pid(70), 'MJ063')) w (a, c);
UPDATE mjc.account SET role = 'CUSTOMER' WHERE account_id = :'admin';
SELECT throws_ok(format('SELECT mjc_api.staff_order_export(%L, 0, gen_random_uuid(), ''r'', NULL, NULL, NULL, NULL, NULL, NULL, after => %L)', :'admin', :'after'), 'MJ064', NULL, 'who is no admin any more gets no further');

SELECT * FROM finish();
ROLLBACK;
