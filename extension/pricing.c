/*
 * pricing.c - what an article costs, and what a whole cart comes to (pricing
 * rules P1-P5). Rules only: no table is read here.
 *
 * P1 The base price is replaced by the lowest price of the customer's override
 *    lists, if there is one: that is the list price. The unit price is the lowest
 *    of it, the article's sale price while it is in force, and the sale lists; a
 *    sale price of 0 is none.
 * P2 A line costs unit price x quantity, less discounts; its tax is rounded once,
 *    on the line (tax.c).
 * P3 Shipping is free from the threshold on, on what the goods cost after their
 *    discounts; else the tariff, with a step for each weight begun above what it
 *    includes. Then come promotions on shipping.
 * P4 Credit (gift cards) pays first, stamp duty is due on what is paid in cash.
 * P5 What is due is rounded to a whole amount (1 DZD) by a line of its own.
 */
#include "postgres.h"

#include "fmgr.h"

#include "error.h"
#include "money.h"
#include "pricing.h"
#include "trace.h"
#include "uuid.h"

/* -------------------------------------------------------------- Articles -- */

/* mjc_price_in_force - sale_price 0 means none. */
int64
mjc_price_in_force(int64 price, int64 sale_price)
{
	return sale_price > 0 && sale_price < price ? sale_price : price;
}

static void
lower_to(MjcPicked *picked, int64 price, const char *source)
{
	if (price <= 0 || price >= picked->unit)
		return;
	picked->unit = price;
	picked->source = source;
}

/* mjc_price_pick - P1. */
MjcPicked
mjc_price_pick(const MjcPrices *prices, TimestampTz at)
{
	MjcPicked picked = {prices->base, prices->base, "base"};

	if (prices->list_override >= 0)
	{
		picked.list = prices->list_override;
		picked.source = psprintf("list:%s", prices->override_code);
	}
	picked.unit = picked.list;
	if (prices->sale_from <= at && at < prices->sale_until)
		lower_to(&picked, prices->sale, "sale");
	if (prices->list_sale > 0 && prices->list_sale < picked.unit)
		lower_to(&picked, prices->list_sale, psprintf("list:%s", prices->sale_code));
	return picked;
}

/* ------------------------------------------------------------- Shipping -- */

/* mjc_tariff_price - what a tariff asks for a parcel of that weight (P3). Errors: MJ201. */
int64
mjc_tariff_price(const MjcTariff *tariff, int64 weight_g)
{
	int64 over = tariff->included_g < 0 ? 0 : weight_g - tariff->included_g;
	int64 steps;

	if (over <= 0)
		return tariff->amount;
	steps = over / tariff->step_g + (over % tariff->step_g != 0);
	return mjc_money_add(tariff->amount, mjc_money_times(tariff->step_amount, steps));
}

/* mjc_shipping_due - P3; free_from 0 means never free. */
int64
mjc_shipping_due(int64 goods, int64 price, int64 free_from)
{
	return free_from > 0 && goods >= free_from ? 0 : price;
}

static void
price_shipping(MjcCart *cart, const MjcRuleset *set, bool *taken)
{
	int64 weight = 0;
	int64 price;

	for (int i = 0; i < cart->nlines; i++)
		weight += (int64) cart->lines[i].weight_g * cart->lines[i].qty;
	price = mjc_tariff_price(&cart->tariff, weight);
	cart->shipping_before = mjc_shipping_due(cart->goods, price, cart->free_shipping_from);
	cart->shipping = cart->shipping_before;
	mjc_trace_add(cart, (MjcTraceStep){.rule = MJC_TRACE_SHIPPING,
									   .place = -1,
									   .ref = cart->shipping < price ? "free" : NULL,
									   .base = cart->goods,
									   .value = price,
									   .amount = cart->shipping});
	mjc_promotions_on_shipping(cart, set, taken);
}

/* ------------------------------------------------------------------ Tax -- */

/* The tax of an amount, as P2 and R5 want it; place -1: of shipping. */
static int64
tax_of(MjcCart *cart, int64 amount, int32 bp, int place)
{
	bool included = cart->prices_include_tax;
	int64 numerator = included ? MJC_BP_ONE : bp;
	int64 denominator = included ? MJC_BP_ONE + bp : MJC_BP_ONE;
	int64 scaled = included ? mjc_tax_net_of_gross(amount, bp) : mjc_money_percent(amount, bp);
	int64 tax = included ? amount - scaled : scaled;
	int32 rounding =
		cart->traced ? mjc_money_scale_error(scaled, amount, numerator, denominator) : 0;

	mjc_trace_add(cart,
				  (MjcTraceStep){.rule = included ? MJC_TRACE_TAX_INCLUDED : MJC_TRACE_TAX_ADDED,
								 .place = place,
								 .base = amount,
								 .rate_bp = bp,
								 .amount = tax,
								 .rounding_e4 = included ? -rounding : rounding});
	return tax;
}

/* Adds to the row of a rate; rows stand by rate. */
static void
add_tax(MjcCart *cart, int32 bp, int64 amount, int64 tax)
{
	int64 net = cart->prices_include_tax ? amount - tax : amount;
	int at = 0;

	while (at < cart->ntaxes && cart->taxes[at].bp < bp)
		at++;
	if (at == cart->ntaxes || cart->taxes[at].bp != bp)
	{
		memmove(&cart->taxes[at + 1], &cart->taxes[at], sizeof(MjcTaxRow) * (cart->ntaxes - at));
		cart->taxes[at] = (MjcTaxRow){bp, 0, 0};
		cart->ntaxes++;
	}
	cart->taxes[at].net = mjc_money_add(cart->taxes[at].net, net);
	cart->taxes[at].tax = mjc_money_add(cart->taxes[at].tax, tax);
	cart->tax = mjc_money_add(cart->tax, tax);
}

