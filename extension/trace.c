/*
 * trace.c - every step of a price, written as JSON and computed again.
 *
 * A step is an object: rule, line (from 1; none for the order as a whole), ref
 * (code of a promotion, where a unit price comes from, day of a scale), base (the
 * amount the rule was used on), value (an amount that the rule knows), rate_bp,
 * qty, amount (what came out), withheld (what floors kept back of it), rounding
 * (what rounding added, in 1/10000 centime). Keys that are zero are left out.
 *
 * Invariant: each amount follows from the rest of its step by its rule, and each
 * base from the steps before; so the stored steps alone give every figure again.
 */
#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/jsonb.h"

#include "doc.h"
#include "error.h"
#include "money.h"
#include "trace.h"

#define MAX_STEPS 1000000

static const char *const rule_names[MJC_TRACE__MAX] = {
	[MJC_TRACE_UNIT_PRICE] = "unit_price",
	[MJC_TRACE_GROSS] = "gross",
	[MJC_TRACE_PERCENT] = "percent",
	[MJC_TRACE_AMOUNT] = "amount",
	[MJC_TRACE_FIXED_PRICE] = "fixed_price",
	[MJC_TRACE_BUY_GET] = "buy_get",
	[MJC_TRACE_GIFT] = "gift",
	[MJC_TRACE_ORDER_PERCENT] = "order_percent",
	[MJC_TRACE_ORDER_AMOUNT] = "order_amount",
	[MJC_TRACE_ORDER_FIXED_PRICE] = "order_fixed_price",
	[MJC_TRACE_SHARE] = "share",
	[MJC_TRACE_SHIPPING] = "shipping",
	[MJC_TRACE_SHIPPING_PERCENT] = "shipping_percent",
	[MJC_TRACE_SHIPPING_AMOUNT] = "shipping_amount",
	[MJC_TRACE_SHIPPING_FIXED_PRICE] = "shipping_fixed_price",
	[MJC_TRACE_TAX_INCLUDED] = "tax_included",
	[MJC_TRACE_TAX_ADDED] = "tax_added",
	[MJC_TRACE_CREDIT] = "credit",
	[MJC_TRACE_STAMP_DUTY] = "stamp_duty",
	[MJC_TRACE_ROUNDING] = "rounding",
	[MJC_TRACE_TOTAL] = "total",
};

/* ---------------------------------------------------------------- Writing -- */

/* mjc_trace_rule_name - the word of a rule. */
const char *
mjc_trace_rule_name(MjcTraceRule rule)
{
	return rule_names[rule];
}

/* mjc_trace_add - note a step, if steps are kept. */
void
mjc_trace_add(MjcCart *cart, MjcTraceStep step)
{
	if (!cart->traced)
		return;
	if (cart->nsteps == cart->room_steps)
	{
		if (cart->nsteps >= MAX_STEPS)
			MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", "lines", 0});
		cart->room_steps = Max(64, cart->room_steps * 2);
		cart->steps = cart->steps == NULL
						  ? palloc(sizeof(MjcTraceStep) * cart->room_steps)
						  : repalloc(cart->steps, sizeof(MjcTraceStep) * cart->room_steps);
	}
	cart->steps[cart->nsteps++] = step;
}

static void
write_number(StringInfo out, const char *key, int64 number)
{
	if (number != 0)
		appendStringInfo(out, ",\"%s\":" INT64_FORMAT, key, number);
}

static void
write_step(StringInfo out, const MjcTraceStep *step)
{
	appendStringInfo(out, "{\"rule\":\"%s\"", rule_names[step->rule]);
	write_number(out, "line", step->place + 1);
	if (step->ref != NULL)
	{
		appendStringInfoString(out, ",\"ref\":");
		escape_json(out, step->ref);
	}
	write_number(out, "base", step->base);
	write_number(out, "value", step->value);
	write_number(out, "rate_bp", step->rate_bp);
	write_number(out, "qty", step->qty);
	appendStringInfo(out, ",\"amount\":" INT64_FORMAT, step->amount);
	write_number(out, "withheld", step->withheld);
	write_number(out, "rounding", step->rounding_e4);
	appendStringInfoChar(out, '}');
}

/* mjc_trace_json - the steps as a JSON array. */
char *
mjc_trace_json(const MjcCart *cart)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoChar(&out, '[');
	for (int i = 0; i < cart->nsteps; i++)
	{
		if (i > 0)
			appendStringInfoChar(&out, ',');
		write_step(&out, &cart->steps[i]);
	}
	appendStringInfoChar(&out, ']');
	return out.data;
}

/* -------------------------------------------------------- Computing again -- */

typedef struct LineAgain
{
	int64 unit;
	int64 qty;
	int64 gross;
	int64 running;
} LineAgain;

