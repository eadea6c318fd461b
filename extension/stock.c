/*
 * stock.c - what staff do to the stock by hand: goods come in, are counted,
 * corrected, broken, thrown away, carried to another place.
 *
 * Each is one row of the ledger (two for a transfer) under the product's lock,
 * with the actor, a reason and an op_id that counts once, and one audit entry. A
 * count is booked as a difference to what the ledger said at the time of the
 * count, so that orders may go on meanwhile. Counting or breaking units that
 * somebody holds is accepted: the product is then short (mjc_report.short_order).
 *
 * Lock order: one product's anchor. Tables written: stock_incoming, audit, and
 * those of ledger.c.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "args.h"
#include "audit.h"
#include "commit.h"
#include "error.h"
#include "idempotency.h"
#include "ledger.h"
#include "money.h"
#include "reservation.h"
#include "spi.h"
#include "uuid.h"

/* A change by hand: what is asked for, and what the ledger will say. */
typedef struct Change
{
	pg_uuid_t product_id;
	int16 location_id;
	int16 to_location;		/* transfer only */
	int64 unit_cost;		/* receive only; -1: the product's own */
	TimestampTz counted_at; /* count only */
	MjcMovement movement;
	const char *op_id; /* as the caller gave it, or NULL */
	MjcActor actor;
} Change;

/* ---------------------------------------------------------------- Rules -- */

static void
check_qty(int64 qty, int64 min)
{
	if (qty < min || qty > MJC_MAX_QTY || (qty == 0 && min != 0))
		MJC_RAISE(MJC_ERR_STOCK_QTY_INVALID, {"min", NULL, min}, {"max", NULL, MJC_MAX_QTY});
}

static bool
is_kind(const Change *change, const char *kind)
{
	return strcmp(change->movement.kind, kind) == 0;
}

static void
check_open(const MjcBalance *balance)
{
	if (!balance->is_active)
		mjc_raise(MJC_ERR_STOCK_LOCATION_CLOSED);
}

/* What the movement does to the balance. Errors: MJ103, MJ111, MJ201. */
static void
apply(const Change *change, MjcBalance *balance, int64 product_cost)
{
	int32 qty = change->movement.qty;

	if (is_kind(change, "receive"))
	{
		check_open(balance);
		mjc_balance_on_hand(balance, qty,
							change->unit_cost >= 0 ? change->unit_cost : product_cost);
	}
	else if (is_kind(change, "damage"))
	{
		mjc_balance_on_hand(balance, -(int64) qty, 0);
		balance->damaged += qty;
	}
	else if (is_kind(change, "scrap"))
	{
		if (qty > balance->damaged)
			mjc_raise(MJC_ERR_STOCK_BELOW_ZERO);
		balance->damaged -= qty;
	}
	else
		/* adjust, count, return: found units are worth what the others are, or the product's cost
		 */
		mjc_balance_on_hand(balance, qty,
							is_kind(change, "return") && balance->on_hand > 0 ? balance->unit_cost
																			  : product_cost);
}

/* -------------------------------------------------------------- Storage -- */

static MjcStmt stmt_product = {
	"SELECT coalesce(cost_centimes, 0) FROM mjc.product WHERE product_id = $1", 1, {UUIDOID}, NULL};
static MjcStmt stmt_op_done = {
	"SELECT on_hand, damaged, qty, location_id = $4 AND kind = $3 AND ref_kind = $5 "
	"AND ref_id = $6 AND (kind = 'count' OR qty = $7) AS same "
	"FROM mjc.stock_ledger WHERE product_id = $1 AND op_id = $2 "
	"AND location_id IN (SELECT l.location_id FROM mjc.location l) ORDER BY same DESC",
	7,
	{UUIDOID, TEXTOID, TEXTOID, INT2OID, TEXTOID, TEXTOID, INT4OID},
	NULL};
static MjcStmt stmt_on_hand_at = {
	"SELECT on_hand FROM mjc.stock_ledger WHERE product_id = $1 AND location_id = $2 AND at <= $3 "
	"ORDER BY seq DESC LIMIT 1",
	3,
	{UUIDOID, INT2OID, TIMESTAMPTZOID},
	NULL};
