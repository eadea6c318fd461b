/*
 * payment.c - the money of an order: what is asked, what came in, what goes back.
 *
 * Invariants, all under the lock of the order's row:
 *   at most one payment is asked for at a time (pending); what came in and does not fit what
 *   was asked stands apart (mismatch) and counts for nothing until staff decide;
 *   of an order under way: what is asked + what came in - what went back because it was too
 *   much or because the provider took it back = what is due;
 *   of an ended order: nothing is asked, and all that came in goes back;
 *   what goes back of a payment is never more than came in by it (also a CHECK).
 * Money that a provider took is asked back from it by a task (mjc.provider_task), cash is
 * handed back at once, and a transfer is staff's to make and to report.
 *
 * Lock order: the order's row before everything here.
 * Tables written: payment, refund, provider_task, order, order_event.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "error.h"
#include "money.h"
#include "order.h"
#include "payment.h"
#include "sale.h"
#include "spi.h"
#include "uuid.h"

/* -------------------------------------------------------------- Storage -- */

static MjcStmt stmt_asked = {"SELECT payment_id, amount_centimes FROM mjc.payment "
							 "WHERE order_id = $1 AND state = 'pending'",
							 1,
							 {UUIDOID},
							 NULL};
static MjcStmt stmt_paid = {
	"UPDATE mjc.payment SET state = 'paid', method = $3, provider = $4, provider_ref = $5, "
	"received_centimes = $6, note = coalesce($7, note), paid_at = $8, updated_at = $8 "
	"WHERE order_id = $1 AND payment_id = $2",
	8,
	{UUIDOID, UUIDOID, TEXTOID, TEXTOID, TEXTOID, INT8OID, TEXTOID, TIMESTAMPTZOID},
	NULL};
static MjcStmt stmt_less = {
	"UPDATE mjc.payment SET amount_centimes = amount_centimes - $3, updated_at = $4 "
	"WHERE order_id = $1 AND payment_id = $2",
	4,
	{UUIDOID, UUIDOID, INT8OID, TIMESTAMPTZOID},
	NULL};
static MjcStmt stmt_ask_less = {
	"UPDATE mjc.payment SET amount_centimes = amount_centimes - $2, "
	"state = CASE WHEN amount_centimes = $2 THEN 'void' ELSE state END, updated_at = $3 "
	"WHERE order_id = $1 AND state = 'pending'",
	3,
	{UUIDOID, INT8OID, TIMESTAMPTZOID},
	NULL};
static MjcStmt stmt_insert_paid = {
	"INSERT INTO mjc.payment (order_id, payment_id, method, provider, provider_ref, "
	"amount_centimes, state, created_at, updated_at, paid_at, received_centimes, note) "
	"VALUES ($1, $2, $3, $4, $5, $6, 'paid', $7, $7, $7, $6, $8)",
	8,
	{UUIDOID, UUIDOID, TEXTOID, TEXTOID, TEXTOID, INT8OID, TIMESTAMPTZOID, TEXTOID},
	NULL};
static MjcStmt stmt_sums = {
	"SELECT count(*) FILTER (WHERE p.state = 'pending'), "
	"coalesce(sum(p.received_centimes - coalesce((SELECT sum(r.amount_centimes) "
	"FROM mjc.refund r WHERE r.order_id = $1 AND r.payment_id = p.payment_id "
	"AND r.kind NOT IN ('return', 'exchange')), 0)) FILTER (WHERE p.state <> 'mismatch'), "
	"0)::pg_catalog.int8 "
	"FROM mjc.payment p WHERE p.order_id = $1",
	1,
	{UUIDOID},
	NULL};
static MjcStmt stmt_collect = {
	"UPDATE mjc.payment SET state = 'paid', received_centimes = amount_centimes, paid_at = $2, "
	"updated_at = $2 WHERE order_id = $1 AND state = 'pending' AND amount_centimes = 0",
	2,
	{UUIDOID, TIMESTAMPTZOID},
	NULL};
/*
 * A mismatch that came in counts as paid from here on, so that it goes back like the rest; one in
 * another currency stays, for only staff can send it back.
 */
static MjcStmt stmt_end_asked = {
	"UPDATE mjc.payment SET state = CASE WHEN received_centimes > 0 THEN 'paid' ELSE 'void' END, "
	"paid_at = CASE WHEN received_centimes > 0 THEN $2 END, updated_at = $2 "
	"WHERE order_id = $1 AND (state = 'pending' OR state = 'mismatch' AND received_centimes > 0)",
	2,
	{UUIDOID, TIMESTAMPTZOID},
	NULL};
