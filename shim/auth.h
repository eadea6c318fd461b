/*
 * auth.h - who calls, may they, and does the request come from our pages.
 */
#ifndef MJC_SHIM_AUTH_H
#define MJC_SHIM_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "error.h"
#include "request.h"
#include "routes.h"
#include "token.h"

#define AUTH_COOKIE_ACCESS "accessToken"
#define AUTH_COOKIE_ADMIN "authToken"
#define AUTH_COOKIE_REFRESH "refreshToken"
#define AUTH_COOKIE_DEVICE "deviceToken"
#define AUTH_COOKIE_CART "cartToken"

#define AUTH_CORS_METHODS "GET, POST, PUT, DELETE, PATCH, OPTIONS"
#define AUTH_CORS_HEADERS                                                                          \
	"Origin, X-Requested-With, Content-Type, Accept, Authorization, Idempotency-Key, Accept-Language"
#define AUTH_CORS_EXPOSE                                                                           \
	"Content-Disposition, Idempotent-Replayed, Retry-After, X-Request-Id, RateLimit-Limit, "       \
	"RateLimit-Remaining, RateLimit-Reset"
#define AUTH_CORS_MAX_AGE "600"

/* What auth_check reads; any text may be NULL when the header is absent. */
struct auth_input
{
	const char *authorization;
	const char *cookie; /* several Cookie headers are joined with "; " */
	const char *origin;
	const char *sec_fetch_site;
	const char *scheme;		  /* "http" or "https"; NULL: either is ours */
	const char *host;		  /* the Host header */
	const char *cors_origins; /* comma list of config */
	int64_t now_s;			  /* seconds since 1970 */
	const struct token_secrets *secrets;
};

/*
 * auth_check - decide whether a request may reach its row.
 *
 * *out: the caller, or all zero when nobody is signed in.
 * Returns ERROR_NONE, or MALFORMED_REQUEST (a token cookie twice),
 * MISSING_TOKEN, TOKEN_INVALID, TOKEN_EXPIRED, ORIGIN_REFUSED, FORBIDDEN.
 */
enum error_id auth_check(const struct route *row, const struct auth_input *in, struct caller *out);

/* auth_role_allows - whether an account of that role name may call a row of role need. */
bool auth_role_allows(enum role need, const char *role_name);

/* auth_origin_listed - exact match of an Origin in a comma list; "null" and "*" never match. */
bool auth_origin_listed(const char *list, const char *origin);

/*
 * auth_cookie - find a cookie by name in a Cookie header (may be NULL).
 *
 * Returns how many cookies carry the name; *value is the first one's, pointing
 * into header, with quotes as sent.
 */
int auth_cookie(const char *header, const char *name, struct str *value);

/*
 * auth_cookie_line - the value of a Set-Cookie header for a token cookie.
 *
 * value: NULL clears the cookie. life_s: seconds. domain: NULL or "" leaves it
 * out. Returns false when cap is too small.
 */
bool auth_cookie_line(char *out, size_t cap, const char *name, const char *value, int life_s,
					  bool secure, const char *domain);

/*
 * auth_caller - whom a good token of a request speaks for, whatever its row.
 *
 * Returns false, and *out all zero, for none, a bad one or one by a cookie
 * that was sent twice.
 */
bool auth_caller(const struct auth_input *in, struct caller *out);

/* What the database answers to a sign-in or a refresh. */
struct auth_answer
{
	enum error_id refused; /* ERROR_NONE: the rest is set */
	struct caller who;	   /* without a token_id */
	json_t *user;		   /* object, owned */
};

/*
 * auth_answer_read - read {"user":{...},"tokenVersion":n} or {"refused":"CODE"}.
 *
 * Returns false when the text is neither. Free with auth_answer_free.
 */
bool auth_answer_read(const char *json, struct auth_answer *out);

/* auth_answer_free - release what auth_answer_read took; safe on a zeroed struct. */
void auth_answer_free(struct auth_answer *answer);

/* The shape of a reply that carries tokens. */
enum auth_welcome
{
	WELCOME_STAFF,	 /* {token,user,data:{user,tokens:{accessToken,refreshToken:null}}} */
	WELCOME_SIGN_IN, /* {data:{user,accessToken,refreshToken}} */
	WELCOME_REFRESH	 /* the same without a message, and of user what a page shows */
};

/*
 * auth_welcome_body - the reply to a sign-in or a refresh.
 *
 * {success,message?,...}; access and refresh are base64url and dots, refresh is
 * not read for WELCOME_STAFF. Returns malloc'ed text of *len bytes that holds
 * tokens (free it with auth_wipe); NULL without memory.
 */
char *auth_welcome_body(enum auth_welcome shape, const json_t *user, const char *access,
						const char *refresh, enum lang lang, size_t *len);

/* auth_wipe - overwrite a malloc'ed text and free it; NULL is fine. */
void auth_wipe(void *text);

#endif
