/*
 * media.c - libFuzzer entry: a file of any kind.
 *
 * Whatever it is, the walk ends inside of it; a picture that is taken is within the limits, and
 * what is kept of it is taken again, as it is, with the same dimensions. No checksum stands in
 * the way: those of a PNG's chunks are put right first.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "../../shim/media.h"

#define INPUT_MAX_BYTES 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct kept
{
	uint8_t *data;
	size_t len;
	size_t cap;
};

static bool
keep(void *cls, const void *data, size_t len)
{
	struct kept *kept = cls;

	if (len > kept->cap - kept->len)
		abort(); /* more than came in */
	memcpy(kept->data + kept->len, data, len);
	kept->len += len;
	return true;
}

static uint32_t
read_be32(const uint8_t *p)
{
	return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16 | (uint32_t) p[2] << 8 | p[3];
}

static void
mend_png(uint8_t *data, size_t size)
{
	for (size_t at = 8; size >= 12 && at <= size - 12;)
	{
		size_t len = read_be32(data + at);
		uLong crc;

		if (len > size - at - 12)
			return;
		crc = crc32(0, data + at + 4, (uInt) (len + 4));
		for (int i = 0; i < 4; i++)
			data[at + 8 + len + (size_t) i] = (uint8_t) (crc >> (24 - 8 * i));
		at += 12 + len;
	}
}

static void
try_file(const uint8_t *data, size_t size)
{
	/* An orientation of ours may stand in for a shorter EXIF of theirs. */
	struct kept kept = {.cap = size + 64}, again = {.cap = size + 64};
	struct media media, other;
	enum media_fault fault = media_walk(data, size, &media, NULL, NULL);

	kept.data = malloc(kept.cap);
	again.data = malloc(again.cap);
	if (media_walk(data, size, &media, keep, &kept) != fault)
		abort();
	if (fault == MEDIA_OK)
	{
		if (media.type != MEDIA_PDF &&
			(media.width == 0 || media.height == 0 || media.width > MEDIA_SIDE_MAX ||
			 media.height > MEDIA_SIDE_MAX))
			abort();
		if (media_walk(kept.data, kept.len, &other, keep, &again) != MEDIA_OK ||
			again.len != kept.len || memcmp(again.data, kept.data, kept.len) != 0 ||
			other.type != media.type || other.width != media.width || other.height != media.height)
			abort();
	}
	free(kept.data);
	free(again.data);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy;

	if (size > INPUT_MAX_BYTES)
		return 0;
	copy = calloc(size + (size == 0), 1); /* exact, so that reading past the end is seen */
	if (size > 0)
		memcpy(copy, data, size);
	try_file(copy, size);
	if (size > 8 && memcmp(copy, "\x89PNG\r\n\x1a\n", 8) == 0)
	{
		mend_png(copy, size);
		try_file(copy, size);
	}
	free(copy);
	return 0;
}
