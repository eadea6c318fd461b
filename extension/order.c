/*
 * order.c - placing an order: one call, one transaction, all or nothing.
 *
 * Steps, in lock order: idempotency key, guest's phone or the customer who is signed in, price
 * (quote.c), order number, rows of the order, reply rendered, then what others wait for: stock,
 * coupons, credit, the customer's cart. The number of a refused order is lost: gaps are allowed,
 * and the alternative would hold the stock while numbering.
 *
 * Invariants: no amount comes from the client; the order's figures are those of
 * its quote, whose trace is stored with it; one payment row of what is due; one
 * reservation for each unit; one use of each coupon; a guest's phone is canonical
 * and names one customer; a key names one order.
 * Tables written: idempotency_key, customer_order, order, order_reference, order_contact,
 * order_line, order_trace, payment, order_event, outbox, audit (staff), cart, and those of
 * order_buyer.c, reservation.c, coupon.c, credit.c and numbering.c; personal_access (staff who name
 * the customer).
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/jsonb.h"

#include "args.h"
#include "audit.h"
#include "calendar.h"
#include "direct.h"
#include "error.h"
#include "idempotency.h"
#include "numbering.h"
#include "order.h"
#include "order_buyer.h"
#include "order_contact.h"
#include "order_rows.h"
#include "outbox.h"
#include "quote.h"
#include "reservation.h"
#include "sale.h"
#include "setting.h"
#include "spi.h"
#include "text.h"
#include "trace.h"
#include "uuid.h"

#define DEFAULT_METHOD "CASH_ON_DELIVERY"

typedef struct Order
{
	MjcBuyer who;
	pg_uuid_t order_id;
	TimestampTz at;
	const char *channel; /* "web" or "staff" */
	bool confirmed;		 /* staff spoke to the customer */
	char *reference;
	MjcContact contact;
	MjcLines lines;
	MjcWords coupons;
	MjcWords gift_cards;
	bool store_credit;
	const char *delivery_mode;
	const char *method;	  /* of payment */
	const char *provider; /* who takes that payment: "cod", "bank", ... */
	MjcQuote quote;
	TimestampTz confirm_by; /* until then the units are held for it */
	const pg_uuid_t *hold;	/* hold that it takes over, or NULL */
	MjcDestination to;		/* MJC_BUYER_NAMED: where the parcel goes */
	char *staff_note;		/* or NULL */
	char *key;				/* Idempotency-Key or NULL */
	MjcExchange *exchange;	/* MJC_BUYER_EXCHANGE: what pays */
} Order;

/* ---------------------------------------------------------------- Rules -- */

static void
digest_words(MjcDigest *digest, const MjcWords *words)
{
	mjc_digest_text(digest, psprintf("%d", words->n));
	for (int i = 0; i < words->n; i++)
		mjc_digest_text(digest, words->words[i]);
}

/* Everything that makes two requests the same one; the phone is canonical by now. */
static bytea *
request_digest(const Order *order)
{
	MjcDigest digest;

	mjc_digest_begin(&digest);
	mjc_contact_digest(&digest, &order->contact);
	mjc_digest_bytes(&digest, order->hold == NULL ? NULL : order->hold->data, UUID_LEN);
	if (order->who.kind == MJC_BUYER_NAMED)
	{
		mjc_digest_bytes(&digest, order->who.customer_id.data, UUID_LEN);
		mjc_digest_bytes(&digest, order->to.address_id ? order->to.address_id->data : NULL,
						 UUID_LEN);
		mjc_digest_text(&digest, order->staff_note);
	}
	for (int i = 0; i < order->lines.n; i++)
	{
		mjc_digest_bytes(&digest, order->lines.product_ids[i].data, UUID_LEN);
		mjc_digest_text(&digest, psprintf("%d", order->lines.quantities[i]));
	}
	digest_words(&digest, &order->coupons);
	digest_words(&digest, &order->gift_cards);
	mjc_digest_text(&digest, order->delivery_mode);
	mjc_digest_text(&digest, order->method);
	mjc_digest_text(&digest, order->store_credit ? "store_credit" : NULL);
	return mjc_digest_end(&digest);
}

