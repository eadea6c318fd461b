/*
 * unit_route.c - tests of route.c, and the invariants of the table in routes.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../shim/route.h"
#include "tap.h"

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

static void
test_found(void)
{
	static const struct
	{
		enum method method;
		const char *path;
		const char *pattern;
		const char *value;
	} cases[] = {
		{METHOD_GET, "/", "/", NULL},
		{METHOD_GET, "/api", "/", NULL},
		{METHOD_GET, "/api/v1", "/", NULL},
		{METHOD_GET, "/health", "/health", NULL},
		{METHOD_GET, "/api/health/live", "/health/live", NULL},
		{METHOD_GET, "/products", "/products", NULL},
		{METHOD_GET, "/api/products", "/products", NULL},
		{METHOD_GET, "/api/v1/products", "/products", NULL},
		{METHOD_GET, "/api/api/v1/products", "/products", NULL},
		{METHOD_GET, "/api/v1/api/products", "/products", NULL},
		{METHOD_GET, "/v1/api/v1/products/featured", "/products/featured", NULL},
		{METHOD_GET, "/products/categories", "/products/categories", NULL},
		{METHOD_GET, "/products/vanne-gaz", "/products/:idOrSlug", "vanne-gaz"},
		{METHOD_GET, "/products/api", "/products/:idOrSlug", "api"},
		{METHOD_GET, "/products/a b", "/products/:idOrSlug", "a b"},
		{METHOD_POST, "/products/x/inventory", "/products/:id/inventory", "x"},
		{METHOD_GET, "/products/...", "/products/:idOrSlug", "..."},
		{METHOD_GET, "/wilayas/16/shipping-cost", "/wilayas/:code/shipping-cost", "16"},
		{METHOD_GET, "/boilers/models/x/parts", "/boilers/models/:id/parts", "x"},
		{METHOD_GET, "/admin/orders/stats", "/admin/orders/stats", NULL},
		{METHOD_GET, "/admin/orders/7", "/admin/orders/:orderId", "7"},
		{METHOD_PUT, "/admin/orders/7/status", "/admin/orders/:orderId/status", "7"},
		{METHOD_PATCH, "/api/v1/admin/orders/7/status", "/admin/orders/:orderId/status", "7"},
		{METHOD_POST, "/orders/guest", "/orders/guest", NULL},
		{METHOD_GET, "/cart", "/cart", NULL},
		{METHOD_DELETE, "/api/cart", "/cart", NULL},
		{METHOD_DELETE, "/cart/items/7", "/cart/items/:itemId", "7"},
		{METHOD_DELETE, "/cart/coupons/ÉTÉ", "/cart/coupons/:code", "ÉTÉ"},
		{METHOD_DELETE, "/admin/price-lists/7/prices/8", "/admin/price-lists/:id/prices/:priceId",
		 "7"},
	};

	for (size_t i = 0; i < LEN(cases); i++)
	{
		struct route_match match;
		enum route_result result = route_match(cases[i].method, cases[i].path, &match);

		tap_ok(result == ROUTE_OK && match.row->method == cases[i].method, "route: %s is found",
			   cases[i].path);
		tap_text(match.row == NULL ? NULL : match.row->pattern, cases[i].pattern,
				 "route: its pattern");
		tap_text(match.nvalues == 0 ? NULL : match.values[0], cases[i].value, "route: its value");
		route_match_free(&match);
	}
}

static void
test_not_found(void)
{
	static const char *const paths[] = {
		"",
		"x",
		"/nope",
		"//",
		"/products//",
		"//products",
		"/products/",
		"/api/",
		"/api//products",
		"/products/..",
		"/api/./products",
		"/products/../products",
		"/products;x",
		"/products/a;b",
		"/.",
		"/..",
		"/productsx",
		"/product",
		"/Products",
		"/products/a/b",
		"/wilayas//shipping-cost",
		"/apiv1/products",
		"/API/products",
		"/v2/products",
		"/admin/orders/7/status/x",
		"/%2e",
	};

	for (size_t i = 0; i < LEN(paths); i++)
	{
		struct route_match match;

		tap_int(route_match(METHOD_GET, paths[i], &match), ROUTE_NOT_FOUND, "route: no %s",
				paths[i]);
		route_match_free(&match);
	}
}

static void
test_allow(void)
{
	static const struct
	{
		enum method method;
		const char *path;
		const char *allow;
	} cases[] = {
		{METHOD_POST, "/wilayas", "GET, HEAD, OPTIONS"},
		{METHOD_OPTIONS, "/wilayas", "GET, HEAD, OPTIONS"},
		{METHOD_GET, "/auth/login", "POST, OPTIONS"},
		{METHOD_GET, "/admin/orders/7/status", "PUT, PATCH, OPTIONS"},
		{METHOD_DELETE, "/admin/orders/stats", "GET, HEAD, PATCH, OPTIONS"},
		{METHOD_GET, "/products/x/inventory", "POST, OPTIONS"},
		{METHOD_POST, "/cart", "GET, HEAD, DELETE, OPTIONS"},
		{METHOD_GET, "/cart/items/7", "PUT, DELETE, OPTIONS"},
		{METHOD_PATCH, "/admin/promotions/7", "GET, HEAD, PUT, DELETE, OPTIONS"},
	};

	for (size_t i = 0; i < LEN(cases); i++)
	{
		struct route_match match;

		tap_int(route_match(cases[i].method, cases[i].path, &match), ROUTE_METHOD,
				"allow: %s does not take %s", cases[i].path, routes_method_name(cases[i].method));
		tap_text(match.allow, cases[i].allow, "allow: its list");
		route_match_free(&match);
	}
}

/* Whether the ":names" of the pattern are the IN_PATH params in that order. */
static bool
path_params_agree(const struct route *row)
{
	const char *at = row->pattern;

	for (int i = 0; i < row->nparams; i++)
	{
		size_t len = strlen(row->params[i].path);

		if (row->params[i].where != IN_PATH)
			continue;
		at = strchr(at, ':');
		if (at == NULL || strncmp(at + 1, row->params[i].path, len) != 0 ||
			(at[1 + len] != '\0' && at[1 + len] != '/'))
			return false;
		at++;
	}
	return strchr(at, ':') == NULL;
}

