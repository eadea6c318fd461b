/*
 * pricing.c - catalogue prices and shipping (pricing rules P1-P3 below).
 *
 * P1 The price in force is the sale price when 0 < sale < price, else the price
 *    (prices include tax, TTC).
 * P2 A line costs unit price x quantity; its tax is the part contained in it.
 * P3 Shipping is free from the threshold on (setting
 *    free_shipping_threshold_centimes, on the subtotal), else the dated tariff
 *    of the wilaya, else the default tariff '*'. A place is a wilaya code (one
 *    or two digits) or a wilaya name; a wilaya that does not exist yet on that
 *    day ships like the one it will be split from.
 * Amounts are centimes; the client's amounts are never read.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/date.h"

#include "args.h"
#include "error.h"
#include "money.h"
#include "pricing.h"
#include "setting.h"
#include "spi.h"
#include "text.h"

/* ---------------------------------------------------------------- Rules -- */

/* mjc_price_in_force - P1; sale_price 0 means none. */
int64
mjc_price_in_force(int64 price, int64 sale_price)
{
	return sale_price > 0 && sale_price < price ? sale_price : price;
}

/* mjc_shipping_due - P3; free_from 0 means never free. */
int64
mjc_shipping_due(int64 subtotal, int64 tariff, int64 free_from)
{
	return free_from > 0 && subtotal >= free_from ? 0 : tariff;
}

/* -------------------------------------------------------------- Storage -- */

static MjcStmt stmt_wilaya = {
	"SELECT coalesce(p.code, w.code), coalesce(p.delivery_days, w.delivery_days) "
	"FROM mjc.wilaya w LEFT JOIN mjc.wilaya p ON p.code = w.split_from AND w.valid_from_on > $2 "
	"WHERE w.code = CASE WHEN $1 ~ '^[0-9]{2}$' THEN $1 ELSE mjc.wilaya_find($1) END",
	2,
	{TEXTOID, DATEOID},
	NULL};
/* The wilaya's own tariff, else that of everywhere: each by the index. */
static MjcStmt stmt_tariff = {
	"SELECT coalesce((SELECT t.amount_centimes FROM mjc.shipping_tariff t WHERE t.place_code = $1 "
	"AND t.delivery_mode = $2 AND t.validity @> $3), "
	"(SELECT t.amount_centimes FROM mjc.shipping_tariff t WHERE t.place_code = '*' "
	"AND t.delivery_mode = $2 AND t.validity @> $3))",
	3,
	{TEXTOID, TEXTOID, DATEOID},
	NULL};

/*
 * mjc_delivery_find - the tariff for a place. Needs SPI open.
 *
 * place: wilaya code or name, NULL unknown. on_date: days since 2000-01-01.
 * Errors: MJ202 no tariff covers that day.
 */
MjcDelivery
mjc_delivery_find(const char *place, const char *mode, int32 on_date)
{
	MjcDelivery delivery = {NULL, 0, 0};
	char *typed = mjc_trim_or_null(place);

	if (typed != NULL &&
		mjc_exec(&stmt_wilaya, MJC_ARGS(MJC_TEXT(typed), MJC_DATUM(DateADTGetDatum(on_date)))) == 1)
	{
		delivery.wilaya_code = mjc_text_col(0, 1);
		delivery.days = mjc_int4_col(0, 2);
	}
	else
		delivery.days = (int32) mjc_setting_integer("delivery_days_default");
	mjc_exec_one(&stmt_tariff, MJC_ARGS(MJC_TEXT(delivery.wilaya_code ? delivery.wilaya_code : "*"),
										MJC_TEXT(mode), MJC_DATUM(DateADTGetDatum(on_date))));
	if (mjc_is_null(0, 1))
		mjc_raise(MJC_ERR_TARIFF_MISSING);
	delivery.tariff = mjc_int8_col(0, 1);
	return delivery;
}

/* mjc_shipping_price - P3 with the threshold of the settings. Needs SPI open. */
int64
mjc_shipping_price(const MjcDelivery *delivery, int64 subtotal)
{
	return mjc_shipping_due(subtotal, delivery->tariff,
							mjc_setting_integer("free_shipping_threshold_centimes"));
}

/* ----------------------------------------------------- SQL entry points -- */

PG_FUNCTION_INFO_V1(mjc_unit_price);
/* mjc.unit_price(price bigint, sale_price bigint) - P1; sale_price may be NULL. */
Datum
mjc_unit_price(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_INT64(
		mjc_price_in_force(PG_GETARG_INT64(0), PG_ARGISNULL(1) ? 0 : PG_GETARG_INT64(1)));
}

PG_FUNCTION_INFO_V1(mjc_shipping_for);
/*
 * mjc.shipping_for(place text, subtotal bigint, on_date date) - centimes for home delivery.
 *
 * Errors: MJ003, MJ201 negative or too large subtotal, MJ202.
 */
Datum
mjc_shipping_for(PG_FUNCTION_ARGS)
{
	char *place = mjc_arg_text_or_null(fcinfo, 0);
	int64 subtotal = mjc_arg_int64(fcinfo, 1, "subtotal");
	int32 on_date = mjc_arg_int32(fcinfo, 2, "on_date");
	MjcDelivery delivery;
	int64 price;

	if (subtotal < 0 || subtotal > MJC_MAX_AMOUNT)
		mjc_raise(MJC_ERR_AMOUNT_OUT_OF_RANGE);
	mjc_begin();
	delivery = mjc_delivery_find(place, "home", on_date);
	price = mjc_shipping_price(&delivery, subtotal);
	mjc_end();
	PG_RETURN_INT64(price);
}
