-- catalogue: reads of the shop window. Public; nothing prebuilt depends on the
-- clock or on stock: both are joined at read.

CREATE FUNCTION mjc.unit_price(price bigint, sale_price bigint) RETURNS bigint
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_unit_price';
COMMENT ON FUNCTION mjc.unit_price(bigint, bigint) IS
    'Price in force, centimes with tax: the sale price when 0 < sale < price, else the price';

CREATE FUNCTION mjc.sale_price_at(sale_price bigint, sale_from timestamptz, sale_until timestamptz, at timestamptz) RETURNS bigint
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
    SELECT CASE WHEN (sale_from IS NULL OR sale_from OPERATOR(pg_catalog.<=) at)
                 AND (sale_until IS NULL OR at OPERATOR(pg_catalog.<) sale_until) THEN sale_price END
$$;
COMMENT ON FUNCTION mjc.sale_price_at(bigint, timestamptz, timestamptz, timestamptz) IS
    'The sale price of an article, centimes, while it is in force; NULL before and after. A missing date is no bound';

CREATE FUNCTION mjc.slug_of(typed text) RETURNS text
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_slug_of_sql';
COMMENT ON FUNCTION mjc.slug_of(text) IS
    'The word of a name for an address: small letters a to z without accents, digits, single hyphens, 100 characters at most; NULL when nothing is left of it or it is written like an id';

CREATE FUNCTION mjc.ean_valid(ean text) RETURNS boolean
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_ean_valid_sql';
COMMENT ON FUNCTION mjc.ean_valid(text) IS 'Whether a text is a GTIN: 8, 12, 13 or 14 digits, the last of which is the check digit';

-- A slug that is taken gets the number of the product, which nobody else has; should even that be
-- taken, the end of its id.
CREATE FUNCTION mjc.product_slugs(product_ids uuid[], names text[], skus text[], OUT product_id uuid, OUT slug text) RETURNS SETOF record
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH wanted AS (
        SELECT u.id, u.n, coalesce(mjc.slug_of(u.name), mjc.slug_of(u.sku), 'p') AS plain,
               concat_ws('-', coalesce(mjc.slug_of(u.name), 'p'), mjc.slug_of(u.sku)) AS numbered
          FROM unnest(product_ids, names, skus) WITH ORDINALITY u (id, name, sku, n)),
    free AS (
        SELECT w.id, w.plain, w.numbered,
               row_number() OVER (PARTITION BY w.plain ORDER BY w.n) = 1 AND (SELECT p.slug FROM mjc.product p WHERE p.slug = w.plain) IS NULL AS plain_is_free,
               row_number() OVER (PARTITION BY w.numbered ORDER BY w.n) = 1 AND (SELECT p.slug FROM mjc.product p WHERE p.slug = w.numbered) IS NULL
                   AND w.numbered NOT IN (SELECT x.plain FROM wanted x) AS numbered_is_free
          FROM wanted w)
    SELECT f.id, CASE WHEN f.plain_is_free THEN f.plain
                      WHEN f.numbered_is_free THEN f.numbered
                      ELSE f.numbered || '-' || right(f.id::text, 12) END
      FROM free f;
END
$$;
COMMENT ON FUNCTION mjc.product_slugs(uuid[], text[], text[]) IS
    'Slugs for new products by their names: as the catalogue is now, each taken by none of its products and by one of these only';

CREATE FUNCTION mjc.category_subtree(keys text[]) RETURNS uuid[]
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        WITH RECURSIVE tree (category_id, depth) AS (
            SELECT c.category_id, 1 FROM mjc.category c
             WHERE c.category_id = ANY (SELECT mjc.uuid_or_null(k) FROM unnest(keys) k)
                OR c.slug = ANY (SELECT lower(k) FROM unnest(keys) k)
            UNION
            SELECT c.category_id, t.depth + 1 FROM mjc.category c JOIN tree t ON c.parent_id = t.category_id
             WHERE t.depth < 10)
        SELECT coalesce(array_agg(DISTINCT t.category_id), '{}') FROM tree t);
END
$$;
COMMENT ON FUNCTION mjc.category_subtree(text[]) IS
    'Categories with these ids or slugs and everything below them, ten levels at most';

CREATE FUNCTION mjc.manufacturer_ids(keys text[]) RETURNS uuid[]
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT coalesce(array_agg(m.manufacturer_id), '{}') FROM mjc.manufacturer m
         WHERE m.manufacturer_id = ANY (SELECT mjc.uuid_or_null(k) FROM unnest(keys) k)
            OR m.slug = ANY (SELECT lower(k) FROM unnest(keys) k));
END
$$;
COMMENT ON FUNCTION mjc.manufacturer_ids(text[]) IS 'Manufacturers with these ids or slugs';

CREATE FUNCTION mjc.pagination(page integer, page_size integer, total bigint) RETURNS json
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
    SELECT pg_catalog.json_build_object('page', page, 'limit', page_size, 'total', total,
        'totalPages', (total OPERATOR(pg_catalog.+) page_size OPERATOR(pg_catalog.-) 1) OPERATOR(pg_catalog./) page_size,
        'hasNext', page::pg_catalog.int8 OPERATOR(pg_catalog.*) page_size OPERATOR(pg_catalog.<) total,
        'hasPrev', page OPERATOR(pg_catalog.>) 1)
$$;
COMMENT ON FUNCTION mjc.pagination(integer, integer, bigint) IS 'The pagination object of the REST contract';

--------------------------------------------------------------- what follows a change

-- Lock order of the catalogue: categories, manufacturers and kinds (FOR SHARE by whoever puts a part
-- into them), then products by id, then what is derived from them.
CREATE FUNCTION mjc.product_changed(product_ids uuid[]) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    ids uuid[] := ARRAY(SELECT DISTINCT u.id FROM unnest(product_ids) u (id) WHERE u.id IS NOT NULL ORDER BY u.id);
BEGIN
    PERFORM FROM mjc.product p WHERE p.product_id = ANY (ids) ORDER BY p.product_id FOR NO KEY UPDATE;
    PERFORM mjc.search_refresh(ids);
    PERFORM mjc.card_refresh(ids);
    PERFORM mjc.facet_refresh(ids);
    PERFORM mjc.fitment_refresh(ids);
END
$$;
COMMENT ON FUNCTION mjc.product_changed(uuid[]) IS
    'Brings what is derived from products up to date: whoever changes what a product shows or is found by calls it afterwards, in the same transaction, with all of them at once';

CREATE FUNCTION mjc.offer_changed(product_ids uuid[]) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.facet_refresh(product_ids);
    PERFORM mjc.search_offer_refresh(product_ids);
END
$$;
COMMENT ON FUNCTION mjc.offer_changed(uuid[]) IS
    'mjc.product_changed for whoever changes only the prices or the stock of products, which are no part of documents and words; the caller has locked them';
