/*
 * file.h - the files of the shop, served to everybody.
 */
#ifndef MJC_SHIM_FILE_H
#define MJC_SHIM_FILE_H

struct request;

/* file_run - answer with the file that the path names, 304 when the client has it. */
void file_run(struct request *req);

#endif
