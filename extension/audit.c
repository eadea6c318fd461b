/*
 * audit.c - writes mjc.audit in the business transaction (design 8).
 *
 * Rows are written unchained, so that the audit is no hot spot; a job seals
 * them in batches (sql/audit.sql). Nothing personal and no secret goes in:
 * states, quantities, amounts and identifiers only.
 */
#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/json.h"

#include "args.h"
#include "audit.h"
#include "spi.h"
#include "uuid.h"

static MjcStmt stmt_audit = {
	"INSERT INTO mjc.audit (audit_id, at, actor, db_login, channel, action, subject_kind, "
	"subject_id, before, after, request_id) "
	"VALUES ($1, pg_catalog.clock_timestamp(), $2, $3, $4, $5, $6, $7, $8::pg_catalog.jsonb, "
	"$9::pg_catalog.jsonb, $10)",
	10,
	{UUIDOID, UUIDOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID},
	NULL};

/*
 * mjc_audit - note a change. Needs SPI open.
 *
 * before_json, after_json: JSON objects or NULL, without personal data.
 */
void
mjc_audit(const MjcActor *actor, const char *action, const char *subject_kind,
		  const char *subject_id, const char *before_json, const char *after_json)
{
	pg_uuid_t id = mjc_uuid_make();

	mjc_exec_one(&stmt_audit,
				 MJC_ARGS(MJC_UUID(&id), MJC_UUID_OR_NULL(actor->known ? &actor->id : NULL),
						  MJC_TEXT(actor->login), MJC_TEXT(actor->channel), MJC_TEXT(action),
						  MJC_TEXT(subject_kind), MJC_TEXT(subject_id),
						  MJC_TEXT_OR_NULL(before_json), MJC_TEXT_OR_NULL(after_json),
						  MJC_TEXT_OR_NULL(actor->request_id)));
}

/* mjc_json_pair - {"name": "value"} with both escaped. */
char *
mjc_json_pair(const char *name, const char *value)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoChar(&out, '{');
	escape_json(&out, name);
	appendStringInfoString(&out, ": ");
	escape_json(&out, value);
	appendStringInfoChar(&out, '}');
	return out.data;
}

PG_FUNCTION_INFO_V1(mjc_note);
/* mjc.note(what text) - a line in the server's log, with the login; survives a rollback. */
Datum
mjc_note(PG_FUNCTION_ARGS)
{
	ereport(LOG_SERVER_ONLY, (errmsg("mjchauffage: %s by %s", mjc_arg_text(fcinfo, 0, "what"),
									 GetUserNameFromId(GetSessionUserId(), false)),
							  errhidestmt(true)));
	PG_RETURN_VOID();
}
