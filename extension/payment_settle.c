/*
 * payment_settle.c - money meets an order: told by a provider, or booked by staff.
 *
 * What a provider says is the truth: it is booked whatever the order's state, once for each
 * checkout, and what does not fit goes back. Money for an order that had expired brings it
 * back when its units are still there; else it is owed to the buyer (paid_short).
 *
 * Lock order: the order's row, then what order_change.c locks (stock, coupons, credit).
 * Tables written: order, checkout, and those of payment.c and order_change.c.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "args.h"
#include "commit.h"
#include "error.h"
#include "money.h"
#include "order.h"
#include "payment.h"
#include "spi.h"
#include "uuid.h"

/* The order as found under its lock. */
typedef struct Paid
{
	pg_uuid_t order_id;
	char *status;
	char *payment_state;
	char *reference;
	char *method;
	int64 due;
	bool has_credit;
	bool expired; /* it was cancelled because nobody confirmed or paid it in time */
	TimestampTz at;
} Paid;

/* What a provider says that a checkout brought. */
typedef struct Settlement
{
	pg_uuid_t order_id;
	pg_uuid_t checkout_id;
	int64 amount;
	char *currency;
	char *payment_ref; /* the provider's name of the payment */
	bool short_of;	   /* the order cannot go on: it was tried */
} Settlement;

/* -------------------------------------------------------------- Storage -- */

static MjcStmt stmt_lock = {
	"SELECT o.status, o.payment_state, o.reference, o.payment_method, "
	"o.total_centimes - o.credit_centimes - o.taken_off_centimes, cardinality(o.credit_ids) > 0 "
	"FROM mjc.order o WHERE o.order_id = $1 FOR UPDATE",
	1,
	{UUIDOID},
	NULL};
/* Who ended it while we waited for the lock is seen by a snapshot of its own only. */
static MjcStmt stmt_expired = {
	"SELECT e.kind = 'expired' FROM mjc.order_event e WHERE e.order_id = $1 "
	"AND e.to_status = 'CANCELLED' AND e.from_status <> 'CANCELLED' ORDER BY e.seq DESC LIMIT 1",
	1,
	{UUIDOID},
	NULL};
static MjcStmt stmt_owed = {
	"SELECT EXISTS (SELECT FROM mjc.refund r WHERE r.order_id = $1 AND r.state <> 'done')",
	1,
	{UUIDOID},
	NULL};
static MjcStmt stmt_state = {
	"UPDATE mjc.order SET payment_state = $2, updated_at = $3 WHERE order_id = $1",
	3,
	{UUIDOID, TEXTOID, TIMESTAMPTZOID},
	NULL};
static MjcStmt stmt_checkout = {"SELECT state, method, provider, amount_centimes FROM mjc.checkout "
								"WHERE order_id = $1 AND checkout_id = $2",
								2,
								{UUIDOID, UUIDOID},
								NULL};
static MjcStmt stmt_checkout_state = {
	"UPDATE mjc.checkout SET state = $3, payment_ref = $4, updated_at = $5 "
	"WHERE order_id = $1 AND checkout_id = $2",
	5,
	{UUIDOID, UUIDOID, TEXTOID, TEXTOID, TIMESTAMPTZOID},
	NULL};
static MjcStmt stmt_mismatch = {
	"INSERT INTO mjc.payment (order_id, payment_id, method, provider, provider_ref, "
	"amount_centimes, state, created_at, updated_at, received_centimes, note) "
	"VALUES ($1, $2, $3, $4, $5, $6, 'mismatch', $7, $7, $6, $8)",
	8,
	{UUIDOID, UUIDOID, TEXTOID, TEXTOID, TEXTOID, INT8OID, TIMESTAMPTZOID, TEXTOID},
	NULL};
static MjcStmt stmt_mismatched = {
	"SELECT method, provider, provider_ref, received_centimes - refunded_centimes, note FROM mjc.payment "
	"WHERE order_id = $1 AND payment_id = $2 AND state = 'mismatch'",
	2,
	{UUIDOID, UUIDOID},
	NULL};
