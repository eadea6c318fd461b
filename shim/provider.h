/*
 * provider.h - the companies whose servers we call and whose reports we take.
 *
 * Everything here is pure: requests are made as texts, replies and reports read
 * from bytes; whoever sends them is outcall, whoever receives them http. A
 * report (webhook) is verified over its raw bytes before any of it is parsed.
 */
#ifndef MJC_SHIM_PROVIDER_H
#define MJC_SHIM_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "request.h"
#include "text.h"

#define PROVIDER_REF_MAX 255 /* characters of an id that a provider gives */
#define PROVIDER_URL_MAX 2048
#define PROVIDER_SIGNATURE_HEX 64 /* HMAC-SHA256 in lower-case hex */

struct config;
struct outcall_job;

enum provider_id
{
	PROVIDER_STRIPE,
	PROVIDER_CHARGILY,
	PROVIDER_YALIDINE,
	PROVIDER__MAX
};

/* What is configured of a provider; borrowed from struct config. */
struct provider_settings
{
	const char *key;			 /* of the calls; NULL: none are made */
	const char *secret;			 /* of the reports; NULL: none are taken */
	const char *secret_previous; /* accepted as well, or NULL */
	const char *url;			 /* what the paths are appended to */
	const char *success_url;
	const char *failure_url;
};

/* A payment to be begun, as the database wants it. */
struct provider_checkout
{
	char checkout_id[TEXT_UUID_SIZE];
	char order_id[TEXT_UUID_SIZE];
	char reference[65];
	char currency[4]; /* in lower case */
	char method[51];  /* as the shop names it */
	char locale[3];	  /* "fr" or "ar" */
	long long amount_centimes;
	long long expires_at; /* seconds since 1970, 0 = never */
};

/* Money to be given back. */
struct provider_refund
{
	char refund_id[TEXT_UUID_SIZE];
	char order_id[TEXT_UUID_SIZE];
	char payment_ref[PROVIDER_REF_MAX + 1];
	long long amount_centimes;
};

/* What became of a checkout: where the client pays. */
struct provider_page
{
	char ref[PROVIDER_REF_MAX + 1];
	char url[PROVIDER_URL_MAX + 1];
};

struct provider
{
	enum provider_id id;
	const char *name;

	/*
	 * Whether a report is of the provider: its signature header (NULL: none came) over the raw
	 * body. now_s: seconds since 1970.
	 */
	bool (*verify)(const struct provider_settings *settings, const char *signature,
				   const struct str *body, int64_t now_s);

	/*
	 * The events of a verified body: new array of {"id","type","payload":{...}}, NULL when the
	 * body cannot be read.
	 */
	json_t *(*events)(const struct str *body);

	/*
	 * The requests; NULL where the provider knows no such thing. False: it cannot be made of
	 * these values, or no memory. The job is to be cleared either way.
	 */
	bool (*checkout)(const struct provider_settings *settings,
					 const struct provider_checkout *checkout, struct outcall_job *job);
	bool (*refund)(const struct provider_settings *settings, const struct provider_refund *refund,
				   struct outcall_job *job);
	bool (*read)(const struct provider_settings *settings, const char *ref,
				 struct outcall_job *job);

	/* The member of a checkout's reply with the address of the page. */
	const char *page_member;
};

/* provider_get - a provider; never NULL. */
const struct provider *provider_get(enum provider_id id);

/* provider_find - by name; NULL for any other. */
const struct provider *provider_find(const char *name);

/* provider_settings - what config says of a provider. */
void provider_settings(const struct config *config, enum provider_id id,
					   struct provider_settings *out);

/*
 * provider_checkout_read - the values of a checkout from the database's object "create".
 *
 * locale: "fr" or "ar", the language of the buyer's page.
 * Returns its provider; NULL when a value is missing, too long or of another type.
 */
const struct provider *provider_checkout_read(const json_t *create, const char *locale,
											  struct provider_checkout *out);

/* provider_refund_read - the values of a refund from the database's request; false as above. */
bool provider_refund_read(const json_t *request, const char *order_id, struct provider_refund *out);

/*
 * provider_page_read - id and address out of the reply to a checkout.
 *
 * The address must be safe (https) or, where the provider itself is on this
 * machine, on this machine.
 */
bool provider_page_read(const struct provider *provider, const struct provider_settings *settings,
						const char *reply, size_t len, struct provider_page *out);

/* ---- For the providers themselves ---- */

extern const struct provider provider_stripe;
extern const struct provider provider_chargily;
extern const struct provider provider_yalidine;

/*
 * provider_mac - the HMAC-SHA256 of the parts under a secret, in lower-case hex.
 *
 * Returns false, and out empty, for a secret that is NULL or empty: it signs nothing.
 */
bool provider_mac(const char *secret, const struct str *parts, int nparts,
				  char out[PROVIDER_SIGNATURE_HEX + 1]);

/* provider_mac_is - whether a signature is this HMAC (empty: never), in constant time. */
bool provider_mac_is(const char *mac, const char *hex, size_t len);

/* provider_signed - whether hex (NULL: none) is the signature of a body under a secret. */
bool provider_signed(const char *secret, const struct str *body, const char *hex);

/* provider_ref_ok - whether an id can stand in a path: letters, digits, "_" and "-". */
bool provider_ref_ok(const char *ref);

/* provider_object - new reference to the JSON object in len bytes, NULL when it is none. */
json_t *provider_object(const char *text, size_t len);

/*
 * provider_event - a new event {"id","type","payload"}.
 *
 * id: NULL, empty or unusable becomes "sha256:" and the hash of the payload's compact JSON.
 * type: unusable becomes "unknown". payload: borrowed; NULL without memory.
 */
json_t *provider_event(const json_t *id, const json_t *type, json_t *payload);

/* provider_event_single - the array of events of a body that is one event with id and type. */
json_t *provider_event_single(const struct str *body);

/* provider_bearer - add the header that shows the key; false without memory. */
bool provider_bearer(const struct provider_settings *settings, struct outcall_job *job);

/* provider_back_url - a page of ours with "order=<reference>" in its query; malloc'ed. */
char *provider_back_url(const char *page, const char *reference);

#endif
