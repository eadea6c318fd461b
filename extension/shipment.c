/*
 * shipment.c - parcels of an order: packed, handed over, delivered; refused and brought back.
 *
 * Packing moves no stock: the units stay reserved for the order until the carrier has them, so
 * a parcel that is unpacked again leaves them reserved. A parcel that was refused at the door is
 * still on the road: its units come back only when it stands on the desk.
 *
 * Invariants: a line is packed for at most its units; what is in parcels that left is what the
 * reservations say has left; what a carrier collects for parcels is at most what is asked.
 * The last parcel of an order moves the order itself (order_change.c), which does the rest.
 *
 * Lock order: the order's row, stock anchors by product id, then those of order_change.c and
 * order_back.c.
 * Tables written: shipment, shipment_line, tracking, order, those of payment.c, reservation.c.
 */
#include "postgres.h"

#include "utils/array.h"
#include "utils/builtins.h"

#include "args.h"
#include "error.h"
#include "invoice.h"
#include "money.h"
#include "order.h"
#include "order_back.h"
#include "payment.h"
#include "refund.h"
#include "reservation.h"
#include "sale.h"
#include "shipment.h"
#include "spi.h"
#include "text.h"
#include "uuid.h"

#define MAX_LINES 10000 /* elements read before they are judged */

/* The order as found under its lock. */
typedef struct Order
{
	pg_uuid_t order_id;
	MjcOrderStatus status;
	char *reference;
	bool cod;
	TimestampTz at;
} Order;

/* -------------------------------------------------------------- Storage -- */

static MjcStmt stmt_lock = {
	"SELECT o.status, o.reference, o.payment_method = 'CASH_ON_DELIVERY' FROM mjc.order o "
	"WHERE o.order_id = $1 FOR UPDATE",
	1,
	{UUIDOID},
	NULL};
/* Units of each line that are in no parcel yet. */
static MjcStmt stmt_open = {
	"SELECT l.line_no, l.product_id, (l.qty - l.cancelled_qty - coalesce((SELECT sum(x.qty) "
	"FROM mjc.shipment_line x JOIN mjc.shipment s ON s.order_id = x.order_id "
	"AND s.shipment_no = x.shipment_no WHERE x.order_id = $1 AND x.line_no = l.line_no "
	"AND s.state <> 'unpacked'), 0))::pg_catalog.int4 FROM mjc.order_line l "
	"WHERE l.order_id = $1 ORDER BY l.line_no",
	1,
	{UUIDOID},
	NULL};
static MjcStmt stmt_insert = {
	"INSERT INTO mjc.shipment (order_id, shipment_no, carrier, tracking_number, state, packed_at, "
	"shipped_at) SELECT $1, 1 + coalesce(max(s.shipment_no), 0), $2, $3, "
	"CASE WHEN $5 THEN 'shipped' ELSE 'packed' END, $4, CASE WHEN $5 THEN $4 END "
	"FROM mjc.shipment s WHERE s.order_id = $1 RETURNING shipment_no",
	5,
	{UUIDOID, TEXTOID, TEXTOID, TIMESTAMPTZOID, BOOLOID},
	NULL};
static MjcStmt stmt_insert_line = {
	"INSERT INTO mjc.shipment_line (order_id, shipment_no, line_no, qty) VALUES ($1, $2, $3, $4)",
	4,
	{UUIDOID, INT4OID, INT4OID, INT4OID},
	NULL};
static MjcStmt stmt_tracking = {
	"INSERT INTO mjc.tracking (tracking_number, order_id, shipment_no) "
	"SELECT s.tracking_number, s.order_id, s.shipment_no FROM mjc.shipment s "
	"WHERE s.order_id = $1 AND s.tracking_number IS NOT NULL ON CONFLICT DO NOTHING",
	1,
	{UUIDOID},
	NULL};
static MjcStmt stmt_send_packed = {
	"UPDATE mjc.shipment SET state = 'shipped', shipped_at = $4, "
	"carrier = coalesce($2, carrier), tracking_number = coalesce(tracking_number, $3) "
	"WHERE order_id = $1 AND state = 'packed'",
	4,
	{UUIDOID, TEXTOID, TEXTOID, TIMESTAMPTZOID},
	NULL};
/* Of the parcels that leave now ($2) the last collects what those on the road do not. */
static MjcStmt stmt_cod_rest = {
	"UPDATE mjc.shipment SET cod_centimes = greatest(0, coalesce((SELECT sum(p.amount_centimes) "
	"FROM mjc.payment p WHERE p.order_id = $1 AND p.state = 'pending'), 0) "
	"- coalesce((SELECT sum(x.cod_centimes) FROM mjc.shipment x WHERE x.order_id = $1 "
	"AND x.state IN ('shipped', 'refused') AND x.shipment_no <> shipment.shipment_no), 0)) "
	"WHERE order_id = $1 AND shipment_no = (SELECT max(x.shipment_no) FROM mjc.shipment x "
	"WHERE x.order_id = $1 AND x.state = 'shipped' AND x.shipped_at = $2) "
	"AND EXISTS (SELECT FROM mjc.order o "
	"WHERE o.order_id = $1 AND o.payment_method = 'CASH_ON_DELIVERY')",
	2,
	{UUIDOID, TIMESTAMPTZOID},
	NULL};
