/*
 * order.c - placing an order: one call, one transaction, all or nothing.
 *
 * Steps, in lock order: idempotency key, guest's phone, order number, rows of
 * the order, reply rendered, stock last (it is what others wait for). The
 * number of a refused order is lost: gaps are allowed, and the alternative
 * would hold the stock while numbering.
 *
 * Invariants: prices, tax and shipping are the server's; total = sum of lines +
 * shipping; one payment row; one reservation for each unit; a guest's phone is
 * canonical and names one customer; a key names one order.
 * Tables written: idempotency_key, customer, customer_person, customer_phone,
 * customer_order, order, order_reference, order_contact, order_line, payment,
 * order_event, audit (staff), and those of reservation.c and numbering.c.
 */
#include "postgres.h"

#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"

#include "args.h"
#include "audit.h"
#include "calendar.h"
#include "direct.h"
#include "error.h"
#include "idempotency.h"
#include "money.h"
#include "numbering.h"
#include "order.h"
#include "pricing.h"
#include "reservation.h"
#include "setting.h"
#include "shipping.h"
#include "spi.h"
#include "text.h"
#include "uuid.h"

#define SALT_LEN 16
#define MAX_ARRAY 10000 /* elements read before the number of lines is judged */

/* A line: what was asked, and what the catalogue says about it. */
typedef struct Line
{
	pg_uuid_t product_id;
	int32 client_line; /* first line on which the client sent it, from 1 */
	int32 qty;
	char *sku;
	char *name;
	char *manufacturer_ref;
	int64 list_price; /* centimes */
	int64 unit_price;
	int64 total;
	int64 tax;
	int32 tax_bp;
} Line;

/* Who orders, and where it goes; texts are trimmed, phone is canonical. */
typedef struct Contact
{
	char *first_name;
	char *last_name;
	char *phone;
	char *email;
	char *profession;
	char *street;
	char *city;
	char *postal_code;
	char *region;
	char *country;
	char *note;
} Contact;

typedef struct Order
{
	pg_uuid_t order_id;
	pg_uuid_t customer_id;
	TimestampTz at;
	const char *channel; /* "web" or "staff" */
	bool confirmed;		 /* staff spoke to the customer */
	char *reference;
	Contact contact;
	int nlines;
	Line *lines;
	MjcDelivery delivery;
	int64 subtotal;
	int64 tax;
	int64 shipping;
	int64 total;
	TimestampTz confirm_by; /* until then the units are held for it */
	const pg_uuid_t *hold;	/* hold that it takes over, or NULL */
	char *key;				/* Idempotency-Key or NULL */
} Order;

/* ---------------------------------------------------------------- Rules -- */

static int
find_line(const Line *lines, int n, const pg_uuid_t *product_id)
{
	for (int i = 0; i < n; i++)
		if (mjc_uuid_compare(&lines[i].product_id, product_id) == 0)
			return i;
	return -1;
}

/*
 * Reads the client's lines; a product sent twice becomes one line with the sum.
 * Errors: MJ302 number of lines, MJ104 quantity, MJ010 arrays of unequal length.
 */
static void
read_lines(Order *order, Datum *products, int nproducts, Datum *quantities, int nquantities)
{
	if (nproducts != nquantities)
		MJC_RAISE(MJC_ERR_ARGUMENT_INVALID, {"argument", "quantities", 0});
	if (nproducts == 0 || nproducts > MJC_MAX_LINES)
		MJC_RAISE(MJC_ERR_ORDER_LINES_COUNT, {"min", NULL, 1}, {"max", NULL, MJC_MAX_LINES});
	order->lines = palloc0(sizeof(Line) * nproducts);
	order->nlines = 0;
	for (int i = 0; i < nproducts; i++)
	{
		pg_uuid_t *product_id = DatumGetUUIDP(products[i]);
		int32 qty = DatumGetInt32(quantities[i]);
		int found = find_line(order->lines, order->nlines, product_id);

		if (qty < 1 || qty > MJC_MAX_LINE_QTY)
			MJC_RAISE(MJC_ERR_STOCK_QTY_INVALID, {"min", NULL, 1}, {"max", NULL, MJC_MAX_LINE_QTY});
		if (found < 0)
		{
			found = order->nlines++;
			order->lines[found].product_id = *product_id;
			order->lines[found].client_line = i + 1;
		}
		order->lines[found].qty += qty;
	}
}