/* What the provider gave back of it before ($3: all of it goes back) stays here as a payment. */
static MjcStmt stmt_mismatch_over = {
	"UPDATE mjc.payment SET state = CASE WHEN $3 THEN 'paid' WHEN refunded_centimes > 0 "
	"THEN 'refunded' ELSE 'void' END, "
	"received_centimes = CASE WHEN $3 THEN received_centimes ELSE refunded_centimes END, "
	"paid_at = CASE WHEN $3 OR refunded_centimes > 0 THEN $4 END, updated_at = $4 "
	"WHERE order_id = $1 AND payment_id = $2",
	4,
	{UUIDOID, UUIDOID, BOOLOID, TIMESTAMPTZOID},
	NULL};
static MjcStmt stmt_known = {
	"SELECT EXISTS (SELECT FROM mjc.payment p WHERE p.order_id = $1 AND p.provider = $2 "
	"AND p.provider_ref = $3)",
	3,
	{UUIDOID, TEXTOID, TEXTOID},
	NULL};
/* Errors: MJ004. */
static Paid
lock_order(const pg_uuid_t *order_id)
{
	Paid order = {.order_id = *order_id, .at = GetCurrentTimestamp()};

	if (mjc_exec(&stmt_lock, MJC_ARGS(MJC_UUID(order_id))) != 1)
		mjc_raise(MJC_ERR_NOT_FOUND);
	order.status = mjc_text_col(0, 1);
	order.payment_state = mjc_text_col(0, 2);
	order.reference = mjc_text_col(0, 3);
	order.method = mjc_text_col(0, 4);
	order.due = mjc_int8_col(0, 5);
	order.has_credit = mjc_bool_col(0, 6);
	if (strcmp(order.status, "CANCELLED") == 0)
		order.expired =
			mjc_exec_fresh(&stmt_expired, MJC_ARGS(MJC_UUID(order_id))) == 1 && mjc_bool_col(0, 1);
	return order;
}

static bool
is_ended(const Paid *order)
{
	return strcmp(order->status, "CANCELLED") == 0 || strcmp(order->status, "REFUNDED") == 0;
}

static void
set_state(const Paid *order, const char *state)
{
	mjc_exec_one(&stmt_state,
				 MJC_ARGS(MJC_UUID(&order->order_id), MJC_TEXT(state), MJC_TIME(order->at)));
}

/* An order under way: its word follows its payments; one that is paid whole is confirmed. */
static void
follow(const Paid *order, const MjcActor *actor)
{
	const char *state = mjc_payment_follow(&order->order_id, order->at);

	if (strcmp(state, "paid") == 0 && strcmp(order->status, "PENDING") == 0)
		mjc_order_advance(&order->order_id, MJC_STATUS_CONFIRMED, "status", actor);
}

/* A payment goes back as it came. */
static void
send_whole(const Paid *order, const pg_uuid_t *payment_id, int64 amount, const char *kind,
		   const MjcActor *actor)
{
	MjcRefund refund = {.order_id = &order->order_id,
						.kind = kind,
						.parcel = MJC_FOR_NOTHING,
						.actor = actor,
						.at = order->at};

	(void) mjc_payment_refund(&refund, payment_id, amount);
}

/* ---------------------------------------------------------- By provider -- */

/* Does the buyer wait for money? Cash is handed back at once. */
static bool
is_owed(const pg_uuid_t *order_id)
{
	mjc_exec_fresh(&stmt_owed, MJC_ARGS(MJC_UUID(order_id)));
	return mjc_bool_col(0, 1);
}

