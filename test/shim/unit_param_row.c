/*
 * unit_param_row.c - tests of param.c on whole rows of the table.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../shim/param.h"
#include "tap.h"

#define LEN(array) (sizeof(array) / sizeof((array)[0]))
#define UUID "0190abcd-0000-7000-8000-00000000000f"
#define UUID_UPPER "0190ABCD-0000-7000-8000-00000000000F"

static const struct route *
row_of(enum method method, const char *pattern)
{
	for (int i = 0; i < routes_count; i++)
	{
		if (routes_table[i].method == method && strcmp(routes_table[i].pattern, pattern) == 0)
			return &routes_table[i];
	}
	return NULL;
}

/* The names of the refused fields, joined by spaces; or the code of another problem. */
static const char *
refused(const struct route *row, const char *path_value, const char *body, size_t body_len)
{
	static char names[8192];
	const char *paths[] = {path_value, NULL};
	struct param_input in = {.path_values = paths, .body = body, .body_len = body_len};
	struct param_value values[ROUTES_MAX_PARAMS];
	struct problem p = {0};
	size_t i, at = 0;
	json_t *field;

	names[0] = '\0';
	if (param_parse(row, &in, values, &p) != 0 && p.id != ERROR_VALIDATION_ERROR)
		snprintf(names, sizeof(names), "%s", error_code(p.id));
	json_array_foreach (p.fields, i, field)
		at += (size_t) snprintf(names + at, sizeof(names) - at, "%s%s", i > 0 ? " " : "",
								json_string_value(json_object_get(field, "field")));
	param_free(row, values);
	error_free(&p);
	return names;
}

static void
refused_is(const struct route *row, const char *body, const char *want)
{
	tap_text(refused(row, UUID, body, strlen(body)), want, "row %s: %.80s", row->pattern, body);
}

#define CUSTOMER                                                                                   \
	"\"customerInfo\":{\"firstName\":\"Nadia\",\"lastName\":\"Saïd\",\"phone\":\"0555 12 34 56\"}"
#define ADDRESS                                                                                    \
	"\"shippingAddress\":{\"street\":\"12 rue Didouche\",\"city\":\"Alger\",\"region\":\"16\"}"
#define ITEMS "\"items\":[{\"productId\":\"" UUID_UPPER "\",\"quantity\":2,\"unitPrice\":1}]"

static void
test_order(void)
{
	const struct route *row = row_of(METHOD_POST, "/orders/guest");

	refused_is(row, "{" ITEMS "," CUSTOMER "," ADDRESS ",\"totalAmount\":1,\"currency\":\"DZD\"}",
			   "");
	refused_is(row,
			   "{" ITEMS "," CUSTOMER "," ADDRESS
			   ",\"coupons\":[\"A\"],\"giftCards\":null,\"deliveryMode\":\"Stop_Desk\"}",
			   "");
	refused_is(row,
			   "{" ITEMS "," CUSTOMER "," ADDRESS
			   ",\"coupons\":\"A\",\"giftCards\":[\"A\",7],\"deliveryMode\":\"drone\"}",
			   "coupons giftCards[1] deliveryMode");
	refused_is(row, "{}",
			   "items customerInfo.firstName customerInfo.lastName customerInfo.phone "
			   "shippingAddress.street shippingAddress.city shippingAddress.region");
	refused_is(row, "{\"items\":[]," CUSTOMER "," ADDRESS "}", "items");
	refused_is(row, "{\"items\":{}," CUSTOMER "," ADDRESS "}", "items");
	refused_is(row, "{\"items\":\"x\"," CUSTOMER "," ADDRESS "}", "items");
	refused_is(row, "{\"items\":null," CUSTOMER "," ADDRESS "}", "items");
	refused_is(row, "{\"items\":[1,null,[]]," CUSTOMER "," ADDRESS "}",
			   "items[0] items[1] items[2]");
	refused_is(
		row, "{\"items\":[{\"productId\":\"" UUID "\"},{\"quantity\":1}]," CUSTOMER "," ADDRESS "}",
		"items[1].productId items[0].quantity");
	refused_is(
		row,
		"{\"items\":[{\"productId\":\"x\",\"quantity\":0},{\"productId\":7,\"quantity\":\"1\"}]," CUSTOMER
		"," ADDRESS "}",
		"items[0].productId items[1].productId items[0].quantity items[1].quantity");
	refused_is(row, "{" ITEMS ",\"customerInfo\":\"x\"," ADDRESS "}",
			   "customerInfo customerInfo.firstName customerInfo.lastName customerInfo.phone");
	refused_is(row, "{" ITEMS ",\"customerInfo\":[]," ADDRESS "}",
			   "customerInfo customerInfo.firstName customerInfo.lastName customerInfo.phone");
	refused_is(row, "", "body");
	refused_is(row, "   ", "body");
	refused_is(row, "null", "body");
	refused_is(row, "[]", "body");
	refused_is(row, "\"x\"", "body");
	refused_is(row, "7", "body");
}