static int64
count_units(const Order *order)
{
	int64 units = 0;

	for (int i = 0; i < order->lines.n; i++)
		units += order->lines.quantities[i];
	return units;
}

/* -------------------------------------------------------------- Storage -- */

static MjcTable order_table = {
	.name = "order",
	.columns = {"order_id",
				"reference",
				"customer_id",
				"channel",
				"order_state",
				"payment_state",
				"fulfilment_state",
				"currency",
				"subtotal_centimes",
				"shipping_centimes",
				"discount_centimes",
				"tax_centimes",
				"total_centimes",
				"payment_method",
				"delivery_mode",
				"wilaya_code",
				"tracking_number",
				"carrier",
				"notes",
				"estimated_on",
				"placed_at",
				"updated_at",
				"confirm_by_at",
				"shipped_at",
				"delivered_at",
				"cancelled_at",
				"customer_group",
				"shipping_tax_centimes",
				"stamp_duty_centimes",
				"rounding_centimes",
				"credit_centimes",
				"coupons",
				"credit_ids",
				"taken_off_centimes",
				"credit_back_centimes",
				"exchange_of",
				"exchanged_by",
				NULL},
	.types = {UUIDOID,		  TEXTOID,		  UUIDOID,		  TEXTOID,		  TEXTOID,
			  TEXTOID,		  TEXTOID,		  TEXTOID,		  INT8OID,		  INT8OID,
			  INT8OID,		  INT8OID,		  INT8OID,		  TEXTOID,		  TEXTOID,
			  TEXTOID,		  TEXTOID,		  TEXTOID,		  TEXTOID,		  DATEOID,
			  TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID,
			  TIMESTAMPTZOID, TEXTOID,		  INT8OID,		  INT8OID,		  INT8OID,
			  INT8OID,		  TEXTARRAYOID,	  UUIDARRAYOID,	  INT8OID,		  INT8OID,
			  UUIDOID,		  UUIDARRAYOID}};
static MjcTable payment_table = {
	.name = "payment",
	.columns = {"order_id", "payment_id", "method", "provider", "provider_ref", "amount_centimes",
				"currency", "state", "created_at", "updated_at", "paid_at", "refunded_at",
				"received_centimes", "refunded_centimes", "note", NULL},
	.types = {UUIDOID, UUIDOID, TEXTOID, TEXTOID, TEXTOID, INT8OID, TEXTOID, TEXTOID,
			  TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, INT8OID, INT8OID,
			  TEXTOID},
	.parent_written = true};
static MjcTable event_table = {.name = "order_event",
							   .columns = {"order_id", "seq", "at", "kind", "from_status",
										   "to_status", "actor", "channel", "note", NULL},
							   .types = {UUIDOID, INT4OID, TIMESTAMPTZOID, TEXTOID, TEXTOID,
										 TEXTOID, UUIDOID, TEXTOID, TEXTOID},
							   .parent_written = true};
static MjcTable reference_table = {.name = "order_reference",
								   .columns = {"reference", "order_id", NULL},
								   .types = {TEXTOID, UUIDOID}};
static MjcTable listing_table = {
	.name = "customer_order",
	.columns = {"customer_id", "order_id", "placed_at", "is_open", NULL},
	.types = {UUIDOID, UUIDOID, TIMESTAMPTZOID, BOOLOID}};
static MjcStmt stmt_cart = {"SELECT mjc.cart_ordered($1, $2)", 2, {UUIDOID, UUIDARRAYOID}, NULL};
static MjcStmt stmt_delay = {
	"UPDATE mjc.order SET estimated_on = greatest(estimated_on, $2) WHERE order_id = $1",
	2,
	{UUIDOID, DATEOID},
	NULL};
static MjcStmt stmt_provider = {
	"SELECT provider FROM mjc.payment_method WHERE method = $1 AND is_enabled", 1, {TEXTOID}, NULL};
static MjcStmt stmt_insert_event = {
	"INSERT INTO mjc.order_event (order_id, seq, at, kind, from_status, to_status, actor, channel, "
	"note) SELECT $1, 1 + coalesce(max(e.seq), 0), greatest(pg_catalog.clock_timestamp(), "
	"max(e.at)), $2, $3, $4, $5, $6, $7 FROM mjc.order_event e WHERE e.order_id = $1",
	7,
	{UUIDOID, TEXTOID, TEXTOID, TEXTOID, UUIDOID, TEXTOID, TEXTOID},
	NULL};
