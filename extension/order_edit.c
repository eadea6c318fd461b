/*
 * order_edit.c - an order gets other lines before it leaves: priced anew, its units held anew.
 *
 * Prices, promotions and shipping are those of the day it was placed, so that a line that stays
 * costs what it cost. What its coupons allow is judged as if it had not used them; one that does
 * nothing any more is given back. The difference is asked for, or goes back.
 *
 * Cards pay first (P4), so what the order costs less is taken off the money first, then given back
 * to its cards; what it costs more is asked of its cards first, as far as they have it by now,
 * then in money. Cards never take the place of money: of lines that cost the same nothing moves.
 *
 * Invariants: as for placing (order.c); line numbers are the places of the new lines, and the
 * order's reservations follow them.
 * Lock order: the order's row, stock anchors by product id, coupons by code, cards by id.
 * Tables written: order, order_line, order_trace, order_event, shipment (parcels that were
 * unpacked are forgotten), reservation and those of payment.c, coupon.c, credit.c, reservation.c.
 */
#include "postgres.h"

#include "utils/array.h"
#include "utils/builtins.h"

#include "args.h"
#include "coupon.h"
#include "credit.h"
#include "error.h"
#include "money.h"
#include "order.h"
#include "order_rows.h"
#include "payment.h"
#include "quote.h"
#include "refund.h"
#include "reservation.h"
#include "sale.h"
#include "spi.h"
#include "uuid.h"

typedef struct Edit
{
	pg_uuid_t order_id;
	pg_uuid_t customer_id;
	char *reference;
	char *place;
	char *delivery_mode;
	char *method;
	char *customer_group;
	TimestampTz placed_at;
	TimestampTz at;
	int64 due_before;
	int64 total_before;
	int64 credit_before;
	int64 cost_before; /* goods and shipping: what cards may pay */
	MjcWords coupons;
	int ncards; /* ids of cards that paid a part, sorted */
	pg_uuid_t *cards;
	int ncredits; /* what they have for it, once they are locked */
	MjcCredit credits[MJC_MAX_CREDITS + 1];
	MjcQuote quote;
	int nold; /* products as they were, and their units */
	pg_uuid_t *old_ids;
	int32 *old_units;
} Edit;

/* -------------------------------------------------------------- Storage -- */

static MjcStmt stmt_lock = {
	"SELECT o.status, o.customer_id, o.reference, o.wilaya_code, o.delivery_mode, "
	"o.payment_method, o.customer_group, o.placed_at, o.total_centimes - o.credit_centimes, "
	"o.total_centimes, o.coupons, o.credit_ids, o.credit_centimes, "
	"o.subtotal_centimes - o.discount_centimes + o.shipping_centimes FROM mjc.order o "
	"WHERE o.order_id = $1 FOR UPDATE",
	1,
	{UUIDOID},
	NULL};
/* What others wrote while we waited for the lock is seen by a snapshot of its own only. */
static MjcStmt stmt_around = {
	"SELECT EXISTS (SELECT FROM mjc.shipment s WHERE s.order_id = $1 AND s.state <> 'unpacked'), "
	"mjc.invoice_live($1) IS NOT NULL, (SELECT c.region FROM mjc.order_contact c "
	"WHERE c.order_id = $1)",
	1,
	{UUIDOID},
	NULL};
static MjcStmt stmt_old = {"SELECT product_id, sum(qty)::pg_catalog.int4 FROM mjc.order_line "
						   "WHERE order_id = $1 GROUP BY product_id",
						   1,
						   {UUIDOID},
						   NULL};
static MjcStmt stmt_lock_products = {
	"SELECT 1 FROM mjc.stock_anchor a WHERE a.product_id = ANY ($1) "
	"ORDER BY a.product_id FOR NO KEY UPDATE",
	1,
	{UUIDARRAYOID},
	NULL};
static MjcStmt stmt_forget_lines = {
	"DELETE FROM mjc.shipment_line WHERE order_id = $1", 1, {UUIDOID}, NULL};
static MjcStmt stmt_forget_parcels = {
	"DELETE FROM mjc.shipment WHERE order_id = $1 AND state = 'unpacked'", 1, {UUIDOID}, NULL};
static MjcStmt stmt_delete_lines = {
	"DELETE FROM mjc.order_line WHERE order_id = $1", 1, {UUIDOID}, NULL};
static MjcStmt stmt_delete_trace = {
	"DELETE FROM mjc.order_trace WHERE order_id = $1", 1, {UUIDOID}, NULL};
