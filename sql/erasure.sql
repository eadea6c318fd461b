-- erasure: a person leaves (law 18-07).
--
-- What the law on accounting keeps of a buyer's orders stays: numbers, lines, amounts,
-- payments. The person goes: names, addresses, what was written about him, everything
-- he could sign in with, and every message that was not sent yet.
--
-- Lock order, here and in sql/join.sql: idempotency keys, customer_phone by phone (as a
-- guest's order does), customer by id, order by id, coupon by code, credit by id,
-- account_token, account, the rest of the account.

CREATE FUNCTION mjc.person_rows(customer uuid) RETURNS bigint
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT count(*) FROM mjc.customer_order o WHERE o.customer_id = customer)
         + (SELECT count(*) FROM mjc.address a WHERE a.customer_id = customer)
         + (SELECT count(*) FROM mjc.customer_boiler k WHERE k.customer_id = customer)
         + (SELECT count(*) FROM mjc.customer_note n WHERE n.customer_id = customer)
         + (SELECT count(*) FROM mjc.customer_business b WHERE b.customer_id = customer)
         + (SELECT count(*) FROM mjc.consent c WHERE c.customer_id = customer)
         + (SELECT count(*) FROM mjc.cart c WHERE c.owner_id = customer)
         + (SELECT count(*) FROM mjc.credit c WHERE c.customer_id = customer)
         + (SELECT count(*) FROM mjc.review r WHERE r.customer_id = customer)
         + (SELECT count(*) FROM mjc.visit v WHERE v.customer_id = customer)
         + (SELECT count(*) FROM mjc.event e WHERE e.customer_id = customer)
         + (SELECT count(*) FROM mjc.session s WHERE s.account_id = customer)
         + (SELECT count(*) FROM mjc.account_token t WHERE t.account_id = customer)
         + (SELECT count(*) FROM mjc.account_social s WHERE s.account_id = customer);
END
$$;
COMMENT ON FUNCTION mjc.person_rows(uuid) IS 'How many rows a customer has in the tables that grow without his own row changing';

CREATE FUNCTION mjc.check_person_seen(customer uuid) RETURNS void
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'mjc_check_person_seen';
COMMENT ON FUNCTION mjc.check_person_seen(uuid) IS
    'For rules in SQL, under the locks of a customer: this transaction sees all that he has. Errors: MJ003, 40001 when it does not, to be tried again';

CREATE FUNCTION mjc.person_subjects(customer uuid) RETURNS uuid[]
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- Replies about addresses of before 0024 go by these; now by the customer: an address that is gone has no id.
    RETURN ARRAY(SELECT customer
                  UNION SELECT o.order_id FROM mjc.customer_order o WHERE o.customer_id = customer
                  UNION SELECT a.address_id FROM mjc.address a WHERE a.customer_id = customer
                  UNION SELECT n.note_id FROM mjc.customer_note n WHERE n.customer_id = customer);
END
$$;
COMMENT ON FUNCTION mjc.person_subjects(uuid) IS
    'Ids that kept replies and messages about a customer go by: his own, of his orders, addresses and notes';

CREATE FUNCTION mjc.replies_lock(subjects uuid[]) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM FROM mjc.idempotency_key k WHERE k.subject_id = ANY (subjects) ORDER BY k.key_hash FOR UPDATE;
END
$$;
COMMENT ON FUNCTION mjc.replies_lock(uuid[]) IS 'For rules: before all other locks, nobody is given these kept replies';

CREATE FUNCTION mjc.guest_phones_lock(customers uuid[]) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- A guest's order holds this from its beginning: it is either there, or finds no guest.
    PERFORM FROM mjc.customer_phone n
      WHERE n.phone IN (SELECT p.phone FROM mjc.customer_person p WHERE p.customer_id = ANY (customers))
        AND n.customer_id = ANY (customers)
      ORDER BY n.phone FOR UPDATE;
END
$$;
COMMENT ON FUNCTION mjc.guest_phones_lock(uuid[]) IS 'For rules: no order of these guests'' phones goes on';

