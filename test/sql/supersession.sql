-- supersession: numbers that others give to a part, what replaced it, and what is sold instead.
BEGIN;
SELECT plan(129);
\ir fixture.psql
GRANT USAGE ON SCHEMA tap TO PUBLIC;
SELECT pg_temp.make_product(n, 100000 + n) FROM generate_series(1, 60) n \g /dev/null

CREATE FUNCTION pg_temp.n(id uuid) RETURNS integer
    LANGUAGE sql
    AS $$ SELECT right(id::text, 12)::integer $$;
-- "old by new[xqty] ..."
CREATE FUNCTION pg_temp.replace(old integer, relation text, parts text, interchange text DEFAULT NULL) RETURNS jsonb
    LANGUAGE sql
AS $$
    SELECT mjc.supersession_set('TEST-ONLY-' || old, jsonb_build_object('relation', relation, 'interchange', interchange, 'parts',
               (SELECT coalesce(jsonb_agg(jsonb_build_object('product', 'TEST-ONLY-' || split_part(p, 'x', 1), 'quantity', coalesce(nullif(split_part(p, 'x', 2), ''), '1')::integer)), '[]')
                  FROM regexp_split_to_table(nullif(parts, ''), ' ') p)))
$$;
-- "relation newxqty" of each end, two-way ones with an equals sign.
CREATE FUNCTION pg_temp.live(old integer) RETURNS text
    LANGUAGE sql
    AS $$ SELECT string_agg(format('%s %sx%s%s', l.relation, pg_temp.n(l.live_id), l.qty, CASE WHEN l.two_way THEN '=' END), ', ' ORDER BY l.relation, l.live_id) FROM mjc.supersession_live(pg_temp.pid(old)) l $$;

-- Cross-references
SELECT mjc.cross_reference_add('TEST-ONLY-1', '{"kind": "OEM", "brand": "Vaillant", "number": " 0020-107 "}') AS x1 \gset
SELECT results_eq(format('SELECT kind, brand, number, direction FROM mjc.cross_reference WHERE cross_reference_id = %L', :'x1'), $$VALUES ('OEM', 'Vaillant', '0020-107', 'both')$$, 'another number of a part');
SELECT isnt(mjc.cross_reference_add(pg_temp.pid(1)::text, jsonb_build_object('kind', k, 'number', '12345670', 'direction', 'to_part')), NULL, 'of kind ' || k)
  FROM unnest('{OLD_OEM,COMPETITOR,EAN,SUPPLIER,INTERNAL}'::text[]) k;
SELECT throws_ok(format($$SELECT mjc.cross_reference_add('TEST-ONLY-1', %L)$$, d), 'MJ804', NULL, 'once: ' || d)
  FROM unnest(ARRAY['{"kind": "OEM", "brand": "Vaillant", "number": "0020-107"}', '{"kind": "EAN", "number": "12345670", "direction": "both"}']) d;
SELECT isnt(mjc.cross_reference_add('TEST-ONLY-1', '{"kind": "OEM", "brand": "Bosch", "number": "0020-107"}'), NULL, 'another brand may use the same number');
SELECT isnt(mjc.cross_reference_add('TEST-ONLY-2', '{"kind": "OEM", "brand": "Vaillant", "number": "0020-107"}'), NULL, 'and so may another part');
SELECT pg_temp.refused(format($$SELECT mjc.cross_reference_add('TEST-ONLY-1', %L)$$, d), c, a, coalesce(d, 'NULL'))
  FROM (VALUES (NULL, 'MJ003', 'document'), ('[]', 'MJ010', 'document'), ('{"number": "1"}', 'MJ003', 'kind'), ('{"kind": "OEM"}', 'MJ003', 'number'), ('{"kind": "OEM", "number": null}', 'MJ003', 'number'),
               ('{"kind": "oem", "number": "1"}', 'MJ010', 'kind'), ('{"kind": "OEM", "number": 1}', 'MJ010', 'number'), ('{"kind": "OEM", "number": " "}', 'MJ006', 'number'), ('{"kind": "OEM", "number": "-./"}', 'MJ010', 'number'),
               ('{"kind": "EAN", "number": "123456789"}', 'MJ010', 'number'), ('{"kind": "OEM", "number": "1", "direction": "up"}', 'MJ010', 'direction'), ('{"kind": "OEM", "number": "1", "brand": ""}', 'MJ006', 'brand'),
               ('{"kind": "OEM", "number": "1", "product_id": "x"}', 'MJ010', 'product_id'), (format('{"kind": "OEM", "number": "%s"}', repeat('9', 61)), 'MJ006', 'number')) v (d, c, a);
