/*
 * limit.c - token buckets by rate class and client.
 *
 * A bucket is one number, the time at which it will be full again (the
 * "theoretical arrival time" of GCRA): a request moves it on by one interval,
 * and is refused when it lies more than a burst ahead of now. So a bucket needs
 * no refill work and an idle one is simply a time in the past.
 *
 * Invariants: memory is fixed at limit_new; every used entry hangs in exactly
 * one hash chain and in the list of use, newest first; when all entries are
 * used the longest idle one is taken over. The hash starts from a random
 * seed, so that nobody can tell beforehand which clients share a chain.
 */
#include <arpa/inet.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "limit.h"
#include "text.h"

#define KEY_BYTES 18
#define NONE UINT32_MAX
#define COUNT_MAX 1000000

/* What the second byte of a key says of the bytes behind it. */
enum key_kind
{
	KEY_TEXT = 1, /* hash of a text */
	KEY_ACCOUNT,  /* uuid */
	KEY_IPV4 = 4,
	KEY_IPV6 = 6 /* the /64 */
};

struct bucket
{
	unsigned char key[KEY_BYTES]; /* class, kind, then what the kind says */
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
	int burst;
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

/* What an entry of the list says, in requests and microseconds. */
struct spec
{
	enum rate_class class;
	double count;
	double burst;
	double unit_us;
};

/* Digits up to the delimiter or the end as a number from 1 to COUNT_MAX; NULL when it is none. */
static const char *
spec_number(const char *s, const char *end, double *out)
{
	long n = 0;

	if (s == end)
		return NULL;
	for (; s < end && *s >= '0' && *s <= '9'; s++)
	{
		n = n * 10 + (*s - '0');
		if (n > COUNT_MAX)
			return NULL;
	}
	*out = (double) n;
	return n > 0 ? s : NULL;
}

static bool
spec_class(const char *name, size_t len, enum rate_class *out)
{
	for (int i = 0; i < RATE__MAX; i++)
	{
		const char *known = routes_rate_name((enum rate_class) i);

		*out = (enum rate_class) i;
		if (strlen(known) == len && memcmp(known, name, len) == 0)
			return *out != RATE_NONE;
	}
	return false;
}

/* The unit at s; NULL when it is none, else what follows it. */
static const char *
spec_unit(const char *s, const char *end, double *unit_us)
{
	static const struct
	{
		const char *name;
		double us;
	} units[] = {{"s", 1e6}, {"min", 60e6}, {"h", 3600e6}};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
	{
		size_t len = strlen(units[i].name);

		if ((size_t) (end - s) < len || memcmp(s, units[i].name, len) != 0)
			continue;
		*unit_us = units[i].us;
		return s + len;
	}
	return NULL;
}

static bool
spec_parse(struct str item, struct spec *out)
{
	const char *end = item.ptr + item.len;
	const char *s = memchr(item.ptr, '=', item.len);

	if (s == NULL || !spec_class(item.ptr, (size_t) (s - item.ptr), &out->class))
		return false;
	s = spec_number(s + 1, end, &out->count);
	if (s == NULL || s == end || *s != '/')
		return false;
	s = spec_unit(s + 1, end, &out->unit_us);
	out->burst = out->count;
	if (s != NULL && s < end && *s == ':')
		s = spec_number(s + 1, end, &out->burst);
	return s == end;
}

static struct rate
spec_rate(const struct spec *spec, double scale)
{
	struct rate rate;
	double interval = spec->unit_us / (spec->count * scale);
	double burst = spec->burst * scale;

	if (burst < 1)
		burst = 1;
	if (interval > 1e15)
		interval = 1e15;
	rate.ahead = (int64_t) (interval * (burst - 1));
	rate.interval = interval < 1 ? 1 : (int64_t) interval;
	rate.burst = burst > INT_MAX ? INT_MAX : (int) burst;
	return rate;
}

/* Take a list over; false at the first entry that is none. limit NULL: look only. */
static bool
rates_set(struct limit *limit, const char *rates, double scale)
{
	struct spec spec;
	struct str item;

	while (text_list_next(&rates, &item))
	{
		if (item.len == 0)
			continue;
		if (!spec_parse(item, &spec))
			return false;
		if (limit != NULL)
			limit->rate[spec.class] = spec_rate(&spec, scale);
	}
	return true;
}

bool
limit_rates_ok(const char *rates)
{
	return rates_set(NULL, rates, 1);
}

/* The rate that holds for a client in a class. */
static const struct rate *
rate_of(const struct limit *limit, enum rate_class class, const char *who)
{
	return &limit->rate[strcmp(who, LIMIT_FRONTEND) == 0 ? RATE_FRONTEND : class];
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

static bool
key_account(const char *who, unsigned char out[16])
{
	char uuid[TEXT_UUID_SIZE];
	int n = 0;

	if (!text_uuid_parse(who, strlen(who), uuid))
		return false;
	memset(out, 0, 16);
	for (const char *s = uuid; *s != '\0'; s++)
	{
		if (*s == '-')
			continue;
		out[n / 2] = (unsigned char) (out[n / 2] << 4 | (*s <= '9' ? *s - '0' : *s - 'a' + 10));
		n++;
	}
	return true;
}

/*
 * The key of a client: an account, IPv4 whole, IPv6 by /64, an IPv4-mapped one
 * as IPv4; any other text by its hash. Each kind is marked apart.
 */
static void
make_key(const struct limit *limit, enum rate_class class, const char *who,
		 unsigned char key[KEY_BYTES])
{
	static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
	unsigned char raw[16];
	uint64_t hash;

	memset(key, 0, KEY_BYTES);
	key[0] = (unsigned char) class;
	if (inet_pton(AF_INET, who, raw) == 1)
	{
		key[1] = KEY_IPV4;
		memcpy(key + 2, raw, 4);
	}
	else if (inet_pton(AF_INET6, who, raw) == 1)
	{
		bool v4 = memcmp(raw, mapped, sizeof(mapped)) == 0;

		key[1] = v4 ? KEY_IPV4 : KEY_IPV6;
		memcpy(key + 2, v4 ? raw + 12 : raw, v4 ? 4 : 8);
	}
	else if (key_account(who, key + 2))
		key[1] = KEY_ACCOUNT;
	else
	{
		key[1] = KEY_TEXT;
		hash = hash_bytes(limit->seed, who, strlen(who));
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
limit_take(struct limit *limit, enum rate_class rate, const char *who, int64_t now_ms)
{
	const struct rate *allowed = rate_of(limit, rate, who);
	unsigned char key[KEY_BYTES];
	int64_t now_us = now_ms * 1000;
	struct bucket *b;
	int wait;

	if (rate == RATE_NONE)
		return 0;
	if (rate == RATE_AUTH)
		return limit_blocked(limit, who, now_ms);
	make_key(limit, rate, who, key);
	b = bucket_get(limit, key, now_us);
	wait = wait_seconds(allowed, b, now_us);
	if (wait > 0)
		return wait;
	if (b->full_us < now_us)
		b->full_us = now_us;
	b->full_us += allowed->interval;
	return 0;
}

void
limit_failure(struct limit *limit, const char *who, int64_t now_ms)
{
	const struct rate *rate = rate_of(limit, RATE_AUTH, who);
	unsigned char key[KEY_BYTES];
	int64_t now_us = now_ms * 1000;
	struct bucket *b;

	make_key(limit, RATE_AUTH, who, key);
	b = bucket_get(limit, key, now_us);
	if (b->full_us < now_us)
		b->full_us = now_us;
	/* Failures that were under way together do not lengthen the wait without end. */
	if (b->full_us <= now_us + rate->ahead)
		b->full_us += rate->interval;
}

int
limit_blocked(struct limit *limit, const char *who, int64_t now_ms)
{
	unsigned char key[KEY_BYTES];

	make_key(limit, RATE_AUTH, who, key);
	return wait_seconds(rate_of(limit, RATE_AUTH, who), bucket_find(limit, key), now_ms * 1000);
}

struct limit_state
limit_look(struct limit *limit, enum rate_class rate, const char *who, int64_t now_ms)
{
	const struct rate *allowed = rate_of(limit, rate, who);
	unsigned char key[KEY_BYTES];
	const struct bucket *b;
	int64_t used;
	struct limit_state state = {0};

	if (rate == RATE_NONE)
		return state;
	make_key(limit, rate, who, key);
	b = bucket_find(limit, key);
	used = b == NULL ? 0 : b->full_us - now_ms * 1000;
	if (used < 0)
		used = 0;
	state.limit = allowed->burst;
	if (used <= allowed->ahead)
	{
		int64_t left = (allowed->ahead - used) / allowed->interval + 1;

		state.remaining = left > state.limit ? state.limit : (int) left;
	}
	used = (used + 999999) / 1000000;
	state.reset = used > INT_MAX ? INT_MAX : (int) used;
	return state;
}

struct limit *
limit_new(const char *rates, double scale, size_t entries)
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
	(void) rates_set(limit, LIMIT_DEFAULTS, scale);
	(void) rates_set(limit, rates, scale);
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