static MjcStmt stmt_incoming = {
	"WITH due AS (SELECT i.due_on, i.qty, sum(i.qty) OVER (ORDER BY i.due_on) - i.qty AS before "
	"FROM mjc.stock_incoming i WHERE i.product_id = $1), "
	"came AS (DELETE FROM mjc.stock_incoming d USING due WHERE d.product_id = $1 "
	"AND d.due_on = due.due_on AND due.before + due.qty <= $2) "
	"UPDATE mjc.stock_incoming u SET qty = due.before + due.qty - $2, "
	"updated_at = pg_catalog.clock_timestamp() FROM due WHERE u.product_id = $1 "
	"AND u.due_on = due.due_on AND due.before < $2 AND due.before + due.qty > $2",
	2,
	{UUIDOID, INT8OID},
	NULL};
static MjcStmt stmt_card = {
	"SELECT k.card::pg_catalog.text FROM mjc.product_cards(ARRAY[$1], true) k", 1, {UUIDOID}, NULL};

/*
 * The row that this op_id wrote before, at whatever location. Errors: MJ106
 * another movement.
 */
static bool
op_done(const Change *change, const char *kind, int16 location_id, MjcBalance *then, int64 *qty)
{
	const MjcMovement *m = &change->movement;

	if (change->op_id == NULL ||
		mjc_exec_fresh(&stmt_op_done,
					   MJC_ARGS(MJC_UUID(&change->product_id), MJC_TEXT(m->op_id), MJC_TEXT(kind),
								MJC_INT2(location_id), MJC_TEXT(m->ref_kind), MJC_TEXT(m->ref_id),
								MJC_INT4(m->qty))) == 0)
		return false;
	if (!mjc_bool_col(0, 4))
		mjc_raise(MJC_ERR_OP_ID_REUSED);
	then->on_hand = mjc_int8_col(0, 1);
	then->damaged = mjc_int8_col(0, 2);
	*qty = mjc_int4_col(0, 3);
	mjc_flush_seen_wait();
	return true;
}

/* Turns a counted number into the difference to the ledger at that time. */
static void
count_difference(Change *change)
{
	int64 on_hand = 0;
	int64 difference;

	if (mjc_exec_fresh(&stmt_on_hand_at,
					   MJC_ARGS(MJC_UUID(&change->product_id), MJC_INT2(change->location_id),
								MJC_TIME(change->counted_at))) > 0)
		on_hand = mjc_int8_col(0, 1);
	difference = change->movement.qty - on_hand;
	if (difference < -(int64) PG_INT32_MAX || difference > PG_INT32_MAX)
		mjc_raise(MJC_ERR_STOCK_BELOW_ZERO);
	change->movement.qty = (int32) difference;
}

static int64
product_cost(const pg_uuid_t *product_id)
{
	if (mjc_exec(&stmt_product, MJC_ARGS(MJC_UUID(product_id))) != 1)
		mjc_raise(MJC_ERR_PRODUCT_UNKNOWN);
	return mjc_int8_col(0, 1);
}

static void
audit_change(const Change *change, const MjcBalance *balance)
{
	mjc_audit(&change->actor, psprintf("stock_%s", change->movement.kind), "product",
			  mjc_uuid_text(&change->product_id), NULL,
			  psprintf("{\"qty\": %d, \"on_hand\": " INT64_FORMAT "}", change->movement.qty,
					   balance->on_hand));
}

/*
 * Books a change at one location. Needs SPI open. A repeat gives what the first
 * one wrote. before: on_hand before it, for a repeat after it.
 */
static void
book(Change *change, MjcBalance *after, int64 *before)
{
	int64 cost = product_cost(&change->product_id);
	MjcPosition position;
	MjcBalance *balance;
	int64 available;
	int64 qty = change->movement.qty;

	mjc_position_open(&position, &change->product_id);
	balance = mjc_position_at(&position, change->location_id);
	*before = balance->on_hand;
	if (op_done(change, change->movement.kind, change->location_id, after, &qty))
	{
		change->movement.qty = (int32) qty;
		return;
	}
	available = mjc_position_available(&position);
	if (is_kind(change, "count"))
		count_difference(change);
	apply(change, balance, cost);
	mjc_ledger_append(&position, balance, &change->movement);
	if (is_kind(change, "receive"))
		mjc_exec(&stmt_incoming,
				 MJC_ARGS(MJC_UUID(&change->product_id), MJC_INT8(change->movement.qty)));
	mjc_position_flag(&position, available);
	audit_change(change, balance);
	*after = *balance;
}

