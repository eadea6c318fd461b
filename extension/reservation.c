/*
 * reservation.c - units that somebody holds: taken, kept, released, shipped, returned.
 *
 * A holder is an order, or a hold that staff made; both are rows of
 * mjc.reservation, one for each product, line and location, beside the ledger of
 * their product. A take is all or nothing: products are merged and locked in
 * order of their id, each is checked as it is at that moment, filled from the
 * locations by priority, the rest promised as a backorder as far as the product
 * allows it.
 *
 * A reservation past its expiry does not count as held: whoever reads stock looks
 * past it, and a take that finds too little releases it first, so nothing waits
 * for the sweeper. An order that is confirmed later takes again what it lost.
 *
 * Invariants: ledger.reserved of a product and location is the sum of held_qty;
 * held + shipped <= taken; returned <= shipped; every change of a row is a row of
 * the ledger, but for the expiry; rows change only under their product's lock.
 * Lock order: anchors by product id, ascending; nothing else is locked after.
 * Tables written: reservation, and those of ledger.c.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"

#include "calendar.h"
#include "direct.h"
#include "error.h"
#include "ledger.h"
#include "reservation.h"
#include "setting.h"
#include "spi.h"
#include "uuid.h"

static const struct
{
	const char *kind; /* of the ledger row */
	int reserved;	  /* what one unit adds to each balance */
	int on_hand;
	int damaged;
} moves[] = {
	[MJC_MOVE_RELEASE] = {"release", -1, 0, 0},
	[MJC_MOVE_SHIP] = {"ship", -1, -1, 0},
	[MJC_MOVE_RETURN] = {"return", 0, 1, 0},
	[MJC_MOVE_DAMAGED] = {"return_damaged", 0, 0, 1},
};

/* ---------------------------------------------------------------- Rules -- */

/* mjc_move_kind - what the ledger calls a move. */
const char *
mjc_move_kind(MjcMove move)
{
	return moves[move].kind;
}

/* mjc_held_movable - units of a row that a move may still have. */
int32
mjc_held_movable(const MjcHeld *row, MjcMove move)
{
	return move == MJC_MOVE_RELEASE || move == MJC_MOVE_SHIP ? row->held
															 : row->shipped - row->returned;
}

/* Units of a row that went that way already; makes the movement's op_id. */
static int32
moved_before(const MjcHeld *row, MjcMove move)
{
	if (move == MJC_MOVE_RELEASE)
		return row->qty - row->held - row->shipped;
	return move == MJC_MOVE_SHIP ? row->shipped : row->returned;
}

/* mjc_take_compare - lock order: by product; of one product, as the client sent them. */
int
mjc_take_compare(const void *a, const void *b)
{
	const MjcTake *x = a;
	const MjcTake *y = b;
	int order = mjc_uuid_compare(&x->product_id, &y->product_id);

	return order != 0 ? order : x->client_line - y->client_line;
}

static int
compare_products(const void *a, const void *b)
{
	return mjc_uuid_compare(a, b);
}

/*
 * Spreads a take over the locations: from the shelves by priority, what they do
 * not have onto the first active one. Returns the units promised beyond the
 * stock. Needs: qty <= mjc_position_promisable().
 */
static int32
split_take(const MjcPosition *position, int32 qty, int32 *parts)
{
	int64 from_shelves = Min(qty, Max(mjc_position_free(position), 0));
	int32 beyond = (int32) (qty - from_shelves);
	int first = -1;

	for (int i = 0; i < position->n; i++)
	{
		const MjcBalance *b = &position->at[i];

		parts[i] = 0;
		if (!b->is_active)
			continue;
		first = first < 0 ? i : first;
		parts[i] = (int32) Min(from_shelves, Max(b->on_hand - b->reserved, 0));
		from_shelves -= parts[i];
	}
	MJC_ENSURE(from_shelves == 0 && first >= 0, "a covered take is placed whole");
	parts[first] += beyond;
	return beyond;
}

/* -------------------------------------------------------------- Storage -- */

