-- supersession: numbers that others give to a part (cross-references), and what replaced it.
-- Rules of staff; each *_write is the one way in from psql and from REST (boiler_staff.sql).
--
-- Order of locks: supersession_version, products by id (mjc.product_changed), what is derived.

-------------------------------------------------------------- cross-references

CREATE FUNCTION mjc.cross_reference_doc(product_id uuid, id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT jsonb_build_object('id', x.cross_reference_id, 'productId', x.product_id, 'kind', x.kind, 'brand', x.brand,
                       'number', x.number, 'direction', x.direction, 'createdAt', mjc.iso(x.created_at))
              FROM mjc.cross_reference x
             WHERE x.product_id = cross_reference_doc.product_id AND x.cross_reference_id = id);
END
$$;
COMMENT ON FUNCTION mjc.cross_reference_doc(uuid, uuid) IS 'A cross-reference of a product as REST shows it; NULL when there is none';

CREATE FUNCTION mjc.cross_reference_check(doc jsonb) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.doc_check(doc, '{kind,brand,number,direction}');
    PERFORM mjc.doc_need(jsonb_strip_nulls(doc), '{kind,number}');
    PERFORM mjc.doc_word(doc, 'kind', '^(OEM|OLD_OEM|COMPETITOR|EAN|SUPPLIER|INTERNAL)$'), mjc.doc_text(doc, 'brand', 1, 60),
            mjc.doc_text(doc, 'number', 1, 60), mjc.doc_word(doc, 'direction', '^(both|to_part|from_part)$');
    -- A number that nobody can type finds nothing.
    IF mjc.fold_digits(doc ->> 'number') !~ '[0-9A-Za-z]' THEN
        PERFORM mjc.doc_refuse('number');
    END IF;
    IF doc ->> 'kind' = 'EAN' AND btrim(doc ->> 'number') !~ '^([0-9]{8}|[0-9]{12,14})$' THEN
        PERFORM mjc.doc_refuse('number');
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.cross_reference_check(jsonb) IS
    'The one check of {kind: OEM, OLD_OEM, COMPETITOR, EAN (8, 12, 13 or 14 digits), SUPPLIER or INTERNAL, brand, number, direction: both, to_part or from_part}. Errors: MJ003, MJ006, MJ010';

CREATE FUNCTION mjc.cross_reference_write(actor uuid, channel text, product_id uuid, doc jsonb, request_id text) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    most constant integer := 200;
    id uuid := mjc.uuid_v7();
BEGIN
    PERFORM mjc.cross_reference_check(doc);
    PERFORM FROM mjc.product p WHERE p.product_id = cross_reference_write.product_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF (SELECT count(*) >= most FROM mjc.cross_reference x WHERE x.product_id = cross_reference_write.product_id) THEN
        PERFORM mjc.raise('CROSS_REFERENCE_LIMIT', 'max', most::text);
    END IF;
    INSERT INTO mjc.cross_reference (product_id, cross_reference_id, kind, brand, number, direction)
    VALUES (cross_reference_write.product_id, id, btrim(doc ->> 'kind'), btrim(doc ->> 'brand'), btrim(doc ->> 'number'),
            coalesce(btrim(doc ->> 'direction'), 'both'))
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        PERFORM mjc.raise('CROSS_REFERENCE_EXISTS');
    END IF;
    PERFORM mjc.product_changed(ARRAY[cross_reference_write.product_id]);
    PERFORM mjc.audit_write(actor, channel, 'cross_reference_add', 'product', cross_reference_write.product_id::text, NULL,
        mjc.cross_reference_doc(cross_reference_write.product_id, id), request_id);
    RETURN id;
END
$$;
COMMENT ON FUNCTION mjc.cross_reference_write(uuid, text, uuid, jsonb, text) IS
    'A new cross-reference {kind, brand, number, direction} of a product, at most 200; NULL when there is no such product. Errors: MJ003, MJ006, MJ010, MJ804, MJ805';

