/*
 * order_back.c - value of an order goes back: units of it are cancelled, or came back.
 *
 * B1 Cards pay first (P4), so what an order is worth less comes off the money first: what is
 *    still asked is asked no more, then what came in goes back, of the newest payments first;
 *    what is beyond goes back to the cards that paid a part, those it uses last first (G3).
 *    That is what the buyer would have paid, had he ordered only what he keeps. What a carrier
 *    is to collect for parcels on the road comes off last: he collects it all the same.
 * B2 Nothing gets back more than it gave. What staff gave back of their own accord is gone: units
 *    that come back later may be worth more than is left, and then nothing happens (MJ503); of
 *    what is cancelled so much goes back as is left.
 * B3 What went back to cards stands in credit_back_centimes, what is due no more in
 *    taken_off_centimes; refunding or cancelling the order gives back the rest of each, once.
 *
 * Lock order: the order's row and its products before, cards by id here.
 * Tables written: order, and those of payment.c and credit.c.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "args.h"
#include "error.h"
#include "money.h"
#include "order.h"
#include "order_back.h"
#include "payment.h"
#include "refund.h"
#include "shipment.h"
#include "spi.h"
#include "uuid.h"

/* ---------------------------------------------------------------- Rules -- */

/* B1: the part of the cards; what they keep of it stands in used. */
static void
split_cards(MjcBack *back, int64 value)
{
	int64 taken = 0;

	for (int i = 0; i < back->ncredits; i++)
		taken = mjc_money_add(taken, back->credits[i].taken);
	back->cards = Min(value, taken);
	mjc_credits_use(back->credits, back->ncredits, taken - back->cards);
}

/* -------------------------------------------------------------- Storage -- */

static MjcStmt stmt_cards = {
	"SELECT o.credit_ids, o.customer_id FROM mjc.order o WHERE o.order_id = $1",
	1,
	{UUIDOID},
	NULL};
static MjcStmt stmt_update = {
	"UPDATE mjc.order SET taken_off_centimes = taken_off_centimes + $2, "
	"credit_back_centimes = credit_back_centimes + $3, payment_state = $4, updated_at = $5 "
	"WHERE order_id = $1",
	5,
	{UUIDOID, INT8OID, INT8OID, TEXTOID, TIMESTAMPTZOID},
	NULL};
static MjcStmt stmt_told = {
	"SELECT reference, status FROM mjc.order WHERE order_id = $1", 1, {UUIDOID}, NULL};

static void
read_cards(MjcBack *back, const pg_uuid_t *order_id, TimestampTz at)
{
	pg_uuid_t customer_id;
	pg_uuid_t *ids;
	Datum *elements;
	int n;

	mjc_exec_one(&stmt_cards, MJC_ARGS(MJC_UUID(order_id)));
	n = mjc_array_col(0, 1, UUIDOID, &elements);
	if (n == 0)
		return;
	customer_id = mjc_uuid_col(0, 2);
	ids = palloc(sizeof(pg_uuid_t) * n);
	for (int i = 0; i < n; i++)
		ids[i] = *DatumGetUUIDP(elements[i]);
	back->ncredits = mjc_credits_of_order(ids, n, order_id, &customer_id, at, back->credits);
}

/*
 * mjc_back_split - where a value of an order goes back to (B1). Needs SPI open; locks its cards
 * when the money does not reach.
 */
MjcBack
mjc_back_split(const pg_uuid_t *order_id, int64 value, TimestampTz at)
{
	int64 asked = mjc_payment_asked(order_id);
	int64 free = Max(asked - mjc_shipment_collecting(order_id), 0);
	MjcBack back = {.asked = Min(free, value)};

	back.money = Min(mjc_payment_held(order_id), value - back.asked);
	if (back.asked + back.money < value)
	{
		read_cards(&back, order_id, at);
		split_cards(&back, value - back.asked - back.money);
	}
	back.asked += Min(asked - back.asked, value - back.asked - back.money - back.cards);
	return back;
}

/* mjc_back_cards - the cards have their part back. Needs SPI open. */
void
mjc_back_cards(const pg_uuid_t *order_id, const MjcBack *back, const MjcActor *actor)
{
	for (int i = 0; i < back->ncredits; i++)
		mjc_credit_settle(&back->credits[i], order_id, actor->known ? &actor->id : NULL);
	if (back->cards > 0)
		mjc_payment_event(order_id, "refund", back->cards, "to the cards that paid", actor);
}