static MjcTable reservation_table = {
	.name = "reservation",
	.columns = {"product_id", "reservation_id", "line_no", "location_id", "kind", "qty", "held_qty",
				"shipped_qty", "returned_qty", "backorder_qty", "promised_on", "expires_at",
				"created_at", "updated_at", "cost_centimes", NULL},
	.types = {UUIDOID, UUIDOID, INT4OID, INT2OID, TEXTOID, INT4OID, INT4OID, INT4OID, INT4OID,
			  INT4OID, DATEOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, INT8OID}};

/* A holder that takes again has rows from before. */
static MjcStmt stmt_hold_again = {
	"INSERT INTO mjc.reservation (product_id, reservation_id, line_no, location_id, kind, qty, "
	"held_qty, shipped_qty, returned_qty, backorder_qty, promised_on, expires_at, created_at, "
	"updated_at, cost_centimes) "
	"VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) "
	"ON CONFLICT (product_id, reservation_id, line_no, location_id) DO UPDATE "
	"SET qty = reservation.qty + EXCLUDED.qty, "
	"held_qty = reservation.held_qty + EXCLUDED.held_qty, "
	"backorder_qty = reservation.backorder_qty + EXCLUDED.backorder_qty, "
	"promised_on = coalesce(EXCLUDED.promised_on, reservation.promised_on), "
	"expires_at = EXCLUDED.expires_at, updated_at = EXCLUDED.updated_at",
	15,
	{UUIDOID, UUIDOID, INT4OID, INT2OID, TEXTOID, INT4OID, INT4OID, INT4OID, INT4OID, INT4OID,
	 DATEOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, INT8OID},
	NULL};
static MjcStmt stmt_rows = {
	"SELECT line_no, location_id::pg_catalog.int4, kind = 'order', qty, held_qty, shipped_qty, "
	"returned_qty, expires_at FROM mjc.reservation "
	"WHERE product_id = $1 AND reservation_id = $2 ORDER BY line_no, location_id",
	2,
	{UUIDOID, UUIDOID},
	NULL};
static MjcStmt stmt_expired = {
	"SELECT line_no, location_id::pg_catalog.int4, kind = 'order', qty, held_qty, shipped_qty, "
	"returned_qty, expires_at, reservation_id FROM mjc.reservation "
	"WHERE product_id = $1 AND held_qty > 0 AND expires_at <= $2 ORDER BY expires_at LIMIT $3",
	3,
	{UUIDOID, TIMESTAMPTZOID, INT4OID},
	NULL};
static MjcStmt stmt_move = {
	"UPDATE mjc.reservation SET held_qty = held_qty + $5, shipped_qty = shipped_qty + $6, "
	"returned_qty = returned_qty + $7, cost_centimes = cost_centimes + $8, "
	"updated_at = pg_catalog.clock_timestamp() "
	"WHERE product_id = $1 AND reservation_id = $2 AND line_no = $3 AND location_id = $4",
	8,
	{UUIDOID, UUIDOID, INT4OID, INT2OID, INT4OID, INT4OID, INT4OID, INT8OID},
	NULL};
static MjcStmt stmt_keep = {
	"UPDATE mjc.reservation SET expires_at = NULL, updated_at = pg_catalog.clock_timestamp() "
	"WHERE product_id = $1 AND reservation_id = $2 AND held_qty > 0 AND expires_at IS NOT NULL",
	2,
	{UUIDOID, UUIDOID},
	NULL};
static MjcStmt stmt_product_name = {
	"SELECT name FROM mjc.product WHERE product_id = $1", 1, {UUIDOID}, NULL};
static MjcStmt stmt_due_on = {
	"SELECT greatest(min(x.due_on), $3) FROM (SELECT i.due_on, sum(i.qty) OVER (ORDER BY i.due_on) "
	"AS units FROM mjc.stock_incoming i WHERE i.product_id = $1) x WHERE x.units >= $2 "
	"HAVING count(*) > 0",
	3,
	{UUIDOID, INT8OID, DATEOID},
	NULL};

