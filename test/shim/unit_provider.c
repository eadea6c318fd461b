/*
 * unit_provider.c - tests of provider.c, stripe.c, chargily.c, yalidine.c and of addresses.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "../../shim/outcall.h"
#include "../../shim/provider.h"
#include "../../shim/stripe.h"
#include "tap.h"

#define LEN(array) (sizeof(array) / sizeof((array)[0]))
#define NOW 1700000000
#define STRIPE_BODY "{\"id\":\"evt_1\",\"type\":\"payment_intent.succeeded\"}"
#define STRIPE_MAC "22d8dc182f5c588077683bd378368e29765bfe5df2560112b4f28fef120f0e31"
#define CHARGILY_BODY "{\"id\":\"01hx\",\"entity\":\"event\",\"type\":\"checkout.paid\"}"
#define CHARGILY_MAC "842af8f127bfba14855d72336e1ad00fe5301b778e5b09b0f7b64e8dda378356"
#define CHECKOUT "0190a000-0000-7000-8000-000000000001"
#define ORDER "0190a000-0000-7000-8000-000000000002"
#define REFUND "0190a000-0000-7000-8000-000000000003"

static const struct provider_settings stripe = {
	.key = "sk_test_1",
	.secret = "whsec_test_secret",
	.url = "https://api.stripe.com",
	.success_url = "https://shop.example/payment/success",
	.failure_url = "https://shop.example/payment/failure?a=1",
};
static const struct provider_settings chargily = {
	.key = "test_sk_123",
	.secret = "test_sk_123",
	.url = "https://pay.chargily.net/api/v2",
	.success_url = "https://shop.example/payment/success",
	.failure_url = "https://shop.example/payment/failure?a=1",
};

static struct str
str_of(const char *text)
{
	return (struct str){text, strlen(text)};
}

static bool
stripe_good(const struct provider_settings *settings, const char *header, const char *body,
			int64_t now_s)
{
	struct str bytes = str_of(body);

	return provider_stripe.verify(settings, header, &bytes, now_s);
}

static bool
chargily_good(const struct provider_settings *settings, const char *header, const char *body)
{
	struct str bytes = str_of(body);

	return provider_chargily.verify(settings, header, &bytes, NOW);
}

/* ---- Signatures ---- */

static void
test_stripe_header(void)
{
	static const char *const bad[] = {
		"",
		",",
		"=",
		"t",
		"t=",
		"t=1700000000",
		"v1=" STRIPE_MAC,
		"t=1700000000,v0=" STRIPE_MAC,
		"t=1700000000,t=1700000000,v1=" STRIPE_MAC,
		"t=1700000000,v1=" STRIPE_MAC ",",
		",t=1700000000,v1=" STRIPE_MAC,
		"t=1700000000,,v1=" STRIPE_MAC,
		"t=1700000000,junk,v1=" STRIPE_MAC,
		"t=1700000000,=x,v1=" STRIPE_MAC,
		"t=+1700000000,v1=" STRIPE_MAC,
		"t=-1700000000,v1=" STRIPE_MAC,
		"t=1700000000.0,v1=" STRIPE_MAC,
		"t= 1700000000,v1=" STRIPE_MAC,
		"t=0x6553f100,v1=" STRIPE_MAC,
		"t=1700000000000000000000,v1=" STRIPE_MAC,
		"t=1700000000;v1=" STRIPE_MAC,
	};
	struct stripe_signature found;
	char many[STRIPE_HEADER_MAX + 100] = "t=1";

	for (size_t i = 0; i < LEN(bad); i++)
		tap_ok(!stripe_signature_read(bad[i], &found) &&
				   !stripe_good(&stripe, bad[i], STRIPE_BODY, NOW),
			   "stripe: no header: %s", bad[i]);
	tap_ok(!stripe_signature_read(NULL, &found), "stripe: none at all");
	tap_ok(stripe_signature_read("t=12,v1=a,v0=b,scheme=c=d,v1=", &found) && found.at_s == 12 &&
			   found.stamp.len == 2 && found.n == 2 && found.v1[0].len == 1 && found.v1[1].len == 0,
		   "stripe: other schemes are passed over");
	for (int i = 0; i < STRIPE_SIGNATURES_MAX; i++)
		strncat(many, ",v1=x", sizeof(many) - strlen(many) - 1);
	tap_ok(stripe_signature_read(many, &found) && found.n == STRIPE_SIGNATURES_MAX,
		   "stripe: so many signatures");
	strncat(many, ",v1=x", sizeof(many) - strlen(many) - 1);
	tap_ok(!stripe_signature_read(many, &found), "stripe: not one more");
	memset(many, 'x', sizeof(many) - 1);
	many[sizeof(many) - 1] = '\0';
	memcpy(many, "t=1,v1=", 7);
	tap_ok(!stripe_signature_read(many, &found), "stripe: not a header without end");
}

