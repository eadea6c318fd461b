/*
 * unit_param.c - tests of param.c and param_type.c, one value at a time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../shim/param.h"
#include "../../shim/text.h"
#include "tap.h"

#define LEN(array) (sizeof(array) / sizeof((array)[0]))
#define UUID "0190abcd-0000-7000-8000-00000000000f"
#define UUID_UPPER "0190ABCD-0000-7000-8000-00000000000F"
#define TEXT_FLAGS (P_TRIM | P_NULL_IF_EMPTY)

struct value_case
{
	const char *in; /* query text, or JSON; NULL: absent */
	const char *out;
	enum error_id error; /* ERROR_NONE: accepted */
};

/* The error of the only refused field; ERROR_NONE when there is no such list. */
static enum error_id
field_error(const struct problem *p)
{
	json_t *entry = json_array_get(p->fields, 0);

	if (p->id != ERROR_VALIDATION_ERROR || json_array_size(p->fields) != 1)
		return p->id == ERROR_VALIDATION_ERROR ? ERROR__MAX : p->id;
	return (enum error_id) json_integer_value(json_object_get(entry, "id"));
}

static void
value_check(const struct route *row, const struct param_input *in, const struct value_case *want,
			const char *name)
{
	struct param_value values[ROUTES_MAX_PARAMS];
	struct problem p = {0};
	int result = param_parse(row, in, values, &p);

	tap_int(field_error(&p), want->error, "%s: %s", name, want->in ? want->in : "absent");
	tap_text(values[0].text, want->out, "%s: its value", name);
	if ((result == 0) != (p.id == ERROR_NONE))
		tap_ok(false, "%s: result and problem agree", name);
	param_free(row, values);
	error_free(&p);
}

static void
query_cases(const char *name, struct param_def def, const struct value_case *cases, size_t n)
{
	struct route row = {.method = METHOD_GET, .pattern = "/x", .params = &def, .nparams = 1};

	def.path = "v";
	def.where = IN_QUERY;
	for (size_t i = 0; i < n; i++)
	{
		char *value = cases[i].in == NULL ? NULL : text_dup(cases[i].in, strlen(cases[i].in));
		struct kv pair = {(char[]){"v"}, value};
		struct param_input in = {.query = &pair, .nquery = value != NULL};

		value_check(&row, &in, &cases[i], name);
		free(value);
	}
}

static void
body_cases(const char *name, struct param_def def, const struct value_case *cases, size_t n)
{
	struct route row = {.method = METHOD_POST, .pattern = "/x", .params = &def, .nparams = 1};

	def.path = "v";
	def.where = IN_BODY;
	for (size_t i = 0; i < n; i++)
	{
		char body[4096];
		int len = snprintf(body, sizeof(body), cases[i].in == NULL ? "{}" : "{\"v\":%s}",
						   cases[i].in == NULL ? "" : cases[i].in);
		struct param_input in = {.body = body, .body_len = (size_t) len};

		value_check(&row, &in, &cases[i], name);
	}
}

#define QUERY(name, def, cases) query_cases(name, (struct param_def) def, cases, LEN(cases))
#define BODY(name, def, cases) body_cases(name, (struct param_def) def, cases, LEN(cases))
#define DEF(...)                                                                                   \
	{                                                                                              \
		NULL, IN_QUERY, __VA_ARGS__                                                                \
	}