static void
report_shortage(const MjcTake *take, int64 free)
{
	if (mjc_exec(&stmt_product_name, MJC_ARGS(MJC_UUID(&take->product_id))) != 1)
		MJC_RAISE(MJC_ERR_LINE_PRODUCT_UNKNOWN, {"line", NULL, take->client_line});
	MJC_RAISE(MJC_ERR_INSUFFICIENT_STOCK, {"line", NULL, take->client_line},
			  {"product", mjc_text_col(0, 1), 0}, {"available", NULL, Max(free, 0)},
			  {"requested", NULL, take->qty});
}

static void
conflict(void)
{
	ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
					errmsg("could not serialize access to a reservation"),
					errhint("Run the transaction again.")));
}

static MjcHeld
row_at(uint64 i)
{
	MjcHeld row = {
		.line_no = mjc_int4_col(i, 1),
		.location_id = (int16) mjc_int4_col(i, 2),
		.of_order = mjc_bool_col(i, 3),
		.qty = mjc_int4_col(i, 4),
		.held = mjc_int4_col(i, 5),
		.shipped = mjc_int4_col(i, 6),
		.returned = mjc_int4_col(i, 7),
		.expires_at = mjc_is_null(i, 8) ? DT_NOEND : mjc_time_col(i, 8),
	};

	return row;
}

/* mjc_reservation_rows - the rows of a holder for one product, as they are now. Needs the lock. */
int
mjc_reservation_rows(const pg_uuid_t *product_id, const pg_uuid_t *holder_id, MjcHeld **rows)
{
	uint64 n = mjc_exec_fresh(&stmt_rows, MJC_ARGS(MJC_UUID(product_id), MJC_UUID(holder_id)));

	*rows = palloc(sizeof(MjcHeld) * Max(n, 1));
	for (uint64 i = 0; i < n; i++)
		(*rows)[i] = row_at(i);
	return (int) n;
}

/* "<holder>:<line>:<kind>", with what went that way before, or what the caller named. */
static char *
movement_id(const MjcHolder *holder, const char *id_text, int32 line_no, const char *kind,
			int32 before)
{
	if (holder->op_id != NULL)
		return mjc_manual_op_id(holder->op_id);
	if (before == 0)
		return psprintf("%s:%d:%s", id_text, line_no, kind);
	return psprintf("%s:%d:%s:%d", id_text, line_no, kind, before);
}

/*
 * mjc_reservation_move_row - move units of one row, in the ledger and the row. Needs the lock.
 *
 * Of an order, units that leave or come back change what it amounts to: its mark (mjc_sale_touch)
 * is set before, so that nobody waits for a product meanwhile.
 */
void
mjc_reservation_move_row(MjcPosition *position, const MjcHolder *holder, const MjcHeld *row,
						 MjcMove move, int32 qty, const char *reason)
{
	MjcBalance *balance = mjc_position_at(position, row->location_id);
	char *id_text = mjc_uuid_text(&holder->id);
	MjcMovement movement = {moves[move].kind, qty,			holder->kind, id_text, NULL,
							reason,			  holder->actor};
	bool leaves = move == MJC_MOVE_RELEASE || move == MJC_MOVE_SHIP;
	int64 value = balance->value;

	movement.op_id =
		movement_id(holder, id_text, row->line_no, moves[move].kind, moved_before(row, move));
	mjc_balance_reserved(balance, moves[move].reserved * qty);
	if (moves[move].on_hand != 0)
		mjc_balance_on_hand(balance, moves[move].on_hand * qty, balance->unit_cost);
	balance->damaged += moves[move].damaged * qty;
	mjc_ledger_append(position, balance, &movement);
	if (mjc_exec(&stmt_move,
				 MJC_ARGS(MJC_UUID(&position->product_id), MJC_UUID(&holder->id),
						  MJC_INT4(row->line_no), MJC_INT2(row->location_id),
						  MJC_INT4(leaves ? -qty : 0), MJC_INT4(move == MJC_MOVE_SHIP ? qty : 0),
						  MJC_INT4(leaves ? 0 : qty), MJC_INT8(value - balance->value))) != 1)
		conflict();
}