static void
test_stripe_verify(void)
{
	static const char good[] = "t=1700000000,v1=" STRIPE_MAC;
	static const char re_serialised[] =
		"{\"id\": \"evt_1\", \"type\": \"payment_intent.succeeded\"}";
	struct provider_settings rotated = stripe;
	struct provider_settings none = stripe;
	char header[300];
	char body[] = STRIPE_BODY;
	bool all = true;

	tap_ok(stripe_good(&stripe, good, STRIPE_BODY, NOW), "stripe: the known signature");
	tap_ok(stripe_good(&stripe, good, STRIPE_BODY, NOW + 300), "stripe: 300 s old");
	tap_ok(!stripe_good(&stripe, good, STRIPE_BODY, NOW + 301), "stripe: not 301 s old");
	tap_ok(stripe_good(&stripe, good, STRIPE_BODY, NOW - 300), "stripe: 300 s ahead");
	tap_ok(!stripe_good(&stripe, good, STRIPE_BODY, NOW - 301), "stripe: not 301 s ahead");
	tap_ok(!stripe_good(&stripe, NULL, STRIPE_BODY, NOW), "stripe: not without a header");
	for (size_t i = 0; i < sizeof(body) - 1; i++)
	{
		body[i] ^= 1;
		all = all && !stripe_good(&stripe, good, body, NOW);
		body[i] ^= 1;
	}
	tap_ok(all, "stripe: no byte of the body may change");
	for (size_t i = 0; i < sizeof(good) - 1; i++)
	{
		memcpy(header, good, sizeof(good));
		header[i] ^= 1;
		all = all && !stripe_good(&stripe, header, STRIPE_BODY, NOW);
	}
	tap_ok(all, "stripe: nor of the header");
	tap_ok(!stripe_good(&stripe, good, re_serialised, NOW), "stripe: the same JSON, written anew");
	tap_ok(!stripe_good(&stripe, good, STRIPE_BODY "\n", NOW) &&
			   !stripe_good(&stripe, good, "", NOW),
		   "stripe: not more, not less");
	tap_ok(!stripe_good(&stripe, "t=1700000000,v1=22d8dc182f5c588077683bd378368e29", STRIPE_BODY,
						NOW) &&
			   !stripe_good(&stripe, "t=1700000000,v1=" STRIPE_MAC "00", STRIPE_BODY, NOW) &&
			   !stripe_good(&stripe, "t=1700000000,v1=", STRIPE_BODY, NOW),
		   "stripe: no signature of another length");
	tap_ok(!stripe_good(&stripe, "t=1700000000,v0=" STRIPE_MAC, STRIPE_BODY, NOW),
		   "stripe: v0 alone is none");
	snprintf(header, sizeof(header), "t=1700000000,v1=%064d,v0=x,v1=%s", 0, STRIPE_MAC);
	tap_ok(stripe_good(&stripe, header, STRIPE_BODY, NOW), "stripe: a second v1");
	tap_ok(!stripe_good(&stripe, "t=1700000001,v1=" STRIPE_MAC, STRIPE_BODY, NOW),
		   "stripe: the time is signed");
	rotated.secret = "whsec_new";
	tap_ok(!stripe_good(&rotated, good, STRIPE_BODY, NOW), "stripe: not by another secret");
	rotated.secret_previous = "whsec_test_secret";
	tap_ok(stripe_good(&rotated, good, STRIPE_BODY, NOW), "stripe: by the previous one");
	none.secret = "";
	tap_ok(!stripe_good(&none, good, STRIPE_BODY, NOW), "stripe: an empty secret is none");
	none.secret = NULL;
	none.secret_previous = "";
	tap_ok(!stripe_good(&none, good, STRIPE_BODY, NOW), "stripe: nor is a missing one");
}

