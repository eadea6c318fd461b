/*
 * sale.c - an order tells the sales figures that it is there, and that it is about to change.
 *
 * What an order amounts to is read from its rows (view mjc.sale_fact), so nothing is added up
 * here. An order that is pending is read as it stands; the figures of any other are part of
 * mjc.sale_day, and are taken out before they change.
 *
 * Invariants: under the lock of its row an order is either in mjc.sale_pending, or its figures
 * as they stand are in sale_day + sale_delta. mjc.sale_fold() reads the marks that it removes and
 * the orders in one snapshot; a mark that somebody replaced meanwhile is not the one it saw.
 * Lock order: after the order's row; a mark is waited for as long as a fold lasts, and a fold
 * waits for nobody.
 * Tables written: sale_pending, sale_delta.
 */
#include "postgres.h"

#include "args.h"
#include "direct.h"
#include "sale.h"
#include "spi.h"
#include "uuid.h"

static MjcTable pending_table = {
	.name = "sale_pending", .columns = {"order_id", NULL}, .types = {UUIDOID}};
static MjcStmt stmt_unmark = {
	"DELETE FROM mjc.sale_pending WHERE order_id = $1", 1, {UUIDOID}, NULL};
static MjcStmt stmt_take_out = {
	"INSERT INTO mjc.sale_delta (order_id, delta_id, dim, on_day, key, orders, cancelled_orders, "
	"units, returned_units, total_centimes, returned_centimes, discount_centimes, "
	"shipping_centimes, stamp_duty_centimes, tax_centimes, returned_tax_centimes, "
	"refunded_centimes, sold_ht_centimes, cost_centimes) "
	"SELECT f.order_id, $2, f.dim, f.on_day, f.key, -f.orders, -f.cancelled_orders, -f.units, "
	"-f.returned_units, -f.total_centimes, -f.returned_centimes, -f.discount_centimes, "
	"-f.shipping_centimes, -f.stamp_duty_centimes, -f.tax_centimes, -f.returned_tax_centimes, "
	"-f.refunded_centimes, -f.sold_ht_centimes, -f.cost_centimes "
	"FROM mjc.sale_fact f WHERE f.order_id = $1",
	2,
	{UUIDOID, UUIDOID},
	NULL};

/*
 * mjc_sale_open - an order was placed: it counts from now on. Needs SPI open.
 *
 * VARIANT=nosales leaves it out; test/bench/sales.sh compares with that.
 */
void
mjc_sale_open(const pg_uuid_t *order_id)
{
#ifndef MJC_NO_SALES
	mjc_direct_write(&pending_table, MJC_ARGS(MJC_UUID(order_id)));
#endif
}

/*
 * mjc_sale_touch - an order, whose row the caller has locked, is about to change.
 *
 * To be called before each change of what mjc.sale_fact reads; again in the same transaction
 * is harmless. The mark is replaced, never kept: that is how a fold that is under way sees
 * that it must not take it. Needs SPI open.
 */
void
mjc_sale_touch(const pg_uuid_t *order_id)
{
	if (mjc_exec(&stmt_unmark, MJC_ARGS(MJC_UUID(order_id))) == 0)
	{
		pg_uuid_t delta_id = mjc_uuid_make();

		mjc_exec(&stmt_take_out, MJC_ARGS(MJC_UUID(order_id), MJC_UUID(&delta_id)));
	}
	mjc_direct_write(&pending_table, MJC_ARGS(MJC_UUID(order_id)));
}
