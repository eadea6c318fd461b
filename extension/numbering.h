/*
 * numbering.h - order references: MJ-2026-000123-7.
 */
#ifndef MJC_NUMBERING_H
#define MJC_NUMBERING_H

#include "utils/timestamp.h"

extern char *mjc_order_reference_next(TimestampTz at);
extern char *mjc_order_reference_parse(const char *typed);

#endif /* MJC_NUMBERING_H */
