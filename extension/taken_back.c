/*
 * taken_back.c - money that a provider gave back: at its own desk, or because we asked.
 *
 * A provider tells of each refund by its name, and of the total of a payment. Each name is
 * booked once. A total that we know less of is booked without a name, which the refund's own
 * news adds later, unless it is just what we asked for and wait to hear of.
 *
 * What went back pays first what is owed of that payment: a part of a refund that is due is
 * made, and what is left of it is due under a name of its own, for the provider knows the first
 * with another amount. The rest was nobody's due: it is asked for again while the order is under
 * way. Of money that did not fit what was asked it is simply less.
 *
 * Lock order: the order's row before everything here.
 * Tables written: refund, payment, provider_task, order, order_event.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "args.h"
#include "error.h"
#include "money.h"
#include "order.h"
#include "payment.h"
#include "spi.h"
#include "uuid.h"

#define MAX_SUMMED 16 /* refunds of one payment that are tried in every combination */

/* What a provider says, and the order as found under its lock. */
typedef struct Back
{
	pg_uuid_t order_id;
	char *payment_ref;
	char *refund_ref; /* NULL: amount is the payment's total */
	int64 amount;
	bool whole; /* all of the payment went back */
	char *currency;
	const MjcActor *actor;
	char *status;
	char *payment_state;
	char *method;
	TimestampTz at;
} Back;

/* Refunds, or payments, and what is open of each. */
typedef struct Parts
{
	pg_uuid_t *ids;
	int64 *amounts;
	bool *odd; /* it did not fit what was asked */
	int n;
	int64 sum;
} Parts;

/* -------------------------------------------------------------- Storage -- */

#define OF_PAYMENT                                                                                 \
	"FROM mjc.refund r JOIN mjc.payment p ON p.order_id = r.order_id "                             \
	"AND p.payment_id = r.payment_id WHERE r.order_id = $1 AND p.order_id = $1 "                   \
	"AND p.provider_ref = $2 AND p.provider IN ('stripe', 'chargily') "

static MjcStmt stmt_lock = {"SELECT o.status, o.payment_state, o.payment_method FROM mjc.order o "
							"WHERE o.order_id = $1 FOR UPDATE",
							1,
							{UUIDOID},
							NULL};
static MjcStmt stmt_payments = {
	"SELECT p.payment_id, p.received_centimes - p.refunded_centimes, p.state = 'mismatch' "
	"FROM mjc.payment p WHERE p.order_id = $1 AND p.provider_ref = $2 "
	"AND p.provider IN ('stripe', 'chargily') AND p.state IN ('paid', 'refunded', 'mismatch') "
	"ORDER BY p.state = 'mismatch', p.paid_at DESC, p.payment_id",
	2,
	{UUIDOID, TEXTOID},
	NULL};
static MjcStmt stmt_named = {"SELECT EXISTS (SELECT " OF_PAYMENT "AND r.provider_ref = $3)",
							 3,
							 {UUIDOID, TEXTOID, TEXTOID},
							 NULL};
static MjcStmt stmt_total = {
	"SELECT coalesce(sum(r.amount_centimes), 0)::pg_catalog.int8 " OF_PAYMENT
	"AND r.at_provider AND r.state = 'done'",
	2,
	{UUIDOID, TEXTOID},
	NULL};
static MjcStmt stmt_nameless = {"SELECT r.refund_id, r.amount_centimes, false " OF_PAYMENT
								"AND r.at_provider AND r.state = 'done' AND r.provider_ref IS NULL "
								"ORDER BY r.created_at, r.refund_id",
								2,
								{UUIDOID, TEXTOID},
								NULL};
static MjcStmt stmt_owed = {"SELECT r.refund_id, r.amount_centimes, false " OF_PAYMENT
							"AND r.state <> 'done' ORDER BY r.created_at, r.refund_id",
							2,
							{UUIDOID, TEXTOID},
							NULL};
