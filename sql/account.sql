-- account: who may act (extension/account.c), members of staff.

CREATE FUNCTION mjc.raise(code text, place text DEFAULT NULL, value text DEFAULT NULL) RETURNS void
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_raise_by_name';
COMMENT ON FUNCTION mjc.raise(text, text, text) IS
    'Raises an error of errcodes.def by its name, with at most one named place filled in';

CREATE FUNCTION mjc.found(value uuid, error text DEFAULT 'NOT_FOUND') RETURNS uuid
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'mjc_found';
COMMENT ON FUNCTION mjc.found(uuid, text) IS
    'For rules of staff in psql: the answer of a core, its id, whose NULL says that there is none of that id. Errors: MJ003, MJ004, or the one that is named';

CREATE FUNCTION mjc.found(value boolean, error text DEFAULT 'NOT_FOUND') RETURNS boolean
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'mjc_found';
COMMENT ON FUNCTION mjc.found(boolean, text) IS
    'For rules of staff in psql: the answer of a core, whether it was done, whose NULL says that there is none of that id. Errors: MJ003, MJ004, or the one that is named';

CREATE FUNCTION mjc.found(value jsonb, error text DEFAULT 'NOT_FOUND') RETURNS jsonb
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'mjc_found';
COMMENT ON FUNCTION mjc.found(jsonb, text) IS
    'For rules of staff in psql: the answer of a core, its document, whose NULL says that there is none of that id. Errors: MJ003, MJ004, or the one that is named';

CREATE FUNCTION mjc.found(value text, error text DEFAULT 'NOT_FOUND') RETURNS text
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'mjc_found';
COMMENT ON FUNCTION mjc.found(text, text) IS
    'For rules of staff in psql: the answer of a core, a word, whose NULL says that there is none of that id. Errors: MJ003, MJ004, or the one that is named';

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

CREATE FUNCTION mjc.check_admin_write(actor uuid, token_version integer, token_id uuid) RETURNS void
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'mjc_check_admin_write';
COMMENT ON FUNCTION mjc.check_admin_write(uuid, integer, uuid) IS
    'First step of routes of staff that write: mjc.check_schema and mjc.check_admin. Errors: MJ009, MJ060, MJ063, MJ064';

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

CREATE FUNCTION mjc.need_account(actor uuid, token_version integer, token_id uuid) RETURNS uuid
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF actor IS NULL THEN
        PERFORM mjc.raise('MISSING_TOKEN');
    ELSIF NOT mjc.account_active(actor, token_version, token_id) THEN
        PERFORM mjc.raise('TOKEN_REVOKED');
    END IF;
    RETURN actor;
END
$$;
COMMENT ON FUNCTION mjc.need_account(uuid, integer, uuid) IS
    'First step of routes for whoever is signed in: the account, which is the id of its customer too. Errors: MJ060, MJ063';

CREATE FUNCTION mjc.staff_id() RETURNS uuid
    LANGUAGE C STABLE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'mjc_staff_id';
COMMENT ON FUNCTION mjc.staff_id() IS
    'The member of staff of this session''s login; NULL for a superuser without a row. Errors: MJ601';

CREATE FUNCTION mjc.staff_writes() RETURNS uuid
    LANGUAGE C VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'mjc_staff_writes';
COMMENT ON FUNCTION mjc.staff_writes() IS
    'First step of rules of staff in psql that write: mjc.check_schema and mjc.staff_id. Errors: MJ009, MJ601';

