/*
 * money.c - amounts in centimes (rules R1, R2, R4, R7 of the pricing rules).
 *
 * No floats, no numeric. Products are taken in 128 bits and rounded once, half
 * away from zero. A result beyond +-MJC_MAX_AMOUNT is refused (MJ201), so that
 * sums of a whole order cannot overflow either.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "common/int.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

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

/* mjc_check_rate - a rate of 0 to 1000 %. Errors: MJ006. */
void
mjc_check_rate(int32 bp)
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

/*
 * mjc_money_scale - amount x numerator / denominator, rounded once; denominator > 0.
 *
 * What fits 64 bits is divided there: a division of 128 bits costs ten times as much.
 * Errors: MJ201.
 */
int64
mjc_money_scale(int64 amount, int64 numerator, int64 denominator)
{
	int64 product;
	int64 quotient;
	int64 rest;

	if (pg_mul_s64_overflow(amount, numerator, &product))
		return in_range(round_div((int128) amount * numerator, denominator));
	quotient = product / denominator;
	rest = product % denominator;
	if (rest < 0 ? -rest >= denominator + rest : rest >= denominator - rest)
		quotient += product < 0 ? -1 : 1;
	return in_range(quotient);
}

/* mjc_money_scale_error - what the rounding of mjc_money_scale added, in 1/10000 centime. */
int32
mjc_money_scale_error(int64 result, int64 amount, int64 numerator, int64 denominator)
{
	int128 over = (int128) result * denominator - (int128) amount * numerator;

	return (int32) round_div(over * 10000, denominator);
}

/* mjc_money_percent - amount x bp / 10000, half away from zero. Errors: MJ006, MJ201. */
int64
mjc_money_percent(int64 amount, int32 bp)
{
	mjc_check_rate(bp);
	return mjc_money_scale(amount, bp, MJC_BP_ONE);
}

/* mjc_dzd_text - centimes as dinars with two decimals. */
char *
mjc_dzd_text(int64 centimes)
{
	int64 magnitude = centimes < 0 ? -centimes : centimes;

	return psprintf("%s" INT64_FORMAT ".%02d", centimes < 0 ? "-" : "", magnitude / 100,
					(int) (magnitude % 100));
}

/* A share and what was cut off it. */
typedef struct Cut
{
	int128 rest;
	int place;
} Cut;

static int
compare_cuts(const void *a, const void *b)
{
	const Cut *x = a;
	const Cut *y = b;

	if (x->rest != y->rest)
		return x->rest > y->rest ? -1 : 1;
	return x->place - y->place;
}

/* One centime more for the largest rests; ties go to the earlier share. left < n. */
static void
give_rest(int64 *shares, const int128 *rest, int n, int left)
{
	Cut *cuts;

	if (left == 0)
		return;
	cuts = palloc(sizeof(Cut) * n);
	for (int i = 0; i < n; i++)
		cuts[i] = (Cut){rest[i], i};
	qsort(cuts, n, sizeof(Cut), compare_cuts);
	for (int i = 0; i < left; i++)
		shares[cuts[i].place]++;
	pfree(cuts);
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
	give_rest(shares, rest, n, (int) left);
	if (amount < 0)
		for (int i = 0; i < n; i++)
			shares[i] = -shares[i];
	pfree(rest);
}

/* The lines that still take part: those whose share is not fixed at their room. */
static int64
spread_once(int64 amount, const int64 *weights, const int64 *rooms, int n, int64 *shares,
			bool *fixed)
{
	int64 *free_weights = palloc(sizeof(int64) * n);
	int64 *free_shares = palloc(sizeof(int64) * n);
	int nfree = 0;
	int64 withheld = 0;

	for (int i = 0; i < n; i++)
		if (!fixed[i])
			free_weights[nfree++] = weights[i];
	if (nfree > 0)
		mjc_money_allocate(amount, free_weights, nfree, free_shares);
	nfree = 0;
	for (int i = 0; i < n; i++)
	{
		if (fixed[i])
			continue;
		shares[i] = free_shares[nfree++];
		if (shares[i] <= rooms[i])
			continue;
		withheld += shares[i] - rooms[i];
		shares[i] = rooms[i];
		fixed[i] = true;
	}
	pfree(free_weights);
	pfree(free_shares);
	return withheld;
}

/*
 * mjc_money_spread - split a discount by weights, no share above its room (R4).
 *
 * amount: >= 0. weights, rooms: n of each, >= 0. A line without room takes no
 * part; one whose share would exceed its room is fixed there, and the rest is
 * split anew among the others. Returns what nobody had room for.
 */
int64
mjc_money_spread(int64 amount, const int64 *weights, const int64 *rooms, int n, int64 *shares)
{
	bool *fixed = palloc(sizeof(bool) * n);
	int64 left;
	int64 withheld;
	int nfree;

	for (int i = 0; i < n; i++)
	{
		shares[i] = 0;
		fixed[i] = rooms[i] == 0 || weights[i] == 0;
	}
	do
	{
		left = amount;
		nfree = 0;
		for (int i = 0; i < n; i++)
		{
			left -= fixed[i] ? shares[i] : 0;
			nfree += !fixed[i];
		}
		withheld = nfree == 0 ? left : spread_once(left, weights, rooms, n, shares, fixed);
	} while (withheld > 0 && nfree > 0);
	pfree(fixed);
	return withheld;
}

