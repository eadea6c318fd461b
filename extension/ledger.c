/*
 * ledger.c - the stock of one product: locked, read, moved on by one row (design 5).
 *
 * The newest row of (product, location) is the stock; rows are never updated.
 * A movement locks the product's anchor row (FOR NO KEY UPDATE, no new
 * version), reads the newest row as it is at that moment, decides, and appends
 * row seq + 1. The primary key (product, location, seq) forbids overselling at
 * one location even to a writer without the lock: such a collision is reported
 * as a serialization failure (40001), to be retried.
 *
 * Two ways to the same tables: direct.c, when they are as they were made, and
 * SPI otherwise (columns or triggers of the owner, distribution). Whoever locks
 * an anchor commits early (commit.c): others wait for that lock.
 *
 * Invariants: on_hand, reserved, damaged >= 0; an op_id counts once;
 * value_centimes is 0 when on_hand is 0; `at` never goes back.
 * Lock order: anchors by product id, ascending; nothing else is locked after.
 * Tables written: stock_anchor, stock_ledger, stock_flag, stock_flip.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "args.h"
#include "commit.h"
#include "direct.h"
#include "error.h"
#include "ledger.h"
#include "money.h"
#include "spi.h"
#include "uuid.h"

#define FIRST_HOLDS 100 /* read before all of them are */

/* ---------------------------------------------------------------- Rules -- */

/* mjc_arg_op_id - the op_id that somebody gave, or NULL. Errors: MJ006. */
const char *
mjc_arg_op_id(FunctionCallInfo fcinfo, int n)
{
	char *op_id = mjc_arg_text_or_null(fcinfo, n);

	if (op_id != NULL)
		mjc_check_text(op_id, "op_id", 1, 100);
	return op_id;
}

/* mjc_manual_op_id - as the ledger keeps it, apart from the movements' own ones. */
char *
mjc_manual_op_id(const char *op_id)
{
	return psprintf("manual:%s", op_id);
}

/*
 * mjc_position_free - units on the shelves that nobody holds, less safety stock.
 *
 * Over active locations; one that is short takes nothing away from the others.
 */
int64
mjc_position_free(const MjcPosition *position)
{
	int64 sum = -position->safety;

	for (int i = 0; i < position->n; i++)
		if (position->at[i].is_active)
			sum += Max(position->at[i].on_hand - position->at[i].reserved, 0);
	return sum;
}

/* On hand less reserved less safety, over active locations. */
static int64
balance_of_all(const MjcPosition *position)
{
	int64 sum = -position->safety;

	for (int i = 0; i < position->n; i++)
		if (position->at[i].is_active)
			sum += position->at[i].on_hand - position->at[i].reserved;
	return sum;
}

/*
 * mjc_position_available - units that can be promised from stock; when there are
 * none, how many are missing, as a negative. mjc.stock_available says the same.
 */
int64
mjc_position_available(const MjcPosition *position)
{
	int64 free = mjc_position_free(position);

	return free > 0 ? free : balance_of_all(position);
}

/* mjc_position_promisable - the most that one take may have, backorder included. */
int64
mjc_position_promisable(const MjcPosition *position)
{
	int64 free = mjc_position_free(position);

	if (position->backorder == 0)
		return free;
	return Max(free, balance_of_all(position) + position->backorder);
}

/*
 * mjc_balance_on_hand - add (delta > 0, at a unit cost in centimes) or remove
 * units, at average cost; the last unit takes the rest of the value.
 * Errors: MJ103 below zero, MJ201.
 */
void
mjc_balance_on_hand(MjcBalance *balance, int64 delta, int64 unit_cost)
{
	int64 after = balance->on_hand + delta;

	if (after < 0)
		mjc_raise(MJC_ERR_STOCK_BELOW_ZERO);
	if (delta >= 0)
		balance->value = mjc_money_add(balance->value, mjc_money_times(unit_cost, delta));
	else
		balance->value = after == 0 ? 0 : mjc_money_scale(balance->value, after, balance->on_hand);
	balance->on_hand = after;
	if (delta > 0)
		balance->unit_cost = mjc_money_scale(balance->value, 1, after);
}

