/*
 * csv.c - files of CSV as people send them (RFC 4180), read strictly.
 *
 * Cells are told apart by a comma, a semicolon or a tab, lines by LF or CR LF; a cell in quotes may
 * hold all of these and doubled quotes. What a program that writes CSV never makes (text beside a
 * quote, a quote that stays open, another encoding than UTF-8) is an error that names its line:
 * nothing is guessed and nothing is mangled. Lines count as an editor shows them, from 1.
 *
 * A file may come in pieces cut anywhere: mjc.csv_split hands out the whole lines of a piece and
 * keeps the rest for the next one.
 */
#include "postgres.h"

#include "catalog/pg_collation_d.h"
#include "common/jsonapi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/formatting.h"
#include "utils/memutils.h"

#include "args.h"
#include "compat.h"
#include "error.h"
#include "text.h"

#define CSV_CELLS_MAX 200
#define CSV_CELL_MAX 65536	  /* bytes */
#define CSV_LINE_MAX 1048576  /* bytes of a line with those in its cells */
#define CSV_UNITS_DIGITS 15	  /* of a number, so that no product of it overflows */
#define CSV_JSON_DEPTH_MAX 32 /* of a value in a cell */
#define CSV_JSON_DIGITS_MAX 30

/* ---------------------------------------------------------------- Rules -- */

typedef enum CsvResult
{
	CSV_RECORD,
	CSV_END,
	CSV_CUT /* the text ends inside of a line, and more of it follows */
} CsvResult;

typedef struct CsvReader
{
	const char *at;
	const char *end;
	char delimiter;
	bool last; /* no more text follows */
	int line;  /* on which `at` stands */
	int first; /* the line on which the record begins */
	int ncells;
	bool nulls[CSV_CELLS_MAX];
	Datum cells[CSV_CELLS_MAX];
	StringInfoData cell;
} CsvReader;

static void
csv_refuse(MjcErrorId id, int line, int max)
{
	const MjcValue values[] = {{"line", NULL, line}, {"max", NULL, max}};

	mjc_raise_values(id, values, max > 0 ? 2 : 1);
}

/* Counts the line ends of a text. */
static int
csv_count_lines(const char *at, const char *end)
{
	int n = 0;

	while ((at = memchr(at, '\n', end - at)) != NULL)
	{
		n++;
		at++;
	}
	return n;
}

static void
csv_append(CsvReader *r, const char *from, const char *to)
{
	if (r->cell.len + (to - from) > CSV_CELL_MAX)
		csv_refuse(MJC_ERR_CSV_CELL_TOO_LONG, r->first, CSV_CELL_MAX);
	appendBinaryStringInfo(&r->cell, from, to - from);
}

/* The rest of a cell whose opening quote was read. False: cut inside of it. */
static bool
csv_quoted(CsvReader *r)
{
	int opened = r->line;

	for (;;)
	{
		const char *quote = memchr(r->at, '"', r->end - r->at);
		const char *stop = quote != NULL ? quote : r->end;

		csv_append(r, r->at, stop);
		r->line += csv_count_lines(r->at, stop);
		if (quote == NULL && r->last)
			csv_refuse(MJC_ERR_CSV_QUOTE_OPEN, opened, 0);
		if (quote == NULL || (quote + 1 == r->end && !r->last))
			return false;
		r->at = quote + 1;
		if (r->at == r->end || *r->at != '"')
			return true;
		appendStringInfoChar(&r->cell, '"');
		r->at++;
	}
}

static void
csv_plain(CsvReader *r)
{
	const char *from = r->at;

	while (r->at < r->end && *r->at != r->delimiter && *r->at != '\n' && *r->at != '\r' &&
		   *r->at != '"')
		r->at++;
	if (r->at < r->end && *r->at == '"')
		csv_refuse(MJC_ERR_CSV_QUOTE_STRAY, r->line, 0);
	csv_append(r, from, r->at);
}

static void
csv_push(CsvReader *r, const char *begin)
{
	if (r->ncells == CSV_CELLS_MAX)
		csv_refuse(MJC_ERR_CSV_TOO_WIDE, r->first, CSV_CELLS_MAX);
	if (r->at - begin > CSV_LINE_MAX)
		csv_refuse(MJC_ERR_CSV_LINE_TOO_LONG, r->first, CSV_LINE_MAX);
	r->cells[r->ncells++] = PointerGetDatum(cstring_to_text_with_len(r->cell.data, r->cell.len));
}

