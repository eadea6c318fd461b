/*
 * refund.c - what refunds are for: a parcel, what is in none that left, or nothing (a gesture).
 *
 * The value of a unit goes back once. Staff who give money back by hand say for which parcel;
 * when they do not and one parcel is under way, it is for that one, as far as it is worth so
 * much. When its goods come back, by the carrier or by the buyer, only what is left of their
 * value goes back. A gesture counts against nothing.
 *
 * Invariants, under the lock of the order's row:
 *   for a parcel goes back at most what its goods cost, or what was collected for it;
 *   of a refund at most its amount is counted against goods that came back.
 *
 * Tables written: refund, and those of payment.c.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "args.h"
#include "error.h"
#include "money.h"
#include "order.h"
#include "payment.h"
#include "refund.h"
#include "spi.h"
#include "uuid.h"

#define MAX_LINES 10000 /* elements read before they are judged */

/* The order as found under its lock. */
typedef struct Order
{
	pg_uuid_t order_id;
	char *status;
	char *reference;
	TimestampTz at;
} Order;

/* -------------------------------------------------------------- Storage -- */

static MjcStmt stmt_lock = {
	"SELECT o.status, o.reference FROM mjc.order o WHERE o.order_id = $1 FOR UPDATE",
	1,
	{UUIDOID},
	NULL};
static MjcStmt stmt_touch = {
	"UPDATE mjc.order SET updated_at = $2 WHERE order_id = $1", 2, {UUIDOID, TIMESTAMPTZOID}, NULL};
static MjcStmt stmt_under_way = {"SELECT s.shipment_no FROM mjc.shipment s WHERE s.order_id = $1 "
								 "AND s.state IN ('shipped', 'refused') LIMIT 2",
								 1,
								 {UUIDOID},
								 NULL};
/*
 * What may still go back for a parcel: rounded down, for a part of a line is worth a centime more
 * or less by what came back before it. What was given for what was here, and left in it after
 * all, counts; the refund $3, which is about to be for it, does not.
 */
static MjcStmt stmt_left = {
	"SELECT s.state, (greatest(CASE s.state WHEN 'delivered' THEN s.cod_centimes ELSE 0 END, "
	"(SELECT sum(l.total_centimes * x.qty / l.qty) FROM mjc.shipment_line x "
	"JOIN mjc.order_line l ON l.order_id = x.order_id AND l.line_no = x.line_no "
	"WHERE x.order_id = $1 AND x.shipment_no = $2)) - coalesce((SELECT sum(CASE r.shipment_no "
	"WHEN $2 THEN r.amount_centimes ELSE r.amount_centimes - r.used_centimes END) "
	"FROM mjc.refund r WHERE r.order_id = $1 AND r.refund_id IS DISTINCT FROM $3 "
	"AND (r.shipment_no = $2 OR r.shipment_no = 0 AND r.kind = 'return' "
	"AND r.created_at < s.shipped_at)), 0))::pg_catalog.int8 "
	"FROM mjc.shipment s WHERE s.order_id = $1 AND s.shipment_no = $2",
	3,
	{UUIDOID, INT4OID, UUIDOID},
	NULL};
/* And for what is in no parcel that left. */
static MjcStmt stmt_rest_left = {
	"SELECT (coalesce(sum(l.total_centimes * (l.qty - l.cancelled_qty - coalesce((SELECT "
	"sum(x.qty) FROM mjc.shipment_line x JOIN mjc.shipment s ON s.order_id = x.order_id "
	"AND s.shipment_no = x.shipment_no WHERE x.order_id = $1 AND x.line_no = l.line_no "
	"AND s.state NOT IN ('packed', 'unpacked')), 0)) / l.qty), 0) - coalesce((SELECT "
	"sum(r.amount_centimes - r.used_centimes) FROM mjc.refund r WHERE r.order_id = $1 "
	"AND r.shipment_no = 0), 0))::pg_catalog.int8 FROM mjc.order_line l WHERE l.order_id = $1",
	1,
	{UUIDOID},
	NULL};
