/*
 * flow.c - the stages of a request, from its route to its reply.
 *
 * Always downwards: route, auth, limit, param, database, reply. The first
 * stage that refuses answers, and no later one runs; but a request that auth
 * refuses is counted before it is told so.
 */
#include "flow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "app.h"
#include "auth.h"
#include "cache.h"
#include "cart_cookie.h"
#include "config.h"
#include "credential.h"
#include "document.h"
#include "file.h"
#include "housekeep.h"
#include "http_reply.h"
#include "limit.h"
#include "login.h"
#include "metrics.h"
#include "payment.h"
#include "register.h"
#include "session.h"
#include "status.h"
#include "stream.h"
#include "text.h"
#include "upload.h"

#define FLOW_MAINTENANCE_RETRY_S 60

/* Whether a page of ours asks ahead of its request what it may send. */
static bool
flow_preflight(const struct request *req)
{
	const char *origin = req->field[FIELD_ORIGIN];

	return req->method == METHOD_OPTIONS && req->field[FIELD_PREFLIGHT_METHOD] != NULL &&
		   origin != NULL && auth_origin_listed(req->app->config->cors_origins, origin);
}

/* Stage 1: the row, or 404, 405, or the answer to OPTIONS. */
static bool
flow_route(struct request *req)
{
	switch (req->found)
	{
		case ROUTE_OK:
			return true;
		case ROUTE_METHOD:
			if (req->method != METHOD_OPTIONS)
			{
				http_reply_error(req, ERROR_METHOD_NOT_ALLOWED);
				return false;
			}
			http_reply_header(req, "Allow", req->match.allow);
			http_reply_body(req, 204, NULL, 0, NULL, NULL, false);
			return false;
		case ROUTE_NOT_FOUND:
			break;
	}
	if (flow_preflight(req)) /* so that the page may read the 404 of the request itself */
	{
		http_reply_body(req, 204, NULL, 0, NULL, NULL, false);
		return false;
	}
	http_reply_error(req, ERROR_NOT_FOUND);
	return false;
}

/* Stage 3: the bucket of the account, else of the address; failed sign-ins are the address's. */
static bool
flow_limit(struct request *req)
{
	enum rate_class rate = req->match.row->rate;
	int wait;

	req->counted = req->caller.present && rate != RATE_AUTH ? req->caller.account_id : req->source;
	wait = limit_take(req->app->limit, rate, req->counted, req->app->now_ms);

	if (wait == 0)
		return true;
	metrics_rate_limited(req->app->metrics, (int) rate);
	error_set(&req->problem, ERROR_RATE_LIMIT_EXCEEDED);
	req->problem.retry_after = wait;
	http_reply_problem(req);
	return false;
}

/* The scheme the client used, NULL when nobody trusted tells; of several proxies the first. */
static const char *
flow_scheme(const struct request *req)
{
	const char *proto = req->field[FIELD_FORWARDED_PROTO];
	struct str first;

	if (!req->conn->trusted)
		return "http";
	if (!text_list_next(&proto, &first))
		return NULL;
	return first.len == 5 && strncasecmp(first.ptr, "https", 5) == 0 ? "https" : "http";
}

/* What decides who calls; *secrets stays with it. */
static struct auth_input
flow_credentials(const struct request *req, struct token_secrets *secrets)
{
	const struct config *config = req->app->config;

	login_secrets(config, secrets);
	return (struct auth_input){
		.authorization = req->field[FIELD_AUTHORIZATION],
		.cookie = req->field[FIELD_COOKIE],
		.origin = req->field[FIELD_ORIGIN],
		.sec_fetch_site = req->field[FIELD_SEC_FETCH_SITE],
		.scheme = flow_scheme(req),
		.host = req->field[FIELD_HOST],
		.cors_origins = config->cors_origins,
		.now_s = time(NULL),
		.secrets = secrets,
	};
}

bool
flow_caller(struct request *req)
{
	struct token_secrets secrets;
	struct auth_input in = flow_credentials(req, &secrets);

	return auth_caller(&in, &req->caller);
}

/* Stage 2: who calls, and may they. Told after the limit, so that guessing tokens is counted. */
static enum error_id
flow_auth(struct request *req)
{
	struct token_secrets secrets;
	struct auth_input in = flow_credentials(req, &secrets);

	return auth_check(req->match.row, &in, &req->caller);
}

/* Whether a member of the staff calls, whatever the row. */
static bool
flow_staff(const struct request *req)
{
	struct token_secrets secrets;
	struct auth_input in = flow_credentials(req, &secrets);
	struct caller caller;

	return auth_caller(&in, &caller) && auth_role_allows(ROLE_TECHNICIAN, caller.role);
}

