-- document: the readers of the documents in which staff describe prices.
BEGIN;
SELECT plan(152);
\ir fixture.psql
-- The object and its keys
SELECT lives_ok($$SELECT mjc.doc_check('{"a": 1, "b": null}', '{a,b,c}')$$, 'known keys');
SELECT lives_ok($$SELECT mjc.doc_check('{}', '{a}')$$, 'no key');
SELECT pg_temp.refused(format('SELECT mjc.doc_check(%L, %L)', d, '{a}'), c, a, coalesce(d, 'NULL'))
  FROM (VALUES (NULL, 'MJ003', 'document'), ('[]', 'MJ010', 'document'), ('1', 'MJ010', 'document'), ('null', 'MJ010', 'document'), ('"a"', 'MJ010', 'document'),
               ('{"b": 1}', 'MJ010', 'b'), ('{"a": 1, "x9": 1, "b": 1}', 'MJ010', 'b'), ('{"<script>": 1}', 'MJ010', 'document'), ('{"": 1}', 'MJ010', 'document'),
               (format('{"%s": 1}', repeat('k', 41)), 'MJ010', 'document')) v (d, c, a);
SELECT is(mjc.doc_merge('{"a": 1, "b": 2}', '{"b": null, "c": 3}'), '{"a": 1, "c": 3}', 'given keys replace, null clears, absent keys stay');
SELECT is(mjc.doc_merge(NULL, '{"b": null, "c": 3}'), '{"c": 3}', 'of nothing');
SELECT pg_temp.refused($$SELECT mjc.doc_need('{"a": 1}', '{a,z,b}')$$, 'MJ003', 'z', 'the first missing key is named');
SELECT is(mjc.doc_with_id(d, pg_temp.pid(1)), r, format('item: %s', d)) FROM (VALUES ('{"a": 1}'::jsonb, jsonb_build_object('a', 1, 'id', pg_temp.pid(1))), (NULL, NULL)) v (d, r);
SELECT is(mjc.doc_under('thing', '{"a": 1}')::text, '{"thing" : {"a": 1}}', 'the answer about one thing');
SELECT is(mjc.doc_under(k, d)::text, NULL, 'none about nothing') FROM (VALUES ('thing', NULL::jsonb), (NULL, '{}')) v (k, d);
SELECT is(mjc.doc_known('k', t, i), i, format('known: %s', t)) FROM (VALUES ('a', pg_temp.pid(1)), (NULL, NULL), (NULL, pg_temp.pid(1))) v (t, i);
SELECT pg_temp.refused($$SELECT mjc.doc_known('k', 'a', NULL)$$, 'MJ010', 'k', 'a name of nothing');
SELECT is(mjc.doc_named(d, 'slug', t, i, 'arg'), r, format('named: %s %s', t, d))
  FROM (VALUES ('{"a": 1}'::jsonb, 'x', NULL::uuid, '{"a": 1, "slug": "x"}'::jsonb), ('{"slug": "y"}', 'x', NULL, '{"slug": "y"}'), ('{"a": 1}', 'x', pg_temp.pid(1), '{"a": 1}'),
               ('{"a": 1}', pg_temp.pid(1)::text, pg_temp.pid(1), '{"a": 1}'), ('[]', 'x', NULL, '[]'), (NULL, 'x', NULL, NULL)) v (d, t, i, r);
SELECT pg_temp.refused(format('SELECT mjc.doc_named(%L, %L, %L, NULL, %L)', '{}', 'slug', t, 'arg'), 'MJ010', 'arg', format('named: %s', t))
  FROM (VALUES (NULL), (pg_temp.pid(1)::text)) v (t);

-- Texts
SELECT is(mjc.doc_text(d, 'k', 2, 5), t, d::text) FROM (VALUES ('{}'::jsonb, NULL), ('{"k": null}', NULL), ('{"k": "ab"}', 'ab'), ('{"k": "  été42 "}', 'été42')) v (d, t);
SELECT pg_temp.refused(format('SELECT mjc.doc_text(%L, %L, 2, 5)', d, 'k'), c, 'k', d)
  FROM (VALUES ('{"k": "a"}', 'MJ006'), ('{"k": "abcdef"}', 'MJ006'), ('{"k": "   "}', 'MJ006'), ('{"k": 42}', 'MJ010'), ('{"k": true}', 'MJ010'), ('{"k": ["ab"]}', 'MJ010'),
               ('{"k": {"a": "b"}}', 'MJ010'), ('{"k": "a\nb"}', 'MJ010'), ('{"k": "a\u007fb"}', 'MJ010')) v (d, c);
