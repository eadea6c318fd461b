/*
 * order_change.c - an order moves on: confirm, prepare, ship, deliver, cancel, refund.
 *
 * One way in for REST, psql and jobs. The order's row is locked first (so two
 * clerks, or a clerk and the expiry job, cannot both act), the transition is
 * decided by order_state.c, then payment, history, audit and stock follow in the
 * same transaction, then stock, coupons and credit.
 *
 * Lock order: order row, stock anchors by product id, coupons by code, credit by id.
 * Tables written: order, customer_order, shipment, order_event, invoice_due, audit, outbox, and
 * those of payment.c, reservation.c, coupon.c and credit.c.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "args.h"
#include "audit.h"
#include "commit.h"
#include "coupon.h"
#include "credit.h"
#include "error.h"
#include "invoice.h"
#include "numbering.h"
#include "order.h"
#include "payment.h"
#include "reservation.h"
#include "sale.h"
#include "shipment.h"
#include "spi.h"
#include "text.h"
#include "uuid.h"

/* What somebody wants to do to an order. */
typedef struct Change
{
	pg_uuid_t order_id;
	MjcOrderStatus to;
	char *tracking_number;	/* or NULL: keep */
	char *carrier;			/* or NULL: keep */
	char *note;				/* or NULL; appended to the staff notes */
	const char *event_kind; /* "status" or "expired" */
	bool own;				/* by the customer: only his own, and early */
} Change;

/* The order as found under its lock. */
typedef struct Found
{
	MjcOrderStates states;
	MjcOrderStatus status;
	pg_uuid_t customer_id;
	char *reference;
	bool cash_on_delivery;
	int ncoupons;
	Datum *coupons; /* codes whose use the order took */
	int ncredits;
	Datum *credits; /* ids of cards that paid a part */
} Found;

/* -------------------------------------------------------------- Storage -- */

static MjcStmt stmt_lock = {
	"SELECT order_state, payment_state, fulfilment_state, customer_id, reference, "
	"payment_method = 'CASH_ON_DELIVERY', coupons, credit_ids FROM mjc.order WHERE order_id = $1 "
	"FOR UPDATE",
	1,
	{UUIDOID},
	NULL};
static MjcStmt stmt_update = {
	"UPDATE mjc.order SET order_state = $2, payment_state = $3, fulfilment_state = $4, "
	"tracking_number = coalesce($5, tracking_number), carrier = coalesce($6, carrier), "
	"notes = CASE WHEN $7 IS NULL THEN notes WHEN notes IS NULL THEN $7 "
	"ELSE notes || pg_catalog.chr(10) || $7 END, "
	"shipped_at = CASE WHEN $8 THEN $11 ELSE shipped_at END, "
	"delivered_at = CASE WHEN $9 THEN $11 ELSE delivered_at END, "
	"cancelled_at = CASE WHEN $10 THEN $11 ELSE cancelled_at END, "
	"updated_at = $11 WHERE order_id = $1",
	11,
	{UUIDOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, BOOLOID, BOOLOID, BOOLOID,
	 TIMESTAMPTZOID},
	NULL};
static MjcStmt stmt_close = {
	"UPDATE mjc.customer_order SET is_open = false WHERE customer_id = $1 AND order_id = $2 "
	"AND is_open",
	2,
	{UUIDOID, UUIDOID},
	NULL};
static MjcStmt stmt_open = {
	"UPDATE mjc.customer_order SET is_open = true WHERE customer_id = $1 AND order_id = $2",
	2,
	{UUIDOID, UUIDOID},
	NULL};
static MjcStmt stmt_revive = {
	"UPDATE mjc.order SET order_state = 'confirmed', payment_state = $2, "
	"fulfilment_state = 'unfulfilled', cancelled_at = NULL, updated_at = $3 WHERE order_id = $1",
	3,
	{UUIDOID, TEXTOID, TIMESTAMPTZOID},
	NULL};
static MjcStmt stmt_by_reference = {
	"SELECT order_id FROM mjc.order_reference WHERE reference = $1", 1, {TEXTOID}, NULL};
static MjcStmt stmt_find = {"SELECT mjc.order_find($1)", 1, {TEXTOID}, NULL};
static MjcStmt stmt_due = {"SELECT order_id FROM mjc.order WHERE order_state = 'placed' "
						   "AND fulfilment_state = 'unfulfilled' AND confirm_by_at <= $1 "
						   "ORDER BY confirm_by_at LIMIT $2 FOR UPDATE SKIP LOCKED",
						   2,
						   {TIMESTAMPTZOID, INT4OID},
						   NULL};

