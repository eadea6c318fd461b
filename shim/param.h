/*
 * param.h - from a request to the typed SQL parameters of its row.
 */
#ifndef MJC_SHIM_PARAM_H
#define MJC_SHIM_PARAM_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "request.h"
#include "routes.h"

#define PARAM_KEY_MAX 255 /* characters of an Idempotency-Key */

struct param_input
{
	const struct kv *query; /* decoded; repeated names allowed */
	int nquery;
	const char *const *path_values; /* route_match.values */
	const char *body;				/* may be NULL when body_len is 0 */
	size_t body_len;
};

/*
 * param_parse - check the input of a row and turn it into SQL text values.
 *
 * values: row->nparams entries, overwritten; free them with param_free.
 * Returns 0; or -1 with *p set and all values NULL: NOT_FOUND (a path value
 * without the right form), MALFORMED_REQUEST (JSON that cannot be read),
 * VALIDATION_ERROR (every refused field at once), INTERNAL_ERROR (memory).
 */
int param_parse(const struct route *row, const struct param_input *in, struct param_value *values,
				struct problem *p);

/* param_free - free the values of a row, wiping the secret ones; safe to call twice. */
void param_free(const struct route *row, struct param_value *values);

/*
 * param_idempotency_key - read an Idempotency-Key header, quoted or bare.
 *
 * header: the field value, not NULL. out: the key, NUL-terminated.
 * Returns false when it is not 1..255 printable ASCII characters.
 */
bool param_idempotency_key(const char *header, char out[PARAM_KEY_MAX + 1]);

/*
 * param_content_type_ok - whether a Content-Type (NULL: none) is JSON in UTF-8.
 */
bool param_content_type_ok(const char *content_type);

/* param_takes_file - whether a row takes its body as a file of CSV (T_FILE). */
bool param_takes_file(const struct route *row);

/*
 * param_content_type_csv - whether a Content-Type (NULL: none) is text/csv, in whatever
 * charset: the bytes tell it better.
 */
bool param_content_type_csv(const char *content_type);

/*
 * param_content_type_beacon - the same, or plain text in UTF-8: what navigator.sendBeacon
 * makes of a string. A page of another site may send that unasked: for routes where a
 * forged request does no harm.
 */
bool param_content_type_beacon(const char *content_type);

#endif
