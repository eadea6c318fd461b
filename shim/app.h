/*
 * app.h - the one value that holds the state of the process.
 *
 * There is no other mutable state: main makes one struct app and every part is
 * reached through it. All of it belongs to the event loop's thread; only the
 * inside of struct worker is shared with its threads, and that of
 * struct outcall with its own.
 */
#ifndef MJC_SHIM_APP_H
#define MJC_SHIM_APP_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct cache;
struct config;
struct db;
struct deliver;
struct gzip;
struct housekeep;
struct http;
struct id_keys;
struct limit;
struct log;
struct metrics;
struct metrics_http;
struct outcall;
struct pdf;
struct store;
struct sweep;
struct task;
struct uploads;
struct worker;

struct app
{
	const struct config *config;
	struct log *log;
	struct metrics *metrics;
	struct limit *limit;
	struct gzip *gzip;
	struct cache *cache; /* NULL: off */
	struct db *db;
	struct worker *worker;
	struct outcall *outcall;
	struct pdf *pdf;
	struct store *store;  /* NULL: no files are kept */
	struct worker *filer; /* the one thread that waits for the store's disk */
	struct uploads *uploads;
	struct sweep *sweep;
	struct task *task;
	struct deliver *deliver;
	struct id_keys *id_keys;
	struct http *http;
	struct metrics_http *metrics_http;
	struct housekeep *housekeep;
	int epoll_fd;
	int64_t now_ms;	   /* CLOCK_MONOTONIC, taken once for each round of the loop */
	int64_t start_ms;  /* CLOCK_MONOTONIC of the start */
	time_t start_time; /* wall clock of the start, seconds */
	int64_t drain_ms;  /* when draining began, 0 = not draining */
	bool maintenance;  /* the shop is closed for all but staff */
	bool stop;		   /* leave the loop now */
};

#endif
