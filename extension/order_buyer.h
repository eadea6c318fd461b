/*
 * order_buyer.h - who buys. Needs SPI open.
 */
#ifndef MJC_ORDER_BUYER_H
#define MJC_ORDER_BUYER_H

#include "utils/timestamp.h"

#include "compat.h"
#include "order_contact.h"

/* Who places an order; what each may. */
typedef enum MjcBuyerKind
{
	MJC_BUYER_GUEST,	/* known by the phone; limits, prices of everybody */
	MJC_BUYER_STAFF,	/* staff for whoever has that phone */
	MJC_BUYER_CUSTOMER, /* signed in */
	MJC_BUYER_NAMED,	/* staff for a customer of the list */
	MJC_BUYER_EXCHANGE, /* staff, for units that came back */
} MjcBuyerKind;

typedef struct MjcBuyer
{
	MjcBuyerKind kind;
	pg_uuid_t customer_id;
	bool made;		   /* by this order: a guest nobody knew */
	const char *group; /* whose prices are his */
} MjcBuyer;

extern void mjc_buyer_find(MjcBuyer *who, const MjcContact *c, TimestampTz at);
extern void mjc_buyer_lock(const MjcBuyer *who);
extern void mjc_buyer_check(MjcBuyer *who, const char *channel, int64 units);

#endif /* MJC_ORDER_BUYER_H */