SELECT throws_ok(format('SELECT mjc.cross_reference_add(%s, %L)', p, '{"kind": "OEM", "number": "1"}'), 'MJ107', NULL, 'no product ' || p) FROM unnest(ARRAY['NULL', '''NO-SUCH''']) p;
SELECT ok(mjc.cross_reference_delete('TEST-ONLY-1', :'x1'), 'a number goes');
SELECT is((SELECT action || ' ' || (before ->> 'number') FROM mjc.audit WHERE subject_id = pg_temp.pid(1)::text ORDER BY audit_id DESC LIMIT 1), 'cross_reference_delete 0020-107', 'the audit knows which');
SELECT throws_ok(format('SELECT mjc.cross_reference_delete(%L, %L)', p, :'x1'), 'MJ004', NULL, 'it is gone: ' || p) FROM unnest('{TEST-ONLY-1,TEST-ONLY-2,NO-SUCH}'::text[]) p;
SELECT mjc.cross_reference_add('TEST-ONLY-3', jsonb_build_object('kind', 'OEM', 'number', n::text)) FROM generate_series(1, 200) n \g /dev/null
SELECT throws_ok($$SELECT mjc.cross_reference_add('TEST-ONLY-3', '{"kind": "OEM", "number": "201"}')$$, 'MJ805', NULL, 'two hundred are enough');

-- Supersession: how many successors
SELECT is(pg_temp.replace(1, 'ONE', '2') -> 'parts', jsonb_build_array(jsonb_build_object('product', pg_temp.pid(2), 'quantity', 1)), 'one part by another');
SELECT is(pg_temp.live(1), 'ONE 2x1', 'which is the live one');
SELECT is(pg_temp.live(2), NULL, 'nothing replaced the live one');
SELECT is(pg_temp.live(59), NULL, 'nor one of which nothing was said');
SELECT is(mjc.supersession_drop('TEST-ONLY-1'), true, 'nothing did after all');
SELECT throws_ok($$SELECT mjc.supersession_drop('TEST-ONLY-1')$$, 'MJ004', NULL, 'that can be said once');
SELECT throws_ok($$SELECT mjc.supersession_drop(NULL)$$, 'MJ004', NULL, 'of a product');
SELECT throws_ok(format('SELECT pg_temp.replace(1, %L, %L)', r, p), 'MJ803', NULL, format('%s by "%s"', r, p))
  FROM (VALUES ('ONE', ''), ('ONE', '2 3'), ('KIT', ''), ('KIT', '2'), ('ANY', ''), ('ANY', '2')) v (r, p);
