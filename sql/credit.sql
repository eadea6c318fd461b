-- credit: gift cards and store credit (extension/credit.c). The code of a gift card is
-- shown once; its SHA-256 is what is kept.

CREATE FUNCTION mjc.credit_balance(credit_id uuid) RETURNS bigint
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT coalesce((SELECT l.balance_centimes FROM mjc.credit_ledger l WHERE l.credit_id = c.credit_id ORDER BY l.seq DESC LIMIT 1), 0)
              FROM mjc.credit c WHERE c.credit_id = credit_balance.credit_id);
END
$$;
COMMENT ON FUNCTION mjc.credit_balance(uuid) IS 'What is left on a gift card or store credit, centimes; NULL when there is none of that id';

CREATE FUNCTION mjc.credit_move(credit_id uuid, kind text, amount bigint, order_id uuid, op_id text, actor uuid, reason text) RETURNS bigint
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_credit_move';
COMMENT ON FUNCTION mjc.credit_move(uuid, text, bigint, uuid, text, uuid, text) IS
    'The one way to move a balance, once an op_id; returns the new balance in centimes, for a repeat that of the first. Errors: MJ003, MJ106, MJ201, MJ210, MJ211';

------------------------------------------------------------------- gift cards

CREATE FUNCTION mjc.gift_card_hash(code text) RETURNS bytea
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT pg_catalog.sha256(pg_catalog.convert_to(
        pg_catalog.upper(pg_catalog.regexp_replace(mjc.fold_digits(code), '[-\s]', '', 'g') COLLATE "C"), 'UTF8'))
$$;
COMMENT ON FUNCTION mjc.gift_card_hash(text) IS 'What is kept of a gift card''s code, however it is typed: SHA-256 without dashes and blanks, in capitals';

-- With an op_id the card's id follows from it: a repeat, even at the same time, meets the first.
CREATE FUNCTION mjc.gift_card_id(op_id text) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF op_id IS NULL THEN
        RETURN mjc.uuid_v7();
    END IF;
    RETURN encode(substr(sha256(convert_to('gift card ' || op_id, 'UTF8')), 1, 16), 'hex')::uuid;
END
$$;
COMMENT ON FUNCTION mjc.gift_card_id(text) IS 'Id of the gift card that an operation issues';

CREATE FUNCTION mjc.gift_card_open(id uuid, expires_at timestamptz, customer_id uuid) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    code text;
BEGIN
    INSERT INTO mjc.credit (credit_id, kind, customer_id, expires_at, created_at)
    VALUES (id, 'gift_card', gift_card_open.customer_id, gift_card_open.expires_at, clock_timestamp())
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    code := mjc.random_code(16);
    INSERT INTO mjc.credit_code (code_hash, credit_id, last_four) VALUES (mjc.gift_card_hash(code), id, right(code, 4));
    RETURN regexp_replace(code, '(....)(?=.)', '\1-', 'g');
END
$$;
COMMENT ON FUNCTION mjc.gift_card_open(uuid, timestamptz, uuid) IS
    'An empty gift card; returns its code, which nobody can read again. NULL: there is one of that id already';

CREATE FUNCTION mjc.gift_card_write(actor uuid, channel text, doc jsonb, op_id text, request_id text, OUT credit_id uuid, OUT code text)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    amount bigint;
    customer uuid;
    last_day date;
    ends_at timestamptz;
BEGIN
    PERFORM mjc.doc_check(doc, '{amount,expiresOn,customer}');
    PERFORM mjc.doc_need(jsonb_strip_nulls(doc), '{amount}');
    amount := mjc.doc_centimes(doc, 'amount', 1);
    customer := mjc.doc_customer(doc, 'customer');
    last_day := mjc.doc_day(doc, 'expiresOn');
    IF length(op_id) NOT BETWEEN 1 AND 200 THEN
        PERFORM mjc.raise('ARGUMENT_RANGE', 'argument', 'op_id');
    END IF;
    ends_at := timezone('Africa/Algiers', (last_day + 1)::timestamp);
    credit_id := mjc.gift_card_id(op_id);
    code := mjc.gift_card_open(credit_id, ends_at, customer);
    IF code IS NULL THEN
        IF NOT EXISTS (SELECT FROM mjc.credit c WHERE c.credit_id = gift_card_write.credit_id AND c.kind = 'gift_card'
                          AND (c.customer_id, c.expires_at) IS NOT DISTINCT FROM (customer, ends_at)) THEN
            PERFORM mjc.raise('OP_ID_REUSED');
        END IF;
    ELSIF last_day < mjc.algiers_date(clock_timestamp()) THEN
        PERFORM mjc.doc_refuse('expiresOn', 'ARGUMENT_RANGE');
    END IF;
    PERFORM mjc.credit_move(credit_id, 'issue', amount, NULL, coalesce(op_id, 'issue'), actor, NULL);
    IF code IS NOT NULL THEN
        PERFORM mjc.audit_write(actor, channel, 'gift_card_issue', 'credit', credit_id::text, NULL, jsonb_strip_nulls(doc), request_id);
    END IF;
END
$$;
COMMENT ON FUNCTION mjc.gift_card_write(uuid, text, jsonb, text, text) IS
    'Issues a gift card {amount, expiresOn: last day, customer}; code NULL: this op_id issued it before. Errors: MJ003, MJ006, MJ010, MJ106';

