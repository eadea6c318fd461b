/*
 * metrics.c - what Prometheus reads.
 *
 * Label values come from the route table, the pool names and the job names of
 * the database, never from a request, so the page stays bounded.
 */
#include "metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "cache.h"
#include "clock.h"
#include "config.h"
#include "db.h"
#include "http.h"
#include "pdf.h"
#include "provider.h"
#include "routes.h"
#include "store.h"
#include "version.h"

static const double bucket_limit[METRICS_BUCKETS] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
													 0.1,	0.25,	0.5,   1.0,	 2.5,	5.0};

static const int known_status[] = {200, 201, 204, 304, 400, 401, 403, 404, 405, 408, 409,
								   413, 414, 415, 422, 429, 431, 500, 501, 503, 505, 0};

#define METRICS_STATUSES (sizeof(known_status) / sizeof(known_status[0]))

struct histogram
{
	uint64_t bucket[METRICS_BUCKETS]; /* each observation in its first fitting bucket */
	uint64_t count;
	double sum;
};

/* One route; the last entry of the array counts what matched none. */
struct route_metrics
{
	uint64_t status[METRICS_STATUSES]; /* the last one counts every other status */
	struct histogram seconds;
	uint64_t cache_hits;
};

struct metrics
{
	struct route_metrics *route; /* routes_count + 1 */
	struct histogram db_seconds[DB_POOL__MAX];
	uint64_t db_retries;
	uint64_t rate_limited[RATE__MAX];
	uint64_t login_failures;
	uint64_t events_dropped;
	uint64_t housekeep_runs;
	uint64_t housekeep_errors;
	int64_t housekeep_ok_ms; /* CLOCK_MONOTONIC, 0 = never */
	struct metrics_job job[METRICS_JOBS_MAX];
	size_t jobs;
	uint64_t calls[PROVIDER__MAX][CALL__MAX];
	struct histogram call_seconds[PROVIDER__MAX];
	uint64_t webhooks[PROVIDER__MAX][WEBHOOK__MAX];
	uint64_t pdfs[METRICS_PDF__MAX];
	struct histogram pdf_seconds; /* of those that were made */
	bool maintenance;
	struct metrics_outbox outbox;
	struct metrics_deliveries deliveries;
};

struct metrics *
metrics_new(void)
{
	struct metrics *metrics = calloc(1, sizeof(*metrics));

	if (metrics == NULL)
		return NULL;
	metrics->route = calloc((size_t) routes_count + 1, sizeof(struct route_metrics));
	if (metrics->route == NULL)
	{
		free(metrics);
		return NULL;
	}
	return metrics;
}

void
metrics_free(struct metrics *metrics)
{
	if (metrics == NULL)
		return;
	free(metrics->route);
	free(metrics);
}

static void
histogram_add(struct histogram *histogram, int64_t us)
{
	double seconds = (double) us / 1e6;

	histogram->count++;
	histogram->sum += seconds;
	for (int i = 0; i < METRICS_BUCKETS; i++)
	{
		if (seconds <= bucket_limit[i])
		{
			histogram->bucket[i]++;
			return;
		}
	}
}

void
metrics_request(struct metrics *metrics, int route, int status, int64_t us)
{
	struct route_metrics *entry = &metrics->route[route == METRICS_NO_ROUTE ? routes_count : route];
	size_t i = 0;

	while (i < METRICS_STATUSES - 1 && known_status[i] != status)
		i++;
	entry->status[i]++;
	histogram_add(&entry->seconds, us);
}

static void
totals_count(struct metrics_totals *out, int status, uint64_t n)
{
	out->requests += n;
	if (status == 304)
		out->not_modified += n;
	else if (status >= 500)
		out->failed += n;
	else if (status >= 400)
		out->refused += n;
}

void
metrics_totals(const struct metrics *metrics, int route, struct metrics_totals *out)
{
	const struct route_metrics *entry = &metrics->route[route];
	uint64_t in_buckets = 0;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < METRICS_STATUSES; i++)
		totals_count(out, known_status[i], entry->status[i]);
	for (int i = 0; i < METRICS_BUCKETS; i++)
	{
		out->bucket[i] = entry->seconds.bucket[i];
		in_buckets += out->bucket[i];
	}
	out->bucket[METRICS_BUCKETS] = entry->seconds.count - in_buckets;
	out->cached = entry->cache_hits;
	out->us = (uint64_t) (entry->seconds.sum * 1e6 + 0.5);
}

