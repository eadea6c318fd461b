/*
 * words.c - an amount in words, French and Arabic.
 *
 * An Algerian invoice states its total in figures and in words (executive decree
 * 05-468 of 10 December 2005). The text starts with a small letter; centimes are
 * named when there are any; zero dinars are always named.
 *
 * French, spelling before 1990: hyphens between tens and units below 100 except
 * around "et" (vingt et un, soixante et onze; quatre-vingt-un). "cent" and "vingt"
 * take their s at the end of the number and before million and milliard, not
 * before another number or mille. "mille" never changes nor takes "un". After a
 * round million or milliard stands "de". 0 and 1 take the singular.
 *
 * Arabic, nominative. All nouns counted here are masculine: 3 to 10 take the
 * number with ta marbuta and the plural, 11 to 99 the singular accusative with
 * tanwin, hundreds and scales the singular genitive. 1 and 2 are the noun itself
 * and its dual. After a hundred or a scale, 1 and 2 are joined to the noun named
 * before, as in "a thousand nights and a night": 101 is مائة دينار جزائري ودينار جزائري,
 * 101 000 is مائة ألف وألف دينار جزائري. Directly before what it counts (construct
 * state) a dual loses its nun (مائتا ألف, ألفا دينار, مليونا دينار) and 11 to 99 of a scale
 * their tanwin (أحد عشر ألف دينار); before و both keep them (ألفان وخمسمائة دينار).
 * Hundreds are written مائة.
 */
#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "args.h"
#include "error.h"
#include "money.h"
#include "words.h"

#define SCALES 3

/* ---------------------------------------------------------------- Rules -- */

static const int64 scale_of[SCALES] = {INT64CONST(1000000000), 1000000, 1000};

static const char *const fr_small[] = {"zéro",	 "un",	  "deux",	  "trois",	  "quatre",
									   "cinq",	 "six",	  "sept",	  "huit",	  "neuf",
									   "dix",	 "onze",  "douze",	  "treize",	  "quatorze",
									   "quinze", "seize", "dix-sept", "dix-huit", "dix-neuf"};
static const char *const fr_tens[] = {NULL,		  NULL,		   "vingt",	  "trente",
									  "quarante", "cinquante", "soixante"};
static const char *const fr_scale[SCALES] = {"milliard", "million", "mille"};

/* 0 to 99; final: the number ends here, so quatre-vingts takes its s. */
static void
fr_below_100(StringInfo out, int n, bool final)
{
	int tens = Min(n / 10, 6);
	int rest = n - tens * 10;

	if (n < 20)
		appendStringInfoString(out, fr_small[n]);
	else if (n >= 80)
	{
		appendStringInfoString(out, n > 80	? "quatre-vingt-"
									: final ? "quatre-vingts"
											: "quatre-vingt");
		if (n > 80)
			appendStringInfoString(out, fr_small[n - 80]);
	}
	else
	{
		appendStringInfoString(out, fr_tens[tens]);
		if (rest != 0)
		{
			appendStringInfoString(out, rest == 1 || rest == 11 ? " et " : "-");
			appendStringInfoString(out, fr_small[rest]);
		}
	}
}

/* 1 to 999; final as in fr_below_100, for cents too. */
static void
fr_below_1000(StringInfo out, int n, bool final)
{
	int hundreds = n / 100;

	if (hundreds > 1)
	{
		appendStringInfoString(out, fr_small[hundreds]);
		appendStringInfoChar(out, ' ');
	}
	if (hundreds > 0)
		appendStringInfoString(out, hundreds > 1 && n % 100 == 0 && final ? "cents" : "cent");
	if (hundreds > 0 && n % 100 != 0)
		appendStringInfoChar(out, ' ');
	if (n % 100 != 0)
		fr_below_100(out, n % 100, final);
}

/* One scale with its count (1 to 999) and a blank behind it. */
static void
fr_scaled(StringInfo out, int n, int scale)
{
	bool thousand = scale_of[scale] == 1000;

	if (!thousand || n > 1)
	{
		fr_below_1000(out, n, !thousand);
		appendStringInfoChar(out, ' ');
	}
	appendStringInfoString(out, fr_scale[scale]);
	appendStringInfoString(out, !thousand && n > 1 ? "s " : " ");
}

static void
fr_amount(StringInfo out, int64 dinars, int centimes)
{
	int64 rest = dinars;

	for (int i = 0; i < SCALES; rest %= scale_of[i++])
		if (rest >= scale_of[i])
			fr_scaled(out, (int) (rest / scale_of[i]), i);
	if (rest > 0)
		fr_below_1000(out, (int) rest, true);
	else if (dinars == 0)
		appendStringInfoString(out, fr_small[0]);
	if (rest > 0 || dinars == 0)
		appendStringInfoChar(out, ' ');
	if (dinars > 0 && dinars % 1000000 == 0)
		appendStringInfoString(out, "de ");
	appendStringInfoString(out, dinars > 1 ? "dinars algériens" : "dinar algérien");
	if (centimes == 0)
		return;
	appendStringInfoString(out, " et ");
	fr_below_100(out, centimes, true);
	appendStringInfoString(out, centimes > 1 ? " centimes" : " centime");
}

/* The forms of a counted noun; the construct ones stand directly before what is counted. */
typedef struct ArNoun
{
	const char *one;
	const char *two;
	const char *two_construct;
	const char *few;  /* 3 to 10 */
	const char *many; /* 11 to 99 */
	const char *many_construct;
} ArNoun;

