/*
 * status.c - what the shim says about itself: banner and health.
 *
 * Ready means that a read and a write connection stand and that the process is
 * not draining. The other answers never depend on the database.
 */
#include "status.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "app.h"
#include "clock.h"
#include "config.h"
#include "http_reply.h"

static json_t *
status_ready(const struct app *app, const char *now, int *status)
{
	bool database = db_available(app->db);
	bool draining = app->drain_ms != 0;
	bool ready = database && !draining;

	*status = ready ? 200 : 503;
	return json_pack("{s:s, s:s, s:{s:s, s:s}}", "status", ready ? "ready" : "not ready",
					 "timestamp", now, "checks", "database", database ? "up" : "down", "server",
					 draining ? "draining" : "up");
}

void
status_reply(struct request *req)
{
	const struct app *app = req->app;
	double uptime = (double) (app->now_ms - app->start_ms) / 1000.0;
	int status = 200;
	char now[CLOCK_ISO_SIZE];
	json_t *json;
	char *body;

	clock_iso(now);
	switch (req->match.row->action)
	{
		case ACTION_HEALTH:
			json = json_pack("{s:s, s:s, s:f, s:s}", "status", "healthy", "timestamp", now,
							 "uptime", uptime, "message", "MJ Chauffage API is running");
			break;
		case ACTION_LIVE:
			json =
				json_pack("{s:s, s:s, s:f}", "status", "alive", "timestamp", now, "uptime", uptime);
			break;
		case ACTION_READY:
			json = status_ready(app, now, &status);
			break;
		default:
			json = json_pack("{s:s, s:s, s:s}", "message", "MJ Chauffage API", "environment",
							 app->config->environment, "timestamp", now);
			break;
	}
	body = json == NULL ? NULL : json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(12));
	json_decref(json);
	if (body == NULL)
	{
		http_reply_error(req, ERROR_INTERNAL_ERROR);
		return;
	}
	if (status == 503)
		http_reply_header(req, "Retry-After", "1");
	http_reply_body(req, status, body, strlen(body), free, body, false);
}
