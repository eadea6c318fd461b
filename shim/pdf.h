/*
 * pdf.h - pages of HTML printed to PDF, each by a process of its own.
 *
 * The program is called as weasyprint is: the page on standard input, the PDF
 * on standard output. A few run at once; more wait in order, and past that a
 * page is refused at once; nobody takes all places.
 */
#ifndef MJC_SHIM_PDF_H
#define MJC_SHIM_PDF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PDF_CHILDREN 2	/* processes at a time */
#define PDF_WAITING 16	/* pages that may wait for one */
#define PDF_OF_ONE 8	/* pages of one caller, running and waiting */
#define PDF_PROGRAM 512 /* bytes of the program's path */

enum pdf_result
{
	PDF_OK,		/* pdf is whole */
	PDF_FAILED, /* the program ended badly, was killed or wrote no PDF */
	PDF_LATE,	/* the time was over; the process is gone */
	PDF_STOPPED /* the shim ends */
};

struct app;
struct pdf;
struct pdf_child;

/* One page. The caller keeps it, and the page, alive until done has been called. */
struct pdf_job
{
	const char *page;
	size_t page_len;
	const char *who;				   /* whose pages are counted together */
	void (*done)(struct pdf_job *job); /* on the loop's thread */
	void *cls;

	enum pdf_result result;
	char *pdf; /* malloc'ed, the caller's; NULL but for PDF_OK */
	size_t pdf_len;
	int status;			/* how the process ended, as waitpid tells; 0: it ended well or never ran */
	int64_t elapsed_us; /* waiting included */

	/* private to pdf */
	struct pdf_job *next;
	int64_t start_us;
	int64_t deadline_ms;
};

/*
 * pdf_find - the path of a program: as it stands with a slash in it, else of the first in PATH.
 *
 * Returns false, with an empty path, when there is none that may be run.
 */
bool pdf_find(const char *program, char path[PDF_PROGRAM]);

/* pdf_new - print by program (see pdf_find) within timeout_s each; NULL without memory. */
struct pdf *pdf_new(struct app *app, const char *program, long timeout_s);

/* pdf_free - end every process; what is under way or waits ends with PDF_STOPPED. NULL is fine. */
void pdf_free(struct pdf *pdf);

/* pdf_ready - whether there is a program. */
bool pdf_ready(const struct pdf *pdf);

/* pdf_submit - print a page; false, without calling done, when too many wait, or too many of his.
 */
bool pdf_submit(struct pdf *pdf, struct pdf_job *job);

/* pdf_ended - a process has ended: its job is done, the next one starts. For the loop. */
void pdf_ended(struct pdf_child *child);

/* pdf_tick - end what is late. For the loop. */
void pdf_tick(struct pdf *pdf);

/* pdf_running, pdf_waiting - how many there are now. */
int pdf_running(const struct pdf *pdf);
int pdf_waiting(const struct pdf *pdf);

#endif
