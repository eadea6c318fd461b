/*
 * unit_redact.c - tests of redact.c.
 */
#include <string.h>

#include "../../shim/redact.h"
#include "tap.h"

#define JWT "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJlXzEtMg"
#define TOKEN43 "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA"

static void
test_shapes(void)
{
	static const struct
	{
		const char *in;
		const char *out;
	} cases[] = {
		{"", ""},
		{"/api/v1/products/chaudiere-murale-24-kw", "/api/v1/products/chaudiere-murale-24-kw"},
		{"/x/" JWT, "/x/[jwt]"},
		{"/x/" JWT "/y", "/x/[jwt]/y"},
		{"/x/eyJhbGciOiJub25lIn0.e30.", "/x/[jwt]"},
		{"Mozilla (" JWT ")", "Mozilla ([jwt])"},
		{"$2b$12$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZabcde./", "[hash]"},
		{"x$2a$12$abc/def", "x[hash]"},
		{"$1 is no hash, $2 neither", "$1 is no hash, $2 neither"},
		{"/pay/4111111111111111", "/pay/[card]"},
		{"4111 1111 1111 1111 and 4111-1111-1111-1111.", "[card] and [card]."},
		{"/pay/4111111111111112", "/pay/4111111111111112"},
		{"/pay/4222222222222", "/pay/[card]"},
		{"/pay/6304000000000000000", "/pay/[card]"},
		{"/pay/630400000000000000000", "/pay/630400000000000000000"},
		{"/o/MJ-2026-000123", "/o/MJ-2026-000123"},
		{"/x/amina.benali+shop@mail.example.dz/y", "/x/[email]/y"},
		{"mail:a@b.dz,c@d.dz", "mail:[email],[email]"},
		{"@@@ a@ @b.dz a@localhost", "@@@ a@ @b.dz a@localhost"},
		{"/reset/" TOKEN43, "/reset/[token]"},
		{"/x/0f0e0d0c-1111-4222-8333-000000000001", "/x/0f0e0d0c-1111-4222-8333-000000000001"},
		{"/x/12345678-1234-4234-8234-123456789012", "/x/12345678-1234-4234-8234-123456789012"},
		{"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0",
		 "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		char out[512];

		redact(cases[i].in, out, sizeof(out));
		tap_text(out, cases[i].out, "redact: %s", cases[i].in);
	}
}

static void
test_cut(void)
{
	char out[8];

	for (size_t cap = 1; cap <= sizeof(out); cap++)
	{
		memset(out, '#', sizeof(out));
		redact("/" JWT "/products", out, cap);
		tap_int((long long) strlen(out), (long long) cap - 1, "redact: %zu bytes", cap);
	}
	redact("abcdefghij", out, sizeof(out));
	tap_text(out, "abcdefg", "redact: a text is cut");
}

void
test_redact(void)
{
	test_shapes();
	test_cut();
}