/*
 * mjc_money_refund_share - R7: what comes back for `returning` more units of qty
 * when `already` came back before; over all units it is exactly what was paid.
 */
int64
mjc_money_refund_share(int64 paid, int32 qty, int32 already, int32 returning)
{
	return mjc_money_scale(paid, already + returning, qty) - mjc_money_scale(paid, already, qty);
}

/* ----------------------------------------------------- SQL entry points -- */

PG_FUNCTION_INFO_V1(mjc_dzd);
/* mjc.dzd(centimes bigint) - dinars as a number with two decimals. */
Datum
mjc_dzd(PG_FUNCTION_ARGS)
{
	PG_RETURN_NUMERIC(int64_div_fast_to_numeric(PG_GETARG_INT64(0), 2));
}

PG_FUNCTION_INFO_V1(mjc_percent_of);
/* mjc.percent_of(amount bigint, bp int) - centimes, half away from zero. */
Datum
mjc_percent_of(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(mjc_money_percent(PG_GETARG_INT64(0), PG_GETARG_INT32(1)));
}

/* Amounts of array argument n, each 0 or more. Errors: MJ003, MJ006, MJ010, MJ201. */
static int
read_weights(FunctionCallInfo fcinfo, int n, const char *name, int64 **weights)
{
	Datum *elements;
	int count = mjc_arg_array(fcinfo, n, name, INT8OID, MJC_MAX_WEIGHTS, &elements);

	if (count == 0)
		MJC_RAISE(MJC_ERR_ARGUMENT_INVALID, {"argument", name, 0});
	*weights = palloc(sizeof(int64) * count);
	for (int i = 0; i < count; i++)
	{
		(*weights)[i] = in_range(DatumGetInt64(elements[i]));
		if ((*weights)[i] < 0)
			MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", name, 0});
	}
	return count;
}

static Datum
amounts_result(const int64 *amounts, int n)
{
	Datum *elements = palloc(sizeof(Datum) * n);

	for (int i = 0; i < n; i++)
		elements[i] = Int64GetDatum(amounts[i]);
	PG_RETURN_ARRAYTYPE_P(
		construct_array(elements, n, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

PG_FUNCTION_INFO_V1(mjc_allocate);
/* mjc.allocate(amount bigint, weights bigint[]) returns bigint[]; see mjc_money_allocate. */
Datum
mjc_allocate(PG_FUNCTION_ARGS)
{
	int64 *weights;
	int n = read_weights(fcinfo, 1, "weights", &weights);
	int64 *shares = palloc(sizeof(int64) * n);

	mjc_money_allocate(in_range(PG_GETARG_INT64(0)), weights, n, shares);
	return amounts_result(shares, n);
}

PG_FUNCTION_INFO_V1(mjc_spread_discount);
/*
 * mjc.spread_discount(amount bigint, weights bigint[], floors bigint[]) returns bigint[]
 * - see mjc_money_spread; a negative amount mirrors the positive one. floors may
 * be NULL: all zero. NULL amount or weights give NULL.
 *
 * Errors: MJ003, MJ006, MJ010 (also: another number of floors than weights), MJ201.
 */
Datum
mjc_spread_discount(PG_FUNCTION_ARGS)
{
	int64 amount;
	int64 *weights;
	int64 *rooms;
	int64 *shares;
	int n;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	amount = in_range(PG_GETARG_INT64(0));
	n = read_weights(fcinfo, 1, "weights", &weights);
	if (PG_ARGISNULL(2))
		rooms = palloc0(sizeof(int64) * n);
	else if (read_weights(fcinfo, 2, "floors", &rooms) != n)
		MJC_RAISE(MJC_ERR_ARGUMENT_INVALID, {"argument", "floors", 0});
	shares = palloc(sizeof(int64) * n);
	for (int i = 0; i < n; i++)
		rooms[i] = Max(weights[i] - rooms[i], 0);
	(void) mjc_money_spread(amount < 0 ? -amount : amount, weights, rooms, n, shares);
	for (int i = 0; i < n && amount < 0; i++)
		shares[i] = -shares[i];
	return amounts_result(shares, n);
}

PG_FUNCTION_INFO_V1(mjc_refund_share);
/*
 * mjc.refund_share(paid bigint, qty int, already int, returned int) - R7, centimes.
 *
 * Errors: MJ006 quantities that do not fit, MJ201.
 */
Datum
mjc_refund_share(PG_FUNCTION_ARGS)
{
	int32 qty = PG_GETARG_INT32(1);
	int32 already = PG_GETARG_INT32(2);
	int32 returning = PG_GETARG_INT32(3);

	if (qty < 1)
		MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", "qty", 0});
	if (already < 0 || already > qty)
		MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", "already", 0});
	if (returning < 0 || returning > qty - already)
		MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", "returned", 0});
	PG_RETURN_INT64(mjc_money_refund_share(in_range(PG_GETARG_INT64(0)), qty, already, returning));
}
