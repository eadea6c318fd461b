/*
 * db_late.h - answers of writes wait for the disk here, together, not each in its backend.
 *
 * The write connections commit without waiting (synchronous_commit off), and so are free
 * for the next call at once; one connection more, the flusher, asks the server to
 * return when everything that was committed is durable (mjc_api.flush_seen: here,
 * and on the synchronous standby). What had been answered before it was asked goes
 * out when it returns. One flush, one wait and one context switch serve many calls.
 *
 * Invariant: a call ends with DB_OK only after a flush that was asked for after its
 * commit, on a connection of the flusher that lived when the call was sent. A crash of the
 * server ends every connection, so no flush of another life of it is taken for ours;
 * what waits then ends with DB_LOST, as any write whose connection breaks.
 * The flusher and the writer must have been connected to the same server: one that is
 * not (several hosts in the DSN) is made to connect anew.
 * What this weakens for others is what early lock release does (extension/commit.c):
 * a row may be read some milliseconds before it is durable.
 */
#ifndef MJC_SHIM_DB_LATE_H
#define MJC_SHIM_DB_LATE_H

#include "db.h"
#include "db_conn.h"

struct db_late
{
	struct db *db;
	void (*end)(struct db *db, struct db_call *call, enum db_outcome outcome);
	const struct db_conn *flusher;
	struct db_call *waiting; /* answered, not yet durable; the newest first */
	struct db_call *asked;	 /* those the flush under way is for; NULL: none is */
	unsigned asked_life;	 /* of the flusher, when it was asked */
	struct db_call flush;
};

/* db_late_init - flusher, the only connection of pool, runs statement; end ends a call that waited.
 */
void db_late_init(struct db_late *late, struct db *db, enum db_pool_id pool, int statement,
				  const struct db_conn *flusher,
				  void (*end)(struct db *, struct db_call *, enum db_outcome));

/* db_late_ready - whether a write may be sent. */
bool db_late_ready(const struct db_late *late);

/* db_late_mark - before each sending of a call: which life of the flusher vouches for it. */
void db_late_mark(const struct db_late *late, struct db_call *call);

/* db_late_add - a write was answered and has committed; conn brought it. */
void db_late_add(struct db_late *late, struct db_conn *conn, struct db_call *call);

/* db_late_tick - ask for the flush of what waits, or give it up when nobody can vouch for it. */
void db_late_tick(struct db_late *late);

/* db_late_stop - end what waits with this outcome. */
void db_late_stop(struct db_late *late, enum db_outcome outcome);

#endif