/* One record, empty ones too; cut: `at` stands where it stood. */
static CsvResult
csv_line(CsvReader *r)
{
	const char *begin = r->at;

	r->first = r->line;
	r->ncells = 0;
	if (r->at == r->end)
		return CSV_END;
	for (;;)
	{
		resetStringInfo(&r->cell);
		if (r->at < r->end && *r->at == '"')
		{
			r->at++;
			if (!csv_quoted(r))
				break;
		}
		else
			csv_plain(r);
		csv_push(r, begin);
		if (r->at == r->end)
		{
			if (r->last)
				return CSV_RECORD;
			break;
		}
		if (*r->at == r->delimiter)
		{
			r->at++;
			continue;
		}
		if (*r->at == '\r')
		{
			if (r->at + 1 == r->end && !r->last)
				break;
			if (r->at + 1 == r->end || r->at[1] != '\n')
				csv_refuse(MJC_ERR_CSV_LINE_END, r->line, 0);
			r->at++;
		}
		if (*r->at != '\n')
			csv_refuse(MJC_ERR_CSV_QUOTE_STRAY, r->line, 0);
		r->at++;
		r->line++;
		return CSV_RECORD;
	}
	if (r->end - begin > CSV_LINE_MAX)
		csv_refuse(MJC_ERR_CSV_LINE_TOO_LONG, r->first, CSV_LINE_MAX);
	r->at = begin;
	r->line = r->first;
	return CSV_CUT;
}

static bool
csv_is_blank(const CsvReader *r)
{
	return r->ncells == 1 && VARSIZE_ANY_EXHDR(DatumGetPointer(r->cells[0])) == 0;
}

