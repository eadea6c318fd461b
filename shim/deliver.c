/*
 * deliver.c - messages that other systems are told by (outgoing webhooks).
 *
 * A few at a time, so that systems that do not answer leave the calls of
 * providers their room. A report that the database could not take is sent
 * again until the lease is over; then the message goes out once more.
 */
#include "deliver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "app.h"
#include "config.h"
#include "db.h"
#include "log.h"
#include "outcall.h"
#include "text.h"

#define DELIVER_MAX 8
#define DELIVER_EVERY_MS 1000
#define DELIVER_LEASE_S 120 /* well above the longest call and its report */
#define DELIVER_ERROR_SIZE 32
#define DELIVER_STAMP_SIZE 24
#define SECRET_HEAD "whsec_"
#define SECRET_BASE64_MAX 88
#define MAC_SIZE 32

enum deliver_state
{
	DELIVER_FREE,
	DELIVER_CALLING,
	DELIVER_REPORT,	  /* to be reported at the next tick */
	DELIVER_REPORTING /* the database has the report */
};

/* The columns of mjc_api.webhook_take. */
enum
{
	TAKE_ID,
	TAKE_LEASE,
	TAKE_URL,
	TAKE_SECRET,
	TAKE_BODY,
	TAKE_ATTEMPT,
	TAKE__MAX
};

struct deliver_one
{
	struct deliver *all;
	enum deliver_state state;
	char id[TEXT_UUID_SIZE];
	char lease[TEXT_UUID_SIZE];
	char attempt[12];
	int64_t lease_ms; /* when it is somebody else's */
	struct outcall_job job;
	bool ok;
	char status[8]; /* HTTP, empty: no answer */
	char error[DELIVER_ERROR_SIZE];
	struct db_call call;
	const char *args[5];
};

struct deliver
{
	struct app *app;
	struct db_call call;
	const char *args[2];
	char count[12];
	char lease[8];
	bool taking;
	int64_t take_ms; /* when the next look is due */
	struct deliver_one one[DELIVER_MAX];
};

/* ---- Signing ---- */

/* The bytes of "whsec_" and base64; their number, 0 when it is none. */
static size_t
secret_bytes(const char *secret, unsigned char out[SECRET_BASE64_MAX])
{
	const char *text = secret + strlen(SECRET_HEAD);
	size_t len, pad = 0;
	int n;

	if (strncmp(secret, SECRET_HEAD, strlen(SECRET_HEAD)) != 0)
		return 0;
	len = strlen(text);
	if (len == 0 || len > SECRET_BASE64_MAX || len % 4 != 0)
		return 0;
	while (pad < 2 && text[len - 1 - pad] == '=')
		pad++;
	if (strcspn(text, "=") < len - pad)
		return 0;
	n = EVP_DecodeBlock(out, (const unsigned char *) text, (int) len);
	return n <= 0 ? 0 : (size_t) n - pad;
}

bool
deliver_sign(const char *secret, const char *id, const char *stamp, const char *body,
			 char out[DELIVER_SIGNATURE_SIZE])
{
	unsigned char key[SECRET_BASE64_MAX];
	unsigned char mac[MAC_SIZE];
	unsigned int len = 0;
	size_t key_len = secret_bytes(secret, key);
	char *text = NULL;
	int text_len = asprintf(&text, "%s.%s.%s", id, stamp, body);

	out[0] = '\0';
	if (key_len > 0 && text_len >= 0 &&
		HMAC(EVP_sha256(), key, (int) key_len, (const unsigned char *) text, (size_t) text_len, mac,
			 &len) != NULL &&
		len == sizeof(mac))
	{
		memcpy(out, "v1,", 3);
		EVP_EncodeBlock((unsigned char *) out + 3, mac, sizeof(mac));
	}
	OPENSSL_cleanse(key, sizeof(key));
	free(text_len < 0 ? NULL : text);
	return out[0] != '\0';
}

/* ---- Life ---- */

struct deliver *
deliver_new(struct app *app)
{
	struct deliver *deliver = calloc(1, sizeof(*deliver));

	if (deliver == NULL)
		return NULL;
	deliver->app = app;
	deliver->take_ms = app->now_ms;
	snprintf(deliver->lease, sizeof(deliver->lease), "%d", DELIVER_LEASE_S);
	for (int i = 0; i < DELIVER_MAX; i++)
		deliver->one[i].all = deliver;
	return deliver;
}