/* What an empty key would sign is refused too. */
static void
test_empty_secret(void)
{
	struct provider_settings none = {.secret = "", .secret_previous = ""};
	struct str parts[1] = {str_of(CHARGILY_BODY)};
	unsigned char mac[32];
	char hex[65], header[100];

	HMAC(EVP_sha256(), "", 0, (const unsigned char *) CHARGILY_BODY, parts[0].len, mac, NULL);
	text_hex(mac, sizeof(mac), hex);
	tap_ok(!provider_signed("", parts, hex) && !provider_signed(NULL, parts, hex),
		   "signed with nothing");
	tap_ok(!chargily_good(&none, hex, CHARGILY_BODY), "chargily: signed with nothing");
	tap_ok(!provider_yalidine.verify(&none, hex, parts, NOW), "yalidine: signed with nothing");
	HMAC(EVP_sha256(), "", 0, (const unsigned char *) "1700000000." STRIPE_BODY,
		 strlen("1700000000." STRIPE_BODY), mac, NULL);
	text_hex(mac, sizeof(mac), hex);
	snprintf(header, sizeof(header), "t=1700000000,v1=%s", hex);
	tap_ok(!stripe_good(&none, header, STRIPE_BODY, NOW), "stripe: signed with nothing");
}

static void
test_chargily_verify(void)
{
	struct provider_settings rotated = chargily;
	char header[] = CHARGILY_MAC, body[] = CHARGILY_BODY, upper[] = CHARGILY_MAC;
	bool all = true;

	tap_ok(chargily_good(&chargily, CHARGILY_MAC, CHARGILY_BODY), "chargily: the known signature");
	tap_ok(!chargily_good(&chargily, NULL, CHARGILY_BODY), "chargily: not without a header");
	for (size_t i = 0; i < sizeof(body) - 1; i++)
	{
		body[i] ^= 1;
		all = all && !chargily_good(&chargily, CHARGILY_MAC, body);
		body[i] ^= 1;
	}
	tap_ok(all, "chargily: no byte of the body may change");
	for (size_t i = 0; i < sizeof(header) - 1; i++)
	{
		header[i] ^= 1;
		all = all && !chargily_good(&chargily, header, CHARGILY_BODY);
		header[i] ^= 1;
	}
	tap_ok(all, "chargily: nor of the header");
	upper[0] = '8';
	upper[3] = 'A'; /* 842a: the fourth is a letter */
	tap_ok(!chargily_good(&chargily, upper, CHARGILY_BODY), "chargily: in lower case only");
	tap_ok(!chargily_good(&chargily, "", CHARGILY_BODY) &&
			   !chargily_good(&chargily, "842af8f1", CHARGILY_BODY) &&
			   !chargily_good(&chargily, CHARGILY_MAC " ", CHARGILY_BODY) &&
			   !chargily_good(&chargily, CHARGILY_MAC CHARGILY_MAC, CHARGILY_BODY),
		   "chargily: no signature of another length");
	tap_ok(!chargily_good(&chargily, CHARGILY_MAC,
						  "{\"id\": \"01hx\", \"entity\": \"event\", \"type\": \"checkout.paid\"}"),
		   "chargily: the same JSON, written anew");
	rotated.secret = "new";
	tap_ok(!chargily_good(&rotated, CHARGILY_MAC, CHARGILY_BODY), "chargily: not by another key");
	rotated.secret_previous = "test_sk_123";
	tap_ok(chargily_good(&rotated, CHARGILY_MAC, CHARGILY_BODY), "chargily: by the previous one");
}

