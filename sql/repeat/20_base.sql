-- Rows that the rules need. What the owner changed stays: only descriptions,
-- units and ranges are brought up to date.

INSERT INTO mjc.setting (name, kind, integer_value, text_value, min_value, max_value, unit, description)
VALUES
    ('analytics_retention_months', 'integer', 25, NULL, 1, 240, 'months', 'Time for which the shop remembers what visitors did on its pages, in whole months before this one'),
    ('backorder_days_default', 'integer', 14, NULL, 0, 3650, 'days', 'Days after which units promised beyond the stock are there, when no delivery is expected and the product says nothing else'),
    ('cart_days', 'integer', 30, NULL, 1, 3650, 'days', 'Time after its last change for which a guest''s cart is kept; a customer''s is kept twelve times as long'),
    ('currency', 'text', NULL, 'DZD', NULL, NULL, NULL, 'Currency of all amounts; always DZD'),
    ('dead_stock_days', 'integer', 180, NULL, 1, 36500, 'days', 'Time without a sale after which stock counts as dead'),
    ('default_tax_bp', 'integer', 1900, NULL, 0, 10000, 'basis points', 'TVA rate that the shop shows as its own (taxRate); each product has its rate'),
    ('delivery_days_default', 'integer', 5, NULL, 0, 60, 'days', 'Days until a parcel arrives in a place that is no known wilaya'),
    ('file_origins', 'text', NULL, 'http://localhost:3001', 0, 1000, NULL, 'Addresses under which the shop serves its files, with blanks between them (https://www.example.dz https://api.example.dz/api): cut off the addresses of images that forms send back'),
    ('free_shipping_threshold_centimes', 'integer', 5000000, NULL, 0, 1000000000000, 'centimes', 'Subtotal from which home delivery is free; 0 = never'),
    ('guest_open_orders_max', 'integer', 25, NULL, 1, 100000, 'orders', 'Orders under way that one phone may have without an account'),
    ('guest_order_units_max', 'integer', 500, NULL, 1, 50000, 'units', 'Units in one order without an account'),
    ('hold_minutes', 'integer', 30, NULL, 1, 43200, 'minutes', 'Time for which mjc.stock_reserve holds units when it is not told'),
    ('invoice_party_years', 'integer', 10, NULL, 10, 100, 'years', 'Time for which invoices keep the name of their buyer; the commercial code asks for ten years'),
    ('order_reference_mode', 'text', NULL, 'plain', NULL, NULL, NULL, 'plain or scrambled; taken over when the first order of a year is placed'),
    ('outbox_tries_max', 'integer', 10, NULL, 1, 1000, 'tries', 'Deliveries of a message that may fail before it is parked'),
    ('personal_access_days', 'integer', 1095, NULL, 30, 36500, 'days', 'Time for which the shop remembers who read personal data'),
    ('seller_activity', 'text', NULL, '', 0, 200, NULL, 'What the seller does, as on documents'),
    ('seller_address', 'text', NULL, '', 0, 300, NULL, 'Address of the seller, as on documents'),
    ('seller_ai', 'text', NULL, '', 0, 40, NULL, 'Article d''imposition of the seller'),
    ('seller_bank', 'text', NULL, '', 0, 100, NULL, 'Bank account of the seller, as on documents'),
    ('seller_capital', 'text', NULL, '', 0, 40, NULL, 'Registered capital of the seller, for companies'),
    ('seller_email', 'text', NULL, '', 0, 200, NULL, 'E-mail of the seller, as on documents'),
    ('seller_legal_form', 'text', NULL, '', 0, 60, NULL, 'Legal form of the seller, as on documents: SARL, EURL, commerçant'),
    ('seller_name', 'text', NULL, 'MJ Chauffage', 1, 100, NULL, 'Name of the seller, as on documents'),
    ('seller_nif', 'text', NULL, '', 0, 40, NULL, 'Numéro d''identification fiscale of the seller'),
    ('seller_nis', 'text', NULL, '', 0, 40, NULL, 'Numéro d''identification statistique of the seller'),
    ('seller_phone', 'text', NULL, '', 0, 40, NULL, 'Phone of the seller, as on documents'),
    ('seller_rc', 'text', NULL, '', 0, 40, NULL, 'Registre du commerce of the seller'),
    ('shipping_carrier', 'text', NULL, 'standard', NULL, NULL, NULL, 'Carrier whose zones the shipping tariff goes by (mjc.carrier_zone)'),
    ('shipping_tax_bp', 'integer', 1900, NULL, 0, 10000, 'basis points', 'TVA contained in what is charged for shipping'),
    ('sign_in_failures_per_minute', 'integer', 5, NULL, 1, 1000, 'attempts', 'Failed sign-ins that an account forgives in a minute, and has at once'),
    ('site_name', 'text', NULL, 'MJ CHAUFFAGE', 1, 100, NULL, 'Name of the shop'),
    ('unpaid_order_minutes', 'integer', 60, NULL, 5, 10080, 'minutes', 'Time in which an order that is paid online must be paid before it is cancelled'),
    ('unconfirmed_order_hours', 'integer', 72, NULL, 1, 8760, 'hours', 'Time in which a cash-on-delivery order must be confirmed before it is cancelled')
