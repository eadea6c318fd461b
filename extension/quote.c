/*
 * quote.c - prices a cart of the shop: reads what the rules need (articles, price
 * lists, promotions, coupons, cards, tariff, duty), lets them decide (pricing.c),
 * and hands the result to orders and, as rows, to everybody else.
 *
 * No amount comes from the client. The instant is an argument: a quote of last
 * month takes the prices, lists, tariffs and scales of last month.
 */
#include "postgres.h"

#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datetime.h"

#include "args.h"
#include "calendar.h"
#include "direct.h"
#include "error.h"
#include "money.h"
#include "quote.h"
#include "setting.h"
#include "spi.h"
#include "trace.h"
#include "uuid.h"

#define MAX_ARRAY 10000 /* elements read before the number of lines is judged */
#define ROUND_TO 100	/* centimes: what is due is whole dinars (P5) */
#define MAX_SMALL 50	/* rows of a small table read at once; beyond, SQL serves */
#define FIRST_ORDERS 20 /* that are looked at: who has more does not order for the first time */

/* ---------------------------------------------------------------- Rules -- */

static int
find_product(const pg_uuid_t *ids, int n, const pg_uuid_t *id)
{
	for (int i = 0; i < n; i++)
		if (mjc_uuid_compare(&ids[i], id) == 0)
			return i;
	return -1;
}

/*
 * mjc_lines_read - the client's lines; a product sent twice becomes one with the sum.
 *
 * Errors: MJ302 number of lines, MJ104 quantity of a line or of a product in all, MJ010
 * arrays of unequal length.
 */
MjcLines
mjc_lines_read(Datum *products, int nproducts, Datum *quantities, int nquantities)
{
	MjcLines lines = {0};

	if (nproducts != nquantities)
		MJC_RAISE(MJC_ERR_ARGUMENT_INVALID, {"argument", "quantities", 0});
	mjc_check_line_count(nproducts);
	lines.product_ids = palloc(sizeof(pg_uuid_t) * nproducts);
	lines.quantities = palloc0(sizeof(int32) * nproducts);
	lines.client_lines = palloc(sizeof(int32) * nproducts);
	for (int i = 0; i < nproducts; i++)
	{
		pg_uuid_t *product_id = DatumGetUUIDP(products[i]);
		int32 qty = DatumGetInt32(quantities[i]);
		int at = find_product(lines.product_ids, lines.n, product_id);

		mjc_check_line_qty(qty);
		if (at >= 0)
			mjc_check_line_qty((int64) lines.quantities[at] + qty);
		else
		{
			at = lines.n++;
			lines.product_ids[at] = *product_id;
			lines.client_lines[at] = i + 1;
		}
		lines.quantities[at] += qty;
	}
	return lines;
}

/*
 * mjc_arg_lines - lines from two arguments, the products (uuid[]) and then their quantities
 * (integer[]). Errors: MJ003, MJ006, MJ010 naming the argument, and those of mjc_lines_read.
 */
MjcLines
mjc_arg_lines(FunctionCallInfo fcinfo, int first, const char *products, const char *quantities)
{
	Datum *ids;
	Datum *units;
	int n = mjc_arg_array(fcinfo, first, products, UUIDOID, MAX_ARRAY, &ids);
	int nu = mjc_arg_array(fcinfo, first + 1, quantities, INT4OID, MAX_ARRAY, &units);

	return mjc_lines_read(ids, n, units, nu);
}

/* mjc_arg_words - text array argument n; NULL is none. Errors: MJ003, MJ006, MJ010. */
MjcWords
mjc_arg_words(FunctionCallInfo fcinfo, int n, const char *name)
{
	MjcWords words = {0, NULL};
	Datum *elements;

	if (PG_ARGISNULL(n))
		return words;
	words.n = mjc_arg_array(fcinfo, n, name, TEXTOID, MAX_ARRAY, &elements);
	words.words = palloc(sizeof(char *) * Max(words.n, 1));
	for (int i = 0; i < words.n; i++)
		words.words[i] = TextDatumGetCString(elements[i]);
	return words;
}

