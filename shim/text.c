/*
 * text.c - small pure helpers on bytes.
 *
 * Invariants: no function reads past the length it was given; every text that
 * leaves here by TEXT_OK is NUL-terminated, holds no other NUL and is
 * well-formed UTF-8. Nothing here knows of HTTP or of the shop.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "text.h"

#define RANDOM_AHEAD 256 /* bytes that getrandom gives whole */

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* ---- UTF-8 ---- */

/*
 * Bytes of the well-formed character at s (1..4), or 0. Follows the table of
 * RFC 3629: no overlong forms, no surrogates, nothing past U+10FFFF, no NUL.
 */
static size_t
utf8_step(const unsigned char *s, size_t len)
{
	unsigned char low = 0x80, high = 0xBF;
	size_t need;

	if (s[0] < 0x80)
		return s[0] != 0;
	if (s[0] < 0xC2 || s[0] > 0xF4)
		return 0;
	need = s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
	if (len < need)
		return 0;
	if (s[0] == 0xE0)
		low = 0xA0;
	else if (s[0] == 0xED)
		high = 0x9F;
	else if (s[0] == 0xF0)
		low = 0x90;
	else if (s[0] == 0xF4)
		high = 0x8F;
	if (s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < need; i++)
	{
		if ((s[i] & 0xC0) != 0x80)
			return 0;
	}
	return need;
}

bool
text_utf8_valid(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *) s;

	for (size_t at = 0; at < len;)
	{
		size_t step = utf8_step(p + at, len - at);

		if (step == 0)
			return false;
		at += step;
	}
	return true;
}

size_t
text_utf8_length(const char *s, size_t len)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += ((unsigned char) s[i] & 0xC0) != 0x80;
	return count;
}

bool
text_has_control(const char *s, size_t len, bool allow_newline)
{
	for (size_t i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) s[i];

		if (c < 0x20 && !(c == '\n' && allow_newline))
			return true;
		if (c == 0x7F)
			return true;
		if (c == 0xC2 && i + 1 < len && (unsigned char) s[i + 1] < 0xA0)
			return true;
	}
	return false;
}

/* ---- Trimming and copying ---- */

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Whether the two bytes at s are U+00A0, which phones' keyboards like to add. */
static bool
is_nbsp(const char *s)
{
	return (unsigned char) s[0] == 0xC2 && (unsigned char) s[1] == 0xA0;
}

void
text_trim(const char **s, size_t *len)
{
	const char *p = *s;
	size_t n = *len;

	while (n > 0 && (is_space(*p) || (n > 1 && is_nbsp(p))))
	{
		size_t step = is_space(*p) ? 1 : 2;

		p += step;
		n -= step;
	}
	while (n > 0 && (is_space(p[n - 1]) || (n > 1 && is_nbsp(p + n - 2))))
		n -= is_space(p[n - 1]) ? 1 : 2;
	*s = p;
	*len = n;
}

void
text_lower(char *s)
{
	for (; *s != '\0'; s++)
	{
		if (*s >= 'A' && *s <= 'Z')
			*s = (char) (*s + ('a' - 'A'));
	}
}

char *
text_dup(const char *s, size_t len)
{
	char *copy = malloc(len + 1);

	if (copy == NULL)
		return NULL;
	if (len > 0)
		memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}

/* ---- Percent-decoding ---- */

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/*
 * Decode into out (at least len + 1 bytes). Raw control characters and spaces
 * cannot stand in a request target; escaped ones may, but for NUL.
 */
static enum text_result
percent_decode(const char *in, size_t len, bool plus_is_space, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) in[i];

		if (c <= ' ' || c == 0x7F)
			return TEXT_BAD;
		if (c == '%')
		{
			int high = i + 2 < len ? hex_value(in[i + 1]) : -1;
			int low = i + 2 < len ? hex_value(in[i + 2]) : -1;

			if (high < 0 || low < 0)
				return TEXT_BAD;
			c = (unsigned char) (high * 16 + low);
			i += 2;
		}
		else if (c == '+' && plus_is_space)
			c = ' ';
		out[n++] = (char) c;
	}
	out[n] = '\0';
	return text_utf8_valid(out, n) ? TEXT_OK : TEXT_BAD;
}