CREATE FUNCTION mjc.cross_reference_remove(actor uuid, channel text, product_id uuid, id uuid, request_id text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    before jsonb;
BEGIN
    PERFORM FROM mjc.product p WHERE p.product_id = cross_reference_remove.product_id FOR NO KEY UPDATE;
    before := mjc.cross_reference_doc(cross_reference_remove.product_id, id);
    DELETE FROM mjc.cross_reference x WHERE x.product_id = cross_reference_remove.product_id AND x.cross_reference_id = id;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    PERFORM mjc.product_changed(ARRAY[cross_reference_remove.product_id]);
    PERFORM mjc.audit_write(actor, channel, 'cross_reference_delete', 'product', cross_reference_remove.product_id::text, before, NULL, request_id);
    RETURN true;
END
$$;
COMMENT ON FUNCTION mjc.cross_reference_remove(uuid, text, uuid, uuid, text) IS
    'Takes a cross-reference of a product away; NULL when there is none of that id';

CREATE FUNCTION mjc.cross_reference_add(product text, doc jsonb) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.found(mjc.cross_reference_write(mjc.staff_writes(), 'psql', mjc.product_find(product), doc, NULL), 'PRODUCT_UNKNOWN');
END
$$;
COMMENT ON FUNCTION mjc.cross_reference_add(text, jsonb) IS
    'Another number of a product (id or sku): {kind: OEM, OLD_OEM, COMPETITOR, EAN, SUPPLIER or INTERNAL, brand, number, direction: both, to_part or from_part}; returns its id. Errors: MJ003, MJ006, MJ010, MJ107, MJ601, MJ804, MJ805';

CREATE FUNCTION mjc.cross_reference_delete(product text, cross_reference_id uuid) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.found(mjc.cross_reference_remove(mjc.staff_writes(), 'psql', mjc.product_find(product), cross_reference_id, NULL));
END
$$;
COMMENT ON FUNCTION mjc.cross_reference_delete(text, uuid) IS
    'Takes another number of a product (id or sku) away. Errors: MJ004, MJ601';

------------------------------------------------------------------ its resolution

CREATE FUNCTION mjc.is_from(from_on date, today date) RETURNS boolean
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS $$ SELECT from_on IS NULL OR from_on OPERATOR(pg_catalog.<=) today $$;
COMMENT ON FUNCTION mjc.is_from(date, date) IS 'Whether what holds from a day on (NULL: ever) holds today';

-- From the ends back, each product once, after all that replaced it: as much work as there are
-- rows, however often the ways part and meet.
CREATE FUNCTION mjc.supersession_live(product_id uuid, OUT live_id uuid, OUT relation text, OUT qty integer, OUT two_way boolean)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE ROWS 1
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    most constant bigint := 1000000;
    today constant date := mjc.algiers_date(statement_timestamp());
    -- More steps than the rules let be: not even rows that were damaged make it turn for ever.
    deepest constant integer := 50;
    ids uuid[];
    depths integer[];
    -- Of each product what is at its ends.
    of_ids uuid[] := '{}';
    end_ids uuid[] := '{}';
    relations text[] := '{}';
    counts bigint[] := '{}';
    ways boolean[] := '{}';
BEGIN
    IF NOT EXISTS (SELECT FROM mjc.supersession s WHERE s.product_id = supersession_live.product_id AND mjc.is_from(s.effective_on, today)) THEN
        RETURN;
    END IF;
    WITH RECURSIVE newer (id, n) AS (
        SELECT supersession_live.product_id, 0
        UNION SELECT p.successor_id, w.n + 1 FROM newer w JOIN mjc.supersession s ON s.product_id = w.id JOIN mjc.supersession_part p ON p.product_id = s.product_id
               WHERE w.n < deepest AND mjc.is_from(s.effective_on, today))
    SELECT array_agg(d.id), array_agg(d.n) INTO ids, depths FROM (SELECT w.id, max(w.n) AS n FROM newer w GROUP BY w.id) d;
    SELECT array_agg(i), array_agg(i), array_agg('ONE'::text), array_agg(1::bigint), array_agg(true) INTO of_ids, end_ids, relations, counts, ways
      FROM unnest(ids) i WHERE NOT EXISTS (SELECT FROM mjc.supersession s WHERE s.product_id = i AND mjc.is_from(s.effective_on, today));
    FOR depth IN REVERSE (SELECT max(d) FROM unnest(depths) d) .. 0 LOOP
        SELECT of_ids || coalesce(array_agg(x.of_id), '{}'), end_ids || coalesce(array_agg(x.end_id), '{}'), relations || coalesce(array_agg(x.relation), '{}'),
               counts || coalesce(array_agg(x.count), '{}'), ways || coalesce(array_agg(x.way), '{}')
          INTO of_ids, end_ids, relations, counts, ways
          FROM (SELECT w.of_id, w.end_id, w.relation, least(CASE w.step WHEN 'ANY' THEN min(w.count) ELSE sum(w.count) END, most)::bigint AS count, bool_and(w.way) AS way
                  FROM (SELECT s.product_id AS of_id, s.relation AS step, p.successor_id, e.end_id, sum(p.qty * e.count) AS count,
                               CASE WHEN 'ANY' IN (s.relation, e.relation) THEN 'ANY' WHEN 'KIT' IN (s.relation, e.relation) THEN 'KIT' ELSE 'ONE' END AS relation,
                               bool_and(s.interchange = 'TWO_WAY' AND e.way) AS way
                          FROM unnest(ids, depths) n (id, n)
                          JOIN mjc.supersession s ON s.product_id = n.id
                          JOIN mjc.supersession_part p ON p.product_id = s.product_id
                          JOIN unnest(of_ids, end_ids, relations, counts, ways) e (of_id, end_id, relation, count, way) ON e.of_id = p.successor_id
                         WHERE n.n = depth AND mjc.is_from(s.effective_on, today)
                         GROUP BY 1, 2, 3, 4, 6) w
                 GROUP BY w.of_id, w.end_id, w.relation, w.step) x;
    END LOOP;
    RETURN QUERY  -- what is needed whatever is chosen: that many for sure
    SELECT DISTINCT ON (e.end_id) e.end_id, e.relation, e.count::integer, e.way
      FROM unnest(of_ids, end_ids, relations, counts, ways) e (of_id, end_id, relation, count, way)
     WHERE e.of_id = supersession_live.product_id ORDER BY e.end_id, e.relation = 'ANY';
END
$$;
COMMENT ON FUNCTION mjc.supersession_live(uuid) IS
    'The products at the ends of what replaced a product as of today, each once, however long the chain; no row for one that nothing replaced. relation: ONE, KIT (together with the other KIT rows) or ANY (one of these, where a choice stood on the way). qty: units for one unit of the old product: a step multiplies, a kit adds up, a choice takes the way that needs fewest; at most a million. two_way: each step is interchangeable both ways';

CREATE FUNCTION mjc.supersession_twins(live_ids uuid[]) RETURNS uuid[]
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    today date := mjc.algiers_date(statement_timestamp());
BEGIN
    RETURN (
        WITH RECURSIVE step (id, path) AS (
            SELECT p.product_id, ARRAY[p.successor_id, p.product_id]
              FROM mjc.supersession_part p JOIN mjc.supersession r ON r.product_id = p.product_id
             WHERE p.successor_id = ANY (live_ids) AND r.relation = 'ONE' AND r.interchange = 'TWO_WAY' AND (r.effective_on IS NULL OR r.effective_on <= today)
            UNION ALL
            SELECT p.product_id, t.path || p.product_id
              FROM step t
              JOIN mjc.supersession_part p ON p.successor_id = t.id
              JOIN mjc.supersession r ON r.product_id = p.product_id
             WHERE r.relation = 'ONE' AND r.interchange = 'TWO_WAY' AND (r.effective_on IS NULL OR r.effective_on <= today)
               AND p.product_id <> ALL (t.path) AND cardinality(t.path) < 50)
        SELECT coalesce(array_agg(DISTINCT t.id), '{}') FROM step t);
END
$$;
COMMENT ON FUNCTION mjc.supersession_twins(uuid[]) IS
    'Old parts that serve as well as one of these that replaced them: every step of the chain between them is of one part and may be taken back';

CREATE FUNCTION mjc.supersession_family(product_id uuid) RETURNS uuid[]
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        WITH RECURSIVE newer (id) AS (
            SELECT supersession_family.product_id
            UNION SELECT p.successor_id FROM newer n JOIN mjc.supersession_part p ON p.product_id = n.id),
        older (id) AS (
            SELECT supersession_family.product_id
            UNION SELECT p.product_id FROM older o JOIN mjc.supersession_part p ON p.successor_id = o.id)
        SELECT array_agg(f.id ORDER BY f.id) FROM (SELECT n.id FROM newer n UNION SELECT o.id FROM older o) f);
