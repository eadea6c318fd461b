-- setting: typed shop settings with history. C reads them through setting.c.

CREATE FUNCTION mjc.setting_refused(name text, kind text, value text, min_value bigint, max_value bigint) RETURNS text
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF value IS NULL OR (kind = 'integer' AND value !~ '^-?[0-9]{1,15}$')
       OR (kind = 'boolean' AND lower(value) NOT IN ('true', 'false'))
       OR (kind = 'text' AND value ~ '[\x01-\x09\x0b-\x1f\x7f]') THEN
        RETURN 'ARGUMENT_INVALID';
    END IF;
    -- The range of a text is that of its length.
    IF (kind = 'integer' AND (value::bigint < min_value OR value::bigint > max_value))
       OR (kind = 'text' AND (length(btrim(value)) < coalesce(min_value, 0) OR length(value) > coalesce(max_value, 1000))) THEN
        RETURN 'ARGUMENT_RANGE';
    END IF;
    RETURN CASE
        WHEN name = 'order_reference_mode' AND value NOT IN ('plain', 'scrambled') THEN 'ARGUMENT_INVALID'
        -- Amounts are dinars everywhere.
        WHEN name = 'currency' AND value <> 'DZD' THEN 'ARGUMENT_INVALID'
        WHEN name = 'seller_email' AND value !~ '^([^@[:space:]]+@[^@[:space:]]+)?$' THEN 'ARGUMENT_INVALID'
    END;
END
$$;
COMMENT ON FUNCTION mjc.setting_refused(text, text, text, bigint, bigint) IS
    'Why a setting cannot have a value: ARGUMENT_INVALID or ARGUMENT_RANGE; NULL: it can';

