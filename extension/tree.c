/*
 * tree.c - reading of JSON into a tree (see tree.h), by PostgreSQL's own parser.
 */
#include "postgres.h"

#include "common/jsonapi.h"
#include "mb/pg_wchar.h"

#include "compat.h"
#include "error.h"
#include "tree.h"

/* The object or array that is being read, inside those that hold it. */
typedef struct Open
{
	MjcNode *node;
	struct Open *outer;
} Open;

typedef struct Reader
{
	JsonLexContext *lex;
	MjcNode *root;
	Open *open;
	int depth;
	char *key; /* of the member that comes next */
} Reader;

static MjcNode *
add(Reader *reader, MjcNodeType type, const char *text)
{
	MjcNode *node = palloc0(sizeof(MjcNode));
	MjcNode *parent = reader->open == NULL ? NULL : reader->open->node;

	node->type = type;
	node->text = text;
	node->key = reader->key;
	reader->key = NULL;
	if (parent == NULL)
		reader->root = node;
	else if (parent->last == NULL)
		parent->child = node;
	else
		parent->last->next = node;
	if (parent != NULL)
	{
		parent->last = node;
		parent->count++;
	}
	return node;
}

static void
begin(Reader *reader, MjcNodeType type)
{
	Open *open = palloc(sizeof(Open));

	if (++reader->depth > MJC_TREE_DEPTH)
		mjc_raise(MJC_ERR_MALFORMED_REQUEST);
	open->node = add(reader, type, NULL);
	open->node->raw = reader->lex->token_start;
	open->outer = reader->open;
	reader->open = open;
}

/* The parser has read on by one token when it says that something ended. */
static void
end(Reader *reader)
{
	Open *open = reader->open;

	open->node->raw_len = (int) (reader->lex->prev_token_terminator - open->node->raw);
	reader->open = open->outer;
	reader->depth--;
	pfree(open);
}

static mjc_json_result
object_start(void *state)
{
	begin(state, MJC_NODE_OBJECT);
	mjc_json_done;
}

static mjc_json_result
array_start(void *state)
{
	begin(state, MJC_NODE_ARRAY);
	mjc_json_done;
}

/* Two members of one name mean what each reader likes. Objects of very many are nobody's here. */
static void
refuse_twice(const MjcNode *object)
{
	if (object->count > MJC_TREE_DEPTH)
		return;
	for (const MjcNode *a = object->child; a != NULL; a = a->next)
		for (const MjcNode *b = a->next; b != NULL; b = b->next)
			if (*a->key == *b->key && strcmp(a->key, b->key) == 0)
				mjc_raise(MJC_ERR_MALFORMED_REQUEST);
}

static mjc_json_result
object_end(void *state)
{
	refuse_twice(((Reader *) state)->open->node);
	end(state);
	mjc_json_done;
}

static mjc_json_result
array_end(void *state)
{
	end(state);
	mjc_json_done;
}

static mjc_json_result
field_start(void *state, char *name, bool isnull)
{
	((Reader *) state)->key = name;
	mjc_json_done;
}

static mjc_json_result
scalar(void *state, char *token, JsonTokenType type)
{
	switch (type)
	{
		case JSON_TOKEN_STRING:
			add(state, MJC_NODE_STRING, token);
			break;
		case JSON_TOKEN_NUMBER:
			add(state, MJC_NODE_NUMBER, token);
			break;
		case JSON_TOKEN_TRUE:
		case JSON_TOKEN_FALSE:
			add(state, MJC_NODE_BOOL, token);
			break;
		default:
			add(state, MJC_NODE_NULL, NULL);
			break;
	}
	mjc_json_done;
}

/*
 * mjc_tree_parse - the tree of a text, which must outlive it.
 *
 * Errors: MJ002 no JSON, a name twice in an object, too deep.
 */
MjcNode *
mjc_tree_parse(char *json, int len)
{
	Reader reader = {0};
	JsonSemAction actions = {.semstate = &reader,
							 .object_start = object_start,
							 .object_end = object_end,
							 .array_start = array_start,
							 .array_end = array_end,
							 .object_field_start = field_start,
							 .scalar = scalar};

	reader.lex = mjc_json_lexer(json, len);
	if (pg_parse_json(reader.lex, &actions) != JSON_SUCCESS)
		mjc_raise(MJC_ERR_MALFORMED_REQUEST);
	return reader.root;
}

/* mjc_tree_get - a member of an object; NULL when it is missing or null, or there is no object. */
MjcNode *
mjc_tree_get(const MjcNode *object, const char *key)
{
	if (object == NULL || object->type != MJC_NODE_OBJECT)
		return NULL;
	for (MjcNode *node = object->child; node != NULL; node = node->next)
		if (strcmp(node->key, key) == 0)
			return node->type == MJC_NODE_NULL ? NULL : node;
	return NULL;
}

/* mjc_tree_text - a member that is a string; NULL when it is none. */
const char *
mjc_tree_text(const MjcNode *object, const char *key)
{
	MjcNode *node = mjc_tree_get(object, key);

	return node != NULL && node->type == MJC_NODE_STRING ? node->text : NULL;
}
