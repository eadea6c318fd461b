/*
 * query.c - libFuzzer entry: a query string to the typed parameters of every row that has any.
 *
 * Whatever it is, the values are in UTF-8 and the needed ones are there, or it is refused
 * with a body that is JSON.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../shim/param.h"
#include "../../shim/text.h"

#define MAX_PAIRS 200
#define UUID "0190abcd-0000-7000-8000-00000000000f"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
takes_query(const struct route *row)
{
	for (int i = 0; i < row->nparams; i++)
	{
		if (row->params[i].where == IN_QUERY)
			return true;
	}
	return false;
}

static void
check_problem(const struct problem *p)
{
	size_t len;
	int status;
	char *body = error_body(p, LANG_FR, &status, &len);
	json_t *json = body == NULL ? NULL : json_loadb(body, len, 0, NULL);

	if (!json_is_object(json) || status < 400 || status > 499)
		abort();
	json_decref(json);
	free(body);
}

static void
try_row(const struct route *row, const struct kv *query, int nquery)
{
	const char *paths[ROUTES_MAX_PATH_VALUES] = {UUID, UUID};
	struct param_input in = {.query = query, .nquery = nquery, .path_values = paths};
	struct param_value values[ROUTES_MAX_PARAMS];
	struct problem p = {0};
	bool accepted = param_parse(row, &in, values, &p) == 0;

	if (!accepted)
		check_problem(&p);
	for (int i = 0; i < row->nparams; i++)
	{
		const char *text = values[i].text;

		if (text == NULL ? accepted && (row->params[i].flags & P_REQUIRED) != 0
						 : !accepted || !text_utf8_valid(text, strlen(text)))
			abort();
	}
	param_free(row, values);
	error_free(&p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* An exact copy, so that reading past the end is seen. */
	char *raw = text_dup((const char *) data, size);
	struct kv *query = NULL;
	int nquery = 0;

	if (text_query_parse(raw, size, MAX_PAIRS, &query, &nquery) == TEXT_OK)
	{
		for (int i = 0; i < nquery; i++)
		{
			if (!text_utf8_valid(query[i].name, strlen(query[i].name)) ||
				!text_utf8_valid(query[i].value, strlen(query[i].value)))
				abort();
		}
		for (int i = 0; i < routes_count; i++)
		{
			if (takes_query(&routes_table[i]))
				try_row(&routes_table[i], query, nquery);
		}
	}
	text_query_free(query, nquery);
	free(raw);
	return 0;
}
