/*
 * id_token.c - id tokens of Google: JWT, RS256 and nothing else.
 *
 * Invariants: the header chooses among the keys of our file, never an
 * algorithm; no claim is read before the signature has been verified.
 */
#include "id_token.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "text.h"

#define SKEW_S 30
#define FILE_BYTES_MAX 65536
#define MODULUS_BYTES_MIN 256 /* 2048 bits */
#define MODULUS_BYTES_MAX 512

struct id_keys
{
	const char *file;
	const char *client_id;
	struct timespec changed; /* of the file that was looked at last */
	ino_t inode;
	json_t *keys; /* array of JWK objects, or NULL */
};

/* ---- The file ---- */

struct id_keys *
id_keys_new(const char *jwks_file, const char *client_id)
{
	struct id_keys *keys = calloc(1, sizeof(*keys));

	if (keys == NULL)
		return NULL;
	keys->file = jwks_file;
	keys->client_id = client_id;
	return keys;
}

void
id_keys_free(struct id_keys *keys)
{
	if (keys == NULL)
		return;
	json_decref(keys->keys);
	free(keys);
}

/* The array of keys in an open file; NULL when it holds none. */
static json_t *
keys_parse(int fd)
{
	char *text = malloc(FILE_BYTES_MAX);
	size_t len = 0;
	ssize_t n = 0;
	json_t *root, *list;

	if (text == NULL)
		return NULL;
	while (len < FILE_BYTES_MAX && (n = read(fd, text + len, FILE_BYTES_MAX - len)) > 0)
		len += (size_t) n;
	root =
		n < 0 || len == FILE_BYTES_MAX ? NULL : json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	free(text);
	list = json_object_get(root, "keys");
	list = json_array_size(list) > 0 ? json_incref(list) : NULL;
	json_decref(root);
	return list;
}

/* Look whether the file is another one than at the last look. */
static void
keys_update(struct id_keys *keys)
{
	int fd = open(keys->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat now;
	json_t *list;

	if (fd < 0)
		return;
	if (fstat(fd, &now) == 0 && S_ISREG(now.st_mode) &&
		(now.st_mtim.tv_sec != keys->changed.tv_sec ||
		 now.st_mtim.tv_nsec != keys->changed.tv_nsec || now.st_ino != keys->inode))
	{
		list = keys_parse(fd);
		if (list != NULL)
		{
			keys->changed = now.st_mtim;
			keys->inode = now.st_ino;
			json_decref(keys->keys);
			keys->keys = list;
		}
	}
	close(fd);
}

/* ---- One key ---- */

static bool
text_is(const json_t *object, const char *name, const char *want)
{
	const char *value = json_string_value(json_object_get(object, name));

	return value != NULL && strcmp(value, want) == 0;
}

static BIGNUM *
key_number(const json_t *jwk, const char *name, size_t min, size_t max)
{
	const json_t *value = json_object_get(jwk, name);
	unsigned char bytes[MODULUS_BYTES_MAX + 4];
	size_t len = json_string_length(value);
	size_t n;

	if (!json_is_string(value) || len > sizeof(bytes) * 4 / 3 - 4 ||
		!text_base64url_decode(json_string_value(value), len, bytes, &n) || n < min || n > max)
		return NULL;
	return BN_bin2bn(bytes, (int) n, NULL);
}

/* The public key of its two numbers; NULL when OpenSSL does not take them. */
static EVP_PKEY *
key_build(const BIGNUM *modulus, const BIGNUM *exponent)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;

	if (build != NULL && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, modulus) == 1 &&
		OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, exponent) == 1)
		params = OSSL_PARAM_BLD_to_param(build);
	if (context == NULL || params == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
		EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		key = NULL;
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(context);
	return key;
}

/* The key that a token's header names; NULL without it. */
static EVP_PKEY *
key_find(const json_t *keys, const json_t *header)
{
	const char *kid = json_string_value(json_object_get(header, "kid"));
	BIGNUM *modulus, *exponent;
	EVP_PKEY *key = NULL;
	json_t *jwk;
	size_t i;

	if (kid == NULL)
		return NULL;
	json_array_foreach (keys, i, jwk)
	{
		if (!text_is(jwk, "kid", kid) || !text_is(jwk, "kty", "RSA"))
			continue;
		if ((json_object_get(jwk, "alg") != NULL && !text_is(jwk, "alg", "RS256")) ||
			(json_object_get(jwk, "use") != NULL && !text_is(jwk, "use", "sig")))
			continue;
		modulus = key_number(jwk, "n", MODULUS_BYTES_MIN, MODULUS_BYTES_MAX);
		exponent = key_number(jwk, "e", 1, 4);
		if (modulus != NULL && exponent != NULL)
			key = key_build(modulus, exponent);
		BN_free(modulus);
		BN_free(exponent);
		return key;
	}
	return NULL;
}

