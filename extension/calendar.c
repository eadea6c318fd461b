/*
 * calendar.c - the shop's days and years: Africa/Algiers, UTC+1, no summer time.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/datetime.h"

#include "calendar.h"

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

/* ----------------------------------------------------- SQL entry points -- */

PG_FUNCTION_INFO_V1(mjc_iso);
/* mjc.iso(at timestamptz) - ISO 8601, UTC, milliseconds; NULL when it is infinite. */
Datum
mjc_iso(PG_FUNCTION_ARGS)
{
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(0);
	struct pg_tm tm;
	fsec_t fsec;

	if (TIMESTAMP_NOT_FINITE(at))
		PG_RETURN_NULL();
	if (timestamp2tm(at, NULL, &tm, &fsec, NULL, NULL) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE), errmsg("timestamp out of range")));
	/* A year before our era is printed by its number, as to_char does. */
	PG_RETURN_TEXT_P(cstring_to_text(psprintf(
		"%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year > 0 ? tm.tm_year : 1 - tm.tm_year,
		tm.tm_mon, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int) (fsec / 1000))));
}
