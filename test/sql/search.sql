-- search: the ranking test set of the shop, supersession, languages, filters, what is derived.
-- Products of our own carry words with "zzq".
BEGIN;
SELECT plan(371);
\ir fixture.psql

-- A product by its number: sku, name and what else is said.
CREATE FUNCTION pg_temp.part(n integer, sku text, name text, ref text DEFAULT NULL, active boolean DEFAULT true, maker text DEFAULT NULL, qty integer DEFAULT 0) RETURNS void
    LANGUAGE sql
AS $$
    INSERT INTO mjc.product (product_id, slug, sku, manufacturer_ref, category_id, manufacturer_id, name, price_centimes, is_active)
    VALUES (pg_temp.pid(n), 'test-only-' || n, sku, ref, '00000000-0000-4000-b000-000000000001', (SELECT m.manufacturer_id FROM mjc.manufacturer m WHERE m.slug = maker),
            name, 100000 + n, active);
    SELECT mjc.stock_receive(pg_temp.pid(n), qty) WHERE qty > 0
$$;
-- "sku kind on" of each hit in order, "sku kind on <old" for what replaced.
CREATE FUNCTION pg_temp.found(query text, most integer DEFAULT 20) RETURNS text
    LANGUAGE sql
AS $$
    SELECT coalesce(string_agg(concat_ws(' ', m.sku, m.kind, m.matched, '<' || m.superseded_from), ', ' ORDER BY m.place), '') FROM mjc.search_match(query, most) m
$$;
CREATE FUNCTION pg_temp.skus(query text, most integer DEFAULT 100) RETURNS text
    LANGUAGE sql
    AS $$ SELECT coalesce(string_agg(m.sku, ' ' ORDER BY m.place), '') FROM mjc.search_match(query, most) m $$;
CREATE FUNCTION pg_temp.sorted(query text) RETURNS text
    LANGUAGE sql
    AS $$ SELECT coalesce(string_agg(m.sku, ' ' ORDER BY m.sku), '') FROM mjc.search_match(query, 1000) m $$;
CREATE FUNCTION pg_temp.replaced(old integer, new integer[], relation text DEFAULT 'ONE', interchange text DEFAULT 'ONE_WAY', qty integer DEFAULT 1) RETURNS void
    LANGUAGE sql
AS $$
    INSERT INTO mjc.supersession (product_id, relation, interchange) VALUES (pg_temp.pid(old), relation, interchange);
    INSERT INTO mjc.supersession_part (product_id, successor_id, qty) SELECT pg_temp.pid(old), pg_temp.pid(n), replaced.qty FROM unnest(new) n
$$;

SELECT pg_temp.part(1, 'ZZQ-1', 'Électrode d''allumage zzqalpha', '4917 365', true, 'viessmann', 3), pg_temp.part(2, '16-07', 'Joint zzqbeta'), pg_temp.part(3, 'ZZQ-3', 'Vanne 16 bars et 07 litres zzqgamma'),
       pg_temp.part(31, 'ZZQ-31', 'Sonde zzqdelta', '0099118693'), pg_temp.part(32, 'ZZQ-32', 'Filtre zzqdelta', 'O1I-ZQ77') \g /dev/null
-- replaced: 4 by 5; 10 to 17 each by the next, live is 18; 20 by a kit; 23 by any; 26 by 27 and back; 28 and 29 by 30
SELECT pg_temp.part(4, 'ZZQ-OLD-4', 'Ancienne pompe zzqold', '4440001', false), pg_temp.part(5, 'ZZQ-NEW-5', 'Pompe zzqnew'), pg_temp.part(6, 'ZZQ-OLD-6', 'Ancien joint zzqold', '4440006', true, NULL, 2),
       pg_temp.part(20, 'ZZQ-OLD-20', 'Ancien bloc zzqold', NULL, false), pg_temp.part(21, 'ZZQ-KIT-21', 'Moitié zzqkit'), pg_temp.part(22, 'ZZQ-KIT-22', 'Autre moitié zzqkit'),
       pg_temp.part(23, 'ZZQ-OLD-23', 'Ancien zzqold', NULL, false), pg_temp.part(24, 'ZZQ-ANY-24', 'Choix zzqany'), pg_temp.part(25, 'ZZQ-ANY-25', 'Choix zzqany'),
       pg_temp.part(26, 'ZZQ-TWO-26', 'Ancien zzqtwo'), pg_temp.part(27, 'ZZQ-TWO-27', 'Nouveau zzqtwo'),
       pg_temp.part(28, 'ZZQ-MERGED-28', 'Ancien zzqmerged', NULL, true), pg_temp.part(29, 'ZZQ-MERGED-29', 'Ancien zzqmerged', NULL, true, NULL, 4), pg_temp.part(30, 'ZZQ-MERGED-30', 'Nouveau zzqmerged'),
       pg_temp.part(33, 'ZZQ-FUTURE-33', 'Bientôt remplacé zzqfuture') \g /dev/null
SELECT pg_temp.part(n, 'ZZQ-CHAIN-' || n, 'Maillon zzqchain ' || n, NULL, n = 18) FROM generate_series(10, 18) n \g /dev/null
SELECT pg_temp.replaced(4, '{5}'), pg_temp.replaced(6, '{5}'), pg_temp.replaced(20, '{21,22}', 'KIT', 'ONE_WAY', 2), pg_temp.replaced(23, '{24,25}', 'ANY'), pg_temp.replaced(26, '{27}', 'ONE', 'TWO_WAY'),
       pg_temp.replaced(28, '{30}', 'ONE', 'TWO_WAY'), pg_temp.replaced(29, '{30}', 'ONE', 'TWO_WAY'), pg_temp.replaced(33, '{5}') \g /dev/null
SELECT pg_temp.replaced(n, ARRAY[n + 1]) FROM generate_series(10, 17) n \g /dev/null
UPDATE mjc.supersession SET effective_on = '2999-01-01' WHERE product_id = pg_temp.pid(33);
INSERT INTO mjc.cross_reference (product_id, cross_reference_id, kind, brand, number, direction) VALUES
    (pg_temp.pid(1), gen_random_uuid(), 'OEM', 'Zzq', 'OEM/77.61-x', 'both'), (pg_temp.pid(1), gen_random_uuid(), 'COMPETITOR', 'Zzq', 'CMP 5512', 'to_part'),
    (pg_temp.pid(1), gen_random_uuid(), 'SUPPLIER', 'Zzq', 'NOT-77-62', 'from_part');
