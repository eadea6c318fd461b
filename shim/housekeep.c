/*
 * housekeep.c - the clock of the database's jobs.
 *
 * One call at a time on a connection of its own: mjc_api.housekeep every few
 * seconds, at once again while it does work (a job that looks and finds nothing
 * is due again before the next call, and no reason for one); every minute what the shim
 * counted goes into the database; every half minute
 * mjc_api.job_status, outbox_status and webhook_status for the metrics; every two
 * seconds mjc_api.shop_status, by which an admin closes the shop.
 */
#include "housekeep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "config.h"
#include "db.h"
#include "figures.h"
#include "log.h"
#include "metrics.h"

#define HOUSEKEEP_IN_A_ROW 50
#define HOUSEKEEP_BREATH_MS 200 /* between two rows of runs that all found work */
#define HOUSEKEEP_STATUS_MS 30000
#define HOUSEKEEP_SHOP_MS 2000
#define HOUSEKEEP_FIGURES_MS 60000

struct housekeep
{
	struct app *app;
	struct db_call call;
	struct figures *figures;
	bool busy;
	bool told; /* the last figures of a process that ends */
	bool soon; /* somebody made work for a job while one was running */
	int in_a_row;
	int64_t run_ms;		/* when the next run is due */
	int64_t status_ms;	/* when the next look at the jobs is due */
	int64_t outbox_ms;	/* when the next look at the outbox is due */
	int64_t told_ms;	/* when the next look at messages to other systems is due */
	int64_t shop_ms;	/* when the next look at the shop is due */
	int64_t figures_ms; /* when what was counted is told next */
};

struct housekeep *
housekeep_new(struct app *app)
{
	struct housekeep *housekeep = calloc(1, sizeof(*housekeep));

	if (housekeep == NULL)
		return NULL;
	housekeep->app = app;
	housekeep->run_ms = app->now_ms;
	housekeep->status_ms = app->now_ms;
	housekeep->outbox_ms = app->now_ms;
	housekeep->told_ms = app->now_ms;
	housekeep->shop_ms = app->now_ms;
	housekeep->figures_ms = app->now_ms + HOUSEKEEP_FIGURES_MS;
	housekeep->figures = figures_new(app->metrics);
	if (housekeep->figures == NULL)
	{
		free(housekeep);
		return NULL;
	}
	return housekeep;
}

void
housekeep_free(struct housekeep *housekeep)
{
	if (housekeep != NULL)
		figures_free(housekeep->figures);
	free(housekeep);
}

void
housekeep_soon(struct housekeep *housekeep)
{
	housekeep->soon = housekeep->busy;
	housekeep->run_ms = housekeep->app->now_ms;
}

static void
housekeep_log(const struct housekeep *housekeep, const char *event)
{
	const struct db_call *call = &housekeep->call;
	const char *sqlstate = PQresultErrorField(call->result, PG_DIAG_SQLSTATE);

	log_begin(housekeep->app->log, LOG_WARN, event);
	log_int(housekeep->app->log, "outcome", call->outcome);
	log_text(housekeep->app->log, "sqlstate", sqlstate);
	log_ms(housekeep->app->log, "db_ms", call->elapsed_us);
	log_end(housekeep->app->log);
}

static void
housekeep_ran(struct db_call *call)
{
	struct housekeep *housekeep = call->cls;
	struct app *app = housekeep->app;
	bool ok = call->outcome == DB_OK && PQntuples(call->result) == 1;
	bool worked = ok && strcmp(PQgetvalue(call->result, 0, 0), "0") != 0;

	housekeep->busy = false;
	if (call->outcome == DB_STOPPED)
		return;
	metrics_housekeep(app->metrics, ok);
	if (!ok)
		housekeep_log(housekeep, "housekeep_failed");
	PQclear(call->result);
	call->result = NULL;
	if (housekeep->soon || (worked && housekeep->in_a_row < HOUSEKEEP_IN_A_ROW))
	{
		housekeep->in_a_row++;
		housekeep->soon = false;
		housekeep->run_ms = app->now_ms;
		return;
	}
	housekeep->in_a_row = 0;
	housekeep->run_ms =
		app->now_ms + (worked ? HOUSEKEEP_BREATH_MS : app->config->housekeep_interval_s * 1000);
}

static void
housekeep_looked(struct db_call *call)
{
	struct housekeep *housekeep = call->cls;
	struct metrics_job jobs[METRICS_JOBS_MAX];
	size_t n = 0;

	housekeep->busy = false;
	if (call->outcome == DB_STOPPED)
		return;
	if (call->outcome == DB_OK && PQnfields(call->result) == 3)
	{
		for (int i = 0; i < PQntuples(call->result) && n < METRICS_JOBS_MAX; i++, n++)
		{
			snprintf(jobs[n].name, sizeof(jobs[n].name), "%s", PQgetvalue(call->result, i, 0));
			jobs[n].late_seconds = strtod(PQgetvalue(call->result, i, 1), NULL);
			jobs[n].failing = strcmp(PQgetvalue(call->result, i, 2), "t") == 0;
		}
		metrics_jobs(housekeep->app->metrics, jobs, n);
	}
	else
		housekeep_log(housekeep, "job_status_failed");
	PQclear(call->result);
	call->result = NULL;
}

