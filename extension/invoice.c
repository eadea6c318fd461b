/*
 * invoice.c - numbers of invoices and credit notes: gapless, in time, chained (design 5).
 *
 * I1 The newest row of a series and year is its counter. Its anchor (mjc.document_series)
 *    is locked, the newest row read fresh, the next one inserted, as the last step of the
 *    transaction: a transaction that fails takes its number back with it.
 * I2 issued_at = the later of now and the newest row's; the year is that of issued_at in
 *    Africa/Algiers, so a document of one year never stands behind one of the next.
 * I3 hash = SHA-256 over everything of the row and the hash before it; the buyer is in it
 *    as a salted hash only. The first row of a year has no hash before it.
 * I4 A row is never updated or deleted; mjc.verify_series proves all of this.
 *
 * Early lock release makes it fast: the next number is given while this one is on its way
 * to the disk, and WAL order keeps them in order.
 *
 * Source: gapless chronological numbers, décret exécutif 05-468.
 * Tables written: document_series, invoice, invoice_party, invoice_due.
 * Lock order: order row before the series' anchor, nothing after it; FA before AV, the
 * older year first.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "commands/sequence.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "args.h"
#include "calendar.h"
#include "commit.h"
#include "direct.h"
#include "error.h"
#include "idempotency.h"
#include "invoice.h"
#include "money.h"
#include "spi.h"
#include "uuid.h"

#define SALT_LEN 16
#define MAX_BODY 1000000 /* bytes of a document */
#define MAX_PARTY 10000

/* A document on its way to a number. */
typedef struct Document
{
	const char *series;
	const char *kind;
	pg_uuid_t invoice_id;
	const pg_uuid_t *order_id;
	const pg_uuid_t *corrects; /* the invoice of a credit note, or NULL */
	int64 total;
	bytea *party_hash;
	const char *body;
	int year;
	int32 n;
	TimestampTz at;
	bytea *previous;
} Document;

/* ---------------------------------------------------------------- Rules -- */

static const char *
series_of(const char *kind)
{
	if (strcmp(kind, "invoice") == 0)
		return "FA";
	if (strcmp(kind, "credit_note") != 0)
		MJC_RAISE(MJC_ERR_ARGUMENT_INVALID, {"argument", "kind", 0});
	return "AV";
}

static char *
document_number(const Document *d)
{
	return psprintf("%s-%04d-%06d", d->series, d->year, d->n);
}

