/*
 * stream.h - a file that the database makes piece by piece.
 */
#ifndef MJC_SHIM_STREAM_H
#define MJC_SHIM_STREAM_H

#include <libpq-fe.h>

#include "http.h"

struct stream;

/*
 * stream_begin - answer with the first piece and whatever pieces follow.
 *
 * piece: the row (body, next, file name) of an RF_STREAM function; taken over. req->call
 * stays as it was made, with what says where to go on as its last argument.
 */
void stream_begin(struct request *req, PGresult *piece);

/* stream_response - the response of a request with a stream; NULL without memory. */
struct MHD_Response *stream_response(struct request *req);

/* stream_whole - whether all was handed over; true without a stream. */
bool stream_whole(const struct request *req);

/* stream_free - release what was not sent; NULL is fine. */
void stream_free(struct stream *stream);

#endif
