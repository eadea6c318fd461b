/*
 * http_request.h - read and check what the client sends, before any route.
 */
#ifndef MJC_SHIM_HTTP_REQUEST_H
#define MJC_SHIM_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http.h"

#define HTTP_TARGET_MAX 8192
#define HTTP_HEADERS_MAX 100
#define HTTP_HEADER_BYTES_MAX 16384
#define HTTP_QUERY_MAX 200		   /* pairs */
#define HTTP_WEBHOOK_BYTES 1048576 /* of a report, where MJC_BODY_LIMIT is lower */

/*
 * http_request_head - check request line and headers.
 *
 * Sets req->problem when the request is refused. Returns false when the
 * framing cannot be trusted, or the body is not wanted: answer now and close.
 */
bool http_request_head(struct request *req, const char *method, const char *version);

/*
 * http_request_bears - whether a body that is not wanted is read and thrown away, so that its
 * sender hears why; else the answer comes at once, and the connection ends.
 */
bool http_request_bears(const struct request *req, uint64_t length);

/*
 * http_request_body - take a piece of the body.
 *
 * Past the limit the bytes are thrown away and the request is refused. Returns
 * false when the client sends so much more that the connection is to be cut.
 */
bool http_request_body(struct request *req, const char *data, size_t len);

#endif