static MjcStmt stmt_renumber = {
	"UPDATE mjc.reservation SET line_no = $3 WHERE product_id = $1 AND reservation_id = $2 "
	"AND line_no <> $3",
	3,
	{UUIDOID, UUIDOID, INT4OID},
	NULL};
static MjcStmt stmt_update = {
	"UPDATE mjc.order SET subtotal_centimes = $2, shipping_centimes = $3, discount_centimes = $4, "
	"tax_centimes = $5, total_centimes = $6, shipping_tax_centimes = $7, "
	"stamp_duty_centimes = $8, rounding_centimes = $9, coupons = $10, updated_at = $11, "
	"credit_centimes = $12 WHERE order_id = $1",
	12,
	{UUIDOID, INT8OID, INT8OID, INT8OID, INT8OID, INT8OID, INT8OID, INT8OID, INT8OID, TEXTARRAYOID,
	 TIMESTAMPTZOID, INT8OID},
	NULL};
static MjcStmt stmt_promised = {
	"UPDATE mjc.order SET estimated_on = greatest(estimated_on, $2) WHERE order_id = $1",
	2,
	{UUIDOID, DATEOID},
	NULL};

static MjcStmt stmt_status = {
	"SELECT status FROM mjc.order WHERE order_id = $1", 1, {UUIDOID}, NULL};

static void
read_coupons(Edit *edit)
{
	Datum *codes;
	int n = mjc_array_col(0, 11, TEXTOID, &codes);

	edit->coupons = (MjcWords){.n = n, .words = palloc(sizeof(char *) * Max(n, 1))};
	for (int i = 0; i < n; i++)
		edit->coupons.words[i] = TextDatumGetCString(codes[i]);
}

static void
read_cards(Edit *edit)
{
	Datum *ids;

	edit->ncards = mjc_array_col(0, 12, UUIDOID, &ids);
	edit->cards = palloc(sizeof(pg_uuid_t) * Max(edit->ncards, 1));
	for (int i = 0; i < edit->ncards; i++)
		edit->cards[i] = *DatumGetUUIDP(ids[i]);
}

/* Errors: MJ004; MJ338 not in this state, with parcels, invoiced. */
static void
lock_order(Edit *edit)
{
	MjcOrderStatus status;
	const char *why = NULL;
	uint64 n;

	if (mjc_exec(&stmt_lock, MJC_ARGS(MJC_UUID(&edit->order_id))) != 1)
		mjc_raise(MJC_ERR_NOT_FOUND);
	MJC_ENSURE(mjc_status_parse(mjc_text_col(0, 1), &status), "a status is one");
	if (status != MJC_STATUS_CONFIRMED && status != MJC_STATUS_PROCESSING)
		why = mjc_status_name(status);
	edit->customer_id = mjc_uuid_col(0, 2);
	edit->reference = mjc_text_col(0, 3);
	edit->place = mjc_text_or_null(0, 4);
	edit->delivery_mode = mjc_text_col(0, 5);
	edit->method = mjc_text_col(0, 6);
	edit->customer_group = mjc_text_col(0, 7);
	edit->placed_at = mjc_time_col(0, 8);
	edit->due_before = mjc_int8_col(0, 9);
	edit->total_before = mjc_int8_col(0, 10);
	read_coupons(edit);
	read_cards(edit);
	edit->credit_before = mjc_int8_col(0, 13);
	edit->cost_before = mjc_int8_col(0, 14);
	mjc_exec_fresh(&stmt_around, MJC_ARGS(MJC_UUID(&edit->order_id)));
	if (why == NULL && mjc_bool_col(0, 1))
		why = "PACKED";
	else if (why == NULL && mjc_bool_col(0, 2))
		why = "INVOICED";
	if (why != NULL)
		MJC_RAISE(MJC_ERR_ORDER_NOT_EDITABLE, {"why", why, 0});
	if (edit->place == NULL)
		edit->place = mjc_text_or_null(0, 3);
	n = mjc_exec_fresh(&stmt_old, MJC_ARGS(MJC_UUID(&edit->order_id)));
	edit->nold = (int) n;
	edit->old_ids = mjc_uuid_cols(n, 1);
	edit->old_units = palloc(sizeof(int32) * Max(n, 1));
	for (uint64 i = 0; i < n; i++)
		edit->old_units[i] = mjc_int4_col(i, 2);
}

/* ---------------------------------------------------------------- Rules -- */