static enum text_result
decode_copy(const char *raw, size_t len, bool plus_is_space, char **out)
{
	char *copy = malloc(len + 1);
	enum text_result result;

	*out = NULL;
	if (copy == NULL)
		return TEXT_MEMORY;
	result = percent_decode(raw, len, plus_is_space, copy);
	if (result != TEXT_OK)
	{
		free(copy);
		return result;
	}
	*out = copy;
	return TEXT_OK;
}

enum text_result
text_path_decode(const char *raw, size_t len, char **out)
{
	*out = NULL;
	if (len == 0 || raw[0] != '/')
		return TEXT_BAD;
	return decode_copy(raw, len, false, out);
}

static enum text_result
query_pair(const char *piece, size_t len, struct kv *pair)
{
	const char *equals = memchr(piece, '=', len);
	size_t name_len = equals == NULL ? len : (size_t) (equals - piece);
	size_t value_at = equals == NULL ? len : name_len + 1;
	enum text_result result = decode_copy(piece, name_len, true, &pair->name);

	if (result == TEXT_OK)
		result = decode_copy(piece + value_at, len - value_at, true, &pair->value);
	return result;
}

enum text_result
text_query_parse(const char *raw, size_t len, int max, struct kv **out, int *n)
{
	struct kv *pairs = calloc((size_t) max + 1, sizeof(*pairs));
	enum text_result result = TEXT_OK;
	int count = 0;

	*out = NULL;
	*n = 0;
	if (pairs == NULL)
		return TEXT_MEMORY;
	for (size_t at = 0; at < len && result == TEXT_OK;)
	{
		const char *end = memchr(raw + at, '&', len - at);
		size_t piece = end == NULL ? len - at : (size_t) (end - (raw + at));

		if (piece > 0 && count == max)
			result = TEXT_BAD;
		else if (piece > 0)
			result = query_pair(raw + at, piece, &pairs[count++]);
		at += piece + 1;
	}
	if (result != TEXT_OK)
	{
		text_query_free(pairs, count);
		return result;
	}
	*out = pairs;
	*n = count;
	return TEXT_OK;
}

void
text_query_free(struct kv *pairs, int n)
{
	if (pairs == NULL)
		return;
	for (int i = 0; i < n; i++)
	{
		free(pairs[i].name);
		free(pairs[i].value);
	}
	free(pairs);
}

/* ---- base64url, hex, SHA-256 ---- */

static int
base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '-')
		return 62;
	return c == '_' ? 63 : -1;
}

bool
text_base64url_decode(const char *in, size_t len, unsigned char *out, size_t *out_len)
{
	uint32_t bits = 0;
	unsigned held = 0;
	size_t n = 0;

	*out_len = 0;
	if (len % 4 == 1)
		return false;
	for (size_t i = 0; i < len; i++)
	{
		int value = base64_value(in[i]);

		if (value < 0)
			return false;
		bits = (bits << 6 | (uint32_t) value) & 0xFFFFFFu;
		held += 6;
		if (held >= 8)
		{
			held -= 8;
			out[n++] = (unsigned char) (bits >> held & 0xFFu);
		}
	}
	if ((bits & ((1u << held) - 1u)) != 0)
		return false;
	*out_len = n;
	return true;
}

size_t
text_base64url_encode(const unsigned char *in, size_t len, char *out)
{
	uint32_t bits = 0;
	unsigned held = 0;
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
	{
		bits = (bits << 8 | in[i]) & 0xFFFFFFu;
		held += 8;
		while (held >= 6)
		{
			held -= 6;
			out[n++] = base64_digits[bits >> held & 0x3Fu];
		}
	}
	if (held > 0)
		out[n++] = base64_digits[bits << (6 - held) & 0x3Fu];
	out[n] = '\0';
	return n;
}

void
text_hex(const unsigned char *in, size_t len, char *out)
{
	for (size_t i = 0; i < len; i++)
	{
		out[2 * i] = hex_digits[in[i] >> 4];
		out[2 * i + 1] = hex_digits[in[i] & 0x0F];
	}
	out[2 * len] = '\0';
}

/* ---- uuid ---- */

static bool
uuid_dash(size_t i)
{
	return i == 8 || i == 13 || i == 18 || i == 23;
}

bool
text_uuid_parse(const char *s, size_t len, char out[TEXT_UUID_SIZE])
{
	if (len != TEXT_UUID_SIZE - 1)
		return false;
	for (size_t i = 0; i < len; i++)
	{
		if (uuid_dash(i) ? s[i] != '-' : hex_value(s[i]) < 0)
			return false;
		out[i] = s[i];
	}
	out[len] = '\0';
	text_lower(out);
	return true;
}

