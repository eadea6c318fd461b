/*
 * id_token.h - id tokens of Google: JWT, RS256 and nothing else.
 *
 * The keys come from a file that the operator keeps up to date (Google's JWKS);
 * the shim itself does not ask Google.
 */
#ifndef MJC_SHIM_ID_TOKEN_H
#define MJC_SHIM_ID_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ID_TOKEN_MAX_BYTES 4096

/* Whom Google vouches for; names may be empty. */
struct id_person
{
	char subject[256];
	char email[255]; /* verified, in lower case */
	char first_name[101];
	char last_name[101];
};

struct id_keys;

/*
 * id_keys_new - the keys of a JWKS file for one client.
 *
 * jwks_file, client_id: borrowed; with an empty client_id every token is refused.
 * Returns NULL without memory. Free with id_keys_free.
 */
struct id_keys *id_keys_new(const char *jwks_file, const char *client_id);

/* id_keys_free - release; NULL is fine. */
void id_keys_free(struct id_keys *keys);

/*
 * id_keys_verify - check an id token and read who it is about.
 *
 * now_s: seconds since 1970. The file is read again when it has changed; one
 * that cannot be read or holds no keys leaves the old ones. Returns false, and
 * *out empty, for anything but a current token of Google, for our client, of a
 * person whose e-mail is verified.
 */
bool id_keys_verify(struct id_keys *keys, const char *token, int64_t now_s, struct id_person *out);

#endif
