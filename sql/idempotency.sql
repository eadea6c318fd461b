-- idempotency: rules in SQL answer the same request once (extension/idempotency.c).

CREATE FUNCTION mjc.idempotency_begin(route text, caller uuid, key text, request text, windowed boolean DEFAULT true,
    OUT key_hash bytea, OUT reply text)
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'mjc_idempotency_begin';
COMMENT ON FUNCTION mjc.idempotency_begin(text, uuid, text, text, boolean) IS
    'For rules in SQL, before any other lock: claims a request; reply is that of the first when this is a repeat, else go on and call mjc.idempotency_end. windowed false: without a key nothing is claimed. Errors: MJ003, MJ009, MJ021, MJ022, MJ023';

CREATE FUNCTION mjc.idempotency_end(key_hash bytea, subject_kind text, subject uuid, reply text) RETURNS void
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'mjc_idempotency_end';
COMMENT ON FUNCTION mjc.idempotency_end(bytea, text, uuid, text) IS
    'For rules in SQL: keeps the reply of a claimed request for its repeats; nothing was claimed: does nothing. Errors: MJ003, MJ009';