ON CONFLICT (name) DO UPDATE
    SET min_value = EXCLUDED.min_value, max_value = EXCLUDED.max_value, unit = EXCLUDED.unit, description = EXCLUDED.description;

INSERT INTO mjc.setting (name, kind, boolean_value, description)
VALUES ('maintenance_mode', 'boolean', false, 'The shop is closed for visitors and customers; staff go on'),
       ('reviews_moderated', 'boolean', true, 'Reviews of customers wait until staff publish them'),
       ('stamp_duty_charged', 'boolean', true, 'Stamp duty is added to orders paid in cash, as a line of its own')
ON CONFLICT (name) DO UPDATE
    SET description = EXCLUDED.description;

INSERT INTO mjc.job (name, every)
VALUES
    ('analyst_limit', interval '10 seconds'),
    ('audit_seal', interval '30 seconds'),
    ('cart_purge', interval '10 minutes'),
    ('catalogue_fold', interval '1 minute'),
    ('catalogue_fill', interval '10 minutes'),
    ('event_partition', interval '1 hour'),
    ('event_purge', interval '1 hour'),
    ('http_fold', interval '10 minutes'),
    ('idempotency_purge', interval '10 minutes'),
    ('import_purge', interval '10 minutes'),
    ('import_run', interval '1 millisecond'),
    ('invariants', interval '1 minute'),
    ('invoice_issue', interval '1 minute'),
    ('invoice_party_purge', interval '1 hour'),
    ('order_expire', interval '1 minute'),
    ('outbox_purge', interval '1 hour'),
    ('personal_access_purge', interval '1 hour'),
    ('product_count', interval '1 hour'),
    ('provider_event', interval '1 millisecond'),
    ('provider_event_purge', interval '1 hour'),
    ('sale_fold', interval '5 seconds'),
    ('search_name', interval '1 minute'),
    ('search_popularity', interval '1 hour'),
    ('search_word_count', interval '1 minute'),
    ('session_purge', interval '1 hour'),
    ('stock_expire', interval '1 minute'),
    ('stock_flip', interval '5 seconds'),
    ('webhook_purge', interval '1 hour')
ON CONFLICT (name) DO NOTHING;

-- Visitors are counted from the first minute.
SELECT mjc.partition_ahead();

INSERT INTO mjc.location (location_id, code, name)
VALUES (1, 'main', 'Magasin principal')
ON CONFLICT (location_id) DO NOTHING;

INSERT INTO mjc.payment_method (method, name_fr, name_ar, description, is_enabled, is_default, is_cash, provider, sort_order)
VALUES ('CASH_ON_DELIVERY', 'Paiement à la livraison', 'الدفع عند الاستلام', 'Payez en espèces à la réception de votre colis', true, true, true, 'cod', 0),
       ('DAHABIA_CARD', 'Carte EDAHABIA', 'بطاقة الذهبية', 'Payez en ligne avec votre carte EDAHABIA', false, false, false, 'chargily', 1),
       ('CIB_CARD', 'Carte CIB', 'بطاقة CIB', 'Payez en ligne avec votre carte CIB', false, false, false, 'chargily', 2),
       ('BANK_CARD', 'Carte bancaire internationale', 'بطاقة بنكية دولية', 'Payez en ligne par Visa ou Mastercard', false, false, false, 'stripe', 3),
       ('BANK_TRANSFER', 'Virement bancaire', 'تحويل بنكي', 'Payez par virement ; la commande part quand il est arrivé', false, false, false, 'bank', 4)
ON CONFLICT (method) DO NOTHING;

-- Places that are no known wilaya pay 600 DZD (contract 4.3).
INSERT INTO mjc.shipping_tariff (tariff_id, place_code, delivery_mode, amount_centimes, validity)
SELECT gen_random_uuid(), '*', 'home', 60000, '[1900-01-01,)'
 WHERE NOT EXISTS (SELECT FROM mjc.shipping_tariff t WHERE t.place_code = '*' AND t.delivery_mode = 'home');

