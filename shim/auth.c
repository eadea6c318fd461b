/*
 * auth.c - sign-in decisions: credentials, roles, origin, cookies.
 *
 * Invariants: a Bearer token wins over cookies; what came by cookie may change
 * something only from our own pages; whether the account still exists, is
 * active and has this token version is the database's to say.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

#include "auth.h"
#include "text.h"

/* ---- Cookies ---- */

/* Step to the next "name=value" of a Cookie header; false at the end. */
static bool
cookie_next(const char **at, struct str *name, struct str *value)
{
	while (*at != NULL && **at != '\0')
	{
		const char *piece = *at;
		size_t len = strcspn(piece, ";");
		const char *equals = memchr(piece, '=', len);

		*at = piece[len] == '\0' ? NULL : piece + len + 1;
		if (equals == NULL)
			continue;
		name->ptr = piece;
		name->len = (size_t) (equals - piece);
		value->ptr = equals + 1;
		value->len = len - name->len - 1;
		text_trim(&name->ptr, &name->len);
		text_trim(&value->ptr, &value->len);
		return true;
	}
	return false;
}

int
auth_cookie(const char *header, const char *name, struct str *value)
{
	size_t name_len = strlen(name);
	struct str found, content;
	int count = 0;

	value->ptr = NULL;
	value->len = 0;
	while (cookie_next(&header, &found, &content))
	{
		if (found.len != name_len || memcmp(found.ptr, name, name_len) != 0)
			continue;
		if (count++ == 0)
			*value = content;
	}
	return count;
}

bool
auth_cookie_line(char *out, size_t cap, const char *name, const char *value, int life_s,
				 bool secure, const char *domain)
{
	bool with_domain = domain != NULL && domain[0] != '\0';
	int n =
		snprintf(out, cap, "%s=%s; Path=/; HttpOnly; SameSite=Lax; Max-Age=%d%s%s%s", name,
				 value == NULL ? "" : value, value == NULL ? 0 : life_s, secure ? "; Secure" : "",
				 with_domain ? "; Domain=" : "", with_domain ? domain : "");

	return n >= 0 && (size_t) n < cap;
}

/* ---- Credentials ---- */

struct credentials
{
	struct str token;
	bool present;
	bool from_cookie;
};

/* The token of "Bearer <token>"; false when the header is of another scheme. */
static bool
bearer_token(const char *header, struct str *token)
{
	if (header == NULL || strncasecmp(header, "Bearer", 6) != 0)
		return false;
	if (header[6] != ' ' && header[6] != '\t' && header[6] != '\0')
		return false;
	token->ptr = header + 6;
	token->len = strlen(token->ptr);
	text_trim(&token->ptr, &token->len);
	return true;
}

/* Find the token of a request. Returns MALFORMED_REQUEST for a cookie sent twice. */
static enum error_id
credentials_find(const struct auth_input *in, struct credentials *out)
{
	struct str access, admin;
	int many = auth_cookie(in->cookie, AUTH_COOKIE_ACCESS, &access);
	int many_admin = auth_cookie(in->cookie, AUTH_COOKIE_ADMIN, &admin);

	memset(out, 0, sizeof(*out));
	if (many > 1 || many_admin > 1)
		return ERROR_MALFORMED_REQUEST;
	if (bearer_token(in->authorization, &out->token))
		out->present = true;
	else
	{
		out->token = access.len > 0 ? access : admin;
		out->from_cookie = out->token.len > 0;
		out->present = out->from_cookie;
	}
	return ERROR_NONE;
}

/* ---- Origin ---- */

bool
auth_origin_listed(const char *list, const char *origin)
{
	struct str item;
	size_t len = origin == NULL ? 0 : strlen(origin);

	if (len == 0 || strcmp(origin, "null") == 0 || strcmp(origin, "*") == 0)
		return false;
	while (text_list_next(&list, &item))
	{
		if (item.len == len && memcmp(item.ptr, origin, len) == 0)
			return true;
	}
	return false;
}