/* Books a transfer: out of one location, into another, at the average cost of the first. */
static int64
book_transfer(Change *change)
{
	MjcPosition position;
	MjcBalance *from;
	MjcBalance *to;
	int64 available;
	int64 free;
	int64 value;
	int64 qty;
	MjcBalance then;
	MjcMovement in = change->movement;

	(void) product_cost(&change->product_id);
	mjc_position_open(&position, &change->product_id);
	from = mjc_position_at(&position, change->location_id);
	to = mjc_position_at(&position, change->to_location);
	if (op_done(change, "transfer_in", change->to_location, &then, &qty))
		return then.on_hand;
	check_open(to);
	if (change->movement.qty > from->on_hand)
		mjc_raise(MJC_ERR_STOCK_BELOW_ZERO);
	available = mjc_position_available(&position);
	/* Units that somebody let lapse may go. */
	while (change->movement.qty > from->on_hand - from->reserved)
		if (mjc_reservation_sweep(&position, MJC_SWEEP_BATCH) == 0)
			break;
	free = Max(from->on_hand - from->reserved, 0);
	if (change->movement.qty > free)
		MJC_RAISE(MJC_ERR_STOCK_PROMISED, {"free", NULL, free});
	value = from->value;
	mjc_balance_on_hand(from, -(int64) change->movement.qty, 0);
	value -= from->value;
	mjc_ledger_append(&position, from, &change->movement);
	in.kind = "transfer_in";
	to->value = mjc_money_add(to->value, value);
	to->on_hand += in.qty;
	to->unit_cost = mjc_money_scale(to->value, 1, to->on_hand);
	mjc_ledger_append(&position, to, &in);
	mjc_position_flag(&position, available);
	audit_change(change, to);
	return to->on_hand;
}

/* ----------------------------------------------------- SQL entry points -- */

/* Product, op_id and location, which all changes have; NULL op_id: counted once anyway. */
static Change
read_change(FunctionCallInfo fcinfo, const char *kind, int op_arg, int location_arg)
{
	Change change = {.product_id = *mjc_arg_uuid(fcinfo, 0, "product_id"),
					 .location_id = MJC_DEFAULT_LOCATION,
					 .unit_cost = -1,
					 .op_id = mjc_arg_op_id(fcinfo, op_arg)};
	pg_uuid_t made = mjc_uuid_make();

	if (location_arg >= 0 && !PG_ARGISNULL(location_arg))
		change.location_id = PG_GETARG_INT16(location_arg);
	change.movement.op_id = change.op_id ? mjc_manual_op_id(change.op_id) : mjc_uuid_text(&made);
	change.movement.kind = kind;
	change.movement.ref_kind = "manual";
	change.movement.ref_id = change.movement.op_id;
	return change;
}

static char *
read_reason(FunctionCallInfo fcinfo, int n, bool needed)
{
	char *reason = needed ? mjc_arg_text(fcinfo, n, "reason") : mjc_arg_text_or_null(fcinfo, n);

	if (reason != NULL)
		mjc_check_text(reason, "reason", 1, 255);
	return reason;
}

/* Books it as the member of staff of this session. */
static MjcBalance
book_by_staff(Change *change)
{
	MjcBalance after = {0};
	int64 before;

	mjc_begin_write();
	change->actor = mjc_actor_staff();
	change->movement.actor = &change->actor;
	book(change, &after, &before);
	mjc_end();
	return after;
}

PG_FUNCTION_INFO_V1(mjc_stock_receive);
/*
 * mjc.stock_receive(product_id uuid, qty int, unit_cost_centimes bigint, reason text,
 *                   op_id text, location_id smallint) - goods came in; returns on_hand.
 *
 * qty: 1 .. 1 000 000. unit_cost_centimes NULL: the product's cost. What was
 * expected from suppliers becomes less, the earliest first.
 * Errors: MJ003, MJ006, MJ104-MJ107, MJ111, MJ201, MJ601.
 */
