/*
 * peer.c - libFuzzer entry: whose request it is, and what of it stands in the log.
 *
 * Lines of the input are X-Forwarded-For, a list of trusted addresses, the address of the
 * socket and any text, which is a list of rates as well. The client is always an address (or
 * the socket's own text), a log line is always one line of JSON.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <jansson.h>

#include "../../shim/gzip.h"
#include "../../shim/limit.h"
#include "../../shim/log.h"
#include "../../shim/peer.h"
#include "../../shim/text.h"

#define LINES 4
#define LOG_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Cut text into NUL-terminated lines; missing ones are empty. */
static void
split(char *text, char *lines[LINES])
{
	static char empty[1];

	for (int i = 0; i < LINES; i++)
	{
		char *end = text == NULL ? NULL : strchr(text, '\n');

		lines[i] = text == NULL ? empty : text;
		if (end != NULL)
			*end++ = '\0';
		text = end;
	}
}

static bool
is_address(const char *text)
{
	struct in6_addr any;

	return inet_pton(AF_INET, text, &any) == 1 || inet_pton(AF_INET6, text, &any) == 1;
}

static void
try_client(const struct peer_list *list, const char *socket, const char *forwarded)
{
	char client[PEER_TEXT], cut[PEER_TEXT];

	if (!peer_client(list, socket, forwarded, false, client) && strcmp(client, socket) != 0)
		abort();
	if (strcmp(client, socket) != 0 && !is_address(client))
		abort();
	if (!peer_trusted(list, socket) && strcmp(client, socket) != 0)
		abort();
	if (!peer_client(list, socket, forwarded, true, client) && strcmp(client, socket) != 0)
		abort();
	peer_truncate(client, cut);
	if (strlen(cut) >= PEER_TEXT)
		abort();
}

/* Whatever bytes a client sends, the log stays one JSON object a line. */
static void
try_log(const char *text)
{
	static int file = -1;
	static struct log *log;
	static char line[LOG_MAX];
	ssize_t len;
	json_t *json;

	if (log == NULL)
	{
		file = memfd_create("log", 0);
		log = log_new(file, LOG_INFO);
	}
	if (log == NULL || ftruncate(file, 0) != 0 || lseek(file, 0, SEEK_SET) != 0)
		abort();
	if (log_begin(log, LOG_INFO, "fuzz"))
	{
		log_text(log, "agent", text);
		log_client_text(log, "shown", text);
		log_end(log);
	}
	log_flush(log);
	len = pread(file, line, sizeof(line), 0);
	json = len < 2 ? NULL : json_loadb(line, (size_t) len - 1, 0, NULL);
	if (json == NULL || line[len - 1] != '\n' || memchr(line, '\n', (size_t) len - 1) != NULL)
		abort();
	json_decref(json);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = text_dup((const char *) data, size);
	struct limit *limit;
	struct peer_list *list;
	char *lines[LINES];

	split(text, lines);
	limit = limit_new(limit_rates_ok(lines[3]) ? lines[3] : "", 1, 16);
	list = peer_list_new(lines[1]); /* without a list that can be read nothing starts */
	if (list != NULL && strlen(lines[2]) < PEER_TEXT)
		try_client(list, lines[2], lines[0]);
	if (list != NULL)
		try_client(list, "127.0.0.1", lines[0]);
	peer_list_free(list);
	list = peer_list_new("127.0.0.0/8,::1,10.0.0.0/8");
	try_client(list, "127.0.0.1", lines[0]);
	peer_list_free(list);
	limit_take(limit, RATE_READ, lines[2], 1000);
	limit_failure(limit, lines[2], 1000);
	limit_free(limit);
	peer_listen_ok(lines[3]);
	gzip_wanted(lines[0]);
	try_log(lines[3]);
	free(text);
	return 0;
}
