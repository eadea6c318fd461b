/*
 * payment.h - payments at a provider: the page where one pays, and the reports.
 */
#ifndef MJC_SHIM_PAYMENT_H
#define MJC_SHIM_PAYMENT_H

#include "http.h"
#include "metrics.h"
#include "outcall.h"
#include "provider.h"

#define PAYMENT_FAILURE_SIZE 32

/* What the steps of a payment hand to each other; wiped at the end of the request. */
struct payment
{
	const struct provider *provider;
	struct provider_settings settings;
	struct provider_checkout checkout;
	struct provider_page page;
	char failure[PAYMENT_FAILURE_SIZE]; /* why there is no page, or empty */
	struct outcall_job job;
	char *events; /* of a report, as a JSON array */
};

/* payment_free - wipe and release what a payment took; NULL is fine. */
void payment_free(struct payment *payment);

/* payment_checkout_begun - the row's function has answered: pass on, or call the provider. */
void payment_checkout_begun(struct db_call *call);

/* payment_webhook_run - verify and store a report; answers later. GET: echo the sender's test. */
void payment_webhook_run(struct request *req);

/*
 * payment_called - log and count a call that has ended.
 *
 * what: "checkout", "refund", "read". failure: why it did not succeed, in short words; empty
 * when it did. Returns its outcome.
 */
enum metrics_call payment_called(struct app *app, const struct provider *provider, const char *what,
								 const struct outcall_job *job, char failure[PAYMENT_FAILURE_SIZE]);

#endif
