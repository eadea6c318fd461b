/*
 * cart_cookie.h - the cookie that a cart is found by.
 *
 * Its value is a secret of 256 bits: who has it has the cart. It goes to the
 * database as an argument and into no log.
 */
#ifndef MJC_SHIM_CART_COOKIE_H
#define MJC_SHIM_CART_COOKIE_H

#include <stdbool.h>

#define CART_TOKEN_BYTES 32
#define CART_TOKEN_SIZE 44		  /* characters of base64url, with the NUL */
#define CART_TOKEN_LIFE_S 2592000 /* 30 days from the last change */

struct request;

/*
 * cart_cookie_read - the token of a Cookie header (may be NULL).
 *
 * Returns false, with out empty, when there is none, when it is sent twice, or
 * when it cannot be one of ours.
 */
bool cart_cookie_read(const char *cookie, char out[CART_TOKEN_SIZE]);

/* cart_cookie_make - a fresh token. Returns false when the system has no randomness. */
bool cart_cookie_make(char out[CART_TOKEN_SIZE]);

/*
 * cart_cookie_take - the token argument of a row with RF_CART, in *arg.
 *
 * The one that was sent; without one NULL for who is signed in or only reads,
 * a fresh one for a guest who changes something. Returns false when there is
 * no randomness for it.
 */
bool cart_cookie_take(struct request *req, const char **arg);

/*
 * cart_cookie_give - the Set-Cookie of an answer that succeeded: a guest's
 * change sets the cookie anew.
 */
void cart_cookie_give(struct request *req);

#endif
