/*
 * log.c - JSON lines on one file descriptor.
 *
 * Invariants: the buffer holds whole lines up to line_start; a line that does
 * not fit is taken back as a whole and counted in dropped.
 */
#include "log.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "redact.h"

#define LOG_BUFFER_BYTES (1024 * 1024)
#define LOG_PIPE_CHUNK 4096 /* PIPE_BUF: a write that poll allowed does not block */

struct log
{
	int fd;
	bool careful; /* a pipe or socket, written in small pieces */
	enum log_level min;
	bool open;	   /* a line is being built */
	bool overflow; /* the open line did not fit */
	size_t line_start;
	size_t used;
	unsigned long long dropped;
	char buffer[LOG_BUFFER_BYTES];
};

static const char *const level_name[LOG_LEVEL__MAX] = {"debug", "info", "warn", "error"};

struct log *
log_new(int fd, enum log_level min)
{
	struct log *log = calloc(1, sizeof(*log));
	struct stat st;

	if (log == NULL)
		return NULL;
	log->fd = fd;
	log->min = min;
	log->careful = fstat(fd, &st) != 0 || !S_ISREG(st.st_mode);
	return log;
}

void
log_free(struct log *log)
{
	if (log == NULL)
		return;
	for (int i = 0; i < 20 && log->used > 0; i++)
	{
		struct pollfd p = {.fd = log->fd, .events = POLLOUT};

		log_flush(log);
		if (log->used > 0)
			(void) poll(&p, 1, 50);
	}
	free(log);
}

enum log_level
log_level_parse(const char *name)
{
	for (int i = 0; i < LOG_LEVEL__MAX; i++)
	{
		if (strcmp(name, level_name[i]) == 0)
			return (enum log_level) i;
	}
	return LOG_LEVEL__MAX;
}

static void
log_bytes(struct log *log, const char *s, size_t len)
{
	if (log->overflow || len > sizeof(log->buffer) - log->used)
	{
		log->overflow = true;
		return;
	}
	memcpy(log->buffer + log->used, s, len);
	log->used += len;
}

static void
log_raw(struct log *log, const char *s)
{
	log_bytes(log, s, strlen(s));
}

/* Length of the well-formed UTF-8 sequence at s, 0 when it is not one. */
static size_t
log_sequence(const unsigned char *s, size_t left)
{
	size_t n;
	uint32_t c;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		n = 2;
	else if ((s[0] & 0xf0) == 0xe0)
		n = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		n = 4;
	else
		return 0;
	if (left < n)
		return 0;
	c = s[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++)
	{
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = (c << 6) | (s[i] & 0x3f);
	}
	if ((n == 3 && c < 0x800) || (n == 4 && (c < 0x10000 || c > 0x10ffff)) ||
		(c >= 0xd800 && c <= 0xdfff))
		return 0;
	return n;
}

/* How many letters at s are shown as they are. */
static size_t
log_plain(const unsigned char *s, size_t left)
{
	size_t n = 0;

	while (n < left && s[n] >= 0x20 && s[n] < 0x7f && s[n] != '"' && s[n] != '\\')
		n++;
	return n;
}

static void
log_escaped(struct log *log, const char *text)
{
	const unsigned char *s = (const unsigned char *) text;
	size_t len = strnlen(text, LOG_TEXT_MAX);
	size_t i = 0;

	while (i < len)
	{
		size_t plain = log_plain(s + i, len - i);
		size_t n = plain > 0 ? plain : log_sequence(s + i, len - i);
		char hex[8];

		if (plain > 0)
			log_bytes(log, text + i, plain);
		else if (n == 0)
		{
			log_raw(log, "\\ufffd");
			n = 1;
		}
		else if (s[i] == '"' || s[i] == '\\')
		{
			log_raw(log, "\\");
			log_bytes(log, text + i, 1);
		}
		else if (s[i] < 0x20 || s[i] == 0x7f)
		{
			snprintf(hex, sizeof(hex), "\\u%04x", (unsigned) s[i]);
			log_raw(log, hex);
		}
		else
			log_bytes(log, text + i, n);
		i += n;
	}
}

static void
log_key(struct log *log, const char *key)
{
	log_raw(log, ",\"");
	log_raw(log, key);
	log_raw(log, "\":");
}

static void
log_open(struct log *log, enum log_level level, const char *event)
{
	char now[CLOCK_ISO_SIZE];

	clock_iso(now);
	log->open = true;
	log->overflow = false;
	log->line_start = log->used;
	log_raw(log, "{\"ts\":\"");
	log_raw(log, now);
	log_raw(log, "\",\"level\":\"");
	log_raw(log, level_name[level]);
	log_raw(log, "\",\"event\":\"");
	log_raw(log, event);
	log_raw(log, "\"");
	if (log->dropped > 0)
		log_int(log, "dropped_lines", (long long) log->dropped);
}

bool
log_begin(struct log *log, enum log_level level, const char *event)
{
	if (level < log->min)
		return false;
	log_open(log, level, event);
	return true;
}

void
log_always(struct log *log, const char *event)
{
	log_open(log, LOG_INFO, event);
}

void
log_text(struct log *log, const char *key, const char *value)
{
	if (!log->open || value == NULL)
		return;
	log_key(log, key);
	log_raw(log, "\"");
	log_escaped(log, value);
	log_raw(log, "\"");
}

void
log_client_text(struct log *log, const char *key, const char *value)
{
	char begin[2 * LOG_TEXT_MAX]; /* of 8 KB no more is looked through than can be shown */
	char shown[LOG_TEXT_MAX + 1];

	if (!log->open || value == NULL)
		return;
	snprintf(begin, sizeof(begin), "%s", value);
	redact(begin, shown, sizeof(shown));
	log_text(log, key, shown);
}

void
log_int(struct log *log, const char *key, long long value)
{
	char number[32];

	if (!log->open)
		return;
	snprintf(number, sizeof(number), "%lld", value);
	log_key(log, key);
	log_raw(log, number);
}

void
log_ms(struct log *log, const char *key, long long us)
{
	char number[48];

	if (!log->open)
		return;
	snprintf(number, sizeof(number), "%lld.%02lld", us / 1000, us % 1000 / 10);
	log_key(log, key);
	log_raw(log, number);
}

void
log_end(struct log *log)
{
	if (!log->open)
		return;
	log_raw(log, "}\n");
	if (log->overflow)
	{
		log->used = log->line_start;
		log->dropped++;
	}
	else
		log->dropped = 0;
	log->open = false;
	log->overflow = false;
}

void
log_flush(struct log *log)
{
	size_t done = 0;

	while (done < log->used)
	{
		size_t piece = log->used - done;
		ssize_t n;

		if (log->careful)
		{
			struct pollfd p = {.fd = log->fd, .events = POLLOUT};

			if (poll(&p, 1, 0) <= 0 || (p.revents & POLLOUT) == 0)
				break;
			if (piece > LOG_PIPE_CHUNK)
				piece = LOG_PIPE_CHUNK;
		}
		n = write(log->fd, log->buffer + done, piece);
		if (n <= 0)
		{
			if (n < 0 && (errno == EAGAIN || errno == EINTR))
				break;
			done = log->used; /* nobody can read it any more */
			break;
		}
		done += (size_t) n;
	}
	if (done == 0)
		return;
	memmove(log->buffer, log->buffer + done, log->used - done);
	log->used -= done;
}
