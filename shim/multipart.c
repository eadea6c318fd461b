/*
 * multipart.c - multipart/form-data (RFC 7578), read as it arrives.
 *
 * Invariant: a delimiter is CR LF and the boundary, which holds no CR; so, when bytes that
 * began like one turn out to be data, no delimiter began inside of them, and they are given
 * to the handler as they stand in the delimiter.
 */
#include "multipart.h"

#include <string.h>
#include <strings.h>

static const char token_letters[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
									"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
static const char boundary_letters[] = "'()+_,-./:=?0123456789abcdefghijklmnopqrstuvwxyz"
									   "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/* ---- Parameters of a header field ---- */

/* Read name=value behind a semicolon; false when there is none of that form. */
static bool
param_next(const char **at, const char **name, size_t *name_len, char *value, size_t size)
{
	const char *p = *at + strspn(*at, " \t");
	size_t n = 0;

	if (*p++ != ';')
		return false;
	p += strspn(p, " \t");
	*name = p;
	*name_len = strspn(p, token_letters);
	p += *name_len;
	if (*name_len == 0 || *p++ != '=')
		return false;
	if (*p == '"')
	{
		for (p++; *p != '"'; p++)
		{
			if (*p == '\\' && p[1] != '\0')
				p++;
			if (*p == '\0' || n + 1 >= size)
				return false;
			value[n++] = *p;
		}
		p++;
	}
	else
	{
		n = strspn(p, token_letters);
		if (n == 0 || n >= size)
			return false;
		memcpy(value, p, n);
		p += n;
	}
	value[n] = '\0';
	*at = p;
	return true;
}

static bool
param_is(const char *name, size_t len, const char *want)
{
	return len == strlen(want) && strncasecmp(name, want, len) == 0;
}

static bool
param_over(const char *at)
{
	return at[strspn(at, " \t")] == '\0';
}

enum multipart_result
multipart_boundary(const char *type, char boundary[MULTIPART_BOUNDARY_MAX + 1])
{
	static const char form[] = "multipart/form-data";
	char value[MULTIPART_LINE_MAX];
	const char *name;
	size_t len;

	boundary[0] = '\0';
	if (type == NULL || strncasecmp(type, form, sizeof(form) - 1) != 0 ||
		strchr("; \t", type[sizeof(form) - 1]) == NULL)
		return MULTIPART_STOPPED;
	type += sizeof(form) - 1;
	while (param_next(&type, &name, &len, value, sizeof(value)))
	{
		if (!param_is(name, len, "boundary"))
			continue;
		len = strlen(value);
		if (boundary[0] != '\0' || len == 0 || len > MULTIPART_BOUNDARY_MAX ||
			strspn(value, boundary_letters) != len)
			return MULTIPART_BAD;
		memcpy(boundary, value, len + 1);
	}
	return param_over(type) && boundary[0] != '\0' ? MULTIPART_OK : MULTIPART_BAD;
}

/* ---- The header of a part ---- */

static bool
header_disposition(struct multipart *m, const char *at)
{
	char value[MULTIPART_LINE_MAX];
	const char *name;
	size_t len = strspn(at, token_letters);

	if (m->disposed || !param_is(at, len, "form-data"))
		return false;
	m->disposed = true;
	at += len;
	while (param_next(&at, &name, &len, value, sizeof(value)))
	{
		if (param_is(name, len, "name"))
		{
			if (m->part.named || strlen(value) > MULTIPART_NAME_MAX)
				return false;
			m->part.named = true;
			memcpy(m->part.name, value, strlen(value) + 1);
		}
		else if (param_is(name, len, "filename"))
		{
			if (m->part.file)
				return false;
			m->part.file = true;
		}
	}
	return param_over(at) && m->part.named;
}

static bool
header_encoding(const char *value)
{
	return strcasecmp(value, "binary") == 0 || strcasecmp(value, "8bit") == 0 ||
		   strcasecmp(value, "7bit") == 0;
}

/* One whole line, NUL-terminated; false when it cannot stand in a header. */
static bool
header_line(struct multipart *m)
{
	size_t len = strspn(m->line, token_letters);
	const char *value = m->line + len;

	if (++m->lines > MULTIPART_LINES_MAX || len == 0 || *value++ != ':')
		return false;
	value += strspn(value, " \t");
	if (param_is(m->line, len, "Content-Disposition"))
		return header_disposition(m, value);
	if (param_is(m->line, len, "Content-Transfer-Encoding"))
		return header_encoding(value);
	return true; /* a Content-Type, too: what a file is shows in the file */
}

/* ---- States ---- */

static bool
stopped(struct multipart *m)
{
	m->result = MULTIPART_STOPPED;
	return false;
}

static bool
bad(struct multipart *m)
{
	m->result = MULTIPART_BAD;
	return false;
}

static bool
feed_header(struct multipart *m, char c)
{
	bool ending = m->line_len > 0 && m->line[m->line_len - 1] == '\r';

	if (c != '\n')
	{
		if (ending || ((unsigned char) c < 0x20 && c != '\t' && c != '\r') || c == 0x7f ||
			m->line_len == MULTIPART_LINE_MAX)
			return bad(m);
		m->line[m->line_len++] = c;
		return true;
	}
	if (!ending)
		return bad(m);
	m->line[m->line_len - 1] = '\0';
	if (m->line_len > 1)
	{
		m->line_len = 0;
		return header_line(m) || bad(m);
	}
	if (!m->disposed)
		return bad(m);
	m->state = MULTIPART_DATA;
	m->matched = 0;
	return m->handler->begin(m->cls, &m->part) || stopped(m);
}

/* Behind a boundary: CR LF begins a part, -- ends all. */
static bool
feed_after(struct multipart *m, char c)
{
	if (m->matched++ == 0)
	{
		m->last = c == '-';
		return c == '-' || c == '\r' || bad(m);
	}
	if (c != (m->last ? '-' : '\n'))
		return bad(m);
	m->state = m->last ? MULTIPART_END : MULTIPART_HEADER;
	m->matched = 0;
	m->line_len = 0;
	m->lines = 0;
	m->disposed = false;
	memset(&m->part, 0, sizeof(m->part));
	return true;
}

static bool
feed_end(struct multipart *m, char c)
{
	return (m->matched < 2 && c == "\r\n"[m->matched++]) || bad(m);
}

static void
delimiter_found(struct multipart *m)
{
	m->state = MULTIPART_AFTER;
	m->matched = 0;
}

/* Before the first boundary nothing else may stand. */
static bool
feed_delimiter(struct multipart *m, char c)
{
	if (c != m->delimiter[m->matched])
		return bad(m);
	if (++m->matched == m->delimiter_len)
		delimiter_found(m);
	return true;
}

/* Data up to what may be a delimiter. Returns the bytes taken, 0 when it stops. */
static size_t
feed_data(struct multipart *m, const char *data, size_t len)
{
	const char *cr;

	if (m->matched == 0)
	{
		cr = memchr(data, '\r', len);
		len = cr == NULL ? len : (size_t) (cr - data);
		if (len == 0)
		{
			m->matched = 1;
			return 1;
		}
		return m->handler->data(m->cls, data, len) || stopped(m) ? len : 0;
	}
	if (*data == m->delimiter[m->matched])
	{
		if (++m->matched < m->delimiter_len)
			return 1;
		delimiter_found(m);
		return m->handler->end(m->cls) || stopped(m) ? 1 : 0;
	}
	/* It was data; this byte is looked at again: it may begin a delimiter. */
	len = m->matched;
	m->matched = 0;
	if (!m->handler->data(m->cls, m->delimiter, len))
		return stopped(m) ? 1 : 0;
	return feed_data(m, data, 1);
}

static bool
feed_byte(struct multipart *m, char c)
{
	switch (m->state)
	{
		case MULTIPART_DELIMITER:
			return feed_delimiter(m, c);
		case MULTIPART_AFTER:
			return feed_after(m, c);
		case MULTIPART_HEADER:
			return feed_header(m, c);
		case MULTIPART_END:
			return feed_end(m, c);
		case MULTIPART_DATA:
			break;
	}
	return false;
}

void
multipart_init(struct multipart *m, const char *boundary, const struct multipart_handler *handler,
			   void *cls)
{
	memset(m, 0, sizeof(*m));
	m->handler = handler;
	m->cls = cls;
	memcpy(m->delimiter, "\r\n--", 4);
	m->delimiter_len = 4 + strnlen(boundary, MULTIPART_BOUNDARY_MAX);
	memcpy(m->delimiter + 4, boundary, m->delimiter_len - 4);
	m->matched = 2; /* the first one has no line before it */
}

enum multipart_result
multipart_feed(struct multipart *m, const char *data, size_t len)
{
	while (len > 0 && m->result == MULTIPART_OK)
	{
		size_t n = 1;

		if (m->state == MULTIPART_DATA)
			n = feed_data(m, data, len);
		else
			(void) feed_byte(m, *data);
		data += n;
		len -= n;
	}
	return m->result;
}

bool
multipart_whole(const struct multipart *m)
{
	return m->result == MULTIPART_OK && m->state == MULTIPART_END && m->matched != 1;
}
