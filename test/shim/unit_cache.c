/*
 * unit_cache.c - tests of cache.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../shim/cache.h"
#include "tap.h"

#define AGE 1000

static void
put(struct cache *cache, const char *key, const char *body, int64_t asked_ms, int64_t now_ms)
{
	const struct str parts[3] = {{"<", 1}, {body, strlen(body)}, {">", 1}};

	cache_put(cache, key, strlen(key), parts, asked_ms, now_ms);
}

/* The answer in out; "none" when there is none. */
static const char *
get(struct cache *cache, const char *key, int64_t now_ms)
{
	static char out[256];
	struct cache_entry *entry = cache_get(cache, key, strlen(key), now_ms);
	struct str body;

	if (entry == NULL)
		return "none";
	body = cache_body(entry);
	memcpy(out, body.ptr, body.len);
	out[body.len] = '\0';
	cache_drop(entry);
	return out;
}

static void
test_key(void)
{
	const char *const one[] = {"a", NULL, "b"};
	const char *const two[] = {"a", "", "b"};
	const char *const three[] = {"a", NULL, "b", NULL};
	const char *const shifted[] = {"an", "b"};
	char a[CACHE_KEY_MAX], b[CACHE_KEY_MAX], *longest;
	const char *args[1];
	size_t n = cache_key(1, one, 3, a);

	tap_ok(n > 0 && cache_key(1, one, 3, b) == n && memcmp(a, b, n) == 0, "key: the same twice");
	tap_ok(!(cache_key(2, one, 3, b) == n && memcmp(a, b, n) == 0), "key: another route");
	tap_ok(!(cache_key(1, two, 3, b) == n && memcmp(a, b, n) == 0), "key: NULL is not empty");
	tap_ok(!(cache_key(1, three, 4, b) == n && memcmp(a, b, n) == 0), "key: one argument more");
	tap_ok(!(cache_key(1, shifted, 2, b) == n && memcmp(a, b, n) == 0), "key: other borders");
	longest = malloc(CACHE_KEY_MAX + 1);
	memset(longest, 'x', CACHE_KEY_MAX);
	longest[CACHE_KEY_MAX] = '\0';
	args[0] = longest;
	tap_int((int) cache_key(1, args, 1, b), 0, "key: too long");
	longest[CACHE_KEY_MAX - sizeof(int) - 2] = '\0';
	tap_int((int) cache_key(1, args, 1, b), CACHE_KEY_MAX, "key: as long as may be");
	longest[CACHE_KEY_MAX - sizeof(int) - 2] = 'x';
	longest[CACHE_KEY_MAX - sizeof(int) - 1] = '\0';
	tap_int((int) cache_key(1, args, 1, b), 0, "key: one more");
	free(longest);
}

static void
test_age(void)
{
	struct cache *cache = cache_new(1 << 20, AGE);
	struct cache_stats stats;

	tap_text(get(cache, "k", 0), "none", "age: nothing yet");
	put(cache, "k", "one", 100, 150);
	tap_text(get(cache, "k", 150), "<one>", "age: kept, with its envelope");
	tap_text(get(cache, "other", 150), "none", "age: another key");
	tap_text(get(cache, "k", 100 + AGE - 1), "<one>", "age: until its age");
	tap_text(get(cache, "k", 100 + AGE), "none", "age: and no longer, counted from the question");
	tap_text(get(cache, "k", 101), "none", "age: it is gone then");
	put(cache, "k", "late", 0, AGE);
	tap_text(get(cache, "k", AGE), "none", "age: too old when it comes");
	put(cache, "k", "new", 500, 510);
	put(cache, "k", "older", 400, 520);
	tap_text(get(cache, "k", 520), "<new>", "age: an older answer replaces none");
	put(cache, "k", "newer", 505, 530);
	tap_text(get(cache, "k", 530), "<newer>", "age: a newer one does");
	cache_stats(cache, &stats);
	tap_int((int) stats.entries, 1, "age: one entry");
	tap_int((int) stats.hits, 4, "age: hits");
	tap_int((int) stats.misses, 5, "age: misses");
	tap_int((int) stats.evicted, 0, "age: none had to go");
	cache_free(cache);
}

