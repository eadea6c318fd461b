/*
 * trace.h - the steps that explain a price.
 */
#ifndef MJC_TRACE_H
#define MJC_TRACE_H

#include "promotion.h"

extern void mjc_trace_add(MjcCart *cart, MjcTraceStep step);
extern const char *mjc_trace_rule_name(MjcTraceRule rule);
extern char *mjc_trace_json(const MjcCart *cart);

#endif /* MJC_TRACE_H */
