/*
 * unit_media.c - tests of media.c and its walks: what each byte of a file has to be. Whole
 * files of each kind, good and bad, are sent by test/http/uploads.t; here every good file is
 * cut at each byte, changed at each byte and made longer, and every length in it is tried
 * with the values that overflow.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "../../shim/media.h"
#include "tap.h"

#define FILE_MAX 1024

/* A file in the making, and what a walk has kept of one. */
struct bytes
{
	uint8_t data[FILE_MAX];
	size_t len;
};

static void
put(struct bytes *b, const void *data, size_t len)
{
	memcpy(b->data + b->len, data, len);
	b->len += len;
}

static void
put_be32(struct bytes *b, uint32_t value)
{
	uint8_t raw[4] = {(uint8_t) (value >> 24), (uint8_t) (value >> 16), (uint8_t) (value >> 8),
					  (uint8_t) value};

	put(b, raw, 4);
}

static bool
keep(void *cls, const void *data, size_t len)
{
	struct bytes *b = cls;

	if (len > FILE_MAX - b->len)
		return false;
	put(b, data, len);
	return true;
}

static bool
never(void *cls, const void *data, size_t len)
{
	(void) cls;
	(void) data;
	(void) len;
	return false;
}

/* ---- Good files ---- */

static void
png_chunk(struct bytes *b, const char *type, const void *data, size_t len)
{
	uLong crc = crc32(crc32(0, (const Bytef *) type, 4), data, (uInt) len);

	put_be32(b, (uint32_t) len);
	put(b, type, 4);
	if (len > 0)
		put(b, data, len);
	put_be32(b, (uint32_t) crc);
}

static void
make_png(struct bytes *b, uint32_t width, uint32_t height)
{
	uint8_t head[13] = {0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0};

	b->len = 0;
	for (int i = 0; i < 4; i++)
	{
		head[i] = (uint8_t) (width >> (24 - 8 * i));
		head[4 + i] = (uint8_t) (height >> (24 - 8 * i));
	}
	put(b, "\x89PNG\r\n\x1a\n", 8);
	png_chunk(b, "IHDR", head, sizeof(head));
	png_chunk(b, "IDAT", "data", 4);
	png_chunk(b, "IEND", "", 0);
}

static void
make_jpeg(struct bytes *b, uint16_t width, uint16_t height)
{
	uint8_t frame[] = "\xff\xc0\0\x0b\x08\0\0\0\0\1\1\x11\0";

	b->len = 0;
	frame[5] = (uint8_t) (height >> 8);
	frame[6] = (uint8_t) height;
	frame[7] = (uint8_t) (width >> 8);
	frame[8] = (uint8_t) width;
	put(b, "\xff\xd8", 2);
	put(b, frame, sizeof(frame) - 1);
	put(b, "\xff\xda\0\x08\1\1\0\0\x3f\0", 10);
	put(b, "\x12\xff\0\x34\xff\xd0\x56\xff\xff\xd9", 10);
}

static void
make_webp(struct bytes *b)
{
	static const uint8_t lossless[] = "RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f\0\0\0\x10\x07\x10\x11"
									  "\x11\x88\x88\xfe\x07\0";

	b->len = 0;
	put(b, lossless, sizeof(lossless) - 1);
}

static void
make_pdf(struct bytes *b)
{
	static const char text[] = "%PDF-1.4\n1 0 obj <<>> endobj\nxref\n0 1\ntrailer <<>>\n"
							   "startxref\n29\n%%EOF\n";

	b->len = 0;
	put(b, text, sizeof(text) - 1);
}

/* ---- Helpers ---- */

static enum media_fault
check(const struct bytes *b)
{
	/* An exact copy, so that reading past the end is seen. */
	uint8_t *copy = malloc(b->len + (b->len == 0));
	struct media media;
	enum media_fault fault;

	memcpy(copy, b->data, b->len);
	fault = media_walk(copy, b->len, &media, NULL, NULL);
	free(copy);
	return fault;
}

/* Good; kept as it is; nothing shorter or longer is good. */
static void
test_bounds(const struct bytes *good, enum media_type type, const char *name)
{
	struct bytes kept = {.len = 0}, other = *good;
	struct media media;
	bool none = true;

	tap_int(media_walk(good->data, good->len, &media, keep, &kept), MEDIA_OK, "media: %s", name);
	tap_int(media.type, type, "media: %s: its type", name);
	tap_int(media_walk(good->data, good->len, &media, never, NULL), MEDIA_UNWRITTEN,
			"media: %s: a sink that refuses", name);
	for (other.len = 0; other.len < good->len; other.len++)
		none = none && (check(&other) != MEDIA_OK ||
						(type == MEDIA_PDF && good->len - other.len == 1)); /* its last line end */
	tap_ok(none, "media: %s: cut at any byte it is none", name);
	other = *good;
	put(&other, "<", 1);
	tap_int(check(&other), MEDIA_BROKEN, "media: %s: with a byte behind it", name);
}

/* Whatever a byte is changed to, the walk ends; what it keeps is good, and kept once more. */
static void
test_changes(const struct bytes *good, const char *name)
{
	bool same = true;

	for (size_t i = 0; i < good->len; i++)
	{
		for (int value = 0; value < 256; value++)
		{
			struct bytes other = *good, kept = {.len = 0}, again = {.len = 0};
			struct media media;

			other.data[i] = (uint8_t) value;
			if (media_walk(other.data, other.len, &media, keep, &kept) != MEDIA_OK)
				continue;
			same = same && check(&kept) == MEDIA_OK &&
				   media_walk(kept.data, kept.len, &media, keep, &again) == MEDIA_OK &&
				   again.len == kept.len && memcmp(again.data, kept.data, kept.len) == 0;
		}
	}
	tap_ok(same, "media: %s: any byte changed: what is kept is good, and stays as it is", name);
}