/* What was given for what was here is for the parcel that it left in after all. */
static MjcStmt stmt_unused = {
	"SELECT r.refund_id, r.amount_centimes - r.used_centimes FROM mjc.refund r "
	"WHERE r.order_id = $1 AND r.kind = 'return' AND r.used_centimes < r.amount_centimes "
	"AND (r.shipment_no = $2 OR r.shipment_no = 0 AND EXISTS (SELECT FROM mjc.shipment s "
	"WHERE s.order_id = $1 AND s.shipment_no = $2 AND s.shipped_at > r.created_at)) "
	"ORDER BY r.shipment_no DESC, r.created_at, r.refund_id",
	2,
	{UUIDOID, INT4OID},
	NULL};
/* The sum of it; for what was here once, with the first parcel that arrives. */
static MjcStmt stmt_unused_sum = {
	"SELECT coalesce(sum(r.amount_centimes - r.used_centimes), 0)::pg_catalog.int8 "
	"FROM mjc.refund r WHERE r.order_id = $1 AND r.kind = 'return' AND (r.shipment_no = $2 "
	"OR r.shipment_no = 0 AND EXISTS (SELECT FROM mjc.shipment s WHERE s.order_id = $1 "
	"AND s.shipment_no = $2 AND s.shipped_at > r.created_at) AND NOT EXISTS (SELECT "
	"FROM mjc.shipment d WHERE d.order_id = $1 AND d.shipped_at > r.created_at "
	"AND d.delivered_at IS NOT NULL))",
	2,
	{UUIDOID, INT4OID},
	NULL};
static MjcStmt stmt_use = {
	"UPDATE mjc.refund SET used_centimes = used_centimes + $3, kind = CASE WHEN $4 "
	"AND used_centimes + $3 = amount_centimes THEN 'parcel' ELSE kind END, updated_at = $5 "
	"WHERE order_id = $1 AND refund_id = $2 "
	"RETURNING CASE kind WHEN 'parcel' THEN amount_centimes ELSE 0 END",
	5,
	{UUIDOID, UUIDOID, INT8OID, BOOLOID, TIMESTAMPTZOID},
	NULL};
/* The parcels that units which come back may have been in, and what they are worth of each. */
static MjcStmt stmt_been_in = {
	"SELECT s.shipment_no, sum((l.total_centimes * least(u.units, x.qty) + l.qty - 1) / l.qty)"
	"::pg_catalog.int8 FROM unnest($2::pg_catalog.int4[], $3::pg_catalog.int4[]) u (line_no, units) "
	"JOIN mjc.shipment_line x ON x.order_id = $1 AND x.line_no = u.line_no "
	"JOIN mjc.shipment s ON s.order_id = x.order_id AND s.shipment_no = x.shipment_no "
	"JOIN mjc.order_line l ON l.order_id = x.order_id AND l.line_no = x.line_no "
	"WHERE s.order_id = $1 AND s.state = 'delivered' GROUP BY s.shipment_no ORDER BY s.shipment_no",
	3,
	{UUIDOID, INT4ARRAYOID, INT4ARRAYOID},
	NULL};
static MjcStmt stmt_one = {"SELECT r.amount_centimes, r.kind = 'return' AND r.used_centimes = 0, "
						   "r.shipment_no FROM mjc.refund r "
						   "WHERE r.order_id = $1 AND r.refund_id = $2",
						   2,
						   {UUIDOID, UUIDOID},
						   NULL};
static MjcStmt stmt_point = {"UPDATE mjc.refund SET shipment_no = nullif($3, -1), updated_at = $4 "
							 "WHERE order_id = $1 AND refund_id = $2",
							 4,
							 {UUIDOID, UUIDOID, INT4OID, TIMESTAMPTZOID},
							 NULL};