/* What is left of a refund of which a part was made, as a refund of its own. */
static MjcStmt stmt_rest = {
	"INSERT INTO mjc.refund (order_id, refund_id, payment_id, amount_centimes, kind, state, "
	"reason, actor, created_at, updated_at, done_at, shipment_no, used_centimes, at_provider) "
	"SELECT $1, $3, r.payment_id, r.amount_centimes - $4, r.kind, "
	"CASE r.state WHEN 'done' THEN 'done' ELSE 'due' END, r.reason, r.actor, r.created_at, $5, "
	"r.done_at, r.shipment_no, greatest(r.used_centimes - $4, 0), r.at_provider "
	"FROM mjc.refund r WHERE r.order_id = $1 AND r.refund_id = $2",
	5,
	{UUIDOID, UUIDOID, UUIDOID, INT8OID, TIMESTAMPTZOID},
	NULL};
static MjcStmt stmt_made = {
	"UPDATE mjc.refund SET amount_centimes = $3, used_centimes = least(used_centimes, $3), "
	"state = 'done', done_at = coalesce(done_at, $5), provider_ref = $4, at_provider = true, "
	"updated_at = $5 WHERE order_id = $1 AND refund_id = $2",
	5,
	{UUIDOID, UUIDOID, INT8OID, TEXTOID, TIMESTAMPTZOID},
	NULL};
static MjcStmt stmt_untask = {
	"DELETE FROM mjc.provider_task WHERE task_id = $1 AND kind = 'refund'", 1, {UUIDOID}, NULL};
/* Money in another currency counts for nothing here: what went back of it is noted, once. */
static MjcStmt stmt_foreign = {
	"UPDATE mjc.payment SET state = CASE WHEN $5 THEN 'void' ELSE state END, "
	"note = left(concat_ws('; ', note, $3), 500), updated_at = $4 "
	"WHERE order_id = $1 AND provider_ref = $2 AND state = 'mismatch' AND received_centimes = 0 "
	"AND position($3 IN coalesce(note, '')) = 0",
	5,
	{UUIDOID, TEXTOID, TEXTOID, TIMESTAMPTZOID, BOOLOID},
	NULL};
static MjcStmt stmt_state = {
	"UPDATE mjc.order SET updated_at = $3, payment_state = CASE WHEN $2 = 'paid_short' "
	"AND EXISTS (SELECT FROM mjc.refund r WHERE r.order_id = $1 AND r.state <> 'done') "
	"THEN 'paid_short' WHEN $2 = 'paid_short' OR $2 = 'void' AND EXISTS (SELECT "
	"FROM mjc.payment p WHERE p.order_id = $1 AND p.state = 'refunded') THEN 'refunded' "
	"ELSE $2 END WHERE order_id = $1",
	3,
	{UUIDOID, TEXTOID, TIMESTAMPTZOID},
	NULL};

static MjcStmt stmt_told = {"SELECT EXISTS (SELECT FROM mjc.order_event e WHERE e.order_id = $1 "
							"AND e.kind = 'refund' AND e.note = $2)",
							2,
							{UUIDOID, TEXTOID},
							NULL};

/* Errors: MJ004. */
static void
lock_order(Back *back)
{
	back->at = GetCurrentTimestamp();
	if (mjc_exec(&stmt_lock, MJC_ARGS(MJC_UUID(&back->order_id))) != 1)
		mjc_raise(MJC_ERR_NOT_FOUND);
	back->status = mjc_text_col(0, 1);
	back->payment_state = mjc_text_col(0, 2);
	back->method = mjc_text_col(0, 3);
}

static Parts
read_parts(MjcStmt *stmt, const Back *back)
{
	Parts parts = {.n = (int) mjc_exec_fresh(
					   stmt, MJC_ARGS(MJC_UUID(&back->order_id), MJC_TEXT(back->payment_ref)))};

	parts.ids = mjc_uuid_cols(parts.n, 1);
	parts.amounts = palloc(sizeof(int64) * Max(parts.n, 1));
	parts.odd = palloc(sizeof(bool) * Max(parts.n, 1));
	for (int i = 0; i < parts.n; i++)
	{
		parts.amounts[i] = mjc_int8_col(i, 2);
		parts.odd[i] = mjc_bool_col(i, 3);
		parts.sum = mjc_money_add(parts.sum, parts.amounts[i]);
	}
	return parts;
}