static MjcStmt stmt_label = {"UPDATE mjc.shipment SET carrier = coalesce($2, carrier), "
							 "tracking_number = coalesce($3, tracking_number) "
							 "WHERE order_id = $1 AND state IN ('packed', 'shipped') "
							 "AND (SELECT count(*) FROM mjc.shipment x WHERE x.order_id = $1 "
							 "AND x.state IN ('packed', 'shipped')) = 1",
							 3,
							 {UUIDOID, TEXTOID, TEXTOID},
							 NULL};
static MjcStmt stmt_collectable = {
	"SELECT coalesce(sum(cod_centimes), 0)::pg_catalog.int8 FROM mjc.shipment "
	"WHERE order_id = $1 AND state IN ('shipped', 'refused')",
	1,
	{UUIDOID},
	NULL};
static MjcStmt stmt_on_road = {
	"SELECT shipment_no FROM mjc.shipment WHERE order_id = $1 AND state IN ('shipped', 'refused') "
	"ORDER BY shipment_no",
	1,
	{UUIDOID},
	NULL};
static MjcStmt stmt_arrive = {"UPDATE mjc.shipment SET state = 'delivered', delivered_at = $3 "
							  "WHERE order_id = $1 AND shipment_no = $2",
							  3,
							  {UUIDOID, INT4OID, TIMESTAMPTZOID},
							  NULL};
static MjcStmt stmt_back_all = {
	"UPDATE mjc.shipment SET state = 'returned', returned_at = $2 "
	"WHERE order_id = $1 AND state IN ('shipped', 'refused', 'delivered')",
	2,
	{UUIDOID, TIMESTAMPTZOID},
	NULL};
static MjcStmt stmt_unpack_all = {
	"UPDATE mjc.shipment SET state = 'unpacked' WHERE order_id = $1 AND state = 'packed'",
	1,
	{UUIDOID},
	NULL};
static MjcStmt stmt_left = {"SELECT EXISTS (SELECT FROM mjc.shipment s WHERE s.order_id = $1 "
							"AND s.state IN ('shipped', 'refused', 'delivered'))",
							1,
							{UUIDOID},
							NULL};
static MjcStmt stmt_state = {
	"SELECT state, cod_centimes FROM mjc.shipment WHERE order_id = $1 AND shipment_no = $2",
	2,
	{UUIDOID, INT4OID},
	NULL};
static MjcStmt stmt_set = {"UPDATE mjc.shipment SET state = $3, carrier = coalesce($4, carrier), "
						   "tracking_number = coalesce($5, tracking_number), "
						   "shipped_at = CASE WHEN $3 = 'shipped' THEN $6 ELSE shipped_at END, "
						   "refused_at = CASE WHEN $3 = 'refused' THEN $6 ELSE refused_at END, "
						   "refusal = CASE WHEN $3 = 'refused' THEN $7 ELSE refusal END, "
						   "returned_at = CASE WHEN $3 = 'returned' THEN $6 ELSE returned_at END "
						   "WHERE order_id = $1 AND shipment_no = $2",
						   7,
						   {UUIDOID, INT4OID, TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID, TEXTOID},
						   NULL};
/*
 * What a parcel collects when others follow: the value of what is in it, and the first to leave
 * the shipping too; never more than is asked.
 */
static MjcStmt stmt_cod_part = {
	"UPDATE mjc.shipment SET cod_centimes = greatest(0, least(coalesce((SELECT sum(p.amount_centimes) "
	"FROM mjc.payment p WHERE p.order_id = $1 AND p.state = 'pending'), 0) "
	"- coalesce((SELECT sum(y.cod_centimes) FROM mjc.shipment y WHERE y.order_id = $1 "
	"AND y.state IN ('shipped', 'refused') AND y.shipment_no <> $2), 0), "
	"(SELECT sum(mjc.refund_share(l.total_centimes, l.qty, 0, x.qty)) FROM mjc.shipment_line x "
	"JOIN mjc.order_line l ON l.order_id = x.order_id AND l.line_no = x.line_no "
	"WHERE x.order_id = $1 AND x.shipment_no = $2) + CASE WHEN EXISTS (SELECT FROM mjc.shipment z "
	"WHERE z.order_id = $1 AND z.shipped_at IS NOT NULL AND z.shipment_no <> $2) THEN 0 "
	"ELSE (SELECT o.total_centimes - (SELECT sum(l.total_centimes) FROM mjc.order_line l "
	"WHERE l.order_id = $1) FROM mjc.order o WHERE o.order_id = $1) END)) "
	"WHERE order_id = $1 AND shipment_no = $2",
	2,
	{UUIDOID, INT4OID},
	NULL};
