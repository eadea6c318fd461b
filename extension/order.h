/*
 * order.h - what order.c (placing) and order_change.c (moving on) share.
 */
#ifndef MJC_ORDER_H
#define MJC_ORDER_H

#include "account.h"
#include "order_state.h"
#include "quote.h"

/* What pays an order that leaves for units that came back. */
typedef struct MjcExchange
{
	pg_uuid_t of; /* the order that they are of; locked, like its customer */
	pg_uuid_t customer_id;
	int ncredits; /* in the order of their use, up to what they have for it */
	MjcCredit credits[MJC_MAX_CREDITS + 1];
	int64 own;	/* of the store credit; the rest of it is money that came in before */
	int64 paid; /* of that money, what the new order took */
} MjcExchange;

extern pg_uuid_t mjc_order_place_exchange(MjcExchange *exchange, const MjcLines *lines,
										  const MjcActor *actor);
extern char *mjc_order_json(const pg_uuid_t *order_id, bool for_staff);
extern void mjc_order_add_event(const pg_uuid_t *order_id, const char *kind, const char *from,
								const char *to, const MjcActor *actor, const char *note);
extern void mjc_order_announce(const char *topic, const pg_uuid_t *order_id, const char *reference,
							   const char *status);
extern void mjc_order_advance(const pg_uuid_t *order_id, MjcOrderStatus to, const char *event_kind,
							  const MjcActor *actor);
extern void mjc_order_revive(const pg_uuid_t *order_id, const MjcActor *actor);

#endif /* MJC_ORDER_H */