static MjcStmt stmt_end_empty = {
	"UPDATE mjc.payment SET state = 'refunded', refunded_at = $2, updated_at = $2 "
	"WHERE order_id = $1 AND state = 'paid' AND received_centimes = refunded_centimes",
	2,
	{UUIDOID, TIMESTAMPTZOID},
	NULL};
static MjcStmt stmt_held = {
	"SELECT payment_id, received_centimes - refunded_centimes FROM mjc.payment "
	"WHERE order_id = $1 AND state = 'paid' AND received_centimes > refunded_centimes "
	"ORDER BY paid_at DESC, payment_id",
	1,
	{UUIDOID},
	NULL};
static MjcStmt stmt_came_in = {
	"SELECT EXISTS (SELECT FROM mjc.payment p WHERE p.order_id = $1 AND p.received_centimes > 0)",
	1,
	{UUIDOID},
	NULL};
static MjcStmt stmt_reopen = {
	"UPDATE mjc.payment SET state = 'pending', amount_centimes = $2, updated_at = $3 "
	"WHERE order_id = $1 AND payment_id = (SELECT x.payment_id FROM mjc.payment x "
	"WHERE x.order_id = $1 AND x.state = 'void' ORDER BY x.created_at, x.payment_id LIMIT 1)",
	3,
	{UUIDOID, INT8OID, TIMESTAMPTZOID},
	NULL};
static MjcStmt stmt_take_back = {
	"UPDATE mjc.payment SET refunded_centimes = refunded_centimes + $3, "
	"state = CASE WHEN refunded_centimes + $3 = received_centimes THEN 'refunded' ELSE state END, "
	"paid_at = CASE WHEN refunded_centimes + $3 = received_centimes THEN coalesce(paid_at, $4) "
	"ELSE paid_at END, refunded_at = $4, updated_at = $4 WHERE order_id = $1 AND payment_id = $2 "
	"AND state IN ('paid', 'mismatch') AND received_centimes - refunded_centimes >= $3 "
	"RETURNING provider",
	4,
	{UUIDOID, UUIDOID, INT8OID, TIMESTAMPTZOID},
	NULL};
static MjcStmt stmt_refund = {
	"INSERT INTO mjc.refund (order_id, refund_id, payment_id, amount_centimes, kind, state, "
	"reason, actor, created_at, updated_at, done_at, shipment_no, used_centimes, provider_ref, "
	"at_provider) VALUES ($1, $2, $3, $4, $5, CASE WHEN $6 THEN 'done' ELSE 'due' END, $7, $8, "
	"$9, $9, CASE WHEN $6 THEN $9 END, nullif($10, -1), CASE WHEN $11 THEN $4 ELSE 0 END, $12, "
	"$5 = 'outside')",
	12,
	{UUIDOID, UUIDOID, UUIDOID, INT8OID, TEXTOID, BOOLOID, TEXTOID, UUIDOID, TIMESTAMPTZOID,
	 INT4OID, BOOLOID, TEXTOID},
	NULL};
/* Chargily Pay has no refunds: staff send those back by hand. */
static MjcStmt stmt_task = {
	"INSERT INTO mjc.provider_task (task_id, kind, provider, order_id, request, created_at, "
	"next_at) SELECT r.refund_id, 'refund', p.provider, r.order_id, "
	"pg_catalog.jsonb_build_object('payment_ref', p.provider_ref, 'amount_centimes', "
	"r.amount_centimes, 'currency', p.currency, 'refund_id', r.refund_id, 'order_id', "
	"r.order_id), $3, $3 FROM mjc.refund r JOIN mjc.payment p ON p.order_id = r.order_id "
	"AND p.payment_id = r.payment_id WHERE r.order_id = $1 AND p.order_id = $1 "
	"AND r.refund_id = $2 AND r.state = 'due' AND p.provider = 'stripe' "
	"AND p.provider_ref IS NOT NULL",
	3,
	{UUIDOID, UUIDOID, TIMESTAMPTZOID},
	NULL};
static MjcStmt stmt_ask_more = {
	"UPDATE mjc.payment SET amount_centimes = amount_centimes + $2, updated_at = $3 "
	"WHERE order_id = $1 AND state = 'pending'",
	3,
	{UUIDOID, INT8OID, TIMESTAMPTZOID},
	NULL};
