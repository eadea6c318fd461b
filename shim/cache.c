/*
 * cache.c - answers that everybody may see, kept for a moment.
 *
 * A table of chains, and a list of all entries from the newest used to the one that goes next.
 * Invariants: an entry stands in both or in neither; the table holds one reference of it, each
 * reply that sends it another; bytes is the sum over the entries in the list.
 */
#include "cache.h"

#include <stdlib.h>
#include <string.h>

#define CACHE_SLOTS 4096 /* a power of two */
#define CACHE_SHARE 16	 /* an entry takes at most this part of the whole */

struct cache_entry
{
	struct cache_entry *chain;
	struct cache_entry *newer;
	struct cache_entry *older;
	uint64_t hash;
	int refs;
	int64_t asked_ms;
	size_t key_len;
	size_t body_len;
	size_t packed_len;
	char *packed;
	bool pack_tried;
	bool kept;	  /* in the table and in the list */
	char bytes[]; /* the key, then the body */
};

struct cache
{
	struct cache_entry *slot[CACHE_SLOTS];
	struct cache_entry *newest;
	struct cache_entry *oldest;
	size_t max_bytes;
	int64_t age_ms;
	uint64_t seed;
	struct cache_stats stats;
};

struct cache *
cache_new(size_t max_bytes, int64_t age_ms)
{
	struct cache *cache = calloc(1, sizeof(*cache));

	if (cache == NULL)
		return NULL;
	cache->max_bytes = max_bytes;
	cache->age_ms = age_ms;
	cache->seed = (uint64_t) (uintptr_t) cache * UINT64_C(0x9e3779b97f4a7c15);
	return cache;
}

size_t
cache_key(int route, const char *const *args, int nargs, char *out)
{
	size_t len = sizeof(route);

	memcpy(out, &route, sizeof(route));
	for (int i = 0; i < nargs; i++)
	{
		size_t n = args[i] == NULL ? 0 : strlen(args[i]);

		if (n > CACHE_KEY_MAX - 2 || len + n + 2 > CACHE_KEY_MAX)
			return 0;
		out[len++] = args[i] == NULL ? 'n' : 't';
		if (n > 0)
			memcpy(out + len, args[i], n);
		len += n;
		out[len++] = '\0'; /* no text holds one */
	}
	return len;
}

/* FNV-1a, with a seed that outsiders do not know, and mixed at the end. */
static uint64_t
cache_hash(const struct cache *cache, const char *key, size_t len)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ cache->seed;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char) key[i]) * UINT64_C(0x100000001b3);
	return hash ^ (hash >> 29);
}

static size_t
entry_size(const struct cache_entry *entry)
{
	return sizeof(*entry) + entry->key_len + entry->body_len + entry->packed_len;
}

void
cache_drop(void *cls)
{
	struct cache_entry *entry = cls;

	if (--entry->refs > 0)
		return;
	free(entry->packed);
	free(entry);
}

static void
list_push(struct cache *cache, struct cache_entry *entry)
{
	entry->newer = NULL;
	entry->older = cache->newest;
	if (cache->newest != NULL)
		cache->newest->newer = entry;
	else
		cache->oldest = entry;
	cache->newest = entry;
}

static void
list_pull(struct cache *cache, struct cache_entry *entry)
{
	if (entry->newer != NULL)
		entry->newer->older = entry->older;
	else
		cache->newest = entry->older;
	if (entry->older != NULL)
		entry->older->newer = entry->newer;
	else
		cache->oldest = entry->newer;
}

static void
cache_remove(struct cache *cache, struct cache_entry *entry)
{
	struct cache_entry **at = &cache->slot[entry->hash & (CACHE_SLOTS - 1)];

	while (*at != entry)
		at = &(*at)->chain;
	*at = entry->chain;
	entry->kept = false;
	list_pull(cache, entry);
	cache->stats.bytes -= entry_size(entry);
	cache->stats.entries--;
	cache_drop(entry);
}

void
cache_free(struct cache *cache)
{
	if (cache == NULL)
		return;
	while (cache->oldest != NULL)
		cache_remove(cache, cache->oldest);
	free(cache);
}