INSERT INTO mjc.customer_group (customer_group, name_fr, name_ar, sort_order)
VALUES ('retail', 'Particulier', 'زبون عادي', 1),
       ('technician', 'Technicien', 'تقني', 2),
       ('b2b', 'Professionnel', 'مهني', 3)
ON CONFLICT (customer_group) DO NOTHING;

INSERT INTO mjc.pricing_version (singleton, version)
VALUES (true, gen_random_uuid())
ON CONFLICT (singleton) DO NOTHING;

-- Version 1 of what the shop asks; the owner's lawyer writes the next (mjc.consent_text_set).
INSERT INTO mjc.consent_text (purpose, version, lang, body)
VALUES ('terms', 1, 'fr', 'J''ai lu les conditions de vente de la boutique et je les accepte : prix en dinars toutes taxes comprises, frais et délais de livraison affichés avant la commande, paiement à la livraison, garantie légale, retour sous quatre jours ouvrables d''un article défectueux, non conforme ou livré en retard.'),
       ('terms', 1, 'ar', 'قرأت شروط البيع وأقبلها: الأسعار بالدينار شاملة لجميع الرسوم، ومصاريف التوصيل وآجاله معروضة قبل الطلب، والدفع عند الاستلام، والضمان القانوني، وإرجاع المنتج المعيب أو غير المطابق أو المتأخر خلال أربعة أيام عمل.'),
       ('privacy', 1, 'fr', 'Mes nom, téléphone et adresse servent à préparer, livrer et facturer mes commandes ; ils ne sont ni vendus ni utilisés à autre chose. Je peux les consulter, les corriger, en obtenir une copie et demander leur effacement ; les pièces comptables sont conservées sans mon identité pendant la durée fixée par la loi.'),
       ('privacy', 1, 'ar', 'يُستعمل اسمي وهاتفي وعنواني لتحضير طلبياتي وتوصيلها وفوترتها، ولا تُباع ولا تُستعمل لغرض آخر. يمكنني الاطلاع عليها وتصحيحها والحصول على نسخة منها وطلب محوها، وتُحفظ الوثائق المحاسبية دون هويتي للمدة التي يحددها القانون.'),
       ('marketing', 1, 'fr', 'J''accepte de recevoir les offres et nouveautés de la boutique par e-mail ou par téléphone. Je peux changer d''avis à tout moment depuis mon compte ; mes commandes n''en dépendent pas.'),
       ('marketing', 1, 'ar', 'أوافق على تلقي عروض المتجر وجديده عبر البريد الإلكتروني أو الهاتف. يمكنني تغيير رأيي في أي وقت من حسابي، ولا تتوقف طلبياتي على ذلك.')
ON CONFLICT (purpose, version, lang) DO NOTHING;

-- Droit de timbre de quittance (code du timbre, art. 100): 1 DZD for each 100 DZD begun, at least
-- 5, at most 2 500 before 2023 and 10 000 from then on; since the finance law of 2025 no cap, nothing
-- up to 300 DZD, and a rate by the bracket of the whole amount.
INSERT INTO mjc.stamp_duty_bracket (valid_from_on, above_centimes, step_centimes, per_step_centimes, floor_centimes, cap_centimes, is_whole)
VALUES ('1900-01-01', 0, 10000, 100, 500, 250000, true),
       ('2023-01-01', 0, 10000, 100, 500, 1000000, true),
       ('2025-01-01', 0, 10000, 0, 0, NULL, true),
       ('2025-01-01', 30000, 10000, 100, 500, NULL, true),
       ('2025-01-01', 3000000, 10000, 150, 500, NULL, true),
       ('2025-01-01', 10000000, 10000, 200, 500, NULL, true)
ON CONFLICT (valid_from_on, above_centimes) DO NOTHING;

