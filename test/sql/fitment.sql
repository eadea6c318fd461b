-- fitment: which part fits which boiler, of which not everything is known.
BEGIN;
SELECT plan(190);
\ir fixture.psql
GRANT USAGE ON SCHEMA tap TO PUBLIC;
SELECT pg_temp.make_product(n, 100000) FROM generate_series(1, 9) n \g /dev/null
INSERT INTO mjc.manufacturer (manufacturer_id, slug, name) VALUES (pg_temp.pid(101), 'test-maker', 'Test Maker'), (pg_temp.pid(102), 'test-other', 'Test Other');
SELECT mjc.boiler_model_set(jsonb_build_object('manufacturer', 'test-maker', 'name', 'Chaudière test')) AS model,
       mjc.boiler_model_set(jsonb_build_object('manufacturer', 'test-maker', 'name', 'Autre test')) AS other \gset
SELECT mjc.boiler_variant_set(jsonb_build_object('model', :'model', 'name', '24', 'powerKw', 24, 'gas', '["G20", "G25"]'::jsonb, 'builtFrom', '2010-01-01', 'builtUntil', '2019-12-31')) AS v24,
       mjc.boiler_variant_set(jsonb_build_object('model', :'model', 'name', '35', 'powerKw', 35)) AS v35,
       mjc.boiler_variant_set(jsonb_build_object('model', :'other', 'name', '24', 'powerKw', 24)) AS elsewhere \gset

-- One row, condition by condition: f = fits, m = met, o = open, x = failed, - = not asked; in the order of the conditions
CREATE FUNCTION pg_temp.judged(state integer) RETURNS text
    LANGUAGE sql
AS $$
    SELECT CASE state & 15 WHEN 1 THEN 'no' WHEN 2 THEN 'no?' WHEN 4 THEN 'yes' WHEN 8 THEN 'yes?' WHEN 0 THEN 'nothing' ELSE 'wrong' END || ' '
           || string_agg(CASE WHEN c = ANY (mjc.fitment_conditions(state, 'met')) THEN 'm' WHEN c = ANY (mjc.fitment_conditions(state, 'open')) THEN 'o'
                              WHEN c = ANY (mjc.fitment_conditions(state, 'failed')) THEN 'x' ELSE '-' END, '' ORDER BY n)
      FROM unnest('{variant,serial,built,gas,power}'::text[]) WITH ORDINALITY u (c, n)
$$;
SELECT is(pg_temp.judged(mjc.fitment_state(fits, v, s, b, g, p, kv, ks, kb, kg, kp)), wanted, what)
  FROM (VALUES
    (true, NULL::uuid, NULL::int8range, NULL::daterange, NULL::text[], NULL::int4range, NULL::uuid, NULL::bigint, NULL::daterange, NULL::text[], NULL::integer, 'yes -----', 'no condition: it fits'),
    (false, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'no -----', 'or not'),
    (true, pg_temp.pid(1), NULL, NULL, NULL, NULL, pg_temp.pid(1), NULL, NULL, NULL, NULL, 'yes m----', 'the variant'),
    (true, pg_temp.pid(1), NULL, NULL, NULL, NULL, pg_temp.pid(2), NULL, NULL, NULL, NULL, 'nothing x----', 'another variant'),
    (false, pg_temp.pid(1), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'no? o----', 'an unknown variant'),
    (true, NULL, '[100,200)', NULL, NULL, NULL, NULL, 100, NULL, NULL, NULL, 'yes -m---', 'the first serial number'),
    (true, NULL, '[100,200)', NULL, NULL, NULL, NULL, 199, NULL, NULL, NULL, 'yes -m---', 'the last'),
    (true, NULL, '[100,200)', NULL, NULL, NULL, NULL, 99, NULL, NULL, NULL, 'nothing -x---', 'one before'),
    (true, NULL, '[100,200)', NULL, NULL, NULL, NULL, 200, NULL, NULL, NULL, 'nothing -x---', 'one behind'),
    (true, NULL, '[100,)', NULL, NULL, NULL, NULL, 999999999999999, NULL, NULL, NULL, 'yes -m---', 'without an end'),
    (true, NULL, '[100,)', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'yes? -o---', 'an unknown serial number'),
    (true, NULL, NULL, '[2018-01-01,)', NULL, NULL, NULL, NULL, '[2018-01-01,2018-01-02)', NULL, NULL, 'yes --m--', 'built on the day'),
    (true, NULL, NULL, '[2018-01-01,)', NULL, NULL, NULL, NULL, '[2017-12-31,2018-01-01)', NULL, NULL, 'nothing --x--', 'the day before'),
    (true, NULL, NULL, '[2018-06-01,)', NULL, NULL, NULL, NULL, '[2018-01-01,2019-01-01)', NULL, NULL, 'yes? --o--', 'in the year, before or after'),
    (true, NULL, NULL, '[2018-06-01,)', NULL, NULL, NULL, NULL, '[2019-01-01,2020-01-01)', NULL, NULL, 'yes --m--', 'in the year after'),
    (true, NULL, NULL, '[2018-06-01,)', NULL, NULL, NULL, NULL, 'empty', NULL, NULL, 'yes? --o--', 'an empty span says nothing'),
    (true, NULL, NULL, NULL, '{G20,G25}', NULL, NULL, NULL, NULL, '{G20}', NULL, 'yes ---m-', 'a gas of the set'),
    (true, NULL, NULL, NULL, '{G30}', NULL, NULL, NULL, NULL, '{G20}', NULL, 'nothing ---x-', 'another gas'),
    (true, NULL, NULL, NULL, '{G20}', NULL, NULL, NULL, NULL, '{G20,G31}', NULL, 'yes? ---o-', 'set up for this gas or another'),
    (true, NULL, NULL, NULL, '{G31,G20}', NULL, NULL, NULL, NULL, '{G20,G31}', NULL, 'yes ---m-', 'both are in the set'),
    (true, NULL, NULL, NULL, '{G20}', NULL, NULL, NULL, NULL, '{}', NULL, 'yes? ---o-', 'no gas is known'),
    (true, NULL, NULL, NULL, NULL, '[24000,28001)', NULL, NULL, NULL, NULL, 28000, 'yes ----m', 'the power'),
    (true, NULL, NULL, NULL, NULL, '[24000,28001)', NULL, NULL, NULL, NULL, 35000, 'nothing ----x', 'another power'),
    (false, pg_temp.pid(1), '[100,)', NULL, '{G20}', NULL, pg_temp.pid(1), NULL, NULL, '{G31}', NULL, 'nothing mo-x-', 'one that fails is enough, whatever is open'),
    (true, pg_temp.pid(1), '[100,)', '[2018-01-01,)', '{G20}', '[1,)', pg_temp.pid(1), 100, '[2018-01-01,2018-01-02)', '{G20}', 5, 'yes mmmmm', 'all five')
  ) v (fits, v, s, b, g, p, kv, ks, kb, kg, kp, wanted, what);