static void
deliver_forget(struct deliver_one *one)
{
	struct deliver *all = one->all;

	outcall_clear(&one->job);
	memset(one, 0, sizeof(*one));
	one->all = all;
}

void
deliver_free(struct deliver *deliver)
{
	if (deliver == NULL)
		return;
	for (int i = 0; i < DELIVER_MAX; i++)
		deliver_forget(&deliver->one[i]);
	free(deliver);
}

/* ---- Reports ---- */

static void deliver_next(struct deliver *deliver);

static void
deliver_log(const struct deliver *deliver, const char *event, const struct db_call *call)
{
	log_begin(deliver->app->log, LOG_WARN, event);
	log_int(deliver->app->log, "outcome", call->outcome);
	log_text(deliver->app->log, "sqlstate", PQresultErrorField(call->result, PG_DIAG_SQLSTATE));
	log_end(deliver->app->log);
}

static void
deliver_reported(struct db_call *call)
{
	struct deliver_one *one = call->cls;
	struct deliver *deliver = one->all;

	if (call->outcome == DB_STOPPED)
		return;
	if (call->outcome != DB_OK)
		deliver_log(deliver, "webhook_report_failed", call);
	one->state =
		call->outcome == DB_OK || call->outcome == DB_ERROR ? DELIVER_FREE : DELIVER_REPORT;
	PQclear(call->result);
	call->result = NULL;
	if (one->state != DELIVER_FREE)
		return;
	deliver_forget(one);
	deliver->take_ms = deliver->app->now_ms; /* what stood behind it is due */
	deliver_next(deliver);
}

static void
deliver_report(struct deliver_one *one)
{
	one->args[0] = one->id;
	one->args[1] = one->lease;
	one->args[2] = one->status[0] == '\0' ? NULL : one->status;
	one->args[3] = one->ok ? "true" : "false";
	one->args[4] = one->error[0] == '\0' ? NULL : one->error;
	one->call.pool = DB_HOUSE;
	one->call.statement = db_extra_statement(DB_WEBHOOK_DONE);
	one->call.nargs = 5;
	one->call.args = one->args;
	one->call.done = deliver_reported;
	one->call.cls = one;
	one->state = db_submit(one->all->app->db, &one->call) ? DELIVER_REPORTING : DELIVER_REPORT;
}

/* ---- Calls ---- */

static void
deliver_called(struct outcall_job *job)
{
	static const char *const failures[] = {[OUTCALL_REPLY] = "",
										   [OUTCALL_TIMEOUT] = "timeout",
										   [OUTCALL_UNREACHABLE] = "unreachable",
										   [OUTCALL_TOO_LARGE] = "too large"};
	struct deliver_one *one = job->cls;
	struct log *log = one->all->app->log;

	if (job->result == OUTCALL_STOPPED)
		return; /* the lease ends */
	one->ok = job->result == OUTCALL_REPLY && job->status >= 200 && job->status <= 299;
	if (job->result == OUTCALL_REPLY && job->status > 0 && job->status <= 999)
		snprintf(one->status, sizeof(one->status), "%d", (int) job->status);
	if (!one->ok && job->result == OUTCALL_REPLY)
		snprintf(one->error, sizeof(one->error), "status %d", (int) job->status);
	else
		snprintf(one->error, sizeof(one->error), "%s", failures[job->result]);
	log_begin(log, one->ok ? LOG_INFO : LOG_WARN, "webhook_call");
	log_text(log, "delivery", one->id);
	log_text(log, "attempt", one->attempt);
	if (!one->ok)
		log_text(log, "failure", one->error);
	log_ms(log, "ms", job->elapsed_us);
	log_end(log);
	outcall_clear(job);
	deliver_report(one);
}

