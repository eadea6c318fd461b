/*
 * totp.c - second factors: time-based one-time codes (RFC 6238 over RFC 4226).
 *
 * SHA-1, steps of 30 seconds from 1970 on: what every authenticator speaks. Which
 * steps were used is kept by sql/session.sql; here is only the arithmetic.
 */
#include "postgres.h"

#include "common/cryptohash.h"
#include "common/hmac.h"
#include "fmgr.h"
#include "port/pg_bswap.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "args.h"
#include "error.h"

#define STEP_SECONDS 30
#define STEPS_AROUND 1 /* clocks of phones differ */
#define SHA1_BYTES 20
#define LOGIN_DIGITS 6

/* ---------------------------------------------------------------- Rules -- */

static int64
step_at(TimestampTz at)
{
	return timestamptz_to_time_t(at) / STEP_SECONDS;
}

/* The last `digits` decimal digits of the truncated HMAC of a step (RFC 4226, 5.3). */
static uint32
code_of(const bytea *secret, int64 step, int digits)
{
	uint64 counter = pg_hton64((uint64) step);
	uint8 mac[SHA1_BYTES];
	uint32 code, modulus = 1;
	int at;
	pg_hmac_ctx *hmac = pg_hmac_create(PG_SHA1);

	if (hmac == NULL ||
		pg_hmac_init(hmac, (const uint8 *) VARDATA_ANY(secret), VARSIZE_ANY_EXHDR(secret)) < 0 ||
		pg_hmac_update(hmac, (const uint8 *) &counter, sizeof(counter)) < 0 ||
		pg_hmac_final(hmac, mac, sizeof(mac)) < 0)
		elog(ERROR, "HMAC-SHA1 is not available");
	pg_hmac_free(hmac);
	at = mac[SHA1_BYTES - 1] & 0x0f;
	code = ((uint32) (mac[at] & 0x7f) << 24) | ((uint32) mac[at + 1] << 16) |
		   ((uint32) mac[at + 2] << 8) | mac[at + 3];
	for (int i = 0; i < digits; i++)
		modulus *= 10;
	return code % modulus;
}

/* The number that six digits write; -1 for anything else. */
static int64
typed_code(const text *code)
{
	const char *digits = VARDATA_ANY(code);
	int64 value = 0;

	if (VARSIZE_ANY_EXHDR(code) != LOGIN_DIGITS)
		return -1;
	for (int i = 0; i < LOGIN_DIGITS; i++)
	{
		if (digits[i] < '0' || digits[i] > '9')
			return -1;
		value = value * 10 + (digits[i] - '0');
	}
	return value;
}

/* ----------------------------------------------------- SQL entry points -- */

PG_FUNCTION_INFO_V1(mjc_totp_code);
/* mjc.totp_code(secret bytea, at timestamptz, digits integer 6..8) - the code with leading zeros.
 */
Datum
mjc_totp_code(PG_FUNCTION_ARGS)
{
	bytea *secret = PG_GETARG_BYTEA_PP(0);
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(1);
	int digits = PG_GETARG_INT32(2);

	if (digits < 6 || digits > 8)
		MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", "digits", 0});
	if (TIMESTAMP_NOT_FINITE(at))
		MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", "at", 0});
	PG_RETURN_TEXT_P(
		cstring_to_text(psprintf("%0*u", digits, code_of(secret, step_at(at), digits))));
}

PG_FUNCTION_INFO_V1(mjc_totp_step);
/* mjc.totp_step(secret bytea, code text, at timestamptz) - the matching step, NULL for none. */
Datum
mjc_totp_step(PG_FUNCTION_ARGS)
{
	bytea *secret = PG_GETARG_BYTEA_PP(0);
	int64 typed = typed_code(PG_GETARG_TEXT_PP(1));
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(2);
	int64 found = -1;

	if (TIMESTAMP_NOT_FINITE(at))
		MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", "at", 0});
	/* All are computed, whichever matches; of two that do the newest counts. */
	for (int64 step = step_at(at) - STEPS_AROUND; step <= step_at(at) + STEPS_AROUND; step++)
	{
		int64 same = (int64) code_of(secret, step, LOGIN_DIGITS) ^ typed;

		found = same == 0 ? step : found;
	}
	if (found < 0)
		PG_RETURN_NULL();
	PG_RETURN_INT64(found);
}

PG_FUNCTION_INFO_V1(mjc_base32);
/* mjc.base32(bytes bytea) - upper case, no padding. */
Datum
mjc_base32(PG_FUNCTION_ARGS)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	bytea *bytes = PG_GETARG_BYTEA_PP(0);
	const uint8 *in = (const uint8 *) VARDATA_ANY(bytes);
	Size len = VARSIZE_ANY_EXHDR(bytes);
	char *out = palloc((len * 8 + 4) / 5 + 1);
	Size n = 0;
	uint32 held = 0;
	int bits = 0;

	for (Size i = 0; i < len; i++)
	{
		held = (held << 8) | in[i];
		for (bits += 8; bits >= 5; bits -= 5)
			out[n++] = alphabet[(held >> (bits - 5)) & 31];
	}
	if (bits > 0)
		out[n++] = alphabet[(held << (5 - bits)) & 31];
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out, n));
}
