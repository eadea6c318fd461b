// payments.mjs - the libraries of Stripe and Chargily Pay: what they sign is good here, every
// change of it is bad here and there, and what we ask for is what they would ask for.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import test from 'node:test';
import { chargily, Stripe, told } from './lib.mjs';

const secret = 'whsec_4711';
const key = 'test_sk_4711';
const now = Math.floor(Date.now() / 1000);
const stripe = new Stripe('sk_test_1');
const b64 = (data) => Buffer.from(data).toString('base64url');

const payload = JSON.stringify({ id: 'evt_1', object: 'event', type: 'checkout.session.completed', data: { object: { id: 'cs_1', amount_total: 2500 } } }, null, 2);
const sign = (options = {}) => stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp: now, ...options });

// What our program says of [provider, secret, header, body].
const verdicts = (cases) => told(cases.map(([who, by, header, body]) => ['verify', who, by, now, b64(header), b64(body)]));
const verdict = (...one) => verdicts([one])[0];

// What their libraries say.
function stripeSays(header, body, by = secret) {
	try {
		stripe.webhooks.constructEvent(body, header, by, 300, undefined, now * 1000);
		return 'good';
	} catch {
		return 'bad';
	}
}
function chargilySays(header, body, by = key) {
	const log = console.log;

	console.log = () => {};
	try {
		return chargily.verifySignature(Buffer.from(body), header, by) ? 'good' : 'bad';
	} catch {
		return 'bad';
	} finally {
		console.log = log;
	}
}

//------------------------------------------------------------------ Stripe

const changed = (text, at) => text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ 1) + text.slice(at + 1);
const header = sign();
const signature = header.split('v1=')[1];

test('what Stripe\'s library signs is good', () => {
	assert.equal(verdict('stripe', secret, header, payload), 'good');
	assert.equal(stripeSays(header, payload), 'good');
});
const good = {
	'299 s old': sign({ timestamp: now - 299 }),
	'300 s old': sign({ timestamp: now - 300 }),
	'two signatures, the second one ours': `t=${now},v1=${'0'.repeat(64)},v1=${signature}`,
	'an unknown scheme beside': `${header},v0=${signature},v2=x`,
	'the time last': `v1=${signature},t=${now}`,
};
for (const [name, head] of Object.entries(good)) {
	test(`Stripe: ${name}: good, here and there`, () => {
		assert.deepEqual([verdict('stripe', secret, head, payload), stripeSays(head, payload)], ['good', 'good']);
	});
}
const bad = {
	'301 s old': [sign({ timestamp: now - 301 }), payload],
	'another secret': [sign({ secret: 'whsec_other' }), payload],
	'v0 only': [`t=${now},v0=${signature}`, payload],
	'no time': [`v1=${signature}`, payload],
	'another time': [`t=${now - 1},v1=${signature}`, payload],
	'nothing': ['', payload],
	'the same JSON without blanks': [header, JSON.stringify(JSON.parse(payload))],
	'a line end behind': [header, `${payload}\n`],
	'no body': [header, ''],
	'cut short': [header.slice(0, -1), payload],
	'longer': [`${header}0`, payload],
	'upper case': [`t=${now},v1=${signature.toUpperCase()}`, payload],
};
for (const [name, [head, body]] of Object.entries(bad)) {
	test(`Stripe: ${name}: bad, here and there`, () => {
		assert.deepEqual([verdict('stripe', secret, head, body), stripeSays(head, body)], ['bad', 'bad']);
	});
}
// Their library lets any time ahead pass.
test('Stripe: 301 s ahead: bad here', () => {
	assert.equal(verdict('stripe', secret, sign({ timestamp: now + 301 }), payload), 'bad');
	assert.equal(verdict('stripe', secret, sign({ timestamp: now + 300 }), payload), 'good');
});
test('Stripe: no byte of the body or of the signature may change', () => {
	const cases = [
		...Array.from(payload, (_, i) => ['stripe', secret, header, changed(payload, i)]),
		...Array.from(signature, (_, i) => ['stripe', secret, `t=${now},v1=${changed(signature, i)}`, payload]),
	];
	assert.deepEqual(new Set(verdicts(cases)), new Set(['bad']));
});

//------------------------------------------------------------------ Chargily

const event = JSON.stringify({ id: '01hx', entity: 'event', livemode: 'false', type: 'checkout.paid', data: { id: '01hy', amount: 2500, metadata: { order_id: 'é' } } });
const mac = createHmac('sha256', key).update(event).digest('hex');