/*
 * Stage 4: is the shop open. While it is not, staff go on, whatever they call; a
 * sign-out is nobody's loss; what the shim answers by itself tells nothing of goods;
 * what was paid or delivered is reported all the same.
 */
static bool
flow_open(struct request *req)
{
	const struct route *row = req->match.row;
	bool open = !req->app->maintenance || row->role >= ROLE_TECHNICIAN;

	switch (row->action)
	{
		case ACTION_BANNER:
		case ACTION_HEALTH:
		case ACTION_LIVE:
		case ACTION_READY:
		case ACTION_STAFF_LOGIN:
		case ACTION_SIGN_OUT:
		case ACTION_LOGOUT:
		case ACTION_WEBHOOK:
		case ACTION_FILE: /* pages of staff show them, and browsers ask without a token */
			open = true;
			break;
		default:
			break;
	}
	if (open || flow_staff(req))
		return true;
	error_set(&req->problem, ERROR_MAINTENANCE);
	req->problem.retry_after = FLOW_MAINTENANCE_RETRY_S;
	http_reply_problem(req);
	return false;
}

/* Whether a route takes a body of this type. */
static bool
flow_content_type_ok(const struct route *row, const char *type)
{
	if (param_takes_file(row))
		return param_content_type_csv(type);
	if ((row->flags & RF_EVENT) != 0)
		return param_content_type_beacon(type);
	return param_content_type_ok(type);
}

/* Stage 5: the form of the body, then the typed values. */
static bool
flow_param(struct request *req)
{
	enum shim_action action = req->match.row->action;
	const char *type = req->field[FIELD_CONTENT_TYPE];
	bool has_body = req->method != METHOD_GET;
	struct param_input in = {
		.query = req->query,
		.nquery = req->nquery,
		.path_values = req->match.values,
		.body = has_body ? req->body : NULL,
		.body_len = has_body ? req->body_len : 0,
	};

	if (action == ACTION_UPLOAD || (action == ACTION_WEBHOOK && has_body))
		return true; /* taken apart as it came; verified before it is read */
	if (in.body_len > 0 &&
		(req->field[FIELD_CONTENT_ENCODING] != NULL || !flow_content_type_ok(req->match.row, type)))
	{
		http_reply_error(req, ERROR_UNSUPPORTED_MEDIA_TYPE);
		return false;
	}
	if (param_parse(req->match.row, &in, req->values, &req->problem) == 0)
		return true;
	http_reply_problem(req);
	return false;
}

void
flow_actor(struct request *req)
{
	bool known = req->caller.present;

	snprintf(req->token_version, sizeof(req->token_version), "%ld", req->caller.token_version);
	req->args[0] = known ? req->caller.account_id : NULL;
	req->args[1] = known ? req->token_version : NULL;
	req->args[2] = known ? req->caller.token_id : NULL;
}

/* The arguments in front of the declared ones. Returns their number, -1 when refused. */
static int
flow_prefix(struct request *req)
{
	const struct route *row = req->match.row;
	const char *key = req->field[FIELD_IDEMPOTENCY_KEY];
	int n = 0;

	if (row->role != ROLE_PUBLIC)
	{
		flow_actor(req);
		n = 3;
	}
	if ((row->flags & (RF_WRITE | RF_RECORDS)) != 0)
		req->args[n++] = req->id;
	if ((row->flags & RF_IDEMPOTENT) != 0)
	{
		if (key != NULL && !param_idempotency_key(key, req->key))
		{
			http_reply_error(req, ERROR_IDEMPOTENCY_KEY_INVALID);
			return -1;
		}
		req->args[n++] = key == NULL ? NULL : req->key;
	}
	if ((row->flags & RF_CART) != 0 && !cart_cookie_take(req, &req->args[n++]))
	{
		http_reply_error(req, ERROR_SERVICE_UNAVAILABLE);
		return -1;
	}
	if ((row->flags & RF_EVENT) != 0)
	{
		/* The frontend's own calls say nothing of a visitor. */
		bool visitor = strcmp(req->source, LIMIT_FRONTEND) != 0;

		req->args[n++] = visitor ? req->addr : NULL;
		req->args[n++] = visitor && !req->frontend ? req->agent : NULL;
	}
	return n;
}

static enum db_pool_id
flow_pool(const struct route *row)
{
	if ((row->flags & RF_EVENT) != 0)
		return DB_EVENT;
	if ((row->flags & (RF_WRITE | RF_RECORDS)) != 0)
		return DB_WRITE;
	if ((row->flags & RF_SLOW) != 0)
		return DB_SLOW;
	if ((row->flags & RF_STAFF_PRIMARY) != 0)
		return DB_STAFF;
	return DB_READ;
}

