/*
 * login.c - sign-in of staff and its cookies.
 *
 * Three steps: look the account up, check the password on a hashing thread,
 * tell the database how it went. Every step is taken whatever the one before
 * found, so that an unknown, a locked and a known account take the same time.
 * The password never reaches the database or the log and is wiped when done.
 */
#include "login.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app.h"
#include "auth.h"
#include "config.h"
#include "flow.h"
#include "http_reply.h"
#include "limit.h"
#include "metrics.h"
#include "text.h"
#include "worker.h"

/* The order of the login row's parameters. */
enum
{
	LOGIN_EMAIL,
	LOGIN_PASSWORD
};

struct login
{
	struct worker_job job;
	char account_id[TEXT_UUID_SIZE];
	bool known;
	bool locked;
};

void
login_secrets(const struct config *config, struct token_secrets *out)
{
	memset(out, 0, sizeof(*out));
	out->current.ptr = config->jwt_secret;
	out->current.len = strlen(config->jwt_secret);
	if (config->jwt_secret_previous != NULL)
	{
		out->previous.ptr = config->jwt_secret_previous;
		out->previous.len = strlen(config->jwt_secret_previous);
	}
}

void
login_free(struct login *login)
{
	if (login == NULL)
		return;
	explicit_bzero(login, sizeof(*login));
	free(login);
}

static void
login_cookie(struct request *req, const char *name, const char *value)
{
	http_reply_cookie(req, name, value, TOKEN_STAFF_LIFE_S);
}

void
login_clear_cookies(struct request *req)
{
	login_cookie(req, AUTH_COOKIE_ACCESS, NULL);
	login_cookie(req, AUTH_COOKIE_ADMIN, NULL);
}

/* Answer with a fresh token for the user row that the database gave. */
static void
login_welcome(struct request *req, const char *user)
{
	struct token_secrets secrets;
	struct caller who;
	size_t len = 0;
	char *token = NULL;
	char *body = NULL;

	login_secrets(req->app->config, &secrets);
	if (auth_login_caller(user, &who))
		token = token_mint(&secrets, &who, time(NULL), TOKEN_STAFF_LIFE_S);
	if (token != NULL)
		body = auth_login_body(user, token, req->lang, &len);
	if (body == NULL)
		http_reply_error(req, ERROR_INTERNAL_ERROR);
	else
	{
		login_cookie(req, AUTH_COOKIE_ACCESS, token);
		login_cookie(req, AUTH_COOKIE_ADMIN, token);
		req->caller = who;
		http_reply_body(req, req->match.row->status, body, len, free, body, false);
	}
	if (token != NULL)
		explicit_bzero(token, strlen(token));
	free(token);
}

/* Count a refusal against the address, whether or not the client still waits. */
static void
login_refused(struct request *req)
{
	limit_failure(req->app->limit, req->addr, req->app->now_ms);
	metrics_login_failure(req->app->metrics);
}

/* Step 3 is over: the user row; NULL, so that the failure stays counted; or an error. */
static void
login_finished(struct db_call *call)
{
	struct request *req = call->cls;

	if (flow_failed(req))
	{
		int status = error_status(req->problem.id);

		if (status == 401 || status == 403)
			login_refused(req);
		flow_end(req);
		return;
	}
	if (PQntuples(call->result) != 1 || PQgetisnull(call->result, 0, 0) != 0)
	{
		login_refused(req);
		if (req->mhd != NULL)
			http_reply_error(req, ERROR_INVALID_CREDENTIALS);
	}
	else if (req->mhd != NULL)
		login_welcome(req, PQgetvalue(call->result, 0, 0));
	PQclear(call->result);
	call->result = NULL;
	flow_end(req);
}

/* Step 2 is over: tell the database. */
static void
login_checked(struct worker_job *job)
{
	struct request *req = job->cls;
	struct login *login = req->login;
	int n = 0;

	if (job->result == WORKER_TOO_LATE)
	{
		if (req->mhd != NULL)
			http_reply_error(req, ERROR_SERVICE_UNAVAILABLE);
		flow_end(req);
		return;
	}
	req->args[n++] = login->known ? login->account_id : NULL;
	req->args[n++] = req->values[LOGIN_EMAIL].text;
	req->args[n++] = req->addr;
	req->args[n++] = job->result == WORKER_MATCH && login->known && !login->locked ? "t" : "f";
	req->args[n++] = req->id;
	flow_submit(req, DB_WRITE, db_extra_statement(DB_LOGIN_FINISH), n, login_finished);
	flow_end(req);
}

/* Step 1 is over: check the password against what was found. */
static void
login_looked_up(struct db_call *call)
{
	struct request *req = call->cls;
	struct login *login = req->login;
	const PGresult *rows = call->result;

	if (flow_failed(req))
	{
		flow_end(req);
		return;
	}
	if (PQntuples(rows) == 1 && PQnfields(rows) == 3 && PQgetisnull(rows, 0, 0) == 0)
	{
		login->known = text_uuid_parse(PQgetvalue(rows, 0, 0), (size_t) PQgetlength(rows, 0, 0),
									   login->account_id);
		login->locked = strcmp(PQgetvalue(rows, 0, 2), "t") == 0;
		snprintf(login->job.hash, sizeof(login->job.hash), "%s", PQgetvalue(rows, 0, 1));
	}
	PQclear(call->result);
	call->result = NULL;
	snprintf(login->job.password, sizeof(login->job.password), "%s",
			 req->values[LOGIN_PASSWORD].text);
	login->job.done = login_checked;
	login->job.cls = req;
	if (worker_submit(req->app->worker, &login->job))
		return; /* the job takes over the hold of the call */
	if (req->mhd != NULL)
		http_reply_error(req, ERROR_SERVICE_UNAVAILABLE);
	flow_end(req);
}

void
login_run(struct request *req)
{
	req->login = calloc(1, sizeof(*req->login));
	if (req->login == NULL)
	{
		http_reply_error(req, ERROR_SERVICE_UNAVAILABLE);
		return;
	}
	req->args[0] = req->values[LOGIN_EMAIL].text;
	req->args[1] = req->addr;
	flow_submit(req, DB_WRITE, db_extra_statement(DB_LOGIN_LOOKUP), 2, login_looked_up);
}
