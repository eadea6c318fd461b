-- category: the tree of categories and the manufacturers, as staff keep them.
BEGIN;
SELECT plan(108);
\ir fixture.psql
SELECT pg_temp.make_product(1, 100000), pg_temp.make_product(2, 50000) \g /dev/null
CREATE FUNCTION pg_temp.cid(key text) RETURNS uuid
    LANGUAGE sql
    AS $$ SELECT mjc.category_find(key) $$;
CREATE FUNCTION pg_temp.tree() RETURNS text
    LANGUAGE sql
    AS $$ SELECT string_agg(c.slug || coalesce(' < ' || p.slug, ''), ', ' ORDER BY c.slug) FROM mjc.category c LEFT JOIN mjc.category p ON p.category_id = c.parent_id WHERE c.slug LIKE 'zz%' $$;

-- Made and changed
SELECT mjc.category_set('zz-a', '{"name": "Brûleurs", "nameAr": "حارقات", "nameEn": "Burners", "description": "Deux\nlignes", "image": "http://localhost:3001/files/b.jpg", "sortOrder": 3}') AS a \gset
SELECT is(mjc.category_doc(:'a'), '{"name": "Brûleurs", "nameAr": "حارقات", "nameEn": "Burners", "slug": "zz-a", "description": "Deux\nlignes", "descriptionAr": null, "descriptionEn": null, "image": "/files/b.jpg", "parentId": null, "sortOrder": 3, "isActive": true}', 'a category as it was said');
SELECT is(mjc.category_set('zz-a', '{"nameEn": null, "sortOrder": 0}'), :'a'::uuid, 'the same again changes it');
SELECT is(mjc.category_doc(:'a') - '{descriptionAr,descriptionEn,description,image}'::text[], '{"name": "Brûleurs", "nameAr": "حارقات", "nameEn": null, "slug": "zz-a", "parentId": null, "sortOrder": 0, "isActive": true}', 'what it names');
SELECT is((SELECT before || jsonb_build_object('to', after) FROM mjc.audit WHERE action = 'category_set' AND subject_id = :'a' ORDER BY audit_id DESC LIMIT 1), '{"nameEn": "Burners", "sortOrder": 3, "to": {"sortOrder": 0}}', 'and the audit says it');
SELECT mjc.category_set(:'a', '{"slug": "zz-aa"}') \g /dev/null
SELECT is((SELECT slug FROM mjc.category WHERE category_id = :'a'), 'zz-aa', 'an id leads to it, its slug changes');
SELECT mjc.category_set(:'a', '{"slug": "zz-a"}') \g /dev/null
SELECT is((SELECT count(*) FROM mjc.audit WHERE subject_id = :'a'), 4::bigint, 'four changes');
SELECT mjc.category_set(:'a', '{"slug": "zz-a"}') \g /dev/null
SELECT is((SELECT count(*) FROM mjc.audit WHERE subject_id = :'a'), 4::bigint, 'the same again is none');
SELECT mjc.category_write(NULL, 'psql', NULL, '{"name": "Zz Été"}', NULL) AS c1 \gset
SELECT mjc.category_write(NULL, 'psql', NULL, '{"name": "Zz été"}', NULL) AS c2 \gset
SELECT mjc.category_write(NULL, 'psql', NULL, '{"name": "زز"}', NULL) AS c3 \gset
SELECT is((SELECT string_agg(slug, ' ' ORDER BY slug) FROM mjc.category WHERE category_id IN (:'c1', :'c2', :'c3')), 'categorie zz-ete zz-ete-2', 'each gets a slug of its own');