/* Errors: MJ004. */
static Order
lock_order(const pg_uuid_t *order_id)
{
	Order order = {.order_id = *order_id, .at = GetCurrentTimestamp()};

	if (mjc_exec(&stmt_lock, MJC_ARGS(MJC_UUID(order_id))) != 1)
		mjc_raise(MJC_ERR_NOT_FOUND);
	order.status = mjc_text_col(0, 1);
	order.reference = mjc_text_col(0, 2);
	return order;
}

/* ---------------------------------------------------------------- Rules -- */

/*
 * mjc_refund_use - goods of this value come back: what staff gave back for them before.
 *
 * counts: the order's due falls by their value, and so by what was given for it.
 */
MjcUsed
mjc_refund_use(const pg_uuid_t *order_id, int32 parcel, int64 value, bool counts, TimestampTz at)
{
	MjcUsed done = {0, 0};
	int n = (int) mjc_exec_fresh(&stmt_unused, MJC_ARGS(MJC_UUID(order_id), MJC_INT4(parcel)));
	pg_uuid_t *ids = mjc_uuid_cols(n, 1);
	int64 *open = palloc(sizeof(int64) * Max(n, 1));

	for (int i = 0; i < n; i++)
		open[i] = mjc_int8_col(i, 2);
	for (int i = 0; i < n && done.used < value; i++)
	{
		int64 part = Min(open[i], value - done.used);

		mjc_exec_one(&stmt_use, MJC_ARGS(MJC_UUID(order_id), MJC_UUID(&ids[i]), MJC_INT8(part),
										 MJC_BOOL(counts), MJC_TIME(at)));
		done.counted += mjc_int8_col(0, 1);
		done.used += part;
	}
	return done;
}

/*
 * mjc_refund_unused - what staff gave back for a parcel whose goods did not come back.
 *
 * What they gave for goods that had not left counts with the first parcel of these that arrives.
 */
int64
mjc_refund_unused(const pg_uuid_t *order_id, int32 parcel)
{
	mjc_exec_fresh(&stmt_unused_sum, MJC_ARGS(MJC_UUID(order_id), MJC_INT4(parcel)));
	return mjc_int8_col(0, 1);
}

/* What may still go back for a parcel, but by this refund. Errors: MJ332 not left, MJ333 none. */
static int64
left_of(const pg_uuid_t *order_id, int32 parcel, const pg_uuid_t *but)
{
	char *state;

	if (parcel == MJC_FOR_REST)
	{
		mjc_exec_fresh(&stmt_rest_left, MJC_ARGS(MJC_UUID(order_id)));
		return Max(mjc_int8_col(0, 1), 0);
	}
	if (mjc_exec_fresh(&stmt_left,
					   MJC_ARGS(MJC_UUID(order_id), MJC_INT4(parcel), MJC_UUID_OR_NULL(but))) != 1)
		mjc_raise(MJC_ERR_SHIPMENT_UNKNOWN);
	state = mjc_text_col(0, 1);
	if (strcmp(state, "shipped") != 0 && strcmp(state, "refused") != 0 &&
		strcmp(state, "delivered") != 0)
		MJC_RAISE(MJC_ERR_SHIPMENT_STATE, {"state", state, 0});
	return Max(mjc_int8_col(0, 2), 0);
}

/* Errors: those of left_of, MJ346 more than is left. */
static void
check_left(const pg_uuid_t *order_id, int32 parcel, int64 amount, const pg_uuid_t *but)
{
	int64 left = left_of(order_id, parcel, but);

	if (amount > left)
		MJC_RAISE(MJC_ERR_REFUND_PARCEL_EXCEEDS, {"left", mjc_dzd_text(left), 0});
}

/* Nobody said for what: the one parcel that is under way, as far as it is worth so much. */
static int64
guess(const pg_uuid_t *order_id, int64 amount, int32 *parcel)
{
	*parcel = MJC_FOR_NOTHING;
	if (mjc_exec_fresh(&stmt_under_way, MJC_ARGS(MJC_UUID(order_id))) != 1)
		return 0;
	*parcel = mjc_int4_col(0, 1);
	return Min(left_of(order_id, *parcel, NULL), amount);
}