/* Whether origin is scheme://host, for the scheme the client used. */
static bool
origin_is_own(const struct auth_input *in)
{
	static const char *const schemes[] = {"http", "https"};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]) && in->host != NULL; i++)
	{
		size_t len = strlen(schemes[i]);

		if (in->scheme != NULL && strcasecmp(in->scheme, schemes[i]) != 0)
			continue;
		if (strncasecmp(in->origin, schemes[i], len) == 0 &&
			strncmp(in->origin + len, "://", 3) == 0 &&
			strcasecmp(in->origin + len + 3, in->host) == 0)
			return true;
	}
	return false;
}

/* Whether a changing request comes from our pages, as far as the browser says. */
static bool
origin_ok(const struct auth_input *in, bool ask_fetch_site)
{
	const char *site = in->sec_fetch_site;

	if (in->origin != NULL)
		return auth_origin_listed(in->cors_origins, in->origin) || origin_is_own(in);
	if (site == NULL || !ask_fetch_site)
		return true;
	return strcmp(site, "same-origin") == 0 || strcmp(site, "same-site") == 0 ||
		   strcmp(site, "none") == 0;
}

/*
 * Whether another site makes a visitor change his cart. The cart's cookie is as
 * good as a token here, and such a request would get one if it came without.
 */
static bool
cart_from_elsewhere(const struct route *row, const struct auth_input *in,
					const struct credentials *found)
{
	bool changes = (row->flags & RF_CART) != 0 && (row->flags & RF_WRITE) != 0;
	bool bearer = found->present && !found->from_cookie;

	return changes && !bearer && !origin_ok(in, true);
}

/* ---- Decision ---- */

bool
auth_role_allows(enum role need, const char *role_name)
{
	enum role have = ROLE_CUSTOMER;

	if (strcmp(role_name, "SUPER_ADMIN") == 0)
		have = ROLE_SUPER;
	else if (strcmp(role_name, "ADMIN") == 0)
		have = ROLE_ADMIN;
	else if (strcmp(role_name, "TECHNICIAN") == 0)
		have = ROLE_TECHNICIAN;
	else if (strcmp(role_name, "CUSTOMER") != 0)
		return need <= ROLE_OPTIONAL;
	return have >= need;
}

static enum error_id
check_signed_in(const struct route *row, const struct auth_input *in,
				const struct credentials *found, struct caller *out)
{
	enum error_id result;

	if (!found->present)
		return ERROR_MISSING_TOKEN;
	if (found->from_cookie && row->method != METHOD_GET && !origin_ok(in, true))
		return ERROR_ORIGIN_REFUSED;
	result = token_verify(in->secrets, found->token.ptr, found->token.len, in->now_s, out);
	if (result != ERROR_NONE)
		return result;
	return auth_role_allows(row->role, out->role) ? ERROR_NONE : ERROR_FORBIDDEN;
}

/*
 * Whether another site signs a visitor in or out. Its pages may link to ours,
 * so a sign-in is refused only by the Origin that a browser sends along.
 */
static bool
public_from_elsewhere(const struct route *row, const struct auth_input *in)
{
	switch (row->action)
	{
		case ACTION_LOGIN:
		case ACTION_STAFF_LOGIN:
		case ACTION_REGISTER:
		case ACTION_SOCIAL_LOGIN:
			return !origin_ok(in, false);
		case ACTION_REFRESH:
		case ACTION_SIGN_OUT:
			return !origin_ok(in, true);
		default:
			return false;
	}
}

bool
auth_caller(const struct auth_input *in, struct caller *out)
{
	struct credentials found;

	memset(out, 0, sizeof(*out));
	return credentials_find(in, &found) == ERROR_NONE && found.present &&
		   token_verify(in->secrets, found.token.ptr, found.token.len, in->now_s, out) ==
			   ERROR_NONE;
}

enum error_id
auth_check(const struct route *row, const struct auth_input *in, struct caller *out)
{
	bool writes = (row->flags & RF_WRITE) != 0;
	struct credentials found;
	enum error_id result;

	memset(out, 0, sizeof(*out));
	if (row->role == ROLE_PUBLIC)
		return public_from_elsewhere(row, in) ? ERROR_ORIGIN_REFUSED : ERROR_NONE;
	result = credentials_find(in, &found);
	if (result != ERROR_NONE && (row->flags & RF_EVENT) != 0)
		return ERROR_NONE; /* nobody loses an event by what his browser kept */
	if (result == ERROR_NONE && cart_from_elsewhere(row, in, &found))
		result = ERROR_ORIGIN_REFUSED;
	if (result != ERROR_NONE)
		return result;
	result = check_signed_in(row, in, &found, out);
	if (result == ERROR_NONE)
		return ERROR_NONE;
	memset(out, 0, sizeof(*out));
	return row->role == ROLE_OPTIONAL && !(found.present && writes) ? ERROR_NONE : result;
}

