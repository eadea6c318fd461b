/*
 * session.h - the cookies of who is signed in; how a session goes on and ends.
 */
#ifndef MJC_SHIM_SESSION_H
#define MJC_SHIM_SESSION_H

#include "auth.h"
#include "http.h"
#include "refresh.h"

/*
 * session_welcome - answer with tokens for who the database answered, and their cookies.
 *
 * refresh: of the session that the access token belongs to; not read for
 * WELCOME_STAFF, whose token lasts a working day and cannot be refreshed.
 */
void session_welcome(struct request *req, const struct auth_answer *answer, enum auth_welcome shape,
					 const struct refresh_token *refresh);

/* session_clear_cookies - add the headers that remove the cookies of a session. */
void session_clear_cookies(struct request *req);

/* session_refresh_run - POST /auth/refresh; answers later. */
void session_refresh_run(struct request *req);

/* session_close_run - POST /auth/logout, with whatever credentials; answers later. */
void session_close_run(struct request *req);

#endif
