-- audit: one row for every change by staff (extension/audit.c writes it from C),
-- sealed in batches and chained by a job (design 8).

CREATE FUNCTION mjc.audit_write(actor uuid, channel text, action text, subject_kind text, subject_id text,
    before jsonb, after jsonb, request_id text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO mjc.audit (audit_id, at, actor, db_login, channel, action, subject_kind, subject_id, before, after, request_id)
    VALUES (mjc.uuid_v7(), clock_timestamp(), audit_write.actor, session_user, audit_write.channel, audit_write.action,
            audit_write.subject_kind, audit_write.subject_id, audit_write.before, audit_write.after, audit_write.request_id);
END
$$;
COMMENT ON FUNCTION mjc.audit_write(uuid, text, text, text, text, jsonb, jsonb, text) IS
    'For rules in SQL: notes a change; no personal data, no secret';

CREATE FUNCTION mjc.note(what text) RETURNS void
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'mjc_note';
COMMENT ON FUNCTION mjc.note(text) IS
    'For rules in SQL: a line in the log of the server, which no rollback takes back; no personal data. Errors: MJ003';

CREATE FUNCTION mjc.audit_digest(previous bytea, audit_batch bigint) RETURNS bytea
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT sha256(previous || coalesce(convert_to(string_agg(e.entry, chr(10) ORDER BY e.audit_id), 'UTF8'), ''::bytea))
          FROM (SELECT a.audit_id, json_build_array(a.audit_id, (extract(epoch FROM a.at) * 1000000)::bigint, a.actor,
                           a.db_login, a.channel, a.action, a.subject_kind, a.subject_id, a.before, a.after,
                           a.request_id)::text AS entry
                  FROM mjc.audit a
                 WHERE a.batch = audit_batch) e);
END
$$;
COMMENT ON FUNCTION mjc.audit_digest(bytea, bigint) IS
    'SHA-256 over the previous hash and the entries of a sealed batch';

CREATE FUNCTION mjc.audit_seal(batch_size integer DEFAULT 1000) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    number bigint;
    chain bytea;
    taken uuid[];
BEGIN
    LOCK TABLE mjc.audit_seal IN SHARE ROW EXCLUSIVE MODE;
    SELECT coalesce(max(s.batch), 0) + 1 INTO number FROM mjc.audit_seal s;
    SELECT s.hash INTO chain FROM mjc.audit_seal s WHERE s.batch = number - 1;
    chain := coalesce(chain, '\x'::bytea);
    SELECT array_agg(u.audit_id) INTO taken
      FROM (SELECT a.audit_id FROM mjc.audit a WHERE a.batch IS NULL
             ORDER BY a.audit_id LIMIT least(greatest(batch_size, 1), 10000)) u;
    IF taken IS NULL THEN
        RETURN 0;
    END IF;
    UPDATE mjc.audit a SET batch = number WHERE a.audit_id = ANY (taken);
    INSERT INTO mjc.audit_seal (batch, sealed_at, entries, previous, hash)
    VALUES (number, clock_timestamp(), cardinality(taken), chain, mjc.audit_digest(chain, number));
    RETURN cardinality(taken);
END
$$;
COMMENT ON FUNCTION mjc.audit_seal(integer) IS
    'Seals the oldest unsealed audit entries into the next batch of the chain; returns their number. Run by a job';
