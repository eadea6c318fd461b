/*
 * credit.c - gift cards and store credit: a balance that can never go below zero.
 *
 * G1 A balance is the newest entry of an append-only ledger, read fresh under the lock
 *    of its row in mjc.credit; each movement names what caused it (op_id) and counts
 *    once.
 * G2 An order is priced with the balances of that moment; if one has become too
 *    small when the order takes its part, the order is refused and nothing is taken.
 * G3 What an order used goes back to where it came from, never more than it took: all
 *    of it when the order is cancelled or refunded, a part when it is priced anew or
 *    units of it come back. The cards it uses last, store credit before gift cards and
 *    the newest first, get it back first.
 * G4 Store credit of a guest who was joined to a registered customer is empty and
 *    belongs to him: what comes back to it goes on to his own at once.
 *
 * G5 An order that is priced anew keeps of each card what it took, as far as it needs
 *    it, before it is asked for more.
 *
 * Lock order: after stock and coupons, by id.
 * Tables written: credit_ledger.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "args.h"
#include "credit.h"
#include "error.h"
#include "money.h"
#include "spi.h"
#include "uuid.h"

/* -------------------------------------------------------------- Storage -- */

static MjcStmt stmt_code = {
	"SELECT k.credit_id FROM mjc.credit_code k WHERE k.code_hash = mjc.gift_card_hash($1)",
	1,
	{TEXTOID},
	NULL};
static MjcStmt stmt_credit = {
	"SELECT coalesce((SELECT l.balance_centimes FROM mjc.credit_ledger l WHERE l.credit_id = $1 "
	"ORDER BY l.seq DESC LIMIT 1), 0) FROM mjc.credit c WHERE c.credit_id = $1 AND c.is_active "
	"AND (c.expires_at IS NULL OR c.expires_at > $2) AND (c.customer_id IS NULL OR "
	"c.customer_id = $3)",
	3,
	{UUIDOID, TIMESTAMPTZOID, UUIDOID},
	NULL};
static MjcStmt stmt_same = {
	"SELECT l.kind, l.amount_centimes, l.order_id, l.balance_centimes FROM mjc.credit_ledger l "
	"WHERE l.credit_id = $1 AND l.op_id = $2",
	2,
	{UUIDOID, TEXTOID},
	NULL};
static MjcStmt stmt_newest = {
	"SELECT l.seq, l.balance_centimes, l.at FROM mjc.credit_ledger l WHERE l.credit_id = $1 "
	"ORDER BY l.seq DESC LIMIT 1",
	1,
	{UUIDOID},
	NULL};
static MjcStmt stmt_insert = {
	"INSERT INTO mjc.credit_ledger (credit_id, seq, kind, amount_centimes, balance_centimes, "
	"order_id, op_id, actor, reason, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
	10,
	{UUIDOID, INT8OID, TEXTOID, INT8OID, INT8OID, UUIDOID, TEXTOID, UUIDOID, TEXTOID,
	 TIMESTAMPTZOID},
	NULL};
static MjcStmt stmt_lock = {
	"SELECT c.is_active FROM mjc.credit c WHERE c.credit_id = $1 FOR NO KEY UPDATE",
	1,
	{UUIDOID},
	NULL};
static MjcStmt stmt_lock_all = {
	"SELECT 1 FROM mjc.credit c WHERE c.credit_id = ANY ($1 || ARRAY(SELECT m.customer_id "
	"FROM mjc.credit m WHERE m.credit_id = ANY ($1) AND m.kind = 'store_credit' "
	"AND m.customer_id <> m.credit_id)) ORDER BY c.credit_id FOR NO KEY UPDATE",
	1,
	{UUIDARRAYOID},
	NULL};
static MjcStmt stmt_spent = {
	"SELECT -coalesce(sum(l.amount_centimes), 0)::pg_catalog.int8 FROM mjc.credit_ledger l "
	"WHERE l.credit_id = $1 AND l.order_id = $2",
	2,
	{UUIDOID, UUIDOID},
	NULL};
/* Its movements of a kind so far: the next one has a name of its own. */
static MjcStmt stmt_before = {
	"SELECT count(*) FROM mjc.credit_ledger l WHERE l.credit_id = $1 AND l.order_id = $2 "
	"AND l.kind = $3",
	3,
	{UUIDOID, UUIDOID, TEXTOID},
	NULL};
