-- plate: what a rating plate or a serial number tells, by rules that are data. What no rule reads,
-- or two rules read differently, stays unknown.

CREATE FUNCTION mjc.plate_groups(pattern text) RETURNS integer
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_plate_groups';
COMMENT ON FUNCTION mjc.plate_groups(text) IS
    'How many groups a pattern for serial numbers captures; NULL when it may not be used: longer than 200 characters, none that compiles, or more than capital letters, digits, classes, \d, groups (none repeated), | ? * + {m,n} to 64';

CREATE FUNCTION mjc.week_days(year integer, week integer) RETURNS daterange
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    monday date := make_date(year, 1, 4) - (extract(isodow FROM make_date(year, 1, 4))::integer - 1) + 7 * (week - 1);
BEGIN
    RETURN CASE WHEN week BETWEEN 1 AND 53 AND extract(isoyear FROM monday) = year THEN daterange(monday, monday + 7) END;
END
$$;
COMMENT ON FUNCTION mjc.week_days(integer, integer) IS 'The days of a week by ISO 8601; NULL for a week that the year does not have';

CREATE FUNCTION mjc.span_of_days(year integer, month integer DEFAULT NULL, day integer DEFAULT NULL) RETURNS daterange
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    first date;
BEGIN
    IF year IS NULL OR year NOT BETWEEN 1950 AND 2100 OR month NOT BETWEEN 1 AND 12 OR month IS NULL AND day IS NOT NULL THEN
        RETURN NULL;
    END IF;
    IF month IS NULL THEN
        RETURN daterange(make_date(year, 1, 1), make_date(year + 1, 1, 1));
    END IF;
    first := make_date(year, month, 1);
    IF day IS NULL THEN
        RETURN daterange(first, (first + interval '1 month')::date);
    END IF;
    IF day NOT BETWEEN 1 AND extract(day FROM first + interval '1 month' - interval '1 day') THEN
        RETURN NULL;
    END IF;
    RETURN daterange(first + day - 1, first + day);
END
$$;
COMMENT ON FUNCTION mjc.span_of_days(integer, integer, integer) IS
    'The days of a year from 1950 to 2100, of a month of it, or that one day; NULL when there is none such';

CREATE FUNCTION mjc.built_days(built text) RETURNS daterange
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    part text[] := regexp_match(built, '^([0-9]{4})(?:-([0-9]{2}))?(?:-([0-9]{2}))?$');
BEGIN
    RETURN mjc.span_of_days(part[1]::integer, part[2]::integer, part[3]::integer);
END
$$;
COMMENT ON FUNCTION mjc.built_days(text) IS 'The days that 2018, 2018-03 or 2018-03-05 stand for; NULL for anything else';

CREATE FUNCTION mjc.plate_built(meaning jsonb, today date) RETURNS daterange
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    year integer := coalesce((meaning ->> 'year4')::integer, 2000 + (meaning ->> 'year2')::integer);
    built daterange;
BEGIN
    -- Two digits: the latest such year that is not to come.
    IF meaning ? 'year2' AND year > extract(year FROM today) THEN
        year := year - 100;
    END IF;
    IF year NOT BETWEEN 1950 AND extract(year FROM today) THEN
        RETURN NULL;
    END IF;
    built := CASE WHEN meaning ? 'week' THEN mjc.week_days(year, (meaning ->> 'week')::integer)
                  ELSE mjc.span_of_days(year, (meaning ->> 'month')::integer, (meaning ->> 'day')::integer) END;
    RETURN CASE WHEN lower(built) <= today THEN built END;
END
$$;
COMMENT ON FUNCTION mjc.plate_built(jsonb, date) IS
    'The days of building that year2 or year4 and week, or month and day, stand for; NULL for a day that does not exist or is to come';

CREATE FUNCTION mjc.plate_read(pattern text, parts jsonb, typed text, today date, OUT is_read boolean, OUT built daterange, OUT article text, OUT number bigint)
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    key text COLLATE "C" := mjc.boiler_code_key(typed);
    found text[];
    meaning jsonb;
