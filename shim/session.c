/*
 * session.c - the cookies of who is signed in; how a session goes on and ends.
 *
 * A session lives by a refresh token, which changes at each use; the database
 * knows the hashes of the newest one and the one before. An old one that turns
 * up again was stolen from one side or the other, and the session ends.
 */
#include "session.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app.h"
#include "config.h"
#include "flow.h"
#include "http_reply.h"
#include "login.h"

/* The columns of mjc_api.session_refresh. */
enum
{
	REFRESH_OUTCOME,
	REFRESH_ACCOUNT
};

/* ---- Cookies and tokens ---- */

void
session_clear_cookies(struct request *req)
{
	http_reply_cookie(req, AUTH_COOKIE_ACCESS, NULL, 0);
	http_reply_cookie(req, AUTH_COOKIE_ADMIN, NULL, 0);
	http_reply_cookie(req, AUTH_COOKIE_REFRESH, NULL, 0);
}

static void
session_give_cookies(struct request *req, enum auth_welcome shape, const char *access,
					 const char *refresh)
{
	if (shape == WELCOME_STAFF)
	{
		http_reply_cookie(req, AUTH_COOKIE_ACCESS, access, TOKEN_STAFF_LIFE_S);
		http_reply_cookie(req, AUTH_COOKIE_ADMIN, access, TOKEN_STAFF_LIFE_S);
		return;
	}
	http_reply_cookie(req, AUTH_COOKIE_ACCESS, access, TOKEN_CUSTOMER_LIFE_S);
	http_reply_cookie(req, AUTH_COOKIE_REFRESH, refresh, REFRESH_LIFE_S);
}

void
session_welcome(struct request *req, const struct auth_answer *answer, enum auth_welcome shape,
				const struct refresh_token *refresh)
{
	bool staff = shape == WELCOME_STAFF;
	struct caller who = answer->who;
	struct token_secrets secrets;
	char *access, *body = NULL;
	size_t len = 0;

	login_secrets(req->app->config, &secrets);
	if (!staff)
		memcpy(who.token_id, refresh->session_id, sizeof(who.token_id));
	access =
		token_mint(&secrets, &who, time(NULL), staff ? TOKEN_STAFF_LIFE_S : TOKEN_CUSTOMER_LIFE_S);
	if (access != NULL && (staff || refresh->text[0] != '\0'))
		body = auth_welcome_body(shape, answer->user, access, refresh->text, req->lang, &len);
	if (body == NULL)
		http_reply_error(req, ERROR_INTERNAL_ERROR);
	else
	{
		session_give_cookies(req, shape, access, refresh->text);
		req->caller = who;
		http_reply_body(req, req->match.row->status, body, len, auth_wipe, body, false);
	}
	auth_wipe(access);
}

/* The refresh token that was sent: in the body, by a server, else in the cookie. */
static enum error_id
session_presented(struct request *req, struct refresh_token *out)
{
	const struct route *row = req->match.row;
	struct str value = {NULL, 0};

	if (row->nparams > 0 && req->values[0].text != NULL)
	{
		value.ptr = req->values[0].text;
		value.len = strlen(value.ptr);
	}
	else if (auth_cookie(req->field[FIELD_COOKIE], AUTH_COOKIE_REFRESH, &value) > 1)
		return ERROR_MALFORMED_REQUEST;
	if (value.len == 0)
		return ERROR_MISSING_REFRESH_TOKEN;
	return refresh_read(value.ptr, value.len, out) ? ERROR_NONE : ERROR_INVALID_REFRESH_TOKEN;
}

static bool
session_start(struct request *req)
{
	req->login = calloc(1, sizeof(*req->login));
	if (req->login == NULL)
		http_reply_error(req, ERROR_SERVICE_UNAVAILABLE);
	return req->login != NULL;
}

/* ---- Refresh ---- */

