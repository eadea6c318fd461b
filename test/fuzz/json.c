/*
 * json.c - libFuzzer entry: request bodies and error details.
 *
 * The first byte chooses a row with a body. Whatever the rest is, it is
 * accepted with values in UTF-8 or refused with a body that is JSON again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../shim/param.h"
#include "../../shim/text.h"

#define UUID "0190abcd-0000-7000-8000-00000000000f"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * What is passed on whole is an object, and reads back as the very same text
 * (but for a number so large that its 15 digits are past the largest double).
 */
static void
check_document(const char *text)
{
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	char *again = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(15));

	if (json == NULL ? strstr(text, "e308") == NULL
					 : !json_is_object(json) || again == NULL || strcmp(again, text) != 0)
		abort();
	free(again);
	json_decref(json);
}

static void
check_values(const struct route *row, const struct param_value *values)
{
	for (int i = 0; i < row->nparams; i++)
	{
		const char *text = values[i].text;

		if (text == NULL && (row->params[i].flags & P_REQUIRED) != 0)
			abort();
		if (text != NULL && !text_utf8_valid(text, strlen(text)))
			abort();
		if (text != NULL && row->params[i].type == T_JSON_TEXT)
			check_document(text);
	}
}

static void
check_problem(const struct problem *p, enum lang lang)
{
	size_t len;
	int status;
	char *body = error_body(p, lang, &status, &len);
	json_t *json = body == NULL ? NULL : json_loadb(body, len, 0, NULL);

	if (!json_is_object(json) || status < 400 || len > 65536)
		abort();
	json_decref(json);
	free(body);
}

static void
try_row(const struct route *row, const char *body, size_t len)
{
	const char *paths[ROUTES_MAX_PATH_VALUES] = {UUID, UUID};
	struct param_input in = {.path_values = paths, .body = body, .body_len = len};
	struct param_value values[ROUTES_MAX_PARAMS];
	struct problem p = {0};

	if (param_parse(row, &in, values, &p) == 0)
		check_values(row, values);
	else
		check_problem(&p, LANG_FR);
	param_free(row, values);
	error_free(&p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct problem p = {0};
	char *body;
	int row;

	if (size == 0)
		return 0;
	row = data[0] % routes_count;
	body = text_dup((const char *) data + 1, size - 1);
	if (routes_table[row].method != METHOD_GET)
		try_row(&routes_table[row], body, size - 1);
	/* These have the most to read: every input tries them. */
	for (row = 0; row < routes_count; row++)
	{
		const struct route *at = &routes_table[row];

		if (strcmp(at->pattern, "/orders/guest") == 0 || strcmp(at->pattern, "/cart/quote") == 0 ||
			(strcmp(at->pattern, "/admin/promotions") == 0 && at->method == METHOD_POST))
			try_row(at, body, size - 1);
	}
	error_set_pg(&p, "MJ101", body);
	check_problem(&p, LANG_AR);
	error_free(&p);
	free(body);
	return 0;
}
