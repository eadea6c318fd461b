/*
 * stream.c - a file that the database makes piece by piece.
 *
 * One piece of a request is in memory at a time. The next is asked for when
 * libmicrohttpd has taken the last byte of this one, which it does when its own small
 * buffer is sent; until it is there the connection is suspended. So a client that reads
 * slowly holds no connection to the database, and it has the time of a reply for each
 * piece. What fails after the first piece ends the connection without the last chunk:
 * the client sees that the file is not whole.
 */
#include "stream.h"

#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "clock.h"
#include "flow.h"
#include "http_reply.h"

#define STREAM_BLOCK (16 * 1024)

/* The columns of a piece. */
enum
{
	PIECE_BODY,
	PIECE_NEXT,
	PIECE_NAME,
	PIECE__COLUMNS
};

struct stream
{
	PGresult *piece; /* NULL: to be fetched */
	size_t sent;	 /* bytes of it that were handed over */
	char *after;	 /* where the next one begins; NULL: this is the last */
	bool failed;
	bool whole;
};

void
stream_free(struct stream *stream)
{
	if (stream == NULL)
		return;
	PQclear(stream->piece);
	free(stream->after);
	free(stream);
}

bool
stream_whole(const struct request *req)
{
	return req->stream == NULL || req->stream->whole;
}

/* Take over a piece; false when it is none, or without memory. */
static bool
stream_take(struct stream *stream, PGresult *piece)
{
	stream->piece = piece;
	stream->sent = 0;
	free(stream->after);
	stream->after = NULL;
	if (PQntuples(piece) != 1 || PQnfields(piece) != PIECE__COLUMNS ||
		PQgetisnull(piece, 0, PIECE_BODY) != 0)
		return false;
	if (PQgetisnull(piece, 0, PIECE_NEXT) != 0)
		return true;
	stream->after = strdup(PQgetvalue(piece, 0, PIECE_NEXT));
	return stream->after != NULL;
}

/* The rest will not come: what was promised with the head of the reply was not kept. */
static void
stream_fail(struct request *req)
{
	int status = error_status(req->problem.id);

	req->stream->failed = true;
	req->code = req->problem.id;
	req->reply.status = status >= 500 ? status : 500;
}

static void
stream_done(struct db_call *call)
{
	struct request *req = call->cls;

	if (flow_problem(req))
		stream_fail(req);
	else if (!stream_take(req->stream, call->result))
	{
		error_set(&req->problem, ERROR_INTERNAL_ERROR);
		stream_fail(req);
	}
	call->result = NULL;
	req->end_us = clock_us();
	if (req->mhd != NULL)
		http_reply_phase(req);
	flow_end(req);
}

/* Ask for the next piece; the connection is suspended until it is there. */
static bool
stream_next(struct request *req)
{
	struct stream *stream = req->stream;

	PQclear(stream->piece);
	stream->piece = NULL;
	req->args[req->call.nargs - 1] = stream->after;
	req->call.done = stream_done;
	http_hold(req);
	if (req->app->db == NULL || !db_submit(req->app->db, &req->call))
	{
		error_set(&req->problem, ERROR_SERVICE_UNAVAILABLE);
		stream_fail(req);
		http_release(req);
		return false;
	}
	http_suspend(req);
	return true;
}

static ssize_t
stream_read(void *cls, uint64_t pos, char *out, size_t room)
{
	struct request *req = cls;
	struct stream *stream = req->stream;
	size_t left = stream->piece == NULL
					  ? 0
					  : (size_t) PQgetlength(stream->piece, 0, PIECE_BODY) - stream->sent;

	(void) pos;
	if (stream->failed)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (left > 0)
	{
		size_t n = left < room ? left : room;

		memcpy(out, PQgetvalue(stream->piece, 0, PIECE_BODY) + stream->sent, n);
		stream->sent += n;
		req->reply.body_len += n;
		return (ssize_t) n;
	}
	stream->whole = stream->after == NULL;
	if (stream->whole)
		return MHD_CONTENT_READER_END_OF_STREAM;
	return stream_next(req) ? 0 : MHD_CONTENT_READER_END_WITH_ERROR;
}

struct MHD_Response *
stream_response(struct request *req)
{
	struct MHD_Response *response =
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, stream_read, req, NULL);

	/* Told to be chunked, libmicrohttpd sends a last chunk even after the head of a HEAD. */
	if (response != NULL && req->head_only)
		MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
	return response;
}

static void
stream_clear_result(void *cls)
{
	PQclear(cls);
}

void
stream_begin(struct request *req, PGresult *piece)
{
	int status = req->match.row->status;
	const char *name =
		PQgetisnull(piece, 0, PIECE_NAME) != 0 ? NULL : PQgetvalue(piece, 0, PIECE_NAME);

	if (PQgetisnull(piece, 0, PIECE_NEXT) != 0) /* all of it: a reply like any other */
		http_reply_body(req, status, PQgetvalue(piece, 0, PIECE_BODY),
						(size_t) PQgetlength(piece, 0, PIECE_BODY), stream_clear_result, piece,
						false);
	else
	{
		req->stream = calloc(1, sizeof(*req->stream));
		if (req->stream == NULL || !stream_take(req->stream, piece))
		{
			if (req->stream == NULL)
				PQclear(piece);
			stream_free(req->stream);
			req->stream = NULL;
			http_reply_error(req, ERROR_SERVICE_UNAVAILABLE);
			return;
		}
		http_reply_body(req, status, NULL, 0, NULL, NULL, false);
	}
	if (name != NULL)
		http_reply_file(req, REPLY_CSV, "attachment", name);
}