/* -------------------------------------------------------------- Storage -- */

static MjcStmt stmt_products = {
	"SELECT p.product_id, p.sku, p.name, p.manufacturer_ref, p.category_id, "
	"coalesce(p.manufacturer_id, p.product_id), p.tax_bp, coalesce(p.weight_g, 0), "
	"coalesce(p.min_price_centimes, 0), p.price_centimes, coalesce(p.sale_price_centimes, -1), "
	"coalesce(p.sale_from_at, '-infinity'), coalesce(p.sale_until_at, 'infinity') "
	"FROM mjc.product p WHERE p.product_id = ANY ($1) AND (p.is_active OR $2)",
	2,
	{UUIDARRAYOID, BOOLOID},
	NULL};
static MjcStmt stmt_past = {
	"SELECT DISTINCT ON (x.product_id) x.product_id, x.price_centimes, "
	"coalesce(x.sale_price_centimes, -1), coalesce(x.sale_from_at, '-infinity'), "
	"coalesce(x.sale_until_at, 'infinity') FROM mjc.product_price_past x "
	"WHERE x.product_id = ANY ($1) AND x.until_at > $2 ORDER BY x.product_id, x.until_at",
	2,
	{UUIDARRAYOID, TIMESTAMPTZOID},
	NULL};
/* The lowest price of a line comes first. */
static MjcStmt stmt_lists = {
	"SELECT u.n::pg_catalog.int4, l.kind = 'override', x.amount_centimes, l.code "
	"FROM unnest($1, $2) WITH ORDINALITY u (product_id, qty, n) "
	"JOIN mjc.price x ON x.product_id = u.product_id AND x.qty @> u.qty AND x.validity @> $3 "
	"JOIN mjc.price_list l ON l.price_list_id = x.price_list_id "
	"WHERE l.customer_group IS NULL OR l.customer_group = $4 "
	"ORDER BY u.n, x.amount_centimes, l.code",
	4,
	{UUIDARRAYOID, INT4ARRAYOID, TIMESTAMPTZOID, TEXTOID},
	NULL};
static MjcStmt stmt_available = {
	"SELECT a.product_id, a.available FROM mjc.stock_available a WHERE a.product_id = ANY ($1)",
	1,
	{UUIDARRAYOID},
	NULL};
static MjcStmt stmt_group = {
	"SELECT 1 FROM mjc.customer_group g WHERE g.customer_group = $1", 1, {TEXTOID}, NULL};
static MjcTable method_table = {
	.name = "payment_method",
	.columns = {"method", "is_enabled", "is_cash", "name_fr", "name_ar", "description",
				"is_default", "sort_order", "provider", NULL},
	.types = {TEXTOID, BOOLOID, BOOLOID, TEXTOID, TEXTOID, TEXTOID, BOOLOID, INT4OID, TEXTOID}};
static MjcTable list_table = {
	.name = "price_list",
	.columns = {"price_list_id", "customer_group", "code", "name", "kind", "created_at",
				"updated_at", NULL},
	.types = {UUIDOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID}};
static MjcStmt stmt_method = {
	"SELECT m.is_cash FROM mjc.payment_method m WHERE m.method = $1 AND m.is_enabled",
	1,
	{TEXTOID},
	NULL};
static MjcStmt stmt_orders = {
	"SELECT x.order_id FROM mjc.customer_order x "
	"WHERE x.customer_id = $1 AND x.order_id IS DISTINCT FROM $3 LIMIT $2",
	3,
	{UUIDOID, INT4OID, UUIDOID},
	NULL};
static MjcStmt stmt_standing = {
	"SELECT count(*) FROM mjc.order o WHERE o.order_id = ANY ($1) AND o.order_state <> 'cancelled'",
	1,
	{UUIDARRAYOID},
	NULL};

/* An article and its price as the row tells; list prices come later. */
typedef struct Found
{
	MjcArticle article;
	MjcCartLine line;
	MjcPrices prices;
} Found;

