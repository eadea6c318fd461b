/*
 * aggregate.c - aggregates over the events of one person, for GROUP BY person: how far in a
 * funnel, which sessions.
 *
 * There may be millions of groups, so a state is one small flat bytea: a head and a series of
 * numbers, written in place and doubled when it is full. A combine appends one series to another;
 * nothing is put in order before the end, so rows and partial states may come in any order.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "common/int.h"
#include "utils/multirangetypes.h"
#include "utils/rangetypes.h"

#include "aggregate.h"
#include "args.h"
#include "compat.h"
#include "error.h"
#include "guc.h"

#define SERIES_FUNNEL 0x4d4a4631u	/* packed events */
#define SERIES_SESSIONS 0x4d4a5331u /* runs of events: first, last, first, last... */

#define SERIES_SMALLEST 64 /* bytes */

typedef struct Series
{
	int32 vl_len_;
	uint32 kind;		/* SERIES_* */
	uint32 count;		/* of the numbers in use */
	uint32 unused;		/* 0 */
	int64 microseconds; /* the window or the gap */
	int64 value[FLEXIBLE_ARRAY_MEMBER];
} Series;

/*----------------------------------------------------------------- rules: checks */

/* mjc_aggregate_context - where the state lives. Errors: MJ724 not called by an aggregate. */
MemoryContext
mjc_aggregate_context(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		mjc_raise(MJC_ERR_AGGREGATE_PART);
	return context;
}

/* mjc_aggregate_room - may a state take that many bytes? Errors: MJ721. */
void
mjc_aggregate_room(Size bytes)
{
	if (bytes > (Size) mjc_aggregate_memory * 1024)
		MJC_RAISE(MJC_ERR_AGGREGATE_MEMORY, {"max", NULL, mjc_aggregate_memory});
}

/* mjc_aggregate_same - an argument that says what to compute is the same in all rows. Errors:
 * MJ722. */
void
mjc_aggregate_same(bool same, const char *argument)
{
	if (!same)
		MJC_RAISE(MJC_ERR_AGGREGATE_ARGUMENT, {"argument", argument, 0});
}

/*
 * mjc_arg_duration - interval argument n in microseconds, a day being 24 hours.
 *
 * Errors: MJ003 NULL; MJ006 not above zero, with months (they have no length), or too long.
 */
int64
mjc_arg_duration(FunctionCallInfo fcinfo, int n, const char *name)
{
	const Interval *interval;
	int64 length;

	mjc_arg_require(fcinfo, n, name);
	interval = PG_GETARG_INTERVAL_P(n);
	if (interval->month != 0 || pg_mul_s64_overflow(interval->day, USECS_PER_DAY, &length) ||
		pg_add_s64_overflow(length, interval->time, &length) || length <= 0)
		MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", name, 0});
	return length;
}

/*----------------------------------------------------------------- rules: funnel */

/*
 * mjc_funnel_event - the event of arguments `at` and `step`; false when the row does not count.
 *
 * Errors: MJ006 a step below 0 or above `steps`, a time that is infinite or beyond the years
 * -7000 to 11000, more than the 59 bits of an event hold.
 */
bool
mjc_funnel_event(FunctionCallInfo fcinfo, int at, int step, int steps, int64 *event)
{
	const int64 limit = INT64CONST(1) << 58;
	int64 time;
	int32 number;

	if (PG_ARGISNULL(at) || PG_ARGISNULL(step) || PG_GETARG_INT32(step) == 0)
		return false;
	number = PG_GETARG_INT32(step);
	time = PG_GETARG_TIMESTAMPTZ(at);
	if (number < 0 || number > steps)
		MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", "step", 0});
	if (time <= -limit || time >= limit)
		MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", "at", 0});
	*event = time * (MJC_FUNNEL_STEPS + 1) + number;
	return true;
}

#define ST_SORT sort_numbers
#define ST_ELEMENT_TYPE int64
#define ST_COMPARE(a, b) ((*(a) > *(b)) - (*(a) < *(b)))
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/* mjc_funnel_sort - events in the order in which mjc_funnel_reached wants them. */
void
mjc_funnel_sort(int64 *event, size_t count)
{
	sort_numbers(event, count);
}

/*
 * mjc_funnel_reached - the furthest step of the best chain of sorted events.
 *
 * A chain is an event of step 1 and, each at the same time or later, one of step 2, 3..., all
 * within the window from the first. Of the chains that have reached a step only the one with the
 * latest start matters: whatever another can still reach, it can.
 */
int
mjc_funnel_reached(const int64 *event, size_t count, int64 within)
{
	int64 start[MJC_FUNNEL_STEPS + 1];
	int reached = 0;

	for (size_t i = 0; i < count; i++)
	{
		int64 at = event[i] >> 5;
		int step = event[i] & MJC_FUNNEL_STEPS;

		if (step == 1)
			start[1] = at;
		else if (step >= 2 && step <= reached + 1 && at - start[step - 1] <= within)
			start[step] = start[step - 1];
		else
			continue;
		reached = Max(reached, step);
	}
	return reached;
}