END
$$;
COMMENT ON FUNCTION mjc.supersession_family(uuid) IS
    'A product, all that it replaced and all that replaced it, step by step: what is found by other numbers when a step changes';

----------------------------------------------------------------------- its rules

CREATE FUNCTION mjc.supersession_doc(product_id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT jsonb_build_object('relation', s.relation, 'interchange', s.interchange, 'effectiveOn', s.effective_on, 'note', s.note,
                       'parts', (SELECT jsonb_agg(jsonb_build_object('product', p.successor_id, 'quantity', p.qty) ORDER BY p.successor_id)
                                   FROM mjc.supersession_part p WHERE p.product_id = s.product_id))
              FROM mjc.supersession s WHERE s.product_id = supersession_doc.product_id);
END
$$;
COMMENT ON FUNCTION mjc.supersession_doc(uuid) IS 'What replaced a product, one step, as a document; NULL when nothing did';

CREATE FUNCTION mjc.supersession_parts(doc jsonb, OUT successor_id uuid, OUT qty integer) RETURNS SETOF record
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 5
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    most constant integer := 20;
    part jsonb;
BEGIN
    IF jsonb_typeof(doc -> 'parts') IS DISTINCT FROM 'array' THEN
        PERFORM mjc.doc_refuse('parts');
    END IF;
    IF jsonb_array_length(doc -> 'parts') > most THEN
        PERFORM mjc.doc_refuse('parts', 'ARGUMENT_RANGE');
    END IF;
    FOR part IN SELECT e FROM jsonb_array_elements(doc -> 'parts') e LOOP
        PERFORM mjc.doc_check(part, '{product,quantity}');
        PERFORM mjc.doc_need(jsonb_strip_nulls(part), '{product}');
        successor_id := mjc.doc_product(part, 'product');
        qty := coalesce(mjc.doc_integer(part, 'quantity', 1, 100), 1);
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION mjc.supersession_parts(jsonb) IS
    'The successors of a document: parts is a list of {product: id or sku, quantity (1)}, at most 20. Errors: MJ003, MJ006, MJ010';

