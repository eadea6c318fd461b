/*
 * pdf.c - pages of HTML printed to PDF, each by a process of its own.
 *
 * A process reads the page from a file in memory and writes the PDF to
 * another, so the loop neither feeds it nor listens to it: all that is watched
 * is its end (pidfd). Invariants: a job waits in the queue or is that of
 * exactly one child; a child that runs has a pid that is not reaped yet, so
 * that a signal can meet nobody else; done is called once, after that.
 */
#include "pdf.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app.h"
#include "clock.h"
#include "loop.h"
#include "pdf_child.h"

#define PDF_HEAD "%PDF-"

struct pdf_child
{
	struct pdf *pdf;
	struct watch watch;	 /* its pidfd */
	struct pdf_job *job; /* NULL: no process */
	pid_t pid;
	int out;
	bool late;
};

struct pdf
{
	struct app *app;
	char program[PDF_PROGRAM]; /* empty: none */
	long timeout_s;
	struct pdf_child child[PDF_CHILDREN];
	struct pdf_job *head;
	struct pdf_job **tail;
	int waiting;
};

/* ---- The program ---- */

static bool
pdf_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

bool
pdf_find(const char *program, char path[PDF_PROGRAM])
{
	const char *dirs = getenv("PATH");
	int n;

	if (strchr(program, '/') != NULL)
	{
		n = snprintf(path, PDF_PROGRAM, "%s", program);
		if (n < PDF_PROGRAM && pdf_program(path))
			return true;
		dirs = NULL;
	}
	while (*program != '\0' && dirs != NULL && *dirs != '\0')
	{
		int len = (int) strcspn(dirs, ":");

		n = snprintf(path, PDF_PROGRAM, "%.*s/%s", len, dirs, program);
		if (*dirs == '/' && n < PDF_PROGRAM && pdf_program(path))
			return true;
		dirs += len + (dirs[len] == ':');
	}
	*path = '\0';
	return false;
}

/* ---- One process ---- */

static void
pdf_finish(struct pdf_job *job, enum pdf_result result)
{
	job->result = result;
	job->elapsed_us = clock_us() - job->start_us;
	job->done(job);
}

