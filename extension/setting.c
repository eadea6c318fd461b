/*
 * setting.c - reads typed settings; they are written by mjc.setting_set (sql/setting.sql).
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "error.h"
#include "setting.h"
#include "spi.h"

static MjcStmt stmt_integer = {
	"SELECT integer_value FROM mjc.setting WHERE name = $1 AND kind = 'integer'",
	1,
	{TEXTOID},
	NULL};

/* mjc_setting_integer - value of an integer setting. Needs SPI open. Errors: MJ007. */
int64
mjc_setting_integer(const char *name)
{
	if (mjc_exec(&stmt_integer, MJC_ARGS(MJC_TEXT(name))) != 1)
		mjc_raise(MJC_ERR_SETTING_UNKNOWN);
	return mjc_int8_col(0, 1);
}