static void
price_taxes(MjcCart *cart)
{
	cart->tax = 0;
	cart->ntaxes = 0;
	cart->taxes = palloc(sizeof(MjcTaxRow) * (cart->nlines + 1));
	for (int i = 0; i < cart->nlines; i++)
	{
		MjcCartLine *line = &cart->lines[i];

		line->tax = tax_of(cart, line->running, line->tax_bp, line->place);
		add_tax(cart, line->tax_bp, line->running, line->tax);
	}
	cart->shipping_tax = tax_of(cart, cart->shipping, cart->shipping_tax_bp, -1);
	if (cart->shipping > 0)
		add_tax(cart, cart->shipping_tax_bp, cart->shipping, cart->shipping_tax);
}

/* --------------------------------------------------------------- Totals -- */

/* To the nearest multiple, half up; amount 0 or more. */
static int64
round_to(int64 amount, int64 multiple)
{
	return multiple <= 1 ? amount : (amount + multiple / 2) / multiple * multiple;
}

/* P4, P5. */
static void
price_total(MjcCart *cart)
{
	int64 before = mjc_money_add(cart->goods, cart->shipping);
	int64 unrounded;

	if (!cart->prices_include_tax)
		before = mjc_money_add(before, cart->tax);
	cart->credit = Min(cart->credit_available, before);
	if (cart->credit > 0)
		mjc_trace_add(cart, (MjcTraceStep){.rule = MJC_TRACE_CREDIT,
										   .place = -1,
										   .base = before,
										   .value = cart->credit_available,
										   .amount = cart->credit});
	cart->stamp_duty = cart->cash ? mjc_stamp_due(&cart->stamp, before - cart->credit) : 0;
	if (cart->stamp_duty > 0)
		mjc_trace_add(cart, (MjcTraceStep){.rule = MJC_TRACE_STAMP_DUTY,
										   .place = -1,
										   .ref = cart->stamp_ref,
										   .base = before - cart->credit,
										   .amount = cart->stamp_duty});
	unrounded = mjc_money_add(before - cart->credit, cart->stamp_duty);
	cart->due = round_to(unrounded, cart->round_to);
	cart->rounding = cart->due - unrounded;
	if (cart->rounding != 0)
		mjc_trace_add(cart, (MjcTraceStep){.rule = MJC_TRACE_ROUNDING,
										   .place = -1,
										   .base = unrounded,
										   .value = cart->round_to,
										   .amount = cart->rounding});
	cart->total = mjc_money_add(cart->due, cart->credit);
	mjc_trace_add(cart,
				  (MjcTraceStep){.rule = MJC_TRACE_TOTAL, .place = -1, .amount = cart->total});
}

/* ----------------------------------------------------------------- Carts -- */

static int
compare_lines(const void *a, const void *b)
{
	const MjcCartLine *x = a;
	const MjcCartLine *y = b;
	int order = mjc_uuid_compare(&x->product_id, &y->product_id);

	return order != 0 ? order : x->place - y->place;
}

static int
compare_places(const void *a, const void *b)
{
	return ((const MjcCartLine *) a)->place - ((const MjcCartLine *) b)->place;
}

static void
price_lines(MjcCart *cart)
{
	for (int i = 0; i < cart->nlines; i++)
	{
		MjcCartLine *line = &cart->lines[i];

		line->gross = mjc_money_times(line->unit, line->qty);
		line->running = line->gross;
		line->room = Max(line->gross - mjc_money_times(line->floor, line->qty), 0);
		mjc_trace_add(cart, (MjcTraceStep){.rule = MJC_TRACE_UNIT_PRICE,
										   .place = line->place,
										   .ref = line->source,
										   .base = line->list,
										   .amount = line->unit});
		mjc_trace_add(cart, (MjcTraceStep){.rule = MJC_TRACE_GROSS,
										   .place = line->place,
										   .base = line->unit,
										   .qty = line->qty,
										   .amount = line->gross});
	}
}

/*
 * mjc_cart_price - the price of a cart whose inputs are set (promotion.h); fills in
 * the rest. lines has room for a gift of each promotion that gives one.
 *
 * Errors: MJ201 an amount out of range.
 */
void
mjc_cart_price(MjcCart *cart, const MjcRuleset *set)
{
	bool *taken = palloc0(sizeof(bool) * Max(set->nexclusivity, 1));

	cart->napplied = 0;
	cart->applied = palloc(sizeof(MjcApplied) * Max(set->n, 1));
	cart->nsteps = 0;
	qsort(cart->lines, cart->nlines, sizeof(MjcCartLine), compare_lines);
	price_lines(cart);
	mjc_promotions_on_goods(cart, set, taken);
	cart->subtotal = 0;
	cart->goods = 0;
	for (int i = 0; i < cart->nlines; i++)
	{
		cart->subtotal = mjc_money_add(cart->subtotal, cart->lines[i].gross);
		cart->goods = mjc_money_add(cart->goods, cart->lines[i].running);
	}
	price_shipping(cart, set, taken);
	price_taxes(cart);
	price_total(cart);
	qsort(cart->lines, cart->nlines, sizeof(MjcCartLine), compare_places);
}

/* ----------------------------------------------------- SQL entry points -- */

PG_FUNCTION_INFO_V1(mjc_unit_price);
/* mjc.unit_price(price bigint, sale_price bigint) - sale_price may be NULL. */
Datum
mjc_unit_price(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_INT64(
		mjc_price_in_force(PG_GETARG_INT64(0), PG_ARGISNULL(1) ? 0 : PG_GETARG_INT64(1)));
}
