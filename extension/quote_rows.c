/*
 * quote_rows.c - a quote as rows: what mjc.quote() gives to people and to the SQL
 * that renders it.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "utils/builtins.h"

#include "args.h"
#include "error.h"
#include "quote.h"
#include "spi.h"
#include "trace.h"

/* The columns of mjc.quote(), in their order. */
enum
{
	COL_SECTION,
	COL_LINE_NO,
	COL_REF,
	COL_LABEL,
	COL_PRODUCT_ID,
	COL_QTY,
	COL_UNIT,
	COL_BASE,
	COL_DISCOUNT,
	COL_AMOUNT,
	COL_RATE,
	COL_TAX,
	COL_WITHHELD,
	COL_ROUNDING,
	COL__MAX
};

/* A row under way; columns not set are NULL. */
typedef struct Row
{
	ReturnSetInfo *out;
	Datum values[COL__MAX];
	bool nulls[COL__MAX];
} Row;

static void
begin(Row *row, const char *section)
{
	memset(row->nulls, true, sizeof(row->nulls));
	row->values[COL_SECTION] = CStringGetTextDatum(section);
	row->nulls[COL_SECTION] = false;
}

static void
set(Row *row, int column, Datum value)
{
	row->values[column] = value;
	row->nulls[column] = false;
}

static void
set_text(Row *row, int column, const char *text)
{
	if (text != NULL)
		set(row, column, CStringGetTextDatum(text));
}

static void
end(Row *row)
{
	tuplestore_putvalues(row->out->setResult, row->out->setDesc, row->values, row->nulls);
}

/* A row of one figure. */
static void
figure(Row *row, const char *section, int64 base, int64 amount)
{
	begin(row, section);
	set(row, COL_BASE, Int64GetDatum(base));
	set(row, COL_AMOUNT, Int64GetDatum(amount));
	end(row);
}

static void
line_rows(Row *row, const MjcQuote *quote)
{
	for (int i = 0; i < quote->cart.nlines; i++)
	{
		const MjcCartLine *line = &quote->cart.lines[i];

		begin(row, "line");
		set(row, COL_LINE_NO, Int32GetDatum(line->place + 1));
		set_text(row, COL_REF, line->source);
		set_text(row, COL_LABEL, mjc_quote_article(quote, &line->product_id)->name);
		set(row, COL_PRODUCT_ID, UUIDPGetDatum(&line->product_id));
		set(row, COL_QTY, Int32GetDatum(line->qty));
		set(row, COL_UNIT, Int64GetDatum(line->unit));
		set(row, COL_BASE, Int64GetDatum(line->list));
		set(row, COL_DISCOUNT, Int64GetDatum(line->gross - line->running));
		set(row, COL_AMOUNT, Int64GetDatum(line->running));
		set(row, COL_RATE, Int32GetDatum(line->tax_bp));
		set(row, COL_TAX, Int64GetDatum(line->tax));
		end(row);
	}
}

static void
discount_rows(Row *row, const MjcQuote *quote)
{
	for (int i = 0; i < quote->cart.napplied; i++)
	{
		const MjcApplied *applied = &quote->cart.applied[i];

		begin(row, "discount");
		set_text(row, COL_REF, applied->promotion->code);
		set_text(row, COL_LABEL, applied->promotion->name);
		set(row, COL_AMOUNT, Int64GetDatum(applied->amount));
		set(row, COL_WITHHELD, Int64GetDatum(applied->withheld));
		end(row);
	}
	for (int i = 0; i < quote->ncoupons; i++)
	{
		const MjcCoupon *coupon = &quote->coupons[i];

		begin(row, "coupon");
		set_text(row, COL_REF, coupon->code);
		set_text(row, COL_LABEL,
				 coupon->problem == MJC_ERR__MAX ? "APPLIED" : mjc_error_name(coupon->problem));
		end(row);
	}
}

static void
shipping_row(Row *row, const MjcQuote *quote)
{
	const MjcCart *cart = &quote->cart;

	begin(row, "shipping");
	set_text(row, COL_REF, cart->wilaya_code);
	set(row, COL_QTY, Int32GetDatum(quote->delivery.days));
	set(row, COL_BASE, Int64GetDatum(cart->shipping_before));
	set(row, COL_DISCOUNT, Int64GetDatum(cart->shipping_before - cart->shipping));
	set(row, COL_AMOUNT, Int64GetDatum(cart->shipping));
	set(row, COL_RATE, Int32GetDatum(cart->shipping_tax_bp));
	set(row, COL_TAX, Int64GetDatum(cart->shipping_tax));
	end(row);
}