static void
housekeep_counted(struct db_call *call)
{
	struct housekeep *housekeep = call->cls;
	const PGresult *result = call->result;
	struct metrics_outbox outbox;

	housekeep->busy = false;
	if (call->outcome == DB_STOPPED)
		return;
	if (call->outcome == DB_OK && PQntuples(result) == 1 && PQnfields(result) == 3)
	{
		outbox.waiting = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
		outbox.parked = strtoll(PQgetvalue(result, 0, 1), NULL, 10);
		outbox.oldest_seconds = strtod(PQgetvalue(result, 0, 2), NULL);
		metrics_outbox(housekeep->app->metrics, &outbox);
	}
	else
		housekeep_log(housekeep, "outbox_status_failed");
	PQclear(call->result);
	call->result = NULL;
}

static void
housekeep_told(struct db_call *call)
{
	struct housekeep *housekeep = call->cls;
	const PGresult *result = call->result;
	struct metrics_deliveries told;

	housekeep->busy = false;
	if (call->outcome == DB_STOPPED)
		return;
	if (call->outcome == DB_OK && PQntuples(result) == 1 && PQnfields(result) == 4)
	{
		told.waiting = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
		told.parked = strtoll(PQgetvalue(result, 0, 1), NULL, 10);
		told.oldest_seconds = strtod(PQgetvalue(result, 0, 2), NULL);
		told.paused = strtoll(PQgetvalue(result, 0, 3), NULL, 10);
		metrics_deliveries(housekeep->app->metrics, &told);
	}
	else
		housekeep_log(housekeep, "webhook_status_failed");
	PQclear(call->result);
	call->result = NULL;
}

static void
housekeep_figured(struct db_call *call)
{
	struct housekeep *housekeep = call->cls;

	housekeep->busy = false;
	if (call->outcome == DB_STOPPED)
		return;
	if (call->outcome == DB_OK)
		figures_stored(housekeep->figures);
	else
		housekeep_log(housekeep, "http_figures_failed");
	PQclear(call->result);
	call->result = NULL;
}

/* While the database does not answer, the shop stays as it was. */
static void
housekeep_shop(struct db_call *call)
{
	struct housekeep *housekeep = call->cls;
	struct app *app = housekeep->app;
	PGresult *result = call->result;

	housekeep->busy = false;
	if (call->outcome == DB_STOPPED)
		return;
	if (call->outcome == DB_OK && PQntuples(result) == 1)
	{
		app->maintenance = strcmp(PQgetvalue(result, 0, 0), "t") == 0;
		metrics_maintenance(app->metrics, app->maintenance);
	}
	else
		housekeep_log(housekeep, "shop_status_failed");
	PQclear(result);
	call->result = NULL;
}

static void
housekeep_start(struct housekeep *housekeep, enum db_extra extra,
				void (*done)(struct db_call *call))
{
	housekeep->call.pool = DB_HOUSE;
	housekeep->call.statement = db_extra_statement(extra);
	housekeep->call.nargs = 0;
	housekeep->call.args = NULL;
	housekeep->call.done = done;
	housekeep->call.cls = housekeep;
	housekeep->busy = db_submit(housekeep->app->db, &housekeep->call);
}

static void
housekeep_figures(struct housekeep *housekeep)
{
	const char *const *args = figures_take(housekeep->figures);

	if (args == NULL)
		return;
	housekeep->call.pool = DB_HOUSE;
	housekeep->call.statement = db_extra_statement(DB_HTTP_FIGURES);
	housekeep->call.nargs = FIGURES_ARGS;
	housekeep->call.args = args;
	housekeep->call.done = housekeep_figured;
	housekeep->call.cls = housekeep;
	housekeep->busy = db_submit(housekeep->app->db, &housekeep->call);
}

void
housekeep_tick(struct housekeep *housekeep)
{
	const struct app *app = housekeep->app;

	if (housekeep->busy || app->drain_ms != 0)
		return;
	if (app->now_ms >= housekeep->shop_ms)
	{
		housekeep->shop_ms = app->now_ms + HOUSEKEEP_SHOP_MS;
		housekeep_start(housekeep, DB_SHOP_STATUS, housekeep_shop);
		return;
	}
	if (app->now_ms >= housekeep->figures_ms)
	{
		housekeep->figures_ms = app->now_ms + HOUSEKEEP_FIGURES_MS;
		housekeep_figures(housekeep);
		if (housekeep->busy)
			return;
	}
	if (app->config->housekeep_interval_s == 0)
		return;
	if (app->now_ms >= housekeep->run_ms)
		housekeep_start(housekeep, DB_HOUSEKEEP, housekeep_ran);
	else if (app->now_ms >= housekeep->status_ms)
	{
		housekeep->status_ms = app->now_ms + HOUSEKEEP_STATUS_MS;
		housekeep_start(housekeep, DB_JOB_STATUS, housekeep_looked);
	}
	else if (app->now_ms >= housekeep->outbox_ms)
	{
		housekeep->outbox_ms = app->now_ms + HOUSEKEEP_STATUS_MS;
		housekeep_start(housekeep, DB_OUTBOX_STATUS, housekeep_counted);
	}
	else if (app->now_ms >= housekeep->told_ms)
	{
		housekeep->told_ms = app->now_ms + HOUSEKEEP_STATUS_MS;
		housekeep_start(housekeep, DB_WEBHOOK_STATUS, housekeep_told);
	}
}

bool
housekeep_ended(struct housekeep *housekeep)
{
	if (!housekeep->busy && !housekeep->told)
	{
		housekeep->told = true;
		housekeep_figures(housekeep);
	}
	return !housekeep->busy;
}
