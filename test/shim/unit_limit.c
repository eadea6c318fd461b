/*
 * unit_limit.c - tests of limit.c, with a clock of their own.
 */
#include <stdio.h>

#include "../../shim/limit.h"
#include "tap.h"

#define ACCOUNT "0f0e0d0c-1111-4222-8333-00000000000"
#define T0 1000000 /* ms */
#define SMALL "order=30/min:15"

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
		int per_hour;
	} cases[] = {
		{RATE_READ, 1000, 60000}, {RATE_SEARCH, 100, 18000}, {RATE_ORDER, 20, 20},
		{RATE_SIGNUP, 20, 20},	  {RATE_TRACK, 10, 1200},	 {RATE_STAFF, 100, 6000},
		{RATE_CART, 500, 180000}, {RATE_EVENT, 300, 72000},
	};
	struct limit *limit = limit_new("", 1, 0);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		const char *name = routes_rate_name(cases[i].rate);
		int more = 0;

		tap_int(burst(limit, cases[i].rate, "192.0.2.1", T0), cases[i].burst, "limit: burst of %s",
				name);
		tap_ok(limit_take(limit, cases[i].rate, "192.0.2.1", T0) >= 1, "limit: %s says when", name);
		for (int ms = 10; ms <= 3600000; ms += 10)
			more += limit_take(limit, cases[i].rate, "192.0.2.1", T0 + ms) == 0;
		tap_int(more, cases[i].per_hour, "limit: one hour of %s", name);
	}
	tap_int(limit_take(limit, RATE_NONE, "192.0.2.1", T0), 0, "limit: no class, no limit");
	limit_free(limit);
}

static void
test_keys(void)
{
	struct limit *limit = limit_new("", 1, 0);

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
	burst(limit, RATE_ORDER, ACCOUNT "0", T0);
	tap_ok(limit_take(limit, RATE_ORDER, ACCOUNT "0", T0) > 0, "keys: an account is a key");
	tap_int(limit_take(limit, RATE_ORDER, ACCOUNT "1", T0), 0, "keys: the next one is another");
	tap_int(burst(limit, RATE_ORDER, "192.0.2.1", T0 + 3600000), 20,
			"keys: an hour later it is fresh");
	limit_free(limit);
}

static void
test_frontend(void)
{
	struct limit *limit = limit_new("frontend=100/s:50", 1, 0);

	tap_int(burst(limit, RATE_ORDER, LIMIT_FRONTEND, T0), 50, "frontend: has a rate of its own");
	tap_int(limit_take(limit, RATE_TRACK, LIMIT_FRONTEND, T0), 0, "frontend: in each class");
	for (int i = 0; i < 49; i++)
		limit_failure(limit, LIMIT_FRONTEND, T0);
	tap_int(limit_blocked(limit, LIMIT_FRONTEND, T0), 0, "frontend: one visitor blocks no other");
	limit_free(limit);
}

static void
test_look(void)
{
	struct limit *limit = limit_new("order=60/min:10", 1, 0);
	struct limit_state state = limit_look(limit, RATE_ORDER, "192.0.2.1", T0);

	tap_ok(state.limit == 10 && state.remaining == 10 && state.reset == 0, "look: fresh");
	limit_take(limit, RATE_ORDER, "192.0.2.1", T0);
	limit_look(limit, RATE_ORDER, "192.0.2.1", T0);
	state = limit_look(limit, RATE_ORDER, "192.0.2.1", T0);
	tap_ok(state.limit == 10 && state.remaining == 9 && state.reset == 1, "look: counts nothing");
	burst(limit, RATE_ORDER, "192.0.2.1", T0);
	state = limit_look(limit, RATE_ORDER, "192.0.2.1", T0);
	tap_ok(state.remaining == 0 && state.reset == 10, "look: used up");
	state = limit_look(limit, RATE_ORDER, "192.0.2.1", T0 + 2500);
	tap_ok(state.remaining == 2 && state.reset == 8, "look: two and a half seconds later");
	state = limit_look(limit, RATE_ORDER, "192.0.2.1", T0 + 3600000);
	tap_ok(state.remaining == 10 && state.reset == 0, "look: full again, no more than that");
	state = limit_look(limit, RATE_NONE, "192.0.2.1", T0);
	tap_ok(state.limit == 0 && state.remaining == 0, "look: no class, no limit");
	limit_free(limit);
}

