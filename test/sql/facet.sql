-- facet: counts and pages that are kept, not counted at each read, against the rows themselves, over random
-- products: dated sales, late stock, inactive parts, a tree of categories.
BEGIN;
SELECT plan(84);
\ir fixture.psql

INSERT INTO mjc.category (category_id, parent_id, slug, name) VALUES
    (pg_temp.pid(9001), '00000000-0000-4000-b000-000000000001', 'test-only-b', 'Zzq B'), (pg_temp.pid(9002), pg_temp.pid(9001), 'test-only-c', 'Zzq C'), (pg_temp.pid(9003), NULL, 'test-only-d', 'Zzq D');
INSERT INTO mjc.manufacturer (manufacturer_id, slug, name) SELECT pg_temp.pid(9100 + n), 'test-only-m' || n, 'Zzqmaker ' || n FROM generate_series(1, 3) n;
INSERT INTO mjc.part_kind (kind_id, slug, name) SELECT pg_temp.pid(9200 + n), 'test-only-k' || n, 'Zzqkind ' || n FROM generate_series(1, 3) n;

-- Bands of prices, by their bounds
SELECT is(mjc.price_band(p), b::smallint, format('%s centimes: band %s', p, b))
  FROM (VALUES (0, 0), (99999, 0), (100000, 1), (249999, 1), (250000, 2), (499999, 2), (500000, 3), (999999, 3), (1000000, 4), (2499999, 4), (2500000, 5), (4999999, 5), (5000000, 6), (900000000, 6), (NULL, NULL)) v (p, b);

SELECT is(mjc.facet_json(pg_temp.pid(1), name, slug, translated, name_ar, n)::text, w, concat_ws(' ', name, translated, n))
  FROM (VALUES ('A "b" \ é', 'a-b', true, 'ا', 3::bigint, '{"id":"00000000-0000-4000-8000-000000000001","name":"A \"b\" \\ é","nameAr":"ا","slug":"a-b","count":3}'),
               ('A', 'a', true, NULL, 0, '{"id":"00000000-0000-4000-8000-000000000001","name":"A","nameAr":null,"slug":"a","count":0}'),
               (NULL, NULL, false, 'x', 9223372036854775807, '{"id":"00000000-0000-4000-8000-000000000001","name":null,"slug":null,"count":9223372036854775807}'),
               ('A', 'a', NULL, NULL, 1, NULL), ('A', 'a', false, NULL, NULL, NULL)) v (name, slug, translated, name_ar, n, w);
SELECT is(mjc.facet_json(NULL, 'A', 'a', false, NULL, 1)::text, NULL, 'nothing of no id');
-- The counts of what a search found, against a count of each on its own
CREATE TEMP TABLE tallied AS
SELECT CASE WHEN n % 7 > 0 THEN pg_temp.pid(n % 11) END AS category_id, CASE WHEN n % 5 > 0 THEN pg_temp.pid(n % 11) END AS manufacturer_id, CASE WHEN n % 3 > 0 THEN pg_temp.pid(n % 200) END AS kind_id,
       (n % 9 - 1)::smallint AS price_band, CASE WHEN n % 13 > 0 THEN n % 2 = 0 END AS in_stock
  FROM generate_series(1, 3000) n;
SELECT set_eq('SELECT u.f, u.k, u.n::bigint FROM (SELECT mjc.facet_tally(t.category_id, t.manufacturer_id, t.kind_id, t.price_band, t.in_stock) AS all_of FROM tallied t) x, unnest(x.all_of[1:1], x.all_of[2:2], x.all_of[3:3]) u (f, k, n)',
              'SELECT v.f, v.k, count(*) FROM tallied t CROSS JOIN LATERAL (VALUES (''categories'', t.category_id::text), (''manufacturers'', t.manufacturer_id::text), (''kinds'', t.kind_id::text), (''prices'', t.price_band::text), (''availability'', t.in_stock::text)) v (f, k) WHERE v.k IS NOT NULL GROUP BY v.f, v.k', 'a tally');
