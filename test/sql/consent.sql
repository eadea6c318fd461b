-- consent: texts in versions, answers of customers, both append-only.
BEGIN;
SELECT plan(64);
UPDATE mjc.schema_version SET version = version || '-other';
SELECT throws_ok(s, 'MJ009', NULL, 'another schema version: ' || s)
  FROM unnest(ARRAY['SELECT mjc.consent_text_set(''test'', ''fr'', ''x'')', 'SELECT mjc_api.customer_consent_set(NULL, 0, NULL, NULL, ''terms'', 1, true, ''fr'')']) s;
UPDATE mjc.schema_version SET version = replace(version, '-other', '');
\ir fixture.psql
GRANT USAGE ON SCHEMA tap TO PUBLIC;
SELECT mjc.account_register('consent@example.test', NULL, '{"firstName": "Amina", "lastName": "Test"}') AS amina \gset
SELECT mjc.account_register('consent2@example.test', NULL, '{"firstName": "Karim", "lastName": "Test"}') AS karim \gset

-- Texts of the shop
SELECT set_eq($$SELECT purpose, lang FROM mjc.consent_text WHERE version = 1 AND purpose IN ('terms', 'privacy', 'marketing')$$,
    $$SELECT p, l FROM unnest(ARRAY['terms', 'privacy', 'marketing']) p, unnest(ARRAY['fr', 'ar']) l$$, 'each purpose has a text in French and in Arabic');
SELECT is_empty($$SELECT purpose FROM mjc.consent_text WHERE (lang = 'ar') <> (body ~ '[ء-ي]')$$, 'Arabic ones are Arabic');
SELECT body AS first FROM mjc.consent_text WHERE purpose = 'terms' AND version = 1 AND lang = 'fr' \gset
SELECT is(mjc.consent_text_set('terms', 'fr', E' Ligne 1\nLigne 2 '), 2, 'a new version');
SELECT is((SELECT body FROM mjc.consent_text WHERE purpose = 'terms' AND version = 2 AND lang = 'fr'), E'Ligne 1\nLigne 2', 'of several lines, trimmed');
SELECT is((SELECT body FROM mjc.consent_text WHERE purpose = 'terms' AND version = 1 AND lang = 'fr'), :'first', 'the old one stays as it was shown');
SELECT is(mjc.consent_text_set('terms', 'fr', 'Trois'), 3, 'and another');
SELECT is(mjc.consent_text_set('terms', 'ar', 'اثنان'), 2, 'each language has its own numbers');
SELECT is(mjc.consent_text_set('cookies', 'fr', repeat('x', 20000)), 1, 'a new purpose, the longest text');
SELECT is((SELECT after FROM mjc.audit WHERE action = 'consent_text_set' AND subject_id = 'cookies fr'), '{"version": 1}'::jsonb, 'audited without the text');
SELECT throws_ok(format('SELECT mjc.consent_text_set(%L, %L, %L)', p, l, b), c, NULL, format('refused: %s %s %s', p, l, left(b, 5)))
  FROM (VALUES (NULL, 'fr', 'x', 'MJ003'), ('terms', NULL, 'x', 'MJ003'), ('terms', 'fr', NULL, 'MJ003'), ('terms', 'fr', ' ', 'MJ006'), ('terms', 'fr', repeat('x', 20001), 'MJ006'),
               ('Terms', 'fr', 'x', 'MJ010'), ('t', 'fr', 'x', 'MJ010'), (repeat('t', 41), 'fr', 'x', 'MJ010'), ('a b', 'fr', 'x', 'MJ010'), ('terms', 'en', 'x', 'MJ010'), ('terms', 'FR', 'x', 'MJ010')) v (p, l, b, c);

-- What is shown
SELECT is((SELECT e ->> 'version' FROM json_array_elements(mjc_api.consent_text_list(l) -> 'texts') e WHERE e ->> 'purpose' = 'terms'), v, format('the newest of %s', l))
  FROM (VALUES ('fr', '3'), ('ar', '2'), (NULL, '3')) x (l, v);
UPDATE mjc.consent_text SET valid_from = now() + interval '1 day' WHERE purpose = 'terms' AND version = 3;
SELECT is((SELECT e ->> 'version' FROM json_array_elements(mjc_api.consent_text_list('fr') -> 'texts') e WHERE e ->> 'purpose' = 'terms'), '2', 'one that is not in force yet is not shown');
SELECT is(json_array_length(mjc_api.consent_text_list('en') -> 'texts'), 0, 'no text in another language');
SELECT is((SELECT array_agg(k ORDER BY k) FROM json_object_keys(mjc_api.consent_text_list('fr') -> 'texts' -> 0) k), ARRAY['body', 'lang', 'purpose', 'validFrom', 'version'], 'its fields');

