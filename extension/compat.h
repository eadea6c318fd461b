/*
 * compat.h - every difference between PostgreSQL 15, 16, 17 and 18, and only here.
 */
#ifndef MJC_COMPAT_H
#define MJC_COMPAT_H

#if PG_VERSION_NUM < 150000
#error "mjchauffage needs PostgreSQL 15 or newer"
#endif

/* SPI_OK_* text results, hash and uuid headers moved or were renamed over time. */
#include "utils/uuid.h"

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* index_beginscan takes instrumentation since 18. */
#if PG_VERSION_NUM >= 180000
#define mjc_index_beginscan(heap, index, snapshot, nkeys)                                          \
	index_beginscan((heap), (index), (snapshot), NULL, (nkeys), 0)
#else
#define mjc_index_beginscan(heap, index, snapshot, nkeys)                                          \
	index_beginscan((heap), (index), (snapshot), (nkeys), 0)
#endif

/* ExecInsertIndexTuples learnt about summarizing indexes in 16. */
#if PG_VERSION_NUM >= 160000
#define mjc_insert_index_tuples(info, slot, estate, speculative, conflict, arbiters)               \
	ExecInsertIndexTuples((info), (slot), (estate), false, (speculative), (conflict), (arbiters),  \
						  false)
#else
#define mjc_insert_index_tuples(info, slot, estate, speculative, conflict, arbiters)               \
	ExecInsertIndexTuples((info), (slot), (estate), false, (speculative), (conflict), (arbiters))
#endif

/* ExecCheckIndexConstraints takes the row to leave out since 18. */
#if PG_VERSION_NUM >= 180000
#define mjc_check_index_constraints(info, slot, estate, conflict, arbiters)                        \
	ExecCheckIndexConstraints((info), (slot), (estate), (conflict), &(ItemPointerData){{0}},       \
							  (arbiters))
#else
#define mjc_check_index_constraints(info, slot, estate, conflict, arbiters)                        \
	ExecCheckIndexConstraints((info), (slot), (estate), (conflict), (arbiters))
#endif

/* What an index access method keeps between inserts is given back since 17. */
#if PG_VERSION_NUM >= 170000
#define mjc_index_insert_cleanup(index, info)                                                      \
	do                                                                                             \
	{                                                                                              \
		index_insert_cleanup((index), (info));                                                     \
		(info)->ii_AmCache = NULL;                                                                 \
	} while (0)
#else
#define mjc_index_insert_cleanup(index, info) ((void) 0)
#endif

/* A range can fail softly since 16. */
#if PG_VERSION_NUM >= 160000
#define mjc_make_range(type, lower, upper, empty)                                                  \
	make_range((type), (lower), (upper), (empty), NULL)
#else
#define mjc_make_range(type, lower, upper, empty) make_range((type), (lower), (upper), (empty))
#endif

#if PG_VERSION_NUM >= 180000
#define mjc_primary_key(rel) RelationGetPrimaryKeyIndex((rel), false)
#else
#define mjc_primary_key(rel) RelationGetPrimaryKeyIndex(rel)
#endif

/* What reads JSON returns success since 16, and gets its lexer since 17. */
#if PG_VERSION_NUM >= 160000
#define mjc_json_result JsonParseErrorType
#define mjc_json_done return JSON_SUCCESS
#else
#define mjc_json_result void
#define mjc_json_done return
#endif
#if PG_VERSION_NUM >= 170000
#define mjc_json_lexer(json, len) makeJsonLexContextCstringLen(NULL, (json), (len), PG_UTF8, true)
#else
#define mjc_json_lexer(json, len) makeJsonLexContextCstringLen((json), (len), PG_UTF8, true)
#endif

#endif /* MJC_COMPAT_H */