/* An order of n equal lines; the caller frees it. */
static char *
order_body(int n)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	fputs("{\"items\":[", out);
	for (int i = 0; i < n; i++)
		fprintf(out, "%s{\"productId\":\"" UUID "\",\"quantity\":%d}", i > 0 ? "," : "", i + 1);
	fputs("]," CUSTOMER "," ADDRESS "}", out);
	fclose(out);
	return text;
}

static void
test_order_values(void)
{
	const struct route *row = row_of(METHOD_POST, "/orders/guest");
	struct param_value values[ROUTES_MAX_PARAMS];
	struct problem p = {0};
	char *body = order_body(2);
	struct param_input in = {.body = body, .body_len = strlen(body)};

	tap_int(param_parse(row, &in, values, &p), 0, "order: two lines");
	tap_text(values[0].text, "{\"" UUID "\",\"" UUID "\"}", "order: products");
	tap_text(values[1].text, "{\"1\",\"2\"}", "order: quantities");
	tap_text(values[4].text, "0555 12 34 56", "order: phone");
	tap_text(values[5].text, NULL, "order: no e-mail");
	param_free(row, values);
	param_free(row, values);
	free(body);
	body = order_body(50);
	refused_is(row, body, "");
	free(body);
	body = order_body(51);
	refused_is(row, body, "items");
	free(body);
}

static void
test_unreadable(void)
{
	static const char *const bodies[] = {
		"{",
		"{}x",
		"{} {}",
		"\xEF\xBB\xBF{}",
		"{\"a\":1,\"a\":2}",
		"{\"x\":{\"a\":1,\"a\":2}}",
		"{'a':1}",
		"{\"a\":1,}",
		"{\"\\u0000\":1}",
		"// x\n{}",
		"undefined",
		"honeypot=1&x=2",
		"{\"a\":\"\\ud83d\"}",
		"{\"a\":1e999}",
	};
	const struct route *order = row_of(METHOD_POST, "/orders/guest");
	const struct route *deliver = row_of(METHOD_POST, "/admin/orders/:orderId/deliver");
	char *deep = malloc(20000);

	for (size_t i = 0; i < LEN(bodies); i++)
	{
		refused_is(order, bodies[i], "MALFORMED_REQUEST");
		refused_is(deliver, bodies[i], "MALFORMED_REQUEST");
	}
	tap_text(refused(order, NULL, "{}\0", 3), "MALFORMED_REQUEST",
			 "unreadable: a NUL after the value");
	memset(deep, '[', 10000);
	memset(deep + 10000, ']', 10000);
	tap_text(refused(deliver, UUID, deep, 20000), "MALFORMED_REQUEST", "unreadable: 10 000 deep");
	tap_text(refused(deliver, UUID, deep + 10000 - 65, 130), "MALFORMED_REQUEST",
			 "unreadable: 65 deep");
	tap_text(refused(deliver, UUID, deep + 10000 - 64, 128), "", "unreadable: 64 deep is read");
	refused_is(deliver,
			   "{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"\"}",
			   "");
	free(deep);
	refused_is(deliver, "", "");
	refused_is(deliver, "null", "");
	refused_is(deliver, "{\"anything\":1}", "");
}

