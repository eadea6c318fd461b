/*
 * stripe.c - Stripe: hosted checkout, refunds, reports.
 *
 * The text of a request is a function of the checkout's or refund's row alone:
 * Stripe refuses a key of idempotency that comes back with other parameters.
 */
#include "stripe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "outcall.h"
#include "provider.h"

/* ---- Reports ---- */

static bool
stamp_read(const char *text, size_t len, struct stripe_signature *out)
{
	if (out->stamp.ptr != NULL || len == 0 || len > 15 || strspn(text, "0123456789") < len)
		return false;
	out->stamp = (struct str){text, len};
	out->at_s = 0;
	for (size_t i = 0; i < len; i++)
		out->at_s = out->at_s * 10 + (text[i] - '0');
	return true;
}

bool
stripe_signature_read(const char *header, struct stripe_signature *out)
{
	const char *at = header;

	memset(out, 0, sizeof(*out));
	if (header == NULL || strlen(header) > STRIPE_HEADER_MAX)
		return false;
	for (;;)
	{
		size_t len = strcspn(at, ",");
		const char *equals = memchr(at, '=', len);
		size_t name, value;

		if (equals == NULL || equals == at)
			return false;
		name = (size_t) (equals - at);
		value = len - name - 1;
		if (name == 1 && *at == 't')
		{
			if (!stamp_read(equals + 1, value, out))
				return false;
		}
		else if (name == 2 && memcmp(at, "v1", 2) == 0)
		{
			if (out->n == STRIPE_SIGNATURES_MAX)
				return false;
			out->v1[out->n++] = (struct str){equals + 1, value};
		}
		if (at[len] == '\0')
			return out->stamp.ptr != NULL && out->n > 0;
		at += len + 1;
	}
}

static bool
stripe_verify(const struct provider_settings *settings, const char *signature,
			  const struct str *body, int64_t now_s)
{
	struct stripe_signature found;
	char mac[2][PROVIDER_SIGNATURE_HEX + 1];
	struct str parts[3];
	bool good = false;

	if (!stripe_signature_read(signature, &found) || found.at_s > now_s + STRIPE_TOLERANCE_S ||
		found.at_s < now_s - STRIPE_TOLERANCE_S)
		return false;
	parts[0] = found.stamp;
	parts[1] = (struct str){".", 1};
	parts[2] = *body;
	/* Once for each secret, however many signatures a stranger sends along. */
	(void) provider_mac(settings->secret, parts, 3, mac[0]);
	(void) provider_mac(settings->secret_previous, parts, 3, mac[1]);
	for (int i = 0; i < found.n; i++)
	{
		good |= provider_mac_is(mac[0], found.v1[i].ptr, found.v1[i].len);
		good |= provider_mac_is(mac[1], found.v1[i].ptr, found.v1[i].len);
	}
	explicit_bzero(mac, sizeof(mac));
	return good;
}

/* ---- Requests ---- */

/* Append a pair of a form; the value is encoded, the name is as the form wants it. */
static bool
form_text(FILE *form, const char *name, const char *value)
{
	char *encoded = text_url_encode(value);

	if (encoded == NULL)
		return false;
	fprintf(form, "%s%s=%s", ftell(form) > 0 ? "&" : "", name, encoded);
	free(encoded);
	return true;
}

static bool
form_number(FILE *form, const char *name, long long value)
{
	char number[24];

	snprintf(number, sizeof(number), "%lld", value);
	return form_text(form, name, number);
}

/* The names of a form are encoded too: brackets are not letters of a form. */
#define KEY(outer, inner) outer "%5B" inner "%5D"
#define PRICE(inner) "line_items%5B0%5D%5Bprice_data%5D" inner
#define INTENT(inner) "payment_intent_data%5Bmetadata%5D%5B" inner "%5D"

