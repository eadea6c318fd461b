/*
 * cookie.c - libFuzzer entry: the headers that are read by hand.
 *
 * Lines of the input are Cookie, Authorization, Origin, Host, Accept-Language,
 * Idempotency-Key and Content-Type. Nobody signs in without our secret.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../shim/auth.h"
#include "../../shim/cart_cookie.h"
#include "../../shim/param.h"
#include "../../shim/text.h"

#define SECRET "0123456789abcdef0123456789abcdef"
#define LINES 7

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Cut text into NUL-terminated lines; missing ones are NULL. */
static void
split(char *text, const char *lines[LINES])
{
	for (int i = 0; i < LINES; i++)
	{
		char *end = text == NULL ? NULL : strchr(text, '\n');

		lines[i] = text;
		if (end != NULL)
			*end++ = '\0';
		text = end;
	}
}

static void
try_rows(const char *const *lines)
{
	static const struct token_secrets secrets = {{SECRET, sizeof(SECRET) - 1}, {NULL, 0}};
	const struct auth_input in = {.cookie = lines[0],
								  .authorization = lines[1],
								  .origin = lines[2],
								  .host = lines[3],
								  .cors_origins = "http://localhost:3000,https://shop.example",
								  .now_s = 1800000000,
								  .secrets = &secrets};

	for (int i = 0; i < routes_count; i++)
	{
		struct caller who;
		enum error_id result = auth_check(&routes_table[i], &in, &who);

		if (who.present || (result == ERROR_NONE && routes_table[i].role > ROLE_OPTIONAL))
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = text_dup((const char *) data, size);
	char key[PARAM_KEY_MAX + 1];
	char cart[CART_TOKEN_SIZE];
	const char *lines[LINES];
	struct str value;
	bool known;

	split(text, lines);
	try_rows(lines);
	if (auth_cookie(lines[0], AUTH_COOKIE_ACCESS, &value) > 0 &&
		(value.ptr < lines[0] || value.ptr + value.len > lines[0] + strlen(lines[0])))
		abort();
	known = cart_cookie_read(lines[0], cart);
	if (strlen(cart) != (known ? CART_TOKEN_SIZE - 1 : 0))
		abort();
	error_lang(lines[4]);
	if (lines[5] != NULL && param_idempotency_key(lines[5], key) && strlen(key) == 0)
		abort();
	param_content_type_ok(lines[6]);
	free(text);
	return 0;
}
