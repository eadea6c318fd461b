/*
 * metrics.h - what Prometheus reads.
 *
 * Counters and histograms are plain numbers of the loop's thread; gauges are
 * read from their owners when the page is rendered.
 */
#ifndef MJC_SHIM_METRICS_H
#define MJC_SHIM_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct app;
struct metrics;

#define METRICS_NO_ROUTE (-1)
#define METRICS_BUCKETS 12
#define METRICS_JOBS_MAX 64
#define METRICS_JOB_NAME 64

/* Lateness of one job as mjc_api.job_status() tells it. */
struct metrics_job
{
	char name[METRICS_JOB_NAME];
	double late_seconds;
	bool failing;
};

/* metrics_new - all zero; NULL without memory. */
struct metrics *metrics_new(void);

/* metrics_free - release; NULL is fine. */
void metrics_free(struct metrics *metrics);

/* metrics_request - count an answered request. route: index in the table or METRICS_NO_ROUTE. */
void metrics_request(struct metrics *metrics, int route, int status, int64_t us);

/* What one route answered since the start. */
struct metrics_totals
{
	uint64_t requests;
	uint64_t refused;	   /* 4xx */
	uint64_t failed;	   /* 5xx */
	uint64_t not_modified; /* 304 */
	uint64_t cached;	   /* from the cache */
	uint64_t us;
	uint64_t bucket[METRICS_BUCKETS + 1]; /* by metrics_bucket_us; the last above all limits */
};

/* metrics_totals - route: index in the table; routes_count is what matched none. */
void metrics_totals(const struct metrics *metrics, int route, struct metrics_totals *out);

/* metrics_bucket_us - limit of a bucket, microseconds; i below METRICS_BUCKETS. */
long metrics_bucket_us(int i);

/* metrics_db_query - count a call of the pool that has ended. */
void metrics_db_query(struct metrics *metrics, int pool, int64_t us);

/* metrics_db_retry - count a call that is sent again. */
void metrics_db_retry(struct metrics *metrics);

/* metrics_rate_limited - count a 429 of a rate class. */
void metrics_rate_limited(struct metrics *metrics, int rate);

/* metrics_event_dropped - count a batch of events that was not stored. */
void metrics_event_dropped(struct metrics *metrics);

/* metrics_login_failure - count a refused sign-in. */
void metrics_login_failure(struct metrics *metrics);

/* metrics_housekeep - count a housekeeping run. */
void metrics_housekeep(struct metrics *metrics, bool ok);

/* metrics_cache_hit - count an answer of a route that came from the cache. */
void metrics_cache_hit(struct metrics *metrics, int route);

/* What became of a document that was to be printed. */
enum metrics_pdf
{
	METRICS_PDF_OK,
	METRICS_PDF_FAILED,
	METRICS_PDF_LATE,
	METRICS_PDF_REFUSED, /* too many waited */
	METRICS_PDF__MAX
};

/* metrics_pdf - count a document; us: the time it took, waiting included. */
void metrics_pdf(struct metrics *metrics, enum metrics_pdf outcome, int64_t us);

/* How a call of a provider ended. */
enum metrics_call
{
	CALL_OK,
	CALL_REFUSED, /* for good */
	CALL_FAILED,  /* may go better later */
	CALL_TIMEOUT,
	CALL__MAX
};

/* What became of a report of a provider. */
enum metrics_webhook
{
	WEBHOOK_STORED,
	WEBHOOK_UNSIGNED,  /* no good signature */
	WEBHOOK_MALFORMED, /* signed, but not to be read */
	WEBHOOK_FAILED,	   /* not stored: it comes again */
	WEBHOOK__MAX
};

/* metrics_outcall - count a call of a provider (enum provider_id). */
void metrics_outcall(struct metrics *metrics, int provider, enum metrics_call outcome, int64_t us);

/* metrics_webhook - count a report of a provider. */
void metrics_webhook(struct metrics *metrics, int provider, enum metrics_webhook result);

/* Messages that are not delivered. */
struct metrics_outbox
{
	long long waiting;
	long long parked;
	double oldest_seconds;
};

/* Messages to other systems. */
struct metrics_deliveries
{
	long long waiting;
	long long parked;
	double oldest_seconds;
	long long paused; /* endpoints */
};

/* metrics_maintenance - whether the shop is closed. */
void metrics_maintenance(struct metrics *metrics, bool closed);

/* metrics_outbox - replace what is known of the outbox. */
void metrics_outbox(struct metrics *metrics, const struct metrics_outbox *outbox);

/* metrics_deliveries - replace what is known of messages to other systems. */
void metrics_deliveries(struct metrics *metrics, const struct metrics_deliveries *deliveries);

/* metrics_jobs - replace what is known of the jobs; at most METRICS_JOBS_MAX are kept. */
void metrics_jobs(struct metrics *metrics, const struct metrics_job *jobs, size_t n);

/* metrics_render - the page in Prometheus text form; malloc'ed, *len bytes, NULL without memory. */
char *metrics_render(const struct app *app, size_t *len);

#endif
