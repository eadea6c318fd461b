/*
 * limit.h - how many requests a client may send.
 *
 * One bucket per rate class and client. A client is an account (the text of its
 * uuid), an address (IPv6: its /64), or LIMIT_FRONTEND. The caller passes the
 * time in, from a clock that does not go back. Not thread-safe.
 */
#ifndef MJC_SHIM_LIMIT_H
#define MJC_SHIM_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "routes.h"

#define LIMIT_ENTRIES 65536

/* The frontend's server on its own account: one bucket a class, at the rate of "frontend". */
#define LIMIT_FRONTEND "frontend"

/*
 * The rate of each class, CLASS=COUNT/UNIT[:BURST], UNIT s, min or h; BURST is
 * what may come at once and COUNT unless given. "auth" counts failures alone.
 */
#define LIMIT_DEFAULTS                                                                             \
	"api=1000/min,search=300/min:100,cart=3000/min:500,order=20/h,signup=20/h,track=20/min:10,"    \
	"auth=20/min,admin=100/min,event=1200/min:300,frontend=60000/min:5000,webhook=3000/min:1000"

struct limit;

/* What a client may still do, for the headers of a reply. */
struct limit_state
{
	int limit;	   /* requests at once */
	int remaining; /* of them left now */
	int reset;	   /* seconds until all are there again */
};

/* limit_rates_ok - whether a text is a list like LIMIT_DEFAULTS, of some classes or none. */
bool limit_rates_ok(const char *rates);

/*
 * limit_new - an empty limiter.
 *
 * rates: stand above LIMIT_DEFAULTS; limit_rates_ok must hold. scale: > 0,
 * multiplies every rate and burst. entries: how many buckets are kept before
 * the longest idle one is reused; 0: LIMIT_ENTRIES.
 * Returns NULL without memory. Free with limit_free.
 */
struct limit *limit_new(const char *rates, double scale, size_t entries);

/* limit_free - release a limiter; NULL is fine. */
void limit_free(struct limit *limit);

/*
 * limit_take - count one request.
 *
 * who: account, address or LIMIT_FRONTEND; anything else is one bucket a text.
 * Returns 0, or the seconds (>= 1) after which to try again. RATE_NONE is never
 * refused. RATE_AUTH counts nothing here: it answers as limit_blocked.
 */
int limit_take(struct limit *limit, enum rate_class rate, const char *who, int64_t now_ms);

/* limit_failure - count one failed sign-in of an address. */
void limit_failure(struct limit *limit, const char *who, int64_t now_ms);

/* limit_blocked - 0, or the seconds an address must wait before it may sign in. */
int limit_blocked(struct limit *limit, const char *who, int64_t now_ms);

/* limit_look - what a client may still do, counting nothing; all zero for RATE_NONE. */
struct limit_state limit_look(struct limit *limit, enum rate_class rate, const char *who,
							  int64_t now_ms);

#endif
