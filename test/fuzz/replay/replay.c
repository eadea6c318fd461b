/*
 * replay.c - gives the kept inputs of a fuzz target to it once more, without libFuzzer.
 *
 * Linked with one target, so that make test and make asan hold what fuzzing has found:
 * "build/test/fuzz/NAME" reads test/fuzz/corpus/NAME and prints TAP. An input that breaks
 * the target ends the program before its plan.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX 1048576

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
replay(const char *folder, const char *name)
{
	char path[512];
	uint8_t *data = malloc(INPUT_MAX);
	FILE *file;
	size_t size;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "rb");
	if (file == NULL || data == NULL)
	{
		printf("Bail out! %s cannot be read\n", path);
		exit(1);
	}
	/* Told before, so that the last line names the one that breaks it. */
	printf("# %s\n", path);
	fflush(stdout);
	size = fread(data, 1, INPUT_MAX, file);
	fclose(file);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
}

int
main(int argc, char **argv)
{
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
	char folder[256];
	struct dirent *entry;
	int inputs = 0;
	DIR *dir;

	snprintf(folder, sizeof(folder), "test/fuzz/corpus/%s", slash == NULL ? "" : slash + 1);
	dir = opendir(folder);
	while (dir != NULL && (entry = readdir(dir)) != NULL)
	{
		if (entry->d_name[0] == '.')
			continue;
		replay(folder, entry->d_name);
		inputs++;
	}
	if (dir != NULL)
		closedir(dir);
	printf("%s 1 - %s: %d inputs\n1..1\n", inputs > 0 ? "ok" : "not ok", folder, inputs);
	return inputs > 0 ? 0 : 1;
}
