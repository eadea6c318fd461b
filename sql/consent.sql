-- consent: what customers agreed to, with the version of the text that was shown
-- (law 18-07). Texts and answers are append-only; the newest answer of a purpose counts.

CREATE FUNCTION mjc.consent_text_set(purpose text, lang text, body text) RETURNS integer
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    actor uuid;
    wanted text := btrim(body, E' \t\r\n');
    number integer;
BEGIN
    PERFORM mjc.check_schema();
    actor := mjc.staff_id();
    PERFORM mjc.doc_need(jsonb_strip_nulls(jsonb_build_object('purpose', purpose, 'lang', lang, 'body', body)), '{purpose,lang,body}');
    IF purpose !~ '^[a-z][a-z0-9_]{1,39}$' THEN
        PERFORM mjc.raise('ARGUMENT_INVALID', 'argument', 'purpose');
    ELSIF lang NOT IN ('fr', 'ar') THEN
        PERFORM mjc.raise('ARGUMENT_INVALID', 'argument', 'lang');
    ELSIF length(wanted) NOT BETWEEN 1 AND 20000 THEN
        PERFORM mjc.raise('ARGUMENT_RANGE', 'argument', 'body');
    END IF;
    SELECT coalesce(max(t.version), 0) + 1 INTO number
      FROM mjc.consent_text t WHERE t.purpose = consent_text_set.purpose AND t.lang = consent_text_set.lang;
    INSERT INTO mjc.consent_text (purpose, version, lang, body, valid_from)
    VALUES (consent_text_set.purpose, number, consent_text_set.lang, wanted, clock_timestamp())
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        PERFORM mjc.raise('CONFLICT_RETRY');
    END IF;
    PERFORM mjc.audit_write(actor, 'psql', 'consent_text_set', 'consent_text', purpose || ' ' || lang, NULL,
        jsonb_build_object('version', number));
    RETURN number;
END
$$;
COMMENT ON FUNCTION mjc.consent_text_set(text, text, text) IS
    'A new version of a text in fr or ar, in force from now on; returns its number. Old versions stay as they were shown. Errors: MJ003, MJ006, MJ010, MJ024, MJ601';

CREATE FUNCTION mjc.consent_note(customer uuid, purpose text, version integer, lang text, granted boolean, channel text, actor uuid) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    hash bytea;
    newest record;
BEGIN
    IF granted IS NULL THEN
        PERFORM mjc.raise('ARGUMENT_MISSING', 'argument', 'granted');
    END IF;
    SELECT sha256(convert_to(t.body, 'UTF8')) INTO hash
      FROM mjc.consent_text t
     WHERE t.purpose = consent_note.purpose AND t.version = consent_note.version AND t.lang = consent_note.lang;
    IF hash IS NULL THEN
        PERFORM mjc.raise('CONSENT_TEXT_UNKNOWN');
    END IF;
    -- Answers of one customer follow each other, and erasing waits for them.
    PERFORM FROM mjc.customer c WHERE c.customer_id = customer AND c.status <> 'erased' FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM mjc.raise('NOT_FOUND');
    END IF;
    SELECT c.version, c.lang, c.granted, c.at INTO newest
      FROM mjc.consent c
     WHERE c.customer_id = customer AND c.purpose = consent_note.purpose
     ORDER BY c.at DESC, c.consent_id DESC LIMIT 1;
    IF (newest.version, newest.lang, newest.granted) IS NOT DISTINCT FROM (version, lang, granted) THEN
        RETURN false;
    END IF;
    INSERT INTO mjc.consent (customer_id, consent_id, purpose, version, lang, granted, at, channel, actor, text_hash)
    VALUES (customer, mjc.uuid_v7(), consent_note.purpose, consent_note.version, consent_note.lang, consent_note.granted,
            greatest(clock_timestamp(), newest.at), consent_note.channel, consent_note.actor, hash);
    RETURN true;
END
$$;
COMMENT ON FUNCTION mjc.consent_note(uuid, text, integer, text, boolean, text, uuid) IS
    'For rules in SQL: a customer agreed to a text that was shown, or refused or withdrew; false: that was his last answer already. Errors: MJ003, MJ004, MJ656';

CREATE FUNCTION mjc.consent_list(customer uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT coalesce(json_agg(json_build_object('purpose', n.purpose, 'granted', n.granted, 'version', n.version,
                                                   'lang', n.lang, 'at', mjc.iso(n.at)) ORDER BY n.purpose), '[]'::json)
          FROM (SELECT DISTINCT ON (c.purpose) c.purpose, c.granted, c.version, c.lang, c.at
                  FROM mjc.consent c
                 WHERE c.customer_id = consent_list.customer
                 ORDER BY c.purpose, c.at DESC, c.consent_id DESC) n);
END
$$;
COMMENT ON FUNCTION mjc.consent_list(uuid) IS 'The last answer of a customer to each purpose';

------------------------------------------------------------------ REST

CREATE FUNCTION mjc_api.consent_text_list(lang text) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT json_build_object('texts', coalesce(json_agg(json_build_object('purpose', n.purpose, 'version', n.version, 'lang', n.lang,
                   'body', n.body, 'validFrom', mjc.iso(n.valid_from)) ORDER BY n.purpose), '[]'::json))
          FROM (SELECT DISTINCT ON (t.purpose) t.purpose, t.version, t.lang, t.body, t.valid_from
                  FROM mjc.consent_text t
                 WHERE t.lang = coalesce(consent_text_list.lang, 'fr') AND t.valid_from <= statement_timestamp()
                 ORDER BY t.purpose, t.version DESC) n);
END
$$;
COMMENT ON FUNCTION mjc_api.consent_text_list(text) IS
    'GET /consents: the texts in force, in French or Arabic';

CREATE FUNCTION mjc_api.customer_consent_list(actor uuid, token_version integer, token_id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    customer uuid := mjc.need_account(actor, token_version, token_id);
BEGIN
    RETURN json_build_object('consents', mjc.consent_list(customer));
END
$$;
COMMENT ON FUNCTION mjc_api.customer_consent_list(uuid, integer, uuid) IS
    'GET /customers/consents: the customer''s last answers. Errors: MJ060, MJ063';

CREATE FUNCTION mjc_api.customer_consent_set(actor uuid, token_version integer, token_id uuid, request_id text,
    purpose text, version integer, granted boolean, lang text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    customer uuid;
BEGIN
    PERFORM mjc.check_schema();
    customer := mjc.need_account(actor, token_version, token_id);
    PERFORM mjc.consent_note(customer, purpose, version, coalesce(lang, 'fr'), granted, 'rest', customer);
    RETURN json_build_object('consents', mjc.consent_list(customer));
END
$$;
COMMENT ON FUNCTION mjc_api.customer_consent_set(uuid, integer, uuid, text, text, integer, boolean, text) IS
    'POST /customers/consents: agrees to a text or withdraws; the same answer twice is one. Errors: MJ003, MJ004, MJ009, MJ063, MJ656';