static MjcStmt stmt_lock_products = {
	"SELECT 1 FROM mjc.stock_anchor a WHERE a.product_id = ANY ($1) "
	"ORDER BY a.product_id FOR NO KEY UPDATE",
	1,
	{UUIDARRAYOID},
	NULL};
static MjcStmt stmt_lines = {"SELECT product_id, min(line_no), sum(qty)::pg_catalog.int4 "
							 "FROM mjc.order_line WHERE order_id = $1 GROUP BY product_id",
							 1,
							 {UUIDOID},
							 NULL};
/* As many days after the promise as there were between the order and its estimate. */
static MjcStmt stmt_delay = {
	"UPDATE mjc.order SET estimated_on = greatest(estimated_on, $2 + (estimated_on - "
	"mjc.algiers_date(placed_at))) WHERE order_id = $1",
	2,
	{UUIDOID, DATEOID},
	NULL};
static MjcStmt stmt_products = {
	"SELECT DISTINCT product_id FROM mjc.order_line WHERE order_id = ANY ($1)",
	1,
	{UUIDARRAYOID},
	NULL};

static MjcStmt stmt_coupons = {
	"SELECT DISTINCT u.code COLLATE pg_catalog.\"C\" AS code FROM mjc.order o, unnest(o.coupons) u (code) "
	"WHERE o.order_id = ANY ($1) ORDER BY 1",
	1,
	{UUIDARRAYOID},
	NULL};
static MjcStmt stmt_credits = {"SELECT DISTINCT u.id FROM mjc.order o, unnest(o.credit_ids) u (id) "
							   "WHERE o.order_id = ANY ($1) ORDER BY 1",
							   1,
							   {UUIDARRAYOID},
							   NULL};

static Found
lock_order(const pg_uuid_t *order_id)
{
	Found found;

	if (mjc_exec(&stmt_lock, MJC_ARGS(MJC_UUID(order_id))) != 1)
		mjc_raise(MJC_ERR_NOT_FOUND);
	found.states.order = mjc_text_col(0, 1);
	found.states.payment = mjc_text_col(0, 2);
	found.states.fulfilment = mjc_text_col(0, 3);
	found.customer_id = mjc_uuid_col(0, 4);
	found.reference = mjc_text_col(0, 5);
	found.cash_on_delivery = mjc_bool_col(0, 6);
	found.status = mjc_status_of(&found.states);
	found.ncoupons = mjc_array_col(0, 7, TEXTOID, &found.coupons);
	found.ncredits = mjc_array_col(0, 8, UUIDOID, &found.credits);
	return found;
}

/* What the buyer is told; NULL: not of this step. */
static const char *
topic_of(MjcOrderStatus to)
{
	switch (to)
	{
		case MJC_STATUS_CONFIRMED:
			return "order_confirmed";
		case MJC_STATUS_SHIPPED:
			return "order_shipped";
		case MJC_STATUS_DELIVERED:
			return "order_delivered";
		case MJC_STATUS_CANCELLED:
			return "order_cancelled";
		case MJC_STATUS_REFUNDED:
			return "order_refunded";
		default:
			return NULL;
	}
}

static void
update_order(const Change *change, const MjcOrderStates *states, const MjcOrderEffects *effects,
			 TimestampTz at)
{
	bool cancelled = strcmp(states->order, "cancelled") == 0;

	mjc_exec_one(&stmt_update,
				 MJC_ARGS(MJC_UUID(&change->order_id), MJC_TEXT(states->order),
						  MJC_TEXT(states->payment), MJC_TEXT(states->fulfilment),
						  MJC_TEXT_OR_NULL(change->tracking_number),
						  MJC_TEXT_OR_NULL(change->carrier), MJC_TEXT_OR_NULL(change->note),
						  MJC_BOOL(effects->ship), MJC_BOOL(effects->delivered),
						  MJC_BOOL(cancelled), MJC_TIME(at)));
}

