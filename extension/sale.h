/*
 * sale.h - the sales figures follow the orders.
 */
#ifndef MJC_SALE_H
#define MJC_SALE_H

#include "utils/uuid.h"

extern void mjc_sale_open(const pg_uuid_t *order_id);
extern void mjc_sale_touch(const pg_uuid_t *order_id);

#endif /* MJC_SALE_H */
