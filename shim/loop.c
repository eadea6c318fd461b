/*
 * loop.c - the event loop: one epoll set for sockets, database and signals.
 *
 * Each round: events, then deadlines, then libmicrohttpd, then the log. What
 * the database answered in this round is resumed and sent in the same round.
 */
#include "loop.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "app.h"
#include "clock.h"
#include "config.h"
#include "db.h"
#include "deliver.h"
#include "housekeep.h"
#include "http.h"
#include "log.h"
#include "metrics_http.h"
#include "outcall.h"
#include "pdf.h"
#include "sweep.h"
#include "task.h"
#include "upload.h"
#include "worker.h"

#define LOOP_EVENTS 64
#define LOOP_SWEEP_MS 250

bool
loop_watch(struct app *app, struct watch *watch, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};

	if (watch->events == events && watch->fd == fd)
		return true;
	if (watch->events != 0 && watch->fd == fd &&
		epoll_ctl(app->epoll_fd, EPOLL_CTL_MOD, fd, &event) == 0)
	{
		watch->events = events;
		return true;
	}
	if (watch->events != 0 && watch->fd != fd)
		(void) epoll_ctl(app->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
	watch->fd = fd;
	watch->events = events;
	return epoll_ctl(app->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0 ||
		   (errno == EEXIST && epoll_ctl(app->epoll_fd, EPOLL_CTL_MOD, fd, &event) == 0);
}

void
loop_unwatch(struct app *app, struct watch *watch)
{
	if (watch->events != 0)
		(void) epoll_ctl(app->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
	watch->events = 0;
	watch->fd = -1;
}

/* The first signal drains, the second ends at once. */
static void
loop_signal(struct app *app, const struct watch *watch)
{
	struct signalfd_siginfo info;

	while (read(watch->fd, &info, sizeof(info)) == (ssize_t) sizeof(info))
	{
		if (app->drain_ms != 0)
		{
			app->stop = true;
			return;
		}
		log_begin(app->log, LOG_INFO, "drain");
		log_int(app->log, "signal", info.ssi_signo);
		log_int(app->log, "in_flight", http_in_flight(app->http));
		log_end(app->log);
		app->drain_ms = app->now_ms;
		http_drain(app->http);
	}
}

static void
loop_dispatch(struct app *app, const struct epoll_event *event)
{
	struct watch *watch = event->data.ptr;

	switch (watch->kind)
	{
		case WATCH_DB:
			db_event(watch->owner, event->events);
			break;
		case WATCH_WORKER:
			worker_collect(watch->owner);
			break;
		case WATCH_OUTCALL:
			outcall_collect(watch->owner);
			break;
		case WATCH_PDF:
			pdf_ended(watch->owner);
			break;
		case WATCH_SIGNAL:
			loop_signal(app, watch);
			break;
		case WATCH_METRICS:
			metrics_http_run(watch->owner);
			break;
		case WATCH_HTTP:
			break; /* runs in every round, after the answers */
	}
}

static int
loop_timeout(const struct app *app)
{
	int64_t wait = http_wait_ms(app->http, LOOP_SWEEP_MS);

	if (app->metrics_http != NULL)
		wait = metrics_http_wait_ms(app->metrics_http, wait);
	return (int) db_next_ms(app->db, wait);
}

/* What has to happen now and then, whatever arrives. */
static void
loop_sweep(struct app *app)
{
	http_sweep(app->http);
	task_tick(app->task);
	deliver_tick(app->deliver);
	pdf_tick(app->pdf);
	uploads_tick(app->uploads);
	sweep_tick(app->sweep);
	if (app->metrics_http != NULL)
		metrics_http_run(app->metrics_http);
	if (app->drain_ms == 0)
		return;
	if (http_drained(app->http) && housekeep_ended(app->housekeep))
		app->stop = true;
	else if (app->now_ms - app->drain_ms > app->config->drain_timeout_s * 1000)
	{
		log_begin(app->log, LOG_WARN, "drain_timeout");
		log_int(app->log, "in_flight", http_in_flight(app->http));
		log_end(app->log);
		app->stop = true;
	}
}

static void
loop_round(struct app *app, int64_t *sweep_ms)
{
	struct epoll_event events[LOOP_EVENTS];
	int n = epoll_wait(app->epoll_fd, events, LOOP_EVENTS, loop_timeout(app));

	app->now_ms = clock_ms();
	for (int i = 0; i < n; i++)
		loop_dispatch(app, &events[i]);
	db_tick(app->db);
	/* A run that found work is followed by the next at once, not after a sweep. */
	housekeep_tick(app->housekeep);
	http_run(app->http);
	if (app->metrics_http != NULL && metrics_http_pending(app->metrics_http))
		metrics_http_run(app->metrics_http);
	if (app->now_ms >= *sweep_ms || app->drain_ms != 0)
	{
		loop_sweep(app);
		*sweep_ms = app->now_ms + LOOP_SWEEP_MS;
	}
	log_flush(app->log);
}

int
loop_run(struct app *app)
{
	struct watch signals = {.kind = WATCH_SIGNAL, .fd = -1};
	int64_t sweep_ms = 0;
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0 || !loop_watch(app, &signals, fd, EPOLLIN))
		return 1;
	while (!app->stop)
		loop_round(app, &sweep_ms);
	loop_unwatch(app, &signals);
	close(fd);
	return 0;
}
