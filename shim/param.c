/*
 * param.c - from a request to the typed SQL parameters of its row.
 *
 * Invariants: either every value of a row is set and there is no problem, or
 * all are NULL and the problem says why; all refused fields are named at once,
 * never their values; what lies outside the table's limits never reaches the
 * database.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "param.h"
#include "param_json.h"
#include "param_type.h"
#include "text.h"

#define FIELD_NAME_MAX 200 /* bytes of a field's name in an error */
#define BODY_FIELD "body"  /* the field named when the body as a whole is wrong */

/* ---- Problems ---- */

static json_t *
bounds_json(long long min, long long max)
{
	return json_pack("{s:I, s:I}", "min", (json_int_t) min, "max", (json_int_t) max);
}

/* Report why a field was refused. INTERNAL_ERROR is no field's fault and stays. */
static void
report(struct problem *p, const char *field, const struct type_error *err)
{
	if (p->id == ERROR_INTERNAL_ERROR)
		return;
	if (err->id == ERROR_INTERNAL_ERROR)
		error_set(p, ERROR_INTERNAL_ERROR);
	else
		error_add_field(p, field, err->id, err->bounded ? bounds_json(err->min, err->max) : NULL);
}

static void
report_plain(struct problem *p, const char *field, enum error_id id)
{
	struct type_error err = {.id = id};

	report(p, field, &err);
}

/* Take a converted value, or report why there is none; NULL with no error is absent. */
static void
settle(const struct param_def *def, const char *field, char *text, const struct type_error *err,
	   struct param_value *out, struct problem *p)
{
	out->text = text;
	if (text != NULL)
		return;
	if (err->id != ERROR_NONE)
		report(p, field, err);
	else if ((def->flags & P_REQUIRED) != 0)
		report_plain(p, field, ERROR_FIELD_REQUIRED);
}

/* ---- Path ---- */

/* Path values; false when one has not the form of its type: such a thing does not exist. */
static bool
parse_path(const struct route *row, const struct param_input *in, struct param_value *values,
		   struct problem *p)
{
	int at = 0;

	for (int i = 0; i < row->nparams; i++)
	{
		struct type_error err;

		if (row->params[i].where != IN_PATH)
			continue;
		values[i].text = param_type_text(&row->params[i], in->path_values[at],
										 strlen(in->path_values[at]), &err);
		at++;
		if (values[i].text != NULL)
			continue;
		error_set(p, err.id == ERROR_INTERNAL_ERROR ? ERROR_INTERNAL_ERROR : ERROR_NOT_FOUND);
		return false;
	}
	return true;
}

/* ---- Query ---- */

/* Entries of a list, collected over repeated names. */
struct list
{
	char **item;
	size_t n;
};

static void
list_free(struct list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->item[i]);
	free(list->item);
}

/* One entry of a T_TEXT_LIST. */
static struct param_def
list_entry(const struct param_def *def)
{
	return (struct param_def){def->path, def->where, T_TEXT, 1, 255, P_TRIM, NULL};
}

/* Add the entries of one comma list; false without memory. Stops past the limit. */
static bool
list_add(struct list *list, const struct param_def *def, const char *text, struct type_error *err)
{
	const struct param_def entry = list_entry(def);
	struct str item;

	while (text_list_next(&text, &item))
	{
		char *copy;

		if (item.len == 0)
			continue;
		if ((long long) list->n >= def->max)
		{
			*err = (struct type_error){ERROR_FIELD_COUNT, true, def->min, def->max};
			return false;
		}
		copy = param_type_text(&entry, item.ptr, item.len, err);
		if (copy == NULL)
			return false;
		list->item[list->n++] = copy;
	}
	return true;
}

