/*
 * log.h - JSON lines on one file descriptor.
 *
 * A line is built between log_begin and log_end. Every text is escaped, cut to
 * LOG_TEXT_MAX bytes and made valid UTF-8, so that no client can forge a line.
 * Callers never pass bodies, cookies, tokens, phone numbers or query values.
 */
#ifndef MJC_SHIM_LOG_H
#define MJC_SHIM_LOG_H

#include <stdbool.h>

#define LOG_TEXT_MAX 256

enum log_level
{
	LOG_DEBUG,
	LOG_INFO,
	LOG_WARN,
	LOG_ERROR,
	LOG_LEVEL__MAX
};

struct log;

/* log_new - write to fd (borrowed) what is at least min; NULL without memory. */
struct log *log_new(int fd, enum log_level min);

/* log_free - flush, waiting at most a second for a slow reader, and release. */
void log_free(struct log *log);

/* log_level_parse - "info" to LOG_INFO; LOG_LEVEL__MAX when it is no level. */
enum log_level log_level_parse(const char *name);

/*
 * log_begin - start a line with ts, level and event.
 *
 * Returns false when the level is filtered; the following calls then do
 * nothing, so that the result need not be looked at.
 */
bool log_begin(struct log *log, enum log_level level, const char *event);

/* log_always - start a line that no level filters; its level reads info. */
void log_always(struct log *log, const char *event);

/* log_text - add "key":"value"; nothing when value is NULL. */
void log_text(struct log *log, const char *key, const char *value);

/* log_client_text - the same for what a client chose freely: secrets go by their shape. */
void log_client_text(struct log *log, const char *key, const char *value);

/* log_int - add "key":value. */
void log_int(struct log *log, const char *key, long long value);

/* log_ms - add "key":value from microseconds, in milliseconds with two decimals. */
void log_ms(struct log *log, const char *key, long long us);

/* log_end - close the line. It is written by the next log_flush. */
void log_end(struct log *log);

/*
 * log_flush - write what has gathered, as far as the reader takes it.
 *
 * A pipe whose reader is stuck never blocks the loop: lines stay in memory up
 * to a bound, later ones are dropped and counted in the next line that fits.
 */
void log_flush(struct log *log);

#endif
