/*
 * shipment.h - parcels of an order. The caller holds the lock of the order's row.
 */
#ifndef MJC_SHIPMENT_H
#define MJC_SHIPMENT_H

#include "utils/timestamp.h"

#include "account.h"

extern void mjc_shipment_send_rest(const pg_uuid_t *order_id, const char *carrier,
								   const char *tracking_number, TimestampTz at);
extern void mjc_shipment_label(const pg_uuid_t *order_id, const char *carrier,
							   const char *tracking_number);
extern int64 mjc_shipment_arrive_all(const pg_uuid_t *order_id, const MjcActor *actor,
									 TimestampTz at);
extern void mjc_shipment_back_all(const pg_uuid_t *order_id, TimestampTz at);
extern void mjc_shipment_unpack_all(const pg_uuid_t *order_id);
extern int64 mjc_shipment_collecting(const pg_uuid_t *order_id);
extern bool mjc_shipment_some_left(const pg_uuid_t *order_id);

#endif /* MJC_SHIPMENT_H */
