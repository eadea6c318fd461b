/*
 * device.h - the cookie of a device that an account has signed in from.
 *
 * Failed sign-ins are counted for each device that is known for an account and
 * once for all the others, so that a stranger who tries passwords locks out
 * strangers, never the owner where he has signed in before.
 */
#ifndef MJC_SHIM_DEVICE_H
#define MJC_SHIM_DEVICE_H

#include <stdbool.h>

#include "token.h"

#define DEVICE_ID_SIZE 23	 /* 16 random bytes in base64url */
#define DEVICE_TOKEN_SIZE 65 /* those and 32 bytes of signature */
#define DEVICE_LIFE_S 31536000

/*
 * device_read - the id in the cookie of a Cookie header (may be NULL).
 *
 * email: the account's, in lower case; a cookie given for another one does not
 * count. Returns false, and an empty id, for no cookie, several, or a wrong one.
 */
bool device_read(const struct token_secrets *secrets, const char *cookies, const char *email,
				 char id[DEVICE_ID_SIZE]);

/*
 * device_make - the cookie's value for a device and an account.
 *
 * id: of a known device, or empty: filled with a fresh one. Signed with the
 * current secret. Returns false without randomness or a usable secret.
 */
bool device_make(const struct token_secrets *secrets, const char *email, char id[DEVICE_ID_SIZE],
				 char token[DEVICE_TOKEN_SIZE]);

#endif
