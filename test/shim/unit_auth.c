/*
 * unit_auth.c - tests of token.c and auth.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "../../shim/auth.h"
#include "../../shim/cart_cookie.h"
#include "../../shim/text.h"
#include "tap.h"

#define LEN(array) (sizeof(array) / sizeof((array)[0]))
#define NOW 1800000000LL
#define SUB "0190abcd-0000-7000-8000-00000000000f"
#define JTI "0190abcd-0000-7000-8000-0000000000aa"
#define SID "0190abcd-0000-7000-8000-0000000000bb"
#define SECRET "0123456789abcdef0123456789abcdef"
#define OLD_SECRET "fedcba9876543210fedcba9876543210"
#define HEADER "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define IDENTITY                                                                                   \
	"\"iss\":\"mj-chauffage\",\"aud\":\"mj-chauffage-app\",\"sub\":\"" SUB "\",\"jti\":\"" JTI "\""
#define GOOD IDENTITY ",\"role\":\"ADMIN\",\"tv\":3"
#define TIMES ",\"iat\":1799999990,\"exp\":1800000900"

static const struct token_secrets secrets = {{SECRET, sizeof(SECRET) - 1},
											 {OLD_SECRET, sizeof(OLD_SECRET) - 1}};

/* ---- Tokens ---- */

/* Sign any header and claims, right or wrong, with any key. malloc'ed. */
static char *
forge(const char *header, const char *claims, const char *key)
{
	char *token = malloc(16384);
	unsigned char mac[32];
	size_t n = text_base64url_encode((const unsigned char *) header, strlen(header), token);

	token[n++] = '.';
	n += text_base64url_encode((const unsigned char *) claims, strlen(claims), token + n);
	HMAC(EVP_sha256(), key, (int) strlen(key), (const unsigned char *) token, n, mac, NULL);
	token[n++] = '.';
	text_base64url_encode(mac, sizeof(mac), token + n);
	return token;
}

static enum error_id
verify(const char *token)
{
	struct caller who;
	enum error_id result = token_verify(&secrets, token, strlen(token), NOW, &who);

	if (who.present != (result == ERROR_NONE))
		return ERROR__MAX;
	return result;
}

static void
claims_give(const char *claims, enum error_id want, const char *name)
{
	char *token = forge(HEADER, claims, SECRET);

	tap_int(verify(token), want, "claims: %s", name);
	free(token);
}

static void
test_headers(void)
{
	static const char *const bad[] = {
		"{\"alg\":\"none\",\"typ\":\"JWT\"}",
		"{\"alg\":\"None\"}",
		"{\"alg\":\"nOnE\"}",
		"{\"alg\":\"hs256\"}",
		"{\"alg\":\"HS512\"}",
		"{\"alg\":\"RS256\",\"typ\":\"JWT\"}",
		"{\"alg\":\"ES256\",\"typ\":\"JWT\"}",
		"{\"alg\":\"HS256\",\"typ\":\"JWE\"}",
		"{\"alg\":\"HS256\",\"typ\":1}",
		"{\"alg\":\"HS256\",\"kid\":\"../../dev/null\"}",
		"{\"alg\":\"HS256\",\"jku\":\"https://evil.example/k\"}",
		"{\"alg\":\"HS256\",\"jwk\":{}}",
		"{\"alg\":\"HS256\",\"typ\":\"JWT\",\"crit\":[\"exp\"]}",
		"{\"alg\":\"HS256\",\"alg\":\"none\"}",
		"{\"alg\":\"none\",\"alg\":\"HS256\"}",
		"{\"alg\":[\"HS256\"]}",
		"{\"typ\":\"JWT\"}",
		"{}",
		"[]",
		"\"HS256\"",
		"",
		"{\"alg\":\"HS256\"}",
		"{\"typ\":\"JWT\",\"alg\":\"HS256\"}",
		"{\"alg\":\"HS256\",\"typ\":\"JWT\"} ",
		" {\"alg\":\"HS256\",\"typ\":\"JWT\"}",
		"{\"alg\": \"HS256\",\"typ\":\"JWT\"}",
		"{\"alg\":\"HS256\",\"typ\":\"jwt\"}",
		"{\"alg\":\"HS256\",\"typ\":\"JWT\"}x",
	};
	const char *claims = "{" GOOD TIMES "}";

	for (size_t i = 0; i < LEN(bad); i++)
	{
		char *token = forge(bad[i], claims, SECRET);

		tap_int(verify(token), ERROR_TOKEN_INVALID, "header: %s", bad[i]);
		free(token);
	}
}