static bool
checkout_form(FILE *form, const struct provider_settings *settings,
			  const struct provider_checkout *checkout)
{
	char *success = provider_back_url(settings->success_url, checkout->reference);
	char *failure = provider_back_url(settings->failure_url, checkout->reference);
	bool good =
		success != NULL && failure != NULL && form_text(form, "mode", "payment") &&
		form_text(form, PRICE("%5Bcurrency%5D"), checkout->currency) &&
		form_number(form, PRICE("%5Bunit_amount%5D"), checkout->amount_centimes) &&
		form_text(form, PRICE("%5Bproduct_data%5D%5Bname%5D"), checkout->reference) &&
		form_number(form, "line_items%5B0%5D%5Bquantity%5D", 1) &&
		form_text(form, "client_reference_id", checkout->checkout_id) &&
		form_text(form, KEY("metadata", "order_id"), checkout->order_id) &&
		form_text(form, KEY("metadata", "checkout_id"), checkout->checkout_id) &&
		form_text(form, INTENT("order_id"), checkout->order_id) &&
		form_text(form, INTENT("checkout_id"), checkout->checkout_id) &&
		form_text(form, "success_url", success) && form_text(form, "cancel_url", failure) &&
		(checkout->expires_at == 0 || form_number(form, "expires_at", checkout->expires_at));

	free(success);
	free(failure);
	return good;
}

static bool
refund_form(FILE *form, const struct provider_refund *refund)
{
	return form_text(form, "payment_intent", refund->payment_ref) &&
		   form_number(form, "amount", refund->amount_centimes) &&
		   form_text(form, KEY("metadata", "refund_id"), refund->refund_id) &&
		   form_text(form, KEY("metadata", "order_id"), refund->order_id);
}

/* A job for a path below the address, with the key; body NULL: to read. */
static bool
stripe_job(const struct provider_settings *settings, const char *path, const char *body,
		   const char *idempotency_key, struct outcall_job *job)
{
	char *url = NULL;
	bool good;

	if (asprintf(&url, "%s%s", settings->url, path) < 0)
		return false;
	good = outcall_prepare(job, url, body) && provider_bearer(settings, job);
	if (good && body != NULL)
		good = outcall_header(job, "Content-Type", "application/x-www-form-urlencoded") &&
			   outcall_header(job, "Idempotency-Key", idempotency_key);
	free(url);
	return good;
}

static bool
stripe_checkout(const struct provider_settings *settings, const struct provider_checkout *checkout,
				struct outcall_job *job)
{
	char *body = NULL;
	size_t len = 0;
	FILE *form = open_memstream(&body, &len);
	bool good;

	if (form == NULL)
		return false;
	good = checkout_form(form, settings, checkout);
	good = fclose(form) == 0 && good &&
		   stripe_job(settings, "/v1/checkout/sessions", body, checkout->checkout_id, job);
	free(body);
	return good;
}

static bool
stripe_refund(const struct provider_settings *settings, const struct provider_refund *refund,
			  struct outcall_job *job)
{
	char *body = NULL;
	size_t len = 0;
	FILE *form = open_memstream(&body, &len);
	bool good;

	if (form == NULL)
		return false;
	good = refund_form(form, refund);
	good = fclose(form) == 0 && good &&
		   stripe_job(settings, "/v1/refunds", body, refund->refund_id, job);
	free(body);
	return good;
}

static bool
stripe_read(const struct provider_settings *settings, const char *ref, struct outcall_job *job)
{
	char path[PROVIDER_REF_MAX + 32];

	if (!provider_ref_ok(ref))
		return false;
	snprintf(path, sizeof(path), "/v1/checkout/sessions/%s", ref);
	return stripe_job(settings, path, NULL, NULL, job);
}

const struct provider provider_stripe = {
	.id = PROVIDER_STRIPE,
	.name = "stripe",
	.verify = stripe_verify,
	.events = provider_event_single,
	.checkout = stripe_checkout,
	.refund = stripe_refund,
	.read = stripe_read,
	.page_member = "url",
};
