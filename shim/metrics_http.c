/*
 * metrics_http.c - the private listener that shows the metrics.
 *
 * Answers GET and HEAD of /metrics and nothing else, from the loop's thread.
 */
#include "metrics_http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <microhttpd.h>

#include "app.h"
#include "config.h"
#include "loop.h"
#include "metrics.h"
#include "peer.h"

#define METRICS_CONNECTIONS 16u
#define METRICS_TIMEOUT_S 15u
#define METRICS_SPINS 16 /* rounds of pending work before it has to wait */

struct metrics_http
{
	struct app *app;
	struct MHD_Daemon *daemon;
	struct watch watch;
	int spins; /* rounds in a row after which work was still pending */
	char seen; /* its address marks a request whose headers were seen */
};

static enum MHD_Result
metrics_http_send(struct MHD_Connection *mhd, unsigned status, char *body, size_t len,
				  enum MHD_ResponseMemoryMode mode)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(len, body, mode);
	enum MHD_Result result;

	if (response == NULL)
	{
		if (mode == MHD_RESPMEM_MUST_FREE)
			free(body);
		return MHD_NO;
	}
	MHD_add_response_header(response, "Content-Type", "text/plain; version=0.0.4; charset=utf-8");
	MHD_add_response_header(response, "Cache-Control", "no-store");
	result = MHD_queue_response(mhd, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result
metrics_http_handle(void *cls, struct MHD_Connection *mhd, const char *url, const char *method,
					const char *version, const char *data, size_t *data_len, void **context)
{
	static char not_found[] = "not found\n";
	static char unavailable[] = "no memory\n";
	struct metrics_http *http = cls;
	size_t len = 0;
	char *page;

	(void) version;
	(void) data;
	if (*context == NULL)
	{
		*context = &http->seen;
		return MHD_YES;
	}
	if (*data_len > 0)
	{
		*data_len = 0;
		return MHD_YES;
	}
	if (strcmp(url, "/metrics") != 0 || (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0))
		return metrics_http_send(mhd, 404, not_found, sizeof(not_found) - 1,
								 MHD_RESPMEM_PERSISTENT);
	page = metrics_render(http->app, &len);
	if (page == NULL)
		return metrics_http_send(mhd, 503, unavailable, sizeof(unavailable) - 1,
								 MHD_RESPMEM_PERSISTENT);
	return metrics_http_send(mhd, 200, page, len, MHD_RESPMEM_MUST_FREE);
}

static void
metrics_http_log(void *cls, const char *format, va_list args)
{
	(void) cls;
	(void) format;
	(void) args;
}

static bool
metrics_http_start(struct metrics_http *http, int fd)
{
	const union MHD_DaemonInfo *info;

	http->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_ERROR_LOG, 0, NULL, NULL, metrics_http_handle, http,
		MHD_OPTION_EXTERNAL_LOGGER, metrics_http_log, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, METRICS_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
		METRICS_TIMEOUT_S, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
	if (http->daemon == NULL)
		return false;
	info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	return info != NULL && loop_watch(http->app, &http->watch, info->epoll_fd, EPOLLIN);
}

struct metrics_http *
metrics_http_new(struct app *app, char *error, size_t error_size)
{
	struct metrics_http *http = calloc(1, sizeof(*http));
	int fd;

	if (http == NULL)
	{
		snprintf(error, error_size, "out of memory");
		return NULL;
	}
	http->app = app;
	http->watch.kind = WATCH_METRICS;
	http->watch.owner = http;
	fd = peer_listen(app->config->metrics_listen, error, error_size);
	if (fd >= 0 && metrics_http_start(http, fd))
		return http;
	if (fd >= 0)
	{
		snprintf(error, error_size, "cannot start the metrics listener on %s",
				 app->config->metrics_listen);
		if (http->daemon == NULL)
			close(fd);
	}
	metrics_http_free(http);
	return NULL;
}

void
metrics_http_free(struct metrics_http *http)
{
	if (http == NULL)
		return;
	if (http->daemon != NULL)
	{
		loop_unwatch(http->app, &http->watch);
		MHD_stop_daemon(http->daemon);
	}
	if (strncmp(http->app->config->metrics_listen, "unix:", 5) == 0)
		unlink(http->app->config->metrics_listen + 5);
	free(http);
}

void
metrics_http_run(struct metrics_http *http)
{
	MHD_run(http->daemon);
	http->spins = metrics_http_pending(http) ? http->spins + 1 : 0;
}

bool
metrics_http_pending(const struct metrics_http *http)
{
	MHD_UNSIGNED_LONG_LONG ms;

	return MHD_get_timeout(http->daemon, &ms) == MHD_YES && ms == 0;
}

int64_t
metrics_http_wait_ms(const struct metrics_http *http, int64_t limit)
{
	if (!metrics_http_pending(http))
		return limit;
	return http->spins > METRICS_SPINS ? 1 : 0;
}