-- The words of Yalidine. What the owner changed (mjc.carrier_status_set) stays.
INSERT INTO mjc.carrier_status (carrier, word, status, step)
VALUES ('yalidine', 'pas encore expedie', 'preparing', NULL),
       ('yalidine', 'a verifier', 'preparing', NULL),
       ('yalidine', 'en preparation', 'preparing', NULL),
       ('yalidine', 'pas encore ramasse', 'preparing', NULL),
       ('yalidine', 'pret a expedier', 'preparing', NULL),
       ('yalidine', 'ramasse', 'collected', NULL),
       ('yalidine', 'expedie', 'collected', NULL),
       ('yalidine', 'transfert', 'in_transit', NULL),
       ('yalidine', 'en transit', 'in_transit', NULL),
       ('yalidine', 'vers wilaya', 'in_transit', NULL),
       ('yalidine', 'centre', 'at_hub', NULL),
       ('yalidine', 'en localisation', 'at_hub', NULL),
       ('yalidine', 'recu a wilaya', 'at_hub', NULL),
       ('yalidine', 'pret pour livreur', 'at_hub', NULL),
       ('yalidine', 'sorti en livraison', 'out_for_delivery', NULL),
       ('yalidine', 'en attente du client', 'waiting_customer', NULL),
       ('yalidine', 'en attente', 'waiting_customer', NULL),
       ('yalidine', 'au stop desk', 'at_stop_desk', NULL),
       ('yalidine', 'tentative echouee', 'attempt_failed', NULL),
       ('yalidine', 'bloque', 'on_hold', NULL),
       ('yalidine', 'debloque', 'in_transit', NULL),
       ('yalidine', 'en alerte', 'on_hold', NULL),
       ('yalidine', 'livre', 'delivered', 'deliver'),
       ('yalidine', 'echec livraison', 'failed', 'refuse'),
       ('yalidine', 'echange echoue', 'failed', NULL),
       ('yalidine', 'retour vers centre', 'returning', NULL),
       ('yalidine', 'retourne au centre', 'returning', NULL),
       ('yalidine', 'retour transfert', 'returning', NULL),
       ('yalidine', 'retour groupe', 'returning', NULL),
       ('yalidine', 'retour vers vendeur', 'returning', NULL),
       ('yalidine', 'retour a retirer', 'returned', 'back'),
       ('yalidine', 'retourne au vendeur', 'returned', 'back')
ON CONFLICT (carrier, word) DO NOTHING;