/* In the order in which it uses them: what may still be taken of each, and what it took. */
static MjcStmt stmt_of_order = {
	"SELECT c.credit_id, CASE WHEN c.is_active AND (c.expires_at IS NULL OR c.expires_at > $3) "
	"AND (c.customer_id IS NULL OR c.customer_id = $4) THEN coalesce((SELECT l.balance_centimes "
	"FROM mjc.credit_ledger l WHERE l.credit_id = c.credit_id ORDER BY l.seq DESC LIMIT 1), 0) "
	"ELSE 0 END, (SELECT -coalesce(sum(l.amount_centimes), 0)::pg_catalog.int8 "
	"FROM mjc.credit_ledger l WHERE l.credit_id = c.credit_id AND l.order_id = $2), "
	"NOT c.is_active FROM mjc.credit c WHERE c.credit_id = ANY ($1) ORDER BY c.kind, c.credit_id",
	4,
	{UUIDARRAYOID, UUIDOID, TIMESTAMPTZOID, UUIDOID},
	NULL};
static MjcStmt stmt_moved_to = {
	"SELECT c.customer_id FROM mjc.credit c WHERE c.credit_id = $1 AND c.kind = 'store_credit' "
	"AND c.customer_id <> c.credit_id",
	1,
	{UUIDOID},
	NULL};

/*
 * mjc_credits_read - the cards with these codes. Needs SPI open.
 *
 * customer_id: who pays, NULL unknown. credits: room for codes->n. A card named twice
 * counts once. Returns their number. Errors: MJ210, one for unknown, closed, expired
 * and somebody else's alike.
 */
int
mjc_credits_read(const MjcWords *codes, TimestampTz at, const pg_uuid_t *customer_id,
				 MjcCredit *credits)
{
	int n = 0;

	for (int i = 0; i < codes->n; i++)
	{
		pg_uuid_t id;
		bool again = false;

		if (mjc_exec(&stmt_code, MJC_ARGS(MJC_TEXT(codes->words[i]))) != 1)
			mjc_raise(MJC_ERR_GIFT_CARD_UNKNOWN);
		id = mjc_uuid_col(0, 1);
		if (mjc_exec(&stmt_credit,
					 MJC_ARGS(MJC_UUID(&id), MJC_TIME(at), MJC_UUID_OR_NULL(customer_id))) != 1)
			mjc_raise(MJC_ERR_GIFT_CARD_UNKNOWN);
		for (int j = 0; j < n && !again; j++)
			again = mjc_uuid_compare(&credits[j].id, &id) == 0;
		if (!again)
			credits[n++] = (MjcCredit){id, mjc_int8_col(0, 1), 0, 0, false};
	}
	return n;
}

/*
 * mjc_store_credit_read - the store credit of a customer, whose id is his. Needs SPI open.
 *
 * Returns 1, or 0 when he has none. Errors: MJ003 no customer.
 */
int
mjc_store_credit_read(const pg_uuid_t *customer_id, TimestampTz at, MjcCredit *credit)
{
	if (customer_id == NULL)
		MJC_RAISE(MJC_ERR_ARGUMENT_MISSING, {"argument", "customer_id", 0});
	if (mjc_exec(&stmt_credit,
				 MJC_ARGS(MJC_UUID(customer_id), MJC_TIME(at), MJC_UUID(customer_id))) != 1)
		return 0;
	*credit = (MjcCredit){*customer_id, mjc_int8_col(0, 1), 0, 0, false};
	return 1;
}

/* mjc_credits_sum - what they hold together. */
int64
mjc_credits_sum(const MjcCredit *credits, int n)
{
	int64 sum = 0;

	for (int i = 0; i < n; i++)
		sum = mjc_money_add(sum, credits[i].balance);
	return sum;
}

/* mjc_credits_cap - beyond what the order took, so much may be asked of them. */
void
mjc_credits_cap(MjcCredit *credits, int n, int64 more)
{
	for (int i = 0; i < n; i++)
	{
		int64 part = Min(credits[i].balance - credits[i].taken, more);

		credits[i].balance = credits[i].taken + part;
		more -= part;
	}
}

/* mjc_credits_use - an amount is taken from the first card first (G5). */
void
mjc_credits_use(MjcCredit *credits, int n, int64 amount)
{
	for (int i = 0; i < n; i++)
	{
		credits[i].used = Min(credits[i].taken, amount);
		amount -= credits[i].used;
	}
	for (int i = 0; i < n; i++)
	{
		int64 more = Min(credits[i].balance - credits[i].used, amount);

		credits[i].used += more;
		amount -= more;
	}
}

/* A movement of a balance; texts and ids that may be missing are NULL. */
typedef struct Move
{
	const pg_uuid_t *credit_id;
	const char *kind;
	int64 amount;
	const pg_uuid_t *order_id;
	const char *op_id;
	const pg_uuid_t *actor;
	const char *reason;
} Move;

