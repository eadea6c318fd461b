-- invoice: invoices and credit notes. What a document says is composed here, what number it
-- gets and how it is chained is decided in C (extension/invoice.c).
--
-- Lock order: order row (it is updated, so that a stale snapshot fails with 40001 instead of
-- deciding on what it cannot see), then the series' anchor, as the last step.

CREATE FUNCTION mjc.invoice_append(kind text, order_id uuid, corrects uuid, total bigint, party text, body text, at timestamptz DEFAULT NULL) RETURNS text
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'mjc_invoice_append';
COMMENT ON FUNCTION mjc.invoice_append(text, uuid, uuid, bigint, text, text, timestamptz) IS
    'For rules that hold the order: the next document (invoice, credit_note) of its series, total in centimes, last step of the transaction; its number. at is for tests. Errors: MJ003, MJ006, MJ009, MJ010, MJ201';

CREATE FUNCTION mjc.invoice_hash(previous bytea, series text, year integer, n integer, invoice_id uuid, kind text, order_id uuid,
    corrects uuid, issued_at timestamptz, total bigint, party_hash bytea, body text) RETURNS bytea
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_invoice_hash';
COMMENT ON FUNCTION mjc.invoice_hash(bytea, text, integer, integer, uuid, text, uuid, uuid, timestamptz, bigint, bytea, text) IS
    'The hash that a document with these values must have (SHA-256); NULL when one other than corrects is missing';

CREATE FUNCTION mjc.invoice_party_hash(salt bytea, party text) RETURNS bytea
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_invoice_party_hash';
COMMENT ON FUNCTION mjc.invoice_party_hash(bytea, text) IS 'The hash of a buyer''s block with its salt';

CREATE FUNCTION mjc.seller_identity() RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT jsonb_object_agg(substr(s.name, 8), btrim(s.text_value)) FROM mjc.setting s
             WHERE s.name ~ '^seller_' AND btrim(s.text_value) <> '');
END
$$;
COMMENT ON FUNCTION mjc.seller_identity() IS 'The settings seller_* that are filled in, without that prefix';

-- Mentions of décret 05-468: name, form, activity, address, a way to reach him, RC, NIF, NIS, AI.
-- Capital is for companies only, the bank for whoever wants it shown.
CREATE FUNCTION mjc.seller_missing(seller jsonb) RETURNS text
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT string_agg('seller_' || f, ', ' ORDER BY n)
          FROM unnest(ARRAY['name', 'legal_form', 'activity', 'address', 'phone', 'rc', 'nif', 'nis', 'ai']) WITH ORDINALITY u (f, n)
         WHERE NOT coalesce(seller, '{}') ? f AND NOT (f = 'phone' AND coalesce(seller, '{}') ? 'email'));
END
$$;
COMMENT ON FUNCTION mjc.seller_missing(jsonb) IS 'The settings that a document still needs of the seller (mjc.seller_identity), NULL when it has all';

CREATE FUNCTION mjc.seller_check() RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    seller jsonb := mjc.seller_identity();
    missing text := mjc.seller_missing(seller);
BEGIN
    IF missing IS NOT NULL THEN
        PERFORM mjc.raise('SELLER_INCOMPLETE', 'fields', missing);
    END IF;
    RETURN seller;
END
$$;
COMMENT ON FUNCTION mjc.seller_check() IS
    'For rules: the seller as documents name him. Errors: MJ352 with the settings that are missing';

CREATE FUNCTION mjc.invoice_party_of(id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT jsonb_strip_nulls(jsonb_build_object(
                   'name', c.first_name || ' ' || c.last_name, 'phone', c.phone, 'street', c.street, 'city', c.city,
                   'postalCode', c.postal_code, 'region', c.region, 'country', c.country,
                   'company', b.company_name, 'rc', b.rc, 'nif', b.nif, 'nis', b.nis, 'ai', b.ai))
          FROM mjc.order_contact c
          JOIN mjc.order o ON o.order_id = c.order_id
          LEFT JOIN mjc.customer_business b ON b.customer_id = o.customer_id
         WHERE c.order_id = id);
END
$$;
COMMENT ON FUNCTION mjc.invoice_party_of(uuid) IS 'For rules: the buyer of an order as a document names him; a trader with his numbers';

