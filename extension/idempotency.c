/*
 * idempotency.c - Idempotency-Key and the double-submit window (design 6).
 *
 * A claim is one row, keyed by a hash of (route, caller, key), or, without a
 * key, of (route, caller, request); it commits with the effect or not at all.
 * Twins meet at the insert: the second waits for the first, then finds its
 * reply, or, when the first rolled back, becomes the first. A failure leaves no
 * row, so a refused request may be tried again with the same key.
 *
 * A row is good for mjc.idempotency_ttl with a key, for
 * mjc.double_submit_window without; older rows count as absent (a job purges).
 * Tables written: idempotency_key. Taken before every other lock.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "common/sha2.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "args.h"
#include "commit.h"
#include "direct.h"
#include "error.h"
#include "guc.h"
#include "idempotency.h"
#include "spi.h"

#define MAX_KEY_LEN 255

/* ---------------------------------------------------------------- Rules -- */

/* mjc_digest_begin - start an empty digest. */
void
mjc_digest_begin(MjcDigest *digest)
{
	digest->ctx = pg_cryptohash_create(PG_SHA256);
	if (digest->ctx == NULL || pg_cryptohash_init(digest->ctx) < 0)
		elog(ERROR, "could not start SHA-256");
}

/* mjc_digest_bytes - add one value; NULL is not the empty value. */
void
mjc_digest_bytes(MjcDigest *digest, const void *bytes, size_t len)
{
	uint8 head[9];

	head[0] = bytes == NULL ? 0 : 1;
	for (int i = 0; i < 8; i++)
		head[1 + i] = (uint8) ((uint64) len >> (56 - 8 * i));
	if (pg_cryptohash_update(digest->ctx, head, sizeof(head)) < 0 ||
		(bytes != NULL && pg_cryptohash_update(digest->ctx, bytes, len) < 0))
		elog(ERROR, "could not compute SHA-256");
}

/* mjc_digest_text - add one text or NULL. */
void
mjc_digest_text(MjcDigest *digest, const char *text)
{
	mjc_digest_bytes(digest, text, text == NULL ? 0 : strlen(text));
}

/* mjc_digest_end - 32 bytes; the digest is used up. */
bytea *
mjc_digest_end(MjcDigest *digest)
{
	bytea *result = palloc(VARHDRSZ + MJC_DIGEST_LEN);

	SET_VARSIZE(result, VARHDRSZ + MJC_DIGEST_LEN);
	if (pg_cryptohash_final(digest->ctx, (uint8 *) VARDATA(result), MJC_DIGEST_LEN) < 0)
		elog(ERROR, "could not compute SHA-256");
	pg_cryptohash_free(digest->ctx);
	return result;
}

static void
check_key(const char *key)
{
	size_t len = strlen(key);

	if (len == 0 || len > MAX_KEY_LEN)
		mjc_raise(MJC_ERR_IDEMPOTENCY_KEY_INVALID);
	for (const char *p = key; *p != '\0'; p++)
		if (*p < 0x20 || *p > 0x7E)
			mjc_raise(MJC_ERR_IDEMPOTENCY_KEY_INVALID);
}

static bytea *
hash_key(const char *route, const pg_uuid_t *caller, const char *key, bytea *digest)
{
	MjcDigest hash;

	mjc_digest_begin(&hash);
	mjc_digest_text(&hash, route);
	mjc_digest_bytes(&hash, caller == NULL ? NULL : caller->data, UUID_LEN);
	mjc_digest_text(&hash, key);
	if (key == NULL)
		mjc_digest_bytes(&hash, VARDATA(digest), MJC_DIGEST_LEN);
	return mjc_digest_end(&hash);
}

/* Microseconds for which a row stands for its request. */
static int64
lifetime(const char *key)
{
	return key != NULL ? mjc_idempotency_ttl * INT64CONST(3600) * USECS_PER_SEC
					   : mjc_double_submit_window * USECS_PER_SEC;
}

/* -------------------------------------------------------------- Storage -- */