void
flow_submit(struct request *req, enum db_pool_id pool, int statement, int nargs,
			void (*done)(struct db_call *call))
{
	req->call.pool = pool;
	req->call.statement = statement;
	req->call.nargs = nargs;
	req->call.args = req->args;
	req->call.done = done;
	req->call.cls = req;
	http_hold(req);
	if (db_submit(req->app->db, &req->call))
		return;
	if (pool == DB_EVENT)
		metrics_event_dropped(req->app->metrics);
	if (req->mhd != NULL)
		http_reply_error(req, ERROR_SERVICE_UNAVAILABLE);
	http_release(req);
}

/* A number that only the database refuses is shown at its field like any other. */
static void
flow_name_phone(struct request *req)
{
	const struct route *row = req->match.row;

	for (int i = 0; i < row->nparams; i++)
	{
		if (row->params[i].type == T_PHONE)
			error_add_field(&req->problem, row->params[i].path, ERROR_FIELD_PHONE, NULL);
	}
	req->problem.id = ERROR_PHONE_INVALID;
}

/* Nobody changes events: who waited too long for a lock met a shop that is busy. */
static void
flow_event_lost(struct request *req)
{
	if (req->problem.id == ERROR_CONFLICT_RETRY)
		error_set(&req->problem, ERROR_SERVICE_UNAVAILABLE);
	if (error_status(req->problem.id) >= 500)
		metrics_event_dropped(req->app->metrics);
}

bool
flow_problem(struct request *req)
{
	struct db_call *call = &req->call;
	const char *sqlstate;

	req->db_us += call->elapsed_us;
	if (call->outcome == DB_OK)
		return false;
	if (call->outcome == DB_ERROR)
	{
		sqlstate = PQresultErrorField(call->result, PG_DIAG_SQLSTATE);
		error_set_pg(&req->problem, sqlstate,
					 PQresultErrorField(call->result, PG_DIAG_MESSAGE_DETAIL));
		if (req->problem.id == ERROR_PHONE_INVALID)
			flow_name_phone(req);
	}
	else if (call->outcome == DB_TIMEOUT)
		error_set(&req->problem, ERROR_DATABASE_TIMEOUT);
	else
		error_set(&req->problem, ERROR_SERVICE_UNAVAILABLE);
	PQclear(call->result);
	call->result = NULL;
	if (call->pool == DB_EVENT)
		flow_event_lost(req);
	return true;
}

bool
flow_failed(struct request *req)
{
	if (!flow_problem(req))
		return false;
	if (req->mhd != NULL)
		http_reply_problem(req);
	return true;
}

void
flow_end(struct request *req)
{
	if (req->answered)
		http_resume(req);
	http_release(req);
}

static void
flow_clear_result(void *cls)
{
	PQclear(cls);
}

/* Pass a reply on whose texts the client's language decides. */
static void
flow_messages(struct request *req, PGresult *result)
{
	const struct route *row = req->match.row;
	size_t len;
	char *body = error_messages(PQgetvalue(result, 0, 0), req->lang, &len);

	PQclear(result);
	if (body == NULL)
		http_reply_error(req, ERROR_INTERNAL_ERROR);
	else
		http_reply_body(req, row->status, body, len, free, body, (row->flags & RF_RAW) == 0);
}

/* A second column names the file that the first is; without a name it is data like any other. */
static bool
flow_is_file(const struct route *row, const PGresult *result)
{
	return (row->flags & RF_PAGE) != 0 && PQnfields(result) > 1 && PQgetisnull(result, 0, 1) == 0;
}

void
flow_rows(struct request *req)
{
	const struct route *row = req->match.row;
	PGresult *result = req->call.result;

	req->call.result = NULL;
	if (PQntuples(result) == 0 || PQnfields(result) == 0 || PQgetisnull(result, 0, 0) != 0)
	{
		PQclear(result);
		http_reply_error(req, ERROR_NOT_FOUND);
		return;
	}
	if ((row->flags & RF_MESSAGES) != 0)
	{
		flow_messages(req, result);
		return;
	}
	if ((row->flags & RF_STREAM) != 0)
	{
		stream_begin(req, result);
		return;
	}
	if ((row->flags & RF_IDEMPOTENT) != 0 && PQnfields(result) > 1 &&
		strcmp(PQgetvalue(result, 0, 1), "t") == 0)
		http_reply_header(req, "Idempotent-Replayed", "true");
	if (row->action == ACTION_LOGOUT)
		session_clear_cookies(req);
	if ((row->flags & RF_CART) != 0)
		cart_cookie_give(req);
	if (flow_is_file(row, result))
	{
		document_print(req, result);
		return;
	}
	http_reply_body(req, row->status, PQgetvalue(result, 0, 0), (size_t) PQgetlength(result, 0, 0),
					flow_clear_result, result, (row->flags & (RF_RAW | RF_PAGE)) == 0);
	if ((row->flags & RF_PAGE) != 0)
		req->reply.kind = REPLY_PAGE;
	http_reply_keep(req);
}

