/*
 * account.c - decides who acts and whether they may.
 *
 * Three ways in, one MjcActor: a member of staff in psql (the row of mjc.staff
 * of session_user; no GUC and no SET ROLE changes that), an admin through REST
 * (the account named by a verified token, read again here in the same
 * statement, so that a blocked, demoted or signed-out account is out at once),
 * a visitor, or a job. A superuser without a staff row acts as the operator:
 * the audit then holds the login alone.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"

#include "account.h"
#include "args.h"
#include "direct.h"
#include "error.h"
#include "spi.h"

#define MAX_STAFF 200 /* read at once; beyond, the index is used */

/* -------------------------------------------------------------- Storage -- */

static MjcStmt stmt_staff = {
	"SELECT staff_id FROM mjc.staff WHERE db_login = $1 AND is_active", 1, {TEXTOID}, NULL};
static MjcStmt stmt_account = {"SELECT a.role, a.is_active, a.token_version, "
							   "EXISTS (SELECT FROM mjc.token_revoked t WHERE t.token_id = $2) "
							   "FROM mjc.account a WHERE a.account_id = $1",
							   2,
							   {UUIDOID, UUIDOID},
							   NULL};

static MjcTable staff_table = {
	.name = "staff",
	.columns = {"staff_id", "db_login", "is_active", "display_name", "created_at", NULL},
	.types = {UUIDOID, TEXTOID, BOOLOID, TEXTOID, TIMESTAMPTZOID}};

static const char *
session_login(void)
{
	return GetUserNameFromId(GetSessionUserId(), false);
}

/* The active member of staff with this login. Without SQL where that can be: each rule asks. */
static bool
find_staff(const char *login, pg_uuid_t *id)
{
	Datum rows[MAX_STAFF * 3];
	int n =
		mjc_direct_readable(&staff_table) ? mjc_direct_all(&staff_table, 3, rows, MAX_STAFF) : -1;

	if (n < 0)
	{
		if (mjc_exec(&stmt_staff, MJC_ARGS(MJC_TEXT(login))) != 1)
			return false;
		*id = mjc_uuid_col(0, 1);
		return true;
	}
	for (int i = 0; i < n; i++)
	{
		const Datum *row = rows + i * 3;

		if (row[1] == (Datum) 0 || !DatumGetBool(row[2]) ||
			strcmp(TextDatumGetCString(row[1]), login) != 0)
			continue;
		*id = *DatumGetUUIDP(row[0]);
		return true;
	}
	return false;
}

/*
 * mjc_actor_staff - the member of staff of this database session. Needs SPI open.
 *
 * Errors: MJ601 when the login is linked to nobody and is no superuser.
 */
MjcActor
mjc_actor_staff(void)
{
	MjcActor actor = {false, {{0}}, session_login(), "psql", NULL};

	actor.known = find_staff(actor.login, &actor.id);
	if (!actor.known && !superuser_arg(GetSessionUserId()))
		mjc_raise(MJC_ERR_NOT_STAFF);
	return actor;
}

/*
 * token_refusal - why the account named by the first three arguments (actor,
 * token_version, token_id) may not act; MJC_ERR__MAX: it may, and its role is in
 * the row read. Needs SPI open. MJ060 no token, MJ063 closed, blocked or older token.
 */
static MjcErrorId
token_refusal(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return MJC_ERR_MISSING_TOKEN;
	if (mjc_exec(&stmt_account,
				 MJC_ARGS(MJC_UUID(PG_GETARG_UUID_P(0)), MJC_UUID(PG_GETARG_UUID_P(2)))) != 1 ||
		!mjc_bool_col(0, 2) || mjc_int4_col(0, 3) != PG_GETARG_INT32(1) || mjc_bool_col(0, 4))
		return MJC_ERR_TOKEN_REVOKED;
	return MJC_ERR__MAX;
}

/* refusal - the same for an admin. Needs SPI open. MJ064 other role, those of token_refusal. */
static MjcErrorId
refusal(FunctionCallInfo fcinfo)
{
	MjcErrorId why = token_refusal(fcinfo);
	const char *role;

	if (why != MJC_ERR__MAX)
		return why;
	role = mjc_text_col(0, 1);
	if (strcmp(role, "ADMIN") != 0 && strcmp(role, "SUPER_ADMIN") != 0)
		return MJC_ERR_FORBIDDEN;
	return MJC_ERR__MAX;
}

/* The first arguments of a REST function, once nothing speaks against them. */
static MjcActor
rest_actor(FunctionCallInfo fcinfo, MjcErrorId why)
{
	MjcActor actor = {true, {{0}}, session_login(), "rest", NULL};

	if (why != MJC_ERR__MAX)
		mjc_raise(why);
	actor.id = *PG_GETARG_UUID_P(0);
	if (PG_NARGS() > 3)
		actor.request_id = mjc_arg_text_or_null(fcinfo, 3);
	return actor;
}

/*
 * mjc_actor_admin - the admin named by the first arguments of a REST function:
 * actor uuid, token_version integer, token_id uuid, request_id text (when the
 * function has it; NULL otherwise). Needs SPI open.
 */