/* Returns the cash that carriers took. */
static int64
update_shipment(const Change *change, const MjcOrderEffects *effects, const MjcActor *actor,
				TimestampTz at)
{
	int64 cash = 0;

	if (effects->ship)
		mjc_shipment_send_rest(&change->order_id, change->carrier, change->tracking_number, at);
	if (effects->delivered)
		cash = mjc_shipment_arrive_all(&change->order_id, actor, at);
	if (effects->release)
		mjc_shipment_unpack_all(&change->order_id);
	if (effects->take_back)
		mjc_shipment_back_all(&change->order_id, at);
	return cash;
}

/* What the order's lines say that it should hold. */
static int
read_takes(const pg_uuid_t *order_id, MjcTake **takes, pg_uuid_t **products)
{
	uint64 n = mjc_exec_fresh(&stmt_lines, MJC_ARGS(MJC_UUID(order_id)));

	*takes = palloc0(sizeof(MjcTake) * Max(n, 1));
	*products = palloc(sizeof(pg_uuid_t) * Max(n, 1));
	for (uint64 i = 0; i < n; i++)
	{
		(*products)[i] = mjc_uuid_col(i, 1);
		(*takes)[i] =
			(MjcTake){(*products)[i], mjc_int4_col(i, 2), mjc_int4_col(i, 2), mjc_int4_col(i, 3)};
	}
	return (int) n;
}

static void
move_stock(const Change *change, const MjcOrderEffects *effects, const MjcActor *actor)
{
	MjcHolder holder = {
		.id = change->order_id, .kind = "order", .expires_at = DT_NOEND, .actor = actor};
	MjcTake *takes;
	pg_uuid_t *products;
	int n;

	if (!effects->keep && !effects->release && !effects->ship && !effects->take_back)
		return;
	n = read_takes(&change->order_id, &takes, &products);
	if (effects->keep)
	{
		DateADT promised = mjc_reservation_keep(&holder, takes, n);

		if (promised != 0)
			mjc_exec_one(&stmt_delay, MJC_ARGS(MJC_UUID(&change->order_id),
											   MJC_DATUM(DateADTGetDatum(promised))));
	}
	if (effects->release)
		mjc_reservation_move(&holder, products, n, MJC_MOVE_RELEASE);
	if (effects->ship)
		mjc_reservation_move(&holder, products, n, MJC_MOVE_SHIP);
	if (effects->take_back)
		mjc_reservation_move(&holder, products, n, MJC_MOVE_RETURN);
}

/* A cancelled order frees its coupons; one that ended gives back what cards paid. */
static void
give_back(const Change *change, const Found *found, const MjcActor *actor, TimestampTz at)
{
	const pg_uuid_t *who = actor->known ? &actor->id : NULL;
	pg_uuid_t *cards = palloc(sizeof(pg_uuid_t) * Max(found->ncredits, 1));

	if (change->to != MJC_STATUS_CANCELLED && change->to != MJC_STATUS_REFUNDED)
		return;
	for (int i = 0; i < found->ncoupons && change->to == MJC_STATUS_CANCELLED; i++)
		mjc_coupon_give_back(TextDatumGetCString(found->coupons[i]), &change->order_id, at);
	for (int i = 0; i < found->ncredits; i++)
		cards[i] = *DatumGetUUIDP(found->credits[i]);
	mjc_credits_lock(cards, found->ncredits);
	for (int i = 0; i < found->ncredits; i++)
		mjc_credit_give_back(&cards[i], &change->order_id, who);
}

/* The order stays where it is; a note, tracking number or carrier is still kept. */
static void
note_only(const Change *change, const Found *found, const MjcActor *actor)
{
	const char *status = mjc_status_name(found->status);
	MjcOrderEffects none = {0};

	if (change->tracking_number == NULL && change->carrier == NULL && change->note == NULL)
		return;
	if (found->status == MJC_STATUS_CANCELLED || found->status == MJC_STATUS_REFUNDED)
		return;
	update_order(change, &found->states, &none, GetCurrentTimestamp());
	mjc_shipment_label(&change->order_id, change->carrier, change->tracking_number);
	mjc_order_add_event(&change->order_id, "note", status, status, actor, change->note);
	mjc_audit(actor, "order_note", "order", found->reference, NULL,
			  mjc_json_pair("status", status));
}