static void
test_claims(void)
{
	claims_give("{" GOOD TIMES "}", ERROR_NONE, "good");
	claims_give("{" GOOD TIMES ",\"typ\":\"access\",\"nbf\":1800000030}", ERROR_NONE,
				"with the optional ones");
	claims_give("{" GOOD TIMES ",\"userId\":\"x\",\"email\":\"a@b.dz\"}", ERROR_NONE,
				"others are not read");
	claims_give("{" GOOD TIMES ",\"typ\":\"refresh\"}", ERROR_TOKEN_INVALID, "typ refresh");
	claims_give("{" GOOD TIMES ",\"type\":\"refresh\"}", ERROR_TOKEN_INVALID, "type refresh");
	claims_give("{" GOOD TIMES ",\"typ\":null}", ERROR_TOKEN_INVALID, "typ null");
	claims_give("{" GOOD TIMES ",\"nbf\":1800000031}", ERROR_TOKEN_INVALID, "not yet valid");
	claims_give("{" GOOD TIMES ",\"nbf\":\"0\"}", ERROR_TOKEN_INVALID, "nbf as text");
	claims_give("{" GOOD TIMES TIMES "}", ERROR_TOKEN_INVALID, "exp twice");
	claims_give("{" GOOD "}", ERROR_TOKEN_INVALID, "no times");
	claims_give("{" GOOD ",\"iat\":1799999990}", ERROR_TOKEN_INVALID, "no exp");
	claims_give("{" GOOD ",\"exp\":1800000900}", ERROR_TOKEN_INVALID, "no iat");
	claims_give("{" GOOD ",\"iat\":1799999990,\"exp\":\"1800000900\"}", ERROR_TOKEN_INVALID,
				"exp as text");
	claims_give("{" GOOD ",\"iat\":1799999990,\"exp\":1e30}", ERROR_TOKEN_INVALID, "exp 1e30");
	claims_give("{" GOOD ",\"iat\":1799999990,\"exp\":1800000900.0}", ERROR_TOKEN_INVALID,
				"exp as a real");
	claims_give("{" GOOD ",\"iat\":1799999990,\"exp\":-1}", ERROR_TOKEN_INVALID, "exp negative");
	claims_give("{" GOOD ",\"iat\":1799999990,\"exp\":9223372036854775807}", ERROR_TOKEN_INVALID,
				"exp at the end of time");
	claims_give("{" GOOD ",\"iat\":1799999990,\"exp\":99999999999999999999}", ERROR_TOKEN_INVALID,
				"exp past the end of time");
	claims_give("{" GOOD ",\"iat\":1799990000,\"exp\":1799999971}", ERROR_NONE,
				"expired within the skew");
	claims_give("{" GOOD ",\"iat\":1799990000,\"exp\":1799999970}", ERROR_TOKEN_EXPIRED, "expired");
	claims_give("{" GOOD ",\"iat\":1800000030,\"exp\":1800000900}", ERROR_NONE,
				"issued within the skew");
	claims_give("{" GOOD ",\"iat\":1800000031,\"exp\":1800000900}", ERROR_TOKEN_INVALID,
				"issued later");
	claims_give("{" GOOD ",\"iat\":1800000000,\"exp\":1800028830}", ERROR_NONE, "the longest life");
	claims_give("{" GOOD ",\"iat\":1800000000,\"exp\":1800028831}", ERROR_TOKEN_INVALID,
				"a longer one");
	claims_give("{" GOOD ",\"iat\":1800000000,\"exp\":1800000000}", ERROR_TOKEN_INVALID,
				"no life at all");
	claims_give("{" GOOD TIMES ",\"sid\":\"" SID "\"}", ERROR_NONE, "of a session");
	claims_give("{" GOOD TIMES ",\"sid\":\"x\"}", ERROR_TOKEN_INVALID, "a session that is no uuid");
	claims_give("{" GOOD TIMES ",\"sid\":null}", ERROR_TOKEN_INVALID, "a session that is null");
	claims_give("[]", ERROR_TOKEN_INVALID, "not an object");
	claims_give("", ERROR_TOKEN_INVALID, "nothing");
}