static void
test_ints(void)
{
	static const struct value_case query[] = {
		{NULL, NULL, ERROR_NONE},
		{"", NULL, ERROR_NONE},
		{"1", "1", ERROR_NONE},
		{"999", "999", ERROR_NONE},
		{" 7 ", "7", ERROR_NONE},
		{"007", "7", ERROR_NONE},
		{"0", NULL, ERROR_FIELD_RANGE},
		{"1000", NULL, ERROR_FIELD_RANGE},
		{"-1", NULL, ERROR_FIELD_RANGE},
		{"2147483648", NULL, ERROR_FIELD_RANGE},
		{"9999999999", NULL, ERROR_FIELD_RANGE},
		{"99999999999", NULL, ERROR_FIELD_TYPE},
		{"1.5", NULL, ERROR_FIELD_TYPE},
		{"1e2", NULL, ERROR_FIELD_TYPE},
		{"x", NULL, ERROR_FIELD_TYPE},
		{"+1", NULL, ERROR_FIELD_TYPE},
		{"-", NULL, ERROR_FIELD_TYPE},
		{"0x10", NULL, ERROR_FIELD_TYPE},
		{"١", NULL, ERROR_FIELD_TYPE},
		{"NaN", NULL, ERROR_FIELD_TYPE},
	};
	static const struct value_case body[] = {
		{"1", "1", ERROR_NONE},
		{"999", "999", ERROR_NONE},
		{NULL, NULL, ERROR_FIELD_REQUIRED},
		{"null", NULL, ERROR_FIELD_REQUIRED},
		{"0", NULL, ERROR_FIELD_RANGE},
		{"-0", NULL, ERROR_FIELD_RANGE},
		{"-1", NULL, ERROR_FIELD_RANGE},
		{"1000", NULL, ERROR_FIELD_RANGE},
		{"2147483648", NULL, ERROR_FIELD_RANGE},
		{"9223372036854775807", NULL, ERROR_FIELD_RANGE},
		{"\"1\"", NULL, ERROR_FIELD_TYPE},
		{"1.0", NULL, ERROR_FIELD_TYPE},
		{"1e2", NULL, ERROR_FIELD_TYPE},
		{"1.5", NULL, ERROR_FIELD_TYPE},
		{"true", NULL, ERROR_FIELD_TYPE},
		{"[1]", NULL, ERROR_FIELD_TYPE},
		{"{}", NULL, ERROR_FIELD_TYPE},
		{"99999999999999999999", NULL, ERROR_MALFORMED_REQUEST},
		{"1e999", NULL, ERROR_MALFORMED_REQUEST},
		{"NaN", NULL, ERROR_MALFORMED_REQUEST},
		{"01", NULL, ERROR_MALFORMED_REQUEST},
		{"+1", NULL, ERROR_MALFORMED_REQUEST},
	};

	QUERY("query int", DEF(T_INT, 1, 999, TEXT_FLAGS, NULL), query);
	BODY("body int", DEF(T_INT, 1, 999, P_REQUIRED, NULL), body);
}

