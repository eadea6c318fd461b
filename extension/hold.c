/*
 * hold.c - staff hold units in psql: reserve, release, ship, take back; the sweeper.
 *
 * A hold is a reservation with an expiry and without an order. Each call is one
 * transaction's worth of movements, counted once for each op_id: a repeat finds
 * what the first one wrote, under the same locks, and answers the same once that
 * is durable. The id of a hold with an op_id is derived from it and its products.
 *
 * Lock order: the order's row, when the units are of one; anchors by product id, ascending.
 * Tables written: order, those of reservation.c and sale.c.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "args.h"
#include "audit.h"
#include "commit.h"
#include "error.h"
#include "idempotency.h"
#include "ledger.h"
#include "reservation.h"
#include "sale.h"
#include "setting.h"
#include "spi.h"
#include "uuid.h"

#define MAX_LINES 10000
#define MAX_ARRAY 1000000 /* elements read before the number of lines is judged */
#define LONGEST_HOLD (30 * USECS_PER_DAY)

/* What somebody in psql wants of a reservation. */
typedef struct Request
{
	MjcHolder holder;
	MjcMove move;
	int32 qty; /* 0: everything */
	const char *reason;
	bool replayed; /* found: the same op_id was done before */
	bool moved;	   /* something was done now */
} Request;

/* ---------------------------------------------------------------- Rules -- */

static void
refuse_qty(const MjcTake *take)
{
	MJC_RAISE(MJC_ERR_LINE_QTY_INVALID, {"line", NULL, take->client_line}, {"min", NULL, 1},
			  {"max", NULL, MJC_MAX_QTY});
}

/* Sorts into lock order; a product named twice becomes one take. Returns the number left. */
static int
merge_takes(MjcTake *takes, int n)
{
	int kept = 0;

	qsort(takes, n, sizeof(MjcTake), mjc_take_compare);
	for (int i = 0; i < n; i++)
	{
		MjcTake *last = kept > 0 ? &takes[kept - 1] : NULL;

		if (last == NULL || mjc_uuid_compare(&last->product_id, &takes[i].product_id) != 0)
		{
			takes[kept++] = takes[i];
			continue;
		}
		if (last->qty + takes[i].qty > MJC_MAX_QTY)
			refuse_qty(&takes[i]);
		last->qty += takes[i].qty;
	}
	return kept;
}

/* The id of a hold that is named by its op_id and its products: the same at every try. */
static pg_uuid_t
named_id(const char *op_id, const MjcTake *takes, int n)
{
	MjcDigest digest;
	pg_uuid_t id;

	mjc_digest_begin(&digest);
	mjc_digest_text(&digest, "stock_reserve");
	mjc_digest_text(&digest, op_id);
	for (int i = 0; i < n; i++)
		mjc_digest_bytes(&digest, takes[i].product_id.data, UUID_LEN);
	memcpy(id.data, VARDATA(mjc_digest_end(&digest)), UUID_LEN);
	id.data[6] = (id.data[6] & 0x0F) | 0x80; /* version 8: made by a rule of our own */
	id.data[8] = (id.data[8] & 0x3F) | 0x80;
	return id;
}

/* -------------------------------------------------------------- Storage -- */

static MjcStmt stmt_op_done = {
	"SELECT sum(qty), bool_and(kind = $3 AND ref_id = $4) FROM mjc.stock_ledger "
	"WHERE product_id = $1 AND op_id = $2 "
	"AND location_id IN (SELECT l.location_id FROM mjc.location l) HAVING count(*) > 0",
	4,
	{UUIDOID, TEXTOID, TEXTOID, TEXTOID},
	NULL};
static MjcStmt stmt_products = {
	"SELECT DISTINCT product_id FROM mjc.reservation WHERE reservation_id = $1 AND kind = 'hold' "
	"ORDER BY product_id",
	1,
	{UUIDOID},
	NULL};
static MjcStmt stmt_op_elsewhere = {
	"SELECT 1 FROM mjc.stock_ledger WHERE product_id = $1 AND op_id = $2 AND ref_id <> $3 "
	"AND location_id IN (SELECT l.location_id FROM mjc.location l) LIMIT 1",
	3,
	{UUIDOID, TEXTOID, TEXTOID},
	NULL};
