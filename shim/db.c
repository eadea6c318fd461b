/*
 * db.c - calls of SQL functions on pools of non-blocking connections.
 *
 * A call is in exactly one place: the queue of a pool, a slot of a connection,
 * the list of calls that wait for their retry, that of db_late.c, or ended. Reads that wait behind
 * a slow one move to another connection, once; the answer of the first sending
 * is then thrown away. A write that committed waits in db_late.c until that is
 * durable.
 *
 * What is retried: 40001, 40P01 and, once, 55P03, because the transaction is
 * known not to have happened; a prepared statement that went stale; a lost
 * connection only for reads, once, because a lost write may have committed.
 */
#include "db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>

#include "app.h"
#include "clock.h"
#include "config.h"
#include "db_conn.h"
#include "db_late.h"
#include "db_statement.h"
#include "error.h"
#include "log.h"
#include "metrics.h"

#define DB_RETRIES 3
#define DB_LOCK_RETRIES 1 /* after a lock_timeout, which took two seconds already */
#define DB_RETRY_MIN_MS 5
#define DB_RETRY_MAX_MS 50
#define DB_CONNECT_MS 5000
#define DB_BACKOFF_MIN_MS 100
#define DB_BACKOFF_MAX_MS 5000
#define DB_GRACE_MS 1000 /* past statement_timeout before the connection is dropped */
#define DB_HOUSE_TIMEOUT_MS 30000
#define DB_STALL_MS 200 /* a call this slow lets go those that wait behind it */
/* A call this old waits for a lock or for data, or will take long: others do not wait for it. */
#define DB_WAITS_MS 100
/* No call came or went for so long: those at work wait. */
#define DB_STUCK_MS 10
#define DB_OPTIONS_BYTES 384

struct db_pool
{
	const char *name;
	long size;
	int depth;
	long capacity;	  /* calls that may wait */
	long busy;		  /* connections at work at a time, 0 = all */
	int64_t moved_us; /* when a call was sent or answered last */
	bool read_only;
	int64_t deadline_ms;
	char options[DB_OPTIONS_BYTES];
	struct db_target target;
	struct db_late *late; /* NULL: what its calls committed is durable when they are answered */
	struct db_conn *conn;
	struct db_call *head; /* waiting calls, oldest first */
	struct db_call *tail;
	long queued;
};

struct db
{
	struct app *app;
	struct db_pool pool[DB_POOL__MAX];
	struct db_statement *statements;
	int nstatements;
	struct db_call *retry; /* waiting for their retry_ms, unordered */
	struct db_late late;   /* answers of DB_WRITE that wait for the disk */
	uint64_t random;
};

/* A number in [low, high]; spreads retries, guards nothing. */
static int64_t
db_jitter(struct db *db, int64_t low, int64_t high)
{
	db->random ^= db->random << 13;
	db->random ^= db->random >> 7;
	db->random ^= db->random << 17;
	return low + (int64_t) (db->random % (uint64_t) (high - low + 1));
}

static void
db_pool_set(struct db *db, enum db_pool_id id, const char *name, long size, int depth,
			long capacity, bool read_only)
{
	const struct config *config = db->app->config;
	struct db_pool *pool = &db->pool[id];
	int64_t timeout = id == DB_HOUSE ? DB_HOUSE_TIMEOUT_MS : config->db_timeout_s * 1000;

	pool->name = name;
	pool->size = size;
	pool->depth = depth;
	pool->capacity = capacity;
	pool->read_only = read_only;
	pool->deadline_ms = timeout + DB_GRACE_MS;
	snprintf(pool->options, sizeof(pool->options),
			 "-c statement_timeout=%lld -c lock_timeout=2000"
			 " -c idle_in_transaction_session_timeout=10000 -c search_path=pg_catalog,pg_temp"
			 " -c log_parameter_max_length_on_error=0%s%s",
			 (long long) timeout, read_only ? " -c default_transaction_read_only=on" : "",
			 id == DB_EVENT || (id == DB_WRITE && config->late_answers)
				 ? " -c synchronous_commit=off"
				 : "");
	pool->target.dsn = id == DB_READ ? config->dsn_read : config->dsn;
	pool->target.options = pool->options;
}

