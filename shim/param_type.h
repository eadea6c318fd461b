/*
 * param_type.h - one value at a time: from text or JSON to a typed SQL text.
 */
#ifndef MJC_SHIM_PARAM_TYPE_H
#define MJC_SHIM_PARAM_TYPE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "error.h"
#include "routes.h"

/* Why a value was refused; with bounded, the limits to tell the client. */
struct type_error
{
	enum error_id id;
	bool bounded;
	long long min;
	long long max;
};

/*
 * param_type_text - convert text of a path or query.
 *
 * def: not T_TEXT_LIST, T_*_ARRAY, T_JSON_TEXT. text: len bytes of valid UTF-8.
 * Returns malloc'ed SQL text with err->id ERROR_NONE; or NULL, with ERROR_NONE
 * for SQL NULL (empty and P_NULL_IF_EMPTY), INTERNAL_ERROR without memory, or
 * the FIELD_* error.
 */
char *param_type_text(const struct param_def *def, const char *text, size_t len,
					  struct type_error *err);

/*
 * param_type_json - convert a JSON value that is not null.
 *
 * def: not T_TEXT_LIST. An array type converts one entry. Returns as
 * param_type_text does.
 */
char *param_type_json(const struct param_def *def, const json_t *value, struct type_error *err);

#endif
