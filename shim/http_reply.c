/*
 * http_reply.c - fill in and send replies.
 *
 * Large bodies are passed on without a copy of the database's bytes: the PGresult
 * lives until libmicrohttpd has sent them. Small ones and what is packed are copied.
 * A stream brings its bytes by itself.
 */
#include "http_reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "auth.h"
#include "cache.h"
#include "clock.h"
#include "config.h"
#include "gzip.h"
#include "limit.h"
#include "stream.h"

#define JOIN_MAX_BYTES (32 * 1024)
#define FILE_NAME 80

static const char wrap_head[] = "{\"success\":true,\"data\":";
static const char wrap_tail[] = "}";
static char empty_error[] = "{\"success\":false,\"message\":\"Service indisponible\","
							"\"error\":\"Service indisponible\",\"code\":\"SERVICE_UNAVAILABLE\"}";

struct fixed_header
{
	const char *name;
	const char *value;
};

/* Sent with every reply. */
static const struct fixed_header fixed_header[] = {
	{"X-Content-Type-Options", "nosniff"},
	{"X-Frame-Options", "DENY"},
	{"Referrer-Policy", "no-referrer"},
	{"Cross-Origin-Opener-Policy", "same-origin"},
	{"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
	{"X-DNS-Prefetch-Control", "off"},
	{"X-Permitted-Cross-Domain-Policies", "none"},
	{"Origin-Agent-Cluster", "?1"},
	{"X-XSS-Protection", "0"},
	{"X-API-Version", "v1"},
};

/* What the database or the shim says, by who asks and how. */
static const struct fixed_header answer_header[] = {
	{"Cross-Origin-Resource-Policy", "same-site"},
	{"Vary", "Origin, Accept-Language, Accept-Encoding"},
};

/* A file of the shop: the same for everybody, for ever, for pages of other origins too. */
static const struct fixed_header media_header[] = {
	{"Cross-Origin-Resource-Policy", "cross-origin"},
	{"Access-Control-Allow-Origin", "*"},
	{"Cache-Control", "public, max-age=31536000, immutable"},
	{"Accept-Ranges", "none"},
};

#define POLICY(more) "default-src 'none'; " more "frame-ancestors 'none'"
#define HEADERS(list) list, sizeof(list) / sizeof((list)[0])

void
http_reply_header(struct request *req, const char *name, const char *value)
{
	struct reply *reply = &req->reply;
	char *copy = reply->headers < REPLY_HEADERS_MAX ? strdup(value) : NULL;

	if (copy != NULL)
		reply->header[reply->headers++] = (struct reply_header){name, copy};
}

void
http_reply_cookie(struct request *req, const char *name, const char *value, int life_s)
{
	const struct config *config = req->app->config;
	char line[REPLY_HEADER_VALUE];

	if (auth_cookie_line(line, sizeof(line), name, value, life_s, config->cookie_secure,
						 config->cookie_domain))
		http_reply_header(req, "Set-Cookie", line);
}

static void
reply_clear(struct reply *reply)
{
	if (reply->free_fn != NULL)
		reply->free_fn(reply->free_cls);
	if (reply->file)
		close(reply->fd);
	reply->file = false;
	reply->free_fn = NULL;
	reply->free_cls = NULL;
	reply->body = NULL;
	reply->body_len = 0;
	reply->wrap = false;
	reply->packed = false;
	reply->kind = REPLY_JSON;
}

void
http_reply_free(struct reply *reply)
{
	reply_clear(reply);
	for (int i = 0; i < reply->headers; i++)
	{
		explicit_bzero(reply->header[i].value, strlen(reply->header[i].value));
		free(reply->header[i].value);
	}
	reply->headers = 0;
}

void
http_reply_body(struct request *req, int status, char *body, size_t len, void (*free_fn)(void *),
				void *free_cls, bool wrap)
{
	reply_clear(&req->reply);
	req->cached = NULL;
	req->reply.status = status;
	req->reply.body = body;
	req->reply.body_len = len;
	req->reply.free_fn = free_fn;
	req->reply.free_cls = free_cls;
	req->reply.wrap = wrap;
	req->answered = true;
}

void
http_reply_fd(struct request *req, int fd, size_t size)
{
	http_reply_body(req, 200, NULL, size, NULL, NULL, false);
	req->reply.file = true;
	req->reply.fd = fd;
}

void
http_reply_cached(struct request *req, struct cache_entry *entry)
{
	struct str body = cache_body(entry);

	/* The bytes are only read. */
	http_reply_body(req, req->match.row->status, (char *) body.ptr, body.len, cache_drop, entry,
					false);
	req->cached = entry;
}

void
http_reply_keep(struct request *req)
{
	struct reply *reply = &req->reply;
	struct str none = {"", 0};
	struct str parts[3] = {none, {reply->body, reply->body_len}, none};

	if (req->cache_key == NULL || reply->status != 200 || reply->headers > 0)
		return;
	if (reply->wrap)
	{
		parts[0] = (struct str){wrap_head, sizeof(wrap_head) - 1};
		parts[2] = (struct str){wrap_tail, sizeof(wrap_tail) - 1};
	}
	cache_put(req->app->cache, req->cache_key, req->cache_key_len, parts, req->asked_ms,
			  req->app->now_ms);
}

void
http_reply_file(struct request *req, enum reply_kind kind, const char *how, const char *given)
{
	char name[FILE_NAME], line[REPLY_HEADER_VALUE];
	size_t n = 0;

	for (; given[n] != '\0' && n < sizeof(name) - 1; n++)
		name[n] = strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.",
						 given[n]) != NULL
					  ? given[n]
					  : '-';
	name[n] = '\0';
	snprintf(line, sizeof(line), "%s; filename=\"%s\"", how, name);
	http_reply_header(req, "Content-Disposition", line);
	req->reply.kind = kind;
}