SELECT is(mjc.fitment_state(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), NULL, 'neither yes nor no');
SELECT throws_ok($$SELECT mjc.fitment_state(true, NULL, NULL, NULL, ARRAY['G20', NULL], NULL, NULL, NULL, NULL, '{G20}', NULL)$$, 'MJ003', NULL, 'no gas among gases');

-- All rows of a part together
SELECT is(mjc.fitment_answer(states) || ' ' || mjc.fitment_confidence(states, confidences), wanted, format('%s of %s', states, confidences))
  FROM (VALUES ('{}'::integer[], '{}'::smallint[], 'UNKNOWN 0'), ('{0}', '{90}', 'UNKNOWN 0'), ('{4}', '{70}', 'FITS 70'), ('{4,4,0}', '{70,80,95}', 'FITS 80'), ('{4,8}', '{70,95}', 'FITS 70'),
               ('{8}', '{60}', 'FITS_IF 60'), ('{8,8}', '{60,90}', 'FITS_IF 60'), ('{4,1}', '{90,10}', 'DOES_NOT_FIT 10'), ('{1,1,4}', '{30,40,99}', 'DOES_NOT_FIT 40'), ('{4,2}', '{90,50}', 'FITS_IF 90'),
               ('{2}', '{90}', 'UNKNOWN 0'), ('{2,0}', '{90,90}', 'UNKNOWN 0'), ('{8,2}', '{60,90}', 'FITS_IF 60'), ('{8,1}', '{60,5}', 'DOES_NOT_FIT 5'), ('{4}', '{0}', 'FITS 0'), ('{4}', '{100}', 'FITS 100')) v (states, confidences, wanted);
SELECT is((SELECT mjc.fitment_rank(s, c) FROM unnest(states, confidences) u (s, c)), wanted, format('%s of %s: its place', states, confidences))
  FROM (VALUES ('{}'::integer[], '{}'::smallint[], NULL::integer), ('{0}', '{90}', NULL), ('{4}', '{70}', 171), ('{4,4,0}', '{70,80,95}', 181), ('{4,8}', '{70,95}', 171),
               ('{8}', '{60}', 60), ('{8,8}', '{90,60}', 60), ('{4,1}', '{90,10}', NULL), ('{4,2}', '{90,50}', 90), ('{2}', '{90}', NULL), ('{8}', '{0}', 0), ('{4}', '{0}', 101), ('{8}', '{100}', 100), ('{4}', '{100}', 201)) v (states, confidences, wanted);
