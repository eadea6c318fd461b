/*
 * refund.h - what refunds are for. The caller holds the lock of the order's row and has SPI open.
 */
#ifndef MJC_REFUND_H
#define MJC_REFUND_H

#include "utils/timestamp.h"

#include "compat.h"

/* What staff gave back by hand for goods that come back now. */
typedef struct MjcUsed
{
	int64 used;	   /* of their value so much is back already */
	int64 counted; /* so much less is due for these refunds from now on */
} MjcUsed;

extern MjcUsed mjc_refund_use(const pg_uuid_t *order_id, int32 parcel, int64 value, bool counts,
							  TimestampTz at);
extern int64 mjc_refund_unused(const pg_uuid_t *order_id, int32 parcel);

#endif /* MJC_REFUND_H */
