/*
 * error.c - turns a row of errcodes.def into a PostgreSQL error.
 *
 * The message is English with its places filled in; DETAIL is one JSON object
 * with the same values, from which the shim renders French or Arabic. Values
 * come from our own data (names, balances, limits), never from what a client
 * sent, so that an error cannot echo input.
 */
#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/elog.h"
#include "utils/json.h"

#include "args.h"
#include "error.h"

typedef struct MjcErrorRow
{
	const char *name;
	const char *sqlstate;
	const char *message;
} MjcErrorRow;

static const MjcErrorRow error_rows[] = {
#define MJC_ERROR(name, sqlstate, http, en, fr, ar) {#name, sqlstate, en},
#include "errcodes.def"
#undef MJC_ERROR
};

/* mjc_error_name - the stable code of an error, as clients read it. */
const char *
mjc_error_name(MjcErrorId id)
{
	return error_rows[id].name;
}

static int
error_sqlstate(MjcErrorId id)
{
	const char *s = error_rows[id].sqlstate;

	return MAKE_SQLSTATE(s[0], s[1], s[2], s[3], s[4]);
}

static void
append_value(StringInfo out, const MjcValue *value)
{
	if (value->text != NULL)
		appendStringInfoString(out, value->text);
	else
		appendStringInfo(out, INT64_FORMAT, value->number);
}

/* Copies the message, each {name} replaced by its value; unknown places stay as they are. */
static char *
error_render(const char *message, const MjcValue *values, int nvalues)
{
	StringInfoData out;
	const char *p = message;

	initStringInfo(&out);
	while (*p != '\0')
	{
		const char *end = (*p == '{') ? strchr(p, '}') : NULL;
		int i = nvalues;

		if (end != NULL)
			for (i = 0; i < nvalues; i++)
				if (strlen(values[i].name) == (size_t) (end - p - 1) &&
					strncmp(values[i].name, p + 1, end - p - 1) == 0)
					break;
		if (i < nvalues)
		{
			append_value(&out, &values[i]);
			p = end + 1;
		}
		else
			appendStringInfoChar(&out, *p++);
	}
	return out.data;
}

static char *
error_detail(const MjcValue *values, int nvalues)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoChar(&out, '{');
	for (int i = 0; i < nvalues; i++)
	{
		if (i > 0)
			appendStringInfoString(&out, ", ");
		escape_json(&out, values[i].name);
		appendStringInfoString(&out, ": ");
		if (values[i].text != NULL)
			escape_json(&out, values[i].text);
		else
			append_value(&out, &values[i]);
	}
	appendStringInfoChar(&out, '}');
	return out.data;
}

/*
 * mjc_raise_values - raise error `id`; does not return.
 *
 * values: the named places of its text, in any order.
 */
void
mjc_raise_values(MjcErrorId id, const MjcValue *values, int nvalues)
{
	ereport(ERROR, (errcode(error_sqlstate(id)),
					errmsg_internal("%s", error_render(error_rows[id].message, values, nvalues)),
					nvalues > 0 ? errdetail_internal("%s", error_detail(values, nvalues)) : 0));
	pg_unreachable();
}

/* mjc_raise - raise an error whose text has no places. */
void
mjc_raise(MjcErrorId id)
{
	mjc_raise_values(id, NULL, 0);
}

static void
raise_by_name(const char *name, const MjcValue *value)
{
	for (int id = 0; id < MJC_ERR__MAX; id++)
		if (strcmp(error_rows[id].name, name) == 0)
			mjc_raise_values((MjcErrorId) id, value, value->name != NULL ? 1 : 0);
	elog(ERROR, "no error of that name in errcodes.def");
}

PG_FUNCTION_INFO_V1(mjc_raise_by_name);
/*
 * mjc.raise(code text, place text, value text) - for rules in SQL; does not return.
 */
Datum
mjc_raise_by_name(PG_FUNCTION_ARGS)
{
	const char *name = PG_ARGISNULL(0) ? "" : text_to_cstring(PG_GETARG_TEXT_PP(0));
	MjcValue value = {NULL, NULL, 0};

	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2))
	{
		value.name = text_to_cstring(PG_GETARG_TEXT_PP(1));
		value.text = text_to_cstring(PG_GETARG_TEXT_PP(2));
	}
	raise_by_name(name, &value);
	PG_RETURN_VOID();
}

PG_FUNCTION_INFO_V1(mjc_found);
/*
 * mjc.found(value, error text) - for rules in SQL: the value, of whatever type; NULL raises the
 * error of that name.
 */
Datum
mjc_found(PG_FUNCTION_ARGS)
{
	MjcValue none = {NULL, NULL, 0};
	char *error = mjc_arg_text(fcinfo, 1, "error");

	if (PG_ARGISNULL(0))
		raise_by_name(error, &none);
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}
