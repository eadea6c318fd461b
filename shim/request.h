/*
 * request.h - the plain values that pass between the stages of the shim.
 *
 * These types know nothing of libmicrohttpd or libpq, so that every stage
 * between the socket and the database can be tested on its own. Text in them
 * is NUL-terminated, valid UTF-8 and free of inner NULs unless a length stands
 * next to it.
 */
#ifndef MJC_SHIM_REQUEST_H
#define MJC_SHIM_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

/* HEAD is METHOD_GET; http keeps apart that the body is not sent. */
enum method
{
	METHOD_GET,
	METHOD_POST,
	METHOD_PUT,
	METHOD_PATCH,
	METHOD_DELETE,
	METHOD_OPTIONS,
	METHOD__MAX
};

/* Borrowed bytes, not NUL-terminated. */
struct str
{
	const char *ptr;
	size_t len;
};

/* One pair of the query string, decoded once. */
struct kv
{
	char *name;
	char *value;
};

/* One SQL argument in libpq's text format, malloc'ed; NULL is SQL NULL. */
struct param_value
{
	char *text;
};

/* Who calls, as the token says; the database checks again. */
struct caller
{
	bool present;
	char account_id[37];
	char role[16];
	long token_version;
	char token_id[37];
};

enum
{
	REPLY_HEADERS_MAX = 8,
	REPLY_HEADER_VALUE = 1024 /* with its end, where a value is put together */
};

/* One header of a reply: the name is borrowed, the value malloc'ed. */
struct reply_header
{
	const char *name;
	char *value;
};

/* What the body is. */
enum reply_kind
{
	REPLY_JSON,
	REPLY_TEXT,
	REPLY_CSV,	/* a file to keep */
	REPLY_PAGE, /* HTML that brings its own style, nothing else */
	REPLY_PDF,
	REPLY_MEDIA /* a file of the shop, from its folder */
};

/*
 * What is to be sent. body is released with free_fn(free_cls) once it is sent;
 * without free_fn it is borrowed and must outlive the process. With file, the
 * body is that of fd instead, which is closed once it is sent.
 */
struct reply
{
	int status;
	char *body;
	size_t body_len;
	void (*free_fn)(void *);
	void *free_cls;
	enum reply_kind kind;
	struct reply_header header[REPLY_HEADERS_MAX];
	int headers;
	bool wrap;	 /* send {"success":true,"data":body} */
	bool packed; /* body is gzip */
	bool file;
	int fd;
	const char *media_type; /* Content-Type of REPLY_MEDIA */
};

#endif