-- 25 numbers that begin alike; more popular, then in stock
SELECT pg_temp.part(n, 'ZZQ-P-' || n, 'Prefixe zzqprefix ' || n, '555080' || n, true, NULL, CASE n WHEN 60 THEN 5 ELSE 0 END) FROM generate_series(40, 64) n \g /dev/null
-- boiler, what fits it and what does not
INSERT INTO mjc.manufacturer (manufacturer_id, slug, name) VALUES ('00000000-0000-4000-c000-000000000001', 'test-only-acme', 'Zzqmaker');
INSERT INTO mjc.boiler_range (range_id, manufacturer_id, name) VALUES ('00000000-0000-4000-e000-000000000001', '00000000-0000-4000-c000-000000000001', 'Zzqrange');
INSERT INTO mjc.boiler_model (boiler_model_id, manufacturer_id, name, range_id) VALUES
    ('00000000-0000-4000-d000-000000000001', '00000000-0000-4000-c000-000000000001', 'F77', '00000000-0000-4000-e000-000000000001'),
    ('00000000-0000-4000-d000-000000000002', '00000000-0000-4000-c000-000000000001', 'C77', '00000000-0000-4000-e000-000000000001');
SELECT pg_temp.part(70, 'ZZQ-CARD-70', 'Carte électronique zzqcard', NULL, true, 'viessmann'), pg_temp.part(71, 'ZZQ-CARD-71', 'Carte électronique zzqcard Zzqrange C77'), pg_temp.part(72, 'ZZQ-PUMP-72', 'Pompe zzqcard'),
       pg_temp.part(73, 'ZZQ-CARD-73', 'Carte électronique zzqcard Zzqrange F77'), pg_temp.part(74, 'ZZQ-CARD-74', 'Carte électronique zzqcard') \g /dev/null
INSERT INTO mjc.fitment (product_id, boiler_model_id, fits, serial) VALUES
    (pg_temp.pid(70), '00000000-0000-4000-d000-000000000001', true, NULL), (pg_temp.pid(71), '00000000-0000-4000-d000-000000000002', true, NULL),
    (pg_temp.pid(72), '00000000-0000-4000-d000-000000000001', true, NULL), (pg_temp.pid(73), '00000000-0000-4000-d000-000000000001', true, NULL),
    (pg_temp.pid(73), '00000000-0000-4000-d000-000000000001', false, NULL), (pg_temp.pid(74), '00000000-0000-4000-d000-000000000001', true, NULL),
    (pg_temp.pid(74), '00000000-0000-4000-d000-000000000001', false, '[1,100)');
SELECT is(pg_temp.skus('zzqalpha'), '', 'a product that nobody said had changed is not found');
SELECT mjc.search_name_refresh() \g /dev/null
SELECT mjc.product_changed(ARRAY(SELECT product_id FROM mjc.product WHERE slug LIKE 'test-only-%')) \g /dev/null
UPDATE mjc.product SET popularity = CASE product_id WHEN pg_temp.pid(64) THEN 30 WHEN pg_temp.pid(50) THEN 20 ELSE 0 END WHERE product_id IN (pg_temp.pid(64), pg_temp.pid(50));
SELECT mjc.search_offer_refresh(pg_temp.pids('{50,64}')) \g /dev/null

-- The ranking test set: exact number
SELECT is(pg_temp.found(q), 'ZZQ-1 exact MANUFACTURER', format('ranking: exact number, rank 1 and alone: %s', q))
  FROM unnest(ARRAY['4917365', '4917-365', '4917 365', '4917.365', '٤٩١٧٣٦٥', '٤٩١٧-٣٦٥', '۴۹۱۷۳۶۵', '４９１７３６５', ' (4917) 365 ', '4917/365', '4917_365']) q;
SELECT is(pg_temp.found(q), 'ELE-VIE-78287 exact MANUFACTURER', format('ranking: 7828765, 7828-765 and ٧٨٢٨٧٦٥ are one number: %s', q)) FROM unnest(ARRAY['7828765', '7828-765', '٧٨٢٨٧٦٥']) q;
SELECT is(pg_temp.found('16-07'), '16-07 exact SKU', 'ranking: 16-07 is that sku, not every row with 16 or 07');
SELECT is(pg_temp.found(q), '16-07 exact SKU', format('however written: %s', q)) FROM unnest(ARRAY['1607', '16 07', '16.07', '١٦-٠٧']) q;
SELECT is(pg_temp.found('16-08'), '', 'a number that is none is not looked for as words');
SELECT is(pg_temp.found(q), 'ZZQ-1 crossReference ' || k, format('by the number of others: %s', q))
  FROM (VALUES ('oem 7761x', 'OEM'), ('OEM-77-61-X', 'OEM'), ('CMP5512', 'COMPETITOR')) v (q, k);
SELECT is(pg_temp.found('NOT7762'), '', 'a number that only a paper of the part names is not its number');
SELECT is(pg_temp.found(q), 'ZZQ-31 ' || k || ' MANUFACTURER', format('zeros before a number: %s', q))
  FROM (VALUES ('0099118693', 'exact'), ('99118693', 'leadingZeros'), ('00099118693', 'leadingZeros'), ('000-0099-118-693', 'leadingZeros')) v (q, k);
SELECT is((SELECT string_agg(p.sku, ' ') FROM mjc.product p WHERE p.sku NOT LIKE 'TEST-ONLY-%' AND p.is_active AND p.slug NOT LIKE 'test-only%'
             AND pg_temp.found(p.sku) NOT LIKE p.sku || ' exact SKU%'), NULL, 'ranking: every part of the catalogue is the first for its sku');
SELECT is((SELECT string_agg(p.sku, ' ') FROM mjc.product p WHERE p.ean IS NOT NULL AND p.is_active AND pg_temp.found(p.ean) <> p.sku || ' exact EAN'), NULL, 'and alone for its EAN');

-- The ranking test set: old numbers
SELECT is(pg_temp.found(q), 'ZZQ-NEW-5 superseded ' || k || ' <ZZQ-OLD-4', format('ranking: an old number returns the live part: %s', q)) FROM (VALUES ('ZZQ-OLD-4', 'SKU'), ('444 0001', 'MANUFACTURER')) v (q, k);
SELECT is(pg_temp.found('zzqold6'), 'ZZQ-NEW-5 superseded SKU <ZZQ-OLD-6, ZZQ-OLD-6 exact SKU', 'the old part beside it while there is stock');
SELECT is(pg_temp.found('ZZQ-CHAIN-' || n), 'ZZQ-CHAIN-18 superseded SKU <ZZQ-CHAIN-' || n, format('a chain of %s steps ends at the live part', 18 - n)) FROM generate_series(10, 17) n;
SELECT is(pg_temp.found('ZZQ-CHAIN-18'), 'ZZQ-CHAIN-18 exact SKU', 'which is itself');
SELECT is(pg_temp.found('ZZQ-OLD-20'), 'ZZQ-KIT-21 superseded SKU <ZZQ-OLD-20, ZZQ-KIT-22 superseded SKU <ZZQ-OLD-20', 'a kit: all its parts');
SELECT is(pg_temp.found('ZZQ-OLD-23'), 'ZZQ-ANY-24 superseded SKU <ZZQ-OLD-23, ZZQ-ANY-25 superseded SKU <ZZQ-OLD-23', 'any of several: each');
SELECT is(pg_temp.found('ZZQ-TWO-26'), 'ZZQ-TWO-27 superseded SKU <ZZQ-TWO-26, ZZQ-TWO-26 exact SKU', 'either serves: the old one too, without stock');
SELECT is(pg_temp.found('ZZQ-MERGED-28'), 'ZZQ-MERGED-30 superseded SKU <ZZQ-MERGED-28, ZZQ-MERGED-28 exact SKU, ZZQ-MERGED-29 superseded SKU <ZZQ-MERGED-28', 'merged chains: the stock of the other old part too');
SELECT is(pg_temp.found('ZZQ-MERGED-30'), 'ZZQ-MERGED-30 exact SKU', 'the live part of merged chains alone');
SELECT is(pg_temp.found('ZZQ-FUTURE-33'), 'ZZQ-FUTURE-33 exact SKU', 'what is replaced later is not replaced yet');
SELECT results_eq(format($$SELECT live_id, relation, qty, two_way FROM mjc.supersession_live(%L)$$, pg_temp.pid(n)),
                  format($$SELECT pg_temp.pid(s), %L::text, %s, %L::boolean FROM unnest(%L::integer[]) s$$, r, q, t, s), format('live ends of %s', n))
  FROM (VALUES (4, '{5}', 'ONE', 1, false), (10, '{18}', 'ONE', 1, false), (20, '{21,22}', 'KIT', 2, false), (23, '{24,25}', 'ANY', 1, false), (26, '{27}', 'ONE', 1, true)) v (n, s, r, q, t);
