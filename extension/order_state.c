/*
 * order_state.c - the state machine of an order: pure, no SPI.
 *
 * An order has three states: what was agreed (order), what was paid (payment)
 * and where the goods are (fulfilment). The frontends know one word, which is a
 * function of the three; transitions are decided on that word, by one table.
 *
 * Effects on stock, each exactly once because the word must change:
 *   to SHIPPED or DELIVERED from before: held units leave the house
 *   to CANCELLED before shipping:        held units are released
 *   to CANCELLED or REFUNDED after:      shipped units come back into stock
 * Cash on delivery is paid at DELIVERED; what was paid of an ended order goes back, and a
 * payment that never came is void. An order that expired unpaid goes on by itself when its
 * money arrives after all and its units are still there.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "error.h"
#include "order_state.h"

/* ---------------------------------------------------------------- Rules -- */

static const char *const status_names[] = {
	[MJC_STATUS_PENDING] = "PENDING",		[MJC_STATUS_CONFIRMED] = "CONFIRMED",
	[MJC_STATUS_PROCESSING] = "PROCESSING", [MJC_STATUS_SHIPPED] = "SHIPPED",
	[MJC_STATUS_DELIVERED] = "DELIVERED",	[MJC_STATUS_CANCELLED] = "CANCELLED",
	[MJC_STATUS_REFUNDED] = "REFUNDED",
};

#define TO(status) (1 << MJC_STATUS_##status)

static const int allowed[] = {
	[MJC_STATUS_PENDING] = TO(CONFIRMED) | TO(PROCESSING) | TO(SHIPPED) | TO(CANCELLED),
	[MJC_STATUS_CONFIRMED] = TO(PROCESSING) | TO(SHIPPED) | TO(CANCELLED),
	[MJC_STATUS_PROCESSING] = TO(SHIPPED) | TO(DELIVERED) | TO(CANCELLED),
	[MJC_STATUS_SHIPPED] = TO(DELIVERED) | TO(CANCELLED),
	[MJC_STATUS_DELIVERED] = TO(REFUNDED),
	[MJC_STATUS_CANCELLED] = 0,
	[MJC_STATUS_REFUNDED] = 0,
};

/* Staff may all of these; besides, the customer himself, and the clockwork. */
static const int customers[] = {
	[MJC_STATUS_PENDING] = TO(CANCELLED),
	[MJC_STATUS_CONFIRMED] = TO(CANCELLED),
	[MJC_STATUS_REFUNDED] = 0,
};
static const int jobs[] = {
	[MJC_STATUS_PENDING] = TO(CONFIRMED) | TO(CANCELLED),
	[MJC_STATUS_CANCELLED] = TO(CONFIRMED),
	[MJC_STATUS_REFUNDED] = 0,
};

/* mjc_status_name - the word in capitals. */
const char *
mjc_status_name(MjcOrderStatus status)
{
	return status_names[status];
}

/* mjc_status_parse - word in any case to status; false when there is none of that name. */
bool
mjc_status_parse(const char *name, MjcOrderStatus *status)
{
	for (int i = 0; i < MJC_STATUS__MAX; i++)
		if (pg_strcasecmp(name, status_names[i]) == 0)
		{
			*status = (MjcOrderStatus) i;
			return true;
		}
	return false;
}

/* mjc_status_is_open - something is still to be done for it. */
bool
mjc_status_is_open(MjcOrderStatus status)
{
	return status < MJC_STATUS_DELIVERED;
}

/* mjc_status_of - the frontends' word for three states. */
MjcOrderStatus
mjc_status_of(const MjcOrderStates *states)
{
	if (strcmp(states->order, "cancelled") == 0)
		return MJC_STATUS_CANCELLED;
	if (strcmp(states->payment, "refunded") == 0)
		return MJC_STATUS_REFUNDED;
	if (strcmp(states->fulfilment, "delivered") == 0)
		return MJC_STATUS_DELIVERED;
	if (strcmp(states->fulfilment, "shipped") == 0)
		return MJC_STATUS_SHIPPED;
	if (strcmp(states->fulfilment, "preparing") == 0)
		return MJC_STATUS_PROCESSING;
	if (strcmp(states->order, "confirmed") == 0)
		return MJC_STATUS_CONFIRMED;
	return MJC_STATUS_PENDING;
}

