-- account_api: registering, passwords, links by mail, social sign-in, second factors.

CREATE FUNCTION mjc.link_make(account uuid, purpose text, valid_for interval, topic text, lang text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    at timestamptz := clock_timestamp();
    -- 244 bits of the server's strong randomness, spread over 256
    token bytea := sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
BEGIN
    -- Of one purpose the newest link alone is good.
    UPDATE mjc.account_token t SET used_at = at
     WHERE t.account_id = account AND t.purpose = link_make.purpose AND t.used_at IS NULL;
    INSERT INTO mjc.account_token (token_hash, account_id, purpose, created_at, expires_at)
    VALUES (sha256(token), account, link_make.purpose, at, at + valid_for);
    PERFORM mjc.outbox_write(topic, 'account', account,
        jsonb_build_object('token', translate(rtrim(encode(token, 'base64'), '='), '+/', '-_'), 'lang', coalesce(lang, 'fr'),
                           'validUntil', mjc.iso(at + valid_for)));
END
$$;
COMMENT ON FUNCTION mjc.link_make(uuid, text, interval, text, text) IS
    'For rules: a link that works once goes to the e-mail of an account; older ones of that purpose do not work any more. Only its SHA-256 is kept; the link itself is in the outbox until it is delivered';

CREATE FUNCTION mjc.link_use(token_hash bytea, purpose text) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    who uuid;
BEGIN
    UPDATE mjc.account_token t SET used_at = clock_timestamp()
     WHERE t.token_hash = link_use.token_hash AND t.purpose = link_use.purpose
       AND t.used_at IS NULL AND t.expires_at > clock_timestamp()
    RETURNING t.account_id INTO who;
    IF who IS NULL OR NOT EXISTS (SELECT FROM mjc.account a WHERE a.account_id = who AND a.is_active) THEN
        PERFORM mjc.raise('ACCOUNT_TOKEN_INVALID');
    END IF;
    RETURN who;
END
$$;
COMMENT ON FUNCTION mjc.link_use(bytea, text) IS
    'For rules: uses a link up and tells whose it is. Errors: MJ607 unknown, used, too old, or the account is closed';

CREATE FUNCTION mjc.link_owner(token_hash bytea, purpose text) RETURNS uuid
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT t.account_id FROM mjc.account_token t
             WHERE t.token_hash = link_owner.token_hash AND t.purpose = link_owner.purpose
               AND t.used_at IS NULL AND t.expires_at > clock_timestamp());
END
$$;
COMMENT ON FUNCTION mjc.link_owner(bytea, text) IS 'Whose a link is, without using it up; NULL when it does not work';

CREATE FUNCTION mjc.account_join(account uuid, request_id text) RETURNS integer
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN CASE WHEN EXISTS (SELECT FROM mjc.account a WHERE a.account_id = account AND a.role = 'CUSTOMER' AND (NOT a.is_verified OR a.verified_at IS NULL))
                THEN mjc.customer_join_by_email(account, request_id) ELSE 0 END;
END
$$;
COMMENT ON FUNCTION mjc.account_join(uuid, text) IS
    'For rules, before links and accounts are locked: whoever is about to prove the e-mail of this account for the first time gets what guests ordered with it; how many orders. Errors: MJ655';

