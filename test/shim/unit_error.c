/*
 * unit_error.c - tests of error.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../shim/error.h"
#include "tap.h"

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

static void
test_lang(void)
{
	static const struct
	{
		const char *header;
		enum lang lang;
	} cases[] = {
		{NULL, LANG_FR},
		{"", LANG_FR},
		{"fr", LANG_FR},
		{"ar", LANG_AR},
		{"ar-DZ", LANG_AR},
		{"AR_DZ", LANG_FR},
		{"AR", LANG_AR},
		{"ar-DZ,ar;q=0.9,fr;q=0.8", LANG_AR},
		{"fr;q=0.5, ar;q=0.9", LANG_AR},
		{"ar;q=0.5, fr;q=0.9", LANG_FR},
		{"ar;q=0.501,fr;q=0.5", LANG_AR},
		{"en-GB,en;q=0.9", LANG_FR},
		{"en, ar;q=0.1", LANG_AR},
		{"ar;q=1,fr;q=0.9", LANG_AR},
		{"ar;q=2,fr", LANG_FR},
		{"ar;q=0.5x,fr;q=0.1", LANG_FR},
		{"ar;q=05,fr;q=0.1", LANG_FR},
		{"ar;level=1,fr;q=0.1", LANG_FR},
		{"ar;q=0", LANG_FR},
		{"ar;q=0.000", LANG_FR},
		{"ar;q=x, fr;q=0.1", LANG_FR},
		{"ar;", LANG_AR},
		{"*", LANG_FR},
		{"arn", LANG_FR},
		{",,;;q=,ar", LANG_AR},
	};

	for (size_t i = 0; i < LEN(cases); i++)
		tap_int(error_lang(cases[i].header), cases[i].lang, "lang: %s",
				cases[i].header ? cases[i].header : "no header");
}

static void
test_sqlstate(void)
{
	static const struct
	{
		const char *sqlstate;
		enum error_id id;
	} cases[] = {
		{NULL, ERROR_INTERNAL_ERROR},		  {"", ERROR_INTERNAL_ERROR},
		{"MJ101", ERROR_INSUFFICIENT_STOCK},  {"MJ066", ERROR_INVALID_CREDENTIALS},
		{"MJ999", ERROR_INTERNAL_ERROR},	  {"40001", ERROR_CONFLICT_RETRY},
		{"40P01", ERROR_CONFLICT_RETRY},	  {"55P03", ERROR_CONFLICT_RETRY},
		{"57014", ERROR_DATABASE_TIMEOUT},	  {"08006", ERROR_SERVICE_UNAVAILABLE},
		{"53300", ERROR_SERVICE_UNAVAILABLE}, {"57P01", ERROR_SERVICE_UNAVAILABLE},
		{"57P03", ERROR_SERVICE_UNAVAILABLE}, {"25006", ERROR_SERVICE_UNAVAILABLE},
		{"42501", ERROR_INTERNAL_ERROR},	  {"23505", ERROR_INTERNAL_ERROR},
		{"0", ERROR_INTERNAL_ERROR},
	};

	for (size_t i = 0; i < LEN(cases); i++)
		tap_int(error_from_sqlstate(cases[i].sqlstate), cases[i].id, "sqlstate: %s",
				cases[i].sqlstate ? cases[i].sqlstate : "none");
	tap_ok(error_is_retryable("40001") && error_is_retryable("40P01") &&
			   error_is_retryable("55P03"),
		   "sqlstate: three may be sent again");
	tap_ok(!error_is_retryable("40003") && !error_is_retryable(NULL) &&
			   !error_is_retryable("MJ024"),
		   "sqlstate: no other may");
}

static void
test_table_rows(void)
{
	bool codes = true, round_trip = true;

	for (int i = ERROR_NONE + 1; i < ERROR__MAX; i++)
	{
		int status = error_status((enum error_id) i);

		codes = codes && status >= 400 && status < 600;
	}
#define MJC_ERROR(name, sqlstate, status, en, fr, ar)                                              \
	round_trip = round_trip && error_from_sqlstate(sqlstate) == ERROR_##name &&                    \
				 strcmp(error_code(ERROR_##name), #name) == 0;
#include "../../extension/errcodes.def"
#undef MJC_ERROR
	tap_ok(codes, "table: every status is an error's");
	tap_ok(round_trip, "table: every SQLSTATE leads back to its row");
	tap_int(error_status(ERROR_NONE), 500, "table: no error at all is an internal one");
	tap_text(error_code(ERROR_NONE), "INTERNAL_ERROR", "table: and is called so");
}

/* Check the body of a problem and forget it. */
static void
body_is(struct problem *p, enum lang lang, int status, const char *want, const char *name)
{
	size_t len;
	int got_status;
	char *body = error_body(p, lang, &got_status, &len);

	tap_text(body, want, "body: %s", name);
	tap_int(got_status, status, "body: its status");
	tap_ok(body != NULL && len == strlen(body), "body: its length");
	free(body);
	error_free(p);
}

