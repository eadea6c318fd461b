/*
 * event.c - stores what visitors of the pages do.
 *
 * A batch is one statement a table, its rows sorted by their keys, so that batches of the
 * same sessions wait for each other and never for ever. A repeated event counts once, by
 * its id and time; of a visit, the first that is told of each thing stays. Limits and what
 * is refused: event_read.c.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/lsyscache.h"

#include "args.h"
#include "calendar.h"
#include "event.h"
#include "scrub.h"
#include "spi.h"
#include "uuid.h"

#define CLIENT_ERRORS_MAX 10000 /* kept apart; more are counted as one */
#define ERROR_MESSAGE_MAX 500
#define ERROR_STACK_MAX 4000
#define ERROR_STACK_LINES 3 /* that tell errors of one message apart */
#define NAME_BYTES 64

/* -------------------------------------------------------------- Storage -- */

/* unnest of several arrays is of the grammar, and cannot be qualified; it means the one of
 * pg_catalog. */

static MjcStmt stmt_partition = {"SELECT mjc.partition_make($1, $2)", 2, {TEXTOID, DATEOID}, NULL};

static MjcStmt stmt_visits = {
	"INSERT INTO mjc.visit (session_id, started_at, customer_id, is_bot, address, device, browser, os, "
	"country, city, landing_path, source, medium, campaign, term, content) "
	"SELECT x.session_id, x.started_at, $1, x.is_bot, $2, x.device, x.browser, x.os, x.country, x.city, "
	"x.landing_path, x.source, x.medium, x.campaign, x.term, x.content "
	"FROM unnest($3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) "
	"x (session_id, started_at, is_bot, device, browser, os, country, city, landing_path, source, "
	"medium, campaign, term, content) "
	"ON CONFLICT (session_id) DO NOTHING RETURNING session_id",
	16,
	{UUIDOID, INETOID, UUIDARRAYOID, TIMESTAMPTZARRAYOID, BOOLARRAYOID, TEXTARRAYOID, TEXTARRAYOID,
	 TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID,
	 TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID},
	NULL};

/* What is known stays; a row to which nothing is added is not touched. */
static MjcStmt stmt_visit_fill = {
	"UPDATE mjc.visit v SET customer_id = coalesce(v.customer_id, $2), address = coalesce(v.address, $3), "
	"device = coalesce(v.device, $4), browser = coalesce(v.browser, $5), os = coalesce(v.os, $6), "
	"country = coalesce(v.country, $7), city = coalesce(v.city, $8), "
	"landing_path = coalesce(v.landing_path, $9), source = coalesce(v.source, $10), "
	"medium = CASE WHEN v.source IS NULL THEN $11 ELSE v.medium END, "
	"campaign = CASE WHEN v.source IS NULL THEN $12 ELSE v.campaign END, "
	"term = CASE WHEN v.source IS NULL THEN $13 ELSE v.term END, "
	"content = CASE WHEN v.source IS NULL THEN $14 ELSE v.content END "
	"WHERE v.session_id = $1 AND (v.customer_id IS NULL AND $2 IS NOT NULL "
	"OR v.address IS NULL AND $3 IS NOT NULL OR v.device IS NULL AND $4 IS NOT NULL "
	"OR v.browser IS NULL AND $5 IS NOT NULL OR v.os IS NULL AND $6 IS NOT NULL "
	"OR v.country IS NULL AND $7 IS NOT NULL OR v.city IS NULL AND $8 IS NOT NULL "
	"OR v.landing_path IS NULL AND $9 IS NOT NULL OR v.source IS NULL AND $10 IS NOT NULL)",
	14,
	{UUIDOID, UUIDOID, INETOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID,
	 TEXTOID, TEXTOID, TEXTOID, TEXTOID},
	NULL};

static MjcStmt stmt_events = {
	"INSERT INTO mjc.event (session_id, event_id, at, kind, path, product_id, category_id, "
	"value_centimes, qty, duration_ms, customer_id, is_bot, detail) "
	"SELECT x.session_id, x.event_id, x.at, x.kind, x.path, x.product_id, x.category_id, "
	"x.value_centimes, x.qty, x.duration_ms, $1, x.is_bot, "
	"CASE WHEN x.search IS NOT NULL THEN pg_catalog.jsonb_build_object('query', x.search) END "
	"FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) "
	"x (session_id, event_id, at, kind, path, product_id, category_id, value_centimes, qty, "
	"duration_ms, is_bot, search) "
	"ON CONFLICT (session_id, event_id, at) DO NOTHING",
	13,
	{UUIDOID, UUIDARRAYOID, UUIDARRAYOID, TIMESTAMPTZARRAYOID, TEXTARRAYOID, TEXTARRAYOID,
	 UUIDARRAYOID, UUIDARRAYOID, INT8ARRAYOID, INT4ARRAYOID, INT4ARRAYOID, BOOLARRAYOID,
	 TEXTARRAYOID},
	NULL};

