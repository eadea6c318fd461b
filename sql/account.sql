-- account: who may act (extension/account.c), staff, sign-in of staff.

CREATE FUNCTION mjc.raise(code text, place text DEFAULT NULL, value text DEFAULT NULL) RETURNS void
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_raise_by_name';
COMMENT ON FUNCTION mjc.raise(text, text, text) IS
    'Raises an error of errcodes.def by its name, with at most one named place filled in';

CREATE FUNCTION mjc.check_schema() RETURNS void
    LANGUAGE C VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'mjc_check_schema';
COMMENT ON FUNCTION mjc.check_schema() IS
    'First step of every rule in SQL that writes. Errors: MJ009 the tables are of another version';

CREATE FUNCTION mjc.check_admin(actor uuid, token_version integer, token_id uuid) RETURNS boolean
    LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'mjc_check_admin';
COMMENT ON FUNCTION mjc.check_admin(uuid, integer, uuid) IS
    'True when the account of a verified token may act as admin now. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc.is_admin(actor uuid, token_version integer, token_id uuid) RETURNS boolean
    LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'mjc_is_admin';
COMMENT ON FUNCTION mjc.is_admin(uuid, integer, uuid) IS
    'The same as an answer, for public routes: a token that no longer counts makes a visitor';

CREATE FUNCTION mjc.account_active(actor uuid, token_version integer, token_id uuid) RETURNS boolean
    LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'mjc_account_active';
COMMENT ON FUNCTION mjc.account_active(uuid, integer, uuid) IS
    'True when the account of a verified token, of whatever role, may act now';

-- A registered customer has the id of the account: nobody looks customers up by account_id,
-- which would ask every shard.
CREATE FUNCTION mjc.customer_of_account(actor uuid, token_version integer, token_id uuid) RETURNS uuid
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN CASE WHEN mjc.account_active(actor, token_version, token_id) THEN actor END;
END
$$;
COMMENT ON FUNCTION mjc.customer_of_account(uuid, integer, uuid) IS
    'The customer who is signed in: the customer_id of an account is its account_id; NULL for a visitor or a token that no longer counts';

CREATE FUNCTION mjc.staff_id() RETURNS uuid
    LANGUAGE C STABLE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'mjc_staff_id';
COMMENT ON FUNCTION mjc.staff_id() IS
    'The member of staff of this session''s login; NULL for a superuser without a row. Errors: MJ601';

CREATE FUNCTION mjc.staff_create(db_login text, display_name text, email text DEFAULT NULL,
    rest_role text DEFAULT NULL, password_hash text DEFAULT NULL) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    id uuid := mjc.uuid_v7();
    folded text := lower(btrim(email));
BEGIN
    PERFORM mjc.check_schema();
    IF display_name IS NULL THEN
        PERFORM mjc.raise('ARGUMENT_MISSING', 'argument', 'display_name');
    END IF;
    IF folded IS NOT NULL THEN
        IF rest_role IS NULL OR rest_role NOT IN ('TECHNICIAN', 'ADMIN', 'SUPER_ADMIN') THEN
            PERFORM mjc.raise('ARGUMENT_INVALID', 'argument', 'rest_role');
        END IF;
        IF password_hash IS NULL OR password_hash !~ '^\$2[ab]\$1[2-9]\$[./A-Za-z0-9]{53}$' THEN
            PERFORM mjc.raise('PASSWORD_HASH_INVALID');
        END IF;
        INSERT INTO mjc.account_email (email, account_id) VALUES (folded, id) ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN
            PERFORM mjc.raise('EMAIL_EXISTS');
        END IF;
        INSERT INTO mjc.account (account_id, role, is_verified) VALUES (id, rest_role, true);
        INSERT INTO mjc.account_person (account_id, email, first_name, last_name)
        VALUES (id, folded, display_name, '');
        INSERT INTO mjc.account_secret (account_id, password_hash) VALUES (id, password_hash);
    END IF;
    INSERT INTO mjc.staff (staff_id, db_login, display_name) VALUES (id, db_login, display_name);
    PERFORM mjc.audit_write(NULL, 'psql', 'staff_create', 'staff', id::text, NULL,
        jsonb_build_object('db_login', db_login, 'rest_role', rest_role));
    RETURN id;
END
$$;
COMMENT ON FUNCTION mjc.staff_create(text, text, text, text, text) IS
    'For the operator: a member of staff with a database login and, with e-mail and bcrypt hash, a REST account. Errors: MJ003, MJ010, MJ602, MJ603';

CREATE FUNCTION mjc.staff_link(db_login text, email text) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    id uuid;
BEGIN
    PERFORM mjc.check_schema();
    SELECT e.account_id INTO id FROM mjc.account_email e WHERE e.email = lower(btrim(staff_link.email));
    IF id IS NULL OR staff_link.db_login IS NULL THEN
        PERFORM mjc.raise('NOT_FOUND');
    END IF;
    UPDATE mjc.staff s SET db_login = staff_link.db_login WHERE s.staff_id = id;
    IF NOT FOUND THEN
        PERFORM mjc.raise('NOT_FOUND');
    END IF;
    PERFORM mjc.audit_write(NULL, 'psql', 'staff_link', 'staff', id::text, NULL,
        jsonb_build_object('db_login', staff_link.db_login));
    RETURN id;
END
$$;
COMMENT ON FUNCTION mjc.staff_link(text, text) IS
    'For the operator: ties a database login to the staff account with that e-mail. Errors: MJ004';