static void
test_body(void)
{
	struct problem p = {0};

	error_set(&p, ERROR_NOT_FOUND);
	body_is(
		&p, LANG_FR, 404,
		"{\"success\":false,\"message\":\"Introuvable\",\"error\":\"Introuvable\",\"code\":\"NOT_FOUND\"}",
		"plain, in French");
	error_set_pg(
		&p, "MJ101",
		"{\"line\": 2, \"product\": \"Vanne \\\"gaz\\\"\", \"available\": \"3\", \"requested\": 5}");
	body_is(
		&p, LANG_FR, 409,
		"{\"success\":false,\"message\":\"Ligne 2 : stock insuffisant pour « Vanne \\\"gaz\\\" » (3 "
		"disponible(s), 5 demandé(s))\",\"error\":\"Ligne 2 : stock insuffisant pour « Vanne "
		"\\\"gaz\\\" » (3 disponible(s), 5 demandé(s))\",\"code\":\"INSUFFICIENT_STOCK\"}",
		"values of the DETAIL, in French");
	error_set_pg(&p, "MJ304", "{\"max\": 20}");
	body_is(
		&p, LANG_AR, 409,
		"{\"success\":false,\"message\":\"الطلبية بدون حساب محدودة بـ 20 وحدة\",\"error\":\"الطلبية بدون حساب "
		"محدودة بـ 20 وحدة\",\"code\":\"GUEST_UNITS_LIMIT\"}",
		"values of the DETAIL, in Arabic");
	error_set_pg(&p, "MJ304", "{\"max\": 1.5, \"other\": null}");
	body_is(&p, LANG_FR, 409,
			"{\"success\":false,\"message\":\"Une commande sans compte est limitée à 1.5 "
			"unités\",\"error\":\"Une commande sans compte est limitée à 1.5 "
			"unités\",\"code\":\"GUEST_UNITS_LIMIT\"}",
			"a fraction");
	error_set_pg(&p, "MJ304", "not JSON");
	tap_ok(p.values == NULL, "body: a DETAIL that is not JSON is ignored");
	error_set_pg(&p, "MJ304", "[1]");
	tap_ok(p.values == NULL, "body: a DETAIL that is no object is ignored");
	error_set_pg(&p, "MJ304", NULL);
	body_is(&p, LANG_FR, 409,
			"{\"success\":false,\"message\":\"Une commande sans compte est limitée à ? "
			"unités\",\"error\":\"Une commande sans compte est limitée à ? "
			"unités\",\"code\":\"GUEST_UNITS_LIMIT\"}",
			"a place without a value");
	error_set_pg(&p, "XX000", "{\"max\": 20}");
	tap_ok(p.id == ERROR_INTERNAL_ERROR && p.values == NULL, "body: foreign DETAIL is not read");
	error_free(&p);
}

static void
test_fields(void)
{
	struct problem p = {0};

	error_add_field(&p, "items[2].quantity", ERROR_FIELD_RANGE,
					json_pack("{s:i, s:i}", "min", 1, "max", 999));
	error_add_field(&p, "items[2].quantity", ERROR_FIELD_TYPE, NULL);
	error_add_field(&p, "customerInfo.phone", ERROR_FIELD_REQUIRED, NULL);
	body_is(
		&p, LANG_FR, 422,
		"{\"success\":false,\"message\":\"Certains champs ne sont pas valides\",\"error\":\"Certains "
		"champs ne sont pas valides\",\"code\":\"VALIDATION_ERROR\",\"errors\":[{\"field\":\"items[2]."
		"quantity\",\"path\":\"items[2].quantity\",\"msg\":\"doit être compris entre 1 et "
		"999\",\"message\":\"doit être compris entre 1 et "
		"999\"},{\"field\":\"customerInfo.phone\",\"path\":\"customerInfo.phone\",\"msg\":\"est "
		"obligatoire\",\"message\":\"est obligatoire\"}]}",
		"fields, one error each");
	for (int i = 0; i < 2 * ERROR_MAX_FIELDS; i++)
	{
		char name[32];

		snprintf(name, sizeof(name), "f%d", i);
		error_add_field(&p, name, ERROR_FIELD_TYPE, json_object());
	}
	tap_int((long long) json_array_size(p.fields), ERROR_MAX_FIELDS,
			"fields: their number is limited");
	error_free(&p);
	error_free(&p);
}

