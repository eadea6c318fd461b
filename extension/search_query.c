/*
 * search_query.c - the words of a search, and the text queries (tsquery) they make.
 *
 * A text query is put together as text and read by the server once. Each lexeme stands in
 * quotes, with the quotes and backslashes in it doubled: whatever somebody types is a lexeme,
 * never an operator; and the server need not tell the client of every word that says nothing, as
 * plainto_tsquery would. What says nothing (the, des, an empty word) is left out; of nothing at all
 * there is no query, which is NULL. NULLs in arrays count for nothing, dimensions do not matter.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "nodes/value.h"
#include "tsearch/ts_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "compat.h"
#include "fold.h"
#include "search_query.h"

#define UNITS_MAX 12

/* ---------------------------------------------------------------- Rules -- */

/* What is between words of a query, no-break spaces not among it; of one, two, three bytes. */
static int
space_length(const char *p, const char *end)
{
	static const char *const spaces[] = {
		"\xC2\x85",		"\xE1\x9A\x80", "\xE2\x80\x80", "\xE2\x80\x81",
		"\xE2\x80\x82", "\xE2\x80\x83", "\xE2\x80\x84", "\xE2\x80\x85",
		"\xE2\x80\x86", "\xE2\x80\x88", "\xE2\x80\x89", "\xE2\x80\x8A",
		"\xE2\x80\xA8", "\xE2\x80\xA9", "\xE2\x81\x9F", "\xE3\x80\x80"};

	if (*p == ' ' || (*p >= '\t' && *p <= '\r'))
		return 1;
	if (*p != '\xC2' && *p != '\xE1' && *p != '\xE2' && *p != '\xE3')
		return 0;
	for (int i = 0; i < lengthof(spaces); i++)
	{
		int len = strlen(spaces[i]);

		if (end - p >= len && memcmp(p, spaces[i], len) == 0)
			return len;
	}
	return 0;
}

/* The next of the words of a text, which blanks divide: spaces alone, or whatever else looks so
 * too. Moves *at behind it; false when there is none. */
