/*
 * flow.h - the stages of a request, from its route to its reply.
 */
#ifndef MJC_SHIM_FLOW_H
#define MJC_SHIM_FLOW_H

#include "http.h"

/*
 * flow_admit - the stages that need no more than the head: route, sign-in, limit, open shop.
 *
 * Returns false when one of them has answered.
 */
bool flow_admit(struct request *req);

/*
 * flow_run - route, sign-in, limit, parameters, then the database or the shim.
 *
 * Afterwards req->answered is set, or the request waits and is resumed with
 * http_resume once it is.
 */
void flow_run(struct request *req);

/*
 * flow_call - call the row's function with req->values; done NULL: as the row says.
 *
 * The request is held until flow_end. Answers by itself when nothing can be sent.
 */
void flow_call(struct request *req, void (*done)(struct db_call *call));

/*
 * flow_submit - send req->call; the request is held until flow_end.
 *
 * done is called on the loop's thread. Answers by itself when the queue is full.
 */
void flow_submit(struct request *req, enum db_pool_id pool, int statement, int nargs,
				 void (*done)(struct db_call *call));

/*
 * flow_caller - read the credentials of a request whose row does not ask for any.
 *
 * Returns whether they are good; then req->caller and, as text, its token
 * version are set.
 */
bool flow_caller(struct request *req);

/* flow_actor - put the caller into the first three arguments. */
void flow_actor(struct request *req);

/* flow_rows - pass the rows of req->call on as its row says; the result goes with the reply. */
void flow_rows(struct request *req);

/*
 * flow_problem - what a call that did not bring rows failed of, as req->problem; its result
 * is released.
 *
 * Returns false when there are rows.
 */
bool flow_problem(struct request *req);

/*
 * flow_failed - answer a call that did not bring rows, and release its result.
 *
 * Returns false when there are rows. Answers nothing when the client is gone.
 */
bool flow_failed(struct request *req);

/* flow_end - a step is over: resume the request if it is answered, and give it up. */
void flow_end(struct request *req);

#endif
