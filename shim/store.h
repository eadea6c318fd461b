/*
 * store.h - the folder of the shop's files: <folder>/<aa>/<SHA-256 of the content>.<type>.
 *
 * A file comes in whole or not at all: it is written beside, flushed to the disk, and renamed.
 * The name is the content's, so the same content twice is one file, and a file never changes.
 * Everything but store_incoming, store_open_file and store_bytes waits for the disk: it runs
 * on one thread, and a lock in the folder keeps other processes on it apart.
 */
#ifndef MJC_SHIM_STORE_H
#define MJC_SHIM_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "media.h"

#define STORE_HASH 64
#define STORE_NAME (STORE_HASH + 6) /* with ".webp" and the end */

struct store;

/* What became of a file. */
struct stored
{
	char name[STORE_NAME];
	uint64_t bytes;
};

/* Names of files, one after the other. */
struct store_names
{
	char (*name)[STORE_NAME];
	size_t n;
	size_t cap;
};

/* store_folder_ok - whether a folder is there and may be written to. */
bool store_folder_ok(const char *folder);

/* store_new - the store of a folder; NULL without memory, or when it cannot be used. */
struct store *store_new(const char *folder);

/* store_free - forget it; NULL is fine. */
void store_free(struct store *store);

/* store_name_ok - whether a name is one of a stored file; *type is its type then. */
bool store_name_ok(const char *name, enum media_type *type);

/* store_incoming - a new file without a name, gone when it is closed; -1 with errno. */
int store_incoming(const struct store *store);

/* store_open_file - open a stored file for reading; -1 when there is none. */
int store_open_file(const struct store *store, const char *name, off_t *size);

/*
 * store_put - keep what media_walk keeps of data, which it has found to be good.
 *
 * Returns false with errno when it could not be written; then nothing is left of it.
 */
bool store_put(struct store *store, const uint8_t *data, size_t len, struct stored *out);

/*
 * store_scan - count the bytes of all files, drop what an end in the middle has left, and
 * list the files that were not touched for a day; the caller frees names->name.
 */
bool store_scan(struct store *store, struct store_names *names);

/* store_drop - delete those of the files that were not touched for a day; how many. */
size_t store_drop(struct store *store, char (*name)[STORE_NAME], size_t n);

/* store_bytes - the bytes of all files, as last counted. From any thread. */
uint64_t store_bytes(const struct store *store);

#endif
