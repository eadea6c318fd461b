/*
 * media_png.c - the walk over a PNG (W3C PNG, third edition): every chunk with its checksum,
 * IEND last. Kept are the chunks that the picture is made of; texts, times, EXIF, private
 * chunks and the frames of an animation are left out, each as a whole.
 */
#include <string.h>

#include <zlib.h>

#include "media_walk.h"

#define PNG_SIGNATURE_BYTES 8
#define PNG_CHUNK_BYTES 12 /* length, type, checksum */
#define PNG_IHDR_BYTES 13

/* Where a file is, by what it has shown. */
enum png_place
{
	PNG_START,
	PNG_HEAD, /* IHDR was seen */
	PNG_DATA, /* in a row of IDAT */
	PNG_TAIL, /* behind the row */
	PNG_OVER
};

static bool
chunk_is(const uint8_t *type, const char *name)
{
	return memcmp(type, name, 4) == 0;
}

/* The chunks besides the critical ones that change how the picture looks. */
static bool
png_shown(const uint8_t *type)
{
	static const char *const shown[] = {"tRNS", "gAMA", "cHRM", "sRGB", "iCCP",
										"bKGD", "pHYs", "sBIT", "cICP"};

	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
	{
		if (chunk_is(type, shown[i]))
			return true;
	}
	return false;
}

/* Bit depths of a colour type, as a set of bits; 0 for no such type. */
static unsigned
png_depths(uint8_t colour)
{
	switch (colour)
	{
		case 0:
			return 1u << 1 | 1u << 2 | 1u << 4 | 1u << 8 | 1u << 16;
		case 3:
			return 1u << 1 | 1u << 2 | 1u << 4 | 1u << 8;
		case 2:
		case 4:
		case 6:
			return 1u << 8 | 1u << 16;
		default:
			return 0;
	}
}

static enum media_fault
png_head(struct walk *walk, const uint8_t *data, size_t len)
{
	if (len != PNG_IHDR_BYTES || data[8] > 16 || (png_depths(data[9]) >> data[8] & 1) == 0 ||
		data[10] != 0 || data[11] != 0 || data[12] > 1)
		return MEDIA_BROKEN;
	return walk_size(walk, be32(data), be32(data + 4));
}

/* One whole chunk whose checksum is right; moves place, and tells whether it is kept. */
static enum media_fault
png_chunk(struct walk *walk, const uint8_t *type, size_t len, enum png_place *place, bool *keep)
{
	*keep = true;
	if (*place == PNG_START)
	{
		*place = PNG_HEAD;
		return chunk_is(type, "IHDR") ? png_head(walk, type + 4, len) : MEDIA_BROKEN;
	}
	if (chunk_is(type, "IDAT"))
	{
		if (*place > PNG_DATA)
			return MEDIA_BROKEN;
		*place = PNG_DATA;
		return MEDIA_OK;
	}
	if (*place == PNG_DATA)
		*place = PNG_TAIL;
	if (chunk_is(type, "IEND"))
	{
		if (*place != PNG_TAIL || len != 0)
			return MEDIA_BROKEN;
		*place = PNG_OVER;
		return MEDIA_OK;
	}
	if (chunk_is(type, "PLTE"))
		return *place == PNG_HEAD && len > 0 && len <= 768 && len % 3 == 0 ? MEDIA_OK
																		   : MEDIA_BROKEN;
	*keep = png_shown(type);
	/* A capital at the front: who does not know this chunk cannot show the picture. */
	return (type[0] & 0x20) != 0 ? MEDIA_OK : MEDIA_BROKEN;
}

static bool
png_letters(const uint8_t *type)
{
	for (int i = 0; i < 4; i++)
	{
		if (!((type[i] >= 'A' && type[i] <= 'Z') || (type[i] >= 'a' && type[i] <= 'z')))
			return false;
	}
	return true;
}

enum media_fault
walk_png(struct walk *walk)
{
	enum png_place place = PNG_START;

	walk_keep(walk, PNG_SIGNATURE_BYTES);
	while (place != PNG_OVER)
	{
		const uint8_t *type = walk->at + 4;
		enum media_fault fault;
		size_t len;
		bool keep;

		if (walk_left(walk) < PNG_CHUNK_BYTES)
			return MEDIA_BROKEN;
		len = be32(walk->at);
		if (len > walk_left(walk) - PNG_CHUNK_BYTES || !png_letters(type) ||
			crc32(0, type, (uInt) (4 + len)) != be32(type + 4 + len))
			return MEDIA_BROKEN;
		fault = png_chunk(walk, type, len, &place, &keep);
		if (fault != MEDIA_OK)
			return fault;
		if (keep)
			walk_keep(walk, PNG_CHUNK_BYTES + len);
		else
			walk->at += PNG_CHUNK_BYTES + len;
	}
	return walk_left(walk) == 0 ? MEDIA_OK : MEDIA_BROKEN;
}
