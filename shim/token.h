/*
 * token.h - access tokens: JWT, HS256 and nothing else.
 */
#ifndef MJC_SHIM_TOKEN_H
#define MJC_SHIM_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "request.h"

#define TOKEN_MAX_BYTES 2048
#define TOKEN_SECRET_MIN 32
#define TOKEN_SKEW_S 30
#define TOKEN_STAFF_LIFE_S 28800 /* 8 h, also the longest life accepted */
#define TOKEN_CUSTOMER_LIFE_S 900

/* The keys; len 0 means there is none. Borrowed, never copied. */
struct token_secrets
{
	struct str current;
	struct str previous;
};

/*
 * token_verify - check a token and read who it speaks for.
 *
 * now_s: seconds since 1970. On success *out is filled with present = true;
 * token_id is the session the token belongs to, or without one its own id.
 * Returns ERROR_NONE, ERROR_TOKEN_EXPIRED (everything else was right) or
 * ERROR_TOKEN_INVALID; *out is then all zero.
 */
enum error_id token_verify(const struct token_secrets *secrets, const char *token, size_t len,
						   int64_t now_s, struct caller *out);

/*
 * token_mint - sign a token for who->account_id, role and token_version.
 *
 * who->token_id: the session it belongs to, or empty. life_s: seconds; lives past
 * TOKEN_STAFF_LIFE_S can be signed but token_verify refuses them.
 * Returns malloc'ed text; NULL when a claim is not well formed, the secret is
 * shorter than TOKEN_SECRET_MIN, or without memory.
 */
char *token_mint(const struct token_secrets *secrets, const struct caller *who, int64_t now_s,
				 int64_t life_s);

#endif
