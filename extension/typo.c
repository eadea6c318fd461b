/*
 * typo.c - is one word another with a typing error?
 *
 * One error: a character that is wrong, missing, too many, or swapped with its neighbour
 * (Damerau). Compared from both ends, so it costs one pass over the words and no memory.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "error.h"

#define VARIANTS_MAX_LENGTH 64
#define DIGITS 10 /* first in the alphabet */

/* ---------------------------------------------------------------- Rules -- */

/* Whether two runs of characters are the same or differ by one error. */
static bool
one_typo(const pg_wchar *a, int na, const pg_wchar *b, int nb)
{
	while (na > 0 && nb > 0 && a[0] == b[0])
		a++, na--, b++, nb--;
	while (na > 0 && nb > 0 && a[na - 1] == b[nb - 1])
		na--, nb--;
	if (na <= 1 && nb <= 1)
		return true;
	return na == 2 && nb == 2 && a[0] == b[1] && a[1] == b[0];
}

/*
 * Every text that is one error away from an ASCII key, and the key itself. What is put in for a
 * wrong or missing character: digits, and letters where the key has some.
 */
static ArrayType *
typo_variants(const char *key, int len)
{
	static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	int nletters = DIGITS;
	Datum *variants;
	char *text = palloc(len + 2);
	int n = 0;

	for (int i = 0; i < len; i++)
		if (key[i] < '0' || key[i] > '9')
			nletters = strlen(alphabet);
	variants = palloc(sizeof(Datum) * (1 + 2 * len + (2 * len + 1) * nletters));
	variants[n++] = PointerGetDatum(cstring_to_text_with_len(key, len));
	for (int i = 0; i <= len; i++)
	{
		memcpy(text, key, i);
		if (i < len)
		{
			memcpy(text + i, key + i + 1, len - i - 1);
			variants[n++] = PointerGetDatum(cstring_to_text_with_len(text, len - 1));
		}
		if (i + 1 < len)
		{
			text[i] = key[i + 1];
			text[i + 1] = key[i];
			memcpy(text + i + 2, key + i + 2, len - i - 2);
			variants[n++] = PointerGetDatum(cstring_to_text_with_len(text, len));
		}
		for (int letter = 0; letter < nletters; letter++)
		{
			text[i] = alphabet[letter];
			memcpy(text + i + 1, key + i, len - i);
			variants[n++] = PointerGetDatum(cstring_to_text_with_len(text, len + 1));
			if (i == len)
				continue;
			memcpy(text + i + 1, key + i + 1, len - i - 1);
			variants[n++] = PointerGetDatum(cstring_to_text_with_len(text, len));
		}
	}
	return construct_array(variants, n, TEXTOID, -1, false, TYPALIGN_INT);
}

/* ----------------------------------------------------- SQL entry points -- */

PG_FUNCTION_INFO_V1(mjc_one_typo);
/* mjc.one_typo(a text, b text) - the same word, or one with one error. */
Datum
mjc_one_typo(PG_FUNCTION_ARGS)
{
	text *a = PG_GETARG_TEXT_PP(0);
	text *b = PG_GETARG_TEXT_PP(1);
	int len_a = VARSIZE_ANY_EXHDR(a);
	int len_b = VARSIZE_ANY_EXHDR(b);
	pg_wchar *wide_a;
	pg_wchar *wide_b;
	int na;
	int nb;
	bool same;

	/* A character has at most four bytes. */
	if (abs(len_a - len_b) > 4)
		PG_RETURN_BOOL(false);
	wide_a = palloc((len_a + 1) * sizeof(pg_wchar));
	wide_b = palloc((len_b + 1) * sizeof(pg_wchar));
	na = pg_mb2wchar_with_len(VARDATA_ANY(a), wide_a, len_a);
	nb = pg_mb2wchar_with_len(VARDATA_ANY(b), wide_b, len_b);
	same = one_typo(wide_a, na, wide_b, nb);
	pfree(wide_a);
	pfree(wide_b);
	PG_RETURN_BOOL(same);
}

PG_FUNCTION_INFO_V1(mjc_one_typo_variants);
/* mjc.one_typo_variants(key text). Errors: MJ006 longer than 64 bytes. */
Datum
mjc_one_typo_variants(PG_FUNCTION_ARGS)
{
	text *key = PG_GETARG_TEXT_PP(0);
	int len = VARSIZE_ANY_EXHDR(key);

	if (len > VARIANTS_MAX_LENGTH)
		MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", "key", 0});
	for (int i = 0; i < len; i++)
		if ((unsigned char) VARDATA_ANY(key)[i] >= 0x80)
			PG_RETURN_ARRAYTYPE_P(construct_empty_array(TEXTOID));
	PG_RETURN_ARRAYTYPE_P(typo_variants(VARDATA_ANY(key), len));
}