/* ---------------------------------------------------------------- Rules -- */

/* Is a total that of some of these? */
static bool
is_sum(const int64 *amounts, int n, int64 total)
{
	if (total == 0)
		return true;
	if (total < 0 || n == 0)
		return false;
	return is_sum(amounts + 1, n - 1, total - amounts[0]) || is_sum(amounts + 1, n - 1, total);
}

/* A refund, or a part of it, is this one of the provider. What is left of it is due, or nameless.
 */
static void
make(const Back *back, const pg_uuid_t *refund_id, int64 amount, int64 part)
{
	pg_uuid_t rest = mjc_uuid_make();

	mjc_exec(&stmt_untask, MJC_ARGS(MJC_UUID(refund_id)));
	if (part < amount)
	{
		mjc_exec_one(&stmt_rest, MJC_ARGS(MJC_UUID(&back->order_id), MJC_UUID(refund_id),
										  MJC_UUID(&rest), MJC_INT8(part), MJC_TIME(back->at)));
		mjc_payment_task(&back->order_id, &rest, back->at);
	}
	mjc_exec_one(&stmt_made,
				 MJC_ARGS(MJC_UUID(&back->order_id), MJC_UUID(refund_id), MJC_INT8(part),
						  MJC_TEXT_OR_NULL(back->refund_ref), MJC_TIME(back->at)));
}

/* Up to an amount of these refunds is this one of the provider; how much. */
static int64
make_some(const Back *back, const Parts *parts, int64 amount)
{
	int64 left = amount;

	for (int i = 0; i < parts->n && left > 0; i++)
	{
		int64 part = Min(parts->amounts[i], left);

		make(back, &parts->ids[i], parts->amounts[i], part);
		left -= part;
	}
	return amount - left;
}

/* Nobody's due: so much of the payment is gone. Returns what is to be asked for again. */
static int64
book_outside(const Back *back, const Parts *payments, int64 amount)
{
	MjcRefund refund = {.order_id = &back->order_id,
						.kind = MJC_REFUND_OUTSIDE,
						.parcel = MJC_FOR_NOTHING,
						.provider_ref = back->refund_ref,
						.actor = back->actor,
						.at = back->at};
	int64 again = 0;

	for (int i = 0; i < payments->n && amount > 0; i++)
	{
		int64 part = Min(payments->amounts[i], amount);

		if (part == 0)
			continue;
		(void) mjc_payment_refund(&refund, &payments->ids[i], part);
		again += payments->odd[i] ? 0 : part;
		amount -= part;
	}
	return again;
}

static void
update_order(const Back *back, int64 again)
{
	const char *state = back->payment_state;

	if (strcmp(back->status, "CANCELLED") != 0 && strcmp(back->status, "REFUNDED") != 0)
	{
		if (again > 0)
			mjc_payment_more(&back->order_id, back->method, again, back->at);
		state = mjc_payment_state(&back->order_id);
	}
	mjc_exec_one(&stmt_state,
				 MJC_ARGS(MJC_UUID(&back->order_id), MJC_TEXT(state), MJC_TIME(back->at)));
}

/* Money that came in another currency. */
static const char *
foreign(const Back *back)
{
	char *what = psprintf("%s %s back%s%s", mjc_dzd_text(back->amount), back->currency,
						  back->refund_ref == NULL ? "" : " by ",
						  back->refund_ref == NULL ? "" : back->refund_ref);

	if (mjc_exec(&stmt_foreign,
				 MJC_ARGS(MJC_UUID(&back->order_id), MJC_TEXT(back->payment_ref), MJC_TEXT(what),
						  MJC_TIME(back->at), MJC_BOOL(back->whole))) == 0)
		return "repeat";
	mjc_payment_event(&back->order_id, "refund", 0, what, back->actor);
	update_order(back, 0);
	return "taken_back";
}