static void
test_money(void)
{
	static const struct value_case query[] = {
		{NULL, NULL, ERROR_NONE},
		{"", NULL, ERROR_NONE},
		{"0", "0", ERROR_NONE},
		{"-0", "0", ERROR_NONE},
		{"1", "100", ERROR_NONE},
		{"1.5", "150", ERROR_NONE},
		{"1234.56", "123456", ERROR_NONE},
		{"0.29", "29", ERROR_NONE},
		{"0010.10", "1010", ERROR_NONE},
		{"100000000.00", "10000000000", ERROR_NONE},
		{"100000000.01", NULL, ERROR_FIELD_RANGE},
		{"99999999999999999999", NULL, ERROR_FIELD_RANGE},
		{"-1", NULL, ERROR_FIELD_RANGE},
		{"-0.01", NULL, ERROR_FIELD_RANGE},
		{"1.234", NULL, ERROR_FIELD_FORMAT},
		{"1.", NULL, ERROR_FIELD_FORMAT},
		{".5", NULL, ERROR_FIELD_FORMAT},
		{"1,5", NULL, ERROR_FIELD_FORMAT},
		{"1e3", NULL, ERROR_FIELD_FORMAT},
		{"1.x", NULL, ERROR_FIELD_FORMAT},
		{"1.5x", NULL, ERROR_FIELD_FORMAT},
		{"abc", NULL, ERROR_FIELD_FORMAT},
		{"-", NULL, ERROR_FIELD_FORMAT},
		{"1.-5", NULL, ERROR_FIELD_FORMAT},
	};
	static const struct value_case body[] = {
		{NULL, NULL, ERROR_NONE},
		{"null", NULL, ERROR_NONE},
		{"0", "0", ERROR_NONE},
		{"12", "1200", ERROR_NONE},
		{"12.5", "1250", ERROR_NONE},
		{"1.005e2", "10050", ERROR_NONE},
		{"0.1", "10", ERROR_NONE},
		{"0.29", "29", ERROR_NONE},
		{"1.15", "115", ERROR_NONE},
		{"2.675", NULL, ERROR_FIELD_FORMAT},
		{"1.005", NULL, ERROR_FIELD_FORMAT},
		{"0.001", NULL, ERROR_FIELD_FORMAT},
		{"99999999.99", "9999999999", ERROR_NONE},
		{"100000000", "10000000000", ERROR_NONE},
		{"100000001", NULL, ERROR_FIELD_RANGE},
		{"100000000.01", NULL, ERROR_FIELD_RANGE},
		{"1e300", NULL, ERROR_FIELD_RANGE},
		{"9223372036854775807", NULL, ERROR_FIELD_RANGE},
		{"-9223372036854775808", NULL, ERROR_FIELD_RANGE},
		{"-0.01", NULL, ERROR_FIELD_RANGE},
		{"\"12.50\"", NULL, ERROR_FIELD_TYPE},
		{"true", NULL, ERROR_FIELD_TYPE},
	};

	QUERY("query money", DEF(T_MONEY, 0, 10000000000, TEXT_FLAGS, NULL), query);
	BODY("body money", DEF(T_MONEY, 0, 10000000000, 0, NULL), body);
}

/* Every amount of two decimals is read exactly, whatever its binary fraction. */
static void
test_money_exact(void)
{
	struct param_def def = {"v", IN_BODY, T_MONEY, 0, 1000000000000000, 0, NULL};
	struct route row = {.method = METHOD_POST, .pattern = "/x", .params = &def, .nparams = 1};
	bool all = true;

	for (long long c = 1; c < 900000000000000; c = c * 3 / 2 + 7)
	{
		struct param_value value;
		struct problem p = {0};
		char body[64], want[32];
		int len = snprintf(body, sizeof(body), "{\"v\":%lld.%02lld}", c / 100, c % 100);
		struct param_input in = {.body = body, .body_len = (size_t) len};

		snprintf(want, sizeof(want), "%lld", c);
		all = all && param_parse(&row, &in, &value, &p) == 0 && strcmp(value.text, want) == 0;
		param_free(&row, &value);
		error_free(&p);
	}
	tap_ok(all, "money: exact up to nine thousand thousand million");
}

