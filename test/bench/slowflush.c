/*
 * slowflush.c - a disk whose flush takes a fixed time, preloaded before a server.
 *
 * Benches compare ways to wait for the flush of the WAL, which on a real device takes
 * ten times longer in one minute than in the next. Only fdatasync is slowed: that is
 * what wal_sync_method flushes the WAL with on Linux; data files are synced by fsync.
 *
 * environment: MJC_FLUSH_US (1000) the time in microseconds; MJC_FLUSH_REAL=yes does the
 *   real flush after it, for tests of what a crash leaves.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_SECOND 1000000000L

static long flush_us = 1000;
static int (*real_flush)(int fd);

int fdatasync(int fd);

__attribute__((constructor)) static void
read_environment(void)
{
	const char *us = getenv("MJC_FLUSH_US");
	const char *real = getenv("MJC_FLUSH_REAL");

	if (us != NULL)
		flush_us = strtol(us, NULL, 10);
	if (real != NULL && strcmp(real, "yes") == 0)
		*(void **) &real_flush = dlsym(RTLD_NEXT, "fdatasync");
}

/* Until a point in time, so that signals in between do not make it longer. */
int
fdatasync(int fd)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += flush_us / 1000000;
	until.tv_nsec += flush_us % 1000000 * 1000;
	if (until.tv_nsec >= NS_PER_SECOND)
	{
		until.tv_sec++;
		until.tv_nsec -= NS_PER_SECOND;
	}
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
	return real_flush != NULL ? real_flush(fd) : 0;
}
