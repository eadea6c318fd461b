// tokens.mjs - tokens of two libraries that shops use: ours verify there, and every known
// trick made there is refused here, with 401 and for less than a millisecond of CPU.

import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, randomUUID } from 'node:crypto';
import test from 'node:test';
import { ask, costs, jose, jsonwebtoken, key, mint, secret, signIn } from './lib.mjs';

const MAX_US = 1000;
const issuer = 'mj-chauffage';
const audience = 'mj-chauffage-app';
const header = { alg: 'HS256', typ: 'JWT' };
const now = Math.floor(Date.now() / 1000);

const ours = await signIn();
const admin = jsonwebtoken.decode(ours);
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });

// The claims of a good token, changed; undefined takes one away.
const claims = (change = {}) => JSON.parse(JSON.stringify({
	iss: issuer, aud: audience, sub: admin.sub, role: admin.role, jti: randomUUID(), tv: admin.tv,
	iat: now, exp: now + 600, typ: 'access', ...change,
}));

// What no library signs: any text as header and claims, with our secret or another signature.
const base64url = (data) => Buffer.from(data).toString('base64url');
const text = (value) => (typeof value === 'string' ? value : JSON.stringify(value));
const hmac = (data, by = secret) => createHmac('sha256', by).update(data).digest('base64url');
function forge(head, body = claims(), signature = undefined) {
	const signed = `${base64url(text(head))}.${base64url(text(body))}`;
	return `${signed}.${signature ?? hmac(signed)}`;
}

const withJose = (change, head = header, by = key) =>
	new jose.SignJWT(claims(change)).setProtectedHeader(head).sign(by);
const withJsonwebtoken = (change, options = {}, by = secret) =>
	jsonwebtoken.sign(claims(change), by, options);

//------------------------------------------------------------------ ours there, theirs here

for (const [name, token] of [['a sign-in', ours], ['the shim alone', mint('CUSTOMER', randomUUID(), 0, 900)]]) {
	test(`a token of ${name} verifies in jose`, async () => {
		const { payload, protectedHeader } =
			await jose.jwtVerify(token, key, { issuer, audience, algorithms: ['HS256'], typ: 'JWT' });
		assert.deepEqual(protectedHeader, header);
		assert.equal(payload.typ, 'access');
		await assert.rejects(jose.jwtVerify(token, new TextEncoder().encode(`${secret}x`)));
	});
	test(`a token of ${name} verifies in jsonwebtoken`, () => {
		const payload = jsonwebtoken.verify(token, secret, { issuer, audience, algorithms: ['HS256'] });
		assert.ok(payload.exp > payload.iat);
		assert.throws(() => jsonwebtoken.verify(token, `${secret}x`));
		assert.throws(() => jsonwebtoken.verify(token, secret, { audience: 'another' }));
	});
}

// Without these a shim that refuses everything would pass.
const good = {
	'of jose': await withJose(),
	'of jsonwebtoken': withJsonwebtoken(),
	'put together by hand': forge(header),
	'that has been over for 20 s': withJsonwebtoken({ iat: now - 600, exp: now - 20 }),
	'that begins in 20 s': await withJose({ nbf: now + 20, iat: now + 20 }),
};
for (const [name, token] of Object.entries(good)) {
	test(`a good token ${name} is accepted`, async () => {
		assert.equal((await ask(token)).status, 200);
	});
}

//------------------------------------------------------------------ tricks

const long = 'x'.repeat(10_000);
const [head, body, signature] = good['of jose'].split('.');
// The last character of 43 carries two bits that nobody reads: another one decodes to the same.
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const twin = alphabet[alphabet.indexOf(signature.at(-1)) ^ 1];
const unsecured = new jose.UnsecuredJWT(claims()).encode();

