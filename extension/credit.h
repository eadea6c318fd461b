/*
 * credit.h - gift cards and store credit as money that an order may use.
 */
#ifndef MJC_CREDIT_H
#define MJC_CREDIT_H

#include "promotion.h"

#define MJC_MAX_CREDITS 10

typedef struct MjcCredit
{
	pg_uuid_t id;
	int64 balance; /* centimes, as it was read */
	int64 used;	   /* of it, by this order */
	int64 taken;   /* of it, by this order before it is priced anew */
	bool closed;   /* nothing can be spent of it */
} MjcCredit;

extern int mjc_credits_read(const MjcWords *codes, TimestampTz at, const pg_uuid_t *customer_id,
							MjcCredit *credits);
extern int mjc_store_credit_read(const pg_uuid_t *customer_id, TimestampTz at, MjcCredit *credit);
extern int64 mjc_credits_sum(const MjcCredit *credits, int n);
extern void mjc_credits_use(MjcCredit *credits, int n, int64 amount);
extern int mjc_credits_of_order(const pg_uuid_t *ids, int n, const pg_uuid_t *order_id,
								const pg_uuid_t *customer_id, TimestampTz at, MjcCredit *credits);
extern void mjc_credits_cap(MjcCredit *credits, int n, int64 more);
extern bool mjc_credit_passes_on(const pg_uuid_t *credit_id);
extern void mjc_credit_settle(const MjcCredit *credit, const pg_uuid_t *order_id,
							  const pg_uuid_t *actor);
extern void mjc_credit_issue(const pg_uuid_t *credit_id, int64 amount, const char *op_id,
							 const pg_uuid_t *actor);
extern void mjc_credit_give_back(const pg_uuid_t *credit_id, const pg_uuid_t *order_id,
								 const pg_uuid_t *actor);
extern void mjc_credits_lock(const pg_uuid_t *ids, int n);

#endif /* MJC_CREDIT_H */
