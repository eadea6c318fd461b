/*
 * fitment.c - whether a part fits a boiler of which not everything is known.
 *
 * F1 A row of a part and a model holds for the boilers that all its conditions admit:
 *    variant, serial number, day of building, gas, power. A condition whose fact is not
 *    known is open: it neither holds nor fails.
 * F2 A row with a condition that fails says nothing of this boiler.
 * F3 A row that says no and holds: DOES_NOT_FIT, whatever others say.
 * F4 A row that says yes and holds: FITS, unless a row that says no is open: FITS_IF.
 * F5 Only open rows say yes: FITS_IF. No row says yes: UNKNOWN.
 * F6 The confidence of FITS is the best of the rows that hold, that of a mere FITS_IF
 *    the worst of the open ones: to learn more of the boiler never lowers the confidence
 *    of a part that still fits, so what is not known never raises it.
 *
 * The day of building may be known as a span (a week, a year): a condition holds when it
 * takes in the whole span, fails when it takes in none of it, and is open otherwise; the
 * same for gases.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/rangetypes.h"
#include "utils/typcache.h"

#include "args.h"
#include "compat.h"
#include "error.h"
#include "fitment.h"

#define STATE_SHIFT 4
#define ROWS_MAX 100000

static const char *const condition_names[MJC_FITMENT_CONDITIONS] = {"variant", "serial", "built",
																	"gas", "power"};

/* ---------------------------------------------------------------- Rules -- */

/* mjc_fitment_state_of - F1, F2: the state of a row, 0 in its low bits when it says nothing. */
int
mjc_fitment_state_of(bool fits, const MjcFitmentFound found[MJC_FITMENT_CONDITIONS])
{
	int state = 0;
	bool open = false;
	bool failed = false;

	for (int i = 0; i < MJC_FITMENT_CONDITIONS; i++)
	{
		open |= found[i] == MJC_FITMENT_OPEN;
		failed |= found[i] == MJC_FITMENT_FAILED;
		state |= (int) found[i] << (STATE_SHIFT + 2 * i);
	}
	if (failed)
		return state;
	if (fits)
		return state | (open ? MJC_FITMENT_MAYBE_YES : MJC_FITMENT_YES);
	return state | (open ? MJC_FITMENT_MAYBE_NO : MJC_FITMENT_NO);
}

/* mjc_fitment_answer_of - F3 to F5, from the states of all rows of a part together. */
const char *
mjc_fitment_answer_of(int states)
{
	if (states & MJC_FITMENT_NO)
		return "DOES_NOT_FIT";
	if (states & MJC_FITMENT_YES)
		return states & MJC_FITMENT_MAYBE_NO ? "FITS_IF" : "FITS";
	return states & MJC_FITMENT_MAYBE_YES ? "FITS_IF" : "UNKNOWN";
}

/*
 * What rows of one part say together, in a number: their states, and of those that say no, yes and
 * perhaps yes the confidence that counts by F6; of perhaps yes what it lacks to 100.
 */
#define VERDICT_STATES(verdict) ((int) ((verdict) &15))
#define VERDICT_NO 8
#define VERDICT_YES 16
#define VERDICT_MAYBE 24

static int
verdict_at(int64 verdict, int place)
{
	return (int) ((verdict >> place) & 255);
}

static int64
verdict_raise(int64 verdict, int place, int confidence)
{
	if (confidence <= verdict_at(verdict, place))
		return verdict;
	return (verdict & ~(INT64CONST(255) << place)) | (int64) confidence << place;
}

static int64
verdict_add(int64 verdict, int state, int confidence)
{
	verdict |= state & 15;
	if (state & MJC_FITMENT_NO)
		return verdict_raise(verdict, VERDICT_NO, confidence);
	if (state & MJC_FITMENT_YES)
		return verdict_raise(verdict, VERDICT_YES, confidence);
	if (state & MJC_FITMENT_MAYBE_YES)
		return verdict_raise(verdict, VERDICT_MAYBE, 100 - confidence);
	return verdict;
}

/* F6; 0 when nothing is known. */
static int
verdict_confidence(int64 verdict)
{
	if (VERDICT_STATES(verdict) & MJC_FITMENT_NO)
		return verdict_at(verdict, VERDICT_NO);
	if (VERDICT_STATES(verdict) & MJC_FITMENT_YES)
		return verdict_at(verdict, VERDICT_YES);
	if (VERDICT_STATES(verdict) & MJC_FITMENT_MAYBE_YES)
		return 100 - verdict_at(verdict, VERDICT_MAYBE);
	return 0;
}

/* What a set says of a span or set: all of it inside, none of it, or some. */
static MjcFitmentFound
found_of(bool inside, bool touches)
{
	if (inside)
		return MJC_FITMENT_MET;
	return touches ? MJC_FITMENT_OPEN : MJC_FITMENT_FAILED;
}

