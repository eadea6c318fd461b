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
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN nullif(rtrim(left(btrim(regexp_replace(lower(mjc_ext.unaccent(translate(typed, '''’', '  '))), '[^a-z0-9]+', '-', 'g'), '-'), 100), '-'), '');
END
$$;
COMMENT ON FUNCTION mjc.slug_of(text) IS
    'The word of a name for an address: small letters a to z without accents, digits, single hyphens, 100 characters at most; NULL when nothing is left of it';

CREATE FUNCTION mjc.ean_valid(ean text) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF ean !~ '^([0-9]{8}|[0-9]{12,14})$' THEN
        RETURN false;
    END IF;
    -- From the right: the check digit once, its neighbour three times, and so on.
    RETURN (SELECT sum(substr(reverse(ean), n, 1)::integer * CASE WHEN n % 2 = 0 THEN 3 ELSE 1 END) % 10 = 0
              FROM generate_series(1, length(ean)) n);
END
$$;
COMMENT ON FUNCTION mjc.ean_valid(text) IS 'Whether a text is a GTIN: 8, 12, 13 or 14 digits, the last of which is the check digit';

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
END
$$;
COMMENT ON FUNCTION mjc.product_changed(uuid[]) IS
    'Brings what is derived from products up to date: whoever changes what a product shows or is found by calls it afterwards, in the same transaction, with all of them at once';