typedef struct Again
{
	int nlines;
	int room;		  /* lines there can be */
	LineAgain *lines; /* by place */
	int64 shares_due; /* of the order discount before */
	int64 shares_base;
	int64 shipping;
	int64 tax;
	int64 added_tax;
	int64 credit;
	int64 stamp_duty;
	int64 rounding;
	int64 total;
	int differs; /* steps that do not follow */
} Again;

static int64
sum_running(const Again *again)
{
	int64 sum = 0;

	for (int i = 0; i < again->nlines; i++)
		sum = mjc_money_add(sum, again->lines[i].running);
	return sum;
}

static MjcTraceStep
read_step(JsonbContainer *doc)
{
	MjcTraceStep step = {0};
	char *rule = mjc_doc_text(doc, "rule");
	int64 most = MJC_MAX_AMOUNT;

	while (step.rule < MJC_TRACE__MAX && (rule == NULL || strcmp(rule_names[step.rule], rule) != 0))
		step.rule++;
	if (step.rule == MJC_TRACE__MAX)
		MJC_RAISE(MJC_ERR_ARGUMENT_INVALID, {"argument", "rule", 0});
	step.place = (int) mjc_doc_int(doc, "line", 0, 1, MJC_MAX_CART_LINES * 2) - 1;
	step.ref = mjc_doc_text(doc, "ref");
	step.base = mjc_doc_int(doc, "base", 0, 0, most);
	step.value = mjc_doc_int(doc, "value", 0, 0, most);
	step.rate_bp = (int32) mjc_doc_int(doc, "rate_bp", 0, 0, 10 * MJC_BP_ONE);
	step.qty = (int32) mjc_doc_int(doc, "qty", 0, 0, PG_INT32_MAX);
	step.amount = mjc_doc_int(doc, "amount", 0, -most, most);
	step.withheld = mjc_doc_int(doc, "withheld", 0, 0, most);
	return step;
}

static LineAgain *
line_of(Again *again, const MjcTraceStep *step)
{
	if (step->place < 0 || step->place >= again->room)
		MJC_RAISE(MJC_ERR_ARGUMENT_INVALID, {"argument", "line", 0});
	again->nlines = Max(again->nlines, step->place + 1);
	return &again->lines[step->place];
}

/* Notes a step whose base or amount does not follow; returns what should have come out. */
static int64
follow(Again *again, const MjcTraceStep *step, int64 base, int64 amount)
{
	if (step->base != base || step->amount != amount)
		again->differs++;
	return amount;
}

static void
line_price(Again *again, const MjcTraceStep *step)
{
	LineAgain *line = line_of(again, step);

	if (step->rule == MJC_TRACE_UNIT_PRICE)
	{
		line->unit = step->amount;
		return;
	}
	line->qty = step->qty;
	line->gross = follow(again, step, line->unit, mjc_money_times(line->unit, step->qty));
	line->running = line->gross;
}

static int64
line_off(const MjcTraceStep *step, const LineAgain *line)
{
	int64 base = line->running;
	int64 qty = Max(line->qty, 1);

	switch (step->rule)
	{
		case MJC_TRACE_PERCENT:
			return mjc_money_percent(base, step->rate_bp);
		case MJC_TRACE_AMOUNT:
			return mjc_money_times(step->value, qty);
		case MJC_TRACE_FIXED_PRICE:
			return Max(base - mjc_money_times(step->value, qty), 0);
		case MJC_TRACE_BUY_GET:
			return mjc_money_scale(base, (int64) step->qty * step->rate_bp, qty * MJC_BP_ONE);
		default:
			return mjc_money_scale(base, step->qty, qty);
	}
}

static int64
whole_off(const MjcTraceStep *step, int64 base)
{
	switch (step->rule)
	{
		case MJC_TRACE_ORDER_PERCENT:
		case MJC_TRACE_SHIPPING_PERCENT:
			return mjc_money_percent(base, step->rate_bp);
		case MJC_TRACE_ORDER_AMOUNT:
		case MJC_TRACE_SHIPPING_AMOUNT:
			return Min(step->value, base);
		default:
			return Max(base - step->value, 0);
	}
}

static void
line_discount(Again *again, const MjcTraceStep *step)
{
	LineAgain *line = line_of(again, step);

	line->running -= follow(again, step, line->running, line_off(step, line) - step->withheld);
}

static void
order_discount(Again *again, const MjcTraceStep *step)
{
	again->shares_base = step->base;
	again->shares_due =
		follow(again, step, step->base, whole_off(step, step->base) - step->withheld);
}

static void
share(Again *again, const MjcTraceStep *step)
{
	LineAgain *line = line_of(again, step);

	again->shares_base -= step->base;
	again->shares_due -= step->amount;
	if (step->amount > line->running)
		again->differs++;
	line->running -= follow(again, step, line->running, step->amount);
}

