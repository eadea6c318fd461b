/*
 * db_conn.h - one non-blocking connection in pipeline mode.
 *
 * Knows how to connect, prepare, send and read; db.c decides what is sent
 * where, and what an end of a call means.
 */
#ifndef MJC_SHIM_DB_CONN_H
#define MJC_SHIM_DB_CONN_H

#include "db.h"
#include "loop.h"

struct db_pool;

enum db_conn_state
{
	CONN_DOWN,
	CONN_CONNECTING,
	CONN_READY
};

struct db_statement
{
	char *sql;
	int nargs;
};

#define DB_DEPTH_MAX 16 /* calls in one pipeline */

/* One call on its way. call is NULL when nobody waits for the answer any more. */
struct db_slot
{
	struct db_call *call;
	PGresult *result;
	int statement;
	bool prepared_here; /* this call also prepared its statement */
};

struct db_conn
{
	struct watch watch;
	struct app *app;
	struct db_pool *pool;
	const struct db_statement *statements;
	int nstatements;
	PGconn *pg;
	enum db_conn_state state;
	bool broken;					   /* to be closed by the next tick */
	struct db_slot slot[DB_DEPTH_MAX]; /* a ring of the calls sent */
	int first;						   /* the oldest of them */
	int in_flight;
	int64_t first_us;	/* when it became the oldest */
	int64_t mean_us;	/* running mean of how long the oldest takes */
	unsigned life;		/* how often it was opened */
	int64_t state_ms;	/* when the state was entered */
	int64_t retry_ms;	/* CONN_DOWN: when to connect again */
	int64_t backoff_ms; /* the next pause */
	bool *prepared;		/* for each statement */
	unsigned *version;	/* part of the name, raised when a plan went stale */
};

/* What a connection is opened with; the texts outlive it. */
struct db_target
{
	const char *dsn;
	const char *options; /* "-c name=value ..." */
};

/* db_conn_init - prepare the memory of a connection; false without memory. */
bool db_conn_init(struct db_conn *conn, struct app *app, struct db_pool *pool,
				  const struct db_statement *statements, int nstatements);

/* db_conn_open - begin to connect. Failure shows as broken. */
void db_conn_open(struct db_conn *conn, const struct db_target *target);

/* db_conn_advance - go on connecting when the socket is ready. */
void db_conn_advance(struct db_conn *conn);

/* db_conn_break - give the connection up: out of the event loop now, closed by the next tick. */
void db_conn_break(struct db_conn *conn);

/* db_conn_close - close, forgetting prepared statements. The calls in flight must be taken out. */
void db_conn_close(struct db_conn *conn);

/* db_conn_release - close and free the memory of db_conn_init. */
void db_conn_release(struct db_conn *conn);

/* db_conn_send - send a call, preparing its statement first. False: broken, call not taken. */
bool db_conn_send(struct db_conn *conn, struct db_call *call);

/*
 * db_conn_take - the next call whose answer is complete, committed included.
 *
 * Returns false when there is none yet. The result in *out now belongs to the
 * caller.
 */
bool db_conn_take(struct db_conn *conn, struct db_slot *out);

/* db_conn_slot - the i-th call in flight, 0 is the oldest. */
struct db_slot *db_conn_slot(struct db_conn *conn, int i);

/* db_conn_age_ms - how long the oldest call has had the server to itself; 0 when idle. */
int64_t db_conn_age_ms(const struct db_conn *conn);

/* db_conn_room - whether one more call may be sent without waiting too long behind others. */
bool db_conn_room(const struct db_conn *conn, int depth);

/* db_conn_input - read from the socket; false when the connection is gone. */
bool db_conn_input(struct db_conn *conn);

/* db_conn_flush - write on when the socket is ready. */
void db_conn_flush(struct db_conn *conn);

/* db_conn_forget - prepare this statement anew under another name at its next use. */
void db_conn_forget(struct db_conn *conn, int statement);

#endif
