/*
 * what_if.c - what a promotion or a tariff would have changed: prices the orders of
 * a period again, once as things are and once with the candidate, and writes nothing.
 *
 * The candidate is a row of mjc.promotion or mjc.shipping_tariff, a draft or not. It
 * is taken as if it had held for the whole period and without a coupon; a tariff
 * counts where it would have been chosen (rule S2). Everything else is the order's
 * own: its unit prices, group, place, coupons, credit. Units of gifts are left out,
 * promotions give them anew. Cancelled orders do not count.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "args.h"
#include "calendar.h"
#include "error.h"
#include "pricing.h"
#include "ruleset.h"
#include "setting.h"
#include "shipping.h"
#include "spi.h"
#include "uuid.h"

#define MAX_ORDERS 200000
#define ROUND_TO 100

/* The candidate, and what is needed to price with and without it. */
typedef struct WhatIf
{
	MjcRuleset before;
	MjcRuleset after;
	bool is_tariff;
	char *place; /* of the tariff */
	char *delivery_mode;
	MjcTariff tariff;
	int64 free_shipping_from;
	int32 shipping_tax_bp;
	bool stamp_duty;
	int ngifts;
	MjcGift *gifts;
} WhatIf;

/* An order as it was placed. */
typedef struct Past
{
	pg_uuid_t order_id;
	char *reference;
	pg_uuid_t customer_id;
	TimestampTz placed_at;
	char *customer_group;
	char *wilaya_code;
	char *delivery_mode;
	bool cash;
	int64 credit;
	int ncoupons;
	Datum *coupons;
} Past;

/* -------------------------------------------------------------- Storage -- */

static MjcStmt stmt_promotion = {
	"SELECT p.code FROM mjc.promotion p WHERE p.promotion_id = $1", 1, {UUIDOID}, NULL};
static MjcStmt stmt_tariff = {
	"SELECT t.place_code, t.delivery_mode, t.amount_centimes, coalesce(t.included_weight_g, -1), "
	"coalesce(t.step_weight_g, 1), coalesce(t.step_centimes, 0) FROM mjc.shipping_tariff t "
	"WHERE t.tariff_id = $1",
	1,
	{UUIDOID},
	NULL};
static MjcStmt stmt_past = {
	"SELECT o.order_id, o.reference, o.customer_id, o.placed_at, o.customer_group, o.wilaya_code, "
	"o.delivery_mode, coalesce((SELECT m.is_cash FROM mjc.payment_method m "
	"WHERE m.method = o.payment_method), false), o.credit_centimes, o.coupons "
	"FROM mjc.order o WHERE o.placed_at >= $1 AND o.placed_at < $2 "
	"AND o.order_state <> 'cancelled' ORDER BY o.placed_at, o.order_id LIMIT $3",
	3,
	{TIMESTAMPTZOID, TIMESTAMPTZOID, INT4OID},
	NULL};
static MjcStmt stmt_lines = {
	"SELECT l.product_id, p.category_id, coalesce(p.manufacturer_id, l.product_id), l.qty, l.tax_bp, "
	"coalesce(p.weight_g, 0), l.list_price_centimes, l.unit_price_centimes, "
	"coalesce(p.min_price_centimes, 0) FROM mjc.order_line l "
	"JOIN mjc.product p ON p.product_id = l.product_id WHERE l.order_id = $1 "
	"AND NOT EXISTS (SELECT FROM mjc.order_trace t, jsonb_array_elements(t.steps) s "
	"WHERE t.order_id = $1 AND s ->> 'rule' = 'unit_price' AND s ->> 'ref' = 'gift' "
	"AND (s ->> 'line')::pg_catalog.int4 = l.line_no) ORDER BY l.line_no",
	1,
	{UUIDOID},
	NULL};
static MjcStmt stmt_coupon = {
	"SELECT p.code FROM mjc.coupon c JOIN mjc.promotion p ON p.promotion_id = c.promotion_id "
	"WHERE c.code = $1",
	1,
	{TEXTOID},
	NULL};
