/*
 * http_reply.h - fill in and send replies.
 */
#ifndef MJC_SHIM_HTTP_REPLY_H
#define MJC_SHIM_HTTP_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "http.h"

/* http_reply_header - add a header of a constant name; one that does not fit is left out. */
void http_reply_header(struct request *req, const char *name, const char *value);

/* http_reply_cookie - add a Set-Cookie as the configuration wants it; value NULL clears it. */
void http_reply_cookie(struct request *req, const char *name, const char *value, int life_s);

/*
 * http_reply_body - answer with a body.
 *
 * free_fn(free_cls) releases it once it is sent; NULL for a constant. wrap
 * puts {"success":true,"data":...} around it.
 */
void http_reply_body(struct request *req, int status, char *body, size_t len,
					 void (*free_fn)(void *), void *free_cls, bool wrap);

/* http_reply_fd - answer 200 with the bytes of a file, which is taken over. */
void http_reply_fd(struct request *req, int fd, size_t size);

/* http_reply_cached - answer with what the cache kept; the reply takes over the held entry. */
void http_reply_cached(struct request *req, struct cache_entry *entry);

/* http_reply_keep - let the cache keep a copy of the answer, when it noted the question's key. */
void http_reply_keep(struct request *req);

/*
 * http_reply_file - the body that was given is a file of this name, cut down to letters that mean
 * nothing in a header. how: "inline" or "attachment".
 */
void http_reply_file(struct request *req, enum reply_kind kind, const char *how, const char *given);

/* http_reply_problem - answer with req->problem, in the language of the request. */
void http_reply_problem(struct request *req);

/* http_reply_error - answer with a plain error. */
void http_reply_error(struct request *req, enum error_id id);

/* http_reply_send - hand the reply to libmicrohttpd. MHD_NO cuts the connection. */
enum MHD_Result http_reply_send(struct request *req);

/* http_reply_free - release a reply and wipe its headers, which may hold tokens. */
void http_reply_free(struct reply *reply);

#endif
