/*
 * db.h - calls of SQL functions on pools of non-blocking connections.
 *
 * A call is submitted, queued when every connection is busy, sent, retried
 * where that is safe, and finished by its done callback, exactly once and
 * never from inside db_submit.
 */
#ifndef MJC_SHIM_DB_H
#define MJC_SHIM_DB_H

#include <stdbool.h>
#include <stdint.h>

#include <libpq-fe.h>

struct app;
struct db;

enum db_pool_id
{
	DB_READ,  /* pipelined, read-only, may be a replica */
	DB_WRITE, /* one call at a time on the primary */
	DB_SLOW,  /* read-only, for long queries */
	DB_STAFF, /* read-only on the primary; DB_READ stands in when both servers are one */
	DB_HOUSE, /* housekeeping */
	DB_EVENT, /* what visitors do: never in the way of a sale */
	DB_FLUSH, /* makes durable what writes have committed (db_late.h) */
	DB_POOL__MAX
};

enum db_outcome
{
	DB_OK,		/* result holds rows and the transaction has committed, durably */
	DB_ERROR,	/* result holds the error of the database */
	DB_BUSY,	/* no connection came free in time; nothing was done */
	DB_LOST,	/* the connection broke; a write may have happened or not */
	DB_TIMEOUT, /* the deadline passed; a write may have happened or not */
	DB_STOPPED	/* the process ends */
};

/* Statements that are no route; a route's statement is its index in the table. */
enum db_extra
{
	DB_SIGN_IN_BEGIN,
	DB_SIGN_IN_FINISH,
	DB_SOCIAL_SIGN_IN,
	DB_REGISTER,
	DB_SESSION_REFRESH,
	DB_SESSION_CLOSE,
	DB_LOGOUT,
	DB_PASSWORD_BEGIN,
	DB_PASSWORD_CHANGE,
	DB_PASSWORD_FORGOT,
	DB_PASSWORD_RESET,
	DB_LINK_CHECK,
	DB_EMAIL_VERIFY,
	DB_HOUSEKEEP,
	DB_JOB_STATUS,
	DB_SHOP_STATUS,
	DB_OUTBOX_STATUS,
	DB_HTTP_FIGURES,
	DB_EVENT_STORE,
	DB_CHECKOUT_FINISH,
	DB_TASK_TAKE,
	DB_TASK_DONE,
	DB_WEBHOOK_TAKE,
	DB_WEBHOOK_DONE,
	DB_WEBHOOK_STATUS,
	DB_MEDIA_ORPHANS,
	DB_FLUSH_SEEN,
	DB_EXTRA__MAX
};

/*
 * One call. The caller fills the first part and keeps it, and what args point
 * to, alive until done. done owns result and releases it with PQclear.
 */
struct db_call
{
	enum db_pool_id pool;
	int statement; /* route index, or db_extra_statement() */
	int nargs;
	const char *const *args;
	void (*done)(struct db_call *call);
	void *cls;

	enum db_outcome outcome;
	PGresult *result;
	int64_t elapsed_us; /* from submission to the end, queue included */

	/* private to db */
	struct db_call *next;
	int64_t queued_ms;
	int64_t start_us;
	int64_t retry_ms;
	int retries;
	int lost;
	bool moved;
	unsigned flusher_life;
};

/* What the metrics show of a pool. */
struct db_pool_stats
{
	const char *name;
	long ready;
	long connecting;
	long down;
	long in_flight;
	long queued;
};

/* db_new - build the statements and begin to connect; NULL without memory. */
struct db *db_new(struct app *app);

/* db_free - end every call with DB_STOPPED and close the connections. */
void db_free(struct db *db);

/* db_extra_statement - the statement number of an extra. */
int db_extra_statement(enum db_extra extra);

/*
 * db_submit - hand a call over.
 *
 * Returns false, without calling done, when the queue of the pool is full.
 */
bool db_submit(struct db *db, struct db_call *call);

/* db_event - a connection's socket is ready. For the loop; conn is the watch's owner. */
void db_event(void *conn, uint32_t events);

/* db_tick - deadlines, retries, reconnects. For the loop, once each round. */
void db_tick(struct db *db);

/* db_next_ms - milliseconds until db_tick has something to do, at most limit. */
int64_t db_next_ms(const struct db *db, int64_t limit);

/* db_available - whether a connection for reads, one for writes and the flusher are ready. */
bool db_available(const struct db *db);

/* db_stats - figures of a pool for the metrics; false when the pool is not used. */
bool db_stats(const struct db *db, enum db_pool_id pool, struct db_pool_stats *out);

#endif