static MjcStmt stmt_is_order = {"SELECT 1 FROM mjc.order WHERE order_id = $1", 1, {UUIDOID}, NULL};
static MjcStmt stmt_expired_products = {
	"WITH RECURSIVE held (product_id) AS ("
	"(SELECT r.product_id FROM mjc.reservation r WHERE r.held_qty > 0 "
	"ORDER BY r.product_id LIMIT 1) UNION ALL SELECT (SELECT r.product_id FROM mjc.reservation r "
	"WHERE r.held_qty > 0 AND r.product_id > h.product_id ORDER BY r.product_id LIMIT 1) "
	"FROM held h WHERE h.product_id IS NOT NULL) "
	"SELECT h.product_id FROM held h WHERE EXISTS (SELECT 1 FROM mjc.reservation r "
	"WHERE r.product_id = h.product_id AND r.held_qty > 0 AND r.expires_at <= $1) LIMIT $2",
	2,
	{TIMESTAMPTZOID, INT4OID},
	NULL};
static MjcStmt stmt_lock_some = {
	"SELECT a.product_id FROM mjc.stock_anchor a WHERE a.product_id = ANY ($1) "
	"ORDER BY a.product_id FOR NO KEY UPDATE SKIP LOCKED",
	1,
	{UUIDARRAYOID},
	NULL};

/*
 * Whoever changes what an order amounts to holds its row (sale.c), and writes it: who began before
 * and keeps his snapshot would take out of the sales figures what he sees there.
 */
static MjcStmt stmt_lock_order = {
	"UPDATE mjc.order SET updated_at = greatest(updated_at, pg_catalog.clock_timestamp()) "
	"WHERE order_id = $1",
	1,
	{UUIDOID},
	NULL};

/* Units that this op_id moved of a product before, -1 when it is new. Needs the lock. */
static int64
op_done(const Request *request, const pg_uuid_t *product_id)
{
	int64 units;

	if (request->holder.op_id == NULL ||
		mjc_exec_fresh(&stmt_op_done, MJC_ARGS(MJC_UUID(product_id),
											   MJC_TEXT(mjc_manual_op_id(request->holder.op_id)),
											   MJC_TEXT(mjc_move_kind(request->move)),
											   MJC_TEXT(mjc_uuid_text(&request->holder.id)))) != 1)
		return -1;
	units = mjc_int8_col(0, 1);
	if (!mjc_bool_col(0, 2) || (request->qty != 0 && request->qty != units))
		mjc_raise(MJC_ERR_OP_ID_REUSED);
	return units;
}

/* Errors: MJ116 an order's, MJ113 expired, MJ115 fewer units than asked for. */
static void
check_rows(const Request *request, const MjcHeld *rows, int nrows, int64 units)
{
	TimestampTz now = GetCurrentTimestamp();
	bool leaves = request->move == MJC_MOVE_RELEASE || request->move == MJC_MOVE_SHIP;

	for (int r = 0; r < nrows; r++)
	{
		bool lost = rows[r].held + rows[r].shipped < rows[r].qty;

		if (leaves && rows[r].of_order)
			mjc_raise(MJC_ERR_RESERVATION_OF_ORDER);
		if (rows[r].expires_at <= now &&
			((request->move == MJC_MOVE_SHIP && rows[r].shipped < rows[r].qty) ||
			 (request->move == MJC_MOVE_RELEASE && units == 0 && lost)))
			mjc_raise(MJC_ERR_RESERVATION_EXPIRED);
	}
	if (request->qty > units && units > 0)
		MJC_RAISE(MJC_ERR_RESERVATION_QTY, {"held", NULL, units});
}

/* Moves units of one product; returns how many. */
static int64
move_product(Request *request, const pg_uuid_t *product_id)
{
	MjcPosition position;
	int64 before;
	int64 units = 0;
	int64 left;
	MjcHeld *rows;
	int nrows;

	if (!mjc_position_lock(&position, product_id))
		mjc_raise(MJC_ERR_RESERVATION_UNKNOWN);
	before = mjc_position_available(&position);
	nrows = mjc_reservation_rows(product_id, &request->holder.id, &rows);
	if (nrows == 0)
		mjc_raise(MJC_ERR_RESERVATION_UNKNOWN);
	request->holder.kind = rows[0].of_order ? "order" : "hold";
	units = op_done(request, product_id);
	if (units >= 0)
	{
		request->replayed = true;
		return units;
	}
	units = 0;
	for (int r = 0; r < nrows; r++)
		units += mjc_held_movable(&rows[r], request->move);
	check_rows(request, rows, nrows, units);
	left = request->qty != 0 ? Min(units, request->qty) : units;
	units = left;
	for (int r = 0; r < nrows && left > 0; r++)
	{
		int32 part = (int32) Min(left, mjc_held_movable(&rows[r], request->move));

		if (part > 0)
			mjc_reservation_move_row(&position, &request->holder, &rows[r], request->move, part,
									 request->reason);
		left -= part;
	}
	request->moved = request->moved || units > 0;
	mjc_position_flag(&position, before);
	return units;
}