SELECT is(mjc.doc_word('{"k": "abc"}', 'k', '^[a-c]+$'), 'abc', 'a text of a form');
SELECT pg_temp.refused($$SELECT mjc.doc_word('{"k": "abd"}', 'k', '^[a-c]+$')$$, 'MJ010', 'k', 'of another form');

-- Numbers
SELECT is(mjc.doc_centimes(format('{"k": %s}', n)::jsonb, 'k'), c, format('%s DZD', n))
  FROM (VALUES ('0', 0::bigint), ('0.01', 1), ('1', 100), ('1.5', 150), ('1.50', 150), ('1.500', 150), ('12345.67', 1234567), ('1e3', 100000), ('1000000000', 100000000000),
               ('999999999.99', 99999999999), ('null', NULL), ('1.5e-1', 15), ('-0', 0)) v (n, c);
SELECT pg_temp.refused(format('SELECT mjc.doc_centimes(%L, %L)', format('{"k": %s}', n), 'k'), c, 'k', format('%s DZD', n))
  FROM (VALUES ('0.001', 'MJ010'), ('1.005', 'MJ010'), ('1e-300', 'MJ010'), ('-0.01', 'MJ006'), ('-1', 'MJ006'), ('1000000000.01', 'MJ006'), ('1e300', 'MJ006'), ('1e131000', 'MJ006'),
               ('-1e131000', 'MJ006'), ('"1"', 'MJ010'), ('"NaN"', 'MJ010'), ('"Infinity"', 'MJ010'), ('true', 'MJ010'), ('[1]', 'MJ010'), ('{"a": 1}', 'MJ010')) v (n, c);
SELECT is(mjc.doc_centimes('{}', 'k'), NULL, 'no key is no amount');
SELECT is(mjc.doc_integer('{"k": 7.0}', 'k', 1, 9), 7, 'a whole number');
SELECT pg_temp.refused(format('SELECT mjc.doc_integer(%L, %L, 1, 9)', d, 'k'), c, 'k', d)
  FROM (VALUES ('{"k": 0}', 'MJ006'), ('{"k": 10}', 'MJ006'), ('{"k": 1.5}', 'MJ010'), ('{"k": "1"}', 'MJ010')) v (d, c);
SELECT is(mjc.doc_boolean(d, 'k', true), b, d::text) FROM (VALUES ('{}'::jsonb, true), ('{"k": null}', true), ('{"k": false}', false), ('{"k": true}', true)) v (d, b);
SELECT pg_temp.refused(format('SELECT mjc.doc_boolean(%L, %L, true)', d, 'k'), 'MJ010', 'k', d) FROM unnest(ARRAY['{"k": 0}', '{"k": "true"}', '{"k": []}']) d;

-- Days and instants
SELECT is(mjc.doc_day(format('{"k": "%s"}', d)::jsonb, 'k'), d::date, d) FROM unnest(ARRAY['2026-01-31', '2024-02-29', '1900-01-01', '2199-12-31', '2026-04-30']) d;
SELECT pg_temp.refused(format('SELECT mjc.doc_day(%L, %L)', format('{"k": "%s"}', d), 'k'), 'MJ010', 'k', format('"%s" is no day', d))
  FROM unnest(ARRAY['2026-02-29', '2026-02-30', '2026-04-31', '2026-13-01', '2026-00-10', '2026-01-00', '2026-1-1', '01/02/2026', 'today', 'infinity', '', '1899-12-31', '2200-01-01', '2026-01-01T00:00']) d;
SELECT is(mjc.doc_day('{}', 'k'), NULL, 'no key is no day');
SELECT is(mjc.doc_time(format('{"k": "%s"}', t)::jsonb, 'k'), i::timestamptz, t)
  FROM (VALUES ('2026-01-31', '2026-01-30 23:00Z'), ('2026-01-31T10:00', '2026-01-31 09:00Z'), ('2026-01-31 10:00:05', '2026-01-31 09:00:05Z'), ('2026-01-31T10:00Z', '2026-01-31 10:00Z'),
               ('2026-01-31T10:00:00.123456Z', '2026-01-31 10:00:00.123456Z'), ('2026-01-31T10:00:00+01:00', '2026-01-31 09:00Z'), ('2026-01-31T10:00:00-0530', '2026-01-31 15:30Z'),
               ('2026-01-31T23:59:59.9+14', '2026-01-31 09:59:59.9Z')) v (t, i);