static MjcStmt stmt_vitals = {
	"INSERT INTO mjc.web_vital (session_id, event_id, at, metric, value_milli, path, device, is_bot) "
	"SELECT x.session_id, x.event_id, x.at, x.metric, x.value_milli, x.path, x.device, x.is_bot "
	"FROM unnest($1, $2, $3, $4, $5, $6, $7, $8) "
	"x (session_id, event_id, at, metric, value_milli, path, device, is_bot) "
	"ON CONFLICT (session_id, event_id, at) DO NOTHING",
	8,
	{UUIDARRAYOID, UUIDARRAYOID, TIMESTAMPTZARRAYOID, TEXTARRAYOID, INT8ARRAYOID, TEXTARRAYOID,
	 TEXTARRAYOID, BOOLARRAYOID},
	NULL};

static MjcStmt stmt_exposures = {
	"INSERT INTO mjc.exposure (session_id, experiment, variant, at) "
	"SELECT x.session_id, x.experiment, x.variant, x.at "
	"FROM unnest($1, $2, $3, $4) x (session_id, experiment, variant, at) "
	"ON CONFLICT (session_id, experiment) DO NOTHING",
	4,
	{UUIDARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TIMESTAMPTZARRAYOID},
	NULL};

static MjcStmt stmt_error_again = {
	"UPDATE mjc.client_error SET seen = seen + 1, last_at = greatest(last_at, $2) WHERE fingerprint = $1",
	2,
	{UUIDOID, TIMESTAMPTZOID},
	NULL};
static MjcStmt stmt_error_count = {
	"SELECT pg_catalog.count(*) FROM (SELECT FROM mjc.client_error LIMIT $1) x",
	1,
	{INT8OID},
	NULL};
static MjcStmt stmt_error_new = {
	"INSERT INTO mjc.client_error (fingerprint, message, stack, component_stack, path, seen, first_at, "
	"last_at) VALUES ($1, $2, $3, $4, $5, 1, $6, $6) "
	"ON CONFLICT (fingerprint) DO UPDATE SET seen = client_error.seen + 1, "
	"last_at = greatest(client_error.last_at, EXCLUDED.last_at)",
	6,
	{UUIDOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID},
	NULL};

/* --------------------------------------------------------------- Arrays -- */

/* One column of the rows of a statement, as an array. */
typedef struct Column
{
	Oid type;
	int n;
	Datum *values;
	bool *nulls;
} Column;

static Column
column_new(Oid type, int n)
{
	Column column = {type, 0, palloc(sizeof(Datum) * n), palloc(sizeof(bool) * n)};

	return column;
}

static void
put(Column *column, Datum value, bool isnull)
{
	column->values[column->n] = value;
	column->nulls[column->n++] = isnull;
}

static void
put_text(Column *column, const char *text)
{
	put(column, text == NULL ? (Datum) 0 : CStringGetTextDatum(text), text == NULL);
}

/* A number of which -1 is none. */
static void
put_number(Column *column, int64 number)
{
	put(column, column->type == INT8OID ? Int64GetDatum(number) : Int32GetDatum((int32) number),
		number < 0);
}

static MjcArg
column_arg(const Column *column)
{
	int16 typlen;
	bool typbyval;
	char typalign;
	int dims[1] = {column->n};
	int lower[1] = {1};
	MjcArg arg = {0, false};

	get_typlenbyvalalign(column->type, &typlen, &typbyval, &typalign);
	arg.value = PointerGetDatum(construct_md_array(column->values, column->nulls, 1, dims, lower,
												   column->type, typlen, typbyval, typalign));
	return arg;
}

static void
columns_new(Column *columns, const Oid *types, int ncolumns, int n)
{
	for (int i = 0; i < ncolumns; i++)
		columns[i] = column_new(types[i], n);
}

/* ----------------------------------------------------------- Partitions -- */

