// lib.mjs - what the client tests share: the packages, the shop, its secret, a token of the
// admin, the program that says what a token costs to refuse, and the one that talks like the
// shim to providers.
//
// The packages are installed by `make test-client`, in the build folder and not here.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const need = (name) => {
	if (!process.env[name]) throw new Error(`no ${name}: run this by make test-client`);
	return process.env[name];
};
const load = createRequire(join(need('MJC_TEST_CLIENT'), 'package.json'));

export const jose = load('jose');
export const jsonwebtoken = load('jsonwebtoken');
export const Stripe = load('stripe');
export const chargily = load('@chargily/chargily-pay');
export const url = need('MJC_TEST_URL');
export const secret = readFileSync(need('MJC_TEST_JWT_SECRET_FILE'), 'utf8').trim();
export const key = new TextEncoder().encode(secret);

// Status and error code of a page of the admin with a token.
export async function ask(token, path = '/api/v1/admin/me') {
	const reply = await fetch(url + path, { headers: { Authorization: `Bearer ${token}` } });
	const body = await reply.json();
	return { status: reply.status, code: body.code, body };
}

export async function signIn() {
	const reply = await fetch(`${url}/api/v1/admin/login`, {
		method: 'POST',
		headers: { 'Content-Type': 'application/json' },
		body: JSON.stringify({
			email: need('MJC_TEST_ADMIN_EMAIL'),
			password: readFileSync(need('MJC_TEST_ADMIN_PASSWORD_FILE'), 'utf8').trim(),
		}),
	});
	if (reply.status !== 200) throw new Error(`the admin cannot sign in: ${reply.status}`);
	return (await reply.json()).token;
}

// What the shim itself signs: mint(role, account, token version, seconds).
export function mint(...args) {
	return execFileSync(need('MJC_TEST_SHIM'), ['--mint-token', ...args.map(String)], {
		env: { ...process.env, MJC_JWT_SECRET: secret },
	}).toString().trim();
}

// The verdict and the median CPU time of refusing each token: { name: { code, us } }.
export function costs(tokens) {
	const input = Object.entries(tokens).map(([name, token]) => `${name}\t${token}\n`).join('');
	const lines = execFileSync(need('MJC_TEST_VERIFY'), [], {
		input, env: { ...process.env, MJC_JWT_SECRET: secret },
	}).toString().trim().split('\n');
	return Object.fromEntries(lines.map((line) => {
		const [name, code, us] = line.split('\t');
		return [name, { code, us: Number(us) }];
	}));
}

// What the program of provider.c answers to lines of fields.
export function told(lines) {
	return execFileSync(need('MJC_TEST_PROVIDER'), [], { input: lines.map((line) => `${line.join('\t')}\n`).join('') })
		.toString().trimEnd().split('\n');
}