void
http_reply_problem(struct request *req)
{
	char seconds[16];
	size_t len = 0;
	int status = 500;
	int wait = error_retry_after(&req->problem);
	char *body = error_body(&req->problem, req->lang, &status, &len);

	req->code = req->problem.id;
	if (body == NULL)
		http_reply_body(req, 503, empty_error, sizeof(empty_error) - 1, NULL, NULL, false);
	else
		http_reply_body(req, status, body, len, free, body, false);
	if (wait > 0)
	{
		snprintf(seconds, sizeof(seconds), "%d", wait);
		http_reply_header(req, "Retry-After", seconds);
	}
	if (status == 401)
		http_reply_header(req, "WWW-Authenticate", "Bearer");
	if (status == 405)
		http_reply_header(req, "Allow", req->match.allow);
}

void
http_reply_error(struct request *req, enum error_id id)
{
	error_set(&req->problem, id);
	http_reply_problem(req);
}

/* Who may keep the reply: a shared cache, checked at each use, or nobody. */
static const char *
reply_cache_control(const struct request *req)
{
	const struct route *row = req->match.row;

	if (row != NULL && (row->flags & RF_CART) != 0)
		return "private, no-store";
	if (row != NULL && req->reply.status == 200 && routes_public(row) && !req->caller.present)
		return "public, max-age=0, must-revalidate";
	return "no-store";
}

static void
reply_cors(const struct request *req, struct MHD_Response *response)
{
	const char *origin = req->field[FIELD_ORIGIN];

	if (origin == NULL || !auth_origin_listed(req->app->config->cors_origins, origin))
		return;
	MHD_add_response_header(response, "Access-Control-Allow-Origin", origin);
	MHD_add_response_header(response, "Access-Control-Allow-Credentials", "true");
	MHD_add_response_header(response, "Access-Control-Expose-Headers", AUTH_CORS_EXPOSE);
	if (req->method != METHOD_OPTIONS || req->field[FIELD_PREFLIGHT_METHOD] == NULL)
		return;
	MHD_add_response_header(response, "Access-Control-Allow-Methods", AUTH_CORS_METHODS);
	MHD_add_response_header(response, "Access-Control-Allow-Headers", AUTH_CORS_HEADERS);
	MHD_add_response_header(response, "Access-Control-Max-Age", AUTH_CORS_MAX_AGE);
}