/* The job makes them ahead; a shop whose job has not run for months loses no event. */
static void
need_partition(const char *parent, TimestampTz at)
{
	int year, month, day;
	char name[NAME_BYTES];

	j2date(mjc_algiers_date(at) + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	snprintf(name, sizeof(name), "%s_%d_%02d", parent, year, month);
	if (OidIsValid(get_relname_relid(name, get_namespace_oid("mjc", false))))
		return;
	mjc_exec_one(&stmt_partition,
				 MJC_ARGS(MJC_TEXT(parent), MJC_DATUM(DateADTGetDatum(mjc_algiers_date(at)))));
}

/* Of the first and the last: what is taken lies within days. */
static void
need_partitions(const char *parent, const MjcEvent *events, int n)
{
	TimestampTz first = events[0].at, last = events[0].at;

	for (int i = 1; i < n; i++)
	{
		first = Min(first, events[i].at);
		last = Max(last, events[i].at);
	}
	need_partition(parent, first);
	need_partition(parent, last);
}

/* --------------------------------------------------------------- Visits -- */

static int
compare_visits(const void *a, const void *b)
{
	return mjc_uuid_compare(&((const MjcVisit *) a)->session, &((const MjcVisit *) b)->session);
}

static void
fill_visit(const MjcVisit *v, const pg_uuid_t *customer, MjcArg address)
{
	MjcArg args[] = {MJC_UUID(&v->session),
					 MJC_UUID_OR_NULL(customer),
					 address,
					 MJC_TEXT_OR_NULL(v->device),
					 MJC_TEXT_OR_NULL(v->browser),
					 MJC_TEXT_OR_NULL(v->os),
					 MJC_TEXT_OR_NULL(v->country),
					 MJC_TEXT_OR_NULL(v->city),
					 MJC_TEXT_OR_NULL(v->landing_path),
					 MJC_TEXT_OR_NULL(v->traffic[0]),
					 MJC_TEXT_OR_NULL(v->traffic[1]),
					 MJC_TEXT_OR_NULL(v->traffic[2]),
					 MJC_TEXT_OR_NULL(v->traffic[3]),
					 MJC_TEXT_OR_NULL(v->traffic[4])};

	mjc_exec(&stmt_visit_fill, args);
}

/* Inserts those that are new. Returns how many, their ids in the result. */
static uint64
insert_visits(const MjcVisit *visits, int n, const pg_uuid_t *customer, MjcArg address)
{
	static const Oid types[] = {UUIDOID, TIMESTAMPTZOID, BOOLOID, TEXTOID, TEXTOID,
								TEXTOID, TEXTOID,		 TEXTOID, TEXTOID, TEXTOID,
								TEXTOID, TEXTOID,		 TEXTOID, TEXTOID};
	Column columns[lengthof(types)];
	MjcArg args[2 + lengthof(types)] = {MJC_UUID_OR_NULL(customer), address};

	columns_new(columns, types, lengthof(types), n);
	for (int i = 0; i < n; i++)
	{
		const MjcVisit *v = &visits[i];

		put(&columns[0], UUIDPGetDatum(&v->session), false);
		put(&columns[1], TimestampTzGetDatum(v->started_at), false);
		put(&columns[2], BoolGetDatum(v->is_bot), false);
		put_text(&columns[3], v->device);
		put_text(&columns[4], v->browser);
		put_text(&columns[5], v->os);
		put_text(&columns[6], v->country);
		put_text(&columns[7], v->city);
		put_text(&columns[8], v->landing_path);
		for (int k = 0; k < 5; k++)
			put_text(&columns[9 + k], v->traffic[k]);
	}
	for (int i = 0; i < lengthof(types); i++)
		args[2 + i] = column_arg(&columns[i]);
	return mjc_exec(&stmt_visits, args);
}

static void
store_visits(MjcBatch *batch, const pg_uuid_t *customer, MjcArg address)
{
	uint64 fresh, next = 0;
	pg_uuid_t *made;

	if (batch->nvisits == 0)
		return;
	qsort(batch->visits, batch->nvisits, sizeof(MjcVisit), compare_visits);
	fresh = insert_visits(batch->visits, batch->nvisits, customer, address);
	if (fresh == (uint64) batch->nvisits)
		return;
	made = mjc_uuid_cols(fresh, 1);
	for (int i = 0; i < batch->nvisits; i++)
	{
		if (next < fresh && mjc_uuid_compare(&made[next], &batch->visits[i].session) == 0)
			next++;
		else
			fill_visit(&batch->visits[i], customer, address);
	}
}

/* ------------------------------------------------------ Events and more -- */

static int
compare_events(const void *a, const void *b)
{
	const MjcEvent *x = a, *y = b;
	int order = mjc_uuid_compare(&x->session, &y->session);

	if (order == 0)
		order = mjc_uuid_compare(&x->id, &y->id);
	return order != 0 ? order : (x->at > y->at) - (x->at < y->at);
}

static void
store_events(MjcBatch *batch, const pg_uuid_t *customer)
{
	static const Oid types[] = {UUIDOID, UUIDOID, TIMESTAMPTZOID, TEXTOID, TEXTOID, UUIDOID,
								UUIDOID, INT8OID, INT4OID,		  INT4OID, BOOLOID, TEXTOID};
	Column columns[lengthof(types)];
	MjcArg args[1 + lengthof(types)] = {MJC_UUID_OR_NULL(customer)};

	if (batch->nevents == 0)
		return;
	need_partitions("event", batch->events, batch->nevents);
	qsort(batch->events, batch->nevents, sizeof(MjcEvent), compare_events);
	columns_new(columns, types, lengthof(types), batch->nevents);
	for (int i = 0; i < batch->nevents; i++)
	{
		const MjcEvent *e = &batch->events[i];

		put(&columns[0], UUIDPGetDatum(&e->session), false);
		put(&columns[1], UUIDPGetDatum(&e->id), false);
		put(&columns[2], TimestampTzGetDatum(e->at), false);
		put_text(&columns[3], e->kind);
		put_text(&columns[4], e->path);
		put(&columns[5], UUIDPGetDatum(&e->product), !e->has_product);
		put(&columns[6], UUIDPGetDatum(&e->category), !e->has_category);
		put_number(&columns[7], e->value);
		put_number(&columns[8], e->qty);
		put_number(&columns[9], e->duration);
		put(&columns[10], BoolGetDatum(e->is_bot), false);
		put_text(&columns[11], e->search);
	}
	for (int i = 0; i < lengthof(types); i++)
		args[1 + i] = column_arg(&columns[i]);
	mjc_exec(&stmt_events, args);
}

static void
store_vitals(MjcBatch *batch)
{
	static const Oid types[] = {UUIDOID, UUIDOID, TIMESTAMPTZOID, TEXTOID,
								INT8OID, TEXTOID, TEXTOID,		  BOOLOID};
	Column columns[lengthof(types)];
	MjcArg args[lengthof(types)];

	if (batch->nvitals == 0)
		return;
	need_partitions("web_vital", batch->vitals, batch->nvitals);
	qsort(batch->vitals, batch->nvitals, sizeof(MjcEvent), compare_events);
	columns_new(columns, types, lengthof(types), batch->nvitals);
	for (int i = 0; i < batch->nvitals; i++)
	{
		const MjcEvent *e = &batch->vitals[i];

		put(&columns[0], UUIDPGetDatum(&e->session), false);
		put(&columns[1], UUIDPGetDatum(&e->id), false);
		put(&columns[2], TimestampTzGetDatum(e->at), false);
		put_text(&columns[3], e->metric);
		put_number(&columns[4], e->value);
		put_text(&columns[5], e->path);
		put_text(&columns[6], e->device);
		put(&columns[7], BoolGetDatum(e->is_bot), false);
	}
	for (int i = 0; i < lengthof(types); i++)
		args[i] = column_arg(&columns[i]);
	mjc_exec(&stmt_vitals, args);
}

static int
compare_exposures(const void *a, const void *b)
{
	const MjcExposure *x = a, *y = b;
	int order = mjc_uuid_compare(&x->session, &y->session);

	if (order == 0)
		order = strcmp(x->experiment, y->experiment);
	return order != 0 ? order : (x->at > y->at) - (x->at < y->at);
}

static void
store_exposures(MjcBatch *batch)
{
	static const Oid types[] = {UUIDOID, TEXTOID, TEXTOID, TIMESTAMPTZOID};
	Column columns[lengthof(types)];
	MjcArg args[lengthof(types)];

	if (batch->nexposures == 0)
		return;
	qsort(batch->exposures, batch->nexposures, sizeof(MjcExposure), compare_exposures);
	columns_new(columns, types, lengthof(types), batch->nexposures);
	for (int i = 0; i < batch->nexposures; i++)
	{
		const MjcExposure *x = &batch->exposures[i];

		put(&columns[0], UUIDPGetDatum(&x->session), false);
		put_text(&columns[1], x->experiment);
		put_text(&columns[2], x->variant);
		put(&columns[3], TimestampTzGetDatum(x->at), false);
	}
	for (int i = 0; i < lengthof(types); i++)
		args[i] = column_arg(&columns[i]);
	mjc_exec(&stmt_exposures, args);
}

/* ------------------------------------------------------------ Answers -- */

/* "EVENT_TOO_OLD": 3, ... of what was refused. */
static void
append_reasons(StringInfo out, const MjcBatch *batch, const char *format)
{
	bool first = true;

	for (int id = 0; id < MJC_ERR__MAX; id++)
	{
		if (batch->reasons[id] == 0)
			continue;
		appendStringInfoString(out, first ? "" : ", ");
		appendStringInfo(out, format, mjc_error_name((MjcErrorId) id), batch->reasons[id]);
		first = false;
	}
}

static void
refuse_all(const MjcBatch *batch)
{
	StringInfoData reasons;

	initStringInfo(&reasons);
	append_reasons(&reasons, batch, "%s %d");
	MJC_RAISE(MJC_ERR_EVENTS_REFUSED, {"reasons", reasons.data, 0});
}

static text *
answer_many(const MjcBatch *batch, const char *counter, const char *message)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "{\"success\":true,\"message\":\"%s\",\"%sProcessed\":%d", message,
					 counter, batch->taken);
	if (batch->refused > 0)
	{
		appendStringInfo(&out, ",\"%sRejected\":%d,\"rejected\":{", counter, batch->refused);
		append_reasons(&out, batch, "\"%s\":%d");
		appendStringInfoChar(&out, '}');
	}
	appendStringInfoChar(&out, '}');
	return cstring_to_text_with_len(out.data, out.len);
}

