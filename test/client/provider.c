/*
 * provider.c - what the shim makes of a provider's report, and what it asks a provider for.
 *
 * Reads lines, prints one for each. Bytes are base64url.
 *   verify TAB provider TAB secret TAB now TAB header TAB body     good | bad
 *   checkout TAB provider TAB address TAB create (JSON)            url TAB body TAB headers...
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../shim/outcall.h"
#include "../../shim/provider.h"

#define FIELDS 6

/* The bytes of a base64url text, NUL-terminated; malloc'ed. */
static char *
bytes_of(const char *text, size_t *len)
{
	char *out = malloc(strlen(text) + 1);

	if (out == NULL || !text_base64url_decode(text, strlen(text), (unsigned char *) out, len))
		exit(1);
	out[*len] = '\0';
	return out;
}

static void
verify(const struct provider *provider, char *const field[FIELDS])
{
	struct provider_settings settings = {.secret = field[2]};
	size_t header_len, body_len;
	char *header = bytes_of(field[4], &header_len);
	char *body = bytes_of(field[5], &body_len);
	struct str raw = {body, body_len};

	puts(provider->verify(&settings, header, &raw, strtoll(field[3], NULL, 10)) ? "good" : "bad");
	free(header);
	free(body);
}

static void
checkout(const struct provider *provider, char *const field[FIELDS])
{
	struct provider_settings settings = {.key = "sk_test_1",
										 .url = field[2],
										 .success_url = "https://shop.example/success",
										 .failure_url = "https://shop.example/failure"};
	struct provider_checkout wish;
	struct outcall_job job = {0};
	size_t len;
	char *text = bytes_of(field[3], &len);
	json_t *create = json_loadb(text, len, 0, NULL);

	if (provider_checkout_read(create, "fr", &wish) != provider ||
		!provider->checkout(&settings, &wish, &job))
		exit(1);
	printf("%s\t%s", job.url, job.body);
	for (int i = 0; i < job.headers; i++)
		printf("\t%s", job.header[i]);
	putchar('\n');
	outcall_clear(&job);
	json_decref(create);
	free(text);
}

int
main(void)
{
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stdin) > 0)
	{
		char *field[FIELDS] = {0};
		char *rest = line;
		const struct provider *provider;
		int n = 0;

		line[strcspn(line, "\n")] = '\0';
		while (n < FIELDS && rest != NULL)
			field[n++] = strsep(&rest, "\t");
		provider = n < 4 ? NULL : provider_find(field[1]);
		if (provider == NULL)
			return 1;
		if (strcmp(field[0], "verify") == 0 && n == FIELDS)
			verify(provider, field);
		else if (strcmp(field[0], "checkout") == 0)
			checkout(provider, field);
		else
			return 1;
	}
	free(line);
	return 0;
}
