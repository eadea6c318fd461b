/*
 * http.c - the public listener: connections, requests, replies.
 *
 * libmicrohttpd runs inside our loop (external epoll). Its handler is called
 * once for the headers, once for each piece of the body, once at the end, and
 * once more when a suspended request is resumed with its reply.
 * Invariants: no reply is queued while body bytes are pending; a reply is
 * queued in the first call only to close the connection; a suspended
 * connection is resumed exactly once. libmicrohttpd has no deadlines for us:
 * every connection carries its own and the sweep shuts down what is late. Each
 * phase of a request has one that nothing prolongs (head, body, wait, reply), so
 * a whole request ends after header_timeout_s and three times request_timeout_s
 * at the latest, and in practice with the far shorter limits of db and worker. A PDF or a
 * call of a provider, which ends by itself, has its own time on top of the wait's.
 * A streamed reply waits and is read piece by piece: each has the two deadlines anew.
 */
#include "http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app.h"
#include "clock.h"
#include "config.h"
#include "document.h"
#include "flow.h"
#include "http_reply.h"
#include "http_request.h"
#include "limit.h"
#include "log.h"
#include "login.h"
#include "loop.h"
#include "metrics.h"
#include "payment.h"
#include "stream.h"
#include "text.h"
#include "upload.h"

#define HTTP_MEMORY_BYTES (32 * 1024)
#define HTTP_SPARE_CONNECTIONS 16 /* past our own limit, which closes at once */
#define HTTP_PER_ADDRESS 100
#define HTTP_IDLE_S 30
#define HTTP_SPINS 16	  /* rounds of pending work before stalled uploads are looked for */
#define HTTP_STILL_MS 500 /* how long a chunked upload may stand still meanwhile */
#define HTTP_RUNS 8		  /* turns of libmicrohttpd in a row before others get theirs */

struct http
{
	struct app *app;
	struct MHD_Daemon *daemon;
	struct watch watch;
	struct peer_list *proxies;
	struct http_conn *conns;
	long nconns;
	struct request *requests;
	long nrequests;
	int spins;		   /* rounds in a row after which work was still pending */
	char *socket_path; /* removed at the end; NULL for TCP */
};

static long
http_same_address(const struct http *http, const char *addr)
{
	long n = 0;

	for (const struct http_conn *conn = http->conns; conn != NULL; conn = conn->next)
		n += strcmp(conn->addr, addr) == 0;
	return n;
}

/* Refuse by closing at once what is over a limit. */
static enum MHD_Result
http_accept(void *cls, const struct sockaddr *addr, socklen_t len)
{
	const struct http *http = cls;
	char text[PEER_TEXT];

	(void) len;
	if (http->nconns >= http->app->config->max_connections)
		return MHD_NO;
	peer_text(addr, text);
	if (!peer_trusted(http->proxies, text) && http_same_address(http, text) >= HTTP_PER_ADDRESS)
		return MHD_NO;
	return MHD_YES;
}

static void
http_conn_idle(struct http_conn *conn, long seconds)
{
	conn->phase = PHASE_IDLE;
	conn->deadline_ms = conn->http->app->now_ms + seconds * 1000;
}

static void
http_conn_open(struct http *http, struct MHD_Connection *mhd, void **context)
{
	const union MHD_ConnectionInfo *fd =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
	const union MHD_ConnectionInfo *addr =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct http_conn *conn = calloc(1, sizeof(*conn));

	*context = conn;
	if (conn == NULL)
		return;
	conn->http = http;
	conn->fd = fd->connect_fd;
	if (addr != NULL && addr->client_addr != NULL)
		peer_text(addr->client_addr, conn->addr);
	else
		snprintf(conn->addr, sizeof(conn->addr), "unix");
	conn->trusted = peer_trusted(http->proxies, conn->addr);
	conn->next = http->conns;
	if (http->conns != NULL)
		http->conns->prev = conn;
	http->conns = conn;
	http->nconns++;
	http_conn_idle(conn, http->app->config->header_timeout_s);
}

