-- idempotency: rules in SQL answer the same request once (extension/idempotency.c).

CREATE FUNCTION mjc.idempotency_begin(route text, caller uuid, key text, request text, windowed boolean DEFAULT true,
    OUT key_hash bytea, OUT body json, OUT replayed boolean)
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'mjc_idempotency_begin';
COMMENT ON FUNCTION mjc.idempotency_begin(text, uuid, text, text, boolean) IS
    'For rules in SQL, before any other lock: claims a request; a repeat is replayed, with the body of the first, else go on and call mjc.idempotency_end. windowed false: without a key nothing is claimed. Errors: MJ003, MJ009, MJ021, MJ022, MJ023';

CREATE FUNCTION mjc.idempotency_end(key_hash bytea, subject_kind text, subject uuid, body json) RETURNS json
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'mjc_idempotency_end';
COMMENT ON FUNCTION mjc.idempotency_end(bytea, text, uuid, json) IS
    'For rules in SQL: keeps the reply of a claimed request for its repeats and gives it back; nothing was claimed: that alone. Errors: MJ003, MJ009';