static void
test_identity(void)
{
	static const char *const bad[] = {
		"\"aud\":\"mj-chauffage-app\",\"sub\":\"" SUB "\",\"jti\":\"" JTI
		"\",\"role\":\"ADMIN\",\"tv\":3",
		"\"iss\":\"other\",\"aud\":\"mj-chauffage-app\",\"sub\":\"" SUB "\",\"jti\":\"" JTI
		"\",\"role\":\"ADMIN\",\"tv\":3",
		"\"iss\":\"mj-chauffage\",\"sub\":\"" SUB "\",\"jti\":\"" JTI
		"\",\"role\":\"ADMIN\",\"tv\":3",
		"\"iss\":\"mj-chauffage\",\"aud\":\"other\",\"sub\":\"" SUB "\",\"jti\":\"" JTI
		"\",\"role\":\"ADMIN\",\"tv\":3",
		"\"iss\":\"mj-chauffage\",\"aud\":[\"mj-chauffage-app\"],\"sub\":\"" SUB "\",\"jti\":\"" JTI
		"\",\"role\":\"ADMIN\",\"tv\":3",
		"\"iss\":\"mj-chauffage\",\"aud\":\"mj-chauffage-app\",\"sub\":\"7\",\"jti\":\"" JTI
		"\",\"role\":\"ADMIN\",\"tv\":3",
		"\"iss\":\"mj-chauffage\",\"aud\":\"mj-chauffage-app\",\"sub\":\"" SUB
		"\",\"role\":\"ADMIN\",\"tv\":3",
		IDENTITY ",\"tv\":3",
		IDENTITY ",\"role\":\"ROOT\",\"tv\":3",
		IDENTITY ",\"role\":\"admin\",\"tv\":3",
		IDENTITY ",\"role\":7,\"tv\":3",
		IDENTITY ",\"role\":\"ADMIN\"",
		IDENTITY ",\"role\":\"ADMIN\",\"tv\":-1",
		IDENTITY ",\"role\":\"ADMIN\",\"tv\":\"3\"",
		IDENTITY ",\"role\":\"ADMIN\",\"tv\":2147483648",
		IDENTITY ",\"role\":\"ADMIN\",\"tv\":1.0",
	};

	for (size_t i = 0; i < LEN(bad); i++)
	{
		char claims[512];

		snprintf(claims, sizeof(claims), "{%s" TIMES "}", bad[i]);
		claims_give(claims, ERROR_TOKEN_INVALID, bad[i]);
	}
}

static void
test_shape(void)
{
	char *good = forge(HEADER, "{" GOOD TIMES "}", SECRET);
	size_t len = strlen(good);
	char *copy = malloc(len + 64);
	char *big = malloc(10241);
	bool all = true;

	tap_int(verify(good), ERROR_NONE, "shape: good");
	snprintf(copy, len + 64, "%s=", good);
	tap_int(verify(copy), ERROR_TOKEN_INVALID, "shape: padding");
	snprintf(copy, len + 64, "%s.x", good);
	tap_int(verify(copy), ERROR_TOKEN_INVALID, "shape: four parts");
	snprintf(copy, len + 64, ".%s", good);
	tap_int(verify(copy), ERROR_TOKEN_INVALID, "shape: four parts, the first empty");
	snprintf(copy, len + 64, "%.*s", (int) (strrchr(good, '.') + 1 - good), good);
	tap_int(verify(copy), ERROR_TOKEN_INVALID, "shape: empty signature");
	snprintf(copy, len + 64, "%.*s", (int) (strrchr(good, '.') - good), good);
	tap_int(verify(copy), ERROR_TOKEN_INVALID, "shape: two parts");
	/* The last character of 32 bytes holds two unused bits. */
	memcpy(copy, good, len + 1);
	copy[len - 1] = (char) (copy[len - 1] + 1);
	tap_int(verify(copy), ERROR_TOKEN_INVALID, "shape: non-canonical last character");
	for (size_t i = 0; i < len; i++)
	{
		memcpy(copy, good, len + 1);
		copy[i] = copy[i] == 'A' ? 'B' : 'A';
		all = all && verify(copy) == ERROR_TOKEN_INVALID;
	}
	tap_ok(all, "shape: no character may change");
	memset(big, 'a', 10240);
	big[10240] = '\0';
	tap_int(verify(big), ERROR_TOKEN_INVALID, "shape: ten kilobytes");
	big[100] = big[200] = '.';
	tap_int(verify(big), ERROR_TOKEN_INVALID, "shape: ten kilobytes in three parts");
	tap_int(verify(""), ERROR_TOKEN_INVALID, "shape: empty");
	tap_int(verify(".."), ERROR_TOKEN_INVALID, "shape: two dots");
	free(good);
	free(copy);
	free(big);
}

static void
test_secrets(void)
{
	char *old = forge(HEADER, "{" GOOD TIMES "}", OLD_SECRET);
	char *other = forge(HEADER, "{" GOOD TIMES "}", "an attacker's own secret of 32 by");
	char *empty = forge(HEADER, "{" GOOD TIMES "}", "");
	struct token_secrets one = {secrets.current, {NULL, 0}};
	struct token_secrets none = {{NULL, 0}, {NULL, 0}};
	struct caller who;

	tap_int(verify(old), ERROR_NONE, "secrets: the previous one still serves");
	tap_int(token_verify(&one, old, strlen(old), NOW, &who), ERROR_TOKEN_INVALID,
			"secrets: not when there is none");
	tap_int(verify(other), ERROR_TOKEN_INVALID, "secrets: another one does not");
	tap_int(verify(empty), ERROR_TOKEN_INVALID, "secrets: nor the empty one");
	tap_int(token_verify(&none, empty, strlen(empty), NOW, &who), ERROR_TOKEN_INVALID,
			"secrets: the empty one never, even when unset");
	free(old);
	free(other);
	free(empty);
}