SELECT is(mjc.facet_tally(t.category_id, t.manufacturer_id, t.kind_id, t.price_band, t.in_stock), NULL, 'of no row') FROM tallied t WHERE false;
SELECT is(mjc.facet_tally(NULL, NULL, NULL, NULL, NULL), '{}'::text[], 'of a row without anything');
SELECT is(mjc.facet_tally(NULL, NULL, NULL, b::smallint, NULL), ARRAY[['prices'], [b::text], ['2']], format('the band %s', b)) FROM (VALUES (-32768), (32767), (-32768), (32767)) v (b) GROUP BY b ORDER BY b;
SELECT is(mjc.facets_json(NULL)::jsonb, '{"categories": [], "manufacturers": [], "kinds": [], "prices": [], "availability": {"inStock": 0, "outOfStock": 0}}', 'no counts: empty facets');

CREATE FUNCTION pg_temp.pick(choice anyarray) RETURNS anyelement LANGUAGE sql VOLATILE AS $$ SELECT choice[1 + floor(random() * cardinality(choice))::integer] $$;
CREATE FUNCTION pg_temp.price() RETURNS bigint LANGUAGE sql VOLATILE AS $$ SELECT pg_temp.pick('{100,99999,100000,249999,250000,499999,500000,999999,1000000,2499999,2500000,4999999,5000000,9000000}'::bigint[]) $$;
CREATE FUNCTION pg_temp.shuffle(ids uuid[]) RETURNS void
    LANGUAGE sql VOLATILE
AS $$
    UPDATE mjc.product p
       SET category_id = r.category_id, manufacturer_id = r.manufacturer_id, kind_id = r.kind_id, is_active = random() < 0.85, popularity = floor(random() * 3),
           price_centimes = r.price, sale_price_centimes = CASE WHEN r.sale > 0 THEN r.price / 2 END,
           sale_from_at = CASE WHEN r.sale IN (2, 4) THEN now() - interval '1 day' WHEN r.sale = 3 THEN now() + interval '1 day' END,
           sale_until_at = CASE WHEN r.sale = 4 THEN now() + interval '1 day' WHEN r.sale = 5 THEN now() - interval '1 hour' END
      FROM (SELECT i.id, pg_temp.price() AS price, floor(random() * 6)::integer AS sale,
                   pg_temp.pick(ARRAY['00000000-0000-4000-b000-000000000001', pg_temp.pid(9001), pg_temp.pid(9002), pg_temp.pid(9003)]::uuid[]) AS category_id,
                   pg_temp.pick(ARRAY[NULL, pg_temp.pid(9101), pg_temp.pid(9102), pg_temp.pid(9103)]) AS manufacturer_id,
                   pg_temp.pick(ARRAY[NULL, pg_temp.pid(9201), pg_temp.pid(9202), pg_temp.pid(9203)]) AS kind_id
              FROM unnest(ids) i (id)) r
     WHERE p.product_id = r.id
$$;
-- What is true, row by row.
CREATE FUNCTION pg_temp.truth(slugs text[]) RETURNS TABLE (product_id uuid, category text, maker text, kind text, price bigint, stocked boolean, popularity integer, created_at timestamptz)
    LANGUAGE sql STABLE
AS $$
    SELECT p.product_id, c.slug, m.slug, k.slug,
           CASE WHEN p.sale_price_centimes IS NOT NULL AND coalesce(p.sale_from_at <= statement_timestamp(), true) AND coalesce(statement_timestamp() < p.sale_until_at, true) THEN p.sale_price_centimes ELSE p.price_centimes END,
           coalesce((SELECT a.available > 0 FROM mjc.stock_available a WHERE a.product_id = p.product_id), false), p.popularity, p.created_at
      FROM mjc.product p JOIN mjc.category c ON c.category_id = p.category_id LEFT JOIN mjc.manufacturer m ON m.manufacturer_id = p.manufacturer_id LEFT JOIN mjc.part_kind k ON k.kind_id = p.kind_id
     WHERE p.is_active AND c.slug = ANY (slugs)
$$;
CREATE FUNCTION pg_temp.search(slug text, sort text DEFAULT NULL, page integer DEFAULT 1, size integer DEFAULT 20) RETURNS jsonb
    LANGUAGE sql STABLE AS $$ SELECT mjc_api.search(NULL, page, size, ARRAY[slug], NULL, NULL, NULL, NULL, NULL, NULL, sort)::jsonb $$;
