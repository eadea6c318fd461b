-- media: the rows of files. The files themselves: test/http/uploads.t.
BEGIN;
SELECT plan(62);
\ir fixture.psql
GRANT USAGE ON SCHEMA tap TO PUBLIC;
DELETE FROM mjc.media;
SELECT pg_temp.make_admin('media@example.test') AS admin, pg_temp.make_product(1, 100000) AS product \gset
-- A file of type t whose name begins with a letter and goes on with that letter.
CREATE FUNCTION pg_temp.file(letter text, t text DEFAULT 'png') RETURNS jsonb
    LANGUAGE sql
AS $$
    SELECT jsonb_build_object('name', repeat(letter, 64) || '.' || t, 'bytes', 7,
               'mimeType', CASE t WHEN 'jpg' THEN 'image/jpeg' WHEN 'pdf' THEN 'application/pdf' ELSE 'image/' || t END,
               'width', CASE t WHEN 'pdf' THEN 0 ELSE 3 END, 'height', CASE t WHEN 'pdf' THEN 0 ELSE 2 END)
$$;
CREATE FUNCTION pg_temp.add(files jsonb) RETURNS jsonb
    LANGUAGE sql
    AS $$ SELECT mjc_api.staff_media_add((SELECT a.account_id FROM mjc.account_email a WHERE a.email = 'media@example.test'), 0, gen_random_uuid(), 'req-1', files::text)::jsonb $$;
CREATE FUNCTION pg_temp.n(letter text, t text DEFAULT 'png') RETURNS text
    LANGUAGE sql
    AS $$ SELECT repeat(letter, 64) || '.' || t $$;

-- Adding
SELECT is(pg_temp.add('[]'), '{"success": true, "files": [], "data": {"urls": [], "files": []}}', 'an empty list only asks');
SELECT is(pg_temp.add(jsonb_build_array(pg_temp.file('b'), pg_temp.file('a', 'jpg'), pg_temp.file('b'))),
          jsonb_build_object('success', true, 'files', x.f, 'data', jsonb_build_object('files', x.f, 'urls', jsonb_build_array('/files/' || pg_temp.n('b'), '/files/' || pg_temp.n('a', 'jpg'), '/files/' || pg_temp.n('b')))),
          'the reply names each file that was sent, in order')
  FROM (SELECT format('[{"filename": "%1$s", "url": "/files/%1$s", "mimeType": "image/png", "size": 7}, {"filename": "%2$s", "url": "/files/%2$s", "mimeType": "image/jpeg", "size": 7}, {"filename": "%1$s", "url": "/files/%1$s", "mimeType": "image/png", "size": 7}]',
               pg_temp.n('b'), pg_temp.n('a', 'jpg'))::jsonb) x (f);
SELECT results_eq('SELECT name, mime_type, bytes, width, height, uploaded_by FROM mjc.media ORDER BY name',
                  format('VALUES (%L, %L, 7::bigint, 3, 2, %L::uuid), (%L, %L, 7, 3, 2, %L)', pg_temp.n('a', 'jpg'), 'image/jpeg', :'admin', pg_temp.n('b'), 'image/png', :'admin'), 'one row each');
SELECT results_eq($$SELECT subject_id, action, channel, request_id, after::text FROM mjc.audit WHERE subject_kind = 'media' ORDER BY subject_id$$,
                  format('VALUES (%L, %L, %L, %L, %L), (%L, %L, %L, %L, %L)', pg_temp.n('a', 'jpg'), 'media_add', 'rest', 'req-1', '{"bytes": 7, "mimeType": "image/jpeg"}',
                         pg_temp.n('b'), 'media_add', 'rest', 'req-1', '{"bytes": 7, "mimeType": "image/png"}'), 'one entry of the audit each');