/* Was this movement made before? Errors: MJ106 another one under that op_id. */
static bool
made_before(const Move *m, int64 *balance)
{
	pg_uuid_t of_order = {{0}};

	if (mjc_exec_fresh(&stmt_same, MJC_ARGS(MJC_UUID(m->credit_id), MJC_TEXT(m->op_id))) == 0)
		return false;
	if (!mjc_is_null(0, 3))
		of_order = mjc_uuid_col(0, 3);
	if (strcmp(mjc_text_col(0, 1), m->kind) != 0 || mjc_int8_col(0, 2) != m->amount ||
		mjc_is_null(0, 3) != (m->order_id == NULL) ||
		(m->order_id != NULL && mjc_uuid_compare(&of_order, m->order_id) != 0))
		mjc_raise(MJC_ERR_OP_ID_REUSED);
	*balance = mjc_int8_col(0, 4);
	return true;
}

/* G1. Returns the balance after it. Errors: MJ106, MJ210 no card to spend of, MJ211 below zero. */
static int64
move(const Move *m)
{
	int64 seq = 0;
	int64 balance = 0;
	TimestampTz at = GetCurrentTimestamp();
	bool active;

	if (mjc_exec(&stmt_lock, MJC_ARGS(MJC_UUID(m->credit_id))) != 1)
		mjc_raise(MJC_ERR_GIFT_CARD_UNKNOWN);
	active = mjc_bool_col(0, 1);
	if (made_before(m, &balance))
		return balance;
	/* It may have been closed since the order was priced. */
	if (!active && strcmp(m->kind, "spend") == 0)
		mjc_raise(MJC_ERR_GIFT_CARD_UNKNOWN);
	if (mjc_exec_fresh(&stmt_newest, MJC_ARGS(MJC_UUID(m->credit_id))) == 1)
	{
		seq = mjc_int8_col(0, 1);
		balance = mjc_int8_col(0, 2);
		at = Max(at, mjc_time_col(0, 3));
	}
	if (balance + m->amount < 0)
		MJC_RAISE(MJC_ERR_CREDIT_INSUFFICIENT, {"balance", mjc_dzd_text(balance), 0});
	balance = mjc_money_add(balance, m->amount);
	mjc_exec_one(&stmt_insert,
				 MJC_ARGS(MJC_UUID(m->credit_id), MJC_INT8(seq + 1), MJC_TEXT(m->kind),
						  MJC_INT8(m->amount), MJC_INT8(balance), MJC_UUID_OR_NULL(m->order_id),
						  MJC_TEXT(m->op_id), MJC_UUID_OR_NULL(m->actor),
						  MJC_TEXT_OR_NULL(m->reason), MJC_TIME(at)));
	return balance;
}

/* A movement for an order, whose name is its own; returns that name. */
static char *
move_for_order(const pg_uuid_t *credit_id, const char *kind, int64 amount,
			   const pg_uuid_t *order_id, const pg_uuid_t *actor)
{
	char *op_id = psprintf("%s:%s", kind, mjc_uuid_text(order_id));
	int64 before;

	mjc_exec_fresh(&stmt_before, MJC_ARGS(MJC_UUID(credit_id), MJC_UUID(order_id), MJC_TEXT(kind)));
	before = mjc_int8_col(0, 1);
	if (before > 0)
		op_id = psprintf("%s:" INT64_FORMAT, op_id, before + 1);
	(void) move(&(Move){credit_id, kind, amount, order_id, op_id, actor, NULL});
	return op_id;
}

/* G4. */
static void
pass_on(const pg_uuid_t *credit_id, int64 amount, const char *refund, const pg_uuid_t *actor)
{
	pg_uuid_t owner;
	char *op_id = psprintf("pass_on%s", refund + strlen("refund"));

	if (mjc_exec(&stmt_moved_to, MJC_ARGS(MJC_UUID(credit_id))) == 0)
		return;
	owner = mjc_uuid_col(0, 1);
	(void) move(&(Move){credit_id, "adjust", -amount, NULL, op_id, actor, NULL});
	(void) move(&(Move){&owner, "issue", amount, NULL, op_id, actor, NULL});
}

/* mjc_credit_passes_on - does what comes back to it go on to somebody's own (G4)? Needs SPI open.
 */
bool
mjc_credit_passes_on(const pg_uuid_t *credit_id)
{
	return mjc_exec(&stmt_moved_to, MJC_ARGS(MJC_UUID(credit_id))) > 0;
}

