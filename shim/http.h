/*
 * http.h - the public listener: connections, requests, replies.
 *
 * One struct request lives from its request line until libmicrohttpd is done
 * with it and no database call, hashing job, call of a provider, PDF or upload refers to it any
 * more, whichever is later. mhd is NULL once the client is gone.
 */
#ifndef MJC_SHIM_HTTP_H
#define MJC_SHIM_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <microhttpd.h>

#include "cart_cookie.h"
#include "db.h"
#include "error.h"
#include "param.h"
#include "peer.h"
#include "request.h"
#include "route.h"

#define HTTP_ID_SIZE 65
#define HTTP_AGENT_SIZE 257
#define HTTP_JOINED 4 /* fields that may stand in several lines */

struct app;
struct cache_entry;
struct http;
struct document;
struct login;
struct payment;
struct upload;
struct stream;

/* The header fields the shim reads; others are only counted. */
enum http_field
{
	FIELD_HOST,
	FIELD_CONTENT_LENGTH,
	FIELD_TRANSFER_ENCODING,
	FIELD_CONTENT_TYPE,
	FIELD_CONTENT_ENCODING,
	FIELD_EXPECT,
	FIELD_AUTHORIZATION,
	FIELD_ORIGIN,
	FIELD_SEC_FETCH_SITE,
	FIELD_ACCEPT_LANGUAGE,
	FIELD_ACCEPT_ENCODING, /* several are joined by ", " */
	FIELD_IDEMPOTENCY_KEY,
	FIELD_IF_NONE_MATCH, /* several are joined by ", " */
	FIELD_FRONTEND_SECRET,
	FIELD_REQUEST_ID,
	FIELD_PREFLIGHT_METHOD,
	FIELD_FORWARDED_PROTO,
	FIELD_USER_AGENT,
	FIELD_STRIPE_SIGNATURE,
	FIELD_CHARGILY_SIGNATURE,
	FIELD_YALIDINE_SIGNATURE,
	FIELD_COOKIE,		 /* several are joined by "; " */
	FIELD_FORWARDED_FOR, /* several are joined by ", " */
	FIELD__MAX
};

/* How far a connection is; decides which deadline holds. */
enum http_phase
{
	PHASE_IDLE,	 /* no request line yet */
	PHASE_HEAD,	 /* request line seen */
	PHASE_BODY,	 /* headers complete */
	PHASE_WAIT,	 /* suspended: the database, a hashing thread, a provider, a printer or a disk works
				  */
	PHASE_REPLY, /* the reply is on its way */
	PHASE_DEAD	 /* shut down by us */
};

struct http_conn
{
	struct http *http;
	int fd;
	bool trusted;
	char addr[PEER_TEXT];
	enum http_phase phase;
	int64_t deadline_ms; /* 0 = none */
	struct request *req; /* the one it is busy with, or NULL */
	uint64_t seen;		 /* body bytes at the last look for a stall, plus 1 */
	int64_t seen_ms;	 /* since when a look found that many */
	struct http_conn *prev;
	struct http_conn *next;
};

struct request
{
	struct app *app;
	struct http_conn *conn;
	struct MHD_Connection *mhd;
	int refs;
	struct request *prev; /* list of all requests alive */
	struct request *next;

	/* what the client sent */
	enum method method;
	bool method_known;
	bool head_only;
	char *target; /* raw request target, NULL when too long */
	char *path;	  /* decoded once, no query */
	struct kv *query;
	int nquery;
	const char *field[FIELD__MAX]; /* borrowed from libmicrohttpd while mhd is set */
	char *joined[HTTP_JOINED];	   /* owns the joined fields */
	char *body;
	size_t body_len;
	size_t body_cap;
	uint64_t body_seen;
	uint64_t body_limit;
	bool body_refused;
	char id[HTTP_ID_SIZE];
	char addr[PEER_TEXT];	/* the client */
	char source[PEER_TEXT]; /* addr, or LIMIT_FRONTEND: what counts without an account */
	bool frontend;			/* the frontend's server has shown its secret */
	char agent[HTTP_AGENT_SIZE];
	enum lang lang;

	/* what the stages found */
	enum route_result found; /* by the head, once it is sound */
	struct route_match match;
	struct caller caller;
	const char *counted; /* whose bucket it took from; NULL: none */
	struct param_value values[ROUTES_MAX_PARAMS];
	struct problem problem; /* id other than ERROR_NONE: answer this */
	bool started;			/* the handler has seen the headers */
	bool handled;			/* the stages have run */
	bool delayed;			/* suspended by its head */
	bool suspended;
	bool answered; /* reply holds what is to be sent */
	bool queued;   /* the reply was handed over */

	/* the call to the database */
	struct db_call call;
	const char *args[ROUTES_MAX_ARGS];
	char token_version[24];
	char key[PARAM_KEY_MAX + 1];
	char cart_token[CART_TOKEN_SIZE]; /* as sent or fresh; empty: none */
	struct login *login;
	struct payment *payment;
	struct document *document;
	struct upload *upload; /* takes the body, once it was let in by the head */
	struct stream *stream;

	/* the reply and what is logged of it */
	struct reply reply;
	enum error_id code;
	int64_t start_us;
	int64_t end_us;
	int64_t db_us;

	/* the cache: the key while the answer is to be kept, the entry that is sent */
	char *cache_key;
	size_t cache_key_len;
	int64_t asked_ms;
	struct cache_entry *cached;
};

/* http_new - listen as config says; NULL with one line in error. */
struct http *http_new(struct app *app, char *error, size_t error_size);

/* http_free - stop. Requests still waiting are dropped; db and worker must be gone. */
void http_free(struct http *http);

/* http_run - let libmicrohttpd work until it has nothing ready. */
void http_run(struct http *http);

/*
 * http_wait_ms - how long the loop may sleep as far as http is concerned.
 *
 * Returns limit, or 0 when http_run has work although no socket is ready, or 1
 * when that work does not come to an end.
 */
int64_t http_wait_ms(const struct http *http, int64_t limit);

/* http_sweep - shut down connections past their deadline. */
void http_sweep(struct http *http);

/* http_drain - stop accepting and close idle connections. */
void http_drain(struct http *http);

/* http_drained - whether no request is alive any more. */
bool http_drained(const struct http *http);

/* http_in_flight - requests alive. */
long http_in_flight(const struct http *http);

/* http_connections - connections open. */
long http_connections(const struct http *http);

/*
 * http_client - set req->addr and req->source, from the connection, its X-Forwarded-For and
 * req->frontend.
 */
void http_client(struct request *req);

/* http_hold - keep a request alive beyond its connection; pairs with http_release. */
void http_hold(struct request *req);

/* http_release - give up one http_hold; frees the request after the last. */
void http_release(struct request *req);

/* http_suspend - the request waits until http_resume. */
void http_suspend(struct request *req);

/* http_resume - the reply of a suspended request, or the next piece of it, is ready. */
void http_resume(struct request *req);

/* http_body_phase - from now on it is the body that is waited for. */
void http_body_phase(struct request *req);

/* http_wait_longer - what a waiting request waits for takes at most ms, and ends by itself. */
void http_wait_longer(struct request *req, int64_t ms);

/* http_reply_phase - from now on it is the client that is waited for. */
void http_reply_phase(struct request *req);

#endif
