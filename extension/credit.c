/*
 * credit.c - gift cards and store credit: a balance that can never go below zero.
 *
 * G1 A balance is the newest entry of an append-only ledger, under the lock of its
 *    row in mjc.credit (mjc.credit_move, sql/credit.sql): each movement names what
 *    caused it (op_id) and counts once.
 * G2 An order is priced with the balances of that moment; if one has become too
 *    small when the order takes its part, the order is refused and nothing is taken.
 * G3 What an order used goes back to where it came from, once, when the order is
 *    cancelled or refunded.
 *
 * Lock order: after stock and coupons, by id.
 * Tables written: credit_ledger.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "credit.h"
#include "error.h"
#include "money.h"
#include "spi.h"
#include "uuid.h"

/* -------------------------------------------------------------- Storage -- */

static MjcStmt stmt_code = {
	"SELECT k.credit_id FROM mjc.credit_code k WHERE k.code_hash = pg_catalog.sha256("
	"pg_catalog.convert_to(pg_catalog.upper(pg_catalog.regexp_replace($1, '[^0-9A-Za-z]', '', "
	"'g')), 'UTF8'))",
	1,
	{TEXTOID},
	NULL};
static MjcStmt stmt_credit = {
	"SELECT coalesce((SELECT l.balance_centimes FROM mjc.credit_ledger l WHERE l.credit_id = $1 "
	"ORDER BY l.seq DESC LIMIT 1), 0) FROM mjc.credit c WHERE c.credit_id = $1 AND c.is_active "
	"AND (c.expires_at IS NULL OR c.expires_at > $2)",
	2,
	{UUIDOID, TIMESTAMPTZOID},
	NULL};
static MjcStmt stmt_move = {"SELECT mjc.credit_move($1, $2, $3, $4, $5, $6, NULL)",
							6,
							{UUIDOID, TEXTOID, INT8OID, UUIDOID, TEXTOID, UUIDOID},
							NULL};
static MjcStmt stmt_lock = {
	"SELECT 1 FROM mjc.credit c WHERE c.credit_id = $1 FOR NO KEY UPDATE", 1, {UUIDOID}, NULL};
static MjcStmt stmt_spent = {
	"SELECT -coalesce(sum(l.amount_centimes), 0)::pg_catalog.int8 FROM mjc.credit_ledger l "
	"WHERE l.credit_id = $1 AND l.order_id = $2",
	2,
	{UUIDOID, UUIDOID},
	NULL};

/*
 * mjc_credits_read - the cards with these codes. Needs SPI open.
 *
 * credits: room for codes->n. A card named twice counts once. Returns their number.
 * Errors: MJ210, one for unknown, closed and expired alike.
 */
int
mjc_credits_read(const MjcWords *codes, TimestampTz at, MjcCredit *credits)
{
	int n = 0;

	for (int i = 0; i < codes->n; i++)
	{
		pg_uuid_t id;
		bool again = false;

		if (mjc_exec(&stmt_code, MJC_ARGS(MJC_TEXT(codes->words[i]))) != 1)
			mjc_raise(MJC_ERR_GIFT_CARD_UNKNOWN);
		id = mjc_uuid_col(0, 1);
		if (mjc_exec(&stmt_credit, MJC_ARGS(MJC_UUID(&id), MJC_TIME(at))) != 1)
			mjc_raise(MJC_ERR_GIFT_CARD_UNKNOWN);
		for (int j = 0; j < n && !again; j++)
			again = mjc_uuid_compare(&credits[j].id, &id) == 0;
		if (!again)
			credits[n++] = (MjcCredit){id, mjc_int8_col(0, 1), 0};
	}
	return n;
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

/* mjc_credits_use - an amount is taken from the first card first. */
void
mjc_credits_use(MjcCredit *credits, int n, int64 amount)
{
	for (int i = 0; i < n; i++)
	{
		credits[i].used = Min(credits[i].balance, amount);
		amount -= credits[i].used;
	}
}

static void
move(const pg_uuid_t *credit_id, const char *kind, int64 amount, const pg_uuid_t *order_id,
	 const pg_uuid_t *actor)
{
	char *op_id = psprintf("%s:%s", kind, mjc_uuid_text(order_id));

	mjc_exec_one(&stmt_move,
				 MJC_ARGS(MJC_UUID(credit_id), MJC_TEXT(kind), MJC_INT8(amount), MJC_UUID(order_id),
						  MJC_TEXT(op_id), MJC_UUID_OR_NULL(actor)));
}

/* mjc_credit_spend - the part of an order. Needs SPI open. Errors: MJ211 too little is left. */
void
mjc_credit_spend(const MjcCredit *credit, const pg_uuid_t *order_id)
{
	if (credit->used > 0)
		move(&credit->id, "spend", -credit->used, order_id, NULL);
}

/* mjc_credit_give_back - what an order used of it, once (G3). Needs SPI open. */
void
mjc_credit_give_back(const pg_uuid_t *credit_id, const pg_uuid_t *order_id, const pg_uuid_t *actor)
{
	int64 spent;

	mjc_exec_one(&stmt_lock, MJC_ARGS(MJC_UUID(credit_id)));
	mjc_exec_fresh(&stmt_spent, MJC_ARGS(MJC_UUID(credit_id), MJC_UUID(order_id)));
	spent = mjc_int8_col(0, 1);
	if (spent > 0)
		move(credit_id, "refund", spent, order_id, actor);
}

/* mjc_credits_lock - the cards of several orders, ids sorted. Needs SPI open. */
void
mjc_credits_lock(const pg_uuid_t *ids, int n)
{
	for (int i = 0; i < n; i++)
		(void) mjc_exec(&stmt_lock, MJC_ARGS(MJC_UUID(&ids[i])));
}
