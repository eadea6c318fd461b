/*
 * stock.h - the ledger: what an order takes, and what it gives back.
 */
#ifndef MJC_STOCK_H
#define MJC_STOCK_H

#include "account.h"

#define MJC_MAX_QTY 1000000 /* units in one movement */

/* One product of an order; an order names a product once. */
typedef struct MjcStockTake
{
	pg_uuid_t product_id;
	int32 line_no;	   /* line of the order */
	int32 client_line; /* line the client sent it on, counted from 1 */
	int32 qty;
	const char *product_name;
} MjcStockTake;

typedef enum MjcStockMove
{
	MJC_STOCK_RELEASE, /* held: back to free stock */
	MJC_STOCK_SHIP,	   /* held: leaves the house */
	MJC_STOCK_RETURN   /* shipped: back in the house */
} MjcStockMove;

extern void mjc_stock_reserve(const pg_uuid_t *order_id, MjcStockTake *takes, int n,
							  const MjcActor *actor);
extern void mjc_stock_move_order(const pg_uuid_t *order_id, MjcStockMove move,
								 const MjcActor *actor);

#endif /* MJC_STOCK_H */