-- Property: the order of places is that of answers and confidences.
SELECT setseed(0.3) \g /dev/null
SELECT is(string_agg(format('%s of %s', states, confidences), '; '), NULL, 'the place of a part is its answer and its confidence')
  FROM (SELECT array_agg((ARRAY[0, 1, 2, 4, 8, 40])[1 + floor(random() * 6)]) AS states, array_agg(floor(random() * 101)::smallint) AS confidences
          FROM generate_series(1, 2000) n GROUP BY n % 700) r
 WHERE (SELECT mjc.fitment_rank(s, c) FROM unnest(states, confidences) u (s, c))
       IS DISTINCT FROM CASE mjc.fitment_answer(states) WHEN 'FITS' THEN 101 + mjc.fitment_confidence(states, confidences) WHEN 'FITS_IF' THEN mjc.fitment_confidence(states, confidences) END;
-- 2 and 8: rows on which it may hang; above them two bits for each condition from bit 4 on: 1 met, 2 open, 3 failed
SELECT is(mjc.fitment_to_ask(s), w, s::text) FROM (VALUES ('{}'::integer[], '{}'::text[]), ('{4}', '{}'), ('{40,514}', '{variant,built}'), ('{2056,34}', '{variant,gas}'), ('{560,24}', '{}'), ('{10248}', '{gas,power}'), ('{2084,32}', '{}')) v (s, w);
SELECT throws_ok(format('SELECT %s', f), c, NULL, f)
  FROM (VALUES ('mjc.fitment_answer(NULL)', 'MJ003'), ('mjc.fitment_answer(ARRAY[NULL::integer])', 'MJ003'), ('mjc.fitment_to_ask(NULL)', 'MJ003'), ('mjc.fitment_answer(ARRAY[ARRAY[1]])', 'MJ010'), ('mjc.fitment_confidence(NULL, NULL)', 'MJ003'),
               ('mjc.fitment_confidence(''{4}'', NULL)', 'MJ003'), ('mjc.fitment_confidence(''{4}'', ''{1,2}'')', 'MJ010'), ('mjc.fitment_confidence(''{4}'', ''{101}'')', 'MJ006'),
               ('mjc.fitment_rank(NULL, 1::smallint)', 'MJ003'), ('mjc.fitment_rank(4, NULL)', 'MJ003'), ('mjc.fitment_rank(4, 101::smallint)', 'MJ006'), ('mjc.fitment_rank(4, (-1)::smallint)', 'MJ006')) v (f, c);

-- Property: who knows less is never told more. Random rows, a boiler, the same with facts forgotten.
SELECT setseed(0.7) \g /dev/null
CREATE TEMP TABLE said AS
SELECT t, n, random() < 0.65 AS fits, CASE WHEN random() < 0.3 THEN pg_temp.pid(1 + floor(random() * 2)::integer) END AS v,
       CASE WHEN random() < 0.4 THEN int8range(floor(random() * 50)::bigint, 50 + floor(random() * 50)::bigint) END AS s,
       CASE WHEN random() < 0.4 THEN daterange('2018-01-01'::date + floor(random() * 300)::integer, '2019-01-01'::date + floor(random() * 300)::integer) END AS b,
       CASE WHEN random() < 0.3 THEN ARRAY[(ARRAY['G20', 'G25', 'G30', 'G31'])[1 + floor(random() * 4)::integer]] END AS g,
       CASE WHEN random() < 0.3 THEN int4range(20000, 20000 + floor(random() * 20000)::integer, '[]') END AS p, floor(random() * 101)::smallint AS confidence
  FROM generate_series(1, 3000) t CROSS JOIN generate_series(1, 3) n;
CREATE TEMP TABLE known AS
SELECT t, pg_temp.pid(1 + floor(random() * 2)::integer) AS v, floor(random() * 100)::bigint AS s, '2018-01-01'::date + floor(random() * 700)::integer AS day,
       (ARRAY['G20', 'G25', 'G30', 'G31'])[1 + floor(random() * 4)::integer] AS g, 18000 + floor(random() * 24000)::integer AS p,
       floor(random() * 32)::integer AS forgotten FROM generate_series(1, 3000) t;
CREATE TEMP TABLE answered AS
SELECT t, mjc.fitment_answer(full_states) AS knew, mjc.fitment_confidence(full_states, confidences) AS knew_confidence,
       mjc.fitment_answer(less_states) AS less, mjc.fitment_confidence(less_states, confidences) AS less_confidence
  FROM (SELECT k.t, array_agg(r.confidence ORDER BY r.n) AS confidences,
               array_agg(mjc.fitment_state(r.fits, r.v, r.s, r.b, r.g, r.p, k.v, k.s, daterange(k.day, k.day + 1), ARRAY[k.g], k.p) ORDER BY r.n) AS full_states,
               array_agg(mjc.fitment_state(r.fits, r.v, r.s, r.b, r.g, r.p, CASE WHEN forgotten & 1 = 0 THEN k.v END, CASE WHEN forgotten & 2 = 0 THEN k.s END,
                         CASE WHEN forgotten & 4 = 0 THEN daterange(k.day, k.day + 1) WHEN k.t % 2 = 0 THEN daterange(k.day - 200, k.day + 200) END,
                         CASE WHEN forgotten & 8 = 0 THEN ARRAY[k.g] WHEN k.t % 2 = 0 THEN ARRAY['G20', k.g] END, CASE WHEN forgotten & 16 = 0 THEN k.p END) ORDER BY r.n) AS less_states
          FROM known k JOIN said r USING (t) GROUP BY k.t) x;