/* The four bytes of a length, in both orders, with values that overflow. */
static void
test_lengths(const struct bytes *good, const char *name)
{
	static const uint32_t values[] = {0,		  1,		  3,		  0x7fffffff, 0x80000000,
									  0xfffffff0, 0xfffffff7, 0xfffffff8, 0xfffffffe, 0xffffffff};

	for (size_t i = 8; i + 4 <= good->len; i++)
	{
		for (size_t k = 0; k < sizeof(values) / sizeof(values[0]); k++)
		{
			struct bytes other = *good;

			for (int j = 0; j < 4; j++)
				other.data[i + (size_t) j] = (uint8_t) (values[k] >> (24 - 8 * j));
			(void) check(&other);
			for (int j = 0; j < 4; j++)
				other.data[i + (size_t) j] = (uint8_t) (values[k] >> 8 * j);
			(void) check(&other);
		}
	}
	tap_ok(true, "media: %s: lengths that overflow", name);
}

/* ---- Dimensions ---- */

static void
test_sizes(void)
{
	static const struct
	{
		uint32_t width, height;
		enum media_fault fault;
	} sizes[] = {{1, 1, MEDIA_OK},
				 {8000, 5000, MEDIA_OK},
				 {5000, 8000, MEDIA_OK},
				 {8000, 5001, MEDIA_TOO_LARGE},
				 {8001, 1, MEDIA_TOO_LARGE},
				 {1, 8001, MEDIA_TOO_LARGE},
				 {6324, 6324, MEDIA_OK},
				 {6325, 6325, MEDIA_TOO_LARGE},
				 {30000, 30000, MEDIA_TOO_LARGE},
				 {0, 1, MEDIA_BROKEN},
				 {1, 0, MEDIA_BROKEN}};
	struct bytes b;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
	{
		make_png(&b, sizes[i].width, sizes[i].height);
		tap_int(check(&b), sizes[i].fault, "media: a PNG of %u by %u", sizes[i].width,
				sizes[i].height);
		make_jpeg(&b, (uint16_t) sizes[i].width, (uint16_t) sizes[i].height);
		tap_int(check(&b), sizes[i].fault, "media: a JPEG of %u by %u", sizes[i].width,
				sizes[i].height);
	}
	make_png(&b, 0xffffffff, 0xffffffff);
	tap_int(check(&b), MEDIA_TOO_LARGE, "media: a PNG whose pixels overflow");
}

/* ---- The way up ---- */

static void
test_orientation(void)
{
	struct bytes b = {.len = 0}, kept = {.len = 0}, frame;
	struct media media;
	uint8_t exif[] = "\xff\xe1\0\x22"
					 "Exif\0\0II*\0\x08\0\0\0"
					 "\1\0\x12\1\3\0\1\0\0\0\6\0\0\0\0\0\0";
	bool sound = true;

	make_jpeg(&frame, 8, 8);
	put(&b, frame.data, 2);
	put(&b, exif, sizeof(exif));
	put(&b, frame.data + 2, frame.len - 2);
	tap_int(media_walk(b.data, b.len, &media, keep, &kept), MEDIA_OK, "media: a turned JPEG");
	tap_int((long long) kept.len, (long long) b.len, "media: our EXIF is as short as theirs");
	tap_int(kept.data[2 + 29], 6, "media: and tells the way up");
	/* Offsets and counts of theirs that lead out of the segment. */
	for (size_t i = 2 + 10; i < 2 + sizeof(exif); i++)
	{
		for (int value = 0; value < 256; value++)
		{
			struct bytes other = b;

			kept.len = 0;
			other.data[i] = (uint8_t) value;
			sound = sound && media_walk(other.data, other.len, &media, keep, &kept) == MEDIA_OK &&
					(kept.len == frame.len || kept.len == b.len);
		}
	}
	tap_ok(sound, "media: whatever the EXIF says, it is ours that is kept, or none");
}

void
test_media(void)
{
	static const char *const extensions[] = {"jpg", "png", "webp", "pdf"};
	struct bytes b = {.len = 0};

	tap_int(check(&b), MEDIA_EMPTY, "media: nothing");
	for (int i = 0; i < MEDIA__MAX; i++)
		tap_text(media_extension((enum media_type) i), extensions[i], "media: %s", extensions[i]);
	make_png(&b, 3, 2);
	test_bounds(&b, MEDIA_PNG, "PNG");
	test_changes(&b, "PNG");
	test_lengths(&b, "PNG");
	make_jpeg(&b, 3, 2);
	test_bounds(&b, MEDIA_JPEG, "JPEG");
	test_changes(&b, "JPEG");
	test_lengths(&b, "JPEG");
	make_webp(&b);
	test_bounds(&b, MEDIA_WEBP, "WebP");
	test_changes(&b, "WebP");
	test_lengths(&b, "WebP");
	make_pdf(&b);
	test_bounds(&b, MEDIA_PDF, "PDF");
	test_changes(&b, "PDF");
	test_sizes();
	test_orientation();
}
