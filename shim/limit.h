/*
 * limit.h - how many requests an address may send.
 *
 * One bucket per rate class and client address (IPv6: per /64). The caller
 * passes the time in, from a clock that does not go back. Not thread-safe.
 */
#ifndef MJC_SHIM_LIMIT_H
#define MJC_SHIM_LIMIT_H

#include <stddef.h>
#include <stdint.h>

#include "routes.h"

#define LIMIT_ENTRIES 65536

struct limit;

/*
 * limit_new - an empty limiter.
 *
 * scale: > 0, multiplies every rate and burst. entries: how many buckets are
 * kept before the longest idle one is reused; 0: LIMIT_ENTRIES.
 * Returns NULL without memory. Free with limit_free.
 */
struct limit *limit_new(double scale, size_t entries);

/* limit_free - release a limiter; NULL is fine. */
void limit_free(struct limit *limit);

/*
 * limit_take - count one request.
 *
 * addr: address in text form; anything else is one bucket a text.
 * Returns 0, or the seconds (>= 1) after which to try again. RATE_NONE is never
 * refused. RATE_AUTH counts nothing here: it answers as limit_blocked.
 */
int limit_take(struct limit *limit, enum rate_class rate, const char *addr, int64_t now_ms);

/* limit_failure - count one failed sign-in of an address. */
void limit_failure(struct limit *limit, const char *addr, int64_t now_ms);

/* limit_blocked - 0, or the seconds an address must wait before it may sign in. */
int limit_blocked(struct limit *limit, const char *addr, int64_t now_ms);

#endif