static void
test_texts(void)
{
	static const struct value_case query[] = {
		{NULL, NULL, ERROR_NONE},
		{"   ", NULL, ERROR_NONE},
		{"ab", "ab", ERROR_NONE},
		{" ab ", "ab", ERROR_NONE},
		{"مضخة", "مضخة", ERROR_NONE},
		{"éèàùç", "éèàùç", ERROR_NONE},
		{"a", NULL, ERROR_FIELD_LENGTH},
		{"abcdef", NULL, ERROR_FIELD_LENGTH},
		{"a\nb", NULL, ERROR_FIELD_FORMAT},
		{"a\tb", NULL, ERROR_FIELD_FORMAT},
		{"a\x1b", NULL, ERROR_FIELD_FORMAT},
		{"a\x7f", NULL, ERROR_FIELD_FORMAT},
		{"a'--", "a'--", ERROR_NONE},
		{"%_", "%_", ERROR_NONE},
	};
	static const struct value_case body[] = {
		{NULL, NULL, ERROR_FIELD_REQUIRED},
		{"null", NULL, ERROR_FIELD_REQUIRED},
		{"\"\"", NULL, ERROR_FIELD_REQUIRED},
		{"\"  \"", NULL, ERROR_FIELD_REQUIRED},
		{"\"ab\"", "ab", ERROR_NONE},
		{"\"a\\\"b\"", "a\"b", ERROR_NONE},
		{"\"\\u00e9\\u0645\"", "éم", ERROR_NONE},
		{"1", NULL, ERROR_FIELD_TYPE},
		{"[\"ab\"]", NULL, ERROR_FIELD_TYPE},
		{"\"a\\u0001\"", NULL, ERROR_FIELD_FORMAT},
		{"\"a\\nb\"", NULL, ERROR_FIELD_FORMAT},
		{"\"abcdef\"", NULL, ERROR_FIELD_LENGTH},
		{"\"a\\u0000\"", NULL, ERROR_MALFORMED_REQUEST},
		{"\"\\ud800\"", NULL, ERROR_MALFORMED_REQUEST},
		{"\"\xff\"", NULL, ERROR_MALFORMED_REQUEST},
		{"\"\xed\xa0\x80\"", NULL, ERROR_MALFORMED_REQUEST},
		{"\"a\nb\"", NULL, ERROR_MALFORMED_REQUEST},
	};
	static const struct value_case notes[] = {
		{"\"a\\nb\"", "a\nb", ERROR_NONE},
		{"\"a\\r\\nb\"", "a\nb", ERROR_NONE},
		{"\"a\\rb\"", NULL, ERROR_FIELD_FORMAT},
		{"\"a\\tb\"", NULL, ERROR_FIELD_FORMAT},
		{"\"\"", NULL, ERROR_NONE},
	};

	QUERY("query text", DEF(T_TEXT, 2, 5, TEXT_FLAGS, NULL), query);
	BODY("body text", DEF(T_TEXT, 2, 5, TEXT_FLAGS | P_REQUIRED, NULL), body);
	BODY("notes", DEF(T_TEXT, 0, 5, TEXT_FLAGS | P_MULTILINE, NULL), notes);
}

static void
test_words(void)
{
	static const struct value_case choice[] = {
		{NULL, NULL, ERROR_NONE},
		{"", NULL, ERROR_NONE},
		{"asc", "asc", ERROR_NONE},
		{"ASC", "asc", ERROR_NONE},
		{"createdat", "createdAt", ERROR_NONE},
		{"as", NULL, ERROR_FIELD_CHOICE},
		{"asc|desc", NULL, ERROR_FIELD_CHOICE},
		{"|", NULL, ERROR_FIELD_CHOICE},
		{"asc;drop", NULL, ERROR_FIELD_CHOICE},
	};
	static const struct value_case boolean[] = {
		{NULL, NULL, ERROR_NONE},	  {"", NULL, ERROR_NONE},	 {"true", "true", ERROR_NONE},
		{"TRUE", "true", ERROR_NONE}, {"1", "true", ERROR_NONE}, {"false", "false", ERROR_NONE},
		{"yes", "false", ERROR_NONE},
	};
	static const struct value_case json_boolean[] = {
		{"true", "true", ERROR_NONE},
		{"false", "false", ERROR_NONE},
		{"\"true\"", NULL, ERROR_FIELD_TYPE},
		{"1", NULL, ERROR_FIELD_TYPE},
	};
	static const struct value_case uuid[] = {
		{UUID, UUID, ERROR_NONE},
		{UUID_UPPER, UUID, ERROR_NONE},
		{"7", NULL, ERROR_FIELD_FORMAT},
		{UUID "0", NULL, ERROR_FIELD_FORMAT},
	};

	QUERY("choice", DEF(T_CHOICE, 0, 0, TEXT_FLAGS, "asc|desc|createdAt"), choice);
	QUERY("query bool", DEF(T_BOOL, 0, 0, TEXT_FLAGS, NULL), boolean);
	BODY("body bool", DEF(T_BOOL, 0, 0, 0, NULL), json_boolean);
	QUERY("uuid", DEF(T_UUID, 0, 0, TEXT_FLAGS, NULL), uuid);
}

