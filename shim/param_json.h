/*
 * param_json.h - the body of a request as a JSON tree, read strictly.
 */
#ifndef MJC_SHIM_PARAM_JSON_H
#define MJC_SHIM_PARAM_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "error.h"
#include "routes.h"

#define PARAM_JSON_DEPTH 64 /* arrays and objects inside each other */

/*
 * param_json_load - read one JSON value of any kind.
 *
 * Returns a new reference, or NULL: *malformed tells an unreadable body
 * (syntax, encoding, duplicate names, U+0000, depth, bytes after the value)
 * from one without content.
 */
json_t *param_json_load(const char *body, size_t len, bool *malformed);

/*
 * param_json_member - borrowed value at "a.b.c" below root, or NULL when it or
 * something on the way is absent or null.
 *
 * Something on the way that is not an object is added to p as FIELD_TYPE.
 */
json_t *param_json_member(const json_t *root, const char *path, struct problem *p);

/*
 * param_json_refuse_unknown - add FIELD_UNKNOWN for every member of root that
 * no body parameter of the row reads.
 *
 * A name that is not plain (letters, digits, '_', '-', at most 64) is reported
 * as its parent.
 */
void param_json_refuse_unknown(const struct route *row, json_t *root, struct problem *p);

/* param_json_wipe - overwrite a borrowed JSON string that holds a secret. */
void param_json_wipe(json_t *value);

#endif
