/*
 * calendar.c - the shop's days and years: Africa/Algiers, UTC+1, no summer time.
 *
 * Rules deal with the present and use that. Periods of reports ask the server's time zone data,
 * which also know the past, and would know of a change.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/datetime.h"

#include "args.h"
#include "calendar.h"
#include "error.h"

#define ALGIERS_OFFSET (INT64CONST(3600) * USECS_PER_SEC)

/* mjc_algiers_date - the shop's day of an instant, in days since 2000-01-01. */
DateADT
mjc_algiers_date(TimestampTz at)
{
	TimestampTz local = at + ALGIERS_OFFSET;
	int64 days = local / USECS_PER_DAY;

	return (DateADT) (local % USECS_PER_DAY < 0 ? days - 1 : days);
}

/* mjc_algiers_year - the shop's year of an instant. */
int
mjc_algiers_year(TimestampTz at)
{
	int year, month, day;

	j2date(mjc_algiers_date(at) + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	return year;
}

/* mjc_iso_text - an instant as the REST contract writes it, into `text`; false: it is infinite. */
bool
mjc_iso_text(TimestampTz at, char text[MJC_ISO_SIZE])
{
	struct pg_tm tm;
	fsec_t fsec;

	if (TIMESTAMP_NOT_FINITE(at))
		return false;
	if (timestamp2tm(at, NULL, &tm, &fsec, NULL, NULL) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE), errmsg("timestamp out of range")));
	/* A year before our era is printed by its number, as to_char does. */
	snprintf(text, MJC_ISO_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
			 tm.tm_year > 0 ? tm.tm_year : 1 - tm.tm_year, tm.tm_mon, tm.tm_mday, tm.tm_hour,
			 tm.tm_min, tm.tm_sec, (int) (fsec / 1000));
	return true;
}

/* mjc_calendar - what this call of a function keeps between rows. */
MjcCalendar *
mjc_calendar(FunctionCallInfo fcinfo)
{
	MjcCalendar *calendar = fcinfo->flinfo->fn_extra;

	if (calendar == NULL)
	{
		calendar = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(MjcCalendar));
		calendar->zone = pg_tzset("Africa/Algiers");
		MJC_ENSURE(calendar->zone != NULL, "the server knows the time zone Africa/Algiers");
		calendar->month_day = DATEVAL_NOBEGIN;
		fcinfo->flinfo->fn_extra = calendar;
	}
	return calendar;
}

/* Looks up the offset at an instant and until when it holds. */
static void
find_offset(MjcCalendar *calendar, TimestampTz at)
{
	const pg_time_t epoch = (pg_time_t) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY;
	pg_time_t seconds = at / USECS_PER_SEC - (at % USECS_PER_SEC < 0 ? 1 : 0) + epoch;
	pg_time_t boundary;
	long offset, after_offset;
	int is_dst, after_is_dst;
	int found = pg_next_dst_boundary(&seconds, &offset, &is_dst, &boundary, &after_offset,
									 &after_is_dst, calendar->zone);

	MJC_ENSURE(found >= 0, "the time zone has an offset at every time");
	calendar->from = at;
	calendar->until = found == 0 ? DT_NOEND : (boundary - epoch) * USECS_PER_SEC;
	calendar->offset = offset * USECS_PER_SEC;
}

/* mjc_period_of_day - the number of the period of a unit that a day is in. */
int32
mjc_period_of_day(MjcCalendar *calendar, MjcPeriod unit, DateADT day)
{
	int year, month, day_of_month;

	switch (unit)
	{
		case MJC_DAY:
			return day;
		case MJC_WEEK:
			/* Day 2 (2000-01-03) is a Monday. */
			return (day - 2) / 7 - ((day - 2) % 7 < 0 ? 1 : 0);
		case MJC_MONTH:
			break;
	}
	if (calendar->month_day != day)
	{
		j2date(day + POSTGRES_EPOCH_JDATE, &year, &month, &day_of_month);
		calendar->month = year * MONTHS_PER_YEAR + month - 1;
		calendar->month_day = day;
	}
	return calendar->month;
}

/*
 * mjc_period_at - the number of the period of a unit that an instant is in, in Algiers.
 *
 * Errors: MJ006 an infinite time.
 */
int32
mjc_period_at(MjcCalendar *calendar, MjcPeriod unit, TimestampTz at)
{
	TimestampTz local;

	if (TIMESTAMP_NOT_FINITE(at))
		MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", "at", 0});
	if (at < calendar->from || at >= calendar->until)
		find_offset(calendar, at);
	local = at + calendar->offset;
	return mjc_period_of_day(
		calendar, unit, (DateADT) (local / USECS_PER_DAY - (local % USECS_PER_DAY < 0 ? 1 : 0)));
}

/* mjc_period_start - the first day of the period of that number. */
DateADT
mjc_period_start(MjcPeriod unit, int32 number)
{
	int year;

	switch (unit)
	{
		case MJC_DAY:
			return number;
		case MJC_WEEK:
			return number * 7 + 2;
		case MJC_MONTH:
			break;
	}
	year = number / MONTHS_PER_YEAR - (number % MONTHS_PER_YEAR < 0 ? 1 : 0);
	return date2j(year, number - year * MONTHS_PER_YEAR + 1, 1) - POSTGRES_EPOCH_JDATE;
}

/* mjc_arg_period - text argument n: day, week or month. Errors: MJ003 NULL; MJ010 another word. */
MjcPeriod
mjc_arg_period(FunctionCallInfo fcinfo, int n, const char *name)
{
	static const char *const words[] = {"day", "week", "month"};
	const text *word;

	mjc_arg_require(fcinfo, n, name);
	word = PG_GETARG_TEXT_PP(n);
	for (int unit = MJC_DAY; unit <= MJC_MONTH; unit++)
		if (VARSIZE_ANY_EXHDR(word) == strlen(words[unit]) &&
			memcmp(VARDATA_ANY(word), words[unit], strlen(words[unit])) == 0)
			return (MjcPeriod) unit;
	MJC_RAISE(MJC_ERR_ARGUMENT_INVALID, {"argument", name, 0});
}

/* ----------------------------------------------------- SQL entry points -- */

PG_FUNCTION_INFO_V1(mjc_iso);
/* mjc.iso(at timestamptz) - ISO 8601, UTC, milliseconds; NULL when it is infinite. */
Datum
mjc_iso(PG_FUNCTION_ARGS)
{
	char text[MJC_ISO_SIZE];

	if (!mjc_iso_text(PG_GETARG_TIMESTAMPTZ(0), text))
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(text));
}
