/*
 * unit_id_token.c - tests of id_token.c, with a key pair of their own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>

#include "../../shim/id_token.h"
#include "../../shim/text.h"
#include "tap.h"

#define LEN(array) (sizeof(array) / sizeof((array)[0]))
#define NOW 1800000000LL
#define CLIENT "shop.apps.example"
#define HEADER "{\"alg\":\"RS256\",\"kid\":\"one\",\"typ\":\"JWT\"}"
#define ISS "\"iss\":\"https://accounts.google.com\""
#define AUD ",\"aud\":\"" CLIENT "\""
#define SUB ",\"sub\":\"1234567890\""
#define EMAIL ",\"email\":\"Amina@Example.dz\""
#define VERIFIED ",\"email_verified\":true"
#define TIMES ",\"iat\":1799999990,\"exp\":1800003600"
#define NAMES ",\"given_name\":\"أمينة\",\"family_name\":\"Ben Ali\""
#define GOOD "{" ISS AUD SUB EMAIL VERIFIED TIMES NAMES "}"

static char path[] = "/tmp/mjc-unit-jwks.XXXXXX";

/* ---- Keys and tokens ---- */

static size_t
number_of(EVP_PKEY *key, const char *name, char *out)
{
	BIGNUM *number = NULL;
	unsigned char bytes[1024];
	size_t len;

	EVP_PKEY_get_bn_param(key, name, &number);
	len = (size_t) BN_bn2bin(number, bytes);
	BN_free(number);
	return text_base64url_encode(bytes, len, out);
}

/* One entry of a JWKS for a key; more: further members. */
static void
jwk_print(FILE *out, EVP_PKEY *key, const char *kid, const char *more)
{
	char n[1400], e[20];

	number_of(key, OSSL_PKEY_PARAM_RSA_N, n);
	number_of(key, OSSL_PKEY_PARAM_RSA_E, e);
	fprintf(out, "{\"kty\":\"RSA\",\"kid\":\"%s\",\"n\":\"%s\",\"e\":\"%s\"%s}", kid, n, e, more);
}

/* Replace the file by another one, as an operator's job does. */
static void
file_write(EVP_PKEY *key, const char *kid, const char *more)
{
	char fresh[64];
	FILE *out;

	snprintf(fresh, sizeof(fresh), "%s.new", path);
	out = fopen(fresh, "w");
	if (key == NULL)
		fputs(more, out);
	else
	{
		fputs("{\"keys\":[", out);
		jwk_print(out, key, kid, more);
		fputs("]}", out);
	}
	fclose(out);
	rename(fresh, path);
}

/* Sign any header and claims, right or wrong. malloc'ed. */
static char *
forge(EVP_PKEY *key, const char *header, const char *claims)
{
	char *token = malloc(16384);
	unsigned char signature[512];
	size_t size = sizeof(signature);
	size_t n = text_base64url_encode((const unsigned char *) header, strlen(header), token);
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	token[n++] = '.';
	n += text_base64url_encode((const unsigned char *) claims, strlen(claims), token + n);
	EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key);
	EVP_DigestSign(context, signature, &size, (const unsigned char *) token, n);
	EVP_MD_CTX_free(context);
	token[n++] = '.';
	text_base64url_encode(signature, size, token + n);
	return token;
}

static bool
accepts(struct id_keys *keys, EVP_PKEY *key, const char *header, const char *claims)
{
	char *token = forge(key, header, claims);
	struct id_person person;
	bool good = id_keys_verify(keys, token, NOW, &person);

	free(token);
	return good && person.email[0] != '\0';
}

/* ---- Tests ---- */

