/*
 * search_meaning.c - which runs of a query's words mean more than the words.
 *
 * A run of up to five words is looked up as it is spelled, and again without the endings of
 * plurals. A spelling may be one of several for the same thing (mjc.search_alias) and, without
 * its spaces, the key of names (mjc.search_name); what the others are the names of counts too.
 * Kinds and categories whose name is more than a word have a key of its stems besides, marked by a
 * colon, which no spelling has; it counts where no spelling is a name.
 * SQL looks up, this decides: mjc.search_meanings has the order.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "args.h"
#include "error.h"
#include "search_query.h"
#include "uuid.h"

#define WORDS_MAX 1000 /* of a query that somebody gives here */
#define RUN_MAX 5
#define STEMS_MIN 2		  /* of a key */
#define SPELLINGS 2		  /* of a run, at most */
#define FOUND_MAX 1000000 /* of what is looked up */

/* ---------------------------------------------------------------- Rules -- */

typedef struct Texts
{
	char **items;
	int n;
} Texts;

static bool
is_small_letter(char c)
{
	return c >= 'a' && c <= 'z';
}

/* Without the s or x at the ends of its words that follows three letters. */
static char *
without_plurals(const char *spelled)
{
	char *single = palloc(strlen(spelled) + 1);
	char *out = single;

	for (const char *p = spelled; *p != '\0'; p++)
	{
		bool ending = (*p == 's' || *p == 'x') && (p[1] == ' ' || p[1] == '\0');

		if (!ending || p - spelled < 3 || !is_small_letter(p[-1]) || !is_small_letter(p[-2]) ||
			!is_small_letter(p[-3]))
			*out++ = *p;
	}
	*out = '\0';
	return single;
}

/* The spellings of the run of count words from first (0 is the first); returns how many. */
static int
spell(const Texts *units, int first, int count, char *spellings[SPELLINGS])
{
	StringInfoData plain;
	char *single;

	initStringInfo(&plain);
	for (int i = first; i < first + count; i++)
	{
		if (i > first)
			appendStringInfoChar(&plain, ' ');
		appendStringInfoString(&plain, units->items[i]);
	}
	single = without_plurals(plain.data);
	spellings[0] = plain.data;
	spellings[1] = single;
	return strcmp(single, plain.data) != 0 ? 2 : 1;
}

/* A spelling without its spaces. */
static char *
key_of(const char *spelled)
{
	char *key = palloc(strlen(spelled) + 1);
	char *out = key;

	for (; *spelled != '\0'; spelled++)
		if (*spelled != ' ')
			*out++ = *spelled;
	*out = '\0';
	return key;
}

/* The stems of each unit, and how many of its words say something. */
typedef struct Stems
{
	char **items;
	int *saying;
} Stems;

static Stems
stems_of(const Texts *units)
{
	Stems stems = {palloc(units->n * sizeof(char *)), palloc(units->n * sizeof(int))};

	for (int i = 0; i < units->n; i++)
		stems.items[i] = mjc_search_stems(units->items[i], &stems.saying[i]);
	return stems;
}

/*
 * The key of the stems of a run, a colon alone where there is none: one word has its stem in common
 * with too many (ventilateur, ventilation); what says nothing at the beginning or end belongs to
 * what stands beside it (vanne gaz de dietrich).
 */
static char *
stem_key(const Stems *stems, int first, int count)
{
	int last = first + count - 1;
	int saying = 0;
	StringInfoData key;

	initStringInfo(&key);
	appendStringInfoChar(&key, ':');
	for (int i = first; i <= last; i++)
		saying += stems->saying[i];
	if (saying < STEMS_MIN || stems->saying[first] == 0 || stems->saying[last] == 0)
		return key.data;
	for (int i = first; i <= last; i++)
		appendStringInfoString(&key, stems->items[i]);
	return key.data;
}

/* What was looked up: synonyms (aliases[i] is one for words[i]) and names. */
typedef struct Known
{
	Texts aliases;
	Texts words;
	Texts keys;
	Texts whats;
	Datum *ids;
} Known;

/* What a run means: synonyms, and which of the names (by their place) are a spelling's. */
typedef struct Meaning
{
	Texts others;
	bool *named;
	bool any_name;
} Meaning;

static void
add_names(Meaning *meaning, const Known *known, char *key)
{
	for (int i = 0; i < known->keys.n; i++)
		if (strcmp(known->keys.items[i], key) == 0)
			meaning->named[i] = meaning->any_name = true;
	pfree(key);
}