/* Moves units of one product, or (NULL) of all products of a hold. */
static int64
move_request(Request *request, const pg_uuid_t *product_id)
{
	const pg_uuid_t *products = product_id;
	uint64 n = 1;
	int64 units = 0;

	if (product_id == NULL)
	{
		n = mjc_exec_fresh(&stmt_products, MJC_ARGS(MJC_UUID(&request->holder.id)));
		products = mjc_uuid_cols(n, 1);
	}
	if (n == 0)
		mjc_raise(mjc_exec(&stmt_is_order, MJC_ARGS(MJC_UUID(&request->holder.id))) > 0
					  ? MJC_ERR_RESERVATION_OF_ORDER
					  : MJC_ERR_RESERVATION_UNKNOWN);
	for (uint64 i = 0; i < n; i++)
		units += move_product(request, &products[i]);
	if (units == 0)
	{
		/* "Already done" is an answer too: what it rests on may be on its way to disk. */
		mjc_flush_seen_wait();
		mjc_raise(MJC_ERR_RESERVATION_FINISHED);
	}
	if (request->replayed && request->moved)
		mjc_raise(MJC_ERR_OP_ID_REUSED);
	if (request->replayed)
		mjc_flush_seen_wait();
	return units;
}

/*
 * Was this hold made before? Locks its products. Errors: MJ106 with other
 * quantities, or when the op_id is another movement's of one of them.
 */
static bool
hold_made(const MjcHolder *holder, const MjcTake *takes, int n)
{
	char *op_id = mjc_manual_op_id(holder->op_id);
	int found = 0;

	for (int i = 0; i < n; i++)
	{
		MjcPosition position;
		MjcHeld *rows;
		int64 units = 0;
		int nrows;

		if (!mjc_position_lock(&position, &takes[i].product_id))
			return false;
		if (mjc_exec_fresh(&stmt_op_elsewhere,
						   MJC_ARGS(MJC_UUID(&takes[i].product_id), MJC_TEXT(op_id),
									MJC_TEXT(mjc_uuid_text(&holder->id)))) > 0)
			mjc_raise(MJC_ERR_OP_ID_REUSED);
		nrows = mjc_reservation_rows(&takes[i].product_id, &holder->id, &rows);
		for (int r = 0; r < nrows; r++)
			units += rows[r].qty;
		if (nrows > 0 && units != takes[i].qty)
			mjc_raise(MJC_ERR_OP_ID_REUSED);
		found += nrows > 0;
	}
	MJC_ENSURE(found == 0 || found == n, "a hold is made whole");
	return found > 0;
}

/* ----------------------------------------------------- SQL entry points -- */

/* Arrays of products and quantities: takes in lock order, each product once. */
static int
read_takes(FunctionCallInfo fcinfo, MjcTake **takes)
{
	Datum *products;
	Datum *quantities;
	int n = mjc_arg_array(fcinfo, 0, "product_ids", UUIDOID, MAX_ARRAY, &products);
	int nq = mjc_arg_array(fcinfo, 1, "quantities", INT4OID, MAX_ARRAY, &quantities);

	if (n != nq)
		MJC_RAISE(MJC_ERR_ARGUMENT_INVALID, {"argument", "quantities", 0});
	if (n == 0 || n > MAX_LINES)
		MJC_RAISE(MJC_ERR_STOCK_LINES_COUNT, {"min", NULL, 1}, {"max", NULL, MAX_LINES});
	*takes = palloc0(sizeof(MjcTake) * n);
	for (int i = 0; i < n; i++)
		(*takes)[i] =
			(MjcTake){*DatumGetUUIDP(products[i]), i + 1, i + 1, DatumGetInt32(quantities[i])};
	for (int i = 0; i < n; i++)
		if ((*takes)[i].qty < 1 || (*takes)[i].qty > MJC_MAX_QTY)
			refuse_qty(&(*takes)[i]);
	return merge_takes(*takes, n);
}

