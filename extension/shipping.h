/*
 * shipping.h - what bringing a parcel to a place costs, and how long it takes.
 */
#ifndef MJC_SHIPPING_H
#define MJC_SHIPPING_H

#include "utils/date.h"

#include "pricing.h"

/* How a parcel goes to a place on a day. */
typedef struct MjcDelivery
{
	char *wilaya_code; /* NULL when the place is not known */
	int32 days;		   /* calendar days until it arrives */
	MjcTariff tariff;
	int rank; /* 1 the wilaya's own tariff, 2 that of its zone, 3 that of everywhere else */
} MjcDelivery;

extern void mjc_delivery_mode_check(const char *mode);
extern MjcDelivery mjc_delivery_find(const char *place, const char *mode, DateADT on_date,
									 bool must);

#endif /* MJC_SHIPPING_H */