static void
flow_done(struct db_call *call)
{
	struct request *req = call->cls;

	if (!flow_failed(req))
	{
		if ((req->match.row->flags & RF_JOB) != 0)
			housekeep_soon(req->app->housekeep);
		if (req->mhd != NULL)
			flow_rows(req);
		else
			PQclear(call->result);
	}
	flow_end(req);
}

/* What becomes of the row's answer. */
static void (*flow_done_of(const struct route *row))(struct db_call *call)
{
	switch (row->action)
	{
		case ACTION_CODE:
			return credential_done;
		case ACTION_CHECKOUT:
			return payment_checkout_begun;
		default:
			return flow_done;
	}
}

/*
 * The answer that somebody got a moment ago to the same question, when everybody may see it.
 * Without one its key is noted, so that the database's answer is kept.
 */
static bool
flow_cached(struct request *req, int nargs)
{
	const struct route *row = req->match.row;
	struct cache_entry *entry;
	char key[CACHE_KEY_MAX];
	size_t len;

	if (req->app->cache == NULL || req->caller.present || !routes_public(row))
		return false;
	len = cache_key((int) (row - routes_table), req->args, nargs, key);
	if (len == 0)
		return false;
	entry = cache_get(req->app->cache, key, len, req->app->now_ms);
	if (entry != NULL)
	{
		metrics_cache_hit(req->app->metrics, (int) (row - routes_table));
		http_reply_cached(req, entry);
		return true;
	}
	req->cache_key = malloc(len);
	if (req->cache_key != NULL)
		memcpy(req->cache_key, key, len);
	req->cache_key_len = len;
	req->asked_ms = req->app->now_ms;
	return false;
}

void
flow_call(struct request *req, void (*done)(struct db_call *call))
{
	const struct route *row = req->match.row;
	int n = flow_prefix(req);

	if (n < 0)
		return;
	for (int i = 0; i < row->nparams; i++)
		req->args[n++] = req->values[i].text;
	if ((row->flags & RF_STREAM) != 0)
		req->args[n++] = NULL; /* from the beginning */
	if (flow_cached(req, n))
		return;
	flow_submit(req, flow_pool(row), (int) (row - routes_table), n,
				done == NULL ? flow_done_of(row) : done);
}

bool
flow_admit(struct request *req)
{
	enum error_id error;

	if (!flow_route(req))
		return false;
	error = flow_auth(req);
	if (!flow_limit(req) || !flow_open(req))
		return false;
	if (error == ERROR_NONE)
		return true;
	http_reply_error(req, error);
	return false;
}

void
flow_run(struct request *req)
{
	if (req->answered) /* by its head */
		return;
	if (req->problem.id != ERROR_NONE)
	{
		http_reply_problem(req);
		return;
	}
	if ((req->upload == NULL && !flow_admit(req)) || !flow_param(req))
		return;
	switch (req->match.row->action)
	{
		case ACTION_NONE:
		case ACTION_LOGOUT:
		case ACTION_CODE:
		case ACTION_CHECKOUT:
			flow_call(req, NULL);
			break;
		case ACTION_UPLOAD:
			upload_run(req);
			break;
		case ACTION_FILE:
			file_run(req);
			break;
		case ACTION_WEBHOOK:
			payment_webhook_run(req);
			break;
		case ACTION_LOGIN:
		case ACTION_STAFF_LOGIN:
			login_run(req);
			break;
		case ACTION_REGISTER:
			register_run(req);
			break;
		case ACTION_SOCIAL_LOGIN:
			register_social_run(req);
			break;
		case ACTION_REFRESH:
			session_refresh_run(req);
			break;
		case ACTION_SIGN_OUT:
			session_close_run(req);
			break;
		case ACTION_PASSWORD_CHANGE:
			credential_change_run(req);
			break;
		case ACTION_PASSWORD_FORGOT:
			credential_forgot_run(req);
			break;
		case ACTION_PASSWORD_RESET:
			credential_reset_run(req);
			break;
		case ACTION_EMAIL_VERIFY:
			credential_verify_email_run(req);
			break;
		case ACTION_BANNER:
		case ACTION_HEALTH:
		case ACTION_LIVE:
		case ACTION_READY:
			status_reply(req);
			break;
	}
}
