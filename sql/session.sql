-- session: signing in and staying so. The shim compares passwords and makes tokens;
-- the database counts attempts, judges second factors and keeps the sessions. Nothing
-- that a client could use comes here: passwords stay in the shim, refresh tokens come
-- as SHA-256.
--
-- Lock order: mjc.sign_in_limit, mjc.account, mjc.session, mjc.account_totp.

CREATE FUNCTION mjc.sign_in_key(email text) RETURNS bytea
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN sha256(convert_to(coalesce(lower(btrim(email)), ''), 'UTF8'));
END
$$;
COMMENT ON FUNCTION mjc.sign_in_key(text) IS 'Key of mjc.sign_in_limit for an e-mail as typed';

CREATE FUNCTION mjc.sign_in_step() RETURNS interval
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT interval '1 minute' / s.integer_value FROM mjc.setting s WHERE s.name = 'sign_in_failures_per_minute');
END
$$;
COMMENT ON FUNCTION mjc.sign_in_step() IS 'Time after which one more failed sign-in of an account is forgiven';

CREATE FUNCTION mjc.sign_in_take(email text, device text) RETURNS integer
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    at timestamptz := clock_timestamp();
    step interval := mjc.sign_in_step();
    -- As many at once as a minute forgives.
    ahead interval := interval '1 minute' - step;
    key bytea := mjc.sign_in_key(email);
    full_again timestamptz;
BEGIN
    INSERT INTO mjc.sign_in_limit AS l (email_hash, device, full_at)
    VALUES (key, coalesce(sign_in_take.device, ''), at + step)
    ON CONFLICT ON CONSTRAINT sign_in_limit_pkey DO UPDATE
       SET full_at = greatest(l.full_at, at) + step
     WHERE l.full_at - at <= ahead;
    IF FOUND THEN
        RETURN 0;
    END IF;
    SELECT l.full_at INTO full_again FROM mjc.sign_in_limit l
     WHERE l.email_hash = key AND l.device = coalesce(sign_in_take.device, '');
    RETURN greatest(1, ceil(extract(epoch FROM coalesce(full_again, at) - ahead - at))::integer);
END
$$;
COMMENT ON FUNCTION mjc.sign_in_take(text, text) IS
    'Counts an attempt before its outcome is known (GCRA): 0, or the seconds to wait, and nothing is counted. device: a device that signed in to this account before, else NULL: strangers share one count, so that none locks the owner out';

CREATE FUNCTION mjc.sign_in_give_back(email text, device text) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE mjc.sign_in_limit l SET full_at = l.full_at - mjc.sign_in_step()
     WHERE l.email_hash = mjc.sign_in_key(sign_in_give_back.email) AND l.device = coalesce(sign_in_give_back.device, '');
END
$$;
COMMENT ON FUNCTION mjc.sign_in_give_back(text, text) IS 'The attempt was no failure: it does not count';

CREATE FUNCTION mjc.totp_code(secret bytea, at timestamptz, digits integer DEFAULT 6) RETURNS text
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_totp_code';
COMMENT ON FUNCTION mjc.totp_code(bytea, timestamptz, integer) IS
    'The code of a second factor at a time (RFC 6238, SHA-1, 30 seconds), of 6 to 8 digits. Errors: MJ006';

CREATE FUNCTION mjc.totp_step(secret bytea, code text, at timestamptz) RETURNS bigint
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_totp_step';
COMMENT ON FUNCTION mjc.totp_step(bytea, text, timestamptz) IS
    'The time step whose code of 6 digits this is, one before or after allowed; NULL for none. Takes the same time for each';

CREATE FUNCTION mjc.base32(bytes bytea) RETURNS text
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_base32';
COMMENT ON FUNCTION mjc.base32(bytea) IS 'Bytes as authenticators want them (RFC 4648, without padding)';