SELECT is_empty(format('SELECT * FROM mjc.supersession_live(%L)', i), 'none of what nothing replaced') FROM unnest(ARRAY[pg_temp.pid(18), pg_temp.pid(33), NULL, gen_random_uuid()]) i;
SELECT pg_temp.part(34, 'ZZQ-LOOP-34', 'Boucle zzqloop'), pg_temp.part(35, 'ZZQ-LOOP-35', 'Boucle zzqloop'), pg_temp.replaced(34, '{35}'), pg_temp.replaced(35, '{34}'), mjc.product_changed(pg_temp.pids('{34,35}')) \g /dev/null
SELECT is_empty(format('SELECT * FROM mjc.supersession_live(%L)', pg_temp.pid(34)), 'a circle has no live end, and reading it ends');
SELECT is(pg_temp.found('ZZQ-LOOP-34'), 'ZZQ-LOOP-34 exact SKU', 'and its parts are found as they are');
DELETE FROM mjc.supersession_part WHERE product_id = ANY (pg_temp.pids('{34,35}'));
DELETE FROM mjc.supersession WHERE product_id = ANY (pg_temp.pids('{34,35}'));
SELECT mjc.product_changed(pg_temp.pids('{34,35}')) \g /dev/null

-- The ranking test set: prefix
SELECT is((SELECT count(*) FROM mjc.search_match('5550-80')), 20::bigint, 'ranking: a beginning returns twenty at most');
SELECT is(pg_temp.found('555080', 4), 'ZZQ-P-64 prefix MANUFACTURER, ZZQ-P-50 prefix MANUFACTURER, ZZQ-P-60 prefix MANUFACTURER, ZZQ-P-40 prefix MANUFACTURER', 'ranking: by popularity, then stock');
SELECT is(pg_temp.skus('5550804'), 'ZZQ-P-40 ZZQ-P-41 ZZQ-P-42 ZZQ-P-43 ZZQ-P-44 ZZQ-P-45 ZZQ-P-46 ZZQ-P-47 ZZQ-P-48 ZZQ-P-49', 'a longer one fewer');
SELECT is(pg_temp.skus(q), '', format('fewer than four characters are no beginning: %s', q)) FROM unnest(ARRAY['555', '55-5']) q;
SELECT is(split_part(pg_temp.skus('zzq-car'), ' ', 1), 'ZZQ-CARD-70', 'letters with a dash are one');

-- The ranking test set: typing errors
SELECT is(pg_temp.found(q), 'ZZQ-1 typo NAME', format('ranking: one typing error finds: %s', q))
  FROM unnest(ARRAY['électrde zzqalpha', 'electrodr zzqalpha', 'electtrode zzqalpha', 'lectrode zzqalpha', 'elcetrode zzqalpha', 'zzqalhpa', 'zzqalfha', 'viesmann zzqalpha', 'allumge zzqalpha']) q;
SELECT is(pg_temp.found(q), 'ZZQ-1 nearNumber MANUFACTURER', format('one in a number: %s', q)) FROM unnest(ARRAY['4917364', '5917365', '4907365', '4913365', '491765', '917365', '49173650', '491 73 56', '74917365']) q;
SELECT is(pg_temp.found('4907364'), '', 'two are too many');
SELECT is(pg_temp.found('011-zq77'), 'ZZQ-32 nearNumber MANUFACTURER', 'O for 0, I for 1');
SELECT is(pg_temp.found('O1I-ZQ77'), 'ZZQ-32 exact MANUFACTURER', 'which are told apart before');
SELECT is(pg_temp.skus('zzqalph'), 'ZZQ-1', 'a word that is not finished');

-- The ranking test set: boiler and part
SELECT is(pg_temp.sorted(q), 'ZZQ-CARD-70 ZZQ-CARD-74', format('ranking: boiler and part return only what fits: %s', q))
  FROM unnest(ARRAY['zzqrange f77 carte électronique', 'carte electronique zzqrange f77', 'F77 carte électronique zzqcard', 'zzqmaker zzqrange f77 carte', 'zzqrange f77 circuit board', 'بطاقة إلكترونية zzqrange f77', 'Zzqrange F-77 carte', 'zzqrangef77 carte']) q;
SELECT is(pg_temp.sorted('zzqrange f77'), 'ZZQ-CARD-70 ZZQ-CARD-74 ZZQ-PUMP-72', 'a boiler alone: all that fits');
SELECT is((SELECT min(kind || ' ' || matched) FROM mjc.search_match('zzqrange f77')), 'model BOILER', 'because it fits');
SELECT is(pg_temp.found('zzqrange c77 zzqcard'), 'ZZQ-CARD-71 model NAME', 'the other boiler');
SELECT is(pg_temp.skus('zzqrange f77 thermostat zzqnowhere'), '', 'nothing that fits: nothing');
SELECT is(pg_temp.sorted('thema f25 carte électronique principale'), 'CAR-SAU-57260', 'in the catalogue: thema f25 carte électronique');

-- The ranking test set: brands and languages
SELECT isnt(pg_temp.sorted('viessmann'), '', 'there are parts of that brand');
SELECT is(pg_temp.sorted(q), pg_temp.sorted('viessmann'), format('ranking: a brand in Latin and Arabic letters: %s', q)) FROM unnest(ARRAY['VIESSMANN', 'فيسمان', 'فِيسْمان', 'فايسمان', 'viesmann']) q;
SELECT is(pg_temp.sorted(q), pg_temp.sorted('saunier duval'), format('so is one of two words: %s', q)) FROM unnest(ARRAY['Saunier-Duval', 'saunierduval', 'سونيي دوفال']) q;
SELECT is(pg_temp.found(q), 'ZZQ-1 words NAME', format('a part with a French name alone: %s', q))
  FROM unnest(ARRAY['électrode allumage zzqalpha', 'électrodes d''allumage zzqalpha', 'ELECTRODE ALLUMAGE ZZQALPHA', 'l’électrode d’allumage zzqalpha', 'ignition electrode zzqalpha', 'electrodes zzqalpha ignition', 'قطب الإشعال zzqalpha',
                    'قطب اشعال zzqalpha', 'الأقطاب zzqalpha', 'zzqalpha فيسمان', 'viessmann zzqalpha', 'the electrode zzqalpha', 'électrode pour zzqalpha']) q;