SELECT is(pg_temp.add(jsonb_build_array(pg_temp.file('b'))) #>> '{data,urls,0}', '/files/' || pg_temp.n('b'), 'the same file again');
SELECT is((SELECT count(*) FROM mjc.media), 2::bigint, 'is no new row');
SELECT is((SELECT count(*) FROM mjc.audit WHERE subject_kind = 'media'), 2::bigint, 'and no entry');
SELECT is(pg_temp.add(jsonb_build_array(pg_temp.file('c', 'pdf'), pg_temp.file('d', 'webp'))) #>> '{files,1,mimeType}', 'image/webp', 'a PDF and a WebP');
SELECT is((SELECT (width, height)::text FROM mjc.media WHERE name = pg_temp.n('c', 'pdf')), '(,)', 'a PDF has no dimensions');

-- Refused
SELECT pg_temp.refused(format('SELECT pg_temp.add(%L)', d), c, a, d::text)
  FROM (VALUES ('null'::jsonb, 'MJ010', 'files'), ('{}', 'MJ010', 'files'), ('"x"', 'MJ010', 'files'), ('[1]', 'MJ010', 'document'), ('[null]', 'MJ010', 'document'), ('[{}]', 'MJ003', 'name'),
               (jsonb_build_array(pg_temp.file('a') || '{"url": "x"}'), 'MJ010', 'url'),
               (jsonb_build_array(pg_temp.file('g')), 'MJ010', 'name'), (jsonb_build_array(pg_temp.file('A')), 'MJ010', 'name'), (jsonb_build_array(pg_temp.file('a', 'svg')), 'MJ010', 'name'),
               (jsonb_build_array(pg_temp.file('a') || '{"name": "../x.png"}'), 'MJ010', 'name'), (jsonb_build_array(pg_temp.file('a') || '{"name": 1}'), 'MJ010', 'name'),
               (jsonb_build_array(pg_temp.file('a') || '{"mimeType": "image/jpeg"}'), 'MJ010', 'mimeType'), (jsonb_build_array(pg_temp.file('a') || '{"mimeType": "text/html"}'), 'MJ010', 'mimeType'),
               (jsonb_build_array(pg_temp.file('a') || '{"bytes": 0}'), 'MJ006', 'bytes'), (jsonb_build_array(pg_temp.file('a') || '{"bytes": 1.5}'), 'MJ010', 'bytes'),
               (jsonb_build_array(pg_temp.file('a') || '{"width": 0}'), 'MJ006', 'width'), (jsonb_build_array(pg_temp.file('a') || '{"height": -1}'), 'MJ006', 'height'),
               (jsonb_build_array(pg_temp.file('a') || '{"height": 65536}'), 'MJ006', 'height'), (jsonb_build_array(pg_temp.file('a') - 'height'), 'MJ003', 'height')) v (d, c, a);
SELECT pg_temp.refused('SELECT mjc.media_write(NULL, ''rest'', NULL, NULL)', 'MJ003', 'files', 'no list');
SELECT throws_ok(format('SELECT mjc_api.staff_media_add(%L, 0, gen_random_uuid(), NULL, %L)', a, '[]'), c, NULL, format('%s: %s', c, coalesce(a::text, 'nobody')))
  FROM (VALUES (NULL::uuid, 'MJ060'), (mjc.account_register('media-client@example.test', NULL, '{"firstName": "Un", "lastName": "Client"}'), 'MJ064'), (gen_random_uuid(), 'MJ063')) v (a, c);
SELECT throws_ok(format('INSERT INTO mjc.media (name, mime_type, bytes, width, height) VALUES (%L, %L, %s, %s, %s)', n, t, b, w, h), '23514', NULL, format('no row: %s %s', n, t))
  FROM (VALUES ('x.png', 'image/png', 1, '1', '1'), (pg_temp.n('e', 'png'), 'image/jpeg', 1, '1', '1'), (pg_temp.n('e', 'png'), 'image/png', 0, '1', '1'), (pg_temp.n('e', 'png'), 'image/png', 1, 'NULL', '1'),
               (pg_temp.n('e', 'png'), 'image/png', 1, '0', '1'), (pg_temp.n('e', 'pdf'), 'application/pdf', 1, '1', '1'), (pg_temp.n('e', 'pdf') || E'\n', 'application/pdf', 1, 'NULL', 'NULL')) v (n, t, b, w, h);

-- Where they are shown
INSERT INTO mjc.product_image (product_id, image_id, url) VALUES (:'product', gen_random_uuid(), '/files/' || pg_temp.n('b')), (:'product', gen_random_uuid(), 'https://api.shop.example/images/' || pg_temp.n('b')), (:'product', gen_random_uuid(), '/files/old.jpg');
INSERT INTO mjc.product_paper (product_id, paper_id, kind, title, url) VALUES (:'product', gen_random_uuid(), 'MANUAL', 'Notice', '/files/' || pg_temp.n('c', 'pdf'));
SELECT results_eq('SELECT name, url, uses FROM mjc_report.media ORDER BY name', format('VALUES (%L, %L, 0::bigint), (%L, %L, 2), (%L, %L, 1), (%L, %L, 0)', pg_temp.n('a', 'jpg'), '/files/' || pg_temp.n('a', 'jpg'),
    pg_temp.n('b'), '/files/' || pg_temp.n('b'), pg_temp.n('c', 'pdf'), '/files/' || pg_temp.n('c', 'pdf'), pg_temp.n('d', 'webp'), '/files/' || pg_temp.n('d', 'webp')), 'the report counts the places, whatever the address in front');
SELECT results_eq(format('SELECT DISTINCT place FROM mjc.media_use WHERE name IN (%L, %L) ORDER BY 1', pg_temp.n('b'), pg_temp.n('c', 'pdf')), $$VALUES ('product_image'), ('product_paper')$$, 'and says which');

-- Forgetting
SELECT is(mjc.media_delete(pg_temp.n('a', 'jpg')), pg_temp.n('a', 'jpg'), 'what is shown nowhere is forgotten');
SELECT is((SELECT count(*) FROM mjc.media WHERE name = pg_temp.n('a', 'jpg')), 0::bigint, 'its row is gone');
SELECT is((SELECT (channel, before)::text FROM mjc.audit WHERE action = 'media_delete' AND subject_id = pg_temp.n('a', 'jpg')), ('psql', '{"bytes": 7, "mimeType": "image/jpeg"}'::jsonb)::text, 'audited');
SELECT throws_ok(format('SELECT mjc.media_delete(%L)', n), 'MJ004', NULL, coalesce(n, 'NULL')) FROM unnest(ARRAY[NULL, '', pg_temp.n('a', 'jpg'), 'x.png']) n;
SELECT throws_ok(format('SELECT mjc.media_delete(%L)', n), 'MJ854', NULL, 'not what is shown: ' || n) FROM unnest(ARRAY[pg_temp.n('b'), pg_temp.n('c', 'pdf')]) n;
DELETE FROM mjc.product_paper WHERE product_id = :'product';
SELECT is(mjc.media_delete(pg_temp.n('c', 'pdf')), pg_temp.n('c', 'pdf'), 'once it is taken off, it is');
UPDATE mjc.category SET image_url = '/files/' || pg_temp.n('d', 'webp') WHERE category_id = (SELECT category_id FROM mjc.product WHERE product_id = :'product');
SELECT throws_ok(format('SELECT mjc.media_delete(%L)', pg_temp.n('d', 'webp')), 'MJ854', NULL, 'a category shows it');
INSERT INTO mjc.manufacturer (manufacturer_id, slug, name, logo_url) VALUES (gen_random_uuid(), 'media-test', 'Media test', '/images/' || pg_temp.n('d', 'webp'));
UPDATE mjc.category SET image_url = NULL WHERE category_id = (SELECT category_id FROM mjc.product WHERE product_id = :'product');
SELECT throws_ok(format('SELECT mjc.media_delete(%L)', pg_temp.n('d', 'webp')), 'MJ854', NULL, 'a manufacturer does');

-- What the shim sweeps
SELECT set_eq(format('SELECT mjc_api.media_orphans(ARRAY[%L, %L, %L, NULL])', pg_temp.n('b'), pg_temp.n('a', 'jpg'), 'x.png'), ARRAY[pg_temp.n('a', 'jpg'), 'x.png', NULL], 'names that no row knows');
SELECT is_empty(format('SELECT mjc_api.media_orphans(%L)', x), 'none of none: ' || coalesce(x, 'NULL')) FROM unnest(ARRAY['{}', NULL]) x;
DELETE FROM mjc.media;
SELECT is_empty(format('SELECT mjc_api.media_orphans(ARRAY[%L])', pg_temp.n('b')), 'a shop without any file: nothing is swept, its folder may be that of another');

-- Who may
SET ROLE mjc_analyst;
SELECT lives_ok('SELECT name, uses FROM mjc_report.media', 'analysts read the report');
SELECT throws_ok('SELECT name FROM mjc.media', '42501', NULL, 'not the table');
SELECT throws_ok('SELECT mjc.media_delete(''x'')', '42501', NULL, 'and forget nothing');
RESET ROLE;
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no broken promise');
SELECT finish();
ROLLBACK;
