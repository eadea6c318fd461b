/*
 * cache.h - answers that everybody may see, kept for a moment.
 *
 * Bounded in bytes and in age: an answer is as old as the moment before its question was put to
 * the database, and no older than the configured time when it is given away. Nothing that
 * decides anything is taken from here: orders, carts and staff ask the database.
 */
#ifndef MJC_SHIM_CACHE_H
#define MJC_SHIM_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gzip.h"
#include "request.h"

#define CACHE_KEY_MAX 1024

struct cache;
struct cache_entry;

/* What the metrics show. */
struct cache_stats
{
	size_t entries;
	size_t bytes;
	uint64_t hits;
	uint64_t misses;
	uint64_t evicted; /* made room for others; not those that grew too old */
};

/* cache_new - at most so many bytes, none older than age_ms; NULL without memory. */
struct cache *cache_new(size_t max_bytes, int64_t age_ms);

/* cache_free - NULL is fine. Entries that are being sent live on until cache_drop. */
void cache_free(struct cache *cache);

/*
 * cache_key - the key of a question: the route and its arguments, NULL told from empty.
 *
 * out: CACHE_KEY_MAX bytes. Returns its length; 0 when it is too long to be kept.
 */
size_t cache_key(int route, const char *const *args, int nargs, char *out);

/*
 * cache_get - the answer to a question, held until cache_drop; NULL when there is none that is
 * young enough.
 */
struct cache_entry *cache_get(struct cache *cache, const char *key, size_t key_len, int64_t now_ms);

/*
 * cache_put - keep the answer to a question that was put at asked_ms; head and tail are the
 * envelope around body, all three are copied.
 *
 * What is too large, or too old already, is not kept.
 */
void cache_put(struct cache *cache, const char *key, size_t key_len, const struct str parts[3],
			   int64_t asked_ms, int64_t now_ms);

/* cache_body - the whole answer, envelope and all; it lives as long as the entry is held. */
struct str cache_body(struct cache_entry *entry);

/* cache_packed - the same as gzip, made at the first call; ptr is NULL when that is not smaller. */
struct str cache_packed(struct cache *cache, struct cache_entry *entry, struct gzip *gzip,
						int64_t now_ms);

/* cache_drop - give an entry back; a free function for replies. */
void cache_drop(void *entry);

/* cache_stats - figures for the metrics. */
void cache_stats(const struct cache *cache, struct cache_stats *out);

#endif
