/*
 * limit.c - token buckets by rate class and client address.
 *
 * A bucket is one number, the time at which it will be full again (the
 * "theoretical arrival time" of GCRA): a request moves it on by one interval,
 * and is refused when it lies more than a burst ahead of now. So a bucket needs
 * no refill work and an idle one is simply a time in the past.
 *
 * Invariants: memory is fixed at limit_new; every used entry hangs in exactly
 * one hash chain and in the list of use, newest first; when all entries are
 * used the longest idle one is taken over. The hash starts from a random
 * seed, so that nobody can tell beforehand which addresses share a chain.
 */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "limit.h"

#define KEY_BYTES 17
#define NONE UINT32_MAX
#define MINUTE_US 60000000.0

struct bucket
{
	unsigned char key[KEY_BYTES]; /* class, then the address or its prefix */
	uint32_t next_in_chain;
	uint32_t newer;
	uint32_t older;
	int64_t full_us; /* when the bucket is full again */
};

/* What a class allows, in microseconds. */
struct rate
{
	int64_t interval; /* one more every */
	int64_t ahead;	  /* how far full_us may lie ahead before a request is refused */
};

struct limit
{
	struct rate rate[RATE__MAX];
	uint64_t seed;
	uint32_t mask; /* chains - 1 */
	uint32_t entries;
	uint32_t used;
	uint32_t newest;
	uint32_t oldest;
	uint32_t *chain;
	struct bucket *bucket;
};

/* ---- Rates ---- */

/* Requests a minute and burst of each class; RATE_AUTH counts failures. */
static const struct
{
	double per_minute;
	double burst;
} rate_table[RATE__MAX] = {
	[RATE_READ] = {1200, 200},	[RATE_SEARCH] = {600, 100},	   [RATE_ORDER] = {30, 15},
	[RATE_TRACK] = {30, 15},	[RATE_AUTH] = {10.0 / 15, 10}, [RATE_STAFF] = {1200, 300},
	[RATE_CART] = {6000, 1000},
};

static struct rate
rate_scaled(enum rate_class class, double scale)
{
	struct rate rate = {0, 0};
	double interval, burst;

	if (rate_table[class].per_minute <= 0)
		return rate;
	interval = MINUTE_US / (rate_table[class].per_minute * scale);
	burst = rate_table[class].burst * scale;
	if (burst < 1)
		burst = 1;
	if (interval > 1e15)
		interval = 1e15;
	rate.interval = (int64_t) interval;
	rate.ahead = (int64_t) (interval * (burst - 1));
	return rate;
}

/* ---- Keys ---- */

/* FNV-1a; the seed makes chains unpredictable. */
static uint64_t
hash_bytes(uint64_t seed, const void *data, size_t len)
{
	const unsigned char *bytes = data;
	uint64_t hash = seed ^ 0xCBF29CE484222325u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * 0x100000001B3u;
	return hash ^ hash >> 32;
}

/*
 * The key of an address: IPv4 whole, IPv6 by /64, an IPv4-mapped one as IPv4;
 * any other text by its hash, marked apart so that it meets no address.
 */
static void
make_key(const struct limit *limit, enum rate_class class, const char *addr,
		 unsigned char key[KEY_BYTES])
{
	static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
	unsigned char raw[16];
	uint64_t hash;

	memset(key, 0, KEY_BYTES);
	key[0] = (unsigned char) class;
	if (inet_pton(AF_INET, addr, raw) == 1)
	{
		key[1] = 4;
		memcpy(key + 2, raw, 4);
	}
	else if (inet_pton(AF_INET6, addr, raw) == 1)
	{
		bool v4 = memcmp(raw, mapped, sizeof(mapped)) == 0;

		key[1] = v4 ? 4 : 6;
		memcpy(key + 2, v4 ? raw + 12 : raw, v4 ? 4 : 8);
	}
	else
	{
		key[1] = 1;
		hash = hash_bytes(limit->seed, addr, strlen(addr));
		memcpy(key + 2, &hash, sizeof(hash));
	}
}

/* ---- Storage ---- */

static uint32_t *
chain_of(const struct limit *limit, const unsigned char *key)
{
	return &limit->chain[hash_bytes(limit->seed, key, KEY_BYTES) & limit->mask];
}

static void
use_unlink(struct limit *limit, uint32_t at)
{
	struct bucket *b = &limit->bucket[at];

	if (b->newer != NONE)
		limit->bucket[b->newer].older = b->older;
	else
		limit->newest = b->older;
	if (b->older != NONE)
		limit->bucket[b->older].newer = b->newer;
	else
		limit->oldest = b->newer;
}

static void
use_push(struct limit *limit, uint32_t at)
{
	struct bucket *b = &limit->bucket[at];

	b->newer = NONE;
	b->older = limit->newest;
	if (limit->newest != NONE)
		limit->bucket[limit->newest].newer = at;
	else
		limit->oldest = at;
	limit->newest = at;
}