CREATE FUNCTION mjc.staff_set_active(who text, active boolean) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    id uuid;
BEGIN
    PERFORM mjc.check_schema();
    id := coalesce((SELECT e.account_id FROM mjc.account_email e WHERE e.email = lower(btrim(who))),
                   (SELECT s.staff_id FROM mjc.staff s WHERE s.db_login = who));
    IF id IS NULL OR active IS NULL THEN
        PERFORM mjc.raise('NOT_FOUND');
    END IF;
    UPDATE mjc.account a
       SET is_active = active, token_version = a.token_version + 1, updated_at = clock_timestamp()
     WHERE a.account_id = id;
    UPDATE mjc.staff s SET is_active = active WHERE s.staff_id = id;
    PERFORM mjc.audit_write(NULL, 'psql', 'staff_set_active', 'staff', id::text, NULL,
        jsonb_build_object('active', active));
    RETURN active;
END
$$;
COMMENT ON FUNCTION mjc.staff_set_active(text, boolean) IS
    'For the operator: blocks or readmits a member of staff, by e-mail or database login: REST and the rules in psql refuse at once (reading ends with ALTER ROLE ... NOLOGIN). Errors: MJ004';

-- Sign-in of staff through the shim. The password never comes here: the shim
-- compares it with the hash that staff_login_lookup gives it alone.

CREATE FUNCTION mjc_api.staff_login_lookup(email text, client_address text,
    OUT account_id uuid, OUT password_hash text, OUT locked boolean)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 1
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT a.account_id, s.password_hash,
           NOT a.is_active OR coalesce((
               SELECT f.failures >= 10 AND f.since_at > clock_timestamp() - interval '15 minutes'
                 FROM mjc.login_failure f
                WHERE f.email = e.email
                  AND f.client_address = staff_login_lookup.client_address), false)
      FROM mjc.account_email e
      JOIN mjc.account a ON a.account_id = e.account_id
      JOIN mjc.account_secret s ON s.account_id = a.account_id
     WHERE e.email = lower(btrim(staff_login_lookup.email));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_login_lookup(text, text) IS
    'For the shim: the hash to compare a password with; locked after 10 failures in 15 minutes from that address';

CREATE FUNCTION mjc_api.staff_login_finish(account_id uuid, email text, client_address text, ok boolean, request_id text)
    RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    folded text := left(lower(btrim(email)), 254);
    who uuid := account_id;
    what text;
    reply json;
BEGIN
    PERFORM mjc.check_schema();
    IF ok IS NOT TRUE OR who IS NULL THEN
        -- Counted by account and address, so that nobody can lock somebody else out.
        INSERT INTO mjc.login_failure AS f (email, client_address, failures, since_at)
        VALUES (folded, coalesce(client_address, ''), 1, clock_timestamp())
        ON CONFLICT ON CONSTRAINT login_failure_pkey DO UPDATE
           SET failures = CASE WHEN f.since_at < clock_timestamp() - interval '15 minutes' THEN 1 ELSE f.failures + 1 END,
               since_at = CASE WHEN f.since_at < clock_timestamp() - interval '15 minutes' THEN clock_timestamp() ELSE f.since_at END;
        RETURN NULL;
    END IF;
    UPDATE mjc.account a SET last_login_at = clock_timestamp()
     WHERE a.account_id = who AND a.is_active
    RETURNING a.role INTO what;
    IF what IS NULL THEN
        RETURN NULL;
    END IF;
    IF what NOT IN ('ADMIN', 'SUPER_ADMIN') THEN
        PERFORM mjc.raise('FORBIDDEN');
    END IF;
    DELETE FROM mjc.login_failure f
     WHERE f.email = folded AND f.client_address = coalesce(staff_login_finish.client_address, '');
    PERFORM mjc.audit_write(who, 'rest', 'staff_login', 'account', who::text, NULL, NULL, request_id);
    SELECT json_build_object('id', a.account_id, 'email', p.email, 'firstName', p.first_name,
               'lastName', p.last_name, 'role', a.role, 'isActive', a.is_active,
               'isVerified', a.is_verified, 'tokenVersion', a.token_version)
      INTO reply
      FROM mjc.account a JOIN mjc.account_person p ON p.account_id = a.account_id
     WHERE a.account_id = who;
    RETURN reply;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_login_finish(uuid, text, text, boolean, text) IS
    'For the shim: notes a sign-in or a failure; the user, or NULL when refused. Errors: MJ064 not an admin';

CREATE FUNCTION mjc_api.staff_me(actor uuid, token_version integer, token_id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    RETURN (
        SELECT json_build_object('user', json_build_object(
                   'id', a.account_id, 'email', p.email, 'firstName', p.first_name, 'lastName', p.last_name,
                   'role', a.role, 'avatar', NULL, 'isActive', a.is_active, 'isVerified', a.is_verified,
                   'createdAt', mjc.iso(a.created_at)))
          FROM mjc.account a JOIN mjc.account_person p ON p.account_id = a.account_id
         WHERE a.account_id = staff_me.actor);
END
$$;
COMMENT ON FUNCTION mjc_api.staff_me(uuid, integer, uuid) IS 'GET /admin/me. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_logout(actor uuid, token_version integer, token_id uuid, request_id text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_schema();
    PERFORM mjc.check_admin(actor, token_version, token_id);
    INSERT INTO mjc.token_revoked (token_id) VALUES (staff_logout.token_id) ON CONFLICT DO NOTHING;
    PERFORM mjc.audit_write(actor, 'rest', 'staff_logout', 'account', actor::text, NULL, NULL, request_id);
    RETURN json_build_object('success', true, 'message', 'Déconnexion réussie');
END
$$;
COMMENT ON FUNCTION mjc_api.staff_logout(uuid, integer, uuid, text) IS
    'POST /admin/logout: this token is refused from now on. Errors: MJ060, MJ063, MJ064';