/* mjc_transition_allowed - may an order go there; staying is no transition. */
bool
mjc_transition_allowed(MjcOrderStatus from, MjcOrderStatus to)
{
	return (allowed[from] & (1 << to)) != 0;
}

/* mjc_customer_may - may the customer himself bring his order there. */
bool
mjc_customer_may(MjcOrderStatus from, MjcOrderStatus to)
{
	return (customers[from] & (1 << to)) != 0;
}

/* Who may, as people read it. */
static char *
who_may(MjcOrderStatus from, MjcOrderStatus to)
{
	bool job = (jobs[from] & (1 << to)) != 0;

	if (!mjc_transition_allowed(from, to))
		return job ? "job" : NULL;
	return psprintf("%sstaff%s", mjc_customer_may(from, to) ? "customer, " : "",
					job ? ", job" : "");
}

static void
apply_end(MjcOrderStates *states, MjcOrderStatus to, bool was_shipped, MjcOrderEffects *effects)
{
	effects->release = !was_shipped;
	effects->take_back = was_shipped;
	effects->end_payment = true;
	states->fulfilment = was_shipped ? "returned" : "unfulfilled";
	/* A cancelled order that was paid goes to "refunded" as well: payment.c knows. */
	states->payment = to == MJC_STATUS_REFUNDED ? "refunded" : "void";
	if (to == MJC_STATUS_CANCELLED)
		states->order = "cancelled";
}

/*
 * mjc_transition_apply - change the states for an allowed transition and say
 * what else has to happen.
 */
MjcOrderEffects
mjc_transition_apply(MjcOrderStates *states, MjcOrderStatus to, bool cash_on_delivery)
{
	MjcOrderEffects effects = {0};
	MjcOrderStatus from = mjc_status_of(states);
	bool was_shipped = from == MJC_STATUS_SHIPPED || from == MJC_STATUS_DELIVERED;

	if (to == MJC_STATUS_CANCELLED || to == MJC_STATUS_REFUNDED)
	{
		apply_end(states, to, was_shipped, &effects);
		MJC_ENSURE(mjc_status_of(states) == to, "an ended order has the word it ended with");
		return effects;
	}
	states->order = "confirmed";
	effects.keep = from == MJC_STATUS_PENDING;
	if (to == MJC_STATUS_PROCESSING)
		states->fulfilment = "preparing";
	if (to == MJC_STATUS_SHIPPED || to == MJC_STATUS_DELIVERED)
	{
		states->fulfilment = to == MJC_STATUS_SHIPPED ? "shipped" : "delivered";
		effects.ship = !was_shipped;
	}
	if (to == MJC_STATUS_DELIVERED)
	{
		effects.delivered = true;
		effects.collect = cash_on_delivery;
		if (cash_on_delivery)
			states->payment = "paid";
	}
	return effects;
}

/* ----------------------------------------------------- SQL entry points -- */

PG_FUNCTION_INFO_V1(mjc_order_status);
/* mjc.order_status(order_state, payment_state, fulfilment_state) - the frontends' word. */
Datum
mjc_order_status(PG_FUNCTION_ARGS)
{
	MjcOrderStates states = {
		text_to_cstring(PG_GETARG_TEXT_PP(0)),
		text_to_cstring(PG_GETARG_TEXT_PP(1)),
		text_to_cstring(PG_GETARG_TEXT_PP(2)),
	};

	PG_RETURN_TEXT_P(cstring_to_text(mjc_status_name(mjc_status_of(&states))));
}

static void
put_transition(ReturnSetInfo *rsinfo, MjcOrderStatus from, MjcOrderStatus to)
{
	char *who = who_may(from, to);

	if (who != NULL)
	{
		Datum values[3] = {CStringGetTextDatum(status_names[from]),
						   CStringGetTextDatum(status_names[to]), CStringGetTextDatum(who)};
		bool nulls[3] = {false, false, false};

		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
}

PG_FUNCTION_INFO_V1(mjc_order_transitions);
/* mjc.order_transitions() - every allowed (from_status, to_status), and who may. */
Datum
mjc_order_transitions(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int from = 0; from < MJC_STATUS__MAX; from++)
		for (int to = 0; to < MJC_STATUS__MAX; to++)
			put_transition(rsinfo, (MjcOrderStatus) from, (MjcOrderStatus) to);
	return (Datum) 0;
}
