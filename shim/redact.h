/*
 * redact.h - take out of a text what looks like a secret.
 */
#ifndef MJC_SHIM_REDACT_H
#define MJC_SHIM_REDACT_H

#include <stddef.h>

/*
 * redact - copy a text; what has the shape of a secret becomes its kind in brackets.
 *
 * [jwt], [hash] (bcrypt), [card] (13 to 19 digits that satisfy Luhn, blanks or
 * hyphens between them), [email], [token] (40 or more letters and digits as
 * base64url mixes them). out: NUL-terminated, cut at cap - 1 bytes; cap > 0.
 */
void redact(const char *in, char *out, size_t cap);

#endif