static MjcStmt stmt_earlier = {
	"SELECT 1 FROM mjc.customer_order x JOIN mjc.order o ON o.order_id = x.order_id "
	"WHERE x.customer_id = $1 AND x.placed_at < $2 AND o.order_state <> 'cancelled' LIMIT 1",
	2,
	{UUIDOID, TIMESTAMPTZOID},
	NULL};
static MjcStmt stmt_zone = {
	"SELECT 1 FROM mjc.carrier_zone z WHERE z.wilaya_code = $1 AND z.validity @> $2 "
	"AND z.zone_code = $3 AND z.carrier = (SELECT s.text_value FROM mjc.setting s "
	"WHERE s.name = 'shipping_carrier')",
	3,
	{TEXTOID, DATEOID, TEXTOID},
	NULL};
static MjcStmt stmt_gifts = {
	"SELECT p.product_id, p.price_centimes, p.tax_bp, coalesce(p.weight_g, 0) FROM mjc.product p "
	"WHERE p.product_id = ANY ($1)",
	1,
	{UUIDARRAYOID},
	NULL};

/* ---------------------------------------------------------------- The plan -- */

static MjcRuleset
without(const MjcRuleset *all, const char *code)
{
	MjcRuleset set = {0};

	set.promotions = palloc(sizeof(MjcPromotion) * Max(all->n, 1));
	for (int i = 0; i < all->n; i++)
		if (strcmp(all->promotions[i].code, code) != 0)
			set.promotions[set.n++] = all->promotions[i];
	mjc_ruleset_prepare(&set);
	return set;
}

static void
let_it_apply(MjcRuleset *set, const char *code)
{
	for (int i = 0; i < set->n; i++)
		if (strcmp(set->promotions[i].code, code) == 0)
		{
			set->promotions[i].from = DT_NOBEGIN;
			set->promotions[i].until = DT_NOEND;
			set->promotions[i].needs_coupon = false;
		}
}

static void
plan_gifts(WhatIf *plan)
{
	pg_uuid_t *ids = palloc(sizeof(pg_uuid_t) * Max(plan->after.n, 1));
	int n = 0;

	for (int i = 0; i < plan->after.n; i++)
		if (plan->after.promotions[i].kind == MJC_PROMOTION_GIFT)
			ids[n++] = plan->after.promotions[i].gift_product;
	plan->ngifts = (int) mjc_exec(&stmt_gifts, MJC_ARGS(MJC_DATUM(mjc_uuid_array(ids, n))));
	plan->gifts = palloc(sizeof(MjcGift) * Max(plan->ngifts, 1));
	for (int i = 0; i < plan->ngifts; i++)
		plan->gifts[i] = (MjcGift){mjc_uuid_col(i, 1), mjc_int8_col(i, 2), mjc_int4_col(i, 3),
								   mjc_int4_col(i, 4), PG_INT32_MAX};
}

/* Errors: MJ004 neither a promotion nor a tariff. */
static void
make_plan(WhatIf *plan, const pg_uuid_t *candidate, TimestampTz from)
{
	const MjcRuleset *all = mjc_ruleset_since(from, candidate);
	char *code = "";

	if (mjc_exec(&stmt_promotion, MJC_ARGS(MJC_UUID(candidate))) == 1)
		code = mjc_text_col(0, 1);
	else if (mjc_exec(&stmt_tariff, MJC_ARGS(MJC_UUID(candidate))) == 1)
	{
		plan->is_tariff = true;
		plan->place = mjc_text_col(0, 1);
		plan->delivery_mode = mjc_text_col(0, 2);
		plan->tariff = (MjcTariff){mjc_int8_col(0, 3), mjc_int4_col(0, 4), mjc_int4_col(0, 5),
								   mjc_int8_col(0, 6)};
	}
	else
		mjc_raise(MJC_ERR_NOT_FOUND);
	plan->before = without(all, code);
	plan->after = *all;
	let_it_apply(&plan->after, code);
	plan->free_shipping_from = mjc_setting_integer("free_shipping_threshold_centimes");
	plan->shipping_tax_bp = (int32) mjc_setting_integer("shipping_tax_bp");
	plan->stamp_duty = mjc_setting_integer("stamp_duty_charged") != 0;
	plan_gifts(plan);
}