static void
test_person(struct id_keys *keys, EVP_PKEY *key)
{
	char *token = forge(key, HEADER, GOOD);
	struct id_person person;

	tap_ok(id_keys_verify(keys, token, NOW, &person), "id token: good");
	tap_text(person.subject, "1234567890", "id token: its subject");
	tap_text(person.email, "amina@example.dz", "id token: its e-mail");
	tap_text(person.first_name, "أمينة", "id token: its first name");
	tap_text(person.last_name, "Ben Ali", "id token: its last name");
	token[strlen(token) - 3] ^= 1;
	tap_ok(!id_keys_verify(keys, token, NOW, &person) && person.email[0] == '\0',
		   "id token: not with another signature");
	free(token);
	tap_ok(!id_keys_verify(keys, "", NOW, &person) && !id_keys_verify(keys, "..", NOW, &person) &&
			   !id_keys_verify(keys, "a.b", NOW, &person),
		   "id token: no token");
}

static void
test_claims(struct id_keys *keys, EVP_PKEY *key)
{
	static const struct
	{
		const char *claims;
		bool good;
		const char *name;
	} cases[] = {
		{"{\"iss\":\"accounts.google.com\"" AUD SUB EMAIL VERIFIED TIMES "}", true, "short issuer"},
		{"{\"iss\":\"https://accounts.google.com.evil.dz\"" AUD SUB EMAIL VERIFIED TIMES "}", false,
		 "another issuer"},
		{"{" ISS ",\"aud\":\"other\"" SUB EMAIL VERIFIED TIMES "}", false, "for another client"},
		{"{" ISS ",\"aud\":[\"" CLIENT "\"]" SUB EMAIL VERIFIED TIMES "}", false, "aud as a list"},
		{"{" ISS SUB EMAIL VERIFIED TIMES "}", false, "for nobody"},
		{"{" ISS AUD EMAIL VERIFIED TIMES "}", false, "without a subject"},
		{"{" ISS AUD ",\"sub\":\"\"" EMAIL VERIFIED TIMES "}", false, "with an empty one"},
		{"{" ISS AUD SUB VERIFIED TIMES "}", false, "without an e-mail"},
		{"{" ISS AUD SUB ",\"email\":\"x\"" VERIFIED TIMES "}", false, "with half an e-mail"},
		{"{" ISS AUD SUB EMAIL TIMES "}", false, "e-mail not said to be verified"},
		{"{" ISS AUD SUB EMAIL ",\"email_verified\":false" TIMES "}", false, "e-mail not verified"},
		{"{" ISS AUD SUB EMAIL ",\"email_verified\":\"true\"" TIMES "}", false,
		 "verified as a text"},
		{"{" ISS AUD SUB EMAIL ",\"email_verified\":1" TIMES "}", false, "verified as a number"},
		{"{" ISS AUD SUB EMAIL VERIFIED ",\"iat\":1799999990}", false, "without an end"},
		{"{" ISS AUD SUB EMAIL VERIFIED ",\"exp\":1800003600}", false, "without a beginning"},
		{"{" ISS AUD SUB EMAIL VERIFIED ",\"iat\":1799990000,\"exp\":1799999971}", true,
		 "ended within the skew"},
		{"{" ISS AUD SUB EMAIL VERIFIED ",\"iat\":1799990000,\"exp\":1799999970}", false, "ended"},
		{"{" ISS AUD SUB EMAIL VERIFIED ",\"iat\":1800000030,\"exp\":1800003600}", true,
		 "issued within the skew"},
		{"{" ISS AUD SUB EMAIL VERIFIED ",\"iat\":1800000031,\"exp\":1800003600}", false,
		 "issued later"},
		{"{" ISS AUD SUB EMAIL VERIFIED ",\"iat\":1799999990,\"exp\":\"1800003600\"}", false,
		 "an end as a text"},
		{"{" ISS AUD SUB EMAIL EMAIL VERIFIED TIMES "}", false, "a claim twice"},
		{"{" ISS AUD SUB ",\"email\":\"a\\nb@c.dz\"" VERIFIED TIMES "}", false,
		 "control characters"},
		{"[]", false, "a list"},
		{"", false, "nothing"},
	};

	for (size_t i = 0; i < LEN(cases); i++)
		tap_ok(accepts(keys, key, HEADER, cases[i].claims) == cases[i].good, "id token: %s",
			   cases[i].name);
}