/* Whether a parameter at "" takes the body whole and nothing else reads it. */
static bool
body_is_whole(const struct route *row, const struct param_def *def)
{
	int in_body = 0;

	for (int i = 0; i < row->nparams; i++)
		in_body += row->params[i].where == IN_BODY;
	return in_body == 1 &&
		   (def->type == T_JSON_TEXT || def->type == T_JSON_RAW || def->type == T_FILE) &&
		   (def->flags & P_REQUIRED) != 0 && (row->flags & RF_STRICT_BODY) == 0;
}

static bool
param_is_sane(const struct route *row, const struct param_def *def)
{
	bool array = def->type == T_UUID_ARRAY || def->type == T_INT_ARRAY;

	if (array != (strstr(def->path, "[].") != NULL) || (array && def->where != IN_BODY))
		return false;
	if (def->type == T_TEXT_LIST && def->where == IN_PATH)
		return false;
	if (def->type == T_JSON_TEXT && def->where != IN_BODY)
		return false;
	if (def->type == T_JSON_RAW && (def->path[0] != '\0' || row->nparams != 1))
		return false;
	if (def->type == T_FILE && def->path[0] != '\0')
		return false;
	if (def->path[0] == '\0' && !body_is_whole(row, def))
		return false;
	if ((def->type == T_CHOICE) != (def->choices != NULL) || def->min > def->max)
		return false;
	return def->where != IN_BODY || row->method != METHOD_GET;
}

/* Whether an array of the row's has a T_UUID_ARRAY that limits its length. */
static bool
arrays_are_limited(const struct route *row)
{
	bool ints = false, uuids = false;

	for (int i = 0; i < row->nparams; i++)
	{
		ints = ints || row->params[i].type == T_INT_ARRAY;
		uuids = uuids || row->params[i].type == T_UUID_ARRAY;
	}
	return uuids || !ints;
}

static void
test_table(void)
{
	for (int i = 0; i < routes_count; i++)
	{
		const struct route *row = &routes_table[i];
		bool write = (row->flags & RF_WRITE) != 0;
		bool sane = true;

		for (int k = 0; k < row->nparams; k++)
			sane = sane && param_is_sane(row, &row->params[k]);
		tap_ok(path_params_agree(row), "table: %s names its path values", row->pattern);
		tap_ok(sane && row->nparams <= ROUTES_MAX_PARAMS && arrays_are_limited(row),
			   "table: %s has sound params", row->pattern);
		tap_ok((row->function == NULL) ==
				   (row->action != ACTION_NONE && row->action != ACTION_LOGOUT &&
					row->action != ACTION_CODE && row->action != ACTION_UPLOAD &&
					row->action != ACTION_CHECKOUT),
			   "table: %s has a function or an action", row->pattern);
		tap_ok(routes_args(row) <= ROUTES_MAX_ARGS, "table: %s has room for its arguments",
			   row->pattern);
		tap_ok((row->flags & RF_CART) == 0 ||
				   (row->role != ROLE_PUBLIC && strncmp(row->pattern, "/cart", 5) == 0),
			   "table: %s takes a cart only from its owner", row->pattern);
		tap_ok(!(write && row->method == METHOD_GET) &&
				   (write || (row->flags & RF_IDEMPOTENT) == 0),
			   "table: %s writes only where it may", row->pattern);
		tap_ok((row->flags & RF_STREAM) == 0 ||
				   (row->method == METHOD_GET && !write && row->action == ACTION_NONE &&
					(row->flags & (RF_RAW | RF_PAGE | RF_MESSAGES | RF_CART)) == 0),
			   "table: %s is called again only where that does no harm", row->pattern);
		tap_ok((row->flags & RF_EVENT) == 0 ||
				   (row->method == METHOD_POST && row->role == ROLE_OPTIONAL &&
					(row->flags & (RF_WRITE | RF_RECORDS | RF_CART)) == 0),
			   "table: %s takes events from everybody", row->pattern);
		for (int k = 0; k < i; k++)
		{
			if (routes_table[k].method == row->method &&
				strcmp(routes_table[k].pattern, row->pattern) == 0)
				tap_ok(false, "table: %s stands twice", row->pattern);
		}
	}
}

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

