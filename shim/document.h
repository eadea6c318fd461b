/*
 * document.h - a document that the database made as a page of HTML, sent as PDF.
 */
#ifndef MJC_SHIM_DOCUMENT_H
#define MJC_SHIM_DOCUMENT_H

#include <libpq-fe.h>

#include "http.h"

struct document;

/*
 * document_print - print the page of a result and answer with the PDF, under the result's name.
 *
 * page: one row (HTML, file name); the page is taken over. The request is held
 * until then; it may be answered at once, when nothing can be printed.
 */
void document_print(struct request *req, PGresult *page);

/* document_free - release what was not sent; NULL is fine. */
void document_free(struct document *document);

#endif
