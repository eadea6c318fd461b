/*
 * sweep.h - files that no row knows are taken out of the folder, a day after they came.
 */
#ifndef MJC_SHIM_SWEEP_H
#define MJC_SHIM_SWEEP_H

struct app;
struct sweep;

/* sweep_new - the first look is at once, then one an hour; NULL without memory. */
struct sweep *sweep_new(struct app *app);

/* sweep_free - the thread for files and db are gone; NULL is fine. */
void sweep_free(struct sweep *sweep);

/* sweep_tick - begin a look that is due. For the loop. */
void sweep_tick(struct sweep *sweep);

#endif