/* What the client's bucket still holds. */
static void
reply_rate(const struct request *req, struct MHD_Response *response)
{
	const struct route *row = req->match.row;
	struct limit_state state;
	char number[16];

	if (row == NULL || row->rate == RATE_NONE || req->counted == NULL)
		return;
	state = limit_look(req->app->limit, row->rate, req->counted, req->app->now_ms);
	snprintf(number, sizeof(number), "%d", state.limit);
	MHD_add_response_header(response, "RateLimit-Limit", number);
	snprintf(number, sizeof(number), "%d", state.remaining);
	MHD_add_response_header(response, "RateLimit-Remaining", number);
	snprintf(number, sizeof(number), "%d", state.reset);
	MHD_add_response_header(response, "RateLimit-Reset", number);
}

/*
 * What the body is, and what a browser may do with it: a page brings its own style, a PDF is
 * shown by a plug-in of the browser that styles its own frame; neither may do anything else.
 */
static void
reply_type(const struct reply *reply, struct MHD_Response *response)
{
	const struct
	{
		const char *type;
		const char *policy;
	} kinds[] = {
		[REPLY_JSON] = {"application/json; charset=utf-8", POLICY("")},
		[REPLY_TEXT] = {"text/plain; charset=utf-8", POLICY("")},
		[REPLY_CSV] = {"text/csv; charset=utf-8", POLICY("")},
		[REPLY_PAGE] = {"text/html; charset=utf-8",
						POLICY("style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; ")},
		[REPLY_PDF] = {"application/pdf", POLICY("object-src 'self'; style-src 'unsafe-inline'; "
												 "base-uri 'none'; form-action 'none'; ")},
		[REPLY_MEDIA] = {reply->media_type, POLICY("sandbox; ")},
	};

	MHD_add_response_header(response, "Content-Security-Policy", kinds[reply->kind].policy);
	if (reply->status != 204)
		MHD_add_response_header(response, "Content-Type", kinds[reply->kind].type);
}

static void
reply_fixed(struct MHD_Response *response, const struct fixed_header *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		MHD_add_response_header(response, list[i].name, list[i].value);
}

/* What differs between an answer and a file. */
static void
reply_audience(const struct request *req, struct MHD_Response *response)
{
	if (req->reply.kind == REPLY_MEDIA)
	{
		reply_fixed(response, HEADERS(media_header));
		return;
	}
	reply_fixed(response, HEADERS(answer_header));
	MHD_add_response_header(response, "Cache-Control", reply_cache_control(req));
	reply_cors(req, response);
}

static void
reply_headers(const struct request *req, struct MHD_Response *response)
{
	reply_fixed(response, HEADERS(fixed_header));
	reply_type(&req->reply, response);
	MHD_add_response_header(response, "X-Request-Id", req->id);
	if (req->reply.packed)
		MHD_add_response_header(response, "Content-Encoding", "gzip");
	reply_rate(req, response);
	if (req->app->config->cookie_secure)
		MHD_add_response_header(response, "Strict-Transport-Security",
								"max-age=31536000; includeSubDomains");
	if (req->app->drain_ms != 0)
		MHD_add_response_header(response, "Connection", "close");
	for (int i = 0; i < req->reply.headers; i++)
		MHD_add_response_header(response, req->reply.header[i].name, req->reply.header[i].value);
	reply_audience(req, response);
}

/* True when the reply is of the cache, which keeps it packed too. */
static bool
reply_pack_cached(struct request *req, enum gzip_wish wish, size_t least)
{
	struct str packed;

	if (req->cached == NULL)
		return false;
	if (wish == GZIP_NO || req->reply.body_len < least || req->reply.body_len > GZIP_MAX_BYTES)
		return true;
	packed = cache_packed(req->app->cache, req->cached, req->app->gzip, req->app->now_ms);
	if (packed.ptr == NULL)
		return true;
	req->reply.body = (char *) packed.ptr;
	req->reply.body_len = packed.len;
	req->reply.packed = true;
	return true;
}

/*
 * Pack the body where that pays and the client takes it. Never one that carries
 * tokens: its length would tell of them to who can add to it (BREACH). One too
 * large for the loop, or packed inside like a PDF, goes as it is.
 */
