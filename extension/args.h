/*
 * args.h - arguments of SQL entry points that are CALLED ON NULL INPUT.
 *
 * Writers are never STRICT: a STRICT writer given NULL would do nothing and
 * report success. The mjc_arg_* functions raise MJ003 and name the argument.
 */
#ifndef MJC_ARGS_H
#define MJC_ARGS_H

#include "fmgr.h"
#include "utils/timestamp.h"

#include "compat.h"

extern void mjc_arg_require(FunctionCallInfo fcinfo, int n, const char *name);
extern int32 mjc_arg_int32(FunctionCallInfo fcinfo, int n, const char *name);
extern int64 mjc_arg_int64(FunctionCallInfo fcinfo, int n, const char *name);
extern int64 mjc_arg_amount(FunctionCallInfo fcinfo, int n, const char *name);
extern char *mjc_arg_text(FunctionCallInfo fcinfo, int n, const char *name);
extern char *mjc_arg_text_or_null(FunctionCallInfo fcinfo, int n);
extern char *mjc_arg_short_text(FunctionCallInfo fcinfo, int n, const char *name, int max);
extern pg_uuid_t *mjc_arg_uuid(FunctionCallInfo fcinfo, int n, const char *name);
extern pg_uuid_t *mjc_arg_uuid_or_null(FunctionCallInfo fcinfo, int n);
extern int mjc_arg_array(FunctionCallInfo fcinfo, int n, const char *name, Oid elemtype, int max,
						 Datum **values);
extern void mjc_check_text(const char *value, const char *name, int min, int max);

#endif /* MJC_ARGS_H */
