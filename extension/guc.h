/*
 * guc.h - the settings of the library (mjc.*). Shop settings live in mjc.setting.
 */
#ifndef MJC_GUC_H
#define MJC_GUC_H

extern int mjc_double_submit_window; /* seconds, 0 = off */
extern int mjc_idempotency_ttl;		 /* hours */
extern int mjc_node_id;				 /* 0..1023, part of the order block's key */
extern int mjc_analyst_max;			 /* seconds */
extern int mjc_aggregate_memory;	 /* kB, of one state */
extern bool mjc_early_lock_release;
extern bool mjc_direct_access;

extern void mjc_guc_init(void);

#endif /* MJC_GUC_H */