static void
test_headers(struct id_keys *keys, EVP_PKEY *key)
{
	static const char *const bad[] = {
		"{\"alg\":\"none\",\"kid\":\"one\"}",
		"{\"alg\":\"HS256\",\"kid\":\"one\"}",
		"{\"alg\":\"RS512\",\"kid\":\"one\"}",
		"{\"alg\":\"rs256\",\"kid\":\"one\"}",
		"{\"alg\":\"RS256\"}",
		"{\"alg\":\"RS256\",\"kid\":\"two\"}",
		"{\"alg\":\"RS256\",\"kid\":7}",
		"{\"alg\":\"RS256\",\"kid\":\"one\",\"crit\":[\"exp\"]}",
		"{\"alg\":\"RS256\",\"kid\":\"one\",\"typ\":\"JWE\"}",
		"{\"alg\":\"RS256\",\"alg\":\"RS256\",\"kid\":\"one\"}",
		"[]",
		"",
	};

	tap_ok(accepts(keys, key, "{\"alg\":\"RS256\",\"kid\":\"one\"}", GOOD), "id token: no typ");
	tap_ok(
		accepts(keys, key, "{\"alg\":\"RS256\",\"kid\":\"one\",\"jku\":\"https://evil.dz\"}", GOOD),
		"id token: an address of keys is not looked at");
	for (size_t i = 0; i < LEN(bad); i++)
		tap_ok(!accepts(keys, key, bad[i], GOOD), "id token: header %s", bad[i]);
}

static void
test_file(struct id_keys *keys, EVP_PKEY *key, EVP_PKEY *other)
{
	EVP_PKEY *small = EVP_RSA_gen(1024);

	tap_ok(!accepts(keys, other, HEADER, GOOD), "jwks: not signed by another key");
	file_write(other, "one", ",\"alg\":\"RS256\",\"use\":\"sig\"");
	tap_ok(accepts(keys, other, HEADER, GOOD), "jwks: read again when it has changed");
	tap_ok(!accepts(keys, key, HEADER, GOOD), "jwks: the old key is gone");
	file_write(NULL, NULL, "{\"keys\":[");
	tap_ok(accepts(keys, other, HEADER, GOOD), "jwks: half a file leaves the old ones");
	file_write(NULL, NULL, "{\"keys\":[]}");
	tap_ok(accepts(keys, other, HEADER, GOOD), "jwks: so does one without keys");
	unlink(path);
	tap_ok(accepts(keys, other, HEADER, GOOD), "jwks: and none at all");
	file_write(key, "one", ",\"use\":\"enc\"");
	tap_ok(!accepts(keys, key, HEADER, GOOD), "jwks: a key for something else");
	file_write(key, "one", ",\"alg\":\"RS512\"");
	tap_ok(!accepts(keys, key, HEADER, GOOD), "jwks: a key for another algorithm");
	file_write(small, "one", "");
	tap_ok(!accepts(keys, small, HEADER, GOOD), "jwks: a key of 1024 bits");
	file_write(key, "one", "");
	tap_ok(accepts(keys, key, HEADER, GOOD), "jwks: and the first again");
	EVP_PKEY_free(small);
}

void
test_id_token(void)
{
	EVP_PKEY *key = EVP_RSA_gen(2048);
	EVP_PKEY *other = EVP_RSA_gen(2048);
	struct id_keys *keys, *nobody;
	int fd = mkstemp(path);

	close(fd);
	file_write(key, "one", "");
	keys = id_keys_new(path, CLIENT);
	nobody = id_keys_new("", "");
	test_person(keys, key);
	test_claims(keys, key);
	test_headers(keys, key);
	test_file(keys, key, other);
	tap_ok(!accepts(nobody, key, HEADER, GOOD), "id token: none where none are wanted");
	id_keys_free(keys);
	id_keys_free(nobody);
	id_keys_free(NULL);
	unlink(path);
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
}
