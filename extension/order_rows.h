/*
 * order_rows.h - rows of an order that follow from its quote; for placing and for editing.
 */
#ifndef MJC_ORDER_ROWS_H
#define MJC_ORDER_ROWS_H

#include "quote.h"

extern void mjc_order_write_lines(const pg_uuid_t *order_id, const MjcQuote *quote);
extern void mjc_order_write_trace(const pg_uuid_t *order_id, const MjcQuote *quote);
extern Datum mjc_order_coupon_codes(const MjcQuote *quote);
extern Datum mjc_order_credit_ids(const MjcQuote *quote);
extern void mjc_order_sort_for_locks(MjcQuote *quote);

#endif /* MJC_ORDER_ROWS_H */
