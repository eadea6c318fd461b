/*
 * text.c - phones and digits as people type them (domain rules for Algeria).
 *
 * A mobile number is stored as +213 and nine digits starting with 5, 6 or 7.
 * Accepted: 0550 12 34 56, +213550123456, 00213550123456, 213550123456,
 * +213 (0) 550..., 550123456; spaces, dots, dashes, slashes and brackets;
 * Arabic-Indic (U+0660..) and Extended Arabic-Indic (U+06F0..) digits.
 */
#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "error.h"
#include "text.h"

#define PHONE_NATIONAL_DIGITS 9
#define PHONE_MAX_TYPED 64

/* ---------------------------------------------------------------- Rules -- */

/*
 * mjc_fold_digits - copy with Arabic-Indic digits as ASCII digits; UTF-8 in and out.
 */
char *
mjc_fold_digits(const char *text)
{
	StringInfoData out;
	const unsigned char *p = (const unsigned char *) text;

	initStringInfo(&out);
	while (*p != '\0')
	{
		if (p[0] == 0xD9 && p[1] >= 0xA0 && p[1] <= 0xA9)
		{
			appendStringInfoChar(&out, '0' + (p[1] - 0xA0));
			p += 2;
		}
		else if (p[0] == 0xDB && p[1] >= 0xB0 && p[1] <= 0xB9)
		{
			appendStringInfoChar(&out, '0' + (p[1] - 0xB0));
			p += 2;
		}
		else
			appendStringInfoChar(&out, *p++);
	}
	return out.data;
}

/* Digits of a typed phone into `digits`; returns their number, -1 on a stray character. */
static int
phone_digits(const char *typed, char *digits, int max)
{
	int n = 0;

	for (const char *p = typed; *p != '\0'; p++)
	{
		if (*p >= '0' && *p <= '9')
		{
			if (n == max)
				return -1;
			digits[n++] = *p;
		}
		else if (*p == '+' ? p != typed : strchr(" .-/()", *p) == NULL)
			return -1;
	}
	return n;
}

/* mjc_trim_or_null - copy without outer blanks; NULL when nothing is left. */
char *
mjc_trim_or_null(const char *text)
{
	const char *end;

	if (text == NULL)
		return NULL;
	while (*text == ' ' || *text == '\t' || *text == '\n' || *text == '\r')
		text++;
	end = text + strlen(text);
	while (end > text && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\n' || end[-1] == '\r'))
		end--;
	return end == text ? NULL : pnstrdup(text, end - text);
}

/* mjc_phone_canonical_or_null - +213XXXXXXXXX, or NULL when it is not an Algerian mobile. */
char *
mjc_phone_canonical_or_null(const char *text)
{
	char digits[20];
	char *typed = mjc_trim_or_null(text);
	const char *d = digits;
	int n;

	if (typed == NULL || strlen(typed) > PHONE_MAX_TYPED)
		return NULL;
	typed = mjc_fold_digits(typed);
	n = phone_digits(typed, digits, lengthof(digits));
	if (n < 0)
		return NULL;
	if (typed[0] == '+' && (n < 3 || strncmp(d, "213", 3) != 0))
		return NULL;
	if (n >= 5 && strncmp(d, "00213", 5) == 0)
		d += 5, n -= 5;
	else if (n > PHONE_NATIONAL_DIGITS + 1 && strncmp(d, "213", 3) == 0)
		d += 3, n -= 3;
	if (n == PHONE_NATIONAL_DIGITS + 1 && d[0] == '0')
		d++, n--;
	if (n != PHONE_NATIONAL_DIGITS || d[0] < '5' || d[0] > '7')
		return NULL;
	return psprintf("+213%.*s", n, d);
}

/* mjc_phone_canonical_or_raise - the same. Errors: MJ305. */
char *
mjc_phone_canonical_or_raise(const char *text)
{
	char *phone = mjc_phone_canonical_or_null(text);

	if (phone == NULL)
		mjc_raise(MJC_ERR_PHONE_INVALID);
	return phone;
}

/* ----------------------------------------------------- SQL entry points -- */

PG_FUNCTION_INFO_V1(mjc_phone_canonical);
/* mjc.phone_canonical(text) - +213XXXXXXXXX, or NULL when it is not an Algerian mobile. */
Datum
mjc_phone_canonical(PG_FUNCTION_ARGS)
{
	char *phone = mjc_phone_canonical_or_null(text_to_cstring(PG_GETARG_TEXT_PP(0)));

	if (phone == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(phone));
}

PG_FUNCTION_INFO_V1(mjc_fold_digits_sql);
/* mjc.fold_digits(text) - Arabic-Indic digits as ASCII digits. */
Datum
mjc_fold_digits_sql(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(mjc_fold_digits(text_to_cstring(PG_GETARG_TEXT_PP(0)))));
}