static MjcStmt stmt_ask = {
	"INSERT INTO mjc.payment (order_id, payment_id, method, provider, amount_centimes, state, "
	"created_at, updated_at) SELECT $1, $2, m.method, m.provider, $4, 'pending', $5, $5 "
	"FROM mjc.payment_method m WHERE m.method = $3",
	5,
	{UUIDOID, UUIDOID, TEXTOID, INT8OID, TIMESTAMPTZOID},
	NULL};
static MjcStmt stmt_follow = {
	"UPDATE mjc.order SET payment_state = $2, updated_at = $3 WHERE order_id = $1",
	3,
	{UUIDOID, TEXTOID, TIMESTAMPTZOID},
	NULL};
static MjcStmt stmt_status = {
	"SELECT status FROM mjc.order WHERE order_id = $1", 1, {UUIDOID}, NULL};

/* ------------------------------------------------------------ Coming in -- */

static pg_uuid_t
insert_paid(const MjcReceipt *r, int64 amount)
{
	pg_uuid_t id = mjc_uuid_make();

	mjc_exec_one(&stmt_insert_paid,
				 MJC_ARGS(MJC_UUID(r->order_id), MJC_UUID(&id), MJC_TEXT(r->method),
						  MJC_TEXT(r->provider), MJC_TEXT_OR_NULL(r->provider_ref),
						  MJC_INT8(amount), MJC_TIME(r->at), MJC_TEXT_OR_NULL(r->note)));
	return id;
}

/*
 * mjc_payment_receive - money came in: what is asked is paid, a part of it, or nothing is asked.
 *
 * A part: the rest stays asked. More than is asked comes in as well; the caller sends the
 * excess back.
 */
MjcReceived
mjc_payment_receive(const MjcReceipt *r)
{
	MjcReceived done = {.excess = r->amount};
	int64 asked;

	if (mjc_exec_fresh(&stmt_asked, MJC_ARGS(MJC_UUID(r->order_id))) == 0)
	{
		done.payment_id = insert_paid(r, r->amount);
		return done;
	}
	done.payment_id = mjc_uuid_col(0, 1);
	asked = mjc_int8_col(0, 2);
	done.excess = Max(r->amount - asked, 0);
	if (r->amount < asked)
	{
		mjc_exec_one(&stmt_less, MJC_ARGS(MJC_UUID(r->order_id), MJC_UUID(&done.payment_id),
										  MJC_INT8(r->amount), MJC_TIME(r->at)));
		done.payment_id = insert_paid(r, r->amount);
		return done;
	}
	mjc_exec_one(&stmt_paid,
				 MJC_ARGS(MJC_UUID(r->order_id), MJC_UUID(&done.payment_id), MJC_TEXT(r->method),
						  MJC_TEXT(r->provider), MJC_TEXT_OR_NULL(r->provider_ref),
						  MJC_INT8(r->amount), MJC_TEXT_OR_NULL(r->note), MJC_TIME(r->at)));
	return done;
}

/* mjc_payment_asked - what is asked now, centimes. */
int64
mjc_payment_asked(const pg_uuid_t *order_id)
{
	return mjc_exec_fresh(&stmt_asked, MJC_ARGS(MJC_UUID(order_id))) == 0 ? 0 : mjc_int8_col(0, 2);
}

/* mjc_payment_state - the word for an order under way: pending, part_paid or paid. */
const char *
mjc_payment_state(const pg_uuid_t *order_id)
{
	int64 asked;
	int64 kept;

	mjc_exec_fresh(&stmt_sums, MJC_ARGS(MJC_UUID(order_id)));
	asked = mjc_int8_col(0, 1);
	kept = mjc_int8_col(0, 2);
	if (asked == 0)
		return "paid";
	return kept > 0 ? "part_paid" : "pending";
}

/* mjc_payment_follow - an order under way has the word that its payments give; the word. */
const char *
mjc_payment_follow(const pg_uuid_t *order_id, TimestampTz at)
{
	const char *state = mjc_payment_state(order_id);

	mjc_exec_one(&stmt_follow, MJC_ARGS(MJC_UUID(order_id), MJC_TEXT(state), MJC_TIME(at)));
	return state;
}

/*
 * mjc_payment_collect - the carrier handed parcels over and took the cash on their labels.
 *
 * Less may be asked than when they left: the buyer paid some of it twice, and is owed it. An
 * order that asked for nothing is paid with that.
 */
