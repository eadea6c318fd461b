/*
 * stock.c - stock as an append-only ledger with running balances (design 5).
 *
 * The newest row of (product, location) is the stock; rows are never updated.
 * A movement locks the product's anchor row (FOR NO KEY UPDATE, no new
 * version), reads the newest row under the newest snapshot, decides, inserts
 * row seq + 1. The primary key (product, location, seq) forbids overselling at
 * one location even to a writer without the lock: such a collision is reported
 * as a serialization failure (40001), to be retried.
 *
 * Invariants: on_hand, reserved, damaged >= 0; reserved is the sum of the held
 * reservations; an op_id counts once; value_centimes is 0 when on_hand is 0.
 * Lock order: anchors by product id, ascending; nothing else is locked after.
 * Tables written: stock_anchor, stock_ledger, stock_flag, reservation.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "args.h"
#include "audit.h"
#include "error.h"
#include "money.h"
#include "spi.h"
#include "stock.h"
#include "uuid.h"

#define MAX_LOCATIONS 64
#define DEFAULT_LOCATION 1

/* Running balances of a product at a location; seq 0 before the first row. */
typedef struct Balance
{
	int16 location_id;
	bool is_active;
	int64 seq;
	int64 on_hand;
	int64 reserved;
	int64 damaged;
	int64 value;	 /* centimes, of on_hand */
	int64 unit_cost; /* centimes, average */
} Balance;

/* All locations of one product, in the order in which they are emptied. */
typedef struct Position
{
	pg_uuid_t product_id;
	int64 safety;
	int n;
	Balance at[MAX_LOCATIONS];
} Position;

/* What a ledger row says besides its balances. */
typedef struct Movement
{
	const char *kind;
	int32 qty;
	const char *ref_kind;
	const char *ref_id;
	const char *op_id;
	const char *reason;
	const MjcActor *actor;
} Movement;

/* ---------------------------------------------------------------- Rules -- */

/* Units that can be promised: on hand less reserved less safety, over active locations. */
static int64
available(const Position *position)
{
	int64 sum = -position->safety;

	for (int i = 0; i < position->n; i++)
		if (position->at[i].is_active)
			sum += position->at[i].on_hand - position->at[i].reserved;
	return sum;
}

/* Adds (delta > 0) or removes units at average cost; the last unit takes the rest of the value. */
static void
change_on_hand(Balance *balance, int64 delta, int64 unit_cost)
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

static void
change_reserved(Balance *balance, int64 delta)
{
	balance->reserved += delta;
	MJC_ENSURE(balance->reserved >= 0, "reserved is not negative");
}

static void
check_qty(int64 qty, int64 min)
{
	if (qty < min || qty > MJC_MAX_QTY || qty == 0)
		MJC_RAISE(MJC_ERR_STOCK_QTY_INVALID, {"min", NULL, min}, {"max", NULL, MJC_MAX_QTY});
}

static int
compare_takes(const void *a, const void *b)
{
	return mjc_uuid_compare(&((const MjcStockTake *) a)->product_id,
							&((const MjcStockTake *) b)->product_id);
}

/* -------------------------------------------------------------- Storage -- */

static MjcStmt stmt_lock = {
	"SELECT safety_qty FROM mjc.stock_anchor WHERE product_id = $1 FOR NO KEY UPDATE",
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
	"s.value_centimes, s.unit_cost_centimes "
	"FROM mjc.location l LEFT JOIN LATERAL ("
	"SELECT g.seq, g.on_hand, g.reserved, g.damaged, g.value_centimes, g.unit_cost_centimes "
	"FROM mjc.stock_ledger g WHERE g.product_id = $1 AND g.location_id = l.location_id "
	"ORDER BY g.seq DESC LIMIT 1) s ON true "
	"ORDER BY l.priority, l.location_id",
	1,
	{UUIDOID},
	NULL};
static MjcStmt stmt_op_done = {"SELECT on_hand, kind = $4 AND qty = $5 FROM mjc.stock_ledger "
							   "WHERE product_id = $1 AND location_id = $2 AND op_id = $3",
							   5,
							   {UUIDOID, INT2OID, TEXTOID, TEXTOID, INT4OID},
							   NULL};