SELECT is(pg_temp.replace(1, r, '2 3x4') ->> 'relation', r, r || ' by two') FROM unnest('{KIT,ANY}'::text[]) r;
SELECT is(pg_temp.live(1), 'ANY 2x1, ANY 3x4', 'what was said last counts');
SELECT throws_ok($$SELECT mjc.supersession_set('TEST-ONLY-1', '{"relation": "ONE"}')$$, 'MJ803', NULL, 'a change of the relation alone is checked with the parts there are');
SELECT is(mjc.supersession_set('TEST-ONLY-1', '{"note": "Voir la notice", "interchange": "TWO_WAY"}') ->> 'note', 'Voir la notice', 'a document changes what it names');
SELECT is(pg_temp.live(1), 'ANY 2x1=, ANY 3x4=', 'the parts stay');
SELECT pg_temp.refused(format($$SELECT mjc.supersession_set('TEST-ONLY-4', %L)$$, d), c, a, coalesce(d, 'NULL'))
  FROM (VALUES (NULL, 'MJ003', 'document'), ('3', 'MJ010', 'document'), ('{"parts": []}', 'MJ003', 'relation'), ('{"relation": "ONE"}', 'MJ003', 'parts'), ('{"relation": "one", "parts": []}', 'MJ010', 'relation'),
               ('{"relation": "ONE", "parts": 1}', 'MJ010', 'parts'), ('{"relation": "ONE", "parts": [1]}', 'MJ010', 'document'), ('{"relation": "ONE", "parts": [{}]}', 'MJ003', 'product'),
               ('{"relation": "ONE", "parts": [{"product": "NO-SUCH"}]}', 'MJ010', 'product'), ('{"relation": "ONE", "parts": [{"product": "TEST-ONLY-5", "quantity": 0}]}', 'MJ006', 'quantity'),
               ('{"relation": "ONE", "parts": [{"product": "TEST-ONLY-5", "quantity": 101}]}', 'MJ006', 'quantity'), ('{"relation": "ONE", "parts": [{"product": "TEST-ONLY-5", "x": 1}]}', 'MJ010', 'x'),
               ('{"relation": "KIT", "parts": [{"product": "TEST-ONLY-5"}, {"product": "TEST-ONLY-5"}]}', 'MJ010', 'parts'),
               ('{"relation": "ONE", "interchange": "BOTH", "parts": [{"product": "TEST-ONLY-5"}]}', 'MJ010', 'interchange'),
               ('{"relation": "ONE", "effectiveOn": "2024-02-30", "parts": [{"product": "TEST-ONLY-5"}]}', 'MJ010', 'effectiveOn'),
               ('{"relation": "ONE", "note": "", "parts": [{"product": "TEST-ONLY-5"}]}', 'MJ006', 'note'),
               (format('{"relation": "ANY", "parts": [%s]}', (SELECT string_agg(format('{"product": "TEST-ONLY-%s"}', n), ',') FROM generate_series(20, 40) n)), 'MJ006', 'parts')) v (d, c, a);
SELECT throws_ok(format('SELECT mjc.supersession_set(%s, %L)', p, '{"relation": "ONE", "parts": [{"product": "TEST-ONLY-5"}]}'), 'MJ107', NULL, 'no product ' || p) FROM unnest(ARRAY['NULL', '''NO-SUCH''']) p;
SELECT is((SELECT count(*) FROM mjc.supersession WHERE product_id = pg_temp.pid(4)), 0::bigint, 'what is refused changes nothing');

-- A chain of eight is one call
SELECT pg_temp.replace(n, 'ONE', (n + 1)::text, 'TWO_WAY') FROM generate_series(10, 17) n \g /dev/null
SELECT is(pg_temp.live(10), 'ONE 18x1=', 'a chain of eight ends at its last part');
SELECT is(pg_temp.live(17), 'ONE 18x1=', 'from wherever one asks');
SELECT pg_temp.replace(14, 'ONE', '15') \g /dev/null
SELECT is(pg_temp.live(10) || ', ' || pg_temp.live(15), 'ONE 18x1, ONE 18x1=', 'one step that goes one way makes the chain go one way, not what comes after it');

-- From a day on
SELECT mjc.supersession_set('TEST-ONLY-14', jsonb_build_object('effectiveOn', mjc.algiers_date(now()) + d)) FROM (VALUES (1)) v (d) \g /dev/null
SELECT is(pg_temp.live(10) || ', ' || coalesce(pg_temp.live(14), 'none') || ', ' || pg_temp.live(15), 'ONE 14x1=, none, ONE 18x1=', 'what is replaced tomorrow is sold today');
SELECT throws_ok('SELECT pg_temp.replace(18, ''ONE'', ''10'')', 'MJ801', NULL, 'a circle to come is one');
SELECT mjc.supersession_set('TEST-ONLY-14', jsonb_build_object('effectiveOn', mjc.algiers_date(now()))) \g /dev/null
SELECT is(pg_temp.live(10), 'ONE 18x1', 'from the day itself on');