/* ---- Events ---- */

/* The events of a body as text, "none" when it cannot be read; malloc'ed. */
static char *
events_of(const struct provider *provider, const char *body)
{
	struct str bytes = str_of(body);
	json_t *list = provider->events(&bytes);
	char *text =
		list == NULL ? strdup("none") : json_dumps(list, JSON_COMPACT | JSON_REAL_PRECISION(15));

	json_decref(list);
	return text;
}

static void
is_events(const struct provider *provider, const char *body, const char *want, const char *name)
{
	char *text = events_of(provider, body);

	tap_text(text, want, "%s: %s", provider->name, name);
	free(text);
}

static void
test_events(void)
{
	static const char *const unreadable[] = {
		"", "{", "[]", "null", "1", "{\"id\":\"x\"} x", "{\"id\":\"\xff\"}"};
	const struct provider *both[] = {&provider_stripe, &provider_chargily};

	for (size_t p = 0; p < LEN(both); p++)
	{
		for (size_t i = 0; i < LEN(unreadable); i++)
			is_events(both[p], unreadable[i], "none", "cannot be read");
		is_events(both[p], "{\"type\":\"x\"}", "none", "no id");
		is_events(both[p], "{\"id\":\"\",\"type\":\"x\"}", "none", "an empty id");
		is_events(both[p], "{\"id\":7,\"type\":\"x\"}", "none", "an id that is no text");
		is_events(both[p], "{\"id\":\"a\\nb\",\"type\":\"x\"}", "none", "an id of two lines");
		is_events(both[p], "{ \"id\":\"e1\", \"type\":\"t\", \"data\":{\"amount\":2500,\"x\":0.1}}",
				  "[{\"id\":\"e1\",\"type\":\"t\",\"payload\":{\"id\":\"e1\",\"type\":\"t\","
				  "\"data\":{\"amount\":2500,\"x\":0.1}}}]",
				  "one event");
		is_events(both[p], "{\"id\":\"e1\"}",
				  "[{\"id\":\"e1\",\"type\":\"unknown\",\"payload\":{\"id\":\"e1\"}}]", "no type");
	}
}

static void
test_batch(void)
{
	const struct provider *y = &provider_yalidine;
	struct str body;
	struct provider_settings settings = {.secret = "yal"};
	unsigned char mac[32];
	char hex[65];

	is_events(y, "{\"type\":\"t\"}", "none", "no events");
	is_events(y, "{\"type\":\"t\",\"events\":{}}", "none", "events that are no list");
	is_events(y, "[]", "none", "no object");
	is_events(y, "{\"type\":\"t\",\"events\":[]}", "[]", "nothing in it");
	is_events(
		y,
		"{\"type\":\"parcel_status_updated\",\"new\":1,\"events\":[{\"event_id\":\"a\",\"data\":{}},"
		"{\"event_id\":12}]}",
		"[{\"id\":\"a\",\"type\":\"parcel_status_updated\",\"payload\":{\"event_id\":\"a\","
		"\"data\":{}}},{\"id\":\"12\",\"type\":\"parcel_status_updated\",\"payload\":"
		"{\"event_id\":12}}]",
		"each is an event of its own");
	is_events(
		y, "{\"type\":\"t\",\"events\":[{}]}",
		"[{\"id\":\"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\","
		"\"type\":\"t\",\"payload\":{}}]",
		"one without an id is named by its hash");
	is_events(
		y, "{\"events\":[7,{\"event_id\":\"b\"}]}",
		"[{\"id\":\"sha256:0cb04093856f44a6756a91b74f8bc1514a54ff80f67cdfc9f812eaf0cd214aa2\","
		"\"type\":\"unknown\",\"payload\":{\"entry\":7}},{\"id\":\"b\",\"type\":\"unknown\","
		"\"payload\":{\"event_id\":\"b\"}}]",
		"a bad one does not keep the others back");
	body = str_of("{\"type\":\"t\",\"events\":[]}");
	HMAC(EVP_sha256(), "yal", 3, (const unsigned char *) body.ptr, body.len, mac, NULL);
	text_hex(mac, sizeof(mac), hex);
	tap_ok(y->verify(&settings, hex, &body, NOW), "yalidine: signed");
	tap_ok(!y->verify(&settings, NULL, &body, NOW), "yalidine: not without a header");
	hex[5] ^= 1;
	tap_ok(!y->verify(&settings, hex, &body, NOW), "yalidine: not otherwise");
	hex[5] ^= 1;
	body.len--;
	tap_ok(!y->verify(&settings, hex, &body, NOW), "yalidine: not another body");
}

