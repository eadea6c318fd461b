/*
 * tax.h - TVA contained in or added to an amount, and the stamp duty on cash.
 */
#ifndef MJC_TAX_H
#define MJC_TAX_H

#include "utils/date.h"

/* A bracket of a scale; brackets stand in rising order of `above`. Amounts in centimes. */
typedef struct MjcStampBracket
{
	int64 above;	/* for amounts above this one */
	int64 step;		/* each step begun ... */
	int64 per_step; /* ... costs this; 0: nothing is due in this bracket */
	int64 floor;
	int64 cap;	/* -1: none */
	bool whole; /* of the whole amount, else of each bracket's slice */
} MjcStampBracket;

typedef struct MjcStampScale
{
	DateADT valid_from;
	int n;
	MjcStampBracket *brackets;
} MjcStampScale;

extern int64 mjc_tax_net_of_gross(int64 gross, int32 bp);
extern int64 mjc_stamp_due(const MjcStampScale *scale, int64 amount);
extern void mjc_stamp_scale_read(MjcStampScale *scale, DateADT on_date);

#endif /* MJC_TAX_H */
