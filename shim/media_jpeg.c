/*
 * media_jpeg.c - the walk over a JPEG (ITU-T T.81): every segment and the coded data, up to the
 * marker of its end. Kept are the segments that the picture is made of, the colour profile and
 * the way up; EXIF, XMP, IPTC, comments and what makers of cameras add are left out.
 *
 * Telephones put more behind the end: further pictures (multi-picture format) and notes of
 * Samsung's camera. Those two are known and cut off; anything else there is no photograph.
 */
#include <string.h>

#include "media_walk.h"

#define JPEG_ORIENTATION 0x0112

enum
{
	M_SOF0 = 0xc0, /* baseline; 1 extended, 2 progressive: what browsers show */
	M_SOF2 = 0xc2,
	M_DHT = 0xc4,
	M_RST0 = 0xd0,
	M_RST7 = 0xd7,
	M_EOI = 0xd9,
	M_SOS = 0xda,
	M_DQT = 0xdb,
	M_DRI = 0xdd,
	M_APP0 = 0xe0,
	M_APP1 = 0xe1,
	M_APP2 = 0xe2,
	M_APP14 = 0xee,
	M_APP15 = 0xef,
	M_COM = 0xfe
};

struct jpeg
{
	bool framed;  /* its dimensions are known */
	bool scanned; /* it has coded data */
	bool more;	  /* it says that pictures follow its end */
	bool turned;  /* its way up was written */
};

static bool
begins(const uint8_t *data, size_t len, const char *word, size_t word_len)
{
	return len >= word_len && memcmp(data, word, word_len) == 0;
}

/* ---- The way up ---- */

static uint32_t
tiff16(const uint8_t *p, bool big)
{
	return big ? be16(p) : le16(p);
}

static uint32_t
tiff32(const uint8_t *p, bool big)
{
	return big ? be32(p) : le32(p);
}

/* The orientation, 1 to 8, that a TIFF directory tells; 1 when it does not. */
static uint8_t
tiff_orientation(const uint8_t *data, size_t len)
{
	bool big = len >= 8 && data[0] == 'M';
	size_t at;
	uint32_t entries;

	if (len < 10 || (memcmp(data, "II*", 4) != 0 && memcmp(data, "MM\0*", 4) != 0))
		return 1;
	at = tiff32(data + 4, big);
	if (at > len - 2)
		return 1;
	entries = tiff16(data + at, big);
	for (at += 2; entries > 0 && at <= len && len - at >= 12; entries--, at += 12)
	{
		uint32_t value = tiff16(data + at + 8, big);

		if (tiff16(data + at, big) == JPEG_ORIENTATION)
			return value >= 1 && value <= 8 ? (uint8_t) value : 1;
	}
	return 1;
}

/* An EXIF segment of ours in place of theirs, when the picture has to be turned. */
static void
jpeg_orientation(struct walk *walk, struct jpeg *jpeg, const uint8_t *data, size_t len)
{
	uint8_t segment[] = "\xff\xe1\0\x22"
						"Exif\0\0"
						"MM\0*\0\0\0\x08"
						"\0\1"
						"\1\x12\0\3\0\0\0\1\0\0\0\0"
						"\0\0\0";
	uint8_t value = tiff_orientation(data, len);

	if (value == 1 || jpeg->turned)
		return;
	jpeg->turned = true;
	segment[29] = value;
	walk_emit(walk, segment, sizeof(segment));
}

/* ---- Segments ---- */

static bool
jpeg_app_kept(uint8_t marker, const uint8_t *data, size_t len)
{
	switch (marker)
	{
		case M_APP0:
			return begins(data, len, "JFIF", 5);
		case M_APP2:
			return begins(data, len, "ICC_PROFILE", 12);
		case M_APP14:
			return begins(data, len, "Adobe", 5);
		default:
			return false;
	}
}