/* A refund by its name: what of it no total has told of. */
static int64
news_of_refund(const Back *back)
{
	Parts nameless;

	mjc_exec_fresh(&stmt_named, MJC_ARGS(MJC_UUID(&back->order_id), MJC_TEXT(back->payment_ref),
										 MJC_TEXT(back->refund_ref)));
	if (mjc_bool_col(0, 1))
		return 0;
	nameless = read_parts(&stmt_nameless, back);
	return back->amount - make_some(back, &nameless, back->amount);
}

/* A total: what of it is neither known, nor what we asked for and wait to hear of. */
static int64
news_of_total(const Back *back, Parts *owed)
{
	int64 news;

	mjc_exec_fresh(&stmt_total, MJC_ARGS(MJC_UUID(&back->order_id), MJC_TEXT(back->payment_ref)));
	news = back->amount - mjc_int8_col(0, 1);
	if (news <= 0 || (owed->n <= MAX_SUMMED && is_sum(owed->amounts, owed->n, news)))
		return 0;
	if (news > owed->sum)
	{
		news -= owed->sum;
		owed->n = 0;
	}
	return news;
}

/* More went back than came in, by our books: it is told, once, for it has no payment. */
static const char *
beyond(const Back *back)
{
	char *what = psprintf("%s DZD, by the provider, beyond what came in%s%s",
						  mjc_dzd_text(back->amount), back->refund_ref == NULL ? "" : ": ",
						  back->refund_ref == NULL ? "" : back->refund_ref);

	mjc_exec_fresh(&stmt_told, MJC_ARGS(MJC_UUID(&back->order_id), MJC_TEXT(what)));
	if (mjc_bool_col(0, 1))
		return "repeat";
	mjc_order_add_event(&back->order_id, "refund", back->status, back->status, back->actor, what);
	return "beyond";
}

/* What is news pays what is owed, and the rest is booked. */
static const char *
taken_back(Back *back)
{
	Parts payments;
	Parts owed;
	int64 news;
	int64 made;

	lock_order(back);
	payments = read_parts(&stmt_payments, back);
	if (payments.n == 0)
		return "unknown";
	if (pg_strcasecmp(back->currency, "DZD") != 0)
		return foreign(back);
	owed = read_parts(&stmt_owed, back);
	news = back->refund_ref != NULL ? news_of_refund(back) : news_of_total(back, &owed);
	if (news == 0)
		return "repeat";
	made = make_some(back, &owed, news);
	news = Min(news, made + payments.sum);
	if (news == 0)
		return beyond(back);
	mjc_payment_event(&back->order_id, "refund", news, "by the provider", back->actor);
	update_order(back, book_outside(back, &payments, news - made));
	return "taken_back";
}

/* ----------------------------------------------------- SQL entry points -- */

PG_FUNCTION_INFO_V1(mjc_payment_taken_back);
/*
 * mjc.payment_taken_back(order_id uuid, payment_ref text, refund_ref text, amount bigint,
 *     whole boolean, currency text) returns text - a provider says that a refund was made, or
 * without its name the total that went back of a payment. taken_back, beyond, repeat, unknown.
 *
 * Errors: MJ003, MJ004, MJ201.
 */
Datum
mjc_payment_taken_back(PG_FUNCTION_ARGS)
{
	MjcActor actor = mjc_actor_job();
	Back back = {.order_id = *mjc_arg_uuid(fcinfo, 0, "order_id"),
				 .payment_ref = mjc_arg_text(fcinfo, 1, "payment_ref"),
				 .refund_ref = mjc_arg_text_or_null(fcinfo, 2),
				 .amount = mjc_arg_amount(fcinfo, 3, "amount"),
				 .whole = !PG_ARGISNULL(4) && PG_GETARG_BOOL(4),
				 .currency = mjc_arg_text(fcinfo, 5, "currency"),
				 .actor = &actor};
	const char *made;

	mjc_begin_write();
	made = taken_back(&back);
	mjc_end();
	PG_RETURN_TEXT_P(cstring_to_text(made));
}
