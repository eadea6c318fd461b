/*
 * setting.c - reads typed settings; they are written by mjc.setting_set (sql/setting.sql).
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "direct.h"
#include "error.h"
#include "setting.h"
#include "spi.h"

static MjcStmt stmt_integer = {
	"SELECT integer_value FROM mjc.setting WHERE name = $1 AND kind = 'integer'",
	1,
	{TEXTOID},
	NULL};

static MjcTable setting_table = {.name = "setting",
								 .columns = {"name", "kind", "integer_value", "boolean_value",
											 "text_value", "min_value", "max_value", "unit",
											 "description", "updated_at", NULL},
								 .types = {TEXTOID, TEXTOID, INT8OID, BOOLOID, TEXTOID, INT8OID,
										   INT8OID, TEXTOID, TEXTOID, TIMESTAMPTZOID}};

static MjcStmt stmt_boolean = {
	"SELECT boolean_value FROM mjc.setting WHERE name = $1 AND kind = 'boolean'",
	1,
	{TEXTOID},
	NULL};

#define MAX_SETTINGS 200

/* One value without SQL: a rule reads several, and the table is small. */
static bool
value_directly(const char *name, const char *kind, int column, Datum *value)
{
	Datum rows[MAX_SETTINGS * 4];
	int n = mjc_direct_readable(&setting_table)
				? mjc_direct_all(&setting_table, 4, rows, MAX_SETTINGS)
				: -1;

	for (int i = 0; i < n; i++)
	{
		const Datum *row = rows + i * 4;

		if (strcmp(TextDatumGetCString(row[0]), name) != 0 ||
			strcmp(TextDatumGetCString(row[1]), kind) != 0)
			continue;
		*value = row[column];
		return true;
	}
	return false;
}

/* mjc_setting_integer - value of an integer setting. Needs SPI open. Errors: MJ007. */
int64
mjc_setting_integer(const char *name)
{
	Datum value;

	if (value_directly(name, "integer", 2, &value))
		return DatumGetInt64(value);
	if (mjc_exec(&stmt_integer, MJC_ARGS(MJC_TEXT(name))) != 1)
		mjc_raise(MJC_ERR_SETTING_UNKNOWN);
	return mjc_int8_col(0, 1);
}

/* mjc_setting_boolean - value of a boolean setting. Needs SPI open. Errors: MJ007. */
bool
mjc_setting_boolean(const char *name)
{
	Datum value;

	if (value_directly(name, "boolean", 3, &value))
		return DatumGetBool(value);
	if (mjc_exec(&stmt_boolean, MJC_ARGS(MJC_TEXT(name))) != 1)
		mjc_raise(MJC_ERR_SETTING_UNKNOWN);
	return mjc_bool_col(0, 1);
}
