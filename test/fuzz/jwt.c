/*
 * jwt.c - libFuzzer entry: access tokens.
 *
 * The input is taken as a whole token, as header and claims ("header\n
 * claims"), and as claims behind our own header, both signed with the right
 * secret, so that what stands behind the signature is reached too. No token
 * but a signed one may be accepted.
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
try_signed(const uint8_t *header, size_t header_len, const uint8_t *claims, size_t claims_len)
{
	char *token = malloc(2 * (header_len + claims_len) + 128);
	unsigned char mac[32];
	size_t n = text_base64url_encode(header, header_len, token);

	token[n++] = '.';
	n += text_base64url_encode(claims, claims_len, token + n);
	HMAC(EVP_sha256(), SECRET, sizeof(SECRET) - 1, (const unsigned char *) token, n, mac, NULL);
	token[n++] = '.';
	n += text_base64url_encode(mac, sizeof(mac), token + n);
	try_token(token, n, 1);
	free(token);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t header[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
	const uint8_t *end = size == 0 ? NULL : memchr(data, '\n', size);
	char *copy;

	if (size > INPUT_MAX_BYTES)
		return 0;
	copy = calloc(size + 1, 1);
	if (size > 0)
		memcpy(copy, data, size);
	try_token(copy, size, 0);
	free(copy);
	try_signed(header, sizeof(header) - 1, data, size);
	if (end != NULL)
		try_signed(data, (size_t) (end - data), end + 1, size - (size_t) (end - data) - 1);
	return 0;
}
