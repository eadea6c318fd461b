/*
 * db_conn.c - one non-blocking connection in pipeline mode.
 *
 * Each call is its own implicit transaction: [prepare,] query, sync. An answer
 * counts only when the sync has come back, because the commit happens there;
 * an error on the way, even at the commit, replaces the rows.
 * The answers come in the order of the calls, so a slow call delays those sent
 * after it: how many may be under way follows from how long they take.
 * Invariants: the slots first .. first + in_flight - 1 (modulo the ring) are in
 * use; every libpq call that can fail ends in db_conn_break and nothing else, the
 * next tick cleans up.
 */
#include "db_conn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "app.h"
#include "clock.h"

#define CONN_NAME_BYTES 40
/* How long calls may take together in one pipeline: it saves the way to and fro between short ones;
 * a long one would be waited for while another connection comes free. */
#define CONN_WAIT_US 2000
#define CONN_MEAN_START_US 25000 /* taken for the mean until there is one */

/* The server's notices hold data of people; they are not for our log. */
static void
conn_notice(void *cls, const PGresult *result)
{
	(void) cls;
	(void) result;
}

bool
db_conn_init(struct db_conn *conn, struct app *app, struct db_pool *pool,
			 const struct db_statement *statements, int nstatements)
{
	memset(conn, 0, sizeof(*conn));
	conn->watch.kind = WATCH_DB;
	conn->watch.owner = conn;
	conn->watch.fd = -1;
	conn->app = app;
	conn->pool = pool;
	conn->statements = statements;
	conn->nstatements = nstatements;
	conn->prepared = calloc((size_t) nstatements, sizeof(bool));
	conn->version = calloc((size_t) nstatements, sizeof(unsigned));
	return conn->prepared != NULL && conn->version != NULL;
}

void
db_conn_break(struct db_conn *conn)
{
	/* libpq has closed the socket or will: its number may soon be another's. */
	loop_unwatch(conn->app, &conn->watch);
	conn->broken = true;
}

static void
conn_watch(struct db_conn *conn, uint32_t events)
{
	int fd = PQsocket(conn->pg);

	if (fd < 0 || !loop_watch(conn->app, &conn->watch, fd, events))
		db_conn_break(conn);
}

/* The options of the DSN itself, in front of ours; malloc'ed. */
static char *
conn_options(const struct db_target *target)
{
	PQconninfoOption *list = PQconninfoParse(target->dsn, NULL);
	const char *theirs = "";
	char *text = NULL;

	for (PQconninfoOption *o = list; o != NULL && o->keyword != NULL; o++)
	{
		if (strcmp(o->keyword, "options") == 0 && o->val != NULL)
			theirs = o->val;
	}
	if (asprintf(&text, "%s%s%s", theirs, *theirs == '\0' ? "" : " ", target->options) < 0)
		text = NULL;
	PQconninfoFree(list);
	return text;
}

void
db_conn_open(struct db_conn *conn, const struct db_target *target)
{
	char *options = conn_options(target);
	const char *const keys[] = {"dbname",			"options",
								"client_encoding",	"application_name",
								"keepalives",		"keepalives_idle",
								"keepalives_count", "keepalives_interval",
								"tcp_user_timeout", NULL};
	const char *const values[] = {target->dsn, options, "UTF8", "mjc-shim", "1",
								  "30",		   "3",		"10",	"10000",	NULL};

	conn->life++;
	conn->state = CONN_CONNECTING;
	conn->state_ms = conn->app->now_ms;
	conn->broken = false;
	if (options != NULL)
		conn->pg = PQconnectStartParams(keys, values, 1);
	free(options);
	if (conn->pg == NULL || PQstatus(conn->pg) == CONNECTION_BAD)
	{
		db_conn_break(conn);
		return;
	}
	PQsetNoticeReceiver(conn->pg, conn_notice, NULL);
	conn_watch(conn, EPOLLOUT);
}

void
db_conn_advance(struct db_conn *conn)
{
	/*
	 * With several hosts or addresses libpq goes on with a new socket, often
	 * under the number of the old one, which has left the set by itself.
	 */
	loop_unwatch(conn->app, &conn->watch);
	switch (PQconnectPoll(conn->pg))
	{
		case PGRES_POLLING_READING:
			conn_watch(conn, EPOLLIN);
			break;
		case PGRES_POLLING_WRITING:
			conn_watch(conn, EPOLLOUT);
			break;
		case PGRES_POLLING_OK:
			if (PQsetnonblocking(conn->pg, 1) != 0 || PQenterPipelineMode(conn->pg) != 1)
			{
				db_conn_break(conn);
				break;
			}
			conn->state = CONN_READY;
			conn->state_ms = conn->app->now_ms;
			conn->backoff_ms = 0;
			conn->mean_us = CONN_MEAN_START_US;
			conn_watch(conn, EPOLLIN);
			break;
		default:
			db_conn_break(conn);
			break;
	}
}