SELECT cmp_ok((SELECT count(*) FROM answered WHERE knew = a), '>=', 100::bigint, format('%s comes up among the random ones', a)) FROM unnest('{FITS,DOES_NOT_FIT,UNKNOWN}'::text[]) a;
SELECT is((SELECT count(*) FROM answered WHERE knew = 'FITS_IF'), 0::bigint, 'who knows everything is told without if');
SELECT is_empty($$SELECT * FROM answered WHERE less = 'FITS' AND knew <> 'FITS'$$, 'a part that fits for sure still fits when more is known');
SELECT is_empty($$SELECT * FROM answered WHERE less = 'DOES_NOT_FIT' AND knew <> 'DOES_NOT_FIT'$$, 'one that does not never will');
SELECT is_empty($$SELECT * FROM answered WHERE knew = 'FITS' AND less NOT IN ('FITS', 'FITS_IF')$$, 'one that fits is not lost by knowing less');
SELECT is_empty($$SELECT * FROM answered WHERE knew = 'FITS' AND less_confidence > knew_confidence$$, 'what is not known never raises the confidence');
SELECT is_empty($$SELECT a.t, a.knew FROM answered a JOIN known k USING (t)
    WHERE a.knew <> (SELECT CASE WHEN bool_or(NOT r.fits) THEN 'DOES_NOT_FIT' WHEN bool_or(r.fits) THEN 'FITS' ELSE 'UNKNOWN' END FROM said r
                      WHERE r.t = a.t AND (r.v IS NULL OR r.v = k.v) AND (r.s IS NULL OR r.s @> k.s) AND (r.b IS NULL OR r.b @> k.day) AND (r.g IS NULL OR k.g = ANY (r.g)) AND (r.p IS NULL OR r.p @> k.p))$$,
    'with every fact known the answer is that of plain conditions; the row that says no wins');

-- Rules of staff
SELECT mjc.fitment_set(jsonb_build_object('product', 'TEST-ONLY-1', 'model', :'model')) AS f1 \gset
SELECT is(mjc.fitment_doc(:'f1') - '{product,model}'::text[], '{"variant": null, "fits": true, "quantity": 1, "position": null, "serialFrom": null, "serialUntil": null, "builtFrom": null, "builtUntil": null, "gas": null, "powerFromKw": null, "powerUntilKw": null, "source": "SHOP", "confidence": 80, "note": null, "verified": false}', 'what is not said has its default');
SELECT mjc.fitment_set(jsonb_build_object('product', 'TEST-ONLY-1', 'model', :'model', 'variant', :'v24', 'fits', false, 'quantity', 2, 'position', 'gauche', 'serialFrom', 100, 'serialUntil', 200,
    'builtFrom', '2018-01-01', 'builtUntil', '2018-12-31', 'gas', '["G31", "G20", "G31"]'::jsonb, 'powerFromKw', 23.5, 'powerUntilKw', 28, 'source', 'MAKER', 'confidence', 95, 'note', 'Voir notice')) AS f2 \gset
SELECT results_eq(format('SELECT fits, qty, position, serial, built, gas, power_w, source, confidence, note FROM mjc.fitment WHERE fitment_id = %L', :'f2'),
    $$VALUES (false, 2::smallint, 'gauche', '[100,201)'::int8range, '[2018-01-01,2019-01-01)'::daterange, '{G20,G31}'::text[], '[23500,28001)'::int4range, 'MAKER', 95::smallint, 'Voir notice')$$, 'all that can be said, both ends included');