-- No circle, however long
SELECT throws_ok(format('SELECT pg_temp.replace(%s, %L, %L)', o, r, p), 'MJ801', NULL, format('%s by %s', o, p))
  FROM (VALUES (18, 'ONE', '10'), (18, 'ONE', '17'), (18, 'ONE', '18'), (18, 'KIT', '50 12'), (12, 'ONE', '10'), (11, 'ANY', '50 10')) v (o, r, p);
SELECT is(pg_temp.live(18), NULL, 'a circle that was refused leaves no trace');
SELECT is(pg_temp.replace(17, 'ONE', '51') ->> 'relation', 'ONE', 'a part may be replaced by another than before');
SELECT is(pg_temp.live(10), 'ONE 51x1', 'and the whole chain follows');
SELECT is(pg_temp.replace(18, 'ONE', '10') ->> 'relation', 'ONE', 'what was cut off may now be put in front');
SELECT is(pg_temp.live(18), 'ONE 51x1', 'and leads to the same end');

-- At most twenty steps
SELECT pg_temp.replace(n, 'ONE', (n + 1)::text) FROM generate_series(20, 39) n \g /dev/null
SELECT is(pg_temp.live(20), 'ONE 40x1', 'twenty steps');
SELECT throws_ok('SELECT pg_temp.replace(40, ''ONE'', ''41'')', 'MJ802', NULL, 'not one more behind');
SELECT throws_ok('SELECT pg_temp.replace(41, ''ONE'', ''20'')', 'MJ802', NULL, 'nor in front');
SELECT is(pg_temp.replace(41, 'ONE', '21') ->> 'relation', 'ONE', 'but beside');
SELECT is((SELECT count(*) FROM mjc.supersession WHERE product_id = pg_temp.pid(40)), 0::bigint, 'what is refused changes nothing');

-- Kits and choices multiply along the way
SELECT pg_temp.replace(2, 'KIT', '4x2 5'), pg_temp.replace(4, 'ONE', '6x3'), pg_temp.replace(5, 'KIT', '6 7x4') \g /dev/null
SELECT is(pg_temp.live(2), 'KIT 6x7, KIT 7x4', 'two of three each and one more: seven; four of the other');
SELECT is(pg_temp.live(4), 'ONE 6x3', 'the step itself');
SELECT is(pg_temp.live(1), 'ANY 3x4=, ANY 6x7, ANY 7x4', 'through a choice nothing is sure');
SELECT pg_temp.replace(42, 'ANY', '43x2 44x3'), pg_temp.replace(43, 'ONE', '45x5'), pg_temp.replace(44, 'ONE', '45') \g /dev/null
SELECT is(pg_temp.live(42), 'ANY 45x3', 'of two ways to the same part the shorter: 10 or 3');
SELECT pg_temp.replace(46, 'KIT', '47 48x2'), pg_temp.replace(48, 'ANY', '47 49') \g /dev/null
SELECT is(pg_temp.live(46), 'ANY 49x2, KIT 47x1', 'what is needed whatever is chosen is needed');
-- Merged: A to C, B to C
SELECT pg_temp.replace(52, 'ONE', '54'), pg_temp.replace(53, 'ONE', '54') \g /dev/null
SELECT is(pg_temp.live(52) || ', ' || pg_temp.live(53), 'ONE 54x1, ONE 54x1', 'two old parts lead to the same new one');
SELECT is((SELECT string_agg(pg_temp.n(f)::text, ' ' ORDER BY f) FROM unnest(mjc.supersession_family(pg_temp.pid(54))) f), '52 53 54', 'which is found by both');
SELECT is((SELECT string_agg(pg_temp.n(f)::text, ' ' ORDER BY f) FROM unnest(mjc.supersession_family(pg_temp.pid(52))) f), '52 54', 'not the one by the other');

