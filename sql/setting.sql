-- setting: typed shop settings with history. C reads them through setting.c.

CREATE FUNCTION mjc.setting_set(name text, value text) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    s mjc.setting%ROWTYPE;
    old_value jsonb;
    who uuid := mjc.staff_id();
BEGIN
    PERFORM mjc.check_schema();
    SELECT * INTO s FROM mjc.setting WHERE setting.name = setting_set.name FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM mjc.raise('SETTING_UNKNOWN');
    END IF;
    IF value IS NULL OR (s.kind = 'integer' AND value !~ '^-?[0-9]{1,15}$')
       OR (s.kind = 'boolean' AND lower(value) NOT IN ('true', 'false')) THEN
        PERFORM mjc.raise('ARGUMENT_INVALID', 'argument', 'value');
    END IF;
    IF s.kind = 'integer' AND (value::bigint < s.min_value OR value::bigint > s.max_value)
       OR (s.kind = 'text' AND length(value) > 1000) THEN
        PERFORM mjc.raise('ARGUMENT_RANGE', 'argument', 'value');
    END IF;
    IF s.name = 'order_reference_mode' AND value NOT IN ('plain', 'scrambled') THEN
        PERFORM mjc.raise('ARGUMENT_INVALID', 'argument', 'value');
    END IF;
    old_value := to_jsonb(coalesce(s.text_value, s.integer_value::text, s.boolean_value::text));
    UPDATE mjc.setting
       SET integer_value = CASE WHEN s.kind = 'integer' THEN value::bigint END,
           boolean_value = CASE WHEN s.kind = 'boolean' THEN value::boolean END,
           text_value = CASE WHEN s.kind = 'text' THEN value END,
           updated_at = clock_timestamp()
     WHERE setting.name = setting_set.name;
    INSERT INTO mjc.setting_history (history_id, name, old_value, new_value, actor, at)
    VALUES (mjc.uuid_v7(), s.name, old_value, to_jsonb(value), who, clock_timestamp());
    PERFORM mjc.audit_write(who, 'psql', 'setting_set', 'setting', s.name,
        jsonb_build_object('value', old_value), jsonb_build_object('value', value));
    RETURN value;
END
$$;
COMMENT ON FUNCTION mjc.setting_set(text, text) IS
    'Changes a shop setting; the old value stays in mjc.setting_history. Errors: MJ006, MJ007, MJ010, MJ601';
