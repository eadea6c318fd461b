/*
 * register.c - how an account begins: by a form, or by what another service vouches for.
 */
#include "register.h"

#include <string.h>
#include <time.h>

#include "app.h"
#include "config.h"
#include "flow.h"
#include "http_reply.h"
#include "id_token.h"
#include "login.h"
#include "password.h"
#include "session.h"

/* The order of the register row's parameters. */
enum
{
	REGISTER_EMAIL,
	REGISTER_PASSWORD,
	REGISTER_FIRST_NAME,
	REGISTER_LAST_NAME,
	REGISTER_PHONE,
	REGISTER_COMPANY,
	REGISTER_TYPE,
	REGISTER_VAT
};

/* The order of the social row's parameters. */
enum
{
	SOCIAL_EMAIL,
	SOCIAL_FIRST_NAME,
	SOCIAL_LAST_NAME,
	SOCIAL_IMAGE, /* not kept */
	SOCIAL_ID_TOKEN
};

/* The account is there, or not; both flows end so. */
static void
register_done(struct db_call *call)
{
	struct request *req = call->cls;
	struct auth_answer answer = {0};

	if (login_failed(req))
	{
		if (req->problem.id == ERROR_EMAIL_EXISTS)
			login_refused(req); /* or addresses could be tried out without end */
		flow_end(req);
		return;
	}
	if (!auth_answer_read(PQgetvalue(call->result, 0, 0), &answer))
		answer.refused = ERROR_INTERNAL_ERROR;
	if (answer.refused != ERROR_NONE)
		login_deny(req, answer.refused);
	else if (req->mhd != NULL)
		session_welcome(req, &answer, WELCOME_SIGN_IN, &req->login->refresh);
	auth_answer_free(&answer);
	PQclear(call->result);
	call->result = NULL;
	flow_end(req);
}

/* ---- By a form ---- */

static void
register_hashed(struct worker_job *job)
{
	struct request *req = job->cls;
	struct login *login = req->login;
	int n = 0;

	if (!login_worked(job))
		return;
	if (!refresh_make(&login->refresh))
	{
		if (req->mhd != NULL)
			http_reply_error(req, ERROR_SERVICE_UNAVAILABLE);
		flow_end(req);
		return;
	}
	req->args[n++] = req->values[REGISTER_EMAIL].text;
	req->args[n++] = req->values[REGISTER_FIRST_NAME].text;
	req->args[n++] = req->values[REGISTER_LAST_NAME].text;
	req->args[n++] = req->values[REGISTER_PHONE].text;
	req->args[n++] = req->values[REGISTER_COMPANY].text;
	req->args[n++] = req->values[REGISTER_TYPE].text;
	req->args[n++] = req->values[REGISTER_VAT].text;
	req->args[n++] = job->hash;
	req->args[n++] = login->refresh.session_id;
	req->args[n++] = login->refresh.digest;
	req->args[n++] = req->lang == LANG_AR ? "ar" : "fr";
	req->args[n++] = req->id;
	flow_submit(req, DB_WRITE, db_extra_statement(DB_REGISTER), n, register_done);
	flow_end(req);
}

void
register_run(struct request *req)
{
	const char *words[] = {req->values[REGISTER_EMAIL].text, req->values[REGISTER_FIRST_NAME].text,
						   req->values[REGISTER_LAST_NAME].text,
						   req->values[REGISTER_COMPANY].text};
	const char *password = req->values[REGISTER_PASSWORD].text;

	if (!password_good(password, strlen(password), words, sizeof(words) / sizeof(words[0])))
	{
		http_reply_error(req, ERROR_WEAK_PASSWORD);
		return;
	}
	if (!login_start(req))
		return;
	http_hold(req);
	login_work(req, WORKER_HASH, password, NULL, register_hashed);
}

/* ---- By what another service vouches for ---- */

static void
social_submit(struct request *req, const char *provider, const char *subject, const char *email,
			  const char *first_name, const char *last_name)
{
	struct login *login = req->login;
	int n = 0;

	req->args[n++] = provider;
	req->args[n++] = subject;
	req->args[n++] = email;
	req->args[n++] = first_name;
	req->args[n++] = last_name;
	req->args[n++] = login->refresh.session_id;
	req->args[n++] = login->refresh.digest;
	req->args[n++] = req->id;
	flow_submit(req, DB_WRITE, db_extra_statement(DB_SOCIAL_SIGN_IN), n, register_done);
}

void
register_social_run(struct request *req)
{
	const char *token = req->values[SOCIAL_ID_TOKEN].text;
	const char *email = req->values[SOCIAL_EMAIL].text;
	struct id_person *person;

	if (!login_start(req))
		return;
	person = &req->login->person;
	if (!refresh_make(&req->login->refresh))
		http_reply_error(req, ERROR_SERVICE_UNAVAILABLE);
	else if (token != NULL && id_keys_verify(req->app->id_keys, token, time(NULL), person))
		social_submit(req, "google", person->subject, person->email,
					  person->first_name[0] == '\0' ? NULL : person->first_name,
					  person->last_name[0] == '\0' ? NULL : person->last_name);
	else if (token == NULL && email != NULL && req->frontend)
		social_submit(req, "frontend", NULL, email, req->values[SOCIAL_FIRST_NAME].text,
					  req->values[SOCIAL_LAST_NAME].text);
	else
		login_deny(req, ERROR_SOCIAL_PROOF_INVALID);
}