-- Property: the resolution is that of the rule taken word by word, from the top, in random graphs
-- without a circle: what a product needs is what its successors need; a kit adds up, a choice takes
-- the least.
CREATE FUNCTION pg_temp.need(p uuid, OUT id uuid, OUT relation text, OUT qty bigint, OUT two_way boolean) RETURNS SETOF record
    LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    step record;
BEGIN
    SELECT s.relation, s.interchange INTO step FROM mjc.supersession s WHERE s.product_id = p;
    IF NOT FOUND THEN
        RETURN QUERY SELECT p, 'ONE', 1::bigint, true;
    ELSIF step.relation = 'ANY' THEN
        RETURN QUERY
        SELECT a.id, 'ANY', min(a.qty)::bigint, bool_and(a.two_way) FROM (
            SELECT n.id, t.qty * sum(n.qty) AS qty, bool_and(n.two_way) AND step.interchange = 'TWO_WAY' AS two_way
              FROM mjc.supersession_part t CROSS JOIN LATERAL pg_temp.need(t.successor_id) n WHERE t.product_id = p GROUP BY t.successor_id, t.qty, n.id) a
         GROUP BY a.id;
    ELSE
        RETURN QUERY
        SELECT n.id, CASE WHEN n.relation = 'ANY' THEN 'ANY' WHEN n.relation = 'KIT' OR step.relation = 'KIT' THEN 'KIT' ELSE 'ONE' END,
               sum(t.qty * n.qty)::bigint, bool_and(n.two_way) AND step.interchange = 'TWO_WAY'
          FROM mjc.supersession_part t CROSS JOIN LATERAL pg_temp.need(t.successor_id) n WHERE t.product_id = p
         GROUP BY n.id, 2;
    END IF;
END
$$;
SELECT setseed(0.42) \g /dev/null
CREATE FUNCTION pg_temp.random_graph() RETURNS bigint
    LANGUAGE plpgsql
AS $$
DECLARE
    wrong bigint;
BEGIN
    DELETE FROM mjc.supersession_part;
    DELETE FROM mjc.supersession;
    -- Only towards higher numbers, four steps at most: no circle, few ways.
    FOR n IN 1 .. 16 LOOP
        CONTINUE WHEN random() < 0.3;
        PERFORM pg_temp.replace(n, CASE WHEN k = 1 THEN 'ONE' WHEN random() < 0.5 THEN 'KIT' ELSE 'ANY' END, parts, CASE WHEN random() < 0.6 THEN 'TWO_WAY' END)
           FROM (SELECT count(*) AS k, string_agg(format('%sx%s', m, 1 + floor(random() * 3)::integer), ' ') AS parts
                   FROM (SELECT m FROM generate_series(n / 4 * 4 + 4, n / 4 * 4 + 7) m ORDER BY random() LIMIT 1 + floor(random() * 3)::integer) x) y;
    END LOOP;
    WITH expected AS (
        SELECT s.product_id, n.id, n.relation, n.qty::numeric, n.two_way FROM mjc.supersession s CROSS JOIN LATERAL pg_temp.need(s.product_id) n
         WHERE n.relation <> 'ANY' OR NOT EXISTS (SELECT FROM pg_temp.need(s.product_id) x WHERE x.id = n.id AND x.relation <> 'ANY')),
    got AS (
        SELECT s.product_id, l.live_id, l.relation, l.qty::numeric, l.two_way FROM mjc.supersession s CROSS JOIN LATERAL mjc.supersession_live(s.product_id) l)
    SELECT count(*) INTO wrong FROM ((TABLE expected EXCEPT TABLE got) UNION ALL (TABLE got EXCEPT TABLE expected)) d;
    RETURN wrong;
END
$$;
SELECT is((SELECT sum(pg_temp.random_graph()) FROM generate_series(1, 30)), 0::numeric, 'every end of random graphs, with its relation, number and direction');
DELETE FROM mjc.supersession_part;
DELETE FROM mjc.supersession;

