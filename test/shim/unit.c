/*
 * unit.c - runs the unit tests of the shim's pure modules and prints TAP.
 *
 * Link: every test/shim/ *.c with every part of the shim but main.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tap.h"

/* The counters of this program; a test program may have state. */
static int tap_count;
static int tap_failed;

static bool tap_result(bool pass, const char *name, va_list args)
	__attribute__((format(printf, 2, 0)));

static bool
tap_result(bool pass, const char *name, va_list args)
{
	tap_count++;
	tap_failed += !pass;
	printf("%s %d - ", pass ? "ok" : "not ok", tap_count);
	vprintf(name, args);
	putchar('\n');
	return pass;
}

bool
tap_ok(bool pass, const char *name, ...)
{
	va_list args;

	va_start(args, name);
	tap_result(pass, name, args);
	va_end(args);
	return pass;
}

bool
tap_text(const char *got, const char *want, const char *name, ...)
{
	bool pass = got == NULL || want == NULL ? got == want : strcmp(got, want) == 0;
	va_list args;

	va_start(args, name);
	tap_result(pass, name, args);
	va_end(args);
	if (!pass)
		printf("#      got: %s\n# expected: %s\n", got ? got : "(null)", want ? want : "(null)");
	return pass;
}

bool
tap_int(long long got, long long want, const char *name, ...)
{
	va_list args;

	va_start(args, name);
	tap_result(got == want, name, args);
	va_end(args);
	if (got != want)
		printf("#      got: %lld\n# expected: %lld\n", got, want);
	return got == want;
}

int
tap_done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed > 0;
}

int
main(void)
{
	test_text();
	test_route();
	test_error();
	test_param();
	test_param_row();
	test_auth();
	test_session();
	test_password();
	test_id_token();
	test_limit();
	test_gzip();
	test_cache();
	test_redact();
	test_deliver();
	test_provider();
	test_pdf();
	test_media();
	test_multipart();
	return tap_done();
}