/*----------------------------------------------------------------- rules: sessions */

typedef struct Run
{
	int64 first;
	int64 last;
} Run;

#define ST_SORT sort_runs
#define ST_ELEMENT_TYPE Run
#define ST_COMPARE(a, b) (((a)->first > (b)->first) - ((a)->first < (b)->first))
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/* Is the time `later` no further than the gap from `earlier`? Their distance may overflow. */
static bool
within_gap(int64 earlier, int64 later, int64 gap)
{
	int64 distance;

	return !pg_sub_s64_overflow(later, earlier, &distance) && distance <= gap;
}

/* Sorts runs and joins those that the gap does not part; returns how many are left. */
static uint32
join_runs(Run *run, uint32 count, int64 gap)
{
	uint32 last = 0;

	if (count == 0)
		return 0;
	sort_runs(run, count);
	for (uint32 i = 1; i < count; i++)
	{
		if (within_gap(run[last].last, run[i].first, gap))
			run[last].last = Max(run[last].last, run[i].last);
		else
			run[++last] = run[i];
	}
	return last + 1;
}

/*----------------------------------------------------------------- storage: series */

static Size
series_bytes(uint32 count)
{
	return offsetof(Series, value) + (Size) count * sizeof(int64);
}

static uint32
series_capacity(const Series *series)
{
	return (VARSIZE(series) - offsetof(Series, value)) / sizeof(int64);
}

static Series *
series_new(uint32 kind, int64 microseconds, Size bytes)
{
	Series *series;

	mjc_aggregate_room(bytes);
	series = palloc0(bytes);
	SET_VARSIZE(series, bytes);
	series->kind = kind;
	series->microseconds = microseconds;
	return series;
}

/* A state that is none of this kind, or longer than its bytes, was made by somebody else. */
static void
series_check(const Series *series, uint32 kind)
{
	if (VARSIZE(series) < offsetof(Series, value) || series->kind != kind ||
		series->count > series_capacity(series) || series->microseconds <= 0 ||
		(kind == SERIES_SESSIONS && series->count % 2 != 0))
		mjc_raise(MJC_ERR_AGGREGATE_STATE);
}

/* The series in argument n, where it lies when that can be read in place; NULL for none. */
static Series *
series_arg(FunctionCallInfo fcinfo, int n, uint32 kind)
{
	Series *series;

	if (n >= PG_NARGS() || PG_ARGISNULL(n))
		return NULL;
	series = (Series *) PG_GETARG_BYTEA_P(n);
	/* As it lies in a tuple, its numbers may start at any multiple of four. */
	if ((uintptr_t) series % sizeof(int64) != 0)
		series = (Series *) PG_GETARG_BYTEA_P_COPY(n);
	series_check(series, kind);
	return series;
}

/*
 * A series with room for `more` numbers. A new one is made in the context of the call: the
 * executor moves it to the state's and frees the old one.
 */
static Series *
series_with_room(Series *series, uint32 more)
{
	Size needed = series_bytes(series->count) + (Size) more * sizeof(int64);
	Size bytes = VARSIZE(series);
	Series *grown;

	if (needed <= bytes)
		return series;
	while (bytes < needed)
		bytes *= 2;
	grown = series_new(series->kind, series->microseconds, bytes);
	grown->count = series->count;
	memcpy(grown->value, series->value, series->count * sizeof(int64));
	return grown;
}

/* What both transitions begin with: the state, or a new one; the length is the same in all rows. */
static Series *
series_state(FunctionCallInfo fcinfo, uint32 kind, int length_arg, const char *length_name)
{
	int64 length = mjc_arg_duration(fcinfo, length_arg, length_name);
	Series *series;

	mjc_aggregate_context(fcinfo);
	series = series_arg(fcinfo, 0, kind);
	if (series == NULL)
		return series_new(kind, length, SERIES_SMALLEST);
	mjc_aggregate_same(series->microseconds == length, length_name);
	return series;
}

/* Both states as one: the numbers of the second after those of the first. NULL for two NULLs. */
static Series *
series_combine(FunctionCallInfo fcinfo, uint32 kind, const char *length_name)
{
	Series *series;
	const Series *other;

	mjc_aggregate_context(fcinfo);
	series = series_arg(fcinfo, 0, kind);
	other = series_arg(fcinfo, 1, kind);
	if (other == NULL)
		return series;
	if (series == NULL)
		series = series_new(kind, other->microseconds, VARSIZE(other));
	mjc_aggregate_same(series->microseconds == other->microseconds, length_name);
	series = series_with_room(series, other->count);
	memcpy(series->value + series->count, other->value, other->count * sizeof(int64));
	series->count += other->count;
	return series;
}

/* The numbers of a series, for the caller to put in order. */
static int64 *
series_copy(const Series *series)
{
	int64 *copy = palloc_extended(Max(series->count, 1) * sizeof(int64), MCXT_ALLOC_HUGE);

	memcpy(copy, series->value, series->count * sizeof(int64));
	return copy;
}

/*----------------------------------------------------------------- SQL entry points */

