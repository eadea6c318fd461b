/*
 * upload.c - files that staff send: the form, the check, the store, then the rows of them.
 *
 * The order: the head is let in by its token; the body is taken apart into files without a
 * name; the database says whether the account may (its token is good, but the account may be
 * blocked by now); the files are checked, all of them, and only then kept, on the thread for
 * files; last the database notes them. A file without a row is swept a day later.
 * Invariant: while job is in flight the files belong to that thread.
 */
#include "upload.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "app.h"
#include "config.h"
#include "flow.h"
#include "http_reply.h"
#include "http_request.h"
#include "log.h"
#include "multipart.h"
#include "store.h"
#include "worker.h"

#define UPLOAD_RETRY_S 5

enum upload_state
{
	UPLOAD_WAITS, /* for its turn */
	UPLOAD_RUNS
};

struct upload_file
{
	int fd; /* without a name */
	size_t size;
	struct media media;
	struct stored stored;
};

struct upload
{
	struct request *req;
	struct upload *prev; /* all uploads, in the order in which they came */
	struct upload *next;
	enum upload_state state;
	uint64_t announced; /* bytes of the body, at most */
	int64_t late_ms;	/* until when it waits */
	struct multipart form;
	struct upload_file file[UPLOAD_FILES_MAX];
	int nfiles;
	bool single; /* "image" was there */
	struct worker_job job;
	enum error_id fault; /* of the job */
	int faulty;			 /* which file */
	int error;			 /* errno of the store */
};

struct uploads
{
	struct app *app;
	struct upload *first;
	struct upload *last;
};

/* ---- Refusals ---- */

static void
upload_refuse(struct request *req, enum error_id id)
{
	error_set(&req->problem, id);
	if (id == ERROR_UPLOAD_BUSY)
		req->problem.retry_after = UPLOAD_RETRY_S;
	if (id == ERROR_UPLOAD_TOO_MANY_FILES)
		req->problem.values = json_pack("{s:i}", "max", UPLOAD_IMAGES_MAX);
}

/* A file that is not taken: which of them, and what it may be. */
static void
upload_refuse_file(struct request *req, enum error_id id, int file)
{
	error_set(&req->problem, id);
	req->problem.values =
		json_pack("{s:i, s:i, s:i, s:i}", "file", file + 1, "max", UPLOAD_FILE_MIB, "side",
				  MEDIA_SIDE_MAX, "megapixels", MEDIA_MEGAPIXELS_MAX);
}

/* The operator has to do something. */
static void
upload_log(const struct request *req, const char *event, int error)
{
	struct log *log = req->app->log;

	if (!log_begin(log, LOG_WARN, event))
		return;
	log_text(log, "id", req->id);
	log_int(log, "errno", error);
	log_int(log, "bytes", (long long) store_bytes(req->app->store));
	log_end(log);
}

static enum error_id
upload_disk_error(int error)
{
	return error == ENOSPC || error == EDQUOT ? ERROR_UPLOAD_NO_ROOM : ERROR_SERVICE_UNAVAILABLE;
}

static void
upload_answer(struct request *req, enum error_id id)
{
	upload_refuse(req, id);
	http_reply_problem(req);
}

/* The folder does not take what comes. */
static void
upload_fail(struct request *req, int error)
{
	upload_log(req, "upload_failed", error);
	upload_refuse(req, upload_disk_error(error));
}

/* ---- The form ---- */

static bool
upload_begin(void *cls, const struct multipart_part *part)
{
	struct upload *upload = cls;
	struct request *req = upload->req;
	bool single = strcmp(part->name, "image") == 0;
	struct upload_file *file = &upload->file[upload->nfiles];

	if (!part->file || (!single && strcmp(part->name, "images") != 0))
		upload_refuse(req, ERROR_UPLOAD_FIELD_UNKNOWN);
	else if (single ? upload->single : upload->nfiles - upload->single >= UPLOAD_IMAGES_MAX)
		upload_refuse(req, ERROR_UPLOAD_TOO_MANY_FILES);
	else if ((file->fd = store_incoming(req->app->store)) < 0)
		upload_fail(req, errno);
	else
	{
		upload->single = upload->single || single;
		upload->nfiles++;
		return true;
	}
	return false;
}