static void
reply_pack(struct request *req)
{
	struct reply *reply = &req->reply;
	const struct route *row = req->match.row;
	bool tokens = row != NULL && row->action != ACTION_NONE && row->action != ACTION_LOGOUT;
	struct str parts[] = {{wrap_head, sizeof(wrap_head) - 1},
						  {reply->body, reply->body_len},
						  {wrap_tail, sizeof(wrap_tail) - 1}};
	enum gzip_wish wish = gzip_wanted(req->field[FIELD_ACCEPT_ENCODING]);
	size_t least = wish == GZIP_MUST ? 1 : GZIP_MIN_BYTES + 1;
	enum reply_kind kind = reply->kind;
	size_t len;
	char *packed;

	if (reply_pack_cached(req, wish, least))
		return;
	if (wish == GZIP_NO || tokens || reply->file ||
		(reply->kind == REPLY_PDF && wish != GZIP_MUST) || reply->body_len < least ||
		reply->body_len > GZIP_MAX_BYTES)
		return;
	packed = reply->wrap ? gzip_pack(req->app->gzip, parts, 3, &len)
						 : gzip_pack(req->app->gzip, parts + 1, 1, &len);
	if (packed == NULL)
		return;
	http_reply_body(req, reply->status, packed, len, free, packed, false);
	reply->kind = kind;
	reply->packed = true;
}

/*
 * Envelope and body in one piece: libmicrohttpd sends it together with the header, while
 * pieces go out after it, which costs a system call here and wakes the client twice.
 */
static struct MHD_Response *
reply_joined(struct reply *reply)
{
	size_t head = sizeof(wrap_head) - 1;
	size_t tail = sizeof(wrap_tail) - 1;
	char *whole = malloc(head + reply->body_len + tail);
	struct MHD_Response *response;

	if (whole == NULL)
		return NULL;
	memcpy(whole, wrap_head, head);
	memcpy(whole + head, reply->body, reply->body_len);
	memcpy(whole + head + reply->body_len, wrap_tail, tail);
	response = MHD_create_response_from_buffer(head + reply->body_len + tail, whole,
											   MHD_RESPMEM_MUST_FREE);
	if (response == NULL)
		free(whole);
	return response;
}

/* The response with its body; the body now belongs to it. NULL without memory. */
static struct MHD_Response *
reply_response(struct reply *reply)
{
	struct MHD_Response *response;

	if (reply->file)
	{
		response = MHD_create_response_from_fd64(reply->body_len, reply->fd);
		reply->file = response == NULL;
		return response;
	}
	/* What is copied is freed with the request. */
	if (reply->wrap && reply->body_len <= JOIN_MAX_BYTES)
		return reply_joined(reply);
	if (reply->wrap)
	{
		const struct MHD_IoVec parts[] = {{wrap_head, sizeof(wrap_head) - 1},
										  {reply->body, reply->body_len},
										  {wrap_tail, sizeof(wrap_tail) - 1}};

		response = MHD_create_response_from_iovec(parts, 3, reply->free_fn, reply->free_cls);
	}
	else if (reply->free_fn != NULL && reply->body_len > 0)
		response = MHD_create_response_from_buffer_with_free_callback_cls(
			reply->body_len, reply->body, reply->free_fn, reply->free_cls);
	else
		return MHD_create_response_from_buffer(reply->body_len, reply->body,
											   MHD_RESPMEM_PERSISTENT);
	if (response != NULL)
		reply->free_fn = NULL;
	return response;
}

enum MHD_Result
http_reply_send(struct request *req)
{
	struct MHD_Response *response;
	enum MHD_Result result;

	if (req->stream == NULL)
		reply_pack(req);
	response = req->stream == NULL ? reply_response(&req->reply) : stream_response(req);
	if (response == NULL)
		return MHD_NO;
	if (req->reply.wrap)
		req->reply.body_len += sizeof(wrap_head) + sizeof(wrap_tail) - 2;
	reply_headers(req, response);
	result = MHD_queue_response(req->mhd, (unsigned) req->reply.status, response);
	MHD_destroy_response(response);
	req->end_us = clock_us();
	req->queued = result == MHD_YES;
	http_reply_phase(req);
	return result;
}
