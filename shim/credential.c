/*
 * credential.c - how a password is changed, and what a link in an e-mail does.
 *
 * A link carries 32 random bytes, of which the database knows the SHA-256. It
 * is looked at before a new password is hashed, so that links that are none
 * cost no hashing, and used up in the one transaction that sets the hash.
 */
#include "credential.h"

#include <stdio.h>
#include <string.h>

#include "app.h"
#include "flow.h"
#include "http_reply.h"
#include "login.h"
#include "password.h"
#include "session.h"

#define LINK_BYTES 32
#define LINK_CHARS 43

/* The order of the parameters of the rows. */
enum
{
	CHANGE_CURRENT,
	CHANGE_NEW
};
enum
{
	LINK_TOKEN,
	LINK_PASSWORD
};

/* The columns of mjc_api.password_begin. */
enum
{
	BEGIN_ACCOUNT,
	BEGIN_HASH,
	BEGIN_WAIT,
	BEGIN_WORDS
};

/* The columns of what a link is looked up by. */
enum
{
	CHECK_GOOD,
	CHECK_WORDS
};

/* ---- Shared ---- */

/* The database has answered for good: pass its reply on; clears: every session has ended. */
static void
credential_answer(struct request *req, bool clears)
{
	struct db_call *call = &req->call;
	struct auth_answer answer = {0};

	if (login_failed(req))
	{
		if (req->problem.id == ERROR_ACCOUNT_TOKEN_INVALID)
			login_refused(req);
		flow_end(req);
		return;
	}
	if (auth_answer_read(PQgetvalue(call->result, 0, 0), &answer) && answer.refused != ERROR_NONE)
	{
		PQclear(call->result);
		call->result = NULL;
		login_deny(req, answer.refused);
	}
	else if (req->mhd != NULL)
	{
		if (clears)
			session_clear_cookies(req);
		flow_rows(req);
	}
	else
	{
		PQclear(call->result);
		call->result = NULL;
	}
	auth_answer_free(&answer);
	flow_end(req);
}

static void
credential_set(struct db_call *call)
{
	credential_answer(call->cls, true);
}

void
credential_done(struct db_call *call)
{
	credential_answer(call->cls, false);
}

/* The digest of a link's token; false for what cannot be one. */
static bool
link_digest(const char *text, char out[DIGEST_SIZE])
{
	unsigned char bytes[LINK_BYTES + 1];
	size_t n;
	bool ok = strlen(text) == LINK_CHARS && text_base64url_decode(text, LINK_CHARS, bytes, &n) &&
			  n == LINK_BYTES;

	if (ok)
		digest_hex(bytes, LINK_BYTES, out);
	explicit_bzero(bytes, sizeof(bytes));
	return ok;
}

/* Whether a new password may be used by whom the words describe; else answers. */
static bool
password_allowed(struct request *req, const char *password, const char *words)
{
	if (password_good(password, strlen(password), &words, words == NULL ? 0 : 1))
		return true;
	if (req->mhd != NULL)
		http_reply_error(req, ERROR_WEAK_PASSWORD);
	return false;
}

/* ---- Change ---- */

static void
change_submit(struct request *req, const char *new_hash)
{
	int n = 3;

	flow_actor(req);
	req->args[n++] = req->id;
	req->args[n++] = new_hash == NULL ? "f" : "t";
	req->args[n++] = new_hash;
	flow_submit(req, DB_WRITE, db_extra_statement(DB_PASSWORD_CHANGE), n, credential_set);
	flow_end(req);
}

static void
change_hashed(struct worker_job *job)
{
	if (login_worked(job))
		change_submit(job->cls, job->hash);
}

static void
change_verified(struct worker_job *job)
{
	struct request *req = job->cls;

	if (!login_worked(job))
		return;
	if (job->result == WORKER_MATCH)
		login_work(req, WORKER_HASH, req->values[CHANGE_NEW].text, NULL, change_hashed);
	else
		change_submit(req, NULL);
}