static void
test_mint(void)
{
	struct caller who = {true, SUB, "SUPER_ADMIN", 7, ""};
	struct token_secrets shorter = {{SECRET, TOKEN_SECRET_MIN - 1}, {NULL, 0}};
	struct caller back;
	char *token = token_mint(&secrets, &who, NOW, TOKEN_STAFF_LIFE_S);

	tap_ok(token != NULL && strlen(token) < 1000, "mint: fits a cookie");
	tap_int(token_verify(&secrets, token, strlen(token), NOW, &back), ERROR_NONE,
			"mint: is accepted");
	tap_ok(strcmp(back.account_id, SUB) == 0 && strcmp(back.role, "SUPER_ADMIN") == 0 &&
			   back.token_version == 7 && strlen(back.token_id) == 36,
		   "mint: says who");
	tap_int(token_verify(&secrets, token, strlen(token), NOW + TOKEN_STAFF_LIFE_S + 30, &back),
			ERROR_TOKEN_EXPIRED, "mint: ends in time");
	free(token);
	snprintf(who.token_id, sizeof(who.token_id), "%s", SID);
	token = token_mint(&secrets, &who, NOW, 60);
	tap_ok(token != NULL && strlen(token) < 1000, "mint: for a session, fits a cookie");
	tap_int(token_verify(&secrets, token, strlen(token), NOW, &back), ERROR_NONE,
			"mint: for a session");
	tap_text(back.token_id, SID, "mint: it goes by the session");
	free(token);
	token = forge(HEADER, "{" GOOD TIMES ",\"sid\":\"" SID "\"}", SECRET);
	token_verify(&secrets, token, strlen(token), NOW, &back);
	tap_text(back.token_id, SID, "a session goes before the token's own id");
	free(token);
	token = forge(HEADER, "{" GOOD TIMES "}", SECRET);
	token_verify(&secrets, token, strlen(token), NOW, &back);
	tap_text(back.token_id, JTI, "which serves without one");
	free(token);
	snprintf(who.token_id, sizeof(who.token_id), "no uuid");
	tap_ok(token_mint(&secrets, &who, NOW, 60) == NULL, "mint: not for a session that is none");
	who.token_id[0] = '\0';
	tap_ok(token_mint(&shorter, &who, NOW, 60) == NULL, "mint: not with a short secret");
	snprintf(who.role, sizeof(who.role), "ROOT");
	tap_ok(token_mint(&secrets, &who, NOW, 60) == NULL, "mint: not for an unknown role");
	snprintf(who.role, sizeof(who.role), "ADMIN");
	snprintf(who.account_id, sizeof(who.account_id), "\",\"role\":\"SUPER_ADMIN");
	tap_ok(token_mint(&secrets, &who, NOW, 60) == NULL, "mint: not for an account that is no uuid");
}

/* ---- Requests ---- */

static const struct route *
row_of(enum method method, const char *pattern)
{
	for (int i = 0; i < routes_count; i++)
	{
		if (routes_table[i].method == method && strcmp(routes_table[i].pattern, pattern) == 0)
			return &routes_table[i];
	}
	return NULL;
}

static char *
token_for(const char *role)
{
	struct caller who = {true, SUB, "", 0, ""};

	snprintf(who.role, sizeof(who.role), "%s", role);
	return token_mint(&secrets, &who, NOW, 600);
}

static void
test_cookies(void)
{
	struct str value;
	char line[1024];
	char small[20];

	tap_int(auth_cookie(NULL, "a", &value), 0, "cookie: no header");
	tap_int(auth_cookie("", "a", &value), 0, "cookie: empty header");
	tap_int(auth_cookie("b=1; a=2;c=3", "a", &value), 1, "cookie: among others");
	tap_ok(value.len == 1 && value.ptr[0] == '2', "cookie: its value");
	tap_int(auth_cookie("a=1; a=2", "a", &value), 2, "cookie: twice");
	tap_ok(value.len == 1 && value.ptr[0] == '1', "cookie: the first value");
	tap_int(auth_cookie("aa=1; xa=2; A=3; b=a=4", "a", &value), 0, "cookie: the whole name counts");
	tap_int(auth_cookie(";;a;=;  a = x=y ", "a", &value), 1, "cookie: odd pieces");
	tap_ok(value.len == 3 && memcmp(value.ptr, "x=y", 3) == 0, "cookie: a value with '='");
	tap_ok(auth_cookie_line(line, sizeof(line), "accessToken", "t", 28800, false, NULL),
		   "cookie: set");
	tap_text(line, "accessToken=t; Path=/; HttpOnly; SameSite=Lax; Max-Age=28800",
			 "cookie: its line");
	tap_ok(auth_cookie_line(line, sizeof(line), "authToken", NULL, 28800, true, ".mjchauffage.com"),
		   "cookie: clear");
	tap_text(
		line,
		"authToken=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0; Secure; Domain=.mjchauffage.com",
		"cookie: its line");
	tap_ok(!auth_cookie_line(small, sizeof(small), "accessToken", "t", 28800, false, ""),
		   "cookie: too small");
}