/* --------------------------------------------------------------- Taking -- */

/*
 * mjc_reservation_sweep - release what has expired of a product, the oldest
 * first, at most `batch` rows; returns their number. Needs the lock.
 */
uint64
mjc_reservation_sweep(MjcPosition *position, int32 batch)
{
	MjcActor nobody = mjc_actor_job();
	uint64 n =
		mjc_exec_fresh(&stmt_expired, MJC_ARGS(MJC_UUID(&position->product_id),
											   MJC_TIME(GetCurrentTimestamp()), MJC_INT4(batch)));
	MjcHeld *rows = palloc(sizeof(MjcHeld) * Max(n, 1));
	pg_uuid_t *holders = palloc(sizeof(pg_uuid_t) * Max(n, 1));

	for (uint64 i = 0; i < n; i++)
	{
		rows[i] = row_at(i);
		holders[i] = mjc_uuid_col(i, 9);
	}
	for (uint64 i = 0; i < n; i++)
	{
		MjcHolder holder = {
			.id = holders[i], .kind = rows[i].of_order ? "order" : "hold", .actor = &nobody};

		mjc_reservation_move_row(position, &holder, &rows[i], MJC_MOVE_RELEASE, rows[i].held,
								 "expired");
	}
	return n;
}

/* The day on which units beyond the stock can be promised: what is on order, or the usual time. */
static DateADT
promised_on(const MjcPosition *position, int64 missing)
{
	DateADT today = mjc_algiers_date(GetCurrentTimestamp());
	int64 days = position->restock_days;

	if (mjc_exec_fresh(&stmt_due_on, MJC_ARGS(MJC_UUID(&position->product_id), MJC_INT8(missing),
											  MJC_DATUM(DateADTGetDatum(today)))) == 1)
		return mjc_date_col(0, 1);
	return today + (DateADT) (days >= 0 ? days : mjc_setting_integer("backorder_days_default"));
}

/* One location's part of a take: the ledger and the reservation together. */
static void
hold_part(MjcPosition *position, MjcBalance *balance, const MjcHolder *holder, const MjcTake *take,
		  int32 qty, int32 beyond, DateADT promised, int32 qty_before, bool again)
{
	char *id_text = mjc_uuid_text(&holder->id);
	MjcMovement movement = {"reserve", qty, holder->kind, id_text, NULL, NULL, holder->actor};
	bool expires = holder->expires_at != DT_NOEND;

	movement.op_id = movement_id(holder, id_text, take->line_no, "reserve", qty_before);
	mjc_balance_reserved(balance, qty);
	mjc_ledger_append(position, balance, &movement);
	{
		MjcArg args[] = {
			MJC_UUID(&position->product_id),
			MJC_UUID(&holder->id),
			MJC_INT4(take->line_no),
			MJC_INT2(balance->location_id),
			MJC_TEXT(holder->kind),
			MJC_INT4(qty),
			MJC_INT4(qty),
			MJC_INT4(0),
			MJC_INT4(0),
			MJC_INT4(beyond),
			{DateADTGetDatum(promised), beyond == 0},
			{TimestampTzGetDatum(holder->expires_at), !expires},
			MJC_TIME(balance->at),
			MJC_TIME(balance->at),
			MJC_INT8(0),
		};

		if (again)
			mjc_exec_one(&stmt_hold_again, args);
		else
			mjc_direct_write(&reservation_table, args);
	}
}

/*
 * Takes units of one product. Needs the lock. rows: what the holder had before
 * (none at a first take). Returns the day that was promised, 0 when all is there.
 */
