/*
 * auth.h - who calls, may they, and does the request come from our pages.
 */
#ifndef MJC_SHIM_AUTH_H
#define MJC_SHIM_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "request.h"
#include "routes.h"
#include "token.h"

#define AUTH_COOKIE_ACCESS "accessToken"
#define AUTH_COOKIE_ADMIN "authToken"
#define AUTH_COOKIE_CART "cartToken"

#define AUTH_CORS_METHODS "GET, POST, PUT, DELETE, PATCH, OPTIONS"
#define AUTH_CORS_HEADERS                                                                          \
	"Origin, X-Requested-With, Content-Type, Accept, Authorization, Idempotency-Key, Accept-Language"
#define AUTH_CORS_EXPOSE "Idempotent-Replayed, Retry-After, X-Request-Id"
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
 * auth_login_caller - read id, role and tokenVersion of the user row that
 * mjc_api.staff_login_finish returned, ready for token_mint.
 *
 * Returns false when the text is not such a row.
 */
bool auth_login_caller(const char *user_json, struct caller *out);

/*
 * auth_login_body - the reply of a successful login.
 *
 * {success,message,token,user,data:{user,tokens:{accessToken,refreshToken:null}}}
 * where user is user_json without tokenVersion. Returns malloc'ed text of *len
 * bytes; NULL without memory or when user_json is not an object.
 */
char *auth_login_body(const char *user_json, const char *token, enum lang lang, size_t *len);

#endif
