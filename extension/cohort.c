/*
 * cohort.c - aggregates over the events of everybody, one scan and no GROUP BY: funnel_counts,
 * retention, distinct_count; and active_periods, the bitmap of retention for one person.
 *
 * Their state is a crowd: an open-addressing hash of persons and, for a funnel, the log of events,
 * each with its person's number. While rows come in it is an expanded object, changed in place and
 * never copied; what goes to another process is the flat bytea that it flattens to:
 *
 *   FlatHead, persons (Person, in any order), events (int64), their persons' numbers (uint32)
 *
 * Ids come from visitors, who may choose them: each hash has a seed of its own. The slot of a
 * person is seldom in the processor's cache; so a row waits with a few others while its slot is
 * fetched.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type_d.h"
#include "common/pg_prng.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/array.h"
#include "utils/expandeddatum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "aggregate.h"
#include "args.h"
#include "calendar.h"
#include "compat.h"
#include "error.h"

#define CROWD_FUNNEL 0x4d4a6631u
#define CROWD_RETENTION 0x4d4a7231u
#define CROWD_DISTINCT 0x4d4a6431u

#define SMALLEST_HASH 8 /* slots */
#define SMALLEST_LOG 16 /* events */
#define MOST_WAITING 8	/* rows */

#define MOST_PERIODS 62	  /* after the first */
#define BITMAP_PERIODS 62 /* of a positive bigint, the first among them */

typedef struct Person
{
	uint64 id[2];
	uint64 active; /* retention: bit i, was here in period first + i */
	int32 first;   /* retention: the period of the first visit */
	uint32 number; /* from 1; 0 is a free slot */
} Person;

/* A row that waits: who, and the event of a funnel or the period of a retention. */
typedef struct Row
{
	uint64 id[2];
	int64 what;
} Row;

typedef struct Crowd
{
	ExpandedObjectHeader header;
	uint32 kind;	 /* CROWD_* */
	uint32 limit;	 /* steps of the funnel, periods of the retention */
	int64 parameter; /* window in microseconds, MjcPeriod */
	uint64 seed[2];
	Person *slot; /* a power of two of them, at most two thirds in use */
	uint32 mask;
	uint32 persons;
	uint32 waiting;
	Row row[MOST_WAITING];
	size_t events;
	size_t log_size;
	int64 *event;
	uint32 *who;
} Crowd;

typedef struct FlatHead
{
	int32 vl_len_;
	uint32 kind;
	int64 parameter;
	uint32 limit;
	uint32 persons;
	uint64 events;
} FlatHead;

static Size flat_size(ExpandedObjectHeader *header);
static void flatten_into(ExpandedObjectHeader *header, void *result, Size size);

static const ExpandedObjectMethods crowd_methods = {flat_size, flatten_into};

/*----------------------------------------------------------------- rules: retention */

/* The union of two bitmaps, each from its own first period; what falls off the end is too late. */
static void
join_active(Person *person, int32 first, uint64 active)
{
	int64 distance = (int64) first - person->first;

	if (person->active == 0)
		distance = 0;
	if (distance > 0)
		active = distance < 64 ? active << distance : 0;
	else if (distance < 0)
		person->active = distance > -64 ? person->active << -distance : 0;
	if (person->active == 0 || distance < 0)
		person->first = first;
	person->active |= active;
}

/* Can the number of a period have come from a time? */
static bool
period_possible(MjcPeriod unit, int32 number)
{
	static const int32 most[] = {
		[MJC_DAY] = 110000000, [MJC_WEEK] = 16000000, [MJC_MONTH] = 3600000};

	return number >= -most[unit] && number <= most[unit];
}

/*----------------------------------------------------------------- storage: the crowd */

static Size
crowd_bytes(Size slots, Size events)
{
	return slots * sizeof(Person) + events * (sizeof(int64) + sizeof(uint32));
}