static MjcStmt stmt_reference = {
	"SELECT reference FROM mjc.order WHERE order_id = $1", 1, {UUIDOID}, NULL};
static MjcStmt stmt_exchanged = {
	"SELECT o.reference, o.payment_method, o.delivery_mode, c.first_name, c.last_name, c.phone, "
	"c.email, c.street, c.city, c.postal_code, coalesce(c.region, o.wilaya_code, ''), c.country "
	"FROM mjc.order o JOIN mjc.order_contact c ON c.order_id = o.order_id WHERE o.order_id = $1",
	1,
	{UUIDOID},
	NULL};
static MjcStmt stmt_doc = {"SELECT mjc.order_doc($1)::pg_catalog.text", 1, {UUIDOID}, NULL};
static MjcStmt stmt_look = {"SELECT mjc.access_note($1, 'rest', 'order_place', $2, 1, $3)",
							3,
							{UUIDOID, UUIDOID, TEXTOID},
							NULL};
static MjcStmt stmt_json = {
	"SELECT mjc.order_json($1, $2)::pg_catalog.text", 2, {UUIDOID, BOOLOID}, NULL};

/* mjc_order_json - the order as the frontends read it. Needs SPI open. */
char *
mjc_order_json(const pg_uuid_t *order_id, bool for_staff)
{
	mjc_exec_one(&stmt_json, MJC_ARGS(MJC_UUID(order_id), MJC_BOOL(for_staff)));
	return mjc_text_col(0, 1);
}

/* mjc_order_add_event - next event of the order's history. Needs SPI open. */
void
mjc_order_add_event(const pg_uuid_t *order_id, const char *kind, const char *from, const char *to,
					const MjcActor *actor, const char *note)
{
	mjc_exec_one(&stmt_insert_event,
				 MJC_ARGS(MJC_UUID(order_id), MJC_TEXT(kind), MJC_TEXT_OR_NULL(from), MJC_TEXT(to),
						  MJC_UUID_OR_NULL(actor->known ? &actor->id : NULL),
						  MJC_TEXT(actor->channel), MJC_TEXT_OR_NULL(note)));
}

static void
push_text(JsonbParseState **state, JsonbIteratorToken token, const char *text)
{
	JsonbValue value = {.type = jbvString};

	value.val.string.val = unconstify(char *, text);
	value.val.string.len = (int) strlen(text);
	pushJsonbValue(state, token, &value);
}

/* mjc_order_announce - a message to the buyer: topic is "order_" and what happened. */
void
mjc_order_announce(const char *topic, const pg_uuid_t *order_id, const char *reference,
				   const char *status)
{
	JsonbParseState *state = NULL;
	Jsonb *payload;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	push_text(&state, WJB_KEY, "orderNumber");
	push_text(&state, WJB_VALUE, reference);
	push_text(&state, WJB_KEY, "status");
	push_text(&state, WJB_VALUE, status);
	payload = JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
	mjc_outbox_write((MjcArg) MJC_TEXT(topic), (MjcArg) MJC_TEXT("order"),
					 (MjcArg) MJC_UUID(order_id), (MjcArg) MJC_DATUM(JsonbPGetDatum(payload)));
}

static void
insert_payment(const Order *order)
{
	pg_uuid_t payment_id = mjc_uuid_make();

	mjc_direct_write(&payment_table,
					 MJC_ARGS(MJC_UUID(&order->order_id), MJC_UUID(&payment_id),
							  MJC_TEXT(order->method), MJC_TEXT(order->provider), MJC_NULL,
							  MJC_INT8(order->quote.cart.due), MJC_TEXT("DZD"), MJC_TEXT("pending"),
							  MJC_TIME(order->at), MJC_TIME(order->at), MJC_NULL, MJC_NULL,
							  MJC_INT8(0), MJC_INT8(0), MJC_NULL));
}