long
metrics_bucket_us(int i)
{
	return (long) (bucket_limit[i] * 1e6 + 0.5);
}

void
metrics_db_query(struct metrics *metrics, int pool, int64_t us)
{
	histogram_add(&metrics->db_seconds[pool], us);
}

void
metrics_db_retry(struct metrics *metrics)
{
	metrics->db_retries++;
}

void
metrics_rate_limited(struct metrics *metrics, int rate)
{
	metrics->rate_limited[rate]++;
}

void
metrics_cache_hit(struct metrics *metrics, int route)
{
	metrics->route[route].cache_hits++;
}

void
metrics_login_failure(struct metrics *metrics)
{
	metrics->login_failures++;
}

void
metrics_event_dropped(struct metrics *metrics)
{
	metrics->events_dropped++;
}

void
metrics_housekeep(struct metrics *metrics, bool ok)
{
	metrics->housekeep_runs++;
	if (ok)
		metrics->housekeep_ok_ms = clock_ms();
	else
		metrics->housekeep_errors++;
}

void
metrics_outcall(struct metrics *metrics, int provider, enum metrics_call outcome, int64_t us)
{
	metrics->calls[provider][outcome]++;
	histogram_add(&metrics->call_seconds[provider], us);
}

void
metrics_webhook(struct metrics *metrics, int provider, enum metrics_webhook result)
{
	metrics->webhooks[provider][result]++;
}

void
metrics_pdf(struct metrics *metrics, enum metrics_pdf outcome, int64_t us)
{
	metrics->pdfs[outcome]++;
	if (outcome == METRICS_PDF_OK)
		histogram_add(&metrics->pdf_seconds, us);
}

void
metrics_maintenance(struct metrics *metrics, bool closed)
{
	metrics->maintenance = closed;
}

void
metrics_outbox(struct metrics *metrics, const struct metrics_outbox *outbox)
{
	metrics->outbox = *outbox;
}

void
metrics_deliveries(struct metrics *metrics, const struct metrics_deliveries *deliveries)
{
	metrics->deliveries = *deliveries;
}

void
metrics_jobs(struct metrics *metrics, const struct metrics_job *jobs, size_t n)
{
	if (n > METRICS_JOBS_MAX)
		n = METRICS_JOBS_MAX;
	memcpy(metrics->job, jobs, n * sizeof(*jobs));
	metrics->jobs = n;
}

