/*
 * guc.c - defines mjc.* and reserves the prefix. None of them carries identity,
 * and those that bend a rule may be set by superusers only.
 */
#include "postgres.h"

#include "utils/guc.h"

#include "guc.h"

int mjc_double_submit_window = 30;
int mjc_idempotency_ttl = 24;
int mjc_node_id = 0;
int mjc_analyst_max = 60;
int mjc_aggregate_memory = 262144;
bool mjc_early_lock_release = true;
bool mjc_direct_access = true;

/* mjc_guc_init - define the settings; at library load. */
void
mjc_guc_init(void)
{
	DefineCustomIntVariable("mjc.aggregate_memory",
							"Largest state of an analytic aggregate; those do not spill to disk.",
							NULL, &mjc_aggregate_memory, 262144, 64, 1000000, PGC_SUSET,
							GUC_UNIT_KB, NULL, NULL, NULL);
	DefineCustomIntVariable("mjc.analyst_max",
							"Longest statement of an analyst before the job cancels it.",
							"0 switches the job off.", &mjc_analyst_max, 60, 0, 86400, PGC_SUSET,
							GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomBoolVariable("mjc.direct_access",
							 "Reads and writes the stock without SQL where the tables allow it.",
							 "Off where they are distributed.", &mjc_direct_access, true, PGC_SUSET,
							 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("mjc.early_lock_release",
							 "Lets the rules release their locks before they wait for the disk.",
							 "The client is still answered after the disk.",
							 &mjc_early_lock_release, true, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("mjc.double_submit_window",
							"Without a key, the same request within this time is the same request.",
							"0 switches the window off.", &mjc_double_submit_window, 30, 0, 3600,
							PGC_SUSET, GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomIntVariable("mjc.idempotency_ttl",
							"Hours for which the reply of an Idempotency-Key is kept.", NULL,
							&mjc_idempotency_ttl, 24, 1, 8760, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("mjc.node_id",
							"Number of this database node, part of its blocks of order numbers.",
							NULL, &mjc_node_id, 0, 0, 1023, PGC_SUSET, 0, NULL, NULL, NULL);
	MarkGUCPrefixReserved("mjc");
}