/* ---- One token ---- */

/* New reference to the object in a base64url part, or NULL. */
static json_t *
part_object(const char *part, size_t len)
{
	unsigned char raw[ID_TOKEN_MAX_BYTES];
	size_t n;
	json_t *json;

	if (!text_base64url_decode(part, len, raw, &n))
		return NULL;
	json = json_loadb((const char *) raw, n, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(json))
		return json;
	json_decref(json);
	return NULL;
}

/* The header: our algorithm, and nothing that a verifier must understand. */
static json_t *
header_read(const char *part, size_t len)
{
	json_t *header = part_object(part, len);

	if (text_is(header, "alg", "RS256") && json_object_get(header, "crit") == NULL &&
		(json_object_get(header, "typ") == NULL || text_is(header, "typ", "JWT")))
		return header;
	json_decref(header);
	return NULL;
}

static bool
signature_good(EVP_PKEY *key, const char *text, size_t len, const char *signature,
			   size_t signature_len)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char bytes[ID_TOKEN_MAX_BYTES];
	size_t n;
	bool good = context != NULL && key != NULL &&
				text_base64url_decode(signature, signature_len, bytes, &n) &&
				EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
				EVP_DigestVerify(context, bytes, n, (const unsigned char *) text, len) == 1;

	EVP_MD_CTX_free(context);
	return good;
}

static bool
claim_time(const json_t *claims, const char *name, int64_t *out)
{
	const json_t *value = json_object_get(claims, name);

	*out = json_integer_value(value);
	return json_is_integer(value) && *out >= 0 && *out <= (int64_t) 1 << 40;
}

static bool
claims_good(const json_t *claims, const char *client_id, int64_t now_s)
{
	int64_t issued, expires;

	if (!text_is(claims, "iss", "accounts.google.com") &&
		!text_is(claims, "iss", "https://accounts.google.com"))
		return false;
	if (!text_is(claims, "aud", client_id) ||
		!json_is_true(json_object_get(claims, "email_verified")))
		return false;
	return claim_time(claims, "iat", &issued) && claim_time(claims, "exp", &expires) &&
		   issued <= now_s + SKEW_S && expires > now_s - SKEW_S && expires > issued;
}

/* Copy a claim that is a text without control characters; a name that is too long is cut. */
static bool
claim_text(const json_t *claims, const char *name, char *out, size_t size, bool cut)
{
	const json_t *value = json_object_get(claims, name);
	const char *text = json_string_value(value);
	size_t len = json_string_length(value);

	out[0] = '\0';
	if (text == NULL || text_has_control(text, len, false) || (len >= size && !cut))
		return false;
	if (len >= size)
	{
		len = size - 1;
		while (len > 0 && ((unsigned char) text[len] & 0xC0) == 0x80)
			len--;
	}
	memcpy(out, text, len);
	out[len] = '\0';
	return len > 0;
}

static bool
person_read(const json_t *claims, struct id_person *out)
{
	(void) claim_text(claims, "given_name", out->first_name, sizeof(out->first_name), true);
	(void) claim_text(claims, "family_name", out->last_name, sizeof(out->last_name), true);
	if (!claim_text(claims, "sub", out->subject, sizeof(out->subject), false) ||
		!claim_text(claims, "email", out->email, sizeof(out->email), false))
		return false;
	text_lower(out->email);
	return strchr(out->email, '@') != NULL;
}

bool
id_keys_verify(struct id_keys *keys, const char *token, int64_t now_s, struct id_person *out)
{
	size_t len = strlen(token);
	const char *claims_at = strchr(token, '.');
	const char *signature = claims_at == NULL ? NULL : strchr(claims_at + 1, '.');
	json_t *header, *claims = NULL;
	EVP_PKEY *key;
	bool good;

	memset(out, 0, sizeof(*out));
	if (keys->client_id[0] == '\0' || len > ID_TOKEN_MAX_BYTES || signature == NULL)
		return false;
	keys_update(keys);
	header = header_read(token, (size_t) (claims_at - token));
	key = header == NULL ? NULL : key_find(keys->keys, header);
	good = signature_good(key, token, (size_t) (signature - token), signature + 1,
						  len - (size_t) (signature - token) - 1);
	if (good)
		claims = part_object(claims_at + 1, (size_t) (signature - claims_at) - 1);
	good =
		claims != NULL && claims_good(claims, keys->client_id, now_s) && person_read(claims, out);
	if (!good)
		memset(out, 0, sizeof(*out));
	EVP_PKEY_free(key);
	json_decref(header);
	json_decref(claims);
	return good;
}
