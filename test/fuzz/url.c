/*
 * url.c - libFuzzer entry: a request target to its row and typed parameters.
 *
 * The input is a raw target ("/path?query"). Whatever it is, decoding never
 * yields bad UTF-8, and a matched row's values are all set or all NULL.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../shim/param.h"
#include "../../shim/route.h"
#include "../../shim/text.h"

#define MAX_PAIRS 200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
try_row(const struct route_match *match, const struct kv *query, int nquery)
{
	struct param_input in = {.query = query, .nquery = nquery, .path_values = match->values};
	struct param_value values[ROUTES_MAX_PARAMS];
	struct problem p = {0};
	int status;
	size_t len;

	if (param_parse(match->row, &in, values, &p) != 0)
	{
		char *body = error_body(&p, LANG_AR, &status, &len);

		if (body == NULL || p.id == ERROR_NONE)
			abort();
		free(body);
	}
	for (int i = 0; i < match->row->nparams; i++)
	{
		if (values[i].text != NULL &&
			(p.id != ERROR_NONE || !text_utf8_valid(values[i].text, strlen(values[i].text))))
			abort();
	}
	param_free(match->row, values);
	error_free(&p);
}

static void
try_methods(const char *path, const struct kv *query, int nquery)
{
	for (int m = 0; m < METHOD__MAX; m++)
	{
		struct route_match match;

		if (route_match((enum method) m, path, &match) == ROUTE_OK)
			try_row(&match, query, nquery);
		route_match_free(&match);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* An exact copy, so that reading past the end is seen. */
	char *raw = text_dup((const char *) data, size);
	const char *mark = size == 0 ? NULL : memchr(raw, '?', size);
	size_t path_len = mark == NULL ? size : (size_t) (mark - raw);
	struct kv *query = NULL;
	int nquery = 0;
	char *path = NULL;

	if (mark != NULL)
		text_query_parse(mark + 1, size - path_len - 1, MAX_PAIRS, &query, &nquery);
	if (text_path_decode(raw, path_len, &path) == TEXT_OK)
	{
		if (!text_utf8_valid(path, strlen(path)))
			abort();
		try_methods(path, query, nquery);
	}
	free(path);
	text_query_free(query, nquery);
	free(raw);
	return 0;
}
