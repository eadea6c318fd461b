/*
 * login.c - sign-in by password, and the steps it shares with what sets one.
 *
 * Three steps: take a place in the account's bucket and its hash, check the
 * password on a hashing thread, tell the database how it went. Every step is
 * taken whatever the one before found, so that an unknown, a blocked and a
 * known account take the same time. The password never reaches the database or
 * the log and is wiped when done.
 */
#include "login.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "config.h"
#include "flow.h"
#include "http_reply.h"
#include "limit.h"
#include "metrics.h"
#include "session.h"

/* The order of the login rows' parameters. */
enum
{
	LOGIN_EMAIL,
	LOGIN_PASSWORD,
	LOGIN_CODE
};

/* The columns of mjc_api.sign_in_begin. */
enum
{
	BEGIN_ACCOUNT,
	BEGIN_VERSION,
	BEGIN_HASH,
	BEGIN_WAIT
};

/* ---- Shared steps ---- */

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

/* The device, if it has signed in to the account that is named here. */
static void
login_device_read(struct request *req)
{
	struct token_secrets secrets;

	if (req->match.row->action != ACTION_LOGIN && req->match.row->action != ACTION_STAFF_LOGIN)
		return;
	login_secrets(req->app->config, &secrets);
	device_read(&secrets, req->field[FIELD_COOKIE], req->values[LOGIN_EMAIL].text,
				req->login->device);
}

/*
 * Who is signed in, or signs in where he has before, does not wait behind strangers:
 * what they can fill is a queue of their own.
 */
bool
login_start(struct request *req)
{
	req->login = calloc(1, sizeof(*req->login));
	if (req->login == NULL)
	{
		http_reply_error(req, ERROR_SERVICE_UNAVAILABLE);
		return false;
	}
	login_device_read(req);
	req->login->job.first = req->login->device[0] != '\0' || req->caller.present;
	/* Before the database is asked: a flood of sign-ins is not to take the places of others. */
	if (!worker_full(req->app->worker, req->login->job.first))
		return true;
	http_reply_error(req, ERROR_SERVICE_UNAVAILABLE);
	return false;
}

void
login_work(struct request *req, enum worker_kind kind, const char *password, const char *hash,
		   void (*done)(struct worker_job *job))
{
	struct worker_job *job = &req->login->job;

	job->kind = kind;
	snprintf(job->password, sizeof(job->password), "%s", password);
	snprintf(job->hash, sizeof(job->hash), "%s", kind == WORKER_VERIFY ? hash : "");
	job->done = done;
	job->cls = req;
	if (worker_submit(req->app->worker, job))
		return; /* the job takes over the hold */
	explicit_bzero(job->password, sizeof(job->password));
	if (req->mhd != NULL)
		http_reply_error(req, ERROR_SERVICE_UNAVAILABLE);
	flow_end(req);
}

bool
login_worked(struct worker_job *job)
{
	struct request *req = job->cls;

	if (job->result != WORKER_TOO_LATE)
		return true;
	if (req->mhd != NULL)
		http_reply_error(req, ERROR_SERVICE_UNAVAILABLE);
	flow_end(req);
	return false;
}

void
login_refused(struct request *req)
{
	limit_failure(req->app->limit, req->source, req->app->now_ms);
	metrics_login_failure(req->app->metrics);
}

void
login_deny(struct request *req, enum error_id id)
{
	/* That a code is wanted is the next question, not a failure. */
	if (id != ERROR_TOTP_REQUIRED && error_status(id) < 500)
		login_refused(req);
	if (req->mhd != NULL)
		http_reply_error(req, id);
}

void
login_wait(struct request *req, const char *seconds)
{
	metrics_rate_limited(req->app->metrics, (int) RATE_AUTH);
	if (req->mhd == NULL)
		return;
	error_set(&req->problem, ERROR_RATE_LIMIT_EXCEEDED);
	req->problem.retry_after = (int) strtol(seconds, NULL, 10);
	http_reply_problem(req);
}

bool
login_failed(struct request *req)
{
	if (flow_failed(req))
	{
		int status = error_status(req->problem.id);

		if (status == 401 || status == 403)
			login_refused(req);
		return true;
	}
	if (PQntuples(req->call.result) == 1)
		return false;
	PQclear(req->call.result);
	req->call.result = NULL;
	if (req->mhd != NULL)
		http_reply_error(req, ERROR_INTERNAL_ERROR);
	return true;
}

/* ---- Sign-in ---- */

static bool
login_of_staff(const struct request *req)
{
	return req->match.row->action == ACTION_STAFF_LOGIN;
}

