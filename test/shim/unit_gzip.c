/*
 * unit_gzip.c - tests of gzip.c.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "../../shim/gzip.h"
#include "tap.h"

static void
test_wanted(void)
{
	static const struct
	{
		const char *header;
		enum gzip_wish wish;
	} cases[] = {
		{NULL, GZIP_NO},
		{"", GZIP_NO},
		{"gzip", GZIP_MAY},
		{"GZip", GZIP_MAY},
		{"x-gzip", GZIP_MAY},
		{"gzip, deflate, br, zstd", GZIP_MAY},
		{"deflate, br", GZIP_NO},
		{"br;q=1.0, gzip;q=0.8, *;q=0.1", GZIP_MAY},
		{"gzip;q=0", GZIP_NO},
		{"gzip;q=0.000", GZIP_NO},
		{"gzip;q=0.001", GZIP_MAY},
		{"gzip ; q=1.000", GZIP_MAY},
		{"gzip;q=1.001", GZIP_NO},
		{"gzip;q=2", GZIP_NO},
		{"gzip;q=0.1234", GZIP_NO},
		{"gzip;q=x", GZIP_NO},
		{"gzip;level=9", GZIP_NO},
		{"*", GZIP_MAY},
		{"*;q=0", GZIP_NO},
		{"*;q=0, gzip", GZIP_MUST},
		{"gzip;q=0, *", GZIP_NO},
		{"identity", GZIP_NO},
		{"identity;q=0", GZIP_NO},
		{"identity;q=0, gzip", GZIP_MUST},
		{"gzip;q=0.5, identity;q=0", GZIP_MUST},
		{"gzip;q=0.5, identity", GZIP_NO},
		{"gzip;q=0.5, identity;q=0.5", GZIP_MAY},
		{"gzipped", GZIP_NO},
		{"gzi", GZIP_NO},
		{",,,gzip,,,", GZIP_MAY},
		{";;;,=,gzip;q", GZIP_NO},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		tap_int(gzip_wanted(cases[i].header), cases[i].wish, "gzip: '%s'",
				cases[i].header == NULL ? "no header" : cases[i].header);
}

/* The bytes that a gzip member holds; malloc'ed. */
static char *
unpack(char *packed, size_t len, size_t cap, size_t *out_len)
{
	z_stream stream = {.next_in = (Bytef *) packed, .avail_in = (uInt) len};
	char *out = malloc(cap + 1);

	stream.next_out = (Bytef *) out;
	stream.avail_out = (uInt) cap + 1;
	*out_len = 0;
	if (inflateInit2(&stream, 15 + 16) == Z_OK && inflate(&stream, Z_FINISH) == Z_STREAM_END &&
		stream.avail_in == 0)
		*out_len = cap + 1 - stream.avail_out;
	inflateEnd(&stream);
	return out;
}

/* A text of n bytes that packs well, or not at all. */
static char *
make_text(size_t n, bool noise)
{
	char *text = malloc(n + 1);
	uint32_t seed = 42;

	for (size_t i = 0; i < n; i++)
	{
		seed = seed * 1664525u + 1013904223u;
		text[i] = noise ? (char) (seed >> 24) : "{\"price\":1200}"[i % 14];
	}
	text[n] = '\0';
	return text;
}

static void
test_pack(void)
{
	static const size_t sizes[] = {100, 1025, 32768, 65537, GZIP_MAX_BYTES};
	struct gzip *gzip = gzip_new();

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
	{
		char *text = make_text(sizes[i], false);
		const struct str parts[] = {{text, 7}, {text + 7, sizes[i] - 8}, {text + sizes[i] - 1, 1}};
		size_t len = 0;
		size_t back_len = 0;
		char *packed = gzip_pack(gzip, parts, 3, &len);
		char *back = packed == NULL ? NULL : unpack(packed, len, sizes[i], &back_len);

		tap_ok(packed != NULL && len < sizes[i], "gzip: %zu bytes become fewer", sizes[i]);
		tap_ok(back_len == sizes[i] && memcmp(back, text, sizes[i]) == 0, "gzip: and come back");
		free(back);
		free(packed);
		free(text);
	}
	for (size_t n = 1; n <= 100000; n *= 10)
	{
		char *text = make_text(n, true);
		const struct str part = {text, n};
		size_t len;

		tap_ok(gzip_pack(gzip, &part, 1, &len) == NULL, "gzip: %zu bytes that do not pack", n);
		free(text);
	}
	gzip_free(gzip);
	gzip_free(NULL);
}

void
test_gzip(void)
{
	test_wanted();
	test_pack();
}