/*
 * Units come back: what staff gave back before for the parcels that they may have been in is
 * taken off. parcel: the one that they were in for certain.
 */
static int64
use_before(const Order *order, const MjcArg *units, int64 value, int32 *parcel)
{
	int n = (int) mjc_exec_fresh(&stmt_been_in, units);
	int32 *nos = palloc(sizeof(int32) * Max(n, 1));
	int64 *worth = palloc(sizeof(int64) * Max(n, 1));
	int64 used = 0;

	for (int i = 0; i < n; i++)
	{
		nos[i] = mjc_int4_col(i, 1);
		worth[i] = mjc_int8_col(i, 2);
	}
	for (int i = 0; i < n; i++)
		used +=
			mjc_refund_use(&order->order_id, nos[i], Min(worth[i], value - used), false, order->at)
				.used;
	*parcel = n == 1 ? nos[0] : MJC_FOR_NOTHING;
	return used;
}

/* Money goes back by staff: the books, the history, the buyer. */
static pg_uuid_t
give(const Order *order, const MjcRefund *refund, int64 amount)
{
	pg_uuid_t id = mjc_payment_refund_newest(refund, amount);

	mjc_payment_event(&order->order_id, "refund", amount,
					  refund->reason == NULL ? "refund" : refund->reason, refund->actor);
	return id;
}

/* ----------------------------------------------------- SQL entry points -- */

PG_FUNCTION_INFO_V1(mjc_payment_refund_book);
/*
 * mjc.payment_refund_book(order_id uuid, amount bigint, reason text, shipment_no integer,
 *     actor uuid, channel text, request_id text) returns uuid - staff give money back, of the
 * newest payments first; the last refund that it makes. shipment_no: the parcel that it is for,
 * 0 what has not left, -1 nothing; NULL: the one that is under way, if it is one.
 *
 * Errors: MJ004, MJ201, MJ332, MJ333, MJ346 more than the parcel is worth, MJ503 more than came in.
 */
Datum
mjc_payment_refund_book(PG_FUNCTION_ARGS)
{
	pg_uuid_t *order_id = mjc_arg_uuid(fcinfo, 0, "order_id");
	int64 amount = mjc_arg_amount(fcinfo, 1, "amount");
	MjcActor actor = mjc_actor_argument(fcinfo, 4);
	MjcRefund refund = {.order_id = order_id,
						.kind = MJC_REFUND_RETURN,
						.reason = mjc_arg_text_or_null(fcinfo, 2),
						.parcel = PG_ARGISNULL(3) ? MJC_FOR_NOTHING : PG_GETARG_INT32(3),
						.actor = &actor};
	MjcRefund gesture;
	pg_uuid_t *id = palloc(sizeof(pg_uuid_t));
	int64 part = amount; /* of it, for the parcel */
	Order order;

	mjc_begin_write();
	order = lock_order(order_id);
	refund.at = order.at;
	if (PG_ARGISNULL(3))
		part = guess(order_id, amount, &refund.parcel);
	else if (refund.parcel != MJC_FOR_NOTHING)
		check_left(order_id, refund.parcel, amount, NULL);
	gesture = refund;
	gesture.parcel = MJC_FOR_NOTHING;
	if (part > 0)
		*id = give(&order, &refund, part);
	if (part < amount)
		*id = give(&order, &gesture, amount - part);
	mjc_order_announce("payment_returned", order_id, order.reference, order.status);
	mjc_exec_one(&stmt_touch, MJC_ARGS(MJC_UUID(order_id), MJC_TIME(order.at)));
	mjc_end();
	PG_RETURN_UUID_P(id);
}