/* MHD has no more use for the request; a query in flight may hold it a little longer. */
static void
http_request_end(struct request *req)
{
	if (req->conn->phase != PHASE_DEAD)
		http_conn_idle(req->conn, HTTP_IDLE_S);
	req->conn->req = NULL;
	req->mhd = NULL;
	req->conn = NULL;
	memset(req->field, 0, sizeof(req->field));
	http_release(req);
}

static void
http_conn_close(struct http *http, struct http_conn *conn)
{
	if (conn == NULL)
		return;
	/* A connection that ends before its headers are whole is never reported as completed. */
	if (conn->req != NULL)
		http_request_end(conn->req);
	if (conn->prev != NULL)
		conn->prev->next = conn->next;
	else
		http->conns = conn->next;
	if (conn->next != NULL)
		conn->next->prev = conn->prev;
	http->nconns--;
	free(conn);
}

static void
http_notify(void *cls, struct MHD_Connection *mhd, void **context,
			enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		http_conn_open(cls, mhd, context);
	else
	{
		http_conn_close(cls, *context);
		*context = NULL;
	}
}

/* The request line is complete: the life of a request begins. */
static void *
http_begin(void *cls, const char *target, struct MHD_Connection *mhd)
{
	struct http *http = cls;
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct http_conn *conn = info == NULL ? NULL : info->socket_context;
	struct request *req = conn == NULL ? NULL : calloc(1, sizeof(*req));

	if (req == NULL)
		return NULL;
	req->app = http->app;
	req->conn = conn;
	req->mhd = mhd;
	req->refs = 1;
	req->start_us = clock_us();
	if (strlen(target) <= HTTP_TARGET_MAX)
		req->target = strdup(target);
	req->next = http->requests;
	if (http->requests != NULL)
		http->requests->prev = req;
	http->requests = req;
	http->nrequests++;
	conn->req = req;
	conn->seen = 0;
	memcpy(req->addr, conn->addr, sizeof(req->addr));
	memcpy(req->source, conn->addr, sizeof(req->source));
	conn->phase = PHASE_HEAD;
	conn->deadline_ms = http->app->now_ms + http->app->config->header_timeout_s * 1000;
	return req;
}

static void
http_request_free(struct request *req)
{
	struct http *http = req->app->http;

	if (req->prev != NULL)
		req->prev->next = req->next;
	else
		http->requests = req->next;
	if (req->next != NULL)
		req->next->prev = req->prev;
	http->nrequests--;
	http_reply_free(&req->reply);
	if (req->match.row != NULL)
		param_free(req->match.row, req->values);
	route_match_free(&req->match);
	error_free(&req->problem);
	login_free(req->login);
	payment_free(req->payment);
	document_free(req->document);
	upload_free(req->upload);
	stream_free(req->stream);
	text_query_free(req->query, req->nquery);
	if (req->body != NULL)
		explicit_bzero(req->body, req->body_len);
	free(req->body);
	free(req->cache_key);
	free(req->target);
	free(req->path);
	for (int i = 0; i < HTTP_JOINED; i++)
		free(req->joined[i]);
	free(req);
}

void
http_hold(struct request *req)
{
	req->refs++;
}

void
http_release(struct request *req)
{
	if (--req->refs == 0)
		http_request_free(req);
}

static void
http_phase_set(struct request *req, enum http_phase phase)
{
	if (req->conn->phase == PHASE_DEAD)
		return;
	req->conn->phase = phase;
	req->conn->deadline_ms = req->app->now_ms + req->app->config->request_timeout_s * 1000;
}

void
http_body_phase(struct request *req)
{
	http_phase_set(req, PHASE_BODY);
}

void
http_reply_phase(struct request *req)
{
	http_phase_set(req, PHASE_REPLY);
}

void
http_wait_longer(struct request *req, int64_t ms)
{
	if (req->mhd != NULL && req->conn->phase == PHASE_WAIT)
		req->conn->deadline_ms += ms;
}

void
http_suspend(struct request *req)
{
	req->suspended = true;
	http_phase_set(req, PHASE_WAIT);
	MHD_suspend_connection(req->mhd);
}

