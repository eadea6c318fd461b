/*
 * spi.h - statements with kept plans, and typed access to their rows.
 *
 * A domain file names its statements as static MjcStmt under its "Storage"
 * banner; the text is constant, values travel as parameters only. A statement
 * on a hash table (sql/distribution.sql) names the hash column.
 */
#ifndef MJC_SPI_H
#define MJC_SPI_H

#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "utils/date.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "compat.h"

#define MJC_STMT_MAX_ARGS 40

typedef struct MjcStmt
{
	const char *sql;
	int nargs;
	Oid types[MJC_STMT_MAX_ARGS];
	SPIPlanPtr plan; /* kept for the life of the backend once prepared */
} MjcStmt;

/* A parameter: its value, or NULL. */
typedef struct MjcArg
{
	Datum value;
	bool isnull;
} MjcArg;

#define MJC_ARGS(...) ((MjcArg[]){__VA_ARGS__})
#define MJC_UUID(u)                                                                                \
	{                                                                                              \
		UUIDPGetDatum(u), false                                                                    \
	}
#define MJC_UUID_OR_NULL(u)                                                                        \
	{                                                                                              \
		(u) ? UUIDPGetDatum(u) : (Datum) 0, (u) == NULL                                            \
	}
#define MJC_INT4(i)                                                                                \
	{                                                                                              \
		Int32GetDatum(i), false                                                                    \
	}
#define MJC_INT2(i)                                                                                \
	{                                                                                              \
		Int16GetDatum(i), false                                                                    \
	}
#define MJC_INT8(i)                                                                                \
	{                                                                                              \
		Int64GetDatum(i), false                                                                    \
	}
#define MJC_BOOL(b)                                                                                \
	{                                                                                              \
		BoolGetDatum(b), false                                                                     \
	}
#define MJC_TIME(t)                                                                                \
	{                                                                                              \
		TimestampTzGetDatum(t), false                                                              \
	}
#define MJC_TEXT(s)                                                                                \
	{                                                                                              \
		PointerGetDatum(cstring_to_text(s)), false                                                 \
	}
#define MJC_TEXT_OR_NULL(s)                                                                        \
	{                                                                                              \
		(s) ? PointerGetDatum(cstring_to_text(s)) : (Datum) 0, (s) == NULL                         \
	}
#define MJC_NULL                                                                                   \
	{                                                                                              \
		(Datum) 0, true                                                                            \
	}
#define MJC_DATUM(d)                                                                               \
	{                                                                                              \
		(d), false                                                                                 \
	}

extern void mjc_begin(void);
extern void mjc_begin_write(void);
extern void mjc_end(void);

extern uint64 mjc_exec(MjcStmt *stmt, const MjcArg *args);
extern uint64 mjc_exec_fresh(MjcStmt *stmt, const MjcArg *args);
extern void mjc_exec_one(MjcStmt *stmt, const MjcArg *args);
extern int64 mjc_counter_next(const char *sequence);

/* Columns count from 1. The *_col functions raise on NULL, the *_or ones take a default. */
extern int64 mjc_int8_col(uint64 row, int col);
extern int32 mjc_int4_col(uint64 row, int col);
extern DateADT mjc_date_col(uint64 row, int col);
extern int64 mjc_int8_or(uint64 row, int col, int64 otherwise);
extern bool mjc_bool_col(uint64 row, int col);
extern char *mjc_text_col(uint64 row, int col);
extern char *mjc_text_or_null(uint64 row, int col);
extern Jsonb *mjc_jsonb_col(uint64 row, int col);
extern bytea *mjc_bytea_col(uint64 row, int col);
extern pg_uuid_t mjc_uuid_col(uint64 row, int col);
extern int mjc_array_col(uint64 row, int col, Oid elemtype, Datum **elements);
extern pg_uuid_t *mjc_uuid_cols(uint64 rows, int col);
extern TimestampTz mjc_time_col(uint64 row, int col);
extern bool mjc_is_null(uint64 row, int col);

#endif /* MJC_SPI_H */
