/*
 * deliver.h - messages that other systems are told by (outgoing webhooks).
 *
 * The database keeps them and leases them out, in order; one that is not
 * reported in time is handed out again, under the same id. Signed as Standard
 * Webhooks 1.0 are.
 */
#ifndef MJC_SHIM_DELIVER_H
#define MJC_SHIM_DELIVER_H

#include <stdbool.h>

struct app;
struct deliver;

#define DELIVER_SIGNATURE_SIZE 48 /* "v1," and 32 bytes in base64, with the NUL */

/* deliver_new - NULL without memory. */
struct deliver *deliver_new(struct app *app);

/* deliver_free - release; outcall and the database must be closed before. NULL is fine. */
void deliver_free(struct deliver *deliver);

/* deliver_tick - take what is due, report what is done. For the loop. */
void deliver_tick(struct deliver *deliver);

/*
 * deliver_sign - the header Webhook-Signature of a message.
 *
 * secret: "whsec_" and base64. False, and out empty, when it is none.
 */
bool deliver_sign(const char *secret, const char *id, const char *stamp, const char *body,
				  char out[DELIVER_SIGNATURE_SIZE]);

#endif