static MjcTable key_table = {
	.name = "idempotency_key",
	.columns = {"key_hash", "digest", "created_at", "subject_kind", "subject_id", "reply", NULL},
	.types = {BYTEAOID, BYTEAOID, TIMESTAMPTZOID, TEXTOID, UUIDOID, TEXTOID}};
static MjcStmt stmt_look = {
	"SELECT digest = $2, reply, created_at, subject_id FROM mjc.idempotency_key WHERE key_hash = $1 FOR UPDATE",
	2,
	{BYTEAOID, BYTEAOID},
	NULL};
static MjcStmt stmt_renew = {
	"UPDATE mjc.idempotency_key SET digest = $2, created_at = $3, reply = NULL, subject_id = NULL "
	"WHERE key_hash = $1",
	3,
	{BYTEAOID, BYTEAOID, TIMESTAMPTZOID},
	NULL};
static MjcStmt stmt_store = {
	"UPDATE mjc.idempotency_key SET subject_id = $2, reply = $3, subject_kind = $4 "
	"WHERE key_hash = $1",
	4,
	{BYTEAOID, UUIDOID, TEXTOID, TEXTOID},
	NULL};

/* Takes the row, or waits for who has it. Errors: MJ023 when that takes longer than lock_timeout.
 */
static bool
take_row(const MjcArg *row)
{
	MemoryContext context = CurrentMemoryContext;
	bool taken = false;

	PG_TRY();
	{
		taken = mjc_direct_claim(&key_table, row);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		if (geterrcode() != ERRCODE_LOCK_NOT_AVAILABLE)
			PG_RE_THROW();
		FlushErrorState();
		mjc_raise(MJC_ERR_IDEMPOTENCY_IN_PROGRESS);
	}
	PG_END_TRY();
	return taken;
}

/*
 * mjc_idempotency_claim - make this request the first, or find the first's reply.
 *
 * route: name of the effect. caller: NULL for a visitor. key: NULL for none.
 * digest: over the whole request. at: now. Needs SPI open.
 * Errors: MJ021 malformed key, MJ022 key of another request, MJ023 the first is still under way.
 */
MjcClaim
mjc_idempotency_claim(const char *route, const pg_uuid_t *caller, const char *key, bytea *digest,
					  TimestampTz at)
{
	MjcClaim claim = {NULL, NULL, {{0}}};
	Datum hash;

	if (key != NULL)
		check_key(key);
	else if (mjc_double_submit_window == 0)
		return claim;
	claim.key_hash = hash_key(route, caller, key, digest);
	hash = PointerGetDatum(claim.key_hash);
	/* What kind of thing it is about is known at the end; until then the column's default. */
	if (take_row(MJC_ARGS(MJC_DATUM(hash), MJC_DATUM(PointerGetDatum(digest)), MJC_TIME(at),
						  MJC_TEXT("order"), MJC_NULL, MJC_NULL)))
		return claim;
	if (mjc_exec(&stmt_look, MJC_ARGS(MJC_DATUM(hash), MJC_DATUM(PointerGetDatum(digest)))) != 1)
		ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
						errmsg("could not serialize access to an idempotency key")));
	if (mjc_time_col(0, 3) + lifetime(key) <= at || mjc_is_null(0, 2))
		mjc_exec_one(&stmt_renew,
					 MJC_ARGS(MJC_DATUM(hash), MJC_DATUM(PointerGetDatum(digest)), MJC_TIME(at)));
	else if (!mjc_bool_col(0, 1))
		mjc_raise(MJC_ERR_IDEMPOTENCY_KEY_REUSED);
	else
	{
		/* Whoever reads the first one's answer may rely on it: durable before it is given. */
		mjc_flush_seen_wait();
		claim.reply = mjc_text_col(0, 2);
		claim.subject = mjc_uuid_col(0, 4);
	}
	return claim;
}

/*
 * mjc_idempotency_store - keep the reply for repeats. Needs SPI open.
 *
 * subject_kind, subject: what the request was about: "order", "product".
 */
