/*
 * metrics_http.h - the private listener that shows the metrics.
 */
#ifndef MJC_SHIM_METRICS_HTTP_H
#define MJC_SHIM_METRICS_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct app;
struct metrics_http;

/* metrics_http_new - listen as config says; NULL with one line in error. */
struct metrics_http *metrics_http_new(struct app *app, char *error, size_t error_size);

/* metrics_http_free - stop; NULL is fine. */
void metrics_http_free(struct metrics_http *http);

/* metrics_http_run - let the listener work until it has nothing ready. */
void metrics_http_run(struct metrics_http *http);

/* metrics_http_pending - whether it has work although no socket is ready. */
bool metrics_http_pending(const struct metrics_http *http);

/* metrics_http_wait_ms - as http_wait_ms. */
int64_t metrics_http_wait_ms(const struct metrics_http *http, int64_t limit);

#endif
