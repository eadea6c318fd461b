/*
 * outcall.c - HTTP requests to other servers, on a thread of their own.
 *
 * Invariants: waiting, finished and count are only touched under lock; a job is
 * in exactly one of these lists or in the hands of the thread. The loop learns
 * of finished jobs by an eventfd. Certificates are always verified, redirects
 * never followed, a proxy of the environment never used, and what a server may
 * make us keep is bounded in bytes and in time.
 */
#include "outcall.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <curl/curl.h>

#include "app.h"
#include "clock.h"
#include "loop.h"
#include "version.h"

#define OUTCALL_CONNECT_MS 3000L
#define OUTCALL_POLL_MS 1000
#define OUTCALL_HEAD_MAX (64 * 1024)
#define OUTCALL_FIRST_BYTES 4096

struct outcall
{
	struct app *app;
	struct watch watch;
	long timeout_ms;
	const char *ca_file;
	int capacity;
	CURLM *multi;
	pthread_t thread;
	bool started;
	pthread_mutex_t lock;
	bool stop;
	int count; /* jobs submitted and not collected */
	struct outcall_job *waiting;
	struct outcall_job *finished;
	struct outcall_job *active; /* of the thread alone */
};

/* ---- Jobs ---- */

static void
wiped_free(char *text)
{
	if (text != NULL)
		explicit_bzero(text, strlen(text));
	free(text);
}

bool
outcall_prepare(struct outcall_job *job, const char *url, const char *body)
{
	memset(job, 0, sizeof(*job));
	job->url = strdup(url);
	job->body = body == NULL ? NULL : strdup(body);
	return job->url != NULL && (body == NULL || job->body != NULL);
}

bool
outcall_header(struct outcall_job *job, const char *name, const char *value)
{
	char *line = NULL;

	if (job->headers == OUTCALL_HEADERS_MAX || strpbrk(value, "\r\n") != NULL ||
		asprintf(&line, "%s: %s", name, value) < 0)
		return false;
	job->header[job->headers++] = line;
	return true;
}

void
outcall_clear(struct outcall_job *job)
{
	for (int i = 0; i < job->headers; i++)
		wiped_free(job->header[i]);
	wiped_free(job->body);
	free(job->url);
	if (job->reply != NULL)
		explicit_bzero(job->reply, job->reply_len);
	free(job->reply);
	memset(job, 0, sizeof(*job));
}

/* ---- What curl calls ---- */

static size_t
call_body(char *data, size_t size, size_t n, void *cls)
{
	struct outcall_job *job = cls;
	size_t len = size * n;
	char *bigger;

	if (job->reply_len + len > OUTCALL_REPLY_MAX)
	{
		job->too_large = true;
		return 0;
	}
	/* The room doubles: it is a power of two times the first one. */
	if (job->reply == NULL || job->reply_len + len >= OUTCALL_FIRST_BYTES)
	{
		size_t room = OUTCALL_FIRST_BYTES;

		while (room <= job->reply_len + len)
			room *= 2;
		bigger = realloc(job->reply, room);
		if (bigger == NULL)
			return 0;
		job->reply = bigger;
	}
	memcpy(job->reply + job->reply_len, data, len);
	job->reply_len += len;
	job->reply[job->reply_len] = '\0';
	return len;
}

static size_t
call_head(char *data, size_t size, size_t n, void *cls)
{
	struct outcall_job *job = cls;

	(void) data;
	job->head_bytes += size * n;
	job->too_large = job->head_bytes > OUTCALL_HEAD_MAX;
	return job->too_large ? 0 : size * n;
}

/* ---- The thread ---- */

static bool
call_headers(struct outcall_job *job, CURL *easy)
{
	/* An empty Expect: the body goes at once. */
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");

	for (int i = 0; list != NULL && i < job->headers; i++)
	{
		struct curl_slist *longer = curl_slist_append(list, job->header[i]);

		if (longer == NULL)
			curl_slist_free_all(list);
		list = longer;
	}
	job->list = list;
	return list != NULL && curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list) == CURLE_OK;
}

static void
call_protocols(CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long) (CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

static bool
call_start(struct outcall *outcall, struct outcall_job *job)
{
	CURL *easy = curl_easy_init();

	job->easy = easy;
	if (easy == NULL || !call_headers(job, easy))
		return false;
	call_protocols(easy);
#if LIBCURL_VERSION_NUM >= 0x075700
	/* A name server that does not answer must not hold up the others. */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, OUTCALL_CONNECT_MS);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, outcall->timeout_ms);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "mjchauffage/" MJC_VERSION);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, call_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, job);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, call_head);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, job);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, job);
	if (job->body != NULL)
	{
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) strlen(job->body));
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, job->body);
	}
	if (*outcall->ca_file != '\0' &&
		curl_easy_setopt(easy, CURLOPT_CAINFO, outcall->ca_file) != CURLE_OK)
		return false;
	return curl_easy_setopt(easy, CURLOPT_URL, job->url) == CURLE_OK &&
		   curl_multi_add_handle(outcall->multi, easy) == CURLM_OK;
}