/* What the database said of a refresh, as an answer. */
static void
session_refreshed_answer(struct request *req, const PGresult *rows)
{
	const char *outcome = PQgetvalue(rows, 0, REFRESH_OUTCOME);
	bool child = strcmp(outcome, "child") == 0;
	struct auth_answer answer = {0};

	if (child || strcmp(outcome, "same") == 0)
	{
		if (auth_answer_read(PQgetvalue(rows, 0, REFRESH_ACCOUNT), &answer) &&
			answer.refused == ERROR_NONE)
			session_welcome(req, &answer, WELCOME_REFRESH,
							child ? &req->login->child : &req->login->refresh);
		else
			http_reply_error(req, ERROR_INTERNAL_ERROR);
		auth_answer_free(&answer);
		return;
	}
	session_clear_cookies(req);
	http_reply_error(req, strcmp(outcome, "expired") == 0 ? ERROR_REFRESH_TOKEN_EXPIRED
														  : ERROR_INVALID_REFRESH_TOKEN);
}

static void
session_refreshed(struct db_call *call)
{
	struct request *req = call->cls;

	if (!login_failed(req))
	{
		if (req->mhd != NULL)
			session_refreshed_answer(req, call->result);
		PQclear(call->result);
		call->result = NULL;
	}
	flow_end(req);
}

void
session_refresh_run(struct request *req)
{
	struct token_secrets secrets;
	struct login *login;
	enum error_id error;

	if (!session_start(req))
		return;
	login = req->login;
	login_secrets(req->app->config, &secrets);
	error = session_presented(req, &login->refresh);
	if (error == ERROR_NONE && !refresh_child(&secrets, &login->refresh, &login->child))
		error = ERROR_INTERNAL_ERROR;
	if (error != ERROR_NONE)
	{
		http_reply_error(req, error);
		return;
	}
	req->args[0] = login->refresh.session_id;
	req->args[1] = login->refresh.digest;
	req->args[2] = login->child.digest;
	flow_submit(req, DB_WRITE, db_extra_statement(DB_SESSION_REFRESH), 3, session_refreshed);
}

/* ---- Logout ---- */

static void
session_closed_answer(struct request *req)
{
	static char french[] = "{\"success\":true,\"message\":\"Déconnexion réussie\"}";
	static char arabic[] = "{\"success\":true,\"message\":\"تم تسجيل الخروج\"}";
	char *body = req->lang == LANG_AR ? arabic : french;

	session_clear_cookies(req);
	http_reply_body(req, req->match.row->status, body, strlen(body), NULL, NULL, false);
}

/*
 * Whether a step of a logout failed in a way that leaves the session open. A
 * token that is no longer any good needs no closing, whatever the database calls it.
 */
static bool
session_left_open(struct request *req)
{
	struct db_call *call = &req->call;

	if (call->outcome == DB_ERROR &&
		error_status(error_from_sqlstate(PQresultErrorField(call->result, PG_DIAG_SQLSTATE))) < 500)
	{
		PQclear(call->result);
		call->result = NULL;
		return false;
	}
	if (flow_failed(req))
		return true;
	PQclear(call->result);
	call->result = NULL;
	return false;
}

static void
session_closed(struct db_call *call)
{
	struct request *req = call->cls;

	if (!session_left_open(req) && req->mhd != NULL)
		session_closed_answer(req);
	else if (req->mhd != NULL)
		session_clear_cookies(req);
	flow_end(req);
}

/* Step 2: the session of the refresh token, which may be another one. */
static void
session_close_refresh(struct request *req)
{
	req->args[0] = req->login->refresh.session_id;
	req->args[1] = req->login->refresh.digest;
	req->args[2] = req->id;
	flow_submit(req, DB_WRITE, db_extra_statement(DB_SESSION_CLOSE), 3, session_closed);
}

/* Step 1 is over: the access token is refused from now on. */
static void
session_revoked(struct db_call *call)
{
	struct request *req = call->cls;

	if (session_left_open(req))
	{
		if (req->mhd != NULL)
			session_clear_cookies(req);
	}
	else if (req->login->refresh.text[0] != '\0')
		session_close_refresh(req);
	else if (req->mhd != NULL)
		session_closed_answer(req);
	flow_end(req);
}

void
session_close_run(struct request *req)
{
	struct refresh_token *refresh;
	bool known;

	if (!session_start(req))
		return;
	refresh = &req->login->refresh;
	known = flow_caller(req);
	if (session_presented(req, refresh) != ERROR_NONE && !known)
	{
		session_closed_answer(req);
		return;
	}
	if (!known)
	{
		session_close_refresh(req);
		return;
	}
	flow_actor(req);
	req->args[3] = req->id;
	flow_submit(req, DB_WRITE, db_extra_statement(DB_LOGOUT), 4, session_revoked);
}