static void
transition(const Change *change, const Found *found, const MjcActor *actor)
{
	MjcOrderStates states = found->states;
	MjcOrderEffects effects = mjc_transition_apply(&states, change->to, found->cash_on_delivery);
	const char *from = mjc_status_name(found->status);
	const char *to = mjc_status_name(change->to);
	TimestampTz at = GetCurrentTimestamp();
	int64 cash;

	if (effects.end_payment || effects.ship)
		mjc_sale_touch(&change->order_id);
	cash = update_shipment(change, &effects, actor, at);
	if (effects.end_payment && mjc_payment_end(&change->order_id, actor, at))
		states.payment = "refunded";
	if (effects.collect)
	{
		mjc_payment_collect(&change->order_id, cash, actor, at);
		states.payment = mjc_payment_state(&change->order_id);
	}
	update_order(change, &states, &effects, at);
	if (effects.ship || effects.take_back)
		mjc_invoice_due(&change->order_id, effects.take_back);
	if (!mjc_status_is_open(change->to))
		mjc_exec(&stmt_close, MJC_ARGS(MJC_UUID(&found->customer_id), MJC_UUID(&change->order_id)));
	mjc_order_add_event(&change->order_id, change->event_kind, from, to, actor, change->note);
	mjc_audit(actor, "order_status", "order", found->reference, mjc_json_pair("status", from),
			  mjc_json_pair("status", to));
	if (topic_of(change->to) != NULL)
		mjc_order_announce(topic_of(change->to), &change->order_id, found->reference, to);
	move_stock(change, &effects, actor);
	give_back(change, found, actor, at);
}

/*
 * Moves an order. Needs SPI open. Staying in place is allowed and changes no state.
 * Errors: MJ004 no such order, or another's; MJ301 transition not allowed; MJ335 a part of it left.
 */
static void
change_order(const Change *change, const MjcActor *actor)
{
	Found found = lock_order(&change->order_id);
	bool allowed = change->own ? mjc_customer_may(found.status, change->to)
							   : mjc_transition_allowed(found.status, change->to);

	if (change->own && mjc_uuid_compare(&found.customer_id, &actor->id) != 0)
		mjc_raise(MJC_ERR_NOT_FOUND);

	/* "Already done" and "too late" must hold: somebody's step may be on its way to the disk. */
	if (!allowed)
		mjc_flush_seen_wait();
	if (found.status == change->to)
	{
		note_only(change, &found, actor);
		return;
	}
	if (!allowed)
		MJC_RAISE(MJC_ERR_ORDER_TRANSITION_REFUSED, {"from", mjc_status_name(found.status), 0},
				  {"to", mjc_status_name(change->to), 0});
	if (change->to == MJC_STATUS_CANCELLED && found.status < MJC_STATUS_SHIPPED &&
		mjc_shipment_some_left(&change->order_id))
		mjc_raise(MJC_ERR_ORDER_PART_SHIPPED);
	transition(change, &found, actor);
}

/*
 * mjc_order_advance - another rule moves an order, whose row it has locked. Needs SPI open.
 *
 * event_kind: "status" or "expired". Errors: MJ301, and those of what it does to stock.
 */
void
mjc_order_advance(const pg_uuid_t *order_id, MjcOrderStatus to, const char *event_kind,
				  const MjcActor *actor)
{
	Change change = {.order_id = *order_id, .to = to, .event_kind = event_kind};

	change_order(&change, actor);
}

/*
 * mjc_order_revive - an order that was cancelled goes on confirmed: it was paid after all.
 *
 * payment.c has booked the money before. Needs SPI open. Errors: MJ101 naming the line when its
 * units are gone; MJ204 to MJ206 a coupon cannot be used again.
 */
void
mjc_order_revive(const pg_uuid_t *order_id, const MjcActor *actor)
{
	Found found = lock_order(order_id);
	Change change = {.order_id = *order_id, .to = MJC_STATUS_CONFIRMED};
	MjcOrderEffects effects = {.keep = true};
	TimestampTz at = GetCurrentTimestamp();
	const char *to = mjc_status_name(change.to);

	MJC_ENSURE(found.status == MJC_STATUS_CANCELLED && found.ncredits == 0,
			   "only a cancelled order without credit is revived");
	mjc_sale_touch(order_id);
	mjc_exec_one(&stmt_revive,
				 MJC_ARGS(MJC_UUID(order_id), MJC_TEXT(mjc_payment_state(order_id)), MJC_TIME(at)));
	mjc_exec_one(&stmt_open, MJC_ARGS(MJC_UUID(&found.customer_id), MJC_UUID(order_id)));
	mjc_order_add_event(order_id, "status", mjc_status_name(found.status), to, actor, NULL);
	mjc_order_announce("order_confirmed", order_id, found.reference, to);
	move_stock(&change, &effects, actor);
	for (int i = 0; i < found.ncoupons; i++)
		mjc_coupon_take(TextDatumGetCString(found.coupons[i]), order_id, &found.customer_id, at);
}

