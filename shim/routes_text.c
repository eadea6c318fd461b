/*
 * routes_text.c - what can be derived from a row of the table: the SQL of its call,
 * its names, the listing.
 */
#include <stdlib.h>

#include "routes.h"

/* ---- SQL of a row ---- */

static const char *const actor_types[] = {"uuid", "integer", "uuid"};

static const char *
param_sql_type(enum ptype type)
{
	switch (type)
	{
		case T_UUID:
			return "uuid";
		case T_UUID_ARRAY:
			return "uuid[]";
		case T_TEXT_LIST:
			return "text[]";
		case T_INT:
			return "integer";
		case T_INT_ARRAY:
			return "integer[]";
		case T_MONEY:
			return "bigint";
		case T_BOOL:
			return "boolean";
		case T_TIME_FROM:
		case T_TIME_TO:
			return "timestamp with time zone";
		case T_FILE:
			return "bytea";
		case T_TEXT:
		case T_CHOICE:
		case T_PHONE:
		case T_EMAIL:
		case T_SLUG_OR_ID:
		case T_JSON_TEXT:
		case T_JSON_RAW:
			break;
	}
	return "text";
}

bool
routes_public(const struct route *row)
{
	return row->method == METHOD_GET && row->function != NULL && row->role <= ROLE_OPTIONAL &&
		   (row->rate == RATE_READ || row->rate == RATE_SEARCH) &&
		   (row->flags &
			(RF_WRITE | RF_RECORDS | RF_CART | RF_STREAM | RF_PAGE | RF_MESSAGES | RF_EVENT)) == 0;
}

int
routes_prefix_args(const struct route *row)
{
	int n = row->role == ROLE_PUBLIC ? 0 : 3;

	if ((row->flags & (RF_WRITE | RF_RECORDS)) != 0)
		n += 1;
	if ((row->flags & RF_IDEMPOTENT) != 0)
		n += 1;
	if ((row->flags & RF_CART) != 0)
		n += 1;
	if ((row->flags & RF_EVENT) != 0)
		n += 2;
	return n;
}

int
routes_args(const struct route *row)
{
	return routes_prefix_args(row) + row->nparams + ((row->flags & RF_STREAM) != 0 ? 1 : 0);
}

const char *
routes_arg_type(const struct route *row, int i)
{
	int prefix = routes_prefix_args(row);

	if (i >= prefix && i < prefix + row->nparams)
		return param_sql_type(row->params[i - prefix].type);
	if (row->role != ROLE_PUBLIC && i < 3)
		return actor_types[i];
	return "text";
}

char *
routes_sql(const struct route *row)
{
	int nargs = routes_args(row);
	char *text = NULL;
	size_t len = 0;
	FILE *out;

	if (row->function == NULL)
		return NULL;
	out = open_memstream(&text, &len);
	if (out == NULL)
		return NULL;
	fprintf(out, "SELECT * FROM %s(", row->function);
	for (int i = 0; i < nargs; i++)
		fprintf(out, "%s$%d::%s", i > 0 ? "," : "", i + 1, routes_arg_type(row, i));
	fputc(')', out);
	if (fclose(out) != 0)
	{
		free(text);
		return NULL;
	}
	return text;
}

/* ---- Names and the listing ---- */

const char *
routes_method_name(enum method method)
{
	static const char *const names[METHOD__MAX] = {
		[METHOD_GET] = "GET",	  [METHOD_POST] = "POST",	  [METHOD_PUT] = "PUT",
		[METHOD_PATCH] = "PATCH", [METHOD_DELETE] = "DELETE", [METHOD_OPTIONS] = "OPTIONS",
	};

	return names[method];
}

const char *
routes_rate_name(enum rate_class rate)
{
	static const char *const names[RATE__MAX] = {
		[RATE_READ] = "api",		[RATE_SEARCH] = "search",	  [RATE_ORDER] = "order",
		[RATE_TRACK] = "track",		[RATE_AUTH] = "auth",		  [RATE_STAFF] = "admin",
		[RATE_CART] = "cart",		[RATE_FRONTEND] = "frontend", [RATE_SIGNUP] = "signup",
		[RATE_WEBHOOK] = "webhook", [RATE_EVENT] = "event",		  [RATE_NONE] = "none",
	};

	return names[rate];
}