/* mjc_balance_reserved - hold more, or less. */
void
mjc_balance_reserved(MjcBalance *balance, int64 delta)
{
	balance->reserved += delta;
	MJC_ENSURE(balance->reserved >= 0, "reserved is not negative");
}

/* -------------------------------------------------------------- Storage -- */

enum /* columns of anchor_table, as far as they are read */
{
	ANCHOR_ID,
	ANCHOR_SAFETY,
	ANCHOR_BACKORDER,
	ANCHOR_RESTOCK,
	ANCHOR_COLUMNS
};

enum /* columns of ledger_table */
{
	LEDGER_PRODUCT,
	LEDGER_LOCATION,
	LEDGER_SEQ,
	LEDGER_ON_HAND,
	LEDGER_RESERVED,
	LEDGER_DAMAGED,
	LEDGER_VALUE,
	LEDGER_UNIT_COST,
	LEDGER_AT,
	LEDGER_READ, /* the columns so far are read back */
	LEDGER_KIND = LEDGER_READ,
	LEDGER_QTY,
	LEDGER_REF_KIND,
	LEDGER_REF_ID,
	LEDGER_OP_ID,
	LEDGER_ACTOR,
	LEDGER_REASON,
	LEDGER_COLUMNS
};

enum /* columns of location_table, as far as they are read */
{
	LOCATION_ID,
	LOCATION_PRIORITY,
	LOCATION_ACTIVE,
	LOCATION_COLUMNS
};

static MjcTable anchor_table = {
	.name = "stock_anchor",
	.columns = {"product_id", "safety_qty", "backorder_qty", "restock_days", NULL},
	.types = {UUIDOID, INT4OID, INT4OID, INT4OID}};
static MjcTable ledger_table = {
	.name = "stock_ledger",
	.columns = {"product_id", "location_id", "seq", "on_hand", "reserved", "damaged",
				"value_centimes", "unit_cost_centimes", "at", "kind", "qty", "ref_kind", "ref_id",
				"op_id", "actor", "reason", NULL},
	.types = {UUIDOID, INT2OID, INT8OID, INT8OID, INT8OID, INT8OID, INT8OID, INT8OID,
			  TIMESTAMPTZOID, TEXTOID, INT4OID, TEXTOID, TEXTOID, TEXTOID, UUIDOID, TEXTOID}};
static MjcTable location_table = {
	.name = "location",
	.columns = {"location_id", "priority", "is_active", "code", "name", NULL},
	.types = {INT2OID, INT4OID, BOOLOID, TEXTOID, TEXTOID}};

static MjcStmt stmt_lock = {"SELECT safety_qty, backorder_qty, coalesce(restock_days, -1) "
							"FROM mjc.stock_anchor WHERE product_id = $1 FOR NO KEY UPDATE",
							1,
							{UUIDOID},
							NULL};
static MjcStmt stmt_new_anchor = {
	"INSERT INTO mjc.stock_anchor (product_id) VALUES ($1) ON CONFLICT (product_id) DO NOTHING",
	1,
	{UUIDOID},
	NULL};
static MjcStmt stmt_newest = {
	"SELECT l.location_id::pg_catalog.int4, l.is_active, s.seq, s.on_hand, s.reserved, s.damaged, "
	"s.value_centimes, s.unit_cost_centimes, s.at "
	"FROM mjc.location l LEFT JOIN LATERAL ("
	"SELECT g.seq, g.on_hand, g.reserved, g.damaged, g.value_centimes, g.unit_cost_centimes, g.at "
	"FROM mjc.stock_ledger g WHERE g.product_id = $1 AND g.location_id = l.location_id "
	"ORDER BY g.seq DESC LIMIT 1) s ON true "
	"ORDER BY l.priority, l.location_id",
	1,
	{UUIDOID},
	NULL};
