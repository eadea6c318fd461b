/*
 * typo.c - is one word another with a typing error?
 *
 * One error: a character that is wrong, missing, too many, or swapped with its neighbour
 * (Damerau). Compared from both ends, so it costs one pass over the words and no memory.
 */
#include "postgres.h"

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

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
