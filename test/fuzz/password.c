/*
 * password.c - libFuzzer entry: what is asked of a new password.
 *
 * The input is "word\npassword". Whatever it is, an answer comes and nothing is
 * read past its end; what bcrypt would cut or misread is never good.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../shim/password.h"

#define INPUT_MAX_BYTES 1024

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size == 0 ? NULL : memchr(data, '\n', size);
	size_t word_len = end == NULL ? 0 : (size_t) (end - data);
	size_t len = end == NULL ? size : size - word_len - 1;
	char *word, *password;
	const char *words[1];

	if (size > INPUT_MAX_BYTES)
		return 0;
	word = calloc(1, word_len + 1);
	password = malloc(len + 1);
	if (end != NULL)
		memcpy(word, data, word_len);
	if (len > 0)
		memcpy(password, data + size - len, len);
	password[len] = '\0';
	words[0] = word;
	if (password_good(password, len, words, 1) &&
		(len < PASSWORD_BYTES_MIN || len > PASSWORD_BYTES_MAX || strlen(password) != len))
		abort();
	free(word);
	free(password);
	return 0;
}