SELECT is(pg_temp.found(q), 'ZZQ-1 words TEXT', format('a number among words: %s', q)) FROM unnest(ARRAY['zzqalpha 4917365', '4917-365 zzqalpha', 'viessmann ٤٩١٧٣٦٥']) q;
SELECT is(pg_temp.skus('joint zzqalpha'), '', 'every word counts');
UPDATE mjc.product SET name_ar = 'مضخة التدفئة زقزق', name_en = 'Zzqheating pumps', description = 'Remède au défaut F28 zzqfault', description_ar = 'وصف زقزوق' WHERE product_id = pg_temp.pid(5);
SELECT mjc.product_changed(pg_temp.pids('{5}')) \g /dev/null
SELECT is(pg_temp.found(q), 'ZZQ-NEW-5 words ' || m, format('names and descriptions: %s', q))
  FROM (VALUES ('مضخة زقزق', 'NAME'), ('المضخات زقزق', 'NAME'), ('zzqheating pump', 'NAME'), ('f28 zzqfault', 'TEXT'), ('défauts zzqfault', 'TEXT'), ('زقزوق', 'TEXT'), ('وصف زقزوق', 'TEXT'), ('pompe زقزق', 'NAME')) v (q, m);
SELECT is(pg_temp.skus('zzqold'), 'ZZQ-OLD-6', 'inactive parts are not found by words');
SELECT is(pg_temp.skus('pompe zzqnew'), 'ZZQ-NEW-5', 'the word of a name');

-- Order: name before description, then stock, then popularity
SELECT pg_temp.part(80, 'ZZQ-80', 'Zzqorder', NULL), pg_temp.part(81, 'ZZQ-81', 'Zzqorder', NULL, true, NULL, 1), pg_temp.part(82, 'ZZQ-82', 'Autre chose'), pg_temp.part(83, 'ZZQ-83', 'Zzqorder') \g /dev/null
UPDATE mjc.product SET description = 'zzqorder' WHERE product_id = pg_temp.pid(82);
SELECT mjc.product_changed(pg_temp.pids('{80,81,82,83}')) \g /dev/null
UPDATE mjc.product SET popularity = 50 WHERE product_id IN (pg_temp.pid(82), pg_temp.pid(83));
SELECT mjc.search_offer_refresh(pg_temp.pids('{82,83}')) \g /dev/null
SELECT is(pg_temp.skus('zzqorder'), 'ZZQ-81 ZZQ-83 ZZQ-80 ZZQ-82', 'names first, of these what is in stock, of these what is popular');