static DateADT
take_units(MjcPosition *position, const MjcHolder *holder, const MjcTake *take, const MjcHeld *rows,
		   int nrows)
{
	int32 parts[MJC_MAX_LOCATIONS];
	int32 beyond;
	DateADT promised = 0;
	bool backorder_placed = false;

	/* What has lapsed goes before a backorder. */
	while (mjc_position_free(position) < take->qty)
		if (mjc_reservation_sweep(position, MJC_SWEEP_BATCH) == 0)
			break;
	if (mjc_position_promisable(position) < take->qty)
		report_shortage(take, mjc_position_promisable(position));
	beyond = split_take(position, take->qty, parts);
	if (beyond > 0)
		promised = promised_on(position, take->qty - mjc_position_available(position));
	for (int i = 0; i < position->n; i++)
	{
		MjcBalance *balance = &position->at[i];
		int32 before = 0;

		if (parts[i] == 0)
			continue;
		for (int r = 0; r < nrows; r++)
			if (rows[r].line_no == take->line_no && rows[r].location_id == balance->location_id)
				before = rows[r].qty;
		/* What is beyond the stock went to the first active location. */
		hold_part(position, balance, holder, take, parts[i],
				  balance->is_active && !backorder_placed ? beyond : 0, promised, before,
				  nrows > 0);
		backorder_placed = true;
	}
	return promised;
}

/* Frees what the hold has of this product, for its new holder; the number of rows found. */
static int
end_hold(MjcPosition *position, const MjcHolder *holder)
{
	MjcHolder hold = {.id = *holder->takes_over, .kind = "hold", .actor = holder->actor};
	MjcHeld *rows;
	int n = mjc_reservation_rows(&position->product_id, &hold.id, &rows);

	for (int r = 0; r < n; r++)
	{
		if (rows[r].of_order)
			mjc_raise(MJC_ERR_RESERVATION_OF_ORDER);
		if (rows[r].held > 0)
			mjc_reservation_move_row(position, &hold, &rows[r], MJC_MOVE_RELEASE, rows[r].held,
									 "ordered");
	}
	return n;
}

/*
 * mjc_reservation_take - hold all products, or none. Needs SPI open.
 *
 * takes: each product once, qty 1 .. MJC_MAX_QTY; sorted here into lock order.
 * Returns the latest day promised for a backorder, 0 when everything is there.
 * holder->takes_over: a hold whose units of these products are given up for it,
 * under the same locks, so that nobody else gets them in between.
 * Errors: MJ101, MJ108 naming the line (the transaction then rolls everything
 * back), MJ112 a hold of none of these products, MJ116.
 */
DateADT
mjc_reservation_take(const MjcHolder *holder, MjcTake *takes, int n)
{
	DateADT latest = 0;
	int found = 0;

	qsort(takes, n, sizeof(MjcTake), mjc_take_compare);
	for (int i = 0; i < n; i++)
	{
		MjcPosition position;
		int64 before;
		DateADT promised;

		CHECK_FOR_INTERRUPTS();
		if (!mjc_position_lock(&position, &takes[i].product_id))
			report_shortage(&takes[i], 0);
		before = mjc_position_available(&position);
		if (holder->takes_over != NULL)
			found += end_hold(&position, holder);
		promised = take_units(&position, holder, &takes[i], NULL, 0);
		latest = Max(latest, promised);
		mjc_position_flag(&position, before);
	}
	if (holder->takes_over != NULL && found == 0)
		mjc_raise(MJC_ERR_RESERVATION_UNKNOWN);
	return latest;
}

/* Releases what the holder let lapse; the units that it still holds or shipped of a product. */
static int32
drop_lapsed(MjcPosition *position, const MjcHolder *holder)
{
	TimestampTz now = GetCurrentTimestamp();
	int32 left = 0;
	MjcHeld *rows;
	int n = mjc_reservation_rows(&position->product_id, &holder->id, &rows);

	for (int r = 0; r < n; r++)
	{
		bool lapsed = rows[r].held > 0 && rows[r].expires_at <= now;

		if (lapsed)
			mjc_reservation_move_row(position, holder, &rows[r], MJC_MOVE_RELEASE, rows[r].held,
									 "expired");
		left += rows[r].shipped + (lapsed ? 0 : rows[r].held);
	}
	return left;
}