static bool
db_pools_open(struct db *db)
{
	for (int p = 0; p < DB_POOL__MAX; p++)
	{
		struct db_pool *pool = &db->pool[p];

		pool->conn = calloc((size_t) pool->size + 1, sizeof(struct db_conn));
		if (pool->conn == NULL)
			return false;
		for (long i = 0; i < pool->size; i++)
		{
			if (!db_conn_init(&pool->conn[i], db->app, pool, db->statements, db->nstatements))
				return false;
		}
	}
	for (int p = 0; p < DB_POOL__MAX; p++)
	{
		for (long i = 0; i < db->pool[p].size; i++)
			db_conn_open(&db->pool[p].conn[i], &db->pool[p].target);
	}
	return true;
}

static void
call_end(struct db *db, struct db_call *call, enum db_outcome outcome)
{
	call->outcome = outcome;
	call->next = NULL;
	call->elapsed_us = clock_us() - call->start_us;
	if (outcome != DB_OK && outcome != DB_ERROR)
	{
		PQclear(call->result);
		call->result = NULL;
	}
	metrics_db_query(db->app->metrics, (int) call->pool, call->elapsed_us);
	call->done(call);
}

struct db *
db_new(struct app *app)
{
	const struct config *config = app->config;
	bool two_servers = strcmp(config->dsn, config->dsn_read) != 0;
	struct db *db = calloc(1, sizeof(*db));

	if (db == NULL)
		return NULL;
	db->app = app;
	if (getrandom(&db->random, sizeof(db->random), 0) < 0 || db->random == 0)
		db->random = (uint64_t) clock_us() | 1;
	db_pool_set(db, DB_READ, "read", config->read_connections, DB_DEPTH_MAX, 512, true);
	db->pool[DB_READ].busy = config->read_busy;
	db_pool_set(db, DB_WRITE, "write", config->write_connections, 1, 512, false);
	db_pool_set(db, DB_SLOW, "slow", config->slow_connections, 1, 64, true);
	db_pool_set(db, DB_STAFF, "staff", two_servers ? 2 : 0, DB_DEPTH_MAX, 512, true);
	db_pool_set(db, DB_HOUSE, "house", 1, 1, 4, false);
	db_pool_set(db, DB_EVENT, "event", config->event_connections, 1, config->event_queue, false);
	db_pool_set(db, DB_FLUSH, "flush", config->late_answers ? 1 : 0, 1, 1, false);
	db->statements = db_statements_new(&db->nstatements);
	if (db->statements == NULL || !db_pools_open(db))
	{
		db_free(db);
		return NULL;
	}
	db_late_init(&db->late, db, DB_FLUSH, db_extra_statement(DB_FLUSH_SEEN),
				 db->pool[DB_FLUSH].conn, call_end);
	if (config->late_answers)
	{
		db->pool[DB_WRITE].late = &db->late;
		db->pool[DB_WRITE].busy = config->write_busy;
	}
	return db;
}

static void
pool_push_front(struct db_pool *pool, struct db_call *call)
{
	call->next = pool->head;
	pool->head = call;
	if (pool->tail == NULL)
		pool->tail = call;
	pool->queued++;
}

static void
pool_push_back(struct db_pool *pool, struct db_call *call)
{
	call->next = NULL;
	if (pool->head == NULL)
		pool->head = call;
	else
		pool->tail->next = call;
	pool->tail = call;
	pool->queued++;
}

static struct db_call *
pool_pop(struct db_pool *pool)
{
	struct db_call *call = pool->head;

	pool->head = call->next;
	if (pool->head == NULL)
		pool->tail = NULL;
	pool->queued--;
	return call;
}

/*
 * Whether enough connections work. With more of them than cores the server's processes take
 * turns and push each other's data out of the caches, which makes all of them slow: so it is
 * not slowness that lets one more in, but that one is very old, or that none of them ends.
 */
