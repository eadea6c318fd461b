/*
 * error.c - business errors rendered for people and programs.
 *
 * Invariants: texts, codes and statuses come from extension/errcodes.def only;
 * a body never holds a value of the request, only numbers and names that the
 * database or the route table gave.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "error.h"
#include "text.h"

#define PLACE_NAME_MAX 40	/* bytes of a {name} in a text */
#define PLACE_VALUE_MAX 200 /* bytes of a value put in its place */

struct error_row
{
	const char *code;
	const char *sqlstate;
	int status;
	const char *text[2]; /* by enum lang */
};

static const struct error_row error_table[ERROR__MAX] = {
	[ERROR_NONE] = {"INTERNAL_ERROR", "", 500, {"Erreur", "خطأ"}},
#define MJC_ERROR(name, sqlstate, status, en, fr, ar)                                              \
	[ERROR_##name] = {#name, sqlstate, status, {fr, ar}},
#include "../extension/errcodes.def"
#undef MJC_ERROR
};

/* ---- Problems ---- */

void
error_free(struct problem *p)
{
	json_decref(p->values);
	json_decref(p->fields);
	memset(p, 0, sizeof(*p));
}

void
error_set(struct problem *p, enum error_id id)
{
	error_free(p);
	p->id = id;
}

void
error_set_pg(struct problem *p, const char *sqlstate, const char *detail)
{
	error_set(p, error_from_sqlstate(sqlstate));
	if (detail == NULL || sqlstate == NULL || strncmp(sqlstate, "MJ", 2) != 0)
		return;
	p->values = json_loads(detail, JSON_REJECT_DUPLICATES, NULL);
	if (p->values != NULL && !json_is_object(p->values))
	{
		json_decref(p->values);
		p->values = NULL;
	}
}

static bool
field_known(const json_t *fields, const char *field)
{
	size_t i;
	json_t *entry;

	json_array_foreach (fields, i, entry)
	{
		if (strcmp(json_string_value(json_object_get(entry, "field")), field) == 0)
			return true;
	}
	return false;
}

void
error_add_field(struct problem *p, const char *field, enum error_id id, json_t *values)
{
	json_t *entry;

	p->id = ERROR_VALIDATION_ERROR;
	if (p->fields == NULL)
		p->fields = json_array();
	if (json_array_size(p->fields) >= ERROR_MAX_FIELDS || field_known(p->fields, field))
	{
		json_decref(values);
		return;
	}
	entry = json_pack("{s:s, s:i}", "field", field, "id", (int) id);
	if (values != NULL)
		json_object_set_new(entry, "values", values);
	json_array_append_new(p->fields, entry);
}

/* ---- Language ---- */

/* Weight of an Accept-Language entry in thousandths; -1 when it cannot be read. */
static int
entry_weight(const char *params, size_t len)
{
	int weight = 0;
	int unit = 100;

	text_trim(&params, &len);
	if (len == 0)
		return 1000;
	if (len < 3 || (params[0] != 'q' && params[0] != 'Q') || params[1] != '=')
		return -1;
	if (params[2] == '1')
		return 1000;
	if (params[2] != '0' || (len > 3 && params[3] != '.'))
		return -1;
	for (size_t i = 4; i < len && unit > 0; i++, unit /= 10)
	{
		if (params[i] < '0' || params[i] > '9')
			return -1;
		weight += (params[i] - '0') * unit;
	}
	return weight;
}

/* Whether tag is the language, alone or with a region ("ar", "ar-DZ"). */
static bool
tag_is(const char *tag, size_t len, const char *language)
{
	return len >= 2 && strncasecmp(tag, language, 2) == 0 && (len == 2 || tag[2] == '-');
}

enum lang
error_lang(const char *accept_language)
{
	enum lang best = LANG_FR;
	int best_weight = 0;
	struct str item;

	while (text_list_next(&accept_language, &item))
	{
		const char *semicolon = item.len == 0 ? NULL : memchr(item.ptr, ';', item.len);
		size_t tag_len = semicolon == NULL ? item.len : (size_t) (semicolon - item.ptr);
		size_t rest = semicolon == NULL ? 0 : item.len - tag_len - 1;
		const char *tag = item.ptr;
		int weight = entry_weight(semicolon == NULL ? "" : semicolon + 1, rest);

		text_trim(&tag, &tag_len);
		if (weight <= best_weight)
			continue;
		if (!tag_is(tag, tag_len, "fr") && !tag_is(tag, tag_len, "ar"))
			continue;
		best = tag_is(tag, tag_len, "ar") ? LANG_AR : LANG_FR;
		best_weight = weight;
	}
	return best;
}

/* ---- Rendering ---- */

static void
render_string(FILE *out, const char *text)
{
	size_t len = strlen(text);

	if (len > PLACE_VALUE_MAX)
	{
		len = PLACE_VALUE_MAX;
		while (len > 0 && ((unsigned char) text[len] & 0xC0) == 0x80)
			len--;
	}
	fwrite(text, 1, len, out);
}

static void
render_value(FILE *out, const json_t *value)
{
	if (json_is_string(value))
		render_string(out, json_string_value(value));
	else if (json_is_integer(value))
		fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value))
		fprintf(out, "%.15g", json_real_value(value));
	else
		fputc('?', out);
}