SELECT pg_temp.refused(format('SELECT mjc.category_set(%L, %L)', k, d), c, a, format('%s %s', k, left(d, 50)))
  FROM (VALUES ('zz-bad', '{}', 'MJ003', 'name'), ('zz-bad', '{"name": ""}', 'MJ003', 'name'), ('zz-bad', '{"name": "x"}', 'MJ006', 'name'), ('zz-bad', '{"name": 7}', 'MJ010', 'name'), ('zz-bad', '{"name": "Bad", "nameAr": 7}', 'MJ010', 'nameAr'),
               ('zz-bad', '{"name": "Bad", "slug": "É"}', 'MJ010', 'slug'), ('Zz Bad', '{"name": "Bad"}', 'MJ010', 'slug'), ('zz-bad', '{"name": "Bad", "slug": "00000000-0000-4000-8000-0000000000ff"}', 'MJ010', 'slug'), ('zz-a', '{"isActive": null}', 'MJ010', 'isActive'), ('zz-bad', '{"name": "Bad", "slug": "zz-a"}', 'MJ827', ''), ('zz-bad', '{"name": "Bad", "image": "x"}', 'MJ010', 'image'),
               ('zz-bad', '{"name": "Bad", "parentId": "no-such"}', 'MJ010', 'parentId'), ('zz-bad', '{"name": "Bad", "parentId": 7}', 'MJ010', 'parentId'), ('zz-bad', '{"name": "Bad", "sortOrder": 1.5}', 'MJ010', 'sortOrder'), ('zz-bad', '{"name": "Bad", "isActive": "no"}', 'MJ010', 'isActive'),
               ('zz-bad', '{"name": "Bad", "products": 1}', 'MJ010', 'products'), ('zz-bad', NULL, 'MJ003', 'document'), ('zz-bad', '[]', 'MJ010', 'document'), (NULL, '{"name": "Bad"}', 'MJ010', 'category'), ('00000000-0000-4000-8000-0000000000ff', '{"name": "Bad"}', 'MJ010', 'category'),
               ('zz-a', '{"name": null}', 'MJ003', 'name'), ('zz-a', '{"parentId": "zz-a"}', 'MJ824', '')) v (k, d, c, a);
SELECT is((SELECT count(*) FROM mjc.category WHERE slug = 'zz-bad'), 0::bigint, 'nothing of it is there');
SELECT is(mjc.category_write(NULL, 'psql', pg_temp.pid(9), '{"name": "Bad"}', NULL), NULL, 'one that there is not');
SELECT is(mjc.category_find(k), w, coalesce(k, 'NULL')) FROM (VALUES ('zz-a', :'a'::uuid), (' ZZ-A ', :'a'), (:'a', :'a'), ('no-such', NULL), (NULL, NULL)) v (k, w);

-- The tree: ten levels, no circle
SELECT mjc.category_set('zz-' || n, jsonb_build_object('name', 'Niveau ' || n, 'parentId', CASE WHEN n > 1 THEN 'zz-' || n - 1 END)) FROM generate_series(1, 10) n \g /dev/null
SELECT is((SELECT count(*) FROM unnest(mjc.category_subtree('{zz-1}'))), 10::bigint, 'ten levels');
SELECT pg_temp.refused(format('SELECT mjc.category_set(%L, %L)', k, d), c, '', k || d)
  FROM (VALUES ('zz-11', '{"name": "Niveau 11", "parentId": "zz-10"}', 'MJ825'), ('zz-1', '{"parentId": "zz-10"}', 'MJ824'), ('zz-1', '{"parentId": "zz-5"}', 'MJ824'), ('zz-9', '{"parentId": "zz-10"}', 'MJ824'), ('zz-1', '{"parentId": "zz-a"}', 'MJ825')) v (k, d, c);
SELECT mjc.category_set('zz-10', '{"parentId": "zz-a"}'), mjc.category_set('zz-1', '{"parentId": "zz-a"}') \g /dev/null
SELECT is((SELECT count(*) FROM unnest(mjc.category_subtree('{zz-a}'))), 11::bigint, 'nine levels go below another');
SELECT is(mjc.category_doc(pg_temp.cid('zz-10')) ->> 'parentId', :'a', 'by slug or id');
SELECT mjc.category_set('zz-10', '{"parentId": null}') \g /dev/null
SELECT is(mjc.category_doc(pg_temp.cid('zz-10')) ->> 'parentId', NULL, 'null is the top');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');
UPDATE mjc.category SET parent_id = pg_temp.cid('zz-2') WHERE slug = 'zz-1';
SELECT is((SELECT count(*) FROM mjc.check_invariants() WHERE rule = 'category_tree'), 9::bigint, 'a circle is a broken promise of all in it');
UPDATE mjc.category SET parent_id = :'a' WHERE slug = 'zz-1';

