/*
 * peer.c - addresses: where to listen, who is trusted, who is the client.
 *
 * Every address is kept as 16 bytes, IPv4 in its mapped form, so that one
 * comparison serves both families.
 */
#include "peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "text.h"

#define PEER_BLOCKS_MAX 64
#define PEER_BACKLOG 511

struct peer_block
{
	unsigned char addr[16];
	int bits;
};

struct peer_list
{
	int n;
	struct peer_block block[PEER_BLOCKS_MAX];
};

static const unsigned char mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/* Read an address; *base is the width in front of an IPv4 one. */
static bool
peer_parse(const char *text, unsigned char out[16], int *base)
{
	*base = 0;
	if (inet_pton(AF_INET6, text, out) == 1)
	{
		if (memcmp(out, mapped_prefix, sizeof(mapped_prefix)) == 0)
			*base = 96;
		return true;
	}
	memcpy(out, mapped_prefix, sizeof(mapped_prefix));
	*base = 96;
	return inet_pton(AF_INET, text, out + 12) == 1;
}

static bool
peer_block_parse(struct str item, struct peer_block *block)
{
	char text[PEER_TEXT + 8];
	char *slash;
	char *end;
	int base;
	long bits;

	if (item.len >= sizeof(text))
		return false;
	memcpy(text, item.ptr, item.len);
	text[item.len] = '\0';
	slash = strchr(text, '/');
	if (slash != NULL)
		*slash = '\0';
	if (!peer_parse(text, block->addr, &base))
		return false;
	block->bits = 128;
	if (slash == NULL)
		return true;
	bits = strtol(slash + 1, &end, 10);
	if (slash[1] < '0' || slash[1] > '9' || *end != '\0' || bits < 0 || bits > 128 - base)
		return false;
	block->bits = (int) bits + base;
	return true;
}

struct peer_list *
peer_list_new(const char *text)
{
	struct peer_list *list = calloc(1, sizeof(*list));
	struct str item;

	while (list != NULL && text_list_next(&text, &item))
	{
		if (item.len == 0)
			continue;
		if (list->n == PEER_BLOCKS_MAX || !peer_block_parse(item, &list->block[list->n]))
		{
			free(list);
			return NULL;
		}
		list->n++;
	}
	return list;
}

void
peer_list_free(struct peer_list *list)
{
	free(list);
}

void
peer_text(const struct sockaddr *addr, char out[PEER_TEXT])
{
	const void *bytes = NULL;
	int family = AF_INET;

	if (addr->sa_family == AF_INET)
		bytes = &((const struct sockaddr_in *) (const void *) addr)->sin_addr;
	else if (addr->sa_family == AF_INET6)
	{
		const unsigned char *six =
			((const struct sockaddr_in6 *) (const void *) addr)->sin6_addr.s6_addr;

		if (memcmp(six, mapped_prefix, sizeof(mapped_prefix)) == 0)
			bytes = six + 12;
		else
		{
			bytes = six;
			family = AF_INET6;
		}
	}
	if (bytes == NULL || inet_ntop(family, bytes, out, PEER_TEXT) == NULL)
		snprintf(out, PEER_TEXT, "unix");
}

static bool
peer_in_block(const struct peer_block *block, const unsigned char addr[16])
{
	int whole = block->bits / 8;
	int rest = block->bits % 8;

	if (memcmp(block->addr, addr, (size_t) whole) != 0)
		return false;
	return rest == 0 || ((block->addr[whole] ^ addr[whole]) >> (8 - rest)) == 0;
}

bool
peer_trusted(const struct peer_list *list, const char *addr)
{
	unsigned char bytes[16];
	int base;

	if (strcmp(addr, "unix") == 0)
		return true;
	if (!peer_parse(addr, bytes, &base))
		return false;
	for (int i = 0; i < list->n; i++)
	{
		if (peer_in_block(&list->block[i], bytes))
			return true;
	}
	return false;
}

/* One X-Forwarded-For entry to plain text; ports and brackets go. */
static bool
peer_entry(const char *start, size_t len, char out[PEER_TEXT])
{
	unsigned char bytes[16];
	char *colon;
	int base;

	text_trim(&start, &len);
	if (len > 0 && *start == '[')
	{
		const char *close = memchr(start, ']', len);

		if (close == NULL)
			return false;
		start++;
		len = (size_t) (close - start);
	}
	if (len == 0 || len >= PEER_TEXT)
		return false;
	memcpy(out, start, len);
	out[len] = '\0';
	colon = strchr(out, ':');
	if (colon != NULL && strchr(colon + 1, ':') == NULL)
		*colon = '\0';
	if (!peer_parse(out, bytes, &base))
		return false;
	return inet_ntop(base == 96 ? AF_INET : AF_INET6, base == 96 ? bytes + 12 : bytes, out,
					 PEER_TEXT) != NULL;
}

