/*
 * verify.c - what it costs to judge a token.
 *
 * Reads lines "name TAB token", prints "name TAB code TAB microseconds": what token_verify
 * says and the median CPU time of one call. The secret is in MJC_JWT_SECRET.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../shim/token.h"

#define CALLS 201

static double
cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double) t.tv_sec * 1e6 + (double) t.tv_nsec / 1e3;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *) a, y = *(const double *) b;

	return (x > y) - (x < y);
}

static const char *
code_of(enum error_id id)
{
	switch (id)
	{
		case ERROR_NONE:
			return "NONE";
		case ERROR_TOKEN_EXPIRED:
			return "TOKEN_EXPIRED";
		case ERROR_TOKEN_INVALID:
			return "TOKEN_INVALID";
		default:
			return "OTHER";
	}
}

static void
judge(const struct token_secrets *secrets, const char *name, const char *token)
{
	double times[CALLS];
	enum error_id result = ERROR_NONE;
	struct caller who;

	for (int i = 0; i < CALLS; i++)
	{
		double start = cpu_us();

		result = token_verify(secrets, token, strlen(token), (int64_t) time(NULL), &who);
		times[i] = cpu_us() - start;
	}
	qsort(times, CALLS, sizeof(times[0]), compare);
	printf("%s\t%s\t%.1f\n", name, code_of(result), times[CALLS / 2]);
}

int
main(void)
{
	const char *secret = getenv("MJC_JWT_SECRET");
	struct token_secrets secrets = {{NULL, 0}, {NULL, 0}};
	char *line = NULL;
	size_t size = 0;

	if (secret == NULL)
		return 1;
	secrets.current = (struct str){secret, strlen(secret)};
	while (getline(&line, &size, stdin) > 0)
	{
		char *token = strchr(line, '\t');

		if (token == NULL)
			continue;
		*token++ = '\0';
		token[strcspn(token, "\n")] = '\0';
		judge(&secrets, line, token);
	}
	free(line);
	return 0;
}
