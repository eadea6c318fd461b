/*
 * store.c - the folder of the shop's files.
 *
 * Invariants: under its name a file is whole and on the disk, and so is the name; what is not
 * finished lies in "tmp" or has no name at all. A file that is put again is renamed over the
 * old one, so its time is that of the last put: a sweep that has asked the database before
 * looks at the time once more, under the lock, and leaves it.
 */
#include "store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "text.h"

#define STORE_TMP "tmp"
#define STORE_LOCK "lock"
#define STORE_TMP_AGE_S 3600 /* no upload takes so long */
#define STORE_AGE_S 86400
#define STORE_NAMES_MAX 1000000
#define STORE_FOLDERS 256

static const char hex_digits[] = "0123456789abcdef";

struct store
{
	int dir;
	int lock;
	_Atomic uint64_t bytes;
};

/* ---- Names ---- */

bool
store_name_ok(const char *name, enum media_type *type)
{
	if (strspn(name, hex_digits) != STORE_HASH || name[STORE_HASH] != '.')
		return false;
	for (int i = 0; i < MEDIA__MAX; i++)
	{
		*type = (enum media_type) i;
		if (strcmp(name + STORE_HASH + 1, media_extension(*type)) == 0)
			return true;
	}
	return false;
}

/* Where a name lies, from the folder. */
static void
store_path(const char *name, char path[STORE_NAME + 3])
{
	snprintf(path, STORE_NAME + 3, "%.2s/%s", name, name);
}

/* ---- The folder ---- */

static bool
store_make_folder(int dir, const char *name)
{
	if (mkdirat(dir, name, 0755) != 0)
		return errno == EEXIST;
	/* Whatever the umask: the front server reads the files, too. */
	return fchmodat(dir, name, 0755, 0) == 0 && fsync(dir) == 0;
}

bool
store_folder_ok(const char *folder)
{
	struct stat st;

	return *folder == '/' && stat(folder, &st) == 0 && S_ISDIR(st.st_mode) &&
		   access(folder, R_OK | W_OK | X_OK) == 0;
}

struct store *
store_new(const char *folder)
{
	struct store *store = calloc(1, sizeof(*store));

	if (store == NULL)
		return NULL;
	store->lock = -1;
	store->dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store->dir >= 0 && store_make_folder(store->dir, STORE_TMP))
		store->lock =
			openat(store->dir, STORE_LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (store->lock >= 0)
		return store;
	store_free(store);
	return NULL;
}

void
store_free(struct store *store)
{
	if (store == NULL)
		return;
	if (store->dir >= 0)
		close(store->dir);
	if (store->lock >= 0)
		close(store->lock);
	free(store);
}

uint64_t
store_bytes(const struct store *store)
{
	return atomic_load(&store->bytes);
}

static void
store_lock(const struct store *store, int how)
{
	while (flock(store->lock, how) != 0 && errno == EINTR)
		;
}