/* 16 random bytes; one call of the system serves several. Each thread has its own. */
static bool
random_take(unsigned char out[16])
{
	static _Thread_local unsigned char ahead[RANDOM_AHEAD];
	static _Thread_local size_t left;

	if (left == 0)
	{
		if (getrandom(ahead, sizeof(ahead), 0) != (ssize_t) sizeof(ahead))
			return false;
		left = sizeof(ahead);
	}
	left -= 16;
	memcpy(out, ahead + left, 16);
	return true;
}

bool
text_uuid_v4(char out[TEXT_UUID_SIZE])
{
	unsigned char raw[16];
	char hex[33];
	size_t from = 0;

	if (!random_take(raw))
		return false;
	raw[6] = (unsigned char) ((raw[6] & 0x0F) | 0x40);
	raw[8] = (unsigned char) ((raw[8] & 0x3F) | 0x80);
	text_hex(raw, sizeof(raw), hex);
	for (size_t i = 0; i < TEXT_UUID_SIZE - 1; i++)
		out[i] = uuid_dash(i) ? '-' : hex[from++];
	out[TEXT_UUID_SIZE - 1] = '\0';
	return true;
}

/* ---- Lists and arrays ---- */

bool
text_list_next(const char **list, struct str *item)
{
	const char *start = *list;
	const char *comma;
	size_t len;

	if (start == NULL)
		return false;
	comma = strchr(start, ',');
	len = comma == NULL ? strlen(start) : (size_t) (comma - start);
	*list = comma == NULL ? NULL : comma + 1;
	text_trim(&start, &len);
	item->ptr = start;
	item->len = len;
	return true;
}

/* Write one quoted array entry; returns the place after it. */
static char *
array_entry(char *to, const char *entry)
{
	*to++ = '"';
	for (; *entry != '\0'; entry++)
	{
		if (*entry == '"' || *entry == '\\')
			*to++ = '\\';
		*to++ = *entry;
	}
	*to++ = '"';
	return to;
}

bool
text_url_loopback(const char *url)
{
	static const char *const hosts[] = {"http://127.0.0.1", "http://localhost", "http://[::1]"};

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
	{
		size_t len = strlen(hosts[i]);

		if (strncmp(url, hosts[i], len) != 0)
			continue;
		if (url[len] == ':')
			len += 1 + strspn(url + len + 1, "0123456789");
		return url[len] == '\0' || url[len] == '/';
	}
	return false;
}

bool
text_url_safe(const char *url)
{
	static const char host[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";

	for (const char *c = url; *c != '\0'; c++)
	{
		if (*c <= ' ' || *c > '~' || *c == '"' || *c == '\\' || *c == '<' || *c == '>')
			return false;
	}
	if (text_url_loopback(url))
		return true;
	if (strncmp(url, "https://", 8) != 0)
		return false;
	url += 8;
	if (strspn(url, host) == 0)
		return false;
	url += strspn(url, host);
	if (*url == ':')
		url += 1 + strspn(url + 1, "0123456789");
	return *url == '\0' || *url == '/' || *url == '?' || *url == '#';
}

char *
text_url_encode(const char *s)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
	static const char digits[] = "0123456789ABCDEF";
	char *out = malloc(3 * strlen(s) + 1);
	char *at = out;

	if (out == NULL)
		return NULL;
	for (; *s != '\0'; s++)
	{
		unsigned char c = (unsigned char) *s;

		if (strchr(plain, c) != NULL)
			*at++ = (char) c;
		else
		{
			*at++ = '%';
			*at++ = digits[c >> 4];
			*at++ = digits[c & 15];
		}
	}
	*at = '\0';
	return out;
}

char *
text_array(const char *const *items, size_t n)
{
	size_t size = 3;
	char *literal;
	char *to;

	for (size_t i = 0; i < n; i++)
		size += 2 * strlen(items[i]) + 3;
	literal = malloc(size);
	if (literal == NULL)
		return NULL;
	to = literal;
	*to++ = '{';
	for (size_t i = 0; i < n; i++)
	{
		if (i > 0)
			*to++ = ',';
		to = array_entry(to, items[i]);
	}
	*to++ = '}';
	*to = '\0';
	return literal;
}