static Found
read_product(uint64 row)
{
	Found found;

	found.article = (MjcArticle){mjc_uuid_col(row, 1), mjc_text_col(row, 2), mjc_text_col(row, 3),
								 mjc_text_or_null(row, 4)};
	found.line = (MjcCartLine){.product_id = found.article.product_id,
							   .category_id = mjc_uuid_col(row, 5),
							   .manufacturer_id = mjc_uuid_col(row, 6),
							   .tax_bp = mjc_int4_col(row, 7),
							   .weight_g = mjc_int4_col(row, 8),
							   .floor = mjc_int8_col(row, 9)};
	found.prices = (MjcPrices){.base = mjc_int8_col(row, 10),
							   .sale = mjc_int8_col(row, 11),
							   .sale_from = mjc_time_col(row, 12),
							   .sale_until = mjc_time_col(row, 13),
							   .list_override = -1,
							   .list_sale = -1};
	return found;
}

static Found *
find(Found *found, int n, const pg_uuid_t *id)
{
	for (int i = 0; i < n; i++)
		if (mjc_uuid_compare(&found[i].article.product_id, id) == 0)
			return &found[i];
	return NULL;
}

/* The base prices of an instant that is past, where the product has changed since. */
static void
read_past(Found *found, int n, Datum ids, TimestampTz at)
{
	uint64 rows = mjc_exec(&stmt_past, MJC_ARGS(MJC_DATUM(ids), MJC_TIME(at)));

	for (uint64 i = 0; i < rows; i++)
	{
		pg_uuid_t id = mjc_uuid_col(i, 1);
		Found *past = find(found, n, &id);

		if (past == NULL)
			continue;
		past->prices.base = mjc_int8_col(i, 2);
		past->prices.sale = mjc_int8_col(i, 3);
		past->prices.sale_from = mjc_time_col(i, 4);
		past->prices.sale_until = mjc_time_col(i, 5);
	}
}

/* The articles with these ids; found has room for them. any: also those not for sale. */
static int
read_products(Found *found, const pg_uuid_t *ids, int nids, TimestampTz at, bool any)
{
	Datum array = mjc_uuid_array(ids, nids);
	uint64 rows = mjc_exec(&stmt_products, MJC_ARGS(MJC_DATUM(array), MJC_BOOL(any)));

	for (uint64 i = 0; i < rows; i++)
		found[i] = read_product(i);
	/* A second is what a clock, a network and a queue may differ by. */
	if (at < GetCurrentTimestamp() - USECS_PER_SEC)
		read_past(found, (int) rows, array, at);
	return (int) rows;
}

static Datum
int4_array(const int32 *numbers, int n)
{
	Datum *elements = palloc(sizeof(Datum) * Max(n, 1));

	for (int i = 0; i < n; i++)
		elements[i] = Int32GetDatum(numbers[i]);
	return PointerGetDatum(
		construct_array(elements, n, INT4OID, sizeof(int32), true, TYPALIGN_INT));
}

/* Most shops have few lists, most groups none: then no price needs to be looked for. */
static bool
has_lists(const char *customer_group)
{
	Datum rows[MAX_SMALL * 2];
	int n = mjc_direct_readable(&list_table) ? mjc_direct_all(&list_table, 2, rows, MAX_SMALL) : -1;

	for (int i = 0; i < n; i++)
		if (rows[i * 2 + 1] == (Datum) 0 ||
			strcmp(TextDatumGetCString(rows[i * 2 + 1]), customer_group) == 0)
			return true;
	return n < 0;
}

/* The price lists of the customer's group. */
static void
read_lists(const MjcQuoteRequest *request, MjcPrices *prices)
{
	const MjcLines *lines = &request->lines;
	uint64 rows;

	if (!has_lists(request->customer_group))
		return;
	rows =
		mjc_exec(&stmt_lists, MJC_ARGS(MJC_DATUM(mjc_uuid_array(lines->product_ids, lines->n)),
									   MJC_DATUM(int4_array(lines->quantities, lines->n)),
									   MJC_TIME(request->at), MJC_TEXT(request->customer_group)));

	for (uint64 i = 0; i < rows; i++)
	{
		MjcPrices *line = &prices[mjc_int4_col(i, 1) - 1];

		if (mjc_bool_col(i, 2) && line->list_override < 0)
		{
			line->list_override = mjc_int8_col(i, 3);
			line->override_code = mjc_text_col(i, 4);
		}
		if (!mjc_bool_col(i, 2) && line->list_sale < 0)
		{
			line->list_sale = mjc_int8_col(i, 3);
			line->sale_code = mjc_text_col(i, 4);
		}
	}
}