/* A new file in tmp with a name of its own; -1 with errno. */
static int
store_temporary(const struct store *store, char *name, size_t size)
{
	int fd = -1;

	for (int i = 0; i < 3 && fd < 0; i++)
	{
		char id[37];

		if (!text_uuid_v4(id))
			return -1;
		snprintf(name, size, STORE_TMP "/%s", id);
		fd = openat(store->dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	}
	return fd;
}

int
store_incoming(const struct store *store)
{
	char name[64];
	int fd = store_temporary(store, name, sizeof(name));

	if (fd >= 0)
		(void) unlinkat(store->dir, name, 0);
	return fd;
}

int
store_open_file(const struct store *store, const char *name, off_t *size)
{
	char path[STORE_NAME + 3];
	struct stat st;
	int fd;

	store_path(name, path);
	fd = openat(store->dir, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
	{
		*size = st.st_size;
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

/* ---- Putting a file ---- */

/* What is kept of a file, on its way: written and hashed. */
struct store_writer
{
	int fd;
	EVP_MD_CTX *hash;
	uint64_t bytes;
	int error;
};

static bool
store_write(void *cls, const void *data, size_t len)
{
	struct store_writer *writer = cls;
	const char *at = data;

	if (EVP_DigestUpdate(writer->hash, data, len) != 1)
		return false;
	writer->bytes += len;
	while (len > 0)
	{
		ssize_t n = write(writer->fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
		{
			writer->error = n < 0 ? errno : EIO;
			return false;
		}
		at += n;
		len -= (size_t) n;
	}
	return true;
}

/* Write what is kept into the writer's file, and tell its name. */
static bool
store_fill(struct store_writer *writer, const uint8_t *data, size_t len, struct stored *out)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	char hex[2 * EVP_MAX_MD_SIZE + 1];
	struct media media;
	unsigned size = 0;

	writer->error = ENOMEM;
	if (writer->hash == NULL || EVP_DigestInit_ex(writer->hash, EVP_sha256(), NULL) != 1)
		return false;
	writer->error = EINVAL;
	if (media_walk(data, len, &media, store_write, writer) != MEDIA_OK ||
		EVP_DigestFinal_ex(writer->hash, digest, &size) != 1 || size != STORE_HASH / 2)
		return false;
	text_hex(digest, size, hex);
	snprintf(out->name, sizeof(out->name), "%.*s.%s", STORE_HASH, hex, media_extension(media.type));
	out->bytes = writer->bytes;
	if (fchmod(writer->fd, 0644) == 0 && fsync(writer->fd) == 0)
		return true;
	writer->error = errno;
	return false;
}

static bool
store_flush(const struct store *store, const char *folder)
{
	int fd = openat(store->dir, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;
	int error = errno;

	if (fd >= 0)
		close(fd);
	errno = error;
	return ok;
}

/* Give a written file its name. */
static bool
store_name(struct store *store, const char *temporary, const struct stored *out)
{
	char path[STORE_NAME + 3], folder[3];
	struct stat st;
	bool ok, was;

	store_path(out->name, path);
	snprintf(folder, sizeof(folder), "%.2s", out->name);
	store_lock(store, LOCK_EX);
	was = fstatat(store->dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
	ok = store_make_folder(store->dir, folder) &&
		 renameat(store->dir, temporary, store->dir, path) == 0 && store_flush(store, folder);
	if (ok)
		atomic_fetch_add(&store->bytes, was ? 0 : out->bytes);
	store_lock(store, LOCK_UN);
	return ok;
}

bool
store_put(struct store *store, const uint8_t *data, size_t len, struct stored *out)
{
	struct store_writer writer = {.hash = EVP_MD_CTX_new()};
	char temporary[64];
	bool ok;
	int error;

	writer.fd = store_temporary(store, temporary, sizeof(temporary));
	if (writer.fd < 0)
	{
		error = errno;
		EVP_MD_CTX_free(writer.hash);
		errno = error;
		return false;
	}
	ok = store_fill(&writer, data, len, out);
	error = writer.error;
	if (ok)
	{
		ok = store_name(store, temporary, out);
		error = errno;
	}
	if (!ok)
		(void) unlinkat(store->dir, temporary, 0);
	close(writer.fd);
	EVP_MD_CTX_free(writer.hash);
	errno = error;
	return ok;
}

/* ---- Sweeping ---- */

static bool
store_is_old(const struct stat *st, time_t seconds)
{
	return time(NULL) - st->st_mtime > seconds;
}

static bool
names_add(struct store_names *names, const char *name)
{
	if (names->n == names->cap)
	{
		size_t cap = names->cap == 0 ? 256 : 2 * names->cap;
		void *bigger = cap > STORE_NAMES_MAX ? NULL : realloc(names->name, cap * STORE_NAME);

		if (bigger == NULL)
			return false;
		names->name = bigger;
		names->cap = cap;
	}
	snprintf(names->name[names->n++], STORE_NAME, "%.*s", STORE_NAME - 1, name);
	return true;
}

static DIR *
store_list(const struct store *store, const char *folder)
{
	int fd = openat(store->dir, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && dir == NULL)
		close(fd);
	return dir;
}

/* What an end in the middle of a put has left. */
static void
store_clean(const struct store *store)
{
	DIR *dir = store_list(store, STORE_TMP);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
	{
		struct stat st;

		if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			S_ISREG(st.st_mode) && store_is_old(&st, STORE_TMP_AGE_S))
			(void) unlinkat(dirfd(dir), entry->d_name, 0);
	}
	if (dir != NULL)
		closedir(dir);
}

/* One of the 256 folders: its bytes, and its old files. */
static bool
store_scan_folder(const struct store *store, const char *folder, struct store_names *names,
				  uint64_t *bytes)
{
	DIR *dir = store_list(store, folder);
	struct dirent *entry;
	enum media_type type;
	bool ok = true;

	while (ok && dir != NULL && (entry = readdir(dir)) != NULL)
	{
		struct stat st;

		if (!store_name_ok(entry->d_name, &type) || strncmp(entry->d_name, folder, 2) != 0 ||
			fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
			!S_ISREG(st.st_mode))
			continue;
		*bytes += (uint64_t) st.st_size;
		ok = !store_is_old(&st, STORE_AGE_S) || names_add(names, entry->d_name);
	}
	if (dir != NULL)
		closedir(dir);
	return ok;
}

bool
store_scan(struct store *store, struct store_names *names)
{
	uint64_t bytes = 0;
	bool ok = true;

	memset(names, 0, sizeof(*names));
	store_clean(store);
	for (int i = 0; i < STORE_FOLDERS && ok; i++)
	{
		char folder[3] = {hex_digits[i / 16], hex_digits[i % 16], '\0'};

		ok = store_scan_folder(store, folder, names, &bytes);
	}
	if (ok)
		atomic_store(&store->bytes, bytes);
	return ok;
}

size_t
store_drop(struct store *store, char (*name)[STORE_NAME], size_t n)
{
	size_t dropped = 0;

	store_lock(store, LOCK_EX);
	for (size_t i = 0; i < n; i++)
	{
		char path[STORE_NAME + 3];
		struct stat st;

		store_path(name[i], path);
		if (fstatat(store->dir, path, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
			!store_is_old(&st, STORE_AGE_S) || unlinkat(store->dir, path, 0) != 0)
			continue;
		atomic_fetch_sub(&store->bytes, (uint64_t) st.st_size);
		dropped++;
	}
	store_lock(store, LOCK_UN);
	return dropped;
}
