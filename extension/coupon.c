/*
 * coupon.c - coupon codes (rule R9: a use is taken in the order's transaction).
 *
 * C1 A coupon switches its promotion on. It is judged when the cart is priced, so
 *    that the buyer is told before he pays, and again under its lock when the order
 *    is placed: the limits hold whoever else buys.
 * C2 Uses are a ledger with a running count, like the stock: the row of the coupon
 *    is locked (no new version of it), the newest entry read fresh, the next one
 *    written. Cancelling gives a use back once, by an entry of its own.
 * C3 Two coupons of one promotion, or of one exclusivity group, do not add up.
 *
 * Lock order: after the stock, coupons by code, before credit.
 * Tables written: coupon_ledger.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "coupon.h"
#include "spi.h"
#include "text.h"

#define MAX_KEY 40

/* ---------------------------------------------------------------- Rules -- */

/* The code as it is kept: digits folded, no blanks, capitals; NULL when it cannot be one. */
static char *
coupon_key(const char *typed)
{
	char *folded = mjc_fold_digits(typed);
	char *key = palloc(strlen(folded) + 1);
	size_t n = 0;

	for (const char *p = folded; *p != '\0'; p++)
	{
		char c = *p >= 'a' && *p <= 'z' ? *p - 'a' + 'A' : *p;

		if (c == ' ' || (c >= '\t' && c <= '\r'))
			continue;
		if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
			return NULL;
		key[n++] = c;
	}
	key[n] = '\0';
	return n >= 3 && n <= MAX_KEY ? key : NULL;
}

/* -------------------------------------------------------------- Storage -- */

static MjcStmt stmt_coupon = {
	"SELECT p.code, c.is_active AND c.validity @> $2 AND p.is_active AND p.validity @> $2, "
	"c.max_uses <= coalesce((SELECT l.used FROM mjc.coupon_ledger l WHERE l.code = $1 "
	"ORDER BY l.seq DESC LIMIT 1), 0) - CASE WHEN $4 IS NULL THEN 0 ELSE (SELECT "
	"coalesce(sum(l.change), 0) FROM mjc.coupon_ledger l WHERE l.code = $1 AND l.order_id = $4) END, "
	"c.customer_id IS NULL OR c.customer_id IS NOT DISTINCT FROM $3, "
	"c.max_uses_per_customer <= (SELECT coalesce(sum(l.change), 0) FROM mjc.coupon_ledger l "
	"WHERE l.code = $1 AND l.customer_id = $3 AND l.order_id IS DISTINCT FROM $4) "
	"FROM mjc.coupon c JOIN mjc.promotion p ON p.promotion_id = c.promotion_id WHERE c.code = $1",
	4,
	{TEXTOID, TIMESTAMPTZOID, UUIDOID, UUIDOID},
	NULL};
static MjcStmt stmt_lock = {
	"SELECT c.max_uses, c.max_uses_per_customer, c.is_active FROM mjc.coupon c WHERE c.code = $1 "
	"FOR NO KEY UPDATE",
	1,
	{TEXTOID},
	NULL};
static MjcStmt stmt_newest = {
	"SELECT l.seq, l.used, l.at, (SELECT coalesce(sum(x.change), 0) FROM mjc.coupon_ledger x "
	"WHERE x.code = $1 AND x.customer_id = $2) FROM mjc.coupon_ledger l WHERE l.code = $1 "
	"ORDER BY l.seq DESC LIMIT 1",
	2,
	{TEXTOID, UUIDOID},
	NULL};
static MjcStmt stmt_of_order = {
	"SELECT l.customer_id FROM mjc.coupon_ledger l WHERE l.code = $1 AND l.order_id = $2 "
	"GROUP BY l.customer_id HAVING sum(l.change) > 0",
	2,
	{TEXTOID, UUIDOID},
	NULL};
/* An order that goes on after it had ended uses its coupon in another round. */
static MjcStmt stmt_insert = {
	"INSERT INTO mjc.coupon_ledger (code, seq, change, used, order_id, customer_id, at, round) "
	"SELECT $1, $2, $3, $4, $5, $6, $7, count(*) + CASE WHEN $3 > 0 THEN 1 ELSE 0 END "
	"FROM mjc.coupon_ledger l WHERE l.code = $1 AND l.order_id = $5 AND l.change > 0",
	7,
	{TEXTOID, INT8OID, INT2OID, INT8OID, UUIDOID, UUIDOID, TIMESTAMPTZOID},
	NULL};

