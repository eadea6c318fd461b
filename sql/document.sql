-- document: the JSON documents in which staff describe prices, promotions and tariffs,
-- the same from psql and from REST. Keys in camelCase; amounts are DZD numbers, rates
-- percent numbers, weights kilograms, times ISO texts. A key that is absent keeps what
-- there is, null clears it. The readers below give NULL for a key that is not there.

CREATE FUNCTION mjc.doc_refuse(key text, error text DEFAULT 'ARGUMENT_INVALID') RETURNS void
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- What a client made up as a key is not echoed.
    PERFORM mjc.raise(error, 'argument', CASE WHEN key ~ '^[A-Za-z][A-Za-z0-9_]{0,39}$' THEN key ELSE 'document' END);
END
$$;
COMMENT ON FUNCTION mjc.doc_refuse(text, text) IS
    'Raises an error that names a key of a document: ARGUMENT_MISSING, ARGUMENT_RANGE or ARGUMENT_INVALID';

CREATE FUNCTION mjc.doc_check(doc jsonb, allowed text[]) RETURNS void
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    unknown text;
BEGIN
    IF doc IS NULL THEN
        PERFORM mjc.doc_refuse('document', 'ARGUMENT_MISSING');
    END IF;
    IF jsonb_typeof(doc) <> 'object' THEN
        PERFORM mjc.doc_refuse('document');
    END IF;
    SELECT min(k) INTO unknown FROM jsonb_object_keys(doc) k WHERE k <> ALL (allowed);
    IF unknown IS NOT NULL THEN
        PERFORM mjc.doc_refuse(unknown);
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.doc_check(jsonb, text[]) IS 'A document is an object with no other keys than these. Errors: MJ003, MJ010';

