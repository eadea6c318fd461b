/*
 * clock.h - the two clocks of the shim.
 *
 * Deadlines and durations use the monotonic clock; only log lines, tokens and
 * replies show the wall clock.
 */
#ifndef MJC_SHIM_CLOCK_H
#define MJC_SHIM_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#define CLOCK_ISO_SIZE 32

/* clock_us - microseconds of CLOCK_MONOTONIC. */
int64_t clock_us(void);

/* clock_ms - milliseconds of CLOCK_MONOTONIC. */
int64_t clock_ms(void);

/* clock_iso - now as 2026-01-31T10:00:00.000Z. */
void clock_iso(char out[CLOCK_ISO_SIZE]);

#endif
