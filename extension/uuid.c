/*
 * uuid.c - UUIDv7 (RFC 9562, 5.7): 48 bits of milliseconds, 12 bits of
 * sub-millisecond fraction, 62 random bits. Within a backend the first 60 bits
 * never go back, even when the clock does, so rows of one session stay ordered.
 */
#include "postgres.h"

#include <time.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "error.h"
#include "uuid.h"

/* Ticks of 1/4096 ms since the Unix epoch: what the first 60 value bits hold. */
static uint64
next_tick(void)
{
	static uint64 last = 0;
	struct timespec now;
	uint64 tick;

	clock_gettime(CLOCK_REALTIME, &now);
	tick = ((uint64) now.tv_sec * 1000 + now.tv_nsec / 1000000) << 12;
	tick |= (uint64) (now.tv_nsec % 1000000) * 4096 / 1000000;
	last = Max(tick, last + 1);
	return last;
}

/* Random bits come in store: asking for 16 bytes costs as much as for all of these. */
static void
take_random(pg_uuid_t *uuid)
{
	static unsigned char store[16 * UUID_LEN];
	static int left = 0;
	static int owner = 0; /* a child of this process must not hand out the same */

	if (left == 0 || owner != MyProcPid)
	{
		if (!pg_strong_random(store, sizeof(store)))
			ereport(ERROR,
					(errcode(ERRCODE_INTERNAL_ERROR), errmsg("no random numbers available")));
		left = sizeof(store);
		owner = MyProcPid;
	}
	left -= UUID_LEN;
	memcpy(uuid->data, store + left, UUID_LEN);
}

/* mjc_uuid_make - a new UUIDv7. */
pg_uuid_t
mjc_uuid_make(void)
{
	pg_uuid_t uuid;
	uint64 tick = next_tick();
	uint64 ms = tick >> 12;
	uint32 fraction = tick & 0xFFF;

	take_random(&uuid);
	for (int i = 0; i < 6; i++)
		uuid.data[i] = (unsigned char) (ms >> (40 - 8 * i));
	uuid.data[6] = (unsigned char) (0x70 | (fraction >> 8));
	uuid.data[7] = (unsigned char) fraction;
	uuid.data[8] = (uuid.data[8] & 0x3F) | 0x80;
	return uuid;
}

/* mjc_random_bytes - n bytes for a key or a salt. */
bytea *
mjc_random_bytes(int n)
{
	bytea *bytes = palloc(VARHDRSZ + n);

	SET_VARSIZE(bytes, VARHDRSZ + n);
	if (!pg_strong_random(VARDATA(bytes), n))
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("no random numbers available")));
	return bytes;
}

/* mjc_uuid_compare - memcmp order, the order in which locks are taken. */
int
mjc_uuid_compare(const pg_uuid_t *a, const pg_uuid_t *b)
{
	return memcmp(a->data, b->data, UUID_LEN);
}

/* mjc_uuid_parse - the 36 characters of a uuid, its letters of either case; false for anything
 * else. */
bool
mjc_uuid_parse(const char *text, int len, pg_uuid_t *out)
{
	int digits = 0;

	if (len != MJC_UUID_TEXT_LEN)
		return false;
	memset(out, 0, sizeof(*out));
	for (int i = 0; i < len; i++)
	{
		char c = text[i];
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		int half = c >= '0' && c <= '9'	  ? c - '0'
				   : c >= 'a' && c <= 'f' ? c - 'a' + 10
				   : c >= 'A' && c <= 'F' ? c - 'A' + 10
										  : -1;

		if (dash ? c != '-' : half < 0)
			return false;
		if (dash)
			continue;
		out->data[digits / 2] = (unsigned char) (out->data[digits / 2] << 4 | half);
		digits++;
	}
	return true;
}

/* mjc_uuid_text - canonical lower-case text. */
char *
mjc_uuid_text(const pg_uuid_t *u)
{
	return DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(u)));
}

/* mjc_uuid_array - a uuid[] of these. */
Datum
mjc_uuid_array(const pg_uuid_t *ids, int n)
{
	Datum *elements = palloc(sizeof(Datum) * Max(n, 1));

	for (int i = 0; i < n; i++)
		elements[i] = UUIDPGetDatum(&ids[i]);
	return PointerGetDatum(construct_array(elements, n, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR));
}

PG_FUNCTION_INFO_V1(mjc_uuid_v7);
/* mjc.uuid_v7() - a new time-ordered identifier. */
Datum
mjc_uuid_v7(PG_FUNCTION_ARGS)
{
	pg_uuid_t *uuid = palloc(sizeof(pg_uuid_t));

	*uuid = mjc_uuid_make();
	PG_RETURN_UUID_P(uuid);
}
