/*
 * worker.c - a bounded pool of threads that check and make bcrypt hashes, or do what waits
 * for a disk.
 *
 * Invariants: the queues and finished are only touched under lock; a job is in
 * exactly one of them or in the hands of one thread. The loop learns of
 * finished jobs by an eventfd. Without a usable hash the threads compare with
 * a fixed one of the same cost, so that an unknown account takes as long as a
 * known one; a hash of a lower cost is made up for in the same way. (One of a
 * higher cost takes longer, and shows.)
 */
#include "worker.h"

#include <crypt.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "app.h"
#include "clock.h"
#include "loop.h"

#define WORKER_WAIT_MS 2000
#define WORKER_COST 12

/* bcrypt of random bytes that were thrown away; nothing matches it. */
static const char dummy_hash[] = "$2b$12$RKDwQ5uHSuxO7wyqKJY4JOH9wrb7fdrFZxUwE6Ud0FnLZKRrh5Y5O";

struct worker_queue
{
	struct worker_job *head;
	struct worker_job **tail;
	long n;
};

struct worker
{
	struct app *app;
	struct watch watch;
	pthread_t *threads;
	long nthreads;
	long capacity; /* of each queue */
	bool stop;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct worker_queue first;
	struct worker_queue rest;
	struct worker_job *finished;
};

static bool
worker_usable(const char *hash)
{
	return strlen(hash) == 60 &&
		   (strncmp(hash, "$2a$", 4) == 0 || strncmp(hash, "$2b$", 4) == 0 ||
			strncmp(hash, "$2y$", 4) == 0) &&
		   strspn(hash + 4, "0123456789") == 2 && hash[6] == '$';
}

/* The two digits after the scheme of a usable hash. */
static int
worker_cost(const char *hash)
{
	return (hash[4] - '0') * 10 + (hash[5] - '0');
}

bool
worker_weak(const char *hash)
{
	return !worker_usable(hash) || worker_cost(hash) < WORKER_COST;
}

/*
 * Hash again until the work of a hash of our cost is done: each step of the
 * cost doubles it, so that the costs from this one up to ours but one, and
 * this one twice, add up to ours.
 */
static void
worker_make_up(const char *password, int cost, struct crypt_data *data)
{
	char setting[sizeof(dummy_hash)];

	for (; cost < WORKER_COST; cost++)
	{
		memcpy(setting, dummy_hash, sizeof(setting));
		setting[4] = (char) ('0' + cost / 10);
		setting[5] = (char) ('0' + cost % 10);
		memset(data, 0, sizeof(*data));
		(void) crypt_r(password, setting, data);
	}
}

static enum worker_result
worker_verify(const struct worker_job *job, struct crypt_data *data)
{
	bool usable = worker_usable(job->hash);
	const char *hash = usable ? job->hash : dummy_hash;
	const char *made;
	bool same;

	memset(data, 0, sizeof(*data));
	made = crypt_r(job->password, hash, data);
	same = made != NULL && strlen(made) == strlen(hash) &&
		   CRYPTO_memcmp(made, hash, strlen(hash)) == 0;
	worker_make_up(job->password, worker_cost(hash), data);
	explicit_bzero(data, sizeof(*data));
	return usable && same ? WORKER_MATCH : WORKER_NO_MATCH;
}

/* One job, on a thread; data NULL: there was no memory for it. */
static enum worker_result
worker_do(struct worker_job *job, struct crypt_data *data)
{
	enum worker_result result = WORKER_TOO_LATE;

	if (job->kind == WORKER_CALL)
	{
		job->work(job);
		return WORKER_MATCH;
	}
	if (data != NULL && clock_ms() - job->queued_ms <= WORKER_WAIT_MS)
	{
		if (job->kind == WORKER_VERIFY)
			result = worker_verify(job, data);
		else if (worker_hash(job->password, job->hash))
			result = WORKER_MATCH;
	}
	explicit_bzero(job->password, sizeof(job->password));
	return result;
}

static struct worker_job *
worker_take(struct worker *worker)
{
	struct worker_queue *queue;
	struct worker_job *job;

	while (worker->first.n + worker->rest.n == 0 && !worker->stop)
		pthread_cond_wait(&worker->wake, &worker->lock);
	if (worker->stop)
		return NULL;
	queue = worker->first.n > 0 ? &worker->first : &worker->rest;
	job = queue->head;
	queue->head = job->next;
	if (queue->head == NULL)
		queue->tail = &queue->head;
	queue->n--;
	return job;
}