static MjcStmt stmt_flag = {
	"INSERT INTO mjc.stock_flag (product_id, in_stock, next_expiry_at, changed_at) "
	"VALUES ($1, $2, $3, pg_catalog.clock_timestamp()) ON CONFLICT (product_id) DO UPDATE "
	"SET in_stock = EXCLUDED.in_stock, next_expiry_at = EXCLUDED.next_expiry_at, "
	"changed_at = EXCLUDED.changed_at "
	"WHERE (stock_flag.in_stock, stock_flag.next_expiry_at) "
	"IS DISTINCT FROM (EXCLUDED.in_stock, EXCLUDED.next_expiry_at)",
	3,
	{UUIDOID, BOOLOID, TIMESTAMPTZOID},
	NULL};
/* For the job that copies flags, mjc.stock_flip_fold. */
static MjcStmt stmt_flip = {
	"INSERT INTO mjc.stock_flip (product_id, flip_id) VALUES ($1, pg_catalog.gen_random_uuid())",
	1,
	{UUIDOID},
	NULL};
static MjcStmt stmt_holds = {
	"SELECT expires_at, location_id::pg_catalog.int4, held_qty FROM mjc.reservation "
	"WHERE product_id = $1 AND held_qty > 0 AND expires_at IS NOT NULL "
	"ORDER BY expires_at LIMIT $2",
	2,
	{UUIDOID, INT4OID},
	NULL};

static bool
lock_anchor(MjcPosition *position)
{
	Datum keys[] = {UUIDPGetDatum(&position->product_id)};
	Datum values[ANCHOR_COLUMNS];
	bool nulls[ANCHOR_COLUMNS];

	if (!mjc_direct_readable(&anchor_table))
	{
		if (mjc_exec(&stmt_lock, MJC_ARGS(MJC_UUID(&position->product_id))) != 1)
			return false;
		position->safety = mjc_int4_col(0, 1);
		position->backorder = mjc_int4_col(0, 2);
		position->restock_days = mjc_int4_col(0, 3);
		return true;
	}
	if (!mjc_direct_lock(&anchor_table, keys, lengthof(keys), ANCHOR_COLUMNS, values, nulls))
		return false;
	position->safety = DatumGetInt32(values[ANCHOR_SAFETY]);
	position->backorder = DatumGetInt32(values[ANCHOR_BACKORDER]);
	position->restock_days = nulls[ANCHOR_RESTOCK] ? -1 : DatumGetInt32(values[ANCHOR_RESTOCK]);
	return true;
}

static void
read_by_sql(MjcPosition *position)
{
	uint64 rows = mjc_exec_fresh(&stmt_newest, MJC_ARGS(MJC_UUID(&position->product_id)));

	MJC_ENSURE(rows <= MJC_MAX_LOCATIONS, "at most 64 stock locations");
	position->n = (int) rows;
	for (uint64 i = 0; i < rows; i++)
		position->at[i] = (MjcBalance){
			.location_id = (int16) mjc_int4_col(i, 1),
			.is_active = mjc_bool_col(i, 2),
			.seq = mjc_int8_or(i, 3, 0),
			.on_hand = mjc_int8_or(i, 4, 0),
			.reserved = mjc_int8_or(i, 5, 0),
			.damaged = mjc_int8_or(i, 6, 0),
			.value = mjc_int8_or(i, 7, 0),
			.unit_cost = mjc_int8_or(i, 8, 0),
			.at = mjc_is_null(i, 9) ? DT_NOBEGIN : mjc_time_col(i, 9),
		};
}

static void
read_newest(const pg_uuid_t *product_id, MjcBalance *balance)
{
	Datum keys[] = {UUIDPGetDatum(product_id), Int16GetDatum(balance->location_id)};
	Datum values[LEDGER_READ];
	bool nulls[LEDGER_READ];

	balance->at = DT_NOBEGIN;
	if (!mjc_direct_last(&ledger_table, keys, lengthof(keys), LEDGER_READ, values, nulls))
		return;
	balance->seq = DatumGetInt64(values[LEDGER_SEQ]);
	balance->on_hand = DatumGetInt64(values[LEDGER_ON_HAND]);
	balance->reserved = DatumGetInt64(values[LEDGER_RESERVED]);
	balance->damaged = DatumGetInt64(values[LEDGER_DAMAGED]);
	balance->value = DatumGetInt64(values[LEDGER_VALUE]);
	balance->unit_cost = DatumGetInt64(values[LEDGER_UNIT_COST]);
	balance->at = DatumGetTimestampTz(values[LEDGER_AT]);
}

