/*
 * unit_text.c - tests of text.c.
 */
#include <stdlib.h>
#include <string.h>

#include "../../shim/text.h"
#include "tap.h"

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

static void
test_utf8(void)
{
	static const struct
	{
		const char *name;
		const char *bytes;
		size_t len;
		bool valid;
	} cases[] = {
		{"ASCII", "chaudiere", 9, true},
		{"empty", "", 0, true},
		{"French", "chaudière", 10, true},
		{"Arabic", "مضخة", 8, true},
		{"four bytes", "\xF0\x9F\x94\xA5", 4, true},
		{"the last character", "\xF4\x8F\xBF\xBF", 4, true},
		{"past the last character", "\xF4\x90\x80\x80", 4, false},
		{"NUL", "a\0b", 3, false},
		{"lone continuation", "\x80", 1, false},
		{"overlong slash", "\xC0\xAF", 2, false},
		{"overlong in three", "\xE0\x80\xAF", 3, false},
		{"overlong in four", "\xF0\x80\x80\xAF", 4, false},
		{"surrogate", "\xED\xA0\x80", 3, false},
		{"cut short", "\xE2\x82", 2, false},
		{"0xFF", "\xFF", 1, false},
	};

	for (size_t i = 0; i < LEN(cases); i++)
		tap_ok(text_utf8_valid(cases[i].bytes, cases[i].len) == cases[i].valid, "utf8: %s",
			   cases[i].name);
	tap_int((long long) text_utf8_length("chaudière مضخة", strlen("chaudière مضخة")), 14,
			"utf8: length in characters");
	tap_ok(text_has_control("a\x1b", 2, false), "utf8: escape is a control character");
	tap_ok(text_has_control("a\x7f", 2, false), "utf8: DEL is a control character");
	tap_ok(text_has_control("\xC2\x85", 2, false), "utf8: U+0085 is a control character");
	tap_ok(!text_has_control("\xC2\xA0", 2, false), "utf8: U+00A0 is not");
	tap_ok(text_has_control("a\nb", 3, false), "utf8: a line feed is one");
	tap_ok(!text_has_control("a\nb", 3, true), "utf8: a line feed may be allowed");
	tap_ok(text_has_control("a\tb", 3, true), "utf8: a tab may not");
}

static void
test_trim(void)
{
	static const struct
	{
		const char *in;
		const char *out;
	} cases[] = {
		{"  a b\t\r\n", "a b"}, {"", ""}, {"   ", ""}, {"\xC2\xA0x\xC2\xA0 ", "x"}, {"é", "é"},
	};

	for (size_t i = 0; i < LEN(cases); i++)
	{
		const char *s = cases[i].in;
		size_t len = strlen(s);
		char *copy;

		text_trim(&s, &len);
		copy = text_dup(s, len);
		tap_text(copy, cases[i].out, "trim: case %zu", i);
		free(copy);
	}
}

static void
test_path_decode(void)
{
	static const struct
	{
		const char *raw;
		const char *out;
	} cases[] = {
		{"/products/a%20b", "/products/a b"},
		{"/a+b", "/a+b"},
		{"/caf%C3%A9", "/café"},
		{"/%252e", "/%2e"},
		{"/..%2f", "/../"},
		{"/%00", NULL},
		{"/a%00b", NULL},
		{"/%ff", NULL},
		{"/%", NULL},
		{"/%4", NULL},
		{"/%zz", NULL},
		{"/a b", NULL},
		{"/a\x01", NULL},
		{"products", NULL},
		{"", NULL},
	};

	for (size_t i = 0; i < LEN(cases); i++)
	{
		char *out;

		text_path_decode(cases[i].raw, strlen(cases[i].raw), &out);
		tap_text(out, cases[i].out, "path: %s", i == 12 ? "raw control character" : cases[i].raw);
		free(out);
	}
}

static void
test_query_parse(void)
{
	static const char *const bad[] = {"a=%00", "a=%ff", "a=%",		  "a=%f",
									  "%zz=1", "a=b c", "a=%ED%A0%80"};
	const char *raw = "a=1&&b=x+y&c&a=%2B%26&=v&d=";
	struct kv *pairs;
	int n;

	tap_int(text_query_parse(raw, strlen(raw), 10, &pairs, &n), TEXT_OK, "query: parsed");
	if (tap_int(n, 6, "query: six pairs"))
	{
		tap_text(pairs[1].value, "x y", "query: plus is a space");
		tap_text(pairs[2].value, "", "query: a name alone has an empty value");
		tap_text(pairs[3].value, "+&", "query: escapes are decoded after splitting");
		tap_text(pairs[4].name, "", "query: a name may be empty");
		tap_text(pairs[5].name, "d", "query: the last pair");
	}
	text_query_free(pairs, n);
	tap_int(text_query_parse("", 0, 10, &pairs, &n), TEXT_OK, "query: empty");
	tap_int(n, 0, "query: empty has no pairs");
	text_query_free(pairs, n);
	tap_int(text_query_parse("a&b&c", 5, 3, &pairs, &n), TEXT_OK,
			"query: as many pairs as allowed");
	text_query_free(pairs, n);
	tap_int(text_query_parse("a&b&c&d", 7, 3, &pairs, &n), TEXT_BAD, "query: one pair too many");
	for (size_t i = 0; i < LEN(bad); i++)
	{
		tap_int(text_query_parse(bad[i], strlen(bad[i]), 9, &pairs, &n), TEXT_BAD, "query: %s",
				bad[i]);
		text_query_free(pairs, n);
	}
}