-- Answers
SELECT is(mjc.consent_note(:'amina', 'marketing', 1, 'fr', true, 'rest', :'amina'), true, 'she agrees');
SELECT is(mjc.consent_note(:'amina', 'marketing', 1, 'fr', true, 'rest', :'amina'), false, 'twice is once');
SELECT is(mjc.consent_note(:'amina', 'marketing', 1, 'fr', false, 'psql', NULL), true, 'she withdraws by phone');
SELECT is(mjc.consent_note(:'amina', 'marketing', 1, 'ar', true, 'rest', :'amina'), true, 'and agrees again, in Arabic');
SELECT is(mjc.consent_note(:'amina', 'terms', 2, 'fr', true, 'rest', :'amina'), true, 'to the terms too');
SELECT results_eq(format($$SELECT granted, lang, channel, actor FROM mjc.consent WHERE customer_id = %L AND purpose = 'marketing' ORDER BY at, consent_id$$, :'amina'),
    format($$VALUES (true, 'fr', 'rest', %L::uuid), (false, 'fr', 'psql', NULL), (true, 'ar', 'rest', %L)$$, :'amina', :'amina'), 'all of it is kept');
SELECT is_empty($$SELECT c.consent_id FROM mjc.consent c JOIN mjc.consent_text t USING (purpose, version, lang) WHERE c.text_hash <> sha256(convert_to(t.body, 'UTF8'))$$, 'with the hash of the text');
SELECT is(mjc.consent_list(:'amina')::jsonb #- '{0,at}' #- '{1,at}', '[{"lang": "ar", "granted": true, "purpose": "marketing", "version": 1}, {"lang": "fr", "granted": true, "purpose": "terms", "version": 2}]'::jsonb, 'the last answer to each counts');
SELECT is(mjc.consent_list(:'karim')::text, '[]', 'of nobody else');
SELECT is(mjc.consent_list(NULL)::text, '[]', 'of nobody');
UPDATE mjc.consent SET at = now() + interval '1 hour' WHERE customer_id = :'amina' AND purpose = 'terms';
SELECT is(mjc.consent_note(:'amina', 'terms', 2, 'fr', false, 'rest', :'amina'), true, 'an answer follows the one before');
SELECT is(mjc.consent_list(:'amina')::jsonb #>> '{1,granted}', 'false', 'whatever the clock says');
SELECT throws_ok(format('SELECT mjc.consent_note(%L, %L, %L, %L, %L, ''rest'', NULL)', c, p, v, l, g), e, NULL, format('refused %s: %s %s %s %s', e, p, v, l, g))
  FROM (VALUES (:'amina', 'marketing', 2, 'fr', true, 'MJ656'), (:'amina', 'marketing', 0, 'fr', true, 'MJ656'), (:'amina', 'nothing', 1, 'fr', true, 'MJ656'), (:'amina', 'marketing', 1, 'en', true, 'MJ656'),
               (:'amina', NULL, 1, 'fr', true, 'MJ656'), (:'amina', 'marketing', NULL, 'fr', true, 'MJ656'), (:'amina', 'marketing', 1, NULL, true, 'MJ656'), (:'amina', 'marketing', 1, 'fr', NULL, 'MJ003'),
               (gen_random_uuid()::text, 'marketing', 1, 'fr', true, 'MJ004'), (NULL, 'marketing', 1, 'fr', true, 'MJ004')) x (c, p, v, l, g, e);

-- By the shop
SELECT is(mjc_api.customer_consent_set(:'karim', 0, gen_random_uuid(), 'req', 'privacy', 1, true, NULL)::jsonb #- '{consents,0,at}',
    '{"consents": [{"lang": "fr", "granted": true, "purpose": "privacy", "version": 1}]}'::jsonb, 'REST: French unless told');
SELECT is(mjc_api.customer_consent_list(:'karim', 0, gen_random_uuid()) #>> '{consents,0,purpose}', 'privacy', 'REST: his answers');
SELECT is((SELECT actor || channel FROM mjc.consent WHERE customer_id = :'karim'), :'karim' || 'rest', 'he himself, from the shop');
SELECT throws_ok(format(s, a, v), CASE WHEN a IS NULL THEN 'MJ060' ELSE 'MJ063' END, NULL, format('REST: no session, %s', left(s, 40)))
  FROM unnest(ARRAY['SELECT mjc_api.customer_consent_list(%L, %s, gen_random_uuid())', 'SELECT mjc_api.customer_consent_set(%L, %s, gen_random_uuid(), NULL, ''terms'', 1, true, ''fr'')']) s,
       (VALUES (:'karim', 1), (NULL, 0), (gen_random_uuid()::text, 0)) x (a, v);
SELECT throws_ok(format('SELECT mjc_api.customer_consent_set(%L, 0, gen_random_uuid(), NULL, ''terms'', 9, true, ''fr'')', :'karim'), 'MJ656', NULL, 'REST: a version that was never shown');
SELECT throws_ok(format('SELECT mjc_api.customer_consent_set(%L, 0, gen_random_uuid(), NULL, ''terms'', 1, true, ''fr'')', pg_temp.make_admin('consentstaff@example.test')), 'MJ004', NULL, 'REST: staff are no customers');

-- Report: nobody by name
SELECT results_eq($$SELECT granted, refused FROM mjc_report.consent WHERE purpose = 'marketing' AND lang = 'fr' ORDER BY channel$$, $$VALUES (0::bigint, 1::bigint), (1, 0)$$, 'the report counts');
SELECT is(has_table_privilege('mjc_analyst', 'mjc_report.consent', 'SELECT'), true, 'for analysts too');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no broken promise');
SELECT * FROM finish();
ROLLBACK;
