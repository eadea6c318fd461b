/*
 * unit_multipart.c - tests of multipart.c: whatever the pieces in which a form comes, its parts
 * are the same. What is no form is told by test/http/uploads.t.
 */
#include <stdio.h>
#include <string.h>

#include "../../shim/multipart.h"
#include "tap.h"

/* What the handler was told, as one text: "<name:data>". */
struct told
{
	char text[2048];
	size_t len;
	int stop; /* at which call; 0: never */
	int calls;
};

static bool
told_add(struct told *told, const char *data, size_t len)
{
	if (++told->calls == told->stop)
		return false;
	memcpy(told->text + told->len, data, len);
	told->len += len;
	told->text[told->len] = '\0';
	return true;
}

static bool
told_begin(void *cls, const struct multipart_part *part)
{
	char line[MULTIPART_NAME_MAX + 4];
	int n = snprintf(line, sizeof(line), "<%s%s:", part->name, part->file ? "*" : "");

	return told_add(cls, line, (size_t) n);
}

static bool
told_data(void *cls, const char *data, size_t len)
{
	return len > 0 && told_add(cls, data, len);
}

static bool
told_end(void *cls)
{
	return told_add(cls, ">", 1);
}

static const struct multipart_handler handler = {told_begin, told_data, told_end};

/* The parts of a form with boundary "b-b" that comes in pieces of a size. */
static enum multipart_result
read_form(const char *form, size_t len, size_t piece, struct told *told, bool *whole)
{
	struct multipart m;
	enum multipart_result result = MULTIPART_OK;

	told->len = 0;
	told->calls = 0;
	told->text[0] = '\0';
	multipart_init(&m, "b-b", &handler, told);
	for (size_t at = 0; at < len; at += piece)
		result = multipart_feed(&m, form + at, len - at < piece ? len - at : piece);
	*whole = multipart_whole(&m);
	return result;
}

#define HEAD(name) "Content-Disposition: form-data; name=\"" name "\"; filename=\"f\"\r\n\r\n"

static void
test_pieces(void)
{
	static const char form[] =
		"--b-b\r\n" HEAD("image") "one\r\n--b-\r\n--b-\r\r\n-\r\r\n--b-b\r\n" HEAD(
			"images") "\r\n--b-b\r\nContent-Disposition:form-data;name=n\r\n"
					  "\r\n\r\n\r\n--b-b--\r\n";
	struct told told = {.stop = 0};
	bool whole, all = true;

	for (size_t piece = 1; piece <= sizeof(form); piece++)
	{
		all = all && read_form(form, sizeof(form) - 1, piece, &told, &whole) == MULTIPART_OK &&
			  whole &&
			  strcmp(told.text, "<image*:one\r\n--b-\r\n--b-\r\r\n-\r><images*:><n:\r\n>") == 0;
	}
	tap_ok(all, "multipart: in pieces of any size the same parts");
	all = true;
	for (size_t len = 0; len < sizeof(form) - 3; len++)
		all = all && read_form(form, len, 5, &told, &whole) == MULTIPART_OK && !whole;
	tap_ok(all, "multipart: not whole before its last boundary");
	read_form(form, sizeof(form) - 3, 5, &told, &whole);
	tap_ok(whole, "multipart: whole without the last line end");
	read_form(form, sizeof(form) - 2, 5, &told, &whole);
	tap_ok(!whole, "multipart: not with half of it");
}

static void
test_stop(void)
{
	static const char form[] = "--b-b\r\n" HEAD("image") "a\rb\r\n--b-b--";
	struct told told = {.stop = 0};
	bool whole, all = true;
	int calls;

	read_form(form, sizeof(form) - 1, 1, &told, &whole);
	calls = told.calls;
	for (told.stop = 1; told.stop <= calls; told.stop++)
		all = all && read_form(form, sizeof(form) - 1, 1, &told, &whole) == MULTIPART_STOPPED &&
			  !whole && told.calls == told.stop;
	tap_ok(all && calls == 5, "multipart: a handler that stops is not called again");
}

static void
test_boundary(void)
{
	char boundary[MULTIPART_BOUNDARY_MAX + 1];
	char type[128], long_one[MULTIPART_BOUNDARY_MAX + 2];

	tap_int(multipart_boundary(NULL, boundary), MULTIPART_STOPPED, "multipart: no type");
	tap_int(multipart_boundary("multipart/form-data ; x=\"a\\\"b\" ; BOUNDARY=\"a'()+_,-./:=?9\"",
							   boundary),
			MULTIPART_OK, "multipart: a boundary of all letters");
	tap_text(boundary, "a'()+_,-./:=?9", "multipart: as it stands");
	memset(long_one, 'x', sizeof(long_one) - 1);
	long_one[sizeof(long_one) - 1] = '\0';
	snprintf(type, sizeof(type), "multipart/form-data; boundary=%s", long_one);
	tap_int(multipart_boundary(type, boundary), MULTIPART_BAD, "multipart: 71 bytes");
	type[strlen(type) - 1] = '\0';
	tap_int(multipart_boundary(type, boundary), MULTIPART_OK, "multipart: 70 bytes");
	tap_int((long long) strlen(boundary), MULTIPART_BOUNDARY_MAX, "multipart: all of them");
}

void
test_multipart(void)
{
	test_pieces();
	test_stop();
	test_boundary();
}