static char *
query_list(const struct param_def *def, const struct param_input *in, struct type_error *err)
{
	struct list list = {calloc((size_t) def->max + 1, sizeof(char *)), 0};
	char *literal = NULL;
	bool ok = list.item != NULL;

	memset(err, 0, sizeof(*err));
	for (int i = 0; i < in->nquery && ok; i++)
	{
		if (strcmp(in->query[i].name, def->path) == 0)
			ok = list_add(&list, def, in->query[i].value, err);
	}
	if (ok && list.n > 0)
		literal = text_array((const char *const *) list.item, list.n);
	if (list.item == NULL || (ok && list.n > 0 && literal == NULL))
		err->id = ERROR_INTERNAL_ERROR;
	list_free(&list);
	return literal;
}

static char *
query_scalar(const struct param_def *def, const struct param_input *in, struct type_error *err)
{
	const char *value = NULL;

	memset(err, 0, sizeof(*err));
	for (int i = 0; i < in->nquery; i++)
	{
		if (strcmp(in->query[i].name, def->path) != 0)
			continue;
		if (value != NULL)
		{
			err->id = ERROR_FIELD_TYPE;
			return NULL;
		}
		value = in->query[i].value;
	}
	return value == NULL ? NULL : param_type_text(def, value, strlen(value), err);
}

static void
parse_query(const struct route *row, const struct param_input *in, struct param_value *values,
			struct problem *p)
{
	for (int i = 0; i < row->nparams; i++)
	{
		const struct param_def *def = &row->params[i];
		struct type_error err;
		char *text;

		if (def->where != IN_QUERY)
			continue;
		text = def->type == T_TEXT_LIST ? query_list(def, in, &err) : query_scalar(def, in, &err);
		settle(def, def->path, text, &err, &values[i], p);
	}
}

/* ---- Body ---- */

static void
body_scalar(const struct param_def *def, const json_t *root, struct param_value *out,
			struct problem *p)
{
	json_t *value = param_json_member(root, def->path, p);
	struct type_error err = {.id = ERROR_NONE};
	char *text = value == NULL ? NULL : param_type_json(def, value, &err);

	settle(def, def->path, text, &err, out, p);
	if ((def->flags & P_SECRET) != 0)
		param_json_wipe(value);
}

/* The body itself, of which only the form is checked here. */
static void
body_whole(const struct param_def *def, const json_t *root, struct param_value *out,
		   struct problem *p)
{
	struct type_error err;
	char *text = param_type_json(def, root, &err);

	settle(def, BODY_FIELD, text, &err, out, p);
}

/* Bytes of the array's own path in "items[].productId"; 0 when def is no entry's member. */
static size_t
array_prefix(const struct param_def *def)
{
	const char *brackets = strstr(def->path, "[].");

	return brackets == NULL ? 0 : (size_t) (brackets - def->path);
}

/* The row's T_UUID_ARRAY on the same array, which limits how many entries it has. */
static const struct param_def *
array_counter(const struct route *row, const struct param_def *def)
{
	size_t prefix = array_prefix(def);

	for (int i = 0; i < row->nparams; i++)
	{
		const struct param_def *other = &row->params[i];

		if (other->type == T_UUID_ARRAY && other->where == IN_BODY &&
			array_prefix(other) == prefix && strncmp(other->path, def->path, prefix) == 0)
			return other;
	}
	return def;
}

/* The array of def when it can be walked; otherwise what is wrong is reported. */
static json_t *
body_array_find(const struct route *row, const struct param_def *def, const json_t *root,
				struct problem *p)
{
	const struct param_def *counter = array_counter(row, def);
	char name[FIELD_NAME_MAX];
	json_t *array;
	size_t n;

	snprintf(name, sizeof(name), "%.*s", (int) array_prefix(def), def->path);
	array = param_json_member(root, name, p);
	n = json_array_size(array);
	if (array == NULL && (def->flags & P_REQUIRED) != 0)
		report_plain(p, name, ERROR_FIELD_REQUIRED);
	else if (array != NULL && !json_is_array(array))
		report_plain(p, name, ERROR_FIELD_TYPE);
	else if (array != NULL && ((long long) n < counter->min || (long long) n > counter->max))
		report(p, name, &(struct type_error){ERROR_FIELD_COUNT, true, counter->min, counter->max});
	else
		return array;
	return NULL;
}