static char *
required(const char *text, const char *name, int min, int max)
{
	char *trimmed = mjc_trim_or_null(text);

	if (trimmed == NULL)
		MJC_RAISE(MJC_ERR_ARGUMENT_MISSING, {"argument", name, 0});
	mjc_check_text(trimmed, name, min, max);
	return trimmed;
}

static char *
optional(const char *text, const char *name, int min, int max)
{
	char *trimmed = mjc_trim_or_null(text);

	if (trimmed != NULL)
		mjc_check_text(trimmed, name, min, max);
	return trimmed;
}

/* Eleven text arguments from `first` on, in the order of struct Contact. */
static void
read_contact(FunctionCallInfo fcinfo, int first, Contact *c)
{
	const char *country = mjc_arg_text_or_null(fcinfo, first + 9);

	c->first_name = required(mjc_arg_text_or_null(fcinfo, first), "first_name", 2, 50);
	c->last_name = required(mjc_arg_text_or_null(fcinfo, first + 1), "last_name", 2, 50);
	c->phone = mjc_phone_canonical_or_raise(mjc_arg_text(fcinfo, first + 2, "phone"));
	c->email = optional(mjc_arg_text_or_null(fcinfo, first + 3), "email", 3, 254);
	c->profession = optional(mjc_arg_text_or_null(fcinfo, first + 4), "profession", 1, 50);
	c->street = required(mjc_arg_text_or_null(fcinfo, first + 5), "street", 5, 200);
	c->city = required(mjc_arg_text_or_null(fcinfo, first + 6), "city", 2, 100);
	c->postal_code = optional(mjc_arg_text_or_null(fcinfo, first + 7), "postal_code", 3, 20);
	c->region = required(mjc_arg_text_or_null(fcinfo, first + 8), "region", 1, 50);
	c->country = required(country ? country : "Algeria", "country", 2, 100);
	c->note = optional(mjc_arg_text_or_null(fcinfo, first + 10), "note", 1, 500);
	if (c->profession != NULL && strcmp(c->profession, "technicien") != 0 &&
		strcmp(c->profession, "particulier") != 0 && strcmp(c->profession, "autre") != 0)
		MJC_RAISE(MJC_ERR_ARGUMENT_INVALID, {"argument", "profession", 0});
}

/* Everything that makes two requests the same one; the phone is canonical by now. */
static bytea *
request_digest(const Order *order)
{
	const Contact *c = &order->contact;
	const char *const texts[] = {c->first_name, c->last_name, c->phone, c->email,
								 c->profession, c->street,	  c->city,	c->postal_code,
								 c->region,		c->country,	  c->note};
	MjcDigest digest;

	mjc_digest_begin(&digest);
	for (int i = 0; i < lengthof(texts); i++)
		mjc_digest_text(&digest, texts[i]);
	mjc_digest_bytes(&digest, order->hold == NULL ? NULL : order->hold->data, UUID_LEN);
	for (int i = 0; i < order->nlines; i++)
	{
		mjc_digest_bytes(&digest, order->lines[i].product_id.data, UUID_LEN);
		mjc_digest_text(&digest, psprintf("%d", order->lines[i].qty));
	}
	return mjc_digest_end(&digest);
}

static void
price_lines(Order *order)
{
	order->subtotal = 0;
	order->tax = 0;
	for (int i = 0; i < order->nlines; i++)
	{
		Line *line = &order->lines[i];

		line->total = mjc_money_times(line->unit_price, line->qty);
		line->tax = line->total - mjc_tax_net_of_gross(line->total, line->tax_bp);
		order->subtotal = mjc_money_add(order->subtotal, line->total);
		order->tax = mjc_money_add(order->tax, line->tax);
	}
}