/* ----------------------------------------------------- SQL entry points -- */

static MjcOrderStatus
status_argument(const char *name)
{
	MjcOrderStatus status;

	if (!mjc_status_parse(name, &status))
		mjc_raise(MJC_ERR_ORDER_STATUS_UNKNOWN);
	return status;
}

/*
 * REST: actor, token_version, token_id, request_id come first, the order's id
 * next; the caller has set the rest. Returns {"order": ...}.
 */
static Datum
change_by_rest(FunctionCallInfo fcinfo, Change *change)
{
	MemoryContext caller = CurrentMemoryContext;
	MjcActor actor;
	char *reply;

	change->order_id = *mjc_arg_uuid(fcinfo, 4, "order_id");
	change->event_kind = "status";
	mjc_begin_write();
	actor = mjc_actor_admin(fcinfo);
	change_order(change, &actor);
	reply = MemoryContextStrdup(caller, mjc_order_json(&change->order_id, true));
	mjc_end();
	PG_RETURN_TEXT_P(cstring_to_text(psprintf("{\"order\":%s}", reply)));
}

PG_FUNCTION_INFO_V1(mjc_api_order_status_set);
/*
 * mjc_api.staff_order_status_set(actor, token_version, token_id, request_id, order_id uuid,
 *     status text, tracking_number text, note text) returns json
 */
Datum
mjc_api_order_status_set(PG_FUNCTION_ARGS)
{
	Change change = {.to = status_argument(mjc_arg_text(fcinfo, 5, "status"))};

	change.tracking_number = mjc_arg_short_text(fcinfo, 6, "tracking_number", 100);
	change.note = mjc_arg_short_text(fcinfo, 7, "note", 500);
	return change_by_rest(fcinfo, &change);
}

PG_FUNCTION_INFO_V1(mjc_api_order_cancel);
/* mjc_api.staff_order_cancel(actor, ..., order_id uuid, reason text) returns json */
Datum
mjc_api_order_cancel(PG_FUNCTION_ARGS)
{
	Change change = {.to = MJC_STATUS_CANCELLED};

	change.note = mjc_arg_short_text(fcinfo, 5, "reason", 500);
	return change_by_rest(fcinfo, &change);
}

PG_FUNCTION_INFO_V1(mjc_api_order_cancel_own);
/*
 * mjc_api.order_cancel(actor, ..., id text, reason text) returns json - the customer himself,
 * by id or number, while nothing was prepared.
 */
Datum
mjc_api_order_cancel_own(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	char *id = mjc_arg_text(fcinfo, 4, "id");
	Change change = {.to = MJC_STATUS_CANCELLED, .event_kind = "status", .own = true};
	MjcActor actor;
	char *reply;

	change.note = mjc_arg_short_text(fcinfo, 5, "reason", 500);
	mjc_begin_write();
	actor = mjc_actor_account(fcinfo);
	mjc_exec_one(&stmt_find, MJC_ARGS(MJC_TEXT(id)));
	if (mjc_is_null(0, 1))
		mjc_raise(MJC_ERR_NOT_FOUND);
	change.order_id = mjc_uuid_col(0, 1);
	change_order(&change, &actor);
	reply = MemoryContextStrdup(caller, mjc_order_json(&change.order_id, false));
	mjc_end();
	PG_RETURN_TEXT_P(cstring_to_text(psprintf("{\"order\":%s}", reply)));
}

PG_FUNCTION_INFO_V1(mjc_api_order_ship);
/* mjc_api.staff_order_ship(actor, ..., order_id uuid, tracking_number text, carrier text) returns
 * json */
Datum
mjc_api_order_ship(PG_FUNCTION_ARGS)
{
	Change change = {.to = MJC_STATUS_SHIPPED};

	change.tracking_number = mjc_arg_short_text(fcinfo, 5, "tracking_number", 100);
	change.carrier = mjc_arg_short_text(fcinfo, 6, "carrier", 100);
	return change_by_rest(fcinfo, &change);
}