/* One entry's member as text; NULL when it was refused, and reported. */
static char *
body_array_entry(const struct param_def *def, const json_t *array, size_t i, struct problem *p)
{
	size_t prefix = array_prefix(def);
	const char *member = def->path + prefix + strlen("[].");
	const json_t *entry = json_array_get(array, i);
	const json_t *value = json_object_get(entry, member);
	struct type_error err = {.id = ERROR_FIELD_REQUIRED};
	char name[FIELD_NAME_MAX];
	char *text;

	if (!json_is_object(entry))
	{
		snprintf(name, sizeof(name), "%.*s[%zu]", (int) prefix, def->path, i);
		report_plain(p, name, ERROR_FIELD_TYPE);
		return NULL;
	}
	text = value == NULL || json_is_null(value) ? NULL : param_type_json(def, value, &err);
	if (text == NULL)
	{
		err.id = err.id == ERROR_NONE ? ERROR_FIELD_REQUIRED : err.id;
		snprintf(name, sizeof(name), "%.*s[%zu].%s", (int) prefix, def->path, i, member);
		report(p, name, &err);
	}
	return text;
}

static void
body_array(const struct route *row, const struct param_def *def, const json_t *root,
		   struct param_value *out, struct problem *p)
{
	json_t *array = body_array_find(row, def, root, p);
	size_t n = json_array_size(array);
	struct list list = {NULL, 0};

	if (array == NULL)
		return;
	list.item = calloc(n + 1, sizeof(char *));
	for (size_t i = 0; i < n && list.item != NULL; i++)
	{
		char *text = body_array_entry(def, array, i, p);

		if (text != NULL)
			list.item[list.n++] = text;
	}
	if (list.item != NULL && list.n == n)
		out->text = text_array((const char *const *) list.item, n);
	if (list.item == NULL || (list.n == n && out->text == NULL))
		report_plain(p, def->path, ERROR_INTERNAL_ERROR);
	list_free(&list);
}

/* The entries of a JSON list of texts; each refused one is reported by its place. */
static void
body_list_entries(const struct param_def *def, const json_t *array, struct list *list,
				  struct problem *p)
{
	const struct param_def entry = list_entry(def);
	char name[FIELD_NAME_MAX];
	struct type_error err;
	json_t *value;
	size_t i;

	json_array_foreach (array, i, value)
	{
		char *text = param_type_json(&entry, value, &err);

		if (text != NULL)
		{
			list->item[list->n++] = text;
			continue;
		}
		snprintf(name, sizeof(name), "%s[%zu]", def->path, i);
		report(p, name, &err);
	}
}

static void
body_list(const struct param_def *def, const json_t *root, struct param_value *out,
		  struct problem *p)
{
	json_t *array = param_json_member(root, def->path, p);
	size_t n = json_array_size(array);
	struct list list = {NULL, 0};
	struct type_error err = {.id = ERROR_NONE};

	if (array != NULL && !json_is_array(array))
		err.id = ERROR_FIELD_TYPE;
	else if ((long long) n > def->max || (array != NULL && (long long) n < def->min))
		err = (struct type_error){ERROR_FIELD_COUNT, true, def->min, def->max};
	else if (array != NULL)
	{
		list.item = calloc(n + 1, sizeof(char *));
		if (list.item != NULL)
			body_list_entries(def, array, &list, p);
		if (list.item != NULL && list.n == n)
			out->text = text_array((const char *const *) list.item, n);
		if (list.item == NULL || (list.n == n && out->text == NULL))
			err.id = ERROR_INTERNAL_ERROR;
	}
	if (array == NULL || err.id != ERROR_NONE)
		settle(def, def->path, NULL, &err, out, p);
	list_free(&list);
}

