/*
 * document.c - a document that the database made as a page of HTML, sent as PDF.
 *
 * Nothing here reads the page: it goes to pdf as it is, and the name of the
 * file is what the database calls it.
 */
#include "document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "app.h"
#include "config.h"
#include "flow.h"
#include "http_reply.h"
#include "log.h"
#include "metrics.h"
#include "pdf.h"

#define DOCUMENT_RETRY_S 5

struct document
{
	struct pdf_job job;
	PGresult *page;
};

void
document_free(struct document *document)
{
	if (document == NULL)
		return;
	PQclear(document->page);
	free(document->job.pdf);
	free(document);
}

static void
document_log(const struct request *req, const struct pdf_job *job)
{
	static const char *const results[] = {"ok", "failed", "late", "stopped"};
	struct log *log = req->app->log;

	if (!log_begin(log, job->result == PDF_OK ? LOG_DEBUG : LOG_WARN, "pdf"))
		return;
	log_text(log, "id", req->id);
	log_text(log, "result", results[job->result]);
	log_int(log, "exit", WIFEXITED(job->status) ? WEXITSTATUS(job->status) : -1);
	log_int(log, "signal", WIFSIGNALED(job->status) ? WTERMSIG(job->status) : 0);
	log_int(log, "bytes", (long long) job->pdf_len);
	log_ms(log, "ms", job->elapsed_us);
	log_end(log);
}

/* The page is there all the same: nobody is left without his document. */
static void
document_failed(struct request *req)
{
	error_set(&req->problem, ERROR_PDF_FAILED);
	req->problem.retry_after = DOCUMENT_RETRY_S;
	http_reply_problem(req);
}

static void
document_send(struct request *req, struct pdf_job *job)
{
	http_reply_body(req, req->match.row->status, job->pdf, job->pdf_len, free, job->pdf, false);
	job->pdf = NULL; /* goes with the reply */
	http_reply_file(req, REPLY_PDF, "inline", PQgetvalue(req->document->page, 0, 1));
}

static void
document_done(struct pdf_job *job)
{
	static const enum metrics_pdf outcomes[] = {METRICS_PDF_OK, METRICS_PDF_FAILED,
												METRICS_PDF_LATE, METRICS_PDF_FAILED};
	struct request *req = job->cls;

	document_log(req, job);
	metrics_pdf(req->app->metrics, outcomes[job->result], job->elapsed_us);
	if (req->mhd != NULL && job->result == PDF_OK)
		document_send(req, job);
	else if (req->mhd != NULL)
		document_failed(req);
	flow_end(req);
}

void
document_print(struct request *req, PGresult *page)
{
	struct document *document = calloc(1, sizeof(*document));

	req->document = document;
	if (document == NULL)
	{
		PQclear(page);
		http_reply_error(req, ERROR_SERVICE_UNAVAILABLE);
		return;
	}
	document->page = page;
	if (!pdf_ready(req->app->pdf))
	{
		http_reply_error(req, ERROR_PDF_UNAVAILABLE);
		return;
	}
	document->job = (struct pdf_job){
		.page = PQgetvalue(page, 0, 0),
		.page_len = (size_t) PQgetlength(page, 0, 0),
		.who = req->caller.account_id,
		.done = document_done,
		.cls = req,
	};
	http_wait_longer(req, req->app->config->pdf_timeout_s * 1000);
	http_hold(req);
	if (pdf_submit(req->app->pdf, &document->job))
		return;
	metrics_pdf(req->app->metrics, METRICS_PDF_REFUSED, 0);
	document_failed(req);
	http_release(req);
}
