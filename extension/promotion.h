/*
 * promotion.h - carts, promotions and the rules that bring them together.
 *
 * Amounts are centimes, rates basis points. Nothing here reads a table.
 */
#ifndef MJC_PROMOTION_H
#define MJC_PROMOTION_H

#include "utils/timestamp.h"

#include "compat.h"
#include "tax.h"

#define MJC_MAX_CART_LINES 10000
#define MJC_MAX_PROMOTIONS 10000
#define MJC_MAX_CART_QTY 999999

typedef enum MjcPromotionKind
{
	MJC_PROMOTION_PERCENT,
	MJC_PROMOTION_AMOUNT,
	MJC_PROMOTION_FIXED_PRICE,
	MJC_PROMOTION_BUY_GET,
	MJC_PROMOTION_GIFT,
	MJC_PROMOTION__MAX
} MjcPromotionKind;

typedef enum MjcPromotionScope
{
	MJC_SCOPE_LINE,
	MJC_SCOPE_ORDER,
	MJC_SCOPE_SHIPPING,
	MJC_SCOPE__MAX
} MjcPromotionScope;

/* Sorted ids; n 0: no condition. */
typedef struct MjcIdSet
{
	int n;
	pg_uuid_t *ids;
} MjcIdSet;

typedef struct MjcWords
{
	int n;
	char **words;
} MjcWords;

typedef struct MjcPromotion
{
	char *code;
	char *name;
	MjcPromotionKind kind;
	MjcPromotionScope scope;
	int32 rate_bp;
	int64 amount;
	int32 buy_qty;
	int32 get_qty;
	pg_uuid_t gift_product;
	int32 priority;
	char *exclusivity_group;
	int exclusivity; /* number of its exclusivity group in the set, -1: none */
	bool needs_coupon;
	bool first_order;
	TimestampTz from;
	TimestampTz until;
	int32 min_qty;	  /* 0: none */
	int64 min_amount; /* 0: none */
	MjcIdSet products;
	MjcIdSet categories; /* with everything below them */
	MjcIdSet manufacturers;
	MjcWords groups;
	MjcWords wilayas;
} MjcPromotion;

/* A target that a promotion is found by. */
typedef struct MjcTarget
{
	pg_uuid_t id;
	int promotion;
} MjcTarget;

/* Promotions in the order in which they are tried, and how to find those of a line. */
typedef struct MjcRuleset
{
	int n;
	MjcPromotion *promotions;
	int nexclusivity;
	int ntargets;
	MjcTarget *targets; /* by id */
	int nwords;
	uint64 *for_all; /* bits of the promotions without a target */
	bool has_gifts;
	bool has_first_order;
} MjcRuleset;

typedef struct MjcCartLine
{
	pg_uuid_t product_id;
	pg_uuid_t category_id;
	pg_uuid_t manufacturer_id;
	int place; /* on which the client sent it, from 0; gifts come last */
	int32 qty;
	int32 tax_bp;
	int32 weight_g; /* of one unit */
	int64 list;		/* unit price before sale and price lists */
	int64 unit;
	int64 floor;		/* no discount goes below this unit price */
	const char *source; /* of the unit price: "base", "sale", "list:<code>" */
	bool gift;
	/* found by the rules */
	int64 gross;
	int64 running; /* gross less discounts */
	int64 room;	   /* what discounts may still take */
	int64 tax;
} MjcCartLine;

/* A product that promotions may give. */
typedef struct MjcGift
{
	pg_uuid_t product_id;
	int64 unit;
	int32 tax_bp;
	int32 weight_g;
	int64 available;
} MjcGift;

/* What is charged for a parcel. */
typedef struct MjcTariff
{
	int64 amount;
	int32 included_g; /* weight that the amount covers; -1: any */
	int32 step_g;
	int64 step_amount; /* for each step begun above it */
} MjcTariff;

/* A promotion that was applied. */
typedef struct MjcApplied
{
	const MjcPromotion *promotion;
	int64 amount;
	int64 withheld; /* what floors did not let it take */
} MjcApplied;

typedef struct MjcTaxRow
{
	int32 bp;
	int64 net;
	int64 tax;
} MjcTaxRow;

typedef enum MjcTraceRule
{
	MJC_TRACE_UNIT_PRICE,
	MJC_TRACE_GROSS,
	MJC_TRACE_PERCENT,
	MJC_TRACE_AMOUNT,
	MJC_TRACE_FIXED_PRICE,
	MJC_TRACE_BUY_GET,
	MJC_TRACE_GIFT,
	MJC_TRACE_ORDER_PERCENT,
	MJC_TRACE_ORDER_AMOUNT,
	MJC_TRACE_ORDER_FIXED_PRICE,
	MJC_TRACE_SHARE,
	MJC_TRACE_SHIPPING,
	MJC_TRACE_SHIPPING_PERCENT,
	MJC_TRACE_SHIPPING_AMOUNT,
	MJC_TRACE_SHIPPING_FIXED_PRICE,
	MJC_TRACE_TAX_INCLUDED,
	MJC_TRACE_TAX_ADDED,
	MJC_TRACE_CREDIT,
	MJC_TRACE_STAMP_DUTY,
	MJC_TRACE_ROUNDING,
	MJC_TRACE_TOTAL,
	MJC_TRACE__MAX
} MjcTraceRule;

/* One step of a price: amount follows from the rest by the rule (extension/trace.c). */
typedef struct MjcTraceStep
{
	MjcTraceRule rule;
	int place; /* of the line, -1: none */
	const char *ref;
	int64 base;
	int64 value;
	int32 rate_bp;
	int32 qty;
	int64 amount;
	int64 withheld;
	int32 rounding_e4; /* what rounding added, in 1/10000 centime */
} MjcTraceStep;

typedef struct MjcCart
{
	bool prices_include_tax;
	TimestampTz at;
	const char *customer_group;
	const char *wilaya_code; /* or NULL */
	bool first_order;
	MjcWords coupons; /* codes of the promotions that coupons switched on */
	int nlines;
	int room_lines; /* that lines has space for */
	MjcCartLine *lines;
	int ngifts;
	MjcGift *gifts;
	MjcTariff tariff;
	int64 free_shipping_from; /* 0: never */
	int32 shipping_tax_bp;
	int64 credit_available;
	bool cash;
	MjcStampScale stamp;
	const char *stamp_ref; /* day of the scale, for the trace */
	int64 round_to;
	/* found by the rules */
	int64 subtotal;
	int64 goods;
	int64 shipping_before;
	int64 shipping;
	int64 shipping_tax;
	int ntaxes;
	MjcTaxRow *taxes;
	int64 tax;
	int64 stamp_duty;
	int64 rounding;
	int64 total;
	int64 credit;
	int64 due;
	int napplied;
	MjcApplied *applied;
	uint64 *candidates; /* bits of the promotions that some line could match */
	bool traced;		/* keep the steps */
	int nsteps;
	int room_steps;
	MjcTraceStep *steps;
} MjcCart;

/* promotion.c */
extern void mjc_ruleset_prepare(MjcRuleset *set);
extern bool mjc_promotion_conditions(const MjcCart *cart, const MjcPromotion *promotion);
extern void mjc_promotions_on_goods(MjcCart *cart, const MjcRuleset *set, bool *taken);
extern void mjc_promotions_on_shipping(MjcCart *cart, const MjcRuleset *set, bool *taken);

#endif /* MJC_PROMOTION_H */
