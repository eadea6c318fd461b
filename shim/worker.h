/*
 * worker.h - a bounded pool of threads that check and make bcrypt hashes, or do what waits
 * for a disk.
 *
 * bcrypt takes a third of a second of CPU, far too long for the event loop.
 * The queue is bounded, so that a flood of sign-ins is refused at once and
 * never slows down the rest. Files have a pool of their own, of one thread.
 */
#ifndef MJC_SHIM_WORKER_H
#define MJC_SHIM_WORKER_H

#include <stdbool.h>
#include <stddef.h>

#define WORKER_PASSWORD_MAX 72 /* bytes; bcrypt reads no more */
#define WORKER_HASH_MAX 128

enum worker_kind
{
	WORKER_VERIFY, /* compare password with hash */
	WORKER_HASH,   /* fill hash from password */
	WORKER_CALL	   /* call work, however long the job has waited */
};

enum worker_result
{
	WORKER_MATCH, /* the password is the one of the hash; a hash was made; work was called */
	WORKER_NO_MATCH,
	WORKER_TOO_LATE /* waited longer than the pool allows, or the process ends */
};

struct app;
struct worker;

/* Filled by the caller, who keeps it alive until done has been called. */
struct worker_job
{
	enum worker_kind kind;
	char password[WORKER_PASSWORD_MAX + 1]; /* wiped by the pool */
	char hash[WORKER_HASH_MAX];				/* "" compares with a hash nobody has */
	enum worker_result result;
	void (*work)(struct worker_job *job); /* WORKER_CALL: on a thread */
	void (*done)(struct worker_job *job); /* on the loop's thread */
	void *cls;
	long long queued_ms;
	bool first; /* before those who are not, with as many places of their own */
	struct worker_job *next;
};

/* worker_new - start threads (1..) with room for queue waiting jobs of each kind; NULL on failure.
 */
struct worker *worker_new(struct app *app, long threads, long queue);

/*
 * worker_free - stop and join the threads. Jobs not yet finished are dropped:
 * their done is called with WORKER_TOO_LATE.
 */
void worker_free(struct worker *worker);

/* worker_full - whether worker_submit would refuse a job now that is first, or is not. */
bool worker_full(struct worker *worker, bool first);

/* worker_weak - whether a hash costs less than the ones that are made today. */
bool worker_weak(const char *hash);

/* worker_submit - queue a job; false when the queue is full. */
bool worker_submit(struct worker *worker, struct worker_job *job);

/* worker_collect - call done of every finished job. For the loop. */
void worker_collect(struct worker *worker);

/* worker_hash - bcrypt $2b$12$ of a password into out (WORKER_HASH_MAX); false on failure. */
bool worker_hash(const char *password, char *out);

#endif