/* By cumulative rounding: over all parcels that came back exactly what their lines cost. */
static MjcStmt stmt_value = {
	"SELECT coalesce(sum(mjc.refund_share(l.total_centimes, l.qty, "
	"(SELECT coalesce(sum(y.qty), 0) FROM mjc.shipment_line y JOIN mjc.shipment s "
	"ON s.order_id = y.order_id AND s.shipment_no = y.shipment_no WHERE y.order_id = $1 "
	"AND y.line_no = x.line_no AND y.shipment_no <> $2 AND s.state = 'returned')::pg_catalog.int4 "
	"+ l.cancelled_qty, x.qty)), 0)::pg_catalog.int8 FROM mjc.shipment_line x JOIN mjc.order_line l ON l.order_id = x.order_id "
	"AND l.line_no = x.line_no WHERE x.order_id = $1 AND x.shipment_no = $2",
	2,
	{UUIDOID, INT4OID},
	NULL};
static MjcStmt stmt_inside = {
	"SELECT l.product_id, x.line_no, x.qty FROM mjc.shipment_line x JOIN mjc.order_line l "
	"ON l.order_id = x.order_id AND l.line_no = x.line_no "
	"WHERE x.order_id = $1 AND x.shipment_no = $2",
	2,
	{UUIDOID, INT4OID},
	NULL};
/* Before the parcel's own, so that the order's products are locked in one order. */
static MjcStmt stmt_lock_products = {
	"SELECT 1 FROM mjc.stock_anchor a WHERE a.product_id = ANY (ARRAY(SELECT l.product_id "
	"FROM mjc.order_line l WHERE l.order_id = $1)) ORDER BY a.product_id FOR NO KEY UPDATE",
	1,
	{UUIDOID},
	NULL};
/* Parcels under way, and whether anything is still to leave. */
static MjcStmt stmt_others = {
	"SELECT count(*) FILTER (WHERE s.state IN ('shipped', 'refused')), "
	"count(*) FILTER (WHERE s.state = 'packed'), count(*) FILTER (WHERE s.state = 'delivered') "
	"FROM mjc.shipment s WHERE s.order_id = $1 AND s.shipment_no <> $2",
	2,
	{UUIDOID, INT4OID},
	NULL};
/* What is in no parcel is cancelled: its lines, units and value. */
static MjcStmt stmt_cancel_open = {
	"UPDATE mjc.order_line l SET cancelled_qty = l.cancelled_qty + $3 "
	"WHERE l.order_id = $1 AND l.line_no = $2 RETURNING mjc.refund_share(l.total_centimes, l.qty, "
	"l.cancelled_qty - $3 + coalesce((SELECT sum(r.returned_qty) FROM mjc.reservation r "
	"WHERE r.product_id = l.product_id AND r.reservation_id = $1 AND r.line_no = $2), "
	"0)::pg_catalog.int4, $3)",
	3,
	{UUIDOID, INT4OID, INT4OID},
	NULL};
static MjcStmt stmt_credit_open = {
	"INSERT INTO mjc.credit_due (order_id, due_id, line_nos, quantities, due_at) "
	"SELECT $1, $2, $3, $4, $5 WHERE EXISTS (SELECT FROM mjc.invoice_due d WHERE d.order_id = $1 "
	"AND d.kind = 'invoice') OR mjc.invoice_live($1) IS NOT NULL",
	5,
	{UUIDOID, UUIDOID, INT4ARRAYOID, INT4ARRAYOID, TIMESTAMPTZOID},
	NULL};
static MjcStmt stmt_credit_parcel = {
	"INSERT INTO mjc.credit_due (order_id, due_id, line_nos, quantities, due_at) "
	"SELECT $1, $3, array_agg(x.line_no ORDER BY x.line_no), array_agg(x.qty ORDER BY x.line_no), "
	"$4 FROM mjc.shipment_line x WHERE x.order_id = $1 AND x.shipment_no = $2 "
	"AND (EXISTS (SELECT FROM mjc.invoice_due d WHERE d.order_id = $1 AND d.kind = 'invoice') "
	"OR mjc.invoice_live($1) IS NOT NULL) HAVING count(*) > 0",
	4,
	{UUIDOID, INT4OID, UUIDOID, TIMESTAMPTZOID},
	NULL};
static MjcStmt stmt_product = {
	"SELECT product_id FROM mjc.order_line WHERE order_id = $1 AND line_no = $2",
	2,
	{UUIDOID, INT4OID},
	NULL};
static MjcStmt stmt_touch = {
	"UPDATE mjc.order SET updated_at = $2 WHERE order_id = $1", 2, {UUIDOID, TIMESTAMPTZOID}, NULL};

/* Errors: MJ004. */
static Order
lock_order(const pg_uuid_t *order_id)
{
	Order order = {.order_id = *order_id, .at = GetCurrentTimestamp()};

	if (mjc_exec(&stmt_lock, MJC_ARGS(MJC_UUID(order_id))) != 1)
		mjc_raise(MJC_ERR_NOT_FOUND);
	MJC_ENSURE(mjc_status_parse(mjc_text_col(0, 1), &order.status), "a status is one");
	order.reference = mjc_text_col(0, 2);
	order.cod = mjc_bool_col(0, 3);
	return order;
}

