/*
 * file.c - the files of the shop, served to everybody.
 *
 * The name is that of the content, so a reply is good for ever, and there is nothing else that
 * a name could mean: no folder, no other type.
 */
#include "file.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "http_reply.h"
#include "store.h"

/* Whether the client says that it has this very file. */
static bool
file_known(const struct request *req, const char *tag)
{
	const char *known = req->field[FIELD_IF_NONE_MATCH];

	return known != NULL && (strcmp(known, "*") == 0 || strstr(known, tag) != NULL);
}

void
file_run(struct request *req)
{
	const char *name = req->values[0].text;
	enum media_type type;
	char tag[STORE_HASH + 3];
	off_t size;
	int fd;

	if (req->app->store == NULL || !store_name_ok(name, &type) ||
		(fd = store_open_file(req->app->store, name, &size)) < 0)
	{
		http_reply_error(req, ERROR_NOT_FOUND);
		return;
	}
	snprintf(tag, sizeof(tag), "\"%.*s\"", STORE_HASH, name);
	if (file_known(req, tag))
	{
		close(fd);
		http_reply_body(req, 304, NULL, 0, NULL, NULL, false);
	}
	else
		http_reply_fd(req, fd, (size_t) size);
	if (type == MEDIA_PDF)
		http_reply_file(req, REPLY_MEDIA, "attachment", name);
	req->reply.kind = REPLY_MEDIA;
	req->reply.media_type = media_mime(type);
	http_reply_header(req, "ETag", tag);
}
