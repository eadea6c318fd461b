/*
 * housekeep.h - the clock of the database's jobs.
 *
 * Correctness never waits for it: a missed run is only late.
 */
#ifndef MJC_SHIM_HOUSEKEEP_H
#define MJC_SHIM_HOUSEKEEP_H

#include <stdbool.h>

struct app;
struct housekeep;

/* housekeep_new - NULL without memory. */
struct housekeep *housekeep_new(struct app *app);

/* housekeep_free - release; the database must be closed before. NULL is fine. */
void housekeep_free(struct housekeep *housekeep);

/* housekeep_soon - run the jobs at the next turn, not only when their time has come. */
void housekeep_soon(struct housekeep *housekeep);

/* housekeep_tick - start what is due. For the loop. */
void housekeep_tick(struct housekeep *housekeep);

/* housekeep_ended - tell what was counted last, once every request is answered; true when it is
 * told. */
bool housekeep_ended(struct housekeep *housekeep);

#endif
