/*
 * pricing.h - the price of an article, and of a whole cart.
 */
#ifndef MJC_PRICING_H
#define MJC_PRICING_H

#include "promotion.h"

/* What the tables say about the price of an article at an instant; -1: none. */
typedef struct MjcPrices
{
	int64 base;
	int64 sale;
	TimestampTz sale_from;
	TimestampTz sale_until;
	int64 list_override; /* lowest price of the lists that replace the base price */
	int64 list_sale;	 /* lowest price of the sale lists */
	const char *override_code;
	const char *sale_code;
} MjcPrices;

typedef struct MjcPicked
{
	int64 list; /* centimes, before any sale */
	int64 unit; /* centimes, what is paid for one */
	const char *source;
} MjcPicked;

extern int64 mjc_price_in_force(int64 price, int64 sale_price);
extern MjcPicked mjc_price_pick(const MjcPrices *prices, TimestampTz at);
extern int64 mjc_tariff_price(const MjcTariff *tariff, int64 weight_g);
extern int64 mjc_shipping_due(int64 goods, int64 price, int64 free_from);
extern void mjc_cart_price(MjcCart *cart, const MjcRuleset *set);

#endif /* MJC_PRICING_H */
