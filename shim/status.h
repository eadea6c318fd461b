/*
 * status.h - what the shim says about itself: banner and health.
 */
#ifndef MJC_SHIM_STATUS_H
#define MJC_SHIM_STATUS_H

#include "http.h"

/* status_reply - answer a row with one of the actions BANNER, HEALTH, LIVE, READY. */
void status_reply(struct request *req);

#endif
