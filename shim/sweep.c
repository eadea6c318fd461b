/*
 * sweep.c - files that no row knows are taken out of the folder, a day after they came.
 *
 * An upload keeps its files first and notes them second, and staff forget files by taking away
 * their rows: both leave files that nobody knows. One step at a time: the thread for files lists
 * what is a day old and counts all bytes; the database is asked for SWEEP_BATCH names at a time
 * which it does not know; the thread deletes those that are still a day old.
 */
#include "sweep.h"

#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "config.h"
#include "db.h"
#include "log.h"
#include "store.h"
#include "worker.h"

#define SWEEP_EVERY_MS (3600 * 1000)
#define SWEEP_AGAIN_MS (60 * 1000) /* after one that failed */
#define SWEEP_BATCH 500

struct sweep
{
	struct app *app;
	bool busy;
	int64_t next_ms;
	struct store_names names;
	size_t at; /* of names: those before were asked */
	struct worker_job job;
	bool scanned;
	char orphan[SWEEP_BATCH][STORE_NAME];
	size_t orphans;
	size_t dropped; /* by the last step */
	size_t total;
	struct db_call call;
	char list[SWEEP_BATCH * (STORE_NAME + 1) + 3];
	const char *args[1];
};

static void sweep_ask(struct sweep *sweep);

/* ---- The end ---- */

static void
sweep_over(struct sweep *sweep, bool ok)
{
	struct log *log = sweep->app->log;

	if ((!ok || sweep->total > 0) && log_begin(log, ok ? LOG_INFO : LOG_WARN, "files_swept"))
	{
		log_int(log, "removed", (long long) sweep->total);
		log_int(log, "bytes", (long long) store_bytes(sweep->app->store));
		log_end(log);
	}
	free(sweep->names.name);
	memset(&sweep->names, 0, sizeof(sweep->names));
	sweep->busy = false;
	sweep->next_ms = sweep->app->now_ms + (ok ? SWEEP_EVERY_MS : SWEEP_AGAIN_MS);
}

/* ---- Steps on the thread for files ---- */

static void
sweep_scan(struct worker_job *job)
{
	struct sweep *sweep = job->cls;

	sweep->scanned = store_scan(sweep->app->store, &sweep->names);
}

static void
sweep_drop(struct worker_job *job)
{
	struct sweep *sweep = job->cls;

	sweep->dropped = store_drop(sweep->app->store, sweep->orphan, sweep->orphans);
}

static void
sweep_done(struct worker_job *job)
{
	struct sweep *sweep = job->cls;

	if (job->result != WORKER_MATCH)
		return; /* the process ends */
	sweep->total += sweep->dropped;
	sweep->dropped = 0;
	if (sweep->scanned)
		sweep_ask(sweep);
	else
		sweep_over(sweep, false);
}

static bool
sweep_work(struct sweep *sweep, void (*work)(struct worker_job *job))
{
	sweep->job =
		(struct worker_job){.kind = WORKER_CALL, .work = work, .done = sweep_done, .cls = sweep};
	return worker_submit(sweep->app->filer, &sweep->job);
}

/* ---- The question ---- */

static void
sweep_answered(struct db_call *call)
{
	struct sweep *sweep = call->cls;
	PGresult *rows = call->result;

	call->result = NULL;
	if (call->outcome == DB_STOPPED)
		return;
	sweep->orphans = 0;
	if (call->outcome == DB_OK && PQnfields(rows) == 1)
	{
		for (int i = 0; i < PQntuples(rows) && i < SWEEP_BATCH; i++)
		{
			enum media_type type;

			if (store_name_ok(PQgetvalue(rows, i, 0), &type))
				snprintf(sweep->orphan[sweep->orphans++], STORE_NAME, "%s", PQgetvalue(rows, i, 0));
		}
		if (!sweep_work(sweep, sweep_drop))
			sweep_over(sweep, false);
	}
	else
		sweep_over(sweep, false);
	PQclear(rows);
}

static void
sweep_ask(struct sweep *sweep)
{
	char *end = sweep->list;
	size_t last = sweep->at + SWEEP_BATCH;

	if (sweep->at >= sweep->names.n)
	{
		sweep_over(sweep, true);
		return;
	}
	/* The names are digits, letters and a dot: an array's text without quotes. */
	for (*end++ = '{'; sweep->at < last && sweep->at < sweep->names.n; sweep->at++)
	{
		end = stpcpy(end, sweep->names.name[sweep->at]);
		*end++ = ',';
	}
	end[-1] = '}';
	*end = '\0';
	sweep->args[0] = sweep->list;
	sweep->call = (struct db_call){.pool = DB_HOUSE,
								   .statement = db_extra_statement(DB_MEDIA_ORPHANS),
								   .nargs = 1,
								   .args = sweep->args,
								   .done = sweep_answered,
								   .cls = sweep};
	if (!db_submit(sweep->app->db, &sweep->call))
		sweep_over(sweep, false);
}

/* ---- Life ---- */

struct sweep *
sweep_new(struct app *app)
{
	struct sweep *sweep = calloc(1, sizeof(*sweep));

	if (sweep == NULL)
		return NULL;
	sweep->app = app;
	sweep->next_ms = app->now_ms;
	return sweep;
}

void
sweep_free(struct sweep *sweep)
{
	if (sweep == NULL)
		return;
	free(sweep->names.name);
	free(sweep);
}

void
sweep_tick(struct sweep *sweep)
{
	const struct app *app = sweep->app;

	if (sweep->busy || app->store == NULL || app->drain_ms != 0 || app->now_ms < sweep->next_ms ||
		app->config->housekeep_interval_s == 0)
		return;
	sweep->total = 0;
	sweep->at = 0;
	sweep->busy = sweep_work(sweep, sweep_scan);
}