/* The order ended before its money came. Returns what was made of it. */
static const char *
settle_ended(const Paid *order, const MjcReceipt *receipt, bool short_of, const MjcActor *actor,
			 pg_uuid_t *payment_id)
{
	bool owed;

	if (order->expired && !short_of && !order->has_credit && receipt->amount >= order->due)
	{
		mjc_payment_reopen(&order->order_id, order->due, order->at);
		*payment_id = mjc_payment_take(receipt, actor).payment_id;
		mjc_order_announce("payment_received", &order->order_id, order->reference, order->status);
		mjc_order_revive(&order->order_id, actor);
		return "late";
	}
	*payment_id = mjc_payment_receive(receipt).payment_id;
	send_whole(order, payment_id, receipt->amount, MJC_REFUND_END, actor);
	owed = order->expired && is_owed(&order->order_id);
	set_state(order, owed ? "paid_short" : "refunded");
	mjc_order_announce(owed ? "payment_short" : "payment_returned", &order->order_id,
					   order->reference, order->status);
	return owed ? "short" : "returned";
}

static const char *
settle_open(const Paid *order, const MjcReceipt *receipt, const MjcActor *actor)
{
	MjcReceived received = mjc_payment_take(receipt, actor);

	mjc_order_announce("payment_received", &order->order_id, order->reference, order->status);
	follow(order, actor);
	if (received.excess == receipt->amount)
		return "twice";
	return received.excess > 0 ? "excess" : "paid";
}

/* Another amount, or another currency, than was asked: staff decide. */
static const char *
settle_mismatch(const Settlement *s, const Paid *order, const MjcReceipt *receipt,
				const MjcActor *actor)
{
	pg_uuid_t id = mjc_uuid_make();
	bool dzd = pg_strcasecmp(s->currency, "DZD") == 0;
	char *what = psprintf("%s %s", mjc_dzd_text(s->amount), s->currency);

	mjc_exec_one(&stmt_mismatch,
				 MJC_ARGS(MJC_UUID(&s->order_id), MJC_UUID(&id), MJC_TEXT(receipt->method),
						  MJC_TEXT(receipt->provider), MJC_TEXT_OR_NULL(s->payment_ref),
						  MJC_INT8(dzd ? s->amount : 0), MJC_TIME(order->at), MJC_TEXT(what)));
	mjc_payment_event(&s->order_id, "payment", dzd ? s->amount : 0, psprintf("mismatch: %s", what),
					  actor);
	mjc_order_announce("payment_mismatch", &order->order_id, order->reference, order->status);
	set_state(order, order->payment_state);
	return "mismatch";
}

/* Was this very payment booked before? One without a name is that of its checkout. */
static bool
is_known(const Settlement *s, const char *provider)
{
	if (s->payment_ref == NULL)
		return true;
	mjc_exec_fresh(&stmt_known,
				   MJC_ARGS(MJC_UUID(&s->order_id), MJC_TEXT(provider), MJC_TEXT(s->payment_ref)));
	return mjc_bool_col(0, 1);
}

/* Needs SPI open. Returns what was made of it, or "unknown" order, or "repeat". */
static const char *
settle(const Settlement *s, const MjcActor *actor)
{
	MjcReceipt receipt = {
		.order_id = &s->order_id, .amount = s->amount, .provider_ref = s->payment_ref};
	Paid order = lock_order(&s->order_id);
	pg_uuid_t payment_id;
	char *state;
	bool fits;
	bool again; /* the checkout brought money before */

	if (mjc_exec_fresh(&stmt_checkout,
					   MJC_ARGS(MJC_UUID(&s->order_id), MJC_UUID(&s->checkout_id))) != 1)
		return "unknown";
	state = mjc_text_col(0, 1);
	receipt.method = mjc_text_col(0, 2);
	receipt.provider = mjc_text_col(0, 3);
	receipt.at = order.at;
	fits = mjc_int8_col(0, 4) == s->amount && pg_strcasecmp(s->currency, "DZD") == 0;
	again = strcmp(state, "paid") == 0 || strcmp(state, "mismatch") == 0;
	if (again && is_known(s, receipt.provider))
	{
		mjc_flush_seen_wait();
		return "repeat";
	}
	if (!again)
		mjc_exec_one(&stmt_checkout_state,
					 MJC_ARGS(MJC_UUID(&s->order_id), MJC_UUID(&s->checkout_id),
							  MJC_TEXT(fits ? "paid" : "mismatch"),
							  MJC_TEXT_OR_NULL(s->payment_ref), MJC_TIME(order.at)));
	if (!fits)
		return settle_mismatch(s, &order, &receipt, actor);
	if (s->short_of && !is_ended(&order))
	{
		mjc_order_advance(&s->order_id, MJC_STATUS_CANCELLED, "expired", actor);
		order = lock_order(&s->order_id);
	}
	mjc_payment_event(&s->order_id, "payment", s->amount, receipt.provider, actor);
	if (is_ended(&order))
		return settle_ended(&order, &receipt, s->short_of, actor, &payment_id);
	return settle_open(&order, &receipt, actor);
}

