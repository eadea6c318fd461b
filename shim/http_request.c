/*
 * http_request.c - read and check what the client sends, before any route.
 *
 * What could be read in two ways by two servers in a row is refused: two
 * lengths, two hosts, a length together with a transfer encoding, names with
 * blanks. The target is decoded once, by us, from its raw form.
 */
#include "http_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>

#include "app.h"
#include "config.h"
#include "text.h"
#include "upload.h"

#define BODY_FIRST_BYTES 4096
#define BODY_PATIENCE 4 /* times the limit that is read and thrown away */

static const char *const field_name[FIELD__MAX] = {
	[FIELD_HOST] = "Host",
	[FIELD_CONTENT_LENGTH] = "Content-Length",
	[FIELD_TRANSFER_ENCODING] = "Transfer-Encoding",
	[FIELD_CONTENT_TYPE] = "Content-Type",
	[FIELD_CONTENT_ENCODING] = "Content-Encoding",
	[FIELD_EXPECT] = "Expect",
	[FIELD_AUTHORIZATION] = "Authorization",
	[FIELD_ORIGIN] = "Origin",
	[FIELD_SEC_FETCH_SITE] = "Sec-Fetch-Site",
	[FIELD_ACCEPT_LANGUAGE] = "Accept-Language",
	[FIELD_ACCEPT_ENCODING] = "Accept-Encoding",
	[FIELD_IDEMPOTENCY_KEY] = "Idempotency-Key",
	[FIELD_IF_NONE_MATCH] = "If-None-Match",
	[FIELD_FRONTEND_SECRET] = "X-Frontend-Secret",
	[FIELD_REQUEST_ID] = "X-Request-Id",
	[FIELD_PREFLIGHT_METHOD] = "Access-Control-Request-Method",
	[FIELD_FORWARDED_PROTO] = "X-Forwarded-Proto",
	[FIELD_USER_AGENT] = "User-Agent",
	[FIELD_STRIPE_SIGNATURE] = "Stripe-Signature",
	[FIELD_CHARGILY_SIGNATURE] = "signature",
	[FIELD_YALIDINE_SIGNATURE] = "X_YALIDINE_SIGNATURE", /* with low lines, unlike all others */
	[FIELD_COOKIE] = "Cookie",
	[FIELD_FORWARDED_FOR] = "X-Forwarded-For",
};

/* What the walk over the headers gathers. */
struct head_walk
{
	struct request *req;
	int count;
	size_t bytes;
	bool malformed;
	bool memory;
};

