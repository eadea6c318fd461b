/*
 * jwt.c - libFuzzer entry: access tokens.
 *
 * The input is taken as a whole token, and as header and claims ("header\n
 * claims") that are signed with the right secret, so that what stands behind
 * the signature is reached too. No token but a signed one may be accepted.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "../../shim/text.h"
#include "../../shim/token.h"

#define SECRET "0123456789abcdef0123456789abcdef"
#define NOW 1800000000
#define INPUT_MAX_BYTES 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct token_secrets secrets = {{SECRET, sizeof(SECRET) - 1}, {NULL, 0}};

static void
try_token(const char *token, size_t len, int may_pass)
{
	struct caller who;
	enum error_id result = token_verify(&secrets, token, len, NOW, &who);

	if (result == ERROR_NONE && (!may_pass || !who.present || strlen(who.account_id) != 36))
		abort();
	if (result != ERROR_NONE && who.present)
		abort();
}

static void
try_signed(const uint8_t *data, size_t size)
{
	const uint8_t *end = size == 0 ? NULL : memchr(data, '\n', size);
	size_t header = end == NULL ? 0 : (size_t) (end - data);
	char *token = malloc(2 * size + 128);
	unsigned char mac[32];
	size_t n;

	n = text_base64url_encode(data, header, token);
	token[n++] = '.';
	if (end != NULL)
		n += text_base64url_encode(end + 1, size - header - 1, token + n);
	HMAC(EVP_sha256(), SECRET, sizeof(SECRET) - 1, (const unsigned char *) token, n, mac, NULL);
	token[n++] = '.';
	n += text_base64url_encode(mac, sizeof(mac), token + n);
	try_token(token, n, 1);
	free(token);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy;

	if (size > INPUT_MAX_BYTES)
		return 0;
	copy = malloc(size + 1);
	if (size > 0)
		memcpy(copy, data, size);
	try_token(copy, size, 0);
	free(copy);
	try_signed(data, size);
	return 0;
}
