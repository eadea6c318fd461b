/*
 * tax.c - TVA (rules R5, R6 of the pricing rules) and the stamp duty on cash.
 *
 * R5 The net part of an amount that includes tax is rounded once; the tax is the
 *    rest, so that net + tax is the amount, always.
 * T1 Stamp duty (droit de timbre de quittance, code du timbre art. 100) follows a
 *    dated scale, mjc.stamp_duty_bracket: the bracket is that of the whole
 *    amount paid in cash; each step begun costs its rate; floor and cap of the
 *    bracket bound the sum. It is no part of the base of TVA.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"

#include "args.h"
#include "direct.h"
#include "error.h"
#include "money.h"
#include "spi.h"
#include "tax.h"

#define MAX_BRACKETS 100 /* read at once; beyond, SQL serves */
#define BRACKET_COLUMNS 7

/* ---------------------------------------------------------------- Rules -- */

/* mjc_tax_net_of_gross - net part of an amount that includes tax (R5). Errors: MJ006, MJ201. */
int64
mjc_tax_net_of_gross(int64 gross, int32 bp)
{
	mjc_check_rate(bp);
	return mjc_money_scale(gross, MJC_BP_ONE, MJC_BP_ONE + bp);
}

static int64
steps_due(int64 amount, const MjcStampBracket *bracket)
{
	int64 steps = amount / bracket->step + (amount % bracket->step != 0);

	return mjc_money_times(bracket->per_step, steps);
}

/* mjc_stamp_due - T1; amount: centimes paid in cash, 0 or more. Errors: MJ201. */
int64
mjc_stamp_due(const MjcStampScale *scale, int64 amount)
{
	const MjcStampBracket *bracket = NULL;
	int64 due = 0;

	for (int i = 0; i < scale->n && scale->brackets[i].above < amount; i++)
	{
		int64 end = amount;

		bracket = &scale->brackets[i];
		if (i + 1 < scale->n)
			end = Min(end, scale->brackets[i + 1].above);
		due = bracket->whole ? steps_due(amount, bracket)
							 : mjc_money_add(due, steps_due(end - bracket->above, bracket));
	}
	if (bracket == NULL || bracket->per_step == 0)
		return 0;
	due = Max(due, bracket->floor);
	return bracket->cap >= 0 ? Min(due, bracket->cap) : due;
}

/* -------------------------------------------------------------- Storage -- */

static MjcStmt stmt_scale = {
	"SELECT b.valid_from_on, b.above_centimes, b.step_centimes, b.per_step_centimes, "
	"b.floor_centimes, coalesce(b.cap_centimes, -1), b.is_whole FROM mjc.stamp_duty_bracket b "
	"WHERE b.valid_from_on = (SELECT max(x.valid_from_on) FROM mjc.stamp_duty_bracket x "
	"WHERE x.valid_from_on <= $1) ORDER BY b.above_centimes LIMIT $2",
	2,
	{DATEOID, INT4OID},
	NULL};

static MjcTable bracket_table = {
	.name = "stamp_duty_bracket",
	.columns = {"valid_from_on", "above_centimes", "step_centimes", "per_step_centimes",
				"floor_centimes", "cap_centimes", "is_whole", NULL},
	.types = {DATEOID, INT8OID, INT8OID, INT8OID, INT8OID, INT8OID, BOOLOID}};

/* One row of the table; column order as above. A cap of NULL comes as 0, which no cap is. */
static MjcStampBracket
bracket_of(const Datum *row)
{
	int64 cap = DatumGetInt64(row[5]);

	return (MjcStampBracket){DatumGetInt64(row[1]), DatumGetInt64(row[2]), DatumGetInt64(row[3]),
							 DatumGetInt64(row[4]), cap > 0 ? cap : -1,	   DatumGetBool(row[6])};
}

