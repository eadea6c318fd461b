/*
 * reservation.h - units that somebody holds: an order, or a hold by staff.
 */
#ifndef MJC_RESERVATION_H
#define MJC_RESERVATION_H

#include "utils/date.h"

#include "ledger.h"

#define MJC_SWEEP_BATCH 100 /* expired rows released at a time */

/* Who holds the units. */
typedef struct MjcHolder
{
	pg_uuid_t id;
	const char *kind;		/* "order" or "hold" */
	TimestampTz expires_at; /* DT_NOEND: never */
	const char *op_id;		/* given by the caller, or NULL */
	const MjcActor *actor;
	const pg_uuid_t *takes_over; /* hold whose units go to this holder, or NULL */
} MjcHolder;

/* One product that is taken; a holder names a product once. */
typedef struct MjcTake
{
	pg_uuid_t product_id;
	int32 line_no;	   /* line of the order */
	int32 client_line; /* line the client sent it on, counted from 1 */
	int32 qty;
} MjcTake;

/* A row of mjc.reservation. */
typedef struct MjcHeld
{
	int32 line_no;
	int16 location_id;
	bool of_order; /* else of a hold */
	int32 qty;
	int32 held;
	int32 shipped;
	int32 returned;
	TimestampTz expires_at; /* DT_NOEND: never */
} MjcHeld;

typedef enum MjcMove
{
	MJC_MOVE_RELEASE, /* held: back to free stock */
	MJC_MOVE_SHIP,	  /* held: leaves the house */
	MJC_MOVE_RETURN,  /* shipped: back on the shelf */
	MJC_MOVE_DAMAGED  /* shipped: back, but broken */
} MjcMove;

extern int mjc_take_compare(const void *a, const void *b);
extern DateADT mjc_reservation_take(const MjcHolder *holder, MjcTake *takes, int n);
extern DateADT mjc_reservation_keep(const MjcHolder *holder, MjcTake *takes, int n);
extern void mjc_reservation_move(const MjcHolder *holder, const pg_uuid_t *products, int n,
								 MjcMove move);
extern void mjc_reservation_move_some(const MjcHolder *holder, MjcTake *takes, int n, MjcMove move);

/* One product at a time, under its lock. */
extern const char *mjc_move_kind(MjcMove move);
extern int32 mjc_held_movable(const MjcHeld *row, MjcMove move);
extern int mjc_reservation_rows(const pg_uuid_t *product_id, const pg_uuid_t *holder_id,
								MjcHeld **rows);
extern void mjc_reservation_move_row(MjcPosition *position, const MjcHolder *holder,
									 const MjcHeld *row, MjcMove move, int32 qty,
									 const char *reason);
extern uint64 mjc_reservation_sweep(MjcPosition *position, int32 batch);

#endif /* MJC_RESERVATION_H */