static void
test_contacts(void)
{
	static const struct value_case phone[] = {
		{NULL, NULL, ERROR_FIELD_REQUIRED},
		{"0555123456", "0555123456", ERROR_NONE},
		{" +213 555 12 34 56 ", "+213 555 12 34 56", ERROR_NONE},
		{"(0)555-12.34/56", "(0)555-12.34/56", ERROR_NONE},
		{"٠٥٥٥١٢٣٤٥٦", "٠٥٥٥١٢٣٤٥٦", ERROR_NONE},
		{"۰۵۵۵۱۲۳۴۵۶", "۰۵۵۵۱۲۳۴۵۶", ERROR_NONE},
		{"12345678", "12345678", ERROR_NONE},
		{"1234567", NULL, ERROR_FIELD_PHONE},
		{"123456789012345678901", NULL, ERROR_FIELD_PHONE},
		{"0555x12345", NULL, ERROR_FIELD_PHONE},
		{"0555\n12345", NULL, ERROR_FIELD_PHONE},
		{"téléphone!", NULL, ERROR_FIELD_PHONE},
	};
	static const struct value_case email[] = {
		{"", NULL, ERROR_NONE},
		{"A.B+c@Example.DZ", "a.b+c@example.dz", ERROR_NONE},
		{"a@b.co", "a@b.co", ERROR_NONE},
		{"a", NULL, ERROR_FIELD_LENGTH},
		{"a@b", NULL, ERROR_FIELD_EMAIL},
		{"@b.dz", NULL, ERROR_FIELD_EMAIL},
		{"a@", NULL, ERROR_FIELD_LENGTH},
		{"abc@", NULL, ERROR_FIELD_EMAIL},
		{"a@b@c.dz", NULL, ERROR_FIELD_EMAIL},
		{"a b@c.dz", NULL, ERROR_FIELD_EMAIL},
		{"<a@c.dz>", NULL, ERROR_FIELD_EMAIL},
		{"a@-c.dz", NULL, ERROR_FIELD_EMAIL},
		{"a@c..dz", NULL, ERROR_FIELD_EMAIL},
		{"a@c.dz.", NULL, ERROR_FIELD_EMAIL},
		{"a..b@c.dz", NULL, ERROR_FIELD_EMAIL},
		{".a@c.dz", NULL, ERROR_FIELD_EMAIL},
		{"a@c_d.dz", NULL, ERROR_FIELD_EMAIL},
		{"a@exämple.dz", NULL, ERROR_FIELD_EMAIL},
		{"a\r\nBcc: x@c.dz", NULL, ERROR_FIELD_FORMAT},
	};

	QUERY("phone", DEF(T_PHONE, 8, 20, TEXT_FLAGS | P_REQUIRED, NULL), phone);
	QUERY("email", DEF(T_EMAIL, 3, 254, TEXT_FLAGS | P_LOWER, NULL), email);
}