/* ------------------------------------------------------- Parts of a quote -- */

static void
add_article(MjcQuote *quote, const Found *found)
{
	quote->articles[quote->narticles++] = found->article;
}

/* Errors: MJ102 unknown or inactive product. */
static void
fill_lines(const MjcQuoteRequest *request, MjcQuote *quote)
{
	const MjcLines *lines = &request->lines;
	MjcCart *cart = &quote->cart;
	Found *found = palloc(sizeof(Found) * lines->n);
	MjcPrices *prices = palloc(sizeof(MjcPrices) * lines->n);
	int n = read_products(found, lines->product_ids, lines->n, request->at, false);

	for (int i = 0; i < lines->n; i++)
	{
		const Found *own = find(found, n, &lines->product_ids[i]);

		if (own == NULL)
			MJC_RAISE(MJC_ERR_PRODUCT_UNAVAILABLE, {"line", NULL, lines->client_lines[i]});
		cart->lines[i] = own->line;
		cart->lines[i].place = i;
		cart->lines[i].qty = lines->quantities[i];
		prices[i] = own->prices;
		add_article(quote, own);
	}
	read_lists(request, prices);
	for (int i = 0; i < lines->n; i++)
	{
		MjcPicked picked = mjc_price_pick(&prices[i], request->at);

		cart->lines[i].list = picked.list;
		cart->lines[i].unit = picked.unit;
		cart->lines[i].source = picked.source;
	}
	cart->nlines = lines->n;
}

static void
fill_available(MjcCart *cart, Datum ids)
{
	uint64 rows = mjc_exec(&stmt_available, MJC_ARGS(MJC_DATUM(ids)));

	for (uint64 i = 0; i < rows; i++)
	{
		pg_uuid_t id = mjc_uuid_col(i, 1);

		for (int j = 0; j < cart->ngifts; j++)
			if (mjc_uuid_compare(&cart->gifts[j].product_id, &id) == 0)
				cart->gifts[j].available = mjc_int8_col(i, 2);
	}
}

/* What promotions may give to this cart: the articles, their prices, whether they are there. */
static void
fill_gifts(const MjcQuoteRequest *request, MjcQuote *quote)
{
	MjcCart *cart = &quote->cart;
	pg_uuid_t *ids = palloc(sizeof(pg_uuid_t) * quote->set->n);
	Found *found = palloc(sizeof(Found) * quote->set->n);
	int nids = 0;

	for (int i = 0; i < quote->set->n; i++)
	{
		const MjcPromotion *promotion = &quote->set->promotions[i];

		if (promotion->kind == MJC_PROMOTION_GIFT && mjc_promotion_conditions(cart, promotion) &&
			find_product(ids, nids, &promotion->gift_product) < 0)
			ids[nids++] = promotion->gift_product;
	}
	cart->ngifts = nids == 0 ? 0 : read_products(found, ids, nids, request->at, false);
	cart->gifts = palloc0(sizeof(MjcGift) * Max(cart->ngifts, 1));
	for (int i = 0; i < cart->ngifts; i++)
	{
		cart->gifts[i] = (MjcGift){found[i].article.product_id,
								   mjc_price_pick(&found[i].prices, request->at).unit,
								   found[i].line.tax_bp, found[i].line.weight_g, 0};
		add_article(quote, &found[i]);
	}
	if (cart->ngifts > 0)
		fill_available(cart, mjc_uuid_array(ids, nids));
}