static const char *
role_name(enum role role)
{
	static const char *const names[ROLE__MAX] = {
		[ROLE_PUBLIC] = "public",	  [ROLE_OPTIONAL] = "optional",
		[ROLE_CUSTOMER] = "customer", [ROLE_TECHNICIAN] = "technician",
		[ROLE_ADMIN] = "admin",		  [ROLE_SUPER] = "super",
	};

	return names[role];
}

static void
print_arg_types(FILE *out, const struct route *row)
{
	int nargs = routes_args(row);

	if (row->function == NULL || nargs == 0)
		fputc('-', out);
	else
	{
		for (int i = 0; i < nargs; i++)
			fprintf(out, "%s%s", i > 0 ? "," : "", routes_arg_type(row, i));
	}
}

static void
print_flags(FILE *out, unsigned flags)
{
	static const char *const names[] = {"write",	   "idempotent",	"slow",		"raw",
										"strict_body", "staff_primary", "messages", "cart",
										"records",	   "page",			"event",	"stream"};
	bool first = true;

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
	{
		if ((flags & 1u << i) == 0)
			continue;
		fprintf(out, "%s%s", first ? "" : ",", names[i]);
		first = false;
	}
	if (first)
		fputc('-', out);
}

static const char *
param_type_name(enum ptype type)
{
	static const char *const names[] = {
		[T_UUID] = "uuid",
		[T_UUID_ARRAY] = "uuid_array",
		[T_TEXT] = "text",
		[T_TEXT_LIST] = "texts",
		[T_INT] = "int",
		[T_INT_ARRAY] = "int_array",
		[T_MONEY] = "money",
		[T_BOOL] = "bool",
		[T_CHOICE] = "choice",
		[T_PHONE] = "phone",
		[T_EMAIL] = "email",
		[T_SLUG_OR_ID] = "slug_or_id",
		[T_TIME_FROM] = "time_from",
		[T_TIME_TO] = "time_to",
		[T_JSON_TEXT] = "json",
		[T_JSON_RAW] = "json",
		[T_FILE] = "csv",
	};

	return (size_t) type < sizeof(names) / sizeof(names[0]) && names[type] != NULL ? names[type]
																				   : "?";
}

/* "where:name:type:min:max:needed|free:choices;...", for the tests that try every parameter. */
static void
print_params(FILE *out, const struct route *row)
{
	static const char *const where[] = {
		[IN_PATH] = "path", [IN_QUERY] = "query", [IN_BODY] = "body"};

	if (row->nparams == 0)
		fputc('-', out);
	for (int i = 0; i < row->nparams; i++)
	{
		const struct param_def *p = &row->params[i];

		fprintf(out, "%s%s:%s:%s:%lld:%lld:%s:%s", i > 0 ? ";" : "", where[p->where], p->path,
				param_type_name(p->type), p->min, p->max,
				(p->flags & P_REQUIRED) != 0 ? "needed" : "free",
				p->choices == NULL ? "" : p->choices);
	}
}

void
routes_print(FILE *out)
{
	for (int i = 0; i < routes_count; i++)
	{
		const struct route *row = &routes_table[i];

		fprintf(out, "%s\t%s\t%s\t", routes_method_name(row->method), row->pattern,
				row->function == NULL ? "-" : row->function);
		print_arg_types(out, row);
		fprintf(out, "\t%s\t%s\t", role_name(row->role), routes_rate_name(row->rate));
		print_flags(out, row->flags);
		fprintf(out, "\t%s\t",
				(row->flags & (RF_WRITE | RF_RECORDS | RF_EVENT)) != 0 ? "write" : "read");
		print_params(out, row);
		fputc('\n', out);
	}
}
