-- words: an amount in words, French and Arabic.
BEGIN;
SELECT plan(139);

-- French, whole dinars
SELECT is(mjc.amount_in_words(d * 100, 'fr'), w, format('fr %s', d))
  FROM (VALUES
    (0::bigint, 'zéro dinar algérien'), (1, 'un dinar algérien'), (2, 'deux dinars algériens'), (10, 'dix dinars algériens'),
    (11, 'onze dinars algériens'), (16, 'seize dinars algériens'), (17, 'dix-sept dinars algériens'), (19, 'dix-neuf dinars algériens'),
    (20, 'vingt dinars algériens'), (21, 'vingt et un dinars algériens'), (22, 'vingt-deux dinars algériens'),
    (30, 'trente dinars algériens'), (31, 'trente et un dinars algériens'), (45, 'quarante-cinq dinars algériens'),
    (51, 'cinquante et un dinars algériens'), (60, 'soixante dinars algériens'), (61, 'soixante et un dinars algériens'),
    (69, 'soixante-neuf dinars algériens'), (70, 'soixante-dix dinars algériens'), (71, 'soixante et onze dinars algériens'),
    (72, 'soixante-douze dinars algériens'), (79, 'soixante-dix-neuf dinars algériens'), (80, 'quatre-vingts dinars algériens'),
    (81, 'quatre-vingt-un dinars algériens'), (89, 'quatre-vingt-neuf dinars algériens'), (90, 'quatre-vingt-dix dinars algériens'),
    (91, 'quatre-vingt-onze dinars algériens'), (99, 'quatre-vingt-dix-neuf dinars algériens'), (100, 'cent dinars algériens'),
    (101, 'cent un dinars algériens'), (180, 'cent quatre-vingts dinars algériens'), (200, 'deux cents dinars algériens'),
    (201, 'deux cent un dinars algériens'), (280, 'deux cent quatre-vingts dinars algériens'), (300, 'trois cents dinars algériens'),
    (999, 'neuf cent quatre-vingt-dix-neuf dinars algériens'), (1000, 'mille dinars algériens'), (1001, 'mille un dinars algériens'),
    (1100, 'mille cent dinars algériens'), (2000, 'deux mille dinars algériens'), (21000, 'vingt et un mille dinars algériens'),
    (71000, 'soixante et onze mille dinars algériens'), (80000, 'quatre-vingt mille dinars algériens'),
    (100000, 'cent mille dinars algériens'), (200000, 'deux cent mille dinars algériens'),
    (280200, 'deux cent quatre-vingt mille deux cents dinars algériens'), (1000000, 'un million de dinars algériens'),
    (1000001, 'un million un dinars algériens'), (2000000, 'deux millions de dinars algériens'),
    (1200000, 'un million deux cent mille dinars algériens'), (80000000, 'quatre-vingts millions de dinars algériens'),
    (200000000, 'deux cents millions de dinars algériens'), (1000000000, 'un milliard de dinars algériens'),
    (1001000000, 'un milliard un million de dinars algériens'), (80000000080, 'quatre-vingts milliards quatre-vingts dinars algériens'),
    (100000000000, 'cent milliards de dinars algériens')) v (d, w);

-- French, centimes
SELECT is(mjc.amount_in_words(c, 'fr'), w, format('fr %s centimes', c))
  FROM (VALUES
    (1::bigint, 'zéro dinar algérien et un centime'), (50, 'zéro dinar algérien et cinquante centimes'),
    (99, 'zéro dinar algérien et quatre-vingt-dix-neuf centimes'), (101, 'un dinar algérien et un centime'),
    (280, 'deux dinars algériens et quatre-vingts centimes'), (123450, 'mille deux cent trente-quatre dinars algériens et cinquante centimes'),
    (100000099, 'un million de dinars algériens et quatre-vingt-dix-neuf centimes'),
    (9999999999999, 'quatre-vingt-dix-neuf milliards neuf cent quatre-vingt-dix-neuf millions neuf cent quatre-vingt-dix-neuf mille neuf cent quatre-vingt-dix-neuf dinars algériens et quatre-vingt-dix-neuf centimes')) v (c, w);