/* When a hold ends; NULL is the setting. Errors: MJ006 not between now and 30 days from now. */
static TimestampTz
read_expiry(FunctionCallInfo fcinfo, int n)
{
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz expiry;
	const Interval *span;

	if (PG_ARGISNULL(n))
		return now + mjc_setting_integer("hold_minutes") * USECS_PER_MINUTE;
	span = PG_GETARG_INTERVAL_P(n);
	if (span->month > 1 || span->month < -1 || span->day > 31 || span->day < -31 ||
		span->time > LONGEST_HOLD || span->time < -LONGEST_HOLD)
		MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", "hold_for", 0});
	expiry = DatumGetTimestampTz(
		DirectFunctionCall2(timestamptz_pl_interval, TimestampTzGetDatum(now), PG_GETARG_DATUM(n)));
	if (expiry <= now || expiry > now + LONGEST_HOLD)
		MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", "hold_for", 0});
	return expiry;
}

/* Somebody's doing; a superuser without a row of staff is nobody, as for orders. */
static void
audit_move(const MjcActor *actor, const char *kind, const pg_uuid_t *hold, int64 units)
{
	if (actor->known)
		mjc_audit(actor, psprintf("stock_%s", kind), "reservation", mjc_uuid_text(hold), NULL,
				  psprintf("{\"qty\": " INT64_FORMAT "}", units));
}

/* Units of all lines. */
static int64
units_of(const MjcTake *takes, int n)
{
	int64 units = 0;

	for (int i = 0; i < n; i++)
		units += takes[i].qty;
	return units;
}

PG_FUNCTION_INFO_V1(mjc_stock_reserve);
/*
 * mjc.stock_reserve(product_ids uuid[], quantities integer[], hold_for interval,
 *                   op_id text) returns uuid - hold units for a while; all or nothing.
 *
 * 1 .. 10 000 lines, a product named twice is summed, 1 .. 1 000 000 units of each.
 * hold_for NULL: setting hold_minutes; up to 30 days. A repeated op_id with the
 * same lines gives the same hold. Errors: MJ003, MJ006, MJ010, MJ101, MJ106,
 * MJ108, MJ109, MJ110, MJ601.
 */
Datum
mjc_stock_reserve(PG_FUNCTION_ARGS)
{
	pg_uuid_t *result = palloc(sizeof(pg_uuid_t));
	const char *op_id = mjc_arg_op_id(fcinfo, 3);
	MjcTake *takes;
	int n = read_takes(fcinfo, &takes);
	MjcActor actor;
	MjcHolder holder = {.kind = "hold", .op_id = op_id, .actor = &actor};

	holder.id = op_id != NULL ? named_id(op_id, takes, n) : mjc_uuid_make();
	*result = holder.id;
	mjc_begin_write();
	actor = mjc_actor_staff();
	holder.expires_at = read_expiry(fcinfo, 2);
	if (op_id != NULL && hold_made(&holder, takes, n))
		mjc_flush_seen_wait();
	else
	{
		(void) mjc_reservation_take(&holder, takes, n);
		audit_move(&actor, "reserve", &holder.id, units_of(takes, n));
	}
	mjc_end();
	PG_RETURN_UUID_P(result);
}

/* Arguments: reservation_id, product_id, qty, ...; op_id at op_arg. */
static Datum
move_by_staff(FunctionCallInfo fcinfo, MjcMove move, const char *reason, int op_arg)
{
	MjcActor actor;
	Request request = {.holder = {.op_id = mjc_arg_op_id(fcinfo, op_arg), .actor = &actor},
					   .move = move,
					   .reason = reason};
	pg_uuid_t *product_id = mjc_arg_uuid_or_null(fcinfo, 1);
	int64 units;

	request.holder.id = *mjc_arg_uuid(fcinfo, 0, "reservation_id");
	request.holder.expires_at = DT_NOEND;
	if (!PG_ARGISNULL(2))
	{
		if (product_id == NULL)
			MJC_RAISE(MJC_ERR_ARGUMENT_MISSING, {"argument", "product_id", 0});
		request.qty = PG_GETARG_INT32(2);
		if (request.qty < 1 || request.qty > MJC_MAX_QTY)
			MJC_RAISE(MJC_ERR_STOCK_QTY_INVALID, {"min", NULL, 1}, {"max", NULL, MJC_MAX_QTY});
	}
	mjc_begin_write();
	actor = mjc_actor_staff();
	if (mjc_exec(&stmt_lock_order, MJC_ARGS(MJC_UUID(&request.holder.id))) == 1)
		mjc_sale_touch(&request.holder.id);
	units = move_request(&request, product_id);
	if (request.moved)
		audit_move(&actor, mjc_move_kind(move), &request.holder.id, units);
	mjc_end();
	PG_RETURN_INT64(units);
}