SELECT is((SELECT (mjc.fitment_doc(:'f2') - 'gas') || '{"gas": ["G31", "G20"]}'), (SELECT (mjc.fitment_doc(mjc.fitment_set(mjc.fitment_doc(:'f2'), :'f2')) - 'gas') || '{"gas": ["G31", "G20"]}'), 'what is read back can be sent as it is');
SELECT is(mjc.fitment_set('{"serialUntil": null, "powerUntilKw": null, "builtFrom": null}', :'f2'), :'f2'::uuid, 'null opens an end');
SELECT results_eq(format('SELECT serial, built, power_w FROM mjc.fitment WHERE fitment_id = %L', :'f2'), $$VALUES ('[100,)'::int8range, '(,2019-01-01)'::daterange, '[23500,)'::int4range)$$, 'the other stays');
SELECT pg_temp.refused(format('SELECT mjc.fitment_set(%L, %s)', CASE WHEN d IS NULL THEN NULL WHEN d LIKE '{%' THEN (jsonb_build_object('product', 'TEST-ONLY-2', 'model', :'model') || d::jsonb)::text ELSE d END, 'NULL'), c, a, coalesce(d, 'NULL'))
  FROM (VALUES (NULL, 'MJ003', 'document'), ('7', 'MJ010', 'document'), ('{"product": null}', 'MJ003', 'product'), ('{"model": null}', 'MJ003', 'model'), ('{"product": "NO-SUCH"}', 'MJ010', 'product'),
               ('{"model": "00000000-0000-4000-8000-0000000000ff"}', 'MJ010', 'model'), ('{"model": 5}', 'MJ010', 'model'), ('{"variant": "x"}', 'MJ010', 'variant'), (format('{"variant": "%s"}', :'elsewhere'), 'MJ010', 'variant'),
               ('{"fits": "no"}', 'MJ010', 'fits'), ('{"quantity": 0}', 'MJ006', 'quantity'), ('{"quantity": 101}', 'MJ006', 'quantity'), ('{"quantity": 1.5}', 'MJ010', 'quantity'), ('{"position": ""}', 'MJ006', 'position'),
               ('{"serialFrom": -1}', 'MJ006', 'serialFrom'), ('{"serialFrom": 1e16}', 'MJ006', 'serialFrom'), ('{"serialFrom": 5, "serialUntil": 4}', 'MJ006', 'serialUntil'), ('{"serialFrom": "5"}', 'MJ010', 'serialFrom'),
               ('{"builtFrom": "2018-13-01"}', 'MJ010', 'builtFrom'), ('{"builtFrom": "2018-01-02", "builtUntil": "2018-01-01"}', 'MJ006', 'builtUntil'), ('{"gas": []}', 'MJ006', 'gas'), ('{"gas": ["G21"]}', 'MJ010', 'gas'), ('{"gas": "G20"}', 'MJ010', 'gas'),
               ('{"powerFromKw": 0}', 'MJ006', 'powerFromKw'), ('{"powerFromKw": 1.2345}', 'MJ010', 'powerFromKw'), ('{"powerFromKw": 30, "powerUntilKw": 20}', 'MJ006', 'powerUntilKw'), ('{"source": "me"}', 'MJ010', 'source'),
               ('{"confidence": 101}', 'MJ006', 'confidence'), ('{"confidence": -1}', 'MJ006', 'confidence'), ('{"note": "x\u0000"}', '22P05', ''), ('{"verified": 1}', 'MJ010', 'verified'), ('{"verified_by": "x"}', 'MJ010', 'verified_by')) v (d, c, a)
 WHERE c NOT LIKE '22%';
SELECT throws_ok(format('SELECT mjc.fitment_set(%L, %L)', '{}', pg_temp.pid(99)), 'MJ004', NULL, 'no such row');
SELECT pg_temp.refused(format('SELECT mjc.fitment_set(%L, %L)', '{"product": "TEST-ONLY-2"}', :'f1'), 'MJ010', 'product', 'a row stays with its product');
SELECT throws_ok(format('SELECT mjc.fitment_set(%L)', jsonb_build_object('product', 'TEST-ONLY-1', 'model', :'model', 'confidence', 10)), 'MJ808', NULL, 'the same is not said twice');
SELECT isnt(mjc.fitment_set(jsonb_build_object('product', 'TEST-ONLY-1', 'model', :'model', 'position', 'droite')), NULL, 'but of another place in the boiler');
SELECT mjc.fitment_set(jsonb_build_object('product', 'TEST-ONLY-1', 'model', :'model', 'fits', false)) AS f3 \gset
SELECT results_eq(format('SELECT says_no, says_yes IN (%L, (SELECT fitment_id FROM mjc.fitment WHERE position = %L AND product_id = pg_temp.pid(1))), sku, manufacturer, boiler_model, variant FROM mjc_report.fitment_conflict WHERE says_no = %L', :'f1', 'droite', :'f3'),
    format('VALUES (%L::uuid, true, %L, %L, %L, NULL::text), (%L, true, %L, %L, %L, NULL)', :'f3', 'TEST-ONLY-1', 'Test Maker', 'Chaudière test', :'f3', 'TEST-ONLY-1', 'Test Maker', 'Chaudière test'), 'rows that say the opposite of the same boilers are in the report');
SELECT is((SELECT count(*) FROM mjc_report.fitment_conflict WHERE says_no = :'f2'), 0::bigint, 'other conditions are no conflict');
SELECT is(mjc.fitment_json(pg_temp.pid(1), :'model', NULL, NULL, NULL, NULL, NULL, false) ->> 'answer', 'DOES_NOT_FIT', 'no wins');
SELECT ok(mjc.fitment_delete(:'f3'), 'a row goes');
SELECT is((SELECT count(*) FROM mjc_report.fitment_conflict WHERE product_id = pg_temp.pid(1)), 0::bigint, 'and the conflict with it');
SELECT throws_ok(format('SELECT mjc.fitment_delete(%s)', i), 'MJ004', NULL, 'there is none of id ' || i) FROM unnest(ARRAY['NULL', quote_literal(:'f3')]) i;
SELECT is((SELECT string_agg(action, ' ' ORDER BY audit_id) FROM mjc.audit WHERE subject_id = :'f3'), 'fitment_set fitment_delete', 'both are in the audit');

