-- invariants_catalogue: the promises of the catalogue, of what is derived from it, and of what fits what;
-- parts of mjc.check_invariants (invariants.sql).

CREATE FUNCTION mjc.check_catalogue_invariants(since timestamptz, OUT rule text, OUT subject text, OUT detail text)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    changed uuid[] := ARRAY(SELECT DISTINCT mjc.uuid_or_null(a.subject_id) FROM mjc.audit a
                             WHERE a.at >= since AND a.subject_kind IN ('product', 'part_kind'));
BEGIN
    RETURN QUERY  -- from the top ten levels reach every category: no circle, nothing deeper
    WITH RECURSIVE tree (category_id, n) AS (
        SELECT c.category_id, 1 FROM mjc.category c WHERE c.parent_id IS NULL
        UNION ALL
        SELECT c.category_id, t.n + 1 FROM mjc.category c JOIN tree t ON c.parent_id = t.category_id WHERE t.n < 10)
    SELECT 'category_tree', format('category %s', c.category_id), 'is below itself or deeper than 10 levels'
      FROM mjc.category c WHERE NOT EXISTS (SELECT FROM tree t WHERE t.category_id = c.category_id);

    RETURN QUERY
    SELECT 'product_safety', format('product %s', p.product_id), format('%s, its kind %s', p.safety_class, k.safety_class)
      FROM mjc.product p JOIN mjc.part_kind k ON k.kind_id = p.kind_id
     WHERE (since IS NULL OR p.product_id = ANY (changed) OR k.kind_id = ANY (changed)) AND mjc.safety_rank(p.safety_class) < mjc.safety_rank(k.safety_class);

    RETURN QUERY  -- a value is of the type of its attribute
    SELECT 'product_attribute_type', format('product %s attribute %s', v.product_id, a.code), a.value_type
      FROM mjc.product p JOIN mjc.product_attribute v ON v.product_id = p.product_id JOIN mjc.attribute a ON a.attribute_id = v.attribute_id
     WHERE (since IS NULL OR p.product_id = ANY (changed))
       AND CASE a.value_type WHEN 'number' THEN v.number_value IS NULL WHEN 'boolean' THEN v.boolean_value IS NULL
                             WHEN 'choice' THEN v.text_value IS NULL OR NOT a.choices ? v.text_value ELSE v.text_value IS NULL END;

    RETURN QUERY  -- the stars of a product are those of its published reviews
    SELECT 'product_rating', format('product %s', p.product_id), format('%s reviews, %s stars; recounted %s, %s', p.rating_count, p.rating_sum, r.n, r.stars)
      FROM mjc.product p
     CROSS JOIN LATERAL (SELECT count(*) AS n, coalesce(sum(x.rating), 0) AS stars FROM mjc.review x
                          WHERE x.product_id = p.product_id AND x.state = 'PUBLISHED') r
     WHERE (since IS NULL OR p.product_id IN (SELECT x.product_id FROM mjc.review x WHERE x.updated_at >= since))
       AND (p.rating_count, p.rating_sum) IS DISTINCT FROM (r.n, r.stars);
END
$$;
COMMENT ON FUNCTION mjc.check_catalogue_invariants(timestamptz) IS 'The part of mjc.check_invariants that concerns categories, attributes, classes of safety and stars';

CREATE FUNCTION mjc.check_part_invariants(since timestamptz, OUT rule text, OUT subject text, OUT detail text)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY  -- as many successors as the relation says
    SELECT 'supersession_parts', format('product %s', s.product_id), format('%s with %s successor(s)', s.relation, n.parts)
      FROM mjc.supersession s
     CROSS JOIN LATERAL (SELECT count(*) AS parts FROM mjc.supersession_part p WHERE p.product_id = s.product_id) n
     WHERE since IS NULL AND ((s.relation = 'ONE') <> (n.parts = 1) OR n.parts = 0);

    RETURN QUERY  -- no chain comes back to where it began, none is longer than the rules allow
    WITH RECURSIVE chain (first_id, id, n) AS (
        SELECT p.product_id, p.successor_id, 1 FROM mjc.supersession_part p
         WHERE since IS NULL
        UNION
        SELECT c.first_id, p.successor_id, c.n + 1 FROM chain c JOIN mjc.supersession_part p ON p.product_id = c.id WHERE c.n <= 20 AND c.id <> c.first_id)
    SELECT DISTINCT 'supersession_chain', format('product %s', c.first_id), CASE WHEN c.id = c.first_id THEN 'replaces itself' ELSE 'more than 20 steps' END
      FROM chain c WHERE c.id = c.first_id OR c.n > 20;

    RETURN QUERY  -- a variant is of the model beside it
    SELECT 'variant_of_model', x.what, format('variant %s is not of model %s', x.variant_id, x.boiler_model_id)
      FROM (SELECT format('fitment %s', f.fitment_id) AS what, f.variant_id, f.boiler_model_id FROM mjc.fitment f WHERE f.variant_id IS NOT NULL
            UNION ALL SELECT format('code %s %s', c.scheme, c.code_key), c.variant_id, c.boiler_model_id FROM mjc.boiler_code c WHERE c.variant_id IS NOT NULL
            UNION ALL SELECT format('diagram %s', d.diagram_id), d.variant_id, d.boiler_model_id FROM mjc.diagram d WHERE d.variant_id IS NOT NULL
            UNION ALL SELECT format('boiler %s', k.boiler_id), k.variant_id, k.boiler_model_id FROM mjc.customer_boiler k WHERE k.variant_id IS NOT NULL) x
     WHERE since IS NULL AND NOT EXISTS (SELECT FROM mjc.boiler_variant v WHERE v.variant_id = x.variant_id AND v.boiler_model_id = x.boiler_model_id);

    RETURN QUERY  -- a rule for serial numbers reads its own example, whatever was changed around it
    SELECT 'plate_rule', format('rule %s', r.rule_id), 'its pattern or example is not good'
      FROM mjc.plate_rule r
     WHERE since IS NULL
       AND (mjc.plate_groups(r.pattern) IS NULL OR NOT mjc.plate_parts_ok(r.parts, mjc.plate_groups(r.pattern))
            OR NOT (SELECT x.is_read FROM mjc.plate_read(r.pattern, r.parts, r.example, mjc.algiers_date(statement_timestamp())) x));
