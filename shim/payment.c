/*
 * payment.c - payments at a provider: the page where one pays, and the reports.
 *
 * A checkout has three steps: the database begins it and says what to ask for,
 * the provider is asked, the database is told what came of it. They are taken
 * to the end whether or not the client waits. A report is verified over its raw
 * bytes, stored, and acknowledged; a job of the database applies it.
 * Invariant: who holds the request passes it on from step to step (flow_end).
 */
#include "payment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app.h"
#include "config.h"
#include "flow.h"
#include "housekeep.h"
#include "http_reply.h"
#include "log.h"

#define PAYMENT_RETRY_S 30
#define CRC_TOKEN_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"

void
payment_free(struct payment *payment)
{
	if (payment == NULL)
		return;
	outcall_clear(&payment->job);
	if (payment->events != NULL)
		explicit_bzero(payment->events, strlen(payment->events));
	free(payment->events);
	explicit_bzero(payment, sizeof(*payment));
	free(payment);
}

/* ---- Calls ---- */

/* A status by which the provider refuses the request itself, not its time or our key. */
static bool
status_final(long status)
{
	switch (status)
	{
		case 401:
		case 403:
		case 408:
		case 409:
		case 425:
		case 429:
			return false;
		default:
			return status >= 400 && status < 500;
	}
}

static enum metrics_call
call_outcome(const struct outcall_job *job, char failure[PAYMENT_FAILURE_SIZE])
{
	const char *words = "";

	switch (job->result)
	{
		case OUTCALL_REPLY:
			if (job->status >= 200 && job->status < 300)
				break;
			snprintf(failure, PAYMENT_FAILURE_SIZE, "status %ld", job->status);
			return status_final(job->status) ? CALL_REFUSED : CALL_FAILED;
		case OUTCALL_TIMEOUT:
			snprintf(failure, PAYMENT_FAILURE_SIZE, "timeout");
			return CALL_TIMEOUT;
		case OUTCALL_UNREACHABLE:
			words = "unreachable";
			break;
		case OUTCALL_TOO_LARGE:
			words = "too large";
			break;
		case OUTCALL_STOPPED:
			words = "stopped";
			break;
	}
	snprintf(failure, PAYMENT_FAILURE_SIZE, "%s", words);
	return *words == '\0' ? CALL_OK : CALL_FAILED;
}

/* The word by which a provider says why, where it is one that can be logged. */
static void
call_log_reason(struct log *log, const struct outcall_job *job)
{
	json_t *root = provider_object(job->reply, job->reply_len);
	const char *code = json_string_value(json_object_get(json_object_get(root, "error"), "code"));

	if (code != NULL && strlen(code) <= 64 &&
		strspn(code, "abcdefghijklmnopqrstuvwxyz_") == strlen(code))
		log_text(log, "reason", code);
	json_decref(root);
}

enum metrics_call
payment_called(struct app *app, const struct provider *provider, const char *what,
			   const struct outcall_job *job, char failure[PAYMENT_FAILURE_SIZE])
{
	enum metrics_call outcome = call_outcome(job, failure);

	metrics_outcall(app->metrics, (int) provider->id, outcome, job->elapsed_us);
	log_begin(app->log, outcome == CALL_OK ? LOG_INFO : LOG_WARN, "provider_call");
	log_text(app->log, "provider", provider->name);
	log_text(app->log, "what", what);
	if (outcome != CALL_OK)
		log_text(app->log, "failure", failure);
	if (job->result == OUTCALL_REPLY)
	{
		log_int(app->log, "status", job->status);
		if (outcome != CALL_OK)
			call_log_reason(app->log, job);
	}
	log_ms(app->log, "ms", job->elapsed_us);
	log_end(app->log);
	return outcome;
}

/* ---- Checkout ---- */

/* Answer with the row that the database gave, if the client still waits. */
static void
checkout_pass_on(struct request *req)
{
	if (req->mhd != NULL)
		flow_rows(req);
	else
		PQclear(req->call.result);
	req->call.result = NULL;
}