/* Write a text with its {places} filled from values (object or NULL). */
static void
render(FILE *out, const char *text, const json_t *values)
{
	while (*text != '\0')
	{
		char name[PLACE_NAME_MAX];
		const char *close = *text == '{' ? strchr(text, '}') : NULL;
		size_t len = close == NULL ? 0 : (size_t) (close - text - 1);

		if (close == NULL || len >= sizeof(name))
		{
			fputc(*text++, out);
			continue;
		}
		memcpy(name, text + 1, len);
		name[len] = '\0';
		render_value(out, json_object_get(values, name));
		text = close + 1;
	}
}

/* New reference to the rendered text of an error; NULL without memory. */
static json_t *
rendered(enum error_id id, enum lang lang, const json_t *values)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	json_t *string;

	if (out == NULL)
		return NULL;
	render(out, error_table[id].text[lang], values);
	if (fclose(out) != 0)
	{
		free(text);
		return NULL;
	}
	string = json_stringn(text, len);
	free(text);
	return string;
}

static enum error_id
checked(enum error_id id)
{
	return id > ERROR_NONE && id < ERROR__MAX ? id : ERROR_INTERNAL_ERROR;
}

/* The errors array of the body: {field,path,msg,message} each. */
static json_t *
rendered_fields(const json_t *fields, enum lang lang)
{
	json_t *errors = json_array();
	json_t *entry;
	size_t i;

	json_array_foreach (fields, i, entry)
	{
		json_t *name = json_object_get(entry, "field");
		enum error_id id = (enum error_id) json_integer_value(json_object_get(entry, "id"));
		json_t *text = rendered(checked(id), lang, json_object_get(entry, "values"));
		json_t *error = json_pack("{s:O, s:O, s:O, s:o}", "field", name, "path", name, "msg", text,
								  "message", text);

		json_array_append_new(errors, error);
	}
	return errors;
}

char *
error_body(const struct problem *p, enum lang lang, int *status, size_t *len)
{
	enum error_id id = checked(p->id);
	json_t *text = rendered(id, lang, p->values);
	json_t *body = json_pack("{s:b, s:O, s:o, s:s}", "success", 0, "message", text, "error", text,
							 "code", error_table[id].code);
	char *dump;

	*status = error_table[id].status;
	*len = 0;
	if (body != NULL && *status == 429)
		json_object_set_new(body, "retryAfter", json_integer(error_retry_after(p)));
	if (body != NULL && json_array_size(p->fields) > 0)
		json_object_set_new(body, "errors", rendered_fields(p->fields, lang));
	dump = json_dumps(body, JSON_COMPACT);
	json_decref(body);
	if (dump != NULL)
		*len = strlen(dump);
	return dump;
}

enum error_id
error_from_code(const char *code)
{
	for (int id = ERROR_NONE + 1; code != NULL && id < ERROR__MAX; id++)
	{
		if (strcmp(error_table[id].code, code) == 0)
			return (enum error_id) id;
	}
	return ERROR_INTERNAL_ERROR;
}

char *
error_messages(const char *json, enum lang lang, size_t *len)
{
	json_t *root = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
	json_t *errors = json_object_get(root, "errors");
	bool good = json_is_array(errors);
	char *dump = NULL;
	json_t *entry;
	size_t i;

	json_array_foreach (errors, i, entry)
	{
		enum error_id id = error_from_code(json_string_value(json_object_get(entry, "code")));
		json_t *text = rendered(id, lang, json_object_get(entry, "values"));

		if (json_object_set_new(entry, "message", text) != 0)
			good = false;
		json_object_del(entry, "values");
	}
	if (good)
		dump = json_dumps(root, JSON_COMPACT);
	json_decref(root);
	*len = dump == NULL ? 0 : strlen(dump);
	return dump;
}

/* ---- Look-ups ---- */

const char *
error_code(enum error_id id)
{
	return error_table[checked(id)].code;
}

int
error_status(enum error_id id)
{
	return error_table[checked(id)].status;
}

int
error_retry_after(const struct problem *p)
{
	int status = error_status(p->id);

	if (status != 429 && status != 503 && p->id != ERROR_CONFLICT_RETRY &&
		p->id != ERROR_IDEMPOTENCY_IN_PROGRESS)
		return 0;
	return p->retry_after > 0 ? p->retry_after : 1;
}

static bool
class_is(const char *sqlstate, const char *prefix)
{
	return strncmp(sqlstate, prefix, strlen(prefix)) == 0;
}

enum error_id
error_from_sqlstate(const char *sqlstate)
{
	if (sqlstate == NULL || sqlstate[0] == '\0')
		return ERROR_INTERNAL_ERROR;
	for (int id = ERROR_NONE + 1; id < ERROR__MAX; id++)
	{
		if (strcmp(error_table[id].sqlstate, sqlstate) == 0)
			return (enum error_id) id;
	}
	if (error_is_retryable(sqlstate))
		return ERROR_CONFLICT_RETRY;
	if (strcmp(sqlstate, "57014") == 0)
		return ERROR_DATABASE_TIMEOUT;
	if (class_is(sqlstate, "08") || class_is(sqlstate, "53") || class_is(sqlstate, "57P0") ||
		strcmp(sqlstate, "25006") == 0)
		return ERROR_SERVICE_UNAVAILABLE;
	return ERROR_INTERNAL_ERROR;
}

bool
error_is_retryable(const char *sqlstate)
{
	return sqlstate != NULL && (strcmp(sqlstate, "40001") == 0 || strcmp(sqlstate, "40P01") == 0 ||
								strcmp(sqlstate, "55P03") == 0);
}