static void *
worker_thread(void *cls)
{
	struct worker *worker = cls;
	struct crypt_data *data = malloc(sizeof(*data));
	struct worker_job *job;

	pthread_mutex_lock(&worker->lock);
	while ((job = worker_take(worker)) != NULL)
	{
		uint64_t one = 1;

		pthread_mutex_unlock(&worker->lock);
		job->result = worker_do(job, data);
		pthread_mutex_lock(&worker->lock);
		job->next = worker->finished;
		worker->finished = job;
		if (write(worker->watch.fd, &one, sizeof(one)) < 0)
			continue; /* the counter is full: the loop is awake anyway */
	}
	pthread_mutex_unlock(&worker->lock);
	free(data);
	return NULL;
}

struct worker *
worker_new(struct app *app, long threads, long queue)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (worker == NULL || fd < 0 ||
		(worker->threads = calloc((size_t) threads, sizeof(pthread_t))) == NULL)
	{
		free(worker);
		return NULL;
	}
	worker->app = app;
	worker->capacity = queue;
	worker->first.tail = &worker->first.head;
	worker->rest.tail = &worker->rest.head;
	worker->watch.kind = WATCH_WORKER;
	worker->watch.owner = worker;
	pthread_mutex_init(&worker->lock, NULL);
	pthread_cond_init(&worker->wake, NULL);
	if (!loop_watch(app, &worker->watch, fd, EPOLLIN))
	{
		worker_free(worker);
		return NULL;
	}
	while (worker->nthreads < threads)
	{
		if (pthread_create(&worker->threads[worker->nthreads], NULL, worker_thread, worker) != 0)
		{
			worker_free(worker);
			return NULL;
		}
		worker->nthreads++;
	}
	return worker;
}

static void
worker_drop(struct worker_job *job)
{
	while (job != NULL)
	{
		struct worker_job *next = job->next;

		explicit_bzero(job->password, sizeof(job->password));
		job->result = WORKER_TOO_LATE;
		job->done(job);
		job = next;
	}
}

void
worker_free(struct worker *worker)
{
	if (worker == NULL)
		return;
	pthread_mutex_lock(&worker->lock);
	worker->stop = true;
	pthread_cond_broadcast(&worker->wake);
	pthread_mutex_unlock(&worker->lock);
	for (long i = 0; i < worker->nthreads; i++)
		pthread_join(worker->threads[i], NULL);
	worker_drop(worker->finished);
	worker_drop(worker->first.head);
	worker_drop(worker->rest.head);
	if (worker->watch.fd > 0)
		close(worker->watch.fd);
	pthread_cond_destroy(&worker->wake);
	pthread_mutex_destroy(&worker->lock);
	free(worker->threads);
	free(worker);
}

static struct worker_queue *
worker_queue_of(struct worker *worker, bool first)
{
	return first ? &worker->first : &worker->rest;
}

bool
worker_full(struct worker *worker, bool first)
{
	bool full;

	pthread_mutex_lock(&worker->lock);
	full = worker_queue_of(worker, first)->n >= worker->capacity;
	pthread_mutex_unlock(&worker->lock);
	return full;
}

bool
worker_submit(struct worker *worker, struct worker_job *job)
{
	struct worker_queue *queue = worker_queue_of(worker, job->first);
	bool room;

	job->next = NULL;
	job->queued_ms = worker->app->now_ms;
	pthread_mutex_lock(&worker->lock);
	room = queue->n < worker->capacity;
	if (room)
	{
		*queue->tail = job;
		queue->tail = &job->next;
		queue->n++;
		pthread_cond_signal(&worker->wake);
	}
	pthread_mutex_unlock(&worker->lock);
	return room;
}

void
worker_collect(struct worker *worker)
{
	uint64_t count;
	struct worker_job *job;

	if (read(worker->watch.fd, &count, sizeof(count)) < 0)
		return;
	pthread_mutex_lock(&worker->lock);
	job = worker->finished;
	worker->finished = NULL;
	pthread_mutex_unlock(&worker->lock);
	while (job != NULL)
	{
		struct worker_job *next = job->next;

		job->done(job);
		job = next;
	}
}

bool
worker_hash(const char *password, char *out)
{
	struct crypt_data *data = calloc(1, sizeof(*data));
	char salt[CRYPT_GENSALT_OUTPUT_SIZE];
	const char *made;
	bool ok = false;

	if (data == NULL)
		return false;
	if (crypt_gensalt_rn("$2b$", WORKER_COST, NULL, 0, salt, sizeof(salt)) != NULL)
	{
		made = crypt_r(password, salt, data);
		ok = made != NULL && worker_usable(made);
		if (ok)
			memcpy(out, made, strlen(made) + 1);
	}
	explicit_bzero(data, sizeof(*data));
	free(data);
	return ok;
}
