/*
 * param_type.c - the types of the route table.
 *
 * Invariants: a returned text is accepted by the input function of its SQL
 * type; padding, letter case of words and leading zeros do not tell two values
 * apart (digests rest on it; times keep the zone they came in); amounts are counted in integers,
 * never in floating point.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "param_type.h"
#include "text.h"

#define MONEY_WHOLE_DIGITS 13
#define YEAR_MIN 1970
#define YEAR_MAX 2999
#define FRACTION_MAX 9
#define REAL_DIGITS 15

static char *
refuse(struct type_error *err, enum error_id id)
{
	err->bounded = false;
	err->id = id;
	return NULL;
}

static char *
refuse_bounds(struct type_error *err, enum error_id id, long long min, long long max)
{
	refuse(err, id);
	err->bounded = true;
	err->min = min;
	err->max = max;
	return NULL;
}

static char *
accept_text(struct type_error *err, const char *text)
{
	char *copy = text_dup(text, strlen(text));

	if (copy == NULL)
		err->id = ERROR_INTERNAL_ERROR;
	return copy;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* ---- Text ---- */

/* CR LF to LF, in place. */
static void
unify_newlines(char *s)
{
	char *to = s;

	for (; *s != '\0'; s++)
	{
		if (s[0] != '\r' || s[1] != '\n')
			*to++ = *s;
	}
	*to = '\0';
}

static char *
type_text(const struct param_def *def, const char *text, size_t len, struct type_error *err)
{
	bool secret = (def->flags & P_SECRET) != 0;
	char *copy = text_dup(text, len);
	size_t length;

	if (copy == NULL)
		return refuse(err, ERROR_INTERNAL_ERROR);
	if ((def->flags & P_MULTILINE) != 0)
		unify_newlines(copy);
	if ((def->flags & P_LOWER) != 0)
		text_lower(copy);
	length = secret ? len : text_utf8_length(copy, strlen(copy));
	if ((long long) length < def->min || (long long) length > def->max)
		refuse_bounds(err, ERROR_FIELD_LENGTH, def->min, def->max);
	else if (!secret && text_has_control(copy, strlen(copy), (def->flags & P_MULTILINE) != 0))
		refuse(err, ERROR_FIELD_FORMAT);
	if (err->id == ERROR_NONE)
		return copy;
	if (secret)
		explicit_bzero(copy, len);
	free(copy);
	return NULL;
}

/* Whether a domain is labels of letters, digits and inner hyphens, two at least. */
static bool
domain_ok(const char *s)
{
	size_t labels = 0;

	for (;;)
	{
		size_t len = strcspn(s, ".");

		if (len == 0 || len > 63 || s[0] == '-' || s[len - 1] == '-')
			return false;
		for (size_t i = 0; i < len; i++)
		{
			if (!is_digit(s[i]) && s[i] != '-' && !((s[i] | 0x20) >= 'a' && (s[i] | 0x20) <= 'z'))
				return false;
		}
		labels++;
		if (s[len] == '\0')
			return labels >= 2;
		s += len + 1;
	}
}

/* One '@', a local part without spaces and mark-up, a domain with a dot. */
static bool
email_ok(const char *s)
{
	size_t local = strcspn(s, "@ \"(),:;<>[\\]");

	if (local == 0 || local > 64 || s[local] != '@')
		return false;
	if (s[0] == '.' || s[local - 1] == '.' || strstr(s, "..") != NULL)
		return false;
	return domain_ok(s + local + 1);
}

static char *
type_email(const struct param_def *def, const char *text, size_t len, struct type_error *err)
{
	char *copy = type_text(def, text, len, err);

	if (copy == NULL || email_ok(copy))
		return copy;
	free(copy);
	return refuse(err, ERROR_FIELD_EMAIL);
}

/* Bytes of a character that a phone number may hold; 0 for any other. */
static size_t
phone_char(const char *s)
{
	unsigned char first = (unsigned char) s[0];
	unsigned char second = first == '\0' ? 0 : (unsigned char) s[1];

	if (is_digit(s[0]) || (s[0] != '\0' && strchr("+.-/() ", s[0]) != NULL))
		return 1;
	if (first == 0xD9 && second >= 0xA0 && second <= 0xA9) /* Arabic-Indic digits */
		return 2;
	if (first == 0xDB && second >= 0xB0 && second <= 0xB9) /* their Eastern forms */
		return 2;
	return 0;
}