/* Of how many of n gases a row speaks, and the others. */
static MjcFitmentFound
judge_gas(const Datum *asked, int nasked, const Datum *known, int nknown)
{
	int hits = 0;

	for (int i = 0; i < nknown; i++)
		for (int j = 0; j < nasked; j++)
			if (strcmp(TextDatumGetCString(known[i]), TextDatumGetCString(asked[j])) == 0)
			{
				hits++;
				break;
			}
	return nknown == 0 ? MJC_FITMENT_OPEN : found_of(hits == nknown, hits > 0);
}

static MjcFitmentFound
condition_of(int state, int condition)
{
	return (MjcFitmentFound) ((state >> (STATE_SHIFT + 2 * condition)) & 3);
}

static ArrayType *
names_of(const bool chosen[MJC_FITMENT_CONDITIONS])
{
	Datum names[MJC_FITMENT_CONDITIONS];
	int n = 0;

	for (int i = 0; i < MJC_FITMENT_CONDITIONS; i++)
		if (chosen[i])
			names[n++] = CStringGetTextDatum(condition_names[i]);
	return construct_array(names, n, TEXTOID, -1, false, TYPALIGN_INT);
}

/* ----------------------------------------------------- SQL entry points -- */

/* Arguments of mjc.fitment_state: what the row asks for, then what is known, in the same order. */
#define ASKED(condition) (1 + (condition))
#define KNOWN(condition) (1 + MJC_FITMENT_CONDITIONS + (condition))

static MjcFitmentFound
variant_found(FunctionCallInfo fcinfo)
{
	bool same = memcmp(PG_GETARG_UUID_P(ASKED(MJC_FITMENT_VARIANT)),
					   PG_GETARG_UUID_P(KNOWN(MJC_FITMENT_VARIANT)), UUID_LEN) == 0;

	return found_of(same, false);
}

static MjcFitmentFound
number_found(FunctionCallInfo fcinfo, MjcFitmentCondition condition)
{
	RangeType *range = PG_GETARG_RANGE_P(ASKED(condition));
	TypeCacheEntry *type = lookup_type_cache(RangeTypeGetOid(range), TYPECACHE_RANGE_INFO);

	return found_of(range_contains_elem_internal(type, range, PG_GETARG_DATUM(KNOWN(condition))),
					false);
}

static MjcFitmentFound
built_found(FunctionCallInfo fcinfo)
{
	RangeType *asked = PG_GETARG_RANGE_P(ASKED(MJC_FITMENT_BUILT));
	RangeType *known = PG_GETARG_RANGE_P(KNOWN(MJC_FITMENT_BUILT));
	TypeCacheEntry *type = lookup_type_cache(RangeTypeGetOid(asked), TYPECACHE_RANGE_INFO);

	if (RangeIsEmpty(known))
		return MJC_FITMENT_OPEN;
	return found_of(range_contains_internal(type, asked, known),
					range_overlaps_internal(type, asked, known));
}

static MjcFitmentFound
gas_found(FunctionCallInfo fcinfo)
{
	Datum *asked;
	Datum *known;
	int nasked = mjc_arg_array(fcinfo, ASKED(MJC_FITMENT_GAS), "gas", TEXTOID, 100, &asked);
	int nknown = mjc_arg_array(fcinfo, KNOWN(MJC_FITMENT_GAS), "known_gas", TEXTOID, 100, &known);

	return judge_gas(asked, nasked, known, nknown);
}

static MjcFitmentFound
condition_found(FunctionCallInfo fcinfo, MjcFitmentCondition condition)
{
	if (PG_ARGISNULL(ASKED(condition)))
		return MJC_FITMENT_NOT_ASKED;
	if (PG_ARGISNULL(KNOWN(condition)))
		return MJC_FITMENT_OPEN;
	switch (condition)
	{
		case MJC_FITMENT_VARIANT:
			return variant_found(fcinfo);
		case MJC_FITMENT_BUILT:
			return built_found(fcinfo);
		case MJC_FITMENT_GAS:
			return gas_found(fcinfo);
		default:
			return number_found(fcinfo, condition);
	}
}

PG_FUNCTION_INFO_V1(mjc_fitment_state);
/* mjc.fitment_state(fits, 5 conditions, 5 facts) - what a row says of a boiler, as bits. */
Datum
mjc_fitment_state(PG_FUNCTION_ARGS)
{
	MjcFitmentFound found[MJC_FITMENT_CONDITIONS];

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	for (int i = 0; i < MJC_FITMENT_CONDITIONS; i++)
		found[i] = condition_found(fcinfo, (MjcFitmentCondition) i);
	PG_RETURN_INT32(mjc_fitment_state_of(PG_GETARG_BOOL(0), found));
}

