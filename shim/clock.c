/*
 * clock.c - the two clocks of the shim.
 */
#include "clock.h"

#include <stdio.h>
#include <time.h>

int64_t
clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t
clock_ms(void)
{
	return clock_us() / 1000;
}

void
clock_iso(char out[CLOCK_ISO_SIZE])
{
	struct timespec now;
	struct tm utc;
	char day[24];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(out, CLOCK_ISO_SIZE, "%s.%03dZ", day, (int) (now.tv_nsec / 1000000));
}
