/*
 * coupon.h - coupon codes: may this one be used, and how often it was.
 */
#ifndef MJC_COUPON_H
#define MJC_COUPON_H

#include "error.h"
#include "promotion.h"

#define MJC_MAX_COUPONS 10

/* A code that a buyer gave. */
typedef struct MjcCoupon
{
	char *code;			/* as it is kept, or as typed when there is none */
	char *promotion;	/* code of its promotion, NULL: unknown */
	MjcErrorId problem; /* MJC_ERR__MAX: it may be used */
} MjcCoupon;

extern int mjc_coupons_read(const MjcWords *typed, TimestampTz at, const pg_uuid_t *customer_id,
							const pg_uuid_t *own_order, MjcCoupon *coupons);
extern void mjc_coupons_judge(const MjcCart *cart, const MjcRuleset *set, MjcCoupon *coupons,
							  int n);
extern void mjc_coupon_take(const char *code, const pg_uuid_t *order_id,
							const pg_uuid_t *customer_id, TimestampTz at);
extern void mjc_coupon_give_back(const char *code, const pg_uuid_t *order_id, TimestampTz at);
extern void mjc_coupons_lock(char **codes, int n);

#endif /* MJC_COUPON_H */
