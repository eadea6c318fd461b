/*
 * numbering.c - order references (design 5): year, number, Damm check digit.
 *
 * Invariants: a reference is made at most once; gaps are allowed. No lock is
 * shared by all orders: a sequence counts without one, and every 1 000th order
 * of a node takes the next block of the year (the row of mjc.order_year is
 * locked for that one commit). (node, year, count / 1000) names the block, so a
 * number never depends on a backend's memory; the primary key of
 * mjc.order_reference is the last word.
 *
 * plain: the number as it is. scrambled: a keyed permutation of the numbers of
 * the same width (8 rounds of a Feistel network on two decimal halves, round
 * function SHA-256), so that a reference tells nobody how many were sold. Mode
 * and key are fixed in the year's row when its first number is taken.
 *
 * Tables written: order_year, order_block. Lock order: order_year before any
 * stock anchor.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "args.h"
#include "calendar.h"
#include "error.h"
#include "guc.h"
#include "numbering.h"
#include "spi.h"
#include "text.h"
#include "uuid.h"

#define BLOCK_SIZE 1000
#define KEY_LEN 32
#define MIN_WIDTH 6 /* decimal digits of a number as printed */
#define MAX_WIDTH 8
#define MIN_YEAR 2000
#define MAX_YEAR 9999
#define FEISTEL_ROUNDS 8

/* ---------------------------------------------------------------- Rules -- */

/* Totally anti-symmetric quasigroup of order 10 (Damm, 2004): finds every wrong
 * digit and every swap of neighbours. */
static const unsigned char damm_table[10][10] = {
	{0, 3, 1, 7, 5, 9, 8, 6, 4, 2}, {7, 0, 9, 2, 1, 5, 4, 8, 6, 3}, {4, 2, 0, 6, 8, 7, 1, 3, 5, 9},
	{1, 7, 5, 0, 9, 8, 3, 4, 2, 6}, {6, 1, 2, 3, 0, 4, 5, 9, 7, 8}, {3, 6, 7, 4, 2, 0, 9, 5, 8, 1},
	{5, 8, 6, 9, 7, 2, 0, 1, 3, 4}, {8, 9, 4, 5, 3, 6, 2, 0, 1, 7}, {9, 4, 3, 8, 6, 1, 7, 2, 0, 5},
	{2, 5, 8, 1, 4, 3, 6, 7, 9, 0}};

static int
damm_digit(const char *digits)
{
	int interim = 0;

	for (const char *p = digits; *p != '\0'; p++)
		interim = damm_table[interim][*p - '0'];
	return interim;
}

static int64
power_of_ten(int exponent)
{
	int64 power = 1;

	while (exponent-- > 0)
		power *= 10;
	return power;
}

/* Printed width of number n: 6 digits up to 999 999, then 8. */
static int
number_width(int64 n)
{
	return n < power_of_ten(MIN_WIDTH) ? MIN_WIDTH : MAX_WIDTH;
}

static char *
format_reference(int year, int64 n)
{
	int width = number_width(n);
	char *digits = psprintf("%04d%0*lld", year, width, (long long) n);

	return psprintf("MJ-%04d-%0*lld-%d", year, width, (long long) n, damm_digit(digits));
}

/* Feistel round: SHA-256(key, width, round, half) mod base. */
static int64
round_value(const uint8 *key, int width, int round, int64 half, int64 base)
{
	uint8 digest[PG_SHA256_DIGEST_LENGTH];
	uint8 input[KEY_LEN + 10];
	uint64 value = 0;
	pg_cryptohash_ctx *ctx = pg_cryptohash_create(PG_SHA256);

	memcpy(input, key, KEY_LEN);
	input[KEY_LEN] = (uint8) width;
	input[KEY_LEN + 1] = (uint8) round;
	for (int i = 0; i < 8; i++)
		input[KEY_LEN + 2 + i] = (uint8) ((uint64) half >> (56 - 8 * i));
	if (ctx == NULL || pg_cryptohash_init(ctx) < 0 ||
		pg_cryptohash_update(ctx, input, sizeof(input)) < 0 ||
		pg_cryptohash_final(ctx, digest, sizeof(digest)) < 0)
		elog(ERROR, "could not compute SHA-256");
	pg_cryptohash_free(ctx);
	for (int i = 0; i < 7; i++)
		value = value << 8 | digest[i];
	return (int64) (value % (uint64) base);
}

