/*
 * device.c - the cookie of a device that an account has signed in from.
 */
#include "device.h"

#include <limits.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "auth.h"
#include "text.h"

#define ID_BYTES 16
#define MAC_BYTES 32
#define LABEL "device" /* keeps these signatures apart from others of the same secret */
#define EMAIL_BYTES 1024

/* Sign label, e-mail and id; false when the secret or the e-mail cannot be used. */
static bool
device_sign(const struct str *secret, const char *email, const unsigned char id[ID_BYTES],
			unsigned char mac[MAC_BYTES])
{
	unsigned char text[sizeof(LABEL) + EMAIL_BYTES + ID_BYTES];
	size_t len = strlen(email);
	unsigned size = MAC_BYTES;

	if (secret->len < TOKEN_SECRET_MIN || secret->len > INT_MAX || len > EMAIL_BYTES)
		return false;
	memcpy(text, LABEL, sizeof(LABEL) - 1);
	memcpy(text + sizeof(LABEL) - 1, email, len);
	memcpy(text + sizeof(LABEL) - 1 + len, id, ID_BYTES);
	return HMAC(EVP_sha256(), secret->ptr, (int) secret->len, text,
				sizeof(LABEL) - 1 + len + ID_BYTES, mac, &size) != NULL;
}

static bool
device_signed(const struct str *secret, const char *email, const unsigned char *bytes)
{
	unsigned char want[MAC_BYTES];

	return device_sign(secret, email, bytes, want) &&
		   CRYPTO_memcmp(want, bytes + ID_BYTES, MAC_BYTES) == 0;
}

bool
device_read(const struct token_secrets *secrets, const char *cookies, const char *email,
			char id[DEVICE_ID_SIZE])
{
	unsigned char bytes[ID_BYTES + MAC_BYTES];
	struct str value;
	size_t n;

	id[0] = '\0';
	if (auth_cookie(cookies, AUTH_COOKIE_DEVICE, &value) != 1 ||
		value.len != DEVICE_TOKEN_SIZE - 1 ||
		!text_base64url_decode(value.ptr, value.len, bytes, &n) || n != sizeof(bytes))
		return false;
	if (!device_signed(&secrets->current, email, bytes) &&
		!device_signed(&secrets->previous, email, bytes))
		return false;
	text_base64url_encode(bytes, ID_BYTES, id);
	return true;
}

bool
device_make(const struct token_secrets *secrets, const char *email, char id[DEVICE_ID_SIZE],
			char token[DEVICE_TOKEN_SIZE])
{
	unsigned char bytes[ID_BYTES + MAC_BYTES];
	size_t n = 0;

	token[0] = '\0';
	if (id[0] == '\0')
	{
		if (getrandom(bytes, ID_BYTES, 0) != ID_BYTES)
			return false;
		text_base64url_encode(bytes, ID_BYTES, id);
	}
	else if (!text_base64url_decode(id, strlen(id), bytes, &n) || n != ID_BYTES)
		return false;
	if (!device_sign(&secrets->current, email, bytes, bytes + ID_BYTES))
		return false;
	text_base64url_encode(bytes, sizeof(bytes), token);
	return true;
}
