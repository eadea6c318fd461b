/*
 * media_webp.c - the walk over a WebP (RFC 9649): the size of the file, every chunk, one still
 * picture. Kept are the picture, its transparency and its colour profile; EXIF, XMP and chunks
 * of others are left out. Animations are refused: no page of the shop shows any.
 */
#include <string.h>

#include "media_walk.h"

#define WEBP_HEAD_BYTES 12
#define WEBP_CHUNK_BYTES 8 /* name and length */

#define VP8X_ANIMATION 0x02
#define VP8X_ALPHA 0x10
#define VP8X_PROFILE 0x20

/* The chunks that are kept, in the order in which they stand. */
enum webp_part
{
	WEBP_CANVAS,
	WEBP_PROFILE,
	WEBP_ALPHA,
	WEBP_PICTURE,
	WEBP__MAX
};

struct webp
{
	const uint8_t *part[WEBP__MAX]; /* a whole chunk, or NULL */
	uint32_t width;					/* of the canvas, 0: none */
	uint32_t height;
};

static size_t
chunk_whole(const uint8_t *chunk)
{
	return WEBP_CHUNK_BYTES + (size_t) le32(chunk + 4) + (le32(chunk + 4) & 1);
}

static int
webp_part(const uint8_t *chunk)
{
	static const struct
	{
		const char name[5];
		enum webp_part part;
	} known[] = {{"VP8X", WEBP_CANVAS},
				 {"ICCP", WEBP_PROFILE},
				 {"ALPH", WEBP_ALPHA},
				 {"VP8 ", WEBP_PICTURE},
				 {"VP8L", WEBP_PICTURE}};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
	{
		if (memcmp(chunk, known[i].name, 4) == 0)
			return (int) known[i].part;
	}
	return -1;
}

static enum media_fault
webp_canvas(struct webp *webp, const uint8_t *data, size_t len)
{
	if (len != 10 || (data[0] & VP8X_ANIMATION) != 0)
		return MEDIA_BROKEN;
	webp->width = le24(data + 4) + 1;
	webp->height = le24(data + 7) + 1;
	return MEDIA_OK;
}

/* The dimensions of the picture itself, in the head of its coded data. */
static enum media_fault
webp_picture(struct walk *walk, const struct webp *webp, const uint8_t *chunk)
{
	const uint8_t *data = chunk + WEBP_CHUNK_BYTES;
	size_t len = le32(chunk + 4);
	uint32_t width, height;

	if (chunk[3] == 'L')
	{
		if (len < 5 || data[0] != 0x2f || data[4] >> 5 != 0)
			return MEDIA_BROKEN;
		width = (le32(data + 1) & 0x3fff) + 1;
		height = (le32(data + 1) >> 14 & 0x3fff) + 1;
	}
	else
	{
		/* A key frame that is shown, and its start code. */
		if (len < 10 || (data[0] & 1) != 0 || (data[0] & 0x10) == 0 ||
			memcmp(data + 3, "\x9d\x01\x2a", 3) != 0)
			return MEDIA_BROKEN;
		width = le16(data + 6) & 0x3fff;
		height = le16(data + 8) & 0x3fff;
	}
	if (webp->width != 0 && (webp->width != width || webp->height != height))
		return MEDIA_BROKEN;
	return walk_size(walk, width, height);
}

/* Note one chunk; it lies in the file as a whole. */
static enum media_fault
webp_chunk(struct walk *walk, struct webp *webp, const uint8_t *chunk)
{
	int part = webp_part(chunk);
	size_t len = le32(chunk + 4);

	if (memcmp(chunk, "ANI", 3) == 0 || memcmp(chunk, "ANMF", 4) == 0 ||
		((len & 1) != 0 && chunk[WEBP_CHUNK_BYTES + len] != 0))
		return MEDIA_BROKEN;
	if (part < 0)
		return MEDIA_OK;
	for (int i = part; i < WEBP__MAX; i++)
	{
		if (webp->part[i] != NULL)
			return MEDIA_BROKEN; /* twice, or out of order */
	}
	webp->part[part] = chunk;
	if (part == WEBP_CANVAS)
		return webp_canvas(webp, chunk + WEBP_CHUNK_BYTES, len);
	if (part == WEBP_PICTURE)
		return webp_picture(walk, webp, chunk);
	return webp->part[WEBP_CANVAS] == NULL ? MEDIA_BROKEN : MEDIA_OK;
}

static enum media_fault
webp_read(struct walk *walk, struct webp *webp)
{
	if (le32(walk->at + 4) != walk_left(walk) - 8)
		return MEDIA_BROKEN;
	walk->at += WEBP_HEAD_BYTES;
	while (walk_left(walk) > 0)
	{
		const uint8_t *chunk = walk->at;
		enum media_fault fault;

		if (walk_left(walk) < WEBP_CHUNK_BYTES ||
			le32(chunk + 4) > walk_left(walk) - WEBP_CHUNK_BYTES ||
			chunk_whole(chunk) > walk_left(walk))
			return MEDIA_BROKEN;
		fault = webp_chunk(walk, webp, chunk);
		if (fault != MEDIA_OK)
			return fault;
		walk->at += chunk_whole(chunk);
	}
	return webp->part[WEBP_PICTURE] == NULL ||
				   (webp->part[WEBP_ALPHA] != NULL && webp->part[WEBP_PICTURE][3] == 'L')
			   ? MEDIA_BROKEN
			   : MEDIA_OK;
}

/* The flags of the canvas say what is there, and the head how long it is: both anew. */
static void
webp_write(struct walk *walk, const struct webp *webp)
{
	uint8_t head[WEBP_HEAD_BYTES] = "RIFF\0\0\0\0WEB";
	size_t size = 4;

	head[11] = 'P';
	for (int i = 0; i < WEBP__MAX; i++)
		size += webp->part[i] == NULL ? 0 : chunk_whole(webp->part[i]);
	for (int i = 0; i < 4; i++)
		head[4 + i] = (uint8_t) (size >> 8 * i);
	walk_emit(walk, head, sizeof(head));
	for (int i = 0; i < WEBP__MAX; i++)
	{
		uint8_t canvas[WEBP_CHUNK_BYTES + 10];

		if (webp->part[i] == NULL)
			continue;
		if (i != WEBP_CANVAS)
		{
			walk_emit(walk, webp->part[i], chunk_whole(webp->part[i]));
			continue;
		}
		memcpy(canvas, webp->part[i], sizeof(canvas));
		canvas[8] &= VP8X_ALPHA;
		canvas[8] |= webp->part[WEBP_PROFILE] == NULL ? 0 : VP8X_PROFILE;
		walk_emit(walk, canvas, sizeof(canvas));
	}
}

enum media_fault
walk_webp(struct walk *walk)
{
	struct webp webp = {0};
	enum media_fault fault = webp_read(walk, &webp);

	if (fault == MEDIA_OK)
		webp_write(walk, &webp);
	return fault;
}
