/*
 * redact.c - take out of a text what looks like a secret.
 *
 * A net below the rule that secrets are not logged at all: a path and the name
 * of a browser are the client's to choose, and people paste what they hold into
 * wherever a page lets them.
 */
#include "redact.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "text.h"

#define WORD "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define BASE64URL WORD "_-"
#define TOKEN_CHARS_MIN 40
#define CARD_DIGITS_MIN 13
#define CARD_DIGITS_MAX 19
#define UUID_CHARS (TEXT_UUID_SIZE - 1)

/* Each returns how many bytes at s have that shape, 0: none. */

static size_t
shape_jwt(const char *s)
{
	size_t head = strspn(s, BASE64URL);

	if (strncmp(s, "eyJ", 3) != 0 || s[head] != '.' || strspn(s + head + 1, BASE64URL) == 0)
		return 0;
	return strspn(s, BASE64URL ".");
}

static size_t
shape_hash(const char *s)
{
	if (s[0] != '$' || s[1] != '2' || strchr("abxy", s[2]) == NULL || s[2] == '\0' || s[3] != '$')
		return 0;
	return strspn(s, WORD "$./");
}

static size_t
shape_email(const char *s)
{
	size_t local = strspn(s, WORD "._%+-");
	size_t domain;

	if (local == 0 || s[local] != '@')
		return 0;
	domain = strspn(s + local + 1, WORD ".-");
	return domain > 2 && memchr(s + local + 1, '.', domain) != NULL ? local + 1 + domain : 0;
}

static size_t
shape_token(const char *s)
{
	size_t len = strspn(s, BASE64URL);
	bool upper = false;
	bool lower = false;
	bool digit = false;

	for (size_t i = 0; i < len; i++)
	{
		upper = upper || isupper((unsigned char) s[i]) != 0;
		lower = lower || islower((unsigned char) s[i]) != 0;
		digit = digit || isdigit((unsigned char) s[i]) != 0;
	}
	return len >= TOKEN_CHARS_MIN && upper && lower && digit ? len : 0;
}

static bool
luhn(const char *digits, size_t n)
{
	int sum = 0;

	for (size_t i = 0; i < n; i++)
	{
		int d = digits[n - 1 - i] - '0';

		if (i % 2 == 1)
			d = d > 4 ? 2 * d - 9 : 2 * d;
		sum += d;
	}
	return sum % 10 == 0;
}

static size_t
shape_card(const char *s)
{
	char digits[CARD_DIGITS_MAX + 1];
	size_t n = 0;
	size_t i = 0;

	for (; isdigit((unsigned char) s[i]) != 0 && n <= CARD_DIGITS_MAX; i++)
	{
		digits[n++] = s[i];
		if ((s[i + 1] == ' ' || s[i + 1] == '-') && isdigit((unsigned char) s[i + 2]) != 0)
			i++;
	}
	if (n < CARD_DIGITS_MIN || n > CARD_DIGITS_MAX || isalnum((unsigned char) s[i]) != 0)
		return 0;
	return luhn(digits, n) ? i : 0;
}

static const struct
{
	size_t (*find)(const char *s);
	const char *kind;
} shapes[] = {
	{shape_jwt, "[jwt]"},	  {shape_hash, "[hash]"},	{shape_card, "[card]"},
	{shape_email, "[email]"}, {shape_token, "[token]"},
};

static bool
is_uuid(const char *s)
{
	char uuid[TEXT_UUID_SIZE];

	return text_uuid_parse(s, strnlen(s, UUID_CHARS), uuid);
}

/* The kind of what begins at s, *len bytes; NULL, and one byte, when that may be shown. */
static const char *
shape_at(const char *s, size_t *len)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
	{
		*len = shapes[i].find(s);
		if (*len > 0)
			return shapes[i].kind;
	}
	*len = 1;
	return NULL;
}

static void
append(char *out, size_t *used, size_t cap, const char *text, size_t len)
{
	for (size_t i = 0; i < len && *used < cap - 1; i++)
		out[(*used)++] = text[i];
}

void
redact(const char *in, char *out, size_t cap)
{
	bool begin = true; /* nothing of a word stands before */
	size_t used = 0;

	while (*in != '\0' && used < cap - 1)
	{
		const char *kind = NULL;
		size_t len = 1;

		if (begin && is_uuid(in)) /* its digits may look like those of a card */
			len = UUID_CHARS;
		else if (begin || *in == '$')
			kind = shape_at(in, &len);
		if (kind != NULL)
			append(out, &used, cap, kind, strlen(kind));
		else
			append(out, &used, cap, in, len);
		begin = strchr(WORD, *in) == NULL;
		in += len;
	}
	out[used] = '\0';
}