/* The shape only; which numbers are Algerian mobiles is a rule of the database. */
static char *
type_phone(const struct param_def *def, const char *text, size_t len, struct type_error *err)
{
	char *copy = type_text(def, text, len, err);
	const char *at = copy;

	if (copy == NULL)
		return err->id == ERROR_INTERNAL_ERROR ? NULL : refuse(err, ERROR_FIELD_PHONE);
	while (phone_char(at) > 0)
		at += phone_char(at);
	if (*at == '\0')
		return copy;
	free(copy);
	return refuse(err, ERROR_FIELD_PHONE);
}

static char *
type_choice(const struct param_def *def, const char *text, size_t len, struct type_error *err)
{
	const char *choice = def->choices;
	char *copy;

	while (choice != NULL && *choice != '\0')
	{
		size_t n = strcspn(choice, "|");

		if (n == len && strncasecmp(choice, text, n) == 0)
		{
			copy = text_dup(choice, n);
			return copy == NULL ? refuse(err, ERROR_INTERNAL_ERROR) : copy;
		}
		choice += n + (choice[n] == '|');
	}
	return refuse(err, ERROR_FIELD_CHOICE);
}

static char *
type_uuid(const char *text, size_t len, struct type_error *err)
{
	char uuid[TEXT_UUID_SIZE];

	if (!text_uuid_parse(text, len, uuid))
		return refuse(err, ERROR_FIELD_FORMAT);
	return accept_text(err, uuid);
}

/* ---- Numbers ---- */

static char *
accept_int(const struct param_def *def, long long value, struct type_error *err)
{
	char text[24];

	if (value < def->min || value > def->max)
		return refuse_bounds(err, ERROR_FIELD_RANGE, def->min, def->max);
	snprintf(text, sizeof(text), "%lld", value);
	return accept_text(err, text);
}

static char *
type_int(const struct param_def *def, const char *text, size_t len, struct type_error *err)
{
	bool negative = len > 0 && text[0] == '-';
	size_t digits = len - negative;
	long long value = 0;

	if (digits < 1 || digits > 10)
		return refuse(err, ERROR_FIELD_TYPE);
	for (size_t i = negative; i < len; i++)
	{
		if (!is_digit(text[i]))
			return refuse(err, ERROR_FIELD_TYPE);
		value = value * 10 + (text[i] - '0');
	}
	return accept_int(def, negative ? -value : value, err);
}

static char *
accept_money(const struct param_def *def, long long centimes, struct type_error *err)
{
	char text[24];

	if (centimes < def->min || centimes > def->max)
		return refuse_bounds(err, ERROR_FIELD_RANGE, def->min / 100, def->max / 100);
	snprintf(text, sizeof(text), "%lld", centimes);
	return accept_text(err, text);
}

/* DZD as "1234", "1234.5" or "1234.56" to centimes. */
static char *
type_money(const struct param_def *def, const char *text, size_t len, struct type_error *err)
{
	size_t at = len > 0 && text[0] == '-';
	bool negative = at > 0;
	size_t start = at;
	size_t point;
	long long value = 0;

	for (; at < len && is_digit(text[at]); at++)
	{
		if (at - start >= MONEY_WHOLE_DIGITS)
			return refuse_bounds(err, ERROR_FIELD_RANGE, def->min / 100, def->max / 100);
		value = value * 10 + (text[at] - '0');
	}
	point = at;
	if (point == start ||
		(point < len && (text[point] != '.' || len - point < 2 || len - point > 3)))
		return refuse(err, ERROR_FIELD_FORMAT);
	for (size_t i = 1; i <= 2; i++)
	{
		char digit = point + i < len ? text[point + i] : '0';

		if (!is_digit(digit))
			return refuse(err, ERROR_FIELD_FORMAT);
		value = value * 10 + (digit - '0');
	}
	return accept_money(def, negative ? -value : value, err);
}

