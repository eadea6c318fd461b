/*
 * direct.h - the few hot tables read and written without SQL.
 */
#ifndef MJC_DIRECT_H
#define MJC_DIRECT_H

#include "spi.h"

#define MJC_DIRECT_MAX_COLUMNS 40

/*
 * A table of schema mjc. columns, types: every column that is not generated, the
 * primary key's first and in its order; values travel in this order.
 * parent_written: its foreign keys point to rows that the same transaction wrote.
 */
typedef struct MjcTable
{
	const char *name;
	const char *columns[MJC_DIRECT_MAX_COLUMNS + 1]; /* ends with NULL */
	Oid types[MJC_DIRECT_MAX_COLUMNS];
	bool parent_written;
	struct MjcTableState *state; /* kept between calls */
} MjcTable;

extern void mjc_direct_init(void);
extern bool mjc_direct_readable(MjcTable *table);
extern void mjc_direct_write(MjcTable *table, const MjcArg *args);
extern bool mjc_direct_claim(MjcTable *table, const MjcArg *args);
extern bool mjc_direct_lock(MjcTable *table, const Datum *keys, int nkeys, int n, Datum *values,
							bool *nulls);
extern bool mjc_direct_last(MjcTable *table, const Datum *keys, int nkeys, int n, Datum *values,
							bool *nulls);
extern int mjc_direct_all(MjcTable *table, int wanted, Datum *values, int max);

#endif /* MJC_DIRECT_H */