PG_FUNCTION_INFO_V1(mjc_funnel_add);
/*
 * mjc.funnel_add(state bytea, at timestamptz, step integer, within interval) - transition of
 * mjc.funnel.
 */
Datum
mjc_funnel_add(PG_FUNCTION_ARGS)
{
	Series *series = series_state(fcinfo, SERIES_FUNNEL, 3, "within");
	int64 event;

	if (mjc_funnel_event(fcinfo, 1, 2, MJC_FUNNEL_STEPS, &event))
	{
		series = series_with_room(series, 1);
		series->value[series->count++] = event;
	}
	PG_RETURN_POINTER(series);
}

PG_FUNCTION_INFO_V1(mjc_funnel_combine);
/*
 * mjc.funnel_combine(state bytea, other bytea) - two partial states of mjc.funnel as one.
 */
Datum
mjc_funnel_combine(PG_FUNCTION_ARGS)
{
	Series *series = series_combine(fcinfo, SERIES_FUNNEL, "within");

	if (series == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(series);
}

PG_FUNCTION_INFO_V1(mjc_funnel_end);
/*
 * mjc.funnel_end(state bytea) - the furthest step.
 */
Datum
mjc_funnel_end(PG_FUNCTION_ARGS)
{
	const Series *series;
	int64 *event;

	mjc_aggregate_context(fcinfo);
	series = series_arg(fcinfo, 0, SERIES_FUNNEL);
	if (series == NULL)
		PG_RETURN_INT32(0);
	event = series_copy(series);
	mjc_funnel_sort(event, series->count);
	PG_RETURN_INT32(mjc_funnel_reached(event, series->count, series->microseconds));
}

/* A time that the newest run reaches lengthens it; else a run of its own, after a tidy when full.
 */
static Series *
add_to_runs(Series *series, int64 at)
{
	Run *run = (Run *) series->value;
	uint32 runs = series->count / 2;
	int64 gap = series->microseconds;

	if (runs > 0 && within_gap(run[runs - 1].last, at, gap) &&
		within_gap(at, run[runs - 1].first, gap))
	{
		run[runs - 1].first = Min(run[runs - 1].first, at);
		run[runs - 1].last = Max(run[runs - 1].last, at);
		return series;
	}
	if (series->count + 2 > series_capacity(series))
	{
		series->count = 2 * join_runs(run, runs, gap);
		/* Half of it must be free, or it would soon be sorted again. */
		series = series_with_room(series, Max(2, series_capacity(series) / 2));
	}
	series->value[series->count++] = at;
	series->value[series->count++] = at;
	return series;
}

PG_FUNCTION_INFO_V1(mjc_sessionize_add);
/*
 * mjc.sessionize_add(state bytea, at timestamptz, gap interval) - transition of mjc.sessionize.
 */
Datum
mjc_sessionize_add(PG_FUNCTION_ARGS)
{
	Series *series = series_state(fcinfo, SERIES_SESSIONS, 2, "gap");

	if (!PG_ARGISNULL(1))
	{
		TimestampTz at = PG_GETARG_TIMESTAMPTZ(1);

		if (TIMESTAMP_NOT_FINITE(at))
			MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", "at", 0});
		series = add_to_runs(series, at);
	}
	PG_RETURN_POINTER(series);
}

PG_FUNCTION_INFO_V1(mjc_sessionize_combine);
/*
 * mjc.sessionize_combine(state bytea, other bytea) - two partial states of mjc.sessionize as one.
 */
Datum
mjc_sessionize_combine(PG_FUNCTION_ARGS)
{
	Series *series = series_combine(fcinfo, SERIES_SESSIONS, "gap");

	if (series == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(series);
}

static RangeType *
session_range(TypeCacheEntry *type, const Run *run)
{
	RangeBound first = {TimestampTzGetDatum(run->first), false, true, true};
	RangeBound last = {TimestampTzGetDatum(run->last), false, true, false};

	return mjc_make_range(type, &first, &last, false);
}

PG_FUNCTION_INFO_V1(mjc_sessionize_end);
/*
 * mjc.sessionize_end(state bytea) - the sessions, in order.
 */
Datum
mjc_sessionize_end(PG_FUNCTION_ARGS)
{
	TypeCacheEntry *type = multirange_get_typcache(fcinfo, TSTZMULTIRANGEOID);
	const Series *series;
	RangeType **range;
	Run *run;
	uint32 runs;

	mjc_aggregate_context(fcinfo);
	series = series_arg(fcinfo, 0, SERIES_SESSIONS);
	if (series == NULL)
		PG_RETURN_MULTIRANGE_P(make_multirange(TSTZMULTIRANGEOID, type->rngtype, 0, NULL));
	run = (Run *) series_copy(series);
	runs = join_runs(run, series->count / 2, series->microseconds);
	range = palloc_extended(Max(runs, 1) * sizeof(RangeType *), MCXT_ALLOC_HUGE);
	for (uint32 i = 0; i < runs; i++)
		range[i] = session_range(type->rngtype, &run[i]);
	PG_RETURN_MULTIRANGE_P(make_multirange(TSTZMULTIRANGEOID, type->rngtype, runs, range));
}
