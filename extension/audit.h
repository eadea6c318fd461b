/*
 * audit.h - one row for every change that staff make.
 */
#ifndef MJC_AUDIT_H
#define MJC_AUDIT_H

#include "account.h"

extern void mjc_audit(const MjcActor *actor, const char *action, const char *subject_kind,
					  const char *subject_id, const char *before_json, const char *after_json);
extern char *mjc_json_pair(const char *name, const char *value);

#endif /* MJC_AUDIT_H */