Datum
mjc_stock_receive(PG_FUNCTION_ARGS)
{
	Change change = read_change(fcinfo, "receive", 4, 5);

	change.movement.qty = mjc_arg_int32(fcinfo, 1, "qty");
	change.movement.reason = read_reason(fcinfo, 3, false);
	check_qty(change.movement.qty, 1);
	if (!PG_ARGISNULL(2))
	{
		change.unit_cost = PG_GETARG_INT64(2);
		if (change.unit_cost < 0 || change.unit_cost > MJC_MAX_AMOUNT)
			mjc_raise(MJC_ERR_AMOUNT_OUT_OF_RANGE);
	}
	PG_RETURN_INT64(book_by_staff(&change).on_hand);
}

PG_FUNCTION_INFO_V1(mjc_stock_adjust);
/*
 * mjc.stock_adjust(product_id uuid, delta int, reason text, op_id text, location_id smallint)
 * - correct the stock by a difference; returns on_hand.
 *
 * delta: -1 000 000 .. 1 000 000, not 0; reason: 1 .. 255 characters.
 * Errors: MJ003, MJ006, MJ103 below zero, MJ104-MJ107, MJ601.
 */
Datum
mjc_stock_adjust(PG_FUNCTION_ARGS)
{
	Change change = read_change(fcinfo, "adjust", 3, 4);

	change.movement.qty = mjc_arg_int32(fcinfo, 1, "delta");
	change.movement.reason = read_reason(fcinfo, 2, true);
	check_qty(change.movement.qty, -MJC_MAX_QTY);
	PG_RETURN_INT64(book_by_staff(&change).on_hand);
}

PG_FUNCTION_INFO_V1(mjc_stock_damage);
/*
 * mjc.stock_damage(product_id uuid, qty int, reason text, op_id text, location_id smallint)
 * - units on the shelf are broken; returns on_hand. Errors as mjc.stock_adjust.
 */
Datum
mjc_stock_damage(PG_FUNCTION_ARGS)
{
	Change change = read_change(fcinfo, "damage", 3, 4);

	change.movement.qty = mjc_arg_int32(fcinfo, 1, "qty");
	change.movement.reason = read_reason(fcinfo, 2, true);
	check_qty(change.movement.qty, 1);
	PG_RETURN_INT64(book_by_staff(&change).on_hand);
}

PG_FUNCTION_INFO_V1(mjc_stock_scrap);
/*
 * mjc.stock_scrap(product_id uuid, qty int, reason text, op_id text, location_id smallint)
 * - damaged units are thrown away; returns the damaged ones left. Errors as mjc.stock_adjust.
 */
Datum
mjc_stock_scrap(PG_FUNCTION_ARGS)
{
	Change change = read_change(fcinfo, "scrap", 3, 4);

	change.movement.qty = mjc_arg_int32(fcinfo, 1, "qty");
	change.movement.reason = read_reason(fcinfo, 2, true);
	check_qty(change.movement.qty, 1);
	PG_RETURN_INT64(book_by_staff(&change).damaged);
}

/* A count of `counted` units (DT_NOEND: now); the reference keeps the number. */
static void
make_count(Change *change, int32 counted, TimestampTz at)
{
	check_qty(counted, 0);
	if (at != DT_NOEND && at > GetCurrentTimestamp())
		mjc_raise(MJC_ERR_COUNT_TIME_INVALID);
	change->movement.qty = counted;
	change->movement.ref_kind = "count";
	change->movement.ref_id = psprintf("%d", counted);
	change->counted_at = at;
}

PG_FUNCTION_INFO_V1(mjc_stock_count);
/*
 * mjc.stock_count(product_id uuid, counted int, counted_at timestamptz, reason text,
 *                 op_id text, location_id smallint) - stocktake; returns the difference booked.
 *
 * counted: 0 .. 1 000 000 units on the shelf at counted_at (NULL: now); what came
 * and went since then is kept. Errors: MJ003, MJ006, MJ103, MJ104-MJ107, MJ118, MJ601.
 */
Datum
mjc_stock_count(PG_FUNCTION_ARGS)
{
	Change change = read_change(fcinfo, "count", 4, 5);

	change.movement.reason = read_reason(fcinfo, 3, false);
	if (!PG_ARGISNULL(2) && PG_GETARG_TIMESTAMPTZ(2) == DT_NOEND)
		mjc_raise(MJC_ERR_COUNT_TIME_INVALID);
	make_count(&change, mjc_arg_int32(fcinfo, 1, "counted"),
			   PG_ARGISNULL(2) ? DT_NOEND : PG_GETARG_TIMESTAMPTZ(2));
	(void) book_by_staff(&change);
	PG_RETURN_INT64(change.movement.qty);
}