static bool
next_word(const char **at, const char *end, bool spaces_alone, const char **word, int *len)
{
	const char *p = *at;
	int blank;

	while (p < end && (blank = spaces_alone ? *p == ' ' : space_length(p, end)) > 0)
		p += blank;
	*word = p;
	while (p < end && (spaces_alone ? *p == ' ' : space_length(p, end)) == 0)
		p++;
	*len = p - *word;
	*at = p;
	return *len > 0;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The units of a query (mjc.search_units) as texts; returns how many. */
static int
query_units(const char *query, int query_len, Datum *units)
{
	const char *end = query + query_len;
	const char *token;
	int token_len;
	int n = 0;

	while (n < UNITS_MAX && next_word(&query, end, false, &token, &token_len))
	{
		const char *folded = mjc_search_fold(token, token_len, NULL);
		const char *folded_end = folded + strlen(folded);
		const char *word;
		int len;

		if (strpbrk(folded, "0123456789") != NULL)
			units[n++] = PointerGetDatum(cstring_to_text(folded));
		else
			while (n < UNITS_MAX && next_word(&folded, folded_end, true, &word, &len))
				units[n++] = PointerGetDatum(cstring_to_text_with_len(word, len));
	}
	return n;
}

typedef enum Language
{
	FRENCH,
	ARABIC,
	ENGLISH
} Language;

/* The server's own configuration; its number stays the same while the backend lives. */
static Oid
config_of(Language language)
{
	static const char *const names[] = {"french", "arabic", "english"};
	static Oid configs[lengthof(names)];

	if (!OidIsValid(configs[language]))
		configs[language] = get_ts_config_oid(
			list_make2(makeString(pstrdup("pg_catalog")), makeString(pstrdup(names[language]))),
			false);
	return configs[language];
}

static void
put_lexeme(StringInfo out, const char *lexeme, int len)
{
	appendStringInfoChar(out, '\'');
	for (int i = 0; i < len; i++)
	{
		if (lexeme[i] == '\'' || lexeme[i] == '\\')
			appendStringInfoChar(out, lexeme[i]);
		appendStringInfoChar(out, lexeme[i]);
	}
	appendStringInfoChar(out, '\'');
}

static TSVector
vector_of(text *word, Language language)
{
	return DatumGetTSVector(DirectFunctionCall2(
		to_tsvector_byid, ObjectIdGetDatum(config_of(language)), PointerGetDatum(word)));
}

/* All lexemes of a word in a language; "" when it says nothing. */
static char *
lexemes_of(text *word, Language language)
{
	TSVector vector = vector_of(word, language);
	StringInfoData out;

	initStringInfo(&out);
	for (int i = 0; i < vector->size; i++)
	{
		WordEntry *entry = ARRPTR(vector) + i;

		if (i > 0)
			appendStringInfoString(&out, " & ");
		put_lexeme(&out, STRPTR(vector) + entry->pos, entry->len);
	}
	return out.data;
}

/* Whether there is a letter of U+0600 to U+06FF. */
static bool
has_arabic(const char *word, int len)
{
	for (int i = 0; i < len; i++)
		if ((unsigned char) word[i] >= 0xD8 && (unsigned char) word[i] <= 0xDB)
			return true;
	return false;
}

/* The put_* functions write an operand, or nothing and return false. */
static bool
put_word(StringInfo out, const char *word, int len)
{
	text *typed = cstring_to_text_with_len(word, len);
	char *french = lexemes_of(typed, FRENCH);
	char *other = lexemes_of(typed, has_arabic(word, len) ? ARABIC : ENGLISH);

	if (*french == '\0' || *other == '\0')
		return false;
	if (strcmp(french, other) == 0)
		appendStringInfo(out, "(%s)", french);
	else
		appendStringInfo(out, "(%s | %s)", french, other);
	return true;
}

/* A group of operands: opened at the place that the others get as start. */
static int
open_group(StringInfo out)
{
	appendStringInfoChar(out, '(');
	return out->len;
}

/* The operator before the next operand of a group; returns where to cut when there is none. */
static int
next_operand(StringInfo out, int start, char operator)
{
	int before = out->len;

	if (before > start)
		appendStringInfo(out, " %c ", operator);
	return before;
}

static void
cut(StringInfo out, int len)
{
	out->len = len;
	out->data[len] = '\0';
}

/* Closes a group, or takes it back when nothing is in it. */
static bool
close_group(StringInfo out, int start)
{
	if (out->len == start)
	{
		cut(out, start - 1);
		return false;
	}
	appendStringInfoChar(out, ')');
	return true;
}

static bool
put_words(StringInfo out, const char *words, const char *end)
{
	int start = open_group(out);
	const char *word;
	int len;

	while (next_word(&words, end, true, &word, &len))
	{
		int before = next_operand(out, start, '&');

		if (!put_word(out, word, len))
			cut(out, before);
	}
	return close_group(out, start);
}

/* A unit written together: the number that it may be. */
static bool
put_number(StringInfo out, const char *unit, int len)
{
	char *number = palloc(len);
	int n = 0;

	for (int i = 0; i < len; i++)
		if (unit[i] != ' ')
			number[n++] = unit[i];
	if (n > 0)
		put_lexeme(out, number, n);
	return n > 0;
}

/* A unit as mjc.search_unit_query has it. */
static bool
put_unit(StringInfo out, const char *unit, int len, bool alone)
{
	bool divided = memchr(unit, ' ', len) != NULL;
	bool digits = true;
	int start;
	int before;

	for (int i = 0; i < len; i++)
		digits = digits && (is_digit(unit[i]) || unit[i] == ' ');
	/* 16-07 is a number, not what has a 16 and a 07 somewhere. */
	if (alone && divided && digits)
		return put_number(out, unit, len);
	if (!alone && !divided)
		return put_words(out, unit, unit + len);
	start = open_group(out);
	put_words(out, unit, unit + len);
	before = next_operand(out, start, '|');
	if (!put_number(out, unit, len))
		cut(out, before);
	return close_group(out, start);
}

/* All of these units. */
static bool
put_units(StringInfo out, const Datum *units, int n)
{
	int start = open_group(out);

	for (int i = 0; i < n; i++)
	{
		int before = next_operand(out, start, '&');
		text *unit = DatumGetTextPP(units[i]);

		if (!put_unit(out, VARDATA_ANY(unit), VARSIZE_ANY_EXHDR(unit), false))
			cut(out, before);
	}
	return close_group(out, start);
}

/* Any of these lexemes. */
static bool
put_any(StringInfo out, const Datum *lexemes, int n)
{
	int start = open_group(out);

	for (int i = 0; i < n; i++)
	{
		text *lexeme = DatumGetTextPP(lexemes[i]);

		if (VARSIZE_ANY_EXHDR(lexeme) == 0)
			continue;
		next_operand(out, start, '|');
		put_lexeme(out, VARDATA_ANY(lexeme), VARSIZE_ANY_EXHDR(lexeme));
	}
	return close_group(out, start);
}

/* mjc_search_tag - the lexeme of mjc.search_tag: what has this letter and id. */
text *
mjc_search_tag(const char *prefix, int len, const pg_uuid_t *id)
{
	char digits[2 * UUID_LEN];
	StringInfoData out;

	hex_encode((const char *) id->data, UUID_LEN, digits);
	initStringInfo(&out);
	appendBinaryStringInfo(&out, prefix, len);
	appendStringInfoChar(&out, ':');
	appendBinaryStringInfo(&out, digits, sizeof(digits));
	return cstring_to_text_with_len(out.data, out.len);
}

/*
 * mjc_search_stems - the stems of folded words, without spaces: what "vannes gaz" and "vanne a gaz"
 * have in common, and how many of them say something. Those of Latin letters by the French rules,
 * whatever their language, since both sides of a comparison are.
 */
char *
mjc_search_stems(const char *words, int *saying)
{
	const char *end = words + strlen(words);
	const char *word;
	int len;
	StringInfoData out;

	initStringInfo(&out);
	*saying = 0;
	while (next_word(&words, end, true, &word, &len))
	{
		text *typed = cstring_to_text_with_len(word, len);
		bool arabic = has_arabic(word, len);
		TSVector vector = vector_of(typed, arabic ? ARABIC : FRENCH);

		/* As in put_word: "a" is "à" without its accent, and says nothing in English. */
		if (vector_of(typed, arabic ? FRENCH : ENGLISH)->size == 0)
			continue;
		*saying += vector->size > 0;
		for (int i = 0; i < vector->size; i++)
			appendBinaryStringInfo(&out, STRPTR(vector) + ARRPTR(vector)[i].pos,
								   ARRPTR(vector)[i].len);
	}
	return out.data;
}

/* ----------------------------------------------------- SQL entry points -- */

/* The elements of array argument n, whatever its dimensions, without the NULLs; of NULL none. */
static int
array_elements(FunctionCallInfo fcinfo, int n, bool uuids, Datum **values)
{
	bool *nulls;
	int count;
	int kept = 0;

	*values = NULL;
	if (PG_ARGISNULL(n))
		return 0;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(n), uuids ? UUIDOID : TEXTOID, uuids ? UUID_LEN : -1,
					  false, uuids ? TYPALIGN_CHAR : TYPALIGN_INT, values, &nulls, &count);
	for (int i = 0; i < count; i++)
		if (!nulls[i])
			(*values)[kept++] = (*values)[i];
	return kept;
}