static void
chain_unlink(struct limit *limit, uint32_t at)
{
	uint32_t *link = chain_of(limit, limit->bucket[at].key);

	while (*link != at)
		link = &limit->bucket[*link].next_in_chain;
	*link = limit->bucket[at].next_in_chain;
}

/* An entry for a new key: an unused one, else the longest idle. */
static uint32_t
entry_take(struct limit *limit)
{
	uint32_t at;

	if (limit->used < limit->entries)
		return limit->used++;
	at = limit->oldest;
	use_unlink(limit, at);
	chain_unlink(limit, at);
	return at;
}

static struct bucket *
bucket_find(struct limit *limit, const unsigned char *key)
{
	uint32_t at = *chain_of(limit, key);

	while (at != NONE && memcmp(limit->bucket[at].key, key, KEY_BYTES) != 0)
		at = limit->bucket[at].next_in_chain;
	return at == NONE ? NULL : &limit->bucket[at];
}

/* The bucket of a key, made when there is none, now the newest in use. */
static struct bucket *
bucket_get(struct limit *limit, const unsigned char *key, int64_t now_us)
{
	struct bucket *b = bucket_find(limit, key);
	uint32_t *link;
	uint32_t at;

	if (b != NULL)
	{
		at = (uint32_t) (b - limit->bucket);
		use_unlink(limit, at);
		use_push(limit, at);
		return b;
	}
	at = entry_take(limit);
	b = &limit->bucket[at];
	memcpy(b->key, key, KEY_BYTES);
	b->full_us = now_us;
	link = chain_of(limit, key);
	b->next_in_chain = *link;
	*link = at;
	use_push(limit, at);
	return b;
}

/* ---- Entry points ---- */

/* Seconds, rounded up, until a bucket lets one more through; 0: now. */
static int
wait_seconds(const struct rate *rate, const struct bucket *b, int64_t now_us)
{
	int64_t over = b == NULL ? 0 : b->full_us - now_us - rate->ahead;

	if (over <= 0)
		return 0;
	over = (over + 999999) / 1000000;
	return over > 86400 ? 86400 : (int) over;
}

int
limit_take(struct limit *limit, enum rate_class rate, const char *addr, int64_t now_ms)
{
	unsigned char key[KEY_BYTES];
	int64_t now_us = now_ms * 1000;
	struct bucket *b;
	int wait;

	if (rate == RATE_NONE)
		return 0;
	if (rate == RATE_AUTH)
		return limit_blocked(limit, addr, now_ms);
	make_key(limit, rate, addr, key);
	b = bucket_get(limit, key, now_us);
	wait = wait_seconds(&limit->rate[rate], b, now_us);
	if (wait > 0)
		return wait;
	if (b->full_us < now_us)
		b->full_us = now_us;
	b->full_us += limit->rate[rate].interval;
	return 0;
}

void
limit_failure(struct limit *limit, const char *addr, int64_t now_ms)
{
	const struct rate *rate = &limit->rate[RATE_AUTH];
	unsigned char key[KEY_BYTES];
	int64_t now_us = now_ms * 1000;
	struct bucket *b;

	make_key(limit, RATE_AUTH, addr, key);
	b = bucket_get(limit, key, now_us);
	if (b->full_us < now_us)
		b->full_us = now_us;
	/* Failures that were under way together do not lengthen the wait without end. */
	if (b->full_us <= now_us + rate->ahead)
		b->full_us += rate->interval;
}

int
limit_blocked(struct limit *limit, const char *addr, int64_t now_ms)
{
	unsigned char key[KEY_BYTES];

	make_key(limit, RATE_AUTH, addr, key);
	return wait_seconds(&limit->rate[RATE_AUTH], bucket_find(limit, key), now_ms * 1000);
}

struct limit *
limit_new(double scale, size_t entries)
{
	struct limit *limit = calloc(1, sizeof(*limit));
	uint32_t chains = 1;

	if (limit == NULL)
		return NULL;
	limit->entries = entries == 0 || entries > LIMIT_ENTRIES ? LIMIT_ENTRIES : (uint32_t) entries;
	while (chains < limit->entries)
		chains *= 2;
	limit->mask = chains - 1;
	limit->newest = NONE;
	limit->oldest = NONE;
	/* Without randomness the seed stays 0: worse spread, same answers. */
	if (getrandom(&limit->seed, sizeof(limit->seed), 0) < 0)
		limit->seed = 0;
	for (int i = 0; i < RATE__MAX; i++)
		limit->rate[i] = rate_scaled((enum rate_class) i, scale);
	limit->chain = malloc(chains * sizeof(*limit->chain));
	limit->bucket = calloc(limit->entries, sizeof(*limit->bucket));
	if (limit->chain == NULL || limit->bucket == NULL)
	{
		limit_free(limit);
		return NULL;
	}
	for (uint32_t i = 0; i < chains; i++)
		limit->chain[i] = NONE;
	return limit;
}

void
limit_free(struct limit *limit)
{
	if (limit == NULL)
		return;
	free(limit->chain);
	free(limit->bucket);
	free(limit);
}