CREATE FUNCTION mjc.setting_write(actor uuid, channel text, name text, value text, argument text, request_id text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    s mjc.setting%ROWTYPE;
    old_value text;
    new_value text;
    why text;
    at timestamptz;
BEGIN
    SELECT x.* INTO s FROM mjc.setting x WHERE x.name = setting_write.name FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM mjc.raise('SETTING_UNKNOWN');
    END IF;
    why := mjc.setting_refused(s.name, s.kind, value, s.min_value, s.max_value);
    IF why IS NOT NULL THEN
        PERFORM mjc.raise(why, 'argument', argument);
    END IF;
    old_value := coalesce(s.text_value, s.integer_value::text, s.boolean_value::text);
    new_value := CASE s.kind WHEN 'integer' THEN value::bigint::text WHEN 'boolean' THEN value::boolean::text ELSE value END;
    IF new_value = old_value THEN
        RETURN false;
    END IF;
    at := clock_timestamp();
    UPDATE mjc.setting x
       SET integer_value = CASE WHEN s.kind = 'integer' THEN new_value::bigint END,
           boolean_value = CASE WHEN s.kind = 'boolean' THEN new_value::boolean END,
           text_value = CASE WHEN s.kind = 'text' THEN new_value END,
           updated_at = at
     WHERE x.name = s.name;
    INSERT INTO mjc.setting_history (history_id, name, old_value, new_value, actor, at)
    VALUES (mjc.uuid_v7(), s.name, to_jsonb(old_value), to_jsonb(new_value), setting_write.actor, at);
    PERFORM mjc.audit_write(actor, channel, 'setting_set', 'setting', s.name,
        jsonb_build_object('value', old_value), jsonb_build_object('value', new_value), request_id);
    RETURN true;
END
$$;
COMMENT ON FUNCTION mjc.setting_write(uuid, text, text, text, text, text) IS
    'For rules: changes a setting, argument is what the caller calls it; false: it had that value already. Errors: MJ006, MJ007, MJ010';

CREATE FUNCTION mjc.setting_set(name text, value text) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.setting_write(mjc.staff_writes(), 'psql', name, value, 'value', NULL);
    RETURN value;
END
$$;
COMMENT ON FUNCTION mjc.setting_set(text, text) IS
    'Changes a shop setting; the old value stays in mjc.setting_history. Errors: MJ006, MJ007, MJ009, MJ010, MJ601';

------------------------------------------------------------------- REST

CREATE FUNCTION mjc.setting_key(name text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT string_agg(CASE WHEN n = 1 THEN w ELSE upper(left(w, 1)) || substr(w, 2) END, '' ORDER BY n)
              FROM string_to_table(name, '_') WITH ORDINALITY t (w, n));
END
$$;
COMMENT ON FUNCTION mjc.setting_key(text) IS 'What JSON calls a setting: site_name is siteName';

CREATE FUNCTION mjc.settings_json() RETURNS json
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    list json;
    own jsonb;
BEGIN
    SELECT json_agg(json_build_object('name', s.name, 'kind', s.kind,
               'value', coalesce(to_json(s.text_value), to_json(s.integer_value), to_json(s.boolean_value)), 'unit', s.unit,
               'min', s.min_value, 'max', s.max_value, 'description', s.description, 'updatedAt', mjc.iso(s.updated_at)) ORDER BY s.name),
           jsonb_object_agg(mjc.setting_key(s.name), coalesce(to_jsonb(s.text_value), to_jsonb(s.integer_value), to_jsonb(s.boolean_value)))
               FILTER (WHERE s.name ~ '^(site|seller)_' OR s.name IN ('currency', 'maintenance_mode'))
      INTO list, own
      FROM mjc.setting s;
    RETURN (own || jsonb_build_object(
        'taxRate', (SELECT mjc.dzd(s.integer_value) FROM mjc.setting s WHERE s.name = 'default_tax_bp'),
        'shippingMethods', (SELECT coalesce(jsonb_agg(DISTINCT t.delivery_mode), '[]') FROM mjc.shipping_tariff t
                             WHERE NOT t.is_draft AND t.validity @> mjc.algiers_date(clock_timestamp())),
        'paymentMethods', (SELECT coalesce(jsonb_agg(m.method ORDER BY m.method), '[]') FROM mjc.payment_method m WHERE m.is_enabled),
        -- The only messages are those that somebody asked for: links of one's own account.
        'emailNotifications', true,
        'settings', list))::json;
END
$$;
COMMENT ON FUNCTION mjc.settings_json() IS 'The settings as GET /admin/settings shows them';

CREATE FUNCTION mjc.check_super(actor uuid, token_version integer, token_id uuid) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    IF NOT EXISTS (SELECT FROM mjc.account a WHERE a.account_id = actor AND a.role = 'SUPER_ADMIN') THEN
        PERFORM mjc.raise('FORBIDDEN');
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.check_super(uuid, integer, uuid) IS
    'First step of routes for the SUPER_ADMIN only. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc.settings_wanted(doc jsonb, OUT name text, OUT value text, OUT argument text) RETURNS SETOF record
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 10
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    shown jsonb := mjc.settings_json();
    s record;
BEGIN
    IF doc IS NULL OR jsonb_typeof(doc) <> 'object' THEN
        PERFORM mjc.doc_refuse('document');
    END IF;
    -- In the order of their names, in which they are locked.
    FOR s IN SELECT k.key, x.name, x.kind, count(*) OVER (PARTITION BY x.name) AS times
               FROM jsonb_object_keys(doc) k (key)
               LEFT JOIN mjc.setting x ON k.key IN (x.name, mjc.setting_key(x.name)) OR (k.key = 'taxRate' AND x.name = 'default_tax_bp')
              ORDER BY x.name, k.key
    LOOP
        -- What only this answer shows may come back as it was shown.
        CONTINUE WHEN s.name IS NULL AND shown -> s.key = doc -> s.key;
        IF s.name IS NULL OR s.times > 1
           OR jsonb_typeof(doc -> s.key) <> (CASE s.kind WHEN 'integer' THEN 'number' WHEN 'text' THEN 'string' ELSE s.kind END) THEN
            PERFORM mjc.doc_refuse(s.key);
        END IF;
        name := s.name;
        value := CASE s.key WHEN 'taxRate' THEN mjc.doc_scaled(doc, s.key, 100, 0, 10000)::text ELSE doc ->> s.key END;
        argument := s.key;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION mjc.settings_wanted(jsonb) IS
    'Settings that a document names, as JSON or as the table calls them, with their values as text. Errors: MJ006, MJ010';

CREATE FUNCTION mjc_api.staff_settings_get(actor uuid, token_version integer, token_id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_super(actor, token_version, token_id);
    RETURN mjc.settings_json();
END
$$;
COMMENT ON FUNCTION mjc_api.staff_settings_get(uuid, integer, uuid) IS 'GET /admin/settings. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_settings_set(actor uuid, token_version integer, token_id uuid, request_id text, doc text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_schema();
    PERFORM mjc.check_super(actor, token_version, token_id);
    PERFORM mjc.setting_write(actor, 'rest', w.name, w.value, w.argument, request_id) FROM mjc.settings_wanted(doc::jsonb) w;
    RETURN mjc.settings_json();
END
$$;
COMMENT ON FUNCTION mjc_api.staff_settings_set(uuid, integer, uuid, text, text) IS
    'PUT /admin/settings: what the document names, all or nothing. Errors: MJ006, MJ009, MJ010, MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.shop_status(OUT maintenance boolean)
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    SELECT s.boolean_value INTO maintenance FROM mjc.setting s WHERE s.name = 'maintenance_mode';
END
$$;
COMMENT ON FUNCTION mjc_api.shop_status() IS 'What the shim asks every two seconds: is the shop closed for maintenance';