static void
test_base64url(void)
{
	static const char *const bad[] = {"A",	"AAAAA", "QQ=", "QQ==", "Q Q",
									  "QR", "QUJ",	 "Q+",	"Q/",	"Q\n"};
	unsigned char raw[64];
	char text[64];
	size_t len;

	for (size_t n = 0; n < 20; n++)
	{
		unsigned char in[20];

		for (size_t i = 0; i < n; i++)
			in[i] = (unsigned char) (i * 37 + 0xF0 + n);
		tap_ok(text_base64url_decode(text, text_base64url_encode(in, n, text), raw, &len) &&
				   len == n && memcmp(in, raw, n) == 0,
			   "base64url: %zu bytes there and back", n);
	}
	for (size_t i = 0; i < LEN(bad); i++)
		tap_ok(!text_base64url_decode(bad[i], strlen(bad[i]), raw, &len),
			   "base64url: bad input %zu is refused", i);
}

/* More than are fetched ahead at once. */
static void
test_uuid_many(void)
{
	char ids[100][TEXT_UUID_SIZE];
	int twice = 0;

	for (size_t i = 0; i < LEN(ids); i++)
	{
		if (!text_uuid_v4(ids[i]))
			twice++;
		for (size_t j = 0; j < i; j++)
			twice += strcmp(ids[i], ids[j]) == 0;
	}
	tap_int(twice, 0, "uuid: of a hundred each is another");
}

static void
test_ids(void)
{
	char out[TEXT_UUID_SIZE] = "";
	char other[TEXT_UUID_SIZE];
	char hex[7];

	tap_ok(text_uuid_parse("0190ABCD-0000-7000-8000-00000000000F", 36, out), "uuid: any case");
	tap_text(out, "0190abcd-0000-7000-8000-00000000000f", "uuid: to lower case");
	tap_ok(!text_uuid_parse("0190abcd-0000-7000-8000-00000000000", 35, out), "uuid: too short");
	tap_ok(!text_uuid_parse("0190abcd-0000-7000-8000-00000000000g", 36, out), "uuid: not hex");
	tap_ok(!text_uuid_parse("0190abcd00000-7000-8000-00000000000f", 36, out), "uuid: dash missing");
	tap_ok(!text_uuid_parse("{190abcd-0000-7000-8000-0000000000f}", 36, out), "uuid: braces");
	tap_ok(text_uuid_v4(out) && text_uuid_parse(out, strlen(out), other),
		   "uuid: a random one is one");
	tap_ok(out[14] == '4' && strchr("89ab", out[19]) != NULL, "uuid: version and variant");
	tap_ok(text_uuid_v4(other) && strcmp(out, other) != 0, "uuid: two random ones differ");
	test_uuid_many();
	text_hex((const unsigned char *) "\x00\x7f\xff", 3, hex);
	tap_text(hex, "007fff", "hex: lower case, every byte two digits");
}

static void
test_lists(void)
{
	static const char *const items[] = {"a", "b\"c", "d\\e", "f,g", "", "NULL", "{}"};
	const char *list = " a, ,b";
	struct str item;
	char *literal;

	tap_ok(text_list_next(&list, &item) && item.len == 1 && item.ptr[0] == 'a', "list: first");
	tap_ok(text_list_next(&list, &item) && item.len == 0, "list: an empty entry");
	tap_ok(text_list_next(&list, &item) && item.len == 1 && item.ptr[0] == 'b', "list: last");
	tap_ok(!text_list_next(&list, &item), "list: end");
	literal = text_array(items, LEN(items));
	tap_text(literal, "{\"a\",\"b\\\"c\",\"d\\\\e\",\"f,g\",\"\",\"NULL\",\"{}\"}",
			 "array: quoting");
	free(literal);
	literal = text_array(items, 0);
	tap_text(literal, "{}", "array: empty");
	free(literal);
}

void
test_text(void)
{
	test_utf8();
	test_trim();
	test_path_decode();
	test_query_parse();
	test_base64url();
	test_ids();
	test_lists();
}