-- Verified by a person
SELECT pg_temp.make_admin('fitter@example.test') AS staff \gset
SELECT mjc.fitment_write(:'staff', 'rest', :'f1', '{"verified": true}', 'req') \g /dev/null
SELECT is((SELECT verified_by FROM mjc.fitment WHERE fitment_id = :'f1' AND verified_at <= clock_timestamp()), :'staff'::uuid, 'checked by a person');
SELECT mjc.fitment_write(:'staff', 'rest', :'f1', '{"confidence": 80}', 'req') \g /dev/null
SELECT is((SELECT verified_by FROM mjc.fitment WHERE fitment_id = :'f1'), :'staff'::uuid, 'a change that changes nothing leaves that');
SELECT mjc.fitment_write(:'staff', 'rest', :'f1', '{"confidence": 85}', 'req') \g /dev/null
SELECT is((SELECT (verified_by, verified_at)::text FROM mjc.fitment WHERE fitment_id = :'f1'), '(,)', 'a change of what it says takes it back');
SELECT mjc.fitment_write(:'staff', 'rest', :'f1', '{"confidence": 90, "verified": true}', 'req') \g /dev/null
SELECT isnt((SELECT verified_at FROM mjc.fitment WHERE fitment_id = :'f1'), NULL, 'unless it was checked with it');
SELECT mjc.fitment_write(:'staff', 'rest', :'f1', '{"verified": false}', 'req') \g /dev/null
SELECT is((SELECT verified_at FROM mjc.fitment WHERE fitment_id = :'f1'), NULL, 'or it turned out not to be');

-- What is known of a boiler
CREATE FUNCTION pg_temp.facts(doc jsonb) RETURNS text
    LANGUAGE sql
    AS $$ SELECT concat_ws(' ', right(f.boiler_model_id::text, 4), coalesce(right(f.variant_id::text, 4), '-'), coalesce(f.serial::text, '-'), coalesce(f.built::text, '-'), coalesce(f.gas::text, '-'), coalesce(f.power_w::text, '-')) FROM mjc.boiler_facts(doc) f $$;
SELECT mjc.boiler_code_set(jsonb_build_object('scheme', 'ARTICLE', 'code', '00-100.123 45', 'variant', :'v24')), mjc.boiler_code_set(jsonb_build_object('scheme', 'GC', 'code', '47 044 01', 'model', :'model')) \g /dev/null
SELECT is(pg_temp.facts(d::jsonb), right(:'model', 4) || ' ' || w, d)
  FROM (VALUES (jsonb_build_object('model', :'model')::text, '- - - - -'), (jsonb_build_object('variant', :'v24')::text, right(:'v24', 4) || ' - [2010-01-01,2020-01-01) {G20,G25} 24000'),
               (jsonb_build_object('variant', :'v35', 'model', :'model')::text, right(:'v35', 4) || ' - - - 35000'), ('{"code": "0010012345"}', right(:'v24', 4) || ' - [2010-01-01,2020-01-01) {G20,G25} 24000'),
               ('{"code": "٤٧-٠٤٤-٠١", "manufacturer": "test-maker"}', '- - - - -'), (jsonb_build_object('model', :'model', 'serial', '12 34')::text, '- 1234 - - -'),
               (jsonb_build_object('model', :'model', 'serial', 'AB12')::text, '- - - - -'), (jsonb_build_object('model', :'model', 'built', '2018')::text, '- - [2018-01-01,2019-01-01) - -'),
               (jsonb_build_object('model', :'model', 'built', '2018-02')::text, '- - [2018-02-01,2018-03-01) - -'), (jsonb_build_object('variant', :'v24', 'built', '2018-02-28', 'gas', 'G31', 'powerKw', 22.5)::text, right(:'v24', 4) || ' - [2018-02-28,2018-03-01) {G31} 22500')) v (d, w);
SELECT pg_temp.refused(format('SELECT mjc.boiler_facts(%L)', d), c, a, d)
  FROM (VALUES ('{}', 'MJ003', 'model'), ('{"manufacturer": "test-maker"}', 'MJ003', 'model'), ('{"manufacturer": "nobody", "code": "x1"}', 'MJ010', 'manufacturer'), ('{"model": "x"}', 'MJ810', ''), ('{"variant": "x"}', 'MJ810', ''),
               ('{"code": "NOSUCH"}', 'MJ810', ''), ('{"code": "0010012345", "manufacturer": "test-other"}', 'MJ810', ''), ('{"serial": "123"}', 'MJ810', ''), ('{"serial": "--"}', 'MJ010', 'serial'),
               (jsonb_build_object('model', :'other', 'variant', :'v24')::text, 'MJ811', 'variant'), (jsonb_build_object('model', :'model', 'built', '2018-13')::text, 'MJ010', 'built'),
               (jsonb_build_object('model', :'model', 'built', 'soon')::text, 'MJ010', 'built'), (jsonb_build_object('model', :'model', 'gas', 'G21')::text, 'MJ010', 'gas'), (jsonb_build_object('model', :'model', 'powerKw', 'x')::text, 'MJ010', 'powerKw')) v (d, c, a);
