/*
 * outcall.h - HTTP requests to other servers, on a thread of their own.
 *
 * One thread drives all of them at once (curl_multi), so that a server that
 * does not answer keeps nobody waiting but its own callers. Their number is
 * bounded: past it a call is refused at once.
 */
#ifndef MJC_SHIM_OUTCALL_H
#define MJC_SHIM_OUTCALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OUTCALL_HEADERS_MAX 4
#define OUTCALL_REPLY_MAX (256 * 1024) /* bytes of a reply */

enum outcall_result
{
	OUTCALL_REPLY,		 /* status and reply are whole */
	OUTCALL_TIMEOUT,	 /* it may have been done there or not */
	OUTCALL_UNREACHABLE, /* no connection, or it broke; may have been done or not */
	OUTCALL_TOO_LARGE,
	OUTCALL_STOPPED /* the process ends */
};

struct app;
struct outcall;

/*
 * One call. The caller makes it with outcall_prepare and outcall_header, sets
 * done and cls, and keeps it alive until done has been called. A body makes it
 * a POST, none a GET.
 */
struct outcall_job
{
	char *url;
	char *header[OUTCALL_HEADERS_MAX]; /* "Name: value"; may hold a key */
	int headers;
	char *body;							   /* NUL-terminated, or NULL */
	void (*done)(struct outcall_job *job); /* on the loop's thread */
	void *cls;

	enum outcall_result result;
	long status; /* HTTP */
	char *reply; /* NUL-terminated, or NULL when it is empty */
	size_t reply_len;
	int64_t elapsed_us;

	/* private to outcall */
	struct outcall_job *next;
	void *easy;
	void *list;
	size_t head_bytes;
	bool too_large;
	int64_t start_us;
};

/*
 * outcall_new - start the thread.
 *
 * timeout_ms: for a whole call. ca_file: certificates to trust instead of the
 * system's, "" for these. capacity: calls at a time. NULL on failure.
 */
struct outcall *outcall_new(struct app *app, long timeout_ms, const char *ca_file, int capacity);

/* outcall_free - stop the thread; calls under way end with OUTCALL_STOPPED. NULL is fine. */
void outcall_free(struct outcall *outcall);

/* outcall_prepare - begin a job with copies of url and body (NULL: none); false without memory. */
bool outcall_prepare(struct outcall_job *job, const char *url, const char *body);

/* outcall_header - add a header from a name and a value; false without memory or room. */
bool outcall_header(struct outcall_job *job, const char *name, const char *value);

/* outcall_clear - wipe and release what a job holds; safe on a zeroed one. */
void outcall_clear(struct outcall_job *job);

/* outcall_submit - hand a job over; false, without calling done, when there are too many. */
bool outcall_submit(struct outcall *outcall, struct outcall_job *job);

/* outcall_collect - call done of every finished job. For the loop. */
void outcall_collect(struct outcall *outcall);

#endif