#define CART "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-8" /* 32 bytes */

static void
test_cart_cookie(void)
{
	static const struct
	{
		const char *header;
		bool ok;
	} cases[] = {
		{"cartToken=" CART, true},
		{"a=b; cartToken= " CART " ; accessToken=x", true},
		{NULL, false},
		{"", false},
		{"cartToken=", false},
		{"cartToken=" CART "; cartToken=" CART, false},
		{"cartToken=x; cartToken=" CART, false},
		{"carttoken=" CART, false},
		{"cartToken=\"" CART "\"", false},
		{"cartToken=" CART "A", false},
		{"cartToken=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-", false},
		{"cartToken=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+8", false},
		{"cartToken=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA AA", false},
		{"cartToken=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-9", false},
		{"cartToken=' OR token LIKE '%AAAAAAAAAAAAAAAAAAAAAAAAA", false},
	};
	char token[CART_TOKEN_SIZE], other[CART_TOKEN_SIZE], header[100];

	for (size_t i = 0; i < LEN(cases); i++)
	{
		tap_ok(cart_cookie_read(cases[i].header, token) == cases[i].ok, "cart cookie: case %zu", i);
		tap_text(token, cases[i].ok ? CART : "", "cart cookie: its value");
	}
	tap_ok(cart_cookie_make(token) && cart_cookie_make(other), "cart cookie: made");
	tap_int((long long) strlen(token), 43, "cart cookie: of 43 characters");
	tap_ok(strcmp(token, other) != 0, "cart cookie: another each time");
	snprintf(header, sizeof(header), "cartToken=%s", token);
	tap_ok(cart_cookie_read(header, other) && strcmp(token, other) == 0,
		   "cart cookie: and read again");
}

static void
test_roles(void)
{
	static const char *const names[] = {"CUSTOMER",	   "TECHNICIAN", "ADMIN",
										"SUPER_ADMIN", "ROOT",		 ""};
	static const char *const allowed[ROLE__MAX] = {
		[ROLE_PUBLIC] = "111111",	  [ROLE_OPTIONAL] = "111111", [ROLE_CUSTOMER] = "111100",
		[ROLE_TECHNICIAN] = "011100", [ROLE_ADMIN] = "001100",	  [ROLE_SUPER] = "000100",
	};

	for (int need = 0; need < ROLE__MAX; need++)
	{
		for (size_t i = 0; i < LEN(names); i++)
			tap_ok(auth_role_allows((enum role) need, names[i]) == (allowed[need][i] == '1'),
				   "role: row %d, account \"%s\"", need, names[i]);
	}
}

struct headers
{
	const char *authorization; /* %s is the token */
	const char *cookie;
	const char *origin;
	const char *site;
};

static enum error_id
check(const struct route *row, const struct headers *h, const char *token, bool *present)
{
	char authorization[1024], cookie[2048];
	struct auth_input in = {.origin = h->origin,
							.sec_fetch_site = h->site,
							.host = "shop.example:3001",
							.cors_origins = "http://localhost:3000, https://www.shop.example",
							.now_s = NOW,
							.secrets = &secrets};
	struct caller who;
	enum error_id result;

	snprintf(authorization, sizeof(authorization), "%s%s", h->authorization ? h->authorization : "",
			 token);
	snprintf(cookie, sizeof(cookie), "%s%s", h->cookie ? h->cookie : "", token);
	in.authorization = h->authorization == NULL ? NULL : authorization;
	in.cookie = h->cookie == NULL ? NULL : cookie;
	result = auth_check(row, &in, &who);
	*present = who.present;
	return result;
}

