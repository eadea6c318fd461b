/*
 * compat.h - every difference between PostgreSQL 15, 16, 17 and 18, and only here.
 */
#ifndef MJC_COMPAT_H
#define MJC_COMPAT_H

#if PG_VERSION_NUM < 150000
#error "mjchauffage needs PostgreSQL 15 or newer"
#endif

/* SPI_OK_* text results, hash and uuid headers moved or were renamed over time. */
#include "utils/uuid.h"

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#endif /* MJC_COMPAT_H */