/* -------------------------------------------------------------- One order -- */

static void
read_order_lines(const Past *past, MjcCart *cart, int more)
{
	uint64 n = mjc_exec(&stmt_lines, MJC_ARGS(MJC_UUID(&past->order_id)));

	cart->nlines = (int) n;
	cart->room_lines = (int) n + more;
	cart->lines = palloc0(sizeof(MjcCartLine) * Max(cart->room_lines, 1));
	for (uint64 i = 0; i < n; i++)
		cart->lines[i] = (MjcCartLine){.product_id = mjc_uuid_col(i, 1),
									   .category_id = mjc_uuid_col(i, 2),
									   .manufacturer_id = mjc_uuid_col(i, 3),
									   .place = (int) i,
									   .qty = mjc_int4_col(i, 4),
									   .tax_bp = mjc_int4_col(i, 5),
									   .weight_g = mjc_int4_col(i, 6),
									   .list = mjc_int8_col(i, 7),
									   .unit = mjc_int8_col(i, 8),
									   .floor = mjc_int8_col(i, 9),
									   .source = "order"};
}

static void
read_order_coupons(const Past *past, MjcCart *cart)
{
	cart->coupons.words = palloc(sizeof(char *) * Max(past->ncoupons, 1));
	for (int i = 0; i < past->ncoupons; i++)
		if (mjc_exec(&stmt_coupon, MJC_ARGS(MJC_DATUM(past->coupons[i]))) == 1)
			cart->coupons.words[cart->coupons.n++] = mjc_text_col(0, 1);
}

/* Would the candidate have been the tariff of this order? */
static bool
tariff_fits(const WhatIf *plan, const Past *past, const MjcDelivery *delivery, DateADT day)
{
	int rank = 3;

	if (!plan->is_tariff || strcmp(plan->delivery_mode, past->delivery_mode) != 0)
		return false;
	if (past->wilaya_code != NULL && strcmp(plan->place, past->wilaya_code) == 0)
		rank = 1;
	else if (past->wilaya_code != NULL &&
			 mjc_exec(&stmt_zone,
					  MJC_ARGS(MJC_TEXT(past->wilaya_code), MJC_DATUM(DateADTGetDatum(day)),
							   MJC_TEXT(plan->place))) == 1)
		rank = 2;
	else if (strcmp(plan->place, "*") != 0)
		return false;
	return rank <= delivery->rank;
}

static MjcCart
cart_of(const WhatIf *plan, const Past *past)
{
	MjcCart cart = {.prices_include_tax = true,
					.at = past->placed_at,
					.customer_group = past->customer_group,
					.wilaya_code = past->wilaya_code,
					.ngifts = plan->ngifts,
					.gifts = plan->gifts,
					.free_shipping_from = plan->free_shipping_from,
					.shipping_tax_bp = plan->shipping_tax_bp,
					.credit_available = past->credit,
					.cash = past->cash && plan->stamp_duty,
					.round_to = ROUND_TO};

	read_order_lines(past, &cart, plan->after.has_gifts ? plan->after.n : 0);
	read_order_coupons(past, &cart);
	if (plan->after.has_first_order)
		cart.first_order = mjc_exec(&stmt_earlier, MJC_ARGS(MJC_UUID(&past->customer_id),
															MJC_TIME(past->placed_at))) == 0;
	if (cart.cash)
		mjc_stamp_scale_read(&cart.stamp, mjc_algiers_date(past->placed_at));
	return cart;
}