-- Of serial numbers read by a rule
SELECT mjc.plate_rule_set('{"manufacturer": "test-maker", "name": "T", "pattern": "T(\\d{2})(\\d{2})(\\d{10})(\\d{4})", "parts": ["year2", "week", "article", "number"], "example": "T180100100123450042"}') AS rule \gset
SELECT is(pg_temp.facts('{"serial": "T18 01 0010012345 0042", "manufacturer": "test-maker"}'), format('%s %s 42 [2018-01-01,2018-01-08) {G20,G25} 24000', right(:'model', 4), right(:'v24', 4)), 'a serial number tells boiler, week and number');
SELECT is(pg_temp.facts('{"serial": "T18 01 0010012345 0042"}'), pg_temp.facts('{"serial": "T18 01 0010012345 0042", "manufacturer": "test-maker"}'), 'also of whichever brand');
SELECT is(pg_temp.facts(jsonb_build_object('serial', 'T18019999999999 0042', 'model', :'model')), right(:'model', 4) || ' - 42 [2018-01-01,2018-01-08) - -', 'an article that nobody knows names nothing, the rest holds');
SELECT pg_temp.refused(format('SELECT mjc.boiler_facts(%L)', jsonb_build_object('serial', 'T180100100123450042') || d), 'MJ811', a, d::text)
  FROM (VALUES (jsonb_build_object('model', :'other'), 'serial'), (jsonb_build_object('variant', :'v35'), 'serial'), (jsonb_build_object('model', :'model', 'built', '2019'), 'built')) v (d, a);
SELECT mjc.plate_rule_set('{"manufacturer": "test-maker", "name": "U", "pattern": "T(\\d{2})(\\d{16})", "parts": ["year2", null], "example": "T170100100123450042"}') \g /dev/null
SELECT is(pg_temp.facts(jsonb_build_object('serial', 'T180100100123450042', 'model', :'model')), format('%s %s - [2010-01-01,2020-01-01) {G20,G25} 24000', right(:'model', 4), right(:'v24', 4)), 'two rules that do not agree tell neither week nor number');
INSERT INTO mjc.boiler_code (scheme, code_key, boiler_model_id, code) VALUES ('MAKER', '0010012345', :'other', 'x');
SELECT pg_temp.refused($$SELECT mjc.boiler_facts('{"code": "0010012345"}')$$, 'MJ809', '', 'a number of two models is none');

-- Which parts fit, page by page
DELETE FROM mjc.fitment;
SELECT mjc.fitment_set(jsonb_build_object('product', 'TEST-ONLY-' || n, 'model', :'model') || d)
  FROM (VALUES (1, '{"confidence": 60}'::jsonb), (2, '{"confidence": 90}'), (3, '{"confidence": 99, "serialFrom": 1000, "position": "haut", "quantity": 3, "note": "Dès 1000"}'), (4, '{"fits": false}'), (4, '{"confidence": 100}'), (5, '{"confidence": 95}'),
               (5, '{"fits": false, "builtFrom": "2018-01-01"}'), (6, '{"fits": false, "gas": ["G31"]}'), (7, '{"confidence": 90}')) v (n, d) \g /dev/null
SELECT mjc.fitment_set(jsonb_build_object('product', 'TEST-ONLY-8', 'model', :'other')) \g /dev/null
UPDATE mjc.product SET is_active = false WHERE product_id = pg_temp.pid(7);
SELECT is((SELECT count(*) FROM mjc.check_invariants() WHERE rule = 'fitment_is_sold'), 1::bigint, 'a part taken off behind the back of what it fits is noticed');
SELECT mjc.product_changed(ARRAY[pg_temp.pid(7)]) \g /dev/null
SELECT is((SELECT count(*) FROM mjc.check_invariants() WHERE rule = 'fitment_is_sold'), 0::bigint, 'and mended');
CREATE FUNCTION pg_temp.found(doc jsonb, size integer DEFAULT 10, page integer DEFAULT 1) RETURNS text
    LANGUAGE sql