/* What remains says exactly how many more are taken, whatever was before. */
static void
test_look_is_right(void)
{
	struct limit *limit = limit_new("order=7/s:23", 1, 0);
	unsigned seed = 4711;
	int64_t now = T0;
	int wrong = 0;

	for (int i = 0; i < 2000; i++)
	{
		int left;

		seed = seed * 1103515245u + 12345u;
		now += seed >> 16 & 2047;
		for (unsigned n = seed >> 8 & 7; n > 0; n--)
			limit_take(limit, RATE_ORDER, "192.0.2.1", now);
		if (i % 20 != 0)
			continue;
		left = limit_look(limit, RATE_ORDER, "192.0.2.1", now).remaining;
		wrong += left != burst(limit, RATE_ORDER, "192.0.2.1", now);
	}
	tap_int(wrong, 0, "look: what remains is what is taken");
	limit_free(limit);
}

static void
test_rates(void)
{
	static const char *const good[] = {"",
									   "api=1/s",
									   "api=1000/min:200",
									   " api=5/h , order=2/h:1 ",
									   "auth=20/min,",
									   "frontend=1000000/s:1000000",
									   LIMIT_DEFAULTS};
	static const char *const bad[] = {"api",
									  "api=",
									  "api=5",
									  "api=5/",
									  "api=5/m",
									  "api=5/day",
									  "api=/min",
									  "api=0/min",
									  "api=-5/min",
									  "api=5.5/min",
									  "api=5/min:",
									  "api=5/min:0",
									  "=5/min",
									  "none=5/min",
									  "read=5/min",
									  "API=5/min",
									  "api=5/min order=2/h",
									  "api=5/s5",
									  "api=5/min:x",
									  "api=1e3/min",
									  "api=99999999999999999999/s",
									  "api=1000001/s",
									  "api=5/min,x=1/s"};
	struct limit *limit = limit_new("order=5/min,order=3/h:2", 1, 0);

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		tap_ok(limit_rates_ok(good[i]), "rates: '%s'", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		tap_ok(!limit_rates_ok(bad[i]), "rates: not '%s'", bad[i]);
	tap_int(burst(limit, RATE_ORDER, "192.0.2.1", T0), 2, "rates: the last word counts");
	tap_int(limit_take(limit, RATE_ORDER, "192.0.2.1", T0), 1200, "rates: three an hour");
	tap_int(burst(limit, RATE_STAFF, "192.0.2.1", T0), 100, "rates: others stay");
	limit_free(limit);
}

static void
test_failures(void)
{
	struct limit *limit = limit_new("", 1, 0);

	tap_int(limit_blocked(limit, "192.0.2.1", T0), 0, "failures: none, not blocked");
	for (int i = 0; i < 19; i++)
		limit_failure(limit, "192.0.2.1", T0);
	tap_int(limit_blocked(limit, "192.0.2.1", T0), 0, "failures: nineteen, not blocked");
	for (int i = 0; i < 100; i++)
		limit_take(limit, RATE_AUTH, "192.0.2.1", T0);
	tap_int(limit_blocked(limit, "192.0.2.1", T0), 0, "failures: asking does not count");
	limit_failure(limit, "192.0.2.1", T0);
	tap_int(limit_blocked(limit, "192.0.2.1", T0), 3, "failures: twenty, blocked for 3 s");
	tap_int(limit_take(limit, RATE_AUTH, "192.0.2.1", T0), 3, "failures: limit_take says the same");
	tap_int(limit_blocked(limit, "192.0.2.2", T0), 0, "failures: not the neighbour");
	limit_failure(limit, "192.0.2.1", T0);
	tap_int(limit_blocked(limit, "192.0.2.1", T0), 3, "failures: more do not lengthen it");
	tap_int(limit_blocked(limit, "192.0.2.1", T0 + 2999), 1, "failures: the last second");
	tap_int(limit_blocked(limit, "192.0.2.1", T0 + 3000), 0, "failures: one more try after 3 s");
	limit_failure(limit, "192.0.2.1", T0 + 3000);
	tap_int(limit_blocked(limit, "192.0.2.1", T0 + 3000), 3, "failures: and only one");
	tap_int(limit_blocked(limit, "192.0.2.1", T0 + 3000 + 60000), 0,
			"failures: forgotten in a minute");
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
		struct limit *limit = limit_new(SMALL, cases[i].scale, 4);
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
	struct limit *limit = limit_new(SMALL, 1, 8);
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
	test_frontend();
	test_look();
	test_look_is_right();
	test_rates();
	test_failures();
	test_scale();
	test_eviction();
}
