/*
 * args.c - checked access to function arguments (see args.h).
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "args.h"
#include "error.h"
#include "money.h"
#include "text.h"

/* Somebody may have declared the C function with fewer arguments than it has. */
static bool
missing(FunctionCallInfo fcinfo, int n)
{
	return n >= PG_NARGS() || PG_ARGISNULL(n);
}

/* mjc_arg_require - argument n is there. Errors: MJ003 NULL, naming it. */
void
mjc_arg_require(FunctionCallInfo fcinfo, int n, const char *name)
{
	if (missing(fcinfo, n))
		MJC_RAISE(MJC_ERR_ARGUMENT_MISSING, {"argument", name, 0});
}

/* mjc_arg_int32 - integer argument n. Errors: MJ003 NULL, naming it. */
int32
mjc_arg_int32(FunctionCallInfo fcinfo, int n, const char *name)
{
	mjc_arg_require(fcinfo, n, name);
	return PG_GETARG_INT32(n);
}

/* mjc_arg_int64 - bigint argument n. Errors: MJ003 NULL, naming it. */
int64
mjc_arg_int64(FunctionCallInfo fcinfo, int n, const char *name)
{
	mjc_arg_require(fcinfo, n, name);
	return PG_GETARG_INT64(n);
}

/* mjc_arg_amount - bigint argument n, centimes above 0. Errors: MJ003 NULL, naming it; MJ201. */
int64
mjc_arg_amount(FunctionCallInfo fcinfo, int n, const char *name)
{
	int64 amount = mjc_arg_int64(fcinfo, n, name);

	if (amount < 1 || amount > MJC_MAX_AMOUNT)
		mjc_raise(MJC_ERR_AMOUNT_OUT_OF_RANGE);
	return amount;
}

/* mjc_arg_text - text argument n as a C string. Errors: MJ003 NULL, naming it. */
char *
mjc_arg_text(FunctionCallInfo fcinfo, int n, const char *name)
{
	mjc_arg_require(fcinfo, n, name);
	return text_to_cstring(PG_GETARG_TEXT_PP(n));
}

/* mjc_arg_text_or_null - text argument n as a C string, NULL for NULL. */
char *
mjc_arg_text_or_null(FunctionCallInfo fcinfo, int n)
{
	return missing(fcinfo, n) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(n));
}

/* mjc_arg_uuid - uuid argument n, not copied. Errors: MJ003 NULL, naming it. */
pg_uuid_t *
mjc_arg_uuid(FunctionCallInfo fcinfo, int n, const char *name)
{
	mjc_arg_require(fcinfo, n, name);
	return PG_GETARG_UUID_P(n);
}

/* mjc_arg_uuid_or_null - uuid argument n, not copied, NULL for NULL. */
pg_uuid_t *
mjc_arg_uuid_or_null(FunctionCallInfo fcinfo, int n)
{
	return missing(fcinfo, n) ? NULL : PG_GETARG_UUID_P(n);
}

/*
 * mjc_arg_array - elements of a one-dimensional array without NULLs.
 *
 * max: more elements than that are refused. Returns their number (0 for an
 * empty array). Errors: MJ003 NULL array or element, MJ010 more than one
 * dimension, MJ006 too many elements.
 */
int
mjc_arg_array(FunctionCallInfo fcinfo, int n, const char *name, Oid elemtype, int max,
			  Datum **values)
{
	ArrayType *array;
	int count;
	int16 typlen;
	bool typbyval;
	char typalign;

	mjc_arg_require(fcinfo, n, name);
	array = PG_GETARG_ARRAYTYPE_P(n);
	if (ARR_NDIM(array) > 1)
		MJC_RAISE(MJC_ERR_ARGUMENT_INVALID, {"argument", name, 0});
	if (ARR_HASNULL(array) && array_contains_nulls(array))
		MJC_RAISE(MJC_ERR_ARGUMENT_MISSING, {"argument", name, 0});
	count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	if (count > max)
		MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", name, 0});
	get_typlenbyvalalign(elemtype, &typlen, &typbyval, &typalign);
	deconstruct_array(array, elemtype, typlen, typbyval, typalign, values, NULL, &count);
	return count;
}

/* mjc_check_text - length in characters between min and max, else MJ006 naming the argument. */
void
mjc_check_text(const char *value, const char *name, int min, int max)
{
	int length = pg_mbstrlen(value);

	if (length < min || length > max)
		MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", name, 0});
}

/* mjc_arg_short_text - trimmed, NULL when nothing is left; at most max characters, else MJ006. */
char *
mjc_arg_short_text(FunctionCallInfo fcinfo, int n, const char *name, int max)
{
	char *text = mjc_trim_or_null(mjc_arg_text_or_null(fcinfo, n));

	if (text != NULL)
		mjc_check_text(text, name, 1, max);
	return text;
}
