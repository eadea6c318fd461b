/*
 * db_late.c - answers of writes wait for the disk here, together; see db_late.h.
 *
 * A flush is asked for once a round of the event loop, when none is under way: what
 * a round brought shares it, and what comes meanwhile shares the next.
 */
#include "db_late.h"

#include <string.h>

static void
late_end(struct db_late *late, struct db_call *call, enum db_outcome outcome)
{
	while (call != NULL)
	{
		struct db_call *next = call->next;

		late->end(late->db, call, outcome);
		call = next;
	}
}

static void
late_flushed(struct db_call *flush)
{
	struct db_late *late = flush->cls;
	struct db_call *calls = late->asked;
	enum db_outcome outcome = flush->outcome;

	PQclear(flush->result);
	flush->result = NULL;
	late->asked = NULL;
	/* Sent again, it may have come to another life of the server. */
	if (outcome != DB_STOPPED && (outcome != DB_OK || late->asked_life != late->flusher->life))
		outcome = DB_LOST;
	late_end(late, calls, outcome);
}

void
db_late_init(struct db_late *late, struct db *db, enum db_pool_id pool, int statement,
			 const struct db_conn *flusher,
			 void (*end)(struct db *, struct db_call *, enum db_outcome))
{
	late->db = db;
	late->end = end;
	late->flusher = flusher;
	late->flush.pool = pool;
	late->flush.statement = statement;
	late->flush.done = late_flushed;
	late->flush.cls = late;
}

bool
db_late_ready(const struct db_late *late)
{
	return late->flusher->state == CONN_READY && !late->flusher->broken;
}

void
db_late_mark(const struct db_late *late, struct db_call *call)
{
	call->flusher_life = late->flusher->life;
}

static bool
vouched_for(const struct db_late *late, const struct db_call *call)
{
	return db_late_ready(late) && call->flusher_life == late->flusher->life;
}

static bool
same_text(const char *a, const char *b)
{
	return strcmp(a == NULL ? "" : a, b == NULL ? "" : b) == 0;
}

static bool
same_server(const PGconn *a, const PGconn *b)
{
	return same_text(PQport(a), PQport(b)) && same_text(PQhostaddr(a), PQhostaddr(b)) &&
		   same_text(PQhost(a), PQhost(b));
}

void
db_late_add(struct db_late *late, struct db_conn *conn, struct db_call *call)
{
	bool vouched = vouched_for(late, call);

	if (vouched && same_server(conn->pg, late->flusher->pg))
	{
		call->next = late->waiting;
		late->waiting = call;
		return;
	}
	if (vouched)
		db_conn_break(conn);
	late->end(late->db, call, DB_LOST);
}

/* In the order in which they were answered. */
static struct db_call *
turned(struct db_call *call)
{
	struct db_call *list = NULL;

	while (call != NULL)
	{
		struct db_call *next = call->next;

		call->next = list;
		list = call;
		call = next;
	}
	return list;
}

void
db_late_tick(struct db_late *late)
{
	if (late->waiting == NULL)
		return;
	if (!vouched_for(late, late->waiting))
		db_late_stop(late, DB_LOST);
	else if (late->asked == NULL)
	{
		late->asked = turned(late->waiting);
		late->waiting = NULL;
		late->asked_life = late->flusher->life;
		if (!db_submit(late->db, &late->flush))
		{
			late->flush.outcome = DB_BUSY;
			late_flushed(&late->flush);
		}
	}
}

void
db_late_stop(struct db_late *late, enum db_outcome outcome)
{
	struct db_call *calls = turned(late->waiting);

	late->waiting = NULL;
	late_end(late, calls, outcome);
}
