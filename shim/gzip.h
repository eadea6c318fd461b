/*
 * gzip.h - replies in fewer bytes.
 */
#ifndef MJC_SHIM_GZIP_H
#define MJC_SHIM_GZIP_H

#include <stddef.h>

#include "request.h"

#define GZIP_MIN_BYTES 1024			/* below, the head weighs more than what is saved */
#define GZIP_MAX_BYTES (256 * 1024) /* above, the loop would stand still for too long */

struct gzip;

/* What the client says of gzip. */
enum gzip_wish
{
	GZIP_NO,
	GZIP_MAY,
	GZIP_MUST /* and nothing plain */
};

/* gzip_new - NULL without memory. */
struct gzip *gzip_new(void);

/* gzip_free - release; NULL is fine. */
void gzip_free(struct gzip *gzip);

/*
 * gzip_wanted - read an Accept-Encoding (may be NULL), with weights, "*" and "identity".
 *
 * A client that refuses everything gets what it would get without the header.
 */
enum gzip_wish gzip_wanted(const char *accept_encoding);

/*
 * gzip_pack - the parts, one after the other, as one gzip member.
 *
 * Returns malloc'ed bytes, *len of them; NULL without memory or when they are
 * not fewer than before.
 */
char *gzip_pack(struct gzip *gzip, const struct str *parts, int nparts, size_t *len);

#endif
