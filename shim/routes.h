/*
 * routes.h - the one list of what the shim serves.
 *
 * Dispatch, validation, rate classes, the SQL text of every call and the
 * listing of --print-routes all come from this table. Adding a route touches
 * routes.c only.
 */
#ifndef MJC_SHIM_ROUTES_H
#define MJC_SHIM_ROUTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "request.h"

/* Who may call a route. Each staff role includes the ones above it in rank. */
enum role
{
	ROLE_PUBLIC,   /* no credentials are read */
	ROLE_OPTIONAL, /* a good token is used, a bad one ignored; a write refuses a bad one */
	ROLE_CUSTOMER, /* any signed-in account */
	ROLE_TECHNICIAN,
	ROLE_ADMIN,
	ROLE_SUPER,
	ROLE__MAX
};

/* Which bucket a request is counted in; the figures stand in limit.h. */
enum rate_class
{
	RATE_READ, /* "api": what has no class of its own */
	RATE_SEARCH,
	RATE_ORDER,
	RATE_SIGNUP,
	RATE_TRACK, /* what tries numbers or codes that others keep to themselves */
	RATE_AUTH,	/* counts failures only */
	RATE_STAFF,
	RATE_WEBHOOK,  /* reports of providers, each proven by a signature */
	RATE_EVENT,	   /* what visitors do, batch by batch */
	RATE_CART,	   /* the pages ask for the cart many times at once */
	RATE_FRONTEND, /* of no row: the frontend's server on its own account */
	RATE_NONE,
	RATE__MAX
};

enum where
{
	IN_PATH,
	IN_QUERY,
	IN_BODY
};

/* The meaning of min and max depends on the type. */
enum ptype
{
	T_UUID,
	T_UUID_ARRAY, /* body only, items[].x; min..max entries of the array */
	T_TEXT,		  /* min..max characters (bytes with P_SECRET) */
	T_TEXT_LIST,  /* query: repeated keys or comma list; body: array of strings; at most max
					 entries of 1..255 characters */
	T_INT,		  /* min..max value */
	T_INT_ARRAY,  /* body only, items[].x; min..max value of each entry */
	T_MONEY,	  /* DZD with at most two decimals; min..max in centimes */
	T_BOOL,
	T_CHOICE,
	T_PHONE,
	T_EMAIL,	  /* min..max characters */
	T_SLUG_OR_ID, /* min..max characters */
	T_TIME_FROM,
	T_TIME_TO,
	T_JSON_TEXT, /* body only; min..max bytes of the compact JSON; the whole body at path "" */
	T_JSON_RAW,	 /* the whole body as it came, UTF-8 of min..max bytes; the database reads it */
	T_FILE		 /* the whole body as it came, any min..max bytes of text/csv */
};

#define P_REQUIRED 0x01u
#define P_LOWER 0x02u		  /* ASCII letters to lower case */
#define P_TRIM 0x04u		  /* white space at both ends goes */
#define P_NULL_IF_EMPTY 0x08u /* the empty text counts as absent */
#define P_MULTILINE 0x10u	  /* line feeds are allowed */
#define P_SECRET 0x20u		  /* taken byte by byte as sent; memory is wiped */

struct param_def
{
	const char *path; /* "page", "customerInfo.phone", "items[].productId"; the name in a path;
						 "" is the whole body, an object whose fields the database checks */
	enum where where;
	enum ptype type;
	long long min;
	long long max;
	unsigned flags;
	const char *choices; /* "a|b|c" for T_CHOICE, otherwise NULL */
};

enum shim_action
{
	ACTION_NONE, /* the row's function answers */
	ACTION_BANNER,
	ACTION_HEALTH,
	ACTION_LIVE,
	ACTION_READY,
	ACTION_LOGIN,
	ACTION_STAFF_LOGIN,
	ACTION_REGISTER,
	ACTION_SOCIAL_LOGIN,
	ACTION_REFRESH,
	ACTION_SIGN_OUT, /* with any credentials, good or bad */
	ACTION_PASSWORD_CHANGE,
	ACTION_PASSWORD_FORGOT,
	ACTION_PASSWORD_RESET,
	ACTION_EMAIL_VERIFY,
	ACTION_LOGOUT,	/* the row's function, then the cookies of a session are cleared */
	ACTION_CODE,	/* the row's function, which may refuse a code: counted like a failed sign-in */
	ACTION_WEBHOOK, /* the raw body is verified; the last segment of the pattern names the sender */
	ACTION_UPLOAD,	/* files are taken from a form and kept, then the row's function notes them */
	ACTION_FILE,	/* a file of the folder */
	ACTION_CHECKOUT /* the row's function, then the call of a provider that it asks for */
};

