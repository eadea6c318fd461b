/*
 * param_json.c - the body of a request as a JSON tree.
 *
 * Invariants: what jansson accepts by default but we refuse (duplicate names,
 * deep nesting) is refused before the tree is used; nothing here recurses
 * deeper than PARAM_JSON_DEPTH.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "param_json.h"

#define FIELD_NAME_MAX 200 /* bytes of a field's name in an error */
#define KEY_NAME_MAX 64	   /* bytes of a client's own name that is reported */

/* ---- Loading ---- */

static bool
is_blank(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
	{
		if (s[i] != ' ' && s[i] != '\t' && s[i] != '\n' && s[i] != '\r')
			return false;
	}
	return true;
}

/* Whether brackets outside strings nest too deep; other errors are jansson's to find. */
static bool
too_deep(const char *s, size_t len)
{
	bool in_string = false;
	int depth = 0;

	for (size_t i = 0; i < len; i++)
	{
		if (in_string && s[i] == '\\')
			i++;
		else if (s[i] == '"')
			in_string = !in_string;
		else if (in_string)
			continue;
		else if ((s[i] == '[' || s[i] == '{') && ++depth > PARAM_JSON_DEPTH)
			return true;
		else if (s[i] == ']' || s[i] == '}')
			depth--;
	}
	return false;
}

json_t *
param_json_load(const char *body, size_t len, bool *malformed)
{
	json_t *root;

	*malformed = false;
	if (len == 0 || is_blank(body, len))
		return NULL;
	*malformed = too_deep(body, len);
	if (*malformed)
		return NULL;
	root = json_loadb(body, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
	*malformed = root == NULL;
	return root;
}

/* ---- Looking up ---- */

json_t *
param_json_member(const json_t *root, const char *path, struct problem *p)
{
	char name[FIELD_NAME_MAX];
	const json_t *at = root;
	const char *rest = path;

	for (;;)
	{
		size_t len = strcspn(rest, ".");
		json_t *value;

		if (len >= sizeof(name))
			return NULL;
		memcpy(name, rest, len);
		name[len] = '\0';
		value = json_object_get(at, name);
		if (value == NULL || json_is_null(value))
			return NULL;
		if (rest[len] == '\0')
			return value;
		rest += len + 1;
		if (!json_is_object(value))
		{
			snprintf(name, sizeof(name), "%.*s", (int) (rest - path - 1), path);
			error_add_field(p, name, ERROR_FIELD_TYPE, NULL);
			return NULL;
		}
		at = value;
	}
}

/* ---- Unknown members ---- */

enum known
{
	KNOWN_NOT,
	KNOWN_VALUE,
	KNOWN_OBJECT, /* parameters lie below it */
	KNOWN_ARRAY	  /* parameters lie below its entries */
};

/* What the row makes of the member at a path like "customerInfo" or "items[].x". */
static enum known
known_path(const struct route *row, const char *path)
{
	size_t len = strlen(path);

	for (int i = 0; i < row->nparams; i++)
	{
		const char *known = row->params[i].path;

		if (row->params[i].where != IN_BODY || strncmp(known, path, len) != 0)
			continue;
		if (known[len] == '\0')
			return KNOWN_VALUE;
		if (known[len] == '.')
			return KNOWN_OBJECT;
		if (strncmp(known + len, "[].", 3) == 0)
			return KNOWN_ARRAY;
	}
	return KNOWN_NOT;
}

static bool
key_is_plain(const char *key)
{
	size_t len = strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

	return len > 0 && len <= KEY_NAME_MAX && key[len] == '\0';
}

/* Where an object stands: as the table writes it and as the client counts it. */
struct place
{
	char path[FIELD_NAME_MAX];
	char shown[FIELD_NAME_MAX];
};

static void
report_unknown(const struct place *at, const char *key, struct problem *p)
{
	char name[FIELD_NAME_MAX + KEY_NAME_MAX + 2];

	if (key_is_plain(key))
		snprintf(name, sizeof(name), "%s%s%s", at->shown, at->shown[0] != '\0' ? "." : "", key);
	else
		snprintf(name, sizeof(name), "%s", at->shown[0] != '\0' ? at->shown : "body");
	error_add_field(p, name, ERROR_FIELD_UNKNOWN, NULL);
}

/* The place of a member below at; false when its name cannot be one of the table's. */
static bool
place_below(const struct place *at, const char *key, struct place *out)
{
	const char *dot = at->path[0] != '\0' ? "." : "";
	bool plain = strpbrk(key, ".[") == NULL;
	int n = snprintf(out->path, sizeof(out->path), "%s%s%s", at->path, dot, key);
	int m = snprintf(out->shown, sizeof(out->shown), "%s%s%s", at->shown, dot, key);

	return plain && n >= 0 && (size_t) n < sizeof(out->path) && m >= 0 &&
		   (size_t) m < sizeof(out->shown);
}

static void refuse_below(const struct route *row, json_t *object, const struct place *at,
						 struct problem *p);

static void
refuse_in_entries(const struct route *row, json_t *array, const struct place *at, struct problem *p)
{
	struct place entry = {"", ""};
	json_t *value;
	size_t i;

	json_array_foreach (array, i, value)
	{
		int n = snprintf(entry.path, sizeof(entry.path), "%s[]", at->path);
		int m = snprintf(entry.shown, sizeof(entry.shown), "%s[%zu]", at->shown, i);

		if (n < (int) sizeof(entry.path) && m < (int) sizeof(entry.shown))
			refuse_below(row, value, &entry, p);
		if (json_array_size(p->fields) >= ERROR_MAX_FIELDS)
			return;
	}
}

/* Depth is bounded by the table: it goes down only where a parameter lies below. */
static void
refuse_below(const struct route *row, json_t *object, const struct place *at, struct problem *p)
{
	struct place member = {"", ""};
	const char *key;
	json_t *value;

	json_object_foreach (object, key, value)
	{
		enum known known = place_below(at, key, &member) ? known_path(row, member.path) : KNOWN_NOT;

		if (known == KNOWN_NOT)
			report_unknown(at, key, p);
		else if (known == KNOWN_OBJECT)
			refuse_below(row, value, &member, p);
		else if (known == KNOWN_ARRAY)
			refuse_in_entries(row, value, &member, p);
		if (json_array_size(p->fields) >= ERROR_MAX_FIELDS)
			return;
	}
}

void
param_json_refuse_unknown(const struct route *row, json_t *root, struct problem *p)
{
	static const struct place top = {"", ""};

	refuse_below(row, root, &top, p);
}

/* ---- Secrets ---- */

void
param_json_wipe(json_t *value)
{
	if (json_is_string(value))
		explicit_bzero((char *) (uintptr_t) json_string_value(value), json_string_length(value));
}