static bool
has_body_params(const struct route *row, bool *required)
{
	bool any = false;

	*required = false;
	for (int i = 0; i < row->nparams; i++)
	{
		if (row->params[i].where != IN_BODY)
			continue;
		any = true;
		*required = *required || (row->params[i].flags & P_REQUIRED) != 0;
	}
	return any;
}

static void
parse_body_params(const struct route *row, json_t *root, struct param_value *values,
				  struct problem *p)
{
	for (int i = 0; i < row->nparams; i++)
	{
		const struct param_def *def = &row->params[i];

		if (def->where != IN_BODY)
			continue;
		if (def->path[0] == '\0')
			body_whole(def, root, &values[i], p);
		else if (def->type == T_TEXT_LIST)
			body_list(def, root, &values[i], p);
		else if (array_prefix(def) > 0)
			body_array(row, def, root, &values[i], p);
		else
			body_scalar(def, root, &values[i], p);
	}
	if ((row->flags & RF_STRICT_BODY) != 0)
		param_json_refuse_unknown(row, root, p);
}

/* The body as it came. False when it is no text; p then says so. */
static bool
parse_raw(const struct param_def *def, const struct param_input *in, struct param_value *out,
		  struct problem *p)
{
	struct type_error err = {.id = ERROR_NONE};
	char *text = NULL;

	if (in->body_len > 0 && !text_utf8_valid(in->body, in->body_len))
	{
		error_set(p, ERROR_MALFORMED_REQUEST);
		return false;
	}
	if ((long long) in->body_len > def->max)
		err = (struct type_error){ERROR_FIELD_LENGTH, true, def->min, def->max};
	else if (in->body_len > 0)
	{
		text = strndup(in->body, in->body_len);
		err.id = text == NULL ? ERROR_INTERNAL_ERROR : ERROR_NONE;
	}
	settle(def, BODY_FIELD, text, &err, out, p);
	return true;
}

/* The body as bytes of SQL. What it is, and in which encoding, the database says. */
static void
parse_file(const struct param_def *def, const struct param_input *in, struct param_value *out,
		   struct problem *p)
{
	static const char digits[] = "0123456789abcdef";
	struct type_error err = {.id = ERROR_NONE};
	char *text = in->body_len > 0 ? malloc(2 * in->body_len + 3) : NULL;
	char *at = text;

	if (in->body_len > 0 && text == NULL)
		err.id = ERROR_INTERNAL_ERROR;
	if (text != NULL)
	{
		*at++ = '\\';
		*at++ = 'x';
		for (size_t i = 0; i < in->body_len; i++)
		{
			*at++ = digits[(unsigned char) in->body[i] >> 4];
			*at++ = digits[(unsigned char) in->body[i] & 15];
		}
		*at = '\0';
	}
	settle(def, BODY_FIELD, text, &err, out, p);
}

/* The parameter of a row that takes a file; NULL: none does. */
static const struct param_def *
file_param(const struct route *row)
{
	for (int i = 0; i < row->nparams; i++)
		if (row->params[i].type == T_FILE)
			return &row->params[i];
	return NULL;
}

/* False when the body cannot be read at all; p then says so. */
static bool
parse_body(const struct route *row, const struct param_input *in, struct param_value *values,
		   struct problem *p)
{
	bool required, malformed;
	bool any = has_body_params(row, &required);
	json_t *root;

	if (row->method == METHOD_GET)
		return true;
	if (row->nparams == 1 && row->params[0].type == T_JSON_RAW)
		return parse_raw(&row->params[0], in, &values[0], p);
	if (file_param(row) != NULL)
	{
		parse_file(file_param(row), in, &values[file_param(row) - row->params], p);
		return true;
	}
	root = param_json_load(in->body, in->body_len, &malformed);
	if (malformed)
	{
		error_set(p, ERROR_MALFORMED_REQUEST);
		return false;
	}
	if (any && root == NULL && required)
		report_plain(p, BODY_FIELD, ERROR_FIELD_REQUIRED);
	else if (any && root != NULL && !json_is_object(root))
		report_plain(p, BODY_FIELD, ERROR_FIELD_TYPE);
	else if (any && root != NULL)
		parse_body_params(row, root, values, p);
	json_decref(root);
	return true;
}