static void
digest_bytea(MjcDigest *digest, const bytea *value)
{
	mjc_digest_bytes(digest, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
}

/* I3. */
static bytea *
document_hash(const Document *d)
{
	MjcDigest digest;

	mjc_digest_begin(&digest);
	digest_bytea(&digest, d->previous);
	mjc_digest_text(&digest, d->series);
	mjc_digest_text(&digest, psprintf("%d", d->year));
	mjc_digest_text(&digest, psprintf("%d", d->n));
	mjc_digest_bytes(&digest, d->invoice_id.data, UUID_LEN);
	mjc_digest_text(&digest, d->kind);
	mjc_digest_bytes(&digest, d->order_id->data, UUID_LEN);
	mjc_digest_bytes(&digest, d->corrects == NULL ? NULL : d->corrects->data, UUID_LEN);
	mjc_digest_text(&digest, psprintf(INT64_FORMAT, (int64) d->at));
	mjc_digest_text(&digest, psprintf(INT64_FORMAT, d->total));
	digest_bytea(&digest, d->party_hash);
	mjc_digest_text(&digest, d->body);
	return mjc_digest_end(&digest);
}

/* The buyer's block with its salt. */
static bytea *
party_hash(const bytea *salt, const char *party)
{
	MjcDigest digest;

	mjc_digest_begin(&digest);
	digest_bytea(&digest, salt);
	mjc_digest_text(&digest, party);
	return mjc_digest_end(&digest);
}

/* -------------------------------------------------------------- Storage -- */

static MjcStmt stmt_anchor = {"INSERT INTO mjc.document_series (series, year, created_at) "
							  "VALUES ($1, $2, $3) ON CONFLICT (series, year) DO NOTHING",
							  3,
							  {TEXTOID, INT4OID, TIMESTAMPTZOID},
							  NULL};
static MjcStmt stmt_lock = {
	"SELECT 1 FROM mjc.document_series WHERE series = $1 AND year = $2 FOR NO KEY UPDATE",
	2,
	{TEXTOID, INT4OID},
	NULL};
static MjcStmt stmt_newest = {"SELECT n, issued_at, hash FROM mjc.invoice WHERE series = $1 "
							  "AND year = $2 ORDER BY n DESC LIMIT 1",
							  2,
							  {TEXTOID, INT4OID},
							  NULL};
/* The first columns are read of the newest document: those up to INVOICE_READ. */
enum
{
	INVOICE_N = 2,
	INVOICE_AT,
	INVOICE_HASH,
	INVOICE_READ
};
static MjcTable series_table = {.name = "document_series",
								.columns = {"series", "year", "created_at", NULL},
								.types = {TEXTOID, INT4OID, TIMESTAMPTZOID}};
static MjcTable invoice_table = {
	.name = "invoice",
	.columns = {"series", "year", "n", "issued_at", "hash", "number", "invoice_id", "kind",
				"order_id", "corrects", "issued_on", "total_centimes", "party_hash", "body",
				"previous", NULL},
	.types = {TEXTOID, INT4OID, INT4OID, TIMESTAMPTZOID, BYTEAOID, TEXTOID, UUIDOID, TEXTOID,
			  UUIDOID, UUIDOID, DATEOID, INT8OID, BYTEAOID, TEXTOID, BYTEAOID}};
static MjcTable party_table = {.name = "invoice_party",
							   .columns = {"invoice_id", "order_id", "salt", "body", NULL},
							   .types = {UUIDOID, UUIDOID, BYTEAOID, TEXTOID}};
static MjcStmt stmt_due = {"INSERT INTO mjc.invoice_due (order_id, kind, due_at) "
						   "VALUES ($1, $2, pg_catalog.clock_timestamp()) "
						   "ON CONFLICT (order_id, kind) DO NOTHING",
						   2,
						   {UUIDOID, TEXTOID},
						   NULL};

/* mjc_invoice_due - the order needs an invoice, or a credit note for it. Needs SPI open. */
void
mjc_invoice_due(const pg_uuid_t *order_id, bool credit_note)
{
	(void) mjc_exec(
		&stmt_due, MJC_ARGS(MJC_UUID(order_id), MJC_TEXT(credit_note ? "credit_note" : "invoice")));
}

static bool
lock_existing(const Document *d)
{
	Datum keys[] = {CStringGetTextDatum(d->series), Int32GetDatum(d->year)};

	if (mjc_direct_readable(&series_table))
		return mjc_direct_lock(&series_table, keys, lengthof(keys), 0, NULL, NULL);
	return mjc_exec(&stmt_lock, MJC_ARGS(MJC_TEXT(d->series), MJC_INT4(d->year))) == 1;
}

/* Makes the anchor when there is none and locks it; an existing one is not written. */
static void
lock_anchor(const Document *d)
{
	if (lock_existing(d))
		return;
	mjc_exec(&stmt_anchor, MJC_ARGS(MJC_TEXT(d->series), MJC_INT4(d->year), MJC_TIME(d->at)));
	if (!lock_existing(d))
		ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
						errmsg("could not serialize access to a document series")));
}