PG_FUNCTION_INFO_V1(mjc_stock_transfer);
/*
 * mjc.stock_transfer(product_id uuid, qty int, from_location smallint, to_location smallint,
 *                    reason text, op_id text) - units change their place; returns on_hand there.
 *
 * Errors: MJ003, MJ006, MJ010 same place, MJ103, MJ104-MJ107, MJ111, MJ117 held units, MJ601.
 */
Datum
mjc_stock_transfer(PG_FUNCTION_ARGS)
{
	Change change = read_change(fcinfo, "transfer_out", 5, -1);
	int64 on_hand;

	change.movement.qty = mjc_arg_int32(fcinfo, 1, "qty");
	check_qty(change.movement.qty, 1);
	if (PG_ARGISNULL(2) || PG_ARGISNULL(3))
		MJC_RAISE(MJC_ERR_ARGUMENT_MISSING,
				  {"argument", PG_ARGISNULL(2) ? "from_location" : "to_location", 0});
	change.location_id = PG_GETARG_INT16(2);
	change.to_location = PG_GETARG_INT16(3);
	if (change.location_id == change.to_location)
		MJC_RAISE(MJC_ERR_ARGUMENT_INVALID, {"argument", "to_location", 0});
	change.movement.reason = read_reason(fcinfo, 4, false);
	change.movement.ref_kind = "transfer";
	change.movement.ref_id = psprintf("%d:%d", change.location_id, change.to_location);
	mjc_begin_write();
	change.actor = mjc_actor_staff();
	change.movement.actor = &change.actor;
	on_hand = book_transfer(&change);
	mjc_end();
	PG_RETURN_INT64(on_hand);
}

PG_FUNCTION_INFO_V1(mjc_stock_refresh);
/* mjc.stock_refresh(product_id uuid) - the flag after a change of safety stock or locations. */
Datum
mjc_stock_refresh(PG_FUNCTION_ARGS)
{
	pg_uuid_t *product_id = mjc_arg_uuid(fcinfo, 0, "product_id");
	MjcPosition position;

	mjc_begin_write();
	mjc_position_open(&position, product_id);
	mjc_position_flag(&position, 0);
	mjc_end();
	PG_RETURN_VOID();
}

PG_FUNCTION_INFO_V1(mjc_stock_write);
/*
 * mjc.stock_write(actor uuid, channel text, request_id text, product_id uuid, kind text,
 *                 qty integer, reason text) - for rules in SQL that know who acts; returns on_hand.
 *
 * kind: receive (qty 1 .. 1 000 000, at the product's cost) or adjust (a difference, not 0).
 * Errors: MJ003, MJ010, MJ103, MJ104, MJ107, MJ111, MJ201.
 */
Datum
mjc_stock_write(PG_FUNCTION_ARGS)
{
	pg_uuid_t made = mjc_uuid_make();
	char *kind = mjc_arg_text(fcinfo, 4, "kind");
	bool receives = strcmp(kind, "receive") == 0;
	Change change = {.product_id = *mjc_arg_uuid(fcinfo, 3, "product_id"),
					 .location_id = MJC_DEFAULT_LOCATION,
					 .unit_cost = -1,
					 .actor = mjc_actor_argument(fcinfo, 0)};
	MjcBalance after = {0};
	int64 before;

	if (!receives && strcmp(kind, "adjust") != 0)
		MJC_RAISE(MJC_ERR_ARGUMENT_INVALID, {"argument", "kind", 0});
	change.movement = (MjcMovement){.kind = receives ? "receive" : "adjust",
									.qty = mjc_arg_int32(fcinfo, 5, "qty"),
									.ref_kind = "manual",
									.op_id = mjc_uuid_text(&made),
									.reason = read_reason(fcinfo, 6, true),
									.actor = &change.actor};
	change.movement.ref_id = change.movement.op_id;
	check_qty(change.movement.qty, receives ? 1 : -MJC_MAX_QTY);
	mjc_begin_write();
	book(&change, &after, &before);
	mjc_end();
	PG_RETURN_INT64(after.on_hand);
}

