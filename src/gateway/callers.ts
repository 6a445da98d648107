/**
 * Who calls the gateway: a JWT of a configured issuer, a client certificate, or (for development) a static key. A
 * caller speaks for one tenant, which its credential names; only the development key may name any.
 */

import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { decodeJwt, errors, type JWTPayload, type JWTVerifyOptions, jwtVerify } from 'jose';
import { claimAt } from '../core/claims.ts';
import type { Clock, Log } from '../core/ports.ts';
import { err, ok, type Result } from '../core/result.ts';
import { TENANT_LETTERS, TENANT_NAME } from '../core/tenant-name.ts';
import { type IssuerKeys, IssuerUnavailable, isNoKey, issuerKeys } from './issuer-keys.ts';

export interface Caller {
  /** `<issuer without its scheme>/<subject>`, `cert/<common name>`, or `dev`: what admission and the record see. */
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

/** Why somebody is not known, in words for whoever holds the credential. */
export interface Unknown {
  /** `issuer_unavailable`: nobody can say now whether the token holds. */
  readonly code: 'not_authenticated' | 'issuer_unavailable';
  readonly detail: string;
  /** A token was there, and it does not hold (RFC 6750). */
  readonly invalidToken: boolean;
}

export interface Callers {
  identify(request: IncomingMessage): Promise<Result<Caller, Unknown>>;
}

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

export function createCallers(options: CallerOptions): Callers {
  const issuers = new Map(
    options.issuers.map((issuer) => [issuer.issuer, { ...issuer, keys: issuerKeys(issuer, options) }] as const),
  );
  const isDevKey = options.devKey === undefined ? () => false : sameAs(options.devKey);
  return {
    identify: async (request) => {
      const token = bearer(request);
      if (token === null) return certificateCaller(request);
      if (isDevKey(token)) return ok({ id: 'dev', tenant: options.devTenant ?? 'dev', anyTenant: true });
      return tokenCaller(token, issuers, options);
    },
  };
}

interface KnownIssuer extends CallerIssuer {
  readonly keys: IssuerKeys;
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
): Promise<Result<Caller, Unknown>> {
  if (token.length > MAX_TOKEN) return unknown(`the token is larger than ${MAX_TOKEN} bytes`);
  const issuer = issuers.get(issuerOf(token));
  if (!issuer) {
    log?.debug({ reason: 'unknown issuer' }, 'caller token refused');
    return unknown('send a bearer token of a configured issuer: its `iss` is none of `gateway.issuers`');
  }
  try {
    const payload = await verified(token, issuer, {
      issuer: issuer.issuer,
      audience: issuer.audience,
      algorithms: ALGORITHMS,
      requiredClaims: ['exp', 'sub'],
      clockTolerance: skewMs / 1000,
      currentDate: new Date(clock.now()),
    });
    return callerOf(payload, issuer);
  } catch (error) {
    if (error instanceof IssuerUnavailable) {
      const detail = `the keys of \`${issuer.issuer}\` cannot be had now; try again later`;
      return err({ code: 'issuer_unavailable', detail, invalidToken: false });
    }
    log?.debug({ reason: error instanceof Error ? error.name : 'unknown' }, 'caller token refused');
    return unknown(whyNot(error, issuer));
  }
}

function unknown(detail: string): Result<Caller, Unknown> {
  return err({ code: 'not_authenticated', detail, invalidToken: true });
}

/** Not yet verified: only names whose keys are asked. Empty for what is no token. */
function issuerOf(token: string): string {
  try {
    return decodeJwt(token).iss ?? '';
  } catch {
    return '';
  }
}

/** Claims are looked at only under a signature that holds: who is told about them holds a token of the issuer. */
function whyNot(error: unknown, { audience }: CallerIssuer): string {
  if (error instanceof errors.JWTExpired) return 'the token has expired; get a new one';
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'aud') return `the token is for another audience; \`aud\` must hold \`${audience}\``;
    if (error.claim === 'nbf') return 'the token is not valid yet; look at the clocks';
    return `the token lacks a valid \`${error.claim}\``;
  }
  if (error instanceof errors.JWSSignatureVerificationFailed || isNoKey(error)) {
    return 'the token is not signed by a published key of its issuer';
  }
  return 'the token is no signed JWT of a kind that is taken here';
}

/** Verified; where no key fits, once more with keys as new as may be: its issuer may have another since. */
async function verified(token: string, { keys }: KnownIssuer, as: JWTVerifyOptions): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, keys.find, as)).payload;
  } catch (error) {
    if (!isNoKey(error) && !(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
    await keys.renewed();
    return (await jwtVerify(token, keys.find, as)).payload;
  }
}

function callerOf(payload: JWTPayload, issuer: CallerIssuer): Result<Caller, Unknown> {
  const claim = issuer.tenantClaim ?? 'tenant';
  const tenant = claimAt(payload, claim);
  const subject = payload.sub ?? '';
  if (typeof tenant !== 'string' || !TENANT_NAME.test(tenant)) {
    return unknown(`claim \`${claim}\` of the token is no tenant name; use ${TENANT_LETTERS}`);
  }
  if (!/^[\x21-\x7e]{1,200}$/.test(subject)) return unknown('`sub` of the token is not 1 to 200 letters of ASCII');
  return ok({ id: `${nameOf(issuer)}/${subject}`, tenant, anyTenant: false });
}

/** With its path: realms of one server are issuers of their own, and their subjects are not the same people. */
function nameOf({ issuer }: CallerIssuer): string {
  const { host, pathname } = new URL(issuer);
  return host + pathname.replace(/\/+$/, '');
}

/** A verified client certificate: its common name is the caller, its organisation the tenant. */
function certificateCaller({ socket }: IncomingMessage): Result<Caller, Unknown> {
  const refused = (detail: string) => err({ code: 'not_authenticated', detail, invalidToken: false } as const);
  const isShown = socket instanceof TLSSocket && Object.keys(socket.getPeerCertificate() ?? {}).length > 0;
  if (!isShown) return refused('send a bearer token of a configured issuer');
  if (!socket.authorized) return refused('the client certificate is not of `gateway.client_ca`, or has ended');
  const { CN: name, O: tenant } = socket.getPeerCertificate().subject ?? {};
  if (typeof name !== 'string' || typeof tenant !== 'string' || !TENANT_NAME.test(tenant)) {
    return refused('the client certificate must name the caller (CN) and its tenant (O), once each');
  }
  return ok({ id: `cert/${name}`, tenant, anyTenant: false });
}