static int32
insert_parcel(const pg_uuid_t *order_id, const char *carrier, const char *tracking_number,
			  TimestampTz at, bool shipped)
{
	mjc_exec_one(&stmt_insert,
				 MJC_ARGS(MJC_UUID(order_id), MJC_TEXT_OR_NULL(carrier),
						  MJC_TEXT_OR_NULL(tracking_number), MJC_TIME(at), MJC_BOOL(shipped)));
	return mjc_int4_col(0, 1);
}

static void
insert_line(const pg_uuid_t *order_id, int32 no, int32 line_no, int32 qty)
{
	mjc_exec_one(&stmt_insert_line,
				 MJC_ARGS(MJC_UUID(order_id), MJC_INT4(no), MJC_INT4(line_no), MJC_INT4(qty)));
}

/* What is in no parcel: its units by line. */
static int
read_open(const pg_uuid_t *order_id, MjcTake **takes)
{
	uint64 rows = mjc_exec_fresh(&stmt_open, MJC_ARGS(MJC_UUID(order_id)));
	int n = 0;

	*takes = palloc0(sizeof(MjcTake) * Max(rows, 1));
	for (uint64 i = 0; i < rows; i++)
		if (mjc_int4_col(i, 3) > 0)
			(*takes)[n++] = (MjcTake){mjc_uuid_col(i, 2), mjc_int4_col(i, 1), mjc_int4_col(i, 1),
									  mjc_int4_col(i, 3)};
	return n;
}

/* ------------------------------------------------- For order_change.c ---- */

/* mjc_shipment_send_rest - all that is packed leaves, and in one more parcel all that is not. */
void
mjc_shipment_send_rest(const pg_uuid_t *order_id, const char *carrier, const char *tracking_number,
					   TimestampTz at)
{
	MjcTake *takes;
	int32 parcel = 0;
	int n;

	mjc_exec(&stmt_send_packed, MJC_ARGS(MJC_UUID(order_id), MJC_TEXT_OR_NULL(carrier),
										 MJC_TEXT_OR_NULL(tracking_number), MJC_TIME(at)));
	n = read_open(order_id, &takes);
	if (n > 0)
		parcel = insert_parcel(order_id, carrier, tracking_number, at, true);
	for (int i = 0; i < n; i++)
		insert_line(order_id, parcel, takes[i].line_no, takes[i].qty);
	mjc_exec(&stmt_cod_rest, MJC_ARGS(MJC_UUID(order_id), MJC_TIME(at)));
	mjc_exec(&stmt_tracking, MJC_ARGS(MJC_UUID(order_id)));
}

/* mjc_shipment_label - another carrier or number for the parcel; of several it says nothing. */
void
mjc_shipment_label(const pg_uuid_t *order_id, const char *carrier, const char *tracking_number)
{
	mjc_exec(&stmt_label, MJC_ARGS(MJC_UUID(order_id), MJC_TEXT_OR_NULL(carrier),
								   MJC_TEXT_OR_NULL(tracking_number)));
	mjc_exec(&stmt_tracking, MJC_ARGS(MJC_UUID(order_id)));
}

/* mjc_shipment_collecting - what stands on the labels of parcels on the road. */
int64
mjc_shipment_collecting(const pg_uuid_t *order_id)
{
	mjc_exec_fresh(&stmt_collectable, MJC_ARGS(MJC_UUID(order_id)));
	return mjc_int8_col(0, 1);
}

/* A parcel arrives; what was given back for it staff see in mjc_report.payment_problem. */
static void
arrive(const pg_uuid_t *order_id, int32 no, const MjcActor *actor, TimestampTz at)
{
	int64 before = mjc_refund_unused(order_id, no);

	if (before > 0)
		mjc_payment_event(order_id, "refund", before,
						  psprintf("given back for parcel %d, which is delivered", no), actor);
	mjc_exec_one(&stmt_arrive, MJC_ARGS(MJC_UUID(order_id), MJC_INT4(no), MJC_TIME(at)));
}

/* mjc_shipment_arrive_all - everything that is on the road arrived; the cash that it collected. */
int64
mjc_shipment_arrive_all(const pg_uuid_t *order_id, const MjcActor *actor, TimestampTz at)
{
	int64 collected = mjc_shipment_collecting(order_id);
	int n = (int) mjc_exec_fresh(&stmt_on_road, MJC_ARGS(MJC_UUID(order_id)));
	int32 *nos = palloc(sizeof(int32) * Max(n, 1));

	for (int i = 0; i < n; i++)
		nos[i] = mjc_int4_col(i, 1);
	for (int i = 0; i < n; i++)
		arrive(order_id, nos[i], actor, at);
	return collected;
}

/* mjc_shipment_back_all - everything that had left is back. */
void
mjc_shipment_back_all(const pg_uuid_t *order_id, TimestampTz at)
{
	mjc_exec(&stmt_back_all, MJC_ARGS(MJC_UUID(order_id), MJC_TIME(at)));
}

/* mjc_shipment_unpack_all - nothing of it will leave. */
void
mjc_shipment_unpack_all(const pg_uuid_t *order_id)
{
	mjc_exec(&stmt_unpack_all, MJC_ARGS(MJC_UUID(order_id)));
}