/* The total with a set of promotions; the cart is used up no line at a time. */
static int64
total_with(const MjcCart *cart, const MjcRuleset *set, const MjcTariff *tariff)
{
	MjcCart copy = *cart;

	copy.lines = palloc(sizeof(MjcCartLine) * Max(cart->room_lines, 1));
	memcpy(copy.lines, cart->lines, sizeof(MjcCartLine) * cart->nlines);
	copy.tariff = *tariff;
	mjc_cart_price(&copy, set);
	return copy.total;
}

static void
try_order(const WhatIf *plan, const Past *past, ReturnSetInfo *out)
{
	DateADT day = mjc_algiers_date(past->placed_at);
	MjcCart cart = cart_of(plan, past);
	MjcDelivery delivery = mjc_delivery_find(past->wilaya_code, past->delivery_mode, day, false);
	bool fits = tariff_fits(plan, past, &delivery, day);
	int64 before = total_with(&cart, &plan->before, &delivery.tariff);
	int64 after = total_with(&cart, &plan->after, fits ? &plan->tariff : &delivery.tariff);
	Datum values[5] = {UUIDPGetDatum(&past->order_id), CStringGetTextDatum(past->reference),
					   Int64GetDatum(before), Int64GetDatum(after), Int64GetDatum(after - before)};
	bool nulls[5] = {false};

	tuplestore_putvalues(out->setResult, out->setDesc, values, nulls);
}

static Past
read_past(uint64 row)
{
	Past past = {.order_id = mjc_uuid_col(row, 1),
				 .reference = mjc_text_col(row, 2),
				 .customer_id = mjc_uuid_col(row, 3),
				 .placed_at = mjc_time_col(row, 4),
				 .customer_group = mjc_text_col(row, 5),
				 .wilaya_code = mjc_text_or_null(row, 6),
				 .delivery_mode = mjc_text_col(row, 7),
				 .cash = mjc_bool_col(row, 8),
				 .credit = mjc_int8_col(row, 9)};

	past.ncoupons = mjc_array_col(row, 10, TEXTOID, &past.coupons);
	return past;
}

/* ----------------------------------------------------- SQL entry points -- */

PG_FUNCTION_INFO_V1(mjc_what_if);
/*
 * mjc.what_if(candidate uuid, from_at timestamptz, until_at timestamptz, OUT order_id,
 *     OUT reference, OUT total_before, OUT total_after, OUT difference) - centimes.
 *
 * Errors: MJ003, MJ004, MJ006 a period that ends before it begins, or of too many orders.
 */
Datum
mjc_what_if(PG_FUNCTION_ARGS)
{
	pg_uuid_t *candidate = mjc_arg_uuid(fcinfo, 0, "candidate");
	TimestampTz from = mjc_arg_int64(fcinfo, 1, "from_at");
	TimestampTz until = mjc_arg_int64(fcinfo, 2, "until_at");
	MemoryContext work;
	MemoryContext caller;
	WhatIf plan;
	Past *past;
	uint64 n;

	if (until < from)
		MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", "until_at", 0});
	memset(&plan, 0, sizeof(plan));
	InitMaterializedSRF(fcinfo, 0);
	mjc_begin();
	make_plan(&plan, candidate, from);
	n = mjc_exec(&stmt_past, MJC_ARGS(MJC_TIME(from), MJC_TIME(until), MJC_INT4(MAX_ORDERS + 1)));
	if (n > MAX_ORDERS)
		MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", "until_at", 0});
	past = palloc(sizeof(Past) * Max(n, 1));
	for (uint64 i = 0; i < n; i++)
		past[i] = read_past(i);
	work = AllocSetContextCreate(CurrentMemoryContext, "what if", ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(work);
	for (uint64 i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(work);
		try_order(&plan, &past[i], (ReturnSetInfo *) fcinfo->resultinfo);
	}
	MemoryContextSwitchTo(caller);
	mjc_end();
	return (Datum) 0;
}