/* ----------------------------------------------------- SQL entry points -- */

static MjcBatch *
batch_new(const char *agent, TimestampTz now)
{
	MjcBatch *batch = palloc0(sizeof(MjcBatch));

	batch->agent = agent;
	batch->now = now;
	return batch;
}

/* The tables in one order; partitions go in the same (mjc.event_purge). */
static void
store_batch(MjcBatch *batch, const pg_uuid_t *customer, const char *address)
{
	MjcArg network = {0, true};

	network.value = mjc_network_of(address, &network.isnull);
	store_vitals(batch);
	store_visits(batch, customer, network);
	store_events(batch, customer);
	store_exposures(batch);
}

PG_FUNCTION_INFO_V1(mjc_event_store);
/*
 * mjc.event_store(customer uuid, address text, user_agent text, batch text, received_at
 * timestamptz)
 *
 * Errors: MJ002, MJ003, MJ009, MJ010, MJ012, MJ731 to MJ739.
 */
Datum
mjc_event_store(PG_FUNCTION_ARGS)
{
	pg_uuid_t *customer = mjc_arg_uuid_or_null(fcinfo, 0);
	char *address = mjc_arg_text_or_null(fcinfo, 1);
	MjcNode *document = mjc_event_document(mjc_arg_text(fcinfo, 3, "batch"));
	MjcBatch *batch =
		batch_new(mjc_arg_text_or_null(fcinfo, 2), mjc_arg_int64(fcinfo, 4, "received_at"));
	bool many = mjc_event_read(batch, document);
	pg_uuid_t id;

	if (batch->refused > 0 && batch->taken == 0)
	{
		if (!many)
			mjc_raise(batch->first_reason);
		refuse_all(batch);
	}
	mjc_begin_write();
	store_batch(batch, customer, address);
	mjc_end();
	if (many)
		PG_RETURN_TEXT_P(answer_many(batch, "events", "Événements reçus"));
	id = mjc_event_id(batch->last);
	PG_RETURN_TEXT_P(cstring_to_text(
		psprintf("{\"success\":true,\"eventId\":\"%s\",\"message\":\"Événement reçu\"}",
				 mjc_uuid_text(&id))));
}

