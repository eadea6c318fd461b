/*
 * order_back.h - value of an order goes back to where it came from.
 *
 * The caller holds the lock of the order's row and, for cards, has locked its products.
 */
#ifndef MJC_ORDER_BACK_H
#define MJC_ORDER_BACK_H

#include "account.h"
#include "credit.h"

/* Where a value goes back to; credits[i].used is what the order keeps of a card. */
typedef struct MjcBack
{
	int64 asked; /* centimes asked no more */
	int64 money; /* that came in and go back */
	int64 cards; /* to cards */
	int ncredits;
	MjcCredit credits[MJC_MAX_CREDITS + 1];
} MjcBack;

extern MjcBack mjc_back_split(const pg_uuid_t *order_id, int64 value, TimestampTz at);
extern void mjc_back_cards(const pg_uuid_t *order_id, const MjcBack *back, const MjcActor *actor);
extern void mjc_back_money(const pg_uuid_t *order_id, int32 parcel, const MjcBack *back,
						   int64 exchanged, const char *reason, const MjcActor *actor,
						   TimestampTz at);
extern void mjc_order_less(const pg_uuid_t *order_id, int32 parcel, int64 value,
						   const MjcActor *actor, TimestampTz at);

#endif /* MJC_ORDER_BACK_H */