static void
test_times(void)
{
	static const struct value_case from[] = {
		{"2025-11-20", "2025-11-20 00:00:00+01:00", ERROR_NONE},
		{"2024-02-29", "2024-02-29 00:00:00+01:00", ERROR_NONE},
		{"2025-11-20T10:00:00.000Z", "2025-11-20 10:00:00.000+00:00", ERROR_NONE},
		{"2025-11-20T10:00", "2025-11-20 10:00:00+01:00", ERROR_NONE},
		{"2025-11-20 10:00:59", "2025-11-20 10:00:59+01:00", ERROR_NONE},
		{"2025-11-20T10:00:00+0530", "2025-11-20 10:00:00+05:30", ERROR_NONE},
		{"2025-11-20T10:00:00-03", "2025-11-20 10:00:00-03:00", ERROR_NONE},
		{"2023-02-29", NULL, ERROR_FIELD_FORMAT},
		{"2100-02-29", NULL, ERROR_FIELD_FORMAT},
		{"2025-13-01", NULL, ERROR_FIELD_FORMAT},
		{"2025-00-01", NULL, ERROR_FIELD_FORMAT},
		{"2025-01-32", NULL, ERROR_FIELD_FORMAT},
		{"2025-01-00", NULL, ERROR_FIELD_FORMAT},
		{"2025-1-1", NULL, ERROR_FIELD_FORMAT},
		{"20250101", NULL, ERROR_FIELD_FORMAT},
		{"0001-01-01", NULL, ERROR_FIELD_FORMAT},
		{"99999-01-01", NULL, ERROR_FIELD_FORMAT},
		{"2025-01-01T", NULL, ERROR_FIELD_FORMAT},
		{"2025-01-01T24:00", NULL, ERROR_FIELD_FORMAT},
		{"2025-01-01T10:60", NULL, ERROR_FIELD_FORMAT},
		{"2025-01-01T10:00:60", NULL, ERROR_FIELD_FORMAT},
		{"2025-01-01T10:00:00.", NULL, ERROR_FIELD_FORMAT},
		{"2025-01-01T10:00:00.1234567890", NULL, ERROR_FIELD_FORMAT},
		{"2025-01-01T10:00:00+15:00", NULL, ERROR_FIELD_FORMAT},
		{"2025-01-01T10:00:00+1", NULL, ERROR_FIELD_FORMAT},
		{"2025-01-01T10:00:00Zx", NULL, ERROR_FIELD_FORMAT},
		{"2025-01-01T10:00:00 Africa/Algiers and a lot more text", NULL, ERROR_FIELD_FORMAT},
		{"now", NULL, ERROR_FIELD_FORMAT},
		{"infinity", NULL, ERROR_FIELD_FORMAT},
	};
	static const struct value_case to[] = {
		{NULL, NULL, ERROR_NONE},
		{"2025-11-20", "2025-11-21 00:00:00+01:00", ERROR_NONE},
		{"2025-11-30", "2025-12-01 00:00:00+01:00", ERROR_NONE},
		{"2025-12-31", "2026-01-01 00:00:00+01:00", ERROR_NONE},
		{"2024-02-28", "2024-02-29 00:00:00+01:00", ERROR_NONE},
		{"2025-11-20T10:00", "2025-11-20 10:00:00+01:00", ERROR_NONE},
	};

	static const struct value_case body_to[] = {
		{NULL, NULL, ERROR_NONE},
		{"\" 2025-11-20 \"", "2025-11-21 00:00:00+01:00", ERROR_NONE},
		{"\"2025-11-20T10:00:00.000Z\"", "2025-11-20 10:00:00.000+00:00", ERROR_NONE},
		{"\"2025-02-30\"", NULL, ERROR_FIELD_FORMAT},
		{"20251120", NULL, ERROR_FIELD_TYPE},
	};

	QUERY("from", DEF(T_TIME_FROM, 0, 0, TEXT_FLAGS, NULL), from);
	BODY("to in a body", DEF(T_TIME_TO, 0, 0, TEXT_FLAGS, NULL), body_to);
	QUERY("to", DEF(T_TIME_TO, 0, 0, TEXT_FLAGS, NULL), to);
}

