-- invoices.sql - the parcels that left, in turn, and the twin of mjc.invoice_issue whose numbers come
-- from a sequence: its functions are copied from ours when this is run.
SET client_min_messages = warning;
CREATE TABLE bench.shipped AS
SELECT row_number() OVER (ORDER BY o.placed_at, o.order_id) AS n, o.reference, o.order_id FROM mjc.order o WHERE o.status = 'SHIPPED';
ALTER TABLE bench.shipped ADD PRIMARY KEY (n);
CREATE SEQUENCE bench.turn CACHE 20;
CREATE SEQUENCE bench.number;

CREATE FUNCTION bench.sequence_append(kind text, order_id uuid, corrects uuid, total bigint, party text, body text, at timestamptz, numbers regclass) RETURNS text
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET enable_seqscan = off
    AS '$libdir/mjchauffage', 'mjc_bench_invoice_append';
DO $$
DECLARE
    source text;
    id regprocedure;
BEGIN
    FOREACH id IN ARRAY ARRAY['mjc.invoice_issue_core(uuid, uuid, text)', 'mjc.invoice_issue(text)']::regprocedure[] LOOP
        source := pg_get_functiondef(id);
        source := replace(source, 'FUNCTION mjc.invoice_issue', 'FUNCTION bench.invoice_issue');
        source := replace(source, 'mjc.invoice_issue_core(', 'bench.invoice_issue_core(');
        source := replace(source, 'mjc.invoice_append(', 'bench.sequence_append(');
        source := replace(source, 'mjc.invoice_party_of(id)::text, body::text)', 'mjc.invoice_party_of(id)::text, body::text, NULL, ''bench.number'')');
        EXECUTE source;
        IF source NOT LIKE '%bench.%bench.%' THEN
            RAISE EXCEPTION 'the copy of % is not one', id;
        END IF;
    END LOOP;
END
$$;
ALTER FUNCTION bench.invoice_issue(text) OWNER TO mjc_owner;
GRANT USAGE ON SCHEMA bench TO mjc_owner, staff;
GRANT ALL ON ALL SEQUENCES IN SCHEMA bench TO mjc_owner, staff;
GRANT SELECT ON bench.shipped TO staff;

-- Back to the parcels without an invoice, so that each run does the same.
CREATE FUNCTION bench.forget_invoices() RETURNS void
    LANGUAGE plpgsql
AS $$
BEGIN
    TRUNCATE mjc.invoice, mjc.invoice_party, mjc.invoice_void, mjc.invoice_due;
    INSERT INTO mjc.invoice_due (order_id, kind, due_at) SELECT order_id, 'invoice', clock_timestamp() FROM bench.shipped;
    PERFORM setval('bench.turn', 1, false), setval('bench.number', 1, false);
END
$$;
VACUUM ANALYZE;