CREATE FUNCTION mjc.gift_card_issue(amount_dzd numeric, expires_on date DEFAULT NULL, customer_id uuid DEFAULT NULL, op_id text DEFAULT NULL,
    OUT credit_id uuid, OUT code text)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_schema();
    SELECT w.credit_id, w.code INTO credit_id, code
      FROM mjc.gift_card_write(mjc.staff_id(), 'psql',
               jsonb_build_object('amount', amount_dzd, 'expiresOn', expires_on, 'customer', customer_id), op_id, NULL) w;
END
$$;
COMMENT ON FUNCTION mjc.gift_card_issue(numeric, date, uuid, text) IS
    'Issues a gift card in DZD, good up to a day; its code is shown this once. A repeated op_id gives the same card without its code. Errors: MJ003, MJ006, MJ010, MJ106, MJ601';

---------------------------------------------------- store credit, end of both

CREATE FUNCTION mjc.store_credit_open(customer uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO mjc.credit (credit_id, kind, customer_id, created_at)
    VALUES (customer, 'store_credit', customer, clock_timestamp())
    ON CONFLICT DO NOTHING;
END
$$;
COMMENT ON FUNCTION mjc.store_credit_open(uuid) IS 'For rules: a customer has store credit, empty if there was none; its id is the customer''s. The caller locks it';

CREATE FUNCTION mjc.store_credit_add(customer_id uuid, amount_dzd numeric, reason text, op_id text DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    actor uuid;
    doc jsonb := jsonb_build_object('customer', customer_id, 'amount', amount_dzd, 'reason', reason);
    amount bigint;
    known boolean;
    balance bigint;
BEGIN
    PERFORM mjc.check_schema();
    actor := mjc.staff_id();
    PERFORM mjc.doc_need(jsonb_strip_nulls(doc), '{customer,amount,reason}');
    PERFORM mjc.doc_customer(doc, 'customer'), mjc.doc_text(doc, 'reason', 1, 500);
    amount := mjc.doc_centimes(doc, 'amount', -100000000000);
    IF amount = 0 THEN
        PERFORM mjc.doc_refuse('amount', 'ARGUMENT_RANGE');
    END IF;
    IF length(op_id) NOT BETWEEN 1 AND 200 THEN
        PERFORM mjc.raise('ARGUMENT_RANGE', 'argument', 'op_id');
    END IF;
    PERFORM mjc.store_credit_open(store_credit_add.customer_id);
    PERFORM FROM mjc.credit c WHERE c.credit_id = store_credit_add.customer_id FOR NO KEY UPDATE;
    known := EXISTS (SELECT FROM mjc.credit_ledger l WHERE l.credit_id = store_credit_add.customer_id AND l.op_id = store_credit_add.op_id);
    balance := mjc.credit_move(customer_id, CASE WHEN amount > 0 THEN 'issue' ELSE 'adjust' END, amount, NULL,
                               coalesce(op_id, mjc.uuid_v7()::text), actor, reason);
    IF NOT known THEN
        UPDATE mjc.credit c SET is_active = true WHERE c.credit_id = store_credit_add.customer_id AND NOT c.is_active;
        PERFORM mjc.audit_write(actor, 'psql', 'store_credit_add', 'credit', customer_id::text, NULL, doc - 'reason', NULL);
    END IF;
    RETURN balance;
END
$$;
COMMENT ON FUNCTION mjc.store_credit_add(uuid, numeric, text, text) IS
    'Gives a customer DZD to spend in the shop (a negative amount takes them back), with the reason; returns the balance in centimes. A repeated op_id counts once. Errors: MJ003, MJ006, MJ010, MJ106, MJ211, MJ601';

CREATE FUNCTION mjc.credit_stop(actor uuid, channel text, credit_id uuid, reason text, request_id text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    was_active boolean;
BEGIN
    SELECT c.is_active INTO was_active FROM mjc.credit c WHERE c.credit_id = credit_stop.credit_id FOR NO KEY UPDATE;
    IF was_active THEN
        UPDATE mjc.credit c SET is_active = false WHERE c.credit_id = credit_stop.credit_id;
        PERFORM mjc.audit_write(actor, channel, 'credit_close', 'credit', credit_id::text, '{"active": true}',
            jsonb_strip_nulls(jsonb_build_object('active', false, 'reason', reason)), request_id);
    END IF;
    RETURN mjc.credit_balance(credit_id);
END
$$;
COMMENT ON FUNCTION mjc.credit_stop(uuid, text, uuid, text, text) IS
    'Nothing can be spent of it any more; returns the balance, which stays in the books. NULL when there is none';

CREATE FUNCTION mjc.credit_close(credit_id uuid, reason text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    balance bigint;
BEGIN
    PERFORM mjc.check_schema();
    PERFORM mjc.doc_need(jsonb_strip_nulls(jsonb_build_object('reason', reason)), '{reason}');
    PERFORM mjc.doc_text(jsonb_build_object('reason', reason), 'reason', 1, 500);
    balance := mjc.credit_stop(mjc.staff_id(), 'psql', credit_id, reason, NULL);
    IF balance IS NULL THEN
        PERFORM mjc.raise('NOT_FOUND');
    END IF;
    RETURN balance;
END
$$;
COMMENT ON FUNCTION mjc.credit_close(uuid, text) IS
    'Closes a gift card or store credit (a lost card): nothing can be spent of it; returns the balance in centimes, which stays in the books. Errors: MJ003, MJ004, MJ006, MJ010, MJ601';
