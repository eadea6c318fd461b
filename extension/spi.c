/*
 * spi.c - the one way from C to the tables.
 *
 * Plans are prepared at first use and kept; names are qualified in every text,
 * so no search_path can replan them. A plan is stored only after SPI_keepplan
 * succeeded. Results stay valid until the next statement; text getters copy.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "commands/sequence.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "error.h"
#include "install.h"
#include "spi.h"

/* mjc_begin - open SPI for a read. */
void
mjc_begin(void)
{
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
}

/*
 * mjc_begin_write - open SPI for a rule that writes.
 *
 * Errors: MJ009 other schema version, 25006 in a read-only transaction or on a
 * standby (direct.c would not notice).
 */
void
mjc_begin_write(void)
{
	PreventCommandIfReadOnly("a rule that writes");
	mjc_begin();
	mjc_install_check();
}

/* mjc_end - close what mjc_begin opened. */
void
mjc_end(void)
{
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
}

static SPIPlanPtr
stmt_plan(MjcStmt *stmt)
{
	SPIPlanPtr plan;

	if (stmt->plan != NULL && SPI_plan_is_valid(stmt->plan))
		return stmt->plan;
	if (stmt->plan != NULL)
	{
		/* An object that it names was dropped or changed: plan again. */
		SPI_freeplan(stmt->plan);
		stmt->plan = NULL;
	}
	/* One plan for all values: every statement finds its rows by index anyway. */
	plan = SPI_prepare_cursor(stmt->sql, stmt->nargs, stmt->types, CURSOR_OPT_GENERIC_PLAN);
	if (plan == NULL)
		elog(ERROR, "could not prepare: %s", SPI_result_code_string(SPI_result));
	if (SPI_keepplan(plan) != 0)
		elog(ERROR, "could not keep a plan");
	stmt->plan = plan;
	return plan;
}

/* A rule over 10 000 lines must not keep every result of the way. */
static void
forget_result(void)
{
	if (SPI_tuptable != NULL)
		SPI_freetuptable(SPI_tuptable);
	SPI_tuptable = NULL;
}

static void
stmt_values(const MjcStmt *stmt, const MjcArg *args, Datum *values, char *nulls)
{
	for (int i = 0; i < stmt->nargs; i++)
	{
		values[i] = args[i].value;
		nulls[i] = args[i].isnull ? 'n' : ' ';
	}
}

/*
 * mjc_exec - run a statement; rows are in SPI_tuptable.
 *
 * args: stmt->nargs of them. Returns the number of rows.
 */
uint64
mjc_exec(MjcStmt *stmt, const MjcArg *args)
{
	Datum values[MJC_STMT_MAX_ARGS];
	char nulls[MJC_STMT_MAX_ARGS];
	int rc;

	stmt_values(stmt, args, values, nulls);
	forget_result();
	rc = SPI_execute_plan(stmt_plan(stmt), values, nulls, false, 0);
	if (rc < 0)
		elog(ERROR, "statement failed: %s", SPI_result_code_string(rc));
	return SPI_processed;
}

/*
 * mjc_exec_fresh - run a SELECT under the newest snapshot, in every isolation
 * level: what was committed before now, and what this transaction wrote.
 *
 * For reads that follow a lock; a REPEATABLE READ transaction would otherwise
 * decide on the stock of the moment it began.
 */
uint64
mjc_exec_fresh(MjcStmt *stmt, const MjcArg *args)
{
	Datum values[MJC_STMT_MAX_ARGS];
	char nulls[MJC_STMT_MAX_ARGS];
	SPIPlanPtr plan = stmt_plan(stmt);
	int rc;

	stmt_values(stmt, args, values, nulls);
	forget_result();
	rc = SPI_execute_snapshot(plan, values, nulls, GetLatestSnapshot(), InvalidSnapshot, true,
							  false, 0);
	if (rc < 0)
		elog(ERROR, "statement failed: %s", SPI_result_code_string(rc));
	return SPI_processed;
}

/* mjc_exec_one - run a statement that must touch or find exactly one row. */
void
mjc_exec_one(MjcStmt *stmt, const MjcArg *args)
{
	uint64 rows = mjc_exec(stmt, args);

	if (rows != 1)
		elog(ERROR, "expected one row, got " UINT64_FORMAT, rows);
}

/* mjc_counter_next - nextval of a sequence of schema mjc. */
int64
mjc_counter_next(const char *sequence)
{
	return nextval_internal(get_relname_relid(sequence, get_namespace_oid("mjc", false)), true);
}

static Datum
column(uint64 row, int col, bool *isnull)
{
	MJC_ENSURE(SPI_tuptable != NULL && row < SPI_tuptable->numvals, "row exists");
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, col, isnull);
}

static Datum
column_not_null(uint64 row, int col)
{
	bool isnull;
	Datum value = column(row, col, &isnull);

	if (isnull)
		elog(ERROR, "column %d is null", col);
	return value;
}

bytea *
mjc_bytea_col(uint64 row, int col)
{
	return DatumGetByteaPCopy(column_not_null(row, col));
}

int64
mjc_int8_col(uint64 row, int col)
{
	return DatumGetInt64(column_not_null(row, col));
}

int32
mjc_int4_col(uint64 row, int col)
{
	return DatumGetInt32(column_not_null(row, col));
}

DateADT
mjc_date_col(uint64 row, int col)
{
	return DatumGetDateADT(column_not_null(row, col));
}

int64
mjc_int8_or(uint64 row, int col, int64 otherwise)
{
	bool isnull;
	Datum value = column(row, col, &isnull);

	return isnull ? otherwise : DatumGetInt64(value);
}

bool
mjc_bool_col(uint64 row, int col)
{
	return DatumGetBool(column_not_null(row, col));
}

char *
mjc_text_col(uint64 row, int col)
{
	return TextDatumGetCString(column_not_null(row, col));
}

char *
mjc_text_or_null(uint64 row, int col)
{
	bool isnull;
	Datum value = column(row, col, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

Jsonb *
mjc_jsonb_col(uint64 row, int col)
{
	return DatumGetJsonbPCopy(column_not_null(row, col));
}

pg_uuid_t
mjc_uuid_col(uint64 row, int col)
{
	return *DatumGetUUIDP(column_not_null(row, col));
}

/* mjc_array_col - the elements of an array column without NULLs; returns their number. */
int
mjc_array_col(uint64 row, int col, Oid elemtype, Datum **elements)
{
	ArrayType *array = DatumGetArrayTypePCopy(column_not_null(row, col));
	int16 typlen;
	bool typbyval;
	char typalign;
	int n;

	get_typlenbyvalalign(elemtype, &typlen, &typbyval, &typalign);
	deconstruct_array(array, elemtype, typlen, typbyval, typalign, elements, NULL, &n);
	return n;
}

/* mjc_uuid_cols - one column of the first rows, copied. */
pg_uuid_t *
mjc_uuid_cols(uint64 rows, int col)
{
	pg_uuid_t *ids = palloc(sizeof(pg_uuid_t) * Max(rows, 1));

	for (uint64 i = 0; i < rows; i++)
		ids[i] = mjc_uuid_col(i, col);
	return ids;
}

TimestampTz
mjc_time_col(uint64 row, int col)
{
	return DatumGetTimestampTz(column_not_null(row, col));
}

bool
mjc_is_null(uint64 row, int col)
{
	bool isnull;

	(void) column(row, col, &isnull);
	return isnull;
}