CREATE FUNCTION mjc.order_person_forget(orders uuid[]) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE mjc.order_contact c
       SET first_name = 'Client', last_name = 'effacé', phone = NULL, email = NULL, street = NULL, city = NULL, postal_code = NULL,
           region = NULL, country = NULL, note = NULL, salt = substr(sha256(uuid_send(gen_random_uuid())), 1, 16)
     WHERE c.order_id = ANY (orders);
    UPDATE mjc.order o SET notes = NULL, tracking_number = NULL
     WHERE o.order_id = ANY (orders) AND num_nulls(o.notes, o.tracking_number) < 2;
    UPDATE mjc.shipment s SET tracking_number = NULL, refusal = NULL WHERE s.order_id = ANY (orders) AND num_nulls(s.tracking_number, s.refusal) < 2;
    UPDATE mjc.shipment_report r SET reason = NULL WHERE r.order_id = ANY (orders) AND r.reason IS NOT NULL;
    DELETE FROM mjc.tracking t WHERE t.order_id = ANY (orders);
    UPDATE mjc.order_event e SET note = NULL WHERE e.order_id = ANY (orders) AND e.note IS NOT NULL;
    UPDATE mjc.payment p SET note = NULL WHERE p.order_id = ANY (orders) AND p.note IS NOT NULL;
    UPDATE mjc.refund r SET reason = NULL WHERE r.order_id = ANY (orders) AND r.reason IS NOT NULL;
    UPDATE mjc.checkout c SET url = 'forgotten' WHERE c.order_id = ANY (orders) AND c.url IS NOT NULL;
    UPDATE mjc.provider_event e SET payload = NULL WHERE e.order_id = ANY (orders) AND e.payload IS NOT NULL;
END
$$;
COMMENT ON FUNCTION mjc.order_person_forget(uuid[]) IS
    'For rules: the buyer of finished orders, the numbers of his parcels and what was written freely; amounts stay, and the wilaya';

