/*
 * task.c - calls of providers that the database asks for: refunds, second looks.
 *
 * Tasks are taken a few at a time, and the next ones when all of these are
 * reported. A report that the database could not take is sent again until the
 * lease is over; sent twice, the second one changes nothing there.
 * Without a key of a provider no task is taken.
 */
#include "task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "config.h"
#include "db.h"
#include "log.h"
#include "outcall.h"
#include "payment.h"
#include "provider.h"

#define TASKS_MAX 4
#define TASK_EVERY_MS 5000
#define TASK_LEASE_S 120 /* well above the longest call and its report */
#define TASK_KIND_SIZE 32

enum task_state
{
	TASK_FREE,
	TASK_CALLING,
	TASK_REPORT,   /* to be reported at the next tick */
	TASK_REPORTING /* the database has the report */
};

/* The columns of mjc_api.provider_task_take. */
enum
{
	TAKE_TASK,
	TAKE_KIND,
	TAKE_PROVIDER,
	TAKE_ORDER,
	TAKE_REQUEST
};

struct task_one
{
	struct task *all;
	enum task_state state;
	char task_id[TEXT_UUID_SIZE];
	char order_id[TEXT_UUID_SIZE];
	char kind[TASK_KIND_SIZE];
	const struct provider *provider;
	int64_t lease_ms; /* when it is somebody else's */
	struct outcall_job job;
	const char *outcome;
	char error[PAYMENT_FAILURE_SIZE];
	char *reply; /* JSON, or NULL */
	struct db_call call;
	const char *args[6];
};

struct task
{
	struct app *app;
	struct db_call call;
	const char *args[2];
	char count[8];
	char lease[8];
	bool taking;
	int64_t take_ms; /* when the next look is due */
	struct task_one one[TASKS_MAX];
};

struct task *
task_new(struct app *app)
{
	struct task *task = calloc(1, sizeof(*task));

	if (task == NULL)
		return NULL;
	task->app = app;
	task->take_ms = app->now_ms;
	snprintf(task->count, sizeof(task->count), "%d", TASKS_MAX);
	snprintf(task->lease, sizeof(task->lease), "%d", TASK_LEASE_S);
	for (int i = 0; i < TASKS_MAX; i++)
		task->one[i].all = task;
	return task;
}

static void
task_forget(struct task_one *one)
{
	struct task *all = one->all;

	outcall_clear(&one->job);
	free(one->reply);
	memset(one, 0, sizeof(*one));
	one->all = all;
}

void
task_free(struct task *task)
{
	if (task == NULL)
		return;
	for (int i = 0; i < TASKS_MAX; i++)
		task_forget(&task->one[i]);
	free(task);
}

/* ---- Reports ---- */

static void
task_log(const struct task *task, const char *event, const struct db_call *call)
{
	log_begin(task->app->log, LOG_WARN, event);
	log_int(task->app->log, "outcome", call->outcome);
	log_text(task->app->log, "sqlstate", PQresultErrorField(call->result, PG_DIAG_SQLSTATE));
	log_end(task->app->log);
}

static void
task_reported(struct db_call *call)
{
	struct task_one *one = call->cls;
	struct task *task = one->all;

	if (call->outcome == DB_STOPPED)
		return;
	if (call->outcome != DB_OK)
		task_log(task, "provider_task_report_failed", call);
	one->state = call->outcome == DB_OK || call->outcome == DB_ERROR ? TASK_FREE : TASK_REPORT;
	PQclear(call->result);
	call->result = NULL;
	if (one->state == TASK_FREE)
		task_forget(one);
	task->take_ms = task->app->now_ms;
}

static void
task_report(struct task_one *one)
{
	one->args[0] = one->task_id;
	one->args[1] = one->kind;
	one->args[2] = one->order_id;
	one->args[3] = one->outcome;
	one->args[4] = one->reply;
	one->args[5] = one->error[0] == '\0' ? NULL : one->error;
	one->call.pool = DB_HOUSE;
	one->call.statement = db_extra_statement(DB_TASK_DONE);
	one->call.nargs = 6;
	one->call.args = one->args;
	one->call.done = task_reported;
	one->call.cls = one;
	one->state = db_submit(one->all->app->db, &one->call) ? TASK_REPORTING : TASK_REPORT;
}

/* ---- Calls ---- */

static void
task_end(struct task_one *one, const char *outcome, const char *error)
{
	one->outcome = outcome;
	snprintf(one->error, sizeof(one->error), "%s", error);
	task_report(one);
}