static void
test_sql(void)
{
	char *sql = routes_sql(row_of(METHOD_PATCH, "/admin/orders/:orderId/status"));

	tap_text(sql,
			 "SELECT * FROM mjc_api.staff_order_status_set($1::uuid,$2::integer,$3::uuid,$4::text,"
			 "$5::uuid,$6::text,$7::text,$8::text)",
			 "sql: a staff write");
	free(sql);
	sql = routes_sql(row_of(METHOD_POST, "/orders/guest"));
	tap_text(sql,
			 "SELECT * FROM mjc_api.order_place_guest($1::text,$2::text,$3::uuid[],$4::integer[],"
			 "$5::text,$6::text,$7::text,$8::text,$9::text,$10::text,$11::text,$12::text,"
			 "$13::text,$14::text,$15::text,$16::text[],$17::text[],$18::text,$19::text)",
			 "sql: an idempotent write");
	free(sql);
	sql = routes_sql(row_of(METHOD_POST, "/products/:id/inventory"));
	tap_text(sql,
			 "SELECT * FROM mjc_api.staff_inventory_change($1::uuid,$2::integer,$3::uuid,$4::text,"
			 "$5::text,$6::uuid,$7::integer,$8::text,$9::text)",
			 "sql: an idempotent staff write");
	free(sql);
	sql = routes_sql(row_of(METHOD_GET, "/cart"));
	tap_text(sql, "SELECT * FROM mjc_api.cart_get($1::uuid,$2::integer,$3::uuid,$4::text)",
			 "sql: a cart");
	free(sql);
	sql = routes_sql(row_of(METHOD_POST, "/cart/items"));
	tap_text(sql,
			 "SELECT * FROM mjc_api.cart_add($1::uuid,$2::integer,$3::uuid,$4::text,$5::text,"
			 "$6::text,$7::uuid,$8::integer)",
			 "sql: an idempotent write of a cart");
	free(sql);
	sql = routes_sql(row_of(METHOD_POST, "/cart/quote"));
	tap_text(sql,
			 "SELECT * FROM mjc_api.cart_quote($1::uuid,$2::integer,$3::uuid,$4::text,$5::uuid[],"
			 "$6::integer[],$7::text,$8::text,$9::text,$10::text[])",
			 "sql: a list of texts in a body");
	free(sql);
	sql = routes_sql(row_of(METHOD_PUT, "/admin/promotions/:id"));
	tap_text(sql,
			 "SELECT * FROM mjc_api.staff_promotion_update($1::uuid,$2::integer,$3::uuid,$4::text,"
			 "$5::uuid,$6::text)",
			 "sql: a body taken whole");
	free(sql);
	sql = routes_sql(row_of(METHOD_GET, "/admin/customers/export"));
	tap_text(sql,
			 "SELECT * FROM mjc_api.staff_customer_export($1::uuid,$2::integer,$3::uuid,$4::text,"
			 "$5::text,$6::text,$7::text,$8::text,$9::text,$10::boolean,$11::text)",
			 "sql: a file piece by piece, from where it is to go on");
	tap_int(routes_args(row_of(METHOD_GET, "/admin/customers/export")), 11,
			"sql: which counts as an argument");
	free(sql);
	sql = routes_sql(row_of(METHOD_GET, "/wilayas"));
	tap_text(sql, "SELECT * FROM mjc_api.wilaya_list()", "sql: no arguments");
	free(sql);
	tap_ok(routes_sql(row_of(METHOD_GET, "/health")) == NULL, "sql: none for the shim's own");
}

static void
test_print(void)
{
	char *text = NULL;
	char *rest = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	int lines = 0;
	bool shape = true, cart = false;

	routes_print(out);
	fclose(out);
	for (char *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
	{
		int tabs = 0;

		for (const char *s = line; *s != '\0'; s++)
			tabs += *s == '\t';
		shape = shape && tabs == 8 && strstr(line, "\t\t") == NULL;
		cart = cart || strcmp(line, "DELETE\t/cart\tmjc_api.cart_clear\tuuid,integer,uuid,text,text"
									"\toptional\tcart\twrite,cart\twrite\t-") == 0;
		lines++;
	}
	tap_ok(shape, "print: nine fields a line, none empty");
	tap_int(lines, routes_count, "print: one line a route");
	tap_ok(cart, "print: a row of the cart");
	free(text);
}

void
test_route(void)
{
	test_found();
	test_not_found();
	test_allow();
	test_table();
	test_sql();
	test_print();
}
