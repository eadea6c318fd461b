/*
 * order_exchange.c - units of a delivered order came back, and others leave for them: one fact.
 *
 * X1 The value of what came back is split as that of any return (B1): what was never paid is
 *    asked no more. What cards gave they have back, and pay the new order with just that; then
 *    pays what came in as money: as much as the new order needs becomes store credit of the
 *    customer, which it takes at once. What is left stays on the cards or goes back as money.
 * X2 Money that pays the new order goes nowhere: it is a refund of kind exchange, done, so that
 *    refunding the first order later gives back the rest only.
 * X3 The new order is one like any other, of the same customer to the same place, at the prices
 *    of today; both orders name each other. When it ends, what paid it goes back to the cards
 *    and to the store credit.
 * X4 A card that was closed since pays nothing; a closed store credit cannot take money: staff
 *    decide what to do with it first (MJ341).
 *
 * Lock order: the customer, the order's row, the products of both, all cards before.
 * Tables written: order, and those of order.c, order_back.c and credit.c.
 */
#include "postgres.h"

#include "utils/array.h"
#include "utils/builtins.h"

#include "args.h"
#include "credit.h"
#include "error.h"
#include "order.h"
#include "order_back.h"
#include "quote.h"
#include "spi.h"
#include "uuid.h"

/* ---------------------------------------------------------------- Rules -- */

/*
 * X1, X4: what pays the new order, in the order of its use; store credit comes last. What comes
 * back to store credit of the guest whom the customer was before is on his own by then (G4).
 */
static void
purse(MjcExchange *exchange, const MjcBack *back, bool store_open)
{
	for (int i = 0; i < back->ncredits; i++)
	{
		const MjcCredit *card = &back->credits[i];
		int64 part = card->taken - card->used;

		if (mjc_uuid_compare(&card->id, &exchange->customer_id) == 0 ||
			mjc_credit_passes_on(&card->id))
			exchange->own += store_open ? part : 0;
		else if (!card->closed && part > 0)
			exchange->credits[exchange->ncredits++] = (MjcCredit){.id = card->id, .balance = part};
	}
	if (exchange->own + back->money > 0)
		exchange->credits[exchange->ncredits++] =
			(MjcCredit){.id = exchange->customer_id, .balance = exchange->own + back->money};
}

/* -------------------------------------------------------------- Storage -- */

static MjcStmt stmt_customer = {
	"SELECT o.customer_id FROM mjc.order o WHERE o.order_id = $1", 1, {UUIDOID}, NULL};
static MjcStmt stmt_store = {
	"SELECT c.is_active FROM mjc.credit c WHERE c.credit_id = $1", 1, {UUIDOID}, NULL};
static MjcStmt stmt_link = {
	"UPDATE mjc.order SET exchanged_by = exchanged_by || $2 WHERE order_id = $1",
	2,
	{UUIDOID, UUIDOID},
	NULL};

static bool
is_store_open(const pg_uuid_t *customer_id)
{
	return mjc_exec_fresh(&stmt_store, MJC_ARGS(MJC_UUID(customer_id))) == 0 || mjc_bool_col(0, 1);
}

/* ----------------------------------------------------- SQL entry points -- */

PG_FUNCTION_INFO_V1(mjc_order_exchange);
/*
 * mjc.order_exchange_core(order_id uuid, value bigint, shipment_no integer, reason text,
 *     product_ids uuid[], quantities integer[], actor uuid, channel text, request_id text) returns
 * uuid - units of a delivered order, worth so much (centimes), are back; the order that leaves for
 * them. The caller has locked what the header names, and the store credit is there.
 *
 * Errors: MJ003, MJ010, MJ101, MJ102, MJ104, MJ201, MJ209, MJ218, MJ302, MJ341, MJ503, MJ652.
 */
Datum
mjc_order_exchange(PG_FUNCTION_ARGS)
{
	MjcExchange exchange = {.of = *mjc_arg_uuid(fcinfo, 0, "order_id")};
	int64 value = mjc_arg_int64(fcinfo, 1, "value");
	int32 parcel = mjc_arg_int32(fcinfo, 2, "shipment_no");
	char *reason = mjc_arg_text(fcinfo, 3, "reason");
	MjcLines lines = mjc_arg_lines(fcinfo, 4, "new_product_ids", "new_quantities");
	MjcActor actor = mjc_actor_argument(fcinfo, 6);
	pg_uuid_t *made = palloc(sizeof(pg_uuid_t));
	TimestampTz at = GetCurrentTimestamp();
	MjcBack back;
	bool store_open;

	if (value < 0)
		mjc_raise(MJC_ERR_AMOUNT_OUT_OF_RANGE);
	mjc_begin_write();
	mjc_exec_one(&stmt_customer, MJC_ARGS(MJC_UUID(&exchange.of)));
	exchange.customer_id = mjc_uuid_col(0, 1);
	back = mjc_back_split(&exchange.of, value, at);
	if (back.asked + back.money + back.cards != value)
		mjc_raise(MJC_ERR_REFUND_EXCEEDS);
	store_open = is_store_open(&exchange.customer_id);
	if (back.money > 0 && !store_open)
		MJC_RAISE(MJC_ERR_ORDER_NOT_EXCHANGEABLE, {"why", "STORE_CREDIT_CLOSED", 0});
	purse(&exchange, &back, store_open);
	mjc_back_cards(&exchange.of, &back, &actor);
	*made = mjc_order_place_exchange(&exchange, &lines, &actor);
	mjc_back_money(&exchange.of, parcel, &back, exchange.paid, reason, &actor, at);
	mjc_exec_one(&stmt_link, MJC_ARGS(MJC_UUID(&exchange.of), MJC_UUID(made)));
	mjc_end();
	PG_RETURN_UUID_P(made);
}
