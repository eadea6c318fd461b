/*
 * multipart.h - multipart/form-data (RFC 7578), read as it arrives.
 *
 * The parser keeps a part's header and nothing else: memory does not grow with the body.
 * It is stricter than the RFC where no browser or library goes: no preamble, no epilogue,
 * no blanks behind a boundary, no folded lines, no bare CR or LF in a header.
 */
#ifndef MJC_SHIM_MULTIPART_H
#define MJC_SHIM_MULTIPART_H

#include <stdbool.h>
#include <stddef.h>

#define MULTIPART_BOUNDARY_MAX 70 /* RFC 2046, 5.1.1 */
#define MULTIPART_NAME_MAX 63
#define MULTIPART_LINE_MAX 1024
#define MULTIPART_LINES_MAX 8

enum multipart_result
{
	MULTIPART_OK,
	MULTIPART_BAD,	  /* no such form; stays so */
	MULTIPART_STOPPED /* the handler did not want to go on; stays so */
};

/* What the header of a part says. */
struct multipart_part
{
	char name[MULTIPART_NAME_MAX + 1];
	bool named;
	bool file; /* it has a filename, whichever: nothing that is sent as one is used */
};

/* Called part by part, in order; false stops the parser. data may come in any pieces. */
struct multipart_handler
{
	bool (*begin)(void *cls, const struct multipart_part *part);
	bool (*data)(void *cls, const char *data, size_t len);
	bool (*end)(void *cls);
};

enum multipart_state
{
	MULTIPART_DELIMITER, /* at the start: the first boundary */
	MULTIPART_AFTER,	 /* behind a boundary: CRLF or -- */
	MULTIPART_HEADER,
	MULTIPART_DATA,
	MULTIPART_END /* behind the last boundary: CRLF or nothing */
};

struct multipart
{
	const struct multipart_handler *handler;
	void *cls;
	enum multipart_state state;
	enum multipart_result result;
	char delimiter[4 + MULTIPART_BOUNDARY_MAX + 1]; /* CR LF - - boundary */
	size_t delimiter_len;
	size_t matched; /* bytes of the delimiter, or of what stands behind it */
	bool last;		/* a - was seen behind the boundary */
	struct multipart_part part;
	char line[MULTIPART_LINE_MAX + 1];
	size_t line_len;
	int lines;
	bool disposed; /* Content-Disposition was seen */
};

/*
 * multipart_boundary - the boundary that a Content-Type names.
 *
 * type: may be NULL. Returns MULTIPART_STOPPED when it is not multipart/form-data,
 * MULTIPART_BAD when it is, without one sound boundary; else boundary is filled.
 */
enum multipart_result multipart_boundary(const char *type,
										 char boundary[MULTIPART_BOUNDARY_MAX + 1]);

/* multipart_init - begin to read; boundary as multipart_boundary gave it. */
void multipart_init(struct multipart *m, const char *boundary,
					const struct multipart_handler *handler, void *cls);

/* multipart_feed - take the next bytes, however many. */
enum multipart_result multipart_feed(struct multipart *m, const char *data, size_t len);

/* multipart_whole - whether the last boundary was seen and nothing was wrong. */
bool multipart_whole(const struct multipart *m);

#endif
