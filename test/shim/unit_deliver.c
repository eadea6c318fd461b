/*
 * unit_deliver.c - tests of deliver_sign; the vector is that of the Standard Webhooks libraries.
 */
#include <string.h>

#include "../../shim/deliver.h"
#include "tap.h"

#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define ID "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define BODY "{\"test\": 2432232314}"

void
test_deliver(void)
{
	/* Lengths that are no base64, another head, nothing at all, too long. */
	static const char *const bad[] = {
		"",
		"whsec_",
		"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
		"whsec_MfKQ9",
		"whsec_M===",
		"whsec_!!!!",
		"whsec_"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		"A"};
	char out[DELIVER_SIGNATURE_SIZE];

	tap_ok(deliver_sign(SECRET, ID, "1614265330", BODY, out), "a message is signed");
	tap_text(out, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", "as others sign it");
	tap_ok(deliver_sign("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", ID, "1", "", out),
		   "a secret of 32 bytes, padded");
	tap_int((long long) strlen(out), DELIVER_SIGNATURE_SIZE - 1, "fills its room");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
	{
		tap_ok(!deliver_sign(bad[i], ID, "1", BODY, out), "no secret: \"%.12s\"", bad[i]);
		tap_text(out, "", "no signature");
	}
}
