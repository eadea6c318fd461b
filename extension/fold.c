/*
 * fold.c - texts in French, Arabic and English brought to the form in which they are searched.
 *
 * Tables of our own and no locale: the same text gives the same words on every server, so what
 * is stored folded stays true. Latin letters lose case and accents. Arabic loses vowel signs and
 * tatweel; the alefs become one, ta marbuta becomes ha, alef maqsura and the Persian ya become
 * ya, a hamza on a seat becomes its seat and one alone falls away. Arabic-Indic, Persian and
 * full-width digits become 0 to 9. Letters of other scripts stay as they are.
 *
 * The Arabic article (and wa-, bi-, fa-, ka-, li- with it) is taken off a word of which two
 * letters or more remain: people write a part with and without it. The French elided words
 * (l', d', qu'...) and the English possessive 's go as well.
 */
#include "postgres.h"

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "args.h"
#include "error.h"
#include "fold.h"

#define ARTICLE_MIN_REST 2 /* letters that must remain of a word without its article */

/* ---------------------------------------------------------------- Rules -- */

/* U+00C0 to U+00FF; "" is no letter. */
static const char latin_1[][3] = {
	"a", "a", "a", "a", "a", "a", "ae", "c", "e", "e", "e", "e", "i", "i", "i",	 "i",
	"d", "n", "o", "o", "o", "o", "o",	"",	 "o", "u", "u", "u", "u", "y", "th", "ss",
	"a", "a", "a", "a", "a", "a", "ae", "c", "e", "e", "e", "e", "i", "i", "i",	 "i",
	"d", "n", "o", "o", "o", "o", "o",	"",	 "o", "u", "u", "u", "u", "y", "th", "y"};

/* U+0100 to U+017F, letter by letter; I is ij, O is oe. */
static const char latin_extended[] = "aaaaaacccccccc"
									 "ddddeeeeeeeeee"
									 "gggggggghhhhiiiiiiiiii"
									 "IIjjkkkllllllllll"
									 "nnnnnnnnnooooooOO"
									 "rrrrrrsssssssstttttt"
									 "uuuuuuuuuuuuwwyyyzzzzzzs";

StaticAssertDecl(lengthof(latin_1) == 64, "one entry a character");
StaticAssertDecl(sizeof(latin_extended) == 128 + 1, "one entry a character");

/* U+FE80 to U+FEF4: shapes of Arabic letters as PDFs hold them, how many of each. */
static const struct
{
	uint16 letter;
	uint8 shapes;
} arabic_shapes[] = {{0x621, 1}, {0x622, 2}, {0x623, 2}, {0x624, 2}, {0x625, 2}, {0x626, 4},
					 {0x627, 2}, {0x628, 4}, {0x629, 2}, {0x62A, 4}, {0x62B, 4}, {0x62C, 4},
					 {0x62D, 4}, {0x62E, 4}, {0x62F, 2}, {0x630, 2}, {0x631, 2}, {0x632, 2},
					 {0x633, 4}, {0x634, 4}, {0x635, 4}, {0x636, 4}, {0x637, 4}, {0x638, 4},
					 {0x639, 4}, {0x63A, 4}, {0x641, 4}, {0x642, 4}, {0x643, 4}, {0x644, 4},
					 {0x645, 4}, {0x646, 4}, {0x647, 4}, {0x648, 2}, {0x649, 2}, {0x64A, 4}};

/* Characters that are no part of a word, from U+0080 on, in order; the letters among them are
 * dealt with before. */