static int64
count_units(const Order *order)
{
	int64 units = 0;

	for (int i = 0; i < order->nlines; i++)
		units += order->lines[i].qty;
	return units;
}

/* -------------------------------------------------------------- Storage -- */

static MjcStmt stmt_products = {"SELECT product_id, sku, name, manufacturer_ref, price_centimes, "
								"coalesce(sale_price_centimes, 0), tax_bp FROM mjc.product "
								"WHERE product_id = ANY ($1) AND is_active",
								1,
								{UUIDARRAYOID},
								NULL};
static MjcStmt stmt_phone_claim = {
	"INSERT INTO mjc.customer_phone (phone, customer_id) VALUES ($1, $2) "
	"ON CONFLICT (phone) DO NOTHING",
	2,
	{TEXTOID, UUIDOID},
	NULL};
static MjcStmt stmt_phone_lock = {
	"SELECT customer_id FROM mjc.customer_phone WHERE phone = $1 FOR UPDATE", 1, {TEXTOID}, NULL};
static MjcTable customer_table = {
	.name = "customer",
	.columns = {"customer_id", "kind", "customer_type", "profession", "account_id", "created_at",
				NULL},
	.types = {UUIDOID, TEXTOID, TEXTOID, TEXTOID, UUIDOID, TIMESTAMPTZOID}};
static MjcTable person_table = {
	.name = "customer_person",
	.columns = {"customer_id", "first_name", "last_name", "phone", "email", NULL},
	.types = {UUIDOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID},
	.parent_written = true};
static MjcStmt stmt_open_orders = {
	"SELECT count(*) FROM mjc.customer_order WHERE customer_id = $1 AND is_open",
	1,
	{UUIDOID},
	NULL};
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
				NULL},
	.types = {UUIDOID,		  TEXTOID,		  UUIDOID,		  TEXTOID,		  TEXTOID,
			  TEXTOID,		  TEXTOID,		  TEXTOID,		  INT8OID,		  INT8OID,
			  INT8OID,		  INT8OID,		  INT8OID,		  TEXTOID,		  TEXTOID,
			  TEXTOID,		  TEXTOID,		  TEXTOID,		  TEXTOID,		  DATEOID,
			  TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID,
			  TIMESTAMPTZOID}};
static MjcTable contact_table = {.name = "order_contact",
								 .columns = {"order_id", "first_name", "last_name", "phone",
											 "email", "street", "city", "postal_code", "region",
											 "country", "note", "salt", NULL},
								 .types = {UUIDOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID,
										   TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, BYTEAOID},
								 .parent_written = true};
static MjcTable payment_table = {
	.name = "payment",
	.columns = {"order_id", "payment_id", "method", "provider", "provider_ref", "amount_centimes",
				"currency", "state", "created_at", "updated_at", "paid_at", "refunded_at", NULL},
	.types = {UUIDOID, UUIDOID, TEXTOID, TEXTOID, TEXTOID, INT8OID, TEXTOID, TEXTOID,
			  TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID},
	.parent_written = true};
static MjcTable event_table = {.name = "order_event",
							   .columns = {"order_id", "seq", "at", "kind", "from_status",
										   "to_status", "actor", "channel", "note", NULL},
							   .types = {UUIDOID, INT4OID, TIMESTAMPTZOID, TEXTOID, TEXTOID,
										 TEXTOID, UUIDOID, TEXTOID, TEXTOID},
							   .parent_written = true};
static MjcTable line_table = {
	.name = "order_line",
	.columns = {"order_id", "line_no", "product_id", "sku", "product_name", "manufacturer_ref",
				"qty", "list_price_centimes", "unit_price_centimes", "discount_centimes",
				"total_centimes", "tax_bp", "tax_centimes", NULL},
	.types = {UUIDOID, INT4OID, UUIDOID, TEXTOID, TEXTOID, TEXTOID, INT4OID, INT8OID, INT8OID,
			  INT8OID, INT8OID, INT4OID, INT8OID},
	.parent_written = true};
