/*
 * pdf_child.h - the process that prints one page: how it starts and what it may do.
 */
#ifndef MJC_SHIM_PDF_CHILD_H
#define MJC_SHIM_PDF_CHILD_H

#include <sys/types.h>

/*
 * pdf_child_start - run a program with two open files as its input and output.
 *
 * The process has a group of its own and ends with us. It has no other
 * descriptor, no environment of ours and no network, and may use cpu_s seconds
 * of processor. Returns its id, -1 when it cannot be started.
 */
pid_t pdf_child_start(const char *path, int in, int out, long cpu_s);

#endif
