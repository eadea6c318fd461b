/*
 * login.h - sign-in of staff and its cookies.
 */
#ifndef MJC_SHIM_LOGIN_H
#define MJC_SHIM_LOGIN_H

#include "http.h"
#include "token.h"

struct config;

/* login_run - look the account up, check the password, finish; answers later. */
void login_run(struct request *req);

/* login_free - wipe and release what login_run took; NULL is fine. */
void login_free(struct login *login);

/* login_clear_cookies - add the headers that remove both token cookies. */
void login_clear_cookies(struct request *req);

/* login_secrets - the signing keys of the configuration, borrowed. */
void login_secrets(const struct config *config, struct token_secrets *out);

#endif