/* mjc_shipment_some_left - a part of the order is on the road, or arrived. */
bool
mjc_shipment_some_left(const pg_uuid_t *order_id)
{
	mjc_exec_fresh(&stmt_left, MJC_ARGS(MJC_UUID(order_id)));
	return mjc_bool_col(0, 1);
}

/* ---------------------------------------------------------------- Rules -- */

/* A step of one parcel: its state before, or MJ332. */
static void
need_state(const Order *order, int32 no, const char *a, const char *b)
{
	char *state;

	if (mjc_exec_fresh(&stmt_state, MJC_ARGS(MJC_UUID(&order->order_id), MJC_INT4(no))) != 1)
		mjc_raise(MJC_ERR_SHIPMENT_UNKNOWN);
	state = mjc_text_col(0, 1);
	if (strcmp(state, a) != 0 && (b == NULL || strcmp(state, b) != 0))
		MJC_RAISE(MJC_ERR_SHIPMENT_STATE, {"state", state, 0});
}

static void
set_state(const Order *order, int32 no, const char *state, const char *carrier,
		  const char *tracking_number, const char *refusal)
{
	mjc_exec_one(&stmt_set, MJC_ARGS(MJC_UUID(&order->order_id), MJC_INT4(no), MJC_TEXT(state),
									 MJC_TEXT_OR_NULL(carrier), MJC_TEXT_OR_NULL(tracking_number),
									 MJC_TIME(order->at), MJC_TEXT_OR_NULL(refusal)));
}

static void
add_event(const Order *order, int32 no, const char *what, const MjcActor *actor)
{
	const char *status = mjc_status_name(order->status);

	mjc_order_add_event(&order->order_id, "shipment", status, status, actor,
						psprintf("%d: %s", no, what));
	mjc_exec_one(&stmt_touch, MJC_ARGS(MJC_UUID(&order->order_id), MJC_TIME(order->at)));
}

/* The units of a parcel move; the order's products are locked first. */
static void
move_units(const Order *order, int32 no, MjcMove move, const MjcActor *actor)
{
	MjcHolder holder = {
		.id = order->order_id, .kind = "order", .expires_at = DT_NOEND, .actor = actor};
	MjcTake *takes;
	uint64 n;

	mjc_sale_touch(&order->order_id);
	mjc_exec(&stmt_lock_products, MJC_ARGS(MJC_UUID(&order->order_id)));
	n = mjc_exec_fresh(&stmt_inside, MJC_ARGS(MJC_UUID(&order->order_id), MJC_INT4(no)));
	takes = palloc0(sizeof(MjcTake) * Max(n, 1));
	for (uint64 i = 0; i < n; i++)
		takes[i] = (MjcTake){mjc_uuid_col(i, 1), mjc_int4_col(i, 2), mjc_int4_col(i, 2),
							 mjc_int4_col(i, 3)};
	mjc_reservation_move_some(&holder, takes, (int) n, move);
}

/* Lines and units to be packed; none given: all that is in no parcel. */
static void
pack_lines(const Order *order, int32 no, const Datum *lines, const Datum *units, int n)
{
	MjcTake *open;
	int nopen = read_open(&order->order_id, &open);

	for (int k = 0; k < n; k++)
	{
		int32 wanted = DatumGetInt32(units[k]);
		int32 line = DatumGetInt32(lines[k]);
		int i = 0;

		while (i < nopen && open[i].line_no != line)
			i++;
		if (i == nopen || wanted < 1 || wanted > open[i].qty)
			MJC_RAISE(MJC_ERR_SHIPMENT_QTY, {"line", NULL, line},
					  {"open", NULL, i == nopen ? 0 : open[i].qty});
		open[i].qty = 0; /* a line is named once */
		insert_line(&order->order_id, no, line, wanted);
	}
	for (int i = 0; i < nopen && n == 0; i++)
		insert_line(&order->order_id, no, open[i].line_no, open[i].qty);
	if (n == 0 && nopen == 0)
		mjc_raise(MJC_ERR_SHIPMENT_EMPTY);
}

/* The carrier took the parcel. The last one ships the order. */
static void
hand_over(const Order *order, int32 no, const char *carrier, const char *tracking_number,
		  const MjcActor *actor)
{
	MjcTake *open;
	int64 packed_too;

	need_state(order, no, "packed", NULL);
	mjc_exec_fresh(&stmt_others, MJC_ARGS(MJC_UUID(&order->order_id), MJC_INT4(no)));
	packed_too = mjc_int8_col(0, 2);
	if (packed_too == 0 && read_open(&order->order_id, &open) == 0)
	{
		set_state(order, no, "packed", carrier, tracking_number, NULL);
		mjc_order_advance(&order->order_id, MJC_STATUS_SHIPPED, "status", actor);
		return;
	}
	set_state(order, no, "shipped", carrier, tracking_number, NULL);
	if (order->cod)
		mjc_exec_one(&stmt_cod_part, MJC_ARGS(MJC_UUID(&order->order_id), MJC_INT4(no)));
	mjc_exec(&stmt_tracking, MJC_ARGS(MJC_UUID(&order->order_id)));
	mjc_invoice_due(&order->order_id, false);
	add_event(order, no, "shipped", actor);
	mjc_order_announce("order_part_shipped", &order->order_id, order->reference,
					   mjc_status_name(order->status));
	move_units(order, no, MJC_MOVE_SHIP, actor);
}