/* One of a spelling's synonyms, unless it is the spelling itself or is there already. */
static void
add_other(Meaning *meaning, const Known *known, const char *own, char *other)
{
	if (strcmp(other, own) == 0)
		return;
	for (int i = 0; i < meaning->others.n; i++)
		if (strcmp(meaning->others.items[i], other) == 0)
			return;
	meaning->others.items[meaning->others.n++] = other;
	add_names(meaning, known, key_of(other));
}

/* A word and all its aliases are one another's synonyms. */
static void
add_synonyms(Meaning *meaning, const Known *known, const char *spelled)
{
	for (int i = 0; i < known->words.n; i++)
	{
		char *word = known->words.items[i];

		CHECK_FOR_INTERRUPTS();
		if (strcmp(spelled, word) != 0 && strcmp(spelled, known->aliases.items[i]) != 0)
			continue;
		add_other(meaning, known, spelled, word);
		for (int j = 0; j < known->words.n; j++)
			if (strcmp(known->words.items[j], word) == 0)
				add_other(meaning, known, spelled, known->aliases.items[j]);
	}
}

static int
compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

static Datum
text_array(Datum *values, int n)
{
	return PointerGetDatum(construct_array(values, n, TEXTOID, -1, false, TYPALIGN_INT));
}

/* A text[] of these, sorted, each once. */
static Datum
sorted_texts(Texts *texts)
{
	Datum *values = palloc(texts->n * sizeof(Datum));
	int n = 0;

	qsort(texts->items, texts->n, sizeof(char *), compare_texts);
	for (int i = 0; i < texts->n; i++)
		if (i == 0 || strcmp(texts->items[i], texts->items[i - 1]) != 0)
			values[n++] = CStringGetTextDatum(texts->items[i]);
	return text_array(values, n);
}

static int
compare_ids(const void *a, const void *b)
{
	return mjc_uuid_compare(a, b);
}

/* A uuid[] of these, sorted, each once. */
static Datum
sorted_ids(pg_uuid_t *ids, int n)
{
	int kept = 0;

	qsort(ids, n, sizeof(pg_uuid_t), compare_ids);
	for (int i = 0; i < n; i++)
		if (i == 0 || mjc_uuid_compare(&ids[i], &ids[kept - 1]) != 0)
			ids[kept++] = ids[i];
	return mjc_uuid_array(ids, kept);
}

/* The columns tags, is_kind and boilers. */
static void
put_names(const Meaning *meaning, const Known *known, Datum *values, bool *nulls)
{
	Texts tags = {palloc(known->keys.n * sizeof(char *)), 0};
	pg_uuid_t *boilers = palloc(known->keys.n * sizeof(pg_uuid_t));
	int nboilers = 0;
	bool is_kind = false;

	for (int i = 0; i < known->keys.n; i++)
	{
		const char *what = known->whats.items[i];
		const pg_uuid_t *id = DatumGetUUIDP(known->ids[i]);

		if (!meaning->named[i])
			continue;
		if (strcmp(what, "boiler") == 0)
			boilers[nboilers++] = *id;
		else
			tags.items[tags.n++] =
				text_to_cstring(mjc_search_tag(what, *what == '\0' ? 0 : pg_mblen(what), id));
		is_kind = is_kind || strcmp(what, "kind") == 0;
	}
	nulls[0] = tags.n == 0;
	nulls[2] = nboilers == 0;
	values[0] = nulls[0] ? (Datum) 0 : sorted_texts(&tags);
	values[1] = BoolGetDatum(is_kind);
	values[2] = nulls[2] ? (Datum) 0 : sorted_ids(boilers, nboilers);
}

/* The row of a run that means something. */
static void
put_run(ReturnSetInfo *out, const Texts *units, const Stems *stems, const Known *known, int first,
		int count)
{
	Meaning meaning = {.others = {palloc(2 * known->words.n * sizeof(char *)), 0},
					   .named = palloc0(known->keys.n)};
	char *spellings[SPELLINGS];
	int n = spell(units, first, count, spellings);
	Datum values[6] = {Int32GetDatum(first + 1), Int32GetDatum(count)};
	bool nulls[6] = {false};

	CHECK_FOR_INTERRUPTS();
	for (int i = 0; i < n; i++)
	{
		add_names(&meaning, known, key_of(spellings[i]));
		add_synonyms(&meaning, known, spellings[i]);
	}
	if (!meaning.any_name)
		add_names(&meaning, known, stem_key(stems, first, count));
	if (meaning.others.n == 0 && !meaning.any_name)
		return;
	nulls[2] = meaning.others.n == 0;
	values[2] = nulls[2] ? (Datum) 0 : sorted_texts(&meaning.others);
	put_names(&meaning, known, values + 3, nulls + 3);
	tuplestore_putvalues(out->setResult, out->setDesc, values, nulls);
}