static void
test_strict(void)
{
	static const struct param_def defs[] = {
		{"items[].id", IN_BODY, T_UUID_ARRAY, 1, 5, 0, NULL},
		{"info.name", IN_BODY, T_TEXT, 1, 5, 0, NULL},
	};
	struct route row = {.method = METHOD_POST,
						.pattern = "/x",
						.flags = RF_STRICT_BODY,
						.params = defs,
						.nparams = LEN(defs)};
	const struct route *cancel = row_of(METHOD_POST, "/admin/orders/:orderId/cancel");
	const struct route *status = row_of(METHOD_PATCH, "/admin/orders/:orderId/status");

	refused_is(cancel, "", "");
	refused_is(cancel, "{}", "");
	refused_is(cancel, "{\"reason\":\"x\"}", "");
	refused_is(cancel, "{\"reason\":\"x\",\"role\":\"ADMIN\"}", "role");
	refused_is(cancel, "null", "body");
	refused_is(status, "{\"status\":\"shipped\",\"notes\":\"a\\nb\"}", "");
	refused_is(status, "{\"notes\":\"x\"}", "status");
	refused_is(status, "{\"status\":\"lost\",\"paid\":true,\"__proto__\":{}}",
			   "status paid __proto__");
	refused_is(status, "{\"status\":\"SHIPPED\",\"<script>\":1,\"a b\":2}", "body");
	refused_is(status, "{\"status\":\"SHIPPED\",\"\":1}", "body");
	refused_is(&row, "{\"items\":[{\"id\":\"" UUID "\",\"price\":1}],\"info\":{\"age\":1},\"x\":1}",
			   "items[0].price info.age x");
	refused_is(&row, "{\"items\":[{\"id\":\"" UUID "\"}],\"info\":{\"name\":\"a\"}}", "");
	refused_is(&row, "{\"ite\":1,\"info.name\":1,\"items[].id\":1}", "ite body");
}

/* A body that is passed on whole: n bytes of compact JSON; the caller frees it. */
static char *
document(int n)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	fprintf(out, "{\"name\":\"%0*d\"}", n - 11, 0);
	fclose(out);
	return text;
}

static void
test_whole_body(void)
{
	const struct route *create = row_of(METHOD_POST, "/admin/promotions");
	const struct route *update = row_of(METHOD_PUT, "/admin/promotions/:id");
	static const struct
	{
		const char *body;
		const char *want;
	} cases[] = {
		{"{}", ""},
		{" { \"b\" : [ 1 , 2.50 ] ,\t\"a\" : { \"x\" : null } } ", ""},
		{"{\"anything\":1,\"\":2,\"<script>\":3}", ""},
		{"", "body"},
		{"null", "body"},
		{"[]", "body"},
		{"[{}]", "body"},
		{"\"{}\"", "body"},
		{"7", "body"},
		{"{\"a\":1,\"a\":1}", "MALFORMED_REQUEST"},
		{"{\"a\":\"\\u0000\"}", "MALFORMED_REQUEST"},
		{"{\"a\\u0000b\":1}", "MALFORMED_REQUEST"},
		{"{\"a\":\"\xff\"}", "MALFORMED_REQUEST"},
		{"{} {}", "MALFORMED_REQUEST"},
		{"{\"a\":123456789012345678901}", "MALFORMED_REQUEST"},
	};
	struct param_value values[ROUTES_MAX_PARAMS];
	const char *path[] = {UUID, NULL};
	struct problem p = {0};
	char *text;

	for (size_t i = 0; i < LEN(cases); i++)
	{
		refused_is(create, cases[i].body, cases[i].want);
		refused_is(update, cases[i].body, cases[i].want);
	}
	tap_int(param_parse(update,
						&(struct param_input){.path_values = path,
											  .body = cases[1].body,
											  .body_len = strlen(cases[1].body)},
						values, &p),
			0, "whole body: read");
	tap_text(values[0].text, UUID, "whole body: after the path");
	tap_text(values[1].text, "{\"a\":{\"x\":null},\"b\":[1,2.5]}",
			 "whole body: compact and sorted");
	param_free(update, values);
	for (int n = 65536; n <= 65537; n++)
	{
		text = document(n);
		tap_int((long long) strlen(text), n, "whole body: %d bytes", n);
		tap_text(refused(create, NULL, text, strlen(text)), n == 65536 ? "" : "body",
				 "whole body: at most 65536");
		free(text);
	}
}