/* The newest scale up to that day among these rows, its brackets in rising order. */
static void
scale_of_rows(MjcStampScale *scale, const Datum *rows, int n, DateADT on_date)
{
	scale->valid_from = DATEVAL_NOBEGIN;
	for (int i = 0; i < n; i++)
	{
		DateADT from = DatumGetDateADT(rows[i * BRACKET_COLUMNS]);

		if (from <= on_date && from > scale->valid_from)
			scale->valid_from = from;
	}
	for (int i = 0; i < n; i++)
	{
		MjcStampBracket bracket = bracket_of(rows + i * BRACKET_COLUMNS);
		int at = scale->n;

		if (DatumGetDateADT(rows[i * BRACKET_COLUMNS]) != scale->valid_from)
			continue;
		for (; at > 0 && scale->brackets[at - 1].above > bracket.above; at--)
			scale->brackets[at] = scale->brackets[at - 1];
		scale->brackets[at] = bracket;
		scale->n++;
	}
}

/* mjc_stamp_scale_read - the scale of a day; no bracket when there is none. Needs SPI open. */
void
mjc_stamp_scale_read(MjcStampScale *scale, DateADT on_date)
{
	Datum rows[MAX_BRACKETS * BRACKET_COLUMNS];
	int n = mjc_direct_readable(&bracket_table)
				? mjc_direct_all(&bracket_table, BRACKET_COLUMNS, rows, MAX_BRACKETS)
				: -1;
	uint64 nread;

	scale->n = 0;
	scale->brackets = palloc0(sizeof(MjcStampBracket) * MAX_BRACKETS);
	if (n >= 0)
	{
		scale_of_rows(scale, rows, n, on_date);
		return;
	}
	nread = mjc_exec(&stmt_scale,
					 MJC_ARGS(MJC_DATUM(DateADTGetDatum(on_date)), MJC_INT4(MAX_BRACKETS)));
	for (uint64 i = 0; i < nread; i++)
	{
		scale->valid_from = mjc_date_col(i, 1);
		scale->brackets[scale->n++] =
			(MjcStampBracket){mjc_int8_col(i, 2), mjc_int8_col(i, 3), mjc_int8_col(i, 4),
							  mjc_int8_col(i, 5), mjc_int8_col(i, 6), mjc_bool_col(i, 7)};
	}
}

/* ----------------------------------------------------- SQL entry points -- */

static Datum
pair_result(FunctionCallInfo fcinfo, int64 first, int64 second)
{
	TupleDesc tupdesc;
	Datum values[2] = {Int64GetDatum(first), Int64GetDatum(second)};
	bool nulls[2] = {false, false};

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls));
}

PG_FUNCTION_INFO_V1(mjc_tax_of_gross);
/* mjc.tax_of_gross(gross, rate_bp, OUT net, OUT tax): net + tax = gross always. */
Datum
mjc_tax_of_gross(PG_FUNCTION_ARGS)
{
	int64 gross = PG_GETARG_INT64(0);
	int64 net = mjc_tax_net_of_gross(gross, PG_GETARG_INT32(1));

	return pair_result(fcinfo, net, gross - net);
}

PG_FUNCTION_INFO_V1(mjc_tax_of_net);
/* mjc.tax_of_net(net, rate_bp, OUT gross, OUT tax): net + tax = gross always. */
Datum
mjc_tax_of_net(PG_FUNCTION_ARGS)
{
	int64 net = PG_GETARG_INT64(0);
	int64 tax = mjc_money_percent(net, PG_GETARG_INT32(1));

	return pair_result(fcinfo, mjc_money_add(net, tax), tax);
}

PG_FUNCTION_INFO_V1(mjc_stamp_duty);
/*
 * mjc.stamp_duty(amount bigint, on_date date) - T1, centimes.
 *
 * Errors: MJ003, MJ201 negative or too large amount.
 */
Datum
mjc_stamp_duty(PG_FUNCTION_ARGS)
{
	int64 amount = mjc_arg_int64(fcinfo, 0, "amount");
	DateADT on_date = mjc_arg_int32(fcinfo, 1, "on_date");
	MjcStampScale scale = {0};
	int64 due;

	if (amount < 0 || amount > MJC_MAX_AMOUNT)
		mjc_raise(MJC_ERR_AMOUNT_OUT_OF_RANGE);
	mjc_begin();
	mjc_stamp_scale_read(&scale, on_date);
	due = mjc_stamp_due(&scale, amount);
	mjc_end();
	PG_RETURN_INT64(due);
}