CREATE FUNCTION pg_temp.list(slug text, stock boolean, sort text, direction text, page integer, size integer) RETURNS jsonb
    LANGUAGE sql STABLE AS $$ SELECT mjc_api.product_list(NULL, NULL, NULL, page, size, NULL, slug, NULL, NULL, NULL, NULL, NULL, NULL, stock, NULL, sort, direction)::jsonb $$;
CREATE FUNCTION pg_temp.below(slug text) RETURNS text[]
    LANGUAGE sql IMMUTABLE AS $$ SELECT CASE slug WHEN 'test-only-parts' THEN '{test-only-parts,test-only-b,test-only-c}' WHEN 'test-only-b' THEN '{test-only-b,test-only-c}' ELSE ARRAY[slug] END $$;
CREATE FUNCTION pg_temp.told(slug text) RETURNS TABLE (facet text, key text, n bigint)
    LANGUAGE sql STABLE
AS $$
    WITH r AS MATERIALIZED (SELECT pg_temp.search(slug) AS doc)
    SELECT d, e ->> 'slug', (e ->> 'count')::bigint FROM r CROSS JOIN unnest('{categories,manufacturers,kinds}'::text[]) d CROSS JOIN LATERAL jsonb_array_elements(r.doc -> 'facets' -> d) e
    UNION ALL SELECT 'prices', e ->> 'min', (e ->> 'count')::bigint FROM r CROSS JOIN LATERAL jsonb_array_elements(r.doc #> '{facets,prices}') e
    UNION ALL SELECT 'stock', e.key, e.value::text::bigint FROM r CROSS JOIN LATERAL jsonb_each(r.doc #> '{facets,availability}') e
    UNION ALL SELECT 'total', NULL, (r.doc #>> '{pagination,total}')::bigint FROM r
$$;
CREATE FUNCTION pg_temp.true_facets(slug text) RETURNS TABLE (facet text, key text, n bigint)
    LANGUAGE sql STABLE
AS $$
    WITH t AS MATERIALIZED (SELECT * FROM pg_temp.truth(pg_temp.below(slug)))
    SELECT 'categories', category, count(*) FROM t GROUP BY category
    UNION ALL SELECT 'manufacturers', maker, count(*) FROM t WHERE maker IS NOT NULL GROUP BY maker
    UNION ALL SELECT 'kinds', kind, count(*) FROM t WHERE kind IS NOT NULL GROUP BY kind
    UNION ALL SELECT 'prices', b.low, count(*) FROM (VALUES ('0.00', 0, 100000), ('1000.00', 100000, 250000), ('2500.00', 250000, 500000), ('5000.00', 500000, 1000000), ('10000.00', 1000000, 2500000), ('25000.00', 2500000, 5000000), ('50000.00', 5000000, NULL)) b (low, from_price, until_price)
      JOIN t ON t.price >= b.from_price AND (t.price < b.until_price OR b.until_price IS NULL) GROUP BY b.low
    UNION ALL SELECT 'stock', 'inStock', count(*) FROM t WHERE stocked
    UNION ALL SELECT 'stock', 'outOfStock', count(*) FROM t WHERE NOT stocked
    UNION ALL SELECT 'total', NULL, count(*) FROM t
$$;
CREATE FUNCTION pg_temp.wrong_facets() RETURNS SETOF text
    LANGUAGE sql STABLE
AS $$
    SELECT format('%s: told %s, true %s', s, a.line, b.line)
      FROM unnest('{test-only-parts,test-only-b,test-only-c,test-only-d}'::text[]) s
     CROSS JOIN LATERAL (SELECT string_agg(concat_ws(' ', facet, key, n), ', ' ORDER BY facet COLLATE "C", key COLLATE "C") AS line FROM pg_temp.told(s)) a
     CROSS JOIN LATERAL (SELECT string_agg(concat_ws(' ', facet, key, n), ', ' ORDER BY facet COLLATE "C", key COLLATE "C") AS line FROM pg_temp.true_facets(s)) b
     WHERE a.line IS DISTINCT FROM b.line
$$;
-- Pages of the search and of the list, one after the other, against the whole order.
CREATE FUNCTION pg_temp.wrong_pages() RETURNS SETOF text
    LANGUAGE sql STABLE
AS $$
    SELECT format('%s %s, page %s: %s, should be %s', s, o, page, a.ids, b.ids)
      FROM unnest('{test-only-parts,test-only-c,test-only-d}'::text[]) s CROSS JOIN unnest('{relevance,price_asc,price_desc,newest}'::text[]) o CROSS JOIN unnest('{1,2,5,100}'::integer[]) page
     CROSS JOIN LATERAL (SELECT array_agg((e ->> 'id')::uuid ORDER BY n) AS ids FROM jsonb_array_elements(pg_temp.search(s, o, page, 7) -> 'products') WITH ORDINALITY e (e, n)) a
     CROSS JOIN LATERAL (SELECT array_agg(x.product_id ORDER BY x.n) AS ids
                           FROM (SELECT t.product_id, row_number() OVER (ORDER BY CASE o WHEN 'price_asc' THEN t.price WHEN 'price_desc' THEN - t.price END, CASE o WHEN 'newest' THEN t.created_at END DESC,
                                                                                  CASE o WHEN 'relevance' THEN t.stocked END DESC, CASE o WHEN 'relevance' THEN - t.popularity END,
                                                                                  CASE WHEN o <> 'price_desc' THEN t.product_id END, t.product_id DESC) AS n
                                   FROM pg_temp.truth(pg_temp.below(s)) t) x WHERE x.n > (page - 1) * 7 AND x.n <= page * 7) b
     WHERE a.ids IS DISTINCT FROM b.ids
$$;
CREATE FUNCTION pg_temp.wrong_lists() RETURNS SETOF text
    LANGUAGE sql STABLE
AS $$
    SELECT format('%s, stock %s, %s %s, page %s: %s of %s, should be %s of %s', s, stock, o, d, page, a.ids, a.total, b.ids, b.total)
      FROM unnest('{test-only-parts,test-only-c}'::text[]) s CROSS JOIN unnest(ARRAY[NULL, true]) stock CROSS JOIN unnest('{price,createdAt,name}'::text[]) o CROSS JOIN unnest('{asc,desc}'::text[]) d
     CROSS JOIN (VALUES (1, 3), (2, 3), (3, 20)) v (page, size)
     CROSS JOIN LATERAL (SELECT pg_temp.list(s, stock, o, d, page, size) AS doc) l
     CROSS JOIN LATERAL (SELECT array_agg((e ->> 'id')::uuid ORDER BY n) AS ids, (l.doc #>> '{pagination,total}')::bigint AS total FROM jsonb_array_elements(l.doc -> 'products') WITH ORDINALITY e (e, n)) a
     CROSS JOIN LATERAL (SELECT array_agg(x.product_id ORDER BY x.n) FILTER (WHERE x.n > (page - 1) * size AND x.n <= page * size) AS ids, count(*) AS total
                           FROM (SELECT t.product_id, row_number() OVER (ORDER BY CASE WHEN o = 'price' AND d = 'asc' THEN t.price WHEN o = 'price' THEN - t.price END,
                                                                                  CASE WHEN o = 'createdAt' AND d = 'asc' THEN t.created_at END, CASE WHEN o = 'createdAt' AND d = 'desc' THEN t.created_at END DESC,
                                                                                  CASE WHEN o = 'name' AND d = 'asc' THEN p.name END, CASE WHEN o = 'name' AND d = 'desc' THEN p.name END DESC,
                                                                                  CASE WHEN (d = 'desc') = (o = 'createdAt') THEN t.product_id END, t.product_id DESC) AS n
                                   FROM pg_temp.truth(pg_temp.below(s)) t JOIN mjc.product p USING (product_id) WHERE stock IS NULL OR t.stocked) x) b
     WHERE (a.ids, a.total) IS DISTINCT FROM (b.ids, b.total)
$$;
-- Searches without words by any filters together: the page, how many, and the facets.
CREATE FUNCTION pg_temp.told_of(doc jsonb) RETURNS text
    LANGUAGE sql STABLE
AS $$
    SELECT concat_ws(' | ', (SELECT string_agg(e ->> 'id', ' ' ORDER BY n) FROM jsonb_array_elements(doc -> 'products') WITH ORDINALITY x (e, n)), doc #>> '{pagination,total}',
        (SELECT string_agg(concat_ws(' ', d, e ->> 'slug', e ->> 'min', e ->> 'count'), ', ' ORDER BY d, e ->> 'slug' COLLATE "C", (e ->> 'min')::numeric)
           FROM unnest('{categories,manufacturers,kinds,prices}'::text[]) d CROSS JOIN LATERAL jsonb_array_elements(doc -> 'facets' -> d) e), doc #>> '{facets,availability}')
$$;
CREATE FUNCTION pg_temp.true_of(slugs text[], makers text[], kinds text[], models uuid[], low bigint, high bigint, stock boolean, sort text) RETURNS text
    LANGUAGE sql STABLE
AS $$
    WITH t AS MATERIALIZED (
        SELECT t.* FROM pg_temp.truth(coalesce((SELECT array_agg(b) FROM unnest(slugs) s CROSS JOIN LATERAL unnest(pg_temp.below(s)) b), ARRAY(SELECT c.slug FROM mjc.category c))) t
         WHERE (makers IS NULL OR t.maker = ANY (makers)) AND (kinds IS NULL OR t.kind = ANY (kinds)) AND (low IS NULL OR t.price >= low) AND (high IS NULL OR t.price <= high) AND (NOT stock OR t.stocked)
           AND (models IS NULL OR EXISTS (SELECT FROM unnest(models) m WHERE EXISTS (SELECT FROM mjc.fitment f WHERE f.product_id = t.product_id AND f.boiler_model_id = m AND f.fits)
                                             AND NOT EXISTS (SELECT FROM mjc.fitment f WHERE f.product_id = t.product_id AND f.boiler_model_id = m AND NOT f.fits AND f.serial IS NULL)))),
    facet AS (
        SELECT 'categories' AS d, category AS key, NULL::numeric AS min, count(*) AS n FROM t GROUP BY category
        UNION ALL SELECT 'manufacturers', maker, NULL, count(*) FROM t WHERE maker IS NOT NULL GROUP BY maker
        UNION ALL SELECT 'kinds', kind, NULL, count(*) FROM t WHERE kind IS NOT NULL GROUP BY kind
        UNION ALL SELECT 'prices', NULL, b.low, count(*) FROM (VALUES (0.00, 0, 100000), (1000.00, 100000, 250000), (2500.00, 250000, 500000), (5000.00, 500000, 1000000), (10000.00, 1000000, 2500000), (25000.00, 2500000, 5000000), (50000.00, 5000000, NULL)) b (low, from_price, until_price)
          JOIN t ON t.price >= b.from_price AND (t.price < b.until_price OR b.until_price IS NULL) GROUP BY b.low)
    SELECT concat_ws(' | ', (SELECT string_agg(x.product_id::text, ' ' ORDER BY x.n)
                               FROM (SELECT t.product_id, row_number() OVER (ORDER BY CASE sort WHEN 'price_asc' THEN t.price WHEN 'price_desc' THEN - t.price END, CASE sort WHEN 'newest' THEN t.created_at END DESC,
                                                CASE sort WHEN 'relevance' THEN t.stocked END DESC, CASE sort WHEN 'relevance' THEN - t.popularity END,
                                                CASE WHEN sort <> 'price_desc' THEN t.product_id END, t.product_id DESC) AS n FROM t) x WHERE x.n <= 5),
        (SELECT count(*)::text FROM t), (SELECT string_agg(concat_ws(' ', d, key, min, n), ', ' ORDER BY d, key COLLATE "C", min) FROM facet),
        (SELECT jsonb_build_object('inStock', count(*) FILTER (WHERE stocked), 'outOfStock', count(*) FILTER (WHERE NOT stocked))::text FROM t))
$$;
CREATE FUNCTION pg_temp.wrong_filters(rounds integer) RETURNS SETOF text
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    f record;
    told text;
    wanted text;
BEGIN
    FOR i IN 1 .. rounds LOOP
        SELECT CASE WHEN random() < 0.7 THEN ARRAY[pg_temp.pick('{test-only-parts,test-only-b,test-only-c,test-only-d}'::text[])] END AS slugs, CASE WHEN random() < 0.4 THEN ARRAY[pg_temp.pick('{test-only-m1,test-only-m2,none}'::text[])] END AS makers,
               CASE WHEN random() < 0.3 THEN ARRAY['test-only-k1', 'test-only-k2'] END AS kinds, CASE WHEN random() < 0.3 THEN ARRAY[pg_temp.pid(9301), pg_temp.pid(9302)] END AS models,
               CASE WHEN random() < 0.3 THEN pg_temp.price() END AS low, CASE WHEN random() < 0.3 THEN pg_temp.price() END AS high, CASE WHEN random() < 0.4 THEN random() < 0.7 END AS stock,
               pg_temp.pick('{relevance,price_asc,price_desc,newest}'::text[]) AS sort INTO f;
        CONTINUE WHEN num_nonnulls(f.slugs, f.makers, f.kinds, f.models) = 0;
        told := pg_temp.told_of(mjc_api.search(NULL, 1, 5, f.slugs, f.makers, f.kinds, f.low, f.high, f.stock, f.models::text[], f.sort)::jsonb);
        wanted := pg_temp.true_of(f.slugs, f.makers, f.kinds, f.models, f.low, f.high, coalesce(f.stock, false), f.sort);
        RETURN QUERY SELECT format('%s: told %s, true %s', f, told, wanted) WHERE told IS DISTINCT FROM wanted;
    END LOOP;
END
$$;
CREATE FUNCTION pg_temp.exact(what text) RETURNS SETOF text
    LANGUAGE plpgsql
AS $$
BEGIN
    RETURN NEXT is_empty('SELECT pg_temp.wrong_facets()', what || ': facets and totals are a count of the rows');
    RETURN NEXT is_empty('SELECT pg_temp.wrong_pages()', what || ': pages of the search');
    RETURN NEXT is_empty('SELECT pg_temp.wrong_lists()', what || ': pages of lists');
    RETURN NEXT is_empty('SELECT pg_temp.wrong_filters(30)', what || ': any filters');
    RETURN NEXT is_empty('SELECT * FROM mjc.check_invariants()', what || ': no promise is broken');
END
$$;

SELECT setseed(0.42) \g /dev/null
SELECT count(pg_temp.make_product(n, 100000)) FROM generate_series(1, 240) n \g /dev/null
UPDATE mjc.product SET created_at = now() - interval '1 hour' * floor(random() * 40) WHERE sku LIKE 'TEST-ONLY-%';
SELECT pg_temp.shuffle(ARRAY(SELECT pg_temp.pid(n) FROM generate_series(1, 240) n)) \g /dev/null
INSERT INTO mjc.boiler_model (boiler_model_id, manufacturer_id, name) SELECT pg_temp.pid(9300 + n), pg_temp.pid(9101), 'Zzqmodel ' || n FROM generate_series(1, 2) n;
INSERT INTO mjc.fitment (product_id, boiler_model_id, fits, serial)
SELECT pg_temp.pid(n), pg_temp.pid(9301 + n % 2), v.fits, v.serial
  FROM generate_series(1, 240) n CROSS JOIN LATERAL (VALUES (true, NULL::int8range, n % 3 > 0), (false, NULL, n % 7 = 0), (false, '[1,100)', n % 5 = 0)) v (fits, serial, made) WHERE v.made;
SELECT mjc.product_changed(ARRAY(SELECT product_id FROM mjc.product)) \g /dev/null
UPDATE mjc.job SET last_ok_at = now(), last_rows = 0 WHERE name = 'catalogue_fill';
SELECT ok(mjc.catalogue_is_counted(), 'all are counted');
SELECT cmp_ok((SELECT count(*) FROM pg_temp.truth('{test-only-parts,test-only-b,test-only-c}')), '>', 120::bigint, 'there are enough for lists to be walked');
SELECT pg_temp.exact('new');
SELECT cmp_ok(mjc.facet_fold(20), '=', 20::bigint, 'a few changes are folded');
SELECT pg_temp.exact('half of the changes folded');
SELECT count(mjc.stock_receive(pg_temp.pid(n), 1 + n % 3)) FROM generate_series(1, 240, 2) n WHERE n % 5 > 1 \g /dev/null
SELECT cmp_ok((SELECT count(*) FROM mjc.stock_flip), '>', 50::bigint, 'the column does not know of the stock yet');
SELECT pg_temp.exact('late stock');
SELECT cmp_ok(mjc.stock_flip_fold(30), '=', 30::bigint, 'the job copies some');
SELECT pg_temp.exact('some stock copied');
SELECT mjc.stock_flip_fold(1000), mjc.facet_fold(5000) \g /dev/null
SELECT is((SELECT count(*) FROM mjc.facet_delta), 0::bigint, 'all changes are folded');
SELECT pg_temp.exact('all copied and folded');
SELECT count(mjc.stock_adjust(pg_temp.pid(n), - (1 + n % 3), 'Essai')) FROM generate_series(1, 240, 2) n WHERE n % 5 = 3 \g /dev/null
SELECT count(mjc.price_set(pg_temp.pid(n), 100 * n)) FROM generate_series(1, 240, 7) n \g /dev/null
SELECT pg_temp.shuffle(ARRAY(SELECT pg_temp.pid(n) FROM generate_series(3, 240, 4) n)) \g /dev/null
SELECT mjc.product_changed(ARRAY(SELECT pg_temp.pid(n) FROM generate_series(3, 240, 4) n)) \g /dev/null
SELECT pg_temp.exact('sold out, repriced, moved, taken off');
-- A sale begins and ends without anybody writing anything.
UPDATE mjc.product SET sale_price_centimes = 50, price_centimes = 9000000, sale_from_at = clock_timestamp() + interval '400 ms', sale_until_at = clock_timestamp() + interval '10 s' WHERE product_id IN (SELECT pg_temp.pid(n) FROM generate_series(2, 240, 9) n);
UPDATE mjc.product SET sale_price_centimes = 60, price_centimes = 9000000, sale_from_at = NULL, sale_until_at = clock_timestamp() + interval '400 ms' WHERE product_id IN (SELECT pg_temp.pid(n) FROM generate_series(4, 240, 11) n);
SELECT mjc.product_changed(ARRAY(SELECT pg_temp.pid(n) FROM generate_series(1, 240) n)) \g /dev/null
SELECT pg_sleep(0.5) \g /dev/null
SELECT pg_temp.exact('sales began and ended');
DELETE FROM mjc.stock_flip WHERE product_id = pg_temp.pid(6);
DELETE FROM mjc.fitment WHERE product_id = pg_temp.pid(6);
DELETE FROM mjc.product WHERE product_id = pg_temp.pid(6);
SELECT mjc.product_changed(ARRAY[pg_temp.pid(6)]) \g /dev/null
SELECT pg_temp.exact('one is no more');
SELECT mjc.stock_flip_fold(1000), mjc.facet_fold(5000) \g /dev/null
SELECT pg_temp.exact('and all folded again');

-- A refresh that changes nothing notes nothing.
SELECT mjc.product_changed(ARRAY(SELECT product_id FROM mjc.product)) \g /dev/null
SELECT is((SELECT count(*) FROM mjc.facet_delta), 0::bigint, 'what does not change is not noted');
-- While not all are counted, they are counted at each read.
UPDATE mjc.job SET last_rows = 1 WHERE name = 'catalogue_fill';
SELECT is_empty('SELECT pg_temp.wrong_facets()', 'not counted yet: facets are true as well');
SELECT is_empty('SELECT pg_temp.wrong_lists()', 'and lists');

-- A broken promise is noticed, and mended by the one call.
UPDATE mjc.product SET price_centimes = CASE WHEN price_centimes < 5000000 THEN 6000000 ELSE 100 END, sale_price_centimes = NULL, sale_from_at = NULL, sale_until_at = NULL WHERE product_id = (SELECT min(x.product_id::text)::uuid FROM mjc.facet_product x WHERE x.price_band >= 0);
SELECT set_eq('SELECT rule FROM mjc.check_invariants()', ARRAY['facet_product_is_derived', 'search_product_is_derived'], 'a price that changed behind the back of the counts is noticed');
SELECT mjc.product_changed(ARRAY(SELECT x.product_id FROM mjc.facet_product x)) \g /dev/null
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'and mended');
UPDATE mjc.facet_count SET products = products + 1 WHERE category_id = pg_temp.pid(9003) AND facet = 'availability' AND key = 'true';
SELECT set_eq('SELECT rule FROM mjc.check_invariants()', ARRAY['facet_count_is_true'], 'so is a count that is not true');

SELECT * FROM finish();
ROLLBACK;