static MjcTable reference_table = {.name = "order_reference",
								   .columns = {"reference", "order_id", NULL},
								   .types = {TEXTOID, UUIDOID}};
static MjcTable listing_table = {
	.name = "customer_order",
	.columns = {"customer_id", "order_id", "placed_at", "is_open", NULL},
	.types = {UUIDOID, UUIDOID, TIMESTAMPTZOID, BOOLOID}};
static MjcStmt stmt_delay = {
	"UPDATE mjc.order SET estimated_on = greatest(estimated_on, $2) WHERE order_id = $1",
	2,
	{UUIDOID, DATEOID},
	NULL};
static MjcStmt stmt_insert_event = {
	"INSERT INTO mjc.order_event (order_id, seq, at, kind, from_status, to_status, actor, channel, "
	"note) SELECT $1, 1 + coalesce(max(e.seq), 0), greatest(pg_catalog.clock_timestamp(), "
	"max(e.at)), $2, $3, $4, $5, $6, $7 FROM mjc.order_event e WHERE e.order_id = $1",
	7,
	{UUIDOID, TEXTOID, TEXTOID, TEXTOID, UUIDOID, TEXTOID, TEXTOID},
	NULL};
static MjcStmt stmt_reference = {
	"SELECT reference FROM mjc.order WHERE order_id = $1", 1, {UUIDOID}, NULL};
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

static Datum
product_ids(const Order *order)
{
	Datum *elements = palloc(sizeof(Datum) * order->nlines);

	for (int i = 0; i < order->nlines; i++)
		elements[i] = UUIDPGetDatum(&order->lines[i].product_id);
	return PointerGetDatum(
		construct_array(elements, order->nlines, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR));
}

/* Fills the lines from the catalogue. Errors: MJ102 unknown or inactive product. */
static void
read_products(Order *order)
{
	uint64 rows = mjc_exec(&stmt_products, MJC_ARGS(MJC_DATUM(product_ids(order))));

	for (uint64 i = 0; i < rows; i++)
	{
		pg_uuid_t product_id = mjc_uuid_col(i, 1);
		Line *line = &order->lines[find_line(order->lines, order->nlines, &product_id)];

		line->sku = mjc_text_col(i, 2);
		line->name = mjc_text_col(i, 3);
		line->manufacturer_ref = mjc_text_or_null(i, 4);
		line->list_price = mjc_int8_col(i, 5);
		line->unit_price = mjc_price_in_force(line->list_price, mjc_int8_col(i, 6));
		line->tax_bp = mjc_int4_col(i, 7);
	}
	for (int i = 0; i < order->nlines; i++)
		if (order->lines[i].sku == NULL)
			MJC_RAISE(MJC_ERR_PRODUCT_UNAVAILABLE, {"line", NULL, order->lines[i].client_line});
}

/*
 * The customer of this phone, made when there is none. Orders of one phone wait
 * for each other here, so that the limits below hold.
 */
static void
find_customer(Order *order)
{
	const Contact *c = &order->contact;
	pg_uuid_t made = mjc_uuid_make();

	if (mjc_exec(&stmt_phone_claim, MJC_ARGS(MJC_TEXT(c->phone), MJC_UUID(&made))) == 1)
	{
		mjc_direct_write(&customer_table,
						 MJC_ARGS(MJC_UUID(&made), MJC_TEXT("guest"), MJC_TEXT("B2C"),
								  MJC_TEXT_OR_NULL(c->profession), MJC_NULL, MJC_TIME(order->at)));
		mjc_direct_write(&person_table,
						 MJC_ARGS(MJC_UUID(&made), MJC_TEXT(c->first_name), MJC_TEXT(c->last_name),
								  MJC_TEXT(c->phone), MJC_TEXT_OR_NULL(c->email)));
		order->customer_id = made;
		return;
	}
	if (mjc_exec(&stmt_phone_lock, MJC_ARGS(MJC_TEXT(c->phone))) != 1)
		elog(ERROR, "customer of a phone not found");
	order->customer_id = mjc_uuid_col(0, 1);
}

