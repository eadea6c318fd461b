/*
 * calendar.h - the shop's days and years.
 */
#ifndef MJC_CALENDAR_H
#define MJC_CALENDAR_H

#include "utils/date.h"
#include "utils/timestamp.h"

extern DateADT mjc_algiers_date(TimestampTz at);
extern int mjc_algiers_year(TimestampTz at);

#endif /* MJC_CALENDAR_H */
