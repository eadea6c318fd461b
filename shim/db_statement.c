/*
 * db_statement.c - the statements of the shim: one for each route, and those that are no route.
 */
#include "db_statement.h"

#include <stdlib.h>
#include <string.h>

#include "routes.h"

static const struct
{
	const char *sql;
	int nargs;
} db_extra_sql[DB_EXTRA__MAX] = {
	[DB_SIGN_IN_BEGIN] = {"SELECT account_id::text, token_version, password_hash, wait_seconds"
						  " FROM mjc_api.sign_in_begin($1::text,$2::text)",
						  2},
	[DB_SIGN_IN_FINISH] =
		{"SELECT mjc_api.sign_in_finish($1::uuid,$2::integer,$3::text,$4::text,"
		 "$5::boolean,$6::boolean,$7::text,$8::text,$9::uuid,$10::bytea,$11::text)",
		 11},
	[DB_SOCIAL_SIGN_IN] = {"SELECT mjc_api.social_sign_in($1::text,$2::text,$3::text,$4::text,"
						   "$5::text,$6::uuid,$7::bytea,$8::text)",
						   8},
	[DB_REGISTER] = {"SELECT mjc_api.register($1::text,$2::text,$3::text,$4::text,$5::text,"
					 "$6::text,$7::text,$8::text,$9::uuid,$10::bytea,$11::text,$12::text)",
					 12},
	[DB_SESSION_REFRESH] = {"SELECT outcome, account"
							" FROM mjc_api.session_refresh($1::uuid,$2::bytea,$3::bytea)",
							3},
	[DB_SESSION_CLOSE] = {"SELECT mjc_api.session_close($1::uuid,$2::bytea,$3::text)", 3},
	[DB_LOGOUT] = {"SELECT mjc_api.auth_logout($1::uuid,$2::integer,$3::uuid,$4::text)", 4},
	[DB_PASSWORD_BEGIN] = {"SELECT account_id::text, password_hash, wait_seconds,"
						   " mjc_api.password_words($1::uuid,NULL)"
						   " FROM mjc_api.password_begin($1::uuid,$2::integer,$3::uuid)",
						   3},
	[DB_PASSWORD_CHANGE] = {"SELECT mjc_api.password_change($1::uuid,$2::integer,$3::uuid,"
							"$4::text,$5::boolean,$6::text)",
							6},
	[DB_PASSWORD_FORGOT] = {"SELECT mjc_api.password_reset_request($1::text,$2::text)", 2},
	[DB_PASSWORD_RESET] = {"SELECT mjc_api.password_reset($1::bytea,$2::text,$3::text)", 3},
	[DB_LINK_CHECK] = {"SELECT mjc_api.account_token_check($1::bytea,$2::text),"
					   " mjc_api.password_words(NULL,$1::bytea)",
					   2},
	[DB_EMAIL_VERIFY] = {"SELECT mjc_api.email_verify($1::bytea,$2::text)", 2},
	[DB_HOUSEKEEP] =
		{"SELECT count(*) FILTER (WHERE done > 0) FROM mjc_api.housekeep('200 ms'::interval)", 0},
	[DB_JOB_STATUS] = {"SELECT name, late_seconds, failing FROM mjc_api.job_status()", 0},
	[DB_SHOP_STATUS] = {"SELECT maintenance FROM mjc_api.shop_status()", 0},
	[DB_OUTBOX_STATUS] = {"SELECT waiting, parked, oldest_seconds FROM mjc_api.outbox_status()", 0},
	[DB_HTTP_FIGURES] = {"SELECT mjc_api.http_figures($1::uuid,$2::bigint,$3::jsonb)", 3},
	[DB_EVENT_STORE] = {"SELECT mjc_api.provider_event_store($1::text,$2::text)", 2},
	[DB_CHECKOUT_FINISH] = {"SELECT mjc_api.checkout_finish($1::uuid,$2::uuid,$3::text,$4::text,"
							"$5::text)",
							5},
	[DB_TASK_TAKE] = {"SELECT task_id::text, kind, provider, order_id::text, request::text"
					  " FROM mjc_api.provider_task_take($1::integer,$2::integer)",
					  2},
	[DB_TASK_DONE] = {"SELECT mjc_api.provider_task_done($1::uuid,$2::text,$3::uuid,$4::text,"
					  "$5::text,$6::text)",
					  6},
	[DB_WEBHOOK_TAKE] = {"SELECT delivery_id::text, lease::text, url, secret, body, attempt"
						 " FROM mjc_api.webhook_take($1::integer,$2::integer)",
						 2},
	[DB_WEBHOOK_DONE] = {"SELECT mjc_api.webhook_done($1::uuid,$2::uuid,$3::integer,$4::boolean,"
						 "$5::text)",
						 5},
	[DB_WEBHOOK_STATUS] = {"SELECT waiting, parked, oldest_seconds, paused"
						   " FROM mjc_api.webhook_status()",
						   0},
	[DB_MEDIA_ORPHANS] = {"SELECT name FROM mjc_api.media_orphans($1::text[])", 1},
	[DB_FLUSH_SEEN] = {"SELECT mjc_api.flush_seen()", 0},
};

int
db_extra_statement(enum db_extra extra)
{
	return routes_count + (int) extra;
}

struct db_statement *
db_statements_new(int *n)
{
	struct db_statement *statements;
	bool whole = true;

	*n = routes_count + DB_EXTRA__MAX;
	statements = calloc((size_t) *n, sizeof(struct db_statement));
	if (statements == NULL)
		return NULL;
	for (int i = 0; i < routes_count; i++)
	{
		if (routes_table[i].function == NULL)
			continue;
		statements[i].sql = routes_sql(&routes_table[i]);
		statements[i].nargs = routes_args(&routes_table[i]);
		whole = whole && statements[i].sql != NULL;
	}
	for (int i = 0; i < DB_EXTRA__MAX; i++)
	{
		struct db_statement *statement = &statements[routes_count + i];

		statement->sql = strdup(db_extra_sql[i].sql);
		statement->nargs = db_extra_sql[i].nargs;
		whole = whole && statement->sql != NULL;
	}
	if (whole)
		return statements;
	db_statements_free(statements, *n);
	return NULL;
}

void
db_statements_free(struct db_statement *statements, int n)
{
	for (int i = 0; statements != NULL && i < n; i++)
		free(statements[i].sql);
	free(statements);
}
