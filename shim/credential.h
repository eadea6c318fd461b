/*
 * credential.h - how a password is changed, and what a link in an e-mail does.
 */
#ifndef MJC_SHIM_CREDENTIAL_H
#define MJC_SHIM_CREDENTIAL_H

#include "http.h"

/* credential_change_run - POST /auth/change-password; answers later. */
void credential_change_run(struct request *req);

/* credential_forgot_run - POST /auth/request-password-reset; answers later. */
void credential_forgot_run(struct request *req);

/* credential_reset_run - POST /auth/reset-password; answers later. */
void credential_reset_run(struct request *req);

/*
 * credential_done - pass on what a function answered that tries a code or a link; its
 * {"refused": code} is an error that counts against the address. Ends the step.
 */
void credential_done(struct db_call *call);

/* credential_verify_email_run - POST /auth/verify-email; answers later. */
void credential_verify_email_run(struct request *req);

#endif