static void
price(Edit *edit, const MjcLines *lines)
{
	MjcQuoteRequest request = {.lines = *lines,
							   .customer_id = &edit->customer_id,
							   .customer_group = edit->customer_group,
							   .place = edit->place,
							   .delivery_mode = edit->delivery_mode,
							   .payment_method = edit->method,
							   .coupons = edit->coupons,
							   .credits = edit->credits,
							   .ncredits = edit->ncredits,
							   .at = edit->placed_at,
							   .own_order = &edit->order_id};
	int kept = 0;

	mjc_quote_make(&request, &edit->quote);
	for (int i = 0; i < edit->quote.ncoupons; i++)
		if (edit->quote.coupons[i].problem == MJC_ERR__MAX)
			edit->quote.coupons[kept++] = edit->quote.coupons[i];
	edit->quote.ncoupons = kept;
	mjc_order_sort_for_locks(&edit->quote);
}

/* Units of a product in the new lines. */
static int32
wanted(const Edit *edit, const pg_uuid_t *product_id)
{
	const MjcCart *cart = &edit->quote.cart;
	int32 units = 0;

	for (int i = 0; i < cart->nlines; i++)
		if (mjc_uuid_compare(&cart->lines[i].product_id, product_id) == 0)
			units += cart->lines[i].qty;
	return units;
}

static void
lock_products(const Edit *edit)
{
	const MjcCart *cart = &edit->quote.cart;
	pg_uuid_t *ids = palloc(sizeof(pg_uuid_t) * (cart->nlines + edit->nold));
	int n = 0;

	for (int i = 0; i < cart->nlines; i++)
		ids[n++] = cart->lines[i].product_id;
	for (int i = 0; i < edit->nold; i++)
		ids[n++] = edit->old_ids[i];
	mjc_exec(&stmt_lock_products, MJC_ARGS(MJC_DATUM(mjc_uuid_array(ids, n))));
}

/* Its coupons, then its cards; with what these have for it by now it is priced again. */
static void
lock_balances(Edit *edit, const MjcLines *lines)
{
	const MjcCart *cart = &edit->quote.cart;
	int64 more = Max(cart->goods + cart->shipping - edit->cost_before, 0);

	mjc_coupons_lock(edit->coupons.words, edit->coupons.n);
	if (edit->ncards == 0)
		return;
	edit->ncredits = mjc_credits_of_order(edit->cards, edit->ncards, &edit->order_id,
										  &edit->customer_id, edit->at, edit->credits);
	mjc_credits_cap(edit->credits, edit->ncredits, more);
	price(edit, lines);
}

/* What is wanted no more is free; then the rest follows its lines and what is missing is taken. */
static void
hold_anew(const Edit *edit, const MjcActor *actor)
{
	const MjcCart *cart = &edit->quote.cart;
	MjcHolder holder = {
		.id = edit->order_id, .kind = "order", .expires_at = DT_NOEND, .actor = actor};
	MjcTake *takes = palloc0(sizeof(MjcTake) * Max(cart->nlines, edit->nold));
	DateADT promised;
	int n = 0;

	for (int i = 0; i < edit->nold; i++)
	{
		int32 less = edit->old_units[i] - wanted(edit, &edit->old_ids[i]);

		if (less > 0)
			takes[n++] = (MjcTake){edit->old_ids[i], 0, 0, less};
	}
	mjc_reservation_move_some(&holder, takes, n, MJC_MOVE_RELEASE);
	for (int i = 0; i < cart->nlines; i++)
	{
		const MjcCartLine *line = &cart->lines[i];

		mjc_exec(&stmt_renumber, MJC_ARGS(MJC_UUID(&line->product_id), MJC_UUID(&edit->order_id),
										  MJC_INT4(line->place + 1)));
		takes[i] = (MjcTake){line->product_id, line->place + 1, line->place + 1, line->qty};
	}
	promised = mjc_reservation_keep(&holder, takes, cart->nlines);
	if (promised != 0)
		mjc_exec_one(&stmt_promised,
					 MJC_ARGS(MJC_UUID(&edit->order_id), MJC_DATUM(DateADTGetDatum(promised))));
}

static void
write_rows(const Edit *edit)
{
	const MjcCart *cart = &edit->quote.cart;

	mjc_exec(&stmt_forget_lines, MJC_ARGS(MJC_UUID(&edit->order_id)));
	mjc_exec(&stmt_forget_parcels, MJC_ARGS(MJC_UUID(&edit->order_id)));
	mjc_exec(&stmt_delete_lines, MJC_ARGS(MJC_UUID(&edit->order_id)));
	mjc_exec(&stmt_delete_trace, MJC_ARGS(MJC_UUID(&edit->order_id)));
	mjc_order_write_lines(&edit->order_id, &edit->quote);
	mjc_order_write_trace(&edit->order_id, &edit->quote);
	mjc_exec_one(&stmt_update,
				 MJC_ARGS(MJC_UUID(&edit->order_id), MJC_INT8(cart->subtotal),
						  MJC_INT8(cart->shipping), MJC_INT8(cart->subtotal - cart->goods),
						  MJC_INT8(cart->tax), MJC_INT8(cart->total), MJC_INT8(cart->shipping_tax),
						  MJC_INT8(cart->stamp_duty), MJC_INT8(cart->rounding),
						  MJC_DATUM(mjc_order_coupon_codes(&edit->quote)), MJC_TIME(edit->at),
						  MJC_INT8(cart->credit)));
}

