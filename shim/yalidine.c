/*
 * yalidine.c - the carrier Yalidine: what it reports of parcels.
 *
 * One report brings many events of one type, some of them perhaps twice; each
 * becomes an event of its own, and one that is not as it should be does not
 * keep the others back.
 */
#include "provider.h"

static bool
yalidine_verify(const struct provider_settings *settings, const char *signature,
				const struct str *body, int64_t now_s)
{
	(void) now_s;
	return provider_signed(settings->secret, body, signature);
}

/* One entry of the batch; what is no object stands in one, as "entry". */
static json_t *
entry_event(json_t *entry, const json_t *type)
{
	json_t *payload =
		json_is_object(entry) ? json_incref(entry) : json_pack("{s:O}", "entry", entry);
	json_t *event = NULL;

	if (payload != NULL)
		event = provider_event(json_object_get(entry, "event_id"), type, payload);
	json_decref(payload);
	return event;
}

static json_t *
yalidine_events(const struct str *body)
{
	json_t *root = provider_object(body->ptr, body->len);
	const json_t *batch = json_object_get(root, "events");
	json_t *list = json_is_array(batch) ? json_array() : NULL;
	json_t *entry;
	size_t i;

	json_array_foreach (batch, i, entry)
	{
		json_t *event = entry_event(entry, json_object_get(root, "type"));

		if (event == NULL || list == NULL || json_array_append_new(list, event) != 0)
		{
			json_decref(list);
			list = NULL;
			break;
		}
	}
	json_decref(root);
	return list;
}

const struct provider provider_yalidine = {
	.id = PROVIDER_YALIDINE,
	.name = "yalidine",
	.verify = yalidine_verify,
	.events = yalidine_events,
};
