-- setup.sql - a shop with many parts, the same each time: psql -v parts=500000 -f setup.sql
--
-- parts / 100 boiler models with two variants each, ten fitments a part, two to three numbers
-- elsewhere, one part of fifty replaced by the next, one of 5 000 the head of a chain of eight,
-- stock for three of ten. Chance is a hash of the part's number: pg_temp.chance(n, what, most).
-- Table bench.query holds what the cases ask for, bench.took how long building took.
\set ON_ERROR_STOP on
\timing off
CREATE SCHEMA mjc_ext;
CREATE EXTENSION btree_gist SCHEMA mjc_ext;
CREATE EXTENSION pg_trgm SCHEMA mjc_ext;
CREATE EXTENSION unaccent SCHEMA mjc_ext;
CREATE EXTENSION mjchauffage;
SELECT mjc.install() \g /dev/null
CREATE SCHEMA bench;
CREATE TABLE bench.took (what text, seconds numeric);
SET synchronous_commit = off;

CREATE FUNCTION bench.chance(n bigint, what integer, most integer) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT ((hashint8extended(n, what) % most + most) % most)::integer $$;
CREATE FUNCTION bench.id(n bigint, what integer) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT (lpad(to_hex(what), 8, '0') || '-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$;
CREATE FUNCTION bench.word(words text[], n bigint, what integer) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT words[1 + bench.chance(n, what, cardinality(words))] $$;
-- The maker's number of a part: seven to ten digits, written as its maker writes them.
CREATE FUNCTION bench.digits(n bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT lpad(((n * 7919 + 1000003) % 9999991)::text, 7, '0') || CASE WHEN n % 3 = 0 THEN lpad(bench.chance(n, 1, 1000)::text, 3, '0') ELSE '' END $$;
CREATE FUNCTION bench.written(n bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT CASE n % 4 WHEN 0 THEN bench.digits(n) WHEN 1 THEN regexp_replace(bench.digits(n), '^(....)', '\1-')
                 WHEN 2 THEN regexp_replace(bench.digits(n), '^(..)(...)', '\1 \2 ') ELSE 'S' || bench.digits(n) END $$;

CREATE TABLE bench.noun (n integer PRIMARY KEY, fr text, ar text, en text);
INSERT INTO bench.noun (n, fr, ar, en) VALUES
    (1, 'Électrode d''allumage', 'قطب الإشعال', 'Ignition electrode'), (2, 'Électrode d''ionisation', 'قطب التأين', 'Ionisation electrode'),
    (3, 'Carte électronique', 'بطاقة إلكترونية', 'Control board'), (4, 'Vanne gaz', 'صمام الغاز', 'Gas valve'), (5, 'Circulateur', 'مضخة التدوير', 'Circulation pump'),
    (6, 'Échangeur à plaques', 'مبادل حراري صفائحي', 'Plate heat exchanger'), (7, 'Vase d''expansion', 'خزان التمدد', 'Expansion vessel'), (8, 'Sonde de température', 'حساس الحرارة', 'Temperature sensor'),
    (9, 'Pressostat d''air', 'مفتاح ضغط الهواء', 'Air pressure switch'), (10, 'Ventilateur extracteur', 'مروحة الشفط', 'Extractor fan'), (11, 'Joint torique', 'حلقة مطاطية', 'O-ring'),
    (12, 'Brûleur complet', 'حارق كامل', 'Complete burner'), (13, 'Vanne trois voies', 'صمام ثلاثي', 'Three-way valve'), (14, 'Soupape de sécurité', 'صمام الأمان', 'Safety valve'),
    (15, 'Manomètre', 'مقياس الضغط', 'Pressure gauge'), (16, 'Thermostat d''ambiance', 'منظم حرارة الغرفة', 'Room thermostat'), (17, 'Corps de chauffe', 'جسم التسخين', 'Main heat exchanger'),
    (18, 'Débitmètre', 'مقياس التدفق', 'Flow sensor'), (19, 'Purgeur automatique', 'منفس آلي', 'Automatic air vent'), (20, 'Conduit de fumée', 'أنبوب الدخان', 'Flue pipe');
-- Two hundred kinds: a noun, and what sort of it.
CREATE TABLE bench.kind AS
SELECT (row_number() OVER (ORDER BY k.n, s.n))::integer AS n, k.fr || ' ' || s.fr AS fr, k.ar || ' ' || s.ar AS ar, k.en || ' ' || s.en AS en
  FROM bench.noun k
 CROSS JOIN (VALUES (1, 'standard', 'عادي', 'standard'), (2, 'haute pression', 'ضغط عال', 'high pressure'), (3, 'basse pression', 'ضغط منخفض', 'low pressure'), (4, 'à visser', 'بالبراغي', 'screwed'),
                    (5, 'à clipser', 'بالمشبك', 'clipped'), (6, 'inox', 'فولاذ', 'stainless'), (7, 'laiton', 'نحاس', 'brass'), (8, 'condensation', 'تكثيف', 'condensing'), (9, 'avec joint', 'مع حلقة', 'gasketed'), (10, 'renforcé', 'مقوى', 'reinforced')) s (n, fr, ar, en);
ALTER TABLE bench.kind ADD PRIMARY KEY (n);
INSERT INTO mjc.part_kind (kind_id, slug, name, name_ar, name_en) SELECT bench.id(n, 1), 'kind-' || n, fr, ar, en FROM bench.kind;
INSERT INTO mjc.category (category_id, slug, name, sort_order) SELECT bench.id(n, 2), 'rayon-' || n, 'Rayon ' || n, n FROM generate_series(1, 10) n;
INSERT INTO mjc.category (category_id, parent_id, slug, name, sort_order) SELECT bench.id(n + 10, 2), bench.id(1 + n % 10, 2), 'famille-' || n, 'Famille ' || n, n FROM generate_series(1, 60) n;
CREATE TABLE bench.brand AS
SELECT n, name FROM unnest('{Viessmann,Vaillant,Saunier Duval,Chaffoteaux,Ariston,Baxi,Beretta,Ferroli,Immergas,Junkers,De Dietrich,Riello,Chappee,Bosch,Elm Leblanc,Sime,Fondital,Biasi,Unical,Hermann}'::text[]) WITH ORDINALITY u (name, n);
INSERT INTO mjc.manufacturer (manufacturer_id, slug, name) SELECT bench.id(n, 3), 'marque-' || n, name FROM bench.brand;
INSERT INTO mjc.boiler_range (range_id, manufacturer_id, name)
SELECT bench.id(n, 4), bench.id(1 + n % 20, 3), bench.word('{Thema,Vitodens,Isofast,Eco,Luna,Ciao,Divatop,Victrix,Cerapur,Turbotec}', n, 2) || ' ' || n
  FROM generate_series(1, greatest(:parts / 2000, 5)) n;
INSERT INTO mjc.boiler_model (boiler_model_id, manufacturer_id, range_id, name, series)
SELECT bench.id(n, 5), r.manufacturer_id, r.range_id, r.name || ' ' || bench.word('{F,C,V,E}', n, 3) || (20 + n % 16) || '-' || n, r.name
  FROM generate_series(1, :parts / 100) n JOIN mjc.boiler_range r ON r.range_id = bench.id(1 + n % greatest(:parts / 2000, 5), 4);
INSERT INTO mjc.boiler_variant (variant_id, boiler_model_id, name, power_w, gas)
SELECT bench.id(n * 2 + v, 6), bench.id(n, 5), CASE v WHEN 0 THEN '24 kW' ELSE '28 kW' END, 24000 + v * 4000, CASE v WHEN 0 THEN '{G20}' ELSE '{G20,G31}' END::text[]
  FROM generate_series(1, :parts / 100) n CROSS JOIN generate_series(0, 1) v;

SELECT clock_timestamp() AS started \gset
INSERT INTO mjc.product (product_id, slug, sku, ean, manufacturer_ref, category_id, manufacturer_id, kind_id, name, name_ar, name_en, description, price_centimes, sale_price_centimes, cost_centimes, created_at)
SELECT bench.id(p.n, 7), 'part-' || p.n, 'MJ-' || lpad(p.n::text, 7, '0'), (2000000000000 + p.n)::text, bench.written(p.n),
       bench.id(11 + bench.chance(p.n, 4, 60), 2), bench.id(b.n, 3), bench.id(k.n, 1),
       k.fr || ' ' || b.name || ' ' || bench.word('{Thema,Vitodens,Isofast,Eco,Luna,Ciao,Divatop,Victrix,Cerapur,Turbotec}', p.n, 5) || ' ' || (20 + p.n % 16) || ' kW',
       CASE WHEN p.n % 2 = 0 THEN k.ar || ' ' || b.name END, CASE WHEN p.n % 3 = 0 THEN k.en || ' ' || b.name END,
       k.fr || ' d''origine, livrée avec ' || bench.word('{son joint,ses vis,sa notice,son câble,son support}', p.n, 6) || '. Réf. fabricant ' || bench.written(p.n) || '. Pose à confier à un professionnel.',
       (500 + bench.chance(p.n, 7, 60000)) * 100::bigint, CASE WHEN p.n % 10 = 0 THEN 45000 END, 30000, timestamptz '2026-01-01' - p.n * interval '1 minute'
  FROM generate_series(1, :parts::bigint) p (n)
  JOIN bench.brand b ON b.n = 1 + bench.chance(p.n, 8, 20)
  JOIN bench.kind k ON k.n = 1 + bench.chance(p.n, 9, 200);
INSERT INTO mjc.cross_reference (product_id, cross_reference_id, kind, brand, number)
SELECT bench.id(n, 7), bench.id(n * 4 + x, 8), (ARRAY['OEM', 'COMPETITOR', 'OLD_OEM'])[x], bench.word('{Honeywell,Sit,Grundfos,Wilo,Zilmet,Siemens}', n, 10 + x),
       (ARRAY['V' || bench.digits(n * 3 + 1), 'KX ' || bench.digits(n * 5 + 2), 'A' || bench.digits(n * 11 + 3)])[x]
  FROM generate_series(1, :parts::bigint) n CROSS JOIN generate_series(1, 3) x
 WHERE x < 3 OR n % 10 = 0;
INSERT INTO mjc.supersession (product_id, relation) SELECT bench.id(n, 7), 'ONE' FROM generate_series(1, :parts::bigint - 8) n WHERE n % 50 = 0 OR n % 5000 BETWEEN 100 AND 107;
INSERT INTO mjc.supersession_part (product_id, successor_id) SELECT s.product_id, bench.id(n + 1, 7) FROM generate_series(1, :parts::bigint - 8) n JOIN mjc.supersession s ON s.product_id = bench.id(n, 7);
INSERT INTO mjc.fitment (product_id, boiler_model_id, fits, qty, note)
SELECT bench.id(n, 7), bench.id(1 + (bench.chance(n, 20, :parts / 100) + x * 37) % (:parts / 100), 5), NOT (n % 100 = 1 AND x = 0), 1, CASE WHEN n % 7 = 0 THEN 'Avec joint neuf.' END
  FROM generate_series(1, :parts::bigint) n CROSS JOIN generate_series(0, 9) x;
INSERT INTO bench.took SELECT 'rows', extract(epoch FROM clock_timestamp() - :'started');
ANALYZE;
SELECT clock_timestamp() AS started \gset
SELECT count(mjc.stock_receive(bench.id(n, 7), 1 + bench.chance(n, 30, 20))) FROM generate_series(1, :parts::bigint) n WHERE n % 10 < 3 \g /dev/null
INSERT INTO bench.took SELECT 'stock', extract(epoch FROM clock_timestamp() - :'started');
-- As the job does.
SELECT sum(mjc.stock_flip_fold(1000)) FROM generate_series(1, :parts / 1000 + 1) \g /dev/null

-- What is derived, as an import has it made: a thousand parts a transaction.
SELECT clock_timestamp() AS started \gset
DO $$
DECLARE
    parts bigint := (SELECT count(*) FROM mjc.product);
BEGIN
    FOR block IN 0 .. (parts - 1) / 1000 LOOP
        PERFORM mjc.product_changed(ARRAY(SELECT bench.id(n, 7) FROM generate_series(block * 1000 + 1, least(block * 1000 + 1000, parts)) n));
        COMMIT;
    END LOOP;
END
$$;
INSERT INTO bench.took SELECT 'derived', extract(epoch FROM clock_timestamp() - :'started');
-- As the jobs do.
SELECT sum(mjc.catalogue_fold(20000)) FROM generate_series(1, 1 + :parts / 10000) \g /dev/null
SELECT sum(mjc.facet_fold(20000)) FROM generate_series(1, 1 + :parts / 10000) \g /dev/null
UPDATE mjc.job SET last_ok_at = now(), last_rows = mjc.catalogue_fill() WHERE name = 'catalogue_fill';
SELECT clock_timestamp() AS started \gset
SELECT mjc.search_name_refresh() \g /dev/null
INSERT INTO bench.took SELECT 'names', extract(epoch FROM clock_timestamp() - :'started');
SELECT clock_timestamp() AS started \gset
DO $$
BEGIN
    WHILE mjc.search_word_count(100) > 0 LOOP
        COMMIT;
    END LOOP;
END
$$;
INSERT INTO bench.took SELECT 'words', extract(epoch FROM clock_timestamp() - :'started');

-- What is asked for, two thousand times. A part that was replaced is asked for by its old number.
CREATE TABLE bench.query AS
SELECT q AS n, p.product_id, translate(bench.written(x.part), '- ', './') AS exact, bench.written(x.old) AS old, left(mjc.part_number_key(bench.written(x.part)), 6) AS prefix,
       overlay(bench.digits(x.part) PLACING ((substr(bench.digits(x.part), 4, 1)::integer + 5) % 10)::text FROM 4 FOR 1) AS wrong_number,
       overlay(k.fr PLACING '' FROM 4 FOR 1) || ' ' || m.name AS wrong_word, k.fr || ' ' || m.name AS french, k.ar || ' ' || m.name AS arabic, k.en || ' ' || m.name AS english, b.boiler_model_id::text AS model,
       b.name || ' ' || k.fr AS model_word, c.slug AS category, m.slug AS manufacturer
  FROM generate_series(1, 2000) q
 CROSS JOIN LATERAL (SELECT 1 + bench.chance(q, 40, :parts) AS part, 50 * (1 + bench.chance(q, 41, :parts / 50 - 1)) AS old) x
  JOIN mjc.product p ON p.product_id = bench.id(x.part, 7)
  JOIN bench.kind k ON bench.id(k.n, 1) = p.kind_id
  JOIN mjc.manufacturer m ON m.manufacturer_id = p.manufacturer_id
  JOIN mjc.category c ON c.category_id = p.category_id
  JOIN mjc.boiler_model b ON b.boiler_model_id = (SELECT f.boiler_model_id FROM mjc.fitment f WHERE f.product_id = p.product_id AND f.fits ORDER BY f.fitment_id LIMIT 1);
ALTER TABLE bench.query ADD PRIMARY KEY (n);
CREATE ROLE web LOGIN;
GRANT mjc_shim TO web;
GRANT USAGE ON SCHEMA bench TO web;
GRANT SELECT ON bench.query TO web;
VACUUM ANALYZE;
CHECKPOINT;