static void
test_credentials(void)
{
	static const struct
	{
		struct headers h;
		enum error_id result;
		const char *name;
	} cases[] = {
		{{NULL, NULL, NULL, NULL}, ERROR_MISSING_TOKEN, "nothing"},
		{{"Bearer ", NULL, NULL, NULL}, ERROR_NONE, "Bearer"},
		{{"bearer   ", NULL, NULL, NULL}, ERROR_NONE, "bearer in lower case"},
		{{"Bearerx ", NULL, NULL, NULL}, ERROR_MISSING_TOKEN, "another scheme"},
		{{"Basic ", NULL, NULL, NULL}, ERROR_MISSING_TOKEN, "Basic"},
		{{"Bearer x", NULL, NULL, NULL}, ERROR_TOKEN_INVALID, "a spoilt token"},
		{{NULL, "accessToken=", NULL, NULL}, ERROR_NONE, "accessToken cookie"},
		{{NULL, "authToken=", NULL, NULL}, ERROR_NONE, "authToken cookie"},
		{{NULL, "authToken=bad; accessToken=", NULL, NULL},
		 ERROR_NONE,
		 "accessToken before authToken"},
		{{NULL, "accessToken=bad; authToken=", NULL, NULL}, ERROR_TOKEN_INVALID, "no second guess"},
		{{NULL, "accessToken=; authToken=", NULL, NULL}, ERROR_NONE, "an emptied cookie is none"},
		{{NULL, "accessToken=a; accessToken=", NULL, NULL},
		 ERROR_MALFORMED_REQUEST,
		 "a cookie twice"},
		{{"Bearer ", "accessToken=bad; x=", NULL, NULL}, ERROR_NONE, "Bearer before cookies"},
		{{"Basic ", "accessToken=", NULL, NULL}, ERROR_NONE, "cookie beside Basic"},
	};
	char *token = token_for("ADMIN");
	bool present;

	for (size_t i = 0; i < LEN(cases); i++)
	{
		enum error_id result = check(row_of(METHOD_GET, "/admin/me"), &cases[i].h, token, &present);

		tap_int(result, cases[i].result, "credentials: %s", cases[i].name);
		tap_ok(present == (result == ERROR_NONE), "credentials: caller only on success");
		result = check(row_of(METHOD_GET, "/products"), &cases[i].h, token, &present);
		tap_int(result, cases[i].result == ERROR_MALFORMED_REQUEST ? cases[i].result : ERROR_NONE,
				"credentials: %s, where they are optional", cases[i].name);
		tap_ok(present == (cases[i].result == ERROR_NONE), "credentials: who is seen");
	}
	free(token);
	token = token_for("TECHNICIAN");
	tap_int(check(row_of(METHOD_GET, "/admin/me"), &cases[1].h, token, &present), ERROR_FORBIDDEN,
			"credentials: a technician is no admin");
	tap_ok(!present, "credentials: no caller when forbidden");
	free(token);
}

static void
test_origin(void)
{
	static const struct
	{
		const char *origin;
		const char *site;
		bool ok;
	} cases[] = {
		{NULL, NULL, true},
		{"http://localhost:3000", NULL, true},
		{"https://www.shop.example", "cross-site", true},
		{"http://shop.example:3001", NULL, true},
		{"https://shop.example:3001", NULL, true},
		{"https://SHOP.example:3001", NULL, true},
		{"null", NULL, false},
		{"", NULL, false},
		{"https://evil.example", "same-origin", false},
		{"https://www.shop.example.evil.example", NULL, false},
		{"https://evilwww.shop.example", NULL, false},
		{"http://www.shop.example", NULL, false},
		{"https://shop.example", NULL, false},
		{"ftp://shop.example:3001", NULL, false},
		{NULL, "same-origin", true},
		{NULL, "same-site", true},
		{NULL, "none", true},
		{NULL, "cross-site", false},
		{NULL, "", false},
	};
	const struct route *logout = row_of(METHOD_POST, "/admin/logout");
	char *token = token_for("ADMIN");
	bool present;

	for (size_t i = 0; i < LEN(cases); i++)
	{
		struct headers cookie = {NULL, "accessToken=", cases[i].origin, cases[i].site};
		struct headers bearer = {"Bearer ", NULL, cases[i].origin, cases[i].site};
		struct headers none = {NULL, NULL, cases[i].origin, cases[i].site};
		bool login_ok = cases[i].ok || cases[i].origin == NULL;

		tap_int(check(logout, &cookie, token, &present),
				cases[i].ok ? ERROR_NONE : ERROR_ORIGIN_REFUSED, "origin: cookie with %s, %s",
				cases[i].origin ? cases[i].origin : "-", cases[i].site ? cases[i].site : "-");
		tap_int(check(logout, &bearer, token, &present), ERROR_NONE,
				"origin: never asked of a Bearer");
		tap_int(check(row_of(METHOD_GET, "/admin/me"), &cookie, token, &present), ERROR_NONE,
				"origin: never asked of a GET");
		tap_int(check(row_of(METHOD_POST, "/admin/login"), &none, "", &present),
				login_ok ? ERROR_NONE : ERROR_ORIGIN_REFUSED, "origin: asked of a login when sent");
		tap_int(check(row_of(METHOD_POST, "/orders/guest"), &cookie, token, &present), ERROR_NONE,
				"origin: not asked where credentials are not read");
	}
	free(token);
	tap_ok(auth_origin_listed("*,null,https://a.example", "https://a.example"), "cors: listed");
	tap_ok(!auth_origin_listed("*,null", "null"), "cors: null never is");
	tap_ok(!auth_origin_listed("*", "*"), "cors: nor the star");
	tap_ok(!auth_origin_listed("", ""), "cors: nor nothing");
	tap_ok(!auth_origin_listed("https://a.example", NULL), "cors: nor no Origin");
}