/*
 * A JSON number with a fraction. The amount is the decimal text of two places
 * that reads back as the very same number; where there is none, the client
 * sent more than two decimals. Nothing is computed in floating point.
 */
static char *
money_from_real(const struct param_def *def, double value, struct type_error *err)
{
	char text[64];

	if (value <= -1e13 || value >= 1e13)
		return refuse_bounds(err, ERROR_FIELD_RANGE, def->min / 100, def->max / 100);
	snprintf(text, sizeof(text), "%.2f", value);
	if (strtod(text, NULL) < value || strtod(text, NULL) > value)
		return refuse(err, ERROR_FIELD_FORMAT);
	return type_money(def, text, strlen(text), err);
}

static char *
money_from_int(const struct param_def *def, json_int_t value, struct type_error *err)
{
	if (value > def->max / 100 || value < def->min / 100)
		return refuse_bounds(err, ERROR_FIELD_RANGE, def->min / 100, def->max / 100);
	return accept_money(def, (long long) value * 100, err);
}

/* ---- Time ---- */

struct moment
{
	int year, month, day;
	int hour, minute, second;
	char fraction[FRACTION_MAX + 2]; /* with its point, or empty */
	char zone[8];					 /* "+01:00" */
};

static int
days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

/* Read exactly n digits at *s and step over them; -1 when they are not there. */
static int
take_digits(const char **s, int n)
{
	int value = 0;

	for (int i = 0; i < n; i++)
	{
		if (!is_digit((*s)[i]))
			return -1;
		value = value * 10 + ((*s)[i] - '0');
	}
	*s += n;
	return value;
}

static bool
take_char(const char **s, const char *set)
{
	if (**s == '\0' || strchr(set, **s) == NULL)
		return false;
	(*s)++;
	return true;
}

static bool
take_date(const char **s, struct moment *m)
{
	m->year = take_digits(s, 4);
	if (m->year < YEAR_MIN || m->year > YEAR_MAX || !take_char(s, "-"))
		return false;
	m->month = take_digits(s, 2);
	if (m->month < 1 || m->month > 12 || !take_char(s, "-"))
		return false;
	m->day = take_digits(s, 2);
	return m->day >= 1 && m->day <= days_in_month(m->year, m->month);
}

static bool
take_fraction(const char **s, struct moment *m)
{
	size_t n = strspn(*s, "0123456789");

	if (n < 1 || n > FRACTION_MAX)
		return false;
	snprintf(m->fraction, sizeof(m->fraction), ".%.*s", (int) n, *s);
	*s += n;
	return true;
}

/* "HH:MM[:SS[.fraction]]" */
static bool
take_clock(const char **s, struct moment *m)
{
	m->hour = take_digits(s, 2);
	if (m->hour < 0 || m->hour > 23 || !take_char(s, ":"))
		return false;
	m->minute = take_digits(s, 2);
	if (m->minute < 0 || m->minute > 59)
		return false;
	if (!take_char(s, ":"))
		return true;
	m->second = take_digits(s, 2);
	if (m->second < 0 || m->second > 59)
		return false;
	return !take_char(s, ".") || take_fraction(s, m);
}

/* "Z", "+HH:MM", "+HHMM", "+HH" or nothing, which is the shop's time. */
static bool
take_zone(const char **s, struct moment *m)
{
	char sign = **s;
	int hour, minute = 0;

	snprintf(m->zone, sizeof(m->zone), "%s", sign == '\0' ? "+01:00" : "+00:00");
	if (sign == '\0' || take_char(s, "Zz"))
		return true;
	if (!take_char(s, "+-"))
		return false;
	hour = take_digits(s, 2);
	if (**s != '\0')
	{
		take_char(s, ":");
		minute = take_digits(s, 2);
	}
	if (hour < 0 || hour > 14 || minute < 0 || minute > 59)
		return false;
	snprintf(m->zone, sizeof(m->zone), "%c%02d:%02d", sign, hour, minute);
	return true;
}

static void
next_day(struct moment *m)
{
	if (++m->day <= days_in_month(m->year, m->month))
		return;
	m->day = 1;
	if (++m->month <= 12)
		return;
	m->month = 1;
	m->year++;
}

