/*
 * price_cart.c - the pure engine for everybody: a cart and promotions as documents
 * in, the whole price as a document out. No table is read.
 *
 * mjc.quote() prices what is in the shop by the same rules; this is for trying
 * things out, for tests, and for recomputing what somebody else computed.
 */
#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/jsonb.h"

#include "doc.h"
#include "error.h"
#include "money.h"
#include "pricing.h"
#include "trace.h"

#define MAX_UNIT INT64CONST(100000000000)
#define MAX_BRACKETS 100
#define MAX_GIFTS 1000
#define MAX_RATE (10 * MJC_BP_ONE)

/* ---------------------------------------------------------------- Reading -- */

static MjcCartLine
read_line(JsonbContainer *doc, int place)
{
	MjcCartLine line = {.place = place, .source = "given"};

	(void) mjc_doc_uuid(doc, "product_id", &line.product_id);
	(void) mjc_doc_uuid(doc, "category_id", &line.category_id);
	(void) mjc_doc_uuid(doc, "manufacturer_id", &line.manufacturer_id);
	line.unit = mjc_doc_int(doc, "unit", -1, 0, MAX_UNIT);
	line.list = mjc_doc_int(doc, "list", line.unit, 0, MAX_UNIT);
	line.qty = (int32) mjc_doc_int(doc, "qty", 0, PG_INT32_MIN, PG_INT32_MAX);
	line.tax_bp = (int32) mjc_doc_int(doc, "tax_bp", 1900, 0, MAX_RATE);
	line.floor = mjc_doc_int(doc, "floor", 0, 0, MAX_UNIT);
	if (line.unit < 0)
		MJC_RAISE(MJC_ERR_ARGUMENT_INVALID, {"argument", "unit", 0});
	if (line.qty < 1 || line.qty > MJC_MAX_CART_QTY)
		MJC_RAISE(MJC_ERR_LINE_QTY_INVALID, {"line", NULL, place + 1}, {"min", NULL, 1},
				  {"max", NULL, MJC_MAX_CART_QTY});
	return line;
}

static void
read_lines(JsonbContainer *doc, MjcCart *cart, int more)
{
	JsonbContainer *array = mjc_doc_array(doc, "lines", MJC_MAX_CART_LINES, &cart->nlines);

	if (cart->nlines == 0)
		MJC_RAISE(MJC_ERR_ARGUMENT_INVALID, {"argument", "lines", 0});
	cart->room_lines = cart->nlines + more;
	cart->lines = palloc0(sizeof(MjcCartLine) * cart->room_lines);
	for (int i = 0; i < cart->nlines; i++)
		cart->lines[i] = read_line(mjc_doc_object_at(array, i, "lines"), i);
}

static void
read_gifts(JsonbContainer *doc, MjcCart *cart)
{
	JsonbContainer *array = mjc_doc_array(doc, "gifts", MAX_GIFTS, &cart->ngifts);

	cart->gifts = palloc0(sizeof(MjcGift) * Max(cart->ngifts, 1));
	for (int i = 0; i < cart->ngifts; i++)
	{
		JsonbContainer *gift = mjc_doc_object_at(array, i, "gifts");

		(void) mjc_doc_uuid(gift, "product_id", &cart->gifts[i].product_id);
		cart->gifts[i].unit = mjc_doc_int(gift, "unit", 0, 0, MAX_UNIT);
		cart->gifts[i].tax_bp = (int32) mjc_doc_int(gift, "tax_bp", 1900, 0, MAX_RATE);
		cart->gifts[i].available = mjc_doc_int(gift, "available", 0, 0, PG_INT32_MAX);
	}
}