/* A cart is its guest's by cookie or nobody's yet, and changed from our pages only. */
static void
test_cart_rows(void)
{
	static const struct
	{
		struct headers h;
		enum error_id read, write, merge;
		const char *name;
	} cases[] = {
		{{NULL, NULL, NULL, NULL}, 0, 0, ERROR_MISSING_TOKEN, "nobody"},
		{{"Bearer ", NULL, NULL, NULL}, 0, 0, 0, "Bearer"},
		{{NULL, "accessToken=", NULL, NULL}, 0, 0, 0, "cookie"},
		{{"Bearer x", NULL, NULL, NULL},
		 0,
		 ERROR_TOKEN_INVALID,
		 ERROR_TOKEN_INVALID,
		 "a bad token"},
		{{NULL, "accessToken=x", NULL, NULL},
		 0,
		 ERROR_TOKEN_INVALID,
		 ERROR_TOKEN_INVALID,
		 "a bad one by cookie"},
		{{NULL, NULL, "https://evil.example", NULL},
		 0,
		 ERROR_ORIGIN_REFUSED,
		 ERROR_ORIGIN_REFUSED,
		 "a guest from elsewhere"},
		{{NULL, "cartToken=" CART "; x=", NULL, "cross-site"},
		 0,
		 ERROR_ORIGIN_REFUSED,
		 ERROR_ORIGIN_REFUSED,
		 "a cart from elsewhere"},
		{{NULL, "cartToken=" CART "; x=", "https://www.shop.example", "cross-site"},
		 0,
		 0,
		 ERROR_MISSING_TOKEN,
		 "a cart from our page"},
		{{"Bearer ", "cartToken=" CART "; x=", "https://evil.example", NULL},
		 0,
		 0,
		 0,
		 "Bearer from anywhere"},
	};
	char *token = token_for("CUSTOMER");
	bool present;

	for (size_t i = 0; i < LEN(cases); i++)
	{
		tap_int(check(row_of(METHOD_GET, "/cart"), &cases[i].h, token, &present), cases[i].read,
				"cart: %s reads", cases[i].name);
		tap_int(check(row_of(METHOD_POST, "/cart/quote"), &cases[i].h, token, &present),
				cases[i].read, "cart: %s asks for a quote", cases[i].name);
		tap_int(check(row_of(METHOD_POST, "/cart/items"), &cases[i].h, token, &present),
				cases[i].write, "cart: %s changes", cases[i].name);
		tap_int(check(row_of(METHOD_POST, "/cart/merge"), &cases[i].h, token, &present),
				cases[i].merge, "cart: %s merges", cases[i].name);
	}
	free(token);
}

static void
test_scheme(void)
{
	static const struct
	{
		const char *scheme;
		const char *host;
		bool ok;
	} cases[] = {
		{"https", "shop.example", true},   {"HTTPS", "shop.example", true},
		{"http", "shop.example", false},   {NULL, "shop.example", true},
		{"https", "other.example", false}, {"https", NULL, false},
	};

	for (size_t i = 0; i < LEN(cases); i++)
	{
		struct auth_input in = {.origin = "https://shop.example",
								.scheme = cases[i].scheme,
								.host = cases[i].host,
								.secrets = &secrets};
		struct caller who;

		tap_int(auth_check(row_of(METHOD_POST, "/admin/login"), &in, &who),
				cases[i].ok ? ERROR_NONE : ERROR_ORIGIN_REFUSED, "scheme: case %zu", i);
	}
}

/* Rows that sign somebody in or out without credentials ask where a request comes from. */
static void
test_sign_in_rows(void)
{
	static const struct
	{
		const char *pattern;
		bool site; /* Sec-Fetch-Site counts as well */
	} rows[] = {
		{"/auth/login", false},		   {"/admin/login", false}, {"/auth/register", false},
		{"/auth/social-login", false}, {"/auth/refresh", true}, {"/auth/logout", true},
	};
	struct headers elsewhere = {NULL, "x=", "https://evil.example", NULL};
	struct headers cross = {NULL, "x=", NULL, "cross-site"};
	struct headers ours = {NULL, "x=", "http://localhost:3000", "cross-site"};
	struct headers server = {NULL, "x=", NULL, NULL};
	bool present;

	for (size_t i = 0; i < LEN(rows); i++)
	{
		const struct route *row = row_of(METHOD_POST, rows[i].pattern);

		tap_int(check(row, &elsewhere, "", &present), ERROR_ORIGIN_REFUSED, "%s: another site",
				rows[i].pattern);
		tap_int(check(row, &cross, "", &present), rows[i].site ? ERROR_ORIGIN_REFUSED : ERROR_NONE,
				"and one without its name");
		tap_int(check(row, &ours, "", &present), ERROR_NONE, "our own");
		tap_int(check(row, &server, "", &present), ERROR_NONE, "and no browser at all");
	}
}