/* Errors: MJ303 too many open orders of this phone, MJ304 too many units. */
static void
check_guest_limits(const Order *order)
{
	int64 max_units = mjc_setting_integer("guest_order_units_max");
	int64 max_open = mjc_setting_integer("guest_open_orders_max");

	if (count_units(order) > max_units)
		MJC_RAISE(MJC_ERR_GUEST_UNITS_LIMIT, {"max", NULL, max_units});
	mjc_exec_fresh(&stmt_open_orders, MJC_ARGS(MJC_UUID(&order->customer_id)));
	if (mjc_int8_col(0, 1) >= max_open)
		MJC_RAISE(MJC_ERR_GUEST_ORDERS_LIMIT, {"max", NULL, max_open});
}

static Datum
make_salt(void)
{
	bytea *salt = palloc(VARHDRSZ + SALT_LEN);

	SET_VARSIZE(salt, VARHDRSZ + SALT_LEN);
	if (!pg_strong_random(VARDATA(salt), SALT_LEN))
		elog(ERROR, "no random numbers available");
	return PointerGetDatum(salt);
}

static void
insert_lines(const Order *order)
{
	for (int i = 0; i < order->nlines; i++)
	{
		const Line *line = &order->lines[i];

		mjc_direct_write(&line_table,
						 MJC_ARGS(MJC_UUID(&order->order_id), MJC_INT4(i + 1),
								  MJC_UUID(&line->product_id), MJC_TEXT(line->sku),
								  MJC_TEXT(line->name), MJC_TEXT_OR_NULL(line->manufacturer_ref),
								  MJC_INT4(line->qty), MJC_INT8(line->list_price),
								  MJC_INT8(line->unit_price), MJC_INT8(0), MJC_INT8(line->total),
								  MJC_INT4(line->tax_bp), MJC_INT8(line->tax)));
	}
}

static void
insert_contact(const Order *order)
{
	const Contact *c = &order->contact;

	mjc_direct_write(&contact_table, MJC_ARGS(MJC_UUID(&order->order_id), MJC_TEXT(c->first_name),
											  MJC_TEXT(c->last_name), MJC_TEXT(c->phone),
											  MJC_TEXT_OR_NULL(c->email), MJC_TEXT(c->street),
											  MJC_TEXT(c->city), MJC_TEXT_OR_NULL(c->postal_code),
											  MJC_TEXT(c->region), MJC_TEXT(c->country),
											  MJC_TEXT_OR_NULL(c->note), MJC_DATUM(make_salt())));
}

static void
insert_payment(const Order *order)
{
	pg_uuid_t payment_id = mjc_uuid_make();

	mjc_direct_write(&payment_table,
					 MJC_ARGS(MJC_UUID(&order->order_id), MJC_UUID(&payment_id),
							  MJC_TEXT("CASH_ON_DELIVERY"), MJC_TEXT("cod"), MJC_NULL,
							  MJC_INT8(order->total), MJC_TEXT("DZD"), MJC_TEXT("pending"),
							  MJC_TIME(order->at), MJC_TIME(order->at), MJC_NULL, MJC_NULL));
}