static void
task_called(struct outcall_job *job)
{
	struct task_one *one = job->cls;
	char failure[PAYMENT_FAILURE_SIZE] = "";
	enum metrics_call outcome =
		payment_called(one->all->app, one->provider, one->kind, job, failure);
	json_t *root =
		job->result == OUTCALL_REPLY ? provider_object(job->reply, job->reply_len) : NULL;

	if (job->result == OUTCALL_STOPPED)
		return; /* the lease ends */
	if (root != NULL)
		one->reply = json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(15));
	json_decref(root);
	outcall_clear(job);
	if (outcome == CALL_OK && one->reply == NULL)
		task_end(one, "failed", "unreadable");
	else
		task_end(one,
				 outcome == CALL_OK		   ? "ok"
				 : outcome == CALL_REFUSED ? "refused"
										   : "failed",
				 failure);
}

/* Make the request of a task; the outcome when none can be made, else NULL. */
static const char *
task_prepare(struct task_one *one, const json_t *request, const char **error)
{
	struct provider_settings settings;
	struct provider_refund refund;
	const char *ref = json_string_value(json_object_get(request, "provider_ref"));
	bool refunds = strcmp(one->kind, "refund") == 0;

	*error = "not possible";
	if (one->provider == NULL ||
		(refunds ? one->provider->refund == NULL
				 : one->provider->read == NULL || strcmp(one->kind, "checkout_read") != 0))
		return "refused";
	provider_settings(one->all->app->config, one->provider->id, &settings);
	if (settings.key == NULL)
	{
		*error = "not configured";
		return "failed";
	}
	if (refunds ? !provider_refund_read(request, one->order_id, &refund) ||
					  !one->provider->refund(&settings, &refund, &one->job)
				: ref == NULL || !one->provider->read(&settings, ref, &one->job))
		return "refused";
	one->job.done = task_called;
	one->job.cls = one;
	if (outcall_submit(one->all->app->outcall, &one->job))
		return NULL;
	*error = "busy";
	return "failed";
}

static void
task_start(struct task_one *one, const PGresult *rows, int i)
{
	json_t *request = provider_object(PQgetvalue(rows, i, TAKE_REQUEST),
									  (size_t) PQgetlength(rows, i, TAKE_REQUEST));
	const char *outcome, *error;

	snprintf(one->task_id, sizeof(one->task_id), "%s", PQgetvalue(rows, i, TAKE_TASK));
	snprintf(one->order_id, sizeof(one->order_id), "%s", PQgetvalue(rows, i, TAKE_ORDER));
	snprintf(one->kind, sizeof(one->kind), "%s", PQgetvalue(rows, i, TAKE_KIND));
	one->provider = provider_find(PQgetvalue(rows, i, TAKE_PROVIDER));
	one->lease_ms = one->all->app->now_ms + TASK_LEASE_S * 1000;
	one->state = TASK_CALLING;
	outcome = task_prepare(one, request, &error);
	json_decref(request);
	if (outcome == NULL)
		return;
	outcall_clear(&one->job);
	task_end(one, outcome, error);
}

static void
task_taken(struct db_call *call)
{
	struct task *task = call->cls;
	PGresult *rows = call->result;

	task->taking = false;
	if (call->outcome == DB_STOPPED)
		return;
	call->result = NULL;
	if (call->outcome == DB_OK && PQnfields(rows) == 5)
	{
		for (int i = 0; i < PQntuples(rows) && i < TASKS_MAX; i++)
			task_start(&task->one[i], rows, i);
	}
	else
	{
		call->result = rows;
		task_log(task, "provider_task_take_failed", call);
		call->result = NULL;
	}
	PQclear(rows);
}

/* ---- The clock ---- */

static void
task_take(struct task *task)
{
	task->take_ms = task->app->now_ms + TASK_EVERY_MS;
	task->args[0] = task->count;
	task->args[1] = task->lease;
	task->call.pool = DB_HOUSE;
	task->call.statement = db_extra_statement(DB_TASK_TAKE);
	task->call.nargs = 2;
	task->call.args = task->args;
	task->call.done = task_taken;
	task->call.cls = task;
	task->taking = db_submit(task->app->db, &task->call);
}

void
task_tick(struct task *task)
{
	const struct config *config = task->app->config;
	bool idle = true;

	for (int i = 0; i < TASKS_MAX; i++)
	{
		struct task_one *one = &task->one[i];

		if (one->state == TASK_REPORT && task->app->now_ms >= one->lease_ms)
			task_forget(one);
		else if (one->state == TASK_REPORT)
			task_report(one);
		idle = idle && one->state == TASK_FREE;
	}
	if (config->stripe_key == NULL && config->chargily_key == NULL)
		return;
	if (idle && !task->taking && task->app->drain_ms == 0 && task->app->now_ms >= task->take_ms &&
		config->housekeep_interval_s > 0)
		task_take(task);
}