typedef struct Location
{
	int16 id;
	int32 priority;
	bool is_active;
} Location;

static int
compare_locations(const void *a, const void *b)
{
	const Location *x = a;
	const Location *y = b;

	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	return x->id - y->id;
}

/* All locations, in the order in which they are emptied. */
static int
read_locations(Location *locations)
{
	Datum values[MJC_MAX_LOCATIONS * LOCATION_COLUMNS];
	int n = mjc_direct_all(&location_table, LOCATION_COLUMNS, values, MJC_MAX_LOCATIONS);

	MJC_ENSURE(n >= 0, "at most 64 stock locations");
	for (int i = 0; i < n; i++)
	{
		const Datum *row = values + i * LOCATION_COLUMNS;

		locations[i] =
			(Location){DatumGetInt16(row[LOCATION_ID]), DatumGetInt32(row[LOCATION_PRIORITY]),
					   DatumGetBool(row[LOCATION_ACTIVE])};
	}
	qsort(locations, n, sizeof(Location), compare_locations);
	return n;
}

/*
 * mjc_position_lock - lock the product and read its stock as it is now.
 *
 * False, and nothing locked, when it never had any. Needs SPI open.
 */
bool
mjc_position_lock(MjcPosition *position, const pg_uuid_t *product_id)
{
	bool direct = mjc_direct_readable(&ledger_table) && mjc_direct_readable(&location_table);
	Location locations[MJC_MAX_LOCATIONS];

	position->product_id = *product_id;
	mjc_commit_early();
	if (!lock_anchor(position))
		return false;
	if (!direct)
	{
		read_by_sql(position);
		return true;
	}
	/* Under the lock: one may have been closed while we waited. */
	position->n = read_locations(locations);
	for (int i = 0; i < position->n; i++)
	{
		position->at[i] =
			(MjcBalance){.location_id = locations[i].id, .is_active = locations[i].is_active};
		read_newest(product_id, &position->at[i]);
	}
	return true;
}

/* mjc_position_open - the same; a product without stock so far gets its anchor. */
void
mjc_position_open(MjcPosition *position, const pg_uuid_t *product_id)
{
	if (mjc_position_lock(position, product_id))
		return;
	mjc_exec(&stmt_new_anchor, MJC_ARGS(MJC_UUID(product_id)));
	if (!mjc_position_lock(position, product_id))
		ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
						errmsg("could not serialize access to the stock of a product"),
						errhint("Run the transaction again.")));
}

/* mjc_position_at - the balance at a location. Errors: MJ105 no such location. */
MjcBalance *
mjc_position_at(MjcPosition *position, int16 location_id)
{
	for (int i = 0; i < position->n; i++)
		if (position->at[i].location_id == location_id)
			return &position->at[i];
	mjc_raise(MJC_ERR_STOCK_LOCATION_UNKNOWN);
}

static void
insert_row(const MjcPosition *position, const MjcBalance *b, const MjcMovement *m)
{
	MjcArg args[] = {
		MJC_UUID(&position->product_id),
		MJC_INT2(b->location_id),
		MJC_INT8(b->seq),
		MJC_INT8(b->on_hand),
		MJC_INT8(b->reserved),
		MJC_INT8(b->damaged),
		MJC_INT8(b->value),
		MJC_INT8(b->unit_cost),
		MJC_TIME(b->at),
		MJC_TEXT(m->kind),
		MJC_INT4(m->qty),
		MJC_TEXT(m->ref_kind),
		MJC_TEXT(m->ref_id),
		MJC_TEXT(m->op_id),
		MJC_UUID_OR_NULL(m->actor->known ? &m->actor->id : NULL),
		MJC_TEXT_OR_NULL(m->reason),
	};

	mjc_direct_write(&ledger_table, args);
}

/* A duplicate of the op_id is another movement under that name; one of seq, a bypassed lock. */
static void
report_duplicate(const ErrorData *error)
{
	if (error->constraint_name != NULL && strcmp(error->constraint_name, "stock_ledger_op_uq") == 0)
		mjc_raise(MJC_ERR_OP_ID_REUSED);
	ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
					errmsg("could not serialize access to the stock of a product"),
					errhint("Run the transaction again.")));
}