static const ArNoun ar_scale[SCALES] = {
	{"مليار", "ملياران", "مليارا", "مليارات", "ملياراً", "مليار"},
	{"مليون", "مليونان", "مليونا", "ملايين", "مليوناً", "مليون"},
	{"ألف", "ألفان", "ألفا", "آلاف", "ألفاً", "ألف"},
};
static const ArNoun ar_dinar = {"دينار جزائري",	  "ديناران جزائريان", NULL,
								"دنانير جزائرية", "ديناراً جزائرياً",	  NULL};
static const ArNoun ar_centime = {"سنتيم", "سنتيمان", NULL, "سنتيمات", "سنتيماً", NULL};

static const char *const ar_small[] = {NULL,	   "واحد",	  "اثنان",	  "ثلاثة",		"أربعة",
									   "خمسة",	   "ستة",	  "سبعة",	  "ثمانية",		"تسعة",
									   "عشرة",	   "أحد عشر", "اثنا عشر", "ثلاثة عشر",	"أربعة عشر",
									   "خمسة عشر", "ستة عشر", "سبعة عشر", "ثمانية عشر", "تسعة عشر"};
static const char *const ar_tens[] = {NULL,	   NULL,   "عشرون", "ثلاثون", "أربعون",
									  "خمسون", "ستون", "سبعون", "ثمانون", "تسعون"};
static const char *const ar_hundreds[] = {NULL,		 "مائة",   "مائتان",  "ثلاثمائة", "أربعمائة",
										  "خمسمائة", "ستمائة", "سبعمائة", "ثمانمائة", "تسعمائة"};

/* "and", written as one with the word that follows. */
static const char *const ar_and = " و";

/* 3 to 99, before a masculine noun. */
static void
ar_below_100(StringInfo out, int n)
{
	if (n < 20)
	{
		appendStringInfoString(out, ar_small[n]);
		return;
	}
	if (n % 10 != 0)
	{
		appendStringInfoString(out, ar_small[n % 10]);
		appendStringInfoString(out, ar_and);
	}
	appendStringInfoString(out, ar_tens[n / 10]);
}

/* 1 to 999 of a noun; construct: what the noun counts follows directly. */
static void
ar_counted(StringInfo out, int n, const ArNoun *noun, bool construct)
{
	int hundreds = n / 100;
	int rest = n % 100;

	if (hundreds > 0)
	{
		appendStringInfoString(out, hundreds == 2 && rest <= 2 ? "مائتا" : ar_hundreds[hundreds]);
		if (rest <= 2)
		{
			appendStringInfoChar(out, ' ');
			appendStringInfoString(out, noun->one);
		}
		if (rest != 0)
			appendStringInfoString(out, ar_and);
	}
	if (rest == 1)
		appendStringInfoString(out, noun->one);
	else if (rest == 2)
		appendStringInfoString(out, construct ? noun->two_construct : noun->two);
	else if (rest > 2)
	{
		ar_below_100(out, rest);
		appendStringInfoChar(out, ' ');
		appendStringInfoString(out, rest <= 10	? noun->few
									: construct ? noun->many_construct
												: noun->many);
	}
}

/* The scales of 1000 dinars and more; before 0, 1 or 2 units the noun follows the last one. */
static void
ar_scales(StringInfo out, int64 dinars)
{
	bool noun_follows = dinars % 1000 <= 2;
	int64 rest = dinars;

	for (int i = 0; i < SCALES; rest %= scale_of[i++])
	{
		if (rest < scale_of[i])
			continue;
		if (rest != dinars)
			appendStringInfoString(out, ar_and);
		ar_counted(out, (int) (rest / scale_of[i]), &ar_scale[i],
				   noun_follows && rest % scale_of[i] < 1000);
	}
	if (noun_follows)
	{
		appendStringInfoChar(out, ' ');
		appendStringInfoString(out, ar_dinar.one);
	}
}

static void
ar_amount(StringInfo out, int64 dinars, int centimes)
{
	int units = (int) (dinars % 1000);

	if (dinars == 0)
	{
		appendStringInfoString(out, "صفر ");
		appendStringInfoString(out, ar_dinar.one);
	}
	if (dinars >= 1000)
		ar_scales(out, dinars);
	if (dinars >= 1000 && units > 0)
		appendStringInfoString(out, ar_and);
	if (units > 0)
		ar_counted(out, units, &ar_dinar, false);
	if (centimes == 0)
		return;
	appendStringInfoString(out, ar_and);
	ar_counted(out, centimes, &ar_centime, false);
}

/*
 * mjc_amount_in_words - the amount in words; lang is "fr" or "ar".
 *
 * centimes: 0 to MJC_MAX_AMOUNT. Errors: MJ010 another language, MJ201.
 */
char *
mjc_amount_in_words(int64 centimes, const char *lang)
{
	StringInfoData out;
	bool french = strcmp(lang, "fr") == 0;

	if (!french && strcmp(lang, "ar") != 0)
		MJC_RAISE(MJC_ERR_ARGUMENT_INVALID, {"argument", "lang", 0});
	if (centimes < 0 || centimes > MJC_MAX_AMOUNT)
		mjc_raise(MJC_ERR_AMOUNT_OUT_OF_RANGE);
	initStringInfo(&out);
	(french ? fr_amount : ar_amount)(&out, centimes / 100, (int) (centimes % 100));
	return out.data;
}

/* ----------------------------------------------------- SQL entry points -- */

PG_FUNCTION_INFO_V1(mjc_amount_in_words_sql);
/* mjc.amount_in_words(centimes bigint, lang text). Errors: MJ003, MJ010, MJ201. */
Datum
mjc_amount_in_words_sql(PG_FUNCTION_ARGS)
{
	int64 centimes = mjc_arg_int64(fcinfo, 0, "centimes");
	char *lang = mjc_arg_text(fcinfo, 1, "lang");

	PG_RETURN_TEXT_P(cstring_to_text(mjc_amount_in_words(centimes, lang)));
}