static enum media_fault
jpeg_frame(struct walk *walk, struct jpeg *jpeg, const uint8_t *data, size_t len)
{
	if (jpeg->framed || len < 6 || data[0] != 8 || data[5] == 0 || data[5] > 4 ||
		len != 6 + 3 * (size_t) data[5])
		return MEDIA_BROKEN;
	jpeg->framed = true;
	return walk_size(walk, be16(data + 3), be16(data + 1));
}

/* The coded data behind a scan's head, up to the marker that ends it. */
static enum media_fault
jpeg_scan(struct walk *walk)
{
	const uint8_t *at = walk->at;

	while ((at = memchr(at, 0xff, (size_t) (walk->end - at))) != NULL && walk->end - at >= 2)
	{
		if (at[1] == 0xff)
			at++;
		else if (at[1] == 0 || (at[1] >= M_RST0 && at[1] <= M_RST7))
			at += 2;
		else
		{
			walk_keep(walk, (size_t) (at - walk->at));
			return MEDIA_OK;
		}
	}
	return MEDIA_BROKEN;
}

/* One segment with its length; marker and length stand at walk->at. */
static enum media_fault
jpeg_segment(struct walk *walk, struct jpeg *jpeg, uint8_t marker)
{
	const uint8_t *data = walk->at + 4;
	enum media_fault fault = MEDIA_OK;
	size_t whole, len;

	if (walk_left(walk) < 4 || be16(walk->at + 2) < 2 || be16(walk->at + 2) > walk_left(walk) - 2)
		return MEDIA_BROKEN;
	whole = 2 + (size_t) be16(walk->at + 2);
	len = whole - 4;
	if (marker >= M_SOF0 && marker <= M_SOF2)
		fault = jpeg_frame(walk, jpeg, data, len);
	else if (marker == M_COM || (marker >= M_APP0 && marker <= M_APP15))
	{
		jpeg->more = jpeg->more || (marker == M_APP2 && begins(data, len, "MPF", 4));
		if (marker == M_APP1 && begins(data, len, "Exif\0", 6))
			jpeg_orientation(walk, jpeg, data + 6, len - 6);
		if (!jpeg_app_kept(marker, data, len))
		{
			walk->at += whole;
			return MEDIA_OK;
		}
	}
	else if (marker != M_DHT && marker != M_DQT && marker != M_DRI && marker != M_SOS)
		fault = MEDIA_BROKEN;
	if (fault != MEDIA_OK)
		return fault;
	if (marker == M_SOS && !jpeg->framed)
		return MEDIA_BROKEN;
	walk_keep(walk, whole);
	jpeg->scanned = jpeg->scanned || marker == M_SOS;
	return marker == M_SOS ? jpeg_scan(walk) : MEDIA_OK;
}

/* What stands behind the end. */
static enum media_fault
jpeg_tail(const struct walk *walk, const struct jpeg *jpeg)
{
	size_t left = walk_left(walk);

	if (left == 0 || (jpeg->more && begins(walk->at, left, "\xff\xd8\xff", 3)) ||
		(left >= 8 && memcmp(walk->end - 4, "SEFT", 4) == 0))
		return MEDIA_OK;
	return MEDIA_BROKEN;
}

enum media_fault
walk_jpeg(struct walk *walk)
{
	struct jpeg jpeg = {0};

	walk_keep(walk, 2);
	for (;;)
	{
		enum media_fault fault;
		uint8_t marker;

		if (walk_left(walk) < 2 || walk->at[0] != 0xff)
			return MEDIA_BROKEN;
		marker = walk->at[1];
		if (marker == 0xff)
		{
			walk->at++; /* fill */
			continue;
		}
		if (marker == M_EOI)
			break;
		fault = jpeg_segment(walk, &jpeg, marker);
		if (fault != MEDIA_OK)
			return fault;
	}
	walk_keep(walk, 2);
	return jpeg.scanned ? jpeg_tail(walk, &jpeg) : MEDIA_BROKEN;
}
