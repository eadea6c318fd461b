/*
 * route.c - from a method and a path to a row of the table.
 *
 * Invariants: the path was percent-decoded exactly once before; nothing is
 * decoded here. All methods of a path are looked at, so that 404 and 405 are
 * told apart and the allow list is complete. With two patterns for one path,
 * the one whose first differing segment is static wins.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "route.h"
#include "text.h"

/* Bytes up to the next '/' or the end. */
static size_t
segment_len(const char *s)
{
	return strcspn(s, "/");
}

/*
 * The path without its run of leading "api" and "v1" segments, still starting
 * with '/'; "/" when nothing else is left.
 */
static const char *
strip_prefix(const char *path)
{
	for (;;)
	{
		size_t len = segment_len(path + 1);
		bool prefix = (len == 3 && memcmp(path + 1, "api", 3) == 0) ||
					  (len == 2 && memcmp(path + 1, "v1", 2) == 0);

		if (!prefix)
			return path;
		if (path[1 + len] == '\0')
			return "/";
		path += 1 + len;
	}
}

/* Whether every segment may be looked up: none empty, "." or "..", no ';'. */
static bool
path_is_plain(const char *path)
{
	if (path[0] != '/' || strchr(path, ';') != NULL)
		return false;
	if (path[1] == '\0')
		return true;
	while (*path == '/')
	{
		size_t len = segment_len(path + 1);

		if (len == 0 || (len == 1 && path[1] == '.') ||
			(len == 2 && path[1] == '.' && path[2] == '.'))
			return false;
		path += 1 + len;
	}
	return true;
}

/* Every request asks this of every row: most differ in their first letters. */
static bool
pattern_matches(const char *pattern, const char *path)
{
	while (*pattern != '\0')
	{
		if (*pattern != ':')
		{
			if (*pattern++ != *path++)
				return false;
			continue;
		}
		if (segment_len(path) == 0)
			return false;
		pattern += segment_len(pattern);
		path += segment_len(path);
	}
	return *path == '\0';
}

/* Whether pattern a, which matches the same path as b, is the more exact one. */
static bool
more_exact(const char *a, const char *b)
{
	while (*a != '\0' && *b != '\0')
	{
		a++;
		b++;
		if ((*a == ':') != (*b == ':'))
			return *b == ':';
		a += segment_len(a);
		b += segment_len(b);
	}
	return false;
}

static void
write_allow(unsigned methods, char *out, size_t size)
{
	size_t used = 0;

	methods |= 1u << METHOD_OPTIONS;
	out[0] = '\0';
	for (unsigned m = 0; m < METHOD__MAX; m++)
	{
		if ((methods & 1u << m) == 0)
			continue;
		used +=
			(size_t) snprintf(out + used, size - used, "%s%s%s", used > 0 ? ", " : "",
							  routes_method_name((enum method) m), m == METHOD_GET ? ", HEAD" : "");
	}
}

/* Copy the path and point the values into it. Returns false without memory. */
static bool
take_values(const char *path, struct route_match *out)
{
	const char *pattern = out->row->pattern;
	char *at;

	out->copy = text_dup(path, strlen(path));
	if (out->copy == NULL)
		return false;
	for (at = out->copy; *at == '/';)
	{
		bool value = *++pattern == ':' && out->nvalues < ROUTES_MAX_PATH_VALUES;
		char *start = ++at;

		at += segment_len(at);
		pattern += segment_len(pattern);
		if (value)
			out->values[out->nvalues++] = start;
	}
	/* Only now: the walk above needed the slashes. */
	for (at = out->copy; (at = strchr(at, '/')) != NULL;)
		*at++ = '\0';
	return true;
}

enum route_result
route_match(enum method method, const char *path, struct route_match *out)
{
	unsigned methods = 0;

	memset(out, 0, sizeof(*out));
	if (!path_is_plain(path))
		return ROUTE_NOT_FOUND;
	path = strip_prefix(path);
	for (int i = 0; i < routes_count; i++)
	{
		const struct route *row = &routes_table[i];

		if (!pattern_matches(row->pattern, path))
			continue;
		methods |= 1u << row->method;
		if (row->method == method &&
			(out->row == NULL || more_exact(row->pattern, out->row->pattern)))
			out->row = row;
	}
	if (methods == 0)
		return ROUTE_NOT_FOUND;
	if (out->row == NULL)
	{
		write_allow(methods, out->allow, sizeof(out->allow));
		return ROUTE_METHOD;
	}
	if (!take_values(path, out))
	{
		out->row = NULL;
		return ROUTE_NOT_FOUND;
	}
	return ROUTE_OK;
}

void
route_match_free(struct route_match *match)
{
	free(match->copy);
	memset(match, 0, sizeof(*match));
}
