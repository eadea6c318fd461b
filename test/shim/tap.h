/*
 * tap.h - the few calls that the unit tests of the shim print TAP with.
 */
#ifndef MJC_TEST_TAP_H
#define MJC_TEST_TAP_H

#include <stdbool.h>

/* tap_ok - one test; the name is printf-like. Returns pass. */
bool tap_ok(bool pass, const char *name, ...) __attribute__((format(printf, 2, 3)));

/* tap_text - one test that two texts are equal; either may be NULL. */
bool tap_text(const char *got, const char *want, const char *name, ...)
	__attribute__((format(printf, 3, 4)));

/* tap_int - one test that two numbers are equal. */
bool tap_int(long long got, long long want, const char *name, ...)
	__attribute__((format(printf, 3, 4)));

/* tap_done - print the plan; returns the exit status. */
int tap_done(void);

/* The groups of tests, one a file. */
void test_text(void);
void test_route(void);
void test_error(void);
void test_param(void);
void test_param_row(void);
void test_auth(void);
void test_session(void);
void test_password(void);
void test_id_token(void);
void test_limit(void);
void test_gzip(void);
void test_cache(void);
void test_redact(void);
void test_deliver(void);
void test_provider(void);
void test_pdf(void);
void test_media(void);
void test_multipart(void);

#endif