/* A parcel arrived; the carrier has the cash that it was to collect. */
static void
deliver(const Order *order, int32 no, const MjcActor *actor)
{
	int64 cod;
	bool last;

	need_state(order, no, "shipped", "refused");
	cod = mjc_int8_col(0, 2);
	mjc_exec_fresh(&stmt_others, MJC_ARGS(MJC_UUID(&order->order_id), MJC_INT4(no)));
	last = mjc_int8_col(0, 1) == 0 && order->status == MJC_STATUS_SHIPPED;
	if (last)
	{
		mjc_order_advance(&order->order_id, MJC_STATUS_DELIVERED, "status", actor);
		return;
	}
	arrive(&order->order_id, no, actor, order->at);
	add_event(order, no, "delivered", actor);
	if (order->cod && cod > 0)
	{
		mjc_payment_collect(&order->order_id, cod, actor, order->at);
		(void) mjc_payment_follow(&order->order_id, order->at);
	}
}

static void
refuse(const Order *order, int32 no, const char *reason, const MjcActor *actor)
{
	need_state(order, no, "shipped", NULL);
	set_state(order, no, "refused", NULL, NULL, reason);
	add_event(order, no, reason == NULL ? "refused" : psprintf("refused: %s", reason), actor);
	mjc_order_announce("order_refused", &order->order_id, order->reference,
					   mjc_status_name(order->status));
}

/*
 * A parcel of several came back: its value is asked no more, or goes back. That is what its
 * goods cost, or what the carrier was to collect for it when that is more (the shipping).
 */
static void
take_off(const Order *order, int32 no, int64 cod, const MjcActor *actor)
{
	pg_uuid_t due = mjc_uuid_make();

	mjc_exec_fresh(&stmt_value, MJC_ARGS(MJC_UUID(&order->order_id), MJC_INT4(no)));
	mjc_order_less(&order->order_id, no, Max(cod, mjc_int8_col(0, 1)), actor, order->at);
	mjc_exec(&stmt_credit_parcel, MJC_ARGS(MJC_UUID(&order->order_id), MJC_INT4(no), MJC_UUID(&due),
										   MJC_TIME(order->at)));
}

/* The parcel stands on the desk again. When nothing of the order is with the buyer, it ends. */
static void
bring_back(const Order *order, int32 no, bool damaged, const MjcActor *actor)
{
	int64 cod;
	bool ends;

	need_state(order, no, "shipped", "refused");
	cod = mjc_int8_col(0, 2);
	mjc_exec_fresh(&stmt_others, MJC_ARGS(MJC_UUID(&order->order_id), MJC_INT4(no)));
	ends =
		order->status == MJC_STATUS_SHIPPED && mjc_int8_col(0, 1) == 0 && mjc_int8_col(0, 3) == 0;
	add_event(order, no, damaged ? "returned, damaged" : "returned", actor);
	move_units(order, no, damaged ? MJC_MOVE_DAMAGED : MJC_MOVE_RETURN, actor);
	set_state(order, no, "returned", NULL, NULL, NULL);
	if (ends)
		mjc_order_advance(&order->order_id, MJC_STATUS_CANCELLED, "status", actor);
	else
	{
		take_off(order, no, cod, actor);
		mjc_exec_fresh(&stmt_others, MJC_ARGS(MJC_UUID(&order->order_id), MJC_INT4(no)));
		/* What was the last on its way came back; the rest is with the buyer. */
		if (order->status == MJC_STATUS_SHIPPED && mjc_int8_col(0, 1) == 0)
			mjc_order_advance(&order->order_id, MJC_STATUS_DELIVERED, "status", actor);
	}
}

/* Where the order stands when nothing more of it will leave. */
static void
finish(const Order *order, const MjcActor *actor)
{
	int64 under_way;

	mjc_order_advance(&order->order_id, MJC_STATUS_SHIPPED, "status", actor);
	mjc_exec_fresh(&stmt_others, MJC_ARGS(MJC_UUID(&order->order_id), MJC_INT4(0)));
	under_way = mjc_int8_col(0, 1);
	if (under_way == 0)
		mjc_order_advance(&order->order_id, MJC_STATUS_DELIVERED, "status", actor);
}