BEGIN
    is_read := false;
    IF length(key) NOT BETWEEN 1 AND 64 THEN
        RETURN;
    END IF;
    found := regexp_match(key, '^(?:' || pattern || ')$');
    SELECT coalesce(jsonb_object_agg(p.part, f.value), '{}') INTO meaning
      FROM jsonb_array_elements_text(parts) WITH ORDINALITY p (part, n)
      JOIN unnest(found) WITH ORDINALITY f (value, n) ON f.n = p.n
     WHERE p.part IS NOT NULL AND f.value IS NOT NULL;
    -- What should be a number and is none, or a day that does not exist: the rule does not fit this text.
    IF found IS NULL OR EXISTS (SELECT FROM jsonb_each_text(meaning) m WHERE m.key <> 'article' AND m.value !~ '^[0-9]{1,15}$')
       OR EXISTS (SELECT FROM jsonb_each_text(meaning) m WHERE m.key NOT IN ('article', 'number') AND length(m.value) > 4) THEN
        RETURN;
    END IF;
    IF meaning ?| '{year2,year4}' THEN
        built := mjc.plate_built(meaning, today);
        IF built IS NULL THEN
            RETURN;
        END IF;
    END IF;
    is_read := true;
    article := meaning ->> 'article';
    number := (meaning ->> 'number')::bigint;
END
$$;
COMMENT ON FUNCTION mjc.plate_read(text, jsonb, text, date) IS
    'What a rule reads in a text: days of building, article number, serial number, each if the rule says so; is_read false and nothing else when it does not fit. Only for a pattern that mjc.plate_groups lets pass';

CREATE FUNCTION mjc.plate_parts_ok(parts jsonb, groups integer) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    names text[];
BEGIN
    IF jsonb_typeof(parts) <> 'array' OR jsonb_array_length(parts) <> groups OR groups = 0
       OR EXISTS (SELECT FROM jsonb_array_elements(parts) e WHERE jsonb_typeof(e) NOT IN ('string', 'null')) THEN
        RETURN false;
    END IF;
    names := ARRAY(SELECT e FROM jsonb_array_elements_text(parts) e WHERE e IS NOT NULL);
    RETURN names <> '{}' AND names <@ '{year2,year4,week,month,day,article,number}'
       AND cardinality(names) = (SELECT count(DISTINCT n) FROM unnest(names) n)
       AND NOT names @> '{year2,year4}' AND NOT names @> '{week,month}'
       AND (NOT names && '{week,month}' OR names && '{year2,year4}') AND (NOT names @> '{day}' OR names @> '{month}');
END
$$;
COMMENT ON FUNCTION mjc.plate_parts_ok(jsonb, integer) IS
    'Whether a list says of each group of a pattern what it means: year2, year4, week, month, day, article, number, each once, null to skip; a week or month goes with a year, a day with a month';

------------------------------------------------------------------------- rules

CREATE FUNCTION mjc.plate_rule_doc(id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT jsonb_build_object('manufacturer', r.manufacturer_id, 'name', r.name, 'pattern', r.pattern, 'parts', r.parts,
                       'articleScheme', r.article_scheme, 'example', r.example, 'confidence', r.confidence, 'sortOrder', r.sort_order,
                       'active', r.is_active)
              FROM mjc.plate_rule r WHERE r.rule_id = id);
END
$$;
COMMENT ON FUNCTION mjc.plate_rule_doc(uuid) IS 'A rule for serial numbers as a document; NULL when there is none';