PG_FUNCTION_INFO_V1(mjc_vital_store);
/*
 * mjc.vital_store(address text, user_agent text, doc text, received_at timestamptz)
 *
 * Errors: MJ002, MJ003, MJ009, MJ010, MJ012, MJ732 to MJ737, MJ739.
 */
Datum
mjc_vital_store(PG_FUNCTION_ARGS)
{
	MjcNode *document = mjc_event_document(mjc_arg_text(fcinfo, 2, "doc"));
	MjcBatch *batch =
		batch_new(mjc_arg_text_or_null(fcinfo, 1), mjc_arg_int64(fcinfo, 3, "received_at"));

	mjc_vital_read(batch, document);
	if (batch->refused > 0 && batch->taken == 0)
		refuse_all(batch);
	mjc_begin_write();
	store_vitals(batch);
	mjc_end();
	PG_RETURN_TEXT_P(answer_many(batch, "metrics", "Mesures reçues"));
}

/* Digits vary from one occurrence to the next; of the stack the beginning tells enough. */
static pg_uuid_t
error_fingerprint(const char *message, const char *stack)
{
	StringInfoData bytes;
	int lines = 0;

	initStringInfo(&bytes);
	appendStringInfo(&bytes, "%s\n", message);
	for (; stack != NULL && *stack != '\0'; stack++)
	{
		if (*stack == '\n' && ++lines == ERROR_STACK_LINES)
			break;
		appendStringInfoChar(&bytes, *stack);
	}
	for (int i = 0; i < bytes.len; i++)
		if (bytes.data[i] >= '0' && bytes.data[i] <= '9')
			bytes.data[i] = '0';
	return mjc_event_hash(bytes.data, bytes.len);
}