/* A permutation of 0 .. 10^width - 1 (width even), another one for each key. */
static int64
permute(const uint8 *key, int width, int64 n)
{
	int64 base = power_of_ten(width / 2);
	int64 left = n / base;
	int64 right = n % base;

	for (int round = 0; round < FEISTEL_ROUNDS; round++)
	{
		int64 next = (left + round_value(key, width, round, right, base)) % base;

		left = right;
		right = next;
	}
	return left * base + right;
}

/*
 * Scrambles within the numbers of one printed width. Eight digits must not fall
 * below 10^6, where six-digit numbers live: walk the cycle until outside.
 */
static int64
scramble(const uint8 *key, int64 n)
{
	int width = number_width(n);
	int64 result = permute(key, width, n);

	while (width == MAX_WIDTH && result < power_of_ten(MIN_WIDTH))
		result = permute(key, width, result);
	return result;
}

/* Letters and digits of what was typed, upper case; everything else dropped. NULL if too long. */
static char *
reference_letters(const char *typed)
{
	char *folded = mjc_fold_digits(typed);
	char *out = palloc(strlen(folded) + 1);
	int n = 0;

	if (strlen(folded) > 64)
		return NULL;
	for (const char *p = folded; *p != '\0'; p++)
	{
		if (*p >= 'a' && *p <= 'z')
			out[n++] = (char) (*p - 'a' + 'A');
		else if ((*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9'))
			out[n++] = *p;
		else if (strchr(" -./_#", *p) == NULL)
			return NULL;
	}
	out[n] = '\0';
	return out;
}

/* Why what was typed is no reference. */
typedef enum Fault
{
	FAULT_NONE,
	FAULT_CHARACTERS, /* too long, or with something that no reference has */
	FAULT_FORM,		  /* not MJ, year, number and check digit */
	FAULT_CHECK,	  /* a digit is wrong, or two neighbours are swapped */
	FAULT_NUMBER,	  /* year or number that no order can have */
} Fault;

static const char *const fault_names[] = {
	[FAULT_CHARACTERS] = "characters",
	[FAULT_FORM] = "form",
	[FAULT_CHECK] = "check_digit",
	[FAULT_NUMBER] = "number",
};

typedef struct Reference
{
	int year;
	int64 n; /* as printed: scrambled or not */
	int check;
	char *canonical;
} Reference;

/* Takes apart what was typed; fills the reference when there is no fault. */
static Fault
read_reference(const char *typed, Reference *reference)
{
	char *text = reference_letters(typed);
	int ndigits;
	int width;

	if (text == NULL)
		return FAULT_CHARACTERS;
	if (strncmp(text, "MJ", 2) == 0)
		text += 2;
	ndigits = (int) strspn(text, "0123456789");
	width = ndigits - 5;
	if (text[ndigits] != '\0' || (width != MIN_WIDTH && width != MAX_WIDTH))
		return FAULT_FORM;
	if (damm_digit(text) != 0)
		return FAULT_CHECK;
	reference->year = (int) strtol(pnstrdup(text, 4), NULL, 10);
	reference->n = strtoll(pnstrdup(text + 4, width), NULL, 10);
	reference->check = text[ndigits - 1] - '0';
	if (number_width(reference->n) != width || text[0] == '0')
		return FAULT_NUMBER;
	reference->canonical = psprintf("MJ-%.4s-%.*s-%s", text, width, text + 4, text + 4 + width);
	return FAULT_NONE;
}

/*
 * mjc_order_reference_parse - canonical form of a typed reference, or NULL.
 *
 * Spaces, dashes, case and Arabic-Indic digits do not matter; a wrong digit or
 * two swapped neighbours give NULL.
 */
char *
mjc_order_reference_parse(const char *typed)
{
	Reference reference;

	return read_reference(typed, &reference) == FAULT_NONE ? reference.canonical : NULL;
}

/* -------------------------------------------------------------- Storage -- */

static MjcStmt stmt_block = {
	"SELECT b.block, y.mode, y.key FROM mjc.order_block b JOIN mjc.order_year y ON y.year = b.year "
	"WHERE b.node_id = $1 AND b.year = $2 AND b.local_block = $3",
	3,
	{INT4OID, INT4OID, INT8OID},
	NULL};
static MjcStmt stmt_new_year = {
	"INSERT INTO mjc.order_year (year, mode, key, next_block) "
	"SELECT $1, s.text_value, $2, 0 FROM mjc.setting s WHERE s.name = 'order_reference_mode' "
	"ON CONFLICT (year) DO NOTHING",
	2,
	{INT4OID, BYTEAOID},
	NULL};
static MjcStmt stmt_lock_year = {
	"SELECT next_block FROM mjc.order_year WHERE year = $1 FOR UPDATE", 1, {INT4OID}, NULL};
static MjcStmt stmt_take_block = {
	"WITH taken AS (UPDATE mjc.order_year SET next_block = next_block + 1 WHERE year = $2 "
	"RETURNING next_block - 1 AS block) "
	"INSERT INTO mjc.order_block (node_id, year, local_block, block) "
	"SELECT $1, $2, $3, block FROM taken",
	3,
	{INT4OID, INT4OID, INT8OID},
	NULL};

/* Makes the block row; under the year's lock, so the second comer finds the first one's. */
static void
take_block(int year, int64 local_block)
{
	const MjcArg *key = MJC_ARGS(MJC_INT4(mjc_node_id), MJC_INT4(year), MJC_INT8(local_block));

	mjc_exec(&stmt_new_year,
			 MJC_ARGS(MJC_INT4(year), MJC_DATUM(PointerGetDatum(mjc_random_bytes(KEY_LEN)))));
	if (mjc_exec(&stmt_lock_year, MJC_ARGS(MJC_INT4(year))) != 1)
		MJC_RAISE(MJC_ERR_SETTING_UNKNOWN, {"name", "order_reference_mode", 0});
	if (mjc_int4_col(0, 1) >= power_of_ten(MAX_WIDTH) / BLOCK_SIZE)
		mjc_raise(MJC_ERR_NUMBERS_EXHAUSTED);
	if (mjc_exec_fresh(&stmt_block, key) == 0)
		mjc_exec_one(&stmt_take_block, key);
}

/*
 * mjc_order_reference_next - take a number for an order placed at `at`. Needs SPI open.
 *
 * Errors: MJ402 when the year has used all its numbers.
 */
char *
mjc_order_reference_next(TimestampTz at)
{
	int year = mjc_algiers_year(at);
	int64 count = mjc_counter_next("order_number_seq");
	int64 n;
	const MjcArg *key =
		MJC_ARGS(MJC_INT4(mjc_node_id), MJC_INT4(year), MJC_INT8(count / BLOCK_SIZE));
	if (mjc_exec_fresh(&stmt_block, key) == 0)
	{
		take_block(year, count / BLOCK_SIZE);
		if (mjc_exec_fresh(&stmt_block, key) != 1)
			elog(ERROR, "order block not found");
	}
	n = (int64) mjc_int4_col(0, 1) * BLOCK_SIZE + count % BLOCK_SIZE;
	if (strcmp(mjc_text_col(0, 2), "scrambled") == 0)
		n = scramble((const uint8 *) VARDATA_ANY(mjc_bytea_col(0, 3)), n);
	return format_reference(year, n);
}

/* ----------------------------------------------------- SQL entry points -- */

PG_FUNCTION_INFO_V1(mjc_order_reference);
/* mjc.order_reference(year int, n bigint) - the reference of a plain number. Errors: MJ006. */
Datum
mjc_order_reference(PG_FUNCTION_ARGS)
{
	int32 year = PG_GETARG_INT32(0);
	int64 n = PG_GETARG_INT64(1);

	if (year < MIN_YEAR || year > MAX_YEAR)
		MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", "year", 0});
	if (n < 0 || n >= power_of_ten(MAX_WIDTH))
		MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", "n", 0});
	PG_RETURN_TEXT_P(cstring_to_text(format_reference(year, n)));
}

PG_FUNCTION_INFO_V1(mjc_order_reference_scrambled);
/* mjc.order_reference_scrambled(year, n, key bytea) - the same under a 32-byte key. Errors: MJ006.
 */
Datum
mjc_order_reference_scrambled(PG_FUNCTION_ARGS)
{
	int32 year = PG_GETARG_INT32(0);
	int64 n = PG_GETARG_INT64(1);
	bytea *key = PG_GETARG_BYTEA_PP(2);

	if (VARSIZE_ANY_EXHDR(key) != KEY_LEN)
		MJC_RAISE(MJC_ERR_ARGUMENT_INVALID, {"argument", "key", 0});
	if (year < MIN_YEAR || year > MAX_YEAR)
		MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", "year", 0});
	if (n < 0 || n >= power_of_ten(MAX_WIDTH))
		MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", "n", 0});
	PG_RETURN_TEXT_P(
		cstring_to_text(format_reference(year, scramble((const uint8 *) VARDATA_ANY(key), n))));
}

PG_FUNCTION_INFO_V1(mjc_order_reference_canonical);
/* mjc.order_reference_canonical(typed text) - canonical form, NULL when it cannot be one. */
Datum
mjc_order_reference_canonical(PG_FUNCTION_ARGS)
{
	char *reference = mjc_order_reference_parse(text_to_cstring(PG_GETARG_TEXT_PP(0)));

	if (reference == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(reference));
}

static Datum
record_of(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	TupleDesc desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

PG_FUNCTION_INFO_V1(mjc_order_reference_parts);
/*
 * mjc.order_reference_parse(typed text, OUT year int, OUT number bigint, OUT check_digit int,
 *     OUT canonical text) - the parts of a reference, all NULL when it is none.
 */
Datum
mjc_order_reference_parts(PG_FUNCTION_ARGS)
{
	Reference reference = {0};
	bool none = read_reference(text_to_cstring(PG_GETARG_TEXT_PP(0)), &reference) != FAULT_NONE;
	Datum values[] = {Int32GetDatum(reference.year), Int64GetDatum(reference.n),
					  Int32GetDatum(reference.check),
					  none ? (Datum) 0 : CStringGetTextDatum(reference.canonical)};
	bool nulls[] = {none, none, none, none};

	PG_RETURN_DATUM(record_of(fcinfo, values, nulls));
}

PG_FUNCTION_INFO_V1(mjc_order_reference_verify);
/*
 * mjc.order_reference_verify(typed text, OUT valid boolean, OUT why text) - told before any
 * search; why is NULL for a good one, else characters, form, check_digit or number.
 */
Datum
mjc_order_reference_verify(PG_FUNCTION_ARGS)
{
	Reference reference;
	Fault fault = read_reference(text_to_cstring(PG_GETARG_TEXT_PP(0)), &reference);
	Datum values[] = {BoolGetDatum(fault == FAULT_NONE),
					  fault == FAULT_NONE ? (Datum) 0 : CStringGetTextDatum(fault_names[fault])};
	bool nulls[] = {false, fault == FAULT_NONE};

	PG_RETURN_DATUM(record_of(fcinfo, values, nulls));
}