SET LOCAL timezone = 'Pacific/Auckland';
SELECT is(mjc.doc_time('{"k": "2026-01-31T10:00"}', 'k'), '2026-01-31 09:00Z', 'whatever the clock of the session is');
SELECT is(mjc.doc_time(jsonb_build_object('k', t), 'k'), t, 'to the microsecond, as PostgreSQL writes it') FROM (SELECT timestamptz '2026-07-01 10:00:00.123457Z') v (t);
RESET timezone;
SELECT pg_temp.refused(format('SELECT mjc.doc_time(%L, %L)', format('{"k": "%s"}', t), 'k'), 'MJ010', 'k', format('"%s" is no instant', t))
  FROM unnest(ARRAY['2026-02-30T10:00Z', '2026-01-31T24:00Z', '2026-01-31T10:60Z', '2026-01-31T10:00:60Z', '2026-01-31T10', '2026-01-31T10:00:00+15:00', '2026-01-31T10:00:00.1234567Z',
                    'now', 'infinity', 'tomorrow', '', '2026-01-31T10:00 Europe/Paris', 'XXXXXXXXXX']) t;
SELECT is(mjc.doc_time('{}', 'k'), NULL, 'no key is no instant');
SELECT is(mjc.doc_span('{"from": "2026-01-01T00:00Z", "until": null}'), '["2026-01-01 00:00Z",)'::tstzrange, 'open at the end');
SELECT is(mjc.doc_span('{}'), '(,)'::tstzrange, 'open at both');
SELECT pg_temp.refused($$SELECT mjc.doc_span('{"from": "2026-01-01", "until": "2026-01-01"}')$$, 'MJ006', 'until', 'no time at all');

-- Lists and what they name
SELECT is(mjc.doc_list('{"k": ["a", " b "]}', 'k', 2), '{a,b}', 'a list');
SELECT is(mjc.doc_list('{"k": null}', 'k', 2), NULL, 'no list');
SELECT pg_temp.refused(format('SELECT mjc.doc_list(%L, %L, 2)', d, 'k'), c, 'k', d)
  FROM (VALUES ('{"k": []}', 'MJ006'), ('{"k": ["a", "b", "c"]}', 'MJ006'), ('{"k": "a"}', 'MJ010'), ('{"k": [1]}', 'MJ010'), ('{"k": ["a", null]}', 'MJ010'), ('{"k": {"a": 1}}', 'MJ010')) v (d, c);
SELECT pg_temp.make_product(n, 1000) FROM generate_series(1, 3) n \g /dev/null
SELECT is(mjc.doc_products(jsonb_build_object('k', jsonb_build_array('TEST-ONLY-2', pg_temp.pid(1), 'TEST-ONLY-1', pg_temp.pid(2))), 'k'), pg_temp.pids('{1,2}'), 'products by id and sku, each once');
SELECT pg_temp.refused(format('SELECT mjc.doc_products(%L, %L)', d, 'k'), 'MJ010', 'k', d) FROM unnest(ARRAY['{"k": ["TEST-ONLY-1", "NO-SUCH"]}', format('{"k": ["%s"]}', pg_temp.pid(9))]) d;
SELECT is(mjc.doc_product('{"k": "TEST-ONLY-3"}', 'k'), pg_temp.pid(3), 'one product');
SELECT is(mjc.doc_product('{}', 'k'), NULL, 'none');
SELECT pg_temp.refused($$SELECT mjc.doc_product('{"k": "NO-SUCH"}', 'k')$$, 'MJ010', 'k', 'one that is not there');
SELECT pg_temp.refused($$SELECT mjc.doc_customer('{"k": "x"}', 'k')$$, 'MJ010', 'k', 'a customer that is not there');
SELECT throws_ok($$SELECT mjc.doc_group('{"k": "nobody"}', 'k')$$, 'MJ216', NULL, 'a group that is not there');
SELECT is(mjc.doc_group('{"k": "retail"}', 'k'), 'retail', 'a group');

SELECT * FROM finish();
ROLLBACK;