/* The account is known: whether the flow goes on, else it is answered. */
static bool
change_allowed(struct request *req, const PGresult *rows)
{
	const char *wait = PQgetvalue(rows, 0, BEGIN_WAIT);

	if (*wait != '\0' && strcmp(wait, "0") != 0)
	{
		login_wait(req, wait);
		return false;
	}
	return password_allowed(req, req->values[CHANGE_NEW].text, PQgetvalue(rows, 0, BEGIN_WORDS));
}

static void
change_begun(struct db_call *call)
{
	struct request *req = call->cls;
	char hash[WORKER_HASH_MAX];
	bool goes_on;

	if (login_failed(req))
	{
		flow_end(req);
		return;
	}
	goes_on = change_allowed(req, call->result);
	snprintf(hash, sizeof(hash), "%s", PQgetvalue(call->result, 0, BEGIN_HASH));
	PQclear(call->result);
	call->result = NULL;
	if (goes_on)
		login_work(req, WORKER_VERIFY, req->values[CHANGE_CURRENT].text, hash, change_verified);
	else
		flow_end(req);
	explicit_bzero(hash, sizeof(hash));
}

void
credential_change_run(struct request *req)
{
	const char *password = req->values[CHANGE_NEW].text;

	if (strcmp(password, req->values[CHANGE_CURRENT].text) == 0)
	{
		http_reply_error(req, ERROR_SAME_PASSWORD);
		return;
	}
	if (!password_allowed(req, password, NULL) || !login_start(req))
		return;
	flow_actor(req);
	flow_submit(req, DB_WRITE, db_extra_statement(DB_PASSWORD_BEGIN), 3, change_begun);
}

/* ---- Links ---- */

void
credential_forgot_run(struct request *req)
{
	req->args[0] = req->values[0].text;
	req->args[1] = req->id;
	flow_submit(req, DB_WRITE, db_extra_statement(DB_PASSWORD_FORGOT), 2, credential_done);
}

static void
reset_hashed(struct worker_job *job)
{
	struct request *req = job->cls;

	if (!login_worked(job))
		return;
	req->args[0] = req->login->digest;
	req->args[1] = job->hash;
	req->args[2] = req->id;
	flow_submit(req, DB_WRITE, db_extra_statement(DB_PASSWORD_RESET), 3, credential_set);
	flow_end(req);
}

static void
reset_checked(struct db_call *call)
{
	struct request *req = call->cls;
	const char *password = req->values[LINK_PASSWORD].text;
	bool goes_on = false;

	if (login_failed(req))
	{
		flow_end(req);
		return;
	}
	if (strcmp(PQgetvalue(call->result, 0, CHECK_GOOD), "t") != 0)
		login_deny(req, ERROR_ACCOUNT_TOKEN_INVALID);
	else
		goes_on = password_allowed(req, password, PQgetvalue(call->result, 0, CHECK_WORDS));
	PQclear(call->result);
	call->result = NULL;
	if (goes_on)
		login_work(req, WORKER_HASH, password, NULL, reset_hashed);
	else
		flow_end(req);
}

void
credential_reset_run(struct request *req)
{
	const char *password = req->values[LINK_PASSWORD].text;

	if (!password_allowed(req, password, NULL) || !login_start(req))
		return;
	if (!link_digest(req->values[LINK_TOKEN].text, req->login->digest))
	{
		login_deny(req, ERROR_ACCOUNT_TOKEN_INVALID);
		return;
	}
	req->args[0] = req->login->digest;
	req->args[1] = "password_reset";
	flow_submit(req, DB_WRITE, db_extra_statement(DB_LINK_CHECK), 2, reset_checked);
}

void
credential_verify_email_run(struct request *req)
{
	if (!login_start(req))
		return;
	if (!link_digest(req->values[LINK_TOKEN].text, req->login->digest))
	{
		login_deny(req, ERROR_ACCOUNT_TOKEN_INVALID);
		return;
	}
	req->args[0] = req->login->digest;
	req->args[1] = req->id;
	flow_submit(req, DB_WRITE, db_extra_statement(DB_EMAIL_VERIFY), 2, credential_done);
}
