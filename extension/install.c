/*
 * install.c - creates and migrates the tables, and knows whether they fit.
 *
 * The files of sql/schema run once each, in name order, and are noted in
 * mjc.migration; sql/distribution.sql and sql/repeat run at every call. Every
 * statement runs by itself, as mjc_owner (the function is its SECURITY
 * DEFINER), inside the caller's transaction: a failure leaves nothing behind.
 * Running it again is harmless. Two at once: the second waits for the first.
 *
 * mjc.schema_version holds one text, "<library version>/<newest step>". Rules
 * that write compare it with their own. The answer is cached per backend; a
 * relcache invalidation of that table, sent by install(), drops the cache.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "commands/extension.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "error.h"
#include "install.h"
#include "spi.h"

#ifndef MJC_VERSION
#error "MJC_VERSION comes from mjchauffage.control through the Makefile"
#endif

static bool schema_checked = false;	  /* this backend saw the right version */
static Oid schema_table = InvalidOid; /* in that table */

/* ---------------------------------------------------------------- Rules -- */

/* The text that mjc.schema_version must hold for this library. */
static const char *
own_schema_version(void)
{
	static char version[128];

	if (version[0] == '\0')
	{
		const char *newest = "";

		for (int i = 0; i < mjc_schema_nfiles; i++)
			if (strcmp(mjc_schema_files[i].kind, "schema") == 0 &&
				strcmp(mjc_schema_files[i].name, newest) > 0)
				newest = mjc_schema_files[i].name;
		snprintf(version, sizeof(version), "%s/%s", MJC_VERSION, newest);
	}
	return version;
}

/* -------------------------------------------------------------- Storage -- */

static MjcStmt stmt_version = {"SELECT version FROM mjc.schema_version", 0, {0}, NULL};
static MjcStmt stmt_is_applied = {
	"SELECT 1 FROM mjc.migration WHERE name = $1", 1, {TEXTOID}, NULL};
static MjcStmt stmt_applied = {
	"INSERT INTO mjc.migration (name, version) VALUES ($1, $2)", 2, {TEXTOID, TEXTOID}, NULL};
static MjcStmt stmt_set_version = {
	"INSERT INTO mjc.schema_version (singleton, version) VALUES (true, $1) "
	"ON CONFLICT (singleton) DO UPDATE SET version = EXCLUDED.version",
	1,
	{TEXTOID},
	NULL};

static Oid
version_table(void)
{
	Oid namespace_oid = get_namespace_oid("mjc", true);

	return OidIsValid(namespace_oid) ? get_relname_relid("schema_version", namespace_oid)
									 : InvalidOid;
}

static void
run_statement(const char *sql)
{
	int rc = SPI_execute(sql, false, 0);

	if (rc < 0)
		elog(ERROR, "installation statement failed: %s", SPI_result_code_string(rc));
}

/* Splits a file with PostgreSQL's own parser and runs each statement by itself. */
static void
run_file(const MjcSchemaFile *file)
{
	List *statements = pg_parse_query(file->text);
	ListCell *cell;

	foreach (cell, statements)
	{
		RawStmt *raw = lfirst_node(RawStmt, cell);
		const char *start = file->text + raw->stmt_location;
		int length = raw->stmt_len > 0 ? raw->stmt_len : (int) strlen(start);

		CHECK_FOR_INTERRUPTS();
		run_statement(pnstrdup(start, length));
	}
}

/* The advisory lock only lets two first installations wait for each other instead of failing. */
static void
bootstrap(void)
{
	run_statement("SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('mjc.install'))");
	if (!OidIsValid(version_table()))
	{
		run_statement("CREATE TABLE mjc.migration (name text PRIMARY KEY, version text NOT NULL, "
					  "applied_at timestamptz NOT NULL DEFAULT now())");
		run_statement(
			"CREATE TABLE mjc.schema_version (singleton boolean PRIMARY KEY CHECK (singleton), "
			"version text NOT NULL)");
	}
	run_statement("LOCK TABLE mjc.migration IN ACCESS EXCLUSIVE MODE");
	if (!OidIsValid(get_namespace_oid("mjc_report", true)))
		run_statement("CREATE SCHEMA mjc_report");
}

static int
run_schema_steps(void)
{
	int applied = 0;

	for (int i = 0; i < mjc_schema_nfiles; i++)
	{
		const MjcSchemaFile *file = &mjc_schema_files[i];

		if (strcmp(file->kind, "schema") != 0 ||
			mjc_exec(&stmt_is_applied, MJC_ARGS(MJC_TEXT(file->name))) > 0)
			continue;
		run_file(file);
		mjc_exec_one(&stmt_applied, MJC_ARGS(MJC_TEXT(file->name), MJC_TEXT(MJC_VERSION)));
		applied++;
	}
	return applied;
}

static void
run_repeated(const char *kind)
{
	for (int i = 0; i < mjc_schema_nfiles; i++)
		if (strcmp(mjc_schema_files[i].kind, kind) == 0)
			run_file(&mjc_schema_files[i]);
}

/* ---------------------------------------------------- Check and callback -- */

static void
schema_invalidated(Datum arg, Oid relid)
{
	if (relid == InvalidOid || relid == schema_table)
		schema_checked = false;
}

/* mjc_install_init - at library load: learn when the schema may have changed. */
void
mjc_install_init(void)
{
	CacheRegisterRelcacheCallback(schema_invalidated, (Datum) 0);
}

/*
 * mjc_install_check - the tables are those of this library. Needs SPI open.
 *
 * Errors: MJ009 when they are missing or of another version.
 */
void
mjc_install_check(void)
{
	if (schema_checked)
		return;
	schema_table = version_table();
	if (!OidIsValid(schema_table) || mjc_exec_fresh(&stmt_version, NULL) != 1 ||
		strcmp(mjc_text_col(0, 1), own_schema_version()) != 0)
		mjc_raise(MJC_ERR_SCHEMA_MISMATCH);
	schema_checked = true;
}

/* ----------------------------------------------------- SQL entry points -- */

PG_FUNCTION_INFO_V1(mjc_install);
/*
 * mjc.install() - make or migrate the tables; returns one line of what was done.
 *
 * Run by the operator after CREATE EXTENSION or ALTER EXTENSION UPDATE.
 * Errors: MJ701 database not in UTF8.
 */
Datum
mjc_install(PG_FUNCTION_ARGS)
{
	int applied;

	if (GetDatabaseEncoding() != PG_UTF8)
		mjc_raise(MJC_ERR_ENCODING_UNSUPPORTED);
	mjc_begin();
	bootstrap();
	applied = run_schema_steps();
	run_repeated("distribution");
	run_repeated("repeat");
	mjc_exec_one(&stmt_set_version, MJC_ARGS(MJC_TEXT(own_schema_version())));
	CacheInvalidateRelcacheByRelid(version_table());
	mjc_end();
	PG_RETURN_TEXT_P(
		cstring_to_text(psprintf("mjchauffage %s: %d schema step(s) applied, now at %s",
								 MJC_VERSION, applied, own_schema_version())));
}

PG_FUNCTION_INFO_V1(mjc_version);
/* mjc.version() - version of the loaded library. */
Datum
mjc_version(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(MJC_VERSION));
}

PG_FUNCTION_INFO_V1(mjc_check_schema);
/* mjc.check_schema() - for rules in SQL that write. Errors: MJ009. */
Datum
mjc_check_schema(PG_FUNCTION_ARGS)
{
	mjc_begin_write();
	mjc_end();
	PG_RETURN_VOID();
}
