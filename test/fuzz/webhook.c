/*
 * webhook.c - libFuzzer entry: what comes to the doors of providers.
 *
 * Line 1 of the input is a signature header, the rest a body. Neither may pass unsigned; with
 * our own signature the body is read as events, each with a name, a type and a payload. The
 * body is a provider's reply to a checkout as well: an address in it is safe or not used.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "../../shim/provider.h"
#include "../../shim/stripe.h"

#define NOW 1700000000
#define SECRET "whsec_test_secret"
#define INPUT_MAX_BYTES 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct provider_settings settings = {
	.key = "k", .secret = SECRET, .url = "https://a.b"};

static void
try_header(const char *header, const struct str *body)
{
	struct stripe_signature found;

	if (stripe_signature_read(header, &found))
	{
		if (found.n < 1 || found.n > STRIPE_SIGNATURES_MAX || found.at_s < 0 ||
			found.stamp.ptr < header)
			abort();
		for (int i = 0; i < found.n; i++)
		{
			if (found.v1[i].ptr < header ||
				found.v1[i].ptr + found.v1[i].len > header + strlen(header))
				abort();
		}
	}
	for (int i = 0; i < PROVIDER__MAX; i++)
	{
		if (provider_get((enum provider_id) i)->verify(&settings, header, body, NOW))
			abort(); /* nobody guesses an HMAC */
	}
}

static void
try_events(const struct provider *provider, const struct str *body)
{
	json_t *list = provider->events(body);
	json_t *event;
	size_t i;

	json_array_foreach (list, i, event)
	{
		if (json_string_length(json_object_get(event, "id")) == 0 ||
			json_string_length(json_object_get(event, "id")) > 255 ||
			json_string_length(json_object_get(event, "type")) == 0 ||
			!json_is_object(json_object_get(event, "payload")))
			abort();
	}
	json_decref(list);
}

/* What is signed passes, whatever it is. */
static void
try_signed(const struct str *body)
{
	unsigned char mac[32];
	char hex[65];

	HMAC(EVP_sha256(), SECRET, sizeof(SECRET) - 1, (const unsigned char *) body->ptr, body->len,
		 mac, NULL);
	text_hex(mac, sizeof(mac), hex);
	if (!provider_chargily.verify(&settings, hex, body, NOW) ||
		!provider_yalidine.verify(&settings, hex, body, NOW))
		abort();
}

static void
try_reply(const struct provider *provider, const struct str *body)
{
	struct provider_page page;

	if (provider_page_read(provider, &settings, body->ptr, body->len, &page) !=
		(page.url[0] != '\0'))
		abort();
	if (page.url[0] != '\0' &&
		(strncmp(page.url, "https://", 8) != 0 || !provider_ref_ok(page.ref)))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy, *end;
	struct str body;

	if (size > INPUT_MAX_BYTES)
		return 0;
	copy = calloc(size + 1, 1);
	if (size > 0)
		memcpy(copy, data, size);
	end = memchr(copy, '\n', size);
	body.ptr = end == NULL ? copy : end + 1;
	body.len = size - (size_t) (body.ptr - copy);
	if (end != NULL)
		*end = '\0';
	try_header(copy, &body);
	try_signed(&body);
	for (int i = 0; i < PROVIDER__MAX; i++)
	{
		const struct provider *provider = provider_get((enum provider_id) i);

		try_events(provider, &body);
		if (provider->page_member != NULL)
			try_reply(provider, &body);
	}
	free(copy);
	return 0;
}
