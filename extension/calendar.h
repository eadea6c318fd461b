/*
 * calendar.h - the shop's days, weeks, months and years.
 */
#ifndef MJC_CALENDAR_H
#define MJC_CALENDAR_H

#include "fmgr.h"
#include "pgtime.h"
#include "utils/date.h"
#include "utils/timestamp.h"

extern DateADT mjc_algiers_date(TimestampTz at);
extern int mjc_algiers_year(TimestampTz at);

#define MJC_ISO_SIZE 40
extern bool mjc_iso_text(TimestampTz at, char text[MJC_ISO_SIZE]);

/* Periods are numbered without gaps; the numbers of different units have nothing in common. */
typedef enum MjcPeriod
{
	MJC_DAY,
	MJC_WEEK, /* from Monday, as in ISO 8601 */
	MJC_MONTH
} MjcPeriod;

/* What a function that is called for millions of rows keeps: the offset in force, the last month.
 */
typedef struct MjcCalendar
{
	pg_tz *zone;
	TimestampTz from;  /* `offset` is in force from here */
	TimestampTz until; /* to before here */
	int64 offset;	   /* microseconds east of UTC */
	DateADT month_day; /* a day, */
	int32 month;	   /* and its month */
} MjcCalendar;

extern MjcCalendar *mjc_calendar(FunctionCallInfo fcinfo);
extern int32 mjc_period_at(MjcCalendar *calendar, MjcPeriod unit, TimestampTz at);
extern int32 mjc_period_of_day(MjcCalendar *calendar, MjcPeriod unit, DateADT day);
extern DateADT mjc_period_start(MjcPeriod unit, int32 number);
extern MjcPeriod mjc_arg_period(FunctionCallInfo fcinfo, int n, const char *name);

#endif /* MJC_CALENDAR_H */
