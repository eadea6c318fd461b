/*
 * chargily.c - Chargily Pay v2: hosted checkout by EDAHABIA and CIB cards, reports.
 *
 * Amounts are whole dinars there: one with centimes cannot be paid this way.
 * Reports carry no time, so that one may come again for ever: who reads the
 * events knows each by its id. Money goes back by hand, not by the API.
 */
#include <stdlib.h>
#include <string.h>

#include "outcall.h"
#include "provider.h"

static bool
chargily_verify(const struct provider_settings *settings, const char *signature,
				const struct str *body, int64_t now_s)
{
	(void) now_s;
	return provider_signed(settings->secret, body, signature) ||
		   provider_signed(settings->secret_previous, body, signature);
}

/* Their name of the card; NULL lets the client choose there. */
static const char *
chargily_method(const char *method)
{
	if (strcasestr(method, "dahabia") != NULL)
		return "edahabia";
	return strcasestr(method, "cib") != NULL ? "cib" : NULL;
}

static json_t *
checkout_object(const struct provider_settings *settings, const struct provider_checkout *checkout)
{
	char *success = provider_back_url(settings->success_url, checkout->reference);
	char *failure = provider_back_url(settings->failure_url, checkout->reference);
	const char *method = chargily_method(checkout->method);
	json_t *object = NULL;

	if (success != NULL && failure != NULL)
		object =
			json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:{s:s, s:s}}", "amount",
					  (json_int_t) (checkout->amount_centimes / 100), "currency",
					  checkout->currency, "success_url", success, "failure_url", failure, "locale",
					  checkout->locale, "description", checkout->reference, "metadata", "order_id",
					  checkout->order_id, "checkout_id", checkout->checkout_id);
	if (object != NULL && method != NULL &&
		json_object_set_new(object, "payment_method", json_string(method)) != 0)
	{
		json_decref(object);
		object = NULL;
	}
	free(success);
	free(failure);
	return object;
}

/* A job for a path below the address, with the key; body NULL: to read. */
static bool
chargily_job(const struct provider_settings *settings, const char *path, const char *body,
			 struct outcall_job *job)
{
	char *url = NULL;
	bool good;

	if (asprintf(&url, "%s%s", settings->url, path) < 0)
		return false;
	good = outcall_prepare(job, url, body) && provider_bearer(settings, job) &&
		   outcall_header(job, "Accept", "application/json") &&
		   (body == NULL || outcall_header(job, "Content-Type", "application/json"));
	free(url);
	return good;
}

static bool
chargily_checkout(const struct provider_settings *settings,
				  const struct provider_checkout *checkout, struct outcall_job *job)
{
	json_t *object;
	char *body;
	bool good;

	if (checkout->amount_centimes % 100 != 0 || strcmp(checkout->currency, "dzd") != 0)
		return false;
	object = checkout_object(settings, checkout);
	body = object == NULL ? NULL : json_dumps(object, JSON_COMPACT);
	good = body != NULL && chargily_job(settings, "/checkouts", body, job);
	free(body);
	json_decref(object);
	return good;
}

static bool
chargily_read(const struct provider_settings *settings, const char *ref, struct outcall_job *job)
{
	char path[PROVIDER_REF_MAX + 32];

	if (!provider_ref_ok(ref))
		return false;
	snprintf(path, sizeof(path), "/checkouts/%s", ref);
	return chargily_job(settings, path, NULL, job);
}

const struct provider provider_chargily = {
	.id = PROVIDER_CHARGILY,
	.name = "chargily",
	.verify = chargily_verify,
	.events = provider_event_single,
	.checkout = chargily_checkout,
	.read = chargily_read,
	.page_member = "checkout_url",
};