/* ---- Requests ---- */

static json_t *
create_of(const char *change)
{
	json_t *create = json_pack(
		"{s:s,s:s,s:s,s:s,s:I,s:s,s:I,s:s}", "provider", "stripe", "checkout_id", CHECKOUT,
		"order_id", ORDER, "reference", "MJ-2026-000123-7", "amount_centimes", (json_int_t) 1234500,
		"currency", "DZD", "expires_at", (json_int_t) 1700003600, "method", "DAHABIA_CARD");
	json_t *other = json_loads(change, 0, NULL);

	json_object_update(create, other);
	json_decref(other);
	return create;
}

static bool
create_good(const char *change, struct provider_checkout *out)
{
	json_t *create = create_of(change);
	bool good = provider_checkout_read(create, "ar", out) != NULL;

	json_decref(create);
	return good;
}

static void
test_checkout_read(void)
{
	static const char *const bad[] = {"{\"provider\":\"cod\"}",
									  "{\"provider\":\"yalidine\"}",
									  "{\"provider\":null}",
									  "{\"checkout_id\":\"1\"}",
									  "{\"order_id\":null}",
									  "{\"reference\":\"\"}",
									  "{\"reference\":7}",
									  "{\"amount_centimes\":0}",
									  "{\"amount_centimes\":-5}",
									  "{\"amount_centimes\":\"5\"}",
									  "{\"amount_centimes\":5.5}",
									  "{\"currency\":\"dinar\"}",
									  "{\"amount_centimes\":1000000000001}",
									  "{\"method\":null}",
									  "{\"expires_at\":-1}"};
	struct provider_checkout checkout;

	tap_ok(create_good("{}", &checkout), "checkout: read");
	tap_text(checkout.currency, "dzd", "checkout: the currency in lower case");
	tap_text(checkout.locale, "ar", "checkout: the language");
	for (size_t i = 0; i < LEN(bad); i++)
		tap_ok(!create_good(bad[i], &checkout), "checkout: not with %s", bad[i]);
}

static bool
has_header(const struct outcall_job *job, const char *line)
{
	for (int i = 0; i < job->headers; i++)
	{
		if (strcmp(job->header[i], line) == 0)
			return true;
	}
	return false;
}