/* The last step is over. */
static void
checkout_finished(struct db_call *call)
{
	struct request *req = call->cls;

	if (!flow_failed(req))
	{
		if (req->payment->failure[0] == '\0')
			checkout_pass_on(req);
		else
		{
			PQclear(call->result);
			call->result = NULL;
			if (req->mhd != NULL)
			{
				error_set(&req->problem, ERROR_PAYMENT_PROVIDER_UNAVAILABLE);
				req->problem.retry_after = PAYMENT_RETRY_S;
				http_reply_problem(req);
			}
		}
	}
	flow_end(req);
}

/* Step 3: tell the database what came of it. */
static void
checkout_finish(struct request *req)
{
	const struct payment *payment = req->payment;
	bool page = payment->failure[0] == '\0';
	int n = 0;

	req->args[n++] = payment->checkout.checkout_id;
	req->args[n++] = payment->checkout.order_id;
	req->args[n++] = page ? payment->page.ref : NULL;
	req->args[n++] = page ? payment->page.url : NULL;
	req->args[n++] = page ? NULL : payment->failure;
	flow_submit(req, DB_WRITE, db_extra_statement(DB_CHECKOUT_FINISH), n, checkout_finished);
	flow_end(req);
}

/* Step 2 is over. */
static void
checkout_called(struct outcall_job *job)
{
	struct request *req = job->cls;
	struct payment *payment = req->payment;

	if (payment_called(req->app, payment->provider, "checkout", job, payment->failure) == CALL_OK &&
		!provider_page_read(payment->provider, &payment->settings, job->reply, job->reply_len,
							&payment->page))
		snprintf(payment->failure, sizeof(payment->failure), "unreadable");
	outcall_clear(job);
	checkout_finish(req);
}

/* Step 2: ask the provider; the job takes over the hold. */
static void
checkout_call(struct request *req)
{
	struct payment *payment = req->payment;
	const char *failure = NULL;

	provider_settings(req->app->config, payment->provider->id, &payment->settings);
	if (payment->settings.key == NULL)
		failure = "not configured";
	else if (!payment->provider->checkout(&payment->settings, &payment->checkout, &payment->job))
		failure = "not possible";
	else
	{
		payment->job.done = checkout_called;
		payment->job.cls = req;
		if (outcall_submit(req->app->outcall, &payment->job))
		{
			http_wait_longer(req, req->app->config->pay_timeout_ms);
			return;
		}
		failure = "busy";
	}
	snprintf(payment->failure, sizeof(payment->failure), "%s", failure);
	outcall_clear(&payment->job);
	checkout_finish(req);
}

/* Read what the database wants to be asked for; false without memory or sense. */
static bool
checkout_read(struct request *req, const json_t *create)
{
	req->payment = calloc(1, sizeof(*req->payment));
	if (req->payment == NULL)
		return false;
	req->payment->provider =
		provider_checkout_read(create, req->lang == LANG_AR ? "ar" : "fr", &req->payment->checkout);
	return req->payment->provider != NULL;
}

void
payment_checkout_begun(struct db_call *call)
{
	struct request *req = call->cls;
	json_t *root = NULL;
	const json_t *create;
	bool good;

	if (flow_failed(req))
	{
		flow_end(req);
		return;
	}
	if (PQntuples(call->result) == 1)
		root = provider_object(PQgetvalue(call->result, 0, 0),
							   (size_t) PQgetlength(call->result, 0, 0));
	create = json_object_get(root, "create");
	if (create == NULL)
	{
		json_decref(root);
		checkout_pass_on(req);
		flow_end(req);
		return;
	}
	good = checkout_read(req, create);
	json_decref(root);
	PQclear(call->result);
	call->result = NULL;
	if (good)
	{
		checkout_call(req);
		return;
	}
	if (req->mhd != NULL)
		http_reply_error(req, ERROR_INTERNAL_ERROR);
	flow_end(req);
}

