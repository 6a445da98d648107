import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, type JWK, SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Callers, createCallers } from './callers.ts';

const NOW = Date.UTC(2026, 10, 23);
const clock = { now: () => NOW };
const keys = new Map<string, { publicKey: KeyObject; privateKey: KeyObject }>();
let published: JWK[] = [];
let server: Server;
let issuer = '';
let asked = 0;
let trouble = false;

beforeAll(async () => {
  server = createServer((request, response) => {
    asked += 1;
    if (trouble) response.statusCode = 500;
    if (trouble) return void response.end();
    const jwks_uri = `${issuer}/keys`;
    response.end(JSON.stringify(request.url === '/keys' ? { keys: published } : { issuer, jwks_uri }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await addKey('k1');
});
afterAll(() => void server.close());

async function addKey(kid: string) {
  const pair = generateKeyPairSync('ed25519');
  keys.set(kid, pair);
  published = [...published, { ...(await exportJWK(pair.publicKey)), kid, alg: 'EdDSA' }];
}

function token(claims: Record<string, unknown> = {}, kid = 'k1') {
  const at = NOW / 1000;
  const all = { iss: issuer, aud: 'gate', sub: 'ci', tenant: 'acme', iat: at, exp: at + 60, ...claims };
  return new SignJWT(all).setProtectedHeader({ alg: 'EdDSA', kid }).sign(keys.get(kid)?.privateKey as KeyObject);
}

const callers = (more = {}) =>
  createCallers({ issuers: [{ issuer, audience: 'gate' }], clock, devKey: 'a-development-key', ...more });
/** Whoever it is; else why not. */
const who = async (known: Callers, bearer: string | null) => {
  const found = await known.identify(request(bearer));
  return found.ok ? found.value : found.error.detail;
};
const request = (bearer: string | null) =>
  ({ headers: bearer === null ? {} : { authorization: `Bearer ${bearer}` }, socket: {} }) as unknown as IncomingMessage;

test('knows a caller by the token of a configured issuer, found by discovery', async () => {
  const caller = await who(callers(), await token());
  expect(caller).toEqual({ id: `${new URL(issuer).host}/ci`, tenant: 'acme', anyTenant: false });
});

test('the same subject at another realm of one server is somebody else', async () => {
  const ids = [];
  for (const realm of ['a', 'b/']) {
    const of = { issuer: `${issuer}/realms/${realm}`, audience: 'gate', jwksUrl: `${issuer}/keys` };
    const caller = await callers({ issuers: [of] }).identify(request(await token({ iss: of.issuer })));
    ids.push(caller.ok && caller.value.id);
  }
  const { host } = new URL(issuer);
  expect(ids).toEqual([`${host}/realms/a/ci`, `${host}/realms/b/ci`]);
});

test.each([
  ['another audience', { aud: 'other' }, '`aud` must hold `gate`'],
  ['another issuer', { iss: 'https://other.example' }, '`gateway.issuers`'],
  ['an expired token', { exp: NOW / 1000 - 10 }, 'has expired'],
  ['a token that is not valid yet', { nbf: NOW / 1000 + 60 }, 'not valid yet'],
  ['a token that never ends', { exp: undefined }, '`exp`'],
  ['no tenant', { tenant: undefined }, 'claim `tenant`'],
  ['a tenant that is no name', { tenant: '../etc' }, 'claim `tenant`'],
  ['no subject', { sub: undefined }, '`sub`'],
])('refuses %s, and says why', async (_what, claims, why) => {
  expect(await who(callers(), await token(claims))).toContain(why);
});

test('takes the tenant out of a claim inside another, as clusters name the namespace of a pod', async () => {
  const known = callers({ issuers: [{ issuer, audience: 'gate', tenantClaim: 'kubernetes.io/namespace' }] });
  const pod = { tenant: undefined, sub: 'system:serviceaccount:sandboxes:default' };
  const caller = await who(known, await token({ ...pod, 'kubernetes.io': { namespace: 'sandboxes' } }));
  expect(caller).toMatchObject({ tenant: 'sandboxes' });
  for (const claims of [{ 'kubernetes.io': 'sandboxes' }, { 'kubernetes.io': null }, {}])
    expect(await who(known, await token({ ...pod, ...claims }))).toContain('claim `kubernetes.io/namespace`');
});

test('takes small differences of clocks', async () => {
  expect(await who(callers(), await token({ exp: NOW / 1000 - 3 }))).toMatchObject({ tenant: 'acme' });
});

test('refuses a token without signature, and one signed by a key that the issuer does not publish', async () => {
  const [head, body] = (await token()).split('.');
  const none = Buffer.from('{"alg":"none"}').toString('base64url');
  expect(await who(callers(), `${none}.${body}.`)).toContain('no signed JWT');
  expect(await who(callers(), `${head}.${body}.${'A'.repeat(86)}`)).toContain('published key');
});

test('an issuer that has trouble is not the fault of the token, and is asked again now and then, not for each', async () => {
  let now = NOW;
  const warned: object[] = [];
  const log = { warn: (fields: object) => void warned.push(fields) };
  const known = callers({ clock: { now: () => now }, log });
  const before = asked;
  trouble = true;
  for (let i = 0; i < 30; i += 1) {
    const found = await known.identify(request(await token()));
    expect(found).toMatchObject({ ok: false, error: { code: 'issuer_unavailable', invalidToken: false } });
  }
  expect(asked - before).toBe(11);
  expect(warned).toEqual(Array(11).fill({ issuer, err: expect.any(Error) }));
  trouble = false;
  now += 5000;
  expect(await who(known, await token())).toMatchObject({ tenant: 'acme' });
});

test('sees a rotated key at once, by its id or under the old one, and asks for keys once for many tokens', async () => {
  let now = NOW;
  const known = callers({ clock: { now: () => now } });
  const before = asked;
  for (let i = 0; i < 5; i += 1) await who(known, await token());
  expect(asked - before).toBe(2);
  await addKey('k2');
  const tokens = await Promise.all(Array.from({ length: 5 }, () => token({}, 'k2')));
  for (const found of await Promise.all(tokens.map((one) => who(known, one)))) {
    expect(found).toMatchObject({ tenant: 'acme' });
  }
  expect(asked - before).toBe(3);
  // Who sends tokens of no key has the issuer asked now and then, not each time.
  const forged = `${(await token()).slice(0, -9)}AAAAAAAAA`;
  for (let i = 0; i < 20; i += 1) expect(await who(known, forged)).toContain('published key');
  expect(asked - before).toBe(12);
  now += 5000;
  published = published.filter(({ kid }) => kid !== 'k2');
  await addKey('k2');
  expect(await who(known, await token({}, 'k2'))).toMatchObject({ tenant: 'acme' });
  expect(asked - before).toBe(13);
});

test('the development key names its tenant, any other text nobody', async () => {
  const known = callers({ devTenant: 'acme' });
  expect(await who(known, 'a-development-key')).toEqual({ id: 'dev', tenant: 'acme', anyTenant: true });
  for (const bearer of ['a-development-kez', 'a', null, 'x'.repeat(20_000)]) {
    expect(typeof (await who(known, bearer))).toBe('string');
  }
});