/* Remember the device, so that strangers who try this e-mail do not lock it out. */
static void
login_device(struct request *req)
{
	struct token_secrets secrets;
	char token[DEVICE_TOKEN_SIZE];

	login_secrets(req->app->config, &secrets);
	if (device_make(&secrets, req->values[LOGIN_EMAIL].text, req->login->device, token))
		http_reply_cookie(req, AUTH_COOKIE_DEVICE, token, DEVICE_LIFE_S);
}

/* Step 3 is over: the user; NULL or why not, so that the failure stays counted; or an error. */
static void
login_finished(struct db_call *call)
{
	struct request *req = call->cls;
	struct auth_answer answer = {0};

	if (login_failed(req))
	{
		flow_end(req);
		return;
	}
	if (PQgetisnull(call->result, 0, 0) != 0)
		answer.refused = ERROR_INVALID_CREDENTIALS;
	else if (!auth_answer_read(PQgetvalue(call->result, 0, 0), &answer))
		answer.refused = ERROR_INTERNAL_ERROR;
	if (answer.refused == ERROR_NONE && req->mhd != NULL)
	{
		login_device(req);
		session_welcome(req, &answer, login_of_staff(req) ? WELCOME_STAFF : WELCOME_SIGN_IN,
						&req->login->refresh);
	}
	else if (answer.refused != ERROR_NONE)
		login_deny(req, answer.refused);
	auth_answer_free(&answer);
	PQclear(call->result);
	call->result = NULL;
	flow_end(req);
}

/* Step 3: tell the database, with the session to be opened where there is one. */
static void
login_finish(struct request *req)
{
	struct login *login = req->login;
	bool known = login->account_id[0] != '\0';
	bool session = !login_of_staff(req) && refresh_make(&login->refresh);
	int n = 0;

	req->args[n++] = known ? login->account_id : NULL;
	req->args[n++] = known ? login->token_version : NULL;
	req->args[n++] = req->values[LOGIN_EMAIL].text;
	req->args[n++] = login->device;
	req->args[n++] = login->matched && known ? "t" : "f";
	req->args[n++] = login_of_staff(req) ? "t" : "f";
	req->args[n++] = req->values[LOGIN_CODE].text;
	req->args[n++] = login->new_hash[0] == '\0' ? NULL : login->new_hash;
	req->args[n++] = session ? login->refresh.session_id : NULL;
	req->args[n++] = session ? login->refresh.digest : NULL;
	req->args[n++] = req->id;
	flow_submit(req, DB_WRITE, db_extra_statement(DB_SIGN_IN_FINISH), n, login_finished);
	flow_end(req);
}

static void
login_rehashed(struct worker_job *job)
{
	struct request *req = job->cls;

	if (job->result == WORKER_MATCH)
		memcpy(req->login->new_hash, job->hash, sizeof(req->login->new_hash));
	login_finish(req); /* without a new hash the old one stays */
}

/* Step 2 is over; a hash of less work than today's is replaced while the password is here. */
static void
login_verified(struct worker_job *job)
{
	struct request *req = job->cls;

	if (!login_worked(job))
		return;
	req->login->matched = job->result == WORKER_MATCH;
	if (req->login->matched && worker_weak(job->hash) && !worker_full(req->app->worker, job->first))
		login_work(req, WORKER_HASH, req->values[LOGIN_PASSWORD].text, NULL, login_rehashed);
	else
		login_finish(req);
}

/* Step 1 is over: check the password against what was found. */
static void
login_begun(struct db_call *call)
{
	struct request *req = call->cls;
	const PGresult *rows = call->result;
	char hash[WORKER_HASH_MAX];

	if (login_failed(req))
	{
		flow_end(req);
		return;
	}
	if (PQgetisnull(rows, 0, BEGIN_WAIT) == 0 && strcmp(PQgetvalue(rows, 0, BEGIN_WAIT), "0") != 0)
	{
		login_wait(req, PQgetvalue(rows, 0, BEGIN_WAIT));
		PQclear(call->result);
		call->result = NULL;
		flow_end(req);
		return;
	}
	snprintf(req->login->account_id, sizeof(req->login->account_id), "%s",
			 PQgetvalue(rows, 0, BEGIN_ACCOUNT));
	snprintf(req->login->token_version, sizeof(req->login->token_version), "%s",
			 PQgetvalue(rows, 0, BEGIN_VERSION));
	snprintf(hash, sizeof(hash), "%s", PQgetvalue(rows, 0, BEGIN_HASH));
	PQclear(call->result);
	call->result = NULL;
	login_work(req, WORKER_VERIFY, req->values[LOGIN_PASSWORD].text, hash, login_verified);
	explicit_bzero(hash, sizeof(hash));
}

void
login_run(struct request *req)
{
	if (!login_start(req))
		return;
	req->args[0] = req->values[LOGIN_EMAIL].text;
	req->args[1] = req->login->device;
	flow_submit(req, DB_WRITE, db_extra_statement(DB_SIGN_IN_BEGIN), 2, login_begun);
}