/* The order's row first: the others name it. */
static void
insert_order(const Order *order, const char *status, const MjcActor *actor)
{
	MjcArg confirm_by_at = {TimestampTzGetDatum(order->confirm_by), order->confirmed};
	const MjcCart *cart = &order->quote.cart;
	DateADT estimated = mjc_algiers_date(order->at) + order->quote.delivery.days;

	mjc_direct_write(
		&order_table,
		MJC_ARGS(MJC_UUID(&order->order_id), MJC_TEXT(order->reference),
				 MJC_UUID(&order->who.customer_id), MJC_TEXT(order->channel),
				 MJC_TEXT(order->confirmed ? "confirmed" : "placed"), MJC_TEXT("pending"),
				 MJC_TEXT("unfulfilled"), MJC_TEXT("DZD"), MJC_INT8(cart->subtotal),
				 MJC_INT8(cart->shipping), MJC_INT8(cart->subtotal - cart->goods),
				 MJC_INT8(cart->tax), MJC_INT8(cart->total), MJC_TEXT(order->method),
				 MJC_TEXT(order->delivery_mode), MJC_TEXT_OR_NULL(cart->wilaya_code), MJC_NULL,
				 MJC_NULL, MJC_TEXT_OR_NULL(order->staff_note),
				 MJC_DATUM(DateADTGetDatum(estimated)), MJC_TIME(order->at), MJC_TIME(order->at),
				 confirm_by_at, MJC_NULL, MJC_NULL, MJC_NULL, MJC_TEXT(order->who.group),
				 MJC_INT8(cart->shipping_tax), MJC_INT8(cart->stamp_duty), MJC_INT8(cart->rounding),
				 MJC_INT8(cart->credit), MJC_DATUM(mjc_order_coupon_codes(&order->quote)),
				 MJC_DATUM(mjc_order_credit_ids(&order->quote)), MJC_INT8(0), MJC_INT8(0),
				 MJC_UUID_OR_NULL(order->exchange == NULL ? NULL : &order->exchange->of),
				 MJC_DATUM(mjc_uuid_array(NULL, 0))));
	mjc_direct_write(&reference_table,
					 MJC_ARGS(MJC_TEXT(order->reference), MJC_UUID(&order->order_id)));
	mjc_direct_write(&listing_table,
					 MJC_ARGS(MJC_UUID(&order->who.customer_id), MJC_UUID(&order->order_id),
							  MJC_TIME(order->at), MJC_BOOL(true)));
	mjc_contact_write(&order->order_id, &order->contact);
	mjc_order_write_lines(&order->order_id, &order->quote);
	mjc_order_write_trace(&order->order_id, &order->quote);
	insert_payment(order);
	mjc_sale_open(&order->order_id);
	mjc_direct_write(&event_table,
					 MJC_ARGS(MJC_UUID(&order->order_id), MJC_INT4(1), MJC_TIME(order->at),
							  MJC_TEXT("placed"), MJC_NULL, MJC_TEXT(status),
							  MJC_UUID_OR_NULL(actor->known ? &actor->id : NULL),
							  MJC_TEXT(actor->channel), MJC_TEXT_OR_NULL(order->staff_note)));
}

/* Takes the stock; the day promised for what is not there, 0 when all is. */
static DateADT
reserve_lines(const Order *order, const MjcActor *actor)
{
	const MjcCart *cart = &order->quote.cart;
	MjcTake *takes = palloc0(sizeof(MjcTake) * cart->nlines);
	MjcHolder holder = {.id = order->order_id,
						.kind = "order",
						.expires_at = order->confirmed ? DT_NOEND : order->confirm_by,
						.actor = actor,
						.takes_over = order->hold};

	for (int i = 0; i < cart->nlines; i++)
	{
		const MjcCartLine *line = &cart->lines[i];
		int client_line = line->gift ? line->place + 1 : order->lines.client_lines[line->place];

		takes[i] = (MjcTake){line->product_id, line->place + 1, client_line, line->qty};
	}
	return mjc_reservation_take(&holder, takes, cart->nlines);
}

