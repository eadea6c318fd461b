/*
 * stripe.h - what of Stripe can be tried on its own.
 */
#ifndef MJC_SHIM_STRIPE_H
#define MJC_SHIM_STRIPE_H

#include <stdbool.h>
#include <stdint.h>

#include "request.h"

#define STRIPE_TOLERANCE_S 300
#define STRIPE_HEADER_MAX 4096
#define STRIPE_SIGNATURES_MAX 16 /* of scheme v1 */

/* A Stripe-Signature header, its parts borrowed from the text. */
struct stripe_signature
{
	struct str stamp; /* digits as they came: part of what is signed */
	int64_t at_s;
	struct str v1[STRIPE_SIGNATURES_MAX];
	int n;
};

/*
 * stripe_signature_read - split "t=...,v1=...[,v1=...]".
 *
 * Other schemes are passed over. False for what is not of this form: a part
 * without "=", no time, two times, a time that is no number, no v1, too many.
 */
bool stripe_signature_read(const char *header, struct stripe_signature *out);

#endif