-- Whatever is typed
SELECT lives_ok(format('SELECT mjc.search_match(%L)', q), format('harmless: %s', left(q, 30)))
  FROM unnest(ARRAY['', ' ', '%', '_', '\', '''', '"', ''' OR 1=1 --', '& | ! ( )', 'a & b', ':*', 'zz:*', '<->', '.*', '^$', '(?=a)', '[', E'\t\n', '😀', 'ـ', repeat('a', 200), repeat('1', 200), repeat('é ', 100), repeat('a-1 ', 50), repeat('"', 200),
                    'zzq''alpha', 'm:00000000000040008000000000000001', '$1', '%s %I', 'NULL', 'zzqalpha\', repeat('ال', 90)]) q;
SELECT is(pg_temp.skus('m:' || replace(m.manufacturer_id::text, '-', '')), '', 'a tag cannot be typed') FROM mjc.manufacturer m WHERE m.slug = 'viessmann';
SELECT is(pg_temp.skus(q), '', format('no wildcard: %s', q)) FROM unnest(ARRAY['.*', '%', '_', '%%%', '49%365']) q;
SELECT is(pg_temp.skus(q), pg_temp.skus(plain), format('a sign beside a word is none: %s', q)) FROM (VALUES ('zzqalph_', 'zzqalph'), ('%zzqalpha%', 'zzqalpha'), ('zzq%', 'zzq'), ('4917%', '4917'), ('zzqalpha:*', 'zzqalpha'), ('!zzqalpha', 'zzqalpha'), ('^zzqalpha$', 'zzqalpha'), ('zzqalpha|zzqbeta', 'zzqalpha zzqbeta')) v (q, plain);

-- The route
CREATE FUNCTION pg_temp.search(q text DEFAULT NULL, page integer DEFAULT NULL, size integer DEFAULT NULL, categories text[] DEFAULT NULL, manufacturers text[] DEFAULT NULL, kinds text[] DEFAULT NULL,
    min_price bigint DEFAULT NULL, max_price bigint DEFAULT NULL, in_stock boolean DEFAULT NULL, boilers text[] DEFAULT NULL, sort text DEFAULT NULL) RETURNS json
    LANGUAGE sql
    AS $$ SELECT mjc_api.search(q, page, size, categories, manufacturers, kinds, min_price, max_price, in_stock, boilers, sort) $$;
CREATE FUNCTION pg_temp.shown(answer json) RETURNS text
    LANGUAGE sql
    AS $$ SELECT coalesce(string_agg(regexp_replace(p ->> 'sku', '^ZZQ-', ''), ' ' ORDER BY n), '') || ' of ' || (answer #>> '{pagination,total}') FROM json_array_elements(answer -> 'products') WITH ORDINALITY x (p, n) $$;
SELECT is((pg_temp.search('444 0001') #> '{products,0,match}')::jsonb, '{"kind": "superseded", "on": "MANUFACTURER", "supersededFrom": "ZZQ-OLD-4"}', 'why a product is shown');
SELECT is((pg_temp.search('4917365') #> '{products,0}')::jsonb - 'match', (mjc.product_card_list(pg_temp.pids('{1}')) -> 0)::jsonb, 'beside the product as everywhere');
SELECT is(pg_temp.search('4917365') #>> '{products,0,manufacturerRef}', '4917 365', 'with the maker''s number as it is written');
SELECT is(pg_temp.shown(pg_temp.search('zzqprefix', p, 10)), s, format('page %s', p))
  FROM (VALUES (1, 'P-60 P-64 P-50 P-40 P-41 P-42 P-43 P-44 P-45 P-46 of 25'), (3, 'P-58 P-59 P-61 P-62 P-63 of 25'), (4, ' of 25')) v (p, s);
SELECT is((SELECT count(DISTINCT s) FROM generate_series(1, 3) p, json_array_elements(pg_temp.search('zzqprefix', p, 10) -> 'products') x, LATERAL (SELECT x ->> 'sku') y (s)), 25::bigint, 'pages hold everything once');
INSERT INTO mjc.category (category_id, slug, name, parent_id) VALUES ('00000000-0000-4000-b000-000000000002', 'test-only-child', 'Child', '00000000-0000-4000-b000-000000000001');
INSERT INTO mjc.part_kind (kind_id, slug, name, name_ar, name_en) VALUES ('00000000-0000-4000-f000-000000000001', 'zzq-kind', 'Zzqkind prime', 'زقزقنوع', 'Zzqsort');
UPDATE mjc.product SET category_id = '00000000-0000-4000-b000-000000000002', kind_id = '00000000-0000-4000-f000-000000000001', sale_price_centimes = 50, sale_until_at = now() + interval '1 day' WHERE product_id = pg_temp.pid(41);
UPDATE mjc.product SET manufacturer_id = '00000000-0000-4000-c000-000000000001', price_centimes = 600000 WHERE product_id = pg_temp.pid(42);
SELECT mjc.product_changed(pg_temp.pids('{41,42}')), mjc.search_name_refresh() \g /dev/null
SELECT is(pg_temp.shown(r), s, n)
  FROM (VALUES (pg_temp.search('zzqprefix', categories => '{test-only-child}'), 'P-41 of 1', 'a category'), (pg_temp.search('zzqprefix', categories => '{test-only-parts}', size => 1), 'P-60 of 25', 'with what is below it'),
               (pg_temp.search('zzqprefix', categories => '{none}'), ' of 0', 'an unknown one'), (pg_temp.search('zzqprefix', manufacturers => '{test-only-acme}'), 'P-42 of 1', 'a manufacturer'),
               (pg_temp.search('zzqprefix', manufacturers => '{test-only-acme,viessmann}'), 'P-42 of 1', 'one of several'), (pg_temp.search('zzqprefix', kinds => '{zzq-kind}'), 'P-41 of 1', 'a kind'),
               (pg_temp.search('zzqprefix', kinds => '{00000000-0000-4000-f000-000000000001}'), 'P-41 of 1', 'by its id'), (pg_temp.search('zzqprefix', in_stock => true), 'P-60 of 1', 'in stock'),
               (pg_temp.search('zzqprefix', min_price => 600000), 'P-42 of 1', 'from a price'), (pg_temp.search('zzqprefix', max_price => 50), 'P-41 of 1', 'to a price: the one in force counts'),
               (pg_temp.search('zzqprefix', min_price => 51, max_price => 100040), 'P-40 of 1', 'between'), (pg_temp.search('zzqprefix', sort => 'price_asc', size => 2), 'P-41 P-40 of 25', 'cheapest first'),
               (pg_temp.search('zzqprefix', sort => 'price_desc', size => 2), 'P-42 P-64 of 25', 'dearest first'), (pg_temp.search(boilers => '{00000000-0000-4000-d000-000000000002}'), 'CARD-71 of 1', 'a boiler without words'),
               (pg_temp.search('zzqcard', boilers => '{00000000-0000-4000-d000-000000000001}', manufacturers => '{viessmann}'), 'CARD-70 of 1', 'a boiler and a brand'), (pg_temp.search('zzqcard', boilers => '{x}'), ' of 0', 'an unknown boiler'),
               (pg_temp.search(kinds => '{zzq-kind}'), 'P-41 of 1', 'a filter alone'), (pg_temp.search('4917365', categories => '{test-only-child}'), ' of 0', 'a filter never turns a number into something else'),
               (pg_temp.search('zzqalpha', in_stock => true, max_price => 1), ' of 0', 'nor words'), (pg_temp.search('zzqkind primes'), 'P-41 of 1', 'the kind of a part is a word'), (pg_temp.search('زقزقنوع'), 'P-41 of 1', 'in every language'),
               (pg_temp.search('zzqsort'), 'P-41 of 1', 'in English')) v (r, s, n);
-- A kind that is named: its parts and those without a kind that have the words; a kind's name with more
-- words is of it too (120 and 121), what goes with it is not (122, of kind "Joint de ...").
INSERT INTO mjc.part_kind (kind_id, slug, name, name_en) VALUES
    ('00000000-0000-4000-f000-000000000002', 'zzq-valve', 'Zzqvalve gaz', 'Zzqtap'), ('00000000-0000-4000-f000-000000000003', 'zzq-valve-high', 'Zzqvalve gaz haute', 'High zzqtap'),
    ('00000000-0000-4000-f000-000000000004', 'zzq-valve-gasket', 'Joint de zzqvalve gaz', 'Zzqtap gasket'), ('00000000-0000-4000-f000-000000000005', 'zzq-lonely', 'Zzqlonely gaz', NULL);
SELECT pg_temp.part(120, 'ZZQ-120', 'Bloc zzqbloc', NULL, true, 'viessmann'), pg_temp.part(121, 'ZZQ-121', 'Bloc zzqbloc'), pg_temp.part(122, 'ZZQ-122', 'Joint pour zzqvalve gaz ou zzqlonely gaz', NULL, true, 'viessmann'),
       pg_temp.part(123, 'ZZQ-123', 'Zzqvalve gaz zzqbloc'), pg_temp.part(124, 'ZZQ-124', 'Zzqvalve seule') \g /dev/null
INSERT INTO mjc.manufacturer (manufacturer_id, slug, name) VALUES ('00000000-0000-4000-c000-000000000002', 'test-only-de', 'De Zzqdiet');
SELECT pg_temp.part(125, 'ZZQ-125', 'Bloc zzqautre', NULL, true, 'test-only-de') \g /dev/null
UPDATE mjc.product p SET kind_id = '00000000-0000-4000-f000-000000000005' WHERE p.product_id = pg_temp.pid(125);
UPDATE mjc.product p SET kind_id = v.kind::uuid FROM (VALUES (120, '00000000-0000-4000-f000-000000000002'), (121, '00000000-0000-4000-f000-000000000003'), (122, '00000000-0000-4000-f000-000000000004')) v (n, kind) WHERE p.product_id = pg_temp.pid(v.n);
INSERT INTO mjc.fitment (product_id, boiler_model_id, fits) SELECT pg_temp.pid(n), '00000000-0000-4000-d000-000000000001', true FROM unnest('{120,122,123}'::integer[]) n;
SELECT mjc.product_changed(pg_temp.pids('{120,121,122,123,124,125}')), mjc.search_name_refresh() \g /dev/null
CREATE TEMP TABLE kind_case AS SELECT q, s FROM (VALUES ('zzqvalve gaz', 'ZZQ-120 ZZQ-121 ZZQ-123'), ('Zzqvalves gaz', 'ZZQ-120 ZZQ-121 ZZQ-123'), ('zzqvalve gaz haute', 'ZZQ-121'), ('zzqtap', 'ZZQ-120 ZZQ-121'), ('high zzqtap', 'ZZQ-121'), ('zzqtap gasket', 'ZZQ-122'),
               ('viessmann zzqvalve gaz', 'ZZQ-120'), ('zzqvalve gaz zzqbloc', 'ZZQ-120 ZZQ-121 ZZQ-123'), ('joint zzqvalve gaz', 'ZZQ-122'), ('joint de zzqvalve gaz', 'ZZQ-122'), ('zzqtap gasket zzqvalve gaz', 'ZZQ-122'),
               ('zzqlonely gaz', 'ZZQ-125'), ('zzqlonely gaz viessmann', 'ZZQ-122'), ('zzqvalve', 'ZZQ-122 ZZQ-123 ZZQ-124'), ('zzqrange f77 zzqvalve gaz', 'ZZQ-120 ZZQ-123'), ('zzqrange f77 zzqlonely gaz', 'ZZQ-122'),
               ('zzqvalve a gaz', 'ZZQ-120 ZZQ-121 ZZQ-123'), ('zzqvalve pour le gaz', 'ZZQ-120 ZZQ-121 ZZQ-123'), ('zzqvalve gaz pour', 'ZZQ-120 ZZQ-121 ZZQ-123'), ('zzqvalve a gaz de viessmann', 'ZZQ-120'),
               ('zzqlonely gaz de zzqdiet', 'ZZQ-125'), ('joints de zzqvalve a gaz', 'ZZQ-122'),
               ('zzqvalvo gaz', 'ZZQ-120 ZZQ-121 ZZQ-123')) v (q, s);
-- While an older version's row is left the kind and the words are looked for apart: the same is found.
SELECT is(mjc.search_is_derived(), true, 'all is as this version derives it');
UPDATE mjc.search_product SET derived_version = derived_version - 1 WHERE product_id = pg_temp.pid(1);
SELECT is(mjc.search_is_derived(), false, 'but for one row');
SELECT is(pg_temp.sorted(q), s, format('a kind, not all is derived: %s', q)) FROM kind_case;
UPDATE mjc.search_product SET derived_version = mjc.derived_version() WHERE product_id = pg_temp.pid(1);
SELECT is(pg_temp.sorted(q), s, format('a kind: %s', q)) FROM kind_case;
SELECT is(pg_temp.shown(pg_temp.search('zzqvalve gaz', max_price => 1)), ' of 0', 'a filter never turns a kind into words either');
-- Facets: against a count of the rows themselves
SELECT is((SELECT jsonb_agg(jsonb_build_array(f ->> 'slug', f -> 'count') ORDER BY f ->> 'slug') FROM json_array_elements(pg_temp.search('zzqprefix') #> '{facets,categories}') f), '[["test-only-child", 1], ["test-only-parts", 24]]', 'facets: categories');
SELECT is((SELECT jsonb_agg(jsonb_build_array(f ->> 'name', f -> 'count')) FROM json_array_elements(pg_temp.search('zzqprefix') #> '{facets,manufacturers}') f), '[["Zzqmaker", 1]]', 'manufacturers');
SELECT is((SELECT jsonb_agg(jsonb_build_array(f ->> 'slug', f -> 'count')) FROM json_array_elements(pg_temp.search('zzqprefix') #> '{facets,kinds}') f), '[["zzq-kind", 1]]', 'kinds');
SELECT is((pg_temp.search('zzqprefix') #> '{facets,prices}')::jsonb, '[{"max": 1000.00, "min": 0.00, "count": 1}, {"max": 2500.00, "min": 1000.00, "count": 23}, {"max": 10000.00, "min": 5000.00, "count": 1}]', 'prices');
SELECT is((pg_temp.search('zzqprefix') #> '{facets,availability}')::jsonb, '{"inStock": 1, "outOfStock": 24}', 'availability');
SELECT is((pg_temp.search('zzqnothingatall') -> 'facets')::jsonb, '{"kinds": [], "prices": [], "categories": [], "availability": {"inStock": 0, "outOfStock": 0}, "manufacturers": []}', 'of nothing: empty');
SELECT is(pg_temp.search('électrde zzqalpha') ->> 'corrected', 'electrode zzqalpha', 'what was searched instead');
SELECT is(pg_temp.search('electrode zzqalpha') ->> 'corrected', NULL, 'nothing when nothing was wrong');

SELECT pg_temp.refused(c, e, a, c)
  FROM (VALUES ('SELECT pg_temp.search()', 'MJ003', 'q'), ('SELECT pg_temp.search('' '')', 'MJ003', 'q'), ('SELECT pg_temp.search(repeat(''x'', 201))', 'MJ006', 'q'), ('SELECT pg_temp.search(''x'', 0)', 'MJ006', 'page'),
               ('SELECT pg_temp.search(''x'', 101, 100)', 'MJ006', 'page'), ('SELECT pg_temp.search(''x'', 2147483647, 100)', 'MJ006', 'page'), ('SELECT pg_temp.search(''x'', size => 0)', 'MJ006', 'limit'), ('SELECT pg_temp.search(''x'', size => 101)', 'MJ006', 'limit'),
               ('SELECT pg_temp.search(''x'', sort => ''name'')', 'MJ010', 'sort'), ('SELECT pg_temp.search(''x'', sort => '''')', 'MJ010', 'sort'), ('SELECT mjc_api.search_suggest(NULL, NULL)', 'MJ003', 'q'), ('SELECT mjc_api.search_suggest('' '', NULL)', 'MJ003', 'q'),
               ('SELECT mjc_api.search_suggest(repeat(''x'', 201), NULL)', 'MJ006', 'q'), ('SELECT mjc_api.search_suggest(''x'', 11)', 'MJ006', 'limit'), ('SELECT mjc_api.search_suggest(''x'', 0)', 'MJ006', 'limit')) v (c, e, a);
SELECT lives_ok('SELECT pg_temp.search(repeat(''x'', 200), 100, 100)', 'the limits themselves are fine');

-- Suggestions
CREATE FUNCTION pg_temp.suggested(q text) RETURNS text
    LANGUAGE sql
    AS $$ SELECT coalesce(string_agg(concat_ws(' ', s ->> 'type', s ->> 'text'), ', ' ORDER BY n), '') FROM json_array_elements(mjc_api.search_suggest(q, NULL) -> 'suggestions') WITH ORDINALITY x (s, n) $$;
SELECT is(pg_temp.suggested(q), s, format('suggestions for %s', q))
  FROM (VALUES ('4917-36', 'product ZZQ-1'), ('٤٩١٧٣٦', 'product ZZQ-1'), ('zzqalp', 'product Électrode d''allumage zzqalpha'), ('électrode zzqalp', 'product Électrode d''allumage zzqalpha'), ('zzqnothing', ''), ('%', ''), ('(', '')) v (q, s);
SELECT is(split_part(pg_temp.suggested(q), ',', 1), s, format('first for %s', q)) FROM (VALUES ('zzqmak', 'manufacturer Zzqmaker'), ('zzqkin', 'kind Zzqkind prime'), ('zzqrange f', 'boiler F77'), ('زقزقن', 'kind Zzqkind prime')) v (q, s);
SELECT cmp_ok(json_array_length(mjc_api.search_suggest(q, NULL) -> 'suggestions'), '<=', 10, format('ten at most: %s', q)) FROM unnest(ARRAY['e', 'el', 'ele', 'v', '555', 'zzq']) q;
SELECT is(json_array_length(mjc_api.search_suggest('555080', 2) -> 'suggestions'), 2, 'or fewer');

-- For other routes
SELECT is(mjc.search_ids('zzqorder', 2), pg_temp.pids('{81,83}'), 'ids, the best first');
SELECT is(mjc.search_ids('zzqnothing', 5), '{}'::uuid[], 'none');

-- Words that staff teach the search
SELECT is(pg_temp.skus('zzqmot'), '', 'an unknown word');
SET LOCAL SESSION AUTHORIZATION DEFAULT;
SELECT pg_temp.make_admin('search@example.test', 'ADMIN', session_user::text) AS admin \gset
SELECT is(mjc.search_alias_set('Zzq-Mot', 'Électrode'), true, 'a synonym');
SELECT is(pg_temp.skus('zzqalpha zzq mot'), 'ZZQ-1', 'is found');
SELECT is(mjc.search_alias_set('zzq mot', 'electrode'), false, 'the same again changes nothing');
SELECT is(mjc.search_alias_set('zzq mot', 'electrode', false), true, 'and taken back');
SELECT is(pg_temp.skus('zzqalpha zzq mot'), '', 'no more');
SELECT is((SELECT count(*) FROM mjc.audit a WHERE a.action = 'search_alias_set' AND a.subject_id = 'zzq mot'), 2::bigint, 'each change is on record');
SELECT pg_temp.refused(c, e, a, c) FROM (VALUES ('SELECT mjc.search_alias_set(NULL, ''x'')', 'MJ003', 'alias'), ('SELECT mjc.search_alias_set(''xx'', NULL)', 'MJ003', 'word'), ('SELECT mjc.search_alias_set(''-'', ''xx'')', 'MJ006', 'alias'),
    ('SELECT mjc.search_alias_set(''xx'', repeat(''y'', 81))', 'MJ006', 'word'), ('SELECT mjc.search_alias_set(''Électrode'', ''electrode'')', 'MJ010', 'alias')) v (c, e, a);

-- What is derived
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'what is derived is as it would be now');
CREATE FUNCTION pg_temp.counted() RETURNS SETOF text
    LANGUAGE sql
    AS $$ SELECT concat_ws(' ', c.category_id, c.manufacturer_id, c.products) FROM mjc.catalogue_counts() c $$;
CREATE FUNCTION pg_temp.true_counts() RETURNS SETOF text
    LANGUAGE sql
    AS $$ SELECT concat_ws(' ', p.category_id, p.manufacturer_id, count(*)) FROM mjc.product p WHERE p.is_active GROUP BY p.category_id, p.manufacturer_id $$;
SELECT set_eq('SELECT pg_temp.counted()', 'SELECT pg_temp.true_counts()', 'counts by category and manufacturer');
SELECT cmp_ok(mjc.catalogue_fold(), '>', 0::bigint, 'changes are folded');
SELECT is((SELECT count(*) FROM mjc.catalogue_delta), 0::bigint, 'all of them');
SELECT set_eq('SELECT pg_temp.counted()', 'SELECT pg_temp.true_counts()', 'and nothing changes by it');
UPDATE mjc.product SET is_active = false WHERE product_id = pg_temp.pid(40);
SELECT mjc.product_changed(pg_temp.pids('{40}')) \g /dev/null
SELECT is((SELECT count(*) FROM mjc.catalogue_delta), 1::bigint, 'one change is one row');
SELECT set_eq('SELECT pg_temp.counted()', 'SELECT pg_temp.true_counts()', 'and counts');
SELECT is(pg_temp.skus('zzqprefix 40'), '', 'what is no longer sold is not found');
CREATE TEMP TABLE before AS SELECT 's' || s.product_id AS id, s.ctid AS place FROM mjc.search_product s UNION ALL SELECT 'k' || k.product_id || k.kind || k.key, k.ctid FROM mjc.search_key k;
SELECT mjc.product_changed(ARRAY(SELECT product_id FROM mjc.product)) \g /dev/null
SELECT is_empty($$(SELECT 's' || s.product_id, s.ctid FROM mjc.search_product s UNION ALL SELECT 'k' || k.product_id || k.kind || k.key, k.ctid FROM mjc.search_key k) EXCEPT SELECT id, place FROM before$$, 'a refresh that changes nothing writes nothing');
SELECT is((SELECT count(*) FROM mjc.catalogue_delta), 1::bigint, 'nor counts');
SELECT lives_ok('SELECT mjc.product_changed(NULL)', 'nothing changed is fine');
SELECT lives_ok('SELECT mjc.product_changed(''{}'')', 'so is an empty list');
-- A broken promise is noticed, and mended by the one call.
UPDATE mjc.product SET name = 'Zzqrenamed' WHERE product_id = pg_temp.pid(2);
SELECT is((SELECT count(*) FROM mjc.check_invariants() WHERE rule LIKE 'search%'), 1::bigint, 'a name that changed behind the back of the search is noticed');
DELETE FROM mjc.search_key WHERE product_id = pg_temp.pid(2);
SELECT cmp_ok((SELECT count(*) FROM mjc.check_invariants() WHERE rule LIKE 'search_key%'), '>', 0::bigint, 'so is a number that is missing');
SELECT mjc.product_changed(pg_temp.pids('{2}')) \g /dev/null
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'both are mended');
-- Prices
SELECT mjc.price_set(pg_temp.pid(1), 7777) \g /dev/null
SELECT is(pg_temp.shown(pg_temp.search('zzqalpha', min_price => 777700, max_price => 777700)), '1 of 1', 'a new price counts at once');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'and is the same everywhere');
-- Numbers that went
UPDATE mjc.product SET manufacturer_ref = NULL WHERE product_id = pg_temp.pid(1);
DELETE FROM mjc.cross_reference WHERE product_id = pg_temp.pid(1);
SELECT mjc.product_changed(pg_temp.pids('{1}')) \g /dev/null
SELECT is(pg_temp.skus(q), '', format('a number that went finds nothing: %s', q)) FROM unnest(ARRAY['4917365', 'CMP5512']) q;

-- A product that is no more
SELECT pg_temp.part(91, 'ZZQ-91', 'Zzqgone') \g /dev/null
SELECT mjc.product_changed(pg_temp.pids('{91}')) \g /dev/null
SELECT is(pg_temp.skus('zzqgone'), 'ZZQ-91', 'a part');
DELETE FROM mjc.product WHERE product_id = pg_temp.pid(91);
SELECT cmp_ok((SELECT count(*) FROM mjc.check_invariants()), '>', 0::bigint, 'that goes away is noticed');
SELECT mjc.product_changed(pg_temp.pids('{91}')) \g /dev/null
-- A total that nobody counts is told only once the job has found that all are counted
UPDATE mjc.job SET last_ok_at = NULL, last_rows = NULL WHERE name = 'catalogue_fill';
SELECT is(mjc.catalogue_total(NULL, NULL), NULL, 'it never ran');
UPDATE mjc.job SET last_ok_at = now(), last_rows = 3 WHERE name = 'catalogue_fill';
SELECT is(mjc.catalogue_total(NULL, NULL), NULL, 'it found some that were not');
UPDATE mjc.job SET last_rows = 0 WHERE name = 'catalogue_fill';
SELECT is(mjc.catalogue_total(NULL, NULL), (SELECT count(*) FROM mjc.search_product s WHERE s.is_active), 'all are');
SELECT is(mjc.catalogue_total('{}', NULL), 0::bigint, 'of no category');
SELECT set_eq('SELECT c.category_id, c.manufacturer_id, c.products FROM mjc.shelf_counts() c', 'SELECT p.category_id, p.manufacturer_id, count(*) FROM mjc.product p WHERE p.is_active GROUP BY 1, 2', 'categories and manufacturers show the kept counts, which are true');
UPDATE mjc.product SET is_active = false WHERE product_id = pg_temp.pid(1);
SELECT mjc.product_changed(pg_temp.pids('{1}')) \g /dev/null
SELECT set_eq('SELECT c.category_id, c.manufacturer_id, c.products FROM mjc.shelf_counts() c', 'SELECT p.category_id, p.manufacturer_id, count(*) FROM mjc.product p WHERE p.is_active GROUP BY 1, 2', 'also of what changed just now');
SELECT is(mjc.catalogue_total(NULL, ARRAY[s.manufacturer_id]), count(*), 'of a manufacturer') FROM mjc.search_product s WHERE s.is_active AND s.manufacturer_id IS NOT NULL GROUP BY s.manufacturer_id ORDER BY s.manufacturer_id LIMIT 1;

SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'and leaves nothing behind');

-- Jobs
SELECT pg_temp.part(90, 'ZZQ-90', 'Zzqlate') \g /dev/null
SELECT is(mjc.catalogue_fill(), 1::bigint, 'a part that nobody told of');
SELECT is(pg_temp.skus('zzqlate'), 'ZZQ-90', 'is found a while later');
SELECT is(mjc.catalogue_fill(), 0::bigint, 'then there is none');
SELECT is(mjc.search_name_refresh(), 0::bigint, 'names are up to date');
UPDATE mjc.manufacturer SET name = 'Zzqrebrand' WHERE slug = 'test-only-acme';
SELECT is(mjc.search_name_refresh() > 0, true, 'a new name of a manufacturer');
SELECT is(pg_temp.skus('zzqrebrand'), 'ZZQ-P-42', 'finds its parts, none of which was rewritten');
SELECT is(pg_temp.skus('zzqmaker'), '', 'the old one no more');
SELECT cmp_ok(mjc.search_word_count(1000000), '>', 0::bigint, 'words are counted');
SELECT is((SELECT w.products FROM mjc.search_word w WHERE w.word = 'zzqprefix'), 24, 'by their products');
SELECT is(mjc.search_word_count(10), 0::bigint, 'once a week');
INSERT INTO mjc.sale_day (dim, on_day, key, orders, cancelled_orders, units, returned_units, total_centimes, returned_centimes, discount_centimes, shipping_centimes, stamp_duty_centimes, tax_centimes, returned_tax_centimes, refunded_centimes, sold_ht_centimes, cost_centimes)
SELECT 'product', mjc.algiers_date(now()) - d, pg_temp.pid(83)::text, 1, 0, u, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM (VALUES (0, 50), (10, 49), (100, 5000)) v (d, u);
INSERT INTO mjc.product_counter (product_id, viewed, recent, sold, popularity) VALUES (pg_temp.pid(81), 0, 90, 0, 90), (pg_temp.pid(80), 0, 0, 7, 0);
SELECT is(mjc.search_popularity() >= 1, true, 'popularity follows what was counted');
SELECT is((SELECT p.popularity FROM mjc.product p WHERE p.product_id = pg_temp.pid(81)), 10::smallint, '90 views weigh as much as 9 units');
SELECT is((SELECT p.popularity FROM mjc.product p WHERE p.product_id = pg_temp.pid(80)), 0::smallint, 'what sold long ago is 0');
SELECT mjc.product_count() \g /dev/null
SELECT is(mjc.search_popularity() >= 1, true, 'and the sales');
SELECT is((SELECT p.popularity FROM mjc.product p WHERE p.product_id = pg_temp.pid(83)), 20::smallint, '99 units in 90 days are 20');
SELECT is((SELECT p.popularity FROM mjc.product p WHERE p.product_id = pg_temp.pid(81)), 0::smallint, 'views that are no more are 0');
SELECT is(mjc.search_popularity(), 0::bigint, 'once');

-- More than ten thousand
INSERT INTO mjc.category (category_id, slug, name) VALUES ('00000000-0000-4000-b000-000000000003', 'test-only-many', 'Many');
INSERT INTO mjc.product (product_id, slug, sku, category_id, name, price_centimes, created_at)
SELECT pg_temp.pid(100000 + n), 'test-only-many-' || n, 'ZZM-' || n, '00000000-0000-4000-b000-000000000003', 'Zzqmany', 1000 + (n * 7919) % 10050, '2031-01-01'::timestamptz - n * interval '1 minute' FROM generate_series(1, 10050) n;
SELECT mjc.product_changed(ARRAY(SELECT pg_temp.pid(100000 + n) FROM generate_series(1, 10050) n)) \g /dev/null
UPDATE mjc.product SET popularity = 9 WHERE product_id = pg_temp.pid(110000);
UPDATE mjc.product SET popularity = 8 WHERE product_id = pg_temp.pid(100007);
SELECT is(pg_temp.shown(pg_temp.search('zzqmany', 1, 2)), 'ZZM-10000 ZZM-7 of 10001', 'very many: the most popular first, and a total that says more');
SELECT is(pg_temp.shown(pg_temp.search('zzqmany', 1, 3, sort => s)), (SELECT string_agg('ZZM-' || n, ' ' ORDER BY o) || ' of 10001' FROM (SELECT n, row_number() OVER (ORDER BY CASE s WHEN 'price_asc' THEN (n * 7919) % 10050 WHEN 'price_desc' THEN - (n * 7919) % 10050 ELSE n END) AS o
              FROM generate_series(1, 10050) n) x WHERE o <= 3), format('very many: by %s', s)) FROM unnest(ARRAY['price_asc', 'price_desc', 'newest']) s;
SELECT is(pg_temp.shown(pg_temp.search('zzqmany', 1, 1, min_price => 1005, max_price => 1005)), (SELECT 'ZZM-' || n || ' of 1' FROM generate_series(1, 10050) n WHERE (n * 7919) % 10050 = 5), 'one of them');
SELECT is(pg_temp.search(categories => '{test-only-many}') #>> '{pagination,total}', '10050', 'a category of very many is counted whole');
SELECT is((SELECT count(DISTINCT x ->> 'sku') FROM unnest(ARRAY[1, 2, 99, 100]) p, json_array_elements(pg_temp.search('zzqmany', p, 100) -> 'products') x), 400::bigint, 'pages of very many differ');
SELECT * FROM finish();
ROLLBACK;