static void
test_body_list(void)
{
	const struct route *quote = row_of(METHOD_POST, "/cart/quote");
	static const struct param_def needed = {"tags", IN_BODY, T_TEXT_LIST, 1, 2, P_REQUIRED, NULL};
	struct route row = {.method = METHOD_POST,
						.pattern = "/x",
						.flags = RF_STRICT_BODY,
						.params = &needed,
						.nparams = 1};
	char body[600];

	refused_is(quote, "{\"coupons\":[\"A\",\"B\",\"C\",\"D\",\"E\",\"F\",\"G\",\"H\",\"I\",\"J\"]}",
			   "");
	refused_is(quote,
			   "{\"coupons\":[\"A\",\"B\",\"C\",\"D\",\"E\",\"F\",\"G\",\"H\",\"I\",\"J\",\"K\"]}",
			   "coupons");
	refused_is(quote, "{\"coupons\":[\"A\",1,\"\",null,\"B\",\"x\\ty\"]}",
			   "coupons[1] coupons[2] coupons[3] coupons[5]");
	snprintf(body, sizeof(body), "{\"coupons\":[\"%0255d\",\"%0256d\"]}", 0, 0);
	refused_is(quote, body, "coupons[1]");
	refused_is(&row, "{}", "tags");
	refused_is(&row, "{\"tags\":null}", "tags");
	refused_is(&row, "{\"tags\":[]}", "tags");
	refused_is(&row, "{\"tags\":[\"a\",\"b\"]}", "");
	refused_is(&row, "{\"tags\":[\"a\"],\"tag\":1}", "tag");
}

static void
test_cart(void)
{
	const struct route *add = row_of(METHOD_POST, "/cart/items");
	const struct route *set = row_of(METHOD_PUT, "/cart/items/:itemId");
	const struct route *sync = row_of(METHOD_POST, "/cart/sync");
	const struct route *quote = row_of(METHOD_POST, "/cart/quote");
	const struct route *coupon = row_of(METHOD_POST, "/cart/coupons");

	refused_is(add, "{\"productId\":\"" UUID "\",\"quantity\":1,\"price\":\"1\",\"name\":null}",
			   "");
	refused_is(add, "{\"productId\":\"" UUID "\",\"quantity\":0}", "quantity");
	refused_is(add, "{\"productId\":\"x\",\"quantity\":1000}", "productId quantity");
	refused_is(add, "", "body");
	refused_is(set, "{\"quantity\":0}", "");
	refused_is(set, "{\"quantity\":1000}", "quantity");
	refused_is(set, "{\"quantity\":\"1\"}", "quantity");
	refused_is(sync, "{\"items\":[]}", "");
	refused_is(sync, "{}", "items");
	refused_is(sync, "{\"items\":[{\"productId\":\"" UUID "\",\"quantity\":1,\"image\":null}]}",
			   "");
	refused_is(quote, "", "");
	refused_is(quote, "{}", "");
	refused_is(quote, "{\"items\":[]}", "items");
	refused_is(quote, "{\"items\":[{\"productId\":\"" UUID "\"}],\"deliveryMode\":\"drone\"}",
			   "items[0].quantity deliveryMode");
	refused_is(coupon, "{\"code\":\" X \"}", "");
	refused_is(coupon, "{\"code\":\" \"}", "code");
	refused_is(coupon, "{\"code\":\"X\",\"amount\":1}", "amount");
}