/* The mark of UTF-8 at the head of a file is no part of its text. */
static void
csv_begin(CsvReader *r, const char *text, int len, char delimiter, bool last, int line)
{
	memset(r, 0, sizeof(*r));
	r->at = text;
	r->end = text + len;
	r->delimiter = delimiter;
	r->last = last;
	r->line = line;
	initStringInfo(&r->cell);
	if (line == 1 && len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
		r->at += 3;
}

/* Where the head line begins: behind empty lines. */
static const char *
csv_head_of(const char *text, const char *end)
{
	while (text < end && (*text == '\n' || *text == '\r'))
		text++;
	return text;
}

/*
 * csv_delimiter_of - what the head line tells its cells apart by: of comma, semicolon and tab the
 * one that stands in it most often outside of quotes.
 */
static char
csv_delimiter_of(const char *text, int len)
{
	static const char candidates[] = {',', ';', '\t'};
	int counts[lengthof(candidates)] = {0};
	bool quoted = false;
	int best = 0;

	for (const char *p = csv_head_of(text, text + len); p < text + len && (quoted || *p != '\n');
		 p++)
	{
		quoted ^= *p == '"';
		for (int i = 0; i < lengthof(candidates) && !quoted; i++)
			counts[i] += *p == candidates[i];
	}
	for (int i = 1; i < lengthof(candidates); i++)
		if (counts[i] > counts[best])
			best = i;
	return candidates[best];
}

/* Whether bytes are the beginning of one character, whose rest may follow. */
static bool
is_cut_character(const char *bytes, int len)
{
	if (len == 0 || *bytes == '\0' || pg_encoding_mblen(PG_UTF8, bytes) <= len)
		return false;
	for (int i = 1; i < len; i++)
		if (((unsigned char) bytes[i] & 0xC0) != 0x80)
			return false;
	return true;
}

/*
 * csv_check_utf8 - the bytes are text in UTF-8; a character that is cut at the end of a piece is
 * no error yet. Windows-1252, -1256 and UTF-16 are not: their lines are named, not mended.
 */
static void
csv_check_utf8(const char *bytes, int len, bool last, int line)
{
	int good = pg_encoding_verifymbstr(PG_UTF8, bytes, len);

	if (good == len || (!last && is_cut_character(bytes + good, len - good)))
		return;
	csv_refuse(MJC_ERR_CSV_ENCODING, line + csv_count_lines(bytes, bytes + good), 0);
}

/* ------------------------------------------------------ What a cell says -- */

/* Length of the blank that p starts with: of ASCII, or one that does not break; 0: none. */
static int
blank_len(const unsigned char *p)
{
	if (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')
		return 1;
	if (p[0] == 0xC2 && p[1] == 0xA0)
		return 2;
	/* U+2009 thin, U+202F narrow without a break */
	return p[0] == 0xE2 && p[1] == 0x80 && (p[2] == 0x89 || p[2] == 0xAF) ? 3 : 0;
}

/* Copy without outer blanks; NULL when nothing is left. */
static char *
trimmed(const char *text)
{
	const unsigned char *p = (const unsigned char *) text;
	const unsigned char *end;

	while (*p != '\0' && blank_len(p) > 0)
		p += blank_len(p);
	end = p;
	for (const unsigned char *q = p; *q != '\0';)
	{
		int blank = blank_len(q);

		q += blank > 0 ? blank : 1;
		if (blank == 0)
			end = q;
	}
	return end == p ? NULL : pnstrdup((const char *) p, end - p);
}

/*
 * csv_unguarded - what an apostrophe before a formula (mjc.csv_cell) stands for; the same text
 * when there is none.
 */
static const char *
csv_unguarded(const char *text)
{
	const char *p = text;

	while (*p == '\'')
		p++;
	return p > text && *p != '\0' && strchr("=+-@\t\r", *p) != NULL ? text + 1 : text;
}

/* Copy with single blanks, and one on either side of a > between two names. */
static char *
single_blanks(const char *text)
{
	StringInfoData out;
	bool gap = false;

	initStringInfo(&out);
	for (const unsigned char *p = (const unsigned char *) text; *p != '\0';)
	{
		int blank = blank_len(p);

		p += blank > 0 ? blank : 1;
		if (blank > 0)
		{
			gap = true;
			continue;
		}
		if ((gap || p[-1] == '>') && out.len > 0 && out.data[out.len - 1] != ' ')
			appendStringInfoChar(&out, ' ');
		appendStringInfoChar(&out, p[-1]);
		gap = p[-1] == '>';
	}
	return out.data;
}

/* A number as typed without its blanks, in ASCII digits and with , and . as separators. */
static char *
number_plain(const char *typed)
{
	StringInfoData out;
	const unsigned char *p = (const unsigned char *) mjc_fold_digits(typed);

	initStringInfo(&out);
	while (*p != '\0')
	{
		int blank = blank_len(p);

		if (blank > 0)
			p += blank;
		else if (p[0] == 0xD9 && (p[1] == 0xAB || p[1] == 0xAC))
		{
			/* the Arabic signs before decimals and between thousands */
			appendStringInfoChar(&out, p[1] == 0xAB ? ',' : '.');
			p += 2;
		}
		else
			appendStringInfoChar(&out, *p++);
	}
	return out.data;
}

/* Digits in groups of three behind the first, which has 1 to 3. */
static bool
is_grouped(const char *digits, const char *end, char separator)
{
	const char *group = memchr(digits, separator, end - digits);

	if (group == NULL || group == digits || group - digits > 3)
		return false;
	for (; group < end; group += 4)
		if (*group != separator || end - group < 4 || memchr(group + 1, separator, 3) != NULL)
			return false;
	return true;
}

/*
 * Where the decimals of a number begin; `end` when it has none, NULL when it cannot be told. Of
 * comma and point the last one stands before decimals; one that comes again stands between
 * thousands.
 */
static const char *
decimals_at(const char *text, const char *end, char *grouping)
{
	const char *comma = strrchr(text, ',');
	const char *point = strrchr(text, '.');
	const char *sign = comma > point ? comma : point;

	*grouping = '\0';
	if (sign == NULL)
		return end;
	if (strchr(text, *sign) != sign)
	{
		*grouping = *sign;
		return comma != NULL && point != NULL ? NULL : end;
	}
	if (comma != NULL && point != NULL)
		*grouping = *sign == ',' ? '.' : ',';
	return sign;
}

/*
 * csv_units - a number as people write it, in units of 10^-scale; false when it is none, has
 * more decimals than that (or three that may as well be thousands), a sign, or more than 15
 * digits.
 */
static bool
csv_units(const char *typed, int scale, int64 *units)
{
	char *text = number_plain(typed);
	const char *end = text + strlen(text);
	char grouping;
	const char *decimals = decimals_at(text, end, &grouping);
	/* 12.500 may be twelve thousand and five hundred */
	bool unclear = decimals != NULL && decimals < end && grouping == '\0' && *text != '0' &&
				   is_grouped(text, end, *decimals);
	int ndigits = 0;

	if (decimals == NULL || (grouping != '\0' && !is_grouped(text, decimals, grouping)))
		return false;
	*units = 0;
	for (const char *p = text; p < end; p++)
	{
		if (p == decimals || (grouping != '\0' && *p == grouping))
			continue;
		if (*p < '0' || *p > '9' || ++ndigits > CSV_UNITS_DIGITS)
			return false;
		if (p > decimals && --scale < 0)
		{
			/* zeros say nothing: 12.5000 with two decimals */
			if (*p != '0' || unclear)
				return false;
			continue;
		}
		*units = *units * 10 + (*p - '0');
	}
	if (ndigits == 0 || decimals + 1 == end)
		return false;
	for (; scale > 0; scale--)
		if (pg_mul_s64_overflow(*units, 10, units))
			return false;
	return true;
}

/* Whether brackets and numbers outside of texts are such as jsonb takes. */
static bool
is_modest_json(const char *text)
{
	bool quoted = false;
	int depth = 0;
	int digits = 0;

	for (const char *p = text; *p != '\0'; p++)
	{
		if (quoted && *p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '"')
			quoted = !quoted;
		if (quoted)
			continue;
		if (digits > 0 && (*p == 'e' || *p == 'E'))
			return false;
		digits = *p >= '0' && *p <= '9' ? digits + 1 : 0;
		depth += (*p == '{' || *p == '[') - (*p == '}' || *p == ']');
		if (depth > CSV_JSON_DEPTH_MAX || digits > CSV_JSON_DIGITS_MAX)
			return false;
	}
	return true;
}

/* Whether a text is one JSON object that jsonb takes. */
static bool
is_json_object(char *text)
{
	JsonSemAction nothing = {0};

	return text[strspn(text, " \t\r\n")] == '{' && is_modest_json(text) &&
		   pg_parse_json(mjc_json_lexer(text, strlen(text)), &nothing) == JSON_SUCCESS;
}

/* ----------------------------------------------------- SQL entry points -- */

/* The delimiter that an argument names. */
static char
csv_delimiter_arg(FunctionCallInfo fcinfo, int n, const char *text, int len)
{
	char *given = mjc_arg_text_or_null(fcinfo, n);

	if (given == NULL)
		return csv_delimiter_of(text, len);
	if (strlen(given) != 1 || strchr(",;\t", given[0]) == NULL)
		MJC_RAISE(MJC_ERR_ARGUMENT_INVALID, {"argument", "delimiter", 0});
	return given[0];
}

PG_FUNCTION_INFO_V1(mjc_csv_rows);
/*
 * mjc.csv_rows(body text, delimiter text, first_line integer) RETURNS SETOF (line, cells)
 *
 * Errors: MJ003, MJ010, MJ862 to MJ867.
 */
Datum
mjc_csv_rows(PG_FUNCTION_ARGS)
{
	text *body;
	int line = mjc_arg_int32(fcinfo, 2, "first_line");
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext per_line, before;
	CsvReader r;

	if (PG_ARGISNULL(0))
		MJC_RAISE(MJC_ERR_ARGUMENT_MISSING, {"argument", "body", 0});
	body = PG_GETARG_TEXT_PP(0);
	InitMaterializedSRF(fcinfo, 0);
	csv_begin(&r, VARDATA_ANY(body), VARSIZE_ANY_EXHDR(body),
			  csv_delimiter_arg(fcinfo, 1, VARDATA_ANY(body), VARSIZE_ANY_EXHDR(body)), true, line);
	per_line = AllocSetContextCreate(CurrentMemoryContext, "csv line", ALLOCSET_DEFAULT_SIZES);
	before = MemoryContextSwitchTo(per_line);
	while (csv_line(&r) == CSV_RECORD)
	{
		int lower = 1;
		Datum values[2];
		bool nulls[2] = {false, false};

		CHECK_FOR_INTERRUPTS();
		values[0] = Int32GetDatum(r.first);
		values[1] = PointerGetDatum(construct_md_array(r.cells, r.nulls, 1, &r.ncells, &lower,
													   TEXTOID, -1, false, TYPALIGN_INT));
		if (!csv_is_blank(&r))
			tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		MemoryContextReset(per_line);
	}
	MemoryContextSwitchTo(before);
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(mjc_csv_delimiter);
/* mjc.csv_delimiter(body text) - of the head line. */
Datum
mjc_csv_delimiter(PG_FUNCTION_ARGS)
{
	text *body = PG_GETARG_TEXT_PP(0);
	char delimiter = csv_delimiter_of(VARDATA_ANY(body), VARSIZE_ANY_EXHDR(body));

	PG_RETURN_TEXT_P(cstring_to_text_with_len(&delimiter, 1));
}

PG_FUNCTION_INFO_V1(mjc_csv_split);
/*
 * mjc.csv_split(body bytea, delimiter text, first_line integer, last boolean,
 *     OUT whole text, OUT rest bytea, OUT next_line integer)
 *
 * Errors: MJ003, MJ010, MJ861 to MJ867.
 */
Datum
mjc_csv_split(PG_FUNCTION_ARGS)
{
	bytea *body;
	int line = mjc_arg_int32(fcinfo, 2, "first_line");
	bool last = !PG_ARGISNULL(3) && PG_GETARG_BOOL(3);
	bool nulls[3] = {false, false, false};
	const char *bytes;
	const char *head;
	MemoryContext per_line, before;
	TupleDesc tupdesc;
	Datum values[3];
	CsvReader r;
	int len;

	if (PG_ARGISNULL(0))
		MJC_RAISE(MJC_ERR_ARGUMENT_MISSING, {"argument", "body", 0});
	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	body = PG_GETARG_BYTEA_PP(0);
	bytes = VARDATA_ANY(body);
	len = VARSIZE_ANY_EXHDR(body);
	csv_check_utf8(bytes, len, last, line);
	/* Half a head line does not tell its delimiter. */
	head = csv_head_of(bytes, bytes + len);
	if (PG_ARGISNULL(1) && !last && memchr(head, '\n', bytes + len - head) == NULL)
	{
		if (len > CSV_LINE_MAX)
			csv_refuse(MJC_ERR_CSV_LINE_TOO_LONG, line, CSV_LINE_MAX);
		len = 0;
	}
	csv_begin(&r, bytes, len, csv_delimiter_arg(fcinfo, 1, bytes, len), last, line);
	per_line = AllocSetContextCreate(CurrentMemoryContext, "csv line", ALLOCSET_DEFAULT_SIZES);
	before = MemoryContextSwitchTo(per_line);
	while (csv_line(&r) == CSV_RECORD)
	{
		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(per_line);
	}
	MemoryContextSwitchTo(before);
	/* A mark alone is no whole line: it is needed to know that line 1 has one. */
	if (r.line == 1 && !last)
		r.at = bytes;
	values[0] = PointerGetDatum(cstring_to_text_with_len(bytes, r.at - bytes));
	values[1] =
		PointerGetDatum(cstring_to_text_with_len(r.at, VARSIZE_ANY_EXHDR(body) - (r.at - bytes)));
	values[2] = Int32GetDatum(r.line);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls));
}

PG_FUNCTION_INFO_V1(mjc_csv_value);
/* mjc.csv_value(cells text[], place integer) - what a cell says, NULL when nothing. */
Datum
mjc_csv_value(PG_FUNCTION_ARGS)
{
	int place;
	bool isnull;
	Datum cell;
	char *said;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	place = PG_GETARG_INT32(1);
	cell = array_get_element(PG_GETARG_DATUM(0), 1, &place, -1, -1, false, TYPALIGN_INT, &isnull);
	if (isnull)
		PG_RETURN_NULL();
	said = trimmed(csv_unguarded(TextDatumGetCString(cell)));
	if (said == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(said));
}

PG_FUNCTION_INFO_V1(mjc_import_key);
/* mjc.import_key(typed text) - a name as names are compared. */
Datum
mjc_import_key(PG_FUNCTION_ARGS)
{
	char *name = single_blanks(text_to_cstring(PG_GETARG_TEXT_PP(0)));

	PG_RETURN_TEXT_P(cstring_to_text(str_tolower(name, strlen(name), DEFAULT_COLLATION_OID)));
}

PG_FUNCTION_INFO_V1(mjc_csv_units_sql);
/* mjc.csv_units(typed text, scale integer) - NULL when it is no such number. */
Datum
mjc_csv_units_sql(PG_FUNCTION_ARGS)
{
	int64 units;
	int scale = PG_GETARG_INT32(1);

	if (scale < 0 || scale > 6)
		MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", "scale", 0});
	if (!csv_units(text_to_cstring(PG_GETARG_TEXT_PP(0)), scale, &units))
		PG_RETURN_NULL();
	PG_RETURN_INT64(units);
}

PG_FUNCTION_INFO_V1(mjc_csv_is_object);
/* mjc.csv_is_object(typed text) - whether it is a JSON object. */
Datum
mjc_csv_is_object(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(is_json_object(text_to_cstring(PG_GETARG_TEXT_PP(0))));
}
