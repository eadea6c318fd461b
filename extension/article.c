/*
 * article.c - what names an entry of the catalogue: slugs, skus, eans, names of makers.
 *
 * The rules in SQL look whether a name is free and then store it. Whoever took it
 * in between is met here: a unique violation becomes a serialization failure
 * (40001), and the repeated rule sees the other and says so with its own error.
 *
 * Whoever puts a product into a category or a kind locks that and changes nothing of
 * its row: a REPEATABLE READ transaction that waited for the lock would not see the
 * product. It is told to start anew.
 *
 * Lock: the row of the entry. Tables written: category, manufacturer, part_kind,
 * product.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "args.h"
#include "error.h"
#include "spi.h"

/* -------------------------------------------------------------- Storage -- */

#define NAMES 4, {UUIDOID, TEXTOID, TEXTOID, TEXTOID}, NULL

/* $1 id, $2 slug, $3 sku of a product or name of a manufacturer, $4 ean. */
static struct
{
	const char *kind;
	MjcStmt stmt;
} stores[] = {
	{"category",
	 {"UPDATE mjc.category SET slug = $2 WHERE category_id = $1 AND $3 IS NULL AND $4 IS NULL",
	  NAMES}},
	{"manufacturer",
	 {"UPDATE mjc.manufacturer SET slug = $2, name = $3 WHERE manufacturer_id = $1 AND $4 IS NULL",
	  NAMES}},
	{"part_kind",
	 {"UPDATE mjc.part_kind SET slug = $2 WHERE kind_id = $1 AND $3 IS NULL AND $4 IS NULL",
	  NAMES}},
	{"product",
	 {"UPDATE mjc.product SET slug = $2, sku = $3, ean = $4 WHERE product_id = $1", NAMES}},
};

static MjcStmt *
store_of(const char *kind)
{
	for (size_t i = 0; i < lengthof(stores); i++)
	{
		if (strcmp(stores[i].kind, kind) == 0)
			return &stores[i].stmt;
	}
	MJC_RAISE(MJC_ERR_ARGUMENT_INVALID, {"argument", "kind", 0});
	return NULL;
}

static void
store_or_retry(MjcStmt *stmt, const MjcArg *args)
{
	PG_TRY();
	{
		mjc_exec(stmt, args);
	}
	PG_CATCH();
	{
		if (geterrcode() != ERRCODE_UNIQUE_VIOLATION)
			PG_RE_THROW();
		FlushErrorState();
		ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
						errmsg("could not serialize access to the names of the catalogue"),
						errhint("Run the transaction again.")));
	}
	PG_END_TRY();
}

static MjcStmt stmt_rows = {"SELECT mjc.catalogue_rows($1, $2)", 2, {TEXTOID, UUIDOID}, NULL};

/* ----------------------------------------------------- SQL entry points -- */

PG_FUNCTION_INFO_V1(mjc_catalogue_names_store);
/*
 * mjc.catalogue_names_store(kind text, id uuid, slug text, name text, ean text) - names of a
 * locked entry; kind: category, manufacturer, part_kind, product (whose name is its sku).
 *
 * Errors: MJ003, MJ010, 40001 another took one of them since the rule looked.
 */
Datum
mjc_catalogue_names_store(PG_FUNCTION_ARGS)
{
	MjcStmt *stmt = store_of(mjc_arg_text(fcinfo, 0, "kind"));
	pg_uuid_t *id = mjc_arg_uuid(fcinfo, 1, "id");
	char *slug = mjc_arg_text(fcinfo, 2, "slug");
	char *name = mjc_arg_text_or_null(fcinfo, 3);
	char *ean = mjc_arg_text_or_null(fcinfo, 4);

	mjc_begin();
	store_or_retry(stmt, MJC_ARGS(MJC_UUID(id), MJC_TEXT(slug), MJC_TEXT_OR_NULL(name),
								  MJC_TEXT_OR_NULL(ean)));
	mjc_end();
	PG_RETURN_VOID();
}

PG_FUNCTION_INFO_V1(mjc_check_catalogue_seen);
/*
 * mjc.check_catalogue_seen(kind text, id uuid) - for rules in SQL, under the lock of an entry: how
 * many rows need it.
 *
 * Errors: MJ003; 40001 when something needs the entry that this transaction does not see.
 */
Datum
mjc_check_catalogue_seen(PG_FUNCTION_ARGS)
{
	char *kind = mjc_arg_text(fcinfo, 0, "kind");
	pg_uuid_t *id = mjc_arg_uuid(fcinfo, 1, "id");
	int64 seen;

	mjc_begin();
	mjc_exec_one(&stmt_rows, MJC_ARGS(MJC_TEXT(kind), MJC_UUID(id)));
	seen = mjc_int8_col(0, 1);
	mjc_exec_fresh(&stmt_rows, MJC_ARGS(MJC_TEXT(kind), MJC_UUID(id)));
	if (mjc_int8_col(0, 1) != seen)
		ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
						errmsg("could not serialize access to an entry of the catalogue"),
						errhint("Run the transaction again.")));
	mjc_end();
	PG_RETURN_INT64(seen);
}