/* The newest document of the series and year: its number, time and hash. */
static bool
read_newest(const Document *d, int32 *n, TimestampTz *at, bytea **hash)
{
	Datum keys[] = {CStringGetTextDatum(d->series), Int32GetDatum(d->year)};
	Datum values[INVOICE_READ];
	bool nulls[INVOICE_READ];

	if (!mjc_direct_readable(&invoice_table))
	{
		if (mjc_exec_fresh(&stmt_newest, MJC_ARGS(MJC_TEXT(d->series), MJC_INT4(d->year))) != 1)
			return false;
		*n = mjc_int4_col(0, 1);
		*at = mjc_time_col(0, 2);
		*hash = mjc_bytea_col(0, 3);
		return true;
	}
	if (!mjc_direct_last(&invoice_table, keys, lengthof(keys), INVOICE_READ, values, nulls))
		return false;
	*n = DatumGetInt32(values[INVOICE_N]);
	*at = DatumGetTimestampTz(values[INVOICE_AT]);
	*hash = DatumGetByteaPP(values[INVOICE_HASH]);
	return true;
}

/* I1, I2: sets year, n, at and previous. `at`: now, or a given instant of a test. */
static void
take_number(Document *d, bool clock)
{
	int year;
	TimestampTz newest;

	do
	{
		year = mjc_algiers_year(d->at);
		d->year = year;
		lock_anchor(d);
		if (clock)
			d->at = GetCurrentTimestamp();
		d->n = 0;
		d->previous = palloc(VARHDRSZ);
		SET_VARSIZE(d->previous, VARHDRSZ);
		if (read_newest(d, &d->n, &newest, &d->previous))
			d->at = Max(d->at, newest);
		d->n++;
		/* Midnight of 31 December passed while it waited. */
	} while (mjc_algiers_year(d->at) != year);
}

/* A number of a sequence, no chain: for the bench. */
static void
take_any_number(Document *d, Oid numbers)
{
	d->year = mjc_algiers_year(d->at);
	d->n = (int32) nextval_internal(numbers, true);
	d->previous = palloc0(VARHDRSZ + MJC_DIGEST_LEN);
	SET_VARSIZE(d->previous, VARHDRSZ + MJC_DIGEST_LEN);
}

static void
insert_document(const Document *d)
{
	mjc_direct_write(
		&invoice_table,
		MJC_ARGS(MJC_TEXT(d->series), MJC_INT4(d->year), MJC_INT4(d->n), MJC_TIME(d->at),
				 MJC_DATUM(PointerGetDatum(document_hash(d))), MJC_TEXT(document_number(d)),
				 MJC_UUID(&d->invoice_id), MJC_TEXT(d->kind), MJC_UUID(d->order_id),
				 MJC_UUID_OR_NULL(d->corrects), MJC_DATUM(DateADTGetDatum(mjc_algiers_date(d->at))),
				 MJC_INT8(d->total), MJC_DATUM(PointerGetDatum(d->party_hash)), MJC_TEXT(d->body),
				 MJC_DATUM(PointerGetDatum(d->previous))));
}

/* ----------------------------------------------------- SQL entry points -- */

/* numbers: InvalidOid for the series; the bench gives a sequence instead. */
static Datum
append_document(FunctionCallInfo fcinfo, Oid numbers)
{
	MemoryContext caller = CurrentMemoryContext;
	bool clock = PG_ARGISNULL(6);
	bytea *salt = mjc_random_bytes(SALT_LEN);
	const char *party = mjc_arg_text(fcinfo, 4, "party");
	char *number;
	Document d = {.kind = mjc_arg_text(fcinfo, 0, "kind"),
				  .invoice_id = mjc_uuid_make(),
				  .order_id = mjc_arg_uuid(fcinfo, 1, "order_id"),
				  .corrects = mjc_arg_uuid_or_null(fcinfo, 2),
				  .total = mjc_arg_int64(fcinfo, 3, "total"),
				  .body = mjc_arg_text(fcinfo, 5, "body")};

	d.series = series_of(d.kind);
	d.at = clock ? GetCurrentTimestamp() : PG_GETARG_TIMESTAMPTZ(6);
	if (d.total < 0 || d.total > MJC_MAX_AMOUNT)
		mjc_raise(MJC_ERR_AMOUNT_OUT_OF_RANGE);
	mjc_check_text(party, "party", 2, MAX_PARTY);
	mjc_check_text(d.body, "body", 2, MAX_BODY);
	d.party_hash = party_hash(salt, party);
	mjc_begin_write();
	mjc_commit_early();
	mjc_direct_write(&party_table, MJC_ARGS(MJC_UUID(&d.invoice_id), MJC_UUID(d.order_id),
											MJC_DATUM(PointerGetDatum(salt)), MJC_TEXT(party)));
	if (OidIsValid(numbers))
		take_any_number(&d, numbers);
	else
		take_number(&d, clock);
	insert_document(&d);
	number = MemoryContextStrdup(caller, document_number(&d));
	mjc_end();
	PG_RETURN_TEXT_P(cstring_to_text(number));
}