void
mjc_idempotency_store(const MjcClaim *claim, const char *subject_kind, const pg_uuid_t *subject,
					  const char *reply)
{
	if (claim->key_hash != NULL)
		mjc_exec_one(&stmt_store,
					 MJC_ARGS(MJC_DATUM(PointerGetDatum(claim->key_hash)), MJC_UUID(subject),
							  MJC_TEXT(reply), MJC_TEXT(subject_kind)));
}

/*
 * mjc_idempotency_result - the row (body json, replayed boolean) of a route; body
 * NULL: there is nothing to answer with (404).
 */
Datum
mjc_idempotency_result(FunctionCallInfo fcinfo, const char *body, bool replayed)
{
	TupleDesc tupdesc;
	Datum values[2] = {(Datum) 0, BoolGetDatum(replayed)};
	bool nulls[2] = {body == NULL, false};

	if (body != NULL)
		values[0] = CStringGetTextDatum(body);
	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls));
}

/* ----------------------------------------------------- SQL entry points -- */

static Datum
claim_result(FunctionCallInfo fcinfo, bytea *key_hash, const char *reply)
{
	TupleDesc tupdesc;
	Datum values[3] = {PointerGetDatum(key_hash), (Datum) 0, BoolGetDatum(reply != NULL)};
	bool nulls[3] = {key_hash == NULL, reply == NULL, false};

	if (reply != NULL)
		values[1] = CStringGetTextDatum(reply);
	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls));
}

PG_FUNCTION_INFO_V1(mjc_idempotency_begin);
/*
 * mjc.idempotency_begin(route text, caller uuid, key text, request text, windowed boolean,
 *     OUT key_hash bytea, OUT body json, OUT replayed boolean) - for rules in SQL.
 *
 * windowed false: without a key nothing is claimed.
 * Errors: MJ003 route, those of mjc_idempotency_claim.
 */
Datum
mjc_idempotency_begin(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	char *route = mjc_arg_text(fcinfo, 0, "route");
	char *key = mjc_arg_text_or_null(fcinfo, 2);
	bool windowed = PG_ARGISNULL(4) || PG_GETARG_BOOL(4);
	MjcClaim claim = {NULL, NULL, {{0}}};
	bytea *key_hash = NULL;
	char *reply = NULL;
	MjcDigest digest;

	if (key != NULL || windowed)
	{
		mjc_digest_begin(&digest);
		mjc_digest_text(&digest, mjc_arg_text_or_null(fcinfo, 3));
		mjc_begin_write();
		claim = mjc_idempotency_claim(route, mjc_arg_uuid_or_null(fcinfo, 1), key,
									  mjc_digest_end(&digest), GetCurrentTimestamp());
		if (claim.reply != NULL)
			reply = MemoryContextStrdup(caller, claim.reply);
		if (claim.key_hash != NULL)
		{
			key_hash = MemoryContextAlloc(caller, VARSIZE(claim.key_hash));
			memcpy(key_hash, claim.key_hash, VARSIZE(claim.key_hash));
		}
		mjc_end();
	}
	return claim_result(fcinfo, key_hash, reply);
}

PG_FUNCTION_INFO_V1(mjc_idempotency_end);
/*
 * mjc.idempotency_end(key_hash bytea, subject_kind text, subject uuid, body json) - for rules
 * in SQL: keeps the reply of what mjc.idempotency_begin claimed, and gives it back; key_hash
 * NULL: nothing was.
 *
 * Errors: MJ003.
 */
Datum
mjc_idempotency_end(PG_FUNCTION_ARGS)
{
	MjcClaim claim = {NULL, NULL, {{0}}};
	char *subject_kind = mjc_arg_text(fcinfo, 1, "subject_kind");
	pg_uuid_t *subject = mjc_arg_uuid(fcinfo, 2, "subject");
	char *reply = mjc_arg_text(fcinfo, 3, "body");

	if (!PG_ARGISNULL(0))
	{
		claim.key_hash = PG_GETARG_BYTEA_P(0);
		mjc_begin_write();
		mjc_idempotency_store(&claim, subject_kind, subject, reply);
		mjc_end();
	}
	PG_RETURN_DATUM(PG_GETARG_DATUM(3));
}