/* No order of this customer stands; whom we do not know yet, we trust until he orders. */
static bool
is_first_order(const pg_uuid_t *customer_id, const pg_uuid_t *own_order)
{
	uint64 n;

	if (customer_id == NULL)
		return true;
	n = mjc_exec_fresh(&stmt_orders, MJC_ARGS(MJC_UUID(customer_id), MJC_INT4(FIRST_ORDERS),
											  MJC_UUID_OR_NULL(own_order)));
	if (n == 0 || n == FIRST_ORDERS)
		return n == 0;
	mjc_exec_fresh(&stmt_standing,
				   MJC_ARGS(MJC_DATUM(mjc_uuid_array(mjc_uuid_cols(n, 1), (int) n))));
	return mjc_int8_col(0, 1) == 0;
}

/* Errors: MJ218. */
static bool
is_cash(const char *payment_method)
{
	Datum rows[MAX_SMALL * 3];
	int n =
		mjc_direct_readable(&method_table) ? mjc_direct_all(&method_table, 3, rows, MAX_SMALL) : -1;

	for (int i = 0; i < n; i++)
		if (DatumGetBool(rows[i * 3 + 1]) &&
			strcmp(TextDatumGetCString(rows[i * 3]), payment_method) == 0)
			return DatumGetBool(rows[i * 3 + 2]);
	if (n >= 0 || mjc_exec(&stmt_method, MJC_ARGS(MJC_TEXT(payment_method))) != 1)
		mjc_raise(MJC_ERR_PAYMENT_METHOD_UNKNOWN);
	return mjc_bool_col(0, 1);
}

/* Errors: MJ216. */
static void
check_group(const char *customer_group)
{
	if (strcmp(customer_group, "retail") != 0 &&
		mjc_exec(&stmt_group, MJC_ARGS(MJC_TEXT(customer_group))) != 1)
		mjc_raise(MJC_ERR_CUSTOMER_GROUP_UNKNOWN);
}

static void
fill_delivery(const MjcQuoteRequest *request, MjcQuote *quote)
{
	MjcCart *cart = &quote->cart;

	if (request->tariff != NULL)
	{
		quote->delivery.tariff = *request->tariff;
		quote->delivery.wilaya_code =
			request->tariff_wilaya == NULL ? NULL : pstrdup(request->tariff_wilaya);
	}
	else
		quote->delivery =
			mjc_delivery_find(request->place, request->delivery_mode, mjc_algiers_date(request->at),
							  request->strict || request->place != NULL);
	cart->wilaya_code = quote->delivery.wilaya_code;
	cart->tariff = quote->delivery.tariff;
}

static void
fill_settings(MjcCart *cart)
{
	static const char *const names[] = {"free_shipping_threshold_centimes", "shipping_tax_bp",
										"stamp_duty_charged"};
	int64 values[lengthof(names)];

	mjc_settings(names, lengthof(names), values);
	cart->free_shipping_from = values[0];
	cart->shipping_tax_bp = (int32) values[1];
	cart->cash = values[2] != 0;
}

/* A day as the trace keeps it, whatever the session's DateStyle. */
static char *
iso_day(DateADT day)
{
	int year;
	int month;
	int of_month;

	j2date(day + POSTGRES_EPOCH_JDATE, &year, &month, &of_month);
	return psprintf("%04d-%02d-%02d", year, month, of_month);
}

static void
fill_credits(const MjcQuoteRequest *request, MjcQuote *quote)
{
	if (request->gift_cards.n > MJC_MAX_CREDITS)
		MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", "gift_cards", 0});
	quote->ncredits = request->ncredits;
	for (int i = 0; i < request->ncredits; i++)
		quote->credits[i] = request->credits[i];
	quote->ncredits += mjc_credits_read(&request->gift_cards, request->at, request->customer_id,
										&quote->credits[quote->ncredits]);
	if (request->store_credit)
		quote->ncredits += mjc_store_credit_read(request->customer_id, request->at,
												 &quote->credits[quote->ncredits]);
	quote->cart.credit_available = mjc_credits_sum(quote->credits, quote->ncredits);
}

static void
fill_payment(const MjcQuoteRequest *request, MjcQuote *quote)
{
	MjcCart *cart = &quote->cart;

	cart->round_to = ROUND_TO;
	cart->cash = is_cash(request->payment_method) && cart->cash;
	if (cart->cash)
	{
		mjc_stamp_scale_read(&cart->stamp, mjc_algiers_date(request->at));
		cart->stamp_ref = iso_day(cart->stamp.valid_from);
	}
	fill_credits(request, quote);
}