test('what Chargily\'s library takes is good', () => {
	assert.deepEqual([verdict('chargily', key, mac, event), chargilySays(mac, event)], ['good', 'good']);
});
const worse = {
	'another key': [createHmac('sha256', 'x').update(event).digest('hex'), event],
	'an empty key': [createHmac('sha256', '').update(event).digest('hex'), event],
	'nothing': ['', event],
	'upper case': [mac.toUpperCase(), event],
	'cut short': [mac.slice(1), event],
	'longer': [`${mac}0`, event],
	'another hash': [createHmac('sha512', key).update(event).digest('hex'), event],
	'written anew': [mac, JSON.stringify(JSON.parse(event), null, 1)],
};
for (const [name, [head, body]] of Object.entries(worse)) {
	test(`Chargily: ${name}: bad, here and there`, () => {
		assert.deepEqual([verdict('chargily', key, head, body), chargilySays(head, body)], ['bad', 'bad']);
	});
}
test('Chargily: no byte of the body may change', () => {
	const cases = Array.from(event, (_, i) => ['chargily', key, mac, changed(event, i)]);

	assert.deepEqual(new Set(verdicts(cases)), new Set(['bad']));
});

//------------------------------------------------------------------ what is asked

// The first request that call() makes to a server of ours: {path, headers, body}.
async function asked(call, reply) {
	let found;
	const server = createServer((request, response) => {
		const parts = [];
		request.on('data', (part) => parts.push(part));
		request.on('end', () => {
			found ??= { path: request.url, headers: request.headers, body: Buffer.concat(parts).toString() };
			response.setHeader('Content-Type', 'application/json');
			response.end(JSON.stringify(reply));
		});
	});
	await new Promise((done) => server.listen(0, '127.0.0.1', done));
	try {
		await call(server.address().port);
	} finally {
		server.close();
		server.closeAllConnections();
	}
	return found;
}

const wish = {
	provider: 'stripe', checkout_id: '0190a000-0000-7000-8000-000000000001', order_id: '0190a000-0000-7000-8000-000000000002',
	reference: 'MJ-2026-000123-7', amount_centimes: 1234500, currency: 'DZD', expires_at: now + 3600, method: 'CIB_CARD',
};
const back = (page) => `https://shop.example/${page}?order=${wish.reference}`;
function ours(create, address) {
	const [url, body, ...headers] = told([['checkout', create.provider, address, b64(JSON.stringify(create))]])[0].split('\t');

	return { url: new URL(url), body, headers: Object.fromEntries(headers.map((line) => line.split(': '))) };
}

test('our checkout at Stripe is the one that its library would send', async () => {
	const metadata = { order_id: wish.order_id, checkout_id: wish.checkout_id };
	const theirs = await asked((port) => new Stripe('sk_test_1', { host: '127.0.0.1', port, protocol: 'http' }).checkout.sessions.create({
		mode: 'payment',
		line_items: [{ price_data: { currency: 'dzd', unit_amount: 1234500, product_data: { name: wish.reference } }, quantity: 1 }],
		client_reference_id: wish.checkout_id, metadata, payment_intent_data: { metadata },
		success_url: back('success'), cancel_url: back('failure'), expires_at: wish.expires_at,
	}, { idempotencyKey: wish.checkout_id }), { id: 'cs_1', object: 'checkout.session' });
	const mine = ours(wish, 'https://api.stripe.com');
	const pairs = (form) => [...new URLSearchParams(form)].sort();

	assert.equal(mine.url.pathname, theirs.path);
	assert.deepEqual(pairs(mine.body), pairs(theirs.body));
	assert.equal(mine.headers.Authorization, theirs.headers.authorization);
	assert.equal(mine.headers['Idempotency-Key'], theirs.headers['idempotency-key']);
	assert.equal(mine.headers['Content-Type'], theirs.headers['content-type']);
});

test('our checkout at Chargily is the one that its library would send', async () => {
	const theirs = await asked((port) => {
		const client = new chargily.ChargilyClient({ api_key: 'sk_test_1', mode: 'test' });

		client.base_url = `http://127.0.0.1:${port}/test/api/v2`;
		return client.createCheckout({
			amount: 12345, currency: 'dzd', payment_method: 'cib', success_url: back('success'), failure_url: back('failure'), locale: 'fr',
			description: wish.reference, metadata: { order_id: wish.order_id, checkout_id: wish.checkout_id },
		});
	}, { id: '01', checkout_url: 'https://pay.chargily.net/x' });
	const mine = ours({ ...wish, provider: 'chargily' }, 'https://pay.chargily.net/test/api/v2');

	assert.equal(mine.url.pathname, theirs.path);
	assert.deepEqual(JSON.parse(mine.body), JSON.parse(theirs.body));
	assert.equal(mine.headers.Authorization, theirs.headers.authorization);
	assert.equal(mine.headers['Content-Type'], theirs.headers['content-type']);
});