CREATE FUNCTION mjc.account_verified(account uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE mjc.account a SET is_verified = true, verified_at = coalesce(a.verified_at, clock_timestamp()), updated_at = clock_timestamp()
     WHERE a.account_id = account AND (NOT a.is_verified OR a.verified_at IS NULL);
END
$$;
COMMENT ON FUNCTION mjc.account_verified(uuid) IS 'For rules: whoever acts reads the mailbox of this account';

CREATE FUNCTION mjc.account_invite(account uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.link_make(account, 'password_reset', interval '3 days', 'account_invited');
END
$$;
COMMENT ON FUNCTION mjc.account_invite(uuid) IS
    'For rules: whom staff entered gets a link to set a password, good for three days';

CREATE FUNCTION mjc.account_register(email text, password_hash text, doc jsonb) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    id uuid := mjc.uuid_v7();
    folded text := lower(mjc.doc_text(jsonb_build_object('email', email), 'email', 3, 254));
    clean jsonb := jsonb_build_object('customerType', 'B2C') || jsonb_strip_nulls(mjc.customer_check(doc));
BEGIN
    PERFORM mjc.doc_need(jsonb_strip_nulls(jsonb_build_object('email', email)), '{email}');
    IF folded !~ '^[^\s@"<>,;:\\()\[\]]{1,64}@[^\s@"<>,;:\\()\[\]]+\.[^\s@"<>,;:\\()\[\].]+$' THEN
        PERFORM mjc.raise('ARGUMENT_INVALID', 'argument', 'email');
    END IF;
    PERFORM mjc.doc_need(clean, '{firstName,lastName}');
    INSERT INTO mjc.account_email (email, account_id) VALUES (folded, id) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    INSERT INTO mjc.account (account_id, role) VALUES (id, 'CUSTOMER');
    IF account_register.password_hash IS NOT NULL THEN
        INSERT INTO mjc.account_secret (account_id, password_hash) VALUES (id, account_register.password_hash);
    END IF;
    INSERT INTO mjc.customer (customer_id, kind, customer_type, account_id, created_at)
    VALUES (id, 'registered', clean ->> 'customerType', id, clock_timestamp());
    PERFORM mjc.customer_count(id, 1);
    INSERT INTO mjc.customer_person (customer_id, first_name, last_name, email)
    VALUES (id, clean ->> 'firstName', clean ->> 'lastName', folded);
    PERFORM mjc.customer_store(id, clean);
    RETURN id;
END
$$;
COMMENT ON FUNCTION mjc.account_register(text, text, jsonb) IS
    'For rules: an account of a customer with the fields of mjc.customer_check; without a hash nobody signs in by password. NULL when the e-mail has an account. Errors: MJ003, MJ006, MJ010, MJ305';

CREATE FUNCTION mjc_api.register(email text, first_name text, last_name text, phone text, company_name text, customer_type text,
    vat_number text, password_hash text, session_id uuid, refresh_hash bytea, lang text, request_id text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    id uuid;
BEGIN
    PERFORM mjc.check_schema();
    PERFORM mjc.password_check(register.password_hash);
    id := mjc.account_register(register.email, register.password_hash,
        jsonb_build_object('firstName', register.first_name, 'lastName', register.last_name, 'phone', register.phone,
                           'companyName', register.company_name, 'customerType', register.customer_type, 'vatNumber', register.vat_number));
    IF id IS NULL THEN
        PERFORM mjc.raise('EMAIL_EXISTS');
    END IF;
    PERFORM mjc.audit_write(id, 'rest', 'register', 'account', id::text, NULL, NULL, request_id);
    PERFORM mjc.session_make(id, 0, register.session_id, register.refresh_hash);
    PERFORM mjc.link_make(id, 'email_verify', interval '3 days', 'email_verify', register.lang);
    RETURN mjc.account_reply(id);
END
$$;
COMMENT ON FUNCTION mjc_api.register(text, text, text, text, text, text, text, text, uuid, bytea, text, text) IS
    'POST /auth/register: account, customer, first session, and a link to prove the e-mail. Errors: MJ003, MJ006, MJ010, MJ305, MJ602, MJ603';

CREATE FUNCTION mjc.social_account(provider text, subject text, email text) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN coalesce(
        (SELECT x.account_id FROM mjc.account_social x WHERE x.subject = social_account.subject AND x.provider = social_account.provider),
        (SELECT e.account_id FROM mjc.account_email e WHERE e.email = social_account.email));
END
$$;
COMMENT ON FUNCTION mjc.social_account(text, text, text) IS
    'For rules: whose account an identity of another service is, by its id there, else by its e-mail in small letters; as committed now';

CREATE FUNCTION mjc_api.social_sign_in(provider text, subject text, email text, first_name text, last_name text,
    session_id uuid, refresh_hash bytea, request_id text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    who mjc.account%ROWTYPE;
    id uuid;
    folded text := lower(btrim(email));
BEGIN
    PERFORM mjc.check_schema();
    IF provider IS NULL THEN
        PERFORM mjc.raise('ARGUMENT_MISSING', 'argument', 'provider');
    END IF;
    id := mjc.social_account(provider, subject, folded);
    IF id IS NULL THEN
        -- Names that the other side does not know or writes oddly are no reason to turn somebody away.
        id := mjc.account_register(folded, NULL, jsonb_build_object(
            'firstName', coalesce(nullif(btrim(left(mjc.name_clean(first_name), 50)), ''), nullif(left(mjc.name_clean(split_part(folded, '@', 1)), 50), ''), '-'),
            'lastName', coalesce(nullif(btrim(left(mjc.name_clean(last_name), 50)), ''), '-')));
        -- Somebody else made the account meanwhile: it is there now.
        id := coalesce(id, mjc.social_account(provider, subject, folded));
    END IF;
    PERFORM mjc.account_join(id, request_id);
    SELECT * INTO who FROM mjc.account a WHERE a.account_id = id FOR NO KEY UPDATE;
    IF who.role <> 'CUSTOMER' THEN
        RETURN json_build_object('refused', 'FORBIDDEN');
    ELSIF NOT who.is_active THEN
        RETURN json_build_object('refused', 'ACCOUNT_INACTIVE');
    END IF;
    IF NOT who.is_verified AND EXISTS (SELECT FROM mjc.account_secret s WHERE s.account_id = id) THEN
        -- Whoever chose that password never proved the e-mail: it was perhaps not its owner.
        DELETE FROM mjc.account_secret s WHERE s.account_id = id;
        UPDATE mjc.account a SET token_version = a.token_version + 1 WHERE a.account_id = id
        RETURNING a.token_version INTO who.token_version;
    END IF;
    PERFORM mjc.account_verified(id);
    -- Who has no id there is known by the e-mail alone, which may be somebody else's one day.
    INSERT INTO mjc.account_social (subject, provider, account_id, created_at)
    SELECT subject, provider, id, clock_timestamp() WHERE subject IS NOT NULL ON CONFLICT DO NOTHING;
    UPDATE mjc.account a SET last_login_at = clock_timestamp() WHERE a.account_id = id;
    PERFORM mjc.session_make(id, who.token_version, session_id, refresh_hash);
    RETURN mjc.account_reply(id);
END
$$;
COMMENT ON FUNCTION mjc_api.social_sign_in(text, text, text, text, text, uuid, bytea, text) IS
    'For the shim: somebody whom a provider vouches for signs in, or registers; by the provider''s id of him (subject, may be NULL), else by e-mail. {"refused": FORBIDDEN (staff never sign in so) or ACCOUNT_INACTIVE}. Errors: MJ003, MJ006, MJ010';

CREATE FUNCTION mjc.account_email_of(account uuid) RETURNS text
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN coalesce((SELECT p.email FROM mjc.account_person p WHERE p.account_id = account),
                    (SELECT p.email FROM mjc.customer_person p WHERE p.customer_id = account));
END
$$;
COMMENT ON FUNCTION mjc.account_email_of(uuid) IS 'The e-mail of an account';

CREATE FUNCTION mjc_api.password_begin(actor uuid, token_version integer, token_id uuid,
    OUT account_id uuid, OUT password_hash text, OUT wait_seconds integer)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_schema();
    PERFORM mjc.need_account(actor, token_version, token_id);
    -- A stolen token must not serve to guess the password: a count of its own, which strangers cannot use up.
    wait_seconds := mjc.sign_in_take(mjc.account_email_of(actor), 'password');
    IF wait_seconds = 0 THEN
        account_id := actor;
        SELECT s.password_hash INTO password_begin.password_hash FROM mjc.account_secret s WHERE s.account_id = actor;
    END IF;
END
$$;
COMMENT ON FUNCTION mjc_api.password_begin(uuid, integer, uuid) IS
    'For the shim: counts an attempt to change the password and gives the hash to compare the current one with. Errors: MJ060, MJ063';

CREATE FUNCTION mjc_api.password_words(actor uuid, link bytea) RETURNS text
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT concat_ws(' ', s.email, s.first_name, s.last_name, c.email, c.first_name, c.last_name)
              FROM mjc.account a
              LEFT JOIN mjc.account_person s ON s.account_id = a.account_id
              LEFT JOIN mjc.customer_person c ON c.customer_id = a.account_id
             WHERE a.account_id = coalesce(actor, (SELECT t.account_id FROM mjc.account_token t WHERE t.token_hash = link)));
END
$$;
COMMENT ON FUNCTION mjc_api.password_words(uuid, bytea) IS
    'For the shim: what a new password must not be made of, for an account or for whose a link is (its SHA-256); NULL for nobody';

CREATE FUNCTION mjc_api.password_change(actor uuid, token_version integer, token_id uuid, request_id text, ok boolean, new_hash text)
    RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_schema();
    PERFORM mjc.need_account(actor, token_version, token_id);
    IF ok IS NOT TRUE THEN
        RETURN json_build_object('refused', 'INVALID_CURRENT_PASSWORD');
    END IF;
    PERFORM mjc.password_check(new_hash);
    PERFORM mjc.sign_in_give_back(mjc.account_email_of(actor), 'password');
    PERFORM mjc.password_store(actor, new_hash);
    PERFORM mjc.audit_write(actor, 'rest', 'password_change', 'account', actor::text, NULL, NULL, request_id);
    RETURN json_build_object('success', true, 'message', 'Mot de passe modifié, reconnectez-vous');
END
$$;
COMMENT ON FUNCTION mjc_api.password_change(uuid, integer, uuid, text, boolean, text) IS
    'POST /auth/change-password: every session of the account ends; {"refused": INVALID_CURRENT_PASSWORD} when ok is not true. Errors: MJ060, MJ063, MJ603';

CREATE FUNCTION mjc_api.password_reset_request(email text, request_id text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    who uuid;
BEGIN
    PERFORM mjc.check_schema();
    SELECT e.account_id INTO who
      FROM mjc.account_email e JOIN mjc.account a ON a.account_id = e.account_id
     WHERE e.email = lower(btrim(password_reset_request.email)) AND a.is_active;
    -- At most a few mails a minute to one mailbox, whoever asks; neither the answer nor its time tells.
    IF mjc.sign_in_take(password_reset_request.email, 'reset') = 0 AND who IS NOT NULL THEN
        PERFORM mjc.link_make(who, 'password_reset', interval '1 hour', 'password_reset');
    END IF;
    RETURN json_build_object('success', true,
        'message', 'Si un compte existe avec cet e-mail, un lien de réinitialisation vient d''être envoyé');
END
$$;
COMMENT ON FUNCTION mjc_api.password_reset_request(text, text) IS
    'POST /auth/request-password-reset: a link of one hour goes to the e-mail when it has an account; the answer is the same either way';

CREATE FUNCTION mjc_api.account_token_check(token_hash bytea, purpose text) RETURNS boolean
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN mjc.link_owner(account_token_check.token_hash, account_token_check.purpose) IS NOT NULL;
END
$$;
COMMENT ON FUNCTION mjc_api.account_token_check(bytea, text) IS
    'For the shim: whether a link still works, before a password is hashed for it';

CREATE FUNCTION mjc_api.password_reset(token_hash bytea, new_hash text, request_id text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    who uuid;
BEGIN
    PERFORM mjc.check_schema();
    PERFORM mjc.password_check(new_hash);
    -- The link came by mail, too.
    PERFORM mjc.account_join(mjc.link_owner(password_reset.token_hash, 'password_reset'), request_id);
    who := mjc.link_use(password_reset.token_hash, 'password_reset');
    PERFORM mjc.password_store(who, new_hash);
    PERFORM mjc.account_verified(who);
    PERFORM mjc.audit_write(who, 'rest', 'password_reset', 'account', who::text, NULL, NULL, request_id);
    RETURN json_build_object('success', true, 'message', 'Mot de passe modifié, connectez-vous');
END
$$;
COMMENT ON FUNCTION mjc_api.password_reset(bytea, text, text) IS
    'POST /auth/reset-password: the link is used up and every session of the account ends; a second factor stays. Errors: MJ603, MJ607';

CREATE FUNCTION mjc_api.email_verify(token_hash bytea, request_id text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    who uuid;
    joined integer;
BEGIN
    PERFORM mjc.check_schema();
    -- Customers are locked before links and accounts; a link that is no good takes it all back.
    joined := mjc.account_join(mjc.link_owner(email_verify.token_hash, 'email_verify'), request_id);
    who := mjc.link_use(email_verify.token_hash, 'email_verify');
    PERFORM mjc.account_verified(who);
    RETURN json_build_object('success', true, 'message', 'Adresse e-mail vérifiée',
                             'data', json_build_object('user', mjc.user_json(who), 'ordersJoined', joined));
END
$$;
COMMENT ON FUNCTION mjc_api.email_verify(bytea, text) IS
    'POST /auth/verify-email: the e-mail is proven, and orders that guests made with it join the account. Errors: MJ607';

CREATE FUNCTION mjc_api.auth_verification_resend(actor uuid, token_version integer, token_id uuid, request_id text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_schema();
    PERFORM mjc.need_account(actor, token_version, token_id);
    IF EXISTS (SELECT FROM mjc.account a WHERE a.account_id = actor AND NOT a.is_verified) THEN
        IF mjc.sign_in_take(mjc.account_email_of(actor), 'verify') > 0 THEN
            PERFORM mjc.raise('RATE_LIMIT_EXCEEDED');
        END IF;
        PERFORM mjc.link_make(actor, 'email_verify', interval '3 days', 'email_verify');
    END IF;
    RETURN json_build_object('success', true, 'message', 'Un lien de vérification vient d''être envoyé');
END
$$;
COMMENT ON FUNCTION mjc_api.auth_verification_resend(uuid, integer, uuid, text) IS
    'POST /auth/resend-verification: another link to prove the e-mail; nothing when it is proven. Errors: MJ020, MJ060, MJ063';

-- Each page of the shop asks for this first.
CREATE FUNCTION mjc_api.auth_me(actor uuid, token_version integer, token_id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    customer json;
BEGIN
    PERFORM mjc.need_account(actor, token_version, token_id);
    SELECT json_build_object('id', c.customer_id, 'companyName', b.company_name, 'customerType', c.customer_type,
               'totalSpent', mjc.dzd(f.spent_centimes), 'orderCount', f.orders, 'lastOrderAt', mjc.iso(f.last_order_at),
               'addresses', mjc.address_json(c.customer_id))
      INTO customer
      FROM mjc.customer c
      LEFT JOIN mjc.customer_business b ON b.customer_id = c.customer_id
     CROSS JOIN LATERAL mjc.customer_figures(c.customer_id) f
     WHERE c.customer_id = actor;
    RETURN (SELECT json_build_object('user', mjc.user_json(actor)::jsonb || jsonb_build_object(
                       'lastLoginAt', mjc.iso(a.last_login_at), 'customer', customer, 'technician', NULL))
              FROM mjc.account a WHERE a.account_id = actor);
END
$$;
COMMENT ON FUNCTION mjc_api.auth_me(uuid, integer, uuid) IS
    'GET /auth/me and /auth/profile: the user with the customer. Errors: MJ060, MJ063';

CREATE FUNCTION mjc_api.auth_profile_set(actor uuid, token_version integer, token_id uuid, request_id text,
    first_name text, last_name text, phone text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    doc jsonb := jsonb_build_object('firstName', auth_profile_set.first_name, 'lastName', auth_profile_set.last_name)
                 || jsonb_strip_nulls(jsonb_build_object('phone', auth_profile_set.phone));
    clean jsonb;
BEGIN
    PERFORM mjc.check_schema();
    PERFORM mjc.need_account(actor, token_version, token_id);
    IF mjc.customer_write(actor, 'self', actor, doc, request_id) IS NULL THEN
        -- A member of staff is no customer.
        clean := mjc.customer_check(doc);
        PERFORM mjc.doc_need(jsonb_strip_nulls(clean), '{firstName,lastName}');
        UPDATE mjc.account_person p
           SET first_name = clean ->> 'firstName', last_name = clean ->> 'lastName',
               phone = CASE WHEN clean ? 'phone' THEN clean ->> 'phone' ELSE p.phone END
         WHERE p.account_id = actor;
        PERFORM mjc.audit_write(actor, 'rest', 'profile_set', 'account', actor::text, NULL, NULL, request_id);
    END IF;
    UPDATE mjc.account a SET updated_at = clock_timestamp() WHERE a.account_id = actor;
    RETURN json_build_object('user', mjc.user_json(actor));
END
$$;
COMMENT ON FUNCTION mjc_api.auth_profile_set(uuid, integer, uuid, text, text, text, text) IS
    'PUT /auth/profile: names, and the phone when one is given. Errors: MJ003, MJ006, MJ010, MJ060, MJ063, MJ305';

CREATE FUNCTION mjc.check_staff_role(actor uuid, token_version integer, token_id uuid) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.need_account(actor, token_version, token_id);
    IF NOT EXISTS (SELECT FROM mjc.account a WHERE a.account_id = actor AND a.role IN ('TECHNICIAN', 'ADMIN', 'SUPER_ADMIN')) THEN
        PERFORM mjc.raise('FORBIDDEN');
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.check_staff_role(uuid, integer, uuid) IS
    'First step of routes for any member of staff, technicians too. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc.uri_part(value text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT coalesce(string_agg(CASE WHEN ascii(c) < 128 AND c ~ '[A-Za-z0-9._~-]' THEN c
                       ELSE upper(regexp_replace(encode(convert_to(c, 'UTF8'), 'hex'), '(..)', '%\1', 'g')) END, '' ORDER BY n), '')
              FROM regexp_split_to_table(value, '') WITH ORDINALITY x (c, n));
END
$$;
COMMENT ON FUNCTION mjc.uri_part(text) IS 'A text as a part of a URI (RFC 3986): all but letters, digits and -._~ as %XX';

CREATE FUNCTION mjc_api.totp_begin(actor uuid, token_version integer, token_id uuid, request_id text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- 160 bits, as RFC 4226 wants
    secret bytea := substr(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 1, 20);
    written text := mjc.base32(secret);
BEGIN
    PERFORM mjc.check_schema();
    PERFORM mjc.check_staff_role(actor, token_version, token_id);
    INSERT INTO mjc.account_totp AS t (account_id, secret) VALUES (actor, secret)
    ON CONFLICT ON CONSTRAINT account_totp_pkey DO UPDATE SET secret = EXCLUDED.secret, last_step = 0 WHERE t.enabled_at IS NULL;
    IF NOT FOUND THEN
        PERFORM mjc.raise('TOTP_STATE');
    END IF;
    RETURN json_build_object('secret', written,
        'uri', 'otpauth://totp/MJ%20Chauffage:' || mjc.uri_part(mjc.account_email_of(actor)) || '?secret=' || written || '&issuer=MJ%20Chauffage');
END
$$;
COMMENT ON FUNCTION mjc_api.totp_begin(uuid, integer, uuid, text) IS
    'POST /admin/totp/begin: a secret for an authenticator, in force once a code of it was shown. Errors: MJ060, MJ063, MJ064, MJ608 the second factor is on';

CREATE FUNCTION mjc.totp_try(actor uuid, code text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- A stolen token must not serve to guess codes.
    IF mjc.sign_in_take(mjc.account_email_of(actor), 'totp') > 0 THEN
        PERFORM mjc.raise('RATE_LIMIT_EXCEEDED');
    END IF;
    IF NOT mjc.totp_use(actor, totp_try.code) THEN
        RETURN false;
    END IF;
    PERFORM mjc.sign_in_give_back(mjc.account_email_of(actor), 'totp');
    RETURN true;
END
$$;
COMMENT ON FUNCTION mjc.totp_try(uuid, text) IS
    'For rules that a second factor guards: whether the code is right; a wrong one is counted, so say no by an answer, not by an error. Errors: MJ020';

CREATE FUNCTION mjc_api.totp_enable(actor uuid, token_version integer, token_id uuid, request_id text, code text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    codes text[];
BEGIN
    PERFORM mjc.check_schema();
    PERFORM mjc.check_staff_role(actor, token_version, token_id);
    IF NOT EXISTS (SELECT FROM mjc.account_totp t WHERE t.account_id = actor AND t.enabled_at IS NULL) THEN
        PERFORM mjc.raise('TOTP_STATE');
    END IF;
    IF NOT mjc.totp_try(actor, totp_enable.code) THEN
        RETURN json_build_object('refused', 'TOTP_CODE_WRONG');
    END IF;
    UPDATE mjc.account_totp t SET enabled_at = clock_timestamp() WHERE t.account_id = actor;
    DELETE FROM mjc.account_recovery r WHERE r.account_id = actor;
    SELECT array_agg(left(c, 4) || '-' || substr(c, 5, 4) || '-' || substr(c, 9, 4) || '-' || right(c, 4)) INTO codes
      FROM (SELECT mjc.base32(substr(sha256(uuid_send(gen_random_uuid())), 1, 10)) AS c FROM generate_series(1, 10)) x;
    INSERT INTO mjc.account_recovery (account_id, code_hash)
    SELECT actor, mjc.recovery_hash(c) FROM unnest(codes) c;
    PERFORM mjc.audit_write(actor, 'rest', 'totp_enable', 'account', actor::text, NULL, NULL, request_id);
    RETURN json_build_object('recoveryCodes', codes);
END
$$;
COMMENT ON FUNCTION mjc_api.totp_enable(uuid, integer, uuid, text, text) IS
    'POST /admin/totp/enable: from now on a code is needed to sign in; ten recovery codes, told this once; {"refused": TOTP_CODE_WRONG}. Errors: MJ020, MJ060, MJ063, MJ064, MJ608';

CREATE FUNCTION mjc_api.totp_disable(actor uuid, token_version integer, token_id uuid, request_id text, code text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_schema();
    PERFORM mjc.check_staff_role(actor, token_version, token_id);
    IF NOT EXISTS (SELECT FROM mjc.account_totp t WHERE t.account_id = actor AND t.enabled_at IS NOT NULL) THEN
        PERFORM mjc.raise('TOTP_STATE');
    END IF;
    IF NOT mjc.totp_try(actor, totp_disable.code) THEN
        RETURN json_build_object('refused', 'TOTP_CODE_WRONG');
    END IF;
    DELETE FROM mjc.account_recovery r WHERE r.account_id = actor;
    DELETE FROM mjc.account_totp t WHERE t.account_id = actor;
    PERFORM mjc.audit_write(actor, 'rest', 'totp_disable', 'account', actor::text, NULL, NULL, request_id);
    RETURN json_build_object('disabled', true);
END
$$;
COMMENT ON FUNCTION mjc_api.totp_disable(uuid, integer, uuid, text, text) IS
    'POST /admin/totp/disable: with a code, the second factor is off; {"refused": TOTP_CODE_WRONG}. Errors: MJ020, MJ060, MJ063, MJ064, MJ608';
