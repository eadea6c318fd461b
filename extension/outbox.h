/*
 * outbox.h - messages to people and machines outside.
 */
#ifndef MJC_OUTBOX_H
#define MJC_OUTBOX_H

#include "spi.h"

extern int64 mjc_outbox_write(MjcArg topic, MjcArg kind, MjcArg id, MjcArg payload);

#endif /* MJC_OUTBOX_H */