PG_FUNCTION_INFO_V1(mjc_fitment_answer);
/* mjc.fitment_answer(states) - FITS, FITS_IF, DOES_NOT_FIT or UNKNOWN. */
Datum
mjc_fitment_answer(PG_FUNCTION_ARGS)
{
	Datum *states;
	int n = mjc_arg_array(fcinfo, 0, "states", INT4OID, ROWS_MAX, &states);
	int all = 0;

	for (int i = 0; i < n; i++)
		all |= DatumGetInt32(states[i]);
	PG_RETURN_TEXT_P(cstring_to_text(mjc_fitment_answer_of(all)));
}

PG_FUNCTION_INFO_V1(mjc_fitment_confidence);
/* mjc.fitment_confidence(states, confidences) - 0 to 100, of that answer. */
Datum
mjc_fitment_confidence(PG_FUNCTION_ARGS)
{
	Datum *states;
	Datum *confidences;
	int n = mjc_arg_array(fcinfo, 0, "states", INT4OID, ROWS_MAX, &states);
	int64 verdict = 0;

	if (mjc_arg_array(fcinfo, 1, "confidences", INT2OID, ROWS_MAX, &confidences) != n)
		MJC_RAISE(MJC_ERR_ARGUMENT_INVALID, {"argument", "confidences", 0});
	for (int i = 0; i < n; i++)
	{
		int confidence = DatumGetInt16(confidences[i]);

		if (confidence < 0 || confidence > 100)
			MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", "confidences", 0});
		verdict = verdict_add(verdict, DatumGetInt32(states[i]), confidence);
	}
	PG_RETURN_INT16((int16) verdict_confidence(verdict));
}

PG_FUNCTION_INFO_V1(mjc_fitment_rank_add);
/* mjc.fitment_rank_add(verdict, state, confidence) - one row more. */
Datum
mjc_fitment_rank_add(PG_FUNCTION_ARGS)
{
	int64 verdict = PG_ARGISNULL(0) ? 0 : PG_GETARG_INT64(0);
	int confidence = PG_ARGISNULL(2) ? 0 : PG_GETARG_INT16(2);

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		MJC_RAISE(MJC_ERR_ARGUMENT_MISSING, {"argument", "state", 0});
	if (confidence < 0 || confidence > 100)
		MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", "confidence", 0});
	PG_RETURN_INT64(verdict_add(verdict, PG_GETARG_INT32(1), confidence));
}

PG_FUNCTION_INFO_V1(mjc_fitment_rank_of);
/* mjc.fitment_rank_of(verdict) - FITS before FITS_IF, then by confidence; NULL for neither. */
Datum
mjc_fitment_rank_of(PG_FUNCTION_ARGS)
{
	int64 verdict = PG_ARGISNULL(0) ? 0 : PG_GETARG_INT64(0);
	const char *answer = mjc_fitment_answer_of(VERDICT_STATES(verdict));

	if (strcmp(answer, "FITS") == 0)
		PG_RETURN_INT32(101 + verdict_confidence(verdict));
	if (strcmp(answer, "FITS_IF") == 0)
		PG_RETURN_INT32(verdict_confidence(verdict));
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(mjc_fitment_to_ask);
/* mjc.fitment_to_ask(states) - the open conditions of the rows that may still count. */
Datum
mjc_fitment_to_ask(PG_FUNCTION_ARGS)
{
	Datum *states;
	int n = mjc_arg_array(fcinfo, 0, "states", INT4OID, ROWS_MAX, &states);
	bool open[MJC_FITMENT_CONDITIONS] = {false};

	for (int i = 0; i < n; i++)
	{
		int state = DatumGetInt32(states[i]);

		if ((state & (MJC_FITMENT_MAYBE_NO | MJC_FITMENT_MAYBE_YES)) == 0)
			continue;
		for (int j = 0; j < MJC_FITMENT_CONDITIONS; j++)
			open[j] |= condition_of(state, j) == MJC_FITMENT_OPEN;
	}
	PG_RETURN_ARRAYTYPE_P(names_of(open));
}

PG_FUNCTION_INFO_V1(mjc_fitment_conditions);
/* mjc.fitment_conditions(state, found) - the conditions with that outcome: met, open or failed. */
Datum
mjc_fitment_conditions(PG_FUNCTION_ARGS)
{
	static const char *const outcomes[] = {"", "met", "open", "failed"};
	char *wanted = text_to_cstring(PG_GETARG_TEXT_PP(1));
	bool chosen[MJC_FITMENT_CONDITIONS];

	for (int i = 0; i < MJC_FITMENT_CONDITIONS; i++)
		chosen[i] = strcmp(outcomes[condition_of(PG_GETARG_INT32(0), i)], wanted) == 0;
	PG_RETURN_ARRAYTYPE_P(names_of(chosen));
}
