/*
 * order_state.h - the three states of an order, and the one word the frontends see.
 */
#ifndef MJC_ORDER_STATE_H
#define MJC_ORDER_STATE_H

typedef enum MjcOrderStatus
{
	MJC_STATUS_PENDING,
	MJC_STATUS_CONFIRMED,
	MJC_STATUS_PROCESSING,
	MJC_STATUS_SHIPPED,
	MJC_STATUS_DELIVERED,
	MJC_STATUS_CANCELLED,
	MJC_STATUS_REFUNDED,
	MJC_STATUS__MAX
} MjcOrderStatus;

/* The words are those of the CHECK constraints of mjc.order (sql/schema/0004). */
typedef struct MjcOrderStates
{
	const char *order;		/* placed, confirmed, cancelled */
	const char *payment;	/* pending, part_paid, paid, void, refunded, paid_short */
	const char *fulfilment; /* unfulfilled, preparing, shipped, delivered, returned */
} MjcOrderStates;

/* What a transition does besides the words. */
typedef struct MjcOrderEffects
{
	bool keep;		/* held units expire no more */
	bool release;	/* held units go back to free stock */
	bool ship;		/* held units leave the house */
	bool take_back; /* shipped units come back */
	bool delivered;
	bool collect;	  /* the cash that was asked came in */
	bool end_payment; /* what is here goes back, nothing is asked any more */
} MjcOrderEffects;

extern const char *mjc_status_name(MjcOrderStatus status);
extern bool mjc_status_parse(const char *name, MjcOrderStatus *status);
extern bool mjc_status_is_open(MjcOrderStatus status);
extern MjcOrderStatus mjc_status_of(const MjcOrderStates *states);
extern bool mjc_transition_allowed(MjcOrderStatus from, MjcOrderStatus to);
extern bool mjc_customer_may(MjcOrderStatus from, MjcOrderStatus to);
extern MjcOrderEffects mjc_transition_apply(MjcOrderStates *states, MjcOrderStatus to,
											bool cash_on_delivery);

#endif /* MJC_ORDER_STATE_H */
