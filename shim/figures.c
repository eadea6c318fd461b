/*
 * figures.c - what the shim counted, on its way into the database.
 *
 * Until the database says that it stored a span, the same span is told again with what came
 * meanwhile: whoever hears it twice keeps the newer word. So nothing counts twice and nothing
 * is lost but what a process that dies had not told.
 */
#include "figures.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "metrics.h"
#include "routes.h"
#include "text.h"

struct figures
{
	const struct metrics *metrics;
	char id[TEXT_UUID_SIZE];
	char since[24];				  /* seconds of the epoch */
	time_t taken_at;			  /* when taken was */
	struct metrics_totals *base;  /* by route: what is stored */
	struct metrics_totals *taken; /* by route: what was told last */
	char *json;
	const char *args[FIGURES_ARGS];
};

static void
figures_since(struct figures *figures, time_t at)
{
	snprintf(figures->since, sizeof(figures->since), "%lld", (long long) at);
}

struct figures *
figures_new(const struct metrics *metrics)
{
	struct figures *figures = calloc(1, sizeof(*figures));
	size_t n = (size_t) routes_count + 1;

	if (figures == NULL)
		return NULL;
	figures->metrics = metrics;
	figures->base = calloc(n, sizeof(*figures->base));
	figures->taken = calloc(n, sizeof(*figures->taken));
	figures_since(figures, time(NULL));
	if (figures->base == NULL || figures->taken == NULL || !text_uuid_v4(figures->id))
	{
		figures_free(figures);
		return NULL;
	}
	return figures;
}

void
figures_free(struct figures *figures)
{
	if (figures == NULL)
		return;
	free(figures->base);
	free(figures->taken);
	free(figures->json);
	free(figures);
}

/* Patterns and methods are ours: nothing in them needs escaping. */
static void
figures_route(FILE *out, int route, const struct metrics_totals *now,
			  const struct metrics_totals *base)
{
	const char *method =
		route == routes_count ? "any" : routes_method_name(routes_table[route].method);
	const char *path = route == routes_count ? "*" : routes_table[route].pattern;

	fprintf(out,
			"{\"route\":\"%s %s\",\"requests\":%llu,\"refused\":%llu,\"failed\":%llu,"
			"\"not_modified\":%llu,\"cached\":%llu,\"total_us\":%llu,\"bucket\":[",
			method, path, (unsigned long long) (now->requests - base->requests),
			(unsigned long long) (now->refused - base->refused),
			(unsigned long long) (now->failed - base->failed),
			(unsigned long long) (now->not_modified - base->not_modified),
			(unsigned long long) (now->cached - base->cached),
			(unsigned long long) (now->us - base->us));
	for (int i = 0; i <= METRICS_BUCKETS; i++)
		fprintf(out, "%s%llu", i == 0 ? "" : ",",
				(unsigned long long) (now->bucket[i] - base->bucket[i]));
	fputs("]}", out);
}

/* Takes the counters; returns how many routes were asked for since. */
static int
figures_write(struct figures *figures, FILE *out)
{
	int n = 0;

	fputs("{\"limits\":[", out);
	for (int i = 0; i < METRICS_BUCKETS; i++)
		fprintf(out, "%s%ld", i == 0 ? "" : ",", metrics_bucket_us(i));
	fputs("],\"routes\":[", out);
	for (int i = 0; i <= routes_count; i++)
	{
		metrics_totals(figures->metrics, i, &figures->taken[i]);
		if (figures->taken[i].requests == figures->base[i].requests)
			continue;
		if (n++ > 0)
			fputc(',', out);
		figures_route(out, i, &figures->taken[i], &figures->base[i]);
	}
	fputs("]}", out);
	return n;
}

const char *const *
figures_take(struct figures *figures)
{
	size_t len;
	FILE *out;
	int n;

	free(figures->json);
	figures->json = NULL;
	out = open_memstream(&figures->json, &len);
	if (out == NULL)
		return NULL;
	figures->taken_at = time(NULL);
	n = figures_write(figures, out);
	if (fclose(out) != 0 || n == 0)
		return NULL;
	figures->args[0] = figures->id;
	figures->args[1] = figures->since;
	figures->args[2] = figures->json;
	return figures->args;
}

void
figures_stored(struct figures *figures)
{
	memcpy(figures->base, figures->taken, ((size_t) routes_count + 1) * sizeof(*figures->base));
	figures_since(figures, figures->taken_at);
}