/* Money that came in for units that are back becomes store credit, as much as the order takes. */
static void
fund_exchange(const Order *order, const MjcActor *actor)
{
	MjcExchange *exchange = order->exchange;
	char *op_id = psprintf("exchange:%s", mjc_uuid_text(&order->order_id));

	for (int i = 0; i < order->quote.ncredits; i++)
	{
		const MjcCredit *credit = &order->quote.credits[i];

		if (mjc_uuid_compare(&credit->id, &order->who.customer_id) == 0)
			exchange->paid = Max(credit->used - exchange->own, 0);
	}
	if (exchange->paid > 0)
		mjc_credit_issue(&order->who.customer_id, exchange->paid, op_id,
						 actor->known ? &actor->id : NULL);
}

/* The uses of coupons and the parts of cards; whoever comes too late is refused here. */
static void
take_coupons_and_credit(const Order *order)
{
	const MjcQuote *quote = &order->quote;

	for (int i = 0; i < quote->ncoupons; i++)
		mjc_coupon_take(quote->coupons[i].code, &order->order_id, &order->who.customer_id,
						order->at);
	for (int i = 0; i < quote->ncredits; i++)
		mjc_credit_settle(&quote->credits[i], &order->order_id, NULL);
}

/* What was ordered leaves the customer's cart: the last lock. */
static void
clear_cart(const Order *order)
{
	Datum products = mjc_uuid_array(order->lines.product_ids, order->lines.n);

	mjc_exec_one(&stmt_cart, MJC_ARGS(MJC_UUID(&order->who.customer_id), MJC_DATUM(products)));
}

/*
 * Who takes the payment, and until when the order waits for it, or for the customer's word.
 * Errors: MJ218.
 */
static void
choose_payment(Order *order)
{
	bool online;

	order->provider = "cod";
	if (strcmp(order->method, DEFAULT_METHOD) != 0)
	{
		if (mjc_exec(&stmt_provider, MJC_ARGS(MJC_TEXT(order->method))) != 1)
			mjc_raise(MJC_ERR_PAYMENT_METHOD_UNKNOWN);
		order->provider = mjc_text_col(0, 1);
	}
	online = strcmp(order->provider, "cod") != 0 && strcmp(order->provider, "bank") != 0;
	order->confirm_by =
		order->at + (online ? mjc_setting_integer("unpaid_order_minutes") * USECS_PER_MINUTE
							: mjc_setting_integer("unconfirmed_order_hours") * USECS_PER_HOUR);
}

static void
price_order(Order *order)
{
	MjcQuoteRequest request = {.lines = order->lines,
							   .customer_id = &order->who.customer_id,
							   .customer_group = order->who.group,
							   .place = order->contact.region,
							   .delivery_mode = order->delivery_mode,
							   .payment_method = order->method,
							   .coupons = order->coupons,
							   .gift_cards = order->gift_cards,
							   .store_credit = order->store_credit,
							   .credits = order->exchange ? order->exchange->credits : NULL,
							   .ncredits = order->exchange ? order->exchange->ncredits : 0,
							   .at = order->at,
							   .strict = true};

	mjc_quote_make(&request, &order->quote);
	mjc_order_sort_for_locks(&order->quote);
}

/* What is answered: staff who name the customer get what GET /admin/orders/:orderId shows. */
static char *
render(const Order *order)
{
	if (order->who.kind != MJC_BUYER_NAMED)
		return mjc_order_json(&order->order_id, false);
	mjc_exec_one(&stmt_doc, MJC_ARGS(MJC_UUID(&order->order_id)));
	return mjc_text_col(0, 1);
}

static char *
keep_reply(const Order *order, const MjcClaim *claim)
{
	char *reply = render(order);

	mjc_idempotency_store(claim, "order", &order->order_id, reply);
	return reply;
}

/* The customer who is known by his id, and where the parcel goes. */
static void
complete_customer(Order *order, const MjcActor *actor)
{
	if (order->who.kind == MJC_BUYER_NAMED)
	{
		mjc_contact_address(&order->who.customer_id, &order->to, &order->contact);
		mjc_exec_one(&stmt_look, MJC_ARGS(MJC_UUID(&actor->id), MJC_UUID(&order->who.customer_id),
										  MJC_TEXT_OR_NULL(actor->request_id)));
	}
	mjc_contact_complete(&order->who.customer_id, &order->contact);
}