static const struct
{
	uint32 first;
	uint32 last;
	FoldClass class;
} marks[] = {
	{0x0080, 0x00AC, FOLD_BREAK},	   {0x00AD, 0x00AD, FOLD_NOTHING},
	{0x00AE, 0x00B3, FOLD_BREAK},	   {0x00B4, 0x00B4, FOLD_APOSTROPHE},
	{0x00B6, 0x00BF, FOLD_BREAK},	   {0x02B9, 0x02BF, FOLD_APOSTROPHE},
	{0x02C2, 0x02DF, FOLD_BREAK},	   {0x0300, 0x036F, FOLD_NOTHING},
	{0x0600, 0x060F, FOLD_BREAK},	   {0x0610, 0x061A, FOLD_NOTHING},
	{0x061B, 0x061B, FOLD_BREAK},	   {0x061C, 0x061C, FOLD_NOTHING},
	{0x061D, 0x061F, FOLD_BREAK},	   {0x0621, 0x0621, FOLD_NOTHING},
	{0x0640, 0x0640, FOLD_NOTHING},	   {0x064B, 0x065F, FOLD_NOTHING},
	{0x066A, 0x066D, FOLD_BREAK},	   {0x0670, 0x0670, FOLD_NOTHING},
	{0x06D4, 0x06D4, FOLD_BREAK},	   {0x06D6, 0x06DC, FOLD_NOTHING},
	{0x06DD, 0x06DE, FOLD_BREAK},	   {0x06DF, 0x06E8, FOLD_NOTHING},
	{0x06E9, 0x06E9, FOLD_BREAK},	   {0x06EA, 0x06ED, FOLD_NOTHING},
	{0x2000, 0x200A, FOLD_BREAK},	   {0x200B, 0x200F, FOLD_NOTHING},
	{0x2010, 0x2017, FOLD_BREAK},	   {0x2018, 0x201B, FOLD_APOSTROPHE},
	{0x201C, 0x2029, FOLD_BREAK},	   {0x202A, 0x202E, FOLD_NOTHING},
	{0x202F, 0x2031, FOLD_BREAK},	   {0x2032, 0x2032, FOLD_APOSTROPHE},
	{0x2033, 0x205F, FOLD_BREAK},	   {0x2060, 0x206F, FOLD_NOTHING},
	{0x2070, 0x2BFF, FOLD_BREAK},	   {0x2E00, 0x2E7F, FOLD_BREAK},
	{0x3000, 0x3004, FOLD_BREAK},	   {0x3008, 0x3020, FOLD_BREAK},
	{0xE000, 0xF8FF, FOLD_BREAK},	   {0xFD3E, 0xFD3F, FOLD_BREAK},
	{0xFE00, 0xFE0F, FOLD_NOTHING},	   {0xFE10, 0xFE6F, FOLD_BREAK},
	{0xFE70, 0xFE7F, FOLD_NOTHING},	   {0xFEFD, 0xFEFE, FOLD_BREAK},
	{0xFEFF, 0xFEFF, FOLD_NOTHING},	   {0xFF5F, 0xFF65, FOLD_BREAK},
	{0xFFE0, 0xFFFF, FOLD_BREAK},	   {0x1F000, 0x1FAFF, FOLD_BREAK},
	{0xE0000, 0x10FFFF, FOLD_NOTHING},
};

static FoldClass
mark_class(uint32 c)
{
	int low = 0;
	int high = lengthof(marks);

	while (low < high)
	{
		int middle = (low + high) / 2;

		if (c > marks[middle].last)
			low = middle + 1;
		else
			high = middle;
	}
	return low < lengthof(marks) && c >= marks[low].first ? marks[low].class : FOLD_WORD;
}

/* 0 to 9 of the scripts that write numbers here, -1 for anything else. */
static int
digit_of(uint32 c)
{
	if (c >= 0x0660 && c <= 0x0669)
		return c - 0x0660;
	if (c >= 0x06F0 && c <= 0x06F9)
		return c - 0x06F0;
	if (c == 0x2070 || (c >= 0x2074 && c <= 0x2079))
		return c - 0x2070;
	if (c >= 0x2080 && c <= 0x2089)
		return c - 0x2080;
	switch (c)
	{
		case 0x00B9:
			return 1;
		case 0x00B2:
			return 2;
		case 0x00B3:
			return 3;
		default:
			return -1;
	}
}

