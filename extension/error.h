/*
 * error.h - raising the business errors of errcodes.def.
 */
#ifndef MJC_ERROR_H
#define MJC_ERROR_H

typedef enum MjcErrorId
{
#define MJC_ERROR(name, sqlstate, http, en, fr, ar) MJC_ERR_##name,
#include "errcodes.def"
#undef MJC_ERROR
	MJC_ERR__MAX
} MjcErrorId;

/* The value of one named place: text when not NULL, the number otherwise. */
typedef struct MjcValue
{
	const char *name;
	const char *text;
	int64 number;
} MjcValue;

extern void mjc_raise_values(MjcErrorId id, const MjcValue *values, int nvalues)
	pg_attribute_noreturn();
extern void mjc_raise(MjcErrorId id) pg_attribute_noreturn();
extern const char *mjc_error_name(MjcErrorId id);

/* MJC_RAISE(MJC_ERR_X, {"line", NULL, 3}, {"product", name, 0}); does not return. */
#define MJC_RAISE(id, ...)                                                                         \
	do                                                                                             \
	{                                                                                              \
		const MjcValue mjc_values_[] = {__VA_ARGS__};                                              \
		mjc_raise_values((id), mjc_values_, lengthof(mjc_values_));                                \
	} while (0)

/* An internal promise: an assertion that also holds in release builds. */
#define MJC_ENSURE(condition, what)                                                                \
	do                                                                                             \
	{                                                                                              \
		if (unlikely(!(condition)))                                                                \
			elog(ERROR, "mjchauffage: broken promise: %s", (what));                                \
	} while (0)

#endif /* MJC_ERROR_H */
