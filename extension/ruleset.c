/*
 * ruleset.c - reads the promotions of the shop and keeps them compiled.
 *
 * A session keeps one compiled set, made of the active promotions that had not
 * ended an hour before it was made. It is good while mjc.pricing_version, which
 * every change of a promotion writes (mjc.pricing_changed), holds the value that
 * was read before the set was: a value is never used twice, so a set made of
 * changes that were rolled back is never taken for another. That one row is read
 * at each call under the newest snapshot: correct on every node and in every
 * isolation level, without shared memory or notifications.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

#include "direct.h"
#include "doc.h"
#include "error.h"
#include "ruleset.h"
#include "spi.h"

#define KEPT_BACK (INT64CONST(3600) * USECS_PER_SEC)

static MemoryContext kept_context = NULL;
static MjcRuleset *kept = NULL;
static pg_uuid_t kept_version;
static TimestampTz kept_since;

static MjcTable version_table = {.name = "pricing_version",
								 .columns = {"singleton", "version", NULL},
								 .types = {BOOLOID, UUIDOID}};
static MjcStmt stmt_version = {"SELECT version FROM mjc.pricing_version", 0, {0}, NULL};
/*
 * What ended before $1 is left out; $2 is taken although it is a draft or over. The
 * categories themselves stay in the list: were they gone, an empty one would mean all.
 */
static MjcStmt stmt_promotions = {
	"SELECT to_jsonb(p) || CASE WHEN p.category_ids IS NULL THEN '{}' ELSE jsonb_build_object("
	"'category_ids', p.category_ids || mjc.category_subtree(p.category_ids::pg_catalog.text[])) "
	"END, coalesce(lower(p.validity), '-infinity'), coalesce(upper(p.validity), 'infinity') "
	"FROM mjc.promotion p WHERE (coalesce(upper(p.validity), 'infinity') > $1 AND p.is_active) "
	"OR p.promotion_id = $2",
	2,
	{TIMESTAMPTZOID, UUIDOID},
	NULL};

static pg_uuid_t
current_version(void)
{
	Datum row[2];

	if (mjc_direct_readable(&version_table) && mjc_direct_all(&version_table, 2, row, 1) == 1)
		return *DatumGetUUIDP(row[1]);
	if (mjc_exec_fresh(&stmt_version, NULL) != 1)
		mjc_raise(MJC_ERR_SCHEMA_MISMATCH);
	return mjc_uuid_col(0, 1);
}

/* Reads and compiles in the current memory context, which SPI's results are copied to. */
static MjcRuleset *
load(TimestampTz since, const pg_uuid_t *candidate, MemoryContext context)
{
	uint64 n =
		mjc_exec_fresh(&stmt_promotions, MJC_ARGS(MJC_TIME(since), MJC_UUID_OR_NULL(candidate)));
	MemoryContext caller = MemoryContextSwitchTo(context);
	MjcRuleset *set = palloc0(sizeof(MjcRuleset));

	set->n = (int) n;
	set->promotions = palloc0(sizeof(MjcPromotion) * Max(n, 1));
	for (uint64 i = 0; i < n; i++)
	{
		Jsonb *doc = mjc_jsonb_col(i, 1);

		set->promotions[i] = mjc_doc_promotion(&doc->root);
		set->promotions[i].from = mjc_time_col(i, 2);
		set->promotions[i].until = mjc_time_col(i, 3);
	}
	mjc_ruleset_prepare(set);
	MemoryContextSwitchTo(caller);
	return set;
}

/*
 * mjc_ruleset_since - the promotions that had not ended at an instant, for pricing at
 * any instant after it; made anew, in the current memory context. Needs SPI open.
 *
 * candidate: a promotion that counts although it is not active or over, or NULL.
 */
const MjcRuleset *
mjc_ruleset_since(TimestampTz since, const pg_uuid_t *candidate)
{
	return load(since, candidate, CurrentMemoryContext);
}

static void
keep(const pg_uuid_t *version, TimestampTz since)
{
	MemoryContext context =
		AllocSetContextCreate(CurrentMemoryContext, "mjc promotions", ALLOCSET_DEFAULT_SIZES);
	MjcRuleset *set = load(since, NULL, context);

	/* Nothing below fails: either the new set is kept, or the old one still is. */
	MemoryContextSetParent(context, CacheMemoryContext);
	if (kept_context != NULL)
		MemoryContextDelete(kept_context);
	kept_context = context;
	kept = set;
	kept_version = *version;
	kept_since = since;
}

/*
 * mjc_ruleset_at - the promotions to price with at an instant. Needs SPI open.
 *
 * The set belongs to the session; it is not freed, and stays until the next call.
 */
const MjcRuleset *
mjc_ruleset_at(TimestampTz at)
{
	pg_uuid_t version = current_version();

	if (kept == NULL || memcmp(&version, &kept_version, sizeof(version)) != 0)
		keep(&version, GetCurrentTimestamp() - KEPT_BACK);
	return at >= kept_since ? kept : mjc_ruleset_since(at, NULL);
}