/* What was written, read as a text query; NULL when nothing was. */
static Datum
read_query(FunctionCallInfo fcinfo, StringInfo written)
{
	if (written->len == 0)
		PG_RETURN_NULL();
	return DirectFunctionCall1(tsqueryin, CStringGetDatum(written->data));
}

PG_FUNCTION_INFO_V1(mjc_search_tag_sql);
/* mjc.search_tag(prefix text, id uuid) */
Datum
mjc_search_tag_sql(PG_FUNCTION_ARGS)
{
	text *prefix = PG_GETARG_TEXT_PP(0);

	PG_RETURN_TEXT_P(
		mjc_search_tag(VARDATA_ANY(prefix), VARSIZE_ANY_EXHDR(prefix), PG_GETARG_UUID_P(1)));
}

PG_FUNCTION_INFO_V1(mjc_search_units);
/* mjc.search_units(query text) */
Datum
mjc_search_units(PG_FUNCTION_ARGS)
{
	text *query = PG_GETARG_TEXT_PP(0);
	Datum units[UNITS_MAX];
	int n = query_units(VARDATA_ANY(query), VARSIZE_ANY_EXHDR(query), units);

	PG_RETURN_ARRAYTYPE_P(construct_array(units, n, TEXTOID, -1, false, TYPALIGN_INT));
}

