/*
 * provider.c - what the providers have in common.
 *
 * Invariants: a secret that is not set signs nothing; signatures are compared
 * in constant time; nothing of a provider's reply is used that was not checked
 * for length and characters.
 */
#include "provider.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include "config.h"
#include "outcall.h"

#define EVENT_ID_MAX 255 /* characters of an event's id and type */
#define AMOUNT_MAX 1000000000000LL

/* ---- Who they are ---- */

const struct provider *
provider_get(enum provider_id id)
{
	static const struct provider *const all[PROVIDER__MAX] = {
		[PROVIDER_STRIPE] = &provider_stripe,
		[PROVIDER_CHARGILY] = &provider_chargily,
		[PROVIDER_YALIDINE] = &provider_yalidine,
	};

	return all[id];
}

const struct provider *
provider_find(const char *name)
{
	for (int i = 0; name != NULL && i < PROVIDER__MAX; i++)
	{
		const struct provider *provider = provider_get((enum provider_id) i);

		if (strcmp(provider->name, name) == 0)
			return provider;
	}
	return NULL;
}

void
provider_settings(const struct config *config, enum provider_id id, struct provider_settings *out)
{
	memset(out, 0, sizeof(*out));
	out->success_url = config->pay_success_url;
	out->failure_url = config->pay_failure_url;
	switch (id)
	{
		case PROVIDER_STRIPE:
			out->key = config->stripe_key;
			out->secret = config->stripe_webhook_secret;
			out->secret_previous = config->stripe_webhook_secret_previous;
			out->url = config->stripe_url;
			break;
		case PROVIDER_CHARGILY:
			out->key = config->chargily_key;
			out->secret = config->chargily_key;
			out->secret_previous = config->chargily_key_previous;
			out->url = config->chargily_url;
			break;
		case PROVIDER_YALIDINE:
			out->secret = config->yalidine_webhook_secret;
			break;
		case PROVIDER__MAX:
			break;
	}
}

/* ---- Signatures ---- */

bool
provider_mac(const char *secret, const struct str *parts, int nparts,
			 char out[PROVIDER_SIGNATURE_HEX + 1])
{
	unsigned char mac[SHA256_DIGEST_LENGTH];
	size_t len = sizeof(mac);
	EVP_PKEY *key;
	EVP_MD_CTX *context;
	bool good;

	out[0] = '\0';
	if (secret == NULL || *secret == '\0')
		return false;
	key = EVP_PKEY_new_raw_private_key(EVP_PKEY_HMAC, NULL, (const unsigned char *) secret,
									   strlen(secret));
	context = EVP_MD_CTX_new();
	good = key != NULL && context != NULL &&
		   EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1;
	for (int i = 0; good && i < nparts; i++)
		good = EVP_DigestSignUpdate(context, parts[i].ptr, parts[i].len) == 1;
	good = good && EVP_DigestSignFinal(context, mac, &len) == 1 && len == sizeof(mac);
	if (good)
		text_hex(mac, sizeof(mac), out);
	OPENSSL_cleanse(mac, sizeof(mac));
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	return good;
}

bool
provider_mac_is(const char *mac, const char *hex, size_t len)
{
	return strlen(mac) == PROVIDER_SIGNATURE_HEX && len == PROVIDER_SIGNATURE_HEX &&
		   CRYPTO_memcmp(mac, hex, PROVIDER_SIGNATURE_HEX) == 0;
}

bool
provider_signed(const char *secret, const struct str *body, const char *hex)
{
	char mac[PROVIDER_SIGNATURE_HEX + 1];
	size_t len = hex == NULL ? 0 : strlen(hex);
	bool good = len == PROVIDER_SIGNATURE_HEX && provider_mac(secret, body, 1, mac) &&
				provider_mac_is(mac, hex, len);

	OPENSSL_cleanse(mac, sizeof(mac));
	return good;
}

/* ---- Events ---- */

json_t *
provider_object(const char *text, size_t len)
{
	json_t *root = text == NULL ? NULL : json_loadb(text, len, 0, NULL);

	if (json_is_object(root))
		return root;
	json_decref(root);
	return NULL;
}

/* A text of 1 to EVENT_ID_MAX characters without control characters. */
static bool
event_name_ok(const json_t *value)
{
	const char *text = json_string_value(value);
	size_t len = json_string_length(value);

	return text != NULL && len > 0 && strlen(text) == len && len <= EVENT_ID_MAX &&
		   !text_has_control(text, len, false);
}

/* "sha256:" and the hash of a value's compact JSON. */
static json_t *
event_hash(const json_t *payload)
{
	char *text = json_dumps(payload, JSON_COMPACT | JSON_REAL_PRECISION(15) | JSON_ENCODE_ANY);
	unsigned char digest[SHA256_DIGEST_LENGTH];
	char name[8 + 2 * SHA256_DIGEST_LENGTH] = "sha256:";

	if (text == NULL)
		return NULL;
	SHA256((const unsigned char *) text, strlen(text), digest);
	text_hex(digest, sizeof(digest), name + 7);
	free(text);
	return json_string(name);
}