CREATE FUNCTION mjc.supersession_check(product_id uuid, doc jsonb) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    successors uuid[];
BEGIN
    PERFORM mjc.doc_need(doc, '{relation,parts}');
    PERFORM mjc.doc_word(doc, 'relation', '^(ONE|KIT|ANY)$'), mjc.doc_word(doc, 'interchange', '^(ONE_WAY|TWO_WAY)$'), mjc.doc_text(doc, 'note', 1, 500),
            mjc.doc_day(doc, 'effectiveOn');
    successors := ARRAY(SELECT p.successor_id FROM mjc.supersession_parts(doc) p);
    IF cardinality(successors) <> (SELECT count(DISTINCT s) FROM unnest(successors) s) THEN
        PERFORM mjc.doc_refuse('parts');
    END IF;
    IF (btrim(doc ->> 'relation') = 'ONE') <> (cardinality(successors) = 1) OR cardinality(successors) = 0 THEN
        PERFORM mjc.raise('SUPERSESSION_PARTS');
    END IF;
    IF EXISTS (WITH RECURSIVE newer (id) AS (
                   SELECT s FROM unnest(successors) s
                   UNION SELECT p.successor_id FROM newer n JOIN mjc.supersession_part p ON p.product_id = n.id)
               SELECT FROM newer n WHERE n.id = supersession_check.product_id) THEN
        PERFORM mjc.raise('SUPERSESSION_CYCLE');
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.supersession_check(uuid, jsonb) IS
    'The one check of {relation: ONE, KIT or ANY, interchange: ONE_WAY or TWO_WAY, effectiveOn: from when on, note, parts}. Errors: MJ003, MJ006, MJ010, MJ801 a circle, MJ803 one successor for ONE, two or more for KIT and ANY';