/* Lines are cancelled for so many units; their value, and a credit note for them is due. */
static int64
cancel_lines(const Order *order, const MjcTake *takes, int n)
{
	pg_uuid_t due = mjc_uuid_make();
	Datum *lines = palloc(sizeof(Datum) * Max(n, 1));
	Datum *units = palloc(sizeof(Datum) * Max(n, 1));
	int64 value = 0;

	mjc_sale_touch(&order->order_id);
	for (int i = 0; i < n; i++)
	{
		lines[i] = Int32GetDatum(takes[i].line_no);
		units[i] = Int32GetDatum(takes[i].qty);
		mjc_exec_one(&stmt_cancel_open, MJC_ARGS(MJC_UUID(&order->order_id), MJC_DATUM(lines[i]),
												 MJC_DATUM(units[i])));
		value = mjc_money_add(value, mjc_int8_col(0, 1));
	}
	if (n > 0)
		mjc_exec(&stmt_credit_open,
				 MJC_ARGS(MJC_UUID(&order->order_id), MJC_UUID(&due),
						  MJC_DATUM(PointerGetDatum(construct_array(
							  lines, n, INT4OID, sizeof(int32), true, TYPALIGN_INT))),
						  MJC_DATUM(PointerGetDatum(construct_array(
							  units, n, INT4OID, sizeof(int32), true, TYPALIGN_INT))),
						  MJC_TIME(order->at)));
	return value;
}

/*
 * A part has left, the rest is not wanted: what is in no parcel is free, and asked no more.
 * Errors: MJ340 when nothing of it is with the buyer or on its way: cancel the order.
 */
static void
cancel_rest(const Order *order, const char *reason, const MjcActor *actor)
{
	MjcHolder holder = {
		.id = order->order_id, .kind = "order", .expires_at = DT_NOEND, .actor = actor};
	const char *status = mjc_status_name(order->status);
	MjcTake *takes;
	int64 value;
	int n;

	if (order->status != MJC_STATUS_PROCESSING || !mjc_shipment_some_left(&order->order_id))
		MJC_RAISE(MJC_ERR_ORDER_NOT_PART_SHIPPED, {"status", status, 0});
	mjc_shipment_unpack_all(&order->order_id);
	n = read_open(&order->order_id, &takes);
	value = cancel_lines(order, takes, n);
	mjc_exec(&stmt_lock_products, MJC_ARGS(MJC_UUID(&order->order_id)));
	mjc_order_less(&order->order_id, MJC_FOR_REST, value, actor, order->at);
	mjc_order_add_event(&order->order_id, "edit", status, status, actor,
						reason == NULL ? "the rest is cancelled" : reason);
	mjc_order_announce("order_changed", &order->order_id, order->reference, status);
	mjc_reservation_move_some(&holder, takes, n, MJC_MOVE_RELEASE);
	finish(order, actor);
}

/* ----------------------------------------------------- SQL entry points -- */

PG_FUNCTION_INFO_V1(mjc_shipment_pack);
/*
 * mjc.shipment_pack_core(order_id uuid, line_nos int[], quantities int[], carrier text,
 *     tracking_number text, actor uuid, channel text, request_id text) returns integer
 * - a parcel is packed, of these lines, or of all that is in none; its number.
 *
 * Errors: MJ003, MJ004, MJ006, MJ301 not in this state, MJ331, MJ334.
 */
Datum
mjc_shipment_pack(PG_FUNCTION_ARGS)
{
	pg_uuid_t *order_id = mjc_arg_uuid(fcinfo, 0, "order_id");
	Datum *lines = NULL;
	Datum *units = NULL;
	int n = PG_ARGISNULL(1) ? 0 : mjc_arg_array(fcinfo, 1, "line_nos", INT4OID, MAX_LINES, &lines);
	int nu =
		PG_ARGISNULL(2) ? 0 : mjc_arg_array(fcinfo, 2, "quantities", INT4OID, MAX_LINES, &units);
	char *carrier = mjc_arg_short_text(fcinfo, 3, "carrier", 100);
	char *tracking_number = mjc_arg_short_text(fcinfo, 4, "tracking_number", 100);
	MjcActor actor = mjc_actor_argument(fcinfo, 5);
	Order order;
	int32 no;

	if (n != nu)
		MJC_RAISE(MJC_ERR_ARGUMENT_INVALID, {"argument", "quantities", 0});
	mjc_begin_write();
	order = lock_order(order_id);
	if (order.status > MJC_STATUS_PROCESSING)
		MJC_RAISE(MJC_ERR_ORDER_TRANSITION_REFUSED, {"from", mjc_status_name(order.status), 0},
				  {"to", "PROCESSING", 0});
	no = insert_parcel(order_id, carrier, tracking_number, order.at, false);
	pack_lines(&order, no, lines, units, n);
	mjc_exec(&stmt_tracking, MJC_ARGS(MJC_UUID(order_id))); /* carriers tell of it from now on */
	if (order.status != MJC_STATUS_PROCESSING)
		mjc_order_advance(order_id, MJC_STATUS_PROCESSING, "status", &actor);
	order.status = MJC_STATUS_PROCESSING;
	add_event(&order, no, "packed", &actor);
	mjc_end();
	PG_RETURN_INT32(no);
}

PG_FUNCTION_INFO_V1(mjc_shipment_step);
/*
 * mjc.shipment_step(order_id uuid, shipment_no integer, step text, carrier text,
 *     tracking_number text, reason text, actor uuid, channel text, request_id text) returns text
 * - unpack, ship, deliver, refuse, return, return_damaged; the parcel's state after it.
 *
 * Errors: MJ003, MJ004, MJ006, MJ332 not in this state, MJ333 no such parcel, and those of
 * moving an order.
 */