static void
write_order(const pg_uuid_t *order_id, int64 off, int64 cards, TimestampTz at)
{
	mjc_exec_one(&stmt_update, MJC_ARGS(MJC_UUID(order_id), MJC_INT8(off), MJC_INT8(cards),
										MJC_TEXT(mjc_payment_state(order_id)), MJC_TIME(at)));
}

/*
 * mjc_order_less - less of an order under way will be had: less is due of it, but what staff gave
 * back before for the same goods. parcel: what they are in, as of refunds. Needs SPI open.
 */
void
mjc_order_less(const pg_uuid_t *order_id, int32 parcel, int64 value, const MjcActor *actor,
			   TimestampTz at)
{
	MjcUsed before = mjc_refund_use(order_id, parcel, value, true, at);
	MjcBack back = mjc_back_split(order_id, value - before.used, at);
	MjcRefund refund = {.order_id = order_id,
						.kind = MJC_REFUND_EXCESS,
						.parcel = parcel,
						.used = true,
						.actor = actor,
						.at = at};

	if (before.used > 0)
		mjc_payment_event(order_id, "refund", before.used, "given back before", actor);
	(void) mjc_payment_ask_less(order_id, back.asked, at);
	if (back.money > 0)
		(void) mjc_payment_refund_newest(&refund, back.money);
	mjc_back_cards(order_id, &back, actor);
	write_order(order_id, before.counted + back.asked + back.money, back.cards, at);
}

static void
give(MjcRefund refund, const char *kind, int64 amount)
{
	refund.kind = kind;
	if (amount == 0)
		return;
	(void) mjc_payment_refund_newest(&refund, amount);
	mjc_payment_event(refund.order_id, "refund", amount,
					  strcmp(kind, MJC_REFUND_EXCHANGE) == 0 ? "pays the exchange" : refund.reason,
					  refund.actor);
}

/*
 * mjc_back_money - units that had arrived came back: less is asked, and the buyer has his money
 * but for what pays the order that they are exchanged for. parcel: they were in, if it is known.
 * mjc_back_cards does the rest.
 */
void
mjc_back_money(const pg_uuid_t *order_id, int32 parcel, const MjcBack *back, int64 exchanged,
			   const char *reason, const MjcActor *actor, TimestampTz at)
{
	MjcRefund refund = {.order_id = order_id,
						.reason = reason,
						.parcel = parcel,
						.used = true,
						.actor = actor,
						.at = at};

	if (back->asked > 0)
	{
		(void) mjc_payment_ask_less(order_id, back->asked, at);
		mjc_payment_event(order_id, "edit", back->asked, "asked no more", actor);
	}
	give(refund, MJC_REFUND_EXCHANGE, exchanged);
	give(refund, MJC_REFUND_RETURN, back->money - exchanged);
	if (back->money - exchanged + back->cards > 0)
	{
		mjc_exec_one(&stmt_told, MJC_ARGS(MJC_UUID(order_id)));
		mjc_order_announce("payment_returned", order_id, mjc_text_col(0, 1), mjc_text_col(0, 2));
	}
	write_order(order_id, back->asked, back->cards, at);
}

/* ----------------------------------------------------- SQL entry points -- */

PG_FUNCTION_INFO_V1(mjc_order_value_back);
/*
 * mjc.order_value_back(order_id uuid, value bigint, shipment_no integer, reason text, actor uuid,
 *     channel text, request_id text) returns bigint - units of a delivered order came back: their
 * value goes back to where it came from; what of it went to cards, centimes. The caller has locked
 * the order and its products.
 *
 * Errors: MJ003, MJ201, MJ503 more than came in and is still here.
 */
Datum
mjc_order_value_back(PG_FUNCTION_ARGS)
{
	pg_uuid_t *order_id = mjc_arg_uuid(fcinfo, 0, "order_id");
	int64 value = mjc_arg_amount(fcinfo, 1, "value");
	int32 parcel = mjc_arg_int32(fcinfo, 2, "shipment_no");
	char *reason = mjc_arg_text(fcinfo, 3, "reason");
	MjcActor actor = mjc_actor_argument(fcinfo, 4);
	TimestampTz at = GetCurrentTimestamp();
	MjcBack back;

	mjc_begin_write();
	back = mjc_back_split(order_id, value, at);
	if (back.asked + back.money + back.cards != value)
		mjc_raise(MJC_ERR_REFUND_EXCEEDS);
	mjc_back_money(order_id, parcel, &back, 0, reason, &actor, at);
	mjc_back_cards(order_id, &back, &actor);
	mjc_end();
	PG_RETURN_INT64(back.cards);
}