static MjcErrorId
problem_of_row(void)
{
	if (!mjc_bool_col(0, 2) || !mjc_bool_col(0, 4))
		return MJC_ERR_COUPON_EXPIRED;
	if (!mjc_is_null(0, 3) && mjc_bool_col(0, 3))
		return MJC_ERR_COUPON_EXHAUSTED;
	if (!mjc_is_null(0, 5) && mjc_bool_col(0, 5))
		return MJC_ERR_COUPON_USED_BY_CUSTOMER;
	return MJC_ERR__MAX;
}

static MjcCoupon
read_coupon(const char *typed, TimestampTz at, const pg_uuid_t *customer_id,
			const pg_uuid_t *own_order)
{
	MjcCoupon coupon = {coupon_key(typed), NULL, MJC_ERR_COUPON_UNKNOWN};

	if (coupon.code == NULL)
	{
		coupon.code = pstrdup(typed);
		return coupon;
	}
	if (mjc_exec(&stmt_coupon,
				 MJC_ARGS(MJC_TEXT(coupon.code), MJC_TIME(at), MJC_UUID_OR_NULL(customer_id),
						  MJC_UUID_OR_NULL(own_order))) != 1)
		return coupon;
	coupon.promotion = mjc_text_col(0, 1);
	coupon.problem = problem_of_row();
	return coupon;
}

/*
 * mjc_coupons_read - what the tables say about codes that a buyer gave. Needs SPI open.
 *
 * own_order: what it used counts as not used, or NULL. coupons: room for typed->n. A code given
 * twice counts once. Returns their number.
 */
int
mjc_coupons_read(const MjcWords *typed, TimestampTz at, const pg_uuid_t *customer_id,
				 const pg_uuid_t *own_order, MjcCoupon *coupons)
{
	int n = 0;

	for (int i = 0; i < typed->n; i++)
	{
		bool again = false;

		coupons[n] = read_coupon(typed->words[i], at, customer_id, own_order);
		for (int j = 0; j < n && !again; j++)
			again = strcmp(coupons[j].code, coupons[n].code) == 0;
		n += !again;
	}
	return n;
}

/* ------------------------------------------------------------ After pricing -- */

static const MjcPromotion *
promotion_of(const MjcRuleset *set, const char *code)
{
	for (int i = 0; i < set->n; i++)
		if (strcmp(set->promotions[i].code, code) == 0)
			return &set->promotions[i];
	return NULL;
}

/* C3: does something that was applied, or an earlier coupon, stand in its way? */
static bool
excluded(const MjcCart *cart, const MjcRuleset *set, const MjcCoupon *coupons, int at)
{
	const MjcPromotion *own = promotion_of(set, coupons[at].promotion);

	for (int i = 0; i < at; i++)
	{
		const MjcPromotion *other =
			coupons[i].promotion == NULL ? NULL : promotion_of(set, coupons[i].promotion);

		if (other == NULL || own == NULL || coupons[i].problem != MJC_ERR__MAX)
			continue;
		if (other == own || (own->exclusivity >= 0 && own->exclusivity == other->exclusivity))
			return true;
	}
	for (int i = 0; i < cart->napplied && own != NULL; i++)
		if (own->exclusivity >= 0 && cart->applied[i].promotion != own &&
			cart->applied[i].promotion->exclusivity == own->exclusivity)
			return true;
	return false;
}

static bool
applied(const MjcCart *cart, const char *promotion)
{
	for (int i = 0; i < cart->napplied; i++)
		if (strcmp(cart->applied[i].promotion->code, promotion) == 0)
			return true;
	return false;
}

/* mjc_coupons_judge - which coupons did nothing on the priced cart, and why. */
void
mjc_coupons_judge(const MjcCart *cart, const MjcRuleset *set, MjcCoupon *coupons, int n)
{
	for (int i = 0; i < n; i++)
	{
		if (coupons[i].problem != MJC_ERR__MAX)
			continue;
		if (excluded(cart, set, coupons, i))
			coupons[i].problem = MJC_ERR_COUPON_NOT_COMBINABLE;
		else if (!applied(cart, coupons[i].promotion))
			coupons[i].problem = MJC_ERR_COUPON_NOT_APPLICABLE;
	}
}