static bool
pool_busy(const struct db_pool *pool)
{
	int64_t now = clock_us();
	long busy = 0;

	if (pool->busy == 0)
		return false;
	for (long i = 0; i < pool->size; i++)
		busy += pool->conn[i].in_flight > 0 && now - pool->conn[i].first_us < DB_WAITS_MS * 1000;
	return busy >= pool->busy && now - pool->moved_us < DB_STUCK_MS * 1000;
}

/*
 * The connection with the least in flight that can take one more, or NULL: what may be slow waits
 * for whichever ends first, not behind one of them (db_conn_room). busy: none that is idle.
 */
static struct db_conn *
pool_free_conn(const struct db_pool *pool, bool busy)
{
	struct db_conn *best = NULL;

	if (pool->late != NULL && !db_late_ready(pool->late))
		return NULL;
	for (long i = 0; i < pool->size; i++)
	{
		struct db_conn *conn = &pool->conn[i];

		if (!db_conn_room(conn, pool->depth) || (busy && conn->in_flight == 0))
			continue;
		if (best == NULL || conn->in_flight < best->in_flight)
			best = conn;
		if (best->in_flight == 0)
			break;
	}
	return best;
}

/* Send what waits, as far as connections are free. */
static void
pool_pump(struct db_pool *pool)
{
	struct db_conn *conn;

	while (pool->head != NULL && (conn = pool_free_conn(pool, pool_busy(pool))) != NULL)
	{
		struct db_call *call = pool_pop(pool);

		if (pool->late != NULL)
			db_late_mark(pool->late, call);
		pool->moved_us = clock_us();
		if (!db_conn_send(conn, call))
			pool_push_front(pool, call);
	}
}

bool
db_submit(struct db *db, struct db_call *call)
{
	struct db_pool *pool;

	if (call->pool == DB_STAFF && db->pool[DB_STAFF].size == 0)
		call->pool = DB_READ;
	pool = &db->pool[call->pool];
	if (pool->queued >= pool->capacity)
		return false;
	call->result = NULL;
	call->retries = 0;
	call->lost = 0;
	call->moved = false;
	call->queued_ms = db->app->now_ms;
	call->start_us = clock_us();
	pool_push_back(pool, call);
	pool_pump(pool);
	return true;
}

static void
call_retry(struct db *db, struct db_call *call, int64_t pause_ms)
{
	PQclear(call->result);
	call->result = NULL;
	call->retry_ms = db->app->now_ms + pause_ms;
	call->next = db->retry;
	db->retry = call;
	metrics_db_retry(db->app->metrics);
}

/* Whether the plan of this statement on this connection went stale. */
static bool
result_stale(const PGresult *result)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *where = PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION);

	if (sqlstate == NULL)
		return false;
	return strcmp(sqlstate, "26000") == 0 || (strcmp(sqlstate, "0A000") == 0 && where != NULL &&
											  strcmp(where, "RevalidateCachedQuery") == 0);
}

static void
call_log_error(struct db *db, const struct db_call *call, const char *sqlstate)
{
	const char *where = PQresultErrorField(call->result, PG_DIAG_SOURCE_FUNCTION);

	log_begin(db->app->log, LOG_WARN, "db_error");
	log_text(db->app->log, "pool", db->pool[call->pool].name);
	log_int(db->app->log, "statement", call->statement);
	log_text(db->app->log, "sqlstate", sqlstate);
	log_text(db->app->log, "source", where);
	if (strncmp(sqlstate, "42", 2) == 0) /* names of the schema, never values */
		log_text(db->app->log, "message",
				 PQresultErrorField(call->result, PG_DIAG_MESSAGE_PRIMARY));
	log_end(db->app->log);
}

/* Send a call again if that is safe and may help. */
static bool
call_again(struct db *db, struct db_call *call, const char *sqlstate)
{
	bool stale = result_stale(call->result);
	int retries = strcmp(sqlstate, "55P03") == 0 ? DB_LOCK_RETRIES : DB_RETRIES;

	if (call->retries >= retries || (!stale && !error_is_retryable(sqlstate)))
		return false;
	call->retries++;
	call_retry(db, call, stale ? 0 : db_jitter(db, DB_RETRY_MIN_MS, DB_RETRY_MAX_MS));
	return true;
}

