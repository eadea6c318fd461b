/*
 * customer.c - whether a rule that acts on all that a customer has sees all of it.
 *
 * Whoever adds an order, an address, a note to a customer locks him and changes
 * nothing of his row, so a REPEATABLE READ transaction that waits for that lock gets
 * it without an error and would then forget what it cannot see.
 */
#include "postgres.h"

#include "args.h"
#include "spi.h"

static MjcStmt stmt_rows = {"SELECT mjc.person_rows($1)", 1, {UUIDOID}, NULL};

PG_FUNCTION_INFO_V1(mjc_check_person_seen);
/*
 * mjc.check_person_seen(customer uuid) - for rules in SQL, under the customer's locks.
 *
 * Errors: MJ003; 40001 when there are rows of his that this transaction does not see:
 * to be tried again.
 */
Datum
mjc_check_person_seen(PG_FUNCTION_ARGS)
{
	pg_uuid_t *customer = mjc_arg_uuid(fcinfo, 0, "customer");
	int64 seen;

	mjc_begin_write();
	mjc_exec_one(&stmt_rows, MJC_ARGS(MJC_UUID(customer)));
	seen = mjc_int8_col(0, 1);
	mjc_exec_fresh(&stmt_rows, MJC_ARGS(MJC_UUID(customer)));
	if (mjc_int8_col(0, 1) != seen)
		ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
						errmsg("could not serialize access to what a customer has")));
	mjc_end();
	PG_RETURN_VOID();
}