/* ----------------------------------------------------- SQL entry points -- */

static Texts
texts_arg(FunctionCallInfo fcinfo, int n, const char *name, int max)
{
	Datum *values;
	Texts texts = {.n = mjc_arg_array(fcinfo, n, name, TEXTOID, max, &values)};

	texts.items = palloc(texts.n * sizeof(char *));
	for (int i = 0; i < texts.n; i++)
		texts.items[i] = TextDatumGetCString(values[i]);
	return texts;
}

PG_FUNCTION_INFO_V1(mjc_search_spellings);
/* mjc.search_spellings(units text[]). Errors: MJ003, MJ006, MJ010. */
Datum
mjc_search_spellings(PG_FUNCTION_ARGS)
{
	Texts units = texts_arg(fcinfo, 0, "units", WORDS_MAX);
	Datum *values = palloc(units.n * RUN_MAX * SPELLINGS * sizeof(Datum));
	int n = 0;

	for (int first = 0; first < units.n; first++)
		for (int count = 1; count <= Min(RUN_MAX, units.n - first); count++)
		{
			char *spellings[SPELLINGS];
			int spelled = spell(&units, first, count, spellings);

			for (int i = 0; i < spelled; i++)
				values[n++] = CStringGetTextDatum(spellings[i]);
		}
	return text_array(values, n);
}

PG_FUNCTION_INFO_V1(mjc_search_stem_keys);
/* mjc.search_stem_keys(units text[]). Errors: MJ003, MJ006, MJ010. */
Datum
mjc_search_stem_keys(PG_FUNCTION_ARGS)
{
	Texts units = texts_arg(fcinfo, 0, "units", WORDS_MAX);
	Datum *values = palloc(units.n * RUN_MAX * sizeof(Datum));
	Stems stems = stems_of(&units);
	int n = 0;

	for (int first = 0; first < units.n; first++)
		for (int count = 1; count <= Min(RUN_MAX, units.n - first); count++)
			values[n++] = CStringGetTextDatum(stem_key(&stems, first, count));
	return text_array(values, n);
}

PG_FUNCTION_INFO_V1(mjc_search_stem_key);
/* mjc.search_stem_key(name text) */
Datum
mjc_search_stem_key(PG_FUNCTION_ARGS)
{
	int saying;
	char *stems = mjc_search_stems(text_to_cstring(PG_GETARG_TEXT_PP(0)), &saying);

	if (saying < STEMS_MIN)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(psprintf(":%s", stems)));
}

PG_FUNCTION_INFO_V1(mjc_search_keys);
/* mjc.search_keys(spellings text[]). Errors: MJ003, MJ006, MJ010. */
Datum
mjc_search_keys(PG_FUNCTION_ARGS)
{
	Texts spellings = texts_arg(fcinfo, 0, "spellings", FOUND_MAX);
	Datum *values = palloc(spellings.n * sizeof(Datum));

	for (int i = 0; i < spellings.n; i++)
		values[i] = CStringGetTextDatum(key_of(spellings.items[i]));
	return text_array(values, spellings.n);
}

PG_FUNCTION_INFO_V1(mjc_search_runs);
/*
 * mjc.search_runs(units text[], aliases text[], words text[], keys text[], whats text[],
 * ids uuid[]) - what was looked up, put to the runs. Errors: MJ003, MJ006, MJ010.
 */
Datum
mjc_search_runs(PG_FUNCTION_ARGS)
{
	Texts units = texts_arg(fcinfo, 0, "units", WORDS_MAX);
	Known known = {.aliases = texts_arg(fcinfo, 1, "aliases", FOUND_MAX),
				   .words = texts_arg(fcinfo, 2, "words", FOUND_MAX),
				   .keys = texts_arg(fcinfo, 3, "keys", FOUND_MAX),
				   .whats = texts_arg(fcinfo, 4, "whats", FOUND_MAX)};
	int nids = mjc_arg_array(fcinfo, 5, "ids", UUIDOID, FOUND_MAX, &known.ids);
	Stems stems;

	if (known.words.n != known.aliases.n)
		MJC_RAISE(MJC_ERR_ARGUMENT_INVALID, {"argument", "words", 0});
	if (known.whats.n != known.keys.n || nids != known.keys.n)
		MJC_RAISE(MJC_ERR_ARGUMENT_INVALID, {"argument", "ids", 0});
	InitMaterializedSRF(fcinfo, 0);
	stems = stems_of(&units);
	for (int first = 0; first < units.n; first++)
		for (int count = Min(RUN_MAX, units.n - first); count >= 1; count--)
			put_run((ReturnSetInfo *) fcinfo->resultinfo, &units, &stems, &known, first, count);
	return (Datum) 0;
}