END
$$;
COMMENT ON FUNCTION mjc.check_part_invariants(timestamptz) IS 'The part of mjc.check_invariants that concerns supersession, boilers and fitment; with since nothing: each change checks its own';

-- What tells of a change but is not told by mjc.product_changed: a rule that forgets to call that is
-- seen. Of each the newest 500: an import may have written very many.
CREATE FUNCTION mjc.products_touched(since timestamptz) RETURNS uuid[]
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN ARRAY(
        (SELECT k.product_id FROM mjc.product_card k WHERE k.refreshed_at >= since ORDER BY k.refreshed_at DESC LIMIT 500)
        UNION
        (SELECT p.product_id FROM mjc.product p WHERE p.updated_at >= since ORDER BY p.updated_at DESC LIMIT 500)
        UNION
        (SELECT mjc.uuid_or_null(CASE a.subject_kind WHEN 'product' THEN a.subject_id ELSE coalesce(a.after, a.before) ->> 'product' END)
           FROM mjc.audit a WHERE a.at >= since AND a.subject_kind IN ('product', 'fitment') ORDER BY a.at DESC LIMIT 500));
END
$$;
COMMENT ON FUNCTION mjc.products_touched(timestamptz) IS 'Products that changed after an instant, by their rows, by the audit of what hangs on them and by their documents; at most 1500';

CREATE FUNCTION mjc.check_search_invariants(since timestamptz, OUT rule text, OUT subject text, OUT detail text)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    -- A product that the search was not told of yet is not its concern.
    checked uuid[] := CASE WHEN since IS NULL THEN ARRAY(SELECT s.product_id FROM mjc.search_product s)
                           ELSE ARRAY(SELECT s.product_id FROM unnest(mjc.products_touched(since)) u (id) JOIN mjc.search_product s ON s.product_id = u.id) END;
BEGIN
    RETURN QUERY  -- the numbers of a product are those of its row and its cross-references
    SELECT 'search_key_is_derived', format('product %s', coalesce(f.product_id, k.product_id)), format('%s %s, should be %s', k.kind, k.key, f.key)
      FROM mjc.search_derive_keys(checked) f
      FULL JOIN (SELECT x.product_id, x.kind, x.key, x.short_key, x.loose_key FROM mjc.search_key x WHERE x.product_id = ANY (checked)) k
        ON k.product_id = f.product_id AND k.kind = f.kind AND k.key = f.key AND k.short_key = f.short_key AND k.loose_key = f.loose_key
     WHERE k.product_id IS NULL OR f.product_id IS NULL;

    RETURN QUERY  -- its words, tags and what it is sorted by are those of its rows
    SELECT 'search_product_is_derived', format('product %s', s.product_id), 'differs from what it is derived from'
      FROM mjc.search_product s
      LEFT JOIN mjc.search_derive(checked) f ON f.product_id = s.product_id
     WHERE s.product_id = ANY (checked)
       AND s IS DISTINCT FROM (f.product_id, f.category_id, f.created_at, f.price_centimes, f.popularity, f.derived_version, f.is_active, f.in_stock, f.manufacturer_id, f.kind_id,
                               f.sale_price_centimes, f.sale_from_at, f.sale_until_at, f.names, f.words);

    IF since IS NOT NULL THEN
        RETURN;
    END IF;
    RETURN QUERY  -- and the counts are the number of its rows
    SELECT 'catalogue_count_is_true', format('category %s manufacturer %s', c.category_id, c.manufacturer_id), format('%s too many', sum(c.products))
      FROM (SELECT n.category_id, n.manufacturer_id, n.products FROM mjc.catalogue_counts() n
            UNION ALL
            SELECT s.category_id, s.manufacturer_id, -1 FROM mjc.search_product s WHERE s.is_active) c
     GROUP BY c.category_id, c.manufacturer_id HAVING sum(c.products) <> 0;