/* Writes the order; returns the reply, kept under the claim if there is one, else NULL. */
static char *
place_new(Order *order, const MjcActor *actor, const MjcClaim *claim)
{
	const char *status = order->confirmed ? "CONFIRMED" : "PENDING";
	char *reply = NULL;
	DateADT promised;

	order->order_id = mjc_uuid_make();
	choose_payment(order);
	if (order->who.kind == MJC_BUYER_CUSTOMER || order->who.kind == MJC_BUYER_NAMED)
		mjc_buyer_lock(&order->who);
	else if (order->who.kind != MJC_BUYER_EXCHANGE)
		mjc_buyer_find(&order->who, &order->contact, order->at);
	mjc_buyer_check(&order->who, order->channel, count_units(order));
	if (order->who.kind == MJC_BUYER_CUSTOMER || order->who.kind == MJC_BUYER_NAMED)
		complete_customer(order, actor);
	price_order(order);
	order->reference = mjc_order_reference_next(order->at);
	insert_order(order, status, actor);
	mjc_order_announce("order_placed", &order->order_id, order->reference, status);
	if (strcmp(order->channel, "staff") == 0 && actor->known)
		mjc_audit(actor, "order_place", "order", order->reference, NULL,
				  mjc_json_pair("status", status));
	if (claim != NULL)
		reply = keep_reply(order, claim);
	promised = reserve_lines(order, actor);
	if (order->exchange != NULL)
		fund_exchange(order, actor);
	take_coupons_and_credit(order);
	if (order->who.kind == MJC_BUYER_CUSTOMER)
		clear_cart(order);
	if (promised != 0)
	{
		/* Rare: part of it has to come from the supplier first. */
		mjc_exec_one(&stmt_delay,
					 MJC_ARGS(MJC_UUID(&order->order_id),
							  MJC_DATUM(DateADTGetDatum(promised + order->quote.delivery.days))));
		if (claim != NULL)
			reply = keep_reply(order, claim);
	}
	return reply;
}

/*
 * Places the order, or finds that it is a repeat. Needs SPI open.
 *
 * Returns the reply, rendered before the stock is taken: it does not depend on it.
 * order->order_id is the order's, also for a repeat.
 */
static char *
place(Order *order, const MjcActor *actor, bool *replayed)
{
	static const char *const routes[] = {[MJC_BUYER_GUEST] = "order_place_guest",
										 [MJC_BUYER_STAFF] = "order_place",
										 [MJC_BUYER_CUSTOMER] = "order_place_own",
										 [MJC_BUYER_NAMED] = "order_place_named"};
	MjcClaim claim;

	order->at = GetCurrentTimestamp();
	claim = mjc_idempotency_claim(routes[order->who.kind], actor->known ? &actor->id : NULL,
								  order->key, request_digest(order), order->at);
	*replayed = claim.reply != NULL;
	if (!*replayed)
		return place_new(order, actor, &claim);
	order->order_id = claim.subject;
	return claim.reply;
}

/* Whom the first order is of and where it went. Errors: MJ341 the buyer is forgotten. */
static void
read_exchanged(Order *order)
{
	MjcContact *c = &order->contact;

	mjc_exec_one(&stmt_exchanged, MJC_ARGS(MJC_UUID(&order->exchange->of)));
	if (mjc_is_null(0, 4) || mjc_is_null(0, 6) || mjc_is_null(0, 8))
		MJC_RAISE(MJC_ERR_ORDER_NOT_EXCHANGEABLE, {"why", "ERASED", 0});
	order->staff_note = psprintf("Échange de la commande %s", mjc_text_col(0, 1));
	order->method = mjc_text_col(0, 2);
	order->delivery_mode = mjc_text_col(0, 3);
	*c = (MjcContact){.first_name = mjc_text_col(0, 4),
					  .last_name = mjc_text_col(0, 5),
					  .phone = mjc_text_col(0, 6),
					  .email = mjc_text_or_null(0, 7),
					  .street = mjc_text_col(0, 8),
					  .city = mjc_text_col(0, 9),
					  .postal_code = mjc_text_or_null(0, 10),
					  .region = mjc_text_col(0, 11),
					  .country = mjc_text_col(0, 12)};
}

