/*
 * ruleset.h - the promotions of the shop, compiled.
 */
#ifndef MJC_RULESET_H
#define MJC_RULESET_H

#include "promotion.h"

extern const MjcRuleset *mjc_ruleset_at(TimestampTz at);
extern const MjcRuleset *mjc_ruleset_since(TimestampTz since, const pg_uuid_t *candidate);

#endif /* MJC_RULESET_H */
