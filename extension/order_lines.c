/*
 * order_lines.c - how many lines an order or a cart may have, and how many units a
 * line. The numbers stand in quote.h and coupon.h and nowhere else; SQL reads them here.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "funcapi.h"

#include "args.h"
#include "coupon.h"
#include "error.h"
#include "quote.h"

/* ---------------------------------------------------------------- Rules -- */

/* mjc_check_line_count - MJ302 unless n is 1 .. MJC_MAX_LINES. */
void
mjc_check_line_count(int n)
{
	if (n < 1 || n > MJC_MAX_LINES)
		MJC_RAISE(MJC_ERR_ORDER_LINES_COUNT, {"min", NULL, 1}, {"max", NULL, MJC_MAX_LINES});
}

/* mjc_check_line_qty - MJ104 unless qty is 1 .. MJC_MAX_LINE_QTY. */
void
mjc_check_line_qty(int64 qty)
{
	if (qty < 1 || qty > MJC_MAX_LINE_QTY)
		MJC_RAISE(MJC_ERR_STOCK_QTY_INVALID, {"min", NULL, 1}, {"max", NULL, MJC_MAX_LINE_QTY});
}

/* ----------------------------------------------------- SQL entry points -- */

PG_FUNCTION_INFO_V1(mjc_order_limits);
/* mjc.order_limits(OUT max_lines, OUT max_units, OUT max_coupons) - lines, units a line, coupons.
 */
Datum
mjc_order_limits(PG_FUNCTION_ARGS)
{
	Datum values[3] = {Int32GetDatum(MJC_MAX_LINES), Int32GetDatum(MJC_MAX_LINE_QTY),
					   Int32GetDatum(MJC_MAX_COUPONS)};
	bool nulls[3] = {false, false, false};
	TupleDesc tupdesc;

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls));
}

PG_FUNCTION_INFO_V1(mjc_order_check_count);
/* mjc.check_line_count(lines integer). Errors: MJ003, MJ302. */
Datum
mjc_order_check_count(PG_FUNCTION_ARGS)
{
	mjc_check_line_count(mjc_arg_int32(fcinfo, 0, "lines"));
	PG_RETURN_VOID();
}

PG_FUNCTION_INFO_V1(mjc_order_check_qty);
/* mjc.check_line_qty(quantity bigint). Errors: MJ003, MJ104. */
Datum
mjc_order_check_qty(PG_FUNCTION_ARGS)
{
	mjc_check_line_qty(mjc_arg_int64(fcinfo, 0, "quantity"));
	PG_RETURN_VOID();
}