/* An answer has come whole: end the call or send it again. */
static void
slot_answered(struct db *db, struct db_conn *conn, struct db_slot *slot)
{
	struct db_call *call = slot->call;
	const char *sqlstate = PQresultErrorField(slot->result, PG_DIAG_SQLSTATE);
	bool rows = slot->result != NULL && PQresultStatus(slot->result) == PGRES_TUPLES_OK;

	conn->pool->moved_us = clock_us();
	if (sqlstate == NULL)
		sqlstate = "";
	if (!rows && (result_stale(slot->result) || slot->prepared_here))
		db_conn_forget(conn, slot->statement);
	if (strcmp(sqlstate, "25006") == 0 && !conn->pool->read_only)
		db_conn_break(conn); /* the primary became a standby: look again */
	if (call == NULL)
	{
		PQclear(slot->result);
		return;
	}
	call->result = slot->result;
	if (rows)
	{
		if (conn->pool->late != NULL)
			db_late_add(conn->pool->late, conn, call);
		else
			call_end(db, call, DB_OK);
		return;
	}
	if (call_again(db, call, sqlstate))
		return;
	if (strncmp(sqlstate, "MJ", 2) != 0)
		call_log_error(db, call, sqlstate);
	call_end(db, call, DB_ERROR);
}

/* A call whose connection broke. */
static void
call_lost(struct db *db, struct db_call *call, enum db_outcome outcome)
{
	if (outcome == DB_LOST && db->pool[call->pool].read_only && call->lost == 0)
	{
		call->lost++;
		call_retry(db, call, 0);
		return;
	}
	call_end(db, call, outcome);
}

static void
conn_report(struct db_conn *conn, int64_t pause)
{
	struct log *log = conn->app->log;

	log_begin(log, LOG_WARN, "db_connection_lost");
	log_text(log, "pool", conn->pool->name);
	log_text(log, "state", conn->state == CONN_READY ? "ready" : "connecting");
	log_int(log, "in_flight", conn->in_flight);
	log_int(log, "retry_ms", pause);
	if (conn->pg != NULL && conn->state == CONN_CONNECTING)
		log_text(log, "message", PQerrorMessage(conn->pg));
	log_end(log);
}

/* Close a broken connection, end or resend its calls, plan to connect again. */
static void
conn_drop(struct db *db, struct db_conn *conn, enum db_outcome first_outcome)
{
	struct db_call *lost[DB_DEPTH_MAX];
	int64_t pause = conn->backoff_ms;
	int n = conn->in_flight;

	conn->backoff_ms = pause == 0 ? DB_BACKOFF_MIN_MS : pause * 2;
	if (conn->backoff_ms > DB_BACKOFF_MAX_MS)
		conn->backoff_ms = DB_BACKOFF_MAX_MS;
	pause = db_jitter(db, pause / 2, pause);
	conn_report(conn, pause);
	conn->retry_ms = db->app->now_ms + pause;
	for (int i = 0; i < n; i++)
	{
		PQclear(db_conn_slot(conn, i)->result);
		lost[i] = db_conn_slot(conn, i)->call;
	}
	conn->in_flight = 0;
	db_conn_close(conn);
	for (int i = 0; i < n; i++)
	{
		if (lost[i] != NULL)
			call_lost(db, lost[i], i == 0 ? first_outcome : DB_LOST);
	}
}

/*
 * The server takes connections again: nobody waits out his pause, least of all the
 * only one of a pool.
 */
static void
db_retry_now(struct db *db, const struct db_conn *back)
{
	for (int p = 0; p < DB_POOL__MAX; p++)
	{
		struct db_pool *pool = &db->pool[p];

		for (long i = 0; i < pool->size; i++)
		{
			if (pool->conn[i].state == CONN_DOWN &&
				strcmp(pool->target.dsn, back->pool->target.dsn) == 0)
				pool->conn[i].retry_ms = db->app->now_ms;
		}
	}
}

