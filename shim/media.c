/*
 * media.c - what a file is, by its bytes alone; PDF, and what the types have in common.
 */
#include "media.h"

#include <string.h>

#include "media_walk.h"

#define ZIP_END_BYTES 22	  /* of the record that ends an archive */
#define ZIP_COMMENT_MAX 65535 /* what may follow it */
#define PDF_TAIL_BYTES 64	  /* startxref, its number, the end */
#define PDF_HEAD_BYTES 8	  /* %PDF-1.7 */

static const struct
{
	const char *extension;
	const char *mime;
} media_name[MEDIA__MAX] = {
	[MEDIA_JPEG] = {"jpg", "image/jpeg"},
	[MEDIA_PNG] = {"png", "image/png"},
	[MEDIA_WEBP] = {"webp", "image/webp"},
	[MEDIA_PDF] = {"pdf", "application/pdf"},
};

const char *
media_extension(enum media_type type)
{
	return media_name[type].extension;
}

const char *
media_mime(enum media_type type)
{
	return media_name[type].mime;
}

/* ---- For all walks ---- */

void
walk_emit(struct walk *walk, const void *data, size_t len)
{
	if (walk->sink != NULL && !walk->unwritten && len > 0)
		walk->unwritten = !walk->sink(walk->cls, data, len);
}

void
walk_keep(struct walk *walk, size_t len)
{
	walk_emit(walk, walk->at, len);
	walk->at += len;
}

enum media_fault
walk_size(struct walk *walk, uint32_t width, uint32_t height)
{
	walk->media->width = width;
	walk->media->height = height;
	if (width == 0 || height == 0)
		return MEDIA_BROKEN;
	if (width > MEDIA_SIDE_MAX || height > MEDIA_SIDE_MAX ||
		(uint64_t) width * height > MEDIA_MEGAPIXELS_MAX * UINT64_C(1000000))
		return MEDIA_TOO_LARGE;
	return MEDIA_OK;
}

/*
 * Whether the file ends in the end of a ZIP archive, which readers look for from behind: so a
 * picture or a PDF can be an archive (of a program, too) as well.
 */
static bool
zip_inside(const uint8_t *data, size_t len)
{
	size_t most = len < ZIP_END_BYTES + ZIP_COMMENT_MAX ? len : ZIP_END_BYTES + ZIP_COMMENT_MAX;

	for (size_t back = ZIP_END_BYTES; back <= most; back++)
	{
		const uint8_t *p = data + len - back;

		if (memcmp(p, "PK\5\6", 4) == 0 && le16(p + 20) == back - ZIP_END_BYTES)
			return true;
	}
	return false;
}

/* ---- PDF ---- */

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\r' || c == '\n';
}

/* Step back over what stands in front of *at; false when it is not that word. */
static bool
back_over(const uint8_t *start, const uint8_t **at, const char *word)
{
	size_t len = strlen(word);

	if ((size_t) (*at - start) < len || memcmp(*at - len, word, len) != 0)
		return false;
	*at -= len;
	return true;
}

static void
back_blanks(const uint8_t *start, const uint8_t **at)
{
	while (*at > start && is_blank((*at)[-1]))
		(*at)--;
}

/*
 * The head at the first byte; the end with the place of the table of objects, and nothing but
 * a line end behind it. What stands between, only its reader understands: so it is served as
 * a file to keep, never to show.
 */
static enum media_fault
walk_pdf(struct walk *walk)
{
	const uint8_t *start = walk->at;
	const uint8_t *at = walk->end;
	const uint8_t *table;
	uint64_t offset = 0;
	size_t len = walk_left(walk);

	if (len < PDF_HEAD_BYTES + PDF_TAIL_BYTES / 2 || (start[5] != '1' && start[5] != '2') ||
		start[6] != '.' || !is_digit(start[7]))
		return MEDIA_BROKEN;
	back_blanks(start, &at);
	if (walk->end - at > 2 || !back_over(start, &at, "%%EOF"))
		return MEDIA_BROKEN;
	back_blanks(start, &at);
	for (table = at; table > start && at - table < 10 && is_digit(table[-1]);)
		table--;
	for (const uint8_t *digit = table; digit < at; digit++)
		offset = offset * 10 + (uint64_t) (*digit - '0');
	if (table == at || offset < PDF_HEAD_BYTES || offset + 4 > len ||
		(memcmp(start + offset, "xref", 4) != 0 && !is_digit(start[offset])))
		return MEDIA_BROKEN;
	at = table;
	back_blanks(start, &at);
	if (!back_over(start, &at, "startxref"))
		return MEDIA_BROKEN;
	walk_keep(walk, len);
	return MEDIA_OK;
}

/* ---- Which it is ---- */

static enum media_fault (*media_kind(const uint8_t *data, size_t len,
									 enum media_type *type))(struct walk *walk)
{
	if (len >= 3 && memcmp(data, "\xff\xd8\xff", 3) == 0)
	{
		*type = MEDIA_JPEG;
		return walk_jpeg;
	}
	if (len >= 8 && memcmp(data, "\x89PNG\r\n\x1a\n", 8) == 0)
	{
		*type = MEDIA_PNG;
		return walk_png;
	}
	if (len >= 12 && memcmp(data, "RIFF", 4) == 0 && memcmp(data + 8, "WEBP", 4) == 0)
	{
		*type = MEDIA_WEBP;
		return walk_webp;
	}
	if (len >= 5 && memcmp(data, "%PDF-", 5) == 0)
	{
		*type = MEDIA_PDF;
		return walk_pdf;
	}
	return NULL;
}

enum media_fault
media_walk(const uint8_t *data, size_t len, struct media *media, media_sink sink, void *cls)
{
	struct walk walk = {.media = media, .sink = sink, .cls = cls};
	enum media_fault (*kind)(struct walk *);
	enum media_fault fault;

	memset(media, 0, sizeof(*media));
	if (len == 0)
		return MEDIA_EMPTY;
	walk.at = data;
	walk.end = data + len;
	kind = media_kind(data, len, &media->type);
	if (kind == NULL)
		return MEDIA_UNKNOWN;
	if (zip_inside(data, len))
		return MEDIA_BROKEN;
	fault = kind(&walk);
	return fault == MEDIA_OK && walk.unwritten ? MEDIA_UNWRITTEN : fault;
}