void
mjc_payment_collect(const pg_uuid_t *order_id, int64 cash, const MjcActor *actor, TimestampTz at)
{
	MjcReceipt receipt = {.order_id = order_id,
						  .amount = cash,
						  .method = "CASH_ON_DELIVERY",
						  .provider = "cod",
						  .at = at};

	if (cash > 0)
		(void) mjc_payment_take(&receipt, actor);
	mjc_exec(&stmt_collect, MJC_ARGS(MJC_UUID(order_id), MJC_TIME(at)));
}

/* mjc_payment_reopen - an order that had ended goes on: its payment is asked for again. */
void
mjc_payment_reopen(const pg_uuid_t *order_id, int64 amount, TimestampTz at)
{
	mjc_exec_one(&stmt_reopen, MJC_ARGS(MJC_UUID(order_id), MJC_INT8(amount), MJC_TIME(at)));
}

/* ----------------------------------------------------------- Going back -- */

/* mjc_payment_task - a refund that is due is asked of its provider, of one that takes orders. */
void
mjc_payment_task(const pg_uuid_t *order_id, const pg_uuid_t *refund_id, TimestampTz at)
{
	mjc_exec(&stmt_task, MJC_ARGS(MJC_UUID(order_id), MJC_UUID(refund_id), MJC_TIME(at)));
}

/*
 * mjc_payment_refund - send back a part of one payment.
 *
 * Cash is handed over there and then, but for what a carrier took too much. Errors: MJ503 more than
 * is left of it.
 */
pg_uuid_t
mjc_payment_refund(const MjcRefund *r, const pg_uuid_t *payment_id, int64 amount)
{
	pg_uuid_t id = mjc_uuid_make();
	char *provider;
	bool over; /* nothing is left to be done */

	if (mjc_exec(&stmt_take_back, MJC_ARGS(MJC_UUID(r->order_id), MJC_UUID(payment_id),
										   MJC_INT8(amount), MJC_TIME(r->at))) != 1)
		mjc_raise(MJC_ERR_REFUND_EXCEEDS);
	provider = mjc_text_col(0, 1);
	mjc_sale_touch(r->order_id);
	over = (strcmp(provider, "cod") == 0 && strcmp(r->kind, MJC_REFUND_EXCESS) != 0) ||
		   strcmp(r->kind, MJC_REFUND_OUTSIDE) == 0 || strcmp(r->kind, MJC_REFUND_EXCHANGE) == 0;
	mjc_exec_one(&stmt_refund, MJC_ARGS(MJC_UUID(r->order_id), MJC_UUID(&id), MJC_UUID(payment_id),
										MJC_INT8(amount), MJC_TEXT(r->kind), MJC_BOOL(over),
										MJC_TEXT_OR_NULL(r->reason),
										MJC_UUID_OR_NULL(r->actor->known ? &r->actor->id : NULL),
										MJC_TIME(r->at), MJC_INT4(r->parcel), MJC_BOOL(r->used),
										MJC_TEXT_OR_NULL(r->provider_ref)));
	mjc_payment_task(r->order_id, &id, r->at);
	return id;
}

/* mjc_payment_take - money came in; what is more than was asked goes back. */
MjcReceived
mjc_payment_take(const MjcReceipt *r, const MjcActor *actor)
{
	MjcReceived done = mjc_payment_receive(r);
	MjcRefund refund = {.order_id = r->order_id,
						.kind = MJC_REFUND_EXCESS,
						.parcel = MJC_FOR_NOTHING,
						.actor = actor,
						.at = r->at};

	if (done.excess > 0)
		(void) mjc_payment_refund(&refund, &done.payment_id, done.excess);
	return done;
}

/* What came in and is still here, by payment, the newest first; their sum. */
static int64
read_held(const pg_uuid_t *order_id, pg_uuid_t **ids, int64 **left, int *n)
{
	int64 held = 0;

	*n = (int) mjc_exec_fresh(&stmt_held, MJC_ARGS(MJC_UUID(order_id)));
	*ids = mjc_uuid_cols(*n, 1);
	*left = palloc(sizeof(int64) * Max(*n, 1));
	for (int i = 0; i < *n; i++)
	{
		(*left)[i] = mjc_int8_col(i, 2);
		held = mjc_money_add(held, (*left)[i]);
	}
	return held;
}

/* mjc_payment_held - what came in and is still here, centimes. */
int64
mjc_payment_held(const pg_uuid_t *order_id)
{
	pg_uuid_t *ids;
	int64 *left;
	int n;

	return read_held(order_id, &ids, &left, &n);
}