static MjcStmt stmt_append = {
	"INSERT INTO mjc.stock_ledger (product_id, location_id, seq, kind, qty, on_hand, reserved, "
	"damaged, value_centimes, unit_cost_centimes, ref_kind, ref_id, op_id, actor, reason, at) "
	"VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, greatest("
	"pg_catalog.clock_timestamp(), (SELECT p.at FROM mjc.stock_ledger p "
	"WHERE p.product_id = $1 AND p.location_id = $2 AND p.seq = $3 - 1)))",
	15,
	{UUIDOID, INT2OID, INT8OID, TEXTOID, INT4OID, INT8OID, INT8OID, INT8OID, INT8OID, INT8OID,
	 TEXTOID, TEXTOID, TEXTOID, UUIDOID, TEXTOID},
	NULL};
static MjcStmt stmt_flag = {
	"INSERT INTO mjc.stock_flag (product_id, in_stock, changed_at) "
	"VALUES ($1, $2, pg_catalog.clock_timestamp()) ON CONFLICT (product_id) DO UPDATE "
	"SET in_stock = EXCLUDED.in_stock, changed_at = EXCLUDED.changed_at",
	2,
	{UUIDOID, BOOLOID},
	NULL};
static MjcStmt stmt_hold = {
	"INSERT INTO mjc.reservation (order_id, line_no, location_id, product_id, qty, state, "
	"created_at, updated_at) VALUES ($1, $2, $3, $4, $5, 'held', pg_catalog.clock_timestamp(), "
	"pg_catalog.clock_timestamp())",
	5,
	{UUIDOID, INT4OID, INT2OID, UUIDOID, INT4OID},
	NULL};
static MjcStmt stmt_reservations = {
	"SELECT line_no, location_id::pg_catalog.int4, product_id, qty FROM mjc.reservation "
	"WHERE order_id = $1 AND state = $2 ORDER BY product_id, location_id",
	2,
	{UUIDOID, TEXTOID},
	NULL};
static MjcStmt stmt_reservation_state = {
	"UPDATE mjc.reservation SET state = $3, updated_at = pg_catalog.clock_timestamp() "
	"WHERE order_id = $1 AND state = $2",
	3,
	{UUIDOID, TEXTOID, TEXTOID},
	NULL};
static MjcStmt stmt_product = {
	"SELECT coalesce(cost_centimes, 0) FROM mjc.product WHERE product_id = $1", 1, {UUIDOID}, NULL};

static bool
lock_anchor(Position *position, const pg_uuid_t *product_id)
{
	position->product_id = *product_id;
	if (mjc_exec(&stmt_lock, MJC_ARGS(MJC_UUID(product_id))) != 1)
		return false;
	position->safety = mjc_int4_col(0, 1);
	return true;
}

static void
read_position(Position *position)
{
	uint64 rows = mjc_exec_fresh(&stmt_newest, MJC_ARGS(MJC_UUID(&position->product_id)));

	MJC_ENSURE(rows <= MAX_LOCATIONS, "at most 64 stock locations");
	position->n = (int) rows;
	for (uint64 i = 0; i < rows; i++)
		position->at[i] = (Balance){
			.location_id = (int16) mjc_int4_col(i, 1),
			.is_active = mjc_bool_col(i, 2),
			.seq = mjc_int8_or(i, 3, 0),
			.on_hand = mjc_int8_or(i, 4, 0),
			.reserved = mjc_int8_or(i, 5, 0),
			.damaged = mjc_int8_or(i, 6, 0),
			.value = mjc_int8_or(i, 7, 0),
			.unit_cost = mjc_int8_or(i, 8, 0),
		};
}

/* Locks the product and reads it; a product without stock so far has no anchor yet. */
static void
open_position(Position *position, const pg_uuid_t *product_id)
{
	if (!lock_anchor(position, product_id))
	{
		mjc_exec(&stmt_new_anchor, MJC_ARGS(MJC_UUID(product_id)));
		if (!lock_anchor(position, product_id))
			ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
							errmsg("could not serialize access to the stock of a product")));
	}
	read_position(position);
}