static void
test_stripe_requests(void)
{
	struct provider_checkout checkout;
	struct provider_refund refund = {
		.refund_id = REFUND, .order_id = ORDER, .payment_ref = "pi_1", .amount_centimes = 500};
	struct outcall_job job = {0};
	char *first;

	create_good("{}", &checkout);
	tap_ok(provider_stripe.checkout(&stripe, &checkout, &job), "stripe: a checkout");
	tap_text(job.url, "https://api.stripe.com/v1/checkout/sessions", "stripe: where");
	tap_text(
		job.body,
		"mode=payment&line_items%5B0%5D%5Bprice_data%5D%5Bcurrency%5D=dzd"
		"&line_items%5B0%5D%5Bprice_data%5D%5Bunit_amount%5D=1234500"
		"&line_items%5B0%5D%5Bprice_data%5D%5Bproduct_data%5D%5Bname%5D=MJ-2026-000123-7"
		"&line_items%5B0%5D%5Bquantity%5D=1&client_reference_id=" CHECKOUT
		"&metadata%5Border_id%5D=" ORDER "&metadata%5Bcheckout_id%5D=" CHECKOUT
		"&payment_intent_data%5Bmetadata%5D%5Border_id%5D=" ORDER
		"&payment_intent_data%5Bmetadata%5D%5Bcheckout_id%5D=" CHECKOUT
		"&success_url=https%3A%2F%2Fshop.example%2Fpayment%2Fsuccess%3Forder%3DMJ-2026-000123-7"
		"&cancel_url=https%3A%2F%2Fshop.example%2Fpayment%2Ffailure%3Fa%3D1%26order%3D"
		"MJ-2026-000123-7&expires_at=1700003600",
		"stripe: the form");
	tap_ok(has_header(&job, "Authorization: Bearer sk_test_1") &&
			   has_header(&job, "Idempotency-Key: " CHECKOUT) &&
			   has_header(&job, "Content-Type: application/x-www-form-urlencoded"),
		   "stripe: key, key of idempotency, type");
	first = strdup(job.body);
	outcall_clear(&job);
	tap_ok(provider_stripe.checkout(&stripe, &checkout, &job) && strcmp(first, job.body) == 0,
		   "stripe: the same row makes the same form");
	free(first);
	outcall_clear(&job);
	tap_ok(job.url == NULL && job.body == NULL && job.headers == 0, "a job is cleared");
	tap_ok(provider_stripe.refund(&stripe, &refund, &job), "stripe: a refund");
	tap_text(job.url, "https://api.stripe.com/v1/refunds", "stripe: where");
	tap_text(job.body,
			 "payment_intent=pi_1&amount=500&metadata%5Brefund_id%5D=" REFUND
			 "&metadata%5Border_id%5D=" ORDER,
			 "stripe: the form of a refund");
	tap_ok(has_header(&job, "Idempotency-Key: " REFUND), "stripe: its key of idempotency");
	outcall_clear(&job);
	tap_ok(provider_stripe.read(&stripe, "cs_test_a1", &job), "stripe: a second look");
	tap_text(job.url, "https://api.stripe.com/v1/checkout/sessions/cs_test_a1", "stripe: where");
	tap_ok(job.body == NULL && job.headers == 1, "stripe: without a body");
	outcall_clear(&job);
	tap_ok(!provider_stripe.read(&stripe, "../refunds", &job) &&
			   !provider_stripe.read(&stripe, "", &job) &&
			   !provider_stripe.read(&stripe, "a?b", &job),
		   "stripe: not at an id that is none");
	outcall_clear(&job);
}

static void
test_chargily_requests(void)
{
	static const struct
	{
		const char *method;
		const char *want;
	} methods[] = {
		{"DAHABIA_CARD", "\"edahabia\""}, {"edahabia", "\"edahabia\""}, {"CIB_CARD", "\"cib\""}};
	struct provider_checkout checkout;
	struct outcall_job job = {0};

	create_good("{\"provider\":\"chargily\"}", &checkout);
	tap_ok(provider_chargily.checkout(&chargily, &checkout, &job), "chargily: a checkout");
	tap_text(job.url, "https://pay.chargily.net/api/v2/checkouts", "chargily: where");
	tap_text(
		job.body,
		"{\"amount\":12345,\"currency\":\"dzd\","
		"\"success_url\":\"https://shop.example/payment/success?order=MJ-2026-000123-7\","
		"\"failure_url\":\"https://shop.example/payment/failure?a=1&order=MJ-2026-000123-7\","
		"\"locale\":\"ar\",\"description\":\"MJ-2026-000123-7\",\"metadata\":{\"order_id\":\"" ORDER
		"\",\"checkout_id\":\"" CHECKOUT "\"},\"payment_method\":\"edahabia\"}",
		"chargily: the body");
	tap_ok(has_header(&job, "Authorization: Bearer test_sk_123") &&
			   has_header(&job, "Content-Type: application/json"),
		   "chargily: key and type");
	outcall_clear(&job);
	for (size_t i = 0; i < LEN(methods); i++)
	{
		snprintf(checkout.method, sizeof(checkout.method), "%s", methods[i].method);
		tap_ok(provider_chargily.checkout(&chargily, &checkout, &job) &&
				   strstr(job.body, methods[i].want) != NULL,
			   "chargily: %s", methods[i].method);
		outcall_clear(&job);
	}
	snprintf(checkout.method, sizeof(checkout.method), "ONLINE");
	tap_ok(provider_chargily.checkout(&chargily, &checkout, &job) &&
			   strstr(job.body, "payment_method") == NULL,
		   "chargily: else the client chooses there");
	outcall_clear(&job);
	checkout.amount_centimes = 1234501;
	tap_ok(!provider_chargily.checkout(&chargily, &checkout, &job), "chargily: no centimes");
	checkout.amount_centimes = 1234500;
	snprintf(checkout.currency, sizeof(checkout.currency), "eur");
	tap_ok(!provider_chargily.checkout(&chargily, &checkout, &job), "chargily: dinars only");
	outcall_clear(&job);
	tap_ok(provider_chargily.refund == NULL, "chargily: no refund");
	tap_ok(provider_chargily.read(&chargily, "01hj5n7cqpaf0mt2d0xx85tgz8", &job),
		   "chargily: a look");
	tap_text(job.url, "https://pay.chargily.net/api/v2/checkouts/01hj5n7cqpaf0mt2d0xx85tgz8",
			 "chargily: where");
	outcall_clear(&job);
}