/* A day means its start, as an end the start of the next one; Africa/Algiers. */
static char *
type_time(const struct param_def *def, const char *text, size_t len, struct type_error *err)
{
	struct moment m = {.zone = "+01:00"};
	char copy[48];
	char out[80];
	const char *s = copy;
	bool ok;

	if (len >= sizeof(copy))
		return refuse(err, ERROR_FIELD_FORMAT);
	memcpy(copy, text, len);
	copy[len] = '\0';
	ok = take_date(&s, &m);
	if (ok && *s != '\0')
		ok = take_char(&s, "Tt ") && take_clock(&s, &m) && take_zone(&s, &m) && *s == '\0';
	else if (ok && def->type == T_TIME_TO)
		next_day(&m);
	if (!ok)
		return refuse(err, ERROR_FIELD_FORMAT);
	snprintf(out, sizeof(out), "%04d-%02d-%02d %02d:%02d:%02d%s%s", m.year, m.month, m.day, m.hour,
			 m.minute, m.second, m.fraction, m.zone);
	return accept_text(err, out);
}

/* ---- Entry points ---- */

char *
param_type_text(const struct param_def *def, const char *text, size_t len, struct type_error *err)
{
	memset(err, 0, sizeof(*err));
	if ((def->flags & P_TRIM) != 0)
		text_trim(&text, &len);
	if (len == 0 && (def->flags & P_NULL_IF_EMPTY) != 0)
		return NULL;
	switch (def->type)
	{
		case T_UUID:
		case T_UUID_ARRAY:
			return type_uuid(text, len, err);
		case T_TEXT:
		case T_SLUG_OR_ID:
			return type_text(def, text, len, err);
		case T_INT:
		case T_INT_ARRAY:
			return type_int(def, text, len, err);
		case T_MONEY:
			return type_money(def, text, len, err);
		case T_BOOL:
			return accept_text(err, (len == 4 && strncasecmp(text, "true", 4) == 0) ||
											(len == 1 && text[0] == '1')
										? "true"
										: "false");
		case T_CHOICE:
			return type_choice(def, text, len, err);
		case T_PHONE:
			return type_phone(def, text, len, err);
		case T_EMAIL:
			return type_email(def, text, len, err);
		case T_TIME_FROM:
		case T_TIME_TO:
			return type_time(def, text, len, err);
		case T_TEXT_LIST:
		case T_JSON_TEXT:
		case T_JSON_RAW:
		case T_FILE:
			break;
	}
	return refuse(err, ERROR_FIELD_TYPE);
}

/*
 * Any JSON value as its compact text; members sorted, so that order does not
 * count. A double keeps every decimal of 15 digits, and no amount has more: at
 * full precision 1500.10 would reach the database as 1500.0999999999999.
 */
static char *
type_json_text(const struct param_def *def, const json_t *value, struct type_error *err)
{
	char *dump = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY |
									   JSON_REAL_PRECISION(REAL_DIGITS));
	size_t len = dump == NULL ? 0 : strlen(dump);

	if (dump == NULL)
		return refuse(err, ERROR_INTERNAL_ERROR);
	if ((long long) len >= def->min && (long long) len <= def->max)
		return dump;
	free(dump);
	return refuse_bounds(err, ERROR_FIELD_LENGTH, def->min, def->max);
}

char *
param_type_json(const struct param_def *def, const json_t *value, struct type_error *err)
{
	memset(err, 0, sizeof(*err));
	switch (def->type)
	{
		case T_INT:
		case T_INT_ARRAY:
			if (json_is_integer(value))
				return accept_int(def, (long long) json_integer_value(value), err);
			break;
		case T_MONEY:
			if (json_is_integer(value))
				return money_from_int(def, json_integer_value(value), err);
			if (json_is_real(value))
				return money_from_real(def, json_real_value(value), err);
			break;
		case T_BOOL:
			if (json_is_boolean(value))
				return accept_text(err, json_is_true(value) ? "true" : "false");
			break;
		case T_JSON_TEXT:
			return type_json_text(def, value, err);
		default:
			if (json_is_string(value))
				return param_type_text(def, json_string_value(value), json_string_length(value),
									   err);
			break;
	}
	return refuse(err, ERROR_FIELD_TYPE);
}