-- What buyers see: the old number sells the new part
SELECT mjc.stock_receive(pg_temp.pid(n), q) FROM (VALUES (1, 3), (2, 10), (3, 7)) v (n, q) \g /dev/null
SELECT pg_temp.replace(1, 'ONE', '2x2') \g /dev/null
SELECT results_eq($$SELECT d -> 'parts' -> 0 ->> 'sku', d -> 'parts' -> 0 ->> 'quantity', d ->> 'price', d ->> 'available', d ->> 'stockTogether', d ->> 'availableTogether'
                      FROM mjc.supersession_json(pg_temp.pid(1)) d$$,
    $$VALUES ('TEST-ONLY-2', '2', '2000.04', '5', 'false', NULL)$$, 'two new for one old: ten pieces are five, at twice the price of the new part; the old stock is not counted in');
SELECT mjc.price_set(pg_temp.pid(2), 700, 650) \g /dev/null
SELECT is(mjc.supersession_json(pg_temp.pid(1)) ->> 'price', '1300.00', 'the price follows the live part, in force');
SELECT mjc.supersession_set('TEST-ONLY-1', '{"interchange": "TWO_WAY"}') \g /dev/null
SELECT results_eq($$SELECT d ->> 'stockTogether', d ->> 'availableTogether' FROM mjc.supersession_json(pg_temp.pid(1)) d$$, $$VALUES ('true', '8')$$, 'stock together only if it goes both ways: five and three');
SELECT pg_temp.replace(1, 'KIT', '2x2 3', 'TWO_WAY') \g /dev/null
SELECT results_eq($$SELECT d ->> 'price', d ->> 'available', jsonb_array_length(d -> 'parts') FROM mjc.supersession_json(pg_temp.pid(1)) d$$, $$VALUES ('2300.03', '5', 2)$$, 'of a kit as many as its scarcest part allows, at the price of all');
SELECT pg_temp.replace(1, 'ANY', '2x2 3', 'TWO_WAY') \g /dev/null
SELECT results_eq($$SELECT d ->> 'price', d ->> 'available', d ->> 'availableTogether' FROM mjc.supersession_json(pg_temp.pid(1)) d$$, $$VALUES (NULL, '7', '10')$$, 'of a choice the better one, without a price of its own');
UPDATE mjc.product SET is_active = false WHERE product_id = pg_temp.pid(3);
SELECT results_eq($$SELECT d ->> 'available', jsonb_array_length(d -> 'parts') FROM mjc.supersession_json(pg_temp.pid(1)) d$$, $$VALUES ('5', 1)$$, 'what is not sold is not offered');
SELECT is(mjc.supersession_json(pg_temp.pid(2)), NULL, 'the new part is sold as itself');
SELECT is(mjc.supersession_json(NULL), NULL, 'no product, no answer');

-- What must follow a change is told of it: old part, its successors, the chain before and after
SELECT pg_temp.replace(50, 'ONE', '1') \g /dev/null
SELECT is((SELECT string_agg(pg_temp.n(f)::text, ' ' ORDER BY f) FROM unnest(mjc.supersession_family(pg_temp.pid(1))) f), '1 2 3 50', 'the family of a part in the middle');
SELECT is((SELECT string_agg(action || coalesce(' ' || (after ->> 'relation'), ''), ', ' ORDER BY audit_id) FROM mjc.audit WHERE subject_id = pg_temp.pid(50)::text), 'supersession_set ONE', 'the audit knows what was said');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');

-- Broken by hand
CREATE FUNCTION pg_temp.found(statement text) RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    rules text;
BEGIN
    EXECUTE statement;
    SELECT string_agg(DISTINCT v.rule, ' ' ORDER BY v.rule) INTO rules FROM mjc.check_invariants() v;
    RAISE EXCEPTION 'undo' USING ERRCODE = 'MJX99';
EXCEPTION WHEN SQLSTATE 'MJX99' THEN
    RETURN rules;
