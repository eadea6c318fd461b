/*
 * pricing.h - what a line costs, and what bringing it costs.
 */
#ifndef MJC_PRICING_H
#define MJC_PRICING_H

#include "utils/timestamp.h"

extern int64 mjc_price_in_force(int64 price, int64 sale_price);
extern int64 mjc_shipping_due(int64 subtotal, int64 tariff, int64 free_from);

/* How a parcel goes to a place on a day. */
typedef struct MjcDelivery
{
	char *wilaya_code; /* NULL when the place is not known */
	int64 tariff;	   /* centimes */
	int32 days;		   /* calendar days until it arrives */
} MjcDelivery;

extern MjcDelivery mjc_delivery_find(const char *place, const char *mode, int32 on_date);
extern int64 mjc_shipping_price(const MjcDelivery *delivery, int64 subtotal);

#endif /* MJC_PRICING_H */