/* ---- Replies ---- */

static bool
page_of(const struct provider *provider, const struct provider_settings *settings,
		const char *reply, struct provider_page *out)
{
	return provider_page_read(provider, settings, reply, strlen(reply), out);
}

static void
test_pages(void)
{
	static const char *const bad[] = {
		"",
		"[]",
		"{}",
		"{\"id\":\"cs_1\"}",
		"{\"id\":\"cs_1\",\"url\":null}",
		"{\"id\":\"cs_1\",\"url\":\"http://checkout.stripe.com/c\"}",
		"{\"id\":\"cs_1\",\"url\":\"javascript:alert(1)\"}",
		"{\"id\":\"cs_1\",\"url\":\"//checkout.stripe.com\"}",
		"{\"id\":\"cs_1\",\"url\":\"https://x@y/\"}",
		"{\"id\":\"cs_1\",\"url\":\"https://\"}",
		"{\"id\":\"cs_1\",\"url\":\"https://a.b/ c\"}",
		"{\"id\":\"cs_1\",\"url\":\"https://a.b/\\u000ac\"}",
		"{\"id\":\"cs_1\",\"url\":\"http://127.0.0.1:1/c\"}",
		"{\"id\":\"\",\"url\":\"https://a.b/\"}",
		"{\"id\":\"a/b\",\"url\":\"https://a.b/\"}",
		"{\"id\":7,\"url\":\"https://a.b/\"}",
		"{\"id\":\"cs_1\",\"url\":\"https://a.b/\"",
	};
	struct provider_settings near = stripe;
	struct provider_page page;

	tap_ok(page_of(&provider_stripe, &stripe,
				   "{\"id\":\"cs_test_a1\",\"object\":\"checkout.session\",\"url\":"
				   "\"https://checkout.stripe.com/c/pay/cs_test_a1#fid\",\"expires_at\":1}",
				   &page),
		   "stripe: a page");
	tap_text(page.ref, "cs_test_a1", "stripe: its id");
	tap_text(page.url, "https://checkout.stripe.com/c/pay/cs_test_a1#fid", "stripe: its address");
	tap_ok(
		page_of(&provider_chargily, &chargily,
				"{\"id\":\"01hj\",\"entity\":\"checkout\",\"status\":\"pending\",\"amount\":12345,"
				"\"checkout_url\":\"https://pay.chargily.dz/checkouts/01hj/pay\"}",
				&page),
		"chargily: a page");
	tap_text(page.url, "https://pay.chargily.dz/checkouts/01hj/pay", "chargily: its address");
	for (size_t i = 0; i < LEN(bad); i++)
		tap_ok(!page_of(&provider_stripe, &stripe, bad[i], &page) && page.url[0] == '\0',
			   "no page: %s", bad[i]);
	near.url = "http://127.0.0.1:4242";
	tap_ok(page_of(&provider_stripe, &near, "{\"id\":\"cs_1\",\"url\":\"http://127.0.0.1:4242/c\"}",
				   &page),
		   "a page of this machine where the provider is on it");
	tap_ok(
		!page_of(&provider_stripe, &near, "{\"id\":\"cs_1\",\"url\":\"http://10.0.0.1/c\"}", &page),
		"but of no other");
}

