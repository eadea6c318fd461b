/*
 * db_statement.h - the statements of the shim: one for each route, and the extras of db.h.
 */
#ifndef MJC_SHIM_DB_STATEMENT_H
#define MJC_SHIM_DB_STATEMENT_H

#include "db_conn.h"

/* db_statements_new - all of them, n in number; NULL without memory. */
struct db_statement *db_statements_new(int *n);

/* db_statements_free - NULL is allowed. */
void db_statements_free(struct db_statement *statements, int n);

#endif
