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
#define mjc_insert_index_tuples(info, slot, estate)                                                \
	ExecInsertIndexTuples((info), (slot), (estate), false, false, NULL, NIL, false)
#else
#define mjc_insert_index_tuples(info, slot, estate)                                                \
	ExecInsertIndexTuples((info), (slot), (estate), false, false, NULL, NIL)
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

#endif /* MJC_COMPAT_H */