static Balance *
balance_at(Position *position, int16 location_id)
{
	for (int i = 0; i < position->n; i++)
		if (position->at[i].location_id == location_id)
			return &position->at[i];
	mjc_raise(MJC_ERR_STOCK_LOCATION_UNKNOWN);
}

static void
insert_row(const Position *position, const Balance *b, const Movement *m)
{
	mjc_exec_one(&stmt_append,
				 MJC_ARGS(MJC_UUID(&position->product_id), MJC_INT2(b->location_id),
						  MJC_INT8(b->seq), MJC_TEXT(m->kind), MJC_INT4(m->qty),
						  MJC_INT8(b->on_hand), MJC_INT8(b->reserved), MJC_INT8(b->damaged),
						  MJC_INT8(b->value), MJC_INT8(b->unit_cost), MJC_TEXT(m->ref_kind),
						  MJC_TEXT(m->ref_id), MJC_TEXT(m->op_id),
						  MJC_UUID_OR_NULL(m->actor->known ? &m->actor->id : NULL),
						  MJC_TEXT_OR_NULL(m->reason)));
}

/*
 * Appends the balances as row seq + 1. Somebody who wrote without the lock and
 * took our seq makes a unique violation: re-raised as 40001, which callers retry.
 */
static void
append(const Position *position, Balance *balance, const Movement *movement)
{
	MemoryContext context = CurrentMemoryContext;

	balance->seq++;
	PG_TRY();
	{
		insert_row(position, balance, movement);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		if (geterrcode() != ERRCODE_UNIQUE_VIOLATION)
			PG_RE_THROW();
		FlushErrorState();
		ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
						errmsg("could not serialize access to the stock of a product"),
						errhint("Run the transaction again.")));
	}
	PG_END_TRY();
}

/* The flag for search filters changes only when availability crosses zero. */
static void
update_flag(const Position *position, int64 before)
{
	int64 after = available(position);

	if ((before > 0) != (after > 0))
		mjc_exec(&stmt_flag, MJC_ARGS(MJC_UUID(&position->product_id), MJC_BOOL(after > 0)));
}

static void
report_shortage(const MjcStockTake *take, int64 free)
{
	MJC_RAISE(MJC_ERR_INSUFFICIENT_STOCK, {"line", NULL, take->client_line},
			  {"product", take->product_name, 0}, {"available", NULL, Max(free, 0)},
			  {"requested", NULL, take->qty});
}

static void
reserve_product(const pg_uuid_t *order_id, const char *order_text, const MjcStockTake *take,
				const MjcActor *actor)
{
	Position position;
	int64 before;
	int32 left = take->qty;

	if (!lock_anchor(&position, &take->product_id))
		report_shortage(take, 0);
	read_position(&position);
	before = available(&position);
	if (before < take->qty)
		report_shortage(take, before);
	for (int i = 0; i < position.n && left > 0; i++)
	{
		Balance *balance = &position.at[i];
		int32 part = (int32) Min(left, balance->on_hand - balance->reserved);
		Movement movement = {"reserve", part, "order", order_text, NULL, NULL, actor};

		if (!balance->is_active || part <= 0)
			continue;
		movement.op_id = psprintf("%s:%d:reserve", order_text, take->line_no);
		change_reserved(balance, part);
		append(&position, balance, &movement);
		mjc_exec_one(&stmt_hold, MJC_ARGS(MJC_UUID(order_id), MJC_INT4(take->line_no),
										  MJC_INT2(balance->location_id),
										  MJC_UUID(&take->product_id), MJC_INT4(part)));
		left -= part;
	}
	MJC_ENSURE(left == 0, "a covered take is placed whole");
	update_flag(&position, before);
}

/*
 * mjc_stock_reserve - hold all the products of an order, or none. Needs SPI open.
 *
 * takes: each product once, qty 1 .. MJC_MAX_QTY; sorted here into lock order.
 * Errors: MJ101 naming the line (the transaction then rolls everything back).
 */
void
mjc_stock_reserve(const pg_uuid_t *order_id, MjcStockTake *takes, int n, const MjcActor *actor)
{
	char *order_text = mjc_uuid_text(order_id);

	qsort(takes, n, sizeof(MjcStockTake), compare_takes);
	for (int i = 0; i < n; i++)
	{
		check_qty(takes[i].qty, 1);
		reserve_product(order_id, order_text, &takes[i], actor);
	}
}

