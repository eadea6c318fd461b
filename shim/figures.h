/*
 * figures.h - what the shim counted, on its way into the database.
 *
 * Prometheus reads the same counters; here they are kept for people who ask in SQL
 * (mjc_report.response_times).
 */
#ifndef MJC_SHIM_FIGURES_H
#define MJC_SHIM_FIGURES_H

#include <stdbool.h>

struct figures;
struct metrics;

enum
{
	FIGURES_ARGS = 3 /* of DB_HTTP_FIGURES */
};

/* figures_new - counting from now; NULL without memory or randomness. */
struct figures *figures_new(const struct metrics *metrics);

/* figures_free - NULL is fine. */
void figures_free(struct figures *figures);

/*
 * figures_take - the arguments of mjc_api.http_figures: all since the last figures_stored.
 *
 * They stay valid until the next call of figures_take or figures_stored. Returns NULL when
 * nothing was asked for since, or without memory.
 */
const char *const *figures_take(struct figures *figures);

/* figures_stored - what was taken is in the database: the next count begins where it was taken. */
void figures_stored(struct figures *figures);

#endif
