/*
 * uuid.h - identifiers made here are UUID version 7 (time-ordered).
 */
#ifndef MJC_UUID_H
#define MJC_UUID_H

#include "compat.h"

extern pg_uuid_t mjc_uuid_make(void);
extern int mjc_uuid_compare(const pg_uuid_t *a, const pg_uuid_t *b);
#define MJC_UUID_TEXT_LEN 36 /* with its dashes */

extern bool mjc_uuid_parse(const char *text, int len, pg_uuid_t *out);
extern char *mjc_uuid_text(const pg_uuid_t *u);
extern bytea *mjc_random_bytes(int n);

extern Datum mjc_uuid_array(const pg_uuid_t *ids, int n);

#endif /* MJC_UUID_H */