PG_FUNCTION_INFO_V1(mjc_refund_before);
/*
 * mjc.refund_before(order_id uuid, value bigint, line_nos integer[], quantities integer[],
 *     actor uuid, channel text, request_id text) returns (amount bigint, parcel integer) - units
 * of these lines, which were delivered, come back: of their value, what staff did not give back
 * before for their parcels, and the parcel that they were in, -1 when it may be several. The
 * caller has locked the order.
 *
 * Errors: MJ003, MJ010, MJ201.
 */
Datum
mjc_refund_before(PG_FUNCTION_ARGS)
{
	pg_uuid_t *order_id = mjc_arg_uuid(fcinfo, 0, "order_id");
	int64 value = mjc_arg_amount(fcinfo, 1, "value");
	MjcActor actor = mjc_actor_argument(fcinfo, 4);
	Order order = {.order_id = *order_id, .at = GetCurrentTimestamp()};
	TupleDesc shape;
	Datum *elements;
	Datum values[2];
	bool nulls[2] = {false, false};
	int64 before;
	int32 parcel;

	if (mjc_arg_array(fcinfo, 2, "line_nos", INT4OID, MAX_LINES, &elements) !=
		mjc_arg_array(fcinfo, 3, "quantities", INT4OID, MAX_LINES, &elements))
		MJC_RAISE(MJC_ERR_ARGUMENT_INVALID, {"argument", "quantities", 0});
	if (get_call_result_type(fcinfo, NULL, &shape) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	mjc_begin_write();
	before = use_before(
		&order,
		MJC_ARGS(MJC_UUID(order_id), MJC_DATUM(PG_GETARG_DATUM(2)), MJC_DATUM(PG_GETARG_DATUM(3))),
		value, &parcel);
	if (before > 0)
		mjc_payment_event(order_id, "refund", before, "given back before", &actor);
	mjc_end();
	values[0] = Int64GetDatum(value - before);
	values[1] = Int32GetDatum(parcel);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(shape), values, nulls)));
}

PG_FUNCTION_INFO_V1(mjc_refund_point);
/*
 * mjc.refund_point(order_id uuid, refund_id uuid, shipment_no integer) returns integer - staff
 * say what a refund is for that they gave by hand: a parcel, 0 what has not left, NULL nothing.
 * Returns what it was for.
 *
 * Errors: MJ004, MJ332, MJ333, MJ346, MJ347 not by hand, or its goods came back.
 */
Datum
mjc_refund_point(PG_FUNCTION_ARGS)
{
	pg_uuid_t *order_id = mjc_arg_uuid(fcinfo, 0, "order_id");
	pg_uuid_t *refund_id = mjc_arg_uuid(fcinfo, 1, "refund_id");
	int32 parcel = PG_ARGISNULL(2) ? MJC_FOR_NOTHING : PG_GETARG_INT32(2);
	int32 before;
	int64 amount;
	Order order;

	mjc_begin_write();
	order = lock_order(order_id);
	if (mjc_exec_fresh(&stmt_one, MJC_ARGS(MJC_UUID(order_id), MJC_UUID(refund_id))) != 1)
		mjc_raise(MJC_ERR_NOT_FOUND);
	amount = mjc_int8_col(0, 1);
	before = mjc_is_null(0, 3) ? MJC_FOR_NOTHING : mjc_int4_col(0, 3);
	if (!mjc_bool_col(0, 2))
		mjc_raise(MJC_ERR_REFUND_COUNTED);
	if (parcel != before)
	{
		if (parcel != MJC_FOR_NOTHING)
			check_left(order_id, parcel, amount, refund_id);
		mjc_exec_one(&stmt_point, MJC_ARGS(MJC_UUID(order_id), MJC_UUID(refund_id),
										   MJC_INT4(parcel), MJC_TIME(order.at)));
		mjc_exec_one(&stmt_touch, MJC_ARGS(MJC_UUID(order_id), MJC_TIME(order.at)));
	}
	mjc_end();
	if (before == MJC_FOR_NOTHING)
		PG_RETURN_NULL();
	PG_RETURN_INT32(before);
}