/* ------------------------------------------------------------- By staff -- */

/* Errors: MJ502. */
static pg_uuid_t
book_open(const Paid *order, const MjcReceipt *receipt, const MjcActor *actor)
{
	pg_uuid_t id;
	int64 asked;

	asked = mjc_payment_asked(&order->order_id);
	if (receipt->amount > asked)
		MJC_RAISE(MJC_ERR_PAYMENT_EXCEEDS, {"asked", mjc_dzd_text(asked), 0});
	id = mjc_payment_receive(receipt).payment_id;
	mjc_payment_event(&order->order_id, "payment", receipt->amount, receipt->method, actor);
	mjc_order_announce("payment_received", &order->order_id, order->reference, order->status);
	follow(order, actor);
	return id;
}

/* ----------------------------------------------------- SQL entry points -- */

PG_FUNCTION_INFO_V1(mjc_payment_settle);
/*
 * mjc.payment_settle(order_id uuid, checkout_id uuid, amount bigint, currency text,
 *     payment_ref text, short_of boolean) returns text - what a provider says came in.
 *
 * paid, excess, twice (all of it goes back), late (an expired order goes on), short and
 * returned (owed to the buyer), mismatch, repeat, unknown. short_of: the order cannot go on.
 * Errors: MJ004; without short_of MJ101 and MJ204 to MJ206: call again with it.
 */
Datum
mjc_payment_settle(PG_FUNCTION_ARGS)
{
	MjcActor actor = mjc_actor_job();
	Settlement s = {.order_id = *mjc_arg_uuid(fcinfo, 0, "order_id"),
					.checkout_id = *mjc_arg_uuid(fcinfo, 1, "checkout_id"),
					.amount = mjc_arg_amount(fcinfo, 2, "amount"),
					.currency = mjc_arg_text(fcinfo, 3, "currency"),
					.payment_ref = mjc_arg_text_or_null(fcinfo, 4),
					.short_of = !PG_ARGISNULL(5) && PG_GETARG_BOOL(5)};
	const char *made;

	mjc_begin_write();
	mjc_commit_early();
	made = settle(&s, &actor);
	mjc_end();
	PG_RETURN_TEXT_P(cstring_to_text(made));
}

PG_FUNCTION_INFO_V1(mjc_payment_book);
/*
 * mjc.payment_book(order_id uuid, amount bigint, method text, provider text, provider_ref text,
 *     note text, actor uuid, channel text, request_id text, short_of boolean) returns uuid
 * - staff saw money come in; for an order that expired it is as if a provider had told it.
 *
 * Errors: MJ004, MJ201, MJ501 the order ended, MJ502 more than is asked; without short_of MJ101
 * and MJ204 to MJ206: call again with it.
 */