END
$$;
SELECT is(pg_temp.found(format('UPDATE mjc.supersession SET relation = %L WHERE product_id = pg_temp.pid(1)', 'ONE')), 'supersession_parts', 'ONE with two successors is found');
SELECT is(pg_temp.found('DELETE FROM mjc.supersession_part WHERE product_id = pg_temp.pid(50)'), 'supersession_parts', 'and one with none');
SELECT is(pg_temp.found(format('INSERT INTO mjc.supersession (product_id, relation) VALUES (pg_temp.pid(2), %L); INSERT INTO mjc.supersession_part VALUES (pg_temp.pid(2), pg_temp.pid(50), 1)', 'ONE')), 'supersession_chain', 'and a circle');
SELECT ok(EXISTS (SELECT FROM pg_temp.failure('INSERT INTO mjc.supersession (product_id, relation) VALUES (pg_temp.pid(2), ''ONE''); INSERT INTO mjc.supersession_part VALUES (pg_temp.pid(2), pg_temp.pid(50), 1)') f WHERE f.code = '00000')
          AND (SELECT count(*) >= 0 FROM mjc.supersession_live(pg_temp.pid(1))), 'a circle by hand does not make the resolution turn for ever');

-- Whoever derives something from products is told of each that a change concerns
CREATE TEMP TABLE told (id uuid);
GRANT ALL ON told TO PUBLIC;
CREATE OR REPLACE FUNCTION mjc.product_changed(product_ids uuid[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    AS $$ BEGIN INSERT INTO pg_temp.told SELECT unnest(product_ids); END $$;
CREATE FUNCTION pg_temp.told(done text) RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    list text;
BEGIN
    EXECUTE done;
    SELECT string_agg(pg_temp.n(t.id)::text, ' ' ORDER BY t.id) INTO list FROM told t;
    DELETE FROM told;
    RETURN list;
END
$$;
SELECT pg_temp.make_product(n, 1000) FROM generate_series(71, 76) n \g /dev/null
SELECT mjc.boiler_range_set(jsonb_build_object('manufacturer', m.manufacturer_id, 'name', 'Told')) AS range, m.manufacturer_id AS maker FROM mjc.manufacturer m LIMIT 1 \gset
SELECT mjc.boiler_model_set(jsonb_build_object('manufacturer', :'maker', 'range', :'range', 'name', 'Told')) AS model \gset
SELECT is(pg_temp.told(d), w, format('%s: told of %s', regexp_replace(d, '[0-9a-f-]{36}', '...', 'g'), w))
  FROM (VALUES ('SELECT pg_temp.replace(72, ''ONE'', ''73'')', '72 73'), ('SELECT pg_temp.replace(71, ''KIT'', ''72 74'')', '71 72 73 74'), ('SELECT pg_temp.replace(72, ''ONE'', ''75'')', '71 72 73 75'), ('SELECT mjc.supersession_drop(''TEST-ONLY-72'')', '71 72 75'),
               ('SELECT mjc.cross_reference_add(''TEST-ONLY-76'', ''{"kind": "OEM", "number": "T76"}'')', '76'), ('SELECT mjc.cross_reference_delete(''TEST-ONLY-76'', cross_reference_id) FROM mjc.cross_reference WHERE number = ''T76''', '76'),
               (format('SELECT mjc.fitment_set(%L)', jsonb_build_object('product', 'TEST-ONLY-76', 'model', :'model')), '76'), ('SELECT mjc.fitment_set(''{"fits": false}'', fitment_id) FROM mjc.fitment WHERE product_id = pg_temp.pid(76)', '76'),
               (format('SELECT mjc.boiler_model_set(%L, %L)', '{"name": "Told 2"}', :'model'), '76'), (format('SELECT mjc.boiler_model_set(%L, %L)', '{"releaseYear": 2000}', :'model'), NULL), (format('SELECT mjc.boiler_range_set(%L, %L)', '{"name": "Told 2"}', :'range'), '76'),
               ('SELECT mjc.fitment_delete(fitment_id) FROM mjc.fitment WHERE product_id = pg_temp.pid(76)', '76')) v (d, w);

SELECT * FROM finish();
ROLLBACK;