MjcActor
mjc_actor_admin(FunctionCallInfo fcinfo)
{
	return rest_actor(fcinfo, refusal(fcinfo));
}

/* mjc_actor_account - the same for whoever is signed in. Errors: MJ060, MJ063. */
MjcActor
mjc_actor_account(FunctionCallInfo fcinfo)
{
	return rest_actor(fcinfo, token_refusal(fcinfo));
}

/* mjc_actor_visitor - somebody who did not sign in. */
MjcActor
mjc_actor_visitor(const char *request_id)
{
	MjcActor actor = {false, {{0}}, session_login(), "rest", request_id};

	return actor;
}

/* mjc_actor_job - the clockwork. */
MjcActor
mjc_actor_job(void)
{
	MjcActor actor = {false, {{0}}, session_login(), "job", NULL};

	return actor;
}

/*
 * mjc_actor_argument - who acts, as a rule in SQL that knows says: three arguments from n on,
 * actor uuid (NULL: a job, or nobody's), channel text, request_id text. Errors: MJ003.
 */
MjcActor
mjc_actor_argument(FunctionCallInfo fcinfo, int n)
{
	MjcActor actor = mjc_actor_job();

	actor.known = !PG_ARGISNULL(n);
	if (actor.known)
		actor.id = *PG_GETARG_UUID_P(n);
	actor.channel = mjc_arg_text(fcinfo, n + 1, "channel");
	actor.request_id = mjc_arg_text_or_null(fcinfo, n + 2);
	return actor;
}

/* ----------------------------------------------------- SQL entry points -- */

static void
refuse(MjcErrorId why)
{
	if (why != MJC_ERR__MAX)
		mjc_raise(why);
}

PG_FUNCTION_INFO_V1(mjc_check_admin);
/*
 * mjc.check_admin(actor, token_version, token_id) - true, or an error; for read functions.
 */
Datum
mjc_check_admin(PG_FUNCTION_ARGS)
{
	MjcErrorId why;

	mjc_begin();
	why = refusal(fcinfo);
	mjc_end();
	refuse(why);
	PG_RETURN_BOOL(true);
}

PG_FUNCTION_INFO_V1(mjc_check_admin_write);
/*
 * mjc.check_admin_write(actor, token_version, token_id) - the same for functions that write: the
 * tables are of this version too. Errors: MJ009, those of mjc.check_admin.
 */
Datum
mjc_check_admin_write(PG_FUNCTION_ARGS)
{
	MjcErrorId why;

	mjc_begin_write();
	why = refusal(fcinfo);
	mjc_end();
	refuse(why);
	PG_RETURN_VOID();
}

PG_FUNCTION_INFO_V1(mjc_is_admin);
/*
 * mjc.is_admin(actor, token_version, token_id) - the same as an answer: for public
 * routes, where a token that no longer counts makes a visitor, not an error.
 */
Datum
mjc_is_admin(PG_FUNCTION_ARGS)
{
	MjcErrorId why = MJC_ERR_MISSING_TOKEN;

	if (!PG_ARGISNULL(0))
	{
		mjc_begin();
		why = refusal(fcinfo);
		mjc_end();
	}
	PG_RETURN_BOOL(why == MJC_ERR__MAX);
}

PG_FUNCTION_INFO_V1(mjc_account_active);
/*
 * mjc.account_active(actor, token_version, token_id) - may the account of a verified token act
 * now, whatever its role?
 */
Datum
mjc_account_active(PG_FUNCTION_ARGS)
{
	MjcErrorId why = MJC_ERR_MISSING_TOKEN;

	if (!PG_ARGISNULL(0))
	{
		mjc_begin();
		why = token_refusal(fcinfo);
		mjc_end();
	}
	PG_RETURN_BOOL(why == MJC_ERR__MAX);
}

static Datum
staff_result(FunctionCallInfo fcinfo, MjcActor actor)
{
	pg_uuid_t *id = palloc(sizeof(pg_uuid_t));

	if (!actor.known)
		PG_RETURN_NULL();
	*id = actor.id;
	PG_RETURN_UUID_P(id);
}

PG_FUNCTION_INFO_V1(mjc_staff_id);
/* mjc.staff_id() - the member of staff of this session, NULL for a superuser without a row. */
Datum
mjc_staff_id(PG_FUNCTION_ARGS)
{
	MjcActor actor;

	mjc_begin();
	actor = mjc_actor_staff();
	mjc_end();
	return staff_result(fcinfo, actor);
}

PG_FUNCTION_INFO_V1(mjc_staff_writes);
/* mjc.staff_writes() - the same for rules that write: the tables are of this version too. Errors:
 * MJ009, those of mjc.staff_id. */
Datum
mjc_staff_writes(PG_FUNCTION_ARGS)
{
	MjcActor actor;

	mjc_begin_write();
	actor = mjc_actor_staff();
	mjc_end();
	return staff_result(fcinfo, actor);
}