void
db_event(void *owner, uint32_t events)
{
	struct db_conn *conn = owner;
	struct db *db = conn->app->db;
	struct db_slot slot;
	bool alive;

	if (conn->state == CONN_DOWN || conn->broken)
		return;
	if (conn->state == CONN_CONNECTING)
	{
		db_conn_advance(conn);
		if (conn->state == CONN_READY)
		{
			db_retry_now(db, conn);
			pool_pump(conn->pool);
		}
		return;
	}
	if ((events & EPOLLOUT) != 0)
		db_conn_flush(conn);
	alive = db_conn_input(conn);
	while (db_conn_take(conn, &slot))
		slot_answered(db, conn, &slot);
	if (!alive)
		db_conn_break(conn);
	if (!conn->broken)
		pool_pump(conn->pool);
}

/*
 * Behind a slow call: give up what has waited past the deadline, and send on
 * another connection what that one has room for, the oldest first. The rest
 * stays where it is: in the queue its long wait would end it at once.
 */
static void
conn_tick_stalled(struct db *db, struct db_conn *conn)
{
	struct db_pool *pool = conn->pool;
	int64_t oldest = db->app->now_ms - pool->deadline_ms;

	for (int i = 1; i < conn->in_flight; i++)
	{
		struct db_slot *slot = db_conn_slot(conn, i);
		struct db_call *call = slot->call;
		struct db_conn *other;

		if (call == NULL)
			continue;
		if (call->queued_ms < oldest)
		{
			slot->call = NULL;
			call_end(db, call, DB_TIMEOUT);
			continue;
		}
		if (!pool->read_only || call->moved)
			continue;
		other = pool_free_conn(pool, false);
		if (other == NULL || !db_conn_send(other, call))
			continue;
		slot->call = NULL;
		call->moved = true;
	}
}

static void
conn_tick(struct db *db, struct db_conn *conn)
{
	int64_t now = db->app->now_ms;

	if (conn->state == CONN_CONNECTING && now - conn->state_ms > DB_CONNECT_MS)
		db_conn_break(conn);
	if (conn->broken)
		conn_drop(db, conn, DB_LOST);
	else if (db_conn_age_ms(conn) > conn->pool->deadline_ms)
		conn_drop(db, conn, DB_TIMEOUT);
	else if (conn->in_flight > 1 && db_conn_age_ms(conn) > DB_STALL_MS)
		conn_tick_stalled(db, conn);
}

/*
 * libpq closes a broken socket by itself, and the next connection gets its
 * number: all broken ones leave the epoll set before any new one is opened.
 */
static void
db_tick_conns(struct db *db)
{
	for (int p = 0; p < DB_POOL__MAX; p++)
	{
		for (long i = 0; i < db->pool[p].size; i++)
			conn_tick(db, &db->pool[p].conn[i]);
	}
	for (int p = 0; p < DB_POOL__MAX; p++)
	{
		for (long i = 0; i < db->pool[p].size; i++)
		{
			struct db_conn *conn = &db->pool[p].conn[i];

			if (conn->state == CONN_DOWN && db->app->now_ms >= conn->retry_ms)
				db_conn_open(conn, &db->pool[p].target);
		}
	}
}

/* Move the calls whose pause is over to the front of their queues. */
static void
db_tick_retries(struct db *db)
{
	struct db_call *call = db->retry;

	db->retry = NULL;
	while (call != NULL)
	{
		struct db_call *next = call->next;

		if (call->retry_ms <= db->app->now_ms)
		{
			call->queued_ms = db->app->now_ms;
			pool_push_front(&db->pool[call->pool], call);
		}
		else
		{
			call->next = db->retry;
			db->retry = call;
		}
		call = next;
	}
}

/* End the calls that waited too long. */
static void
pool_tick_queue(struct db *db, struct db_pool *pool)
{
	int64_t oldest = db->app->now_ms - db->app->config->queue_timeout_ms;
	struct db_call *call = pool->head;

	pool->head = NULL;
	pool->tail = NULL;
	pool->queued = 0;
	while (call != NULL)
	{
		struct db_call *next = call->next;

		if (call->queued_ms < oldest)
			call_end(db, call, DB_BUSY);
		else
			pool_push_back(pool, call);
		call = next;
	}
}