PG_FUNCTION_INFO_V1(mjc_invoice_append);
/*
 * mjc.invoice_append(kind text, order_id uuid, corrects uuid, total bigint, party text,
 *     body text, at timestamptz) returns text - the next document of its series, as the last
 * step of a transaction that holds the order's row; its number.
 *
 * at: NULL the clock; a test may give an instant. Errors: MJ003, MJ006, MJ009, MJ010, MJ201.
 */
Datum
mjc_invoice_append(PG_FUNCTION_ARGS)
{
	return append_document(fcinfo, InvalidOid);
}

PG_FUNCTION_INFO_V1(mjc_bench_invoice_append);
/*
 * The same with a number of a sequence (regclass, the eighth argument), with gaps and in any
 * order: what gapless numbers are compared with. For test/bench/orders.sh, which declares it
 * as a superuser; the extension script does not.
 */
Datum
mjc_bench_invoice_append(PG_FUNCTION_ARGS)
{
	return append_document(fcinfo, PG_GETARG_OID(7));
}

PG_FUNCTION_INFO_V1(mjc_invoice_hash);
/*
 * mjc.invoice_hash(previous bytea, series text, year int, n int, invoice_id uuid, kind text,
 *     order_id uuid, corrects uuid, issued_at timestamptz, total bigint, party_hash bytea,
 *     body text) returns bytea - what the chain must hold; NULL when a value is missing.
 */
Datum
mjc_invoice_hash(PG_FUNCTION_ARGS)
{
	Document d = {.corrects = PG_ARGISNULL(7) ? NULL : PG_GETARG_UUID_P(7)};

	for (int i = 0; i < PG_NARGS(); i++)
		if (i != 7 && PG_ARGISNULL(i))
			PG_RETURN_NULL();
	d.previous = PG_GETARG_BYTEA_PP(0);
	d.series = text_to_cstring(PG_GETARG_TEXT_PP(1));
	d.year = PG_GETARG_INT32(2);
	d.n = PG_GETARG_INT32(3);
	d.invoice_id = *PG_GETARG_UUID_P(4);
	d.kind = text_to_cstring(PG_GETARG_TEXT_PP(5));
	d.order_id = PG_GETARG_UUID_P(6);
	d.at = PG_GETARG_TIMESTAMPTZ(8);
	d.total = PG_GETARG_INT64(9);
	d.party_hash = PG_GETARG_BYTEA_PP(10);
	d.body = text_to_cstring(PG_GETARG_TEXT_PP(11));
	PG_RETURN_BYTEA_P(document_hash(&d));
}

PG_FUNCTION_INFO_V1(mjc_invoice_party_hash);
/* mjc.invoice_party_hash(salt bytea, party text) returns bytea - strict. */
Datum
mjc_invoice_party_hash(PG_FUNCTION_ARGS)
{
	PG_RETURN_BYTEA_P(party_hash(PG_GETARG_BYTEA_PP(0), text_to_cstring(PG_GETARG_TEXT_PP(1))));
}