CREATE FUNCTION mjc.password_check(hash text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF hash IS NULL OR hash !~ '^\$2[aby]\$(1[2-9]|2[0-9]|3[01])\$[./A-Za-z0-9]{53}$' THEN
        PERFORM mjc.raise('PASSWORD_HASH_INVALID');
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.password_check(text) IS
    'Every hash that is stored is one of bcrypt, of cost 12 or more. Errors: MJ603';

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
        PERFORM mjc.password_check(staff_create.password_hash);
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
    id := coalesce((SELECT e.account_id FROM mjc.account_email e JOIN mjc.account a ON a.account_id = e.account_id
                     -- a customer's account follows the status of the customer
                     WHERE e.email = lower(btrim(who)) AND a.role <> 'CUSTOMER'),
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

CREATE FUNCTION mjc.staff_set_role(who text, rest_role text) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    id uuid;
    old_role text;
BEGIN
    PERFORM mjc.check_schema();
    IF rest_role IS NULL OR rest_role NOT IN ('TECHNICIAN', 'ADMIN', 'SUPER_ADMIN') THEN
        PERFORM mjc.raise('STAFF_ROLE_INVALID');
    END IF;
    id := coalesce((SELECT e.account_id FROM mjc.account_email e WHERE e.email = lower(btrim(who))),
                   (SELECT s.staff_id FROM mjc.staff s WHERE s.db_login = who));
    SELECT a.role INTO old_role FROM mjc.account a
     WHERE a.account_id = id AND a.role <> 'CUSTOMER' FOR NO KEY UPDATE;
    IF old_role IS NULL THEN
        PERFORM mjc.raise('NOT_FOUND');
    END IF;
    -- With the version all sessions of the old role end.
    UPDATE mjc.account a
       SET role = rest_role, token_version = a.token_version + 1, updated_at = clock_timestamp()
     WHERE a.account_id = id;
    PERFORM mjc.audit_write(NULL, 'psql', 'staff_set_role', 'staff', id::text,
        jsonb_build_object('role', old_role), jsonb_build_object('role', rest_role));
    RETURN rest_role;
END
$$;
COMMENT ON FUNCTION mjc.staff_set_role(text, text) IS
    'For the operator: another REST role for a member of staff, by e-mail or database login; he signs in again. Errors: MJ004, MJ609';

CREATE FUNCTION mjc.account_password_set(email text, password_hash text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    id uuid;
BEGIN
    PERFORM mjc.check_schema();
    PERFORM mjc.password_check(account_password_set.password_hash);
    SELECT e.account_id INTO id FROM mjc.account_email e WHERE e.email = lower(btrim(account_password_set.email));
    IF id IS NULL THEN
        PERFORM mjc.raise('NOT_FOUND');
    END IF;
    PERFORM mjc.password_store(id, account_password_set.password_hash);
    PERFORM mjc.audit_write(NULL, 'psql', 'account_password_set', 'account', id::text, NULL, NULL);
    RETURN true;
END
$$;
COMMENT ON FUNCTION mjc.account_password_set(text, text) IS
    'For the operator: a new password by its bcrypt hash; all sessions of the account end. Errors: MJ004, MJ603';

CREATE FUNCTION mjc.password_store(account uuid, password_hash text) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- Links are locked before accounts (sql/erasure.sql).
    -- Whoever changes the password because somebody reads the mail is not undone by an older link.
    UPDATE mjc.account_token t SET used_at = clock_timestamp()
     WHERE t.account_id = account AND t.purpose = 'password_reset' AND t.used_at IS NULL;
    UPDATE mjc.account a SET token_version = a.token_version + 1, updated_at = clock_timestamp()
     WHERE a.account_id = account;
    INSERT INTO mjc.account_secret AS s (account_id, password_hash, changed_at)
    VALUES (account, password_store.password_hash, clock_timestamp())
    ON CONFLICT (account_id) DO UPDATE SET password_hash = EXCLUDED.password_hash, changed_at = EXCLUDED.changed_at;
END
$$;
COMMENT ON FUNCTION mjc.password_store(uuid, text) IS
    'For rules: the hash of a new password; every session of the account and every link to set one ends with it';

CREATE FUNCTION mjc.user_json(account uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- A customer's person stands with the customer, who has the id of the account.
    RETURN (
        SELECT json_build_object(
                   'id', a.account_id, 'email', coalesce(s.email, c.email), 'firstName', coalesce(s.first_name, c.first_name),
                   'lastName', coalesce(s.last_name, c.last_name), 'role', a.role, 'phone', coalesce(s.phone, c.phone), 'avatar', NULL,
                   'isActive', a.is_active, 'isVerified', a.is_verified, 'createdAt', mjc.iso(a.created_at), 'updatedAt', mjc.iso(a.updated_at))
          FROM mjc.account a
          LEFT JOIN mjc.account_person s ON s.account_id = a.account_id
          LEFT JOIN mjc.customer_person c ON c.customer_id = a.account_id
         WHERE a.account_id = account);
END
$$;
COMMENT ON FUNCTION mjc.user_json(uuid) IS 'The User of the contract: an account with its person, no secret; NULL for none';

CREATE FUNCTION mjc_api.staff_me(actor uuid, token_version integer, token_id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    RETURN json_build_object('user', mjc.user_json(actor));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_me(uuid, integer, uuid) IS 'GET /admin/me. Errors: MJ060, MJ063, MJ064';