static void
render_head(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A label value: backslash, quote and line feed escaped. */
static void
render_label(FILE *out, const char *value)
{
	for (; *value != '\0'; value++)
	{
		if (*value == '\n')
			fputs("\\n", out);
		else if (*value == '"' || *value == '\\')
			fprintf(out, "\\%c", *value);
		else
			fputc(*value, out);
	}
}

static void
render_histogram(FILE *out, const char *name, const char *label, const char *value,
				 const struct histogram *histogram)
{
	uint64_t total = 0;

	for (int i = 0; i < METRICS_BUCKETS; i++)
	{
		total += histogram->bucket[i];
		fprintf(out, "%s_bucket{%s=\"%s\",le=\"%g\"} %llu\n", name, label, value, bucket_limit[i],
				(unsigned long long) total);
	}
	fprintf(out, "%s_bucket{%s=\"%s\",le=\"+Inf\"} %llu\n", name, label, value,
			(unsigned long long) histogram->count);
	fprintf(out, "%s_sum{%s=\"%s\"} %.6f\n", name, label, value, histogram->sum);
	fprintf(out, "%s_count{%s=\"%s\"} %llu\n", name, label, value,
			(unsigned long long) histogram->count);
}

/* Pattern and method of a route entry; the entry past the table is "none". */
static const char *
render_pattern(int i)
{
	return i == routes_count ? "none" : routes_table[i].pattern;
}

static void
render_requests(FILE *out, const struct metrics *metrics)
{
	render_head(out, "mjc_http_requests_total", "counter", "Requests answered.");
	for (int i = 0; i <= routes_count; i++)
	{
		const char *method = i == routes_count ? "any" : routes_method_name(routes_table[i].method);

		for (size_t s = 0; s < METRICS_STATUSES; s++)
		{
			if (metrics->route[i].status[s] > 0)
				fprintf(out,
						"mjc_http_requests_total{route=\"%s\",method=\"%s\",status=\"%d\"} %llu\n",
						render_pattern(i), method, known_status[s],
						(unsigned long long) metrics->route[i].status[s]);
		}
	}
	render_head(out, "mjc_http_request_seconds", "histogram", "Time to answer a request.");
	for (int i = 0; i <= routes_count; i++)
	{
		bool again = false; /* rows of one pattern share one histogram */
		struct histogram sum = metrics->route[i].seconds;

		for (int k = 0; k < i && i < routes_count; k++)
			again = again || strcmp(routes_table[k].pattern, routes_table[i].pattern) == 0;
		for (int k = i + 1; k < routes_count; k++)
		{
			if (strcmp(routes_table[k].pattern, routes_table[i].pattern) != 0)
				continue;
			sum.count += metrics->route[k].seconds.count;
			sum.sum += metrics->route[k].seconds.sum;
			for (int b = 0; b < METRICS_BUCKETS; b++)
				sum.bucket[b] += metrics->route[k].seconds.bucket[b];
		}
		if (!again && sum.count > 0)
			render_histogram(out, "mjc_http_request_seconds", "route", render_pattern(i), &sum);
	}
}

static void
render_db(FILE *out, const struct app *app)
{
	struct db_pool_stats stats;

	render_head(out, "mjc_db_connections", "gauge", "Connections to the database.");
	for (int p = 0; p < DB_POOL__MAX; p++)
	{
		if (!db_stats(app->db, (enum db_pool_id) p, &stats))
			continue;
		fprintf(out, "mjc_db_connections{pool=\"%s\",state=\"ready\"} %ld\n", stats.name,
				stats.ready);
		fprintf(out, "mjc_db_connections{pool=\"%s\",state=\"connecting\"} %ld\n", stats.name,
				stats.connecting);
		fprintf(out, "mjc_db_connections{pool=\"%s\",state=\"down\"} %ld\n", stats.name,
				stats.down);
	}
	render_head(out, "mjc_db_in_flight", "gauge", "Calls sent and not yet answered.");
	for (int p = 0; p < DB_POOL__MAX; p++)
	{
		if (db_stats(app->db, (enum db_pool_id) p, &stats))
			fprintf(out, "mjc_db_in_flight{pool=\"%s\"} %ld\n", stats.name, stats.in_flight);
	}
	render_head(out, "mjc_db_queue", "gauge", "Calls that wait for a connection.");
	for (int p = 0; p < DB_POOL__MAX; p++)
	{
		if (db_stats(app->db, (enum db_pool_id) p, &stats))
			fprintf(out, "mjc_db_queue{pool=\"%s\"} %ld\n", stats.name, stats.queued);
	}
	render_head(out, "mjc_db_retries_total", "counter", "Calls sent again.");
	fprintf(out, "mjc_db_retries_total %llu\n", (unsigned long long) app->metrics->db_retries);
	render_head(out, "mjc_db_query_seconds", "histogram", "Time of a call, queue included.");
	for (int p = 0; p < DB_POOL__MAX; p++)
	{
		if (db_stats(app->db, (enum db_pool_id) p, &stats))
			render_histogram(out, "mjc_db_query_seconds", "pool", stats.name,
							 &app->metrics->db_seconds[p]);
	}
}

static void
render_housekeep(FILE *out, const struct metrics *metrics)
{
	double since = metrics->housekeep_ok_ms == 0
					   ? -1.0
					   : (double) (clock_ms() - metrics->housekeep_ok_ms) / 1000.0;

	render_head(out, "mjc_housekeep_runs_total", "counter", "Housekeeping calls.");
	fprintf(out, "mjc_housekeep_runs_total %llu\n", (unsigned long long) metrics->housekeep_runs);
	render_head(out, "mjc_housekeep_errors_total", "counter", "Housekeeping calls that failed.");
	fprintf(out, "mjc_housekeep_errors_total %llu\n",
			(unsigned long long) metrics->housekeep_errors);
	render_head(out, "mjc_housekeep_last_ok_seconds", "gauge",
				"Seconds since housekeeping last succeeded, -1 = never.");
	fprintf(out, "mjc_housekeep_last_ok_seconds %.3f\n", since);
	render_head(out, "mjc_job_late_seconds", "gauge", "How far a job is behind its schedule.");
	for (size_t i = 0; i < metrics->jobs; i++)
	{
		fputs("mjc_job_late_seconds{job=\"", out);
		render_label(out, metrics->job[i].name);
		fprintf(out, "\"} %.3f\n", metrics->job[i].late_seconds);
	}
	render_head(out, "mjc_job_failing", "gauge", "Whether the last run of a job failed.");
	for (size_t i = 0; i < metrics->jobs; i++)
	{
		fputs("mjc_job_failing{job=\"", out);
		render_label(out, metrics->job[i].name);
		fprintf(out, "\"} %d\n", metrics->job[i].failing ? 1 : 0);
	}
}

static void
render_shop(FILE *out, const struct metrics *metrics)
{
	render_head(out, "mjc_maintenance", "gauge", "Whether the shop is closed for maintenance.");
	fprintf(out, "mjc_maintenance %d\n", metrics->maintenance ? 1 : 0);
	render_head(out, "mjc_outbox_waiting", "gauge", "Messages to be delivered.");
	fprintf(out, "mjc_outbox_waiting %lld\n", metrics->outbox.waiting);
	render_head(out, "mjc_outbox_parked", "gauge", "Messages given up until staff decide.");
	fprintf(out, "mjc_outbox_parked %lld\n", metrics->outbox.parked);
	render_head(out, "mjc_outbox_oldest_seconds", "gauge",
				"Age of the oldest message that is not delivered.");
	fprintf(out, "mjc_outbox_oldest_seconds %.3f\n", metrics->outbox.oldest_seconds);
	render_head(out, "mjc_webhook_waiting", "gauge", "Messages to be told to other systems.");
	fprintf(out, "mjc_webhook_waiting %lld\n", metrics->deliveries.waiting);
	render_head(out, "mjc_webhook_parked", "gauge",
				"Messages to other systems given up until staff decide.");
	fprintf(out, "mjc_webhook_parked %lld\n", metrics->deliveries.parked);
	render_head(out, "mjc_webhook_oldest_seconds", "gauge",
				"Age of the oldest message to another system that is not delivered.");
	fprintf(out, "mjc_webhook_oldest_seconds %.3f\n", metrics->deliveries.oldest_seconds);
	render_head(out, "mjc_webhook_endpoints_paused", "gauge", "Other systems that are paused.");
	fprintf(out, "mjc_webhook_endpoints_paused %lld\n", metrics->deliveries.paused);
}

static void
render_providers(FILE *out, const struct metrics *metrics)
{
	static const char *const outcomes[CALL__MAX] = {"ok", "refused", "failed", "timeout"};
	static const char *const results[WEBHOOK__MAX] = {"stored", "unsigned", "malformed", "failed"};

	render_head(out, "mjc_provider_calls_total", "counter", "Calls of providers.");
	for (int p = 0; p < PROVIDER__MAX; p++)
	{
		for (int i = 0; i < CALL__MAX; i++)
			fprintf(out, "mjc_provider_calls_total{provider=\"%s\",outcome=\"%s\"} %llu\n",
					provider_get((enum provider_id) p)->name, outcomes[i],
					(unsigned long long) metrics->calls[p][i]);
	}
	render_head(out, "mjc_provider_call_seconds", "histogram", "Time of a call of a provider.");
	for (int p = 0; p < PROVIDER__MAX; p++)
		render_histogram(out, "mjc_provider_call_seconds", "provider",
						 provider_get((enum provider_id) p)->name, &metrics->call_seconds[p]);
	render_head(out, "mjc_webhooks_total", "counter", "Reports of providers.");
	for (int p = 0; p < PROVIDER__MAX; p++)
	{
		for (int i = 0; i < WEBHOOK__MAX; i++)
			fprintf(out, "mjc_webhooks_total{provider=\"%s\",result=\"%s\"} %llu\n",
					provider_get((enum provider_id) p)->name, results[i],
					(unsigned long long) metrics->webhooks[p][i]);
	}
}

static void
render_pdf(FILE *out, const struct app *app)
{
	static const char *const outcomes[METRICS_PDF__MAX] = {"ok", "failed", "late", "refused"};

	render_head(out, "mjc_pdf_total", "counter", "Documents to be printed as PDF.");
	for (int i = 0; i < METRICS_PDF__MAX; i++)
		fprintf(out, "mjc_pdf_total{outcome=\"%s\"} %llu\n", outcomes[i],
				(unsigned long long) app->metrics->pdfs[i]);
	render_head(out, "mjc_pdf_seconds", "histogram", "Time of a PDF, waiting included.");
	render_histogram(out, "mjc_pdf_seconds", "outcome", outcomes[METRICS_PDF_OK],
					 &app->metrics->pdf_seconds);
	render_head(out, "mjc_pdf_running", "gauge", "Processes that print.");
	fprintf(out, "mjc_pdf_running %d\n", pdf_running(app->pdf));
	render_head(out, "mjc_pdf_waiting", "gauge", "Documents that wait for one.");
	fprintf(out, "mjc_pdf_waiting %d\n", pdf_waiting(app->pdf));
}

static void
render_files(FILE *out, const struct app *app)
{
	if (app->store == NULL)
		return;
	render_head(out, "mjc_files_bytes", "gauge", "Bytes of the shop's files.");
	fprintf(out, "mjc_files_bytes %llu\n", (unsigned long long) store_bytes(app->store));
	render_head(out, "mjc_files_quota_bytes", "gauge", "Bytes that they may take.");
	fprintf(out, "mjc_files_quota_bytes %lld\n",
			(long long) app->config->files_quota_mb * 1024 * 1024);
}

/* Resident memory in bytes, 0 when the system does not tell. */
static long long
render_resident(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	long long total = 0;
	long long resident = 0;

	if (file == NULL)
		return 0;
	if (fscanf(file, "%lld %lld", &total, &resident) != 2)
		resident = 0;
	fclose(file);
	return resident * sysconf(_SC_PAGESIZE);
}

static void
render_process(FILE *out, const struct app *app)
{
	render_head(out, "process_resident_memory_bytes", "gauge", "Resident memory size.");
	fprintf(out, "process_resident_memory_bytes %lld\n", render_resident());
	render_head(out, "process_start_time_seconds", "gauge", "Start of the process, Unix time.");
	fprintf(out, "process_start_time_seconds %lld\n", (long long) app->start_time);
	render_head(out, "mjc_build_info", "gauge", "Version of the shim.");
	fprintf(out, "mjc_build_info{version=\"%s\"} 1\n", MJC_VERSION);
}

static void
render_cache(FILE *out, const struct app *app)
{
	struct cache_stats stats = {0};

	if (app->cache != NULL)
		cache_stats(app->cache, &stats);
	render_head(out, "mjc_cache_hits_total", "counter", "Public answers from the cache.");
	fprintf(out, "mjc_cache_hits_total %llu\n", (unsigned long long) stats.hits);
	render_head(out, "mjc_cache_misses_total", "counter", "Public answers asked of the database.");
	fprintf(out, "mjc_cache_misses_total %llu\n", (unsigned long long) stats.misses);
	render_head(out, "mjc_cache_evicted_total", "counter", "Answers that made room for others.");
	fprintf(out, "mjc_cache_evicted_total %llu\n", (unsigned long long) stats.evicted);
	render_head(out, "mjc_cache_entries", "gauge", "Answers kept.");
	fprintf(out, "mjc_cache_entries %zu\n", stats.entries);
	render_head(out, "mjc_cache_bytes", "gauge", "Memory of the answers kept.");
	fprintf(out, "mjc_cache_bytes %zu\n", stats.bytes);
}

static void
render_page(FILE *out, const struct app *app)
{
	const struct metrics *metrics = app->metrics;

	render_requests(out, metrics);
	render_head(out, "mjc_http_in_flight", "gauge", "Requests being worked on.");
	fprintf(out, "mjc_http_in_flight %ld\n", http_in_flight(app->http));
	render_head(out, "mjc_http_connections", "gauge", "Open client connections.");
	fprintf(out, "mjc_http_connections %ld\n", http_connections(app->http));
	render_db(out, app);
	render_cache(out, app);
	render_head(out, "mjc_rate_limited_total", "counter", "Requests refused by a rate limit.");
	for (int i = 0; i < RATE__MAX; i++)
		fprintf(out, "mjc_rate_limited_total{class=\"%s\"} %llu\n",
				routes_rate_name((enum rate_class) i),
				(unsigned long long) metrics->rate_limited[i]);
	render_head(out, "mjc_login_failures_total", "counter", "Refused sign-ins.");
	fprintf(out, "mjc_login_failures_total %llu\n", (unsigned long long) metrics->login_failures);
	render_head(out, "mjc_event_batches_dropped_total", "counter",
				"Batches of events that were not stored.");
	fprintf(out, "mjc_event_batches_dropped_total %llu\n",
			(unsigned long long) metrics->events_dropped);
	render_housekeep(out, metrics);
	render_shop(out, metrics);
	render_providers(out, metrics);
	render_pdf(out, app);
	render_files(out, app);
	render_process(out, app);
}

char *
metrics_render(const struct app *app, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	if (out == NULL)
		return NULL;
	render_page(out, app);
	if (fclose(out) != 0)
	{
		free(text);
		return NULL;
	}
	return text;
}
