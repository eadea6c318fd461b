/*
 * aggregate.h - what the analytic aggregates share: their checks, and the events of a funnel.
 *
 * Every state is a bytea, so that parallel workers and other nodes can send it; the support
 * functions judge each state that they are given, whoever made it. A state is bounded by
 * mjc.aggregate_memory.
 */
#ifndef MJC_AGGREGATE_H
#define MJC_AGGREGATE_H

#include "fmgr.h"
#include "utils/timestamp.h"

#define MJC_FUNNEL_STEPS 31 /* what the five low bits of an event hold */

extern MemoryContext mjc_aggregate_context(FunctionCallInfo fcinfo);
extern void mjc_aggregate_room(Size bytes);
extern void mjc_aggregate_same(bool same, const char *argument);
extern int64 mjc_arg_duration(FunctionCallInfo fcinfo, int n, const char *name);

/*
 * An event of a funnel: its time in microseconds and its step in one number, which sorts by time
 * and then by step.
 */
extern bool mjc_funnel_event(FunctionCallInfo fcinfo, int at, int step, int steps, int64 *event);
extern void mjc_funnel_sort(int64 *event, size_t count);
extern int mjc_funnel_reached(const int64 *event, size_t count, int64 within);

#endif /* MJC_AGGREGATE_H */