static bool
head_name_ok(const char *name, size_t len)
{
	static const char token[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
								"ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	return len > 0 && strspn(name, token) == len;
}

static bool
head_value_ok(const char *value, size_t len)
{
	for (size_t i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) value[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

/* Where the joined lines of a field are kept; -1: it may stand in one line only. */
static int
head_joined(enum http_field field)
{
	switch (field)
	{
		case FIELD_COOKIE:
			return 0;
		case FIELD_FORWARDED_FOR:
			return 1;
		case FIELD_ACCEPT_ENCODING:
			return 2;
		case FIELD_IF_NONE_MATCH:
			return 3;
		default:
			return -1;
	}
}

/* Append to a field that may stand in several lines. */
static bool
head_join(struct request *req, enum http_field field, const char *value)
{
	const char *glue = field == FIELD_COOKIE ? "; " : ", ";
	char **owner = &req->joined[head_joined(field)];
	char *text = NULL;

	if (asprintf(&text, "%s%s%s", req->field[field], glue, value) < 0)
		return false;
	free(*owner);
	*owner = text;
	req->field[field] = text;
	return true;
}

static void
head_note(struct head_walk *walk, const char *name, const char *value)
{
	struct request *req = walk->req;

	for (int i = 0; i < FIELD__MAX; i++)
	{
		enum http_field field = (enum http_field) i;

		if (strcasecmp(name, field_name[i]) != 0)
			continue;
		if (req->field[i] == NULL)
			req->field[i] = value;
		else if (head_joined(field) >= 0)
			walk->memory = walk->memory || !head_join(req, field, value);
		else if (field != FIELD_ACCEPT_LANGUAGE && field != FIELD_USER_AGENT)
			walk->malformed = true;
		return;
	}
}

static enum MHD_Result
head_visit(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_len, const char *value,
		   size_t value_len)
{
	struct head_walk *walk = cls;

	(void) kind;
	walk->count++;
	walk->bytes += name_len + value_len + 4;
	if (!head_name_ok(name, name_len) || (value != NULL && !head_value_ok(value, value_len)))
		walk->malformed = true;
	else
		head_note(walk, name, value == NULL ? "" : value);
	return MHD_YES;
}

static bool
head_host_ok(const char *host)
{
	return *host != '\0' && strlen(host) <= 255 &&
		   strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]") ==
			   strlen(host);
}

/* Tell method from name; HEAD is a GET without body. */
static void
head_method(struct request *req, const char *name)
{
	for (int i = 0; i < METHOD__MAX; i++)
	{
		if (strcmp(name, routes_method_name((enum method) i)) == 0)
		{
			req->method = (enum method) i;
			req->method_known = true;
			return;
		}
	}
	if (strcmp(name, "HEAD") == 0)
	{
		req->method = METHOD_GET;
		req->method_known = true;
		req->head_only = true;
	}
}

/* Whether the sender knows the secret of the frontend's server. */
static bool
head_frontend(const struct request *req)
{
	const char *want = req->app->config->frontend_secret;
	const char *sent = req->field[FIELD_FRONTEND_SECRET];

	return want != NULL && sent != NULL && strlen(sent) == strlen(want) &&
		   CRYPTO_memcmp(sent, want, strlen(want)) == 0;
}

/* What the browser calls itself, as far as there is room: the database takes nothing but text. */
static void
head_agent(struct request *req, const char *agent)
{
	snprintf(req->agent, sizeof(req->agent), "%s", agent);
	if (text_utf8_valid(req->agent, strlen(req->agent)))
		return;
	for (char *p = req->agent; *p != '\0'; p++)
		if ((unsigned char) *p >= 0x80)
			*p = '?';
}

/* Copy the parts of the peer's story that are logged or limited. */
static void
head_client(struct request *req)
{
	const char *id = req->field[FIELD_REQUEST_ID];
	const char *agent = req->field[FIELD_USER_AGENT];
	const struct http_conn *conn = req->conn;
	size_t len = id == NULL ? 0 : strlen(id);

	req->frontend = head_frontend(req);
	http_client(req);
	if (conn->trusted && len >= 8 && len < HTTP_ID_SIZE &&
		strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == len)
		memcpy(req->id, id, len + 1);
	if (agent != NULL)
		head_agent(req, agent);
	req->lang = error_lang(req->field[FIELD_ACCEPT_LANGUAGE]);
}

/* The framing: one host, one length, nothing ambiguous. Returns false to close. */
static bool
head_framing(struct request *req, const char *version, const struct head_walk *walk)
{
	const char *coding = req->field[FIELD_TRANSFER_ENCODING];
	const char *host = req->field[FIELD_HOST];
	bool old = strcmp(version, "HTTP/1.0") == 0;

	if (!old && strcmp(version, "HTTP/1.1") != 0)
		error_set(&req->problem, ERROR_HTTP_VERSION);
	else if (walk->count > HTTP_HEADERS_MAX || walk->bytes > HTTP_HEADER_BYTES_MAX)
		error_set(&req->problem, ERROR_HEADERS_TOO_LARGE);
	else if (walk->malformed || (coding != NULL && req->field[FIELD_CONTENT_LENGTH] != NULL) ||
			 (host == NULL && !old) || (host != NULL && !head_host_ok(host)) ||
			 (coding != NULL && old))
		error_set(&req->problem, ERROR_MALFORMED_REQUEST);
	else if (coding != NULL && strcasecmp(coding, "chunked") != 0)
		error_set(&req->problem, ERROR_NOT_IMPLEMENTED);
	else if (walk->memory)
		error_set(&req->problem, ERROR_SERVICE_UNAVAILABLE);
	else
		return true;
	return false;
}

bool
http_request_bears(const struct request *req, uint64_t length)
{
	const struct route *row = req->match.row;
	bool upload = row != NULL && row->action == ACTION_UPLOAD;
	uint64_t limit = upload ? (uint64_t) req->app->config->body_limit : req->body_limit;

	return req->field[FIELD_EXPECT] == NULL && length <= limit * BODY_PATIENCE;
}

/* The announced length against the limit. Returns false to close. */
static bool
head_length(struct request *req)
{
	const char *text = req->field[FIELD_CONTENT_LENGTH];
	uint64_t limit = req->body_limit;
	uint64_t length;
	char *end;

	if (text == NULL)
		return true;
	if (strspn(text, "0123456789") != strlen(text) || *text == '\0')
	{
		error_set(&req->problem, ERROR_MALFORMED_REQUEST);
		return false;
	}
	length = strlen(text) > 18 ? UINT64_MAX : strtoull(text, &end, 10);
	if (length <= limit)
		return true;
	error_set(&req->problem, ERROR_PAYLOAD_TOO_LARGE);
	req->body_refused = true;
	return http_request_bears(req, length);
}

/* What a body may measure: reports of providers, batches of events and files have limits of their
 * own. */
static void
head_limit(struct request *req)
{
	const struct route *row = req->match.row;
	uint64_t most;

	req->body_limit = (uint64_t) req->app->config->body_limit;
	if (row == NULL)
		return;
	if (row->action == ACTION_UPLOAD)
		req->body_limit = UPLOAD_BODY_MAX;
	if (row->action == ACTION_WEBHOOK && req->body_limit < HTTP_WEBHOOK_BYTES)
		req->body_limit = HTTP_WEBHOOK_BYTES;
	for (int i = 0; i < row->nparams; i++)
	{
		most = (uint64_t) row->params[i].max;
		if (row->params[i].type == T_FILE ||
			(row->params[i].type == T_JSON_RAW && req->body_limit > most))
			req->body_limit = most;
	}
}

/* Path and query of the target, decoded; req->problem when it cannot be. */
static void
head_target(struct request *req)
{
	const char *raw = req->target;
	const char *query;
	enum text_result result;

	if (raw == NULL)
	{
		error_set(&req->problem, ERROR_URI_TOO_LONG);
		return;
	}
	if (strncasecmp(raw, "http://", 7) == 0 || strncasecmp(raw, "https://", 8) == 0)
	{
		raw = strchr(strchr(raw, ':') + 3, '/');
		if (raw == NULL)
			raw = "/";
	}
	if (strcmp(raw, "*") == 0 && req->method == METHOD_OPTIONS)
		raw = "/";
	query = strchr(raw, '?');
	if (*raw != '/' || strchr(raw, '#') != NULL)
	{
		error_set(&req->problem, ERROR_MALFORMED_REQUEST);
		return;
	}
	result =
		text_path_decode(raw, query == NULL ? strlen(raw) : (size_t) (query - raw), &req->path);
	if (result == TEXT_OK && query != NULL)
		result = text_query_parse(query + 1, strlen(query + 1), HTTP_QUERY_MAX, &req->query,
								  &req->nquery);
	if (result != TEXT_OK)
		error_set(&req->problem,
				  result == TEXT_BAD ? ERROR_MALFORMED_REQUEST : ERROR_SERVICE_UNAVAILABLE);
}

bool
http_request_head(struct request *req, const char *method, const char *version)
{
	struct head_walk walk = {.req = req};

	MHD_get_connection_values_n(req->mhd, MHD_HEADER_KIND, head_visit, &walk);
	head_method(req, method);
	head_client(req);
	if (req->id[0] == '\0' && !text_uuid_v4(req->id))
		snprintf(req->id, sizeof(req->id), "unknown");
	if (!head_framing(req, version, &walk))
		return false;
	if (!req->method_known)
		error_set(&req->problem, ERROR_NOT_IMPLEMENTED);
	else
		head_target(req);
	if (req->problem.id == ERROR_NONE)
		req->found = route_match(req->method, req->path, &req->match);
	head_limit(req);
	return head_length(req);
}

/* Room for len more bytes; false without memory. */
static bool
body_reserve(struct request *req, size_t len)
{
	size_t cap = req->body_cap == 0 ? BODY_FIRST_BYTES : req->body_cap;
	char *bigger;

	if (req->body_cap - req->body_len > len)
		return true;
	while (cap - req->body_len <= len)
		cap *= 2;
	bigger = malloc(cap);
	if (bigger == NULL)
		return false;
	if (req->body != NULL)
	{
		memcpy(bigger, req->body, req->body_len);
		explicit_bzero(req->body, req->body_len);
		free(req->body);
	}
	req->body = bigger;
	req->body_cap = cap;
	return true;
}

bool
http_request_body(struct request *req, const char *data, size_t len)
{
	uint64_t limit = req->body_limit;

	req->body_seen += len;
	if (req->body_seen > limit * BODY_PATIENCE)
		return false;
	if (req->body_seen > limit && !req->body_refused)
	{
		req->body_refused = true;
		error_set(&req->problem, ERROR_PAYLOAD_TOO_LARGE);
	}
	if (req->problem.id != ERROR_NONE)
		return true;
	if (req->upload != NULL)
	{
		upload_body(req, data, len);
		return true;
	}
	if (!body_reserve(req, len))
	{
		error_set(&req->problem, ERROR_SERVICE_UNAVAILABLE);
		return true;
	}
	memcpy(req->body + req->body_len, data, len);
	req->body_len += len;
	req->body[req->body_len] = '\0';
	return true;
}
