/*
 * event_read.c - decides what of a batch of events may be taken, and brings it to rows.
 *
 * An event is taken whole or refused with a reason; what is refused holds up no other.
 * Members that are not known are passed over, among them the ids of users: who a visitor
 * is, only his access token says. Pure: no table is read.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "utils/builtins.h"
#include "utils/datetime.h"

#include "event.h"
#include "scrub.h"
#include "tree.h"
#include "uuid.h"

#define TAKEN MJC_ERR__MAX
#define MAX_DIGITS 18

/* One event of the batch: its members, and where and when it happened. */
typedef struct Item
{
	const MjcNode *node; /* the whole */
	const char *type;
	const MjcNode *data;
	const MjcNode *timestamp;
	TimestampTz at;
	MjcVisit *visit;
} Item;

/* --------------------------------------------------------------- Values -- */

/* mjc_event_hash - an id of 128 bits that the same bytes always get. */
pg_uuid_t
mjc_event_hash(const char *bytes, int len)
{
	pg_uuid_t id;
	uint64 a = hash_bytes_extended((const unsigned char *) bytes, len, 0x6d6a63);
	uint64 b = hash_bytes_extended((const unsigned char *) bytes, len, a);

	memcpy(id.data, &a, 8);
	memcpy(id.data + 8, &b, 8);
	id.data[6] = (id.data[6] & 0x0F) | 0x80; /* a uuid of version 8: made by its owner's rule */
	id.data[8] = (id.data[8] & 0x3F) | 0x80;
	return id;
}

static bool
parse_uuid(const char *text, pg_uuid_t *uuid)
{
	return text != NULL && mjc_uuid_parse(text, (int) strlen(text), uuid);
}