/* ---- Reports ---- */

static const char *
webhook_signature(const struct request *req, enum provider_id id)
{
	switch (id)
	{
		case PROVIDER_STRIPE:
			return req->field[FIELD_STRIPE_SIGNATURE];
		case PROVIDER_CHARGILY:
			return req->field[FIELD_CHARGILY_SIGNATURE];
		case PROVIDER_YALIDINE:
			return req->field[FIELD_YALIDINE_SIGNATURE];
		case PROVIDER__MAX:
			break;
	}
	return NULL;
}

static void
webhook_received(struct request *req)
{
	static char received[] = "{\"received\":true}";

	http_reply_body(req, 200, received, sizeof(received) - 1, NULL, NULL, false);
}

static void
webhook_stored(struct db_call *call)
{
	struct request *req = call->cls;
	int provider = (int) req->payment->provider->id;

	if (flow_failed(req))
		metrics_webhook(req->app->metrics, provider, WEBHOOK_FAILED);
	else
	{
		PQclear(call->result);
		call->result = NULL;
		metrics_webhook(req->app->metrics, provider, WEBHOOK_STORED);
		housekeep_soon(req->app->housekeep);
		if (req->mhd != NULL)
			webhook_received(req);
	}
	flow_end(req);
}

/* Store the events of a verified body. */
static void
webhook_store(struct request *req, const struct provider *provider, const struct str *body)
{
	json_t *events = provider->events(body);
	size_t n = json_array_size(events);

	if (events == NULL)
	{
		metrics_webhook(req->app->metrics, (int) provider->id, WEBHOOK_MALFORMED);
		http_reply_error(req, ERROR_MALFORMED_REQUEST);
		return;
	}
	req->payment = calloc(1, sizeof(*req->payment));
	if (req->payment != NULL)
		req->payment->events = json_dumps(events, JSON_COMPACT | JSON_REAL_PRECISION(15));
	json_decref(events);
	if (req->payment == NULL || req->payment->events == NULL)
	{
		http_reply_error(req, ERROR_SERVICE_UNAVAILABLE);
		return;
	}
	if (n == 0)
	{
		webhook_received(req);
		return;
	}
	req->payment->provider = provider;
	req->args[0] = provider->name;
	req->args[1] = req->payment->events;
	flow_submit(req, DB_WRITE, db_extra_statement(DB_EVENT_STORE), 2, webhook_stored);
}

/* The sender tries whether we are here: its own word comes back, if it is a plain one. */
static void
webhook_echo(struct request *req)
{
	char *word = req->values[1].text;

	if (word == NULL || strspn(word, CRC_TOKEN_LETTERS) != strlen(word))
	{
		error_add_field(&req->problem, "crc_token", ERROR_FIELD_FORMAT, NULL);
		http_reply_problem(req);
		return;
	}
	http_reply_body(req, 200, word, strlen(word), free, word, false);
	req->values[1].text = NULL; /* goes with the reply */
	req->reply.kind = REPLY_TEXT;
}

void
payment_webhook_run(struct request *req)
{
	const struct provider *provider = provider_find(strrchr(req->match.row->pattern, '/') + 1);
	struct str body = {req->body == NULL ? "" : req->body, req->body_len};
	struct provider_settings settings;

	if (req->method == METHOD_GET)
	{
		webhook_echo(req);
		return;
	}
	if (provider != NULL)
		provider_settings(req->app->config, provider->id, &settings);
	if (provider == NULL || settings.secret == NULL)
	{
		http_reply_error(req, ERROR_NOT_FOUND);
		return;
	}
	if (!provider->verify(&settings, webhook_signature(req, provider->id), &body,
						  (int64_t) time(NULL)))
	{
		metrics_webhook(req->app->metrics, (int) provider->id, WEBHOOK_UNSIGNED);
		http_reply_error(req, ERROR_WEBHOOK_SIGNATURE_INVALID);
		return;
	}
	webhook_store(req, provider, &body);
}