/* Sign and send; NULL, or why that is not possible. */
static const char *
deliver_send(struct deliver_one *one, const char *url, const char *secret, const char *body)
{
	char stamp[DELIVER_STAMP_SIZE];
	char signature[DELIVER_SIGNATURE_SIZE];

	snprintf(stamp, sizeof(stamp), "%lld", (long long) time(NULL));
	if (!text_url_safe(url))
		return "unsafe address";
	if (!deliver_sign(secret, one->id, stamp, body, signature))
		return "no secret";
	if (!outcall_prepare(&one->job, url, body) ||
		!outcall_header(&one->job, "Content-Type", "application/json") ||
		!outcall_header(&one->job, "Webhook-Id", one->id) ||
		!outcall_header(&one->job, "Webhook-Timestamp", stamp) ||
		!outcall_header(&one->job, "Webhook-Signature", signature))
		return "no memory";
	one->job.done = deliver_called;
	one->job.cls = one;
	return outcall_submit(one->all->app->outcall, &one->job) ? NULL : "busy";
}

static void
deliver_start(struct deliver_one *one, const PGresult *rows, int i)
{
	const char *failure;

	snprintf(one->id, sizeof(one->id), "%s", PQgetvalue(rows, i, TAKE_ID));
	snprintf(one->lease, sizeof(one->lease), "%s", PQgetvalue(rows, i, TAKE_LEASE));
	snprintf(one->attempt, sizeof(one->attempt), "%s", PQgetvalue(rows, i, TAKE_ATTEMPT));
	one->lease_ms = one->all->app->now_ms + DELIVER_LEASE_S * 1000;
	one->state = DELIVER_CALLING;
	failure = deliver_send(one, PQgetvalue(rows, i, TAKE_URL), PQgetvalue(rows, i, TAKE_SECRET),
						   PQgetvalue(rows, i, TAKE_BODY));
	if (failure == NULL)
		return;
	outcall_clear(&one->job);
	snprintf(one->error, sizeof(one->error), "%s", failure);
	deliver_report(one);
}

static struct deliver_one *
deliver_room(struct deliver *deliver)
{
	for (int i = 0; i < DELIVER_MAX; i++)
	{
		if (deliver->one[i].state == DELIVER_FREE)
			return &deliver->one[i];
	}
	return NULL;
}

static void
deliver_taken(struct db_call *call)
{
	struct deliver *deliver = call->cls;
	PGresult *rows = call->result;
	struct deliver_one *one;

	deliver->taking = false;
	if (call->outcome == DB_STOPPED)
		return;
	if (call->outcome == DB_OK && PQnfields(rows) == TAKE__MAX)
	{
		for (int i = 0; i < PQntuples(rows) && (one = deliver_room(deliver)) != NULL; i++)
			deliver_start(one, rows, i);
	}
	else
		deliver_log(deliver, "webhook_take_failed", call);
	PQclear(rows);
	call->result = NULL;
}

/* ---- The clock ---- */

static void
deliver_take(struct deliver *deliver, int room)
{
	deliver->take_ms = deliver->app->now_ms + DELIVER_EVERY_MS;
	snprintf(deliver->count, sizeof(deliver->count), "%d", room);
	deliver->args[0] = deliver->count;
	deliver->args[1] = deliver->lease;
	deliver->call.pool = DB_HOUSE;
	deliver->call.statement = db_extra_statement(DB_WEBHOOK_TAKE);
	deliver->call.nargs = 2;
	deliver->call.args = deliver->args;
	deliver->call.done = deliver_taken;
	deliver->call.cls = deliver;
	deliver->taking = db_submit(deliver->app->db, &deliver->call);
}

/* Take more when it is time and there is room. */
static void
deliver_next(struct deliver *deliver)
{
	const struct app *app = deliver->app;
	int room = 0;

	for (int i = 0; i < DELIVER_MAX; i++)
		room += deliver->one[i].state == DELIVER_FREE;
	if (app->config->webhooks && room > 0 && !deliver->taking && app->drain_ms == 0 &&
		app->now_ms >= deliver->take_ms && app->config->housekeep_interval_s > 0)
		deliver_take(deliver, room);
}

void
deliver_tick(struct deliver *deliver)
{
	for (int i = 0; i < DELIVER_MAX; i++)
	{
		struct deliver_one *one = &deliver->one[i];

		if (one->state == DELIVER_REPORT && deliver->app->now_ms >= one->lease_ms)
			deliver_forget(one);
		else if (one->state == DELIVER_REPORT)
			deliver_report(one);
	}
	deliver_next(deliver);
}
