/*
 * calendar.c - the shop's days and years: Africa/Algiers, UTC+1, no summer time.
 */
#include "postgres.h"

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
