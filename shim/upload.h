/*
 * upload.h - files that staff send: the form, the check, the store, then the rows of them.
 *
 * One upload of an account runs at a time, and UPLOADS_AT_ONCE altogether; others wait with
 * their body unread. The body goes to files without a name, so an upload that ends in the
 * middle leaves nothing. Nothing of it is seen before all of its files were found good.
 */
#ifndef MJC_SHIM_UPLOAD_H
#define MJC_SHIM_UPLOAD_H

#include <stdbool.h>
#include <stddef.h>

#define UPLOAD_IMAGES_MAX 10 /* as "images"; one more as "image" */
#define UPLOAD_FILES_MAX (UPLOAD_IMAGES_MAX + 1)
#define UPLOAD_FILE_MIB 10
#define UPLOAD_FILE_MAX (UPLOAD_FILE_MIB * 1024 * 1024)
#define UPLOAD_BODY_MAX ((UPLOAD_FILES_MAX) * (UPLOAD_FILE_MAX + 4096) + 4096)
#define UPLOADS_AT_ONCE 4
#define UPLOADS_WAITING 32

struct app;
struct request;
struct upload;
struct uploads;

/* uploads_new - room for uploads, and the sweep of their folder; NULL without memory. */
struct uploads *uploads_new(struct app *app);

/* uploads_free - no request is left that has an upload; NULL is fine. */
void uploads_free(struct uploads *uploads);

/* uploads_tick - answer those who waited too long. For the loop. */
void uploads_tick(struct uploads *uploads);

/*
 * upload_head - the head of an upload is here: let it in, or not.
 *
 * Afterwards req->upload is set and the body may come, or req->answered is set. Returns
 * whether the request has to wait for its turn: then it is to be suspended.
 */
bool upload_head(struct request *req);

/* upload_body - take a piece of the body of a request that was let in. */
void upload_body(struct request *req, const char *data, size_t len);

/* upload_run - the whole body is here: check the files, keep them, and answer. */
void upload_run(struct request *req);

/* upload_free - give up the files and the turn; NULL is fine. */
void upload_free(struct upload *upload);

#endif