/*
 * mjc_ledger_append - write the balances as row seq + 1. Needs the lock.
 *
 * Errors: MJ106 the op_id is another movement's, 40001 somebody wrote without
 * the lock and took our seq.
 */
void
mjc_ledger_append(const MjcPosition *position, MjcBalance *balance, const MjcMovement *movement)
{
	MemoryContext context = CurrentMemoryContext;
	TimestampTz now = GetCurrentTimestamp();

	balance->seq++;
	balance->at = Max(balance->at, now);
	PG_TRY();
	{
		insert_row(position, balance, movement);
	}
	PG_CATCH();
	{
		ErrorData *error;

		MemoryContextSwitchTo(context);
		if (geterrcode() != ERRCODE_UNIQUE_VIOLATION)
			PG_RE_THROW();
		error = CopyErrorData();
		FlushErrorState();
		report_duplicate(error);
	}
	PG_END_TRY();
}

/* --------------------------------------------- The flag of the filters -- */

/* Takes away held units in the order of their expiry until something is free; when? */
static bool
first_free_at(const MjcPosition *position, int32 limit, TimestampTz *at, bool *all)
{
	MjcPosition later = *position;
	uint64 n =
		mjc_exec_fresh(&stmt_holds, MJC_ARGS(MJC_UUID(&position->product_id), MJC_INT4(limit)));

	*all = n < (uint64) limit;
	for (uint64 i = 0; i < n; i++)
	{
		mjc_position_at(&later, (int16) mjc_int4_col(i, 2))->reserved -= mjc_int4_col(i, 3);
		if (mjc_position_available(&later) > 0)
		{
			*at = mjc_time_col(i, 1);
			return true;
		}
	}
	return false;
}

/*
 * mjc_position_flag - keep the in-stock flag of the search filters right.
 *
 * before: available before the movement. Written only when availability crosses
 * zero, or stays below and the moment changes at which an expiry ends that.
 * Needs the lock, and SPI open.
 */
void
mjc_position_flag(const MjcPosition *position, int64 before)
{
	int64 after = mjc_position_available(position);
	MjcArg next = {(Datum) 0, true};
	TimestampTz at;
	bool all;

	if (after > 0 && before > 0)
		return;
	if (after <= 0 && (first_free_at(position, FIRST_HOLDS, &at, &all) ||
					   (!all && first_free_at(position, PG_INT32_MAX, &at, &all))))
		next = (MjcArg) MJC_TIME(at);
	if (mjc_exec(&stmt_flag, MJC_ARGS(MJC_UUID(&position->product_id), MJC_BOOL(after > 0), next)) >
		0)
		mjc_exec(&stmt_flip, MJC_ARGS(MJC_UUID(&position->product_id)));
}

/* ----------------------------------------------------- SQL entry points -- */

PG_FUNCTION_INFO_V1(mjc_bench_movement);
/*
 * The movement of a take alone, without its reservation: for test/bench/stock.sh,
 * which declares it in a database of its own. The extension's script does not, so
 * in a shop nobody can call it. (product_id uuid, qty integer) returns seq.
 */
Datum
mjc_bench_movement(PG_FUNCTION_ARGS)
{
	pg_uuid_t *product_id = mjc_arg_uuid(fcinfo, 0, "product_id");
	pg_uuid_t made = mjc_uuid_make();
	MjcActor actor = mjc_actor_job();
	char *id = mjc_uuid_text(&made);
	MjcMovement movement = {"reserve", mjc_arg_int32(fcinfo, 1, "qty"), "hold", id, id, NULL,
							&actor};
	MjcPosition position;

	mjc_begin_write();
	if (!mjc_position_lock(&position, product_id) ||
		mjc_position_promisable(&position) < movement.qty)
		mjc_raise(MJC_ERR_PRODUCT_UNKNOWN);
	mjc_balance_reserved(&position.at[0], movement.qty);
	mjc_ledger_append(&position, &position.at[0], &movement);
	mjc_end();
	PG_RETURN_INT64(position.at[0].seq);
}
