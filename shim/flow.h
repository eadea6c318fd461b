/*
 * flow.h - the stages of a request, from its route to its reply.
 */
#ifndef MJC_SHIM_FLOW_H
#define MJC_SHIM_FLOW_H

#include "http.h"

/*
 * flow_run - route, limit, sign-in, parameters, then the database or the shim.
 *
 * Afterwards req->answered is set, or the request waits and is resumed with
 * http_resume once it is.
 */
void flow_run(struct request *req);

/*
 * flow_submit - send req->call; the request is held until flow_end.
 *
 * done is called on the loop's thread. Answers by itself when the queue is full.
 */
void flow_submit(struct request *req, enum db_pool_id pool, int statement, int nargs,
				 void (*done)(struct db_call *call));

/*
 * flow_failed - answer a call that did not bring rows, and release its result.
 *
 * Returns false when there are rows. Answers nothing when the client is gone.
 */
bool flow_failed(struct request *req);

/* flow_end - a step is over: resume the request if it is answered, and give it up. */
void flow_end(struct request *req);

#endif