static void
test_lists_and_json(void)
{
	static const struct value_case list[] = {
		{NULL, NULL, ERROR_NONE},
		{"", NULL, ERROR_NONE},
		{" , ,", NULL, ERROR_NONE},
		{"a", "{\"a\"}", ERROR_NONE},
		{"a, b ,c", "{\"a\",\"b\",\"c\"}", ERROR_NONE},
		{"a\"b,c\\d", "{\"a\\\"b\",\"c\\\\d\"}", ERROR_NONE},
		{"a,b,c,d", NULL, ERROR_FIELD_COUNT},
		{"a,b\x01", NULL, ERROR_FIELD_FORMAT},
	};
	static const struct value_case body_list[] = {
		{NULL, NULL, ERROR_NONE},
		{"null", NULL, ERROR_NONE},
		{"[]", "{}", ERROR_NONE},
		{"[\"a\"]", "{\"a\"}", ERROR_NONE},
		{"[\" a \",\"b,c\"]", "{\"a\",\"b,c\"}", ERROR_NONE},
		{"[\"NULL\",\"{}\",\"\\\\\"]", "{\"NULL\",\"{}\",\"\\\\\"}", ERROR_NONE},
		{"[\"a\",\"b\",\"c\",\"d\"]", NULL, ERROR_FIELD_COUNT},
		{"[\"a\",\"\"]", NULL, ERROR_FIELD_LENGTH},
		{"[\"  \"]", NULL, ERROR_FIELD_LENGTH},
		{"[1]", NULL, ERROR_FIELD_TYPE},
		{"[null]", NULL, ERROR_FIELD_TYPE},
		{"[[\"a\"]]", NULL, ERROR_FIELD_TYPE},
		{"[\"a\\nb\"]", NULL, ERROR_FIELD_FORMAT},
		{"\"a,b\"", NULL, ERROR_FIELD_TYPE},
		{"{\"0\":\"a\"}", NULL, ERROR_FIELD_TYPE},
		{"7", NULL, ERROR_FIELD_TYPE},
	};
	static const struct value_case json[] = {
		{"[1500.10,0.1,99999999999.99,1.5,2.0]", "[1500.1,0.1,99999999999.99,1.5,2.0]", ERROR_NONE},
		{"{\"b\":1,\"a\":[true,null]}", "{\"a\":[true,null],\"b\":1}", ERROR_NONE},
		{"\"x\"", "\"x\"", ERROR_NONE},
		{"\"01234567890123456789012345678901234567890\"", NULL, ERROR_FIELD_LENGTH},
	};
	struct param_def def = {"v", IN_QUERY, T_TEXT_LIST, 0, 3, TEXT_FLAGS, NULL};
	struct route row = {.method = METHOD_GET, .pattern = "/x", .params = &def, .nparams = 1};
	char v[] = "v", a[] = "a,b", b[] = "c", c[] = "d", long_entry[300];
	struct kv twice[] = {{v, a}, {v, b}, {v, c}};
	struct value_case both = {"a,b and c", "{\"a\",\"b\",\"c\"}", ERROR_NONE};
	struct value_case many = {"a,b and c and d", NULL, ERROR_FIELD_COUNT};
	struct value_case too_long = {"an entry of 256 characters", NULL, ERROR_FIELD_LENGTH};
	struct value_case scalar = {"a scalar twice", NULL, ERROR_FIELD_TYPE};

	QUERY("list", DEF(T_TEXT_LIST, 0, 3, TEXT_FLAGS, NULL), list);
	value_check(&row, &(struct param_input){.query = twice, .nquery = 2}, &both, "list");
	value_check(&row, &(struct param_input){.query = twice, .nquery = 3}, &many, "list");
	memset(long_entry, 'x', 256);
	long_entry[256] = '\0';
	twice[0].value = long_entry;
	value_check(&row, &(struct param_input){.query = twice, .nquery = 1}, &too_long, "list");
	def.type = T_TEXT;
	def.max = 500;
	value_check(&row, &(struct param_input){.query = twice, .nquery = 2}, &scalar, "query");
	BODY("body list", DEF(T_TEXT_LIST, 0, 3, 0, NULL), body_list);
	BODY("json text", DEF(T_JSON_TEXT, 1, 40, 0, NULL), json);
}

void
test_param(void)
{
	test_ints();
	test_money();
	test_money_exact();
	test_texts();
	test_words();
	test_contacts();
	test_times();
	test_lists_and_json();
}