-- Deleted when empty, or moved
UPDATE mjc.product SET category_id = pg_temp.cid('zz-9') WHERE product_id = pg_temp.pid(1);
SELECT throws_ok(format('SELECT mjc.category_delete(%s)', a), c, NULL, 'delete: ' || a)
  FROM (VALUES ('''zz-9''', 'MJ826'), ('''zz-8''', 'MJ826'), ('''zz-9'', ''zz-9''', 'MJ824'), ('''zz-1'', ''zz-5''', 'MJ824'), ('''no-such''', 'MJ004'), ('NULL', 'MJ004'), ('''zz-9'', ''no-such''', 'MJ010')) v (a, c);
SELECT is(mjc.category_delete('zz-9', 'zz-10'), true, 'its product goes elsewhere');
SELECT is((SELECT category_id FROM mjc.product WHERE product_id = pg_temp.pid(1)), pg_temp.cid('zz-10'), 'there');
SELECT is(mjc.category_delete('zz-5', 'zz-10'), true, 'its sub-categories do');
SELECT is(pg_temp.tree(), 'zz-1 < zz-a, zz-10, zz-2 < zz-1, zz-3 < zz-2, zz-4 < zz-3, zz-6 < zz-10, zz-7 < zz-6, zz-8 < zz-7, zz-a, zz-ete, zz-ete-2', 'the tree');
SELECT is(mjc.category_delete('zz-8'), true, 'an empty one goes');
SELECT is((SELECT after FROM mjc.audit WHERE action = 'category_delete' AND before ->> 'slug' = 'zz-9'), jsonb_build_object('movedTo', pg_temp.cid('zz-10'), 'products', 1), 'the audit tells where to');
SELECT mjc.promotion_set('zz-promo', '{"name": "x", "kind": "percent", "scope": "line", "percent": 10, "categories": ["zz-7"]}') \g /dev/null
SELECT throws_ok($$SELECT mjc.category_delete('zz-7')$$, 'MJ826', NULL, 'one that a promotion names stays');