/*
 * mjc_order_place_exchange - an order for units that came back; its id. Needs SPI open; the caller
 * holds the customer, the products and the cards.
 *
 * Sets exchange->paid. Errors: MJ101, MJ102, MJ201, MJ209, MJ218, MJ341, MJ652.
 */
pg_uuid_t
mjc_order_place_exchange(MjcExchange *exchange, const MjcLines *lines, const MjcActor *actor)
{
	Order order = {.who.kind = MJC_BUYER_EXCHANGE,
				   .channel = "staff",
				   .confirmed = true,
				   .who.customer_id = exchange->customer_id,
				   .lines = *lines,
				   .exchange = exchange,
				   .at = GetCurrentTimestamp()};

	read_exchanged(&order);
	(void) place_new(&order, actor, NULL);
	return order.order_id;
}

/* ----------------------------------------------------- SQL entry points -- */

/* Arguments from `first` on: coupons text[], gift_cards text[], delivery_mode text. */
static void
read_extras(FunctionCallInfo fcinfo, int first, Order *order)
{
	char *mode = mjc_arg_text_or_null(fcinfo, first + 2);
	char *method = mjc_trim_or_null(mjc_arg_text_or_null(fcinfo, PG_NARGS() - 1));

	/* payment_method text is the last argument of each. */
	order->method = method == NULL ? DEFAULT_METHOD : method;
	order->coupons = mjc_arg_words(fcinfo, first, "coupons");
	order->gift_cards = mjc_arg_words(fcinfo, first + 1, "gift_cards");
	order->delivery_mode = mode == NULL ? "home" : mode;
}

PG_FUNCTION_INFO_V1(mjc_api_order_place_guest);
/*
 * mjc_api.order_place_guest(request_id text, idempotency_key text, product_ids uuid[],
 *     quantities int[], first_name, last_name, phone, email, profession, street, city,
 *     postal_code, region, country, note, coupons text[], gift_cards text[], delivery_mode text,
 *     payment_method text, OUT body json, OUT replayed boolean)
 * - a visitor orders, cash on delivery unless told.
 *
 * Errors: MJ003, MJ006, MJ009, MJ010, MJ021, MJ022, MJ101, MJ102, MJ104, MJ201-MJ211, MJ217,
 * MJ218, MJ302-MJ305, MJ402.
 */
Datum
mjc_api_order_place_guest(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	Order order = {.who.kind = MJC_BUYER_GUEST, .channel = "web"};
	MjcActor actor;
	bool replayed;
	char *reply;

	order.key = mjc_arg_text_or_null(fcinfo, 1);
	order.lines = mjc_arg_lines(fcinfo, 2, "product_ids", "quantities");
	mjc_contact_read(fcinfo, 4, &order.contact);
	read_extras(fcinfo, 15, &order);
	mjc_begin_write();
	actor = mjc_actor_visitor(mjc_arg_text_or_null(fcinfo, 0));
	reply = MemoryContextStrdup(caller, place(&order, &actor, &replayed));
	mjc_end();
	return mjc_idempotency_result(fcinfo, psprintf("{\"order\":%s}", reply), replayed);
}

PG_FUNCTION_INFO_V1(mjc_api_order_place);
/*
 * mjc_api.order_place(actor uuid, token_version int, token_id uuid, request_id text,
 *     idempotency_key text, product_ids uuid[], quantities int[], phone, info_phone, street,
 *     city, postal_code, region, country, note, coupons text[], gift_cards text[],
 *     delivery_mode text, store_credit boolean, payment_method text, OUT body json,
 *     OUT replayed boolean)
 * - whoever is signed in orders, at the prices of his group, cash on delivery unless told.
 *
 * Errors: those of guests without their limits, MJ004, MJ060, MJ063, MJ652.
 */