CREATE FUNCTION mjc.supersession_length(product_id uuid) RETURNS integer
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    enough constant integer := 50;
BEGIN
    RETURN (
        WITH RECURSIVE newer (id, n) AS (
            SELECT supersession_length.product_id, 0
            UNION SELECT p.successor_id, w.n + 1 FROM newer w JOIN mjc.supersession_part p ON p.product_id = w.id WHERE w.n < enough),
        older (id, n) AS (
            SELECT supersession_length.product_id, 0
            UNION SELECT p.product_id, w.n + 1 FROM older w JOIN mjc.supersession_part p ON p.successor_id = w.id WHERE w.n < enough)
        SELECT (SELECT max(n) FROM newer) + (SELECT max(n) FROM older));
END
$$;
COMMENT ON FUNCTION mjc.supersession_length(uuid) IS 'Steps of the longest chain that a product is in';

CREATE FUNCTION mjc.supersession_write(actor uuid, channel text, product_id uuid, doc jsonb, request_id text) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    deepest constant integer := 20;
    before jsonb;
    wanted jsonb;
    changed uuid[];
BEGIN
    PERFORM mjc.doc_check(doc, '{relation,interchange,effectiveOn,note,parts}');
    UPDATE mjc.supersession_version v SET version = gen_random_uuid() WHERE v.singleton;
    IF NOT EXISTS (SELECT FROM mjc.product p WHERE p.product_id = supersession_write.product_id) THEN
        RETURN NULL;
    END IF;
    before := mjc.supersession_doc(supersession_write.product_id);
    wanted := mjc.doc_merge(before, doc);
    PERFORM mjc.supersession_check(supersession_write.product_id, wanted);
    changed := mjc.supersession_family(supersession_write.product_id);
    INSERT INTO mjc.supersession AS s (product_id, relation, interchange, effective_on, note)
    VALUES (supersession_write.product_id, btrim(wanted ->> 'relation'), coalesce(btrim(wanted ->> 'interchange'), 'ONE_WAY'),
            mjc.doc_day(wanted, 'effectiveOn'), btrim(wanted ->> 'note'))
    ON CONFLICT ON CONSTRAINT supersession_pkey DO UPDATE
       SET relation = EXCLUDED.relation, interchange = EXCLUDED.interchange, effective_on = EXCLUDED.effective_on, note = EXCLUDED.note;
    DELETE FROM mjc.supersession_part p WHERE p.product_id = supersession_write.product_id;
    INSERT INTO mjc.supersession_part (product_id, successor_id, qty)
    SELECT supersession_write.product_id, p.successor_id, p.qty FROM mjc.supersession_parts(wanted) p;
    IF mjc.supersession_length(supersession_write.product_id) > deepest THEN
        PERFORM mjc.raise('SUPERSESSION_TOO_LONG', 'max', deepest::text);
    END IF;
    PERFORM mjc.product_changed(ARRAY(SELECT unnest(changed) UNION SELECT unnest(mjc.supersession_family(supersession_write.product_id))));
    PERFORM mjc.audit_write(actor, channel, 'supersession_set', 'product', supersession_write.product_id::text, before,
        mjc.supersession_doc(supersession_write.product_id), request_id);
    RETURN mjc.supersession_doc(supersession_write.product_id);
END
$$;
COMMENT ON FUNCTION mjc.supersession_write(uuid, text, uuid, jsonb, text) IS
    'Says or changes what replaced a product (mjc.supersession_check; parts is taken whole); NULL when there is no such product. Errors: MJ003, MJ006, MJ010, MJ801, MJ802 more than 20 steps, MJ803';