CREATE FUNCTION mjc.plate_rule_check(doc jsonb) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    groups integer;
BEGIN
    PERFORM mjc.doc_need(doc, '{manufacturer,name,pattern,parts,example}');
    PERFORM mjc.doc_manufacturer(doc, 'manufacturer'), mjc.doc_text(doc, 'name', 1, 100), mjc.doc_text(doc, 'example', 1, 64),
            mjc.doc_word(doc, 'articleScheme', '^(MAKER|ARTICLE|GC)$'), mjc.doc_word(doc, 'confidence', '^(LOW|MED|HIGH)$'),
            mjc.doc_integer(doc, 'sortOrder', 0, 1000000), mjc.doc_boolean(doc, 'active', true);
    groups := mjc.plate_groups(mjc.doc_text(doc, 'pattern', 1, 200));
    IF groups IS NULL THEN
        PERFORM mjc.raise('PLATE_PATTERN');
    END IF;
    IF NOT mjc.plate_parts_ok(doc -> 'parts', groups) THEN
        PERFORM mjc.doc_refuse('parts');
    END IF;
    IF NOT (SELECT r.is_read FROM mjc.plate_read(btrim(doc ->> 'pattern'), doc -> 'parts', doc ->> 'example', mjc.algiers_date(clock_timestamp())) r) THEN
        PERFORM mjc.raise('PLATE_EXAMPLE');
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.plate_rule_check(jsonb) IS
    'The one check of a rule for serial numbers: its pattern may be used, each group has a meaning, its own example is read by it. Errors: MJ003, MJ006, MJ010, MJ812, MJ813';

CREATE FUNCTION mjc.plate_rule_write(actor uuid, channel text, id uuid, doc jsonb, request_id text) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    made uuid := coalesce(id, mjc.uuid_v7());
    before jsonb;
    wanted jsonb;
    maker uuid;
BEGIN
    PERFORM mjc.doc_check(doc, '{manufacturer,name,pattern,parts,articleScheme,example,confidence,sortOrder,active}');
    PERFORM FROM mjc.plate_rule r WHERE r.rule_id = id FOR UPDATE;
    before := mjc.plate_rule_doc(id);
    IF id IS NOT NULL AND before IS NULL THEN
        RETURN NULL;
    END IF;
    -- null clears a key, but in parts it is a group that is skipped.
    wanted := jsonb_strip_nulls((coalesce(before, '{}') || doc) - 'parts')
        || CASE WHEN jsonb_typeof(coalesce(doc -> 'parts', before -> 'parts')) <> 'null'
                THEN jsonb_build_object('parts', coalesce(doc -> 'parts', before -> 'parts')) ELSE '{}' END;
    PERFORM mjc.plate_rule_check(wanted);
    maker := mjc.doc_manufacturer(wanted, 'manufacturer');
    PERFORM FROM mjc.manufacturer m WHERE m.manufacturer_id = maker FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM mjc.doc_refuse('manufacturer');
    END IF;
    IF EXISTS (SELECT FROM mjc.plate_rule r WHERE r.manufacturer_id = maker AND r.name = btrim(wanted ->> 'name') AND r.rule_id <> made) THEN
        PERFORM mjc.raise('BOILER_EXISTS');
    END IF;
    INSERT INTO mjc.plate_rule AS r (rule_id, manufacturer_id, name, pattern, parts, article_scheme, example, confidence, sort_order, is_active)
    VALUES (made, maker, btrim(wanted ->> 'name'), btrim(wanted ->> 'pattern'), wanted -> 'parts', coalesce(btrim(wanted ->> 'articleScheme'), 'ARTICLE'),
            btrim(wanted ->> 'example'), coalesce(btrim(wanted ->> 'confidence'), 'MED'), coalesce(mjc.doc_integer(wanted, 'sortOrder', 0, 1000000), 0),
            mjc.doc_boolean(wanted, 'active', true))
    ON CONFLICT ON CONSTRAINT plate_rule_pkey DO UPDATE
       SET manufacturer_id = EXCLUDED.manufacturer_id, name = EXCLUDED.name, pattern = EXCLUDED.pattern, parts = EXCLUDED.parts,
           article_scheme = EXCLUDED.article_scheme, example = EXCLUDED.example, confidence = EXCLUDED.confidence,
           sort_order = EXCLUDED.sort_order, is_active = EXCLUDED.is_active, updated_at = clock_timestamp();
    PERFORM mjc.audit_write(actor, channel, 'plate_rule_set', 'plate_rule', made::text, before, mjc.plate_rule_doc(made), request_id);
    RETURN made;
