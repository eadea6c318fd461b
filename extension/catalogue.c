/*
 * catalogue.c - what the catalogue asks of an article before it is kept: the word in its address
 * (slug), the check digit of its EAN.
 */
#include "postgres.h"

#include "common/unicode_norm.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "catalogue.h"
#include "compat.h"
#include "uuid.h"

#define SLUG_MAX 100	   /* characters */
#define SLUG_READ_MAX 1000 /* bytes of a name that count */

/* ---------------------------------------------------------------- Rules -- */

/* Latin letters that are no letter with a mark, as people write them without. */
static const struct
{
	pg_wchar letter;
	const char *plain;
} plain_letters[] = {
	{0x00C6, "ae"}, {0x00E6, "ae"}, {0x0152, "oe"}, {0x0153, "oe"}, {0x00DF, "ss"}, {0x1E9E, "ss"},
	{0x00D8, "o"},	{0x00F8, "o"},	{0x0110, "d"},	{0x0111, "d"},	{0x00D0, "d"},	{0x00F0, "d"},
	{0x0141, "l"},	{0x0142, "l"},	{0x00DE, "th"}, {0x00FE, "th"}, {0x0131, "i"},
};

static const char *
plain_letter(pg_wchar c)
{
	for (int i = 0; i < lengthof(plain_letters); i++)
		if (plain_letters[i].letter == c)
			return plain_letters[i].plain;
	return NULL;
}

static bool
is_plain(pg_wchar c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Adds a letter or a digit, with a hyphen before it when a word ended. */
static void
slug_add(StringInfo out, char c, bool *gap)
{
	if (*gap && out->len > 0)
		appendStringInfoChar(out, '-');
	*gap = false;
	appendStringInfoChar(out, c);
}

/* Cut between two words where it can be, never behind a hyphen. */
static void
slug_cut(StringInfo out)
{
	int len = SLUG_MAX;

	if (out->len <= SLUG_MAX)
		return;
	while (len > SLUG_MAX / 2 && out->data[len] != '-')
		len--;
	if (out->data[len] != '-')
		len = SLUG_MAX;
	while (len > 0 && out->data[len - 1] == '-')
		len--;
	out->len = len;
	out->data[len] = '\0';
}

/*
 * mjc_slug_of - small letters a to z, digits and single hyphens, at most 100; accents go, other
 * scripts and signs part words. NULL when nothing is left, or what would be read as an id.
 */
char *
mjc_slug_of(const char *text)
{
	int len = pg_mbcliplen(text, strlen(text), SLUG_READ_MAX);
	pg_wchar *wide = palloc((len + 1) * sizeof(pg_wchar));
	StringInfoData out;
	pg_uuid_t id;
	bool gap = false;

	wide[pg_mb2wchar_with_len(text, wide, len)] = 0;
	initStringInfo(&out);
	for (const pg_wchar *p = unicode_normalize(UNICODE_NFKD, wide); *p != 0; p++)
	{
		const char *plain = plain_letter(*p);

		if (*p >= 0x0300 && *p <= 0x036F)
			continue; /* a mark of the letter before */
		if (plain != NULL)
			for (; *plain != '\0'; plain++)
				slug_add(&out, *plain, &gap);
		else if (is_plain(*p))
			slug_add(&out, pg_ascii_tolower((unsigned char) *p), &gap);
		else
			gap = true;
	}
	slug_cut(&out);
	return out.len == 0 || mjc_uuid_parse(out.data, out.len, &id) ? NULL : out.data;
}

/*
 * mjc_ean_valid - 8, 12, 13 or 14 digits of which the last makes the sum even: from the right,
 * digits count three times and once in turn (GS1).
 */
bool
mjc_ean_valid(const char *digits, int len)
{
	int sum = 0;

	if (len != 8 && (len < 12 || len > 14))
		return false;
	for (int i = 0; i < len; i++)
	{
		if (digits[i] < '0' || digits[i] > '9')
			return false;
		sum += (digits[i] - '0') * ((len - i) % 2 == 0 ? 3 : 1);
	}
	return sum % 10 == 0;
}

/* ----------------------------------------------------- SQL entry points -- */

PG_FUNCTION_INFO_V1(mjc_slug_of_sql);
/* mjc.slug_of(typed text) */
Datum
mjc_slug_of_sql(PG_FUNCTION_ARGS)
{
	char *slug = mjc_slug_of(text_to_cstring(PG_GETARG_TEXT_PP(0)));

	if (slug == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(slug));
}

PG_FUNCTION_INFO_V1(mjc_ean_valid_sql);
/* mjc.ean_valid(ean text) */
Datum
mjc_ean_valid_sql(PG_FUNCTION_ARGS)
{
	text *ean = PG_GETARG_TEXT_PP(0);

	PG_RETURN_BOOL(mjc_ean_valid(VARDATA_ANY(ean), VARSIZE_ANY_EXHDR(ean)));
}