/* Brackets in rising order. */
static void
read_stamp(JsonbContainer *doc, MjcCart *cart)
{
	MjcStampScale *scale = &cart->stamp;
	JsonbContainer *array = mjc_doc_array(doc, "stamp", MAX_BRACKETS, &scale->n);

	scale->brackets = palloc0(sizeof(MjcStampBracket) * Max(scale->n, 1));
	for (int i = 0; i < scale->n; i++)
	{
		JsonbContainer *bracket = mjc_doc_object_at(array, i, "stamp");

		scale->brackets[i] =
			(MjcStampBracket){mjc_doc_int(bracket, "above", 0, 0, MJC_MAX_AMOUNT),
							  mjc_doc_int(bracket, "step", 1, 1, MJC_MAX_AMOUNT),
							  mjc_doc_int(bracket, "per_step", 0, 0, MJC_MAX_AMOUNT),
							  mjc_doc_int(bracket, "floor", 0, 0, MJC_MAX_AMOUNT),
							  mjc_doc_int(bracket, "cap", -1, 0, MJC_MAX_AMOUNT),
							  mjc_doc_bool(bracket, "whole", true)};
		if (i > 0 && scale->brackets[i].above <= scale->brackets[i - 1].above)
			MJC_RAISE(MJC_ERR_ARGUMENT_INVALID, {"argument", "above", 0});
	}
}

static void
read_cart(JsonbContainer *doc, MjcCart *cart, int more_lines)
{
	cart->prices_include_tax = mjc_doc_bool(doc, "prices_include_tax", true);
	cart->customer_group = mjc_doc_text(doc, "customer_group");
	if (cart->customer_group == NULL)
		cart->customer_group = "retail";
	cart->wilaya_code = mjc_doc_text(doc, "wilaya_code");
	cart->first_order = mjc_doc_bool(doc, "first_order", false);
	cart->coupons = mjc_doc_words(doc, "coupon_promotions", MJC_MAX_PROMOTIONS);
	cart->tariff = (MjcTariff){mjc_doc_int(doc, "shipping", 0, 0, MJC_MAX_AMOUNT), -1, 1, 0};
	cart->shipping_tax_bp = (int32) mjc_doc_int(doc, "shipping_tax_bp", 1900, 0, MAX_RATE);
	cart->free_shipping_from = mjc_doc_int(doc, "free_shipping_from", 0, 0, MJC_MAX_AMOUNT);
	cart->credit_available = mjc_doc_int(doc, "credit", 0, 0, MJC_MAX_AMOUNT);
	cart->cash = mjc_doc_bool(doc, "cash", false);
	cart->round_to = mjc_doc_int(doc, "round_to", 1, 1, 1000000);
	cart->traced = true;
	read_lines(doc, cart, more_lines);
	read_gifts(doc, cart);
	read_stamp(doc, cart);
}

static void
read_promotions(JsonbContainer *array, MjcRuleset *set)
{
	set->n = (int) JsonContainerSize(array);
	if (!JsonContainerIsArray(array) || JsonContainerIsScalar(array))
		MJC_RAISE(MJC_ERR_ARGUMENT_INVALID, {"argument", "promotions", 0});
	if (set->n > MJC_MAX_PROMOTIONS)
		MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", "promotions", 0});
	set->promotions = palloc0(sizeof(MjcPromotion) * Max(set->n, 1));
	for (int i = 0; i < set->n; i++)
		set->promotions[i] = mjc_doc_promotion(mjc_doc_object_at(array, i, "promotions"));
	mjc_ruleset_prepare(set);
}

/* ---------------------------------------------------------------- Writing -- */

static void
write_line(StringInfo out, const MjcCart *cart, const MjcCartLine *line)
{
	int64 net = cart->prices_include_tax ? line->running - line->tax : line->running;

	appendStringInfo(out,
					 "{\"line\":%d,\"gift\":%s,\"unit\":" INT64_FORMAT ",\"list\":" INT64_FORMAT
					 ",\"qty\":%d,\"gross\":" INT64_FORMAT ",\"discount\":" INT64_FORMAT
					 ",\"total\":" INT64_FORMAT ",\"tax_bp\":%d,\"net\":" INT64_FORMAT
					 ",\"tax\":" INT64_FORMAT ",\"total_with_tax\":" INT64_FORMAT "}",
					 line->place + 1, line->gift ? "true" : "false", line->unit, line->list,
					 line->qty, line->gross, line->gross - line->running, line->running,
					 line->tax_bp, net, line->tax, net + line->tax);
}

