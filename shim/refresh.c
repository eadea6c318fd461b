/*
 * refresh.c - refresh tokens: what a client continues its session with.
 */
#include "refresh.h"

#include <limits.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#define ID_BYTES 16
#define LABEL "refresh" /* keeps these signatures apart from others of the same secret */

void
digest_hex(const unsigned char *bytes, size_t len, char out[DIGEST_SIZE])
{
	unsigned char hash[SHA256_DIGEST_LENGTH];

	SHA256(bytes, len, hash);
	memcpy(out, "\\x", 2);
	text_hex(hash, sizeof(hash), out + 2);
}

static void
uuid_text(const unsigned char id[ID_BYTES], char out[TEXT_UUID_SIZE])
{
	char hex[2 * ID_BYTES + 1];
	size_t at = 0;

	text_hex(id, ID_BYTES, hex);
	for (size_t i = 0; i < 2 * ID_BYTES; i++)
	{
		if (i == 8 || i == 12 || i == 16 || i == 20)
			out[at++] = '-';
		out[at++] = hex[i];
	}
	out[at] = '\0';
}

/* Fill a token in from its bytes, which are wiped. */
static void
refresh_fill(unsigned char bytes[REFRESH_BYTES], struct refresh_token *out)
{
	uuid_text(bytes, out->session_id);
	digest_hex(bytes + ID_BYTES, REFRESH_BYTES - ID_BYTES, out->digest);
	text_base64url_encode(bytes, REFRESH_BYTES, out->text);
	explicit_bzero(bytes, REFRESH_BYTES);
}

bool
refresh_make(struct refresh_token *out)
{
	unsigned char bytes[REFRESH_BYTES];

	memset(out, 0, sizeof(*out));
	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t) sizeof(bytes))
		return false;
	bytes[6] = (unsigned char) ((bytes[6] & 0x0f) | 0x40); /* a uuid of version 4 */
	bytes[8] = (unsigned char) ((bytes[8] & 0x3f) | 0x80);
	refresh_fill(bytes, out);
	return true;
}

bool
refresh_read(const char *text, size_t len, struct refresh_token *out)
{
	unsigned char bytes[REFRESH_BYTES];
	size_t n;

	memset(out, 0, sizeof(*out));
	if (len != REFRESH_SIZE - 1 || !text_base64url_decode(text, len, bytes, &n) ||
		n != REFRESH_BYTES)
		return false;
	refresh_fill(bytes, out);
	return true;
}

bool
refresh_child(const struct token_secrets *secrets, const struct refresh_token *parent,
			  struct refresh_token *out)
{
	const struct str *key = &secrets->current;
	unsigned char text[sizeof(LABEL) - 1 + REFRESH_BYTES];
	unsigned char bytes[REFRESH_BYTES];
	unsigned char *parent_bytes = text + sizeof(LABEL) - 1;
	unsigned size = REFRESH_BYTES - ID_BYTES;
	size_t n;
	bool ok;

	memset(out, 0, sizeof(*out));
	if (key->len < TOKEN_SECRET_MIN || key->len > INT_MAX ||
		!text_base64url_decode(parent->text, strlen(parent->text), parent_bytes, &n) ||
		n != REFRESH_BYTES)
		return false;
	memcpy(text, LABEL, sizeof(LABEL) - 1);
	memcpy(bytes, parent_bytes, ID_BYTES);
	ok = HMAC(EVP_sha256(), key->ptr, (int) key->len, text, sizeof(text), bytes + ID_BYTES,
			  &size) != NULL;
	explicit_bzero(text, sizeof(text));
	if (ok)
		refresh_fill(bytes, out);
	return ok;
}
