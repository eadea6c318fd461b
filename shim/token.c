/*
 * token.c - access tokens.
 *
 * Invariants: nothing of a token is believed, and its claims are not parsed,
 * before the signature has been compared in constant time; the header is
 * compared with ours byte for byte and never parsed, so that it cannot choose
 * an algorithm or a key. What a token may hold is listed here and nowhere else.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "text.h"
#include "token.h"

#define TOKEN_ISSUER "mj-chauffage"
#define TOKEN_AUDIENCE "mj-chauffage-app"
#define MAC_BYTES 32
#define MAC_CHARS 43 /* of base64url */
#define HEADER_CHARS (sizeof(token_header) - 1)

/* {"alg":"HS256","typ":"JWT"}, the one header that is signed and accepted, as it is sent. */
static const char token_header[] = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

/* ---- Signature ---- */

static bool
sign(const struct str *secret, const char *text, size_t len, unsigned char mac[MAC_BYTES])
{
	unsigned size = MAC_BYTES;

	if (secret->len < TOKEN_SECRET_MIN || secret->len > INT_MAX)
		return false;
	return HMAC(EVP_sha256(), secret->ptr, (int) secret->len, (const unsigned char *) text, len,
				mac, &size) != NULL;
}

static bool
signed_with(const struct str *secret, const char *text, size_t len, const unsigned char *mac)
{
	unsigned char want[MAC_BYTES];

	return sign(secret, text, len, want) && CRYPTO_memcmp(want, mac, MAC_BYTES) == 0;
}

/* ---- Parts ---- */

/* New reference to the object in a base64url part, or NULL. */
static json_t *
part_object(const char *part, size_t len)
{
	unsigned char raw[TOKEN_MAX_BYTES];
	size_t raw_len;
	json_t *json;

	if (!text_base64url_decode(part, len, raw, &raw_len))
		return NULL;
	json = json_loadb((const char *) raw, raw_len, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(json))
		return json;
	json_decref(json);
	return NULL;
}

static bool
text_is(const json_t *object, const char *name, const char *want)
{
	const char *value = json_string_value(json_object_get(object, name));

	return value != NULL && strcmp(value, want) == 0;
}

/* Whether a claim is absent or the given text. */
static bool
text_is_or_absent(const json_t *object, const char *name, const char *want)
{
	return json_object_get(object, name) == NULL || text_is(object, name, want);
}

/* ---- Claims ---- */

static bool
claim_uuid(const json_t *claims, const char *name, char out[TEXT_UUID_SIZE])
{
	const json_t *value = json_object_get(claims, name);

	return json_is_string(value) &&
		   text_uuid_parse(json_string_value(value), json_string_length(value), out);
}

static bool
claim_int(const json_t *claims, const char *name, int64_t max, int64_t *out)
{
	const json_t *value = json_object_get(claims, name);

	*out = json_integer_value(value);
	return json_is_integer(value) && *out >= 0 && *out <= max;
}

static bool
role_known(const char *role)
{
	return strcmp(role, "CUSTOMER") == 0 || strcmp(role, "TECHNICIAN") == 0 ||
		   strcmp(role, "ADMIN") == 0 || strcmp(role, "SUPER_ADMIN") == 0;
}

static bool
claim_caller(const json_t *claims, struct caller *out)
{
	const char *role = json_string_value(json_object_get(claims, "role"));
	int64_t version;

	if (!claim_uuid(claims, "sub", out->account_id) || !claim_uuid(claims, "jti", out->token_id))
		return false;
	/* A token of a session goes by the session, whose end is the end of all its tokens. */
	if (json_object_get(claims, "sid") != NULL && !claim_uuid(claims, "sid", out->token_id))
		return false;
	if (role == NULL || !role_known(role) || !claim_int(claims, "tv", INT32_MAX, &version))
		return false;
	snprintf(out->role, sizeof(out->role), "%s", role);
	out->token_version = (long) version;
	out->present = true;
	return true;
}

/* Whether the token was meant for us and is an access token. */
static bool
claims_are_ours(const json_t *claims)
{
	return text_is(claims, "iss", TOKEN_ISSUER) && text_is(claims, "aud", TOKEN_AUDIENCE) &&
		   text_is_or_absent(claims, "typ", "access") &&
		   text_is_or_absent(claims, "type", "access");
}

