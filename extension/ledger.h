/*
 * ledger.h - the stock of one product: locked, read, moved on by one row.
 */
#ifndef MJC_LEDGER_H
#define MJC_LEDGER_H

#include "utils/timestamp.h"

#include "account.h"

#define MJC_MAX_QTY 1000000 /* units in one movement */
#define MJC_MAX_LOCATIONS 64
#define MJC_DEFAULT_LOCATION 1

/* Running balances of a product at a location; seq 0 before the first row. */
typedef struct MjcBalance
{
	int16 location_id;
	bool is_active;
	int64 seq;
	int64 on_hand;
	int64 reserved;
	int64 damaged;
	int64 value;	 /* centimes, of on_hand */
	int64 unit_cost; /* centimes, average */
	TimestampTz at;	 /* of the newest row */
} MjcBalance;

/* All locations of one product, in the order in which they are emptied. */
typedef struct MjcPosition
{
	pg_uuid_t product_id;
	int64 safety;		/* units not for sale */
	int64 backorder;	/* units that may be promised beyond the stock */
	int32 restock_days; /* until they can be there; -1: the shop's setting */
	int n;
	MjcBalance at[MJC_MAX_LOCATIONS];
} MjcPosition;

/* What a ledger row says besides its balances. */
typedef struct MjcMovement
{
	const char *kind;
	int32 qty;
	const char *ref_kind;
	const char *ref_id;
	const char *op_id;
	const char *reason;
	const MjcActor *actor;
} MjcMovement;

extern const char *mjc_arg_op_id(FunctionCallInfo fcinfo, int n);
extern char *mjc_manual_op_id(const char *op_id);
extern int64 mjc_position_free(const MjcPosition *position);
extern int64 mjc_position_available(const MjcPosition *position);
extern int64 mjc_position_promisable(const MjcPosition *position);
extern void mjc_balance_on_hand(MjcBalance *balance, int64 delta, int64 unit_cost);
extern void mjc_balance_reserved(MjcBalance *balance, int64 delta);

extern bool mjc_position_lock(MjcPosition *position, const pg_uuid_t *product_id);
extern void mjc_position_open(MjcPosition *position, const pg_uuid_t *product_id);
extern MjcBalance *mjc_position_at(MjcPosition *position, int16 location_id);
extern void mjc_ledger_append(const MjcPosition *position, MjcBalance *balance,
							  const MjcMovement *movement);
extern void mjc_position_flag(const MjcPosition *position, int64 before);

#endif /* MJC_LEDGER_H */
