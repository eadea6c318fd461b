/*
 * outbox.c - a message to people and machines outside, put down in the transaction of the
 * fact (sql/outbox.sql delivers it).
 *
 * Every order writes one, so it is written without SQL where the table allows that, and the
 * webhooks are only asked when there is an endpoint at all.
 * Tables written: outbox, and webhook_delivery by mjc.webhook_write.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "args.h"
#include "direct.h"
#include "outbox.h"
#include "spi.h"

static MjcTable outbox_table = {
	.name = "outbox",
	.columns = {"outbox_id", "topic", "aggregate_kind", "aggregate_id", "payload", "created_at",
				"available_at", "attempts", "lease", "leased_until", "parked_at", "done_at",
				"outcome", "error", NULL},
	.types = {INT8OID, TEXTOID, TEXTOID, UUIDOID, JSONBOID, TIMESTAMPTZOID, TIMESTAMPTZOID, INT4OID,
			  UUIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID, TEXTOID}};
static MjcTable endpoint_table = {
	.name = "webhook_endpoint",
	.columns = {"endpoint_id", "url", "topics", "created_at", "removed_at", "paused_at",
				"pause_reason", "probe_at", "failures", "failing_since", "last_ok_at",
				"last_failed_at", "error", NULL},
	.types = {UUIDOID, TEXTOID, TEXTARRAYOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID,
			  TEXTOID, TIMESTAMPTZOID, INT4OID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID,
			  TEXTOID}};
static MjcStmt stmt_webhook = {"SELECT mjc.webhook_write($1, $2, $3, $4, $5, $6)",
							   6,
							   {INT8OID, TEXTOID, TEXTOID, UUIDOID, JSONBOID, TIMESTAMPTZOID},
							   NULL};

/* Most shops tell no other system. */
static bool
has_endpoints(void)
{
	return !mjc_direct_readable(&endpoint_table) ||
		   mjc_direct_all(&endpoint_table, 0, NULL, 0) != 0;
}

/*
 * mjc_outbox_write - a message, delivered after this transaction commits; its number.
 *
 * topic text, kind text, id uuid, payload jsonb. Needs SPI open.
 */
int64
mjc_outbox_write(MjcArg topic, MjcArg kind, MjcArg id, MjcArg payload)
{
	MjcArg number = MJC_INT8(mjc_counter_next("outbox_outbox_id_seq"));
	MjcArg at = MJC_TIME(GetCurrentTimestamp());

	mjc_direct_write(&outbox_table,
					 MJC_ARGS(number, topic, kind, id, payload, at, at, MJC_INT4(0), MJC_NULL,
							  MJC_NULL, MJC_NULL, MJC_NULL, MJC_NULL, MJC_NULL));
	if (has_endpoints())
		mjc_exec_one(&stmt_webhook, MJC_ARGS(number, topic, kind, id, payload, at));
	return DatumGetInt64(number.value);
}

/* ----------------------------------------------------- SQL entry points -- */

static MjcArg
argument(FunctionCallInfo fcinfo, int n)
{
	return (MjcArg){PG_ARGISNULL(n) ? (Datum) 0 : PG_GETARG_DATUM(n), PG_ARGISNULL(n)};
}

PG_FUNCTION_INFO_V1(mjc_outbox_write_sql);
/* mjc.outbox_write(topic text, aggregate_kind text, aggregate_id uuid, payload jsonb) - for rules
 * in SQL. Errors: 23502, 23514. */
Datum
mjc_outbox_write_sql(PG_FUNCTION_ARGS)
{
	int64 number;

	mjc_begin_write();
	number = mjc_outbox_write(argument(fcinfo, 0), argument(fcinfo, 1), argument(fcinfo, 2),
							  argument(fcinfo, 3));
	mjc_end();
	PG_RETURN_INT64(number);
}