-- Words for the same thing in French, Arabic and English, and brands in Arabic letters, as people type
-- them. What staff decided (mjc.search_alias_set) stays. The last ones are to be confirmed by
-- somebody of the trade: they may be words of books or of another country.
INSERT INTO mjc.search_alias (alias, word)
SELECT DISTINCT mjc.search_fold(a.alias), mjc.search_fold(v.word)
  FROM (VALUES
    ('viessmann', '{فيسمان,فايسمان}'),
    ('saunier duval', '{سونيي دوفال,سونيه دوفال,سونير دوفال,سوني دوفال}'),
    ('chaffoteaux', '{شافوتو,chaffoteau,chaffoteaux et maury}'),
    ('ariston', '{أريستون,اريسطون}'),
    ('baxi', '{باكسي}'),
    ('beretta', '{بيريتا,بريتا}'),
    ('ferroli', '{فيرولي}'),
    ('immergas', '{إيمرغاس,إيميرغاز,ايمرجاس}'),
    ('junkers', '{يونكرز,جنكرز,bosch junkers}'),
    ('bosch', '{بوش}'),
    ('de dietrich', '{دي ديتريش,دو ديتريش}'),
    ('riello', '{رييلو,ريلو}'),
    ('vaillant', '{فايلانت,فيلانت}'),
    ('chappee', '{شابي}'),
    ('honeywell', '{هانيويل}'),
    ('grundfos', '{غروندفوس,جروندفوس}'),
    ('wilo', '{ويلو}'),
    ('elm leblanc', '{e l m leblanc}'),
    ('chaudière', '{boiler,غلاية}'),
    ('chaudière murale', '{wall hung boiler,wall mounted boiler,غلاية جدارية}'),
    ('chauffage', '{heating,تدفئة}'),
    ('chauffage central', '{central heating,تدفئة مركزية}'),
    ('chauffe eau', '{water heater,سخان ماء,سخان,chauffe bain}'),
    ('électrode', '{قطب,إلكترود,الكترود,أقطاب}'),
    ('électrode d''allumage', '{ignition electrode,spark electrode,قطب الإشعال,أقطاب الإشعال}'),
    ('allumage', '{ignition,إشعال}'),
    ('électrode d''ionisation', '{ionization electrode,flame sensor,flame electrode,قطب التأين}'),
    ('ionisation', '{ionization,تأين}'),
    ('brûleur', '{burner,حارق,حارقات}'),
    ('vanne', '{valve,صمام,صمامات}'),
    ('vanne gaz', '{gas valve,صمام الغاز,bloc gaz,mécanisme gaz}'),
    ('vanne 3 voies', '{3 way valve,three way valve,vanne trois voies,صمام ثلاثي,صمام ثلاثي الاتجاهات}'),
    ('pompe', '{pump,مضخة,مضخات}'),
    ('circulateur', '{circulator,pompe de circulation,circulation pump,مضخة الدوران}'),
    ('carte électronique', '{circuit board,control board,electronic board,pcb,platine,carte mère,بطاقة إلكترونية,لوحة إلكترونية,البطاقة الالكترونية}'),
    ('carte', '{board,بطاقة,لوحة}'),
    ('électronique', '{electronic,إلكترونية,إلكتروني}'),
    ('sonde', '{sensor,probe,مجس,حساس}'),
    ('capteur', '{sensor,حساس}'),
    ('sonde de température', '{temperature sensor,حساس الحرارة,مجس الحرارة}'),
    ('température', '{temperature,حرارة}'),
    ('thermostat', '{ترموستات,منظم الحرارة}'),
    ('ventilateur', '{fan,مروحة}'),
    ('extracteur', '{fan,exhaust fan}'),
    ('échangeur', '{heat exchanger,exchanger,مبادل,مبادل حراري}'),
    ('échangeur à plaques', '{plate heat exchanger,plate exchanger,مبادل صفائحي}'),
    ('échangeur sanitaire', '{dhw heat exchanger,secondary heat exchanger}'),
    ('pressostat', '{pressure switch,مفتاح الضغط}'),
    ('manomètre', '{pressure gauge,gauge,مقياس الضغط,مانومتر}'),
    ('pression', '{pressure,ضغط}'),
    ('vase d''expansion', '{expansion vessel,expansion tank,خزان التمدد,وعاء التمدد}'),
    ('soupape', '{relief valve,صمام الأمان}'),
    ('soupape de sécurité', '{safety valve,safety relief valve,صمام أمان}'),
    ('joint', '{gasket,seal,o ring,جوان}'),
    ('radiateur', '{radiator,رادياتور}'),
    ('robinet', '{tap,cock,حنفية}'),
    ('filtre', '{filter,فلتر,مصفاة}'),
    ('débitmètre', '{flow meter,مقياس التدفق}'),
    ('détecteur de débit', '{flow switch,flow sensor,حساس التدفق}'),
    ('purgeur', '{air vent}'),
    ('injecteur', '{injector,nozzle,حاقن}'),
    ('gicleur', '{nozzle,jet,رشاش}'),
    ('thermocouple', '{ترموكوبل}'),
    ('veilleuse', '{pilot,pilot light,شعلة}'),
    ('transformateur', '{transformer,محول}'),
    ('moteur', '{motor,محرك}'),
    ('membrane', '{diaphragm,غشاء}'),
    ('bobine', '{coil,solenoid,ملف}'),
    ('câble', '{كابل,سلك,wire,fil}'),
    ('tuyau', '{pipe,أنبوب}'),
    ('flexible', '{hose,خرطوم}'),
    ('fumées', '{flue,دخان}'),
    ('ventouse', '{balanced flue,coaxial flue}'),
    ('corps de chauffe', '{heat cell,heat engine}'),
    ('résistance', '{heating element,مقاومة}'),
    ('thermomètre', '{thermometer,ميزان الحرارة}'),
    ('clapet anti retour', '{check valve,non return valve,صمام عدم الرجوع}'),
    ('afficheur', '{display,écran,شاشة}'),
    ('bouton', '{knob,button,زر}'),
    ('fusible', '{fuse}'),
    ('gaz', '{gas,غاز}'),
    ('eau', '{water,ماء}'),
    ('eau chaude', '{hot water,ماء ساخن}'),
    ('pièce de rechange', '{spare part,قطعة غيار,قطع غيار}'),
    ('fuite', '{leak,تسرب}'),
    ('panne', '{fault,breakdown,عطل}'),
    ('condensats', '{condensate}'),
    ('anode', '{أنود}'),
    ('ballon', '{tank,cylinder,خزان}'),
    -- to be confirmed
    ('chaudière', '{مرجل,سخان مركزي}'),
    ('brûleur', '{محرقة}'),
    ('sonde', '{مسبار}'),
    ('extracteur', '{شفاط}'),
    ('pressostat', '{قاطع الضغط}'),
    ('joint', '{حشية}'),
    ('radiateur', '{مشع}'),
    ('purgeur', '{منفس الهواء}'),
    ('thermocouple', '{مزدوجة حرارية}'),
    ('bobine', '{وشيعة}'),
    ('corps de chauffe', '{جسم التسخين}'),
    ('fusible', '{فاصمة}')) v (word, aliases)
 CROSS JOIN LATERAL unnest(v.aliases::text[]) a (alias)
 WHERE mjc.search_fold(a.alias) <> mjc.search_fold(v.word)
ON CONFLICT (alias, word) DO NOTHING;