-- Arabic, whole dinars
SELECT is(mjc.amount_in_words(d * 100, 'ar'), w, format('ar %s', d))
  FROM (VALUES
    (0::bigint, 'صفر دينار جزائري'), (1, 'دينار جزائري'), (2, 'ديناران جزائريان'), (3, 'ثلاثة دنانير جزائرية'), (8, 'ثمانية دنانير جزائرية'),
    (10, 'عشرة دنانير جزائرية'), (11, 'أحد عشر ديناراً جزائرياً'), (12, 'اثنا عشر ديناراً جزائرياً'), (13, 'ثلاثة عشر ديناراً جزائرياً'),
    (20, 'عشرون ديناراً جزائرياً'), (21, 'واحد وعشرون ديناراً جزائرياً'), (22, 'اثنان وعشرون ديناراً جزائرياً'),
    (99, 'تسعة وتسعون ديناراً جزائرياً'), (100, 'مائة دينار جزائري'), (101, 'مائة دينار جزائري ودينار جزائري'),
    (102, 'مائة دينار جزائري وديناران جزائريان'), (103, 'مائة وثلاثة دنانير جزائرية'), (111, 'مائة وأحد عشر ديناراً جزائرياً'),
    (200, 'مائتا دينار جزائري'), (201, 'مائتا دينار جزائري ودينار جزائري'), (250, 'مائتان وخمسون ديناراً جزائرياً'),
    (300, 'ثلاثمائة دينار جزائري'), (800, 'ثمانمائة دينار جزائري'), (1000, 'ألف دينار جزائري'), (1001, 'ألف دينار جزائري ودينار جزائري'),
    (1200, 'ألف ومائتا دينار جزائري'), (1234, 'ألف ومائتان وأربعة وثلاثون ديناراً جزائرياً'), (2000, 'ألفا دينار جزائري'),
    (2002, 'ألفا دينار جزائري وديناران جزائريان'), (2500, 'ألفان وخمسمائة دينار جزائري'), (3000, 'ثلاثة آلاف دينار جزائري'),
    (11000, 'أحد عشر ألف دينار جزائري'), (11500, 'أحد عشر ألفاً وخمسمائة دينار جزائري'), (100000, 'مائة ألف دينار جزائري'),
    (101000, 'مائة ألف وألف دينار جزائري'), (102000, 'مائة ألف وألفا دينار جزائري'), (105000, 'مائة وخمسة آلاف دينار جزائري'),
    (200000, 'مائتا ألف دينار جزائري'), (1000000, 'مليون دينار جزائري'), (2000000, 'مليونا دينار جزائري'),
    (2000500, 'مليونان وخمسمائة دينار جزائري'), (3000000, 'ثلاثة ملايين دينار جزائري'), (12000000, 'اثنا عشر مليون دينار جزائري'),
    (25300000, 'خمسة وعشرون مليوناً وثلاثمائة ألف دينار جزائري'), (1000000000, 'مليار دينار جزائري'), (2000000000, 'مليارا دينار جزائري'),
    (4000000000, 'أربعة مليارات دينار جزائري'), (100000000000, 'مائة مليار دينار جزائري')) v (d, w);

-- Arabic, centimes
SELECT is(mjc.amount_in_words(c, 'ar'), w, format('ar %s centimes', c))
  FROM (VALUES
    (1::bigint, 'صفر دينار جزائري وسنتيم'), (50, 'صفر دينار جزائري وخمسون سنتيماً'), (102, 'دينار جزائري وسنتيمان'),
    (305, 'ثلاثة دنانير جزائرية وخمسة سنتيمات'), (10011, 'مائة دينار جزائري وأحد عشر سنتيماً'),
    (200099, 'ألفا دينار جزائري وتسعة وتسعون سنتيماً')) v (c, w);

-- Errors
SELECT throws_ok(format('SELECT mjc.amount_in_words(%s, %L)', c, l), 'MJ201', NULL, format('%s in %s is out of range', c, l))
  FROM unnest(ARRAY[-1, 10000000000001, 9223372036854775807, -9223372036854775807]) c, unnest(ARRAY['fr', 'ar']) l;
SELECT throws_ok(format('SELECT mjc.amount_in_words(1, %L)', l), 'MJ010', 'argument "lang" is not valid', format('language "%s"', l))
  FROM unnest(ARRAY['', 'en', 'FR', 'fr ', 'fra']) l;
SELECT throws_ok('SELECT mjc.amount_in_words(NULL, $$fr$$)', 'MJ003', 'argument "centimes" must not be null', 'no amount');
SELECT throws_ok('SELECT mjc.amount_in_words(1, NULL)', 'MJ003', 'argument "lang" must not be null', 'no language');

-- Of any amounts: no two the same text, and no blank too many
CREATE TEMP TABLE said AS
  SELECT c, l, mjc.amount_in_words(c, l) AS w
    FROM (SELECT n::bigint AS c FROM generate_series(0, 20000) n
          UNION SELECT n * 100::bigint FROM generate_series(0, 20000) n
          UNION SELECT (a * 1000000000 + b * 1000000 + e * 1000 + f) * 100
                  FROM unnest(ARRAY[0, 1, 2, 3, 11, 99]::bigint[]) a, unnest(ARRAY[0, 1, 2, 3, 11, 100, 101, 102, 200, 202]::bigint[]) b,
                       unnest(ARRAY[0, 1, 2, 3, 11, 100, 101, 102, 200, 202]::bigint[]) e, unnest(ARRAY[0, 1, 2, 3, 11, 100, 101, 102, 200, 202]::bigint[]) f
          UNION SELECT floor(10 ^ (random() * 13))::bigint FROM generate_series(1, 20000)) x, unnest(ARRAY['fr', 'ar']) l;
SELECT is(count(DISTINCT w), count(*), format('%s: different amounts, different texts', l)) FROM said GROUP BY l ORDER BY l;
SELECT is_empty($$SELECT c, l, w FROM said WHERE w ~ '  ' OR w <> btrim(w) OR w = ''$$, 'single blanks, none outside');
SELECT is_empty($$SELECT c, w FROM said WHERE l = 'fr' AND w !~ '^[a-zé -]+$'$$, 'French: small letters, blanks and hyphens');
SELECT is_empty($$SELECT c, w FROM said WHERE l = 'ar' AND w !~ '^[ء-ً ]+$'$$, 'Arabic: Arabic letters and blanks');
SELECT volatility_is('mjc', 'amount_in_words', ARRAY['bigint', 'text'], 'immutable', 'the same words always');

SELECT * FROM finish();
ROLLBACK;
