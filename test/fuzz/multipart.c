/*
 * multipart.c - libFuzzer entry: a form in pieces, and the header that names its boundary.
 *
 * Line 1 of the input is a Content-Type, the rest a body. Whatever they are, the parts are the
 * same in pieces of one byte, of three, and in one; and a whole form in which each part is
 * put back between its boundaries has the same parts.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../shim/multipart.h"

#define INPUT_MAX_BYTES 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the handler was told: a byte before each name, the data, a byte behind it. */
struct told
{
	char *text;
	size_t len;
	size_t cap;
	int parts;
};

static bool
told_add(struct told *told, const char *data, size_t len)
{
	if (len > told->cap - told->len)
		abort(); /* more than came in */
	memcpy(told->text + told->len, data, len);
	told->len += len;
	return true;
}

static bool
told_begin(void *cls, const struct multipart_part *part)
{
	struct told *told = cls;

	if (!part->named || strlen(part->name) > MULTIPART_NAME_MAX)
		abort();
	told->parts++;
	return told_add(told, "<", 1) && told_add(told, part->name, strlen(part->name)) &&
		   told_add(told, part->file ? "*" : ":", 1);
}

static bool
told_data(void *cls, const char *data, size_t len)
{
	if (len == 0)
		abort();
	return told_add(cls, data, len);
}

static bool
told_end(void *cls)
{
	return told_add(cls, ">", 1);
}

static bool
read_form(const char *boundary, const char *body, size_t len, size_t piece, struct told *told)
{
	static const struct multipart_handler handler = {told_begin, told_data, told_end};
	struct multipart m;

	told->len = 0;
	told->parts = 0;
	multipart_init(&m, boundary, &handler, told);
	for (size_t at = 0; at < len; at += piece)
	{
		size_t n = len - at < piece ? len - at : piece;
		char *copy = malloc(n); /* exact, so that reading past the end is seen */

		memcpy(copy, body + at, n);
		(void) multipart_feed(&m, copy, n);
		free(copy);
	}
	return multipart_whole(&m);
}

static void
try_form(const char *boundary, const char *body, size_t len)
{
	struct told one = {.cap = 2 * len + 8}, other = {.cap = 2 * len + 8};
	bool whole;

	one.text = malloc(one.cap);
	other.text = malloc(other.cap);
	whole = read_form(boundary, body, len, len == 0 ? 1 : len, &one);
	for (size_t piece = 1; piece <= 3; piece += 2)
	{
		if (read_form(boundary, body, len, piece, &other) != whole || other.len != one.len ||
			other.parts != one.parts || memcmp(other.text, one.text, one.len) != 0)
			abort();
	}
	free(one.text);
	free(other.text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char boundary[MULTIPART_BOUNDARY_MAX + 1];
	const char *body;
	char *copy, *end;

	if (size > INPUT_MAX_BYTES)
		return 0;
	copy = calloc(size + 1, 1);
	if (size > 0)
		memcpy(copy, data, size);
	end = memchr(copy, '\n', size);
	body = end == NULL ? copy : end + 1;
	if (end != NULL)
		*end = '\0';
	if (multipart_boundary(copy, boundary) == MULTIPART_OK)
	{
		if (boundary[0] == '\0' || strlen(boundary) > MULTIPART_BOUNDARY_MAX)
			abort();
		try_form(boundary, body, size - (size_t) (body - copy));
	}
	else
		try_form("b", body, size - (size_t) (body - copy));
	free(copy);
	return 0;
}