PG_FUNCTION_INFO_V1(mjc_stock_release);
/*
 * mjc.stock_release(reservation_id uuid, product_id uuid, qty integer, op_id text) -
 * give held units back to free stock; without a product everything. Returns units.
 *
 * Errors: MJ003, MJ006, MJ104, MJ106, MJ112-MJ116, MJ601.
 */
Datum
mjc_stock_release(PG_FUNCTION_ARGS)
{
	return move_by_staff(fcinfo, MJC_MOVE_RELEASE, NULL, 3);
}

PG_FUNCTION_INFO_V1(mjc_stock_commit);
/*
 * mjc.stock_commit(reservation_id uuid, product_id uuid, qty integer, op_id text) -
 * held units leave the house, all or some. Returns units.
 *
 * Errors: MJ003, MJ006, MJ103, MJ104, MJ106, MJ112-MJ116, MJ601.
 */
Datum
mjc_stock_commit(PG_FUNCTION_ARGS)
{
	return move_by_staff(fcinfo, MJC_MOVE_SHIP, NULL, 3);
}

PG_FUNCTION_INFO_V1(mjc_stock_return);
/*
 * mjc.stock_return(reservation_id uuid, product_id uuid, qty integer, damaged boolean,
 *                  reason text, op_id text) - shipped units come back, for sale or damaged.
 *
 * reservation_id: of a hold, or the order's id. Returns units.
 * Errors: MJ003, MJ006, MJ104, MJ106, MJ112, MJ114, MJ115, MJ601.
 */
Datum
mjc_stock_return(PG_FUNCTION_ARGS)
{
	bool damaged = !PG_ARGISNULL(3) && PG_GETARG_BOOL(3);
	char *reason = mjc_arg_text_or_null(fcinfo, 4);

	(void) mjc_arg_uuid(fcinfo, 1, "product_id");
	(void) mjc_arg_int32(fcinfo, 2, "qty");
	if (reason != NULL)
		mjc_check_text(reason, "reason", 1, 255);
	return move_by_staff(fcinfo, damaged ? MJC_MOVE_DAMAGED : MJC_MOVE_RETURN, reason, 5);
}

PG_FUNCTION_INFO_V1(mjc_stock_expire);
/*
 * mjc.stock_expire(batch integer) - release expired reservations; returns rows released.
 *
 * At most batch rows of batch products; products that others work on are left
 * for the next time. Run by the job; safe at any time, anywhere twice.
 * Errors: MJ003, MJ006.
 */
Datum
mjc_stock_expire(PG_FUNCTION_ARGS)
{
	int32 batch = mjc_arg_int32(fcinfo, 0, "batch");
	int64 released = 0;
	pg_uuid_t *products;
	uint64 n;

	if (batch < 1 || batch > 10000)
		MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", "batch", 0});
	mjc_begin_write();
	mjc_commit_early();
	n = mjc_exec_fresh(&stmt_expired_products,
					   MJC_ARGS(MJC_TIME(GetCurrentTimestamp()), MJC_INT4(batch)));
	products = mjc_uuid_cols(n, 1);
	/* Those of them that nobody else has locked. */
	n = mjc_exec(&stmt_lock_some, MJC_ARGS(MJC_DATUM(mjc_uuid_array(products, (int) n))));
	products = mjc_uuid_cols(n, 1);
	for (uint64 i = 0; i < n && released < batch; i++)
	{
		MjcPosition position;
		int64 before;

		mjc_position_open(&position, &products[i]);
		before = mjc_position_available(&position);
		released += mjc_reservation_sweep(&position, (int32) (batch - released));
		mjc_position_flag(&position, before);
	}
	mjc_end();
	PG_RETURN_INT64(released);
}