/* ---- Answers to a sign-in ---- */

/* Who the user object and the version next to it make of the client. */
static bool
answer_caller(const json_t *root, struct auth_answer *out)
{
	const char *id = json_string_value(json_object_get(out->user, "id"));
	const char *role = json_string_value(json_object_get(out->user, "role"));
	const json_t *version = json_object_get(root, "tokenVersion");

	if (id == NULL || role == NULL || !json_is_integer(version) ||
		strlen(role) >= sizeof(out->who.role) ||
		!text_uuid_parse(id, strlen(id), out->who.account_id))
		return false;
	snprintf(out->who.role, sizeof(out->who.role), "%s", role);
	out->who.token_version = (long) json_integer_value(version);
	out->who.present = true;
	return true;
}

bool
auth_answer_read(const char *json, struct auth_answer *out)
{
	json_t *root = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
	const json_t *refused = json_object_get(root, "refused");
	bool ok;

	memset(out, 0, sizeof(*out));
	if (refused != NULL)
	{
		out->refused = error_from_code(json_string_value(refused));
		ok = out->refused != ERROR_INTERNAL_ERROR;
	}
	else
	{
		out->user = json_incref(json_object_get(root, "user"));
		ok = json_is_object(out->user) && answer_caller(root, out);
	}
	json_decref(root);
	if (!ok)
		auth_answer_free(out);
	return ok;
}

void
auth_answer_free(struct auth_answer *answer)
{
	json_decref(answer->user);
	memset(answer, 0, sizeof(*answer));
}

/* The user as a reply shows it; malloc'ed. */
static char *
welcome_user(enum auth_welcome shape, const json_t *user)
{
	static const char *const shown[] = {"id", "email", "firstName", "lastName", "role"};
	json_t *brief;
	char *text;

	if (shape != WELCOME_REFRESH)
		return json_dumps(user, JSON_COMPACT);
	brief = json_object();
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
	{
		json_t *value = json_object_get(user, shown[i]);

		if (value != NULL)
			json_object_set(brief, shown[i], value);
	}
	text = json_dumps(brief, JSON_COMPACT);
	json_decref(brief);
	return text;
}

char *
auth_welcome_body(enum auth_welcome shape, const json_t *user, const char *access,
				  const char *refresh, enum lang lang, size_t *len)
{
	const char *message = lang == LANG_AR ? "تم تسجيل الدخول" : "Connexion réussie";
	char *shown = welcome_user(shape, user);
	char *body = NULL;
	int n = -1;

	*len = 0;
	if (shown == NULL)
		return NULL;
	/* Put together by hand: the tokens stand in one text, which is wiped. */
	if (shape == WELCOME_STAFF)
		n = asprintf(&body,
					 "{\"success\":true,\"message\":\"%s\",\"token\":\"%s\",\"user\":%s,\"data\":{"
					 "\"user\":%s,\"tokens\":{\"accessToken\":\"%s\",\"refreshToken\":null}}}",
					 message, access, shown, shown, access);
	else
		n = asprintf(&body,
					 "{\"success\":true,%s%s%s\"data\":{\"user\":%s,\"accessToken\":\"%s\","
					 "\"refreshToken\":\"%s\"}}",
					 shape == WELCOME_SIGN_IN ? "\"message\":\"" : "",
					 shape == WELCOME_SIGN_IN ? message : "", shape == WELCOME_SIGN_IN ? "\"," : "",
					 shown, access, refresh);
	free(shown);
	if (n < 0)
		return NULL;
	*len = (size_t) n;
	return body;
}

void
auth_wipe(void *text)
{
	if (text == NULL)
		return;
	explicit_bzero(text, strlen(text));
	free(text);
}
