/*
 * tree.h - a JSON text of a stranger as a small tree that is read once.
 *
 * Cheaper than jsonb, and as strict as the shim: no name twice in an object, no great depth.
 * Strings are unescaped, numbers stay as written.
 */
#ifndef MJC_TREE_H
#define MJC_TREE_H

typedef enum MjcNodeType
{
	MJC_NODE_NULL,
	MJC_NODE_BOOL,
	MJC_NODE_NUMBER,
	MJC_NODE_STRING,
	MJC_NODE_ARRAY,
	MJC_NODE_OBJECT
} MjcNodeType;

typedef struct MjcNode
{
	MjcNodeType type;
	const char *key;	   /* in an object, else NULL */
	const char *text;	   /* of strings, numbers, booleans; else NULL */
	const char *raw;	   /* of objects: where they stand in the source */
	int raw_len;		   /* and how long */
	int count;			   /* members */
	struct MjcNode *child; /* the first member */
	struct MjcNode *last;  /* the last one */
	struct MjcNode *next;  /* member of the same parent */
} MjcNode;

#define MJC_TREE_DEPTH 64 /* objects and arrays inside each other */

extern MjcNode *mjc_tree_parse(char *json, int len);
extern MjcNode *mjc_tree_get(const MjcNode *object, const char *key);
extern const char *mjc_tree_text(const MjcNode *object, const char *key);

#endif /* MJC_TREE_H */