void
http_resume(struct request *req)
{
	if (req->mhd == NULL || !req->suspended)
		return;
	req->suspended = false;
	MHD_resume_connection(req->mhd);
}

void
http_client(struct request *req)
{
	const struct http_conn *conn = req->conn;
	bool told = peer_client(conn->http->proxies, conn->addr, req->field[FIELD_FORWARDED_FOR],
							req->frontend, req->addr);

	snprintf(req->source, sizeof(req->source), "%s",
			 req->frontend && !told ? LIMIT_FRONTEND : req->addr);
}

static const char *
http_method_text(const struct request *req)
{
	if (!req->method_known)
		return "OTHER";
	return req->head_only ? "HEAD" : routes_method_name(req->method);
}

static void
http_log(const struct request *req)
{
	struct log *log = req->app->log;
	const struct route *row = req->match.row;
	int status = req->queued ? req->reply.status : 0;
	char addr[PEER_TEXT];

	if (!log_begin(log, status >= 500 ? LOG_ERROR : LOG_INFO, "request"))
		return;
	peer_truncate(req->addr, addr);
	log_text(log, "id", req->id[0] == '\0' ? NULL : req->id);
	log_text(log, "method", http_method_text(req));
	log_text(log, "route", row == NULL ? NULL : row->pattern);
	log_client_text(log, "path", req->path);
	log_int(log, "status", status);
	log_ms(log, "ms", (req->queued ? req->end_us : clock_us()) - req->start_us);
	if (req->db_us > 0)
		log_ms(log, "db_ms", req->db_us);
	log_int(log, "bytes", req->queued ? (long long) req->reply.body_len : 0);
	log_text(log, "ip", addr);
	log_client_text(log, "ua", req->agent[0] == '\0' ? NULL : req->agent);
	if (req->code != ERROR_NONE)
		log_text(log, "code", error_code(req->code));
	else if (!req->head_only && !stream_whole(req))
		log_text(log, "cut", "client");
	if (req->caller.present)
		log_text(log, "actor", req->caller.account_id);
	log_end(log);
}

/* libmicrohttpd is done with the request, answered or not. */
static void
http_completed(void *cls, struct MHD_Connection *mhd, void **context,
			   enum MHD_RequestTerminationCode code)
{
	struct http *http = cls;
	struct request *req = *context;

	(void) mhd;
	(void) code;
	if (req == NULL)
		return;
	*context = NULL;
	if (req->queued)
		metrics_request(http->app->metrics,
						req->match.row == NULL ? METRICS_NO_ROUTE
											   : (int) (req->match.row - routes_table),
						req->reply.status, req->end_us - req->start_us);
	http_log(req);
	http_request_end(req);
}

/* Answer ahead of the body, which is not wanted. */
static enum MHD_Result
http_refuse(struct request *req)
{
	req->handled = true;
	http_reply_header(req, "Connection", "close");
	return http_reply_send(req);
}

/* Who sends files is let in before they come, when it is his turn. */
static enum MHD_Result
http_head_upload(struct request *req)
{
	const char *length = req->field[FIELD_CONTENT_LENGTH];

	if (upload_head(req))
	{
		req->delayed = true;
		req->suspended = true;
		req->conn->phase = PHASE_WAIT;
		req->conn->deadline_ms = 0; /* upload answers in time */
		MHD_suspend_connection(req->mhd);
		return MHD_YES;
	}
	if (!req->answered ||
		(req->field[FIELD_TRANSFER_ENCODING] == NULL &&
		 http_request_bears(req, length == NULL ? 0 : strtoull(length, NULL, 10))))
		return MHD_YES;
	return http_refuse(req);
}

/* The headers are complete. */
static enum MHD_Result
http_head(struct request *req, const char *method, const char *version)
{
	const struct route *row;

	req->started = true;
	http_body_phase(req);
	if (http_request_head(req, method, version))
	{
		row = req->match.row;
		return row != NULL && row->action == ACTION_UPLOAD && req->problem.id == ERROR_NONE
				   ? http_head_upload(req)
				   : MHD_YES;
	}
	http_reply_problem(req);
	return http_refuse(req);
}