static void
tax_rows(Row *row, const MjcCart *cart)
{
	for (int i = 0; i < cart->ntaxes; i++)
	{
		begin(row, "tax");
		set(row, COL_BASE, Int64GetDatum(cart->taxes[i].net));
		set(row, COL_AMOUNT, Int64GetDatum(cart->taxes[i].net + cart->taxes[i].tax));
		set(row, COL_RATE, Int32GetDatum(cart->taxes[i].bp));
		set(row, COL_TAX, Int64GetDatum(cart->taxes[i].tax));
		end(row);
	}
}

static void
trace_rows(Row *row, const MjcCart *cart)
{
	for (int i = 0; i < cart->nsteps; i++)
	{
		const MjcTraceStep *step = &cart->steps[i];

		begin(row, step->rule == MJC_TRACE_SHARE ? "share" : "trace");
		if (step->place >= 0)
			set(row, COL_LINE_NO, Int32GetDatum(step->place + 1));
		set_text(row, COL_REF, step->ref);
		set_text(row, COL_LABEL, mjc_trace_rule_name(step->rule));
		set(row, COL_QTY, Int32GetDatum(step->qty));
		set(row, COL_UNIT, Int64GetDatum(step->value));
		set(row, COL_BASE, Int64GetDatum(step->base));
		set(row, COL_AMOUNT, Int64GetDatum(step->amount));
		set(row, COL_RATE, Int32GetDatum(step->rate_bp));
		set(row, COL_WITHHELD, Int64GetDatum(step->withheld));
		set(row, COL_ROUNDING, Int32GetDatum(step->rounding_e4));
		end(row);
	}
}

static void
quote_rows(ReturnSetInfo *out, const MjcQuote *quote)
{
	const MjcCart *cart = &quote->cart;
	Row row = {.out = out};

	line_rows(&row, quote);
	discount_rows(&row, quote);
	shipping_row(&row, quote);
	tax_rows(&row, cart);
	figure(&row, "stamp_duty", cart->goods + cart->shipping - cart->credit, cart->stamp_duty);
	figure(&row, "rounding", cart->due - cart->rounding, cart->rounding);
	begin(&row, "total");
	set(&row, COL_BASE, Int64GetDatum(cart->subtotal));
	set(&row, COL_DISCOUNT, Int64GetDatum(cart->subtotal - cart->goods));
	set(&row, COL_AMOUNT, Int64GetDatum(cart->total));
	set(&row, COL_TAX, Int64GetDatum(cart->tax));
	end(&row);
	figure(&row, "credit", cart->credit_available, cart->credit);
	figure(&row, "due", cart->total, cart->due);
	trace_rows(&row, cart);
}

/* ----------------------------------------------------- SQL entry points -- */

PG_FUNCTION_INFO_V1(mjc_quote);
/*
 * mjc.quote(product_ids uuid[], quantities int[], customer_group, place, delivery_mode,
 *     payment_method text, coupons text[], at timestamptz, customer_id uuid,
 *     gift_cards text[], strict boolean, store_credit boolean) - the whole price as rows
 * (sql/quote.sql).
 *
 * Errors: MJ003, MJ006, MJ010, MJ102, MJ104, MJ201-MJ210, MJ216-MJ218, MJ302.
 */