/* n digits as a number, -1 when they are none. */
static int
digits(const char *text, int n)
{
	int value = 0;

	for (int i = 0; i < n; i++)
	{
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	return value;
}

/* The fraction of a second at .123; NULL when it is none, else what follows. */
static const char *
parse_fraction(const char *text, int64 *us)
{
	int64 unit = USECS_PER_SEC / 10;

	*us = 0;
	if (*text != '.')
		return text;
	text++;
	if (*text < '0' || *text > '9')
		return NULL;
	for (; *text >= '0' && *text <= '9'; text++, unit /= 10)
		*us += unit * (*text - '0');
	return text;
}

/* Z or +01:00; false when it is none or more follows. */
static bool
parse_zone(const char *text, int64 *us)
{
	int hours, minutes;

	*us = 0;
	if (strcmp(text, "Z") == 0)
		return true;
	if (strlen(text) != 6 || (*text != '+' && *text != '-') || text[3] != ':')
		return false;
	hours = digits(text + 1, 2);
	minutes = digits(text + 4, 2);
	*us = (hours * INT64CONST(60) + minutes) * USECS_PER_MINUTE * (*text == '-' ? -1 : 1);
	return hours >= 0 && hours <= 15 && minutes >= 0 && minutes <= 59;
}

/* 2026-11-29T13:45:10.123Z, what Date.toISOString() makes, or with an offset. */
static bool
parse_iso(const char *text, TimestampTz *at)
{
	int year, month, day, hour, minute, second, y, m, d, julian;
	int64 fraction, zone;
	const char *rest;

	if (strlen(text) < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' ||
		text[13] != ':' || text[16] != ':')
		return false;
	year = digits(text, 4);
	month = digits(text + 5, 2);
	day = digits(text + 8, 2);
	hour = digits(text + 11, 2);
	minute = digits(text + 14, 2);
	second = digits(text + 17, 2);
	rest = parse_fraction(text + 19, &fraction);
	if (year < 2000 || month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 || hour > 23 ||
		minute < 0 || minute > 59 || second < 0 || second > 59 || rest == NULL ||
		!parse_zone(rest, &zone))
		return false;
	julian = date2j(year, month, day);
	j2date(julian, &y, &m, &d);
	*at = (julian - POSTGRES_EPOCH_JDATE) * USECS_PER_DAY +
		  ((hour * INT64CONST(60) + minute) * 60 + second) * USECS_PER_SEC + fraction - zone;
	return m == month && d == day;
}

/* What follows the e of a number; one that is very large or small is cut. */
static int
exponent_of(const char *at)
{
	bool negative = *at == '-';
	int value = 0;

	for (at += negative || *at == '+'; *at >= '0' && *at <= '9' && value < 1000; at++)
		value = value * 10 + (*at - '0');
	return negative ? -value : value;
}

/*
 * A number that is not negative, in units of 10^-decimals, rounded half away from zero; false when
 * it is none, negative or above max.
 */
static bool
parse_scaled(const MjcNode *node, int decimals, int64 max, int64 *out)
{
	const char *at = node->text;
	int64 value = 0;
	int used = 0, power = decimals;
	bool fraction = false;

	if (node->type != MJC_NODE_NUMBER || *at == '-')
		return false;
	for (; (*at >= '0' && *at <= '9') || *at == '.'; at++)
	{
		if (*at == '.')
			fraction = true;
		else if (used < MAX_DIGITS)
		{
			value = value * 10 + (*at - '0');
			used += value > 0;
			power -= fraction;
		}
		else
			power += !fraction;
	}
	if (*at == 'e' || *at == 'E')
		power += exponent_of(at + 1);
	for (; power > 0 && value > 0 && value <= max; power--)
		value = value > max / 10 ? max + 1 : value * 10;
	for (; power < -1 && value > 0; power++)
		value /= 10;
	if (power == -1)
		value = value / 10 + (value % 10 >= 5);
	*out = value;
	return value <= max;
}

/* A number that may be missing or null. */
static bool
read_scaled(const MjcNode *data, const char *key, int decimals, int64 max, int64 *out)
{
	const MjcNode *node = mjc_tree_get(data, key);

	*out = -1;
	return node == NULL || parse_scaled(node, decimals, max, out);
}

/* An id that may be missing, null or empty. */
static bool
read_id(const MjcNode *data, const char *key, pg_uuid_t *id, bool *has)
{
	const MjcNode *node = mjc_tree_get(data, key);

	*has = node != NULL && !(node->type == MJC_NODE_STRING && *node->text == '\0');
	return !*has || parse_uuid(mjc_tree_text(data, key), id);
}

/* A text, cut; NULL when it is missing, of another type or empty. */
static const char *
read_word(const MjcNode *data, const char *key)
{
	const char *text = mjc_tree_text(data, key);

	return text == NULL ? NULL : mjc_scrub_name(text, MJC_EVENT_WORD);
}

static const char *
read_path(const MjcNode *data, const char *key)
{
	const char *text = mjc_tree_text(data, key);

	return text == NULL ? NULL : mjc_scrub_path(text);
}

/* ------------------------------------------------------------ One event -- */

/* mjc_event_id - the id that was given, or the one that the event's own bytes make. */
pg_uuid_t
mjc_event_id(const MjcNode *node)
{
	const MjcNode *given = mjc_tree_get(node, "eventId");
	pg_uuid_t id;

	if (given == NULL || given->type != MJC_NODE_STRING)
		return mjc_event_hash(node->raw, node->raw_len);
	return parse_uuid(given->text, &id) ? id : mjc_event_hash(given->text, strlen(given->text));
}

/* When it happened: as told, a text or milliseconds since 1970, else now. */
static MjcErrorId
event_time(const MjcBatch *batch, const MjcNode *told, TimestampTz *at)
{
	int64 ms;

	*at = batch->now;
	if (told == NULL)
		return TAKEN;
	if (told->type == MJC_NODE_NUMBER && parse_scaled(told, 0, INT64CONST(99999999999999), &ms))
		*at = (ms - (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * INT64CONST(86400000)) * 1000;
	else if (told->type != MJC_NODE_STRING || !parse_iso(told->text, at))
		return MJC_ERR_EVENT_FIELD_INVALID;
	if (*at > batch->now + MJC_EVENT_AHEAD)
		return MJC_ERR_EVENT_IN_FUTURE;
	return *at < batch->now - MJC_EVENT_BACK ? MJC_ERR_EVENT_TOO_OLD : TAKEN;
}

static MjcVisit *
visit_find(MjcBatch *batch, const pg_uuid_t *session)
{
	for (int i = batch->nvisits - 1; i >= 0; i--)
		if (memcmp(&batch->visits[i].session, session, UUID_LEN) == 0)
			return &batch->visits[i];
	return NULL;
}

static void
first_wins(const char **known, const char *told)
{
	if (*known == NULL)
		*known = told;
}

/* What an event tells of the visitor's program. */
static void
note_program(MjcVisit *visit, const MjcNode *data)
{
	const char *device = mjc_tree_text(data, "deviceType");

	if (device != NULL && (strcmp(device, "desktop") == 0 || strcmp(device, "mobile") == 0 ||
						   strcmp(device, "tablet") == 0))
		first_wins(&visit->device, device);
	if (visit->browser == NULL)
		visit->browser = read_word(data, "browser");
	if (visit->os == NULL)
		visit->os = read_word(data, "os");
}

static MjcEvent *
add_event(MjcBatch *batch, const Item *item, const char *kind)
{
	MjcEvent *event = &batch->events[batch->nevents++];

	memset(event, 0, sizeof(*event));
	event->visit = (int) (item->visit - batch->visits);
	event->session = item->visit->session;
	event->id = mjc_event_id(item->node);
	event->at = item->at;
	event->kind = kind;
	event->value = event->qty = event->duration = -1;
	return event;
}

static MjcErrorId
read_session_start(MjcBatch *batch, const Item *item)
{
	MjcVisit *visit = item->visit;

	note_program(visit, item->data);
	if (visit->country == NULL)
		visit->country = read_word(item->data, "country");
	if (visit->city == NULL)
		visit->city = read_word(item->data, "city");
	return TAKEN;
}

static MjcErrorId
read_page_view(MjcBatch *batch, const Item *item)
{
	const char *path = read_path(item->data, "pagePath");

	if (path == NULL)
		return MJC_ERR_EVENT_FIELD_INVALID;
	note_program(item->visit, item->data);
	first_wins(&item->visit->landing_path, path);
	add_event(batch, item, "page_view")->path = path;
	return TAKEN;
}

static MjcErrorId
read_page_duration(MjcBatch *batch, const Item *item)
{
	const char *path = read_path(item->data, "pagePath");
	int64 duration;
	MjcEvent *event;

	if (path == NULL || !read_scaled(item->data, "duration", 3, MJC_EVENT_DURATION, &duration) ||
		duration < 0)
		return MJC_ERR_EVENT_FIELD_INVALID;
	event = add_event(batch, item, "page_duration");
	event->path = path;
	event->duration = duration;
	return TAKEN;
}

static MjcErrorId
read_traffic_source(MjcBatch *batch, const Item *item)
{
	static const char *const campaign[] = {"utmSource", "utmMedium", "utmCampaign", "utmTerm",
										   "utmContent"};
	MjcVisit *visit = item->visit;

	if (visit->traffic[0] != NULL)
		return TAKEN;
	for (int i = 0; i < lengthof(campaign); i++)
		visit->traffic[i] = read_word(item->data, campaign[i]);
	if (visit->traffic[0] == NULL)
	{
		memset(visit->traffic, 0, sizeof(visit->traffic));
		visit->traffic[0] = read_word(item->data, "source");
		visit->traffic[1] = read_word(item->data, "medium");
	}
	if (visit->traffic[0] != NULL)
		return TAKEN;
	visit->traffic[1] = NULL;
	return MJC_ERR_EVENT_FIELD_INVALID;
}

/* A measured time; data holds its figure and what it is called, item the rest. */
static MjcErrorId
add_vital(MjcBatch *batch, const Item *item, const MjcNode *data, const char *name,
		  const pg_uuid_t *session)
{
	MjcEvent *vital = &batch->vitals[batch->nvitals];
	int64 value;

	if (name == NULL || *name == '\0' || strlen(name) > 40 ||
		strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") !=
			strlen(name) ||
		!read_scaled(data, "value", 3, MJC_EVENT_METRIC, &value) || value < 0)
		return MJC_ERR_EVENT_FIELD_INVALID;
	memset(vital, 0, sizeof(*vital));
	vital->visit = item->visit == NULL ? -1 : (int) (item->visit - batch->visits);
	vital->session = *session;
	vital->id = mjc_event_id(item->node);
	vital->at = item->at;
	vital->metric = name;
	vital->value = value;
	vital->path = read_path(data, "path");
	if (vital->path == NULL)
		vital->path = read_path(data, "pagePath");
	if (vital->path == NULL)
		vital->path = read_path(data, "url");
	batch->nvitals++;
	return TAKEN;
}

/* What the frontend calls a view of no product is a measured time; NULL: it is none. */
static const char *
disguised_metric(const MjcNode *data)
{
	const MjcNode *metadata = mjc_tree_get(data, "metadata");
	const char *type = mjc_tree_text(metadata, "type");
	const char *name;

	if (type == NULL || mjc_tree_get(data, "productId") != NULL)
		return NULL;
	if (strcmp(type, "lcp_metric") == 0)
		return "LCP";
	if (strcmp(type, "performance_metric") != 0)
		return NULL;
	name = mjc_tree_text(metadata, "name");
	if (name == NULL)
		name = mjc_tree_text(metadata, "metric");
	return name == NULL ? "page_load" : name;
}

static const char *
search_of(const MjcNode *data)
{
	static const char *const keys[] = {"query", "searchTerm", "term", "search"};
	const MjcNode *metadata = mjc_tree_get(data, "metadata");

	for (int i = 0; i < lengthof(keys); i++)
	{
		const char *text = read_word(metadata, keys[i]);

		if (text == NULL)
			text = read_word(data, keys[i]);
		if (text != NULL)
			return text;
	}
	return NULL;
}

static MjcErrorId
read_ecommerce(MjcBatch *batch, const Item *item)
{
	static const char *const kinds[] = {"view_item",	  "add_to_cart", "remove_from_cart",
										"begin_checkout", "purchase",	 "view_category",
										"search"};
	const char *told = mjc_tree_text(item->data, "eventType");
	const char *kind = NULL, *metric;
	MjcEvent event = {0};
	MjcEvent *added;

	for (int i = 0; i < lengthof(kinds) && told != NULL; i++)
		if (strcmp(kinds[i], told) == 0)
			kind = kinds[i];
	if (kind == NULL)
		return MJC_ERR_EVENT_TYPE_UNKNOWN;
	metric = kind == kinds[0] ? disguised_metric(item->data) : NULL;
	if (metric != NULL)
		return add_vital(batch, item, item->data, metric, &item->visit->session);
	if (!read_id(item->data, "productId", &event.product, &event.has_product) ||
		!read_id(item->data, "categoryId", &event.category, &event.has_category) ||
		!read_scaled(item->data, "value", 2, MJC_EVENT_VALUE, &event.value) ||
		!read_scaled(item->data, "quantity", 0, MJC_EVENT_QTY, &event.qty))
		return MJC_ERR_EVENT_FIELD_INVALID;
	added = add_event(batch, item, kind);
	added->product = event.product;
	added->has_product = event.has_product;
	added->category = event.category;
	added->has_category = event.has_category;
	added->value = event.value;
	added->qty = event.qty;
	added->path = read_path(item->data, "pagePath");
	if (strcmp(kind, "search") == 0)
		added->search = search_of(item->data);
	return TAKEN;
}

static MjcErrorId
read_experiment(MjcBatch *batch, const Item *item)
{
	MjcExposure *exposure = &batch->exposures[batch->nexposures];

	exposure->experiment = read_word(item->data, "experiment");
	exposure->variant = read_word(item->data, "variant");
	if (exposure->experiment == NULL || exposure->variant == NULL)
		return MJC_ERR_EVENT_FIELD_INVALID;
	exposure->session = item->visit->session;
	exposure->at = item->at;
	batch->nexposures++;
	return TAKEN;
}

static MjcErrorId
read_web_vital(MjcBatch *batch, const Item *item)
{
	return add_vital(batch, item, item->data, mjc_tree_text(item->data, "name"),
					 &item->visit->session);
}

/* ------------------------------------------------------------ The batch -- */

/* No part of an event has very many members or lies very deep. */
static bool
well_formed(const MjcNode *node, int depth)
{
	if (node->count > MJC_EVENT_MEMBERS || depth > 8)
		return false;
	for (const MjcNode *child = node->child; child != NULL; child = child->next)
		if (child->child != NULL && !well_formed(child, depth + 1))
			return false;
	return true;
}

static MjcErrorId
dispatch(MjcBatch *batch, const Item *item)
{
	static const struct
	{
		const char *type;
		MjcErrorId (*read)(MjcBatch *batch, const Item *item);
	} types[] = {{"page_view", read_page_view},			  {"page_duration", read_page_duration},
				 {"ecommerce_event", read_ecommerce},	  {"session_start", read_session_start},
				 {"traffic_source", read_traffic_source}, {"web_vital", read_web_vital},
				 {"experiment", read_experiment}};

	for (int i = 0; i < lengthof(types); i++)
		if (strcmp(types[i].type, item->type) == 0)
			return types[i].read(batch, item);
	return MJC_ERR_EVENT_TYPE_UNKNOWN;
}

/* A visit is only made or added to when the event is taken. Errors: MJ738. */
static MjcErrorId
read_item(MjcBatch *batch, Item *item)
{
	pg_uuid_t session;
	MjcErrorId why;
	bool fresh;

	if (item->node->type != MJC_NODE_OBJECT || !well_formed(item->node, 0))
		return MJC_ERR_EVENT_FIELD_INVALID;
	if (item->node->raw_len > MJC_EVENT_BYTES)
		return MJC_ERR_EVENT_TOO_LARGE;
	if (item->type == NULL)
		return MJC_ERR_EVENT_TYPE_UNKNOWN;
	if (!parse_uuid(mjc_tree_text(item->data, "sessionId"), &session))
		return MJC_ERR_EVENT_SESSION_MISSING;
	why = event_time(batch, item->timestamp, &item->at);
	if (why != TAKEN)
		return why;
	item->visit = visit_find(batch, &session);
	fresh = item->visit == NULL;
	if (fresh)
	{
		if (batch->nvisits >= MJC_EVENT_SESSIONS)
			MJC_RAISE(MJC_ERR_EVENT_TOO_MANY_SESSIONS, {"max", NULL, MJC_EVENT_SESSIONS});
		item->visit = &batch->visits[batch->nvisits];
		memset(item->visit, 0, sizeof(MjcVisit));
		item->visit->session = session;
		item->visit->started_at = item->at;
	}
	why = dispatch(batch, item);
	if (why != TAKEN)
		return why;
	batch->nvisits += fresh;
	first_wins(&item->visit->agent, mjc_tree_text(item->data, "userAgent"));
	first_wins(&item->visit->agent, mjc_tree_text(item->node, "userAgent"));
	item->visit->started_at = Min(item->visit->started_at, item->at);
	return TAKEN;
}

static void
count(MjcBatch *batch, const MjcNode *node, MjcErrorId why)
{
	if (why == TAKEN)
	{
		batch->taken++;
		batch->last = node;
		return;
	}
	if (batch->refused++ == 0)
		batch->first_reason = why;
	batch->reasons[why]++;
}

/* Who looks and with what, where the events do not say it: as the request says. */
static void
finish_visit(MjcVisit *visit, const char *request_agent)
{
	const char *agent = visit->agent != NULL ? visit->agent : request_agent;

	visit->is_bot = mjc_agent_is_bot(agent);
	first_wins(&visit->device, mjc_agent_device(agent));
}

static void
finish_events(MjcEvent *events, int n, const MjcVisit *visits, const MjcVisit *unnamed)
{
	for (int i = 0; i < n; i++)
	{
		const MjcVisit *visit = events[i].visit < 0 ? unnamed : &visits[events[i].visit];

		events[i].is_bot = visit->is_bot;
		events[i].device = visit->device;
	}
}

/* What a visit tells is written to each of its rows, which may then be sorted. */
static void
finish_batch(MjcBatch *batch)
{
	MjcVisit unnamed = {0};

	finish_visit(&unnamed, batch->agent);
	for (int i = 0; i < batch->nvisits; i++)
		finish_visit(&batch->visits[i], batch->agent);
	finish_events(batch->events, batch->nevents, batch->visits, &unnamed);
	finish_events(batch->vitals, batch->nvitals, batch->visits, &unnamed);
}

/*
 * mjc_event_document - a body as an object. Errors: MJ002 no JSON, MJ012 too large, MJ010 no
 * object.
 */
MjcNode *
mjc_event_document(char *json)
{
	size_t len = strlen(json);
	MjcNode *document;

	if (len > MJC_EVENT_BODY)
		mjc_raise(MJC_ERR_PAYLOAD_TOO_LARGE);
	document = mjc_tree_parse(json, (int) len);
	if (document->type != MJC_NODE_OBJECT)
		MJC_RAISE(MJC_ERR_ARGUMENT_INVALID, {"argument", "body", 0});
	return document;
}

static const MjcNode *
list_of(const MjcNode *document, const char *key)
{
	const MjcNode *list = mjc_tree_get(document, key);

	if (list == NULL)
		return NULL;
	if (list->type != MJC_NODE_ARRAY)
		MJC_RAISE(MJC_ERR_ARGUMENT_INVALID, {"argument", key, 0});
	if (list->count > MJC_EVENT_BATCH)
		MJC_RAISE(MJC_ERR_EVENT_BATCH_TOO_LARGE, {"max", NULL, MJC_EVENT_BATCH});
	return list;
}

static void
read_one(MjcBatch *batch, const MjcNode *node, const char *type, const char *data)
{
	Item item = {.node = node,
				 .type = mjc_tree_text(node, type),
				 .data = mjc_tree_get(node, data),
				 .timestamp = mjc_tree_get(node, "timestamp")};

	if (item.timestamp == NULL)
		item.timestamp = mjc_tree_get(item.data, "startedAt");
	count(batch, node, read_item(batch, &item));
}

/*
 * mjc_event_read - a batch {events: [...]} (true), or one event {eventType, eventData} (false).
 *
 * Errors: MJ003 neither, MJ010 events are no list, MJ737, MJ738.
 */
bool
mjc_event_read(MjcBatch *batch, const MjcNode *document)
{
	const MjcNode *list = list_of(document, "events");

	if (list != NULL)
	{
		for (const MjcNode *node = list->child; node != NULL; node = node->next)
			read_one(batch, node, "type", "data");
	}
	else if (mjc_tree_get(document, "eventType") != NULL)
		read_one(batch, document, "eventType", "eventData");
	else
		MJC_RAISE(MJC_ERR_ARGUMENT_MISSING, {"argument", "events", 0});
	finish_batch(batch);
	return list != NULL;
}

/* --------------------------------------------------- Web vitals alone -- */

/*
 * A session that is not named is that of the measurement, which has an id of its own, and
 * no visit is made of it: it says nothing of a visitor.
 */
static MjcErrorId
read_vital(MjcBatch *batch, const MjcNode *document, const MjcNode *node)
{
	Item item = {.node = node};
	const char *session_text = mjc_tree_text(document, "sessionId");
	pg_uuid_t session;
	MjcErrorId why;

	if (node->type != MJC_NODE_OBJECT || !well_formed(node, 0))
		return MJC_ERR_EVENT_FIELD_INVALID;
	if (node->raw_len > MJC_EVENT_BYTES)
		return MJC_ERR_EVENT_TOO_LARGE;
	item.timestamp = mjc_tree_get(node, "timestamp");
	why = event_time(batch, item.timestamp, &item.at);
	if (why != TAKEN)
		return why;
	if (session_text == NULL)
		session_text = mjc_tree_text(node, "sessionId");
	if (session_text == NULL)
		session = mjc_event_hash(node->raw, node->raw_len);
	else if (!parse_uuid(session_text, &session))
		return MJC_ERR_EVENT_SESSION_MISSING;
	return add_vital(batch, &item, node, mjc_tree_text(node, "name"), &session);
}

/*
 * mjc_vital_read - {name, value, ...} or {metrics: [...]}, as mjc_event_read reads events.
 * Errors: MJ003 neither, MJ010 metrics are no list, MJ737.
 */
void
mjc_vital_read(MjcBatch *batch, const MjcNode *document)
{
	const MjcNode *list = list_of(document, "metrics");

	if (list != NULL)
	{
		for (const MjcNode *node = list->child; node != NULL; node = node->next)
			count(batch, node, read_vital(batch, document, node));
	}
	else if (mjc_tree_get(document, "name") != NULL)
		count(batch, document, read_vital(batch, document, document));
	else
		MJC_RAISE(MJC_ERR_ARGUMENT_MISSING, {"argument", "metrics", 0});
	finish_batch(batch);
}
