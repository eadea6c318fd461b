/*
 * error.h - business errors: identifier, SQLSTATE, status and rendered body.
 *
 * The list is extension/errcodes.def. Values of the named places come from the
 * DETAIL of the database error or from the route table, never from the request.
 */
#ifndef MJC_SHIM_ERROR_H
#define MJC_SHIM_ERROR_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

enum error_id
{
	ERROR_NONE,
#define MJC_ERROR(name, sqlstate, status, en, fr, ar) ERROR_##name,
#include "../extension/errcodes.def"
#undef MJC_ERROR
	ERROR__MAX
};

enum lang
{
	LANG_FR,
	LANG_AR
};

/* One thing to tell the client. Zero-initialised it holds nothing. */
struct problem
{
	enum error_id id;
	json_t *values;	 /* object or NULL; owned */
	json_t *fields;	 /* array of {field, id, values} or NULL; owned */
	int retry_after; /* seconds; 0: the default of the status */
};

/* error_set - forget what p held and make it the plain error id. */
void error_set(struct problem *p, enum error_id id);

/*
 * error_set_pg - forget what p held and fill it from a database error.
 *
 * sqlstate, detail: as PQresultErrorField gives them, both may be NULL. A
 * detail that is not a JSON object is ignored.
 */
void error_set_pg(struct problem *p, const char *sqlstate, const char *detail);

/*
 * error_add_field - add one refused field; the first error of a field stays.
 *
 * p becomes VALIDATION_ERROR. field: name as the client wrote it, with index.
 * values: object or NULL; the reference is taken over even on failure.
 * Past ERROR_MAX_FIELDS further fields are dropped.
 */
#define ERROR_MAX_FIELDS 60
void error_add_field(struct problem *p, const char *field, enum error_id id, json_t *values);

/* error_free - release what p holds and clear it; safe on a zeroed struct. */
void error_free(struct problem *p);

/*
 * error_lang - language of the answer from Accept-Language (may be NULL).
 *
 * The better weighted of French and Arabic; French when neither is named.
 */
enum lang error_lang(const char *accept_language);

/*
 * error_body - the JSON body of a problem.
 *
 * {success:false, message, error, code, retryAfter? (429), errors?:[{field,path,msg,message}]}
 * Returns: malloc'ed, NUL-terminated, *len bytes; NULL without memory.
 * *status: the HTTP status, set in any case.
 */
char *error_body(const struct problem *p, enum lang lang, int *status, size_t *len);

/*
 * error_messages - a reply of the database with texts for the entries of "errors".
 *
 * json: an object whose member "errors" lists objects {code, values?, ...}: code
 * is a name of errcodes.def, values fill the places of its text. Each entry
 * gets a member "message" and loses "values"; all else stays.
 * Returns: malloc'ed, NUL-terminated, *len bytes; NULL without memory or when
 * json is not such an object.
 */
char *error_messages(const char *json, enum lang lang, size_t *len);

/* error_code - the stable name, "NOT_FOUND"; never NULL. */
const char *error_code(enum error_id id);

/* error_status - the HTTP status of an error; 500 for ERROR_NONE. */
int error_status(enum error_id id);

/*
 * error_retry_after - seconds for Retry-After: at least 1 for 429, 503,
 * CONFLICT_RETRY and IDEMPOTENCY_IN_PROGRESS, else 0.
 */
int error_retry_after(const struct problem *p);

/*
 * error_from_sqlstate - what a SQLSTATE (may be NULL) means for the client.
 *
 * 40001, 40P01 and 55P03 are CONFLICT_RETRY. Unknown ones are INTERNAL_ERROR.
 */
enum error_id error_from_sqlstate(const char *sqlstate);

/* error_from_code - the error of a name; INTERNAL_ERROR for any other (NULL too). */
enum error_id error_from_code(const char *code);

/* error_is_retryable - whether the whole call may be sent again: 40001 40P01 55P03. */
bool error_is_retryable(const char *sqlstate);

#endif