CREATE FUNCTION mjc.person_forget(customer uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    number text;
BEGIN
    SELECT p.phone INTO number FROM mjc.customer_person p WHERE p.customer_id = customer;
    DELETE FROM mjc.customer_phone n WHERE n.phone = number AND n.customer_id = customer;
    DELETE FROM mjc.customer_person p WHERE p.customer_id = customer;
    DELETE FROM mjc.customer_business b WHERE b.customer_id = customer;
    DELETE FROM mjc.customer_note n WHERE n.customer_id = customer;
    DELETE FROM mjc.address a WHERE a.customer_id = customer;
    DELETE FROM mjc.customer_boiler k WHERE k.customer_id = customer;
    DELETE FROM mjc.cart c WHERE c.owner_id = customer;
END
$$;
COMMENT ON FUNCTION mjc.person_forget(uuid) IS
    'For rules: what a customer is called, where he lives and how he heats, notes about him, his cart';

CREATE FUNCTION mjc.account_forget(account uuid, address text) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM mjc.account_token t WHERE t.account_id = account;
    -- Access tokens that are out end with the version.
    UPDATE mjc.account a
       SET is_active = false, is_verified = false, verified_at = NULL, last_login_at = NULL, token_version = a.token_version + 1,
           updated_at = clock_timestamp()
     WHERE a.account_id = account;
    DELETE FROM mjc.account_email e WHERE e.email = lower(address) AND e.account_id = account;
    DELETE FROM mjc.account_person p WHERE p.account_id = account;
    DELETE FROM mjc.account_secret s WHERE s.account_id = account;
    DELETE FROM mjc.account_recovery r WHERE r.account_id = account;
    DELETE FROM mjc.account_totp t WHERE t.account_id = account;
    DELETE FROM mjc.account_social s WHERE s.account_id = account;
    DELETE FROM mjc.session s WHERE s.account_id = account;
    DELETE FROM mjc.sign_in_limit l WHERE l.email_hash = mjc.sign_in_key(address);
END
$$;
COMMENT ON FUNCTION mjc.account_forget(uuid, text) IS
    'For rules: nothing is left to sign in to an account with, nor of who signed in when; the account itself stays, closed';

CREATE FUNCTION mjc.credit_words_forget(customer uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    ids uuid[] := ARRAY(SELECT c.credit_id FROM mjc.credit c WHERE c.customer_id = customer ORDER BY c.credit_id);
BEGIN
    PERFORM FROM mjc.credit c WHERE c.credit_id = ANY (ids) ORDER BY c.credit_id FOR NO KEY UPDATE;
    UPDATE mjc.credit_ledger l SET reason = NULL WHERE l.credit_id = ANY (ids) AND l.reason IS NOT NULL;
END
$$;
COMMENT ON FUNCTION mjc.credit_words_forget(uuid) IS 'For rules: why a customer was given credit, in the words of staff; amounts stay';

CREATE FUNCTION mjc.customer_delete(customer uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM mjc.coupon c WHERE c.customer_id = customer AND NOT EXISTS (SELECT FROM mjc.coupon_ledger l WHERE l.code = c.code);
    DELETE FROM mjc.consent c WHERE c.customer_id = customer;
    DELETE FROM mjc.customer c WHERE c.customer_id = customer;
    DELETE FROM mjc.account a WHERE a.account_id = customer;
END
$$;
COMMENT ON FUNCTION mjc.customer_delete(uuid) IS 'For rules: the last rows of a forgotten customer who never bought anything';

CREATE FUNCTION mjc.customer_erase_core(actor uuid, channel text, request_id text, customer uuid, reason text DEFAULT 'request') RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    subjects uuid[] := mjc.person_subjects(customer);
    kind text;
    address text;
    orders uuid[];
    stays boolean;
BEGIN
    IF reason IS NULL OR reason NOT IN ('request', 'retention', 'mistake') THEN
        PERFORM mjc.raise(CASE WHEN reason IS NULL THEN 'ARGUMENT_MISSING' ELSE 'ARGUMENT_INVALID' END, 'argument', 'reason');
    END IF;
    PERFORM mjc.replies_lock(subjects);
    PERFORM mjc.guest_phones_lock(ARRAY[customer]);
    -- Whoever is about to write something of him waits, or finds nobody.
    PERFORM FROM mjc.customer c WHERE c.customer_id = customer AND c.merged_into IS NULL FOR UPDATE;
    kind := mjc.customer_lock(customer);
    IF kind IS NULL THEN
        RETURN NULL;
    END IF;
    subjects := mjc.person_subjects(customer);
    PERFORM mjc.check_person_seen(customer);
    orders := ARRAY(SELECT o.order_id FROM mjc.customer_order o WHERE o.customer_id = customer ORDER BY o.order_id);
    PERFORM FROM mjc.order o WHERE o.order_id = ANY (orders) ORDER BY o.order_id FOR NO KEY UPDATE;
    IF EXISTS (SELECT FROM mjc.customer_order o WHERE o.customer_id = customer AND o.is_open) THEN
        PERFORM mjc.flush_seen();
        PERFORM mjc.raise('CUSTOMER_OPEN_ORDERS');
    END IF;
    stays := orders <> '{}' OR EXISTS (SELECT FROM mjc.credit c WHERE c.customer_id = customer);
    address := (SELECT p.email FROM mjc.customer_person p WHERE p.customer_id = customer);
    PERFORM mjc.order_person_forget(orders);
    PERFORM mjc.person_forget(customer);
    PERFORM mjc.credit_words_forget(customer);
    PERFORM mjc.event_forget(customer);
    PERFORM mjc.review_forget(customer);
    IF kind = 'registered' THEN
        PERFORM mjc.account_forget(customer, address);
    END IF;
    DELETE FROM mjc.outbox o WHERE o.aggregate_id = ANY (subjects);
    DELETE FROM mjc.idempotency_key k WHERE k.subject_id = ANY (subjects);
    PERFORM mjc.customer_count(customer, -1);
    IF stays THEN
        UPDATE mjc.customer c SET status = 'erased', erased_at = clock_timestamp(), profession = NULL WHERE c.customer_id = customer;
    ELSE
        PERFORM mjc.customer_delete(customer);
    END IF;
    PERFORM mjc.audit_write(actor, channel, 'customer_erase', 'customer', customer::text, NULL,
        jsonb_build_object('result', CASE WHEN stays THEN 'erased' ELSE 'deleted' END, 'orders', cardinality(orders), 'reason', reason), request_id);
    RETURN CASE WHEN stays THEN 'erased' ELSE 'deleted' END;
END
$$;
COMMENT ON FUNCTION mjc.customer_erase_core(uuid, text, text, uuid, text) IS
    'For rules: deleted when nothing was bought and no credit given, else erased: orders and credit stay without the person. reason: request, retention or mistake. NULL when there is no such customer. Errors: MJ003, MJ010, MJ651 an order is under way, MJ653';

CREATE FUNCTION mjc.customer_erase(customer_id uuid, reason text DEFAULT 'request') RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    who uuid;
    what text;
BEGIN
    PERFORM mjc.check_schema();
    who := mjc.staff_id();
    what := mjc.customer_erase_core(who, 'psql', NULL, customer_erase.customer_id, customer_erase.reason);
    PERFORM mjc.customer_need(what);
    RETURN what;
END
$$;
COMMENT ON FUNCTION mjc.customer_erase(uuid, text) IS
    'Erases a customer for good, a guest too: deleted, or erased when there are orders or credit, which stay without the person. reason: request (of the person), retention (kept long enough) or mistake. Errors: MJ003, MJ004, MJ010, MJ601, MJ651, MJ653';

CREATE FUNCTION mjc_api.customer_erase_self(actor uuid, token_version integer, token_id uuid, request_id text, confirm text) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    customer uuid;
    what text;
BEGIN
    PERFORM mjc.check_schema();
    customer := mjc.need_account(actor, token_version, token_id);
    IF confirm IS DISTINCT FROM 'DELETE' THEN
        PERFORM mjc.raise('ARGUMENT_INVALID', 'argument', 'confirm');
    END IF;
    what := mjc.customer_erase_core(customer, 'rest', request_id, customer);
    RETURN CASE WHEN what IS NOT NULL THEN json_build_object('deleted', true, 'result', what) END;
END
$$;
COMMENT ON FUNCTION mjc_api.customer_erase_self(uuid, integer, uuid, text, text) IS
    'DELETE /customers/profile/me: the customer leaves for good; confirm is the word DELETE. NULL: a member of staff, no customer. Errors: MJ009, MJ010, MJ063, MJ651';