/* The one spelling of an Arabic letter that has several. */
static uint32
arabic_letter(uint32 c)
{
	switch (c)
	{
		case 0x0622: /* alef with madda, hamza above, below, wasla */
		case 0x0623:
		case 0x0625:
		case 0x0671:
			return 0x0627;
		case 0x0624: /* hamza on waw */
			return 0x0648;
		case 0x0626: /* hamza on ya, alef maqsura, Persian ya */
		case 0x0649:
		case 0x06CC:
			return 0x064A;
		case 0x0629: /* ta marbuta, and the ha of Urdu keyboards */
		case 0x06BE:
		case 0x06C1:
			return 0x0647;
		case 0x06A9: /* Persian kaf */
			return 0x0643;
		default:
			return c;
	}
}

/* U+FE80 to U+FEF4 as the letter itself. */
static uint32
arabic_of_shape(uint32 c)
{
	uint32 first = 0xFE80;

	for (int i = 0; i < lengthof(arabic_shapes); i++)
	{
		if (c < first + arabic_shapes[i].shapes)
			return arabic_shapes[i].letter;
		first += arabic_shapes[i].shapes;
	}
	return c;
}

static FoldClass
fold_ascii(uint32 c, char *folded)
{
	if (c >= 'A' && c <= 'Z')
		c += 'a' - 'A';
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
	{
		folded[0] = (char) c;
		folded[1] = '\0';
		return FOLD_WORD;
	}
	return c == '\'' || c == '`' ? FOLD_APOSTROPHE : FOLD_BREAK;
}

/* Accented Latin letters; false for anything else. */
static bool
fold_latin(uint32 c, char *folded)
{
	char letter;

	if (c >= 0x00C0 && c <= 0x00FF)
		strlcpy(folded, latin_1[c - 0x00C0], MJC_FOLD_MAX);
	else if (c >= 0x0100 && c <= 0x017F)
	{
		letter = latin_extended[c - 0x0100];
		strlcpy(folded, letter == 'I' ? "ij" : letter == 'O' ? "oe" : "", MJC_FOLD_MAX);
		if (folded[0] == '\0')
			snprintf(folded, MJC_FOLD_MAX, "%c", letter);
	}
	else if (c == 0x00AA || c == 0x00BA)
		strlcpy(folded, c == 0x00AA ? "a" : "o", MJC_FOLD_MAX);
	else if (c == 0x00B5 || c == 0x03BC) /* micro, mu */
		strlcpy(folded, "u", MJC_FOLD_MAX);
	else
		return false;
	return true;
}

/* Arabic and everything after it. */
static FoldClass
fold_other(uint32 c, char *folded)
{
	FoldClass class;

	if (c >= 0xFEF5 && c <= 0xFEFC)
	{
		strlcpy(folded, "لا", MJC_FOLD_MAX);
		return FOLD_WORD;
	}
	if (c >= 0xFE80 && c <= 0xFEF4)
		c = arabic_of_shape(c);
	class = mark_class(c);
	if (class == FOLD_WORD)
	{
		c = arabic_letter(c);
		unicode_to_utf8(c, (unsigned char *) folded);
		folded[pg_utf_mblen((unsigned char *) folded)] = '\0';
	}
	return class;
}

/*
 * mjc_fold_char - fold the UTF-8 character at *text and move on to the next.
 *
 * *text is before end. folded: at least MJC_FOLD_MAX bytes; set, and not empty, with FOLD_WORD.
 */
FoldClass
mjc_fold_char(const char **text, const char *end, char *folded)
{
	const unsigned char *p = (const unsigned char *) *text;
	int len = pg_utf_mblen(p);
	uint32 c;
	int digit;

	if (len > end - *text)
		len = end - *text;
	*text += len;
	if (len == 1)
		return *p < 0x80 ? fold_ascii(*p, folded) : FOLD_BREAK;
	c = utf8_to_unicode(p);
	if (c >= 0xFF01 && c <= 0xFF5E)
		return fold_ascii(c - 0xFF01 + '!', folded);
	digit = digit_of(c);
	if (digit >= 0)
		return fold_ascii('0' + digit, folded);
	if (fold_latin(c, folded))
		return folded[0] == '\0' ? FOLD_BREAK : FOLD_WORD;
	return fold_other(c, folded);
}