Datum
mjc_payment_book(PG_FUNCTION_ARGS)
{
	MjcReceipt receipt = {.order_id = mjc_arg_uuid(fcinfo, 0, "order_id"),
						  .amount = mjc_arg_amount(fcinfo, 1, "amount"),
						  .method = mjc_arg_text(fcinfo, 2, "method"),
						  .provider = mjc_arg_text(fcinfo, 3, "provider"),
						  .provider_ref = mjc_arg_text_or_null(fcinfo, 4),
						  .note = mjc_arg_text_or_null(fcinfo, 5)};
	MjcActor actor = mjc_actor_argument(fcinfo, 6);
	bool short_of = !PG_ARGISNULL(9) && PG_GETARG_BOOL(9);
	pg_uuid_t *id = palloc(sizeof(pg_uuid_t));
	Paid order;

	mjc_begin_write();
	order = lock_order(receipt.order_id);
	if (is_ended(&order) && !order.expired)
		mjc_raise(MJC_ERR_PAYMENT_ORDER_ENDED);
	if (short_of && !is_ended(&order))
	{
		mjc_order_advance(receipt.order_id, MJC_STATUS_CANCELLED, "expired", &actor);
		order = lock_order(receipt.order_id);
	}
	receipt.at = order.at;
	if (is_ended(&order))
	{
		mjc_payment_event(receipt.order_id, "payment", receipt.amount, receipt.method, &actor);
		(void) settle_ended(&order, &receipt, short_of, &actor, id);
	}
	else
		*id = book_open(&order, &receipt, &actor);
	mjc_end();
	PG_RETURN_UUID_P(id);
}

PG_FUNCTION_INFO_V1(mjc_payment_mismatch_end);
/*
 * mjc.payment_mismatch_end(order_id uuid, payment_id uuid, accept boolean, actor uuid,
 *     channel text, request_id text) returns text - staff decide on money that does not fit:
 * it counts, or it goes back. Returns the order's payment_state.
 *
 * Errors: MJ004, MJ507 no such payment; MJ509 another currency cannot count.
 */
Datum
mjc_payment_mismatch_end(PG_FUNCTION_ARGS)
{
	pg_uuid_t *order_id = mjc_arg_uuid(fcinfo, 0, "order_id");
	pg_uuid_t *payment_id = mjc_arg_uuid(fcinfo, 1, "payment_id");
	bool accept = !PG_ARGISNULL(2) && PG_GETARG_BOOL(2);
	MjcActor actor = mjc_actor_argument(fcinfo, 3);
	MjcReceipt receipt = {.order_id = order_id};
	MemoryContext caller = CurrentMemoryContext;
	Paid order;
	char *state;

	mjc_begin_write();
	order = lock_order(order_id);
	if (mjc_exec_fresh(&stmt_mismatched, MJC_ARGS(MJC_UUID(order_id), MJC_UUID(payment_id))) != 1)
		mjc_raise(MJC_ERR_PAYMENT_UNKNOWN);
	receipt.method = mjc_text_col(0, 1);
	receipt.provider = mjc_text_col(0, 2);
	receipt.provider_ref = mjc_text_or_null(0, 3);
	receipt.amount = mjc_int8_col(0, 4);
	receipt.note = mjc_text_or_null(0, 5);
	receipt.at = order.at;
	if (accept && (receipt.amount == 0 || is_ended(&order)))
		mjc_raise(MJC_ERR_PAYMENT_NOT_ACCEPTABLE);
	mjc_exec_one(&stmt_mismatch_over,
				 MJC_ARGS(MJC_UUID(order_id), MJC_UUID(payment_id),
						  MJC_BOOL(!accept && receipt.amount > 0), MJC_TIME(order.at)));
	mjc_payment_event(order_id, accept ? "payment" : "refund", receipt.amount,
					  accept ? "mismatch accepted" : "mismatch sent back", &actor);
	if (accept)
		(void) settle_open(&order, &receipt, &actor);
	else if (receipt.amount > 0)
	{
		send_whole(&order, payment_id, receipt.amount, MJC_REFUND_EXCESS, &actor);
		/* It came after the end of an order that was not paid: now it was. */
		set_state(&order,
				  strcmp(order.payment_state, "void") == 0 ? "refunded" : order.payment_state);
	}
	state = MemoryContextStrdup(caller, lock_order(order_id).payment_state);
	mjc_end();
	PG_RETURN_TEXT_P(cstring_to_text(state));
}