Datum
mjc_shipment_step(PG_FUNCTION_ARGS)
{
	pg_uuid_t *order_id = mjc_arg_uuid(fcinfo, 0, "order_id");
	int32 no = mjc_arg_int32(fcinfo, 1, "shipment_no");
	char *step = mjc_arg_text(fcinfo, 2, "step");
	char *carrier = mjc_arg_short_text(fcinfo, 3, "carrier", 100);
	char *tracking_number = mjc_arg_short_text(fcinfo, 4, "tracking_number", 100);
	char *reason = mjc_arg_short_text(fcinfo, 5, "reason", 500);
	MjcActor actor = mjc_actor_argument(fcinfo, 6);
	MemoryContext caller = CurrentMemoryContext;
	Order order;
	char *state;

	mjc_begin_write();
	order = lock_order(order_id);
	if (strcmp(step, "ship") == 0)
		hand_over(&order, no, carrier, tracking_number, &actor);
	else if (strcmp(step, "deliver") == 0)
		deliver(&order, no, &actor);
	else if (strcmp(step, "refuse") == 0)
		refuse(&order, no, reason, &actor);
	else if (strcmp(step, "return") == 0 || strcmp(step, "return_damaged") == 0)
		bring_back(&order, no, strcmp(step, "return_damaged") == 0, &actor);
	else if (strcmp(step, "unpack") == 0)
	{
		need_state(&order, no, "packed", NULL);
		set_state(&order, no, "unpacked", NULL, NULL, NULL);
		add_event(&order, no, "unpacked", &actor);
	}
	else
		MJC_RAISE(MJC_ERR_ARGUMENT_INVALID, {"argument", "step", 0});
	mjc_exec_fresh(&stmt_state, MJC_ARGS(MJC_UUID(order_id), MJC_INT4(no)));
	state = MemoryContextStrdup(caller, mjc_text_col(0, 1));
	mjc_end();
	PG_RETURN_TEXT_P(cstring_to_text(state));
}

PG_FUNCTION_INFO_V1(mjc_order_take_back);
/*
 * mjc.order_take_back(order_id uuid, line_nos int[], quantities int[], damaged boolean,
 *     actor uuid, channel text, request_id text) returns void - units of these lines, which had
 * left, stand on the desk: for sale again, or damaged. The caller has locked the order.
 *
 * Errors: MJ003, MJ010, MJ115 not as many left, MJ331 no such line.
 */
Datum
mjc_order_take_back(PG_FUNCTION_ARGS)
{
	pg_uuid_t *order_id = mjc_arg_uuid(fcinfo, 0, "order_id");
	Datum *lines;
	Datum *units;
	int n = mjc_arg_array(fcinfo, 1, "line_nos", INT4OID, MAX_LINES, &lines);
	int nu = mjc_arg_array(fcinfo, 2, "quantities", INT4OID, MAX_LINES, &units);
	bool damaged = !PG_ARGISNULL(3) && PG_GETARG_BOOL(3);
	MjcActor actor = mjc_actor_argument(fcinfo, 4);
	MjcHolder holder = {.id = *order_id, .kind = "order", .expires_at = DT_NOEND, .actor = &actor};
	MjcTake *takes = palloc0(sizeof(MjcTake) * Max(n, 1));

	if (n != nu)
		MJC_RAISE(MJC_ERR_ARGUMENT_INVALID, {"argument", "quantities", 0});
	mjc_begin_write();
	mjc_sale_touch(order_id);
	for (int i = 0; i < n; i++)
	{
		int32 line = DatumGetInt32(lines[i]);

		if (mjc_exec(&stmt_product, MJC_ARGS(MJC_UUID(order_id), MJC_INT4(line))) != 1)
			MJC_RAISE(MJC_ERR_SHIPMENT_QTY, {"line", NULL, line}, {"open", NULL, 0});
		takes[i] = (MjcTake){mjc_uuid_col(0, 1), line, line, DatumGetInt32(units[i])};
	}
	mjc_reservation_move_some(&holder, takes, n, damaged ? MJC_MOVE_DAMAGED : MJC_MOVE_RETURN);
	mjc_end();
	PG_RETURN_VOID();
}

PG_FUNCTION_INFO_V1(mjc_order_cancel_rest);
/*
 * mjc.order_cancel_rest_core(order_id uuid, reason text, actor uuid, channel text,
 *     request_id text) returns text - of an order of which a part has left the rest is
 * cancelled; its status. Errors: MJ003, MJ004, MJ006, MJ340.
 */
Datum
mjc_order_cancel_rest(PG_FUNCTION_ARGS)
{
	pg_uuid_t *order_id = mjc_arg_uuid(fcinfo, 0, "order_id");
	char *reason = mjc_arg_short_text(fcinfo, 1, "reason", 500);
	MjcActor actor = mjc_actor_argument(fcinfo, 2);
	Order order;

	mjc_begin_write();
	order = lock_order(order_id);
	cancel_rest(&order, reason, &actor);
	order = lock_order(order_id);
	mjc_end();
	PG_RETURN_TEXT_P(cstring_to_text(mjc_status_name(order.status)));
}
