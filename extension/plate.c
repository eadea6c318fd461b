/*
 * plate.c - which patterns may read serial numbers.
 *
 * A rule is written by staff and run on what anybody types, so its pattern is one of few
 * forms: capital letters, digits, classes, groups, | ? * + {m,n}. No group is repeated, nothing
 * refers back or looks around, no count is above 64: matching 64 characters is then quick,
 * whatever they are.
 */
#include "postgres.h"

#include "catalog/pg_collation_d.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "regex/regex.h"
#include "utils/builtins.h"

#define PATTERN_MAX 200
#define COUNT_MAX 64

/* ---------------------------------------------------------------- Rules -- */

/* Reads {m}, {m,} or {m,n} after its brace; NULL when it is none or a count is too high. */
static const char *
skip_count(const char *p)
{
	bool comma = false;

	do
	{
		int value = 0;
		const char *start = p;

		while (*p >= '0' && *p <= '9' && value <= COUNT_MAX)
			value = value * 10 + (*p++ - '0');
		if (value > COUNT_MAX || (p == start && !comma))
			return NULL;
		if (*p == '}')
			return p + 1;
		if (*p++ != ',' || comma)
			return NULL;
		comma = true;
	} while (true);
}

/* Reads a class of letters and digits after its bracket. */
static const char *
skip_class(const char *p)
{
	if (*p == '^')
		p++;
	while (*p != '\0' && *p != ']')
	{
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-", *p) == NULL)
			return NULL;
		p++;
	}
	return *p == ']' ? p + 1 : NULL;
}

/* One step of a pattern, NULL when it is not one of ours. */
static const char *
skip_step(const char *p)
{
	switch (*p)
	{
		case '[':
			return skip_class(p + 1);
		case '{':
			return skip_count(p + 1);
		case '\\':
			return p[1] == 'd' ? p + 2 : NULL;
		case '(':
			if (p[1] != '?')
				return p + 1;
			return p[2] == ':' ? p + 3 : NULL;
		case ')':
			return p[1] != '\0' && strchr("*+{", p[1]) != NULL ? NULL : p + 1;
		default:
			return strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.^$|?*+", *p) == NULL ? NULL : p + 1;
	}
}

static bool
pattern_is_plain(const char *pattern)
{
	if (*pattern == '\0' || strlen(pattern) > PATTERN_MAX)
		return false;
	while (pattern != NULL && *pattern != '\0')
		pattern = skip_step(pattern);
	return pattern != NULL;
}

/* Groups of a pattern, -1 when the server's regular expressions refuse it. */
static int
count_groups(const char *pattern)
{
	pg_wchar *wide = palloc(sizeof(pg_wchar) * (strlen(pattern) + 1));
	int length = pg_mb2wchar_with_len(pattern, wide, (int) strlen(pattern));
	regex_t compiled;
	int groups;

	if (pg_regcomp(&compiled, wide, length, REG_ADVANCED, C_COLLATION_OID) != REG_OKAY)
		return -1;
	groups = (int) compiled.re_nsub;
	pg_regfree(&compiled);
	return groups;
}

/* ----------------------------------------------------- SQL entry points -- */

PG_FUNCTION_INFO_V1(mjc_plate_groups);
/* mjc.plate_groups(pattern) - how many groups it captures; NULL when it may not be used. */
Datum
mjc_plate_groups(PG_FUNCTION_ARGS)
{
	char *pattern = text_to_cstring(PG_GETARG_TEXT_PP(0));
	int groups = pattern_is_plain(pattern) ? count_groups(pattern) : -1;

	if (groups < 0)
		PG_RETURN_NULL();
	PG_RETURN_INT32(groups);
}
