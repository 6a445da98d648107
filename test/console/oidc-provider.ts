/** A small OpenID provider on loopback: discovery, a sign-in page, codes with PKCE, signed ID tokens. It checks what it is sent. */

import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

export interface Person {
  readonly sub: string;
  readonly email: string;
  readonly groups: readonly string[];
}

/** What a hostile or broken provider might do. */
export interface Lies {
  issuer?: string;
  audience?: string;
  nonce?: string;
  key?: 'other';
  iat?: number;
}

export interface Provider {
  readonly issuer: string;
  /** Who signs in next. */
  person: Person;
  lies: Lies;
  /** Requests for tokens that were refused, and why. */
  readonly refused: string[];
  close(): Promise<void>;
}

interface Code {
  readonly challenge: string;
  readonly nonce: string;
  readonly redirectUri: string;
}

export async function startProvider(client: { readonly id: string; readonly secret: string }): Promise<Provider> {
  const [keys, others] = await Promise.all([generateKeyPair('ES256', { extractable: true }), generateKeyPair('ES256')]);
  const codes = new Map<string, Code>();
  const server = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider: Provider = {
    issuer,
    person: { sub: 'u1', email: 'ann@example.test', groups: ['gate-admins'] },
    lies: {},
    refused: [],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', issuer);
    const json = (status: number, value: unknown) =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (url.pathname === '/.well-known/openid-configuration') return json(200, discovery(issuer));
    if (url.pathname === '/keys') return json(200, { keys: [{ ...(await exportJWK(keys.publicKey)), alg: 'ES256' }] });
    if (url.pathname === '/authorize') return authorize(url.searchParams, response);
    if (url.pathname !== '/token') return json(404, {});
    const outcome = await exchanged(request);
    if (typeof outcome === 'string') {
      provider.refused.push(outcome);
      return json(400, { error: 'invalid_grant' });
    }
    json(200, { token_type: 'Bearer', access_token: 'unused', id_token: await idToken(outcome) });
  }

  /** A page with one button, as people see it; it may also say no. */
  function authorize(query: URLSearchParams, response: ServerResponse): void {
    const back = new URL(query.get('redirect_uri') ?? '');
    back.searchParams.set('state', query.get('state') ?? '');
    back.searchParams.set('iss', issuer);
    const no = new URL(back);
    no.searchParams.set('error', 'access_denied');
    const code = randomBytes(16).toString('hex');
    const asked = query.get('response_type') === 'code' && query.get('code_challenge_method') === 'S256';
    if (asked && query.get('client_id') === client.id) {
      codes.set(code, {
        challenge: query.get('code_challenge') ?? '',
        nonce: query.get('nonce') ?? '',
        redirectUri: query.get('redirect_uri') ?? '',
      });
    }
    back.searchParams.set('code', code);
    const page = `<!doctype html><title>Provider</title><a href="${quoted(back.href)}">Let me in</a> <a href="${quoted(no.href)}">Not me</a>`;
    response.writeHead(200, { 'content-type': 'text/html' }).end(page);
  }

  async function exchanged(request: IncomingMessage): Promise<Code | string> {
    const pieces: Buffer[] = [];
    for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
    const form = new URLSearchParams(Buffer.concat(pieces).toString('utf8'));
    const code = codes.get(form.get('code') ?? '');
    codes.delete(form.get('code') ?? '');
    if (code === undefined) return 'unknown code';
    if (!isClient(request.headers.authorization, client)) return 'wrong client';
    if (form.get('redirect_uri') !== code.redirectUri) return 'another redirect_uri';
    const hash = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    return hash === code.challenge ? code : 'wrong verifier';
  }

  function idToken({ nonce }: Code): Promise<string> {
    const { lies, person } = provider;
    const { sub, email, groups } = person;
    const now = lies.iat ?? Math.floor(Date.now() / 1000);
    return new SignJWT({ email, email_verified: true, groups, nonce: lies.nonce ?? nonce })
      .setProtectedHeader({ alg: 'ES256' })
      .setSubject(sub)
      .setIssuer(lies.issuer ?? issuer)
      .setAudience(lies.audience ?? client.id)
      .setIssuedAt(now)
      .setExpirationTime(now + 300)
      .sign(lies.key === 'other' ? others.privateKey : keys.privateKey);
  }
  return provider;
}

/** RFC 6749, section 2.3.1: both are form-encoded before they are joined. */
function isClient(authorization: string | undefined, { id, secret }: { id: string; secret: string }): boolean {
  const pair = /^Basic (.*)$/.exec(authorization ?? '')?.[1] ?? '';
  const parts = Buffer.from(pair, 'base64').toString('utf8').split(':');
  return (
    JSON.stringify(parts.map((part) => new URLSearchParams(`v=${part}`).get('v'))) === JSON.stringify([id, secret])
  );
}

const quoted = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;');

function discovery(issuer: string): object {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/keys`,
    authorization_response_iss_parameter_supported: true,
  };
}
