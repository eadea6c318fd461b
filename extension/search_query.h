/*
 * search_query.h - what text queries and the meanings of words share.
 */
#ifndef MJC_SEARCH_QUERY_H
#define MJC_SEARCH_QUERY_H

#include "compat.h"

extern text *mjc_search_tag(const char *prefix, int len, const pg_uuid_t *id);
extern char *mjc_search_stems(const char *words, int *saying);

#endif /* MJC_SEARCH_QUERY_H */