/* The order's row first: the others name it. */
static void
insert_order(const Order *order, const char *status, const MjcActor *actor)
{
	MjcArg confirm_by_at = {TimestampTzGetDatum(order->confirm_by), order->confirmed};
	DateADT estimated = mjc_algiers_date(order->at) + order->delivery.days;

	mjc_direct_write(&order_table,
					 MJC_ARGS(MJC_UUID(&order->order_id), MJC_TEXT(order->reference),
							  MJC_UUID(&order->customer_id), MJC_TEXT(order->channel),
							  MJC_TEXT(order->confirmed ? "confirmed" : "placed"),
							  MJC_TEXT("pending"), MJC_TEXT("unfulfilled"), MJC_TEXT("DZD"),
							  MJC_INT8(order->subtotal), MJC_INT8(order->shipping), MJC_INT8(0),
							  MJC_INT8(order->tax), MJC_INT8(order->total),
							  MJC_TEXT("CASH_ON_DELIVERY"), MJC_TEXT("home"),
							  MJC_TEXT_OR_NULL(order->delivery.wilaya_code), MJC_NULL, MJC_NULL,
							  MJC_NULL, MJC_DATUM(DateADTGetDatum(estimated)), MJC_TIME(order->at),
							  MJC_TIME(order->at), confirm_by_at, MJC_NULL, MJC_NULL, MJC_NULL));
	mjc_direct_write(&reference_table,
					 MJC_ARGS(MJC_TEXT(order->reference), MJC_UUID(&order->order_id)));
	mjc_direct_write(&listing_table,
					 MJC_ARGS(MJC_UUID(&order->customer_id), MJC_UUID(&order->order_id),
							  MJC_TIME(order->at), MJC_BOOL(true)));
	insert_contact(order);
	insert_lines(order);
	insert_payment(order);
	mjc_direct_write(&event_table,
					 MJC_ARGS(MJC_UUID(&order->order_id), MJC_INT4(1), MJC_TIME(order->at),
							  MJC_TEXT("placed"), MJC_NULL, MJC_TEXT(status),
							  MJC_UUID_OR_NULL(actor->known ? &actor->id : NULL),
							  MJC_TEXT(actor->channel), MJC_NULL));
}

/* Takes the stock; the day promised for what is not there, 0 when all is. */
static DateADT
reserve_lines(const Order *order, const MjcActor *actor)
{
	MjcTake *takes = palloc0(sizeof(MjcTake) * order->nlines);
	MjcHolder holder = {.id = order->order_id,
						.kind = "order",
						.expires_at = order->confirmed ? DT_NOEND : order->confirm_by,
						.actor = actor,
						.takes_over = order->hold};

	for (int i = 0; i < order->nlines; i++)
		takes[i] = (MjcTake){order->lines[i].product_id, i + 1, order->lines[i].client_line,
							 order->lines[i].qty};
	return mjc_reservation_take(&holder, takes, order->nlines);
}

static void
price_order(Order *order)
{
	read_products(order);
	price_lines(order);
	order->delivery = mjc_delivery_find(order->contact.region, "home", mjc_algiers_date(order->at));
	order->shipping =
		mjc_shipping_due(order->subtotal, mjc_tariff_price(&order->delivery.tariff, 0),
						 mjc_setting_integer("free_shipping_threshold_centimes"));
	order->total = mjc_money_add(order->subtotal, order->shipping);
}

/*
 * Places the order, or finds that it is a repeat. Needs SPI open.
 *
 * guest: the limits for orders without an account apply. Returns the reply,
 * rendered before the stock is taken: it does not depend on it. order->order_id
 * is the order's, also for a repeat.
 */
static char *
place(Order *order, bool guest, const MjcActor *actor, bool *replayed)
{
	MjcClaim claim;
	char *reply;
	DateADT promised;
	const char *status = order->confirmed ? "CONFIRMED" : "PENDING";

	order->at = GetCurrentTimestamp();
	order->confirm_by = order->at + mjc_setting_integer("unconfirmed_order_hours") * USECS_PER_HOUR;
	claim = mjc_idempotency_claim(guest ? "order_place_guest" : "order_place",
								  actor->known ? &actor->id : NULL, order->key,
								  request_digest(order), order->at);
	*replayed = claim.reply != NULL;
	if (*replayed)
	{
		order->order_id = claim.subject;
		return claim.reply;
	}
	order->order_id = mjc_uuid_make();
	price_order(order);
	find_customer(order);
	if (guest)
		check_guest_limits(order);
	order->reference = mjc_order_reference_next(order->at);
	insert_order(order, status, actor);
	if (actor->known)
		mjc_audit(actor, "order_place", "order", order->reference, NULL,
				  mjc_json_pair("status", status));
	reply = mjc_order_json(&order->order_id, false);
	mjc_idempotency_store(&claim, "order", &order->order_id, reply);
	promised = reserve_lines(order, actor);
	if (promised != 0)
	{
		/* Rare: part of it has to come from the supplier first. */
		mjc_exec_one(&stmt_delay,
					 MJC_ARGS(MJC_UUID(&order->order_id),
							  MJC_DATUM(DateADTGetDatum(promised + order->delivery.days))));
		reply = mjc_order_json(&order->order_id, false);
		mjc_idempotency_store(&claim, "order", &order->order_id, reply);
	}
	return reply;
}