static void
write_applied(StringInfo out, const MjcApplied *applied)
{
	static const char *const scopes[MJC_SCOPE__MAX] = {"line", "order", "shipping"};

	appendStringInfoString(out, "{\"promotion\":");
	escape_json(out, applied->promotion->code);
	appendStringInfo(out,
					 ",\"scope\":\"%s\",\"amount\":" INT64_FORMAT ",\"withheld\":" INT64_FORMAT "}",
					 scopes[applied->promotion->scope], applied->amount, applied->withheld);
}

static void
write_lists(StringInfo out, const MjcCart *cart)
{
	appendStringInfoString(out, "{\"lines\":[");
	for (int i = 0; i < cart->nlines; i++)
	{
		appendStringInfoString(out, i > 0 ? "," : "");
		write_line(out, cart, &cart->lines[i]);
	}
	appendStringInfoString(out, "],\"discounts\":[");
	for (int i = 0; i < cart->napplied; i++)
	{
		appendStringInfoString(out, i > 0 ? "," : "");
		write_applied(out, &cart->applied[i]);
	}
	appendStringInfoString(out, "],\"taxes\":[");
	for (int i = 0; i < cart->ntaxes; i++)
		appendStringInfo(out, "%s{\"tax_bp\":%d,\"net\":" INT64_FORMAT ",\"tax\":" INT64_FORMAT "}",
						 i > 0 ? "," : "", cart->taxes[i].bp, cart->taxes[i].net,
						 cart->taxes[i].tax);
	appendStringInfoChar(out, ']');
}

static void
write_figure(StringInfo out, const char *key, int64 figure)
{
	appendStringInfo(out, ",\"%s\":" INT64_FORMAT, key, figure);
}

static char *
write_cart(const MjcCart *cart)
{
	StringInfoData out;

	initStringInfo(&out);
	write_lists(&out, cart);
	write_figure(&out, "subtotal", cart->subtotal);
	write_figure(&out, "discount", cart->subtotal - cart->goods);
	write_figure(&out, "goods", cart->goods);
	write_figure(&out, "shipping", cart->shipping);
	write_figure(&out, "shipping_discount", cart->shipping_before - cart->shipping);
	write_figure(&out, "tax", cart->tax);
	write_figure(&out, "stamp_duty", cart->stamp_duty);
	write_figure(&out, "rounding", cart->rounding);
	write_figure(&out, "total", cart->total);
	write_figure(&out, "credit", cart->credit);
	write_figure(&out, "due", cart->due);
	appendStringInfo(&out, ",\"trace\":%s}", mjc_trace_json(cart));
	return out.data;
}

/* ----------------------------------------------------- SQL entry points -- */

PG_FUNCTION_INFO_V1(mjc_price_cart);
/*
 * mjc.price_cart(cart jsonb, promotions jsonb) - the price of a cart by the rules alone.
 *
 * The documents are described in doc/pricing.md. Amounts are centimes.
 * Errors: MJ006, MJ010, MJ109 a quantity, MJ201, MJ219 a promotion that cannot be.
 */
Datum
mjc_price_cart(PG_FUNCTION_ARGS)
{
	Jsonb *doc = PG_GETARG_JSONB_P(0);
	Jsonb *promotions = PG_GETARG_JSONB_P(1);
	MjcCart cart = {0};
	MjcRuleset set = {0};

	if (!JsonContainerIsObject(&doc->root))
		MJC_RAISE(MJC_ERR_ARGUMENT_INVALID, {"argument", "cart", 0});
	read_promotions(&promotions->root, &set);
	read_cart(&doc->root, &cart, set.n);
	mjc_cart_price(&cart, &set);
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(write_cart(&cart))));
}
