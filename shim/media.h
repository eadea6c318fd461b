/*
 * media.h - what a file is, by its bytes alone, and the file without what it tells in secret.
 *
 * Nothing is decoded: the containers are walked from the first byte to the last, so that a
 * file is one image and nothing else, and what is no part of the picture (EXIF with the place
 * it was taken, XMP, comments, texts) can be left out. The way up of a JPEG stays.
 */
#ifndef MJC_SHIM_MEDIA_H
#define MJC_SHIM_MEDIA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEDIA_SIDE_MAX 8000 /* pixels */
#define MEDIA_MEGAPIXELS_MAX 40

enum media_type
{
	MEDIA_JPEG,
	MEDIA_PNG,
	MEDIA_WEBP,
	MEDIA_PDF,
	MEDIA__MAX
};

enum media_fault
{
	MEDIA_OK,
	MEDIA_EMPTY,
	MEDIA_UNKNOWN, /* none of the four types */
	MEDIA_BROKEN,  /* damaged, more than an image, or of a kind that browsers do not show */
	MEDIA_TOO_LARGE,
	MEDIA_UNWRITTEN /* the sink refused */
};

struct media
{
	enum media_type type;
	uint32_t width; /* 0 for a PDF */
	uint32_t height;
};

/* Takes the next bytes of what is kept; false stops. */
typedef bool (*media_sink)(void *cls, const void *data, size_t len);

/*
 * media_walk - check a file, and give what is kept of it to sink.
 *
 * sink may be NULL: the check alone, with the same result. A sink that was given a
 * part of a file that turns out to be broken throws it away.
 */
enum media_fault media_walk(const uint8_t *data, size_t len, struct media *media, media_sink sink,
							void *cls);

/* media_extension - "jpg", "png", "webp", "pdf". */
const char *media_extension(enum media_type type);

/* media_mime - "image/jpeg" and so on. */
const char *media_mime(enum media_type type);

#endif