static void
test_refund_read(void)
{
	static const char *const bad[] = {"{\"payment_ref\":\"../x\"}", "{\"payment_ref\":null}",
									  "{\"amount_centimes\":0}", "{\"amount_centimes\":\"1\"}",
									  "{\"refund_id\":\"x\"}"};
	struct provider_refund refund;
	json_t *request =
		json_pack("{s:s,s:I,s:s,s:s,s:s}", "payment_ref", "pi_1", "amount_centimes",
				  (json_int_t) 500, "currency", "DZD", "reference", "MJ", "refund_id", REFUND);

	tap_ok(provider_refund_read(request, ORDER, &refund) && refund.amount_centimes == 500 &&
			   strcmp(refund.order_id, ORDER) == 0,
		   "refund: read");
	tap_ok(!provider_refund_read(request, "x", &refund) &&
			   !provider_refund_read(NULL, ORDER, &refund),
		   "refund: not without its order, nor of nothing");
	for (size_t i = 0; i < LEN(bad); i++)
	{
		json_t *other = json_copy(request);
		json_t *change = json_loads(bad[i], 0, NULL);

		json_object_update(other, change);
		tap_ok(!provider_refund_read(other, ORDER, &refund), "refund: not with %s", bad[i]);
		json_decref(change);
		json_decref(other);
	}
	json_decref(request);
}

/* ---- Addresses ---- */

static void
test_addresses(void)
{
	static const char *const safe[] = {"https://api.stripe.com", "https://a.b:8443/x?y#z",
									   "http://127.0.0.1:1", "http://localhost",
									   "http://[::1]:80/x"};
	static const char *const unsafe[] = {"",
										 "https://",
										 "http://api.stripe.com",
										 "http://127.0.0.1.b/",
										 "http://localhost@b/",
										 "http://127.0.0.1:1@b/",
										 "https://a@b/",
										 "https:///x",
										 "ftp://a",
										 "https://a b",
										 "HTTPS://a",
										 "https://a\\b",
										 "http://[::1]x"};
	char *encoded = text_url_encode("a b/é-._~&");

	for (size_t i = 0; i < LEN(safe); i++)
		tap_ok(text_url_safe(safe[i]), "address: %s", safe[i]);
	for (size_t i = 0; i < LEN(unsafe); i++)
		tap_ok(!text_url_safe(unsafe[i]), "no safe address: %s", unsafe[i]);
	tap_text(encoded, "a%20b%2F%C3%A9-._~%26", "percent-encoded");
	free(encoded);
}

/* A line feed in a value would be a header of its own. */
static void
test_job(void)
{
	struct outcall_job job;

	tap_ok(outcall_prepare(&job, "https://a", NULL), "a job");
	tap_ok(!outcall_header(&job, "A", "b\r\nC: d") && job.headers == 0, "no two headers in one");
	for (int i = 0; i < OUTCALL_HEADERS_MAX; i++)
		outcall_header(&job, "A", "b");
	tap_ok(!outcall_header(&job, "A", "b") && job.headers == OUTCALL_HEADERS_MAX, "not too many");
	outcall_clear(&job);
}

void
test_provider(void)
{
	test_stripe_header();
	test_stripe_verify();
	test_empty_secret();
	test_chargily_verify();
	test_events();
	test_batch();
	test_checkout_read();
	test_stripe_requests();
	test_chargily_requests();
	test_pages();
	test_refund_read();
	test_addresses();
	test_job();
}