/* Up to an amount goes back, of the newest payments first; how much, and the last refund. */
static int64
send_back(const MjcRefund *refund, int64 most, pg_uuid_t *last)
{
	pg_uuid_t *ids;
	int64 *left;
	int n;
	int64 amount = Min(read_held(refund->order_id, &ids, &left, &n), most);
	int64 open = amount;

	for (int i = 0; i < n && open > 0; i++)
	{
		int64 part = Min(left[i], open);

		*last = mjc_payment_refund(refund, &ids[i], part);
		open -= part;
	}
	return amount;
}

/*
 * mjc_payment_refund_newest - send back an amount, of the newest payments first.
 *
 * Returns the last refund that it made. Errors: MJ503 more than came in and is still here.
 */
pg_uuid_t
mjc_payment_refund_newest(const MjcRefund *refund, int64 amount)
{
	pg_uuid_t made = {{0}};

	if (send_back(refund, amount, &made) != amount)
		mjc_raise(MJC_ERR_REFUND_EXCEEDS);
	return made;
}

/*
 * mjc_payment_end - the order ended: nothing is asked any more, and all that is here goes back.
 *
 * Returns whether anything had come in.
 */
bool
mjc_payment_end(const pg_uuid_t *order_id, const MjcActor *actor, TimestampTz at)
{
	MjcRefund refund = {.order_id = order_id,
						.kind = MJC_REFUND_END,
						.parcel = MJC_FOR_NOTHING,
						.actor = actor,
						.at = at};
	pg_uuid_t last;

	mjc_exec(&stmt_end_asked, MJC_ARGS(MJC_UUID(order_id), MJC_TIME(at)));
	(void) send_back(&refund, PG_INT64_MAX, &last);
	mjc_exec(&stmt_end_empty, MJC_ARGS(MJC_UUID(order_id), MJC_TIME(at)));
	mjc_exec_fresh(&stmt_came_in, MJC_ARGS(MJC_UUID(order_id)));
	return mjc_bool_col(0, 1);
}

/* mjc_payment_more - more is due than was: it is asked for. */
void
mjc_payment_more(const pg_uuid_t *order_id, const char *method, int64 amount, TimestampTz at)
{
	pg_uuid_t id = mjc_uuid_make();

	if (mjc_exec(&stmt_ask_more, MJC_ARGS(MJC_UUID(order_id), MJC_INT8(amount), MJC_TIME(at))) == 0)
		mjc_exec_one(&stmt_ask, MJC_ARGS(MJC_UUID(order_id), MJC_UUID(&id), MJC_TEXT(method),
										 MJC_INT8(amount), MJC_TIME(at)));
}

/* mjc_payment_ask_less - less is asked, as far as it is; by how much. */
int64
mjc_payment_ask_less(const pg_uuid_t *order_id, int64 amount, TimestampTz at)
{
	int64 asked = Min(mjc_payment_asked(order_id), amount);

	if (asked > 0)
		mjc_exec_one(&stmt_ask_less, MJC_ARGS(MJC_UUID(order_id), MJC_INT8(asked), MJC_TIME(at)));
	return asked;
}

/*
 * mjc_payment_less - less is due than was: less is asked, and what was paid beyond goes back.
 *
 * Returns by how much: never more than is asked and here, for staff may have given some back
 * before, and a part may have been paid by cards.
 */
int64
mjc_payment_less(const pg_uuid_t *order_id, int64 amount, const MjcActor *actor, TimestampTz at)
{
	MjcRefund refund = {.order_id = order_id,
						.kind = MJC_REFUND_EXCESS,
						.parcel = MJC_FOR_NOTHING,
						.actor = actor,
						.at = at};
	pg_uuid_t last;
	int64 asked = mjc_payment_ask_less(order_id, amount, at);

	return asked + send_back(&refund, amount - asked, &last);
}

/* mjc_payment_event - a line of the order's history: an amount, and what it was. */
void
mjc_payment_event(const pg_uuid_t *order_id, const char *kind, int64 amount, const char *what,
				  const MjcActor *actor)
{
	char *status;

	mjc_exec_one(&stmt_status, MJC_ARGS(MJC_UUID(order_id)));
	status = mjc_text_col(0, 1);
	mjc_order_add_event(order_id, kind, status, status, actor,
						psprintf("%s DZD, %s", mjc_dzd_text(amount), what));
}
