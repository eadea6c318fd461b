/*
 * unit_session.c - tests of refresh.c, device.c and what worker.c says of hashes.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "../../shim/device.h"
#include "../../shim/refresh.h"
#include "../../shim/worker.h"
#include "tap.h"

#define LEN(array) (sizeof(array) / sizeof((array)[0]))
#define SECRET "0123456789abcdef0123456789abcdef"
#define OLD_SECRET "fedcba9876543210fedcba9876543210"

static const struct token_secrets secrets = {{SECRET, sizeof(SECRET) - 1},
											 {OLD_SECRET, sizeof(OLD_SECRET) - 1}};
static const struct token_secrets before = {{OLD_SECRET, sizeof(OLD_SECRET) - 1}, {NULL, 0}};
static const struct token_secrets none = {{NULL, 0}, {NULL, 0}};
static const struct token_secrets shorter = {{SECRET, TOKEN_SECRET_MIN - 1}, {NULL, 0}};

/* ---- Refresh tokens ---- */

static void
test_refresh_read(void)
{
	static const char *const bad[] = {
		"",
		"x",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA ",
	};
	/* sixteen bytes 0 to 15, then the 32 of which the SHA-256 is known: all zero */
	const char *text = "AAECAwQFBgcICQoLDA0ODwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	struct refresh_token token;

	for (size_t i = 0; i < LEN(bad); i++)
		tap_ok(!refresh_read(bad[i], strlen(bad[i]), &token) && token.text[0] == '\0',
			   "refresh: not %s", bad[i]);
	tap_ok(refresh_read(text, strlen(text), &token), "refresh: read");
	tap_text(token.text, text, "refresh: as it came");
	tap_text(token.session_id, "00010203-0405-0607-0809-0a0b0c0d0e0f", "refresh: its session");
	tap_text(token.digest, "\\x66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925",
			 "refresh: the hash of its secret");
}

static void
test_refresh_child(void)
{
	struct refresh_token parent, child, again, other, read;
	char uuid[TEXT_UUID_SIZE];

	tap_ok(refresh_make(&parent) && refresh_make(&other), "refresh: made");
	tap_ok(strcmp(parent.text, other.text) != 0 &&
			   strcmp(parent.session_id, other.session_id) != 0 &&
			   strcmp(parent.digest, other.digest) != 0,
		   "refresh: another each time");
	tap_ok(text_uuid_parse(parent.session_id, 36, uuid) && parent.session_id[14] == '4',
		   "refresh: a session's id is a uuid");
	tap_ok(refresh_read(parent.text, strlen(parent.text), &read) &&
			   memcmp(&read, &parent, sizeof(read)) == 0,
		   "refresh: made and read are the same");
	tap_ok(refresh_child(&secrets, &parent, &child) && refresh_child(&secrets, &read, &again),
		   "refresh: a child");
	tap_ok(memcmp(&child, &again, sizeof(child)) == 0, "refresh: the same for both tabs");
	tap_text(child.session_id, parent.session_id, "refresh: of the same session");
	tap_ok(strcmp(child.digest, parent.digest) != 0, "refresh: with another secret");
	tap_ok(refresh_child(&before, &parent, &again) && strcmp(child.text, again.text) != 0,
		   "refresh: which rests on ours");
	tap_ok(refresh_child(&secrets, &child, &again) && strcmp(child.text, again.text) != 0,
		   "refresh: and a grandchild");
	tap_ok(!refresh_child(&none, &parent, &again) && again.text[0] == '\0',
		   "refresh: none without a secret");
	tap_ok(!refresh_child(&shorter, &parent, &again), "refresh: nor with a short one");
}

/* ---- Devices ---- */

static bool
device_in(const struct token_secrets *keys, const char *email, const char *token, char *id)
{
	char header[200];

	snprintf(header, sizeof(header), "a=b; deviceToken=%s; c=d", token);
	return device_read(keys, header, email, id);
}

static void
test_device(void)
{
	char id[DEVICE_ID_SIZE] = "", again[DEVICE_ID_SIZE], token[DEVICE_TOKEN_SIZE];
	char renewed[DEVICE_TOKEN_SIZE], twice[200];
	bool all = true;

	tap_ok(device_make(&before, "a@b.dz", id, token) && strlen(id) == 22 && strlen(token) == 64,
		   "device: made");
	tap_ok(device_in(&before, "a@b.dz", token, again) && strcmp(id, again) == 0, "device: read");
	tap_ok(device_in(&secrets, "a@b.dz", token, again) && strcmp(id, again) == 0,
		   "device: by the previous secret too");
	tap_ok(device_make(&secrets, "a@b.dz", again, renewed) && strcmp(id, again) == 0 &&
			   strcmp(token, renewed) != 0,
		   "device: renewed it is the same device");
	tap_ok(!device_in(&before, "a@b.dz", renewed, again) && again[0] == '\0',
		   "device: signed by the current secret");
	tap_ok(!device_in(&before, "c@b.dz", token, again) && again[0] == '\0',
		   "device: not for another e-mail");
	tap_ok(!device_in(&before, "", token, again) && !device_in(&none, "a@b.dz", token, again),
		   "device: nor for none, nor without a secret");
	for (size_t i = 0; i < strlen(token); i++)
	{
		char spoilt[DEVICE_TOKEN_SIZE];

		memcpy(spoilt, token, sizeof(spoilt));
		spoilt[i] = spoilt[i] == 'A' ? 'B' : 'A';
		all = all && !device_in(&before, "a@b.dz", spoilt, again);
	}
	tap_ok(all, "device: no character may change");
	snprintf(twice, sizeof(twice), "deviceToken=%s; deviceToken=%s", token, token);
	tap_ok(!device_read(&before, twice, "a@b.dz", again), "device: not twice");
	tap_ok(!device_read(&before, NULL, "a@b.dz", again) && again[0] == '\0', "device: no cookie");
	snprintf(again, sizeof(again), "x");
	tap_ok(!device_make(&secrets, "a@b.dz", again, renewed), "device: not for an id that is none");
	tap_ok(!device_make(&shorter, "a@b.dz", id, renewed), "device: not with a short secret");
}

/* A signature for one thing is none for another, although the secret is the same. */
static void
test_apart(void)
{
	struct refresh_token parent, child;
	char id[DEVICE_ID_SIZE];

	refresh_make(&parent);
	refresh_child(&secrets, &parent, &child);
	tap_ok(!device_in(&secrets, "", child.text, id), "a refresh token is no device");
}

static void
test_hashes(void)
{
	char hash[WORKER_HASH_MAX], other[WORKER_HASH_MAX];

	tap_ok(worker_hash("secret", hash) && worker_hash("secret", other), "hash: made");
	tap_ok(strncmp(hash, "$2b$12$", 7) == 0 && strlen(hash) == 60, "hash: bcrypt of cost 12");
	tap_ok(strcmp(hash, other) != 0, "hash: with another salt each time");
	tap_ok(!worker_weak(hash), "hash: strong enough");
	hash[5] = '1';
	tap_ok(worker_weak(hash), "hash: weak at cost 11");
	hash[5] = '3';
	tap_ok(!worker_weak(hash), "hash: strong at cost 13");
	hash[5] = 'x';
	tap_ok(worker_weak(hash) && worker_weak("") && worker_weak("$2b$12$short"),
		   "hash: what is none is weak");
}

void
test_session(void)
{
	test_refresh_read();
	test_refresh_child();
	test_device();
	test_apart();
	test_hashes();
}
