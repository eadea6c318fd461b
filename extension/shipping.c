/*
 * shipping.c - finds the tariff of a place (rule P3 of pricing.c uses it).
 *
 * S1 A place is a wilaya code (one or two digits) or a wilaya name; a wilaya that
 *    does not exist yet on that day ships like the one it will be split from.
 * S2 The tariff of a day and delivery mode is the wilaya's own, else that of the
 *    zone in which the shop's carrier (setting shipping_carrier) has the wilaya that
 *    day, else that of everywhere else, '*'. Drafts do not count.
 * Amounts are centimes; the client's amounts are never read.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "args.h"
#include "error.h"
#include "money.h"
#include "setting.h"
#include "shipping.h"
#include "spi.h"
#include "text.h"

/* ---------------------------------------------------------------- Rules -- */

/* mjc_delivery_mode_check - home or stop_desk. Errors: MJ217. */
void
mjc_delivery_mode_check(const char *mode)
{
	if (strcmp(mode, "home") != 0 && strcmp(mode, "stop_desk") != 0)
		mjc_raise(MJC_ERR_DELIVERY_MODE_UNKNOWN);
}

/* -------------------------------------------------------------- Storage -- */

static MjcStmt stmt_wilaya = {
	"SELECT coalesce(p.code, w.code), coalesce(p.delivery_days, w.delivery_days) "
	"FROM mjc.wilaya w LEFT JOIN mjc.wilaya p ON p.code = w.split_from AND w.valid_from_on > $2 "
	"WHERE w.code = CASE WHEN $1 ~ '^[0-9]{2}$' THEN $1 ELSE mjc.wilaya_find($1) END",
	2,
	{TEXTOID, DATEOID},
	NULL};
/* Each place by its whole key: with IN () the exclusion index is read for every wilaya. */
static MjcStmt stmt_tariff = {
	"SELECT t.amount_centimes, coalesce(t.included_weight_g, -1), coalesce(t.step_weight_g, 1), "
	"coalesce(t.step_centimes, 0), u.n::pg_catalog.int4 FROM unnest(ARRAY[$1, "
	"(SELECT z.zone_code FROM mjc.carrier_zone z WHERE z.wilaya_code = $1 AND z.validity @> $3 "
	"AND z.carrier = (SELECT s.text_value FROM mjc.setting s WHERE s.name = 'shipping_carrier')), "
	"'*']) WITH ORDINALITY u (place, n) CROSS JOIN LATERAL (SELECT x.amount_centimes, "
	"x.included_weight_g, x.step_weight_g, x.step_centimes FROM mjc.shipping_tariff x "
	"WHERE x.place_code = u.place AND x.delivery_mode = $2 AND x.validity @> $3 "
	"AND NOT x.is_draft) t ORDER BY u.n LIMIT 1",
	3,
	{TEXTOID, TEXTOID, DATEOID},
	NULL};

/*
 * mjc_delivery_find - how a parcel goes to a place (S1, S2). Needs SPI open.
 *
 * place: wilaya code or name, NULL unknown. on_date: the shop's day. must: a missing
 * tariff is an error; else it asks for nothing (a cart that is looked at has no place yet).
 * Errors: MJ202 no tariff covers that day, MJ217.
 */
MjcDelivery
mjc_delivery_find(const char *place, const char *mode, DateADT on_date, bool must)
{
	MjcDelivery delivery = {NULL, 0, {0, -1, 1, 0}, 3};
	char *typed = mjc_trim_or_null(place);
	Datum day = DateADTGetDatum(on_date);

	mjc_delivery_mode_check(mode);
	if (typed != NULL && mjc_exec(&stmt_wilaya, MJC_ARGS(MJC_TEXT(typed), MJC_DATUM(day))) == 1)
	{
		delivery.wilaya_code = mjc_text_col(0, 1);
		delivery.days = mjc_int4_col(0, 2);
	}
	else
		delivery.days = (int32) mjc_setting_integer("delivery_days_default");
	if (mjc_exec(&stmt_tariff, MJC_ARGS(MJC_TEXT_OR_NULL(delivery.wilaya_code), MJC_TEXT(mode),
										MJC_DATUM(day))) != 1)
	{
		if (must)
			mjc_raise(MJC_ERR_TARIFF_MISSING);
		return delivery;
	}
	delivery.tariff =
		(MjcTariff){mjc_int8_col(0, 1), mjc_int4_col(0, 2), mjc_int4_col(0, 3), mjc_int8_col(0, 4)};
	delivery.rank = mjc_int4_col(0, 5);
	return delivery;
}

/* ----------------------------------------------------- SQL entry points -- */

PG_FUNCTION_INFO_V1(mjc_shipping_for);
/*
 * mjc.shipping_for(place text, subtotal bigint, on_date date, delivery_mode text, weight_g int)
 * - centimes for a parcel, before promotions.
 *
 * Errors: MJ003, MJ006 a negative weight, MJ201 negative or too large subtotal, MJ202, MJ217.
 */
Datum
mjc_shipping_for(PG_FUNCTION_ARGS)
{
	char *place = mjc_arg_text_or_null(fcinfo, 0);
	int64 subtotal = mjc_arg_int64(fcinfo, 1, "subtotal");
	DateADT on_date = mjc_arg_int32(fcinfo, 2, "on_date");
	char *mode = mjc_arg_text(fcinfo, 3, "delivery_mode");
	int32 weight = mjc_arg_int32(fcinfo, 4, "weight_g");
	MjcDelivery delivery;
	int64 price;

	if (subtotal < 0 || subtotal > MJC_MAX_AMOUNT)
		mjc_raise(MJC_ERR_AMOUNT_OUT_OF_RANGE);
	if (weight < 0)
		MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", "weight_g", 0});
	mjc_begin();
	delivery = mjc_delivery_find(place, mode, on_date, true);
	price = mjc_shipping_due(subtotal, mjc_tariff_price(&delivery.tariff, weight),
							 mjc_setting_integer("free_shipping_threshold_centimes"));
	mjc_end();
	PG_RETURN_INT64(price);
}
