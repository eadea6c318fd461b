/*
 * register.h - how an account begins: by a form, or by what another service vouches for.
 */
#ifndef MJC_SHIM_REGISTER_H
#define MJC_SHIM_REGISTER_H

#include "http.h"

/* register_run - POST /auth/register; answers later. */
void register_run(struct request *req);

/*
 * register_social_run - POST /auth/social-login; answers later.
 *
 * The proof is an id token of Google or the frontend server's own secret, in
 * whose name nothing but a customer signs in.
 */
void register_social_run(struct request *req);

#endif