/* The whole request is here: run the stages, answer or wait. */
static enum MHD_Result
http_whole(struct request *req)
{
	req->handled = true;
	flow_run(req);
	if (req->answered)
		return http_reply_send(req);
	http_suspend(req);
	return MHD_YES;
}

static enum MHD_Result
http_handle(void *cls, struct MHD_Connection *mhd, const char *url, const char *method,
			const char *version, const char *data, size_t *data_len, void **context)
{
	struct request *req = *context;

	(void) cls;
	(void) mhd;
	(void) url;
	if (req == NULL)
		return MHD_NO;
	if (!req->started)
		return http_head(req, method, version);
	if (req->delayed)
	{
		/* libmicrohttpd tells of the headers once more; there is a body, or nobody had waited. */
		req->delayed = false;
		if (*data_len == 0)
			return MHD_YES;
	}
	if (*data_len > 0)
	{
		size_t len = *data_len;

		*data_len = 0;
		return http_request_body(req, data, len) ? MHD_YES : MHD_NO;
	}
	if (!req->handled)
		return http_whole(req);
	return req->answered && !req->queued ? http_reply_send(req) : MHD_NO;
}

/* The target is decoded by us, from its raw form. */
static size_t
http_unescape(void *cls, struct MHD_Connection *mhd, char *text)
{
	(void) cls;
	(void) mhd;
	return strlen(text);
}

static void
http_mhd_log(void *cls, const char *format, va_list args)
{
	/* libmicrohttpd prints what the client sent: only the fact is kept. */
	struct http *http = cls;

	(void) format;
	(void) args;
	log_begin(http->app->log, LOG_DEBUG, "http_parser");
	log_end(http->app->log);
}

static bool
http_start(struct http *http, int fd)
{
	unsigned limit = (unsigned) http->app->config->max_connections + HTTP_SPARE_CONNECTIONS;
	const union MHD_DaemonInfo *info;

	http->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, http_accept, http,
		http_handle, http, MHD_OPTION_EXTERNAL_LOGGER, http_mhd_log, http, MHD_OPTION_LISTEN_SOCKET,
		fd, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t) HTTP_MEMORY_BYTES,
		MHD_OPTION_CONNECTION_LIMIT, limit, MHD_OPTION_URI_LOG_CALLBACK, http_begin, http,
		MHD_OPTION_UNESCAPE_CALLBACK, http_unescape, http, MHD_OPTION_NOTIFY_COMPLETED,
		http_completed, http, MHD_OPTION_NOTIFY_CONNECTION, http_notify, http,
		MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
	if (http->daemon == NULL)
		return false;
	info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	return info != NULL && loop_watch(http->app, &http->watch, info->epoll_fd, EPOLLIN);
}

struct http *
http_new(struct app *app, char *error, size_t error_size)
{
	struct http *http = calloc(1, sizeof(*http));
	int fd;

	if (http == NULL)
	{
		snprintf(error, error_size, "out of memory");
		return NULL;
	}
	http->app = app;
	http->watch.kind = WATCH_HTTP;
	http->watch.owner = http;
	http->proxies = peer_list_new(app->config->trusted_proxies);
	fd = peer_listen(app->config->listen, error, error_size);
	if (fd >= 0 && strncmp(app->config->listen, "unix:", 5) == 0)
		http->socket_path = strdup(app->config->listen + 5);
	if (fd >= 0 && http->proxies != NULL && http_start(http, fd))
		return http;
	if (fd >= 0)
	{
		snprintf(error, error_size, "cannot start the HTTP listener on %s", app->config->listen);
		if (http->daemon == NULL)
			close(fd);
	}
	http_free(http);
	return NULL;
}

void
http_free(struct http *http)
{
	if (http == NULL)
		return;
	for (struct request *req = http->requests; req != NULL; req = req->next)
		http_resume(req);
	if (http->daemon != NULL)
	{
		loop_unwatch(http->app, &http->watch);
		MHD_run(http->daemon);
		MHD_stop_daemon(http->daemon);
	}
	if (http->socket_path != NULL)
		unlink(http->socket_path);
	free(http->socket_path);
	peer_list_free(http->proxies);
	free(http);
}