-- lines: [{no, sku, ref, name, qty, taxBp, ttc, tax, discount}]; shipping, stamp duty and rounding
-- in centimes. One composition for invoices and credit notes.
CREATE FUNCTION mjc.invoice_compose(id uuid, lines jsonb, shipping bigint, shipping_tax bigint, stamp_duty bigint, rounding bigint, more jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    shipping_bp integer;
    total bigint;
    parts jsonb;
    head jsonb;
BEGIN
    SELECT coalesce((SELECT (t.step ->> 'rate_bp')::integer
                       FROM mjc.order_trace x, jsonb_array_elements(x.steps) t (step)
                      WHERE x.order_id = id AND t.step ->> 'rule' IN ('tax_included', 'tax_added') AND NOT t.step ? 'line' LIMIT 1),
                    (SELECT s.integer_value::integer FROM mjc.setting s WHERE s.name = 'shipping_tax_bp'))
      INTO shipping_bp;
    WITH line AS (
        SELECT (l ->> 'ttc')::bigint AS ttc, (l ->> 'tax')::bigint AS tax, (l ->> 'taxBp')::integer AS bp FROM jsonb_array_elements(lines) l
        UNION ALL SELECT shipping, shipping_tax, shipping_bp WHERE shipping > 0),
    rate AS (SELECT bp, sum(ttc - tax)::bigint AS base, sum(tax)::bigint AS tax FROM line GROUP BY bp)
    SELECT jsonb_build_object('taxes', coalesce(jsonb_agg(jsonb_build_object('bp', bp, 'base', base, 'tax', tax) ORDER BY bp DESC), '[]'),
                              'ht', coalesce(sum(base), 0), 'tax', coalesce(sum(tax), 0), 'ttc', coalesce(sum(base + tax), 0)),
           coalesce(sum(base + tax), 0) + stamp_duty + rounding
      INTO parts, total
      FROM rate;
    SELECT jsonb_build_object('seller', mjc.seller_check(), 'orderNumber', o.reference, 'orderedOn', mjc.algiers_date(o.placed_at),
                              'customerId', o.customer_id, 'paymentMethod', o.payment_method, 'currency', o.currency)
      INTO head
      FROM mjc.order o WHERE o.order_id = id;
    RETURN head || parts || jsonb_build_object(
        'lines', (SELECT coalesce(jsonb_agg(l || jsonb_build_object(
                             'ht', (l ->> 'ttc')::bigint - (l ->> 'tax')::bigint,
                             'unitHt', mjc.refund_share((l ->> 'ttc')::bigint - (l ->> 'tax')::bigint, (l ->> 'qty')::integer, 0, 1)) ORDER BY n), '[]')
                    FROM jsonb_array_elements(lines) WITH ORDINALITY u (l, n)),
        'shipping', CASE WHEN shipping > 0 THEN jsonb_build_object('ttc', shipping, 'tax', shipping_tax, 'ht', shipping - shipping_tax, 'taxBp', shipping_bp) END,
        'stampDuty', stamp_duty, 'rounding', rounding, 'total', total,
        'words', jsonb_build_object('fr', mjc.amount_in_words(total, 'fr'), 'ar', mjc.amount_in_words(total, 'ar'))) || more;
END
$$;
COMMENT ON FUNCTION mjc.invoice_compose(uuid, jsonb, bigint, bigint, bigint, bigint, jsonb) IS
    'For rules: the body of a document; amounts in centimes, TVA by rate, the total in words. Errors: MJ352';

CREATE FUNCTION mjc.invoice_of_order(id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT mjc.invoice_compose(id,
                   (SELECT jsonb_agg(jsonb_build_object('no', l.line_no, 'sku', l.sku, 'ref', l.manufacturer_ref, 'name', l.product_name, 'qty', l.qty,
                               'taxBp', l.tax_bp, 'ttc', l.total_centimes, 'tax', l.tax_centimes, 'discount', l.discount_centimes) ORDER BY l.line_no)
                      FROM mjc.order_line l WHERE l.order_id = id),
                   o.shipping_centimes, o.shipping_tax_centimes, o.stamp_duty_centimes, o.rounding_centimes,
                   jsonb_build_object('credit', o.credit_centimes, 'due', o.total_centimes - o.credit_centimes))
          FROM mjc.order o WHERE o.order_id = id);
END
$$;
COMMENT ON FUNCTION mjc.invoice_of_order(uuid) IS 'For rules: what the invoice of an order says. Errors: MJ352';

-- An invoice counts unless it was voided or taken back whole by credit notes.
CREATE FUNCTION mjc.invoice_live(id uuid) RETURNS uuid
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT i.invoice_id FROM mjc.invoice i
         WHERE i.order_id = id AND i.kind = 'invoice'
           AND NOT EXISTS (SELECT FROM mjc.invoice_void v WHERE v.invoice_id = i.invoice_id)
           AND (i.total_centimes = 0 OR i.total_centimes > mjc.invoice_credited(i.invoice_id))
         ORDER BY i.year DESC, i.n DESC LIMIT 1);