static void
test_caller(void)
{
	char *token = token_for("CUSTOMER");
	struct auth_input in = {.now_s = NOW, .secrets = &secrets};
	char text[1024];
	struct caller who;

	tap_ok(!auth_caller(&in, &who) && !who.present, "caller: nobody");
	snprintf(text, sizeof(text), "accessToken=%s", token);
	in.cookie = text;
	tap_ok(auth_caller(&in, &who) && strcmp(who.account_id, SUB) == 0, "caller: by cookie");
	in.authorization = "Bearer x";
	tap_ok(!auth_caller(&in, &who) && !who.present, "caller: a bad Bearer token wins");
	in.authorization = NULL;
	in.now_s = NOW + 3600;
	tap_ok(!auth_caller(&in, &who) && !who.present, "caller: not by an old token");
	free(token);
}

#define USER                                                                                       \
	"{\"id\":\"" SUB "\",\"email\":\"a@b.dz\",\"firstName\":\"أمينة\",\"lastName\":\"B\","    \
	"\"role\":\"ADMIN\",\"phone\":null}"

static void
test_answer(void)
{
	static const char *const bad[] = {
		"",
		"[]",
		"{}",
		"{\"user\":{\"id\":\"x\",\"role\":\"ADMIN\"},\"tokenVersion\":4}",
		"{\"user\":" USER "}",
		"{\"user\":" USER ",\"tokenVersion\":\"4\"}",
		"{\"user\":[],\"tokenVersion\":4}",
		"{\"refused\":\"NO_SUCH_CODE\"}",
		"{\"refused\":7}",
		"{\"refused\":\"INTERNAL_ERROR\"}",
	};
	struct auth_answer answer;

	tap_ok(auth_answer_read("{\"user\":" USER ",\"tokenVersion\":4}", &answer),
		   "answer: a user is read");
	tap_ok(answer.refused == ERROR_NONE && strcmp(answer.who.account_id, SUB) == 0 &&
			   strcmp(answer.who.role, "ADMIN") == 0 && answer.who.token_version == 4 &&
			   answer.who.token_id[0] == '\0',
		   "answer: and who it makes of the client");
	auth_answer_free(&answer);
	tap_ok(auth_answer_read("{\"refused\":\"TOTP_REQUIRED\"}", &answer) &&
			   answer.refused == ERROR_TOTP_REQUIRED && answer.user == NULL && !answer.who.present,
		   "answer: a refusal is read");
	auth_answer_free(&answer);
	for (size_t i = 0; i < LEN(bad); i++)
		tap_ok(!auth_answer_read(bad[i], &answer) && answer.user == NULL && !answer.who.present,
			   "answer: not %s", bad[i]);
}

static void
welcome_gives(enum auth_welcome shape, enum lang lang, const char *want, const char *name)
{
	struct auth_answer answer;
	size_t len;
	char *body;

	auth_answer_read("{\"user\":" USER ",\"tokenVersion\":4}", &answer);
	body = auth_welcome_body(shape, answer.user, "t.o.k", "r-t", lang, &len);
	tap_text(body, want, "%s", name);
	tap_int((long long) len, (long long) strlen(want), "%s: its length", name);
	auth_wipe(body);
	auth_answer_free(&answer);
}

static void
test_welcome(void)
{
	welcome_gives(
		WELCOME_STAFF, LANG_FR,
		"{\"success\":true,\"message\":\"Connexion réussie\",\"token\":\"t.o.k\",\"user\":" USER
		",\"data\":{\"user\":" USER
		",\"tokens\":{\"accessToken\":\"t.o.k\",\"refreshToken\":null}}}",
		"welcome: staff");
	welcome_gives(WELCOME_SIGN_IN, LANG_AR,
				  "{\"success\":true,\"message\":\"تم تسجيل الدخول\",\"data\":{\"user\":" USER
				  ",\"accessToken\":\"t.o.k\",\"refreshToken\":\"r-t\"}}",
				  "welcome: customers");
	welcome_gives(
		WELCOME_REFRESH, LANG_FR,
		"{\"success\":true,\"data\":{\"user\":{\"id\":\"" SUB
		"\",\"email\":\"a@b.dz\",\"firstName\":\"أمينة\",\"lastName\":\"B\",\"role\":\"ADMIN\"},"
		"\"accessToken\":\"t.o.k\",\"refreshToken\":\"r-t\"}}",
		"welcome: a refresh");
	auth_wipe(NULL);
}

void
test_auth(void)
{
	test_headers();
	test_claims();
	test_identity();
	test_shape();
	test_secrets();
	test_mint();
	test_cookies();
	test_cart_cookie();
	test_roles();
	test_credentials();
	test_origin();
	test_cart_rows();
	test_scheme();
	test_sign_in_rows();
	test_caller();
	test_answer();
	test_welcome();
}