static bool
http_pending(const struct http *http)
{
	MHD_UNSIGNED_LONG_LONG ms;

	return MHD_get_timeout(http->daemon, &ms) == MHD_YES && ms == 0;
}

int64_t
http_wait_ms(const struct http *http, int64_t limit)
{
	if (!http_pending(http))
		return limit;
	return http->spins > HTTP_SPINS ? 1 : 0;
}

static void
http_conn_cut(struct http_conn *conn)
{
	conn->phase = PHASE_DEAD;
	conn->deadline_ms = 0;
	shutdown(conn->fd, SHUT_RDWR);
}

/*
 * Cut the uploads that make libmicrohttpd turn without end: a chunk header as
 * large as its buffer or larger. A larger one shows by bytes that nobody takes;
 * one that just fits leaves none and looks like a client that pauses, so that
 * it gets some time, and only chunked bodies are suspected.
 */
static void
http_cut_stalled(struct http *http)
{
	for (struct http_conn *conn = http->conns; conn != NULL; conn = conn->next)
	{
		int waiting = 0;

		if (conn->phase != PHASE_BODY || conn->req == NULL ||
			ioctl(conn->fd, FIONREAD, &waiting) != 0 ||
			(waiting == 0 && conn->req->field[FIELD_TRANSFER_ENCODING] == NULL))
			continue;
		if (conn->seen != conn->req->body_seen + 1)
		{
			conn->seen = conn->req->body_seen + 1;
			conn->seen_ms = http->app->now_ms;
		}
		else if (waiting > 0 || http->app->now_ms - conn->seen_ms >= HTTP_STILL_MS)
			http_conn_cut(conn);
	}
}

void
http_run(struct http *http)
{
	for (int i = 0; i < HTTP_RUNS; i++)
	{
		MHD_run(http->daemon);
		if (!http_pending(http))
		{
			http->spins = 0;
			return;
		}
	}
	if (++http->spins % HTTP_SPINS == 0)
		http_cut_stalled(http);
}

/*
 * The client hung up before its request was whole. libmicrohttpd does not see it when the
 * end came together with the bytes before: it waits for another edge of epoll. Only asked
 * when it has nothing left to do, so a request that lies in its buffer is not cut.
 */
static bool
http_hung_up(const struct http_conn *conn)
{
	char byte;

	return (conn->phase == PHASE_IDLE || conn->phase == PHASE_HEAD || conn->phase == PHASE_BODY) &&
		   recv(conn->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

void
http_sweep(struct http *http)
{
	bool quiet = !http_pending(http);

	for (struct http_conn *conn = http->conns; conn != NULL; conn = conn->next)
	{
		if ((conn->deadline_ms != 0 && http->app->now_ms >= conn->deadline_ms) ||
			(quiet && http_hung_up(conn)))
			http_conn_cut(conn);
	}
}

void
http_drain(struct http *http)
{
	MHD_socket fd;

	http_run(http);
	fd = MHD_quiesce_daemon(http->daemon);
	if (fd != MHD_INVALID_SOCKET)
		close(fd);
	if (http->socket_path != NULL)
		unlink(http->socket_path);
	free(http->socket_path);
	http->socket_path = NULL;
	for (struct http_conn *conn = http->conns; conn != NULL; conn = conn->next)
	{
		int waiting = 0;

		if (conn->phase == PHASE_IDLE && ioctl(conn->fd, FIONREAD, &waiting) == 0 && waiting == 0)
			http_conn_cut(conn);
	}
}

bool
http_drained(const struct http *http)
{
	for (const struct http_conn *conn = http->conns; conn != NULL; conn = conn->next)
	{
		if (conn->phase != PHASE_IDLE && conn->phase != PHASE_DEAD)
			return false;
	}
	return http->nrequests == 0;
}

long
http_in_flight(const struct http *http)
{
	return http->nrequests;
}

long
http_connections(const struct http *http)
{
	return http->nconns;
}