/*
 * What is due less goes back, but what staff gave back before for what has not left. That is
 * more: they say first what it is for. Errors: MJ338, MJ503.
 */
static void
settle_less(const Edit *edit, int64 less, const MjcActor *actor)
{
	int64 before = mjc_refund_unused(&edit->order_id, MJC_FOR_REST);

	if (before > less)
		MJC_RAISE(MJC_ERR_ORDER_NOT_EDITABLE, {"why", "REFUNDED", 0});
	if (before > 0)
	{
		(void) mjc_refund_use(&edit->order_id, MJC_FOR_REST, before, true, edit->at);
		mjc_payment_event(&edit->order_id, "refund", before, "given back before", actor);
	}
	less -= before;
	if (mjc_payment_less(&edit->order_id, less, actor, edit->at) != less)
		mjc_raise(MJC_ERR_REFUND_EXCEEDS); /* staff gave it back before */
}

/* What is due more is asked for, what is due less goes back. */
static void
settle(const Edit *edit, const MjcActor *actor)
{
	int64 more = edit->quote.cart.due - edit->due_before;
	const pg_uuid_t *who = actor->known ? &actor->id : NULL;

	for (int i = 0; i < edit->quote.ncredits; i++)
		mjc_credit_settle(&edit->quote.credits[i], &edit->order_id, who);
	if (more > 0)
		mjc_payment_more(&edit->order_id, edit->method, more, edit->at);
	else if (more < 0)
		settle_less(edit, -more, actor);
	(void) mjc_payment_follow(&edit->order_id, edit->at);
}

static void
give_back_coupons(const Edit *edit)
{
	for (int i = 0; i < edit->coupons.n; i++)
	{
		bool used = false;

		for (int j = 0; j < edit->quote.ncoupons; j++)
			used |= strcmp(edit->coupons.words[i], edit->quote.coupons[j].code) == 0;
		if (!used)
			mjc_coupon_give_back(edit->coupons.words[i], &edit->order_id, edit->at);
	}
}

/* What the history says. */
static char *
told(const Edit *edit)
{
	char *total = psprintf("%s -> %s DZD", mjc_dzd_text(edit->total_before),
						   mjc_dzd_text(edit->quote.cart.total));

	if (edit->credit_before == edit->quote.cart.credit)
		return total;
	return psprintf("%s, of it by card %s -> %s", total, mjc_dzd_text(edit->credit_before),
					mjc_dzd_text(edit->quote.cart.credit));
}

/* ----------------------------------------------------- SQL entry points -- */

PG_FUNCTION_INFO_V1(mjc_order_edit);
/*
 * mjc.order_edit_core(order_id uuid, product_ids uuid[], quantities integer[], actor uuid,
 *     channel text, request_id text) returns bigint - these are the order's lines from now on;
 * what is due then, in centimes.
 *
 * Errors: MJ003, MJ004, MJ010, MJ101, MJ102, MJ104, MJ302, MJ338.
 */
Datum
mjc_order_edit(PG_FUNCTION_ARGS)
{
	Edit edit = {.order_id = *mjc_arg_uuid(fcinfo, 0, "order_id")};
	MjcLines lines = mjc_arg_lines(fcinfo, 1, "product_ids", "quantities");
	MjcActor actor = mjc_actor_argument(fcinfo, 3);
	const char *status;

	mjc_begin_write();
	edit.at = GetCurrentTimestamp();
	lock_order(&edit);
	mjc_sale_touch(&edit.order_id);
	price(&edit, &lines);
	lock_products(&edit);
	lock_balances(&edit, &lines);
	write_rows(&edit);
	settle(&edit, &actor);
	mjc_exec_one(&stmt_status, MJC_ARGS(MJC_UUID(&edit.order_id)));
	status = mjc_text_col(0, 1);
	mjc_order_add_event(&edit.order_id, "edit", status, status, &actor, told(&edit));
	mjc_order_announce("order_changed", &edit.order_id, edit.reference, status);
	hold_anew(&edit, &actor);
	give_back_coupons(&edit);
	mjc_end();
	PG_RETURN_INT64(edit.quote.cart.due);
}