static char *
scrubbed_member(const MjcNode *document, const char *key, int max)
{
	const char *text = mjc_tree_text(document, key);

	return text == NULL ? NULL : mjc_scrub_text(text, max);
}

/* {error: "text"} or {error: {message: "text"}}. */
static char *
error_message_of(const MjcNode *document)
{
	const MjcNode *error = mjc_tree_get(document, "error");
	char *message = error != NULL && error->type == MJC_NODE_OBJECT
						? scrubbed_member(error, "message", ERROR_MESSAGE_MAX)
						: scrubbed_member(document, "error", ERROR_MESSAGE_MAX);

	return message != NULL ? message : scrubbed_member(document, "message", ERROR_MESSAGE_MAX);
}

static void
store_error(const MjcNode *document, const char *message, TimestampTz at)
{
	char *stack = scrubbed_member(document, "stack", ERROR_STACK_MAX);
	char *component = scrubbed_member(document, "componentStack", ERROR_STACK_MAX);
	const char *url = mjc_tree_text(document, "url");
	char *path = url == NULL ? NULL : mjc_scrub_path(url);
	pg_uuid_t id = error_fingerprint(message, stack);

	if (mjc_exec(&stmt_error_again, MJC_ARGS(MJC_UUID(&id), MJC_TIME(at))) > 0)
		return;
	mjc_exec_one(&stmt_error_count, MJC_ARGS(MJC_INT8(CLIENT_ERRORS_MAX)));
	if (mjc_int8_col(0, 1) >= CLIENT_ERRORS_MAX)
	{
		/* Somebody makes errors up, or everything fails: the number tells enough. */
		memset(&id, 0, sizeof(id));
		message = "others";
		stack = component = path = NULL;
	}
	mjc_exec(&stmt_error_new,
			 MJC_ARGS(MJC_UUID(&id), MJC_TEXT(message), MJC_TEXT_OR_NULL(stack),
					  MJC_TEXT_OR_NULL(component), MJC_TEXT_OR_NULL(path), MJC_TIME(at)));
}

PG_FUNCTION_INFO_V1(mjc_client_error_store);
/*
 * mjc.client_error_store(doc text, received_at timestamptz)
 *
 * Errors: MJ002, MJ003, MJ009, MJ010, MJ012, MJ733 no message.
 */
Datum
mjc_client_error_store(PG_FUNCTION_ARGS)
{
	MjcNode *document = mjc_event_document(mjc_arg_text(fcinfo, 0, "doc"));
	TimestampTz at = mjc_arg_int64(fcinfo, 1, "received_at");
	char *message = error_message_of(document);

	if (message == NULL)
		mjc_raise(MJC_ERR_EVENT_FIELD_INVALID);
	mjc_begin_write();
	store_error(document, message, at);
	mjc_end();
	PG_RETURN_TEXT_P(cstring_to_text("{\"success\":true,\"message\":\"Erreur notée\"}"));
}