Datum
mjc_quote(PG_FUNCTION_ARGS)
{
	MjcQuoteRequest request = {
		.lines = mjc_arg_lines(fcinfo, 0, "product_ids", "quantities"),
		.customer_group = mjc_arg_text(fcinfo, 2, "customer_group"),
		.place = mjc_arg_text_or_null(fcinfo, 3),
		.delivery_mode = mjc_arg_text(fcinfo, 4, "delivery_mode"),
		.payment_method = mjc_arg_text(fcinfo, 5, "payment_method"),
		.coupons = mjc_arg_words(fcinfo, 6, "coupons"),
		.at = mjc_arg_int64(fcinfo, 7, "at"),
		.customer_id = mjc_arg_uuid_or_null(fcinfo, 8),
		.gift_cards = mjc_arg_words(fcinfo, 9, "gift_cards"),
		.strict = PG_ARGISNULL(10) || PG_GETARG_BOOL(10),
		.store_credit = !PG_ARGISNULL(11) && PG_GETARG_BOOL(11),
	};
	MjcQuote quote;

	if (TIMESTAMP_NOT_FINITE(request.at))
		MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", "at", 0});
	InitMaterializedSRF(fcinfo, 0);
	mjc_begin();
	mjc_quote_make(&request, &quote);
	quote_rows((ReturnSetInfo *) fcinfo->resultinfo, &quote);
	mjc_end();
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(mjc_price_at);
/*
 * mjc.price_at(product_id uuid, customer_group text, qty int, at timestamptz,
 *     OUT unit_centimes bigint, OUT list_centimes bigint, OUT source text)
 *
 * Errors: MJ003, MJ006, MJ104, MJ107, MJ216.
 */
Datum
mjc_price_at(PG_FUNCTION_ARGS)
{
	Datum product = UUIDPGetDatum(mjc_arg_uuid(fcinfo, 0, "product_id"));
	Datum qty = Int32GetDatum(mjc_arg_int32(fcinfo, 2, "qty"));
	MjcQuoteRequest request = {.lines = mjc_lines_read(&product, 1, &qty, 1),
							   .customer_group = mjc_arg_text(fcinfo, 1, "customer_group"),
							   .at = mjc_arg_int64(fcinfo, 3, "at")};
	TupleDesc tupdesc;
	MemoryContext caller = CurrentMemoryContext;
	MjcPicked picked;
	Datum values[3];
	bool nulls[3] = {false, false, false};

	if (TIMESTAMP_NOT_FINITE(request.at))
		MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", "at", 0});
	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	tupdesc = BlessTupleDesc(tupdesc);
	mjc_begin();
	picked = mjc_quote_unit_price(&request);
	picked.source = MemoryContextStrdup(caller, picked.source);
	mjc_end();
	values[0] = Int64GetDatum(picked.unit);
	values[1] = Int64GetDatum(picked.list);
	values[2] = CStringGetTextDatum(picked.source);
	return HeapTupleGetDatum(heap_form_tuple(tupdesc, values, nulls));
}

PG_FUNCTION_INFO_V1(mjc_bench_pricing);
/*
 * mjc_bench_pricing(runs int, product_ids uuid[], quantities int[]) returns double precision
 * - microseconds that the rules alone take for a cart of the shop. In no script: the
 * bench declares it as a superuser.
 */
Datum
mjc_bench_pricing(PG_FUNCTION_ARGS)
{
	int32 runs = mjc_arg_int32(fcinfo, 0, "runs");
	MjcQuoteRequest request = {.lines = mjc_arg_lines(fcinfo, 1, "product_ids", "quantities"),
							   .customer_group = "retail",
							   .place = "16",
							   .delivery_mode = "home",
							   .payment_method = "CASH_ON_DELIVERY",
							   .at = GetCurrentTimestamp()};
	MemoryContext work;
	MemoryContext caller;
	MjcQuote quote;
	MjcCart cart = {0};
	instr_time start;
	instr_time end;

	mjc_begin();
	mjc_quote_make(&request, &quote);
	work = AllocSetContextCreate(CurrentMemoryContext, "bench", ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(work);
	INSTR_TIME_SET_CURRENT(start);
	for (int i = 0; i < runs; i++)
	{
		MemoryContextReset(work);
		cart = quote.cart;
		cart.nlines = request.lines.n;
		cart.steps = NULL;
		cart.room_steps = 0;
		mjc_cart_price(&cart, quote.set);
		CHECK_FOR_INTERRUPTS();
	}
	INSTR_TIME_SET_CURRENT(end);
	INSTR_TIME_SUBTRACT(end, start);
	MemoryContextSwitchTo(caller);
	MJC_ENSURE(cart.total == quote.cart.total, "the same total each time");
	mjc_end();
	PG_RETURN_FLOAT8((double) INSTR_TIME_GET_MICROSEC(end) / runs);
}