/* Letters of a word whose characters take two bytes each, as Arabic ones do. */
static int
arabic_letters(const char *word)
{
	int n = 0;

	for (; *word != '\0'; word++)
		n += ((unsigned char) *word & 0xC0) != 0x80;
	return n;
}

/* The word without the article before it. */
static const char *
without_article(const char *word)
{
	static const char *const articles[] = {"وال", "بال", "فال", "كال", "ال", "لل"};

	for (int i = 0; i < lengthof(articles); i++)
	{
		size_t len = strlen(articles[i]);

		if (strncmp(word, articles[i], len) == 0 && arabic_letters(word + len) >= ARTICLE_MIN_REST)
			return word + len;
	}
	return word;
}

/* French words that stand before an apostrophe in place of a longer one. */
static bool
is_elided(const char *word)
{
	static const char *const words[] = {"l", "d",  "j",		"m",	  "t",		"s",	 "c",
										"n", "qu", "jusqu", "lorsqu", "puisqu", "quoiqu"};

	for (int i = 0; i < lengthof(words); i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

/* What of a text's grammar is taken off. */
typedef struct FoldRules
{
	bool french;
	bool arabic;
	bool english;
} FoldRules;

/* Appends a word that ended; before and after: whether an apostrophe stands there. */
static void
add_word(StringInfo out, StringInfo word, const FoldRules *rules, bool before, bool after)
{
	const char *text = word->data;

	if (word->len > 0 && !(rules->french && after && is_elided(text)) &&
		!(rules->english && before && strcmp(text, "s") == 0))
	{
		if (rules->arabic)
			text = without_article(text);
		if (out->len > 0)
			appendStringInfoChar(out, ' ');
		appendStringInfoString(out, text);
	}
	resetStringInfo(word);
}

/*
 * mjc_search_fold - the words of a text, folded, each divided from the next by one space.
 *
 * lang: "fr", "ar" or "en" takes off what is grammar in that language only, NULL in all three.
 * Returns "" when there is no word. Errors: MJ010 another language.
 */
char *
mjc_search_fold(const char *text, int len, const char *lang)
{
	const char *end = text + len;
	FoldRules rules = {.french = lang == NULL || strcmp(lang, "fr") == 0,
					   .arabic = lang == NULL || strcmp(lang, "ar") == 0,
					   .english = lang == NULL || strcmp(lang, "en") == 0};
	StringInfoData out;
	StringInfoData word;
	bool before = false;

	if (!rules.french && !rules.arabic && !rules.english)
		MJC_RAISE(MJC_ERR_ARGUMENT_INVALID, {"argument", "lang", 0});
	initStringInfo(&out);
	initStringInfo(&word);
	while (text < end)
	{
		char folded[MJC_FOLD_MAX];
		FoldClass class = mjc_fold_char(&text, end, folded);

		if (class == FOLD_WORD)
			appendStringInfoString(&word, folded);
		else if (class != FOLD_NOTHING)
		{
			add_word(&out, &word, &rules, before, class == FOLD_APOSTROPHE);
			before = class == FOLD_APOSTROPHE;
		}
	}
	add_word(&out, &word, &rules, before, false);
	return out.data;
}

/* ----------------------------------------------------- SQL entry points -- */

PG_FUNCTION_INFO_V1(mjc_search_fold_sql);
/* mjc.search_fold(text, lang text). Errors: MJ010. */
Datum
mjc_search_fold_sql(PG_FUNCTION_ARGS)
{
	char *lang = mjc_arg_text_or_null(fcinfo, 1);
	text *typed;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	typed = PG_GETARG_TEXT_PP(0);
	PG_RETURN_TEXT_P(
		cstring_to_text(mjc_search_fold(VARDATA_ANY(typed), VARSIZE_ANY_EXHDR(typed), lang)));
}