static bool
upload_data(void *cls, const char *data, size_t len)
{
	struct upload *upload = cls;
	struct upload_file *file = &upload->file[upload->nfiles - 1];

	if (len > UPLOAD_FILE_MAX - file->size)
	{
		upload_refuse_file(upload->req, ERROR_UPLOAD_FILE_TOO_LARGE, upload->nfiles - 1);
		return false;
	}
	file->size += len;
	while (len > 0)
	{
		ssize_t n = write(file->fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
		{
			upload_fail(upload->req, n < 0 ? errno : EIO);
			return false;
		}
		data += n;
		len -= (size_t) n;
	}
	return true;
}

static bool
upload_end(void *cls)
{
	const struct upload *upload = cls;

	if (upload->file[upload->nfiles - 1].size > 0)
		return true;
	upload_refuse_file(upload->req, ERROR_UPLOAD_FILE_EMPTY, upload->nfiles - 1);
	return false;
}

void
upload_body(struct request *req, const char *data, size_t len)
{
	if (multipart_feed(&req->upload->form, data, len) == MULTIPART_BAD)
		upload_refuse(req, ERROR_UPLOAD_FORM_MALFORMED);
}

/* ---- Turns ---- */

static bool
upload_same(const struct upload *a, const struct upload *b)
{
	return strcmp(a->req->caller.account_id, b->req->caller.account_id) == 0;
}

/* Whether an upload may run now: there is a place, and its account has none that runs. */
static bool
upload_may_run(const struct uploads *uploads, const struct upload *upload)
{
	int running = 0;

	for (const struct upload *other = uploads->first; other != NULL; other = other->next)
	{
		if (other->state != UPLOAD_RUNS)
			continue;
		if (++running == UPLOADS_AT_ONCE || upload_same(other, upload))
			return false;
	}
	return true;
}

/* Whether the folder takes what this upload and those that run may bring. */
static bool
upload_has_room(const struct uploads *uploads, const struct upload *upload)
{
	const struct app *app = uploads->app;
	uint64_t bytes = store_bytes(app->store) + upload->announced;

	for (const struct upload *other = uploads->first; other != NULL; other = other->next)
		bytes += other->state == UPLOAD_RUNS ? other->announced : 0;
	return bytes <= (uint64_t) app->config->files_quota_mb * 1024 * 1024;
}

/* Its turn: from now on the body is read. */
static void
upload_start(struct uploads *uploads, struct upload *upload)
{
	if (!upload_has_room(uploads, upload))
	{
		upload->announced = 0;
		upload_log(upload->req, "upload_no_room", 0);
		upload_answer(upload->req, ERROR_UPLOAD_NO_ROOM);
	}
	upload->state = UPLOAD_RUNS;
}

/* The client may go on: what it sends is read, or thrown away when it was refused. */
static void
upload_go_on(struct upload *upload)
{
	struct request *req = upload->req;

	if (req->mhd == NULL || !req->suspended)
		return;
	http_body_phase(req);
	http_resume(req);
}

/* Somebody's turn is over, or time has passed. */
static void
uploads_run(struct uploads *uploads)
{
	for (struct upload *upload = uploads->first; upload != NULL; upload = upload->next)
	{
		if (upload->state != UPLOAD_WAITS || upload->req->answered)
			continue;
		if (upload_may_run(uploads, upload))
			upload_start(uploads, upload);
		else if (uploads->app->now_ms >= upload->late_ms)
			upload_answer(upload->req, ERROR_UPLOAD_BUSY);
		if (upload->state == UPLOAD_RUNS || upload->req->answered)
			upload_go_on(upload);
	}
}

void
uploads_tick(struct uploads *uploads)
{
	if (uploads->first != NULL)
		uploads_run(uploads);
}

static int
uploads_waiting(const struct uploads *uploads)
{
	int n = 0;

	for (const struct upload *upload = uploads->first; upload != NULL; upload = upload->next)
		n += upload->state == UPLOAD_WAITS;
	return n;
}

/* ---- Life ---- */

struct uploads *
uploads_new(struct app *app)
{
	struct uploads *uploads = calloc(1, sizeof(*uploads));

	if (uploads != NULL)
		uploads->app = app;
	return uploads;
}

void
uploads_free(struct uploads *uploads)
{
	free(uploads);
}

void
upload_free(struct upload *upload)
{
	struct uploads *uploads;

	if (upload == NULL)
		return;
	uploads = upload->req->app->uploads;
	if (upload->prev != NULL)
		upload->prev->next = upload->next;
	else
		uploads->first = upload->next;
	if (upload->next != NULL)
		upload->next->prev = upload->prev;
	else
		uploads->last = upload->prev;
	for (int i = 0; i < upload->nfiles; i++)
		close(upload->file[i].fd);
	free(upload);
	uploads_run(uploads);
}

/* Bytes of the body as its length says. */
static uint64_t
upload_length(const struct request *req)
{
	const char *length = req->field[FIELD_CONTENT_LENGTH];

	return length == NULL ? 0 : strtoull(length, NULL, 10);
}

static struct upload *
upload_new(struct uploads *uploads, struct request *req)
{
	struct upload *upload = calloc(1, sizeof(*upload));

	if (upload == NULL)
		return NULL;
	upload->req = req;
	upload->announced =
		req->field[FIELD_TRANSFER_ENCODING] == NULL ? upload_length(req) : UPLOAD_BODY_MAX;
	upload->late_ms = uploads->app->now_ms + uploads->app->config->request_timeout_s * 1000;
	upload->prev = uploads->last;
	if (uploads->last != NULL)
		uploads->last->next = upload;
	else
		uploads->first = upload;
	uploads->last = upload;
	return upload;
}

/* Whether the body is a form that can be taken here. */
static enum error_id
upload_acceptable(const struct request *req, char boundary[MULTIPART_BOUNDARY_MAX + 1])
{
	switch (multipart_boundary(req->field[FIELD_CONTENT_TYPE], boundary))
	{
		case MULTIPART_STOPPED:
			return ERROR_UPLOAD_FORM_REQUIRED;
		case MULTIPART_BAD:
			return ERROR_UPLOAD_FORM_MALFORMED;
		case MULTIPART_OK:
			break;
	}
	if (req->field[FIELD_CONTENT_ENCODING] != NULL)
		return ERROR_UPLOAD_FORM_REQUIRED;
	if (req->field[FIELD_TRANSFER_ENCODING] == NULL && upload_length(req) == 0)
		return ERROR_UPLOAD_FORM_MALFORMED;
	if (req->app->store == NULL)
		return ERROR_UPLOAD_UNAVAILABLE;
	return uploads_waiting(req->app->uploads) >= UPLOADS_WAITING ? ERROR_UPLOAD_BUSY : ERROR_NONE;
}

bool
upload_head(struct request *req)
{
	static const struct multipart_handler handler = {upload_begin, upload_data, upload_end};
	struct uploads *uploads = req->app->uploads;
	char boundary[MULTIPART_BOUNDARY_MAX + 1];
	enum error_id error;

	if (!flow_admit(req))
		return false;
	error = upload_acceptable(req, boundary);
	if (error == ERROR_NONE)
	{
		req->upload = upload_new(uploads, req);
		error = req->upload == NULL ? ERROR_SERVICE_UNAVAILABLE : ERROR_NONE;
	}
	if (error != ERROR_NONE)
	{
		upload_answer(req, error);
		return false;
	}
	multipart_init(&req->upload->form, boundary, &handler, req->upload);
	if (!upload_may_run(uploads, req->upload))
		return true;
	upload_start(uploads, req->upload);
	return false;
}

/* ---- The check and the store, on the thread for files ---- */

static enum error_id
upload_fault(enum media_fault fault)
{
	static const enum error_id errors[] = {
		[MEDIA_OK] = ERROR_NONE,
		[MEDIA_EMPTY] = ERROR_UPLOAD_FILE_EMPTY,
		[MEDIA_UNKNOWN] = ERROR_UPLOAD_TYPE_UNSUPPORTED,
		[MEDIA_BROKEN] = ERROR_UPLOAD_FILE_BROKEN,
		[MEDIA_TOO_LARGE] = ERROR_UPLOAD_IMAGE_TOO_LARGE,
		[MEDIA_UNWRITTEN] = ERROR_SERVICE_UNAVAILABLE,
	};

	return errors[fault];
}

/* Check a file, or keep it. The file has no name: nobody shortens it under the map. */
static enum error_id
upload_file(struct upload *upload, struct upload_file *file, bool keep)
{
	enum error_id error;
	uint8_t *data = mmap(NULL, file->size, PROT_READ, MAP_PRIVATE, file->fd, 0);

	if (data == MAP_FAILED)
	{
		upload->error = errno;
		return ERROR_SERVICE_UNAVAILABLE;
	}
	if (!keep)
		error = upload_fault(media_walk(data, file->size, &file->media, NULL, NULL));
	else if (store_put(upload->req->app->store, data, file->size, &file->stored))
		error = ERROR_NONE;
	else
	{
		upload->error = errno;
		error = upload_disk_error(upload->error);
	}
	munmap(data, file->size);
	return error;
}

static void
upload_work(struct worker_job *job)
{
	struct upload *upload = job->cls;

	for (int keep = 0; keep < 2; keep++)
	{
		for (int i = 0; i < upload->nfiles; i++)
		{
			upload->fault = upload_file(upload, &upload->file[i], keep != 0);
			upload->faulty = i;
			if (upload->fault != ERROR_NONE)
				return;
		}
	}
}

/* ---- What the database is told ---- */

/* The list of files as the only argument; NULL without memory. */
static char *
upload_list(const struct upload *upload)
{
	json_t *list = json_array();
	char *text;

	for (int i = 0; i < upload->nfiles; i++)
	{
		const struct upload_file *file = &upload->file[i];

		json_array_append_new(
			list, json_pack("{s:s, s:s, s:I, s:i, s:i}", "name", file->stored.name, "mimeType",
							media_mime(file->media.type), "bytes", (json_int_t) file->stored.bytes,
							"width", (int) file->media.width, "height", (int) file->media.height));
	}
	text = list == NULL ? NULL : json_dumps(list, JSON_COMPACT);
	json_decref(list);
	return text;
}

/* Call the row's function with a list, which is taken over. */
static void
upload_call(struct request *req, char *list, void (*done)(struct db_call *call))
{
	free(req->values[0].text);
	req->values[0].text = list;
	if (list == NULL)
		http_reply_error(req, ERROR_SERVICE_UNAVAILABLE);
	else
		flow_call(req, done);
}

static void
upload_stored(struct worker_job *job)
{
	struct upload *upload = job->cls;
	struct request *req = upload->req;

	if (job->result != WORKER_MATCH)
		upload->fault = ERROR_SERVICE_UNAVAILABLE; /* the process ends */
	if (upload->error != 0)
		upload_log(req, "upload_failed", upload->error);
	if (req->mhd != NULL && upload->fault != ERROR_NONE)
	{
		upload_refuse_file(req, upload->fault, upload->faulty);
		http_reply_problem(req);
	}
	else if (req->mhd != NULL)
		upload_call(req, upload_list(upload), NULL);
	flow_end(req);
}

/* The account may: an empty list asked just that. */
static void
upload_allowed(struct db_call *call)
{
	struct request *req = call->cls;
	struct upload *upload = req->upload;

	if (!flow_failed(req))
	{
		PQclear(call->result);
		call->result = NULL;
		upload->job = (struct worker_job){
			.kind = WORKER_CALL, .work = upload_work, .done = upload_stored, .cls = upload};
		http_hold(req);
		if (req->mhd == NULL || !worker_submit(req->app->filer, &upload->job))
		{
			if (req->mhd != NULL)
				upload_answer(req, ERROR_UPLOAD_BUSY);
			http_release(req);
		}
	}
	flow_end(req);
}

void
upload_run(struct request *req)
{
	if (!multipart_whole(&req->upload->form))
		upload_answer(req, ERROR_UPLOAD_FORM_MALFORMED);
	else if (req->upload->nfiles == 0)
		upload_answer(req, ERROR_UPLOAD_FILE_MISSING);
	else
		upload_call(req, strdup("[]"), upload_allowed);
}