static void
test_long_value(void)
{
	struct problem p = {0};
	char detail[700] = "{\"product\":\"";
	size_t len, at = strlen(detail);
	json_t *json;
	int status;
	char *body;

	for (int i = 0; i < 150; i++, at += 2)
		memcpy(detail + at, "é", 2);
	memcpy(detail + at, "\"}", 3);
	error_set_pg(&p, "MJ101", detail);
	body = error_body(&p, LANG_FR, &status, &len);
	json = body == NULL ? NULL : json_loads(body, 0, NULL);
	tap_ok(json != NULL && len < 800, "body: a long value is cut between characters");
	json_decref(json);
	free(body);
	error_free(&p);
}

static void
test_messages(void)
{
	static const char *const none[] = {
		"",
		"x",
		"[]",
		"5",
		"null",
		"{}",
		"{\"errors\":{}}",
		"{\"errors\":[1]}",
		"{\"errors\":[null]}",
		"{\"errors\":[],\"errors\":[]}",
	};
	static const char body[] =
		"{\"valid\":false,\"errors\":[{\"productId\":\"p\",\"availableStock\":4,"
		"\"code\":\"INSUFFICIENT_STOCK\",\"values\":{\"line\":2,\"product\":\"Vanne « é »\","
		"\"available\":4,\"requested\":5}},{\"code\":\"PRODUCT_UNAVAILABLE\"},"
		"{\"code\":\"NO_SUCH_CODE\",\"values\":5},{}]}";
	size_t len = 0;
	char *text = error_messages(body, LANG_FR, &len);

	tap_text(text,
			 "{\"valid\":false,\"errors\":[{\"productId\":\"p\",\"availableStock\":4,"
			 "\"code\":\"INSUFFICIENT_STOCK\",\"message\":\"Ligne 2 : stock insuffisant pour "
			 "« Vanne « é » » (4 disponible(s), 5 demandé(s))\"},"
			 "{\"code\":\"PRODUCT_UNAVAILABLE\",\"message\":\"Ligne ? : ce produit n'est plus en "
			 "vente\"},{\"code\":\"NO_SUCH_CODE\",\"message\":\"Une erreur est survenue de notre "
			 "côté\"},{\"message\":\"Une erreur est survenue de notre côté\"}]}",
			 "messages: every entry gets the text of its code");
	tap_int((long long) len, text == NULL ? -1 : (long long) strlen(text), "messages: the length");
	free(text);
	text = error_messages("{\"errors\":[{\"code\":\"NOT_FOUND\"}]}", LANG_AR, &len);
	tap_text(text, "{\"errors\":[{\"code\":\"NOT_FOUND\",\"message\":\"غير موجود\"}]}",
			 "messages: in Arabic");
	free(text);
	text = error_messages("{\"valid\":true,\"errors\":[]}", LANG_FR, &len);
	tap_text(text, "{\"valid\":true,\"errors\":[]}", "messages: none to add");
	free(text);
	for (size_t i = 0; i < LEN(none); i++)
		tap_ok(error_messages(none[i], LANG_FR, &len) == NULL && len == 0, "messages: not of %s",
			   none[i]);
}

static void
test_retry_after(void)
{
	struct problem p = {.id = ERROR_RATE_LIMIT_EXCEEDED, .retry_after = 7};

	tap_int(error_retry_after(&p), 7, "retry: as said");
	p.retry_after = 0;
	tap_int(error_retry_after(&p), 1, "retry: at least a second for 429");
	p.id = ERROR_DATABASE_TIMEOUT;
	tap_int(error_retry_after(&p), 1, "retry: at least a second for 503");
	p.id = ERROR_CONFLICT_RETRY;
	tap_int(error_retry_after(&p), 1, "retry: a second for a conflict");
	p.id = ERROR_IDEMPOTENCY_IN_PROGRESS;
	tap_int(error_retry_after(&p), 1, "retry: a second for a request under way");
	p.id = ERROR_IDEMPOTENCY_KEY_REUSED;
	tap_int(error_retry_after(&p), 0, "retry: none for another 409");
	p.id = ERROR_NOT_FOUND;
	tap_int(error_retry_after(&p), 0, "retry: none for 404");
}

void
test_error(void)
{
	test_lang();
	test_sqlstate();
	test_table_rows();
	test_body();
	test_fields();
	test_long_value();
	test_messages();
	test_retry_after();
}