CREATE FUNCTION mjc.supersession_remove(actor uuid, channel text, product_id uuid, request_id text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    before jsonb;
    changed uuid[];
BEGIN
    UPDATE mjc.supersession_version v SET version = gen_random_uuid() WHERE v.singleton;
    before := mjc.supersession_doc(supersession_remove.product_id);
    IF before IS NULL THEN
        RETURN NULL;
    END IF;
    changed := mjc.supersession_family(supersession_remove.product_id);
    DELETE FROM mjc.supersession_part p WHERE p.product_id = supersession_remove.product_id;
    DELETE FROM mjc.supersession s WHERE s.product_id = supersession_remove.product_id;
    PERFORM mjc.product_changed(changed);
    PERFORM mjc.audit_write(actor, channel, 'supersession_drop', 'product', supersession_remove.product_id::text, before, NULL, request_id);
    RETURN true;
END
$$;
COMMENT ON FUNCTION mjc.supersession_remove(uuid, text, uuid, text) IS
    'Nothing replaced this product after all; NULL when nothing was said to have';

CREATE FUNCTION mjc.supersession_set(product text, doc jsonb) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.found(mjc.supersession_write(mjc.staff_writes(), 'psql', mjc.product_find(product), doc, NULL), 'PRODUCT_UNKNOWN');
END
$$;
COMMENT ON FUNCTION mjc.supersession_set(text, jsonb) IS
    'What replaced a product (id or sku): {relation: ONE, KIT (all of them) or ANY (one of them), parts: [{product: id or sku, quantity}], interchange: ONE_WAY or TWO_WAY, effectiveOn, note}; null clears. Errors: MJ003, MJ006, MJ010, MJ107, MJ601, MJ801, MJ802, MJ803';

CREATE FUNCTION mjc.supersession_drop(product text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.found(mjc.supersession_remove(mjc.staff_writes(), 'psql', mjc.product_find(product), NULL));
END
$$;
COMMENT ON FUNCTION mjc.supersession_drop(text) IS
    'Nothing replaced this product (id or sku) after all. Errors: MJ004, MJ601';

------------------------------------------------------------------ what buyers see

-- Price and stock are those of the live parts; units of the old one count with them only where
-- each step goes both ways.
CREATE FUNCTION mjc.supersession_json(old_id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        WITH part AS (
            SELECT l.live_id, l.relation, l.qty, l.two_way, p.is_active, k.card,
                   mjc.unit_price(p.price_centimes, mjc.sale_price_at(p.sale_price_centimes, p.sale_from_at, p.sale_until_at, statement_timestamp())) AS price,
                   CASE WHEN p.is_active THEN greatest(coalesce(s.available, 0), 0) ELSE 0 END / l.qty AS sets
              FROM mjc.supersession_live(old_id) l
              JOIN mjc.product p ON p.product_id = l.live_id
              JOIN mjc.product_cards(ARRAY(SELECT x.live_id FROM mjc.supersession_live(old_id) x), false) k ON k.product_id = l.live_id
              LEFT JOIN mjc.stock_available s ON s.product_id = l.live_id),
        whole AS (
            SELECT bool_or(p.relation = 'ANY') AS choice, bool_and(p.two_way) AS two_way,
                   CASE WHEN bool_or(p.relation = 'ANY') THEN max(p.sets) ELSE min(p.sets) END AS sets,
                   CASE WHEN NOT bool_or(p.relation = 'ANY') THEN sum(p.price * p.qty)::bigint END AS price,
                   jsonb_agg(p.card::jsonb || jsonb_build_object('relation', p.relation, 'quantity', p.qty, 'twoWay', p.two_way)
                             ORDER BY p.relation = 'ANY', p.live_id) FILTER (WHERE p.is_active) AS parts
              FROM part p)
        SELECT jsonb_build_object('productId', old_id, 'relation', s.relation, 'interchange', s.interchange, 'effectiveOn', s.effective_on,
                   'note', s.note, 'parts', coalesce(w.parts, '[]'), 'price', mjc.dzd(w.price), 'available', w.sets,
                   'stockTogether', w.two_way,
                   'availableTogether', CASE WHEN w.two_way THEN w.sets + greatest(coalesce(o.available, 0), 0) END)
          FROM mjc.supersession s
         CROSS JOIN whole w
          LEFT JOIN mjc.stock_available o ON o.product_id = s.product_id
         WHERE s.product_id = old_id AND mjc.is_from(s.effective_on, mjc.algiers_date(statement_timestamp())));
END
$$;
COMMENT ON FUNCTION mjc.supersession_json(uuid) IS
    'What is sold instead of a product: the live parts as cards with relation and quantity (those that are sold), the price in DZD of what replaces one unit (NULL where there is a choice), how many units can be replaced from stock, and, only where each step is interchangeable both ways, that number with the stock of the old part. NULL when nothing replaced it';