void
db_tick(struct db *db)
{
	if (db->retry != NULL)
		db_tick_retries(db);
	db_tick_conns(db);
	for (int p = 0; p < DB_POOL__MAX; p++)
	{
		struct db_pool *pool = &db->pool[p];

		pool_pump(pool);
		if (pool->head != NULL)
			pool_tick_queue(db, pool);
	}
	db_late_tick(&db->late);
}

int64_t
db_next_ms(const struct db *db, int64_t limit)
{
	int64_t now = db->app->now_ms;
	int64_t next = limit;

	for (const struct db_call *call = db->retry; call != NULL; call = call->next)
	{
		if (call->retry_ms - now < next)
			next = call->retry_ms - now;
	}
	for (int p = 0; p < DB_POOL__MAX; p++)
	{
		if (db->pool[p].busy > 0 && db->pool[p].head != NULL && next > DB_STUCK_MS)
			next = DB_STUCK_MS;
		for (long i = 0; i < db->pool[p].size; i++)
		{
			const struct db_conn *conn = &db->pool[p].conn[i];

			if (conn->broken)
				return 0;
			if (conn->state == CONN_DOWN && conn->retry_ms - now < next)
				next = conn->retry_ms - now;
		}
	}
	return next < 0 ? 0 : next;
}

bool
db_available(const struct db *db)
{
	static const enum db_pool_id needed[] = {DB_READ, DB_WRITE, DB_FLUSH};

	for (size_t n = 0; n < sizeof(needed) / sizeof(needed[0]); n++)
	{
		const struct db_pool *pool = &db->pool[needed[n]];
		bool ready = pool->size == 0;

		for (long i = 0; i < pool->size; i++)
			ready = ready || (pool->conn[i].state == CONN_READY && !pool->conn[i].broken);
		if (!ready)
			return false;
	}
	return true;
}

bool
db_stats(const struct db *db, enum db_pool_id id, struct db_pool_stats *out)
{
	const struct db_pool *pool = &db->pool[id];

	memset(out, 0, sizeof(*out));
	out->name = pool->name;
	out->queued = pool->queued;
	for (long i = 0; i < pool->size; i++)
	{
		out->ready += pool->conn[i].state == CONN_READY;
		out->connecting += pool->conn[i].state == CONN_CONNECTING;
		out->down += pool->conn[i].state == CONN_DOWN;
		out->in_flight += pool->conn[i].in_flight;
	}
	return pool->size > 0;
}

static void
db_stop_list(struct db *db, struct db_call *call)
{
	while (call != NULL)
	{
		struct db_call *next = call->next;

		call_end(db, call, DB_STOPPED);
		call = next;
	}
}

static void
db_stop_conn(struct db *db, struct db_conn *conn)
{
	for (int i = 0; i < conn->in_flight; i++)
	{
		struct db_slot *slot = db_conn_slot(conn, i);

		PQclear(slot->result);
		if (slot->call != NULL)
			call_end(db, slot->call, DB_STOPPED);
	}
	conn->in_flight = 0;
	if (conn->app != NULL)
		db_conn_release(conn);
}

void
db_free(struct db *db)
{
	struct db_call *call;

	if (db == NULL)
		return;
	for (int p = 0; p < DB_POOL__MAX; p++)
	{
		struct db_pool *pool = &db->pool[p];

		for (long i = 0; pool->conn != NULL && i < pool->size; i++)
			db_stop_conn(db, &pool->conn[i]);
		call = pool->head;
		pool->head = NULL;
		db_stop_list(db, call);
		free(pool->conn);
		pool->conn = NULL;
	}
	call = db->retry;
	db->retry = NULL;
	db_stop_list(db, call);
	db_late_stop(&db->late, DB_STOPPED);
	db_statements_free(db->statements, db->nstatements);
	free(db);
}