static struct cache_entry *
cache_find(const struct cache *cache, const char *key, size_t key_len, uint64_t hash)
{
	struct cache_entry *entry = cache->slot[hash & (CACHE_SLOTS - 1)];

	while (entry != NULL && !(entry->hash == hash && entry->key_len == key_len &&
							  memcmp(entry->bytes, key, key_len) == 0))
		entry = entry->chain;
	return entry;
}

static bool
entry_young(const struct cache *cache, const struct cache_entry *entry, int64_t now_ms)
{
	return now_ms - entry->asked_ms < cache->age_ms;
}

struct cache_entry *
cache_get(struct cache *cache, const char *key, size_t key_len, int64_t now_ms)
{
	struct cache_entry *entry = cache_find(cache, key, key_len, cache_hash(cache, key, key_len));

	if (entry != NULL && !entry_young(cache, entry, now_ms))
	{
		cache_remove(cache, entry);
		entry = NULL;
	}
	if (entry == NULL)
	{
		cache->stats.misses++;
		return NULL;
	}
	cache->stats.hits++;
	list_pull(cache, entry);
	list_push(cache, entry);
	entry->refs++;
	return entry;
}

/* Old ones first, then those that were not used for longest. */
static void
cache_make_room(struct cache *cache, size_t bytes, int64_t now_ms)
{
	while (cache->oldest != NULL && cache->stats.bytes + bytes > cache->max_bytes)
	{
		if (entry_young(cache, cache->oldest, now_ms))
			cache->stats.evicted++;
		cache_remove(cache, cache->oldest);
	}
}

static struct cache_entry *
entry_new(const char *key, size_t key_len, const struct str parts[3])
{
	size_t body_len = parts[0].len + parts[1].len + parts[2].len;
	struct cache_entry *entry = malloc(sizeof(*entry) + key_len + body_len);
	char *at;

	if (entry == NULL)
		return NULL;
	memset(entry, 0, sizeof(*entry));
	entry->refs = 1;
	entry->key_len = key_len;
	entry->body_len = body_len;
	memcpy(entry->bytes, key, key_len);
	at = entry->bytes + key_len;
	for (int i = 0; i < 3; i++)
	{
		if (parts[i].len > 0)
			memcpy(at, parts[i].ptr, parts[i].len);
		at += parts[i].len;
	}
	return entry;
}

void
cache_put(struct cache *cache, const char *key, size_t key_len, const struct str parts[3],
		  int64_t asked_ms, int64_t now_ms)
{
	uint64_t hash = cache_hash(cache, key, key_len);
	struct cache_entry *old = cache_find(cache, key, key_len, hash);
	size_t size = sizeof(struct cache_entry) + key_len + parts[0].len + parts[1].len + parts[2].len;
	struct cache_entry *entry;

	if (size > cache->max_bytes / CACHE_SHARE || now_ms - asked_ms >= cache->age_ms ||
		(old != NULL && old->asked_ms >= asked_ms))
		return;
	if (old != NULL)
		cache_remove(cache, old);
	cache_make_room(cache, size, now_ms);
	entry = entry_new(key, key_len, parts);
	if (entry == NULL)
		return;
	entry->hash = hash;
	entry->asked_ms = asked_ms;
	entry->kept = true;
	entry->chain = cache->slot[hash & (CACHE_SLOTS - 1)];
	cache->slot[hash & (CACHE_SLOTS - 1)] = entry;
	list_push(cache, entry);
	cache->stats.bytes += entry_size(entry);
	cache->stats.entries++;
}

struct str
cache_body(struct cache_entry *entry)
{
	return (struct str){entry->bytes + entry->key_len, entry->body_len};
}

/* Packed bytes are counted, and make room, when the entry is still kept: it may have gone. */
struct str
cache_packed(struct cache *cache, struct cache_entry *entry, struct gzip *gzip, int64_t now_ms)
{
	struct str body = cache_body(entry);

	if (!entry->pack_tried)
	{
		entry->pack_tried = true;
		entry->packed = gzip_pack(gzip, &body, 1, &entry->packed_len);
		if (entry->packed == NULL)
			entry->packed_len = 0;
		if (entry->kept)
		{
			cache->stats.bytes += entry->packed_len;
			cache_make_room(cache, 0, now_ms);
		}
	}
	return (struct str){entry->packed, entry->packed_len};
}

void
cache_stats(const struct cache *cache, struct cache_stats *out)
{
	*out = cache->stats;
}