static const struct
{
	const char *kind;
	const char *from;
	const char *to;
} moves[] = {
	[MJC_STOCK_RELEASE] = {"release", "held", "released"},
	[MJC_STOCK_SHIP] = {"ship", "held", "shipped"},
	[MJC_STOCK_RETURN] = {"return", "shipped", "returned"},
};

static void
move_reservation(const MjcStockTake *part, int16 location_id, const char *order_text,
				 MjcStockMove move, const MjcActor *actor)
{
	Position position;
	Balance *balance;
	int64 before;
	Movement movement = {moves[move].kind, part->qty, "order", order_text, NULL, NULL, actor};

	open_position(&position, &part->product_id);
	before = available(&position);
	balance = balance_at(&position, location_id);
	movement.op_id = psprintf("%s:%d:%s", order_text, part->line_no, moves[move].kind);
	if (move != MJC_STOCK_RETURN)
		change_reserved(balance, -part->qty);
	if (move == MJC_STOCK_SHIP)
		change_on_hand(balance, -part->qty, 0);
	if (move == MJC_STOCK_RETURN)
		change_on_hand(balance, part->qty, balance->unit_cost);
	append(&position, balance, &movement);
	update_flag(&position, before);
}

/*
 * mjc_stock_move_order - ship, release or take back what an order holds.
 *
 * The caller holds the lock of the order's row, so each reservation moves once.
 * Needs SPI open. Errors: MJ103 shipping more than is on hand.
 */
void
mjc_stock_move_order(const pg_uuid_t *order_id, MjcStockMove move, const MjcActor *actor)
{
	char *order_text = mjc_uuid_text(order_id);
	uint64 n =
		mjc_exec(&stmt_reservations, MJC_ARGS(MJC_UUID(order_id), MJC_TEXT(moves[move].from)));
	MjcStockTake *parts = palloc0(sizeof(MjcStockTake) * Max(n, 1));
	int16 *locations = palloc(sizeof(int16) * Max(n, 1));

	for (uint64 i = 0; i < n; i++)
	{
		parts[i].line_no = mjc_int4_col(i, 1);
		locations[i] = (int16) mjc_int4_col(i, 2);
		parts[i].product_id = mjc_uuid_col(i, 3);
		parts[i].qty = mjc_int4_col(i, 4);
	}
	for (uint64 i = 0; i < n; i++)
		move_reservation(&parts[i], locations[i], order_text, move, actor);
	if (n > 0)
		mjc_exec(&stmt_reservation_state, MJC_ARGS(MJC_UUID(order_id), MJC_TEXT(moves[move].from),
												   MJC_TEXT(moves[move].to)));
}

/* ----------------------------------------------------- SQL entry points -- */

/*
 * Changes on_hand of one product by hand; a repeated op_id changes nothing and
 * gives the balance it gave then, unless it was another movement. unit_cost < 0: the product's own
 * cost. Returns on_hand after the movement.
 */
static int64
change_by_hand(const pg_uuid_t *product_id, int32 delta, int64 unit_cost, int16 location_id,
			   Movement *movement)
{
	Position position;
	Balance *balance;
	int64 before;

	if (mjc_exec(&stmt_product, MJC_ARGS(MJC_UUID(product_id))) != 1)
		mjc_raise(MJC_ERR_NOT_FOUND);
	if (unit_cost < 0)
		unit_cost = mjc_int8_col(0, 1);
	open_position(&position, product_id);
	if (mjc_exec_fresh(&stmt_op_done, MJC_ARGS(MJC_UUID(product_id), MJC_INT2(location_id),
											   MJC_TEXT(movement->op_id), MJC_TEXT(movement->kind),
											   MJC_INT4(movement->qty))) > 0)
	{
		if (!mjc_bool_col(0, 2))
			mjc_raise(MJC_ERR_OP_ID_REUSED);
		return mjc_int8_col(0, 1);
	}
	before = available(&position);
	balance = balance_at(&position, location_id);
	change_on_hand(balance, delta, unit_cost);
	append(&position, balance, movement);
	update_flag(&position, before);
	mjc_audit(movement->actor, psprintf("stock_%s", movement->kind), "product",
			  mjc_uuid_text(product_id), NULL,
			  psprintf("{\"qty\": %d, \"on_hand\": " INT64_FORMAT "}", delta, balance->on_hand));
	return balance->on_hand;
}