Datum
mjc_api_order_place(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	Order order = {.who.kind = MJC_BUYER_CUSTOMER, .channel = "web"};
	MjcActor actor;
	bool replayed;
	char *reply;

	order.key = mjc_arg_text_or_null(fcinfo, 4);
	order.lines = mjc_arg_lines(fcinfo, 5, "product_ids", "quantities");
	mjc_contact_read_own(fcinfo, 7, &order.contact);
	read_extras(fcinfo, 15, &order);
	order.store_credit = !PG_ARGISNULL(18) && PG_GETARG_BOOL(18);
	mjc_begin_write();
	actor = mjc_actor_account(fcinfo);
	order.who.customer_id = actor.id;
	reply = MemoryContextStrdup(caller, place(&order, &actor, &replayed));
	mjc_end();
	return mjc_idempotency_result(fcinfo, psprintf("{\"order\":%s}", reply), replayed);
}

PG_FUNCTION_INFO_V1(mjc_api_order_place_named);
/*
 * mjc_api.staff_order_create(actor uuid, token_version int, token_id uuid, request_id text,
 *     idempotency_key text, customer_id uuid, address_id uuid, product_ids uuid[],
 *     quantities int[], phone, street, city, postal_code, region, country, note,
 *     coupons text[], gift_cards text[], delivery_mode text, store_credit boolean,
 *     payment_method text, OUT body json, OUT replayed boolean)
 * - staff order for a customer, at the prices of his group; confirmed at once.
 *
 * note: of staff, not the customer's. Errors: those of whoever is signed in without MJ074,
 * MJ064, MJ653.
 */
Datum
mjc_api_order_place_named(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	Order order = {.who.kind = MJC_BUYER_NAMED, .channel = "staff", .confirmed = true};
	MjcActor actor;
	bool replayed;
	char *reply;

	order.key = mjc_arg_text_or_null(fcinfo, 4);
	order.who.customer_id = *mjc_arg_uuid(fcinfo, 5, "customerId");
	order.to.address_id = mjc_arg_uuid_or_null(fcinfo, 6);
	order.lines = mjc_arg_lines(fcinfo, 7, "product_ids", "quantities");
	order.to.sent = mjc_contact_read_named(fcinfo, 9, &order.contact);
	order.staff_note = mjc_trim_or_null(mjc_arg_text_or_null(fcinfo, 15));
	if (order.staff_note != NULL)
		mjc_check_text(order.staff_note, "notes", 1, 500);
	read_extras(fcinfo, 16, &order);
	order.store_credit = !PG_ARGISNULL(19) && PG_GETARG_BOOL(19);
	mjc_begin_write();
	actor = mjc_actor_admin(fcinfo);
	reply = MemoryContextStrdup(caller, place(&order, &actor, &replayed));
	mjc_end();
	return mjc_idempotency_result(fcinfo, reply, replayed);
}

PG_FUNCTION_INFO_V1(mjc_order_place);
/*
 * mjc.order_place(product_ids uuid[], quantities int[], first_name, last_name, phone, email,
 *     profession, street, city, postal_code, region, country, note, idempotency_key,
 *     reservation_id, coupons text[], gift_cards text[], delivery_mode, store_credit boolean,
 *     payment_method) -
 * staff take an order (by phone, over the counter); returns its reference.
 *
 * reservation_id: a hold whose units of these products go to the order, or NULL.
 * The order starts confirmed: staff spoke to the customer. Errors: those of guests
 * without their limits, MJ112 and MJ601.
 */
Datum
mjc_order_place(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	Order order = {.who.kind = MJC_BUYER_STAFF, .channel = "staff", .confirmed = true};
	MjcActor actor;
	bool replayed;
	char *reference;

	order.key = mjc_arg_text_or_null(fcinfo, 13);
	order.hold = mjc_arg_uuid_or_null(fcinfo, 14);
	order.store_credit = !PG_ARGISNULL(18) && PG_GETARG_BOOL(18);
	order.lines = mjc_arg_lines(fcinfo, 0, "product_ids", "quantities");
	mjc_contact_read(fcinfo, 2, &order.contact);
	read_extras(fcinfo, 15, &order);
	mjc_begin_write();
	actor = mjc_actor_staff();
	(void) place(&order, &actor, &replayed);
	mjc_exec_one(&stmt_reference, MJC_ARGS(MJC_UUID(&order.order_id)));
	reference = MemoryContextStrdup(caller, mjc_text_col(0, 1));
	mjc_end();
	PG_RETURN_TEXT_P(cstring_to_text(reference));
}
