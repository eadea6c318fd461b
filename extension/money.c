/*
 * money.c - amounts in centimes (rules R1, R2, R4, R5 of the pricing rules).
 *
 * No floats, no numeric. Products are taken in 128 bits and rounded once, half
 * away from zero. A result beyond +-MJC_MAX_AMOUNT is refused (MJ201), so that
 * sums of a whole order cannot overflow either.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type_d.h"
#include "common/int.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "args.h"
#include "error.h"
#include "money.h"

#define MJC_MAX_WEIGHTS 10000

/* ---------------------------------------------------------------- Rules -- */

static int64
in_range(int128 amount)
{
	if (amount > MJC_MAX_AMOUNT || amount < -MJC_MAX_AMOUNT)
		mjc_raise(MJC_ERR_AMOUNT_OUT_OF_RANGE);
	return (int64) amount;
}

/* numerator / denominator, half away from zero; denominator > 0. */
static int128
round_div(int128 numerator, int128 denominator)
{
	int128 half = denominator / 2;
	int128 magnitude = numerator < 0 ? -numerator : numerator;
	int128 quotient = magnitude / denominator;
	int128 rest = magnitude % denominator;

	if (rest > half || (rest == half && denominator % 2 == 0))
		quotient++;
	return numerator < 0 ? -quotient : quotient;
}

static void
check_rate(int32 bp)
{
	if (bp < 0 || bp > 10 * MJC_BP_ONE)
		MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", "rate_bp", 0});
}

/* mjc_money_add - a + b centimes. Errors: MJ201. */
int64
mjc_money_add(int64 a, int64 b)
{
	return in_range((int128) a + b);
}

/* mjc_money_times - unit centimes x qty units. Errors: MJ201. */
int64
mjc_money_times(int64 unit, int64 qty)
{
	int128 product = (int128) unit * qty;

	return in_range(product);
}

/* mjc_money_scale - amount x numerator / denominator, rounded once. Errors: MJ201. */
int64
mjc_money_scale(int64 amount, int64 numerator, int64 denominator)
{
	return in_range(round_div((int128) amount * numerator, denominator));
}

/* mjc_money_percent - amount x bp / 10000, half away from zero. Errors: MJ006, MJ201. */
int64
mjc_money_percent(int64 amount, int32 bp)
{
	check_rate(bp);
	return mjc_money_scale(amount, bp, MJC_BP_ONE);
}

/* mjc_money_net_of_gross - net part of an amount that includes tax (R5). Errors: MJ006, MJ201. */
int64
mjc_money_net_of_gross(int64 gross, int32 bp)
{
	check_rate(bp);
	return mjc_money_scale(gross, MJC_BP_ONE, MJC_BP_ONE + bp);
}

/*
 * mjc_money_allocate - split amount by weights, largest remainder (R4).
 *
 * amount: centimes, any sign (a negative amount mirrors the positive one).
 * weights: >= 0; all zero means even. shares: n results, their sum is amount.
 * Ties of the remainder go to the earlier share. n > 0.
 */
void
mjc_money_allocate(int64 amount, const int64 *weights, int n, int64 *shares)
{
	int128 total = 0;
	int64 magnitude = amount < 0 ? -amount : amount;
	int64 left = magnitude;
	int128 *rest = palloc(sizeof(int128) * n);

	for (int i = 0; i < n; i++)
		total += weights[i];
	for (int i = 0; i < n; i++)
	{
		int128 weight = total == 0 ? 1 : weights[i];
		int128 base = total == 0 ? n : total;

		shares[i] = (int64) ((int128) magnitude * weight / base);
		rest[i] = (int128) magnitude * weight % base;
		left -= shares[i];
	}
	while (left-- > 0)
	{
		int best = 0;

		for (int i = 1; i < n; i++)
			if (rest[i] > rest[best])
				best = i;
		shares[best]++;
		rest[best] = -1;
	}
	if (amount < 0)
		for (int i = 0; i < n; i++)
			shares[i] = -shares[i];
	pfree(rest);
}

/* ----------------------------------------------------- SQL entry points -- */

PG_FUNCTION_INFO_V1(mjc_percent_of);
/* mjc.percent_of(amount bigint, bp int) - centimes, half away from zero. */
Datum
mjc_percent_of(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(mjc_money_percent(PG_GETARG_INT64(0), PG_GETARG_INT32(1)));
}

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
	int64 net = mjc_money_net_of_gross(gross, PG_GETARG_INT32(1));

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

PG_FUNCTION_INFO_V1(mjc_allocate);
/* mjc.allocate(amount bigint, weights bigint[]) returns bigint[]; see mjc_money_allocate. */
Datum
mjc_allocate(PG_FUNCTION_ARGS)
{
	Datum *elements;
	int n = mjc_arg_array(fcinfo, 1, "weights", INT8OID, MJC_MAX_WEIGHTS, &elements);
	int64 amount = in_range(PG_GETARG_INT64(0));
	int64 *weights;
	int64 *shares;

	if (n == 0)
		MJC_RAISE(MJC_ERR_ARGUMENT_INVALID, {"argument", "weights", 0});
	weights = palloc(sizeof(int64) * n);
	shares = palloc(sizeof(int64) * n);
	for (int i = 0; i < n; i++)
	{
		weights[i] = in_range(DatumGetInt64(elements[i]));
		if (weights[i] < 0)
			MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", "weights", 0});
	}
	mjc_money_allocate(amount, weights, n, shares);
	for (int i = 0; i < n; i++)
		elements[i] = Int64GetDatum(shares[i]);
	PG_RETURN_ARRAYTYPE_P(
		construct_array(elements, n, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}