END
$$;
COMMENT ON FUNCTION mjc.invoice_live(uuid) IS 'The invoice of an order that counts, NULL when there is none';

CREATE FUNCTION mjc.invoice_credited(invoice uuid) RETURNS bigint
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT coalesce(sum(c.total_centimes), 0)::bigint FROM mjc.invoice c
         WHERE c.corrects = invoice AND NOT EXISTS (SELECT FROM mjc.invoice_void v WHERE v.invoice_id = c.invoice_id));
END
$$;
COMMENT ON FUNCTION mjc.invoice_credited(uuid) IS 'What credit notes took back of an invoice, centimes';

CREATE FUNCTION mjc.invoice_announce(id uuid, actor uuid, channel text, action text, more jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    ref text := (SELECT o.reference FROM mjc.order o WHERE o.order_id = id);
BEGIN
    PERFORM mjc.audit_write(actor, channel, action, 'order', ref, NULL, more);
    PERFORM mjc.outbox_write(action || 'd', 'order', id, jsonb_build_object('orderNumber', ref));
END
$$;
COMMENT ON FUNCTION mjc.invoice_announce(uuid, uuid, text, text, jsonb) IS
    'For rules: audit (action invoice_issue or credit_note_issue) and message (invoice_issued, credit_note_issued) of a document, before its number is taken';

CREATE FUNCTION mjc.invoice_issue_core(id uuid, actor uuid, channel text) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    word text;
    body jsonb;
    live uuid;
BEGIN
    UPDATE mjc.order o SET updated_at = clock_timestamp() WHERE o.order_id = id RETURNING o.status INTO word;
    IF word IS NULL THEN
        PERFORM mjc.raise('NOT_FOUND');
    END IF;
    DELETE FROM mjc.invoice_due d WHERE d.order_id = id AND d.kind = 'invoice';
    live := mjc.invoice_live(id);
    IF live IS NOT NULL THEN
        PERFORM mjc.flush_seen();
        RETURN (SELECT i.number FROM mjc.invoice i WHERE i.invoice_id = live);
    END IF;
    IF word IN ('PENDING', 'CANCELLED', 'REFUNDED') THEN
        PERFORM mjc.raise('INVOICE_STATE', 'status', word);
    END IF;
    body := mjc.invoice_of_order(id);
    PERFORM mjc.invoice_announce(id, actor, channel, 'invoice_issue', jsonb_build_object('total', mjc.dzd((body ->> 'total')::bigint)));
    RETURN mjc.invoice_append('invoice', id, NULL, (body ->> 'total')::bigint, mjc.invoice_party_of(id)::text, body::text);
END
$$;
COMMENT ON FUNCTION mjc.invoice_issue_core(uuid, uuid, text) IS
    'For rules: invoices an order; the number, also when it has an invoice already. Errors: MJ004, MJ351, MJ352';

-- What is left of an invoice: its lines with the quantity not yet taken back, and the rest.
CREATE FUNCTION mjc.invoice_left(invoice uuid, OUT lines jsonb, OUT shipping bigint, OUT shipping_tax bigint, OUT stamp_duty bigint, OUT rounding bigint)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    first jsonb := (SELECT i.body::jsonb FROM mjc.invoice i WHERE i.invoice_id = invoice);
    notes jsonb := (SELECT coalesce(jsonb_agg(c.body::jsonb), '[]') FROM mjc.invoice c
                     WHERE c.corrects = invoice AND NOT EXISTS (SELECT FROM mjc.invoice_void v WHERE v.invoice_id = c.invoice_id));
BEGIN
    WITH back AS (
        SELECT (l ->> 'no')::integer AS no, sum((l ->> 'qty')::integer) AS qty
          FROM jsonb_array_elements(notes) d, jsonb_array_elements(d -> 'lines') l GROUP BY 1)
    SELECT jsonb_agg(l || jsonb_build_object('back', coalesce(b.qty, 0)) ORDER BY (l ->> 'no')::integer) INTO lines
      FROM jsonb_array_elements(first -> 'lines') l LEFT JOIN back b ON b.no = (l ->> 'no')::integer;
    SELECT coalesce((first #>> '{shipping,ttc}')::bigint, 0) - coalesce(sum((d #>> '{shipping,ttc}')::bigint), 0),
           coalesce((first #>> '{shipping,tax}')::bigint, 0) - coalesce(sum((d #>> '{shipping,tax}')::bigint), 0),
           (first ->> 'stampDuty')::bigint - coalesce(sum((d ->> 'stampDuty')::bigint), 0),
           (first ->> 'rounding')::bigint - coalesce(sum((d ->> 'rounding')::bigint), 0)
      INTO shipping, shipping_tax, stamp_duty, rounding
      FROM jsonb_array_elements(notes) d;
END
$$;
COMMENT ON FUNCTION mjc.invoice_left(uuid) IS
    'What credit notes may still take back of an invoice; in lines, back is the quantity taken back before';

-- Of each line so many units, by cumulative rounding (domain 3.2, R7): over all credit notes
-- exactly what the invoice says.
CREATE FUNCTION mjc.credit_note_lines(lines jsonb, line_nos integer[], quantities integer[]) RETURNS jsonb
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    refused boolean;
    chosen jsonb;
BEGIN
    WITH want AS (
        SELECT no, sum(q) AS qty FROM unnest(line_nos, quantities) w (no, q) GROUP BY no
        UNION ALL
        SELECT (l ->> 'no')::integer, (l ->> 'qty')::integer - (l ->> 'back')::integer FROM jsonb_array_elements(lines) l
         WHERE line_nos IS NULL AND (l ->> 'qty')::integer > (l ->> 'back')::integer)
    SELECT coalesce(bool_or(l IS NULL OR w.qty IS NULL OR w.qty < 1 OR w.qty > (l ->> 'qty')::integer - (l ->> 'back')::integer), false),
           jsonb_agg(l - '{back,ht,unitHt,discount}'::text[] || jsonb_build_object('qty', w.qty, 'of', l -> 'qty', 'before', l -> 'back') ORDER BY w.no)
      INTO refused, chosen
      FROM want w LEFT JOIN jsonb_array_elements(lines) l ON (l ->> 'no')::integer = w.no;
    IF refused THEN
        PERFORM mjc.raise('CREDIT_NOTE_EXCEEDS');
    END IF;
    RETURN (
        SELECT coalesce(jsonb_agg(l - '{of,before}'::text[] || jsonb_build_object(
                   'ttc', mjc.refund_share((l ->> 'ttc')::bigint, (l ->> 'of')::integer, (l ->> 'before')::integer, (l ->> 'qty')::integer),
                   'tax', mjc.refund_share((l ->> 'tax')::bigint, (l ->> 'of')::integer, (l ->> 'before')::integer, (l ->> 'qty')::integer)) ORDER BY n), '[]')
          FROM jsonb_array_elements(chosen) WITH ORDINALITY u (l, n));
END
$$;
COMMENT ON FUNCTION mjc.credit_note_lines(jsonb, integer[], integer[]) IS
    'For rules: the lines of a credit note; line_nos NULL: all that is left. Errors: MJ354';

CREATE FUNCTION mjc.credit_note_core(invoice uuid, actor uuid, channel text, reason text, line_nos integer[], quantities integer[], with_shipping boolean) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    id uuid;
    first_number text;
    rest record;
    taken jsonb;
    with_rest boolean;
    body jsonb;
BEGIN
    SELECT i.order_id, i.number INTO id, first_number FROM mjc.invoice i WHERE i.invoice_id = invoice AND i.kind = 'invoice';
    IF id IS NULL THEN
        PERFORM mjc.raise('NOT_FOUND');
    END IF;
    UPDATE mjc.order o SET updated_at = clock_timestamp() WHERE o.order_id = id;
    IF EXISTS (SELECT FROM mjc.invoice_void v WHERE v.invoice_id = invoice) THEN
        PERFORM mjc.raise('NOT_FOUND');
    END IF;
    SELECT l.* INTO rest FROM mjc.invoice_left(invoice) l;
    taken := mjc.credit_note_lines(rest.lines, line_nos, quantities);
    IF line_nos IS NOT NULL AND NOT with_shipping THEN
        rest.shipping := 0;
        rest.shipping_tax := 0;
    END IF;
    -- Whoever takes the last of the goods and the shipping takes stamp duty and rounding too. A rounding
    -- in favour of the buyer goes with the first: else more could come back than was asked for.
    with_rest := mjc.invoice_credited(invoice) + (SELECT sum((l ->> 'ttc')::bigint) FROM jsonb_array_elements(taken) l)
                 + rest.shipping + rest.stamp_duty + rest.rounding = (SELECT i.total_centimes FROM mjc.invoice i WHERE i.invoice_id = invoice);
    body := mjc.invoice_compose(id, taken, rest.shipping, rest.shipping_tax, CASE WHEN line_nos IS NULL OR with_rest THEN rest.stamp_duty ELSE 0 END,
        CASE WHEN line_nos IS NULL OR with_rest THEN rest.rounding ELSE least(rest.rounding, 0) END,
        jsonb_build_object('corrects', first_number, 'reason', reason));
    IF (body ->> 'total')::bigint <= 0 THEN
        PERFORM mjc.raise('CREDIT_NOTE_EXCEEDS');
    END IF;
    PERFORM mjc.invoice_announce(id, actor, channel, 'credit_note_issue',
        jsonb_build_object('invoice', first_number, 'total', mjc.dzd((body ->> 'total')::bigint)));
    RETURN mjc.invoice_append('credit_note', id, invoice, (body ->> 'total')::bigint,
        -- of a buyer who is forgotten nothing is known
        coalesce((SELECT p.body FROM mjc.invoice_party p WHERE p.invoice_id = invoice), '{}'), body::text);
END
$$;
COMMENT ON FUNCTION mjc.credit_note_core(uuid, uuid, text, text, integer[], integer[], boolean) IS
    'For rules: takes back an invoice, or so many units of its lines; the number. Errors: MJ004, MJ352, MJ354';

CREATE FUNCTION mjc.invoice_issue(reference text) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    who uuid := mjc.staff_id();
    canonical text := mjc.order_reference_canonical(reference);
BEGIN
    PERFORM mjc.check_schema();
    IF canonical IS NULL THEN
        PERFORM mjc.raise(CASE WHEN reference IS NULL THEN 'ARGUMENT_MISSING' ELSE 'REFERENCE_INVALID' END, 'argument', 'reference');
    END IF;
    RETURN mjc.invoice_issue_core((SELECT r.order_id FROM mjc.order_reference r WHERE r.reference = canonical), who, 'psql');
END
$$;
COMMENT ON FUNCTION mjc.invoice_issue(text) IS
    'Issues the invoice of a confirmed order; its number, also when it has one already. Errors: MJ003, MJ004, MJ009, MJ351, MJ352 seller not complete, MJ401, MJ601';

-- Lines that came back, or were cancelled after the invoice. A credit note for the whole order covers
-- them; one that staff issued by hand may have been first.
CREATE FUNCTION mjc.credit_batch(most integer, actor uuid, channel text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    d record;
    live uuid;
    issued bigint := 0;
BEGIN
    FOR d IN SELECT x.order_id, x.due_id, x.line_nos, x.quantities FROM mjc.credit_due x JOIN mjc.order o ON o.order_id = x.order_id
              ORDER BY x.due_at, x.order_id LIMIT most FOR UPDATE OF o SKIP LOCKED
    LOOP
        live := mjc.invoice_live(d.order_id);
        CONTINUE WHEN live IS NULL AND EXISTS (SELECT FROM mjc.invoice_due i WHERE i.order_id = d.order_id AND i.kind = 'invoice');
        IF live IS NOT NULL AND NOT EXISTS (SELECT FROM mjc.invoice_due i WHERE i.order_id = d.order_id AND i.kind = 'credit_note') THEN
            BEGIN
                PERFORM mjc.credit_note_core(live, credit_batch.actor, credit_batch.channel, 'Retour', d.line_nos, d.quantities, false);
                issued := issued + 1;
            EXCEPTION WHEN SQLSTATE 'MJ354' THEN
                NULL;
            END;
        END IF;
        DELETE FROM mjc.credit_due x WHERE x.order_id = d.order_id AND x.due_id = d.due_id;
    END LOOP;
    RETURN issued;
END
$$;
COMMENT ON FUNCTION mjc.credit_batch(integer, uuid, text) IS 'For rules: credit notes for lines that are due; their number. Errors: MJ352';

CREATE FUNCTION mjc.invoice_batch(most integer, actor uuid, channel text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    ids uuid[];
    id uuid;
    word text;
    live uuid;
    issued bigint := 0;
BEGIN
    PERFORM mjc.seller_check();
    -- All orders before the first number: whoever holds an order may be waiting for the series.
    SELECT array_agg(x.order_id ORDER BY x.due_at, x.order_id) INTO ids
      FROM (SELECT d.order_id, d.due_at FROM mjc.invoice_due d JOIN mjc.order o ON o.order_id = d.order_id
             ORDER BY d.due_at, d.order_id LIMIT most FOR UPDATE OF o SKIP LOCKED) x;
    FOR id, word IN
        SELECT o.order_id, o.status
          FROM (SELECT x, min(n) AS n FROM unnest(ids) WITH ORDINALITY w (x, n) GROUP BY x) u
          JOIN mjc.order o ON o.order_id = u.x
         WHERE EXISTS (SELECT FROM mjc.invoice_due d WHERE d.order_id = o.order_id AND d.kind = 'invoice')
         ORDER BY u.n
    LOOP
        -- Invoiced before it left, or back before it was invoiced.
        IF word IN ('PENDING', 'CANCELLED', 'REFUNDED') OR mjc.invoice_live(id) IS NOT NULL THEN
            DELETE FROM mjc.invoice_due d WHERE d.order_id = id AND d.kind = 'invoice';
        ELSE
            PERFORM mjc.invoice_issue_core(id, actor, channel);
            issued := issued + 1;
        END IF;
    END LOOP;
    issued := issued + mjc.credit_batch(most, actor, channel);
    FOR id IN SELECT d.order_id FROM mjc.invoice_due d WHERE d.order_id = ANY (ids) AND d.kind = 'credit_note' ORDER BY d.due_at, d.order_id LOOP
        live := mjc.invoice_live(id);
        IF live IS NOT NULL AND (SELECT i.total_centimes FROM mjc.invoice i WHERE i.invoice_id = live) > 0 THEN
            PERFORM mjc.credit_note_core(live, actor, channel, 'Retour de la commande', NULL, NULL, true);
            issued := issued + 1;
        END IF;
        DELETE FROM mjc.invoice_due d WHERE d.order_id = id AND d.kind = 'credit_note';
    END LOOP;
    RETURN issued;
END
$$;
COMMENT ON FUNCTION mjc.invoice_batch(integer, uuid, text) IS 'For rules: see mjc.issue_invoices. Errors: MJ352';

CREATE FUNCTION mjc.issue_invoices(most integer DEFAULT 100) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    who uuid := mjc.staff_id();
BEGIN
    PERFORM mjc.check_schema();
    IF most IS NULL OR most NOT BETWEEN 1 AND 10000 THEN
        PERFORM mjc.raise(CASE WHEN most IS NULL THEN 'ARGUMENT_MISSING' ELSE 'ARGUMENT_RANGE' END, 'argument', 'most');
    END IF;
    RETURN mjc.invoice_batch(most, who, 'psql');
END
$$;
COMMENT ON FUNCTION mjc.issue_invoices(integer) IS
    'Issues the documents that are due (mjc_report.invoice_due), the oldest first, at most so many; their number. Errors: MJ003, MJ006, MJ009, MJ352, MJ601';

-- The job waits in silence until the owner has filled in who he is.
CREATE FUNCTION mjc.invoice_job(batch integer DEFAULT 50) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF mjc.seller_missing(mjc.seller_identity()) IS NOT NULL THEN
        RETURN 0;
    END IF;
    RETURN mjc.invoice_batch(batch, NULL, 'job');
END
$$;
COMMENT ON FUNCTION mjc.invoice_job(integer) IS 'Issues documents that are due, once the seller''s identity is complete. Run by a job. Errors: MJ352';

CREATE FUNCTION mjc.credit_note_issue(invoice_number text, reason text, line_nos integer[] DEFAULT NULL, quantities integer[] DEFAULT NULL,
    with_shipping boolean DEFAULT false) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    who uuid := mjc.staff_id();
    doc jsonb := jsonb_strip_nulls(jsonb_build_object('invoice_number', invoice_number, 'reason', reason));
    why text;
BEGIN
    PERFORM mjc.check_schema();
    PERFORM mjc.doc_need(doc, '{invoice_number,reason}');
    why := mjc.doc_text(doc, 'reason', 1, 200);
    IF coalesce(cardinality(line_nos), -1) <> coalesce(cardinality(quantities), -1) OR cardinality(line_nos) = 0 THEN
        PERFORM mjc.raise('ARGUMENT_INVALID', 'argument', 'quantities');
    END IF;
    RETURN mjc.credit_note_core((SELECT i.invoice_id FROM mjc.invoice i WHERE i.number = upper(btrim(invoice_number))), who, 'psql', why,
        line_nos, quantities, coalesce(with_shipping, false));
END
$$;
COMMENT ON FUNCTION mjc.credit_note_issue(text, text, integer[], integer[], boolean) IS
    'Takes back an invoice, or so many units of its lines (line_nos NULL: all that is left, with shipping, stamp duty and rounding); the number of the credit note. Errors: MJ003, MJ004, MJ006, MJ009, MJ010, MJ352, MJ354, MJ601';

CREATE FUNCTION mjc.invoice_void(number text, reason text) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    who uuid := mjc.staff_id();
    given jsonb := jsonb_strip_nulls(jsonb_build_object('number', number, 'reason', reason));
    why text;
    doc record;
    at timestamptz := clock_timestamp();
BEGIN
    PERFORM mjc.check_schema();
    PERFORM mjc.doc_need(given, '{number,reason}');
    why := mjc.doc_text(given, 'reason', 1, 200);
    SELECT i.invoice_id, i.order_id, i.number, i.issued_at, i.issued_on INTO doc FROM mjc.invoice i WHERE i.number = upper(btrim(number));
    IF doc.invoice_id IS NULL THEN
        PERFORM mjc.raise('NOT_FOUND');
    END IF;
    UPDATE mjc.order o SET updated_at = at WHERE o.order_id = doc.order_id;
    IF EXISTS (SELECT FROM mjc.invoice_void v WHERE v.invoice_id = doc.invoice_id) THEN
        PERFORM mjc.flush_seen();
        RETURN doc.number;
    END IF;
    -- What was issued for the order after it rests on it.
    IF doc.issued_on <> mjc.algiers_date(at)
       OR EXISTS (SELECT FROM mjc.invoice l WHERE l.order_id = doc.order_id AND l.issued_at >= doc.issued_at AND l.invoice_id <> doc.invoice_id
                     AND NOT EXISTS (SELECT FROM mjc.invoice_void v WHERE v.invoice_id = l.invoice_id)) THEN
        PERFORM mjc.raise('INVOICE_FINAL');
    END IF;
    INSERT INTO mjc.invoice_void (invoice_id, at, actor, reason) VALUES (doc.invoice_id, at, who, why);
    PERFORM mjc.audit_write(who, 'psql', 'invoice_void', 'invoice', doc.number, NULL, NULL);
    RETURN doc.number;
END
$$;
COMMENT ON FUNCTION mjc.invoice_void(text, text) IS
    'Voids a document on the day it was issued, the newest of its order: it keeps its number and stays in the series, marked. Later a credit note corrects it. Errors: MJ003, MJ004, MJ006, MJ009, MJ010, MJ353, MJ601';

CREATE FUNCTION mjc.verify_series(series text, year integer, OUT n integer, OUT problem text) RETURNS SETOF record
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH row_of AS (
        SELECT i.*, lag(i.n) OVER w AS n_before, lag(i.issued_at) OVER w AS at_before, lag(i.hash) OVER w AS hash_before
          FROM mjc.invoice i
         WHERE i.series = verify_series.series AND i.year = verify_series.year
        WINDOW w AS (ORDER BY i.n))
    SELECT r.n, p.word
      FROM row_of r
      LEFT JOIN mjc.invoice_party b ON b.invoice_id = r.invoice_id
     CROSS JOIN LATERAL (VALUES
           ('gap', r.n <> coalesce(r.n_before, 0) + 1),
           ('date', r.issued_at < r.at_before),
           ('year', r.issued_on <> mjc.algiers_date(r.issued_at) OR extract(year FROM r.issued_on) <> r.year),
           ('number', r.number <> r.series || '-' || r.year || '-' || lpad(r.n::text, greatest(6, length(r.n::text)), '0')),
           ('chain', r.previous <> coalesce(r.hash_before, '\x'::bytea)),
           ('hash', r.hash IS DISTINCT FROM mjc.invoice_hash(r.previous, r.series, r.year, r.n, r.invoice_id, r.kind, r.order_id, r.corrects,
                                                r.issued_at, r.total_centimes, r.party_hash, r.body)),
           ('party', b.invoice_id IS NOT NULL AND r.party_hash <> mjc.invoice_party_hash(b.salt, b.body)),
           ('total', r.total_centimes IS DISTINCT FROM (r.body::jsonb ->> 'total')::bigint)) p (word, broken)
     WHERE p.broken;
END
$$;
COMMENT ON FUNCTION mjc.verify_series(text, integer) IS
    'One row for every fault of a series (FA invoices, AV credit notes) in a year: gap, date, year, number, chain, hash, party, total. Empty is sound';

CREATE FUNCTION mjc.invoice_party_purge(batch integer DEFAULT 500) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    removed bigint;
BEGIN
    DELETE FROM mjc.invoice_party p
     WHERE p.invoice_id = ANY (ARRAY(
           SELECT i.invoice_id FROM mjc.invoice i JOIN mjc.invoice_party x ON x.invoice_id = i.invoice_id
            WHERE i.issued_on < mjc.algiers_date(clock_timestamp()) - make_interval(years => (
                      SELECT s.integer_value::integer FROM mjc.setting s WHERE s.name = 'invoice_party_years'))
            ORDER BY i.issued_on LIMIT batch));
    GET DIAGNOSTICS removed = ROW_COUNT;
    RETURN removed;
END
$$;
COMMENT ON FUNCTION mjc.invoice_party_purge(integer) IS
    'Forgets the buyers of documents older than the law wants them kept (setting invoice_party_years); the documents and their chain stay. Run by a job';

CREATE FUNCTION mjc.invoice_read(number text) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    who uuid := mjc.staff_id();
    doc jsonb;
BEGIN
    PERFORM mjc.check_schema();
    IF number IS NULL THEN
        PERFORM mjc.raise('ARGUMENT_MISSING', 'argument', 'number');
    END IF;
    doc := mjc.invoice_doc((SELECT i.invoice_id FROM mjc.invoice i WHERE i.number = upper(btrim(number))));
    IF doc IS NULL THEN
        PERFORM mjc.raise('NOT_FOUND');
    END IF;
    PERFORM mjc.access_note(who, 'psql', 'invoice_read', (doc ->> 'customerId')::uuid, NULL, NULL);
    RETURN doc;
END
$$;
COMMENT ON FUNCTION mjc.invoice_read(text) IS
    'A document with its buyer, for staff; the look is on record. Amounts in centimes. Errors: MJ003, MJ004, MJ009, MJ601';

CREATE FUNCTION mjc.invoice_doc(invoice uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT i.body::jsonb || jsonb_build_object('number', i.number, 'kind', i.kind, 'issuedOn', i.issued_on,
                   'void', (SELECT v.reason FROM mjc.invoice_void v WHERE v.invoice_id = i.invoice_id),
                   'buyer', (SELECT p.body::jsonb FROM mjc.invoice_party p WHERE p.invoice_id = i.invoice_id))
          FROM mjc.invoice i WHERE i.invoice_id = invoice);
END
$$;
COMMENT ON FUNCTION mjc.invoice_doc(uuid) IS 'A document whole: what was stored, its number, its buyer while he is kept, why it was voided';