const tricks = {
	'alg none of jose': unsecured,
	'alg none of jsonwebtoken': jsonwebtoken.sign(claims(), null, { algorithm: 'none' }),
	'alg none with a signature': forge({ alg: 'none', typ: 'JWT' }),
	'alg None': forge({ alg: 'None', typ: 'JWT' }, claims(), ''),
	'alg nOnE': forge({ alg: 'nOnE', typ: 'JWT' }, claims(), ''),
	'alg NONE with a signature': forge({ alg: 'NONE', typ: 'JWT' }),
	'alg HS256 without a signature': forge(header, claims(), ''),
	'alg HS256 and only two parts': `${head}.${body}`,
	'no alg': forge({ typ: 'JWT' }),
	'alg null': forge({ alg: null, typ: 'JWT' }),
	'alg in lower case': forge({ alg: 'hs256', typ: 'JWT' }),
	'alg as a list': forge({ alg: ['HS256'], typ: 'JWT' }),
	'HS384 with our secret': withJsonwebtoken({}, { algorithm: 'HS384' }),
	'HS512 with our secret': await withJose({}, { alg: 'HS512', typ: 'JWT' }),
	'RS256 said, our secret as its key': forge({ alg: 'RS256', typ: 'JWT' }),
	'RS256 with a key of its own': withJsonwebtoken({}, { algorithm: 'RS256' }, rsa.privateKey),
	'PS256': await withJose({}, { alg: 'PS256', typ: 'JWT' }, rsa.privateKey),
	'ES256': await withJose({}, { alg: 'ES256', typ: 'JWT' }, ec.privateKey),
	'HS256 with the public key as its secret': forge(header, claims(),
		hmac(`${base64url(text(header))}.${base64url(text(claims()))}`, rsa.publicKey.export({ type: 'spki', format: 'pem' }))),
	'another secret': await withJose({}, header, new TextEncoder().encode('y'.repeat(64))),
	'an empty secret': forge(header, claims(), hmac('', Buffer.alloc(0))),

	'kid that is a file': withJsonwebtoken({}, { keyid: '../../dev/null' }),
	'kid that is a file, signed with nothing': (() => {
		const signed = `${base64url(text({ ...header, kid: '../../dev/null' }))}.${base64url(text(claims()))}`;
		return `${signed}.${hmac(signed, Buffer.alloc(0))}`;
	})(),
	'kid that is SQL': withJsonwebtoken({}, { keyid: "x' UNION SELECT 'x" }),
	'jku': await withJose({}, { ...header, jku: 'http://127.0.0.1:9/keys' }),
	'x5u': await withJose({}, { ...header, x5u: 'http://127.0.0.1:9/cert' }),
	'jwk in the header': await withJose({}, { alg: 'ES256', typ: 'JWT', jwk: ec.publicKey.export({ format: 'jwk' }) }, ec.privateKey),
	'crit': forge({ ...header, crit: ['exp'] }),
	'crit of an unknown extension': forge({ ...header, crit: ['urn:x'], 'urn:x': true }),
	'b64 false': forge({ ...header, b64: false, crit: ['b64'] }),
	'cty': await withJose({}, { ...header, cty: 'JWT' }),
	'zip': forge({ ...header, zip: 'DEF' }),
	'typ of another kind': await withJose({}, { alg: 'HS256', typ: 'at+jwt' }),
	'no typ': await withJose({}, { alg: 'HS256' }),
	'header in another order': forge('{"typ":"JWT","alg":"HS256"}'),
	'header with a blank': forge('{"alg": "HS256","typ":"JWT"}'),
	'alg twice': forge('{"alg":"none","alg":"HS256","typ":"JWT"}'),
	'alg twice, the other way': forge('{"alg":"HS256","alg":"none","typ":"JWT"}'),
	'an escaped alg': forge('{"\\u0061lg":"HS256","typ":"JWT"}'),
	'a header that is no object': forge('"HS256"'),
	'a header that is no JSON': forge('{'),

	'expired': withJsonwebtoken({ iat: now - 600, exp: now - 60 }),
	'expired for 31 s': await withJose({ iat: now - 600, exp: now - 31 }),
	'nbf in the future': withJsonwebtoken({ nbf: now + 60 }),
	'iat in the future': await withJose({ iat: now + 60, exp: now + 600 }),
	'no exp': await withJose({ exp: undefined }),
	'no iat': withJsonwebtoken({}, { noTimestamp: true }),
	'exp as a text': forge(header, claims({ exp: String(now + 600) })),
	'exp 1e30': forge(header, text(claims()).replace(/"exp":\d+/, '"exp":1e30')),
	'exp with 40 digits': forge(header, text(claims()).replace(/"exp":\d+/, `"exp":${'9'.repeat(40)}`)),
	'exp at the end of 64 bits': forge(header, text(claims()).replace(/"exp":\d+/, '"exp":9223372036854775807')),
	'exp with a fraction': forge(header, claims({ exp: now + 600.5 })),
	'exp negative': forge(header, claims({ exp: -1 })),
	'exp null': forge(header, claims({ exp: null })),
	'exp as a list': forge(header, claims({ exp: [now + 600] })),
	'exp twice': forge(header, text(claims()).replace(/}$/, `,"exp":${now + 900}}`)),
	'exp before iat': forge(header, claims({ iat: now + 20, exp: now + 10 })),
	'a life of a year': withJsonwebtoken({ exp: now + 365 * 86400 }),

	'no aud': await withJose({ aud: undefined }),
	'another aud': withJsonwebtoken({ aud: 'another-app' }),
	'a list with our aud': await withJose({ aud: [audience, 'another'] }),
	'an empty aud': withJsonwebtoken({ aud: '' }),
	'no iss': withJsonwebtoken({ iss: undefined }),
	'another iss': await withJose({ iss: 'evil' }),
	'iss with more behind': withJsonwebtoken({ iss: `${issuer}.evil.dz` }),
	'a refresh token by typ': await withJose({ typ: 'refresh' }),
	'a refresh token by type': withJsonwebtoken({ typ: undefined, type: 'refresh' }),
	'no sub': await withJose({ sub: undefined }),
	'a sub that is SQL': withJsonwebtoken({ sub: "' OR 1=1 --" }),
	'no jti': withJsonwebtoken({ jti: undefined }),
	'an unknown role': await withJose({ role: 'ROOT' }),
	'a role as a list': forge(header, claims({ role: ['ADMIN'] })),
	'no token version': await withJose({ tv: undefined }),
	'a token version as a text': forge(header, claims({ tv: '0' })),
	'claims as a list': forge(header, [claims()]),

	'10 KB of claims': withJsonwebtoken({ long }),
	'10 KB of header': await withJose({}, { ...header, kid: long }),
	'10 KB of nothing': long,
	'10 KB of dots': '.'.repeat(10_000),
	'10 KB of braces': forge('{"a":'.repeat(300), '['.repeat(600)),
	'four parts': `${good['of jose']}.${signature}`,
	'five parts': `${head}..${body}.${signature}.`,
	'a signature of another token': `${head}.${base64url(text(claims({ role: 'SUPER_ADMIN' })))}.${signature}`,
	'a signature cut short': `${head}.${body}.${signature.slice(0, -1)}`,
	'a signature with more behind': `${good['of jose']}A`,
	'padding': `${good['of jose']}=`,
	'unused bits set': `${head}.${body}.${signature.slice(0, -1)}${twin}`,
	'the other alphabet of base64': (() => {
		for (;;) {
			const [h, b, s] = forge(header, claims({ jti: randomUUID() })).split('.');
			if (/[-_]/.test(s)) return `${h}.${b}.${s.replace(/-/g, '+').replace(/_/g, '/')}`;
		}
	})(),
	'a JWE': await new jose.EncryptJWT(claims()).setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
		.encrypt(Buffer.alloc(32, secret)),
	'nothing between the dots': '..',
	'one dot': '.',
};

test('what is changed in a signature is one character that decodes to the same', () => {
	assert.notEqual(twin, signature.at(-1));
	assert.deepEqual(Buffer.from(tricks['unused bits set'].split('.')[2], 'base64url'), Buffer.from(signature, 'base64url'));
});

const cost = costs({ ...tricks, 'a good one': good['of jose'] });

test('the measuring program knows a good token', () => {
	assert.equal(cost['a good one'].code, 'NONE');
});
for (const [name, token] of Object.entries(tricks)) {
	const code = name.startsWith('expired') ? 'TOKEN_EXPIRED' : 'TOKEN_INVALID';

	test(`${name}: 401`, async () => {
		const reply = await ask(token);
		assert.deepEqual([reply.status, reply.code], [401, code]);
	});
	test(`${name}: refused in less than ${MAX_US} us of CPU`, () => {
		assert.equal(cost[name].code, code);
		assert.ok(cost[name].us < MAX_US, `${cost[name].us} us`);
	});
}
test('the dearest', (t) => {
	const [name, { us }] = Object.entries(cost).sort((a, b) => b[1].us - a[1].us)[0];
	t.diagnostic(`the dearest token to judge: ${name}, ${us} us; a good one: ${cost['a good one'].us} us`);
});