json_t *
provider_event(const json_t *id, const json_t *type, json_t *payload)
{
	json_t *name;
	char number[32];

	if (event_name_ok(id))
		name = json_string(json_string_value(id));
	else if (json_is_integer(id))
	{
		snprintf(number, sizeof(number), "%lld", (long long) json_integer_value(id));
		name = json_string(number);
	}
	else
		name = event_hash(payload);
	/* The references that are new here go even when the object cannot be made. */
	return json_pack("{s:o, s:o, s:O}", "id", name, "type",
					 event_name_ok(type) ? json_string(json_string_value(type))
										 : json_string("unknown"),
					 "payload", payload);
}

json_t *
provider_event_single(const struct str *body)
{
	json_t *root = provider_object(body->ptr, body->len);
	const json_t *id = json_object_get(root, "id");
	json_t *event = NULL;
	json_t *list = NULL;

	if (event_name_ok(id))
		event = provider_event(id, json_object_get(root, "type"), root);
	if (event != NULL)
		list = json_pack("[o]", event);
	json_decref(root);
	return list;
}

/* ---- Checkouts ---- */

/* Copy a text of 1 to size - 1 characters out of an object. */
static bool
member_copy(const json_t *object, const char *name, char *out, size_t size)
{
	const json_t *value = json_object_get(object, name);
	const char *text = json_string_value(value);
	size_t len = json_string_length(value);

	if (text == NULL || len == 0 || len >= size || text_has_control(text, len, false))
		return false;
	memcpy(out, text, len + 1);
	return true;
}

static bool
member_uuid(const json_t *object, const char *name, char out[TEXT_UUID_SIZE])
{
	const json_t *value = json_object_get(object, name);

	return json_is_string(value) &&
		   text_uuid_parse(json_string_value(value), json_string_length(value), out);
}

const struct provider *
provider_checkout_read(const json_t *create, const char *locale, struct provider_checkout *out)
{
	const struct provider *provider =
		provider_find(json_string_value(json_object_get(create, "provider")));
	const json_t *amount = json_object_get(create, "amount_centimes");

	memset(out, 0, sizeof(*out));
	if (provider == NULL || provider->checkout == NULL ||
		!member_uuid(create, "checkout_id", out->checkout_id) ||
		!member_uuid(create, "order_id", out->order_id) ||
		!member_copy(create, "reference", out->reference, sizeof(out->reference)) ||
		!member_copy(create, "currency", out->currency, sizeof(out->currency)) ||
		!member_copy(create, "method", out->method, sizeof(out->method)))
		return NULL;
	text_lower(out->currency);
	snprintf(out->locale, sizeof(out->locale), "%s", locale);
	out->amount_centimes = json_integer_value(amount);
	out->expires_at = json_integer_value(json_object_get(create, "expires_at"));
	if (!json_is_integer(amount) || out->amount_centimes <= 0 ||
		out->amount_centimes > AMOUNT_MAX || out->expires_at < 0)
		return NULL;
	return provider;
}

bool
provider_refund_read(const json_t *request, const char *order_id, struct provider_refund *out)
{
	const json_t *amount = json_object_get(request, "amount_centimes");

	memset(out, 0, sizeof(*out));
	out->amount_centimes = json_integer_value(amount);
	return member_uuid(request, "refund_id", out->refund_id) &&
		   text_uuid_parse(order_id, strlen(order_id), out->order_id) &&
		   member_copy(request, "payment_ref", out->payment_ref, sizeof(out->payment_ref)) &&
		   provider_ref_ok(out->payment_ref) && json_is_integer(amount) &&
		   out->amount_centimes > 0 && out->amount_centimes <= AMOUNT_MAX;
}

bool
provider_ref_ok(const char *ref)
{
	size_t len = strlen(ref);

	return len > 0 && len <= PROVIDER_REF_MAX &&
		   strspn(ref, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == len;
}

bool
provider_page_read(const struct provider *provider, const struct provider_settings *settings,
				   const char *reply, size_t len, struct provider_page *out)
{
	json_t *root = provider_object(reply, len);
	bool good;

	memset(out, 0, sizeof(*out));
	good = member_copy(root, "id", out->ref, sizeof(out->ref)) && provider_ref_ok(out->ref) &&
		   member_copy(root, provider->page_member, out->url, sizeof(out->url)) &&
		   text_url_safe(out->url) &&
		   (strncmp(out->url, "https://", 8) == 0 || text_url_loopback(settings->url));
	if (!good)
		memset(out, 0, sizeof(*out));
	json_decref(root);
	return good;
}

/* ---- Requests ---- */

bool
provider_bearer(const struct provider_settings *settings, struct outcall_job *job)
{
	char *value = NULL;
	bool good;

	if (asprintf(&value, "Bearer %s", settings->key) < 0)
		return false;
	good = outcall_header(job, "Authorization", value);
	OPENSSL_cleanse(value, strlen(value));
	free(value);
	return good;
}

char *
provider_back_url(const char *page, const char *reference)
{
	char *encoded = text_url_encode(reference);
	char *url = NULL;

	if (encoded != NULL &&
		asprintf(&url, "%s%corder=%s", page, strchr(page, '?') == NULL ? '?' : '&', encoded) < 0)
		url = NULL;
	free(encoded);
	return url;
}
