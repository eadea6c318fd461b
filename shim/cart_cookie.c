/*
 * cart_cookie.c - the cookie that a cart is found by.
 *
 * A read never sets it: of the many that a page sends at once, one answered
 * late would replace the token of a cart that was filled in the meantime.
 */
#include "cart_cookie.h"

#include <string.h>
#include <sys/random.h>

#include "auth.h"
#include "http.h"
#include "http_reply.h"
#include "text.h"

bool
cart_cookie_read(const char *cookie, char out[CART_TOKEN_SIZE])
{
	unsigned char bytes[CART_TOKEN_SIZE];
	struct str value;
	size_t len;

	out[0] = '\0';
	if (auth_cookie(cookie, AUTH_COOKIE_CART, &value) != 1 || value.len != CART_TOKEN_SIZE - 1 ||
		!text_base64url_decode(value.ptr, value.len, bytes, &len))
		return false;
	memcpy(out, value.ptr, value.len);
	out[value.len] = '\0';
	return true;
}

bool
cart_cookie_make(char out[CART_TOKEN_SIZE])
{
	unsigned char bytes[CART_TOKEN_BYTES];

	out[0] = '\0';
	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t) sizeof(bytes))
		return false;
	text_base64url_encode(bytes, sizeof(bytes), out);
	return true;
}

static bool
cart_changes(const struct request *req)
{
	return (req->match.row->flags & RF_WRITE) != 0;
}

bool
cart_cookie_take(struct request *req, const char **arg)
{
	*arg = NULL;
	if (!cart_cookie_read(req->field[FIELD_COOKIE], req->cart_token) && !req->caller.present &&
		cart_changes(req) && !cart_cookie_make(req->cart_token))
		return false;
	if (req->cart_token[0] != '\0')
		*arg = req->cart_token;
	return true;
}

void
cart_cookie_give(struct request *req)
{
	if (cart_changes(req) && !req->caller.present)
		http_reply_cookie(req, AUTH_COOKIE_CART, req->cart_token, CART_TOKEN_LIFE_S);
}