/* What the admin pages call the changes, and what they are here. */
static void
read_rest_kind(Change *change, const char *type, int32 quantity)
{
	change->movement.qty = quantity;
	if (strcmp(type, "ADJUSTMENT") == 0)
	{
		change->movement.kind = "count";
		make_count(change, quantity, DT_NOEND);
		return;
	}
	if (strcmp(type, "STOCK_IN") == 0)
		change->movement.kind = "receive";
	else if (strcmp(type, "RETURN") == 0)
		change->movement.kind = "return";
	else if (strcmp(type, "DAMAGE") == 0)
		change->movement.kind = "damage";
	else if (strcmp(type, "STOCK_OUT") == 0)
	{
		change->movement.kind = "adjust";
		change->movement.qty = -quantity;
	}
	else
		MJC_RAISE(MJC_ERR_ARGUMENT_INVALID, {"argument", "type", 0});
	check_qty(quantity, 1);
}

/* Everything that makes two requests the same one. */
static bytea *
rest_digest(const Change *change, const char *type, int32 quantity)
{
	MjcDigest digest;

	mjc_digest_begin(&digest);
	mjc_digest_bytes(&digest, change->product_id.data, UUID_LEN);
	mjc_digest_text(&digest, type);
	mjc_digest_text(&digest, psprintf("%d", quantity));
	mjc_digest_text(&digest, change->movement.reason);
	return mjc_digest_end(&digest);
}

/* Books the change and keeps the reply for repeats. */
static char *
rest_reply(Change *change, const MjcClaim *claim)
{
	MjcBalance after = {0};
	int64 before;
	char *reply;

	book(change, &after, &before);
	mjc_exec_one(&stmt_card, MJC_ARGS(MJC_UUID(&change->product_id)));
	reply = psprintf("{\"product\":%s,\"oldQuantity\":" INT64_FORMAT
					 ",\"newQuantity\":" INT64_FORMAT "}",
					 mjc_text_col(0, 1), before, after.on_hand);
	mjc_idempotency_store(claim, "product", &change->product_id, reply);
	return reply;
}

PG_FUNCTION_INFO_V1(mjc_api_inventory_change);
/*
 * mjc_api.staff_inventory_change(actor uuid, token_version integer, token_id uuid,
 *     request_id text, idempotency_key text, product_id uuid, quantity integer, type text,
 *     reason text, OUT body json, OUT replayed boolean)
 * - POST /products/:id/inventory. body NULL: no such product.
 *
 * Errors: MJ003, MJ006, MJ009, MJ010, MJ021-MJ023, MJ060, MJ063, MJ064, MJ103, MJ104, MJ201.
 */
Datum
mjc_api_inventory_change(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	pg_uuid_t *product_id = mjc_arg_uuid(fcinfo, 5, "product_id");
	int32 quantity = mjc_arg_int32(fcinfo, 6, "quantity");
	char *type = mjc_arg_text(fcinfo, 7, "type");
	pg_uuid_t made = mjc_uuid_make();
	Change change = {
		.product_id = *product_id, .location_id = MJC_DEFAULT_LOCATION, .unit_cost = -1};
	MjcClaim claim;
	char *reply = NULL;
	bool replayed = false;

	change.movement = (MjcMovement){.ref_kind = "manual", .op_id = mjc_uuid_text(&made)};
	change.movement.ref_id = change.movement.op_id;
	change.movement.reason = read_reason(fcinfo, 8, false);
	read_rest_kind(&change, type, quantity);
	mjc_begin_write();
	change.actor = mjc_actor_admin(fcinfo);
	change.movement.actor = &change.actor;
	if (mjc_exec(&stmt_product, MJC_ARGS(MJC_UUID(product_id))) == 1)
	{
		claim = mjc_idempotency_claim("inventory_change", &change.actor.id,
									  mjc_arg_text_or_null(fcinfo, 4),
									  rest_digest(&change, type, quantity), GetCurrentTimestamp());
		replayed = claim.reply != NULL;
		reply = replayed ? claim.reply : rest_reply(&change, &claim);
	}
	if (reply != NULL)
		reply = MemoryContextStrdup(caller, reply);
	mjc_end();
	return mjc_idempotency_result(fcinfo, reply, replayed);
}
