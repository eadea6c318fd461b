/*
 * account.h - who acts: a member of staff through psql or REST, a visitor, a job.
 */
#ifndef MJC_ACCOUNT_H
#define MJC_ACCOUNT_H

#include "fmgr.h"

#include "compat.h"

typedef struct MjcActor
{
	bool known;				/* id is set */
	pg_uuid_t id;			/* row of mjc.staff or mjc.account */
	const char *login;		/* PostgreSQL login of the session */
	const char *channel;	/* "rest", "psql" or "job" */
	const char *request_id; /* REST only, else NULL */
} MjcActor;

extern MjcActor mjc_actor_staff(void);
extern MjcActor mjc_actor_admin(FunctionCallInfo fcinfo);
extern MjcActor mjc_actor_account(FunctionCallInfo fcinfo);
extern MjcActor mjc_actor_visitor(const char *request_id);
extern MjcActor mjc_actor_job(void);
extern MjcActor mjc_actor_argument(FunctionCallInfo fcinfo, int n);

#endif /* MJC_ACCOUNT_H */
