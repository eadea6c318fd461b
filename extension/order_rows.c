/*
 * order_rows.c - rows of an order that follow from its quote: lines, trace, what it used.
 *
 * Tables written: order_line, order_trace. Needs SPI open and the order's row locked or new.
 */
#include "postgres.h"

#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "direct.h"
#include "order_rows.h"
#include "spi.h"
#include "trace.h"
#include "uuid.h"

static MjcTable line_table = {
	.name = "order_line",
	.columns = {"order_id", "line_no", "product_id", "sku", "product_name", "manufacturer_ref",
				"qty", "list_price_centimes", "unit_price_centimes", "discount_centimes",
				"total_centimes", "tax_bp", "tax_centimes", "cancelled_qty", NULL},
	.types = {UUIDOID, INT4OID, UUIDOID, TEXTOID, TEXTOID, TEXTOID, INT4OID, INT8OID, INT8OID,
			  INT8OID, INT8OID, INT4OID, INT8OID, INT4OID},
	.parent_written = true};
static MjcTable trace_table = {.name = "order_trace",
							   .columns = {"order_id", "steps", NULL},
							   .types = {UUIDOID, JSONBOID},
							   .parent_written = true};

/* mjc_order_write_lines - one row for each line; line_no is its place, from 1. */
void
mjc_order_write_lines(const pg_uuid_t *order_id, const MjcQuote *quote)
{
	for (int i = 0; i < quote->cart.nlines; i++)
	{
		const MjcCartLine *line = &quote->cart.lines[i];
		const MjcArticle *article = mjc_quote_article(quote, &line->product_id);

		mjc_direct_write(&line_table,
						 MJC_ARGS(MJC_UUID(order_id), MJC_INT4(line->place + 1),
								  MJC_UUID(&line->product_id), MJC_TEXT(article->sku),
								  MJC_TEXT(article->name),
								  MJC_TEXT_OR_NULL(article->manufacturer_ref), MJC_INT4(line->qty),
								  MJC_INT8(line->list), MJC_INT8(line->unit),
								  MJC_INT8(line->gross - line->running), MJC_INT8(line->running),
								  MJC_INT4(line->tax_bp), MJC_INT8(line->tax), MJC_INT4(0)));
	}
}

/* mjc_order_write_trace - the steps of the price. */
void
mjc_order_write_trace(const pg_uuid_t *order_id, const MjcQuote *quote)
{
	char *steps = mjc_trace_json(&quote->cart);

	mjc_direct_write(&trace_table,
					 MJC_ARGS(MJC_UUID(order_id),
							  MJC_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(steps)))));
}

/* mjc_order_coupon_codes - text[]: those that did something, in the order of their locks. */
Datum
mjc_order_coupon_codes(const MjcQuote *quote)
{
	Datum codes[MJC_MAX_COUPONS];

	for (int i = 0; i < quote->ncoupons; i++)
		codes[i] = CStringGetTextDatum(quote->coupons[i].code);
	return PointerGetDatum(
		construct_array(codes, quote->ncoupons, TEXTOID, -1, false, TYPALIGN_INT));
}

/* mjc_order_credit_ids - uuid[]: the cards that pay a part, likewise. */
Datum
mjc_order_credit_ids(const MjcQuote *quote)
{
	pg_uuid_t ids[MJC_MAX_CREDITS + 1];
	int n = 0;

	for (int i = 0; i < quote->ncredits; i++)
		if (quote->credits[i].used > 0)
			ids[n++] = quote->credits[i].id;
	return mjc_uuid_array(ids, n);
}

static int
compare_coupons(const void *a, const void *b)
{
	return strcmp(((const MjcCoupon *) a)->code, ((const MjcCoupon *) b)->code);
}

static int
compare_credits(const void *a, const void *b)
{
	return mjc_uuid_compare(&((const MjcCredit *) a)->id, &((const MjcCredit *) b)->id);
}

/* mjc_order_sort_for_locks - from here on coupons and cards stand in the order in which everybody
 * locks them. */
void
mjc_order_sort_for_locks(MjcQuote *quote)
{
	qsort(quote->coupons, quote->ncoupons, sizeof(MjcCoupon), compare_coupons);
	qsort(quote->credits, quote->ncredits, sizeof(MjcCredit), compare_credits);
}
