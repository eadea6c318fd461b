/*
 * setting.c - reads typed settings; they are written by mjc.setting_set (sql/setting.sql).
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "direct.h"
#include "error.h"
#include "setting.h"
#include "spi.h"

#define MAX_SETTINGS 200
#define COLUMNS 4

/* A boolean is 0 or 1. */
static MjcStmt stmt_setting = {
	"SELECT coalesce(integer_value, boolean_value::pg_catalog.int4) FROM mjc.setting WHERE name = $1",
	1,
	{TEXTOID},
	NULL};

static MjcTable setting_table = {.name = "setting",
								 .columns = {"name", "kind", "integer_value", "boolean_value",
											 "text_value", "min_value", "max_value", "unit",
											 "description", "updated_at", NULL},
								 .types = {TEXTOID, TEXTOID, INT8OID, BOOLOID, TEXTOID, INT8OID,
										   INT8OID, TEXTOID, TEXTOID, TIMESTAMPTZOID}};

/* Compared in place: a rule reads several, each beside all the others. */
static bool
is_named(Datum name, const char *wanted)
{
	text *name_text = DatumGetTextPP(name);
	size_t len = VARSIZE_ANY_EXHDR(name_text);

	return strlen(wanted) == len && memcmp(VARDATA_ANY(name_text), wanted, len) == 0;
}

static bool
find(const Datum *rows, int n, const char *name, int64 *value)
{
	for (int i = 0; i < n; i++)
	{
		const Datum *row = rows + i * COLUMNS;

		if (!is_named(row[0], name))
			continue;
		*value = is_named(row[1], "boolean") ? DatumGetBool(row[3]) : DatumGetInt64(row[2]);
		return true;
	}
	return false;
}

/*
 * mjc_settings - several integer or boolean (0 or 1) settings in one pass. Needs SPI open.
 *
 * values: n of them, in the order of names. Errors: MJ007.
 */
void
mjc_settings(const char *const *names, int n, int64 *values)
{
	Datum rows[MAX_SETTINGS * COLUMNS];
	int nrows = mjc_direct_readable(&setting_table)
					? mjc_direct_all(&setting_table, COLUMNS, rows, MAX_SETTINGS)
					: -1;

	for (int i = 0; i < n; i++)
	{
		if (find(rows, nrows, names[i], &values[i]))
			continue;
		if (mjc_exec(&stmt_setting, MJC_ARGS(MJC_TEXT(names[i]))) != 1 || mjc_is_null(0, 1))
			mjc_raise(MJC_ERR_SETTING_UNKNOWN);
		values[i] = mjc_int8_col(0, 1);
	}
}

/* mjc_setting_integer - one of them. */
int64
mjc_setting_integer(const char *name)
{
	int64 value;

	mjc_settings(&name, 1, &value);
	return value;
}
