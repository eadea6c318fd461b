/*
 * search_pair.c - words put together with the kind of the part that has them.
 *
 * To find the gas valves of a maker an index would have to meet the list of all gas valves with
 * that of all that speaks of the maker; put together the two are one word, which few parts have.
 * The kind stands in it by the end of its id, which keeps it short; where two kinds end alike the
 * tag of the kind, which is always asked for as well, tells them apart.
 *
 * Invariant: a query of words, without phrases and weights, matches words exactly when the paired
 * query matches the paired words, if both are paired with the same kind. What becomes too long for
 * a lexeme is left out of the words. A product's numbers are not paired: what is put together
 * with a kind is a name, of a maker or a category.
 */
#include "postgres.h"

#include "fmgr.h"
#include "tsearch/ts_type.h"
#include "tsearch/ts_utils.h"
#include "utils/builtins.h"
#include "utils/pg_crc.h"

#include "compat.h"
#include "error.h"

#define PREFIX "w:"
#define CODE_LENGTH 4
#define NO_KIND "k:" /* the tag of what has no kind */
#define NO_CODE "0000"
#define PAIR_LENGTH (sizeof(PREFIX) - 1 + CODE_LENGTH)

/* What stands before each word: w: and the end of the tag, which is that of an id. */
static void
pair_prefix(text *tag, char *prefix)
{
	int len = VARSIZE_ANY_EXHDR(tag);
	const char *code = NO_CODE;

	if (len >= CODE_LENGTH)
		code = VARDATA_ANY(tag) + len - CODE_LENGTH;
	else if (len != sizeof(NO_KIND) - 1 || memcmp(VARDATA_ANY(tag), NO_KIND, len) != 0)
		MJC_RAISE(MJC_ERR_ARGUMENT_INVALID, {"argument", "kind_tag", 0});
	for (int i = 0; i < CODE_LENGTH; i++)
	{
		if (!(code[i] >= '0' && code[i] <= '9') && !(code[i] >= 'a' && code[i] <= 'f'))
			MJC_RAISE(MJC_ERR_ARGUMENT_INVALID, {"argument", "kind_tag", 0});
	}
	memcpy(prefix, PREFIX, sizeof(PREFIX) - 1);
	memcpy(prefix + sizeof(PREFIX) - 1, code, CODE_LENGTH);
}

/* All words have the same beginning now, and so stay in their order. */
static TSVector
pair_words(TSVector in, const char *prefix)
{
	int n = in->size;
	Size size = CALCDATASIZE(n, VARSIZE(in) - CALCDATASIZE(n, 0) + n * PAIR_LENGTH);
	TSVector out = palloc0(size);
	const WordEntry *from = ARRPTR(in);
	WordEntry *to = ARRPTR(out);
	char *end;
	int kept = 0;

	/* The words begin behind the entries, of which there may be fewer: counted first. */
	for (int i = 0; i < n; i++)
		kept += from[i].len + PAIR_LENGTH < MAXSTRLEN;
	out->size = kept;
	end = STRPTR(out);
	for (int i = 0; i < n; i++)
	{
		if (from[i].len + PAIR_LENGTH >= MAXSTRLEN)
			continue;
		if (end - STRPTR(out) + PAIR_LENGTH + from[i].len > MAXSTRPOS)
			MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", "words", 0});
		to->haspos = 0;
		to->len = from[i].len + PAIR_LENGTH;
		to->pos = end - STRPTR(out);
		memcpy(end, prefix, PAIR_LENGTH);
		memcpy(end + PAIR_LENGTH, STRPTR(in) + from[i].pos, from[i].len);
		end += to->len;
		to++;
	}
	SET_VARSIZE(out, end - (char *) out);
	return out;
}

/* The operators of a query stay as they are; each word gets the prefix. */
static TSQuery
pair_query(TSQuery in, const char *prefix)
{
	int n = in->size;
	Size length = 0;
	TSQuery out;
	QueryItem *item;
	char *end;

	for (int i = 0; i < n; i++)
		if (GETQUERY(in)[i].type == QI_VAL)
			length += GETQUERY(in)[i].qoperand.length + PAIR_LENGTH + 1;
	out = palloc0(COMPUTESIZE(n, length));
	out->size = n;
	item = GETQUERY(out);
	memcpy(item, GETQUERY(in), n * sizeof(QueryItem));
	end = GETOPERAND(out);
	for (int i = 0; i < n; i++)
	{
		QueryOperand *word = &item[i].qoperand;
		char *start = end;
		pg_crc32 crc;

		if (item[i].type != QI_VAL)
			continue;
		if (word->length + PAIR_LENGTH >= MAXSTRLEN || end - GETOPERAND(out) >= MAXSTRPOS)
			MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", "query", 0});
		memcpy(end, prefix, PAIR_LENGTH);
		memcpy(end + PAIR_LENGTH, GETOPERAND(in) + word->distance, word->length);
		word->distance = start - GETOPERAND(out);
		word->length += PAIR_LENGTH;
		end += word->length + 1; /* a zero behind each */
		INIT_LEGACY_CRC32(crc);
		COMP_LEGACY_CRC32(crc, start, word->length);
		FIN_LEGACY_CRC32(crc);
		word->valcrc = (int32) crc;
	}
	SET_VARSIZE(out, end - (char *) out);
	return out;
}

/* ----------------------------------------------------- SQL entry points -- */

PG_FUNCTION_INFO_V1(mjc_search_paired);
/* mjc.search_paired(words tsvector, kind_tag text). Errors: MJ006, MJ010. */
Datum
mjc_search_paired(PG_FUNCTION_ARGS)
{
	TSVector words = PG_GETARG_TSVECTOR(0);
	char prefix[PAIR_LENGTH];

	pair_prefix(PG_GETARG_TEXT_PP(1), prefix);
	PG_RETURN_TSVECTOR(pair_words(words, prefix));
}

PG_FUNCTION_INFO_V1(mjc_search_paired_query);
/* mjc.search_paired(query tsquery, kind_tag text). Errors: MJ006, MJ010. */
Datum
mjc_search_paired_query(PG_FUNCTION_ARGS)
{
	TSQuery query = PG_GETARG_TSQUERY(0);
	char prefix[PAIR_LENGTH];

	pair_prefix(PG_GETARG_TEXT_PP(1), prefix);
	PG_RETURN_TSQUERY(pair_query(query, prefix));
}