/* Give a job back to the loop. */
static void
call_finish(struct outcall *outcall, struct outcall_job *job, enum outcall_result result)
{
	struct outcall_job **at = &outcall->active;
	uint64_t one = 1;

	while (*at != NULL && *at != job)
		at = &(*at)->next;
	if (*at != NULL)
		*at = job->next;
	if (job->easy != NULL)
	{
		curl_multi_remove_handle(outcall->multi, job->easy);
		curl_easy_cleanup(job->easy);
	}
	for (struct curl_slist *line = job->list; line != NULL; line = line->next)
		explicit_bzero(line->data, strlen(line->data));
	curl_slist_free_all(job->list);
	job->easy = NULL;
	job->list = NULL;
	job->result = result;
	job->elapsed_us = clock_us() - job->start_us;
	pthread_mutex_lock(&outcall->lock);
	job->next = outcall->finished;
	outcall->finished = job;
	pthread_mutex_unlock(&outcall->lock);
	if (write(outcall->watch.fd, &one, sizeof(one)) < 0)
		return; /* the counter is full: the loop is awake anyway */
}

/* Begin with what waits; false when the thread is to end. */
static bool
thread_take(struct outcall *outcall)
{
	struct outcall_job *job;
	bool stop;

	pthread_mutex_lock(&outcall->lock);
	job = outcall->waiting;
	outcall->waiting = NULL;
	stop = outcall->stop;
	pthread_mutex_unlock(&outcall->lock);
	while (job != NULL)
	{
		struct outcall_job *next = job->next;

		job->next = outcall->active;
		outcall->active = job;
		if (!call_start(outcall, job))
			call_finish(outcall, job, OUTCALL_UNREACHABLE);
		job = next;
	}
	return !stop;
}

static enum outcall_result
call_result(const struct outcall_job *job, CURLcode code)
{
	if (job->too_large)
		return OUTCALL_TOO_LARGE;
	if (code == CURLE_OPERATION_TIMEDOUT)
		return OUTCALL_TIMEOUT;
	return code == CURLE_OK ? OUTCALL_REPLY : OUTCALL_UNREACHABLE;
}

static void
thread_reap(struct outcall *outcall)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(outcall->multi, &left)) != NULL)
	{
		CURLcode code = message->data.result;
		struct outcall_job *job = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &job);
		curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &job->status);
		call_finish(outcall, job, call_result(job, code));
	}
}

static void *
outcall_thread(void *cls)
{
	struct outcall *outcall = cls;
	int running;

	while (thread_take(outcall))
	{
		if (curl_multi_perform(outcall->multi, &running) != CURLM_OK)
		{
			while (outcall->active != NULL)
				call_finish(outcall, outcall->active, OUTCALL_UNREACHABLE);
		}
		thread_reap(outcall);
		curl_multi_poll(outcall->multi, NULL, 0, OUTCALL_POLL_MS, NULL);
	}
	while (outcall->active != NULL)
		call_finish(outcall, outcall->active, OUTCALL_STOPPED);
	return NULL;
}

/* ---- The loop's side ---- */

struct outcall *
outcall_new(struct app *app, long timeout_ms, const char *ca_file, int capacity)
{
	struct outcall *outcall = calloc(1, sizeof(*outcall));
	int fd;

	if (outcall == NULL)
		return NULL;
	outcall->app = app;
	outcall->timeout_ms = timeout_ms;
	outcall->ca_file = ca_file;
	outcall->capacity = capacity;
	outcall->watch.kind = WATCH_OUTCALL;
	outcall->watch.owner = outcall;
	outcall->watch.fd = -1;
	pthread_mutex_init(&outcall->lock, NULL);
	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd >= 0 && loop_watch(app, &outcall->watch, fd, EPOLLIN) &&
		curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
	{
		outcall->multi = curl_multi_init();
		outcall->started = outcall->multi != NULL &&
						   pthread_create(&outcall->thread, NULL, outcall_thread, outcall) == 0;
	}
	if (outcall->started)
		return outcall;
	outcall_free(outcall);
	return NULL;
}

/* Every finished job to its done, and how many they were. */
static void
outcall_deliver(struct outcall *outcall, struct outcall_job *job)
{
	while (job != NULL)
	{
		struct outcall_job *next = job->next;

		pthread_mutex_lock(&outcall->lock);
		outcall->count--;
		pthread_mutex_unlock(&outcall->lock);
		job->next = NULL;
		job->done(job);
		job = next;
	}
}

void
outcall_free(struct outcall *outcall)
{
	int fd;

	if (outcall == NULL)
		return;
	fd = outcall->watch.fd;
	pthread_mutex_lock(&outcall->lock);
	outcall->stop = true;
	pthread_mutex_unlock(&outcall->lock);
	if (outcall->started)
	{
		curl_multi_wakeup(outcall->multi);
		pthread_join(outcall->thread, NULL);
	}
	outcall_deliver(outcall, outcall->finished);
	if (outcall->multi != NULL)
	{
		curl_multi_cleanup(outcall->multi);
		curl_global_cleanup();
	}
	loop_unwatch(outcall->app, &outcall->watch);
	if (fd >= 0)
		close(fd);
	pthread_mutex_destroy(&outcall->lock);
	free(outcall);
}

bool
outcall_submit(struct outcall *outcall, struct outcall_job *job)
{
	bool room;

	job->start_us = clock_us();
	pthread_mutex_lock(&outcall->lock);
	room = outcall->count < outcall->capacity && !outcall->stop;
	if (room)
	{
		outcall->count++;
		job->next = outcall->waiting;
		outcall->waiting = job;
	}
	pthread_mutex_unlock(&outcall->lock);
	if (room)
		curl_multi_wakeup(outcall->multi);
	return room;
}

void
outcall_collect(struct outcall *outcall)
{
	struct outcall_job *job;
	uint64_t n;

	if (read(outcall->watch.fd, &n, sizeof(n)) < 0)
		return;
	pthread_mutex_lock(&outcall->lock);
	job = outcall->finished;
	outcall->finished = NULL;
	pthread_mutex_unlock(&outcall->lock);
	outcall_deliver(outcall, job);
}