CREATE FUNCTION mjc.doc_merge(before jsonb, doc jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS $$ SELECT pg_catalog.jsonb_strip_nulls(coalesce(before, '{}') OPERATOR(pg_catalog.||) doc) $$;
COMMENT ON FUNCTION mjc.doc_merge(jsonb, jsonb) IS 'The document as it will be: given keys replace, null clears, absent keys stay';

CREATE FUNCTION mjc.doc_need(doc jsonb, needed text[]) RETURNS void
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    missing text;
BEGIN
    SELECT k INTO missing FROM unnest(needed) WITH ORDINALITY u (k, n) WHERE NOT doc ? k ORDER BY n LIMIT 1;
    IF missing IS NOT NULL THEN
        PERFORM mjc.doc_refuse(missing, 'ARGUMENT_MISSING');
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.doc_need(jsonb, text[]) IS 'A merged document has these keys. Errors: MJ003';

CREATE FUNCTION mjc.doc_text(doc jsonb, key text, min_length integer, max_length integer) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    value text := btrim(doc ->> key);
BEGIN
    IF value IS NULL THEN
        RETURN NULL;
    END IF;
    IF jsonb_typeof(doc -> key) <> 'string' OR value ~ '[\x01-\x1f\x7f]' THEN
        PERFORM mjc.doc_refuse(key);
    END IF;
    IF length(value) NOT BETWEEN min_length AND max_length THEN
        PERFORM mjc.doc_refuse(key, 'ARGUMENT_RANGE');
    END IF;
    RETURN value;
END
$$;
COMMENT ON FUNCTION mjc.doc_text(jsonb, text, integer, integer) IS 'A text of one line, trimmed. Errors: MJ006, MJ010';

CREATE FUNCTION mjc.doc_word(doc jsonb, key text, pattern text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    value text := mjc.doc_text(doc, key, 0, 200);
BEGIN
    IF value !~ pattern THEN
        PERFORM mjc.doc_refuse(key);
    END IF;
    RETURN value;
END
$$;
COMMENT ON FUNCTION mjc.doc_word(jsonb, text, text) IS 'A text of a form. Errors: MJ006, MJ010';

CREATE FUNCTION mjc.doc_scaled(doc jsonb, key text, scale integer, min_value bigint, max_value bigint) RETURNS bigint
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    value numeric;
BEGIN
    IF NOT doc ? key OR jsonb_typeof(doc -> key) = 'null' THEN
        RETURN NULL;
    END IF;
    IF jsonb_typeof(doc -> key) <> 'number' THEN
        PERFORM mjc.doc_refuse(key);
    END IF;
    value := doc -> key;
    -- Before the multiplication: the largest numbers of JSON overflow it.
    IF value * sign(value) > 10::numeric ^ 15 OR value * scale NOT BETWEEN min_value AND max_value THEN
        PERFORM mjc.doc_refuse(key, 'ARGUMENT_RANGE');
    END IF;
    IF value * scale <> trunc(value * scale) THEN
        PERFORM mjc.doc_refuse(key);
    END IF;
    RETURN value * scale;
END
$$;
COMMENT ON FUNCTION mjc.doc_scaled(jsonb, text, integer, bigint, bigint) IS
    'A number times scale, which must be whole and in the range: 12.34 with 100 is 1234. Errors: MJ006, MJ010';

CREATE FUNCTION mjc.doc_centimes(doc jsonb, key text, min_value bigint DEFAULT 0, max_value bigint DEFAULT 100000000000) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT mjc.doc_scaled(doc, key, 100, min_value, max_value) $$;
COMMENT ON FUNCTION mjc.doc_centimes(jsonb, text, bigint, bigint) IS
    'An amount in DZD with at most two decimals, as centimes; at most a thousand million DZD. Errors: MJ006, MJ010';

CREATE FUNCTION mjc.doc_integer(doc jsonb, key text, min_value integer, max_value integer) RETURNS integer
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT mjc.doc_scaled(doc, key, 1, min_value, max_value)::pg_catalog.int4 $$;
COMMENT ON FUNCTION mjc.doc_integer(jsonb, text, integer, integer) IS 'A whole number. Errors: MJ006, MJ010';

CREATE FUNCTION mjc.doc_boolean(doc jsonb, key text, otherwise boolean) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT doc ? key OR jsonb_typeof(doc -> key) = 'null' THEN
        RETURN otherwise;
    END IF;
    IF jsonb_typeof(doc -> key) <> 'boolean' THEN
        PERFORM mjc.doc_refuse(key);
    END IF;
    RETURN (doc -> key)::boolean;
END
$$;
COMMENT ON FUNCTION mjc.doc_boolean(jsonb, text, boolean) IS 'true or false, otherwise when the key is not there. Errors: MJ010';

CREATE FUNCTION mjc.doc_day(doc jsonb, key text) RETURNS date
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    value text := mjc.doc_word(doc, key, '^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$');
    month date := make_date(left(value, 4)::integer, substr(value, 6, 2)::integer, 1);
BEGIN
    -- The cast would raise an error of its own for the 30th of February.
    IF right(value, 2)::integer > extract(day FROM month + interval '1 month' - interval '1 day') THEN
        PERFORM mjc.doc_refuse(key);
    END IF;
    RETURN month + (right(value, 2)::integer - 1);
END
$$;
COMMENT ON FUNCTION mjc.doc_day(jsonb, text) IS 'A day, 2026-01-31. Errors: MJ006, MJ010';

CREATE FUNCTION mjc.doc_time(doc jsonb, key text) RETURNS timestamptz
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    part text[] := regexp_match(mjc.doc_word(doc, key, '^.{10}([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9]){0,2})?)?$'),
        '^(.{10})[T ]?([0-9:.]*)(.*)$');
BEGIN
    IF part IS NULL THEN
        RETURN NULL;
    END IF;
    part[1] := mjc.doc_day(jsonb_build_object(key, part[1]), key)::text;
    part[2] := coalesce(nullif(part[2], ''), '00:00');
    IF part[3] = '' THEN
        RETURN timezone('Africa/Algiers', (part[1] || ' ' || part[2])::timestamp);
    END IF;
    RETURN (part[1] || ' ' || part[2] || part[3])::timestamptz;
END
$$;
COMMENT ON FUNCTION mjc.doc_time(jsonb, text) IS
    'An instant in ISO 8601; without an offset the clock of Africa/Algiers is meant, without a time midnight. Errors: MJ006, MJ010';

CREATE FUNCTION mjc.doc_list(doc jsonb, key text, max_count integer) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT doc ? key OR jsonb_typeof(doc -> key) = 'null' THEN
        RETURN NULL;
    END IF;
    IF jsonb_typeof(doc -> key) <> 'array' OR EXISTS (SELECT FROM jsonb_array_elements(doc -> key) e WHERE jsonb_typeof(e) <> 'string') THEN
        PERFORM mjc.doc_refuse(key);
    END IF;
    -- An empty list is no list of everything: whoever means that says null.
    IF jsonb_array_length(doc -> key) NOT BETWEEN 1 AND max_count THEN
        PERFORM mjc.doc_refuse(key, 'ARGUMENT_RANGE');
    END IF;
    RETURN ARRAY(SELECT btrim(e) FROM jsonb_array_elements_text(doc -> key) e);
END
$$;
COMMENT ON FUNCTION mjc.doc_list(jsonb, text, integer) IS 'A list of texts, not empty. Errors: MJ006, MJ010';

CREATE FUNCTION mjc.doc_found(key text, ids uuid[]) RETURNS uuid[]
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF array_position(ids, NULL) IS NOT NULL THEN
        PERFORM mjc.doc_refuse(key);
    END IF;
    RETURN (SELECT array_agg(DISTINCT i ORDER BY i) FROM unnest(ids) i);
END
$$;
COMMENT ON FUNCTION mjc.doc_found(text, uuid[]) IS 'What the names of a list stand for, each once; NULL among them: a name of nothing. Errors: MJ010';

CREATE FUNCTION mjc.doc_known(key text, typed text, id uuid) RETURNS uuid
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF typed IS NOT NULL AND id IS NULL THEN
        PERFORM mjc.doc_refuse(key);
    END IF;
    RETURN id;
END
$$;
COMMENT ON FUNCTION mjc.doc_known(text, text, uuid) IS 'What the name under a key was found to be; NULL without a name. Errors: MJ010 a name of nothing';

CREATE FUNCTION mjc.doc_named(doc jsonb, key text, typed text, id uuid, argument text) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF typed IS NULL OR (id IS NULL AND mjc.uuid_or_null(typed) IS NOT NULL) THEN
        PERFORM mjc.doc_refuse(argument);
    END IF;
    RETURN CASE WHEN id IS NULL AND jsonb_typeof(doc) = 'object' THEN jsonb_build_object(key, typed) || doc ELSE doc END;
END
$$;
COMMENT ON FUNCTION mjc.doc_named(jsonb, text, text, uuid, text) IS
    'For rules in psql that make or change what an id or a slug names: the document, with the slug under its key where nothing has it yet. Errors: MJ010 no name, or an id of nothing';

CREATE FUNCTION mjc.doc_with_id(doc jsonb, id uuid) RETURNS jsonb
    LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS $$ SELECT doc OPERATOR(pg_catalog.||) pg_catalog.jsonb_build_object('id', id) $$;
COMMENT ON FUNCTION mjc.doc_with_id(jsonb, uuid) IS 'The document of a thing with its id, as staff see it by REST; NULL when there is none';

CREATE FUNCTION mjc.doc_under(key text, item jsonb) RETURNS json
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN json_build_object(key, item);
END
$$;
COMMENT ON FUNCTION mjc.doc_under(text, jsonb) IS 'The answer of a route about one thing, {key: item}; NULL when there is none';

CREATE FUNCTION mjc.product_find(typed text) RETURNS uuid
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT p.product_id FROM mjc.product p
             WHERE p.product_id = mjc.uuid_or_null(typed) OR (mjc.uuid_or_null(typed) IS NULL AND p.sku = typed));
END
$$;
COMMENT ON FUNCTION mjc.product_find(text) IS 'Product with that id or sku; NULL when there is none';

CREATE FUNCTION mjc.doc_products(doc jsonb, key text) RETURNS uuid[]
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    names text[] := mjc.doc_list(doc, key, 1000);
BEGIN
    RETURN mjc.doc_found(key, (SELECT array_agg(mjc.product_find(n)) FROM unnest(names) n));
END
$$;
COMMENT ON FUNCTION mjc.doc_products(jsonb, text) IS 'Products, by ids or skus, at most 1000. Errors: MJ006, MJ010';

CREATE FUNCTION mjc.doc_product(doc jsonb, key text) RETURNS uuid
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    name text := mjc.doc_text(doc, key, 1, 50);
BEGIN
    RETURN mjc.doc_known(key, name, mjc.product_find(name));
END
$$;
COMMENT ON FUNCTION mjc.doc_product(jsonb, text) IS 'One product, by id or sku. Errors: MJ006, MJ010';

CREATE FUNCTION mjc.doc_customer(doc jsonb, key text) RETURNS uuid
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    name text := mjc.doc_text(doc, key, 1, 50);
BEGIN
    RETURN mjc.doc_known(key, name, (SELECT c.customer_id FROM mjc.customer c WHERE c.customer_id = mjc.uuid_or_null(name)));
END
$$;
COMMENT ON FUNCTION mjc.doc_customer(jsonb, text) IS 'One customer, by id. Errors: MJ006, MJ010';

CREATE FUNCTION mjc.doc_group(doc jsonb, key text) RETURNS text
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    name text := mjc.doc_text(doc, key, 1, 30);
BEGIN
    IF name IS NOT NULL THEN
        PERFORM mjc.check_customer_group(name);
    END IF;
    RETURN name;
END
$$;
COMMENT ON FUNCTION mjc.doc_group(jsonb, text) IS 'One customer group. Errors: MJ006, MJ010, MJ216';

CREATE FUNCTION mjc.doc_span(doc jsonb) RETURNS tstzrange
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    from_at timestamptz := mjc.doc_time(doc, 'from');
    until_at timestamptz := mjc.doc_time(doc, 'until');
BEGIN
    IF from_at >= until_at THEN
        PERFORM mjc.doc_refuse('until', 'ARGUMENT_RANGE');
    END IF;
    RETURN tstzrange(from_at, until_at);
END
$$;
COMMENT ON FUNCTION mjc.doc_span(jsonb) IS 'The time from from until until, open where a key is not there. Errors: MJ006, MJ010';

CREATE FUNCTION mjc.span_doc(span tstzrange) RETURNS jsonb
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
AS $$
    SELECT pg_catalog.jsonb_build_object('from', pg_catalog.lower(span), 'until', pg_catalog.upper(span))
$$;
COMMENT ON FUNCTION mjc.span_doc(tstzrange) IS 'A time as doc_span reads it, to the microsecond';
