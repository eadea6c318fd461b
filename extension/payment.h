/*
 * payment.h - the money of an order: what is asked, what came in, what goes back.
 *
 * The caller holds the lock of the order's row and has SPI open.
 */
#ifndef MJC_PAYMENT_H
#define MJC_PAYMENT_H

#include "utils/timestamp.h"

#include "account.h"
#include "order_state.h"

/* Money that came in. */
typedef struct MjcReceipt
{
	const pg_uuid_t *order_id;
	int64 amount; /* centimes, above 0 */
	const char *method;
	const char *provider;
	const char *provider_ref; /* or NULL */
	const char *note;		  /* or NULL */
	TimestampTz at;
} MjcReceipt;

/* What a receipt did. */
typedef struct MjcReceived
{
	pg_uuid_t payment_id;
	int64 excess; /* of it, more than was asked */
} MjcReceived;

/* Why money goes back; the words of mjc.refund.kind. "parcel" is a return that was counted. */
#define MJC_REFUND_EXCESS "excess"
#define MJC_REFUND_OUTSIDE "outside"
#define MJC_REFUND_RETURN "return"
#define MJC_REFUND_END "end"
#define MJC_REFUND_EXCHANGE "exchange"

/* What a refund is for: a parcel by its number, or one of these. */
#define MJC_FOR_NOTHING (-1)
#define MJC_FOR_REST 0 /* what is in no parcel that left */

/* Money that goes back. */
typedef struct MjcRefund
{
	const pg_uuid_t *order_id;
	const char *kind;
	const char *reason; /* or NULL */
	int32 parcel;
	bool used;				  /* what it is for came back */
	const char *provider_ref; /* its name at the provider, or NULL */
	const MjcActor *actor;
	TimestampTz at;
} MjcRefund;

extern MjcReceived mjc_payment_receive(const MjcReceipt *receipt);
extern MjcReceived mjc_payment_take(const MjcReceipt *receipt, const MjcActor *actor);
extern int64 mjc_payment_asked(const pg_uuid_t *order_id);
extern int64 mjc_payment_held(const pg_uuid_t *order_id);
extern const char *mjc_payment_state(const pg_uuid_t *order_id);
extern const char *mjc_payment_follow(const pg_uuid_t *order_id, TimestampTz at);
extern void mjc_payment_collect(const pg_uuid_t *order_id, int64 cash, const MjcActor *actor,
								TimestampTz at);
extern bool mjc_payment_end(const pg_uuid_t *order_id, const MjcActor *actor, TimestampTz at);
extern void mjc_payment_reopen(const pg_uuid_t *order_id, int64 amount, TimestampTz at);
extern void mjc_payment_more(const pg_uuid_t *order_id, const char *method, int64 amount,
							 TimestampTz at);
extern int64 mjc_payment_ask_less(const pg_uuid_t *order_id, int64 amount, TimestampTz at);
extern int64 mjc_payment_less(const pg_uuid_t *order_id, int64 amount, const MjcActor *actor,
							  TimestampTz at);
extern pg_uuid_t mjc_payment_refund(const MjcRefund *refund, const pg_uuid_t *payment_id,
									int64 amount);
extern void mjc_payment_task(const pg_uuid_t *order_id, const pg_uuid_t *refund_id, TimestampTz at);
extern pg_uuid_t mjc_payment_refund_newest(const MjcRefund *refund, int64 amount);
extern void mjc_payment_event(const pg_uuid_t *order_id, const char *kind, int64 amount,
							  const char *what, const MjcActor *actor);

#endif /* MJC_PAYMENT_H */