END
$$;
COMMENT ON FUNCTION mjc.check_search_invariants(timestamptz) IS 'Part of mjc.check_invariants: what the search reads is what it was derived from; with since: of products that changed after it';

CREATE FUNCTION mjc.check_card_invariants(since timestamptz, OUT rule text, OUT subject text, OUT detail text)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    checked uuid[] := CASE WHEN since IS NULL THEN ARRAY(SELECT k.product_id FROM mjc.product_card k)
                           ELSE mjc.products_touched(since) END;
BEGIN
    RETURN QUERY  -- what is prebuilt is what would be rendered now
    SELECT 'product_card', format('product %s', r.product_id),
           format('differs in %s', concat_ws(', ', CASE WHEN k.head <> r.head THEN 'head' END, CASE WHEN k.cover <> r.cover THEN 'cover' END,
                                             CASE WHEN k.rest <> r.rest THEN 'rest' END, CASE WHEN k.named IS DISTINCT FROM r.named THEN 'named' END))
      FROM mjc.card_render(checked) r JOIN mjc.product_card k ON k.product_id = r.product_id
     WHERE (k.head, k.cover, k.rest, k.named) IS DISTINCT FROM (r.head, r.cover, r.rest, r.named);

    RETURN QUERY  -- what fits a boiler is found among active products
    SELECT DISTINCT 'fitment_is_sold', format('product %s', f.product_id), format('active %s, beside what it fits %s', p.is_active, f.is_sold)
      FROM unnest(checked) u (id) JOIN mjc.product p ON p.product_id = u.id JOIN mjc.fitment f ON f.product_id = p.product_id
     WHERE f.is_sold <> p.is_active;

    RETURN QUERY  -- what lists know of the stock is what the flag says, but for what is on its way
    SELECT 'product_in_stock', format('product %s', p.product_id), format('column %s, flag %s', p.in_stock, f.in_stock)
      FROM mjc.product p LEFT JOIN mjc.stock_flag f ON f.product_id = p.product_id
     WHERE since IS NULL AND p.in_stock <> coalesce(f.in_stock, false)
       AND NOT EXISTS (SELECT FROM mjc.stock_flip x WHERE x.product_id = p.product_id);
END
$$;
COMMENT ON FUNCTION mjc.check_card_invariants(timestamptz) IS 'The part of mjc.check_invariants that concerns prebuilt documents and copies of what products say';

CREATE FUNCTION mjc.check_facet_invariants(since timestamptz, OUT rule text, OUT subject text, OUT detail text)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    -- A product that nobody told of yet is not counted.
    checked uuid[] := CASE WHEN since IS NULL THEN ARRAY(SELECT k.product_id FROM mjc.product_card k UNION SELECT o.product_id FROM mjc.facet_product o)
                           ELSE ARRAY(SELECT k.product_id FROM unnest(mjc.products_touched(since)) u (id) JOIN mjc.product_card k ON k.product_id = u.id) END;
BEGIN
    RETURN QUERY  -- each product is counted as what it is
    SELECT 'facet_product_is_derived', format('product %s', coalesce(f.product_id, o.product_id)), format('counted as %s, should be %s', o, f)
      FROM mjc.facet_derive(checked) f
      FULL JOIN (SELECT x.product_id, x.category_id, x.kind_id, x.price_band, x.in_stock FROM mjc.facet_product x WHERE x.product_id = ANY (checked)) o ON o.product_id = f.product_id
     WHERE (f.category_id, f.kind_id, f.price_band, f.in_stock) IS DISTINCT FROM (o.category_id, o.kind_id, o.price_band, o.in_stock);

    IF since IS NOT NULL THEN
        RETURN;
    END IF;
    RETURN QUERY  -- and the counts are the number of those rows
    SELECT 'facet_count_is_true', format('category %s %s %s', c.category_id, c.facet, c.key), format('%s too many', sum(c.products))
      FROM (SELECT n.category_id, n.facet, n.key, n.products FROM mjc.facet_count n
            UNION ALL
            SELECT d.category_id, x.facet, x.key, d.change
              FROM mjc.facet_delta d CROSS JOIN LATERAL mjc.facet_cells(d.category_id, d.kind_id, d.price_band, d.in_stock) x
            UNION ALL
            SELECT o.category_id, x.facet, x.key, -1
              FROM mjc.facet_product o CROSS JOIN LATERAL mjc.facet_cells(o.category_id, o.kind_id, o.price_band, o.in_stock) x) c
     GROUP BY c.category_id, c.facet, c.key HAVING sum(c.products) <> 0;
END
$$;
COMMENT ON FUNCTION mjc.check_facet_invariants(timestamptz) IS 'The part of mjc.check_invariants that concerns the counts of kinds, prices and stock; with since: of products that changed after it';