/*
 * mjc_reservation_keep - an order is meant seriously: its units expire no more,
 * and those that it lost to an expiry, swept or not, are taken again. Needs SPI
 * open.
 *
 * takes: what the order should hold, each product once. Returns the latest day
 * promised for a backorder, 0 when everything is there.
 * Errors: MJ101 naming the line when they are gone.
 */
DateADT
mjc_reservation_keep(const MjcHolder *holder, MjcTake *takes, int n)
{
	DateADT latest = 0;

	qsort(takes, n, sizeof(MjcTake), mjc_take_compare);
	for (int i = 0; i < n; i++)
	{
		MjcPosition position;
		int64 before;
		MjcTake lost = takes[i];

		mjc_position_open(&position, &takes[i].product_id);
		before = mjc_position_available(&position);
		lost.qty -= drop_lapsed(&position, holder);
		mjc_exec(&stmt_keep, MJC_ARGS(MJC_UUID(&takes[i].product_id), MJC_UUID(&holder->id)));
		if (lost.qty > 0)
		{
			MjcHeld *rows;
			int nrows = mjc_reservation_rows(&takes[i].product_id, &holder->id, &rows);
			DateADT promised = take_units(&position, holder, &lost, rows, nrows);

			latest = Max(latest, promised);
		}
		mjc_position_flag(&position, before);
	}
	return latest;
}

/* --------------------------------------------------------------- Moving -- */

/*
 * mjc_reservation_move - move everything of an order that can go that way.
 *
 * products: of the order, each once. The caller holds the lock of the order's
 * row. Needs SPI open. Errors: MJ103 shipping more than is on hand.
 */
void
mjc_reservation_move(const MjcHolder *holder, const pg_uuid_t *products, int n, MjcMove move)
{
	pg_uuid_t *sorted = palloc(sizeof(pg_uuid_t) * Max(n, 1));

	memcpy(sorted, products, sizeof(pg_uuid_t) * n);
	qsort(sorted, n, sizeof(pg_uuid_t), compare_products);
	for (int i = 0; i < n; i++)
	{
		MjcPosition position;
		int64 before;
		MjcHeld *rows;
		int nrows;

		mjc_position_open(&position, &sorted[i]);
		before = mjc_position_available(&position);
		nrows = mjc_reservation_rows(&sorted[i], &holder->id, &rows);
		for (int r = 0; r < nrows; r++)
			if (mjc_held_movable(&rows[r], move) > 0)
				mjc_reservation_move_row(&position, holder, &rows[r], move,
										 mjc_held_movable(&rows[r], move), NULL);
		mjc_position_flag(&position, before);
	}
}

/* As many units of one product as are wanted, of the rows that can move. */
static void
move_part(MjcPosition *position, const MjcHolder *holder, int32 qty, MjcMove move)
{
	MjcHeld *rows;
	int nrows = mjc_reservation_rows(&position->product_id, &holder->id, &rows);

	for (int r = 0; r < nrows && qty > 0; r++)
	{
		int32 part = Min(qty, mjc_held_movable(&rows[r], move));

		if (part <= 0)
			continue;
		mjc_reservation_move_row(position, holder, &rows[r], move, part, NULL);
		qty -= part;
	}
	if (qty > 0)
		MJC_RAISE(MJC_ERR_RESERVATION_QTY, {"held", NULL, 0});
}

/*
 * mjc_reservation_move_some - move so many units of some products of an order.
 *
 * takes: sorted here into lock order; a product may stand in several. The caller holds the
 * lock of the order's row. Needs SPI open. Errors: MJ103, MJ115 not as many can move so.
 */
void
mjc_reservation_move_some(const MjcHolder *holder, MjcTake *takes, int n, MjcMove move)
{
	qsort(takes, n, sizeof(MjcTake), mjc_take_compare);
	for (int i = 0; i < n; i++)
	{
		MjcPosition position;
		int64 before;

		mjc_position_open(&position, &takes[i].product_id);
		before = mjc_position_available(&position);
		move_part(&position, holder, takes[i].qty, move);
		mjc_position_flag(&position, before);
	}
}