/* ----------------------------------------------------- SQL entry points -- */

/* Arguments from `first` on: product_ids uuid[], quantities int[], eleven texts of the contact. */
static void
read_order(FunctionCallInfo fcinfo, int first, Order *order)
{
	Datum *products;
	Datum *quantities;
	int n = mjc_arg_array(fcinfo, first, "product_ids", UUIDOID, MAX_ARRAY, &products);
	int nq = mjc_arg_array(fcinfo, first + 1, "quantities", INT4OID, MAX_ARRAY, &quantities);

	read_lines(order, products, n, quantities, nq);
	read_contact(fcinfo, first + 2, &order->contact);
}

PG_FUNCTION_INFO_V1(mjc_api_order_place_guest);
/*
 * mjc_api.order_place_guest(request_id text, idempotency_key text, product_ids uuid[],
 *     quantities int[], first_name, last_name, phone, email, profession, street, city,
 *     postal_code, region, country, note, OUT body json, OUT replayed boolean)
 * - a visitor orders, cash on delivery.
 *
 * Errors: MJ003, MJ006, MJ009, MJ010, MJ021, MJ022, MJ101, MJ102, MJ104, MJ201, MJ202,
 * MJ302-MJ305, MJ402.
 */
Datum
mjc_api_order_place_guest(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	Order order = {.channel = "web"};
	MjcActor actor;
	bool replayed;
	char *reply;

	order.key = mjc_arg_text_or_null(fcinfo, 1);
	read_order(fcinfo, 2, &order);
	mjc_begin_write();
	actor = mjc_actor_visitor(mjc_arg_text_or_null(fcinfo, 0));
	reply = MemoryContextStrdup(caller, place(&order, true, &actor, &replayed));
	mjc_end();
	return mjc_idempotency_result(fcinfo, psprintf("{\"order\":%s}", reply), replayed);
}

PG_FUNCTION_INFO_V1(mjc_order_place);
/*
 * mjc.order_place(product_ids uuid[], quantities int[], first_name, last_name, phone, email,
 *     profession, street, city, postal_code, region, country, note, idempotency_key,
 *     reservation_id) - staff take an order (by phone, over the counter); returns its reference.
 *
 * reservation_id: a hold whose units of these products go to the order, or NULL.
 * The order starts confirmed: staff spoke to the customer. Errors: those of guests
 * without their limits, MJ112 and MJ601.
 */
Datum
mjc_order_place(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	Order order = {.channel = "staff", .confirmed = true};
	MjcActor actor;
	bool replayed;
	char *reference;

	order.key = mjc_arg_text_or_null(fcinfo, 13);
	order.hold = mjc_arg_uuid_or_null(fcinfo, 14);
	read_order(fcinfo, 0, &order);
	mjc_begin_write();
	actor = mjc_actor_staff();
	(void) place(&order, false, &actor, &replayed);
	mjc_exec_one(&stmt_reference, MJC_ARGS(MJC_UUID(&order.order_id)));
	reference = MemoryContextStrdup(caller, mjc_text_col(0, 1));
	mjc_end();
	PG_RETURN_TEXT_P(cstring_to_text(reference));
}
