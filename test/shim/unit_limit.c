/*
 * unit_limit.c - tests of limit.c, with a clock of their own.
 */
#include <stdio.h>

#include "../../shim/limit.h"
#include "tap.h"

#define T0 1000000 /* ms */

/* How many requests of a class pass at one moment. */
static int
burst(struct limit *limit, enum rate_class rate, const char *addr, int64_t now_ms)
{
	int n = 0;

	while (n < 100000 && limit_take(limit, rate, addr, now_ms) == 0)
		n++;
	return n;
}

static void
test_bursts(void)
{
	static const struct
	{
		enum rate_class rate;
		int burst;
		int per_minute;
	} cases[] = {
		{RATE_READ, 200, 1200}, {RATE_SEARCH, 100, 600}, {RATE_ORDER, 15, 30},
		{RATE_TRACK, 15, 30},	{RATE_STAFF, 300, 1200}, {RATE_CART, 1000, 6000},
	};
	struct limit *limit = limit_new(1, 0);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		const char *name = routes_rate_name(cases[i].rate);
		int more = 0;

		tap_int(burst(limit, cases[i].rate, "192.0.2.1", T0), cases[i].burst, "limit: burst of %s",
				name);
		tap_ok(limit_take(limit, cases[i].rate, "192.0.2.1", T0) >= 1, "limit: %s says when", name);
		for (int ms = 1; ms <= 60000; ms++)
			more += limit_take(limit, cases[i].rate, "192.0.2.1", T0 + ms) == 0;
		tap_int(more, cases[i].per_minute, "limit: one minute of %s", name);
	}
	tap_int(limit_take(limit, RATE_NONE, "192.0.2.1", T0), 0, "limit: no class, no limit");
	limit_free(limit);
}

static void
test_keys(void)
{
	struct limit *limit = limit_new(1, 0);

	burst(limit, RATE_ORDER, "192.0.2.1", T0);
	tap_ok(limit_take(limit, RATE_ORDER, "192.0.2.1", T0) > 0, "keys: the address is full");
	tap_int(limit_take(limit, RATE_ORDER, "192.0.2.2", T0), 0, "keys: its neighbour is not");
	tap_int(limit_take(limit, RATE_TRACK, "192.0.2.1", T0), 0, "keys: its other class is not");
	tap_ok(limit_take(limit, RATE_ORDER, "::ffff:192.0.2.1", T0) > 0,
		   "keys: the mapped form is the same");
	burst(limit, RATE_ORDER, "2001:db8:1:2::1", T0);
	tap_ok(limit_take(limit, RATE_ORDER, "2001:db8:1:2:ffff::9", T0) > 0, "keys: IPv6 by its /64");
	tap_int(limit_take(limit, RATE_ORDER, "2001:db8:1:3::1", T0), 0,
			"keys: the next /64 is another");
	burst(limit, RATE_ORDER, "unix", T0);
	tap_ok(limit_take(limit, RATE_ORDER, "unix", T0) > 0, "keys: any text is a key");
	tap_int(limit_take(limit, RATE_ORDER, "", T0), 0, "keys: even the empty one");
	tap_int(burst(limit, RATE_ORDER, "192.0.2.1", T0 + 3600000), 15,
			"keys: an hour later it is fresh");
	limit_free(limit);
}

static void
test_failures(void)
{
	struct limit *limit = limit_new(1, 0);

	tap_int(limit_blocked(limit, "192.0.2.1", T0), 0, "failures: none, not blocked");
	for (int i = 0; i < 9; i++)
		limit_failure(limit, "192.0.2.1", T0);
	tap_int(limit_blocked(limit, "192.0.2.1", T0), 0, "failures: nine, not blocked");
	for (int i = 0; i < 100; i++)
		limit_take(limit, RATE_AUTH, "192.0.2.1", T0);
	tap_int(limit_blocked(limit, "192.0.2.1", T0), 0, "failures: asking does not count");
	limit_failure(limit, "192.0.2.1", T0);
	tap_int(limit_blocked(limit, "192.0.2.1", T0), 90, "failures: ten, blocked for 90 s");
	tap_int(limit_take(limit, RATE_AUTH, "192.0.2.1", T0), 90,
			"failures: limit_take says the same");
	tap_int(limit_blocked(limit, "192.0.2.2", T0), 0, "failures: not the neighbour");
	limit_failure(limit, "192.0.2.1", T0);
	tap_int(limit_blocked(limit, "192.0.2.1", T0), 90, "failures: eleven do not lengthen it");
	tap_int(limit_blocked(limit, "192.0.2.1", T0 + 89999), 1, "failures: the last second");
	tap_int(limit_blocked(limit, "192.0.2.1", T0 + 90000), 0, "failures: one more try after 90 s");
	limit_failure(limit, "192.0.2.1", T0 + 90000);
	tap_int(limit_blocked(limit, "192.0.2.1", T0 + 90000), 90, "failures: and only one");
	tap_int(limit_blocked(limit, "192.0.2.1", T0 + 90000 + 900000), 0,
			"failures: forgotten in 15 min");
	limit_failure(limit, "192.0.2.1", T0 + 7200000);
	tap_int(limit_blocked(limit, "192.0.2.1", T0 + 7200000), 0, "failures: one after two hours");
	limit_free(limit);
}

static void
test_scale(void)
{
	static const struct
	{
		double scale;
		int burst;
	} cases[] = {{2, 30}, {0.5, 7}, {0.001, 1}, {1e-300, 1}, {1e9, 100000}, {1e300, 100000}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		struct limit *limit = limit_new(cases[i].scale, 4);
		int got = burst(limit, RATE_ORDER, "192.0.2.1", T0);

		/* half a request of a burst may fall on either side */
		tap_ok(got == cases[i].burst || got == cases[i].burst + 1, "scale: %g gives %d",
			   cases[i].scale, got);
		limit_free(limit);
	}
}

static void
test_eviction(void)
{
	struct limit *limit = limit_new(1, 8);
	char addr[32];

	burst(limit, RATE_ORDER, "192.0.2.250", T0);
	burst(limit, RATE_ORDER, "192.0.2.251", T0);
	for (int i = 0; i < 7; i++)
	{
		snprintf(addr, sizeof(addr), "198.51.100.%d", i);
		limit_take(limit, RATE_ORDER, addr, T0);
		limit_take(limit, RATE_ORDER, "192.0.2.251", T0);
	}
	tap_ok(limit_take(limit, RATE_ORDER, "192.0.2.251", T0) > 0, "eviction: the busy one stays");
	tap_int(limit_take(limit, RATE_ORDER, "192.0.2.250", T0), 0, "eviction: the idle one went");
	for (int i = 0; i < 100000; i++)
	{
		snprintf(addr, sizeof(addr), "10.%d.%d.%d", i >> 16 & 255, i >> 8 & 255, i & 255);
		limit_take(limit, RATE_ORDER, addr, T0 + i);
	}
	tap_int(limit_take(limit, RATE_ORDER, "192.0.2.251", T0 + 100000), 0,
			"eviction: a flood is survived");
	limit_free(limit);
	limit_free(NULL);
}

void
test_limit(void)
{
	test_bursts();
	test_keys();
	test_failures();
	test_scale();
	test_eviction();
}
