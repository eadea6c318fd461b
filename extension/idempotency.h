/*
 * idempotency.h - the same request is answered once.
 */
#ifndef MJC_IDEMPOTENCY_H
#define MJC_IDEMPOTENCY_H

#include "common/cryptohash.h"
#include "utils/timestamp.h"

#include "compat.h"

#define MJC_DIGEST_LEN 32

/* A digest over values, each with its length, NULL told from empty. */
typedef struct MjcDigest
{
	pg_cryptohash_ctx *ctx;
} MjcDigest;

extern void mjc_digest_begin(MjcDigest *digest);
extern void mjc_digest_text(MjcDigest *digest, const char *text);
extern void mjc_digest_bytes(MjcDigest *digest, const void *bytes, size_t len);
extern bytea *mjc_digest_end(MjcDigest *digest);

typedef struct MjcClaim
{
	bytea *key_hash;   /* NULL: nothing claimed */
	char *reply;	   /* stored reply of the first request, or NULL: go on */
	pg_uuid_t subject; /* what that request made; set with reply */
} MjcClaim;

extern MjcClaim mjc_idempotency_claim(const char *route, const pg_uuid_t *caller, const char *key,
									  bytea *digest, TimestampTz at);
extern void mjc_idempotency_store(const MjcClaim *claim, const char *subject_kind,
								  const pg_uuid_t *subject, const char *reply);
extern Datum mjc_idempotency_result(FunctionCallInfo fcinfo, const char *body, bool replayed);

#endif /* MJC_IDEMPOTENCY_H */
