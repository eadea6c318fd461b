/*
 * order_buyer.c - who buys: the guest of a phone, or a customer whom the shop knows.
 *
 * Invariants: a canonical phone names one guest; an order is placed under the lock of its
 * customer, and whoever blocks, erases or joins him waits for it.
 * Tables written: customer, customer_person, customer_phone, customer_delta.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"

#include "args.h"
#include "calendar.h"
#include "direct.h"
#include "error.h"
#include "order_buyer.h"
#include "setting.h"
#include "spi.h"
#include "uuid.h"

/* -------------------------------------------------------------- Storage -- */

static MjcTable phone_table = {.name = "customer_phone",
							   .columns = {"phone", "customer_id", NULL},
							   .types = {TEXTOID, UUIDOID}};
static MjcStmt stmt_phone_lock = {
	"SELECT customer_id FROM mjc.customer_phone WHERE phone = $1 FOR UPDATE", 1, {TEXTOID}, NULL};
static MjcTable customer_table = {
	.name = "customer",
	.columns = {"customer_id", "kind", "customer_type", "profession", "account_id", "created_at",
				"customer_group", "status", "erased_at", "merged_into", NULL},
	.types = {UUIDOID, TEXTOID, TEXTOID, TEXTOID, UUIDOID, TIMESTAMPTZOID, TEXTOID, TEXTOID,
			  TIMESTAMPTZOID, UUIDOID}};
static MjcStmt stmt_standing = {
	"SELECT c.status, c.customer_group, (SELECT count(*) FROM mjc.customer_order o "
	"WHERE o.customer_id = $1 AND o.is_open) FROM mjc.customer c WHERE c.customer_id = $1",
	1,
	{UUIDOID},
	NULL};
static MjcTable person_table = {
	.name = "customer_person",
	.columns = {"customer_id", "first_name", "last_name", "phone", "email", NULL},
	.types = {UUIDOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID},
	.parent_written = true};
/* Whoever counts customers learns of him (sql/sale.sql). */
static MjcTable delta_table = {.name = "customer_delta",
							   .columns = {"delta_id", "change", "on_day", NULL},
							   .types = {UUIDOID, INT2OID, DATEOID}};
static MjcStmt stmt_customer_lock = {
	"SELECT customer_id FROM mjc.customer WHERE customer_id = $1 AND merged_into IS NULL "
	"FOR NO KEY UPDATE",
	1,
	{UUIDOID},
	NULL};

static void
insert_guest(MjcBuyer *who, const pg_uuid_t *made, const MjcContact *c, TimestampTz at)
{
	pg_uuid_t delta_id = mjc_uuid_make();

	mjc_direct_write(&customer_table,
					 MJC_ARGS(MJC_UUID(made), MJC_TEXT("guest"), MJC_TEXT("B2C"),
							  MJC_TEXT_OR_NULL(c->profession), MJC_NULL, MJC_TIME(at),
							  MJC_TEXT("retail"), MJC_TEXT("active"), MJC_NULL, MJC_NULL));
	mjc_direct_write(&person_table,
					 MJC_ARGS(MJC_UUID(made), MJC_TEXT(c->first_name), MJC_TEXT(c->last_name),
							  MJC_TEXT(c->phone), MJC_TEXT_OR_NULL(c->email)));
	mjc_direct_write(&delta_table, MJC_ARGS(MJC_UUID(&delta_id), MJC_INT2(1),
											MJC_DATUM(DateADTGetDatum(mjc_algiers_date(at)))));
	who->customer_id = *made;
	who->made = true;
}

/*
 * mjc_buyer_find - the customer of this phone, made when there is none. Orders of one phone wait
 * for each other here, so that the limits below hold. A guest who is erased or
 * joined to a registered customer just now leaves his phone free: then once more.
 */
void
mjc_buyer_find(MjcBuyer *who, const MjcContact *c, TimestampTz at)
{
	pg_uuid_t made = mjc_uuid_make();

	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		if (mjc_direct_claim(&phone_table, MJC_ARGS(MJC_TEXT(c->phone), MJC_UUID(&made))))
		{
			insert_guest(who, &made, c, at);
			return;
		}
		if (mjc_exec(&stmt_phone_lock, MJC_ARGS(MJC_TEXT(c->phone))) == 1)
		{
			who->customer_id = mjc_uuid_col(0, 1);
			return;
		}
	}
}

/*
 * mjc_buyer_lock - the customer who is signed in or named: blocked, erased or joined to before
 * this, or after the order.
 *
 * Errors: MJ004 an account that is no customer's, nobody of that id, a guest who was joined.
 */
void
mjc_buyer_lock(const MjcBuyer *who)
{
	if (mjc_exec(&stmt_customer_lock, MJC_ARGS(MJC_UUID(&who->customer_id))) != 1)
		mjc_raise(MJC_ERR_NOT_FOUND);
}

/*
 * What the shop knows of the customer, read under the lock that mjc_buyer_find or _lock took:
 * whoever blocks a customer waits for it too. Of one whom this order made there is nothing to know.
 * A guest pays the prices of everybody: what he says of himself proves nothing.
 *
 * Returns the number of his open orders. Errors: MJ652 blocked, MJ653 erased.
 */
static int64
read_standing(MjcBuyer *who)
{
	who->group = "retail";
	if (who->made)
		return 0;
	if (mjc_exec_fresh(&stmt_standing, MJC_ARGS(MJC_UUID(&who->customer_id))) != 1)
		elog(ERROR, "customer of an order not found");
	if (who->kind == MJC_BUYER_NAMED && strcmp(mjc_text_col(0, 1), "erased") == 0)
		mjc_raise(MJC_ERR_CUSTOMER_ERASED);
	if (strcmp(mjc_text_col(0, 1), "active") != 0)
		mjc_raise(MJC_ERR_CUSTOMER_BLOCKED);
	if (who->kind != MJC_BUYER_GUEST)
		who->group = mjc_text_col(0, 2);
	return mjc_int8_col(0, 3);
}

/*
 * mjc_buyer_check - may he order so many units now?
 *
 * Errors: MJ074 closed for maintenance; MJ652, MJ653 as read_standing(); of guests MJ303 too many
 * open orders of this phone, MJ304 too many units.
 */
void
mjc_buyer_check(MjcBuyer *who, const char *channel, int64 units)
{
	bool guest = who->kind == MJC_BUYER_GUEST;
	static const char *const names[] = {"guest_order_units_max", "guest_open_orders_max",
										"maintenance_mode"};
	int64 values[lengthof(names)];

	mjc_settings(names, lengthof(names), values);
	if (values[2] != 0 && strcmp(channel, "web") == 0)
		mjc_raise(MJC_ERR_MAINTENANCE);
	if (guest && units > values[0])
		MJC_RAISE(MJC_ERR_GUEST_UNITS_LIMIT, {"max", NULL, values[0]});
	if (read_standing(who) >= values[1] && guest)
		MJC_RAISE(MJC_ERR_GUEST_ORDERS_LIMIT, {"max", NULL, values[1]});
}