AS $$
    SELECT string_agg(format('%s %s %s', right(i::text, 1), j ->> 'answer', j ->> 'confidence'), ', ' ORDER BY n) || ' of ' || p.total
      FROM mjc.boiler_facts(doc) f
     CROSS JOIN LATERAL mjc.fitting_products(f.boiler_model_id, f.variant_id, f.serial, f.built, f.gas, f.power_w, NULL, NULL, size, page) p
     CROSS JOIN LATERAL unnest(p.product_ids) WITH ORDINALITY u (i, n)
     CROSS JOIN LATERAL mjc.fitment_json(i, f.boiler_model_id, f.variant_id, f.serial, f.built, f.gas, f.power_w, false) j
     GROUP BY p.total
$$;
SELECT is(pg_temp.found(jsonb_build_object('model', :'model')), '2 FITS 90, 1 FITS 60, 3 FITS_IF 99, 5 FITS_IF 95 of 4', 'sure ones first, then by confidence; a part that says no, one of another model and one that is not sold are not there');
SELECT is(pg_temp.found(jsonb_build_object('model', :'model', 'serial', '1000', 'built', '2017')), '3 FITS 99, 5 FITS 95, 2 FITS 90, 1 FITS 60 of 4', 'more is known: more is sure');
SELECT is(pg_temp.found(jsonb_build_object('model', :'model', 'serial', '999', 'built', '2018')), '2 FITS 90, 1 FITS 60 of 2', 'or surely not');
SELECT is(pg_temp.found(jsonb_build_object('model', :'model'), 2, 2), '3 FITS_IF 99, 5 FITS_IF 95 of 4', 'the second page');
SELECT is(pg_temp.found(jsonb_build_object('model', :'model'), 2, 100000), NULL, 'one far behind is empty');
SELECT is(mjc.fitment_json(pg_temp.pid(3), :'model', NULL, NULL, NULL, NULL, NULL, false) - 'rows', '{"answer": "FITS_IF", "confidence": 99, "quantity": 3, "position": "haut", "open": ["serial"]}', 'what is to be asked, how many, where');
SELECT is((SELECT r ->> 'note' || ' ' || (r ->> 'serialFrom') || ' ' || (r -> 'open') || (r -> 'met') FROM jsonb_array_elements(mjc.fitment_json(pg_temp.pid(3), :'model', NULL, NULL, NULL, NULL, NULL, false) -> 'rows') r), 'Dès 1000 1000 ["serial"][]', 'and why');
SELECT is(mjc.fitment_json(pg_temp.pid(3), :'model', NULL, 5, NULL, NULL, NULL, w) #>> '{answer}' || jsonb_array_length(mjc.fitment_json(pg_temp.pid(3), :'model', NULL, 5, NULL, NULL, NULL, w) -> 'rows'), 'UNKNOWN' || n, 'rows that say nothing of this boiler are shown on demand')
  FROM (VALUES (true, 1), (false, 0)) v (w, n);
SELECT is(mjc.fitment_json(pg_temp.pid(6), :'model', NULL, NULL, NULL, NULL, NULL, false) - 'rows', '{"answer": "UNKNOWN", "confidence": 0, "quantity": null, "position": null, "open": ["gas"]}', 'only a perhaps not: nobody says that it fits');
SELECT is(mjc.fitment_json(pg_temp.pid(9), :'model', NULL, NULL, NULL, NULL, NULL, true), '{"answer": "UNKNOWN", "confidence": 0, "quantity": null, "position": null, "open": [], "rows": []}', 'a part that nobody spoke of');
INSERT INTO mjc.part_kind (kind_id, slug, name) VALUES (pg_temp.pid(201), 'test-kind', 'Test');
UPDATE mjc.product SET kind_id = pg_temp.pid(201) WHERE product_id IN (pg_temp.pid(2), pg_temp.pid(3), pg_temp.pid(9));
SELECT is((SELECT p.product_ids::text || p.total FROM mjc.fitting_products(:'model', NULL, NULL, NULL, NULL, NULL, k, c, 10, 1) p), w, format('kind %s, categories %s', k, c))
  FROM (VALUES (pg_temp.pid(201), NULL::uuid[], format('{%s,%s}2', pg_temp.pid(2), pg_temp.pid(3))), (pg_temp.pid(202), NULL, '{}0'), (NULL, '{}', '{}0'), (pg_temp.pid(201), '{00000000-0000-4000-b000-000000000001}', format('{%s,%s}2', pg_temp.pid(2), pg_temp.pid(3)))) v (k, c, w);
UPDATE mjc.product SET is_active = true WHERE product_id = pg_temp.pid(7);
SELECT mjc.product_changed(ARRAY[pg_temp.pid(7)]) \g /dev/null
SELECT is(pg_temp.found(jsonb_build_object('model', :'model')), '7 FITS 90, 2 FITS 90, 1 FITS 60, 3 FITS_IF 99, 5 FITS_IF 95 of 5', 'sold again; of equals the newest first');
-- Rows were taken out by hand.
SELECT mjc.product_changed(ARRAY(SELECT p.product_id FROM mjc.product p)) \g /dev/null
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');

SELECT * FROM finish();
ROLLBACK;