bool
peer_client(const struct peer_list *list, const char *peer, const char *forwarded, bool vouched,
			char out[PEER_TEXT])
{
	char entry[PEER_TEXT];
	size_t end = forwarded == NULL ? 0 : strlen(forwarded);
	bool trusted = vouched || peer_trusted(list, peer);
	bool taken = false;

	snprintf(out, PEER_TEXT, "%s", peer);
	while (end > 0 && trusted)
	{
		size_t start = end;

		while (start > 0 && forwarded[start - 1] != ',')
			start--;
		if (!peer_entry(forwarded + start, end - start, entry))
			return taken;
		memcpy(out, entry, sizeof(entry));
		taken = true;
		trusted = peer_trusted(list, out);
		end = start > 0 ? start - 1 : 0;
	}
	return taken;
}

void
peer_truncate(const char *addr, char out[PEER_TEXT])
{
	unsigned char bytes[16];
	int base;

	if (!peer_parse(addr, bytes, &base))
	{
		snprintf(out, PEER_TEXT, "%s", addr);
		return;
	}
	if (base == 96)
	{
		bytes[15] = 0;
		inet_ntop(AF_INET, bytes + 12, out, PEER_TEXT);
	}
	else
	{
		memset(bytes + 6, 0, 10);
		inet_ntop(AF_INET6, bytes, out, PEER_TEXT);
	}
}

/* Split host:port; brackets around an IPv6 host go. False: not that form. */
static bool
peer_split(const char *text, char host[256], char port[8])
{
	const char *colon = strrchr(text, ':');
	size_t len;

	if (colon == NULL || strlen(colon + 1) == 0 || strlen(colon + 1) > 5 ||
		strspn(colon + 1, "0123456789") != strlen(colon + 1) || strtol(colon + 1, NULL, 10) > 65535)
		return false;
	len = (size_t) (colon - text);
	if (len >= 2 && text[0] == '[' && text[len - 1] == ']')
	{
		text++;
		len -= 2;
	}
	if (len == 0 || len > 255)
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	snprintf(port, 8, "%s", colon + 1);
	return true;
}

bool
peer_listen_ok(const char *text)
{
	struct sockaddr_un un;
	char host[256];
	char port[8];

	if (strncmp(text, "unix:", 5) == 0)
		return text[5] == '/' && strlen(text + 5) < sizeof(un.sun_path);
	return peer_split(text, host, port);
}

/* Whether somebody answers at this unix socket. */
static bool
peer_unix_alive(const struct sockaddr_un *un)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool alive;

	if (fd < 0)
		return true;
	alive = connect(fd, (const struct sockaddr *) un, sizeof(*un)) == 0 || errno != ECONNREFUSED;
	close(fd);
	return alive;
}

static int
peer_listen_unix(const char *path)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct stat st;
	int fd;

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) && !peer_unix_alive(&un))
		unlink(path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (bind(fd, (const struct sockaddr *) &un, sizeof(un)) != 0 || chmod(path, 0660) != 0 ||
		listen(fd, PEER_BACKLOG) != 0)
	{
		close(fd);
		return -1;
	}
	return fd;
}

static int
peer_listen_inet(const struct addrinfo *info)
{
	int on = 1;
	int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
		bind(fd, info->ai_addr, info->ai_addrlen) != 0 || listen(fd, PEER_BACKLOG) != 0)
	{
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

int
peer_listen(const char *text, char *error, size_t error_size)
{
	const struct addrinfo hints = {
		.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	struct addrinfo *list = NULL;
	char host[256];
	char port[8];
	int fd = -1;

	if (strncmp(text, "unix:", 5) == 0)
		fd = peer_listen_unix(text + 5);
	else if (!peer_split(text, host, port) ||
			 getaddrinfo(strcmp(host, "*") == 0 ? NULL : host, port, &hints, &list) != 0)
	{
		snprintf(error, error_size, "cannot find the address %s", text);
		return -1;
	}
	for (const struct addrinfo *info = list; info != NULL && fd < 0; info = info->ai_next)
		fd = peer_listen_inet(info);
	if (fd < 0)
		snprintf(error, error_size, "cannot listen on %s: %s", text, strerror(errno));
	if (list != NULL)
		freeaddrinfo(list);
	return fd;
}
