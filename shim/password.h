/*
 * password.h - whether a new password may be used.
 */
#ifndef MJC_SHIM_PASSWORD_H
#define MJC_SHIM_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

#define PASSWORD_BYTES_MIN 8
#define PASSWORD_BYTES_MAX 72 /* bcrypt reads no more */

/*
 * password_good - whether a password is long enough and not easily guessed.
 *
 * len: bytes, of which bcrypt takes 8 to 72 of UTF-8 without NUL. words: what
 * is known of the person (e-mail, names), entries may be NULL. Nothing is asked
 * about kinds of characters.
 */
bool password_good(const char *password, size_t len, const char *const *words, size_t nwords);

#endif
