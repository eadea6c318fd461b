/*
 * loop.h - the event loop: one epoll set for sockets, database and signals.
 */
#ifndef MJC_SHIM_LOOP_H
#define MJC_SHIM_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct app;

enum watch_kind
{
	WATCH_HTTP,
	WATCH_METRICS,
	WATCH_DB,
	WATCH_WORKER,
	WATCH_OUTCALL,
	WATCH_PDF,
	WATCH_SIGNAL
};

/* One file descriptor in the set; lives inside its owner, zeroed at first. */
struct watch
{
	enum watch_kind kind;
	void *owner;
	int fd;
	uint32_t events; /* what epoll was asked for, 0 = not in the set */
};

/*
 * loop_watch - put a descriptor into the set, or change what is waited for.
 *
 * events: EPOLLIN, EPOLLOUT. A descriptor that was closed and opened again
 * under the same number is found and added anew.
 */
bool loop_watch(struct app *app, struct watch *watch, int fd, uint32_t events);

/* loop_unwatch - take it out; safe when it is not in. Call before closing it. */
void loop_unwatch(struct app *app, struct watch *watch);

/* loop_run - serve until the process has drained. Returns the exit code. */
int loop_run(struct app *app);

#endif
