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

#define MAX_SETTINGS 200

/* The same without SQL: a rule reads several, and the table is small. */
static bool
integer_directly(const char *name, int64 *value)
{
	Datum rows[MAX_SETTINGS * 3];
	int n = mjc_direct_readable(&setting_table)
				? mjc_direct_all(&setting_table, 3, rows, MAX_SETTINGS)
				: -1;

	for (int i = 0; i < n; i++)
	{
		const Datum *row = rows + i * 3;

		if (strcmp(TextDatumGetCString(row[0]), name) != 0 ||
			strcmp(TextDatumGetCString(row[1]), "integer") != 0)
			continue;
		*value = DatumGetInt64(row[2]);
		return true;
	}
	return false;
}

/* mjc_setting_integer - value of an integer setting. Needs SPI open. Errors: MJ007. */
int64
mjc_setting_integer(const char *name)
{
	int64 value;

	if (integer_directly(name, &value))
		return value;
	if (mjc_exec(&stmt_integer, MJC_ARGS(MJC_TEXT(name))) != 1)
		mjc_raise(MJC_ERR_SETTING_UNKNOWN);
	return mjc_int8_col(0, 1);
}
