/*
 * refresh.h - refresh tokens: what a client continues its session with.
 *
 * A token is 16 bytes of session id and 32 secret ones, 64 characters of
 * base64url. The database sees the SHA-256 of the secret bytes only.
 */
#ifndef MJC_SHIM_REFRESH_H
#define MJC_SHIM_REFRESH_H

#include <stdbool.h>
#include <stddef.h>

#include "text.h"
#include "token.h"

#define REFRESH_BYTES 48
#define REFRESH_SIZE 65
#define REFRESH_LIFE_S 604800 /* 7 days from the last use */
#define DIGEST_SIZE 67		  /* \x and the hex of SHA-256: a bytea as text */

struct refresh_token
{
	char text[REFRESH_SIZE]; /* empty: none */
	char session_id[TEXT_UUID_SIZE];
	char digest[DIGEST_SIZE];
};

/* refresh_make - the token of a new session; false when the system has no randomness. */
bool refresh_make(struct refresh_token *out);

/* refresh_read - take a token apart as sent; false, and *out empty, when it is none. */
bool refresh_read(const char *text, size_t len, struct refresh_token *out);

/*
 * refresh_child - the token that follows another one in its session.
 *
 * The same for the same parent and secret, so that two tabs that refresh at
 * once get one child and the session does not fork. Signed with the current
 * secret. Returns false without a usable secret.
 */
bool refresh_child(const struct token_secrets *secrets, const struct refresh_token *parent,
				   struct refresh_token *out);

/* digest_hex - the SHA-256 of len bytes as a bytea literal. */
void digest_hex(const unsigned char *bytes, size_t len, char out[DIGEST_SIZE]);

#endif
