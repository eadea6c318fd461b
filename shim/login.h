/*
 * login.h - sign-in by password, and the steps it shares with what sets one.
 *
 * Each of these flows is a chain of callbacks: a call of the database or a job
 * of a hashing thread ends one step and begins the next. Every chain has the
 * same steps for accounts that exist and for others.
 */
#ifndef MJC_SHIM_LOGIN_H
#define MJC_SHIM_LOGIN_H

#include "device.h"
#include "http.h"
#include "id_token.h"
#include "refresh.h"
#include "token.h"
#include "worker.h"

struct config;

/* What the steps of a flow hand to each other; wiped at the end of the request. */
struct login
{
	struct worker_job job;
	bool matched; /* the password is the account's */
	char account_id[TEXT_UUID_SIZE];
	char token_version[16]; /* of the account when its hash was read */
	char new_hash[WORKER_HASH_MAX];
	char device[DEVICE_ID_SIZE]; /* known for the account, or empty */
	char digest[DIGEST_SIZE];	 /* of a token that was sent */
	struct refresh_token refresh;
	struct refresh_token child;
	struct id_person person;
};

/* login_run - sign in by e-mail and password, at either door; answers later. */
void login_run(struct request *req);

/* login_free - wipe and release what a flow took; NULL is fine. */
void login_free(struct login *login);

/* login_secrets - the signing keys of the configuration, borrowed. */
void login_secrets(const struct config *config, struct token_secrets *out);

/* login_start - make req->login; false, and answered, when the shim is too busy. */
bool login_start(struct request *req);

/*
 * login_work - let a hashing thread verify a password or hash it.
 *
 * hash: to compare with, not read for WORKER_HASH. The request stays held until
 * done, which begins with login_worked. Answers by itself when there is no room.
 * Call it where a call of the database has ended, or after http_hold.
 */
void login_work(struct request *req, enum worker_kind kind, const char *password, const char *hash,
				void (*done)(struct worker_job *job));

/* login_worked - whether the job was done; else answers and ends the step. */
bool login_worked(struct worker_job *job);

/* login_refused - count a refusal against the address, whether or not the client still waits. */
void login_refused(struct request *req);

/* login_deny - answer with a refusal, and count it if it is a failure of the client. */
void login_deny(struct request *req, enum error_id id);

/* login_wait - answer 429: the account's own bucket is empty. */
void login_wait(struct request *req, const char *seconds);

/*
 * login_failed - answer a call that brought no single row; counts refusals.
 *
 * Returns false when there is a row. Does not end the step.
 */
bool login_failed(struct request *req);

#endif