static Person *
new_slots(Crowd *crowd, Size slots)
{
	mjc_aggregate_room(crowd_bytes(slots, crowd->log_size));
	return MemoryContextAllocExtended(crowd->header.eoh_context, slots * sizeof(Person),
									  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

static Crowd *
crowd_new(MemoryContext parent, uint32 kind, int64 parameter, uint32 limit)
{
	MemoryContext context = AllocSetContextCreate(parent, "mjc crowd", ALLOCSET_START_SMALL_SIZES);
	Crowd *crowd = MemoryContextAllocZero(context, sizeof(Crowd));

	EOH_init_header(&crowd->header, &crowd_methods, context);
	crowd->kind = kind;
	crowd->parameter = parameter;
	crowd->limit = limit;
	crowd->seed[0] = pg_prng_uint64(&pg_global_prng_state);
	crowd->seed[1] = pg_prng_uint64(&pg_global_prng_state);
	crowd->slot = new_slots(crowd, SMALLEST_HASH);
	crowd->mask = SMALLEST_HASH - 1;
	return crowd;
}

static inline uint32
hash_of(const Crowd *crowd, const uint64 *id)
{
	uint128 product = (uint128) (id[0] ^ crowd->seed[0]) * (id[1] ^ crowd->seed[1]);

	return (uint32) (product >> 64) ^ (uint32) product;
}

/* The slot of an id, or the free one where it belongs. */
static inline Person *
find_slot(const Crowd *crowd, const uint64 *id)
{
	uint32 i = hash_of(crowd, id) & crowd->mask;

	while (crowd->slot[i].number != 0 &&
		   (crowd->slot[i].id[0] != id[0] || crowd->slot[i].id[1] != id[1]))
		i = (i + 1) & crowd->mask;
	return &crowd->slot[i];
}

static void
grow_hash(Crowd *crowd)
{
	Person *old = crowd->slot;
	Size slots = (Size) crowd->mask + 1;

	crowd->slot = new_slots(crowd, slots * 2);
	crowd->mask = slots * 2 - 1;
	for (Size i = 0; i < slots; i++)
		if (old[i].number != 0)
			*find_slot(crowd, old[i].id) = old[i];
	pfree(old);
}

/* The person of an id, who is new when not seen before. */
static inline Person *
crowd_person(Crowd *crowd, const uint64 *id)
{
	Person *person = find_slot(crowd, id);

	if (likely(person->number != 0))
		return person;
	if (crowd->persons >= crowd->mask - crowd->mask / 3)
	{
		grow_hash(crowd);
		person = find_slot(crowd, id);
	}
	person->id[0] = id[0];
	person->id[1] = id[1];
	person->number = ++crowd->persons;
	return person;
}

static void
grow_log(Crowd *crowd)
{
	MemoryContext context = crowd->header.eoh_context;
	size_t size = Max(crowd->log_size * 2, SMALLEST_LOG);

	mjc_aggregate_room(crowd_bytes((Size) crowd->mask + 1, size));
	if (crowd->event == NULL)
	{
		crowd->event = MemoryContextAlloc(context, size * sizeof(int64));
		crowd->who = MemoryContextAlloc(context, size * sizeof(uint32));
	}
	else
	{
		crowd->event = repalloc_huge(crowd->event, size * sizeof(int64));
		crowd->who = repalloc_huge(crowd->who, size * sizeof(uint32));
	}
	crowd->log_size = size;
}

static inline void
crowd_event(Crowd *crowd, uint32 who, int64 event)
{
	if (crowd->events == crowd->log_size)
		grow_log(crowd);
	crowd->event[crowd->events] = event;
	crowd->who[crowd->events++] = who;
}

/* Takes in the rows that wait; before anything else is done with a crowd but to add rows. */
static void
take_rows(Crowd *crowd)
{
	for (uint32 i = 0; i < crowd->waiting; i++)
	{
		Person *person = crowd_person(crowd, crowd->row[i].id);

		if (crowd->kind == CROWD_FUNNEL)
			crowd_event(crowd, person->number, crowd->row[i].what);
		else if (crowd->kind == CROWD_RETENTION)
			join_active(person, crowd->row[i].what, 1);
	}
	crowd->waiting = 0;
}

static inline void
add_row(Crowd *crowd, const pg_uuid_t *who, int64 what)
{
	Row *row = &crowd->row[crowd->waiting];

	memcpy(row->id, who, sizeof(row->id));
	row->what = what;
	__builtin_prefetch(&crowd->slot[hash_of(crowd, row->id) & crowd->mask], 1);
	if (++crowd->waiting == MOST_WAITING)
		take_rows(crowd);
}

/*----------------------------------------------------------------- storage: flat crowds */

static Size
flat_bytes(Size persons, Size events)
{
	return sizeof(FlatHead) + crowd_bytes(persons, events);
}

static Size
flat_size(ExpandedObjectHeader *header)
{
	Crowd *crowd = (Crowd *) header;

	take_rows(crowd);
	return flat_bytes(crowd->persons, crowd->events);
}

/* The result may lie at any multiple of four. */
static void
flatten_into(ExpandedObjectHeader *header, void *result, Size size)
{
	const Crowd *crowd = (Crowd *) header;
	FlatHead head = {0, crowd->kind, crowd->parameter, crowd->limit, crowd->persons, crowd->events};
	char *p = (char *) result + sizeof(FlatHead);

	MJC_ENSURE(size == flat_size(header), "a crowd has not grown since it was measured");
	memcpy(result, &head, sizeof(FlatHead));
	SET_VARSIZE(result, size);
	for (Size i = 0; i <= crowd->mask; i++)
	{
		if (crowd->slot[i].number == 0)
			continue;
		memcpy(p, &crowd->slot[i], sizeof(Person));
		p += sizeof(Person);
	}
	if (crowd->events == 0)
		return;
	memcpy(p, crowd->event, crowd->events * sizeof(int64));
	memcpy(p + crowd->events * sizeof(int64), crowd->who, crowd->events * sizeof(uint32));
}

static void
refuse_unless(bool valid)
{
	if (!valid)
		mjc_raise(MJC_ERR_AGGREGATE_STATE);
}

/* The head of a flat crowd, when its length and its parameters can be those of one. */
static FlatHead
read_head(const char *flat, Size size, uint32 kind)
{
	FlatHead head;

	refuse_unless(size >= sizeof(FlatHead));
	memcpy(&head, flat, sizeof(FlatHead));
	refuse_unless(head.kind == kind && head.events <= size &&
				  size == flat_bytes(head.persons, head.events));
	switch (kind)
	{
		case CROWD_FUNNEL:
			refuse_unless(head.parameter > 0 && head.limit >= 1 && head.limit <= MJC_FUNNEL_STEPS);
			break;
		case CROWD_RETENTION:
			refuse_unless(head.parameter >= MJC_DAY && head.parameter <= MJC_MONTH &&
						  head.limit >= 1 && head.limit <= MOST_PERIODS && head.events == 0);
			break;
		default:
			refuse_unless(head.parameter == 0 && head.limit == 0 && head.events == 0);
			break;
	}
	return head;
}

/* Adds the persons of a flat crowd; their numbers here by their numbers there, 0 for none. */
static uint32 *
absorb_persons(Crowd *crowd, const char *flat, uint32 persons)
{
	uint32 *number =
		palloc_extended(((Size) persons + 1) * sizeof(uint32), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);

	for (Size i = 0; i < persons; i++)
	{
		Person theirs;
		Person *ours;

		memcpy(&theirs, flat + i * sizeof(Person), sizeof(Person));
		refuse_unless(theirs.number >= 1 && theirs.number <= persons);
		ours = crowd_person(crowd, theirs.id);
		number[theirs.number] = ours->number;
		if (crowd->kind != CROWD_RETENTION)
			continue;
		refuse_unless(theirs.active % 2 == 1 &&
					  period_possible((MjcPeriod) crowd->parameter, theirs.first));
		join_active(ours, theirs.first, theirs.active);
	}
	return number;
}

static void
absorb_events(Crowd *crowd, const char *flat, size_t events, const uint32 *number, uint32 persons)
{
	const char *flat_who = flat + events * sizeof(int64);

	for (size_t i = 0; i < events; i++)
	{
		int64 event;
		uint32 who;

		memcpy(&event, flat + i * sizeof(int64), sizeof(int64));
		memcpy(&who, flat_who + i * sizeof(uint32), sizeof(uint32));
		refuse_unless(who >= 1 && who <= persons && number[who] != 0);
		crowd_event(crowd, number[who], event);
	}
}

/* Adds a flat crowd to `crowd`, or to a new one in `parent` when there is none yet. */
static Crowd *
absorb(Crowd *crowd, MemoryContext parent, const bytea *other, uint32 kind,
	   const char *const *names)
{
	const char *flat = (const char *) other;
	FlatHead head = read_head(flat, VARSIZE(other), kind);
	uint32 *number;

	if (crowd == NULL)
		crowd = crowd_new(parent, kind, head.parameter, head.limit);
	mjc_aggregate_same(crowd->parameter == head.parameter, names[0]);
	mjc_aggregate_same(crowd->limit == head.limit, names[1]);
	flat += sizeof(FlatHead);
	number = absorb_persons(crowd, flat, head.persons);
	absorb_events(crowd, flat + head.persons * sizeof(Person), head.events, number, head.persons);
	pfree(number);
	return crowd;
}

/*----------------------------------------------------------------- storage: the state */

static const char *const funnel_names[] = {"within", "steps"};
static const char *const retention_names[] = {"period", "periods"};
static const char *const no_names[] = {"", ""};

/* Argument 0 when it is the very pointer that an aggregate keeps of its crowd, else NULL. */
static inline Crowd *
kept_crowd(FunctionCallInfo fcinfo, uint32 kind)
{
	void *pointer = DatumGetPointer(PG_GETARG_DATUM(0));

	if (!PG_ARGISNULL(0) && VARATT_IS_EXTERNAL_EXPANDED_RW(pointer))
	{
		Crowd *crowd = (Crowd *) DatumGetEOHP(PG_GETARG_DATUM(0));

		if (crowd->header.eoh_methods == &crowd_methods && crowd->kind == kind &&
			pointer == crowd->header.eoh_rw_ptr)
			return crowd;
	}
	return NULL;
}

/* Argument 0 to be changed, made anew in the aggregate's memory when not kept there; or NULL. */
static Crowd *
crowd_to_change(FunctionCallInfo fcinfo, uint32 kind, const char *const *names)
{
	MemoryContext context = mjc_aggregate_context(fcinfo);
	Crowd *crowd = kept_crowd(fcinfo, kind);

	if (crowd != NULL || PG_ARGISNULL(0))
		return crowd;
	return absorb(NULL, context, PG_GETARG_BYTEA_P(0), kind, names);
}

/* Argument 0 to be read; NULL for none. */
static Crowd *
crowd_to_read(FunctionCallInfo fcinfo, uint32 kind, const char *const *names)
{
	void *pointer = DatumGetPointer(PG_GETARG_DATUM(0));

	mjc_aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		return NULL;
	if (VARATT_IS_EXTERNAL_EXPANDED(pointer))
	{
		Crowd *crowd = (Crowd *) DatumGetEOHP(PG_GETARG_DATUM(0));

		if (crowd->header.eoh_methods == &crowd_methods && crowd->kind == kind)
		{
			take_rows(crowd);
			return crowd;
		}
	}
	return absorb(NULL, CurrentMemoryContext, PG_GETARG_BYTEA_P(0), kind, names);
}

/* The state of a transition, or a new one. */
static Crowd *
crowd_state(FunctionCallInfo fcinfo, uint32 kind, int64 parameter, uint32 limit,
			const char *const *names)
{
	Crowd *crowd = kept_crowd(fcinfo, kind);

	if (unlikely(crowd == NULL))
		crowd = crowd_to_change(fcinfo, kind, names);
	if (unlikely(crowd == NULL))
		return crowd_new(mjc_aggregate_context(fcinfo), kind, parameter, limit);
	mjc_aggregate_same(crowd->parameter == parameter, names[0]);
	mjc_aggregate_same(crowd->limit == limit, names[1]);
	return crowd;
}

static Datum
crowd_combine(FunctionCallInfo fcinfo, uint32 kind, const char *const *names)
{
	Crowd *crowd = crowd_to_change(fcinfo, kind, names);

	if (!PG_ARGISNULL(1))
		crowd = absorb(crowd, mjc_aggregate_context(fcinfo), PG_GETARG_BYTEA_P(1), kind, names);
	if (crowd == NULL)
		PG_RETURN_NULL();
	return EOHPGetRWDatum(&crowd->header);
}

static int32
limit_arg(FunctionCallInfo fcinfo, int n, const char *name, int32 most)
{
	int32 limit = mjc_arg_int32(fcinfo, n, name);

	if (limit < 1 || limit > most)
		MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", name, 0});
	return limit;
}

static ArrayType *
bigint_array(const int64 *value, int count)
{
	Datum datum[MOST_PERIODS + 1];

	for (int i = 0; i < count; i++)
		datum[i] = Int64GetDatum(value[i]);
	return construct_array(datum, count, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE);
}

/*----------------------------------------------------------------- SQL entry points: funnel */

PG_FUNCTION_INFO_V1(mjc_funnel_counts_add);
/*
 * mjc.funnel_counts_add(state bytea, who uuid, at timestamptz, step integer, within interval,
 * steps integer) - transition of mjc.funnel_counts.
 */
Datum
mjc_funnel_counts_add(PG_FUNCTION_ARGS)
{
	int64 within = mjc_arg_duration(fcinfo, 4, "within");
	int32 steps = limit_arg(fcinfo, 5, "steps", MJC_FUNNEL_STEPS);
	Crowd *crowd = crowd_state(fcinfo, CROWD_FUNNEL, within, steps, funnel_names);
	int64 event;

	if (!PG_ARGISNULL(1) && mjc_funnel_event(fcinfo, 2, 3, steps, &event))
		add_row(crowd, PG_GETARG_UUID_P(1), event);
	return EOHPGetRWDatum(&crowd->header);
}

PG_FUNCTION_INFO_V1(mjc_funnel_counts_combine);
/*
 * mjc.funnel_counts_combine(state bytea, other bytea) - two partial states of mjc.funnel_counts as
 * one.
 */
Datum
mjc_funnel_counts_combine(PG_FUNCTION_ARGS)
{
	return crowd_combine(fcinfo, CROWD_FUNNEL, funnel_names);
}

/*
 * The events of all persons, person by person: those of number n are before end[n]. Counted first
 * and then put in their places, which reads the log twice in order instead of sorting it.
 */
static int64 *
events_by_person(const Crowd *crowd, size_t **ends)
{
	size_t *end = palloc_extended(((Size) crowd->persons + 2) * sizeof(size_t),
								  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	int64 *event = palloc_extended(Max(crowd->events, 1) * sizeof(int64), MCXT_ALLOC_HUGE);

	for (size_t i = 0; i < crowd->events; i++)
		end[crowd->who[i] + 1]++;
	for (Size n = 1; n <= crowd->persons; n++)
		end[n + 1] += end[n];
	/* end[n] is where n begins, and moves to where it ends. */
	for (size_t i = 0; i < crowd->events; i++)
		event[end[crowd->who[i]]++] = crowd->event[i];
	*ends = end;
	return event;
}

PG_FUNCTION_INFO_V1(mjc_funnel_counts_end);
/*
 * mjc.funnel_counts_end(state bytea) - how many persons have reached each step.
 */
Datum
mjc_funnel_counts_end(PG_FUNCTION_ARGS)
{
	Crowd *crowd = crowd_to_read(fcinfo, CROWD_FUNNEL, funnel_names);
	int64 count[MJC_FUNNEL_STEPS + 1] = {0};
	size_t *end;
	int64 *event;

	if (crowd == NULL)
		PG_RETURN_NULL();
	event = events_by_person(crowd, &end);
	for (Size n = 1; n <= crowd->persons; n++)
	{
		size_t events = end[n] - end[n - 1];

		CHECK_FOR_INTERRUPTS();
		mjc_funnel_sort(event + end[n - 1], events);
		count[mjc_funnel_reached(event + end[n - 1], events, crowd->parameter)]++;
	}
	for (int step = crowd->limit - 1; step >= 1; step--)
		count[step] += count[step + 1];
	PG_RETURN_ARRAYTYPE_P(bigint_array(count + 1, crowd->limit));
}

/*----------------------------------------------------------------- SQL entry points: retention */

PG_FUNCTION_INFO_V1(mjc_retention_add);
/*
 * mjc.retention_add(state bytea, who uuid, at timestamptz, period text, periods integer) -
 * transition of mjc.retention.
 */
Datum
mjc_retention_add(PG_FUNCTION_ARGS)
{
	MjcPeriod unit = mjc_arg_period(fcinfo, 3, "period");
	int32 periods = limit_arg(fcinfo, 4, "periods", MOST_PERIODS);
	Crowd *crowd = crowd_state(fcinfo, CROWD_RETENTION, unit, periods, retention_names);

	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2))
		add_row(crowd, PG_GETARG_UUID_P(1),
				mjc_period_at(mjc_calendar(fcinfo), unit, PG_GETARG_TIMESTAMPTZ(2)));
	return EOHPGetRWDatum(&crowd->header);
}

PG_FUNCTION_INFO_V1(mjc_retention_combine);
/*
 * mjc.retention_combine(state bytea, other bytea) - two partial states of mjc.retention as one.
 */
Datum
mjc_retention_combine(PG_FUNCTION_ARGS)
{
	return crowd_combine(fcinfo, CROWD_RETENTION, retention_names);
}

typedef struct Activity
{
	int32 first;
	uint64 active;
} Activity;

#define ST_SORT sort_activity
#define ST_ELEMENT_TYPE Activity
#define ST_COMPARE(a, b) (((a)->first > (b)->first) - ((a)->first < (b)->first))
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/* What is needed of the persons, in the order of their cohorts. */
static Activity *
activity_by_cohort(const Crowd *crowd)
{
	Activity *activity =
		palloc_extended(Max(crowd->persons, 1) * sizeof(Activity), MCXT_ALLOC_HUGE);
	Size n = 0;

	for (Size i = 0; i <= crowd->mask; i++)
		if (crowd->slot[i].number != 0)
			activity[n++] = (Activity){crowd->slot[i].first, crowd->slot[i].active};
	sort_activity(activity, n);
	return activity;
}

/* The cohort that begins at activity[0], as a row of `desc`; *count is how many persons it has. */
static Datum
cohort_row(const Crowd *crowd, const Activity *activity, Size left, Size *count, TupleDesc desc)
{
	int64 active[MOST_PERIODS + 1] = {0};
	const uint64 wanted = (UINT64CONST(2) << crowd->limit) - 1;
	Datum value[2];
	bool isnull[2] = {false, false};
	Size n;

	for (n = 0; n < left && activity[n].first == activity[0].first; n++)
		for (uint64 bits = activity[n].active & wanted; bits != 0; bits &= bits - 1)
			active[pg_rightmost_one_pos64(bits)]++;
	*count = n;
	value[0] = DateADTGetDatum(mjc_period_start((MjcPeriod) crowd->parameter, activity[0].first));
	value[1] = PointerGetDatum(bigint_array(active, crowd->limit + 1));
	return HeapTupleGetDatum(heap_form_tuple(desc, value, isnull));
}

PG_FUNCTION_INFO_V1(mjc_retention_end);
/*
 * mjc.retention_end(state bytea) - the cohorts, in order, as mjc.retention_cohort[].
 */
Datum
mjc_retention_end(PG_FUNCTION_ARGS)
{
	Crowd *crowd = crowd_to_read(fcinfo, CROWD_RETENTION, retention_names);
	Oid row_type = get_element_type(get_fn_expr_rettype(fcinfo->flinfo));
	Activity *activity;
	TupleDesc desc;
	Datum *row;
	int rows = 0;

	if (crowd == NULL)
		PG_RETURN_NULL();
	desc = lookup_rowtype_tupdesc(row_type, -1);
	activity = activity_by_cohort(crowd);
	row = palloc_extended(Max(crowd->persons, 1) * sizeof(Datum), MCXT_ALLOC_HUGE);
	for (Size i = 0, count; i < crowd->persons; i += count)
	{
		CHECK_FOR_INTERRUPTS();
		row[rows++] = cohort_row(crowd, activity + i, crowd->persons - i, &count, desc);
	}
	ReleaseTupleDesc(desc);
	PG_RETURN_ARRAYTYPE_P(construct_array(row, rows, row_type, -1, false, TYPALIGN_DOUBLE));
}

PG_FUNCTION_INFO_V1(mjc_active_periods_add);
/*
 * mjc.active_periods_add(state bigint, at timestamptz, period text, origin date) - transition of
 * mjc.active_periods; the state is its result.
 */
Datum
mjc_active_periods_add(PG_FUNCTION_ARGS)
{
	MjcPeriod unit = mjc_arg_period(fcinfo, 2, "period");
	MjcCalendar *calendar = mjc_calendar(fcinfo);
	int64 bits = PG_ARGISNULL(0) ? 0 : PG_GETARG_INT64(0);
	DateADT origin;
	int64 distance;

	mjc_arg_require(fcinfo, 3, "origin");
	origin = PG_GETARG_DATEADT(3);
	if (DATE_NOT_FINITE(origin))
		MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", "origin", 0});
	if (PG_ARGISNULL(1))
		PG_RETURN_INT64(bits);
	distance = (int64) mjc_period_at(calendar, unit, PG_GETARG_TIMESTAMPTZ(1)) -
			   mjc_period_of_day(calendar, unit, origin);
	if (distance >= 0 && distance < BITMAP_PERIODS)
		bits |= INT64CONST(1) << distance;
	PG_RETURN_INT64(bits);
}

/*----------------------------------------------------------------- SQL entry points: distinct */

PG_FUNCTION_INFO_V1(mjc_distinct_count_add);
/*
 * mjc.distinct_count_add(state bytea, who uuid) - transition of mjc.distinct_count.
 */
Datum
mjc_distinct_count_add(PG_FUNCTION_ARGS)
{
	Crowd *crowd = crowd_state(fcinfo, CROWD_DISTINCT, 0, 0, no_names);

	if (!PG_ARGISNULL(1))
		add_row(crowd, PG_GETARG_UUID_P(1), 0);
	return EOHPGetRWDatum(&crowd->header);
}

PG_FUNCTION_INFO_V1(mjc_distinct_count_combine);
/*
 * mjc.distinct_count_combine(state bytea, other bytea) - two partial states of mjc.distinct_count
 * as one.
 */
Datum
mjc_distinct_count_combine(PG_FUNCTION_ARGS)
{
	return crowd_combine(fcinfo, CROWD_DISTINCT, no_names);
}

PG_FUNCTION_INFO_V1(mjc_distinct_count_end);
/*
 * mjc.distinct_count_end(state bytea) - how many persons there are.
 */
Datum
mjc_distinct_count_end(PG_FUNCTION_ARGS)
{
	Crowd *crowd = crowd_to_read(fcinfo, CROWD_DISTINCT, no_names);

	PG_RETURN_INT64(crowd == NULL ? 0 : crowd->persons);
}
