/*
 * gzip.c - replies in fewer bytes.
 *
 * One stream for the process, reset for each reply: its quarter of a megabyte
 * is neither allocated nor cleared again. Level 1: it leaves a sixth of the
 * catalogue's JSON at 4 us a kilobyte; level 6 leaves a fifth less of that and
 * takes more than twice as long, in a loop that everybody waits for.
 */
#include "gzip.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <zlib.h>

#include "text.h"

#define GZIP_LEVEL 1
#define GZIP_WINDOW (15 + 16) /* 32 KB; 16 more asks zlib for a gzip head */
#define GZIP_MEMORY 8

struct gzip
{
	z_stream stream;
};

struct gzip *
gzip_new(void)
{
	struct gzip *gzip = calloc(1, sizeof(*gzip));

	if (gzip == NULL)
		return NULL;
	if (deflateInit2(&gzip->stream, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY,
					 Z_DEFAULT_STRATEGY) == Z_OK)
		return gzip;
	free(gzip);
	return NULL;
}

void
gzip_free(struct gzip *gzip)
{
	if (gzip == NULL)
		return;
	(void) deflateEnd(&gzip->stream);
	free(gzip);
}

/* ---- What the client takes ---- */

/* The weight behind a coding in thousandths, 1000 without one; -1 when it is none. */
static int
wish_weight(const char *s, const char *end)
{
	int weight = 0;
	int digits = 0;

	while (s < end && (*s == ' ' || *s == '\t' || *s == ';'))
		s++;
	if (s == end)
		return 1000;
	if (end - s < 3 || (*s != 'q' && *s != 'Q') || s[1] != '=' || (s[2] != '0' && s[2] != '1'))
		return -1;
	weight = (s[2] - '0') * 1000;
	s += 3;
	if (s < end && *s == '.')
		s++;
	for (int unit = 100; s < end && *s >= '0' && *s <= '9'; s++, unit /= 10)
	{
		weight += (*s - '0') * unit;
		digits++;
	}
	return s == end && digits <= 3 && weight <= 1000 ? weight : -1;
}

static bool
wish_is(struct str item, const char *name)
{
	return item.len == strlen(name) && strncasecmp(item.ptr, name, item.len) == 0;
}

enum gzip_wish
gzip_wanted(const char *accept_encoding)
{
	struct str item;
	int gzip = -1;
	int plain = -1;
	int rest = -1;

	while (text_list_next(&accept_encoding, &item))
	{
		size_t len = 0;
		int weight;

		while (len < item.len && item.ptr[len] != ';' && item.ptr[len] != ' ')
			len++;
		weight = wish_weight(item.ptr + len, item.ptr + item.len);
		item.len = len;
		if (weight < 0)
			continue;
		if (wish_is(item, "gzip") || wish_is(item, "x-gzip"))
			gzip = weight;
		else if (wish_is(item, "identity"))
			plain = weight;
		else if (wish_is(item, "*"))
			rest = weight;
	}
	if (gzip < 0)
		gzip = rest;
	if (plain < 0 && rest == 0)
		plain = 0;
	if (gzip <= 0 || gzip < plain)
		return GZIP_NO;
	return plain == 0 ? GZIP_MUST : GZIP_MAY;
}

/* ---- Packing ---- */

char *
gzip_pack(struct gzip *gzip, const struct str *parts, int nparts, size_t *len)
{
	z_stream *stream = &gzip->stream;
	size_t total = 0;
	char *out;
	int result = Z_OK;

	for (int i = 0; i < nparts; i++)
		total += parts[i].len;
	/* What does not fit into as many bytes as before is not worth sending. */
	out = total > UINT32_MAX || deflateReset(stream) != Z_OK ? NULL : malloc(total);
	if (out == NULL)
		return NULL;
	stream->next_out = (Bytef *) out;
	stream->avail_out = (uInt) total;
	for (int i = 0; i < nparts && result == Z_OK; i++)
	{
		stream->next_in = (z_const Bytef *) (uintptr_t) parts[i].ptr;
		stream->avail_in = (uInt) parts[i].len;
		result = deflate(stream, i == nparts - 1 ? Z_FINISH : Z_NO_FLUSH);
	}
	*len = total - stream->avail_out;
	if (result == Z_STREAM_END)
		return out;
	free(out);
	return NULL;
}