static enum error_id
claims_time(const json_t *claims, int64_t now_s)
{
	const int64_t far = (int64_t) 1 << 40; /* keeps the sums below from overflowing */
	int64_t issued, expires, not_before;

	if (!claim_int(claims, "iat", far, &issued) || !claim_int(claims, "exp", far, &expires))
		return ERROR_TOKEN_INVALID;
	if (json_object_get(claims, "nbf") != NULL &&
		(!claim_int(claims, "nbf", far, &not_before) || not_before > now_s + TOKEN_SKEW_S))
		return ERROR_TOKEN_INVALID;
	if (issued > now_s + TOKEN_SKEW_S || expires <= issued ||
		expires - issued > TOKEN_STAFF_LIFE_S + TOKEN_SKEW_S)
		return ERROR_TOKEN_INVALID;
	return expires + TOKEN_SKEW_S <= now_s ? ERROR_TOKEN_EXPIRED : ERROR_NONE;
}

static enum error_id
claims_check(const char *part, size_t len, int64_t now_s, struct caller *out)
{
	json_t *claims = part_object(part, len);
	enum error_id result = ERROR_TOKEN_INVALID;

	if (claims != NULL && claims_are_ours(claims) && claim_caller(claims, out))
		result = claims_time(claims, now_s);
	json_decref(claims);
	return result;
}

/* ---- Verify and mint ---- */

enum error_id
token_verify(const struct token_secrets *secrets, const char *token, size_t len, int64_t now_s,
			 struct caller *out)
{
	unsigned char mac[MAC_BYTES];
	const char *claims, *signature;
	size_t mac_len, signed_len;
	enum error_id result;

	memset(out, 0, sizeof(*out));
	if (len <= HEADER_CHARS || len > TOKEN_MAX_BYTES || token[HEADER_CHARS] != '.' ||
		memcmp(token, token_header, HEADER_CHARS) != 0)
		return ERROR_TOKEN_INVALID;
	claims = token + HEADER_CHARS + 1;
	signature = memchr(claims, '.', len - (size_t) (claims - token));
	if (signature == NULL)
		return ERROR_TOKEN_INVALID;
	signed_len = (size_t) (signature - token);
	signature++;
	/* A fourth part has a dot, which base64url refuses. */
	if (len - signed_len - 1 != MAC_CHARS ||
		!text_base64url_decode(signature, MAC_CHARS, mac, &mac_len) || mac_len != MAC_BYTES)
		return ERROR_TOKEN_INVALID;
	if (!signed_with(&secrets->current, token, signed_len, mac) &&
		!signed_with(&secrets->previous, token, signed_len, mac))
		return ERROR_TOKEN_INVALID;
	result = claims_check(claims, signed_len - (size_t) (claims - token), now_s, out);
	if (result != ERROR_NONE)
		memset(out, 0, sizeof(*out));
	return result;
}

/* Check what is to be signed; *sid: the session with its key, or empty. */
static bool
mint_claims_ok(const struct caller *who, char *sid, size_t size)
{
	char id[TEXT_UUID_SIZE];

	if (!text_uuid_parse(who->account_id, strlen(who->account_id), id) || !role_known(who->role))
		return false;
	if (who->token_version < 0 || who->token_version > INT32_MAX)
		return false;
	sid[0] = '\0';
	if (who->token_id[0] == '\0')
		return true;
	if (!text_uuid_parse(who->token_id, strlen(who->token_id), id))
		return false;
	snprintf(sid, size, ",\"sid\":\"%s\"", id);
	return true;
}

char *
token_mint(const struct token_secrets *secrets, const struct caller *who, int64_t now_s,
		   int64_t life_s)
{
	char claims[512];
	char text[1024];
	char sid[64];
	char jti[TEXT_UUID_SIZE];
	unsigned char mac[MAC_BYTES];
	size_t at = HEADER_CHARS;

	if (!mint_claims_ok(who, sid, sizeof(sid)) || !text_uuid_v4(jti))
		return NULL;
	snprintf(claims, sizeof(claims),
			 "{\"iss\":\"" TOKEN_ISSUER "\",\"aud\":\"" TOKEN_AUDIENCE
			 "\",\"sub\":\"%s\",\"role\":\"%s\",\"jti\":\"%s\"%s,\"tv\":%ld,\"iat\":%lld,"
			 "\"exp\":%lld,\"typ\":\"access\"}",
			 who->account_id, who->role, jti, sid, who->token_version, (long long) now_s,
			 (long long) (now_s + life_s));
	memcpy(text, token_header, HEADER_CHARS);
	text[at++] = '.';
	at += text_base64url_encode((const unsigned char *) claims, strlen(claims), text + at);
	if (!sign(&secrets->current, text, at, mac))
		return NULL;
	text[at++] = '.';
	at += text_base64url_encode(mac, sizeof(mac), text + at);
	return text_dup(text, at);
}