static void
tax(Again *again, const MjcTraceStep *step)
{
	int64 base = step->place < 0 ? again->shipping : line_of(again, step)->running;
	bool included = step->rule == MJC_TRACE_TAX_INCLUDED;
	int64 amount = included ? base - mjc_tax_net_of_gross(base, step->rate_bp)
							: mjc_money_percent(base, step->rate_bp);

	again->tax = mjc_money_add(again->tax, follow(again, step, base, amount));
	if (!included)
		again->added_tax = mjc_money_add(again->added_tax, amount);
}

static int64
before_credit(const Again *again)
{
	return mjc_money_add(mjc_money_add(sum_running(again), again->shipping), again->added_tax);
}

static void
end_of_price(Again *again, const MjcTraceStep *step)
{
	int64 due = before_credit(again) - again->credit;

	if (step->rule == MJC_TRACE_CREDIT)
		again->credit = follow(again, step, due, Min(step->value, due));
	else if (step->rule == MJC_TRACE_STAMP_DUTY)
		again->stamp_duty = follow(again, step, due, step->amount);
	else if (step->rule == MJC_TRACE_ROUNDING)
	{
		int64 unrounded = mjc_money_add(due, again->stamp_duty);
		int64 multiple = Max(step->value, 1);

		again->rounding = follow(again, step, unrounded,
								 (unrounded + multiple / 2) / multiple * multiple - unrounded);
	}
	else
		again->total =
			follow(again, step, 0,
				   mjc_money_add(before_credit(again), again->stamp_duty + again->rounding));
}

static void
again_step(Again *again, const MjcTraceStep *step)
{
	/* The shares of a discount follow it at once, all of them. */
	if (step->rule != MJC_TRACE_SHARE && (again->shares_due != 0 || again->shares_base != 0))
	{
		again->differs++;
		again->shares_due = 0;
		again->shares_base = 0;
	}
	if (step->rule <= MJC_TRACE_GROSS)
		line_price(again, step);
	else if (step->rule <= MJC_TRACE_GIFT)
		line_discount(again, step);
	else if (step->rule <= MJC_TRACE_ORDER_FIXED_PRICE)
		order_discount(again, step);
	else if (step->rule == MJC_TRACE_SHARE)
		share(again, step);
	else if (step->rule == MJC_TRACE_SHIPPING)
		again->shipping =
			follow(again, step, sum_running(again), step->ref != NULL ? 0 : step->value);
	else if (step->rule <= MJC_TRACE_SHIPPING_FIXED_PRICE)
		again->shipping -= follow(again, step, again->shipping, whole_off(step, again->shipping));
	else if (step->rule <= MJC_TRACE_TAX_ADDED)
		tax(again, step);
	else
		end_of_price(again, step);
}

static char *
again_json(const Again *again)
{
	int64 subtotal = 0;
	int64 goods = sum_running(again);

	for (int i = 0; i < again->nlines; i++)
		subtotal = mjc_money_add(subtotal, again->lines[i].gross);
	return psprintf(
		"{\"subtotal\":" INT64_FORMAT ",\"discount\":" INT64_FORMAT ",\"goods\":" INT64_FORMAT
		",\"shipping\":" INT64_FORMAT ",\"tax\":" INT64_FORMAT ",\"stamp_duty\":" INT64_FORMAT
		",\"rounding\":" INT64_FORMAT ",\"total\":" INT64_FORMAT ",\"credit\":" INT64_FORMAT
		",\"due\":" INT64_FORMAT ",\"differs\":%d}",
		subtotal, subtotal - goods, goods, again->shipping, again->tax, again->stamp_duty,
		again->rounding, again->total, again->credit, again->total - again->credit, again->differs);
}

/* ----------------------------------------------------- SQL entry points -- */

PG_FUNCTION_INFO_V1(mjc_reprice_trace);
/*
 * mjc.reprice_trace(trace jsonb) - every figure of a price from its steps alone;
 * differs counts the steps that do not follow from those before.
 *
 * Errors: MJ006, MJ010 not a trace, MJ201.
 */
Datum
mjc_reprice_trace(PG_FUNCTION_ARGS)
{
	Jsonb *trace = PG_GETARG_JSONB_P(0);
	Again again = {0};
	int n = (int) JsonContainerSize(&trace->root);

	if (!JsonContainerIsArray(&trace->root) || JsonContainerIsScalar(&trace->root) || n > MAX_STEPS)
		MJC_RAISE(MJC_ERR_ARGUMENT_INVALID, {"argument", "trace", 0});
	again.room = n; /* each line has steps of its own */
	again.lines = palloc0(sizeof(LineAgain) * Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		MjcTraceStep step = read_step(mjc_doc_object_at(&trace->root, i, "trace"));

		CHECK_FOR_INTERRUPTS();
		again_step(&again, &step);
	}
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(again_json(&again))));
}