static void
give_back(const pg_uuid_t *credit_id, int64 amount, const pg_uuid_t *order_id,
		  const pg_uuid_t *actor)
{
	pass_on(credit_id, amount, move_for_order(credit_id, "refund", amount, order_id, actor), actor);
}

/*
 * mjc_credits_of_order - the cards of an order that is priced anew, locked, in the order of their
 * use. Needs SPI open.
 *
 * ids: sorted. credits: room for n. What it took of a card counts as being there; the rest of one
 * that is closed, expired or somebody else's by now does not. Returns their number.
 */
int
mjc_credits_of_order(const pg_uuid_t *ids, int n, const pg_uuid_t *order_id,
					 const pg_uuid_t *customer_id, TimestampTz at, MjcCredit *credits)
{
	uint64 rows;

	mjc_credits_lock(ids, n);
	rows = mjc_exec_fresh(&stmt_of_order,
						  MJC_ARGS(MJC_DATUM(mjc_uuid_array(ids, n)), MJC_UUID(order_id),
								   MJC_TIME(at), MJC_UUID(customer_id)));
	for (uint64 i = 0; i < rows; i++)
	{
		int64 taken = mjc_int8_col(i, 3);

		credits[i] = (MjcCredit){mjc_uuid_col(i, 1), mjc_money_add(taken, mjc_int8_col(i, 2)), 0,
								 taken, mjc_bool_col(i, 4)};
	}
	return (int) rows;
}

/*
 * mjc_credit_settle - the part of an order: what it took before becomes what it uses. Needs SPI
 * open. Errors: MJ210 closed by now, MJ211 too little is left.
 */
void
mjc_credit_settle(const MjcCredit *credit, const pg_uuid_t *order_id, const pg_uuid_t *actor)
{
	int64 more = credit->used - credit->taken;

	if (more > 0)
		(void) move_for_order(&credit->id, "spend", -more, order_id, actor);
	else if (more < 0)
		give_back(&credit->id, -more, order_id, actor);
}

/* mjc_credit_issue - something is put on it, once an op_id. Needs SPI open. */
void
mjc_credit_issue(const pg_uuid_t *credit_id, int64 amount, const char *op_id,
				 const pg_uuid_t *actor)
{
	(void) move(&(Move){credit_id, "issue", amount, NULL, op_id, actor, NULL});
}

/* mjc_credit_give_back - what an order used of it and has not back (G3). Needs SPI open. */
void
mjc_credit_give_back(const pg_uuid_t *credit_id, const pg_uuid_t *order_id, const pg_uuid_t *actor)
{
	int64 spent;

	mjc_exec_one(&stmt_lock, MJC_ARGS(MJC_UUID(credit_id)));
	mjc_exec_fresh(&stmt_spent, MJC_ARGS(MJC_UUID(credit_id), MJC_UUID(order_id)));
	spent = mjc_int8_col(0, 1);
	if (spent > 0)
		give_back(credit_id, spent, order_id, actor);
}

/*
 * mjc_credits_lock - the cards of one order or several, and those that what comes back to them
 * goes on to (G4), by id. Needs SPI open.
 */
void
mjc_credits_lock(const pg_uuid_t *ids, int n)
{
	if (n > 0)
		(void) mjc_exec(&stmt_lock_all, MJC_ARGS(MJC_DATUM(mjc_uuid_array(ids, n))));
}

/* ----------------------------------------------------- SQL entry points -- */

PG_FUNCTION_INFO_V1(mjc_credit_move);
/*
 * mjc.credit_move(credit_id uuid, kind text, amount bigint, order_id uuid, op_id text,
 *     actor uuid, reason text) returns bigint - see move(); for the rules in SQL.
 */
Datum
mjc_credit_move(PG_FUNCTION_ARGS)
{
	Move m = {.credit_id = mjc_arg_uuid(fcinfo, 0, "credit_id"),
			  .kind = mjc_arg_text(fcinfo, 1, "kind"),
			  .amount = mjc_arg_int64(fcinfo, 2, "amount"),
			  .order_id = mjc_arg_uuid_or_null(fcinfo, 3),
			  .op_id = mjc_arg_text(fcinfo, 4, "op_id"),
			  .actor = mjc_arg_uuid_or_null(fcinfo, 5),
			  .reason = mjc_arg_text_or_null(fcinfo, 6)};
	int64 balance;

	if (m.amount > MJC_MAX_AMOUNT || m.amount < -MJC_MAX_AMOUNT)
		mjc_raise(MJC_ERR_AMOUNT_OUT_OF_RANGE);
	mjc_begin_write();
	balance = move(&m);
	mjc_end();
	PG_RETURN_INT64(balance);
}