static void
test_paths(void)
{
	const struct route *order = row_of(METHOD_GET, "/admin/orders/:orderId");
	const struct route *product = row_of(METHOD_GET, "/products/:idOrSlug");
	const struct route *wilaya = row_of(METHOD_GET, "/wilayas/:code/shipping-cost");
	char slug[260];

	memset(slug, 's', sizeof(slug));
	slug[255] = '\0';
	tap_text(refused(order, UUID, NULL, 0), "", "path: a uuid");
	tap_text(refused(order, "7", NULL, 0), "NOT_FOUND", "path: no uuid");
	tap_text(refused(order, UUID " ", NULL, 0), "NOT_FOUND", "path: a uuid and a space");
	tap_text(refused(product, "vanne-gaz", NULL, 0), "", "path: a slug");
	tap_text(refused(product, slug, NULL, 0), "", "path: a slug of 255");
	slug[255] = 's';
	slug[256] = '\0';
	tap_text(refused(product, slug, NULL, 0), "NOT_FOUND", "path: a slug of 256");
	tap_text(refused(product, "a\nb", NULL, 0), "NOT_FOUND", "path: a line feed");
	tap_text(refused(wilaya, "16", NULL, 0), "", "path: a wilaya");
	tap_text(refused(wilaya, " ", NULL, 0), "NOT_FOUND", "path: a blank wilaya");
}

static void
test_login(void)
{
	const struct route *row = row_of(METHOD_POST, "/admin/login");
	struct param_value values[ROUTES_MAX_PARAMS];
	struct problem p = {0};
	const char *body =
		"{\"email\":\" Admin@Shop.DZ \",\"password\":\"  p\\t\\u00e9 \",\"rememberMe\":true}";
	struct param_input in = {.body = body, .body_len = strlen(body)};
	char text[256];

	tap_int(param_parse(row, &in, values, &p), 0, "login: read");
	tap_text(values[0].text, "admin@shop.dz", "login: the address is trimmed and lower case");
	tap_text(values[1].text, "  p\té ", "login: the password is taken as it is");
	param_free(row, values);
	for (int bytes = 72; bytes <= 73; bytes++)
	{
		snprintf(text, sizeof(text), "{\"email\":\"a@b.dz\",\"password\":\"%0*d\"}", bytes, 0);
		refused_is(row, text, bytes == 72 ? "" : "password");
	}
	snprintf(text, sizeof(text), "{\"email\":\"a@b.dz\",\"password\":\"%070dé\"}", 0);
	refused_is(row, text, "");
	snprintf(text, sizeof(text), "{\"email\":\"a@b.dz\",\"password\":\"%071dé\"}", 0);
	refused_is(row, text, "password");
	refused_is(row, "{\"email\":\"a@b.dz\",\"password\":\"\"}", "password");
	refused_is(row, "{\"email\":\"a@b.dz\",\"password\":\"a\\u0000b\"}", "MALFORMED_REQUEST");
}

/* ---- Headers ---- */

