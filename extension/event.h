/*
 * event.h - what visitors of the pages do: one batch as it is read, and its limits.
 */
#ifndef MJC_EVENT_H
#define MJC_EVENT_H

#include "utils/timestamp.h"

#include "compat.h"
#include "error.h"
#include "tree.h"

/* The limits of a batch, all of them; the shim refuses what is above EVENT_BODY first. */
#define MJC_EVENT_BODY (256 * 1024)				 /* bytes of a batch */
#define MJC_EVENT_BATCH 200						 /* events in it */
#define MJC_EVENT_SESSIONS 50					 /* sessions that they are of */
#define MJC_EVENT_BYTES (8 * 1024)				 /* of one event */
#define MJC_EVENT_MEMBERS 64					 /* of one object in it */
#define MJC_EVENT_AHEAD (5 * USECS_PER_MINUTE)	 /* clocks of visitors may go so much too fast */
#define MJC_EVENT_BACK (7 * USECS_PER_DAY)		 /* what is older is refused */
#define MJC_EVENT_WORD 100						 /* characters of a name, a source, a search */
#define MJC_EVENT_VALUE INT64CONST(100000000000) /* centimes */
#define MJC_EVENT_QTY 1000000					 /* units */
#define MJC_EVENT_DURATION INT64CONST(86400000)	 /* ms: a day */
#define MJC_EVENT_METRIC INT64CONST(3600000000)	 /* thousandths of ms: an hour */

/* What a batch tells of a session: one row of mjc.visit. */
typedef struct MjcVisit
{
	pg_uuid_t session;
	TimestampTz started_at;
	const char *agent;
	bool is_bot;
	const char *device;
	const char *browser;
	const char *os;
	const char *country;
	const char *city;
	const char *landing_path;
	const char *traffic[5]; /* source, medium, campaign, term, content */
} MjcVisit;

/* A row of mjc.event, or of mjc.web_vital: then kind is NULL and value in thousandths. */
typedef struct MjcEvent
{
	int visit; /* of the batch as it is read; -1: a web vital without a session */
	bool is_bot;
	const char *device; /* kept of a web vital */
	pg_uuid_t session;
	pg_uuid_t id;
	TimestampTz at;
	const char *kind;
	const char *metric;
	const char *path;
	const char *search;
	bool has_product;
	bool has_category;
	pg_uuid_t product;
	pg_uuid_t category;
	int64 value; /* -1: none, as the next two */
	int64 qty;
	int64 duration;
} MjcEvent;

/* A row of mjc.exposure. */
typedef struct MjcExposure
{
	pg_uuid_t session;
	TimestampTz at;
	const char *experiment;
	const char *variant;
} MjcExposure;

typedef struct MjcBatch
{
	TimestampTz now;
	const char *agent; /* of the request, or NULL */
	int nvisits;
	int nevents;
	int nvitals;
	int nexposures;
	MjcVisit visits[MJC_EVENT_SESSIONS];
	MjcEvent events[MJC_EVENT_BATCH];
	MjcEvent vitals[MJC_EVENT_BATCH];
	MjcExposure exposures[MJC_EVENT_BATCH];
	int taken;
	int refused;
	int reasons[MJC_ERR__MAX];
	MjcErrorId first_reason;
	const MjcNode *last; /* the last event that was taken */
} MjcBatch;

extern MjcNode *mjc_event_document(char *json);
extern bool mjc_event_read(MjcBatch *batch, const MjcNode *document);
extern void mjc_vital_read(MjcBatch *batch, const MjcNode *document);
extern pg_uuid_t mjc_event_id(const MjcNode *node);
extern pg_uuid_t mjc_event_hash(const char *bytes, int len);

#endif /* MJC_EVENT_H */
