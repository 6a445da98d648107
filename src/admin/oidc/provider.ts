/**
 * The identity provider: what it publishes of itself (OpenID Connect Discovery 1.0), the exchange of a code (RFC 6749,
 * RFC 7636) and the checks of an ID token (OpenID Connect Core 1.0, section 3.1.3.7).
 */

import { createRemoteJWKSet, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { z } from 'zod';
import { isSafeUrl } from '../../core/safe-url.ts';

export interface OidcSettings {
  readonly issuer: string;
  readonly clientId: string;
  /** Null: a public client, held by PKCE alone. */
  readonly clientSecret: string | null;
  /** Where the provider sends people back to: `/login/oidc/callback` of this door. */
  readonly redirectUri: string;
  readonly scopes: readonly string[];
}

export interface Provider {
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly keys: JWTVerifyGetKey;
  /** RFC 9207: whether every answer names its issuer. */
  readonly saysIssuer: boolean;
}

const TIMEOUT_MS = 10_000;
const MOST_BYTES = 256 * 1024;
/** Signatures that only the provider can make; never `none`, never a MAC with the client's secret. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];

const document = z.object({
  issuer: z.string(),
  authorization_endpoint: z.url(),
  token_endpoint: z.url(),
  jwks_uri: z.url(),
  authorization_response_iss_parameter_supported: z.boolean().default(false),
});

const answer = z.object({ id_token: z.string().max(64 * 1024) });

/** Rejects when the provider does not answer, or answers for another issuer. */
export async function discover({ issuer }: Pick<OidcSettings, 'issuer'>): Promise<Provider> {
  const found = document.parse(await jsonAt(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, {}));
  if (found.issuer !== issuer) throw new Error(`the provider calls itself \`${found.issuer}\`, not \`${issuer}\``);
  for (const url of [found.authorization_endpoint, found.token_endpoint, found.jwks_uri]) {
    if (!isSafeUrl(url)) throw new Error(`the provider names \`${url}\`, which is neither https nor loopback`);
  }
  return {
    authorizationEndpoint: found.authorization_endpoint,
    tokenEndpoint: found.token_endpoint,
    keys: createRemoteJWKSet(new URL(found.jwks_uri), { timeoutDuration: TIMEOUT_MS }),
    saysIssuer: found.authorization_response_iss_parameter_supported,
  };
}

/** The ID token of a code. */
export async function exchange(
  settings: OidcSettings,
  provider: Pick<Provider, 'tokenEndpoint'>,
  { code, verifier }: { readonly code: string; readonly verifier: string },
): Promise<string> {
  const form = new URLSearchParams({
    grant_type: 'authorization_code',
    code,
    redirect_uri: settings.redirectUri,
    client_id: settings.clientId,
    code_verifier: verifier,
  });
  const headers: Record<string, string> = { 'content-type': 'application/x-www-form-urlencoded' };
  if (settings.clientSecret !== null) {
    const pair = [settings.clientId, settings.clientSecret].map(encodeURIComponent).join(':');
    headers['authorization'] = `Basic ${Buffer.from(pair).toString('base64')}`;
  }
  return answer.parse(await jsonAt(provider.tokenEndpoint, { method: 'POST', headers, body: form })).id_token;
}

/** The claims of an ID token that is meant for us, of this login, and holds. */
export async function checkedClaims(
  token: string,
  { keys }: Pick<Provider, 'keys'>,
  of: { readonly issuer: string; readonly clientId: string; readonly nonce: string; readonly now: number },
): Promise<JWTPayload> {
  const { payload } = await jwtVerify(token, keys, {
    issuer: of.issuer,
    audience: of.clientId,
    algorithms: ALGORITHMS,
    requiredClaims: ['sub', 'exp', 'iat', 'nonce'],
    clockTolerance: 30,
    maxTokenAge: '10 minutes',
    currentDate: new Date(of.now),
  });
  if (payload['nonce'] !== of.nonce) throw new Error('the ID token is of another login');
  const party = payload['azp'];
  if (party !== undefined && party !== of.clientId) throw new Error('the ID token was issued to another client');
  return payload;
}

async function jsonAt(url: string, init: RequestInit): Promise<unknown> {
  const response = await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
  const text = await response.text();
  if (!response.ok) throw new Error(`the provider answered ${response.status} at ${new URL(url).pathname}`);
  if (text.length > MOST_BYTES) throw new Error('the provider answered more than it should');
  return JSON.parse(text) as unknown;
}