PG_FUNCTION_INFO_V1(mjc_search_word_query);
/* mjc.search_word_query(word text) */
Datum
mjc_search_word_query(PG_FUNCTION_ARGS)
{
	text *word = PG_GETARG_TEXT_PP(0);
	StringInfoData out;

	initStringInfo(&out);
	put_word(&out, VARDATA_ANY(word), VARSIZE_ANY_EXHDR(word));
	return read_query(fcinfo, &out);
}

PG_FUNCTION_INFO_V1(mjc_search_unit_query);
/* mjc.search_unit_query(unit text, alone boolean) */
Datum
mjc_search_unit_query(PG_FUNCTION_ARGS)
{
	text *unit = PG_GETARG_TEXT_PP(0);
	StringInfoData out;

	initStringInfo(&out);
	put_unit(&out, VARDATA_ANY(unit), VARSIZE_ANY_EXHDR(unit), PG_GETARG_BOOL(1));
	return read_query(fcinfo, &out);
}

PG_FUNCTION_INFO_V1(mjc_search_all_query);
/* mjc.search_all_query(units text[]) */
Datum
mjc_search_all_query(PG_FUNCTION_ARGS)
{
	Datum *units;
	int n = array_elements(fcinfo, 0, false, &units);
	StringInfoData out;

	initStringInfo(&out);
	put_units(&out, units, n);
	return read_query(fcinfo, &out);
}

PG_FUNCTION_INFO_V1(mjc_search_tag_query);
/* mjc.search_tag_query(prefix text, ids uuid[]) */
Datum
mjc_search_tag_query(PG_FUNCTION_ARGS)
{
	text *prefix = PG_GETARG_TEXT_PP(0);
	Datum *ids;
	int n = array_elements(fcinfo, 1, true, &ids);
	StringInfoData out;

	for (int i = 0; i < n; i++)
		ids[i] = PointerGetDatum(
			mjc_search_tag(VARDATA_ANY(prefix), VARSIZE_ANY_EXHDR(prefix), DatumGetUUIDP(ids[i])));
	initStringInfo(&out);
	put_any(&out, ids, n);
	return read_query(fcinfo, &out);
}

PG_FUNCTION_INFO_V1(mjc_search_run_query);
/* mjc.search_run_query(units text[], others text[], tags text[]) */
Datum
mjc_search_run_query(PG_FUNCTION_ARGS)
{
	Datum *values;
	int n = array_elements(fcinfo, 0, false, &values);
	StringInfoData out;
	int start;
	int before;

	initStringInfo(&out);
	start = open_group(&out);
	put_units(&out, values, n);
	n = array_elements(fcinfo, 1, false, &values);
	for (int i = 0; i < n; i++)
	{
		text *other = DatumGetTextPP(values[i]);

		before = next_operand(&out, start, '|');
		if (!put_words(&out, VARDATA_ANY(other), VARDATA_ANY(other) + VARSIZE_ANY_EXHDR(other)))
			cut(&out, before);
	}
	before = next_operand(&out, start, '|');
	n = array_elements(fcinfo, 2, false, &values);
	if (!put_any(&out, values, n))
		cut(&out, before);
	close_group(&out, start);
	return read_query(fcinfo, &out);
}