static void
test_idempotency_key(void)
{
	static const struct
	{
		const char *header;
		const char *key; /* NULL: refused */
	} cases[] = {
		{"abc", "abc"},
		{"\"abc\"", "abc"},
		{" \"abc\" ", "abc"},
		{"a b", "a b"},
		{"\"a\\\"b\"", "a\"b"},
		{"\"a\\\\b\"", "a\\b"},
		{"a\"b", "a\"b"},
		{"", NULL},
		{"  ", NULL},
		{"\"\"", NULL},
		{"\"", NULL},
		{"\"abc", NULL},
		{"\"a\"b\"", NULL},
		{"\"abc\";p=1", NULL},
		{"\"a\\x\"", NULL},
		{"\"abc\\\"", NULL},
		{"é", NULL},
		{"a\x7f", NULL},
		{"a\tb", NULL},
		{"a\nb", NULL},
	};
	char key[PARAM_KEY_MAX + 1];
	char header[300];

	for (size_t i = 0; i < LEN(cases); i++)
	{
		bool ok = param_idempotency_key(cases[i].header, key);

		tap_text(ok ? key : NULL, cases[i].key, "key: case %zu", i);
	}
	for (int quoted = 0; quoted <= 1; quoted++)
	{
		for (int n = 255; n <= 256; n++)
		{
			snprintf(header, sizeof(header), quoted ? "\"%0*d\"" : "%0*d", n, 0);
			tap_ok(param_idempotency_key(header, key) == (n == 255), "key: %d characters", n);
		}
	}
}

static void
test_content_type(void)
{
	static const struct
	{
		const char *header;
		bool ok;
	} cases[] = {
		{"application/json", true},
		{"Application/JSON ; Charset=UTF-8", true},
		{"application/json;charset=\"utf-8\"", true},
		{"application/json; profile=x", true},
		{"application/json;", true},
		{"application/json; charset=utf-16", false},
		{"application/json; charset=utf-8; charset=latin1", false},
		{"application/json; charset=", false},
		{"application/jsonp", false},
		{"application/json-patch+json", false},
		{"text/plain", false},
		{"application/x-www-form-urlencoded", false},
		{"", false},
		{NULL, false},
	};

	for (size_t i = 0; i < LEN(cases); i++)
		tap_ok(param_content_type_ok(cases[i].header) == cases[i].ok, "content type: %s",
			   cases[i].header ? cases[i].header : "none");
	tap_ok(param_content_type_beacon("application/json"), "beacon: JSON");
	tap_ok(param_content_type_beacon("text/plain;charset=UTF-8"), "beacon: text");
	tap_ok(!param_content_type_beacon("text/plain;charset=utf-16"), "beacon: no other encoding");
	tap_ok(!param_content_type_beacon("text/html"), "beacon: no page");
	tap_ok(!param_content_type_beacon(NULL), "beacon: not without a type");
}

/* Batches of events: handed on as they came, the database reads them. */
static void
test_raw_body(void)
{
	const struct route *row = row_of(METHOD_POST, "/analytics/events");
	const char *body = " {\"b\" : 1.50,\t\"a\" : [ } ";
	struct param_value values[ROUTES_MAX_PARAMS];
	struct problem p = {0};
	char *text = malloc(262145);

	tap_int(
		param_parse(row, &(struct param_input){.body = body, .body_len = strlen(body)}, values, &p),
		0, "raw body: read");
	tap_text(values[0].text, body, "raw body: byte by byte");
	param_free(row, values);
	refused_is(row, "", "body");
	refused_is(row, "{\"a\":\"\xff\"}", "MALFORMED_REQUEST");
	refused_is(row, "{\"a\":\"\xed\xa0\x80\"}", "MALFORMED_REQUEST");
	tap_text(refused(row, UUID, "{\0}", 3), "MALFORMED_REQUEST", "raw body: NUL");
	memset(text, 'x', 262145);
	tap_text(refused(row, UUID, text, 262144), "", "raw body: 256 kB");
	tap_text(refused(row, UUID, text, 262145), "body", "raw body: and no more");
	free(text);
}

void
test_param_row(void)
{
	test_order();
	test_order_values();
	test_unreadable();
	test_strict();
	test_whole_body();
	test_raw_body();
	test_body_list();
	test_cart();
	test_paths();
	test_login();
	test_idempotency_key();
	test_content_type();
}
