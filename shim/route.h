/*
 * route.h - which row of the table serves a path.
 */
#ifndef MJC_SHIM_ROUTE_H
#define MJC_SHIM_ROUTE_H

#include "routes.h"

enum route_result
{
	ROUTE_OK,
	ROUTE_NOT_FOUND,
	ROUTE_METHOD /* the path is known, the method is not: 405 with match.allow */
};

struct route_match
{
	const struct route *row;					/* set for ROUTE_OK only */
	char *copy;									/* owns the values */
	const char *values[ROUTES_MAX_PATH_VALUES]; /* in the order of the pattern */
	int nvalues;
	char allow[64]; /* "GET, HEAD, OPTIONS"; set for ROUTE_METHOD only */
};

/*
 * route_match - find the row of a method and a path.
 *
 * path: decoded once, starts with '/', no query. Any run of leading "api" and
 *       "v1" segments is skipped. Empty, "." and ".." segments and a ';'
 *       anywhere are not found; so is a path without memory to copy it.
 * A static segment beats a parameter. METHOD_OPTIONS is in no row: a known
 * path answers ROUTE_METHOD and the allow list.
 * The caller frees *out with route_match_free whatever the result.
 */
enum route_result route_match(enum method method, const char *path, struct route_match *out);

/* route_match_free - give back what route_match took; safe to call twice. */
void route_match_free(struct route_match *match);

#endif