END
$$;
COMMENT ON FUNCTION mjc.plate_rule_write(uuid, text, uuid, jsonb, text) IS
    'Makes (id NULL) or changes a rule for serial numbers {manufacturer, name, pattern, parts, articleScheme, example, confidence, sortOrder, active}; parts is taken whole. NULL when there is none of that id. Errors: MJ003, MJ006, MJ010, MJ806, MJ812, MJ813';

CREATE FUNCTION mjc.plate_rule_remove(actor uuid, channel text, id uuid, request_id text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    before jsonb := mjc.plate_rule_doc(id);
BEGIN
    DELETE FROM mjc.plate_rule r WHERE r.rule_id = id;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    PERFORM mjc.audit_write(actor, channel, 'plate_rule_delete', 'plate_rule', id::text, before, NULL, request_id);
    RETURN true;
END
$$;
COMMENT ON FUNCTION mjc.plate_rule_remove(uuid, text, uuid, text) IS
    'Takes a rule for serial numbers away; NULL when there is none';

CREATE FUNCTION mjc.plate_rule_set(doc jsonb, id uuid DEFAULT NULL) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.found(mjc.plate_rule_write(mjc.staff_writes(), 'psql', id, doc, NULL));
END
$$;
COMMENT ON FUNCTION mjc.plate_rule_set(jsonb, uuid) IS
    'Makes a rule that reads serial numbers or, with its id, changes it: {manufacturer: id or slug, name, pattern: a regular expression over capitals and digits, parts: what each of its groups means (year2, year4, week, month, day, article, number, or null), articleScheme: MAKER, ARTICLE or GC, example, confidence: LOW, MED or HIGH, sortOrder, active}; a key that is not there keeps what there is, null clears. Returns the id. Errors: MJ003, MJ004, MJ006, MJ010, MJ601, MJ806, MJ812, MJ813';

CREATE FUNCTION mjc.plate_rule_delete(id uuid) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.found(mjc.plate_rule_remove(mjc.staff_writes(), 'psql', id, NULL));
END
$$;
COMMENT ON FUNCTION mjc.plate_rule_delete(uuid) IS
    'Takes a rule that reads serial numbers away. Errors: MJ004, MJ601';

---------------------------------------------------------------------- reading

CREATE FUNCTION mjc.plate_readings(maker uuid, typed text,
    OUT rule_id uuid, OUT rule_name text, OUT manufacturer_id uuid, OUT confidence text, OUT built daterange, OUT article text, OUT article_scheme text, OUT number bigint)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 2
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT r.rule_id, r.name, r.manufacturer_id, r.confidence, x.built, x.article, r.article_scheme, x.number
      FROM mjc.plate_rule r
     CROSS JOIN LATERAL mjc.plate_read(r.pattern, r.parts, typed, mjc.algiers_date(statement_timestamp())) x
     WHERE r.is_active AND (maker IS NULL OR r.manufacturer_id = maker) AND x.is_read
     ORDER BY r.sort_order, r.name, r.rule_id;
END
$$;
COMMENT ON FUNCTION mjc.plate_readings(uuid, text) IS
    'What the active rules of a manufacturer (NULL: of all) read in a serial number';

CREATE FUNCTION mjc.boilers_of_code(typed text, maker uuid, code_scheme text, OUT boiler_model_id uuid, OUT variant_id uuid, OUT scheme text, OUT code text)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 2
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT c.boiler_model_id, c.variant_id, c.scheme, c.code
      FROM mjc.boiler_code c
      JOIN mjc.boiler_model b ON b.boiler_model_id = c.boiler_model_id
     WHERE c.code_key = mjc.boiler_code_key(typed) AND c.scheme = ANY (CASE WHEN code_scheme IS NULL THEN '{MAKER,ARTICLE,GC}'::text[] ELSE ARRAY[code_scheme] END)
       AND b.is_active AND (maker IS NULL OR b.manufacturer_id = maker)
     ORDER BY c.scheme;
END
$$;
COMMENT ON FUNCTION mjc.boilers_of_code(text, uuid, text) IS
    'The active boilers that a number names, however it is punctuated: of a manufacturer (NULL: of all), by one scheme (NULL: by any)';