/* Errors, when the request is strict: MJ203-MJ206. */
static void
fill_coupons(const MjcQuoteRequest *request, MjcQuote *quote)
{
	MjcWords *on = &quote->cart.coupons;

	if (request->coupons.n > MJC_MAX_COUPONS)
		MJC_RAISE(MJC_ERR_COUPON_COUNT, {"max", NULL, MJC_MAX_COUPONS});
	quote->ncoupons = mjc_coupons_read(&request->coupons, request->at, request->customer_id,
									   request->own_order, quote->coupons);
	on->words = palloc(sizeof(char *) * Max(quote->ncoupons, 1));
	for (int i = 0; i < quote->ncoupons; i++)
	{
		if (quote->coupons[i].problem == MJC_ERR__MAX)
			on->words[on->n++] = quote->coupons[i].promotion;
		else if (request->strict)
			mjc_raise(quote->coupons[i].problem);
	}
}

/* Errors, when the request is strict: MJ207, MJ208. */
static void
judge_coupons(const MjcQuoteRequest *request, MjcQuote *quote)
{
	mjc_coupons_judge(&quote->cart, quote->set, quote->coupons, quote->ncoupons);
	for (int i = 0; i < quote->ncoupons && request->strict; i++)
		if (quote->coupons[i].problem != MJC_ERR__MAX)
			mjc_raise(quote->coupons[i].problem);
}

/*
 * mjc_quote_make - price what is asked for, with its trace. Needs SPI open.
 *
 * Errors: MJ102, MJ201, MJ202, MJ203-MJ208 when strict, MJ209, MJ210, MJ216-MJ218.
 */
void
mjc_quote_make(const MjcQuoteRequest *request, MjcQuote *quote)
{
	MjcCart *cart = &quote->cart;

	memset(quote, 0, sizeof(*quote));
	check_group(request->customer_group);
	quote->set = request->promotions != NULL ? request->promotions : mjc_ruleset_at(request->at);
	cart->prices_include_tax = true;
	cart->at = request->at;
	cart->customer_group = request->customer_group;
	cart->traced = true;
	cart->room_lines = request->lines.n + (quote->set->has_gifts ? quote->set->n : 0);
	cart->lines = palloc0(sizeof(MjcCartLine) * cart->room_lines);
	quote->articles = palloc(sizeof(MjcArticle) * cart->room_lines);
	fill_settings(cart);
	fill_delivery(request, quote);
	fill_coupons(request, quote);
	fill_lines(request, quote);
	if (quote->set->has_first_order)
		cart->first_order = is_first_order(request->customer_id, request->own_order);
	if (quote->set->has_gifts)
		fill_gifts(request, quote);
	fill_payment(request, quote);
	mjc_cart_price(cart, quote->set);
	mjc_credits_use(quote->credits, quote->ncredits, cart->credit);
	judge_coupons(request, quote);
}

/* mjc_quote_article - what the catalogue says of a product of the quote. */
const MjcArticle *
mjc_quote_article(const MjcQuote *quote, const pg_uuid_t *product_id)
{
	for (int i = 0; i < quote->narticles; i++)
		if (mjc_uuid_compare(&quote->articles[i].product_id, product_id) == 0)
			return &quote->articles[i];
	elog(ERROR, "a line without its article");
}

/*
 * mjc_quote_unit_price - list price, unit price and source of the one line of a
 * request, whether the article is for sale or not. Needs SPI open.
 *
 * Errors: MJ107, MJ216.
 */
MjcPicked
mjc_quote_unit_price(const MjcQuoteRequest *request)
{
	Found found;

	check_group(request->customer_group);
	if (read_products(&found, request->lines.product_ids, 1, request->at, true) != 1)
		mjc_raise(MJC_ERR_PRODUCT_UNKNOWN);
	read_lists(request, &found.prices);
	return mjc_price_pick(&found.prices, request->at);
}