CREATE FUNCTION mjc.recovery_hash(code text) RETURNS bytea
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN sha256(convert_to(upper(regexp_replace(code, '[^A-Za-z0-9]', '', 'g')), 'UTF8'));
END
$$;
COMMENT ON FUNCTION mjc.recovery_hash(text) IS 'What is kept of a recovery code; dashes, spaces and case do not matter';

CREATE FUNCTION mjc.totp_use(account uuid, code text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    factor mjc.account_totp%ROWTYPE;
    step bigint;
BEGIN
    SELECT * INTO factor FROM mjc.account_totp t WHERE t.account_id = account FOR UPDATE;
    IF NOT FOUND OR code IS NULL THEN
        RETURN false;
    END IF;
    IF code ~ '^ *[0-9]{3} ?[0-9]{3} *$' THEN
        step := mjc.totp_step(factor.secret, replace(code, ' ', ''), clock_timestamp());
        -- A code that was used, or one before it, is not taken again.
        UPDATE mjc.account_totp t SET last_step = step WHERE t.account_id = account AND t.last_step < step;
        RETURN FOUND;
    END IF;
    UPDATE mjc.account_recovery r SET used_at = clock_timestamp()
     WHERE r.account_id = account AND r.code_hash = mjc.recovery_hash(code) AND r.used_at IS NULL;
    RETURN FOUND AND factor.enabled_at IS NOT NULL;
END
$$;
COMMENT ON FUNCTION mjc.totp_use(uuid, text) IS
    'Whether a code of the account''s authenticator or one of its recovery codes is right; it is used up';

CREATE FUNCTION mjc.session_make(account uuid, token_version integer, session_id uuid, refresh_hash bytea) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    at timestamptz := clock_timestamp();
BEGIN
    IF session_make.session_id IS NULL OR refresh_hash IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO mjc.session (session_id, account_id, token_version, token_hash, rotated_at, created_at, expires_at)
    VALUES (session_make.session_id, account, session_make.token_version, refresh_hash, at, at, at + interval '7 days');
END
$$;
COMMENT ON FUNCTION mjc.session_make(uuid, integer, uuid, bytea) IS
    'For rules: a session that can be continued; none when the shim made no refresh token';

CREATE FUNCTION mjc.session_end(session_id uuid, why text) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- Access tokens name their session: this ends those that are out, too.
    INSERT INTO mjc.token_revoked (token_id) VALUES (session_end.session_id) ON CONFLICT DO NOTHING;
    UPDATE mjc.session s SET revoked_at = clock_timestamp(), revoked_why = why
     WHERE s.session_id = session_end.session_id AND s.revoked_at IS NULL;
END
$$;
COMMENT ON FUNCTION mjc.session_end(uuid, text) IS
    'For rules: a session and every access token of it are over; why: logout, replay';

CREATE FUNCTION mjc.account_reply(account uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT json_build_object('user', mjc.user_json(a.account_id), 'tokenVersion', a.token_version)
              FROM mjc.account a WHERE a.account_id = account);
END
$$;
COMMENT ON FUNCTION mjc.account_reply(uuid) IS 'For rules: what the shim needs to make a token: user, tokenVersion';

CREATE FUNCTION mjc_api.sign_in_begin(email text, device text,
    OUT account_id uuid, OUT token_version integer, OUT password_hash text, OUT wait_seconds integer)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_schema();
    wait_seconds := mjc.sign_in_take(email, device);
    IF wait_seconds = 0 THEN
        SELECT e.account_id, a.token_version, s.password_hash
          INTO sign_in_begin.account_id, sign_in_begin.token_version, sign_in_begin.password_hash
          FROM mjc.account_email e
          JOIN mjc.account a ON a.account_id = e.account_id
          LEFT JOIN mjc.account_secret s ON s.account_id = e.account_id
         WHERE e.email = lower(btrim(sign_in_begin.email));
    END IF;
END
$$;
COMMENT ON FUNCTION mjc_api.sign_in_begin(text, text) IS
    'For the shim: counts an attempt and gives the hash to compare a password with. wait_seconds above 0: too many, nothing else is said';

CREATE FUNCTION mjc_api.sign_in_finish(account_id uuid, token_version integer, email text, device text, ok boolean, staff boolean, totp text,
    new_hash text, session_id uuid, refresh_hash bytea, request_id text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    who mjc.account%ROWTYPE;
BEGIN
    PERFORM mjc.check_schema();
    IF ok IS TRUE THEN
        -- A password that was changed while this one was compared does not let in.
        SELECT * INTO who FROM mjc.account a
         WHERE a.account_id = sign_in_finish.account_id AND a.token_version = sign_in_finish.token_version AND a.is_active
           FOR NO KEY UPDATE;
    END IF;
    IF who.account_id IS NULL THEN
        RETURN NULL;
    END IF;
    IF staff AND who.role NOT IN ('ADMIN', 'SUPER_ADMIN') THEN
        PERFORM mjc.sign_in_give_back(email, device);
        RETURN json_build_object('refused', 'FORBIDDEN');
    END IF;
    IF EXISTS (SELECT FROM mjc.account_totp t WHERE t.account_id = who.account_id AND t.enabled_at IS NOT NULL) THEN
        IF totp IS NULL THEN
            PERFORM mjc.sign_in_give_back(email, device);
            RETURN json_build_object('refused', 'TOTP_REQUIRED');
        ELSIF NOT mjc.totp_use(who.account_id, totp) THEN
            RETURN json_build_object('refused', 'TOTP_INVALID');
        END IF;
    END IF;
    PERFORM mjc.sign_in_give_back(email, device);
    IF new_hash IS NOT NULL THEN
        -- In place of a weak one only: a password that was changed meanwhile does not come back.
        PERFORM mjc.password_check(new_hash);
        UPDATE mjc.account_secret s SET password_hash = new_hash, changed_at = clock_timestamp()
         WHERE s.account_id = who.account_id AND substr(s.password_hash, 5, 2)::integer < 12;
    END IF;
    UPDATE mjc.account a SET last_login_at = clock_timestamp() WHERE a.account_id = who.account_id;
    PERFORM mjc.session_make(who.account_id, who.token_version, session_id, refresh_hash);
    IF who.role <> 'CUSTOMER' THEN
        PERFORM mjc.audit_write(who.account_id, 'rest', 'staff_login', 'account', who.account_id::text, NULL, NULL, request_id);
    END IF;
    RETURN mjc.account_reply(who.account_id);
END
$$;
COMMENT ON FUNCTION mjc_api.sign_in_finish(uuid, integer, text, text, boolean, boolean, text, text, uuid, bytea, text) IS
    'For the shim: the password was right or not; token_version as mjc_api.sign_in_begin told it. The user and his token version; {"refused": TOTP_REQUIRED, TOTP_INVALID or FORBIDDEN}; NULL when refused without a reason. new_hash replaces a weak one; staff: only admins may pass. Errors: MJ603';

CREATE FUNCTION mjc_api.session_refresh(session_id uuid, token_hash bytea, child_hash bytea, OUT outcome text, OUT account json)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    -- Two tabs that come at once get the same child; later the old token is a thief's, or ours stolen.
    grace CONSTANT interval := interval '10 seconds';
    s mjc.session%ROWTYPE;
    at timestamptz;
    fresh boolean;
BEGIN
    PERFORM mjc.check_schema();
    outcome := 'refused';
    SELECT * INTO s FROM mjc.session x WHERE x.session_id = session_refresh.session_id FOR UPDATE;
    IF NOT FOUND OR token_hash IS NULL OR child_hash IS NULL OR s.revoked_at IS NOT NULL
       OR NOT EXISTS (SELECT FROM mjc.account a WHERE a.account_id = s.account_id AND a.is_active AND a.token_version = s.token_version) THEN
        RETURN;
    END IF;
    at := clock_timestamp();
    fresh := at - s.rotated_at < grace;
    IF s.expires_at <= at THEN
        outcome := CASE WHEN token_hash IN (s.token_hash, s.previous_hash) THEN 'expired' ELSE 'refused' END;
    ELSIF s.token_hash = token_hash AND fresh AND s.previous_hash IS NOT NULL THEN
        outcome := 'same';
    ELSIF s.token_hash = token_hash THEN
        outcome := 'child';
        UPDATE mjc.session x
           SET token_hash = child_hash, previous_hash = s.token_hash, rotated_at = at, expires_at = at + interval '7 days'
         WHERE x.session_id = s.session_id;
    ELSIF s.previous_hash = token_hash AND fresh AND s.token_hash = child_hash THEN
        outcome := 'child';
    ELSE
        PERFORM mjc.session_end(s.session_id, 'replay');
        PERFORM mjc.audit_write(s.account_id, 'rest', 'session_replay', 'account', s.account_id::text, NULL, NULL, NULL);
    END IF;
    IF outcome IN ('child', 'same') THEN
        account := mjc.account_reply(s.account_id);
    END IF;
END
$$;
COMMENT ON FUNCTION mjc_api.session_refresh(uuid, bytea, bytea) IS
    'For the shim: the refresh token of this hash is used; child_hash is of the one that follows from it. outcome: child (it holds now), same (used a moment ago: keep it), expired, refused. A token used a second time ends its session';

CREATE FUNCTION mjc_api.session_close(session_id uuid, token_hash bytea, request_id text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    known boolean;
BEGIN
    PERFORM mjc.check_schema();
    SELECT true INTO known FROM mjc.session s
     WHERE s.session_id = session_close.session_id AND session_close.token_hash IN (s.token_hash, s.previous_hash)
       FOR UPDATE;
    IF known THEN
        PERFORM mjc.session_end(session_close.session_id, 'logout');
    END IF;
    RETURN coalesce(known, false);
END
$$;
COMMENT ON FUNCTION mjc_api.session_close(uuid, bytea, text) IS
    'For the shim: whoever shows the refresh token signs out; true when there was such a session';

CREATE FUNCTION mjc_api.auth_logout(actor uuid, token_version integer, token_id uuid, request_id text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_schema();
    PERFORM mjc.need_account(actor, token_version, token_id);
    PERFORM mjc.session_end(token_id, 'logout');
    IF EXISTS (SELECT FROM mjc.account a WHERE a.account_id = actor AND a.role <> 'CUSTOMER') THEN
        PERFORM mjc.audit_write(actor, 'rest', 'staff_logout', 'account', actor::text, NULL, NULL, request_id);
    END IF;
    RETURN json_build_object('success', true, 'message', 'Déconnexion réussie');
END
$$;
COMMENT ON FUNCTION mjc_api.auth_logout(uuid, integer, uuid, text) IS
    'POST /auth/logout and /admin/logout: this token and its session are refused from now on. Errors: MJ060, MJ063';

CREATE FUNCTION mjc_api.auth_logout_everywhere(actor uuid, token_version integer, token_id uuid, request_id text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_schema();
    PERFORM mjc.need_account(actor, token_version, token_id);
    UPDATE mjc.account a SET token_version = a.token_version + 1, updated_at = clock_timestamp() WHERE a.account_id = actor;
    PERFORM mjc.audit_write(actor, 'rest', 'logout_everywhere', 'account', actor::text, NULL, NULL, request_id);
    RETURN json_build_object('success', true, 'message', 'Déconnexion réussie sur tous les appareils');
END
$$;
COMMENT ON FUNCTION mjc_api.auth_logout_everywhere(uuid, integer, uuid, text) IS
    'POST /auth/logout-all: every token and session of the account is refused from now on. Errors: MJ060, MJ063';
