/*
 * part_number.c - numbers of parts, however they are written.
 *
 * Makers, suppliers, scanners and people write one number in many ways: 7828 765, 7828-765,
 * 7828.765, ٧٨٢٨٧٦٥. Its key has capital letters and digits only. Leading zeros stay in the key,
 * because 0020118693 and 20118693 may be two parts; the short key is without them. O and 0, I and
 * 1 are told apart but for the loose key, which serves where nothing else is found.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "fold.h"
#include "part_number.h"

/* ---------------------------------------------------------------- Rules -- */

/* mjc_part_number_key - the key of a number; NULL when it has neither letter nor digit. */
char *
mjc_part_number_key(const char *typed, int len)
{
	const char *end = typed + len;
	StringInfoData key;

	initStringInfo(&key);
	while (typed < end)
	{
		char folded[MJC_FOLD_MAX];

		if (mjc_fold_char(&typed, end, folded) != FOLD_WORD)
			continue;
		for (char *p = folded; *p != '\0'; p++)
			appendStringInfoChar(&key, *p >= 'a' && *p <= 'z' ? *p - 'a' + 'A' : *p);
	}
	return key.len > 0 ? key.data : NULL;
}

/* The key without leading zeros; of zeros alone one is left. */
static char *
short_key(char *key)
{
	while (key[0] == '0' && key[1] != '\0')
		key++;
	return key;
}

/* The key with O as 0 and I as 1, in place. */
static char *
loose_key(char *key)
{
	for (char *p = key; *p != '\0'; p++)
	{
		if (*p == 'O')
			*p = '0';
		else if (*p == 'I')
			*p = '1';
	}
	return key;
}

/* ----------------------------------------------------- SQL entry points -- */

static char *
key_arg(FunctionCallInfo fcinfo)
{
	text *typed = PG_GETARG_TEXT_PP(0);

	return mjc_part_number_key(VARDATA_ANY(typed), VARSIZE_ANY_EXHDR(typed));
}

PG_FUNCTION_INFO_V1(mjc_part_number_key_sql);
/* mjc.part_number_key(number text) */
Datum
mjc_part_number_key_sql(PG_FUNCTION_ARGS)
{
	char *key = key_arg(fcinfo);

	if (key == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(key));
}

PG_FUNCTION_INFO_V1(mjc_part_number_short);
/* mjc.part_number_short(number text) */
Datum
mjc_part_number_short(PG_FUNCTION_ARGS)
{
	char *key = key_arg(fcinfo);

	if (key == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(short_key(key)));
}

PG_FUNCTION_INFO_V1(mjc_part_number_loose);
/* mjc.part_number_loose(number text) */
Datum
mjc_part_number_loose(PG_FUNCTION_ARGS)
{
	char *key = key_arg(fcinfo);

	if (key == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(loose_key(key)));
}
