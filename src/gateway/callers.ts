/**
 * Who calls the gateway: a JWT of a configured issuer, a client certificate, or (for development) a static key. A
 * caller speaks for one tenant, which its credential names; only the development key may name any.
 */

import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { createRemoteJWKSet, decodeJwt, type JWTPayload, jwtVerify } from 'jose';
import type { Clock, Log } from '../core/ports.ts';

export interface Caller {
  /** `<issuer host>/<subject>`, `cert/<common name>`, or `dev`: what admission policy and the record see. */
  readonly id: string;
  readonly tenant: string;
  /** Whether it may name another tenant. */
  readonly anyTenant: boolean;
}

/** What is kept for a caller is kept under this: two tenants may each have one of the same name. */
export const callerKey = ({ tenant, id }: Pick<Caller, 'id' | 'tenant'>): string => `${tenant} ${id}`;

export interface CallerIssuer {
  /** `iss`, exactly. */
  readonly issuer: string;
  readonly audience: string;
  /** Default: what OpenID discovery says. */
  readonly jwksUrl?: string;
  /** Claim that names the tenant. Default `tenant`. */
  readonly tenantClaim?: string;
}

export interface CallerOptions {
  readonly issuers: readonly CallerIssuer[];
  readonly devKey?: string;
  readonly devTenant?: string;
  readonly clock: Pick<Clock, 'now'>;
  readonly log?: Log;
  /** How far clocks may differ. Default 5 s. */
  readonly skewMs?: number;
}

export interface Callers {
  /** Null for everybody who is not known. */
  identify(request: IncomingMessage): Promise<Caller | null>;
}

const TENANT = /^[a-z0-9][a-z0-9_-]{0,62}$/i;
const ALGORITHMS = [
  'EdDSA',
  'Ed25519',
  'ES256',
  'ES384',
  'ES512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
];
const MAX_TOKEN = 16 * 1024;
const DISCOVERY_MS = 5000;

export function createCallers(options: CallerOptions): Callers {
  const issuers = new Map(options.issuers.map((issuer) => [issuer.issuer, knownIssuer(issuer)] as const));
  const isDevKey = options.devKey === undefined ? () => false : sameAs(options.devKey);
  return {
    identify: async (request) => {
      const token = bearer(request);
      if (token === null) return certificateCaller(request);
      if (isDevKey(token)) {
        return { id: 'dev', tenant: options.devTenant ?? 'dev', anyTenant: true };
      }
      return tokenCaller(token, issuers, options);
    },
  };
}

interface KnownIssuer extends CallerIssuer {
  keys(): Promise<ReturnType<typeof createRemoteJWKSet>>;
}

function bearer(request: IncomingMessage): string | null {
  const match = /^Bearer +([\x21-\x7e]+)$/i.exec(request.headers.authorization ?? '');
  return match?.[1] ?? null;
}

/** Whether a text is the one; compares digests, so that neither length nor place of a difference shows in time. */
function sameAs(text: string): (other: string) => boolean {
  const digest = hash('sha256', text, 'buffer');
  return (other) => timingSafeEqual(digest, hash('sha256', other, 'buffer'));
}

async function tokenCaller(
  token: string,
  issuers: ReadonlyMap<string, KnownIssuer>,
  { clock, log, skewMs = 5000 }: CallerOptions,
): Promise<Caller | null> {
  if (token.length > MAX_TOKEN) return null;
  try {
    const issuer = issuers.get(decodeJwt(token).iss ?? '');
    if (!issuer) return null;
    const { payload } = await jwtVerify(token, await issuer.keys(), {
      issuer: issuer.issuer,
      audience: issuer.audience,
      algorithms: ALGORITHMS,
      requiredClaims: ['exp', 'sub'],
      clockTolerance: skewMs / 1000,
      currentDate: new Date(clock.now()),
    });
    return callerOf(payload, issuer);
  } catch (error) {
    log?.debug({ reason: error instanceof Error ? error.name : 'unknown' }, 'caller token refused');
    return null;
  }
}

function callerOf(payload: JWTPayload, issuer: CallerIssuer): Caller | null {
  const tenant = claimAt(payload, issuer.tenantClaim ?? 'tenant');
  const subject = payload.sub ?? '';
  if (typeof tenant !== 'string' || !TENANT.test(tenant) || !/^[\x21-\x7e]{1,200}$/.test(subject)) return null;
  return { id: `${new URL(issuer.issuer).host}/${subject}`, tenant, anyTenant: false };
}

/** `kubernetes.io/namespace` is the claim of that name, or else `namespace` inside `kubernetes.io`, as clusters nest it. */
function claimAt(payload: JWTPayload, path: string): unknown {
  if (Object.hasOwn(payload, path)) return payload[path];
  let at: unknown = payload;
  for (const name of path.split('/')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as Record<string, unknown>)[name];
  }
  return at;
}

function knownIssuer(issuer: CallerIssuer): KnownIssuer {
  let keys: Promise<ReturnType<typeof createRemoteJWKSet>> | null = null;
  return {
    ...issuer,
    keys: () => {
      keys ??= remoteKeys(issuer).catch((error: unknown) => {
        keys = null;
        throw error;
      });
      return keys;
    },
  };
}

/** jose refetches for an unknown `kid` (rotation), at most every 30 s. */
async function remoteKeys({ issuer, jwksUrl }: CallerIssuer): Promise<ReturnType<typeof createRemoteJWKSet>> {
  return createRemoteJWKSet(new URL(jwksUrl ?? (await discovered(issuer))));
}

async function discovered(issuer: string): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(DISCOVERY_MS) });
  const document = (await response.json()) as { issuer?: unknown; jwks_uri?: unknown };
  if (document.issuer !== issuer || typeof document.jwks_uri !== 'string')
    throw new Error('discovery names another issuer');
  return document.jwks_uri;
}

/** A verified client certificate: its common name is the caller, its organisation the tenant. */
function certificateCaller(request: IncomingMessage): Caller | null {
  const { socket } = request;
  if (!(socket instanceof TLSSocket) || !socket.authorized) return null;
  const { CN: name, O: tenant } = socket.getPeerCertificate().subject ?? {};
  if (typeof name !== 'string' || typeof tenant !== 'string' || !TENANT.test(tenant)) return null;
  return { id: `cert/${name}`, tenant, anyTenant: false };
}