#define RF_WRITE 0x01u		   /* write connection; gets request_id */
#define RF_IDEMPOTENT 0x02u	   /* gets the key; returns (body json, replayed boolean) */
#define RF_SLOW 0x04u		   /* connections for slow queries */
#define RF_RAW 0x08u		   /* the function returns the whole body */
#define RF_STRICT_BODY 0x10u   /* unknown body fields are refused */
#define RF_STAFF_PRIMARY 0x20u /* read-only, but on the primary server */
#define RF_MESSAGES 0x40u	   /* the entries of its "errors" get their texts (error_messages) */
#define RF_CART 0x80u		   /* gets the cart's token; see cart_cookie.h */
#define RF_PAGE 0x200u		   /* returns (page of HTML, file name): with a name, sent as PDF */
#define RF_EVENT                                                                                   \
	0x400u /* what visitors do: connections of its own, gets address and                           \
			  User-Agent; a token that is not good is none; text/plain too */
#define RF_STREAM                                                                                  \
	0x800u				  /* a file piece by piece: gets last where to go on, NULL at first, and   \
							 returns (body text, next text, filename text): the next piece, all of \
							 the body; what to pass then, NULL with the last; with a name it is    \
							 sent as a file */
#define RF_RECORDS 0x100u /* reads persons and notes who read: write connection, request_id */
#define RF_JOB 0x1000u	  /* makes work for a job, which begins at once */

#define ROUTES_MAX_PARAMS 24
#define ROUTES_MAX_ARGS (ROUTES_MAX_PARAMS + 9)
#define ROUTES_MAX_PATH_VALUES 2

struct route
{
	enum method method;
	const char *pattern;  /* "/orders/:id/status"; without /api/v1 */
	const char *function; /* "mjc_api.order_status_set"; NULL when the shim answers by itself */
	enum role role;
	enum rate_class rate;
	unsigned flags;
	int status; /* HTTP status of success */
	enum shim_action action;
	const struct param_def *params;
	int nparams;
};

/* The table. A row's index (row - routes_table) is stable for the life of the process. */
extern const struct route routes_table[];
extern const int routes_count;

/* routes_public - whether the route reads what everybody may see; so a caller without credentials.
 */
bool routes_public(const struct route *row);

/*
 * routes_prefix_args - how many SQL arguments stand before the declared params.
 *
 * In order: actor, token_version, token_id (role other than PUBLIC);
 * request_id (RF_WRITE, RF_RECORDS); idempotency_key (RF_IDEMPOTENT); cart_token (RF_CART);
 * address, user_agent (RF_EVENT).
 */
int routes_prefix_args(const struct route *row);

/* routes_args - how many SQL arguments there are: those, the declared ones, after (RF_STREAM). */
int routes_args(const struct route *row);

/*
 * routes_arg_type - name of the SQL type of argument i, as format_type prints it.
 *
 * i: 0 .. routes_args(row) - 1. Never NULL.
 */
const char *routes_arg_type(const struct route *row, int i);

/*
 * routes_sql - the text of the call: SELECT * FROM fn($1::uuid,$2::integer,...).
 *
 * Returns: malloc'ed text, caller frees; NULL without memory or when the row
 *          has no function.
 */
char *routes_sql(const struct route *row);

/*
 * routes_print - one line a route, TAB separated: METHOD, pattern, function,
 * argument types joined by a comma, role, rate class, flags joined by a comma,
 * read or write, parameters joined by a semicolon. A field without content prints "-".
 */
void routes_print(FILE *out);

/* routes_method_name - "GET" for METHOD_GET and so on; never NULL. */
const char *routes_method_name(enum method method);

/* routes_rate_name - "api" for RATE_READ and so on (settings, metrics); never NULL. */
const char *routes_rate_name(enum rate_class rate);

#endif