-- What needs an entry
SELECT is(mjc.catalogue_rows(k, i), w, format('rows of %s', k)) FROM (VALUES ('category', pg_temp.cid('zz-10'), 2::bigint), ('category', pg_temp.cid('zz-7'), 0), ('manufacturer', pg_temp.pid(9), 0), ('order', pg_temp.pid(9), NULL), (NULL, pg_temp.pid(9), NULL), ('category', NULL, 0)) v (k, i, w);
SELECT throws_ok(format('SELECT mjc.check_catalogue_seen(%s)', a), 'MJ003', NULL, a) FROM unnest(ARRAY['NULL, pg_temp.pid(1)', '''category'', NULL']) a;
SELECT is(mjc.check_catalogue_seen('category', pg_temp.cid('zz-10')), 2::bigint, 'all of it is seen');

-- Manufacturers
SELECT mjc.manufacturer_set('zz-maker', '{"name": "Zz Maker", "description": "x", "website": "https://maker.example/fr", "logo": "/images/m.png"}') AS m \gset
SELECT is(mjc.manufacturer_doc(:'m'), '{"name": "Zz Maker", "slug": "zz-maker", "description": "x", "website": "https://maker.example/fr", "logo": "/files/m.png", "isActive": true}', 'a manufacturer');
SELECT is(mjc.manufacturer_set('zz-maker', '{"name": "Zz Mäker", "slug": "zz-m", "isActive": false, "website": ""}'), :'m'::uuid, 'changed');
SELECT is(mjc.manufacturer_doc(:'m') - '{description,logo}'::text[], '{"name": "Zz Mäker", "slug": "zz-m", "website": null, "isActive": false}', 'in what it names');
SELECT mjc.manufacturer_set('zz-other', '{"name": "Zz Other"}') AS o \gset
SELECT mjc.manufacturer_write(NULL, 'psql', NULL, '{"name": "Zz Été"}', NULL) AS m1 \gset
SELECT mjc.manufacturer_write(NULL, 'psql', NULL, '{"name": "Zz-Ete"}', NULL) AS m2 \gset
SELECT is((SELECT string_agg(slug, ' ' ORDER BY slug) FROM mjc.manufacturer WHERE manufacturer_id IN (:'m1', :'m2')), 'zz-ete zz-ete-2', 'each gets a slug of its own');
SELECT pg_temp.refused(format('SELECT mjc.manufacturer_set(%L, %L)', k, d), c, a, format('%s %s', k, left(d, 50)))
  FROM (VALUES ('zz-bad', '{}', 'MJ003', 'name'), ('zz-bad', '{"name": 7}', 'MJ010', 'name'), (NULL, '{"name": "x"}', 'MJ010', 'manufacturer'), ('zz-bad', '{"name": "ZZ OTHER"}', 'MJ828', ''), ('zz-bad', '{"name": "New", "slug": "zz-m"}', 'MJ827', ''),
               ('zz-m', '{"name": "zz other"}', 'MJ828', ''), ('zz-m', '{"slug": "zz-other"}', 'MJ827', ''), ('zz-m', '{"website": "javascript:x"}', 'MJ010', 'website'), ('zz-m', '{"logo": "x"}', 'MJ010', 'logo'), ('zz-m', '{"isActive": 1}', 'MJ010', 'isActive'), ('zz-m', '{"isActive": null}', 'MJ010', 'isActive'), ('zz-m', '{"slug": "00000000-0000-4000-8000-0000000000ff"}', 'MJ010', 'slug'),
               ('zz-m', '{"country": "DZ"}', 'MJ010', 'country'), ('zz-m', NULL, 'MJ003', 'document'), ('00000000-0000-4000-8000-0000000000ff', '{"name": "x"}', 'MJ010', 'manufacturer')) v (k, d, c, a);
SELECT is(mjc.manufacturer_named(NULL, 'psql', k, NULL), w, 'meant by ' || k) FROM (VALUES ('zz other', :'o'::uuid), ('Zz-Other', :'o'), ('zz-other', :'o'), (:'o', :'o'), ('ZZ ÖTHER', :'o'), ('00000000-0000-4000-8000-0000000000ff', NULL)) v (k, w);
SELECT is(mjc.manufacturer_named(NULL, 'psql', 'زز', NULL), mjc.manufacturer_named(NULL, 'psql', 'زز', NULL), 'a name without an address is one manufacturer');
UPDATE mjc.product SET manufacturer_id = :'o' WHERE product_id = pg_temp.pid(2);
SELECT throws_ok(format('SELECT mjc.manufacturer_delete(%L)', k), c, NULL, 'delete ' || coalesce(k, 'NULL')) FROM (VALUES ('zz-other', 'MJ826'), ('no-such', 'MJ004'), (NULL, 'MJ004')) v (k, c);
SELECT is(mjc.manufacturer_delete('zz-m'), true, 'one of nothing goes');
SELECT is((SELECT before ->> 'name' FROM mjc.audit WHERE action = 'manufacturer_delete' AND subject_id = :'m'), 'Zz Mäker', 'as the audit tells');
INSERT INTO mjc.boiler_model (boiler_model_id, manufacturer_id, name) VALUES (gen_random_uuid(), mjc.manufacturer_find('zz-ete'), 'Test');
SELECT throws_ok($$SELECT mjc.manufacturer_delete('zz-ete')$$, 'MJ826', NULL, 'one that has boilers stays');

-- Blanks around a text; a rule for serial numbers is of its maker
SELECT mjc.category_set('zz-blank', '{"name": "Zz", "slug": " zz-blank-2 "}') AS blank, mjc.manufacturer_set('zz-plate', '{"name": "Zz plaque", "slug": " zz-plate "}') AS maker \gset
SELECT is((SELECT slug FROM mjc.category WHERE category_id = :'blank'), 'zz-blank-2', 'a slug with blanks');
SELECT is((SELECT slug FROM mjc.manufacturer WHERE manufacturer_id = :'maker'), 'zz-plate', 'that of a manufacturer');
SELECT mjc.plate_rule_set('{"manufacturer": "zz-plate", "name": "r", "pattern": "(\\d{2})(\\d{2})\\d{4}", "parts": ["year2", "week"], "example": "20050001"}') AS rule \gset
SELECT throws_ok($$SELECT mjc.manufacturer_delete('zz-plate')$$, 'MJ826', NULL, 'one whose serial numbers are read stays');
SELECT ok(mjc.plate_rule_delete(:'rule') AND mjc.manufacturer_delete('zz-plate'), 'then it goes');

SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');
SELECT * FROM finish();
ROLLBACK;