void
db_conn_close(struct db_conn *conn)
{
	loop_unwatch(conn->app, &conn->watch);
	PQfinish(conn->pg);
	conn->pg = NULL;
	conn->state = CONN_DOWN;
	conn->state_ms = conn->app->now_ms;
	conn->broken = false;
	memset(conn->prepared, 0, (size_t) conn->nstatements * sizeof(bool));
}

void
db_conn_release(struct db_conn *conn)
{
	if (conn->pg != NULL)
		db_conn_close(conn);
	free(conn->prepared);
	free(conn->version);
	conn->prepared = NULL;
	conn->version = NULL;
}

static void
conn_name(const struct db_conn *conn, int statement, char name[CONN_NAME_BYTES])
{
	snprintf(name, CONN_NAME_BYTES, "s%d_%u", statement, conn->version[statement]);
}

static void
conn_push(struct db_conn *conn, struct db_call *call, bool prepared_here)
{
	struct db_slot *slot = db_conn_slot(conn, conn->in_flight);

	slot->call = call;
	slot->result = NULL;
	slot->statement = call->statement;
	slot->prepared_here = prepared_here;
	if (conn->in_flight == 0)
		conn->first_us = clock_us();
	conn->in_flight++;
}

void
db_conn_flush(struct db_conn *conn)
{
	int rest = PQflush(conn->pg);

	if (rest < 0)
		db_conn_break(conn);
	else
		conn_watch(conn, rest > 0 ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

bool
db_conn_send(struct db_conn *conn, struct db_call *call)
{
	const struct db_statement *statement = &conn->statements[call->statement];
	char name[CONN_NAME_BYTES];
	bool prepare = !conn->prepared[call->statement];

	conn_name(conn, call->statement, name);
	if (prepare && PQsendPrepare(conn->pg, name, statement->sql, 0, NULL) != 1)
	{
		db_conn_break(conn);
		return false;
	}
	if (PQsendQueryPrepared(conn->pg, name, call->nargs, call->args, NULL, NULL, 0) != 1 ||
		PQpipelineSync(conn->pg) != 1)
	{
		db_conn_break(conn);
		return false;
	}
	conn->prepared[call->statement] = true;
	conn_push(conn, call, prepare);
	db_conn_flush(conn);
	return true;
}

struct db_slot *
db_conn_slot(struct db_conn *conn, int i)
{
	return &conn->slot[(conn->first + i) % DB_DEPTH_MAX];
}

int64_t
db_conn_age_ms(const struct db_conn *conn)
{
	return conn->in_flight == 0 ? 0 : (clock_us() - conn->first_us) / 1000;
}

bool
db_conn_room(const struct db_conn *conn, int depth)
{
	int64_t each = conn->mean_us;

	if (conn->state != CONN_READY || conn->broken || conn->in_flight >= depth)
		return false;
	if (conn->in_flight == 0)
		return true;
	if (clock_us() - conn->first_us > each)
		each = clock_us() - conn->first_us;
	return each * (conn->in_flight + 1) <= CONN_WAIT_US;
}

static void
conn_pop(struct db_conn *conn, struct db_slot *out)
{
	int64_t now = clock_us();

	*out = conn->slot[conn->first];
	conn->mean_us += (now - conn->first_us - conn->mean_us) / 8;
	conn->first = (conn->first + 1) % DB_DEPTH_MAX;
	conn->first_us = now;
	conn->in_flight--;
}

/* Keep what matters of one result: rows, or the first error; the rest goes. */
static void
conn_keep(struct db_slot *slot, PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);
	bool have_error = slot->result != NULL && PQresultStatus(slot->result) == PGRES_FATAL_ERROR;

	if ((status == PGRES_FATAL_ERROR && !have_error) ||
		(status == PGRES_TUPLES_OK && slot->result == NULL))
	{
		PQclear(slot->result);
		slot->result = result;
	}
	else
		PQclear(result);
}

bool
db_conn_take(struct db_conn *conn, struct db_slot *out)
{
	int nothing = 0;

	while (conn->in_flight > 0 && !conn->broken && nothing < 2 && PQisBusy(conn->pg) == 0)
	{
		PGresult *result = PQgetResult(conn->pg);

		if (result == NULL)
		{
			nothing++;
			continue;
		}
		nothing = 0;
		if (PQresultStatus(result) == PGRES_PIPELINE_SYNC)
		{
			PQclear(result);
			conn_pop(conn, out);
			return true;
		}
		conn_keep(db_conn_slot(conn, 0), result);
		if (PQstatus(conn->pg) == CONNECTION_BAD)
			db_conn_break(conn);
	}
	return false;
}

bool
db_conn_input(struct db_conn *conn)
{
	return PQconsumeInput(conn->pg) == 1 && PQstatus(conn->pg) != CONNECTION_BAD;
}

void
db_conn_forget(struct db_conn *conn, int statement)
{
	conn->prepared[statement] = false;
	conn->version[statement]++;
}