/* ---- Entry points ---- */

int
param_parse(const struct route *row, const struct param_input *in, struct param_value *values,
			struct problem *p)
{
	error_set(p, ERROR_NONE);
	for (int i = 0; i < row->nparams; i++)
		values[i].text = NULL;
	if (parse_path(row, in, values, p) && parse_body(row, in, values, p))
		parse_query(row, in, values, p);
	if (p->id == ERROR_NONE)
		return 0;
	param_free(row, values);
	return -1;
}

void
param_free(const struct route *row, struct param_value *values)
{
	for (int i = 0; i < row->nparams; i++)
	{
		if (values[i].text != NULL && (row->params[i].flags & P_SECRET) != 0)
			explicit_bzero(values[i].text, strlen(values[i].text));
		free(values[i].text);
		values[i].text = NULL;
	}
}

/* ---- Headers ---- */

/* Unquote a structured-field string of len bytes including its quotes. */
static bool
key_unquote(const char *s, size_t len, char out[PARAM_KEY_MAX + 1])
{
	size_t n = 0;

	if (len < 3 || s[len - 1] != '"')
		return false;
	for (size_t i = 1; i < len - 1; i++)
	{
		if (s[i] == '"')
			return false;
		if (s[i] == '\\' && (++i == len - 1 || (s[i] != '"' && s[i] != '\\')))
			return false;
		if (n == PARAM_KEY_MAX)
			return false;
		out[n++] = s[i];
	}
	out[n] = '\0';
	return true;
}

bool
param_idempotency_key(const char *header, char out[PARAM_KEY_MAX + 1])
{
	size_t len = strlen(header);

	out[0] = '\0';
	text_trim(&header, &len);
	for (size_t i = 0; i < len; i++)
	{
		if (header[i] < ' ' || header[i] > '~')
			return false;
	}
	if (len > 0 && header[0] == '"')
		return key_unquote(header, len, out);
	if (len == 0 || len > PARAM_KEY_MAX)
		return false;
	memcpy(out, header, len);
	out[len] = '\0';
	return true;
}

static bool
token_is(const char *s, size_t len, const char *want)
{
	text_trim(&s, &len);
	return strlen(want) == len && strncasecmp(s, want, len) == 0;
}

/* Whether one parameter of a media type is no charset or names UTF-8. */
static bool
charset_ok(const char *param, size_t len)
{
	const char *equals = memchr(param, '=', len);
	const char *value;
	size_t value_len;

	if (equals == NULL || !token_is(param, (size_t) (equals - param), "charset"))
		return true;
	value = equals + 1;
	value_len = len - (size_t) (value - param);
	return token_is(value, value_len, "utf-8") || token_is(value, value_len, "\"utf-8\"") ||
		   token_is(value, value_len, "utf8");
}

static bool
media_type_ok(const char *content_type, const char *want)
{
	size_t len;

	if (content_type == NULL)
		return false;
	len = strcspn(content_type, ";");
	if (!token_is(content_type, len, want))
		return false;
	while (content_type[len] == ';')
	{
		content_type += len + 1;
		len = strcspn(content_type, ";");
		if (!charset_ok(content_type, len))
			return false;
	}
	return true;
}

bool
param_content_type_ok(const char *content_type)
{
	return media_type_ok(content_type, "application/json");
}

bool
param_takes_file(const struct route *row)
{
	return file_param(row) != NULL;
}

bool
param_content_type_csv(const char *content_type)
{
	size_t len = content_type == NULL ? 0 : strcspn(content_type, ";");

	return token_is(content_type == NULL ? "" : content_type, len, "text/csv");
}

bool
param_content_type_beacon(const char *content_type)
{
	return param_content_type_ok(content_type) || media_type_ok(content_type, "text/plain");
}