/* ------------------------------------------------------------------ Uses -- */

/*
 * mjc_coupon_take - one use for an order; the last word on the limits. Needs SPI open.
 *
 * Errors: MJ204 closed meanwhile, MJ205, MJ206.
 */
void
mjc_coupon_take(const char *code, const pg_uuid_t *order_id, const pg_uuid_t *customer_id,
				TimestampTz at)
{
	int64 max_uses;
	int64 max_of_customer;
	int64 seq = 0;
	int64 used = 0;
	int64 of_customer = 0;

	if (mjc_exec(&stmt_lock, MJC_ARGS(MJC_TEXT(code))) != 1 || !mjc_bool_col(0, 3))
		mjc_raise(MJC_ERR_COUPON_EXPIRED);
	max_uses = mjc_is_null(0, 1) ? PG_INT64_MAX : mjc_int4_col(0, 1);
	max_of_customer = mjc_is_null(0, 2) ? PG_INT64_MAX : mjc_int4_col(0, 2);
	if (mjc_exec_fresh(&stmt_newest, MJC_ARGS(MJC_TEXT(code), MJC_UUID(customer_id))) == 1)
	{
		seq = mjc_int8_col(0, 1);
		used = mjc_int8_col(0, 2);
		at = Max(at, mjc_time_col(0, 3));
		of_customer = mjc_int8_col(0, 4);
	}
	if (used >= max_uses)
		mjc_raise(MJC_ERR_COUPON_EXHAUSTED);
	if (of_customer >= max_of_customer)
		mjc_raise(MJC_ERR_COUPON_USED_BY_CUSTOMER);
	mjc_exec_one(&stmt_insert,
				 MJC_ARGS(MJC_TEXT(code), MJC_INT8(seq + 1), MJC_INT2(1), MJC_INT8(used + 1),
						  MJC_UUID(order_id), MJC_UUID(customer_id), MJC_TIME(at)));
}

/* mjc_coupon_give_back - the use of a cancelled order, once. Needs SPI open. */
void
mjc_coupon_give_back(const char *code, const pg_uuid_t *order_id, TimestampTz at)
{
	pg_uuid_t customer_id;
	int64 seq;
	int64 used;

	if (mjc_exec(&stmt_lock, MJC_ARGS(MJC_TEXT(code))) != 1 ||
		mjc_exec_fresh(&stmt_of_order, MJC_ARGS(MJC_TEXT(code), MJC_UUID(order_id))) != 1)
		return;
	customer_id = mjc_uuid_col(0, 1);
	if (mjc_exec_fresh(&stmt_newest, MJC_ARGS(MJC_TEXT(code), MJC_UUID(&customer_id))) != 1)
		elog(ERROR, "a coupon was used but has no ledger");
	seq = mjc_int8_col(0, 1);
	used = mjc_int8_col(0, 2);
	at = Max(at, mjc_time_col(0, 3));
	mjc_exec_one(&stmt_insert,
				 MJC_ARGS(MJC_TEXT(code), MJC_INT8(seq + 1), MJC_INT2(-1), MJC_INT8(used - 1),
						  MJC_UUID(order_id), MJC_UUID(&customer_id), MJC_TIME(at)));
}

/* mjc_coupons_lock - the coupons of several orders, in the order of all. Needs SPI open. */
void
mjc_coupons_lock(char **codes, int n)
{
	for (int i = 0; i < n; i++)
		(void) mjc_exec(&stmt_lock, MJC_ARGS(MJC_TEXT(codes[i])));
}

/* ----------------------------------------------------- SQL entry points -- */

PG_FUNCTION_INFO_V1(mjc_coupon_key);
/* mjc.coupon_key(typed text) - the code as it is kept, NULL when it cannot be one. */
Datum
mjc_coupon_key(PG_FUNCTION_ARGS)
{
	char *key = coupon_key(text_to_cstring(PG_GETARG_TEXT_PP(0)));

	if (key == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(key));
}