/* A file in memory that holds the page, at its beginning; -1 without room. */
static int
pdf_page(const struct pdf_job *job)
{
	int fd = memfd_create("page", MFD_CLOEXEC);
	size_t at = 0;

	while (fd >= 0 && at < job->page_len)
	{
		ssize_t n = pwrite(fd, job->page + at, job->page_len - at, (off_t) at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
		{
			close(fd);
			return -1;
		}
		at += (size_t) n;
	}
	return fd;
}

/* Take what was written; whether it is a PDF. */
static bool
pdf_read(int fd, struct pdf_job *job)
{
	struct stat st;
	size_t at = 0;

	if (fstat(fd, &st) != 0 || st.st_size < (off_t) strlen(PDF_HEAD))
		return false;
	job->pdf = malloc((size_t) st.st_size);
	while (job->pdf != NULL && at < (size_t) st.st_size)
	{
		ssize_t n = pread(fd, job->pdf + at, (size_t) st.st_size - at, (off_t) at);

		if (n <= 0)
			break;
		at += (size_t) n;
	}
	job->pdf_len = at;
	if (job->pdf != NULL && at == (size_t) st.st_size &&
		memcmp(job->pdf, PDF_HEAD, strlen(PDF_HEAD)) == 0)
		return true;
	free(job->pdf);
	job->pdf = NULL;
	return false;
}

/* Wait for a process that has ended or was killed; its slot is free afterwards. */
static void
child_reap(struct pdf_child *child)
{
	int fd = child->watch.fd;

	while (waitpid(child->pid, &child->job->status, 0) < 0 && errno == EINTR)
		;
	loop_unwatch(child->pdf->app, &child->watch);
	if (fd >= 0)
		close(fd);
}

static void
child_kill(const struct pdf_child *child)
{
	(void) kill(-child->pid, SIGKILL); /* its group: what it has started, too */
	(void) kill(child->pid, SIGKILL);
}

static bool
child_start(struct pdf_child *child, struct pdf_job *job)
{
	int in = pdf_page(job);
	int fd = -1;

	child->out = in < 0 ? -1 : memfd_create("pdf", MFD_CLOEXEC);
	child->pid = child->out < 0
					 ? -1
					 : pdf_child_start(child->pdf->program, in, child->out, child->pdf->timeout_s);
	child->job = job;
	child->late = false;
	child->watch.fd = -1;
	if (in >= 0)
		close(in);
	if (child->pid > 0)
	{
		fd = pidfd_open(child->pid, 0);
		if (fd >= 0 && loop_watch(child->pdf->app, &child->watch, fd, EPOLLIN))
			return true;
		child_kill(child);
		child->watch.fd = fd;
		child_reap(child);
	}
	if (child->out >= 0)
		close(child->out);
	child->job = NULL;
	return false;
}

/* ---- The queue ---- */

static struct pdf_job *
pdf_take(struct pdf *pdf)
{
	struct pdf_job *job = pdf->head;

	if (job == NULL)
		return NULL;
	pdf->head = job->next;
	if (pdf->head == NULL)
		pdf->tail = &pdf->head;
	pdf->waiting--;
	job->next = NULL;
	return job;
}

/* Give every idle child a page. */
static void
pdf_run(struct pdf *pdf)
{
	for (int i = 0; i < PDF_CHILDREN; i++)
	{
		while (pdf->child[i].job == NULL && pdf->head != NULL)
		{
			struct pdf_job *job = pdf_take(pdf);

			if (!child_start(&pdf->child[i], job))
				pdf_finish(job, PDF_FAILED);
		}
	}
}

/* How many pages of the same caller run or wait. */
static int
pdf_of_one(const struct pdf *pdf, const char *who)
{
	int n = 0;

	for (int i = 0; i < PDF_CHILDREN; i++)
		n += pdf->child[i].job != NULL && strcmp(pdf->child[i].job->who, who) == 0;
	for (const struct pdf_job *job = pdf->head; job != NULL; job = job->next)
		n += strcmp(job->who, who) == 0;
	return n;
}

bool
pdf_submit(struct pdf *pdf, struct pdf_job *job)
{
	if (!pdf_ready(pdf) || pdf->waiting >= PDF_WAITING || pdf_of_one(pdf, job->who) >= PDF_OF_ONE)
		return false;
	job->pdf = NULL;
	job->pdf_len = 0;
	job->status = 0;
	job->next = NULL;
	job->start_us = clock_us();
	job->deadline_ms = pdf->app->now_ms + pdf->timeout_s * 1000;
	*pdf->tail = job;
	pdf->tail = &job->next;
	pdf->waiting++;
	pdf_run(pdf);
	return true;
}

void
pdf_ended(struct pdf_child *child)
{
	struct pdf_job *job = child->job;
	enum pdf_result result = PDF_FAILED;

	if (job == NULL)
		return; /* an event of this round, of one that is gone by now */
	child_reap(child);
	if (child->late)
		result = PDF_LATE;
	else if (job->status == 0 && pdf_read(child->out, job))
		result = PDF_OK;
	close(child->out);
	child->job = NULL;
	pdf_finish(job, result);
	pdf_run(child->pdf);
}

void
pdf_tick(struct pdf *pdf)
{
	for (int i = 0; i < PDF_CHILDREN; i++)
	{
		struct pdf_child *child = &pdf->child[i];

		if (child->job == NULL || child->late || pdf->app->now_ms < child->job->deadline_ms)
			continue;
		child->late = true;
		child_kill(child);
	}
	/* The first in the queue came first, so its time is over first. */
	while (pdf->head != NULL && pdf->app->now_ms >= pdf->head->deadline_ms)
		pdf_finish(pdf_take(pdf), PDF_LATE);
}

/* ---- Life ---- */

struct pdf *
pdf_new(struct app *app, const char *program, long timeout_s)
{
	struct pdf *pdf = calloc(1, sizeof(*pdf));

	if (pdf == NULL)
		return NULL;
	pdf->app = app;
	pdf->timeout_s = timeout_s;
	pdf->tail = &pdf->head;
	(void) pdf_find(program, pdf->program);
	for (int i = 0; i < PDF_CHILDREN; i++)
	{
		pdf->child[i].pdf = pdf;
		pdf->child[i].watch.kind = WATCH_PDF;
		pdf->child[i].watch.owner = &pdf->child[i];
		pdf->child[i].watch.fd = -1;
	}
	return pdf;
}

void
pdf_free(struct pdf *pdf)
{
	if (pdf == NULL)
		return;
	for (int i = 0; i < PDF_CHILDREN; i++)
	{
		struct pdf_child *child = &pdf->child[i];

		if (child->job == NULL)
			continue;
		child_kill(child);
		child_reap(child);
		close(child->out);
		pdf_finish(child->job, PDF_STOPPED);
	}
	while (pdf->head != NULL)
		pdf_finish(pdf_take(pdf), PDF_STOPPED);
	free(pdf);
}

bool
pdf_ready(const struct pdf *pdf)
{
	return *pdf->program != '\0';
}

int
pdf_running(const struct pdf *pdf)
{
	int n = 0;

	for (int i = 0; i < PDF_CHILDREN; i++)
		n += pdf->child[i].job != NULL;
	return n;
}

int
pdf_waiting(const struct pdf *pdf)
{
	return pdf->waiting;
}