PG_FUNCTION_INFO_V1(mjc_api_order_deliver);
/* mjc_api.staff_order_deliver(actor, ..., order_id uuid) returns json */
Datum
mjc_api_order_deliver(PG_FUNCTION_ARGS)
{
	Change change = {.to = MJC_STATUS_DELIVERED};

	return change_by_rest(fcinfo, &change);
}

PG_FUNCTION_INFO_V1(mjc_order_change);
/*
 * mjc.order_change(reference text, status text, note text, tracking_number text, carrier text)
 * - staff move an order; returns its status. mjc.order_confirm, order_ship and the
 * others of sql/order.sql are this call with the status filled in.
 *
 * Errors: MJ003, MJ004, MJ006, MJ301, MJ306, MJ401 mistyped reference, MJ601.
 */
Datum
mjc_order_change(PG_FUNCTION_ARGS)
{
	char *reference = mjc_order_reference_parse(mjc_arg_text(fcinfo, 0, "reference"));
	Change change = {.to = status_argument(mjc_arg_text(fcinfo, 1, "status"))};
	MjcActor actor;

	change.note = mjc_arg_short_text(fcinfo, 2, "note", 500);
	change.tracking_number = mjc_arg_short_text(fcinfo, 3, "tracking_number", 100);
	change.carrier = mjc_arg_short_text(fcinfo, 4, "carrier", 100);
	change.event_kind = "status";
	if (reference == NULL)
		mjc_raise(MJC_ERR_REFERENCE_INVALID);
	mjc_begin_write();
	actor = mjc_actor_staff();
	if (mjc_exec(&stmt_by_reference, MJC_ARGS(MJC_TEXT(reference))) != 1)
		mjc_raise(MJC_ERR_NOT_FOUND);
	change.order_id = mjc_uuid_col(0, 1);
	change_order(&change, &actor);
	mjc_end();
	PG_RETURN_TEXT_P(cstring_to_text(mjc_status_name(change.to)));
}

/* Locks what several orders give back, each kind in its order; one order after the other would not.
 */
static void
lock_coupons_and_credit(const pg_uuid_t *orders, uint64 norders)
{
	Datum ids = mjc_uuid_array(orders, (int) norders);
	uint64 n = mjc_exec(&stmt_coupons, MJC_ARGS(MJC_DATUM(ids)));
	char **codes = palloc(sizeof(char *) * Max(n, 1));

	for (uint64 i = 0; i < n; i++)
		codes[i] = mjc_text_col(i, 1);
	mjc_coupons_lock(codes, (int) n);
	n = mjc_exec(&stmt_credits, MJC_ARGS(MJC_DATUM(ids)));
	mjc_credits_lock(mjc_uuid_cols(n, 1), (int) n);
}

/* Locks the products of several orders in product order. */
static void
lock_products(const pg_uuid_t *orders, uint64 norders)
{
	uint64 n = mjc_exec(&stmt_products, MJC_ARGS(MJC_DATUM(mjc_uuid_array(orders, (int) norders))));
	pg_uuid_t *products = mjc_uuid_cols(n, 1);

	mjc_exec(&stmt_lock_products, MJC_ARGS(MJC_DATUM(mjc_uuid_array(products, (int) n))));
}

PG_FUNCTION_INFO_V1(mjc_order_expire);
/*
 * mjc.order_expire(batch integer) - cancel orders that nobody confirmed in time;
 * returns their number. Run by the job; safe at any time, anywhere twice.
 */
Datum
mjc_order_expire(PG_FUNCTION_ARGS)
{
	int32 batch = mjc_arg_int32(fcinfo, 0, "batch");
	MjcActor actor;
	pg_uuid_t *due;
	uint64 n;

	if (batch < 1 || batch > 1000)
		MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", "batch", 0});
	mjc_begin_write();
	mjc_commit_early();
	actor = mjc_actor_job();
	n = mjc_exec(&stmt_due, MJC_ARGS(MJC_TIME(GetCurrentTimestamp()), MJC_INT4(batch)));
	due = mjc_uuid_cols(n, 1);
	if (n > 1)
	{
		lock_products(due, n);
		lock_coupons_and_credit(due, n);
	}
	for (uint64 i = 0; i < n; i++)
	{
		Change change = {.order_id = due[i], .to = MJC_STATUS_CANCELLED, .event_kind = "expired"};

		change_order(&change, &actor);
	}
	mjc_end();
	PG_RETURN_INT64((int64) n);
}