static const char *
op_id_argument(FunctionCallInfo fcinfo, int n)
{
	char *op_id = mjc_arg_text_or_null(fcinfo, n);
	pg_uuid_t made;

	if (op_id != NULL)
	{
		/* Apart from the movements of orders, which have op_ids of their own. */
		mjc_check_text(op_id, "op_id", 1, 100);
		return psprintf("manual:%s", op_id);
	}
	made = mjc_uuid_make();
	return mjc_uuid_text(&made);
}

PG_FUNCTION_INFO_V1(mjc_stock_receive);
/*
 * mjc.stock_receive(product_id uuid, qty int, unit_cost_centimes bigint, reason text,
 *                   op_id text, location_id smallint) - goods came in; returns on_hand.
 *
 * qty: 1 .. 1 000 000. unit_cost_centimes NULL: the product's cost.
 * Errors: MJ003, MJ004 no such product, MJ104, MJ105, MJ201, MJ601.
 */
Datum
mjc_stock_receive(PG_FUNCTION_ARGS)
{
	pg_uuid_t *product_id = mjc_arg_uuid(fcinfo, 0, "product_id");
	int32 qty = mjc_arg_int32(fcinfo, 1, "qty");
	int64 unit_cost = PG_ARGISNULL(2) ? -1 : PG_GETARG_INT64(2);
	const char *op_id = op_id_argument(fcinfo, 4);
	int16 location = PG_ARGISNULL(5) ? DEFAULT_LOCATION : PG_GETARG_INT16(5);
	MjcActor actor;
	Movement movement = {"receive", qty, "manual", op_id, op_id, NULL, &actor};
	int64 on_hand;

	check_qty(qty, 1);
	if (!PG_ARGISNULL(2) && (unit_cost < 0 || unit_cost > MJC_MAX_AMOUNT))
		mjc_raise(MJC_ERR_AMOUNT_OUT_OF_RANGE);
	movement.reason = mjc_arg_text_or_null(fcinfo, 3);
	if (movement.reason != NULL)
		mjc_check_text(movement.reason, "reason", 1, 255);
	mjc_begin_write();
	actor = mjc_actor_staff();
	on_hand = change_by_hand(product_id, qty, unit_cost, location, &movement);
	mjc_end();
	PG_RETURN_INT64(on_hand);
}

PG_FUNCTION_INFO_V1(mjc_stock_adjust);
/*
 * mjc.stock_adjust(product_id uuid, delta int, reason text, op_id text, location_id smallint)
 * - correct the stock by a difference; returns on_hand.
 *
 * delta: -1 000 000 .. 1 000 000, not 0; reason: 1 .. 255 characters.
 * Errors: MJ003, MJ004, MJ006, MJ103 below zero, MJ104, MJ105, MJ601.
 */
Datum
mjc_stock_adjust(PG_FUNCTION_ARGS)
{
	pg_uuid_t *product_id = mjc_arg_uuid(fcinfo, 0, "product_id");
	int32 delta = mjc_arg_int32(fcinfo, 1, "delta");
	char *reason = mjc_arg_text(fcinfo, 2, "reason");
	const char *op_id = op_id_argument(fcinfo, 3);
	int16 location = PG_ARGISNULL(4) ? DEFAULT_LOCATION : PG_GETARG_INT16(4);
	MjcActor actor;
	Movement movement = {"adjust", delta, "manual", op_id, op_id, reason, &actor};
	int64 on_hand;

	check_qty(delta, -MJC_MAX_QTY);
	mjc_check_text(reason, "reason", 1, 255);
	mjc_begin_write();
	actor = mjc_actor_staff();
	on_hand = change_by_hand(product_id, delta, -1, location, &movement);
	mjc_end();
	PG_RETURN_INT64(on_hand);
}