static void
test_room(void)
{
	struct cache *cache = cache_new(64 * 1024, AGE);
	struct cache_stats stats;
	char key[16], *body = malloc(64 * 1024);

	memset(body, 'x', 64 * 1024 - 1);
	body[64 * 1024 - 1] = '\0';
	put(cache, "huge", body, 0, 0);
	tap_text(get(cache, "huge", 0), "none", "room: what is too large is not kept");
	body[2000] = '\0';
	for (int i = 0; i < 100; i++)
	{
		snprintf(key, sizeof(key), "k%d", i);
		put(cache, key, body, i, i);
		cache_drop(cache_get(cache, "k0", 2, i)); /* the one that is always used */
	}
	cache_stats(cache, &stats);
	tap_ok(stats.bytes <= 64 * 1024 && stats.bytes > 32 * 1024, "room: no more bytes than allowed");
	tap_int((int) (stats.entries + stats.evicted), 100, "room: kept or gone");
	tap_ok(cache_get(cache, "k1", 2, 100) == NULL, "room: what was not used for longest is gone");
	cache_drop(cache_get(cache, "k0", 2, 100));
	tap_ok(true, "room: what is used is there");
	cache_free(cache);
	free(body);
}

static void
test_packed(void)
{
	struct cache *cache = cache_new(1 << 20, AGE);
	struct gzip *gzip = gzip_new();
	struct cache_entry *entry;
	struct cache_stats before, after;
	struct str packed;
	char *body = malloc(4001);

	memset(body, 'x', 4000);
	body[4000] = '\0';
	put(cache, "k", body, 0, 0);
	put(cache, "tiny", "y", 0, 0);
	cache_stats(cache, &before);
	entry = cache_get(cache, "k", 1, 0);
	packed = cache_packed(cache, entry, gzip, 0);
	tap_ok(packed.ptr != NULL && packed.len < 100, "packed: smaller");
	tap_ok(cache_packed(cache, entry, gzip, 0).ptr == packed.ptr, "packed: once");
	cache_stats(cache, &after);
	tap_int((int) (after.bytes - before.bytes), (int) packed.len, "packed: counted");
	cache_drop(entry);
	entry = cache_get(cache, "tiny", 4, 0);
	tap_ok(cache_packed(cache, entry, gzip, 0).ptr == NULL, "packed: not what would grow");
	cache_get(cache, "tiny", 4, AGE); /* too old: removed while it is held */
	tap_text(cache_body(entry).ptr == NULL ? "" : "held", "held", "packed: who holds one keeps it");
	tap_ok(memcmp(cache_body(entry).ptr, "<y>", 3) == 0, "packed: unchanged");
	tap_ok(cache_packed(cache, entry, gzip, 0).ptr == NULL, "packed: nor later");
	cache_drop(entry);
	cache_free(cache);
	gzip_free(gzip);
	free(body);
}

/* Bodies that shrink to a half: a cache that is full of them has no room for their packed forms. */
static void
test_packed_room(void)
{
	struct cache *cache = cache_new(64 * 1024, AGE);
	struct gzip *gzip = gzip_new();
	struct cache_stats stats;
	char key[16], body[3001];
	unsigned seed = 1;
	size_t most = 0;

	for (int i = 0; i < 3000; i++)
	{
		seed = seed * 1103515245u + 12345u;
		body[i] = "0123456789abcdef"[seed >> 16 & 15];
	}
	body[3000] = '\0';
	for (int i = 0; i < 20; i++)
	{
		snprintf(key, sizeof(key), "k%d", i);
		put(cache, key, body, 0, 0);
	}
	for (int i = 0; i < 20; i++)
	{
		struct cache_entry *entry;

		snprintf(key, sizeof(key), "k%d", i);
		entry = cache_get(cache, key, strlen(key), 0);
		if (entry == NULL)
			continue;
		cache_packed(cache, entry, gzip, 0);
		cache_stats(cache, &stats);
		most = stats.bytes > most ? stats.bytes : most;
		cache_drop(entry);
	}
	tap_ok(most > 32 * 1024 && most <= 64 * 1024, "packed: no more bytes than allowed");
	cache_free(cache);
	gzip_free(gzip);
}

void
test_cache(void)
{
	test_key();
	test_age();
	test_room();
	test_packed();
	test_packed_room();
}
